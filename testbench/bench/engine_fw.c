// SPDX-License-Identifier: BSD-2-Clause
/* refnic's own engines: firmware with the program attached, as a device runs it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/engine.h"
#include "bench/session.h"

struct engine_firmware {
	struct engine engine;
	const struct load_prog *prog;
	struct session *session; /* the program is attached */
	struct session *again;   /* the program is loaded and dropped */
	char error[LOAD_ERROR_BYTES];
};

static struct engine_firmware *firmware(struct engine *engine)
{
	return (struct engine_firmware *)engine;
}

static int start(struct session *session, const struct load_prog *prog, char *error)
{
	struct virtio_net_xdp_prog_info_result info;
	int err = session_upload(session, prog, error);

	if (!err)
		err = session_commit(session, error);
	if (!err)
		err = session_info(session, &info, error);
	return err ? err : session_attach(session, error);
}

static void fw_close(struct engine *engine)
{
	session_close(firmware(engine)->session);
	session_close(firmware(engine)->again);
	free(engine);
}

static struct engine *open_engine(const struct engine_args *args, const struct engine_ops *ops, enum fw_engine kind,
				  char *error)
{
	struct engine_firmware *f = calloc(1, sizeof(*f));
	size_t bytes;

	if (!f) {
		snprintf(error, LOAD_ERROR_BYTES, "no memory");
		return NULL;
	}
	f->engine.ops = ops;
	f->prog = args->prog;
	f->session = session_open(args->object, kind, error);
	if (!f->session || start(f->session, f->prog, error))
		goto close;
	f->again = session_open(args->object, kind, error);
	if (!f->again)
		goto close;
	if (kind == FW_ENGINE_JIT && !fw_prog_code(session_fw(f->session), 0, &bytes)) {
		snprintf(error, LOAD_ERROR_BYTES,
			 "there is no JIT for this machine, or none of one of its instructions");
		goto close;
	}
	return &f->engine;
close:
	fw_close(&f->engine);
	return NULL;
}

static struct engine *open_jit(const struct engine_args *args, char error[static LOAD_ERROR_BYTES])
{
	return open_engine(args, &engine_jit, FW_ENGINE_JIT, error);
}

static struct engine *open_interp(const struct engine_args *args, char error[static LOAD_ERROR_BYTES])
{
	return open_engine(args, &engine_interp, FW_ENGINE_INTERP, error);
}

static int fw_update(struct engine *engine, const char *map, const void *key, const void *value)
{
	return session_update(firmware(engine)->session, map, key, value, firmware(engine)->error);
}

static int fw_lookup(struct engine *engine, const char *map, const void *key, void *value)
{
	return session_lookup(firmware(engine)->session, map, key, value, firmware(engine)->error);
}

static int fw_run_all(struct engine *engine, struct fw_frame *frames, size_t count)
{
	fw_run(session_fw(firmware(engine)->session), frames, count);
	return 0;
}

static int fw_load(struct engine *engine)
{
	struct engine_firmware *f = firmware(engine);
	int err = session_upload(f->again, f->prog, f->error);

	if (!err)
		err = session_commit(f->again, f->error);
	return err ? err : session_destroy(f->again, f->error);
}

int engine_fw_next(struct engine *engine, const char *map, const void *key, void *next)
{
	return session_next(firmware(engine)->session, map, key, next, firmware(engine)->error);
}

struct fw *engine_fw(struct engine *engine)
{
	return session_fw(firmware(engine)->session);
}

const struct engine_ops engine_jit = {
	.key = "jit",
	.title = "refnic JIT",
	.open = open_jit,
	.close = fw_close,
	.update = fw_update,
	.lookup = fw_lookup,
	.run = fw_run_all,
	.load = fw_load,
};

const struct engine_ops engine_interp = {
	.key = "interp",
	.title = "refnic interpreter",
	.open = open_interp,
	.close = fw_close,
	.update = fw_update,
	.lookup = fw_lookup,
	.run = fw_run_all,
	.load = fw_load,
};
