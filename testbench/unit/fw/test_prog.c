/* SPDX-License-Identifier: BSD-2-Clause */
#include "control.h"
#include "core.h"

#define CMD(name) VIRTIO_NET_CTRL_XDP_##name
#define ERR(name) VIRTIO_NET_XDP_ERR_##name
#define NONE      VIRTIO_NET_XDP_ID_NONE
#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))

/* Loops r6 times before it passes: long to verify. */
#define SLOW(times)                                                                                                    \
	{                                                                                                              \
		W_MOV(6, times), W_ADD(6, -1), W(0x55, 6, 0, -2, 0), W_MOV(0, 2), W_EXIT                               \
	}

static unsigned state(struct control *c, uint32_t id)
{
	return control_prog_info(c, id).state;
}

/* Programs are judged in the order of their commits, slice by slice, and everything else goes on meanwhile. */
Test(prog, slices_in_order_of_commit)
{
	static const uint64_t slow[] = SLOW(500), pass[] = {W_MOV(0, 2), W_EXIT};
	struct control *c = control_open(NULL);
	struct control_frame f;
	int slices = 0;

	cr_assert_eq(control_load(c, 9, pass, 2), VIRTIO_NET_XDP_PROG_READY);
	cr_assert_eq(control_attach(c, 9, NONE, 0, 0), 0);
	control_upload(c, 5, slow, COUNT(slow));
	control_upload(c, 1, slow, COUNT(slow));
	control_upload(c, 3, pass, 2);
	cr_assert_eq(control_id(c, CMD(PROG_DESTROY), 9), ERR(BUSY));
	while (state(c, 5) == VIRTIO_NET_XDP_PROG_VERIFYING) {
		cr_assert(fw_poll(c->fw, 100));
		slices++;
		cr_assert_eq(state(c, 1), VIRTIO_NET_XDP_PROG_VERIFYING);
		control_frame(&f, 64);
		fw_run(c->fw, &f.frame, 1);
		cr_assert_eq(f.frame.verdict, FW_PASS);
	}
	cr_assert_geq(slices, 10, "1,500 instructions at 100 a slice, some of them known");
	while (state(c, 1) == VIRTIO_NET_XDP_PROG_VERIFYING) {
		cr_assert(fw_poll(c->fw, 100));
		cr_assert_eq(state(c, 3), VIRTIO_NET_XDP_PROG_VERIFYING);
	}
	while (fw_poll(c->fw, 100))
		;
	cr_assert_eq(state(c, 5), VIRTIO_NET_XDP_PROG_READY);
	cr_assert_eq(state(c, 1), VIRTIO_NET_XDP_PROG_READY);
	cr_assert_eq(state(c, 3), VIRTIO_NET_XDP_PROG_READY);
	cr_assert_not(fw_poll(c->fw, 100), "nothing to do");
	cr_assert_eq(le64_to_cpu(control_prog_info(c, 9).run_count), slices);
	control_close(c);
}

/* offl-netdev: a program that disappears while it is verified, by destruction or by reset. */
Test(prog, offl_netdev_gone_while_verified)
{
	static const uint64_t slow[] = SLOW(500), pass[] = {W_MOV(0, 2), W_EXIT};
	struct control *c = control_open(NULL);

	for (int round = 0; round < 20; round++) {
		control_upload(c, 0, slow, COUNT(slow));
		control_upload(c, 1, pass, 2);
		for (int i = 0; i < round % 5; i++)
			fw_poll(c->fw, 50);
		if (round % 2) {
			cr_assert_eq(control_id(c, CMD(PROG_DESTROY), 0), 0);
			while (fw_poll(c->fw, 50))
				;
			cr_assert_eq(state(c, 1), VIRTIO_NET_XDP_PROG_READY, "the next one gets its turn");
			cr_assert_eq(control_id(c, CMD(PROG_DESTROY), 1), 0);
		} else {
			fw_reset(c->fw);
			cr_assert_not(fw_poll(c->fw, 50));
			cr_assert_eq(control_id(c, CMD(PROG_INFO), 0), ERR(NOT_FOUND));
			cr_assert_eq(control_id(c, CMD(PROG_INFO), 1), ERR(NOT_FOUND));
		}
	}
	control_close(c);
}

/* Code memory whose steps can fail; live counts what was not given back. */
struct code {
	bool alloc_fails, seal_fails;
	int live;
};

static int code_alloc(void *ctx, size_t bytes, struct fw_code *code)
{
	struct code *state_of = ctx;
	void *p;

	if (state_of->alloc_fails)
		return -12;
	bytes = (bytes + 4095) & ~(size_t)4095;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert(p != MAP_FAILED);
	*code = (struct fw_code){.write = p, .exec = p, .bytes = bytes};
	state_of->live++;
	return 0;
}

static int code_seal(void *ctx, struct fw_code *code)
{
	struct code *state_of = ctx;

	if (state_of->seal_fails)
		return -12;
	code->write = NULL;
	return mprotect((void *)(uintptr_t)code->exec, code->bytes, PROT_READ | PROT_EXEC);
}

static void code_free(void *ctx, struct fw_code *code)
{
	struct code *state_of = ctx;

	if (code->exec)
		state_of->live--;
	munmap((void *)(uintptr_t)code->exec, code->bytes);
	*code = (struct fw_code){0};
}

static const struct fw_platform code_platform = {code_alloc, code_seal, code_free, NULL};

/* A device with a JIT; the platform's state is code, which control_open() would take for its own. */
static struct fw *open_jit(struct code *code, void **arena, size_t *bytes)
{
	struct fw_config config = control_config();
	struct fw *fw;

	config.engine = FW_ENGINE_JIT;
	config.platform = &code_platform;
	config.platform_ctx = code;
	*bytes = fw_arena_bytes(&config.caps);
	*arena = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	cr_assert(*arena != MAP_FAILED);
	fw = fw_init(*arena, *bytes, &config);
	cr_assert(fw);
	return fw;
}

Test(prog, machine_code_comes_and_goes)
{
	static const uint64_t pass[] = {W_MOV(0, 2), W_EXIT};
	struct code code = {0};
	struct control c = {0};
	size_t bytes = 0;

	c.fw = open_jit(&code, &c.arena, &c.arena_bytes);
	cr_assert_eq(control_load(&c, 0, pass, 2), VIRTIO_NET_XDP_PROG_READY);
#ifdef __x86_64__
	cr_assert(fw_prog_code(c.fw, 0, &bytes));
	cr_assert_gt(bytes, 2u);
	cr_assert_eq(code.live, 1);
#endif
	cr_assert_null(fw_prog_code(c.fw, 1, &bytes));
	cr_assert_null(fw_prog_code(c.fw, NONE, &bytes));
	cr_assert_eq(control_attach(&c, 0, NONE, 0, 0), 0);
	for (int i = 0; i < 3; i++) {
		struct control_frame f;

		control_frame(&f, 64);
		fw_run(c.fw, &f.frame, 1);
		cr_assert_eq(f.frame.verdict, FW_PASS);
	}
	cr_assert_eq(control_detach(&c, 0, 1), 0);
	cr_assert_eq(control_id(&c, CMD(PROG_DESTROY), 0), 0);
	cr_assert_eq(code.live, 0);
	cr_assert_eq(control_load(&c, 0, pass, 2), VIRTIO_NET_XDP_PROG_READY);
	fw_reset(c.fw);
	cr_assert_eq(code.live, 0);
	cr_assert_eq(control_load(&c, 0, pass, 2), VIRTIO_NET_XDP_PROG_READY);
	fw_exit(c.fw);
	fw_exit(NULL);
	cr_assert_eq(code.live, 0);
	munmap(c.arena, c.arena_bytes);
}

#ifdef __x86_64__
/* dpdk-a3923d6bd5: what fails half way gives back all of it. */
Test(prog, dpdk_a3923d6bd5_no_code_memory)
{
	static const uint64_t uses[] = {W(0x18, 1, 1, 0, 0), 0, W_MOV(0, 2), W_EXIT};
	struct code code = {0};
	struct control c = {0};

	c.fw = open_jit(&code, &c.arena, &c.arena_bytes);
	cr_assert_eq(control_map_create(&c, 0, VIRTIO_NET_XDP_MAP_HASH, 4, 8, 1, 0), 0);
	for (uint32_t id = 0; id < 2; id++) {
		struct virtio_net_xdp_prog_info_result info;

		code.alloc_fails = id == 0;
		code.seal_fails = id == 1;
		cr_assert_eq(control_load(&c, id, uses, COUNT(uses)), VIRTIO_NET_XDP_PROG_REFUSED);
		info = control_prog_info(&c, id);
		cr_assert_eq(le32_to_cpu(info.error), VIRTIO_NET_XDP_VERIFY_CODE);
		cr_assert_lt(le32_to_cpu(info.error_insn), COUNT(uses), "XO-049: an index inside of the program");
		cr_assert_gt(le32_to_cpu(info.log_bytes), 0u);
		cr_assert_eq(code.live, 0);
		cr_assert_eq(control_attach(&c, id, NONE, 0, 0), ERR(STATE));
	}
	cr_assert_eq(control_id(&c, CMD(MAP_DESTROY), 0), 0, "no references left");
	fw_exit(c.fw);
	munmap(c.arena, c.arena_bytes);
}
#endif

/* STRICT_ACTIONS: a value that is no action is refused at COMMIT instead of at run time. */
Test(prog, strict_actions)
{
	static const uint64_t any[] = {W_LDX32(0, 1, 12), W_EXIT}, tx[] = {W_MOV(0, 3), W_EXIT},
			      none[] = {W_MOV(0, 9), W_EXIT};
	static const struct {
		const uint64_t *words;
		uint32_t flags, actions;
		unsigned state;
	} rows[] = {
		{any, 0, 0x8000001f, VIRTIO_NET_XDP_PROG_READY},
		{any, 2, 0, VIRTIO_NET_XDP_PROG_REFUSED},
		{tx, 0, 8, VIRTIO_NET_XDP_PROG_READY},
		{tx, 2, 8, VIRTIO_NET_XDP_PROG_READY},
		{none, 0, 0x80000000, VIRTIO_NET_XDP_PROG_READY},
		{none, 2, 0, VIRTIO_NET_XDP_PROG_REFUSED},
	};
	struct control *c = control_open(NULL);

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct virtio_net_xdp_prog_info_result info;

		cr_assert_eq(control_prog_create(c, 0, 16, rows[i].flags), 0);
		cr_assert_eq(control_prog_write(c, 0, 0, rows[i].words, 16), 0);
		cr_assert_eq(control_prog_commit(c, 0, 0), 0);
		while (fw_poll(c->fw, 100))
			;
		info = control_prog_info(c, 0);
		cr_assert_eq(info.state, rows[i].state, "row %zu", i);
		cr_assert_eq(le32_to_cpu(info.actions) | 0x10, rows[i].actions | 0x10, "row %zu: %#x", i,
			     le32_to_cpu(info.actions));
		if (rows[i].state == VIRTIO_NET_XDP_PROG_REFUSED)
			cr_assert_eq(le32_to_cpu(info.error), VIRTIO_NET_XDP_VERIFY_ACTION, "row %zu", i);
		cr_assert_eq(control_id(c, CMD(PROG_DESTROY), 0), 0);
	}
	control_close(c);
}

/* A run takes no more instructions than max_run_insns; behind a tail call they count anew. */
Test(prog, max_run_insns)
{
#define TWO_WAYS(a, b, c)                                                                                              \
	{                                                                                                              \
		W_LDX32(0, 1, 12), W(0x15, 0, 0, 2, 0), W_MOV(0, a), W_MOV(0, b), W_MOV(0, c), W_EXIT                  \
	}
#define MEETING                                                                                                        \
	{                                                                                                              \
		W_LDX32(0, 1, 12), W(0x15, 0, 0, 1, 0), W_JA(2), W_MOV(2, 1), W_MOV(2, 1), W_MOV(0, 2), W_EXIT         \
	}
#define FEW_OR_MANY                                                                                                    \
	{                                                                                                              \
		W_LDX32(0, 1, 12), W_MOV(2, 240), W(0x15, 0, 0, 1, 0), W_MOV(2, 64), W_CALL(65), W_MOV(0, 2), W_EXIT   \
	}
	static const struct {
		const char *what;
		uint32_t max;
		uint64_t words[12];
		uint32_t count;
		bool ready;
	} rows[] = {
		{"as many", 5, {W_MOV(1, 1), W_MOV(1, 2), W_MOV(1, 3), W_MOV(0, 2), W_EXIT}, 5, true},
		{"one more", 4, {W_MOV(1, 1), W_MOV(1, 2), W_MOV(1, 3), W_MOV(0, 2), W_EXIT}, 5, false},
		{"a loop", 32, SLOW(10), 5, true},
		{"a longer one", 32, SLOW(100), 5, false},
		{"the longer of two ways, straight on", 6, TWO_WAYS(1, 1, 2), 6, true},
		{"the longer of two ways, straight on, one more", 5, TWO_WAYS(1, 1, 2), 6, false},
		{"the longer of two ways, found where they meet", 6, MEETING, 7, true},
		{"the longer of two ways, found where they meet, one more", 5, MEETING, 7, false},
		{"bytes that become 0 on one of two ways", 36, FEW_OR_MANY, 7, true},
		{"bytes that become 0 on one of two ways, more", 35, FEW_OR_MANY, 7, false},
		{"a function twice",
		 8,
		 {W_CALL_LOCAL(3), W_CALL_LOCAL(2), W_MOV(0, 2), W_EXIT, W_MOV(0, 1), W_EXIT},
		 6,
		 true},
		{"bytes that become 0", 36, {W_MOV(2, 256), W_CALL(65), W_MOV(0, 2), W_EXIT}, 4, true},
		{"bytes that become 0, more", 35, {W_MOV(2, 256), W_CALL(65), W_MOV(0, 2), W_EXIT}, 4, false},
		{"a function twice, one more",
		 7,
		 {W_CALL_LOCAL(3), W_CALL_LOCAL(2), W_MOV(0, 2), W_EXIT, W_MOV(0, 1), W_EXIT},
		 6,
		 false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fw_config config = control_config();
		struct control *c;
		unsigned got;

		config.caps.max_run_insns = rows[i].max;
		c = control_open(&config);
		got = control_load(c, 0, rows[i].words, rows[i].count);
		cr_assert_eq(got, rows[i].ready ? VIRTIO_NET_XDP_PROG_READY : VIRTIO_NET_XDP_PROG_REFUSED, "%s",
			     rows[i].what);
		if (!rows[i].ready) {
			struct virtio_net_xdp_prog_info_result info = control_prog_info(c, 0);
			const struct prog *prog = c->fw->progs[0];

			cr_assert_eq(le32_to_cpu(info.error), VIRTIO_NET_XDP_VERIFY_COMPLEXITY, "%s", rows[i].what);
			cr_assert(strstr(prog->log, "max_run_insns"), "%s: %s", rows[i].what, prog->log);
		}
		control_close(c);
	}
}
