/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replay: a trace plays into the link of a device that a driver has offloaded a program to, and what becomes of every
 * frame is written down.
 */
#ifndef TESTBENCH_REPLAY_H
#define TESTBENCH_REPLAY_H

#include <signal.h>

#include "device-model/link_pcap.h"
#include "device-model/net.h"
#include "load/load.h"
#include "load/status.h"
#include "replay/maps.h"
#include "replay/ports.h"
#include "replay/violations.h"

#define REPLAY_ERROR_BYTES 1024

struct replay_config {
	const struct load_object *object;
	const struct load_prog *prog;
	struct net_config net;        /* ports are the replay's */
	struct ports_config ports;    /* further ones */
	struct link_pcap_config link; /* out and held are the replay's */
	const char *const *maps;      /* NAME=FILE: contents before the first frame */
	size_t num_maps;
	const char *fib;                                           /* file of routes; NULL: none */
	const char *out;                                           /* folder; NULL: nothing is written */
	const volatile sig_atomic_t *stop;                         /* not 0: stop soon. May be NULL */
	void (*progress)(void *ctx, uint64_t frames, uint64_t of); /* now and then. May be NULL */
	void *progress_ctx;
};

struct replay_result {
	uint64_t frames, bytes; /* read */
	uint64_t selected_of;   /* frames in the trace, up to the last that was asked for */
	uint64_t fates[NET_FATES];
	uint64_t guest_frames, wire_frames;
	uint64_t port_frames[PORTS_MAX]; /* that left on config->ports */
	uint64_t elapsed_ns;             /* of playing */
	uint64_t verify_ns;              /* upload and verification */
	uint32_t insns;                  /* slots */
	uint32_t visited;                /* by the verifier */
	bool interpreted;
	uint64_t truncated_at;              /* 0: whole */
	char truncation[TRACE_ERROR_BYTES]; /* a sentence, if truncated */
	struct maps maps;
	struct violations violations; /* of the driver, if config->net.strict */
	bool has_records;             /* the object has maps of records: events.json is written */
	uint64_t records;
	uint64_t *map_records;           /* of them, for each of the object's maps; NULL: it has no maps of records */
	const struct load_prog *refused; /* the program that the verifier refused; NULL: none */
	uint32_t refused_insn;           /* where */
	char *refusal;                   /* its log; NULL: none */
};

/*
 * Runs it. On STATUS_DONE, and on STATUS_USAGE with result->truncated_at set (the whole frames were replayed), *result
 * and the folder are complete. Otherwise there is no folder and error says why in one sentence, and of *result only
 * refused, refused_insn and refusal are of use. replay_free() in any case.
 */
enum status replay_run(const struct replay_config *config, struct replay_result *result,
		       char error[static REPLAY_ERROR_BYTES]);
void replay_free(struct replay_result *result);

#endif
