// SPDX-License-Identifier: BSD-2-Clause
#include "unit/testbench/objects.h"

#include <criterion/criterion.h>
#include <stdio.h>

void objects_print_maps(const struct load_object *object, char *to, size_t bytes)
{
	size_t used = 0;

	to[0] = 0;
	for (size_t i = 0; i < object->num_maps; i++) {
		const struct load_map *map = &object->maps[i];

		used += (size_t)snprintf(to + used, bytes - used, "%s%s %u %u %u %u %x%s%s", i ? "; " : "", map->name,
					 map->type, map->key_size, map->value_size, map->max_entries, map->flags,
					 map->is_template ? " template" : "", map->freeze ? " frozen" : "");
		for (uint32_t j = 0; map->data && j < map->value_size && j < 8; j++)
			used += (size_t)snprintf(to + used, bytes - used, "%s%02x", j ? "" : " ", map->data[j]);
		if (map->inner != LOAD_NO_MAP)
			used += (size_t)snprintf(to + used, bytes - used, " of %s", object->maps[map->inner].name);
		for (size_t j = 0; j < map->num_slots; j++)
			used += (size_t)snprintf(to + used, bytes - used, " %u=%s", map->slots[j].key,
						 map->inner != LOAD_NO_MAP ? object->maps[map->slots[j].target].name
									   : object->progs[map->slots[j].target].name);
		cr_assert_lt(used, bytes);
	}
}
