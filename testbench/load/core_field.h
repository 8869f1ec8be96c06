/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields of types: as the object lays them out, and as the device does. */
#ifndef TESTBENCH_LOAD_CORE_FIELD_H
#define TESTBENCH_LOAD_CORE_FIELD_H

#include "load/linker.h"

#define CORE_PATH_MAX  64
#define CORE_PATH_TEXT 192

/* Which element, then which member or element of it, and so on. */
struct core_path {
	uint32_t index[CORE_PATH_MAX];
	uint32_t count; /* at least 1 */
};

struct core_field {
	uint64_t bit;   /* where it begins */
	uint32_t bits;  /* how long it is */
	uint32_t width; /* bits, of a bit field; else 0 */
	uint64_t byte;  /* what is to be loaded for it, */
	uint32_t bytes; /* and how much */
	bool is_signed;
	bool is_plain; /* a pointer or an unsigned integer: a load of another width does no harm */
};

/* "0:1:2". 0 or -EINVAL. */
int core_field_parse(const char *text, struct core_path *path);

/*
 * The field of type where path leads. 0; -ENOENT: there is none; -EINVAL with linker->error if the object's types are
 * made to take too long.
 */
int core_field_own(struct linker *linker, uint32_t type, const struct core_path *path, struct core_field *field);
/* The same in the device's type of that name; path leads somewhere in the object's. */
int core_field_device(struct linker *linker, uint32_t type, const struct core_path *path, struct core_field *field);
/* The object's type that is as the device's type of this name is, and its bytes (-EINVAL: it has no size). */
int core_field_device_type(struct linker *linker, uint32_t type, uint32_t *device, int64_t *bytes);

/* Up to a "___flavor" at their ends. */
bool core_field_same_name(const char *a, const char *b);

/* "sk_buff.len"; without path "sk_buff". */
void core_field_print(const struct btf *btf, uint32_t type, const struct core_path *path, char *to, size_t bytes);

#endif
