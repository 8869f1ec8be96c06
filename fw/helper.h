/* SPDX-License-Identifier: BSD-2-Clause */
/* Helper functions that programs call: one row each in helper.def, ids equal to Linux's by choice. */
#ifndef FW_HELPER_H
#define FW_HELPER_H

#include "std.h"

struct run;

/* What an argument must be. SIZE kinds give the bytes of the memory argument before them. */
enum helper_arg {
	HELPER_ARG_NONE,
	HELPER_ARG_ANY,          /* any initialised scalar; no pointer */
	HELPER_ARG_CTX,          /* R1 as the program got it */
	HELPER_ARG_MAP,          /* a map by LD_IMM64 */
	HELPER_ARG_KEY,          /* key_size readable bytes of the map before */
	HELPER_ARG_VALUE,        /* value_size readable bytes of the map before */
	HELPER_ARG_MEM,          /* readable memory */
	HELPER_ARG_MEM_OR_NULL,  /* readable memory, or constant 0 with size 0 */
	HELPER_ARG_MEM_OUT,      /* writable memory, need not be initialised; initialised after the call */
	HELPER_ARG_SIZE,         /* 1 or more */
	HELPER_ARG_SIZE_OR_ZERO, /* 0 or more */
	HELPER_ARG_MEM_INOUT,    /* readable, initialised and writable memory */
	HELPER_ARG_U32_INOUT,    /* 4 such bytes, aligned */
	HELPER_ARG_CONST,        /* a number that is the same on every path; the bytes of a RECORD_OR_NULL */
	HELPER_ARG_RECORD,       /* what a RECORD_OR_NULL gave, as it was given and not null; void after the call */
	HELPER_ARG_OPTIONAL,     /* a scalar; where it is anything else on some path, it and those behind are 0 */
	HELPER_ARG_GROWTH,       /* as ANY; low 32 bits, with a sign: bytes at the packet's end, which become 0 */
	HELPER_ARG_PACKET_BYTES, /* as ANY; bits 32 to 51: bytes of the packet, which are copied */
	HELPER_ARG_LOCK,         /* 4 bytes in a value of a map at a constant offset, a multiple of 4 */
};

enum helper_ret {
	HELPER_RET_SCALAR,
	HELPER_RET_VALUE_OR_NULL, /* a value of the map argument */
	HELPER_RET_VOID,
	HELPER_RET_RECORD_OR_NULL, /* CONST writable bytes, to be given back (RECORD) before the run ends or tail-calls
				    */
};

enum helper_flag {
	HELPER_F_MOVES_PACKET = 1 << 0, /* packet pointers are void after the call */
	HELPER_F_GPL = 1 << 1,          /* needs VIRTIO_NET_XDP_PROG_F_GPL_COMPATIBLE */
	HELPER_F_WRITES_MAP = 1 << 2,   /* the map argument must be writable by programs */
	HELPER_F_READS_MAP = 1 << 3,
	HELPER_F_LOCKS = 1 << 4, /* until UNLOCKS of the same LOCK: no other call, no end of the run, no second lock */
	HELPER_F_UNLOCKS = 1 << 5,
	HELPER_F_TAIL_CALL = 1 << 6,     /* does not return if it succeeds; the engines execute it themselves */
	HELPER_F_ROUTES = 1 << 7,        /* looks a route up, in a FIB */
	HELPER_F_WRITES_PACKET = 1 << 8, /* other than through an argument that points there */
};

/* The sixth argument is the run, in the register after the five that programs set (System V: r9, AAPCS64: x5). */
typedef uint64_t helper_fn(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run);

struct helper {
	const char *name;
	helper_fn *fn;
	uint64_t map_types; /* bit n: map type n may be the MAP argument; 0: no map argument */
	uint8_t args[5];    /* enum helper_arg */
	uint8_t ret;        /* enum helper_ret */
	uint16_t flags;     /* enum helper_flag */
};

#define HELPER_MAX 256

/* A lookup in a map of maps returns an inner map or null, which is then good as a MAP argument. */
#define HELPER_MAP_LOOKUP   1
#define HELPER_TRACE_PRINTK 6
#define HELPER_TAIL_CALL    12

/*
 * What a call of helper id runs where the first count of its OPTIONAL arguments are scalars on every path: id itself if
 * that is all of them, else a number from HELPER_MAX on, which no program can name.
 */
uint32_t helper_with(uint32_t id, uint8_t count);
/* NULL if this firmware has no such helper. Whether the device offers it is in the caps. */
const struct helper *helper_of(uint32_t id);
/* The helpers that this firmware implements. */
void helpers_all(uint64_t bits[4]);
/* The first state of get_prandom_u32 for a seed. */
uint64_t helper_seed(uint64_t seed);

#endif
