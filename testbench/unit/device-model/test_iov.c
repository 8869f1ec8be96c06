/* SPDX-License-Identifier: BSD-2-Clause */
#include "device-model/iov.h"
#include <criterion/criterion.h>
#include <string.h>

#define BYTES 12

/* Cuts data into pieces: behind byte i if bit i of cuts is set. With an empty piece before each, if empty. */
static size_t cut(struct iovec *iov, uint8_t *data, unsigned cuts, bool empty)
{
	size_t count = 0, from = 0;

	for (size_t i = 0; i < BYTES; i++) {
		if (i < BYTES - 1 && !(cuts >> i & 1))
			continue;
		if (empty)
			iov[count++] = (struct iovec){NULL, 0};
		iov[count++] = (struct iovec){data + from, i + 1 - from};
		from = i + 1;
	}
	return count;
}

Test(iov, every_split)
{
	uint8_t data[BYTES], got[BYTES], header[5];
	struct iovec iov[2 * BYTES];

	for (size_t i = 0; i < BYTES; i++)
		data[i] = i + 1;
	for (unsigned cuts = 0; cuts < 1 << (BYTES - 1); cuts++)
		for (int empty = 0; empty < 2; empty++) {
			struct iov_cursor c = iov_cursor(iov, cut(iov, data, cuts, empty));

			cr_assert_eq(iov_left(&c), BYTES);
			cr_assert(iov_take(&c, &header));
			cr_assert_eq(iov_left(&c), BYTES - sizeof(header), "cuts %#x", cuts);
			cr_assert_eq(iov_skip(&c, 2), 2);
			cr_assert_eq(iov_read(&c, got, BYTES), BYTES - 7);
			cr_assert_eq(memcmp(header, data, 5), 0, "cuts %#x", cuts);
			cr_assert_eq(memcmp(got, data + 7, BYTES - 7), 0, "cuts %#x", cuts);
			cr_assert_eq(iov_read(&c, got, 1), 0);
			cr_assert_not(iov_take(&c, &header));
		}
}

Test(iov, scatter)
{
	static const uint8_t from[BYTES + 4] = "abcdefghijklmno";
	uint8_t data[BYTES + 1];
	struct iovec iov[2 * BYTES];

	for (unsigned cuts = 0; cuts < 1 << (BYTES - 1); cuts++) {
		struct iov_cursor c = iov_cursor(iov, cut(iov, data, cuts, cuts & 1));

		memset(data, '-', sizeof(data));
		cr_assert_eq(iov_write(&c, from, 3), 3);
		cr_assert_eq(iov_skip(&c, 1), 1);
		cr_assert_eq(iov_write(&c, from + 3, BYTES), BYTES - 4);
		cr_assert_eq(memcmp(data, "abc-defghijk-", BYTES + 1), 0, "cuts %#x: %.13s", cuts, data);
	}
}
