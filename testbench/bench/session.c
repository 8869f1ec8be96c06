// SPDX-License-Identifier: BSD-2-Clause
#include "bench/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "rig/rig.h"

#define PROG_ID       0
#define IFINDEX       1
#define VERIFY_BUDGET 1000000 /* instructions visited at a time */

struct session {
	const struct load_object *object;
	struct fw *fw;
	uint8_t *arena;
	size_t arena_bytes;
	uint8_t *in; /* in_room bytes of one command */
	size_t in_room;
	struct rig_code *code;
};

/* A command whose data is in s->in. out: its result, of at least struct virtio_net_xdp_result. */
static int command(struct session *s, uint8_t cmd, size_t in_bytes, void *out, size_t out_bytes, char *error)
{
	struct virtio_net_xdp_result result = {0};
	size_t written = 0;
	uint8_t ack = fw_command(s->fw, cmd, s->in, in_bytes, out, out_bytes, &written);

	if (ack == VIRTIO_NET_OK && written == out_bytes)
		return 0;
	if (written >= sizeof(result))
		memcpy(&result, out, sizeof(result));
	snprintf(error, LOAD_ERROR_BYTES, "the firmware refuses command %u with status 0x%02x, detail %u", cmd,
		 le16_to_cpu(result.status), le32_to_cpu(result.detail));
	return -EINVAL;
}

/* The same for commands with no more to tell than whether they worked. */
static int plain_command(struct session *s, uint8_t cmd, size_t in_bytes, char *error)
{
	struct virtio_net_xdp_result result;

	return command(s, cmd, in_bytes, &result, sizeof(result), error);
}

static int create_map(struct session *s, const struct load_map *map, uint32_t id, char *error)
{
	struct virtio_net_xdp_map_create create = {
		.id = cpu_to_le32(id),
		.type = cpu_to_le32(map->type),
		.key_size = cpu_to_le32(map->key_size),
		.value_size = cpu_to_le32(map->value_size),
		.max_entries = cpu_to_le32(map->max_entries),
		.flags = cpu_to_le32(map->flags),
		.inner_map_id = cpu_to_le32(map->inner),
	};

	memcpy(s->in, &create, sizeof(create));
	return plain_command(s, VIRTIO_NET_CTRL_XDP_MAP_CREATE, sizeof(create), error);
}

static int update_map(struct session *s, uint32_t id, const void *key, const void *value, char *error)
{
	struct virtio_net_xdp_map_update head = {.id = cpu_to_le32(id),
						 .flags = cpu_to_le32(VIRTIO_NET_XDP_UPDATE_ANY)};
	const struct load_map *map = &s->object->maps[id];

	memcpy(s->in, &head, sizeof(head));
	memcpy(s->in + sizeof(head), key, map->key_size);
	memcpy(s->in + sizeof(head) + map->key_size, value, map->value_size);
	return plain_command(s, VIRTIO_NET_CTRL_XDP_MAP_UPDATE, sizeof(head) + map->key_size + map->value_size, error);
}

/* What the object says is in it: global data, and maps in a map of maps. */
static int fill_map(struct session *s, uint32_t id, char *error)
{
	const struct load_map *map = &s->object->maps[id];
	struct virtio_net_xdp_map_freeze freeze = {.id = cpu_to_le32(id)};
	const le32 first = cpu_to_le32(0);
	int err = map->data ? update_map(s, id, &first, map->data, error) : 0;

	for (size_t i = 0; i < map->num_slots && map->inner != LOAD_NO_MAP && !err; i++) {
		const le32 key = cpu_to_le32(map->slots[i].key), target = cpu_to_le32(map->slots[i].target);

		err = update_map(s, id, &key, &target, error);
	}
	if (err || !map->freeze)
		return err;
	memcpy(s->in, &freeze, sizeof(freeze));
	return plain_command(s, VIRTIO_NET_CTRL_XDP_MAP_FREEZE, sizeof(freeze), error);
}

/* A map of maps comes after the map that its elements are like. */
static int make_maps(struct session *s, char *error)
{
	const struct load_object *object = s->object;
	int err = 0;

	for (size_t i = 0; !err && i < object->num_maps; i++)
		if (object->maps[i].inner == LOAD_NO_MAP)
			err = create_map(s, &object->maps[i], (uint32_t)i, error);
	for (size_t i = 0; !err && i < object->num_maps; i++)
		if (object->maps[i].inner != LOAD_NO_MAP)
			err = create_map(s, &object->maps[i], (uint32_t)i, error);
	for (size_t i = 0; !err && i < object->num_maps; i++)
		err = fill_map(s, (uint32_t)i, error);
	return err;
}

static int start(struct session *s, enum fw_engine engine, char *error)
{
	struct fw_config config = {.engine = engine, .num_queues = 1, .mtu = 1500, .platform = &rig_code_platform};
	void *arena;

	s->code = rig_code_open(RIG_CODE_BYTES);
	config.platform_ctx = s->code;
	fw_caps_default(&config.caps);
	s->in_room = config.caps.max_cmd_bytes;
	s->arena_bytes = fw_arena_bytes(&config.caps);
	arena = mmap(NULL, s->arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena != MAP_FAILED)
		s->arena = arena;
	s->in = malloc(s->in_room);
	if (!s->arena || !s->in || !s->code) {
		snprintf(error, LOAD_ERROR_BYTES, "no memory for the firmware's arena of %zu bytes", s->arena_bytes);
		return -ENOMEM;
	}
	s->fw = fw_init(s->arena, s->arena_bytes, &config);
	if (s->fw)
		return 0;
	snprintf(error, LOAD_ERROR_BYTES, "the firmware does not start with its own default limits");
	return -EINVAL;
}

const struct load_prog *session_prog(const struct load_object *object, const char *name)
{
	for (size_t i = 0; i < object->num_progs; i++)
		if (strcmp(object->progs[i].name, name) == 0)
			return &object->progs[i];
	return object->num_progs ? &object->progs[0] : NULL;
}

struct session *session_open(const struct load_object *object, enum fw_engine engine,
			     char error[static LOAD_ERROR_BYTES])
{
	struct session *s = calloc(1, sizeof(*s));
	int err;

	if (!s) {
		snprintf(error, LOAD_ERROR_BYTES, "no memory");
		return NULL;
	}
	s->object = object;
	err = start(s, engine, error);
	if (!err)
		err = make_maps(s, error);
	if (!err)
		return s;
	session_close(s);
	return NULL;
}

void session_close(struct session *s)
{
	if (!s)
		return;
	fw_exit(s->fw);
	rig_code_close(s->code);
	if (s->arena)
		munmap(s->arena, s->arena_bytes);
	free(s->in);
	free(s);
}

struct fw *session_fw(struct session *s)
{
	return s->fw;
}

static int write_piece(struct session *s, const struct load_prog *prog, uint32_t offset, uint32_t bytes, char *error)
{
	struct virtio_net_xdp_prog_write head = {.id = cpu_to_le32(PROG_ID), .offset = cpu_to_le32(offset)};

	memcpy(s->in, &head, sizeof(head));
	memcpy(s->in + sizeof(head), prog->insns + offset, bytes);
	return plain_command(s, VIRTIO_NET_CTRL_XDP_PROG_WRITE, sizeof(head) + bytes, error);
}

/* Which of its functions are global. */
static int tell_globals(struct session *s, const struct load_prog *prog, char error[static LOAD_ERROR_BYTES])
{
	struct virtio_net_xdp_prog_funcs head = {.id = cpu_to_le32(PROG_ID)};
	size_t at = sizeof(head);

	memcpy(s->in, &head, sizeof(head));
	for (size_t i = 0; i < prog->num_globals; i++) {
		const struct load_global *g = &prog->globals[i];
		struct virtio_net_xdp_func func = {.insn = cpu_to_le32(g->insn)};

		for (size_t n = 0; n < VIRTIO_NET_XDP_FUNC_ARGS; n++) {
			func.kinds[n] = g->kinds[n];
			func.bytes[n] = cpu_to_le32(g->bytes[n]);
		}
		memcpy(s->in + at, &func, sizeof(func));
		at += sizeof(func);
	}
	return plain_command(s, VIRTIO_NET_CTRL_XDP_PROG_FUNCS, at, error);
}

int session_upload(struct session *s, const struct load_prog *prog, char error[static LOAD_ERROR_BYTES])
{
	const uint32_t all = prog->count * 8, most = 32768;
	struct virtio_net_xdp_prog_create create = {
		.id = cpu_to_le32(PROG_ID),
		.bytes = cpu_to_le32(all),
		.flags = cpu_to_le32(s->object->gpl_compatible ? VIRTIO_NET_XDP_PROG_F_GPL_COMPATIBLE : 0),
	};
	int err;

	memcpy(s->in, &create, sizeof(create));
	err = plain_command(s, VIRTIO_NET_CTRL_XDP_PROG_CREATE, sizeof(create), error);
	for (uint32_t at = 0; !err && at < all; at += most)
		err = write_piece(s, prog, at, all - at < most ? all - at : most, error);
	if (!err && prog->num_globals)
		err = tell_globals(s, prog, error);
	return err;
}

int session_commit(struct session *s, char error[static LOAD_ERROR_BYTES])
{
	struct virtio_net_xdp_prog_commit commit = {.id = cpu_to_le32(PROG_ID)};
	int err;

	memcpy(s->in, &commit, sizeof(commit));
	err = plain_command(s, VIRTIO_NET_CTRL_XDP_PROG_COMMIT, sizeof(commit), error);
	if (err)
		return err;
	while (fw_poll(s->fw, VERIFY_BUDGET))
		;
	return 0;
}

int session_info(struct session *s, struct virtio_net_xdp_prog_info_result *info, char error[static LOAD_ERROR_BYTES])
{
	struct virtio_net_xdp_prog_info which = {.id = cpu_to_le32(PROG_ID)};
	int err;

	memcpy(s->in, &which, sizeof(which));
	err = command(s, VIRTIO_NET_CTRL_XDP_PROG_INFO, sizeof(which), info, sizeof(*info), error);
	if (err || info->state == VIRTIO_NET_XDP_PROG_READY)
		return err;
	snprintf(error, LOAD_ERROR_BYTES, "the verifier refuses the program at instruction %u with error 0x%02x",
		 le32_to_cpu(info->error_insn), le32_to_cpu(info->error));
	return -EINVAL;
}

int session_attach(struct session *s, char error[static LOAD_ERROR_BYTES])
{
	struct virtio_net_xdp_attach attach = {
		.id = cpu_to_le32(PROG_ID),
		.expected_id = cpu_to_le32(VIRTIO_NET_XDP_ID_NONE),
		.ifindex = cpu_to_le32(IFINDEX),
	};
	struct virtio_net_xdp_attach_result result;

	memcpy(s->in, &attach, sizeof(attach));
	return command(s, VIRTIO_NET_CTRL_XDP_ATTACH, sizeof(attach), &result, sizeof(result), error);
}

int session_destroy(struct session *s, char error[static LOAD_ERROR_BYTES])
{
	struct virtio_net_xdp_prog_destroy destroy = {.id = cpu_to_le32(PROG_ID)};

	memcpy(s->in, &destroy, sizeof(destroy));
	return plain_command(s, VIRTIO_NET_CTRL_XDP_PROG_DESTROY, sizeof(destroy), error);
}

/* The object's map of this name and its id, or NULL. */
static const struct load_map *find_map(const struct session *s, const char *name, uint32_t *id, char *error)
{
	for (size_t i = 0; i < s->object->num_maps; i++) {
		*id = (uint32_t)i;
		if (strcmp(s->object->maps[i].name, name) == 0)
			return &s->object->maps[i];
	}
	snprintf(error, LOAD_ERROR_BYTES, "the object has no map '%s'", name);
	return NULL;
}

int session_update(struct session *s, const char *name, const void *key, const void *value,
		   char error[static LOAD_ERROR_BYTES])
{
	uint32_t id;
	const struct load_map *map = find_map(s, name, &id, error);

	return map ? update_map(s, id, key, value, error) : -ENOENT;
}

/* A command that takes a map and a key (NULL: none) and answers with bytes behind its result. 0 or -ENOENT. */
static int ask(struct session *s, uint8_t cmd, uint32_t id, const void *key, uint32_t key_size, void *answer,
	       uint32_t bytes, char *error)
{
	struct virtio_net_xdp_map_lookup head = {.id = cpu_to_le32(id)};
	size_t room = sizeof(struct virtio_net_xdp_result) + bytes;
	uint8_t *out = malloc(room);
	int err;

	if (!out)
		return -ENOMEM;
	memcpy(s->in, &head, sizeof(head));
	if (key)
		memcpy(s->in + sizeof(head), key, key_size);
	err = command(s, cmd, sizeof(head) + (key ? key_size : 0), out, room, error);
	if (!err)
		memcpy(answer, out + sizeof(struct virtio_net_xdp_result), bytes);
	free(out);
	return err ? -ENOENT : 0;
}

int session_lookup(struct session *s, const char *name, const void *key, void *value,
		   char error[static LOAD_ERROR_BYTES])
{
	uint32_t id;
	const struct load_map *map = find_map(s, name, &id, error);

	return map ? ask(s, VIRTIO_NET_CTRL_XDP_MAP_LOOKUP, id, key, map->key_size, value, map->value_size, error)
		   : -ENOENT;
}

int session_next(struct session *s, const char *name, const void *key, void *next, char error[static LOAD_ERROR_BYTES])
{
	uint32_t id;
	const struct load_map *map = find_map(s, name, &id, error);

	return map ? ask(s, VIRTIO_NET_CTRL_XDP_MAP_NEXT, id, key, map->key_size, next, map->key_size, error) : -ENOENT;
}
