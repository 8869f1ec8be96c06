/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Received frames. Theory of operation: one burst at a time. The program runs on those of its frames that it may see,
 * what leaves on a wire is sent, and the rest is delivered and reported in the order of the link. A program that writes
 * gets its frames in the staging area, with room before and behind; others are looked at where the link has them. A
 * frame that finds no buffer stops its queue at that point (unless frames may be lost): it keeps its verdict and its
 * bytes, which are staged by the end of the turn at the latest, and the next turn goes on with it, as with the reports.
 * The burst's frames for other queues are delivered; the next burst is taken when this one is done with. No frame is
 * run twice.
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

int net_rx_init(struct net *net)
{
	const struct fw_caps *caps = fw_caps(net->fw);
	uint32_t longest = net->config.mtu + NET_ETH_BYTES + NET_TAGS_MAX * NET_TAG_BYTES;
	size_t stride;

	if (longest < caps->max_frame)
		longest = caps->max_frame;
	stride = (size_t)caps->headroom + longest + caps->tailroom; /* req: XO-156 */
	stride = (stride + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES + STAGE_SHIFT;
	net->rx.stage_stride = stride;
	net->rx.stage = net_pages(stride * LINK_BURST);
	if (!net->rx.stage)
		return -ENOMEM;
	net_rx_start(net);
	return 0;
}

void net_rx_exit(struct net *net)
{
	net_pages_free(net->rx.stage, net->rx.stage_stride * LINK_BURST);
	net->rx.stage = NULL;
}

void net_rx_start(struct net *net)
{
	net->rx.based = false;
	net->rx.ktime_ns = 0;
	for (uint16_t i = 0; i < net->pairs; i++) {
		net->rxqs[i].most = 0;
		net->rxqs[i].starved = -1;
	}
}

void net_rx_queue_reset(struct net *net, uint16_t pair)
{
	net->rxqs[pair].most = 0;
	net->rxqs[pair].starved = 0; /* the next frame looks at the queue anew */
}

/* ---- accounting ---- */

/* Frames in a row of which nothing differs but bytes and number: they are counted as one. */
struct tally {
	const struct net_rx_slot *slot; /* the first of them; NULL: none yet */
	uint64_t frames, in_bytes, bytes, bad_queue;
};

/* What DEVICE_STATS tells of the program's runs. req: XO-224 */
static void count_runs(struct net *net, const struct tally *t)
{
	const struct net_rx_slot *slot = t->slot;
	struct net_xdp_stats *s = &net->rxqs[slot->steered].stats;

	s->runs += t->frames;
	s->bad_queue += t->bad_queue;
	switch (slot->run->verdict) {
	case FW_PASS:
		s->pass += t->frames;
		break;
	case FW_DROP:
		s->drop += t->frames;
		break;
	case FW_TX:
		*(slot->fate == NET_FATE_TX ? &s->tx : &s->tx_drop) += t->frames;
		break;
	case FW_ABORTED:
		s->aborted += t->frames;
		break;
	case FW_REDIRECT: /* beyond the proposal: there is no counter */
		break;
	case FW_UNSUPPORTED_DROP:
	case FW_UNSUPPORTED_PASS:
		s->unsupported += t->frames;
		break;
	}
}

static void count(struct net *net, const struct tally *t)
{
	const struct net_rx_slot *slot = t->slot;

	if (!slot)
		return;
	net->counters.frames[slot->fate] += t->frames;
	net->counters.bytes[slot->fate] += t->in_bytes;
	net_stats_received(net, slot->queue, slot->fate, t->frames, t->bytes);
	if (slot->run)
		count_runs(net, t);
	else if (slot->fate == NET_FATE_OVERSIZE)
		net->rxqs[slot->steered].stats.oversize += t->frames; /* req: XO-224 */
}

static inline bool alike(const struct net_rx_slot *a, const struct net_rx_slot *b)
{
	return a && a->fate == b->fate && a->queue == b->queue && a->steered == b->steered && !a->run == !b->run &&
	       (!a->run || a->run->verdict == b->run->verdict);
}

static void tell(const struct net *net, const struct link_frame *in, const struct net_rx_slot *slot)
{
	const struct net_observer *observer = &net->config.observer;

	observer->frame(observer->ctx, &(struct net_report){
					       .number = in->number,
					       .time_ns = in->time_ns,
					       .fate = slot->fate,
					       .r0 = slot->run ? slot->run->r0 : 0,
					       .queue = slot->queue,
					       .bytes = slot->bytes,
				       });
}

/* The fates of frames from to end - 1 of the burst are final. */
static void report(struct net *net, size_t from, size_t end)
{
	const struct net_rx *rx = &net->rx;
	struct tally t = {0};

	for (size_t i = from; i < end; i++) {
		const struct net_rx_slot *slot = &rx->slots[i];

		if (!alike(t.slot, slot)) {
			count(net, &t);
			t = (struct tally){.slot = slot};
		}
		t.frames++;
		t.in_bytes += rx->in[i].bytes;
		t.bytes += slot->bytes;
		t.bad_queue += slot->run && slot->run->bad_queue;
	}
	count(net, &t);
	for (size_t i = from; net->config.observer.frame && i < end; i++)
		tell(net, &rx->in[i], &rx->slots[i]);
}

/* ---- taking a burst ---- */

/* What becomes of a frame before any program sees it; NET_FATES: it goes on. */
static inline enum net_fate judge(const struct net *net, const struct link_frame *in, bool attached)
{
	if (in->bytes < NET_ETH_BYTES) /* req: XO-247 */
		return NET_FATE_SHORT;
	if (!net_filter_passes(&net->filter, in->data, in->bytes))
		return NET_FATE_FILTERED;
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
static uint8_t *stage(struct net *net, size_t i)
{
	struct net_rx_slot *slot = &net->rx.slots[i];
	uint8_t *to = net->rx.stage + i * net->rx.stage_stride + fw_caps(net->fw)->headroom;

	iov_copy(to, slot->data, slot->bytes); /* req: XO-202 */
	slot->data = to;
	return to;
}

/* A frame with room around it. */
static void run_staged(struct net *net, size_t i, struct fw_frame *run)
{
	const struct fw_caps *caps = fw_caps(net->fw);
	uint8_t *data = stage(net, i);

	run->data = run->data_meta = data; /* req: XO-139 */
	run->data_end = data + net->rx.slots[i].bytes;
	run->hard_start = data - caps->headroom;
	run->hard_end = run->data_end + caps->tailroom;
}

/* A frame as the link has it, which nobody will write to. */
static inline void run_in_place(const struct net_rx_slot *slot, struct fw_frame *run)
{
	uint8_t *data = (uint8_t *)(uintptr_t)slot->data;

	run->data = run->data_meta = run->hard_start = data;
	run->data_end = run->hard_end = data + slot->bytes;
}

/* What struct fw_frame asks of addresses. */
static inline bool place_ok(const struct net_rx_slot *slot)
{
	uint32_t low = (uint32_t)(uintptr_t)slot->data;

	return low && low <= UINT32_MAX - slot->bytes;
}

static inline void enter_run(struct net *net, size_t i, struct fw_frame *run, bool in_place)
{
	struct net_rx_slot *slot = &net->rx.slots[i];

	if (in_place && place_ok(slot))
		run_in_place(slot, run);
	else
		run_staged(net, i, run);
	run->rx_queue_index = slot->queue; /* req: XO-136 */
	run->now_ns = net->rx.ktime_ns;
	slot->run = run;
}

/*
 * Takes a burst from the link, and runs the program on it. Returns how many frames there are.
 * req: XO-197, XO-199: once per frame, and no buffer is asked for; XO-204: each as the link had it
 */
static size_t take_burst(struct net *net)
{
	struct net_rx *rx = &net->rx;
	bool attached = fw_attached(net->fw), in_place = attached && fw_in_place(net->fw);
	size_t frames = net->link->ops->peek(net->link, rx->in, LINK_BURST), runs = 0;
	bool steers = net_active_pairs(net) > 1;

	for (size_t i = 0; i < frames; i++) {
		const struct link_frame *in = &rx->in[i];
		struct net_rx_slot *slot = &rx->slots[i];
		enum net_fate fate = judge(net, in, attached);

		*slot = (struct net_rx_slot){.data = in->data, .bytes = in->bytes, .fate = (uint8_t)fate};
		ktime(rx, in->time_ns);
		/* req: XO-198: before the run, once. VN-a3e0d2f2 */
		if (steers && fate != NET_FATE_FILTERED)
			slot->steered = slot->queue = net_steer_pair(net, in->data, in->bytes);
		if (fate != NET_FATES) {
			slot->bytes = 0;
			continue;
		}
		slot->fate = NET_FATE_DELIVERED;
		slot->deliver = true;
		if (attached)
			enter_run(net, i, &rx->runs[runs++], in_place);
	}
	if (frames)
		net->now_ns = rx->in[frames - 1].time_ns;
	if (runs)
		fw_run(net->fw, rx->runs, runs);
	rx->next = 0;
	rx->count = frames;
	return frames;
}

/* The turn is over: the link may have its frames back, so those that have to wait are staged, unless they are. */
static void end_turn(struct net *net, size_t taken)
{
	const uint8_t *from = net->rx.stage, *to = from + net->rx.stage_stride * LINK_BURST;

	for (size_t i = net->rx.next; i < net->rx.count; i++) {
		const struct net_rx_slot *slot = &net->rx.slots[i];

		if (slot->deliver && !(slot->data >= from && slot->data < to))
			stage(net, i);
	}
	net->link->ops->take(net->link, taken);
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

/* The fate of a frame that did not get where the verdict sent it. */
static enum net_fate lost(const struct net_rx_slot *slot, enum net_fate passed)
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
		slot->fate = lost(slot, NET_FATE_PASS_DROP);
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

/* Applies the verdicts of a fresh burst and sends what leaves on wires: that needs no buffer and waits for none.
 * req: XO-211, XO-212 */
static void apply_verdicts(struct net *net)
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
	for (; ports; ports &= ports - 1)
		send_on(net, (unsigned int)__builtin_ctzll(ports));
	for (size_t i = 0; sends && i < rx->count; i++) {
		struct net_rx_slot *slot = &rx->slots[i];

		if (slot->run && !slot->left && (slot->fate == NET_FATE_TX || slot->fate == NET_FATE_REDIRECT))
			slot->fate = lost(slot, slot->fate);
	}
}

/* ---- delivery ---- */

/* The first bytes of a buffer, in pieces: where the header goes once num_buffers is known. */
struct header_place {
	struct iovec iov[sizeof(struct virtio_net_hdr)];
	size_t count;
};

/* Of the pieces, of which none is empty, those that the header reaches: nearly always the first one only. */
static void keep_header_place(struct header_place *place, const struct vq_chain *chain)
{
	size_t bytes = 0, i;

	for (i = 0; i < chain->writable && bytes < sizeof(struct virtio_net_hdr); i++) {
		const struct iovec *piece = &chain->iov[chain->readable + i];

		bytes += piece->iov_len;
		place->iov[i].iov_base = piece->iov_base;
		place->iov[i].iov_len = piece->iov_len;
	}
	place->count = i;
}

/*
 * Too few buffers: there were available ones. -EAGAIN: more may come. -EMSGSIZE: never were there more of them, so
 * waiting is no use, and would stop the queue for good.
 */
static int starved(struct net_rxq *rxq, int available)
{
	if (available && available >= rxq->most)
		return -EMSGSIZE;
	rxq->starved = available;
	return -EAGAIN;
}

/* Whether the queue of a pair gets its first frame of this turn. */
static bool touch(struct net_rx *rx, uint16_t pair)
{
	uint64_t bit = 1ULL << pair % 64, *word = &rx->touched[pair / 64];
	bool first = !(*word & bit);

	*word |= bit;
	return first;
}

/*
 * Looks how many buffers are there at once: once per turn and queue, and when there were too few. What the driver adds
 * meanwhile counts the next time. 0; -EAGAIN: as few as the last time; -ENODEV.
 */
static int look(struct net *net, uint16_t pair)
{
	struct net_rxq *rxq = &net->rxqs[pair];
	uint16_t index = net_rx_index(pair);
	int available = virtio_vq_check(&net->vdev, index, vq_available(&net->vdev.vqs[index]));

	if (available < 0)
		return -ENODEV;
	if (available == rxq->starved && !net->config.overrun)
		return -EAGAIN; /* the same frame as last time, and nothing new for it */
	rxq->starved = -1;
	if (available > rxq->most)
		rxq->most = available;
	return 0;
}

/* A frame on its way into buffers. */
struct delivery {
	struct vq *vq;
	uint16_t index; /* of vq */
	const uint8_t *data;
	uint32_t bytes, done;
	uint16_t buffers; /* filled so far */
	bool mergeable;
	struct header_place *place; /* not part of this: it would be zeroed for each frame */
};

/* Takes one more buffer and fills it. 1; 0: there is none; -EMSGSIZE: too small, and more must not be used; -ENODEV. */
static int fill_buffer(struct net *net, struct delivery *d)
{
	uint32_t header = d->buffers ? 0 : sizeof(struct virtio_net_hdr), wrote;
	struct vq_chain chain;
	struct iov_cursor at;
	int got = vq_pop(d->vq, &chain);

	if (got > 0 && chain.writable_bytes < (header ? header : 1))
		got = vq_break(d->vq, -EPROTO, "a receive buffer has no room for the header");
	if (virtio_vq_check(&net->vdev, d->index, got) < 0)
		return -ENODEV;
	if (!got)
		return 0;
	if (!d->mergeable && chain.writable_bytes < (uint64_t)header + d->bytes) /* req: VN-bcdaf33b */
		return -EMSGSIZE;
	if (header)
		keep_header_place(d->place, &chain);
	at = vq_chain_out(&chain);
	iov_skip(&at, header);
	wrote = iov_write(&at, d->data + d->done, d->bytes - d->done); /* req: VN-a47b6e97 */
	d->done += wrote;
	vq_fill(d->vq, &chain, header + wrote);
	d->buffers++;
	return 1;
}

/* req: VN-0556fd94, VN-c79215ab, VN-df6c3375: nothing is promised about the frame. VN-bca6ff31, VN-aa5decec,
 * VN-e511a9fc. XO-218, XO-219: no flags, whether a program ran or not */
static void write_header(const struct delivery *d)
{
	static const struct virtio_net_hdr hdr = {.gso_type = VIRTIO_NET_HDR_GSO_NONE};
	struct iov_cursor at = iov_cursor(d->place->iov, d->place->count);
	const size_t before = offsetof(struct virtio_net_hdr, num_buffers);
	le16 num_buffers = cpu_to_le16(d->buffers);

	if (d->place->count == 1) {
		memcpy(d->place->iov[0].iov_base, &hdr, before);
		memcpy((uint8_t *)d->place->iov[0].iov_base + before, &num_buffers, sizeof(num_buffers));
		return;
	}
	iov_write(&at, &hdr, before);
	iov_write(&at, &num_buffers, sizeof(num_buffers));
}

/*
 * Whether the queue of a pair takes frames. 0; -EAGAIN: not now; -EMSGSIZE; -ENODEV: it does not work.
 */
static int open_queue(struct net *net, uint16_t pair)
{
	const struct vq *vq = &net->vdev.vqs[net_rx_index(pair)];

	/* req: VN-356ebb61: a pair can be out of use by now. VN-7222dea9 */
	if (pair >= net_active_pairs(net))
		return -ENODEV;
	if (!vq_usable(vq))
		return vq->in_reset && !net->config.overrun ? -EAGAIN : -ENODEV;
	return touch(&net->rx, pair) || net->rxqs[pair].starved >= 0 ? look(net, pair) : 0;
}

/*
 * Writes a frame to buffers of an open queue. 0; -EAGAIN: not enough buffers; -EMSGSIZE: never enough; -ENODEV: the
 * queue does not work. After an error the queue is as it was.
 */
static int deliver(struct net *net, uint16_t pair, const uint8_t *data, uint32_t bytes)
{
	struct header_place place;
	struct delivery d = {.vq = &net->vdev.vqs[net_rx_index(pair)],
			     .index = net_rx_index(pair),
			     .data = data,
			     .bytes = bytes,
			     .mergeable = net_has(net, VIRTIO_NET_F_MRG_RXBUF),
			     .place = &place};
	struct vq_mark mark = vq_mark(d.vq);
	int got;

	do {
		got = fill_buffer(net, &d);
		if (got <= 0) {
			vq_rewind(d.vq, mark); /* req: XO-217: all of the frame or nothing */
			return got ? got : starved(&net->rxqs[pair], d.buffers);
		}
	} while (d.done < bytes);
	write_header(&d);
	return 0;
}

/* So many frames from i on, of one queue, are in its buffers. */
static void filled(struct net *net, size_t i, size_t frames)
{
	struct net_rxq *rxq = &net->rxqs[net->rx.slots[i].queue];

	if (!rxq->filled)
		rxq->first_ns = net->rx.in[i].time_ns;
	rxq->filled += (uint32_t)frames;
}

/* How many frames from the one at i on follow each other to its queue, and the bytes that each needs there. */
static size_t run_length(const struct net_rx *rx, size_t i, uint32_t least[static LINK_BURST])
{
	uint16_t queue = rx->slots[i].queue;
	size_t count = 0;

	for (; i < rx->count && rx->slots[i].deliver && rx->slots[i].queue == queue; i++)
		least[count++] = (uint32_t)sizeof(struct virtio_net_hdr) + rx->slots[i].bytes;
	return count;
}

/*
 * The short way for most frames: each fits into one plain buffer. Returns how many frames from the one at i on went to
 * such buffers of their queue, which is open.
 */
static size_t deliver_plain(struct net *net, size_t i)
{
	/* As write_header() has it. */
	static const struct virtio_net_hdr hdr = {.gso_type = VIRTIO_NET_HDR_GSO_NONE, .num_buffers = {WIRE_SWAP16(1)}};
	struct net_rx_slot *slots = &net->rx.slots[i];
	struct vq *vq = &net->vdev.vqs[net_rx_index(slots->queue)];
	struct vq_buffer buffers[LINK_BURST];
	uint32_t least[LINK_BURST];
	size_t count = run_length(&net->rx, i, least);

	count = vq_pop_plain(vq, true, least, buffers, count);
	for (size_t n = 0; n < count; n++) {
		memcpy(buffers[n].data, &hdr, sizeof(hdr));
		iov_copy(buffers[n].data + sizeof(hdr), slots[n].data, slots[n].bytes); /* req: VN-a47b6e97 */
		vq_fill_plain(vq, &buffers[n], least[n]);
		slots[n].deliver = false;
	}
	if (count)
		filled(net, i, count);
	return count;
}

/* The fate of a frame that was to be delivered and can't be. */
static enum net_fate undelivered(const struct net_rx_slot *slot, int error)
{
	if (error == -EMSGSIZE)
		return slot->run ? lost(slot, NET_FATE_PASS_DROP) : NET_FATE_TOO_BIG; /* req: XO-217 */
	return slot->run ? lost(slot, NET_FATE_PASS_OVERRUN) : NET_FATE_OVERRUN;
}

/* Queues that this turn has no buffers for. */
struct waiting {
	uint64_t pairs[NET_PAIRS_MAX / 64];
};

/*
 * Gets frames to the guest from the one at i on, or gives it up. Returns how many; 0: it has to wait, as has all that
 * comes behind it on its queue. req: XO-200, XO-222
 */
static size_t settle(struct net *net, size_t i, struct waiting *waiting)
{
	struct net_rx_slot *slot = &net->rx.slots[i];
	uint64_t bit = 1ULL << slot->queue % 64, *word = &waiting->pairs[slot->queue / 64];
	int error;

	if (*word & bit)
		return 0;
	error = open_queue(net, slot->queue);
	if (!error) {
		size_t done = deliver_plain(net, i);

		if (done)
			return done;
		error = deliver(net, slot->queue, slot->data, slot->bytes);
	}
	if (error == -EAGAIN && !net->config.overrun) {
		*word |= bit;
		return 0;
	}
	if (error)
		slot->fate = undelivered(slot, error);
	else
		filled(net, i, 1);
	slot->deliver = false;
	return 1;
}

/*
 * Delivers what can be delivered, and reports in the order of the link up to the first frame that has to wait. Whether
 * anything was done.
 */
static bool act(struct net *net)
{
	struct net_rx *rx = &net->rx;
	struct waiting waiting = {0};
	size_t first = rx->next, i = first;
	bool did = false;

	while (i < rx->count) {
		size_t settled = 1;

		if (rx->slots[i].deliver) {
			settled = settle(net, i, &waiting);
			did |= settled;
		}
		if (rx->next == i)
			rx->next += settled;
		if (!settled && net_active_pairs(net) == 1)
			break;
		i += settled ? settled : 1;
	}
	/* What was settled behind a frame that waits is reported when that is. */
	report(net, first, rx->next);
	return did || rx->next > first;
}

/* Publishes what the turn filled on a queue, and asks for notifications if buffers are missing only. Whether some came
 * meanwhile. */
static bool publish_queue(struct net *net, uint16_t pair)
{
	uint16_t index = net_rx_index(pair);
	struct vq *vq = &net->vdev.vqs[index];
	struct net_rxq *rxq = &net->rxqs[pair];
	int missing = rxq->starved;

	net_publish(net, index, rxq->filled, rxq->first_ns); /* req: VN-cb1669fa; XO-172: the runs are over */
	rxq->filled = 0;
	if (missing >= 0 || !vq->kicks_off)
		virtio_vq_check(&net->vdev, index, vq_want_kicks(vq, missing >= 0));
	return missing >= 0 && virtio_vq_check(&net->vdev, index, vq_available(vq)) != missing;
}

static bool publish(struct net *net)
{
	bool more = false;

	for (uint16_t word = 0; word < NET_PAIRS_MAX / 64; word++) {
		uint64_t touched = net->rx.touched[word];

		net->rx.touched[word] = 0;
		for (; touched; touched &= touched - 1)
			more |= publish_queue(net, word * 64 + (uint16_t)__builtin_ctzll(touched));
	}
	return more;
}

void net_rx_reset(struct net *net)
{
	struct net_rx *rx = &net->rx;
	size_t first = rx->next;

	for (; rx->next < rx->count; rx->next++) {
		struct net_rx_slot *slot = &rx->slots[rx->next];

		if (slot->deliver)
			slot->fate = undelivered(slot, -ENODEV);
		slot->deliver = false;
	}
	report(net, first, rx->next);
	for (uint16_t i = 0; i < net->pairs; i++)
		net->rxqs[i].stats = (struct net_xdp_stats){0};
}

/* Frames that come while no driver is there to take them. */
static bool lose(struct net *net)
{
	struct net_rx *rx = &net->rx;
	size_t frames = net->link->ops->peek(net->link, rx->in, LINK_BURST);

	for (size_t i = 0; i < frames; i++)
		rx->slots[i] = (struct net_rx_slot){.fate = NET_FATE_NOT_RUNNING};
	if (!frames)
		return false;
	net->now_ns = rx->in[frames - 1].time_ns;
	report(net, 0, frames);
	net->link->ops->take(net->link, frames);
	return true;
}

bool net_rx_poll(struct net *net)
{
	struct net_rx *rx = &net->rx;
	size_t taken = 0;
	bool did;

	if (!virtio_running(&net->vdev)) /* req: XO-201 */
		return net->config.overrun && lose(net);
	if (rx->next == rx->count) {
		taken = net_status_up(net) ? take_burst(net) : 0;
		if (!taken)
			return false;
		apply_verdicts(net);
	}
	did = act(net) || taken;
	if (taken)
		end_turn(net, taken);
	did |= publish(net);
	return did;
}
