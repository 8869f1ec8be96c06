/* SPDX-License-Identifier: BSD-2-Clause */
/* What instructions require of the context: every field, width and direction. */
#include "verify_bench.h"

enum direction {
	LOAD,
	STORE,
	ATOMIC,
};

struct access {
	const char *what;
	uint8_t opcode;
	uint8_t bytes;
	enum direction direction;
	bool sign;
};

static const struct access accesses[] = {
	{"load of 1 byte", 0x71, 1, LOAD, false},
	{"load of 2 bytes", 0x69, 2, LOAD, false},
	{"load of 4 bytes", 0x61, 4, LOAD, false},
	{"load of 8 bytes", 0x79, 8, LOAD, false},
	{"load of 1 byte with its sign", 0x91, 1, LOAD, true},
	{"load of 2 bytes with their sign", 0x89, 2, LOAD, true},
	{"load of 4 bytes with their sign", 0x81, 4, LOAD, true},
	{"store of 1 byte", 0x73, 1, STORE, false},
	{"store of 2 bytes", 0x6b, 2, STORE, false},
	{"store of 4 bytes", 0x63, 4, STORE, false},
	{"store of 8 bytes", 0x7b, 8, STORE, false},
	{"store of a constant of 1 byte", 0x72, 1, STORE, false},
	{"store of a constant of 2 bytes", 0x6a, 2, STORE, false},
	{"store of a constant of 4 bytes", 0x62, 4, STORE, false},
	{"store of a constant of 8 bytes", 0x7a, 8, STORE, false},
	{"atomic addition of 4 bytes", 0xc3, 4, ATOMIC, false},
	{"atomic addition of 8 bytes", 0xdb, 8, ATOMIC, false},
};

#define QUEUE_INDEX 16

/* Of struct xdp_md: fields are 4 bytes each, all but the last can be read, one can be written. */
static bool is_good(const struct access *a, int off, bool select)
{
	if (a->bytes != 4 || a->sign || off < 0 || off > QUEUE_INDEX || off % 4)
		return false;
	return a->direction == LOAD || (a->direction == STORE && select && off == QUEUE_INDEX);
}

Test(require, context)
{
	struct bench b;

	bench_init(&b);
	for (size_t i = 0; i < sizeof(accesses) / sizeof(accesses[0]); i++)
		for (int select = 0; select < 2; select++)
			for (int off = -8; off <= 32; off++) {
				const struct access *a = &accesses[i];
				bool constant = (a->opcode & 7) == 2, load = a->direction == LOAD;
				uint64_t words[] = {W_MOV(0, 1), W(a->opcode, !load, load, off, constant), W_RETURN};
				struct verify_result result;

				b.caps.flags = select ? VIRTIO_NET_XDP_CAP_F_QUEUE_SELECT : 0;
				bench_verify(&b, words, 4, 1000, &result);
				cr_assert_eq(!result.error, is_good(a, off, select), "%s at %d, select %d: %#x %s",
					     a->what, off, select, result.error, b.log);
				cr_assert(!result.error || result.error_insn == 1, "%s at %d: %s", a->what, off, b.log);
				cr_assert(!result.error || a->direction == ATOMIC ||
						  result.error == VIRTIO_NET_XDP_VERIFY_CONTEXT,
					  "%s at %d: %#x %s", a->what, off, result.error, b.log);
			}
	free(b.memory);
}
