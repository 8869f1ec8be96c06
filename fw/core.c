/* SPDX-License-Identifier: BSD-2-Clause */
#include "core.h"

struct map *core_map(const struct fw *fw, uint32_t id)
{
	return id < fw->config.caps.max_maps ? fw->maps[id] : NULL; /* req: XO-229 */
}

void core_log(const struct fw *fw, const char *line)
{
	if (fw->config.platform && fw->config.platform->log)
		fw->config.platform->log(fw->config.platform_ctx, line);
}
