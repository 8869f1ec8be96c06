// SPDX-License-Identifier: BSD-2-Clause
/*
 * A hostile driver: commands with likely, extreme and mutated contents go to two firmwares, one that interprets and one
 * with machine code. Both must answer byte for byte alike, and whatever they are sent: no answer exceeds its room, a
 * refused command changes nothing that can be seen, and when all is destroyed all memory is back. In between frames
 * come in, verification goes on, and memory runs out. REFNIC_FUZZ=N tries N steps, REFNIC_SEED=S starts at seed S.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "fuzz/corpus.h"
#include "fuzz/generate.h"
#include "fuzz/lab.h"
#include "fuzz/small.h"
#include "fuzz/unit.h"
#include "virtio_net.h"
#include "virtio_net_xdp.h"
#include "virtio_net_xdp_ext.h"

#define STEPS  30000
#define EPOCH  500 /* steps, after which everything is destroyed */
#define CANARY 0xa5
#define BURST  3

struct request {
	uint8_t command;
	uint8_t in[MAX_CMD + 64];
	size_t in_bytes, room;
};

struct fuzz {
	struct unit units[2];
	uint64_t rng;
	uint64_t step;
	uint32_t attached, generation; /* as a driver knows them */
	uint32_t oks[256], refusals[256];
};

static uint32_t pick(struct fuzz *f, uint32_t below)
{
	return (uint32_t)(generate_random(&f->rng) % below);
}

static bool one_in(struct fuzz *f, uint32_t n)
{
	return pick(f, n) == 0;
}

/* ---- sending ---- */

/* The request in memory of exactly its size: what reads on, ASan sees. */
static void send_one(struct fuzz *f, struct unit *u, const struct request *r)
{
	uint8_t *in = malloc(r->in_bytes + !r->in_bytes);

	memcpy(in, r->in, r->in_bytes);
	memset(u->out, CANARY, OUT_BYTES);
	u->ack = fw_command(u->fw, r->command, in, r->in_bytes, u->out, r->room, &u->written);
	cr_assert_arr_eq(in, r->in, r->in_bytes, "step %lu: command %u wrote to its request", f->step, r->command);
	free(in);
	cr_assert_leq(u->written, r->room, "step %lu: command %u wrote %zu bytes where %zu fit", f->step, r->command,
		      u->written, r->room);
	cr_assert(r->room < 8 ? u->written == 0 && u->ack : u->written >= 8,
		  "step %lu: command %u left %zu bytes in %zu", f->step, r->command, u->written, r->room);
	cr_assert(u->out[u->written] == CANARY &&
			  !memcmp(u->out + u->written, u->out + u->written + 1, OUT_BYTES - u->written - 1),
		  "step %lu: command %u wrote behind its %zu bytes", f->step, r->command, u->written);
	cr_assert_eq(u->fault[0], 0, "UNSOUND: step %lu: %s", f->step, u->fault);
}

static bool only_asks(uint8_t command)
{
	switch (command) {
	case CMD(CAP_GET):
	case CMD(PROG_INFO):
	case CMD(PROG_LOG_GET):
	case CMD(MAP_LOOKUP):
	case CMD(MAP_NEXT):
	case CMD(MAP_INFO):
	case CMD(OBJ_LIST):
		return true;
	}
	return false;
}

/* Sends to one firmware, and looks at what changed. */
static void send_and_look(struct fuzz *f, struct unit *u, const struct request *r)
{
	struct virtio_net_xdp_result result = {0};
	uint8_t answer[OUT_BYTES];
	struct view now;

	send_one(f, u, r);
	memcpy(answer, u->out, OUT_BYTES);
	if (u->written) {
		memcpy(&result, answer, sizeof(result));
		cr_assert_eq(u->ack != VIRTIO_NET_OK, le16_to_cpu(result.status) != 0, "step %lu: ack %u", f->step,
			     u->ack);
		cr_assert_eq(le16_to_cpu(result.reserved), 0, "step %lu", f->step);
		cr_assert(u->ack ? u->written == 8 : !le32_to_cpu(result.detail), "step %lu: command %u", f->step,
			  r->command);
	}
	now = unit_view(u);
	if (u->ack || only_asks(r->command))
		cr_assert(unit_same(&now, &u->view), "step %lu: command %u, status %#x, changed something", f->step,
			  r->command, le16_to_cpu(result.status));
	u->view = now;
	memcpy(u->out, answer, OUT_BYTES);
}

static void expect_alike(const struct fuzz *f, uint8_t command)
{
	const struct unit *a = &f->units[0], *b = &f->units[1];

	cr_assert(a->ack == b->ack && a->written == b->written && memcmp(a->out, b->out, OUT_BYTES) == 0,
		  "step %lu: command %u is answered differently: ack %u and %u, %zu and %zu bytes", f->step, command,
		  a->ack, b->ack, a->written, b->written);
	cr_assert(unit_same(&a->view, &b->view), "step %lu: after command %u the two differ", f->step, command);
}

static void learn(struct fuzz *f, const struct request *r)
{
	le32 words[3];

	if (r->command == CMD(ATTACH) || r->command == CMD(DETACH)) {
		memcpy(words, f->units[0].out, sizeof(words));
		f->generation = le32_to_cpu(words[2]);
		memcpy(words, r->in, sizeof(words[0]));
		f->attached = r->command == CMD(ATTACH) ? le32_to_cpu(words[0]) : NONE;
	}
}

static uint8_t send(struct fuzz *f, const struct request *r)
{
	for (int i = 0; i < 2; i++)
		send_and_look(f, &f->units[i], r);
	expect_alike(f, r->command);
	if (!f->units[0].ack)
		learn(f, r);
	(f->units[0].ack ? f->refusals : f->oks)[r->command]++;
	return f->units[0].ack;
}

/* ---- requests as a driver might make them ---- */

static void put(struct request *r, const void *p, size_t bytes)
{
	memcpy(r->in + r->in_bytes, p, bytes);
	r->in_bytes += bytes;
}

static void put_u32(struct request *r, uint32_t value)
{
	le32 wire = cpu_to_le32(value);

	put(r, &wire, sizeof(wire));
}

static void put_random(struct fuzz *f, struct request *r, size_t bytes)
{
	while (bytes--)
		r->in[r->in_bytes++] = (uint8_t)pick(f, 256);
}

static struct request request(uint8_t command)
{
	struct request r;

	r.command = command;
	r.in_bytes = 0;
	r.room = OUT_ROOM;
	return r;
}

static uint32_t some_id(struct fuzz *f)
{
	return pick(f, PROGS + 1);
}

/* Mostly of a map that there is. */
static uint32_t some_map(struct fuzz *f)
{
	uint32_t id = some_id(f);

	for (int tries = 0; tries < 4 && !core_map(f->units[0].fw, id); tries++)
		id = some_id(f);
	return id;
}

/* Mostly of a program that can run. */
static uint32_t some_ready(struct fuzz *f)
{
	uint32_t id = some_id(f);

	for (int tries = 0; tries < 8; tries++) {
		const struct prog *prog = prog_find(f->units[0].fw, id);

		if (prog && prog->state == PROG_READY)
			break;
		id = some_id(f);
	}
	return id;
}

#define TYPE(name) VIRTIO_NET_XDP_MAP_##name

static void map_create(struct fuzz *f, struct request *r)
{
	static const uint32_t sizes[] = {1, 4, 8, 12, 48, 512, 513, 4000}, entries[] = {1, 2, 8, 33, 500};
	static const uint32_t flags[] = {0, 0, 0, 1, 1 << 3, 1 << 4, 1 << 6, 1 << 7, 1 << 8, 3 << 3, 3 << 7, 2};
	uint32_t id = some_id(f), type = id == GENERATE_ARRAY_MAP ? TYPE(ARRAY) : small_type(generate_random(&f->rng));
	bool usual = pick(f, 4);

	put_u32(r, id);
	put_u32(r, type);
	put_u32(r, usual ? small_key_bytes(type) : sizes[pick(f, ARRAY_SIZE(sizes))]);
	put_u32(r, usual ? small_value_bytes(type) : sizes[pick(f, ARRAY_SIZE(sizes))]);
	put_u32(r, usual ? small_entries(type) : entries[pick(f, ARRAY_SIZE(entries))]);
	put_u32(r, usual ? 0 : flags[pick(f, ARRAY_SIZE(flags))]);
	put_u32(r, type == TYPE(ARRAY_OF) || type == TYPE(HASH_OF) ? some_map(f) : NONE);
	put_random(f, r, VIRTIO_NET_XDP_NAME_BYTES);
}

/* Commands on elements: the key and value sizes are the map's, keys are few so that they meet. */
static void map_element(struct fuzz *f, struct request *r)
{
	uint32_t id = some_map(f), key_size, value_size;
	const struct map *map = core_map(f->units[0].fw, id);

	key_size = map ? map->attr.key_size : 4;
	value_size = map && map->attr.value_size <= 2000 ? map_wire_value_bytes(map, 3) : 8;
	put_u32(r, id);
	if (r->command == CMD(MAP_UPDATE))
		put_u32(r, pick(f, 3));
	if (r->command == CMD(MAP_NEXT) && one_in(f, 4))
		return;
	memset(r->in + r->in_bytes, 0, key_size);
	r->in[r->in_bytes] = (uint8_t)pick(f, 12);
	r->in_bytes += key_size;
	if (r->command != CMD(MAP_UPDATE))
		return;
	if (map && small_is_object(map->attr.type) && value_size >= 4 && pick(f, 8)) {
		put_u32(r, map->inner ? some_map(f) : some_ready(f));
		memset(r->in + r->in_bytes, 0, value_size - 4);
		r->in_bytes += value_size - 4;
	} else {
		put_random(f, r, value_size);
	}
}

static void test_run(struct fuzz *f, struct request *r)
{
	static const uint32_t sizes[] = {13, 14, 15, 60, MAX_FRAME - 1, MAX_FRAME, MAX_FRAME + 1};
	uint32_t bytes = one_in(f, 2) ? sizes[pick(f, ARRAY_SIZE(sizes))] : 14 + pick(f, 200);

	put_u32(r, some_ready(f));
	put_u32(r, 0);
	put_u32(r, pick(f, 9));
	put_u32(r, pick(f, 3));
	put_random(f, r, bytes);
	if (one_in(f, 3))
		r->room = sizeof(struct virtio_net_xdp_test_run_result) + HEADROOM + bytes + TAILROOM - one_in(f, 2);
}

/* A global function with arguments that a caller may well have. */
static void put_func(struct fuzz *f, struct request *r, uint32_t insn)
{
	struct virtio_net_xdp_func func = {.insn = cpu_to_le32(insn)};
	uint32_t count = pick(f, VIRTIO_NET_XDP_FUNC_ARGS + 1);

	for (uint32_t n = 0; n < count; n++) {
		func.kinds[n] = (u8)(1 + pick(f, VIRTIO_NET_XDP_FUNC_MEMORY_OR_NULL));
		if (func.kinds[n] >= VIRTIO_NET_XDP_FUNC_MEMORY)
			func.bytes[n] = cpu_to_le32(1 + pick(f, one_in(f, 4) ? 64 : 8));
	}
	put(r, &func, sizeof(func));
}

static struct request likely_request(struct fuzz *f)
{
	/* How often of 64: what destroys or freezes is rare, so that there is something to work on; the last ones do
	 * not exist. */
	static const uint8_t weights[] = {1, 3, 3, 3, 2, 2, 1, 4, 2, 5, 1, 5, 8, 5, 5, 1, 1, 1, 2, 6, 1, 1, 1};
	struct request r = request(0);
	uint32_t n = pick(f, 64);

	while (r.command < sizeof(weights) - 1 && n >= weights[r.command])
		n -= weights[r.command++];

	switch (r.command) {
	case CMD(CAP_GET):
		break;
	case CMD(PROG_CREATE):
		put_u32(&r, some_id(f));
		put_u32(&r, 8 * (1 + pick(f, 64)));
		put_u32(&r, pick(f, 4));
		put_random(f, &r, VIRTIO_NET_XDP_NAME_BYTES + VIRTIO_NET_XDP_TAG_BYTES);
		break;
	case CMD(PROG_WRITE):
		put_u32(&r, some_id(f));
		put_u32(&r, 8 * pick(f, 3));
		put_random(f, &r, 8 * pick(f, 9));
		break;
	case CMD(ATTACH):
		put_u32(&r, some_ready(f));
		put_u32(&r, f->attached);
		put_u32(&r, f->generation);
		put_u32(&r, pick(f, 9));
		put_u32(&r, pick(f, 2));
		break;
	case CMD(DETACH):
		put_u32(&r, f->attached);
		put_u32(&r, f->generation);
		break;
	case CMD(MAP_CREATE):
		map_create(f, &r);
		break;
	case CMD(MAP_LOOKUP):
	case CMD(MAP_UPDATE):
	case CMD(MAP_DELETE):
	case CMD(MAP_NEXT):
		map_element(f, &r);
		break;
	case CMD(TEST_RUN):
		test_run(f, &r);
		break;
	case CMD(PROG_FUNCS):
		put_u32(&r, some_id(f));
		for (uint32_t funcs = 1 + pick(f, 3), at = 0; funcs > 0; funcs--)
			put_func(f, &r, at += 1 + pick(f, 8));
		break;
	case CMD(PROG_COMMIT):
	case CMD(PROG_LOG_GET):
		put_u32(&r, some_id(f));
		put_u32(&r, pick(f, 3));
		break;
	case CMD(OBJ_LIST):
		put_u32(&r, pick(f, 2));
		put_u32(&r, pick(f, 3));
		break;
	default:
		put_u32(&r, some_id(f));
	}
	return r;
}

/* ---- and as none does ---- */

static void mutate(struct fuzz *f, struct request *r)
{
	static const uint32_t edges[] = {0,          1,          7,          8,          13,         MAX_FRAME,
					 MAX_CMD,    0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffff8, 0xfffffffe,
					 0xffffffff, 0x10000000, 0x20000001, 0x00010000};
	size_t words = r->in_bytes / 4;

	switch (pick(f, 6)) {
	case 0: /* an extreme number in a field */
	case 1:
		if (words) {
			le32 edge = cpu_to_le32(edges[pick(f, ARRAY_SIZE(edges))]);

			memcpy(r->in + 4 * pick(f, words > 12 ? 12 : (uint32_t)words), &edge, sizeof(edge));
		}
		break;
	case 2: /* a bit */
		if (r->in_bytes)
			r->in[pick(f, (uint32_t)r->in_bytes)] ^= (uint8_t)(1 << pick(f, 8));
		break;
	case 3: /* another length */
		r->in_bytes = one_in(f, 8) ? MAX_CMD - 3 + pick(f, 4) : pick(f, 64);
		break;
	case 4: /* another room */
		r->room = pick(f, one_in(f, 2) ? 32 : 128);
		break;
	default:
		r->in_bytes -= r->in_bytes ? 1 + pick(f, 2) % r->in_bytes : 0;
		if (one_in(f, 2))
			r->in_bytes += pick(f, 6);
	}
}

/* ---- steps ---- */

static void step_command(struct fuzz *f)
{
	struct request r = likely_request(f);

	memset(r.in + r.in_bytes, 0, sizeof(r.in) - r.in_bytes);
	while (one_in(f, 3))
		mutate(f, &r);
	send(f, &r);
}

/* Some of the functions that the program calls are global. */
static void send_funcs(struct fuzz *f, uint32_t id, const uint8_t *wire, uint32_t bytes)
{
	struct request r = request(CMD(PROG_FUNCS));
	bool called[GENERATE_MAX_SLOTS] = {0};
	int32_t distance;

	for (uint32_t i = 0; i < bytes / 8; i++) {
		memcpy(&distance, wire + (size_t)i * 8 + 4, sizeof(distance));
		if (wire[(size_t)i * 8] == 0x85 && wire[(size_t)i * 8 + 1] >> 4 == 1 && distance >= 0 &&
		    (uint32_t)distance < bytes / 8 - i - 1)
			called[i + 1 + (uint32_t)distance] = true;
	}
	put_u32(&r, id);
	for (uint32_t i = 1; i < bytes / 8; i++)
		if (called[i] && r.in_bytes < 512 && !one_in(f, 4))
			put_func(f, &r, i);
	if (r.in_bytes > sizeof(le32))
		send(f, &r);
}

/* A program from PROG_CREATE to PROG_COMMIT. */
static void step_load(struct fuzz *f)
{
	uint8_t wire[(size_t)GENERATE_MAX_SLOTS * 8];
	uint32_t id = some_id(f), bytes, at, piece;
	struct request r;

	if (one_in(f, 2))
		bytes = small_program(generate_random(&f->rng), wire);
	else
		bytes = 8 * generate_program(generate_random(&f->rng), 0, wire);
	r = request(CMD(PROG_DESTROY));
	put_u32(&r, id);
	send(f, &r);
	r = request(CMD(PROG_CREATE));
	put_u32(&r, id);
	put_u32(&r, bytes);
	put_u32(&r, pick(f, 4));
	put_random(f, &r, VIRTIO_NET_XDP_NAME_BYTES + VIRTIO_NET_XDP_TAG_BYTES);
	if (send(f, &r))
		return;
	for (at = 0; at < bytes; at += piece) {
		piece = one_in(f, 2) ? bytes - at : 1 + pick(f, bytes - at);
		r = request(CMD(PROG_WRITE));
		put_u32(&r, id);
		put_u32(&r, at);
		put(&r, wire + at, piece);
		cr_assert_eq(send(f, &r), VIRTIO_NET_OK, "step %lu", f->step);
	}
	if (one_in(f, 2))
		send_funcs(f, id, wire, bytes);
	r = request(CMD(PROG_COMMIT));
	put_u32(&r, id);
	put_u32(&r, pick(f, 3));
	send(f, &r);
}

static void poll_all(struct fuzz *f, uint32_t budget, uint32_t times)
{
	for (int i = 0; i < 2; i++) {
		struct unit *u = &f->units[i];

		for (uint32_t n = 0; n < times && fw_poll(u->fw, budget); n++)
			;
		u->view = unit_view(u);
	}
	cr_assert(unit_same(&f->units[0].view, &f->units[1].view), "step %lu: verification ends differently", f->step);
}

static void step_starve(struct fuzz *f)
{
	size_t least = (size_t)64 << pick(f, 10);

	for (int i = 0; i < 2; i++) {
		unit_hog(&f->units[i], least);
		f->units[i].view = unit_view(&f->units[i]);
	}
	for (int n = 0; n < 3; n++) {
		if (one_in(f, 3))
			step_load(f);
		else
			step_command(f);
	}
	for (int i = 0; i < 2; i++) {
		unit_unhog(&f->units[i]);
		f->units[i].view = unit_view(&f->units[i]);
	}
}

/* A burst from the link, frames of all sizes, with room around them or none. */
static void step_frames(struct fuzz *f)
{
	static uint8_t memory[2][BURST][HEADROOM + MAX_FRAME + TAILROOM];
	uint32_t bytes[BURST], head = one_in(f, 3) ? 0 : HEADROOM, tail = one_in(f, 3) ? 0 : TAILROOM,
			       count = 1 + pick(f, BURST);
	struct fw_frame frames[2][BURST];

	if (f->attached == NONE)
		return;
	for (uint32_t n = 0; n < count; n++) {
		bytes[n] = one_in(f, 3) ? 14 : one_in(f, 3) ? MAX_FRAME : 14 + pick(f, 200);
		for (uint32_t at = 0; at < bytes[n]; at++)
			memory[0][n][HEADROOM + at] = memory[1][n][HEADROOM + at] = (uint8_t)pick(f, 256);
	}
	for (int i = 0; i < 2; i++) {
		struct unit *u = &f->units[i];

		for (uint32_t n = 0; n < count; n++) {
			uint8_t *data = memory[i][n] + HEADROOM;

			frames[i][n] = (struct fw_frame){.data = data,
							 .data_end = data + bytes[n],
							 .data_meta = data,
							 .rx_queue_index = n,
							 .hard_start = data - head,
							 .hard_end = data + bytes[n] + tail,
							 .now_ns = f->step * 1000 + n};
		}
		fw_run(u->fw, frames[i], count);
		cr_assert_eq(u->fault[0], 0, "UNSOUND: step %lu: %s", f->step, u->fault);
		u->view = unit_view(u);
	}
	for (uint32_t n = 0; n < count; n++) {
		const struct fw_frame *a = &frames[0][n], *b = &frames[1][n];
		ptrdiff_t end = a->data_end - a->data;

		cr_assert(a->hard_start <= a->data_meta && a->data_meta <= a->data && end >= 14 &&
				  a->data_end <= a->hard_end,
			  "step %lu: frame %u left its memory", f->step, n);
		cr_assert(a->r0 == b->r0 && a->verdict == b->verdict && a->rx_queue_index == b->rx_queue_index &&
				  a->bad_queue == b->bad_queue && a->changed == b->changed && a->rx_queue_index < 3 &&
				  a->redirect_ports == b->redirect_ports && a->redirect_queue == b->redirect_queue &&
				  a->redirect_to == b->redirect_to && !(a->redirect_ports >> 3),
			  "step %lu: frame %u: R0 %#lx and %#lx", f->step, n, a->r0, b->r0);
		cr_assert(end == b->data_end - b->data && memcmp(a->data, b->data, (size_t)end) == 0,
			  "step %lu: frame %u differs", f->step, n);
	}
	cr_assert(unit_same(&f->units[0].view, &f->units[1].view), "step %lu: frames leave the two different", f->step);
}

/* Everything goes, by commands or by reset, and its memory is back. */
static void clear_up(struct fuzz *f, const struct view *empty, size_t used)
{
	bool by_reset = one_in(f, 2);
	struct request r;

	if (!by_reset && f->attached != NONE) {
		r = request(CMD(DETACH));
		put_u32(&r, f->attached);
		put_u32(&r, f->generation);
		cr_assert_eq(send(f, &r), VIRTIO_NET_OK);
	}
	/* Maps twice: those that are in other ones go after them. */
	for (uint32_t id = 0; !by_reset && id < PROGS + 2 * MAPS; id++) {
		r = request(id < PROGS ? CMD(PROG_DESTROY) : CMD(MAP_DESTROY));
		put_u32(&r, id < PROGS ? id : (id - PROGS) % MAPS);
		send(f, &r);
	}
	for (int i = 0; i < 2; i++) {
		struct unit *u = &f->units[i];

		if (by_reset)
			fw_reset(u->fw), u->lines = 0;
		u->view = unit_view(u);
		cr_assert(!memcmp(u->view.progs, empty->progs, sizeof(empty->progs)) &&
				  !memcmp(u->view.maps, empty->maps, sizeof(empty->maps)) &&
				  u->view.lists == empty->lists,
			  "step %lu: something is left", f->step);
		cr_assert(!by_reset || unit_same(&u->view, empty), "step %lu: a reset leaves something", f->step);
		cr_assert_eq(u->fw->arena.used, used, "step %lu: %zu bytes are lost", f->step,
			     u->fw->arena.used - used);
		cr_assert_eq(u->fw->scratch.used, 0, "step %lu: %zu bytes of scratch are lost", f->step,
			     u->fw->scratch.used);
		cr_assert_eq(u->fw->map_bytes, 0, "step %lu: maps are charged that are not", f->step);
		cr_assert_eq(u->fw->verifying, 0, "step %lu", f->step);
	}
	if (by_reset) {
		f->attached = NONE;
		f->generation = 0;
	}
}

/* The maps that generated programs and small ones name. */
static void set_up(struct fuzz *f)
{
	static const uint8_t targets[] = {TYPE(DEVMAP),  TYPE(DEVMAP_HASH), TYPE(CPUMAP),     TYPE(XSKMAP),
					  TYPE(RINGBUF), TYPE(RINGBUF),     TYPE(PERF_EVENTS)};
	static const uint8_t arrays[] = {TYPE(ARRAY), TYPE(ARRAY), TYPE(PERCPU_ARRAY)};
	static const uint8_t hashes[] = {TYPE(HASH), TYPE(HASH), TYPE(PERCPU_HASH), TYPE(LRU_HASH), TYPE(LRU_PERCPU)};
	const struct {
		uint32_t id, type, inner;
	} maps[] = {
		{GENERATE_ARRAY_MAP, arrays[pick(f, ARRAY_SIZE(arrays))], NONE},
		{GENERATE_HASH_MAP, hashes[pick(f, ARRAY_SIZE(hashes))], NONE},
		{GENERATE_PROGS_MAP, TYPE(PROG_ARRAY), NONE},
		{GENERATE_OUTER_MAP, one_in(f, 2) ? TYPE(ARRAY_OF) : TYPE(HASH_OF), GENERATE_HASH_MAP},
		{SMALL_TARGETS_MAP, targets[pick(f, ARRAY_SIZE(targets))], NONE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		struct request r = request(CMD(MAP_CREATE));

		put_u32(&r, maps[i].id);
		put_u32(&r, maps[i].type);
		put_u32(&r, small_key_bytes(maps[i].type));
		put_u32(&r, small_value_bytes(maps[i].type));
		put_u32(&r, small_entries(maps[i].type));
		put_u32(&r, 0);
		put_u32(&r, maps[i].inner);
		put_random(f, &r, VIRTIO_NET_XDP_NAME_BYTES);
		cr_assert_eq(send(f, &r), VIRTIO_NET_OK, "map %u: %#x", maps[i].id, f->units[0].out[0]);
	}
}

static void step(struct fuzz *f)
{
	switch (pick(f, 24)) {
	case 0:
	case 1:
		step_load(f);
		break;
	case 2:
		poll_all(f, 1 + pick(f, 300), 1 + pick(f, 4));
		break;
	case 3:
		poll_all(f, 10000, UINT32_MAX);
		break;
	case 4:
	case 5:
		step_frames(f);
		break;
	case 6:
		step_starve(f);
		break;
	default:
		step_command(f);
	}
}

static void run(void *ctx, uint64_t seed, uint64_t steps)
{
	static struct fuzz f;
	struct view empty;
	size_t used;

	(void)ctx;
	memset(&f, 0, sizeof(f));
	f.rng = generate_seed(seed);
	f.attached = NONE;
	unit_open(&f.units[0], FW_ENGINE_INTERP, false);
	unit_open(&f.units[1], FW_ENGINE_JIT, true);
	for (int i = 0; i < 2; i++)
		f.units[i].view = unit_view(&f.units[i]);
	empty = f.units[0].view;
	used = f.units[0].fw->arena.used;
	cr_assert(unit_same(&empty, &f.units[1].view));
	for (f.step = 1; f.step <= steps; f.step++) {
		if (f.step % EPOCH == 1)
			set_up(&f);
		step(&f);
		if (f.step % EPOCH == 0)
			clear_up(&f, &empty, used);
	}
	clear_up(&f, &empty, used);
	for (int i = 0; i < 2; i++)
		unit_close(&f.units[i]);
	for (uint32_t command = 0; getenv("REFNIC_FUZZ") && command <= VIRTIO_NET_CTRL_XDP_COMMANDS; command++)
		fprintf(stderr, "command %2u: %6u accepted, %6u refused\n", command, f.oks[command],
			f.refusals[command]);
	/* A firmware that refuses everything is alike, too. */
	for (uint32_t command = 0; command <= CMD(TEST_RUN); command++)
		cr_assert(command == CMD(MAP_BATCH) || steps < STEPS / 2 || f.oks[command],
			  "command %u never succeeded", command);
}

Test(fuzz, commands)
{
	if (!getenv("REFNIC_FUZZ"))
		corpus_each("commands", run, NULL);
	run(NULL, lab_setting("REFNIC_SEED", 1), lab_setting("REFNIC_FUZZ", STEPS));
}
