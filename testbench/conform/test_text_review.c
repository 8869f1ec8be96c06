/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements where two readers of the text could have built different devices. */
#include "bench.h"
#include "hand_ring.h"
#include "spec/wire/virtio_net_xdp.h"

#define BASE (1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_NET_F_CTRL_VQ | 1ULL << VIRTIO_NET_F_XDP_OFFLOAD_ALT)

/* Programs have no way to such a map: it must not be made without the one that it names. */
Test(XO, XO_242)
{
	static const struct {
		uint32_t inner, status;
	} rows[] = {{0, VIRTIO_NET_XDP_OK},
		    {VIRTIO_NET_XDP_ID_NONE, VIRTIO_NET_XDP_OK},
		    {1, VIRTIO_NET_XDP_ERR_SIZE},
		    {7, VIRTIO_NET_XDP_ERR_SIZE},
		    {0xfffffffe, VIRTIO_NET_XDP_ERR_SIZE}};
	static const uint32_t types[] = {VIRTIO_NET_XDP_MAP_HASH, VIRTIO_NET_XDP_MAP_ARRAY};
	struct answer a;
	struct bench b;
	unsigned i, k;

	bench_open(&b, NULL);
	make_map(&b, 1, VIRTIO_NET_XDP_MAP_HASH, 8, 4, 0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (k = 0; k < 2; k++) {
			struct virtio_net_xdp_map_create request = {
				.id = cpu_to_le32(0),
				.type = cpu_to_le32(types[k]),
				.key_size = cpu_to_le32(4),
				.value_size = cpu_to_le32(8),
				.max_entries = cpu_to_le32(4),
				.inner_map_id = cpu_to_le32(rows[i].inner),
			};

			ask(&b, &a, VIRTIO_NET_CTRL_XDP_MAP_CREATE, &request, sizeof(request), 8);
			cr_expect_eq(a.status, rows[i].status, "XO-242: type %u, inner map %#x: %s", types[k],
				     rows[i].inner, drv_xdp_status_name(a.status));
			if (a.status == VIRTIO_NET_XDP_OK)
				cr_assert_eq(drv_xdp_map_destroy(b.net, 0, NULL), 0);
		}
	bench_close(&b);
}

/* Puts a command of two descriptors into the queue: what the device reads, and ack and status behind it. */
static void enqueue(struct hand_queue *q, unsigned slot, uint8_t command, const void *data, uint32_t bytes)
{
	uint32_t at = slot * 128;
	uint8_t *in = q->buffer + at;

	in[0] = VIRTIO_NET_CTRL_XDP;
	in[1] = command;
	memcpy(in + 2, data, bytes);
	memset(in + 96, 0xa5, 16);
	hand_desc(q, 2 * slot, q->buffer_addr + at, 2 + bytes, VRING_DESC_F_NEXT, 2 * slot + 1);
	hand_desc(q, 2 * slot + 1, q->buffer_addr + at + 96, 9, VRING_DESC_F_WRITE, 0);
	hand_submit(q, 2 * slot);
}

/* Commands that succeed in this order only are made available at once, from higher descriptors to lower ones too. */
Test(XO, XO_243)
{
	static const uint8_t slots[2][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}};
	const struct virtio_net_xdp_map_create create = {
		.type = cpu_to_le32(VIRTIO_NET_XDP_MAP_HASH),
		.key_size = cpu_to_le32(4),
		.value_size = cpu_to_le32(4),
		.max_entries = cpu_to_le32(1),
		.inner_map_id = cpu_to_le32(VIRTIO_NET_XDP_ID_NONE),
	};
	const uint8_t update[16] = {0}; /* map 0, no flags, key and value 0 */
	const le32 destroy = cpu_to_le32(0);
	struct hand h;
	unsigned i, k;

	hand_start(&h, BASE);
	for (i = 0; i < 2; i++) {
		uint16_t used = hand_used(&h.cvq);

		enqueue(&h.cvq, slots[i][0], VIRTIO_NET_CTRL_XDP_MAP_CREATE, &create, sizeof(create));
		enqueue(&h.cvq, slots[i][1], VIRTIO_NET_CTRL_XDP_MAP_UPDATE, update, sizeof(update));
		enqueue(&h.cvq, slots[i][2], VIRTIO_NET_CTRL_XDP_MAP_DESTROY, &destroy, sizeof(destroy));
		enqueue(&h.cvq, slots[i][3], VIRTIO_NET_CTRL_XDP_MAP_UPDATE, update, sizeof(update));
		hand_kick(&h, 2);
		cr_assert_eq((uint16_t)(hand_used(&h.cvq) - used), 4, "XO-243: not all commands are done");
		for (k = 0; k < 4; k++) {
			const uint8_t *out = h.cvq.buffer + slots[i][k] * 128 + 96;
			unsigned want = k == 3 ? VIRTIO_NET_XDP_ERR_NOT_FOUND : VIRTIO_NET_XDP_OK;

			cr_expect(out[1] == want && out[2] == 0, "XO-243: command %u: status %#x, not %#x", k,
				  out[1] | out[2] << 8, want);
		}
	}
	hand_close(&h);
}

/* What is no Ethernet frame gets past no program, and is not run. */
Test(XO, XO_247)
{
	static const int32_t actions[] = {VIRTIO_NET_XDP_PASS, VIRTIO_NET_XDP_TX, 77};
	uint8_t frame[64];
	struct bench b;
	unsigned i, bytes;

	make_frame(frame, sizeof(frame));
	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		bench_open(&b, NULL);
		LOAD(&b, 0, RETURN(actions[i]));
		attach(&b, 0, 1, VIRTIO_NET_XDP_ATTACH_F_UNSUPPORTED_PASS);
		for (bytes = 1; bytes < 14; bytes++)
			play(&b, frame, bytes);
		cr_expect_eq(b.num_got, 0, "XO-247: action %d: %u packets are delivered", actions[i], b.num_got);
		cr_expect_eq(link_mem_sent_count(b.link), 0, "XO-247: action %d: packets are sent", actions[i]);
		cr_expect_eq(info_of(&b, 0).run_count, 0, "XO-247: action %d: packets are run", actions[i]);
		play(&b, frame, 14);
		cr_expect_eq(info_of(&b, 0).run_count, 1, "XO-247: action %d: 14 bytes are enough", actions[i]);
		bench_close(&b);
	}
}
