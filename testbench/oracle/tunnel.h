/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames in tunnels, for programs that open them: no captured trace has any. */
#ifndef TESTBENCH_ORACLE_TUNNEL_H
#define TESTBENCH_ORACLE_TUNNEL_H

#include <stdint.h>

#define TUNNEL_BYTES_MAX 50 /* that a tunnel adds */
#define TUNNEL_KINDS     6

/*
 * Puts the frame of bytes, 14 or more, into a tunnel of this kind to 10.9.0.2: IP in IP, GRE with a key, GRE with
 * Ethernet, VXLAN, GUE, GUE without a header. What is not IP goes into VXLAN. Room for TUNNEL_BYTES_MAX more. Returns
 * the new length.
 */
uint32_t tunnel_wrap(uint8_t *frame, uint32_t bytes, uint32_t kind);

#endif
