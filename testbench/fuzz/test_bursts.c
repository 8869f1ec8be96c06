// SPDX-License-Identifier: BSD-2-Clause
/*
 * Frames that are run together against the same frames run one by one, by both engines: what is left of the frame
 * before must not show. Several programs are in the PROG_ARRAY, so tail calls lead from one to another.
 * REFNIC_FUZZ=N tries N sets of programs, REFNIC_SEED=S starts at seed S.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/generate.h"
#include "fuzz/small.h"
#include "fuzz/unit.h"
#include "virtio_net.h"
#include "virtio_net_xdp.h"
#include "virtio_net_xdp_ext.h"

#define SETS      600
#define RUNS      4 /* of a burst, by each attached program */
#define BURST     6
#define TOGETHER  3   /* programs that may call one another */
#define KEEP_SETS 300 /* with the same maps */

/* The first is what the others are compared with. */
static const struct {
	enum fw_engine engine;
	bool together;
	bool blind;
	const char *name;
} rows[] = {
	{FW_ENGINE_INTERP, false, false, "interpreter, one by one"},
	{FW_ENGINE_INTERP, true, false, "interpreter, together"},
	{FW_ENGINE_JIT, false, true, "machine code with its constants hidden, one by one"},
	{FW_ENGINE_JIT, true, false, "machine code, together"},
};

#define UNITS ARRAY_SIZE(rows)

struct fuzz {
	struct unit units[UNITS];
	uint64_t rng;
	uint64_t seed;
	uint32_t attached;
	uint64_t runs;
};

static uint32_t pick(struct fuzz *f, uint32_t n)
{
	return (uint32_t)(generate_random(&f->rng) >> 32) % n;
}

/* The same command to all of them. Returns its status. */
static uint16_t send(struct fuzz *f, uint8_t command, const void *in, size_t in_bytes)
{
	struct virtio_net_xdp_result first = {0}, result;

	for (size_t u = 0; u < UNITS; u++) {
		struct unit *unit = &f->units[u];

		fw_command(unit->fw, command, in, in_bytes, unit->out, OUT_ROOM, &unit->written);
		cr_assert_geq(unit->written, sizeof(result));
		memcpy(u ? &result : &first, unit->out, sizeof(result));
		cr_assert(!u || le16_to_cpu(result.status) == le16_to_cpu(first.status), "seed %lu: command %u: %s",
			  f->seed, command, rows[u].name);
	}
	return le16_to_cpu(first.status);
}

static void map_create(struct fuzz *f, uint32_t id, uint32_t type, uint32_t inner)
{
	struct virtio_net_xdp_map_create map = {
		.id = cpu_to_le32(id),
		.type = cpu_to_le32(type),
		.key_size = cpu_to_le32(small_key_bytes(type)),
		.value_size = cpu_to_le32(small_value_bytes(type)),
		.max_entries = cpu_to_le32(small_entries(type)),
		.inner_map_id = cpu_to_le32(inner),
		.name = "map",
	};

	cr_assert_eq(send(f, CMD(MAP_CREATE), &map, sizeof(map)), VIRTIO_NET_XDP_OK, "map %u", id);
}

/* Element key of a map of 4-byte values. */
static uint16_t set(struct fuzz *f, uint32_t map, uint32_t key, uint32_t value)
{
	le32 update[4] = {cpu_to_le32(map), cpu_to_le32(0), cpu_to_le32(key), cpu_to_le32(value)};

	return send(f, CMD(MAP_UPDATE), update, sizeof(update));
}

static void open_all(struct fuzz *f)
{
	static const uint32_t targets[] = {VIRTIO_NET_XDP_MAP_RINGBUF, VIRTIO_NET_XDP_MAP_DEVMAP,
					   VIRTIO_NET_XDP_MAP_CPUMAP, VIRTIO_NET_XDP_MAP_PERCPU_ARRAY};
	static const uint32_t keyed[] = {VIRTIO_NET_XDP_MAP_HASH, VIRTIO_NET_XDP_MAP_LRU_HASH};
	uint32_t type = targets[pick(f, ARRAY_SIZE(targets))];

	for (size_t u = 0; u < UNITS; u++) {
		memset(&f->units[u], 0, sizeof(f->units[u]));
		unit_open(&f->units[u], rows[u].engine, rows[u].blind);
	}
	map_create(f, GENERATE_ARRAY_MAP, VIRTIO_NET_XDP_MAP_ARRAY, NONE);
	map_create(f, GENERATE_HASH_MAP, keyed[pick(f, 3) == 2], NONE);
	map_create(f, GENERATE_PROGS_MAP, VIRTIO_NET_XDP_MAP_PROG_ARRAY, NONE);
	map_create(f, GENERATE_OUTER_MAP, VIRTIO_NET_XDP_MAP_ARRAY_OF, GENERATE_HASH_MAP);
	map_create(f, SMALL_TARGETS_MAP, type, NONE);
	cr_assert_eq(set(f, GENERATE_OUTER_MAP, 1, GENERATE_HASH_MAP), VIRTIO_NET_XDP_OK);
	for (uint32_t key = 0; small_is_object(type) && key < 4; key++)
		set(f, SMALL_TARGETS_MAP, key, key);
}

static void close_all(struct fuzz *f)
{
	for (size_t u = 0; u < UNITS; u++)
		unit_close(&f->units[u]);
}

/* Whether it became READY. */
static bool load(struct fuzz *f, uint32_t id)
{
	struct virtio_net_xdp_prog_create create = {.id = cpu_to_le32(id)};
	struct virtio_net_xdp_prog_commit commit = {.id = cpu_to_le32(id)};
	struct virtio_net_xdp_prog_info_result info;
	uint8_t write[8 + (size_t)GENERATE_MAX_SLOTS * 8];
	le32 wire_id = cpu_to_le32(id);
	uint64_t seed = generate_random(&f->rng);
	uint32_t kind = pick(f, 5), bytes;

	memset(write, 0, 8);
	memcpy(write, &wire_id, sizeof(wire_id));
	if (kind < 2)
		bytes = small_program(seed, write + 8);
	else
		bytes = 8 * (kind == 2 ? generate_flow(seed, write + 8)
				       : generate_program(seed, GENERATE_OBJECTS, write + 8));
	create.bytes = cpu_to_le32(bytes);
	cr_assert_eq(send(f, CMD(PROG_CREATE), &create, sizeof(create)), VIRTIO_NET_XDP_OK);
	cr_assert_eq(send(f, CMD(PROG_WRITE), write, 8 + bytes), VIRTIO_NET_XDP_OK);
	cr_assert_eq(send(f, CMD(PROG_COMMIT), &commit, sizeof(commit)), VIRTIO_NET_XDP_OK);
	for (size_t u = 0; u < UNITS; u++)
		while (fw_poll(f->units[u].fw, 10000))
			;
	cr_assert_eq(send(f, CMD(PROG_INFO), &wire_id, sizeof(wire_id)), VIRTIO_NET_XDP_OK);
	memcpy(&info, f->units[0].out, sizeof(info));
	return info.state == VIRTIO_NET_XDP_PROG_READY;
}

static void attach(struct fuzz *f, uint32_t id)
{
	struct virtio_net_xdp_attach attach = {
		.id = cpu_to_le32(id),
		.expected_id = cpu_to_le32(f->attached),
		.expected_generation = cpu_to_le32(f->units[0].fw->generation),
		.ifindex = cpu_to_le32(3),
		.flags = cpu_to_le32(pick(f, 2) ? VIRTIO_NET_XDP_ATTACH_F_UNSUPPORTED_PASS : 0),
	};

	cr_assert_eq(send(f, CMD(ATTACH), &attach, sizeof(attach)), VIRTIO_NET_XDP_OK);
	f->attached = id;
}

static void detach(struct fuzz *f)
{
	struct virtio_net_xdp_detach detach = {cpu_to_le32(f->attached), cpu_to_le32(f->units[0].fw->generation)};

	if (f->attached != NONE)
		cr_assert_eq(send(f, CMD(DETACH), &detach, sizeof(detach)), VIRTIO_NET_XDP_OK);
	f->attached = NONE;
}

struct memory {
	uint8_t of[BURST][HEADROOM + MAX_FRAME + TAILROOM];
	struct fw_frame frames[BURST];
};

static void same_frame(const struct fuzz *f, const struct memory *want, const struct memory *got, size_t u, uint32_t n)
{
	const struct fw_frame *a = &want->frames[n], *b = &got->frames[n];
	const uint8_t *at = want->of[n], *bt = got->of[n];

	cr_assert(a->r0 == b->r0 && a->verdict == b->verdict && a->rx_queue_index == b->rx_queue_index &&
			  a->bad_queue == b->bad_queue && a->changed == b->changed,
		  "%s: seed %lu: frame %u: R0 %#lx and %#lx, verdict %d and %d, queue %u and %u, bad %d and %d, "
		  "changed %d and %d",
		  rows[u].name, f->seed, n, a->r0, b->r0, a->verdict, b->verdict, a->rx_queue_index, b->rx_queue_index,
		  a->bad_queue, b->bad_queue, a->changed, b->changed);
	cr_assert(a->verdict != FW_REDIRECT ||
			  (a->redirect_ports == b->redirect_ports && a->redirect_queue == b->redirect_queue &&
			   (!a->redirect_queue || a->redirect_to == b->redirect_to)),
		  "%s: seed %lu: frame %u goes elsewhere", rows[u].name, f->seed, n);
	cr_assert(a->data - at == b->data - bt && a->data_end - at == b->data_end - bt &&
			  a->data_meta - at == b->data_meta - bt &&
			  !memcmp(a->data_meta, b->data_meta, (size_t)(a->data_end - a->data_meta)),
		  "%s: seed %lu: frame %u differs", rows[u].name, f->seed, n);
}

static void burst(struct fuzz *f)
{
	static struct memory first, memory[UNITS];
	uint32_t count = 1 + pick(f, BURST), head = pick(f, 3) ? HEADROOM : 0, tail = pick(f, 3) ? TAILROOM : 0;
	uint32_t bytes[BURST];

	for (uint32_t n = 0; n < count; n++) {
		bytes[n] = pick(f, 3) ? 14 + pick(f, 200) : 14;
		for (size_t at = 0; at < sizeof(first.of[n]); at++)
			first.of[n][at] = (uint8_t)(pick(f, 2) ? pick(f, 256) : pick(f, 4));
	}
	for (size_t u = 0; u < UNITS; u++) {
		struct unit *unit = &f->units[u];
		struct memory *m = &memory[u];

		memcpy(m->of, first.of, sizeof(m->of));
		for (uint32_t n = 0; n < count; n++) {
			uint8_t *data = m->of[n] + HEADROOM;

			/* What a run is to set holds anything before. */
			memset(&m->frames[n], n % 2 ? 0xff : 1, sizeof(m->frames[n]));
			m->frames[n].data = m->frames[n].data_meta = data;
			m->frames[n].data_end = data + bytes[n];
			m->frames[n].rx_queue_index = n % 3;
			m->frames[n].hard_start = data - head;
			m->frames[n].hard_end = data + bytes[n] + tail;
			m->frames[n].now_ns = f->seed * 1000 + n;
			m->frames[n].bad_queue = m->frames[n].changed = m->frames[n].redirect_queue = n % 2;
		}
		for (uint32_t n = 0; n < count; n += rows[u].together ? count : 1)
			fw_run(unit->fw, &m->frames[n], rows[u].together ? count : 1);
		cr_assert_eq(unit->fault[0], 0, "UNSOUND: %s: seed %lu: %s", rows[u].name, f->seed, unit->fault);
		for (uint32_t n = 0; u && n < count; n++)
			same_frame(f, &memory[0], m, u, n);
	}
	f->runs += count;
}

/* Some programs that may call one another; each that is accepted runs. */
static void try_set(struct fuzz *f)
{
	bool ready[TOGETHER];
	struct view want, got;

	for (uint32_t id = 0; id < TOGETHER; id++) {
		ready[id] = load(f, id);
		for (uint32_t key = id; ready[id] && key < GENERATE_ARRAY_ENTRIES; key += TOGETHER)
			set(f, GENERATE_PROGS_MAP, key, id);
	}
	for (uint32_t id = 0; id < TOGETHER; id++) {
		if (!ready[id])
			continue;
		attach(f, id);
		for (int n = 0; n < RUNS; n++)
			burst(f);
	}
	want = unit_view(&f->units[0]);
	for (size_t u = 1; u < UNITS; u++) {
		got = unit_view(&f->units[u]);
		cr_assert(unit_same(&want, &got), "%s: seed %lu: maps or programs differ", rows[u].name, f->seed);
	}
	detach(f);
	for (uint32_t id = 0; id < TOGETHER; id++) {
		le32 wire_id = cpu_to_le32(id);

		cr_assert_eq(send(f, CMD(PROG_DESTROY), &wire_id, sizeof(wire_id)), VIRTIO_NET_XDP_OK);
	}
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

Test(fuzz, bursts)
{
	static struct fuzz f;
	uint64_t first = setting("REFNIC_SEED", 1), sets = setting("REFNIC_FUZZ", SETS);

	for (uint64_t seed = first; seed < first + sets; seed++) {
		bool fresh = (seed - first) % KEEP_SETS == 0;

		/* A set can be tried alone, but for what earlier ones left in maps. */
		f.rng = generate_seed(seed);
		f.seed = seed;
		f.attached = NONE;
		if (fresh && seed > first)
			close_all(&f);
		if (fresh)
			open_all(&f);
		try_set(&f);
	}
	close_all(&f);
	cr_assert_gt(f.runs, sets * RUNS, "hardly any program was accepted");
}
