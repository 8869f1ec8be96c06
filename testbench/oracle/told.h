/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that tell the kernel's verifier what ours knows: where a number is computed, or used, they check that it is
 * in the range that ours claims for it, and end if not. If the kernel accepts such a program, it has nothing against
 * the original but that it knows less of these numbers; and if the program runs like the original, no check failed.
 */
#ifndef TESTBENCH_ORACLE_TOLD_H
#define TESTBENCH_ORACLE_TOLD_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

#include "oracle/claims.h"

#define TOLD_R0   0x7e11     /* what a failed check returns */
#define TOLD_BACK 0x5e7b4c3d /* what a function returns in place of a stack pointer */

/* Which instructions are meant. */
typedef bool told_fn(const uint8_t *insn);

/* What is checked; NULL: nothing. */
struct told_rule {
	told_fn *result; /* of arithmetic and loads */
	told_fn *use;    /* what goes into pointer arithmetic, calls and branches */
	told_fn *side;   /* that a branch can only go one way */
	told_fn *equal;  /* that of two pointers found equal none is above the other */
	told_fn *minus;  /* what is subtracted from a pointer: its negative is added */
	told_fn *zero;   /* that what is added to a pointer is 0: it is moved */
	told_fn *access; /* that what is accessed of a packet is before its end, where a register has this */
	told_fn *found;  /* that a lookup finds an element */
	told_fn *back;   /* where the stack pointer is that a function returns: it is taken from there */
	told_fn *fails;  /* that a cmpxchg finds a stack pointer, and leaves it: it is a load */
	told_fn *plain;  /* nothing: it becomes another one, see told_put_plain() */
};

/* A program being written. */
struct told_writer {
	struct bpf_insn *out;
	uint32_t count, room;
	bool full;                  /* there was more to write */
	bool other;                 /* it returns something else */
	const struct claims_at *at; /* what holds where it is, if not NULL, */
	uint16_t changed;           /* but for these registers, bit n for register n */
};

void told_put(struct told_writer *w, const struct bpf_insn *insn);
/* Ends the program, which gives back what it holds; in a function, ends that one. */
void told_put_trap(struct told_writer *w);
/* Slots that it takes. */
int16_t told_trap_slots(const struct told_writer *w);
/* Ends it unless the number in the register is one of these; what nothing is known of is not checked. */
void told_put_claim(struct told_writer *w, uint8_t reg, const struct claims_of *of);
/* The same for what the instruction is about to use as an offset, a size or a condition. */
void told_put_uses(struct told_writer *w, const struct bpf_insn *insn, const struct claims_at *at);

/* What is subtracted from a pointer is added as its negative. false: it is something else, nothing was written. */
bool told_put_minus(struct told_writer *w, const struct bpf_insn *insn, const struct claims_at *at);
/* A pointer plus 0 is a copy of it. false: it is something else, nothing was written. */
bool told_put_zero(struct told_writer *w, const struct bpf_insn *insn, const struct claims_at *at);
/* A cmpxchg of a stack pointer with a small number becomes a load. false: it is something else, nothing was written. */
bool told_put_fails(struct told_writer *w, const struct bpf_insn *insn, const struct claims_at *at);
/* The check that R0 is not null behind a call that is claimed to find something. */
void told_put_found(struct told_writer *w, const struct bpf_insn *insn, const struct claims_of *r0);
/* The check of an access to a packet. */
void told_put_access(struct told_writer *w, const struct bpf_insn *insn, const struct claims_at *at);

/*
 * What does the same as far as memory goes: for a call that has to do with locks one without effect, for one that hands
 * packet memory to a helper (told_is_memory()) a sum of the same bytes, for atomic operations on the stack a store and
 * a load, for tail calls both that can come of them.
 */
void told_put_plain(struct told_writer *w, const struct bpf_insn *insn, const struct claims_at *at);

/* A call of a helper that reads or writes memory, and has no other pointer but the context. */
told_fn told_is_memory;

/*
 * Writes the program to out, room slots. *same: whether it also returns and leaves the same. Returns slots, 0 if there
 * are too many.
 */
uint32_t told_rewrite(const uint8_t *wire, uint32_t slots, const struct claims_at *claims, const struct told_rule *rule,
		      uint8_t *out, uint32_t room, bool *same);

#endif
