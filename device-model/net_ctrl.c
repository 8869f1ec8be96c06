/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control queue: virtio 1.4, 5.1.6.5. A thin frame gathers the command, finds its row, and scatters ack and result;
 * what a command means is its handler's business. Both parts are streams of bytes, however descriptors split them.
 */
#include "net_device.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COMMANDS_PER_TURN 8
#define RESULT_SLACK      (256 + 4 * UINT16_MAX) /* bytes of a result: the fixed part, or a list of all ids */

#define ANY_COMMAND 0x100
#define ANY_BYTES   UINT32_MAX /* the handler reads them itself, from c->in */

/* The firmware judges the length before anything else: it is told of one byte too many, but never of bytes that are not
 * there. req: XO-017 */
static uint8_t xdp_command(struct net *net, struct net_command *c)
{
	size_t bytes = iov_read(&c->in, net->ctrl.in, net->ctrl.in_room); /* req: XO-023, XO-024: a copy */

	return fw_command(net->fw, c->command, net->ctrl.in, bytes, c->result, c->room, &c->written);
}

/* Commands of one class that share a feature; the feature has to be negotiated. Sizes are of command-specific-data. */
static const struct row {
	uint8_t class;
	uint16_t command;
	uint8_t feature;
	uint32_t min_bytes, max_bytes;
	uint8_t (*handler)(struct net *net, struct net_command *c);
} rows[] = {
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, VIRTIO_NET_F_CTRL_RX, 1, 1, net_filter_rx},
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLMULTI, VIRTIO_NET_F_CTRL_RX, 1, 1, net_filter_rx},
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLUNI, VIRTIO_NET_F_CTRL_RX_EXTRA, 1, 1, net_filter_rx},
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOMULTI, VIRTIO_NET_F_CTRL_RX_EXTRA, 1, 1, net_filter_rx},
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOUNI, VIRTIO_NET_F_CTRL_RX_EXTRA, 1, 1, net_filter_rx},
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOBCAST, VIRTIO_NET_F_CTRL_RX_EXTRA, 1, 1, net_filter_rx},
	{VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, VIRTIO_NET_F_CTRL_RX, 8, ANY_BYTES,
	 net_filter_mac_table_set},
	{VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, VIRTIO_NET_F_CTRL_MAC_ADDR, 6, 6, net_filter_mac_addr_set},
	{VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, VIRTIO_NET_F_CTRL_VLAN, 2, 2, net_filter_vlan},
	{VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_DEL, VIRTIO_NET_F_CTRL_VLAN, 2, 2, net_filter_vlan},
	{VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, VIRTIO_NET_F_GUEST_ANNOUNCE, 0, 0,
	 net_status_announce_ack},
	{VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, 8, 8,
	 net_offload_set},
	{VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, VIRTIO_NET_F_MQ, 2, 2, net_steer_pairs_set},
	{VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_TX_SET, VIRTIO_NET_F_NOTF_COAL, 8, 8, net_coal_set},
	{VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_RX_SET, VIRTIO_NET_F_NOTF_COAL, 8, 8, net_coal_set},
	{VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET, VIRTIO_NET_F_VQ_NOTF_COAL, 12, 12,
	 net_coal_vq_set},
	{VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET, VIRTIO_NET_F_VQ_NOTF_COAL, 4, 4, net_coal_vq_get},
	{VIRTIO_NET_CTRL_STATS, VIRTIO_NET_CTRL_STATS_QUERY, VIRTIO_NET_F_DEVICE_STATS, 0, 0, net_stats_query},
	{VIRTIO_NET_CTRL_STATS, VIRTIO_NET_CTRL_STATS_GET, VIRTIO_NET_F_DEVICE_STATS, 16, ANY_BYTES, net_stats_get},
	/* The firmware has the table of its commands. */
	{VIRTIO_NET_CTRL_XDP, ANY_COMMAND, VIRTIO_NET_F_XDP_OFFLOAD, 0, ANY_BYTES, xdp_command},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct row *find_row(const struct net *net, const struct virtio_net_ctrl_hdr *hdr)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].class == hdr->class &&
		    (rows[i].command == ANY_COMMAND || rows[i].command == hdr->command) &&
		    net_has(net, rows[i].feature))
			return &rows[i];
	return NULL;
}

int net_ctrl_init(struct net *net)
{
	const struct fw_caps *caps = fw_caps(net->fw);
	/* A log, the frame of a TEST_RUN, or a value: memory that is not used costs nothing. */
	size_t out = caps->max_log_bytes, frame = (size_t)caps->headroom + caps->max_frame + caps->tailroom;
	size_t maps = (size_t)caps->max_map_kib * 1024;

	if (out < frame)
		out = frame;
	if (out < maps)
		out = maps;
	net->ctrl.in_room = (size_t)caps->max_cmd_bytes + 1; /* one more than a command may have, to tell */
	net->ctrl.out_room = out + RESULT_SLACK;
	net->ctrl.in = malloc(net->ctrl.in_room);
	net->ctrl.out = malloc(net->ctrl.out_room);
	return net->ctrl.in && net->ctrl.out ? 0 : -ENOMEM;
}

void net_ctrl_exit(struct net *net)
{
	free(net->ctrl.in);
	free(net->ctrl.out);
	net->ctrl = (struct net_ctrl){0};
}

/* Runs the command in a chain. Returns the ack; the result is in net->ctrl.out, *written bytes of it. */
static uint8_t run(struct net *net, const struct vq_chain *chain, size_t *written)
{
	struct net_command c = {.in = vq_chain_in(chain), .data = net->ctrl.in, .result = net->ctrl.out};
	struct virtio_net_ctrl_hdr hdr;
	const struct row *row;
	uint8_t ack;

	if (!iov_take(&c.in, &hdr))
		return VIRTIO_NET_ERR;
	row = find_row(net, &hdr);
	c.bytes = chain->readable_bytes - sizeof(hdr);
	if (!row || c.bytes < row->min_bytes || c.bytes > row->max_bytes) /* req: XO-008 */
		return VIRTIO_NET_ERR;
	c.command = hdr.command;
	c.room = chain->writable_bytes - 1 < net->ctrl.out_room ? chain->writable_bytes - 1 : net->ctrl.out_room;
	if (row->max_bytes != ANY_BYTES)
		iov_read(&c.in, net->ctrl.in, net->ctrl.in_room);
	ack = row->handler(net, &c);
	*written = c.written <= c.room ? c.written : c.room;
	return ack;
}

/* Bytes written to the chain. */
static uint32_t answer(struct net *net, const struct vq_chain *chain)
{
	struct iov_cursor out = vq_chain_out(chain);
	size_t written = 0;
	uint8_t ack;

	/* No room for the ack: nobody would learn what became of the command, so nothing does. */
	if (!chain->writable_bytes)
		return 0;
	net->stats.commands++;
	ack = run(net, chain, &written);
	net->stats.commands_ok += ack == VIRTIO_NET_OK;
	iov_write(&out, &ack, sizeof(ack));
	iov_write(&out, net->ctrl.out, written); /* req: XO-023 */
	return sizeof(ack) + written;
}

bool net_ctrl_poll(struct net *net)
{
	uint16_t index = net_ctrl_index(net);
	struct vq *vq;
	unsigned done = 0;

	if (!net_has(net, VIRTIO_NET_F_CTRL_VQ))
		return false;
	vq = &net->vdev.vqs[index];
	if (!vq->kicked || !vq_usable(vq))
		return false;
	for (; done < COMMANDS_PER_TURN; done++) {
		struct vq_chain chain;

		if (virtio_vq_check(&net->vdev, index, vq_pop(vq, &chain)) <= 0)
			break;
		vq_fill(vq, &chain, answer(net, &chain)); /* req: XO-243 */
	}
	virtio_vq_publish(&net->vdev, index); /* req: XO-171: what the commands do is done */
	if (done == COMMANDS_PER_TURN)
		return true;
	vq->kicked = false;
	virtio_vq_check(&net->vdev, index, vq_want_kicks(vq, true));
	if (virtio_vq_check(&net->vdev, index, vq_available(vq)) > 0)
		vq->kicked = true;
	return done || vq->kicked;
}
