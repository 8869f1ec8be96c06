/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the driver has to do: XO-114 to XO-117, XO-120, XO-121, XO-125. The device is behind a transport that looks at
 * the control queue before the device does.
 */
#include <errno.h>
#include <string.h>

#include "bench.h"
#include "hand_ring.h"

static void no_xdp(struct net_config *device, struct drv_net_config *driver)
{
	(void)driver;
	virtio_feature_set(&device->features, device->xdp_bit, false);
}

/* Every function of the driver, without the feature: none sends anything. */
Test(XO, XO_114)
{
	struct drv_xdp_prog_info info;
	struct drv_xdp_map_info map;
	struct drv_xdp_map_attr attr = {1, 4, 8, 1, 0, 0, ""};
	struct drv_xdp_caps caps;
	uint32_t n, k;
	uint8_t data[64];
	struct bench b;
	uint64_t r0;

	bench_open(&b, no_xdp);
	cr_expect_eq(drv_xdp_caps(b.net, &caps, NULL), -ENOTSUP, "XO-114");
	cr_expect_eq(drv_xdp_prog_create(b.net, 0, 8, 0, "", NULL, NULL), -ENOTSUP, "XO-114");
	cr_expect_eq(drv_xdp_prog_write(b.net, 0, 0, data, 8, NULL), -ENOTSUP, "XO-114");
	cr_expect_eq(drv_xdp_prog_commit(b.net, 0, 0, NULL), -ENOTSUP, "XO-114");
	cr_expect_eq(drv_xdp_prog_info(b.net, 0, &info, NULL), -ENOTSUP, "XO-114");
	cr_expect_eq(drv_xdp_prog_log(b.net, 0, 0, (char *)data, 8, &n, &k, NULL), -ENOTSUP, "XO-114");
	cr_expect_eq(drv_xdp_prog_destroy(b.net, 0, NULL), -ENOTSUP, "XO-114");
	cr_expect_eq(drv_xdp_attach(b.net, 0, 0, 0, 0, 0, &n, NULL), -ENOTSUP, "XO-114");
	cr_expect_eq(drv_xdp_detach(b.net, 0, 0, &n, NULL), -ENOTSUP, "XO-114");
	cr_expect_eq(drv_xdp_map_create(b.net, 0, &attr, NULL), -ENOTSUP, "XO-114");
	cr_expect_eq(drv_xdp_map_destroy(b.net, 0, NULL), -ENOTSUP, "XO-114");
	cr_expect_eq(drv_xdp_map_lookup(b.net, 0, data, 4, data, 8, NULL), -ENOTSUP, "XO-114");
	cr_expect_eq(drv_xdp_map_update(b.net, 0, 0, data, 4, data, 8, NULL), -ENOTSUP, "XO-114");
	cr_expect_eq(drv_xdp_map_delete(b.net, 0, data, 4, NULL), -ENOTSUP, "XO-114");
	cr_expect_eq(drv_xdp_map_next(b.net, 0, NULL, data, 4, NULL), -ENOTSUP, "XO-114");
	cr_expect_eq(drv_xdp_map_info(b.net, 0, &map, NULL), -ENOTSUP, "XO-114");
	cr_expect_eq(drv_xdp_map_freeze(b.net, 0, NULL), -ENOTSUP, "XO-114");
	cr_expect_eq(drv_xdp_obj_list(b.net, 0, 0, &n, 1, &n, &k, NULL), -ENOTSUP, "XO-114");
	n = 14;
	cr_expect_eq(drv_xdp_test_run(b.net, 0, 0, &k, data, &n, 64, &r0, NULL), -ENOTSUP, "XO-114");
	bench_close(&b);
}

/* The driver against a device of the test's own, which records each command and refuses it. */
struct spy {
	unsigned commands;
	uint32_t least_room; /* for results */
	uint32_t most_bytes; /* of a command */
	uint32_t written;    /* bytes of programs, without gaps */
	bool gap;
	uint8_t last[256];
	uint16_t status; /* of the next results */
};

static void on_command(void *ctx, const uint8_t *in, uint32_t bytes, uint8_t *out, uint32_t room, uint32_t *written)
{
	struct spy *spy = ctx;
	struct virtio_net_xdp_result result = {cpu_to_le16(spy->status), cpu_to_le16(0), cpu_to_le32(0)};
	struct virtio_net_xdp_prog_write write;

	spy->commands++;
	if (room - 1 < spy->least_room)
		spy->least_room = room - 1;
	if (bytes > spy->most_bytes)
		spy->most_bytes = bytes;
	memset(spy->last, 0, sizeof(spy->last));
	memcpy(spy->last, in, bytes < sizeof(spy->last) ? bytes : sizeof(spy->last));
	if (bytes > 10 && in[1] == VIRTIO_NET_CTRL_XDP_PROG_WRITE) {
		memcpy(&write, in + 2, sizeof(write));
		spy->gap |= le32_to_cpu(write.offset) != spy->written;
		spy->written += bytes - 10;
	}
	memset(out, 0, room);
	out[0] = spy->status ? VIRTIO_NET_ERR : VIRTIO_NET_OK;
	memcpy(out + 1, &result, room > 8 ? 8 : room - 1);
	*written = room;
}

Test(XO, XO_115)
{
	struct spy spy = {.least_room = UINT32_MAX, .status = VIRTIO_NET_XDP_ERR_NOT_FOUND};
	struct drv_xdp_prog_info info;
	struct drv_xdp_map_info map;
	struct hand_device d;
	uint8_t data[64];
	uint32_t n, k;

	hand_device_open(&d, 4096, on_command, &spy);
	drv_xdp_prog_create(d.net, 0, 8, 0, "", NULL, NULL);
	drv_xdp_prog_write(d.net, 0, 0, data, 8, NULL);
	drv_xdp_prog_commit(d.net, 0, 0, NULL);
	drv_xdp_prog_info(d.net, 0, &info, NULL);
	drv_xdp_prog_log(d.net, 0, 0, NULL, 0, &n, &k, NULL);
	drv_xdp_prog_destroy(d.net, 0, NULL);
	drv_xdp_attach(d.net, 0, 0, 0, 0, 0, &n, NULL);
	drv_xdp_detach(d.net, 0, 0, &n, NULL);
	drv_xdp_map_destroy(d.net, 0, NULL);
	drv_xdp_map_lookup(d.net, 0, data, 4, NULL, 0, NULL);
	drv_xdp_map_update(d.net, 0, 0, data, 4, data, 8, NULL);
	drv_xdp_map_delete(d.net, 0, data, 4, NULL);
	drv_xdp_map_next(d.net, 0, NULL, NULL, 0, NULL);
	drv_xdp_map_info(d.net, 0, &map, NULL);
	drv_xdp_map_freeze(d.net, 0, NULL);
	drv_xdp_obj_list(d.net, 0, 0, NULL, 0, &n, &k, NULL);
	cr_expect_eq(spy.commands, 16, "XO-115: %u commands", spy.commands);
	cr_expect_geq(spy.least_room, 8, "XO-115: room for %u bytes", spy.least_room);
	hand_device_close(&d);
}

Test(XO, XO_116)
{
	static uint8_t program[20000];
	struct spy spy = {.least_room = UINT32_MAX};
	struct drv_xdp_prog_info info;
	struct hand_device d;

	hand_device_open(&d, 1024, on_command, &spy);
	drv_xdp_prog_load(d.net, 0, program, sizeof(program), 0, "p", 0, &info, NULL);
	cr_expect_eq(spy.written, sizeof(program), "XO-116: %u bytes written", spy.written);
	cr_expect_leq(spy.most_bytes, 1024, "XO-116: a command of %u bytes", spy.most_bytes);
	cr_expect_eq(drv_xdp_prog_write(d.net, 0, 0, program, 1015, NULL), -EMSGSIZE, "XO-116: 1,025 bytes");
	cr_expect_eq(drv_xdp_prog_write(d.net, 0, 0, program, 1014, NULL), 0, "XO-116: 1,024 bytes");
	hand_device_close(&d);
}

Test(XO, XO_117)
{
	static uint8_t program[9008];
	struct spy spy = {.least_room = UINT32_MAX};
	struct drv_xdp_prog_info info;
	struct hand_device d;

	hand_device_open(&d, 1029, on_command, &spy);
	drv_xdp_prog_load(d.net, 0, program, sizeof(program), 0, "p", 0, &info, NULL);
	cr_expect(!spy.gap && spy.written == sizeof(program), "XO-117: %u bytes", spy.written);
	hand_device_close(&d);
}

Test(XO, XO_120)
{
	static const char *names[] = {"", "a", "fifteen_letters", "sixteen_letters_", "seventeen_letters"};
	struct spy spy = {.least_room = UINT32_MAX};
	struct hand_device d;
	unsigned i, k;

	hand_device_open(&d, 4096, on_command, &spy);
	for (i = 0; i < 5; i++) {
		const uint8_t *name = spy.last + 2 + offsetof(struct virtio_net_xdp_prog_create, name);
		size_t length = strlen(names[i]) < 16 ? strlen(names[i]) : 16;

		drv_xdp_prog_create(d.net, 0, 8, 0, names[i], NULL, NULL);
		cr_expect_eq(memcmp(name, names[i], length), 0, "XO-120: %s", names[i]);
		for (k = (unsigned)length; k < 16; k++)
			cr_expect_eq(name[k], 0, "XO-120: %s: byte %u", names[i], k);
	}
	hand_device_close(&d);
}

Test(XO, XO_121)
{
	struct drv_xdp_map_attr attr = {VIRTIO_NET_XDP_MAP_HASH, 4, 8, 1, 0, 0, "m"};
	struct spy spy = {.least_room = UINT32_MAX};
	struct hand_device d;

	hand_device_open(&d, 4096, on_command, &spy);
	drv_xdp_map_create(d.net, 0, &attr, NULL);
	cr_expect_eq(
		memcmp(spy.last + 2 + offsetof(struct virtio_net_xdp_map_create, inner_map_id), "\xff\xff\xff\xff", 4),
		0, "XO-121");
	hand_device_close(&d);
}

Test(XO, XO_125)
{
	static const uint16_t unknown[] = {0x0b, 0x17, 0x23, 0x41, 0x7fff, 0xffff};
	struct spy spy = {.least_room = UINT32_MAX};
	struct hand_device d;
	unsigned i;

	hand_device_open(&d, 4096, on_command, &spy);
	for (i = 0; i < 6; i++) {
		struct drv_xdp_error e = {0, 0};

		spy.status = unknown[i];
		cr_expect_eq(drv_xdp_prog_commit(d.net, 0, 0, &e), 1, "XO-125: status %#x", unknown[i]);
		cr_expect_eq(e.status, unknown[i], "XO-125");
	}
	hand_device_close(&d);
}
