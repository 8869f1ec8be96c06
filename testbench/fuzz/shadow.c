// SPDX-License-Identifier: BSD-2-Clause
#include "fuzz/shadow.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "virtio_ring.h"

#define MAY_WRITE 1 /* the device */
#define IS_RING   2 /* the device goes by what it reads there */
#define IS_PACKED 4 /* both, for its own purposes */

static uint8_t *block(size_t bytes)
{
	uint8_t *p = aligned_alloc(4096, bytes);

	cr_assert_not_null(p);
	memset(p, 0, bytes);
	return p;
}

void shadow_open(struct shadow *shadow)
{
	*shadow = (struct shadow){.main = block(SHADOW_MAIN),
				  .side = block(SHADOW_SIDE),
				  .rom = block(SHADOW_ROM),
				  .copy = block(SHADOW_BYTES),
				  .allowed = block(SHADOW_BYTES)};
	struct mem_region main = {SHADOW_GPA, SHADOW_MAIN, shadow->main, false};
	struct mem_region rom = {SHADOW_GPA + SHADOW_MAIN + SHADOW_SIDE, SHADOW_ROM, shadow->rom, true};

	cr_assert(!mem_add(&shadow->mem, &main) && !mem_add(&shadow->mem, &rom));
	shadow_side(shadow, true);
}

void shadow_close(struct shadow *shadow)
{
	mem_exit(&shadow->mem);
	free(shadow->main);
	free(shadow->side);
	free(shadow->rom);
	free(shadow->copy);
	free(shadow->allowed);
}

void shadow_side(struct shadow *shadow, bool there)
{
	struct mem_region side = {SHADOW_GPA + SHADOW_MAIN, SHADOW_SIDE, shadow->side, false};

	if (there)
		(void)mem_add(&shadow->mem, &side); /* or it is there already */
	else
		(void)mem_remove(&shadow->mem, side.gpa);
}

uint8_t *shadow_at(struct shadow *shadow, uint64_t gpa)
{
	uint64_t at = gpa - SHADOW_GPA;

	if (at < SHADOW_MAIN)
		return shadow->main + at;
	if (at < SHADOW_MAIN + SHADOW_SIDE)
		return shadow->side + (at - SHADOW_MAIN);
	return at < SHADOW_BYTES ? shadow->rom + (at - SHADOW_MAIN - SHADOW_SIDE) : NULL;
}

void shadow_put(struct shadow *shadow, uint64_t gpa, const void *from, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		uint8_t *to = shadow_at(shadow, gpa + i);

		if (to)
			*to = ((const uint8_t *)from)[i];
	}
}

static void get(struct shadow *shadow, uint64_t gpa, void *to, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		const uint8_t *from = shadow_at(shadow, gpa + i);

		((uint8_t *)to)[i] = from ? *from : 0;
	}
}

static uint16_t get16(struct shadow *shadow, uint64_t gpa)
{
	le16 wire;

	get(shadow, gpa, &wire, sizeof(wire));
	return le16_to_cpu(wire);
}

static void mark(struct shadow *shadow, uint64_t gpa, uint64_t bytes, uint8_t what)
{
	uint64_t at = gpa - SHADOW_GPA;

	/* An address outside may have its end inside, but is refused whole. */
	if (gpa < SHADOW_GPA || at >= SHADOW_BYTES)
		return;
	if (bytes > SHADOW_BYTES - at)
		bytes = SHADOW_BYTES - at;
	for (uint64_t i = 0; i < bytes; i++)
		shadow->allowed[at + i] |= what;
}

/* Everything that a chain may bring, even if the device stops half way. */
static void mark_chain(struct shadow *shadow, const struct vq *vq, uint16_t head)
{
	uint64_t table = vq->addr.desc, entries = vq->size, i = head;
	bool inside = false;

	for (unsigned steps = 0; steps <= vq->size + 2u && i < entries; steps++) {
		struct vring_desc desc;
		uint16_t flags;

		get(shadow, table + i * sizeof(desc), &desc, sizeof(desc));
		flags = le16_to_cpu(desc.flags);
		if (flags & VRING_DESC_F_INDIRECT) {
			if (inside)
				return;
			inside = true;
			table = le64_to_cpu(desc.addr);
			entries = le32_to_cpu(desc.len) / sizeof(desc);
			mark(shadow, table, le32_to_cpu(desc.len), IS_RING);
			i = 0;
			continue;
		}
		if (flags & VRING_DESC_F_WRITE)
			mark(shadow, le64_to_cpu(desc.addr), le32_to_cpu(desc.len), MAY_WRITE);
		if (!(flags & VRING_DESC_F_NEXT))
			return;
		i = le16_to_cpu(desc.next);
	}
}

/*
 * Of packed rings, whatever any descriptor says: in memory, or in the queue's copy of those it has seen. More than the
 * device may, but no less.
 */
static void mark_packed(struct shadow *shadow, const struct vq *vq, bool writes)
{
	const uint32_t size = vq->size;
	uint64_t bytes = size * sizeof(struct vring_packed_desc);

	mark(shadow, vq->addr.desc, bytes, IS_PACKED);
	mark(shadow, vq->addr.driver, sizeof(struct vring_packed_event), IS_RING);
	mark(shadow, vq->addr.device, sizeof(struct vring_packed_event), MAY_WRITE);
	for (uint32_t i = 0; writes && size && i < 2 * size; i++) {
		struct vring_packed_desc desc = vq->packed.copy[i % size];
		uint64_t table, entries = 1;

		if (i >= size)
			get(shadow, vq->addr.desc + i % size * sizeof(desc), &desc, sizeof(desc));
		table = le64_to_cpu(desc.addr);
		if (le16_to_cpu(desc.flags) & VRING_DESC_F_INDIRECT) {
			entries = le32_to_cpu(desc.len) / sizeof(desc);
			mark(shadow, table, le32_to_cpu(desc.len), IS_RING);
			for (uint64_t e = 0; e < entries && e < size + 2u; e++) {
				get(shadow, table + e * sizeof(desc), &desc, sizeof(desc));
				if (le16_to_cpu(desc.flags) & VRING_DESC_F_WRITE)
					mark(shadow, le64_to_cpu(desc.addr), le32_to_cpu(desc.len), MAY_WRITE);
			}
		} else if (le16_to_cpu(desc.flags) & VRING_DESC_F_WRITE) {
			mark(shadow, table, le32_to_cpu(desc.len), MAY_WRITE);
		}
	}
}

static void mark_queue(struct shadow *shadow, const struct vq *vq, bool writes)
{
	uint64_t size = vq->size;
	uint16_t idx;

	if (!strcmp(vq->ops->name, vq_packed_ops.name)) {
		mark_packed(shadow, vq, writes);
		return;
	}
	idx = get16(shadow, vq->addr.driver + 2);
	mark(shadow, vq->addr.desc, size * sizeof(struct vring_desc), IS_RING);
	mark(shadow, vq->addr.driver, 6 + 2 * size, IS_RING);
	mark(shadow, vq->addr.device, 6 + 8 * size, MAY_WRITE);
	if ((uint16_t)(idx - vq->next_avail) > size)
		return; /* broken at first sight */
	for (uint16_t i = vq->next_avail; writes && i != idx; i++) {
		uint16_t head = get16(shadow, vq->addr.driver + 4 + 2 * (i % size));

		mark_chain(shadow, vq, head);
	}
}

static void each_region(struct shadow *shadow, void (*fn)(uint8_t *copy, uint8_t *real, size_t bytes))
{
	fn(shadow->copy, shadow->main, SHADOW_MAIN);
	fn(shadow->copy + SHADOW_MAIN, shadow->side, SHADOW_SIDE);
	fn(shadow->copy + SHADOW_MAIN + SHADOW_SIDE, shadow->rom, SHADOW_ROM);
}

static void keep(uint8_t *copy, uint8_t *real, size_t bytes)
{
	memcpy(copy, real, bytes);
}

void shadow_before(struct shadow *shadow, const struct virtio_device *dev, const bool *queue_writes)
{
	each_region(shadow, keep);
	memset(shadow->allowed, 0, SHADOW_BYTES);
	for (uint16_t i = 0; virtio_running(dev) && i < dev->num_vqs; i++)
		if (vq_usable(&dev->vqs[i]))
			mark_queue(shadow, &dev->vqs[i], queue_writes[i]);
	/* What is read-only or not there stays as it is, whatever the rings say. */
	memset(shadow->allowed + SHADOW_MAIN + SHADOW_SIDE, 0, SHADOW_ROM);
	if (!mem_whole(&shadow->mem, SHADOW_GPA + SHADOW_MAIN, 1, true))
		memset(shadow->allowed + SHADOW_MAIN, 0, SHADOW_SIDE);
	shadow->tainted = false;
	for (size_t i = 0; i < SHADOW_BYTES; i++)
		shadow->tainted |= (shadow->allowed[i] & (shadow->allowed[i] - 1)) != 0; /* two of them */
}

uint64_t shadow_after(struct shadow *shadow)
{
	uint8_t *parts[] = {shadow->main, shadow->side, shadow->rom};
	size_t bytes[] = {SHADOW_MAIN, SHADOW_SIDE, SHADOW_ROM}, at = 0;

	for (int part = 0; part < 3 && !shadow->tainted; at += bytes[part++]) {
		if (!memcmp(parts[part], shadow->copy + at, bytes[part]))
			continue;
		for (size_t i = 0; i < bytes[part]; i++)
			if (parts[part][i] != shadow->copy[at + i] &&
			    !(shadow->allowed[at + i] & (MAY_WRITE | IS_PACKED)))
				return SHADOW_GPA + at + i;
	}
	return 0;
}
