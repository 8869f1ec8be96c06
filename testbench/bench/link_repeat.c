// SPDX-License-Identifier: BSD-2-Clause
#include "bench/link_repeat.h"

#include <assert.h>
#include <stdlib.h>

struct link_repeat {
	struct link link;
	const struct sample *sample;
	size_t at; /* of the sample's image */
	size_t peeked, peeked_at;
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
	size_t count = max < r->left ? max : r->left, at = r->at;

	for (size_t i = 0; i < count; i++) {
		const struct pcap_record *record = (const void *)(r->sample->image + at);
		uint32_t bytes = le32_to_cpu(record->bytes);

		frames[i] = (struct link_frame){.data = r->sample->image + at + sizeof(*record),
						.bytes = bytes,
						.wire_bytes = le32_to_cpu(record->wire_bytes),
						.time_ns = le32_to_cpu(record->fraction),
						.number = r->number + i + 1};
		at += sizeof(*record) + bytes;
		if (at == r->sample->bytes)
			at = 0;
	}
	r->peeked = count;
	r->peeked_at = at;
	return count;
}

static void repeat_take(struct link *link, size_t count)
{
	struct link_repeat *r = repeat_of(link);

	assert(count == r->peeked); /* of this device, always */
	r->at = r->peeked_at;
	r->peeked = 0;
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
