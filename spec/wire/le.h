/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Little-endian wire types, and nothing else.
 *
 * The headers of this folder describe what crosses the wire. They compile hosted, freestanding and inside the Linux
 * kernel; the integer types they use come only from here. A wire integer is a type of its own, so that it cannot be
 * used without le*_to_cpu() or cpu_to_le*(): the kernel's names, with the kernel's meaning.
 */
#ifndef REFNIC_WIRE_LE_H
#define REFNIC_WIRE_LE_H

#ifdef __KERNEL__

#include <linux/build_bug.h>
#include <linux/types.h>

typedef __le16 le16;
typedef __le32 le32;
typedef __le64 le64;

#else

#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef struct {
	uint16_t wire;
} le16;
typedef struct {
	uint32_t wire;
} le32;
typedef struct {
	uint64_t wire;
} le64;

#ifndef static_assert
#define static_assert _Static_assert
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define WIRE_SWAP16(x) (x)
#define WIRE_SWAP32(x) (x)
#define WIRE_SWAP64(x) (x)
#else
#define WIRE_SWAP16(x) __builtin_bswap16(x)
#define WIRE_SWAP32(x) __builtin_bswap32(x)
#define WIRE_SWAP64(x) __builtin_bswap64(x)
#endif

static inline uint16_t le16_to_cpu(le16 x)
{
	return WIRE_SWAP16(x.wire);
}

static inline uint32_t le32_to_cpu(le32 x)
{
	return WIRE_SWAP32(x.wire);
}

static inline uint64_t le64_to_cpu(le64 x)
{
	return WIRE_SWAP64(x.wire);
}

static inline le16 cpu_to_le16(uint16_t x)
{
	return (le16){WIRE_SWAP16(x)};
}

static inline le32 cpu_to_le32(uint32_t x)
{
	return (le32){WIRE_SWAP32(x)};
}

static inline le64 cpu_to_le64(uint64_t x)
{
	return (le64){WIRE_SWAP64(x)};
}

#endif /* __KERNEL__ */

#endif
