/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "replay/violations.h"
#include "rig/rig.h"

/* A driver that reads a field and not the generation, and three times notifies a device that is not live. */
static struct rig *open_violated(void)
{
	const struct drv_transport *t;
	struct net_config config;
	struct rig *rig;
	uint8_t mac[6];

	rig_config_default(&config);
	config.strict = true;
	rig = rig_open(&config, NULL);
	cr_assert_not_null(rig);
	t = rig_transport(rig);
	t->ops->set_status(t->ctx, 0);
	t->ops->config_read(t->ctx, 0, mac, sizeof(mac));
	for (uint16_t i = 0; i < 3; i++)
		t->ops->notify(t->ctx, i, i);
	return rig;
}

Test(violations, printed)
{
	static const char expected[] =
		"refnic replay: the driver violates VN-e2412a3f (SHOULD), seen 1 time: a field of more than 32 bits is "
		"read, and the generation not before and after: mac is read, and the generation was not read before\n"
		"refnic replay: the driver violates VN-016e1165 (MUST NOT), seen 3 times: a notification comes before "
		"DRIVER_OK: queue 0 is notified in status 0x00\n";
	struct rig *rig = open_violated();
	struct violations v;
	char *text;
	size_t bytes;
	FILE *file = open_memstream(&text, &bytes);

	cr_assert_eq(violations_take(&v, net_strict(rig_device(rig))), 0);
	violations_print(file, &v, "replay");
	fclose(file);
	cr_expect_str_eq(text, expected);
	free(text);
	violations_free(&v);
	rig_close(rig);
}

Test(violations, as_json)
{
	struct rig *rig = open_violated();
	struct violations v;
	json_t *rows;

	cr_assert_eq(violations_take(&v, net_strict(rig_device(rig))), 0);
	rows = violations_json(&v);
	cr_assert_eq(json_array_size(rows), 2);
	cr_expect_str_eq(json_string_value(json_object_get(json_array_get(rows, 1), "id")), "VN-016e1165");
	cr_expect_eq(json_integer_value(json_object_get(json_array_get(rows, 1), "times")), 3);
	json_decref(rows);
	violations_free(&v);
	rig_close(rig);
}

Test(violations, nobody_watched)
{
	struct violations v;

	cr_assert_eq(violations_take(&v, NULL), 0);
	cr_expect_eq(v.count, 0);
	violations_free(&v);
}
