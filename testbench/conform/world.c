/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "world.h"

#define FRAME_BYTES 64 /* of TEST_RUN */

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
	ROW(TEST_RUN, 16, true, 24, 4096), ROW(EVENT_GET, 4, false, 16, 16),  ROW(PROG_FUNCS, 4, true, 8, 8),
};

void world_make(struct bench *b)
{
	static const uint64_t refused[] = {LDX_W(0, 1, 20), EXIT};
	struct drv_xdp_prog_info info;
	uint64_t value = 0x1111111111111111;
	le64 pass[] = {cpu_to_le64(MOV_K(0, VIRTIO_NET_XDP_PASS)), cpu_to_le64(EXIT)};

	LOAD(b, 0, RETURN(VIRTIO_NET_XDP_PASS));
	attach(b, 0, 1, 0);
	cr_assert_eq(drv_xdp_prog_create(b->net, 1, 16, 0, "half", NULL, NULL), 0);
	cr_assert_eq(drv_xdp_prog_write(b->net, 1, 0, pass, 8, NULL), 0);
	cr_assert_eq(drv_xdp_prog_create(b->net, 2, 16, 0, "whole", NULL, NULL), 0);
	cr_assert_eq(drv_xdp_prog_write(b->net, 2, 0, pass, 16, NULL), 0);
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

/*
 * What each command asks for here, as words; zeros follow up to its structure's end. Where there is no row, the request
 * is about object 0.
 */
#define REQUEST(name, ...)                                                                                             \
	[VIRTIO_NET_CTRL_XDP_##name] = {                                                                               \
		(const uint32_t[]){__VA_ARGS__},                                                                       \
		sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t),                                            \
	}
#define SLOT(word) (uint32_t)(word), (uint32_t)((uint64_t)(word) >> 32)

static const struct {
	const uint32_t *words;
	size_t count;
} requests[] = {
	REQUEST(PROG_CREATE, 5, 16),
	REQUEST(PROG_WRITE, 1, 8, SLOT(EXIT)),
	REQUEST(PROG_COMMIT, 2, 0),
	REQUEST(PROG_LOG_GET, 4, 0),
	REQUEST(PROG_DESTROY, 3),
	REQUEST(ATTACH, 3, 0, 1, 2, 0),
	REQUEST(DETACH, 0, 1),
	REQUEST(MAP_CREATE, 2, VIRTIO_NET_XDP_MAP_HASH, 4, 8, 4, 0, VIRTIO_NET_XDP_ID_NONE),
	REQUEST(MAP_DESTROY, 1),
	REQUEST(MAP_FREEZE, 1),
	REQUEST(MAP_LOOKUP, 0, WORLD_KEY),
	REQUEST(MAP_DELETE, 0, WORLD_KEY),
	REQUEST(MAP_UPDATE, 0, VIRTIO_NET_XDP_UPDATE_ANY, WORLD_KEY, 0xabcdef01, 0x23456789),
	REQUEST(PROG_FUNCS, 2, 1, VIRTIO_NET_XDP_FUNC_CONTEXT, 0, 0, 0, 0, 0, 0),
	REQUEST(OBJ_LIST, VIRTIO_NET_XDP_OBJ_PROG, 0),
};

size_t world_request(const struct world_command *c, uint8_t data[WORLD_DATA])
{
	size_t count = c->command < sizeof(requests) / sizeof(requests[0]) ? requests[c->command].count : 0;
	size_t at = 0;

	memset(data, 0, WORLD_DATA);
	for (size_t i = 0; i < count; i++)
		put32(data, &at, requests[c->command].words[i]);
	if (at < c->fixed)
		at = c->fixed;
	if (c->command == VIRTIO_NET_CTRL_XDP_TEST_RUN) {
		make_frame(data + at, FRAME_BYTES);
		at += FRAME_BYTES;
	}
	return at;
}

bool world_offers(const struct bench *b, const struct world_command *c)
{
	return b->caps.commands >> c->command & 1;
}
