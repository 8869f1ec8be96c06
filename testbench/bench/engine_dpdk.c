// SPDX-License-Identifier: BSD-2-Clause
/*
 * DPDK's rte_bpf, if the build found it (BENCH_DPDK). What it takes differs from what Linux takes, so the program is
 * fitted, instruction by instruction, none more and none less: it is compiled for -mcpu=v2, since there are no 32-bit
 * jumps; loads from the context are 8 bytes wide and lead into struct fw_frame, which the validator is told is an mbuf,
 * the one kind of memory out of which it takes pointers; maps are addresses, and each call has an external symbol of
 * its own, which says how long the value is that it returns.
 */
#include "bench/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef BENCH_DPDK

static struct engine *dpdk_open(const struct engine_args *args, char error[static LOAD_ERROR_BYTES])
{
	(void)args;
	snprintf(error, LOAD_ERROR_BYTES, "this benchmark was built without DPDK (Debian's dpdk-dev)");
	return NULL;
}

const struct engine_ops engine_dpdk_jit = {.key = "dpdk_jit", .title = "DPDK JIT", .open = dpdk_open};
const struct engine_ops engine_dpdk_interp = {.key = "dpdk_interp", .title = "DPDK interpreter", .open = dpdk_open};

#else

#include <limits.h>
#include <rte_bpf.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "bench/native_map.h"

#define HELPERS_MAX   64
#define PACKET_BYTES  256 /* that the validator lets the program reach */
#define REGISTERS     11
#define NOTHING       UINT32_MAX
#define CTX_DATA      0
#define CTX_DATA_END  4
#define CODE_LD_IMM64 (BPF_LD | BPF_IMM | EBPF_DW)
#define CODE_CALL     (BPF_JMP | EBPF_CALL)
#define CODE_MOV      (EBPF_ALU64 | EBPF_MOV | BPF_X)

struct dpdk_map {
	const char *name;
	struct native_shape shape;
	struct native_memory *memory;
};

struct engine_dpdk {
	struct engine engine;
	struct load_object *object; /* of -mcpu=v2 */
	struct dpdk_map *maps;
	struct ebpf_insn *insns;
	struct rte_bpf_xsym xsyms[HELPERS_MAX];
	struct rte_bpf_prm prm;
	struct rte_bpf *bpf;
	struct rte_bpf_jit jit;
};

static struct engine_dpdk *dpdk(struct engine *engine)
{
	return (struct engine_dpdk *)engine;
}

/* ---- helper functions ---- */

typedef uint64_t helper_fn(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

NATIVE_INLINE uint64_t look_up(const struct dpdk_map *map, uint64_t key, struct native_shape shape)
{
	return (uintptr_t)native_lookup(map->memory, (const void *)(uintptr_t)key, shape);
}

static uint64_t lookup_any(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5)
{
	const struct dpdk_map *map = (const void *)(uintptr_t)r1;

	(void)r3, (void)r4, (void)r5;
	return look_up(map, r2, map->shape);
}

/* Lookups for one shape of map, as one would write them for speed. */
#define LOOKUP(name, type, key_size, value_size)                                                                       \
	static uint64_t name(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5)                          \
	{                                                                                                              \
		const struct dpdk_map *map = (const void *)(uintptr_t)r1;                                              \
                                                                                                                       \
		(void)r3, (void)r4, (void)r5;                                                                          \
		return look_up(map, r2, (struct native_shape){type, key_size, value_size, map->shape.max_entries});    \
	}
LOOKUP(lookup_array_8, BPF_MAP_TYPE_ARRAY, 4, 8)
LOOKUP(lookup_array_16, BPF_MAP_TYPE_ARRAY, 4, 16)
LOOKUP(lookup_hash_4_4, BPF_MAP_TYPE_HASH, 4, 4)
LOOKUP(lookup_hash_4_8, BPF_MAP_TYPE_HASH, 4, 8)
LOOKUP(lookup_hash_4_16, BPF_MAP_TYPE_HASH, 4, 16)

static const struct {
	uint32_t type, key_size, value_size;
	helper_fn *fn;
} lookups[] = {
	{BPF_MAP_TYPE_ARRAY, 4, 8, lookup_array_8},   {BPF_MAP_TYPE_ARRAY, 4, 16, lookup_array_16},
	{BPF_MAP_TYPE_HASH, 4, 4, lookup_hash_4_4},   {BPF_MAP_TYPE_HASH, 4, 8, lookup_hash_4_8},
	{BPF_MAP_TYPE_HASH, 4, 16, lookup_hash_4_16},
};

static helper_fn *lookup_for(const struct native_shape *shape)
{
	for (size_t i = 0; i < sizeof(lookups) / sizeof(lookups[0]); i++)
		if (lookups[i].type == shape->type && lookups[i].key_size == shape->key_size &&
		    lookups[i].value_size == shape->value_size)
			return lookups[i].fn;
	return lookup_any;
}

static uint64_t map_update(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5)
{
	const struct dpdk_map *map = (const void *)(uintptr_t)r1;

	(void)r5;
	return (uint64_t)native_update(map->memory, (const void *)(uintptr_t)r2, (const void *)(uintptr_t)r3, r4,
				       map->shape);
}

static uint64_t csum_diff(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5)
{
	const uint32_t *from = (const void *)(uintptr_t)r1, *to = (const void *)(uintptr_t)r3;
	uint64_t sum = (uint32_t)r5;

	for (uint32_t i = 0; i < (uint32_t)r2 / 4; i++)
		sum += (uint32_t)~from[i];
	for (uint32_t i = 0; i < (uint32_t)r4 / 4; i++)
		sum += to[i];
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (sum & 0xffffffff) + (sum >> 32);
}

static uint64_t adjust_head(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5)
{
	struct fw_frame *frame = (struct fw_frame *)(uintptr_t)r1;
	uint8_t *data = frame->data + (int)r2;

	(void)r3, (void)r4, (void)r5;
	if (data < frame->hard_start || data + 14 > frame->data_end)
		return (uint64_t)-EINVAL;
	frame->data = frame->data_meta = data;
	return 0;
}

static const struct rte_bpf_arg number = {.type = RTE_BPF_ARG_RAW, .size = 8};

/* The external symbol of a call to helper id on map (NULL: none). 0 or -ENOTSUP. */
static int symbol(struct rte_bpf_xsym *x, int32_t id, const struct dpdk_map *map)
{
	*x = (struct rte_bpf_xsym){.name = "helper", .type = RTE_BPF_XTYPE_FUNC, .func = {.nb_args = 5, .ret = number}};
	for (size_t i = 0; i < EBPF_FUNC_MAX_ARGS; i++)
		x->func.args[i] = number;
	switch (id) {
	case BPF_FUNC_map_lookup_elem:
		x->func.nb_args = 2;
		x->func.val = map ? lookup_for(&map->shape) : NULL;
		if (map) {
			x->func.args[1] = (struct rte_bpf_arg){.type = RTE_BPF_ARG_PTR, .size = map->shape.key_size};
			x->func.ret = (struct rte_bpf_arg){.type = RTE_BPF_ARG_PTR, .size = map->shape.value_size};
		}
		break;
	case BPF_FUNC_map_update_elem:
		x->func.nb_args = 4;
		x->func.val = map ? map_update : NULL;
		break;
	case BPF_FUNC_csum_diff:
		x->func.val = csum_diff;
		break;
	case BPF_FUNC_xdp_adjust_head:
		x->func.nb_args = 2;
		x->func.val = adjust_head;
		break;
	default:
		break;
	}
	return x->func.val ? 0 : -ENOTSUP;
}

/* ---- fitting the program ---- */

/* What registers hold, in the order of the instructions: enough for what a compiler makes of the examples. */
struct facts {
	bool ctx[REGISTERS];
	uint32_t map[REGISTERS]; /* index, or NOTHING */
};

static void forget(struct facts *f, unsigned int reg)
{
	f->ctx[reg] = false;
	f->map[reg] = NOTHING;
}

static int fit_call(struct engine_dpdk *d, struct ebpf_insn *insn, struct facts *f)
{
	uint32_t at = d->prm.nb_xsym, map = f->map[1];

	if (insn->src_reg || at == HELPERS_MAX ||
	    symbol(&d->xsyms[at], insn->imm, map == NOTHING ? NULL : &d->maps[map]))
		return -ENOTSUP;
	insn->imm = (int32_t)at;
	d->prm.nb_xsym++;
	for (unsigned int reg = 0; reg <= 5; reg++)
		forget(f, reg);
	return 0;
}

/* A load from the context: as wide as a pointer, and where struct fw_frame has it. */
static int fit_ctx_load(struct ebpf_insn *insn)
{
	if (insn->code != (BPF_LDX | BPF_MEM | BPF_W) || (insn->off != CTX_DATA && insn->off != CTX_DATA_END))
		return -ENOTSUP;
	insn->code = BPF_LDX | BPF_MEM | EBPF_DW;
	insn->off = insn->off == CTX_DATA ? offsetof(struct fw_frame, data) : offsetof(struct fw_frame, data_end);
	return 0;
}

/* One instruction, which has a second slot if it is an LD_IMM64. 0 or -ENOTSUP. */
static int fit_insn(struct engine_dpdk *d, struct ebpf_insn *insn, struct facts *f)
{
	int err = 0;

	if (insn->code == CODE_CALL)
		return fit_call(d, insn, f);
	if (insn->code == CODE_MOV) {
		f->ctx[insn->dst_reg] = f->ctx[insn->src_reg];
		f->map[insn->dst_reg] = f->map[insn->src_reg];
		return 0;
	}
	if (insn->code == CODE_LD_IMM64) {
		forget(f, insn->dst_reg);
		if (insn->src_reg == BPF_PSEUDO_MAP_FD) {
			uint64_t address = (uintptr_t)&d->maps[insn->imm];

			f->map[insn->dst_reg] = (uint32_t)insn->imm;
			insn->src_reg = 0;
			insn[0].imm = (int32_t)address;
			insn[1].imm = (int32_t)(address >> 32);
		}
		return insn->src_reg ? -ENOTSUP : 0;
	}
	if (BPF_CLASS(insn->code) == BPF_LDX && f->ctx[insn->src_reg])
		err = fit_ctx_load(insn);
	if (BPF_CLASS(insn->code) == BPF_LDX || BPF_CLASS(insn->code) == BPF_ALU || BPF_CLASS(insn->code) == EBPF_ALU64)
		forget(f, insn->dst_reg);
	return err;
}

static int fit(struct engine_dpdk *d, const struct load_prog *prog, char *error)
{
	struct facts facts = {.ctx = {[1] = true}};

	d->insns = calloc(prog->count, sizeof(*d->insns));
	if (!d->insns)
		return -ENOMEM;
	memcpy(d->insns, prog->insns, prog->count * sizeof(*d->insns));
	for (unsigned int reg = 0; reg < REGISTERS; reg++)
		facts.map[reg] = NOTHING;
	for (uint32_t i = 0; i < prog->count; i += d->insns[i].code == CODE_LD_IMM64 ? 2 : 1)
		if (fit_insn(d, &d->insns[i], &facts)) {
			snprintf(error, LOAD_ERROR_BYTES, "instruction %u is beyond what can be fitted to it", i);
			return -ENOTSUP;
		}
	d->prm.ins = d->insns;
	d->prm.nb_ins = prog->count;
	d->prm.xsym = d->xsyms;
	d->prm.prog_arg = (struct rte_bpf_arg){
		.type = RTE_BPF_ARG_PTR_MBUF, .size = sizeof(struct rte_mbuf), .buf_size = PACKET_BYTES};
	return 0;
}

static int make_maps(struct engine_dpdk *d)
{
	d->maps = calloc(d->object->num_maps + 1, sizeof(*d->maps));
	for (size_t i = 0; d->maps && i < d->object->num_maps; i++) {
		const struct load_map *from = &d->object->maps[i];
		struct dpdk_map *map = &d->maps[i];

		map->name = from->name;
		map->shape = (struct native_shape){from->type, from->key_size, from->value_size, from->max_entries};
		map->memory = aligned_alloc(64, 64 + (size_t)from->max_entries * NATIVE_ELEMENT_BYTES);
		if (!map->memory)
			return -ENOMEM;
		memset(map->memory, 0, 64 + (size_t)from->max_entries * NATIVE_ELEMENT_BYTES);
	}
	return d->maps ? 0 : -ENOMEM;
}

/* ---- the engine ---- */

static void dpdk_close(struct engine *engine)
{
	struct engine_dpdk *d = dpdk(engine);

	for (size_t i = 0; d->maps && i < d->object->num_maps; i++)
		free(d->maps[i].memory);
	rte_bpf_destroy(d->bpf);
	load_free(d->object);
	free(d->maps);
	free(d->insns);
	free(d);
}

/* Loads d->prm; what rte_bpf says of it goes into error. */
static void load_program(struct engine_dpdk *d, char *error)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *log = open_memstream(&text, &bytes);

	rte_openlog_stream(log);
	d->bpf = rte_bpf_load(&d->prm);
	rte_openlog_stream(NULL);
	if (log)
		fclose(log);
	if (!d->bpf)
		snprintf(error, LOAD_ERROR_BYTES, "rte_bpf_load() refuses it: %.*s",
			 text ? (int)strcspn(text, "\n") : 0, text ? text : "");
	free(text);
}

static struct engine *open_engine(const struct engine_args *args, const struct engine_ops *ops, char *error)
{
	struct engine_dpdk *d = calloc(1, sizeof(*d));
	const struct load_prog *prog;
	char path[PATH_MAX];

	snprintf(error, LOAD_ERROR_BYTES, "no memory");
	if (!d)
		return NULL;
	d->engine.ops = ops;
	snprintf(path, sizeof(path), "%s/%s.bpf.o", args->peers, args->name);
	d->object = load_open(path, NULL, error);
	prog = d->object ? load_choose(d->object, NULL, error) : NULL;
	if (!prog || make_maps(d) || fit(d, prog, error))
		goto close;
	load_program(d, error);
	if (!d->bpf)
		goto close;
	rte_bpf_get_jit(d->bpf, &d->jit);
	if (ops != &engine_dpdk_jit || d->jit.func)
		return &d->engine;
	snprintf(error, LOAD_ERROR_BYTES, "rte_bpf has no JIT for it");
close:
	dpdk_close(&d->engine);
	return NULL;
}

static struct engine *open_jit(const struct engine_args *args, char error[static LOAD_ERROR_BYTES])
{
	return open_engine(args, &engine_dpdk_jit, error);
}

static struct engine *open_interp(const struct engine_args *args, char error[static LOAD_ERROR_BYTES])
{
	return open_engine(args, &engine_dpdk_interp, error);
}

static const struct dpdk_map *find(struct engine_dpdk *d, const char *name)
{
	for (size_t i = 0; i < d->object->num_maps; i++)
		if (strcmp(d->maps[i].name, name) == 0)
			return &d->maps[i];
	return NULL;
}

static int update(struct engine *engine, const char *name, const void *key, const void *value)
{
	const struct dpdk_map *map = find(dpdk(engine), name);

	return map ? (int)native_update(map->memory, key, value, BPF_ANY, map->shape) : -ENOENT;
}

static int lookup(struct engine *engine, const char *name, const void *key, void *value)
{
	const struct dpdk_map *map = find(dpdk(engine), name);
	const void *at = map ? native_lookup(map->memory, key, map->shape) : NULL;

	if (!at)
		return -ENOENT;
	memcpy(value, at, map->shape.value_size);
	return 0;
}

static int run_jit(struct engine *engine, struct fw_frame *frames, size_t count)
{
	uint64_t (*fn)(void *) = dpdk(engine)->jit.func;

	for (size_t i = 0; i < count; i++)
		frames[i].r0 = fn(&frames[i]);
	return 0;
}

static int run_interp(struct engine *engine, struct fw_frame *frames, size_t count)
{
	const struct rte_bpf *bpf = dpdk(engine)->bpf;

	for (size_t i = 0; i < count; i++)
		frames[i].r0 = rte_bpf_exec(bpf, &frames[i]);
	return 0;
}

static int load(struct engine *engine)
{
	struct rte_bpf *bpf = rte_bpf_load(&dpdk(engine)->prm);

	if (!bpf)
		return -rte_errno;
	rte_bpf_destroy(bpf);
	return 0;
}

const struct engine_ops engine_dpdk_jit = {
	.key = "dpdk_jit",
	.title = "DPDK JIT",
	.open = open_jit,
	.close = dpdk_close,
	.update = update,
	.lookup = lookup,
	.run = run_jit,
	.load = load,
};

const struct engine_ops engine_dpdk_interp = {
	.key = "dpdk_interp",
	.title = "DPDK interpreter",
	.open = open_interp,
	.close = dpdk_close,
	.update = update,
	.lookup = lookup,
	.run = run_interp,
	.load = load,
};

#endif
