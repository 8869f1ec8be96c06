/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture.h"
#include "device-model/link_pcap.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define T0 1600000000000000000ULL

/* Five frames; 10 ns apart. */
static void write_five(char *path)
{
	struct capture c;

	capture_start(&c, CAPTURE_PCAP_NS, 1);
	for (uint32_t i = 0; i < 5; i++) {
		uint8_t frame[60];

		memset(frame, i + 1, sizeof(frame));
		capture_frame(&c, T0 + i * 10, frame, 60, 60);
	}
	capture_write(&c, path);
	capture_free(&c);
}

Test(link_pcap, plays)
{
	char path[CAPTURE_PATH], error[TRACE_ERROR_BYTES] = "";
	struct link_frame f[LINK_BURST];
	struct link *link;

	write_five(path);
	link = link_pcap_open(&(struct link_pcap_config){.in = {.path = path}}, error);
	unlink(path);
	cr_assert(link, "%s", error);
	cr_assert(link->ops->up(link));
	cr_assert_not(link->ops->ended(link));
	cr_assert_eq(link_pcap_trace(link)->count, 5);
	cr_assert_eq(link->ops->peek(link, f, 3), 3);
	cr_assert_eq(link->ops->peek(link, f, LINK_BURST), 5, "a look takes nothing");
	for (uint32_t i = 0; i < 5; i++)
		cr_assert(f[i].number == i + 1 && f[i].data[0] == i + 1 && f[i].time_ns == T0 + i * 10);
	link->ops->take(link, 2);
	cr_assert_eq(link->ops->peek(link, f, LINK_BURST), 3);
	cr_assert_eq(f[0].number, 3);
	link->ops->take(link, 3);
	cr_assert_eq(link->ops->peek(link, f, LINK_BURST), 0);
	cr_assert(link->ops->ended(link));
	link->ops->close(link);
}

/* Passes follow each other in one burst; each is later by the trace's span, also when that is more than 64 bits hold.
 */
Test(link_pcap, repeats)
{
	char path[CAPTURE_PATH], error[TRACE_ERROR_BYTES] = "";
	struct link_frame f[LINK_BURST];
	struct link *link;
	uint64_t n = 0;
	size_t got;

	write_five(path);
	link = link_pcap_open(&(struct link_pcap_config){.in = {.path = path, .first = 2, .last = 4}, .repeat = 7},
			      error);
	cr_assert(link, "%s", error);
	while ((got = link->ops->peek(link, f, 4))) {
		for (size_t i = 0; i < got; i++, n++) {
			cr_assert_eq(f[i].data[0], 2 + n % 3);
			cr_assert_eq(f[i].time_ns, T0 + 10 + n % 3 * 10 + n / 3 * 20);
			cr_assert_eq(f[i].number, 2 + n % 3 + n / 3 * 4);
		}
		cr_assert_not(link->ops->ended(link));
		link->ops->take(link, got);
	}
	cr_assert_eq(n, 21);
	cr_assert(link->ops->ended(link));
	link->ops->close(link);
	unlink(path);
}

/* dpdk-c882eb5448: times stay right and in order over years, and stop at the end of the clock. */
Test(link_pcap, long_times_dpdk_c882eb5448)
{
	char path[CAPTURE_PATH], error[TRACE_ERROR_BYTES] = "";
	struct link_frame f[LINK_BURST];
	const uint64_t year = 365ULL * 86400 * 1000000000;
	uint64_t last = 0, frames = 0;
	struct capture c;
	struct link *link;
	size_t got;

	capture_start(&c, CAPTURE_PCAPNG_NS, 1);
	for (int i = 0; i < 2; i++)
		capture_frame(&c, i * year, "0123456789abcd", 14, 14);
	capture_write(&c, path);
	capture_free(&c);
	link = link_pcap_open(&(struct link_pcap_config){.in = {.path = path}, .repeat = 1000}, error);
	unlink(path);
	cr_assert(link, "%s", error);
	for (; (got = link->ops->peek(link, f, LINK_BURST)); link->ops->take(link, got))
		for (size_t i = 0; i < got; i++, frames++) {
			if (frames / 2 < 500)
				cr_assert_eq(f[i].time_ns, (frames / 2 + frames % 2) * year);
			cr_assert_geq(f[i].time_ns, last);
			last = f[i].time_ns;
		}
	cr_assert_eq(frames, 2000);
	cr_assert_eq(last, UINT64_MAX);
	link->ops->close(link);
}

Test(link_pcap, held)
{
	char path[CAPTURE_PATH], error[TRACE_ERROR_BYTES] = "";
	struct link_frame f[LINK_BURST];
	struct link *link;

	write_five(path);
	link = link_pcap_open(&(struct link_pcap_config){.in = {.path = path}, .held = true}, error);
	unlink(path);
	cr_assert_eq(link->ops->peek(link, f, LINK_BURST), 0);
	cr_assert_not(link->ops->ended(link));
	link_pcap_play(link);
	cr_assert_eq(link->ops->peek(link, f, LINK_BURST), 5);
	link->ops->close(link);
}

/* What is written is what is read back. */
Test(link_pcap, writes)
{
	char path[CAPTURE_PATH] = "/tmp/refnic-unit-XXXXXX", error[TRACE_ERROR_BYTES] = "";
	static uint8_t big[65535];
	const struct link_frame sent[] = {
		{(const uint8_t *)"0123456789abcd", 14, 14, T0 + 999999999, 0},
		{big, sizeof(big), sizeof(big), T0 + 1000000001, 0},
		{(const uint8_t *)"0123456789abcdef", 16, 16, 0, 0},
	};
	struct link_frame f;
	struct trace *t;
	struct link *link;

	close(mkstemp(path));
	link = link_pcap_open(&(struct link_pcap_config){.out = path}, error);
	cr_assert(link, "%s", error);
	cr_assert_eq(link->ops->peek(link, &f, 1), 0);
	cr_assert(link->ops->ended(link));
	cr_assert_null(link_pcap_trace(link));
	cr_assert_eq(link->ops->send(link, sent, 2), 2);
	cr_assert_eq(link->ops->send(link, sent + 2, 1), 1);
	cr_assert_eq(link_pcap_sent(link), 3);
	cr_assert_eq(link_pcap_flush(link, error), 0);
	link->ops->close(link);
	t = trace_open(&(struct trace_config){.path = path}, error);
	unlink(path);
	cr_assert(t, "%s", error);
	cr_assert(t->count == 3 && !t->truncated);
	for (size_t i = 0; i < 3; i++) {
		cr_assert_eq(t->frames[i].bytes, sent[i].bytes);
		cr_assert_eq(t->frames[i].wire_bytes, sent[i].bytes);
		cr_assert_eq(t->frames[i].time_ns, sent[i].time_ns);
		cr_assert_eq(memcmp(t->frames[i].data, sent[i].data, sent[i].bytes), 0);
	}
	trace_free(t);
}

Test(link_pcap, unwritable)
{
	char error[TRACE_ERROR_BYTES] = "";
	static uint8_t big[65535];
	struct link_frame f = {big, sizeof(big), sizeof(big), 0, 0};
	struct link *link;

	cr_assert_null(link_pcap_open(&(struct link_pcap_config){.out = "/nonexistent/out.pcap"}, error));
	cr_assert(strstr(error, "/nonexistent/out.pcap: cannot be written: No such file"), "%s", error);
	cr_assert_null(link_pcap_open(&(struct link_pcap_config){.out = "/dev/full"}, error));
	cr_assert(strstr(error, "/dev/full: cannot be written: No space left"), "%s", error);
	cr_assert_null(link_pcap_open(&(struct link_pcap_config){.in = {.path = "/nonexistent"}}, error));

	/* Without an output, what is sent is counted. */
	link = link_pcap_open(&(struct link_pcap_config){.out = NULL}, error);
	cr_assert_eq(link->ops->send(link, &f, 1), 1);
	cr_assert_eq(link_pcap_sent(link), 1);
	cr_assert_eq(link_pcap_flush(link, error), 0);
	link->ops->close(link);
}
