// SPDX-License-Identifier: BSD-2-Clause
#include "replay/pcap_out.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "replay/put.h"

#define MAGIC_NS      0xa1b23c4d
#define SNAP_BYTES    262144
#define LINK_ETHERNET 1
#define NS_PER_S      1000000000u

struct pcap_out {
	struct put put;
};

struct pcap_out *pcap_out_open(const char *path)
{
	struct pcap_out *out = calloc(1, sizeof(*out));

	if (!out)
		return NULL;
	if (put_open(&out->put, path)) {
		free(out);
		return NULL;
	}
	put_u32(&out->put, MAGIC_NS);
	put_u16(&out->put, 2); /* version 2.4 */
	put_u16(&out->put, 4);
	put_u32(&out->put, 0); /* UTC */
	put_u32(&out->put, 0);
	put_u32(&out->put, SNAP_BYTES);
	put_u32(&out->put, LINK_ETHERNET);
	return out;
}

void pcap_out_frame(struct pcap_out *out, uint64_t time_ns, const uint8_t *data, uint32_t bytes)
{
	put_u32(&out->put, (uint32_t)(time_ns / NS_PER_S));
	put_u32(&out->put, (uint32_t)(time_ns % NS_PER_S));
	put_u32(&out->put, bytes);
	put_u32(&out->put, bytes);
	put_bytes(&out->put, data, bytes);
}

int pcap_out_error(const struct pcap_out *out)
{
	return out ? out->put.err : 0;
}

int pcap_out_close(struct pcap_out *out)
{
	int err;

	if (!out)
		return 0;
	err = put_close(&out->put);
	free(out);
	return err;
}
