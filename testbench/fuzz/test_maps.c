// SPDX-License-Identifier: BSD-2-Clause
/*
 * Random commands on maps of every type, against a model that is a list of elements: each answer is what the text says,
 * with the lowest status that applies and its detail, whatever was created, filled, frozen, nested or destroyed before.
 * The firmwares differ in the seed of their hash functions, of which nothing may show. REFNIC_FUZZ=N tries N steps,
 * REFNIC_SEED=S starts at seed S.
 */
#include "core.h"
#include "fuzz/generate.h"
#include "unit/fw/control.h"
#include "virtio_net_xdp_ext.h"

#define STEPS    60000
#define MAPS     7
#define PROGS    4
#define QUEUES   2
#define MOST     8 /* max_entries */
#define KEY_MAX  20
#define WIRE_MAX 64

#define TYPE(name) VIRTIO_NET_XDP_MAP_##name
#define ERR(name)  VIRTIO_NET_XDP_ERR_##name
#define CMD(name)  VIRTIO_NET_CTRL_XDP_##name
#define FLAG(name) VIRTIO_NET_XDP_MAP_F_##name
#define NONE       VIRTIO_NET_XDP_ID_NONE

#define FLAGS_ALL (FLAG(RDONLY) | FLAG(WRONLY) | FLAG(RDONLY_PROG) | FLAG(WRONLY_PROG))

/* How a type orders its elements, and which it can have. */
enum shape { FULL, INDEXED, HASHED, PREFIXED, RECORDS };

static const struct type {
	uint32_t type;
	enum shape shape;
	uint32_t flags; /* that it permits */
	uint32_t key_min, key_max;
	uint32_t values[2]; /* sizes; 0: any */
	bool lru, per_queue, no_next;
} types[] = {
	{TYPE(HASH), HASHED, FLAGS_ALL | FLAG(NO_PREALLOC) | FLAG(ZERO_SEED), 1, 512, {0}, false, false, false},
	{TYPE(ARRAY), FULL, FLAGS_ALL | FLAG(INNER_MAP), 4, 4, {0}, false, false, false},
	{TYPE(PROG_ARRAY), INDEXED, FLAGS_ALL, 4, 4, {4}, false, false, false},
	{TYPE(PERF_EVENTS), RECORDS, 0, 4, 4, {4}, false, false, false},
	{TYPE(PERCPU_HASH), HASHED, FLAGS_ALL | FLAG(NO_PREALLOC) | FLAG(ZERO_SEED), 1, 512, {0}, false, true, false},
	{TYPE(PERCPU_ARRAY), FULL, FLAGS_ALL, 4, 4, {0}, false, true, false},
	{TYPE(LRU_HASH), HASHED, FLAGS_ALL | FLAG(ZERO_SEED) | FLAG(NO_COMMON_LRU), 1, 512, {0}, true, false, false},
	{TYPE(LRU_PERCPU), HASHED, FLAGS_ALL | FLAG(ZERO_SEED) | FLAG(NO_COMMON_LRU), 1, 512, {0}, true, true, false},
	{TYPE(LPM_TRIE), PREFIXED, FLAGS_ALL | FLAG(NO_PREALLOC), 5, 260, {0}, false, false, false},
	{TYPE(ARRAY_OF), INDEXED, FLAGS_ALL, 4, 4, {4}, false, false, false},
	{TYPE(HASH_OF), HASHED, FLAGS_ALL | FLAG(NO_PREALLOC), 1, 512, {4}, false, false, false},
	{TYPE(DEVMAP), INDEXED, FLAGS_ALL & ~FLAG(WRONLY_PROG), 4, 4, {4, 8}, false, false, false},
	{TYPE(DEVMAP_HASH), HASHED, FLAGS_ALL & ~FLAG(WRONLY_PROG), 4, 4, {4, 8}, false, false, false},
	{TYPE(CPUMAP), INDEXED, FLAGS_ALL & ~FLAG(WRONLY_PROG), 4, 4, {4, 8}, false, false, false},
	{TYPE(XSKMAP), INDEXED, FLAGS_ALL & ~FLAG(WRONLY_PROG), 4, 4, {4}, false, false, false},
	{TYPE(FIB), PREFIXED, FLAG(RDONLY) | FLAG(WRONLY) | FLAG(NO_PREALLOC), 8, 20, {40}, false, false, false},
};

struct element {
	uint8_t key[KEY_MAX], value[WIRE_MAX];
	uint64_t used;
};

struct model {
	const struct type *type; /* NULL: no such map */
	uint32_t key_size, value_size, wire, max, flags, inner_id;
	bool frozen;
	struct model_inner {
		uint32_t type, key_size, value_size, flags;
	} inner;
	struct element at[MOST];
	uint32_t count;
};

struct fuzz {
	struct control *c[2];
	struct model maps[MAPS];
	bool ready[PROGS];
	uint64_t rng, step, clock;
	uint32_t oks[32];
};

static uint32_t pick(struct fuzz *f, uint32_t below)
{
	return (uint32_t)(generate_random(&f->rng) % below);
}

static bool is_of_maps(const struct type *type)
{
	return type->type == TYPE(ARRAY_OF) || type->type == TYPE(HASH_OF);
}

/* Sends to both firmwares, which have to agree. Returns status, and the detail. */
static unsigned send(struct fuzz *f, unsigned command, const void *in, size_t bytes, size_t room, uint32_t *detail)
{
	unsigned status = control_send(f->c[0], command, in, bytes, room);

	cr_assert_eq(control_send(f->c[1], command, in, bytes, room), status, "step %lu", f->step);
	cr_assert(f->c[0]->detail == f->c[1]->detail && f->c[0]->written == f->c[1]->written &&
			  memcmp(f->c[0]->out, f->c[1]->out, f->c[0]->written) == 0,
		  "step %lu: seeds show", f->step);
	*detail = f->c[0]->detail;
	f->oks[command] += !status;
	return status;
}

/* ---- the model ---- */

static uint32_t word_at(const uint8_t *p)
{
	le32 word;

	memcpy(&word, p, 4);
	return le32_to_cpu(word);
}

/* The key as it is stored. False: no element can have it. */
static bool canonical(const struct model *m, const uint8_t *key, uint8_t *to)
{
	uint32_t bits;

	memcpy(to, key, m->key_size);
	if (m->type->shape == FULL || m->type->shape == INDEXED)
		return word_at(key) < m->max;
	if (m->type->shape != PREFIXED)
		return true;
	bits = word_at(key);
	if (bits > (m->key_size - 4) * 8)
		return false;
	for (uint32_t bit = bits; bit < (m->key_size - 4) * 8; bit++)
		to[4 + bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	return true;
}

static struct element *find(struct model *m, const uint8_t *key)
{
	uint8_t own[KEY_MAX];

	for (uint32_t i = 0; canonical(m, key, own) && i < m->count; i++)
		if (memcmp(m->at[i].key, own, m->key_size) == 0)
			return &m->at[i];
	return NULL;
}

static bool begins_with(const struct model *m, const uint8_t *key, const uint8_t *prefix)
{
	uint32_t bits = word_at(prefix);

	if (bits > word_at(key))
		return false;
	for (uint32_t bit = 0; bit < bits; bit++)
		if ((key[4 + bit / 8] ^ prefix[4 + bit / 8]) >> (7 - bit % 8) & 1)
			return false;
	return m->count;
}

static struct element *look_up(struct model *m, const uint8_t *key)
{
	struct element *best = NULL;

	if (m->type->shape != PREFIXED || word_at(key) > (m->key_size - 4) * 8)
		return find(m, key);
	for (uint32_t i = 0; i < m->count; i++)
		if (begins_with(m, key, m->at[i].key) && (!best || word_at(m->at[i].key) > word_at(best->key)))
			best = &m->at[i];
	return best;
}

static void remove_at(struct model *m, uint32_t i)
{
	memmove(&m->at[i], &m->at[i + 1], (--m->count - i) * sizeof(m->at[0]));
}

/* Where a new element goes: behind the others, or in the order of indices. */
static struct element *make(struct model *m, const uint8_t *key)
{
	uint32_t i = m->count;

	while (i && m->type->shape == INDEXED && word_at(m->at[i - 1].key) > word_at(key))
		i--;
	memmove(&m->at[i + 1], &m->at[i], (m->count++ - i) * sizeof(m->at[0]));
	memset(&m->at[i], 0, sizeof(m->at[i]));
	canonical(m, key, m->at[i].key);
	return &m->at[i];
}

static void drop_oldest(struct model *m)
{
	uint32_t oldest = 0;

	for (uint32_t i = 1; i < m->count; i++)
		if (m->at[i].used < m->at[oldest].used)
			oldest = i;
	remove_at(m, oldest);
}

static uint32_t references(const struct fuzz *f, uint32_t id)
{
	uint32_t count = 0;

	for (uint32_t map = 0; map < MAPS; map++)
		for (uint32_t i = 0; f->maps[map].type && is_of_maps(f->maps[map].type) && i < f->maps[map].count; i++)
			count += word_at(f->maps[map].at[i].value) == id;
	return count;
}

/* Whether the value can be this map's: OK, STATE or TYPE. */
static unsigned judge_value(const struct fuzz *f, const struct model *m, const uint8_t *value)
{
	uint32_t id = word_at(value);
	const struct model *inner;

	switch (m->type->type) {
	case TYPE(PROG_ARRAY):
		return id < PROGS && f->ready[id] ? 0 : ERR(STATE);
	case TYPE(ARRAY_OF):
	case TYPE(HASH_OF):
		inner = id < MAPS ? &f->maps[id] : NULL;
		if (!inner || !inner->type)
			return ERR(STATE);
		return inner->type->type == m->inner.type && inner->key_size == m->inner.key_size &&
				       inner->value_size == m->inner.value_size && inner->flags == m->inner.flags
			       ? 0
			       : ERR(TYPE);
	case TYPE(DEVMAP):
	case TYPE(DEVMAP_HASH):
	case TYPE(CPUMAP):
		return id && !(m->value_size == 8 && word_at(value + 4)) ? 0 : ERR(TYPE);
	}
	return 0;
}

/* ---- commands ---- */

struct request {
	uint8_t in[16 + KEY_MAX + WIRE_MAX + 16];
	size_t bytes, room;
};

static void put_u32(struct request *r, uint32_t value)
{
	le32 wire = cpu_to_le32(value);

	memcpy(r->in + r->bytes, &wire, 4);
	r->bytes += 4;
}

/* Few keys, so that they meet; of prefixes, many that begin alike. */
static void put_key(struct fuzz *f, const struct model *m, struct request *r)
{
	uint8_t *key = r->in + r->bytes;
	uint32_t size = m->type ? m->key_size : 4;

	memset(key, 0, size);
	if (size)
		key[0] = (uint8_t)(pick(f, 32) ? pick(f, MOST + 2) : 255);
	if (size > 4 && m->type->shape == PREFIXED) {
		key[0] = (uint8_t)pick(f, (size - 4) * 8 + 3);
		for (uint32_t i = 4; i < size; i++)
			key[i] = (uint8_t)(pick(f, 4) ? 0xff : 0x80 >> pick(f, 8));
	} else if (size > 1) {
		key[size - 1] |= (uint8_t)(pick(f, 4) ? 0 : 128);
	}
	r->bytes += size;
}

static void put_value(struct fuzz *f, const struct model *m, struct request *r)
{
	uint8_t *value = r->in + r->bytes;
	uint32_t size = m->type ? m->wire : 8;

	for (uint32_t i = 0; i < size; i++)
		value[i] = (uint8_t)generate_random(&f->rng);
	if (m->type && m->type->values[0] && size <= 8)
		for (uint32_t i = 0; i < size; i++)
			value[i] = (uint8_t)(i ? i == 4 && !pick(f, 6) : pick(f, MAPS + 1));
	r->bytes += size;
}

/* Sometimes a byte too many or too few. */
static void bend(struct fuzz *f, struct request *r)
{
	if (!pick(f, 12))
		r->bytes += (size_t)pick(f, 3) - 1;
	if (!pick(f, 12))
		r->room = 8 + pick(f, 24);
}

static void expect(struct fuzz *f, const char *what, unsigned got, uint32_t got_detail, unsigned want, uint32_t detail)
{
	cr_assert_eq(got, want, "step %lu: %s gave %#x, not %#x", f->step, what, got, want);
	if (want == ERR(SIZE) || want == ERR(BUSY) || want == ERR(LIMIT_ENTRIES) || want == ERR(FLAGS) ||
	    want == ERR(NOT_FOUND))
		cr_assert_eq(got_detail, detail, "step %lu: %s, status %#x: detail %u, not %u", f->step, what, want,
			     got_detail, detail);
}

static void step_update(struct fuzz *f)
{
	uint32_t id = pick(f, MAPS + 1), flags = pick(f, 3), detail = 0, got_detail;
	struct model none = {0}, *m = id < MAPS ? &f->maps[id] : &none;
	struct request r = {.room = 8};
	struct element *e = NULL;
	unsigned want = 0, got;
	uint8_t *key;
	size_t right;

	put_u32(&r, id);
	put_u32(&r, flags);
	key = r.in + r.bytes;
	put_key(f, m, &r);
	put_value(f, m, &r);
	right = r.bytes;
	bend(f, &r);
	r.room = 8;
	if (!m->type) {
		want = ERR(NOT_FOUND), detail = id;
	} else {
		unsigned value = r.bytes == right ? judge_value(f, m, key + m->key_size) : 0;

		e = find(m, key);
		if (value == ERR(STATE))
			want = value;
		else if (m->frozen || m->flags & FLAG(RDONLY))
			want = ERR(PERM);
		else if (m->type->shape == RECORDS)
			want = ERR(TYPE);
		else if (value)
			want = value;
		else if (r.bytes != right)
			want = ERR(SIZE), detail = (uint32_t)right;
		else if (m->type->shape == PREFIXED && word_at(key) > (m->key_size - 4) * 8)
			want = ERR(SIZE), detail = (m->key_size - 4) * 8;
		else if ((m->type->shape == FULL || m->type->shape == INDEXED) && word_at(key) >= m->max)
			want = ERR(LIMIT_ENTRIES), detail = m->max;
		else if (!e && flags != VIRTIO_NET_XDP_UPDATE_EXIST && m->count == m->max && !m->type->lru)
			want = ERR(LIMIT_ENTRIES), detail = m->max;
		else if (!e && flags == VIRTIO_NET_XDP_UPDATE_EXIST)
			want = ERR(NO_KEY);
		else if (e && flags == VIRTIO_NET_XDP_UPDATE_NOEXIST)
			want = ERR(KEY_EXISTS);
	}
	got = send(f, CMD(MAP_UPDATE), r.in, r.bytes, r.room, &got_detail);
	expect(f, "MAP_UPDATE", got, got_detail, want, detail);
	if (want)
		return;
	if (!e && m->count == m->max)
		drop_oldest(m);
	e = e ? find(m, key) : make(m, key);
	memcpy(e->value, key + m->key_size, m->wire);
	e->used = ++f->clock;
	for (uint32_t i = 0; m->type->per_queue && i < m->wire; i++)
		if (i % (m->wire / QUEUES) >= m->value_size)
			e->value[i] = 0;
}

/* LOOKUP, DELETE, NEXT. */
static void step_key(struct fuzz *f)
{
	static const uint8_t commands[] = {CMD(MAP_LOOKUP), CMD(MAP_DELETE), CMD(MAP_NEXT)};
	uint8_t command = commands[pick(f, 3)];
	uint32_t id = pick(f, MAPS + 1), detail = 0, got_detail, forbids = FLAG(WRONLY), result = 0;
	struct model none = {0}, *m = id < MAPS ? &f->maps[id] : &none;
	struct request r = {.room = 256};
	struct element *e = NULL;
	unsigned want = 0, got;
	size_t right;

	put_u32(&r, id);
	if (command != CMD(MAP_NEXT) || pick(f, 3))
		put_key(f, m, &r);
	right = r.bytes;
	bend(f, &r);
	if (command == CMD(MAP_NEXT) && r.bytes < 4)
		r.bytes = right;
	if (command == CMD(MAP_NEXT))
		right = r.bytes > 4 && m->type ? 4 + m->key_size : r.bytes;
	if (command == CMD(MAP_DELETE)) {
		forbids = FLAG(RDONLY);
		r.room = 256;
	} else if (m->type) {
		result = command == CMD(MAP_NEXT) ? m->key_size : m->wire;
	}
	if (!m->type)
		want = ERR(NOT_FOUND), detail = id;
	else if (m->flags & forbids || (m->frozen && command == CMD(MAP_DELETE)))
		want = ERR(PERM);
	else if (m->type->shape == RECORDS || (m->type->shape == FULL && command == CMD(MAP_DELETE)))
		want = ERR(TYPE);
	else if (r.bytes != right)
		want = ERR(SIZE), detail = (uint32_t)right;
	else if (r.room < 8 + result)
		want = ERR(SIZE), detail = 8 + result;
	else if (command == CMD(MAP_NEXT)) {
		e = r.bytes > 4 ? find(m, r.in + 4) : NULL;
		e = e ? e + 1 : m->at;
		want = e == m->at + m->count ? ERR(LAST_KEY) : 0;
	} else {
		e = command == CMD(MAP_LOOKUP) ? look_up(m, r.in + 4) : find(m, r.in + 4);
		want = e ? 0 : ERR(NO_KEY);
	}
	got = send(f, command, r.in, r.bytes, r.room, &got_detail);
	expect(f, command == CMD(MAP_NEXT) ? "MAP_NEXT" : "MAP_LOOKUP or MAP_DELETE", got, got_detail, want, detail);
	if (want)
		return;
	if (command == CMD(MAP_DELETE))
		remove_at(m, (uint32_t)(e - m->at));
	else
		cr_assert(f->c[0]->written == 8 + result &&
				  memcmp(f->c[0]->out + 8, command == CMD(MAP_NEXT) ? e->key : e->value, result) == 0,
			  "step %lu: command %u on a map of type %u", f->step, command, m->type->type);
}

static bool value_ok(const struct type *t, uint32_t size)
{
	return t->values[0] ? size && (size == t->values[0] || size == t->values[1]) : size;
}

/* The lowest status of MAP_CREATE, without its limits. */
static unsigned judge_create(const struct fuzz *f, const struct model *m, uint32_t id, uint32_t *detail)
{
	const struct type *t = m->type;
	const struct model *inner = is_of_maps(t) && m->inner_id < MAPS ? &f->maps[m->inner_id] : NULL;
	uint32_t unknown = m->flags & ~t->flags, pair = FLAG(RDONLY) | FLAG(WRONLY),
		 other = FLAG(RDONLY_PROG) | FLAG(WRONLY_PROG);

	*detail = unknown ? unknown : (m->flags & pair) == pair ? pair : other;
	if (unknown || (m->flags & pair) == pair || (m->flags & other) == other)
		return ERR(FLAGS);
	*detail = m->inner_id;
	if (is_of_maps(t) && !(inner && inner->type))
		return ERR(NOT_FOUND);
	if (id < MAPS && f->maps[id].type)
		return ERR(EXISTS);
	if (inner && (is_of_maps(inner->type) || inner->type->type == TYPE(PROG_ARRAY)))
		return ERR(TYPE);
	if (m->key_size < t->key_min || m->key_size > t->key_max || !m->max || !value_ok(t, m->value_size) ||
	    (t->type == TYPE(FIB) && m->key_size != 8 && m->key_size != 20) ||
	    (!is_of_maps(t) && m->inner_id && m->inner_id != NONE))
		return ERR(SIZE);
	return id < MAPS ? 0 : ERR(LIMIT_MAPS);
}

/* What is expected of sizes is told for the first that is wrong: of a key that can have one size only, that. */
static bool tells_key(const struct model *m, unsigned status)
{
	return status == ERR(SIZE) && m->type->key_min == m->type->key_max && m->key_size != m->type->key_min;
}

static void fill_full(struct model *m)
{
	for (uint32_t i = 0; m->type->shape == FULL && i < m->max; i++) {
		le32 key = cpu_to_le32(i);

		memset(&m->at[i], 0, sizeof(m->at[i]));
		memcpy(m->at[i].key, &key, 4);
		m->count++;
	}
}

static void step_create(struct fuzz *f)
{
	static const uint32_t flags[] = {FLAG(RDONLY), FLAG(WRONLY),    FLAG(RDONLY_PROG), FLAG(WRONLY_PROG),
					 1 << 0,       FLAG(ZERO_SEED), FLAG(INNER_MAP),   FLAG(NO_COMMON_LRU),
					 1 << 2,       1u << 31};
	static const uint32_t keys[] = {0, 1, 3, 4, 5, 7, 8, 12, 16, 20, 261, 512, 513, 0xffffffff};
	uint32_t id = pick(f, MAPS + 1), detail, got_detail, count;
	const struct type *t = &types[pick(f, ARRAY_SIZE(types))];
	struct model m = {.type = t, .max = 1 + pick(f, MOST), .inner_id = NONE};
	struct virtio_net_xdp_map_create request = {.id = cpu_to_le32(id), .type = cpu_to_le32(t->type), .name = "m"};
	unsigned want, got;

	m.key_size = pick(f, 5) ? t->key_min < 4 ? 1 + pick(f, KEY_MAX) : t->key_min : keys[pick(f, ARRAY_SIZE(keys))];
	m.value_size = pick(f, 12) ? t->values[pick(f, 2)] : 1 + pick(f, 9);
	if (!m.value_size && pick(f, 12))
		m.value_size = t->values[0] ? t->values[0] : 1 + pick(f, 17);
	if (!pick(f, 20))
		m.max = 0;
	for (count = pick(f, 8); count > 5; count--)
		m.flags |= flags[pick(f, ARRAY_SIZE(flags))];
	if (is_of_maps(t) || !pick(f, 20))
		m.inner_id = pick(f, MAPS + 2);
	want = judge_create(f, &m, id, &detail);
	if (!want && m.key_size > KEY_MAX)
		return;
	request.key_size = cpu_to_le32(m.key_size);
	request.value_size = cpu_to_le32(m.value_size);
	request.max_entries = cpu_to_le32(m.max);
	request.flags = cpu_to_le32(m.flags);
	request.inner_map_id = cpu_to_le32(m.inner_id);
	got = send(f, CMD(MAP_CREATE), &request, sizeof(request), 8, &got_detail);
	cr_assert_eq(got, want, "step %lu: a map of type %u, key %u, value %u, entries %u, flags %#x: %#x, not %#x",
		     f->step, t->type, m.key_size, m.value_size, m.max, m.flags, got, want);
	if (want == ERR(FLAGS) || want == ERR(NOT_FOUND) || tells_key(&m, want))
		cr_assert_eq(got_detail, tells_key(&m, want) ? t->key_min : detail,
			     "step %lu: type %u, key %u: status %#x, detail %#x", f->step, t->type, m.key_size, want,
			     got_detail);
	if (want)
		return;
	m.wire = t->per_queue ? (m.value_size + 7) / 8 * 8 * QUEUES : m.value_size;
	if (is_of_maps(t)) {
		const struct model *inner = &f->maps[m.inner_id];

		m.inner = (struct model_inner){inner->type->type, inner->key_size, inner->value_size, inner->flags};
	}
	f->maps[id] = m;
	fill_full(&f->maps[id]);
}

static void step_destroy(struct fuzz *f)
{
	uint32_t id = pick(f, MAPS + 1), refs = references(f, id), detail;
	le32 wire = cpu_to_le32(id);
	bool there = id < MAPS && f->maps[id].type;
	unsigned got = send(f, CMD(MAP_DESTROY), &wire, 4, 8, &detail);

	expect(f, "MAP_DESTROY", got, detail, !there ? ERR(NOT_FOUND) : refs ? ERR(BUSY) : 0, there ? refs : id);
	if (!got)
		f->maps[id].type = NULL;
}

static void step_info(struct fuzz *f)
{
	uint32_t id = pick(f, MAPS), detail;
	const struct model *m = &f->maps[id];
	struct virtio_net_xdp_map_info_result info;
	le32 wire = cpu_to_le32(id);
	unsigned got = send(f, CMD(MAP_INFO), &wire, 4, 256, &detail);

	expect(f, "MAP_INFO", got, detail, m->type ? 0 : ERR(NOT_FOUND), id);
	if (got)
		return;
	memcpy(&info, f->c[0]->out, sizeof(info));
	cr_assert(le32_to_cpu(info.entries) == m->count && le32_to_cpu(info.references) == references(f, id) &&
			  info.frozen == m->frozen && le32_to_cpu(info.inner_map_id) == m->inner_id &&
			  le32_to_cpu(info.type) == m->type->type && le32_to_cpu(info.flags) == m->flags,
		  "step %lu: map %u of type %u: %u elements, not %u; %u references, not %u", f->step, id, m->type->type,
		  le32_to_cpu(info.entries), m->count, le32_to_cpu(info.references), references(f, id));
}

/* Programs come and go: elements that name them go with them. */
static void step_program(struct fuzz *f)
{
	static const uint64_t words[] = {0x2000000b7, 0x95};
	uint32_t id = pick(f, PROGS - 1); /* the last one never is */

	if (!f->ready[id]) {
		for (int i = 0; i < 2; i++)
			cr_assert_eq(control_load(f->c[i], id, words, 2), VIRTIO_NET_XDP_PROG_READY);
		f->ready[id] = true;
		return;
	}
	for (int i = 0; i < 2; i++)
		cr_assert_eq(control_id(f->c[i], CMD(PROG_DESTROY), id), 0);
	f->ready[id] = false;
	for (uint32_t map = 0; map < MAPS; map++) {
		struct model *m = &f->maps[map];

		for (uint32_t i = m->type && m->type->type == TYPE(PROG_ARRAY) ? m->count : 0; i-- > 0;)
			if (word_at(m->at[i].value) == id)
				remove_at(m, i);
	}
}

static void step_freeze(struct fuzz *f)
{
	uint32_t id = pick(f, MAPS), detail;
	le32 wire = cpu_to_le32(id);

	if (!send(f, CMD(MAP_FREEZE), &wire, 4, 8, &detail))
		f->maps[id].frozen = true;
}

static void step_reset(struct fuzz *f)
{
	for (int i = 0; i < 2; i++)
		fw_reset(f->c[i]->fw);
	for (uint32_t id = 0; id < MAPS; id++)
		f->maps[id].type = NULL;
	memset(f->ready, 0, sizeof(f->ready));
}

static void step(struct fuzz *f)
{
	uint32_t n = pick(f, 100);

	if (n < 45)
		step_update(f);
	else if (n < 80)
		step_key(f);
	else if (n < 88)
		step_create(f);
	else if (n < 91)
		step_destroy(f);
	else if (n < 96)
		step_info(f);
	else if (n < 98)
		step_program(f);
	else if (!pick(f, 20))
		step_freeze(f);
	else if (!pick(f, 100))
		step_reset(f);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

Test(fuzz, maps)
{
	static const uint8_t must[] = {CMD(MAP_CREATE), CMD(MAP_DESTROY), CMD(MAP_LOOKUP), CMD(MAP_UPDATE),
				       CMD(MAP_DELETE), CMD(MAP_NEXT),    CMD(MAP_INFO),   CMD(MAP_FREEZE)};
	struct fw_config config = control_config();
	struct fuzz *f = calloc(1, sizeof(*f));
	uint64_t steps = setting("REFNIC_FUZZ", STEPS);

	f->rng = generate_seed(setting("REFNIC_SEED", 1));
	config.num_queues = QUEUES;
	config.caps.max_maps = MAPS;
	config.caps.max_progs = PROGS;
	f->c[0] = control_open(&config);
	config.seed = 0xfedcba9876543210;
	f->c[1] = control_open(&config);
	for (f->step = 1; f->step <= steps; f->step++)
		step(f);
	for (size_t i = 0; i < sizeof(must) && steps >= STEPS; i++)
		cr_assert(f->oks[must[i]], "command %u never succeeded", must[i]);
	for (int i = 0; i < 2; i++)
		control_close(f->c[i]);
	free(f);
}
