// SPDX-License-Identifier: BSD-2-Clause
#include "replay/verdicts_read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SECTION    0x0a0d0d0a
#define BLOCK_PACKET     6
#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define BLOCK_BYTES      12 /* type, and the length twice */
#define PACKET_FIXED     20
#define OPTION_END       0
#define OPTION_COMMENT   1
#define OPTION_QUEUE     6
#define OPTION_VERDICT   7
#define VERDICT_XDP      2

struct reader {
	struct verdicts_read *read;
	size_t count;       /* of read->bytes */
	size_t room;        /* of read->frames */
	size_t comment_end; /* of read->comments */
	char *error;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct reader *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->error, VERDICTS_READ_ERROR_BYTES, format, args);
	va_end(args);
	return -EINVAL;
}

static uint64_t le(const uint8_t *p, size_t bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | p[bytes];
	return value;
}

static struct verdicts_frame *next_frame(struct reader *r)
{
	struct verdicts_frame *grown;
	size_t room = r->room ? 2 * r->room : 256;

	if (r->read->count == r->room) {
		grown = reallocarray(r->read->frames, room, sizeof(*grown));
		if (!grown)
			return NULL;
		r->read->frames = grown;
		r->room = room;
	}
	memset(&r->read->frames[r->read->count], 0, sizeof(*r->read->frames));
	return &r->read->frames[r->read->count++];
}

static void take_option(struct reader *r, struct verdicts_frame *frame, uint64_t code, const uint8_t *p, size_t bytes,
			bool *verdict)
{
	if (code == OPTION_VERDICT && bytes == 9 && p[0] == VERDICT_XDP) {
		frame->r0 = le(p + 1, 8);
		*verdict = true;
	} else if (code == OPTION_QUEUE && bytes == 4) {
		frame->queue = (uint32_t)le(p, 4);
	} else if (code == OPTION_COMMENT) {
		char *to = r->read->comments + r->comment_end;

		/* Never longer than the option it came from, which had four bytes more. */
		memcpy(to, p, bytes);
		to[bytes] = 0;
		r->comment_end += bytes + 1;
		frame->comment = to;
	}
}

static int take_options(struct reader *r, struct verdicts_frame *frame, const uint8_t *p, size_t bytes)
{
	bool verdict = false;

	while (bytes >= 4) {
		uint64_t code = le(p, 2), length = le(p + 2, 2), padded = (length + 3) & ~UINT64_C(3);

		p += 4;
		bytes -= 4;
		if (code == OPTION_END)
			break;
		if (padded > bytes)
			return refuse(r, "frame %zu: an option reaches beyond its block", r->read->count);
		take_option(r, frame, code, p, length, &verdict);
		p += padded;
		bytes -= padded;
	}
	if (!verdict && !frame->comment)
		return refuse(r, "frame %zu has neither a verdict of XDP nor a comment", r->read->count);
	if (verdict)
		frame->comment = NULL;
	return 0;
}

/* body: behind type and length, bytes without the length at the end. */
static int take_packet(struct reader *r, const uint8_t *body, size_t bytes)
{
	struct verdicts_frame *frame = next_frame(r);
	uint64_t captured, padded;

	if (!frame) {
		refuse(r, "no memory for frame %zu", r->read->count + 1);
		return -ENOMEM;
	}
	if (bytes < PACKET_FIXED)
		return refuse(r, "frame %zu: a block of %zu bytes is too short for one", r->read->count,
			      bytes + BLOCK_BYTES);
	frame->time_ns = le(body + 4, 4) << 32 | le(body + 8, 4);
	captured = le(body + 12, 4);
	padded = (captured + 3) & ~UINT64_C(3);
	frame->bytes = (uint32_t)captured;
	frame->wire_bytes = (uint32_t)le(body + 16, 4);
	frame->data = body + PACKET_FIXED;
	if (padded > bytes - PACKET_FIXED)
		return refuse(r, "frame %zu: %llu bytes reach beyond their block", r->read->count,
			      (unsigned long long)captured);
	return take_options(r, frame, frame->data + padded, bytes - PACKET_FIXED - padded);
}

static int take_blocks(struct reader *r)
{
	const uint8_t *p = r->read->bytes;
	size_t left = r->count;

	if (left < BLOCK_BYTES + 4 || le(p, 4) != BLOCK_SECTION || le(p + 8, 4) != BYTE_ORDER_MAGIC)
		return refuse(r, "not a little-endian pcapng as refnic replay writes it");
	while (left) {
		uint64_t bytes = left < BLOCK_BYTES ? 0 : le(p + 4, 4);

		if (bytes < BLOCK_BYTES || bytes % 4 || bytes > left || le(p + bytes - 4, 4) != bytes)
			return refuse(r, "the block behind frame %zu is damaged or cut short", r->read->count);
		if (le(p, 4) == BLOCK_PACKET) {
			int err = take_packet(r, p + 8, bytes - BLOCK_BYTES);

			if (err)
				return err;
		}
		p += bytes;
		left -= bytes;
	}
	return 0;
}

int verdicts_read_bytes(uint8_t *bytes, size_t count, struct verdicts_read *read,
			char error[static VERDICTS_READ_ERROR_BYTES])
{
	struct reader r = {.read = read, .count = count, .error = error};
	int err = -ENOMEM;

	memset(read, 0, sizeof(*read));
	read->bytes = bytes;
	/* Each comment with its zero byte is shorter than the option that held it. */
	read->comments = malloc(count + 1);
	if (read->comments)
		err = take_blocks(&r);
	else
		refuse(&r, "no memory for its comments");
	if (err)
		verdicts_read_free(read);
	return err;
}

void verdicts_read_free(struct verdicts_read *read)
{
	free(read->frames);
	free(read->bytes);
	free(read->comments);
	memset(read, 0, sizeof(*read));
}
