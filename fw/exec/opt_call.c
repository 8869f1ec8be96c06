/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of helpers: lookups in maps that are known need none. */
#include "exec/opt_work.h"
#include "le.h"
#include "virtio_net_xdp.h"

bool opt_array(struct map *map, struct opt_array *array)
{
	le32 first = cpu_to_le32(0), second = cpu_to_le32(1);

	if (map->attr.type != VIRTIO_NET_XDP_MAP_ARRAY)
		return false;
	array->base = (uintptr_t)map->ops->lookup(map, &first, 0);
	array->entries = map->attr.max_entries;
	array->stride = array->entries > 1 ? (uintptr_t)map->ops->lookup(map, &second, 0) - array->base : 8;
	return array->base && array->entries <= INT32_MAX && array->stride <= INT32_MAX;
}

/* The map argument of the call at slot i, or EXEC_NO_MAP. */
static uint32_t map_of_call(const struct opt_work *w, uint32_t i)
{
	if (w->prog->calls && w->prog->calls[i].map != EXEC_NO_MAP)
		return w->prog->calls[i].map;
	if (opt_is_known(w, 1) && w->facts.of[1] == opt_pointer(OPT_REGIONS, false))
		return (uint32_t)w->value[1];
	return EXEC_NO_MAP;
}

/* Whether the key of the lookup at slot i is a number; *cell: else what was stored there, if that is known. */
static bool known_key(const struct opt_work *w, uint32_t i, uint32_t *key, const struct opt_cell **cell)
{
	int64_t distance;

	*cell = NULL;
	if (w->prog->calls && w->prog->calls[i].map != EXEC_NO_MAP && w->prog->calls[i].key_known) {
		*key = w->prog->calls[i].key;
		return true;
	}
	if (opt_is_stack(w, 2, &distance))
		*cell = opt_find_cell(w, distance);
	if (!*cell || (*cell)->width < 4) {
		*cell = NULL;
		return false;
	}
	*key = (uint32_t)(*cell)->constant;
	return (*cell)->is_constant;
}

/* Where the key at R2 is, as src + off. */
static void key_place(const struct opt_work *w, struct insn *insn)
{
	int64_t distance;

	insn->src = 2;
	if (opt_is_stack(w, 2, &distance) && distance >= -EXEC_STACK_BYTES && distance < 0) {
		insn->src = INSN_FRAME_PTR;
		insn->off = (int16_t)distance;
	}
}

/* Fills in the slot of a lookup in an array. Returns whether the result is known not to be null. */
static bool set_index(struct opt_work *w, uint32_t i, uint32_t map, const struct opt_array *array,
		      const struct opt_cell *cell)
{
	struct insn *insn = &w->insns[i];
	unsigned int bits = cell ? opt_bits_of(w, cell->reg) : 64;
	bool good = bits < 32 && 1ULL << bits <= array->entries;

	*insn = (struct insn){.op = INSN_CALL, .imm = (int32_t)map, .imm64 = good};
	if (cell) {
		insn->src = cell->reg;
		w->form[i] = OPT_INDEX;
		return good;
	}
	w->form[i] = OPT_INDEX_MEM;
	key_place(w, insn);
	return false;
}

static bool can_index(const struct opt_work *w)
{
	return opt_knows(w, OPT_INDEX) && opt_knows(w, OPT_INDEX_MEM);
}

/* A lookup in an ARRAY becomes arithmetic; an address, if the key is known. req: XO-163, XO-230 */
static bool inline_index(struct opt_work *w, uint32_t i, uint32_t map)
{
	const struct opt_cell *cell;
	struct opt_array array;
	uint32_t key;
	uint64_t value;

	if (!can_index(w) || !opt_array(w->prog->maps[map], &array))
		return false;
	if (!known_key(w, i, &key, &cell)) {
		bool good = set_index(w, i, map, &array, cell);

		opt_wrote(w, 0, opt_pointer(OPT_REGION_VALUE, !good));
		return true;
	}
	if (key >= array.entries) {
		opt_set_constant(w, i, 0, 0, false);
		opt_wrote_value(w, 0, 0, 0);
		return true;
	}
	value = array.base + key * array.stride;
	opt_set_constant(w, i, 0, value, true);
	opt_wrote_value(w, 0, opt_pointer(OPT_REGION_VALUE, false), value);
	return true;
}

/* Where the key of the lookup at slot i is: in a register, if it was stored from one that still has it. */
static void find_key(struct opt_work *w, uint32_t i)
{
	const struct opt_cell *cell = NULL;
	struct insn *insn = &w->insns[i];
	int64_t distance;

	if (opt_knows(w, OPT_FIND_REG) && opt_is_stack(w, 2, &distance))
		cell = opt_find_cell(w, distance);
	if (cell && !cell->is_constant && cell->width >= insn->imm64) {
		insn->src = cell->reg;
		w->form[i] = OPT_FIND_REG;
		return;
	}
	key_place(w, insn);
	w->form[i] = OPT_FIND;
}

static bool can_find(const struct opt_work *w, uint32_t map)
{
	const struct map_attr *attr = &w->prog->maps[map]->attr;

	return opt_knows(w, OPT_FIND) && attr->type == VIRTIO_NET_XDP_MAP_HASH &&
	       (attr->key_size == 4 || attr->key_size == 8);
}

/* A lookup in a HASH whose keys fit a register needs no call, and touches nothing but R0 to R5. */
static bool inline_find(struct opt_work *w, uint32_t i, uint32_t map)
{
	const struct map_attr *attr = &w->prog->maps[map]->attr;
	struct insn *insn = &w->insns[i];

	if (!can_find(w, map))
		return false;
	*insn = (struct insn){.op = INSN_CALL, .imm = (int32_t)map, .imm64 = attr->key_size};
	find_key(w, i);
	w->bytes_known &= (uint16_t)~0x3fu;
	for (uint8_t reg = 0; reg <= 5; reg++)
		opt_wrote(w, reg, reg ? OPT_FACT_ANY : opt_pointer(OPT_REGION_VALUE, true));
	return true;
}

bool opt_call_has_map(const struct opt_work *w, uint32_t i)
{
	const struct exec_call *calls = w->prog->calls;
	struct opt_array array;

	if (w->insns[i].op != INSN_CALL || w->insns[i].imm != 1 || !calls || calls[i].map >= w->prog->num_maps)
		return false;
	return can_find(w, calls[i].map) || (can_index(w) && opt_array(w->prog->maps[calls[i].map], &array));
}

void opt_call(struct opt_work *w, uint32_t i)
{
	const struct helper *helper = helper_of((uint32_t)w->insns[i].imm);
	uint32_t map = map_of_call(w, i);
	uint8_t fact = OPT_FACT_ANY;

	opt_bytes_flush(w);
	if (w->insns[i].imm == 1 && map < w->prog->num_maps) {
		if (inline_index(w, i, map)) {
			w->bytes_known &= (uint16_t)~1u;
			/* R1 to R5 are still what they were, but no program reads them. */
			for (uint8_t reg = 1; reg <= 5; reg++)
				w->known &= (uint16_t) ~(1u << reg);
			return;
		}
		if (inline_find(w, i, map))
			return;
	}
	if (helper && helper->ret == HELPER_RET_VALUE_OR_NULL)
		fact = opt_pointer(OPT_REGION_VALUE, true);
	if (map < w->prog->num_maps && map < INT16_MAX)
		w->insns[i].off = (int16_t)(map + 1);
	opt_bytes_reset(w);
	w->cells = 0;
	for (uint8_t reg = 0; reg <= 5; reg++)
		opt_wrote(w, reg, reg ? OPT_FACT_ANY : fact);
}
