/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The helpers without a file of their own, and the table of all. Arguments are what the verifier let through: maps,
 * keys and values of the right sizes, readable memory. Scalars can be anything.
 */
#include "helper.h"
#include "core.h"
#include "event.h"
#include "exec/exec.h"
#include "fib.h"
#include "map/map.h"
#include "map/types.h"
#include "printk.h"
#include "redirect.h"
#include "virtio_net_xdp.h"
#include "xdp.h"

#define ERR(number) ((uint64_t)(-(int64_t)(number)))

static struct map *map_of(uint64_t r)
{
	return (struct map *)(uintptr_t)r;
}

static void *mem_of(uint64_t r)
{
	return (void *)(uintptr_t)r;
}

static uint64_t helper_map_lookup(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	struct map *map = map_of(r1);

	(void)r3, (void)r4, (void)r5;
	return (uintptr_t)map->ops->lookup(map, mem_of(r2), run->queue); /* req: XO-141 */
}

static uint64_t helper_map_update(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	struct map *map = map_of(r1);

	(void)r5;
	return (uint64_t)(int64_t)map->ops->update(map, mem_of(r2), mem_of(r3), r4, run->queue); /* req: XO-142 */
}

static uint64_t helper_map_delete(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	struct map *map = map_of(r1);

	(void)r3, (void)r4, (void)r5, (void)run;
	/* req: XO-143, XO-165 */
	return map->ops->remove ? (uint64_t)(int64_t)map->ops->remove(map, mem_of(r2)) : ERR(EINVAL);
}

static uint64_t helper_ktime(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	(void)r1, (void)r2, (void)r3, (void)r4, (void)r5;
	return run->frame ? run->frame->now_ns : 0; /* req: XO-144 */
}

#define NS_PER_S 1000000000ULL

static uint64_t helper_jiffies(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	uint64_t ns = run->frame ? run->frame->now_ns : 0;
	uint64_t hz = run->fw ? run->fw->config.caps.hz : 0;

	(void)r1, (void)r2, (void)r3, (void)r4, (void)r5;
	return ns / NS_PER_S * hz + ns % NS_PER_S * hz / NS_PER_S; /* req: XO-251 */
}

static uint64_t helper_lock(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	(void)r1, (void)r2, (void)r3, (void)r4, (void)r5, (void)run;
	return 0;
}

#define PCG_FACTOR 6364136223846793005ULL
#define PCG_TERM   1442695040888963407ULL

uint64_t helper_seed(uint64_t seed)
{
	return (seed + PCG_TERM) * PCG_FACTOR + PCG_TERM;
}

/* PCG: a 64-bit linear congruential state, permuted down to 32 bits. */
static uint64_t helper_prandom(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	uint64_t state = *run->prandom;
	uint32_t shifted = (uint32_t)((state >> 18 ^ state) >> 27);
	uint32_t turn = (uint32_t)(state >> 59);

	(void)r1, (void)r2, (void)r3, (void)r4, (void)r5;
	*run->prandom = state * PCG_FACTOR + PCG_TERM;
	return shifted >> turn | shifted << (-turn & 31); /* req: XO-145 */
}

static uint64_t helper_cpu(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	(void)r1, (void)r2, (void)r3, (void)r4, (void)r5;
	return run->queue; /* req: XO-146 */
}

static uint64_t add_carry64(uint64_t a, uint64_t b)
{
	uint64_t sum = a + b;

	return sum + (sum < b);
}

static uint32_t add_carry32(uint32_t a, uint32_t b)
{
	uint32_t sum = a + b;

	return sum + (sum < b);
}

/* One's complement sum of bytes (a multiple of 4) at p and of sum, in 32 bits; 0 only if all of it is 0. */
static uint32_t csum_words(const uint8_t *p, uint32_t bytes, uint32_t sum)
{
	uint64_t wide = sum, word;
	uint32_t half;

	for (; bytes >= 8; bytes -= 8, p += 8) {
		mem_copy(&word, p, 8);
		wide = add_carry64(wide, word);
	}
	if (bytes) {
		mem_copy(&half, p, 4);
		wide = add_carry64(wide, half);
	}
	return add_carry32((uint32_t)(wide >> 32), (uint32_t)wide);
}

static uint16_t csum_to16(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/*
 * The sums of what comes (R3, R4 bytes), what goes (R1, R2 bytes) and the seed (R5) in one 16-bit number, which is the
 * same on every machine. Not complemented.
 */
static uint64_t helper_csum_diff(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	uint32_t from_bytes = (uint32_t)r2, to_bytes = (uint32_t)r4, seed = (uint32_t)r5;

	(void)run;
	/* req: XO-149 */
	if ((from_bytes | to_bytes) & 3)
		return ERR(EINVAL);
	if (from_bytes && to_bytes)
		return csum_to16(
			add_carry32(csum_words(mem_of(r3), to_bytes, seed), ~csum_words(mem_of(r1), from_bytes, 0)));
	if (to_bytes)
		return csum_to16(csum_words(mem_of(r3), to_bytes, seed));
	if (from_bytes)
		return csum_to16(~csum_words(mem_of(r1), from_bytes, ~seed));
	return csum_to16(seed);
}

/* Numbers of trace_printk with fewer arguments. */
#define HELPER_PRINTK_FIRST ((uint32_t)HELPER_MAX)
#define HELPER_ROWS         (HELPER_MAX + 3)

static const struct helper helper_rows[HELPER_ROWS] = {
#define HELPER(id, row_name, function, ret_kind, row_flags, types, a1, a2, a3, a4, a5)                                 \
	[id] = {.name = #row_name,                                                                                     \
		.fn = function,                                                                                        \
		.map_types = types,                                                                                    \
		.args = {HELPER_ARG_##a1, HELPER_ARG_##a2, HELPER_ARG_##a3, HELPER_ARG_##a4, HELPER_ARG_##a5},         \
		.ret = HELPER_RET_##ret_kind,                                                                          \
		.flags = row_flags},
#include "helper.def"
#undef HELPER
};

uint32_t helper_with(uint32_t id, uint8_t count)
{
	return id == HELPER_TRACE_PRINTK && count < 3 ? HELPER_PRINTK_FIRST + count : id;
}

const struct helper *helper_of(uint32_t id)
{
	return id < HELPER_ROWS && helper_rows[id].fn ? &helper_rows[id] : NULL;
}

void helpers_all(uint64_t bits[4])
{
	mem_set(bits, 0, HELPER_MAX / 8);
	for (uint32_t id = 0; id < HELPER_MAX; id++)
		if (helper_rows[id].fn)
			bits[id / 64] |= 1ULL << id % 64;
}
