/* SPDX-License-Identifier: BSD-2-Clause */
/* Each wrong of the rogue driver is told under its statement's id, and nothing else is. */
#include <criterion/criterion.h>
#include <string.h>

#include "rogue.h"

static void expect(enum rogue_flavour flavour, enum strict_row wrong, enum strict_row besides)
{
	struct rig *rig = rogue_play(flavour, wrong);
	const struct strict *s = net_strict(rig_device(rig));

	for (enum strict_row row = 0; row < STRICT_ROWS; row++) {
		const struct strict_text *text = strict_text(row);

		if (row == wrong || row == besides)
			cr_expect_gt(strict_count(s, row), 0, "%s, flavour %d: not seen: %s", text->id, flavour,
				     text->text);
		else
			cr_expect_eq(strict_count(s, row), 0, "flavour %d: reported for nothing: %s: %s: %s", flavour,
				     text->id, text->text, strict_event(s, row));
		cr_expect_eq(strict_count(s, row) > 0, strict_event(s, row)[0] != 0, "%s: the event", text->id);
	}
	rig_close(rig);
}

Test(strict, clean)
{
	for (enum rogue_flavour f = 0; f < ROGUE_FLAVOURS; f++)
		expect(f, ROGUE_NOTHING, ROGUE_NOTHING);
}

/* Every row has its test below, under its id. */
Test(strict, every_row_has_its_switch)
{
	static const char *const ids[STRICT_ROWS] = {
#define SWITCH(id, row, flavour) [STRICT_##row] = #id,
#include "rogue.def"
#undef SWITCH
	};

	for (enum strict_row row = 0; row < STRICT_ROWS; row++) {
		const char *id = strict_text(row)->id;

		cr_assert_not_null(ids[row], "%s", id);
		cr_expect(strlen(id) == strlen(ids[row]) && !strncmp(id, ids[row], 2) && !strcmp(id + 3, ids[row] + 3),
			  "%s is not %s", id, ids[row]);
	}
}

/* A device that refuses the features has a reason, and the reason is a wrong of its own. */
static enum strict_row besides(enum strict_row wrong)
{
	return wrong == STRICT_WENT_ON ? STRICT_NO_ACCESS_PLATFORM : ROGUE_NOTHING;
}

#define SWITCH(id, row, flavour)                                                                                       \
	Test(strict, id)                                                                                               \
	{                                                                                                              \
		expect(ROGUE_##flavour, STRICT_##row, besides(STRICT_##row));                                          \
	}
#include "rogue.def"
