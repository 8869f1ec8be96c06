// SPDX-License-Identifier: BSD-2-Clause
#include "bench/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ETH_BYTES 14
#define IP_BYTES  20
#define UDP_BYTES 8

const uint8_t sample_source[4] = {10, 0, 0, 7}, sample_dest[4] = {10, 9, 0, 2};

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* RFC 791: the complement of the one's complement sum. */
static uint16_t header_check(const uint8_t *ip)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < IP_BYTES; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

void sample_small(uint8_t frame[static SAMPLE_SMALL_BYTES])
{
	static const uint8_t macs[12] = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 0x02, 0, 0, 0, 0, 0x07};
	uint8_t *ip = frame + ETH_BYTES, *udp = ip + IP_BYTES;

	memset(frame, 0, SAMPLE_SMALL_BYTES);
	memcpy(frame, macs, sizeof(macs));
	put16(frame + 12, 0x0800);
	ip[0] = 0x45;
	put16(ip + 2, SAMPLE_SMALL_BYTES - ETH_BYTES);
	ip[8] = 255; /* TTL */
	ip[9] = 17;  /* UDP */
	memcpy(ip + 12, sample_source, 4);
	memcpy(ip + 16, sample_dest, 4);
	put16(ip + 10, header_check(ip));
	put16(udp, 4000);
	put16(udp + 2, 4001);
	put16(udp + 4, SAMPLE_SMALL_BYTES - ETH_BYTES - IP_BYTES);
}

uint32_t sample_mixed(uint32_t i, uint8_t frame[static SAMPLE_MIXED_BYTES])
{
	static const uint8_t protocols[] = {17, 6, 1, 17, 132}, ttls[] = {255, 64, 2, 1, 0};
	static const uint16_t types[] = {0x0800, 0x0800, 0x0800, 0x86dd, 0x0806};
	uint8_t small[SAMPLE_SMALL_BYTES], *ip = small + ETH_BYTES;
	uint32_t tags = i % 7 < 3 ? i % 7 : 0, bytes = SAMPLE_SMALL_BYTES;

	sample_small(small);
	ip[9] = protocols[i % 5];
	ip[8] = ttls[i / 5 % 5];
	ip[12] = i % 4 ? sample_source[0] : 172; /* mostly one that is blocked */
	ip[15] = (uint8_t)(i * 37);
	ip[18] = i % 11 ? sample_dest[2] : 77; /* mostly one that is known */
	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)(header_check(ip) + (i % 13 == 12)));
	put16(ip + IP_BYTES, (uint16_t)(4000 + i));
	put16(small + 12, types[i / 3 % 5]);
	memcpy(frame, small, 12);
	for (uint32_t t = 0; t < tags; t++) {
		put16(frame + 12 + 4 * t, t ? 0x8100 : 0x88a8);
		put16(frame + 14 + 4 * t, (uint16_t)i);
	}
	memcpy(frame + 12 + 4 * tags, small + 12, sizeof(small) - 12);
	bytes += 4 * tags;
	return i % 6 == 5 ? ETH_BYTES + i % (bytes - ETH_BYTES) : bytes;
}

/* Room for count frames of bytes together. NULL: none. */
static struct sample *make(size_t count, size_t bytes)
{
	struct sample *sample = calloc(1, sizeof(*sample));

	if (!sample)
		return NULL;
	sample->frames = calloc(count, sizeof(*sample->frames));
	sample->data = malloc(bytes);
	if (sample->frames && sample->data)
		return sample;
	sample_close(sample);
	return NULL;
}

static void add(struct sample *sample, const uint8_t *data, uint32_t bytes, uint64_t time_ns)
{
	struct link_frame *last = sample->count ? &sample->frames[sample->count - 1] : NULL;
	uint8_t *at = last ? sample->data + (last->data - sample->data) + last->bytes : sample->data;

	memcpy(at, data, bytes);
	sample->frames[sample->count] = (struct link_frame){at, bytes, bytes, time_ns, sample->count + 1};
	sample->count++;
	sample->mean_bytes = (double)(at + bytes - sample->data) / (double)sample->count;
}

struct sample *sample_open_small(size_t count, char error[static TRACE_ERROR_BYTES])
{
	struct sample *sample = make(count, count * SAMPLE_SMALL_BYTES);
	uint8_t frame[SAMPLE_SMALL_BYTES];

	if (!sample) {
		snprintf(error, TRACE_ERROR_BYTES, "no memory for %zu frames", count);
		return NULL;
	}
	sample_small(frame);
	for (size_t i = 0; i < count; i++)
		add(sample, frame, sizeof(frame), i);
	return sample;
}

static bool usable(const struct link_frame *frame)
{
	return frame->bytes >= ETH_BYTES && frame->bytes <= SAMPLE_FRAME_MAX && frame->bytes == frame->wire_bytes;
}

struct sample *sample_open_trace(const char *path, char error[static TRACE_ERROR_BYTES])
{
	struct trace_config config = {.path = path};
	struct trace *trace = trace_open(&config, error);
	struct sample *sample;

	if (!trace)
		return NULL;
	sample = make(trace->count + 1, trace->count * SAMPLE_FRAME_MAX + 1);
	for (size_t i = 0; sample && i < trace->count; i++)
		if (usable(&trace->frames[i]))
			add(sample, trace->frames[i].data, trace->frames[i].bytes, trace->frames[i].time_ns);
	trace_free(trace);
	if (sample && sample->count)
		return sample;
	if (sample)
		snprintf(error, TRACE_ERROR_BYTES, "%s has no whole frame of %d to %d bytes", path, ETH_BYTES,
			 SAMPLE_FRAME_MAX);
	else
		snprintf(error, TRACE_ERROR_BYTES, "no memory for the frames of %s", path);
	sample_close(sample);
	return NULL;
}

void sample_close(struct sample *sample)
{
	if (!sample)
		return;
	free(sample->frames);
	free(sample->data);
	free(sample);
}
