/* SPDX-License-Identifier: BSD-2-Clause */
/* Attaching programs: XO-062 to XO-069. */
#include <string.h>

#include "world.h"

static uint32_t try_attach(struct bench *b, uint32_t id, uint32_t expected, uint32_t generation, uint32_t *detail)
{
	struct drv_xdp_error e = {0, 0};
	int err = drv_xdp_attach(b->net, id, expected, generation, 1, 0, NULL, &e);

	cr_assert_geq(err, 0);
	if (detail)
		*detail = e.detail;
	return e.status;
}

static uint32_t try_detach(struct bench *b, uint32_t expected, uint32_t generation, uint32_t *detail)
{
	struct drv_xdp_error e = {0, 0};
	int err = drv_xdp_detach(b->net, expected, generation, NULL, &e);

	cr_assert_geq(err, 0);
	*detail = e.detail;
	return e.status;
}

Test(XO, XO_062)
{
	static const uint32_t ids[] = {1, 2, 4};
	uint32_t detail;
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	world_make(&b);
	attach(&b, 0, 1, 0);
	for (i = 0; i < 6; i++) {
		uint32_t expected = i < 3 ? 2 : 77;

		cr_expect_eq(try_attach(&b, ids[i % 3], 0, expected, &detail), VIRTIO_NET_XDP_ERR_STATE,
			     "XO-062: program %u", ids[i % 3]);
		cr_expect_eq(detail, 2, "XO-062: program %u, generation %u expected: detail %u", ids[i % 3], expected,
			     detail);
	}
	cr_expect_eq(try_attach(&b, 3, 0, 2, NULL), VIRTIO_NET_XDP_OK, "XO-062: program 3 is READY");
	bench_close(&b);
}

/* Every combination of a right and wrong expectation, with nothing and with something attached. */
Test(XO, XO_063)
{
	static const struct {
		uint32_t id, generation;
	} wrong[] = {{0, 0}, {VIRTIO_NET_XDP_ID_NONE, 1}, {0, 3}, {1, 2}, {VIRTIO_NET_XDP_ID_NONE, 2}, {0, 0xffffffff}};
	uint32_t detail;
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	LOAD(&b, 0, RETURN(1));
	cr_expect_eq(try_attach(&b, 0, 0, 0, &detail), VIRTIO_NET_XDP_ERR_STATE, "XO-063: nothing is attached");
	cr_expect_eq(detail, 0, "XO-063: detail %u", detail);
	cr_expect_eq(try_attach(&b, 0, VIRTIO_NET_XDP_ID_NONE, 1, &detail), VIRTIO_NET_XDP_ERR_STATE, "XO-063");
	attach(&b, 0, 1, 0);
	detach(&b);
	attach(&b, 0, 1, 0);
	detach(&b);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cr_expect_eq(try_attach(&b, 0, wrong[i].id, wrong[i].generation, &detail), VIRTIO_NET_XDP_ERR_STATE,
			     "XO-063: ATTACH, row %u", i);
		cr_expect_eq(detail, 4, "XO-063: ATTACH, row %u: detail %u", i, detail);
	}
	attach(&b, 0, 1, 0);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cr_expect_eq(try_attach(&b, 0, wrong[i].id, wrong[i].generation, &detail), VIRTIO_NET_XDP_ERR_STATE,
			     "XO-063: ATTACH over another, row %u", i);
		cr_expect_eq(try_detach(&b, wrong[i].id, wrong[i].generation, &detail), VIRTIO_NET_XDP_ERR_STATE,
			     "XO-063: DETACH, row %u", i);
		cr_expect_eq(detail, 5, "XO-063: DETACH, row %u: detail %u", i, detail);
	}
	bench_close(&b);
}

Test(XO, XO_064)
{
	uint32_t detail;
	struct bench b;

	bench_open(&b, NULL);
	cr_expect_eq(try_detach(&b, VIRTIO_NET_XDP_ID_NONE, 0, &detail), VIRTIO_NET_XDP_ERR_STATE,
		     "XO-064: after reset");
	cr_expect_eq(detail, 0, "XO-064: detail %u", detail);
	LOAD(&b, 0, RETURN(1));
	attach(&b, 0, 1, 0);
	detach(&b);
	cr_expect_eq(try_detach(&b, VIRTIO_NET_XDP_ID_NONE, 2, &detail), VIRTIO_NET_XDP_ERR_STATE, "XO-064: twice");
	cr_expect_eq(detail, 2, "XO-064: detail %u", detail);
	bench_close(&b);
}

static void large_mtu(struct net_config *device, struct drv_net_config *driver)
{
	(void)driver;
	device->mtu = 9000;
	device->fw.caps.max_frame = 9013;
}

static void exact_mtu(struct net_config *device, struct drv_net_config *driver)
{
	(void)driver;
	device->mtu = 9000;
	device->fw.caps.max_frame = 9014;
}

Test(XO, XO_065)
{
	struct bench b;

	bench_open(&b, large_mtu);
	LOAD(&b, 0, RETURN(1));
	cr_expect_eq(try_attach(&b, 0, VIRTIO_NET_XDP_ID_NONE, 0, NULL), VIRTIO_NET_XDP_ERR_LIMIT_FRAME,
		     "XO-065: 9,014 bytes against 9,013");
	bench_close(&b);
	bench_open(&b, exact_mtu);
	LOAD(&b, 0, RETURN(1));
	cr_expect_eq(try_attach(&b, 0, VIRTIO_NET_XDP_ID_NONE, 0, NULL), VIRTIO_NET_XDP_OK,
		     "XO-065: 9,014 bytes against 9,014");
	bench_close(&b);
}

Test(XO, XO_066)
{
	uint32_t generation = 0, i;
	struct bench b;

	bench_open(&b, NULL);
	LOAD(&b, 0, RETURN(1));
	LOAD(&b, 1, RETURN(2));
	for (i = 0; i < 20; i++) {
		if (i % 3 == 2)
			detach(&b);
		else
			attach(&b, i % 3, 1, 0);
		cr_expect_eq(b.generation, ++generation, "XO-066: step %u: generation %u", i, b.generation);
	}
	bench_close(&b);
}

/* Programs that mark a packet twice, with the same number: the marks are never of two programs. */
Test(XO, XO_067)
{
	uint8_t frame[64];
	struct bench b;
	unsigned i, k;

	bench_open(&b, NULL);
	make_frame(frame, sizeof(frame));
	for (i = 0; i < 2; i++)
		LOAD(&b, i, PACKET(1, 64, 3), ST_B(2, 20, i + 1), MOV_K(0, VIRTIO_NET_XDP_PASS), ST_B(2, 60, i + 1),
		     MOV_K(0, VIRTIO_NET_XDP_PASS), EXIT);
	attach(&b, 0, 1, 0);
	for (i = 0; i < 100; i++) {
		for (k = 0; k < i % 5; k++)
			cr_assert_eq(link_mem_push(b.link, frame, sizeof(frame)), 0);
		attach(&b, 1 - b.attached, 1, 0);
	}
	receive(&b);
	cr_expect_eq(b.num_got, 200, "XO-067: %u packets", b.num_got);
	for (i = 0; i < b.num_got; i++)
		cr_expect(b.got[i].data[20] && b.got[i].data[20] == b.got[i].data[60], "XO-067: packet %u: %u and %u",
			  i, b.got[i].data[20], b.got[i].data[60]);
	bench_close(&b);
}

/* Packets that arrive after ATTACH has completed meet the new program only, and the old one's count stands still. */
Test(XO, XO_068)
{
	uint8_t frame[64];
	uint64_t runs;
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	make_frame(frame, sizeof(frame));
	LOAD(&b, 0, RETURN(VIRTIO_NET_XDP_DROP));
	LOAD(&b, 1, RETURN(VIRTIO_NET_XDP_DROP));
	attach(&b, 0, 1, 0);
	for (i = 0; i < 50; i++)
		cr_assert_eq(link_mem_push(b.link, frame, sizeof(frame)), 0);
	attach(&b, 1, 1, 0);
	runs = info_of(&b, 0).run_count;
	receive(&b);
	cr_expect_eq(info_of(&b, 0).run_count, runs, "XO-068: the old program has run again");
	cr_expect_eq(info_of(&b, 1).run_count + runs, 50, "XO-068");
	detach(&b);
	runs = info_of(&b, 1).run_count;
	play(&b, frame, sizeof(frame));
	cr_expect_eq(info_of(&b, 1).run_count, runs, "XO-068: the detached program has run again");
	bench_close(&b);
}

Test(XO, XO_069)
{
	uint8_t frame[64];
	struct bench b;

	bench_open(&b, NULL);
	make_frame(frame, sizeof(frame));
	LOAD(&b, 0, RETURN(VIRTIO_NET_XDP_DROP));
	attach(&b, 0, 1, 0);
	cr_expect_eq(try_attach(&b, 0, 0, 1, NULL), VIRTIO_NET_XDP_OK, "XO-069");
	play(&b, frame, sizeof(frame));
	cr_expect_eq(info_of(&b, 0).run_count, 1, "XO-069");
	cr_expect_eq(info_of(&b, 0).attached, 1, "XO-069");
	bench_close(&b);
}
