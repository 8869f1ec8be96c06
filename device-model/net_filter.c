/* SPDX-License-Identifier: BSD-2-Clause */
#include "net_filter.h"
#include "net_device.h"
#include <stdlib.h>
#include <string.h>

#define ADDRS_AT_ONCE 64
#define TYPE_AT       12 /* bytes before the EtherType */
#define TYPE_VLAN     0x8100

static uint64_t number(const uint8_t addr[VIRTIO_NET_MAC_BYTES])
{
	uint64_t n = 0;

	for (int i = 0; i < VIRTIO_NET_MAC_BYTES; i++)
		n = n << 8 | addr[i];
	return n;
}

static bool is_multicast(const uint8_t addr[VIRTIO_NET_MAC_BYTES])
{
	return addr[0] & 1;
}

static bool is_broadcast(const uint8_t addr[VIRTIO_NET_MAC_BYTES])
{
	return number(addr) == 0xffffffffffff;
}

/* ---- judging frames ---- */

static bool mode(const struct net_filter *filter, unsigned command)
{
	return filter->modes >> command & 1;
}

static bool in_table(const struct net_filter_table *table, uint64_t addr)
{
	uint32_t from = 0, to = table->count;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;

		if (table->addrs[middle] < addr)
			from = middle + 1;
		else
			to = middle;
	}
	return table->all || (from < table->count && table->addrs[from] == addr);
}

/* Broadcasts are no matter of the table: what suppresses them is a mode of its own. */
static bool wants_addr(const struct net_filter *filter, const uint8_t *dest)
{
	bool multicast = is_multicast(dest);

	if (is_broadcast(dest)) /* req: VN-897746f4, VN-55f1ccf9-2, VN-0cdb587b */
		return !mode(filter, VIRTIO_NET_CTRL_RX_NOBCAST);
	/* req: VN-acb6b891, VN-55f1ccf9, VN-9a63bb16, VN-2bff2469: what suppresses goes before what allows */
	if (mode(filter, multicast ? VIRTIO_NET_CTRL_RX_NOMULTI : VIRTIO_NET_CTRL_RX_NOUNI))
		return false;
	if (!filter->by_addr)
		return true;
	/* req: VN-60d0a368, VN-ad2aa5cf */
	if (mode(filter, multicast ? VIRTIO_NET_CTRL_RX_ALLMULTI : VIRTIO_NET_CTRL_RX_ALLUNI))
		return true;
	if (!multicast && (!filter->known || !memcmp(dest, filter->mac, sizeof(filter->mac))))
		return true;
	return in_table(&filter->tables[multicast], number(dest)); /* req: VN-181ffd13 */
}

/* A tag of IEEE 802.1Q, the outermost; others name no VLAN that the driver could add. req: VN-87987e5c */
static bool wants_vlan(const struct net_filter *filter, const uint8_t *frame, uint32_t bytes)
{
	uint16_t id;

	if (bytes < NET_ETH_BYTES + NET_TAG_BYTES || (frame[TYPE_AT] << 8 | frame[TYPE_AT + 1]) != TYPE_VLAN)
		return true;
	id = (frame[TYPE_AT + 2] << 8 | frame[TYPE_AT + 3]) % VIRTIO_NET_VLANS;
	return filter->vlans[id / 64] >> id % 64 & 1;
}

/* req: VN-16a8804e */
bool net_filter_judge(const struct net_filter *filter, const uint8_t *frame, uint32_t bytes)
{
	return wants_addr(filter, frame) && (!filter->by_vlan || wants_vlan(filter, frame, bytes));
}

/* ---- state ---- */

/* Whether any frame at all can be refused now. req: VN-7308b61b, VN-d42949a3: promiscuous is before everything */
static void update(struct net_filter *filter)
{
	filter->on = (filter->by_addr || filter->by_vlan || filter->modes) && !mode(filter, VIRTIO_NET_CTRL_RX_PROMISC);
}

static void show_mac(struct net *net)
{
	virtio_config_set(&net->vdev, offsetof(struct virtio_net_config, mac), net->filter.mac,
			  sizeof(net->filter.mac));
}

void net_filter_reset(struct net *net)
{
	net->filter = (struct net_filter){0}; /* req: VN-791788e9 */
	memcpy(net->filter.mac, net->config.mac, sizeof(net->filter.mac));
	if (net_offers(net, VIRTIO_NET_F_MAC))
		show_mac(net);
}

/* A driver that cannot say what it wants gets all there is. req: VN-228cc8b1 */
void net_filter_start(struct net *net)
{
	struct net_filter *filter = &net->filter;

	filter->by_addr = net_has(net, VIRTIO_NET_F_CTRL_RX);
	filter->by_vlan = net_has(net, VIRTIO_NET_F_CTRL_VLAN);
	filter->known = net_has(net, VIRTIO_NET_F_MAC);
	update(filter);
}

/* ---- commands ---- */

/* req: VN-a8cc0b2e, VN-262f90dd and the items of both */
uint8_t net_filter_rx(struct net *net, struct net_command *c)
{
	struct net_filter *filter = &net->filter;
	uint8_t bit = 1 << c->command;

	if (c->data[0] > 1)
		return VIRTIO_NET_ERR;
	filter->modes = c->data[0] ? filter->modes | bit : filter->modes & ~bit;
	update(filter);
	return VIRTIO_NET_OK;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Reads count addresses, of which there are enough bytes. False: one is not of the table's kind. */
static bool read_addrs(struct iov_cursor *in, uint32_t count, bool multicast, struct net_filter_table *table)
{
	uint8_t addrs[ADDRS_AT_ONCE][VIRTIO_NET_MAC_BYTES];

	for (uint32_t done = 0, now; done < count; done += now) {
		now = count - done < ADDRS_AT_ONCE ? count - done : ADDRS_AT_ONCE;
		if (iov_read(in, addrs, now * sizeof(addrs[0])) != now * sizeof(addrs[0]))
			return false;
		for (uint32_t i = 0; i < now; i++) {
			if (is_multicast(addrs[i]) != multicast)
				return false;
			table->addrs[done + i] = number(addrs[i]);
		}
	}
	table->count = count;
	qsort(table->addrs, count, sizeof(table->addrs[0]), compare);
	return true;
}

/* Takes a table off the front of *left bytes. Of one that is too long, only the number is read. */
static bool read_table(struct iov_cursor *in, uint64_t *left, bool multicast, struct net_filter_table *table)
{
	uint64_t bytes;
	le32 entries;

	if (!iov_take(in, &entries))
		return false;
	bytes = (uint64_t)le32_to_cpu(entries) * VIRTIO_NET_MAC_BYTES;
	if (*left < sizeof(entries) || bytes > *left - sizeof(entries))
		return false;
	*left -= sizeof(entries) + bytes;
	if (le32_to_cpu(entries) <= NET_FILTER_ADDRS)
		return read_addrs(in, le32_to_cpu(entries), multicast, table);
	table->all = true;
	return iov_skip(in, bytes) == bytes;
}

/* req: VN-a9cd8ce7 */
uint8_t net_filter_mac_table_set(struct net *net, struct net_command *c)
{
	struct net_filter_table tables[2];
	uint64_t left = c->bytes;

	for (int i = 0; i < 2; i++) {
		tables[i].count = 0;
		tables[i].all = false;
		if (!read_table(&c->in, &left, i, &tables[i]))
			return VIRTIO_NET_ERR;
	}
	if (left)
		return VIRTIO_NET_ERR;
	memcpy(net->filter.tables, tables, sizeof(tables));
	return VIRTIO_NET_OK;
}

uint8_t net_filter_mac_addr_set(struct net *net, struct net_command *c)
{
	struct net_filter *filter = &net->filter;

	if (is_multicast(c->data) || !number(c->data))
		return VIRTIO_NET_ERR;
	memcpy(filter->mac, c->data, sizeof(filter->mac));
	filter->known = true;
	if (net_has(net, VIRTIO_NET_F_MAC)) /* req: VN-7ab980b9 */
		show_mac(net);
	return VIRTIO_NET_OK;
}

uint8_t net_filter_vlan(struct net *net, struct net_command *c)
{
	uint16_t id = c->data[0] | c->data[1] << 8;
	uint64_t bit = 1ULL << id % 64;

	if (id >= VIRTIO_NET_VLANS)
		return VIRTIO_NET_ERR;
	if (c->command == VIRTIO_NET_CTRL_VLAN_ADD)
		net->filter.vlans[id / 64] |= bit;
	else
		net->filter.vlans[id / 64] &= ~bit;
	return VIRTIO_NET_OK;
}
