// SPDX-License-Identifier: BSD-2-Clause
#include "load/raw.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/hex.h"
#include "load/maptype.h"
#include "virtio_net_xdp.h"

/* 0; 1: a number too large for the command; -EINVAL: no number. */
static int parse_u32(const char *text, uint32_t *value)
{
	unsigned long long number;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	number = strtoull(text, &end, 0);
	if (*end)
		return -EINVAL;
	if (errno || number > UINT32_MAX)
		return 1;
	*value = (uint32_t)number;
	return 0;
}

#define INNER 5 /* place of the field */

static bool holds_maps(const struct load_map *map)
{
	return map->type == VIRTIO_NET_XDP_MAP_ARRAY_OF || map->type == VIRTIO_NET_XDP_MAP_HASH_OF;
}

static int parse_map(const char *text, size_t index, struct load_map *map, char error[static LOAD_ERROR_BYTES])
{
	uint32_t *const fields[] = {&map->type,        &map->key_size, &map->value_size,
				    &map->max_entries, &map->flags,    &map->inner};
	size_t n = 0, too_large = 0;
	char *copy = strdup(text), *rest = copy;
	int err = 0;

	map->inner = LOAD_NO_MAP;
	if (!copy) {
		snprintf(error, LOAD_ERROR_BYTES, "no memory for --map");
		return -ENOMEM;
	}
	for (char *field = strsep(&rest, ":"); field && err >= 0; field = strsep(&rest, ":"), n++) {
		if (n == sizeof(fields) / sizeof(fields[0]))
			err = -EINVAL;
		else if (n > 0 || maptype_parse(field, fields[0]))
			err = parse_u32(field, fields[n]);
		too_large += err == 1;
	}
	free(copy);
	snprintf(map->name, sizeof(map->name), "map%zu", index);
	if (err < 0 || n < 4) {
		snprintf(error, LOAD_ERROR_BYTES,
			 "--map %.64s: TYPE:KEY:VALUE:ENTRIES[:FLAGS[:INNER]] was expected, as in hash:4:8:16", text);
		return -EINVAL;
	}
	if (too_large)
		snprintf(error, LOAD_ERROR_BYTES, "--map %.64s: a number of more than 32 bits", text);
	else if (n > INNER && !holds_maps(map))
		snprintf(error, LOAD_ERROR_BYTES,
			 "--map %.64s: INNER is for maps of maps; this is type %u %s, whose values are no maps", text,
			 map->type, maptype_name(map->type));
	return error[0] ? 1 : 0;
}

static int take_insns(struct load_prog *prog, const char *hex, size_t length, char error[static LOAD_ERROR_BYTES])
{
	size_t bytes, where;
	int err = hex_decode(hex, length, &prog->insns, &bytes, &where);

	snprintf(prog->name, sizeof(prog->name), "insns");
	if (err == -EINVAL && where < length) {
		snprintf(error, LOAD_ERROR_BYTES, "character %zu of the instructions is no hexadecimal digit",
			 where + 1);
		return err;
	}
	if (err == -EINVAL) {
		snprintf(error, LOAD_ERROR_BYTES,
			 "the instructions end in half a byte: an odd number of hexadecimal digits");
		return 1;
	}
	if (err) {
		snprintf(error, LOAD_ERROR_BYTES, "no memory for the instructions");
		return err;
	}
	if (bytes % 8 || bytes / 8 > UINT32_MAX) {
		snprintf(error, LOAD_ERROR_BYTES, "%zu bytes of instructions; a multiple of 8 was expected", bytes);
		return 1;
	}
	prog->count = (uint32_t)(bytes / 8);
	return 0;
}

int raw_open(const char *hex, size_t length, const char *const *maps, size_t count, struct load_object **object,
	     char error[static LOAD_ERROR_BYTES])
{
	struct load_object *o = calloc(1, sizeof(*o));
	int err = -ENOMEM;

	if (!o)
		goto no_memory;
	o->progs = calloc(1, sizeof(*o->progs));
	o->maps = calloc(count ? count : 1, sizeof(*o->maps));
	if (!o->progs || !o->maps)
		goto no_memory;
	o->num_progs = 1;
	o->progs->is_entry = true;
	o->num_maps = count;
	o->gpl_compatible = true;
	for (size_t i = 0; i < count; i++) {
		err = parse_map(maps[i], i, &o->maps[i], error);
		if (err)
			goto free;
	}
	err = take_insns(o->progs, hex, length, error);
	if (err)
		goto free;
	*object = o;
	return 0;
no_memory:
	snprintf(error, LOAD_ERROR_BYTES, "no memory for the program");
free:
	load_free(o);
	return err;
}
