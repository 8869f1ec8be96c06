/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/trail.h"

#include <criterion/criterion.h>

static void add(struct trail *trail, uint32_t id, uint32_t insn)
{
	trail_add(trail, (struct trail_event){.what = TRAIL_NULL, .id = id, .insn = insn});
}

/* Where it was found; -1: nowhere. */
static int find(const struct trail *trail, uint32_t id)
{
	const struct trail_event *event = trail_find(trail, (struct trail_event){.what = TRAIL_NULL, .id = id});

	return event ? (int)event->insn : -1;
}

Test(trail, last_of_the_path)
{
	struct trail trail = {0};
	uint32_t before;

	cr_assert_eq(find(&trail, 0), -1);
	add(&trail, 1, 10);
	add(&trail, 2, 20);
	add(&trail, 1, 30);
	cr_assert(find(&trail, 1) == 30 && find(&trail, 2) == 20 && find(&trail, 3) == -1);
	cr_assert_null(trail_find(&trail, (struct trail_event){.what = TRAIL_VOID, .id = 1}));

	/* another path: what it has not come to is not told, nor what the first one has overwritten */
	before = trail.count;
	for (uint32_t i = 0; i < TRAIL_EVENTS - 1; i++)
		add(&trail, 5, 40);
	cr_assert_eq(find(&trail, 5), 40);
	trail.count = before;
	cr_assert(find(&trail, 1) == 30 && find(&trail, 2) == -1 && find(&trail, 5) == -1);
	add(&trail, 6, 50);
	cr_assert(find(&trail, 6) == 50 && find(&trail, 5) == -1);
}

/* However long the path is, the search is bounded and finds the last ones. */
Test(trail, wraps)
{
	struct trail trail = {0};

	for (uint32_t i = 0; i < 3 * TRAIL_EVENTS + 5; i++)
		add(&trail, i, i + 1000);
	for (uint32_t i = 0; i < 3 * TRAIL_EVENTS + 5; i++)
		cr_assert_eq(find(&trail, i), i < 2 * TRAIL_EVENTS + 5 ? -1 : (int)i + 1000, "%u", i);
}
