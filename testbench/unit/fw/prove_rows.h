/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows of make prove as tests. */
#ifndef UNIT_PROVE_ROWS_H
#define UNIT_PROVE_ROWS_H

#include <criterion/criterion.h>

#include "prove/concrete.h"
#include "prove/prove.h"

static inline void prove_rows_hold(struct prove_list *list)
{
	cr_assert(list->count > 0);
	for (size_t i = 0; i < list->count; i++) {
		const struct prove_row *row = &list->rows[i];
		struct proof proof = {0};

		row->run(row, &proof);
		cr_assert(proof.cases > 0, "%s: nothing was tried", row->name);
		cr_assert(!proof.failed, "%s (%u bits, low half %d, taken %d, from %u bits): %s", row->name, row->bits,
			  row->half, row->taken, row->from, proof.what);
	}
	prove_free(list);
}

#endif
