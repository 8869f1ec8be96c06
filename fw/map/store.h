/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The element store of the types whose keys are arbitrary bytes: HASH, PERCPU_HASH, LRU_HASH, LRU_PERCPU, LPM_TRIE,
 * FIB.
 *
 * Memory: struct store with its buckets, then the pool of slots. A slot is a header, the key and the value (or one
 * value per receive queue). Links between slots are offsets from the store in units of STORE_UNIT bytes, so following
 * one needs no multiplication; 0 is none, since the store itself is there. Slots of up to 32 bytes do not straddle
 * cache lines where an element can afford it.
 *
 * A slot in use is in two lists: in its bucket, and in the order in which the keys came in, which is the order of
 * MAP_NEXT and depends on nothing else. A replaced element leaves its place there to its successor. In a store with LRU
 * it is in a third, from the element whose last use is longest ago to the one that was used last.
 *
 * An update of an existing key fills a fresh slot and puts it in the place of the old one, so that nobody sees half an
 * element. The old slot, like a removed one, waits in limbo until the run ends: a program that looked it up may still
 * read and write it. The pool is larger than max_entries by the spare slots, so a full map can be updated; a single run
 * that replaces or removes more than there are free slots gets -ENOMEM for the update that finds none. Nothing waits
 * between runs, so commands never meet this.
 */
#ifndef FW_MAP_STORE_H
#define FW_MAP_STORE_H

#include "map/map.h"

#define STORE_UNIT 4

struct slot {
	uint32_t chain;  /* next in the bucket, in limbo or in the free list */
	uint32_t before; /* in the order of insertion */
	uint32_t after;
};

/* With LRU the key is behind this. */
struct lru_slot {
	struct slot slot;
	uint32_t older, newer;
};

#define STORE_KEY_AT     sizeof(struct slot)
#define STORE_LRU_KEY_AT sizeof(struct lru_slot)

struct store {
	struct map map;
	uint64_t secret[4]; /* of the hash function */
	uint32_t mask;      /* buckets - 1 */
	uint32_t key_at;    /* bytes from the slot */
	uint32_t value_at;
	uint32_t stride;     /* bytes from one queue's value to the next one's; 0: one value for all */
	uint32_t queues;     /* values of an element */
	uint32_t slot_units; /* of STORE_UNIT bytes */
	uint32_t pool;       /* the first slot */
	uint32_t end;        /* of the pool */
	uint32_t fresh;      /* slots from here on have never been in use */
	uint32_t free;
	uint32_t limbo;
	uint32_t count;
	uint32_t first, last;    /* in the order of insertion */
	uint32_t oldest, newest; /* LRU */
	void *behind;            /* the pool: what the type asked for */
};

#define STORE_HEAD ALIGN_UP(sizeof(struct store), 64) /* bytes; the buckets follow */

/* What the types differ in. */
struct store_shape {
	bool per_queue;
	bool lru;
	uint64_t behind; /* bytes behind the pool for the type's own use */
};

static inline struct store *store_of(struct map *map)
{
	return (struct store *)map;
}

static inline uint32_t *store_bucket(const struct store *s, uint32_t hash)
{
	return (uint32_t *)(void *)((uint8_t *)(uintptr_t)s + STORE_HEAD) + (hash & s->mask);
}

/*
 * Sizes: of a key from key_min to key_max bytes, a value and entries of at least 1. For map_ops.check, as are the flags
 * that it permits.
 */
uint16_t store_check(const struct map_attr *attr, uint32_t flags, uint32_t key_min, uint32_t key_max, uint32_t *detail);
uint64_t store_bytes(const struct map_attr *attr, uint32_t num_queues, const struct store_shape *shape);
void store_init(struct map *map, uint32_t num_queues, const struct store_shape *shape);

/* An update under way. */
struct store_put {
	uint32_t hash;
	uint32_t *link; /* to the old slot; not if there is none */
	uint32_t old;   /* 0: the key is new */
	uint32_t slot;
	uint8_t *value;     /* to be filled in, all bytes of all queues */
	const uint8_t *was; /* the old value, or NULL */
};

/* Finds a slot, as map_ops.update says with the same errors; store_commit() has to follow if it returns 0. */
int store_begin(struct store *s, const void *key, uint64_t flags, struct store_put *put);
void store_commit(struct store *s, const void *key, const struct store_put *put);

/* The slot's link, 0 if the key is not there. */
uint32_t store_find(struct store *s, const void *key);

/* The rest is good as it is in a struct map_ops. Here with one value for all queues: */
int store_update(struct map *map, const void *key, const void *value, uint64_t flags, uint32_t queue);
int store_wire_get(struct map *map, const void *key, void *wire); /* not a use in the sense of LRU */
/* And with one for each: */
int store_update_queue(struct map *map, const void *key, const void *value, uint64_t flags, uint32_t queue);
int store_wire_get_queues(struct map *map, const void *key, void *wire);
int store_wire_set_queues(struct map *map, const void *key, const void *wire, uint64_t flags);

int store_remove(struct map *map, const void *key);
int store_next(struct map *map, const void *key, void *next);
uint32_t store_count(const struct map *map);
bool store_owns(const struct map *map, const void *p, size_t bytes);
void store_run_end(struct map *map);

/* ---- what lookups are made of, inline so that each gets its key's size as a constant ---- */

static inline uint8_t *store_at(const struct store *s, uint32_t link)
{
	return (uint8_t *)(uintptr_t)s + (uint64_t)link * STORE_UNIT;
}

static inline struct slot *store_slot(const struct store *s, uint32_t link)
{
	return (struct slot *)(void *)store_at(s, link);
}

static inline struct lru_slot *store_lru_slot(const struct store *s, uint32_t link)
{
	return (struct lru_slot *)(void *)store_at(s, link);
}

static inline uint64_t store_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t store_load64(const uint8_t *p)
{
	uint64_t word;

	mem_copy(&word, p, 8);
	return word;
}

static inline uint32_t store_load32(const uint8_t *p)
{
	uint32_t word;

	mem_copy(&word, p, 4);
	return word;
}

/* The same two for keys of any size. */
uint32_t store_hash_long(const struct store *s, const uint8_t *key, uint32_t bytes);
bool store_same_long(const uint8_t *a, const uint8_t *b, uint32_t bytes);

/* Folded products: who does not know the secret cannot tell which keys share a bucket. */
static inline uint32_t store_hash(const struct store *s, const void *key, uint32_t bytes)
{
	const uint8_t *k = key;

	switch (bytes) {
	case 4:
		return (uint32_t)store_mix(s->secret[0] ^ store_load32(k), s->secret[1]);
	case 8:
		return (uint32_t)store_mix(s->secret[0] ^ store_load64(k), s->secret[1]);
	case 16:
		return (uint32_t)(store_mix(s->secret[0] ^ store_load64(k), s->secret[1]) ^
				  store_mix(s->secret[2] ^ store_load64(k + 8), s->secret[3]));
	default:
		return store_hash_long(s, k, bytes);
	}
}

/* req: XO-168 */
static inline bool store_same(const void *a, const void *b, uint32_t bytes)
{
	switch (bytes) {
	case 4:
		return store_load32(a) == store_load32(b);
	case 8:
		return store_load64(a) == store_load64(b);
	case 16:
		return ((store_load64(a) ^ store_load64(b)) |
			(store_load64((const uint8_t *)a + 8) ^ store_load64((const uint8_t *)b + 8))) == 0;
	default:
		return store_same_long(a, b, bytes);
	}
}

/* The slot with the key in the bucket of its hash, or 0. bytes is the map's key_size, key_at the store's. */
static inline uint32_t store_probe(const struct store *s, const void *key, uint32_t hash, uint32_t bytes, size_t key_at)
{
	uint32_t link = *store_bucket(s, hash);

	while (link && !store_same(store_at(s, link) + key_at, key, bytes))
		link = store_slot(s, link)->chain;
	return link;
}

/* The slot becomes the one that was used last. */
static inline void store_touch(struct store *s, uint32_t link)
{
	struct lru_slot *slot = store_lru_slot(s, link);

	if (s->newest == link)
		return;
	*(slot->older ? &store_lru_slot(s, slot->older)->newer : &s->oldest) = slot->newer;
	store_lru_slot(s, slot->newer)->older = slot->older;
	store_lru_slot(s, s->newest)->newer = link;
	slot->older = s->newest;
	slot->newer = 0;
	s->newest = link;
}

/* A lookup by a program. bytes, per_queue and lru are constants, which leaves little of it. */
static inline __attribute__((always_inline)) void *store_lookup(struct map *map, const void *key, uint32_t queue,
								uint32_t bytes, bool per_queue, bool lru)
{
	struct store *s = store_of(map);
	uint32_t link = store_probe(s, key, store_hash(s, key, bytes), bytes, lru ? STORE_LRU_KEY_AT : STORE_KEY_AT);
	uint8_t *value = store_at(s, link) + s->value_at;

	if (!link)
		return NULL;
	if (lru)
		store_touch(s, link);
	return per_queue ? value + (uint64_t)queue * s->stride : value;
}

static inline const struct map_ops *store_pick(const struct map *map, const struct map_ops *four,
					       const struct map_ops *eight, const struct map_ops *sixteen,
					       const struct map_ops *other)
{
	switch (map->attr.key_size) {
	case 4:
		return four;
	case 8:
		return eight;
	case 16:
		return sixteen;
	default:
		return other;
	}
}

#define STORE_LOOKUP(name, suffix, bytes, per_queue, lru)                                                              \
	static void *name##_lookup##suffix(struct map *map, const void *key, uint32_t queue)                           \
	{                                                                                                              \
		(void)queue;                                                                                           \
		return store_lookup(map, key, queue, bytes, per_queue, lru);                                           \
	}

/*
 * Defines NAME_ops, for the type's row in types.def, and NAME_ops_4, _8 and _16 for keys of that size, one of which
 * becomes map->ops when the map is made. shape has per_queue and lru, too; what follows are the type's other ops.
 */
#define STORE_TYPE(name, shape, per_queue, lru, ...)                                                                   \
	STORE_LOOKUP(name, , map->attr.key_size, per_queue, lru)                                                       \
	STORE_LOOKUP(name, _4, 4, per_queue, lru)                                                                      \
	STORE_LOOKUP(name, _8, 8, per_queue, lru)                                                                      \
	STORE_LOOKUP(name, _16, 16, per_queue, lru)                                                                    \
	static const struct map_ops name##_ops_4, name##_ops_8, name##_ops_16;                                         \
	extern const struct map_ops name##_ops;                                                                        \
	static void name##_init(struct map *map, uint32_t num_queues)                                                  \
	{                                                                                                              \
		store_init(map, num_queues, &(shape));                                                                 \
		map->ops = store_pick(map, &name##_ops_4, &name##_ops_8, &name##_ops_16, &name##_ops);                 \
	}                                                                                                              \
	static const struct map_ops name##_ops_4 = {.lookup = name##_lookup_4, .init = name##_init, __VA_ARGS__};      \
	static const struct map_ops name##_ops_8 = {.lookup = name##_lookup_8, .init = name##_init, __VA_ARGS__};      \
	static const struct map_ops name##_ops_16 = {.lookup = name##_lookup_16, .init = name##_init, __VA_ARGS__};    \
	const struct map_ops name##_ops = {.lookup = name##_lookup, .init = name##_init, __VA_ARGS__}

#endif
