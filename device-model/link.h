/* SPDX-License-Identifier: BSD-2-Clause */
/* A link: what the device's wire is plugged into. Frames are Ethernet, without FCS. */
#ifndef DEVICE_MODEL_LINK_H
#define DEVICE_MODEL_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINK_BURST 32 /* frames that one call moves at most */

struct link_frame {
	const uint8_t *data;
	uint32_t bytes;      /* there */
	uint32_t wire_bytes; /* that were on the wire; more than bytes: the capture was snapped */
	uint64_t time_ns;    /* absolute, as captured; 0: no such clock */
	uint64_t number;     /* of the frame on this link, from 1 */
};

struct link;

struct link_ops {
	/* Looks at up to max next frames without taking them; they stay valid until take() or the next peek(). 0: none
	 * now. */
	size_t (*peek)(struct link *link, struct link_frame *frames, size_t max);
	/* Takes the first count of the frames that peek() showed. */
	void (*take)(struct link *link, size_t count);
	/* Sends. Returns how many of count were accepted; the rest is lost (the caller counts it). The bytes may be
	 * guest memory, which the driver changes at any time: what is kept is copied, what is judged is judged in the
	 * copy. */
	size_t (*send)(struct link *link, const struct link_frame *frames, size_t count);
	/* Whether no frame will ever come again. */
	bool (*ended)(const struct link *link);
	bool (*up)(const struct link *link);
	/* Frees the link. */
	void (*close)(struct link *link);
};

struct link {
	const struct link_ops *ops;
};

#endif
