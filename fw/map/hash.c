/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HASH: keys of 1 to 512 bytes.
 *
 * Elements are slots of one pool, chained twice by index (0: none): in the bucket of their hash, and in the order in
 * which their keys came in, which is the order of MAP_NEXT and depends on nothing else. A replaced element leaves its
 * place in that order to its successor.
 *
 * An update of an existing key fills a fresh slot and puts it in the place of the old one, so that nobody sees half an
 * element. The old slot, like a removed one, waits in limbo until the run ends: a program that looked it up may still
 * read and write it. The pool is larger than max_entries by the spare slots, so a full map can be updated; a single run
 * that replaces or removes more than there are free slots gets -ENOMEM for the update that finds none. Nothing waits
 * between runs, so commands never meet this.
 */
#include "map/map.h"
#include "virtio_net_xdp.h"

#define HASH_FLAGS                                                                                                     \
	(VIRTIO_NET_XDP_MAP_F_NO_PREALLOC | VIRTIO_NET_XDP_MAP_F_RDONLY | VIRTIO_NET_XDP_MAP_F_WRONLY |                \
	 VIRTIO_NET_XDP_MAP_F_ZERO_SEED | VIRTIO_NET_XDP_MAP_F_RDONLY_PROG | VIRTIO_NET_XDP_MAP_F_WRONLY_PROG)

#define HASH_SPARE_MAX   64
#define HASH_SPARE_MIN   8
#define HASH_SPARE_BYTES 65536 /* what the spare slots may take beyond the fewest */

struct slot {
	uint32_t chain;  /* next in the bucket, in limbo or in the free list */
	uint32_t before; /* in the order of insertion */
	uint32_t after;
	uint32_t hash;
	uint8_t key[];
	/* key padded to 8 bytes, then the value */
};

struct hash {
	struct map map;
	uint64_t slot_bytes;
	uint64_t value_offset; /* in a slot */
	uint32_t mask;         /* buckets - 1 */
	uint32_t slots;        /* of the pool */
	uint32_t fresh;        /* slots below were in use before */
	uint32_t free;
	uint32_t limbo;
	uint32_t count;
	uint32_t first, last; /* in order of insertion */
	uint32_t *buckets;
	uint8_t *pool;
};

extern const struct map_ops hash_ops;

static struct hash *hash_map(struct map *map)
{
	return (struct hash *)map;
}

static uint64_t value_offset(const struct map_attr *attr)
{
	return ALIGN_UP(sizeof(struct slot) + (uint64_t)attr->key_size, 8);
}

static uint64_t slot_bytes(const struct map_attr *attr)
{
	return value_offset(attr) + ALIGN_UP((uint64_t)attr->value_size, 8);
}

static uint64_t spare_slots(const struct map_attr *attr)
{
	return MAX(MIN(HASH_SPARE_BYTES / slot_bytes(attr), (uint64_t)HASH_SPARE_MAX), (uint64_t)HASH_SPARE_MIN);
}

/* The power of two not below max_entries, in 64 bits: 2^31 + 1 entries are no problem. */
static uint64_t bucket_count(const struct map_attr *attr)
{
	uint64_t buckets = 1;

	while (buckets < attr->max_entries)
		buckets <<= 1;
	return buckets;
}

static uint16_t hash_check(const struct map_attr *attr, uint32_t *detail)
{
	uint16_t status = map_check_flags(attr, HASH_FLAGS, detail); /* req: XO-159 */

	if (status)
		return status;
	if (!attr->key_size || attr->key_size > VIRTIO_NET_XDP_KEY_MAX) { /* req: XO-161 */
		*detail = attr->key_size ? VIRTIO_NET_XDP_KEY_MAX : 1;
		return VIRTIO_NET_XDP_ERR_SIZE;
	}
	if (!attr->value_size || !attr->max_entries) { /* req: XO-162 */
		*detail = 1;
		return VIRTIO_NET_XDP_ERR_SIZE;
	}
	return VIRTIO_NET_XDP_OK;
}

static uint64_t hash_bytes(const struct map_attr *attr, uint32_t num_queues)
{
	uint64_t slots = attr->max_entries + spare_slots(attr); /* req: XO-167 */

	(void)num_queues;
	if (slots > UINT32_MAX - 1)
		return UINT64_MAX;
	return map_storage_bytes(sizeof(struct hash), slots, slot_bytes(attr), bucket_count(attr), sizeof(uint32_t));
}

static void hash_init(struct map *map, uint32_t num_queues)
{
	struct hash *h = hash_map(map);
	uint64_t buckets = bucket_count(&map->attr);

	(void)num_queues;
	h->slot_bytes = slot_bytes(&map->attr);
	h->value_offset = value_offset(&map->attr);
	h->mask = (uint32_t)(buckets - 1);
	h->slots = (uint32_t)(map->attr.max_entries + spare_slots(&map->attr));
	h->fresh = 1;
	h->pool = (uint8_t *)h + ALIGN_UP(sizeof(*h), 8);
	h->buckets = (uint32_t *)(void *)(h->pool + h->slots * h->slot_bytes);
}

/* index is 1 or more */
static struct slot *slot_at(const struct hash *h, uint32_t index)
{
	return (struct slot *)(void *)(h->pool + (index - 1) * h->slot_bytes);
}

static uint8_t *slot_value(const struct hash *h, struct slot *slot)
{
	return (uint8_t *)slot + h->value_offset;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Folded 64 x 64 bit products over the key's 8-byte words; the length is in the seed since all keys have the same. */
static uint32_t hash_key(const struct map *map, const uint8_t *key)
{
	const uint64_t odd = 0x9e3779b97f4a7c15, other = 0xd6e8feb86659fd93;
	uint64_t h = map->seed ^ odd, word;
	uint32_t left = map->attr.key_size;

	for (; left >= 8; left -= 8, key += 8) {
		mem_copy(&word, key, 8);
		h = mix(h ^ word, odd);
	}
	if (left >= 4) {
		uint32_t head, tail;

		mem_copy(&head, key, 4);
		mem_copy(&tail, key + left - 4, 4);
		h = mix(h ^ ((uint64_t)head << 32 | tail), other);
	} else if (left) {
		word = (uint64_t)key[0] << 16 | (uint64_t)key[left / 2] << 8 | key[left - 1];
		h = mix(h ^ word, other);
	}
	h = mix(h, other);
	return (uint32_t)(h ^ h >> 32);
}

/* Keys of common sizes are compared without a call. */
static bool same_key(const void *a, const void *b, uint32_t bytes)
{
	switch (bytes) { /* req: XO-168 */
	case 4:
		return mem_cmp(a, b, 4) == 0;
	case 8:
		return mem_cmp(a, b, 8) == 0;
	case 16:
		return mem_cmp(a, b, 16) == 0;
	default:
		return mem_cmp(a, b, bytes) == 0;
	}
}

/* The link to the key's slot: a bucket's head or a slot's chain; *link is 0 if the key is not there. */
static uint32_t *find(struct hash *h, const void *key, uint32_t hash)
{
	uint32_t *link = &h->buckets[hash & h->mask];

	while (*link) {
		struct slot *slot = slot_at(h, *link);

		if (slot->hash == hash && same_key(slot->key, key, h->map.attr.key_size))
			break;
		link = &slot->chain;
	}
	return link;
}

static void *hash_lookup(struct map *map, const void *key, uint32_t queue)
{
	struct hash *h = hash_map(map);
	uint32_t index = *find(h, key, hash_key(map, key));

	(void)queue;
	return index ? slot_value(h, slot_at(h, index)) : NULL;
}

static uint32_t take_slot(struct hash *h)
{
	uint32_t index = h->free;

	if (index)
		h->free = slot_at(h, index)->chain;
	else if (h->fresh <= h->slots)
		index = h->fresh++;
	return index;
}

static void to_limbo(struct hash *h, uint32_t index)
{
	/* req: XO-169 */
	slot_at(h, index)->chain = h->limbo;
	h->limbo = index;
	map_want_run_end(&h->map);
}

/* Puts index between before and after in the order of insertion. */
static void order_link(struct hash *h, uint32_t index, uint32_t before, uint32_t after)
{
	slot_at(h, index)->before = before;
	slot_at(h, index)->after = after;
	*(before ? &slot_at(h, before)->after : &h->first) = index;
	*(after ? &slot_at(h, after)->before : &h->last) = index;
}

static void order_unlink(struct hash *h, const struct slot *slot)
{
	*(slot->before ? &slot_at(h, slot->before)->after : &h->first) = slot->after;
	*(slot->after ? &slot_at(h, slot->after)->before : &h->last) = slot->before;
}

static int hash_update(struct map *map, const void *key, const void *value, uint64_t flags, uint32_t queue)
{
	struct hash *h = hash_map(map);
	uint32_t hash, *link, old, index;
	struct slot *slot;

	(void)queue;
	if (flags > MAP_EXIST)
		return -EINVAL;
	hash = hash_key(map, key);
	link = find(h, key, hash);
	old = *link;
	if (old && flags == MAP_NOEXIST) /* req: XO-087 */
		return -EEXIST;
	if (!old && flags == MAP_EXIST) /* req: XO-088 */
		return -ENOENT;
	if (!old && h->count == map->attr.max_entries) /* req: XO-089, XO-167 */
		return -E2BIG;
	index = take_slot(h);
	if (!index)
		return -ENOMEM;

	slot = slot_at(h, index);
	slot->hash = hash;
	mem_copy(slot->key, key, map->attr.key_size);
	mem_copy(slot_value(h, slot), value, map->attr.value_size);
	if (old) {
		struct slot *gone = slot_at(h, old);

		slot->chain = gone->chain;
		order_link(h, index, gone->before, gone->after);
		to_limbo(h, old);
	} else {
		slot->chain = 0;
		order_link(h, index, h->last, 0);
		h->count++;
	}
	*link = index; /* req: XO-086, XO-170 */
	return 0;
}

static int hash_remove(struct map *map, const void *key)
{
	struct hash *h = hash_map(map);
	uint32_t *link = find(h, key, hash_key(map, key));
	uint32_t index = *link;

	if (!index)
		return -ENOENT;
	order_unlink(h, slot_at(h, index));
	*link = slot_at(h, index)->chain; /* req: XO-090 */
	to_limbo(h, index);
	h->count--;
	return 0;
}

static int hash_next(struct map *map, const void *key, void *next)
{
	struct hash *h = hash_map(map);
	uint32_t index = key ? *find(h, key, hash_key(map, key)) : 0;

	/* req: XO-091, XO-092, XO-093 */
	index = index ? slot_at(h, index)->after : h->first;
	if (!index)
		return -ENOENT;
	mem_copy(next, slot_at(h, index)->key, map->attr.key_size);
	return 0;
}

static uint32_t hash_count(const struct map *map)
{
	return ((const struct hash *)map)->count;
}

static bool hash_owns(const struct map *map, const void *p, size_t bytes)
{
	const struct hash *h = (const struct hash *)map;
	uintptr_t offset = (uintptr_t)p - (uintptr_t)h->pool;

	if (offset / h->slot_bytes >= h->slots)
		return false;
	offset %= h->slot_bytes;
	if (offset < h->value_offset)
		return false;
	offset -= h->value_offset;
	return bytes <= map->attr.value_size && offset <= map->attr.value_size - bytes;
}

static void hash_run_end(struct map *map)
{
	struct hash *h = hash_map(map);
	uint32_t last = h->limbo;

	if (last) {
		while (slot_at(h, last)->chain)
			last = slot_at(h, last)->chain;
		slot_at(h, last)->chain = h->free;
		h->free = h->limbo;
		h->limbo = 0;
	}
	map->run_end_wanted = false;
}

const struct map_ops hash_ops = {
	.check = hash_check,
	.bytes = hash_bytes,
	.init = hash_init,
	.lookup = hash_lookup,
	.update = hash_update,
	.remove = hash_remove,
	.next = hash_next,
	.count = hash_count,
	.owns = hash_owns,
	.run_end = hash_run_end,
};
