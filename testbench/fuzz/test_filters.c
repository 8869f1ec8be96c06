// SPDX-License-Identifier: BSD-2-Clause
/*
 * Receive filters against a model that keeps lists: commands with good, strange and mutated contents, cut into
 * descriptors anywhere, and after each one frames, of which exactly those come in that the model wants. What is refused
 * changes nothing, by the model too. REFNIC_FUZZ=N tries N commands, REFNIC_SEED=S starts at seed S.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/corpus.h"
#include "fuzz/generate.h"
#include "fuzz/lab.h"
#include "guest-driver/core/ctrl.h"
#include "rig/link_mem.h"
#include "rig/rig.h"
#include "virtio_net.h"

#define COMMANDS 4000
#define EPOCH    400 /* commands, after which the driver starts anew */
#define ADDRS    6   /* different ones of each kind */
#define LIST_MAX 1024
#define ROOM     (2 + 4 + 4 + 2 * 6 * (LIST_MAX + 8))
#define CUTS     6
#define FRAMES   6

struct model {
	bool modes[VIRTIO_NET_CTRL_RX_MODES];
	uint8_t mac[6];
	uint8_t lists[2][ROOM];
	uint32_t counts[2];
	bool vlans[4096];
};

struct fuzz {
	struct rig *rig;
	struct link *link;
	struct model model;
	uint64_t rng, step, passed, kept_out, oks, refusals;
	int fate; /* of the last frame; -1: none */
};

static uint32_t pick(struct fuzz *f, uint32_t below)
{
	return (uint32_t)(generate_random(&f->rng) % below);
}

static bool one_in(struct fuzz *f, uint32_t n)
{
	return !pick(f, n);
}

static void any_addr(struct fuzz *f, uint8_t addr[6])
{
	static const uint8_t first[] = {2, 3, 1, 0x52};

	memset(addr, one_in(f, 8) ? 0xff : 0, 6);
	if (addr[0])
		return;
	addr[0] = first[pick(f, 4)];
	addr[5] = (uint8_t)pick(f, ADDRS);
}

/* ---- the model ---- */

static bool listed(const struct model *m, int list, const uint8_t *addr)
{
	for (uint32_t i = 0; i < m->counts[list]; i++)
		if (!memcmp(m->lists[list] + (size_t)6 * i, addr, 6))
			return true;
	return m->counts[list] > LIST_MAX;
}

static bool wants(const struct model *m, const uint8_t *frame)
{
	bool group = frame[0] & 1;

	if (m->modes[VIRTIO_NET_CTRL_RX_PROMISC])
		return true;
	if (frame[12] == 0x81 && !frame[13] && !m->vlans[(frame[14] & 15) << 8 | frame[15]])
		return false;
	if (!memcmp(frame, "\xff\xff\xff\xff\xff\xff", 6))
		return !m->modes[VIRTIO_NET_CTRL_RX_NOBCAST];
	if (group)
		return !m->modes[VIRTIO_NET_CTRL_RX_NOMULTI] &&
		       (m->modes[VIRTIO_NET_CTRL_RX_ALLMULTI] || listed(m, 1, frame));
	return !m->modes[VIRTIO_NET_CTRL_RX_NOUNI] &&
	       (m->modes[VIRTIO_NET_CTRL_RX_ALLUNI] || !memcmp(frame, m->mac, 6) || listed(m, 0, frame));
}

static bool model_tables(struct model *m, const uint8_t *data, uint64_t bytes)
{
	const uint8_t *at[2];
	uint64_t counts[2];

	for (int i = 0; i < 2; i++) {
		if (bytes < 4)
			return false;
		counts[i] = data[0] | data[1] << 8 | data[2] << 16 | (uint64_t)data[3] << 24;
		at[i] = data + 4;
		if (bytes - 4 < 6 * counts[i])
			return false;
		data += 4 + 6 * counts[i];
		bytes -= 4 + 6 * counts[i];
		for (uint64_t k = 0; counts[i] <= LIST_MAX && k < counts[i]; k++)
			if ((at[i][6 * k] & 1) != i)
				return false;
	}
	if (bytes)
		return false;
	for (int i = 0; i < 2; i++) {
		m->counts[i] = (uint32_t)counts[i];
		memcpy(m->lists[i], at[i], 6 * counts[i]);
	}
	return true;
}

/* Whether the command is a good one; then the model has obeyed it. */
static bool model_command(struct model *m, const uint8_t *c, uint32_t bytes)
{
	static const uint8_t zero[6];
	uint16_t id;

	if (bytes < 2)
		return false;
	bytes -= 2;
	switch (c[0]) {
	case VIRTIO_NET_CTRL_RX:
		if (c[1] >= VIRTIO_NET_CTRL_RX_MODES || bytes != 1 || c[2] > 1)
			return false;
		m->modes[c[1]] = c[2];
		return true;
	case VIRTIO_NET_CTRL_MAC:
		if (c[1] == VIRTIO_NET_CTRL_MAC_TABLE_SET)
			return model_tables(m, c + 2, bytes);
		if (c[1] != VIRTIO_NET_CTRL_MAC_ADDR_SET || bytes != 6 || c[2] & 1 || !memcmp(c + 2, zero, 6))
			return false;
		memcpy(m->mac, c + 2, 6);
		return true;
	case VIRTIO_NET_CTRL_VLAN:
		id = bytes == 2 ? (uint16_t)(c[2] | c[3] << 8) : UINT16_MAX;
		if (c[1] > VIRTIO_NET_CTRL_VLAN_DEL || id > 4095)
			return false;
		m->vlans[id] = c[1] == VIRTIO_NET_CTRL_VLAN_ADD;
		return true;
	default:
		return false;
	}
}

/* ---- commands ---- */

static uint32_t put_table(struct fuzz *f, uint8_t *to, int kind)
{
	uint32_t count = one_in(f, 40) ? LIST_MAX - 2 + pick(f, 5) : pick(f, ADDRS), at = 4;
	le32 wire = cpu_to_le32(one_in(f, 30) ? count ^ 1u << pick(f, 32) : count);

	memcpy(to, &wire, sizeof(wire));
	for (uint32_t i = 0; i < count; i++, at += 6) {
		any_addr(f, to + at);
		if ((to[at] & 1) != kind && !one_in(f, 100))
			to[at] ^= 1;
	}
	return at;
}

static uint32_t make_command(struct fuzz *f, uint8_t *c)
{
	uint32_t n = 2, at;

	c[0] = (uint8_t)pick(f, 3);
	c[1] = (uint8_t)pick(f, c[0] ? 2 : VIRTIO_NET_CTRL_RX_MODES);
	switch (c[0] * 2 + c[1] % 2 * (c[0] == 1)) {
	case 2 * VIRTIO_NET_CTRL_RX:
		c[n++] = (uint8_t)pick(f, c[1] == VIRTIO_NET_CTRL_RX_PROMISC ? 1 + one_in(f, 4) : 2);
		break;
	case 2 * VIRTIO_NET_CTRL_MAC:
		n += put_table(f, c + n, 0);
		n += put_table(f, c + n, 1);
		break;
	case 2 * VIRTIO_NET_CTRL_MAC + 1:
		any_addr(f, c + n);
		n += 6;
		break;
	default:
		c[n++] = (uint8_t)pick(f, 4);
		c[n++] = one_in(f, 20) ? (uint8_t)pick(f, 256) : 0;
		break;
	}
	/* A class that is none: others have commands of which the model knows nothing. */
	if (one_in(f, 20)) {
		at = pick(f, n);
		c[at] ^= at ? (uint8_t)(1 << pick(f, 8)) : 0xc0;
	}
	if (one_in(f, 20))
		n = one_in(f, 2) ? pick(f, n) : n + 1;
	return n;
}

static void step_command(struct fuzz *f)
{
	static uint8_t c[ROOM + 64];
	uint32_t n = make_command(f, c), left = n, pieces[CUTS + 1];
	struct drv_ctrl_cut cut = {.readable = pieces};
	uint8_t ack = 0xff;
	bool good;

	while (cut.num_readable < CUTS && left && !one_in(f, 3)) {
		pieces[cut.num_readable] = 1 + pick(f, left);
		left -= pieces[cut.num_readable++];
	}
	if (left)
		pieces[cut.num_readable++] = left;
	cr_assert_eq(drv_ctrl_raw(rig_driver(f->rig), c, n, &ack, 1, &cut), 1, "step %lu", f->step);
	good = model_command(&f->model, c, n);
	cr_assert_eq(ack, good ? VIRTIO_NET_OK : VIRTIO_NET_ERR, "step %lu: class %u, command %u, %u bytes: ack %u",
		     f->step, c[0], c[1], n, ack);
	f->oks += good;
	f->refusals += !good;
}

/* ---- frames ---- */

static void observe(void *ctx, const struct net_report *report)
{
	struct fuzz *f = ctx;

	f->fate = report->fate;
}

static void ignore(void *ctx, const struct drv_net_frame *frame)
{
	(void)ctx;
	(void)frame;
}

static void step_frame(struct fuzz *f)
{
	uint8_t frame[60] = {0};
	bool want;

	any_addr(f, frame);
	if (one_in(f, 4))
		memcpy(frame, f->model.mac, 6);
	if (one_in(f, 2))
		memcpy(frame + 12, (uint8_t[]){0x81, 0, (uint8_t)(pick(f, 16) << 4), (uint8_t)pick(f, 4)}, 4);
	f->fate = -1;
	cr_assert_eq(link_mem_push(f->link, frame, sizeof(frame)), 0);
	rig_settle(f->rig);
	cr_assert_geq(drv_net_receive(rig_driver(f->rig), ignore, NULL, 8), 0);
	want = wants(&f->model, frame);
	cr_assert_eq(f->fate, want ? NET_FATE_DELIVERED : NET_FATE_FILTERED, "step %lu: %s", f->step,
		     f->fate < 0 ? "nothing" : net_fate_name((enum net_fate)f->fate));
	f->passed += want;
	f->kept_out += !want;
}

static void run(void *ctx, uint64_t seed, uint64_t steps)
{
	static struct fuzz f;
	struct drv_net_config driver;
	struct net_config device;

	(void)ctx;
	memset(&f, 0, sizeof(f));
	f.rng = generate_seed(seed);
	rig_config_default(&device);
	device.observer = (struct net_observer){observe, &f};
	rig_driver_config_default(&driver, device.xdp_bit);
	driver.filtered = true;
	f.link = link_mem_open(NULL, 0);
	cr_assert_not_null(f.link);
	link_mem_set_endless(f.link, true);
	f.rig = rig_open_driver(&device, &driver, f.link);
	cr_assert_not_null(f.rig);
	for (f.step = 0; f.step < steps; f.step++) {
		if (f.step % EPOCH == 0) {
			memset(&f.model, 0, sizeof(f.model));
			memcpy(f.model.mac, device.mac, 6);
			cr_assert_eq(drv_net_start(rig_driver(f.rig)), 0);
		}
		step_command(&f);
		for (int i = 0; i < FRAMES; i++)
			step_frame(&f);
	}
	/* A filter that is never used, or never off, is not tried. */
	cr_assert(steps < COMMANDS || (f.passed > steps && f.kept_out > steps && f.oks > f.refusals && f.refusals),
		  "%lu in, %lu out, %lu good commands, %lu refused", f.passed, f.kept_out, f.oks, f.refusals);
	rig_close(f.rig);
}

Test(fuzz, filters)
{
	if (!getenv("REFNIC_FUZZ"))
		corpus_each("filters", run, NULL);
	run(NULL, lab_setting("REFNIC_SEED", 1), lab_setting("REFNIC_FUZZ", COMMANDS));
}
