// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "replay/maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "load/maptype.h"

/* Elements that one pass over a map can give; it ends even if the device does not know where. */
#define ELEMENTS_MAX ((uint64_t)1 << 32)

static int compare_keys(const void *a, const void *b, void *key_size)
{
	return memcmp(a, b, *(const uint32_t *)key_size);
}

static int grow(struct maps_dump *dump, size_t *room, size_t element_bytes)
{
	size_t more = *room ? 2 * *room : 64;
	uint8_t *grown;

	if (dump->count < *room)
		return 0;
	grown = reallocarray(dump->elements, more, element_bytes ? element_bytes : 1);
	if (!grown)
		return -ENOMEM;
	dump->elements = grown;
	*room = more;
	return 0;
}

static int read_elements(struct drv_net *net, uint32_t id, const volatile sig_atomic_t *stop, struct maps_dump *dump,
			 struct drv_xdp_error *e)
{
	const struct load_map *map = dump->map;
	size_t element_bytes = (size_t)map->key_size + dump->value_bytes, room = 0;
	uint8_t *at;
	int r;

	for (;;) {
		if (stop && *stop)
			return -EINTR;
		if (dump->count >= ELEMENTS_MAX || grow(dump, &room, element_bytes))
			return -ENOMEM;
		at = dump->elements + dump->count * element_bytes;
		r = drv_xdp_map_next(net, id, dump->count ? at - element_bytes : NULL, at, map->key_size, e);
		if (r == 1 && e->status == VIRTIO_NET_XDP_ERR_LAST_KEY)
			return 0;
		if (r == 1 && e->status == VIRTIO_NET_XDP_ERR_TYPE) /* the type has no elements */
			return 0;
		if (r == 1 && e->status == VIRTIO_NET_XDP_ERR_PERM) {
			dump->unreadable = true;
			return 0;
		}
		if (!r)
			r = drv_xdp_map_lookup(net, id, at, map->key_size, at + map->key_size, dump->value_bytes, e);
		if (r)
			return r;
		dump->count++;
	}
}

int maps_read(struct drv_net *net, const struct load_object *object, const volatile sig_atomic_t *stop,
	      struct maps *maps, char error[static LOAD_ERROR_BYTES])
{
	struct drv_xdp_error e = {0};

	maps->object = object;
	maps->count = 0;
	maps->dumps = calloc(object->num_maps ? object->num_maps : 1, sizeof(*maps->dumps));
	if (!maps->dumps) {
		snprintf(error, LOAD_ERROR_BYTES, "no memory for the maps' contents");
		return -ENOMEM;
	}
	for (size_t i = 0; i < object->num_maps; i++) {
		const struct load_map *map = &object->maps[i];
		struct maps_dump *dump;
		int r;

		if (map->is_template)
			continue;
		dump = &maps->dumps[maps->count++];
		dump->map = map;
		dump->queues = drv_xdp_per_queue(map->type) ? drv_net_receiveqs(net) : 0;
		dump->value_bytes = drv_xdp_value_bytes(net, map->type, map->value_size);
		r = read_elements(net, (uint32_t)i, stop, dump, &e);
		if (r) {
			snprintf(error, LOAD_ERROR_BYTES, "map '%s' cannot be read: %s", map->name,
				 r > 0 ? drv_xdp_status_name(e.status) : strerror(-r));
			return r;
		}
		if (dump->count)
			qsort_r(dump->elements, dump->count, (size_t)map->key_size + dump->value_bytes, compare_keys,
				(void *)(uintptr_t)&map->key_size);
	}
	return 0;
}

void maps_free(struct maps *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		free(maps->dumps[i].elements);
	free(maps->dumps);
	memset(maps, 0, sizeof(*maps));
}

static void write_bytes(FILE *file, const uint8_t *bytes, uint32_t count)
{
	fputc('[', file);
	for (uint32_t i = 0; i < count; i++)
		fprintf(file, "%s\"0x%02x\"", i ? ", " : "", bytes[i]);
	fputc(']', file);
}

void maps_write_name(FILE *file, const char *name)
{
	fputc('"', file);
	for (; *name; name++)
		fprintf(file, *name == '"' || *name == '\\' ? "\\%c" : "%c", *name);
	fputc('"', file);
}

static void write_value(FILE *file, const struct maps_dump *dump, size_t i)
{
	const uint8_t *value = maps_value(dump, i);

	if (!dump->queues) {
		fputs(", \"value\": ", file);
		write_bytes(file, value, dump->map->value_size);
		return;
	}
	fputs(", \"values\": [", file);
	for (uint32_t queue = 0; queue < dump->queues; queue++, value += dump->value_bytes / dump->queues) {
		fprintf(file, "%s{\"cpu\": %u, \"value\": ", queue ? ", " : "", queue);
		write_bytes(file, value, dump->map->value_size);
		fputc('}', file);
	}
	fputc(']', file);
}

/* Tables of load balancers have millions of elements, of which few are ever written. */
static bool is_left_out(const struct maps_dump *dump, size_t i)
{
	const uint8_t *value = maps_value(dump, i);

	return maps_is_array(dump->map) && dump->count > MAPS_WHOLE_MAX && dump->value_bytes && !value[0] &&
	       memcmp(value, value + 1, dump->value_bytes - 1) == 0;
}

static void write_map(FILE *file, const struct load_object *object, const struct maps_dump *dump)
{
	const struct load_map *map = dump->map;
	const char *before = "";

	fputs("  {\"name\": ", file);
	maps_write_name(file, map->name);
	fprintf(file, ", \"type\": \"%s\", \"key_size\": %u, \"value_size\": %u, \"max_entries\": %u, \"elements\": [",
		maptype_name(map->type), map->key_size, map->value_size, map->max_entries);
	for (size_t i = 0; i < dump->count; i++) {
		const char *name = maps_name_of(object, map, maps_value(dump, i));

		if (is_left_out(dump, i))
			continue;
		fprintf(file, "%s\n    {\"key\": ", before);
		before = ",";
		write_bytes(file, maps_key(dump, i), map->key_size);
		if (name) {
			fputs(", \"value\": ", file);
			maps_write_name(file, name);
		} else {
			write_value(file, dump, i);
		}
		fputc('}', file);
	}
	fputs(before[0] ? "\n  ]}" : "]}", file);
}

void maps_write(FILE *file, const struct maps *maps)
{
	const char *before = "\n";

	fputc('[', file);
	for (size_t i = 0; i < maps->count; i++) {
		if (maps->dumps[i].unreadable)
			continue;
		fputs(before, file);
		write_map(file, maps->object, &maps->dumps[i]);
		before = ",\n";
	}
	fputs(before[0] == ',' ? "\n]\n" : "]\n", file);
}
