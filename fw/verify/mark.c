/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Theory of operation
 *
 * Where paths meet, the state is compared with those that were there before: marks. If all that can follow from an
 * earlier state is known to be safe, and the new state allows nothing that the earlier one did not, the path ends. "All
 * that can follow" is counted: a mark holds the number of paths that began behind it and have not ended. A mark that
 * has such paths is an ancestor of this one, for what waits is last in, first out; if the state is the same as there,
 * the program goes round in circles.
 *
 * Numbers are only compared where they matter. Each number in the state remembers which places of the state at the last
 * mark it was computed from, or was limited by in a comparison (deps.h). When a number decides something - a branch of
 * which only one side can happen, an offset added to a pointer, a size, the result -, these places are noted in that
 * mark as precise, and what the numbers there were computed from in the mark before, and so on. By the time all paths
 * behind a mark have ended, it knows all places whose numbers were needed to prove them safe. Whatever was elsewhere,
 * the proof would have been the same. Frames too deep for struct deps are compared whole: see deep_matters().
 *
 * How long a run can be is found in the same way. A path that ends tells the last mark on it how far that was; a mark
 * whose paths have all ended adds the longest of these to its own way from the mark before, and tells that one. A path
 * that is cut off at a mark goes on for at most as long as that mark has found, since all its runs go a way that was
 * walked behind it: how many bytes a helper goes through always matters. No instruction counts twice: what is behind a
 * mark was walked before any path is cut off there, and the paths behind it were cut off at marks done earlier still.
 * So the longest run is no longer than all that was walked, and no sum overflows.
 */
#include "verify/walk.h"
#include "virtio_net_xdp.h"

/* A new mark costs memory and comparisons, so there is some way between two. Instructions. */
#define MARK_DISTANCE 8

/* Bytes of states that wait or are kept; with what is known of each instruction no more than 64 MiB. */
#define MAX_POOL_BYTES ((size_t)52 << 20)

int mark_no_memory(struct verify *v)
{
	return report_refuse(v, VIRTIO_NET_XDP_VERIFY_MEMORY, "no memory left after %u instructions",
			     v->result.visited);
}

static void *take(struct verify *v, size_t bytes)
{
	return v->pool.bytes > MAX_POOL_BYTES ? NULL : pool_alloc(&v->pool, bytes);
}

void mark_live(const struct verify *v, uint32_t insn, struct packed_live *live)
{
	const struct state *s = v->state;

	for (uint32_t d = 0; d < s->depth; d++) {
		uint32_t call = s->frames[d + 1].call;

		/* before the call, that is after it and what the callee reads; but it gives R0, and ends R1 to R5 */
		live->frames[d] = v->spots[call].live;
		live->frames[d].regs = v->spots[call + 1].live.regs & (uint16_t)~0x3f;
	}
	live->frames[s->depth] = v->spots[insn].live;
}

static struct packed *pack(struct verify *v, const struct packed_live *live)
{
	size_t bytes = packed_make(v->scratch, v->state, live);
	struct packed *p = take(v, bytes);

	v->work += bytes;
	if (p)
		mem_copy(p, v->scratch, bytes);
	return p;
}

static void free_packed(struct verify *v, struct packed *p)
{
	if (p)
		pool_free(&v->pool, p, p->bytes);
}

void mark_matters(struct verify *v, const struct deps *places)
{
	struct deps here = *places, before;

	for (struct mark *m = v->parent; m && !deps_within(&here, &m->precise); m = m->parent) {
		deps_join(&m->precise, &here);
		packed_deps(m->state, &here, &before);
		here = before;
	}
}

/* The path was cut off at a mark: what mattered behind that mark matters to this path. */
static void matters_as_in(struct verify *v, const struct mark *m)
{
	struct deps here;

	state_deps(v->state, &m->precise, &here);
	mark_matters(v, &here);
}

/*
 * Numbers in frames too deep for struct deps are compared at every mark, whether they matter or not, and what is
 * computed from them later does not name them. So what they were computed from matters from now on.
 */
static void deep_matters(struct verify *v)
{
	static const struct deps none;
	struct deps here;

	if (v->state->depth < DEPS_SLOT_FRAMES)
		return;
	state_deps(v->state, &none, &here);
	mark_matters(v, &here);
}

static void free_mark(struct verify *v, struct mark *m)
{
	walk_tell(v, VERIFY_FORGETS, m);
	free_packed(v, m->state);
	pool_free(&v->pool, m, sizeof(*m));
}

static int add_mark(struct verify *v, struct spot *spot, const struct packed_live *live)
{
	struct mark *m = take(v, sizeof(*m));

	if (!m)
		return mark_no_memory(v);
	*m = (struct mark){
		.next = spot->marks, .parent = v->parent, .spent = v->spent, .branches = 1, .state = pack(v, live)};
	if (!m->state) {
		pool_free(&v->pool, m, sizeof(*m));
		return mark_no_memory(v);
	}
	spot->marks = m;
	deep_matters(v);
	v->parent = m;
	v->since_mark = 0;
	v->spent = 0;
	m->number = ++v->result.states;
	state_reset_deps(v->state);
	walk_tell(v, VERIFY_MARKS, m);
	return 0;
}

/*
 * Comparisons in vain that a mark may cost; each match earns it as many again. One with paths behind it can't match
 * yet, and only tells that a loop goes on.
 */
#define MISSES_ALLOWED      8
#define MISSES_ALLOWED_OPEN 24

static bool is_useless(const struct mark *m)
{
	return m->misses > (m->hits + 1) * (m->branches ? MISSES_ALLOWED_OPEN : MISSES_ALLOWED);
}

/* Compares no longer with it. Its state is still needed for the dependencies of paths behind it. */
static void drop_mark(struct verify *v, struct mark **at)
{
	struct mark *m = *at;

	*at = m->next;
	m->dropped = true;
	if (!m->branches)
		free_mark(v, m);
}

int mark_compare(struct verify *v)
{
	struct spot *spot = &v->spots[v->insn];
	struct mark **at = &spot->marks;
	bool add = !spot->marks || v->since_mark >= MARK_DISTANCE;
	struct packed_live live;

	mark_live(v, v->insn, &live);
	while (*at) {
		struct mark *m = *at;

		v->work += m->state->bytes;
		if (m->branches && packed_same(m->state, v->state, &live)) /* req: XO-189 */
			return report_refuse(v, VIRTIO_NET_XDP_VERIFY_LOOP,
					     "this loop never ends: nothing that matters has changed since the "
					     "last time here");
		if (!m->branches && packed_covers(m->state, v->state, &live, &m->precise, v->result.zero_stack)) {
			m->hits += m->hits < 1000;
			v->path_ends = true;
			v->spent += m->longest;
			matters_as_in(v, m);
			walk_tell(v, VERIFY_COVERED, m);
			return 0;
		}
		/* a state that will not be kept says nothing about those that are */
		m->misses += add;
		if (is_useless(m))
			drop_mark(v, at);
		else
			at = &m->next;
	}
	return add ? add_mark(v, spot, &live) : 0;
}

void mark_end_path(struct verify *v)
{
	struct mark *m = v->parent, *parent;
	uint64_t way = v->spent;

	for (; m; m = parent) {
		m->longest = MAX(m->longest, way);
		if (--m->branches)
			return;
		way = m->spent + m->longest;
		parent = m->parent;
		m->misses = 0;
		if (m->dropped)
			free_mark(v, m);
	}
	v->result.longest = MAX(v->result.longest, way);
}

static int add_pending(struct verify *v)
{
	struct pending *p = take(v, sizeof(*p));
	struct packed_live live;

	if (!p)
		return mark_no_memory(v);
	mark_live(v, v->insn, &live);
	*p = (struct pending){.next = v->pending,
			      .parent = v->parent,
			      .insn = v->insn,
			      .spent = v->spent,
			      .trail = v->trail.count,
			      .log = v->log.place,
			      .state = pack(v, &live)};
	if (!p->state) {
		pool_free(&v->pool, p, sizeof(*p));
		return mark_no_memory(v);
	}
	v->pending = p;
	walk_tell(v, VERIFY_WAITS, NULL);
	return 0;
}

int mark_add_pending(struct verify *v)
{
	int ret = add_pending(v);

	if (!ret && v->parent)
		v->parent->branches++;
	return ret;
}

/* The path has not ended, and does not fork: it is still counted once. */
int mark_suspend(struct verify *v)
{
	return add_pending(v);
}

void mark_free_pending(struct verify *v, struct pending *p)
{
	v->since_mark = MARK_DISTANCE;
	free_packed(v, p->state);
	pool_free(&v->pool, p, sizeof(*p));
}
