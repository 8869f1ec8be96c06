// SPDX-License-Identifier: BSD-2-Clause
/* pcapng, as draft-ietf-opsawg-pcapng has it. Nothing about the machine is written down. */
#include "replay/verdicts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/put.h"

#define BLOCK_SECTION    0x0a0d0d0a
#define BLOCK_INTERFACE  1
#define BLOCK_PACKET     6
#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define LINK_ETHERNET    1

#define OPTION_END     0
#define OPTION_COMMENT 1
#define OPTION_QUEUE   6
#define OPTION_VERDICT 7
#define OPTION_TSRESOL 9
#define VERDICT_XDP    2 /* R0 of an XDP program follows */
#define VERDICT_BYTES  9
#define TSRESOL_NS     9

#define BLOCK_BYTES 12 /* type, and the length twice */
#define OPTION_HEAD 4

struct verdicts {
	struct put put;
};

static uint32_t padded(uint32_t bytes)
{
	return (bytes + 3) & ~(uint32_t)3;
}

static uint32_t option_bytes(uint32_t bytes)
{
	return OPTION_HEAD + padded(bytes);
}

static void option(struct put *put, uint16_t code, uint16_t bytes, const void *data)
{
	put_u16(put, code);
	put_u16(put, bytes);
	put_bytes(put, data, bytes);
	put_zeros(put, padded(bytes) - bytes);
}

static void section(struct put *put)
{
	const uint32_t bytes = BLOCK_BYTES + 16;

	put_u32(put, BLOCK_SECTION);
	put_u32(put, bytes);
	put_u32(put, BYTE_ORDER_MAGIC);
	put_u16(put, 1); /* version 1.0 */
	put_u16(put, 0);
	put_u64(put, UINT64_MAX); /* length of the section: not said */
	put_u32(put, bytes);
}

static void interface(struct put *put)
{
	const uint32_t bytes = BLOCK_BYTES + 8 + option_bytes(1) + OPTION_HEAD;

	put_u32(put, BLOCK_INTERFACE);
	put_u32(put, bytes);
	put_u16(put, LINK_ETHERNET);
	put_u16(put, 0);
	put_u32(put, 0); /* frames of any length */
	option(put, OPTION_TSRESOL, 1, &(uint8_t){TSRESOL_NS});
	option(put, OPTION_END, 0, NULL);
	put_u32(put, bytes);
}

struct verdicts *verdicts_open(const char *path)
{
	struct verdicts *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	if (put_open(&v->put, path)) {
		free(v);
		return NULL;
	}
	section(&v->put);
	interface(&v->put);
	return v;
}

static uint16_t comment_bytes(const char *comment)
{
	return (uint16_t)strnlen(comment, VERDICTS_COMMENT_MAX);
}

static void verdict(struct put *put, const struct verdicts_frame *frame)
{
	uint8_t value[VERDICT_BYTES] = {VERDICT_XDP};

	for (int i = 0; i < 8; i++)
		value[1 + i] = (uint8_t)(frame->r0 >> (8 * i));
	option(put, OPTION_VERDICT, sizeof(value), value);
	for (int i = 0; i < 4; i++)
		value[i] = (uint8_t)(frame->queue >> (8 * i));
	option(put, OPTION_QUEUE, 4, value);
}

void verdicts_frame(struct verdicts *v, const struct verdicts_frame *frame)
{
	uint32_t options = frame->comment ? option_bytes(comment_bytes(frame->comment))
					  : option_bytes(VERDICT_BYTES) + option_bytes(4);
	uint32_t bytes = BLOCK_BYTES + 20 + padded(frame->bytes) + options + OPTION_HEAD;

	put_u32(&v->put, BLOCK_PACKET);
	put_u32(&v->put, bytes);
	put_u32(&v->put, 0); /* interface */
	put_u32(&v->put, (uint32_t)(frame->time_ns >> 32));
	put_u32(&v->put, (uint32_t)frame->time_ns);
	put_u32(&v->put, frame->bytes);
	put_u32(&v->put, frame->wire_bytes);
	put_bytes(&v->put, frame->data, frame->bytes);
	put_zeros(&v->put, padded(frame->bytes) - frame->bytes);
	if (frame->comment)
		option(&v->put, OPTION_COMMENT, comment_bytes(frame->comment), frame->comment);
	else
		verdict(&v->put, frame);
	option(&v->put, OPTION_END, 0, NULL);
	put_u32(&v->put, bytes);
}

int verdicts_error(const struct verdicts *v)
{
	return v ? v->put.err : 0;
}

int verdicts_close(struct verdicts *v)
{
	int err;

	if (!v)
		return 0;
	err = put_close(&v->put);
	free(v);
	return err;
}
