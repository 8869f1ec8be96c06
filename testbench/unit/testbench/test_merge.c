// SPDX-License-Identifier: BSD-2-Clause
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "replay/merge.h"

#define FRAMES 20000
#define QUEUES 5

struct sink {
	struct merge merge;
	uint64_t next;
};

/* Frame n has the time n, and as many bytes as its last digits say, all of them n. */
static uint32_t bytes_of(uint64_t n)
{
	return (uint32_t)(n * 37 % 1500);
}

static void on_frame(void *ctx, uint64_t time_ns, const uint8_t *data, uint32_t bytes)
{
	struct sink *s = ctx;

	cr_assert_eq(time_ns, s->next);
	cr_assert_eq(bytes, bytes_of(s->next), "frame %llu", (unsigned long long)s->next);
	for (uint32_t i = 0; i < bytes; i++)
		cr_assert_eq(data[i], (uint8_t)s->next, "frame %llu", (unsigned long long)s->next);
	s->next++;
}

static void receive(struct sink *s, uint16_t queue, uint64_t n)
{
	uint8_t data[1500];

	memset(data, (uint8_t)n, sizeof(data));
	cr_assert_eq(merge_received(&s->merge, queue, data, bytes_of(n)), 0);
}

/* Both sides run ahead of each other at times, and the queues of one another: the order is that of the link. */
Test(merge, the_order_of_the_link)
{
	static uint16_t queue_of[FRAMES];
	uint64_t told = 0, received[QUEUES] = {0}, done = 0;
	struct sink s = {.merge.frame = on_frame};
	uint32_t rng = 1;

	s.merge.ctx = &s;
	for (uint64_t n = 0; n < FRAMES; n++)
		queue_of[n] = (uint16_t)((rng = rng * 1664525 + 1013904223) >> 16) % QUEUES;
	while (told < FRAMES || done < FRAMES) {
		uint32_t some = (rng = rng * 1664525 + 1013904223) >> 20;

		for (uint32_t i = some % 100; some & 1 && i && told < FRAMES; i--, told++)
			cr_assert_eq(merge_told(&s.merge, queue_of[told], told), 0);
		/* Never more than the device can have told soon. */
		for (uint32_t i = some % 70; i; i--) {
			uint16_t queue = (uint16_t)(some % QUEUES);

			while (received[queue] < FRAMES && queue_of[received[queue]] != queue)
				received[queue]++;
			if (received[queue] == FRAMES || received[queue] > told + 500)
				break;
			receive(&s, queue, received[queue]++);
			done++;
		}
	}
	cr_assert_eq(s.next, FRAMES);
	cr_assert(merge_done(&s.merge));
	merge_free(&s.merge);
	cr_assert(merge_done(&s.merge));
}

/* What was never told, or never received, shows. */
Test(merge, what_is_left)
{
	struct sink s = {.merge.frame = on_frame};

	s.merge.ctx = &s;
	cr_assert(merge_done(&s.merge));
	cr_assert_eq(merge_told(&s.merge, 3, 0), 0);
	cr_assert_not(merge_done(&s.merge));
	receive(&s, 2, 0);
	cr_assert_eq(s.next, 0, "it came on another queue");
	receive(&s, 3, 0);
	cr_assert_eq(s.next, 1);
	cr_assert_not(merge_done(&s.merge));
	merge_free(&s.merge);
}
