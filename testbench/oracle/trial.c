// SPDX-License-Identifier: BSD-2-Clause
#include "oracle/trial.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device-model/trace.h"
#include "fuzz/generate.h"
#include "guest-driver/core/xdp.h"
#include "oracle/claims.h"
#include "oracle/device.h"
#include "oracle/kprog.h"
#include "oracle/paths.h"
#include "oracle/reasons.h"
#include "oracle/twins.h"
#include "virtio_net_xdp.h"

#define RUNS       4
#define FRAME_ROOM 512
#define KEY_BYTES  64 /* of a frame, that keys are taken from */
#define SHOWN      5  /* faults told in full */

static const struct {
	enum fw_engine engine;
	uint64_t poison;
	const char *says;
} device_rows[] = {
	{FW_ENGINE_INTERP, 0x5a5a5a5a5a5a5a5a, ""},
	{FW_ENGINE_INTERP, 0xa5a5a5a5a5a5a5a5, "UNSOUND: what was never written, or an address, has an effect"},
	{FW_ENGINE_JIT, 0, "interpreter and machine code differ"},
};

#define DEVICES (sizeof(device_rows) / sizeof(device_rows[0]))

struct trial {
	const char *name;
	struct device devices[DEVICES];
	struct twins twins;       /* maps */
	struct trace *frames;     /* real ones */
	char *log;                /* KPROG_LOG_BYTES */
	struct claims_at *claims; /* TRIAL_SLOTS_MAX */
	uint8_t *told;            /* TRIAL_SLOTS_MAX slots */
	struct trial_counts counts;
	/* the program under trial */
	const uint8_t *wire;
	uint32_t slots;
	uint64_t seed;
	bool faulty;
	char closing[1024]; /* what the kernel said last of it */
	bool same;          /* what was told last returns the same */
	bool whole;         /* our verifier can walk every path of it to its end */
	bool doubtful;      /* what it was told last may be wrong where it does not matter */
	bool refuted;       /* it was */
	int path_row;       /* the reason for which it refused a path, if not reasons_paths */
};

static const char *const frames_path = "traces/http.pcap";

struct trial *trial_open(const char *name)
{
	static const struct load_map probe = {
		.type = VIRTIO_NET_XDP_MAP_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
	struct trace_config config = {.path = frames_path};
	char error[TRACE_ERROR_BYTES];
	int fd = kprog_map(&probe, -1);
	struct trial *t;

	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	close(fd);
	t = calloc(1, sizeof(*t));
	cr_assert_not_null(t);
	t->name = name;
	t->log = malloc(KPROG_LOG_BYTES);
	t->claims = malloc(TRIAL_SLOTS_MAX * sizeof(*t->claims));
	t->told = malloc((size_t)TRIAL_SLOTS_MAX * 8);
	t->counts.reasons = calloc(reasons_count, sizeof(*t->counts.reasons));
	t->frames = trace_open(&config, error);
	cr_assert_not_null(t->frames, "%s: run this from the top of the tree", error);
	cr_assert(t->log && t->claims && t->told && t->counts.reasons);
	for (size_t d = 0; d < DEVICES; d++)
		device_open(&t->devices[d], device_rows[d].engine, device_rows[d].poison);
	twins_init(&t->twins, t->devices, DEVICES);
	return t;
}

void trial_close(struct trial *t)
{
	if (!t)
		return;
	twins_exit(&t->twins);
	for (size_t d = 0; d < DEVICES; d++)
		device_close(&t->devices[d]);
	trace_free(t->frames);
	free(t->counts.reasons);
	free(t->told);
	free(t->claims);
	free(t->log);
	free(t);
}

bool trial_maps(struct trial *t, const struct load_map *maps, size_t num_maps)
{
	return twins_make(&t->twins, maps, num_maps);
}

static void tell_program(const struct trial *t)
{
	char text[256];

	for (uint32_t i = 0; i < t->slots; i += t->wire[(size_t)i * 8] == 0x18 ? 2 : 1) {
		if (fw_disasm(text, sizeof(text), t->wire, t->slots, i) < 0)
			break;
		fprintf(stderr, "  %4u: %s\n", i, text);
	}
	for (size_t i = 0; i < t->twins.num_maps; i++)
		fprintf(stderr, "  map %zu: type %u, key %u, value %u, entries %u\n", i, t->twins.maps[i].type,
			t->twins.maps[i].key_size, t->twins.maps[i].value_size, t->twins.maps[i].max_entries);
}

static void tell(struct trial *t, const char *what)
{
	t->faulty = true;
	fprintf(stderr, "%s: %s\n", t->name, what);
	if (++t->counts.faults <= SHOWN)
		tell_program(t);
	fprintf(stderr, "again: REFNIC_FUZZ=1 REFNIC_SEED=%lu oracle --filter oracle/%s\n", t->seed, t->name);
}

__attribute__((format(printf, 2, 3))) static void fault(struct trial *t, const char *format, ...)
{
	char what[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	tell(t, what);
}

/* Helpers whose result is the machine's own, or depends on what the two sides have around them. */
static bool is_repeatable_helper(int32_t helper)
{
	static const uint8_t helpers[] = {1, 2, 3, 12, 44, 51, 93, 94, 188, 190};

	return helper >= 0 && helper < 256 && memchr(helpers, helper, sizeof(helpers));
}

static int32_t imm_of(const uint8_t *insn)
{
	int32_t imm;

	memcpy(&imm, insn + 4, 4);
	return imm;
}

/* Whether the kernel must get the same results. */
static bool is_repeatable(const struct trial *t)
{
	for (uint32_t i = 0; i < t->slots; i++) {
		const uint8_t *insn = t->wire + (size_t)i * 8;
		uint32_t type;

		if (insn[0] == 0x85 && !(insn[1] >> 4) && !is_repeatable_helper(imm_of(insn)))
			return false;
		if (insn[0] == 0xe5) /* may_goto: each has its own limit */
			return false;
		if (insn[0] != 0x18)
			continue;
		i++;
		if (!(insn[1] >> 4))
			continue;
		type = t->twins.maps[imm_of(insn)].type;
		if (!twins_same_values(type) && type != VIRTIO_NET_XDP_MAP_PROG_ARRAY)
			return false;
	}
	return true;
}

static uint32_t make_frame(const struct trial *t, uint64_t *rng, int run, uint8_t *frame)
{
	uint32_t bytes = 14 + (uint32_t)(generate_random(rng) % 200);

	memset(frame, 0, FRAME_ROOM);
	if (run % 2) {
		const struct link_frame *real = &t->frames->frames[generate_random(rng) % t->frames->count];

		bytes = real->bytes < bytes || run > 2 ? real->bytes : bytes;
		bytes = bytes < FRAME_ROOM ? bytes : FRAME_ROOM;
		memcpy(frame, real->data, bytes);
		return bytes;
	}
	for (uint32_t n = 0; n < bytes && run; n++)
		frame[n] = (uint8_t)generate_random(rng);
	return bytes;
}

/* Whether the program can return an address: it is 0 here. */
static bool returns_address(struct trial *t)
{
	bool address = false;

	device_unload(&t->devices[0]);
	claims_collect(&t->devices[0], t->wire, t->slots, t->claims);
	for (uint32_t i = 0; i < t->slots; i++)
		address |= t->wire[(size_t)i * 8] == 0x95 && t->claims[i].before[0].other;
	return address;
}

static void run_kernel(struct trial *t, int prog, const uint8_t *frame, uint32_t bytes,
		       const struct device_result *want)
{
	uint8_t out[DEVICE_FRAME_MAX];
	uint32_t out_bytes = sizeof(out), r0;
	int r = kprog_run(prog, frame, bytes, out, &out_bytes, &r0);

	if (r)
		fault(t, "the kernel does not run it: %s", strerror(-r));
	else if (t->doubtful && r0 == TOLD_R0 && (uint32_t)want->r0 != TOLD_R0)
		t->refuted = true;
	else if (r0 != (uint32_t)want->r0 && (want->r0 || !returns_address(t)))
		fault(t, "returned %x, the kernel %x", (uint32_t)want->r0, r0);
	else if (out_bytes != want->bytes)
		fault(t, "%u bytes, in the kernel %u", want->bytes, out_bytes);
	else if (memcmp(out, want->frame, out_bytes) != 0)
		fault(t, "the frame differs from the kernel's");
}

/* prog: the kernel's, or -1. */
static void compare_runs(struct trial *t, int prog)
{
	static struct device_result want, got;
	const struct link_frame *real;
	uint64_t rng = generate_seed(t->seed);
	char text[128];

	real = &t->frames->frames[generate_random(&rng) % t->frames->count];
	twins_fill(&t->twins, t->seed % 2 ? rng : 0, real->data, real->bytes < KEY_BYTES ? real->bytes : KEY_BYTES);
	for (int i = 0; i < RUNS && !t->faulty && !t->refuted; i++) {
		uint8_t frame[FRAME_ROOM];
		uint32_t bytes = make_frame(t, &rng, i, frame);

		for (size_t d = 0; d < DEVICES && !t->faulty; d++) {
			struct device_result *result = d ? &got : &want;

			device_run(&t->devices[d], frame, bytes, result);
			if (t->devices[d].fault[0])
				fault(t, "UNSOUND: %s", t->devices[d].fault);
			else if (got.r0 != want.r0 && d)
				fault(t, "%s: R0 %lx and %lx", device_rows[d].says, want.r0, got.r0);
			else if (d && (got.bytes != want.bytes || memcmp(got.frame, want.frame, got.bytes) != 0))
				fault(t, "%s: frame", device_rows[d].says);
		}
		if (prog >= 0 && !t->faulty)
			run_kernel(t, prog, frame, bytes, &want);
	}
	if (!t->faulty && !t->refuted && twins_differ(&t->twins, prog >= 0, text, sizeof(text)))
		fault(t, "%s", text);
}

/* The kernel's descriptor of the program that is told so, or -1; *slots: its length. */
static int load_told(struct trial *t, const struct told_rule *rule, uint32_t *slots, char *log)
{
	*slots = told_rewrite(t->wire, t->slots, t->claims, rule, t->told, TRIAL_SLOTS_MAX, &t->same);
	if (log)
		log[0] = 0;
	return *slots ? kprog_load(t->told, *slots, t->twins.fds, t->twins.num_maps, log) : -1;
}

/*
 * The kernel's descriptor of the program that is told nothing that it accepts it without, instruction by instruction,
 * or -1. What matters to it matters here, too: now no check may fail.
 */
static int tell_less(struct trial *t)
{
	uint32_t slots;
	int prog;

	for (uint32_t i = 0; i < t->slots; i++) {
		struct claims_at kept = t->claims[i];

		claims_forget(&t->claims[i]);
		prog = load_told(t, &reasons_tell_all, &slots, NULL);
		if (prog >= 0)
			close(prog);
		else
			t->claims[i] = kept;
	}
	prog = load_told(t, &reasons_tell_all, &slots, NULL);
	if (prog >= 0 && !t->same) {
		close(prog);
		prog = -1;
	}
	return prog;
}

/* The row that says what the kernel has to be told. */
static int told_row(struct trial *t)
{
	uint32_t slots;

	for (size_t i = 0; i < reasons_count; i++) {
		bool told = !reasons_rows[i].closing && (int)i != reasons_paths;
		int prog = told ? load_told(t, &reasons_rows[i].told, &slots, NULL) : -1;

		if (prog >= 0) {
			close(prog);
			return (int)i;
		}
	}
	return -1;
}

static void tell_log(const struct trial *t, const char *what)
{
	size_t length = strlen(t->log);

	if (t->counts.faults <= SHOWN)
		fprintf(stderr, "%s\n%s\n", what, t->log + (length > 2000 ? length - 2000 : 0));
}

/* The row for what the kernel said last of a program that was told all, or -1. */
static int closing_row(struct trial *t)
{
	struct reasons_case c = {.log = t->log, .closing = t->closing, .whole = t->whole};

	reasons_closing(t->log, t->closing, sizeof(t->closing));
	return reasons_find(&c);
}

static bool judge_path(void *ctx, const uint8_t *wire, uint32_t slots)
{
	struct trial *t = ctx;
	int prog = kprog_load(wire, slots, t->twins.fds, t->twins.num_maps, NULL), row;

	if (prog >= 0) {
		close(prog);
		return true;
	}
	t->log[0] = 0;
	kprog_load(wire, slots, t->twins.fds, t->twins.num_maps, t->log);
	row = closing_row(t);
	if (row >= 0)
		t->path_row = row;
	return row >= 0;
}

/* Path by path the kernel may have nothing against it, or have a reason. */
static int paths_row(struct trial *t)
{
	t->path_row = reasons_paths;
	device_unload(&t->devices[0]);
	return paths_each(&t->devices[0], t->wire, t->slots, judge_path, t) ? t->path_row : -1;
}

/*
 * There must be a reason for it: it has to be told something, or refuses for a reason that has nothing to do with it.
 * Returns a descriptor of what is to run like the program, or -1.
 */
static int judge(struct trial *t)
{
	uint32_t slots;
	bool same;
	int prog, row;

	device_unload(&t->devices[0]);
	t->whole = claims_collect(&t->devices[0], t->wire, t->slots, t->claims);
	prog = load_told(t, &reasons_tell_all, &slots, t->log);
	same = t->same;
	row = prog < 0 ? closing_row(t) : told_row(t);
	if (row < 0)
		row = paths_row(t);
	if (row >= 0) {
		t->counts.reasons[row]++;
		if (prog >= 0 && !same) {
			close(prog);
			prog = -1;
		}
		t->doubtful = !t->whole;
		return prog;
	}
	fault(t, "accepted here, refused by the kernel without a reason in the list: %s", t->closing);
	tell_log(t, "the kernel's log, when told what is known here, ends:");
	t->log[0] = 0;
	kprog_load(t->wire, t->slots, t->twins.fds, t->twins.num_maps, t->log);
	tell_log(t, "and of the program itself:");
	return prog;
}

/* The other firmwares must say what the first one said. */
static void load_others(struct trial *t, const struct device_verdict *first)
{
	struct device_verdict verdict;

	for (size_t d = 1; d < DEVICES; d++) {
		device_load(&t->devices[d], t->wire, t->slots, 0, &verdict);
		if (verdict.error != first->error && !t->faulty)
			fault(t, "firmware %zu says %u, not %u", d, verdict.error, first->error);
	}
}

void trial_program(struct trial *t, const uint8_t *wire, uint32_t slots, uint64_t seed)
{
	struct device_verdict verdict;
	int prog;

	t->wire = wire;
	t->slots = slots;
	t->seed = seed;
	t->faulty = t->doubtful = t->refuted = false;
	t->counts.programs++;
	device_load(&t->devices[0], wire, slots, 0, &verdict);
	prog = kprog_load(wire, slots, t->twins.fds, t->twins.num_maps, NULL);
	if (verdict.error && prog < 0) {
		t->counts.neither++;
	} else if (verdict.error) {
		t->counts.only_kernel++;
		t->counts.errors[verdict.error % TRIAL_ERRORS_MAX]++;
	} else {
		bool same;

		t->counts.only_device += prog < 0;
		t->counts.both += prog >= 0;
		load_others(t, &verdict);
		if (prog < 0)
			prog = judge(t);
		same = prog >= 0 && is_repeatable(t) && !verdict.zero_stack;
		t->counts.compared += same;
		if (!t->faulty)
			compare_runs(t, same ? prog : -1);
		if (t->refuted) {
			close(prog);
			prog = tell_less(t);
			t->counts.refuted++;
			t->doubtful = t->refuted = false;
			compare_runs(t, prog);
		}
		for (size_t d = 1; d < DEVICES; d++)
			device_unload(&t->devices[d]);
	}
	device_unload(&t->devices[0]);
	if (prog >= 0)
		close(prog);
}

const struct trial_counts *trial_counts(const struct trial *t)
{
	return &t->counts;
}

void trial_report(const struct trial *t)
{
	const struct trial_counts *c = &t->counts;

	fprintf(stderr,
		"%s: %lu programs: %lu accepted by both (%lu run by both), %lu by none, %lu only here, %lu only by the "
		"kernel\n",
		t->name, c->programs, c->both, c->compared, c->neither, c->only_device, c->only_kernel);
	if (c->refuted)
		fprintf(stderr, "  told less, since a number that does not matter was another one: %lu\n", c->refuted);
	for (size_t i = 0; i < reasons_count; i++)
		if (c->reasons[i])
			fprintf(stderr, "  only here, %s: %lu\n", reasons_rows[i].name, c->reasons[i]);
	for (uint32_t i = 0; i < TRIAL_ERRORS_MAX; i++)
		if (c->errors[i])
			fprintf(stderr, "  only by the kernel, %s here: %lu\n", drv_xdp_status_name(i), c->errors[i]);
}
