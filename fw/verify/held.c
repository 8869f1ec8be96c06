/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the program holds and has to give back: records, each known by the id of the pointers to it, and at most one
 * lock.
 */
#include "verify/walk.h"
#include "virtio_net_xdp.h"

int held_add_record(struct verify *v, uint32_t id)
{
	struct held *held = &v->state->held;

	if (held->num_records == EXEC_RECORDS) /* req: XO-193 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_HELPER,
				     "%d records are held already: give one back before another one is reserved",
				     EXEC_RECORDS);
	held->records[held->num_records++] = id;
	v->most_records = MAX(v->most_records, held->num_records);
	return 0;
}

void held_drop_record(struct verify *v, uint32_t id)
{
	struct held *held = &v->state->held;

	for (uint32_t i = 0; i < held->num_records; i++) {
		if (held->records[i] != id)
			continue;
		held->records[i] = held->records[--held->num_records];
		held->records[held->num_records] = 0;
		return;
	}
}

static void be_gone(struct reg *r, void *arg)
{
	const uint32_t *id = arg;

	if ((r->kind == REG_RECORD || r->kind == REG_RECORD_OR_NULL) && r->id == *id)
		*r = (struct reg){.kind = REG_GONE}; /* req: XO-263 */
}

void held_give_back(struct verify *v, uint32_t id)
{
	held_drop_record(v, id);
	report_event(v, (struct trail_event){.what = TRAIL_GONE});
	state_each(v->state, be_gone, &id);
}

int held_lock(struct verify *v, uint8_t number)
{
	const struct reg *r = walk_reg(v, number);
	struct held *held = &v->state->held;

	report_event(v, (struct trail_event){.what = TRAIL_LOCK});
	held->locked = true;
	held->lock_map = r->map;
	held->lock_inner = r->inner;
	held->lock_id = r->id;
	held->lock_off = r->off + (int64_t)r->var.bits.value;
	return 0;
}

int held_unlock(struct verify *v, uint8_t number)
{
	const struct reg *r = walk_reg(v, number);
	struct held *held = &v->state->held;

	/* req: XO-265 */
	if (!held->locked)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_HELPER, "no lock is held");
	if (held->lock_map != r->map || held->lock_inner != r->inner || held->lock_id != r->id ||
	    held->lock_off != r->off + (int64_t)r->var.bits.value)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_HELPER, "R%u is not the lock that is held", number);
	held->locked = false;
	held->lock_inner = false;
	held->lock_map = 0;
	held->lock_id = 0;
	held->lock_off = 0;
	return 0;
}

int held_no_lock(struct verify *v, const char *what)
{
	char at[REPORT_AT_BYTES];
	bool known;

	if (!v->state->held.locked) /* req: XO-265 */
		return 0;
	known = *report_at(v, (struct trail_event){.what = TRAIL_LOCK}, at);
	return report_refuse(v, VIRTIO_NET_XDP_VERIFY_HELPER, "a lock is held%s%s: unlock it before you %s",
			     known ? ", taken" : "", at, what);
}

int held_nothing(struct verify *v, const char *what)
{
	struct trail_event reserved = {.what = TRAIL_NULL, .id = v->state->held.records[0]};
	int ret = held_no_lock(v, what);
	char at[REPORT_AT_BYTES];

	if (ret || !v->state->held.num_records) /* req: XO-264 */
		return ret;
	return report_refuse(v, VIRTIO_NET_XDP_VERIFY_HELPER,
			     "the record reserved%s was not given back: submit or discard it before you %s",
			     report_at(v, reserved, at), what);
}
