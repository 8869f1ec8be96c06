/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "rig/link_mem.h"
#include "rogue.h"
#include "spec/wire/virtio_config.h"
#include "spec/wire/virtio_net.h"
#include "spec/wire/virtio_net_xdp.h"
#include "spec/wire/virtio_ring.h"

#define SIZE       8 /* descriptors of each queue */
#define POSTED     4 /* receive buffers */
#define BUFFER     4096
#define BIG        (128 << 10) /* bytes of the buffer behind the others */
#define TABLE_AT   (2 * BUFFER)
#define PAIRS      2
#define QUEUES_MAX (2 * PAIRS + 1)
#define MTU        1500
#define FRAME      60
#define HDR        ((uint32_t)sizeof(struct virtio_net_hdr))
#define XDP_BIT    VIRTIO_NET_F_XDP_OFFLOAD_ALT
#define LIVE       15

#define NEXT     VRING_DESC_F_NEXT
#define WRITE    VRING_DESC_F_WRITE
#define INDIRECT VRING_DESC_F_INDIRECT

struct queue {
	union {
		struct vring_desc *split;
		struct vring_packed_desc *packed;
	} desc;
	struct vring_avail *avail; /* packed: the event structure of the driver */
	struct vring_used *used;
	struct drv_queue_addr addr;
	uint8_t *data; /* of SIZE buffers, and a big one */
	uint64_t at;
	uint16_t next;   /* descriptor; packed: with its wrap counter */
	uint16_t kicked; /* split: available index at the last look at whether to notify */
};

struct rogue {
	enum strict_row wrong;
	enum rogue_flavour flavour;
	struct rig *rig;
	struct link *link;
	const struct drv_transport *t;
	uint64_t features;
	uint8_t status; /* as written */
	bool packed;
	uint16_t pairs, cvq;
	struct queue q[QUEUES_MAX];
};

/* A piece of a chain. */
struct piece {
	uint64_t addr;
	uint32_t bytes;
	uint16_t flags;
};

static bool on(const struct rogue *r, enum strict_row row)
{
	return r->wrong == row;
}

static bool has(const struct rogue *r, unsigned bit)
{
	return r->features >> bit & 1;
}

static uint64_t features_of(enum rogue_flavour flavour, uint64_t all)
{
	const uint64_t plain = 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_NET_F_MAC | 1ULL << VIRTIO_NET_F_CTRL_VQ;
	const uint64_t packed = 1ULL << VIRTIO_F_RING_PACKED;
	const uint64_t order = 1ULL << VIRTIO_RING_F_EVENT_IDX | 1ULL << VIRTIO_F_IN_ORDER;

	switch (flavour) {
	case ROGUE_SPLIT:
		return all & ~packed & ~order;
	case ROGUE_EVENT:
		return all & ~packed;
	case ROGUE_PACKED:
		return all & ~order;
	case ROGUE_PACKED_PLAIN:
		return plain | packed;
	default:
		return plain;
	}
}

/* ---- rings ---- */

static void *allocate(struct rogue *r, size_t bytes, size_t align, uint64_t *addr)
{
	const struct drv_env *env = rig_env(r->rig);
	void *p = env->dma_alloc(env->ctx, bytes, align, addr);

	cr_assert_not_null(p);
	return p;
}

static uint16_t idx_of(const struct queue *q)
{
	return le16_to_cpu(q->avail->idx);
}

static void set_idx(struct queue *q, uint16_t idx)
{
	q->avail->idx = cpu_to_le16(idx);
}

static void put_split(struct queue *q, uint16_t i, const struct piece *p, uint16_t next)
{
	q->desc.split[i] = (struct vring_desc){cpu_to_le64(p->addr), cpu_to_le32(p->bytes), cpu_to_le16(p->flags),
					       cpu_to_le16(next)};
}

static void put_packed(struct queue *q, uint16_t at, const struct piece *p)
{
	uint16_t ring = vring_packed_available(at);

	q->desc.packed[vring_packed_index(at)] =
		(struct vring_packed_desc){cpu_to_le64(p->addr), cpu_to_le32(p->bytes),
					   cpu_to_le16(vring_packed_index(at)), cpu_to_le16(p->flags | ring)};
}

static uint16_t forward(const struct rogue *r, uint16_t at, unsigned count)
{
	return r->packed ? vring_packed_forward(at, count, SIZE) : (uint16_t)((at + count) % SIZE);
}

/* Makes a chain available; NEXT is added to all pieces but the last. */
static void submit(struct rogue *r, struct queue *q, const struct piece *pieces, unsigned count)
{
	for (unsigned i = count; i--;) {
		uint16_t at = forward(r, q->next, i);
		struct piece p = pieces[i];

		p.flags |= i + 1 < count ? NEXT : 0;
		if (r->packed)
			put_packed(q, at, &p);
		else
			put_split(q, at, &p, i + 1 < count ? forward(r, at, 1) : 0);
	}
	if (!r->packed) {
		q->avail->ring[idx_of(q) % SIZE] = cpu_to_le16(q->next);
		set_idx(q, (uint16_t)(idx_of(q) + 1));
	}
	q->next = forward(r, q->next, count);
}

static void tell(struct rogue *r, uint16_t queue, uint16_t place)
{
	uint32_t data = has(r, VIRTIO_F_NOTIF_CONFIG_DATA) ? r->t->ops->queue_notif_data(r->t->ctx, queue) : queue;

	if (has(r, VIRTIO_F_NOTIFICATION_DATA))
		data |= (uint32_t)place << 16;
	r->t->ops->notify(r->t->ctx, queue, data);
}

static bool wanted(const struct rogue *r, const struct queue *q)
{
	uint16_t event;

	if (r->packed)
		return true;
	if (!has(r, VIRTIO_RING_F_EVENT_IDX))
		return !(le16_to_cpu(q->used->flags) & VRING_USED_F_NO_NOTIFY);
	memcpy(&event, &q->used->ring[SIZE], sizeof(event));
	event = le16_to_cpu((le16){event});
	return (uint16_t)(idx_of(q) - event - 1) < (uint16_t)(idx_of(q) - q->kicked);
}

static void kick(struct rogue *r, uint16_t queue)
{
	struct queue *q = &r->q[queue];
	bool tells = wanted(r, q);

	if (!r->packed)
		q->kicked = idx_of(q);
	if (tells)
		tell(r, queue, r->packed ? q->next : q->kicked);
}

static void run(struct rogue *r)
{
	rig_settle(r->rig);
}

static void post(struct rogue *r, uint16_t queue)
{
	struct queue *q = &r->q[queue];
	uint32_t bytes = BUFFER;

	if (on(r, STRICT_RX_SMALL))
		bytes = 1525;
	if (on(r, STRICT_RX_HEADER))
		bytes = HDR - 1;
	submit(r, q, &(struct piece){q->at + (uint64_t)vring_packed_index(q->next) * BUFFER, bytes, WRITE}, 1);
}

static void arrive(struct rogue *r)
{
	static const uint8_t frame[FRAME] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2};

	cr_assert_eq(link_mem_push(r->link, frame, sizeof(frame)), 0);
	run(r);
}

/* ---- initialisation ---- */

static uint8_t status(struct rogue *r)
{
	return r->t->ops->get_status(r->t->ctx);
}

static void set_status(struct rogue *r, uint8_t bits)
{
	r->status = bits;
	r->t->ops->set_status(r->t->ctx, bits);
}

static void reset(struct rogue *r)
{
	set_status(r, 0);
	cr_assert_eq(status(r), 0);
}

/* Steps that are no way to begin, each in a session of its own. */
static void false_starts(struct rogue *r)
{
	static const struct {
		enum strict_row row;
		uint8_t statuses[4];
	} rows[] = {
		{STRICT_NO_ACKNOWLEDGE, {2}},
		{STRICT_NO_DRIVER, {1, 9}},
		{STRICT_NO_FEATURES_OK, {1, 3, 7}},
		{STRICT_AFTER_FAILED, {1, 0x81, 0x83}},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!on(r, rows[i].row))
			continue;
		for (unsigned k = 0; k < 4 && rows[i].statuses[k]; k++)
			set_status(r, rows[i].statuses[k]);
		reset(r);
	}
}

static void read_field(struct rogue *r, uint32_t offset, size_t bytes)
{
	uint8_t to[8];

	if (!on(r, STRICT_NO_GENERATION))
		r->t->ops->config_generation(r->t->ctx);
	r->t->ops->config_read(r->t->ctx, offset, to, bytes);
	if (!on(r, STRICT_NO_GENERATION))
		r->t->ops->config_generation(r->t->ctx);
}

static void read_config(struct rogue *r)
{
	uint8_t byte = 0;

	read_field(r, 0, 6);
	if (has(r, VIRTIO_NET_F_MTU) || on(r, STRICT_FIELD_ABSENT))
		read_field(r, offsetof(struct virtio_net_config, mtu), 2);
	if (has(r, VIRTIO_NET_F_STATUS))
		read_field(r, offsetof(struct virtio_net_config, status), 2);
	if (has(r, VIRTIO_NET_F_MQ))
		read_field(r, offsetof(struct virtio_net_config, max_virtqueue_pairs), 2);
	if (has(r, VIRTIO_NET_F_SPEED_DUPLEX))
		read_field(r, offsetof(struct virtio_net_config, speed), 5);
	if (on(r, STRICT_CONFIG_EARLY))
		r->t->ops->config_write(r->t->ctx, 0, &byte, 1);
}

static void write_features(struct rogue *r, uint64_t word, uint32_t beyond)
{
	r->t->ops->set_features(r->t->ctx, 0, (uint32_t)word);
	r->t->ops->set_features(r->t->ctx, 1, (uint32_t)(word >> 32));
	r->t->ops->set_features(r->t->ctx, 3, beyond);
}

/* What the driver accepts of r->features, which are those offered. */
static uint64_t accepted(const struct rogue *r)
{
	static const struct {
		enum strict_row row;
		uint8_t bit;
	} left_out[] = {
		{STRICT_NO_VERSION_1, VIRTIO_F_VERSION_1},
		{STRICT_NO_ACCESS_PLATFORM, VIRTIO_F_ACCESS_PLATFORM},
		{STRICT_WENT_ON, VIRTIO_F_ACCESS_PLATFORM},
		{STRICT_NO_RING_PACKED, VIRTIO_F_RING_PACKED},
		{STRICT_NO_ORDER_PLATFORM, VIRTIO_F_ORDER_PLATFORM},
		{STRICT_NO_NOTIF_CONFIG_DATA, VIRTIO_F_NOTIF_CONFIG_DATA},
		{STRICT_NO_MAC, VIRTIO_NET_F_MAC},
		{STRICT_NO_MTU, VIRTIO_NET_F_MTU},
		{STRICT_NO_STANDBY, VIRTIO_NET_F_STANDBY},
	};
	const uint64_t by_command =
		1ULL << VIRTIO_NET_F_CTRL_VQ | 1ULL << VIRTIO_NET_F_CTRL_RX | 1ULL << VIRTIO_NET_F_CTRL_VLAN |
		1ULL << VIRTIO_NET_F_GUEST_ANNOUNCE | 1ULL << VIRTIO_NET_F_MQ | 1ULL << VIRTIO_NET_F_CTRL_MAC_ADDR |
		1ULL << VIRTIO_NET_F_CTRL_GUEST_OFFLOADS | 1ULL << VIRTIO_NET_F_DEVICE_STATS |
		1ULL << VIRTIO_NET_F_NOTF_COAL | 1ULL << VIRTIO_NET_F_VQ_NOTF_COAL | 1ULL << XDP_BIT;
	uint64_t word = r->features;

	for (unsigned i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		if (on(r, left_out[i].row))
			word &= ~(1ULL << left_out[i].bit);
	if (on(r, STRICT_EXTRA_ALONE))
		word &= ~by_command;
	if (on(r, STRICT_NOT_OFFERED))
		word |= 1ULL << VIRTIO_NET_F_CSUM;
	return word;
}

/* Whether the device agrees. */
static bool negotiate(struct rogue *r)
{
	uint64_t word = accepted(r);

	for (uint32_t i = 0; i < 4 && !on(r, STRICT_NOT_LOOKED); i++)
		r->t->ops->get_features(r->t->ctx, i);
	read_config(r);
	write_features(r, word, on(r, STRICT_NO_SUCH_FEATURE) ? 1U << 31 : 0);
	set_status(r, 11);
	if (!on(r, STRICT_NOT_READ_BACK) && !(status(r) & VIRTIO_CONFIG_S_FEATURES_OK)) {
		set_status(r, on(r, STRICT_WENT_ON) ? 15 : 11 | VIRTIO_CONFIG_S_FAILED);
		return false;
	}
	r->features = word;
	if (on(r, STRICT_LATE_FEATURE))
		write_features(r, word | 1 << VIRTIO_NET_F_CSUM, 0);
	if (on(r, STRICT_SUSPEND_EARLY)) {
		set_status(r, 11 | VIRTIO_CONFIG_S_SUSPEND);
		r->status = status(r);
	}
	return true;
}

static void enable(struct rogue *r, uint16_t queue)
{
	struct queue *q = &r->q[queue];
	struct drv_queue_addr askew = q->addr;

	q->next = r->packed ? VRING_PACKED_WRAP : 0;
	askew.driver++;
	if (on(r, r->packed ? STRICT_PACKED_ALIGN : STRICT_SPLIT_ALIGN))
		r->t->ops->queue_enable(r->t->ctx, queue, SIZE, &askew);
	r->t->ops->queue_enable(r->t->ctx, queue, SIZE, &q->addr);
}

static void make_queue(struct rogue *r, uint16_t queue)
{
	const size_t used = sizeof(struct vring_used) + SIZE * sizeof(struct vring_used_elem) + 2;
	struct queue *q = &r->q[queue];

	q->desc.split = allocate(r, SIZE * sizeof(struct vring_desc), VRING_DESC_ALIGN, &q->addr.desc);
	q->avail = allocate(r, sizeof(*q->avail) + 2 * (SIZE + 1), VRING_USED_ALIGN, &q->addr.driver);
	q->used = allocate(r, used, VRING_USED_ALIGN, &q->addr.device);
	q->data = allocate(r, SIZE * BUFFER + BIG, 64, &q->at);
	if (on(r, STRICT_USED_FLAGS))
		q->used->flags = cpu_to_le16(VRING_USED_F_NO_NOTIFY);
	if (!on(r, STRICT_PAIRS_NOT_READY) || queue != 3)
		enable(r, queue);
	q->used->flags = cpu_to_le16(0);
}

static bool start(struct rogue *r)
{
	if (!on(r, STRICT_NO_RESET))
		reset(r);
	false_starts(r);
	set_status(r, 1);
	if (on(r, STRICT_SEQUENCE))
		write_features(r, 0, 0);
	set_status(r, 3);
	if (!negotiate(r))
		return false;
	r->packed = has(r, VIRTIO_F_RING_PACKED);
	r->pairs = has(r, VIRTIO_NET_F_MQ) ? PAIRS : 1;
	r->cvq = 2 * r->pairs;
	for (uint16_t i = 0; i < (uint16_t)(2 * r->pairs + has(r, VIRTIO_NET_F_CTRL_VQ)); i++)
		make_queue(r, i);
	for (uint16_t i = 0; i < POSTED * r->pairs; i++)
		post(r, 2 * (i % r->pairs));
	if (on(r, STRICT_EARLY_NOTIFICATION))
		tell(r, 0, 0);
	set_status(r, LIVE);
	for (uint16_t i = 0; i < r->pairs; i++)
		kick(r, 2 * i);
	run(r);
	return true;
}

/* ---- transmission ---- */

static struct piece frame_of(struct rogue *r, uint16_t queue, uint32_t bytes)
{
	struct queue *q = &r->q[queue];

	memset(q->data, 0, HDR + bytes);
	return (struct piece){q->at, HDR + bytes, 0};
}

static void send(struct rogue *r, uint16_t queue)
{
	struct piece p = frame_of(r, queue, FRAME);

	submit(r, &r->q[queue], &p, 1);
	kick(r, queue);
	run(r);
}

/* Header fields that a driver must leave alone. */
static void wrong_headers(struct rogue *r, struct virtio_net_hdr *hdr)
{
	static const struct {
		enum strict_row row;
		uint8_t flags, gso_type, num_buffers;
	} rows[] = {
		{STRICT_NUM_BUFFERS, 0, 0, 1},
		{STRICT_TX_FLAGS, VIRTIO_NET_HDR_F_NEEDS_CSUM, 0, 0},
		{STRICT_RX_ONLY_FLAGS, VIRTIO_NET_HDR_F_DATA_VALID, 0, 0},
		{STRICT_TUNNEL_CSUM, 8, 0, 0},
		{STRICT_GSO_TCPV4, 0, 1, 0},
		{STRICT_GSO_TCPV6, 0, 4, 0},
		{STRICT_GSO_UDP, 0, 3, 0},
		{STRICT_GSO_UDP_L4, 0, 5, 0},
		{STRICT_GSO_TUNNEL, 0, 0x20, 0},
		{STRICT_GSO, 0, 0x80, 0},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (on(r, rows[i].row)) {
			hdr->flags = rows[i].flags;
			hdr->gso_type = rows[i].gso_type;
			hdr->num_buffers = cpu_to_le16(rows[i].num_buffers);
		}
}

static void send_one(struct rogue *r)
{
	struct queue *q = &r->q[1];
	struct virtio_net_hdr hdr = {0};
	uint32_t bytes = on(r, STRICT_LONG_FRAME) ? MTU + 15 : MTU + 14;
	struct piece p = frame_of(r, 1, bytes);

	wrong_headers(r, &hdr);
	memcpy(q->data, &hdr, sizeof(hdr));
	if (on(r, STRICT_TX_HEADER))
		p.bytes = HDR - 1;
	submit(r, q, &p, 1);
	kick(r, 1);
	run(r);
}

/* Header and frame in pieces. */
static void send_pieces(struct rogue *r)
{
	struct piece p = frame_of(r, 1, FRAME);
	struct piece pieces[SIZE + 1] = {{p.addr, HDR, 0}, {p.addr + HDR, FRAME - 10, 0}, {p.addr + HDR + 50, 10, 0}};
	bool disorder = on(r, r->packed ? STRICT_PACKED_ORDER : STRICT_ORDER);
	struct queue *q = &r->q[1];
	uint16_t head = q->next;
	unsigned count = 3;

	if (disorder)
		pieces[0].flags = WRITE;
	if (on(r, STRICT_INDIRECT_IN_LIST))
		pieces[2] = (struct piece){q->at + TABLE_AT, sizeof(struct vring_desc), INDIRECT};
	if (on(r, STRICT_LONG_LIST)) {
		for (count = 0; count < SIZE; count++)
			pieces[count] = (struct piece){p.addr, HDR, NEXT};
	}
	submit(r, q, pieces, count);
	if (on(r, STRICT_HALF_LIST)) /* as it was before */
		q->desc.packed[vring_packed_index(head) + 1].flags = cpu_to_le16(0);
	if (on(r, STRICT_ENDLESS) && !r->packed)
		put_split(q, 2 + head, &(struct piece){p.addr, 1, NEXT}, head);
	if (on(r, STRICT_NEXT_IN_ORDER))
		put_split(q, head, &(struct piece){p.addr, HDR, NEXT}, forward(r, head, 2));
	kick(r, 1);
	run(r);
}

static void put_entry(struct rogue *r, uint8_t *table, unsigned i, const struct piece *p, uint16_t next)
{
	struct vring_desc split = {cpu_to_le64(p->addr), cpu_to_le32(p->bytes), cpu_to_le16(p->flags),
				   cpu_to_le16(next)};
	struct vring_packed_desc packed = {cpu_to_le64(p->addr), cpu_to_le32(p->bytes), cpu_to_le16(0),
					   cpu_to_le16(p->flags)};

	if (r->packed)
		memcpy(table + i * sizeof(packed), &packed, sizeof(packed));
	else
		memcpy(table + i * sizeof(split), &split, sizeof(split));
}

static void send_table(struct rogue *r)
{
	bool without = on(r, STRICT_INDIRECT) || on(r, STRICT_PACKED_INDIRECT);
	struct queue *q = &r->q[1];
	struct piece p = frame_of(r, 1, FRAME), table;
	unsigned count = on(r, STRICT_LONG_CHAIN) || on(r, STRICT_LONG_TABLE) ? SIZE + 1 : 3;

	if (!has(r, VIRTIO_RING_F_INDIRECT_DESC) && !without)
		return;
	for (unsigned i = 0; i < count; i++) {
		struct piece entry = {p.addr + 4 * i, i + 1 < count ? 4 : HDR + FRAME - 4 * i, 0};
		uint16_t next = (uint16_t)(i + 1);

		if (!r->packed && i + 1 < count)
			entry.flags |= NEXT;
		if (on(r, STRICT_TABLE_FLAGS) && i == 1)
			entry.flags |= NEXT;
		if (on(r, STRICT_NESTED) && i == 2)
			entry.flags |= INDIRECT;
		if (on(r, STRICT_TABLE_IN_ORDER) && i == 0)
			next = 2;
		put_entry(r, q->data + TABLE_AT, i, &entry, i + 1 < count ? next : 0);
	}
	table = (struct piece){q->at + TABLE_AT, count * (uint32_t)sizeof(struct vring_desc), INDIRECT};
	if (on(r, STRICT_INDIRECT_NEXT))
		submit(r, q, (struct piece[]){table, p}, 2);
	else
		submit(r, q, &table, 1);
	kick(r, 1);
	run(r);
}

static void transmit(struct rogue *r)
{
	if (on(r, STRICT_AVAIL_FLAGS))
		r->q[1].avail->flags = cpu_to_le16(2);
	if (on(r, STRICT_AVAIL_FLAGS_EVENT))
		r->q[1].avail->flags = cpu_to_le16(1);
	if (on(r, STRICT_OTHER_TX))
		send(r, 3);
	send_one(r);
	send_pieces(r);
}

/* ---- reception ---- */

/* A frame, whose buffer is posted again. */
static void receive(struct rogue *r)
{
	arrive(r);
	post(r, 0);
	kick(r, 0);
	run(r);
}

/* One more than the list has room for. */
static void overfill(struct rogue *r)
{
	struct queue *q = &r->q[0];

	for (int i = POSTED; i < SIZE - 2; i++)
		post(r, 0);
	put_packed(q, forward(r, q->next, 1), &(struct piece){q->at, BUFFER, WRITE | NEXT});
	put_packed(q, q->next, &(struct piece){q->at, BUFFER, WRITE | NEXT});
}

static void alter(struct rogue *r)
{
	struct queue *q = &r->q[0];
	uint16_t third = r->packed ? vring_packed_index(forward(r, q->next, SIZE - 2)) : forward(r, q->next, SIZE - 2);

	if (on(r, STRICT_EXPOSED) && !r->packed)
		q->desc.split[third].len = cpu_to_le32(BUFFER - 1);
	if (on(r, STRICT_CHANGED))
		q->desc.packed[third].len = cpu_to_le32(BUFFER - 1);
	if (on(r, STRICT_OVERWRITTEN))
		q->desc.packed[third].flags.wire ^= cpu_to_le16(VRING_PACKED_DESC_F_LAP).wire;
	if (on(r, STRICT_DECREMENTED)) {
		set_idx(q, (uint16_t)(idx_of(q) - 3));
		for (int i = 0; i < POSTED; i++)
			arrive(r);
	}
	if (on(r, STRICT_NO_SPACE))
		overfill(r);
}

static void reception(struct rogue *r)
{
	receive(r);
	if (on(r, STRICT_NEEDLESS) || on(r, STRICT_EVENT_NEEDLESS)) {
		arrive(r);
		post(r, 0);
		tell(r, 0, idx_of(&r->q[0]));
	}
	if (on(r, STRICT_NOTIFIED_PLACE))
		tell(r, 0, forward(r, r->q[0].next, 1));
	alter(r);
	for (int i = 0; i < POSTED && !(status(r) & VIRTIO_CONFIG_S_NEEDS_RESET); i++)
		receive(r);
}

/* ---- commands ---- */

static void command(struct rogue *r, const void *bytes, uint32_t count, uint32_t room)
{
	struct queue *q = &r->q[r->cvq];
	uint64_t at = (uint64_t)SIZE * BUFFER;

	memset(q->data, 0, BUFFER);
	if (bytes)
		memcpy(q->data + at, bytes, count);
	submit(r, q, (struct piece[]){{q->at + at, count, 0}, {q->at, room, WRITE}}, 2);
	kick(r, r->cvq);
	run(r);
}

#define COMMAND(r, room, ...) command(r, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), room)

/* Commands of features that were not negotiated. */
static void foreign_commands(struct rogue *r)
{
	static const struct {
		enum strict_row row;
		uint8_t bytes[4];
	} rows[] = {
		{STRICT_CTRL_RX, {VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLMULTI, 1}},
		{STRICT_CTRL_RX_EXTRA, {VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOBCAST, 1}},
		{STRICT_CTRL_MAC, {VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, 2}},
		{STRICT_RSS, {VIRTIO_NET_CTRL_MQ, 1}},
		{STRICT_RSS_CONTEXT, {9, 0}},
		{STRICT_HASH_TUNNEL, {7, 0}},
		{STRICT_COAL, {VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_RX_SET}},
		{STRICT_COAL_OF_VQ, {VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET}},
		{STRICT_XDP, {VIRTIO_NET_CTRL_XDP, VIRTIO_NET_CTRL_XDP_CAP_GET}},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (on(r, rows[i].row))
			command(r, rows[i].bytes, sizeof(rows[i].bytes), 200);
}

static void filters(struct rogue *r)
{
	if (has(r, VIRTIO_NET_F_CTRL_RX)) {
		COMMAND(r, 1, VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, 1);
		COMMAND(r, 1, VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOMULTI, 0);
		if (on(r, STRICT_MAC_TABLE))
			COMMAND(r, 1, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, 2, 0, 0, 0, 2, 0, 0, 0, 0, 1,
				0, 0, 0, 0);
		else
			COMMAND(r, 1, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, 1, 0, 0, 0, 2, 0, 0, 0, 0, 1,
				0, 0, 0, 0);
	}
	if (has(r, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS))
		COMMAND(r, 1, VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET,
			on(r, STRICT_OFFLOADS) ? 1 << VIRTIO_NET_F_MAC : 0, 0, 0, 0, 0, 0, 0, 0);
}

static void multiqueue(struct rogue *r)
{
	if (!has(r, VIRTIO_NET_F_MQ))
		return;
	COMMAND(r, 1, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 2, 0);
	if (on(r, STRICT_PAIRS))
		COMMAND(r, 1, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 3, 0);
	if (!on(r, STRICT_PAIRS_NOT_READY))
		send(r, 3);
	COMMAND(r, 1, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 1, 0);
	if (on(r, STRICT_UNUSED_TX))
		send(r, 3);
}

static void statistics(struct rogue *r)
{
	if (has(r, VIRTIO_NET_F_VQ_NOTF_COAL))
		COMMAND(r, 9, VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET,
			on(r, STRICT_COAL_VQ) ? (uint8_t)r->cvq : 1, 0, 0, 0);
	if (!has(r, VIRTIO_NET_F_DEVICE_STATS))
		return;
	if (!on(r, STRICT_STATS_NOT_ASKED))
		COMMAND(r, 9, VIRTIO_NET_CTRL_STATS, VIRTIO_NET_CTRL_STATS_QUERY);
	/* Of transmitq1. */
	COMMAND(r, 200, VIRTIO_NET_CTRL_STATS, VIRTIO_NET_CTRL_STATS_GET, 1, 0, 0, 0, 0, 0, 0, 0,
		on(r, STRICT_STATS_TYPE) ? 1 : 0, 0, on(r, STRICT_STATS_TYPE) ? 0 : 1, 0, 0, 0, 0, 0);
}

static void program(struct rogue *r)
{
	struct {
		struct virtio_net_ctrl_hdr hdr;
		struct virtio_net_xdp_prog_create create;
	} __attribute__((packed))
	create = {{VIRTIO_NET_CTRL_XDP, VIRTIO_NET_CTRL_XDP_PROG_CREATE}, {.bytes = cpu_to_le32(32), .name = "rogue"}};
	struct {
		struct virtio_net_ctrl_hdr hdr;
		struct virtio_net_xdp_map_create create;
	} __attribute__((packed)) map = {{VIRTIO_NET_CTRL_XDP, VIRTIO_NET_CTRL_XDP_MAP_CREATE},
					 {.type = cpu_to_le32(VIRTIO_NET_XDP_MAP_ARRAY),
					  .key_size = cpu_to_le32(4),
					  .value_size = cpu_to_le32(8),
					  .max_entries = cpu_to_le32(1),
					  .inner_map_id = cpu_to_le32(VIRTIO_NET_XDP_ID_NONE)}};
	uint8_t write[2 + 8 + 8] = {VIRTIO_NET_CTRL_XDP, VIRTIO_NET_CTRL_XDP_PROG_WRITE};

	if (!has(r, XDP_BIT))
		return;
	COMMAND(r, on(r, STRICT_XDP_ROOM) ? 8 : 105, VIRTIO_NET_CTRL_XDP, VIRTIO_NET_CTRL_XDP_CAP_GET);
	if (on(r, STRICT_XDP_NAME))
		create.create.name[9] = 'x';
	if (on(r, STRICT_XDP_INNER))
		map.create.inner_map_id = cpu_to_le32(0);
	command(r, &create, sizeof(create), 9);
	command(r, &map, sizeof(map), 9);
	for (uint8_t i = 0; i < 32; i += 8) {
		write[6] = on(r, STRICT_XDP_GAP) && i ? 24 : i;
		command(r, write, sizeof(write), 9);
		if (on(r, STRICT_XDP_GAP) && i)
			break;
	}
	if (on(r, STRICT_XDP_LONG)) {
		r->q[r->cvq].data[SIZE * BUFFER] = VIRTIO_NET_CTRL_XDP;
		command(r, NULL, BIG, 9);
	}
}

static void commands(struct rogue *r)
{
	if (!has(r, VIRTIO_NET_F_CTRL_VQ))
		return;
	foreign_commands(r);
	filters(r);
	multiqueue(r);
	statistics(r);
	program(r);
}

/* ---- the rest ---- */

static void sleep_and_wake(struct rogue *r)
{
	uint8_t byte = 0;

	if (!has(r, VIRTIO_F_SUSPEND))
		return;
	set_status(r, LIVE | VIRTIO_CONFIG_S_SUSPEND);
	if (!on(r, STRICT_SUSPEND_NOT_READ))
		cr_assert_eq(status(r), 11 | VIRTIO_CONFIG_S_SUSPEND);
	if (on(r, STRICT_SUSPENDED_BUFFER))
		post(r, 0);
	if (on(r, STRICT_SUSPENDED_NOTIFICATION))
		tell(r, 0, idx_of(&r->q[0]));
	if (on(r, STRICT_SUSPENDED_CONFIG))
		r->t->ops->config_write(r->t->ctx, 0, &byte, 1);
	set_status(r, LIVE | VIRTIO_CONFIG_S_SUSPEND);
	if (!on(r, STRICT_RESUME_NOT_READ))
		cr_assert_eq(status(r), LIVE);
	kick(r, 0);
	if (on(r, STRICT_RESUME_NOT_READ))
		send(r, 1);
	run(r);
	cr_assert_eq(status(r), LIVE);
}

static void reset_queue(struct rogue *r)
{
	struct queue *q = &r->q[1];

	if (!has(r, VIRTIO_F_RING_RESET))
		return;
	r->t->ops->queue_reset(r->t->ctx, 1);
	if (!on(r, STRICT_RESET_NOT_VERIFIED))
		cr_assert(!r->t->ops->queue_resetting(r->t->ctx, 1));
	memset(q->desc.split, 0, SIZE * sizeof(struct vring_desc));
	memset(q->avail, 0, sizeof(*q->avail) + 2 * (SIZE + 1));
	memset(q->used, 0, sizeof(*q->used) + SIZE * sizeof(struct vring_used_elem) + 2);
	q->kicked = 0;
	enable(r, 1);
	send(r, 1);
}

static void registers(struct rogue *r)
{
	uint8_t byte = 0;

	if (on(r, STRICT_CLEARED))
		r->t->ops->set_status(r->t->ctx, 11);
	if (on(r, STRICT_CONFIG_WRITTEN))
		r->t->ops->config_write(r->t->ctx, 0, &byte, 1);
}

/* Leaves a frame behind. */
static void forget(struct rogue *r)
{
	struct piece p = frame_of(r, 1, FRAME);

	if (on(r, STRICT_NOT_NOTIFIED) || on(r, STRICT_EVENT_MISSED))
		submit(r, &r->q[1], &p, 1);
}

static void open_rig(struct rogue *r)
{
	struct net_config config;

	rig_config_default(&config);
	config.strict = true;
	config.mtu = MTU;
	config.features = net_features_all(config.xdp_bit);
	config.features.word[0] = features_of(r->flavour, config.features.word[0]);
	config.features.word[1] = 0;
	config.queue_pairs = virtio_feature_has(&config.features, VIRTIO_NET_F_MQ) ? PAIRS : 1;
	r->features = config.features.word[0];
	r->link = link_mem_open(NULL, 0);
	cr_assert_not_null(r->link);
	link_mem_set_endless(r->link, true);
	r->rig = rig_open(&config, r->link);
	cr_assert_not_null(r->rig);
	r->t = rig_transport(r->rig);
}

struct rig *rogue_play(enum rogue_flavour flavour, enum strict_row wrong)
{
	static void (*const acts[])(struct rogue *) = {transmit,       send_table,  reception, commands,
						       sleep_and_wake, reset_queue, registers, forget};
	struct rogue r = {.wrong = wrong, .flavour = flavour};

	open_rig(&r);
	if (start(&r))
		for (unsigned i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
			if (status(&r) & VIRTIO_CONFIG_S_NEEDS_RESET)
				break; /* the driver is sorry, and begins anew */
			acts[i](&r);
		}
	reset(&r);
	return r.rig;
}
