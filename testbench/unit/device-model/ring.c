/* SPDX-License-Identifier: BSD-2-Clause */
#include "ring.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

void ram_open(struct ram *ram)
{
	struct mem_region region = {.gpa = RAM_GPA, .bytes = RAM_BYTES};

	*ram = (struct ram){.bytes = aligned_alloc(4096, RAM_BYTES), .next = RAM_GPA};
	cr_assert(ram->bytes);
	memset(ram->bytes, 0, RAM_BYTES);
	region.host = ram->bytes;
	cr_assert_eq(mem_add(&ram->mem, &region), 0);
}

void ram_close(struct ram *ram)
{
	mem_exit(&ram->mem);
	free(ram->bytes);
}

uint64_t ram_take(struct ram *ram, size_t bytes)
{
	uint64_t gpa = ram->next;

	ram->next += (bytes + 63) / 64 * 64;
	cr_assert_leq(ram->next, RAM_GPA + RAM_BYTES);
	return gpa;
}

void *ram_at(struct ram *ram, uint64_t gpa)
{
	return ram->bytes + (gpa - RAM_GPA);
}

static void put16(struct ram *ram, uint64_t gpa, uint16_t value)
{
	le16 wire = cpu_to_le16(value);

	memcpy(ram_at(ram, gpa), &wire, sizeof(wire));
}

static uint16_t get16(struct ram *ram, uint64_t gpa)
{
	le16 wire;

	memcpy(&wire, ram_at(ram, gpa), sizeof(wire));
	return le16_to_cpu(wire);
}

void ring_open(struct ring *ring, struct ram *ram, uint16_t size)
{
	*ring = (struct ring){.ram = ram, .size = size};
	ring->addr.desc = ram_take(ram, 16 * (size_t)size);
	ring->addr.driver = ram_take(ram, 6 + 2 * (size_t)size);
	ring->addr.device = ram_take(ram, 6 + 8 * (size_t)size);
}

void ring_table(struct ram *ram, uint64_t gpa, uint32_t i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	struct vring_desc d = {cpu_to_le64(addr), cpu_to_le32(len), cpu_to_le16(flags), cpu_to_le16(next)};

	memcpy(ram_at(ram, gpa + 16 * (uint64_t)i), &d, sizeof(d));
}

void ring_desc(struct ring *ring, uint16_t i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	ring_table(ring->ram, ring->addr.desc, i, addr, len, flags, next);
}

void ring_set_avail(struct ring *ring, uint16_t idx)
{
	ring->avail = idx;
	put16(ring->ram, ring->addr.driver + 2, idx);
}

void ring_push(struct ring *ring, uint16_t head)
{
	put16(ring->ram, ring->addr.driver + 4 + 2 * (ring->avail % ring->size), head);
	ring_set_avail(ring, ring->avail + 1);
}

void ring_set_avail_flags(struct ring *ring, uint16_t flags)
{
	put16(ring->ram, ring->addr.driver, flags);
}

void ring_set_used_event(struct ring *ring, uint16_t event)
{
	put16(ring->ram, ring->addr.driver + 4 + 2 * ring->size, event);
}

uint16_t ring_used_flags(struct ring *ring)
{
	return get16(ring->ram, ring->addr.device);
}

uint16_t ring_used_idx(struct ring *ring)
{
	return get16(ring->ram, ring->addr.device + 2);
}

uint16_t ring_avail_event(struct ring *ring)
{
	return get16(ring->ram, ring->addr.device + 4 + 8 * ring->size);
}

bool ring_pop(struct ring *ring, uint32_t *id, uint32_t *len)
{
	struct vring_used_elem elem;

	if (ring->used == ring_used_idx(ring))
		return false;
	memcpy(&elem, ram_at(ring->ram, ring->addr.device + 4 + 8 * (ring->used % ring->size)), sizeof(elem));
	*id = le32_to_cpu(elem.id);
	*len = le32_to_cpu(elem.len);
	ring->used++;
	return true;
}
