/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routes for fib_lookup, written for people:
 * [{"prefix": "10.0.0.0/8", "ifindex": 2, "smac": "02:00:00:00:00:01", "dmac": "02:00:00:00:00:02", "mtu": 1500,
 *   "gateway": "10.0.0.1", "result": "blackhole"}, ...]
 * prefix and, but for routes with a result, ifindex have to be there. result: blackhole, unreachable or prohibit.
 */
#ifndef TESTBENCH_REPLAY_ROUTES_H
#define TESTBENCH_REPLAY_ROUTES_H

#include "guest-driver/core/xdp.h"
#include "load/load.h"
#include "load/status.h"

#include "virtio_net_xdp_ext.h"

/* A route as the device's FIB has it. */
struct route {
	struct {
		le32 bits;
		uint8_t address[16];
	} key;
	uint32_t address_bytes; /* 4 or 16 */
	struct virtio_net_xdp_fib_value value;
};

/*
 * Reads JSON text. *routes is the caller's, for free(). 0, or -EINVAL or -ENOMEM with one sentence (without the file's
 * name) in error.
 */
int routes_parse(const char *text, size_t bytes, struct route **routes, size_t *count,
		 char error[static LOAD_ERROR_BYTES]);

/*
 * Makes a FIB of the device for the IPv4 routes of the file at path, and one for those of IPv6, if there are any; the
 * ids are first_id and, for the second one, the next.
 */
enum status routes_load(struct drv_net *net, uint32_t first_id, const char *path, char error[static LOAD_ERROR_BYTES]);

#endif
