// SPDX-License-Identifier: BSD-2-Clause
#include "oracle/device.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core.h"
#include "rig/rig.h"
#include "virtio_net.h"
#include "virtio_net_xdp.h"

#define BUFFER_BYTES (1 << 17) /* the largest command, and the largest result */

static void take_log(void *ctx, const char *line)
{
	struct device *device = ctx;

	if (strstr(line, ": fault at "))
		snprintf(device->fault, sizeof(device->fault), "%s", line);
}

void device_open(struct device *device, enum fw_engine engine, uint64_t poison)
{
	struct fw_config config = {.engine = engine,
				   .seed = 7,
				   .num_queues = 1,
				   .mtu = 1500,
				   .platform = &device->platform,
				   .platform_ctx = device};

	memset(device, 0, sizeof(*device));
	device->platform = rig_platform;
	device->platform.log = take_log;
	fw_caps_default(&config.caps);
	device->arena_bytes = fw_arena_bytes(&config.caps);
	device->arena = mmap(NULL, device->arena_bytes, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	cr_assert_neq(device->arena, MAP_FAILED);
	device->fw = fw_init(device->arena, device->arena_bytes, &config);
	cr_assert_not_null(device->fw);
	device->fw->poison = poison;
	device->buffer = malloc(BUFFER_BYTES);
	cr_assert_not_null(device->buffer);
}

void device_close(struct device *device)
{
	free(device->buffer);
	fw_exit(device->fw);
	munmap(device->arena, device->arena_bytes);
}

void device_reset(struct device *device)
{
	fw_reset(device->fw);
}

/* Returns 0 or the status of the result, which is in out. */
static int command(struct device *device, uint8_t number, const void *in, size_t in_bytes, void *out, size_t room)
{
	const struct virtio_net_xdp_result *result = out;
	size_t written;
	uint8_t ack = fw_command(device->fw, number, in, in_bytes, out, room, &written);

	if (ack == VIRTIO_NET_OK)
		return 0;
	cr_assert(written >= sizeof(*result) && le16_to_cpu(result->status));
	return le16_to_cpu(result->status);
}

bool device_map(struct device *device, uint32_t id, const struct load_map *map)
{
	struct virtio_net_xdp_map_create create = {
		.id = cpu_to_le32(id),
		.type = cpu_to_le32(map->type),
		.key_size = cpu_to_le32(map->key_size),
		.value_size = cpu_to_le32(map->value_size),
		.max_entries = cpu_to_le32(map->max_entries),
		.flags = cpu_to_le32(map->flags),
		.inner_map_id = cpu_to_le32(map->inner),
		.name = "map",
	};
	struct virtio_net_xdp_result result;
	uint32_t key = 0;

	if (command(device, VIRTIO_NET_CTRL_XDP_MAP_CREATE, &create, sizeof(create), &result, sizeof(result)))
		return false;
	if (map->data)
		cr_assert_eq(device_update(device, id, &key, sizeof(key), map->data, map->value_size), 0);
	return true;
}

void device_freeze(struct device *device, uint32_t id)
{
	struct virtio_net_xdp_result result;
	le32 wire = cpu_to_le32(id);

	cr_assert_eq(command(device, VIRTIO_NET_CTRL_XDP_MAP_FREEZE, &wire, sizeof(wire), &result, sizeof(result)), 0);
}

int device_update(struct device *device, uint32_t id, const void *key, uint32_t key_bytes, const void *value,
		  uint32_t value_bytes)
{
	uint32_t head[2] = {id, 0};
	struct virtio_net_xdp_result result;

	memcpy(device->buffer, head, sizeof(head));
	memcpy(device->buffer + sizeof(head), key, key_bytes);
	memcpy(device->buffer + sizeof(head) + key_bytes, value, value_bytes);
	return command(device, VIRTIO_NET_CTRL_XDP_MAP_UPDATE, device->buffer, sizeof(head) + key_bytes + value_bytes,
		       &result, sizeof(result));
}

/* A command of the map's id and, if there is one, a key. What follows the result is left in the buffer. */
static const uint8_t *by_key(struct device *device, uint8_t number, uint32_t id, const void *key, uint32_t key_bytes)
{
	uint8_t in[4 + VIRTIO_NET_XDP_KEY_MAX];

	memcpy(in, &id, 4);
	if (key)
		memcpy(in + 4, key, key_bytes);
	return command(device, number, in, 4 + (key ? key_bytes : 0), device->buffer, BUFFER_BYTES)
		       ? NULL
		       : device->buffer + sizeof(struct virtio_net_xdp_result);
}

bool device_lookup(struct device *device, uint32_t id, const void *key, uint32_t key_bytes, void *value,
		   uint32_t value_bytes)
{
	const uint8_t *found = by_key(device, VIRTIO_NET_CTRL_XDP_MAP_LOOKUP, id, key, key_bytes);

	if (found)
		memcpy(value, found, value_bytes);
	return found;
}

bool device_next(struct device *device, uint32_t id, const void *key, void *next, uint32_t key_bytes)
{
	const uint8_t *found = by_key(device, VIRTIO_NET_CTRL_XDP_MAP_NEXT, id, key, key_bytes);

	if (found)
		memcpy(next, found, key_bytes);
	return found;
}

void device_delete(struct device *device, uint32_t id, const void *key, uint32_t key_bytes)
{
	by_key(device, VIRTIO_NET_CTRL_XDP_MAP_DELETE, id, key, key_bytes);
}

uint32_t device_entries(struct device *device, uint32_t id)
{
	struct virtio_net_xdp_map_info_result info;
	le32 wire = cpu_to_le32(id);

	cr_assert_eq(command(device, VIRTIO_NET_CTRL_XDP_MAP_INFO, &wire, sizeof(wire), &info, sizeof(info)), 0);
	return le32_to_cpu(info.entries);
}

void device_load(struct device *device, const uint8_t *wire, uint32_t slots, uint32_t log_level,
		 struct device_verdict *verdict)
{
	struct virtio_net_xdp_prog_create create = {.bytes = cpu_to_le32(slots * 8),
						    .flags = cpu_to_le32(VIRTIO_NET_XDP_PROG_F_GPL_COMPATIBLE)};
	struct virtio_net_xdp_prog_write write = {.id = cpu_to_le32(0)};
	struct virtio_net_xdp_prog_commit commit = {.log_level = cpu_to_le32(log_level)};
	struct virtio_net_xdp_prog_info info = {.id = cpu_to_le32(0)};
	struct virtio_net_xdp_prog_info_result result;
	size_t bytes = (size_t)slots * 8;

	memcpy(device->buffer, &write, sizeof(write));
	memcpy(device->buffer + sizeof(write), wire, bytes);
	cr_assert_eq(command(device, VIRTIO_NET_CTRL_XDP_PROG_CREATE, &create, sizeof(create), &result, sizeof(result)),
		     0);
	cr_assert_eq(command(device, VIRTIO_NET_CTRL_XDP_PROG_WRITE, device->buffer, sizeof(write) + bytes, &result,
			     sizeof(result)),
		     0);
	cr_assert_eq(command(device, VIRTIO_NET_CTRL_XDP_PROG_COMMIT, &commit, sizeof(commit), &result, sizeof(result)),
		     0);
	while (fw_poll(device->fw, 100000))
		;
	cr_assert_eq(command(device, VIRTIO_NET_CTRL_XDP_PROG_INFO, &info, sizeof(info), &result, sizeof(result)), 0);
	verdict->error = le32_to_cpu(result.error);
	verdict->insn = le32_to_cpu(result.error_insn);
	verdict->visited = le32_to_cpu(result.visited);
	cr_assert_eq(result.state, verdict->error ? VIRTIO_NET_XDP_PROG_REFUSED : VIRTIO_NET_XDP_PROG_READY);
	verdict->zero_stack = prog_find(device->fw, 0)->result.zero_stack;
}

void device_unload(struct device *device)
{
	struct virtio_net_xdp_prog_destroy destroy = {.id = cpu_to_le32(0)};
	struct virtio_net_xdp_result result;

	cr_assert_eq(
		command(device, VIRTIO_NET_CTRL_XDP_PROG_DESTROY, &destroy, sizeof(destroy), &result, sizeof(result)),
		0);
}

void device_log(struct device *device, char *log, size_t room)
{
	const struct prog *prog = prog_find(device->fw, 0);

	snprintf(log, room, "%s", prog && prog->log ? prog->log : "");
}

void device_run(struct device *device, const uint8_t *frame, uint32_t bytes, struct device_result *result)
{
	struct virtio_net_xdp_test_run run = {.ifindex = cpu_to_le32(1), .rx_queue_index = cpu_to_le32(0)};
	struct virtio_net_xdp_test_run_result *out = (void *)device->buffer;
	uint8_t in[sizeof(run) + DEVICE_FRAME_MAX];

	memcpy(in, &run, sizeof(run));
	memcpy(in + sizeof(run), frame, bytes);
	device->fault[0] = 0;
	cr_assert_eq(command(device, VIRTIO_NET_CTRL_XDP_TEST_RUN, in, sizeof(run) + bytes, out, BUFFER_BYTES), 0);
	result->r0 = le64_to_cpu(out->r0);
	result->bytes = le32_to_cpu(out->frame_bytes);
	cr_assert_leq(result->bytes, sizeof(result->frame));
	memcpy(result->frame, out + 1, result->bytes);
}
