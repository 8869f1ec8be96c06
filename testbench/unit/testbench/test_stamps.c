// SPDX-License-Identifier: BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>

#include "replay/stamps.h"

Test(stamps, first_in_first_out_per_queue)
{
	struct stamps stamps = {0};
	uint64_t time_ns, pushed = 0, popped = 0;

	cr_assert_eq(stamps_pop(&stamps, 0, &time_ns), -ENOENT);
	cr_assert_eq(stamps_push(&stamps, 7, 1000), 0);
	/* Grows while its head is anywhere in the ring. */
	for (unsigned round = 0; round < 200; round++) {
		for (unsigned i = 0; i < 37; i++)
			cr_assert_eq(stamps_push(&stamps, 2, pushed++), 0);
		for (unsigned i = 0; i < 17; i++) {
			cr_assert_eq(stamps_pop(&stamps, 2, &time_ns), 0);
			cr_assert_eq(time_ns, popped++);
		}
	}
	while (stamps_pop(&stamps, 2, &time_ns) == 0)
		cr_assert_eq(time_ns, popped++);
	cr_assert_eq(popped, pushed);
	cr_assert_eq(stamps_pop(&stamps, 7, &time_ns), 0);
	cr_assert_eq(time_ns, 1000);
	cr_assert_eq(stamps_pop(&stamps, 8, &time_ns), -ENOENT);
	stamps_free(&stamps);
	cr_assert_eq(stamps_pop(&stamps, 2, &time_ns), -ENOENT);
}
