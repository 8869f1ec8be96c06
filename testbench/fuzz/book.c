// SPDX-License-Identifier: BSD-2-Clause
#include "fuzz/book.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define CLAIMS_MAX 400000

static void *copy(const void *from, size_t bytes)
{
	void *to = malloc(bytes ? bytes : 1);

	cr_assert_not_null(to);
	memcpy(to, from, bytes);
	return to;
}

/* Makes room for one more behind count elements. */
static void *grow(void *array, uint32_t *room, uint32_t count, size_t bytes)
{
	uint32_t old = *room;

	if (count < old)
		return array;
	*room = count * 2 + 64;
	array = realloc(array, *room * bytes);
	cr_assert_not_null(array);
	memset((uint8_t *)array + old * bytes, 0, (*room - old) * bytes);
	return array;
}

struct book *book_new(const struct verify *v)
{
	struct book *book = calloc(1, sizeof(*book));

	cr_assert_not_null(book);
	book->count = v->args.count;
	book->insns = copy(v->args.insns, book->count * sizeof(*book->insns));
	book->maps = copy(v->args.maps, v->args.num_maps * sizeof(struct map *));
	book->scratch = malloc(PACKED_MAX);
	cr_assert_not_null(book->scratch);
	book->entries = malloc(book->count * sizeof(*book->entries));
	cr_assert_not_null(book->entries);
	memset(book->entries, 0xff, book->count * sizeof(*book->entries));
	book->from = BOOK_NONE;
	return book;
}

void book_free(struct book *book)
{
	if (!book)
		return;
	for (uint32_t i = 0; i < book->num_claims; i++)
		free(book->claims[i].state);
	free(book->claims);
	free(book->marks);
	free(book->waiting);
	free(book->entries);
	free(book->scratch);
	free(book->access);
	free(book->calls);
	free(book->maps);
	free(book->insns);
	free(book);
}

bool book_is_whole(const struct book *book)
{
	return book->access && !book->full;
}

bool book_claims(const struct book *book, const struct claim *claim, const struct deps *places)
{
	return !claim->mark || deps_within(places, &book->marks[claim->mark].precise);
}

static void link_from(struct book *book, uint32_t to)
{
	if (book->from != BOOK_NONE)
		book->claims[book->from].next[book->side] = to;
}

static void add_claim(struct book *book, const struct verify *v)
{
	uint32_t n = book->num_claims;
	struct packed_live live;
	size_t bytes;

	book->full |= n == CLAIMS_MAX;
	if (book->full)
		return;
	mark_live(v, v->insn, &live);
	bytes = packed_make(book->scratch, v->state, &live);
	book->claims = grow(book->claims, &book->room_claims, n, sizeof(*book->claims));
	book->claims[n] = (struct claim){.insn = v->insn,
					 .mark = v->parent ? v->parent->number : 0,
					 .next = {BOOK_NONE, BOOK_NONE},
					 .state = copy(book->scratch, bytes)};
	book->num_claims++;
	link_from(book, n);
	if (book->entering)
		book->entries[v->insn] = n;
	book->entering = false;
	if (book->marked)
		book->marks[book->marked].claim = n;
	book->marked = 0;
	book->from = n;
	book->side = 0;
}

static void end(struct book *book, const struct verify *v)
{
	if (v->result.error || book->full)
		return;
	for (uint32_t i = 0; i < book->count; i++)
		for (const struct mark *m = v->spots[i].marks; m; m = m->next)
			book->marks[m->number].precise = m->precise;
	book->access = copy(v->result.access, book->count);
	book->calls = copy(v->result.calls, book->count * sizeof(*book->calls));
	book->actions = v->result.actions;
	book->frames = v->result.frames;
	book->longest = v->result.longest;
}

void book_write(struct book *book, const struct verify *v, enum verify_event event, const struct mark *mark)
{
	if (book->full)
		return;
	switch (event) {
	case VERIFY_BEGINS:
		break;
	case VERIFY_MARKS:
		book->marks = grow(book->marks, &book->room_marks, mark->number, sizeof(*book->marks));
		book->marked = mark->number;
		break;
	case VERIFY_VISITS:
		add_claim(book, v);
		break;
	case VERIFY_WAITS:
		book->waiting = grow(book->waiting, &book->room_waiting, book->num_waiting, sizeof(*book->waiting));
		book->waiting[book->num_waiting++] = book->from;
		break;
	case VERIFY_RESUMES:
		cr_assert_gt(book->num_waiting, 0);
		book->from = book->waiting[--book->num_waiting];
		book->side = 1;
		break;
	case VERIFY_ENTERS:
		book->from = BOOK_NONE;
		book->entering = true;
		break;
	case VERIFY_COVERED:
		link_from(book, book->marks[mark->number].claim);
		break;
	case VERIFY_FORGETS:
		book->marks[mark->number].precise = mark->precise;
		break;
	case VERIFY_ENDS:
		end(book, v);
		break;
	}
}
