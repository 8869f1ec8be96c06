/* SPDX-License-Identifier: BSD-2-Clause */
/* The helpers that know of ports and routes: arguments and results in helper.def, spec/extension.md. */
#ifndef FW_FIB_H
#define FW_FIB_H

#include "helper.h"

helper_fn fib_lookup;
helper_fn fib_check_mtu;

#endif
