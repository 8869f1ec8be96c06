/* SPDX-License-Identifier: BSD-2-Clause */
/* Firmware without a device around it: one object's maps and one of its programs, brought in by commands. */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

#include "fw.h"
#include "load/load.h"
#include "virtio_net_xdp.h"

struct session;

/* Functions that return int: 0 or -errno, with a sentence in error. */

/* The program that the object is about: the one of its name, or else its first. NULL: it has none. */
const struct load_prog *session_prog(const struct load_object *object, const char *name);

/* Firmware with the object's maps; the object has to outlive it. NULL with a sentence in error. */
struct session *session_open(const struct load_object *object, enum fw_engine engine,
			     char error[static LOAD_ERROR_BYTES]);
/* Takes NULL. */
void session_close(struct session *session);

struct fw *session_fw(struct session *session);

/* Uploads the program, which is not verified yet. */
int session_upload(struct session *session, const struct load_prog *prog, char error[static LOAD_ERROR_BYTES]);
/* Verifies, and compiles if the engine is the JIT. */
int session_commit(struct session *session, char error[static LOAD_ERROR_BYTES]);
int session_info(struct session *session, struct virtio_net_xdp_prog_info_result *info,
		 char error[static LOAD_ERROR_BYTES]);
int session_attach(struct session *session, char error[static LOAD_ERROR_BYTES]);
int session_destroy(struct session *session, char error[static LOAD_ERROR_BYTES]);

/* key and value as the map called name has them. */
int session_update(struct session *session, const char *name, const void *key, const void *value,
		   char error[static LOAD_ERROR_BYTES]);
/* Room for value_size bytes at value; -ENOENT: there is no such element. */
int session_lookup(struct session *session, const char *name, const void *key, void *value,
		   char error[static LOAD_ERROR_BYTES]);
/* The key after *key, NULL: the first; -ENOENT at the end. */
int session_next(struct session *session, const char *name, const void *key, void *next,
		 char error[static LOAD_ERROR_BYTES]);

#endif
