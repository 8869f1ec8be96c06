// SPDX-License-Identifier: BSD-2-Clause
#include "replay/json_text.h"

#include <stdlib.h>
#include <string.h>

json_t *json_text(const char *text)
{
	json_t *json;
	char *copy;

	if (!text)
		return json_null();
	json = json_string(text);
	if (json)
		return json;
	copy = strdup(text);
	for (char *c = copy; c && *c; c++)
		if ((unsigned char)*c > 0x7f)
			*c = '?';
	json = copy ? json_string(copy) : NULL;
	free(copy);
	return json ? json : json_null();
}
