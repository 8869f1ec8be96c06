/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps that the kernel and several firmwares have alike, with the same elements in them. */
#ifndef TESTBENCH_ORACLE_TWINS_H
#define TESTBENCH_ORACLE_TWINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load/load.h"
#include "oracle/device.h"

#define TWINS_MAX       32
#define TWINS_KEY_MAX   64   /* bytes */
#define TWINS_VALUE_MAX 4096 /* bytes */

struct twins {
	struct device *devices; /* the caller's, num_devices of them */
	size_t num_devices;
	unsigned int cpu, num_cpus; /* the one that programs run on, of so many */
	const struct load_map *maps;
	int fds[TWINS_MAX]; /* the kernel's */
	size_t num_maps;
	uint8_t *kernel_value; /* of all processors */
};

/* Keeps this process on one processor, whose values of maps it will look at. */
void twins_init(struct twins *twins, struct device *devices, size_t num_devices);
void twins_exit(struct twins *twins);

/* Forgets all, programs included, and makes these maps, which must stay. false: a side refuses one, or one is larger
 * than this looks at. */
bool twins_make(struct twins *twins, const struct load_map *maps, size_t num_maps);

/* Whether elements of maps of this type mean the same to all. */
bool twins_same_values(uint32_t type);

/*
 * Gives all maps the same elements: seed's, or zeros and none if it is 0. frame: bytes that keys are taken from, so
 * that some are found.
 */
void twins_fill(struct twins *twins, uint64_t seed, const uint8_t *frame, size_t bytes);

/* The first difference between maps: a sentence to text, room bytes. false: there is none. */
bool twins_differ(struct twins *twins, bool kernel, char *text, size_t room);

#endif
