// SPDX-License-Identifier: BSD-2-Clause
#include "bench/sample.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

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

/* What a frame of a mix is long, in turn. */
static const struct {
	uint16_t bytes[12];
	size_t count;
} mixes[SAMPLE_MIXES] = {
	[SAMPLE_SMALL] = {{SAMPLE_SMALL_BYTES}, 1},
	[SAMPLE_LARGE] = {{1500}, 1},
	[SAMPLE_IMIX] = {{64, 570, 64, 64, 570, 64, 1514, 64, 570, 64, 570, 64}, 12},
};

static size_t bytes_of(enum sample_mix mix, size_t frame)
{
	return mixes[mix].bytes[frame % mixes[mix].count];
}

/* The small frame made longer: IP and UDP say so, the payload is zeros. */
static void put_frame(uint8_t *to, size_t bytes)
{
	uint8_t *ip = to + ETH_BYTES;

	memset(to + SAMPLE_SMALL_BYTES, 0, bytes - SAMPLE_SMALL_BYTES);
	sample_small(to);
	put16(ip + 2, (uint16_t)(bytes - ETH_BYTES));
	put16(ip + 10, 0);
	put16(ip + 10, header_check(ip));
	put16(ip + IP_BYTES + 4, (uint16_t)(bytes - ETH_BYTES - IP_BYTES));
}

struct sample *sample_open(enum sample_mix mix, size_t count, size_t room)
{
	struct sample *sample = calloc(1, sizeof(*sample));
	size_t bytes = 0, frames = 0;

	if (!sample)
		return NULL;
	for (; frames < count && bytes + sizeof(struct pcap_record) + bytes_of(mix, frames) <= room; frames++)
		bytes += sizeof(struct pcap_record) + bytes_of(mix, frames);
	sample->image = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (sample->image == MAP_FAILED) {
		free(sample);
		return NULL;
	}
	madvise(sample->image, bytes, MADV_HUGEPAGE); /* what is streamed is memory, not its page tables */
	for (; sample->count < frames; sample->count++) {
		uint32_t length = (uint32_t)bytes_of(mix, sample->count);
		struct pcap_record record = {.fraction = cpu_to_le32((uint32_t)sample->count),
					     .bytes = cpu_to_le32(length),
					     .wire_bytes = cpu_to_le32(length)};

		memcpy(sample->image + sample->bytes, &record, sizeof(record));
		put_frame(sample->image + sample->bytes + sizeof(record), length);
		sample->bytes += sizeof(record) + length;
	}
	return sample;
}

void sample_close(struct sample *sample)
{
	if (!sample)
		return;
	munmap(sample->image, sample->bytes);
	free(sample);
}
