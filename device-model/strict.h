/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --strict: the device watches its driver, and tells which statements of the specification it sees violated, by the
 * rows of strict.def. Nothing that the device does depends on it.
 *
 * What is judged is what is certain. Registers are judged as they are accessed; chains when the device first looks for
 * them, and again when it takes them and gives them back; buffers and commands when they are taken; a notification that
 * never came when the queue is reset. Guest memory is read for all this besides the device's own reads.
 *
 * Whoever watches no driver pays nothing for it per frame: the rings are watched by operations of their own that a
 * queue gets when it is enabled, registers are not accessed per frame, and a notification costs one comparison.
 */
#ifndef DEVICE_MODEL_STRICT_H
#define DEVICE_MODEL_STRICT_H

#include "virtio.h"

enum strict_row {
#define STRICT(name, id, level, kind, text) STRICT_##name,
#include "strict.def"
#undef STRICT
	STRICT_ROWS
};

enum strict_kind {
	STRICT_REGISTER,
	STRICT_FEATURE,
	STRICT_RING,
	STRICT_BUFFER,
	STRICT_COMMAND,
};

struct net;
struct strict;
struct vq_ops;

/* NULL: no memory. net is the caller's, is there as a whole but for its memory of queues, and outlives the watch. */
struct strict *strict_create(struct net *net);
/* Takes NULL. */
void strict_free(struct strict *s);

/* ---- what was seen ---- */

struct strict_text {
	const char *id;    /* of the statement */
	const char *level; /* "MUST NOT" */
	enum strict_kind kind;
	const char *text; /* what is wrong, in a few words */
};

const struct strict_text *strict_text(enum strict_row row);
/* How often it was seen since creation, and the event that showed it first ("": none). */
uint64_t strict_count(const struct strict *s, enum strict_row row);
const char *strict_event(const struct strict *s, enum strict_row row);

/* ---- what the virtio core tells, before it acts ---- */

void strict_status_read(struct strict *s);
void strict_status_write(struct strict *s, uint8_t status);
void strict_features_read(struct strict *s);
void strict_features_write(struct strict *s, uint32_t select, uint32_t bits);
void strict_generation_read(struct strict *s);
void strict_config_read(struct strict *s, uint32_t offset, size_t bytes);
void strict_config_write(struct strict *s, uint32_t offset, size_t bytes);
/* The operations to enable the queue with. */
const struct vq_ops *strict_queue_enable(struct strict *s, uint16_t queue, uint16_t size,
					 const struct virtio_queue_addr *addr, const struct vq_ops *ops);
/* It is enabled now. */
void strict_queue_enabled(struct strict *s, uint16_t queue);
void strict_queue_reset(struct strict *s, uint16_t queue);
/* Somebody asked whether its reset is over. */
void strict_queue_asked(struct strict *s, uint16_t queue);
void strict_notified(struct strict *s, uint16_t queue);
/* place: what the driver wrote beside the queue's name, with VIRTIO_F_NOTIFICATION_DATA. */
void strict_notified_place(struct strict *s, uint16_t queue, uint16_t place);

#endif
