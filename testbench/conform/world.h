/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device with one object in each state, and a command of each kind that succeeds there: what the tests on all
 * commands start from.
 *
 * Programs: 0 READY and attached, 1 LOADING with its second half to come, 2 LOADING and complete, 3 READY, 4 REFUSED.
 * Maps: 0 HASH with element WORLD_KEY, 1 ARRAY, 3 ARRAY that commands may not write; 2 is free, as is program 5.
 */
#ifndef CONFORM_WORLD_H
#define CONFORM_WORLD_H

#include "bench.h"

#define WORLD_KEY    0x11223344
#define WORLD_DATA   128 /* bytes of request at most */
#define WORLD_ABSENT 7   /* an id that names nothing */

struct world_command {
	uint8_t command;
	const char *name;
	uint16_t fixed;  /* bytes of the request structure without a trailing array */
	bool array;      /* whether it ends in one */
	uint16_t result; /* bytes of the result structure without a trailing array */
	uint16_t room;   /* that the command in world_request() needs */
};

#define WORLD_COMMANDS 21
extern const struct world_command world_commands[WORLD_COMMANDS];

/* Puts the device into this state; it has to be fresh. */
void world_make(struct bench *b);

/* A request for the command that succeeds in the world. Returns its bytes. */
size_t world_request(const struct world_command *c, uint8_t data[WORLD_DATA]);

/* Whether the device offers the command. */
bool world_offers(const struct bench *b, const struct world_command *c);

#endif
