// SPDX-License-Identifier: BSD-2-Clause
#include "bench/report.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#define NAME_WIDTH   30
#define COLUMN_WIDTH 11

struct report_table *report_table(struct report *report, const char *key, const struct report_column *columns,
				  size_t num_columns, const char *title, ...)
{
	struct report_table *table = &report->tables[report->num_tables];
	va_list args;

	assert(report->num_tables < REPORT_TABLES_MAX && num_columns <= REPORT_COLUMNS_MAX);
	report->num_tables++;
	*table = (struct report_table){.key = key, .columns = columns, .num_columns = num_columns};
	va_start(args, title);
	vsnprintf(table->title, sizeof(table->title), title, args);
	va_end(args);
	return table;
}

struct report_row *report_row(struct report_table *table, const char *key, const char *name)
{
	struct report_row *row = &table->rows[table->num_rows];

	if (table->num_rows == REPORT_ROWS_MAX)
		return NULL;
	table->num_rows++;
	snprintf(row->key, sizeof(row->key), "%s", key);
	snprintf(row->name, sizeof(row->name), "%s", name);
	row->remark[0] = 0;
	for (size_t i = 0; i < REPORT_COLUMNS_MAX; i++)
		row->values[i] = NAN;
	return row;
}

void report_note(struct report *report, const char *format, ...)
{
	char note[REPORT_TEXT_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(note, sizeof(note), format, args);
	va_end(args);
	for (size_t i = 0; i < report->num_notes; i++)
		if (strcmp(report->notes[i], note) == 0)
			return;
	if (report->num_notes < REPORT_NOTES_MAX)
		memcpy(report->notes[report->num_notes++], note, sizeof(note));
}

static void print_value(FILE *to, const struct report_column *column, double value)
{
	if (isnan(value))
		fprintf(to, "%*s", COLUMN_WIDTH, "-");
	else if (column->ratio)
		fprintf(to, "%*.*fx", COLUMN_WIDTH - 1, column->decimals, value);
	else
		fprintf(to, "%*.*f", COLUMN_WIDTH, column->decimals, value);
}

static void print_table(FILE *to, const struct report_table *table)
{
	fprintf(to, "\n%s\n%-*s", table->title, NAME_WIDTH, "");
	for (size_t i = 0; i < table->num_columns; i++)
		fprintf(to, "%*s", COLUMN_WIDTH, table->columns[i].head);
	putc('\n', to);
	for (size_t r = 0; r < table->num_rows; r++) {
		fprintf(to, "%-*s", NAME_WIDTH, table->rows[r].name);
		for (size_t i = 0; i < table->num_columns; i++)
			print_value(to, &table->columns[i], table->rows[r].values[i]);
		if (table->rows[r].remark[0])
			fprintf(to, "  %s", table->rows[r].remark);
		putc('\n', to);
	}
}

void report_print(FILE *to, const struct report *report)
{
	fprintf(to,
		"Speed on one core, the fastest of many rounds; on %s. Ratios hold, absolute times are this "
		"machine's.\n",
		report->machine);
	for (size_t i = 0; i < report->num_tables; i++)
		print_table(to, &report->tables[i]);
	if (report->num_notes)
		putc('\n', to);
	for (size_t i = 0; i < report->num_notes; i++)
		fprintf(to, "%s\n", report->notes[i]);
}

static json_t *row_json(const struct report_table *table, const struct report_row *row)
{
	json_t *entry = json_pack("{s:s}", "name", row->key);

	for (size_t i = 0; i < table->num_columns; i++)
		json_object_set_new(entry, table->columns[i].key,
				    isnan(row->values[i]) ? json_null() : json_real(row->values[i]));
	if (row->remark[0])
		json_object_set_new(entry, "remark", json_string(row->remark));
	return entry;
}

int report_json(FILE *to, const struct report *report)
{
	json_t *root = json_pack("{s:s}", "machine", report->machine), *notes = json_array();
	int error;

	for (size_t i = 0; i < report->num_tables; i++) {
		const struct report_table *table = &report->tables[i];
		json_t *rows = json_array();

		for (size_t r = 0; r < table->num_rows; r++)
			json_array_append_new(rows, row_json(table, &table->rows[r]));
		json_object_set_new(root, table->key, rows);
	}
	for (size_t i = 0; i < report->num_notes; i++)
		json_array_append_new(notes, json_string(report->notes[i]));
	json_object_set_new(root, "notes", notes);
	error = json_dumpf(root, to, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6)) ? -ENOMEM : 0;
	if (!error)
		putc('\n', to);
	json_decref(root);
	return error;
}
