/* SPDX-License-Identifier: BSD-2-Clause */
/* The rig: driver, transport and device joined in one call. */
#ifndef TESTBENCH_RIG_H
#define TESTBENCH_RIG_H

#include "device-model/net.h"
#include "guest-driver/core/net.h"

#define RIG_MEMORY_BYTES ((size_t)64 << 20)

struct rig;

/* Defaults: everything offered and accepted, the JIT, seed 0, one queue pair. */
void rig_config_default(struct net_config *config);

/*
 * A device on link (taken over, closed even on failure) and a driver on it, not yet initialised (drv_net_start() does
 * that). NULL with errno set.
 */
struct rig *rig_open(const struct net_config *config, struct link *link);
/* Takes NULL. */
void rig_close(struct rig *rig);

struct drv_net *rig_driver(struct rig *rig);
struct net *rig_device(struct rig *rig);
struct mem *rig_mem(struct rig *rig);
const struct drv_transport *rig_transport(struct rig *rig);
const struct drv_env *rig_env(struct rig *rig);

/* Lets the device run until it has nothing to do. */
void rig_settle(struct rig *rig);

/* Platform of code memory through memfd, for firmware hosted in this process. */
extern const struct fw_platform rig_platform;

#endif
