/* SPDX-License-Identifier: BSD-2-Clause */
/* Split and packed virtqueues as they lie in memory. virtio 1.4, 2.7 and 2.8. */
#ifndef REFNIC_WIRE_VIRTIO_RING_H
#define REFNIC_WIRE_VIRTIO_RING_H

#include "le.h"

#define VRING_DESC_F_NEXT     1 /* the chain goes on at next */
#define VRING_DESC_F_WRITE    2 /* device-writable, else device-readable */
#define VRING_DESC_F_INDIRECT 4 /* the buffer holds a table of descriptors */

#define VRING_AVAIL_F_NO_INTERRUPT 1
#define VRING_USED_F_NO_NOTIFY     1

#define VRING_MAX_SIZE 32768 /* descriptors; a power of two for a split queue */

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

/* Of a packed queue's descriptors, besides those above: available if they differ, used if they are the same. */
#define VRING_PACKED_DESC_F_AVAIL (1 << 7)
#define VRING_PACKED_DESC_F_USED  (1 << 15)
#define VRING_PACKED_DESC_F_LAP   (VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED)

#define VRING_PACKED_EVENT_FLAG_ENABLE  0
#define VRING_PACKED_EVENT_FLAG_DISABLE 1
#define VRING_PACKED_EVENT_FLAG_DESC    2 /* at the descriptor that off_wrap names; with EVENT_IDX */
#define VRING_PACKED_EVENT_FLAGS        3 /* the bits that they take; the others are reserved */

#define VRING_PACKED_WRAP 0x8000 /* of a position: the ring wrap counter; the other bits are the descriptor */

#define VRING_PACKED_EVENT_ALIGN 4 /* bytes */

struct vring_packed_desc {
	le64 addr;  /* guest-physical address; of a used descriptor: nothing */
	le32 len;   /* bytes; of a used descriptor: written to the buffer */
	le16 id;    /* of the buffer, in the last descriptor of its list */
	le16 flags; /* VRING_DESC_F_*, VRING_PACKED_DESC_F_* */
};

/* Length, id and flags are one word at a multiple of 8, read and written at once. */
static inline le64 vring_packed_word(uint32_t len, uint16_t id, uint16_t flags)
{
	return cpu_to_le64((uint64_t)flags << 48 | (uint64_t)id << 32 | len);
}

static inline uint32_t vring_packed_len(le64 word)
{
	return (uint32_t)le64_to_cpu(word);
}

static inline uint16_t vring_packed_id(le64 word)
{
	return (uint16_t)(le64_to_cpu(word) >> 32);
}

static inline uint16_t vring_packed_flags(le64 word)
{
	return (uint16_t)(le64_to_cpu(word) >> 48);
}

/* Flags of a descriptor that is available at a position, and of one that is used there, as to its lap. */
static inline uint16_t vring_packed_available(uint16_t at)
{
	return at & VRING_PACKED_WRAP ? VRING_PACKED_DESC_F_AVAIL : VRING_PACKED_DESC_F_USED;
}

static inline uint16_t vring_packed_used(uint16_t at)
{
	return at & VRING_PACKED_WRAP ? VRING_PACKED_DESC_F_LAP : 0;
}

static inline uint16_t vring_packed_index(uint16_t at)
{
	return (uint16_t)(at & ~VRING_PACKED_WRAP);
}

/* Moves a position on by places, of which there are no more than the queue has. */
static inline uint16_t vring_packed_forward(uint16_t at, uint32_t places, uint16_t size)
{
	uint32_t index = vring_packed_index(at) + places;

	if (index >= size)
		return (uint16_t)((index - size) | (~at & VRING_PACKED_WRAP));
	return (uint16_t)(index | (at & VRING_PACKED_WRAP));
}

/* By one place. */
static inline uint16_t vring_packed_next(uint16_t at, uint16_t size)
{
	at++;
	return (uint16_t)(vring_packed_index(at) == size ? ~at & VRING_PACKED_WRAP : at);
}

/* Descriptor ring first, then these: the driver area is the driver's, the device area the device's. */
struct vring_packed_event {
	le16 off_wrap; /* descriptor, and VRING_PACKED_WRAP */
	le16 flags;    /* VRING_PACKED_EVENT_FLAG_* */
};

static_assert(sizeof(struct vring_desc) == 16, "2.7.5");
static_assert(sizeof(struct vring_avail) == 4, "2.7.6");
static_assert(sizeof(struct vring_used_elem) == 8, "2.7.8");
static_assert(sizeof(struct vring_used) == 4, "2.7.8");

static_assert(sizeof(struct vring_packed_desc) == 16, "2.8.13");
static_assert(sizeof(struct vring_packed_event) == 4, "2.8.14");

#endif
