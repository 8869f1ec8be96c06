/* SPDX-License-Identifier: BSD-2-Clause */
#include "tr_inproc.h"

static void vq_interrupt(void *ctx, uint16_t vq)
{
	struct tr_inproc *tr = ctx;

	(void)vq;
	tr->vq_interrupts++;
	tr->pending = true;
}

static void config_interrupt(void *ctx)
{
	struct tr_inproc *tr = ctx;

	tr->config_interrupts++;
	tr->pending = true;
}

const struct transport_ops tr_inproc_ops = {
	.vq_interrupt = vq_interrupt,
	.config_interrupt = config_interrupt,
};

bool tr_inproc_take(struct tr_inproc *tr)
{
	bool pending = tr->pending;

	tr->pending = false;
	return pending;
}
