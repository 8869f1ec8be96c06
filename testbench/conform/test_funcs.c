// SPDX-License-Identifier: BSD-2-Clause
/* Global functions: PROG_FUNCS, and what the verification makes of it. */
#include <string.h>

#include "bench.h"
#include "insns.h"

#define MANY VIRTIO_NET_XDP_FUNCS_MAX
#define LE32(n)                                                                                                        \
	{                                                                                                              \
		__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? (n) : __builtin_bswap32(n)                                 \
	}
#define KIND(name) VIRTIO_NET_XDP_FUNC_##name

static void open_with_funcs(struct bench *b)
{
	bench_open(b, NULL);
	need_command(b, VIRTIO_NET_CTRL_XDP_PROG_FUNCS, "PROG_FUNCS");
	cr_assert_eq(drv_xdp_prog_create(b->net, 1, 1000 * 8, 0, "p", NULL, NULL), 0);
}

/* The status of one PROG_FUNCS for program id. */
static uint32_t tell(struct bench *b, uint32_t id, const struct virtio_net_xdp_func *funcs, size_t bytes,
		     uint32_t *detail)
{
	uint8_t data[1024 - 2];
	le32 wire = cpu_to_le32(id);
	struct answer a;

	memcpy(data, &wire, sizeof(wire));
	memcpy(data + sizeof(wire), funcs, bytes);
	ask(b, &a, VIRTIO_NET_CTRL_XDP_PROG_FUNCS, data, sizeof(wire) + bytes, 8);
	if (detail)
		*detail = a.detail;
	return a.status;
}

struct program {
	const char *what;
	uint64_t insns[20];
	uint32_t count;
	struct drv_xdp_func func;
	uint32_t error; /* VIRTIO_NET_XDP_VERIFY_*; 0: READY */
};

#define INSNS(...) {__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)

/* The program's error with its function (or none), and without. */
static uint32_t judge(struct bench *b, const struct program *p, uint32_t funcs)
{
	struct drv_xdp_prog_info info;
	le64 wire[20];

	for (size_t i = 0; i < p->count; i++)
		wire[i] = cpu_to_le64(p->insns[i]);
	cr_assert_eq(drv_xdp_prog_load_funcs(b->net, 0, wire, p->count * 8, 0, "p", &p->func, funcs, 0, &info, NULL), 0,
		     "%s", p->what);
	cr_assert_eq(drv_xdp_prog_destroy(b->net, 0, NULL), 0);
	return info.error;
}

static void judge_all(const struct program *programs, size_t count, const char *id)
{
	struct bench b;

	open_with_funcs(&b);
	for (size_t i = 0; i < count; i++)
		cr_expect_eq(judge(&b, &programs[i], 1), programs[i].error, "%s: %s", id, programs[i].what);
	bench_close(&b);
}

#define JUDGE(programs, id) judge_all(programs, sizeof(programs) / sizeof((programs)[0]), id)

/* What a caller gives and gets is no more known than that. */
Test(XO, XO_269)
{
	static const struct program known = {
		"a division by a number that is never 0",
		INSNS(MOV_K(1, 3), CALL_LOCAL(1), EXIT, MOV_K(0, 0), JEQ_K(1, 3, 1), LDX_B(0, 9, 0), EXIT),
		{.insn = 3, .kinds = {KIND(NUMBER)}},
		0};
	static const struct virtio_net_xdp_func two[] = {{.insn = LE32(10)}, {.insn = LE32(12)}},
						third = {.insn = LE32(13)};
	uint32_t detail;
	struct bench b;

	open_with_funcs(&b);
	cr_expect_eq(judge(&b, &known, 0), 0, "XO-269: not global");
	cr_expect_eq(judge(&b, &known, 1), VIRTIO_NET_XDP_VERIFY_UNINIT, "XO-269: global");
	cr_expect_eq(tell(&b, 1, two, sizeof(two), NULL), VIRTIO_NET_XDP_OK, "XO-269");
	cr_expect_eq(tell(&b, 1, &third, sizeof(third), &detail), VIRTIO_NET_XDP_OK, "XO-269: one more");
	cr_expect_eq(tell(&b, 1, &third, sizeof(third), &detail), VIRTIO_NET_XDP_ERR_SIZE, "XO-269: it is there");
	bench_close(&b);
}

Test(XO, XO_270)
{
	static const struct virtio_net_xdp_func func = {.insn = LE32(1)};
	struct bench b;

	open_with_funcs(&b);
	LOAD(&b, 0, RETURN(VIRTIO_NET_XDP_PASS));
	cr_expect_eq(tell(&b, 0, &func, sizeof(func), NULL), VIRTIO_NET_XDP_ERR_STATE, "XO-270: READY");
	cr_expect_eq(tell(&b, 1, &func, sizeof(func), NULL), VIRTIO_NET_XDP_OK, "XO-270: LOADING");
	bench_close(&b);
}

/* A function, and the status of a command with it behind one that is right. */
struct row {
	const char *what;
	struct virtio_net_xdp_func func;
	uint32_t status;
};

static void tell_all(const struct row *rows, size_t count, const char *id)
{
	struct virtio_net_xdp_func funcs[2] = {{.insn = LE32(4)}};
	struct bench b;

	open_with_funcs(&b);
	for (size_t i = 0; i < count; i++) {
		funcs[1] = rows[i].func;
		cr_expect_eq(tell(&b, 1, funcs, sizeof(funcs), NULL), rows[i].status, "%s: %s", id, rows[i].what);
	}
	/* none of them has left anything */
	cr_expect_eq(tell(&b, 1, funcs, sizeof(funcs[0]), NULL), VIRTIO_NET_XDP_OK, "%s", id);
	bench_close(&b);
}

#define TELL(rows, id) tell_all(rows, sizeof(rows) / sizeof((rows)[0]), id)

Test(XO, XO_271)
{
	static const struct row rows[] = {
		{"the first", {.insn = LE32(8), .reserved = {1}}, VIRTIO_NET_XDP_ERR_FLAGS},
		{"the last", {.insn = LE32(8), .reserved = {0, 0, 0x80}}, VIRTIO_NET_XDP_ERR_FLAGS},
	};

	TELL(rows, "XO-271");
}

Test(XO, XO_272)
{
	static const struct row rows[] = {
		{"undefined", {.insn = LE32(8), .kinds = {5}}, VIRTIO_NET_XDP_ERR_TYPE},
		{"undefined, the last", {.insn = LE32(8), .kinds = {1, 1, 1, 1, 0xff}}, VIRTIO_NET_XDP_ERR_TYPE},
		{"behind none", {.insn = LE32(8), .kinds = {1, 0, 1}}, VIRTIO_NET_XDP_ERR_TYPE},
	};

	TELL(rows, "XO-272");
}

Test(XO, XO_273)
{
	static const struct row rows[] = {
		{"the same", {.insn = LE32(4)}, VIRTIO_NET_XDP_ERR_SIZE},
		{"one before", {.insn = LE32(3)}, VIRTIO_NET_XDP_ERR_SIZE},
		{"the program itself", {.insn = LE32(0)}, VIRTIO_NET_XDP_ERR_SIZE},
		{"behind the program", {.insn = LE32(1000)}, VIRTIO_NET_XDP_ERR_SIZE},
		{"far behind it", {.insn = LE32(0xff000000)}, VIRTIO_NET_XDP_ERR_SIZE},
		{"a number of bytes", {.insn = LE32(8), .kinds = {1}, .bytes = {LE32(4)}}, VIRTIO_NET_XDP_ERR_SIZE},
		{"bytes of nothing", {.insn = LE32(8), .bytes = {LE32(4)}}, VIRTIO_NET_XDP_ERR_SIZE},
		{"no memory", {.insn = LE32(8), .kinds = {3}}, VIRTIO_NET_XDP_ERR_SIZE},
		{"too much memory",
		 {.insn = LE32(8), .kinds = {4}, .bytes = {LE32(0x20000001)}},
		 VIRTIO_NET_XDP_ERR_SIZE},
	};
	struct virtio_net_xdp_func func = {.insn = LE32(4)};
	struct bench b;

	TELL(rows, "XO-273");
	open_with_funcs(&b);
	cr_expect_eq(tell(&b, 1, &func, 0, NULL), VIRTIO_NET_XDP_ERR_SIZE, "XO-273: none");
	cr_expect_eq(tell(&b, 1, &func, sizeof(func) - 1, NULL), VIRTIO_NET_XDP_ERR_SIZE, "XO-273: not all");
	bench_close(&b);
}

Test(XO, XO_274)
{
	struct virtio_net_xdp_func func = {0};
	uint32_t detail = 0;
	struct bench b;

	open_with_funcs(&b);
	for (uint32_t i = 1; i <= MANY; i++) {
		func.insn = cpu_to_le32(i);
		cr_assert_eq(tell(&b, 1, &func, sizeof(func), NULL), VIRTIO_NET_XDP_OK, "XO-274: function %u", i);
	}
	func.insn = cpu_to_le32(MANY + 1);
	cr_expect_eq(tell(&b, 1, &func, sizeof(func), &detail), VIRTIO_NET_XDP_ERR_LIMIT_ENTRIES, "XO-274");
	cr_expect_eq(detail, MANY, "XO-274");
	bench_close(&b);
}

Test(XO, XO_275)
{
	static const struct program programs[] = {
		{"called", INSNS(CALL_LOCAL(1), EXIT, RETURN(2)), {.insn = 2}, 0},
		{"in the middle", INSNS(CALL_LOCAL(1), EXIT, RETURN(2)), {.insn = 3}, VIRTIO_NET_XDP_VERIFY_CALL},
		{"not called", INSNS(MOV_K(0, 2), EXIT), {.insn = 1}, VIRTIO_NET_XDP_VERIFY_CALL},
	};

	JUDGE(programs, "XO-275");
}

Test(XO, XO_276)
{
	static const struct program programs[] = {
		{"the context",
		 INSNS(CALL_LOCAL(1), EXIT, LDX_W(0, 1, 12), EXIT),
		 {.insn = 2, .kinds = {KIND(CONTEXT)}},
		 0},
		{"the context for a number",
		 INSNS(CALL_LOCAL(1), EXIT, RETURN(2)),
		 {.insn = 2, .kinds = {KIND(NUMBER)}},
		 VIRTIO_NET_XDP_VERIFY_ARGUMENT},
		{"a number for the context",
		 INSNS(MOV_K(1, 8), CALL_LOCAL(1), EXIT, RETURN(2)),
		 {.insn = 3, .kinds = {KIND(CONTEXT)}},
		 VIRTIO_NET_XDP_VERIFY_ARGUMENT},
		{"a number for memory",
		 INSNS(MOV_K(1, 8), CALL_LOCAL(1), EXIT, RETURN(2)),
		 {.insn = 3, .kinds = {KIND(MEMORY_OR_NULL)}, .bytes = {8}},
		 VIRTIO_NET_XDP_VERIFY_ARGUMENT},
		{"0 for memory",
		 INSNS(MOV_K(1, 0), CALL_LOCAL(1), EXIT, RETURN(2)),
		 {.insn = 3, .kinds = {KIND(MEMORY)}, .bytes = {8}},
		 VIRTIO_NET_XDP_VERIFY_ARGUMENT},
		{"0 for memory or null",
		 INSNS(MOV_K(1, 0), CALL_LOCAL(1), EXIT, RETURN(2)),
		 {.insn = 3, .kinds = {KIND(MEMORY_OR_NULL)}, .bytes = {8}},
		 0},
		{"memory",
		 INSNS(ST_DW(10, -8, 0), MOV_X(1, 10), ADD_K(1, -8), CALL_LOCAL(1), EXIT, LDX_DW(0, 1, 0), EXIT),
		 {.insn = 5, .kinds = {KIND(MEMORY)}, .bytes = {8}},
		 0},
		{"too little",
		 INSNS(ST_DW(10, -8, 0), MOV_X(1, 10), ADD_K(1, -8), CALL_LOCAL(1), EXIT, RETURN(2)),
		 {.insn = 5, .kinds = {KIND(MEMORY)}, .bytes = {9}},
		 VIRTIO_NET_XDP_VERIFY_STACK},
	};

	JUDGE(programs, "XO-276");
}

Test(XO, XO_277)
{
	static const struct program programs[] = {
		{"a number", INSNS(CALL_LOCAL(1), EXIT, RETURN(77)), {.insn = 2}, 0},
		{"an address",
		 INSNS(CALL_LOCAL(1), EXIT, MOV_X(0, 10), EXIT),
		 {.insn = 2},
		 VIRTIO_NET_XDP_VERIFY_POINTER},
		{"nothing", INSNS(CALL_LOCAL(2), MOV_K(0, 2), EXIT, EXIT), {.insn = 3}, VIRTIO_NET_XDP_VERIFY_UNINIT},
		{"where no run comes",
		 INSNS(MOV_K(0, 1), JEQ_K(0, 1, 1), CALL_LOCAL(1), EXIT, MOV_X(0, 10), EXIT),
		 {.insn = 4},
		 0},
	};

	JUDGE(programs, "XO-277");
}

/* Programs that are unsafe, whatever is said of their functions. */
Test(XO, XO_278)
{
	static const struct program programs[] = {
		{"behind the memory",
		 INSNS(ST_DW(10, -8, 0), MOV_X(1, 10), ADD_K(1, -8), CALL_LOCAL(1), EXIT, LDX_DW(0, 1, 8), EXIT),
		 {.insn = 5, .kinds = {KIND(MEMORY)}, .bytes = {8}},
		 VIRTIO_NET_XDP_VERIFY_POINTER},
		{"the packet, not compared",
		 INSNS(CALL_LOCAL(1), EXIT, LDX_W(2, 1, CTX_DATA), LDX_B(0, 2, 0), EXIT),
		 {.insn = 2, .kinds = {KIND(CONTEXT)}},
		 VIRTIO_NET_XDP_VERIFY_PACKET},
		{"null, not compared",
		 INSNS(MOV_K(1, 0), CALL_LOCAL(1), EXIT, LDX_B(0, 1, 0), EXIT),
		 {.insn = 3, .kinds = {KIND(MEMORY_OR_NULL)}, .bytes = {8}},
		 VIRTIO_NET_XDP_VERIFY_NULL},
		{"across a border of the stack",
		 INSNS(ST_DW(10, -8, 0), MOV_X(1, 10), ADD_K(1, -8), CALL_LOCAL(1), EXIT, LDX_W(0, 1, 2), EXIT),
		 {.insn = 5, .kinds = {KIND(MEMORY)}, .bytes = {8}},
		 VIRTIO_NET_XDP_VERIFY_STACK},
		{"the packet, from before it was moved",
		 INSNS(MOV_X(6, 1), PACKET(1, 8, 3), MOV_X(1, 2), MOV_X(2, 6), CALL_LOCAL(2), RETURN(2), MOV_X(6, 1),
		       MOV_X(1, 2), MOV_K(2, 4), CALL(HELPER_XDP_ADJUST_HEAD), LDX_B(0, 6, 0), EXIT),
		 {.insn = 11, .kinds = {KIND(MEMORY), KIND(CONTEXT)}, .bytes = {8}},
		 VIRTIO_NET_XDP_VERIFY_ARGUMENT},
		{"calls itself",
		 INSNS(CALL_LOCAL(1), EXIT, CALL_LOCAL(-1), EXIT),
		 {.insn = 2},
		 VIRTIO_NET_XDP_VERIFY_CALL},
	};
	struct bench b;

	JUDGE(programs, "XO-278");
	open_with_funcs(&b);
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		cr_expect_neq(judge(&b, &programs[i], 0), 0, "XO-278: %s, not global", programs[i].what);
	bench_close(&b);
}
