/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <string.h>

#include "rig/link_mem.h"

Test(link_mem, frames_come_in_order_and_once)
{
	struct link_frame in[] = {
		{.data = (const uint8_t *)"one", .bytes = 3, .time_ns = 5, .number = 77},
		{.data = (const uint8_t *)"", .bytes = 0},
		{.data = (const uint8_t *)"three", .bytes = 5, .wire_bytes = 9},
	};
	struct link_frame got[LINK_BURST];
	struct link *link = link_mem_open(in, 3);

	cr_assert_not_null(link);
	in[0].data = NULL; /* they were copied */
	cr_expect_eq(link_mem_left(link), 3);
	cr_expect_eq(link->ops->peek(link, got, 2), 2);
	cr_expect_eq(link->ops->peek(link, got, LINK_BURST), 3, "peek takes nothing");
	cr_expect(got[0].number == 1 && got[0].bytes == 3 && got[0].wire_bytes == 3 && got[0].time_ns == 5);
	cr_expect_eq(memcmp(got[0].data, "one", 3), 0);
	cr_expect(got[2].number == 3 && got[2].wire_bytes == 9);
	link->ops->take(link, 2);
	cr_expect_eq(link->ops->peek(link, got, LINK_BURST), 1);
	cr_expect_eq(got[0].number, 3);
	cr_expect_not(link->ops->ended(link));
	link->ops->take(link, 5);
	cr_expect(link->ops->ended(link), "taking more than there is takes the rest");
	cr_expect_eq(link->ops->peek(link, got, LINK_BURST), 0);
	link->ops->close(link);
}

Test(link_mem, nothing_happens_on_an_empty_link)
{
	struct link *link = link_mem_open(NULL, 0);
	struct link_frame got;

	cr_assert_not_null(link);
	cr_expect_eq(link->ops->peek(link, &got, 1), 0);
	cr_expect(link->ops->ended(link));
	cr_expect(link->ops->up(link));
	link_mem_set_endless(link, true);
	cr_expect_not(link->ops->ended(link));
	link_mem_set_up(link, false);
	cr_expect_not(link->ops->up(link));
	link->ops->close(link);
}

Test(link_mem, push)
{
	struct link *link = link_mem_open(NULL, 0);
	struct link_frame got[64];
	unsigned i;

	for (i = 0; i < 50; i++)
		cr_assert_eq(link_mem_push(link, &i, sizeof(i)), 0);
	cr_expect_eq(link->ops->peek(link, got, 64), 50);
	for (i = 0; i < 50; i++)
		cr_expect(got[i].number == i + 1 && !memcmp(got[i].data, &i, sizeof(i)), "frame %u", i);
	link->ops->close(link);
}

Test(link_mem, sent_frames_are_kept)
{
	struct link *link = link_mem_open(NULL, 0);
	uint8_t data[] = {1, 2, 3};
	struct link_frame out[] = {{.data = data, .bytes = 3}, {.data = data, .bytes = 1}, {.data = data, .bytes = 2}};

	cr_expect_eq(link->ops->send(link, out, 2), 2);
	data[0] = 9;
	cr_expect_eq(link_mem_sent_count(link), 2);
	cr_expect(link_mem_sent(link, 0)->bytes == 3 && link_mem_sent(link, 0)->data[0] == 1);
	cr_expect_null(link_mem_sent(link, 2));
	link_mem_set_room(link, 1);
	cr_expect_eq(link->ops->send(link, out, 3), 1, "a full link");
	link_mem_set_room(link, 10);
	link_mem_set_up(link, false);
	cr_expect_eq(link->ops->send(link, out, 3), 0, "a link that is down");
	cr_expect_eq(link_mem_sent_count(link), 3);
	link->ops->close(link);
}
