// SPDX-License-Identifier: BSD-2-Clause
/*
 * Programs of global functions: what a call gives and what the function makes of it seldom fit to the last byte. Memory
 * that is given is stack, packet, value, record or what the caller was given; functions access it at its edges, hand
 * it on, and do to it what only shows in the caller: move the packet, make tail calls, call helpers on it. Each
 * function has kinds of arguments from the start, and the table tells the device of most of them, at times something
 * else than was meant.
 *
 * Frame of every function: slots 0 to 4 its arguments, 5 to 7 numbers, 8 a value, 9 a loop counter, 10 a key, and below
 * that 64 bytes of its own. R6 is the context, R7 the packet and R8 a record, each if there is one; R9 is a number.
 */
#include "fuzz/generate.h"

#include <string.h>

#include "virtio_net_xdp.h"

enum {
	FUNCTIONS = 6,
	ARGS = VIRTIO_NET_XDP_FUNC_ARGS,
	NUMBERS = 4, /* slots 5 to 7, then R9 */
	VALUE_AT = -72,
	COUNTER_AT = -80,
	KEY_AT = -88,
	OWN_AT = -160,
	OWN_BYTES = 64,
	PACKET_BYTES = 14,
	RECORD_BYTES = 16,
};

enum value { VALUE_NONE, VALUE_OR_NULL, VALUE_THERE };

/* What a function is like before it is written. */
struct shape {
	uint8_t kinds[ARGS];
	uint32_t bytes[ARGS];
	bool global;
	bool moves; /* it may move the packet, */
	bool tails; /* or make tail calls */
	bool wanted;
	uint32_t entry;
};

struct globals {
	struct generate_code code;
	struct shape shapes[FUNCTIONS];
	uint32_t functions;
	uint32_t function; /* being written */
	uint32_t calls[64];
	uint8_t callees[64];
	uint32_t num_calls;
	uint32_t outs[128]; /* jumps to the function's end */
	uint32_t num_outs;
	uint32_t rare; /* one mistake in so many chances */
	bool context;  /* R6 is it */
	bool packet;   /* R7 is it */
	bool record;   /* R8 is one: leaving now would keep it */
	enum value value;
	int depth;
};

static bool wrong(struct globals *g)
{
	return generate_one_in(&g->code, g->rare);
}

static bool is_full(const struct globals *g)
{
	return g->code.count > GENERATE_MAX_SLOTS - 200 || g->num_outs > 100;
}

static const struct shape *own(const struct globals *g)
{
	return &g->shapes[g->function];
}

static void land(struct globals *g, uint32_t index)
{
	int off = (int)(g->code.count - index - 1);

	g->code.wire[(size_t)index * 8 + 2] = (uint8_t)off;
	g->code.wire[(size_t)index * 8 + 3] = (uint8_t)((uint32_t)off >> 8);
}

static void jump_out(struct globals *g, uint8_t opcode, int dst, int src, int32_t imm)
{
	g->outs[g->num_outs++] = g->code.count;
	generate_emit(&g->code, opcode, dst, src, 0, imm);
}

static void set(struct globals *g, int reg, int32_t number)
{
	generate_emit(&g->code, 0xb7, reg, 0, 0, number);
}

static void copy(struct globals *g, int to, int from)
{
	generate_emit(&g->code, 0xbf, to, from, 0, 0);
}

static void add(struct globals *g, int reg, int32_t number)
{
	if (number)
		generate_emit(&g->code, 0x07, reg, 0, 0, number);
}

static void load(struct globals *g, int reg, int at)
{
	generate_emit(&g->code, 0x79, reg, 10, at, 0);
}

static void keep(struct globals *g, int reg, int at)
{
	generate_emit(&g->code, 0x7b, 10, reg, at, 0);
}

static void map_to(struct globals *g, int reg, int map)
{
	generate_emit(&g->code, 0x18, reg, 1, 0, map);
	generate_emit(&g->code, 0x00, 0, 0, 0, 0);
}

static void helper(struct globals *g, int32_t id)
{
	generate_emit(&g->code, 0x85, 0, 0, 0, id);
}

static int arg_at(int n)
{
	return -8 * (n + 1);
}

static bool is_memory(uint8_t kind)
{
	return kind == VIRTIO_NET_XDP_FUNC_MEMORY || kind == VIRTIO_NET_XDP_FUNC_MEMORY_OR_NULL;
}

/* ---- numbers ---- */

static void fetch(struct globals *g, int reg)
{
	uint32_t n = generate_pick(&g->code, NUMBERS);

	if (n == NUMBERS - 1)
		copy(g, reg, 9);
	else
		load(g, reg, -48 - 8 * (int)n);
}

static void keep_number(struct globals *g, int reg)
{
	uint32_t n = generate_pick(&g->code, NUMBERS);

	if (n == NUMBERS - 1)
		copy(g, 9, reg);
	else
		keep(g, reg, -48 - 8 * (int)n);
}

/* reg is not above limit from here on, mostly. */
static void guard(struct globals *g, int reg, uint32_t limit)
{
	uint32_t mask = 1;

	if (wrong(g))
		return;
	if (!g->record && generate_one_in(&g->code, 2)) {
		jump_out(g, 0x25, reg, 0, (int32_t)limit + wrong(g));
		return;
	}
	while (mask * 2 - 1 <= limit)
		mask *= 2;
	generate_emit(&g->code, 0x57, reg, 0, 0, (int32_t)mask - 1);
}

static void op_number(struct globals *g)
{
	static const uint8_t codes[] = {0x07, 0x17, 0x27, 0x47, 0x57, 0x67, 0x77, 0xa7};

	switch (generate_pick(&g->code, 3)) {
	case 0:
		set(g, 0, (int32_t)generate_pick(&g->code, 100));
		break;
	case 1:
		helper(g, 7);
		break;
	default:
		fetch(g, 0);
		generate_emit(&g->code, codes[generate_pick(&g->code, sizeof(codes))], 0, 0, 0,
			      1 + (int32_t)generate_pick(&g->code, 8));
	}
	keep_number(g, 0);
}

/* ---- memory ---- */

/* The function's argument n to reg, not null. */
static uint32_t take_arg(struct globals *g, int reg, int n)
{
	const struct shape *s = own(g);

	load(g, reg, arg_at(n));
	if (s->kinds[n] == VIRTIO_NET_XDP_FUNC_MEMORY_OR_NULL && !wrong(g)) {
		if (g->record)
			return 0;
		jump_out(g, 0x15, reg, 0, 0);
	}
	return s->bytes[n];
}

/* Some memory to reg. Returns how many bytes there are; 0: none was found. */
static uint32_t take_memory(struct globals *g, int reg)
{
	int n = (int)generate_pick(&g->code, ARGS);

	for (int i = 0; i < ARGS && !is_memory(own(g)->kinds[n]); i++)
		n = (n + 1) % ARGS;
	if (is_memory(own(g)->kinds[n]) && !generate_one_in(&g->code, 4))
		return take_arg(g, reg, n);
	switch (generate_pick(&g->code, 5)) {
	case 0:
		copy(g, reg, 7);
		return g->packet ? PACKET_BYTES : 0;
	case 1:
		load(g, reg, VALUE_AT);
		return g->value == VALUE_THERE ? GENERATE_VALUE_BYTES : 0;
	case 2:
		copy(g, reg, 8);
		return g->record ? RECORD_BYTES : 0;
	default:
		copy(g, reg, 10);
		add(g, reg, OWN_AT);
		return OWN_BYTES;
	}
}

static const uint8_t sizes[] = {1, 2, 4, 8};
static const uint8_t size_bits[] = {0x10, 0x08, 0x00, 0x18};

static void access_at(struct globals *g, int reg, int off, unsigned int size)
{
	static const int32_t operations[] = {0x00, 0x40, 0x50, 0xa0, 0x01, 0x41, 0x51, 0xa1, 0xe1, 0xf1};

	switch (generate_pick(&g->code, size >= 2 && generate_one_in(&g->code, 3) ? 4 : 3)) {
	case 0:
		fetch(g, 4);
		generate_emit(&g->code, 0x63 | size_bits[size], reg, 4, off, 0);
		break;
	case 1:
		generate_emit(&g->code, 0x62 | size_bits[size], reg, 0, off, (int32_t)generate_pick(&g->code, 256));
		break;
	case 2:
		generate_emit(&g->code, 0x61 | size_bits[size], 0, reg, off, 0);
		keep_number(g, 0);
		break;
	default:
		set(g, 0, 1);
		fetch(g, 4);
		generate_emit(&g->code, size == 3 ? 0xdb : 0xc3, reg, 4, off & ~(sizes[size] - 1),
			      operations[generate_pick(&g->code, 10)]);
	}
}

static void op_access(struct globals *g)
{
	uint32_t bytes = take_memory(g, 2), room;
	unsigned int size = generate_pick(&g->code, 4);
	int off;

	if (bytes < sizes[size])
		return;
	room = bytes - sizes[size];
	off = (int)generate_pick(&g->code, room + 1);
	if (!wrong(g))
		off &= ~(sizes[size] - 1);
	if (generate_one_in(&g->code, 3)) {
		fetch(g, 3);
		guard(g, 3, room - (uint32_t)off);
		if (!wrong(g))
			generate_emit(&g->code, 0x57, 3, 0, 0, -(int32_t)sizes[size]);
		generate_emit(&g->code, 0x0f, 2, 3, 0, 0);
	}
	access_at(g, 2, off + (wrong(g) ? 1 : 0) - (wrong(g) ? 8 : 0), size);
}

/* What is compared with null shows nothing else. */
static void op_null_test(struct globals *g)
{
	int n = (int)generate_pick(&g->code, ARGS);

	if (!g->function || !is_memory(own(g)->kinds[n]))
		return;
	load(g, 2, arg_at(n));
	set(g, 0, 0);
	generate_emit(&g->code, generate_one_in(&g->code, 2) ? 0x15 : 0x55, 2, 0, 1, wrong(g) ? 1 : 0);
	set(g, 0, 1);
	keep_number(g, 0);
}

static void op_helper(struct globals *g)
{
	uint32_t bytes = take_memory(g, 3);

	if (bytes < 4)
		return;
	set(g, 4, (int32_t)(1 + generate_pick(&g->code, bytes) + wrong(g)));
	switch (generate_pick(&g->code, g->context ? 5 : 3)) {
	case 0: /* a key */
		map_to(g, 1, GENERATE_ARRAY_MAP);
		copy(g, 2, 3);
		helper(g, 1);
		generate_emit(&g->code, 0x15, 0, 0, 1, 0);
		generate_emit(&g->code, 0x79, 0, 0, 8 * (int)generate_pick(&g->code, 6), 0);
		break;
	case 1: /* a sum */
		copy(g, 1, 3);
		set(g, 2, (int32_t)((bytes & ~3u) + (wrong(g) ? 4 : 0)));
		set(g, 3, 0);
		set(g, 4, 0);
		set(g, 5, 0);
		helper(g, 28);
		break;
	case 2: /* an event */
		copy(g, 2, 3);
		copy(g, 3, 4);
		map_to(g, 1, GENERATE_RING_MAP);
		set(g, 4, 0);
		helper(g, 130);
		break;
	case 3: /* bytes of the packet */
		copy(g, 1, 6);
		set(g, 2, (int32_t)generate_pick(&g->code, 16));
		helper(g, 189);
		break;
	default: /* a length to change */
		copy(g, 1, 6);
		set(g, 2, 0);
		set(g, 4, 0);
		set(g, 5, 0);
		helper(g, 163);
	}
	keep_number(g, 0);
}

/* The context's packet to R7, with PACKET_BYTES proven. */
static void take_packet(struct globals *g)
{
	if (!g->context || g->record)
		return;
	generate_emit(&g->code, 0x61, 7, 6, 0, 0);
	generate_emit(&g->code, 0x61, 3, 6, 4, 0);
	copy(g, 4, 7);
	add(g, 4, PACKET_BYTES);
	jump_out(g, wrong(g) ? 0x3d : 0x2d, 4, 3, 0);
	g->packet = true;
}

/* The packet has moved: whoever had it takes it anew, or not. */
static void packet_moved(struct globals *g)
{
	if (!wrong(g))
		g->packet = false;
	if (generate_one_in(&g->code, 2))
		take_packet(g);
}

static void op_adjust(struct globals *g)
{
	static const int32_t helpers[] = {44, 54, 65};

	if (!g->context || !(own(g)->moves || wrong(g)))
		return;
	copy(g, 1, 6);
	set(g, 2, 4 - 4 * (int32_t)generate_pick(&g->code, 3));
	helper(g, generate_one_in(&g->code, 2) ? 44 : helpers[generate_pick(&g->code, 3)]);
	keep_number(g, 0);
	packet_moved(g);
	op_access(g);
}

static void op_tail_call(struct globals *g)
{
	if (!g->context || !(own(g)->tails || wrong(g)) || (g->record && !wrong(g)))
		return;
	copy(g, 1, 6);
	map_to(g, 2, GENERATE_PROGS_MAP);
	set(g, 3, generate_one_in(&g->code, 2) ? 0 : (int32_t)generate_pick(&g->code, 3));
	helper(g, 12);
}

static void op_value(struct globals *g)
{
	if (generate_one_in(&g->code, 2)) {
		generate_emit(&g->code, 0x62, 10, 0, KEY_AT, (int32_t)generate_pick(&g->code, 10));
	} else {
		fetch(g, 1);
		generate_emit(&g->code, 0x63, 10, 1, KEY_AT, 0);
	}
	copy(g, 2, 10);
	add(g, 2, KEY_AT);
	map_to(g, 1, generate_one_in(&g->code, 2) ? GENERATE_ARRAY_MAP : GENERATE_HASH_MAP);
	helper(g, 1);
	g->value = VALUE_OR_NULL;
	if (!g->record && !generate_one_in(&g->code, 3)) {
		jump_out(g, 0x15, 0, 0, 0);
		g->value = VALUE_THERE;
	}
	keep(g, 0, VALUE_AT);
}

/* ---- calls ---- */

/* Memory of at least so many bytes to reg. */
static void give_memory(struct globals *g, int reg, uint32_t bytes)
{
	uint32_t start = g->code.count, room = 0;

	if (g->packet && bytes <= PACKET_BYTES && generate_one_in(&g->code, 3)) {
		copy(g, reg, 7);
		return;
	}
	for (int tries = 0; tries < 8; tries++) {
		g->code.count = start;
		room = take_memory(g, reg);
		if (room >= bytes)
			break;
	}
	if (room < bytes)
		return;
	room -= bytes;
	add(g, reg, (int32_t)(generate_pick(&g->code, room + 1) & (wrong(g) ? ~0u : ~7u)) + wrong(g));
}

/* On two paths, that meet some way behind the last state that was kept. */
static void give_null(struct globals *g, int reg)
{
	set(g, reg, 0);
	if (generate_one_in(&g->code, 2))
		return;
	generate_emit(&g->code, 0x45, 9, 0, 1, 1);
	set(g, reg, wrong(g));
	for (uint32_t n = generate_pick(&g->code, 10); n; n--)
		set(g, 0, 1);
	if (generate_one_in(&g->code, 2))
		generate_emit(&g->code, 0x15, 0, 0, 0, 5);
}

static void give(struct globals *g, int reg, uint8_t kind, uint32_t bytes)
{
	switch (kind) {
	case VIRTIO_NET_XDP_FUNC_NONE:
		return;
	case VIRTIO_NET_XDP_FUNC_NUMBER:
		if (wrong(g))
			copy(g, reg, 10);
		else
			fetch(g, reg);
		return;
	case VIRTIO_NET_XDP_FUNC_CONTEXT:
		copy(g, reg, 6);
		return;
	case VIRTIO_NET_XDP_FUNC_MEMORY_OR_NULL:
		if (generate_one_in(&g->code, 4)) {
			give_null(g, reg);
			return;
		}
		if (g->value != VALUE_NONE && generate_one_in(&g->code, 2)) {
			load(g, reg, VALUE_AT);
			return;
		}
		break;
	default:
		break;
	}
	give_memory(g, reg, bytes);
}

static bool wants_context(const struct shape *s)
{
	return memchr(s->kinds, VIRTIO_NET_XDP_FUNC_CONTEXT, ARGS);
}

/* A function behind this one, that this one may call; NULL: none was found. */
static struct shape *pick_callee(struct globals *g)
{
	struct shape *s;

	if (g->function + 1 >= g->functions || g->num_calls >= 40)
		return NULL;
	s = &g->shapes[g->function + 1 + generate_pick(&g->code, g->functions - g->function - 1)];
	if ((wants_context(s) && !g->context) || (s->tails && g->record && !wrong(g)))
		return NULL;
	if ((s->moves && !own(g)->moves) || (s->tails && !own(g)->tails))
		return wrong(g) ? s : NULL;
	return s;
}

static void op_call(struct globals *g)
{
	struct shape *s = pick_callee(g);

	if (!s)
		return;
	for (int n = 0; n < ARGS; n++)
		give(g, n + 1, s->kinds[n], s->bytes[n]);
	g->calls[g->num_calls] = g->code.count;
	g->callees[g->num_calls++] = (uint8_t)(s - g->shapes);
	generate_emit(&g->code, 0x85, 0, 1, 0, 0);
	s->wanted = true;
	keep_number(g, 0);
	if (s->moves || s->tails)
		packet_moved(g);
	if (!generate_one_in(&g->code, 3))
		op_access(g);
}

static void block(struct globals *g, int length);

/* A record is held while a few things are done. */
static void op_record(struct globals *g)
{
	bool packet = g->packet;
	uint32_t miss;

	if (g->record || g->depth > 2)
		return;
	map_to(g, 1, GENERATE_RING_MAP);
	set(g, 2, RECORD_BYTES);
	set(g, 3, 0);
	helper(g, 131);
	miss = g->code.count;
	generate_emit(&g->code, 0x15, 0, 0, 0, 0);
	copy(g, 8, 0);
	g->record = true;
	block(g, 1 + (int)generate_pick(&g->code, 3));
	g->record = false;
	copy(g, 1, 8);
	set(g, 2, 0);
	if (!wrong(g))
		helper(g, generate_one_in(&g->code, 2) ? 132 : 133);
	land(g, miss);
	set(g, 8, 0);
	g->packet &= packet;
	g->value = VALUE_NONE;
}

static void op_lock(struct globals *g)
{
	if (g->value != VALUE_THERE)
		return;
	load(g, 1, VALUE_AT);
	helper(g, 93);
	if (wrong(g))
		op_call(g);
	load(g, 1, VALUE_AT);
	if (!wrong(g))
		helper(g, 94);
}

/* Bytes of its own become a pointer, for others to find. */
static void op_spill(struct globals *g)
{
	int at = OWN_AT + 8 * (int)generate_pick(&g->code, OWN_BYTES / 8);

	if (wrong(g))
		keep(g, 6 + (int)generate_pick(&g->code, 3), at);
	else
		keep_number(g, 9);
}

static void op_branch(struct globals *g)
{
	bool packet = g->packet;
	enum value value = g->value;
	uint32_t jump;

	if (g->depth > 2)
		return;
	fetch(g, 0);
	jump = g->code.count;
	generate_emit(&g->code, generate_one_in(&g->code, 2) ? 0x45 : 0x25, 0, 0, 0,
		      (int32_t)generate_pick(&g->code, 8));
	block(g, 1 + (int)generate_pick(&g->code, 3));
	land(g, jump);
	g->packet &= packet;
	g->value = value < g->value ? value : g->value;
}

/* Some rounds, or as many as MAY_GOTO lets it go on. */
static void op_loop(struct globals *g)
{
	bool may = generate_one_in(&g->code, 4), packet;
	enum value value;
	uint32_t top;

	if (g->depth > 1)
		return;
	generate_emit(&g->code, 0x7a, 10, 0, COUNTER_AT, 0);
	packet = g->packet;
	value = g->value;
	top = g->code.count;
	if (may)
		generate_emit(&g->code, 0xe5, 0, 0, 0, 0);
	block(g, 1 + (int)generate_pick(&g->code, 3));
	load(g, 1, COUNTER_AT);
	add(g, 1, 1);
	keep(g, 1, COUNTER_AT);
	generate_emit(&g->code, 0xa5, 1, 0, (int)top - (int)g->code.count - 1, 2 + (int32_t)generate_pick(&g->code, 6));
	if (may)
		land(g, top);
	g->packet &= packet;
	g->value = value < g->value ? value : g->value;
}

static void block(struct globals *g, int length)
{
	static void (*const ops[])(struct globals * g) = {
		op_access, op_access, op_access, op_access,    op_call,      op_call,      op_call,
		op_call,   op_number, op_number, op_helper,    op_helper,    op_adjust,    op_adjust,
		op_value,  op_value,  op_branch, op_branch,    op_tail_call, op_tail_call, op_record,
		op_loop,   op_lock,   op_spill,  op_null_test,
	};

	g->depth++;
	while (length-- > 0 && !is_full(g))
		ops[generate_pick(&g->code, sizeof(ops) / sizeof(ops[0]))](g);
	g->depth--;
}

/* ---- functions ---- */

static void begin(struct globals *g)
{
	const struct shape *s = own(g);
	int numbers = 0;

	g->context = false;
	for (int n = 0; n < ARGS && s->kinds[n] != VIRTIO_NET_XDP_FUNC_NONE; n++) {
		keep(g, n + 1, arg_at(n));
		if (s->kinds[n] == VIRTIO_NET_XDP_FUNC_NUMBER && numbers < NUMBERS - 1)
			keep(g, n + 1, -48 - 8 * numbers++);
		if (s->kinds[n] == VIRTIO_NET_XDP_FUNC_CONTEXT) {
			copy(g, 6, n + 1);
			g->context = true;
		}
	}
	for (; numbers < NUMBERS - 1; numbers++)
		generate_emit(&g->code, 0x7a, 10, 0, -48 - 8 * numbers, (int32_t)generate_pick(&g->code, 20));
	for (int at = OWN_AT; at < OWN_AT + OWN_BYTES; at += 8)
		if (!wrong(g))
			generate_emit(&g->code, 0x7a, 10, 0, at, (int32_t)generate_pick(&g->code, 16));
	for (int reg = g->context ? 7 : 6; reg <= 9; reg++)
		set(g, reg, 0);
	g->packet = g->record = false;
	g->value = VALUE_NONE;
}

static void function(struct globals *g)
{
	g->shapes[g->function].entry = g->code.count;
	g->num_outs = 0;
	begin(g);
	if (!generate_one_in(&g->code, 3))
		take_packet(g);
	block(g, (g->function ? 1 : 3) + (int)generate_pick(&g->code, 7));
	fetch(g, 0);
	if (wrong(g))
		copy(g, 0, 7 + (int)generate_pick(&g->code, 2));
	generate_emit(&g->code, 0x95, 0, 0, 0, 0);
	if (!g->num_outs)
		return;
	for (uint32_t i = 0; i < g->num_outs; i++)
		land(g, g->outs[i]);
	set(g, 0, 1);
	generate_emit(&g->code, 0x95, 0, 0, 0, 0);
}

static void shape(struct globals *g, struct shape *s)
{
	static const uint8_t kinds[] = {VIRTIO_NET_XDP_FUNC_NUMBER, VIRTIO_NET_XDP_FUNC_CONTEXT,
					VIRTIO_NET_XDP_FUNC_MEMORY, VIRTIO_NET_XDP_FUNC_MEMORY,
					VIRTIO_NET_XDP_FUNC_MEMORY_OR_NULL};
	uint32_t args = generate_pick(&g->code, ARGS);

	for (uint32_t n = 0; n < args; n++) {
		s->kinds[n] = kinds[generate_pick(&g->code, sizeof(kinds))];
		if (is_memory(s->kinds[n]))
			s->bytes[n] = generate_one_in(&g->code, 2) ? 8 : 1 + generate_pick(&g->code, 20);
	}
	s->global = !generate_one_in(&g->code, 4);
	s->moves = generate_one_in(&g->code, 2);
	s->tails = generate_one_in(&g->code, 2);
	if ((s->moves || s->tails) && args < ARGS && !wants_context(s))
		s->kinds[args] = VIRTIO_NET_XDP_FUNC_CONTEXT;
}

/* What the device is told of a function; sometimes something else. */
static struct virtio_net_xdp_func told(struct globals *g, const struct shape *s)
{
	struct virtio_net_xdp_func func = {.insn = cpu_to_le32(s->entry)};
	uint32_t n = generate_pick(&g->code, ARGS);

	memcpy(func.kinds, s->kinds, sizeof(func.kinds));
	for (int i = 0; i < ARGS; i++)
		func.bytes[i] = cpu_to_le32(s->bytes[i]);
	if (wrong(g) && is_memory(func.kinds[n]))
		func.bytes[n] = cpu_to_le32(s->bytes[n] + 1);
	if (wrong(g) && is_memory(func.kinds[n]))
		func.kinds[n] ^= VIRTIO_NET_XDP_FUNC_MEMORY ^ VIRTIO_NET_XDP_FUNC_MEMORY_OR_NULL;
	return func;
}

static void link_calls(struct globals *g)
{
	for (uint32_t i = 0; i < g->num_calls; i++) {
		uint32_t distance = g->shapes[g->callees[i]].entry - g->calls[i] - 1;

		for (int n = 0; n < 4; n++)
			g->code.wire[(size_t)g->calls[i] * 8 + 4 + (size_t)n] = (uint8_t)(distance >> 8 * n);
	}
}

uint32_t generate_global(uint64_t seed, uint8_t *wire, struct virtio_net_xdp_func *funcs, uint32_t *num_funcs)
{
	struct globals g = {.code = {.rng = generate_seed(seed), .wire = wire}};

	g.functions = 2 + generate_pick(&g.code, FUNCTIONS - 1);
	g.rare = 8u << generate_pick(&g.code, 8);
	g.shapes[0] =
		(struct shape){.kinds = {VIRTIO_NET_XDP_FUNC_CONTEXT}, .moves = true, .tails = true, .wanted = true};
	for (uint32_t i = 1; i < g.functions; i++)
		shape(&g, &g.shapes[i]);
	*num_funcs = 0;
	for (g.function = 0; g.function < g.functions; g.function++) {
		if (!g.shapes[g.function].wanted)
			continue; /* nobody calls it: it could not be reached */
		function(&g);
		if (g.function && g.shapes[g.function].global)
			funcs[(*num_funcs)++] = told(&g, &g.shapes[g.function]);
	}
	link_calls(&g);
	return g.code.count;
}
