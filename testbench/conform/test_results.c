/* SPDX-License-Identifier: BSD-2-Clause */
/* What holds for the results of all commands. */
#include <stdlib.h>
#include <string.h>

#include "world.h"

static void no_xdp(struct net_config *device, struct drv_net_config *driver)
{
	(void)device;
	driver->features[driver->xdp_bit / 64] &= ~(1ULL << (driver->xdp_bit % 64));
}

Test(XO, XO_008)
{
	struct answer a;
	struct bench b;
	unsigned i;

	bench_open(&b, no_xdp);
	for (i = 0; i < WORLD_COMMANDS; i++) {
		uint8_t data[WORLD_DATA];
		size_t bytes = world_request(&world_commands[i], data);

		ask(&b, &a, world_commands[i].command, data, bytes, world_commands[i].room);
		cr_expect(a.ack == VIRTIO_NET_ERR && a.n == 1, "XO-008: %s: ack %d, %d bytes", world_commands[i].name,
			  a.ack, a.n);
	}
	bench_close(&b);
}

/* Each command as it succeeds, and as it fails: with nothing there that it could work on, or with data too long. */
Test(XO, XO_009)
{
	struct answer a;
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	for (i = 0; i < WORLD_COMMANDS; i++) {
		const struct world_command *c = &world_commands[i];
		uint8_t data[WORLD_DATA];
		size_t bytes = world_request(c, data);

		bench_restart(&b);
		ask(&b, &a, c->command, data, bytes + (c->array ? 0 : 1), c->room);
		cr_expect_geq(a.bytes, 8, "XO-009: %s refused: %u bytes", c->name, a.bytes);
		cr_expect_eq(a.ack, VIRTIO_NET_ERR, "XO-009: %s", c->name);
		if (!world_offers(&b, c))
			continue;
		world_make(&b);
		ask(&b, &a, c->command, data, bytes, c->room);
		cr_expect_geq(a.bytes, c->result, "XO-009: %s: %u bytes", c->name, a.bytes);
		cr_expect_eq(a.status, VIRTIO_NET_XDP_OK, "XO-009: %s: %s", c->name, drv_xdp_status_name(a.status));
	}
	bench_close(&b);
}

/* Each command in its world, as it is and with an absent object. */
Test(XO, XO_010)
{
	static const uint32_t absent = WORLD_ABSENT;
	struct answer a;
	struct bench b;
	unsigned i, k;

	bench_open(&b, NULL);
	for (i = 0; i < WORLD_COMMANDS; i++) {
		for (k = 0; k < 2; k++) {
			uint8_t data[WORLD_DATA];
			size_t bytes = world_request(&world_commands[i], data);

			bench_restart(&b);
			world_make(&b);
			if (k)
				memcpy(data, &absent, sizeof(absent));
			ask(&b, &a, world_commands[i].command, data, bytes, world_commands[i].room);
			cr_expect_eq(a.ack, a.status == VIRTIO_NET_XDP_OK ? VIRTIO_NET_OK : VIRTIO_NET_ERR,
				     "XO-010: %s: ack %d, status %u", world_commands[i].name, a.ack, a.status);
		}
	}
	bench_close(&b);
}

Test(XO, XO_011)
{
	static const struct {
		uint8_t command;
		uint16_t offset, bytes;
	} rows[] = {
		{VIRTIO_NET_CTRL_XDP_CAP_GET, 8 + offsetof(struct virtio_net_xdp_caps, reserved), 2},
		{VIRTIO_NET_CTRL_XDP_PROG_INFO, offsetof(struct virtio_net_xdp_prog_info_result, reserved), 2},
		{VIRTIO_NET_CTRL_XDP_MAP_INFO, offsetof(struct virtio_net_xdp_map_info_result, reserved), 3},
	};
	struct answer a;
	struct bench b;
	unsigned i, k;

	bench_open(&b, NULL);
	for (i = 0; i < WORLD_COMMANDS; i++) {
		uint8_t data[WORLD_DATA];
		size_t bytes = world_request(&world_commands[i], data);

		bench_restart(&b);
		world_make(&b);
		ask(&b, &a, world_commands[i].command, data, bytes, world_commands[i].room);
		cr_expect(!a.result[2] && !a.result[3], "XO-011: reserved of %s", world_commands[i].name);
		for (k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
			if (rows[k].command == world_commands[i].command)
				cr_expect_eq(memcmp(a.result + rows[k].offset, "\0\0\0", rows[k].bytes), 0,
					     "XO-011: %s: bytes %u", world_commands[i].name, rows[k].offset);
	}
	bench_close(&b);
}

Test(XO, XO_012)
{
	struct answer a;
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	for (i = 0; i < WORLD_COMMANDS; i++) {
		uint8_t data[WORLD_DATA];
		size_t bytes = world_request(&world_commands[i], data);

		if (!world_offers(&b, &world_commands[i]))
			continue;
		bench_restart(&b);
		world_make(&b);
		ask(&b, &a, world_commands[i].command, data, bytes, world_commands[i].room);
		cr_expect(a.status == VIRTIO_NET_XDP_OK && !a.detail, "XO-012: %s: detail %u", world_commands[i].name,
			  a.detail);
	}
	bench_close(&b);
}

/* Asks in the world and checks that the answer is not OK and that nothing has changed. */
static void expect_unchanged(struct bench *b, struct answer *a, const struct world_command *c, const uint8_t *data,
			     size_t bytes, uint32_t room, const char *id)
{
	size_t before_bytes, after_bytes;
	uint8_t *before = snapshot(b, &before_bytes), *after;

	ask(b, a, c->command, data, bytes, room);
	after = snapshot(b, &after_bytes);
	cr_expect_eq(a->ack, VIRTIO_NET_ERR, "%s: %s: ack %d", id, c->name, a->ack);
	cr_expect(before_bytes == after_bytes && !memcmp(before, after, before_bytes), "%s: %s changed something", id,
		  c->name);
	free(before);
	free(after);
}

Test(XO, XO_013)
{
	struct answer a;
	uint32_t room;
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	world_make(&b);
	for (i = 0; i < WORLD_COMMANDS; i++) {
		for (room = 0; room < 8; room += 7) {
			uint8_t data[WORLD_DATA];
			size_t bytes = world_request(&world_commands[i], data);

			expect_unchanged(&b, &a, &world_commands[i], data, bytes, room, "XO-013");
			cr_expect_eq(a.n, 1, "XO-013: %s with room for %u: %d bytes", world_commands[i].name, room,
				     a.n);
			if (room)
				cr_expect_eq(a.raw[1], 0xa5, "XO-013: %s wrote behind the ack", world_commands[i].name);
		}
	}
	bench_close(&b);
}

Test(XO, XO_014)
{
	struct answer a;
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	world_make(&b);
	for (i = 0; i < WORLD_COMMANDS; i++) {
		const struct world_command *c = &world_commands[i];
		uint8_t data[WORLD_DATA];
		size_t bytes = world_request(c, data);
		uint32_t room;

		if (!world_offers(&b, c) || c->result == 8)
			continue;
		for (room = 8; room < c->result; room += c->result - 9 ? c->result - 9 : 1) {
			expect_unchanged(&b, &a, c, data, bytes, room, "XO-014");
			cr_expect_eq(a.status, VIRTIO_NET_XDP_ERR_LENGTH, "XO-014: %s: %s", c->name,
				     drv_xdp_status_name(a.status));
			if (c->command !=
			    VIRTIO_NET_CTRL_XDP_TEST_RUN) /* which needs room for the frame, too: XO-108 */
				cr_expect_eq(a.detail, c->result, "XO-014: %s: detail %u", c->name, a.detail);
		}
	}
	bench_close(&b);
}

Test(XO, XO_015)
{
	struct answer a;
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	world_make(&b);
	for (i = 0; i < WORLD_COMMANDS; i++) {
		const struct world_command *c = &world_commands[i];
		size_t lengths[] = {0, c->fixed ? c->fixed - 1u : 0, c->fixed + 1u}, k;
		uint8_t data[WORLD_DATA];

		world_request(c, data);
		if (!world_offers(&b, c))
			continue;
		for (k = 0; k < 3; k++) {
			if (lengths[k] == c->fixed || (lengths[k] > c->fixed && c->array))
				continue;
			expect_unchanged(&b, &a, c, data, lengths[k], c->room, "XO-015");
			cr_expect_eq(a.status, VIRTIO_NET_XDP_ERR_LENGTH, "XO-015: %s with %zu bytes: %s", c->name,
				     lengths[k], drv_xdp_status_name(a.status));
			if (c->command != VIRTIO_NET_CTRL_XDP_TEST_RUN && c->command != VIRTIO_NET_CTRL_XDP_PROG_WRITE)
				cr_expect_eq(a.detail, c->fixed, "XO-015: %s with %zu bytes: detail %u", c->name,
					     lengths[k], a.detail);
		}
	}
	bench_close(&b);
}

Test(XO, XO_016)
{
	struct virtio_net_xdp_prog_write request = {cpu_to_le32(1), cpu_to_le32(8)};
	struct answer a;
	struct bench b;

	bench_open(&b, NULL);
	world_make(&b);
	ask(&b, &a, VIRTIO_NET_CTRL_XDP_PROG_WRITE, &request, sizeof(request), 8);
	cr_expect(a.status == VIRTIO_NET_XDP_ERR_SIZE && a.detail == 8, "XO-016: %s, detail %u",
		  drv_xdp_status_name(a.status), a.detail);
	cr_expect_eq(info_of(&b, 1).written, 8, "XO-016");
	bench_close(&b);
}

/* One byte too long, for every command; exactly long enough works. */
Test(XO, XO_017)
{
	struct drv_xdp_prog_info info;
	uint8_t *data;
	struct answer a;
	struct bench b;
	uint32_t max;
	unsigned i;

	bench_open(&b, NULL);
	max = b.caps.max_cmd_bytes;
	data = calloc(1, max);
	cr_assert_not_null(data);
	for (i = 0; i < 32; i++) {
		ask(&b, &a, (uint8_t)i, data, max - 1, 104);
		cr_expect(a.status == VIRTIO_NET_XDP_ERR_LENGTH && a.detail == max - 2,
			  "XO-017: command %u: %s, detail %u", i, drv_xdp_status_name(a.status), a.detail);
	}
	if (max - 10 <= b.caps.max_insns * 8ull) {
		cr_assert_eq(drv_xdp_prog_create(b.net, 0, (max - 10 + 7) & ~7u, 0, "p", NULL, NULL), 0);
		ask(&b, &a, VIRTIO_NET_CTRL_XDP_PROG_WRITE, data, max - 2, 8);
		cr_expect_eq(a.status, VIRTIO_NET_XDP_OK, "XO-017: %u bytes: %s", max, drv_xdp_status_name(a.status));
		info = info_of(&b, 0);
		cr_expect_eq(info.written, max - 10, "XO-017");
	}
	free(data);
	bench_close(&b);
}

static void without_options(struct net_config *device, struct drv_net_config *driver)
{
	(void)driver;
	device->fw.caps.commands &= 0xffff;
}

/* Every number that is not offered: with all options, and with none. */
Test(XO, XO_018)
{
	bench_tweak *tweaks[] = {NULL, without_options};
	uint8_t data[64] = {0};
	struct answer a;
	struct bench b;
	unsigned i, k;

	for (k = 0; k < 2; k++) {
		bench_open(&b, tweaks[k]);
		for (i = 0; i < 256; i++) {
			if (i < 32 && b.caps.commands >> i & 1)
				continue;
			ask(&b, &a, (uint8_t)i, data, i % 2 ? sizeof(data) : 0, 104);
			cr_expect_eq(a.status, VIRTIO_NET_XDP_ERR_OPCODE, "XO-018: command %u: %s", i,
				     drv_xdp_status_name(a.status));
		}
		bench_close(&b);
	}
}

/* A change to a request. */
struct patch {
	uint8_t command;
	const char *what;
	uint32_t status;
	int offset; /* of a 32-bit field; -1: none */
	uint32_t value;
	int8_t longer; /* bytes of data more */
	int8_t room;   /* bytes of room more */
};

static const struct patch *find_patch(const struct patch *p, size_t count, const struct world_command *c, size_t *at)
{
	for (; *at < count; (*at)++)
		if (p[*at].command == c->command)
			return &p[(*at)++];
	return NULL;
}

static void apply(const struct patch *p, uint8_t *data, size_t *bytes, uint32_t *room)
{
	le32 wire = cpu_to_le32(p->value);

	if (p->offset >= 0)
		memcpy(data + p->offset, &wire, sizeof(wire));
	*bytes = (size_t)((int64_t)*bytes + p->longer);
	*room = (uint32_t)((int64_t)*room + p->room);
}

#define P(command, what, status, offset, value)                                                                        \
	{                                                                                                              \
		VIRTIO_NET_CTRL_XDP_##command, what, VIRTIO_NET_XDP_ERR_##status, offset, value, 0, 0                  \
	}
#define P_LONGER(command, what, status, n)                                                                             \
	{                                                                                                              \
		VIRTIO_NET_CTRL_XDP_##command, what, VIRTIO_NET_XDP_ERR_##status, -1, 0, n, 0                          \
	}
#define P_ROOM(command, what, status, n)                                                                               \
	{                                                                                                              \
		VIRTIO_NET_CTRL_XDP_##command, what, VIRTIO_NET_XDP_ERR_##status, -1, 0, 0, n                          \
	}
#define ABSENT(command) P(command, "an absent object", NOT_FOUND, 0, WORLD_ABSENT)
#define LONGER(command) P_LONGER(command, "a byte too many", LENGTH, 1)

/* Every reason to refuse a command that a change of one field makes, in the world. MAX: set from the capabilities. */
#define MAX_PROGS 0xfffffff1
#define MAX_MAPS  0xfffffff2
#define MAX_INSNS 0xfffffff3

static const struct patch patches[] = {
	LONGER(CAP_GET),
	P_ROOM(CAP_GET, "no room", LENGTH, -1),
	LONGER(PROG_CREATE),
	P(PROG_CREATE, "an undefined flag", FLAGS, 8, 0x80),
	P(PROG_CREATE, "an id in use", EXISTS, 0, 0),
	P(PROG_CREATE, "12 bytes", SIZE, 4, 12),
	P(PROG_CREATE, "no bytes", SIZE, 4, 0),
	P(PROG_CREATE, "an id too high", LIMIT_PROGS, 0, MAX_PROGS),
	P(PROG_CREATE, "ID_NONE", LIMIT_PROGS, 0, VIRTIO_NET_XDP_ID_NONE),
	P(PROG_CREATE, "a program too long", LIMIT_INSNS, 4, MAX_INSNS),
	P_LONGER(PROG_WRITE, "no data", SIZE, -8),
	ABSENT(PROG_WRITE),
	P(PROG_WRITE, "a program that is READY", STATE, 0, 3),
	P(PROG_WRITE, "a gap", SIZE, 4, 16),
	P(PROG_WRITE, "an overlap", SIZE, 4, 0),
	P_LONGER(PROG_WRITE, "a byte too many", SIZE, 1),
	ABSENT(PROG_FUNCS),
	P(PROG_FUNCS, "a program that is READY", STATE, 0, 3),
	P(PROG_FUNCS, "a kind that is none", TYPE, 8, 5),
	P(PROG_FUNCS, "the program itself", SIZE, 4, 0),
	P_LONGER(PROG_FUNCS, "a byte too many", SIZE, 1),
	LONGER(PROG_COMMIT),
	P(PROG_COMMIT, "log level 3", FLAGS, 4, 3),
	ABSENT(PROG_COMMIT),
	P(PROG_COMMIT, "a program that is READY", STATE, 0, 3),
	P(PROG_COMMIT, "a program that is not complete", STATE, 0, 1),
	LONGER(PROG_INFO),
	P_ROOM(PROG_INFO, "no room", LENGTH, -1),
	ABSENT(PROG_INFO),
	LONGER(PROG_LOG_GET),
	P_ROOM(PROG_LOG_GET, "no room", LENGTH, -1),
	ABSENT(PROG_LOG_GET),
	LONGER(PROG_DESTROY),
	ABSENT(PROG_DESTROY),
	P(PROG_DESTROY, "the attached program", BUSY, 0, 0),
	LONGER(ATTACH),
	P_ROOM(ATTACH, "no room", LENGTH, -1),
	P(ATTACH, "an undefined flag", FLAGS, 16, 2),
	ABSENT(ATTACH),
	P(ATTACH, "a program that is LOADING", STATE, 0, 1),
	P(ATTACH, "a program that is REFUSED", STATE, 0, 4),
	P(ATTACH, "a wrong expectation", STATE, 4, 3),
	P(ATTACH, "a wrong generation", STATE, 8, 0),
	LONGER(DETACH),
	P_ROOM(DETACH, "no room", LENGTH, -1),
	P(DETACH, "a wrong expectation", STATE, 0, VIRTIO_NET_XDP_ID_NONE),
	P(DETACH, "a wrong generation", STATE, 4, 2),
	LONGER(MAP_CREATE),
	P(MAP_CREATE, "an undefined flag", FLAGS, 20, 1 << 1),
	P(MAP_CREATE, "flags that exclude each other", FLAGS, 20,
	  VIRTIO_NET_XDP_MAP_F_RDONLY | VIRTIO_NET_XDP_MAP_F_WRONLY),
	P(MAP_CREATE, "an id in use", EXISTS, 0, 0),
	P(MAP_CREATE, "an unknown type", TYPE, 4, 62),
	P(MAP_CREATE, "a huge type", TYPE, 4, 0x10001),
	P(MAP_CREATE, "no key", SIZE, 8, 0),
	P(MAP_CREATE, "a key of 513 bytes", SIZE, 8, 513),
	P(MAP_CREATE, "no value", SIZE, 12, 0),
	P(MAP_CREATE, "no entries", SIZE, 16, 0),
	P(MAP_CREATE, "an id too high", LIMIT_MAPS, 0, MAX_MAPS),
	P(MAP_CREATE, "entries without end", LIMIT_MAP_KIB, 16, 0xffffffff),
	LONGER(MAP_DESTROY),
	ABSENT(MAP_DESTROY),
	ABSENT(MAP_LOOKUP),
	P_LONGER(MAP_LOOKUP, "a key too long", SIZE, 1),
	P_LONGER(MAP_LOOKUP, "a key too short", SIZE, -1),
	P_ROOM(MAP_LOOKUP, "no room for the value", SIZE, -1),
	P(MAP_LOOKUP, "an absent key", NO_KEY, 4, 1),
	ABSENT(MAP_UPDATE),
	P(MAP_UPDATE, "undefined flags", FLAGS, 4, 3),
	P(MAP_UPDATE, "a map that commands may not write", PERM, 0, 3),
	P_LONGER(MAP_UPDATE, "a value too long", SIZE, 1),
	P(MAP_UPDATE, "a key that is there", KEY_EXISTS, 4, VIRTIO_NET_XDP_UPDATE_NOEXIST),
	ABSENT(MAP_DELETE),
	P(MAP_DELETE, "a map that commands may not write", PERM, 0, 3),
	P(MAP_DELETE, "an ARRAY", TYPE, 0, 1),
	P_LONGER(MAP_DELETE, "a key too long", SIZE, 1),
	P(MAP_DELETE, "an absent key", NO_KEY, 4, 1),
	ABSENT(MAP_NEXT),
	P_LONGER(MAP_NEXT, "a key too short", SIZE, 3),
	P_ROOM(MAP_NEXT, "no room for the key", SIZE, -1),
	LONGER(MAP_INFO),
	P_ROOM(MAP_INFO, "no room", LENGTH, -1),
	ABSENT(MAP_INFO),
	LONGER(MAP_FREEZE),
	ABSENT(MAP_FREEZE),
	LONGER(OBJ_LIST),
	P(OBJ_LIST, "an unknown kind", TYPE, 0, 2),
	P(TEST_RUN, "an undefined flag", FLAGS, 4, 1),
	P_LONGER(TEST_RUN, "a frame too short", SIZE, -51),
	ABSENT(TEST_RUN),
	P(TEST_RUN, "a queue that is not there", SIZE, 12, 1000),
	P(TEST_RUN, "a program that is LOADING", STATE, 0, 1),
};

#define PATCHES (sizeof(patches) / sizeof(patches[0]))

/* The patch with the limits of this device. */
static struct patch resolve(const struct bench *b, const struct patch *p)
{
	struct patch out = *p;

	if (p->value == MAX_PROGS)
		out.value = b->caps.max_progs;
	else if (p->value == MAX_MAPS)
		out.value = b->caps.max_maps;
	else if (p->value == MAX_INSNS)
		out.value = (b->caps.max_insns + 1) * 8;
	return out;
}

/* Status of a command with one or two patches. */
static uint32_t patched(struct bench *b, struct answer *a, const struct world_command *c, const struct patch *p,
			const struct patch *q)
{
	uint8_t data[WORLD_DATA + 8];
	size_t bytes = world_request(c, data);
	uint32_t room = c->room;
	struct patch r = resolve(b, p);

	apply(&r, data, &bytes, &room);
	if (q) {
		r = resolve(b, q);
		apply(&r, data, &bytes, &room);
	}
	ask(b, a, c->command, data, bytes, room);
	return a->status;
}

/* Tests the patches of one status. Returns how many there were. */
static unsigned expect_status(uint32_t status, const char *id)
{
	unsigned count = 0, i;
	struct answer a;
	struct bench b;

	bench_open(&b, NULL);
	world_make(&b);
	for (i = 0; i < WORLD_COMMANDS; i++) {
		const struct patch *p;
		size_t at = 0;

		while (world_offers(&b, &world_commands[i]) &&
		       (p = find_patch(patches, PATCHES, &world_commands[i], &at))) {
			if (p->status != status)
				continue;
			cr_expect_eq(patched(&b, &a, &world_commands[i], p, NULL), status, "%s: %s with %s: %s", id,
				     world_commands[i].name, p->what, drv_xdp_status_name(a.status));
			count++;
		}
	}
	bench_close(&b);
	return count;
}

Test(XO, XO_019)
{
	cr_expect_geq(expect_status(VIRTIO_NET_XDP_ERR_FLAGS, "XO-019"), 5);
}

Test(XO, XO_020)
{
	cr_expect_geq(expect_status(VIRTIO_NET_XDP_ERR_NOT_FOUND, "XO-020"), 12);
}

static bool independent(const struct patch *p, const struct patch *q)
{
	if (p->offset >= 0 && p->offset == q->offset)
		return false;
	return !(p->longer && q->longer) && !(p->room && q->room);
}

/* Every single reason, and every pair of reasons for every command. */
Test(XO, XO_021)
{
	unsigned pairs = 0, i;
	struct answer a;
	struct bench b;

	bench_open(&b, NULL);
	world_make(&b);
	for (i = 0; i < WORLD_COMMANDS; i++) {
		const struct world_command *c = &world_commands[i];
		const struct patch *p, *q;
		size_t at = 0, next;

		if (!world_offers(&b, c))
			continue;
		while ((p = find_patch(patches, PATCHES, c, &at))) {
			cr_expect_eq(patched(&b, &a, c, p, NULL), p->status, "XO-021: %s with %s: %s", c->name, p->what,
				     drv_xdp_status_name(a.status));
			next = at;
			while ((q = find_patch(patches, PATCHES, c, &next))) {
				if (!independent(p, q))
					continue;
				cr_expect_eq(patched(&b, &a, c, p, q), p->status < q->status ? p->status : q->status,
					     "XO-021: %s with %s and %s: %s", c->name, p->what, q->what,
					     drv_xdp_status_name(a.status));
				pairs++;
			}
		}
	}
	cr_expect_gt(pairs, 60);
	bench_close(&b);
}

/* None of these refusals changes anything. */
Test(XO, XO_022)
{
	struct answer a;
	size_t bytes[2];
	uint8_t *state[2];
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	world_make(&b);
	state[0] = snapshot(&b, &bytes[0]);
	for (i = 0; i < WORLD_COMMANDS; i++) {
		const struct patch *p;
		size_t at = 0;

		while ((p = find_patch(patches, PATCHES, &world_commands[i], &at))) {
			patched(&b, &a, &world_commands[i], p, NULL);
			if (a.status == VIRTIO_NET_XDP_OK)
				continue;
			state[1] = snapshot(&b, &bytes[1]);
			cr_expect(bytes[0] == bytes[1] && !memcmp(state[0], state[1], bytes[0]),
				  "XO-022: %s with %s changed something", world_commands[i].name, p->what);
			free(state[1]);
		}
	}
	free(state[0]);
	bench_close(&b);
}

/* Single bytes, empty pieces, and a cut at every place of the first 16 bytes of either part. */
Test(XO, XO_023)
{
	struct answer whole, cut;
	struct bench b;
	unsigned i, k;

	bench_open(&b, NULL);
	for (i = 0; i < WORLD_COMMANDS; i++) {
		const struct world_command *c = &world_commands[i];
		uint8_t data[WORLD_DATA];
		size_t bytes = world_request(c, data);

		if (!world_offers(&b, c))
			continue;
		bench_restart(&b);
		world_make(&b);
		ask(&b, &whole, c->command, data, bytes, c->room);
		for (k = 0; k < 16; k++) {
			uint32_t r = k < bytes + 2 ? k : 1, w = k < c->room + 1u ? k : 1;
			uint32_t readable[] = {r, 0, (uint32_t)bytes + 2 - r}, writable[] = {w, 0, c->room + 1u - w};
			struct drv_ctrl_cut pieces = {readable, 3, writable, 3};

			bench_restart(&b);
			world_make(&b);
			ask_cut(&b, &cut, c->command, data, bytes, c->room, &pieces);
			cr_expect_eq(cut.n, whole.n, "XO-023: %s cut at %u: %d", c->name, k, cut.n);
			cr_expect_eq(memcmp(cut.raw, whole.raw, (size_t)c->room + 1), 0, "XO-023: %s cut at %u",
				     c->name, k);
		}
	}
	bench_close(&b);
}

/* The readable bytes are as they were, whether the command succeeds or not. */
Test(XO, XO_024)
{
	struct answer a;
	struct bench b;
	unsigned i, k;

	bench_open(&b, NULL);
	for (i = 0; i < WORLD_COMMANDS; i++) {
		for (k = 0; k < 2; k++) {
			uint8_t data[WORLD_DATA], now[WORLD_DATA + 2];
			size_t bytes = world_request(&world_commands[i], data);

			bench_restart(&b);
			if (k)
				world_make(&b);
			ask(&b, &a, world_commands[i].command, data, bytes, world_commands[i].room);
			drv_ctrl_readable(b.net, now, (uint32_t)bytes + 2);
			cr_expect(now[0] == VIRTIO_NET_CTRL_XDP && now[1] == world_commands[i].command &&
					  !memcmp(now + 2, data, bytes),
				  "XO-024: %s", world_commands[i].name);
		}
	}
	bench_close(&b);
}

Test(XO, XO_025)
{
	struct drv_xdp_error e;
	uint32_t generation;
	struct bench b;
	uint32_t id;

	bench_open(&b, NULL);
	world_make(&b);
	bench_restart(&b);
	for (id = 0; id < 8; id++) {
		struct drv_xdp_prog_info prog;
		struct drv_xdp_map_info map;

		cr_expect_eq(drv_xdp_prog_info(b.net, id, &prog, &e), 1, "XO-025: program %u", id);
		cr_expect_eq(drv_xdp_map_info(b.net, id, &map, &e), 1, "XO-025: map %u", id);
	}
	LOAD(&b, 0, RETURN(VIRTIO_NET_XDP_PASS));
	cr_expect_eq(drv_xdp_attach(b.net, 0, VIRTIO_NET_XDP_ID_NONE, 0, 1, 0, &generation, &e), 0,
		     "XO-025: generation is not 0");
	bench_close(&b);
}
