// SPDX-License-Identifier: BSD-2-Clause
#include "load/refuse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int refuse(char error[static LOAD_ERROR_BYTES], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, LOAD_ERROR_BYTES, format, args);
	va_end(args);
	return -EINVAL;
}

int refuse_no_memory(char error[static LOAD_ERROR_BYTES], const char *what)
{
	snprintf(error, LOAD_ERROR_BYTES, "no memory for %s", what);
	return -ENOMEM;
}
