/* SPDX-License-Identifier: BSD-2-Clause */
#include "unpack.h"
#include <errno.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define CHUNK_BYTES   ((size_t)256 << 10)
#define XZ_MEMORY_MAX ((uint64_t)512 << 20) /* what xz -9 asks for, several times over */
#define MAGIC_BYTES   6

static bool is_gzip(const uint8_t *magic, size_t bytes)
{
	return bytes >= 2 && magic[0] == 0x1f && magic[1] == 0x8b;
}

static bool is_xz(const uint8_t *magic, size_t bytes)
{
	return bytes >= MAGIC_BYTES && !memcmp(magic,
					       "\xfd"
					       "7zXZ",
					       MAGIC_BYTES);
}

bool unpack_needed(FILE *file)
{
	uint8_t magic[MAGIC_BYTES];
	size_t got = fread(magic, 1, sizeof(magic), file);

	return !fseek(file, 0, SEEK_SET) && (is_gzip(magic, got) || is_xz(magic, got));
}

static int refuse(struct unpack *u, int error, const char *text)
{
	u->error = text;
	return error;
}

/* Makes room for one more chunk. */
static int reserve(struct unpack *u)
{
	size_t room = u->room ? u->room : 4 * CHUNK_BYTES;
	uint8_t *data;

	if (u->room - u->bytes >= CHUNK_BYTES)
		return 0;
	if (u->bytes > UNPACK_BYTES_MAX)
		return refuse(u, -EFBIG,
			      "is more than 16 GiB when read whole; use a file that is neither compressed nor a pipe");
	while (room - u->bytes < CHUNK_BYTES)
		room *= 2;
	data = realloc(u->data, room);
	if (!data)
		return refuse(u, -ENOMEM, "does not fit in memory");
	u->data = data;
	u->room = room;
	return 0;
}

static int read_whole(struct unpack *u, FILE *file)
{
	size_t got;

	do {
		int error = reserve(u);

		if (error)
			return error;
		got = fread(u->data + u->bytes, 1, CHUNK_BYTES, file);
		u->bytes += got;
	} while (got);
	return ferror(file) ? refuse(u, -EIO, "cannot be read to its end") : 0;
}

static int gunzip(struct unpack *to, const struct unpack *from)
{
	z_stream z = {.next_in = from->data};
	size_t left = from->bytes;
	int error = 0, got = Z_OK;

	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return refuse(to, -ENOMEM, "does not fit in memory");
	while (!error) {
		error = reserve(to);
		if (error)
			break;
		z.avail_in = left < CHUNK_BYTES ? left : CHUNK_BYTES;
		z.next_out = to->data + to->bytes;
		z.avail_out = CHUNK_BYTES;

		size_t in = z.avail_in;

		got = inflate(&z, Z_NO_FLUSH);
		left -= in - z.avail_in;
		to->bytes += CHUNK_BYTES - z.avail_out;
		if (got == Z_STREAM_END && left && is_gzip(z.next_in, left))
			got = inflateReset(&z); /* members follow each other */
		if (got != Z_OK)
			break;
	}
	inflateEnd(&z);
	if (!error && got == Z_BUF_ERROR)
		to->damage = "the gzip stream is cut off";
	else if (!error && got != Z_STREAM_END)
		to->damage = "the gzip stream is damaged";
	return error;
}

static int unxz(struct unpack *to, const struct unpack *from)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret got = lzma_stream_decoder(&s, XZ_MEMORY_MAX, LZMA_CONCATENATED);
	int error = 0;

	s.next_in = from->data;
	s.avail_in = from->bytes;
	while (got == LZMA_OK) {
		error = reserve(to);
		if (error)
			break;
		s.next_out = to->data + to->bytes;
		s.avail_out = CHUNK_BYTES;
		got = lzma_code(&s, LZMA_FINISH);
		to->bytes += CHUNK_BYTES - s.avail_out;
	}
	lzma_end(&s);
	if (!error && got == LZMA_BUF_ERROR)
		to->damage = "the xz stream is cut off";
	else if (!error && got != LZMA_STREAM_END)
		to->damage = "the xz stream is damaged";
	return error;
}

int unpack_read(struct unpack *u, FILE *file)
{
	struct unpack packed;
	int error = read_whole(u, file);

	if (error || !(is_gzip(u->data, u->bytes) || is_xz(u->data, u->bytes)))
		return error;
	packed = *u;
	*u = (struct unpack){0};
	error = is_xz(packed.data, packed.bytes) ? unxz(u, &packed) : gunzip(u, &packed);
	unpack_free(&packed);
	if (!error && !u->bytes && u->damage)
		error = refuse(u, -EINVAL, u->damage);
	return error;
}

void unpack_free(struct unpack *u)
{
	free(u->data);
	*u = (struct unpack){0};
}
