/* SPDX-License-Identifier: BSD-2-Clause */
#include "prove/table.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 15

static const struct {
	const char *title, *widths;
} columns[PROVE_METHODS] = {
	[PROVE_TNUM] = {"known bits", "8 bits"},    [PROVE_RANGE] = {"range", "6 bits"},
	[PROVE_RANGES] = {"both ranges", "5 bits"}, [PROVE_PRODUCT] = {"product", "4 bits"},
	[PROVE_RANDOM] = {"random", "64, 32 bits"}, [PROVE_CBMC] = {"CBMC", "64, 32 bits"},
};

/* What all rows of an operator and a method come to. */
struct cell {
	uint64_t cases, rated, best;
	unsigned int rows, proved, failed;
};

static struct cell cell_of(const struct prove_list *list, const struct proof *proofs, const char *name,
			   enum prove_by by)
{
	struct cell c = {0};

	for (size_t i = 0; i < list->count; i++) {
		if (list->rows[i].by != by || strcmp(list->rows[i].name, name) != 0)
			continue;
		c.rows++;
		c.cases += proofs[i].cases;
		c.rated += proofs[i].rated;
		c.best += proofs[i].best;
		c.failed += proofs[i].failed;
		c.proved += !proofs[i].failed && !proofs[i].undecided;
	}
	return c;
}

static void print_count(char *text, size_t size, uint64_t n)
{
	static const char *const units[] = {"", " k", " M", " G"};
	double value = (double)n;
	unsigned int unit = 0;

	for (; value >= 999.5 && unit < 3; unit++)
		value /= 1000;
	snprintf(text, size, "%.*f%s", unit && value < 99.95 ? 1 : 0, value, units[unit]);
}

static void print_cell(const struct cell *c, enum prove_by by)
{
	char count[24], text[64] = "-";

	if (c->failed) {
		snprintf(text, sizeof(text), "FAILED");
	} else if (by == PROVE_CBMC && c->rows) {
		snprintf(text, sizeof(text), "%u of %u", c->proved, c->rows);
	} else if (c->rows) {
		print_count(count, sizeof(count), c->cases);
		if (c->rated)
			/* rounded down: 100 is all of them */
			snprintf(text, sizeof(text), "%s %3u %%", count, (unsigned int)(c->best * 100 / c->rated));
		else
			snprintf(text, sizeof(text), "%s", count);
	}
	printf("%*s", WIDTH, text);
}

static void print_operator(const struct prove_list *list, const struct proof *proofs, const char *name)
{
	unsigned int failed = 0;

	printf("%-15s", name);
	for (enum prove_by by = 0; by < PROVE_METHODS; by++) {
		struct cell c = cell_of(list, proofs, name, by);

		failed += c.failed;
		print_cell(&c, by);
	}
	printf("  %s\n", failed ? "FAILED" : "ok");
}

/* The row in words: "jsgt, 32 bits, not taken". */
static void describe(const struct prove_row *row, bool branch)
{
	printf("%s, %s, %u bits%s%s", columns[row->by].title, row->name, row->bits,
	       row->half && row->by == PROVE_PRODUCT ? ", low half" : "",
	       !branch      ? ""
	       : row->taken ? ", taken"
			    : ", not taken");
	if (row->from)
		printf(", from %u bits", row->from);
	if (row->function)
		printf(", %s", row->function);
}

static bool first_of_name(const struct prove_list *list, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (!strcmp(list->rows[i].name, list->rows[at].name))
			return false;
	}
	return true;
}

static void print_failures(const struct prove_list *list, const struct proof *proofs)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!proofs[i].failed && !proofs[i].undecided)
			continue;
		if (proofs[i].undecided && !list->rows[i].command)
			continue;
		printf("%s: ", proofs[i].failed ? "FAILED" : "not decided");
		describe(&list->rows[i], list->rows[i].name[0] == 'j' && strcmp(list->rows[i].name, "join") != 0);
		printf(": %s\n", proofs[i].what);
	}
}

static void print_notes(const struct table_notes *notes)
{
	printf("\nExhaustive columns: pairs of sets, and how many results no set could beat. random: pairs of words.\n"
	       "CBMC: proofs for all words, of those tried.\n");
	if (!notes->cbmc)
		printf("CBMC is not there: nothing was proved for all words of 64 bits.\n");
	if (notes->every > 1)
		printf("Of the product's sets only each %lu. was tried: this is no proof.\n", notes->every);
}

size_t table_print(const struct prove_list *list, const struct proof *proofs, const struct table_notes *notes)
{
	size_t failed = 0, undecided = 0;

	printf("%-15s", "operator");
	for (enum prove_by by = 0; by < PROVE_METHODS; by++)
		printf("%*s", WIDTH, columns[by].title);
	printf("  result\n%-15s", "");
	for (enum prove_by by = 0; by < PROVE_METHODS; by++)
		printf("%*s", WIDTH, columns[by].widths);
	printf("\n");
	for (size_t i = 0; i < list->count; i++) {
		failed += proofs[i].failed;
		undecided += proofs[i].undecided;
		if (first_of_name(list, i))
			print_operator(list, proofs, list->rows[i].name);
	}
	print_notes(notes);
	print_failures(list, proofs);
	printf("%zu proofs: %zu hold, %zu failed, %zu not decided\n", list->count, list->count - failed - undecided,
	       failed, undecided);
	return failed;
}
