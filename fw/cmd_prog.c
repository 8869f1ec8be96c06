/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands about programs and their attachment. */
#include "cmd.h"

#define PROG_FLAGS    (VIRTIO_NET_XDP_PROG_F_GPL_COMPATIBLE | VIRTIO_NET_XDP_PROG_F_STRICT_ACTIONS)
#define ATTACH_FLAGS  VIRTIO_NET_XDP_ATTACH_F_UNSUPPORTED_PASS
#define LOG_LEVEL_MAX 2
#define SLOT_BYTES    8
#define ETH_HEADER    14

uint16_t cmd_prog_create(struct cmd *cmd)
{
	const struct fw_caps *caps = &cmd->fw->config.caps;
	struct virtio_net_xdp_prog_create request;
	struct prog_attr attr;

	mem_copy(&request, cmd->in, sizeof(request));
	attr.id = le32_to_cpu(request.id);
	attr.bytes = le32_to_cpu(request.bytes);
	attr.flags = le32_to_cpu(request.flags);
	mem_copy(attr.name, request.name, sizeof(attr.name));
	mem_copy(attr.tag, request.tag, sizeof(attr.tag));

	if (attr.flags & ~PROG_FLAGS) /* req: XO-019 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_FLAGS, attr.flags & ~PROG_FLAGS);
	if (prog_find(cmd->fw, attr.id)) /* req: XO-031 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_EXISTS, attr.id);
	if (!attr.bytes || attr.bytes % SLOT_BYTES) /* req: XO-032 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_SIZE, SLOT_BYTES);
	if (attr.id >= caps->max_progs) /* req: XO-033 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_LIMIT_PROGS, caps->max_progs);
	if (attr.bytes / SLOT_BYTES > caps->max_insns) /* req: XO-034 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_LIMIT_INSNS, caps->max_insns);
	if (prog_create(cmd->fw, &attr)) /* req: XO-075 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_LIMIT_MEMORY, 0);
	return VIRTIO_NET_XDP_OK;
}

/* The program that the request's first field names, or NULL; *status is set then. */
static struct prog *named_prog(struct cmd *cmd, uint16_t *status)
{
	struct prog *prog;
	uint32_t id;
	le32 wire;

	mem_copy(&wire, cmd->in, sizeof(wire));
	id = le32_to_cpu(wire);
	prog = prog_find(cmd->fw, id);
	if (!prog) /* req: XO-020 */
		*status = cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_NOT_FOUND, id);
	return prog;
}

/* Data goes up from the first byte to the last, each written once: offset is what has been written so far. */
uint16_t cmd_prog_write(struct cmd *cmd)
{
	size_t bytes = cmd->in_bytes - sizeof(struct virtio_net_xdp_prog_write);
	struct virtio_net_xdp_prog_write request;
	struct prog *prog;
	uint16_t status;

	mem_copy(&request, cmd->in, sizeof(request));
	prog = named_prog(cmd, &status);
	if (!prog)
		return status;
	if (prog->state != PROG_LOADING) /* req: XO-037 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_STATE, prog->written);
	/* req: XO-016, XO-038, XO-039 */
	if (le32_to_cpu(request.offset) != prog->written || !bytes || bytes > prog->bytes - prog->written)
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_SIZE, prog->written);

	mem_copy(prog->wire + prog->written, cmd->in + sizeof(request), bytes);
	prog->written += (uint32_t)bytes;
	return VIRTIO_NET_XDP_OK;
}

static struct verify_func func_at(const uint8_t *funcs, uint32_t i, uint8_t *reserved)
{
	struct virtio_net_xdp_func wire;
	struct verify_func func;

	_Static_assert(VERIFY_ARGS == VIRTIO_NET_XDP_FUNC_ARGS, "as many on the wire");
	mem_copy(&wire, funcs + i * sizeof(wire), sizeof(wire));
	func.insn = le32_to_cpu(wire.insn);
	for (size_t n = 0; n < VERIFY_ARGS; n++) {
		func.kinds[n] = wire.kinds[n];
		func.bytes[n] = le32_to_cpu(wire.bytes[n]);
	}
	*reserved = wire.reserved[0] | wire.reserved[1] | wire.reserved[2];
	return func;
}

/* Arguments have kinds, from the first on. *kind: the one that has none, or should not be there. */
static bool kinds_fit(const struct verify_func *func, uint8_t *kind)
{
	bool ended = false;

	for (size_t n = 0; n < VERIFY_ARGS; n++) {
		*kind = func->kinds[n];
		if (*kind > VIRTIO_NET_XDP_FUNC_MEMORY_OR_NULL || (ended && *kind != VIRTIO_NET_XDP_FUNC_NONE))
			return false;
		ended = *kind == VIRTIO_NET_XDP_FUNC_NONE;
	}
	return true;
}

#define MEMORY_MAX ((uint32_t)1 << 29) /* bytes: so far do pointers lead */

/* *nearest: the number of bytes that would. */
static bool bytes_fit(const struct verify_func *func, uint32_t *nearest)
{
	for (size_t n = 0; n < VERIFY_ARGS; n++) {
		bool memory = func->kinds[n] == VIRTIO_NET_XDP_FUNC_MEMORY ||
			      func->kinds[n] == VIRTIO_NET_XDP_FUNC_MEMORY_OR_NULL;

		*nearest = !memory ? 0 : func->bytes[n] ? MIN(func->bytes[n], MEMORY_MAX) : 1;
		if (func->bytes[n] != *nearest)
			return false;
	}
	return true;
}

/* The functions come in the order of their instructions, and the program itself is none. */
static uint16_t check_places(struct cmd *cmd, const struct prog *prog, const uint8_t *funcs, uint32_t count)
{
	uint32_t last = prog->num_funcs ? prog->funcs[prog->num_funcs - 1].insn : 0, nearest;
	uint8_t reserved;

	for (uint32_t i = 0; i < count; i++) {
		struct verify_func func = func_at(funcs, i, &reserved);

		if (func.insn <= last || func.insn >= prog->bytes / SLOT_BYTES) /* req: XO-273 */
			return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_SIZE, last + 1);
		if (!bytes_fit(&func, &nearest)) /* req: XO-273 */
			return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_SIZE, nearest);
		last = func.insn;
	}
	return VIRTIO_NET_XDP_OK;
}

uint16_t cmd_prog_funcs(struct cmd *cmd)
{
	const uint8_t *funcs = cmd->in + sizeof(struct virtio_net_xdp_prog_funcs);
	size_t bytes = cmd->in_bytes - sizeof(struct virtio_net_xdp_prog_funcs),
	       each = sizeof(struct virtio_net_xdp_func);
	uint32_t count = (uint32_t)(bytes / each);
	uint8_t reserved, kind;
	struct verify_func func, *to;
	struct prog *prog;
	uint16_t status;

	for (uint32_t i = 0; i < count; i++) {
		func_at(funcs, i, &reserved);
		if (reserved) /* req: XO-271 */
			return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_FLAGS, reserved);
	}
	prog = named_prog(cmd, &status);
	if (!prog)
		return status;
	if (prog->state != PROG_LOADING) /* req: XO-270 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_STATE, prog->written);
	for (uint32_t i = 0; i < count; i++) {
		func = func_at(funcs, i, &reserved);
		if (!kinds_fit(&func, &kind)) /* req: XO-272 */
			return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_TYPE, kind);
	}
	if (!count || bytes % each) /* req: XO-016 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_SIZE, sizeof(le32) + MAX(count, 1u) * each);
	status = check_places(cmd, prog, funcs, count);
	if (status)
		return status;
	if (count > VIRTIO_NET_XDP_FUNCS_MAX - prog->num_funcs) /* req: XO-274 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_LIMIT_ENTRIES, VIRTIO_NET_XDP_FUNCS_MAX);
	to = prog_add_funcs(cmd->fw, prog, count);
	if (!to) /* req: XO-075 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_LIMIT_MEMORY, 0);
	for (uint32_t i = 0; i < count; i++) /* req: XO-269 */
		to[i] = func_at(funcs, i, &reserved);
	return VIRTIO_NET_XDP_OK;
}

uint16_t cmd_prog_commit(struct cmd *cmd)
{
	struct virtio_net_xdp_prog_commit request;
	struct prog *prog;
	uint16_t status;

	mem_copy(&request, cmd->in, sizeof(request));
	if (le32_to_cpu(request.log_level) > LOG_LEVEL_MAX) /* req: XO-019 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_FLAGS, le32_to_cpu(request.log_level));
	prog = named_prog(cmd, &status);
	if (!prog)
		return status;
	if (prog->state != PROG_LOADING || prog->written != prog->bytes) /* req: XO-040, XO-041 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_STATE, prog->written);
	if (prog_commit(cmd->fw, prog, le32_to_cpu(request.log_level))) /* req: XO-075 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_LIMIT_MEMORY, 0);
	return VIRTIO_NET_XDP_OK;
}

uint16_t cmd_prog_info(struct cmd *cmd)
{
	struct virtio_net_xdp_prog_info_result result = {0};
	struct prog *prog;
	uint16_t status;
	bool judged;

	prog = named_prog(cmd, &status);
	if (!prog)
		return status;
	/* req: XO-047, XO-048, XO-049, XO-050, XO-051, XO-052, XO-053, XO-054 */
	judged = prog->state == PROG_READY || prog->state == PROG_REFUSED;
	result.state = (u8)prog->state;
	result.attached = prog == cmd->fw->attached;
	result.error = cpu_to_le32(judged ? prog->result.error : 0);
	result.error_insn = cpu_to_le32(judged ? prog->result.error_insn : VIRTIO_NET_XDP_ID_NONE);
	result.bytes = cpu_to_le32(prog->bytes);
	result.flags = cpu_to_le32(prog->flags);
	result.actions = cpu_to_le32(prog->state == PROG_READY ? prog->result.actions : 0);
	if (judged) {
		result.visited = cpu_to_le32(prog->result.visited);
		result.states = cpu_to_le32(prog->result.states);
		result.peak_kib = cpu_to_le32(prog->result.peak_bytes / 1024 + (prog->result.peak_bytes % 1024 != 0));
		result.log_bytes = cpu_to_le32(prog->result.log_bytes);
	}
	result.written = cpu_to_le32(prog->written);
	result.run_count = cpu_to_le64(prog->run_count);
	mem_copy(result.name, prog->name, sizeof(result.name));
	mem_copy(result.tag, prog->tag, sizeof(result.tag));
	cmd_result(cmd, &result, sizeof(result));
	return VIRTIO_NET_XDP_OK;
}

/* Bytes of text to give when bytes are left and room fits: whole lines, unless not even one fits. */
static size_t cut_text(const char *text, size_t bytes, size_t room)
{
	if (bytes <= room) /* req: XO-056 */
		return bytes;
	for (size_t n = room; n; n--)
		if (text[n - 1] == '\n')
			return n;
	return room;
}

uint16_t cmd_prog_log_get(struct cmd *cmd)
{
	struct virtio_net_xdp_prog_log_get request;
	struct virtio_net_xdp_prog_log_get_result result = {0};
	uint32_t offset, bytes;
	struct prog *prog;
	uint16_t status;
	size_t n = 0;

	mem_copy(&request, cmd->in, sizeof(request));
	offset = le32_to_cpu(request.offset);
	prog = named_prog(cmd, &status);
	if (!prog)
		return status;
	bytes = prog->state == PROG_READY || prog->state == PROG_REFUSED ? prog->result.log_bytes : 0;
	if (offset > bytes) /* req: XO-057 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_SIZE, bytes);

	/* req: XO-056, XO-057 */
	result.log_bytes = cpu_to_le32(bytes);
	cmd_result(cmd, &result, sizeof(result));
	if (offset < bytes)
		n = cut_text(prog->log + offset, bytes - offset, cmd->room - sizeof(result));
	if (n)
		mem_copy(cmd->out + sizeof(result), prog->log + offset, n);
	cmd->written += n;
	return VIRTIO_NET_XDP_OK;
}

uint16_t cmd_prog_destroy(struct cmd *cmd)
{
	uint16_t status;
	struct prog *prog = named_prog(cmd, &status);

	if (!prog)
		return status;
	if (prog == cmd->fw->attached) /* req: XO-060 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_BUSY, 1);
	prog_destroy(cmd->fw, prog); /* req: XO-061 */
	return VIRTIO_NET_XDP_OK;
}

/* Whether the driver's idea of what is attached is right. */
static bool attachment_is(const struct fw *fw, le32 id, le32 generation)
{
	uint32_t attached = fw->attached ? fw->attached->id : VIRTIO_NET_XDP_ID_NONE;

	return le32_to_cpu(id) == attached && le32_to_cpu(generation) == fw->generation;
}

/* No run is under way between two commands, so the old program has done its last one. */
uint16_t cmd_prog_attach(struct cmd *cmd)
{
	struct fw *fw = cmd->fw;
	struct virtio_net_xdp_attach request;
	struct virtio_net_xdp_attach_result result = {0};
	struct prog *prog;
	uint16_t status;
	uint32_t flags;

	mem_copy(&request, cmd->in, sizeof(request));
	flags = le32_to_cpu(request.flags);
	if (flags & ~(uint32_t)ATTACH_FLAGS) /* req: XO-019 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_FLAGS, flags & ~(uint32_t)ATTACH_FLAGS);
	prog = named_prog(cmd, &status);
	if (!prog)
		return status;
	/* req: XO-062, XO-063, XO-192 */
	if (prog->state != PROG_READY || !attachment_is(fw, request.expected_id, request.expected_generation))
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_STATE, fw->generation);
	if ((uint32_t)fw->config.mtu + ETH_HEADER > fw->config.caps.max_frame) /* req: XO-065 */
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_LIMIT_FRAME, fw->config.caps.max_frame);

	/* req: XO-067, XO-068, XO-069, XO-205 */
	fw->attached = prog;
	fw->ifindex = le32_to_cpu(request.ifindex);
	fw->attach_flags = flags;
	result.generation = cpu_to_le32(++fw->generation); /* req: XO-066 */
	cmd_result(cmd, &result, sizeof(result));
	return VIRTIO_NET_XDP_OK;
}

uint16_t cmd_prog_detach(struct cmd *cmd)
{
	struct fw *fw = cmd->fw;
	struct virtio_net_xdp_detach request;
	struct virtio_net_xdp_detach_result result = {0};

	mem_copy(&request, cmd->in, sizeof(request));
	/* req: XO-063, XO-064 */
	if (!fw->attached || !attachment_is(fw, request.expected_id, request.expected_generation))
		return cmd_refuse(cmd, VIRTIO_NET_XDP_ERR_STATE, fw->generation);

	/* req: XO-066, XO-067, XO-068 */
	fw->attached = NULL;
	result.generation = cpu_to_le32(++fw->generation);
	cmd_result(cmd, &result, sizeof(result));
	return VIRTIO_NET_XDP_OK;
}
