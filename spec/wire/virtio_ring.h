/* SPDX-License-Identifier: BSD-2-Clause */
/* Split virtqueue as it lies in memory. virtio 1.4, 2.7. */
#ifndef REFNIC_WIRE_VIRTIO_RING_H
#define REFNIC_WIRE_VIRTIO_RING_H

#include "le.h"

#define VRING_DESC_F_NEXT     1 /* the chain goes on at next */
#define VRING_DESC_F_WRITE    2 /* device-writable, else device-readable */
#define VRING_DESC_F_INDIRECT 4 /* the buffer holds a table of descriptors */

#define VRING_AVAIL_F_NO_INTERRUPT 1
#define VRING_USED_F_NO_NOTIFY     1

#define VRING_MAX_SIZE 32768 /* descriptors; a power of two */

#define VRING_DESC_ALIGN  16 /* bytes */
#define VRING_AVAIL_ALIGN 2
#define VRING_USED_ALIGN  4

struct vring_desc {
	le64 addr;  /* guest-physical address */
	le32 len;   /* bytes */
	le16 flags; /* VRING_DESC_F_* */
	le16 next;  /* index, if VRING_DESC_F_NEXT */
};

/* followed by le16 used_event */
struct vring_avail {
	le16 flags;
	le16 idx;
	le16 ring[];
};

struct vring_used_elem {
	le32 id;  /* head of the used chain */
	le32 len; /* bytes written to the device-writable part */
};

/* followed by le16 avail_event */
struct vring_used {
	le16 flags;
	le16 idx;
	struct vring_used_elem ring[];
};

static_assert(sizeof(struct vring_desc) == 16, "2.7.5");
static_assert(sizeof(struct vring_avail) == 4, "2.7.6");
static_assert(sizeof(struct vring_used_elem) == 8, "2.7.8");
static_assert(sizeof(struct vring_used) == 4, "2.7.8");

#endif
