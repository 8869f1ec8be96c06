/* SPDX-License-Identifier: BSD-2-Clause */
/* Why programs are accepted here that the kernel refuses: the written list, reasons.def. */
#ifndef TESTBENCH_ORACLE_REASONS_H
#define TESTBENCH_ORACLE_REASONS_H

#include <stddef.h>
#include <stdint.h>

#include "oracle/told.h"

/* A program that only the firmware accepts, and that the kernel was told all of. */
struct reasons_case {
	const char *closing; /* the kernel's last sentence */
	const char *log;     /* all that it said */
	bool whole;          /* our verifier has walked every path of it to its end */
};

typedef bool reasons_fn(const struct reasons_case *c);

struct reason {
	const char *name;
	const char
		*closing; /* a pattern of fnmatch(3); NULL: a program that is told so is accepted, or its paths are */
	reasons_fn *when; /* NULL: always */
	struct told_rule told; /* what is told, where closing is NULL */
	const char *why;
};

extern const struct reason reasons_rows[];
extern const size_t reasons_count;

/* Tells all that can be told. */
extern const struct told_rule reasons_tell_all;

/* The row of programs whose paths are accepted one by one: see paths.h. */
extern const int reasons_paths;

/* The first row with a closing sentence that covers it, or -1. */
int reasons_find(const struct reasons_case *c);

/* The kernel's closing sentence: the last line of its log that is not statistics. Cut to room. */
void reasons_closing(const char *log, char *closing, size_t room);

#endif
