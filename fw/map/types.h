/* SPDX-License-Identifier: BSD-2-Clause */
/* What holds of a map type as such: the flags of types.def, and the sets of types that have them, bit n for type n. */
#ifndef FW_MAP_TYPES_H
#define FW_MAP_TYPES_H

#include "std.h"
#include "virtio_net_xdp.h"
#include "virtio_net_xdp_ext.h"

enum map_type_flag {
	MAP_F_LOOKUP = 1 << 0, /* programs may call map_lookup_elem */
	MAP_F_UPDATE = 1 << 1, /* map_update_elem and map_delete_elem */
	MAP_F_KEYED = MAP_F_LOOKUP | MAP_F_UPDATE,
	MAP_F_PER_QUEUE = 1 << 2, /* one value per receive queue */
	MAP_F_OF_MAPS = 1 << 3,   /* the values are maps */
	MAP_F_REDIRECT = 1 << 4,  /* redirect_map */
};

/* Constants, since rows of helper.def are initialised with them; and of 64 bits, which enumerators are only if need be.
 */
#define MAP_TYPE(id, name, ops, flags) | ((flags) & (MAP_WANTED) ? 1ULL << VIRTIO_NET_XDP_MAP_##id : 0)
/* clang-format off */
enum {
#define MAP_WANTED MAP_F_LOOKUP
	map_types_lookup = 0ULL
#include "map/types.def"
#undef MAP_WANTED
#define MAP_WANTED MAP_F_UPDATE
	, map_types_update = 0ULL
#include "map/types.def"
#undef MAP_WANTED
#define MAP_WANTED MAP_F_PER_QUEUE
	, map_types_per_queue = 0ULL
#include "map/types.def"
#undef MAP_WANTED
#define MAP_WANTED MAP_F_OF_MAPS
	, map_types_of_maps = 0ULL
#include "map/types.def"
#undef MAP_WANTED
#define MAP_WANTED MAP_F_REDIRECT
	, map_types_redirect = 0ULL
#include "map/types.def"
#undef MAP_WANTED
};
/* clang-format on */
#undef MAP_TYPE

#define MAP_TYPES_LOOKUP    ((uint64_t)map_types_lookup)
#define MAP_TYPES_UPDATE    ((uint64_t)map_types_update)
#define MAP_TYPES_PER_QUEUE ((uint64_t)map_types_per_queue)
#define MAP_TYPES_OF_MAPS   ((uint64_t)map_types_of_maps)
#define MAP_TYPES_REDIRECT  ((uint64_t)map_types_redirect)

#endif
