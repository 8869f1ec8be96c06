/* SPDX-License-Identifier: BSD-2-Clause */
/* What holds of a map type as such: the flags of types.def, and the sets of types that have them, bit n for type n. */
#ifndef FW_MAP_TYPES_H
#define FW_MAP_TYPES_H

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

/* Constants, since rows of helper.def are initialised with them. */
#define MAP_TYPE(id, name, ops, flags) | ((flags)&MAP_F_LOOKUP ? 1ULL << VIRTIO_NET_XDP_MAP_##id : 0)
enum {
	MAP_TYPES_LOOKUP = 0ULL
#include "map/types.def"
};
#undef MAP_TYPE

#define MAP_TYPE(id, name, ops, flags) | ((flags)&MAP_F_UPDATE ? 1ULL << VIRTIO_NET_XDP_MAP_##id : 0)
enum {
	MAP_TYPES_UPDATE = 0ULL
#include "map/types.def"
};
#undef MAP_TYPE

#define MAP_TYPE(id, name, ops, flags) | ((flags)&MAP_F_PER_QUEUE ? 1ULL << VIRTIO_NET_XDP_MAP_##id : 0)
enum {
	MAP_TYPES_PER_QUEUE = 0ULL
#include "map/types.def"
};
#undef MAP_TYPE

#define MAP_TYPE(id, name, ops, flags) | ((flags)&MAP_F_OF_MAPS ? 1ULL << VIRTIO_NET_XDP_MAP_##id : 0)
enum {
	MAP_TYPES_OF_MAPS = 0ULL
#include "map/types.def"
};
#undef MAP_TYPE

#define MAP_TYPE(id, name, ops, flags) | ((flags)&MAP_F_REDIRECT ? 1ULL << VIRTIO_NET_XDP_MAP_##id : 0)
enum {
	MAP_TYPES_REDIRECT = 0ULL
#include "map/types.def"
};
#undef MAP_TYPE

#endif
