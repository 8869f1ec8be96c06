/* SPDX-License-Identifier: BSD-2-Clause */
/* struct fw, for the files of the control side: tables of objects, the attachment, and what runs take along. */
#ifndef FW_CORE_H
#define FW_CORE_H

#include "arena.h"
#include "fw.h"
#include "map/map.h"
#include "prog.h"

struct fw {
	struct fw_config config;
	uint16_t queues_in_use; /* receive queues that programs can select */
	struct arena arena;
	struct arena scratch; /* of the verification under way and of the JIT; empty between them */

	struct prog **progs; /* max_progs, by id */
	struct map **maps;   /* max_maps, by id */
	uint64_t map_bytes;  /* of all maps */
	struct map *fibs[2]; /* that fib_lookup uses for IPv4 and IPv6; NULL: none */
	struct map *run_end; /* maps that have something to do when the run ends, chained */
	uint32_t verifying;  /* programs in this state */
	uint64_t turns;      /* given to programs */

	struct prog *attached;
	uint32_t generation; /* of the attachment: ATTACHs and DETACHs since reset */
	uint32_t ifindex;    /* as ATTACH gave it */
	uint32_t attach_flags;

	uint64_t prandom;
	uint64_t now_ns;    /* of the last frame */
	uint64_t events;    /* records so far: the order of those of several maps */
	uint32_t log_lines; /* that the run has written */
	struct map log;     /* no map: hears when a run that has written lines ends */
	uint64_t poison;    /* for tests: see struct run */
	fw_trace_fn *trace;
	void *trace_ctx;
	verify_watch_fn *watch; /* for tests: see struct verify_args */
	void *watch_ctx;
	struct fw_frame tested; /* as the last TEST_RUN left it; without addresses */
	uint8_t *test_frame;    /* headroom + max_frame + tailroom bytes for TEST_RUN, NULL if it is not offered */
};

/* The map, or NULL. */
struct map *core_map(const struct fw *fw, uint32_t id);

/* A line to the operator. */
void core_log(const struct fw *fw, const char *line);

#endif
