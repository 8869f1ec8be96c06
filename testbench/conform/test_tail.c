/* SPDX-License-Identifier: BSD-2-Clause */
/* Tail calls, and the maps of programs. */
#include "bench.h"
#include "virtio_net_xdp.h"

#define HELPER_TAIL_CALL 12
#define TAIL_CALLS       33
#define FRAMES           8

/* Map 0: a PROG_ARRAY of 4. Map 1: an ARRAY of 2 counters. Skips the test where there is none of the first. */
static void open_tail(struct bench *b)
{
	bench_open(b, NULL);
	if (!(b->caps.map_types >> VIRTIO_NET_XDP_MAP_PROG_ARRAY & 1)) {
		bench_close(b);
		cr_skip_test("the device does not offer PROG_ARRAY");
	}
	make_map(b, 0, VIRTIO_NET_XDP_MAP_PROG_ARRAY, 4, 4, 0);
	make_map(b, 1, VIRTIO_NET_XDP_MAP_ARRAY, 8, 2, 0);
}

/* Counter element of map 1 goes up by 1; R6 is the context. */
#define COUNT(element)                                                                                                 \
	ST_W(10, -4, element), MOV_X(2, 10), ADD_K(2, -4), LD_MAP(1, 1), CALL(HELPER_MAP_LOOKUP), JEQ_K(0, 0, 3),      \
		LDX_DW(1, 0, 0), ADD_K(1, 1), STX_DW(0, 0, 1), MOV_X(1, 6)

#define TAIL_CALL(index) LD_MAP(2, 0), MOV_K(3, index), CALL(HELPER_TAIL_CALL)

static void set_slot(struct bench *b, uint32_t slot, uint32_t prog)
{
	le32 id = cpu_to_le32(prog);

	put(b, 0, slot, &id, sizeof(id));
}

static void play_one(struct bench *b)
{
	uint8_t frame[64];

	make_frame(frame, sizeof(frame));
	play(b, frame, sizeof(frame));
}

Test(XO, XO_147)
{
	struct bench b;

	open_tail(&b);
	LOAD(&b, 0, MOV_X(6, 1), COUNT(0), TAIL_CALL(0), MOV_X(1, 6), COUNT(1), RETURN(VIRTIO_NET_XDP_DROP));
	set_slot(&b, 0, 0);
	attach(&b, 0, 1, 0);
	for (uint64_t runs = 1; runs <= 3; runs++) {
		play_one(&b);
		cr_expect_eq(get64(&b, 1, 0), runs * (1 + TAIL_CALLS), "XO-147: %lu programs began in %lu runs",
			     (unsigned long)get64(&b, 1, 0), (unsigned long)runs);
		cr_expect_eq(get64(&b, 1, 1), runs, "XO-147: the last call falls through once in a run");
	}
	bench_close(&b);
}

/* depth functions that call one another; the last one begins with words of its own. Returns how many units it took. */
static size_t nest(uint64_t *to, unsigned depth, const uint64_t *words, size_t count)
{
	size_t n = 0;

	for (unsigned i = 1; i < depth; i++) {
		to[n++] = CALL_LOCAL(1);
		to[n++] = EXIT;
	}
	memcpy(to + n, words, count * sizeof(*words));
	return n + count;
}

Test(XO, XO_148)
{
	static const struct {
		const char *what;
		uint64_t index;
		unsigned depth, frames; /* of the function that calls, and those that the target needs */
		bool reached;
	} rows[] = {
		{"a program", 1, 1, 1, true},
		{"an index whose low 32 bits are a program", 0x700000001, 1, 1, true},
		{"an empty element", 2, 1, 1, false},
		{"an index behind the map", 4, 1, 1, false},
		{"an index far behind it", UINT32_MAX, 1, 1, false},
		{"8 frames in all", 1, 4, 5, true},
		{"8 frames of the target", 1, 1, FRAMES, true},
		{"9 frames in all", 1, 4, 6, false},
		{"9 frames, most of them the caller's", 1, FRAMES, 2, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint64_t caller[] = {MOV_X(6, 1),
					   LD_MAP(2, 0),
					   LD_IMM64(3, rows[i].index),
					   CALL(HELPER_TAIL_CALL),
					   COUNT(1),
					   RETURN(VIRTIO_NET_XDP_DROP)};
		const uint64_t target[] = {MOV_X(6, 1), COUNT(0), RETURN(VIRTIO_NET_XDP_DROP)};
		uint64_t words[64];
		struct bench b;

		open_tail(&b);
		load(&b, 0, words, nest(words, rows[i].depth, caller, sizeof(caller) / sizeof(caller[0])));
		load(&b, 1, words, nest(words, rows[i].frames, target, sizeof(target) / sizeof(target[0])));
		set_slot(&b, 1, 1);
		attach(&b, 0, 1, 0);
		play_one(&b);
		cr_expect_eq(get64(&b, 1, 0), rows[i].reached, "XO-148: %s: the program", rows[i].what);
		cr_expect_eq(get64(&b, 1, 1), !rows[i].reached, "XO-148: %s: what is behind the call", rows[i].what);
		bench_close(&b);
	}
}

Test(XO, XO_178)
{
	struct drv_xdp_error e;
	struct bench b;
	le32 id;

	open_tail(&b);
	make_map(&b, 2, VIRTIO_NET_XDP_MAP_PROG_ARRAY, 4, 2, 0);
	LOAD(&b, 0, MOV_X(6, 1), TAIL_CALL(3), COUNT(1), RETURN(VIRTIO_NET_XDP_DROP));
	LOAD(&b, 1, MOV_X(6, 1), COUNT(0), RETURN(VIRTIO_NET_XDP_DROP));
	set_slot(&b, 0, 0);
	set_slot(&b, 3, 1);
	id = cpu_to_le32(1);
	put(&b, 2, 1, &id, sizeof(id));
	attach(&b, 0, 1, 0);
	play_one(&b);
	cr_expect_eq(get64(&b, 1, 0), 1, "XO-178: the program is reached before");
	cr_expect_eq(drv_xdp_prog_destroy(b.net, 1, &e), 0, "XO-178: an element does not keep its program");
	cr_expect_eq(get(&b, 0, 3, &id, sizeof(id)), VIRTIO_NET_XDP_ERR_NO_KEY, "XO-178: element 3 of the first map");
	cr_expect_eq(get(&b, 2, 1, &id, sizeof(id)), VIRTIO_NET_XDP_ERR_NO_KEY, "XO-178: element 1 of the other map");
	cr_expect_eq(get(&b, 0, 0, &id, sizeof(id)), VIRTIO_NET_XDP_OK, "XO-178: another program's element");
	cr_expect_eq(le32_to_cpu(id), 0, "XO-178: another program's element");
	play_one(&b);
	cr_expect_eq(get64(&b, 1, 1), 1, "XO-178: a tail call falls through");
	LOAD(&b, 1, RETURN(VIRTIO_NET_XDP_PASS));
	cr_expect_eq(get(&b, 0, 3, &id, sizeof(id)), VIRTIO_NET_XDP_ERR_NO_KEY, "XO-178: a new program of the same id");
	bench_close(&b);
}
