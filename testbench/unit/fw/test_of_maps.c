/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps of maps: commands, and programs by each engine. */
#include "engines.h"
#include "words.h"

#define CMD(name)  VIRTIO_NET_CTRL_XDP_##name
#define ERR(name)  VIRTIO_NET_XDP_ERR_##name
#define MAP(name)  VIRTIO_NET_XDP_MAP_##name
#define NONE(name) (UINT64_MAX - VIRTIO_NET_XDP_ERR_##name)

static const uint32_t outers[] = {MAP(ARRAY_OF), MAP(HASH_OF)};

static uint32_t references(struct control *c, uint32_t id)
{
	return le32_to_cpu(engines_map_info(c, id).references);
}

/* Map 0: HASH 4:8; 1: ARRAY 4:8; 2: PROG_ARRAY; 3: ARRAY_OF of map 0. */
static struct control *open_maps(int engine)
{
	struct control *c = engines_open(engine, NULL, 0);

	cr_assert_eq(control_map_create(c, 0, MAP(HASH), 4, 8, 4, 0), 0);
	cr_assert_eq(control_map_create(c, 1, MAP(ARRAY), 4, 8, 4, 0), 0);
	cr_assert_eq(control_map_create(c, 2, MAP(PROG_ARRAY), 4, 4, 4, 0), 0);
	cr_assert_eq(engines_outer(c, 3, MAP(ARRAY_OF), 4, 4, 0, 0), 0);
	return c;
}

Test(of_maps, creation)
{
	static const struct {
		const char *what;
		uint32_t id, type, key, entries, flags, inner, status, detail;
	} rows[] = {
		{"array", 9, MAP(ARRAY_OF), 4, 4, 0, 0, 0, 0},
		{"hash", 9, MAP(HASH_OF), 7, 4, 0, 1, 0, 0},
		{"hash, a hint", 9, MAP(HASH_OF), 7, 4, VIRTIO_NET_XDP_MAP_F_NO_PREALLOC, 1, 0, 0},
		{"array, a hint", 9, MAP(ARRAY_OF), 4, 4, VIRTIO_NET_XDP_MAP_F_NO_PREALLOC, 1, ERR(FLAGS),
		 VIRTIO_NET_XDP_MAP_F_NO_PREALLOC},
		{"no inner map", 9, MAP(ARRAY_OF), 4, 4, 0, 8, ERR(NOT_FOUND), 8},
		{"none", 9, MAP(HASH_OF), 4, 4, 0, UINT32_MAX, ERR(NOT_FOUND), UINT32_MAX},
		{"NOT_FOUND before EXISTS", 0, MAP(HASH_OF), 4, 4, 0, 8, ERR(NOT_FOUND), 8},
		{"EXISTS before TYPE", 0, MAP(HASH_OF), 4, 4, 0, 2, ERR(EXISTS), 0},
		{"of tail calls", 9, MAP(ARRAY_OF), 4, 4, 0, 2, ERR(TYPE), MAP(PROG_ARRAY)},
		{"of maps of maps", 9, MAP(HASH_OF), 4, 4, 0, 3, ERR(TYPE), MAP(ARRAY_OF)},
		{"TYPE before SIZE", 9, MAP(HASH_OF), 0, 4, 0, 3, ERR(TYPE), MAP(ARRAY_OF)},
		{"a key of 8", 9, MAP(ARRAY_OF), 8, 4, 0, 0, ERR(SIZE), 4},
		{"a key of 513", 9, MAP(HASH_OF), 513, 4, 0, 0, ERR(SIZE), 512},
		{"no entries", 9, MAP(HASH_OF), 4, 0, 0, 0, ERR(SIZE), 1},
		{"SIZE before LIMIT", 1000, MAP(HASH_OF), 4, 0, 0, 0, ERR(SIZE), 1},
		{"id", 1000, MAP(HASH_OF), 4, 1, 0, 0, ERR(LIMIT_MAPS), 64},
		{"entries", 9, MAP(ARRAY_OF), 4, UINT32_MAX, 0, 0, ERR(LIMIT_MAP_KIB), 65536},
		{"entries of a hash", 9, MAP(HASH_OF), 4, UINT32_MAX, 0, 0, ERR(LIMIT_MAP_KIB), 65536},
	};

	for (size_t i = 0; i < ENGINES_COUNT(rows); i++) {
		struct control *c = open_maps(FW_ENGINE_INTERP);

		cr_assert_eq(engines_outer(c, rows[i].id, rows[i].type, rows[i].key, rows[i].entries, rows[i].flags,
					   rows[i].inner),
			     rows[i].status, "%s", rows[i].what);
		cr_assert_eq(c->detail, rows[i].detail, "%s: %u", rows[i].what, c->detail);
		if (!rows[i].status)
			cr_assert_eq(le32_to_cpu(engines_map_info(c, 9).inner_map_id), rows[i].inner, "%s",
				     rows[i].what);
		cr_assert_eq(references(c, rows[i].inner < 3 ? rows[i].inner : 0), 0, "%s: it is looked at once",
			     rows[i].what);
		control_close(c);
	}
}

Test(of_maps, elements)
{
	for (size_t t = 0; t < ENGINES_COUNT(outers); t++) {
		struct control *c = open_maps(FW_ENGINE_INTERP);
		le32 key = cpu_to_le32(1);

		cr_assert_eq(engines_outer(c, 4, outers[t], 4, 2, 0, 0), 0);
		cr_assert_eq(control_map_create(c, 5, MAP(HASH), 4, 8, 100, 0), 0, "max_entries may differ");
		cr_assert_eq(control_map_key(c, CMD(MAP_NEXT), 4, NULL, 0), ERR(LAST_KEY));
		cr_assert_eq(engines_get(c, 4, 1), NONE(NO_KEY));
		cr_assert_eq(engines_set(c, 4, 1, 0, VIRTIO_NET_XDP_UPDATE_EXIST), ERR(NO_KEY));
		cr_assert_eq(references(c, 0), 0, "a refused command changes nothing");
		cr_assert_eq(engines_set(c, 4, 1, 0, VIRTIO_NET_XDP_UPDATE_NOEXIST), 0);
		cr_assert_eq(references(c, 0), 1);
		cr_assert_eq(engines_set(c, 4, 1, 5, VIRTIO_NET_XDP_UPDATE_NOEXIST), ERR(KEY_EXISTS));
		cr_assert_eq(references(c, 5), 0);
		cr_assert_eq(engines_set(c, 4, 1, 0, 0), 0, "the same again");
		cr_assert_eq(references(c, 0), 1);
		for (int i = 0; i < 300; i++) { /* nothing is used up */
			cr_assert_eq(engines_set(c, 4, 1, i & 1 ? 5 : 0, 0), 0, "type %u, update %d", outers[t], i);
			cr_assert_eq(references(c, 0), !(i & 1));
			cr_assert_eq(references(c, 5), i & 1);
		}
		cr_assert_eq(engines_get(c, 4, 1), 5);
		cr_assert_eq(engines_set(c, 4, 0, 5, 0), 0);
		cr_assert_eq(references(c, 5), 2);
		cr_assert_eq(engines_set(c, 4, 2, 0, 0), ERR(LIMIT_ENTRIES), "type %u", outers[t]);
		cr_assert_eq(references(c, 0), 0);
		cr_assert_eq(le32_to_cpu(engines_map_info(c, 4).entries), 2);
		cr_assert_eq(control_id(c, CMD(MAP_DESTROY), 5), ERR(BUSY));
		cr_assert_eq(c->detail, 2);
		cr_assert_eq(control_map_key(c, CMD(MAP_DELETE), 4, &key, 4), 0);
		cr_assert_eq(control_map_key(c, CMD(MAP_DELETE), 4, &key, 4), ERR(NO_KEY));
		cr_assert_eq(references(c, 5), 1);
		cr_assert_eq(control_id(c, CMD(MAP_DESTROY), 4), 0, "an outer map gives its references back");
		cr_assert_eq(references(c, 5), 0);
		cr_assert_eq(control_id(c, CMD(MAP_DESTROY), 5), 0);
		control_close(c);
	}
}

/* XO-259; prevail-1089: every part of the geometry counts. */
Test(of_maps, only_like_ones)
{
	static const struct {
		const char *what;
		uint32_t type, key, value, entries, flags, status;
	} rows[] = {
		{"the same", MAP(ARRAY), 4, 8, 4, VIRTIO_NET_XDP_MAP_F_INNER_MAP, 0},
		{"more of it", MAP(ARRAY), 4, 8, 400, VIRTIO_NET_XDP_MAP_F_INNER_MAP, 0},
		{"another flag", MAP(ARRAY), 4, 8, 4, 0, ERR(TYPE)},
		{"another value", MAP(ARRAY), 4, 16, 4, VIRTIO_NET_XDP_MAP_F_INNER_MAP, ERR(TYPE)},
		{"another type", MAP(HASH), 4, 8, 4, 0, ERR(TYPE)},
		{"another key", MAP(HASH), 8, 8, 4, 0, ERR(TYPE)},
	};

	for (size_t t = 0; t < ENGINES_COUNT(outers); t++) {
		for (size_t i = 0; i < ENGINES_COUNT(rows); i++) {
			struct control *c = control_open(NULL);
			unsigned status;

			cr_assert_eq(control_map_create(c, 0, MAP(ARRAY), 4, 8, 4, VIRTIO_NET_XDP_MAP_F_INNER_MAP), 0);
			cr_assert_eq(engines_outer(c, 1, outers[t], 4, 2, 0, 0), 0);
			cr_assert_eq(control_id(c, CMD(MAP_DESTROY), 0), 0, "the model is not needed any more");
			cr_assert_eq(control_map_create(c, 2, rows[i].type, rows[i].key, rows[i].value, rows[i].entries,
							rows[i].flags),
				     0);
			status = engines_set(c, 1, 0, 2, 0);
			cr_assert_eq(status, rows[i].status, "%s: %u", rows[i].what, status);
			cr_assert_eq(references(c, 2), !status);
			cr_assert_eq(engines_set(c, 1, 0, 7, 0), ERR(STATE), "no such map");
			cr_assert_eq(engines_set(c, 1, 0, 1, 0), ERR(TYPE), "itself");
			control_close(c);
		}
	}
}

/* key 1 of the outer map 4 -> an inner map, whose element 2 is raised by 1. R0: 10 without the one, 20 without the
 * other. */
static const uint64_t raise[] = {W_MOV(2, 1),
				 W(0x63, 10, 2, -4, 0),
				 W_MOVR(2, 10),
				 W_ADD(2, -4),
				 W_MAP(1, 4),
				 W_CALL(1),
				 W_MOVR(1, 0),
				 W_MOV(0, 10),
				 W(0x15, 1, 0, 11, 0),
				 W_MOV(2, 2),
				 W(0x63, 10, 2, -4, 0),
				 W_MOVR(2, 10),
				 W_ADD(2, -4),
				 W_CALL(1),
				 W_MOVR(1, 0),
				 W_MOV(0, 20),
				 W(0x15, 1, 0, 3, 0),
				 W_LDX64(0, 1, 0),
				 W_ADD(0, 1),
				 W_STX64(1, 0, 0),
				 W_EXIT};

Test(of_maps, programs)
{
	static const uint32_t inners[] = {MAP(ARRAY), MAP(HASH), MAP(PERCPU_ARRAY), MAP(LRU_HASH)};

	for (int engine = 0; engine < ENGINES; engine++) {
		for (size_t t = 0; t < ENGINES_COUNT(outers) * ENGINES_COUNT(inners); t++) {
			uint32_t outer = outers[t % 2], inner = inners[t / 2];
			bool array = inner == MAP(ARRAY) || inner == MAP(PERCPU_ARRAY);
			struct control *c = engines_open(engine, NULL, 0);
			uint8_t value[16] = {41};
			le32 key = cpu_to_le32(2);

			cr_assert_eq(control_map_create(c, 0, inner, 4, 8, 1, 0), 0);
			cr_assert_eq(control_map_create(c, 1, inner, 4, 8, 50, 0), 0);
			cr_assert_eq(engines_outer(c, 4, outer, 4, 4, 0, 0), 0);
			engines_load(c, 0, raise, ENGINES_COUNT(raise));
			engines_attach(c, 0);
			cr_assert_eq(engines_run(c).r0, 10, "%s: type %u of %u", engines_name(engine), outer, inner);
			cr_assert_eq(engines_set(c, 4, 1, 0, 0), 0);
			/* Each has its own size: there is no element 2 in the small one. */
			cr_assert_eq(engines_run(c).r0, 20, "%s: type %u of %u", engines_name(engine), outer, inner);
			cr_assert_eq(engines_set(c, 4, 1, 1, 0), 0);
			cr_assert_eq(engines_run(c).r0, array ? 1 : 20);
			cr_assert_eq(control_map_update(c, 1, 0, &key, 4, value, inner == MAP(PERCPU_ARRAY) ? 16 : 8),
				     0);
			cr_assert_eq(engines_run(c).r0, 42);
			cr_assert_eq(engines_run(c).r0, 43);
			cr_assert_eq(control_map_key(c, CMD(MAP_DELETE), 4, (le32[]){cpu_to_le32(1)}, 4), 0);
			cr_assert_eq(engines_run(c).r0, 10);
			control_close(c);
		}
	}
}

/* Programs neither make nor remove elements of the outer map, and do not see what a map is made of. */
Test(of_maps, what_programs_cannot)
{
	static const struct {
		const char *what;
		uint64_t words[16];
	} rows[] = {
		{"update",
		 {W_MOV(2, 1), W(0x63, 10, 2, -4, 0), W_MOVR(2, 10), W_ADD(2, -4), W_MOVR(3, 2), W_MOV(4, 0),
		  W_MAP(1, 4), W_CALL(2), W_MOV(0, 0), W_EXIT}},
		{"delete",
		 {W_MOV(2, 1), W(0x63, 10, 2, -4, 0), W_MOVR(2, 10), W_ADD(2, -4), W_MAP(1, 4), W_CALL(3), W_MOV(0, 0),
		  W_EXIT}},
		{"no comparison with 0",
		 {W_MOV(2, 1), W(0x63, 10, 2, -4, 0), W_MOVR(2, 10), W_ADD(2, -4), W_MAP(1, 4), W_CALL(1), W_MOVR(1, 0),
		  W_MOVR(2, 10), W_ADD(2, -4), W_CALL(1), W_MOV(0, 0), W_EXIT}},
		{"a load from the map itself",
		 {W_MOV(2, 1), W(0x63, 10, 2, -4, 0), W_MOVR(2, 10), W_ADD(2, -4), W_MAP(1, 4), W_CALL(1),
		  W(0x55, 0, 0, 2, 0), W_MOV(0, 0), W_EXIT, W_LDX64(0, 0, 0), W_EXIT}},
		{"a store into the map itself",
		 {W_MOV(2, 1), W(0x63, 10, 2, -4, 0), W_MOVR(2, 10), W_ADD(2, -4), W_MAP(1, 4), W_CALL(1),
		  W(0x15, 0, 0, 1, 0), W_ST8(0, 0, 1), W_MOV(0, 0), W_EXIT}},
	};

	for (size_t t = 0; t < ENGINES_COUNT(outers); t++) {
		for (size_t i = 0; i < ENGINES_COUNT(rows); i++) {
			struct control *c = open_maps(FW_ENGINE_INTERP);
			size_t count = ENGINES_COUNT(rows[i].words);

			while (!rows[i].words[count - 1])
				count--;
			cr_assert_eq(engines_outer(c, 4, outers[t], 4, 4, 0, 0), 0);
			cr_assert_eq(control_load(c, 0, rows[i].words, count), VIRTIO_NET_XDP_PROG_REFUSED, "%s",
				     rows[i].what);
			control_close(c);
		}
	}
}
