/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps: what commands and programs share. A map type is a row in types.def and a const struct map_ops.
 *
 * Values of PERCPU types are one per receive queue, each rounded up to 8 bytes. Keys and values are opaque bytes.
 */
#ifndef FW_MAP_H
#define FW_MAP_H

#include "arena.h"
#include "std.h"

struct fw;
struct map;

struct map_attr {
	uint32_t type;
	uint32_t key_size;   /* bytes */
	uint32_t value_size; /* bytes */
	uint32_t max_entries;
	uint32_t flags;
	uint32_t inner_map_id;
	uint8_t name[16];
};

/* Update flags, as VIRTIO_NET_XDP_UPDATE_* and Linux's BPF_ANY, BPF_NOEXIST, BPF_EXIST. */
enum map_update {
	MAP_ANY,
	MAP_NOEXIST,
	MAP_EXIST,
};

struct map_ops {
	/* Checks attr; everything that does not depend on other objects. 0, or a VIRTIO_NET_XDP_ERR_* with *detail. */
	uint16_t (*check)(const struct map_attr *attr, uint32_t *detail);
	/* Exact bytes that a map of this attr takes in the arena; UINT64_MAX for more than 64 bits or indices can
	 * count. */
	uint64_t (*bytes)(const struct map_attr *attr, uint32_t num_queues);
	/*
	 * map: bytes() of zeroed memory, the first of it struct map with ops, attr, id, fw and seed filled in. A type
	 * that has faster code for some sizes puts ops for them in map->ops, which stays as it is from then on: an
	 * engine may call map->ops->lookup and the others at their addresses.
	 */
	void (*init)(struct map *map, uint32_t num_queues);
	/* The element, or NULL. queue: which value of a PERCPU type. NULL, as update and next are: the type has no
	 * elements. */
	void *(*lookup)(struct map *map, const void *key, uint32_t queue);
	/*
	 * 0, -EEXIST, -ENOENT, -E2BIG (full, or no such index), -EINVAL (flags), -ENOMEM (this run has replaced too
	 * much). The program's own value only, for PERCPU types.
	 */
	int (*update)(struct map *map, const void *key, const void *value, uint64_t flags, uint32_t queue);
	/* 0, -ENOENT. NULL: the type has no delete. */
	int (*remove)(struct map *map, const void *key);
	/* The key after *key in the type's order; key NULL or not there: the first. 0, -ENOENT at the end. */
	int (*next)(struct map *map, const void *key, void *next);
	/* Elements in the map. */
	uint32_t (*count)(const struct map *map);
	/* Address of the value at offset, for LD_IMM64 src 2; NULL if the type or the offset does not allow it. May be
	 * NULL. */
	void *(*value_addr)(struct map *map, uint32_t offset);
	/* Whether [p, p + bytes) lies inside of one value (or the values' storage): the interpreter's check. */
	bool (*owns)(const struct map *map, const void *p, size_t bytes);
	/* A run ended: elements removed during it may be used again. May be NULL. */
	void (*run_end)(struct map *map);
	/*
	 * MAP_LOOKUP and MAP_UPDATE, for types whose values on the wire are others than those in memory: one per queue,
	 * or ids of programs and maps. map_wire_value_bytes() bytes at wire. Results as for lookup (0, -ENOENT) and
	 * update; besides -ESRCH: there is no such program or map; -EMEDIUMTYPE: it is of the wrong kind. NULL:
	 * value_size bytes as they are.
	 */
	int (*wire_get)(struct map *map, const void *key, void *wire);
	int (*wire_set)(struct map *map, const void *key, const void *wire, uint64_t flags);
	/* What wire_set would say of the value, whatever key and flags are: 0, -ESRCH, -EMEDIUMTYPE. May be NULL. */
	int (*wire_check)(const struct map *map, const void *wire);
	/* The map is about to be freed: gives up what it refers to. May be NULL. */
	void (*destroy)(struct map *map);
};

struct map {
	const struct map_ops *ops;
	struct map_attr attr;
	uint32_t id;
	uint32_t refs;                /* programs, and maps of maps, that name it */
	bool frozen;                  /* commands no longer write */
	uint64_t bytes;               /* charged against max_map_kib */
	bool run_end_wanted;          /* ops->run_end() has something to do */
	struct map *run_end_next;     /* in the list of those that want it */
	struct fw *fw;                /* whose map it is; NULL in tests of a type alone */
	const struct map_attr *inner; /* maps of maps: what every inner map is like; NULL for the others */
	uint64_t seed;                /* of hash functions; nothing that a driver or a program sees depends on it */
};

/*
 * Bytes of fixed + entries * each + buckets * bucket, each rounded up to 8; UINT64_MAX if that is more. Every type's
 * bytes() comes from here.
 */
uint64_t map_storage_bytes(uint64_t fixed, uint64_t entries, uint64_t each, uint64_t buckets, uint64_t bucket);

/* VIRTIO_NET_XDP_ERR_FLAGS (*detail: the bits) for flags outside of known or in conflict with each other, else OK. */
uint16_t map_check_flags(const struct map_attr *attr, uint32_t known, uint32_t *detail);

/* To be called by a type that has something to do when the run ends: before the next one, ops->run_end() is called. */
void map_want_run_end(struct map *map);
/* The run is over: calls ops->run_end() of all maps that want it. */
void map_run_ended(struct fw *fw);

/* The type's row, or NULL. */
const struct map_ops *map_ops_of(uint32_t type);
/* Linux's name of the type ("hash"), or NULL. */
const char *map_type_name(uint32_t type);
/* The types this firmware implements, bit n: type n. */
uint64_t map_types_all(void);

/* Bytes of one element as MAP_LOOKUP and MAP_UPDATE carry it: value_size, or one rounded value per queue. */
uint32_t map_wire_value_bytes(const struct map *map, uint32_t num_queues);

/* What commands may do, from attr.flags (RDONLY, WRONLY) and frozen. */
bool map_cmd_can_read(const struct map *map);
bool map_cmd_can_write(const struct map *map);

/* What programs may do with values of such a map, from its type and flags (RDONLY_PROG, WRONLY_PROG). */
bool map_prog_can_read(const struct map_attr *attr);
bool map_prog_can_write(const struct map_attr *attr);

#endif
