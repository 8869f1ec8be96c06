/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The x86-64 back end: helper calls. R1 to R5 are where C passes arguments, the run goes into the register after them;
 * calls whose map is known go to the map's own function, and some become a few instructions.
 */
#include "core.h"
#include "exec/jit_x86_64.h"
#include "map/store.h"
#include "virtio_net_xdp.h"

#define RUN JIT_X86_64_RUN

/* Whether a relative call reaches address from all of the code. */
static bool in_reach(const struct jit_work *w, uint64_t address)
{
	int64_t from_start, from_end;

	if (!w->exec)
		return false;
	from_start = (int64_t)(address - w->exec);
	from_end = (int64_t)(address - (w->exec + w->bytes));
	return x86_is_s32(from_start) && x86_is_s32(from_end);
}

void jit_x86_64_call_address(struct jit_work *w, uint64_t address)
{
	struct jit_out *o = &w->out;
	size_t start = o->at;

	if (in_reach(w, address)) {
		x86_call(o, (int64_t)(address - (w->exec + o->at + X86_CALL_BYTES)));
		return;
	}
	x86_mov_imm(o, RAX, address);
	x86_call_reg(o, RAX);
	if (!w->exec)
		jit_branch_far(w, (unsigned int)(o->at - start), address);
}

/* Types whose element helpers are nothing but their own functions. */
static bool is_direct(const struct map *map)
{
	switch (map->attr.type) {
	case VIRTIO_NET_XDP_MAP_HASH:
	case VIRTIO_NET_XDP_MAP_ARRAY:
	case VIRTIO_NET_XDP_MAP_PERCPU_HASH:
	case VIRTIO_NET_XDP_MAP_PERCPU_ARRAY:
	case VIRTIO_NET_XDP_MAP_LRU_HASH:
	case VIRTIO_NET_XDP_MAP_LRU_PERCPU:
	case VIRTIO_NET_XDP_MAP_LPM_TRIE:
		return true;
	default:
		return false;
	}
}

static const struct map *known_map(const struct jit_work *w, const struct insn *insn)
{
	uint32_t index = (uint32_t)insn->off - 1;

	return insn->off > 0 && w->form && index < w->prog->num_maps ? w->prog->maps[index] : NULL;
}

static void load_queue(struct jit_out *o, unsigned int reg)
{
	x86_load(o, 4, reg, RUN, offsetof(struct run, queue));
}

/* Element functions take map, key and so on where R1 to R4 are; the queue is next to the last of them. */
static bool call_map(struct jit_work *w, const struct map *map, int32_t id)
{
	struct jit_out *o = &w->out;

	if (!map || !is_direct(map))
		return false;
	switch (id) {
	case 1: /* req: XO-141 */
		load_queue(o, RDX);
		jit_x86_64_call_address(w, (uint64_t)(uintptr_t)map->ops->lookup);
		return true;
	case 2: /* req: XO-142 */
		load_queue(o, R8);
		jit_x86_64_call_address(w, (uint64_t)(uintptr_t)map->ops->update);
		x86_movsx(o, 8, 4, RAX, RAX);
		return true;
	case 3: /* req: XO-143 */
		if (!map->ops->remove)
			return false;
		jit_x86_64_call_address(w, (uint64_t)(uintptr_t)map->ops->remove);
		x86_movsx(o, 8, 4, RAX, RAX);
		return true;
	default:
		return false;
	}
}

/* Leaves this function's frame for the target, which returns to whoever called this function. req: XO-147, XO-148 */
static void tail_call(struct jit_work *w)
{
	struct jit_out *o = &w->out;
	size_t none, compiled;

	x86_mov(o, 8, RDI, RSI);
	x86_mov(o, 4, RSI, RDX);
	x86_mov(o, 8, RDX, RUN);
	jit_x86_64_call_address(w, (uint64_t)(uintptr_t)exec_tail_target);
	x86_test(o, 8, RAX, RAX);
	none = x86_jcc_ahead(o, X86_E);
	x86_mov_imm(o, R11, (uint64_t)(uintptr_t)jit_interpret);
	x86_load(o, 8, RAX, RAX, offsetof(struct exec_prog, jit));
	x86_test(o, 8, RAX, RAX);
	compiled = x86_jcc_ahead(o, X86_E);
	x86_load(o, 8, R11, RAX, offsetof(struct jit, fn));
	x86_here(o, compiled);
	x86_load(o, 8, RDI, RUN, offsetof(struct run, frame));
	x86_mov(o, 8, RSI, RUN);
	jit_x86_64_leave(w, o);
	x86_jmp_reg(o, R11);
	x86_here(o, none);
}

int jit_x86_64_call(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	const struct helper *helper = helper_of((uint32_t)insn->imm);
	struct jit_out *o = &w->out;

	w->flags = 0;
	if (!helper || !helper->fn) {
		if (!jit_is_verified(w))
			return -ENOTSUP;
		x86_int3(o); /* never gets here */
		return 0;
	}
	if (helper->flags & HELPER_F_TAIL_CALL) {
		if (w->prog->plain_memory)
			return -ENOTSUP;
		tail_call(w);
		return 0;
	}
	if (insn->imm == 8) { /* req: XO-146 */
		load_queue(o, RAX);
		return 0;
	}
	if (insn->imm == 5 && !w->prog->plain_memory) { /* req: XO-144 */
		x86_load(o, 8, RAX, RUN, offsetof(struct run, frame));
		x86_load(o, 8, RAX, RAX, offsetof(struct fw_frame, now_ns));
		return 0;
	}
	if (call_map(w, known_map(w, insn), insn->imm))
		return 0;
	x86_mov(o, 8, R9, RUN);
	jit_x86_64_call_address(w, (uint64_t)(uintptr_t)helper->fn);
	return 0;
}

/* rax = the address of the element whose index is all of a register. */
static void element(struct jit_out *o, const struct opt_array *array, unsigned int index)
{
	uint64_t stride = array->stride;

	x86_mov_imm(o, R10, array->base);
	if (stride <= 8 && !(stride & (stride - 1))) {
		x86_lea_index(o, RAX, R10, index, (unsigned int)stride);
		return;
	}
	if (stride & (stride - 1)) {
		x86_imul_imm(o, 8, RAX, index, (int32_t)stride);
	} else {
		if (index != RAX)
			x86_mov(o, 8, RAX, index);
		x86_shift_imm(o, X86_SHL, 8, RAX, (uint8_t)__builtin_ctzll(stride));
	}
	x86_alu(o, X86_ADD, 8, RAX, R10);
}

/*
 * The address without a branch that a processor could guess wrong: an index out of range selects element 0 and then is
 * masked away. req: XO-163, XO-230
 */
int jit_x86_64_index(struct jit_work *w, uint32_t i, bool from_memory)
{
	const struct insn *insn = &w->insns[i];
	unsigned int src = jit_x86_64_reg[insn->src];
	struct jit_out *o = &w->out;
	struct opt_array array;

	w->flags = 0;
	if (insn->imm < 0 || (uint32_t)insn->imm >= w->prog->num_maps || !opt_array(w->prog->maps[insn->imm], &array) ||
	    array.stride > INT32_MAX)
		return -ENOTSUP;
	if (insn->imm64) {
		element(o, &array, src);
		return 0;
	}
	if (from_memory)
		x86_load(o, 4, RAX, src, insn->off);
	else
		x86_mov(o, 4, RAX, src);
	x86_alu_imm(o, X86_CMP, 4, RAX, (int32_t)array.entries);
	x86_alu(o, X86_SBB, 8, R11, R11);
	x86_alu(o, X86_AND, 4, RAX, R11);
	element(o, &array, RAX);
	x86_alu(o, X86_AND, 8, RAX, R11);
	w->flags = jit_x86_64_flags(0, 8);
	return 0;
}

int jit_x86_64_index_rmw(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	unsigned int width = insn_info[insn->op].width, index = jit_x86_64_reg[insn->dst];
	uint32_t map = (uint32_t)((uint64_t)insn->imm64 >> 32);
	int32_t value = (int32_t)(uint32_t)insn->imm64;
	struct jit_out *o = &w->out;
	struct opt_array array;
	enum x86_alu op;

	w->flags = 0;
	if (map >= w->prog->num_maps || !opt_array(w->prog->maps[map], &array) || !jit_x86_64_rmw_op(insn->imm, &op))
		return -ENOTSUP;
	if (jit_blinds(w, value))
		jit_x86_64_constant(w, R11, (uint64_t)(int64_t)value);
	if (array.stride == 8) {
		x86_mov_imm(o, R10, array.base + (uint64_t)(int64_t)insn->off);
		if (jit_blinds(w, value))
			x86_alu_store_index(o, op, width, R10, index, 8, R11);
		else
			x86_alu_index_imm(o, op, width, R10, index, 8, value);
		return 0;
	}
	element(o, &array, index);
	if (jit_blinds(w, value))
		x86_alu_store(o, op, width, RAX, insn->off, R11);
	else
		x86_alu_mem_imm(o, op, width, RAX, insn->off, value);
	return 0;
}

/* op reg, [rdi + STORE_UNIT * rax + disp] */
static void op_link(struct jit_out *o, unsigned int width, uint8_t opcode, unsigned int reg, uint32_t disp)
{
	bool s8 = disp <= INT8_MAX;

	_Static_assert(STORE_UNIT == 4, "a factor of 4");
	x86_opcode(o, width, opcode, reg, RDI, false, false);
	jit_byte(o, (uint8_t)((s8 ? 1 : 2) << 6 | (reg & 7) << 3 | 4));
	jit_byte(o, 2 << 6 | RAX << 3 | RDI);
	jit_bytes(o, disp, s8 ? 1 : 4);
}

#define LEA  0x8d
#define LOAD 0x8b
#define CMP  0x39 /* memory with register */

/* store_lookup() of a key of 4 or 8 bytes: rdi: the store, rcx: the key, rax: hash, bucket, link, value. */
int jit_x86_64_find(struct jit_work *w, uint32_t i, bool from_memory)
{
	const struct insn *insn = &w->insns[i];
	unsigned int width = (unsigned int)insn->imm64;
	struct jit_out *o = &w->out;
	const struct store *s;
	size_t empty, found, done, again;

	w->flags = 0;
	if (insn->imm < 0 || (uint32_t)insn->imm >= w->prog->num_maps || (width != 4 && width != 8))
		return -ENOTSUP;
	s = store_of(w->prog->maps[insn->imm]);
	if (from_memory)
		x86_load(o, width, RCX, jit_x86_64_reg[insn->src], insn->off);
	else
		x86_mov(o, width, RCX, jit_x86_64_reg[insn->src]);
	x86_mov_imm(o, RDI, (uintptr_t)s);
	x86_load(o, 8, RAX, RDI, offsetof(struct store, secret[0]));
	x86_alu(o, X86_XOR, 8, RAX, RCX);
	x86_op_rm(o, 8, 0xf7, X86_MUL, RDI, offsetof(struct store, secret[1]));
	x86_alu(o, X86_XOR, 4, RAX, RDX);
	x86_alu_imm(o, X86_AND, 4, RAX, (int32_t)s->mask);
	op_link(o, 4, LOAD, RAX, STORE_HEAD);
	x86_test(o, 4, RAX, RAX);
	empty = x86_jcc_ahead(o, X86_E);
	again = o->at;
	op_link(o, width, CMP, RCX, s->key_at);
	found = x86_jcc_ahead(o, X86_E);
	op_link(o, 4, LOAD, RAX, offsetof(struct slot, chain));
	x86_test(o, 4, RAX, RAX);
	x86_jcc(o, X86_NE, true, (int64_t)again - (int64_t)(o->at + X86_SHORT_JUMP_BYTES));
	done = x86_jmp_ahead(o);
	x86_here(o, found);
	op_link(o, 8, LEA, RAX, s->value_at);
	x86_here(o, done);
	x86_here(o, empty);
	return 0;
}
