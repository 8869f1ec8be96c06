/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* names of registers */
#include "watch.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#if WATCH_WORKS

#include <ucontext.h>
#include <unistd.h>

#define UNIT        2     /* bytes that are counted as one */
#define FAULT_WRITE 2     /* in the page fault's error code */
#define STEP        0x100 /* trap flag */

/* A signal handler has nothing but what is global. */
static struct {
	uint8_t *at;
	size_t bytes;
	uint16_t *reads;
} watch;

static void on_fault(int number, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	size_t offset = (size_t)((uint8_t *)info->si_addr - watch.at);

	if (!watch.at || offset >= watch.bytes) {
		signal(number, SIG_DFL); /* somebody else's: it comes again */
		return;
	}
	if (!(uc->uc_mcontext.gregs[REG_ERR] & FAULT_WRITE))
		watch.reads[offset / UNIT]++;
	mprotect(watch.at, watch.bytes, PROT_READ | PROT_WRITE);
	uc->uc_mcontext.gregs[REG_EFL] |= STEP;
}

static void on_step(int number, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)number;
	(void)info;
	uc->uc_mcontext.gregs[REG_EFL] &= ~STEP;
	mprotect(watch.at, watch.bytes, PROT_NONE);
}

void watch_start(uint8_t *at, size_t bytes)
{
	struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	struct sigaction step = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};

	free(watch.reads);
	watch.at = at;
	watch.bytes = bytes;
	watch.reads = calloc(bytes / UNIT, sizeof(*watch.reads));
	cr_assert_not_null(watch.reads);
	cr_assert(!sigaction(SIGSEGV, &fault, NULL) && !sigaction(SIGTRAP, &step, NULL));
	cr_assert_eq(mprotect(at, bytes, PROT_NONE), 0);
}

void watch_stop(void)
{
	mprotect(watch.at, watch.bytes, PROT_READ | PROT_WRITE);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGTRAP, SIG_DFL);
}

unsigned watch_reads(const void *p, size_t unit)
{
	size_t first = (size_t)((const uint8_t *)p - watch.at) / UNIT;
	unsigned sum = 0;

	for (size_t i = first; i < first + unit / UNIT; i++)
		sum += watch.reads[i];
	return sum;
}

#else

void watch_start(uint8_t *at, size_t bytes)
{
	(void)at;
	(void)bytes;
}

void watch_stop(void)
{
}

unsigned watch_reads(const void *p, size_t unit)
{
	(void)p;
	(void)unit;
	return 1;
}

#endif
