/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "fake.h"
#include "guest-driver/core/xdp.h"

#define CVQ     2
#define XDP_BIT 58
#define RESULT  512

/* What the device answers: an ack, and bytes of result. */
struct script {
	uint8_t ack;
	uint8_t result[RESULT];
	uint32_t bytes;
	/* Loading: states that PROG_INFO tells, one after the other; the last one again and again. */
	const uint8_t *states;
	unsigned num_states, polls;
	uint8_t fail_command; /* refused with LIMIT_MEMORY, if not 0 */
	uint8_t log[64];      /* commands that came */
	unsigned commands;
	uint8_t in[2048];
	size_t in_bytes;
};

static void answer_load(struct script *s, uint8_t command)
{
	struct virtio_net_xdp_prog_info_result info = {0};
	uint8_t at;

	memset(s->result, 0, sizeof(s->result));
	s->ack = VIRTIO_NET_OK;
	s->bytes = 8;
	if (s->fail_command && command == s->fail_command) {
		s->ack = VIRTIO_NET_ERR;
		s->result[0] = VIRTIO_NET_XDP_ERR_LIMIT_MEMORY;
	} else if (command == VIRTIO_NET_CTRL_XDP_PROG_INFO) {
		at = s->polls < s->num_states ? (uint8_t)s->polls : (uint8_t)(s->num_states - 1);
		info.state = s->states[at];
		s->polls++;
		memcpy(s->result, &info, sizeof(info));
		s->bytes = sizeof(info);
	}
}

static void run(struct fake *fake)
{
	struct script *s = fake->test;
	struct fake_chain chain;
	uint8_t out[1 + RESULT];

	if (!fake_pop(fake, CVQ, &chain))
		return;
	s->in_bytes = fake_read(&chain, s->in, sizeof(s->in));
	if (s->commands < sizeof(s->log))
		s->log[s->commands] = s->in[1];
	s->commands++;
	if (s->states)
		answer_load(s, s->in[1]);
	out[0] = s->ack;
	memcpy(out + 1, s->result, RESULT);
	fake_push(fake, CVQ, chain.head, fake_write(&chain, out, 1 + s->bytes));
}

static struct drv_net *open_net(struct fake *fake, struct script *script, uint32_t max_cmd_bytes)
{
	static const struct drv_net_config config = {.features = {UINT64_MAX, UINT64_MAX}, .xdp_bit = XDP_BIT};
	struct virtio_net_xdp_caps caps = {.isa = cpu_to_le32(3), .max_cmd_bytes = cpu_to_le32(max_cmd_bytes)};
	struct drv_net *net;

	fake_init(fake);
	fake_offer(fake, XDP_BIT, true);
	memcpy(fake->config + VIRTIO_NET_XDP_CONFIG_OFFSET, &caps, VIRTIO_NET_XDP_CONFIG_BYTES);
	fake->test = script;
	fake->run = run;
	net = drv_net_create(&fake->env, &fake->transport, &config);
	cr_assert_not_null(net);
	cr_assert_eq(drv_net_start(net), 0);
	return net;
}

static void close_net(struct fake *fake, struct drv_net *net)
{
	drv_net_destroy(net);
	cr_expect_eq(fake->blocks, 0, "%u blocks were not freed", fake->blocks);
}

/* Results that do not fit together, for a command with a result of 8 bytes and for one with 12. */
Test(xdp, hostile_results)
{
	static const struct {
		const char *what;
		uint8_t ack, status;
		uint32_t bytes;
		int destroy, attach;
	} rows[] = {
		{"OK", 0, 0, 12, 0, 0},
		{"OK, and too short for ATTACH", 0, 0, 8, 0, -EPROTO},
		{"OK without a result", 0, 0, 0, -EPROTO, -EPROTO},
		{"OK, seven bytes", 0, 0, 7, -EPROTO, -EPROTO},
		{"ERR with a status", 1, VIRTIO_NET_XDP_ERR_BUSY, 8, 1, 1},
		{"ERR without a result", 1, 0, 0, -EPROTO, -EPROTO},
		{"ERR with status OK", 1, 0, 12, -EPROTO, -EPROTO},
		{"OK with status BUSY", 0, VIRTIO_NET_XDP_ERR_BUSY, 12, -EPROTO, -EPROTO},
		{"an unknown status", 1, 0xee, 8, 1, 1},
		{"an unknown ack", 2, 0, 12, -EPROTO, -EPROTO},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct script s = {.ack = rows[i].ack, .result = {rows[i].status}, .bytes = rows[i].bytes};
		struct drv_xdp_error e = {99, 99};
		uint32_t generation = 77;
		struct drv_net *net;
		struct fake fake;

		net = open_net(&fake, &s, 4096);
		cr_expect_eq(drv_xdp_prog_destroy(net, 1, &e), rows[i].destroy, "%s", rows[i].what);
		if (rows[i].destroy >= 0)
			cr_expect_eq(e.status, rows[i].status, "%s", rows[i].what);
		cr_expect_eq(drv_xdp_attach(net, 1, 2, 3, 4, 5, &generation, NULL), rows[i].attach, "%s", rows[i].what);
		cr_expect_eq(generation, rows[i].attach ? 77 : 0, "%s", rows[i].what);
		close_net(&fake, net);
	}
}

/* Counts and sizes in a result that say more than there is. */
Test(xdp, results_that_lie)
{
	struct virtio_net_xdp_obj_list_result list = {.count = cpu_to_le32(3)};
	struct virtio_net_xdp_test_run_result test = {.frame_bytes = cpu_to_le32(61)};
	struct script s = {.bytes = sizeof(list) + 8};
	uint32_t ids[8], count, next, queue = 0, bytes = 60;
	uint8_t frame[64] = {0};
	struct drv_net *net;
	struct fake fake;
	uint64_t r0;

	net = open_net(&fake, &s, 4096);
	memcpy(s.result, &list, sizeof(list));
	cr_expect_eq(drv_xdp_obj_list(net, 0, 0, ids, 8, &count, &next, NULL), -EPROTO, "3 ids in 8 bytes");
	list.count = cpu_to_le32(0xffffffff);
	memcpy(s.result, &list, sizeof(list));
	cr_expect_eq(drv_xdp_obj_list(net, 0, 0, ids, 8, &count, &next, NULL), -EPROTO, "4 billion ids in 8 bytes");
	list.count = cpu_to_le32(2);
	memcpy(s.result, &list, sizeof(list));
	cr_expect_eq(drv_xdp_obj_list(net, 0, 0, ids, 8, &count, &next, NULL), 0);
	cr_expect_eq(count, 2);
	memset(s.result, 0, sizeof(s.result));
	memcpy(s.result, &test, sizeof(test));
	s.bytes = sizeof(test) + 60;
	cr_expect_eq(drv_xdp_test_run(net, 0, 0, &queue, frame, &bytes, sizeof(frame), &r0, NULL), -EPROTO,
		     "61 of 60 bytes");
	close_net(&fake, net);
}

static void take_event(void *ctx, const struct drv_xdp_event *event)
{
	struct drv_xdp_event *last = ctx;

	*last = *event;
	last->lost += event->bytes ? event->data[event->bytes - 1] : 0; /* it can be read to its end */
}

/* Records that are not all there, or more than were asked for. */
Test(xdp, events_that_lie)
{
	static const struct {
		uint32_t count, bytes, of_event; /* records said, of all records, said of the second record */
		int expect;
	} rows[] = {
		{0, 0, 0, 0},
		{1, 24, 0, 0},
		{2, 24 + 24, 8, 0},
		{2, 24 + 24, 1, 0},
		{2, 24 + 24, 9, -EPROTO},
		{2, 24 + 23, 1, -EPROTO},
		{2, 24 + 15, 0, -EPROTO},
		{2, 24, 0, -EPROTO},
		{3, 48, 8, -EPROTO},
		{4, 200, 8, -EPROTO},
		{2, 48, 0xffffffff, -EPROTO},
		{2, 48, 0xfffffff9, -EPROTO},
		{0xffffffff, 48, 8, -EPROTO},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct virtio_net_xdp_event_get_result hdr = {.count = cpu_to_le32(rows[i].count),
							      .left = cpu_to_le32(5)};
		struct virtio_net_xdp_event first = {.map_id = cpu_to_le32(7), .bytes = cpu_to_le32(3)};
		struct virtio_net_xdp_event second = {.map_id = cpu_to_le32(9), .bytes = cpu_to_le32(rows[i].of_event)};
		struct script s = {.bytes = (uint32_t)sizeof(hdr) + rows[i].bytes};
		struct drv_xdp_event last = {0};
		uint32_t left = 0;
		struct drv_net *net;
		struct fake fake;

		net = open_net(&fake, &s, 4096);
		memcpy(s.result, &hdr, sizeof(hdr));
		memcpy(s.result + sizeof(hdr), &first, sizeof(first));
		memcpy(s.result + sizeof(hdr) + 24, &second, sizeof(second));
		cr_expect_eq(drv_xdp_event_get(net, 3, 256, take_event, &last, &left, NULL), rows[i].expect, "row %zu",
			     i);
		if (!rows[i].expect)
			cr_expect(left == 5 && last.map_id == (rows[i].count == 2 ? 9 : rows[i].count * 7), "row %zu",
				  i);
		close_net(&fake, net);
	}
}

Test(xdp, load)
{
	static const struct {
		const char *what;
		uint8_t states[4];
		unsigned num_states;
		uint8_t fail_command;
		int result;
		const char *log; /* commands */
	} rows[] = {
		{"ready at last", {1, 1, 2}, 3, 0, 0, "\1\2\2\3\4\4\4"},
		{"refused", {3}, 1, 0, 0, "\1\2\2\3\4"},
		{"back to LOADING", {0}, 1, 0, -EPROTO, "\1\2\2\3\4"},
		{"a state that is none", {9}, 1, 0, -EPROTO, "\1\2\2\3\4"},
		{"PROG_CREATE is refused", {2}, 1, 1, 1, "\1"},
		{"PROG_WRITE is refused", {2}, 1, 2, 1, "\1\2\6"},
		{"PROG_COMMIT is refused", {2}, 1, 3, 1, "\1\2\2\3\6"},
	};
	static const uint8_t insns[1016 + 8];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct script s = {.states = rows[i].states,
				   .num_states = rows[i].num_states,
				   .fail_command = rows[i].fail_command};
		struct drv_xdp_error e = {0, 0};
		struct drv_xdp_prog_info info;
		struct drv_net *net;
		struct fake fake;

		net = open_net(&fake, &s, 1029); /* 1,019 bytes of data: 1,016 in whole instructions */
		cr_expect_eq(drv_xdp_prog_load(net, 1, insns, sizeof(insns), 0, "p", 0, &info, &e), rows[i].result,
			     "%s", rows[i].what);
		cr_expect_eq(s.commands, strlen(rows[i].log), "%s: %u commands", rows[i].what, s.commands);
		cr_expect_eq(memcmp(s.log, rows[i].log, strlen(rows[i].log)), 0, "%s", rows[i].what);
		if (rows[i].result == 1)
			cr_expect_eq(e.status, VIRTIO_NET_XDP_ERR_LIMIT_MEMORY, "%s", rows[i].what);
		close_net(&fake, net);
	}
}

/* Each command's bytes as they cross the wire. */
Test(xdp, requests)
{
	static const uint8_t tag[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct script s = {.bytes = 8};
	struct drv_net *net;
	struct fake fake;

	net = open_net(&fake, &s, 4096);
	drv_xdp_prog_create(net, 0x01020304, 0x10, 3, "name", tag, NULL);
	cr_expect_eq(s.in_bytes, 38);
	cr_expect_eq(memcmp(s.in, "\12\1\4\3\2\1\20\0\0\0\3\0\0\0name\0\0\0\0\0\0\0\0\0\0\0\0\1\2\3\4\5\6\7\10", 38),
		     0);
	drv_xdp_map_update(net, 5, 2, "ky", 2, "val", 3, NULL);
	cr_expect_eq(s.in_bytes, 15);
	cr_expect_eq(memcmp(s.in, "\12\14\5\0\0\0\2\0\0\0kyval", 15), 0);
	drv_xdp_map_next(net, 5, NULL, NULL, 0, NULL);
	cr_expect_eq(s.in_bytes, 6, "no key");
	close_net(&fake, net);
}

/* Leaves something on the stack for those who do not initialise their variables. */
static __attribute__((noinline)) void dirty_stack(void)
{
	volatile uint8_t dirt[4096];
	size_t i;

	for (i = 0; i < sizeof(dirt); i++)
		dirt[i] = 0xdd;
}

/* The two forms of capabilities, and a device without the feature. */
Test(xdp, capabilities)
{
	struct virtio_net_xdp_cap_get_result r = {0};
	struct script s = {.bytes = sizeof(r)};
	struct drv_xdp_caps caps;
	struct drv_net *net;
	struct fake fake;

	r.caps.headroom = cpu_to_le16(0x1234);
	r.caps.helpers[3] = cpu_to_le64(0x1122334455667788);
	r.caps.max_metadata = cpu_to_le16(32);
	memcpy(s.result, &r, sizeof(r));
	net = open_net(&fake, &s, 5000);
	cr_expect_eq(drv_xdp_caps(net, &caps, NULL), 0);
	cr_expect(caps.headroom == 0x1234 && caps.helpers[3] == 0x1122334455667788 && caps.max_metadata == 32);
	dirty_stack();
	drv_xdp_config(net, &caps);
	cr_expect(caps.map_types == 0 && caps.commands == 0 && caps.helpers[0] == 0, "beyond the prefix");
	cr_expect(caps.isa == 3 && caps.max_cmd_bytes == 5000 && caps.max_metadata == 0);
	drv_net_stop(net);
	fake_offer(&fake, XDP_BIT, false);
	cr_assert_eq(drv_net_start(net), 0);
	cr_expect_eq(drv_xdp_caps(net, &caps, NULL), -ENOTSUP);
	drv_xdp_config(net, &caps);
	cr_expect_eq(caps.isa, 0);
	close_net(&fake, net);
}

Test(xdp, status_names)
{
	cr_expect_str_eq(drv_xdp_status_name(VIRTIO_NET_XDP_OK), "OK");
	cr_expect_str_eq(drv_xdp_status_name(VIRTIO_NET_XDP_ERR_LIMIT_PROGS), "LIMIT_PROGS");
	cr_expect_str_eq(drv_xdp_status_name(VIRTIO_NET_XDP_VERIFY_PACKET), "PACKET");
	cr_expect_str_eq(drv_xdp_status_name(0xdead), "unknown");
}

/* Values of all receive queues that the device has, though this driver uses one. */
Test(xdp, values_per_queue)
{
	static const struct {
		bool multiqueue;
		uint16_t pairs;
		uint32_t type, value_size, want;
	} rows[] = {
		{false, 9, VIRTIO_NET_XDP_MAP_HASH, 5, 5},
		{false, 9, VIRTIO_NET_XDP_MAP_PERCPU_HASH, 5, 8},
		{true, 3, VIRTIO_NET_XDP_MAP_PERCPU_HASH, 5, 24},
		{true, 3, VIRTIO_NET_XDP_MAP_PERCPU_ARRAY, 8, 24},
		{true, 3, VIRTIO_NET_XDP_MAP_LRU_PERCPU, 9, 48},
		{true, 3, VIRTIO_NET_XDP_MAP_LRU_HASH, 9, 9},
		{true, 3, VIRTIO_NET_XDP_MAP_ARRAY, 9, 9},
		{true, 0, VIRTIO_NET_XDP_MAP_PERCPU_ARRAY, 8, 8},
		{true, 128, VIRTIO_NET_XDP_MAP_PERCPU_ARRAY, 0xffffffff, UINT32_MAX},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static const struct drv_net_config config = {.features = {UINT64_MAX, UINT64_MAX}, .xdp_bit = XDP_BIT};
		le16 pairs = cpu_to_le16(rows[i].pairs);
		struct drv_net *net;
		struct fake fake;

		fake_init(&fake);
		fake_offer(&fake, VIRTIO_NET_F_CTRL_VQ, false);
		fake_offer(&fake, VIRTIO_NET_F_MQ, rows[i].multiqueue);
		memcpy(fake.config + offsetof(struct virtio_net_config, max_virtqueue_pairs), &pairs, sizeof(pairs));
		net = drv_net_create(&fake.env, &fake.transport, &config);
		cr_assert_not_null(net);
		cr_assert_eq(drv_net_start(net), 0, "row %zu", i);
		cr_assert_eq(drv_xdp_value_bytes(net, rows[i].type, rows[i].value_size), rows[i].want, "row %zu", i);
		drv_net_destroy(net);
	}
}
