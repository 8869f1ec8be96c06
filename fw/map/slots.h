/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the maps of programs, of maps, of ports and of queues are made of: elements that are one word each, 0 for none,
 * under an index or under a key of any bytes. What a word means is the type's. Only commands make and remove elements.
 */
#ifndef FW_MAP_SLOTS_H
#define FW_MAP_SLOTS_H

#include "map/map.h"

/* The first of the type's own structure, which is struct_bytes long and zeroed. */
struct slots {
	struct map map;
	struct map *hash;   /* elements by key; NULL: by index */
	uint32_t count;     /* by index: words that are not 0 */
	uint64_t *by_index; /* max_entries words */
};

/* Flags and sizes, of which the value's is 4 or value_bytes: 0, or a VIRTIO_NET_XDP_ERR_* with *detail. */
uint16_t slots_check(const struct map_attr *attr, uint32_t flags, uint32_t value_bytes, uint32_t *detail);
uint64_t slots_bytes(const struct map_attr *attr, size_t struct_bytes);
void slots_init(struct map *map, size_t struct_bytes);

/* Where the word of the key is, or NULL if it is 0. */
uint64_t *slots_find(struct map *map, const void *key);
/* Results as map_ops.update's and remove's; *old: the word before, or 0. */
int slots_set(struct map *map, const void *key, uint64_t word, uint64_t flags, uint64_t *old);
int slots_remove(struct map *map, const void *key, uint64_t *old);
/* Calls fn with every word that is not 0. It may set a word of an index to 0 with slots_clear(). */
void slots_each(struct map *map, void (*fn)(void *ctx, struct map *map, uint64_t *word), void *ctx);
void slots_clear(struct map *map, uint64_t *word);

/* As the operations of struct map_ops. What a lookup gives, and a command, is the word's first value_size bytes. */
void *slots_lookup(struct map *map, const void *key, uint32_t queue);
int slots_wire_get(struct map *map, const void *key, void *wire);
int slots_next(struct map *map, const void *key, void *next);
uint32_t slots_count(const struct map *map);
bool slots_owns(const struct map *map, const void *p, size_t bytes);

#endif
