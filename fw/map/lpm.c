/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LPM_TRIE, and FIB, which is one that programs cannot touch. A key is the length of a prefix in bits (32 bits,
 * little-endian) and data, of which the most significant bits of each byte come first.
 *
 * An element is stored under its length and its prefix, with zeros behind it. A lookup tries the lengths that are
 * there, the longest first: as many probes as lengths, which are few in tables that people have. The map counts the
 * elements of each length. Keys in the order in which they came.
 */
#include "map/lpm.h"
#include "core.h"
#include "le.h"
#include "map/store.h"
#include "virtio_net_xdp_ext.h"

#define LPM_FLAGS                                                                                                      \
	(VIRTIO_NET_XDP_MAP_F_NO_PREALLOC | VIRTIO_NET_XDP_MAP_F_RDONLY | VIRTIO_NET_XDP_MAP_F_WRONLY |                \
	 VIRTIO_NET_XDP_MAP_F_RDONLY_PROG | VIRTIO_NET_XDP_MAP_F_WRONLY_PROG)

#define LPM_LENGTH_BYTES ((uint32_t)sizeof(le32))
#define LPM_DATA_MAX     256
#define LPM_KEY_MAX      (LPM_LENGTH_BYTES + LPM_DATA_MAX)

extern const struct map_ops lpm_ops, fib_ops;

/* Bits of the longest prefix. */
static uint32_t width_of(const struct map_attr *attr)
{
	return (attr->key_size - LPM_LENGTH_BYTES) * 8;
}

/* 64-bit words of the set of lengths that are there; the counts by length follow it. */
static uint32_t set_words(const struct map_attr *attr)
{
	return width_of(attr) / 64 + 1;
}

static struct store_shape lpm_shape(const struct map_attr *attr)
{
	return (struct store_shape){
		.behind = set_words(attr) * sizeof(uint64_t) + (width_of(attr) + 1) * sizeof(uint32_t),
	};
}

static uint64_t *lengths(const struct store *s)
{
	return s->behind;
}

static uint32_t *counts(const struct store *s)
{
	return (uint32_t *)(void *)(lengths(s) + set_words(&s->map.attr));
}

static uint16_t lpm_check(const struct map_attr *attr, uint32_t *detail)
{
	return store_check(attr, LPM_FLAGS, LPM_LENGTH_BYTES + 1, LPM_KEY_MAX, detail);
}

static uint64_t lpm_bytes(const struct map_attr *attr, uint32_t num_queues)
{
	struct store_shape shape = lpm_shape(attr);

	return store_bytes(attr, num_queues, &shape);
}

/* ---- keys ---- */

/* A key with zeros behind its prefix. */
struct prefix {
	le32 length;
	uint8_t data[LPM_DATA_MAX];
};

/* Zeros behind the first bits of data. */
static void cut(struct prefix *prefix, uint32_t bits, uint32_t data_bytes)
{
	uint32_t whole = bits / 8;

	prefix->length = cpu_to_le32(bits);
	if (whole < data_bytes) {
		prefix->data[whole] &= (uint8_t)(0xff00 >> bits % 8);
		mem_set(prefix->data + whole + 1, 0, data_bytes - whole - 1);
	}
}

/* The key as it is stored. Returns its length, or -EINVAL if there is no such prefix. */
static int prefix_of(const struct map *map, const void *key, struct prefix *prefix)
{
	uint32_t bits;

	mem_copy(prefix, key, map->attr.key_size);
	bits = le32_to_cpu(prefix->length);
	if (bits > width_of(&map->attr))
		return -EINVAL;
	cut(prefix, bits, map->attr.key_size - LPM_LENGTH_BYTES);
	return (int)bits;
}

/* The longest length that is there and not above bits, or -1. */
static int longest(const struct store *s, int bits)
{
	const uint64_t *set = lengths(s);
	uint64_t word;

	if (bits < 0)
		return -1;
	word = set[bits / 64] << (63 - bits % 64);
	if (word)
		return bits - __builtin_clzll(word);
	for (int i = bits / 64 - 1; i >= 0; i--)
		if (set[i])
			return i * 64 + 63 - __builtin_clzll(set[i]);
	return -1;
}

static void count_length(struct store *s, uint32_t bits, uint32_t more)
{
	uint32_t *count = &counts(s)[bits];
	uint64_t bit = 1ULL << bits % 64;

	*count += more;
	if (*count)
		lengths(s)[bits / 64] |= bit;
	else
		lengths(s)[bits / 64] &= ~bit;
}

/* ---- lookups ---- */

static void *lpm_lookup(struct map *map, const void *key, uint32_t queue)
{
	struct store *s = store_of(map);
	struct prefix prefix;
	int bits = prefix_of(map, key, &prefix);
	uint32_t link;

	(void)queue;
	/* req: XO-257 */
	for (bits = longest(s, bits); bits >= 0; bits = longest(s, bits - 1)) {
		cut(&prefix, (uint32_t)bits, map->attr.key_size - LPM_LENGTH_BYTES);
		link = store_find(s, &prefix);
		if (link)
			return store_at(s, link) + s->value_at;
	}
	return NULL;
}

/* The first bits of four bytes in memory. */
static uint32_t mask4(uint32_t bits)
{
	return bits ? __builtin_bswap32(UINT32_MAX << (32 - bits)) : 0;
}

/* The same for data of 4 bytes, IPv4 addresses above all. */
static void *lpm_lookup_8(struct map *map, const void *key, uint32_t queue)
{
	struct store *s = store_of(map);
	struct {
		le32 length;
		uint32_t data;
	} wanted, prefix;
	uint32_t link;
	int bits;

	(void)queue;
	mem_copy(&wanted, key, sizeof(wanted));
	if (le32_to_cpu(wanted.length) > 32)
		return NULL;
	for (bits = longest(s, (int)le32_to_cpu(wanted.length)); bits >= 0; bits = longest(s, bits - 1)) {
		prefix.length = cpu_to_le32((uint32_t)bits);
		prefix.data = wanted.data & mask4((uint32_t)bits);
		link = store_probe(s, &prefix, store_hash(s, &prefix, 8), 8, STORE_KEY_AT);
		if (link)
			return store_at(s, link) + s->value_at;
	}
	return NULL;
}

/* ---- the rest, by the exact prefix ---- */

static int lpm_update(struct map *map, const void *key, const void *value, uint64_t flags, uint32_t queue)
{
	struct store *s = store_of(map);
	uint32_t before = s->count;
	struct prefix prefix;
	int bits = prefix_of(map, key, &prefix), err;

	if (flags > MAP_EXIST || bits < 0)
		return -EINVAL;
	err = store_update(map, &prefix, value, flags, queue); /* req: XO-258 */
	if (!err)
		count_length(s, (uint32_t)bits, s->count - before);
	return err;
}

static int lpm_remove(struct map *map, const void *key)
{
	struct prefix prefix;
	int bits = prefix_of(map, key, &prefix), err;

	if (bits < 0)
		return -ENOENT;
	err = store_remove(map, &prefix); /* req: XO-258 */
	if (!err)
		count_length(store_of(map), (uint32_t)bits, -1U);
	return err;
}

static int lpm_next(struct map *map, const void *key, void *next)
{
	struct prefix prefix;

	return store_next(map, key && prefix_of(map, key, &prefix) >= 0 ? &prefix : NULL, next);
}

#define LPM_OPS                                                                                                        \
	.bytes = lpm_bytes, .update = lpm_update, .remove = lpm_remove, .next = lpm_next, .count = store_count,        \
	.owns = store_owns, .run_end = store_run_end

static const struct map_ops lpm_ops_8;

static void lpm_init(struct map *map, uint32_t num_queues)
{
	struct store_shape shape = lpm_shape(&map->attr);

	store_init(map, num_queues, &shape);
	if (map->attr.key_size == 8)
		map->ops = &lpm_ops_8;
}

static const struct map_ops lpm_ops_8 = {.check = lpm_check, .init = lpm_init, .lookup = lpm_lookup_8, LPM_OPS};
const struct map_ops lpm_ops = {.check = lpm_check, .init = lpm_init, .lookup = lpm_lookup, LPM_OPS};

/* ---- FIB ---- */

#define FIB_FLAGS (VIRTIO_NET_XDP_MAP_F_NO_PREALLOC | VIRTIO_NET_XDP_MAP_F_RDONLY | VIRTIO_NET_XDP_MAP_F_WRONLY)

#define FIB_KEY_IPV4 (LPM_LENGTH_BYTES + 4)
#define FIB_KEY_IPV6 (LPM_LENGTH_BYTES + 16)

static uint16_t fib_check(const struct map_attr *attr, uint32_t *detail)
{
	uint16_t status = store_check(attr, FIB_FLAGS, FIB_KEY_IPV4, FIB_KEY_IPV6, detail);

	if (status)
		return status;
	if (attr->key_size != FIB_KEY_IPV4 && attr->key_size != FIB_KEY_IPV6)
		*detail = FIB_KEY_IPV6;
	else if (attr->value_size != sizeof(struct virtio_net_xdp_fib_value))
		*detail = sizeof(struct virtio_net_xdp_fib_value);
	else
		return VIRTIO_NET_XDP_OK;
	return VIRTIO_NET_XDP_ERR_SIZE;
}

static struct map **fib_of(struct fw *fw, uint32_t key_size)
{
	return &fw->fibs[key_size == FIB_KEY_IPV6];
}

static void fib_init(struct map *map, uint32_t num_queues)
{
	struct map **fib;

	lpm_init(map, num_queues);
	map->ops = &fib_ops;
	if (!map->fw)
		return;
	fib = fib_of(map->fw, map->attr.key_size);
	if (!*fib || map->id < (*fib)->id)
		*fib = map;
}

/* The next id's takes its place. */
static void fib_destroy(struct map *map)
{
	struct map **fib = map->fw ? fib_of(map->fw, map->attr.key_size) : NULL, *next = NULL;

	if (!fib || *fib != map)
		return;
	for (uint32_t id = 0; id < map->fw->config.caps.max_maps && !next; id++) {
		next = map->fw->maps[id];
		if (next && (next == map || next->ops != map->ops || next->attr.key_size != map->attr.key_size))
			next = NULL;
	}
	*fib = next;
}

const struct map_ops fib_ops = {
	.check = fib_check,
	.init = fib_init,
	.lookup = lpm_lookup,
	.destroy = fib_destroy,
	LPM_OPS,
};

const struct virtio_net_xdp_fib_value *lpm_route(const struct fw *fw, const void *address, uint32_t bytes)
{
	struct map *fib = bytes == 4 ? fw->fibs[0] : bytes == 16 ? fw->fibs[1] : NULL;
	le32 length = cpu_to_le32(bytes * 8);
	uint8_t key[FIB_KEY_IPV6];

	if (!fib)
		return NULL;
	mem_copy(key, &length, sizeof(length));
	mem_copy(key + sizeof(length), address, bytes);
	return bytes == 4 ? lpm_lookup_8(fib, key, 0) : lpm_lookup(fib, key, 0);
}
