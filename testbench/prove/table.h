/* SPDX-License-Identifier: BSD-2-Clause */
/* What was proved: a row for each operator, a column for each method. */
#ifndef PROVE_TABLE_H
#define PROVE_TABLE_H

#include "prove/prove.h"

struct table_notes {
	const char *cbmc; /* NULL: it is not there */
	unsigned long every;
};

/* Prints to stdout; the number of proofs that failed. */
size_t table_print(const struct prove_list *list, const struct proof *proofs, const struct table_notes *notes);

#endif
