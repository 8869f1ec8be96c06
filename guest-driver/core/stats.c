/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "net_internal.h"
#include "stats.h"
#include "virtio_net_xdp.h"

#define HDR_BYTES sizeof(struct virtio_net_stats_reply_hdr)

enum kind { RX, TX, CVQ };

/* The types that this driver knows: number, kind of queue, counters. */
static const struct row {
	uint8_t type;
	enum kind kind;
	uint8_t counters;
} rows[] = {
	{VIRTIO_NET_STATS_TYPE_REPLY_RX_BASIC, RX, 6},
	{VIRTIO_NET_STATS_TYPE_REPLY_RX_XDP, RX, 9},
	{VIRTIO_NET_STATS_TYPE_REPLY_TX_BASIC, TX, 6},
	{VIRTIO_NET_STATS_TYPE_REPLY_CVQ, CVQ, 2},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* Index of the control queue. */
static uint16_t control(const struct drv_net *net)
{
	return 2 * (drv_net_has(net, VIRTIO_NET_F_MQ) ? net->receiveqs : 1);
}

static enum kind kind_of(const struct drv_net *net, uint16_t queue)
{
	if (queue == control(net))
		return CVQ;
	return queue % 2 ? TX : RX;
}

/* req: VN-c4f69d2d: asked once */
int drv_stats_types(struct drv_net *net, uint64_t *types)
{
	struct virtio_net_stats_capabilities caps;
	uint64_t known = 0;
	uint32_t written;
	int ack;
	size_t i;

	if (!drv_net_has(net, VIRTIO_NET_F_DEVICE_STATS))
		return -ENOTSUP;
	if (!net->stats_types) {
		ack = drv_ctrl(net, VIRTIO_NET_CTRL_STATS, VIRTIO_NET_CTRL_STATS_QUERY, NULL, 0, &caps, sizeof(caps),
			       &written);
		if (ack < 0)
			return ack;
		if (ack != VIRTIO_NET_OK || written < sizeof(caps))
			return -EPROTO;
		net->stats_types = le64_to_cpu(caps.supported_stats_types[0]);
	}
	for (i = 0; i < ROWS; i++)
		known |= 1ULL << rows[i].type;
	*types = net->stats_types & known;
	return 0;
}

/* Whether the types are ones of that queue. req: VN-55848054 */
static bool valid(const struct drv_net *net, const struct drv_stats_ask *ask, uint64_t types)
{
	uint64_t of_kind = 0;
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (rows[i].kind == kind_of(net, ask->queue))
			of_kind |= 1ULL << rows[i].type;
	return ask->queue <= control(net) && !(ask->types & ~(types & of_kind));
}

/* Adds to stats what was asked for, counters to come. Returns the bytes of the replies. req: VN-a609c702 */
static uint32_t plan(const struct drv_stats_ask *ask, struct drv_stats *stats, unsigned room, unsigned *count)
{
	uint32_t bytes = 0;
	size_t i;

	for (i = 0; i < ROWS; i++) {
		if (!(ask->types >> rows[i].type & 1))
			continue;
		if (*count < room)
			stats[*count] = (struct drv_stats){ask->queue, rows[i].type, rows[i].counters, {0}};
		++*count;
		bytes += (uint32_t)HDR_BYTES + rows[i].counters * (uint32_t)sizeof(le64);
	}
	return bytes;
}

/* The counters of one reply, which has to be the one that was planned. Newer devices may have more of them. */
static int take(struct drv_stats *stats, const uint8_t *at, uint32_t bytes, uint32_t *used)
{
	struct virtio_net_stats_reply_hdr hdr;
	le64 counter;
	unsigned i;

	if (bytes < sizeof(hdr))
		return -EPROTO;
	memcpy(&hdr, at, sizeof(hdr));
	*used = le16_to_cpu(hdr.size);
	if (hdr.type != stats->type || le16_to_cpu(hdr.vq_index) != stats->queue || *used > bytes ||
	    *used < HDR_BYTES + stats->count * sizeof(counter))
		return -EPROTO;
	for (i = 0; i < stats->count; i++) {
		memcpy(&counter, at + HDR_BYTES + i * sizeof(counter), sizeof(counter));
		stats->counters[i] = le64_to_cpu(counter);
	}
	return 0;
}

static int ask_device(struct drv_net *net, struct virtio_net_ctrl_queue_stats *wire, unsigned asks, uint8_t *result,
		      uint32_t bytes, struct drv_stats *stats, unsigned count)
{
	struct drv_buf data = {wire, asks * (uint32_t)sizeof(*wire)};
	uint32_t written, used, at = 0;
	unsigned i;
	int ack = drv_ctrl(net, VIRTIO_NET_CTRL_STATS, VIRTIO_NET_CTRL_STATS_GET, &data, 1, result, bytes, &written);

	if (ack < 0)
		return ack;
	if (ack != VIRTIO_NET_OK)
		return -EPROTO;
	for (i = 0; i < count; i++, at += used)
		if (take(&stats[i], result + at, written - at, &used))
			return -EPROTO;
	return (int)count;
}

int drv_stats_get(struct drv_net *net, const struct drv_stats_ask *asks, unsigned count, struct drv_stats *stats,
		  unsigned room)
{
	const struct drv_env *env = net->env;
	struct virtio_net_ctrl_queue_stats *wire;
	unsigned planned = 0, i;
	uint32_t bytes = 0;
	uint64_t types;
	uint8_t *result;
	int err = drv_stats_types(net, &types);

	if (err)
		return err;
	for (i = 0; i < count; i++) {
		if (!valid(net, &asks[i], types))
			return -EINVAL;
		bytes += plan(&asks[i], stats, room, &planned);
	}
	if (!planned || planned > room)
		return planned ? -EMSGSIZE : 0;
	wire = env->alloc(env->ctx, count * sizeof(*wire));
	result = env->alloc(env->ctx, bytes);
	for (i = 0; wire && i < count; i++)
		wire[i] = (struct virtio_net_ctrl_queue_stats){.vq_index = cpu_to_le16(asks[i].queue),
							       .types_bitmap = {cpu_to_le64(asks[i].types)}};
	err = wire && result ? ask_device(net, wire, count, result, bytes, stats, planned) : -ENOMEM;
	if (wire)
		env->free(env->ctx, wire);
	if (result)
		env->free(env->ctx, result);
	return err;
}
