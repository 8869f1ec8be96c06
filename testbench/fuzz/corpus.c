// SPDX-License-Identifier: BSD-2-Clause
#include "fuzz/corpus.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PATH "testbench/data/fuzz.tsv"

void corpus_each(const char *test, void (*run)(void *ctx, uint64_t seed, uint64_t count), void *ctx)
{
	FILE *file = fopen(PATH, "r");
	char line[512], name[32];
	unsigned number = 0;
	uint64_t seed, count;

	cr_assert(file, "%s cannot be read; tests run in the project's folder", PATH);
	while (fgets(line, sizeof(line), file)) {
		if (++number == 1) /* names of the columns */
			continue;
		cr_assert_eq(sscanf(line, "%31[a-z]\t%" SCNu64 "\t%" SCNu64 "\t", name, &seed, &count), 3,
			     "%s:%u: test, seed, count and a reason were expected, with a tab between", PATH, number);
		if (!strcmp(name, test))
			run(ctx, seed, count);
	}
	fclose(file);
}
