/* SPDX-License-Identifier: BSD-2-Clause */
/* Why programs are accepted here that the kernel refuses: the written list, reasons.def. */
#ifndef TESTBENCH_ORACLE_REASONS_H
#define TESTBENCH_ORACLE_REASONS_H

#include <stddef.h>
#include <stdint.h>

#include "oracle/told.h"

/* A program that only the firmware accepts, told.h's form of it. */
struct reasons_case {
	const char *closing; /* the kernel's last sentence */
	const char *log;     /* all that it said */
	const uint8_t *wire;
	uint32_t slots;
};

typedef bool reasons_fn(const struct reasons_case *c);

struct reason {
	const char *name;
	const char *closing;   /* a pattern of fnmatch(3); NULL: a program that is told so is accepted */
	reasons_fn *when;      /* NULL: always */
	struct told_rule told; /* what is told, where closing is NULL */
	const char *why;
};

extern const struct reason reasons_rows[];
extern const size_t reasons_count;

/* Tells all that can be told. */
extern const struct told_rule reasons_tell_all;

/* The first row with a closing sentence that covers it, or -1. */
int reasons_find(const struct reasons_case *c);

/* The kernel's closing sentence: the last line of its log that is not statistics. Cut to room. */
void reasons_closing(const char *log, char *closing, size_t room);

#endif
