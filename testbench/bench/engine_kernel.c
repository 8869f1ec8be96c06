// SPDX-License-Identifier: BSD-2-Clause
/* Linux's JIT, through BPF_PROG_TEST_RUN. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/engine.h"
#include "oracle/kernel.h"

struct engine_linux {
	struct engine engine;
	struct kernel *kernel;
};

static struct kernel *kernel_of(struct engine *engine)
{
	return ((struct engine_linux *)engine)->kernel;
}

static void linux_close(struct engine *engine)
{
	kernel_close(kernel_of(engine));
	free(engine);
}

static struct engine *linux_open(const struct engine_args *args, char error[static LOAD_ERROR_BYTES])
{
	struct engine_linux *l = calloc(1, sizeof(*l));
	char path[PATH_MAX];

	if (!l) {
		snprintf(error, LOAD_ERROR_BYTES, "no memory");
		return NULL;
	}
	l->engine.ops = &engine_kernel;
	snprintf(path, sizeof(path), "%s/%s.bpf.o", args->progs, args->name);
	l->kernel = kernel_open(path);
	if (l->kernel)
		return &l->engine;
	snprintf(error, LOAD_ERROR_BYTES, "the kernel does not let us load it with bpf(): %s", strerror(errno));
	free(l);
	return NULL;
}

static int update(struct engine *engine, const char *map, const void *key, const void *value)
{
	return kernel_map_update(kernel_of(engine), map, key, value);
}

static int lookup(struct engine *engine, const char *map, const void *key, void *value)
{
	return kernel_map_lookup(kernel_of(engine), map, key, value);
}

static int run(struct engine *engine, struct fw_frame *frames, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		struct fw_frame *f = &frames[i];
		uint8_t bytes[KERNEL_FRAME_MAX];
		uint32_t length = (uint32_t)(f->data_end - f->data), retval = 0;

		if (length > sizeof(bytes))
			return -EMSGSIZE;
		memcpy(bytes, f->data, length);
		err = kernel_run(kernel_of(engine), bytes, &length, sizeof(bytes), &retval);
		if (err)
			break;
		if ((size_t)(f->hard_end - f->hard_start) < length)
			return -EMSGSIZE;
		f->data = f->data_meta = f->hard_start; /* where it is does not matter: all of it has changed */
		f->data_end = f->data + length;
		memcpy(f->data, bytes, length);
		f->r0 = retval;
	}
	return err;
}

static int load(struct engine *engine)
{
	return kernel_load_again(kernel_of(engine));
}

static int repeat(struct engine *engine, const struct fw_frame *frame, uint32_t times, uint32_t *ns)
{
	uint32_t retval;

	return kernel_time(kernel_of(engine), frame->data, (uint32_t)(frame->data_end - frame->data), times, &retval,
			   ns);
}

const struct engine_ops engine_kernel = {
	.key = "kernel",
	.title = "Linux JIT",
	.open = linux_open,
	.close = linux_close,
	.update = update,
	.lookup = lookup,
	.run = run,
	.load = load,
	.repeat = repeat,
};
