/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bursts from the link to their verdicts. Most bursts are all alike: no filter is on, there is one queue, and every
 * frame may be seen by the program. These have a short way, of which two variants are made from one source.
 */
#include "net_device.h"
#include <errno.h>
#include <string.h>

#define PAGE_BYTES  4096u
#define STAGE_SHIFT 320u /* bytes by which areas miss the page, so that their frames do not share cache sets */

enum disposal {
	DELIVER,
	SEND,
	REDIRECT, /* to ports, or to a queue */
	DISCARD,
};

/* What the device does about a verdict, and what has become of the frame when that is done. */
static const struct verdict_row {
	enum disposal disposal;
	enum net_fate fate;
} verdict_rows[] = {
	[FW_PASS] = {DELIVER, NET_FATE_PASS}, /* req: XO-207 */
	[FW_DROP] = {DISCARD, NET_FATE_DROP}, /* req: XO-208 */
	[FW_TX] = {SEND, NET_FATE_TX},        /* req: XO-210 */
	[FW_REDIRECT] = {REDIRECT, NET_FATE_REDIRECT},
	[FW_ABORTED] = {DISCARD, NET_FATE_ABORTED},                   /* req: XO-209 */
	[FW_UNSUPPORTED_DROP] = {DISCARD, NET_FATE_UNSUPPORTED},      /* req: XO-214 */
	[FW_UNSUPPORTED_PASS] = {DELIVER, NET_FATE_UNSUPPORTED_PASS}, /* req: XO-215 */
};

int net_run_init(struct net *net)
{
	const struct fw_caps *caps = fw_caps(net->fw);
	uint32_t longest = net->config.mtu + NET_ETH_BYTES + NET_TAGS_MAX * NET_TAG_BYTES;
	size_t stride;

	if (longest < caps->max_frame)
		longest = caps->max_frame;
	stride = (size_t)caps->headroom + longest + caps->tailroom; /* req: XO-156 */
	stride = (stride + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES + STAGE_SHIFT;
	net->rx.stage_stride = stride;
	net->rx.headroom = caps->headroom;
	net->rx.tailroom = caps->tailroom;
	net->rx.stage = net_pages(stride * LINK_BURST);
	if (!net->rx.stage)
		return -ENOMEM;
	return 0;
}

void net_run_exit(struct net *net)
{
	net_pages_free(net->rx.stage, net->rx.stage_stride * LINK_BURST);
	net->rx.stage = NULL;
}

/* What becomes of a frame before any program sees it; NET_FATES: it goes on. */
static inline enum net_fate judge(const struct net *net, const struct link_frame *in, bool attached)
{
	if (in->bytes < NET_ETH_BYTES) /* req: XO-247 */
		return NET_FATE_SHORT;
	if (!net_filter_passes(&net->filter, in->data, in->bytes))
		return NET_FATE_FILTERED; /* req: VN-e31f1511 */
	if (in->bytes < in->wire_bytes)
		return NET_FATE_SNAPPED;
	if (attached)
		return in->bytes > fw_caps(net->fw)->max_frame ? NET_FATE_OVERSIZE : NET_FATES; /* req: XO-206 */
	return net_frame_fits(net->config.mtu, in->data, in->bytes) ? NET_FATES : NET_FATE_TOO_BIG;
}

/* Nanoseconds since the first frame after DRIVER_OK. Captures may go back in time; the program's clock does not.
 * req: XO-144 */
static inline uint64_t ktime(struct net_rx *rx, uint64_t time_ns)
{
	if (!rx->based) {
		rx->based = true;
		rx->base_ns = time_ns;
	}
	if (time_ns > rx->base_ns && time_ns - rx->base_ns > rx->ktime_ns)
		rx->ktime_ns = time_ns - rx->base_ns;
	return rx->ktime_ns;
}

/* Copies a frame to its place in the staging area. */
static inline uint8_t *stage(struct net *net, size_t i, const uint8_t *from, uint32_t bytes)
{
	uint8_t *to = net->rx.stage + i * net->rx.stage_stride + net->rx.headroom;

	iov_copy(to, from, bytes); /* req: XO-202 */
	return to;
}

/* What struct fw_frame asks of addresses. */
static inline bool place_ok(const uint8_t *data, uint32_t bytes)
{
	uint32_t low = (uint32_t)(uintptr_t)data;

	return low && low <= UINT32_MAX - bytes;
}

/* The run of frame i, which is on a queue: in the staging area with room around it, or as the link has it. */
static inline void enter(struct net *net, size_t i, struct fw_frame *run, uint16_t queue, bool in_place)
{
	const struct link_frame *in = &net->rx.in[i];
	uint32_t headroom = 0, tailroom = 0;
	uint8_t *data = (uint8_t *)(uintptr_t)in->data; /* nobody is going to write to it */

	if (!in_place || !place_ok(data, in->bytes)) {
		data = stage(net, i, in->data, in->bytes);
		headroom = net->rx.headroom;
		tailroom = net->rx.tailroom;
	}
	run->data = data;
	run->data_end = data + in->bytes;
	run->data_meta = data;       /* req: XO-139 */
	run->rx_queue_index = queue; /* req: XO-136 */
	run->hard_start = data - headroom;
	run->hard_end = data + in->bytes + tailroom;
	run->now_ns = ktime(&net->rx, in->time_ns);
}

/* A run's verdict, and what is in the same word. */
static inline uint64_t word_of(const struct fw_frame *run)
{
	uint64_t word;

	memcpy(&word, &run->verdict, sizeof(word));
	return word;
}

/* Frames of any kind, on any number of queues, with a program or without. */
static void run_any(struct net *net, size_t frames)
{
	struct net_rx *rx = &net->rx;
	bool attached = fw_attached(net->fw), in_place = attached && fw_in_place(net->fw);
	bool steers = net_active_pairs(net) > 1;
	size_t runs = 0;

	for (size_t i = 0; i < frames; i++) {
		const struct link_frame *in = &rx->in[i];
		struct net_rx_slot *slot = &rx->slots[i];
		enum net_fate fate = judge(net, in, attached);

		*slot = (struct net_rx_slot){.data = in->data, .bytes = in->bytes, .fate = (uint8_t)fate};
		/* req: XO-198: before the run, once. VN-a3e0d2f2 */
		if (steers && fate != NET_FATE_FILTERED)
			slot->steered = slot->queue = net_steer_pair(net, in->data, in->bytes);
		if (fate != NET_FATES) {
			ktime(rx, in->time_ns);
			slot->bytes = 0;
			continue;
		}
		slot->fate = NET_FATE_DELIVERED;
		slot->deliver = true;
		if (!attached) {
			ktime(rx, in->time_ns);
			continue;
		}
		slot->run = &rx->runs[runs];
		enter(net, i, &rx->runs[runs++], slot->queue, in_place);
	}
	if (runs)
		fw_run(net->fw, rx->runs, runs);
}

/*
 * Whether the program has said the same of all frames of a burst of which each has its run, and nothing else that
 * shows; *verdict: what.
 */
static inline bool unanimous(const struct fw_frame *runs, size_t frames, enum fw_verdict *verdict)
{
	const uint64_t changed = word_of(&(struct fw_frame){.changed = true});
	uint64_t first = word_of(runs), other = 0;

	for (size_t i = 1; i < frames; i++)
		other |= first ^ word_of(&runs[i]);
	*verdict = runs->verdict;
	return !(other & ~changed) && !runs->bad_queue;
}

/* Sends a whole burst back where it came from. False: it has to be looked at frame by frame, and nothing was sent. */
static bool send_all(struct net *net, size_t frames)
{
	struct link_frame out[LINK_BURST];

	for (size_t i = 0; i < frames; i++) {
		const struct fw_frame *run = &net->rx.runs[i];
		uint32_t bytes = (uint32_t)(run->data_end - run->data);

		if (bytes > net->config.mtu + (uint32_t)NET_ETH_BYTES)
			return false;
		out[i] = (struct link_frame){run->data, bytes, bytes, net->rx.in[i].time_ns, net->rx.in[i].number};
	}
	net->rx.settled = net_status_up(net) ? net->link->ops->send(net->link, out, frames) : 0;
	return true;
}

/* Whether the burst is done with: what most bursts come to. */
static bool settle_all(struct net *net, size_t frames)
{
	enum fw_verdict verdict;

	if (net->config.observer.frame || !unanimous(net->rx.runs, frames, &verdict))
		return false;
	net->rx.settled_fate = verdict_rows[verdict].fate;
	switch (verdict) {
	case FW_DROP:
		net->rx.settled = frames;
		return true;
	case FW_TX:
		return send_all(net, frames);
	case FW_PASS:
		net->rx.settled = net_rx_pass_all(net, frames);
		return net->rx.settled == frames;
	default:
		return false;
	}
}

/* The short way: false if some frame is not as most are, and nothing has happened. */
static inline __attribute__((always_inline)) bool run_plain(struct net *net, size_t frames, bool in_place)
{
	struct net_rx *rx = &net->rx;
	uint32_t most = fw_caps(net->fw)->max_frame - NET_ETH_BYTES;

	for (size_t i = 0; i < frames; i++) {
		const struct link_frame *in = &rx->in[i];

		if (in->bytes - NET_ETH_BYTES > most || in->bytes != in->wire_bytes)
			return false;
	}
	for (size_t i = 0; i < frames; i++)
		enter(net, i, &rx->runs[i], 0, in_place);
	fw_run(net->fw, rx->runs, frames);
	rx->whole = settle_all(net, frames);
	for (size_t i = 0; i < frames && !rx->whole; i++)
		rx->slots[i] = (struct net_rx_slot){
			.run = &rx->runs[i], .data = rx->runs[i].data, .bytes = rx->in[i].bytes, .deliver = true};
	return true;
}

/* Two variants of one source: a program that may write to frames, and one that leaves them. */
static bool run_staged_burst(struct net *net, size_t frames)
{
	return run_plain(net, frames, false);
}

static bool run_burst_in_place(struct net *net, size_t frames)
{
	return run_plain(net, frames, true);
}

/* req: XO-197, XO-199: once per frame, and no buffer is asked for; XO-204: each as the link had it */
size_t net_run_take(struct net *net)
{
	struct net_rx *rx = &net->rx;
	size_t frames = net->link->ops->peek(net->link, rx->in, LINK_BURST);
	bool plain = fw_attached(net->fw) && !net->filter.on && net_active_pairs(net) == 1;

	if (!frames)
		return 0;
	rx->whole = false;
	rx->settled = 0;
	net->now_ns = rx->in[frames - 1].time_ns;
	if (plain)
		plain = fw_in_place(net->fw) ? run_burst_in_place(net, frames) : run_staged_burst(net, frames);
	if (!plain)
		run_any(net, frames);
	rx->next = 0;
	rx->count = frames;
	return frames;
}

void net_run_end(struct net *net)
{
	const uint8_t *from = net->rx.stage, *to = from + net->rx.stage_stride * LINK_BURST;

	for (size_t i = net->rx.next; i < net->rx.count; i++) {
		struct net_rx_slot *slot = &net->rx.slots[i];

		if (slot->deliver && !(slot->data >= from && slot->data < to))
			slot->data = stage(net, i, slot->data, slot->bytes);
	}
	net->link->ops->take(net->link, net->rx.count);
}

/* ---- acting on verdicts ---- */

/* To the ports that the program has chosen, or to the guest on another queue. */
static void redirect(const struct net *net, struct net_rx_slot *slot)
{
	const struct fw_frame *run = slot->run;

	if (!run->redirect_queue) {
		slot->ports = run->redirect_ports;
	} else if (run->redirect_to < net_active_pairs(net)) {
		slot->fate = NET_FATE_REDIRECT_QUEUE;
		slot->queue = (uint16_t)run->redirect_to;
		slot->deliver = true;
	}
}

enum net_fate net_run_lost(const struct net_rx_slot *slot, enum net_fate passed)
{
	switch (slot->run->verdict) {
	case FW_TX:
		return NET_FATE_TX_DROP;
	case FW_REDIRECT:
		return NET_FATE_REDIRECT_DROP;
	default:
		return passed;
	}
}

static void apply_verdict(struct net *net, struct net_rx_slot *slot)
{
	const struct fw_frame *run = slot->run;
	const struct verdict_row *row = &verdict_rows[run->verdict];

	/* req: XO-207, XO-210, XO-221: from data on, so nothing of the metadata */
	slot->data = run->data;
	slot->bytes = (uint32_t)(run->data_end - run->data);
	if (run->rx_queue_index < net_active_pairs(net)) /* req: XO-137, XO-138 */
		slot->queue = run->rx_queue_index;
	slot->fate = row->fate;
	slot->deliver = row->disposal == DELIVER;
	slot->ports = row->disposal == SEND;
	if (row->disposal == REDIRECT)
		redirect(net, slot);
	/* req: VN-ab81c5f8, XO-216 */
	if (slot->deliver && !net_frame_fits(net->config.mtu, slot->data, slot->bytes)) {
		slot->fate = net_run_lost(slot, NET_FATE_PASS_DROP);
		slot->deliver = false;
	}
}

/* Sends the frames of the burst that leave on a port, in their order. req: XO-213 */
static void send_on(struct net *net, unsigned int port)
{
	struct link *link = port ? net->ports[port - 1].link : net->link;
	uint16_t mtu = port ? net->ports[port - 1].mtu : net->config.mtu;
	struct link_frame out[LINK_BURST];
	struct net_rx_slot *slots[LINK_BURST];
	size_t frames = 0, accepted;

	for (size_t i = 0; i < net->rx.count; i++) {
		struct net_rx_slot *slot = &net->rx.slots[i];

		const struct link_frame *in = &net->rx.in[i];

		if (!(slot->ports >> port & 1) || slot->bytes < NET_ETH_BYTES ||
		    !net_frame_fits(mtu, slot->data, slot->bytes))
			continue;
		out[frames] = (struct link_frame){slot->data, slot->bytes, slot->bytes, in->time_ns, in->number};
		slots[frames++] = slot;
	}
	if (!frames || !(port ? link->ops->up(link) : net_status_up(net)))
		return;
	accepted = link->ops->send(link, out, frames);
	for (size_t i = 0; i < accepted && i < frames; i++)
		slots[i]->left = true;
}

/* What leaves on wires needs no buffer and waits for none.
 * req: XO-211, XO-212 */
void net_run_verdicts(struct net *net)
{
	struct net_rx *rx = &net->rx;
	uint64_t ports = 0;
	bool sends = false;

	for (size_t i = 0; i < rx->count; i++) {
		struct net_rx_slot *slot = &rx->slots[i];

		if (!slot->run)
			continue;
		apply_verdict(net, slot);
		ports |= slot->ports;
		sends |= slot->fate == NET_FATE_TX || slot->fate == NET_FATE_REDIRECT;
	}
	for (size_t i = 0; i < rx->settled; i++)
		rx->slots[i].deliver = false;
	for (; ports; ports &= ports - 1)
		send_on(net, (unsigned int)__builtin_ctzll(ports));
	for (size_t i = 0; sends && i < rx->count; i++) {
		struct net_rx_slot *slot = &rx->slots[i];

		if (slot->run && !slot->left && (slot->fate == NET_FATE_TX || slot->fate == NET_FATE_REDIRECT))
			slot->fate = net_run_lost(slot, slot->fate);
	}
}
