// SPDX-License-Identifier: BSD-2-Clause
#include "bench/measure.h"

#include <math.h>
#include <time.h>

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void turn(struct measure *m, unsigned slice_us)
{
	uint64_t began = now_ns(), from = began, to;

	do {
		double ns;

		m->round(m->ctx);
		to = now_ns();
		ns = (double)(m->took_ns ? m->took_ns(m->ctx) : to - from) / (double)m->units;
		if (ns < m->ns)
			m->ns = ns;
		from = to;
	} while (to - began < (uint64_t)slice_us * 1000);
}

void measure_run(struct measure *measures, size_t count, unsigned slice_us)
{
	for (size_t i = 0; i < count; i++) {
		measures[i].ns = INFINITY;
		measures[i].round(measures[i].ctx); /* fills the caches; not counted */
	}
	for (unsigned pass = 0; pass < MEASURE_PASSES; pass++)
		for (size_t i = 0; i < count; i++)
			turn(&measures[i], slice_us);
}
