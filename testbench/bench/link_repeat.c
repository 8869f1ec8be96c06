// SPDX-License-Identifier: BSD-2-Clause
#include "bench/link_repeat.h"

#include <stdlib.h>

struct link_repeat {
	struct link link;
	const struct sample *sample;
	size_t next; /* of the sample */
	size_t left;
	uint64_t number, sent;
};

static struct link_repeat *repeat_of(struct link *link)
{
	return (struct link_repeat *)link; /* link is its first member */
}

static const struct link_repeat *const_repeat_of(const struct link *link)
{
	return (const struct link_repeat *)link;
}

static size_t repeat_peek(struct link *link, struct link_frame *frames, size_t max)
{
	struct link_repeat *r = repeat_of(link);
	size_t count = max < r->left ? max : r->left, at = r->next;

	for (size_t i = 0; i < count; i++) {
		frames[i] = r->sample->frames[at];
		frames[i].number = r->number + i + 1;
		if (++at == r->sample->count)
			at = 0;
	}
	return count;
}

static void repeat_take(struct link *link, size_t count)
{
	struct link_repeat *r = repeat_of(link);

	r->next = (r->next + count) % r->sample->count;
	r->left -= count;
	r->number += count;
}

static size_t repeat_send(struct link *link, const struct link_frame *frames, size_t count)
{
	(void)frames;
	repeat_of(link)->sent += count;
	return count;
}

static bool repeat_ended(const struct link *link)
{
	(void)link;
	return false;
}

static bool repeat_up(const struct link *link)
{
	(void)link;
	return true;
}

static void repeat_close(struct link *link)
{
	free(repeat_of(link));
}

static const struct link_ops repeat_ops = {repeat_peek,  repeat_take, repeat_send,
					   repeat_ended, repeat_up,   repeat_close};

struct link *link_repeat_open(const struct sample *sample)
{
	struct link_repeat *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->link.ops = &repeat_ops;
	r->sample = sample;
	return &r->link;
}

void link_repeat_add(struct link *link, size_t frames)
{
	repeat_of(link)->left += frames;
}

size_t link_repeat_left(const struct link *link)
{
	return const_repeat_of(link)->left;
}

uint64_t link_repeat_sent(const struct link *link)
{
	return const_repeat_of(link)->sent;
}
