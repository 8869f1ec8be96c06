/* SPDX-License-Identifier: BSD-2-Clause */
#include "map/store.h"
#include "virtio_net_xdp.h"

#define SPARE_MAX      64
#define SPARE_MIN      8
#define SPARE_BYTES    65536 /* what the spare slots may take beyond the fewest */
#define BUCKETS_MIN    16    /* fill a cache line */
#define LINE_PART      32    /* bytes: two slots in a cache line */
#define ELEMENT_FIXED  32    /* what an element may cost: this and 1.3 times its key and value */
#define ELEMENT_TENTHS 13

/* ---- sizes: one function for each, used when a map is checked and when it is made ---- */

static uint64_t key_at(const struct store_shape *shape)
{
	return shape->lru ? STORE_LRU_KEY_AT : STORE_KEY_AT;
}

/* Values of 8 bytes or more, and of several queues, begin at a multiple of 8. */
static uint64_t value_align(const struct map_attr *attr, const struct store_shape *shape)
{
	return shape->per_queue || attr->value_size >= 8 ? 8 : STORE_UNIT;
}

static uint64_t value_at(const struct map_attr *attr, const struct store_shape *shape)
{
	return ALIGN_UP(key_at(shape) + attr->key_size, value_align(attr, shape));
}

/* All values of an element. */
static uint64_t values_bytes(const struct map_attr *attr, uint32_t num_queues, const struct store_shape *shape)
{
	uint64_t value = ALIGN_UP((uint64_t)attr->value_size, value_align(attr, shape));

	return shape->per_queue ? value * num_queues : value;
}

/* LRU has dearer slots, and therefore fewer to spare, and buckets. */
static uint64_t spare_slots(uint64_t slot_bytes, const struct store_shape *shape)
{
	uint64_t most = shape->lru ? SPARE_MAX / 2 : SPARE_MAX;

	return MAX(MIN(SPARE_BYTES / slot_bytes, most), (uint64_t)SPARE_MIN);
}

/* The smallest power of two not below max_entries, in 64 bits: 2^31 + 1 entries are no problem. */
static uint64_t bucket_count(const struct map_attr *attr, const struct store_shape *shape)
{
	uint64_t buckets = BUCKETS_MIN;

	while (buckets < attr->max_entries)
		buckets <<= 1;
	return shape->lru && buckets > attr->max_entries && buckets > BUCKETS_MIN ? buckets / 2 : buckets;
}

static uint64_t slot_bytes(const struct map_attr *attr, uint32_t num_queues, const struct store_shape *shape)
{
	uint64_t values = values_bytes(attr, num_queues, shape), bytes = value_at(attr, shape) + values;
	uint64_t holds = attr->key_size + (shape->per_queue ? values : attr->value_size);
	uint64_t may_cost = ELEMENT_FIXED + holds * ELEMENT_TENTHS / 10;
	/* with spare slots, buckets, and the head of a map of a thousand elements */
	uint64_t costs = LINE_PART + LINE_PART / 16 + 2 * sizeof(uint32_t) + 1;

	return bytes < LINE_PART && costs <= may_cost ? LINE_PART : bytes;
}

uint16_t store_check(const struct map_attr *attr, uint32_t flags, uint32_t key_min, uint32_t key_max, uint32_t *detail)
{
	uint16_t status = map_check_flags(attr, flags, detail); /* req: XO-159 */

	if (status)
		return status;
	if (attr->key_size < key_min || attr->key_size > key_max) { /* req: XO-161 */
		*detail = attr->key_size < key_min ? key_min : key_max;
		return VIRTIO_NET_XDP_ERR_SIZE;
	}
	if (!attr->value_size || !attr->max_entries) { /* req: XO-162 */
		*detail = 1;
		return VIRTIO_NET_XDP_ERR_SIZE;
	}
	return VIRTIO_NET_XDP_OK;
}

/* Up to the end of the pool, or UINT64_MAX. */
static uint64_t pool_end(const struct map_attr *attr, uint32_t num_queues, const struct store_shape *shape)
{
	uint64_t each = slot_bytes(attr, num_queues, shape);
	uint64_t bytes = map_storage_bytes(STORE_HEAD, attr->max_entries + spare_slots(each, shape), each,
					   bucket_count(attr, shape), sizeof(uint32_t)); /* req: XO-167 */

	/* what links, and sizes on the virtqueue, can count */
	if (values_bytes(attr, num_queues, shape) > UINT32_MAX || bytes / STORE_UNIT > UINT32_MAX)
		return UINT64_MAX;
	return bytes;
}

uint64_t store_bytes(const struct map_attr *attr, uint32_t num_queues, const struct store_shape *shape)
{
	return map_storage_bytes(pool_end(attr, num_queues, shape), 1, shape->behind, 0, 0);
}

static uint64_t next_secret(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15;

	x = store_mix(x, 0xd6e8feb86659fd93);
	return store_mix(x ^ x >> 31, 0xa0761d6478bd642f);
}

void store_init(struct map *map, uint32_t num_queues, const struct store_shape *shape)
{
	const struct map_attr *attr = &map->attr;
	uint64_t buckets = bucket_count(attr, shape), each = slot_bytes(attr, num_queues, shape), state = map->seed;
	struct store *s = store_of(map);

	for (size_t i = 0; i < ARRAY_SIZE(s->secret); i++)
		s->secret[i] = next_secret(&state) | 1;
	s->mask = (uint32_t)(buckets - 1);
	s->key_at = (uint32_t)key_at(shape);
	s->value_at = (uint32_t)value_at(attr, shape);
	s->queues = shape->per_queue ? num_queues : 1;
	s->stride = shape->per_queue ? (uint32_t)(values_bytes(attr, num_queues, shape) / num_queues) : 0;
	s->slot_units = (uint32_t)(each / STORE_UNIT);
	s->pool = (uint32_t)((STORE_HEAD + buckets * sizeof(uint32_t)) / STORE_UNIT);
	s->end = s->pool + (uint32_t)(attr->max_entries + spare_slots(each, shape)) * s->slot_units;
	s->fresh = s->pool;
	s->behind = (uint8_t *)s + pool_end(attr, num_queues, shape);
}

/* ---- finding ---- */

uint32_t store_hash_long(const struct store *s, const uint8_t *key, uint32_t bytes)
{
	uint64_t h = s->secret[0], head, tail;

	for (; bytes > 16; bytes -= 16, key += 16)
		h = store_mix(h ^ store_load64(key), s->secret[1] ^ store_load64(key + 8));
	/* what is left may be read twice, but nothing beyond it */
	if (bytes >= 8) {
		head = store_load64(key);
		tail = store_load64(key + bytes - 8);
	} else if (bytes >= 4) {
		head = store_load32(key);
		tail = store_load32(key + bytes - 4);
	} else {
		head = (uint64_t)key[0] << 8 | key[bytes / 2];
		tail = key[bytes - 1];
	}
	return (uint32_t)(store_mix(h ^ head, s->secret[1]) ^ store_mix(s->secret[2] ^ tail, s->secret[3]));
}

bool store_same_long(const uint8_t *a, const uint8_t *b, uint32_t bytes)
{
	if (bytes < 8)
		return mem_cmp(a, b, bytes) == 0;
	for (uint32_t at = 0; at + 8 < bytes; at += 8)
		if (store_load64(a + at) != store_load64(b + at))
			return false;
	return store_load64(a + bytes - 8) == store_load64(b + bytes - 8);
}

static void *key_of(const struct store *s, uint32_t link)
{
	return store_at(s, link) + s->key_at;
}

static void *value_of(const struct store *s, uint32_t link)
{
	return store_at(s, link) + s->value_at;
}

static uint64_t values_of(const struct store *s)
{
	return s->stride ? (uint64_t)s->stride * s->queues : s->map.attr.value_size;
}

/* The link to the key's slot: a bucket's head or a slot's chain; *link is 0 if the key is not there. */
static uint32_t *find_link(struct store *s, const void *key, uint32_t hash)
{
	uint32_t *link = store_bucket(s, hash);

	while (*link && !store_same(key_of(s, *link), key, s->map.attr.key_size))
		link = &store_slot(s, *link)->chain;
	return link;
}

uint32_t store_find(struct store *s, const void *key)
{
	return *find_link(s, key, store_hash(s, key, s->map.attr.key_size));
}

/* ---- lists ---- */

static uint32_t take_slot(struct store *s)
{
	uint32_t link = s->free;

	if (link) {
		s->free = store_slot(s, link)->chain;
	} else if (s->fresh != s->end) {
		link = s->fresh;
		s->fresh += s->slot_units;
	}
	return link;
}

static void to_limbo(struct store *s, uint32_t link)
{
	/* req: XO-169 */
	store_slot(s, link)->chain = s->limbo;
	s->limbo = link;
	map_want_run_end(&s->map);
}

void store_run_end(struct map *map)
{
	struct store *s = store_of(map);
	uint32_t last = s->limbo;

	if (last) {
		while (store_slot(s, last)->chain)
			last = store_slot(s, last)->chain;
		store_slot(s, last)->chain = s->free;
		s->free = s->limbo;
		s->limbo = 0;
	}
	map->run_end_wanted = false;
}

/* Puts link between before and after in the order of insertion. */
static void order_link(struct store *s, uint32_t link, uint32_t before, uint32_t after)
{
	store_slot(s, link)->before = before;
	store_slot(s, link)->after = after;
	*(before ? &store_slot(s, before)->after : &s->first) = link;
	*(after ? &store_slot(s, after)->before : &s->last) = link;
}

static void order_unlink(struct store *s, const struct slot *slot)
{
	*(slot->before ? &store_slot(s, slot->before)->after : &s->first) = slot->after;
	*(slot->after ? &store_slot(s, slot->after)->before : &s->last) = slot->before;
}

static bool has_lru(const struct store *s)
{
	return s->key_at == STORE_LRU_KEY_AT;
}

/* The slot is the newest from now on; it was in no list. */
static void use_link(struct store *s, uint32_t link)
{
	struct lru_slot *slot = store_lru_slot(s, link);

	slot->older = s->newest;
	slot->newer = 0;
	*(s->newest ? &store_lru_slot(s, s->newest)->newer : &s->oldest) = link;
	s->newest = link;
}

static void use_unlink(struct store *s, const struct lru_slot *slot)
{
	*(slot->older ? &store_lru_slot(s, slot->older)->newer : &s->oldest) = slot->newer;
	*(slot->newer ? &store_lru_slot(s, slot->newer)->older : &s->newest) = slot->older;
}

/* Takes the slot that *link leads to out of all lists. */
static void drop(struct store *s, uint32_t *link)
{
	uint32_t gone = *link;

	order_unlink(s, store_slot(s, gone));
	if (has_lru(s))
		use_unlink(s, store_lru_slot(s, gone));
	*link = store_slot(s, gone)->chain;
	s->count--;
	to_limbo(s, gone);
}

static void drop_oldest(struct store *s)
{
	const void *key = key_of(s, s->oldest);

	drop(s, find_link(s, key, store_hash(s, key, s->map.attr.key_size)));
}

/* ---- updates ---- */

int store_begin(struct store *s, const void *key, uint64_t flags, struct store_put *put)
{
	if (flags > MAP_EXIST)
		return -EINVAL;
	put->hash = store_hash(s, key, s->map.attr.key_size);
	put->link = find_link(s, key, put->hash);
	put->old = *put->link;
	if (put->old && flags == MAP_NOEXIST) /* req: XO-087 */
		return -EEXIST;
	if (!put->old && flags == MAP_EXIST) /* req: XO-088 */
		return -ENOENT;
	if (!put->old && s->count == s->map.attr.max_entries && !has_lru(s)) /* req: XO-089, XO-167 */
		return -E2BIG;
	put->slot = take_slot(s);
	if (!put->slot)
		return -ENOMEM;
	put->value = value_of(s, put->slot);
	put->was = put->old ? value_of(s, put->old) : NULL;
	return 0;
}

void store_commit(struct store *s, const void *key, const struct store_put *put)
{
	struct slot *slot = store_slot(s, put->slot);

	mem_copy(key_of(s, put->slot), key, s->map.attr.key_size);
	if (put->old) {
		const struct slot *gone = store_slot(s, put->old);

		slot->chain = gone->chain;
		order_link(s, put->slot, gone->before, gone->after);
		if (has_lru(s))
			use_unlink(s, store_lru_slot(s, put->old));
		to_limbo(s, put->old);
		*put->link = put->slot; /* req: XO-086, XO-170 */
	} else {
		uint32_t *head = store_bucket(s, put->hash);

		if (s->count == s->map.attr.max_entries) /* req: XO-177 */
			drop_oldest(s);
		slot->chain = *head;
		*head = put->slot;
		order_link(s, put->slot, s->last, 0);
		s->count++;
	}
	if (has_lru(s))
		use_link(s, put->slot);
}

int store_update(struct map *map, const void *key, const void *value, uint64_t flags, uint32_t queue)
{
	struct store *s = store_of(map);
	struct store_put put;
	int err = store_begin(s, key, flags, &put);

	(void)queue;
	if (err)
		return err;
	mem_copy(put.value, value, map->attr.value_size);
	store_commit(s, key, &put);
	return 0;
}

int store_update_queue(struct map *map, const void *key, const void *value, uint64_t flags, uint32_t queue)
{
	struct store *s = store_of(map);
	struct store_put put;
	int err = store_begin(s, key, flags, &put);

	if (err)
		return err;
	/* req: XO-176: the other queues keep theirs, or begin with zero */
	if (put.was)
		mem_copy(put.value, put.was, values_of(s));
	else
		mem_set(put.value, 0, values_of(s));
	mem_copy(put.value + (uint64_t)queue * s->stride, value, map->attr.value_size);
	store_commit(s, key, &put);
	return 0;
}

int store_wire_get(struct map *map, const void *key, void *wire)
{
	struct store *s = store_of(map);
	uint32_t link = store_find(s, key);

	if (!link)
		return -ENOENT;
	mem_copy(wire, value_of(s, link), map->attr.value_size);
	return 0;
}

int store_wire_get_queues(struct map *map, const void *key, void *wire)
{
	struct store *s = store_of(map);
	uint32_t link = store_find(s, key);

	if (!link)
		return -ENOENT;
	mem_copy(wire, value_of(s, link), values_of(s)); /* req: XO-176 */
	return 0;
}

int store_wire_set_queues(struct map *map, const void *key, const void *wire, uint64_t flags)
{
	struct store *s = store_of(map);
	struct store_put put;
	int err = store_begin(s, key, flags, &put);

	if (err)
		return err;
	mem_set(put.value, 0, values_of(s));
	for (uint64_t queue = 0; queue < s->queues; queue++) /* req: XO-176 */
		mem_copy(put.value + queue * s->stride, (const uint8_t *)wire + queue * s->stride,
			 map->attr.value_size);
	store_commit(s, key, &put);
	return 0;
}

int store_remove(struct map *map, const void *key)
{
	struct store *s = store_of(map);
	uint32_t *link = find_link(s, key, store_hash(s, key, map->attr.key_size));

	if (!*link)
		return -ENOENT;
	drop(s, link); /* req: XO-090 */
	return 0;
}

int store_next(struct map *map, const void *key, void *next)
{
	struct store *s = store_of(map);
	uint32_t link = key ? store_find(s, key) : 0;

	/* req: XO-091, XO-092, XO-093 */
	link = link ? store_slot(s, link)->after : s->first;
	if (!link)
		return -ENOENT;
	mem_copy(next, key_of(s, link), map->attr.key_size);
	return 0;
}

uint32_t store_count(const struct map *map)
{
	return ((const struct store *)map)->count;
}

bool store_owns(const struct map *map, const void *p, size_t bytes)
{
	const struct store *s = (const struct store *)map;
	uint64_t each = (uint64_t)s->slot_units * STORE_UNIT, offset = (uintptr_t)p - (uintptr_t)store_at(s, s->pool);

	if (offset >= (uint64_t)(s->end - s->pool) * STORE_UNIT)
		return false;
	offset %= each;
	if (offset < s->value_at)
		return false;
	offset -= s->value_at;
	if (s->stride) {
		if (offset >= values_of(s))
			return false;
		offset %= s->stride;
	}
	return bytes <= map->attr.value_size && offset <= map->attr.value_size - bytes;
}
