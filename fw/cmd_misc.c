/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that are neither about one program nor about one map. */
#include "cmd.h"
#include "xdp.h"

uint16_t cmd_misc_cap_get(struct cmd *cmd)
{
	struct virtio_net_xdp_cap_get_result result = {0};

	fw_caps_wire(cmd->fw, &result.caps); /* req: XO-030 */
	cmd_result(cmd, &result, sizeof(result));
	return VIRTIO_NET_XDP_OK;
}

static bool object_exists(const struct fw *fw, uint32_t kind, uint32_t id)
{
	return kind == VIRTIO_NET_XDP_OBJ_PROG ? prog_find(fw, id) != NULL : core_map(fw, id) != NULL;
}

uint16_t cmd_misc_obj_list(struct cmd *cmd)
{
	struct virtio_net_xdp_obj_list_result result = {.next_id = cpu_to_le32(VIRTIO_NET_XDP_ID_NONE)};
	size_t ids_room = (cmd->room - sizeof(result)) / sizeof(le32);
	struct virtio_net_xdp_obj_list request;
	uint32_t kind, end, count = 0;

	mem_copy(&request, cmd->in, sizeof(request));
	kind = le32_to_cpu(request.kind);
	/* req: XO-102 */
	if (kind != VIRTIO_NET_XDP_OBJ_PROG && kind != VIRTIO_NET_XDP_OBJ_MAP)
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_TYPE, kind);

	end = kind == VIRTIO_NET_XDP_OBJ_PROG ? cmd->fw->config.caps.max_progs : cmd->fw->config.caps.max_maps;
	/* req: XO-100 */
	for (uint32_t id = le32_to_cpu(request.start_id); id < end; id++) {
		le32 wire = cpu_to_le32(id);

		if (!object_exists(cmd->fw, kind, id))
			continue;
		if (count == ids_room) {
			result.next_id = wire; /* req: XO-101 */
			break;
		}
		mem_copy(cmd->out + sizeof(result) + count * sizeof(wire), &wire, sizeof(wire));
		count++;
	}
	result.count = cpu_to_le32(count);
	cmd_result(cmd, &result, sizeof(result));
	cmd->written += count * sizeof(le32);
	return VIRTIO_NET_XDP_OK;
}

/* The frame of a TEST_RUN in the middle of the room that programs may grow it into. */
static struct fw_frame test_frame(const struct cmd *cmd, const struct virtio_net_xdp_test_run *request, size_t bytes)
{
	struct fw *fw = cmd->fw;
	uint8_t *data = fw->test_frame + fw->config.caps.headroom; /* req: XO-156 */

	mem_copy(data, cmd->in + sizeof(*request), bytes);
	return (struct fw_frame){
		.data = data,
		.data_end = data + bytes,
		.data_meta = data,
		.ingress_ifindex = le32_to_cpu(request->ifindex),
		.rx_queue_index = le32_to_cpu(request->rx_queue_index),
		.hard_start = fw->test_frame,
		.hard_end = data + bytes + fw->config.caps.tailroom,
		.now_ns = fw->now_ns,
	};
}

/*
 * A run like any other, with its effects on maps and on the state of get_prandom_u32, but on a frame that neither came
 * from the link nor goes there: it is not in run_count and not in the statistics. ktime is that of the last frame.
 */
uint16_t cmd_misc_test_run(struct cmd *cmd)
{
	const struct fw_caps *caps = &cmd->fw->config.caps;
	struct virtio_net_xdp_test_run_result result = {0};
	size_t bytes = cmd->in_bytes - sizeof(struct virtio_net_xdp_test_run), need;
	struct virtio_net_xdp_test_run request;
	struct fw_frame frame;
	struct prog *prog;
	uint32_t id;

	mem_copy(&request, cmd->in, sizeof(request));
	id = le32_to_cpu(request.id);
	if (le32_to_cpu(request.flags)) /* req: XO-019 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_FLAGS, le32_to_cpu(request.flags));
	prog = prog_find(cmd->fw, id);
	if (!prog) /* req: XO-020 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_NOT_FOUND, id);
	if (prog->state != PROG_READY) /* req: XO-104 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_STATE, prog->state);
	if (bytes < XDP_MIN_FRAME) /* req: XO-105 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_SIZE, sizeof(request) + XDP_MIN_FRAME);
	if (bytes > caps->max_frame) /* req: XO-106 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_SIZE, sizeof(request) + caps->max_frame);
	if (le32_to_cpu(request.rx_queue_index) >= cmd->fw->config.num_queues) /* req: XO-107 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_SIZE, cmd->fw->config.num_queues - 1);
	need = sizeof(result) + caps->headroom + bytes + caps->tailroom;
	if (cmd->room < need) /* req: XO-108 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_SIZE, need);

	frame = test_frame(cmd, &request, bytes);
	if (!prog_run(cmd->fw, prog, &frame)) /* req: XO-109 */
		frame.r0 = VIRTIO_NET_XDP_ABORTED;
	bytes = (size_t)(frame.data_end - frame.data);
	/* req: XO-103 */
	result.r0 = cpu_to_le64(frame.r0);
	result.rx_queue_index = cpu_to_le32(frame.rx_queue_index);
	result.frame_bytes = cpu_to_le32((uint32_t)bytes);
	cmd_result(cmd, &result, sizeof(result));
	mem_copy(cmd->out + sizeof(result), frame.data, bytes);
	cmd->written += bytes;
	cmd->fw->tested = (struct fw_frame){
		.r0 = frame.r0,
		.redirect_ports = frame.redirect_ports,
		.redirect_queue = frame.redirect_queue,
		.redirect_to = frame.redirect_to,
	};
	return VIRTIO_NET_XDP_OK;
}
