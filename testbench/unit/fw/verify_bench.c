/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify_bench.h"

#define ARENA_BYTES ((size_t)160 << 20)

#define ARRAY(entries, bytes, bits)                                                                                    \
	{                                                                                                              \
		.type = VIRTIO_NET_XDP_MAP_ARRAY, .key_size = 4, .value_size = (bytes), .max_entries = (entries),      \
		.flags = (bits)                                                                                        \
	}

static const struct map_attr attrs[MAPS] = {
	[MAP_HASH] = {.type = VIRTIO_NET_XDP_MAP_HASH, .key_size = 8, .value_size = 16, .max_entries = 4},
	[MAP_ONE] = ARRAY(1, 8, 0),
	[MAP_RDONLY] = ARRAY(1, 8, VIRTIO_NET_XDP_MAP_F_RDONLY_PROG),
	[MAP_PROGS] = {.type = VIRTIO_NET_XDP_MAP_PROG_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1},
	[MAP_LARGE] = ARRAY(1, 4 << 20, 0),
	[MAP_FROZEN] = ARRAY(1, 16, VIRTIO_NET_XDP_MAP_F_RDONLY_PROG),
	[MAP_OUTER] = {.type = VIRTIO_NET_XDP_MAP_ARRAY_OF, .key_size = 4, .value_size = 4, .max_entries = 4},
	[MAP_OUTER_RDONLY] = {.type = VIRTIO_NET_XDP_MAP_ARRAY_OF, .key_size = 4, .value_size = 4, .max_entries = 4},
	[MAP_RING] = {.type = VIRTIO_NET_XDP_MAP_RINGBUF, .max_entries = 65536},
	[MAP_ARRAY] = ARRAY(4, 8, 0),
};

/* What maps in maps are like. */
static const struct map_attr inner_hash = {
	.type = VIRTIO_NET_XDP_MAP_HASH, .key_size = 8, .value_size = 16, .max_entries = 4};
static const struct map_attr inner_rdonly = ARRAY(4, 8, VIRTIO_NET_XDP_MAP_F_RDONLY_PROG);

static void make_frozen(struct bench *b)
{
	const struct map_attr *attr = &attrs[MAP_FROZEN];
	const struct map_ops *ops = map_ops_of(attr->type);
	struct map *map = arena_alloc(&b->arena, ops->bytes(attr, 1));
	uint8_t *value;

	map->ops = ops;
	map->attr = *attr;
	ops->init(map, 1);
	value = ops->value_addr(map, 0);
	for (unsigned int i = 0; i < attr->value_size; i++)
		value[i] = i ? (uint8_t)i : 0xff;
	map->frozen = true;
	b->list[MAP_FROZEN] = map;
}

void bench_init(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	b->memory = aligned_alloc(64, ARENA_BYTES);
	arena_init(&b->arena, b->memory, ARENA_BYTES);
	for (size_t i = 0; i < MAPS; i++) {
		b->maps[i].attr = attrs[i];
		b->maps[i].ops = map_ops_of(attrs[i].type);
		b->list[i] = &b->maps[i];
	}
	b->maps[MAP_OUTER].inner = &inner_hash;
	b->maps[MAP_OUTER_RDONLY].inner = &inner_rdonly;
	make_frozen(b);
	b->caps.actions = 0xf;
	helpers_all(b->caps.helpers);
	b->args = (struct verify_args){.maps = b->list,
				       .num_maps = MAPS,
				       .caps = &b->caps,
				       .gpl_compatible = true,
				       .log = b->log,
				       .log_bytes = sizeof(b->log),
				       .arena = &b->arena};
}

void bench_verify_keep(struct bench *b, const uint64_t *words, uint32_t count, uint32_t budget,
		       struct verify_result *result)
{
	struct insn *insns = calloc(count + 1, sizeof(*insns));
	struct insn_error error = {0};
	struct verify *v;
	int rc;

	cr_assert_eq(insn_decode((const uint8_t *)words, count, ~0u, insns, &error), 0, "decode: insn %u: %s",
		     error.insn, error.what);
	b->args.insns = insns;
	b->args.count = count;
	v = verify_start(&b->args);
	cr_assert(v);
	while ((rc = verify_step(v, budget, result)) == -EAGAIN)
		;
	cr_assert_eq(rc, 0);
	verify_free(v);
	free(insns);
	cr_assert(!result->access == (result->error != 0) && !result->calls == (result->error != 0));
}

void bench_verify(struct bench *b, const uint64_t *words, uint32_t count, uint32_t budget, struct verify_result *result)
{
	size_t used = b->arena.used;

	bench_verify_keep(b, words, count, budget, result);
	arena_free(&b->arena, result->access);
	arena_free(&b->arena, result->calls);
	cr_assert_eq(b->arena.used, used, "memory was not given back");
}

static void row_args(struct bench *b, const struct verify_row *row)
{
	b->args.plain_memory = row->flags & PLAIN;
	b->args.mem_bytes = 16;
	b->args.funcs = row->funcs;
	b->args.num_funcs = row->num_funcs;
	b->args.strict_actions = row->flags & STRICT;
	b->caps.flags = row->flags & SELECT ? VIRTIO_NET_XDP_CAP_F_QUEUE_SELECT : 0;
}

void bench_rows(const struct verify_row *rows, size_t count)
{
	struct bench b;

	bench_init(&b);
	for (size_t i = 0; i < count; i++) {
		const struct verify_row *row = &rows[i];
		struct verify_result result;

		row_args(&b, row);
		for (uint32_t level = 0; level < 3; level++) {
			b.args.log_level = level;
			bench_verify(&b, row->words, row->count, level == 1 ? 1 : 10000, &result);
			cr_expect_eq(result.error, row->error, "%s: error %#x, not %#x: %s", row->id, result.error,
				     row->error, b.log);
			if (row->error)
				cr_expect_eq(result.error_insn, row->insn, "%s: insn %u: %s", row->id,
					     result.error_insn, b.log);
			cr_expect(row->error || result.zero_stack == !!(row->flags & ZEROS), "%s: zero_stack", row->id);
			cr_expect(!row->says || strstr(b.log, row->says), "%s: says %s", row->id, b.log);
			cr_expect_eq(result.log_bytes, strlen(b.log), "%s", row->id);
		}
	}
	free(b.memory);
}
