/* SPDX-License-Identifier: BSD-2-Clause */
#include "device-model/net_device.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(net_feature, names)
{
	static const struct {
		const char *name;
		int bit; /* at the XDP bit 58 */
	} rows[] = {
		{"mrg_rxbuf", 15},      {"status", 16},    {"ctrl_vq", 17},     {"ring_indirect_desc", 28},
		{"ring_event_idx", 29}, {"version_1", 32}, {"ring_packed", 34}, {"rss", 60},
		{"xdp_offload", 58},    {"ipsec", 70},     {"gso", -ENOENT},    {"MRG_RXBUF", -ENOENT},
		{"", -ENOENT},
	};
	unsigned named = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_assert_eq(net_feature_bit(rows[i].name, 58), rows[i].bit, "%s", rows[i].name);
	for (unsigned bit = 0; bit < 300; bit++) {
		const char *name = net_feature_name(bit, 71);

		if (!name)
			continue;
		named++;
		cr_assert_eq(net_feature_bit(name, 71), (int)bit, "%s", name);
	}
	cr_assert_eq(named, 56);
	cr_assert_null(net_feature_name(58, 71));
	cr_assert_str_eq(net_feature_name(127, 127), "xdp_offload");
}

Test(net_feature, requirements)
{
#define BIT(n) (1ULL << (n))
	static const struct {
		const char *id;
		struct virtio_features set;
		const char *unsatisfied; /* NULL: none */
	} rows[] = {
		{"nothing", {{0, 0}}, NULL},
		{"XDP without the control queue", {{BIT(58), 0}}, "xdp_offload"},
		{"XDP with it", {{BIT(58) | BIT(VIRTIO_NET_F_CTRL_VQ), 0}}, NULL},
		{"one of two",
		 {{BIT(VIRTIO_NET_F_HOST_ECN) | BIT(VIRTIO_NET_F_HOST_TSO6) | BIT(VIRTIO_NET_F_CSUM), 0}},
		 NULL},
		{"none of two", {{BIT(VIRTIO_NET_F_HOST_ECN) | BIT(VIRTIO_NET_F_CSUM), 0}}, "host_ecn"},
		{"a chain that ends in the air",
		 {{BIT(VIRTIO_NET_F_HOST_ECN) | BIT(VIRTIO_NET_F_HOST_TSO6), 0}},
		 "host_tso6"},
		{"two of two, above 63",
		 {{BIT(VIRTIO_NET_F_CTRL_VQ) | BIT(VIRTIO_NET_F_RSS), BIT(VIRTIO_NET_F_RSS_CONTEXT - 64)}},
		 NULL},
		{"one of two that both are needed",
		 {{BIT(VIRTIO_NET_F_CTRL_VQ), BIT(VIRTIO_NET_F_RSS_CONTEXT - 64)}},
		 "rss_context"},
		{"unknown bits require nothing", {{BIT(4), BIT(63)}}, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *got = net_feature_unsatisfied(&rows[i].set, 58);

		if (rows[i].unsatisfied)
			cr_assert(got && !strcmp(got, rows[i].unsatisfied), "%s: %s", rows[i].id, got ? got : "none");
		else
			cr_assert_null(got, "%s: %s", rows[i].id, got);
	}
}

Test(net_feature, defaults)
{
	static const uint16_t good[] = {4, 58, 71, 72, 127}, bad[] = {0, 3, 5, 57, 59, 63, 64, 70, 128, 65535};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct virtio_features f = net_features_default(good[i]);

		cr_assert(net_feature_xdp_bit_ok(good[i]), "%u", good[i]);
		cr_assert(virtio_feature_has(&f, good[i]), "%u", good[i]);
		cr_assert_null(net_feature_unsatisfied(&f, good[i]));
		cr_assert(virtio_feature_has(&f, VIRTIO_F_VERSION_1));
		cr_assert_not(virtio_feature_has(&f, VIRTIO_NET_F_STANDBY), "a Linux guest would wait for a primary");
		f = net_features_all(good[i]);
		cr_assert(virtio_feature_has(&f, VIRTIO_NET_F_STANDBY));
		cr_assert_null(net_feature_unsatisfied(&f, good[i]));
		cr_assert(virtio_feature_has(&f, VIRTIO_F_ACCESS_PLATFORM));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_not(net_feature_xdp_bit_ok(bad[i]), "%u", bad[i]);
}
