/* SPDX-License-Identifier: BSD-2-Clause */
/* A small firmware under test, and what can be seen of it. */
#ifndef TESTBENCH_FUZZ_UNIT_H
#define TESTBENCH_FUZZ_UNIT_H

#include "core.h"

#define PROGS     5
#define MAPS      5
#define MAX_CMD   9000
#define OUT_ROOM  8192
#define OUT_BYTES (OUT_ROOM + 256)
#define MAX_FRAME 512
#define HEADROOM  64
#define TAILROOM  32
#define CMD(name) VIRTIO_NET_CTRL_XDP_##name
#define NONE      VIRTIO_NET_XDP_ID_NONE

/* What can be seen of a firmware, as sums of bytes. */
struct view {
	uint64_t lists, progs[PROGS], maps[MAPS], attachment, state;
};

struct unit {
	struct fw *fw;
	struct fw_platform platform;
	void *arena;
	size_t arena_bytes;
	char fault[256];
	uint64_t lines; /* to the operator, as a sum; an engine's own are not in it */
	struct view view;
	uint8_t out[OUT_BYTES];
	size_t written;
	uint8_t ack;
	void *hog[64]; /* memory that nobody else shall have */
};

/* blind: machine code hides its constants. */
void unit_open(struct unit *u, enum fw_engine engine, bool blind);
void unit_close(struct unit *u);

/* Takes all memory but what fits in no block of least bytes; gives it back. */
void unit_hog(struct unit *u, size_t least);
void unit_unhog(struct unit *u);

/* sum, and the bytes. */
uint64_t unit_sum(uint64_t sum, const void *p, size_t bytes);

/* By commands that only ask. */
struct view unit_view(struct unit *u);
bool unit_same(const struct view *a, const struct view *b);

#endif
