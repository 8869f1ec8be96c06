/* SPDX-License-Identifier: BSD-2-Clause */
/* What the benchmark found: tables of numbers, and notes on what could not be measured. For a person, or as JSON. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define REPORT_COLUMNS_MAX 10
#define REPORT_ROWS_MAX    64
#define REPORT_TABLES_MAX  12
#define REPORT_NOTES_MAX   24
#define REPORT_TEXT_BYTES  240
#define REPORT_NAME_BYTES  40

struct report_column {
	const char *key;  /* in JSON, with the unit */
	const char *head; /* in the table; up to 10 characters */
	int decimals;
	bool ratio; /* printed with an x */
};

struct report_row {
	char key[REPORT_NAME_BYTES];       /* in JSON */
	char name[REPORT_NAME_BYTES];      /* in the table */
	double values[REPORT_COLUMNS_MAX]; /* NAN: not measured */
	char remark[REPORT_NAME_BYTES];    /* behind them; "": none */
};

struct report_table {
	const char *key;
	char title[REPORT_TEXT_BYTES];
	const struct report_column *columns;
	size_t num_columns;
	struct report_row rows[REPORT_ROWS_MAX];
	size_t num_rows;
};

struct report {
	char machine[REPORT_TEXT_BYTES];
	struct report_table tables[REPORT_TABLES_MAX];
	size_t num_tables;
	char notes[REPORT_NOTES_MAX][REPORT_TEXT_BYTES];
	size_t num_notes;
};

/* A new table with these columns, whose strings outlive the report. The title is printf()'s. */
struct report_table *report_table(struct report *report, const char *key, const struct report_column *columns,
				  size_t num_columns, const char *title, ...) __attribute__((format(printf, 5, 6)));
/* A new row, its values NAN. NULL: the table is full. */
struct report_row *report_row(struct report_table *table, const char *key, const char *name);
/* Said once, however often it is noted. */
void report_note(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

void report_print(FILE *to, const struct report *report);
/* 0 or -ENOMEM. */
int report_json(FILE *to, const struct report *report);

#endif
