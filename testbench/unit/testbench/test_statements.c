// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <string.h>

#include "statements/statements.h"

#include <criterion/criterion.h>

#define HEAD "id\tside\tlevel\tlabel\tsummary\thash\tstatus\n"

Test(statements, tables)
{
	static const struct {
		const char *what, *text;
		int result;
		size_t count;
	} rows[] = {
		{"nothing", "", 0, 0},
		{"no row", HEAD, 0, 0},
		{"a row", HEAD "XO-001\tdevice\tMUST\tdn:A\tS\t0\ttestable\n", 0, 1},
		{"no newline at the end", HEAD "XO-001\tdevice\tMUST\tdn:A\tS\t0\ttestable", 0, 1},
		{"empty columns", HEAD "XO-001\t\t\t\t\t\t\n", 0, 1},
		{"a column too few", HEAD "XO-001\tdevice\tMUST\tdn:A\tS\ttestable\n", -EPROTO, 0},
		{"a column too many", HEAD "XO-001\tdevice\tMUST\tdn:A\tS\t0\ttestable\t\n", -EPROTO, 0},
		{"an empty line", HEAD "\nXO-001\tdevice\tMUST\tdn:A\tS\t0\ttestable\n", -EPROTO, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct statements list;
		int result = statements_parse(&list, rows[i].text, strlen(rows[i].text));

		cr_expect_eq(result, rows[i].result, "%s: %d", rows[i].what, result);
		cr_expect_eq(list.count, rows[i].count, "%s: %zu rows", rows[i].what, list.count);
		statements_close(&list);
	}
}

Test(statements, built_in)
{
	struct statements list;
	const struct statement *s;

	cr_assert_eq(statements_open(&list), 0);
	s = statements_find(&list, "VN-f2dc5573");
	cr_assert(s);
	cr_expect_str_eq(s->side, "device");
	cr_expect_str_eq(s->level, "MUST");
	cr_expect_str_eq(s->status, "testable");
	cr_expect_not(statements_find(&list, "VN-f2dc557"));
	cr_expect_str_eq(list.rows[0].id, "XO-001");
	statements_close(&list);
}

Test(statements, ids_in_names)
{
	static const struct {
		const char *name, *ids;
	} rows[] = {
		{"VN_f2dc5573", "VN-f2dc5573 "},
		{"XO_001", "XO-001 "},
		{"VN_f2dc5573_2", "VN"
				  "-f2dc5573-2 "},
		{"VN_f2dc5573_driver", "VN-f2dc5573 "},
		{"VN_f2dc5573_2nd", "VN-f2dc5573 "},
		{"packed_XO_012", "XO-012 "},
		{"XO_012_XO_013", "XO-012 XO-013 "},
		{"VN_f2dc557", ""},
		{"VN_f2dc5573a", ""},
		{"AVN_f2dc5573", ""},
		{"XO_", ""},
		{"XO_12a", ""},
		{"", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char id[STATEMENT_ID_BYTES], all[64] = "";
		const char *at = rows[i].name;

		while (statements_next_id(&at, id)) {
			strcat(all, id);
			strcat(all, " ");
		}
		cr_expect_str_eq(all, rows[i].ids, "%s: \"%s\" instead of \"%s\"", rows[i].name, all, rows[i].ids);
	}
}
