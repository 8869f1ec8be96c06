// SPDX-License-Identifier: BSD-2-Clause
#include "bench/measure.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

/* Rounds of one measure; the oldest ones make room. */
struct samples {
	double ns[MEASURE_SAMPLES];
	size_t taken;
};

static uint64_t now_ns(enum measure_clock clock)
{
	struct timespec t;

	clock_gettime(clock == MEASURE_THREAD ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void one_round(struct measure *m, struct samples *samples, enum measure_clock clock)
{
	uint64_t from;
	double ns;

	if (m->prepare)
		m->prepare(m->ctx);
	from = now_ns(clock);
	m->round(m->ctx);
	ns = (double)(now_ns(clock) - from);
	if (m->took_ns)
		ns = (double)m->took_ns(m->ctx);
	ns /= (double)m->units;
	if (ns < m->ns)
		m->ns = ns;
	samples->ns[samples->taken++ % MEASURE_SAMPLES] = ns;
}

static void turn(struct measure *m, struct samples *samples, unsigned slice_us, enum measure_clock clock)
{
	uint64_t began = now_ns(MEASURE_WALL);

	do
		one_round(m, samples, clock);
	while (now_ns(MEASURE_WALL) - began < (uint64_t)slice_us * 1000);
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void summarise(struct measure *m, struct samples *samples)
{
	size_t count = samples->taken < MEASURE_SAMPLES ? samples->taken : MEASURE_SAMPLES;

	qsort(samples->ns, count, sizeof(samples->ns[0]), compare);
	m->median_ns = samples->ns[count / 2];
	m->p90_ns = samples->ns[count * 9 / 10];
}

int measure_run(struct measure *measures, size_t count, unsigned slice_us, enum measure_clock clock)
{
	struct samples *samples = calloc(count, sizeof(*samples));

	if (!samples)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		measures[i].ns = INFINITY;
		if (measures[i].prepare)
			measures[i].prepare(measures[i].ctx);
		measures[i].round(measures[i].ctx); /* fills the caches; not counted */
	}
	for (unsigned pass = 0; pass < MEASURE_PASSES; pass++)
		for (size_t i = 0; i < count; i++)
			turn(&measures[i], &samples[i], slice_us, clock);
	for (size_t i = 0; i < count; i++)
		summarise(&measures[i], &samples[i]);
	free(samples);
	return 0;
}
