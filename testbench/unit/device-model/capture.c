/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture.h"
#include <criterion/criterion.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

void capture_put(struct capture *c, const void *data, size_t bytes)
{
	if (c->bytes + bytes >= c->room) {
		uint8_t *grown = realloc(c->data, 2 * (c->bytes + bytes + 1));

		cr_assert(grown);
		c->data = grown;
		c->room = 2 * (c->bytes + bytes + 1);
	}
	if (bytes)
		memcpy(c->data + c->bytes, data, bytes);
	c->bytes += bytes;
}

static void put_int(struct capture *c, uint32_t value, int bytes)
{
	int big = c->format == CAPTURE_PCAP_US_BE || c->format == CAPTURE_PCAP_NS_BE;

	for (int i = 0; i < bytes; i++) {
		uint8_t byte = value >> 8 * (big ? bytes - 1 - i : i);

		capture_put(c, &byte, 1);
	}
}

static void put32(struct capture *c, uint32_t value)
{
	put_int(c, value, 4);
}

static void put16(struct capture *c, uint16_t value)
{
	put_int(c, value, 2);
}

static int is_pcapng(const struct capture *c)
{
	return c->format >= CAPTURE_PCAPNG_US;
}

static int is_ns(const struct capture *c)
{
	return c->format == CAPTURE_PCAP_NS || c->format == CAPTURE_PCAP_NS_BE || c->format == CAPTURE_PCAPNG_NS;
}

static void start_pcapng(struct capture *c, uint16_t link_type)
{
	put32(c, 0x0a0d0d0a);
	put32(c, 28);
	put32(c, 0x1a2b3c4d);
	put16(c, 1);
	put16(c, 0);
	put32(c, 0xffffffff);
	put32(c, 0xffffffff);
	put32(c, 28);

	put32(c, 1);
	put32(c, 32);
	put16(c, link_type);
	put16(c, 0);
	put32(c, 262144);
	put16(c, 9); /* if_tsresol */
	put16(c, 1);
	put32(c, is_ns(c) ? 9 : 6);
	put32(c, 0);
	put32(c, 32);
}

void capture_start(struct capture *c, enum capture_format format, uint16_t link_type)
{
	*c = (struct capture){.format = format};
	if (is_pcapng(c)) {
		start_pcapng(c, link_type);
	} else {
		put32(c, is_ns(c) ? 0xa1b23c4d : 0xa1b2c3d4);
		put16(c, 2);
		put16(c, 4);
		put32(c, 0);
		put32(c, 0);
		put32(c, 262144);
		put32(c, link_type);
	}
	c->marks[0] = c->bytes;
}

void capture_frame(struct capture *c, uint64_t time_ns, const void *data, uint32_t bytes, uint32_t wire_bytes)
{
	static const uint8_t padding[4];
	uint32_t padded = (bytes + 3) / 4 * 4;
	uint64_t stamp = is_ns(c) ? time_ns : time_ns / 1000;

	if (is_pcapng(c)) {
		put32(c, 6);
		put32(c, 32 + padded);
		put32(c, 0);
		put32(c, stamp >> 32);
		put32(c, stamp);
	} else {
		put32(c, time_ns / 1000000000);
		put32(c, time_ns % 1000000000 / (is_ns(c) ? 1 : 1000));
	}
	put32(c, bytes);
	put32(c, wire_bytes);
	capture_put(c, data, bytes);
	if (is_pcapng(c)) {
		capture_put(c, padding, padded - bytes);
		put32(c, 32 + padded);
	}
	if (++c->frames < CAPTURE_MARKS)
		c->marks[c->frames] = c->bytes;
}

static void gzip(struct capture *to, uint8_t *data, size_t bytes)
{
	uLong room = compressBound(bytes) + 64;
	uint8_t *out = malloc(room);
	z_stream z = {.next_in = data, .avail_in = bytes, .next_out = out, .avail_out = room};

	cr_assert_eq(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	capture_put(to, out, z.total_out);
	deflateEnd(&z);
	free(out);
}

static void xz(struct capture *to, const uint8_t *data, size_t bytes)
{
	size_t room = lzma_stream_buffer_bound(bytes), at = 0;
	uint8_t *out = malloc(room);

	cr_assert_eq(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, data, bytes, out, &at, room), LZMA_OK);
	capture_put(to, out, at);
	free(out);
}

void capture_pack(struct capture *c, enum capture_packing packing)
{
	struct capture packed = {.format = c->format};

	switch (packing) {
	case CAPTURE_PLAIN:
		return;
	case CAPTURE_GZIP:
		gzip(&packed, c->data, c->bytes);
		break;
	case CAPTURE_GZIP_TWICE:
		gzip(&packed, c->data, 30);
		gzip(&packed, c->data + 30, c->bytes - 30);
		break;
	case CAPTURE_XZ:
		xz(&packed, c->data, c->bytes);
		break;
	}
	free(c->data);
	c->data = packed.data;
	c->room = packed.room;
	c->bytes = packed.bytes;
}

void capture_write(const struct capture *c, char path[static CAPTURE_PATH])
{
	int fd;

	snprintf(path, CAPTURE_PATH, "/tmp/refnic-unit-XXXXXX");
	fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, c->data, c->bytes), (ssize_t)c->bytes);
	close(fd);
}

void capture_free(struct capture *c)
{
	free(c->data);
	c->data = NULL;
}
