/* SPDX-License-Identifier: BSD-2-Clause */
/* Exit status of every subcommand. */
#ifndef TESTBENCH_LOAD_STATUS_H
#define TESTBENCH_LOAD_STATUS_H

enum status {
	STATUS_DONE = 0,        /* or accepted */
	STATUS_REFUSED = 1,     /* the input was judged */
	STATUS_USAGE = 2,       /* wrong usage, unreadable input, unwritable output */
	STATUS_ENVIRONMENT = 3, /* memory, a peer, a tool */
	STATUS_INTERRUPTED = 130,
};

/* Of what functions of offload.h and xdp.h return. */
static inline enum status status_of_offload(int r)
{
	return r == 0 ? STATUS_DONE : r > 0 ? STATUS_REFUSED : STATUS_ENVIRONMENT;
}

#endif
