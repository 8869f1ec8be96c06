// SPDX-License-Identifier: BSD-2-Clause
#include "replay/routes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/file.h"

#define FILE_BYTES_MAX ((size_t)256 << 20)
#define TEXT_BYTES     64 /* of the longest prefix */

__attribute__((format(printf, 2, 3))) static int refuse(char *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, LOAD_ERROR_BYTES, format, args);
	va_end(args);
	return -EINVAL;
}

/* The field's text; NULL: it is not there (*err 0) or no string (*err set). */
static const char *text_of(const json_t *json, const char *name, size_t index, int *err, char *error)
{
	const json_t *field = json_object_get(json, name);

	*err = 0;
	if (field && !json_is_string(field))
		*err = refuse(error, "route %zu: \"%s\" is no text", index, name);
	return json_string_value(field);
}

/* A number from 0 to 0xffffffff; what is not there is 0. */
static int parse_number(const json_t *json, const char *name, size_t index, le32 *number, char *error)
{
	const json_t *field = json_object_get(json, name);
	json_int_t value = json_integer_value(field);

	if (field && (!json_is_integer(field) || value < 0 || value > UINT32_MAX))
		return refuse(error, "route %zu: \"%s\" is no number from 0 to 4294967295", index, name);
	*number = cpu_to_le32((uint32_t)value);
	return 0;
}

/* Bytes of the address that text is, 0: none. */
static uint32_t parse_address(const char *text, uint8_t address[16])
{
	if (inet_pton(AF_INET, text, address) == 1)
		return 4;
	return inet_pton(AF_INET6, text, address) == 1 ? 16 : 0;
}

static int parse_prefix(const json_t *json, size_t index, struct route *route, char *error)
{
	int err;
	const char *text = text_of(json, "prefix", index, &err, error), *slash;
	char address[TEXT_BYTES] = "", *end;
	unsigned long bits;

	if (err)
		return err;
	slash = text ? strchr(text, '/') : NULL;
	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return refuse(error, "route %zu: a \"prefix\" as in \"10.0.0.0/8\" or \"2001:db8::/32\" was expected",
			      index);
	memcpy(address, text, (size_t)(slash - text));
	route->address_bytes = parse_address(address, route->key.address);
	if (!route->address_bytes)
		return refuse(error, "route %zu: %s is no IPv4 or IPv6 address", index, address);
	bits = strtoul(slash + 1, &end, 10);
	if (slash[1] < '0' || slash[1] > '9' || *end || bits > route->address_bytes * 8)
		return refuse(error, "route %zu: /%.20s: a length from 0 to %u was expected", index, slash + 1,
			      route->address_bytes * 8);
	route->key.bits = cpu_to_le32((uint32_t)bits);
	for (uint32_t bit = (uint32_t)bits; bit < route->address_bytes * 8; bit++)
		if (route->key.address[bit / 8] >> (7 - bit % 8) & 1)
			return refuse(error, "route %zu: %s has bits behind the %lu of its prefix", index, address,
				      bits);
	return 0;
}

/* What is not there is zero. */
static int parse_mac(const json_t *json, const char *name, size_t index, u8 mac[6], char *error)
{
	int err, used = 0;
	const char *text = text_of(json, name, index, &err, error);
	unsigned byte[6];

	if (err || !text)
		return err;
	if (strlen(text) != 17 ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &byte[0], &byte[1], &byte[2], &byte[3], &byte[4], &byte[5],
		   &used) != 6 ||
	    used != 17 || strspn(text, "0123456789abcdefABCDEF:") != 17)
		return refuse(error, "route %zu: \"%s\": an address as in \"02:00:00:00:00:01\" was expected", index,
			      name);
	for (int i = 0; i < 6; i++)
		mac[i] = (u8)byte[i];
	return 0;
}

static int parse_gateway(const json_t *json, size_t index, struct route *route, char *error)
{
	int err;
	const char *text = text_of(json, "gateway", index, &err, error);
	uint8_t address[16] = {0};

	if (err || !text)
		return err;
	if (parse_address(text, address) != route->address_bytes)
		return refuse(error, "route %zu: \"gateway\": %.60s is no address of the prefix's family", index, text);
	memcpy(route->value.gateway, address, sizeof(address));
	return 0;
}

static int parse_result(const json_t *json, size_t index, struct route *route, char *error)
{
	static const char *const results[] = {NULL, "blackhole", "unreachable", "prohibit"};
	int err;
	const char *text = text_of(json, "result", index, &err, error);

	if (err)
		return err;
	if (!text)
		return json_object_get(json, "ifindex") ? 0 : refuse(error, "route %zu has no \"ifindex\"", index);
	for (size_t i = 1; i < sizeof(results) / sizeof(results[0]); i++)
		if (strcmp(text, results[i]) == 0) {
			route->value.result = (u8)i;
			return 0;
		}
	return refuse(error, "route %zu: \"result\": %.60s; blackhole, unreachable or prohibit was expected", index,
		      text);
}

static bool is_known(const char *name)
{
	static const char *const names[] = {"prefix", "ifindex", "smac", "dmac", "mtu", "gateway", "result"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static int parse_route(json_t *json, size_t index, struct route *route, char *error)
{
	const char *name;
	json_t *field;
	int err;

	if (!json_is_object(json))
		return refuse(error, "route %zu is no object {\"prefix\": \"10.0.0.0/8\", \"ifindex\": 2, ...}", index);
	json_object_foreach(json, name, field)
	{
		if (!is_known(name))
			return refuse(error,
				      "route %zu has \"%.40s\"; prefix, ifindex, smac, dmac, mtu, gateway and result "
				      "were expected",
				      index, name);
	}
	err = parse_prefix(json, index, route, error);
	if (!err)
		err = parse_number(json, "ifindex", index, &route->value.ifindex, error);
	if (!err)
		err = parse_number(json, "mtu", index, &route->value.mtu, error);
	if (!err)
		err = parse_mac(json, "smac", index, route->value.smac, error);
	if (!err)
		err = parse_mac(json, "dmac", index, route->value.dmac, error);
	if (!err)
		err = parse_gateway(json, index, route, error);
	if (!err)
		err = parse_result(json, index, route, error);
	return err;
}

int routes_parse(const char *text, size_t bytes, struct route **routes, size_t *count,
		 char error[static LOAD_ERROR_BYTES])
{
	json_error_t where;
	json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &where);
	int err = 0;

	*routes = NULL;
	*count = 0;
	if (!root)
		return refuse(error, "line %d is no JSON: %s", where.line, where.text);
	if (!json_is_array(root)) {
		err = refuse(error,
			     "an array of routes {\"prefix\": \"10.0.0.0/8\", \"ifindex\": 2, ...} was expected");
		goto free;
	}
	*routes = calloc(json_array_size(root) + 1, sizeof(**routes));
	if (!*routes) {
		refuse(error, "no memory for %zu routes", json_array_size(root));
		err = -ENOMEM;
		goto free;
	}
	for (; *count < json_array_size(root) && !err; ++*count)
		err = parse_route(json_array_get(root, *count), *count, &(*routes)[*count], error);
	if (err) {
		free(*routes);
		*routes = NULL;
		*count = 0;
	}
free:
	json_decref(root);
	return err;
}

/* One FIB with the routes of one family. */
static int load_family(struct drv_net *net, uint32_t id, const struct route *routes, size_t count, uint32_t bytes,
		       char *error)
{
	struct drv_xdp_map_attr attr = {
		.type = VIRTIO_NET_XDP_MAP_FIB,
		.key_size = (uint32_t)sizeof(le32) + bytes,
		.value_size = sizeof(struct virtio_net_xdp_fib_value),
		.inner_map_id = VIRTIO_NET_XDP_ID_NONE,
		.name = "fib",
	};
	struct drv_xdp_error e = {0};
	int r;

	for (size_t i = 0; i < count; i++)
		attr.max_entries += routes[i].address_bytes == bytes;
	r = drv_xdp_map_create(net, id, &attr, &e);
	if (r)
		refuse(error, "a FIB with %u routes cannot be made: %s", attr.max_entries,
		       r > 0 ? drv_xdp_status_name(e.status) : strerror(-r));
	for (size_t i = 0; i < count && !r; i++) {
		if (routes[i].address_bytes != bytes)
			continue;
		r = drv_xdp_map_update(net, id, VIRTIO_NET_XDP_UPDATE_NOEXIST, &routes[i].key, attr.key_size,
				       &routes[i].value, attr.value_size, &e);
		if (r)
			refuse(error, "route %zu: %s", i,
			       r < 0                                       ? strerror(-r)
			       : e.status == VIRTIO_NET_XDP_ERR_KEY_EXISTS ? "an earlier one has the same prefix"
									   : drv_xdp_status_name(e.status));
	}
	return r;
}

static bool has_family(const struct route *routes, size_t count, uint32_t bytes)
{
	for (size_t i = 0; i < count; i++)
		if (routes[i].address_bytes == bytes)
			return true;
	return false;
}

enum status routes_load(struct drv_net *net, uint32_t first_id, const char *path, char error[static LOAD_ERROR_BYTES])
{
	char reason[LOAD_ERROR_BYTES] = "";
	struct route *routes;
	size_t bytes, count;
	uint8_t *text;
	int r = file_read(path, FILE_BYTES_MAX, &text, &bytes);

	if (r) {
		refuse(error, "--fib %.200s: cannot read it: %s; a JSON array of routes was expected", path,
		       strerror(-r));
		return STATUS_USAGE;
	}
	r = routes_parse((const char *)text, bytes, &routes, &count, reason);
	free(text);
	if (r) {
		refuse(error, "--fib %.200s: %.280s", path, reason);
		return r == -ENOMEM ? STATUS_ENVIRONMENT : STATUS_USAGE;
	}
	if (has_family(routes, count, 4))
		r = load_family(net, first_id++, routes, count, 4, reason);
	if (!r && has_family(routes, count, 16))
		r = load_family(net, first_id, routes, count, 16, reason);
	free(routes);
	if (r)
		refuse(error, "--fib %.200s: %.280s", path, reason);
	return status_of_offload(r);
}
