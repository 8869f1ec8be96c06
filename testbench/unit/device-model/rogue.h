/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver that goes through all that a driver does with a network device, by the book but for one thing: a switch for
 * each statement that strict.h knows makes it violate that one, once.
 */
#ifndef UNIT_ROGUE_H
#define UNIT_ROGUE_H

#include "device-model/strict.h"
#include "rig/rig.h"

#define ROGUE_NOTHING STRICT_ROWS /* the switch of a driver that does no wrong */

/* What the device offers and the driver accepts. */
enum rogue_flavour {
	ROGUE_SPLIT,        /* everything but what the others are for */
	ROGUE_EVENT,        /* the same with ring_event_idx and in_order */
	ROGUE_PLAIN,        /* version_1, mac and ctrl_vq */
	ROGUE_PACKED,       /* as ROGUE_SPLIT, packed */
	ROGUE_PACKED_PLAIN, /* as ROGUE_PLAIN, packed */
	ROGUE_FLAVOURS
};

/* A device that watches what the driver does. The caller closes it. */
struct rig *rogue_play(enum rogue_flavour flavour, enum strict_row wrong);

#endif
