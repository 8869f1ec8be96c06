/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements of virtio 1.4 on reserved feature bits: what platforms do to addresses, and what is not offered. */
#include <string.h>

#include "hand_ring.h"

#include <criterion/criterion.h>

#define RX       0
#define TX       1
#define HDR      ((uint32_t)sizeof(struct virtio_net_hdr))
#define FRAME    60
#define ACCESS   (1ULL << VIRTIO_F_ACCESS_PLATFORM)
#define FEATURES (1ULL << VIRTIO_F_VERSION_1 | ACCESS)
#define INDIRECT (1ULL << VIRTIO_RING_F_INDIRECT_DESC)

static bool offers(struct hand *h, unsigned bit)
{
	return h->t->ops->get_features(h->t->ctx, bit / 32) >> bit % 32 & 1;
}

static void count_frame(void *ctx, const struct drv_net_frame *frame)
{
	*(unsigned *)ctx += frame->bytes == FRAME;
}

/* One frame each way through the reference driver. */
static void play(const char *id, uint64_t features)
{
	uint8_t frame[FRAME] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2};
	unsigned received = 0;
	struct hand h;

	hand_open_offering(&h, features);
	cr_assert_eq(!!rig_iommu(h.rig), !!features);
	cr_assert_eq(drv_net_start(rig_driver(h.rig)), 0);
	cr_assert_eq(drv_net_has(rig_driver(h.rig), VIRTIO_F_ACCESS_PLATFORM), !!features);
	cr_assert_eq(link_mem_push(h.link, frame, sizeof(frame)), 0);
	cr_assert_eq(drv_net_transmit(rig_driver(h.rig), 0, frame, sizeof(frame)), 0);
	rig_settle(h.rig);
	drv_net_receive(rig_driver(h.rig), count_frame, &received, 8);
	cr_expect_eq(received, 1, "%s: a frame did not come through", id);
	cr_expect_eq(link_mem_sent_count(h.link), 1, "%s: a frame was not sent", id);
	hand_close(&h);
}

/* The platform maps what the driver allocates, at other addresses, and nothing else: with any other address, nothing
 * would come through. */
Test(VN, VN_ffec5948)
{
	play("VN-ffec5948", ACCESS);
}

/* The device knows no other addresses than those of guest memory. */
Test(VN, VN_4b147623)
{
	play("VN-4b147623", 0);
}

Test(VN, VN_9c4f54e0)
{
	struct hand h;

	hand_open_offering(&h, ACCESS);
	cr_assert_not_null(rig_iommu(h.rig), "addresses are not translated");
	cr_expect(offers(&h, VIRTIO_F_ACCESS_PLATFORM), "VN-9c4f54e0");
	hand_close(&h);
}

Test(VN, VN_fdac2763)
{
	struct hand h;

	hand_open(&h);
	cr_expect_not(offers(&h, VIRTIO_F_SR_IOV), "VN-fdac2763: this is no PCI device with virtual functions");
	hand_close(&h);
}

Test(VN, VN_cb1785e1)
{
	struct hand h;

	hand_open(&h);
	cr_expect_not(offers(&h, 30), "VN-cb1785e1");
	hand_close(&h);
}

enum fault {
	TX_UNMAPPED,
	TX_ENDS_OUTSIDE,
	TX_PHYSICAL,
	RX_READ_ONLY,
	TABLE_UNMAPPED,
	RING_REMOVED,
	BUFFER_REMOVED,
	FAULTS,
};

static const char *const fault_names[FAULTS] = {
	"ch-a6d3901f3: a buffer that is not mapped",
	"a buffer that goes beyond what is mapped",
	"a guest-physical address instead of a device address",
	"a receive buffer mapped for reading only",
	"an indirect table that is not mapped",
	"a ring whose mapping is taken away in mid-use",
	"a buffer whose mapping is taken away while it is available",
};

static void send_at(struct hand *h, uint64_t addr, uint32_t bytes, uint16_t flags)
{
	hand_desc(&h->tx, 0, addr, bytes, flags, 0);
	hand_submit(&h->tx, 0);
}

static void provoke(struct hand *h, enum fault fault)
{
	uint8_t frame[FRAME] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2};
	struct iommu *iommu = rig_iommu(h->rig);
	uint64_t gpa = h->tx.buffer_addr - RIG_IOVA(0);

	switch (fault) {
	case TX_UNMAPPED:
		send_at(h, h->tx.buffer_addr + (1ULL << 40), HDR + FRAME, 0);
		break;
	case TX_ENDS_OUTSIDE:
		send_at(h, 0x7000, HDR + FRAME, 0);
		cr_assert_eq(iommu_map(iommu, 0x7000, HDR + FRAME - 1, gpa, false), 0);
		break;
	case TX_PHYSICAL:
		send_at(h, gpa, HDR + FRAME, 0);
		break;
	case RX_READ_ONLY:
		cr_assert_eq(iommu_map(iommu, 0x8000, 4096, gpa, true), 0);
		hand_desc(&h->rx, 0, 0x8000, 4096, VRING_DESC_F_WRITE, 0);
		hand_submit(&h->rx, 0);
		cr_assert_eq(link_mem_push(h->link, frame, sizeof(frame)), 0);
		break;
	case TABLE_UNMAPPED:
		send_at(h, 0x9000, 32, VRING_DESC_F_INDIRECT);
		break;
	case RING_REMOVED:
		send_at(h, h->tx.buffer_addr, HDR + FRAME, 0);
		hand_kick(h, TX);
		cr_assert_eq(hand_used(&h->tx), 1);
		send_at(h, h->tx.buffer_addr, HDR + FRAME, 0);
		cr_assert_eq(iommu_unmap(iommu, h->tx.addr.device, sizeof(struct vring_used) + HAND_SIZE * 8 + 2), 0);
		break;
	case BUFFER_REMOVED:
		cr_assert_eq(iommu_map(iommu, 0xa000, HDR + FRAME, gpa, true), 0);
		send_at(h, 0xa000, HDR + FRAME, 0);
		cr_assert_eq(iommu_unmap(iommu, 0xa000, HDR + FRAME), 0);
		break;
	case FAULTS:
		break;
	}
	hand_kick(h, TX);
}

/* The queue stops and the device says that it needs a reset, once; the other queue goes on; a reset mends all. */
Test(platform, faults_ch_a6d3901f3)
{
	for (enum fault fault = 0; fault < FAULTS; fault++) {
		uint8_t frame[FRAME] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2};
		size_t sent;
		uint16_t used;
		struct hand h;

		hand_open_offering(&h, ACCESS);
		cr_assert(hand_negotiate(&h, FEATURES | INDIRECT));
		hand_queues(&h);
		hand_set_status(&h, 15);
		provoke(&h, fault);
		cr_expect_eq(hand_status(&h), 15 | VIRTIO_CONFIG_S_NEEDS_RESET, "%s: status %#x", fault_names[fault],
			     hand_status(&h));
		cr_expect_eq(rig_config_interrupts(h.rig), 1, "%s", fault_names[fault]);
		sent = link_mem_sent_count(h.link);
		used = hand_used(&h.rx);
		if (fault == RX_READ_ONLY) {
			send_at(&h, h.tx.buffer_addr, HDR + FRAME, 0);
			hand_kick(&h, TX);
			cr_expect_eq(link_mem_sent_count(h.link), sent + 1, "%s: transmission", fault_names[fault]);
		} else {
			hand_desc(&h.rx, 0, h.rx.buffer_addr, 4096, VRING_DESC_F_WRITE, 0);
			hand_submit(&h.rx, 0);
			cr_assert_eq(link_mem_push(h.link, frame, sizeof(frame)), 0);
			hand_kick(&h, RX);
			cr_expect_eq(hand_used(&h.rx), used + 1, "%s: reception", fault_names[fault]);
		}
		hand_set_status(&h, 0);
		cr_assert(hand_negotiate(&h, FEATURES));
		hand_queues(&h);
		hand_set_status(&h, 15);
		sent = link_mem_sent_count(h.link);
		send_at(&h, h.tx.buffer_addr, HDR + FRAME, 0);
		hand_kick(&h, TX);
		cr_expect_eq(link_mem_sent_count(h.link), sent + 1, "%s: after a reset", fault_names[fault]);
		cr_expect_eq(hand_status(&h), 15, "%s: after a reset: %#x", fault_names[fault], hand_status(&h));
		hand_close(&h);
	}
}

/* Without ACCESS_PLATFORM a device behind a translation cannot work, and says so. */
Test(platform, not_accepted)
{
	struct hand h;

	hand_open_offering(&h, ACCESS);
	cr_expect_not(hand_negotiate(&h, 1ULL << VIRTIO_F_VERSION_1));
	hand_set_status(&h, 0);
	cr_expect(hand_negotiate(&h, FEATURES));
	hand_close(&h);
}
