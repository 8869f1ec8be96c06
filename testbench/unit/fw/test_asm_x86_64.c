// SPDX-License-Identifier: BSD-2-Clause
/* Encodings of x86-64, as an independent assembler makes them of the text in each row. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "exec/asm_x86_64.h"

#define MAX_BYTES 16

static void check(const struct jit_out *o, const char *text, const char *hex)
{
	char got[2 * MAX_BYTES + 1] = "";

	for (size_t n = 0; n < o->at && n < MAX_BYTES; n++)
		snprintf(got + 2 * n, 3, "%02x", o->image[n]);
	cr_assert(!o->fault, "%s: fault", text);
	cr_assert_eq(o->at, strlen(hex) / 2, "%s: %zu bytes: %s, expected %s", text, o->at, got, hex);
	cr_assert_str_eq(got, hex, "%s: %s, expected %s", text, got, hex);
}

/* Counted without an image and then emitted: both have to take as much. */
#define ROW(text, hex, call)                                                                                           \
	do {                                                                                                           \
		uint8_t image[MAX_BYTES];                                                                              \
		struct jit_out o = {0};                                                                                \
                                                                                                                       \
		call;                                                                                                  \
		cr_assert_eq(o.at, strlen(hex) / 2, "%s: counts %zu bytes", text, o.at);                               \
		o = (struct jit_out){.image = image, .room = sizeof(image)};                                           \
		call;                                                                                                  \
		check(&o, text, hex);                                                                                  \
	} while (0)

Test(asm_x86_64, moves)
{
	ROW("mov edi, eax", "89c7", x86_mov(&o, 4, RDI, RAX));
	ROW("mov esp, r12d", "4489e4", x86_mov(&o, 4, RSP, R12));
	ROW("mov r8d, ebx", "4189d8", x86_mov(&o, 4, R8, RBX));
	ROW("mov rdi, rax", "4889c7", x86_mov(&o, 8, RDI, RAX));
	ROW("mov rsp, r12", "4c89e4", x86_mov(&o, 8, RSP, R12));
	ROW("mov r8, rbx", "4989d8", x86_mov(&o, 8, R8, RBX));
	ROW("xor eax, eax", "31c0", x86_zero(&o, RAX));
	ROW("xor esi, esi", "31f6", x86_zero(&o, RSI));
	ROW("xor r12d, r12d", "4531e4", x86_zero(&o, R12));
	ROW("mov eax, 0x1", "b801000000", x86_mov_imm(&o, RAX, 0x1));
	ROW("mov eax, 0xffffffff", "b8ffffffff", x86_mov_imm(&o, RAX, 0xffffffff));
	ROW("mov rax, -1", "48c7c0ffffffff", x86_mov_imm(&o, RAX, 0xffffffffffffffff));
	ROW("mov rax, -2147483648", "48c7c000000080", x86_mov_imm(&o, RAX, 0xffffffff80000000));
	ROW("movabs rax, 0x100000000", "48b80000000001000000", x86_mov_imm(&o, RAX, 0x100000000));
	ROW("movabs rax, 0xffffffff7fffffff", "48b8ffffff7fffffffff", x86_mov_imm(&o, RAX, 0xffffffff7fffffff));
	ROW("mov esi, 0x1", "be01000000", x86_mov_imm(&o, RSI, 0x1));
	ROW("mov esi, 0xffffffff", "beffffffff", x86_mov_imm(&o, RSI, 0xffffffff));
	ROW("mov rsi, -1", "48c7c6ffffffff", x86_mov_imm(&o, RSI, 0xffffffffffffffff));
	ROW("mov rsi, -2147483648", "48c7c600000080", x86_mov_imm(&o, RSI, 0xffffffff80000000));
	ROW("movabs rsi, 0x100000000", "48be0000000001000000", x86_mov_imm(&o, RSI, 0x100000000));
	ROW("movabs rsi, 0xffffffff7fffffff", "48beffffff7fffffffff", x86_mov_imm(&o, RSI, 0xffffffff7fffffff));
	ROW("mov r12d, 0x1", "41bc01000000", x86_mov_imm(&o, R12, 0x1));
	ROW("mov r12d, 0xffffffff", "41bcffffffff", x86_mov_imm(&o, R12, 0xffffffff));
	ROW("mov r12, -1", "49c7c4ffffffff", x86_mov_imm(&o, R12, 0xffffffffffffffff));
	ROW("mov r12, -2147483648", "49c7c400000080", x86_mov_imm(&o, R12, 0xffffffff80000000));
	ROW("movabs r12, 0x100000000", "49bc0000000001000000", x86_mov_imm(&o, R12, 0x100000000));
	ROW("movabs r12, 0xffffffff7fffffff", "49bcffffff7fffffffff", x86_mov_imm(&o, R12, 0xffffffff7fffffff));
	ROW("movzx edi, al", "0fb6f8", x86_movzx(&o, 1, RDI, RAX));
	ROW("movsx edi, al", "0fbef8", x86_movsx(&o, 4, 1, RDI, RAX));
	ROW("movsx rdi, al", "480fbef8", x86_movsx(&o, 8, 1, RDI, RAX));
	ROW("movzx edi, ax", "0fb7f8", x86_movzx(&o, 2, RDI, RAX));
	ROW("movsx edi, ax", "0fbff8", x86_movsx(&o, 4, 2, RDI, RAX));
	ROW("movsx rdi, ax", "480fbff8", x86_movsx(&o, 8, 2, RDI, RAX));
	ROW("movsxd rdi, eax", "4863f8", x86_movsx(&o, 8, 4, RDI, RAX));
	ROW("movzx esp, r12b", "410fb6e4", x86_movzx(&o, 1, RSP, R12));
	ROW("movsx esp, r12b", "410fbee4", x86_movsx(&o, 4, 1, RSP, R12));
	ROW("movsx rsp, r12b", "490fbee4", x86_movsx(&o, 8, 1, RSP, R12));
	ROW("movzx esp, r12w", "410fb7e4", x86_movzx(&o, 2, RSP, R12));
	ROW("movsx esp, r12w", "410fbfe4", x86_movsx(&o, 4, 2, RSP, R12));
	ROW("movsx rsp, r12w", "490fbfe4", x86_movsx(&o, 8, 2, RSP, R12));
	ROW("movsxd rsp, r12d", "4963e4", x86_movsx(&o, 8, 4, RSP, R12));
	ROW("movzx r8d, bl", "440fb6c3", x86_movzx(&o, 1, R8, RBX));
	ROW("movsx r8d, bl", "440fbec3", x86_movsx(&o, 4, 1, R8, RBX));
	ROW("movsx r8, bl", "4c0fbec3", x86_movsx(&o, 8, 1, R8, RBX));
	ROW("movzx r8d, bx", "440fb7c3", x86_movzx(&o, 2, R8, RBX));
	ROW("movsx r8d, bx", "440fbfc3", x86_movsx(&o, 4, 2, R8, RBX));
	ROW("movsx r8, bx", "4c0fbfc3", x86_movsx(&o, 8, 2, R8, RBX));
	ROW("movsxd r8, ebx", "4c63c3", x86_movsx(&o, 8, 4, R8, RBX));
}

Test(asm_x86_64, arithmetic)
{
	ROW("add edi, eax", "01c7", x86_alu(&o, X86_ADD, 4, RDI, RAX));
	ROW("add esp, r12d", "4401e4", x86_alu(&o, X86_ADD, 4, RSP, R12));
	ROW("add r8d, ebx", "4101d8", x86_alu(&o, X86_ADD, 4, R8, RBX));
	ROW("add eax, -128", "83c080", x86_alu_imm(&o, X86_ADD, 4, RAX, -128));
	ROW("add eax, 128", "0580000000", x86_alu_imm(&o, X86_ADD, 4, RAX, 128));
	ROW("add esi, -128", "83c680", x86_alu_imm(&o, X86_ADD, 4, RSI, -128));
	ROW("add esi, 128", "81c680000000", x86_alu_imm(&o, X86_ADD, 4, RSI, 128));
	ROW("add r12d, -128", "4183c480", x86_alu_imm(&o, X86_ADD, 4, R12, -128));
	ROW("add r12d, 128", "4181c480000000", x86_alu_imm(&o, X86_ADD, 4, R12, 128));
	ROW("add rdi, rax", "4801c7", x86_alu(&o, X86_ADD, 8, RDI, RAX));
	ROW("add rsp, r12", "4c01e4", x86_alu(&o, X86_ADD, 8, RSP, R12));
	ROW("add r8, rbx", "4901d8", x86_alu(&o, X86_ADD, 8, R8, RBX));
	ROW("add rax, -128", "4883c080", x86_alu_imm(&o, X86_ADD, 8, RAX, -128));
	ROW("add rax, 128", "480580000000", x86_alu_imm(&o, X86_ADD, 8, RAX, 128));
	ROW("add rsi, -128", "4883c680", x86_alu_imm(&o, X86_ADD, 8, RSI, -128));
	ROW("add rsi, 128", "4881c680000000", x86_alu_imm(&o, X86_ADD, 8, RSI, 128));
	ROW("add r12, -128", "4983c480", x86_alu_imm(&o, X86_ADD, 8, R12, -128));
	ROW("add r12, 128", "4981c480000000", x86_alu_imm(&o, X86_ADD, 8, R12, 128));
	ROW("or edi, eax", "09c7", x86_alu(&o, X86_OR, 4, RDI, RAX));
	ROW("or eax, -128", "83c880", x86_alu_imm(&o, X86_OR, 4, RAX, -128));
	ROW("or eax, 128", "0d80000000", x86_alu_imm(&o, X86_OR, 4, RAX, 128));
	ROW("or r13d, -128", "4183cd80", x86_alu_imm(&o, X86_OR, 4, R13, -128));
	ROW("or r13d, 128", "4181cd80000000", x86_alu_imm(&o, X86_OR, 4, R13, 128));
	ROW("or rdi, rax", "4809c7", x86_alu(&o, X86_OR, 8, RDI, RAX));
	ROW("or rax, -128", "4883c880", x86_alu_imm(&o, X86_OR, 8, RAX, -128));
	ROW("or rax, 128", "480d80000000", x86_alu_imm(&o, X86_OR, 8, RAX, 128));
	ROW("or r13, -128", "4983cd80", x86_alu_imm(&o, X86_OR, 8, R13, -128));
	ROW("or r13, 128", "4981cd80000000", x86_alu_imm(&o, X86_OR, 8, R13, 128));
	ROW("and edi, eax", "21c7", x86_alu(&o, X86_AND, 4, RDI, RAX));
	ROW("and eax, -128", "83e080", x86_alu_imm(&o, X86_AND, 4, RAX, -128));
	ROW("and eax, 128", "2580000000", x86_alu_imm(&o, X86_AND, 4, RAX, 128));
	ROW("and r13d, -128", "4183e580", x86_alu_imm(&o, X86_AND, 4, R13, -128));
	ROW("and r13d, 128", "4181e580000000", x86_alu_imm(&o, X86_AND, 4, R13, 128));
	ROW("and rdi, rax", "4821c7", x86_alu(&o, X86_AND, 8, RDI, RAX));
	ROW("and rax, -128", "4883e080", x86_alu_imm(&o, X86_AND, 8, RAX, -128));
	ROW("and rax, 128", "482580000000", x86_alu_imm(&o, X86_AND, 8, RAX, 128));
	ROW("and r13, -128", "4983e580", x86_alu_imm(&o, X86_AND, 8, R13, -128));
	ROW("and r13, 128", "4981e580000000", x86_alu_imm(&o, X86_AND, 8, R13, 128));
	ROW("sub edi, eax", "29c7", x86_alu(&o, X86_SUB, 4, RDI, RAX));
	ROW("sub eax, -128", "83e880", x86_alu_imm(&o, X86_SUB, 4, RAX, -128));
	ROW("sub eax, 128", "2d80000000", x86_alu_imm(&o, X86_SUB, 4, RAX, 128));
	ROW("sub r13d, -128", "4183ed80", x86_alu_imm(&o, X86_SUB, 4, R13, -128));
	ROW("sub r13d, 128", "4181ed80000000", x86_alu_imm(&o, X86_SUB, 4, R13, 128));
	ROW("sub rdi, rax", "4829c7", x86_alu(&o, X86_SUB, 8, RDI, RAX));
	ROW("sub rax, -128", "4883e880", x86_alu_imm(&o, X86_SUB, 8, RAX, -128));
	ROW("sub rax, 128", "482d80000000", x86_alu_imm(&o, X86_SUB, 8, RAX, 128));
	ROW("sub r13, -128", "4983ed80", x86_alu_imm(&o, X86_SUB, 8, R13, -128));
	ROW("sub r13, 128", "4981ed80000000", x86_alu_imm(&o, X86_SUB, 8, R13, 128));
	ROW("xor edi, eax", "31c7", x86_alu(&o, X86_XOR, 4, RDI, RAX));
	ROW("xor eax, -128", "83f080", x86_alu_imm(&o, X86_XOR, 4, RAX, -128));
	ROW("xor eax, 128", "3580000000", x86_alu_imm(&o, X86_XOR, 4, RAX, 128));
	ROW("xor r13d, -128", "4183f580", x86_alu_imm(&o, X86_XOR, 4, R13, -128));
	ROW("xor r13d, 128", "4181f580000000", x86_alu_imm(&o, X86_XOR, 4, R13, 128));
	ROW("xor rdi, rax", "4831c7", x86_alu(&o, X86_XOR, 8, RDI, RAX));
	ROW("xor rax, -128", "4883f080", x86_alu_imm(&o, X86_XOR, 8, RAX, -128));
	ROW("xor rax, 128", "483580000000", x86_alu_imm(&o, X86_XOR, 8, RAX, 128));
	ROW("xor r13, -128", "4983f580", x86_alu_imm(&o, X86_XOR, 8, R13, -128));
	ROW("xor r13, 128", "4981f580000000", x86_alu_imm(&o, X86_XOR, 8, R13, 128));
	ROW("cmp edi, eax", "39c7", x86_alu(&o, X86_CMP, 4, RDI, RAX));
	ROW("cmp esp, r12d", "4439e4", x86_alu(&o, X86_CMP, 4, RSP, R12));
	ROW("cmp r8d, ebx", "4139d8", x86_alu(&o, X86_CMP, 4, R8, RBX));
	ROW("cmp eax, -128", "83f880", x86_alu_imm(&o, X86_CMP, 4, RAX, -128));
	ROW("cmp eax, 128", "3d80000000", x86_alu_imm(&o, X86_CMP, 4, RAX, 128));
	ROW("cmp r13d, -128", "4183fd80", x86_alu_imm(&o, X86_CMP, 4, R13, -128));
	ROW("cmp r13d, 128", "4181fd80000000", x86_alu_imm(&o, X86_CMP, 4, R13, 128));
	ROW("cmp rdi, rax", "4839c7", x86_alu(&o, X86_CMP, 8, RDI, RAX));
	ROW("cmp rsp, r12", "4c39e4", x86_alu(&o, X86_CMP, 8, RSP, R12));
	ROW("cmp r8, rbx", "4939d8", x86_alu(&o, X86_CMP, 8, R8, RBX));
	ROW("cmp rax, -128", "4883f880", x86_alu_imm(&o, X86_CMP, 8, RAX, -128));
	ROW("cmp rax, 128", "483d80000000", x86_alu_imm(&o, X86_CMP, 8, RAX, 128));
	ROW("cmp r13, -128", "4983fd80", x86_alu_imm(&o, X86_CMP, 8, R13, -128));
	ROW("cmp r13, 128", "4981fd80000000", x86_alu_imm(&o, X86_CMP, 8, R13, 128));
	ROW("cmp eax, dword ptr [rdi]", "3b07", x86_alu_load(&o, X86_CMP, 4, RAX, RDI, 0));
	ROW("cmp esi, dword ptr [rbp]", "3b7500", x86_alu_load(&o, X86_CMP, 4, RSI, RBP, 0));
	ROW("cmp ebx, dword ptr [r13+127]", "413b5d7f", x86_alu_load(&o, X86_CMP, 4, RBX, R13, 127));
	ROW("cmp r8d, dword ptr [rsp-128]", "443b442480", x86_alu_load(&o, X86_CMP, 4, R8, RSP, -128));
	ROW("cmp ecx, dword ptr [r12-129]", "413b8c247fffffff", x86_alu_load(&o, X86_CMP, 4, RCX, R12, -129));
	ROW("cmp dword ptr [rdi], 5", "833f05", x86_alu_mem_imm(&o, X86_CMP, 4, RDI, 0, 5));
	ROW("cmp dword ptr [rdi], -129", "813f7fffffff", x86_alu_mem_imm(&o, X86_CMP, 4, RDI, 0, -129));
	ROW("cmp dword ptr [rbp], 5", "837d0005", x86_alu_mem_imm(&o, X86_CMP, 4, RBP, 0, 5));
	ROW("cmp dword ptr [rbp], -129", "817d007fffffff", x86_alu_mem_imm(&o, X86_CMP, 4, RBP, 0, -129));
	ROW("cmp dword ptr [r13+127], 5", "41837d7f05", x86_alu_mem_imm(&o, X86_CMP, 4, R13, 127, 5));
	ROW("cmp dword ptr [r13+127], -129", "41817d7f7fffffff", x86_alu_mem_imm(&o, X86_CMP, 4, R13, 127, -129));
	ROW("cmp dword ptr [rsp-128], 5", "837c248005", x86_alu_mem_imm(&o, X86_CMP, 4, RSP, -128, 5));
	ROW("cmp dword ptr [rsp-128], -129", "817c24807fffffff", x86_alu_mem_imm(&o, X86_CMP, 4, RSP, -128, -129));
	ROW("test edi, eax", "85c7", x86_test(&o, 4, RDI, RAX));
	ROW("test esp, r12d", "4485e4", x86_test(&o, 4, RSP, R12));
	ROW("test r8d, ebx", "4185d8", x86_test(&o, 4, R8, RBX));
	ROW("test eax, -5", "a9fbffffff", x86_test_imm(&o, 4, RAX, -5));
	ROW("test esi, -5", "f7c6fbffffff", x86_test_imm(&o, 4, RSI, -5));
	ROW("test r12d, -5", "41f7c4fbffffff", x86_test_imm(&o, 4, R12, -5));
	ROW("not eax", "f7d0", x86_unary(&o, X86_NOT, 4, RAX));
	ROW("not r12d", "41f7d4", x86_unary(&o, X86_NOT, 4, R12));
	ROW("neg eax", "f7d8", x86_unary(&o, X86_NEG, 4, RAX));
	ROW("neg r12d", "41f7dc", x86_unary(&o, X86_NEG, 4, R12));
	ROW("mul eax", "f7e0", x86_unary(&o, X86_MUL, 4, RAX));
	ROW("mul r12d", "41f7e4", x86_unary(&o, X86_MUL, 4, R12));
	ROW("div eax", "f7f0", x86_unary(&o, X86_DIV, 4, RAX));
	ROW("div r12d", "41f7f4", x86_unary(&o, X86_DIV, 4, R12));
	ROW("idiv eax", "f7f8", x86_unary(&o, X86_IDIV, 4, RAX));
	ROW("idiv r12d", "41f7fc", x86_unary(&o, X86_IDIV, 4, R12));
	ROW("imul edi, eax", "0faff8", x86_imul(&o, 4, RDI, RAX));
	ROW("imul edi, eax, -3", "6bf8fd", x86_imul_imm(&o, 4, RDI, RAX, -3));
	ROW("imul edi, eax, 1000", "69f8e8030000", x86_imul_imm(&o, 4, RDI, RAX, 1000));
	ROW("imul esp, r12d", "410fafe4", x86_imul(&o, 4, RSP, R12));
	ROW("imul esp, r12d, -3", "416be4fd", x86_imul_imm(&o, 4, RSP, R12, -3));
	ROW("imul esp, r12d, 1000", "4169e4e8030000", x86_imul_imm(&o, 4, RSP, R12, 1000));
	ROW("imul r8d, ebx", "440fafc3", x86_imul(&o, 4, R8, RBX));
	ROW("imul r8d, ebx, -3", "446bc3fd", x86_imul_imm(&o, 4, R8, RBX, -3));
	ROW("imul r8d, ebx, 1000", "4469c3e8030000", x86_imul_imm(&o, 4, R8, RBX, 1000));
	ROW("bswap eax", "0fc8", x86_bswap(&o, 4, RAX));
	ROW("bswap r12d", "410fcc", x86_bswap(&o, 4, R12));
	ROW("cmp rax, qword ptr [rdi]", "483b07", x86_alu_load(&o, X86_CMP, 8, RAX, RDI, 0));
	ROW("cmp rsi, qword ptr [rbp]", "483b7500", x86_alu_load(&o, X86_CMP, 8, RSI, RBP, 0));
	ROW("cmp rbx, qword ptr [r13+127]", "493b5d7f", x86_alu_load(&o, X86_CMP, 8, RBX, R13, 127));
	ROW("cmp r8, qword ptr [rsp-128]", "4c3b442480", x86_alu_load(&o, X86_CMP, 8, R8, RSP, -128));
	ROW("cmp rcx, qword ptr [r12-129]", "493b8c247fffffff", x86_alu_load(&o, X86_CMP, 8, RCX, R12, -129));
	ROW("cmp qword ptr [rdi], 5", "48833f05", x86_alu_mem_imm(&o, X86_CMP, 8, RDI, 0, 5));
	ROW("cmp qword ptr [rdi], -129", "48813f7fffffff", x86_alu_mem_imm(&o, X86_CMP, 8, RDI, 0, -129));
	ROW("cmp qword ptr [rbp], 5", "48837d0005", x86_alu_mem_imm(&o, X86_CMP, 8, RBP, 0, 5));
	ROW("cmp qword ptr [rbp], -129", "48817d007fffffff", x86_alu_mem_imm(&o, X86_CMP, 8, RBP, 0, -129));
	ROW("cmp qword ptr [r13+127], 5", "49837d7f05", x86_alu_mem_imm(&o, X86_CMP, 8, R13, 127, 5));
	ROW("cmp qword ptr [r13+127], -129", "49817d7f7fffffff", x86_alu_mem_imm(&o, X86_CMP, 8, R13, 127, -129));
	ROW("cmp qword ptr [rsp-128], 5", "48837c248005", x86_alu_mem_imm(&o, X86_CMP, 8, RSP, -128, 5));
	ROW("cmp qword ptr [rsp-128], -129", "48817c24807fffffff", x86_alu_mem_imm(&o, X86_CMP, 8, RSP, -128, -129));
	ROW("test rdi, rax", "4885c7", x86_test(&o, 8, RDI, RAX));
	ROW("test rsp, r12", "4c85e4", x86_test(&o, 8, RSP, R12));
	ROW("test r8, rbx", "4985d8", x86_test(&o, 8, R8, RBX));
	ROW("test rax, -5", "48a9fbffffff", x86_test_imm(&o, 8, RAX, -5));
	ROW("test rsi, -5", "48f7c6fbffffff", x86_test_imm(&o, 8, RSI, -5));
	ROW("test r12, -5", "49f7c4fbffffff", x86_test_imm(&o, 8, R12, -5));
	ROW("not rax", "48f7d0", x86_unary(&o, X86_NOT, 8, RAX));
	ROW("not r12", "49f7d4", x86_unary(&o, X86_NOT, 8, R12));
	ROW("neg rax", "48f7d8", x86_unary(&o, X86_NEG, 8, RAX));
	ROW("neg r12", "49f7dc", x86_unary(&o, X86_NEG, 8, R12));
	ROW("mul rax", "48f7e0", x86_unary(&o, X86_MUL, 8, RAX));
	ROW("mul r12", "49f7e4", x86_unary(&o, X86_MUL, 8, R12));
	ROW("div rax", "48f7f0", x86_unary(&o, X86_DIV, 8, RAX));
	ROW("div r12", "49f7f4", x86_unary(&o, X86_DIV, 8, R12));
	ROW("idiv rax", "48f7f8", x86_unary(&o, X86_IDIV, 8, RAX));
	ROW("idiv r12", "49f7fc", x86_unary(&o, X86_IDIV, 8, R12));
	ROW("imul rdi, rax", "480faff8", x86_imul(&o, 8, RDI, RAX));
	ROW("imul rdi, rax, -3", "486bf8fd", x86_imul_imm(&o, 8, RDI, RAX, -3));
	ROW("imul rdi, rax, 1000", "4869f8e8030000", x86_imul_imm(&o, 8, RDI, RAX, 1000));
	ROW("imul rsp, r12", "490fafe4", x86_imul(&o, 8, RSP, R12));
	ROW("imul rsp, r12, -3", "496be4fd", x86_imul_imm(&o, 8, RSP, R12, -3));
	ROW("imul rsp, r12, 1000", "4969e4e8030000", x86_imul_imm(&o, 8, RSP, R12, 1000));
	ROW("imul r8, rbx", "4c0fafc3", x86_imul(&o, 8, R8, RBX));
	ROW("imul r8, rbx, -3", "4c6bc3fd", x86_imul_imm(&o, 8, R8, RBX, -3));
	ROW("imul r8, rbx, 1000", "4c69c3e8030000", x86_imul_imm(&o, 8, R8, RBX, 1000));
	ROW("bswap rax", "480fc8", x86_bswap(&o, 8, RAX));
	ROW("bswap r12", "490fcc", x86_bswap(&o, 8, R12));
	ROW("test al, 5", "a805", x86_test_imm(&o, 1, RAX, 5));
	ROW("test sil, 5", "40f6c605", x86_test_imm(&o, 1, RSI, 5));
	ROW("test r12b, 5", "41f6c405", x86_test_imm(&o, 1, R12, 5));
	ROW("cdq", "99", x86_cdq(&o, 4));
	ROW("cqo", "4899", x86_cdq(&o, 8));
	ROW("ror ax, cl", "66d3c8", x86_shift_cl(&o, X86_ROR, 2, RAX));
	ROW("ror ax, 1", "66d1c8", x86_shift_imm(&o, X86_ROR, 2, RAX, 1));
	ROW("ror ax, 8", "66c1c808", x86_shift_imm(&o, X86_ROR, 2, RAX, 8));
	ROW("ror r12w, cl", "6641d3cc", x86_shift_cl(&o, X86_ROR, 2, R12));
	ROW("ror r12w, 1", "6641d1cc", x86_shift_imm(&o, X86_ROR, 2, R12, 1));
	ROW("ror r12w, 8", "6641c1cc08", x86_shift_imm(&o, X86_ROR, 2, R12, 8));
	ROW("sar ax, cl", "66d3f8", x86_shift_cl(&o, X86_SAR, 2, RAX));
	ROW("sar ax, 1", "66d1f8", x86_shift_imm(&o, X86_SAR, 2, RAX, 1));
	ROW("sar ax, 8", "66c1f808", x86_shift_imm(&o, X86_SAR, 2, RAX, 8));
	ROW("sar r12w, cl", "6641d3fc", x86_shift_cl(&o, X86_SAR, 2, R12));
	ROW("sar r12w, 1", "6641d1fc", x86_shift_imm(&o, X86_SAR, 2, R12, 1));
	ROW("sar r12w, 8", "6641c1fc08", x86_shift_imm(&o, X86_SAR, 2, R12, 8));
	ROW("ror eax, cl", "d3c8", x86_shift_cl(&o, X86_ROR, 4, RAX));
	ROW("ror eax, 1", "d1c8", x86_shift_imm(&o, X86_ROR, 4, RAX, 1));
	ROW("ror eax, 8", "c1c808", x86_shift_imm(&o, X86_ROR, 4, RAX, 8));
	ROW("ror r12d, cl", "41d3cc", x86_shift_cl(&o, X86_ROR, 4, R12));
	ROW("ror r12d, 1", "41d1cc", x86_shift_imm(&o, X86_ROR, 4, R12, 1));
	ROW("ror r12d, 8", "41c1cc08", x86_shift_imm(&o, X86_ROR, 4, R12, 8));
	ROW("sar eax, cl", "d3f8", x86_shift_cl(&o, X86_SAR, 4, RAX));
	ROW("sar eax, 1", "d1f8", x86_shift_imm(&o, X86_SAR, 4, RAX, 1));
	ROW("sar eax, 8", "c1f808", x86_shift_imm(&o, X86_SAR, 4, RAX, 8));
	ROW("sar r12d, cl", "41d3fc", x86_shift_cl(&o, X86_SAR, 4, R12));
	ROW("sar r12d, 1", "41d1fc", x86_shift_imm(&o, X86_SAR, 4, R12, 1));
	ROW("sar r12d, 8", "41c1fc08", x86_shift_imm(&o, X86_SAR, 4, R12, 8));
	ROW("rol rax, cl", "48d3c0", x86_shift_cl(&o, X86_ROL, 8, RAX));
	ROW("rol rax, 1", "48d1c0", x86_shift_imm(&o, X86_ROL, 8, RAX, 1));
	ROW("rol rax, 8", "48c1c008", x86_shift_imm(&o, X86_ROL, 8, RAX, 8));
	ROW("rol r12, cl", "49d3c4", x86_shift_cl(&o, X86_ROL, 8, R12));
	ROW("rol r12, 1", "49d1c4", x86_shift_imm(&o, X86_ROL, 8, R12, 1));
	ROW("rol r12, 8", "49c1c408", x86_shift_imm(&o, X86_ROL, 8, R12, 8));
	ROW("ror rax, cl", "48d3c8", x86_shift_cl(&o, X86_ROR, 8, RAX));
	ROW("ror rax, 1", "48d1c8", x86_shift_imm(&o, X86_ROR, 8, RAX, 1));
	ROW("ror rax, 8", "48c1c808", x86_shift_imm(&o, X86_ROR, 8, RAX, 8));
	ROW("ror r12, cl", "49d3cc", x86_shift_cl(&o, X86_ROR, 8, R12));
	ROW("ror r12, 1", "49d1cc", x86_shift_imm(&o, X86_ROR, 8, R12, 1));
	ROW("ror r12, 8", "49c1cc08", x86_shift_imm(&o, X86_ROR, 8, R12, 8));
	ROW("shl rax, cl", "48d3e0", x86_shift_cl(&o, X86_SHL, 8, RAX));
	ROW("shl rax, 1", "48d1e0", x86_shift_imm(&o, X86_SHL, 8, RAX, 1));
	ROW("shl rax, 8", "48c1e008", x86_shift_imm(&o, X86_SHL, 8, RAX, 8));
	ROW("shl r12, cl", "49d3e4", x86_shift_cl(&o, X86_SHL, 8, R12));
	ROW("shl r12, 1", "49d1e4", x86_shift_imm(&o, X86_SHL, 8, R12, 1));
	ROW("shl r12, 8", "49c1e408", x86_shift_imm(&o, X86_SHL, 8, R12, 8));
	ROW("shr rax, cl", "48d3e8", x86_shift_cl(&o, X86_SHR, 8, RAX));
	ROW("shr rax, 1", "48d1e8", x86_shift_imm(&o, X86_SHR, 8, RAX, 1));
	ROW("shr rax, 8", "48c1e808", x86_shift_imm(&o, X86_SHR, 8, RAX, 8));
	ROW("shr r12, cl", "49d3ec", x86_shift_cl(&o, X86_SHR, 8, R12));
	ROW("shr r12, 1", "49d1ec", x86_shift_imm(&o, X86_SHR, 8, R12, 1));
	ROW("shr r12, 8", "49c1ec08", x86_shift_imm(&o, X86_SHR, 8, R12, 8));
	ROW("sar rax, cl", "48d3f8", x86_shift_cl(&o, X86_SAR, 8, RAX));
	ROW("sar rax, 1", "48d1f8", x86_shift_imm(&o, X86_SAR, 8, RAX, 1));
	ROW("sar rax, 8", "48c1f808", x86_shift_imm(&o, X86_SAR, 8, RAX, 8));
	ROW("sar r12, cl", "49d3fc", x86_shift_cl(&o, X86_SAR, 8, R12));
	ROW("sar r12, 1", "49d1fc", x86_shift_imm(&o, X86_SAR, 8, R12, 1));
	ROW("sar r12, 8", "49c1fc08", x86_shift_imm(&o, X86_SAR, 8, R12, 8));
}

Test(asm_x86_64, memory)
{
	ROW("movzx eax, byte ptr [rdi]", "0fb607", x86_load(&o, 1, RAX, RDI, 0));
	ROW("movzx eax, word ptr [rdi]", "0fb707", x86_load(&o, 2, RAX, RDI, 0));
	ROW("mov eax, dword ptr [rdi]", "8b07", x86_load(&o, 4, RAX, RDI, 0));
	ROW("mov rax, qword ptr [rdi]", "488b07", x86_load(&o, 8, RAX, RDI, 0));
	ROW("movsx rax, byte ptr [rdi]", "480fbe07", x86_load_sx(&o, 1, RAX, RDI, 0));
	ROW("movsx rax, word ptr [rdi]", "480fbf07", x86_load_sx(&o, 2, RAX, RDI, 0));
	ROW("movsxd rax, dword ptr [rdi]", "486307", x86_load_sx(&o, 4, RAX, RDI, 0));
	ROW("mov byte ptr [rdi], al", "8807", x86_store(&o, 1, RDI, 0, RAX));
	ROW("mov byte ptr [rdi], -2", "c607fe", x86_store_imm(&o, 1, RDI, 0, -2));
	ROW("mov word ptr [rdi], ax", "668907", x86_store(&o, 2, RDI, 0, RAX));
	ROW("mov word ptr [rdi], -2", "66c707feff", x86_store_imm(&o, 2, RDI, 0, -2));
	ROW("mov dword ptr [rdi], eax", "8907", x86_store(&o, 4, RDI, 0, RAX));
	ROW("mov dword ptr [rdi], -2", "c707feffffff", x86_store_imm(&o, 4, RDI, 0, -2));
	ROW("mov qword ptr [rdi], rax", "488907", x86_store(&o, 8, RDI, 0, RAX));
	ROW("mov qword ptr [rdi], -2", "48c707feffffff", x86_store_imm(&o, 8, RDI, 0, -2));
	ROW("movzx esi, byte ptr [rbp]", "0fb67500", x86_load(&o, 1, RSI, RBP, 0));
	ROW("movzx esi, word ptr [rbp]", "0fb77500", x86_load(&o, 2, RSI, RBP, 0));
	ROW("mov esi, dword ptr [rbp]", "8b7500", x86_load(&o, 4, RSI, RBP, 0));
	ROW("mov rsi, qword ptr [rbp]", "488b7500", x86_load(&o, 8, RSI, RBP, 0));
	ROW("movsx rsi, byte ptr [rbp]", "480fbe7500", x86_load_sx(&o, 1, RSI, RBP, 0));
	ROW("movsx rsi, word ptr [rbp]", "480fbf7500", x86_load_sx(&o, 2, RSI, RBP, 0));
	ROW("movsxd rsi, dword ptr [rbp]", "48637500", x86_load_sx(&o, 4, RSI, RBP, 0));
	ROW("mov byte ptr [rbp], sil", "40887500", x86_store(&o, 1, RBP, 0, RSI));
	ROW("mov byte ptr [rbp], -2", "c64500fe", x86_store_imm(&o, 1, RBP, 0, -2));
	ROW("mov word ptr [rbp], si", "66897500", x86_store(&o, 2, RBP, 0, RSI));
	ROW("mov word ptr [rbp], -2", "66c74500feff", x86_store_imm(&o, 2, RBP, 0, -2));
	ROW("mov dword ptr [rbp], esi", "897500", x86_store(&o, 4, RBP, 0, RSI));
	ROW("mov dword ptr [rbp], -2", "c74500feffffff", x86_store_imm(&o, 4, RBP, 0, -2));
	ROW("mov qword ptr [rbp], rsi", "48897500", x86_store(&o, 8, RBP, 0, RSI));
	ROW("mov qword ptr [rbp], -2", "48c74500feffffff", x86_store_imm(&o, 8, RBP, 0, -2));
	ROW("movzx ebx, byte ptr [r13+127]", "410fb65d7f", x86_load(&o, 1, RBX, R13, 127));
	ROW("movzx ebx, word ptr [r13+127]", "410fb75d7f", x86_load(&o, 2, RBX, R13, 127));
	ROW("mov ebx, dword ptr [r13+127]", "418b5d7f", x86_load(&o, 4, RBX, R13, 127));
	ROW("mov rbx, qword ptr [r13+127]", "498b5d7f", x86_load(&o, 8, RBX, R13, 127));
	ROW("movsx rbx, byte ptr [r13+127]", "490fbe5d7f", x86_load_sx(&o, 1, RBX, R13, 127));
	ROW("movsx rbx, word ptr [r13+127]", "490fbf5d7f", x86_load_sx(&o, 2, RBX, R13, 127));
	ROW("movsxd rbx, dword ptr [r13+127]", "49635d7f", x86_load_sx(&o, 4, RBX, R13, 127));
	ROW("mov byte ptr [r13+127], bl", "41885d7f", x86_store(&o, 1, R13, 127, RBX));
	ROW("mov byte ptr [r13+127], -2", "41c6457ffe", x86_store_imm(&o, 1, R13, 127, -2));
	ROW("mov word ptr [r13+127], bx", "6641895d7f", x86_store(&o, 2, R13, 127, RBX));
	ROW("mov word ptr [r13+127], -2", "6641c7457ffeff", x86_store_imm(&o, 2, R13, 127, -2));
	ROW("mov dword ptr [r13+127], ebx", "41895d7f", x86_store(&o, 4, R13, 127, RBX));
	ROW("mov dword ptr [r13+127], -2", "41c7457ffeffffff", x86_store_imm(&o, 4, R13, 127, -2));
	ROW("mov qword ptr [r13+127], rbx", "49895d7f", x86_store(&o, 8, R13, 127, RBX));
	ROW("mov qword ptr [r13+127], -2", "49c7457ffeffffff", x86_store_imm(&o, 8, R13, 127, -2));
	ROW("movzx r8d, byte ptr [rsp-128]", "440fb6442480", x86_load(&o, 1, R8, RSP, -128));
	ROW("movzx r8d, word ptr [rsp-128]", "440fb7442480", x86_load(&o, 2, R8, RSP, -128));
	ROW("mov r8d, dword ptr [rsp-128]", "448b442480", x86_load(&o, 4, R8, RSP, -128));
	ROW("mov r8, qword ptr [rsp-128]", "4c8b442480", x86_load(&o, 8, R8, RSP, -128));
	ROW("movsx r8, byte ptr [rsp-128]", "4c0fbe442480", x86_load_sx(&o, 1, R8, RSP, -128));
	ROW("movsx r8, word ptr [rsp-128]", "4c0fbf442480", x86_load_sx(&o, 2, R8, RSP, -128));
	ROW("movsxd r8, dword ptr [rsp-128]", "4c63442480", x86_load_sx(&o, 4, R8, RSP, -128));
	ROW("mov byte ptr [rsp-128], r8b", "4488442480", x86_store(&o, 1, RSP, -128, R8));
	ROW("mov byte ptr [rsp-128], -2", "c6442480fe", x86_store_imm(&o, 1, RSP, -128, -2));
	ROW("mov word ptr [rsp-128], r8w", "664489442480", x86_store(&o, 2, RSP, -128, R8));
	ROW("mov word ptr [rsp-128], -2", "66c7442480feff", x86_store_imm(&o, 2, RSP, -128, -2));
	ROW("mov dword ptr [rsp-128], r8d", "4489442480", x86_store(&o, 4, RSP, -128, R8));
	ROW("mov dword ptr [rsp-128], -2", "c7442480feffffff", x86_store_imm(&o, 4, RSP, -128, -2));
	ROW("mov qword ptr [rsp-128], r8", "4c89442480", x86_store(&o, 8, RSP, -128, R8));
	ROW("mov qword ptr [rsp-128], -2", "48c7442480feffffff", x86_store_imm(&o, 8, RSP, -128, -2));
	ROW("movzx ecx, byte ptr [r12-129]", "410fb68c247fffffff", x86_load(&o, 1, RCX, R12, -129));
	ROW("movzx ecx, word ptr [r12-129]", "410fb78c247fffffff", x86_load(&o, 2, RCX, R12, -129));
	ROW("mov ecx, dword ptr [r12-129]", "418b8c247fffffff", x86_load(&o, 4, RCX, R12, -129));
	ROW("mov rcx, qword ptr [r12-129]", "498b8c247fffffff", x86_load(&o, 8, RCX, R12, -129));
	ROW("movsx rcx, byte ptr [r12-129]", "490fbe8c247fffffff", x86_load_sx(&o, 1, RCX, R12, -129));
	ROW("movsx rcx, word ptr [r12-129]", "490fbf8c247fffffff", x86_load_sx(&o, 2, RCX, R12, -129));
	ROW("movsxd rcx, dword ptr [r12-129]", "49638c247fffffff", x86_load_sx(&o, 4, RCX, R12, -129));
	ROW("mov byte ptr [r12-129], cl", "41888c247fffffff", x86_store(&o, 1, R12, -129, RCX));
	ROW("mov byte ptr [r12-129], -2", "41c684247ffffffffe", x86_store_imm(&o, 1, R12, -129, -2));
	ROW("mov word ptr [r12-129], cx", "6641898c247fffffff", x86_store(&o, 2, R12, -129, RCX));
	ROW("mov word ptr [r12-129], -2", "6641c784247ffffffffeff", x86_store_imm(&o, 2, R12, -129, -2));
	ROW("mov dword ptr [r12-129], ecx", "41898c247fffffff", x86_store(&o, 4, R12, -129, RCX));
	ROW("mov dword ptr [r12-129], -2", "41c784247ffffffffeffffff", x86_store_imm(&o, 4, R12, -129, -2));
	ROW("mov qword ptr [r12-129], rcx", "49898c247fffffff", x86_store(&o, 8, R12, -129, RCX));
	ROW("mov qword ptr [r12-129], -2", "49c784247ffffffffeffffff", x86_store_imm(&o, 8, R12, -129, -2));
}

Test(asm_x86_64, addresses_and_updates)
{
	ROW("lea rax, [rbx+rcx*8]", "488d04cb", x86_lea_index(&o, RAX, RBX, RCX, 8));
	ROW("lea r8, [r13+r9*1]", "4f8d440d00", x86_lea_index(&o, R8, R13, R9, 1));
	ROW("lea rdi, [rbp+r12*4]", "4a8d7ca500", x86_lea_index(&o, RDI, RBP, R12, 4));
	ROW("add qword ptr [r10+rdx*8], 1", "498304d201", x86_alu_index_imm(&o, X86_ADD, 8, R10, RDX, 8, 1));
	ROW("sub word ptr [r10+r15*8], 4660", "6643812cfa3412", x86_alu_index_imm(&o, X86_SUB, 2, R10, R15, 8, 0x1234));
	ROW("and byte ptr [r13+rax*8], -2", "418064c500fe", x86_alu_index_imm(&o, X86_AND, 1, R13, RAX, 8, -2));
	ROW("xor qword ptr [r10+rdi*8], r11", "4d311cfa", x86_alu_store_index(&o, X86_XOR, 8, R10, RDI, 8, R11));
	ROW("add byte ptr [r10+rbx*8], r11b", "45001cda", x86_alu_store_index(&o, X86_ADD, 1, R10, RBX, 8, R11));
	ROW("lea eax, [rdi+14]", "8d470e", x86_lea(&o, 4, RAX, RDI, 14));
	ROW("lea rdx, [rsp+8]", "488d542408", x86_lea(&o, 8, RDX, RSP, 8));
	ROW("add qword ptr [rdi+8], rax", "48014708", x86_alu_store(&o, X86_ADD, 8, RDI, 8, RAX));
	ROW("sub byte ptr [rbx], sil", "402833", x86_alu_store(&o, X86_SUB, 1, RBX, 0, RSI));
	ROW("xor word ptr [r12], r9w", "6645310c24", x86_alu_store(&o, X86_XOR, 2, R12, 0, R9));
	ROW("add qword ptr [rax], 1", "48830001", x86_alu_mem_imm(&o, X86_ADD, 8, RAX, 0, 1));
	ROW("and byte ptr [rdi+1], 0x7f", "8067017f", x86_alu_mem_imm(&o, X86_AND, 1, RDI, 1, 0x7f));
	ROW("or word ptr [rdi], 0x1234", "66810f3412", x86_alu_mem_imm(&o, X86_OR, 2, RDI, 0, 0x1234));
	ROW("sbb r11, r11", "4d19db", x86_alu(&o, X86_SBB, 8, R11, R11));
	ROW("jmp r11", "41ffe3", x86_jmp_reg(&o, R11));
	ROW("jmp rax", "ffe0", x86_jmp_reg(&o, RAX));
}

Test(asm_x86_64, atomics)
{
	ROW("lock add dword ptr [rdi], eax", "f00107", x86_lock_alu(&o, X86_ADD, 4, RDI, 0, RAX));
	ROW("lock xor dword ptr [rdi], eax", "f03107", x86_lock_alu(&o, X86_XOR, 4, RDI, 0, RAX));
	ROW("lock xadd dword ptr [rdi], eax", "f00fc107", x86_lock_xadd(&o, 4, RDI, 0, RAX));
	ROW("lock cmpxchg dword ptr [rdi], eax", "f00fb107", x86_lock_cmpxchg(&o, 4, RDI, 0, RAX));
	ROW("xchg dword ptr [rdi], eax", "8707", x86_xchg(&o, 4, RDI, 0, RAX));
	ROW("lock add qword ptr [rdi], rax", "f0480107", x86_lock_alu(&o, X86_ADD, 8, RDI, 0, RAX));
	ROW("lock xor qword ptr [rdi], rax", "f0483107", x86_lock_alu(&o, X86_XOR, 8, RDI, 0, RAX));
	ROW("lock xadd qword ptr [rdi], rax", "f0480fc107", x86_lock_xadd(&o, 8, RDI, 0, RAX));
	ROW("lock cmpxchg qword ptr [rdi], rax", "f0480fb107", x86_lock_cmpxchg(&o, 8, RDI, 0, RAX));
	ROW("xchg qword ptr [rdi], rax", "488707", x86_xchg(&o, 8, RDI, 0, RAX));
	ROW("lock add dword ptr [rbp], esi", "f0017500", x86_lock_alu(&o, X86_ADD, 4, RBP, 0, RSI));
	ROW("lock xor dword ptr [rbp], esi", "f0317500", x86_lock_alu(&o, X86_XOR, 4, RBP, 0, RSI));
	ROW("lock xadd dword ptr [rbp], esi", "f00fc17500", x86_lock_xadd(&o, 4, RBP, 0, RSI));
	ROW("lock cmpxchg dword ptr [rbp], esi", "f00fb17500", x86_lock_cmpxchg(&o, 4, RBP, 0, RSI));
	ROW("xchg dword ptr [rbp], esi", "877500", x86_xchg(&o, 4, RBP, 0, RSI));
	ROW("lock add qword ptr [rbp], rsi", "f048017500", x86_lock_alu(&o, X86_ADD, 8, RBP, 0, RSI));
	ROW("lock xor qword ptr [rbp], rsi", "f048317500", x86_lock_alu(&o, X86_XOR, 8, RBP, 0, RSI));
	ROW("lock xadd qword ptr [rbp], rsi", "f0480fc17500", x86_lock_xadd(&o, 8, RBP, 0, RSI));
	ROW("lock cmpxchg qword ptr [rbp], rsi", "f0480fb17500", x86_lock_cmpxchg(&o, 8, RBP, 0, RSI));
	ROW("xchg qword ptr [rbp], rsi", "48877500", x86_xchg(&o, 8, RBP, 0, RSI));
	ROW("lock add dword ptr [r13+127], ebx", "f041015d7f", x86_lock_alu(&o, X86_ADD, 4, R13, 127, RBX));
	ROW("lock xor dword ptr [r13+127], ebx", "f041315d7f", x86_lock_alu(&o, X86_XOR, 4, R13, 127, RBX));
	ROW("lock xadd dword ptr [r13+127], ebx", "f0410fc15d7f", x86_lock_xadd(&o, 4, R13, 127, RBX));
	ROW("lock cmpxchg dword ptr [r13+127], ebx", "f0410fb15d7f", x86_lock_cmpxchg(&o, 4, R13, 127, RBX));
	ROW("xchg dword ptr [r13+127], ebx", "41875d7f", x86_xchg(&o, 4, R13, 127, RBX));
	ROW("lock add qword ptr [r13+127], rbx", "f049015d7f", x86_lock_alu(&o, X86_ADD, 8, R13, 127, RBX));
	ROW("lock xor qword ptr [r13+127], rbx", "f049315d7f", x86_lock_alu(&o, X86_XOR, 8, R13, 127, RBX));
	ROW("lock xadd qword ptr [r13+127], rbx", "f0490fc15d7f", x86_lock_xadd(&o, 8, R13, 127, RBX));
	ROW("lock cmpxchg qword ptr [r13+127], rbx", "f0490fb15d7f", x86_lock_cmpxchg(&o, 8, R13, 127, RBX));
	ROW("xchg qword ptr [r13+127], rbx", "49875d7f", x86_xchg(&o, 8, R13, 127, RBX));
	ROW("lock add dword ptr [rsp-128], r8d", "f04401442480", x86_lock_alu(&o, X86_ADD, 4, RSP, -128, R8));
	ROW("lock xor dword ptr [rsp-128], r8d", "f04431442480", x86_lock_alu(&o, X86_XOR, 4, RSP, -128, R8));
	ROW("lock xadd dword ptr [rsp-128], r8d", "f0440fc1442480", x86_lock_xadd(&o, 4, RSP, -128, R8));
	ROW("lock cmpxchg dword ptr [rsp-128], r8d", "f0440fb1442480", x86_lock_cmpxchg(&o, 4, RSP, -128, R8));
	ROW("xchg dword ptr [rsp-128], r8d", "4487442480", x86_xchg(&o, 4, RSP, -128, R8));
	ROW("lock add qword ptr [rsp-128], r8", "f04c01442480", x86_lock_alu(&o, X86_ADD, 8, RSP, -128, R8));
	ROW("lock xor qword ptr [rsp-128], r8", "f04c31442480", x86_lock_alu(&o, X86_XOR, 8, RSP, -128, R8));
	ROW("lock xadd qword ptr [rsp-128], r8", "f04c0fc1442480", x86_lock_xadd(&o, 8, RSP, -128, R8));
	ROW("lock cmpxchg qword ptr [rsp-128], r8", "f04c0fb1442480", x86_lock_cmpxchg(&o, 8, RSP, -128, R8));
	ROW("xchg qword ptr [rsp-128], r8", "4c87442480", x86_xchg(&o, 8, RSP, -128, R8));
	ROW("lock add dword ptr [r12-129], ecx", "f041018c247fffffff", x86_lock_alu(&o, X86_ADD, 4, R12, -129, RCX));
	ROW("lock xor dword ptr [r12-129], ecx", "f041318c247fffffff", x86_lock_alu(&o, X86_XOR, 4, R12, -129, RCX));
	ROW("lock xadd dword ptr [r12-129], ecx", "f0410fc18c247fffffff", x86_lock_xadd(&o, 4, R12, -129, RCX));
	ROW("lock cmpxchg dword ptr [r12-129], ecx", "f0410fb18c247fffffff", x86_lock_cmpxchg(&o, 4, R12, -129, RCX));
	ROW("xchg dword ptr [r12-129], ecx", "41878c247fffffff", x86_xchg(&o, 4, R12, -129, RCX));
	ROW("lock add qword ptr [r12-129], rcx", "f049018c247fffffff", x86_lock_alu(&o, X86_ADD, 8, R12, -129, RCX));
	ROW("lock xor qword ptr [r12-129], rcx", "f049318c247fffffff", x86_lock_alu(&o, X86_XOR, 8, R12, -129, RCX));
	ROW("lock xadd qword ptr [r12-129], rcx", "f0490fc18c247fffffff", x86_lock_xadd(&o, 8, R12, -129, RCX));
	ROW("lock cmpxchg qword ptr [r12-129], rcx", "f0490fb18c247fffffff", x86_lock_cmpxchg(&o, 8, R12, -129, RCX));
	ROW("xchg qword ptr [r12-129], rcx", "49878c247fffffff", x86_xchg(&o, 8, R12, -129, RCX));
}

Test(asm_x86_64, control)
{
	ROW("push rax", "50", x86_push(&o, RAX));
	ROW("pop rax", "58", x86_pop(&o, RAX));
	ROW("call rax", "ffd0", x86_call_reg(&o, RAX));
	ROW("push rsi", "56", x86_push(&o, RSI));
	ROW("pop rsi", "5e", x86_pop(&o, RSI));
	ROW("call rsi", "ffd6", x86_call_reg(&o, RSI));
	ROW("push r12", "4154", x86_push(&o, R12));
	ROW("pop r12", "415c", x86_pop(&o, R12));
	ROW("call r12", "41ffd4", x86_call_reg(&o, R12));
	ROW("leave", "c9", x86_leave(&o));
	ROW("ret", "c3", x86_ret(&o));
	ROW("call .+5-256", "e800ffffff", x86_call(&o, -256));
	ROW("jmp .+2-128", "eb80", x86_jmp(&o, true, -128));
	ROW("jmp .+5+128", "e980000000", x86_jmp(&o, false, 128));
	ROW("jb .+2+127", "727f", x86_jcc(&o, X86_B, true, 127));
	ROW("jb .+6-129", "0f827fffffff", x86_jcc(&o, X86_B, false, -129));
	ROW("jae .+2+127", "737f", x86_jcc(&o, X86_AE, true, 127));
	ROW("jae .+6-129", "0f837fffffff", x86_jcc(&o, X86_AE, false, -129));
	ROW("je .+2+127", "747f", x86_jcc(&o, X86_E, true, 127));
	ROW("je .+6-129", "0f847fffffff", x86_jcc(&o, X86_E, false, -129));
	ROW("jne .+2+127", "757f", x86_jcc(&o, X86_NE, true, 127));
	ROW("jne .+6-129", "0f857fffffff", x86_jcc(&o, X86_NE, false, -129));
	ROW("jbe .+2+127", "767f", x86_jcc(&o, X86_BE, true, 127));
	ROW("jbe .+6-129", "0f867fffffff", x86_jcc(&o, X86_BE, false, -129));
	ROW("ja .+2+127", "777f", x86_jcc(&o, X86_A, true, 127));
	ROW("ja .+6-129", "0f877fffffff", x86_jcc(&o, X86_A, false, -129));
	ROW("jl .+2+127", "7c7f", x86_jcc(&o, X86_L, true, 127));
	ROW("jl .+6-129", "0f8c7fffffff", x86_jcc(&o, X86_L, false, -129));
	ROW("jge .+2+127", "7d7f", x86_jcc(&o, X86_GE, true, 127));
	ROW("jge .+6-129", "0f8d7fffffff", x86_jcc(&o, X86_GE, false, -129));
	ROW("int3", "cc", x86_int3(&o));
	ROW("jle .+2+127", "7e7f", x86_jcc(&o, X86_LE, true, 127));
	ROW("jle .+6-129", "0f8e7fffffff", x86_jcc(&o, X86_LE, false, -129));
	ROW("jg .+2+127", "7f7f", x86_jcc(&o, X86_G, true, 127));
	ROW("jg .+6-129", "0f8f7fffffff", x86_jcc(&o, X86_G, false, -129));
}

Test(asm_x86_64, jump_ahead_is_patched)
{
	uint8_t image[64];
	struct jit_out o = {.image = image, .room = sizeof(image)};
	size_t from = x86_jcc_ahead(&o, X86_NE), over;

	x86_zero(&o, RAX);
	over = x86_jmp_ahead(&o);
	x86_here(&o, from);
	x86_mov(&o, 8, RAX, RCX);
	x86_here(&o, over);
	cr_assert(!o.fault);
	cr_assert_eq(o.at, 9);
	cr_assert_eq(memcmp(image, "\x75\x04\x31\xc0\xeb\x03\x48\x89\xc8", 9), 0);
}

/* What cannot be encoded is a fault, never other code. */
Test(asm_x86_64, faults)
{
	uint8_t image[300];
	struct jit_out o;
	size_t from;

#define FAULT(call)                                                                                                    \
	do {                                                                                                           \
		o = (struct jit_out){.image = image, .room = sizeof(image)};                                           \
		call;                                                                                                  \
		cr_assert(o.fault, "%s", #call);                                                                       \
	} while (0)

	FAULT(x86_mov(&o, 8, 16, RAX));
	FAULT(x86_mov(&o, 8, RAX, 16));
	FAULT(x86_mov(&o, 3, RAX, RCX));
	FAULT(x86_load(&o, 8, RAX, 16, 0));
	FAULT(x86_jmp(&o, true, 128));
	FAULT(x86_jcc(&o, X86_E, true, -129));
	FAULT(x86_jmp(&o, false, (int64_t)INT32_MAX + 1));
	FAULT(x86_call(&o, (int64_t)INT32_MIN - 1));
	FAULT(from = x86_jmp_ahead(&o); o.at += 128; x86_here(&o, from));
#undef FAULT
}

/* rbpf-e312815: code never leaves its buffer. */
Test(asm_x86_64, no_byte_behind_the_room)
{
	uint8_t image[16];

	for (size_t room = 0; room < 10; room++) {
		struct jit_out o = {.image = image, .room = room};

		memset(image, 0xa5, sizeof(image));
		x86_mov_imm(&o, R11, 0x123456789abcdef0);
		cr_assert_eq(o.fault, true, "room %zu", room);
		cr_assert_eq(o.at, 10);
		for (size_t n = room; n < sizeof(image); n++)
			cr_assert_eq(image[n], 0xa5, "room %zu, byte %zu", room, n);
	}
}
