/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands about maps and their elements. */
#include "cmd.h"
#include "map/map.h"
#include "map/types.h"

/* Flags of any type: what else is there is unknown whatever the type. */
#define MAP_FLAGS_ALL                                                                                                  \
	(VIRTIO_NET_XDP_MAP_F_NO_PREALLOC | VIRTIO_NET_XDP_MAP_F_RDONLY | VIRTIO_NET_XDP_MAP_F_WRONLY |                \
	 VIRTIO_NET_XDP_MAP_F_ZERO_SEED | VIRTIO_NET_XDP_MAP_F_RDONLY_PROG | VIRTIO_NET_XDP_MAP_F_WRONLY_PROG |        \
	 VIRTIO_NET_XDP_MAP_F_INNER_MAP)

static bool has_inner(const struct map_attr *attr)
{
	return attr->type < 64 && MAP_TYPES_OF_MAPS >> attr->type & 1;
}

/* Types that can be inside of a map of maps: not one of these, and none that is for tail calls. */
static bool can_be_inner(const struct map_attr *attr)
{
	return !has_inner(attr) && attr->type != VIRTIO_NET_XDP_MAP_PROG_ARRAY;
}

/* Everything about the request but memory, in the order of precedence. */
static uint16_t check_create(struct cmd *cmd, const struct map_attr *attr, uint32_t id)
{
	const struct fw_caps *caps = &cmd->fw->config.caps;
	bool offered = attr->type < 64 && caps->map_types >> attr->type & 1;
	bool of_maps = offered && has_inner(attr);
	const struct map *inner = of_maps ? core_map(cmd->fw, attr->inner_map_id) : NULL;
	uint32_t detail;
	uint16_t status;

	status = offered ? map_ops_of(attr->type)->check(attr, &detail) : map_check_flags(attr, MAP_FLAGS_ALL, &detail);
	if (status == VIRTIO_NET_XDP_ERR_FLAGS) /* req: XO-019, XO-159 */
		return cmd_refuse(cmd, status, detail);
	if (of_maps && !inner)
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_NOT_FOUND, attr->inner_map_id);
	if (core_map(cmd->fw, id)) /* req: XO-070 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_EXISTS, id);
	if (!offered) /* req: XO-071 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_TYPE, attr->type);
	if (of_maps && !can_be_inner(&inner->attr))
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_TYPE, inner->attr.type);
	if (status) /* req: XO-072 */
		return cmd_refuse(cmd, status, detail);
	if (!of_maps && attr->inner_map_id && attr->inner_map_id != VIRTIO_NET_XDP_ID_NONE) /* req: XO-242 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_SIZE, VIRTIO_NET_XDP_ID_NONE);
	if (id >= caps->max_maps) /* req: XO-073 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_LIMIT_MAPS, caps->max_maps);
	return VIRTIO_NET_XDP_OK;
}

uint16_t cmd_map_create(struct cmd *cmd)
{
	struct fw *fw = cmd->fw;
	uint64_t limit = (uint64_t)fw->config.caps.max_map_kib * 1024, bytes;
	struct virtio_net_xdp_map_create request;
	const struct map_ops *ops;
	struct map_attr attr;
	struct map *map;
	uint16_t status;
	uint32_t id;

	mem_copy(&request, cmd->in, sizeof(request));
	id = le32_to_cpu(request.id);
	attr = (struct map_attr){
		.type = le32_to_cpu(request.type),
		.key_size = le32_to_cpu(request.key_size),
		.value_size = le32_to_cpu(request.value_size),
		.max_entries = le32_to_cpu(request.max_entries),
		.flags = le32_to_cpu(request.flags),
		.inner_map_id = le32_to_cpu(request.inner_map_id),
	};
	mem_copy(attr.name, request.name, sizeof(attr.name));
	status = check_create(cmd, &attr, id);
	if (status)
		return status;
	ops = map_ops_of(attr.type);
	bytes = ops->bytes(&attr, fw->config.num_queues);
	if (bytes > limit - fw->map_bytes) /* req: XO-074 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_LIMIT_MAP_KIB, fw->config.caps.max_map_kib);
	map = arena_alloc(&fw->arena, bytes);
	if (!map) /* req: XO-075 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_LIMIT_MEMORY, 0);

	map->ops = ops;
	map->fw = fw;
	map->attr = attr;
	map->id = id;
	map->bytes = bytes;
	map->seed = attr.flags & VIRTIO_NET_XDP_MAP_F_ZERO_SEED ? 0 : fw->config.seed;
	ops->init(map, fw->config.num_queues); /* req: XO-076 */
	fw->maps[id] = map;
	fw->map_bytes += bytes;
	return VIRTIO_NET_XDP_OK;
}

/* The map that the request's first field names, or NULL; *status is set then. */
static struct map *named_map(struct cmd *cmd, uint16_t *status)
{
	struct map *map;
	uint32_t id;
	le32 wire;

	mem_copy(&wire, cmd->in, sizeof(wire));
	id = le32_to_cpu(wire);
	map = core_map(cmd->fw, id);
	if (!map) /* req: XO-020 */
		*status = cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_NOT_FOUND, id);
	return map;
}

uint16_t cmd_map_destroy(struct cmd *cmd)
{
	uint16_t status;
	struct map *map = named_map(cmd, &status);

	if (!map)
		return status;
	if (map->refs) /* req: XO-077 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_BUSY, map->refs);
	cmd->fw->maps[map->id] = NULL; /* req: XO-036 */
	cmd->fw->map_bytes -= map->bytes;
	if (map->ops->destroy)
		map->ops->destroy(map);
	arena_free(&cmd->fw->arena, map);
	return VIRTIO_NET_XDP_OK;
}

/* Checks the request's and the result's length, which depend on the map: SIZE, detail is the bytes expected. */
static uint16_t check_sizes(struct cmd *cmd, uint64_t request_bytes, uint64_t result_bytes)
{
	if (cmd->in_bytes != request_bytes) /* req: XO-080, XO-081 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_SIZE, request_bytes);
	if (cmd->room < result_bytes) /* req: XO-082 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_SIZE, result_bytes);
	return VIRTIO_NET_XDP_OK;
}

/* The element's value as commands carry it. 0, or -ENOENT. */
static int get(struct map *map, const void *key, void *wire)
{
	const void *value;

	if (map->ops->wire_get)
		return map->ops->wire_get(map, key, wire);
	value = map->ops->lookup(map, key, 0);
	if (!value)
		return -ENOENT;
	mem_copy(wire, value, map->attr.value_size);
	return 0;
}

static int set(struct map *map, const void *key, const void *wire, uint64_t flags)
{
	if (map->ops->wire_set)
		return map->ops->wire_set(map, key, wire, flags);
	return map->ops->update(map, key, wire, flags, 0);
}

uint16_t cmd_map_lookup(struct cmd *cmd)
{
	const size_t request_bytes = sizeof(struct virtio_net_xdp_map_lookup);
	const size_t result_bytes = sizeof(struct virtio_net_xdp_map_lookup_result);
	uint16_t status;
	struct map *map = named_map(cmd, &status);
	uint32_t value_bytes;

	if (!map)
		return status;
	value_bytes = map_wire_value_bytes(map, cmd->fw->config.num_queues);
	if (!map_cmd_can_read(map)) /* req: XO-083 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_PERM, 0);
	if (!map->ops->lookup) /* req: XO-261 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_TYPE, map->attr.type);
	status = check_sizes(cmd, (uint64_t)request_bytes + map->attr.key_size, (uint64_t)result_bytes + value_bytes);
	if (status)
		return status;
	if (get(map, cmd->in + request_bytes, cmd->out + result_bytes)) /* req: XO-085, XO-173 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_NO_KEY, 0);
	cmd->written = result_bytes + value_bytes;
	return VIRTIO_NET_XDP_OK;
}

/* Status of what a map's update or remove returned. */
static uint16_t outcome(struct cmd *cmd, const struct map *map, int result)
{
	switch (result) {
	case 0:
		return VIRTIO_NET_XDP_OK;
	case -ENOENT: /* req: XO-088 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_NO_KEY, 0);
	case -EEXIST: /* req: XO-087 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_KEY_EXISTS, 0);
	case -EINVAL: /* a prefix that is longer than the key: req: XO-258 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_SIZE, (map->attr.key_size - sizeof(le32)) * 8);
	case -ESRCH:
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_STATE, 0);
	case -EMEDIUMTYPE:
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_TYPE, 0);
	case -E2BIG: /* req: XO-089, XO-164 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_LIMIT_ENTRIES, map->attr.max_entries);
	default:
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_LIMIT_MEMORY, 0);
	}
}

uint16_t cmd_map_update(struct cmd *cmd)
{
	struct virtio_net_xdp_map_update request;
	uint32_t flags, value_bytes;
	uint64_t request_bytes;
	const uint8_t *key;
	struct map *map;
	uint16_t status;
	int result = 0;

	mem_copy(&request, cmd->in, sizeof(request));
	flags = le32_to_cpu(request.flags);
	if (flags > VIRTIO_NET_XDP_UPDATE_EXIST) /* req: XO-019 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_FLAGS, flags);
	map = named_map(cmd, &status);
	if (!map)
		return status;
	value_bytes = map_wire_value_bytes(map, cmd->fw->config.num_queues);
	request_bytes = (uint64_t)sizeof(request) + map->attr.key_size + value_bytes;
	key = cmd->in + sizeof(request);
	/* What the value names is judged before the map's permissions, what it is after them. */
	if (map->ops->wire_check && cmd->in_bytes == request_bytes)
		result = map->ops->wire_check(map, key + map->attr.key_size);
	if (result == -ESRCH)
		return outcome(cmd, map, result);
	if (!map_cmd_can_write(map)) /* req: XO-084, XO-097 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_PERM, 0);
	if (!map->ops->lookup) /* req: XO-261 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_TYPE, map->attr.type);
	if (result)
		return outcome(cmd, map, result);
	status = check_sizes(cmd, request_bytes, 0);
	if (status)
		return status;
	result = set(map, key, key + map->attr.key_size, flags); /* req: XO-086, XO-173 */
	map_run_ended(cmd->fw); /* what the command left in limbo can be used again at once: no run is under way */
	return outcome(cmd, map, result);
}

uint16_t cmd_map_delete(struct cmd *cmd)
{
	const size_t request_bytes = sizeof(struct virtio_net_xdp_map_delete);
	uint16_t status;
	struct map *map = named_map(cmd, &status);
	int result;

	if (!map)
		return status;
	if (!map_cmd_can_write(map)) /* req: XO-084, XO-097 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_PERM, 0);
	if (!map->ops->remove) /* req: XO-165, XO-261 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_TYPE, map->attr.type);
	status = check_sizes(cmd, (uint64_t)request_bytes + map->attr.key_size, 0);
	if (status)
		return status;
	result = map->ops->remove(map, cmd->in + request_bytes); /* req: XO-090 */
	map_run_ended(cmd->fw);
	return outcome(cmd, map, result);
}

/* Without a key: the first. */
uint16_t cmd_map_next(struct cmd *cmd)
{
	const size_t request_bytes = sizeof(struct virtio_net_xdp_map_next);
	const size_t result_bytes = sizeof(struct virtio_net_xdp_map_next_result);
	uint16_t status;
	struct map *map = named_map(cmd, &status);
	const uint8_t *key = NULL;

	if (!map)
		return status;
	if (!map_cmd_can_read(map)) /* req: XO-083 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_PERM, 0);
	if (!map->ops->next) /* req: XO-261 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_TYPE, map->attr.type);
	if (cmd->in_bytes > request_bytes)
		key = cmd->in + request_bytes;
	status = check_sizes(cmd, request_bytes + (uint64_t)(key ? map->attr.key_size : 0),
			     (uint64_t)result_bytes + map->attr.key_size);
	if (status)
		return status;
	if (map->ops->next(map, key, cmd->out + result_bytes)) /* req: XO-091, XO-092, XO-093 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_LAST_KEY, 0);
	cmd->written = result_bytes + map->attr.key_size;
	return VIRTIO_NET_XDP_OK;
}

uint16_t cmd_map_info(struct cmd *cmd)
{
	uint16_t status;
	struct map *map = named_map(cmd, &status);
	struct virtio_net_xdp_map_info_result result = {0};

	if (!map)
		return status;
	/* req: XO-078, XO-079, XO-097 */
	result.type = cpu_to_le32(map->attr.type);
	result.key_size = cpu_to_le32(map->attr.key_size);
	result.value_size = cpu_to_le32(map->attr.value_size);
	result.max_entries = cpu_to_le32(map->attr.max_entries);
	result.flags = cpu_to_le32(map->attr.flags);
	result.inner_map_id = cpu_to_le32(map->attr.inner_map_id);
	result.entries = cpu_to_le32(map->ops->count(map));
	result.kib = cpu_to_le32((uint32_t)(map->bytes / 1024 + (map->bytes % 1024 != 0)));
	result.references = cpu_to_le32(map->refs);
	result.frozen = map->frozen;
	mem_copy(result.name, map->attr.name, sizeof(result.name));
	cmd_result(cmd, &result, sizeof(result));
	return VIRTIO_NET_XDP_OK;
}

/* For good; a frozen map stays frozen. */
uint16_t cmd_map_freeze(struct cmd *cmd)
{
	uint16_t status;
	struct map *map = named_map(cmd, &status);

	if (!map)
		return status;
	map->frozen = true; /* req: XO-097, XO-098 */
	return VIRTIO_NET_XDP_OK;
}
