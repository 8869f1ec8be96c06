// SPDX-License-Identifier: BSD-2-Clause
#include <criterion/criterion.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "load/file.h"
#include "replay/pcap_out.h"
#include "replay/verdicts.h"
#include "replay/verdicts_read.h"
#include "unit/testbench/scratch.h"

#define YEAR_NS (UINT64_C(365) * 86400 * 1000000000)

static const uint8_t ping[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 0};

/* Every byte, from the format's definition. */
Test(verdicts, bytes_of_a_file)
{
	/* clang-format off */
	static const uint8_t want[] = {
		/* section */
		0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 28, 0, 0, 0,
		/* interface */
		1, 0, 0, 0, 32, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0,
		/* three bytes; verdict 1 (XDP_DROP) on queue 5 */
		6, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 'a', 'b', 'c', 0,
		7, 0, 9, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 6, 0, 4, 0, 5, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0,
		/* no byte; a comment */
		6, 0, 0, 0, 44, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0,
		1, 0, 2, 0, 'n', 'o', 0, 0, 0, 0, 0, 0, 44, 0, 0, 0,
	};
	/* clang-format on */
	struct scratch scratch;
	struct verdicts *v;
	uint8_t *bytes;
	size_t count;

	scratch_create(&scratch);
	v = verdicts_open(scratch_path(&scratch, "v"));
	cr_assert(v);
	verdicts_frame(v, &(struct verdicts_frame){.time_ns = UINT64_C(1) << 32 | 2,
						   .data = (const uint8_t *)"abc",
						   .bytes = 3,
						   .wire_bytes = 4,
						   .r0 = UINT64_C(0x8000000000000001),
						   .queue = 5});
	verdicts_frame(v, &(struct verdicts_frame){.wire_bytes = 9, .comment = "no"});
	cr_assert_eq(verdicts_close(v), 0);
	cr_assert_eq(file_read(scratch_path(&scratch, "v"), 1000, &bytes, &count), 0);
	cr_assert_eq(count, sizeof(want), "%zu bytes", count);
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(bytes[i], want[i], "byte %zu is 0x%02x", i, bytes[i]);
	free(bytes);
	scratch_remove(&scratch);
}

static pcap_t *reopen(const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, error);

	cr_assert(pcap, "%s", error);
	cr_assert_eq(pcap_datalink(pcap), DLT_EN10MB);
	return pcap;
}

/* An independent reader sees whole frames and times that only grow: dpdk-6db358536f, dpdk-c882eb5448. */
static void check_frames(const char *path, const uint8_t *big, uint32_t big_bytes)
{
	pcap_t *pcap = reopen(path);
	struct pcap_pkthdr *header;
	const u_char *data;
	uint64_t last = 0;
	unsigned frames = 0;

	for (; pcap_next_ex(pcap, &header, &data) == 1; frames++) {
		uint64_t ns = (uint64_t)header->ts.tv_sec * 1000000000 + (uint64_t)header->ts.tv_usec;

		cr_assert(ns > last, "frame %u: %llu ns", frames, (unsigned long long)ns);
		last = ns;
		cr_assert_eq(header->caplen, big_bytes - frames % 5);
		cr_assert_eq(memcmp(data, big, header->caplen), 0);
	}
	pcap_close(pcap);
	cr_assert_eq(frames, 122);
	cr_assert_eq(last, UINT64_C(1700000000123456789) + 121 * YEAR_NS / 12);
}

Test(verdicts, big_frames_over_ten_years)
{
	uint32_t bytes = 60001;
	uint8_t *big = malloc(bytes);
	struct scratch scratch;
	struct verdicts *v;
	struct pcap_out *out;

	for (uint32_t i = 0; i < bytes; i++)
		big[i] = (uint8_t)(i * 7 + i / 256);
	scratch_create(&scratch);
	v = verdicts_open(scratch_path(&scratch, "v.pcapng"));
	out = pcap_out_open(scratch_path(&scratch, "o.pcap"));
	cr_assert(v && out);
	for (unsigned i = 0; i < 122; i++) {
		uint64_t time_ns = UINT64_C(1700000000123456789) + i * YEAR_NS / 12;

		verdicts_frame(v, &(struct verdicts_frame){.time_ns = time_ns,
							   .data = big,
							   .bytes = bytes - i % 5,
							   .wire_bytes = bytes - i % 5,
							   .r0 = 2});
		pcap_out_frame(out, time_ns, big, bytes - i % 5);
	}
	cr_assert_eq(verdicts_close(v), 0);
	cr_assert_eq(pcap_out_close(out), 0);
	check_frames(scratch_path(&scratch, "v.pcapng"), big, bytes);
	check_frames(scratch_path(&scratch, "o.pcap"), big, bytes);
	free(big);
	scratch_remove(&scratch);
}

/* dpdk-edd9b971f7: comments of any length. */
Test(verdicts, long_comments)
{
	static const size_t lengths[] = {0, 1, 3, 4, 65534, 65535, 65536, 200000};
	struct scratch scratch;
	struct verdicts *v;
	struct verdicts_read read;
	char error[VERDICTS_READ_ERROR_BYTES];
	char *comment = malloc(200001);
	uint8_t *bytes;
	size_t count;

	scratch_create(&scratch);
	v = verdicts_open(scratch_path(&scratch, "v"));
	cr_assert(v && comment);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		memset(comment, 'x', lengths[i]);
		comment[lengths[i]] = 0;
		verdicts_frame(
			v, &(struct verdicts_frame){.data = ping, .bytes = 60, .wire_bytes = 60, .comment = comment});
	}
	cr_assert_eq(verdicts_close(v), 0);
	free(comment);
	pcap_close(reopen(scratch_path(&scratch, "v")));
	cr_assert_eq(file_read(scratch_path(&scratch, "v"), 1 << 24, &bytes, &count), 0);
	cr_assert_eq(verdicts_read_bytes(bytes, count, &read, error), 0, "%s", error);
	cr_assert_eq(read.count, sizeof(lengths) / sizeof(lengths[0]));
	for (size_t i = 0; i < read.count; i++)
		cr_assert_eq(strlen(read.frames[i].comment), lengths[i] < 65535 ? lengths[i] : 65535, "comment %zu", i);
	verdicts_read_free(&read);
	scratch_remove(&scratch);
}

static uint8_t *small_file(const struct scratch *scratch, size_t *count)
{
	struct verdicts *v = verdicts_open(scratch_path(scratch, "v"));
	uint8_t *bytes;

	cr_assert(v);
	verdicts_frame(v, &(struct verdicts_frame){
				  .time_ns = 5, .data = ping, .bytes = 59, .wire_bytes = 60, .r0 = 3, .queue = 1});
	verdicts_frame(v,
		       &(struct verdicts_frame){
			       .time_ns = 6, .data = ping, .bytes = 60, .wire_bytes = 60, .comment = "under 14 bytes"});
	cr_assert_eq(verdicts_close(v), 0);
	cr_assert_eq(file_read(scratch_path(scratch, "v"), 1 << 16, &bytes, count), 0);
	return bytes;
}

Test(verdicts, read_back)
{
	char error[VERDICTS_READ_ERROR_BYTES];
	struct verdicts_read read;
	struct scratch scratch;
	uint8_t *bytes;
	size_t count;

	scratch_create(&scratch);
	bytes = small_file(&scratch, &count);
	cr_assert_eq(verdicts_read_bytes(bytes, count, &read, error), 0, "%s", error);
	cr_assert_eq(read.count, 2);
	cr_assert(read.frames[0].time_ns == 5 && read.frames[0].bytes == 59 && read.frames[0].wire_bytes == 60);
	cr_assert(!read.frames[0].comment && read.frames[0].r0 == 3 && read.frames[0].queue == 1);
	cr_assert_eq(memcmp(read.frames[0].data, ping, 59), 0);
	cr_assert_str_eq(read.frames[1].comment, "under 14 bytes");
	verdicts_read_free(&read);
	scratch_remove(&scratch);
}

/* CVE-2019-15165: lengths are the file's word, and bounded by the file. Each 32-bit word of it, replaced by each of
 * these. */
Test(verdicts, damaged_files)
{
	static const uint32_t words[] = {0, 1, 11, 13, 0x40, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
	char error[VERDICTS_READ_ERROR_BYTES];
	struct verdicts_read read;
	struct scratch scratch;
	size_t count, refused = 0;
	uint8_t *good, *copy;

	scratch_create(&scratch);
	good = small_file(&scratch, &count);
	for (size_t at = 0; at < count; at += 4)
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			copy = malloc(count);
			memcpy(copy, good, count);
			memcpy(copy + at, &words[i], 4);
			error[0] = 0;
			if (verdicts_read_bytes(copy, count, &read, error)) {
				cr_assert(error[0], "word %zu", at / 4);
				refused++;
			} else {
				verdicts_read_free(&read);
			}
		}
	/* The block lengths alone: 4 blocks, each has it twice. */
	cr_assert(refused >= 8 * sizeof(words) / sizeof(words[0]), "%zu", refused);
	for (size_t cut = 0; cut < count; cut++) {
		copy = malloc(cut ? cut : 1);
		memcpy(copy, good, cut);
		if (!verdicts_read_bytes(copy, cut, &read, error)) {
			/* Between two blocks nothing is missing. */
			cr_assert(read.count < 2 && cut % 4 == 0, "cut at %zu", cut);
			verdicts_read_free(&read);
		}
	}
	free(good);
	scratch_remove(&scratch);
}
