// SPDX-License-Identifier: BSD-2-Clause
/* Values that are programs and maps: the device knows them by id, people by name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "le.h"
#include "load/offload.h"
#include "replay/maps.h"
#include "virtio_net_xdp.h"

#define LIST_BYTES 240

bool maps_names_programs(const struct load_map *map)
{
	return map->type == VIRTIO_NET_XDP_MAP_PROG_ARRAY;
}

bool maps_has_names(const struct load_map *map)
{
	return maps_names_programs(map) || map->type == VIRTIO_NET_XDP_MAP_ARRAY_OF ||
	       map->type == VIRTIO_NET_XDP_MAP_HASH_OF;
}

static uint32_t id_in(const uint8_t *value)
{
	le32 id;

	memcpy(&id, value, sizeof(id));
	return le32_to_cpu(id);
}

const char *maps_name_of(const struct load_object *object, const struct load_map *map, const uint8_t *value)
{
	const struct load_prog *prog;
	uint32_t id;

	if (!maps_has_names(map) || map->value_size != sizeof(le32))
		return NULL;
	id = id_in(value);
	if (!maps_names_programs(map))
		return id < object->num_maps && !object->maps[id].is_template ? object->maps[id].name : NULL;
	prog = offload_prog_of(object, id);
	return prog ? prog->name : NULL;
}

static int find_program(const struct load_object *object, const char *name, uint32_t *id)
{
	for (size_t i = 0; i < object->num_progs; i++)
		if (strcmp(object->progs[i].name, name) == 0) {
			*id = offload_prog_id(object, &object->progs[i]);
			return 0;
		}
	return -ENOENT;
}

static int find_map(const struct load_object *object, const char *name, uint32_t *id)
{
	for (size_t i = 0; i < object->num_maps; i++)
		if (!object->maps[i].is_template && strcmp(object->maps[i].name, name) == 0) {
			*id = (uint32_t)i;
			return 0;
		}
	return -ENOENT;
}

static const char *name_at(const struct load_object *object, bool programs, size_t i)
{
	if (programs)
		return i < object->num_progs ? object->progs[i].name : NULL;
	return i < object->num_maps && !object->maps[i].is_template ? object->maps[i].name : NULL;
}

/* Short enough to stand behind what file and element it is. */
static void list_names(const struct load_object *object, bool programs, const char *name, char *to, size_t bytes)
{
	size_t used = (size_t)snprintf(to, bytes, "the object has no %s '%.64s'; it has",
				       programs ? "XDP program" : "map", name);
	size_t count = programs ? object->num_progs : object->num_maps;
	const char *before = "", *candidate;

	for (size_t i = 0; i < count; i++) {
		candidate = name_at(object, programs, i);
		if (!candidate)
			continue;
		if (used + strlen(candidate) + sizeof(", , ...") > bytes) {
			snprintf(to + used, bytes - used, "%s ...", before);
			return;
		}
		used += (size_t)snprintf(to + used, bytes - used, "%s %s", before, candidate);
		before = ",";
	}
}

/* The bytes for a name, and the program behind a value in the device. */
int maps_resolve(struct drv_net *net, const struct load_object *object, const struct load_map *map,
		 const struct maps_element *element, char error[static LOAD_ERROR_BYTES])
{
	bool programs = maps_names_programs(map);
	const struct load_prog *prog;
	le32 wire;
	uint32_t id;

	if (element->name) {
		if (programs ? find_program(object, element->name, &id) : find_map(object, element->name, &id)) {
			list_names(object, programs, element->name, error, LIST_BYTES);
			return 1;
		}
		wire = cpu_to_le32(id);
		memcpy(element->value, &wire, sizeof(wire));
	}
	prog = programs && map->value_size == sizeof(wire) ? offload_prog_of(object, id_in(element->value)) : NULL;
	/* An id of no program: the device says so. */
	return prog ? offload_target(net, object, prog, error) : 0;
}
