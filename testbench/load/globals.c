// SPDX-License-Identifier: BSD-2-Clause
/*
 * Functions that a device can verify by themselves. As in Linux these are the ones that are not static, return a number
 * and take numbers, the context, and pointers to what has a size. Of others the device looks at each call.
 */
#include <errno.h>
#include <string.h>

#include "load/linker.h"
#include "virtio_net_xdp.h"

static bool is_number(uint32_t kind)
{
	return kind == BTF_KIND_INT || kind == BTF_KIND_ENUM || kind == BTF_KIND_ENUM64;
}

/* The function's description, or 0. */
static uint32_t find(const struct btf *btf, const char *name)
{
	for (uint32_t id = 1; id < btf->count; id++)
		if (btf_kind(btf, id) == BTF_KIND_FUNC && strcmp(btf_name(btf, id), name) == 0)
			return id;
	return 0;
}

/* Whether argument n of the function has the tag. */
static bool has_tag(const struct btf *btf, uint32_t func, uint32_t n, const char *tag)
{
	for (uint32_t id = 1; id < btf->count; id++) {
		struct btf_type type = btf_type(btf, id);
		struct btf_decl_tag at;

		if (BTF_INFO_KIND(type.info) != BTF_KIND_DECL_TAG || type.type != func)
			continue;
		memcpy(&at, btf->at[id] + sizeof(type), sizeof(at));
		if (at.component_idx == (int32_t)n && strcmp(btf_name(btf, id), tag) == 0)
			return true;
	}
	return false;
}

/* What Linux calls it, or libbpf for all kinds of programs. */
static bool is_context(const struct btf *btf, uint32_t to)
{
	const char *name = btf_name(btf, to);

	return btf_kind(btf, to) == BTF_KIND_STRUCT && strcmp(name, "xdp_md") == 0;
}

static bool take_arg(const struct btf *btf, uint32_t func, uint32_t n, uint32_t type, struct load_global *to)
{
	uint32_t id = btf_resolve(btf, type), pointee;
	int64_t bytes;

	if (is_number(btf_kind(btf, id))) {
		to->kinds[n] = VIRTIO_NET_XDP_FUNC_NUMBER;
		return true;
	}
	if (btf_kind(btf, id) != BTF_KIND_PTR)
		return false;
	pointee = btf_resolve(btf, btf_type(btf, id).type);
	if (is_context(btf, pointee) || has_tag(btf, func, n, "arg:ctx")) {
		to->kinds[n] = VIRTIO_NET_XDP_FUNC_CONTEXT;
		return true;
	}
	bytes = btf_size(btf, pointee);
	if (bytes <= 0 || bytes > 1 << 29)
		return false;
	to->kinds[n] =
		has_tag(btf, func, n, "arg:nonnull") ? VIRTIO_NET_XDP_FUNC_MEMORY : VIRTIO_NET_XDP_FUNC_MEMORY_OR_NULL;
	to->bytes[n] = (uint32_t)bytes;
	return true;
}

static bool take_proto(const struct btf *btf, uint32_t func, struct load_global *to)
{
	uint32_t proto = btf_resolve(btf, btf_type(btf, func).type);
	struct btf_type type = btf_type(btf, proto);
	uint32_t count = BTF_INFO_VLEN(type.info);

	if (BTF_INFO_KIND(type.info) != BTF_KIND_FUNC_PROTO || count > LOAD_ARGS ||
	    !is_number(btf_kind(btf, btf_resolve(btf, type.type))))
		return false;
	for (uint32_t n = 0; n < count; n++) {
		struct btf_param param;

		memcpy(&param, btf->at[proto] + sizeof(type) + n * sizeof(param), sizeof(param));
		if (!take_arg(btf, func, n, param.type, to))
			return false;
	}
	return true;
}

int globals_take(struct linker *linker, const struct linker_function *function, struct load_global *to, bool *found)
{
	const struct btf *btf = linker->btf;
	uint32_t func;

	*found = false;
	memset(to, 0, sizeof(*to));
	if (!function->is_global || !btf->count)
		return 0;
	/* once for the name, and perhaps twice for the tags of each argument */
	if (linker_spend(linker, (uint64_t)btf->count * (1 + 2 * LOAD_ARGS)))
		return -EINVAL;
	func = find(btf, function->name);
	*found = func && take_proto(btf, func, to);
	return 0;
}
