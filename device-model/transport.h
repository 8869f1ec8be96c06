/* SPDX-License-Identifier: BSD-2-Clause */
/* What a device asks of its transport. What a transport asks of the device is in virtio.h. */
#ifndef DEVICE_MODEL_TRANSPORT_H
#define DEVICE_MODEL_TRANSPORT_H

#include <stdint.h>

struct transport_ops {
	/* Used buffer notification for queue vq. */
	void (*vq_interrupt)(void *ctx, uint16_t vq);
	/* Configuration change notification. */
	void (*config_interrupt)(void *ctx);
};

#endif
