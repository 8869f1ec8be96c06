/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "world.h"

#define ROW(name, fixed, array, result, room)                                                                          \
	{                                                                                                              \
		VIRTIO_NET_CTRL_XDP_##name, #name, fixed, array, result, room                                          \
	}

const struct world_command world_commands[WORLD_COMMANDS] = {
	ROW(CAP_GET, 0, false, 104, 104),  ROW(PROG_CREATE, 36, false, 8, 8), ROW(PROG_WRITE, 8, true, 8, 8),
	ROW(PROG_COMMIT, 8, false, 8, 8),  ROW(PROG_INFO, 4, false, 88, 88),  ROW(PROG_LOG_GET, 8, false, 12, 12),
	ROW(PROG_DESTROY, 4, false, 8, 8), ROW(ATTACH, 20, false, 12, 12),    ROW(DETACH, 8, false, 12, 12),
	ROW(MAP_CREATE, 44, false, 8, 8),  ROW(MAP_DESTROY, 4, false, 8, 8),  ROW(MAP_LOOKUP, 4, true, 8, 16),
	ROW(MAP_UPDATE, 8, true, 8, 8),    ROW(MAP_DELETE, 4, true, 8, 8),    ROW(MAP_NEXT, 4, true, 8, 12),
	ROW(MAP_INFO, 4, false, 64, 64),   ROW(MAP_FREEZE, 4, false, 8, 8),   ROW(OBJ_LIST, 8, false, 16, 32),
	ROW(TEST_RUN, 16, true, 24, 4096), ROW(EVENT_GET, 4, false, 16, 16),
};

static const uint64_t pass[] = {RETURN(VIRTIO_NET_XDP_PASS)};

void world_make(struct bench *b)
{
	static const uint64_t refused[] = {LDX_W(0, 1, 20), EXIT};
	struct drv_xdp_prog_info info;
	uint64_t value = 0x1111111111111111;
	le64 wire[2] = {cpu_to_le64(pass[0]), cpu_to_le64(pass[1])};

	LOAD(b, 0, RETURN(VIRTIO_NET_XDP_PASS));
	attach(b, 0, 1, 0);
	cr_assert_eq(drv_xdp_prog_create(b->net, 1, 16, 0, "half", NULL, NULL), 0);
	cr_assert_eq(drv_xdp_prog_write(b->net, 1, 0, wire, 8, NULL), 0);
	cr_assert_eq(drv_xdp_prog_create(b->net, 2, 16, 0, "whole", NULL, NULL), 0);
	cr_assert_eq(drv_xdp_prog_write(b->net, 2, 0, wire, 16, NULL), 0);
	LOAD(b, 3, RETURN(VIRTIO_NET_XDP_DROP));
	cr_assert_eq(load_flags(b, 4, refused, 2, 0, &info), VIRTIO_NET_XDP_PROG_REFUSED);
	make_map(b, 0, VIRTIO_NET_XDP_MAP_HASH, 8, 4, 0);
	put(b, 0, WORLD_KEY, &value, 8);
	make_map(b, 1, VIRTIO_NET_XDP_MAP_ARRAY, 8, 2, 0);
	make_map(b, 3, VIRTIO_NET_XDP_MAP_ARRAY, 8, 2, VIRTIO_NET_XDP_MAP_F_RDONLY);
}

static void put32(uint8_t *data, size_t *at, uint32_t value)
{
	le32 wire = cpu_to_le32(value);

	memcpy(data + *at, &wire, sizeof(wire));
	*at += sizeof(wire);
}

size_t world_request(const struct world_command *c, uint8_t data[WORLD_DATA])
{
	le64 wire[2] = {cpu_to_le64(pass[0]), cpu_to_le64(pass[1])};
	size_t at = 0;

	memset(data, 0, WORLD_DATA);
	switch (c->command) {
	case VIRTIO_NET_CTRL_XDP_CAP_GET:
		break;
	case VIRTIO_NET_CTRL_XDP_PROG_CREATE:
		put32(data, &at, 5);
		put32(data, &at, 16);
		at = sizeof(struct virtio_net_xdp_prog_create);
		break;
	case VIRTIO_NET_CTRL_XDP_PROG_WRITE:
		put32(data, &at, 1);
		put32(data, &at, 8);
		memcpy(data + at, &wire[1], 8);
		at += 8;
		break;
	case VIRTIO_NET_CTRL_XDP_PROG_COMMIT:
		put32(data, &at, 2);
		put32(data, &at, 0);
		break;
	case VIRTIO_NET_CTRL_XDP_PROG_LOG_GET:
		put32(data, &at, 4);
		put32(data, &at, 0);
		break;
	case VIRTIO_NET_CTRL_XDP_PROG_DESTROY:
		put32(data, &at, 3);
		break;
	case VIRTIO_NET_CTRL_XDP_ATTACH:
		put32(data, &at, 3);
		put32(data, &at, 0);
		put32(data, &at, 1);
		put32(data, &at, 2);
		put32(data, &at, 0);
		break;
	case VIRTIO_NET_CTRL_XDP_DETACH:
		put32(data, &at, 0);
		put32(data, &at, 1);
		break;
	case VIRTIO_NET_CTRL_XDP_MAP_CREATE:
		put32(data, &at, 2);
		put32(data, &at, VIRTIO_NET_XDP_MAP_HASH);
		put32(data, &at, 4);
		put32(data, &at, 8);
		put32(data, &at, 4);
		put32(data, &at, 0);
		put32(data, &at, VIRTIO_NET_XDP_ID_NONE);
		at = sizeof(struct virtio_net_xdp_map_create);
		break;
	case VIRTIO_NET_CTRL_XDP_MAP_DESTROY:
	case VIRTIO_NET_CTRL_XDP_MAP_FREEZE:
		put32(data, &at, 1);
		break;
	case VIRTIO_NET_CTRL_XDP_MAP_LOOKUP:
	case VIRTIO_NET_CTRL_XDP_MAP_DELETE:
		put32(data, &at, 0);
		put32(data, &at, WORLD_KEY);
		break;
	case VIRTIO_NET_CTRL_XDP_MAP_UPDATE:
		put32(data, &at, 0);
		put32(data, &at, VIRTIO_NET_XDP_UPDATE_ANY);
		put32(data, &at, WORLD_KEY);
		put32(data, &at, 0xabcdef01);
		put32(data, &at, 0x23456789);
		break;
	case VIRTIO_NET_CTRL_XDP_OBJ_LIST:
		put32(data, &at, VIRTIO_NET_XDP_OBJ_PROG);
		put32(data, &at, 0);
		break;
	case VIRTIO_NET_CTRL_XDP_TEST_RUN:
		put32(data, &at, 0);
		at += 12;
		make_frame(data + at, 64);
		at += 64;
		break;
	default: /* a command on object 0 */
		put32(data, &at, 0);
	}
	return at;
}

bool world_offers(const struct bench *b, const struct world_command *c)
{
	return b->caps.commands >> c->command & 1;
}
