/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps of maps. */
#include "bench.h"
#include "virtio_net_xdp.h"

static const uint32_t types[] = {VIRTIO_NET_XDP_MAP_ARRAY_OF, VIRTIO_NET_XDP_MAP_HASH_OF};

#define TYPES (sizeof(types) / sizeof(types[0]))

static void need_types(struct bench *b)
{
	for (size_t t = 0; t < TYPES; t++)
		if (b->caps.map_types >> types[t] & 1)
			return;
	bench_close(b);
	cr_skip_test("the device does not offer maps of maps");
}

static bool make_outer(struct bench *b, uint32_t id, uint32_t type, uint32_t inner)
{
	struct drv_xdp_map_attr attr = {type, 4, 4, 4, 0, inner, "outer"};
	struct drv_xdp_error e;

	if (!(b->caps.map_types >> type & 1))
		return false;
	cr_assert_eq(drv_xdp_map_create(b->net, id, &attr, &e), 0);
	return true;
}

/* Puts map inner into element key. Returns the status. */
static uint32_t put_map(struct bench *b, uint32_t outer, uint32_t key, uint32_t inner)
{
	le32 k = cpu_to_le32(key), id = cpu_to_le32(inner);
	struct drv_xdp_error e = {0};

	return drv_xdp_map_update(b->net, outer, VIRTIO_NET_XDP_UPDATE_ANY, &k, 4, &id, 4, &e) ? e.status
											       : VIRTIO_NET_XDP_OK;
}

Test(XO, XO_259)
{
	static const struct {
		const char *what;
		uint32_t type, key, value, entries, flags, status;
	} rows[] = {
		{"the same", VIRTIO_NET_XDP_MAP_HASH, 4, 8, 4, 0, VIRTIO_NET_XDP_OK},
		{"max_entries", VIRTIO_NET_XDP_MAP_HASH, 4, 8, 40, 0, VIRTIO_NET_XDP_OK},
		{"type", VIRTIO_NET_XDP_MAP_ARRAY, 4, 8, 4, 0, VIRTIO_NET_XDP_ERR_TYPE},
		{"key_size", VIRTIO_NET_XDP_MAP_HASH, 8, 8, 4, 0, VIRTIO_NET_XDP_ERR_TYPE},
		{"value_size", VIRTIO_NET_XDP_MAP_HASH, 4, 16, 4, 0, VIRTIO_NET_XDP_ERR_TYPE},
		{"flags", VIRTIO_NET_XDP_MAP_HASH, 4, 8, 4, VIRTIO_NET_XDP_MAP_F_RDONLY_PROG, VIRTIO_NET_XDP_ERR_TYPE},
	};
	struct bench b;

	bench_open(&b, NULL);
	need_types(&b);
	make_map(&b, 0, VIRTIO_NET_XDP_MAP_HASH, 8, 4, 0);
	for (size_t t = 0; t < TYPES; t++) {
		if (!make_outer(&b, 1, types[t], 0))
			continue;
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct drv_xdp_map_attr attr = {rows[i].type,  rows[i].key, rows[i].value, rows[i].entries,
							rows[i].flags, 0,           "inner"};
			struct drv_xdp_error e = {0};
			uint32_t status;
			le32 id;

			cr_assert_eq(drv_xdp_map_create(b.net, 2, &attr, &e), 0);
			status = put_map(&b, 1, 3, 2);
			cr_expect_eq(status, rows[i].status, "XO-259: type %u, %s: %s", types[t], rows[i].what,
				     drv_xdp_status_name(status));
			status = get(&b, 1, 3, &id, sizeof(id));
			cr_expect_eq(status, rows[i].status ? VIRTIO_NET_XDP_ERR_NO_KEY : VIRTIO_NET_XDP_OK,
				     "XO-259: type %u, %s: %s", types[t], rows[i].what, drv_xdp_status_name(status));
			drv_xdp_map_delete(b.net, 1, (le32[]){cpu_to_le32(3)}, 4, &e);
			cr_expect_eq(drv_xdp_map_destroy(b.net, 2, &e), 0);
		}
		drv_xdp_map_destroy(b.net, 1, &(struct drv_xdp_error){0});
	}
	bench_close(&b);
}

Test(XO, XO_260)
{
	struct drv_xdp_error e = {0};
	struct bench b;

	bench_open(&b, NULL);
	need_types(&b);
	for (size_t t = 0; t < TYPES; t++) {
		make_map(&b, 0, VIRTIO_NET_XDP_MAP_HASH, 8, 4, 0);
		make_map(&b, 2, VIRTIO_NET_XDP_MAP_HASH, 8, 4, 0);
		if (make_outer(&b, 1, types[t], 0)) {
			cr_expect_eq(put_map(&b, 1, 0, 2), VIRTIO_NET_XDP_OK);
			cr_expect_eq(put_map(&b, 1, 3, 2), VIRTIO_NET_XDP_OK);
			for (uint32_t left = 2; left; left--) {
				cr_expect_eq(drv_xdp_map_destroy(b.net, 2, &e), 1, "XO-260: type %u", types[t]);
				cr_expect_eq(e.status, VIRTIO_NET_XDP_ERR_BUSY, "XO-260: type %u", types[t]);
				cr_expect_eq(e.detail, left, "XO-260: type %u: references", types[t]);
				if (left == 2)
					cr_expect_eq(put_map(&b, 1, 0, 0), VIRTIO_NET_XDP_OK, "another one");
			}
			cr_expect_eq(drv_xdp_map_delete(b.net, 1, (le32[]){cpu_to_le32(3)}, 4, &e), 0);
			cr_expect_eq(drv_xdp_map_destroy(b.net, 2, &e), 0, "XO-260: no element refers to it any more");
			cr_expect_eq(drv_xdp_map_destroy(b.net, 1, &e), 0);
		} else {
			drv_xdp_map_destroy(b.net, 2, &e);
		}
		cr_expect_eq(drv_xdp_map_destroy(b.net, 0, &e), 0, "XO-260: the outer map has let go of it");
	}
	bench_close(&b);
}
