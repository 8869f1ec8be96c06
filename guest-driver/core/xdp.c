/* SPDX-License-Identifier: BSD-2-Clause */
/* XDP offload commands: requests built from host values, results checked and turned into host values. */
#include <errno.h>
#include <string.h>

#include "net_internal.h"
#include "xdp.h"

#define LOAD_POLLS 1000000

static const struct {
	uint32_t status;
	const char *name;
} names[] = {
#define NAME(prefix, n) {VIRTIO_NET_XDP_##prefix##n, #n},
	/* clang-format off */
	NAME(, OK)
	NAME(ERR_, LENGTH)
	NAME(ERR_, OPCODE)
	NAME(ERR_, FLAGS)
	NAME(ERR_, NOT_FOUND)
	NAME(ERR_, EXISTS)
	NAME(ERR_, STATE)
	NAME(ERR_, BUSY)
	NAME(ERR_, PERM)
	NAME(ERR_, TYPE)
	NAME(ERR_, SIZE)
	NAME(ERR_, LIMIT_PROGS)
	NAME(ERR_, LIMIT_INSNS)
	NAME(ERR_, LIMIT_MAPS)
	NAME(ERR_, LIMIT_MAP_KIB)
	NAME(ERR_, LIMIT_ENTRIES)
	NAME(ERR_, LIMIT_MEMORY)
	NAME(ERR_, LIMIT_FRAME)
	NAME(ERR_, NO_KEY)
	NAME(ERR_, KEY_EXISTS)
	NAME(ERR_, LAST_KEY)
	NAME(VERIFY_, INSN)
	NAME(VERIFY_, ISA)
	NAME(VERIFY_, FLOW)
	NAME(VERIFY_, UNINIT)
	NAME(VERIFY_, POINTER)
	NAME(VERIFY_, CONTEXT)
	NAME(VERIFY_, PACKET)
	NAME(VERIFY_, STACK)
	NAME(VERIFY_, MAP)
	NAME(VERIFY_, NULL)
	NAME(VERIFY_, HELPER)
	NAME(VERIFY_, ARGUMENT)
	NAME(VERIFY_, ACTION)
	NAME(VERIFY_, LOOP)
	NAME(VERIFY_, CALL)
	NAME(VERIFY_, COMPLEXITY)
	NAME(VERIFY_, MEMORY)
	NAME(VERIFY_, CODE)
/* clang-format on */
#undef NAME
};

const char *drv_xdp_status_name(uint32_t status)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].status == status)
			return names[i].name;
	return "unknown";
}

static bool fits(const struct drv_net *net, const struct drv_buf *data, unsigned count)
{
	uint64_t bytes = sizeof(struct virtio_net_ctrl_hdr);
	unsigned i;

	for (i = 0; i < count; i++)
		bytes += data[i].bytes;
	return bytes <= net->max_cmd_bytes;
}

/*
 * One command. On success the result has at least min bytes, and *written (may be NULL) says how many. The device's two
 * answers have to agree: ack OK with status OK, ack ERR with another one. req: XO-125 any other one is a refusal
 * req: XO-115 room is at least 8 for every command
 */
static int command(struct drv_net *net, uint8_t cmd, const struct drv_buf *data, unsigned count, void *result,
		   uint32_t room, uint32_t min, uint32_t *written, struct drv_xdp_error *error)
{
	struct virtio_net_xdp_result hdr;
	struct drv_xdp_error e;
	uint32_t bytes;
	int ack;

	if (!drv_net_has(net, net->config.xdp_bit)) /* req: XO-114 */
		return -ENOTSUP;
	/* req: XO-116 */
	if (!fits(net, data, count))
		return -EMSGSIZE;
	ack = drv_ctrl(net, VIRTIO_NET_CTRL_XDP, cmd, data, count, result, room, &bytes);
	if (ack < 0)
		return ack;
	if (bytes < sizeof(hdr))
		return -EPROTO;
	memcpy(&hdr, result, sizeof(hdr));
	e = (struct drv_xdp_error){le16_to_cpu(hdr.status), le32_to_cpu(hdr.detail)};
	if ((ack == VIRTIO_NET_OK) != (e.status == VIRTIO_NET_XDP_OK))
		return -EPROTO;
	if (error)
		*error = e;
	if (ack != VIRTIO_NET_OK)
		return 1;
	if (bytes < min)
		return -EPROTO;
	if (written)
		*written = bytes;
	return 0;
}

/* A command whose request is one structure and whose result is one structure. */
#define SIMPLE(net, cmd, request, result, error)                                                                       \
	command(net, VIRTIO_NET_CTRL_XDP_##cmd, &(struct drv_buf){&(request), sizeof(request)}, 1, &(result),          \
		sizeof(result), sizeof(result), NULL, error)

static void get_name(char to[VIRTIO_NET_XDP_NAME_BYTES + 1], const u8 from[VIRTIO_NET_XDP_NAME_BYTES])
{
	memcpy(to, from, VIRTIO_NET_XDP_NAME_BYTES);
	to[VIRTIO_NET_XDP_NAME_BYTES] = 0;
}

/* Cuts what is too long. req: XO-120 */
static void put_name(u8 to[VIRTIO_NET_XDP_NAME_BYTES], const char *from)
{
	size_t i;

	memset(to, 0, VIRTIO_NET_XDP_NAME_BYTES);
	for (i = 0; from && from[i] && i < VIRTIO_NET_XDP_NAME_BYTES; i++)
		to[i] = (u8)from[i];
}

static void get_caps(struct drv_xdp_caps *to, const struct virtio_net_xdp_caps *from)
{
	unsigned i;

	*to = (struct drv_xdp_caps){
		.isa = le32_to_cpu(from->isa),
		.actions = le32_to_cpu(from->actions),
		.max_insns = le32_to_cpu(from->max_insns),
		.max_progs = le16_to_cpu(from->max_progs),
		.max_maps = le16_to_cpu(from->max_maps),
		.max_map_kib = le32_to_cpu(from->max_map_kib),
		.max_cmd_bytes = le32_to_cpu(from->max_cmd_bytes),
		.headroom = le16_to_cpu(from->headroom),
		.tailroom = le16_to_cpu(from->tailroom),
		.max_frame = le32_to_cpu(from->max_frame),
		.map_types = le64_to_cpu(from->map_types),
		.commands = le32_to_cpu(from->commands),
		.flags = le32_to_cpu(from->flags),
		.max_run_insns = le32_to_cpu(from->max_run_insns),
		.max_log_bytes = le32_to_cpu(from->max_log_bytes),
		.hz = le32_to_cpu(from->hz),
		.max_metadata = le16_to_cpu(from->max_metadata),
	};
	for (i = 0; i < 4; i++)
		to->helpers[i] = le64_to_cpu(from->helpers[i]);
}

int drv_xdp_caps(struct drv_net *net, struct drv_xdp_caps *caps, struct drv_xdp_error *error)
{
	struct virtio_net_xdp_cap_get_result result;
	int err = command(net, VIRTIO_NET_CTRL_XDP_CAP_GET, NULL, 0, &result, sizeof(result), sizeof(result), NULL,
			  error);

	if (!err)
		get_caps(caps, &result.caps);
	return err;
}

void drv_xdp_config(struct drv_net *net, struct drv_xdp_caps *caps)
{
	struct virtio_net_xdp_caps wire = {0};

	if (!drv_net_has(net, net->config.xdp_bit) ||
	    drv_net_config_read(net, VIRTIO_NET_XDP_CONFIG_OFFSET, &wire, VIRTIO_NET_XDP_CONFIG_BYTES))
		memset(&wire, 0, sizeof(wire));
	get_caps(caps, &wire);
}

int drv_xdp_prog_create(struct drv_net *net, uint32_t id, uint32_t bytes, uint32_t flags, const char *name,
			const uint8_t *tag, struct drv_xdp_error *error)
{
	struct virtio_net_xdp_prog_create request = {
		.id = cpu_to_le32(id), .bytes = cpu_to_le32(bytes), .flags = cpu_to_le32(flags)};
	struct virtio_net_xdp_result result;

	put_name(request.name, name);
	if (tag)
		memcpy(request.tag, tag, sizeof(request.tag));
	return SIMPLE(net, PROG_CREATE, request, result, error);
}

int drv_xdp_prog_write(struct drv_net *net, uint32_t id, uint32_t offset, const void *data, uint32_t bytes,
		       struct drv_xdp_error *error)
{
	struct virtio_net_xdp_prog_write request = {.id = cpu_to_le32(id), .offset = cpu_to_le32(offset)};
	/* req: XO-118: the caller's bytes, in the order that they have in memory */
	struct drv_buf in[] = {{&request, sizeof(request)}, {data, bytes}};
	struct virtio_net_xdp_result result;

	return command(net, VIRTIO_NET_CTRL_XDP_PROG_WRITE, in, 2, &result, sizeof(result), sizeof(result), NULL,
		       error);
}

#define FUNCS_PER_COMMAND 31 /* 1,024 bytes of command hold as many */

static int send_funcs(struct drv_net *net, uint32_t id, const struct drv_xdp_func *funcs, uint32_t count,
		      struct drv_xdp_error *error)
{
	struct virtio_net_xdp_func wire[FUNCS_PER_COMMAND] = {0};
	struct virtio_net_xdp_prog_funcs request = {.id = cpu_to_le32(id)};
	struct drv_buf in[] = {{&request, sizeof(request)}, {wire, count * (uint32_t)sizeof(wire[0])}};
	struct virtio_net_xdp_result result;

	for (uint32_t i = 0; i < count; i++) {
		wire[i].insn = cpu_to_le32(funcs[i].insn);
		memcpy(wire[i].kinds, funcs[i].kinds, sizeof(wire[i].kinds));
		for (uint32_t n = 0; n < VIRTIO_NET_XDP_FUNC_ARGS; n++)
			wire[i].bytes[n] = cpu_to_le32(funcs[i].bytes[n]);
	}
	return command(net, VIRTIO_NET_CTRL_XDP_PROG_FUNCS, in, 2, &result, sizeof(result), sizeof(result), NULL,
		       error);
}

int drv_xdp_prog_funcs(struct drv_net *net, uint32_t id, const struct drv_xdp_func *funcs, uint32_t count,
		       struct drv_xdp_error *error)
{
	int err = 0;

	for (uint32_t at = 0; !err && at < count; at += FUNCS_PER_COMMAND)
		err = send_funcs(net, id, funcs + at, count - at < FUNCS_PER_COMMAND ? count - at : FUNCS_PER_COMMAND,
				 error);
	return err;
}

int drv_xdp_prog_commit(struct drv_net *net, uint32_t id, uint32_t log_level, struct drv_xdp_error *error)
{
	struct virtio_net_xdp_prog_commit request = {.id = cpu_to_le32(id), .log_level = cpu_to_le32(log_level)};
	struct virtio_net_xdp_result result;

	return SIMPLE(net, PROG_COMMIT, request, result, error);
}

int drv_xdp_prog_info(struct drv_net *net, uint32_t id, struct drv_xdp_prog_info *info, struct drv_xdp_error *error)
{
	struct virtio_net_xdp_prog_info request = {.id = cpu_to_le32(id)};
	struct virtio_net_xdp_prog_info_result r;
	int err = SIMPLE(net, PROG_INFO, request, r, error);

	if (err)
		return err;
	*info = (struct drv_xdp_prog_info){
		.state = r.state,
		.attached = r.attached,
		.error = le32_to_cpu(r.error),
		.error_insn = le32_to_cpu(r.error_insn),
		.bytes = le32_to_cpu(r.bytes),
		.flags = le32_to_cpu(r.flags),
		.actions = le32_to_cpu(r.actions),
		.visited = le32_to_cpu(r.visited),
		.states = le32_to_cpu(r.states),
		.peak_kib = le32_to_cpu(r.peak_kib),
		.log_bytes = le32_to_cpu(r.log_bytes),
		.written = le32_to_cpu(r.written),
		.run_count = le64_to_cpu(r.run_count),
	};
	get_name(info->name, r.name);
	memcpy(info->tag, r.tag, sizeof(info->tag));
	return 0;
}

/* Room for a result of hdr bytes with room more behind it. NULL: no memory, or more than a command can bring. */
static uint8_t *alloc_result(struct drv_net *net, uint32_t hdr, uint32_t room)
{
	return room > UINT32_MAX - hdr ? NULL : net->env->alloc(net->env->ctx, (size_t)hdr + room);
}

int drv_xdp_prog_log(struct drv_net *net, uint32_t id, uint32_t offset, char *log, uint32_t room, uint32_t *got,
		     uint32_t *total, struct drv_xdp_error *error)
{
	struct virtio_net_xdp_prog_log_get request = {.id = cpu_to_le32(id), .offset = cpu_to_le32(offset)};
	struct drv_buf in = {&request, sizeof(request)};
	struct virtio_net_xdp_prog_log_get_result hdr;
	uint8_t *result = alloc_result(net, sizeof(hdr), room);
	uint32_t bytes;
	int err;

	*got = 0;
	if (!result)
		return -ENOMEM;
	err = command(net, VIRTIO_NET_CTRL_XDP_PROG_LOG_GET, &in, 1, result, sizeof(hdr) + room, sizeof(hdr), &bytes,
		      error);
	if (!err) {
		memcpy(&hdr, result, sizeof(hdr));
		*got = bytes - (uint32_t)sizeof(hdr);
		*total = le32_to_cpu(hdr.log_bytes);
		if (*got)
			memcpy(log, result + sizeof(hdr), *got);
	}
	net->env->free(net->env->ctx, result);
	return err;
}

int drv_xdp_prog_destroy(struct drv_net *net, uint32_t id, struct drv_xdp_error *error)
{
	struct virtio_net_xdp_prog_destroy request = {.id = cpu_to_le32(id)};
	struct virtio_net_xdp_result result;

	return SIMPLE(net, PROG_DESTROY, request, result, error);
}

/* In pieces that a command can carry, whole instructions each. req: XO-117 */
static int write_all(struct drv_net *net, uint32_t id, const uint8_t *insns, uint32_t bytes,
		     struct drv_xdp_error *error)
{
	uint32_t head = sizeof(struct virtio_net_ctrl_hdr) + sizeof(struct virtio_net_xdp_prog_write), at = 0, piece;
	int err;

	if (net->max_cmd_bytes < head + 8)
		return -EPROTO;
	piece = (net->max_cmd_bytes - head) & ~7u;
	for (at = 0; at < bytes; at += piece) {
		if (piece > bytes - at)
			piece = bytes - at;
		err = drv_xdp_prog_write(net, id, at, insns + at, piece, error);
		if (err)
			return err;
	}
	return 0;
}

/* Asks until the verifier has decided. */
static int poll_verdict(struct drv_net *net, uint32_t id, struct drv_xdp_prog_info *info, struct drv_xdp_error *error)
{
	unsigned i;
	int err;

	for (i = 0; i < LOAD_POLLS; i++) {
		err = drv_xdp_prog_info(net, id, info, error);
		if (err)
			return err;
		if (info->state == VIRTIO_NET_XDP_PROG_READY || info->state == VIRTIO_NET_XDP_PROG_REFUSED)
			return 0;
		if (info->state != VIRTIO_NET_XDP_PROG_VERIFYING)
			return -EPROTO;
	}
	return -ETIMEDOUT;
}

/* A device that has no such command verifies them with each call. */
static int tell_funcs(struct drv_net *net, uint32_t id, const struct drv_xdp_func *funcs, uint32_t count,
		      struct drv_xdp_error *error)
{
	struct drv_xdp_caps caps;
	int err = drv_xdp_caps(net, &caps, error);

	if (err || !(caps.commands >> VIRTIO_NET_CTRL_XDP_PROG_FUNCS & 1))
		return err;
	return drv_xdp_prog_funcs(net, id, funcs, count, error);
}

int drv_xdp_prog_load(struct drv_net *net, uint32_t id, const void *insns, uint32_t bytes, uint32_t flags,
		      const char *name, uint32_t log_level, struct drv_xdp_prog_info *info, struct drv_xdp_error *error)
{
	return drv_xdp_prog_load_funcs(net, id, insns, bytes, flags, name, NULL, 0, log_level, info, error);
}

int drv_xdp_prog_load_funcs(struct drv_net *net, uint32_t id, const void *insns, uint32_t bytes, uint32_t flags,
			    const char *name, const struct drv_xdp_func *funcs, uint32_t count, uint32_t log_level,
			    struct drv_xdp_prog_info *info, struct drv_xdp_error *error)
{
	int err = drv_xdp_prog_create(net, id, bytes, flags, name, NULL, error);

	if (err)
		return err;
	err = write_all(net, id, insns, bytes, error);
	if (err)
		goto destroy;
	if (count)
		err = tell_funcs(net, id, funcs, count, error);
	if (err)
		goto destroy;
	err = drv_xdp_prog_commit(net, id, log_level, error);
	if (err)
		goto destroy;
	return poll_verdict(net, id, info, error);
destroy:
	drv_xdp_prog_destroy(net, id, NULL);
	return err;
}

int drv_xdp_attach(struct drv_net *net, uint32_t id, uint32_t expected_id, uint32_t expected_generation,
		   uint32_t ifindex, uint32_t flags, uint32_t *generation, struct drv_xdp_error *error)
{
	struct virtio_net_xdp_attach request = {
		.id = cpu_to_le32(id),
		.expected_id = cpu_to_le32(expected_id),
		.expected_generation = cpu_to_le32(expected_generation),
		.ifindex = cpu_to_le32(ifindex),
		.flags = cpu_to_le32(flags),
	};
	struct virtio_net_xdp_attach_result result;
	int err = SIMPLE(net, ATTACH, request, result, error);

	if (!err && generation)
		*generation = le32_to_cpu(result.generation);
	return err;
}

int drv_xdp_detach(struct drv_net *net, uint32_t expected_id, uint32_t expected_generation, uint32_t *generation,
		   struct drv_xdp_error *error)
{
	struct virtio_net_xdp_detach request = {
		.expected_id = cpu_to_le32(expected_id),
		.expected_generation = cpu_to_le32(expected_generation),
	};
	struct virtio_net_xdp_detach_result result;
	int err = SIMPLE(net, DETACH, request, result, error);

	if (!err && generation)
		*generation = le32_to_cpu(result.generation);
	return err;
}

static bool holds_maps(uint32_t type)
{
	return type == VIRTIO_NET_XDP_MAP_ARRAY_OF || type == VIRTIO_NET_XDP_MAP_HASH_OF;
}

int drv_xdp_map_create(struct drv_net *net, uint32_t id, const struct drv_xdp_map_attr *attr,
		       struct drv_xdp_error *error)
{
	struct virtio_net_xdp_map_create request = {
		.id = cpu_to_le32(id),
		.type = cpu_to_le32(attr->type),
		.key_size = cpu_to_le32(attr->key_size),
		.value_size = cpu_to_le32(attr->value_size),
		.max_entries = cpu_to_le32(attr->max_entries),
		.flags = cpu_to_le32(attr->flags),
		/* req: XO-121 */
		.inner_map_id = cpu_to_le32(holds_maps(attr->type) ? attr->inner_map_id : VIRTIO_NET_XDP_ID_NONE),
	};
	struct virtio_net_xdp_result result;

	put_name(request.name, attr->name);
	return SIMPLE(net, MAP_CREATE, request, result, error);
}

int drv_xdp_map_destroy(struct drv_net *net, uint32_t id, struct drv_xdp_error *error)
{
	struct virtio_net_xdp_map_destroy request = {.id = cpu_to_le32(id)};
	struct virtio_net_xdp_result result;

	return SIMPLE(net, MAP_DESTROY, request, result, error);
}

/* A command whose result is struct virtio_net_xdp_result and bytes more, which go to tail. */
static int with_tail(struct drv_net *net, uint8_t cmd, const struct drv_buf *in, unsigned count, void *tail,
		     uint32_t bytes, struct drv_xdp_error *error)
{
	uint32_t hdr = sizeof(struct virtio_net_xdp_result);
	uint8_t *result = alloc_result(net, hdr, bytes);
	int err;

	if (!result)
		return -ENOMEM;
	err = command(net, cmd, in, count, result, hdr + bytes, hdr + bytes, NULL, error);
	if (!err && bytes)
		memcpy(tail, result + hdr, bytes);
	net->env->free(net->env->ctx, result);
	return err;
}

bool drv_xdp_per_queue(uint32_t type)
{
	return type == VIRTIO_NET_XDP_MAP_PERCPU_HASH || type == VIRTIO_NET_XDP_MAP_PERCPU_ARRAY ||
	       type == VIRTIO_NET_XDP_MAP_LRU_PERCPU;
}

uint32_t drv_xdp_value_bytes(const struct drv_net *net, uint32_t type, uint32_t value_size)
{
	uint64_t bytes = value_size;

	if (drv_xdp_per_queue(type))
		bytes = ((bytes + 7) & ~7ull) * drv_net_receiveqs(net);
	return bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
}

int drv_xdp_map_lookup(struct drv_net *net, uint32_t id, const void *key, uint32_t key_bytes, void *value,
		       uint32_t value_bytes, struct drv_xdp_error *error)
{
	struct virtio_net_xdp_map_lookup request = {.id = cpu_to_le32(id)};
	struct drv_buf in[] = {{&request, sizeof(request)}, {key, key_bytes}};

	return with_tail(net, VIRTIO_NET_CTRL_XDP_MAP_LOOKUP, in, 2, value, value_bytes, error);
}

int drv_xdp_map_update(struct drv_net *net, uint32_t id, uint32_t flags, const void *key, uint32_t key_bytes,
		       const void *value, uint32_t value_bytes, struct drv_xdp_error *error)
{
	struct virtio_net_xdp_map_update request = {.id = cpu_to_le32(id), .flags = cpu_to_le32(flags)};
	struct drv_buf in[] = {{&request, sizeof(request)}, {key, key_bytes}, {value, value_bytes}};
	struct virtio_net_xdp_result result;

	return command(net, VIRTIO_NET_CTRL_XDP_MAP_UPDATE, in, 3, &result, sizeof(result), sizeof(result), NULL,
		       error);
}

int drv_xdp_map_delete(struct drv_net *net, uint32_t id, const void *key, uint32_t key_bytes,
		       struct drv_xdp_error *error)
{
	struct virtio_net_xdp_map_delete request = {.id = cpu_to_le32(id)};
	struct drv_buf in[] = {{&request, sizeof(request)}, {key, key_bytes}};
	struct virtio_net_xdp_result result;

	return command(net, VIRTIO_NET_CTRL_XDP_MAP_DELETE, in, 2, &result, sizeof(result), sizeof(result), NULL,
		       error);
}

int drv_xdp_map_next(struct drv_net *net, uint32_t id, const void *key, void *next, uint32_t key_bytes,
		     struct drv_xdp_error *error)
{
	struct virtio_net_xdp_map_next request = {.id = cpu_to_le32(id)};
	struct drv_buf in[] = {{&request, sizeof(request)}, {key, key ? key_bytes : 0}};

	return with_tail(net, VIRTIO_NET_CTRL_XDP_MAP_NEXT, in, 2, next, key_bytes, error);
}

int drv_xdp_map_info(struct drv_net *net, uint32_t id, struct drv_xdp_map_info *info, struct drv_xdp_error *error)
{
	struct virtio_net_xdp_map_info request = {.id = cpu_to_le32(id)};
	struct virtio_net_xdp_map_info_result r;
	int err = SIMPLE(net, MAP_INFO, request, r, error);

	if (err)
		return err;
	*info = (struct drv_xdp_map_info){
		.attr = {.type = le32_to_cpu(r.type),
			 .key_size = le32_to_cpu(r.key_size),
			 .value_size = le32_to_cpu(r.value_size),
			 .max_entries = le32_to_cpu(r.max_entries),
			 .flags = le32_to_cpu(r.flags),
			 .inner_map_id = le32_to_cpu(r.inner_map_id)},
		.entries = le32_to_cpu(r.entries),
		.kib = le32_to_cpu(r.kib),
		.references = le32_to_cpu(r.references),
		.frozen = r.frozen,
	};
	get_name(info->attr.name, r.name);
	return 0;
}

int drv_xdp_map_freeze(struct drv_net *net, uint32_t id, struct drv_xdp_error *error)
{
	struct virtio_net_xdp_map_freeze request = {.id = cpu_to_le32(id)};
	struct virtio_net_xdp_result result;

	return SIMPLE(net, MAP_FREEZE, request, result, error);
}

int drv_xdp_obj_list(struct drv_net *net, uint32_t kind, uint32_t start_id, uint32_t *ids, uint32_t max,
		     uint32_t *count, uint32_t *next_id, struct drv_xdp_error *error)
{
	struct virtio_net_xdp_obj_list request = {cpu_to_le32(kind), cpu_to_le32(start_id)};
	struct drv_buf in = {&request, sizeof(request)};
	struct virtio_net_xdp_obj_list_result hdr;
	uint32_t room, bytes, n, i;
	uint8_t *result;
	le32 id;
	int err;

	if (max > (UINT32_MAX - sizeof(hdr)) / sizeof(id))
		return -EMSGSIZE;
	room = max * (uint32_t)sizeof(id);
	result = alloc_result(net, sizeof(hdr), room);
	if (!result)
		return -ENOMEM;
	err = command(net, VIRTIO_NET_CTRL_XDP_OBJ_LIST, &in, 1, result, sizeof(hdr) + room, sizeof(hdr), &bytes,
		      error);
	if (err)
		goto out;
	memcpy(&hdr, result, sizeof(hdr));
	n = le32_to_cpu(hdr.count);
	err = n > (bytes - sizeof(hdr)) / sizeof(id) ? -EPROTO : 0;
	for (i = 0; !err && i < n; i++) {
		memcpy(&id, result + sizeof(hdr) + i * sizeof(id), sizeof(id));
		ids[i] = le32_to_cpu(id);
	}
	*count = n;
	*next_id = le32_to_cpu(hdr.next_id);
out:
	net->env->free(net->env->ctx, result);
	return err;
}

int drv_xdp_test_run(struct drv_net *net, uint32_t id, uint32_t ifindex, uint32_t *rx_queue_index, void *frame,
		     uint32_t *bytes, uint32_t room, uint64_t *r0, struct drv_xdp_error *error)
{
	struct virtio_net_xdp_test_run request = {
		.id = cpu_to_le32(id),
		.ifindex = cpu_to_le32(ifindex),
		.rx_queue_index = cpu_to_le32(*rx_queue_index),
	};
	struct drv_buf in[] = {{&request, sizeof(request)}, {frame, *bytes}};
	struct virtio_net_xdp_test_run_result hdr;
	uint8_t *result = alloc_result(net, sizeof(hdr), room);
	uint32_t got;
	int err;

	if (!result)
		return -ENOMEM;
	err = command(net, VIRTIO_NET_CTRL_XDP_TEST_RUN, in, 2, result, sizeof(hdr) + room, sizeof(hdr), &got, error);
	if (err)
		goto out;
	memcpy(&hdr, result, sizeof(hdr));
	err = le32_to_cpu(hdr.frame_bytes) > got - sizeof(hdr) ? -EPROTO : 0;
	if (err)
		goto out;
	*r0 = le64_to_cpu(hdr.r0);
	*rx_queue_index = le32_to_cpu(hdr.rx_queue_index);
	*bytes = le32_to_cpu(hdr.frame_bytes);
	if (*bytes)
		memcpy(frame, result + sizeof(hdr), *bytes);
out:
	net->env->free(net->env->ctx, result);
	return err;
}

/* Hands on count records in bytes of memory at p. 0, or -EPROTO: they are not all there. */
static int hand_on(const uint8_t *p, uint32_t bytes, uint32_t count, drv_xdp_event_fn *fn, void *ctx)
{
	struct virtio_net_xdp_event wire;
	struct drv_xdp_event event;
	uint32_t padded;

	for (; count; count--) {
		if (bytes < sizeof(wire))
			return -EPROTO;
		memcpy(&wire, p, sizeof(wire));
		event = (struct drv_xdp_event){
			.map_id = le32_to_cpu(wire.map_id),
			.rx_queue_index = le32_to_cpu(wire.rx_queue_index),
			.lost = le32_to_cpu(wire.lost),
			.bytes = le32_to_cpu(wire.bytes),
			.data = p + sizeof(wire),
		};
		bytes -= (uint32_t)sizeof(wire);
		if (event.bytes > bytes)
			return -EPROTO;
		padded = event.bytes + (-event.bytes & 7);
		if (padded > bytes)
			return -EPROTO;
		fn(ctx, &event);
		p += sizeof(wire) + padded;
		bytes -= padded;
	}
	return 0;
}

int drv_xdp_event_get(struct drv_net *net, uint32_t max, uint32_t room, drv_xdp_event_fn *fn, void *ctx, uint32_t *left,
		      struct drv_xdp_error *error)
{
	struct virtio_net_xdp_event_get request = {.max_events = cpu_to_le32(max)};
	struct drv_buf in = {&request, sizeof(request)};
	struct virtio_net_xdp_event_get_result hdr;
	uint8_t *result = alloc_result(net, sizeof(hdr), room);
	uint32_t got;
	int err;

	if (!result)
		return -ENOMEM;
	err = command(net, VIRTIO_NET_CTRL_XDP_EVENT_GET, &in, 1, result, sizeof(hdr) + room, sizeof(hdr), &got, error);
	if (!err) {
		memcpy(&hdr, result, sizeof(hdr));
		*left = le32_to_cpu(hdr.left);
		err = le32_to_cpu(hdr.count) > max ? -EPROTO
						   : hand_on(result + sizeof(hdr), got - (uint32_t)sizeof(hdr),
							     le32_to_cpu(hdr.count), fn, ctx);
	}
	net->env->free(net->env->ctx, result);
	return err;
}
