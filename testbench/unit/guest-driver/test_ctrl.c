/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "fake.h"
#include "guest-driver/core/ctrl.h"

#define CVQ 2

/* What the device answers to the next commands. */
struct script {
	const void *answer;
	size_t answer_bytes; /* written */
	uint32_t len;        /* reported */
	unsigned delay;      /* turns */
	uint8_t in[256];
	size_t in_bytes;
	struct fake_chain chain;
	unsigned commands;
};

static void answer(struct fake *fake)
{
	struct script *s = fake->test;

	if (s->delay) {
		s->delay--;
		return;
	}
	if (!fake_pop(fake, CVQ, &s->chain))
		return;
	s->in_bytes = fake_read(&s->chain, s->in, sizeof(s->in));
	fake_write(&s->chain, s->answer, s->answer_bytes);
	s->commands++;
	fake_push(fake, CVQ, s->chain.head, s->len);
}

static struct drv_net *open_net(struct fake *fake, struct script *script, bool indirect)
{
	static const struct drv_net_config config = {.features = {UINT64_MAX, UINT64_MAX}};
	struct drv_net *net;

	fake_init(fake);
	fake_offer(fake, VIRTIO_RING_F_INDIRECT_DESC, indirect);
	fake->test = script;
	fake->run = answer;
	net = drv_net_create(&fake->env, &fake->transport, &config);
	cr_assert_not_null(net);
	cr_assert_eq(drv_net_start(net), 0);
	return net;
}

static void close_net(struct fake *fake, struct drv_net *net)
{
	drv_net_destroy(net);
	cr_expect_eq(fake->blocks, 0);
}

/* What the device may answer to a command with room for 4 bytes of result. */
Test(ctrl, answers)
{
	static const struct {
		const char *what;
		const char *bytes;
		size_t answer_bytes;
		uint32_t len;
		int result;
		uint32_t written;
	} rows[] = {
		{"OK", "\0", 1, 1, 0, 0},
		{"ERR", "\1", 1, 1, 1, 0},
		{"OK and a result", "\0abcd", 5, 5, 0, 4},
		{"OK and part of a result", "\0abcd", 5, 3, 0, 2},
		{"ERR and a result", "\1abcd", 5, 5, 1, 4},
		{"nothing", "", 0, 0, -EPROTO, 0},
		{"an ack that is neither", "\2", 1, 1, -EPROTO, 0},
		{"the driver's own pattern", "\245", 1, 1, -EPROTO, 0},
		{"more than the room", "\0abcd", 5, 6, -EPROTO, 0},
	};
	size_t i;
	int indirect;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (indirect = 0; indirect < 2; indirect++) {
			struct script s = {rows[i].bytes, rows[i].answer_bytes, rows[i].len, .delay = 3};
			struct drv_buf in[] = {{"xy", 2}, {NULL, 0}, {"z", 1}};
			struct drv_net *net;
			char result[4] = "....";
			uint32_t written = 99;
			struct fake fake;

			net = open_net(&fake, &s, indirect);
			cr_expect_eq(drv_ctrl(net, 7, 9, in, 3, result, 4, &written), rows[i].result, "%s",
				     rows[i].what);
			cr_expect_eq(written, rows[i].written, "%s", rows[i].what);
			cr_expect_eq(memcmp(result, "abcd", written), 0, "%s", rows[i].what);
			cr_expect(s.in_bytes == 5 && !memcmp(s.in, "\7\11xyz", 5), "%s", rows[i].what);
			cr_expect_eq(s.chain.indirect, (unsigned)indirect);
			close_net(&fake, net);
		}
	}
}

/* The streams cut at every place. */
Test(ctrl, cuts)
{
	uint32_t r, w;
	int n;

	for (r = 0; r <= 5; r++) {
		for (w = 0; w <= 5; w++) {
			uint32_t readable[] = {r, 5 - r}, writable[] = {w, 5 - w};
			struct drv_ctrl_cut cut = {readable, 2, writable, 2};
			struct script s = {.answer = "\0abcd", .answer_bytes = 5, .len = 5};
			struct drv_net *net;
			uint8_t out[5];
			struct fake fake;

			net = open_net(&fake, &s, r & 1);
			n = drv_ctrl_raw(net, "\7\11xyz", 5, out, 5, &cut);
			cr_expect_eq(n, 5, "cut at %u and %u: %d", r, w, n);
			cr_expect(s.chain.count == 4 && s.chain.readable == 2);
			cr_expect_eq(memcmp(s.in, "\7\11xyz", 5), 0);
			cr_expect_eq(memcmp(out, "\0abcd", 5), 0);
			readable[0]++;
			cr_expect_eq(drv_ctrl_raw(net, "\7\11xyz", 5, out, 5, &cut), -EINVAL);
			close_net(&fake, net);
		}
	}
}

/* A command without a readable or a writable part can be sent, to see what the device makes of it. */
Test(ctrl, raw_parts)
{
	struct script s = {.answer = "\0", .answer_bytes = 1, .len = 1};
	uint8_t out[3];
	struct drv_net *net;
	struct fake fake;

	net = open_net(&fake, &s, false);
	cr_expect_eq(drv_ctrl_raw(net, NULL, 0, out, 3, NULL), 1);
	cr_expect_eq(memcmp(out, "\0\245\245", 3), 0, "bytes that the device did not write");
	s.len = 0;
	cr_expect_eq(drv_ctrl_raw(net, "\7\11", 2, out, 0, NULL), 0);
	cr_expect_eq(drv_ctrl_raw(net, NULL, 0, out, 0, NULL), -EINVAL);
	close_net(&fake, net);
}

/* A late answer is not taken for the answer to the next command. */
Test(ctrl, timeout)
{
	struct script s = {"\0abcd", 5, 5, .delay = 25000};
	struct drv_net *net;
	struct fake fake;
	uint32_t written;
	char result[4];

	net = open_net(&fake, &s, false);
	cr_expect_eq(drv_ctrl(net, 1, 1, NULL, 0, result, 4, &written), -ETIMEDOUT);
	cr_expect_eq(drv_ctrl(net, 1, 2, NULL, 0, result, 4, &written), 0);
	cr_expect_eq(s.commands, 2);
	cr_expect_eq(s.in[1], 2);
	s.delay = 100000;
	cr_expect_eq(drv_ctrl(net, 1, 3, NULL, 0, result, 4, &written), -ETIMEDOUT);
	cr_expect_eq(drv_ctrl(net, 1, 4, NULL, 0, result, 4, &written), -ETIMEDOUT);
	cr_expect_eq(s.commands, 2, "the buffers are the device's as long as it has not answered");
	fake.wait_result = -ETIMEDOUT;
	s.delay = 5;
	cr_expect_eq(drv_ctrl(net, 1, 4, NULL, 0, result, 4, &written), -ETIMEDOUT);
	close_net(&fake, net);
}

/*
 * A command given up for DEVICE_NEEDS_RESET is the device's still: nothing more is sent and no memory is freed as long
 * as the bit is set, and if it should go, the next command does not get the answer of that one.
 */
Test(ctrl, given_up)
{
	struct script s = {"\0abcd", 5, 5, .delay = 2};
	static uint8_t big[1 << 16];
	struct drv_net *net;
	struct fake fake;
	uint32_t written;
	char result[4];

	net = open_net(&fake, &s, false);
	fake.sticky = VIRTIO_CONFIG_S_NEEDS_RESET;
	cr_expect_eq(drv_ctrl(net, 1, 1, NULL, 0, result, 4, &written), -ENODEV);
	cr_expect_eq(drv_ctrl(net, 1, 2, &(struct drv_buf){big, sizeof(big)}, 1, result, 4, &written), -ENODEV);
	cr_expect_eq(fake.queue[CVQ].notifies, 1);
	fake.sticky = 0;
	cr_expect_eq(drv_ctrl(net, 1, 3, NULL, 0, result, 4, &written), 0);
	cr_expect_eq(s.commands, 2);
	cr_expect_eq(s.in[1], 3);
	close_net(&fake, net);
}

Test(ctrl, unusable)
{
	struct script s = {.answer = "\0", .answer_bytes = 1, .len = 1};
	struct drv_net *net;
	struct fake fake;
	uint32_t written;
	char result[4];

	net = open_net(&fake, &s, false);
	fake.sticky = VIRTIO_CONFIG_S_NEEDS_RESET;
	s.delay = 10;
	cr_expect_eq(drv_ctrl(net, 1, 1, NULL, 0, result, 4, &written), -ENODEV, "DEVICE_NEEDS_RESET");
	fake.sticky = 0;
	drv_net_stop(net);
	cr_expect_eq(drv_ctrl(net, 1, 1, NULL, 0, result, 4, &written), -ENOTSUP, "stopped");
	fake_offer(&fake, VIRTIO_NET_F_CTRL_VQ, false);
	cr_assert_eq(drv_net_start(net), 0);
	cr_expect_eq(drv_ctrl(net, 1, 1, NULL, 0, result, 4, &written), -ENOTSUP, "no CTRL_VQ");
	close_net(&fake, net);
}

/* Lengths beyond what the driver ever sends; sums that would wrap. */
Test(ctrl, too_long)
{
	static uint8_t big[1 << 20];
	struct drv_buf wrap[] = {{big, UINT32_MAX}, {big, UINT32_MAX}, {big, 4}}, fits = {big, sizeof(big)};
	struct script s = {.answer = "\0", .answer_bytes = 1, .len = 1};
	struct drv_net *net;
	struct fake fake;
	uint32_t written;

	net = open_net(&fake, &s, false);
	cr_expect_eq(drv_ctrl(net, 1, 1, wrap, 3, big, 0, &written), -EMSGSIZE);
	cr_expect_eq(drv_ctrl(net, 1, 1, NULL, 0, big, UINT32_MAX, &written), -EMSGSIZE);
	fake.run = NULL;
	fake.wait_result = -ETIMEDOUT;
	cr_expect_eq(drv_ctrl(net, 1, 1, &fits, 1, big, sizeof(big), &written), -ETIMEDOUT, "buffers grow");
	close_net(&fake, net);
}

/* dpdk-38e6400387 */
Test(ctrl, dpdk_38e6400387_70000_commands)
{
	struct script s = {.answer = "\0ab", .answer_bytes = 3, .len = 3};
	struct drv_net *net;
	struct fake fake;
	uint32_t written, i;
	char result[4];

	net = open_net(&fake, &s, true);
	for (i = 0; i < 70000; i++)
		if (drv_ctrl(net, 1, (uint8_t)i, NULL, 0, result, 4, &written) || written != 2 || s.in[1] != (uint8_t)i)
			break;
	cr_expect_eq(i, 70000, "command %u failed", i);
	close_net(&fake, net);
}
