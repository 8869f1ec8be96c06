/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "device-model/strict.h"

#define RECEIVE_MAX 64
#define FRAME_ROOM  66000

static void start(struct bench *b)
{
	cr_assert_eq(drv_net_start(b->net), 0, "the driver does not start");
	memset(&b->caps, 0, sizeof(b->caps));
	drv_xdp_caps(b->net, &b->caps, NULL);
	b->attached = VIRTIO_NET_XDP_ID_NONE;
	b->generation = 0;
}

void bench_open(struct bench *b, bench_tweak *tweak)
{
	struct drv_net_config driver;
	struct net_config device;

	memset(b, 0, sizeof(*b));
	rig_config_default(&device);
	rig_driver_config_default(&driver, device.xdp_bit);
	device.strict = true;
	if (tweak)
		tweak(&device, &driver);
	b->choosy = driver.features[0] != UINT64_MAX || driver.features[1] != UINT64_MAX;
	b->link = link_mem_open(NULL, 0);
	cr_assert_not_null(b->link);
	link_mem_set_endless(b->link, true);
	b->rig = rig_open_driver(&device, &driver, b->link);
	cr_assert_not_null(b->rig, "the device cannot be made");
	b->net = rig_driver(b->rig);
	start(b);
}

static void expect_clean(const struct bench *b)
{
	const struct strict *s = net_strict(rig_device(b->rig));

	for (enum strict_row row = 0; s && !b->misbehaves && row < STRICT_ROWS; row++) {
		const struct strict_text *text = strict_text(row);

		if ((b->raw && text->kind == STRICT_COMMAND) || (b->choosy && text->kind == STRICT_FEATURE))
			continue;
		cr_expect_eq(strict_count(s, row), 0, "the driver violates %s: %s: %s", text->id, text->text,
			     strict_event(s, row));
	}
}

void bench_close(struct bench *b)
{
	drv_net_stop(b->net);
	expect_clean(b);
	bench_forget(b);
	rig_close(b->rig);
}

void bench_restart(struct bench *b)
{
	drv_net_stop(b->net);
	start(b);
}

void ask_cut(struct bench *b, struct answer *a, uint8_t command, const void *data, size_t bytes, uint32_t room,
	     const struct drv_ctrl_cut *cut)
{
	struct virtio_net_ctrl_hdr hdr = {VIRTIO_NET_CTRL_XDP, command};
	struct virtio_net_xdp_result result;
	uint8_t *in = malloc(sizeof(hdr) + bytes);

	cr_assert(in && room <= BENCH_RESULT);
	b->raw = true;
	memcpy(in, &hdr, sizeof(hdr));
	if (bytes)
		memcpy(in + sizeof(hdr), data, bytes);
	memset(a, 0, sizeof(*a));
	a->result = a->raw + 1;
	a->n = drv_ctrl_raw(b->net, in, (uint32_t)(sizeof(hdr) + bytes), a->raw, 1 + room, cut);
	free(in);
	a->ack = a->n > 0 ? a->raw[0] : -1;
	a->bytes = a->n > 0 ? (uint32_t)a->n - 1 : 0;
	a->status = UINT32_MAX;
	if (a->bytes >= sizeof(result)) {
		memcpy(&result, a->result, sizeof(result));
		a->status = le16_to_cpu(result.status);
		a->detail = le32_to_cpu(result.detail);
	}
}

void ask(struct bench *b, struct answer *a, uint8_t command, const void *data, size_t bytes, uint32_t room)
{
	ask_cut(b, a, command, data, bytes, room, NULL);
}

uint8_t load_flags(struct bench *b, uint32_t id, const uint64_t *insns, size_t count, uint32_t flags,
		   struct drv_xdp_prog_info *info)
{
	le64 *wire = malloc(count * sizeof(*wire));
	struct drv_xdp_error e;
	size_t i;
	int err;

	cr_assert_not_null(wire);
	for (i = 0; i < count; i++)
		wire[i] = cpu_to_le64(insns[i]);
	err = drv_xdp_prog_load(b->net, id, wire, (uint32_t)(count * 8), flags, "test", 1, info, &e);
	free(wire);
	cr_assert_eq(err, 0, "program %u cannot be loaded: %d, %s", id, err,
		     err == 1 ? drv_xdp_status_name(e.status) : "");
	return info->state;
}

void load(struct bench *b, uint32_t id, const uint64_t *insns, size_t count)
{
	struct drv_xdp_prog_info info;
	char log[512] = "";
	uint32_t got, total;

	if (load_flags(b, id, insns, count, 0, &info) == VIRTIO_NET_XDP_PROG_READY)
		return;
	drv_xdp_prog_log(b->net, id, 0, log, sizeof(log) - 1, &got, &total, NULL);
	cr_assert_fail("program %u is refused: %s at %u: %s", id, drv_xdp_status_name(info.error), info.error_insn,
		       log);
}

uint32_t refusal(struct bench *b, const uint64_t *insns, size_t count, uint32_t flags)
{
	struct drv_xdp_prog_info info;

	load_flags(b, 0, insns, count, flags, &info);
	cr_assert_eq(drv_xdp_prog_destroy(b->net, 0, NULL), 0);
	return info.error;
}

void attach(struct bench *b, uint32_t id, uint32_t ifindex, uint32_t flags)
{
	struct drv_xdp_error e;
	int err = drv_xdp_attach(b->net, id, b->attached, b->generation, ifindex, flags, &b->generation, &e);

	cr_assert_eq(err, 0, "ATTACH: %d, %s", err, err == 1 ? drv_xdp_status_name(e.status) : "");
	b->attached = id;
}

void detach(struct bench *b)
{
	struct drv_xdp_error e;
	int err = drv_xdp_detach(b->net, b->attached, b->generation, &b->generation, &e);

	cr_assert_eq(err, 0, "DETACH: %d, %s", err, err == 1 ? drv_xdp_status_name(e.status) : "");
	b->attached = VIRTIO_NET_XDP_ID_NONE;
}

struct drv_xdp_prog_info info_of(struct bench *b, uint32_t id)
{
	struct drv_xdp_prog_info info;

	cr_assert_eq(drv_xdp_prog_info(b->net, id, &info, NULL), 0, "PROG_INFO of %u", id);
	return info;
}

void make_map(struct bench *b, uint32_t id, uint32_t type, uint32_t value_size, uint32_t entries, uint32_t flags)
{
	struct drv_xdp_map_attr attr = {type, 4, value_size, entries, flags, 0, "test"};
	struct drv_xdp_error e = {0, 0};
	int err = drv_xdp_map_create(b->net, id, &attr, &e);

	cr_assert_eq(err, 0, "MAP_CREATE: %d, %s", err, drv_xdp_status_name(e.status));
}

void put(struct bench *b, uint32_t map, uint32_t key, const void *value, uint32_t bytes)
{
	struct drv_xdp_error e = {0, 0};
	le32 wire = cpu_to_le32(key);
	int err = drv_xdp_map_update(b->net, map, VIRTIO_NET_XDP_UPDATE_ANY, &wire, 4, value, bytes, &e);

	cr_assert_eq(err, 0, "MAP_UPDATE: %d, %s", err, drv_xdp_status_name(e.status));
}

uint32_t get(struct bench *b, uint32_t map, uint32_t key, void *value, uint32_t bytes)
{
	struct drv_xdp_error e = {0, 0};
	le32 wire = cpu_to_le32(key);
	int err = drv_xdp_map_lookup(b->net, map, &wire, 4, value, bytes, &e);

	cr_assert_geq(err, 0, "MAP_LOOKUP: %d", err);
	return e.status;
}

uint64_t get64(struct bench *b, uint32_t map, uint32_t key)
{
	le64 value = cpu_to_le64(0);

	cr_assert_eq(get(b, map, key, &value, sizeof(value)), VIRTIO_NET_XDP_OK, "key %u is not there", key);
	return le64_to_cpu(value);
}

uint64_t run_frame(struct bench *b, uint32_t id, uint8_t *frame, uint32_t *bytes, uint32_t room)
{
	struct drv_xdp_error e = {0, 0};
	uint32_t queue = 0;
	uint64_t r0 = 0;
	int err = drv_xdp_test_run(b->net, id, 7, &queue, frame, bytes, room, &r0, &e);

	cr_assert_eq(err, 0, "TEST_RUN: %d, %s", err, drv_xdp_status_name(e.status));
	return r0;
}

uint64_t run(struct bench *b, const uint64_t *insns, size_t count)
{
	static uint8_t frame[FRAME_ROOM];
	uint32_t bytes = 64, i;
	uint64_t r0;

	for (i = 0; i < bytes; i++)
		frame[i] = (uint8_t)i;
	load(b, 0, insns, count);
	r0 = run_frame(b, 0, frame, &bytes, sizeof(frame));
	cr_assert_eq(drv_xdp_prog_destroy(b->net, 0, NULL), 0);
	return r0;
}

static void on_frame(void *ctx, const struct drv_net_frame *frame)
{
	struct bench *b = ctx;
	struct bench_frame *to = &b->got[b->num_got];

	cr_assert_lt(b->num_got, BENCH_FRAMES);
	*to = (struct bench_frame){malloc(frame->bytes + 1), frame->bytes, frame->queue,
				   frame->num_buffers,       frame->flags, frame->gso_type};
	cr_assert_not_null(to->data);
	memcpy(to->data, frame->data, frame->bytes);
	b->num_got++;
}

void receive(struct bench *b)
{
	int n;

	do {
		rig_settle(b->rig);
		n = drv_net_receive(b->net, on_frame, b, RECEIVE_MAX);
		cr_assert_geq(n, 0, "the device broke the receive queue");
	} while (n);
}

void play(struct bench *b, const void *frame, uint32_t bytes)
{
	cr_assert_eq(link_mem_push(b->link, frame, bytes), 0);
	receive(b);
}

void bench_forget(struct bench *b)
{
	while (b->num_got)
		free(b->got[--b->num_got].data);
}

void make_frame(uint8_t *frame, uint32_t bytes)
{
	static const uint8_t head[14] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 2, 0, 0, 0, 0, 9, 0x88, 0xb5};
	uint32_t i;

	memcpy(frame, head, sizeof(head));
	for (i = sizeof(head); i < bytes; i++)
		frame[i] = (uint8_t)i;
}

/* A growing byte string. */
struct bytes {
	uint8_t *data;
	size_t count;
};

static void append(struct bytes *to, const void *data, size_t bytes)
{
	uint8_t *grown = realloc(to->data, to->count + bytes + 1);

	cr_assert_not_null(grown);
	to->data = grown;
	memcpy(to->data + to->count, data, bytes);
	to->count += bytes;
}

static void append_elements(struct bench *b, struct bytes *to, uint32_t id, uint32_t key_size, uint32_t value_size)
{
	uint8_t key[VIRTIO_NET_XDP_KEY_MAX], next[VIRTIO_NET_XDP_KEY_MAX], *value = malloc(value_size);
	bool first = true;
	unsigned i;

	cr_assert_not_null(value);
	for (i = 0; i < 64 && !drv_xdp_map_next(b->net, id, first ? NULL : key, next, key_size, NULL); i++) {
		memcpy(key, next, key_size);
		first = false;
		append(to, key, key_size);
		if (!drv_xdp_map_lookup(b->net, id, key, key_size, value, value_size, NULL))
			append(to, value, value_size);
	}
	free(value);
}

uint8_t *snapshot(struct bench *b, size_t *bytes)
{
	struct bytes out = {0};
	struct answer a;
	uint32_t id;

	for (id = 0; id < b->caps.max_progs && id < 8; id++) {
		struct virtio_net_xdp_prog_info request = {cpu_to_le32(id)};

		ask(b, &a, VIRTIO_NET_CTRL_XDP_PROG_INFO, &request, sizeof(request),
		    sizeof(struct virtio_net_xdp_prog_info_result));
		append(&out, a.result, a.bytes);
	}
	for (id = 0; id < b->caps.max_maps && id < 8; id++) {
		struct virtio_net_xdp_map_info request = {cpu_to_le32(id)};
		struct virtio_net_xdp_map_info_result r;

		ask(b, &a, VIRTIO_NET_CTRL_XDP_MAP_INFO, &request, sizeof(request), sizeof(r));
		append(&out, a.result, a.bytes);
		memcpy(&r, a.result, sizeof(r));
		if (a.status == VIRTIO_NET_XDP_OK)
			append_elements(b, &out, id, le32_to_cpu(r.key_size), le32_to_cpu(r.value_size));
	}
	/* An expectation that is wrong tells the generation. */
	ask(b, &a, VIRTIO_NET_CTRL_XDP_DETACH, &(struct virtio_net_xdp_detach){cpu_to_le32(0xfffffffe), cpu_to_le32(0)},
	    sizeof(struct virtio_net_xdp_detach), sizeof(struct virtio_net_xdp_detach_result));
	append(&out, a.result, a.bytes);
	*bytes = out.count;
	return out.data;
}

void need_command(struct bench *b, unsigned command, const char *name)
{
	if (!(b->caps.commands >> command & 1))
		cr_skip_test("the device does not offer the optional command %s", name);
}
