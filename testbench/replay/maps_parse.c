// SPDX-License-Identifier: BSD-2-Clause
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "load/file.h"
#include "replay/maps.h"

__attribute__((format(printf, 2, 3))) static int refuse(char *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, LOAD_ERROR_BYTES, format, args);
	va_end(args);
	return -EINVAL;
}

/* "0x0a", "0a" or 10. */
static int parse_byte(const json_t *json, uint8_t *byte)
{
	const char *text = json_string_value(json);
	char *end;
	long value;

	if (json_is_integer(json)) {
		json_int_t integer = json_integer_value(json);

		if (integer < 0 || integer > 255)
			return -EINVAL;
		*byte = (uint8_t)integer;
		return 0;
	}
	if (!text || strlen(text) > 4 || !isxdigit((unsigned char)text[0]))
		return -EINVAL;
	value = strtol(text, &end, 16);
	if (*end || value < 0 || value > 255)
		return -EINVAL;
	*byte = (uint8_t)value;
	return 0;
}

static int parse_bytes(const json_t *element, const char *what, size_t index, uint8_t *to, uint32_t bytes, char *error)
{
	const json_t *array = json_object_get(element, what);

	if (!json_is_array(array))
		return refuse(error, "element %zu has no \"%s\" that is an array of bytes (\"0x00\" to \"0xff\")",
			      index, what);
	if (json_array_size(array) != bytes)
		return refuse(error, "element %zu: a %s of %zu bytes; the map has %u", index, what,
			      json_array_size(array), bytes);
	for (uint32_t i = 0; i < bytes; i++)
		if (parse_byte(json_array_get(array, i), &to[i]))
			return refuse(error,
				      "element %zu: byte %u of the %s is none (\"0x00\" to \"0xff\" was expected)",
				      index, i, what);
	return 0;
}

/* The array of elements in a document, or NULL with a sentence in error. */
static const json_t *find_elements(const json_t *root, const struct load_map *map, char *error)
{
	const json_t *entry;
	size_t i;

	if (json_is_object(root) && json_object_get(root, "elements"))
		return json_object_get(root, "elements");
	if (!json_is_array(root)) {
		refuse(error, "an array of elements {\"key\": [...], \"value\": [...]} was expected");
		return NULL;
	}
	if (!json_object_get(json_array_get(root, 0), "elements"))
		return root;
	json_array_foreach(root, i, entry)
	{
		const char *name = json_string_value(json_object_get(entry, "name"));

		if (name && strcmp(name, map->name) == 0)
			return json_object_get(entry, "elements");
	}
	refuse(error, "no map '%s' among the %zu maps in it", map->name, json_array_size(root));
	return NULL;
}

static int parse_value(const json_t *json, size_t index, const struct load_map *map, struct maps_element *element,
		       char *error)
{
	const char *name = maps_has_names(map) ? json_string_value(json_object_get(json, "value")) : NULL;

	if (!name)
		return parse_bytes(json, "value", index, element->value, map->value_size, error);
	if (map->value_size != sizeof(uint32_t))
		return refuse(error, "element %zu: values of this map have %u bytes; a name stands for 4", index,
			      map->value_size);
	element->name = strdup(name);
	if (element->name)
		return 0;
	refuse(error, "no memory for element %zu", index);
	return -ENOMEM;
}

/* Bytes of each value where there is one for each of several queues. */
static size_t stride_of(const struct load_map *map)
{
	return ((size_t)map->value_size + 7) & ~(size_t)7;
}

static size_t value_bytes(const struct load_map *map, uint32_t queues)
{
	return queues ? stride_of(map) * queues : map->value_size;
}

/* {"cpu": n, "value": [...]}. */
static int parse_queue_value(const json_t *json, size_t index, const struct load_map *map, uint32_t queues,
			     uint8_t *values, char *error)
{
	const json_t *cpu = json_object_get(json, "cpu");
	json_int_t queue = json_integer_value(cpu);

	if (!json_is_integer(cpu))
		return refuse(error, "element %zu: one of its \"values\" has no \"cpu\" that is a number", index);
	if (queue < 0 || queue >= queues)
		return refuse(error,
			      "element %zu: a value for cpu %lld; the device has %u receive queues, counted from 0",
			      index, (long long)queue, queues);
	return parse_bytes(json, "value", index, values + (size_t)queue * stride_of(map), map->value_size, error);
}

/* One value for each queue, or one that each gets. What "values" leaves out is zero. */
static int parse_queue_values(const json_t *element, size_t index, const struct load_map *map, uint32_t queues,
			      uint8_t *values, char *error)
{
	const json_t *array = json_object_get(element, "values"), *one;
	size_t i;
	int err = 0;

	memset(values, 0, value_bytes(map, queues));
	if (!array) {
		err = parse_bytes(element, "value", index, values, map->value_size, error);
		for (uint32_t queue = 1; queue < queues; queue++)
			memcpy(values + queue * stride_of(map), values, map->value_size);
		return err;
	}
	if (!json_is_array(array))
		return refuse(error, "element %zu: \"values\" is no array of {\"cpu\": 0, \"value\": [...]}", index);
	json_array_foreach(array, i, one)
	{
		err = parse_queue_value(one, index, map, queues, values, error);
		if (err)
			return err;
	}
	return 0;
}

static int parse_element(const json_t *json, size_t index, const struct load_map *map, uint32_t queues,
			 struct maps_element *element, char *error)
{
	int err;

	element->key = malloc(map->key_size + value_bytes(map, queues) + 1);
	if (!element->key) {
		refuse(error, "no memory for element %zu", index);
		return -ENOMEM;
	}
	element->value = element->key + map->key_size;
	err = parse_bytes(json, "key", index, element->key, map->key_size, error);
	if (err)
		return err;
	if (queues)
		return parse_queue_values(json, index, map, queues, element->value, error);
	return parse_value(json, index, map, element, error);
}

int maps_parse(const char *text, size_t bytes, const struct load_map *map, uint32_t queues,
	       struct maps_element **elements, size_t *count, char error[static LOAD_ERROR_BYTES])
{
	json_error_t where;
	json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &where);
	const json_t *array;
	int err = -EINVAL;

	*elements = NULL;
	*count = 0;
	if (!root)
		return refuse(error, "line %d is no JSON: %s", where.line, where.text);
	array = find_elements(root, map, error);
	if (!array)
		goto free;
	if (!json_is_array(array)) {
		refuse(error, "\"elements\" is no array");
		goto free;
	}
	*elements = calloc(json_array_size(array) + 1, sizeof(**elements));
	if (!*elements) {
		refuse(error, "no memory for %zu elements", json_array_size(array));
		err = -ENOMEM;
		goto free;
	}
	err = 0;
	for (size_t i = 0; i < json_array_size(array) && !err; i++) {
		++*count;
		err = parse_element(json_array_get(array, i), i, map, queues, &(*elements)[i], error);
	}
	if (err) {
		maps_free_elements(*elements, *count);
		*elements = NULL;
		*count = 0;
	}
free:
	json_decref(root);
	return err;
}

void maps_free_elements(struct maps_element *elements, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(elements[i].key);
		free(elements[i].name);
	}
	free(elements);
}

static int find_map(const struct load_object *object, const char *name)
{
	for (size_t i = 0; i < object->num_maps; i++)
		if (!object->maps[i].is_template && strcmp(object->maps[i].name, name) == 0)
			return (int)i;
	return -ENOENT;
}

static int write_element(struct drv_net *net, const struct load_object *object, const struct load_map *map,
			 const struct maps_element *element, char error[static LOAD_ERROR_BYTES])
{
	struct drv_xdp_error e = {0};
	int r = maps_has_names(map) ? maps_resolve(net, object, map, element, error) : 0;

	if (r)
		return r;
	r = drv_xdp_map_update(net, (uint32_t)(map - object->maps), VIRTIO_NET_XDP_UPDATE_ANY, element->key,
			       map->key_size, element->value, drv_xdp_value_bytes(net, map->type, map->value_size), &e);
	if (r)
		refuse(error, "%s", r > 0 ? drv_xdp_status_name(e.status) : strerror(-r));
	return r;
}

enum status maps_fill(struct drv_net *net, const struct load_object *object, const char *name, const char *path,
		      char error[static LOAD_ERROR_BYTES])
{
	int id = find_map(object, name), err, r = 0;
	char reason[LOAD_ERROR_BYTES] = "";
	struct maps_element *elements;
	uint8_t *text;
	size_t bytes, count;

	if (id < 0) {
		load_list_maps(object, name, reason, sizeof(reason));
		refuse(error, "--map: %.400s", reason);
		return STATUS_USAGE;
	}

	const struct load_map *map = &object->maps[id];

	err = file_read(path, MAPS_FILE_BYTES_MAX, &text, &bytes);
	if (err) {
		refuse(error, "%s: cannot read it: %s; JSON as refnic and bpftool write it was expected", path,
		       strerror(-err));
		return STATUS_USAGE;
	}
	err = maps_parse((const char *)text, bytes, map, drv_xdp_per_queue(map->type) ? drv_net_receiveqs(net) : 0,
			 &elements, &count, reason);
	free(text);
	if (err) {
		refuse(error, "%.200s: %.300s", path, reason);
		return err == -ENOMEM ? STATUS_ENVIRONMENT : STATUS_USAGE;
	}
	for (size_t i = 0; i < count && !r; i++) {
		r = write_element(net, object, map, &elements[i], reason);
		if (r)
			refuse(error, "%.140s: element %zu cannot be written to map '%.64s': %.240s", path, i, name,
			       reason);
	}
	maps_free_elements(elements, count);
	return status_of_offload(r);
}

/* One --map, if its map holds programs or if it does not, as asked for. */
static enum status fill_text(struct drv_net *net, const struct load_object *object, const char *text, bool programs,
			     char error[static LOAD_ERROR_BYTES])
{
	const char *equals = strchr(text, '=');
	enum status status = STATUS_DONE;
	char *name;
	int id;

	if (!equals || equals == text || !equals[1]) {
		refuse(error, "--map %.200s: NAME=FILE.json was expected", text);
		return STATUS_USAGE;
	}
	name = strndup(text, (size_t)(equals - text));
	if (!name) {
		refuse(error, "no memory for the name of a map");
		return STATUS_ENVIRONMENT;
	}
	id = find_map(object, name);
	if ((id >= 0 && maps_names_programs(&object->maps[id])) == programs)
		status = maps_fill(net, object, name, equals + 1, error);
	free(name);
	return status;
}

enum status maps_fill_all(struct drv_net *net, const struct load_object *object, const char *const *texts, size_t count,
			  char error[static LOAD_ERROR_BYTES])
{
	enum status status = STATUS_DONE;

	for (size_t i = 0; i < count && !status; i++)
		status = fill_text(net, object, texts[i], false, error);
	return status;
}

enum status maps_fill_progs(struct drv_net *net, const struct load_object *object, const char *const *texts,
			    size_t count, char error[static LOAD_ERROR_BYTES])
{
	enum status status = STATUS_DONE;

	for (size_t i = 0; i < count && !status; i++)
		status = fill_text(net, object, texts[i], true, error);
	return status;
}
