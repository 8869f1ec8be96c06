/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * As much of Criterion's interface as the firmware's unit tests use, with a C library and nothing else: for machines
 * that are emulated, where Criterion's workers cannot start. First in the include path it takes the real one's place.
 */
#ifndef PLAIN_CRITERION_H
#define PLAIN_CRITERION_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct plain_options {
	bool disabled;
	double timeout; /* seconds; ignored: emulation takes its time */
};

struct plain_test {
	const char *suite, *name;
	void (*run)(void); /* NULL: this is a suite's own row */
	struct plain_options options;
	struct plain_test *next;
};

void plain_register(struct plain_test *test);
/* Prints what did not hold; the test has failed, and ends here or goes on. */
__attribute__((noreturn)) void plain_end(const char *file, int line, const char *what, const char *format, ...);
void plain_go_on(const char *file, int line, const char *what, const char *format, ...);

#define PLAIN_ROW(row, suite_name, test_name, function, ...)                                                           \
	static struct plain_test row = {                                                                               \
		.suite = suite_name, .name = test_name, .run = function, .options = {__VA_ARGS__}};                    \
	__attribute__((constructor)) static void register_##row(void)                                                  \
	{                                                                                                              \
		plain_register(&row);                                                                                  \
	}

#define Test(suite_name, test_name, ...)                                                                               \
	static void suite_name##_##test_name##_impl(void);                                                             \
	PLAIN_ROW(plain_##suite_name##_##test_name, #suite_name, #test_name, suite_name##_##test_name##_impl,          \
		  __VA_ARGS__)                                                                                         \
	static void suite_name##_##test_name##_impl(void)

#define TestSuite(suite_name, ...)                                                                                     \
	PLAIN_ROW(plain_##suite_name, #suite_name, NULL, NULL, __VA_ARGS__)                                            \
	struct plain_test

/* The message is a literal, or there is none. */
#define PLAIN_CHECK(holds, failed, what, ...)                                                                          \
	do {                                                                                                           \
		if (!(holds))                                                                                          \
			failed(__FILE__, __LINE__, what, "" __VA_ARGS__);                                              \
	} while (0)

#define cr_assert(c, ...)           PLAIN_CHECK(c, plain_end, #c, __VA_ARGS__)
#define cr_assert_fail(...)         PLAIN_CHECK(false, plain_end, "fail", __VA_ARGS__)
#define cr_assert_not(c, ...)       PLAIN_CHECK(!(c), plain_end, "!(" #c ")", __VA_ARGS__)
#define cr_assert_null(p, ...)      PLAIN_CHECK((p) == NULL, plain_end, #p " is null", __VA_ARGS__)
#define cr_assert_not_null(p, ...)  PLAIN_CHECK((p) != NULL, plain_end, #p " is not null", __VA_ARGS__)
#define cr_assert_eq(a, b, ...)     PLAIN_CHECK((a) == (b), plain_end, #a " == " #b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...)    PLAIN_CHECK((a) != (b), plain_end, #a " != " #b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...)     PLAIN_CHECK((a) < (b), plain_end, #a " < " #b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...)    PLAIN_CHECK((a) <= (b), plain_end, #a " <= " #b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...)     PLAIN_CHECK((a) > (b), plain_end, #a " > " #b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...)    PLAIN_CHECK((a) >= (b), plain_end, #a " >= " #b, __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...) PLAIN_CHECK(strcmp((a), (b)) == 0, plain_end, #a " equals " #b, __VA_ARGS__)
#define cr_assert_str_empty(a, ...) PLAIN_CHECK(!(a)[0], plain_end, #a " is empty", __VA_ARGS__)
#define cr_assert_arr_eq(a, b, size, ...)                                                                              \
	PLAIN_CHECK(memcmp((a), (b), (size)) == 0, plain_end, #a " equals " #b, __VA_ARGS__)

#define cr_expect(c, ...)           PLAIN_CHECK(c, plain_go_on, #c, __VA_ARGS__)
#define cr_expect_not(c, ...)       PLAIN_CHECK(!(c), plain_go_on, "!(" #c ")", __VA_ARGS__)
#define cr_expect_null(p, ...)      PLAIN_CHECK((p) == NULL, plain_go_on, #p " is null", __VA_ARGS__)
#define cr_expect_not_null(p, ...)  PLAIN_CHECK((p) != NULL, plain_go_on, #p " is not null", __VA_ARGS__)
#define cr_expect_eq(a, b, ...)     PLAIN_CHECK((a) == (b), plain_go_on, #a " == " #b, __VA_ARGS__)
#define cr_expect_neq(a, b, ...)    PLAIN_CHECK((a) != (b), plain_go_on, #a " != " #b, __VA_ARGS__)
#define cr_expect_lt(a, b, ...)     PLAIN_CHECK((a) < (b), plain_go_on, #a " < " #b, __VA_ARGS__)
#define cr_expect_leq(a, b, ...)    PLAIN_CHECK((a) <= (b), plain_go_on, #a " <= " #b, __VA_ARGS__)
#define cr_expect_gt(a, b, ...)     PLAIN_CHECK((a) > (b), plain_go_on, #a " > " #b, __VA_ARGS__)
#define cr_expect_geq(a, b, ...)    PLAIN_CHECK((a) >= (b), plain_go_on, #a " >= " #b, __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...) PLAIN_CHECK(strcmp((a), (b)) == 0, plain_go_on, #a " equals " #b, __VA_ARGS__)
#define cr_expect_str_empty(a, ...) PLAIN_CHECK(!(a)[0], plain_go_on, #a " is empty", __VA_ARGS__)
#define cr_expect_arr_eq(a, b, size, ...)                                                                              \
	PLAIN_CHECK(memcmp((a), (b), (size)) == 0, plain_go_on, #a " equals " #b, __VA_ARGS__)

#endif
