/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs, the maps that they use, and what the verifier must say of them: rows. */
#ifndef UNIT_VERIFY_BENCH_H
#define UNIT_VERIFY_BENCH_H

#include "exec/exec.h"
#include "helper.h"
#include "verify/verify.h"
#include "virtio_net_xdp.h"
#include "virtio_net_xdp_ext.h"
#include "words.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORDS   48
#define ARENA_BYTES ((size_t)160 << 20)

enum flag {
	PLAIN = 1 << 0,  /* R1 is 16 bytes of memory */
	STRICT = 1 << 1, /* STRICT_ACTIONS, REDIRECT not offered */
	SELECT = 1 << 2, /* QUEUE_SELECT offered */
	ZEROS = 1 << 3,  /* reads stack that it has not written */
};

struct verify_row {
	const char *id;
	uint64_t words[MAX_WORDS];
	const char *says; /* part of the log's last line */
	uint32_t count;
	uint32_t insn; /* of the error */
	unsigned int flags;
	uint32_t num_funcs;
	struct verify_func funcs[4]; /* global */
	uint16_t error;              /* VIRTIO_NET_XDP_VERIFY_*, 0: accepted */
};

#define PROG(...)             .words = {__VA_ARGS__}, .count = sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)
#define BAD(code, at, phrase) .error = VIRTIO_NET_XDP_VERIFY_##code, .insn = (at), .says = (phrase)

#define FUNCS(...)                                                                                                     \
	.funcs = {__VA_ARGS__}, .num_funcs = sizeof((struct verify_func[]){__VA_ARGS__}) / sizeof(struct verify_func)
/* A global function from instruction at on: kinds of arguments, from the first on. */
#define FUNC(at, ...)                                                                                                  \
	{                                                                                                              \
		.insn = (at), .kinds = { __VA_ARGS__ }                                                                 \
	}
/* The same of one argument of the kind, that is memory of so many bytes. */
#define FUNC_MEM(at, kind, size)                                                                                       \
	{                                                                                                              \
		.insn = (at), .kinds = {VIRTIO_NET_XDP_FUNC_##kind}, .bytes = { size }                                 \
	}

#define W_JEQ(dst, imm, to)      W(0x15, dst, 0, to, imm)
#define W_JNE(dst, imm, to)      W(0x55, dst, 0, to, imm)
#define W_JGT(dst, imm, to)      W(0x25, dst, 0, to, imm)
#define W_JGTR(dst, src, to)     W(0x2d, dst, src, to, 0)
#define W_JLTR(dst, src, to)     W(0xad, dst, src, to, 0)
#define W_JGER(dst, src, to)     W(0x3d, dst, src, to, 0)
#define W_JLT(dst, imm, to)      W(0xa5, dst, 0, to, imm)
#define W_JLT32(dst, imm, to)    W(0xa6, dst, 0, to, imm)
#define W_ADDR(dst, src)         W(0x0f, dst, src, 0, 0)
#define W_SUBR(dst, src)         W(0x1f, dst, src, 0, 0)
#define W_AND(dst, imm)          W(0x57, dst, 0, 0, imm)
#define W_OR(dst, imm)           W(0x47, dst, 0, 0, imm)
#define W_MOV32R(dst, src)       W(0xbc, dst, src, 0, 0)
#define W_ST64(dst, off, imm)    W(0x7a, dst, 0, off, imm)
#define W_ST32(dst, off, imm)    W(0x62, dst, 0, off, imm)
#define W_STX32(dst, src, off)   W(0x63, dst, src, off, 0)
#define W_STX8(dst, src, off)    W(0x73, dst, src, off, 0)
#define W_LDX16(dst, src, off)   W(0x69, dst, src, off, 0)
#define W_LDMAP(dst, map)        W(0x18, dst, 1, 0, map), 0
#define W_LDVALUE(dst, map, off) W(0x18, dst, 2, 0, map), W(0, 0, 0, 0, off)
#define W_XADD64(dst, src, off)  W(0xdb, dst, src, off, 0)

/* R2 = data, R3 = data_end */
#define W_PACKET W_LDX32(2, 1, 0), W_LDX32(3, 1, 4)
/* R0 = value of map 0 at key 0, or null: 6 slots */
#define W_LOOKUP W_ST64(10, -8, 0), W_MOVR(2, 10), W_ADD(2, -8), W_LDMAP(1, 0), W_CALL(1)
#define W_RETURN W_MOV(0, 2), W_EXIT

/* The maps of every row. */
enum {
	MAP_HASH,         /* 8-byte keys, 16-byte values */
	MAP_ONE,          /* ARRAY of one 8-byte value */
	MAP_RDONLY,       /* the same, not to be written */
	MAP_PROGS,        /* PROG_ARRAY */
	MAP_LARGE,        /* ARRAY of one 4 MiB value */
	MAP_FROZEN,       /* ARRAY of one 16-byte value, nobody can write it any more: ff 01 02 ... 0f */
	MAP_OUTER,        /* ARRAY of HASHes as MAP_HASH */
	MAP_OUTER_RDONLY, /* ARRAY of ARRAYs of 4-byte keys and 8-byte values not to be written */
	MAP_RING,         /* RINGBUF */
	MAP_ARRAY,        /* ARRAY of 4 8-byte values */
	MAPS,
};

struct bench {
	struct arena arena;
	void *memory;
	struct map maps[MAPS];
	struct map *list[MAPS];
	struct fw_caps caps;
	struct verify_args args;
	char log[4096];
};

void bench_init(struct bench *b);
/* Verifies in slices of budget; result's memory is given back already. */
void bench_verify(struct bench *b, const uint64_t *words, uint32_t count, uint32_t budget,
		  struct verify_result *result);
/* The same, but access and calls of the result are the caller's to free. */
void bench_verify_keep(struct bench *b, const uint64_t *words, uint32_t count, uint32_t budget,
		       struct verify_result *result);
void bench_rows(const struct verify_row *rows, size_t count);

#endif
