/* SPDX-License-Identifier: BSD-2-Clause */
/* OBJ_LIST and TEST_RUN: XO-100 to XO-109. */
#include <string.h>

#include "world.h"

static const uint32_t prog_ids[] = {0, 1, 2, 3, 4}, map_ids[] = {0, 1, 3};

Test(XO, XO_100)
{
	static const struct {
		uint32_t kind, count;
		const uint32_t *ids;
	} rows[] = {{VIRTIO_NET_XDP_OBJ_PROG, 5, prog_ids}, {VIRTIO_NET_XDP_OBJ_MAP, 3, map_ids}};
	uint32_t i, start, room, ids[16], count, next, k;
	struct bench b;

	bench_open(&b, NULL);
	need_command(&b, VIRTIO_NET_CTRL_XDP_OBJ_LIST, "OBJ_LIST");
	world_make(&b);
	for (i = 0; i < 2; i++) {
		for (start = 0; start < 8; start++) {
			for (room = 0; room < 8; room++) {
				const uint32_t *want = rows[i].ids;
				uint32_t left = rows[i].count;

				for (; left && *want < start; left--)
					want++;
				cr_assert_eq(
					drv_xdp_obj_list(b.net, rows[i].kind, start, ids, room, &count, &next, NULL),
					0);
				cr_expect_eq(count, left < room ? left : room,
					     "XO-100: kind %u from %u, room for %u: %u", rows[i].kind, start, room,
					     count);
				for (k = 0; k < count; k++)
					cr_expect_eq(ids[k], want[k], "XO-100: kind %u from %u: id %u", rows[i].kind,
						     start, ids[k]);
			}
		}
	}
	bench_close(&b);
}

Test(XO, XO_101)
{
	uint32_t ids[16], count, next, start, room, seen;
	struct bench b;

	bench_open(&b, NULL);
	need_command(&b, VIRTIO_NET_CTRL_XDP_OBJ_LIST, "OBJ_LIST");
	world_make(&b);
	for (room = 1; room < 6; room++) {
		for (start = 0, seen = 0; start != VIRTIO_NET_XDP_ID_NONE; start = next, seen += count)
			cr_assert_eq(
				drv_xdp_obj_list(b.net, VIRTIO_NET_XDP_OBJ_MAP, start, ids, room, &count, &next, NULL),
				0);
		cr_expect_eq(seen, 3, "XO-101: %u ids in pieces of %u", seen, room);
	}
	cr_assert_eq(drv_xdp_obj_list(b.net, VIRTIO_NET_XDP_OBJ_MAP, 0, ids, 2, &count, &next, NULL), 0);
	cr_expect_eq(next, 3, "XO-101: next_id %u", next);
	cr_assert_eq(drv_xdp_obj_list(b.net, VIRTIO_NET_XDP_OBJ_MAP, 4, ids, 2, &count, &next, NULL), 0);
	cr_expect(count == 0 && next == VIRTIO_NET_XDP_ID_NONE, "XO-101: behind the end");
	cr_assert_eq(drv_xdp_obj_list(b.net, VIRTIO_NET_XDP_OBJ_MAP, 0xffffffff, ids, 2, &count, &next, NULL), 0);
	cr_expect(count == 0 && next == VIRTIO_NET_XDP_ID_NONE, "XO-101: from the highest id");
	bench_close(&b);
}

Test(XO, XO_102)
{
	static const uint32_t kinds[] = {2, 3, 0x100, 0xffffffff};
	uint32_t ids[4], count, next;
	struct drv_xdp_error e;
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	need_command(&b, VIRTIO_NET_CTRL_XDP_OBJ_LIST, "OBJ_LIST");
	for (i = 0; i < 4; i++) {
		cr_assert_eq(drv_xdp_obj_list(b.net, kinds[i], 0, ids, 4, &count, &next, &e), 1);
		cr_expect_eq(e.status, VIRTIO_NET_XDP_ERR_TYPE, "XO-102: kind %u: %s", kinds[i],
			     drv_xdp_status_name(e.status));
	}
	bench_close(&b);
}

static struct bench *with_test_run(struct bench *b)
{
	bench_open(b, NULL);
	need_command(b, VIRTIO_NET_CTRL_XDP_TEST_RUN, "TEST_RUN");
	return b;
}

/* A program that changes bytes, the beginning, the end and, if it can, the queue. */
Test(XO, XO_103)
{
	uint8_t frame[2048];
	uint32_t bytes = 64, queue = 0;
	uint64_t r0;
	struct bench b;

	with_test_run(&b);
	make_frame(frame, bytes);
	LOAD(&b, 0, MOV_X(6, 1), MOV_K(2, -8), CALL(HELPER_XDP_ADJUST_HEAD), MOV_X(1, 6), MOV_K(2, 4),
	     CALL(HELPER_XDP_ADJUST_TAIL), MOV_K(0, 0), PACKET(6, 76, 9), ST_DW(2, 0, 0x01020304), ST_B(2, 75, 9),
	     LDX_W(5, 6, CTX_IFINDEX), STX_W(2, 8, 5), LDX_W(5, 6, CTX_QUEUE), STX_B(2, 12, 5),
	     LD_IMM64(0, 0x1122334455667788), EXIT, MOV_K(0, 1), EXIT);
	cr_assert_eq(drv_xdp_test_run(b.net, 0, 0xabcdef01, &queue, frame, &bytes, sizeof(frame), &r0, NULL), 0);
	cr_expect_eq(r0, 0x1122334455667788, "XO-103: r0 is %#lx", (unsigned long)r0);
	cr_expect_eq(bytes, 76, "XO-103: %u bytes", bytes);
	cr_expect_eq(memcmp(frame, "\4\3\2\1\0\0\0\0\1\357\315\253\0", 13), 0, "XO-103: the beginning");
	cr_expect_eq(memcmp(frame + 72, "\0\0\0\11", 4), 0, "XO-103: the end");
	cr_expect_eq(queue, 0, "XO-103: queue %u", queue);
	bench_close(&b);
}

static uint32_t try_run(struct bench *b, uint32_t id, uint32_t queue, uint32_t bytes, uint32_t room)
{
	static uint8_t frame[70000];
	struct drv_xdp_error e = {0, 0};
	uint64_t r0;

	cr_assert_geq(drv_xdp_test_run(b->net, id, 0, &queue, frame, &bytes, room, &r0, &e), 0);
	return e.status;
}

Test(XO, XO_104)
{
	static const uint32_t ids[] = {1, 2, 4};
	struct bench b;
	unsigned i;

	with_test_run(&b);
	world_make(&b);
	for (i = 0; i < 3; i++)
		cr_expect_eq(try_run(&b, ids[i], 0, 64, 4096), VIRTIO_NET_XDP_ERR_STATE, "XO-104: program %u", ids[i]);
	cr_expect_eq(try_run(&b, 3, 0, 64, 4096), VIRTIO_NET_XDP_OK, "XO-104: not attached");
	bench_close(&b);
}

Test(XO, XO_105)
{
	struct bench b;
	uint32_t n;

	with_test_run(&b);
	LOAD(&b, 0, RETURN(2));
	for (n = 0; n < 14; n++)
		cr_expect_eq(try_run(&b, 0, 0, n, 4096), VIRTIO_NET_XDP_ERR_SIZE, "XO-105: %u bytes: %s", n,
			     drv_xdp_status_name(try_run(&b, 0, 0, n, 4096)));
	cr_expect_eq(try_run(&b, 0, 0, 14, 4096), VIRTIO_NET_XDP_OK, "XO-105: 14 bytes");
	bench_close(&b);
}

static void short_frames(struct net_config *device, struct drv_net_config *driver)
{
	(void)driver;
	device->mtu = 1000;
	device->fw.caps.max_frame = 1500;
}

Test(XO, XO_106)
{
	struct bench b;

	bench_open(&b, short_frames);
	need_command(&b, VIRTIO_NET_CTRL_XDP_TEST_RUN, "TEST_RUN");
	LOAD(&b, 0, RETURN(2));
	cr_expect_eq(try_run(&b, 0, 0, 1501, 8192), VIRTIO_NET_XDP_ERR_SIZE, "XO-106: 1,501 bytes");
	cr_expect_eq(try_run(&b, 0, 0, 1500, 8192), VIRTIO_NET_XDP_OK, "XO-106: 1,500 bytes");
	bench_close(&b);
}

/* Of four pairs the driver uses one. */
static void one_of_four(struct net_config *device, struct drv_net_config *driver)
{
	device->queue_pairs = 4;
	driver->pairs = 1;
}

Test(XO, XO_107)
{
	static const uint32_t queues[] = {1, 2, 0x10000, 0xffffffff};
	struct bench b;
	unsigned i;

	with_test_run(&b);
	LOAD(&b, 0, RETURN(2));
	for (i = 0; i < 4; i++)
		cr_expect_eq(try_run(&b, 0, queues[i], 64, 4096), VIRTIO_NET_XDP_ERR_SIZE, "XO-107: queue %u: %s",
			     queues[i], drv_xdp_status_name(try_run(&b, 0, queues[i], 64, 4096)));
	bench_close(&b);
	bench_open(&b, one_of_four);
	LOAD(&b, 0, RETURN(2));
	for (i = 0; i <= drv_net_receiveqs(b.net); i++)
		cr_expect_eq(try_run(&b, 0, i, 64, 4096),
			     i < drv_net_receiveqs(b.net) ? VIRTIO_NET_XDP_OK : VIRTIO_NET_XDP_ERR_SIZE,
			     "XO-107: queue %u, of which the first one is in use", i);
	bench_close(&b);
}

Test(XO, XO_108)
{
	struct bench b;
	uint32_t most;

	with_test_run(&b);
	LOAD(&b, 0, RETURN(2));
	most = 64u + b.caps.headroom + b.caps.tailroom;
	cr_expect_eq(try_run(&b, 0, 0, 64, most), VIRTIO_NET_XDP_OK, "XO-108: room for %u", most);
	cr_expect_eq(try_run(&b, 0, 0, 64, most - 1), VIRTIO_NET_XDP_ERR_SIZE, "XO-108: room for %u", most - 1);
	cr_expect_eq(try_run(&b, 0, 0, 64, 0), VIRTIO_NET_XDP_ERR_SIZE, "XO-108: no room");
	bench_close(&b);
}

Test(XO, XO_109)
{
	struct bench b;
	uint32_t action;

	with_test_run(&b);
	for (action = 0; action < 6; action++) {
		LOAD(&b, 0, MOV_K(0, action), EXIT);
		attach(&b, 0, 1, 0);
		cr_assert_eq(try_run(&b, 0, 0, 64, 4096), VIRTIO_NET_XDP_OK);
		receive(&b);
		cr_expect_eq(b.num_got, 0, "XO-109: action %u is delivered", action);
		cr_expect_eq(link_mem_sent_count(b.link), 0, "XO-109: action %u is transmitted", action);
		cr_expect_eq(info_of(&b, 0).run_count, 0, "XO-109: action %u is counted", action);
		detach(&b);
		cr_assert_eq(drv_xdp_prog_destroy(b.net, 0, NULL), 0);
	}
	bench_close(&b);
}
