// SPDX-License-Identifier: BSD-2-Clause
#include "load/btf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct btf_type btf_type(const struct btf *btf, uint32_t id)
{
	struct btf_type type = {0};

	if (id && id < btf->count)
		memcpy(&type, btf->at[id], sizeof(type));
	return type;
}

uint32_t btf_kind(const struct btf *btf, uint32_t id)
{
	return BTF_INFO_KIND(btf_type(btf, id).info);
}

const char *btf_name(const struct btf *btf, uint32_t id)
{
	const char *name = btf->count ? btf_string(btf, btf_type(btf, id).name_off) : NULL;

	return name ? name : "";
}

static bool is_modifier(uint32_t kind)
{
	return kind == BTF_KIND_CONST || kind == BTF_KIND_VOLATILE || kind == BTF_KIND_RESTRICT ||
	       kind == BTF_KIND_TYPEDEF || kind == BTF_KIND_TYPE_TAG;
}

uint32_t btf_resolve(const struct btf *btf, uint32_t id)
{
	/* That modifiers come to an end was checked. */
	while (is_modifier(btf_kind(btf, id)))
		id = btf_type(btf, id).type;
	return id;
}

int64_t btf_size(const struct btf *btf, uint32_t id)
{
	uint64_t times = 1, bytes;

	for (int depth = 0; depth < BTF_DEPTH_MAX; depth++) {
		struct btf_type type;

		id = btf_resolve(btf, id);
		type = btf_type(btf, id);
		switch (BTF_INFO_KIND(type.info)) {
		case BTF_KIND_INT:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_FLOAT:
			bytes = times * type.size;
			return bytes > UINT32_MAX ? -EINVAL : (int64_t)bytes;
		case BTF_KIND_PTR:
			bytes = times * 8;
			return bytes > UINT32_MAX ? -EINVAL : (int64_t)bytes;
		case BTF_KIND_ARRAY: {
			struct btf_array array = btf_array(btf, id);

			/* Both below 2^32. */
			times *= array.nelems;
			if (times > UINT32_MAX)
				return -EINVAL;
			id = array.type;
			break;
		}
		default:
			return -EINVAL;
		}
	}
	return -EINVAL;
}

static const uint8_t *item(const struct btf *btf, uint32_t id, uint32_t index, size_t bytes)
{
	return btf->at[id] + sizeof(struct btf_type) + index * bytes;
}

struct btf_member btf_member(const struct btf *btf, uint32_t id, uint32_t index)
{
	struct btf_member member;

	memcpy(&member, item(btf, id, index, sizeof(member)), sizeof(member));
	return member;
}

struct btf_array btf_array(const struct btf *btf, uint32_t id)
{
	struct btf_array array;

	memcpy(&array, item(btf, id, 0, 0), sizeof(array));
	return array;
}

struct btf_var_secinfo btf_secinfo(const struct btf *btf, uint32_t id, uint32_t index)
{
	struct btf_var_secinfo info;

	memcpy(&info, item(btf, id, index, sizeof(info)), sizeof(info));
	return info;
}

const char *btf_enumerator(const struct btf *btf, uint32_t id, uint32_t index, uint64_t *value)
{
	struct btf_type type = btf_type(btf, id);
	const char *name;

	if (BTF_INFO_KIND(type.info) == BTF_KIND_ENUM64) {
		struct btf_enum64 e;

		memcpy(&e, item(btf, id, index, sizeof(e)), sizeof(e));
		*value = (uint64_t)e.val_hi32 << 32 | e.val_lo32;
		name = btf_string(btf, e.name_off);
	} else {
		struct btf_enum e;

		memcpy(&e, item(btf, id, index, sizeof(e)), sizeof(e));
		/* The flag says that values are signed. */
		*value = BTF_INFO_KFLAG(type.info) ? (uint64_t)(int64_t)e.val : (uint32_t)e.val;
		name = btf_string(btf, e.name_off);
	}
	return name ? name : "";
}

size_t btf_record_from(const struct btf_records *records, uint32_t section, uint64_t offset)
{
	size_t low = 0, high = records->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct btf_record *record = &records->at[middle];

		if (record->section < section || (record->section == section && record->offset < offset))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
