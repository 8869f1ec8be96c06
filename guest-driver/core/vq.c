/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "vq.h"

int drv_vq_check(const struct drv_sg *sg, unsigned readable, unsigned writable, uint32_t *bytes)
{
	uint64_t sum = 0, sum_writable = 0;
	unsigned i;

	for (i = 0; i < readable + writable; i++) {
		sum += sg[i].bytes;
		if (i >= readable)
			sum_writable += sg[i].bytes;
	}
	if (!sum || sum > UINT32_MAX)
		return -EINVAL;
	*bytes = (uint32_t)sum_writable;
	return 0;
}
