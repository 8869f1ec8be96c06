/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log. It holds whole lines only; what no longer fits is left out, but there is always room for the closing line,
 * which says why a program was refused. At level 1 the lines of a path are taken back when the walk returns to an
 * earlier branch, so that the last path remains.
 */
#include "verify/walk.h"
#include <stdarg.h>

#define CLOSING_BYTES 256
#define LINE_BYTES    400

struct text {
	char *at, *end;
};

static void put_char(struct text *t, char c)
{
	if (t->at < t->end)
		*t->at++ = c;
}

static void put_text(struct text *t, const char *s)
{
	while (*s)
		put_char(t, *s++);
}

static void put_number(struct text *t, uint64_t n, unsigned int base)
{
	char digits[20];
	int i = 0;

	do {
		digits[i++] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	while (i)
		put_char(t, digits[--i]);
}

static void put_signed(struct text *t, int64_t n)
{
	if (n < 0)
		put_char(t, '-');
	put_number(t, n < 0 ? -(uint64_t)n : (uint64_t)n, 10);
}

/* %s %d %u %x, the last three with ll too. */
static void put_format(struct text *t, const char *f, va_list args)
{
	for (; *f; f++) {
		bool wide = false;

		if (*f != '%') {
			put_char(t, *f);
			continue;
		}
		f++;
		if (f[0] == 'l' && f[1] == 'l') {
			wide = true;
			f += 2;
		}
		if (*f == 's')
			put_text(t, va_arg(args, const char *));
		else if (*f == 'd')
			put_signed(t, wide ? va_arg(args, long long) : va_arg(args, int));
		else if (*f == 'u' || *f == 'x')
			put_number(t, wide ? va_arg(args, unsigned long long) : va_arg(args, unsigned int),
				   *f == 'x' ? 16 : 10);
		else
			put_char(t, *f);
	}
}

/* Appends a line if it leaves reserve bytes. */
static void append(struct verify *v, const char *line, size_t bytes, size_t reserve)
{
	size_t room = v->args.log_bytes;

	/* the line, its end, the terminator */
	if (!v->args.log || v->log_at + bytes + 2 + reserve > room) /* req: XO-058 */
		return;
	mem_copy(v->args.log + v->log_at, line, bytes);
	v->log_at += (uint32_t)bytes;
	v->args.log[v->log_at++] = '\n';
	v->args.log[v->log_at] = 0;
}

/* A guest that gave little room gets as much of the closing line as fits. */
static void append_closing(struct verify *v, const char *line, size_t bytes)
{
	size_t room = v->args.log_bytes;

	if (!v->args.log || room < v->log_at + 2)
		return;
	append(v, line, MIN(bytes, room - v->log_at - 2), 0);
}

void report_line(struct verify *v, const char *format, ...)
{
	char line[LINE_BYTES];
	struct text t = {line, line + sizeof(line)};
	va_list args;

	va_start(args, format);
	put_format(&t, format, args);
	va_end(args);
	append(v, line, (size_t)(t.at - line), CLOSING_BYTES);
}

int report_refuse(struct verify *v, uint16_t error, const char *format, ...)
{
	char line[CLOSING_BYTES - 2];
	struct text t = {line, line + sizeof(line)};
	va_list args;

	if (v->result.error)
		return -EINVAL;
	v->result.error = error;
	v->result.error_insn = v->insn; /* req: XO-049 */
	put_text(&t, "insn ");
	put_number(&t, v->insn, 10);
	put_text(&t, ": ");
	va_start(args, format);
	put_format(&t, format, args);
	va_end(args);
	append_closing(v, line, (size_t)(t.at - line)); /* req: XO-055 */
	return -EINVAL;
}

void report_accept(struct verify *v)
{
	char line[CLOSING_BYTES - 2];
	struct text t = {line, line + sizeof(line)};

	put_text(&t, "accepted: ");
	put_number(&t, v->result.visited, 10);
	put_text(&t, " instructions visited, ");
	put_number(&t, v->result.states, 10);
	put_text(&t, " states, ");
	put_number(&t, v->result.peak_bytes >> 10, 10);
	put_text(&t, " KiB");
	append_closing(v, line, (size_t)(t.at - line));
}

void report_insn(struct verify *v)
{
	char line[LINE_BYTES];
	struct text t = {line, line + sizeof(line)};
	size_t room, whole;

	put_number(&t, v->insn, 10);
	put_text(&t, ": ");
	room = (size_t)(t.end - t.at);
	whole = insn_print(t.at, room, v->args.insns, v->insn);
	t.at += MIN(whole, room - 1);
	append(v, line, (size_t)(t.at - line), CLOSING_BYTES);
}

static void put_scalar(struct text *t, const struct scalar *s)
{
	if (scalar_is_const(s)) {
		put_signed(t, (int64_t)s->bits.value);
		return;
	}
	if (scalar_is_unknown(s)) {
		put_text(t, "any");
		return;
	}
	put_char(t, '[');
	if (s->all.smin < 0) {
		put_signed(t, s->all.smin);
		put_text(t, "..");
		put_signed(t, s->all.smax);
	} else {
		put_number(t, s->all.umin, 10);
		put_text(t, "..");
		put_number(t, s->all.umax, 10);
	}
	if (s->bits.mask != ~(uint64_t)0) {
		put_text(t, ", bits 0x");
		put_number(t, s->bits.value, 16);
		put_text(t, "/0x");
		put_number(t, s->bits.mask, 16);
	}
	put_char(t, ']');
}

static void put_reg(struct text *t, const struct reg *r)
{
	static const char *const name[REG_KINDS] = {
		[REG_NONE] = "none",      [REG_VOID] = "void",
		[REG_GONE] = "gone",      [REG_SCALAR] = "",
		[REG_CTX] = "ctx",        [REG_STACK] = "fp",
		[REG_PACKET] = "packet",  [REG_META] = "meta",
		[REG_END] = "packet_end", [REG_SHORT] = "packet_low",
		[REG_MAP] = "map",        [REG_INNER_OR_NULL] = "inner_map_or_null",
		[REG_VALUE] = "value",    [REG_VALUE_OR_NULL] = "value_or_null",
		[REG_RECORD] = "record",  [REG_RECORD_OR_NULL] = "record_or_null",
		[REG_MEM] = "mem",
	};

	/* req: XO-059: kinds and offsets only */
	put_text(t, r->inner && r->kind != REG_INNER_OR_NULL ? "inner_" : "");
	put_text(t, name[r->kind]);
	if (r->kind == REG_SCALAR)
		put_scalar(t, &r->var);
	if (!reg_is_pointer(r))
		return;
	if (r->kind >= REG_MAP && r->kind <= REG_VALUE_OR_NULL) {
		put_char(t, ' ');
		put_number(t, r->map, 10);
	}
	if (r->off) {
		put_text(t, r->off > 0 ? "+" : "");
		put_signed(t, r->off);
	}
	if (!scalar_is(&r->var, 0)) {
		put_char(t, '+');
		put_scalar(t, &r->var);
	}
	if (r->range) {
		put_text(t, " (");
		put_number(t, r->range, 10);
		put_text(t, reg_is_packet(r) ? " bytes proven)" : " bytes)");
	}
}

/* One line: every register that differs from what it was before the instruction. */
void report_changes(struct verify *v, const struct reg *before, uint32_t depth)
{
	char line[LINE_BYTES];
	struct text t = {line, line + sizeof(line)};
	const struct frame *f = state_frame(v->state);
	bool any = false;

	put_char(&t, '\t');
	for (int i = 0; i < INSN_FRAME_PTR; i++) {
		const struct reg *r = &f->regs[i];

		if (r->kind == REG_NONE || (depth == v->state->depth && !mem_cmp(r, &before[i], sizeof(*r))))
			continue;
		put_text(&t, any ? " R" : "R");
		put_number(&t, (uint64_t)i, 10);
		put_char(&t, '=');
		put_reg(&t, r);
		any = true;
	}
	if (any)
		append(v, line, (size_t)(t.at - line), CLOSING_BYTES);
}
