// SPDX-License-Identifier: BSD-2-Clause
#include "load/maptype.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	uint32_t type;
	const char *name;
} types[] = {
#define MAPTYPE(number, name) {number, name},
#include "load/maptype.def"
#undef MAPTYPE
};

const char *maptype_name(uint32_t type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	return "unknown";
}

int maptype_parse(const char *text, uint32_t *type)
{
	unsigned long long number;
	char *end;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, text) == 0) {
			*type = types[i].type;
			return 0;
		}
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	number = strtoull(text, &end, 0);
	if (errno || *end || number > UINT32_MAX)
		return -EINVAL;
	*type = (uint32_t)number;
	return 0;
}

void maptype_flags(char text[static MAPTYPE_FLAGS_BYTES], uint32_t flags)
{
	static const char *const names[32] = {
#define MAPFLAG(bit, name) [bit] = name,
#include "load/mapflag.def"
#undef MAPFLAG
	};
	size_t used = 0;
	uint32_t rest = 0;

	text[0] = 0;
	for (unsigned bit = 0; bit < 32; bit++) {
		if (!(flags >> bit & 1))
			continue;
		if (!names[bit])
			rest |= 1u << bit;
		else if (used + strlen(names[bit]) + sizeof(" | 0x00000000") <= MAPTYPE_FLAGS_BYTES)
			used += (size_t)sprintf(text + used, "%s%s", used ? " | " : "", names[bit]);
	}
	if (rest)
		sprintf(text + used, "%s0x%x", used ? " | " : "", rest);
}
