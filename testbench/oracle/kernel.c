// SPDX-License-Identifier: BSD-2-Clause
#include "oracle/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct kernel {
	struct bpf_object *object;
	struct bpf_program *prog;
	int fd; /* of prog, the object's */
};

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

struct kernel *kernel_open(const char *object)
{
	struct kernel *k = calloc(1, sizeof(*k));
	int err;

	if (!k)
		return NULL;
	libbpf_set_print(quiet);
	k->object = bpf_object__open_file(object, NULL);
	err = libbpf_get_error(k->object);
	if (err) {
		free(k);
		errno = -err;
		return NULL;
	}
	err = bpf_object__load(k->object);
	if (err) {
		kernel_close(k);
		errno = -err;
		return NULL;
	}
	k->prog = bpf_object__next_program(k->object, NULL);
	k->fd = bpf_program__fd(k->prog);
	return k;
}

void kernel_close(struct kernel *k)
{
	if (!k)
		return;
	bpf_object__close(k->object);
	free(k);
}

int kernel_map_update(struct kernel *k, const char *name, const void *key, const void *value)
{
	return bpf_map_update_elem(bpf_object__find_map_fd_by_name(k->object, name), key, value, BPF_ANY) ? -errno : 0;
}

int kernel_map_lookup(struct kernel *k, const char *name, const void *key, void *value)
{
	return bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(k->object, name), key, value) ? -errno : 0;
}

size_t kernel_map_count(struct kernel *k, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(k->object, name);
	uint8_t *key = calloc(1, bpf_map__key_size(map)), *next = calloc(1, bpf_map__key_size(map));
	size_t count = 0;

	while (key && next && bpf_map_get_next_key(bpf_map__fd(map), count ? key : NULL, next) == 0) {
		memcpy(key, next, bpf_map__key_size(map));
		count++;
	}
	free(key);
	free(next);
	return count;
}

int kernel_run(struct kernel *k, uint8_t *frame, uint32_t *bytes, uint32_t room, uint32_t *retval)
{
	uint8_t out[KERNEL_FRAME_MAX + 1024];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = *bytes, .data_out = out,
		    .data_size_out = sizeof(out), .repeat = 1);

	if (bpf_prog_test_run_opts(k->fd, &opts))
		return -errno;
	if (opts.data_size_out > room)
		return -ENOSPC;
	memcpy(frame, out, opts.data_size_out);
	*bytes = opts.data_size_out;
	*retval = opts.retval;
	return 0;
}

int kernel_time(struct kernel *k, const uint8_t *frame, uint32_t bytes, uint32_t repeat, uint32_t *retval, uint32_t *ns)
{
	struct bpf_test_run_opts opts = {
		.sz = sizeof(opts), .data_in = frame, .data_size_in = bytes, .repeat = (int)repeat};

	if (bpf_prog_test_run_opts(k->fd, &opts))
		return -errno;
	*retval = opts.retval;
	*ns = opts.duration;
	return 0;
}

int kernel_load_again(struct kernel *k)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, NULL, "GPL", bpf_program__insns(k->prog),
			       bpf_program__insn_cnt(k->prog), NULL);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

bool kernel_has_jit(void)
{
	FILE *file = fopen("/proc/sys/net/core/bpf_jit_enable", "re");
	int first = file ? getc(file) : '1'; /* a kernel that always compiles has no such file */

	if (file)
		fclose(file);
	return first != '0';
}
