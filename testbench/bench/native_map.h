/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps as a C programmer writes them by hand for one program: every size a constant where the compiler sees it, the
 * elements in static memory, no call. ARRAY is a bounds check and an address; HASH is open addressing with linear
 * probing in a table at most half full. Included by the native builds of the example programs, and by the benchmark,
 * which fills and reads the same memory.
 */
#ifndef BENCH_NATIVE_MAP_H
#define BENCH_NATIVE_MAP_H

#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>

#define NATIVE_INLINE static inline __attribute__((always_inline))

/* At this offset of a map's variable its memory begins; the members before it are there for their types. */
#define NATIVE_MEMORY_OFFSET 64
/* An element, its share of empty slots included, takes less. */
#define NATIVE_ELEMENT_BYTES 256

struct native_memory {
	uint32_t count; /* HASH: elements */
	uint8_t slots[] __attribute__((aligned(64)));
};

struct native_shape {
	uint32_t type;                 /* BPF_MAP_TYPE_ARRAY or HASH */
	uint32_t key_size, value_size; /* bytes */
	uint32_t max_entries;
};

NATIVE_INLINE uint32_t native_round8(uint32_t bytes)
{
	return (bytes + 7) & ~7u;
}

/* HASH: a slot is a word that is 0 if it is empty, the key, and the value at a multiple of 8. */
NATIVE_INLINE uint32_t native_value_offset(const struct native_shape *s)
{
	return native_round8(4 + s->key_size);
}

NATIVE_INLINE uint32_t native_slot_bytes(const struct native_shape *s)
{
	return native_value_offset(s) + native_round8(s->value_size);
}

NATIVE_INLINE uint32_t native_slot_bits(const struct native_shape *s)
{
	return 32 - (uint32_t)__builtin_clz(2 * s->max_entries - 1);
}

NATIVE_INLINE uint64_t native_mix(uint64_t h)
{
	h *= 0x9fb21c651e98df25;
	return h ^ h >> 32;
}

/* Every bit of the key moves every bit of the result. */
NATIVE_INLINE uint32_t native_hash(const uint8_t *key, uint32_t bytes)
{
	uint64_t h = 0x2545f4914f6cdd1d, word;

	for (; bytes >= 8; bytes -= 8, key += 8) {
		memcpy(&word, key, 8);
		h = native_mix(h ^ word);
	}
	if (bytes) {
		word = 0;
		memcpy(&word, key, bytes);
		h = native_mix(h ^ word);
	}
	return (uint32_t)(h * 0x9fb21c651e98df25 >> 32);
}

/* The key's slot, or the empty one where it would be. */
NATIVE_INLINE uint8_t *native_probe(struct native_memory *m, const void *key, const struct native_shape *s)
{
	uint32_t bits = native_slot_bits(s), at = native_hash(key, s->key_size) >> (32 - bits);

	for (;;) {
		uint8_t *slot = m->slots + (size_t)at * native_slot_bytes(s);
		uint32_t used;

		memcpy(&used, slot, 4);
		if (!used || memcmp(slot + 4, key, s->key_size) == 0)
			return slot;
		at = (at + 1) & ((1u << bits) - 1);
	}
}

NATIVE_INLINE void *native_lookup(struct native_memory *m, const void *key, struct native_shape s)
{
	uint32_t word;

	if (s.type == BPF_MAP_TYPE_ARRAY) {
		memcpy(&word, key, 4);
		return word < s.max_entries ? m->slots + (size_t)word * native_round8(s.value_size) : NULL;
	}
	key = native_probe(m, key, &s);
	memcpy(&word, key, 4);
	return word ? (uint8_t *)key + native_value_offset(&s) : NULL;
}

/* As bpf_map_update_elem(). */
NATIVE_INLINE long native_update(struct native_memory *m, const void *key, const void *value, uint64_t flags,
				 struct native_shape s)
{
	uint8_t *old = native_lookup(m, key, s), *slot;
	uint32_t used = 1;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (old && flags == BPF_NOEXIST)
		return -EEXIST;
	if (old) {
		memcpy(old, value, s.value_size);
		return 0;
	}
	if (s.type == BPF_MAP_TYPE_ARRAY)
		return -E2BIG;
	if (flags == BPF_EXIST)
		return -ENOENT;
	if (m->count == s.max_entries)
		return -E2BIG;
	slot = native_probe(m, key, &s);
	memcpy(slot, &used, 4);
	memcpy(slot + 4, key, s.key_size);
	memcpy(slot + native_value_offset(&s), value, s.value_size);
	m->count++;
	return 0;
}

#endif
