// SPDX-License-Identifier: BSD-2-Clause
#include "replay/ports.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "device-model/link_pcap.h"

int ports_add(struct ports_config *config, uint32_t ifindex)
{
	if (ifindex == PORTS_HOME)
		return -EEXIST;
	for (uint16_t i = 0; i < config->count; i++)
		if (config->ifindex[i] == ifindex)
			return -EEXIST;
	if (config->count == PORTS_MAX)
		return -ENOSPC;
	config->ifindex[config->count++] = ifindex;
	return 0;
}

void ports_file_name(char name[static PORTS_NAME_ROOM], uint16_t port)
{
	snprintf(name, PORTS_NAME_ROOM, "wire.%u.pcap", port + 2u);
}

static enum status open_port(struct net_port *port, const char *path, char *error)
{
	const struct link_pcap_config config = {.out = path};

	port->link = link_pcap_open(&config, error);
	return port->link ? STATUS_DONE : STATUS_USAGE;
}

enum status ports_open(struct ports *ports, const struct ports_config *config, uint16_t mtu, const struct outdir *dir,
		       char error[static TRACE_ERROR_BYTES])
{
	enum status status = STATUS_DONE;

	ports->count = 0;
	for (uint16_t i = 0; i < config->count && !status; i++) {
		char name[PORTS_NAME_ROOM], *path = NULL;

		ports_file_name(name, i);
		ports->at[i] = (struct net_port){.ifindex = config->ifindex[i], .mtu = mtu};
		if (dir)
			path = outdir_path(dir, name);
		if (dir && !path) {
			snprintf(error, TRACE_ERROR_BYTES, "no memory for the name of %s", name);
			status = STATUS_ENVIRONMENT;
		} else {
			status = open_port(&ports->at[i], path, error);
		}
		free(path);
		if (!status)
			ports->count++;
	}
	if (status)
		ports_close(ports);
	return status;
}

void ports_close(struct ports *ports)
{
	for (uint16_t i = 0; i < ports->count; i++)
		ports->at[i].link->ops->close(ports->at[i].link);
	ports->count = 0;
}

uint64_t ports_sent(const struct ports *ports, uint16_t port)
{
	return link_pcap_sent(ports->at[port].link);
}

int ports_flush(const struct ports *ports, char error[static TRACE_ERROR_BYTES])
{
	int err = 0;

	for (uint16_t i = 0; i < ports->count && !err; i++)
		err = link_pcap_flush(ports->at[i].link, error);
	return err;
}
