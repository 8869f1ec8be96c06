// SPDX-License-Identifier: BSD-2-Clause
#include "oracle/tunnel.h"

#include <stdbool.h>
#include <string.h>

#define ETH_BYTES 14
#define IP_BYTES  20

enum { IP_IN_IP, GRE_KEY, GRE_ETHERNET, VXLAN, GUE, GUE_DIRECT };

/* Between the outer IPv4 header and what is carried. */
struct shim {
	uint8_t bytes[16];
	uint32_t count;
	uint8_t protocol; /* of the outer header */
	bool whole;       /* the Ethernet frame is carried, not the packet in it */
};

static void put(struct shim *shim, uint8_t high, uint8_t low)
{
	shim->bytes[shim->count++] = high;
	shim->bytes[shim->count++] = low;
}

static void put_udp(struct shim *shim, uint16_t port)
{
	shim->protocol = 17;
	put(shim, 0xc0, 0x01);
	put(shim, (uint8_t)(port >> 8), (uint8_t)port);
	put(shim, 0, 0); /* a length that nobody looks at, and no checksum */
	put(shim, 0, 0);
}

/* What an IP packet with this first byte is in an IP header's protocol. */
static uint8_t protocol_of(const uint8_t *frame)
{
	return frame[12] == 0x08 ? 4 : 41;
}

static void make(struct shim *shim, uint32_t kind, const uint8_t *frame)
{
	switch (kind) {
	case IP_IN_IP:
		shim->protocol = protocol_of(frame);
		break;
	case GRE_KEY:
	case GRE_ETHERNET:
		shim->protocol = 47;
		shim->whole = kind == GRE_ETHERNET;
		put(shim, kind == GRE_KEY ? 0x20 : 0, 0);
		put(shim, shim->whole ? 0x65 : frame[12], shim->whole ? 0x58 : frame[13]);
		if (kind == GRE_KEY) {
			put(shim, 0, 1);
			put(shim, 2, 3);
		}
		break;
	case GUE:
		put_udp(shim, 6080);
		put(shim, 0, protocol_of(frame));
		put(shim, 0, 0);
		break;
	case GUE_DIRECT:
		put_udp(shim, 6080);
		break;
	default:
		put_udp(shim, 4789);
		shim->whole = true;
		put(shim, 0x08, 0);
		put(shim, 0, 0);
		put(shim, 0, 42);
		put(shim, 7, 0);
	}
}

uint32_t tunnel_wrap(uint8_t *frame, uint32_t bytes, uint32_t kind)
{
	bool ip = (frame[12] == 0x08 && frame[13] == 0x00) || (frame[12] == 0x86 && frame[13] == 0xdd);
	uint8_t outer[ETH_BYTES + IP_BYTES] = {[ETH_BYTES] = 0x45, [ETH_BYTES + 8] = 64};
	struct shim shim = {.count = 0};
	uint32_t skipped, before;

	make(&shim, ip ? kind : VXLAN, frame);
	skipped = shim.whole ? 0 : ETH_BYTES;
	before = (uint32_t)sizeof(outer) + shim.count;
	memcpy(outer, frame, 12);
	outer[12] = 0x08;
	outer[ETH_BYTES + 9] = shim.protocol;
	memcpy(outer + ETH_BYTES + 12, (const uint8_t[]){10, 9, 0, 1, 10, 9, 0, 2}, 8);
	memmove(frame + before, frame + skipped, bytes - skipped);
	memcpy(frame, outer, sizeof(outer));
	memcpy(frame + sizeof(outer), shim.bytes, shim.count);
	return before + bytes - skipped;
}
