/* SPDX-License-Identifier: BSD-2-Clause */
/* What freestanding code takes from the C library elsewhere. */
#ifndef FW_STD_H
#define FW_STD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if __STDC_HOSTED__
#include <errno.h>
#else
#define ENOENT       2
#define ESRCH        3
#define E2BIG        7
#define EAGAIN       11
#define ENOMEM       12
#define EACCES       13
#define EFAULT       14
#define EBUSY        16
#define EEXIST       17
#define ENODEV       19
#define EINVAL       22
#define ENOSPC       28
#define ENOTSUP      95
#define EAFNOSUPPORT 97
#define EMEDIUMTYPE  124
#endif

/* gcc -O2 turns memcpy(&v, p, 4) into a call when freestanding; the builtins stay inline. */
#define mem_copy(to, from, bytes) __builtin_memcpy(to, from, bytes)
#define mem_move(to, from, bytes) __builtin_memmove(to, from, bytes)
#define mem_set(to, byte, bytes)  __builtin_memset(to, byte, bytes)
#define mem_cmp(a, b, bytes)      __builtin_memcmp(a, b, bytes)

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* to must be a power of two */
#define ALIGN_UP(x, to) (((x) + ((to)-1)) & ~(__typeof__(x))((to)-1))

#define MIN(a, b)                                                                                                      \
	({                                                                                                             \
		__typeof__(a) min_a = (a);                                                                             \
		__typeof__(b) min_b = (b);                                                                             \
		min_a < min_b ? min_a : min_b;                                                                         \
	})
#define MAX(a, b)                                                                                                      \
	({                                                                                                             \
		__typeof__(a) max_a = (a);                                                                             \
		__typeof__(b) max_b = (b);                                                                             \
		max_a > max_b ? max_a : max_b;                                                                         \
	})

#endif
