// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "replay/report.h"

#include <inttypes.h>
#include <string.h>

#include "replay/json_text.h"

#define ELEMENTS_SHOWN 16
#define NAME_WIDTH     18

static json_t *fates_json(const struct replay_result *result)
{
	json_t *fates = json_object();

	for (int i = 0; i < NET_FATES; i++)
		json_object_set_new(fates, net_fate_name(i), json_integer((json_int_t)result->fates[i]));
	return fates;
}

static json_t *ports_json(const struct replay_config *config, const struct replay_result *result)
{
	json_t *ports = json_array();

	for (uint16_t i = 0; i < config->ports.count; i++)
		json_array_append_new(ports, json_pack("{s:I, s:I}", "ifindex", (json_int_t)config->ports.ifindex[i],
						       "frames", (json_int_t)result->port_frames[i]));
	return ports;
}

static json_t *base_json(const struct replay_config *config, const struct replay_result *result)
{
	json_t *root = json_object();

	json_object_set_new(root, "program", json_string(config->prog->name));
	json_object_set_new(root, "section", json_string(config->prog->section));
	json_object_set_new(root, "frames", json_integer((json_int_t)result->frames));
	json_object_set_new(root, "bytes", json_integer((json_int_t)result->bytes));
	json_object_set_new(root, "fates", fates_json(result));
	if (config->ports.count)
		json_object_set_new(root, "ports", ports_json(config, result));
	if (result->truncated_at)
		json_object_set_new(root, "truncated_at", json_integer((json_int_t)result->truncated_at));
	return root;
}

static void dump_json(FILE *file, json_t *root)
{
	json_dumpf(root, file, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
	fputc('\n', file);
	json_decref(root);
}

void report_write(FILE *file, const struct replay_config *config, const struct replay_result *result)
{
	dump_json(file, base_json(config, result));
}

static json_t *maps_json(const struct maps *maps)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *memory = open_memstream(&text, &bytes);
	json_t *json;

	if (!memory)
		return json_null();
	maps_write(memory, maps);
	fclose(memory);
	json = json_loadb(text, bytes, 0, NULL);
	free(text);
	return json ? json : json_null();
}

void report_json(FILE *file, const struct replay_config *config, const struct replay_result *result)
{
	json_t *root = base_json(config, result);
	double seconds = (double)result->elapsed_ns / 1e9;

	json_object_set_new(root, "trace", json_text(config->link.in.path));
	json_object_set_new(root, "engine", json_string(result->interpreted ? "interp" : "jit"));
	json_object_set_new(root, "instructions", json_integer(result->insns));
	json_object_set_new(root, "instructions_visited", json_integer(result->visited));
	json_object_set_new(root, "verify_ns", json_integer((json_int_t)result->verify_ns));
	json_object_set_new(root, "elapsed_ns", json_integer((json_int_t)result->elapsed_ns));
	json_object_set_new(root, "frames_per_second", json_real(seconds > 0 ? (double)result->frames / seconds : 0));
	json_object_set_new(root, "guest_frames", json_integer((json_int_t)result->guest_frames));
	json_object_set_new(root, "wire_frames", json_integer((json_int_t)result->wire_frames));
	if (result->has_records)
		json_object_set_new(root, "records", json_integer((json_int_t)result->records));
	json_object_set_new(root, "maps", maps_json(&result->maps));
	if (config->net.strict)
		json_object_set_new(root, "violations", violations_json(&result->violations));
	json_object_set_new(root, "output", json_text(config->out));
	dump_json(file, root);
}

static const char *protocol_name(uint64_t protocol)
{
	static const struct {
		uint8_t number;
		const char *name;
	} protocols[] = {
		{0, "hop-by-hop"}, {1, "ICMP"},    {2, "IGMP"},     {4, "IPIP"},      {6, "TCP"},
		{17, "UDP"},       {41, "IPv6"},   {43, "routing"}, {44, "fragment"}, {47, "GRE"},
		{50, "ESP"},       {58, "ICMPv6"}, {89, "OSPF"},    {132, "SCTP"},
	};

	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (protocols[i].number == protocol)
			return protocols[i].name;
	return NULL;
}

static bool is_zero(const uint8_t *bytes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (bytes[i])
			return false;
	return true;
}

/* 4 and 8 bytes are numbers of the program's, little-endian; anything else is bytes. */
static bool as_number(const uint8_t *bytes, uint32_t count, uint64_t *number)
{
	*number = 0;
	if (count != 4 && count != 8)
		return false;
	for (uint32_t i = count; i-- > 0;)
		*number = *number << 8 | bytes[i];
	return true;
}

/* The number that a value is, or the sum of those of all receive queues. */
static bool sum_numbers(const struct maps_dump *dump, const uint8_t *value, uint64_t *sum)
{
	uint64_t number;

	*sum = 0;
	for (uint32_t queue = 0; queue < (dump->queues ? dump->queues : 1); queue++) {
		if (!as_number(value, dump->map->value_size, &number))
			return false;
		*sum += number;
		if (dump->queues)
			value += dump->value_bytes / dump->queues;
	}
	return true;
}

static void show_bytes(char *to, size_t room, const uint8_t *bytes, uint32_t count)
{
	size_t used = 0;

	for (uint32_t i = 0; i < count && used + 6 < room; i++) {
		if (used + 9 >= room && i + 1 < count) {
			snprintf(to + used, room - used, "...");
			return;
		}
		used += (size_t)snprintf(to + used, room - used, "%s%02x", i ? " " : "", bytes[i]);
	}
}

static void show_key(char *to, size_t room, const struct maps_dump *dump, size_t i)
{
	const struct load_map *map = dump->map;
	const uint8_t *key = maps_key(dump, i);
	const char *protocol = NULL;
	uint64_t number;

	to[0] = 0;
	/* Keys of a hash are as often addresses in network order as numbers. */
	if (!maps_is_array(map) || !as_number(key, map->key_size, &number)) {
		show_bytes(to, room, key, map->key_size);
		return;
	}
	if (strstr(map->name, "proto"))
		protocol = protocol_name(number);
	if (protocol)
		snprintf(to, room, "%s", protocol);
	else
		snprintf(to, room, "%" PRIu64, number);
}

static bool holds_records(const struct load_map *map)
{
	return map->type == VIRTIO_NET_XDP_MAP_RINGBUF || map->type == VIRTIO_NET_XDP_MAP_PERF_EVENTS;
}

/* No elements, but what was taken out while frames came. */
static void show_records(FILE *file, const struct replay_config *config, uint64_t records)
{
	fprintf(file, "  %" PRIu64 " records%s\n", records,
		!records      ? ""
		: config->out ? ", which are in events.json"
			      : ", which -o DIR writes to events.json");
}

static void show_map(FILE *file, const struct replay_config *config, const struct replay_result *result,
		     const struct maps_dump *dump)
{
	const struct load_map *map = dump->map;
	bool all = !maps_is_array(map);
	size_t shown = 0, left = 0;

	fprintf(file, "\nmap %s\n", map->name);
	if (dump->unreadable) {
		fputs("  is not in maps.json: its flags say that only programs read it\n", file);
		return;
	}
	if (holds_records(map)) {
		show_records(file, config, result->map_records[map - config->object->maps]);
		return;
	}
	for (size_t i = 0; i < dump->count; i++) {
		const uint8_t *value = maps_value(dump, i);
		char key_text[64], value_text[64] = "";
		uint64_t number;

		if (!all && is_zero(value, dump->value_bytes))
			continue;
		if (shown == ELEMENTS_SHOWN) {
			left++;
			continue;
		}
		shown++;
		show_key(key_text, sizeof(key_text), dump, i);
		if (sum_numbers(dump, value, &number))
			fprintf(file, "  %-*s %10" PRIu64 "\n", NAME_WIDTH, key_text, number);
		else {
			show_bytes(value_text, sizeof(value_text), value, dump->value_bytes);
			fprintf(file, "  %-*s %s\n", NAME_WIDTH, key_text, value_text);
		}
	}
	if (!shown)
		fprintf(file, "  %s\n", all ? "empty" : "all zero");
	if (left)
		fprintf(file, "  and %zu more\n", left);
}

static void show_fates(FILE *file, const struct replay_result *result)
{
	if (!result->frames && result->selected_of)
		fprintf(file, "  of %" PRIu64 " frames read, --frames and --filter leave none\n", result->selected_of);
	else if (!result->frames)
		fputs("  the trace has no frame\n", file);
	for (int i = 0; i < NET_FATES; i++)
		if (result->fates[i])
			fprintf(file, "  %-*s %10" PRIu64 " %6.2f %%  %s\n", NAME_WIDTH, net_fate_name(i),
				result->fates[i], 100.0 * (double)result->fates[i] / (double)result->frames,
				net_fate_text(i));
}

/* What one would look at first: the frames that the program did not let pass. */
static const struct {
	enum net_fate fate;
	int action;
	const char *what;
} looks[] = {
	{NET_FATE_DROP, 1, "what the program dropped"}, {NET_FATE_TX, 3, "what it sent back"},
	{NET_FATE_REDIRECT, 4, "what it redirected"},   {NET_FATE_ABORTED, 0, "what it aborted"},
	{NET_FATE_PASS, 2, "what it passed"},
};

/* path and, behind it, file as a shell takes them: in quotes if it has to. */
static void show_path(FILE *to, const char *path, const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+,:@%";
	size_t length = strlen(path);
	bool quote = path[strspn(path, plain)] != 0;

	while (length > 1 && path[length - 1] == '/')
		length--;
	fputs(quote ? "'" : "", to);
	for (size_t i = 0; i < length; i++)
		fputs(path[i] == '\'' ? "'\\''" : (char[]){path[i], 0}, to);
	fprintf(to, "%s%s%s", *name && path[length - 1] != '/' ? "/" : "", name, quote ? "'" : "");
}

static void show_look(FILE *file, const struct replay_config *config, const struct replay_result *result)
{
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
		if (result->fates[looks[i].fate]) {
			fputs("  tshark -r ", file);
			show_path(file, config->out, "verdicts.pcapng");
			fprintf(file, " -Y 'frame.verdict.ebpf_xdp == %d'    %s\n", looks[i].action, looks[i].what);
			return;
		}
	fputs("  tshark -r ", file);
	show_path(file, config->out, "verdicts.pcapng");
	fputc('\n', file);
}

static void show_ports(FILE *file, const struct replay_config *config, const struct replay_result *result)
{
	for (uint16_t i = 0; i < config->ports.count; i++) {
		char name[PORTS_NAME_ROOM];

		ports_file_name(name, i);
		fprintf(file, "  %-15s  %10" PRIu64 " frames that left on the port with ifindex %" PRIu32 "\n", name,
			result->port_frames[i], config->ports.ifindex[i]);
	}
}

static void show_next(FILE *file, const struct replay_config *config, const struct replay_result *result)
{
	if (!config->out) {
		fprintf(file, "\nNothing was written; -o DIR keeps frames, verdicts, maps and report.\n");
		return;
	}
	fprintf(file,
		"\nin %s\n"
		"  guest.pcap       %10" PRIu64 " frames that the guest received\n"
		"  wire.pcap        %10" PRIu64 " frames that left on the wire\n",
		config->out, result->guest_frames, result->wire_frames);
	show_ports(file, config, result);
	fprintf(file, "  verdicts.pcapng  %10" PRIu64 " frames read, each with its verdict\n", result->frames);
	if (result->has_records)
		fprintf(file, "  events.json      %10" PRIu64 " records that the program wrote for the guest\n",
			result->records);
	fputs("  maps.json report.json\n", file);
	fputs("next\n", file);
	show_look(file, config, result);
	fputs("  refnic diff ", file);
	show_path(file, config->out, "");
	fputs(" OTHER    where two replays part\n", file);
}

void report_summary(FILE *file, const struct replay_config *config, const struct replay_result *result)
{
	double ns = result->frames ? (double)result->elapsed_ns / (double)result->frames : 0;

	fprintf(file, "%s: %u instructions, verified in %.2f ms, %s\n", config->prog->name, result->insns,
		(double)result->verify_ns / 1e6, result->interpreted ? "interpreted" : "compiled");
	fprintf(file, "%s: %" PRIu64 " frames, %" PRIu64 " bytes\n\n", config->link.in.path, result->frames,
		result->bytes);
	show_fates(file, result);
	for (size_t i = 0; i < result->maps.count; i++)
		show_map(file, config, result, &result->maps.dumps[i]);
	if (result->frames)
		fprintf(file, "\n%.2f Mpps, %.0f ns a frame%s\n", ns > 0 ? 1e3 / ns : 0, ns,
			config->out ? ", writing files meanwhile" : "");
	if (config->net.strict)
		fprintf(file, "\nthe driver was watched for violations of %d statements: %zu\n", (int)STRICT_ROWS,
			result->violations.count);
	show_next(file, config, result);
}
