/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "link_mem.h"

/* A growing array of frames that it owns. */
struct frames {
	struct link_frame *frame;
	size_t count, room;
};

struct link_mem {
	struct link link;
	struct frames in, out;
	size_t next; /* of in */
	size_t room; /* frames that may still be sent */
	bool up, endless;
};

static struct link_mem *mem_of(struct link *link)
{
	return (struct link_mem *)link; /* link is its first member */
}

static const struct link_mem *const_mem_of(const struct link *link)
{
	return (const struct link_mem *)link;
}

static int append(struct frames *to, const struct link_frame *frame)
{
	size_t room = to->room ? to->room * 2 : 16;
	struct link_frame *grown;
	uint8_t *data;

	if (to->count == to->room) {
		grown = realloc(to->frame, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		to->frame = grown;
		to->room = room;
	}
	data = malloc(frame->bytes ? frame->bytes : 1);
	if (!data)
		return -ENOMEM;
	if (frame->bytes)
		memcpy(data, frame->data, frame->bytes);
	to->frame[to->count] = *frame;
	to->frame[to->count].data = data;
	to->frame[to->count].number = to->count + 1;
	to->count++;
	return 0;
}

static void release(struct frames *frames)
{
	size_t i;

	for (i = 0; i < frames->count; i++)
		free((void *)(uintptr_t)frames->frame[i].data);
	free(frames->frame);
}

static size_t mem_peek(struct link *link, struct link_frame *frames, size_t max)
{
	struct link_mem *m = mem_of(link);
	size_t i;

	for (i = 0; i < max && m->next + i < m->in.count; i++)
		frames[i] = m->in.frame[m->next + i];
	return i;
}

static void mem_take(struct link *link, size_t count)
{
	struct link_mem *m = mem_of(link);
	size_t left = m->in.count - m->next;

	m->next += count < left ? count : left;
}

static size_t mem_send(struct link *link, const struct link_frame *frames, size_t count)
{
	struct link_mem *m = mem_of(link);
	size_t i;

	for (i = 0; i < count && m->room && m->up; i++) {
		if (append(&m->out, &frames[i]))
			break;
		m->room--;
	}
	return i;
}

static bool mem_ended(const struct link *link)
{
	const struct link_mem *m = const_mem_of(link);

	return !m->endless && m->next == m->in.count;
}

static bool mem_up(const struct link *link)
{
	return const_mem_of(link)->up;
}

static void mem_close(struct link *link)
{
	struct link_mem *m = mem_of(link);

	release(&m->in);
	release(&m->out);
	free(m);
}

static const struct link_ops mem_ops = {mem_peek, mem_take, mem_send, mem_ended, mem_up, mem_close};

struct link *link_mem_open(const struct link_frame *frames, size_t count)
{
	struct link_mem *m = calloc(1, sizeof(*m));
	struct link_frame frame;
	size_t i;

	if (!m)
		return NULL;
	m->link.ops = &mem_ops;
	m->up = true;
	m->room = SIZE_MAX;
	for (i = 0; i < count; i++) {
		frame = frames[i];
		if (!frame.wire_bytes)
			frame.wire_bytes = frame.bytes;
		if (append(&m->in, &frame)) {
			mem_close(&m->link);
			errno = ENOMEM;
			return NULL;
		}
	}
	return &m->link;
}

int link_mem_push(struct link *link, const void *data, uint32_t bytes)
{
	return link_mem_push_at(link, data, bytes, 0);
}

int link_mem_push_at(struct link *link, const void *data, uint32_t bytes, uint64_t time_ns)
{
	struct link_frame frame = {.data = data, .bytes = bytes, .wire_bytes = bytes, .time_ns = time_ns};

	return append(&mem_of(link)->in, &frame);
}

const struct link_frame *link_mem_sent(const struct link *link, size_t i)
{
	const struct link_mem *m = const_mem_of(link);

	return i < m->out.count ? &m->out.frame[i] : NULL;
}

size_t link_mem_sent_count(const struct link *link)
{
	return const_mem_of(link)->out.count;
}

size_t link_mem_left(const struct link *link)
{
	const struct link_mem *m = const_mem_of(link);

	return m->in.count - m->next;
}

void link_mem_set_up(struct link *link, bool up)
{
	mem_of(link)->up = up;
}

void link_mem_set_room(struct link *link, size_t count)
{
	mem_of(link)->room = count;
}

void link_mem_set_endless(struct link *link, bool endless)
{
	mem_of(link)->endless = endless;
}
