/* SPDX-License-Identifier: BSD-2-Clause */
/* redirect and redirect_map, by each engine; the device's own ifindex is 7. */
#include "engines.h"
#include "words.h"

#define MAP(name) VIRTIO_NET_XDP_MAP_##name

static const struct fw_port ports[] = {{2, 1500}, {5, 1500}, {9, 1500}};

/* Key and flags from the frame's first 4 and next 8 bytes: redirect_map(map 0, key, flags). */
#define FROM_FRAME(call)                                                                                               \
	W_LDX32(2, 1, 0), W_LDX32(3, 1, 4), W_MOVR(4, 2), W_ADD(4, 16), W_MOV(0, 99), W(0x3d, 3, 4, 1, 0), W_EXIT,     \
		W_MOVR(6, 2), call, W_EXIT
#define BY_MAP     W_MAP(1, 0), W_LDX64(2, 6, 0), W_LDX64(3, 6, 8), W_CALL(51)
#define BY_IFINDEX W_LDX64(1, 6, 0), W_LDX64(2, 6, 8), W_CALL(23)

static struct fw_frame run_with(struct control *c, uint64_t key, uint64_t flags)
{
	static struct control_frame f;

	control_frame(&f, 64);
	memcpy(f.frame.data, &key, 8);
	memcpy(f.frame.data + 8, &flags, 8);
	fw_run(c->fw, &f.frame, 1);
	return f.frame;
}

Test(redirect, by_ifindex)
{
	static const uint64_t words[] = {FROM_FRAME(BY_IFINDEX)};
	static const struct {
		uint64_t ifindex, flags, r0, ports;
	} rows[] = {
		{7, 0, 4, 1 << 0},     {2, 0, 4, 1 << 1}, {9, 0, 4, 1 << 3}, {0x100000005, 0, 4, 1 << 2}, /* 32 bits */
		{1, 0, 4, 0},          {0, 0, 4, 0},      {2, 1, 0, 0}, /* BPF_F_INGRESS */
		{2, 1ULL << 63, 0, 0},
	};

	for (int engine = 0; engine < ENGINES; engine++) {
		struct control *c = engines_open(engine, ports, ENGINES_COUNT(ports));

		engines_load(c, 0, words, ENGINES_COUNT(words));
		engines_attach(c, 0);
		for (size_t i = 0; i < ENGINES_COUNT(rows); i++) {
			struct fw_frame frame = run_with(c, rows[i].ifindex, rows[i].flags);

			cr_assert_eq(frame.r0, rows[i].r0, "%s row %zu", engines_name(engine), i);
			cr_assert_eq(frame.redirect_ports, rows[i].ports, "%s row %zu", engines_name(engine), i);
			cr_assert_not(frame.redirect_queue);
			cr_assert_eq(frame.verdict, rows[i].r0 ? FW_REDIRECT : FW_ABORTED);
		}
		control_close(c);
	}
}

#define BROADCAST 8
#define EXCLUDE   16

Test(redirect, by_devmap)
{
	static const uint64_t words[] = {FROM_FRAME(BY_MAP)};
	/* Elements: 0 -> 2, 1 -> 7 (itself), 2 -> 33 (no port), 3 -> 2, 4: none */
	static const struct {
		uint64_t key, flags, r0, ports;
	} rows[] = {
		{0, 0, 4, 1 << 1},
		{0, 2, 4, 1 << 1},
		{1, 0, 4, 1 << 0},
		{0x100000001, 0, 4, 1 << 0}, /* 32 bits */
		{2, 0, 4, 0},
		{3, 3, 4, 1 << 1},
		{4, 0, 0, 0},
		{4, 1, 1, 0},
		{4, 2, 2, 0},
		{4, 3, 3, 0},
		{UINT32_MAX, 2, 2, 0},
		{0, 4, 0, 0}, /* not defined */
		{0, 32, 0, 0},
		{0, 1ULL << 40, 0, 0},
		{0, BROADCAST, 4, 1 << 0 | 1 << 1},
		{4, BROADCAST | 2, 4, 1 << 0 | 1 << 1},
		{4, BROADCAST | EXCLUDE, 4, 1 << 1},
		{1, EXCLUDE, 4, 1 << 0}, /* means nothing alone */
	};
	static const uint32_t types[] = {MAP(DEVMAP), MAP(DEVMAP_HASH)};

	for (size_t t = 0; t < ENGINES * ENGINES_COUNT(types); t++) {
		struct control *c = engines_open((int)t / 2, ports, ENGINES_COUNT(ports));

		cr_assert_eq(control_map_create(c, 0, types[t % 2], 4, 4, 8, 0), 0);
		engines_load(c, 0, words, ENGINES_COUNT(words));
		engines_attach(c, 0);
		cr_assert_eq(engines_set(c, 0, 0, 2, 0), 0);
		cr_assert_eq(engines_set(c, 0, 1, 7, 0), 0);
		cr_assert_eq(engines_set(c, 0, 2, 33, 0), 0);
		cr_assert_eq(engines_set(c, 0, 3, 2, 0), 0);
		for (size_t i = 0; i < ENGINES_COUNT(rows); i++) {
			struct fw_frame frame = run_with(c, rows[i].key, rows[i].flags);

			cr_assert_eq(frame.r0, rows[i].r0, "%s type %u row %zu", engines_name((int)t / 2), types[t % 2],
				     i);
			cr_assert_eq(frame.redirect_ports, rows[i].ports, "type %u row %zu", types[t % 2], i);
			cr_assert_not(frame.redirect_queue);
		}
		control_close(c);
	}
}

Test(redirect, by_queue)
{
	static const uint64_t words[] = {FROM_FRAME(BY_MAP)};
	static const struct {
		uint64_t key, flags, r0;
		bool queue;
		uint32_t cpu, xsk;
	} rows[] = {
		{0, 0, 4, true, 0, 6},           {5, 3, 4, true, 5, 0},          {1, 2, 2, false, 0, 0},
		{9, 1, 1, false, 0, 0},          {0, BROADCAST, 0, false, 0, 0}, {0, EXCLUDE, 0, false, 0, 0},
		{0, 1ULL << 32, 0, false, 0, 0},
	};

	for (size_t t = 0; t < ENGINES * 2; t++) {
		bool cpu = t % 2;
		struct control *c = engines_open((int)t / 2, NULL, 0);

		cr_assert_eq(control_map_create(c, 0, cpu ? MAP(CPUMAP) : MAP(XSKMAP), 4, 4, 8, 0), 0);
		engines_load(c, 0, words, ENGINES_COUNT(words));
		engines_attach(c, 0);
		cr_assert_eq(engines_set(c, 0, 0, cpu ? 192 : 6, 0), 0);
		cr_assert_eq(engines_set(c, 0, 5, cpu ? 192 : 0, 0), 0);
		for (size_t i = 0; i < ENGINES_COUNT(rows); i++) {
			struct fw_frame frame = run_with(c, rows[i].key, rows[i].flags);

			cr_assert_eq(frame.r0, rows[i].r0, "row %zu", i);
			cr_assert_eq(frame.redirect_queue, rows[i].queue, "row %zu", i);
			cr_assert_eq(frame.redirect_ports, 0);
			if (rows[i].queue)
				cr_assert_eq(frame.redirect_to, cpu ? rows[i].cpu : rows[i].xsk, "row %zu", i);
		}
		control_close(c);
	}
}

/* The last call counts, also one that finds nothing; a run begins without a target. */
Test(redirect, last_call)
{
	static const uint64_t two[] = {W_MOV(1, 2), W_MOV(2, 0), W_CALL(23), W_MOV(1, 9),
				       W_MOV(2, 0), W_CALL(23),  W_EXIT};
	static const uint64_t miss[] = {W_MOV(1, 2), W_MOV(2, 0), W_CALL(23),  W_MAP(1, 0), W_MOV(2, 0),
					W_MOV(3, 0), W_CALL(51),  W_MOV(0, 4), W_EXIT};
	static const uint64_t wrong[] = {W_MOV(1, 2), W_MOV(2, 0), W_CALL(23),  W_MOV(1, 2),
					 W_MOV(2, 1), W_CALL(23),  W_MOV(0, 4), W_EXIT};
	static const struct {
		const uint64_t *words;
		size_t count;
		uint64_t ports;
	} rows[] = {
		{two, ENGINES_COUNT(two), 1 << 3}, {miss, ENGINES_COUNT(miss), 0}, {wrong, ENGINES_COUNT(wrong), 0}};

	for (int engine = 0; engine < ENGINES; engine++) {
		for (size_t i = 0; i < ENGINES_COUNT(rows); i++) {
			struct control *c = engines_open(engine, ports, ENGINES_COUNT(ports));
			struct fw_frame frame;

			cr_assert_eq(control_map_create(c, 0, MAP(DEVMAP), 4, 4, 8, 0), 0);
			engines_load(c, 0, rows[i].words, rows[i].count);
			engines_attach(c, 0);
			frame = engines_run(c);
			cr_assert_eq(frame.r0, 4);
			cr_assert_eq(frame.redirect_ports, rows[i].ports, "%s row %zu", engines_name(engine), i);
			cr_assert_eq(frame.verdict, FW_REDIRECT);
			control_close(c);
		}
	}
}

/* Two frames of one burst: the map matters at the time of the call. What is offered decides about the verdict. */
Test(redirect, bursts)
{
	static const uint64_t words[] = {FROM_FRAME(BY_IFINDEX)};

	for (int engine = 0; engine < ENGINES; engine++) {
		struct control *c = engines_open(engine, ports, ENGINES_COUNT(ports));
		struct control_frame f[4];
		struct fw_frame burst[4];
		static const uint8_t ifindex[] = {2, 99, 9, 7};
		static const uint64_t want[] = {1 << 1, 0, 1 << 3, 1 << 0};

		engines_load(c, 0, words, ENGINES_COUNT(words));
		engines_attach(c, 0);
		for (int i = 0; i < 4; i++) {
			control_frame(&f[i], 64);
			memset(f[i].frame.data, 0, 16);
			f[i].frame.data[0] = ifindex[i];
			f[i].frame.redirect_ports = UINT64_MAX; /* of another run */
			f[i].frame.redirect_queue = true;
			burst[i] = f[i].frame;
		}
		fw_run(c->fw, burst, 4);
		for (int i = 0; i < 4; i++) {
			cr_assert_eq(burst[i].redirect_ports, want[i], "%s frame %d", engines_name(engine), i);
			cr_assert_not(burst[i].redirect_queue);
		}
		control_close(c);
	}
}

/* Linux's idiom: look, then redirect. What is found can be read and not written. */
Test(redirect, lookups)
{
	static const uint32_t types[] = {MAP(DEVMAP), MAP(DEVMAP_HASH), MAP(CPUMAP), MAP(XSKMAP)};
	static const uint64_t look[] = {
		W_MOV(2, 3),  W(0x63, 10, 2, -4, 0), W_MOVR(2, 10),       W_ADD(2, -4),     W_MAP(1, 0), W_CALL(1),
		W_MOVR(1, 0), W_MOV(0, 1),           W(0x15, 1, 0, 1, 0), W_LDX32(0, 1, 0), W_EXIT};
	static const uint64_t store[] = {
		W_MOV(2, 3),  W(0x63, 10, 2, -4, 0), W_MOVR(2, 10),       W_ADD(2, -4),   W_MAP(1, 0), W_CALL(1),
		W_MOVR(1, 0), W_MOV(0, 1),           W(0x15, 1, 0, 1, 0), W_ST8(1, 0, 9), W_EXIT};
	static const uint64_t update[] = {W_MOV(2, 3), W(0x63, 10, 2, -4, 0), W_MOVR(2, 10), W_ADD(2, -4), W_MOVR(3, 2),
					  W_MOV(4, 0), W_MAP(1, 0),           W_CALL(2),     W_MOV(0, 1),  W_EXIT};

	for (size_t t = 0; t < ENGINES * ENGINES_COUNT(types); t++) {
		struct control *c = engines_open((int)(t % ENGINES), ports, ENGINES_COUNT(ports));

		cr_assert_eq(control_map_create(c, 0, types[t / ENGINES], 4, 4, 8, 0), 0);
		engines_load(c, 0, look, ENGINES_COUNT(look));
		engines_attach(c, 0);
		cr_assert_eq(engines_run(c).r0, 1, "type %u", types[t / ENGINES]);
		cr_assert_eq(engines_set(c, 0, 3, 77, 0), 0);
		cr_assert_eq(engines_run(c).r0, 77, "type %u", types[t / ENGINES]);
		cr_assert_eq(control_load(c, 1, store, ENGINES_COUNT(store)), VIRTIO_NET_XDP_PROG_REFUSED);
		cr_assert_eq(control_load(c, 2, update, ENGINES_COUNT(update)), VIRTIO_NET_XDP_PROG_REFUSED);
		control_close(c);
	}
}
