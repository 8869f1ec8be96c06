/* SPDX-License-Identifier: BSD-2-Clause */
/* Records and locks that programs must give back, and tail calls, which must find nothing held. */
#include "verify_bench.h"

/* R0 = a record of 16 bytes, or null: 5 slots */
#define W_RESERVE W_LDMAP(1, MAP_RING), W_MOV(2, 16), W_MOV(3, 0), W_CALL(131)
#define W_SUBMIT  W_MOV(2, 0), W_CALL(132)
#define W_DISCARD W_MOV(2, 0), W_CALL(133)
/* 4 slots, with R1 the context */
#define W_TAIL    W_LDMAP(2, MAP_PROGS), W_MOV(3, 0), W_CALL(12)
#define W_NOTHING W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0)

/* clang-format off */
static const struct verify_row rows[] = {
	/* records */
	{"reserved and submitted", PROG(W_RESERVE, W_JEQ(0, 0, 3), W_MOVR(1, 0), W_SUBMIT, W_RETURN)},
	{"reserved, used and discarded", PROG(W_RESERVE, W_JEQ(0, 0, 5), W_ST64(0, 8, 3), W_LDX64(6, 0, 0), W_MOVR(1, 0), W_DISCARD, W_RETURN)},
	{"never given back", PROG(W_RESERVE, W_JEQ(0, 0, 0), W_RETURN), BAD(HELPER, 7, "the record reserved at instruction 4 was not given back")},
	{"never compared with null", PROG(W_RESERVE, W_RETURN), BAD(HELPER, 6, "end the run")},
	{"given back without a null test", PROG(W_RESERVE, W_MOVR(1, 0), W_SUBMIT, W_RETURN), BAD(NULL, 7, "R1 can be null")},
	{"used without a null test", PROG(W_RESERVE, W_LDX64(1, 0, 0), W_RETURN), BAD(NULL, 5, "R0 can be null")},
	{"used when given back", PROG(W_RESERVE, W_JEQ(0, 0, 5), W_MOVR(6, 0), W_MOVR(1, 0), W_SUBMIT, W_LDX8(0, 6, 0), W_RETURN), BAD(UNINIT, 10, "R6 is a record that was given back")},
	{"given back twice", PROG(W_RESERVE, W_JEQ(0, 0, 6), W_MOVR(6, 0), W_MOVR(1, 0), W_SUBMIT, W_MOVR(1, 6), W_DISCARD, W_RETURN), BAD(UNINIT, 10, "R6 is a record that was given back")},
	{"used from the stack when given back", PROG(W_RESERVE, W_JEQ(0, 0, 5), W_STX64(10, 0, -8), W_MOVR(1, 0), W_SUBMIT, W_LDX64(0, 10, -8), W_RETURN), BAD(POINTER, 10, "a record that was given back")},
	{"used in the caller when given back in a function",
	 PROG(W_RESERVE, W_JEQ(0, 0, 4), W_MOVR(6, 0), W_MOVR(1, 0), W_CALL_LOCAL(3), W_LDX8(0, 6, 0), W_RETURN, W_SUBMIT, W_RETURN), BAD(UNINIT, 9, "R6 is a record that was given back")},
	{"given back at an offset", PROG(W_RESERVE, W_JEQ(0, 0, 4), W_MOVR(1, 0), W_ADD(1, 8), W_SUBMIT, W_RETURN), BAD(ARGUMENT, 9, "as the program got it")},
	{"something else given back", PROG(W_MOVR(1, 10), W_SUBMIT, W_RETURN), BAD(ARGUMENT, 2, "a stack pointer")},
	{"behind a record", PROG(W_RESERVE, W_JEQ(0, 0, 4), W_LDX64(6, 0, 9), W_MOVR(1, 0), W_SUBMIT, W_RETURN), BAD(POINTER, 6, "outside of the record: 16 bytes")},
	{"before a record", PROG(W_RESERVE, W_JEQ(0, 0, 4), W_ST8(0, -1, 0), W_MOVR(1, 0), W_SUBMIT, W_RETURN), BAD(POINTER, 6, "outside of the record: 16 bytes")},
	{"a pointer in a record", PROG(W_RESERVE, W_JEQ(0, 0, 4), W_STX64(0, 10, 0), W_MOVR(1, 0), W_SUBMIT, W_RETURN), BAD(POINTER, 6, "show an address")},
	{"a size that is not known", PROG(W_CALL(7), W_MOVR(2, 0), W_LDMAP(1, MAP_RING), W_MOV(3, 0), W_CALL(131), W_RETURN), BAD(ARGUMENT, 5, "R2 can be several numbers")},
	{"no size", PROG(W_LDMAP(1, MAP_RING), W_MOV(2, 0), W_MOV(3, 0), W_CALL(131), W_RETURN), BAD(ARGUMENT, 4, "R2 is no size")},
	{"a negative size", PROG(W_LDMAP(1, MAP_RING), W_MOV(2, -1), W_MOV(3, 0), W_CALL(131), W_RETURN), BAD(ARGUMENT, 4, "R2 is no size")},
	{"too many", PROG(W_RESERVE, W_RESERVE, W_RESERVE, W_RESERVE, W_RESERVE, W_RETURN), BAD(HELPER, 24, "4 records are held")},
	{"in a loop", PROG(W_MOV(7, 0), W_RESERVE, W_JEQ(0, 0, 3), W_MOVR(1, 0), W_SUBMIT, W_ADD(7, 1), W_JLT(7, 9, -11), W_RETURN)},
	{"in a loop, kept", PROG(W_MOV(7, 0), W_RESERVE, W_JEQ(0, 0, 0), W_ADD(7, 1), W_JLT(7, 9, -8), W_RETURN), BAD(HELPER, 5, "4 records are held")},
	{"null on one path", PROG(W_RESERVE, W_JNE(0, 0, 1), W_JA(3), W_MOVR(1, 0), W_SUBMIT, W_RETURN)},
	{"a path pruned, given back on the other", PROG(W_RESERVE, W_JEQ(0, 0, 10), W_MOVR(6, 0), W_CALL(7), W_JEQ(0, 0, 3), W_MOVR(1, 6), W_SUBMIT, W_NOTHING, W_RETURN),
	 BAD(HELPER, 17, "not given back")},
	{"a path pruned, two records on the other where there is one twice",
	 PROG(W_RESERVE, W_JEQ(0, 0, 27), W_MOVR(6, 0), W_RESERVE, W_JEQ(0, 0, 17), W_MOVR(7, 0), W_CALL(7), W_JEQ(0, 0, 1), W_MOVR(7, 6), W_NOTHING, W_NOTHING, W_MOVR(1, 6), W_SUBMIT, W_MOVR(1, 7), W_SUBMIT,
	      W_RETURN, W_MOVR(1, 6), W_SUBMIT, W_RETURN), BAD(UNINIT, 28, "given back")},

	/* locks */
	{"locked and unlocked", PROG(W_LOOKUP, W_JEQ(0, 0, 6), W_MOVR(6, 0), W_MOVR(1, 0), W_CALL(93), W_ST64(6, 8, 1), W_MOVR(1, 6), W_CALL(94), W_RETURN)},
	{"locked by address", PROG(W_LDVALUE(1, MAP_ONE, 4), W_CALL(93), W_LDVALUE(1, MAP_ONE, 4), W_CALL(94), W_RETURN)},
	{"never unlocked", PROG(W_LDVALUE(1, MAP_ONE, 4), W_CALL(93), W_RETURN), BAD(HELPER, 4, "unlock it before you end the run")},
	{"not unlocked on one path", PROG(W_LDVALUE(6, MAP_ONE, 0), W_CALL(7), W_MOVR(7, 0), W_MOVR(1, 6), W_CALL(93), W_JEQ(7, 0, 2), W_MOVR(1, 6), W_CALL(94), W_NOTHING, W_RETURN), BAD(HELPER, 14, "a lock is held")},
	{"a helper in between", PROG(W_LDVALUE(1, MAP_ONE, 4), W_CALL(93), W_CALL(7), W_RETURN), BAD(HELPER, 3, "unlock it before you call a helper")},
	{"a function in between", PROG(W_LDVALUE(1, MAP_ONE, 4), W_CALL(93), W_CALL_LOCAL(2), W_RETURN, W_RETURN), BAD(HELPER, 3, "unlock it before you call a function")},
	{"locked twice", PROG(W_LDVALUE(1, MAP_ONE, 4), W_CALL(93), W_LDVALUE(1, MAP_ONE, 0), W_CALL(93), W_RETURN), BAD(HELPER, 5, "a lock is held")},
	{"unlocked only", PROG(W_LDVALUE(1, MAP_ONE, 4), W_CALL(94), W_RETURN), BAD(HELPER, 2, "no lock is held")},
	{"another lock unlocked", PROG(W_LDVALUE(1, MAP_ONE, 4), W_CALL(93), W_LDVALUE(1, MAP_ONE, 0), W_CALL(94), W_RETURN), BAD(HELPER, 5, "not the lock that is held")},
	{"the lock of another lookup unlocked",
	 PROG(W_LOOKUP, W_JEQ(0, 0, 15), W_MOVR(6, 0), W_LOOKUP, W_JEQ(0, 0, 7), W_MOVR(7, 0), W_MOVR(1, 6), W_CALL(93), W_MOVR(1, 7), W_CALL(94), W_RETURN, W_RETURN), BAD(HELPER, 19, "not the lock that is held")},
	{"the lock of another lookup, a path pruned",
	 PROG(W_LOOKUP, W_JEQ(0, 0, 20), W_MOVR(6, 0), W_LOOKUP, W_JEQ(0, 0, 12), W_MOVR(7, 0), W_CALL(7), W_JEQ(0, 0, 1), W_MOVR(7, 6), W_NOTHING, W_NOTHING, W_MOVR(1, 6), W_CALL(93), W_MOVR(1, 7), W_CALL(94),
	      W_RETURN), BAD(HELPER, 30, "not the lock that is held")},
	{"locked across the end of a value", PROG(W_LDVALUE(1, MAP_ONE, 6), W_CALL(93), W_RETURN), BAD(MAP, 2, "offset 6")},
	{"locked where it is not aligned", PROG(W_LDVALUE(1, MAP_ONE, 2), W_CALL(93), W_RETURN), BAD(STACK, 2, "aligned")},
	{"locked on the stack", PROG(W_MOVR(1, 10), W_ADD(1, -8), W_CALL(93), W_RETURN), BAD(ARGUMENT, 2, "a stack pointer")},
	{"locked without a null test", PROG(W_LOOKUP, W_MOVR(1, 0), W_CALL(93), W_RETURN), BAD(NULL, 7, "R1 can be null")},
	{"locked at several offsets", PROG(W_LOOKUP, W_JEQ(0, 0, 6), W_MOVR(6, 0), W_CALL(7), W_AND(0, 4), W_ADDR(6, 0), W_MOVR(1, 6), W_CALL(93), W_RETURN), BAD(ARGUMENT, 12, "constant offset")},
	{"locked where programs may not write", PROG(W_LDVALUE(1, MAP_RDONLY, 0), W_CALL(93), W_RETURN), BAD(MAP, 2, "may not write")},

	/* tail calls */
	{"a tail call", PROG(W_TAIL, W_RETURN)},
	{"R0 after a tail call", PROG(W_TAIL, W_EXIT), BAD(UNINIT, 4, "R0 is not initialised")},
	{"R1 after a tail call", PROG(W_TAIL, W_MOVR(0, 1), W_EXIT), BAD(UNINIT, 4, "R1 is not initialised")},
	{"CVE-2024-50063: into a map of something else", PROG(W_LDMAP(2, MAP_ONE), W_MOV(3, 0), W_CALL(12), W_RETURN), BAD(MAP, 3, "of type array")},
	{"the context moved", PROG(W_ADD(1, 4), W_TAIL, W_RETURN), BAD(ARGUMENT, 4, "as the program got it")},
	{"a record held", PROG(W_MOVR(6, 1), W_RESERVE, W_JEQ(0, 0, 5), W_MOVR(1, 6), W_TAIL, W_RETURN), BAD(HELPER, 11, "make a tail call")},
	{"a lock held", PROG(W_MOVR(6, 1), W_LDVALUE(1, MAP_ONE, 4), W_CALL(93), W_MOVR(1, 6), W_TAIL, W_RETURN), BAD(HELPER, 8, "call a helper")},
	{"in a function: its result is that of the other program", PROG(W_CALL_LOCAL(3), W_JEQ(0, 0, 1), W_LDX8(0, 9, 0), W_EXIT, W_TAIL, W_MOV(0, 0), W_EXIT), BAD(UNINIT, 2, "R9")},
	{"in a function: the other program moves the packet",
	 PROG(W_LDX32(7, 1, 0), W_LDX32(8, 1, 4), W_MOVR(9, 7), W_ADD(9, 4), W_JGTR(9, 8, 2), W_CALL_LOCAL(3), W_LDX8(0, 7, 0), W_RETURN, W_TAIL, W_MOV(0, 0), W_EXIT), BAD(UNINIT, 6, "load it again")},
	{"in a function of a function", PROG(W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(3), W_JEQ(0, 0, 1), W_LDX8(0, 9, 0), W_EXIT, W_TAIL, W_MOV(0, 0), W_EXIT), BAD(UNINIT, 4, "R9")},
};
/* clang-format on */

Test(held, verdicts)
{
	bench_rows(rows, sizeof(rows) / sizeof(rows[0]));
}
