/* SPDX-License-Identifier: BSD-2-Clause */
#include "net.h"

static const struct {
	const char *name, *text;
	bool ran;
} fates[NET_FATES] = {
#define FATE(id, fate_name, fate_ran, fate_text)                                                                       \
	[NET_FATE_##id] = {.name = fate_name, .text = fate_text, .ran = fate_ran},
#include "fate.def"
#undef FATE
};

static bool known(enum net_fate fate)
{
	return (unsigned)fate < NET_FATES;
}

const char *net_fate_name(enum net_fate fate)
{
	return known(fate) ? fates[fate].name : "unknown";
}

const char *net_fate_text(enum net_fate fate)
{
	return known(fate) ? fates[fate].text : "unknown";
}

bool net_fate_ran(enum net_fate fate)
{
	return known(fate) && fates[fate].ran;
}
