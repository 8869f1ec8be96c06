/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration space and capabilities. */
#include <string.h>

#include "bench.h"

/* The 32 bytes of the configuration space. */
static void read_prefix(struct bench *b, uint8_t prefix[VIRTIO_NET_XDP_CONFIG_BYTES])
{
	const struct drv_transport *t = rig_transport(b->rig);

	t->ops->config_read(t->ctx, VIRTIO_NET_XDP_CONFIG_OFFSET, prefix, VIRTIO_NET_XDP_CONFIG_BYTES);
}

static void ask_caps(struct bench *b, struct answer *a, struct virtio_net_xdp_caps *caps)
{
	ask(b, a, VIRTIO_NET_CTRL_XDP_CAP_GET, NULL, 0, sizeof(struct virtio_net_xdp_cap_get_result));
	cr_assert_eq(a->status, VIRTIO_NET_XDP_OK);
	cr_assert_eq(a->bytes, sizeof(struct virtio_net_xdp_cap_get_result));
	memcpy(caps, a->result + sizeof(struct virtio_net_xdp_result), sizeof(*caps));
}

static void lower(struct net_config *device, struct drv_net_config *driver)
{
	(void)driver;
	device->fw.caps.max_insns /= 2;
	device->fw.caps.max_maps = 3;
	device->fw.caps.headroom = 64;
}

/* req: XO-001, with the limits of the device and with an operator's */
Test(XO, XO_001)
{
	bench_tweak *tweaks[] = {NULL, lower};
	unsigned i;

	for (i = 0; i < 2; i++) {
		uint8_t prefix[VIRTIO_NET_XDP_CONFIG_BYTES];
		struct virtio_net_xdp_caps caps;
		struct answer a;
		struct bench b;

		bench_open(&b, tweaks[i]);
		read_prefix(&b, prefix);
		ask_caps(&b, &a, &caps);
		cr_expect_eq(memcmp(prefix, &caps, sizeof(prefix)), 0, "XO-001: limits %u", i);
		bench_close(&b);
	}
}

Test(XO, XO_002)
{
	struct drv_xdp_caps caps;
	struct bench b;

	bench_open(&b, NULL);
	drv_xdp_config(b.net, &caps);
	cr_expect(caps.isa & VIRTIO_NET_XDP_ISA_BASE32, "XO-002: base32");
	cr_expect(caps.isa & VIRTIO_NET_XDP_ISA_BASE64, "XO-002: base64");
	bench_close(&b);
}

Test(XO, XO_003)
{
	uint32_t all = 1 << VIRTIO_NET_XDP_ABORTED | 1 << VIRTIO_NET_XDP_DROP | 1 << VIRTIO_NET_XDP_PASS |
		       1 << VIRTIO_NET_XDP_TX;
	struct drv_xdp_caps caps;
	struct bench b;

	bench_open(&b, NULL);
	drv_xdp_config(b.net, &caps);
	cr_expect_eq(caps.actions & all, all, "XO-003: actions are %#x", caps.actions);
	bench_close(&b);
}

Test(XO, XO_004)
{
	struct drv_xdp_caps caps;
	struct bench b;

	bench_open(&b, NULL);
	drv_xdp_config(b.net, &caps);
	cr_expect_geq(caps.max_progs, 1, "XO-004");
	bench_close(&b);
}

Test(XO, XO_005)
{
	struct drv_xdp_caps caps;
	struct bench b;

	bench_open(&b, NULL);
	drv_xdp_config(b.net, &caps);
	cr_expect_geq(caps.max_cmd_bytes, 1024, "XO-005: %u", caps.max_cmd_bytes);
	bench_close(&b);
}

Test(XO, XO_006)
{
	struct drv_xdp_caps caps;
	struct bench b;

	bench_open(&b, NULL);
	drv_xdp_config(b.net, &caps);
	cr_expect_geq(caps.headroom, 192, "XO-006: %u", caps.headroom);
	bench_close(&b);
}

/* The same before and after programs, maps and packets; writes of the driver change nothing. */
Test(XO, XO_007)
{
	uint8_t before[VIRTIO_NET_XDP_CONFIG_BYTES], after[VIRTIO_NET_XDP_CONFIG_BYTES], frame[64];
	const struct drv_transport *t;
	struct bench b;

	bench_open(&b, NULL);
	t = rig_transport(b.rig);
	read_prefix(&b, before);
	make_map(&b, 0, VIRTIO_NET_XDP_MAP_HASH, 8, 16, 0);
	LOAD(&b, 0, RETURN(VIRTIO_NET_XDP_PASS));
	attach(&b, 0, 1, 0);
	make_frame(frame, sizeof(frame));
	play(&b, frame, sizeof(frame));
	b.misbehaves = true;
	t->ops->config_write(t->ctx, VIRTIO_NET_XDP_CONFIG_OFFSET, frame, VIRTIO_NET_XDP_CONFIG_BYTES);
	read_prefix(&b, after);
	cr_expect_eq(memcmp(before, after, sizeof(before)), 0, "XO-007");
	bench_close(&b);
}

Test(XO, XO_026)
{
	struct bench b;

	bench_open(&b, NULL);
	cr_expect_eq(b.caps.commands & 0xffff, 0xffff, "XO-026: commands are %#x", b.caps.commands);
	bench_close(&b);
}

Test(XO, XO_027)
{
	uint64_t both = 1 << VIRTIO_NET_XDP_MAP_HASH | 1 << VIRTIO_NET_XDP_MAP_ARRAY;
	struct bench b;

	bench_open(&b, NULL);
	cr_assert(b.caps.max_maps, "XO-027: the device has no maps");
	cr_expect_eq(b.caps.map_types & both, both, "XO-027: map_types are %#lx", (unsigned long)b.caps.map_types);
	bench_close(&b);
}

Test(XO, XO_028)
{
	struct bench b;

	bench_open(&b, NULL);
	cr_expect_eq(b.caps.isa & ~0x7fu, 0, "XO-028: isa is %#x", b.caps.isa);
	cr_expect_eq(b.caps.commands >> VIRTIO_NET_CTRL_XDP_COMMANDS, 0, "XO-028: commands are %#x", b.caps.commands);
	cr_expect_eq(b.caps.flags & ~3u, 0, "XO-028: flags are %#x", b.caps.flags);
	bench_close(&b);
}

Test(XO, XO_029)
{
	struct bench b;

	bench_open(&b, NULL);
	cr_expect_eq(b.caps.max_metadata % 4, 0, "XO-029: %u", b.caps.max_metadata);
	cr_expect_leq(b.caps.max_metadata, b.caps.headroom, "XO-029");
	bench_close(&b);
}

Test(XO, XO_030)
{
	struct virtio_net_xdp_caps before, after;
	struct answer a;
	struct bench b;

	bench_open(&b, NULL);
	ask_caps(&b, &a, &before);
	make_map(&b, 0, VIRTIO_NET_XDP_MAP_HASH, 8, 1024, 0);
	LOAD(&b, 0, RETURN(VIRTIO_NET_XDP_PASS));
	attach(&b, 0, 1, 0);
	ask_caps(&b, &a, &after);
	cr_expect_eq(memcmp(&before, &after, sizeof(before)), 0, "XO-030");
	bench_close(&b);
}
