// SPDX-License-Identifier: BSD-2-Clause
#include "replay/gate.h"

#include <stdlib.h>

struct gate {
	struct link link;
	struct link *inner;
	bool open;
};

static struct gate *gate_of(const struct link *link)
{
	return (struct gate *)(uintptr_t)link;
}

static size_t gate_peek(struct link *link, struct link_frame *frames, size_t max)
{
	struct gate *gate = gate_of(link);

	return gate->open ? gate->inner->ops->peek(gate->inner, frames, max) : 0;
}

static void gate_take(struct link *link, size_t count)
{
	gate_of(link)->inner->ops->take(gate_of(link)->inner, count);
}

static size_t gate_send(struct link *link, const struct link_frame *frames, size_t count)
{
	return gate_of(link)->inner->ops->send(gate_of(link)->inner, frames, count);
}

static bool gate_ended(const struct link *link)
{
	const struct gate *gate = gate_of(link);

	return gate->open && gate->inner->ops->ended(gate->inner);
}

static bool gate_up(const struct link *link)
{
	return gate_of(link)->inner->ops->up(gate_of(link)->inner);
}

static void gate_close(struct link *link)
{
	gate_of(link)->inner->ops->close(gate_of(link)->inner);
	free(gate_of(link));
}

struct link *gate_create(struct link *inner)
{
	static const struct link_ops ops = {
		.peek = gate_peek,
		.take = gate_take,
		.send = gate_send,
		.ended = gate_ended,
		.up = gate_up,
		.close = gate_close,
	};
	struct gate *gate = calloc(1, sizeof(*gate));

	if (!gate) {
		inner->ops->close(inner);
		return NULL;
	}
	*gate = (struct gate){.link.ops = &ops, .inner = inner};
	return &gate->link;
}

void gate_open(struct link *gate)
{
	gate_of(gate)->open = true;
}
