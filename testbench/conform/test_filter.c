/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements of virtio 1.4 on receive filters: modes, addresses, VLANs. */
#include <errno.h>
#include <string.h>

#include "bench.h"
#include "guest-driver/core/filter.h"

#define FRAME_BYTES 60
#define PROMISC     VIRTIO_NET_CTRL_RX_PROMISC
#define ALLMULTI    VIRTIO_NET_CTRL_RX_ALLMULTI
#define ALLUNI      VIRTIO_NET_CTRL_RX_ALLUNI
#define NOMULTI     VIRTIO_NET_CTRL_RX_NOMULTI
#define NOUNI       VIRTIO_NET_CTRL_RX_NOUNI
#define NOBCAST     VIRTIO_NET_CTRL_RX_NOBCAST

static const uint8_t foreign[6] = {2, 0, 0, 0, 0x77, 1}, group[6] = {1, 0, 0x5e, 0, 0x77, 1},
		     everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static void with_filters(struct net_config *device, struct drv_net_config *driver)
{
	(void)device;
	driver->filtered = true;
}

static void with_mac_only(struct net_config *device, struct drv_net_config *driver)
{
	with_filters(device, driver);
	driver->features[0] &= ~(1ULL << VIRTIO_NET_F_CTRL_VLAN);
}

static void without(struct drv_net_config *driver, unsigned bit)
{
	driver->features[0] &= ~(1ULL << bit);
}

static void without_rx(struct net_config *device, struct drv_net_config *driver)
{
	with_filters(device, driver);
	without(driver, VIRTIO_NET_F_CTRL_RX);
}

static void without_extra(struct net_config *device, struct drv_net_config *driver)
{
	with_filters(device, driver);
	without(driver, VIRTIO_NET_F_CTRL_RX_EXTRA);
}

static void without_mac(struct net_config *device, struct drv_net_config *driver)
{
	with_filters(device, driver);
	without(driver, VIRTIO_NET_F_MAC);
}

static void open_filtered(struct bench *b)
{
	bench_open(b, with_mac_only);
	if (!drv_net_has(b->net, VIRTIO_NET_F_CTRL_RX) || !drv_net_has(b->net, VIRTIO_NET_F_CTRL_RX_EXTRA))
		cr_skip_test("the device does not offer CTRL_RX and CTRL_RX_EXTRA");
}

/* Whether the driver receives a frame to dest; id -1: without a tag. */
static bool tagged_arrives(struct bench *b, const uint8_t dest[6], int id)
{
	uint8_t frame[FRAME_BYTES];
	unsigned got;

	make_frame(frame, sizeof(frame));
	memcpy(frame, dest, 6);
	if (id >= 0)
		memcpy(frame + 12, (uint8_t[]){0x81, 0, (uint8_t)(0xe0 | id >> 8), (uint8_t)id}, 4);
	play(b, frame, sizeof(frame));
	got = b->num_got;
	bench_forget(b);
	return got;
}

static bool arrives(struct bench *b, const uint8_t dest[6])
{
	return tagged_arrives(b, dest, -1);
}

static const uint8_t *own(struct bench *b)
{
	static uint8_t mac[6];

	drv_net_mac(b->net, mac);
	return mac;
}

static void turn(struct bench *b, uint8_t mode, bool on, const char *id)
{
	cr_assert_eq(drv_filter_mode(b->net, mode, on), 0, "%s: mode %u %s is refused", id, mode, on ? "on" : "off");
}

/* The command exists, on and off, again and again; what is wanted arrives. Filters may let more in than that. */
static void check_command(const char *id, uint8_t mode)
{
	struct bench b;

	open_filtered(&b);
	for (int i = 0; i < 5; i++)
		turn(&b, mode, i % 2, id);
	cr_expect(arrives(&b, own(&b)), "%s: with everything off, frames to the device do not arrive", id);
	cr_expect(arrives(&b, everybody), "%s: with everything off, broadcasts do not arrive", id);
	bench_close(&b);
}

Test(VN, VN_985b3a00)
{
	check_command("VN-985b3a00", PROMISC);
}

Test(VN, VN_0273a0de)
{
	check_command("VN-0273a0de", ALLMULTI);
}

Test(VN, VN_62e2ba00)
{
	check_command("VN-62e2ba00", ALLUNI);
}

Test(VN, VN_adbb11fc)
{
	check_command("VN-adbb11fc", NOMULTI);
}

Test(VN, VN_67633dd8)
{
	check_command("VN-67633dd8", NOUNI);
}

Test(VN, VN_5db33123)
{
	check_command("VN-5db33123", NOBCAST);
}

Test(VN, VN_a8cc0b2e)
{
	check_command("VN-a8cc0b2e", PROMISC);
	check_command("VN-a8cc0b2e", ALLMULTI);
}

Test(VN, VN_262f90dd)
{
	for (uint8_t mode = ALLUNI; mode <= NOBCAST; mode++)
		check_command("VN-262f90dd", mode);
}

/* One byte, 0 or 1, says which: frames to dest arrive as it says. */
static void check_byte(const char *id, uint8_t mode, const uint8_t *dest, bool with)
{
	struct drv_buf data;
	uint32_t written;
	struct bench b;
	uint8_t value;

	open_filtered(&b);
	turn(&b, ALLMULTI, mode == NOMULTI, id);
	if (!dest)
		dest = own(&b);
	for (unsigned i = 0; i < 4; i++) {
		value = i % 2;
		data = (struct drv_buf){&value, 1};
		cr_assert_eq(drv_ctrl(b.net, VIRTIO_NET_CTRL_RX, mode, &data, 1, NULL, 0, &written), 0, "%s", id);
		cr_expect_eq(arrives(&b, dest), value ? with : !with, "%s: mode %u is %u", id, mode, value);
	}
	bench_close(&b);
}

Test(VN, VN_ef6cf88f)
{
	check_byte("VN-ef6cf88f", PROMISC, foreign, true);
}

Test(VN, VN_ef6cf88f_2)
{
	check_byte("VN-ef6cf88f-2", ALLMULTI, group, true);
}

Test(VN, VN_b2b30391)
{
	check_byte("VN-b2b30391", ALLUNI, foreign, true);
}

Test(VN, VN_b0a4aa50)
{
	check_byte("VN-b0a4aa50", NOMULTI, group, false);
}

Test(VN, VN_d7014949)
{
	check_byte("VN-d7014949", NOUNI, NULL, false);
}

Test(VN, VN_5982e7f3)
{
	check_byte("VN-5982e7f3", NOBCAST, everybody, false);
}

/* ---- what the modes let in and keep out ---- */

enum { OWN = 1, FOREIGN = 2, GROUP = 4, EVERYBODY = 8 };

/* Modes that are on, in the order of their commands; what has to arrive, and nothing else may. */
static void check_modes(const char *id, const uint8_t *modes, size_t count, unsigned want)
{
	unsigned got = 0;
	struct bench b;

	open_filtered(&b);
	for (size_t i = 0; i < count; i++)
		turn(&b, modes[i], true, id);
	got |= arrives(&b, own(&b)) ? OWN : 0;
	got |= arrives(&b, foreign) ? FOREIGN : 0;
	got |= arrives(&b, group) ? GROUP : 0;
	got |= arrives(&b, everybody) ? EVERYBODY : 0;
	cr_expect_eq(got, want, "%s: arrived %#x, wanted %#x (1 own, 2 foreign, 4 multicast, 8 broadcast)", id, got,
		     want);
	bench_close(&b);
}

Test(VN, VN_7308b61b)
{
	check_modes("VN-7308b61b", (const uint8_t[]){PROMISC}, 1, OWN | FOREIGN | GROUP | EVERYBODY);
}

Test(VN, VN_d42949a3)
{
	check_modes("VN-d42949a3", (const uint8_t[]){NOMULTI, NOUNI, NOBCAST, PROMISC}, 4,
		    OWN | FOREIGN | GROUP | EVERYBODY);
}

Test(VN, VN_60d0a368)
{
	check_modes("VN-60d0a368", (const uint8_t[]){ALLMULTI}, 1, OWN | GROUP | EVERYBODY);
}

Test(VN, VN_ad2aa5cf)
{
	check_modes("VN-ad2aa5cf", (const uint8_t[]){ALLUNI}, 1, OWN | FOREIGN | EVERYBODY);
}

Test(VN, VN_acb6b891)
{
	check_modes("VN-acb6b891", (const uint8_t[]){NOMULTI}, 1, OWN | EVERYBODY);
}

Test(VN, VN_55f1ccf9)
{
	check_modes("VN-55f1ccf9", (const uint8_t[]){ALLMULTI, NOMULTI}, 2, OWN | EVERYBODY);
}

Test(VN, VN_0cdb587b)
{
	check_modes("VN-0cdb587b", (const uint8_t[]){NOMULTI, NOUNI}, 2, EVERYBODY);
}

Test(VN, VN_9a63bb16)
{
	check_modes("VN-9a63bb16", (const uint8_t[]){NOUNI}, 1, EVERYBODY);
}

Test(VN, VN_2bff2469)
{
	check_modes("VN-2bff2469", (const uint8_t[]){ALLUNI, NOUNI}, 2, EVERYBODY);
}

Test(VN, VN_897746f4)
{
	check_modes("VN-897746f4", (const uint8_t[]){NOBCAST}, 1, OWN);
}

Test(VN, VN_55f1ccf9_2)
{
	check_modes("VN-55f1ccf9-2", (const uint8_t[]){ALLMULTI, NOBCAST}, 2, OWN | GROUP);
}

/* ---- addresses ---- */

static void set_table(struct bench *b, const uint8_t *unicast, uint32_t num_unicast, const uint8_t *multicast,
		      uint32_t num_multicast, const char *id)
{
	cr_assert_eq(drv_filter_table(b->net, unicast, num_unicast, multicast, num_multicast), 0, "%s", id);
}

Test(VN, VN_791788e9)
{
	struct bench b;

	open_filtered(&b);
	set_table(&b, foreign, 1, group, 1, "VN-791788e9");
	cr_expect(arrives(&b, foreign) && arrives(&b, group), "VN-791788e9: before the reset");
	bench_restart(&b);
	cr_expect_not(arrives(&b, foreign), "VN-791788e9: unicast");
	cr_expect_not(arrives(&b, group), "VN-791788e9: multicast");
	bench_close(&b);
}

/* When the buffer is back, the table is the new one, and none of the old one is left. */
Test(VN, VN_a9cd8ce7)
{
	uint8_t other[6];
	struct bench b;

	open_filtered(&b);
	memcpy(other, foreign, 6);
	for (other[5] = 2; other[5] < 40; other[5]++) {
		set_table(&b, other, 1, NULL, 0, "VN-a9cd8ce7");
		cr_expect(arrives(&b, other), "VN-a9cd8ce7: address %u", other[5]);
		other[5]--;
		cr_expect_not(arrives(&b, other), "VN-a9cd8ce7: the address before %u", other[5]);
		other[5]++;
	}
	bench_close(&b);
}

Test(VN, VN_7ab980b9)
{
	uint8_t mac[6];
	struct bench b;

	open_filtered(&b);
	if (!drv_net_has(b.net, VIRTIO_NET_F_CTRL_MAC_ADDR) || !drv_net_has(b.net, VIRTIO_NET_F_MAC))
		cr_skip_test("the device does not offer CTRL_MAC_ADDR and MAC");
	cr_assert_eq(drv_filter_mac(b.net, foreign), 0, "VN-7ab980b9");
	b.misbehaves = true; /* without the generation */
	rig_transport(b.rig)->ops->config_read(rig_transport(b.rig)->ctx, 0, mac, sizeof(mac));
	cr_expect_arr_eq(mac, foreign, 6, "VN-7ab980b9: mac in the configuration space is still the old one");
	cr_expect(arrives(&b, foreign), "VN-7ab980b9: it is not the default address");
	bench_close(&b);
}

/* Addresses of tables of many sizes arrive, their neighbours do not; nor does the old address after a new one. */
Test(VN, VN_181ffd13)
{
	static const uint32_t sizes[] = {0, 1, 2, 3, 17, 64, 200};
	uint8_t unicast[200][6], multicast[200][6], mac[6];
	struct bench b;

	for (uint8_t i = 0; i < 200; i++) {
		memcpy(unicast[i], (uint8_t[]){2, 9, 0, 0, (uint8_t)(i * 37), (uint8_t)(2 * i)}, 6);
		memcpy(multicast[i], (uint8_t[]){1, 9, 0, (uint8_t)(i * 91), 0, (uint8_t)(2 * i)}, 6);
	}
	open_filtered(&b);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint32_t n = sizes[i], last = n ? n - 1 : 0;

		set_table(&b, unicast[0], n, multicast[0], n, "VN-181ffd13");
		cr_expect(arrives(&b, own(&b)), "VN-181ffd13: own address, table of %u", n);
		cr_expect_eq(arrives(&b, unicast[0]), n > 0, "VN-181ffd13: first of %u", n);
		cr_expect_eq(arrives(&b, unicast[last]), n > 0, "VN-181ffd13: last of %u", n);
		cr_expect_eq(arrives(&b, multicast[last]), n > 0, "VN-181ffd13: last multicast address of %u", n);
		cr_expect_not(arrives(&b, foreign), "VN-181ffd13: none of %u", n);
		cr_expect_not(arrives(&b, group), "VN-181ffd13: no multicast address of %u", n);
	}
	memcpy(mac, own(&b), 6);
	if (!drv_filter_mac(b.net, foreign)) {
		cr_expect(arrives(&b, foreign), "VN-181ffd13: the new address");
		cr_expect_not(arrives(&b, mac), "VN-181ffd13: the old address");
	}
	bench_close(&b);
}

/* ---- VLANs ---- */

Test(VN, VN_228cc8b1)
{
	struct bench b;

	open_filtered(&b);
	cr_assert_not(drv_net_has(b.net, VIRTIO_NET_F_CTRL_VLAN));
	for (int id = 0; id < 4096; id += 63)
		cr_expect(tagged_arrives(&b, own(&b), id), "VN-228cc8b1: VLAN %d", id);
	bench_close(&b);
}

Test(VN, VN_87987e5c)
{
	static const uint16_t ids[] = {0, 1, 63, 64, 65, 4094, 4095};
	const size_t count = sizeof(ids) / sizeof(ids[0]);
	struct bench b;

	bench_open(&b, with_filters);
	if (!drv_net_has(b.net, VIRTIO_NET_F_CTRL_VLAN))
		cr_skip_test("the device does not offer CTRL_VLAN");
	for (size_t i = 0; i < count; i++) {
		cr_assert_eq(drv_filter_vlan(b.net, ids[i], true), 0, "VN-87987e5c: add %u", ids[i]);
		for (size_t j = 0; j < count; j++)
			cr_expect_eq(tagged_arrives(&b, own(&b), ids[j]), j <= i,
				     "VN-87987e5c: %u with %u in the table", ids[j], ids[i]);
		cr_expect(arrives(&b, own(&b)), "VN-87987e5c: without a tag");
	}
	for (size_t i = 0; i < count; i++) {
		cr_assert_eq(drv_filter_vlan(b.net, ids[i], false), 0, "VN-87987e5c: remove %u", ids[i]);
		cr_expect_not(tagged_arrives(&b, own(&b), ids[i]), "VN-87987e5c: %u is removed", ids[i]);
	}
	cr_assert_eq(drv_filter_vlan(b.net, 5, true), 0);
	bench_restart(&b);
	cr_expect_not(tagged_arrives(&b, own(&b), 5), "VN-87987e5c: after a reset the table is empty");
	bench_close(&b);
}

/* ---- the driver ---- */

Test(VN, VN_7039e132)
{
	struct bench b;

	bench_open(&b, without_rx);
	cr_expect_eq(drv_filter_mode(b.net, PROMISC, true), -ENOTSUP, "VN-7039e132");
	cr_expect_eq(drv_filter_mode(b.net, ALLMULTI, false), -ENOTSUP, "VN-7039e132");
	cr_expect_eq(drv_filter_mode(b.net, NOBCAST, false), 0, "VN-7039e132: CTRL_RX_EXTRA is another feature");
	bench_close(&b);
}

Test(VN, VN_00b07e9d)
{
	struct bench b;

	bench_open(&b, without_extra);
	for (uint8_t mode = ALLUNI; mode <= NOBCAST; mode++)
		cr_expect_eq(drv_filter_mode(b.net, mode, true), -ENOTSUP, "VN-00b07e9d: mode %u", mode);
	cr_expect_eq(drv_filter_mode(b.net, PROMISC, true), 0, "VN-00b07e9d: CTRL_RX is another feature");
	bench_close(&b);
}

Test(VN, VN_9c3fb27d)
{
	struct bench b;

	bench_open(&b, without_rx);
	cr_expect_eq(drv_filter_table(b.net, foreign, 1, NULL, 0), -ENOTSUP, "VN-9c3fb27d: MAC_TABLE_SET");
	cr_expect_eq(drv_filter_mac(b.net, foreign), -ENOTSUP, "VN-9c3fb27d: MAC_ADDR_SET, with CTRL_MAC_ADDR");
	bench_close(&b);
}

/* Without VIRTIO_NET_F_MAC the driver has an address of its own, and tells it. */
Test(VN, VN_460f7744)
{
	struct bench b;

	bench_open(&b, without_mac);
	cr_expect(arrives(&b, own(&b)), "VN-460f7744: its own address is filtered");
	cr_expect_not(arrives(&b, foreign), "VN-460f7744: the device does not know the address");
	bench_close(&b);
}

Test(VN, VN_efcceab9)
{
	static const uint8_t unicast[2][6] = {{2, 1}, {2, 2}}, multicast[1][6] = {{3, 3}};
	static const uint8_t want[] = {1, 0, 2, 0, 0, 0, 2, 1, 0, 0, 0, 0, 2, 2,
				       0, 0, 0, 0, 1, 0, 0, 0, 3, 3, 0, 0, 0, 0};
	uint8_t sent[sizeof(want)];
	struct bench b;

	open_filtered(&b);
	set_table(&b, unicast[0], 2, multicast[0], 1, "VN-efcceab9");
	drv_ctrl_readable(b.net, sent, sizeof(sent));
	cr_expect_arr_eq(sent, want, sizeof(want), "VN-efcceab9");
	cr_expect_eq(drv_filter_table(b.net, multicast[0], 1, NULL, 0), -EINVAL,
		     "VN-efcceab9: a multicast address first");
	cr_expect_eq(drv_filter_table(b.net, NULL, 0, unicast[0], 1), -EINVAL, "VN-efcceab9: a unicast address second");
	set_table(&b, NULL, 0, NULL, 0, "VN-efcceab9: nothing");
	drv_ctrl_readable(b.net, sent, 10);
	cr_expect_arr_eq(sent, ((uint8_t[10]){1}), 10, "VN-efcceab9: two numbers, both 0");
	bench_close(&b);
}

/* What a filter keeps out, no program sees. */
Test(XO, XO_196)
{
	struct bench b;

	open_filtered(&b);
	LOAD(&b, 0, RETURN(VIRTIO_NET_XDP_PASS));
	attach(&b, 0, 1, 0);
	cr_expect_not(arrives(&b, foreign), "XO-196");
	cr_expect_not(arrives(&b, group), "XO-196");
	cr_expect_eq(info_of(&b, 0).run_count, 0, "XO-196: %lu runs", (unsigned long)info_of(&b, 0).run_count);
	cr_expect(arrives(&b, own(&b)), "XO-196");
	cr_expect_eq(info_of(&b, 0).run_count, 1, "XO-196: %lu runs", (unsigned long)info_of(&b, 0).run_count);
	bench_close(&b);
}
