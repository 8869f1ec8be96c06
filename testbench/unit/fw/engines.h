/* SPDX-License-Identifier: BSD-2-Clause */
/* Firmware with one engine or the other, for tests that both have to pass. */
#ifndef UNIT_ENGINES_H
#define UNIT_ENGINES_H

#include "control.h"
#include "rig/rig.h"
#include "virtio_net_xdp_ext.h"

#define ENGINES          2
#define ENGINES_COUNT(a) (sizeof(a) / sizeof((a)[0]))

static inline const char *engines_name(int engine)
{
	return engine == FW_ENGINE_JIT ? "jit" : "interp";
}

static inline struct control *engines_open(int engine, const struct fw_port *ports, uint16_t num_ports)
{
	struct fw_config config = control_config();

	config.engine = (enum fw_engine)engine;
	config.platform = &rig_platform;
	config.ports = ports;
	config.num_ports = num_ports;
	return control_open(&config);
}

/* Loads words as program id; it must be accepted. */
static inline void engines_load(struct control *c, uint32_t id, const uint64_t *words, size_t count)
{
	struct virtio_net_xdp_prog_log_get request = {.id = cpu_to_le32(id)};

	if (control_load(c, id, words, count) == VIRTIO_NET_XDP_PROG_READY)
		return;
	control_do(c, VIRTIO_NET_CTRL_XDP_PROG_LOG_GET, &request, sizeof(request));
	cr_assert_fail("program %u: %.*s", id, (int)(c->written - 12), (const char *)c->out + 12);
}

/* A map with 4-byte keys and values. */
static inline unsigned engines_set(struct control *c, uint32_t map, uint32_t key, uint32_t value, uint32_t flags)
{
	le32 k = cpu_to_le32(key), v = cpu_to_le32(value);

	return control_map_update(c, map, flags, &k, 4, &v, 4);
}

/* The value of such a map, or UINT64_MAX - status. */
static inline uint64_t engines_get(struct control *c, uint32_t map, uint32_t key)
{
	le32 k = cpu_to_le32(key);
	unsigned status = control_map_key(c, VIRTIO_NET_CTRL_XDP_MAP_LOOKUP, map, &k, 4);

	return status ? UINT64_MAX - status : control_word(c, 8);
}

/* MAP_CREATE with an inner map. */
static inline unsigned engines_outer(struct control *c, uint32_t id, uint32_t type, uint32_t key, uint32_t entries,
				     uint32_t flags, uint32_t inner)
{
	struct virtio_net_xdp_map_create request = {
		.id = cpu_to_le32(id),
		.type = cpu_to_le32(type),
		.key_size = cpu_to_le32(key),
		.value_size = cpu_to_le32(4),
		.max_entries = cpu_to_le32(entries),
		.flags = cpu_to_le32(flags),
		.inner_map_id = cpu_to_le32(inner),
	};

	return control_do(c, VIRTIO_NET_CTRL_XDP_MAP_CREATE, &request, sizeof(request));
}

static inline struct virtio_net_xdp_map_info_result engines_map_info(struct control *c, uint32_t id)
{
	struct virtio_net_xdp_map_info_result info;

	cr_assert_eq(control_id(c, VIRTIO_NET_CTRL_XDP_MAP_INFO, id), VIRTIO_NET_XDP_OK);
	memcpy(&info, c->out, sizeof(info));
	return info;
}

/* Attaches program id, which must be the first one. */
static inline void engines_attach(struct control *c, uint32_t id)
{
	cr_assert_eq(control_attach(c, id, VIRTIO_NET_XDP_ID_NONE, 0, 0), VIRTIO_NET_XDP_OK);
}

/* Runs the attached program on a frame of 64 bytes that counts up. */
static inline struct fw_frame engines_run(struct control *c)
{
	static struct control_frame f;

	control_frame(&f, 64);
	fw_run(c->fw, &f.frame, 1);
	return f.frame;
}

#define W_MAP(dst, id) W(0x18, dst, 1, 0, id), 0

#endif
