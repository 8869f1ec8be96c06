/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements of virtio 1.4 on drivers of network devices: frames, their headers, and the configuration space. */
#include <criterion/criterion.h>
#include <string.h>

#include "fake.h"
#include "guest-driver/core/net.h"

#define RX        0
#define TX        1
#define FRAME     60
#define SUPPRESS  1      /* flag of a used ring: no notification wanted */
#define FAR_EVENT 0x4000 /* an avail_event that no test gets to */

static const struct drv_net_config everything = {.features = {UINT64_MAX, UINT64_MAX}, .xdp_bit = 58, .filtered = true};

static struct drv_net *open_net(struct fake *fake)
{
	struct drv_net *net = drv_net_create(&fake->env, &fake->transport, &everything);

	cr_assert_not_null(net);
	cr_assert_eq(drv_net_start(net), 0);
	return net;
}

/* ---- the address, the link ---- */

Test(VN, VN_8c17ab72)
{
	static const uint8_t want[6] = {0x52, 0x54, 0, 1, 2, 3};
	struct drv_net *net;
	struct fake fake;
	uint8_t mac[6];

	fake_init(&fake);
	memcpy(fake.config + offsetof(struct virtio_net_config, mac), want, sizeof(want));
	net = open_net(&fake);
	drv_net_mac(net, mac);
	cr_expect_arr_eq(mac, want, 6, "VN-8c17ab72");
	drv_net_destroy(net);
}

/* What stands where the address would is not looked at. */
Test(VN, VN_b2a538e6)
{
	struct drv_net *net;
	struct fake fake;
	uint8_t mac[6];

	fake_init(&fake);
	fake_offer(&fake, VIRTIO_NET_F_MAC, false);
	memset(fake.config + offsetof(struct virtio_net_config, mac), 0xff, sizeof(mac));
	net = open_net(&fake);
	drv_net_mac(net, mac);
	cr_expect_eq(mac[0] & 3, 2, "VN-b2a538e6: %02x is not of a local unicast address", mac[0]);
	drv_net_destroy(net);
}

Test(VN, VN_104a043b)
{
	for (int offered = 0; offered < 2; offered++) {
		for (int up = 0; up < 2; up++) {
			struct drv_net *net;
			struct fake fake;

			fake_init(&fake);
			fake_offer(&fake, VIRTIO_NET_F_STATUS, offered);
			fake.config[offsetof(struct virtio_net_config, status)] = up ? VIRTIO_NET_S_LINK_UP : 0;
			net = open_net(&fake);
			cr_expect_eq(drv_net_link_up(net), !offered || up, "VN-104a043b: offered %d, up %d", offered,
				     up);
			drv_net_destroy(net);
		}
	}
}

/* ---- transmitted headers ---- */

/* A device that offers everything there is, but for other rings and other addresses. */
static void offer_all(struct fake *fake)
{
	for (unsigned bit = 0; bit < 128; bit++)
		if (bit != VIRTIO_F_RING_PACKED && bit != VIRTIO_F_ACCESS_PLATFORM && bit != VIRTIO_NET_F_MQ &&
		    bit != everything.xdp_bit && bit != VIRTIO_NET_F_CTRL_RX && bit != VIRTIO_NET_F_CTRL_VLAN &&
		    bit != VIRTIO_NET_F_CTRL_MAC_ADDR && bit != VIRTIO_NET_F_CTRL_RX_EXTRA)
			fake_offer(fake, bit, true);
}

/* Frames that look like each kind of what could be left to a device. The driver leaves it nothing: no flag, no type. */
static void expect_transmitted(const char *id)
{
	static const char *const kinds[] = {
		"\x08\x00\x45\x03\x00\x2e\x00\x01\x40\x00\x40\x06", /* TCP, ECN */
		"\x08\x00\x45\x00\x00\x2e\x00\x01\x40\x00\x40\x11", /* UDP */
		"\x08\x00\x45\x00\x00\x2e\x00\x01\x40\x00\x40\x29", /* IPv6 in IPv4 */
	};
	struct fake_chain chain;
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	offer_all(&fake);
	net = open_net(&fake);
	for (unsigned i = 0; i < 3 * 8; i++) {
		uint8_t frame[FRAME] = {2}, sent[FRAME + 40];
		struct virtio_net_hdr hdr;

		memcpy(frame + 12, kinds[i % 3], 12);
		cr_assert_eq(drv_net_transmit(net, 0, frame, FRAME), 0);
		cr_assert(fake_pop(&fake, TX, &chain));
		cr_expect_eq(fake_read(&chain, sent, sizeof(sent)), sizeof(hdr) + FRAME, "%s: frame %u", id, i);
		memcpy(&hdr, sent, sizeof(hdr));
		cr_expect(!hdr.flags && !hdr.gso_type, "%s: frame %u: flags %#x, gso_type %#x", id, i, hdr.flags,
			  hdr.gso_type);
		cr_expect_arr_eq(sent + sizeof(hdr), frame, FRAME, "%s: frame %u", id, i);
		fake_push(&fake, TX, chain.head, 0);
		drv_net_reap(net);
	}
	drv_net_destroy(net);
}

Test(VN, VN_3e03133d)
{
	expect_transmitted("VN-3e03133d");
}

Test(VN, VN_fecb56d2)
{
	expect_transmitted("VN-fecb56d2");
}

Test(VN, VN_2595ae84)
{
	expect_transmitted("VN-2595ae84");
}

Test(VN, VN_727a1258)
{
	expect_transmitted("VN-727a1258");
}

Test(VN, VN_6a4ed303)
{
	expect_transmitted("VN-6a4ed303");
}

Test(VN, VN_ccce6672)
{
	expect_transmitted("VN-ccce6672");
}

Test(VN, VN_0a371307)
{
	expect_transmitted("VN-0a371307");
}

/* ---- received headers ---- */

struct got {
	unsigned count;
	uint32_t bytes;
	uint8_t data[FRAME];
};

static void on_frame(void *ctx, const struct drv_net_frame *frame)
{
	struct got *got = ctx;

	got->count++;
	got->bytes = frame->bytes;
	memcpy(got->data, frame->data, frame->bytes < FRAME ? frame->bytes : FRAME);
}

/* A frame behind such a header comes in as it is. */
static void expect_received(const char *id, struct virtio_net_hdr hdr)
{
	uint8_t bytes[sizeof(hdr) + FRAME];
	struct fake_chain chain;
	struct got got = {0};
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	net = open_net(&fake);
	hdr.num_buffers = cpu_to_le16(1);
	memcpy(bytes, &hdr, sizeof(hdr));
	for (unsigned i = 0; i < FRAME; i++)
		bytes[sizeof(hdr) + i] = (uint8_t)(i * 5);
	cr_assert(fake_pop(&fake, RX, &chain));
	cr_assert_eq(fake_write(&chain, bytes, sizeof(bytes)), sizeof(bytes));
	fake_push(&fake, RX, chain.head, sizeof(bytes));
	cr_expect_eq(drv_net_receive(net, on_frame, &got, 8), 1, "%s", id);
	cr_expect(got.count == 1 && got.bytes == FRAME && !memcmp(got.data, bytes + sizeof(hdr), FRAME), "%s", id);
	drv_net_destroy(net);
}

Test(VN, VN_7d313bbb)
{
	for (unsigned bit = 3; bit < 8; bit++)
		expect_received("VN-7d313bbb", (struct virtio_net_hdr){.flags = (uint8_t)(1u << bit)});
	expect_received("VN-7d313bbb", (struct virtio_net_hdr){.flags = 0xf8});
}

Test(VN, VN_8dfefd21)
{
	expect_received("VN-8dfefd21",
			(struct virtio_net_hdr){.csum_start = cpu_to_le16(0xffff), .csum_offset = cpu_to_le16(0xffff)});
	expect_received("VN-8dfefd21", (struct virtio_net_hdr){.csum_start = cpu_to_le16(14)});
}

Test(VN, VN_bf471e7f)
{
	expect_received("VN-bf471e7f", (struct virtio_net_hdr){.hdr_len = cpu_to_le16(0xffff)});
	expect_received("VN-bf471e7f", (struct virtio_net_hdr){.hdr_len = cpu_to_le16(1)});
}

/* The frame is what is behind 12 bytes. */
Test(VN, VN_5c87e9f2)
{
	expect_received("VN-5c87e9f2", (struct virtio_net_hdr){.flags = 0});
}

/* ---- whom the driver listens to before it notifies ---- */

static void set_avail_event(struct fake *fake, uint16_t event)
{
	le16 value = cpu_to_le16(event);

	memcpy((uint8_t *)&fake->queue[TX].used->ring[fake->queue[TX].size], &value, sizeof(value));
}

/* With other flags and another avail_event: whether it notifies of a frame. */
static void expect_notified(const char *id, bool event_idx, uint16_t flags, uint16_t event)
{
	static const uint8_t frame[FRAME];
	struct drv_net *net;
	struct fake fake;
	unsigned before;

	fake_init(&fake);
	fake_offer(&fake, VIRTIO_RING_F_EVENT_IDX, event_idx);
	net = open_net(&fake);
	fake.queue[TX].used->flags = cpu_to_le16(flags);
	set_avail_event(&fake, event);
	before = fake.queue[TX].notifies;
	cr_assert_eq(drv_net_transmit(net, 0, frame, FRAME), 0);
	cr_expect_eq(fake.queue[TX].notifies, before + 1, "%s: flags %u, avail_event %u", id, flags, event);
	drv_net_destroy(net);
}

Test(VN, VN_b391f745)
{
	expect_notified("VN-b391f745", false, 0, FAR_EVENT);
	expect_notified("VN-b391f745", false, 0, 0);
}

Test(VN, VN_d52586e7)
{
	expect_notified("VN-d52586e7", true, 0, 0);
	expect_notified("VN-d52586e7", true, SUPPRESS, 0);
}
