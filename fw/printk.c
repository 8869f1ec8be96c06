/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines for the operator. A format is printable ASCII and white space and ends with a zero byte. What it can ask for is
 * %[flags][width][l|ll]{d,i,u,x,X}, %[flags][width]c and %%: numbers. No format shows an address or reads memory by
 * one, so %p and %s are errors. The text is on one line and of printable characters, whatever the program gives.
 */
#include "printk.h"
#include "core.h"
#include "exec/exec.h"
#include "line.h"

#define TEXT_BYTES  1024 /* of a line, zero byte included; the rest is cut */
#define WIDTH_MAX   0x7fffff
#define VARGS_BYTES (12 * 8)

/* The line, with the prefix that is not part of what the program is told. */
struct text {
	char bytes[TEXT_BYTES];
	uint32_t used;
	uint64_t length; /* with what was cut */
};

/* %... of a format. */
struct spec {
	bool zeros, left, plus, blank;
	uint32_t width;
	uint8_t longs; /* l */
	char conversion;
};

static void put(struct text *t, char c)
{
	if (t->used < TEXT_BYTES - 1)
		t->bytes[t->used++] = c >= ' ' && c <= '~' ? c : ' ';
	t->length++;
}

static void fill(struct text *t, char c, uint64_t count)
{
	uint64_t room = TEXT_BYTES - 1 - t->used;

	mem_set(t->bytes + t->used, c, MIN(count, room));
	t->used += (uint32_t)MIN(count, room);
	t->length += count;
}

/* sign, then the digits (none is a zero byte), padded to the width. */
static void put_padded(struct text *t, const struct spec *spec, char sign, const char *digits, uint32_t count)
{
	uint32_t bytes = count + (sign != 0);
	uint32_t pad = spec->width > bytes ? spec->width - bytes : 0;

	if (!spec->left && !spec->zeros)
		fill(t, ' ', pad);
	if (sign)
		put(t, sign);
	if (!spec->left && spec->zeros)
		fill(t, '0', pad);
	for (uint32_t i = 0; i < count; i++)
		put(t, digits[i]);
	if (spec->left)
		fill(t, ' ', pad);
}

static void put_number(struct text *t, const struct spec *spec, uint64_t value)
{
	const char *digits = spec->conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	bool is_signed = spec->conversion == 'd' || spec->conversion == 'i';
	uint32_t base = spec->conversion == 'x' || spec->conversion == 'X' ? 16 : 10;
	char text[20], sign = 0;
	uint32_t at = sizeof(text);

	if (!spec->longs)
		value = is_signed ? (uint64_t)(int32_t)(uint32_t)value : (uint32_t)value;
	if (is_signed && (int64_t)value < 0) {
		sign = '-';
		value = 0 - value;
	} else if (is_signed && (spec->plus || spec->blank)) {
		sign = spec->plus ? '+' : ' ';
	}
	do {
		text[--at] = digits[value % base];
		value /= base;
	} while (value);
	put_padded(t, spec, sign, text + at, (uint32_t)sizeof(text) - at);
}

static void put_char(struct text *t, const struct spec *spec, char c)
{
	struct spec blanks = *spec;

	blanks.zeros = false;
	put_padded(t, &blanks, 0, &c, 1);
}

static bool is_text(char c)
{
	return (c >= ' ' && c <= '~') || (c >= '\t' && c <= '\r');
}

/* Reads what stands behind a %. Returns what follows, or NULL: nothing that a program may ask for. */
static const char *read_spec(const char *f, struct spec *spec)
{
	*spec = (struct spec){0};
	for (;; f++) {
		if (*f == '0')
			spec->zeros = true;
		else if (*f == '-')
			spec->left = true;
		else if (*f == '+')
			spec->plus = true;
		else if (*f == ' ')
			spec->blank = true;
		else
			break;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		spec->width = MIN(spec->width * 10 + (uint32_t)(*f - '0'), (uint32_t)WIDTH_MAX);
	if (*f == 'c') {
		spec->conversion = *f;
		return f + 1;
	}
	for (; *f == 'l' && spec->longs < 2; f++)
		spec->longs++;
	if (*f != 'd' && *f != 'i' && *f != 'u' && *f != 'x' && *f != 'X')
		return NULL;
	spec->conversion = *f;
	return f + 1;
}

/* Argument number of count; bytes as in the program's memory. */
static uint64_t argument(const uint8_t *args, uint32_t number)
{
	uint64_t value;

	mem_copy(&value, args + (size_t)number * 8, sizeof(value));
	return value;
}

/* 0, or -EINVAL. f ends with a zero byte. */
static int format(struct text *t, const char *f, const uint8_t *args, uint32_t count)
{
	uint32_t used = 0;
	struct spec spec;

	while (*f) {
		if (!is_text(*f))
			return -EINVAL;
		if (*f != '%') {
			put(t, *f++);
			continue;
		}
		if (*++f == '%') {
			put(t, *f++);
			continue;
		}
		f = read_spec(f, &spec);
		if (!f || used == count)
			return -EINVAL;
		if (spec.conversion == 'c')
			put_char(t, &spec, (char)argument(args, used++));
		else
			put_number(t, &spec, argument(args, used++));
	}
	return 0;
}

static bool has_end(const char *f, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		if (!f[i])
			return true;
	return false;
}

/* "program 3: text", without white space at its end. */
static void begin(struct text *t, const struct run *run)
{
	struct line line = {.text = t->bytes, .room = sizeof(t->bytes)};

	line_str(&line, "program ");
	line_num(&line, ((const struct prog *)((const uint8_t *)run->prog - offsetof(struct prog, exec)))->id);
	line_str(&line, ": ");
	t->used = (uint32_t)line.used;
}

static void end(struct text *t, uint32_t prefix)
{
	while (t->used > prefix && t->bytes[t->used - 1] == ' ')
		t->used--;
	t->bytes[t->used] = 0;
}

static void run_end(struct map *map)
{
	map->run_end_wanted = false;
	map->fw->log_lines = 0;
}

static const struct map_ops printk_log_ops = {.run_end = run_end};

/* Whether this run may write one more line: a program on every frame must not fill the operator's disk. */
static bool count_line(struct fw *fw)
{
	if (fw->log_lines == PRINTK_LINES)
		return false;
	fw->log.ops = &printk_log_ops;
	fw->log.fw = fw;
	map_want_run_end(&fw->log);
	fw->log_lines++;
	return true;
}

static uint64_t print(uint64_t format_at, uint32_t bytes, const uint8_t *args, uint32_t count, struct run *run)
{
	const char *f = (const char *)(uintptr_t)format_at;
	struct text t;
	uint32_t prefix;

	if (!has_end(f, bytes))
		return (uint64_t)-EINVAL;
	t.used = 0;
	t.length = 0;
	if (run->fw)
		begin(&t, run);
	prefix = t.used;
	if (format(&t, f, args, count))
		return (uint64_t)-EINVAL;
	end(&t, prefix);
	if (run->fw && count_line(run->fw))
		core_log(run->fw, t.bytes); /* req: XO-252 */
	return t.length;
}

uint64_t printk_trace(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	const uint64_t args[] = {r3, r4, r5};

	return print(r1, (uint32_t)r2, (const uint8_t *)args, ARRAY_SIZE(args), run);
}

uint64_t printk_trace_0(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	(void)r3, (void)r4, (void)r5;
	return printk_trace(r1, r2, 0, 0, 0, run);
}

uint64_t printk_trace_1(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	(void)r4, (void)r5;
	return printk_trace(r1, r2, r3, 0, 0, run);
}

uint64_t printk_trace_2(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	(void)r5;
	return printk_trace(r1, r2, r3, r4, 0, run);
}

uint64_t printk_vtrace(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	(void)r5;
	if (r4 % 8 || r4 > VARGS_BYTES)
		return (uint64_t)-EINVAL;
	return print(r1, (uint32_t)r2, (const uint8_t *)(uintptr_t)r3, (uint32_t)r4 / 8, run);
}
