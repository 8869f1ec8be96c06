/* SPDX-License-Identifier: BSD-2-Clause */
/* EVENT_GET: what programs wrote for the driver. */
#include "cmd.h"
#include "map/events.h"

/* The map with the oldest record of all; *left: how many there are. NULL: none. */
static struct map *oldest(const struct fw *fw, struct events_record *record, uint64_t *left)
{
	struct map *found = NULL;

	*left = 0;
	for (uint32_t id = 0; id < fw->config.caps.max_maps; id++) {
		struct map *map = fw->maps[id];
		struct events_record candidate;

		if (!map || !events_holds(map) || !events_waiting(map))
			continue;
		*left += events_waiting(map);
		events_peek(map, &candidate);
		if (found && candidate.order > record->order)
			continue;
		found = map;
		*record = candidate;
	}
	return found;
}

uint16_t cmd_event_get(struct cmd *cmd)
{
	struct virtio_net_xdp_event_get_result result = {0};
	struct virtio_net_xdp_event_get request;
	uint8_t *to = cmd->out + sizeof(result);
	size_t room = cmd->room - sizeof(result);
	struct events_record record = {0};
	uint32_t max, count = 0;
	struct map *map;
	uint64_t left;

	mem_copy(&request, cmd->in, sizeof(request));
	max = le32_to_cpu(request.max_events);
	/* req: XO-112 */
	while ((map = oldest(cmd->fw, &record, &left)) && count < max) {
		struct virtio_net_xdp_event event = {
			.map_id = cpu_to_le32(map->id),
			.rx_queue_index = cpu_to_le32(record.queue),
			.lost = cpu_to_le32(record.lost), /* req: XO-113 */
			.bytes = cpu_to_le32(record.bytes),
		};
		uint64_t padded = ALIGN_UP((uint64_t)record.bytes, 8);

		if (sizeof(event) + padded > room)
			break;
		mem_copy(to, &event, sizeof(event));
		mem_copy(to + sizeof(event), record.data, padded); /* zeros behind the data */
		to += sizeof(event) + padded;
		room -= sizeof(event) + padded;
		events_pop(map);
		count++;
	}
	result.count = cpu_to_le32(count);
	result.left = cpu_to_le32(left > UINT32_MAX ? UINT32_MAX : (uint32_t)left);
	cmd_result(cmd, &result, sizeof(result));
	cmd->written = (size_t)(to - cmd->out);
	return VIRTIO_NET_XDP_OK;
}
