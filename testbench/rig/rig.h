/* SPDX-License-Identifier: BSD-2-Clause */
/* The rig: driver, transport and device joined in one call. */
#ifndef TESTBENCH_RIG_H
#define TESTBENCH_RIG_H

#include "device-model/iommu.h"
#include "device-model/net.h"
#include "dma.h"
#include "guest-driver/core/net.h"

#define RIG_MEMORY_BYTES ((size_t)64 << 20)
#define RIG_PAIR_BYTES   ((size_t)4 << 20) /* for each queue pair */
#define RIG_MEMORY_GPA   0x100000          /* so that address 0 is nowhere */
/* With VIRTIO_F_ACCESS_PLATFORM: what the device has to call memory of the environment, which is mapped block by block.
 */
#define RIG_IOVA(gpa) ((gpa) + ((uint64_t)0xf00d << 32))

struct rig;

/* Defaults: everything offered and accepted, the JIT with code memory of the rig's, seed 0, one queue pair. */
void rig_config_default(struct net_config *config);

/* Accepts everything that is offered; xdp_bit as the device has it. */
void rig_driver_config_default(struct drv_net_config *driver, uint16_t xdp_bit);

/*
 * A device on link (taken over like the links of config's ports, closed even on failure; NULL: a link without frames)
 * and a driver on it, not yet initialised (drv_net_start() does that). NULL with errno set.
 */
struct rig *rig_open(const struct net_config *config, struct link *link);
/* The same with a driver of one's own choice; driver NULL: the default. */
struct rig *rig_open_driver(const struct net_config *config, const struct drv_net_config *driver, struct link *link);
/* Takes NULL. */
void rig_close(struct rig *rig);

struct drv_net *rig_driver(struct rig *rig);
struct net *rig_device(struct rig *rig);
struct mem *rig_mem(struct rig *rig);
/* NULL: the device does not offer VIRTIO_F_ACCESS_PLATFORM. */
struct iommu *rig_iommu(struct rig *rig);
struct dma *rig_dma(struct rig *rig);
const struct drv_transport *rig_transport(struct rig *rig);
const struct drv_env *rig_env(struct rig *rig);

/* Notifications that the device sent since the rig was opened: used buffers, and configuration changes. */
uint64_t rig_vq_interrupts(const struct rig *rig);
uint64_t rig_config_interrupts(const struct rig *rig);

/* Lets the device run until it has nothing to do. */
void rig_settle(struct rig *rig);

/* Platform of code memory through memfd, for firmware hosted in this process: each program has its own. */
extern const struct fw_platform rig_platform;

/* Code memory of a device's programs, reserved once: see platform.c. */
struct rig_code;

/* bytes: what all programs together may take. NULL: no memory. The caller owns it until rig_code_close(). */
struct rig_code *rig_code_open(size_t bytes);
/* Takes NULL. No program may be left. */
void rig_code_close(struct rig_code *code);

#define RIG_CODE_BYTES ((size_t)64 << 20)

/* The same as rig_platform, out of its platform_ctx, which is a struct rig_code (a rig's own if NULL). */
extern const struct fw_platform rig_code_platform;

#endif
