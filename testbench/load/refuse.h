/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTBENCH_LOAD_REFUSE_H
#define TESTBENCH_LOAD_REFUSE_H

#include "load/load.h"

/* One sentence, without the file's name, in error; returns -EINVAL. */
__attribute__((format(printf, 2, 3))) int refuse(char error[static LOAD_ERROR_BYTES], const char *format, ...);

/* The same for memory that was not to be had: for what. Returns -ENOMEM. */
int refuse_no_memory(char error[static LOAD_ERROR_BYTES], const char *what);

#endif
