/* SPDX-License-Identifier: BSD-2-Clause */
#include "iov.h"
#include <string.h>

uint64_t iov_left(const struct iov_cursor *cursor)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < cursor->count; i++)
		bytes += cursor->iov[i].iov_len;
	return bytes - cursor->offset;
}

/* The contiguous bytes at the cursor, at most want of them; moves on behind them. NULL at the end. */
static uint8_t *next(struct iov_cursor *cursor, size_t want, size_t *got)
{
	/* req: VN-53f36022, XO-023: wherever one buffer ends and the next begins */
	while (cursor->count && cursor->offset == cursor->iov->iov_len) {
		cursor->iov++;
		cursor->count--;
		cursor->offset = 0;
	}
	if (!cursor->count)
		return NULL;

	uint8_t *at = (uint8_t *)cursor->iov->iov_base + cursor->offset;

	*got = cursor->iov->iov_len - cursor->offset;
	if (*got > want)
		*got = want;
	cursor->offset += *got;
	return at;
}

size_t iov_read(struct iov_cursor *cursor, void *to, size_t bytes)
{
	size_t done = 0, got;
	const uint8_t *from;

	while (done < bytes && (from = next(cursor, bytes - done, &got))) {
		memcpy((uint8_t *)to + done, from, got);
		done += got;
	}
	return done;
}

size_t iov_write_pieces(struct iov_cursor *cursor, const void *from, size_t bytes)
{
	size_t done = 0, got;
	uint8_t *to;

	while (done < bytes && (to = next(cursor, bytes - done, &got))) {
		memcpy(to, (const uint8_t *)from + done, got);
		done += got;
	}
	return done;
}

size_t iov_skip_pieces(struct iov_cursor *cursor, size_t bytes)
{
	size_t done = 0, got;

	while (done < bytes && next(cursor, bytes - done, &got))
		done += got;
	return done;
}
