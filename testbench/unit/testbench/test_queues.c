/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both ends of a virtqueue, the driver's and the device's, on the same memory. Each end sleeps unless it was notified,
 * so a notification that is lost shows as both asleep with work left.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "device-model/vq.h"
#include "guest-driver/core/vq.h"
#include "rig/dma.h"

#define MEMORY_GPA   0x100000
#define MEMORY_BYTES ((size_t)8 << 20)
#define BUFFERS      ((uint32_t)3 * 65536 + 5) /* submitted in all: indices pass 65535 more than twice */
#define BURST        8

struct ends {
	struct dma *dma;
	struct mem mem;
	struct vq device;
	struct drv_env env;
	struct drv_transport transport;
	struct drv_vq *driver;
	uint64_t data;
	uint32_t rng, buffers, submitted, completed, handled;
	bool driver_awake, device_awake;
	char name[64];
};

static void *env_dma_alloc(void *ctx, size_t bytes, size_t align, uint64_t *addr)
{
	struct ends *e = ctx;

	return dma_alloc(e->dma, bytes, align, addr);
}

static void env_dma_free(void *ctx, void *p)
{
	struct ends *e = ctx;

	dma_free(e->dma, p);
}

static void *env_alloc(void *ctx, size_t bytes)
{
	(void)ctx;
	return calloc(1, bytes);
}

static void env_free(void *ctx, void *p)
{
	(void)ctx;
	free(p);
}

static void kicked(void *ctx, uint16_t queue, uint32_t data)
{
	struct ends *e = ctx;

	(void)queue;
	(void)data;
	e->device_awake = true;
}

static const struct drv_transport_ops transport_ops = {.notify = kicked};

static uint32_t pick(struct ends *e, uint32_t count)
{
	e->rng = e->rng * 1664525 + 1013904223;
	return (e->rng >> 8) % count;
}

/* What a queue can be, as bits. */
enum { EVENT_IDX = 1, INDIRECT = 2, IN_ORDER = 4, PACKED = 8, FORMS = 16 };

static void ends_open(struct ends *e, uint16_t size, unsigned form)
{
	struct drv_vq_config config = {.size = size,
				       .event_idx = form & EVENT_IDX,
				       .indirect = form & INDIRECT ? 2 : 0,
				       .in_order = form & IN_ORDER};
	struct mem_region region = {.gpa = MEMORY_GPA, .bytes = MEMORY_BYTES};
	struct virtio_queue_addr addr;

	*e = (struct ends){.dma = dma_open(MEMORY_GPA, MEMORY_BYTES), .rng = size, .driver_awake = true};
	snprintf(e->name, sizeof(e->name), "%s of %u%s%s%s", form & PACKED ? "packed" : "split", size,
		 form & EVENT_IDX ? ", event_idx" : "", form & INDIRECT ? ", indirect" : "",
		 form & IN_ORDER ? ", in_order" : "");
	cr_assert_not_null(e->dma);
	region.host = dma_host(e->dma);
	cr_assert_eq(mem_add(&e->mem, &region), 0);
	e->env = (struct drv_env){env_dma_alloc, env_dma_free, env_alloc, env_free, e};
	e->transport = (struct drv_transport){&transport_ops, e};
	e->driver = (form & PACKED ? drv_vq_packed_create : drv_vq_split_create)(&e->env, &e->transport, &config);
	cr_assert_not_null(e->driver, "%s", e->name);
	cr_assert_not_null(dma_alloc(e->dma, 64, 64, &e->data));
	addr = (struct virtio_queue_addr){e->driver->addr.desc, e->driver->addr.driver, e->driver->addr.device};
	cr_assert_eq(vq_init(&e->device, &e->mem, size), 0);
	cr_assert_eq(vq_enable(&e->device, form & PACKED ? &vq_packed_ops : &vq_split_ops, size, &addr), 0, "%s",
		     e->name);
	e->device.event_idx = config.event_idx;
	e->device.indirect = config.indirect;
	e->device.in_order = config.in_order;
}

static void ends_close(struct ends *e)
{
	vq_exit(&e->device);
	drv_vq_destroy(e->driver);
	mem_exit(&e->mem);
	dma_close(e->dma);
}

/* The buffer's number is its token, its pieces, and what the device says it wrote. */
static uint32_t mark_of(uint32_t number)
{
	return 1 + number % 32;
}

/* Of the bytes that could be written to it, what the device says it wrote: now and then not all. */
static uint32_t used_of(uint32_t number, uint32_t writable)
{
	return number % 5 < 3 ? writable : writable - 1;
}

/* Whether the buffer has a readable piece before the writable one; that one is of 1 byte then. */
static bool is_chain(const struct ends *e, uint32_t number)
{
	return e->driver->size > 1 && number / BURST % 2 && number % 2;
}

static int submit(struct ends *e)
{
	uint32_t n = e->submitted, chain = is_chain(e, n);
	struct drv_sg sg[] = {{e->data, mark_of(n)}, {e->data + 32, 1}};

	return drv_vq_submit(e->driver, sg, chain, 1, (void *)(uintptr_t)(n + 1));
}

/* The buffers up to the next chain. Returns how many there was room for. */
static int submit_burst(struct ends *e)
{
	struct drv_vq_plain plain[BURST];
	uint32_t n = e->submitted, count = 0;

	for (; count < BURST && n < e->buffers && !is_chain(e, n); n++)
		plain[count++] = (struct drv_vq_plain){{e->data, mark_of(n)}, (void *)(uintptr_t)(n + 1)};
	return drv_vq_submit_all(e->driver, plain, count, true);
}

static void submit_some(struct ends *e)
{
	uint32_t count = pick(e, 3) ? 1 + pick(e, 40) : UINT32_MAX;

	for (; count && e->submitted < e->buffers; count--) {
		bool burst = !is_chain(e, e->submitted) && pick(e, 2);
		int got = burst ? submit_burst(e) : submit(e);

		if (got == (burst ? 0 : -EAGAIN))
			break;
		cr_assert_geq(got, 0, "%s: buffer %u", e->name, e->submitted);
		e->submitted += burst ? (uint32_t)got : 1;
	}
	drv_vq_notify(e->driver);
}

static void complete_some(struct ends *e)
{
	struct drv_vq_done done[BURST];
	unsigned max = 1 + pick(e, BURST);

	for (uint32_t turns = 1 + pick(e, 60); turns; turns--) {
		int got = max > 1 ? drv_vq_complete_all(e->driver, done, max) : drv_vq_complete(e->driver, done);

		if (got == (max > 1 ? 0 : -EAGAIN))
			return;
		cr_assert_geq(got, 0, "%s: after %u", e->name, e->completed);
		cr_assert_leq(got, (int)max);
		got += max == 1;
		for (int i = 0; i < got; i++, e->completed++) {
			uint32_t n = e->completed;

			cr_assert_eq((uintptr_t)done[i].token, n + 1, "%s", e->name);
			cr_assert_eq(done[i].bytes, used_of(n, is_chain(e, n) ? 1 : mark_of(n)), "%s: %u", e->name, n);
		}
	}
}

static void driver_step(struct ends *e)
{
	int left;

	switch (pick(e, 3)) {
	case 0:
		submit_some(e);
		break;
	case 1:
		complete_some(e);
		break;
	default:
		left = drv_vq_completions(e->driver);
		cr_assert_geq(left, 0, "%s", e->name);
		/* It sleeps with a full queue or with nothing left to submit. */
		e->driver_awake =
			left > 0 || (e->submitted < e->buffers && e->driver->in_flight < (e->driver->size + 1) / 2);
	}
}

/* Takes buffers that are plain and were seen. Returns how many. */
static size_t handle_plain(struct ends *e)
{
	uint32_t least[BURST] = {0}, wrote[BURST];
	struct vq_buffer buffers[BURST];
	size_t count = vq_pop_plain(&e->device, true, least, buffers, 1 + pick(e, BURST));

	for (size_t i = 0; i < count; i++, e->handled++) {
		cr_assert_eq(buffers[i].bytes, mark_of(e->handled), "%s: %u", e->name, e->handled);
		wrote[i] = used_of(e->handled, buffers[i].bytes);
	}
	vq_fill_plain(&e->device, buffers, wrote, count);
	return count;
}

/* Takes count buffers, or what there is of them. Returns how many, or -errno. */
static int handle(struct ends *e, uint32_t count)
{
	struct vq_chain chain;
	uint32_t before = e->handled;

	while (e->handled - before < count) {
		int got;

		if (pick(e, 2) && handle_plain(e))
			continue;
		got = vq_pop(&e->device, &chain);
		if (got <= 0)
			return got ? got : (int)(e->handled - before);
		cr_assert_eq(chain.writable, 1);
		cr_assert_eq(chain.writable_bytes, is_chain(e, e->handled) ? 1 : mark_of(e->handled));
		cr_assert_eq(vq_fill(&e->device, &chain, used_of(e->handled, (uint32_t)chain.writable_bytes)), 0);
		e->handled++;
	}
	return (int)count;
}

static void device_step(struct ends *e)
{
	uint32_t count = 1 + pick(e, 50), handled;
	int got;

	if (!pick(e, 4))
		vq_want_kicks(&e->device, false);
	if (!pick(e, 4)) { /* thinks better of some of them */
		struct vq_mark mark;

		got = handle(e, pick(e, 8));
		handled = e->handled;
		mark = vq_mark(&e->device);
		if (got >= 0)
			got = handle(e, 1 + pick(e, 20));
		vq_rewind(&e->device, mark);
		e->handled = handled;
		cr_assert_geq(got, 0, "%s: %s", e->name, e->device.error);
	}
	got = handle(e, count);
	cr_assert_geq(got, 0, "%s: %s", e->name, e->device.error);
	if (vq_publish(&e->device))
		e->driver_awake = true;
	if ((uint32_t)got >= count)
		return;
	cr_assert_eq(vq_want_kicks(&e->device, true), 0);
	e->device_awake = vq_available(&e->device) > 0;
}

static void run(uint16_t size, unsigned form, uint32_t buffers)
{
	struct ends e;

	ends_open(&e, size, form);
	e.buffers = buffers;
	while (e.completed < buffers) {
		cr_assert(e.driver_awake || e.device_awake, "%s: both asleep: %u submitted, %u handled, %u completed",
			  e.name, e.submitted, e.handled, e.completed);
		if (e.driver_awake && (!e.device_awake || pick(&e, 2)))
			driver_step(&e);
		else
			device_step(&e);
	}
	cr_assert_eq(e.handled, buffers, "%s", e.name);
	cr_assert_eq(e.driver->in_flight, 0, "%s", e.name);
	ends_close(&e);
}

Test(queues, both_ends_every_size)
{
	for (uint32_t size = 1; size <= 32768; size *= 2)
		for (unsigned form = 0; form < FORMS; form++)
			run((uint16_t)size, form, BUFFERS);
}

/* Sizes that only a packed queue can have: laps that end within lists and within batches. */
Test(queues, packed_every_size)
{
	static const uint16_t more[] = {255, 257, 1000, 4095, 32767};

	for (unsigned form = PACKED; form < FORMS; form++) {
		for (uint16_t size = 1; size <= 70; size++)
			run(size, form, 3000);
		for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
			run(more[i], form, 100000);
	}
}
