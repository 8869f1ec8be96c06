// SPDX-License-Identifier: BSD-2-Clause
/* The program as the C compiler for this machine sees it: the same source, its maps inline (host/bpf/bpf_helpers.h). */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/engine.h"
#include "bench/native_map.h"

struct engine_native {
	struct engine engine;
	const struct load_object *object;
	void *library;
	engine_native_fn *fn;
};

static struct engine_native *native(struct engine *engine)
{
	return (struct engine_native *)engine;
}

engine_native_fn *engine_native_program(const struct engine *engine)
{
	return ((const struct engine_native *)engine)->fn;
}

static void native_close(struct engine *engine)
{
	if (native(engine)->library)
		dlclose(native(engine)->library);
	free(engine);
}

static struct engine *native_open(const struct engine_args *args, char error[static LOAD_ERROR_BYTES])
{
	struct engine_native *n = calloc(1, sizeof(*n));
	char path[PATH_MAX];
	void *fn = NULL;

	if (!n) {
		snprintf(error, LOAD_ERROR_BYTES, "no memory");
		return NULL;
	}
	n->engine.ops = &engine_native;
	n->object = args->object;
	snprintf(path, sizeof(path), "%s/%s.so", args->peers, args->name);
	n->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	fn = n->library ? dlsym(n->library, args->prog->name) : NULL;
	if (fn) {
		n->fn = (engine_native_fn *)(uintptr_t)fn;
		return &n->engine;
	}
	snprintf(error, LOAD_ERROR_BYTES, "%s", dlerror());
	native_close(&n->engine);
	return NULL;
}

/* The map's memory and shape; NULL: there is none of this name. */
static struct native_memory *find(const struct engine_native *n, const char *name, struct native_shape *shape)
{
	uint8_t *variable = dlsym(n->library, name);

	for (size_t i = 0; variable && i < n->object->num_maps; i++) {
		const struct load_map *map = &n->object->maps[i];

		if (strcmp(map->name, name) != 0)
			continue;
		*shape = (struct native_shape){map->type, map->key_size, map->value_size, map->max_entries};
		return (struct native_memory *)(variable + NATIVE_MEMORY_OFFSET);
	}
	return NULL;
}

static int update(struct engine *engine, const char *map, const void *key, const void *value)
{
	struct native_shape shape;
	struct native_memory *memory = find(native(engine), map, &shape);

	return memory ? (int)native_update(memory, key, value, BPF_ANY, shape) : -ENOENT;
}

static int lookup(struct engine *engine, const char *map, const void *key, void *value)
{
	struct native_shape shape;
	struct native_memory *memory = find(native(engine), map, &shape);
	const void *at = memory ? native_lookup(memory, key, shape) : NULL;

	if (!at)
		return -ENOENT;
	memcpy(value, at, shape.value_size);
	return 0;
}

static int run(struct engine *engine, struct fw_frame *frames, size_t count)
{
	engine_native_fn *fn = native(engine)->fn;

	for (size_t i = 0; i < count; i++)
		frames[i].r0 = (uint32_t)fn(&frames[i]);
	return 0;
}

const struct engine_ops engine_native = {
	.key = "native",
	.title = "native C",
	.open = native_open,
	.close = native_close,
	.update = update,
	.lookup = lookup,
	.run = run,
};
