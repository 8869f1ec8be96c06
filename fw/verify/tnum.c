/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/tnum.h"

struct tnum tnum_cast(struct tnum a, unsigned int bits)
{
	uint64_t keep = bits >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << bits) - 1;

	return (struct tnum){a.value & keep, a.mask & keep};
}

struct tnum tnum_range(uint64_t min, uint64_t max)
{
	uint64_t differ = min ^ max, below;

	if (!differ)
		return tnum_const(min);
	below = ~(uint64_t)0 >> __builtin_clzll(differ);
	return (struct tnum){min & ~below, below};
}

struct tnum tnum_add(struct tnum a, struct tnum b)
{
	uint64_t least = a.value + b.value, most = least + a.mask + b.mask;
	uint64_t unknown = (least ^ most) | a.mask | b.mask;

	return (struct tnum){least & ~unknown, unknown};
}

struct tnum tnum_sub(struct tnum a, struct tnum b)
{
	uint64_t base = a.value - b.value;
	uint64_t unknown = ((base + a.mask) ^ (base - b.mask)) | a.mask | b.mask;

	return (struct tnum){base & ~unknown, unknown};
}

struct tnum tnum_mul(struct tnum a, struct tnum b)
{
	/* The product of the known parts is exact; each bit of a adds what is unsure about b, shifted. */
	struct tnum sum = tnum_const(a.value * b.value);

	for (; a.value | a.mask; a = tnum_rsh(a, 1), b = tnum_lsh(b, 1)) {
		if (a.mask & 1)
			sum = tnum_add(sum, (struct tnum){0, b.value | b.mask});
		else if (a.value & 1)
			sum = tnum_add(sum, (struct tnum){0, b.mask});
	}
	return sum;
}

struct tnum tnum_and(struct tnum a, struct tnum b)
{
	uint64_t one = a.value & b.value;

	return (struct tnum){one, (a.value | a.mask) & (b.value | b.mask) & ~one};
}

struct tnum tnum_or(struct tnum a, struct tnum b)
{
	uint64_t one = a.value | b.value;

	return (struct tnum){one, (a.mask | b.mask) & ~one};
}

struct tnum tnum_xor(struct tnum a, struct tnum b)
{
	uint64_t unknown = a.mask | b.mask;

	return (struct tnum){(a.value ^ b.value) & ~unknown, unknown};
}

struct tnum tnum_lsh(struct tnum a, unsigned int shift)
{
	return (struct tnum){a.value << shift, a.mask << shift};
}

struct tnum tnum_rsh(struct tnum a, unsigned int shift)
{
	return (struct tnum){a.value >> shift, a.mask >> shift};
}

/* word's bit bits - 1 repeated upwards */
static uint64_t sign_extend(uint64_t word, unsigned int bits)
{
	return (uint64_t)((int64_t)(word << (64 - bits)) >> (64 - bits));
}

struct tnum tnum_arsh(struct tnum a, unsigned int shift, unsigned int bits)
{
	int64_t value = (int64_t)sign_extend(a.value, bits), mask = (int64_t)sign_extend(a.mask, bits);

	return tnum_cast((struct tnum){(uint64_t)(value >> shift), (uint64_t)(mask >> shift)}, bits);
}

static uint64_t swap(uint64_t word, unsigned int bits)
{
	return __builtin_bswap64(word) >> (64 - bits);
}

struct tnum tnum_bswap(struct tnum a, unsigned int bits)
{
	return (struct tnum){swap(a.value, bits), swap(a.mask, bits)};
}

bool tnum_intersect(struct tnum *a, struct tnum b)
{
	uint64_t unknown = a->mask & b.mask;

	if ((a->value ^ b.value) & ~a->mask & ~b.mask)
		return false;
	*a = (struct tnum){(a->value | b.value) & ~unknown, unknown};
	return true;
}

struct tnum tnum_join(struct tnum a, struct tnum b)
{
	uint64_t unknown = (a.value ^ b.value) | a.mask | b.mask;

	return (struct tnum){a.value & ~unknown, unknown};
}

bool tnum_within(struct tnum a, struct tnum b)
{
	return !(a.mask & ~b.mask) && tnum_has(b, a.value);
}
