/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands: each is a row {handler, request bytes, result bytes, optional?} in cmd.c. The frame checks what is common
 * to all; a handler parses, checks and commits, so that a refused command changes nothing.
 *
 * Status codes are numbered by precedence: when several apply, the lowest is given. A handler checks in the order
 * FLAGS, NOT_FOUND, EXISTS, STATE, BUSY, PERM, TYPE, SIZE, LIMIT_*, then what the operation itself comes to; LENGTH and
 * OPCODE are the frame's. What detail is, for each:
 *
 * - LENGTH: bytes expected, of the request, or of the result if the request's are right.
 * - OPCODE: the command.
 * - FLAGS: the bits that are not known, or that contradict each other; MAP_UPDATE and log_level: the value.
 * - NOT_FOUND, EXISTS: the id.
 * - STATE: PROG_WRITE, PROG_COMMIT: bytes written so far; ATTACH, DETACH: the generation; TEST_RUN: its state.
 * - BUSY: references; of an attached program 1.
 * - TYPE: the type, or kind.
 * - SIZE: what was expected: of key, value and frame the bytes of the whole request, then those of the result;
 *   PROG_WRITE: the offset; PROG_LOG_GET: the log's bytes; else the nearest value allowed.
 * - LIMIT_*: the limit, in the unit of its capability (LIMIT_ENTRIES: of max_entries).
 * - PERM, LIMIT_MEMORY, NO_KEY, KEY_EXISTS, LAST_KEY: 0.
 */
#ifndef FW_CMD_H
#define FW_CMD_H

#include "core.h"
#include "virtio_net_xdp.h"

/* max_cmd_bytes cannot be less: every request with its fixed part must fit. */
#define CMD_MIN_BYTES (sizeof(struct virtio_net_ctrl_hdr) + sizeof(struct virtio_net_xdp_map_create))

struct cmd {
	struct fw *fw;
	uint8_t command;
	const uint8_t *in; /* at least the row's fixed part */
	size_t in_bytes;
	uint8_t *out; /* at least the row's minimum result; disjoint from in */
	size_t room;
	size_t written; /* set by handlers that have more to say than struct virtio_net_xdp_result */
	uint32_t detail;
};

/* Returns VIRTIO_NET_XDP_OK or VIRTIO_NET_XDP_ERR_*. out is not read, and written only on OK. */
typedef uint16_t cmd_fn(struct cmd *cmd);

/* The commands of this firmware, bit n: command n. */
uint32_t cmd_all(void);
/* Whether the device offers the command: it is mandatory, or its bit is set in the caps. */
bool cmd_offered(const struct fw *fw, uint32_t command);

/* Returns status, with detail set. */
static inline uint16_t cmd_refuse(struct cmd *cmd, uint16_t status, uint64_t detail)
{
	cmd->detail = detail > UINT32_MAX ? UINT32_MAX : (uint32_t)detail;
	return status;
}

/* The result's fixed part; its header is filled in by the frame. */
static inline void cmd_result(struct cmd *cmd, const void *result, size_t bytes)
{
	mem_copy(cmd->out, result, bytes);
	cmd->written = bytes;
}

cmd_fn cmd_event_get;

cmd_fn cmd_misc_cap_get;
cmd_fn cmd_misc_obj_list;
cmd_fn cmd_misc_test_run;

cmd_fn cmd_prog_create;
cmd_fn cmd_prog_write;
cmd_fn cmd_prog_funcs;
cmd_fn cmd_prog_commit;
cmd_fn cmd_prog_info;
cmd_fn cmd_prog_log_get;
cmd_fn cmd_prog_destroy;
cmd_fn cmd_prog_attach;
cmd_fn cmd_prog_detach;

cmd_fn cmd_map_create;
cmd_fn cmd_map_destroy;
cmd_fn cmd_map_lookup;
cmd_fn cmd_map_update;
cmd_fn cmd_map_delete;
cmd_fn cmd_map_next;
cmd_fn cmd_map_info;
cmd_fn cmd_map_freeze;

#endif
