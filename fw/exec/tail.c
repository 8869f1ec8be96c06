/* SPDX-License-Identifier: BSD-2-Clause */
/* Tail calls: the one decision that every engine asks for. */
#include "exec.h"
#include "le.h"

const struct exec_prog *exec_tail_target(struct map *map, uint32_t index, struct run *run)
{
	const struct exec_prog *target;
	le32 key = cpu_to_le32(index);

	if (!run->tail_calls) /* req: XO-147 */
		return NULL;
	target = map->ops->lookup(map, &key, 0);
	/* req: XO-148 */
	if (!target || run->depth + (target->frames ? target->frames : EXEC_CALL_DEPTH) > EXEC_CALL_DEPTH)
		return NULL;
	run->tail_calls--;
	run->prog = target;
	if (run->frame)
		run->frame->changed |= target->writes;
	/* cppcheck-suppress returnDanglingLifetime ; a program, not the key */
	return target;
}

uint64_t exec_tail_call(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	(void)r1, (void)r2, (void)r3, (void)r4, (void)r5, (void)run;
	return (uint64_t)-ENOENT;
}
