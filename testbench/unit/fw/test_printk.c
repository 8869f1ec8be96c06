/* SPDX-License-Identifier: BSD-2-Clause */
#include "core.h"
#include "engines.h"
#include "exec/exec.h"
#include "printk.h"
#include "rig/rig.h"

struct world {
	struct control *c;
	struct run run;
};

static void world_open(struct world *w)
{
	static const uint64_t words[] = {W_MOV(0, 2), W_EXIT};

	w->c = control_open(NULL);
	cr_assert_eq(control_load(w->c, 3, words, ARRAY_SIZE(words)), VIRTIO_NET_XDP_PROG_READY);
	w->run = (struct run){.fw = w->c->fw, .prog = &prog_find(w->c->fw, 3)->exec};
}

static int64_t print(struct world *w, const char *format, uint64_t bytes, uint64_t a, uint64_t b, uint64_t c)
{
	char *block = malloc(bytes + 1), *exact = block + 1; /* nothing may be read behind it: ASan sees it */
	int64_t result;

	memcpy(exact, format, bytes);
	w->c->line[0] = 0;
	result = (int64_t)printk_trace((uintptr_t)exact, bytes, a, b, c, &w->run);
	free(block);
	map_run_ended(w->c->fw);
	return result;
}

/* Lengths and refusals as Linux 6.18 has them, but for pointers and strings. */
Test(printk, formats)
{
	static const struct {
		const char *format;
		uint64_t a, b, c;
		int64_t expect;
		const char *text;
	} rows[] = {
		{"hello", 0, 0, 0, 5, "hello"},
		{"hello\n", 0, 0, 0, 6, "hello"},
		{"", 0, 0, 0, 0, ""},
		{"%d %u %x", UINT64_MAX, UINT64_MAX, UINT64_MAX, 22, "-1 4294967295 ffffffff"},
		{"%ld %lu %lx", UINT64_MAX, UINT64_MAX, UINT64_MAX, 40, "-1 18446744073709551615 ffffffffffffffff"},
		{"%lld %llu %llx", 5, 6, 0xabc, 7, "5 6 abc"},
		{"%lld", 1ULL << 63, 0, 0, 20, "-9223372036854775808"},
		{"%d %i", 0x1ffffffff, 0x180000000, 0, 14, "-1 -2147483648"},
		{"%X %lX", 0xabc, 0xdef, 0, 7, "ABC DEF"},
		{"%5d|%-5d|%05d", 42, 42, 42, 17, "   42|42   |00042"},
		{"%+d % d %+d", 5, 5, (uint64_t)-5, 8, "+5  5 -5"},
		{"%06d|%-06d|", (uint64_t)-3, (uint64_t)-3, 0, 14, "-00003|-3    |"},
		{"%c%3c%-3c|", 'a', 'b', 'c', 8, "a  bc  |"},
		{"%c%c", 1, 0x1b, 0, 2, ""},
		{"%c|", 0xff, 0, 0, 2, " |"},
		{"100%%", 0, 0, 0, 4, "100%"},
		{"a\tb\nc", 0, 0, 0, 5, "a b c"},
		{"%d %d %d %d", 1, 2, 3, -EINVAL, ""},
		{"%", 0, 0, 0, -EINVAL, ""},
		{"%0", 0, 0, 0, -EINVAL, ""},
		{"%5", 0, 0, 0, -EINVAL, ""},
		{"%ll", 0, 0, 0, -EINVAL, ""},
		{"%llld", 0, 0, 0, -EINVAL, ""},
		{"%hd", 0, 0, 0, -EINVAL, ""},
		{"%lc", 0, 0, 0, -EINVAL, ""},
		{"%q", 0, 0, 0, -EINVAL, ""},
		{"%n", 0, 0, 0, -EINVAL, ""},
		{"%o", 0, 0, 0, -EINVAL, ""},
		{"%.3d", 0, 0, 0, -EINVAL, ""},
		{"%*d", 0, 0, 0, -EINVAL, ""},
		{"%p", 0x1234, 0, 0, -EINVAL, ""},
		{"%px", 0x1234, 0, 0, -EINVAL, ""},
		{"%pK", 0x1234, 0, 0, -EINVAL, ""},
		{"%pI4", 0x1234, 0, 0, -EINVAL, ""},
		{"%s", 0x1234, 0, 0, -EINVAL, ""},
		{"%lx%pks", 1, 0x1234, 0, -EINVAL, ""},
		{"a\1", 0, 0, 0, -EINVAL, ""},
		{"a\x1b[2J", 0, 0, 0, -EINVAL, ""},
		{"caf\xc3\xa9", 0, 0, 0, -EINVAL, ""},
	};
	struct world w;

	world_open(&w);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char line[128] = "";

		cr_assert_eq(print(&w, rows[i].format, strlen(rows[i].format) + 1, rows[i].a, rows[i].b, rows[i].c),
			     rows[i].expect, "'%s'", rows[i].format);
		if (rows[i].expect >= 0)
			snprintf(line, sizeof(line), "program 3: %s", rows[i].text);
		if (rows[i].expect >= 0 && !rows[i].text[0])
			line[11] = 0;
		cr_assert_str_eq(w.c->line, line, "'%s': '%s'", rows[i].format, w.c->line);
	}
	control_close(w.c);
}

Test(printk, format_ends_inside_its_bytes)
{
	struct world w;

	world_open(&w);
	cr_assert_eq(print(&w, "abc", 3, 0, 0, 0), -EINVAL);
	cr_assert_eq(print(&w, "abc%", 4, 0, 0, 0), -EINVAL);
	cr_assert_eq(print(&w, "ab\0%s", 6, 0, 0, 0), 2, "what is behind the end means nothing");
	cr_assert_eq(print(&w, "", 0, 0, 0, 0), -EINVAL);
	control_close(w.c);
}

/* The length is that of the whole text; the line is cut. */
Test(printk, long_lines)
{
	static char format[5000];
	struct world w;

	world_open(&w);
	cr_assert_eq(print(&w, "%3000d|%-2000d", 15, 1, 2, 0), 5001);
	cr_assert_eq(print(&w, "%99999999999d", 14, 1, 0, 0), 0x7fffff);
	memset(format, 'x', sizeof(format) - 1);
	cr_assert_eq(print(&w, format, sizeof(format), 0, 0, 0), (int64_t)sizeof(format) - 1);
	cr_assert_eq(strlen(w.c->line), sizeof(w.c->line) - 1, "as much of it as there is room for");
	cr_assert_eq(strncmp(w.c->line, "program 3: xxx", 14), 0);
	control_close(w.c);
}

Test(printk, arguments_in_memory)
{
	static const struct {
		uint64_t bytes;
		int64_t expect;
	} rows[] = {{24, 5},      {32, 5},       {96, 5},       {104, -EINVAL},       {16, -EINVAL},
		    {0, -EINVAL}, {23, -EINVAL}, {25, -EINVAL}, {1ULL << 32, -EINVAL}};
	uint64_t args[13] = {1, 2, 3};
	const char format[] = "%d %d %d";
	struct world w;

	world_open(&w);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_assert_eq((int64_t)printk_vtrace((uintptr_t)format, sizeof(format), (uintptr_t)args, rows[i].bytes,
						    0, &w.run),
			     rows[i].expect, "%lu bytes", (unsigned long)rows[i].bytes);
	cr_assert_str_eq(w.c->line, "program 3: 1 2 3");
	cr_assert_eq((int64_t)printk_vtrace((uintptr_t) "none", 5, 0, 0, 0, &w.run), 4);
	control_close(w.c);
}

static void count_line(void *ctx, const char *line)
{
	(void)line;
	++*(unsigned *)ctx;
}

/* A run writes so many lines; the program sees no difference. The next run can write as many again. */
Test(printk, a_run_is_bounded)
{
	static const struct fw_platform platform = {.log = count_line};
	unsigned lines = 0;
	struct world w;

	world_open(&w);
	w.c->fw->config.platform = &platform;
	w.c->fw->config.platform_ctx = &lines;
	for (unsigned run = 1; run <= 3; run++) {
		for (int i = 0; i < 1000; i++)
			cr_assert_eq(printk_trace((uintptr_t) "x", 2, 0, 0, 0, &w.run), 1);
		cr_assert_eq(lines, run * PRINTK_LINES);
		map_run_ended(w.c->fw);
	}
	w.c->fw->config.platform = &control_platform;
	w.c->fw->config.platform_ctx = w.c;
	control_close(w.c);
}

/* What no program gave, the helper does not read: registers with nothing or an address in them are 0 to it. */
Test(printk, missing_arguments_are_zero)
{
#define FORMAT W(0x18, 6, 0, 0, 0x25207825), W(0, 0, 0, 0, 0x78252078) /* "%x %x %x" */
#define PRINT                                                                                                          \
	FORMAT, W_STX64(10, 6, -16), W(0x7a, 10, 0, -8, 0), W_MOVR(1, 10), W_ADD(1, -16), W_MOV(2, 9), W_CALL(6),      \
		W_MOVR(6, 0), W_MOV(0, 2), W_EXIT
	static const struct {
		const char *id, *line;
		uint64_t words[24];
		size_t count;
	} rows[] = {
		{"none", "program 0: 0 0 0", {PRINT}, 11},
		{"one", "program 0: 7 0 0", {W_MOV(3, 7), PRINT}, 12},
		{"one and an address", "program 0: 7 0 0", {W_MOV(3, 7), W_MOVR(4, 10), PRINT}, 13},
		{"a number behind an address", "program 0: 0 0 0", {W_MOVR(3, 1), W_MOV(4, 8), W_MOV(5, 9), PRINT}, 14},
		{"two", "program 0: 7 8 0", {W_MOV(3, 7), W_MOV(4, 8), PRINT}, 13},
		{"three", "program 0: 7 8 9", {W_MOV(3, 7), W_MOV(4, 8), W_MOV(5, 9), PRINT}, 14},
		{"an address on one path",
		 "program 0: 7 0 0",
		 {W_LDX32(2, 1, 12), W_MOV(3, 7), W_MOV(4, 8), W_MOV(5, 9), W(0x15, 2, 0, 1, 99), W_JA(1), W_MOVR(4, 1),
		  PRINT},
		 18},
	};
	static const enum fw_engine engines[] = {FW_ENGINE_INTERP, FW_ENGINE_JIT};

	struct fw_platform platform = rig_platform;

	platform.log = control_log;
	for (size_t i = 0; i < ARRAY_SIZE(rows) * 2; i++) {
		struct fw_config config = control_config();
		struct control_frame f;
		struct control *c;
		size_t code_bytes;

		config.engine = engines[i % 2];
		config.platform = &platform;
		c = control_open(&config);
		cr_assert_eq(control_load(c, 0, rows[i / 2].words, rows[i / 2].count), VIRTIO_NET_XDP_PROG_READY, "%s",
			     rows[i / 2].id);
		cr_assert_eq(fw_prog_code(c->fw, 0, &code_bytes) != NULL, engines[i % 2] == FW_ENGINE_JIT);
		cr_assert_eq(control_attach(c, 0, VIRTIO_NET_XDP_ID_NONE, 0, 0), 0);
		control_frame(&f, 64);
		fw_run(c->fw, &f.frame, 1);
		cr_assert_str_eq(c->line, rows[i / 2].line, "%s", rows[i / 2].id);
		control_close(c);
	}
}

/* A line names the program that prints it: the caller again, when what it called in another one has returned. */
Test(printk, lines_name_their_program)
{
	static const uint64_t calls[] = {W_CALL_LOCAL(7), W(0x7a, 10, 0, -8, 'x'),
					 W_MOVR(1, 10),   W_ADD(1, -8),
					 W_MOV(2, 2),     W_CALL(6),
					 W_MOV(0, 2),     W_EXIT,
					 W_MAP(2, 0),     W_MOV(3, 0),
					 W_CALL(12),      W_MOV(0, 7),
					 W_EXIT},
			      target[] = {W_MOV(0, 3), W_EXIT};
	struct fw_platform platform = rig_platform;

	platform.log = control_log;
	for (int engine = 0; engine < ENGINES; engine++) {
		struct control *c = engines_open(engine, NULL, 0);

		c->fw->config.platform = &platform;
		cr_assert_eq(control_map_create(c, 0, VIRTIO_NET_XDP_MAP_PROG_ARRAY, 4, 4, 1, 0), 0);
		engines_load(c, 5, calls, ENGINES_COUNT(calls));
		engines_load(c, 6, target, ENGINES_COUNT(target));
		cr_assert_eq(engines_set(c, 0, 0, 6, 0), 0);
		engines_attach(c, 5);
		cr_assert_eq(engines_run(c).r0, 2);
		cr_assert_str_eq(c->line, "program 5: x", "%s: %s", engines_name(engine), c->line);
		control_close(c);
	}
}
