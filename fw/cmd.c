/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd.h"

struct cmd_row {
	cmd_fn *fn;
	size_t request_min; /* bytes */
	size_t request_max;
	size_t result_min;
	bool optional;
};

#define ANY_BYTES SIZE_MAX
#define NOTHING   sizeof(struct virtio_net_xdp_result)

#define FIXED(request)    sizeof(struct virtio_net_xdp_##request), sizeof(struct virtio_net_xdp_##request)
#define VARIABLE(request) sizeof(struct virtio_net_xdp_##request), ANY_BYTES
#define RESULT(result)    sizeof(struct virtio_net_xdp_##result##_result)

static const struct cmd_row cmd_rows[VIRTIO_NET_CTRL_XDP_COMMANDS] = {
	[VIRTIO_NET_CTRL_XDP_CAP_GET] = {cmd_misc_cap_get, 0, 0, RESULT(cap_get), false},
	[VIRTIO_NET_CTRL_XDP_PROG_CREATE] = {cmd_prog_create, FIXED(prog_create), NOTHING, false},
	[VIRTIO_NET_CTRL_XDP_PROG_WRITE] = {cmd_prog_write, VARIABLE(prog_write), NOTHING, false},
	[VIRTIO_NET_CTRL_XDP_PROG_COMMIT] = {cmd_prog_commit, FIXED(prog_commit), NOTHING, false},
	[VIRTIO_NET_CTRL_XDP_PROG_INFO] = {cmd_prog_info, FIXED(prog_info), RESULT(prog_info), false},
	[VIRTIO_NET_CTRL_XDP_PROG_LOG_GET] = {cmd_prog_log_get, FIXED(prog_log_get), RESULT(prog_log_get), false},
	[VIRTIO_NET_CTRL_XDP_PROG_DESTROY] = {cmd_prog_destroy, FIXED(prog_destroy), NOTHING, false},
	[VIRTIO_NET_CTRL_XDP_ATTACH] = {cmd_prog_attach, FIXED(attach), RESULT(attach), false},
	[VIRTIO_NET_CTRL_XDP_DETACH] = {cmd_prog_detach, FIXED(detach), RESULT(detach), false},
	[VIRTIO_NET_CTRL_XDP_MAP_CREATE] = {cmd_map_create, FIXED(map_create), NOTHING, false},
	[VIRTIO_NET_CTRL_XDP_MAP_DESTROY] = {cmd_map_destroy, FIXED(map_destroy), NOTHING, false},
	[VIRTIO_NET_CTRL_XDP_MAP_LOOKUP] = {cmd_map_lookup, VARIABLE(map_lookup), RESULT(map_lookup), false},
	[VIRTIO_NET_CTRL_XDP_MAP_UPDATE] = {cmd_map_update, VARIABLE(map_update), NOTHING, false},
	[VIRTIO_NET_CTRL_XDP_MAP_DELETE] = {cmd_map_delete, VARIABLE(map_delete), NOTHING, false},
	[VIRTIO_NET_CTRL_XDP_MAP_NEXT] = {cmd_map_next, VARIABLE(map_next), RESULT(map_next), false},
	[VIRTIO_NET_CTRL_XDP_MAP_INFO] = {cmd_map_info, FIXED(map_info), RESULT(map_info), false},
	[VIRTIO_NET_CTRL_XDP_MAP_FREEZE] = {cmd_map_freeze, FIXED(map_freeze), NOTHING, true},
	[VIRTIO_NET_CTRL_XDP_OBJ_LIST] = {cmd_misc_obj_list, FIXED(obj_list), RESULT(obj_list), true},
	[VIRTIO_NET_CTRL_XDP_TEST_RUN] = {cmd_misc_test_run, VARIABLE(test_run), RESULT(test_run), true},
	[VIRTIO_NET_CTRL_XDP_EVENT_GET] = {cmd_event_get, FIXED(event_get), RESULT(event_get), true},
	[VIRTIO_NET_CTRL_XDP_PROG_FUNCS] = {cmd_prog_funcs, VARIABLE(prog_funcs), NOTHING, true},
};

static_assert(VIRTIO_NET_CTRL_XDP_COMMANDS <= 32, "caps.commands has 32 bits");

uint32_t cmd_all(void)
{
	uint32_t bits = 0;

	for (uint32_t command = 0; command < ARRAY_SIZE(cmd_rows); command++)
		if (cmd_rows[command].fn)
			bits |= 1u << command; /* req: XO-028 */
	return bits;
}

bool cmd_offered(const struct fw *fw, uint32_t command)
{
	if (command >= ARRAY_SIZE(cmd_rows) || !cmd_rows[command].fn)
		return false;
	return !cmd_rows[command].optional || fw->config.caps.commands >> command & 1; /* req: XO-026 */
}

/*
 * The length rules of a command are not known to a device that does not offer it: of a command that is not offered only
 * the bound on all commands counts before OPCODE.
 */
static uint16_t run_command(struct cmd *cmd)
{
	/* req: XO-021: checked from the lowest status on */
	size_t data_max = cmd->fw->config.caps.max_cmd_bytes - sizeof(struct virtio_net_ctrl_hdr);
	const struct cmd_row *row;

	if (cmd->in_bytes > data_max) /* req: XO-017 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_LENGTH, data_max);
	if (!cmd_offered(cmd->fw, cmd->command)) /* req: XO-018 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_OPCODE, cmd->command);
	row = &cmd_rows[cmd->command];
	if (cmd->in_bytes < row->request_min) /* req: XO-015 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_LENGTH, row->request_min);
	if (cmd->in_bytes > row->request_max) /* req: XO-015 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_LENGTH, row->request_max);
	if (cmd->room < row->result_min) /* req: XO-014 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_LENGTH, row->result_min);
	return row->fn(cmd); /* req: XO-022: a command changes nothing before its last check */
}

uint8_t fw_command(struct fw *fw, uint8_t command, const void *in, size_t in_bytes, void *out, size_t out_room,
		   size_t *written)
{
	struct cmd cmd = {
		.fw = fw,
		.command = command,
		.in = in,
		.in_bytes = in_bytes,
		.out = out,
		.room = out_room,
		.written = sizeof(struct virtio_net_xdp_result),
	};
	struct virtio_net_xdp_result result = {0};
	uint16_t status;

	*written = 0;
	if (out_room < sizeof(result)) /* req: XO-013 */
		return VIRTIO_NET_ERR;
	status = run_command(&cmd);
	/* req: XO-009, XO-011, XO-012 */
	result.status = cpu_to_le16(status);
	result.detail = cpu_to_le32(cmd.detail);
	mem_copy(out, &result, sizeof(result));
	*written = status ? sizeof(result) : cmd.written;
	return status ? VIRTIO_NET_ERR : VIRTIO_NET_OK; /* req: XO-010 */
}
