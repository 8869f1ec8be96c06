/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace.h"
#include "unpack.h"
#include <errno.h>
#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NS_PER_S 1000000000ULL

struct reader {
	const char *path; /* as messages name it */
	FILE *file;       /* libpcap's, once pcap is there */
	pcap_t *pcap;
	struct bpf_program filter;
	bool filtered;
	struct unpack unpacked; /* of a compressed file or of standard input */
	size_t frames_room, bytes_room;
	size_t bytes; /* used of trace->bytes */
};

static void *fail(char *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void *fail(char *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, TRACE_ERROR_BYTES, format, args);
	va_end(args);
	return NULL;
}

/* Opens the file as a stream of uncompressed bytes. Whether that worked. */
static bool open_stream(struct reader *r, const char *path, char *error)
{
	bool standard_input = !strcmp(path, "-");
	FILE *file = standard_input ? stdin : fopen(path, "rb");
	struct stat st;

	r->path = standard_input ? "standard input" : path;
	if (!file || (!standard_input && fstat(fileno(file), &st))) {
		fail(error, "%s: cannot be read: %s", r->path, strerror(errno));
		goto close;
	}
	if (!standard_input && S_ISDIR(st.st_mode)) {
		fail(error, "%s: is a directory, expected a capture", r->path);
		goto close;
	}
	if (!standard_input && S_ISREG(st.st_mode) && !unpack_needed(file)) {
		if (!st.st_size) {
			fail(error, "%s: is empty, expected a capture in pcap or pcapng format", r->path);
			goto close;
		}
		r->file = file;
		return true;
	}
	if (unpack_read(&r->unpacked, file)) {
		fail(error, "%s: %s", r->path, r->unpacked.error);
		goto close;
	}
	if (!r->unpacked.bytes) {
		fail(error, "%s: is empty, expected a capture in pcap or pcapng format", r->path);
		goto close;
	}
	if (!standard_input)
		fclose(file);
	r->file = fmemopen(r->unpacked.data, r->unpacked.bytes, "rb");
	if (!r->file)
		fail(error, "%s: cannot be read: %s", r->path, strerror(errno));
	return r->file;
close:
	if (file && !standard_input)
		fclose(file);
	return false;
}

static bool open_capture(struct reader *r, const struct trace_config *config, char *error)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	const char *name;
	int type;

	if (!open_stream(r, config->path, error))
		return false;
	r->pcap = pcap_fopen_offline_with_tstamp_precision(r->file, PCAP_TSTAMP_PRECISION_NANO, text);
	if (!r->pcap) {
		fail(error, "%s: is not a capture in pcap or pcapng format: %s", r->path, text);
		return false;
	}
	r->file = NULL;
	type = pcap_datalink(r->pcap);
	if (type != DLT_EN10MB) {
		name = pcap_datalink_val_to_name(type);
		fail(error, "%s: has link type %s (%d), expected Ethernet (EN10MB)", r->path, name ? name : "unknown",
		     type);
		return false;
	}
	if (!config->filter)
		return true;
	if (pcap_compile(r->pcap, &r->filter, config->filter, 1, PCAP_NETMASK_UNKNOWN)) {
		fail(error, "filter '%s': %s", config->filter, pcap_geterr(r->pcap));
		return false;
	}
	r->filtered = true;
	return true;
}

static void close_capture(struct reader *r)
{
	if (r->filtered)
		pcap_freecode(&r->filter);
	if (r->pcap)
		pcap_close(r->pcap);
	if (r->file && r->file != stdin)
		fclose(r->file);
	unpack_free(&r->unpacked);
}

/* Makes *array hold at least want elements of size bytes. 0 or -ENOMEM. */
static int grow(void **array, size_t *room, size_t want, size_t size)
{
	size_t more = *room ? *room : 1024;
	void *p;

	while (more < want)
		more *= 2;
	if (*array && more == *room)
		return 0;
	if (more > SIZE_MAX / size)
		return -ENOMEM;
	p = realloc(*array, more * size);
	if (!p)
		return -ENOMEM;
	*array = p;
	*room = more;
	return 0;
}

static uint64_t time_ns(const struct pcap_pkthdr *hdr)
{
	/* The field called microseconds holds nanoseconds at this precision. */
	uint64_t seconds = hdr->ts.tv_sec < 0 ? 0 : hdr->ts.tv_sec, ns = hdr->ts.tv_usec < 0 ? 0 : hdr->ts.tv_usec;

	return seconds > UINT64_MAX / NS_PER_S - 1 ? UINT64_MAX : seconds * NS_PER_S + ns;
}

/* Keeps a frame; its data is an offset until all are there. */
static int keep(struct reader *r, struct trace *trace, const struct pcap_pkthdr *hdr, const uint8_t *data)
{
	void *frames = trace->frames, *bytes = trace->bytes;
	int error = grow(&frames, &r->frames_room, trace->count + 1, sizeof(*trace->frames));

	trace->frames = frames;
	if (!error)
		error = grow(&bytes, &r->bytes_room, r->bytes + hdr->caplen, 1);
	trace->bytes = bytes;
	if (error)
		return error;
	memcpy(trace->bytes + r->bytes, data, hdr->caplen);
	trace->frames[trace->count++] = (struct link_frame){
		.bytes = hdr->caplen, .wire_bytes = hdr->len, .time_ns = time_ns(hdr), .number = trace->read};
	r->bytes += hdr->caplen;
	return 0;
}

static void finish(struct trace *trace)
{
	const uint8_t *at = trace->bytes;
	uint64_t first = UINT64_MAX, last = 0;

	for (size_t i = 0; i < trace->count; i++) {
		struct link_frame *f = &trace->frames[i];

		f->data = at;
		at += f->bytes;
		first = f->time_ns < first ? f->time_ns : first;
		last = f->time_ns > last ? f->time_ns : last;
	}
	trace->span_ns = trace->count ? last - first : 0;
}

static bool read_frames(struct reader *r, const struct trace_config *config, struct trace *trace, char *error)
{
	struct pcap_pkthdr *hdr;
	const uint8_t *data;
	const char *why = NULL;
	int got;

	while (!config->last || trace->read < config->last) {
		got = pcap_next_ex(r->pcap, &hdr, &data);
		if (got == PCAP_ERROR_BREAK) {
			why = r->unpacked.damage;
			break;
		}
		if (got != 1) {
			why = pcap_geterr(r->pcap);
			break;
		}
		trace->read++;
		if (trace->read < config->first || (r->filtered && !pcap_offline_filter(&r->filter, hdr, data)))
			continue;
		if (keep(r, trace, hdr, data)) {
			fail(error, "%s: no memory for frame %llu", r->path, (unsigned long long)trace->read);
			return false;
		}
	}
	if (why) {
		trace->truncated = true;
		trace->truncated_at = trace->read + 1;
		fail(trace->truncation, "%s: ends in frame %llu: %s", r->path, (unsigned long long)trace->truncated_at,
		     why);
	}
	return true;
}

struct trace *trace_open(const struct trace_config *config, char error[static TRACE_ERROR_BYTES])
{
	struct reader r = {0};
	struct trace *trace = calloc(1, sizeof(*trace));

	if (!trace)
		return fail(error, "%s: no memory", config->path);
	if (!open_capture(&r, config, error) || !read_frames(&r, config, trace, error)) {
		trace_free(trace);
		trace = NULL;
	} else {
		finish(trace);
	}
	close_capture(&r);
	return trace;
}

void trace_free(struct trace *trace)
{
	if (!trace)
		return;
	free(trace->frames);
	free(trace->bytes);
	free(trace);
}

const struct link_frame *trace_frame(const struct trace *trace, uint64_t number)
{
	size_t low = 0, high = trace->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (trace->frames[mid].number < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low < trace->count && trace->frames[low].number == number ? &trace->frames[low] : NULL;
}
