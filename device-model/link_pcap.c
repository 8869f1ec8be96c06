/* SPDX-License-Identifier: BSD-2-Clause */
#include "link_pcap.h"
#include "pcap.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is written, on any machine: nanoseconds in little-endian order. */
#define PCAP_SNAPLEN      262144
#define PCAP_BUFFER_BYTES ((size_t)1 << 20)
#define NS_PER_S          1000000000ULL

struct link_pcap {
	struct link link;
	struct trace *trace; /* NULL: nothing comes in */
	size_t next;         /* frame of the trace */
	uint64_t pass, passes;
	uint64_t allowed; /* frames that may come */
	FILE *out;        /* NULL: nothing is kept */
	char *out_path;
	int out_error; /* -errno of the first write that failed */
	uint64_t sent; /* frames */
};

static struct link_pcap *of(const struct link *link)
{
	return (struct link_pcap *)link;
}

/* ---- in ---- */

static uint64_t shifted(const struct link_pcap *p, uint64_t pass, uint64_t time_ns)
{
	uint64_t shift, sum;

	if (__builtin_mul_overflow(pass, p->trace->span_ns, &shift) || __builtin_add_overflow(time_ns, shift, &sum))
		return UINT64_MAX;
	return sum;
}

static bool advance(const struct link_pcap *p, size_t *next, uint64_t *pass)
{
	if (*next == p->trace->count && *pass + 1 < p->passes) {
		*next = 0;
		++*pass;
	}
	return *next < p->trace->count;
}

static size_t pcap_link_peek(struct link *link, struct link_frame *frames, size_t max)
{
	struct link_pcap *p = of(link);
	size_t next = p->next, count = 0;
	uint64_t pass = p->pass;

	if (!p->trace)
		return 0;
	if (max > p->allowed)
		max = p->allowed;
	for (; count < max && advance(p, &next, &pass); count++, next++) {
		frames[count] = p->trace->frames[next];
		frames[count].time_ns = shifted(p, pass, frames[count].time_ns);
		frames[count].number += pass * p->trace->read;
	}
	return count;
}

static void pcap_link_take(struct link *link, size_t count)
{
	struct link_pcap *p = of(link);

	for (; count && advance(p, &p->next, &p->pass); count--) {
		p->next++;
		if (p->allowed != UINT64_MAX)
			p->allowed--;
	}
}

static bool pcap_link_ended(const struct link *link)
{
	const struct link_pcap *p = of(link);

	return !p->trace || !p->trace->count || (p->next == p->trace->count && p->pass + 1 >= p->passes);
}

static bool pcap_link_up(const struct link *link)
{
	(void)link;
	return true;
}

/* ---- out ---- */

static bool put(struct link_pcap *p, const void *data, size_t bytes)
{
	if (p->out_error)
		return false;
	errno = EIO;
	if (fwrite(data, 1, bytes, p->out) != bytes)
		p->out_error = -errno;
	return !p->out_error;
}

static bool put_frame(struct link_pcap *p, const struct link_frame *f)
{
	uint64_t seconds = f->time_ns / NS_PER_S;
	struct pcap_record hdr = {
		.seconds = cpu_to_le32(seconds > UINT32_MAX ? UINT32_MAX : seconds), /* until 2106 */
		.fraction = cpu_to_le32(f->time_ns % NS_PER_S),
		.bytes = cpu_to_le32(f->bytes),
		.wire_bytes = cpu_to_le32(f->wire_bytes),
	};

	return put(p, &hdr, sizeof(hdr)) && put(p, f->data, f->bytes);
}

static size_t pcap_link_send(struct link *link, const struct link_frame *frames, size_t count)
{
	struct link_pcap *p = of(link);
	size_t i = 0;

	for (; i < count; i++)
		if (p->out && !put_frame(p, &frames[i]))
			break;
	p->sent += i;
	return i;
}

int link_pcap_flush(struct link *link, char error[static TRACE_ERROR_BYTES])
{
	struct link_pcap *p = of(link);

	errno = EIO;
	if (p->out && !p->out_error && fflush(p->out))
		p->out_error = -errno;
	if (p->out_error)
		snprintf(error, TRACE_ERROR_BYTES, "%s: cannot be written: %s", p->out_path, strerror(-p->out_error));
	return p->out_error;
}

static bool open_out(struct link_pcap *p, const char *path, char *error)
{
	struct pcap_header hdr = {
		.magic = cpu_to_le32(PCAP_MAGIC_NS),
		.major = cpu_to_le16(2),
		.minor = cpu_to_le16(4),
		.snaplen = cpu_to_le32(PCAP_SNAPLEN),
		.link_type = cpu_to_le32(PCAP_LINK_ETHER),
	};

	p->out_path = strdup(path);
	p->out = p->out_path ? fopen(path, "wb") : NULL;
	if (!p->out) {
		snprintf(error, TRACE_ERROR_BYTES, "%s: cannot be written: %s", path, strerror(errno));
		return false;
	}
	setvbuf(p->out, NULL, _IOFBF, PCAP_BUFFER_BYTES);
	put(p, &hdr, sizeof(hdr));
	return !link_pcap_flush(&p->link, error);
}

/* ---- the link ---- */

static void pcap_link_close(struct link *link)
{
	struct link_pcap *p = of(link);

	if (p->out)
		fclose(p->out);
	free(p->out_path);
	trace_free(p->trace);
	free(p);
}

static const struct link_ops link_pcap_ops = {
	.peek = pcap_link_peek,
	.take = pcap_link_take,
	.send = pcap_link_send,
	.ended = pcap_link_ended,
	.up = pcap_link_up,
	.close = pcap_link_close,
};

struct link *link_pcap_open(const struct link_pcap_config *config, char error[static TRACE_ERROR_BYTES])
{
	struct link_pcap *p = calloc(1, sizeof(*p));

	if (!p) {
		snprintf(error, TRACE_ERROR_BYTES, "no memory for a link");
		return NULL;
	}
	p->link.ops = &link_pcap_ops;
	p->passes = config->repeat ? config->repeat : 1;
	p->allowed = config->held ? 0 : UINT64_MAX;
	if (config->in.path) {
		p->trace = trace_open(&config->in, error);
		if (!p->trace)
			goto fail;
	}
	if (config->out && !open_out(p, config->out, error))
		goto fail;
	return &p->link;
fail:
	pcap_link_close(&p->link);
	return NULL;
}

void link_pcap_play(struct link *link)
{
	of(link)->allowed = UINT64_MAX;
}

void link_pcap_step(struct link *link, uint64_t frames)
{
	of(link)->allowed = frames;
}

const struct trace *link_pcap_trace(const struct link *link)
{
	return of(link)->trace;
}

uint64_t link_pcap_sent(const struct link *link)
{
	return of(link)->sent;
}
