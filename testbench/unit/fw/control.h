/* SPDX-License-Identifier: BSD-2-Clause */
/* Firmware under test: opened with defaults, spoken to in commands, its answers taken apart. */
#ifndef UNIT_CONTROL_H
#define UNIT_CONTROL_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fw.h"
#include "virtio_net_xdp.h"
#include "words.h"

#define CONTROL_OUT_BYTES 70000
#define CONTROL_CANARY    0xa5

struct control {
	struct fw *fw;
	void *arena;
	size_t arena_bytes;
	char line[256]; /* the last one to the operator */
	uint8_t out[CONTROL_OUT_BYTES];
	size_t written;
	uint32_t detail;
};

static inline void control_log(void *ctx, const char *line)
{
	struct control *c = ctx;

	snprintf(c->line, sizeof(c->line), "%s", line);
}

static const struct fw_platform control_platform = {.log = control_log};

/* Interpreted, since these tests are not about engines. */
static inline struct fw_config control_config(void)
{
	struct fw_config config = {
		.engine = FW_ENGINE_INTERP,
		.seed = 1,
		.num_queues = 2,
		.mtu = 1500,
		.platform = &control_platform,
	};

	fw_caps_default(&config.caps);
	return config;
}

static inline struct control *control_open(const struct fw_config *config)
{
	struct fw_config own = config ? *config : control_config();
	struct control *c = calloc(1, sizeof(*c));

	cr_assert(c);
	own.platform_ctx = c;
	c->arena_bytes = fw_arena_bytes(&own.caps);
	c->arena =
		mmap(NULL, c->arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	cr_assert(c->arena != MAP_FAILED);
	c->fw = fw_init(c->arena, c->arena_bytes, &own);
	cr_assert(c->fw);
	return c;
}

static inline void control_close(struct control *c)
{
	fw_exit(c->fw);
	munmap(c->arena, c->arena_bytes);
	free(c);
}

static inline bool control_untouched(const uint8_t *p, size_t bytes)
{
	return !bytes || (p[0] == CONTROL_CANARY && memcmp(p, p + 1, bytes - 1) == 0);
}

/* Sends with room bytes for the result, none of which may be exceeded. Returns the status, or 0xffff if none was
 * written. */
static inline unsigned control_send(struct control *c, unsigned command, const void *in, size_t in_bytes, size_t room)
{
	struct virtio_net_xdp_result result;
	unsigned status;
	uint8_t ack;

	cr_assert_leq(room, sizeof(c->out));
	memset(c->out, CONTROL_CANARY, sizeof(c->out));
	ack = fw_command(c->fw, (uint8_t)command, in, in_bytes, c->out, room, &c->written);
	cr_assert_leq(c->written, room, "command %u", command);
	cr_assert(control_untouched(c->out + c->written, sizeof(c->out) - c->written),
		  "command %u wrote more than %zu bytes", command, c->written);
	if (!c->written) {
		cr_assert_eq(ack, VIRTIO_NET_ERR);
		return 0xffff;
	}
	memcpy(&result, c->out, sizeof(result));
	status = le16_to_cpu(result.status);
	c->detail = le32_to_cpu(result.detail);
	cr_assert_eq(ack, status ? VIRTIO_NET_ERR : VIRTIO_NET_OK, "command %u", command);
	cr_assert_eq(le16_to_cpu(result.reserved), 0, "command %u", command);
	if (status)
		cr_assert_eq(c->written, sizeof(result), "command %u: a refusal is its header", command);
	return status;
}

/* With all the room there is. */
static inline unsigned control_do(struct control *c, unsigned command, const void *in, size_t in_bytes)
{
	return control_send(c, command, in, in_bytes, sizeof(c->out));
}

static inline uint32_t control_word(const struct control *c, size_t offset)
{
	le32 word;

	memcpy(&word, c->out + offset, sizeof(word));
	return le32_to_cpu(word);
}

static inline unsigned control_prog_create(struct control *c, uint32_t id, uint32_t bytes, uint32_t flags)
{
	struct virtio_net_xdp_prog_create request = {
		.id = cpu_to_le32(id),
		.bytes = cpu_to_le32(bytes),
		.flags = cpu_to_le32(flags),
		.name = "name",
		.tag = {1, 2, 3, 4, 5, 6, 7, 8},
	};

	return control_do(c, VIRTIO_NET_CTRL_XDP_PROG_CREATE, &request, sizeof(request));
}

static inline unsigned control_prog_write(struct control *c, uint32_t id, uint32_t offset, const void *data,
					  size_t bytes)
{
	size_t total = sizeof(struct virtio_net_xdp_prog_write) + bytes;
	struct virtio_net_xdp_prog_write *request = calloc(1, total);
	unsigned status;

	request->id = cpu_to_le32(id);
	request->offset = cpu_to_le32(offset);
	if (bytes)
		memcpy(request->data, data, bytes);
	status = control_do(c, VIRTIO_NET_CTRL_XDP_PROG_WRITE, request, total);
	free(request);
	return status;
}

static inline unsigned control_prog_commit(struct control *c, uint32_t id, uint32_t log_level)
{
	struct virtio_net_xdp_prog_commit request = {cpu_to_le32(id), cpu_to_le32(log_level)};

	return control_do(c, VIRTIO_NET_CTRL_XDP_PROG_COMMIT, &request, sizeof(request));
}

/* A command whose request is one id. */
static inline unsigned control_id(struct control *c, unsigned command, uint32_t id)
{
	le32 request = cpu_to_le32(id);

	return control_do(c, command, &request, sizeof(request));
}

/* PROG_INFO. */
static inline struct virtio_net_xdp_prog_info_result control_prog_info(struct control *c, uint32_t id)
{
	struct virtio_net_xdp_prog_info_result info;

	cr_assert_eq(control_id(c, VIRTIO_NET_CTRL_XDP_PROG_INFO, id), VIRTIO_NET_XDP_OK);
	cr_assert_eq(c->written, sizeof(info));
	memcpy(&info, c->out, sizeof(info));
	return info;
}

/* Uploads words and commits. */
static inline void control_upload(struct control *c, uint32_t id, const uint64_t *words, size_t count)
{
	cr_assert_eq(control_prog_create(c, id, (uint32_t)count * 8, 0), VIRTIO_NET_XDP_OK);
	cr_assert_eq(control_prog_write(c, id, 0, words, count * 8), VIRTIO_NET_XDP_OK);
	cr_assert_eq(control_prog_commit(c, id, 0), VIRTIO_NET_XDP_OK);
}

/* Uploads words and waits until they are judged. Returns VIRTIO_NET_XDP_PROG_*. */
static inline unsigned control_load(struct control *c, uint32_t id, const uint64_t *words, size_t count)
{
	control_upload(c, id, words, count);
	while (fw_poll(c->fw, 1000))
		;
	return control_prog_info(c, id).state;
}

static inline unsigned control_attach(struct control *c, uint32_t id, uint32_t old, uint32_t generation, uint32_t flags)
{
	struct virtio_net_xdp_attach request = {
		.id = cpu_to_le32(id),
		.expected_id = cpu_to_le32(old),
		.expected_generation = cpu_to_le32(generation),
		.ifindex = cpu_to_le32(7),
		.flags = cpu_to_le32(flags),
	};

	return control_do(c, VIRTIO_NET_CTRL_XDP_ATTACH, &request, sizeof(request));
}

static inline unsigned control_detach(struct control *c, uint32_t old, uint32_t generation)
{
	struct virtio_net_xdp_detach request = {cpu_to_le32(old), cpu_to_le32(generation)};

	return control_do(c, VIRTIO_NET_CTRL_XDP_DETACH, &request, sizeof(request));
}

static inline unsigned control_map_create(struct control *c, uint32_t id, uint32_t type, uint32_t key, uint32_t value,
					  uint32_t entries, uint32_t flags)
{
	struct virtio_net_xdp_map_create request = {
		.id = cpu_to_le32(id),
		.type = cpu_to_le32(type),
		.key_size = cpu_to_le32(key),
		.value_size = cpu_to_le32(value),
		.max_entries = cpu_to_le32(entries),
		.flags = cpu_to_le32(flags),
		.inner_map_id = cpu_to_le32(VIRTIO_NET_XDP_ID_NONE),
		.name = "map",
	};

	return control_do(c, VIRTIO_NET_CTRL_XDP_MAP_CREATE, &request, sizeof(request));
}

/* LOOKUP, DELETE or NEXT with key_bytes of key. */
static inline unsigned control_map_key(struct control *c, unsigned command, uint32_t id, const void *key,
				       size_t key_bytes)
{
	uint8_t request[4 + 600];
	le32 wire = cpu_to_le32(id);

	memcpy(request, &wire, 4);
	if (key_bytes)
		memcpy(request + 4, key, key_bytes);
	return control_do(c, command, request, 4 + key_bytes);
}

static inline unsigned control_map_update(struct control *c, uint32_t id, uint32_t flags, const void *key,
					  size_t key_bytes, const void *value, size_t value_bytes)
{
	uint8_t request[8 + 2048];
	struct virtio_net_xdp_map_update head = {.id = cpu_to_le32(id), .flags = cpu_to_le32(flags)};

	cr_assert_leq(key_bytes + value_bytes, 2048);
	memcpy(request, &head, 8);
	memcpy(request + 8, key, key_bytes);
	if (value_bytes)
		memcpy(request + 8 + key_bytes, value, value_bytes);
	return control_do(c, VIRTIO_NET_CTRL_XDP_MAP_UPDATE, request, 8 + key_bytes + value_bytes);
}

/* A map with 4-byte keys and 8-byte values. */
static inline unsigned control_map_set(struct control *c, uint32_t id, uint32_t key, uint64_t value)
{
	le32 k = cpu_to_le32(key);
	le64 v = cpu_to_le64(value);

	return control_map_update(c, id, 0, &k, 4, &v, 8);
}

/* The value, or the status in the upper half. */
static inline uint64_t control_map_get(struct control *c, uint32_t id, uint32_t key)
{
	le32 k = cpu_to_le32(key);
	le64 value;
	unsigned status = control_map_key(c, VIRTIO_NET_CTRL_XDP_MAP_LOOKUP, id, &k, 4);

	if (status)
		return (uint64_t)status << 32;
	cr_assert_eq(c->written, 16);
	memcpy(&value, c->out + 8, 8);
	return le64_to_cpu(value);
}

/* A frame with room around it. */
struct control_frame {
	struct fw_frame frame;
	uint8_t mem[256 + 2048 + 256];
};

static inline void control_frame(struct control_frame *f, size_t bytes)
{
	memset(f, 0, sizeof(*f));
	for (size_t i = 0; i < bytes; i++)
		f->mem[256 + i] = (uint8_t)i;
	f->frame = (struct fw_frame){
		.data = f->mem + 256,
		.data_end = f->mem + 256 + bytes,
		.data_meta = f->mem + 256,
		.hard_start = f->mem,
		.hard_end = f->mem + 256 + bytes + 256,
	};
}

#endif
