// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "replay/put.h"

#include <errno.h>

#define BUFFER_BYTES ((size_t)1 << 18)

int put_open(struct put *put, const char *path)
{
	put->err = 0;
	put->file = fopen(path, "wb");
	if (!put->file)
		return -errno;
	/* If there is no memory for it, the usual buffer serves. */
	setvbuf(put->file, NULL, _IOFBF, BUFFER_BYTES);
	return 0;
}

void put_bytes(struct put *put, const void *data, size_t bytes)
{
	if (put->err || bytes == 0)
		return;
	errno = 0;
	if (fwrite_unlocked(data, 1, bytes, put->file) != bytes)
		put->err = errno ? -errno : -EIO;
}

static void put_le(struct put *put, uint64_t value, size_t bytes)
{
	uint8_t le[8] = {0};

	for (size_t i = 0; i < bytes; i++)
		le[i] = (uint8_t)(value >> (8 * i));
	put_bytes(put, le, bytes);
}

void put_u16(struct put *put, uint16_t value)
{
	put_le(put, value, 2);
}

void put_u32(struct put *put, uint32_t value)
{
	put_le(put, value, 4);
}

void put_u64(struct put *put, uint64_t value)
{
	put_le(put, value, 8);
}

void put_zeros(struct put *put, size_t bytes)
{
	static const uint8_t zeros[16];

	for (; bytes > sizeof(zeros); bytes -= sizeof(zeros))
		put_bytes(put, zeros, sizeof(zeros));
	put_bytes(put, zeros, bytes);
}

int put_close(struct put *put)
{
	if (fclose(put->file) && !put->err)
		put->err = errno ? -errno : -EIO;
	put->file = NULL;
	return put->err;
}
