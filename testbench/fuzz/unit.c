// SPDX-License-Identifier: BSD-2-Clause
#include "fuzz/unit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "fuzz/generate.h"
#include "rig/rig.h"
#include "virtio_net_xdp.h"

#define DUMP_KEYS 40

static void take_log(void *ctx, const char *line)
{
	struct unit *u = ctx;

	if (strstr(line, "fault"))
		snprintf(u->fault, sizeof(u->fault), "%s", line);
	if (!strstr(line, " is interpreted"))
		u->lines = unit_sum(u->lines, line, strlen(line));
}

void unit_open(struct unit *u, enum fw_engine engine, bool blind)
{
	static const struct fw_port ports[] = {{2, 400}, {5, 400}};
	struct fw_config config = {.engine = engine,
				   .blind = blind,
				   .seed = 7,
				   .num_queues = 3,
				   .mtu = 400,
				   .ports = ports,
				   .num_ports = ARRAY_SIZE(ports),
				   .platform = &u->platform,
				   .platform_ctx = u};

	u->platform = rig_platform;
	u->platform.log = take_log;
	fw_caps_default(&config.caps);
	config.caps.max_insns = GENERATE_MAX_SLOTS;
	config.caps.max_progs = PROGS;
	config.caps.max_maps = MAPS;
	config.caps.max_map_kib = 320;
	config.caps.max_cmd_bytes = MAX_CMD;
	config.caps.headroom = HEADROOM;
	config.caps.tailroom = TAILROOM;
	config.caps.max_frame = MAX_FRAME;
	config.caps.max_log_bytes = 1000;
	config.caps.flags = VIRTIO_NET_XDP_CAP_F_QUEUE_SELECT;
	u->arena_bytes = fw_arena_bytes(&config.caps);
	u->arena =
		mmap(NULL, u->arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	cr_assert_neq(u->arena, MAP_FAILED);
	u->fw = fw_init(u->arena, u->arena_bytes, &config);
	cr_assert_not_null(u->fw);
}

void unit_close(struct unit *u)
{
	fw_exit(u->fw);
	munmap(u->arena, u->arena_bytes);
}

void unit_hog(struct unit *u, size_t least)
{
	size_t n = 0;

	for (size_t bytes = (size_t)1 << 24; bytes >= least; bytes /= 2)
		while (n < ARRAY_SIZE(u->hog) && (u->hog[n] = arena_alloc(&u->fw->arena, bytes)))
			n++;
}

void unit_unhog(struct unit *u)
{
	for (size_t n = 0; n < ARRAY_SIZE(u->hog); n++) {
		arena_free(&u->fw->arena, u->hog[n]);
		u->hog[n] = NULL;
	}
}

uint64_t unit_sum(uint64_t sum, const void *p, size_t bytes)
{
	const uint8_t *b = p;

	for (; bytes >= 8; bytes -= 8, b += 8) {
		uint64_t word;

		memcpy(&word, b, 8);
		sum = (sum ^ word) * 0x9e3779b97f4a7c15;
		sum ^= sum >> 29;
	}
	while (bytes--)
		sum = (sum ^ *b++) * 0x100000001b3;
	return sum;
}

/* A command by the book; adds the answer to *sum. Returns the ack. */
static uint8_t ask(struct unit *u, uint8_t command, const void *in, size_t in_bytes, uint64_t *sum)
{
	size_t written;
	uint8_t ack = fw_command(u->fw, command, in, in_bytes, u->out, OUT_ROOM, &written);

	*sum = unit_sum(*sum, u->out, written);
	return ack;
}

static uint64_t view_prog(struct unit *u, uint32_t id)
{
	struct virtio_net_xdp_prog_log_get log = {.id = cpu_to_le32(id)};
	uint64_t sum = 0;

	ask(u, CMD(PROG_INFO), &log.id, sizeof(log.id), &sum);
	ask(u, CMD(PROG_LOG_GET), &log, sizeof(log), &sum);
	return sum;
}

static uint64_t view_map(struct unit *u, uint32_t id)
{
	struct virtio_net_xdp_map_info_result info;
	struct virtio_net_xdp_result last;
	uint8_t in[4 + VIRTIO_NET_XDP_KEY_MAX];
	uint32_t key_size, keys = 0;
	le32 wire = cpu_to_le32(id);
	uint64_t sum = 0;

	memcpy(in, &wire, 4);
	if (ask(u, CMD(MAP_INFO), in, 4, &sum))
		return sum;
	memcpy(&info, u->out, sizeof(info));
	key_size = le32_to_cpu(info.key_size);
	for (size_t bytes = 4; keys < DUMP_KEYS && !ask(u, CMD(MAP_NEXT), in, bytes, &sum); keys++) {
		bytes = 4 + key_size;
		memcpy(in + 4, u->out + sizeof(struct virtio_net_xdp_result), key_size);
		ask(u, CMD(MAP_LOOKUP), in, bytes, &sum);
	}
	memcpy(&last, u->out, sizeof(last));
	if (keys < DUMP_KEYS && le16_to_cpu(last.status) == VIRTIO_NET_XDP_ERR_LAST_KEY)
		cr_assert_eq(keys, le32_to_cpu(info.entries), "map %u: MAP_NEXT shows %u of %u elements", id, keys,
			     le32_to_cpu(info.entries));
	return sum;
}

struct view unit_view(struct unit *u)
{
	struct view v;
	struct virtio_net_xdp_detach never = {cpu_to_le32(NONE - 1), cpu_to_le32(0)};
	struct virtio_net_xdp_obj_list list = {cpu_to_le32(VIRTIO_NET_XDP_OBJ_PROG), cpu_to_le32(0)};
	uint64_t state[] = {u->fw->arena.used, u->fw->map_bytes,   u->fw->prandom, u->fw->now_ns,
			    u->fw->verifying,  fw_attached(u->fw), u->fw->events,  u->lines};

	memset(&v, 0, sizeof(v));
	ask(u, CMD(OBJ_LIST), &list, sizeof(list), &v.lists);
	list.kind = cpu_to_le32(VIRTIO_NET_XDP_OBJ_MAP);
	ask(u, CMD(OBJ_LIST), &list, sizeof(list), &v.lists);
	for (uint32_t id = 0; id < PROGS; id++)
		v.progs[id] = view_prog(u, id);
	for (uint32_t id = 0; id < MAPS; id++)
		v.maps[id] = view_map(u, id);
	ask(u, CMD(DETACH), &never, sizeof(never), &v.attachment);
	v.state = unit_sum(0, state, sizeof(state));
	return v;
}

bool unit_same(const struct view *a, const struct view *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}
