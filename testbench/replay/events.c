// SPDX-License-Identifier: BSD-2-Clause
#include "replay/events.h"

#include <errno.h>
#include <string.h>

#include "replay/maps.h"

#define ROOM_FIRST 4096
#define ROOM_MAX   ((uint32_t)8 << 20)

bool events_has_maps(const struct load_object *object)
{
	for (size_t i = 0; i < object->num_maps; i++)
		if (object->maps[i].type == VIRTIO_NET_XDP_MAP_PERF_EVENTS ||
		    object->maps[i].type == VIRTIO_NET_XDP_MAP_RINGBUF)
			return true;
	return false;
}

void events_begin(struct events *events, const struct load_object *object, FILE *file)
{
	*events = (struct events){.object = object, .file = file, .room = ROOM_FIRST};
	if (file)
		fputc('[', file);
}

static void write_hex(FILE *file, const uint8_t *bytes, uint32_t count)
{
	static const char digits[] = "0123456789abcdef";

	for (uint32_t i = 0; i < count; i++) {
		fputc(digits[bytes[i] >> 4], file);
		fputc(digits[bytes[i] & 15], file);
	}
}

static void write_event(void *ctx, const struct drv_xdp_event *event)
{
	struct events *events = ctx;
	const char *name = event->map_id < events->object->num_maps ? events->object->maps[event->map_id].name : "";
	FILE *file = events->file;

	if (file) {
		fputs(events->count ? ",\n  {\"map\": " : "\n  {\"map\": ", file);
		maps_write_name(file, name);
		fprintf(file, ", \"queue\": %u, \"lost\": %u, \"data\": \"", event->rx_queue_index, event->lost);
		write_hex(file, event->data, event->bytes);
		fputs("\"}", file);
	}
	if (events->of_map && event->map_id < events->object->num_maps)
		events->of_map[event->map_id]++;
	events->count++;
}

int events_take(struct events *events, struct drv_net *net, char error[static LOAD_ERROR_BYTES])
{
	struct drv_xdp_error e = {0};
	uint32_t left = 0;

	do {
		uint64_t before = events->count;
		int err = drv_xdp_event_get(net, UINT32_MAX, events->room, write_event, events, &left, &e);

		if (!err && left && events->count == before) {
			err = events->room == ROOM_MAX ? -EMSGSIZE : 0;
			events->room *= err ? 1 : 2;
		}
		if (err) {
			snprintf(error, LOAD_ERROR_BYTES, "the records of programs cannot be read: %s",
				 err > 0 ? drv_xdp_status_name(e.status) : strerror(-err));
			return err;
		}
	} while (left);
	return 0;
}

void events_end(struct events *events)
{
	if (events->file)
		fputs(events->count ? "\n]\n" : "]\n", events->file);
}
