/* SPDX-License-Identifier: BSD-2-Clause */
#include "mem.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Index of the first region that ends behind gpa; mem->count if there is none. */
static size_t find(const struct mem *mem, uint64_t gpa)
{
	size_t low = 0, high = mem->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct mem_region *r = &mem->regions[mid];

		if (gpa < r->gpa || gpa - r->gpa < r->bytes)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

void mem_exit(struct mem *mem)
{
	free(mem->regions);
	*mem = (struct mem){.generation = mem->generation + 1, .translated = mem->translated};
}

/* Room for one more region. */
static int make_room(struct mem *mem)
{
	size_t room = mem->room ? mem->room * 2 : 8;
	struct mem_region *regions;

	if (mem->count < mem->room)
		return 0;
	if (room > MEM_REGIONS_MAX)
		return -ENOSPC;
	regions = realloc(mem->regions, room * sizeof(*regions));
	if (!regions)
		return -ENOMEM;
	mem->regions = regions;
	mem->room = room;
	return 0;
}

int mem_add(struct mem *mem, const struct mem_region *region)
{
	size_t at;
	int error;

	/* The last byte may be the last one that there is, so the end itself may be 2^64. */
	if (!region->bytes || !region->host || region->bytes - 1 > UINT64_MAX - region->gpa)
		return -EINVAL;
	at = find(mem, region->gpa);
	if (at < mem->count &&
	    (mem->regions[at].gpa <= region->gpa || mem->regions[at].gpa - region->gpa < region->bytes))
		return -EEXIST;
	error = make_room(mem);
	if (error)
		return error;
	memmove(&mem->regions[at + 1], &mem->regions[at], (mem->count - at) * sizeof(mem->regions[0]));
	mem->regions[at] = *region;
	mem->count++;
	mem->generation++;
	return 0;
}

int mem_remove(struct mem *mem, uint64_t gpa)
{
	size_t at = find(mem, gpa);

	if (at == mem->count || mem->regions[at].gpa != gpa)
		return -ENOENT;
	mem->count--;
	memmove(&mem->regions[at], &mem->regions[at + 1], (mem->count - at) * sizeof(mem->regions[0]));
	mem->generation++;
	return 0;
}

const struct mem_region *mem_region_of(const struct mem *mem, uint64_t gpa)
{
	size_t at = find(mem, gpa);

	return at < mem->count && mem->regions[at].gpa <= gpa ? &mem->regions[at] : NULL;
}

uint8_t *mem_piece(const struct mem *mem, uint64_t gpa, uint64_t bytes, bool write, uint64_t *piece)
{
	size_t at = find(mem, gpa);
	const struct mem_region *r;
	uint64_t there;
	uint8_t *host;

	if (at == mem->count)
		return NULL;
	r = &mem->regions[at];
	if (gpa < r->gpa || (write && r->read_only))
		return NULL;
	host = r->host + (gpa - r->gpa);
	there = r->bytes - (gpa - r->gpa);
	/* Neighbours that also are neighbours on the host make one piece. */
	while (there < bytes && ++at < mem->count && r[1].gpa - r->gpa == r->bytes && r[1].host == r->host + r->bytes &&
	       !(write && r[1].read_only)) {
		r++;
		there += r->bytes;
	}
	*piece = there < bytes ? there : bytes;
	return host;
}

uint8_t *mem_whole(const struct mem *mem, uint64_t gpa, uint64_t bytes, bool write)
{
	uint64_t piece;
	uint8_t *host = mem_piece(mem, gpa, bytes, write, &piece);

	return host && piece == bytes ? host : NULL;
}
