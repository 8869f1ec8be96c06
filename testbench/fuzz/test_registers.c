// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any sequence of register writes, in any status: what a driver may write, in random order, on a device that offers all
 * that it can, behind a translation whose entries come and go, with frames and a link that come and go, too. The status
 * is always one that virtio_status.def has, only a device that is live touches guest memory or sends notifications,
 * features and queues are what the writes made of them, and a reset always helps. REFNIC_FUZZ=N tries N devices,
 * REFNIC_SEED=S starts at seed S.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device-model/iommu.h"
#include "device-model/net_device.h"
#include "device-model/tr_inproc.h"
#include "fuzz/corpus.h"
#include "fuzz/generate.h"
#include "fuzz/lab.h"
#include "rig/link_mem.h"
#include "virtio_ring.h"

#define DEVICES 300
#define STEPS   400
#define GPA     0x10000ULL
#define BYTES   0x8000
#define IOVA    0x7700000000ULL
#define PAGE    0x1000
#define QUEUES  3
#define ACK     VIRTIO_CONFIG_S_ACKNOWLEDGE
#define DRV     VIRTIO_CONFIG_S_DRIVER
#define FOK     VIRTIO_CONFIG_S_FEATURES_OK
#define DOK     VIRTIO_CONFIG_S_DRIVER_OK
#define SUSP    VIRTIO_CONFIG_S_SUSPEND
#define NRST    VIRTIO_CONFIG_S_NEEDS_RESET
#define FAIL    VIRTIO_CONFIG_S_FAILED

struct world {
	uint64_t seed, rng;
	uint8_t *memory, *before; /* BYTES */
	struct mem mem;
	struct iommu iommu;
	struct tr_inproc tr;
	struct link *link;
	struct net *net;
	bool enabled[QUEUES]; /* as the writes made them */
};

static const struct fw_platform platform;

static uint64_t pick(struct world *w, uint64_t count)
{
	return generate_random(&w->rng) % count;
}

static struct virtio_device *dev_of(struct world *w)
{
	return net_virtio(w->net);
}

static void map_page(struct world *w, uint64_t page)
{
	(void)iommu_map(&w->iommu, IOVA + page * PAGE, PAGE, GPA + page * PAGE, false); /* or it is there already */
}

static void open_world(struct world *w, uint64_t seed)
{
	struct net_config config = {
		.mac = {2, 0, 0, 0, 0, 1},
		.mtu = 1500,
		.queue_pairs = 1,
		.queue_size = 16,
		.features = net_features_all(VIRTIO_NET_F_XDP_OFFLOAD_ALT),
		.xdp_bit = VIRTIO_NET_F_XDP_OFFLOAD_ALT,
		.overrun = seed & 1,
		.fw = {.engine = FW_ENGINE_INTERP, .platform = &platform},
	};

	*w = (struct world){.seed = seed, .rng = seed, .memory = calloc(1, BYTES), .before = calloc(1, BYTES)};
	cr_assert(w->memory && w->before);
	cr_assert_eq(mem_add(&w->mem, &(struct mem_region){.gpa = GPA, .bytes = BYTES, .host = w->memory}), 0);
	iommu_init(&w->iommu, &w->mem);
	for (uint64_t page = 0; page < BYTES / PAGE; page++)
		map_page(w, page);
	fw_caps_default(&config.fw.caps);
	w->link = link_mem_open(NULL, 0);
	cr_assert_not_null(w->link);
	link_mem_set_endless(w->link, true);
	w->net = net_create(&config, w->link, &w->iommu.view, &tr_inproc_ops, &w->tr);
	cr_assert_not_null(w->net, "seed %lu", seed);
}

static void close_world(struct world *w)
{
	net_destroy(w->net);
	iommu_exit(&w->iommu);
	mem_exit(&w->mem);
	free(w->memory);
	free(w->before);
}

static uint64_t any_address(struct world *w)
{
	return pick(w, 8) ? IOVA + pick(w, BYTES / 64) * 64 : generate_random(&w->rng) >> pick(w, 64);
}

/* ---- what a driver may write ---- */

static void write_status(struct world *w)
{
	static const uint8_t bits[] = {ACK, DRV, FOK, DOK, DOK, SUSP, SUSP, FAIL, NRST, 32};
	struct virtio_device *dev = dev_of(w);
	uint8_t before = virtio_get_status(dev), status = before;

	switch (pick(w, 40)) {
	case 0:
		status = 0;
		break;
	case 1:
		status = (uint8_t)generate_random(&w->rng);
		break;
	case 2:
		status |= FAIL;
		break;
	default: /* the next step, or another one */
		status |= pick(w, 3) ? (uint8_t)((before << 1 | 1) & 3) | (before & DRV ? FOK : 0) |
					       (before & FOK ? DOK : 0)
				     : bits[pick(w, sizeof(bits))];
	}
	virtio_set_status(dev, status);
	if (!virtio_get_status(dev))
		memset(w->enabled, 0, sizeof(w->enabled));
}

static void write_features(struct world *w)
{
	struct virtio_device *dev = dev_of(w);
	uint32_t select = (uint32_t)pick(w, pick(w, 50) ? 4 : 40), bits = virtio_get_features(dev, select);

	if (!pick(w, 3))
		bits &= (uint32_t)generate_random(&w->rng);
	if (select == 1 && pick(w, 20))
		bits |= virtio_get_features(dev, 1) & (1 | 1 << (VIRTIO_F_ACCESS_PLATFORM - 32));
	if (!pick(w, 60))
		bits = (uint32_t)generate_random(&w->rng);
	virtio_set_features(dev, select, bits);
}

static void write_queue_enable(struct world *w)
{
	struct virtio_queue_addr addr = {any_address(w) & ~15ULL, any_address(w) & ~3ULL, any_address(w) & ~3ULL};
	uint16_t queue = (uint16_t)pick(w, QUEUES + 1), size = (uint16_t)(1 + pick(w, 17));
	uint8_t status = virtio_get_status(dev_of(w));
	int got = virtio_queue_enable(dev_of(w), queue, size, &addr);

	if (got) {
		cr_assert(got == -EINVAL || got == -EFAULT, "seed %lu: %d", w->seed, got);
		return;
	}
	cr_assert(queue < QUEUES && !w->enabled[queue] && (status & FOK) && !(status & SUSP),
		  "seed %lu: queue %u enabled in status %#x", w->seed, queue, status);
	w->enabled[queue] = true;
}

static void write_queue_reset(struct world *w)
{
	uint16_t queue = (uint16_t)pick(w, QUEUES + 1);

	if (virtio_queue_reset(dev_of(w), queue))
		return;
	cr_assert(queue < QUEUES && w->enabled[queue], "seed %lu: reset of queue %u", w->seed, queue);
	w->enabled[queue] = false;
}

static void write_notify(struct world *w)
{
	uint16_t queue = (uint16_t)pick(w, QUEUES + 1);

	virtio_notify(dev_of(w), queue);
	virtio_notify_data(dev_of(w), virtio_queue_notif_data(dev_of(w), queue) | (uint32_t)pick(w, 1 << 16) << 16);
	virtio_notify_data(dev_of(w), (uint32_t)generate_random(&w->rng));
}

static void write_config(struct world *w)
{
	uint8_t bytes[80];

	memset(bytes, (int)pick(w, 256), sizeof(bytes));
	virtio_config_write(dev_of(w), (uint32_t)generate_random(&w->rng) >> pick(w, 32), bytes,
			    pick(w, sizeof(bytes)));
	virtio_config_read(dev_of(w), (uint32_t)generate_random(&w->rng) >> pick(w, 32), bytes, pick(w, sizeof(bytes)));
}

/* ---- and what happens around it ---- */

/* Into the memory that rings are in, mostly small numbers. */
static void scribble(struct world *w)
{
	for (uint64_t n = pick(w, 32); n; n--)
		w->memory[pick(w, BYTES)] = (uint8_t)(pick(w, 2) ? pick(w, 4) : pick(w, 256));
}

static void translate(struct world *w)
{
	uint64_t page = pick(w, BYTES / PAGE);

	if (pick(w, 4))
		map_page(w, page);
	else
		(void)iommu_unmap(&w->iommu, IOVA + page * PAGE, PAGE);
}

static void traffic(struct world *w)
{
	static const uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2};

	link_mem_set_up(w->link, pick(w, 3));
	if (link_mem_left(w->link) < 100)
		cr_assert_eq(link_mem_push(w->link, frame, sizeof(frame)), 0);
}

static void turn(struct world *w)
{
	struct virtio_device *dev = dev_of(w);
	bool live = (virtio_get_status(dev) & (DOK | FAIL)) == DOK, suspended = virtio_get_status(dev) & SUSP;
	uint64_t interrupts = w->tr.vq_interrupts, config_interrupts = w->tr.config_interrupts;
	uint8_t generation = virtio_config_generation(dev);

	memcpy(w->before, w->memory, BYTES);
	net_poll(w->net);
	if (live)
		return;
	cr_assert_arr_eq(w->before, w->memory, BYTES, "seed %lu: memory written in status %#x", w->seed,
			 virtio_get_status(dev));
	cr_assert_eq(w->tr.vq_interrupts, interrupts, "seed %lu", w->seed);
	if (suspended) {
		cr_assert_eq(w->tr.config_interrupts, config_interrupts, "seed %lu", w->seed);
		cr_assert_eq(virtio_config_generation(dev), generation, "seed %lu", w->seed);
	}
}

/* ---- what has to hold ---- */

static void check(struct world *w, uint8_t before)
{
	static const uint8_t states[] = {
#define STATE(id, bits) (bits),
#include "device-model/virtio_status.def"
	};
	struct virtio_device *dev = dev_of(w);
	uint8_t status = virtio_get_status(dev);
	bool known = false;

	for (size_t i = 0; i < sizeof(states); i++)
		known |= (status & ~(NRST | FAIL)) == states[i];
	cr_assert(known, "seed %lu: status %#x after %#x", w->seed, status, before);
	cr_assert(!(before & FAIL) || !status || (status & ~NRST) == (before & ~NRST), "seed %lu: %#x after %#x",
		  w->seed, status, before);
	for (uint16_t q = 0; q < QUEUES; q++)
		cr_assert_eq(virtio_queue_enabled(dev, q), w->enabled[q], "seed %lu: queue %u", w->seed, q);
	if (status & FOK) {
		cr_assert_not(dev->accepted.word[0] & ~dev->offered.word[0], "seed %lu", w->seed);
		cr_assert_not(dev->accepted.word[1] & ~dev->offered.word[1], "seed %lu", w->seed);
		cr_assert_null(net_feature_unsatisfied(&dev->accepted, w->net->config.xdp_bit), "seed %lu", w->seed);
	}
}

/* A reset, and an initialisation as it should be. */
static void check_works(struct world *w)
{
	struct virtio_queue_addr addr = {IOVA, IOVA + 0x400, IOVA + 0x800};
	struct virtio_device *dev = dev_of(w);

	virtio_set_status(dev, 0);
	cr_assert_eq(virtio_get_status(dev), 0, "seed %lu", w->seed);
	map_page(w, 0);
	memset(w->memory, 0, BYTES);
	virtio_set_features(dev, 1, 1 | 1 << (VIRTIO_F_ACCESS_PLATFORM - 32));
	virtio_set_status(dev, ACK | DRV | FOK);
	cr_assert_eq(virtio_get_status(dev), ACK | DRV | FOK, "seed %lu", w->seed);
	cr_assert_eq(virtio_queue_enable(dev, 1, 16, &addr), 0, "seed %lu", w->seed);
	virtio_set_status(dev, ACK | DRV | FOK | DOK);
	/* A buffer of nothing that could be sent comes back all the same. */
	w->memory[0x402] = 1;
	memcpy(w->memory, &(struct vring_desc){cpu_to_le64(IOVA + 0x900), cpu_to_le32(12), {0}, {0}}, 16);
	virtio_notify(dev, 1);
	while (net_poll(w->net))
		;
	cr_assert_eq(w->memory[0x802], 1, "seed %lu: the buffer was not used", w->seed);
	cr_assert_eq(virtio_get_status(dev), ACK | DRV | FOK | DOK, "seed %lu", w->seed);
}

static const struct action {
	void (*run)(struct world *w);
	unsigned weight;
} actions[] = {
	{write_status, 20}, {write_features, 8}, {write_queue_enable, 12}, {write_queue_reset, 2}, {write_notify, 4},
	{write_config, 2},  {scribble, 4},       {translate, 1},           {traffic, 4},           {turn, 12},
};

static void act(struct world *w)
{
	unsigned sum = 0;
	uint64_t at;

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		sum += actions[i].weight;
	at = pick(w, sum);
	for (size_t i = 0;; at -= actions[i++].weight)
		if (at < actions[i].weight) {
			actions[i].run(w);
			return;
		}
}

/* seen: how often each status was. */
static void run(void *ctx, uint64_t first, uint64_t devices)
{
	uint64_t *seen = ctx;
	struct world w;

	for (uint64_t seed = first; seed < first + devices; seed++) {
		open_world(&w, seed);
		for (int i = 0; i < STEPS; i++) {
			uint8_t before = virtio_get_status(dev_of(&w));

			act(&w);
			check(&w, before);
			seen[virtio_get_status(dev_of(&w))]++;
		}
		check_works(&w);
		close_world(&w);
	}
}

Test(fuzz, registers)
{
	uint64_t first = lab_setting("REFNIC_SEED", 1), devices = lab_setting("REFNIC_FUZZ", DEVICES);
	uint64_t kept[256] = {0}, seen[256] = {0};

	if (!getenv("REFNIC_FUZZ"))
		corpus_each("registers", run, kept);
	run(seen, first, devices);
	/* A driver that never gets anywhere finds nothing. */
	cr_assert(devices < 100 || (seen[15] && seen[27] && seen[15 | NRST] && seen[27 | NRST] && seen[15 | FAIL]),
		  "live %lu, suspended %lu, needing a reset %lu, %lu, failed %lu", seen[15], seen[27], seen[15 | NRST],
		  seen[27 | NRST], seen[15 | FAIL]);
}
