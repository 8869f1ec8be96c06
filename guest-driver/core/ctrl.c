/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control commands. A command's bytes are copied to one buffer that the device reads, its ack and result come back in
 * another one. A command that the device does not answer in time keeps both until it does, or until the reset.
 */
#include <errno.h>
#include <string.h>

#include "net_internal.h"

#define CTRL_WAITS      20000
#define CTRL_PIECES_MAX 32
#define CTRL_ROOM_MIN   4096
#define CTRL_ROOM_MAX   ((uint32_t)16 << 20) /* bytes of a command, or of its result */
#define CTRL_UNTOUCHED  0xa5
#define CTRL_ALIGN      64

/* Grows one of the two buffers. The old contents are lost. */
static int make_room(struct drv_net *net, uint8_t **data, uint64_t *addr, uint32_t *room, uint32_t bytes)
{
	const struct drv_env *env = net->env;
	uint32_t want = CTRL_ROOM_MIN;

	if (bytes > CTRL_ROOM_MAX)
		return -EMSGSIZE;
	if (*room >= bytes && *data)
		return 0;
	while (want < bytes)
		want *= 2;
	if (*data)
		env->dma_free(env->ctx, *data);
	*room = 0;
	*data = env->dma_alloc(env->ctx, want, CTRL_ALIGN, addr);
	if (!*data)
		return -ENOMEM;
	*room = want;
	return 0;
}

void drv_ctrl_free(struct drv_net *net)
{
	const struct drv_env *env = net->env;

	if (net->cvq.readable)
		env->dma_free(env->ctx, net->cvq.readable);
	if (net->cvq.writable)
		env->dma_free(env->ctx, net->cvq.writable);
	net->cvq.readable = NULL;
	net->cvq.writable = NULL;
}

/* Waits until the device gives the command back. Returns the bytes it wrote, or -errno. */
static int wait_done(struct drv_net *net)
{
	const struct drv_transport *t = net->transport;
	struct drv_cvq *cvq = &net->cvq;
	struct drv_vq_done done = {NULL, 0};
	unsigned i;
	int n;

	/* Whatever ends the wait, the device holds both buffers until it has given them back. */
	cvq->late = true;
	for (i = 0; i < CTRL_WAITS; i++) {
		n = drv_vq_completions(cvq->vq);
		if (n > 0)
			n = drv_vq_complete(cvq->vq, &done);
		else if (!n)
			n = -EAGAIN;
		if (!n) {
			cvq->late = false;
			/* cppcheck-suppress uninitvar ; complete() filled it in */
			return (int)done.bytes;
		}
		if (n != -EAGAIN)
			return n;
		/* req: VN-286b1b3d nothing completes any more */
		if (t->ops->get_status(t->ctx) & VIRTIO_CONFIG_S_NEEDS_RESET)
			return -ENODEV;
		if (t->ops->wait(t->ctx) < 0)
			break;
	}
	return -ETIMEDOUT;
}

/* Cuts bytes from addr on into sg. Returns how many pieces, or -EINVAL. */
static int cut_stream(uint64_t addr, uint32_t bytes, const uint32_t *pieces, unsigned count, struct drv_sg *sg)
{
	uint32_t at = 0;
	unsigned i;

	if (!count) {
		sg[0] = (struct drv_sg){addr, bytes};
		return bytes ? 1 : 0;
	}
	if (count > CTRL_PIECES_MAX)
		return -EINVAL;
	for (i = 0; i < count; i++) {
		if (pieces[i] > bytes - at)
			return -EINVAL;
		sg[i] = (struct drv_sg){addr + at, pieces[i]};
		at += pieces[i];
	}
	return at == bytes ? (int)count : -EINVAL;
}

/* Sends the first bytes of cvq->readable with room bytes of cvq->writable, and waits. */
static int exchange(struct drv_net *net, uint32_t bytes, uint32_t room, const struct drv_ctrl_cut *cut)
{
	static const struct drv_ctrl_cut whole;
	struct drv_sg sg[2 * CTRL_PIECES_MAX];
	struct drv_cvq *cvq = &net->cvq;
	int readable, writable, err;

	if (!cut)
		cut = &whole;
	readable = cut_stream(cvq->readable_addr, bytes, cut->readable, cut->num_readable, sg);
	if (readable < 0)
		return readable;
	writable = cut_stream(cvq->writable_addr, room, cut->writable, cut->num_writable, sg + readable);
	if (writable < 0)
		return writable;
	memset(cvq->writable, CTRL_UNTOUCHED, room);
	err = drv_vq_submit(cvq->vq, sg, (unsigned)readable, (unsigned)writable, cvq);
	if (err)
		return err;
	drv_vq_notify(cvq->vq);
	return wait_done(net);
}

/* Makes sure that the queue is there and idle and that both buffers are large enough. */
static int prepare(struct drv_net *net, uint32_t bytes, uint32_t room)
{
	struct drv_cvq *cvq = &net->cvq;
	int err;

	if (!net->live || !cvq->vq)
		return -ENOTSUP;
	if (cvq->vq->broken)
		return -ENODEV;
	if (cvq->late) {
		err = wait_done(net);
		if (err < 0)
			return err;
	}
	err = make_room(net, &cvq->readable, &cvq->readable_addr, &cvq->readable_room, bytes);
	if (err)
		return err;
	return make_room(net, &cvq->writable, &cvq->writable_addr, &cvq->writable_room, room);
}

int drv_ctrl_raw(struct drv_net *net, const void *readable, uint32_t bytes, void *writable, uint32_t room,
		 const struct drv_ctrl_cut *cut)
{
	int n = prepare(net, bytes, room);

	if (n)
		return n;
	if (bytes)
		memcpy(net->cvq.readable, readable, bytes);
	n = exchange(net, bytes, room, cut);
	if (n >= 0 && room)
		memcpy(writable, net->cvq.writable, room);
	return n;
}

void drv_ctrl_readable(const struct drv_net *net, void *to, uint32_t bytes)
{
	uint32_t room = net->cvq.readable_room;

	memcpy(to, net->cvq.readable, bytes < room ? bytes : room);
}

/* Class, command and data, one behind the other. Returns all bytes, or -EMSGSIZE. */
static int64_t total(const struct drv_buf *data, unsigned count)
{
	uint64_t sum = sizeof(struct virtio_net_ctrl_hdr);
	unsigned i;

	for (i = 0; i < count; i++)
		sum += data[i].bytes;
	return sum > CTRL_ROOM_MAX ? -EMSGSIZE : (int64_t)sum;
}

static void put_command(uint8_t *to, uint8_t class_, uint8_t command, const struct drv_buf *data, unsigned count)
{
	struct virtio_net_ctrl_hdr hdr = {class_, command};
	unsigned i;

	memcpy(to, &hdr, sizeof(hdr));
	to += sizeof(hdr);
	for (i = 0; i < count; i++) {
		if (data[i].bytes)
			memcpy(to, data[i].data, data[i].bytes);
		to += data[i].bytes;
	}
}

int drv_ctrl(struct drv_net *net, uint8_t class_, uint8_t command, const struct drv_buf *data, unsigned count,
	     void *result, uint32_t room, uint32_t *written)
{
	int64_t bytes = total(data, count);
	uint8_t ack;
	int n;

	*written = 0;
	if (bytes < 0 || room >= CTRL_ROOM_MAX)
		return -EMSGSIZE;
	n = prepare(net, (uint32_t)bytes, room + 1);
	if (n)
		return n;
	put_command(net->cvq.readable, class_, command, data, count);
	n = exchange(net, (uint32_t)bytes, room + 1, NULL);
	if (n < 0)
		return n;
	if (!n)
		return -EPROTO;
	ack = net->cvq.writable[0];
	if (ack != VIRTIO_NET_OK && ack != VIRTIO_NET_ERR)
		return -EPROTO;
	/* req: VN-d1ea479f what lies behind the bytes that the device wrote is nobody's */
	*written = (uint32_t)n - 1;
	if (*written)
		memcpy(result, net->cvq.writable + 1, *written);
	return ack;
}
