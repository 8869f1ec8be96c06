// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <string.h>

#include "statements/suite.h"

#include <criterion/criterion.h>

#define HEAD "id\tside\tlevel\tlabel\tsummary\thash\tstatus\n"
#define ROW  "XO-001\tdevice\tMUST\tdn:A\tS\t0\ttestable\n"

#define TESTED(name, status, ...)                                                                                      \
	"{\"name\": \"" name "\", \"status\": \"" status "\", \"messages\": [" __VA_ARGS__ "]}"
#define REPORT(...) "{\"test_suites\": [{\"name\": \"XO\", \"tests\": [" __VA_ARGS__ "]}]}"

static void take(struct suite *suite, const char *report, int expected)
{
	json_t *root = json_loads(report, 0, NULL);
	int result;

	cr_assert(root, "%s", report);
	result = suite_take(suite, root);
	cr_expect_eq(result, expected, "%s: %d", report, result);
	json_decref(root);
}

/* What a statement's tests make of it. */
Test(suite, verdicts)
{
	static const struct {
		const char *report;
		enum suite_result result;
		const char *why;
	} rows[] = {
		{REPORT(TESTED("XO_001", "PASSED")), SUITE_PASS, ""},
		{REPORT(TESTED("XO_001", "FAILED", "\"a\", \"b\"")), SUITE_FAIL, "a\nb"},
		{REPORT(TESTED("XO_001", "ERRORED", "\"The test crashed.\"")), SUITE_FAIL, "The test crashed."},
		{REPORT(TESTED("XO_001", "SKIPPED", "\"no MQ\"")), SUITE_SKIPPED, "no MQ"},
		{REPORT(TESTED("XO_001", "PASSED") "," TESTED("XO_001_b", "FAILED", "\"a\"")), SUITE_FAIL, "a"},
		{REPORT(TESTED("XO_001", "FAILED", "\"a\"") "," TESTED("XO_001_b", "PASSED")), SUITE_FAIL, "a"},
		{REPORT(TESTED("XO_001", "SKIPPED", "\"a\"") "," TESTED("XO_001_b", "PASSED")), SUITE_PASS, ""},
		{REPORT(TESTED("XO_001", "PASSED") "," TESTED("XO_001_b", "SKIPPED", "\"a\"")), SUITE_PASS, ""},
		{REPORT(TESTED("XO_001", "SKIPPED", "\"a\"") "," TESTED("XO_001_b", "FAILED", "\"b\"")), SUITE_FAIL,
		 "b"},
		{REPORT(TESTED("XO_001", "SKIPPED", "\"The test was skipped.\"")), SUITE_SKIPPED,
		 "no test of the suite can see it from outside of the device"},
		{REPORT(TESTED("XO_002", "FAILED", "\"a\"")), SUITE_SKIPPED,
		 "no test of the suite can see it from outside of the device"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct statements list;
		struct suite suite;

		cr_assert_eq(statements_parse(&list, HEAD ROW, strlen(HEAD ROW)), 0);
		cr_assert_eq(suite_init(&suite, &list), 0);
		suite.chosen[0] = true;
		take(&suite, rows[i].report, 0);
		cr_expect_eq(suite.verdicts[0].result, rows[i].result, "%s: %s", rows[i].report,
			     suite_result_name(suite.verdicts[0].result));
		cr_expect_str_eq(suite_why(&suite.verdicts[0]), rows[i].why, "%s: %s", rows[i].report,
				 suite_why(&suite.verdicts[0]));
		suite_close(&suite);
		statements_close(&list);
	}
}

Test(suite, reasons_of_the_table)
{
	static const char table[] = HEAD "XO-001\tdevice\tMUST\tdn:A\tS\t0\tuntestable: nobody sees it\n"
					 "XO-002\tdevice\tMUST\tdn:A\tS\t0\ttestable; later: device parts\n"
					 "XO-003\tdevice\tMUST\tdn:A\tS\t0\ttestable\n";
	struct statements list;
	struct suite suite;

	cr_assert_eq(statements_parse(&list, table, strlen(table)), 0);
	cr_assert_eq(suite_init(&suite, &list), 0);
	suite.chosen[0] = suite.chosen[1] = true;
	take(&suite, REPORT(TESTED("XO_003", "FAILED", "\"a\"")), 0);
	cr_expect_str_eq(suite_why(&suite.verdicts[0]), "untestable: nobody sees it");
	cr_expect_str_eq(suite_why(&suite.verdicts[1]), "later: device parts");
	cr_expect_eq(suite.verdicts[2].tests, 0, "a statement that nobody asked for was judged");
	suite_close(&suite);
	statements_close(&list);
}

/* Reports that are none, programs that are none, and those that say nothing. */
Test(suite, no_report)
{
	struct statements list;
	struct suite suite;

	cr_assert_eq(statements_parse(&list, HEAD ROW, strlen(HEAD ROW)), 0);
	cr_assert_eq(suite_init(&suite, &list), 0);
	suite.chosen[0] = true;
	take(&suite, "{}", -EPROTO);
	take(&suite, "{\"test_suites\": 5}", -EPROTO);
	take(&suite, "{\"test_suites\": [5, {\"tests\": [5, {\"name\": 5}]}]}", 0);
	cr_expect_eq(suite_run(&suite, "/nowhere/conform"), -ENOENT, "%s", suite.error);
	cr_expect(strstr(suite.error, "/nowhere/conform"), "%s", suite.error);
	cr_expect_eq(suite_run(&suite, "/bin/false"), -EPROTO, "%s", suite.error);
	suite_close(&suite);
	statements_close(&list);
}
