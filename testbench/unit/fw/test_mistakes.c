/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mistakes that authors of XDP programs make most, and the closing line that tells them: which register and offset,
 * what was proven and where, what is needed. The rows are named after the C that leads to them.
 */
#include "verify_bench.h"

/* R6 = context, R2 = data, R3 = data_end: 3 slots */
#define W_BEGIN W_MOVR(6, 1), W_PACKET
/* R4 = R2 + bytes; if it is behind data_end, past the next distance slots: 3 slots */
#define W_CHECK(bytes, distance) W_MOVR(4, 2), W_ADD(4, bytes), W_JGTR(4, 3, distance)
#define W_RESERVE                W_LDMAP(1, MAP_RING), W_MOV(2, 16), W_MOV(3, 0), W_CALL(131)
/* 4 slots, R1 = context */
#define W_TAIL(map) W_LDMAP(2, map), W_MOV(3, 0), W_CALL(12)

/* clang-format off */
static const struct verify_row rows[] = {
	/* bounds of the packet */
	{"*data, with no check", PROG(W_BEGIN, W_LDX8(0, 2, 0), W_RETURN),
	 BAD(PACKET, 3, "R2 offset 0 is outside of the packet: no byte proven; compare R2 + 1 with data_end first")},
	{"eth->h_proto: data + 13 was checked, 14 is needed", PROG(W_BEGIN, W_CHECK(13, 1), W_LDX16(0, 2, 12), W_RETURN),
	 BAD(PACKET, 6, "R2 offset 12, 2 bytes, is outside of the packet: bytes 0..12 proven at instruction 5; compare R2 + 14 with data_end first")},
	{"data[14]: data + 14 > data_end was checked", PROG(W_BEGIN, W_CHECK(14, 1), W_LDX8(0, 2, 14), W_RETURN),
	 BAD(PACKET, 6, "R2 offset 14 is outside of the packet: bytes 0..13 proven at instruction 5; compare R2 + 15 with data_end first")},
	{"ip->protocol: eth was checked, ip was not", PROG(W_BEGIN, W_CHECK(14, 2), W_ADD(2, 14), W_LDX8(0, 2, 9), W_RETURN),
	 BAD(PACKET, 7, "R2 offset 23 is outside of the packet: bytes 0..13 proven at instruction 5; compare R2 + 10 with data_end first")},
	{"if (data + 14 < data_end) return: the wrong side", PROG(W_BEGIN, W_MOVR(4, 2), W_ADD(4, 14), W_JLTR(4, 3, 1), W_LDX8(0, 2, 0), W_RETURN),
	 BAD(PACKET, 6, "R2 offset 0 is outside of the packet: no byte proven, and fewer than 15 are there on this side of a comparison with data_end")},
	{"tcp = ip + ihl * 4: not checked again", PROG(W_BEGIN, W_CHECK(20, 5), W_LDX8(5, 2, 0), W_AND(5, 15), W(0x67, 5, 0, 0, 2), W_ADDR(2, 5), W_LDX16(0, 2, 2), W_RETURN),
	 BAD(PACKET, 10, "R2 offset 2 behind the number added, 2 bytes, is outside of the packet: no byte proven; compare R2 + 4 with data_end first")},
	{"data + length, a number of 32 bits", PROG(W_BEGIN, W_CHECK(4, 3), W_LDX32(5, 2, 0), W_ADDR(2, 5), W_LDX8(0, 2, 0), W_RETURN),
	 BAD(PACKET, 8, "R2 has an unbounded offset: the number added can be 4294967295, and 65535 is the limit; mask it or compare it first")},
	{"data - 4", PROG(W_BEGIN, W_CHECK(8, 1), W_LDX32(0, 2, -4), W_RETURN), BAD(PACKET, 6, "R2 offset -4, 4 bytes, is before the packet")},
	{"*data_meta, with no check", PROG(W_LDX32(2, 1, 8), W_LDX32(0, 2, 0), W_RETURN),
	 BAD(PACKET, 1, "R2 offset 0, 4 bytes, is outside of the metadata: no byte proven; compare R2 + 4 with data first")},
	{"eth from before bpf_xdp_adjust_head()", PROG(W_BEGIN, W_MOVR(7, 2), W_CHECK(14, 4), W_MOVR(1, 6), W_MOV(2, 4), W_CALL(44), W_LDX8(0, 7, 0), W_RETURN),
	 BAD(UNINIT, 10, "R7 is a packet pointer from before a helper that moves the packet at instruction 9: load it again")},
	{"ctx->data loaded again, but not checked again", PROG(W_BEGIN, W_CHECK(14, 5), W_MOVR(1, 6), W_MOV(2, 4), W_CALL(44), W_LDX32(2, 6, 0), W_LDX8(0, 2, 0), W_RETURN),
	 BAD(PACKET, 10, "R2 offset 0 is outside of the packet: no byte proven; compare R2 + 1 with data_end first")},

	/* maps */
	{"*bpf_map_lookup_elem()", PROG(W_LOOKUP, W_LDX64(0, 0, 0), W_RETURN), BAD(NULL, 6, "R0 can be null, as returned at instruction 5: compare it with 0 first")},
	{"value->field: another lookup's was compared", PROG(W_LOOKUP, W_MOVR(7, 0), W_LOOKUP, W_JEQ(0, 0, 1), W_LDX64(0, 7, 0), W_RETURN),
	 BAD(NULL, 14, "R7 can be null, as returned at instruction 5: compare it with 0 first")},
	{"value[index]: one too many", PROG(W_LOOKUP, W_JEQ(0, 0, 4), W_LDX64(1, 0, 0), W_JGT(1, 16, 2), W_ADDR(0, 1), W_LDX8(1, 0, 0), W_RETURN),
	 BAD(MAP, 10, "R0 offset 0..16 is outside of a value of map 'flows': 16 bytes; limit the offset to 0..15")},
	{"value[index], index signed", PROG(W_LOOKUP, W_JEQ(0, 0, 4), W_LDX64(1, 0, 0), W(0x65, 1, 0, 2, 15), W_ADDR(0, 1), W_LDX8(1, 0, 0), W_RETURN),
	 BAD(POINTER, 9, "R0: the number added to a pointer into a map value can be -9223372036854775808: it has no limit below, mask it or compare it first")},
	{"value->behind: the value is smaller", PROG(W_LOOKUP, W_JEQ(0, 0, 1), W_LDX64(1, 0, 16), W_RETURN),
	 BAD(MAP, 7, "R0 offset 16, 8 bytes, is outside of a value of map 'flows': 16 bytes")},
	{"a write to a map that programs only read", PROG(W_LDVALUE(1, MAP_RDONLY, 0), W_ST64(1, 0, 1), W_RETURN),
	 BAD(MAP, 2, "R1 points into a value of map 'config', which programs may not write")},
	{"a pointer as a map's value", PROG(W_BEGIN, W_LOOKUP, W_JEQ(0, 0, 1), W_STX64(0, 6, 0), W_RETURN),
	 BAD(POINTER, 10, "R6 is the context pointer: storing it there would show an address")},
	{"bpf_tail_call() with a hash", PROG(W_TAIL(MAP_HASH), W_RETURN), BAD(MAP, 3, "R2 is map 'flows' of type hash, which helper tail_call does not take")},
	{"bpf_map_lookup_elem(ctx, key)", PROG(W_MOVR(2, 10), W_ADD(2, -8), W_CALL(1), W_RETURN), BAD(ARGUMENT, 2, "R1 is the context pointer, but helper map_lookup_elem wants a map")},
	{"bpf_map_lookup_elem(map, 5): the key is no pointer", PROG(W_LDMAP(1, 0), W_MOV(2, 5), W_CALL(1), W_RETURN),
	 BAD(ARGUMENT, 3, "R2 is a number, but helper map_lookup_elem wants a pointer to memory")},
	{"a key that is larger than what is there", PROG(W_MOVR(2, 10), W_ADD(2, -4), W_LDMAP(1, 0), W_CALL(1), W_RETURN),
	 BAD(STACK, 4, "R2 offset -4, 8 bytes, is outside of the stack below R10: 512 bytes")},

	/* registers and stack */
	{"R1 after a call", PROG(W_CALL(7), W_MOVR(0, 1), W_EXIT), BAD(UNINIT, 1, "R1 is not initialised since the call at instruction 0")},
	{"no return value", PROG(W_EXIT), BAD(UNINIT, 0, "R0 is not initialised: no instruction on the way here has written it")},
	{"a result from a variable that was never set", PROG(W_LDX64(0, 10, -8), W_EXIT), BAD(UNINIT, 1, "R0 is the result, but comes from stack that was never written")},
	{"char buffer[600]", PROG(W_ST8(10, -600, 0), W_RETURN), BAD(STACK, 0, "R10 offset -600 is outside of the stack below R10: 512 bytes")},
	{"a packed struct on the stack", PROG(W_ST64(10, -13, 0), W_RETURN), BAD(STACK, 0, "R10 offset -13, 8 bytes, is not aligned: a multiple of 8 is needed")},
	{"data + data_end", PROG(W_BEGIN, W_ADDR(2, 3), W_RETURN), BAD(POINTER, 3, "R2 and R3 are both pointers: they can't be added")},

	/* context */
	{"ctx->egress_ifindex", PROG(W_LDX32(0, 1, 20), W_EXIT),
	 BAD(CONTEXT, 0, "the context has no field of 4 bytes at offset 20: data, data_end, data_meta, ingress_ifindex and rx_queue_index are 4 bytes at 0, 4, 8, 12 and 16")},
	{"ctx->ingress_ifindex = 1", PROG(W_MOV(0, 1), W_STX32(1, 0, 12), W_EXIT),
	 BAD(CONTEXT, 1, "the context's field at offset 12 can't be written: only rx_queue_index, at 16, can")},
	{"ctx->rx_queue_index = 1, not offered", PROG(W_MOV(0, 1), W_STX32(1, 0, 16), W_EXIT),
	 BAD(CONTEXT, 1, "the context's field at offset 16 can't be written: this device does not let programs select the queue")},

	/* helpers */
	{"a helper that there is nowhere", PROG(W_CALL(4000), W_RETURN), BAD(HELPER, 0, "there is no helper 4000 on this device")},
	{"a helper that is not offered", PROG(W_CALL(8), W_RETURN), BAD(HELPER, 0, "there is no helper 8 (get_smp_processor_id) on this device")},
	{"bpf_xdp_load_bytes() of a length that can be 0", PROG(W_MOVR(6, 1), W_CALL(7), W_AND(0, 7), W_MOVR(4, 0), W_MOVR(1, 6), W_MOV(2, 0), W_MOVR(3, 10), W_ADD(3, -8), W_CALL(189), W_RETURN),
	 BAD(ARGUMENT, 8, "R4 is a size, but can be 0: 1 is the least here")},
	{"bpf_xdp_load_bytes() of a length with no limit", PROG(W_MOVR(6, 1), W_CALL(7), W_OR(0, 1), W_MOV32R(4, 0), W_MOVR(1, 6), W_MOV(2, 0), W_MOVR(3, 10), W_ADD(3, -8), W_CALL(189), W_RETURN),
	 BAD(ARGUMENT, 8, "R4 is a size without limit, up to 4294967295: compare it with one first")},
	{"bpf_xdp_load_bytes() of a length that can be negative",
	 PROG(W_MOVR(6, 1), W_CALL(7), W(0xbf, 4, 0, 32, 0), W_MOVR(1, 6), W_MOV(2, 0), W_MOVR(3, 10), W_ADD(3, -8), W_CALL(189), W_RETURN),
	 BAD(ARGUMENT, 7, "R4 is a size, but can be negative, -2147483648: limit it first")},
	{"bpf_spin_lock(), and no unlock", PROG(W_LDVALUE(1, MAP_ONE, 4), W_CALL(93), W_RETURN), BAD(HELPER, 4, "a lock is held, taken at instruction 2: unlock it before you end the run")},
	{"two locks", PROG(W_LDVALUE(1, MAP_ONE, 4), W_CALL(93), W_LDVALUE(1, MAP_ONE, 0), W_CALL(93), W_RETURN), BAD(HELPER, 5, "a lock is held, taken at instruction 2: unlock it before you call a helper")},
	{"a record that is not submitted", PROG(W_RESERVE, W_JEQ(0, 0, 0), W_RETURN),
	 BAD(HELPER, 7, "the record reserved at instruction 4 was not given back: submit or discard it before you end the run")},
	{"a record after bpf_ringbuf_submit()", PROG(W_RESERVE, W_JEQ(0, 0, 5), W_MOVR(6, 0), W_MOVR(1, 0), W_MOV(2, 0), W_CALL(132), W_LDX8(0, 6, 0), W_RETURN),
	 BAD(UNINIT, 10, "R6 is a record that was given back at instruction 9")},

	{"bpf_ringbuf_reserve() of a length that is not known", PROG(W_CALL(7), W_AND(0, 31), W_MOVR(2, 0), W_LDMAP(1, MAP_RING), W_MOV(3, 0), W_CALL(131), W_RETURN),
	 BAD(ARGUMENT, 6, "R2 can be several numbers, 0..31, but helper ringbuf_reserve wants one that is known")},
	{"__sync_fetch_and_add(data, 1)", PROG(W_BEGIN, W_CHECK(8, 2), W_MOV(0, 1), W_XADD64(2, 0, 0), W_RETURN),
	 BAD(PACKET, 7, "R2 points into the packet: atomic operations work on values of maps and the stack")},

	/* flow */
	{"while (1)", PROG(W_MOV(0, 0), W_JA(-1)), BAD(LOOP, 1, "this loop never ends: nothing that matters has changed since the last time here")},
	{"a loop of 2,000,000", PROG(W_MOV(0, 0), W_ADD(0, 1), W_JLT(0, 2000000, -2), W_EXIT), BAD(COMPLEXITY, 2, "1000000 instructions were visited and there are more paths to walk")},
	{"code behind return", PROG(W_RETURN, W_RETURN), BAD(FLOW, 2, "this instruction can't be reached")},
	{"a function without its end", PROG(W_MOV(0, 1)), BAD(FLOW, 0, "the last instruction of a function must be exit or a jump")},
	{"recursion", PROG(W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(-1), W_EXIT), BAD(CALL, 2, "calls nest deeper than 8 functions, or a function calls itself")},
	{"return a length, with strict actions", PROG(W_CALL(7), W_EXIT), BAD(ACTION, 1, "R0 can be 0..4294967295, and what is above 4 is no action: strict actions were asked for"), .flags = STRICT},
	{"return XDP_REDIRECT, not offered", PROG(W_MOV(0, 4), W_EXIT), BAD(ACTION, 1, "R0 can be 4, an action that this device does not offer: it offers 0xf"), .flags = STRICT},
};
/* clang-format on */

static void name_map(struct bench *b, unsigned int map, const char *name)
{
	memcpy(b->list[map]->attr.name, name, strlen(name));
}

/* At every level the log's last line is the reason. */
Test(mistakes, closing_lines)
{
	struct bench b;

	bench_init(&b);
	name_map(&b, MAP_HASH, "flows");
	name_map(&b, MAP_RDONLY, "config");
	b.caps.helpers[0] &= ~(UINT64_C(1) << 8);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct verify_row *row = &rows[i];
		/* a million steps take their time */
		uint32_t levels = row->error == VIRTIO_NET_XDP_VERIFY_COMPLEXITY ? 1 : 3;
		char line[300];

		b.args.strict_actions = row->flags & STRICT;
		snprintf(line, sizeof(line), "instruction %u: %s\n", row->insn, row->says);
		for (uint32_t level = 0; level < levels; level++) {
			struct verify_result result;

			b.args.log_level = level;
			bench_verify(&b, row->words, row->count, 10000, &result);
			cr_expect_eq(result.error, row->error, "%s: error %#x: %s", row->id, result.error, b.log);
			cr_expect_eq(result.error_insn, row->insn, "%s: insn %u", row->id, result.error_insn);
			cr_expect(result.log_bytes >= strlen(line) &&
					  !strcmp(b.log + result.log_bytes - strlen(line), line),
				  "%s: level %u: %s", row->id, level, b.log);
			cr_expect(level || result.log_bytes == strlen(line), "%s: %s", row->id, b.log);
		}
	}
	free(b.memory);
}
