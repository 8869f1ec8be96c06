/* SPDX-License-Identifier: BSD-2-Clause */
#include "net_device.h"
#include <errno.h>
#include <string.h>

/* A required bit, from 1 on, so that 0 ends a list. */
#define N(feature) (VIRTIO_NET_F_##feature + 1)
#define ALL(...)                                                                                                       \
	{                                                                                                              \
		__VA_ARGS__                                                                                            \
	}
#define ANY(...)                                                                                                       \
	{                                                                                                              \
		__VA_ARGS__                                                                                            \
	}

static const struct feature {
	uint8_t bit;
	uint8_t here;
	const char *name;
	uint8_t all[4], any[4];
} features[] = {
#define FEATURE(bit, name, here, ...) {bit, here, name, __VA_ARGS__},
#include "net_feature.def"
#undef FEATURE
};
#define FEATURES (sizeof(features) / sizeof(features[0]))

static unsigned real_bit(unsigned bit, uint16_t xdp_bit)
{
	return bit == VIRTIO_NET_F_XDP_OFFLOAD ? xdp_bit : bit;
}

bool net_feature_xdp_bit_ok(uint16_t bit)
{
	return bit == 4 || bit == VIRTIO_NET_F_XDP_OFFLOAD_ALT ||
	       (bit >= VIRTIO_NET_F_XDP_OFFLOAD && bit < VIRTIO_FEATURES_BITS);
}

static struct virtio_features those_here(uint8_t most, uint16_t xdp_bit)
{
	struct virtio_features set = {0};

	for (size_t i = 0; i < FEATURES; i++)
		if (features[i].here && features[i].here <= most)
			virtio_feature_set(&set, real_bit(features[i].bit, xdp_bit), true);
	return set;
}

struct virtio_features net_features_default(uint16_t xdp_bit)
{
	return those_here(1, xdp_bit);
}

struct virtio_features net_features_all(uint16_t xdp_bit)
{
	return those_here(2, xdp_bit);
}

int net_feature_bit(const char *name, uint16_t xdp_bit)
{
	for (size_t i = 0; i < FEATURES; i++)
		if (!strcmp(features[i].name, name))
			return real_bit(features[i].bit, xdp_bit);
	return -ENOENT;
}

const char *net_feature_name(unsigned bit, uint16_t xdp_bit)
{
	for (size_t i = 0; i < FEATURES; i++)
		if (real_bit(features[i].bit, xdp_bit) == bit)
			return features[i].name;
	return NULL;
}

static bool satisfied(const struct feature *f, const struct virtio_features *set, uint16_t xdp_bit)
{
	bool any = !f->any[0];

	for (size_t i = 0; i < sizeof(f->all) && f->all[i]; i++)
		if (!virtio_feature_has(set, real_bit(f->all[i] - 1, xdp_bit)))
			return false;
	for (size_t i = 0; i < sizeof(f->any) && f->any[i]; i++)
		any |= virtio_feature_has(set, real_bit(f->any[i] - 1, xdp_bit));
	return any;
}

const char *net_feature_unsatisfied(const struct virtio_features *set, uint16_t xdp_bit)
{
	for (size_t i = 0; i < FEATURES; i++)
		if (virtio_feature_has(set, real_bit(features[i].bit, xdp_bit)) &&
		    !satisfied(&features[i], set, xdp_bit))
			return features[i].name;
	return NULL;
}
