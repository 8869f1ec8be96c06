/* SPDX-License-Identifier: BSD-2-Clause */
/* What the machine computes, at any width: what the abstract operators are judged by. */
#ifndef PROVE_CONCRETE_H
#define PROVE_CONCRETE_H

#include "insn.h"

/* a op b of words of bits bits (2 to 64), cut to bits. Shift counts are taken modulo bits. Up to INSN_ALU_NEG. */
uint64_t concrete_alu(enum insn_alu op, uint64_t a, uint64_t b, unsigned int bits);
bool concrete_jmp(enum insn_jmp op, uint64_t a, uint64_t b, unsigned int bits);
/* The low from bits with zeros or with their sign above, cut to bits. */
uint64_t concrete_zero_extend(uint64_t a, unsigned int from);
uint64_t concrete_sign_extend(uint64_t a, unsigned int from, unsigned int bits);
/* The low bits bits with their bytes reversed. */
uint64_t concrete_swap(uint64_t a, unsigned int bits);
/* What the operator is called: "add", "jsgt"; operations of one kind share a name. */
const char *concrete_alu_name(enum insn_alu op);
const char *concrete_jmp_name(enum insn_jmp op);

#endif
