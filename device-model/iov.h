/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cursor over the pieces of a buffer. What a driver scattered over descriptors reads and writes as one stream of
 * bytes; nothing here cares where the pieces begin and end.
 */
#ifndef DEVICE_MODEL_IOV_H
#define DEVICE_MODEL_IOV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

struct iov_cursor {
	const struct iovec *iov; /* pieces left; the owner's */
	size_t count;
	size_t offset; /* bytes of the first one that are done */
};

static inline struct iov_cursor iov_cursor(const struct iovec *iov, size_t count)
{
	return (struct iov_cursor){iov, count, 0};
}

/* Bytes from the cursor to the end. */
uint64_t iov_left(const struct iov_cursor *cursor);

/* Each moves on by as many bytes as it returns: bytes, or fewer at the end. */
size_t iov_read(struct iov_cursor *cursor, void *to, size_t bytes);
static inline size_t iov_write(struct iov_cursor *cursor, const void *from, size_t bytes);
static inline size_t iov_skip(struct iov_cursor *cursor, size_t bytes);

/* memcpy(), without a call for what is as short as most frames are. */
static inline void iov_copy(void *to, const void *from, size_t bytes)
{
	const size_t block = 32;

	if (bytes < block || bytes > 8 * block) {
		memcpy(to, from, bytes);
		return;
	}
	/* The last block may overlap the one before. */
	for (size_t at = 0; at + block < bytes; at += block)
		memcpy((uint8_t *)to + at, (const uint8_t *)from + at, block);
	memcpy((uint8_t *)to + bytes - block, (const uint8_t *)from + bytes - block, block);
}

/*
 * Takes a header off the front: copies all of *header and moves on behind it, whether or not it was contiguous. A copy
 * it has to be, since the driver may change the bytes at any time. Whether the whole header was there.
 */
#define iov_take(cursor, header) (iov_read(cursor, header, sizeof(*(header))) == sizeof(*(header)))

/* The same as iov_write() and iov_skip(), which come here when the bytes are not all in the piece at hand. */
size_t iov_write_pieces(struct iov_cursor *cursor, const void *from, size_t bytes);
size_t iov_skip_pieces(struct iov_cursor *cursor, size_t bytes);

static inline bool iov_in_piece(const struct iov_cursor *cursor, size_t bytes)
{
	return cursor->count && bytes <= cursor->iov->iov_len - cursor->offset;
}

static inline size_t iov_write(struct iov_cursor *cursor, const void *from, size_t bytes)
{
	if (!iov_in_piece(cursor, bytes))
		return iov_write_pieces(cursor, from, bytes);
	memcpy((uint8_t *)cursor->iov->iov_base + cursor->offset, from, bytes);
	cursor->offset += bytes;
	return bytes;
}

static inline size_t iov_skip(struct iov_cursor *cursor, size_t bytes)
{
	if (!iov_in_piece(cursor, bytes))
		return iov_skip_pieces(cursor, bytes);
	cursor->offset += bytes;
	return bytes;
}

#endif
