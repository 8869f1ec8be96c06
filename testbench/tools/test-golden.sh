#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test-golden.sh BUILD
exec "$(dirname "$0")/golden" "$1"
