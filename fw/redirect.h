/* SPDX-License-Identifier: BSD-2-Clause */
/* Redirection of frames to ports and receive queues: helpers 23 and 51. spec/extension.md. */
#ifndef FW_REDIRECT_H
#define FW_REDIRECT_H

#include "fw.h"
#include "helper.h"

/* Which port ifindex names: a further one's number, 0 for the device's own (home is its ifindex), -ENOENT for none. */
int redirect_port(const struct fw *fw, uint32_t ifindex, uint32_t home);

helper_fn redirect_to_ifindex;
helper_fn redirect_to_element;

#endif
