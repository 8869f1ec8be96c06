// SPDX-License-Identifier: BSD-2-Clause
/* Code memory: never writable and executable, and nothing around it. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "rig/rig.h"

/* The permissions of the mapping that holds p, as in "r-xp"; "none" if there is none. */
static void permissions(const void *p, char perms[5])
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long from, to;
	char line[512], found[5];

	cr_assert_not_null(maps);
	strcpy(perms, "none");
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %4s", &from, &to, found) == 3 && from <= (uintptr_t)p && (uintptr_t)p < to)
			memcpy(perms, found, sizeof(found));
	fclose(maps);
}

static void expect_permissions(const void *p, const char *want, const char *what)
{
	char perms[5];

	permissions(p, perms);
	cr_assert_eq(strncmp(perms, want, strlen(want)), 0, "%s: %s, expected %s", what, perms, want);
}

Test(platform, writable_then_executable)
{
	static const size_t sizes[] = {1, 4095, 4096, 4097, 1000000};

	for (size_t n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
		struct fw_code code;
		const uint8_t *exec, *write, *guard;

		cr_assert_eq(rig_platform.code_alloc(NULL, sizes[n], &code), 0);
		cr_assert_geq(code.bytes, sizes[n]);
		cr_assert_eq(code.bytes % 4096, 0);
		exec = code.exec;
		write = code.write;
		guard = exec + code.bytes;
		expect_permissions(write, "rw-", "written view, before");
		expect_permissions(exec, "---", "executed view, before");
		for (size_t i = 0; i < code.bytes; i++)
			cr_assert_eq(code.write[i], 0, "byte %zu of %zu", i, code.bytes);
		memset(code.write, 0xc3, code.bytes);

		cr_assert_eq(rig_platform.code_seal(NULL, &code), 0);
		cr_assert_null(code.write);
		cr_assert_eq(code.exec, exec);
		expect_permissions(exec, "r-x", "executed view, after");
		expect_permissions(exec - 1, "---", "guard before");
		expect_permissions(guard, "---", "guard behind");
		for (size_t i = 0; i < code.bytes; i++)
			cr_assert_eq(exec[i], 0xc3, "byte %zu of %zu", i, code.bytes);

		rig_platform.code_free(NULL, &code);
		cr_assert_null(code.exec);
	}
}

/* The host's instruction that returns, so that code memory is known to run. */
Test(platform, code_runs)
{
	struct fw_code code;

	cr_assert_eq(rig_platform.code_alloc(NULL, 16, &code), 0);
#if defined(__x86_64__)
	memcpy(code.write, "\xc3", 1);
#elif defined(__aarch64__)
	memcpy(code.write, "\xc0\x03\x5f\xd6", 4);
#else
	cr_skip_test("no code for this machine");
#endif
	cr_assert_eq(rig_platform.code_seal(NULL, &code), 0);
	((void (*)(void))(uintptr_t)code.exec)();
	rig_platform.code_free(NULL, &code);
}

Test(platform, sealed_code_is_not_written, .signal = SIGSEGV)
{
	struct fw_code code;

	cr_assert_eq(rig_platform.code_alloc(NULL, 16, &code), 0);
	cr_assert_eq(rig_platform.code_seal(NULL, &code), 0);
	*(volatile uint8_t *)(uintptr_t)code.exec = 0xcc;
}

Test(platform, unsealed_code_does_not_run, .signal = SIGSEGV)
{
	struct fw_code code;

	cr_assert_eq(rig_platform.code_alloc(NULL, 16, &code), 0);
	code.write[0] = 0xc3;
	((void (*)(void))(uintptr_t)code.exec)();
}

Test(platform, misuse)
{
	struct fw_code code = {0};

	cr_assert_neq(rig_platform.code_alloc(NULL, 0, &code), 0);
	cr_assert_neq(rig_platform.code_alloc(NULL, SIZE_MAX, &code), 0);
	cr_assert_neq(rig_platform.code_seal(NULL, &code), 0);
	rig_platform.code_free(NULL, &code);
	cr_assert_eq(rig_platform.code_alloc(NULL, 1, &code), 0);
	rig_platform.code_free(NULL, &code);
	rig_platform.code_free(NULL, &code);
	cr_assert_eq(rig_platform.code_alloc(NULL, 1, &code), 0);
	cr_assert_eq(rig_platform.code_seal(NULL, &code), 0);
	cr_assert_neq(rig_platform.code_seal(NULL, &code), 0, "sealed twice");
	rig_platform.code_free(NULL, &code);
}
