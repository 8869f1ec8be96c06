// SPDX-License-Identifier: BSD-2-Clause
#include "fuzz/witness.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "fuzz/book.h"
#include "virtio_net_xdp.h"

#define SAVED_FIRST 6 /* registers that a call saves: R6 to R9 */
#define SAVED       4
#define PIECES_MAX  4096

/* A function frame of the run. */
struct level {
	const struct book *book;     /* of the program in it; NULL: none that is whole */
	uint32_t claim;              /* that holds where the run is; BOOK_NONE: not known */
	uint32_t program;            /* frame of the program's main function */
	uint32_t base;               /* the same, or of the global function that it is in: what claims count from */
	uint32_t back;               /* claim behind the call that a tail call ends, if by_tail */
	bool by_tail;                /* a tail call led here from a function that was called */
	bool global;                 /* it is a global function's, and back the call of it */
	uint64_t args[INSN_MAX_REG]; /* what a global function was given, by register */
	uint64_t saved[SAVED];       /* of the caller */
	uint64_t taken;              /* steps of the program, at its main function */
};

/* Memory that a helper gave to the run. */
struct piece {
	const struct map *map; /* NULL: a record */
	uint64_t at;
	uint64_t bytes;
};

struct witness {
	struct fw *fw;
	struct book **books; /* by program id */
	struct state *state;
	witness_break_fn *break_fn;
	const void *break_how;
	char says[600];
	uint64_t steps;

	/* the run */
	bool running;
	struct level levels[EXEC_CALL_DEPTH];
	uint32_t depth;
	uint32_t prog, insn; /* the last step */
	uint64_t regs[INSN_MAX_REG];
	const struct fw_frame *frame;
	struct piece pieces[PIECES_MAX];
	uint32_t num_pieces;
};

/* A register or, from INSN_MAX_REG on, a stack slot. */
struct place {
	bool any; /* false: neither, but the instruction */
	uint32_t number;
	uint32_t frame;
};

/* What is looked at: a claim, and the run's values. */
struct look {
	struct witness *w;
	const struct book *book;
	const struct claim *claim;
	const uint64_t *regs;
	const struct reg *linked[256]; /* those seen so far that others may share their number with */
	uint64_t values[256];
	uint32_t num_linked;
	struct place place;
	char why[300];
};

__attribute__((format(printf, 2, 3))) static bool differs(struct look *l, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(l->why, sizeof(l->why), format, args);
	va_end(args);
	return false;
}

/* Registers that share a number, a place or whether they are null. */
static bool link_holds(struct look *l, const struct reg *r, uint64_t value)
{
	if (!r->id || !(r->kind == REG_SCALAR || r->kind == REG_PACKET || r->kind == REG_META || reg_can_be_null(r)))
		return true;
	for (uint32_t i = 0; i < l->num_linked; i++) {
		const struct reg *other = l->linked[i];

		if (other->kind == r->kind && other->id == r->id &&
		    value - (uint64_t)r->off != l->values[i] - (uint64_t)other->off)
			return differs(l, "0x%llx is not linked to 0x%llx as claimed", (unsigned long long)value,
				       (unsigned long long)l->values[i]);
	}
	if (l->num_linked < 256) {
		l->linked[l->num_linked] = r;
		l->values[l->num_linked++] = value;
	}
	return true;
}

static bool number_holds(struct look *l, const struct scalar *s, uint64_t value)
{
	if (scalar_has(s, value))
		return true;
	return differs(l,
		       "0x%llx; claimed are bits 0x%llx/0x%llx, unsigned 0x%llx..0x%llx, signed %lld..%lld, low "
		       "half unsigned 0x%llx..0x%llx, signed %lld..%lld",
		       (unsigned long long)value, (unsigned long long)s->bits.value, (unsigned long long)s->bits.mask,
		       (unsigned long long)s->all.umin, (unsigned long long)s->all.umax, (long long)s->all.smin,
		       (long long)s->all.smax, (unsigned long long)s->low.umin, (unsigned long long)s->low.umax,
		       (long long)s->low.smin, (long long)s->low.smax);
}

/* A pointer into what begins at base. */
static bool offset_holds(struct look *l, const struct reg *r, uint64_t value, uint64_t base)
{
	uint64_t offset = value - base - (uint64_t)r->off;

	if (scalar_has(&r->var, offset))
		return true;
	return differs(l, "%s at offset %lld; claimed are %lld + %lld..%lld", reg_kind_text(r->kind),
		       (long long)(value - base), (long long)r->off, (long long)r->var.all.smin,
		       (long long)r->var.all.smax);
}

/* range, over: so many bytes behind the pointer, less its fixed offset, are there, or not all there. */
static bool packet_holds(struct look *l, const struct reg *r, uint64_t value, const uint8_t *base, const uint8_t *end)
{
	uint64_t from = value - (uint64_t)r->off;

	if (!offset_holds(l, r, value, (uintptr_t)base))
		return false;
	if (r->range && (int64_t)((uintptr_t)end - from) < (int64_t)r->range)
		return differs(l, "%u bytes are claimed behind it, but there are %lld", r->range,
			       (long long)((uintptr_t)end - from));
	if (r->over && (int64_t)((uintptr_t)end - from) >= (int64_t)r->over)
		return differs(l, "%u bytes behind it are claimed to be too many, but there are %lld", r->over,
			       (long long)((uintptr_t)end - from));
	return true;
}

static bool is_map(const struct look *l, const struct reg *r, const struct map *map)
{
	const struct map *named = l->book->maps[r->map];

	if (!r->inner)
		return map == named;
	return named->inner && map->attr.type == named->inner->type && map->attr.value_size == named->inner->value_size;
}

static bool map_holds(struct look *l, const struct reg *r, uint64_t value)
{
	const struct fw *fw = l->w->fw;

	for (uint32_t id = 0; id < fw->config.caps.max_maps; id++)
		if (fw->maps[id] && (uintptr_t)fw->maps[id] == value && is_map(l, r, fw->maps[id]))
			return true;
	return differs(l, "not the map that is claimed");
}

/* The offset in a value of an array whose address is a constant of the program; false: it is none. */
static bool in_first_value(struct look *l, const struct reg *r, uint64_t value)
{
	struct map *map = l->book->maps[r->map];
	const void *base = !r->inner && map->ops->value_addr ? map->ops->value_addr(map, 0) : NULL;

	return base && scalar_has(&r->var, value - (uintptr_t)base - (uint64_t)r->off);
}

static bool piece_holds(struct look *l, const struct reg *r, uint64_t value)
{
	bool record = r->kind == REG_RECORD || r->kind == REG_RECORD_OR_NULL;

	for (uint32_t i = 0; i < l->w->num_pieces; i++) {
		const struct piece *p = &l->w->pieces[i];

		if (record ? p->map || p->bytes != r->range : !p->map || !is_map(l, r, p->map))
			continue;
		if (scalar_has(&r->var, value - p->at - (uint64_t)r->off))
			return true;
	}
	if (!record && in_first_value(l, r, value))
		return true;
	return differs(l, "no pointer into %s that is claimed: offset %lld + %lld..%lld",
		       record ? "a record" : "a value", (long long)r->off, (long long)r->var.all.smin,
		       (long long)r->var.all.smax);
}

static bool pointer_holds(struct look *l, const struct reg *r, uint64_t value, uint64_t top)
{
	const struct fw_frame *f = l->w->frame;

	if (reg_can_be_null(r) && !value)
		return true;
	switch (r->kind) {
	case REG_CTX:
		return offset_holds(l, r, value, (uintptr_t)f);
	case REG_STACK:
		return offset_holds(l, r, value, top + (uint64_t)r->frame * EXEC_STACK_BYTES);
	case REG_PACKET:
		return packet_holds(l, r, value, f->data, f->data_end);
	case REG_META:
		return packet_holds(l, r, value, f->data_meta, f->data);
	case REG_END:
		return offset_holds(l, r, value, (uintptr_t)f->data_end);
	case REG_HIDDEN:
		return true;
	case REG_SHORT:
		return value <= UINT32_MAX || differs(l, "no low half: 0x%llx", (unsigned long long)value);
	case REG_MAP:
	case REG_INNER_OR_NULL:
		return map_holds(l, r, value);
	case REG_MEM:
	case REG_MEM_OR_NULL:
		return offset_holds(l, r, value, l->w->levels[l->w->levels[l->w->depth].base].args[r->frame]);
	case REG_VALUE:
	case REG_VALUE_OR_NULL:
	case REG_RECORD:
	case REG_RECORD_OR_NULL:
		return piece_holds(l, r, value);
	default:
		return differs(l, "%s is claimed where there is none", reg_kind_text(r->kind));
	}
}

/* top: end of the stack frame of the program's main function. */
static bool reg_holds(struct look *l, const struct reg *r, uint64_t value, uint64_t top)
{
	if (r->kind < REG_SCALAR)
		return true;
	if (r->kind == REG_SCALAR) {
		if (!book_claims(l->book, l->claim, &r->deps))
			return true;
		return number_holds(l, &r->var, value) && link_holds(l, r, value);
	}
	return pointer_holds(l, r, value, top) && link_holds(l, r, value);
}

static bool slot_holds(struct look *l, const struct slot *s, const uint8_t *at, uint64_t top)
{
	bool exact = book_claims(l->book, l->claim, &s->reg.deps);
	uint64_t value = 0;
	int spilled = slot_spilled(slot_kinds(s));

	memcpy(&value, at, (size_t)spilled);
	if (spilled && !reg_holds(l, &s->reg, value, top))
		return false;
	for (int i = spilled; exact && i < 8; i++)
		if (s->bytes[i] == BYTE_KNOWN && s->values[i] != at[i])
			return differs(l, "byte %d is 0x%02x; claimed is 0x%02x", i, at[i], s->values[i]);
	return true;
}

/* Frame depth of the program, whose registers and end of stack these are. */
static bool frame_holds(struct look *l, uint32_t depth, const uint64_t *regs, uint64_t end, uint64_t top)
{
	const struct frame *f = &l->w->state->frames[depth];
	for (int i = 0; i < INSN_MAX_REG; i++) {
		l->place = (struct place){true, (uint32_t)i, depth};
		if (!reg_holds(l, &f->regs[i], regs[i], top))
			return false;
	}
	for (uint32_t i = 0; i < f->used; i++) {
		uint64_t at = end - 8 * (uint64_t)(i + 1);

		l->place = (struct place){true, INSN_MAX_REG + i, depth};
		if (!slot_holds(l, &f->slots[i], (const uint8_t *)(uintptr_t)at, top))
			return false;
	}
	return true;
}

static bool state_holds(struct look *l)
{
	struct witness *w = l->w;
	uint32_t base = w->levels[w->depth].base, depth = w->depth - base;
	uint64_t top = l->regs[INSN_FRAME_PTR] - (uint64_t)depth * EXEC_STACK_BYTES;
	uint64_t regs[INSN_MAX_REG];

	if (l->claim->state->depth != depth)
		return differs(l, "it runs %u functions deep, claimed are %u", depth, l->claim->state->depth);
	packed_restore(w->state, l->claim->state);
	memcpy(regs, l->regs, sizeof(regs));
	for (uint32_t d = depth + 1; d-- > 0;) {
		regs[INSN_FRAME_PTR] = top + (uint64_t)d * EXEC_STACK_BYTES;
		if (!frame_holds(l, d, regs, regs[INSN_FRAME_PTR], top))
			return false;
		if (d)
			memcpy(&regs[SAVED_FIRST], w->levels[base + d].saved, sizeof(w->levels[0].saved));
	}
	return true;
}

/* What engines were told of the instruction. */
static bool facts_hold(struct look *l, uint32_t i)
{
	const struct insn *insn = &l->book->insns[i];
	const struct insn_info *info = &insn_info[insn->op];
	const struct exec_call *call = &l->book->calls[i];
	bool load = info->cls == INSN_CLASS_LDX || info->cls == INSN_CLASS_LDSX;
	bool store = info->cls == INSN_CLASS_ST || info->cls == INSN_CLASS_STX || info->cls == INSN_CLASS_ATOMIC;
	const struct helper *helper = info->cls == INSN_CLASS_CALL ? helper_of((uint32_t)insn->imm) : NULL;
	uint32_t key;

	if (load || store) {
		bool ctx = l->regs[load ? insn->src : insn->dst] == (uintptr_t)l->w->frame;

		if (ctx != (l->book->access[i] == EXEC_ACCESS_CTX))
			return differs(l, "it accesses %s, not what engines are told", ctx ? "the context" : "memory");
	}
	for (int n = 0; helper && call->map != EXEC_NO_MAP && n < 5; n++) {
		uint64_t arg = l->regs[n + 1];

		if (helper->args[n] == HELPER_ARG_MAP && arg != (uintptr_t)l->book->maps[call->map])
			return differs(l, "R%d is not the map that engines are told", n + 1);
		if (helper->args[n] != HELPER_ARG_KEY || !call->key_known)
			continue;
		memcpy(&key, (const void *)(uintptr_t)arg, sizeof(key));
		if (key != call->key)
			return differs(l, "the key is 0x%x, engines are told 0x%x", key, call->key);
	}
	if (info->cls == INSN_CLASS_EXIT && l->w->depth == l->w->levels[l->w->depth].base &&
	    !l->w->levels[l->w->depth].global) {
		bool hidden = l->book->access[i] == EXEC_ACCESS_HIDDEN && l->regs[0] >= EXEC_ADDRESSES;
		uint32_t r0 = hidden ? VIRTIO_NET_XDP_ABORTED : (uint32_t)l->regs[0];
		uint32_t bit = r0 < EXEC_ACTIONS ? 1u << r0 : VIRTIO_NET_XDP_ACTIONS_OTHER;

		if (!(l->book->actions & bit))
			return differs(l, "R0 is 0x%x, but the actions are 0x%x", r0, l->book->actions);
	}
	if (l->w->depth - l->w->levels[l->w->depth].program >= l->book->frames)
		return differs(l, "more than %u frames", l->book->frames);
	if (++l->w->levels[l->w->levels[l->w->depth].program].taken > l->book->longest)
		return differs(l, "more than %llu steps", (unsigned long long)l->book->longest);
	return true;
}

static const struct exec_prog *prog_of(const struct witness *w, uint32_t id)
{
	return &w->fw->progs[id]->exec;
}

static void say(struct witness *w, uint32_t prog, uint32_t insn, const struct look *l)
{
	char text[128], place[64] = "";

	if (l->place.any && l->place.number < INSN_MAX_REG)
		snprintf(place, sizeof(place), "R%u of frame %u: ", l->place.number, l->place.frame);
	else if (l->place.any)
		snprintf(place, sizeof(place), "stack of frame %u at -%u: ", l->place.frame,
			 8 * (l->place.number - INSN_MAX_REG + 1));
	insn_print(text, sizeof(text), prog_of(w, prog)->insns, insn);
	snprintf(w->says, sizeof(w->says), "program %u, instruction %u (%s): %s%s", prog, insn, text, place, l->why);
}

/* One of two claims has to hold now, whichever is there. */
static void enter(struct witness *w, uint32_t prog, uint32_t insn, const uint64_t *regs, const uint32_t claims[2])
{
	struct level *level = &w->levels[w->depth];
	struct look l = {.w = w, .book = level->book, .regs = regs};

	level->claim = BOOK_NONE;
	if (!level->book)
		return;
	for (int i = 0; i < 2 && level->claim == BOOK_NONE; i++) {
		if (claims[i] == BOOK_NONE || level->book->claims[claims[i]].insn != insn)
			continue;
		l.claim = &level->book->claims[claims[i]];
		l.num_linked = 0;
		if (state_holds(&l)) {
			level->claim = claims[i];
			l.place.any = false;
		}
	}
	w->steps++;
	if (!l.claim)
		differs(&l, "the verifier takes it for impossible that the run comes here");
	if (level->claim == BOOK_NONE || !facts_hold(&l, insn))
		say(w, prog, insn, &l);
}

static const struct book *book_of(const struct witness *w, uint32_t prog)
{
	const struct book *book = w->books[prog];

	return book && book_is_whole(book) ? book : NULL;
}

static void enter_program(struct witness *w, uint32_t prog, const uint64_t *regs)
{
	static const uint32_t first[2] = {0, BOOK_NONE};
	struct level *level = &w->levels[w->depth];

	level->book = book_of(w, prog);
	level->program = level->base = w->depth;
	level->taken = 0;
	enter(w, prog, 0, regs, first);
}

static void begin(struct witness *w, uint32_t prog, const uint64_t *regs)
{
	w->running = true;
	w->depth = 0;
	w->num_pieces = 0;
	w->frame = (const struct fw_frame *)(uintptr_t)regs[1];
	w->levels[0] = (struct level){0};
	enter_program(w, prog, regs);
}

static void add_piece(struct witness *w, const struct map *map, uint64_t at, uint64_t bytes)
{
	for (uint32_t i = 0; i < w->num_pieces; i++)
		if (w->pieces[i].at == at && w->pieces[i].map == map && w->pieces[i].bytes == bytes)
			return;
	cr_assert_lt(w->num_pieces, PIECES_MAX, "a run was given more memory than this test can hold");
	w->pieces[w->num_pieces++] = (struct piece){map, at, bytes};
}

/* A helper returned. */
static void take_result(struct witness *w, const struct insn *call, uint64_t r0)
{
	const struct helper *helper = helper_of((uint32_t)call->imm);
	const struct map *map = (const struct map *)(uintptr_t)w->regs[1];

	if (!helper || !r0)
		return;
	if (helper->ret == HELPER_RET_VALUE_OR_NULL && !map->inner)
		add_piece(w, map, r0, map->attr.value_size);
	else if (helper->ret == HELPER_RET_RECORD_OR_NULL)
		add_piece(w, NULL, r0, w->regs[2]);
}

/* The function that begins at insn. */
static void follow_call(struct witness *w, uint32_t insn, uint32_t next[2])
{
	const struct level *caller = &w->levels[w->depth];
	struct level *callee = &w->levels[++w->depth];

	*callee = (struct level){.book = caller->book, .program = caller->program, .base = caller->base};
	memcpy(callee->saved, &w->regs[SAVED_FIRST], sizeof(callee->saved));
	if (!caller->book || caller->book->entries[insn] == BOOK_NONE)
		return;
	callee->global = true;
	callee->base = w->depth;
	callee->back = caller->claim;
	memcpy(callee->args, w->regs, sizeof(callee->args));
	next[0] = caller->book->entries[insn];
	next[1] = BOOK_NONE;
}

/* The function ends: in a program that a tail call led to, or as it began. */
static void follow_exit(struct witness *w, uint32_t next[2])
{
	const struct level *callee = &w->levels[w->depth], *caller = &w->levels[--w->depth];

	if (callee->base != w->depth + 1)
		return;
	if (callee->global && caller->book && callee->back != BOOK_NONE) {
		memcpy(next, caller->book->claims[callee->back].next, sizeof(caller->book->claims[0].next));
		return;
	}
	next[0] = BOOK_NONE;
	next[1] = callee->by_tail && caller->book && callee->back != BOOK_NONE
			  ? caller->book->claims[callee->back].next[1]
			  : BOOK_NONE;
}

static void follow_tail(struct witness *w, uint32_t prog, const uint64_t *regs)
{
	struct level *level = &w->levels[w->depth];

	if (level->base != w->depth) {
		level->by_tail = true;
		level->back = level->claim;
	}
	enter_program(w, prog, regs);
}

static void follow(struct witness *w, uint32_t prog, uint32_t insn, const uint64_t *regs)
{
	const struct insn *last = &prog_of(w, w->prog)->insns[w->insn];
	const struct level *level = &w->levels[w->depth];
	uint32_t next[2] = {BOOK_NONE, BOOK_NONE};

	if (level->book && level->claim != BOOK_NONE)
		memcpy(next, level->book->claims[level->claim].next, sizeof(next));
	switch (insn_info[last->op].cls) {
	case INSN_CLASS_CALL:
		if (last->imm == HELPER_TAIL_CALL && !insn) {
			follow_tail(w, prog, regs);
			return;
		}
		take_result(w, last, regs[0]);
		break;
	case INSN_CLASS_CALL_LOCAL:
		follow_call(w, insn, next);
		break;
	case INSN_CLASS_EXIT:
		follow_exit(w, next);
		break;
	default:
		break;
	}
	enter(w, prog, insn, regs, next);
}

static void on_step(void *ctx, uint32_t prog, uint32_t insn, const char *text, const uint64_t *regs)
{
	struct witness *w = ctx;

	(void)text;
	if (w->says[0])
		return;
	if (w->running)
		follow(w, prog, insn, regs);
	else
		begin(w, prog, regs);
	w->prog = prog;
	w->insn = insn;
	memcpy(w->regs, regs, sizeof(w->regs));
	if (!w->depth && insn_info[prog_of(w, prog)->insns[insn].op].cls == INSN_CLASS_EXIT)
		w->running = false;
}

static void on_walk(void *ctx, struct verify *v, enum verify_event event, const struct mark *mark)
{
	struct witness *w = ctx;
	uint32_t id = 0;

	while (!w->fw->progs[id] || w->fw->progs[id]->verify != v)
		id++;
	if (event == VERIFY_BEGINS) {
		book_free(w->books[id]);
		w->books[id] = book_new(v);
	}
	if (w->books[id])
		book_write(w->books[id], v, event, mark);
	if (event == VERIFY_VISITS && w->break_fn)
		w->break_fn(v, w->break_how);
}

struct witness *witness_new(struct fw *fw)
{
	struct witness *w = calloc(1, sizeof(*w));

	cr_assert_not_null(w);
	w->fw = fw;
	w->books = calloc(fw->config.caps.max_progs, sizeof(struct book *));
	w->state = calloc(1, sizeof(*w->state));
	cr_assert(w->books && w->state);
	fw->watch = on_walk;
	fw->watch_ctx = w;
	fw_trace(fw, on_step, w);
	return w;
}

void witness_free(struct witness *w)
{
	for (uint32_t id = 0; id < w->fw->config.caps.max_progs; id++)
		book_free(w->books[id]);
	w->fw->watch = NULL;
	fw_trace(w->fw, NULL, NULL);
	free(w->books);
	free(w->state);
	free(w);
}

const char *witness_says(const struct witness *w)
{
	return w->says[0] ? w->says : NULL;
}

uint64_t witness_steps(const struct witness *w)
{
	return w->steps;
}

void witness_break(struct witness *w, witness_break_fn *fn, const void *how)
{
	w->break_fn = fn;
	w->break_how = how;
}
