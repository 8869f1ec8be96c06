/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of words of at most 6 bits, as bits of a uint64_t: what the sets of a domain hold, and what operations make of
 * these. */
#ifndef PROVE_SETS_H
#define PROVE_SETS_H

#include <stddef.h>
#include <stdint.h>

#define SETS_BITS  6
#define SETS_WORDS (1u << SETS_BITS)

/* For each of count sets and each word x: the results of x with the words of the set. */
struct sets {
	unsigned int words;
	uint64_t *images; /* [count][words] */
	uint64_t *member; /* [count][words]: all ones for a word of the set, else 0 */
};

typedef uint64_t sets_fn(unsigned int op, uint64_t a, uint64_t b, unsigned int bits);

/* Of sets (count of them, of words of bits bits); sets_free() afterwards. fn NULL: members alone. Aborts where there is
 * no memory. */
struct sets sets_make(const uint64_t *sets, size_t count, unsigned int bits, sets_fn *fn, unsigned int op);
void sets_free(struct sets *s);

/* All results of words of a with words of b. */
static inline uint64_t sets_image(const struct sets *s, size_t a, size_t b)
{
	const uint64_t *member = s->member + a * s->words, *image = s->images + b * s->words;
	uint64_t all = 0;

	for (unsigned int x = 0; x < s->words; x++)
		all |= member[x] & image[x];
	return all;
}

#endif
