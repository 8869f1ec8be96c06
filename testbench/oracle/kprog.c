// SPDX-License-Identifier: BSD-2-Clause
#include "oracle/kprog.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int kprog_map(const struct load_map *map, int inner)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = map->flags, .inner_map_fd = inner < 0 ? 0 : (__u32)inner);
	int fd = bpf_map_create((enum bpf_map_type)map->type, "refnic", map->key_size, map->value_size,
				map->max_entries, &opts);

	return fd < 0 ? -errno : fd;
}

/* bpf(2) itself, not libbpf's bpf_prog_load(): that one loads again with a log when the kernel has refused. */
int kprog_load(const uint8_t *wire, uint32_t slots, const int *maps, size_t num_maps, char *log)
{
	static struct bpf_insn insns[KPROG_SLOTS_MAX];
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_level = log ? 1 : 0, .log_buf = log,
		    .log_size = log ? KPROG_LOG_BYTES : 0);
	int fd;

	if (slots > KPROG_SLOTS_MAX)
		return -E2BIG;
	memcpy(insns, wire, (size_t)slots * 8);
	for (uint32_t i = 0; i < slots; i++) {
		struct bpf_insn *insn = &insns[i];

		if (insn->code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if ((insn->src_reg == BPF_PSEUDO_MAP_FD || insn->src_reg == BPF_PSEUDO_MAP_VALUE) &&
		    (uint32_t)insn->imm < num_maps)
			insn->imm = maps[insn->imm];
		else if (insn->src_reg)
			insn->imm = -1;
		i++;
	}
	fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "refnic", "Dual BSD/GPL", insns, slots, &opts);
	return fd < 0 ? -errno : fd;
}

int kprog_run(int prog, const uint8_t *frame, uint32_t bytes, uint8_t *out, uint32_t *out_bytes, uint32_t *r0)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = bytes, .data_out = out,
		    .data_size_out = *out_bytes, .repeat = 1);

	if (bpf_prog_test_run_opts(prog, &opts))
		return -errno;
	*out_bytes = opts.data_size_out;
	*r0 = opts.retval;
	return 0;
}
