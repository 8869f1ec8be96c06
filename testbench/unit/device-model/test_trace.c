/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture.h"
#include "device-model/trace.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct trace *open_bytes(const struct capture *c, struct trace_config config, char *error)
{
	char path[CAPTURE_PATH];
	struct trace *t;

	capture_write(c, path);
	config.path = path;
	t = trace_open(&config, error);
	unlink(path);
	return t;
}

/* Four frames: 60, 61, 62 and 63 bytes, of which 40 of the last were kept; a tenth of a second apart. */
static void four(struct capture *c, enum capture_format format)
{
	uint8_t frame[64];

	capture_start(c, format, 1);
	for (uint32_t i = 0; i < 4; i++) {
		memset(frame, i + 1, sizeof(frame));
		capture_frame(c, 1600000000000000000ULL + i * 100000000ULL + 1000, frame, i == 3 ? 40 : 60 + i, 60 + i);
	}
}

static void check_four(const struct trace *t, const char *id)
{
	cr_assert(t, "%s", id);
	cr_assert_eq(t->count, 4, "%s", id);
	cr_assert_eq(t->read, 4, "%s", id);
	cr_assert_not(t->truncated, "%s", id);
	cr_assert_eq(t->span_ns, 300000000, "%s", id);
	for (uint32_t i = 0; i < 4; i++) {
		const struct link_frame *f = &t->frames[i];

		cr_assert_eq(f->number, i + 1, "%s", id);
		cr_assert_eq(f->bytes, i == 3 ? 40 : 60 + i, "%s", id);
		cr_assert_eq(f->wire_bytes, 60 + i, "%s", id);
		cr_assert_eq(f->time_ns, 1600000000000000000ULL + i * 100000000ULL + 1000, "%s: %llu", id,
			     (unsigned long long)f->time_ns);
		for (uint32_t n = 0; n < f->bytes; n++)
			cr_assert_eq(f->data[n], i + 1, "%s", id);
	}
}

Test(trace, formats)
{
	static const struct {
		const char *id;
		enum capture_format format;
	} rows[] = {
		{"pcap, us", CAPTURE_PCAP_US},
		{"pcap, ns", CAPTURE_PCAP_NS},
		{"pcap, us, big-endian", CAPTURE_PCAP_US_BE},
		{"pcap, ns, big-endian", CAPTURE_PCAP_NS_BE},
		{"pcapng, us", CAPTURE_PCAPNG_US},
		{"pcapng, ns", CAPTURE_PCAPNG_NS},
	};
	static const enum capture_packing packings[] = {CAPTURE_PLAIN, CAPTURE_GZIP, CAPTURE_XZ, CAPTURE_GZIP_TWICE};

	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t p = 0; p < COUNT(packings); p++) {
			struct capture c;
			char error[TRACE_ERROR_BYTES] = "";
			struct trace *t;

			four(&c, rows[i].format);
			capture_pack(&c, packings[p]);
			t = open_bytes(&c, (struct trace_config){0}, error);
			cr_assert(t, "%s, packing %zu: %s", rows[i].id, p, error);
			check_four(t, rows[i].id);
			cr_assert_eq(trace_frame(t, 3), &t->frames[2]);
			cr_assert(!trace_frame(t, 0) && !trace_frame(t, 5));
			trace_free(t);
			capture_free(&c);
		}
	trace_free(NULL);
}

Test(trace, standard_input)
{
	static const enum capture_packing packings[] = {CAPTURE_PLAIN, CAPTURE_XZ};

	for (size_t p = 0; p < COUNT(packings); p++) {
		struct capture c;
		char path[CAPTURE_PATH], error[TRACE_ERROR_BYTES] = "";
		struct trace *t;

		four(&c, CAPTURE_PCAP_NS);
		capture_pack(&c, packings[p]);
		capture_write(&c, path);
		cr_assert(freopen(path, "rb", stdin));
		unlink(path);
		t = trace_open(&(struct trace_config){.path = "-"}, error);
		cr_assert(t, "%s", error);
		check_four(t, "standard input");
		trace_free(t);
		capture_free(&c);
	}
}

Test(trace, choice)
{
	static const struct {
		const char *id;
		struct trace_config config;
		size_t count;
		uint64_t first, span_ns;
	} rows[] = {
		{"all", {.first = 0}, 4, 1, 300000000},
		{"from 2", {.first = 2}, 3, 2, 200000000},
		{"to 2", {.last = 2}, 2, 1, 100000000},
		{"2 to 3", {.first = 2, .last = 3}, 2, 2, 100000000},
		{"behind the end", {.first = 5}, 0, 0, 0},
		{"filter by length", {.filter = "greater 61"}, 3, 2, 200000000},
		{"filter and range", {.filter = "greater 61", .first = 3}, 2, 3, 100000000},
		{"filter by byte", {.filter = "ether[20] = 3"}, 1, 3, 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct capture c;
		char error[TRACE_ERROR_BYTES] = "";
		struct trace *t;

		four(&c, CAPTURE_PCAP_NS);
		t = open_bytes(&c, rows[i].config, error);
		cr_assert(t, "%s: %s", rows[i].id, error);
		cr_assert_eq(t->count, rows[i].count, "%s: %zu", rows[i].id, t->count);
		cr_assert_eq(t->span_ns, rows[i].span_ns, "%s", rows[i].id);
		if (t->count) {
			cr_assert_eq(t->frames[0].number, rows[i].first, "%s", rows[i].id);
			cr_assert_eq(t->frames[0].data[20], rows[i].first, "%s", rows[i].id);
		}
		trace_free(t);
		capture_free(&c);
	}
}

/* Each is refused with one sentence that says what it is. */
Test(trace, refused)
{
	struct capture c;
	char error[TRACE_ERROR_BYTES];
	static const struct {
		const char *id, *says;
		const char *bytes;
		size_t count;
	} rows[] = {
		{"empty", "is empty", "", 0},
		{"text", "is not a capture", "hello, this is not a capture at all", 35},
		{"half a header", "is not a capture", "\xd4\xc3\xb2\xa1\x02\x00", 6},
		{"gzip of nothing whole", "gzip stream", "\x1f\x8b\x08\x00", 4},
		{"xz of nothing whole", "xz stream",
		 "\xfd"
		 "7zXZ\0\0",
		 7},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		c = (struct capture){0};
		capture_put(&c, rows[i].bytes, rows[i].count);
		*error = 0;
		cr_assert_null(open_bytes(&c, (struct trace_config){0}, error), "%s", rows[i].id);
		cr_assert(strstr(error, rows[i].says), "%s: %s", rows[i].id, error);
		capture_free(&c);
	}
	cr_assert_null(trace_open(&(struct trace_config){.path = "/nonexistent/trace.pcap"}, error));
	cr_assert(strstr(error, "/nonexistent/trace.pcap: cannot be read: No such file"), "%s", error);
	cr_assert_null(trace_open(&(struct trace_config){.path = "/"}, error));
	cr_assert(strstr(error, "is a directory"), "%s", error);

	capture_start(&c, CAPTURE_PCAP_US, 113);
	cr_assert_null(open_bytes(&c, (struct trace_config){0}, error));
	cr_assert(strstr(error, "LINUX_SLL") && strstr(error, "expected Ethernet"), "%s", error);
	capture_free(&c);
	capture_start(&c, CAPTURE_PCAP_US, 9999);
	cr_assert_null(open_bytes(&c, (struct trace_config){0}, error));
	cr_assert(strstr(error, "expected Ethernet"), "%s", error);
	capture_free(&c);

	four(&c, CAPTURE_PCAP_US);
	cr_assert_null(open_bytes(&c, (struct trace_config){.filter = "tcp prot 80"}, error));
	cr_assert(strstr(error, "filter 'tcp prot 80'"), "%s", error);
	capture_free(&c);
}

Test(trace, no_frame)
{
	for (enum capture_format format = CAPTURE_PCAP_US; format <= CAPTURE_PCAPNG_NS; format++) {
		struct capture c;
		char error[TRACE_ERROR_BYTES] = "";
		struct trace *t;

		capture_start(&c, format, 1);
		t = open_bytes(&c, (struct trace_config){0}, error);
		cr_assert(t, "format %d: %s", format, error);
		cr_assert(!t->count && !t->read && !t->span_ns && !t->truncated);
		trace_free(t);
		capture_free(&c);
	}
}

/* A file that ends anywhere: the whole frames are kept, and it says so unless the cut is between two of them. */
Test(trace, truncated)
{
	static const enum capture_format formats[] = {CAPTURE_PCAP_US, CAPTURE_PCAP_NS_BE, CAPTURE_PCAPNG_NS};

	for (size_t f = 0; f < COUNT(formats); f++) {
		struct capture c, cut;
		size_t whole[5], frames = 0;

		four(&c, formats[f]);
		for (size_t i = 0; i < 5; i++)
			whole[i] = c.marks[i];
		for (size_t bytes = whole[0]; bytes < c.bytes; bytes++) {
			char error[TRACE_ERROR_BYTES] = "";
			struct trace *t;

			while (whole[frames + 1] <= bytes)
				frames++;
			cut = (struct capture){0};
			capture_put(&cut, c.data, bytes);
			t = open_bytes(&cut, (struct trace_config){0}, error);
			cr_assert(t, "%zu bytes: %s", bytes, error);
			cr_assert_eq(t->count, frames, "%zu bytes", bytes);
			cr_assert_eq(t->truncated, bytes != whole[frames], "%zu bytes", bytes);
			if (t->truncated) {
				cr_assert_eq(t->truncated_at, frames + 1);
				cr_assert(strstr(t->truncation, "ends in frame"), "%s", t->truncation);
			}
			trace_free(t);
			capture_free(&cut);
		}
		capture_free(&c);
	}
}

/* Compressed data that ends early or is damaged: what could be unpacked is kept. */
Test(trace, damaged_compression)
{
	/* 4 bytes: all frames are there, and only the compressed stream knows that its end is missing. */
	for (int i = 0; i < 4; i++) {
		enum capture_packing packing = i & 1 ? CAPTURE_XZ : CAPTURE_GZIP;
		struct capture c;
		char error[TRACE_ERROR_BYTES] = "";
		uint8_t frame[200];
		struct trace *t;

		capture_start(&c, CAPTURE_PCAP_NS, 1);
		for (uint32_t k = 0; k < 5000; k++) {
			for (uint32_t n = 0; n < sizeof(frame); n++)
				frame[n] = (k * 2654435761u + n * 40503u) >> 13;
			capture_frame(&c, k, frame, sizeof(frame), sizeof(frame));
		}
		capture_pack(&c, packing);
		c.bytes -= i & 2 ? 4 : 400;
		t = open_bytes(&c, (struct trace_config){0}, error);
		cr_assert(t, "%s", error);
		cr_assert(t->truncated && t->truncated_at == t->read + 1, "case %d", i);
		cr_assert_eq(t->read == 5000, !!(i & 2), "case %d: %llu", i, (unsigned long long)t->read);
		trace_free(t);
		capture_free(&c);
	}
}

/* CVE-2019-15165: a pcapng block that claims 4 GiB, or a section that does. */
Test(trace, block_length_CVE_2019_15165)
{
	static const uint32_t lengths[] = {0, 4, 12, 17u << 20, 0x7fffffff, 0xfffffffc};

	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct capture c;
		char error[TRACE_ERROR_BYTES] = "";
		struct trace *t;
		uint8_t frame[60] = {0};

		capture_start(&c, CAPTURE_PCAPNG_NS, 1);
		capture_frame(&c, 1, frame, 60, 60);
		capture_frame(&c, 2, frame, 60, 60);
		memcpy(c.data + c.marks[1] + 4, &lengths[i], 4);
		t = open_bytes(&c, (struct trace_config){0}, error);
		cr_assert(t, "%s", error);
		cr_assert_eq(t->count, 1, "length %#x", lengths[i]);
		cr_assert(t->truncated, "length %#x", lengths[i]);
		trace_free(t);
		memcpy(c.data + 4, &lengths[i], 4);
		t = open_bytes(&c, (struct trace_config){0}, error);
		cr_assert(!t || !t->count, "length %#x of the section", lengths[i]);
		trace_free(t);
		capture_free(&c);
	}
}
