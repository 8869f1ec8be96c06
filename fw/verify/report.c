/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the log says. At level 2 it has every step; at level 1 the lines of a path are taken back when the walk returns
 * to an earlier branch, so that the last path remains. Steps look as Linux's do, so that people and tools can read
 * them. The last line says why a program was refused, and at level 0 there is no other.
 */
#include "verify/show.h"
#include <stdarg.h>

#define CHANGES_AT 38 /* the column where a step tells what has changed */

static struct line line_in(char *text, size_t bytes)
{
	text[0] = 0;
	return (struct line){.text = text, .room = bytes};
}

static void put_format(struct line *to, const char *f, va_list args)
{
	for (; *f; f++) {
		bool wide = false;

		if (*f != '%') {
			line_char(to, *f);
			continue;
		}
		f++;
		if (f[0] == 'l' && f[1] == 'l') {
			wide = true;
			f += 2;
		}
		if (*f == 's')
			line_str(to, va_arg(args, const char *));
		else if (*f == 'd')
			line_signed(to, wide ? va_arg(args, long long) : va_arg(args, int));
		else if (*f == 'u')
			line_num(to, wide ? va_arg(args, unsigned long long) : va_arg(args, unsigned int));
		else if (*f == 'x')
			line_hex(to, wide ? va_arg(args, unsigned long long) : va_arg(args, unsigned int), 1);
		else
			line_char(to, *f);
	}
}

int report_refuse(struct verify *v, uint16_t error, const char *format, ...)
{
	struct line reason = line_in(v->reason, sizeof(v->reason));
	va_list args;

	if (v->result.error)
		return -EINVAL;
	v->result.error = error;
	v->result.error_insn = v->insn; /* req: XO-049 */
	line_str(&reason, "instruction ");
	line_num(&reason, v->insn);
	line_str(&reason, ": ");
	va_start(args, format);
	put_format(&reason, format, args);
	va_end(args);
	return -EINVAL;
}

const char *report_at(const struct verify *v, struct trail_event like, char text[static REPORT_AT_BYTES])
{
	const struct trail_event *event = trail_find(&v->trail, like);
	struct line at = line_in(text, REPORT_AT_BYTES);

	if (event) {
		line_str(&at, " at instruction ");
		line_num(&at, event->insn);
	}
	return text;
}

void report_event(struct verify *v, struct trail_event event)
{
	event.insn = v->insn;
	trail_add(&v->trail, event);
}

/* A line that had no room for all ends in dots. */
static void add(struct verify *v, struct line *line)
{
	static const char cut[] = " ...";

	if (line->used + 1 == line->room)
		mem_copy(line->text + line->used - (sizeof(cut) - 1), cut, sizeof(cut) - 1);
	log_add(&v->log, line->text, line->used);
}

/* The frame that runs, or what has changed in it. */
static void put_frame(struct line *to, const struct verify *v, const struct frame *before)
{
	uint32_t depth = v->state->depth;
	size_t start = to->used, shown;

	if (depth) {
		line_str(to, " frame");
		line_num(to, depth);
		line_char(to, ':');
	}
	shown = to->used;
	show_frame(to, v, depth, before);
	if (to->used == shown)
		to->used = start;
}

static void put_insn(struct line *to, const struct verify *v, uint32_t insn)
{
	size_t whole, room;

	line_num(to, insn);
	line_str(to, ": (");
	line_hex(to, insn_info[v->args.insns[insn].op].opcode, 2);
	line_str(to, ") ");
	room = to->room - to->used;
	whole = insn_print(to->text + to->used, room, v->args.insns, insn);
	to->used += MIN(whole, room - 1);
}

void report_begin(struct verify *v)
{
	char text[LOG_LINE_BYTES];
	struct line line = line_in(text, sizeof(text));

	line_num(&line, v->insn);
	line_char(&line, ':');
	put_frame(&line, v, NULL);
	add(v, &line);
}

void report_before(struct verify *v)
{
	const struct frame *f = state_frame(v->state);

	v->before_depth = v->state->depth;
	v->before->used = f->used;
	mem_copy(v->before->regs, f->regs, sizeof(f->regs));
	mem_copy(v->before->slots, f->slots, f->used * sizeof(f->slots[0]));
}

void report_step(struct verify *v, bool refused)
{
	char text[LOG_LINE_BYTES], news[LOG_LINE_BYTES];
	struct line line = line_in(text, sizeof(text)), changes = line_in(news, sizeof(news));
	bool entered = v->state->depth != v->before_depth;

	put_insn(&line, v, v->insn);
	if (!refused)
		put_frame(&changes, v, entered ? NULL : v->before);
	if (changes.used) {
		do
			line_char(&line, ' ');
		while (line.used < CHANGES_AT);
		line_char(&line, ';');
		line_str(&line, news);
	}
	add(v, &line);
}

/* The function's number is its place among all functions, the program's own being 0. */
void report_global(struct verify *v, uint32_t insn, bool walked)
{
	char text[128];
	struct line line = line_in(text, sizeof(text));
	uint32_t number = 0;

	for (uint32_t i = 0; i < insn; i++)
		number += (v->spots[i].flags & SPOT_ENTRY) != 0;
	line_str(&line, "Func#");
	line_num(&line, number);
	line_str(&line, " (from instruction ");
	line_num(&line, insn);
	line_str(&line, walked ? ") is global and valid for all arguments of its kinds"
			       : ") is global: it is walked once, for all arguments of its kinds");
	add(v, &line);
}

void report_safe(struct verify *v)
{
	char text[64];
	struct line line = line_in(text, sizeof(text));

	line_num(&line, v->insn);
	line_str(&line, ": safe");
	add(v, &line);
}

void report_branch(struct verify *v, const struct pending *p)
{
	char text[LOG_LINE_BYTES];
	struct line line = line_in(text, sizeof(text));

	if (v->args.log_level == 1) {
		/* its step was written when the other side was walked */
		log_back(&v->log, p->log);
		put_insn(&line, v, p->insn);
	}
	add(v, &line);
	if (insn_info[v->args.insns[p->insn].op].cls == INSN_CLASS_CALL_LOCAL)
		report_global(v, (uint32_t)v->args.insns[p->insn].imm, true);
	line = line_in(text, sizeof(text));
	line_str(&line, "from ");
	line_num(&line, p->insn);
	line_str(&line, " to ");
	line_num(&line, v->insn);
	line_char(&line, ':');
	put_frame(&line, v, NULL);
	add(v, &line);
}

uint32_t report_close(struct verify *v)
{
	char text[128];
	struct line stats = line_in(text, sizeof(text));

	line_str(&stats, v->result.error ? "processed " : "accepted: processed ");
	line_num(&stats, v->result.visited);
	line_str(&stats, " insns (limit ");
	line_num(&stats, VERIFY_MAX_VISITED);
	line_str(&stats, ") total_states ");
	line_num(&stats, v->result.states);
	line_str(&stats, " peak_memory ");
	line_num(&stats, v->result.peak_bytes >> 10);
	line_str(&stats, " KiB");
	if (v->result.error)
		return log_close(&v->log, v->args.log_level ? text : "", v->reason); /* req: XO-055 */
	return log_close(&v->log, "", text);
}
