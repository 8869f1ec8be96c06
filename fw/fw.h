/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firmware of a network device with VIRTIO_NET_F_XDP_OFFLOAD: the only header of fw/ that the device includes.
 *
 * It takes commands (bytes in, bytes out), verifies and compiles programs, and runs the attached one on frames. It
 * never calls back: what becomes of a frame is a value in struct fw_frame that the device acts on. It allocates from
 * one arena and knows no operating system; what it needs from outside is struct fw_platform.
 *
 * One device is one struct fw. No function may be called while another one of the same struct fw runs.
 */
#ifndef FW_H
#define FW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fw;
struct virtio_net_xdp_caps;

/* What the device offers and where it stops: struct virtio_net_xdp_caps in host byte order, unit for unit. */
struct fw_caps {
	uint32_t isa;       /* VIRTIO_NET_XDP_ISA_* */
	uint32_t actions;   /* bit n: action n */
	uint32_t max_insns; /* 8-byte slots, one program */
	uint16_t max_progs; /* in any state */
	uint16_t max_maps;
	uint32_t max_map_kib;   /* all maps together */
	uint32_t max_cmd_bytes; /* class to last byte of data */
	uint16_t headroom;      /* bytes before a frame */
	uint16_t tailroom;      /* bytes behind a frame */
	uint32_t max_frame;     /* bytes */
	uint64_t map_types;     /* bit n: type n */
	uint64_t helpers[4];    /* bit n: helper n */
	uint32_t commands;      /* bit n: command n; the optional ones matter */
	uint32_t flags;         /* VIRTIO_NET_XDP_CAP_F_* */
	uint32_t max_run_insns; /* instructions of one program in a run; what it tail-calls can take as many */
	uint32_t max_log_bytes; /* of one program */
	uint32_t hz;            /* of the helper jiffies64 */
	uint16_t max_metadata;  /* bytes, a multiple of 4 */
};

/* Code memory: the same bytes seen twice, so that no mapping is ever writable and executable. */
struct fw_code {
	uint8_t *write; /* NULL once sealed */
	const uint8_t *exec;
	size_t bytes; /* a multiple of the page size */
	void *owner;  /* the platform's */
};

struct fw_platform {
	/* Code memory of at least bytes, with anything in it. 0 or -ENOMEM. NULL where there is none: programs are
	 * interpreted then. */
	int (*code_alloc)(void *ctx, size_t bytes, struct fw_code *code);
	/* Ends writing: from now on code->exec can be run. 0 or -errno; on error the caller still frees. */
	int (*code_seal)(void *ctx, struct fw_code *code);
	void (*code_free)(void *ctx, struct fw_code *code);
	/* A line for the device's operator, without newline. May be NULL. */
	void (*log)(void *ctx, const char *line);
};

enum fw_engine {
	FW_ENGINE_JIT, /* falls back to the interpreter where there is no JIT */
	FW_ENGINE_INTERP,
};

/* A further port of the device, where XDP_REDIRECT can send frames. The device's own is port 0, with ATTACH's ifindex.
 */
struct fw_port {
	uint32_t ifindex;
	uint16_t mtu;
};

#define FW_PORTS_MAX 64 /* port 0 included */

struct fw_config {
	struct fw_caps caps;
	const struct fw_port *ports; /* of ports 1 to num_ports, their ifindexes distinct; must outlive the firmware */
	uint16_t num_ports;          /* below FW_PORTS_MAX */
	uint64_t seed;               /* of get_prandom_u32 */
	enum fw_engine engine;
	bool blind;          /* no immediate of a program stands in its machine code as it is; as secret as seed is */
	uint16_t num_queues; /* receive queues; 1 or more */
	uint16_t mtu;        /* ATTACH fails when mtu + 14 exceeds caps.max_frame */
	const struct fw_platform *platform;
	void *platform_ctx;
};

/* Everything this firmware can do, limits at their defaults: the caps an operator masks. */
void fw_caps_default(struct fw_caps *caps);

/* Bytes of arena that these limits need. */
size_t fw_arena_bytes(const struct fw_caps *caps);

/*
 * Sets up a device in arena, which stays the caller's and must outlive it; 64-byte aligned, zeroed by the caller, at an
 * address from 65536 on and below 2^60, as everything that runs are given: programs may compare addresses with numbers
 * outside of that (XO-186).
 * *config is copied, platform must outlive it. Returns NULL if bytes is too small or config makes no sense.
 */
struct fw *fw_init(void *arena, size_t bytes, const struct fw_config *config);

/* Destroys every program and map and detaches: device reset. ktime starts anew with the next frame's now_ns. */
void fw_reset(struct fw *fw);

/* From now on programs can select the first count receive queues: 1 to num_queues, which it is at first. */
void fw_queues_in_use(struct fw *fw, uint16_t count);

/* Frees what lies outside of the arena. Takes NULL. */
void fw_exit(struct fw *fw);

const struct fw_caps *fw_caps(const struct fw *fw);
/* The same as CAP_GET tells it; configuration space shows the first VIRTIO_NET_XDP_CONFIG_BYTES of it. */
void fw_caps_wire(const struct fw *fw, struct virtio_net_xdp_caps *wire);

/*
 * One command. in: command-specific-data, in_bytes of it. out: room for command-specific-result, out_room bytes of it
 * that the driver made available; the two do not overlap. A refused command changes nothing.
 * *written: bytes of out that hold the result, 0 when not even struct virtio_net_xdp_result fits.
 * Returns the ack: VIRTIO_NET_OK or VIRTIO_NET_ERR.
 */
uint8_t fw_command(struct fw *fw, uint8_t command, const void *in, size_t in_bytes, void *out, size_t out_room,
		   size_t *written);

/* Verifies a slice of at most budget instructions. Returns whether programs are still waiting to be verified. */
bool fw_poll(struct fw *fw, uint32_t budget);

enum fw_verdict {
	FW_PASS,
	FW_DROP,
	FW_TX,
	FW_REDIRECT,
	FW_ABORTED,
	FW_UNSUPPORTED_DROP, /* R0 is not an action offered; the ATTACH flag says what then */
	FW_UNSUPPORTED_PASS,
};

/*
 * A frame before and after a run. Program context (R1) is this structure's first part; the engines know its layout.
 * hard_start <= data_meta <= data < data_end <= hard_end. The caller owns the memory, of which no part is at an address
 * that is a multiple of 2^32: compilers test the low half of data for null.
 */
struct fw_frame {
	uint8_t *data;
	uint8_t *data_end;
	uint8_t *data_meta;       /* == data: no metadata */
	uint32_t ingress_ifindex; /* fw_run() sets it as ATTACH gave it, for who may ask */
	uint32_t rx_queue_index;  /* in: the steered queue; out: the same, or the queue that the program selected */
	uint8_t *hard_start;      /* headroom begins */
	uint8_t *hard_end;        /* tailroom ends */
	uint64_t now_ns;          /* ktime of this run: since DRIVER_OK */
	uint64_t r0;              /* out */
	enum fw_verdict verdict;  /* out; from here on 8 bytes that the engines write at once: */
	bool redirect_queue; /* out, with FW_REDIRECT: to the guest on receive queue redirect_to, which may not exist */
	bool bad_queue;      /* out: the program selected a queue that does not exist; ignored */
	bool changed;        /* out: the frame's bytes may differ from what came in */
	uint64_t redirect_ports; /* out, with FW_REDIRECT: bit n: leaves on port n; 0: no such port, or to a queue */
	uint32_t redirect_to;    /* out, with FW_REDIRECT */
};

/* Whether a program is attached: without one, fw_run() must not be called. */
bool fw_attached(const struct fw *fw);

/*
 * Whether no run of the attached program writes to a frame or moves its ends. Frames may then be in memory that cannot
 * be written, without room around them.
 */
bool fw_in_place(const struct fw *fw);

/* Runs the attached program on frames[0..count), in order. */
void fw_run(struct fw *fw, struct fw_frame *frames, size_t count);

/* For refnic run --trace: called by the interpreter before each instruction, with the program that it is of. fn NULL:
 * off. regs has 11 entries. */
typedef void fw_trace_fn(void *ctx, uint32_t prog_id, uint32_t insn, const char *text, const uint64_t *regs);
void fw_trace(struct fw *fw, fw_trace_fn *fn, void *ctx);

/* How the last TEST_RUN that succeeded left its frame, and where it would have gone, for refnic run: r0 and what it
 * says of redirection. Addresses in it lead nowhere. */
const struct fw_frame *fw_test_frame(const struct fw *fw);

/* Machine code of a READY program, for refnic jit-dump. NULL if it is interpreted. */
const uint8_t *fw_prog_code(const struct fw *fw, uint32_t prog_id, size_t *bytes);

/* Prints instruction i of count slots at wire as text. Returns its whole length, or -EINVAL if the program does not
 * decode. */
int fw_disasm(char *buf, size_t size, const void *wire, uint32_t count, uint32_t i);

/*
 * Raw instructions on plain memory, for instruction-set suites: R1 = mem, R2 = mem_bytes (both 0 without).
 */
struct fw_exec {
	const void *wire; /* 8-byte slots */
	uint32_t count;
	uint8_t *mem; /* read and written */
	uint32_t mem_bytes;
	enum fw_engine engine;
	bool verify;        /* FW_ENGINE_JIT demands it */
	uint64_t budget;    /* instructions the interpreter may take without verification */
	void *arena;        /* scratch, as for fw_init() */
	size_t arena_bytes; /* FW_EXEC_ARENA_BYTES will do */
	const struct fw_platform *platform;
	void *platform_ctx;
	uint64_t r0;     /* out */
	char error[256]; /* out: why it was refused or what fault it made */
};

#define FW_EXEC_ARENA_BYTES ((size_t)64 << 20)

/* 0; -EINVAL: refused by decoder or verifier; -EFAULT: fault or budget at run time; -ENOTSUP: this engine can't;
 * -ENOMEM. */
int fw_exec(struct fw_exec *exec);

#endif
