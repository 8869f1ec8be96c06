/* SPDX-License-Identifier: BSD-2-Clause */
#include "bed.h"
#include <criterion/criterion.h>

static const struct virtio_features all = {{0, 0}};

/* Offloads: on once negotiated, and only these can be turned on again. No device offers them yet. */
Test(net_offload, set)
{
	static const uint64_t negotiated = 1ULL << 1 | 1ULL << 46 | 1ULL << 54;
	static const struct {
		uint64_t bits;
		bool ok;
	} rows[] = {
		{0, true},
		{1ULL << 1, true},
		{1ULL << 54, true},
		{1ULL << 46, true},
		{1ULL << 47, false},
		{1ULL << 1 | 1ULL << 7, false},
		{1ULL << VIRTIO_NET_F_MRG_RXBUF, false},
		{UINT64_MAX, false},
	};
	uint64_t before;
	struct bed bed;
	uint8_t r[8];

	bed_open(&bed);
	bed_start(&bed, all);
	cr_expect_eq(bed.net->offloads, 0);
	virtio_feature_set(&bed.net->vdev.accepted, VIRTIO_NET_F_GUEST_CSUM, true);
	virtio_feature_set(&bed.net->vdev.accepted, VIRTIO_NET_F_GUEST_USO4, true);
	virtio_feature_set(&bed.net->vdev.accepted, VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO, true);
	net_offload_start(bed.net);
	cr_expect_eq(bed.net->offloads, negotiated);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		le64 wire = cpu_to_le64(rows[i].bits);

		before = bed.net->offloads;
		cr_expect_eq(bed_command(&bed, VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET,
					 &wire, sizeof(wire), r, sizeof(r), NULL),
			     rows[i].ok ? VIRTIO_NET_OK : VIRTIO_NET_ERR, "row %zu", i);
		cr_expect_eq(bed.net->offloads, rows[i].ok ? rows[i].bits : before, "row %zu", i);
	}
	bed_close(&bed);
}
