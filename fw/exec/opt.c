/* SPDX-License-Identifier: BSD-2-Clause */
#include "exec/opt.h"
#include "le.h"
#include "virtio_net_xdp.h"

bool opt_array(struct map *map, struct opt_array *array)
{
	le32 first = cpu_to_le32(0), second = cpu_to_le32(1);

	if (map->attr.type != VIRTIO_NET_XDP_MAP_ARRAY)
		return false;
	array->base = (uintptr_t)map->ops->lookup(map, &first, 0);
	array->entries = map->attr.max_entries;
	array->stride = array->entries > 1 ? (uintptr_t)map->ops->lookup(map, &second, 0) - array->base : 8;
	return array->entries <= INT32_MAX;
}

int opt_run(const struct exec_prog *prog, const uint8_t *mark, uint32_t forms, struct arena *scratch, struct opt *opt)
{
	(void)mark, (void)forms;
	opt->insns = arena_alloc(scratch, prog->count * sizeof(*opt->insns));
	opt->form = arena_alloc(scratch, prog->count);
	if (!opt->insns || !opt->form) {
		opt_free(opt, scratch);
		return -ENOMEM;
	}
	mem_copy(opt->insns, prog->insns, prog->count * sizeof(*opt->insns));
	return 0;
}

void opt_free(struct opt *opt, struct arena *scratch)
{
	arena_free(scratch, opt->form);
	arena_free(scratch, opt->insns);
	*opt = (struct opt){0};
}
