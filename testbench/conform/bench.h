/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a conformance test works at: a device, the driver that talks to it, and the wire. Functions that can only fail
 * when the device does not do what every test needs assert.
 */
#ifndef CONFORM_BENCH_H
#define CONFORM_BENCH_H

#include <criterion/criterion.h>

#include "guest-driver/core/ctrl.h"
#include "guest-driver/core/net.h"
#include "guest-driver/core/xdp.h"
#include "insns.h"
#include "rig/link_mem.h"
#include "rig/rig.h"

#define BENCH_FRAMES 256
#define BENCH_RESULT 8192 /* bytes of a result that ask() gives room at most */

struct bench_frame {
	uint8_t *data;
	uint32_t bytes;
	uint16_t queue, num_buffers;
	uint8_t flags, gso_type;
};

struct bench {
	struct rig *rig;
	struct drv_net *net;
	struct link *link;
	struct drv_xdp_caps caps;
	uint32_t attached, generation;        /* of the attachment, as far as the bench made it */
	struct bench_frame got[BENCH_FRAMES]; /* received since bench_forget() */
	unsigned num_got;
	bool misbehaves; /* the test makes the driver do what it must not: bench_close() does not look at it */
	bool raw;        /* commands are the test's own */
	bool choosy;     /* the test chose features for the driver */
};

/* Changes a bench's configuration before the device is made. */
typedef void bench_tweak(struct net_config *device, struct drv_net_config *driver);

/* A started driver on a device; tweak may be NULL. */
void bench_open(struct bench *b, bench_tweak *tweak);
/* The driver stops. What the device saw of it has to be without fault. */
void bench_close(struct bench *b);
/* Stops and starts the driver: device reset. */
void bench_restart(struct bench *b);

/* An answer to a command: what the device wrote behind the ack, and what it means. */
struct answer {
	int n;           /* bytes that the device says it wrote, ack included, or -errno */
	int ack;         /* 0, 1, or -1: none */
	uint32_t bytes;  /* of the result */
	uint32_t status; /* UINT32_MAX: there is none */
	uint32_t detail;
	uint8_t raw[1 + BENCH_RESULT]; /* the whole device-writable part, bytes that were not written are 0xa5 */
	uint8_t *result;               /* raw + 1 */
};

/* Sends {class XDP, command, data} with room bytes of result. */
void ask(struct bench *b, struct answer *a, uint8_t command, const void *data, size_t bytes, uint32_t room);
/* The same, the streams cut up. */
void ask_cut(struct bench *b, struct answer *a, uint8_t command, const void *data, size_t bytes, uint32_t room,
	     const struct drv_ctrl_cut *cut);

/* Loads count units as program id and returns its state. */
uint8_t load_flags(struct bench *b, uint32_t id, const uint64_t *insns, size_t count, uint32_t flags,
		   struct drv_xdp_prog_info *info);
/* The same, which has to get READY. */
void load(struct bench *b, uint32_t id, const uint64_t *insns, size_t count);
#define LOAD(b, id, ...)                                                                                               \
	load(b, id, (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* Loads program 0, returns its verifier error (0: READY) and destroys it again. */
uint32_t refusal(struct bench *b, const uint64_t *insns, size_t count, uint32_t flags);
#define REFUSAL(b, ...)                                                                                                \
	refusal(b, (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), 0)

void attach(struct bench *b, uint32_t id, uint32_t ifindex, uint32_t flags);
void detach(struct bench *b);
struct drv_xdp_prog_info info_of(struct bench *b, uint32_t id);

/* HASH or ARRAY with 4-byte keys. */
void make_map(struct bench *b, uint32_t id, uint32_t type, uint32_t value_size, uint32_t entries, uint32_t flags);
void put(struct bench *b, uint32_t map, uint32_t key, const void *value, uint32_t bytes);
/* The value under a 4-byte key. Returns the status. */
uint32_t get(struct bench *b, uint32_t map, uint32_t key, void *value, uint32_t bytes);
uint64_t get64(struct bench *b, uint32_t map, uint32_t key);

/* Runs the READY program id on a frame by TEST_RUN; frame has room bytes. Returns R0. */
uint64_t run_frame(struct bench *b, uint32_t id, uint8_t *frame, uint32_t *bytes, uint32_t room);
/* Loads program 0, runs it on 64 bytes 0, 1, 2 ..., destroys it. */
uint64_t run(struct bench *b, const uint64_t *insns, size_t count);
#define RUN(b, ...) run(b, (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* One frame arrives on the wire, the device runs, the driver receives. */
void play(struct bench *b, const void *frame, uint32_t bytes);
/* The driver takes what the device has delivered. */
void receive(struct bench *b);
void bench_forget(struct bench *b);
/* A frame of bytes (14 or more) to the device's address: Ethernet, type 0x88b5, then counting bytes. */
void make_frame(uint8_t *frame, uint32_t bytes);

/* All that can be seen of programs, maps and the attachment. The caller frees. */
uint8_t *snapshot(struct bench *b, size_t *bytes);

/* Skips the test when an optional command or a capability is not offered. */
void need_command(struct bench *b, unsigned command, const char *name);

#endif
