/* SPDX-License-Identifier: BSD-2-Clause */
/* What logs look like, at each level and in any room. */
#include "verify_bench.h"

/* Whatever room the guest gives: whole lines, terminated, and the reason at the end if it fits at all. */
Test(report, log_fits_its_room)
{
	const uint64_t words[] = {W_MOV(0, 0), W_ADD(0, 1), W_JLT(0, 50, -2), W_LDX64(0, 9, 0), W_EXIT};
	const char *reason = "instruction 3: R9 is not initialised: no instruction on the way here has written it\n";
	struct verify_result result;
	struct bench b;

	bench_init(&b);
	b.args.log_level = 2;
	for (uint32_t room = 0; room <= sizeof(b.log); room = room < 600 ? room + 1 : room * 2) {
		memset(b.log, 0x55, sizeof(b.log));
		b.args.log_bytes = room;
		bench_verify(&b, words, 5, 7, &result);
		for (uint32_t i = room; i < sizeof(b.log); i++)
			cr_assert_eq(b.log[i], 0x55, "room %u: wrote behind it", room);
		if (!room)
			continue;
		cr_assert_eq(strnlen(b.log, room), result.log_bytes, "room %u", room);
		cr_assert(!result.log_bytes || b.log[result.log_bytes - 1] == '\n', "room %u", room);
		if (room > strlen(reason))
			cr_assert_str_eq(b.log + result.log_bytes - strlen(reason), reason, "room %u: %s", room, b.log);
	}
	free(b.memory);
}
