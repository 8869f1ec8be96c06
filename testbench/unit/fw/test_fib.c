/* SPDX-License-Identifier: BSD-2-Clause */
#include "control.h"
#include "core.h"
#include "exec/exec.h"
#include "fib.h"
#include "virtio_net_xdp_ext.h"
#include <linux/bpf.h>
#include <sys/socket.h>

#define OWN     7 /* ifindex */
#define SECOND  8
#define V4      3 /* map ids */
#define V6      2
#define MTU     1500
#define DIRECT  1
#define NO_ARP  4
#define NO_DMAC 0

struct world {
	struct control *c;
	struct control_frame f;
	struct run run;
};

static const struct fw_port ports[] = {{SECOND, 9000}};

static void world_open(struct world *w)
{
	struct fw_config config = control_config();

	config.ports = ports;
	config.num_ports = 1;
	w->c = control_open(&config);
	control_frame(&w->f, 100);
	w->f.frame.ingress_ifindex = OWN;
	w->run = (struct run){.frame = &w->f.frame, .fw = w->c->fw};
}

/* A route; address and gateway: 4 bytes, or 16. */
static void add_route(struct world *w, uint32_t map, uint32_t bits, const uint8_t *address, uint32_t address_bytes,
		      const struct virtio_net_xdp_fib_value *value)
{
	uint8_t key[20];
	le32 length = cpu_to_le32(bits);

	memcpy(key, &length, 4);
	memcpy(key + 4, address, address_bytes);
	cr_assert_eq(control_map_update(w->c, map, 0, key, 4 + address_bytes, value, sizeof(*value)), 0);
}

static struct virtio_net_xdp_fib_value value_of(uint32_t ifindex, uint32_t mtu, uint8_t dmac, const char *gateway,
						uint8_t result)
{
	struct virtio_net_xdp_fib_value v = {
		.ifindex = cpu_to_le32(ifindex),
		.mtu = cpu_to_le32(mtu),
		.smac = {1, 1, 1, 1, 1, (u8)ifindex},
		.dmac = {dmac, dmac, dmac, dmac, dmac, dmac},
		.result = result,
	};

	memcpy(v.gateway, gateway, 4);
	return v;
}

static void add_v4(struct world *w, uint32_t bits, const char *address, struct virtio_net_xdp_fib_value value)
{
	add_route(w, V4, bits, (const uint8_t *)address, 4, &value);
}

static uint64_t lookup(struct world *w, struct bpf_fib_lookup *p, uint64_t bytes, uint64_t flags)
{
	return fib_lookup(0, (uintptr_t)p, bytes, flags, 0, &w->run);
}

static struct bpf_fib_lookup params_of(uint8_t family, uint32_t ifindex, uint16_t tot_len, const char *dst)
{
	struct bpf_fib_lookup p;

	memset(&p, 0xaa, sizeof(p));
	p.family = family;
	p.ifindex = ifindex;
	p.tot_len = tot_len;
	memcpy(&p.ipv4_dst, dst, 4);
	return p;
}

/* What Linux's helper says in the same situations, and which fields it changes. */
Test(fib, lookup_rows)
{
	static const struct {
		const char *id, *dst;
		uint8_t family;
		uint32_t ifindex;
		uint16_t tot_len;
		uint64_t bytes, flags;
		int64_t expect;
		uint32_t out;     /* ifindex then, 0: params are as they were */
		const char *next; /* hop */
		uint8_t dmac;     /* of each byte; 0xaa: not written */
		uint16_t mtu;
	} rows[] = {
		{"direct route", "\12\0\0\1", AF_INET, OWN, 100, 64, 0, 0, OWN, "\12\0\0\1", 2, MTU},
		{"by gateway", "\12\1\0\1", AF_INET, OWN, 100, 64, 0, 0, SECOND, "\12\1\377\1", 3, 9000},
		{"the longer prefix", "\12\1\2\3", AF_INET, OWN, 0, 64, 0, 0, OWN, "\12\1\2\3", 4, 1400},
		{"DIRECT means nothing", "\12\0\0\1", AF_INET, OWN, 100, 64, DIRECT, 0, OWN, "\12\0\0\1", 2, MTU},
		{"from the other port", "\12\0\0\1", AF_INET, SECOND, 100, 64, 0, 0, OWN, "\12\0\0\1", 2, MTU},
		{"mtu just so", "\12\0\0\1", AF_INET, OWN, 1500, 64, 0, 0, OWN, "\12\0\0\1", 2, MTU},
		{"too long", "\12\0\0\1", AF_INET, OWN, 1501, 64, 0, BPF_FIB_LKUP_RET_FRAG_NEEDED, 0, NULL, 0, MTU},
		{"too long for the route", "\12\1\2\3", AF_INET, OWN, 1401, 64, 0, BPF_FIB_LKUP_RET_FRAG_NEEDED, 0,
		 NULL, 0, 1400},
		{"no neighbour", "\12\2\0\1", AF_INET, OWN, 100, 64, 0, BPF_FIB_LKUP_RET_NO_NEIGH, OWN, "\12\2\377\1",
		 0xaa, 100},
		{"no neighbour asked for", "\12\2\0\1", AF_INET, OWN, 100, 64, NO_ARP, 0, OWN, "\12\2\377\1", 0xaa,
		 MTU},
		{"blackhole", "\12\3\0\1", AF_INET, OWN, 100, 64, 0, BPF_FIB_LKUP_RET_BLACKHOLE, 0, NULL, 0, 0},
		{"unreachable", "\12\4\0\1", AF_INET, OWN, 100, 64, 0, BPF_FIB_LKUP_RET_UNREACHABLE, 0, NULL, 0, 0},
		{"prohibit", "\12\5\0\1", AF_INET, OWN, 100, 64, 0, BPF_FIB_LKUP_RET_PROHIBIT, 0, NULL, 0, 0},
		{"a result that is none", "\12\6\0\1", AF_INET, OWN, 100, 64, 0, BPF_FIB_LKUP_RET_NOT_FWDED, 0, NULL, 0,
		 0},
		{"to no port", "\12\7\0\1", AF_INET, OWN, 100, 64, 0, BPF_FIB_LKUP_RET_NOT_FWDED, 0, NULL, 0, 0},
		{"no route", "\13\0\0\1", AF_INET, OWN, 100, 64, 0, BPF_FIB_LKUP_RET_NOT_FWDED, 0, NULL, 0, 0},
		{"no such port", "\12\0\0\1", AF_INET, 9, 100, 64, 0, -ENODEV, 0, NULL, 0, 0},
		{"another family", "\12\0\0\1", AF_UNIX, OWN, 100, 64, 0, -EAFNOSUPPORT, 0, NULL, 0, 0},
		{"no family", "\12\0\0\1", 0, OWN, 100, 64, 0, -EAFNOSUPPORT, 0, NULL, 0, 0},
		{"too little", "\12\0\0\1", AF_INET, OWN, 100, 63, 0, -EINVAL, 0, NULL, 0, 0},
		{"more", "\12\0\0\1", AF_INET, OWN, 100, 65, 0, 0, OWN, "\12\0\0\1", 2, MTU},
		{"OUTPUT", "\12\0\0\1", AF_INET, OWN, 100, 64, 2, -EINVAL, 0, NULL, 0, 0},
		{"TBID", "\12\0\0\1", AF_INET, OWN, 100, 64, 9, -EINVAL, 0, NULL, 0, 0},
		{"SRC", "\12\0\0\1", AF_INET, OWN, 100, 64, 16, -EINVAL, 0, NULL, 0, 0},
		{"MARK", "\12\0\0\1", AF_INET, OWN, 100, 64, 32, -EINVAL, 0, NULL, 0, 0},
		{"unknown flag", "\12\0\0\1", AF_INET, OWN, 100, 64, 1u << 31, -EINVAL, 0, NULL, 0, 0},
	};
	struct world w;

	world_open(&w);
	cr_assert_eq(control_map_create(w.c, V4, VIRTIO_NET_XDP_MAP_FIB, 8, 40, 16, 0), 0);
	add_v4(&w, 16, "\12\0\0\0", value_of(OWN, 0, 2, "\0\0\0\0", 0));
	add_v4(&w, 16, "\12\1\0\0", value_of(SECOND, 0, 3, "\12\1\377\1", 0));
	add_v4(&w, 24, "\12\1\2\0", value_of(OWN, 1400, 4, "\0\0\0\0", 0));
	add_v4(&w, 16, "\12\2\0\0", value_of(OWN, 0, NO_DMAC, "\12\2\377\1", 0));
	for (uint8_t result = 1; result <= 3; result++)
		add_v4(&w, 16, (char[]){10, (char)(2 + result), 0, 0}, value_of(OWN, 0, 5, "\0\0\0\0", result));
	add_v4(&w, 16, "\12\6\0\0", value_of(OWN, 0, 5, "\0\0\0\0", 99));
	add_v4(&w, 16, "\12\7\0\0", value_of(77, 0, 5, "\0\0\0\0", 0));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct bpf_fib_lookup before =
			params_of(rows[i].family, rows[i].ifindex, rows[i].tot_len, rows[i].dst);
		struct bpf_fib_lookup p = before, expect = before;

		if (rows[i].mtu)
			expect.mtu_result = rows[i].mtu;
		if (rows[i].out) {
			expect.ifindex = rows[i].out;
			expect.rt_metric = 0;
			memcpy(&expect.ipv4_dst, rows[i].next, 4);
			if (rows[i].dmac != 0xaa) {
				memset(expect.dmac, rows[i].dmac, 6);
				memset(expect.smac, 1, 6);
				expect.smac[5] = (uint8_t)rows[i].out;
			}
			if (!rows[i].expect)
				expect.h_vlan_proto = expect.h_vlan_TCI = 0;
		}
		cr_assert_eq((int64_t)lookup(&w, &p, rows[i].bytes, rows[i].flags), rows[i].expect, "%s", rows[i].id);
		cr_assert_eq(memcmp((const void *)&p, (const void *)&expect, sizeof(p)), 0, "%s", rows[i].id);
	}
	control_close(w.c);
}

/* No map: no route. Each family has its own, and of two the one with the lowest id counts. */
Test(fib, maps_of_both_families)
{
	static const uint8_t net[16] = {0x20, 1}, host[16] = {0x20, 1, 0xd, 0xb8, [15] = 9},
			     hop[16] = {0xfe, 0x80, [15] = 1};
	struct virtio_net_xdp_fib_value v = value_of(SECOND, 0, 6, "\0\0\0\0", 0);
	struct bpf_fib_lookup p = params_of(AF_INET, OWN, 0, "\12\0\0\1");
	struct world w;

	world_open(&w);
	cr_assert_eq(lookup(&w, &p, 64, 0), BPF_FIB_LKUP_RET_NOT_FWDED);
	cr_assert_eq(control_map_create(w.c, V6, VIRTIO_NET_XDP_MAP_FIB, 20, 40, 4, 0), 0);
	cr_assert_eq(lookup(&w, &p, 64, 0), BPF_FIB_LKUP_RET_NOT_FWDED);
	cr_assert_eq(control_map_create(w.c, V4, VIRTIO_NET_XDP_MAP_FIB, 8, 40, 4, 0), 0);
	add_v4(&w, 0, "\0\0\0\0", value_of(SECOND, 0, 6, "\0\0\0\0", 0));
	cr_assert_eq(lookup(&w, &p, 64, 0), 0);
	memcpy(v.gateway, hop, 16);
	add_route(&w, V6, 16, net, 16, &v);
	p = params_of(AF_INET6, OWN, 9000, "\0\0\0");
	memcpy(p.ipv6_dst, host, 16);
	cr_assert_eq(lookup(&w, &p, 64, 0), 0);
	cr_assert_eq(memcmp(p.ipv6_dst, hop, 16), 0);
	cr_assert_eq(p.ifindex, (uint32_t)SECOND);
	/* one more with a lower id, empty */
	cr_assert_eq(control_map_create(w.c, 0, VIRTIO_NET_XDP_MAP_FIB, 8, 40, 4, 0), 0);
	p = params_of(AF_INET, OWN, 0, "\12\0\0\1");
	cr_assert_eq(lookup(&w, &p, 64, 0), BPF_FIB_LKUP_RET_NOT_FWDED);
	cr_assert_eq(control_id(w.c, VIRTIO_NET_CTRL_XDP_MAP_DESTROY, 0), 0);
	cr_assert_eq(lookup(&w, &p, 64, 0), 0);
	control_close(w.c);
}

/* The frame has 100 bytes. Results as of Linux 6.18, but for lengths near 2^32, which wrap there. */
Test(fib, check_mtu_rows)
{
	static const struct {
		uint32_t ifindex, length;
		int64_t diff;
		uint64_t flags;
		int64_t expect;
		uint32_t mtu;
	} rows[] = {
		{0, 0, 0, 0, 0, MTU},
		{OWN, 0, 1414, 0, 0, MTU},
		{OWN, 0, 1415, 0, 1, MTU},
		{OWN, 1500, 0, 0, 0, MTU},
		{OWN, 1501, 0, 0, 1, MTU},
		{OWN, 1500, 1, 0, 1, MTU},
		{OWN, 1501, -1, 0, 0, MTU},
		{OWN, 100, -200, 0, 0, MTU},
		{OWN, 0, INT32_MIN, 0, 0, MTU},
		{OWN, 0, INT32_MAX, 0, 1, MTU},
		{OWN, 0, 0xffffffff, 0, 0, MTU}, /* 32 bits count: -1 */
		{OWN, UINT32_MAX, INT32_MAX, 0, 1, MTU},
		{OWN, UINT32_MAX, INT32_MIN, 0, 1, MTU},
		{SECOND, 9000, 0, 0, 0, 9000},
		{SECOND, 9001, 0, 0, 1, 9000},
		{9, 1, 0, 0, -ENODEV, 1},
		{OWN, 1, 0, 1, -EINVAL, 1},
		{OWN, 1, 0, 1ULL << 32, -EINVAL, 1},
		{9, 1, 0, 2, -EINVAL, 1},
	};
	struct world w;

	world_open(&w);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t length = rows[i].length;

		cr_assert_eq((int64_t)fib_check_mtu(0, rows[i].ifindex, (uintptr_t)&length, (uint64_t)rows[i].diff,
						    rows[i].flags, &w.run),
			     rows[i].expect, "row %zu", i);
		cr_assert_eq(length, rows[i].mtu, "row %zu: %u", i, length);
	}
	control_close(w.c);
}
