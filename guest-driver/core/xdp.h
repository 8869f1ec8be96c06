/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * XDP offload commands with typed results. Each returns 0; 1: the device refused, *error (if not NULL) says why; or
 * -errno as drv_ctrl(). Every function that waits waits a bounded time.
 */
#ifndef GUEST_DRIVER_XDP_H
#define GUEST_DRIVER_XDP_H

#include "net.h"
#include "virtio_net_xdp.h"

struct drv_xdp_error {
	uint16_t status; /* VIRTIO_NET_XDP_ERR_* */
	uint32_t detail;
};

/* Names a status ("LIMIT_PROGS") or a verifier error ("PACKET"); never NULL. */
const char *drv_xdp_status_name(uint32_t status);

struct drv_xdp_caps { /* struct virtio_net_xdp_caps in host byte order */
	uint32_t isa, actions, max_insns, max_map_kib, max_cmd_bytes, max_frame, commands, flags, max_run_insns,
		max_log_bytes, hz;
	uint16_t max_progs, max_maps, headroom, tailroom, max_metadata;
	uint64_t map_types, helpers[4];
};

struct drv_xdp_prog_info {
	uint8_t state, attached;
	uint32_t error, error_insn, bytes, flags, actions, visited, states, peak_kib, log_bytes, written;
	uint64_t run_count;
	char name[VIRTIO_NET_XDP_NAME_BYTES + 1];
	uint8_t tag[VIRTIO_NET_XDP_TAG_BYTES];
};

/* A global function of a program. */
struct drv_xdp_func {
	uint32_t insn;                            /* its first */
	uint8_t kinds[VIRTIO_NET_XDP_FUNC_ARGS];  /* VIRTIO_NET_XDP_FUNC_* */
	uint32_t bytes[VIRTIO_NET_XDP_FUNC_ARGS]; /* of memory */
};

struct drv_xdp_map_attr {
	uint32_t type, key_size, value_size, max_entries, flags, inner_map_id;
	char name[VIRTIO_NET_XDP_NAME_BYTES + 1];
};

struct drv_xdp_map_info {
	struct drv_xdp_map_attr attr;
	uint32_t entries, kib, references;
	bool frozen;
};

int drv_xdp_caps(struct drv_net *net, struct drv_xdp_caps *caps, struct drv_xdp_error *error);
/* The prefix that configuration space shows; all zero when there is none. */
void drv_xdp_config(struct drv_net *net, struct drv_xdp_caps *caps);

int drv_xdp_prog_create(struct drv_net *net, uint32_t id, uint32_t bytes, uint32_t flags, const char *name,
			const uint8_t *tag, struct drv_xdp_error *error);
int drv_xdp_prog_write(struct drv_net *net, uint32_t id, uint32_t offset, const void *data, uint32_t bytes,
		       struct drv_xdp_error *error);
/* In commands as long as the device takes them. Functions are in the order of insn. */
int drv_xdp_prog_funcs(struct drv_net *net, uint32_t id, const struct drv_xdp_func *funcs, uint32_t count,
		       struct drv_xdp_error *error);
int drv_xdp_prog_commit(struct drv_net *net, uint32_t id, uint32_t log_level, struct drv_xdp_error *error);
int drv_xdp_prog_info(struct drv_net *net, uint32_t id, struct drv_xdp_prog_info *info, struct drv_xdp_error *error);
/* Copies log text from offset on, at most room bytes; *got of them, *total in all. */
int drv_xdp_prog_log(struct drv_net *net, uint32_t id, uint32_t offset, char *log, uint32_t room, uint32_t *got,
		     uint32_t *total, struct drv_xdp_error *error);
int drv_xdp_prog_destroy(struct drv_net *net, uint32_t id, struct drv_xdp_error *error);

/* The usual sequence: create, write in pieces of max_cmd_bytes, commit, poll until READY or REFUSED (*info says which).
 */
int drv_xdp_prog_load(struct drv_net *net, uint32_t id, const void *insns, uint32_t bytes, uint32_t flags,
		      const char *name, uint32_t log_level, struct drv_xdp_prog_info *info,
		      struct drv_xdp_error *error);

/* The same with global functions, which a device that is not told of them verifies with each call. */
int drv_xdp_prog_load_funcs(struct drv_net *net, uint32_t id, const void *insns, uint32_t bytes, uint32_t flags,
			    const char *name, const struct drv_xdp_func *funcs, uint32_t count, uint32_t log_level,
			    struct drv_xdp_prog_info *info, struct drv_xdp_error *error);

int drv_xdp_attach(struct drv_net *net, uint32_t id, uint32_t expected_id, uint32_t expected_generation,
		   uint32_t ifindex, uint32_t flags, uint32_t *generation, struct drv_xdp_error *error);
int drv_xdp_detach(struct drv_net *net, uint32_t expected_id, uint32_t expected_generation, uint32_t *generation,
		   struct drv_xdp_error *error);

/* attr->inner_map_id counts for maps of maps only. */
int drv_xdp_map_create(struct drv_net *net, uint32_t id, const struct drv_xdp_map_attr *attr,
		       struct drv_xdp_error *error);
int drv_xdp_map_destroy(struct drv_net *net, uint32_t id, struct drv_xdp_error *error);
/* Whether elements of maps of this type have one value per receive queue, each padded to a multiple of 8 bytes. */
bool drv_xdp_per_queue(uint32_t type);
/* value_bytes for a map of this type and value_size, values of all receive queues included; UINT32_MAX: no such map. */
uint32_t drv_xdp_value_bytes(const struct drv_net *net, uint32_t type, uint32_t value_size);
/* key_bytes as the map has them, value_bytes as drv_xdp_value_bytes() says. */
int drv_xdp_map_lookup(struct drv_net *net, uint32_t id, const void *key, uint32_t key_bytes, void *value,
		       uint32_t value_bytes, struct drv_xdp_error *error);
int drv_xdp_map_update(struct drv_net *net, uint32_t id, uint32_t flags, const void *key, uint32_t key_bytes,
		       const void *value, uint32_t value_bytes, struct drv_xdp_error *error);
int drv_xdp_map_delete(struct drv_net *net, uint32_t id, const void *key, uint32_t key_bytes,
		       struct drv_xdp_error *error);
/* key NULL: the first. At the end: 1 with status LAST_KEY. */
int drv_xdp_map_next(struct drv_net *net, uint32_t id, const void *key, void *next, uint32_t key_bytes,
		     struct drv_xdp_error *error);
int drv_xdp_map_info(struct drv_net *net, uint32_t id, struct drv_xdp_map_info *info, struct drv_xdp_error *error);
int drv_xdp_map_freeze(struct drv_net *net, uint32_t id, struct drv_xdp_error *error);

/* Ids of kind VIRTIO_NET_XDP_OBJ_* from start_id on; *count of at most max; *next_id: where to go on, or ..._ID_NONE.
 */
int drv_xdp_obj_list(struct drv_net *net, uint32_t kind, uint32_t start_id, uint32_t *ids, uint32_t max,
		     uint32_t *count, uint32_t *next_id, struct drv_xdp_error *error);

/* frame: in and out, room bytes of it (*bytes in, *bytes out). */
int drv_xdp_test_run(struct drv_net *net, uint32_t id, uint32_t ifindex, uint32_t *rx_queue_index, void *frame,
		     uint32_t *bytes, uint32_t room, uint64_t *r0, struct drv_xdp_error *error);

/* A record that a program wrote. data: bytes of them, the driver's, good during the call. */
struct drv_xdp_event {
	uint32_t map_id, rx_queue_index, lost, bytes;
	const uint8_t *data;
};

typedef void drv_xdp_event_fn(void *ctx, const struct drv_xdp_event *event);

/*
 * Takes out the oldest records, at most max of them, and calls fn with each, in order. room: bytes that they may take
 * in all, 16 more each than their data, which is padded to 8. *left: how many the device still has; if that is not 0
 * and fn was not called, the oldest needs more room.
 */
int drv_xdp_event_get(struct drv_net *net, uint32_t max, uint32_t room, drv_xdp_event_fn *fn, void *ctx, uint32_t *left,
		      struct drv_xdp_error *error);

#endif
