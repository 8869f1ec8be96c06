/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contents of maps: read out of a device, written as JSON, and read from JSON into a device. Elements are as bpftool
 * prints them:
 * {"key": ["0x01", ...], "value": ["0x02", ...]}, or with one value per receive queue
 * {"key": ["0x01", ...], "values": [{"cpu": 0, "value": ["0x02", ...]}, ...]}.
 */
#ifndef TESTBENCH_REPLAY_MAPS_H
#define TESTBENCH_REPLAY_MAPS_H

#include <jansson.h>
#include <signal.h>
#include <stdio.h>

#include "guest-driver/core/xdp.h"
#include "load/load.h"
#include "load/status.h"

#define MAPS_FILE_BYTES_MAX ((size_t)256 << 20)
#define MAPS_WHOLE_MAX      65536

/* One map's contents: count elements of key_size + value_bytes bytes each, sorted by key. */
struct maps_dump {
	const struct load_map *map; /* the object's */
	uint32_t queues;            /* values of an element; 0: one for all queues */
	uint32_t value_bytes;       /* of an element; with several values, each is padded to a multiple of 8 */
	bool unreadable;            /* by its flags, for drivers; maps.json leaves it out */
	uint8_t *elements;
	size_t count;
};

/* The object's maps, but for those that are there to say what others hold. */
struct maps {
	const struct load_object *object;
	struct maps_dump *dumps;
	size_t count;
};

/*
 * Reads every map of object. stop: as soon as it is not 0, -EINTR; may be NULL. 0, or -errno or 1 with a sentence in
 * error. maps_free() in any case.
 */
int maps_read(struct drv_net *net, const struct load_object *object, const volatile sig_atomic_t *stop,
	      struct maps *maps, char error[static LOAD_ERROR_BYTES]);
void maps_free(struct maps *maps);

/* Whether all elements are there from the start, zero. */
static inline bool maps_is_array(const struct load_map *map)
{
	return map->type == VIRTIO_NET_XDP_MAP_ARRAY || map->type == VIRTIO_NET_XDP_MAP_PERCPU_ARRAY;
}

static inline const uint8_t *maps_key(const struct maps_dump *dump, size_t i)
{
	return dump->elements + i * ((size_t)dump->map->key_size + dump->value_bytes);
}

static inline const uint8_t *maps_value(const struct maps_dump *dump, size_t i)
{
	return maps_key(dump, i) + dump->map->key_size;
}

/* A map's name, which is printable ASCII, in quotes. */
void maps_write_name(FILE *file, const char *name);
/*
 * maps.json. Of an array of more than MAPS_WHOLE_MAX elements those that are all zero are left out: a file without them
 * fills an array as well. Errors show in ferror().
 */
void maps_write(FILE *file, const struct maps *maps);

/* What a file of elements or of maps says about one map. */
struct maps_element {
	uint8_t *key, *value; /* key_size bytes, and those of the value or values, in one piece of memory at key */
	char *name;           /* of the function or map that the value is, instead of bytes; the caller's */
};

/*
 * The elements for map in text, which is JSON: an array of elements, or of maps as maps_write() writes them, of which
 * the one with the map's name is taken. queues: values of an element, 0: one for all queues; one value then stands for
 * each. *elements is the caller's, for maps_free_elements(). 0, or
 * -EINVAL or -ENOMEM with one sentence (without the file's name) in error.
 */
int maps_parse(const char *text, size_t bytes, const struct load_map *map, uint32_t queues,
	       struct maps_element **elements, size_t *count, char error[static LOAD_ERROR_BYTES]);
void maps_free_elements(struct maps_element *elements, size_t count);

/* Whether values are programs; whether they are programs or maps: a file may name them, and maps_write() does. */
bool maps_names_programs(const struct load_map *map);
bool maps_has_names(const struct load_map *map);
/* The name of what value is in map, or NULL. */
const char *maps_name_of(const struct load_object *object, const struct load_map *map, const uint8_t *value);
/*
 * For maps with names: element's value from its name, if it has one, and a program that it names into the device. 0, 1
 * or -errno with a sentence in error, as offload.h.
 */
int maps_resolve(struct drv_net *net, const struct load_object *object, const struct load_map *map,
		 const struct maps_element *element, char error[static LOAD_ERROR_BYTES]);

/* Writes the elements of the file at path to the device's map with this name. */
enum status maps_fill(struct drv_net *net, const struct load_object *object, const char *name, const char *path,
		      char error[static LOAD_ERROR_BYTES]);
/*
 * The same for each text of the form NAME=FILE, in order: maps_fill_all() for those whose elements are no programs;
 * once the entry is in the device, maps_fill_progs() for the others, and offloads what they name.
 */
enum status maps_fill_all(struct drv_net *net, const struct load_object *object, const char *const *texts, size_t count,
			  char error[static LOAD_ERROR_BYTES]);
enum status maps_fill_progs(struct drv_net *net, const struct load_object *object, const char *const *texts,
			    size_t count, char error[static LOAD_ERROR_BYTES]);

#endif
