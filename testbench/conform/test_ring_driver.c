/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements of virtio 1.4 on virtqueues, the driver's: what it writes to rings that a test reads, and uses, by hand.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest-driver/core/vq.h"
#include "hand_ring.h"

#include <criterion/criterion.h>

#define RX        0
#define TX        1
#define CVQ       2
#define FRAME     60
#define AVAIL     VRING_PACKED_DESC_F_AVAIL
#define USED      VRING_PACKED_DESC_F_USED
#define PACKED    (1ULL << VIRTIO_F_RING_PACKED)
#define IN_ORDER  (1ULL << VIRTIO_F_IN_ORDER)
#define EVENT_IDX (1ULL << VIRTIO_RING_F_EVENT_IDX)
#define INDIRECT  (1ULL << VIRTIO_RING_F_INDIRECT_DESC)
#define NOTIF     (1ULL << VIRTIO_F_NOTIFICATION_DATA)

static const uint8_t frame[FRAME];

static struct vring_packed_desc *packed(const struct hand_device *d, unsigned queue)
{
	return (struct vring_packed_desc *)(uintptr_t)d->addr[queue].desc;
}

static uint16_t flags_of(const struct vring_packed_desc *desc)
{
	return le16_to_cpu(desc->flags);
}

/* The device uses a descriptor: of lap wrap, nothing written. */
static void use(struct vring_packed_desc *desc, uint16_t id, bool wrap)
{
	desc->id = cpu_to_le16(id);
	desc->len = cpu_to_le32(0);
	desc->flags = cpu_to_le16(wrap ? AVAIL | USED : 0);
}

static void nothing_received(void *ctx, const struct drv_net_frame *received)
{
	(void)ctx;
	(void)received;
	cr_assert_fail("a frame came from nowhere");
}

/* ---- a queue alone ---- */

struct alone {
	struct hand_device d; /* for its environment and its transport */
	struct drv_vq *vq;
	struct vring_packed_desc *desc;
	uint8_t data[64];
	struct drv_sg sg[8];
};

static void alone_open(struct alone *a, uint16_t size, uint16_t indirect)
{
	struct drv_vq_config config = {.index = TX, .size = size, .indirect = indirect};

	hand_device_open_offering(&a->d, 0);
	a->vq = drv_vq_packed_create(&a->d.env, &a->d.transport, &config);
	cr_assert_not_null(a->vq);
	a->desc = (struct vring_packed_desc *)(uintptr_t)a->vq->addr.desc;
	for (unsigned i = 0; i < 8; i++)
		a->sg[i] = (struct drv_sg){(uintptr_t)&a->data[i * 8], i + 1};
}

static void alone_close(struct alone *a)
{
	drv_vq_destroy(a->vq);
	hand_device_close(&a->d);
}

static bool untouched(const struct alone *a, unsigned from, unsigned to)
{
	static const struct vring_packed_desc zero;

	for (; from < to; from++)
		if (memcmp(&a->desc[from], &zero, sizeof(zero)) != 0)
			return false;
	return true;
}

Test(VN, VN_dc02f68e)
{
	struct hand_device d;

	hand_device_open_offering(&d, PACKED);
	for (unsigned q = 0; q < 3; q++)
		cr_expect(d.addr[q].desc % 16 == 0 && d.addr[q].driver % 4 == 0 && d.addr[q].device % 4 == 0,
			  "VN-dc02f68e: queue %u", q);
	hand_device_close(&d);
}

/* A full queue of transmissions stays as it is, whatever the driver would still send. */
Test(VN, VN_d0245546)
{
	struct vring_packed_desc before[64];
	struct hand_device d;
	unsigned size;
	int err;

	hand_device_open_offering(&d, PACKED);
	size = d.size[TX];
	cr_assert_leq(size, 64u);
	do
		err = drv_net_transmit(d.net, 0, frame, FRAME);
	while (!err);
	cr_assert_eq(err, -EAGAIN);
	memcpy(before, packed(&d, TX), size * sizeof(*before));
	cr_expect_eq(drv_net_transmit(d.net, 0, frame, FRAME), -EAGAIN);
	cr_expect_eq(drv_net_reap(d.net), 0);
	cr_expect_eq(memcmp(before, packed(&d, TX), size * sizeof(*before)), 0, "VN-d0245546");
	use(&packed(&d, TX)[0], le16_to_cpu(before[0].id), true);
	cr_expect_eq(drv_net_reap(d.net), 1);
	cr_expect_eq(drv_net_transmit(d.net, 0, frame, FRAME), 0);
	cr_expect_eq(flags_of(&packed(&d, TX)[0]) & (AVAIL | USED), USED, "the second lap");
	cr_expect_eq(memcmp(before + 1, packed(&d, TX) + 1, (size - 1) * sizeof(*before)), 0, "VN-d0245546: others");
	hand_device_close(&d);
}

/* Receive buffers, once available, are left alone. */
Test(VN, VN_78e20416)
{
	struct vring_packed_desc before[64];
	struct hand_device d;

	hand_device_open_offering(&d, PACKED | EVENT_IDX);
	memcpy(before, packed(&d, RX), d.size[RX] * sizeof(*before));
	for (unsigned i = 0; i < d.size[RX]; i++)
		cr_expect_eq(flags_of(&before[i]), AVAIL | VRING_DESC_F_WRITE, "descriptor %u: %#x", i,
			     flags_of(&before[i]));
	for (unsigned i = 0; i < 4; i++) {
		cr_expect_eq(drv_net_receive(d.net, nothing_received, NULL, 10), 0);
		cr_expect_eq(drv_net_transmit(d.net, 0, frame, FRAME), 0);
		cr_expect_eq(drv_net_reap(d.net), 0);
	}
	cr_expect_eq(memcmp(before, packed(&d, RX), d.size[RX] * sizeof(*before)), 0, "VN-78e20416");
	hand_device_close(&d);
}

Test(VN, VN_3ab0811e)
{
	struct hand_device d;
	unsigned size;

	hand_device_open_offering(&d, PACKED | NOTIF);
	size = d.size[TX];
	for (unsigned n = 0; n < 3 * size; n++) {
		uint32_t next = (n + 1) % size, wrap = !((n + 1) / size & 1);

		cr_assert_eq(drv_net_transmit(d.net, 0, frame, FRAME), 0);
		cr_expect_eq(d.notify_data[TX], TX | next << 16 | wrap << 31, "VN-3ab0811e: %u: %#x", n,
			     d.notify_data[TX]);
		use(&packed(&d, TX)[n % size], le16_to_cpu(packed(&d, TX)[n % size].id), !(n / size & 1));
		cr_assert_eq(drv_net_reap(d.net), 1);
	}
	hand_device_close(&d);
}

static void too_long(const char *id, uint16_t size, uint16_t indirect, unsigned count)
{
	struct alone a;

	alone_open(&a, size, indirect);
	cr_expect_eq(drv_vq_submit(a.vq, a.sg, 1, count - 1, NULL), -EMSGSIZE, "%s: %u of %u", id, count, size);
	cr_expect(untouched(&a, 0, size), "%s: the ring was written to", id);
	alone_close(&a);
}

/* The device's limit is the queue's size: a network device has no other. */
Test(VN, VN_8413d4a1)
{
	too_long("VN-8413d4a1", 4, 0, 5);
}

Test(VN, VN_c7215408)
{
	too_long("VN-c7215408", 3, 0, 4);
	too_long("VN-c7215408", 1, 0, 2);
}

Test(VN, VN_55c6f3c9)
{
	too_long("VN-55c6f3c9", 4, 8, 5);
}

Test(VN, VN_ed627243)
{
	struct alone a;

	alone_open(&a, 8, 0);
	cr_assert_eq(drv_vq_submit(a.vq, a.sg, 3, 4, NULL), 0);
	for (unsigned i = 0; i < 7; i++)
		cr_expect_eq(!!(flags_of(&a.desc[i]) & VRING_DESC_F_WRITE), i >= 3, "VN-ed627243: element %u", i);
	alone_close(&a);
}

/* Two of four are taken: a list of three has to wait for both, and begins nowhere before. */
static void has_to_wait(const char *id)
{
	struct drv_vq_done done;
	struct alone a;

	alone_open(&a, 4, 0);
	cr_assert_eq(drv_vq_submit(a.vq, a.sg, 1, 0, NULL), 0);
	cr_assert_eq(drv_vq_submit(a.vq, a.sg, 1, 0, NULL), 0);
	cr_expect_eq(drv_vq_submit(a.vq, a.sg, 1, 2, NULL), -EAGAIN, "%s", id);
	cr_expect(untouched(&a, 2, 4), "%s: a list has begun", id);
	use(&a.desc[0], le16_to_cpu(a.desc[0].id), true);
	cr_assert_eq(drv_vq_complete(a.vq, &done), 0);
	cr_expect_eq(drv_vq_submit(a.vq, a.sg, 1, 2, NULL), 0, "%s", id);
	alone_close(&a);
}

Test(VN, VN_cbfd6b95)
{
	has_to_wait("VN-cbfd6b95");
}

Test(VN, VN_f8a19752)
{
	has_to_wait("VN-f8a19752");
}

/* Seen from the moment that the first one is: all the others have their flags, across the end of the ring too. */
Test(VN, VN_557a31bd)
{
	struct drv_vq_done done;
	struct alone a;

	alone_open(&a, 4, 0);
	for (unsigned n = 0; n < 40; n++) {
		unsigned first = 3 * n % 4;
		bool wrap = !(3 * n / 4 & 1);

		cr_assert_eq(drv_vq_submit(a.vq, a.sg, 1, 2, NULL), 0);
		for (unsigned i = 0; i < 3; i++) {
			bool lap = first + i < 4 ? wrap : !wrap;

			cr_expect_eq(flags_of(&a.desc[(first + i) % 4]) & (AVAIL | USED | VRING_DESC_F_NEXT),
				     (lap ? AVAIL : USED) | (i < 2 ? VRING_DESC_F_NEXT : 0), "VN-557a31bd: %u: %u", n,
				     i);
		}
		use(&a.desc[first], le16_to_cpu(a.desc[(first + 2) % 4].id), wrap);
		cr_assert_eq(drv_vq_complete(a.vq, &done), 0);
	}
	alone_close(&a);
}

Test(VN, VN_bccf1ea9)
{
	struct alone a;

	alone_open(&a, 4, 0);
	cr_assert_eq(drv_vq_submit(a.vq, a.sg, 1, 2, NULL), 0);
	for (unsigned i = 0; i < 4; i++)
		cr_expect_not(flags_of(&a.desc[i]) & VRING_DESC_F_INDIRECT, "VN-bccf1ea9: %u", i);
	alone_close(&a);
}

Test(VN, VN_460ccbf9)
{
	const struct vring_packed_desc *table;
	struct alone a;

	alone_open(&a, 4, 4);
	cr_assert_eq(drv_vq_submit(a.vq, a.sg, 2, 2, NULL), 0);
	cr_assert(flags_of(&a.desc[0]) & VRING_DESC_F_INDIRECT);
	cr_assert_eq(le32_to_cpu(a.desc[0].len), 4 * sizeof(*table));
	table = (const void *)(uintptr_t)le64_to_cpu(a.desc[0].addr);
	for (unsigned i = 0; i < 4; i++) {
		cr_expect_eq(flags_of(&table[i]), i < 2 ? 0 : VRING_DESC_F_WRITE, "VN-460ccbf9: entry %u: %#x", i,
			     flags_of(&table[i]));
		cr_expect_eq(le32_to_cpu(table[i].len), i + 1);
	}
	alone_close(&a);
}

Test(VN, VN_5a5c5c14)
{
	struct alone a;

	alone_open(&a, 8, 2);
	cr_assert_eq(drv_vq_submit(a.vq, a.sg, 1, 1, NULL), 0);
	cr_assert_eq(drv_vq_submit(a.vq, a.sg, 1, 2, NULL), 0, "too long for a table");
	for (unsigned i = 0; i < 8; i++)
		cr_expect_not((flags_of(&a.desc[i]) & VRING_DESC_F_INDIRECT) &&
				      (i || (flags_of(&a.desc[i]) & VRING_DESC_F_NEXT)),
			      "VN-5a5c5c14: descriptor %u", i);
	alone_close(&a);
}

/* ---- split ---- */

Test(VN, VN_8ff23fc3)
{
	struct drv_vq_config config = {.index = TX, .size = 4, .in_order = true};
	const struct vring_desc *desc;
	struct vring_used *used;
	struct hand_device d;
	struct drv_vq *vq;
	struct drv_vq_done done;
	uint8_t data[4];
	struct drv_sg sg[3] = {{(uintptr_t)data, 1}, {(uintptr_t)data, 1}, {(uintptr_t)data, 1}};

	hand_device_open_offering(&d, 0);
	vq = drv_vq_split_create(&d.env, &d.transport, &config);
	cr_assert_not_null(vq);
	desc = (const void *)(uintptr_t)vq->addr.desc;
	used = (void *)(uintptr_t)vq->addr.device;
	for (uint16_t n = 0; n < 12; n++) {
		unsigned head = 3u * n % 4;

		cr_assert_eq(drv_vq_submit(vq, sg, 3, 0, NULL), 0);
		for (unsigned i = head; i < head + 2; i++)
			cr_expect_eq(le16_to_cpu(desc[i % 4].next), (i + 1) % 4, "VN-8ff23fc3: chain %u: %u after %u",
				     n, le16_to_cpu(desc[i % 4].next), i % 4);
		used->ring[n % 4] = (struct vring_used_elem){cpu_to_le32(head), cpu_to_le32(0)};
		used->idx = cpu_to_le16((uint16_t)(n + 1));
		cr_assert_eq(drv_vq_complete(vq, &done), 0);
	}
	drv_vq_destroy(vq);
	hand_device_close(&d);
}

/* Sends and looks for frames, and gives the flags of each available ring to look at. */
static void busy(uint64_t features, uint16_t allowed, const char *id)
{
	struct hand_device d;

	hand_device_open_offering(&d, features);
	for (unsigned n = 0; n < 8; n++) {
		cr_assert_eq(drv_net_transmit(d.net, 0, frame, FRAME), 0);
		cr_expect_eq(drv_net_receive(d.net, nothing_received, NULL, 10), 0);
		cr_expect_eq(drv_net_reap(d.net), 0);
		for (unsigned q = 0; q < 3; q++) {
			const struct vring_avail *avail = (const void *)(uintptr_t)d.addr[q].driver;

			cr_expect_not(le16_to_cpu(avail->flags) & ~allowed, "%s: queue %u: %#x", id, q,
				      le16_to_cpu(avail->flags));
		}
	}
	hand_device_close(&d);
}

Test(VN, VN_880f7dd0)
{
	busy(0, 1, "VN-880f7dd0");
}

Test(VN, VN_994c155b)
{
	busy(EVENT_IDX, 0, "VN-994c155b");
}

/* The device says that there is something to look at, and there is not. */
Test(VN, VN_40a15898)
{
	static const uint64_t forms[] = {0, EVENT_IDX, PACKED, PACKED | EVENT_IDX, IN_ORDER, PACKED | IN_ORDER};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct hand_device d;

		hand_device_open_offering(&d, forms[i]);
		for (unsigned n = 0; n < 5; n++) {
			cr_expect_eq(drv_net_receive(d.net, nothing_received, NULL, 10), 0, "VN-40a15898");
			cr_expect_eq(drv_net_reap(d.net), 0, "VN-40a15898");
			cr_expect_not(drv_net_broken(d.net), "VN-40a15898: features %#llx",
				      (unsigned long long)forms[i]);
		}
		cr_expect_eq(drv_net_transmit(d.net, 0, frame, FRAME), 0);
		hand_device_close(&d);
	}
}

/* A frame to send and a buffer to fill take one descriptor each. */
Test(VN, VN_524c1370)
{
	struct hand_device d;

	hand_device_open_offering(&d, 0);
	cr_assert_eq(drv_net_transmit(d.net, 0, frame, FRAME), 0);
	for (unsigned q = RX; q <= TX; q++) {
		const struct vring_avail *avail = (const void *)(uintptr_t)d.addr[q].driver;
		const struct vring_desc *desc = (const void *)(uintptr_t)d.addr[q].desc;

		cr_assert_gt(le16_to_cpu(avail->idx), 0);
		for (unsigned i = 0; i < le16_to_cpu(avail->idx); i++)
			cr_expect_not(le16_to_cpu(desc[le16_to_cpu(avail->ring[i])].flags) & VRING_DESC_F_NEXT,
				      "VN-524c1370: queue %u, buffer %u", q, i);
	}
	hand_device_close(&d);
}
