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

static void count_fates(struct net *net, const struct tally *t)
{
	const struct net_rx_slot *slot = t->slot;

	net->counters.frames[slot->fate] += t->frames;
	net->counters.bytes[slot->fate] += t->in_bytes;
	net_stats_received(net, slot->queue, slot->fate, t->frames, t->bytes);
	if (slot->fate == NET_FATE_OVERSIZE)
		net->rxqs[slot->steered].stats.oversize += t->frames; /* req: XO-224 */
}

/* What there is to count of a frame: bits of slot->counted. */
enum {
	COUNTED_RUN = 1,
	COUNTED_FATE = 2,
	COUNTED_ALL = COUNTED_RUN | COUNTED_FATE,
};

static void count(struct net *net, const struct tally *t, unsigned int what)
{
	if (!t->slot)
		return;
	what &= ~t->slot->counted;
	if (what & COUNTED_FATE)
		count_fates(net, t);
	if (t->slot->run && (what & COUNTED_RUN))
		count_runs(net, t);
}

static inline bool alike(const struct net_rx_slot *a, const struct net_rx_slot *b)
{
	return a && a->fate == b->fate && a->queue == b->queue && a->steered == b->steered &&
	       a->counted == b->counted && !a->run == !b->run && (!a->run || a->run->verdict == b->run->verdict);
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

/* Frames from to end - 1 of the burst have come to what slot says. */
static void count_settled(struct net *net, const struct net_rx_slot *slot, size_t from, size_t end)
{
	const struct net_rx *rx = &net->rx;
	struct tally t = {.slot = slot, .frames = end - from};

	for (size_t i = from; i < end; i++) {
		t.in_bytes += rx->in[i].bytes;
		t.bytes += (uint64_t)(rx->runs[i].data_end - rx->runs[i].data);
	}
	if (t.frames)
		count(net, &t, COUNTED_ALL);
}

/* The burst was settled as a whole. */
static void report_settled(struct net *net)
{
	struct net_rx *rx = &net->rx;
	const struct net_rx_slot done = {.run = rx->runs, .fate = rx->settled_fate};
	const struct net_rx_slot lost = {.run = rx->runs, .fate = NET_FATE_TX_DROP};

	count_settled(net, &done, 0, rx->settled);
	count_settled(net, &lost, rx->settled, rx->count);
	rx->next = rx->count;
}

/* The fates of frames from to end - 1 of the burst are final. */
static void report(struct net *net, size_t from, size_t end)
{
	const struct net_rx *rx = &net->rx;
	struct tally t = {0};

	for (size_t i = from; i < end; i++) {
		const struct net_rx_slot *slot = &rx->slots[i];

		if (!alike(t.slot, slot)) {
			count(net, &t, COUNTED_ALL);
			t = (struct tally){.slot = slot};
		}
		t.frames++;
		t.in_bytes += rx->in[i].bytes;
		t.bytes += slot->bytes;
		t.bad_queue += slot->run && slot->run->bad_queue;
	}
	count(net, &t, COUNTED_ALL);
	for (size_t i = from; net->config.observer.frame && i < end; i++)
		tell(net, &rx->in[i], &rx->slots[i]);
}

/* Frames wait: what is known of them and of those behind them is counted before the driver can ask. */
static void count_ahead(struct net *net)
{
	struct net_rx *rx = &net->rx;

	for (size_t i = rx->next; i < rx->count; i++) {
		struct net_rx_slot *slot = &rx->slots[i];
		unsigned int what = slot->deliver ? COUNTED_RUN : COUNTED_ALL;

		count(net, &(struct tally){slot, 1, rx->in[i].bytes, slot->bytes, slot->run && slot->run->bad_queue},
		      what);
		slot->counted |= what;
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
		got = vq_break(d->vq, -EPROTO, "a receive buffer has no room for the header (VN-e7333bd3)");
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
 * VN-e511a9fc. XO-218, XO-219: no flags, whether a program ran or not. VN-5d66c836, VN-5719e581, VN-b614acfc,
 * VN-d75cc8e6, VN-895dd8f5, VN-26e584d8, VN-7f0a2715, VN-0702d091, VN-241b4d9c, VN-2d2030b6, VN-24d3fe1d */
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

	/* req: VN-356ebb61, XO-280: a pair can be out of use by now */
	if (pair >= net_active_pairs(net))
		return -ENODEV;
	if (!vq_usable(vq))
		return vq->in_reset && !net->config.overrun && net_steer_finds(net) ? -EAGAIN : -ENODEV;
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

/* So many frames, the first of them being that at i of the burst, are in buffers of a pair's queue. */
static void filled(struct net *net, uint16_t pair, size_t i, size_t frames)
{
	struct net_rxq *rxq = &net->rxqs[pair];

	if (!frames)
		return;
	if (!rxq->filled)
		rxq->first_ns = net->rx.in[i].time_ns;
	rxq->filled += (uint32_t)frames;
}

/* Frames of one queue: their bytes, and how many of these, with the header. */
struct row {
	const uint8_t *data[LINK_BURST];
	uint32_t least[LINK_BURST];
	size_t count;
};

static inline void row_add(struct row *row, const uint8_t *data, uint32_t bytes)
{
	row->data[row->count] = data;
	row->least[row->count++] = (uint32_t)sizeof(struct virtio_net_hdr) + bytes;
}

/*
 * The short way for most frames: each fits into one plain buffer. Returns how many of a row went to such buffers of a
 * pair's queue, which is open.
 */
static size_t deliver_row(struct net *net, uint16_t pair, const struct row *row)
{
	/* As write_header() has it. */
	static const struct virtio_net_hdr hdr = {.gso_type = VIRTIO_NET_HDR_GSO_NONE, .num_buffers = {WIRE_SWAP16(1)}};
	struct vq *vq = &net->vdev.vqs[net_rx_index(pair)];
	struct vq_buffer buffers[LINK_BURST];
	size_t count = vq_pop_plain(vq, true, row->least, buffers, row->count);

	for (size_t n = 0; n < count; n++) {
		memcpy(buffers[n].data, &hdr, sizeof(hdr));
		/* req: VN-a47b6e97 */
		/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): no more than row->count */
		iov_copy(buffers[n].data + sizeof(hdr), row->data[n], row->least[n] - sizeof(hdr));
	}
	vq_fill_plain(vq, buffers, row->least, count);
	return count;
}

/* Frames from the one at i on that follow each other to its queue, which is open. Returns how many it took. */
static size_t deliver_plain(struct net *net, size_t i)
{
	const struct net_rx *rx = &net->rx;
	uint16_t pair = rx->slots[i].queue;
	struct row row;
	size_t done;

	row.count = 0;
	for (size_t n = i; n < rx->count && rx->slots[n].deliver && rx->slots[n].queue == pair; n++)
		row_add(&row, rx->slots[n].data, rx->slots[n].bytes);
	done = deliver_row(net, pair, &row);
	filled(net, pair, i, done);
	for (size_t n = i; n < i + done; n++)
		net->rx.slots[n].deliver = false;
	return done;
}

size_t net_rx_pass_all(struct net *net, size_t frames)
{
	uint32_t most = net->config.mtu + (uint32_t)NET_ETH_BYTES;
	struct row row;
	size_t done;

	row.count = 0;
	for (size_t i = 0; i < frames; i++) {
		const struct fw_frame *run = &net->rx.runs[i];
		uint32_t bytes = (uint32_t)(run->data_end - run->data);

		if (bytes > most)
			return 0;
		row_add(&row, run->data, bytes);
	}
	if (open_queue(net, 0))
		return 0;
	done = deliver_row(net, 0, &row);
	filled(net, 0, 0, done);
	return done;
}

/* The fate of a frame that was to be delivered and can't be. */
static enum net_fate undelivered(const struct net_rx_slot *slot, int error)
{
	if (error == -EMSGSIZE)
		return slot->run ? net_run_lost(slot, NET_FATE_PASS_DROP) : NET_FATE_TOO_BIG; /* req: XO-217 */
	return slot->run ? net_run_lost(slot, NET_FATE_PASS_OVERRUN) : NET_FATE_OVERRUN;
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
		filled(net, slot->queue, i, 1);
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
		taken = net_status_up(net) ? net_run_take(net) : 0;
		if (!taken)
			return false;
		if (rx->whole)
			report_settled(net);
		else
			net_run_verdicts(net);
	}
	did = act(net) || taken;
	if (did && rx->next < rx->count)
		count_ahead(net);
	if (taken)
		net_run_end(net);
	did |= publish(net);
	return did;
}
