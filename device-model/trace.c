/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace.h"
#include "pcap.h"
#include "unpack.h"
#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NS_PER_S        1000000000ULL
#define FRAME_BYTES_MAX 262144 /* of a record: libpcap takes more for damage */

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

static void set_span(struct trace *trace)
{
	uint64_t first = UINT64_MAX, last = 0;

	for (size_t i = 0; i < trace->count; i++) {
		uint64_t at = trace->frames[i].time_ns;

		first = at < first ? at : first;
		last = at > last ? at : last;
	}
	trace->span_ns = trace->count ? last - first : 0;
}

static void finish(struct trace *trace)
{
	const uint8_t *at = trace->bytes;

	for (size_t i = 0; i < trace->count; i++) {
		trace->frames[i].data = at;
		at += trace->frames[i].bytes;
	}
	set_span(trace);
}

/* ---- the short way: a plain file of classic pcap, written on a machine like most, without a flaw ---- */

/* Nanoseconds in a unit of the file's times; 0: it is no such file. */
static uint32_t unit_ns(const struct pcap_header *header)
{
	uint32_t magic = le32_to_cpu(header->magic), snaplen = le32_to_cpu(header->snaplen);

	if (le16_to_cpu(header->major) != 2 || le16_to_cpu(header->minor) != 4 ||
	    le32_to_cpu(header->link_type) != PCAP_LINK_ETHER || !snaplen || snaplen > FRAME_BYTES_MAX)
		return 0;
	return magic == PCAP_MAGIC_NS ? 1 : magic == PCAP_MAGIC_US ? 1000 : 0;
}

/* Whether the record at a place of the file is whole, and nothing about it is for libpcap to judge. */
static bool record_ok(const struct trace *trace, size_t at, uint32_t snaplen, uint32_t unit, struct pcap_record *record)
{
	size_t left = trace->map_bytes - at;

	if (left < sizeof(*record))
		return false;
	memcpy(record, trace->map + at, sizeof(*record));
	return le32_to_cpu(record->bytes) <= left - sizeof(*record) && le32_to_cpu(record->bytes) <= snaplen &&
	       le32_to_cpu(record->seconds) <= INT32_MAX && le32_to_cpu(record->fraction) < NS_PER_S / unit;
}

/* Lists the frames where they are. Whether that was possible. */
static bool list_frames(struct trace *trace, const struct trace_config *config)
{
	struct pcap_header header;
	struct pcap_record record;
	size_t room = 0;
	uint32_t unit;

	memcpy(&header, trace->map, sizeof(header));
	unit = unit_ns(&header);
	for (size_t at = sizeof(header); unit && at < trace->map_bytes;) {
		const uint8_t *data = trace->map + at + sizeof(record);
		void *frames = trace->frames;

		if (config->last && trace->read == config->last)
			break;
		if (!record_ok(trace, at, le32_to_cpu(header.snaplen), unit, &record))
			return false;
		at += sizeof(record) + le32_to_cpu(record.bytes);
		if (++trace->read < config->first)
			continue;
		if (grow(&frames, &room, trace->count + 1, sizeof(*trace->frames)))
			return false;
		trace->frames = frames;
		trace->frames[trace->count++] =
			(struct link_frame){.data = data,
					    .bytes = le32_to_cpu(record.bytes),
					    .wire_bytes = le32_to_cpu(record.wire_bytes),
					    .time_ns = le32_to_cpu(record.seconds) * NS_PER_S +
						       (uint64_t)le32_to_cpu(record.fraction) * unit,
					    .number = trace->read};
	}
	return unit;
}

static void unmap(struct trace *trace)
{
	if (trace->map)
		munmap(trace->map, trace->map_bytes);
	free(trace->frames);
	*trace = (struct trace){0};
}

/* Whether the capture could be mapped. If not, there is nothing in trace. */
static bool map_capture(struct trace *trace, const struct trace_config *config)
{
	struct stat st;
	int fd;

	/* What is no plain file is opened once only: a pipe's writer would not survive it. */
	if (config->filter || !strcmp(config->path, "-") || stat(config->path, &st) || !S_ISREG(st.st_mode))
		return false;
	fd = open(config->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size >= (off_t)sizeof(struct pcap_header)) {
		void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

		trace->map = map == MAP_FAILED ? NULL : map;
		trace->map_bytes = (size_t)st.st_size;
	}
	close(fd);
	if (trace->map && list_frames(trace, config)) {
		set_span(trace);
		return true;
	}
	unmap(trace);
	return false;
}

/* ---- any way ---- */

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
	if (map_capture(trace, config))
		return trace;
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
	free(trace->bytes);
	unmap(trace);
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
