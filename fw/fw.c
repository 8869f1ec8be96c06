/* SPDX-License-Identifier: BSD-2-Clause */
#include "fw.h"
#include "cmd.h"
#include "core.h"
#include "helper.h"

/* Memory for one verification or compilation at a time, beyond what grows with the program. */
#define SCRATCH_BYTES          ((size_t)128 << 20)
#define SCRATCH_BYTES_PER_INSN 512

#define ACTIONS_ALL                                                                                                    \
	(1u << VIRTIO_NET_XDP_ABORTED | 1u << VIRTIO_NET_XDP_DROP | 1u << VIRTIO_NET_XDP_PASS |                        \
	 1u << VIRTIO_NET_XDP_TX | 1u << VIRTIO_NET_XDP_REDIRECT)

void fw_caps_default(struct fw_caps *caps)
{
	/* req: XO-002, XO-003, XO-004, XO-005, XO-006, XO-027 */
	*caps = (struct fw_caps){
		.isa = INSN_GROUPS,
		.actions = ACTIONS_ALL,
		.max_insns = 65536,
		.max_progs = 64,
		.max_maps = 64,
		.max_map_kib = 65536,
		.max_cmd_bytes = 65536 + 4096, /* a TEST_RUN of max_frame bytes, and then some */
		.headroom = 256,
		.tailroom = 256,
		.max_frame = 65535,
		.map_types = map_types_all(),
		.commands = cmd_all(),
		.max_run_insns = VERIFY_MAX_VISITED,
		.max_log_bytes = 65536,
		.hz = 250,
		.max_metadata = 32,
	};
	helpers_all(caps->helpers);
}

static size_t test_frame_bytes(const struct fw_caps *caps)
{
	return (size_t)caps->headroom + caps->max_frame + caps->tailroom;
}

static size_t scratch_bytes(const struct fw_caps *caps)
{
	return SCRATCH_BYTES + (size_t)caps->max_insns * SCRATCH_BYTES_PER_INSN;
}

size_t fw_arena_bytes(const struct fw_caps *caps)
{
	size_t tables = arena_cost(caps->max_progs * sizeof(struct prog *)) +
			arena_cost(caps->max_maps * sizeof(struct map *)) + arena_cost(test_frame_bytes(caps));
	size_t maps = (size_t)caps->max_map_kib * 1024 + caps->max_maps * arena_cost(ARENA_ALIGN);

	return ALIGN_UP(sizeof(struct fw), ARENA_ALIGN) + 2 * arena_cost(0) + tables + maps +
	       caps->max_progs * prog_arena_bytes(caps) + arena_cost(scratch_bytes(caps));
}

/* Whether redirection finds one port by each ifindex. */
static bool ports_ok(const struct fw_config *config)
{
	if (config->num_ports >= FW_PORTS_MAX)
		return false;
	for (uint16_t i = 0; i < config->num_ports; i++) {
		if (!config->ports[i].ifindex)
			return false;
		for (uint16_t j = 0; j < i; j++)
			if (config->ports[j].ifindex == config->ports[i].ifindex)
				return false;
	}
	return true;
}

/* Whether config offers nothing that this firmware cannot do. */
static bool config_ok(const struct fw_config *config)
{
	const struct fw_caps *caps = &config->caps;
	uint64_t helpers[4];

	helpers_all(helpers);
	for (size_t i = 0; i < ARRAY_SIZE(helpers); i++)
		if (caps->helpers[i] & ~helpers[i])
			return false;
	/* req: XO-005, XO-028, XO-029 */
	return config->num_queues && ports_ok(config) && !(caps->isa & ~(uint32_t)INSN_GROUPS) &&
	       !(caps->map_types & ~map_types_all()) && !(caps->actions & ~ACTIONS_ALL) &&
	       !(caps->commands & ~cmd_all()) && !(caps->flags & ~(uint32_t)VIRTIO_NET_XDP_CAP_F_QUEUE_SELECT) &&
	       caps->max_frame >= 14 && caps->max_metadata % 4 == 0 && caps->max_metadata <= caps->headroom &&
	       caps->max_cmd_bytes >= CMD_MIN_BYTES && caps->max_insns <= INT32_MAX / 8 &&
	       caps->max_run_insns <= VERIFY_MAX_VISITED && caps->max_log_bytes < UINT32_MAX;
}

struct fw *fw_init(void *arena, size_t bytes, const struct fw_config *config)
{
	const struct fw_caps *caps = &config->caps;
	size_t head = ALIGN_UP(sizeof(struct fw), ARENA_ALIGN);
	struct fw *fw = arena;
	uint8_t *scratch;

	if (!config_ok(config) || bytes < fw_arena_bytes(caps))
		return NULL;
	fw->config = *config;
	fw->queues_in_use = config->num_queues;
	arena_init_zeroed(&fw->arena, (uint8_t *)arena + head, bytes - head);
	fw->progs = arena_alloc(&fw->arena, caps->max_progs * sizeof(struct prog *));
	fw->maps = arena_alloc(&fw->arena, caps->max_maps * sizeof(struct map *));
	if (cmd_offered(fw, VIRTIO_NET_CTRL_XDP_TEST_RUN))
		fw->test_frame = arena_alloc(&fw->arena, test_frame_bytes(caps));
	scratch = arena_alloc(&fw->arena, scratch_bytes(caps));
	arena_init_zeroed(&fw->scratch, scratch, scratch_bytes(caps));
	fw_reset(fw);
	return fw;
}

void fw_reset(struct fw *fw)
{
	/* req: XO-025 */
	fw->attached = NULL;
	for (uint32_t id = 0; id < fw->config.caps.max_progs; id++)
		if (fw->progs[id])
			prog_destroy(fw, fw->progs[id]);
	for (uint32_t id = 0; id < fw->config.caps.max_maps; id++) {
		arena_free(&fw->arena, fw->maps[id]);
		fw->maps[id] = NULL;
	}
	fw->map_bytes = 0;
	fw->fibs[0] = fw->fibs[1] = NULL;
	fw->turns = 0;
	fw->generation = 0;
	fw->ifindex = 0;
	fw->attach_flags = 0;
	fw->prandom = helper_seed(fw->config.seed);
	fw->now_ns = 0;
	fw->events = 0;
}

void fw_queues_in_use(struct fw *fw, uint16_t count)
{
	fw->queues_in_use = count;
}

void fw_exit(struct fw *fw)
{
	if (fw)
		fw_reset(fw);
}

const struct fw_caps *fw_caps(const struct fw *fw)
{
	return &fw->config.caps;
}

void fw_caps_wire(const struct fw *fw, struct virtio_net_xdp_caps *wire)
{
	const struct fw_caps *caps = &fw->config.caps;
	uint32_t commands = 0;

	for (uint32_t command = 0; command < VIRTIO_NET_CTRL_XDP_COMMANDS; command++)
		if (cmd_offered(fw, command)) /* req: XO-026 */
			commands |= 1u << command;
	*wire = (struct virtio_net_xdp_caps){
		.isa = cpu_to_le32(caps->isa),
		.actions = cpu_to_le32(caps->actions),
		.max_insns = cpu_to_le32(caps->max_insns),
		.max_progs = cpu_to_le16(caps->max_progs),
		.max_maps = cpu_to_le16(caps->max_maps),
		.max_map_kib = cpu_to_le32(caps->max_map_kib),
		.max_cmd_bytes = cpu_to_le32(caps->max_cmd_bytes),
		.headroom = cpu_to_le16(caps->headroom),
		.tailroom = cpu_to_le16(caps->tailroom),
		.max_frame = cpu_to_le32(caps->max_frame),
		.map_types = cpu_to_le64(caps->map_types),
		.commands = cpu_to_le32(commands),
		.flags = cpu_to_le32(caps->flags),
		.max_run_insns = cpu_to_le32(caps->max_run_insns),
		.max_log_bytes = cpu_to_le32(caps->max_log_bytes),
		.hz = cpu_to_le32(caps->hz),
		.max_metadata = cpu_to_le16(caps->max_metadata),
	};
	for (size_t i = 0; i < ARRAY_SIZE(caps->helpers); i++)
		wire->helpers[i] = cpu_to_le64(caps->helpers[i]);
}

bool fw_poll(struct fw *fw, uint32_t budget)
{
	return prog_poll(fw, budget);
}

bool fw_attached(const struct fw *fw)
{
	return fw->attached;
}

bool fw_in_place(const struct fw *fw)
{
	return fw->attached->in_place;
}

void fw_trace(struct fw *fw, fw_trace_fn *fn, void *ctx)
{
	fw->trace = fn;
	fw->trace_ctx = ctx;
}

const struct fw_frame *fw_test_frame(const struct fw *fw)
{
	return &fw->tested;
}

const uint8_t *fw_prog_code(const struct fw *fw, uint32_t prog_id, size_t *bytes)
{
	const struct prog *prog = prog_find(fw, prog_id);

	if (!prog || !prog->jit.fn)
		return NULL;
	*bytes = prog->jit.bytes;
	return prog->jit.code.exec;
}

/* What an R0 of n means, and in verdicts[EXEC_ACTIONS] any other. */
static void verdicts_of(const struct fw *fw, enum fw_verdict verdicts[EXEC_ACTIONS + 1])
{
	static const uint8_t all[EXEC_ACTIONS] = {
		[VIRTIO_NET_XDP_ABORTED] = FW_ABORTED,   [VIRTIO_NET_XDP_DROP] = FW_DROP,
		[VIRTIO_NET_XDP_PASS] = FW_PASS,         [VIRTIO_NET_XDP_TX] = FW_TX,
		[VIRTIO_NET_XDP_REDIRECT] = FW_REDIRECT,
	};
	bool pass = fw->attach_flags & VIRTIO_NET_XDP_ATTACH_F_UNSUPPORTED_PASS;

	verdicts[EXEC_ACTIONS] = pass ? FW_UNSUPPORTED_PASS : FW_UNSUPPORTED_DROP; /* req: XO-214, XO-215 */
	for (uint32_t n = 0; n < EXEC_ACTIONS; n++)
		verdicts[n] = fw->config.caps.actions >> n & 1 ? (enum fw_verdict)all[n] : verdicts[EXEC_ACTIONS];
}

void fw_run(struct fw *fw, struct fw_frame *frames, size_t count)
{
	struct prog *prog = fw->attached;
	enum fw_verdict verdicts[EXEC_ACTIONS + 1];

	if (!count)
		return;
	/* req: XO-197 */
	verdicts_of(fw, verdicts);
	prog_run_burst(fw, prog, frames, count, verdicts);
	fw->now_ns = frames[count - 1].now_ns;
	prog->run_count += count; /* req: XO-052 */
}
