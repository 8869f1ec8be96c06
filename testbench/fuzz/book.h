/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the verifier claimed of a program: every state that it walked an instruction with, and which of them it takes
 * for possible next.
 */
#ifndef TESTBENCH_FUZZ_BOOK_H
#define TESTBENCH_FUZZ_BOOK_H

#include "verify/walk.h"

#define BOOK_NONE UINT32_MAX

/* Before the instruction, what lives of the state is within this one. */
struct claim {
	uint32_t insn;
	uint32_t mark;    /* number of the last one on the way here; 0: none */
	uint32_t next[2]; /* claims of what follows: straight on, and where a branch was walked later; or BOOK_NONE */
	struct packed *state; /* the book's */
};

/* What a mark was found to need. */
struct book_mark {
	struct deps precise; /* the numbers in its state that decided something: only these are claimed */
	uint32_t claim;      /* of the same state */
};

struct book {
	struct insn *insns; /* as decoded */
	uint32_t count;     /* slots */
	struct map **maps;
	struct claim *claims; /* the first: of the program's first instruction */
	uint32_t num_claims, room_claims;
	struct book_mark *marks; /* by number */
	uint32_t room_marks;
	uint32_t *waiting; /* claims of branches whose other side waits */
	uint32_t num_waiting, room_waiting;
	uint32_t from, side; /* the claim that the walk comes from, and which next it is */
	uint32_t marked;     /* the mark that was set for the next claim; 0: none */
	uint32_t *
		entries; /* per slot: the claim that the global function which begins there begins with, or BOOK_NONE */
	bool entering;   /* the next claim is one of those */
	struct packed *scratch;
	uint8_t *access; /* as in struct verify_result, once it is there: NULL before, or if refused */
	struct exec_call *calls;
	uint32_t actions, frames;
	uint64_t longest; /* run of it */
	bool full;        /* there were too many claims: it is no good */
};

struct book *book_new(const struct verify *v);
/* Takes NULL. */
void book_free(struct book *book);
/* What verify_watch_fn is told, VERIFY_BEGINS apart. */
void book_write(struct book *book, const struct verify *v, enum verify_event event, const struct mark *mark);
/* Whether the program was accepted and everything claimed is in it. */
bool book_is_whole(const struct book *book);
/* Whether the claim is one about numbers computed from these places. */
bool book_claims(const struct book *book, const struct claim *claim, const struct deps *places);

#endif
