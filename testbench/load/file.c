// SPDX-License-Identifier: BSD-2-Clause
#include "load/file.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_BYTES 65536

int file_read_stream(FILE *stream, size_t limit, uint8_t **bytes, size_t *count)
{
	size_t room = FIRST_BYTES, have = 0;
	uint8_t *data = malloc(room + 1);

	if (!data)
		return -ENOMEM;
	for (;;) {
		size_t got;

		errno = 0;
		got = fread(data + have, 1, room - have, stream);
		have += got;
		if (have > limit || ferror(stream)) {
			int err = have > limit ? -EFBIG : errno ? -errno : -EIO;

			free(data);
			return err;
		}
		if (feof(stream))
			break;
		if (have == room) {
			uint8_t *grown = realloc(data, 2 * room + 1);

			if (!grown) {
				free(data);
				return -ENOMEM;
			}
			data = grown;
			room *= 2;
		}
	}
	data[have] = 0;
	*bytes = data;
	*count = have;
	return 0;
}

int file_read(const char *path, size_t limit, uint8_t **bytes, size_t *count)
{
	FILE *stream = fopen(path, "rb");
	int err;

	if (!stream)
		return -errno;
	err = file_read_stream(stream, limit, bytes, count);
	fclose(stream);
	return err;
}
