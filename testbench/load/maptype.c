// SPDX-License-Identifier: BSD-2-Clause
#include "load/maptype.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
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
