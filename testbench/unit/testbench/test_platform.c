// SPDX-License-Identifier: BSD-2-Clause
/* Code memory: never writable and executable, and nothing around it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rig/rig.h"
#include "spec/wire/virtio_net.h"
#include "spec/wire/virtio_net_xdp.h"

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

/* Shared code memory. */

#if defined(__x86_64__)
static const uint8_t returns[2][8] = {{0xb8, 77, 0, 0, 0, 0xc3}, {0xb8, 78, 0, 0, 0, 0xc3}};
#define STOPPED SIGTRAP
#else
static const uint8_t returns[2][8] = {{0xa0, 0x09, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6},
				      {0xc0, 0x09, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6}};
#define STOPPED SIGILL
#endif

static int call(const struct fw_code *code)
{
	return ((int (*)(void))(uintptr_t)code->exec)();
}

static const struct fw_platform *const shared = &rig_code_platform;

/* The view that runs is never writable, what can be written never runs; where one program was another can be. */
Test(platform, shared_views)
{
	struct rig_code *c = rig_code_open(1 << 20);
	const uint8_t *first = NULL;

	cr_assert_not_null(c);
	for (int n = 0; n < 100; n++) {
		struct fw_code code;
		const uint8_t *write;

		cr_assert_eq(shared->code_alloc(c, 8, &code), 0);
		cr_assert_eq(code.bytes % 4096, 0);
		write = code.write;
		expect_permissions(write, "rw-", "written view");
		expect_permissions(code.exec, "r-x", "view that runs");
		memcpy(code.write, returns[n % 2], 8);
		cr_assert_eq(shared->code_seal(c, &code), 0);
		cr_assert_null(code.write);
		cr_assert_neq(shared->code_seal(c, &code), 0, "sealed twice");
		cr_assert_eq(call(&code), 77 + n % 2);
		cr_assert(!first || first == code.exec, "the same place again");
		first = code.exec;
		cr_assert_eq(mprotect((void *)(uintptr_t)code.exec, 4096, PROT_READ | PROT_WRITE), -1);
		shared->code_free(c, &code);
		cr_assert_null(code.exec);
		shared->code_free(c, &code);
	}
	expect_permissions(first - 1, "---", "guard before");
	expect_permissions(first + (1 << 20) - 1, "---", "what no program has had");
	expect_permissions(first + (1 << 20), "---", "guard behind");
	rig_code_close(c);
	expect_permissions(first, "none", "closed");
	rig_code_close(NULL);
}

/* Full is full, and what is given back is there again, whatever the order. */
Test(platform, shared_limit)
{
	enum { PAGES = 64 };
	struct rig_code *c = rig_code_open(PAGES * 4096);
	struct fw_code code[PAGES], more;

	cr_assert_not_null(c);
	cr_assert_eq(shared->code_alloc(c, 0, &more), -ENOMEM);
	cr_assert_eq(shared->code_alloc(c, SIZE_MAX, &more), -ENOMEM);
	cr_assert_eq(shared->code_alloc(c, PAGES * 4096 + 1, &more), -ENOMEM);
	for (int round = 0; round < 3; round++) {
		for (int n = 0; n < PAGES; n++) {
			cr_assert_eq(shared->code_alloc(c, 4096, &code[n]), 0, "page %d", n);
			memcpy(code[n].write, returns[n % 2], 8);
			shared->code_seal(c, &code[n]);
		}
		cr_assert_eq(shared->code_alloc(c, 1, &more), -ENOMEM);
		cr_assert_null(more.exec);
		for (int n = 0; n < PAGES; n++)
			cr_assert_eq(call(&code[n]), 77 + n % 2, "page %d", n);
		for (int n = round; n < PAGES; n += 2)
			shared->code_free(c, &code[n]);
		cr_assert_eq(shared->code_alloc(c, 4097, &more), -ENOMEM, "no two pages in a row");
		for (int n = 0; n < PAGES; n++)
			shared->code_free(c, &code[n]);
		cr_assert_eq(shared->code_alloc(c, PAGES * 4096, &more), 0, "all of it");
		shared->code_free(c, &more);
	}
	rig_code_close(c);
}

/* Too little for a page, or no memory that is shared: each program has its own. */
Test(platform, shared_falls_back)
{
	struct rig_code *rows[] = {rig_code_open(0), NULL};

	for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
		struct fw_code code;

		cr_assert_eq(shared->code_alloc(rows[n], 8, &code), 0);
		expect_permissions(code.exec, "---", "own code memory");
		memcpy(code.write, returns[0], 8);
		cr_assert_eq(shared->code_seal(rows[n], &code), 0);
		cr_assert_eq(call(&code), 77);
		shared->code_free(rows[n], &code);
	}
	rig_code_close(rows[0]);
}

Test(platform, what_is_freed_stops, .signal = STOPPED)
{
	struct rig_code *c = rig_code_open(1 << 20);
	struct fw_code code, old;

	cr_assert_eq(shared->code_alloc(c, 8, &code), 0);
	old = code;
	memcpy(code.write, returns[0], 8);
	shared->code_seal(c, &code);
	shared->code_free(c, &code);
	call(&old);
}

Test(platform, shared_code_is_not_written, .signal = SIGSEGV)
{
	struct rig_code *c = rig_code_open(1 << 20);
	struct fw_code code;

	cr_assert_eq(shared->code_alloc(c, 16, &code), 0);
	*(volatile uint8_t *)(uintptr_t)code.exec = 0xcc;
}

/* Firmware out of such memory. */

static struct fw *firmware(struct rig_code *code)
{
	struct fw_config config = {.num_queues = 1, .mtu = 1500, .platform = shared, .platform_ctx = code};
	size_t bytes;
	void *arena;

	fw_caps_default(&config.caps);
	bytes = fw_arena_bytes(&config.caps);
	arena = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return arena == MAP_FAILED ? NULL : fw_init(arena, bytes, &config);
}

static void command(struct fw *fw, uint8_t cmd, const void *in, size_t bytes, void *out, size_t room)
{
	size_t written;

	memset(out, 0xff, room);
	fw_command(fw, cmd, in, bytes, out, room, &written);
}

/* The state of program id: {R0 = 2; exit}, uploaded, verified and compiled; and the error, if it is refused. */
static uint8_t load(struct fw *fw, uint32_t id, uint32_t *error)
{
	static const uint8_t pass[] = {0xb7, 0, 0, 0, 2, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0};
	struct virtio_net_xdp_prog_create create = {.id = cpu_to_le32(id), .bytes = cpu_to_le32(sizeof(pass))};
	struct {
		struct virtio_net_xdp_prog_write head;
		uint8_t data[sizeof(pass)];
	} write = {.head = {.id = cpu_to_le32(id)}};
	const struct virtio_net_xdp_prog_commit commit = {.id = cpu_to_le32(id)};
	struct virtio_net_xdp_prog_info_result info;

	memcpy(write.data, pass, sizeof(pass));
	command(fw, VIRTIO_NET_CTRL_XDP_PROG_CREATE, &create, sizeof(create), &info, sizeof(info));
	command(fw, VIRTIO_NET_CTRL_XDP_PROG_WRITE, &write, sizeof(write), &info, sizeof(info));
	command(fw, VIRTIO_NET_CTRL_XDP_PROG_COMMIT, &commit, sizeof(commit), &info, sizeof(info));
	while (fw_poll(fw, 1000))
		;
	command(fw, VIRTIO_NET_CTRL_XDP_PROG_INFO, &commit.id, sizeof(commit.id), &info, sizeof(info));
	*error = le32_to_cpu(info.error);
	return info.state;
}

static void destroy(struct fw *fw, uint32_t id)
{
	const le32 which = cpu_to_le32(id);
	struct virtio_net_xdp_result result;

	command(fw, VIRTIO_NET_CTRL_XDP_PROG_DESTROY, &which, sizeof(which), &result, sizeof(result));
}

/* Of code memory that is full a guest hears what the text says; what a program leaves is the next one's. */
Test(platform, programs_beyond_the_limit)
{
	struct rig_code *code = rig_code_open(2 * 4096);
	struct fw *fw = firmware(code);
	uint32_t error;

	cr_assert(code && fw);
	for (int round = 0; round < 3; round++) {
		cr_assert_eq(load(fw, 0, &error), VIRTIO_NET_XDP_PROG_READY);
		cr_assert_eq(load(fw, 1, &error), VIRTIO_NET_XDP_PROG_READY);
		cr_assert_eq(load(fw, 2, &error), VIRTIO_NET_XDP_PROG_REFUSED);
		cr_assert_eq(error, VIRTIO_NET_XDP_VERIFY_CODE);
		destroy(fw, 2);
		destroy(fw, 0);
		cr_assert_eq(load(fw, 2, &error), VIRTIO_NET_XDP_PROG_READY);
		fw_reset(fw);
	}
	fw_exit(fw);
	rig_code_close(code);
}

/* In a process that may do nothing but end: 0 if programs came and went. */
static int load_on_our_own(void)
{
	struct fw *fw = firmware(rig_code_open(1 << 20));
	size_t bytes;
	uint32_t error;

	if (!fw || load(fw, 0, &error) != VIRTIO_NET_XDP_PROG_READY || !fw_prog_code(fw, 0, &bytes))
		return 2;
	destroy(fw, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		return 3;
	for (int n = 0; n < 50; n++) {
		if (load(fw, 0, &error) != VIRTIO_NET_XDP_PROG_READY ||
		    load(fw, 1, &error) != VIRTIO_NET_XDP_PROG_READY)
			return 4;
		destroy(fw, 0);
		destroy(fw, 1);
	}
	return 0;
}

Test(platform, commits_without_system_calls)
{
	pid_t pid = fork();
	int status;

	cr_assert_geq(pid, 0);
	if (!pid)
		syscall(SYS_exit, load_on_our_own());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
		cr_skip_test("this system knows no seccomp");
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", status);
}
