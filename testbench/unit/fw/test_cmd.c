/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What holds for every command: a valid request of each, one row per way to spoil it, and every two of them together.
 * The lowest status wins, and what is refused changes nothing.
 */
#include "control.h"

#define CMD(name) VIRTIO_NET_CTRL_XDP_##name
#define ERR(name) VIRTIO_NET_XDP_ERR_##name
#define NONE      VIRTIO_NET_XDP_ID_NONE

/* Map ids and program ids of the state that every case starts from. */
enum { FULL, USED, READONLY, WRITEONLY, ARRAY, FROZEN, READONLY_ARRAY, MAPS };
enum { ATTACHED, UPLOADED, READY, HALF, REFUSED, PROGS };

static void build(struct control *c)
{
	static const uint64_t uses_map[] = {W(0x18, 1, 1, 0, USED), W(0, 0, 0, 0, 0), W_MOV(0, 2), W_EXIT};
	static const uint64_t plain[] = {W_MOV(0, 2), W_EXIT};
	static const uint64_t bad[] = {W_MOVR(0, 5), W_EXIT};
	static const uint32_t flags[MAPS] = {
		[READONLY] = VIRTIO_NET_XDP_MAP_F_RDONLY,
		[WRITEONLY] = VIRTIO_NET_XDP_MAP_F_WRONLY,
		[READONLY_ARRAY] = VIRTIO_NET_XDP_MAP_F_RDONLY,
	};

	for (uint32_t id = 0; id < MAPS; id++) {
		bool array = id == ARRAY || id == READONLY_ARRAY;
		uint32_t type = array ? VIRTIO_NET_XDP_MAP_ARRAY : VIRTIO_NET_XDP_MAP_HASH;

		cr_assert_eq(control_map_create(c, id, type, 4, 8, 2, flags[id]), 0);
	}
	cr_assert_eq(control_map_set(c, FULL, 1, 11), 0);
	cr_assert_eq(control_map_set(c, FULL, 2, 22), 0);
	cr_assert_eq(control_id(c, CMD(MAP_FREEZE), FROZEN), 0);
	cr_assert_eq(control_load(c, ATTACHED, uses_map, 4), VIRTIO_NET_XDP_PROG_READY);
	cr_assert_eq(control_load(c, READY, plain, 2), VIRTIO_NET_XDP_PROG_READY);
	cr_assert_eq(control_load(c, REFUSED, bad, 2), VIRTIO_NET_XDP_PROG_REFUSED);
	cr_assert_eq(control_prog_create(c, UPLOADED, 16, 0), 0);
	cr_assert_eq(control_prog_write(c, UPLOADED, 0, plain, 16), 0);
	cr_assert_eq(control_prog_create(c, HALF, 16, 0), 0);
	cr_assert_eq(control_prog_write(c, HALF, 0, plain, 8), 0);
	control_attach(c, ATTACHED, NONE, 0, 0); /* refused where the configuration says so */
}

/* A request as 4-byte words, and its lengths. */
struct request {
	unsigned command;
	le32 words[17500];
	size_t bytes;
	size_t room;
};

static const struct valid {
	unsigned command;
	size_t words;
	uint32_t word[12];
	size_t result; /* fewest bytes */
} valids[] = {
	{CMD(CAP_GET), 0, {0}, 104},
	{CMD(PROG_CREATE), 9, {10, 16, 3}, 8},
	{CMD(PROG_WRITE), 4, {HALF, 8, 0x95, 0}, 8},
	{CMD(PROG_COMMIT), 2, {UPLOADED, 2}, 8},
	{CMD(PROG_INFO), 1, {ATTACHED}, 88},
	{CMD(PROG_LOG_GET), 2, {REFUSED, 0}, 12},
	{CMD(PROG_DESTROY), 1, {READY}, 8},
	{CMD(ATTACH), 5, {READY, ATTACHED, 1, 7, 1}, 12},
	{CMD(DETACH), 2, {ATTACHED, 1}, 12},
	{CMD(MAP_CREATE), 11, {10, 1, 4, 8, 4, 0, NONE}, 8},
	{CMD(MAP_DESTROY), 1, {FULL}, 8},
	{CMD(MAP_LOOKUP), 2, {FULL, 1}, 8},
	{CMD(MAP_UPDATE), 5, {FULL, 0, 1, 0xdead, 0}, 8},
	{CMD(MAP_DELETE), 2, {FULL, 1}, 8},
	{CMD(MAP_NEXT), 2, {FULL, 1}, 8},
	{CMD(MAP_INFO), 1, {FULL}, 64},
	{CMD(MAP_FREEZE), 1, {FULL}, 8},
	{CMD(OBJ_LIST), 2, {0, 0}, 16},
	{CMD(TEST_RUN), 12, {READY, 0, 7, 1, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88}, 24},
	{CMD(EVENT_GET), 1, {4}, 16},
	{CMD(PROG_FUNCS), 9, {UPLOADED, 1, 0x01030401, 0, 0, 8, 8}, 8},
};

#define LEN  100        /* the request's length; from here on values of fault.where are no word's index */
#define ROOM 101        /* the result's room */
#define MTU  102        /* of the device */
#define ANY  0xabcdef01 /* detail: not looked at here */

/* A way to spoil a request: word where, or a length, becomes value. */
static const struct fault {
	unsigned command;
	const char *id;
	unsigned status;
	unsigned where;
	uint32_t value;
	uint32_t detail;
} faults[] = {
	{CMD(CAP_GET), "long", ERR(LENGTH), LEN, 1, 0},
	{CMD(CAP_GET), "room", ERR(LENGTH), ROOM, 103, 104},

	{CMD(PROG_CREATE), "short", ERR(LENGTH), LEN, 35, 36},
	{CMD(PROG_CREATE), "long", ERR(LENGTH), LEN, 37, 36},
	{CMD(PROG_CREATE), "flags", ERR(FLAGS), 2, 7, 4},
	{CMD(PROG_CREATE), "exists", ERR(EXISTS), 0, HALF, HALF},
	{CMD(PROG_CREATE), "no bytes", ERR(SIZE), 1, 0, 8},
	{CMD(PROG_CREATE), "half a slot", ERR(SIZE), 1, 12, 8},
	{CMD(PROG_CREATE), "id", ERR(LIMIT_PROGS), 0, 64, 64},
	{CMD(PROG_CREATE), "no id", ERR(LIMIT_PROGS), 0, NONE, 64},
	{CMD(PROG_CREATE), "too long", ERR(LIMIT_INSNS), 1, 65537 * 8, 65536},
	{CMD(PROG_CREATE), "most bytes", ERR(LIMIT_INSNS), 1, 0xfffffff8, 65536},

	{CMD(PROG_WRITE), "short", ERR(LENGTH), LEN, 7, 8},
	{CMD(PROG_WRITE), "above max_cmd_bytes", ERR(LENGTH), LEN, 69631, 69630},
	{CMD(PROG_WRITE), "no such program", ERR(NOT_FOUND), 0, 20, 20},
	{CMD(PROG_WRITE), "ready", ERR(STATE), 0, READY, 16},
	{CMD(PROG_WRITE), "refused", ERR(STATE), 0, REFUSED, 16},
	{CMD(PROG_WRITE), "written before", ERR(SIZE), 1, 0, 8},
	{CMD(PROG_WRITE), "a gap", ERR(SIZE), 1, 9, 8},
	{CMD(PROG_WRITE), "offset wraps", ERR(SIZE), 1, 0xfffffff8, 8},
	{CMD(PROG_WRITE), "no data", ERR(SIZE), LEN, 8, 8},
	{CMD(PROG_WRITE), "too much", ERR(SIZE), LEN, 17, 8},

	{CMD(PROG_FUNCS), "short", ERR(LENGTH), LEN, 3, 4},
	{CMD(PROG_FUNCS), "reserved", ERR(FLAGS), 3, 0x100, 1},
	{CMD(PROG_FUNCS), "no such program", ERR(NOT_FOUND), 0, 20, 20},
	{CMD(PROG_FUNCS), "ready", ERR(STATE), 0, READY, 16},
	{CMD(PROG_FUNCS), "refused", ERR(STATE), 0, REFUSED, 16},
	{CMD(PROG_FUNCS), "no kind", ERR(TYPE), 2, 0x01050401, 5},
	{CMD(PROG_FUNCS), "a kind behind the last", ERR(TYPE), 2, 0x01000401, 1},
	{CMD(PROG_FUNCS), "the program itself", ERR(SIZE), 1, 0, 1},
	{CMD(PROG_FUNCS), "behind the program", ERR(SIZE), 1, 2, 1},
	{CMD(PROG_FUNCS), "far behind it", ERR(SIZE), 1, 0x20000001, 1},
	{CMD(PROG_FUNCS), "a number of bytes", ERR(SIZE), 4, 8, 0},
	{CMD(PROG_FUNCS), "no memory", ERR(SIZE), 5, 0, 1},
	{CMD(PROG_FUNCS), "too much memory", ERR(SIZE), 6, (1 << 29) + 1, 1 << 29},
	{CMD(PROG_FUNCS), "one and a half", ERR(SIZE), LEN, 52, 36},

	{CMD(PROG_COMMIT), "short", ERR(LENGTH), LEN, 7, 8},
	{CMD(PROG_COMMIT), "long", ERR(LENGTH), LEN, 9, 8},
	{CMD(PROG_COMMIT), "log level", ERR(FLAGS), 1, 3, 3},
	{CMD(PROG_COMMIT), "no such program", ERR(NOT_FOUND), 0, NONE, NONE},
	{CMD(PROG_COMMIT), "ready", ERR(STATE), 0, READY, 16},
	{CMD(PROG_COMMIT), "not all written", ERR(STATE), 0, HALF, 8},

	{CMD(PROG_INFO), "short", ERR(LENGTH), LEN, 3, 4},
	{CMD(PROG_INFO), "long", ERR(LENGTH), LEN, 5, 4},
	{CMD(PROG_INFO), "room", ERR(LENGTH), ROOM, 87, 88},
	{CMD(PROG_INFO), "no such program", ERR(NOT_FOUND), 0, 63, 63},

	{CMD(PROG_LOG_GET), "short", ERR(LENGTH), LEN, 7, 8},
	{CMD(PROG_LOG_GET), "room", ERR(LENGTH), ROOM, 11, 12},
	{CMD(PROG_LOG_GET), "no such program", ERR(NOT_FOUND), 0, 64, 64},
	{CMD(PROG_LOG_GET), "offset", ERR(SIZE), 1, NONE, ANY},

	{CMD(PROG_DESTROY), "empty", ERR(LENGTH), LEN, 0, 4},
	{CMD(PROG_DESTROY), "no such program", ERR(NOT_FOUND), 0, 20, 20},
	{CMD(PROG_DESTROY), "attached", ERR(BUSY), 0, ATTACHED, 1},

	{CMD(ATTACH), "short", ERR(LENGTH), LEN, 19, 20},
	{CMD(ATTACH), "room", ERR(LENGTH), ROOM, 11, 12},
	{CMD(ATTACH), "flags", ERR(FLAGS), 4, 0x80000001, 0x80000000},
	{CMD(ATTACH), "no such program", ERR(NOT_FOUND), 0, 20, 20},
	{CMD(ATTACH), "not committed", ERR(STATE), 0, UPLOADED, 1},
	{CMD(ATTACH), "refused", ERR(STATE), 0, REFUSED, 1},
	{CMD(ATTACH), "expected program", ERR(STATE), 1, READY, 1},
	{CMD(ATTACH), "expected none", ERR(STATE), 1, NONE, 1},
	{CMD(ATTACH), "expected generation", ERR(STATE), 2, 0, 1},
	{CMD(ATTACH), "mtu", ERR(LIMIT_FRAME), MTU, 65522, 65535},

	{CMD(DETACH), "short", ERR(LENGTH), LEN, 4, 8},
	{CMD(DETACH), "room", ERR(LENGTH), ROOM, 8, 12},
	{CMD(DETACH), "expected program", ERR(STATE), 0, NONE, 1},
	{CMD(DETACH), "expected generation", ERR(STATE), 1, 2, 1},

	{CMD(MAP_CREATE), "short", ERR(LENGTH), LEN, 43, 44},
	{CMD(MAP_CREATE), "long", ERR(LENGTH), LEN, 48, 44},
	{CMD(MAP_CREATE), "flags", ERR(FLAGS), 5, 1 << 20, 1 << 20},
	{CMD(MAP_CREATE), "flags in conflict", ERR(FLAGS), 5, 0x18, 0x18},
	{CMD(MAP_CREATE), "exists", ERR(EXISTS), 0, FULL, FULL},
	{CMD(MAP_CREATE), "type", ERR(TYPE), 1, 40, 40},
	{CMD(MAP_CREATE), "no type", ERR(TYPE), 1, 0, 0},
	{CMD(MAP_CREATE), "type 64", ERR(TYPE), 1, 64, 64},
	{CMD(MAP_CREATE), "no key", ERR(SIZE), 2, 0, 1},
	{CMD(MAP_CREATE), "key", ERR(SIZE), 2, 513, 512},
	{CMD(MAP_CREATE), "no value", ERR(SIZE), 3, 0, 1},
	{CMD(MAP_CREATE), "no entries", ERR(SIZE), 4, 0, 1},
	{CMD(MAP_CREATE), "inner map", ERR(SIZE), 6, 5, NONE},
	{CMD(MAP_CREATE), "id", ERR(LIMIT_MAPS), 0, 64, 64},
	{CMD(MAP_CREATE), "entries", ERR(LIMIT_MAP_KIB), 4, 1 << 24, 65536},
	{CMD(MAP_CREATE), "CVE-2024-26885", ERR(LIMIT_MAP_KIB), 4, 0x80000001, 65536},
	{CMD(MAP_CREATE), "CVE-2021-20268", ERR(LIMIT_MAP_KIB), 3, 0xfffffff9, 65536},

	{CMD(MAP_DESTROY), "short", ERR(LENGTH), LEN, 3, 4},
	{CMD(MAP_DESTROY), "no such map", ERR(NOT_FOUND), 0, 20, 20},
	{CMD(MAP_DESTROY), "used", ERR(BUSY), 0, USED, 1},

	{CMD(MAP_LOOKUP), "short", ERR(LENGTH), LEN, 3, 4},
	{CMD(MAP_LOOKUP), "no such map", ERR(NOT_FOUND), 0, NONE, NONE},
	{CMD(MAP_LOOKUP), "write-only", ERR(PERM), 0, WRITEONLY, 0},
	{CMD(MAP_LOOKUP), "no key", ERR(SIZE), LEN, 4, 8},
	{CMD(MAP_LOOKUP), "long key", ERR(SIZE), LEN, 9, 8},
	{CMD(MAP_LOOKUP), "room", ERR(SIZE), ROOM, 15, 16},
	{CMD(MAP_LOOKUP), "not there", ERR(NO_KEY), 1, 3, 0},

	{CMD(MAP_UPDATE), "short", ERR(LENGTH), LEN, 7, 8},
	{CMD(MAP_UPDATE), "flags", ERR(FLAGS), 1, 3, 3},
	{CMD(MAP_UPDATE), "no such map", ERR(NOT_FOUND), 0, 20, 20},
	{CMD(MAP_UPDATE), "read-only", ERR(PERM), 0, READONLY, 0},
	{CMD(MAP_UPDATE), "frozen", ERR(PERM), 0, FROZEN, 0},
	{CMD(MAP_UPDATE), "value cut", ERR(SIZE), LEN, 19, 20},
	{CMD(MAP_UPDATE), "value too long", ERR(SIZE), LEN, 21, 20},
	{CMD(MAP_UPDATE), "full", ERR(LIMIT_ENTRIES), 2, 3, 2},
	{CMD(MAP_UPDATE), "there", ERR(KEY_EXISTS), 1, VIRTIO_NET_XDP_UPDATE_NOEXIST, 0},

	{CMD(MAP_DELETE), "short", ERR(LENGTH), LEN, 3, 4},
	{CMD(MAP_DELETE), "no such map", ERR(NOT_FOUND), 0, 20, 20},
	{CMD(MAP_DELETE), "frozen", ERR(PERM), 0, FROZEN, 0},
	{CMD(MAP_DELETE), "read-only array", ERR(PERM), 0, READONLY_ARRAY, 0},
	{CMD(MAP_DELETE), "array", ERR(TYPE), 0, ARRAY, VIRTIO_NET_XDP_MAP_ARRAY},
	{CMD(MAP_DELETE), "no key", ERR(SIZE), LEN, 4, 8},
	{CMD(MAP_DELETE), "not there", ERR(NO_KEY), 1, 3, 0},

	{CMD(MAP_NEXT), "short", ERR(LENGTH), LEN, 0, 4},
	{CMD(MAP_NEXT), "no such map", ERR(NOT_FOUND), 0, 20, 20},
	{CMD(MAP_NEXT), "write-only", ERR(PERM), 0, WRITEONLY, 0},
	{CMD(MAP_NEXT), "half a key", ERR(SIZE), LEN, 6, 8},
	{CMD(MAP_NEXT), "room", ERR(SIZE), ROOM, 11, 12},
	{CMD(MAP_NEXT), "last", ERR(LAST_KEY), 1, 2, 0},

	{CMD(MAP_INFO), "short", ERR(LENGTH), LEN, 2, 4},
	{CMD(MAP_INFO), "room", ERR(LENGTH), ROOM, 63, 64},
	{CMD(MAP_INFO), "no such map", ERR(NOT_FOUND), 0, 20, 20},

	{CMD(MAP_FREEZE), "long", ERR(LENGTH), LEN, 8, 4},
	{CMD(MAP_FREEZE), "no such map", ERR(NOT_FOUND), 0, 20, 20},

	{CMD(OBJ_LIST), "short", ERR(LENGTH), LEN, 7, 8},
	{CMD(OBJ_LIST), "room", ERR(LENGTH), ROOM, 15, 16},
	{CMD(OBJ_LIST), "kind", ERR(TYPE), 0, 2, 2},

	{CMD(TEST_RUN), "short", ERR(LENGTH), LEN, 15, 16},
	{CMD(TEST_RUN), "least room", ERR(LENGTH), ROOM, 23, 24},
	{CMD(TEST_RUN), "flags", ERR(FLAGS), 1, 1, 1},
	{CMD(TEST_RUN), "no such program", ERR(NOT_FOUND), 0, 20, 20},
	{CMD(TEST_RUN), "not committed", ERR(STATE), 0, UPLOADED, VIRTIO_NET_XDP_PROG_LOADING},
	{CMD(TEST_RUN), "frame of 13", ERR(SIZE), LEN, 16 + 13, 16 + 14},
	{CMD(TEST_RUN), "frame of 65536", ERR(SIZE), LEN, 16 + 65536, 16 + 65535},
	{CMD(TEST_RUN), "queue", ERR(SIZE), 3, 2, 1},
	{CMD(TEST_RUN), "room", ERR(SIZE), ROOM, 24 + 256 + 32 + 256 - 1, 24 + 256 + 32 + 256},

	{CMD(EVENT_GET), "short", ERR(LENGTH), LEN, 3, 4},
	{CMD(EVENT_GET), "long", ERR(LENGTH), LEN, 5, 4},
	{CMD(EVENT_GET), "room", ERR(LENGTH), ROOM, 15, 16},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void make(struct request *r, const struct valid *v)
{
	memset(r, 0, sizeof(*r));
	r->command = v->command;
	for (size_t i = 0; i < v->words; i++)
		r->words[i] = cpu_to_le32(v->word[i]);
	r->bytes = v->words * 4;
	r->room = CONTROL_OUT_BYTES;
}

static void spoil(struct request *r, const struct fault *f)
{
	if (f->where == LEN)
		r->bytes = f->value;
	else if (f->where == ROOM)
		r->room = f->value;
	else if (f->where != MTU)
		r->words[f->where] = cpu_to_le32(f->value);
}

/* A device with the faults' configuration, in the state that all cases start from. */
static struct control *start(const struct fault *a, const struct fault *b)
{
	struct fw_config config = control_config();
	struct control *c;

	if (a && a->where == MTU)
		config.mtu = (uint16_t)a->value;
	if (b && b->where == MTU)
		config.mtu = (uint16_t)b->value;
	c = control_open(&config);
	build(c);
	return c;
}

static unsigned send(struct control *c, const struct request *r)
{
	return control_send(c, r->command, r->words, r->bytes, r->room);
}

/* All that a driver can see. */
static size_t look(struct control *c, uint8_t *to)
{
	size_t n = 0;

	for (uint32_t kind = 0; kind < 2; kind++) {
		le32 request[2] = {cpu_to_le32(kind), cpu_to_le32(0)};

		cr_assert_eq(control_do(c, CMD(OBJ_LIST), request, 8), 0);
		memcpy(to + n, c->out, c->written);
		n += c->written;
	}
	for (uint32_t id = 0; id < 12; id++) {
		static const uint8_t asks[] = {CMD(PROG_INFO), CMD(MAP_INFO), CMD(MAP_NEXT)};

		for (size_t i = 0; i < sizeof(asks); i++) {
			control_id(c, asks[i], id);
			memcpy(to + n, c->out, c->written);
			n += c->written;
		}
		for (uint32_t key = 0; key < 4; key++) {
			le32 wire = cpu_to_le32(key);

			control_map_key(c, CMD(MAP_LOOKUP), id, &wire, 4);
			memcpy(to + n, c->out, c->written);
			n += c->written;
		}
	}
	control_detach(c, NONE, 0); /* refused: tells the generation */
	memcpy(to + n, c->out, c->written);
	return n + c->written;
}

Test(cmd, valid_requests_are_ok_at_the_least_room)
{
	struct request *r = malloc(sizeof(*r));

	for (size_t i = 0; i < COUNT(valids); i++) {
		struct control *c = start(NULL, NULL);

		make(r, &valids[i]);
		cr_assert_eq(send(c, r), VIRTIO_NET_XDP_OK, "command %u", r->command);
		cr_assert_geq(c->written, valids[i].result, "command %u", r->command);
		control_close(c);
	}
	free(r);
}

Test(cmd, too_little_room_for_any_answer)
{
	struct control *c = start(NULL, NULL);
	struct request *r = malloc(sizeof(*r));
	uint8_t *before = malloc(1 << 16), *after = malloc(1 << 16);
	size_t bytes = look(c, before);

	for (size_t i = 0; i < COUNT(valids); i++) {
		make(r, &valids[i]);
		for (r->room = 0; r->room < 8; r->room++) {
			cr_assert_eq(send(c, r), 0xffff, "command %u, room %zu", r->command, r->room);
			cr_assert_eq(c->written, 0);
		}
	}
	cr_assert_eq(look(c, after), bytes);
	cr_assert_eq(memcmp(before, after, bytes), 0, "and nothing changed");
	control_close(c);
	free(before);
	free(after);
	free(r);
}

static void check(const struct valid *v, const struct fault *a, const struct fault *b)
{
	static struct request r;
	static uint8_t before[1 << 16], after[1 << 16];
	const struct fault *wins = !b || a->status <= b->status ? a : b;
	struct control *c = start(a, b);
	size_t bytes = look(c, before);

	make(&r, v);
	if (a->where == MTU || (b && b->where == MTU)) { /* nothing could be attached */
		r.words[1] = cpu_to_le32(NONE);
		r.words[2] = cpu_to_le32(0);
	}
	spoil(&r, a);
	if (b)
		spoil(&r, b);
	cr_assert_eq(send(c, &r), wins->status, "command %u: %s%s%s", v->command, a->id, b ? " and " : "",
		     b ? b->id : "");
	if (!b && a->detail != ANY)
		cr_assert_eq(c->detail, a->detail, "command %u: %s: detail %u", v->command, a->id, c->detail);
	cr_assert_eq(look(c, after), bytes, "command %u: %s", v->command, a->id);
	cr_assert_eq(memcmp(before, after, bytes), 0, "command %u: %s: nothing changed", v->command, a->id);
	control_close(c);
}

Test(cmd, each_fault_has_its_status)
{
	for (size_t v = 0; v < COUNT(valids); v++)
		for (size_t f = 0; f < COUNT(faults); f++)
			if (faults[f].command == valids[v].command)
				check(&valids[v], &faults[f], NULL);
}

/* Whether both faults can be in one request: "expected none" is right where nothing can be attached. */
static bool together(const struct fault *a, const struct fault *b)
{
	if (a->command != b->command || a->where == b->where)
		return false;
	return !(b->where == MTU && a->status == ERR(STATE) && (a->value == NONE || a->value == 0));
}

/* Of two faults at once the lower status is given. */
Test(cmd, the_lowest_status_wins)
{
	size_t pairs = 0;

	for (size_t v = 0; v < COUNT(valids); v++) {
		for (size_t i = 0; i < COUNT(faults); i++) {
			for (size_t j = i + 1; j < COUNT(faults); j++) {
				if (faults[i].command != valids[v].command || !together(&faults[i], &faults[j]))
					continue;
				check(&valids[v], &faults[i], &faults[j]);
				pairs++;
			}
		}
	}
	cr_assert_gt(pairs, 250u);
}

Test(cmd, unknown_commands)
{
	struct control *c = control_open(NULL);
	uint8_t request[69631] = {0};

	for (unsigned command = 0; command < 256; command++) {
		bool known = (command <= CMD(TEST_RUN) && command != CMD(MAP_BATCH)) || command == CMD(EVENT_GET) ||
			     command == CMD(PROG_FUNCS);

		if (known)
			continue;
		for (size_t bytes = 0; bytes < 40; bytes += 13) {
			cr_assert_eq(control_do(c, command, request, bytes), ERR(OPCODE), "command %u", command);
			cr_assert_eq(c->detail, command);
		}
		cr_assert_eq(control_do(c, command, request, sizeof(request)), ERR(LENGTH), "command %u", command);
		cr_assert_eq(c->detail, 69630);
	}
	control_close(c);
}

/* Masked optional commands are as unknown as others; mandatory ones cannot be masked. */
Test(cmd, masked_commands)
{
	struct fw_config config = control_config();
	struct virtio_net_xdp_cap_get_result result;
	struct control *c;
	le32 ids[12] = {0};

	config.caps.commands = 0;
	c = control_open(&config);
	for (size_t v = 0; v < COUNT(valids); v++) {
		unsigned command = valids[v].command, status = control_do(c, command, ids, valids[v].words * 4);
		bool optional = command >= CMD(MAP_BATCH);

		cr_assert_eq(status == ERR(OPCODE), optional, "command %u: status %u", command, status);
	}
	cr_assert_eq(control_do(c, CMD(CAP_GET), NULL, 0), 0);
	memcpy(&result, c->out, sizeof(result));
	cr_assert_eq(le32_to_cpu(result.caps.commands), 0xffff);
	control_close(c);
}
