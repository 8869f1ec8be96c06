// SPDX-License-Identifier: BSD-2-Clause
#include "replay/violations.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

int violations_take(struct violations *v, const struct strict *s)
{
	*v = (struct violations){NULL, 0};
	if (!s)
		return 0;
	v->rows = calloc(STRICT_ROWS, sizeof(*v->rows));
	if (!v->rows)
		return -ENOMEM;
	for (enum strict_row row = 0; row < STRICT_ROWS; row++) {
		struct violation *to = &v->rows[v->count];

		if (!strict_count(s, row))
			continue;
		to->statement = strict_text(row);
		to->times = strict_count(s, row);
		snprintf(to->event, sizeof(to->event), "%s", strict_event(s, row));
		v->count++;
	}
	return 0;
}

void violations_free(struct violations *v)
{
	free(v->rows);
	*v = (struct violations){NULL, 0};
}

void violations_print(FILE *to, const struct violations *v, const char *command)
{
	for (size_t i = 0; i < v->count; i++) {
		const struct violation *row = &v->rows[i];

		fprintf(to, "refnic %s: the driver violates %s (%s), seen %" PRIu64 " time%s: %s: %s\n", command,
			row->statement->id, row->statement->level, row->times, row->times == 1 ? "" : "s",
			row->statement->text, row->event);
	}
}

json_t *violations_json(const struct violations *v)
{
	json_t *rows = json_array();

	for (size_t i = 0; rows && i < v->count; i++) {
		const struct violation *row = &v->rows[i];

		json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:I, s:s}", "id", row->statement->id, "level",
						      row->statement->level, "text", row->statement->text, "times",
						      (json_int_t)row->times, "event", row->event));
	}
	return rows;
}
