// SPDX-License-Identifier: BSD-2-Clause
#include "load/link_idle.h"

#include <stdlib.h>

static size_t idle_peek(struct link *link, struct link_frame *frames, size_t max)
{
	(void)link;
	(void)frames;
	(void)max;
	return 0;
}

static void idle_take(struct link *link, size_t count)
{
	(void)link;
	(void)count;
}

static size_t idle_send(struct link *link, const struct link_frame *frames, size_t count)
{
	(void)link;
	(void)frames;
	return count;
}

static bool idle_ended(const struct link *link)
{
	(void)link;
	return true;
}

static bool idle_up(const struct link *link)
{
	(void)link;
	return true;
}

static void idle_close(struct link *link)
{
	free(link);
}

struct link *link_idle_open(void)
{
	static const struct link_ops ops = {
		.peek = idle_peek,
		.take = idle_take,
		.send = idle_send,
		.ended = idle_ended,
		.up = idle_up,
		.close = idle_close,
	};
	struct link *link = calloc(1, sizeof(*link));

	if (link)
		link->ops = &ops;
	return link;
}
