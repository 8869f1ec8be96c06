// SPDX-License-Identifier: BSD-2-Clause
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/offload.h"
#include "rig/link_mem.h"
#include "rig/rig.h"
#include "unit/testbench/scratch.h"

/* Without linux/bpf.h: the types are the program's own, as with vmlinux.h. */
static const char head[] =
	"typedef unsigned u32; typedef unsigned short u16;\n"
	"#define SEC(n) __attribute__((section(n), used))\n"
	"#define INFO(field, kind) __builtin_preserve_field_info(field, kind)\n"
	"#define OFFSET(f) INFO(f, 0)\n#define SIZE(f) INFO(f, 1)\n#define EXISTS(f) INFO(f, 2)\n#define SIGNED(f) "
	"INFO(f, 3)\n"
	"#define TYPE(t, kind) __builtin_preserve_type_info(*(t *)0, kind)\n"
	"#define VALUE(t, v, kind) __builtin_preserve_enum_value(*(t *)v, kind)\n"
	"#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)\n"
	"struct xdp_md { u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };\n"
	"struct xdp_md___few { u32 rx_queue_index; u32 gone; };\n"
	"struct xdp_md___wide { void *data; void *data_end; };\n"
	"struct own { int a; struct { short b, c; }; char arr[8]; unsigned f1 : 3, f2 : 7; int s1 : 5; };\n"
	"struct own___v2 { char c; char arr[4]; int none; };\n"
	"struct nobody___v2 { int a; };\n"
	"struct sk_buff { int len; };\n"
	"struct task_struct { struct { int pid[4]; } x; };\n"
	"struct ethhdr { char h_dest[6], h_source[6]; u16 h_proto; };\n"
	"union u { int a; long b; };\n"
	"enum e { E_A = 5, E_B = 1000000, E_M = -3 };\n"
	"enum e___v { E_B___x = 7, E_C = 9 };\n"
	"enum wide { W = 0x123456789 };\n"
	"#pragma clang attribute pop\n"
	"struct own g = {1, .arr = {0, 0, 0, 5}, .f2 = 33, .s1 = -2};\n"
	"static long (*helper_of_kernels)(void) = (void *)35;\n"
	"char _license[] SEC(\"license\") = \"GPL\";\n";

/* The body of a program, and what it returns; or why it is refused. */
static const struct {
	const char *id, *body;
	uint64_t want;
	const char *refused; /* NULL: it is accepted */
} rows[] = {
	{"context",
	 "(struct xdp_md *x) { struct ethhdr *e = (void *)(long)x->data;\n"
	 "if ((void *)(e + 1) > (void *)(long)x->data_end) return 1; return e->h_proto == 8 ? 20 : 30; }",
	 20, NULL},
	{"context of pointers: loads become narrower",
	 "(struct xdp_md___wide *x) { struct ethhdr *e = x->data; if ((void *)(e + 1) > x->data_end) return 1;\n"
	 "return e->h_proto == 8 ? 20 : 30; }",
	 20, NULL},
	{"context with another layout",
	 "(struct xdp_md___few *x) { return 40 + x->rx_queue_index + OFFSET(x->rx_queue_index) * 100; }", 1640, NULL},
	{"context's field that is not there", "(struct xdp_md___few *x) { return EXISTS(x->gone) ? x->gone : 9; }", 9,
	 NULL},
	{"context's field that is used all the same", "(struct xdp_md___few *x) { return x->gone; }", 0,
	 "no struct xdp_md___few.gone"},
	{"size of the context", "(struct xdp_md *x) { return TYPE(struct xdp_md___few, 1); }", 24, NULL},
	{"own offset", "(struct xdp_md *x) { struct own *o = &g; return OFFSET(o->c) + SIZE(o->c) * 10; }", 26, NULL},
	{"own access",
	 "(struct xdp_md *x) { struct own *o = &g; return o->arr[3] + o->f2 * 10 + o->s1 * 1000 + 2000; }", 335, NULL},
	{"own bit fields",
	 "(struct xdp_md *x) { struct own *o = &g; return SIGNED(o->f2) + SIGNED(o->s1) * 10 + INFO(o->s1, 5); }", 69,
	 NULL},
	{"own under another flavor",
	 "(struct xdp_md *x) { struct own___v2 *o = 0; return OFFSET(o->c) + OFFSET(o->arr[2]) * 10 + SIZE(o->c) * "
	 "1000; }",
	 2106, NULL},
	{"no field in the other flavor", "(struct xdp_md *x) { struct own___v2 *o = 0; return EXISTS(o->none) + 5; }",
	 5, NULL},
	{"flavor of no type",
	 "(struct xdp_md *x) { struct nobody___v2 *o = 0; return EXISTS(o->a) + TYPE(struct nobody___v2, 0) + 5; }", 5,
	 NULL},
	{"kernel's type", "(struct sk_buff *x) { return x->len; }", 0, "no struct sk_buff.len (CO-RE)"},
	{"kernel's type, deep", "(struct xdp_md *x) { return ((struct task_struct *)helper_of_kernels())->x.pid[2]; }",
	 0, "35"},
	{"kernel's type, guarded",
	 "(struct xdp_md *x) { struct task_struct *t = 0; if (EXISTS(t->x)) return ((struct task_struct *)"
	 "helper_of_kernels())->x.pid[2]; return 11; }",
	 11, NULL},
	{"kernel's type does not exist",
	 "(struct xdp_md *x) { return TYPE(struct sk_buff, 0) + TYPE(struct own, 0) * 10; }", 10, NULL},
	{"types", "(struct xdp_md *x) { return TYPE(struct own, 1) + TYPE(union u, 1) * 1000; }", 8020, NULL},
	{"enumerators",
	 "(struct xdp_md *x) { return VALUE(enum e, E_B, 1) + VALUE(enum e, E_A, 1) + VALUE(enum e___v, E_B___x, 1) * "
	 "2 +\n"
	 "VALUE(enum e___v, E_C, 0) * 7 + VALUE(enum e___v, E_B___x, 0) * 10000000; }",
	 13000005, NULL},
	{"weak function that is not there",
	 "(struct xdp_md *x) { extern int weak(int) __attribute__((weak)); return weak ? weak(1) : 8; }", 8, NULL},
	{"weak function that is called all the same",
	 "(struct xdp_md *x) { extern int absent(int) __attribute__((weak)); return absent(1); }", 0,
	 "no function absent"},
	{"negative enumerator", "(struct xdp_md *x) { return VALUE(enum e, E_M, 1) + 10; }", 7, NULL},
};

#define ROWS       (sizeof(rows) / sizeof(rows[0]))
#define TEXT_BYTES 65536

static uint64_t run(struct drv_net *net, uint32_t id)
{
	uint8_t frame[1024] = {[12] = 8};
	uint32_t bytes = 64, queue = 0;
	uint64_t r0 = 0;

	cr_assert_eq(drv_xdp_test_run(net, id, 1, &queue, frame, &bytes, sizeof(frame), &r0, NULL), 0);
	return (uint32_t)r0;
}

static struct rig *started(const struct load_object *object)
{
	char error[LOAD_ERROR_BYTES] = "";
	struct net_config config;
	struct rig *rig;

	rig_config_default(&config);
	config.fw.engine = FW_ENGINE_INTERP;
	rig = rig_open(&config, link_mem_open(NULL, 0));
	cr_assert_not_null(rig);
	cr_assert_eq(offload_start(rig_driver(rig), error), 0, "%s", error);
	cr_assert_eq(offload_maps(rig_driver(rig), object, error), 0, "%s", error);
	return rig;
}

static void check_row(struct drv_net *net, const struct load_object *object, size_t i, const char *version)
{
	char error[LOAD_ERROR_BYTES] = "", name[32];
	struct drv_xdp_prog_info info;
	const struct load_prog *prog;
	uint64_t r0 = 0;
	int r;

	snprintf(name, sizeof(name), "entry%zu", i);
	prog = load_choose(object, name, error);
	cr_assert(prog, "%s, %s: %s", rows[i].id, version, error);
	r = offload_prog(net, object, prog, (uint32_t)i, 0, &info, error);
	cr_assert(r >= 0, "%s", error);
	if (!r)
		r0 = run(net, (uint32_t)i);
	if (rows[i].refused)
		cr_expect(r && strstr(error, rows[i].refused), "%s, %s: %s", rows[i].id, version, error);
	else
		cr_expect(!r && r0 == rows[i].want, "%s, %s: returned %llu %s", rows[i].id, version,
			  (unsigned long long)r0, error);
}

Test(core_relo, rows)
{
	static const char *const versions[] = {"bpf -mcpu=v1", "bpf -mcpu=v3"};
	char *text = malloc(TEXT_BYTES), error[LOAD_ERROR_BYTES] = "";
	struct scratch scratch;
	int used;

	cr_assert(text);
	used = snprintf(text, TEXT_BYTES, "%s", head);
	for (size_t i = 0; i < ROWS; i++)
		used += snprintf(text + used, TEXT_BYTES - (size_t)used, "SEC(\"xdp/%zu\") int entry%zu%s\n", i, i,
				 rows[i].body);
	scratch_create(&scratch);
	for (size_t v = 0; v < sizeof(versions) / sizeof(versions[0]); v++) {
		struct load_object *object =
			load_open(scratch_compile(&scratch, "core.o", text, versions[v]), NULL, error);
		struct rig *rig;

		cr_assert(object, "%s: %s", versions[v], error);
		rig = started(object);
		for (size_t i = 0; i < ROWS; i++)
			check_row(rig_driver(rig), object, i, versions[v]);
		rig_close(rig);
		load_free(object);
	}
	scratch_remove(&scratch);
	free(text);
}
