/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proofs about the verifier's abstract operators: whatever the machine computes from words of two sets must be in the
 * set that the operator gives for them. Rows are tried exhaustively at few bits and by random words at 64; the code
 * is the one that ships, which takes its width as a parameter.
 */
#ifndef PROVE_PROVE_H
#define PROVE_PROVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "insn.h"

#define PROVE_ROWS 320

/* What came of a row. */
struct proof {
	uint64_t cases; /* pairs of sets (exhaustive) or of words (random) */
	uint64_t rated; /* results of which it is known whether they are the best, */
	uint64_t best;  /* and those that no set of the domain could beat */
	bool failed, undecided;
	char what[256]; /* the first failure, or why it is not decided */
};

/* The methods: a domain at a width, and how much of it. */
enum prove_by {
	PROVE_TNUM,    /* known bits at 8 bits, exhaustively */
	PROVE_RANGE,   /* unsigned or signed bounds at 6 bits, exhaustively */
	PROVE_RANGES,  /* unsigned and signed bounds together at 5 bits, exhaustively */
	PROVE_PRODUCT, /* the whole product at 4 bits, exhaustively */
	PROVE_RANDOM,  /* the whole product at 64 bits, random words */
	PROVE_CBMC,    /* the C source by CBMC at 64 bits, for all words */
	PROVE_METHODS
};

struct prove_row;
struct numbers;
typedef void prove_fn(const struct prove_row *row, struct proof *proof);

/* One operator by one method. */
struct prove_row {
	enum prove_by by;
	const char *name; /* of the operator */
	prove_fn *run;
	unsigned int bits;
	unsigned int op;               /* enum insn_alu, enum insn_jmp or the file's own */
	bool half, taken;              /* on the low halves; where the jump is taken */
	bool whole;                    /* ranges: unsigned and signed bounds together */
	unsigned int from;             /* extensions: of the low from bits */
	uint64_t samples;              /* random rows: pairs of words to try */
	unsigned int seconds;          /* CBMC: what it may take, */
	const char *command;           /* the command that runs it, */
	const char *function;          /* and the function to prove */
	const struct numbers *numbers; /* the product's sets */
};

struct prove_list {
	struct prove_row rows[PROVE_ROWS];
	size_t count;
	struct numbers *numbers; /* freed by prove_free() */
};

/* Operators that compare sets, beside enum insn_alu; a file's own begin with the last. */
enum { OP_INTERSECT = INSN_ALU_BSWAP64 + 1, OP_JOIN, OP_WITHIN, OP_AGREE, OP_OWN };

void prove_free(struct prove_list *list);
void prove_add(struct prove_list *list, struct prove_row row, const char *name);
/* A row each for INTERSECT, JOIN and WITHIN, run by run. */
void prove_add_sets(struct prove_list *list, struct prove_row row, prove_fn *run);
/* Notes a failure, if it is the row's first. */
void prove_fail(struct proof *proof, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Rates a result. */
static inline void prove_rate(struct proof *proof, bool best)
{
	proof->rated++;
	proof->best += best;
}

/* The rows of each domain. samples: see struct prove_row; every: of the sets each every-th, 1 for a proof. */
void prove_tnum_rows(struct prove_list *list, unsigned int bits);
void prove_range_rows(struct prove_list *list, unsigned int bits, bool whole);
void prove_number_rows(struct prove_list *list, unsigned int every);
void prove_random_rows(struct prove_list *list, uint64_t samples);
/* command: a program that does as cbmc does. NULL: the rows are all undecided. */
void prove_cbmc_rows(struct prove_list *list, const char *command, unsigned int seconds);

#endif
