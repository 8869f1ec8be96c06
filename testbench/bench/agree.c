// SPDX-License-Identifier: BSD-2-Clause
#include "bench/agree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/sample.h"

#define ROOM_BYTES 256 /* before and behind each frame */

struct mixed {
	uint8_t area[SAMPLE_MIXED][ROOM_BYTES + SAMPLE_MIXED_BYTES + ROOM_BYTES];
	struct fw_frame frames[SAMPLE_MIXED];
};

/* FNV-1a. */
static uint64_t add(uint64_t hash, const void *bytes, size_t count)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < count; i++)
		hash = (hash ^ at[i]) * 0x100000001b3;
	return hash;
}

int agree_run(struct engine *engine, uint64_t *hash)
{
	struct mixed *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return -ENOMEM;
	for (uint32_t i = 0; i < SAMPLE_MIXED; i++) {
		uint8_t *data = m->area[i] + ROOM_BYTES;

		m->frames[i] = (struct fw_frame){
			.data = data,
			.data_end = data + sample_mixed(i, data),
			.data_meta = data,
			.hard_start = m->area[i],
			.hard_end = m->area[i] + sizeof(m->area[i]),
		};
	}
	err = engine->ops->run(engine, m->frames, SAMPLE_MIXED);
	*hash = 0xcbf29ce484222325;
	for (uint32_t i = 0; i < SAMPLE_MIXED; i++) {
		const struct fw_frame *f = &m->frames[i];
		uint32_t retval = (uint32_t)f->r0, bytes = (uint32_t)(f->data_end - f->data);

		*hash = add(*hash, &retval, sizeof(retval));
		*hash = add(*hash, &bytes, sizeof(bytes));
		*hash = add(*hash, f->data, bytes);
	}
	free(m);
	return err;
}

static int add_map(struct engine *engine, struct engine *refnic, const struct load_map *map, uint64_t *hash)
{
	uint8_t *key = calloc(2, map->key_size), *next = key ? key + map->key_size : NULL;
	uint8_t *value = calloc(1, map->value_size);
	int err = key && value ? 0 : -ENOMEM;

	for (bool first = true; !err && !engine_fw_next(refnic, map->name, first ? NULL : key, next); first = false) {
		int missing;

		memcpy(key, next, map->key_size);
		memset(value, 0, map->value_size);
		missing = engine->ops->lookup(engine, map->name, key, value);
		*hash = add(*hash, key, map->key_size);
		*hash = add(*hash, &missing, sizeof(missing));
		*hash = add(*hash, value, map->value_size);
	}
	free(key);
	free(value);
	return err;
}

int agree_maps(struct engine *engine, struct engine *refnic, const struct load_object *object, uint64_t *hash)
{
	int err = 0;

	*hash = 0xcbf29ce484222325;
	for (size_t i = 0; i < object->num_maps && !err; i++)
		err = add_map(engine, refnic, &object->maps[i], hash);
	return err;
}
