/* SPDX-License-Identifier: BSD-2-Clause */
/* A program object, from PROG_CREATE to PROG_DESTROY. */
#ifndef FW_PROG_H
#define FW_PROG_H

#include "exec/exec.h"
#include "verify/verify.h"

/* Values as VIRTIO_NET_XDP_PROG_*. LOADING -> VERIFYING -> READY or REFUSED; nothing leads back. */
enum prog_state {
	PROG_LOADING,
	PROG_VERIFYING,
	PROG_READY,
	PROG_REFUSED,
};

#endif
