/* SPDX-License-Identifier: BSD-2-Clause */
#include "prove/sets.h"

#include <stdlib.h>

struct sets sets_make(const uint64_t *sets, size_t count, unsigned int bits, sets_fn *fn, unsigned int op)
{
	unsigned int words = 1u << bits;
	struct sets s = {.words = words};

	s.member = calloc(count * words, sizeof(uint64_t));
	s.images = calloc(count * words, sizeof(uint64_t));
	if (!s.member || !s.images)
		abort();
	for (size_t i = 0; i < count; i++) {
		for (uint64_t x = 0; x < words; x++) {
			s.member[i * words + x] = sets[i] >> x & 1 ? UINT64_MAX : 0;
			for (uint64_t y = 0; fn && y < words; y++) {
				if (sets[i] >> y & 1)
					s.images[i * words + x] |= (uint64_t)1 << fn(op, x, y, bits);
			}
		}
	}
	return s;
}

void sets_free(struct sets *s)
{
	free(s->member);
	free(s->images);
}
