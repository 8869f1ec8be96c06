// SPDX-License-Identifier: BSD-2-Clause
#include "oracle/mutants.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/generate.h"
#include "oracle/twins.h"
#include "virtio_net_xdp.h"

#define OBJECTS_MAX 64

struct mutants {
	struct load_object *objects[OBJECTS_MAX];
	size_t num_objects;
	uint32_t max_slots;
	const struct load_object *pair[2]; /* taken now */
	struct load_map maps[TWINS_MAX];
	uint64_t rng;
};

static uint32_t pick(struct mutants *m, uint32_t n)
{
	return (uint32_t)(generate_random(&m->rng) >> 32) % n;
}

static bool chance(struct mutants *m, uint32_t of)
{
	return pick(m, of) == 0;
}

/* Something of it can be taken. */
static bool is_taken(const struct load_object *object, uint32_t max_slots)
{
	if (object->num_maps > TWINS_MAX / 2)
		return false;
	for (size_t i = 0; i < object->num_maps; i++)
		if (object->maps[i].key_size > TWINS_KEY_MAX || object->maps[i].value_size > TWINS_VALUE_MAX)
			return false;
	for (size_t i = 0; i < object->num_progs; i++)
		if (object->progs[i].count <= max_slots)
			return true;
	return false;
}

struct mutants *mutants_open(const char *dir, uint32_t max_slots)
{
	struct mutants *m = calloc(1, sizeof(*m));
	char error[LOAD_ERROR_BYTES], pattern[4096];
	glob_t found;

	cr_assert_not_null(m);
	m->max_slots = max_slots;
	snprintf(pattern, sizeof(pattern), "%s/*.bpf.o", dir);
	cr_assert_eq(glob(pattern, 0, NULL, &found), 0, "no objects in %s", dir);
	for (size_t i = 0; i < found.gl_pathc && m->num_objects < OBJECTS_MAX; i++) {
		struct load_object *object = load_open(found.gl_pathv[i], NULL, error);

		cr_assert_not_null(object, "%s", error);
		if (is_taken(object, max_slots))
			m->objects[m->num_objects++] = object;
		else
			load_free(object);
	}
	globfree(&found);
	cr_assert_gt(m->num_objects, 0, "no programs of at most %u instructions in %s", max_slots, dir);
	return m;
}

void mutants_free(struct mutants *m)
{
	for (size_t i = 0; m && i < m->num_objects; i++)
		load_free(m->objects[i]);
	free(m);
}

/* Its value is as large as a program says that it is: other sizes are an error that anybody sees. */
static bool is_sized(const struct load_map *map)
{
	switch (map->type) {
	case VIRTIO_NET_XDP_MAP_HASH:
	case VIRTIO_NET_XDP_MAP_ARRAY:
	case VIRTIO_NET_XDP_MAP_PERCPU_HASH:
	case VIRTIO_NET_XDP_MAP_PERCPU_ARRAY:
	case VIRTIO_NET_XDP_MAP_LRU_HASH:
		return !map->data && !map->is_template;
	default:
		return false;
	}
}

static bool is_array(const struct load_map *map)
{
	return map->type == VIRTIO_NET_XDP_MAP_ARRAY || map->type == VIRTIO_NET_XDP_MAP_PERCPU_ARRAY;
}

static void resize(struct mutants *m, struct load_map *map)
{
	static const int by[] = {-8, -4, -1, 1, 4, 8};
	int value = (int)map->value_size + by[pick(m, 6)], key = (int)map->key_size + by[pick(m, 6)];

	if (chance(m, 6) && value > 0)
		map->value_size = (uint32_t)value;
	if (chance(m, 12) && key > 0 && !is_array(map))
		map->key_size = (uint32_t)key;
}

/* Few entries: they are compared after each run. */
static void limit(struct mutants *m, struct load_map *map)
{
	uint32_t few = 1u << pick(m, 5);

	if (map->type == VIRTIO_NET_XDP_MAP_RINGBUF)
		map->max_entries = 4096;
	else if (map->max_entries > few || !map->max_entries)
		map->max_entries = few;
}

const struct load_map *mutants_maps(struct mutants *m, uint64_t seed, bool plain, size_t *num_maps)
{
	m->rng = generate_seed(seed);
	*num_maps = 0;
	for (int o = 0; o < 2; o++) {
		const struct load_object *object = m->objects[pick(m, (uint32_t)m->num_objects)];
		uint32_t first = (uint32_t)*num_maps;

		m->pair[o] = object;
		for (size_t i = 0; i < object->num_maps; i++) {
			struct load_map *map = &m->maps[(*num_maps)++];

			*map = object->maps[i];
			if (map->inner != LOAD_NO_MAP)
				map->inner += first;
			limit(m, map);
			if (!plain && is_sized(map))
				resize(m, map);
		}
	}
	return m->maps;
}

static bool is_wide(const uint8_t *insn)
{
	return insn[0] == (BPF_LD | BPF_IMM | BPF_DW);
}

/* Slots of a program of object o to wire, whose maps are where those of the two objects are. */
static void copy(const struct mutants *m, int o, const struct load_prog *prog, uint32_t from, uint32_t slots,
		 uint8_t *wire)
{
	memcpy(wire, prog->insns + (size_t)from * 8, (size_t)slots * 8);
	for (uint32_t i = 0; i + 1 < slots; i++) {
		uint8_t *insn = wire + (size_t)i * 8;
		uint32_t map;

		if (!is_wide(insn))
			continue;
		memcpy(&map, insn + 4, 4);
		map += o && insn[1] >> 4 ? (uint32_t)m->pair[0]->num_maps : 0;
		memcpy(insn + 4, &map, 4);
		i++;
	}
}

static const struct load_prog *choose(struct mutants *m, int o)
{
	const struct load_object *object = m->pair[o];
	const struct load_prog *prog;

	do
		prog = &object->progs[pick(m, (uint32_t)object->num_progs)];
	while (prog->count > m->max_slots);
	return prog;
}

/* A piece of a program of the other object comes in place of what is there. */
static void splice(struct mutants *m, uint8_t *wire, uint32_t slots)
{
	const struct load_prog *other = choose(m, 1);
	uint32_t most = other->count < slots ? other->count : slots, count = 1 + pick(m, most < 8 ? most : 8);

	copy(m, 1, other, pick(m, other->count - count + 1), count, wire + (size_t)pick(m, slots - count + 1) * 8);
}

static void change_imm(struct mutants *m, uint8_t *insn)
{
	static const int32_t edges[] = {0, 1, -1, INT32_MAX, INT32_MIN, 255, 256, 65535, 65536};
	int32_t imm;

	memcpy(&imm, insn + 4, 4);
	switch (pick(m, 4)) {
	case 0:
		imm = edges[pick(m, sizeof(edges) / sizeof(edges[0]))];
		break;
	case 1:
		imm ^= (int32_t)(1u << pick(m, 32));
		break;
	default:
		imm = (int32_t)((uint32_t)imm + pick(m, 17) - 8);
	}
	memcpy(insn + 4, &imm, 4);
}

static void change_offset(struct mutants *m, uint8_t *insn)
{
	static const int by[] = {-8, -4, -2, -1, 1, 2, 4, 8};
	int16_t off;

	memcpy(&off, insn + 2, 2);
	off = (int16_t)(chance(m, 8) ? (int)pick(m, 65536) - 32768 : off + by[pick(m, 8)]);
	memcpy(insn + 2, &off, 2);
}

/* Another operation or width of the same class; or whatever. */
static void change_opcode(struct mutants *m, uint8_t *insn)
{
	switch (pick(m, 4)) {
	case 0:
		insn[0] ^= 0x08 << pick(m, 2); /* register or immediate; width */
		break;
	case 1:
		insn[0] ^= (uint8_t)(1u << pick(m, 8));
		break;
	default:
		insn[0] = (uint8_t)((insn[0] & 0x0f) | pick(m, 14) << 4);
	}
}

static void change_register(struct mutants *m, uint8_t *insn)
{
	uint8_t reg = (uint8_t)pick(m, 11);

	insn[1] = chance(m, 2) ? (uint8_t)((insn[1] & 0xf0) | reg) : (uint8_t)((insn[1] & 0x0f) | reg << 4);
}

static void mutate(struct mutants *m, uint8_t *wire, uint32_t slots)
{
	static const uint8_t nothing[8] = {BPF_JMP | BPF_JA};
	uint8_t *insn = wire + (size_t)pick(m, slots) * 8, *other = wire + (size_t)pick(m, slots) * 8, keep[8];

	switch (pick(m, 14)) {
	case 0:
	case 1:
	case 2:
	case 3:
		change_imm(m, insn);
		break;
	case 4:
	case 5:
	case 6:
		change_offset(m, insn);
		break;
	case 7:
		change_opcode(m, insn);
		break;
	case 8:
		change_register(m, insn);
		break;
	case 9:
		memcpy(insn, nothing, 8);
		break;
	case 10:
		other = insn + 8 < wire + (size_t)slots * 8 ? insn + 8 : insn;
		memcpy(keep, insn, 8);
		memcpy(insn, other, 8);
		memcpy(other, keep, 8);
		break;
	case 11:
		memcpy(other, insn, 8);
		break;
	default:
		splice(m, wire, slots);
	}
}

uint32_t mutants_program(struct mutants *m, uint64_t seed, uint8_t *wire)
{
	const struct load_prog *prog;

	m->rng = generate_seed(seed);
	prog = choose(m, 0);
	copy(m, 0, prog, 0, prog->count, wire);
	for (uint32_t n = pick(m, 4); n; n--)
		mutate(m, wire, prog->count);
	return prog->count;
}
