// SPDX-License-Identifier: BSD-2-Clause
#include "load/offload.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/maptype.h"

/* r: what a function of xdp.h returned. The sentence ends in the device's or the system's reason. */
__attribute__((format(printf, 4, 5))) static int explain(char *to, int r, const struct drv_xdp_error *e,
							 const char *format, ...)
{
	int n;
	va_list args;

	if (r == 0)
		return 0;
	va_start(args, format);
	n = vsnprintf(to, LOAD_ERROR_BYTES, format, args);
	va_end(args);
	if (n < 0 || n >= LOAD_ERROR_BYTES)
		return r;
	if (r < 0)
		snprintf(to + n, LOAD_ERROR_BYTES - n, ": the driver failed: %s", strerror(-r));
	else if (e->detail)
		snprintf(to + n, LOAD_ERROR_BYTES - n, ": the device refuses it: %s (%u)",
			 drv_xdp_status_name(e->status), e->detail);
	else
		snprintf(to + n, LOAD_ERROR_BYTES - n, ": the device refuses it: %s", drv_xdp_status_name(e->status));
	return r;
}

int offload_start(struct drv_net *net, char error[static LOAD_ERROR_BYTES])
{
	struct drv_xdp_caps caps;
	struct drv_xdp_error e = {0};
	int r = drv_net_start(net);

	if (r)
		return explain(error, r, &e, "the driver cannot start the device");
	r = drv_xdp_caps(net, &caps, &e);
	if (r == -ENOTSUP) {
		snprintf(error, LOAD_ERROR_BYTES,
			 "the device and the driver have not agreed on xdp_offload (and ctrl_vq, which it needs)");
		return r;
	}
	return explain(error, r, &e, "the device does not tell its capabilities");
}

/* Names the other ones too: nobody wants to learn of them one by one. */
static void explain_no_entries(const struct load_object *object, const struct load_map *map,
			       char error[static LOAD_ERROR_BYTES])
{
	size_t used = (size_t)snprintf(error, LOAD_ERROR_BYTES,
				       "map '%s' (type %u %s) has 0 entries in the object, so its own loader sets how "
				       "many; --entries %s=N does that here",
				       map->name, map->type, maptype_name(map->type), map->name);
	const char *before = "; the same goes for";

	for (size_t i = 0; i < object->num_maps; i++) {
		const struct load_map *other = &object->maps[i];

		if (other == map || other->max_entries || other->is_template)
			continue;
		if (used + strlen(before) + strlen(other->name) + sizeof(" , ...") > LOAD_ERROR_BYTES) {
			snprintf(error + used, LOAD_ERROR_BYTES - used, ", ...");
			return;
		}
		used += (size_t)snprintf(error + used, LOAD_ERROR_BYTES - used, "%s %s", before, other->name);
		before = ",";
	}
}

static int create_map(struct drv_net *net, const struct load_object *object, uint32_t id,
		      char error[static LOAD_ERROR_BYTES])
{
	const struct load_map *map = &object->maps[id];
	struct drv_xdp_map_attr attr = {
		.type = map->type,
		.key_size = map->key_size,
		.value_size = map->value_size,
		.max_entries = map->max_entries,
		.flags = map->flags,
		.inner_map_id = map->inner,
	};
	struct drv_xdp_error e = {0};
	uint32_t key = 0;
	int r;

	snprintf(attr.name, sizeof(attr.name), "%.*s", VIRTIO_NET_XDP_NAME_BYTES, map->name);
	r = drv_xdp_map_create(net, id, &attr, &e);
	if (!r && map->data)
		r = drv_xdp_map_update(net, id, VIRTIO_NET_XDP_UPDATE_ANY, &key, sizeof(key), map->data,
				       map->value_size, &e);
	if (r == 1 && e.status == VIRTIO_NET_XDP_ERR_FLAGS) {
		char flags[MAPTYPE_FLAGS_BYTES];

		maptype_flags(flags, e.detail);
		snprintf(error, LOAD_ERROR_BYTES,
			 "map '%s' (type %u %s): the device refuses it: FLAGS: a map of this type cannot have %s",
			 map->name, map->type, maptype_name(map->type), flags);
		return r;
	}
	/* Raw instructions come with maps that are what they are. */
	if (r == 1 && e.status == VIRTIO_NET_XDP_ERR_SIZE && !map->max_entries && object->progs->section[0]) {
		explain_no_entries(object, map, error);
		return r;
	}
	return explain(error, r, &e, "map '%s' (type %u %s, key %u bytes, value %u bytes, %u entries, flags 0x%x)",
		       map->name, map->type, maptype_name(map->type), map->key_size, map->value_size, map->max_entries,
		       map->flags);
}

static int set_slot(struct drv_net *net, const struct load_object *object, uint32_t id, const struct load_slot *slot,
		    uint32_t target, const char *name, char error[static LOAD_ERROR_BYTES])
{
	const struct load_map *map = &object->maps[id];
	const le32 key = cpu_to_le32(slot->key), value = cpu_to_le32(target);
	struct drv_xdp_error e = {0};

	if (map->key_size != sizeof(key) || map->value_size != sizeof(value)) {
		snprintf(error, LOAD_ERROR_BYTES,
			 "map '%s' has keys of %u and values of %u bytes; elements that the object fills in take 4 and "
			 "4",
			 map->name, map->key_size, map->value_size);
		return 1;
	}
	return explain(
		error,
		drv_xdp_map_update(net, id, VIRTIO_NET_XDP_UPDATE_ANY, &key, sizeof(key), &value, sizeof(value), &e),
		&e, "element %u of map '%s', which is to be '%s'", slot->key, map->name, name);
}

/* Elements of a map of maps. */
static int fill_inner(struct drv_net *net, const struct load_object *object, uint32_t id,
		      char error[static LOAD_ERROR_BYTES])
{
	const struct load_map *map = &object->maps[id];
	int r = 0;

	for (size_t i = 0; i < map->num_slots && !r; i++)
		r = set_slot(net, object, id, &map->slots[i], map->slots[i].target,
			     object->maps[map->slots[i].target].name, error);
	return r;
}

int offload_maps(struct drv_net *net, const struct load_object *object, char error[static LOAD_ERROR_BYTES])
{
	struct drv_xdp_error e = {0};
	int r = 0;

	/* A map of maps is created after the map that its elements are like. */
	for (size_t i = 0; i < object->num_maps && !r; i++)
		if (object->maps[i].inner == LOAD_NO_MAP)
			r = create_map(net, object, (uint32_t)i, error);
	for (size_t i = 0; i < object->num_maps && !r; i++) {
		if (object->maps[i].inner == LOAD_NO_MAP)
			continue;
		r = create_map(net, object, (uint32_t)i, error);
		if (!r)
			r = fill_inner(net, object, (uint32_t)i, error);
	}
	for (size_t i = 0; i < object->num_maps && !r; i++)
		if (object->maps[i].is_template)
			r = explain(error, drv_xdp_map_destroy(net, (uint32_t)i, &e), &e,
				    "map '%s', a template, cannot be destroyed", object->maps[i].name);
	return r;
}

int offload_freeze(struct drv_net *net, const struct load_object *object, char error[static LOAD_ERROR_BYTES])
{
	struct drv_xdp_error e = {0};
	int r = 0;

	for (size_t i = 0; i < object->num_maps && !r; i++)
		if (object->maps[i].freeze)
			r = explain(error, drv_xdp_map_freeze(net, (uint32_t)i, &e), &e, "map '%s' cannot be frozen",
				    object->maps[i].name);
	return r;
}

char *offload_log(struct drv_net *net, uint32_t id)
{
	uint32_t got = 0, total = 0, room = 4096, have = 0;
	char *log = malloc(room + 1);

	while (log && drv_xdp_prog_log(net, id, have, log + have, room - have, &got, &total, NULL) == 0) {
		have += got;
		if (have >= total || got == 0)
			break;
		if (have < room)
			continue;

		char *grown = realloc(log, (size_t)room * 2 + 1);

		if (!grown)
			break;
		log = grown;
		room *= 2;
	}
	if (!log || have == 0) {
		free(log);
		return NULL;
	}
	log[have] = 0;
	return log;
}

/* The last line of a refused program's log says why; "instruction N: " before it is known already. */
static const char *last_line(char *log)
{
	size_t length = log ? strlen(log) : 0;
	const char *line, *colon;

	while (length && log[length - 1] == '\n')
		log[--length] = 0;
	if (!length)
		return "no reason is in the log";
	line = strrchr(log, '\n');
	line = line ? line + 1 : log;
	colon = strncmp(line, "instruction ", 12) == 0 ? strstr(line, ": ") : NULL;
	return colon ? colon + 2 : line;
}

static int explain_refusal(struct drv_net *net, uint32_t id, const struct load_prog *prog,
			   const struct drv_xdp_prog_info *info, char *error)
{
	const struct load_line *line = load_line_of(prog, info->error_insn);
	const struct load_function *function = load_function_of(prog, info->error_insn);
	const char *missing = load_poison_of(prog, info->error_insn);
	char *log = offload_log(net, id), where[200] = "";
	size_t used = 0;

	if (function && function != prog->functions)
		used = (size_t)snprintf(where, sizeof(where), " in %s()", function->name);
	if (line)
		snprintf(where + used, sizeof(where) - used, " (%.110s:%u)", line->file, line->line);
	if (missing) {
		snprintf(error, LOAD_ERROR_BYTES,
			 "program '%s' is refused at instruction %u%s: %s: this device has no %.200s", prog->name,
			 info->error_insn, where, drv_xdp_status_name(info->error), missing);
		free(log);
		return 1;
	}
	snprintf(error, LOAD_ERROR_BYTES, "program '%s' is refused at instruction %u%s: %s: %.255s", prog->name,
		 info->error_insn, where, drv_xdp_status_name(info->error), last_line(log));
	free(log);
	return 1;
}

_Static_assert(sizeof(struct load_global) == sizeof(struct drv_xdp_func) &&
		       offsetof(struct load_global, kinds) == offsetof(struct drv_xdp_func, kinds) &&
		       offsetof(struct load_global, bytes) == offsetof(struct drv_xdp_func, bytes),
	       "what the loader found is what the driver sends");

int offload_prog(struct drv_net *net, const struct load_object *object, const struct load_prog *prog, uint32_t id,
		 uint32_t log_level, struct drv_xdp_prog_info *info, char error[static LOAD_ERROR_BYTES])
{
	uint32_t flags = object->gpl_compatible ? VIRTIO_NET_XDP_PROG_F_GPL_COMPATIBLE : 0;
	char name[VIRTIO_NET_XDP_NAME_BYTES + 1];
	struct drv_xdp_error e = {0};
	int r;

	memset(info, 0, sizeof(*info));
	if (prog->count > UINT32_MAX / 8) {
		snprintf(error, LOAD_ERROR_BYTES, "program '%s' has %u instructions, more than a command can say",
			 prog->name, prog->count);
		return 1;
	}
	snprintf(name, sizeof(name), "%.*s", VIRTIO_NET_XDP_NAME_BYTES, prog->name);
	r = drv_xdp_prog_load_funcs(net, id, prog->insns, prog->count * 8, flags, name,
				    (const struct drv_xdp_func *)prog->globals, (uint32_t)prog->num_globals, log_level,
				    info, &e);
	if (r == 0 && info->state == VIRTIO_NET_XDP_PROG_REFUSED)
		return explain_refusal(net, id, prog, info, error);
	if (r > 0)
		info->error = e.status;
	return explain(error, r, &e, "program '%s' (%u instructions)", prog->name, prog->count);
}

uint32_t offload_prog_id(const struct load_object *object, const struct load_prog *prog)
{
	uint32_t index = (uint32_t)(prog - object->progs);

	if (index == object->entry)
		return OFFLOAD_ENTRY_ID;
	return index < object->entry ? index + 1 : index;
}

const struct load_prog *offload_prog_of(const struct load_object *object, uint32_t id)
{
	for (size_t i = 0; i < object->num_progs; i++)
		if (offload_prog_id(object, &object->progs[i]) == id)
			return &object->progs[i];
	return NULL;
}

int offload_target(struct drv_net *net, const struct load_object *object, const struct load_prog *prog,
		   char error[static LOAD_ERROR_BYTES])
{
	uint32_t id = offload_prog_id(object, prog);
	struct drv_xdp_error e = {0};
	struct drv_xdp_prog_info info;
	int r = drv_xdp_prog_info(net, id, &info, &e);

	if (r == 0 && info.state == VIRTIO_NET_XDP_PROG_READY)
		return 0;
	if (r == 0 || (r == 1 && e.status == VIRTIO_NET_XDP_ERR_NOT_FOUND))
		return offload_prog(net, object, prog, id, 1, &info, error);
	return explain(error, r, &e, "program '%s'", prog->name);
}

int offload_slots(struct drv_net *net, const struct load_object *object, char error[static LOAD_ERROR_BYTES])
{
	int r = 0;

	for (size_t i = 0; i < object->num_maps && !r; i++) {
		const struct load_map *map = &object->maps[i];

		if (map->inner != LOAD_NO_MAP)
			continue;
		for (size_t j = 0; j < map->num_slots && !r; j++) {
			const struct load_prog *prog = &object->progs[map->slots[j].target];

			r = offload_target(net, object, prog, error);
			if (!r)
				r = set_slot(net, object, (uint32_t)i, &map->slots[j], offload_prog_id(object, prog),
					     prog->name, error);
		}
	}
	return r;
}

const struct load_prog *offload_refused(struct drv_net *net, const struct load_object *object, uint32_t *insn,
					char **log)
{
	*log = NULL;
	for (size_t i = 0; i < object->num_progs; i++) {
		uint32_t id = offload_prog_id(object, &object->progs[i]);
		struct drv_xdp_prog_info info;

		if (drv_xdp_prog_info(net, id, &info, NULL) || info.state != VIRTIO_NET_XDP_PROG_REFUSED)
			continue;
		*insn = info.error_insn;
		*log = offload_log(net, id);
		return &object->progs[i];
	}
	return NULL;
}

int offload_attach(struct drv_net *net, uint32_t id, uint32_t ifindex, char error[static LOAD_ERROR_BYTES])
{
	struct drv_xdp_error e = {0};
	uint32_t generation;

	return explain(error, drv_xdp_attach(net, id, VIRTIO_NET_XDP_ID_NONE, 0, ifindex, 0, &generation, &e), &e,
		       "the program cannot be attached");
}
