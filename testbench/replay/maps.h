/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contents of maps: read out of a device, written as JSON, and read from JSON into a device. Elements are as bpftool
 * prints them:
 * {"key": ["0x01", ...], "value": ["0x02", ...]}.
 */
#ifndef TESTBENCH_REPLAY_MAPS_H
#define TESTBENCH_REPLAY_MAPS_H

#include <jansson.h>
#include <stdio.h>

#include "guest-driver/core/xdp.h"
#include "load/load.h"
#include "load/status.h"

#define MAPS_FILE_BYTES_MAX ((size_t)256 << 20)

/* One map's contents: count elements of key_size + value_size bytes each, sorted by key. */
struct maps_dump {
	const struct load_map *map; /* the object's */
	uint8_t *elements;
	size_t count;
};

struct maps {
	struct maps_dump *dumps; /* as in the object */
	size_t count;
};

/* Reads every map of object. 0, or -errno or 1 with a sentence in error. maps_free() in any case. */
int maps_read(struct drv_net *net, const struct load_object *object, struct maps *maps,
	      char error[static LOAD_ERROR_BYTES]);
void maps_free(struct maps *maps);

static inline const uint8_t *maps_key(const struct maps_dump *dump, size_t i)
{
	return dump->elements + i * ((size_t)dump->map->key_size + dump->map->value_size);
}

static inline const uint8_t *maps_value(const struct maps_dump *dump, size_t i)
{
	return maps_key(dump, i) + dump->map->key_size;
}

/* A map's name, which is printable ASCII, in quotes. */
void maps_write_name(FILE *file, const char *name);
/* maps.json. Errors show in ferror(). */
void maps_write(FILE *file, const struct maps *maps);

/* What a file of elements or of maps says about one map. */
struct maps_element {
	uint8_t *key, *value; /* key_size and value_size bytes, in one piece of memory at key */
};

/*
 * The elements for map in text, which is JSON: an array of elements, or of maps as maps_write() writes them, of which
 * the one with the map's name is taken. *elements is the caller's, one free() for each key and one for the array. 0, or
 * -EINVAL or -ENOMEM with one sentence (without the file's name) in error.
 */
int maps_parse(const char *text, size_t bytes, const struct load_map *map, struct maps_element **elements,
	       size_t *count, char error[static LOAD_ERROR_BYTES]);
void maps_free_elements(struct maps_element *elements, size_t count);

/* Writes the elements of the file at path to the device's map with this name. */
enum status maps_fill(struct drv_net *net, const struct load_object *object, const char *name, const char *path,
		      char error[static LOAD_ERROR_BYTES]);
/* The same for each text of the form NAME=FILE, in order. */
enum status maps_fill_all(struct drv_net *net, const struct load_object *object, const char *const *texts, size_t count,
			  char error[static LOAD_ERROR_BYTES]);

#endif
