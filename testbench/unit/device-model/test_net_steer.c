/* SPDX-License-Identifier: BSD-2-Clause */
#include "bed.h"
#include <criterion/criterion.h>
#include <string.h>

#define FRAME_MAX 256

enum { V4, V6, ARP, BARE }; /* what a frame holds */

/* A frame by what steering looks at. */
struct packet {
	uint8_t kind;
	uint8_t from, to; /* last byte of the addresses */
	uint8_t protocol;
	uint16_t from_port, to_port;
	uint16_t vlan[2];   /* with the priority; 0: no tag */
	uint16_t fragment;  /* the 16 bits of flags and offset */
	uint8_t extensions; /* IPv6: destination options */
	uint8_t options;    /* IPv4: 4 bytes each */
	uint32_t bytes;     /* 0: all */
};

#define P(k, a, b, p, f, t, ...)                                                                                       \
	{                                                                                                              \
		.kind = k, .from = a, .to = b, .protocol = p, .from_port = f, .to_port = t, __VA_ARGS__                \
	}

static uint8_t *be16(uint8_t *p, uint16_t value)
{
	*p++ = value >> 8;
	*p++ = value & 255;
	return p;
}

static uint8_t *put_address(uint8_t *p, size_t bytes, uint8_t last)
{
	memset(p, 0x20, bytes);
	p[bytes - 1] = last;
	return p + bytes;
}

static uint8_t *put_v4(uint8_t *p, const struct packet *k)
{
	memset(p, 0, 20 + 4 * k->options);
	p[0] = 0x45 + k->options;
	be16(p + 6, k->fragment);
	p[9] = k->protocol;
	put_address(p + 12, 4, k->from);
	put_address(p + 16, 4, k->to);
	return p + 20 + 4 * k->options;
}

static uint8_t *put_v6(uint8_t *p, const struct packet *k)
{
	uint8_t *next = p + 6;

	memset(p, 0, 40);
	p[0] = 0x60;
	put_address(p + 8, 16, k->from);
	put_address(p + 24, 16, k->to);
	p += 40;
	for (unsigned i = 0; i < k->extensions; i++, p += 8) {
		memset(p, 0, 8);
		*next = 60;
		next = p;
	}
	if (k->fragment) {
		memset(p, 0, 8);
		be16(p + 2, k->fragment);
		*next = 44;
		next = p;
		p += 8;
	}
	*next = k->protocol;
	return p;
}

static uint32_t build(uint8_t *frame, const struct packet *k)
{
	static const uint16_t types[] = {0x0800, 0x86dd, 0x0806, 0x88b5};
	uint8_t *p = put_address(put_address(frame, 6, k->to), 6, k->from);

	for (int i = 0; i < 2; i++)
		if (k->vlan[i])
			p = be16(be16(p, i ? 0x8100 : 0x88a8), k->vlan[i]);
	p = be16(p, types[k->kind]);
	if (k->kind == V4)
		p = put_v4(p, k);
	else if (k->kind == V6)
		p = put_v6(p, k);
	p = be16(be16(p, k->from_port), k->to_port);
	return k->bytes ? k->bytes : (uint32_t)(p - frame);
}

static void open_net(struct bed *bed, uint16_t pairs)
{
	bed_open(bed);
	bed->config.queue_pairs = 128;
	bed->net = net_create(&bed->config, bed->link, &bed->ram.mem, &tr_inproc_ops, &bed->tr);
	cr_assert(bed->net);
	bed->net->steer.learns = true;
	bed->net->steer.active = pairs;
}

static uint16_t pair_of(struct bed *bed, const struct packet *k)
{
	uint8_t *frame = malloc(FRAME_MAX), *exact;
	uint32_t bytes = build(frame, k);
	uint16_t pair;

	/* Behind the last byte there is nothing. */
	exact = malloc(bytes ? bytes : 1);
	memcpy(exact, frame, bytes);
	pair = net_steer_pair(bed->net, exact, bytes);
	free(exact);
	free(frame);
	return pair;
}

static void learn(struct bed *bed, const struct packet *k, uint16_t pair)
{
	uint8_t frame[FRAME_MAX];
	uint32_t bytes = build(frame, k);

	net_steer_learn(bed->net, frame, bytes, pair);
}

/* What was transmitted, what is received, and whether that is of the same flow. */
static const struct {
	const char *what;
	struct packet sent, received;
	bool same;
} flows[] = {
	{"TCP", P(V4, 1, 2, 6, 80, 90), P(V4, 2, 1, 6, 90, 80), true},
	{"UDP over IPv6", P(V6, 1, 2, 17, 80, 90), P(V6, 2, 1, 17, 90, 80), true},
	{"SCTP", P(V4, 1, 2, 132, 80, 90), P(V4, 2, 1, 132, 90, 80), true},
	{"not reversed", P(V4, 1, 2, 6, 80, 90), P(V4, 1, 2, 6, 80, 90), false},
	{"another port", P(V4, 1, 2, 6, 80, 90), P(V4, 2, 1, 6, 91, 80), false},
	{"another address", P(V4, 1, 2, 6, 80, 90), P(V4, 3, 1, 6, 90, 80), false},
	{"another protocol", P(V4, 1, 2, 6, 80, 90), P(V4, 2, 1, 17, 90, 80), false},
	{"ICMP has no ports", P(V4, 1, 2, 1, 80, 90), P(V4, 2, 1, 1, 3, 4), true},
	{"options of IPv4", P(V4, 1, 2, 6, 80, 90), P(V4, 2, 1, 6, 90, 80, .options = 10), true},
	{"extension headers", P(V6, 1, 2, 6, 80, 90), P(V6, 2, 1, 6, 90, 80, .extensions = 3), true},
	{"more of them than are read", P(V6, 1, 2, 6, 80, 90), P(V6, 2, 1, 6, 90, 80, .extensions = 9), false},
	{"fragments of one packet", P(V4, 1, 2, 17, 80, 90, .fragment = 0x2000),
	 P(V4, 2, 1, 17, 7, 7, .fragment = 0x00b9), true},
	{"IPv6 fragments", P(V6, 1, 2, 17, 80, 90, .fragment = 0x0001), P(V6, 2, 1, 17, 7, 7, .fragment = 0x05c8),
	 true},
	{"an IPv6 packet in one fragment", P(V6, 1, 2, 17, 80, 90), P(V6, 2, 1, 17, 90, 80, .extensions = 0), true},
	{"DONT_FRAGMENT", P(V4, 1, 2, 6, 80, 90), P(V4, 2, 1, 6, 90, 80, .fragment = 0x4000), true},
	{"a fragment and a whole packet", P(V4, 1, 2, 17, 80, 90), P(V4, 2, 1, 17, 90, 80, .fragment = 0x2000), false},
	{"the same VLANs, another priority", P(V4, 1, 2, 6, 80, 90, .vlan = {5, 0x6007}),
	 P(V4, 2, 1, 6, 90, 80, .vlan = {0xe005, 7}), true},
	{"another VLAN", P(V4, 1, 2, 6, 80, 90, .vlan = {0, 7}), P(V4, 2, 1, 6, 90, 80, .vlan = {0, 8}), false},
	{"no IP", P(BARE, 1, 2, 0, 80, 90), P(BARE, 2, 1, 0, 3, 4), true},
	{"no IP, another station", P(BARE, 1, 2, 0, 0, 0), P(BARE, 3, 1, 0, 0, 0), false},
	{"no IP, another type", P(BARE, 1, 2, 0, 0, 0), P(ARP, 2, 1, 0, 0, 0), false},
};

/* req: VN-1576ba7a */
Test(net_steer, last_transmission)
{
	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
		unsigned equal = 0;
		struct bed bed;

		open_net(&bed, 128);
		for (uint16_t pair = 0; pair < 128; pair++) {
			learn(&bed, &flows[i].sent, pair);
			equal += pair_of(&bed, &flows[i].received) == pair;
		}
		cr_expect(flows[i].same ? equal == 128 : equal <= 1, "%s: %u", flows[i].what, equal);
		bed_close(&bed);
	}
}

/* Any number of bytes is a flow, and nothing behind them is read. */
Test(net_steer, cut_short)
{
	struct bed bed;

	open_net(&bed, 128);
	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++)
		for (uint32_t bytes = 12; bytes < 80; bytes++) {
			struct packet k = flows[i].received;
			uint16_t pair;

			k.bytes = bytes;
			pair = pair_of(&bed, &k);
			cr_assert_lt(pair, 128, "%s, %u bytes", flows[i].what, bytes);
			cr_assert_eq(pair_of(&bed, &k), pair, "%s, %u bytes", flows[i].what, bytes);
		}
	bed_close(&bed);
}

/* Flows that were never transmitted are spread, always in the same way; each number of pairs gets all of its queues. */
Test(net_steer, by_hash)
{
	static const uint16_t pairs[] = {1, 2, 3, 7, 64, 128};
	struct bed bed;

	open_net(&bed, 1);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		unsigned got[128] = {0}, least = 1 << 20, most = 0;

		bed.net->steer.active = pairs[i];
		for (uint16_t port = 0; port < 8192; port++) {
			struct packet k = P(V4, 2, 1, 6, port, 80);
			uint16_t pair = pair_of(&bed, &k);

			cr_assert_lt(pair, pairs[i]);
			got[pair]++;
		}
		for (uint16_t pair = 0; pair < pairs[i]; pair++) {
			least = got[pair] < least ? got[pair] : least;
			most = got[pair] > most ? got[pair] : most;
		}
		cr_expect(least > 8192u / pairs[i] / 2 && most < 8192u * 2 / pairs[i], "%u pairs: %u to %u", pairs[i],
			  least, most);
	}
	bed.net->steer.active = 7;
	cr_expect_eq(pair_of(&bed, &(struct packet)P(V4, 2, 1, 6, 90, 80)), 2, "the same on every machine");
	cr_expect_eq(pair_of(&bed, &(struct packet)P(V6, 2, 1, 6, 90, 80)), 2, "the same on every machine");
	bed_close(&bed);
}

/* However many flows there are, the table has its size, and what it says is right. */
Test(net_steer, more_flows_than_places)
{
	unsigned known = 0;
	struct bed bed;

	open_net(&bed, 128);
	for (uint32_t port = 0; port < 4 * NET_STEER_FLOWS; port++)
		learn(&bed, &(struct packet)P(V4, 1, 2, 6, 80, (uint16_t)port), port % 128);
	for (uint32_t port = 0; port < 4 * NET_STEER_FLOWS; port++) {
		struct packet k = P(V4, 2, 1, 6, (uint16_t)port, 80);

		known += pair_of(&bed, &k) == port % 128;
	}
	cr_expect(known > NET_STEER_FLOWS / 2 && known <= NET_STEER_FLOWS + 300, "%u flows are known", known);
	/* The last one always is. */
	cr_expect_eq(pair_of(&bed, &(struct packet)P(V4, 2, 1, 6, 4 * NET_STEER_FLOWS - 1, 80)), 127);
	net_steer_reset(bed.net);
	cr_expect_eq(net_active_pairs(bed.net), 1);
	bed.net->steer.active = 128;
	known = 0;
	for (uint32_t port = 0; port < 4 * NET_STEER_FLOWS; port++) {
		struct packet k = P(V4, 2, 1, 6, (uint16_t)port, 80);

		known += pair_of(&bed, &k) == port % 128;
	}
	cr_expect_lt(known, 300, "a reset forgets");
	bed_close(&bed);
}

/* A pair that is out of use by now is nobody's; without multiqueue nothing is learnt. */
Test(net_steer, out_of_use)
{
	struct packet sent = P(V4, 1, 2, 6, 80, 90), received = P(V4, 2, 1, 6, 90, 80);
	uint16_t by_hash;
	struct bed bed;

	open_net(&bed, 4);
	by_hash = pair_of(&bed, &received);
	bed.net->steer.learns = false;
	learn(&bed, &sent, (by_hash + 1) % 4);
	cr_expect_eq(pair_of(&bed, &received), by_hash);
	bed.net->steer.learns = true;
	learn(&bed, &sent, 100);
	cr_expect_eq(pair_of(&bed, &received), by_hash);
	learn(&bed, &sent, (by_hash + 1) % 4);
	cr_expect_eq(pair_of(&bed, &received), (by_hash + 1) % 4);
	bed_close(&bed);
}

/* req: VN-5e69111e: queues that are not there are passed over */
Test(net_steer, queue_not_enabled)
{
	struct packet k = P(V4, 2, 1, 6, 90, 80);
	struct bed bed;

	open_net(&bed, 128);
	for (uint16_t i = 0; i < 128; i++) {
		struct vq *vq = &bed.net->vdev.vqs[net_rx_index(i)];

		vq->ops = &vq_split_ops;
		cr_assert_eq(pair_of(&bed, &k), i, "only queue %u is there", i);
		vq->ops = NULL;
	}
	bed_close(&bed);
}
