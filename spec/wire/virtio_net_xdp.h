/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VIRTIO_NET_F_XDP_OFFLOAD: the proposal's structures. The text's listings are the parts of this file between
 * "begin NAME" and "end NAME".
 *
 * A command's readable part is struct virtio_net_ctrl_hdr and one of the request structures; its writable part is the
 * ack and one of the result structures. Both parts are streams of bytes, however the descriptors split them.
 */
#ifndef REFNIC_WIRE_VIRTIO_NET_XDP_H
#define REFNIC_WIRE_VIRTIO_NET_XDP_H

#include "le.h"
#include "virtio_net.h"

/* begin feature */
#define VIRTIO_NET_F_XDP_OFFLOAD 71
/* end feature */

/* A second free number, for transports and drivers that stop at bit 63. */
#define VIRTIO_NET_F_XDP_OFFLOAD_ALT 58

/* begin class */
#define VIRTIO_NET_CTRL_XDP 10
 #define VIRTIO_NET_CTRL_XDP_CAP_GET      0
 #define VIRTIO_NET_CTRL_XDP_PROG_CREATE  1
 #define VIRTIO_NET_CTRL_XDP_PROG_WRITE   2
 #define VIRTIO_NET_CTRL_XDP_PROG_COMMIT  3
 #define VIRTIO_NET_CTRL_XDP_PROG_INFO    4
 #define VIRTIO_NET_CTRL_XDP_PROG_LOG_GET 5
 #define VIRTIO_NET_CTRL_XDP_PROG_DESTROY 6
 #define VIRTIO_NET_CTRL_XDP_ATTACH       7
 #define VIRTIO_NET_CTRL_XDP_DETACH       8
 #define VIRTIO_NET_CTRL_XDP_MAP_CREATE   9
 #define VIRTIO_NET_CTRL_XDP_MAP_DESTROY  10
 #define VIRTIO_NET_CTRL_XDP_MAP_LOOKUP   11
 #define VIRTIO_NET_CTRL_XDP_MAP_UPDATE   12
 #define VIRTIO_NET_CTRL_XDP_MAP_DELETE   13
 #define VIRTIO_NET_CTRL_XDP_MAP_NEXT     14
 #define VIRTIO_NET_CTRL_XDP_MAP_INFO     15
 #define VIRTIO_NET_CTRL_XDP_MAP_BATCH    16
 #define VIRTIO_NET_CTRL_XDP_MAP_FREEZE   17
 #define VIRTIO_NET_CTRL_XDP_OBJ_LIST     18
 #define VIRTIO_NET_CTRL_XDP_TEST_RUN     19
 #define VIRTIO_NET_CTRL_XDP_BTF_LOAD     20
 #define VIRTIO_NET_CTRL_XDP_EVENT_GET    21
 #define VIRTIO_NET_CTRL_XDP_PROG_FUNCS   22
/* end class */

#define VIRTIO_NET_CTRL_XDP_COMMANDS 23

/* begin caps */
#define VIRTIO_NET_XDP_ISA_BASE32   (1 << 0)
#define VIRTIO_NET_XDP_ISA_BASE64   (1 << 1)
#define VIRTIO_NET_XDP_ISA_DIVMUL32 (1 << 2)
#define VIRTIO_NET_XDP_ISA_DIVMUL64 (1 << 3)
#define VIRTIO_NET_XDP_ISA_ATOMIC32 (1 << 4)
#define VIRTIO_NET_XDP_ISA_ATOMIC64 (1 << 5)
#define VIRTIO_NET_XDP_ISA_LINUX_V4 (1 << 6)

#define VIRTIO_NET_XDP_CAP_F_QUEUE_SELECT (1 << 0)
#define VIRTIO_NET_XDP_CAP_F_HAS_FRAGS    (1 << 1)

struct virtio_net_xdp_caps {
        le32 isa;
        le32 actions;
        le32 max_insns;
        le16 max_progs;
        le16 max_maps;
        le32 max_map_kib;
        le32 max_cmd_bytes;
        le16 headroom;
        le16 tailroom;
        le32 max_frame;
        /* The fields from here on are not in the configuration space. */
        le64 map_types;
        le64 helpers[4];
        le32 commands;
        le32 flags;
        le32 max_run_insns;
        le32 max_log_bytes;
        le32 hz;
        le16 max_metadata;
        le16 reserved;
};
/* end caps */

/* The prefix of struct virtio_net_xdp_caps that is in the configuration space, and where. */
#define VIRTIO_NET_XDP_CONFIG_OFFSET 28
#define VIRTIO_NET_XDP_CONFIG_BYTES  32

/* begin actions */
#define VIRTIO_NET_XDP_ABORTED  0
#define VIRTIO_NET_XDP_DROP     1
#define VIRTIO_NET_XDP_PASS     2
#define VIRTIO_NET_XDP_TX       3
#define VIRTIO_NET_XDP_REDIRECT 4
/* end actions */

/* In virtio_net_xdp_prog_info.actions: the program can return a value that is no action. */
#define VIRTIO_NET_XDP_ACTIONS_OTHER (1u << 31)

/* begin status */
#define VIRTIO_NET_XDP_OK                0x00
#define VIRTIO_NET_XDP_ERR_LENGTH        0x01
#define VIRTIO_NET_XDP_ERR_OPCODE        0x02
#define VIRTIO_NET_XDP_ERR_FLAGS         0x03
#define VIRTIO_NET_XDP_ERR_NOT_FOUND     0x04
#define VIRTIO_NET_XDP_ERR_EXISTS        0x05
#define VIRTIO_NET_XDP_ERR_STATE         0x06
#define VIRTIO_NET_XDP_ERR_BUSY          0x07
#define VIRTIO_NET_XDP_ERR_PERM          0x08
#define VIRTIO_NET_XDP_ERR_TYPE          0x09
#define VIRTIO_NET_XDP_ERR_SIZE          0x0a
#define VIRTIO_NET_XDP_ERR_LIMIT_PROGS   0x10
#define VIRTIO_NET_XDP_ERR_LIMIT_INSNS   0x11
#define VIRTIO_NET_XDP_ERR_LIMIT_MAPS    0x12
#define VIRTIO_NET_XDP_ERR_LIMIT_MAP_KIB 0x13
#define VIRTIO_NET_XDP_ERR_LIMIT_ENTRIES 0x14
#define VIRTIO_NET_XDP_ERR_LIMIT_MEMORY  0x15
#define VIRTIO_NET_XDP_ERR_LIMIT_FRAME   0x16
#define VIRTIO_NET_XDP_ERR_NO_KEY        0x20
#define VIRTIO_NET_XDP_ERR_KEY_EXISTS    0x21
#define VIRTIO_NET_XDP_ERR_LAST_KEY      0x22
#define VIRTIO_NET_XDP_ERR_VERIFY        0x40

struct virtio_net_xdp_result {
        le16 status;
        le16 reserved;
        le32 detail;
};
/* end status */

/* begin verify */
#define VIRTIO_NET_XDP_VERIFY_INSN       0x40
#define VIRTIO_NET_XDP_VERIFY_ISA        0x41
#define VIRTIO_NET_XDP_VERIFY_FLOW       0x42
#define VIRTIO_NET_XDP_VERIFY_UNINIT     0x43
#define VIRTIO_NET_XDP_VERIFY_POINTER    0x44
#define VIRTIO_NET_XDP_VERIFY_CONTEXT    0x45
#define VIRTIO_NET_XDP_VERIFY_PACKET     0x46
#define VIRTIO_NET_XDP_VERIFY_STACK      0x47
#define VIRTIO_NET_XDP_VERIFY_MAP        0x48
#define VIRTIO_NET_XDP_VERIFY_NULL       0x49
#define VIRTIO_NET_XDP_VERIFY_HELPER     0x4a
#define VIRTIO_NET_XDP_VERIFY_ARGUMENT   0x4b
#define VIRTIO_NET_XDP_VERIFY_ACTION     0x4c
#define VIRTIO_NET_XDP_VERIFY_LOOP       0x4d
#define VIRTIO_NET_XDP_VERIFY_CALL       0x4e
#define VIRTIO_NET_XDP_VERIFY_COMPLEXITY 0x4f
#define VIRTIO_NET_XDP_VERIFY_MEMORY     0x50
#define VIRTIO_NET_XDP_VERIFY_CODE       0x51
/* end verify */

/* begin ids */
#define VIRTIO_NET_XDP_ID_NONE 0xffffffff
#define VIRTIO_NET_XDP_NAME_BYTES 16
#define VIRTIO_NET_XDP_TAG_BYTES  8
/* end ids */

/* begin cap_get */
struct virtio_net_xdp_cap_get_result {
        struct virtio_net_xdp_result hdr;
        struct virtio_net_xdp_caps caps;
};
/* end cap_get */

/* begin prog_create */
#define VIRTIO_NET_XDP_PROG_F_GPL_COMPATIBLE (1 << 0)
#define VIRTIO_NET_XDP_PROG_F_STRICT_ACTIONS (1 << 1)

struct virtio_net_xdp_prog_create {
        le32 id;
        le32 bytes;
        le32 flags;
        u8 name[VIRTIO_NET_XDP_NAME_BYTES];
        u8 tag[VIRTIO_NET_XDP_TAG_BYTES];
};
/* end prog_create */

/* begin prog_write */
struct virtio_net_xdp_prog_write {
        le32 id;
        le32 offset;
        u8 data[];
};
/* end prog_write */

/* begin prog_funcs */
#define VIRTIO_NET_XDP_FUNC_NONE           0
#define VIRTIO_NET_XDP_FUNC_NUMBER         1
#define VIRTIO_NET_XDP_FUNC_CONTEXT        2
#define VIRTIO_NET_XDP_FUNC_MEMORY         3
#define VIRTIO_NET_XDP_FUNC_MEMORY_OR_NULL 4

#define VIRTIO_NET_XDP_FUNC_ARGS 5
#define VIRTIO_NET_XDP_FUNCS_MAX 256

struct virtio_net_xdp_func {
        le32 insn;
        u8 kinds[VIRTIO_NET_XDP_FUNC_ARGS];
        u8 reserved[3];
        le32 bytes[VIRTIO_NET_XDP_FUNC_ARGS];
};

struct virtio_net_xdp_prog_funcs {
        le32 id;
        struct virtio_net_xdp_func funcs[];
};
/* end prog_funcs */

/* begin prog_commit */
struct virtio_net_xdp_prog_commit {
        le32 id;
        le32 log_level;
};
/* end prog_commit */

/* begin prog_info */
#define VIRTIO_NET_XDP_PROG_LOADING   0
#define VIRTIO_NET_XDP_PROG_VERIFYING 1
#define VIRTIO_NET_XDP_PROG_READY     2
#define VIRTIO_NET_XDP_PROG_REFUSED   3

struct virtio_net_xdp_prog_info {
        le32 id;
};

struct virtio_net_xdp_prog_info_result {
        struct virtio_net_xdp_result hdr;
        u8 state;
        u8 attached;
        le16 reserved;
        le32 error;
        le32 error_insn;
        le32 bytes;
        le32 flags;
        le32 actions;
        le32 visited;
        le32 states;
        le32 peak_kib;
        le32 log_bytes;
        le32 written;
        le64 run_count;
        u8 name[VIRTIO_NET_XDP_NAME_BYTES];
        u8 tag[VIRTIO_NET_XDP_TAG_BYTES];
};
/* end prog_info */

/* begin prog_log_get */
struct virtio_net_xdp_prog_log_get {
        le32 id;
        le32 offset;
};

struct virtio_net_xdp_prog_log_get_result {
        struct virtio_net_xdp_result hdr;
        le32 log_bytes;
        u8 data[];
};
/* end prog_log_get */

/* begin prog_destroy */
struct virtio_net_xdp_prog_destroy {
        le32 id;
};
/* end prog_destroy */

/* begin attach */
#define VIRTIO_NET_XDP_ATTACH_F_UNSUPPORTED_PASS (1 << 0)

struct virtio_net_xdp_attach {
        le32 id;
        le32 expected_id;
        le32 expected_generation;
        le32 ifindex;
        le32 flags;
};

struct virtio_net_xdp_attach_result {
        struct virtio_net_xdp_result hdr;
        le32 generation;
};
/* end attach */

/* begin detach */
struct virtio_net_xdp_detach {
        le32 expected_id;
        le32 expected_generation;
};

struct virtio_net_xdp_detach_result {
        struct virtio_net_xdp_result hdr;
        le32 generation;
};
/* end detach */

/* begin map_create */
#define VIRTIO_NET_XDP_MAP_HASH         1
#define VIRTIO_NET_XDP_MAP_ARRAY        2
#define VIRTIO_NET_XDP_MAP_PROG_ARRAY   3
#define VIRTIO_NET_XDP_MAP_PERF_EVENTS  4
#define VIRTIO_NET_XDP_MAP_PERCPU_HASH  5
#define VIRTIO_NET_XDP_MAP_PERCPU_ARRAY 6
#define VIRTIO_NET_XDP_MAP_LRU_HASH     9
#define VIRTIO_NET_XDP_MAP_LRU_PERCPU   10
#define VIRTIO_NET_XDP_MAP_LPM_TRIE     11
#define VIRTIO_NET_XDP_MAP_ARRAY_OF     12
#define VIRTIO_NET_XDP_MAP_HASH_OF      13
#define VIRTIO_NET_XDP_MAP_RINGBUF      27

#define VIRTIO_NET_XDP_MAP_F_NO_PREALLOC (1 << 0)
#define VIRTIO_NET_XDP_MAP_F_RDONLY      (1 << 3)
#define VIRTIO_NET_XDP_MAP_F_WRONLY      (1 << 4)
#define VIRTIO_NET_XDP_MAP_F_ZERO_SEED   (1 << 6)
#define VIRTIO_NET_XDP_MAP_F_RDONLY_PROG (1 << 7)
#define VIRTIO_NET_XDP_MAP_F_WRONLY_PROG (1 << 8)
#define VIRTIO_NET_XDP_MAP_F_INNER_MAP   (1 << 12)

#define VIRTIO_NET_XDP_KEY_MAX 512

struct virtio_net_xdp_map_create {
        le32 id;
        le32 type;
        le32 key_size;
        le32 value_size;
        le32 max_entries;
        le32 flags;
        le32 inner_map_id;
        u8 name[VIRTIO_NET_XDP_NAME_BYTES];
};
/* end map_create */

/* begin map_destroy */
struct virtio_net_xdp_map_destroy {
        le32 id;
};
/* end map_destroy */

/* begin map_elem */
#define VIRTIO_NET_XDP_UPDATE_ANY     0
#define VIRTIO_NET_XDP_UPDATE_NOEXIST 1
#define VIRTIO_NET_XDP_UPDATE_EXIST   2

struct virtio_net_xdp_map_lookup {
        le32 id;
        u8 key[];
};

struct virtio_net_xdp_map_lookup_result {
        struct virtio_net_xdp_result hdr;
        u8 value[];
};

struct virtio_net_xdp_map_update {
        le32 id;
        le32 flags;
        u8 key_value[];
};

struct virtio_net_xdp_map_delete {
        le32 id;
        u8 key[];
};

struct virtio_net_xdp_map_next {
        le32 id;
        u8 key[];
};

struct virtio_net_xdp_map_next_result {
        struct virtio_net_xdp_result hdr;
        u8 key[];
};
/* end map_elem */

/* begin map_info */
struct virtio_net_xdp_map_info {
        le32 id;
};

struct virtio_net_xdp_map_info_result {
        struct virtio_net_xdp_result hdr;
        le32 type;
        le32 key_size;
        le32 value_size;
        le32 max_entries;
        le32 flags;
        le32 inner_map_id;
        le32 entries;
        le32 kib;
        le32 references;
        u8 frozen;
        u8 reserved[3];
        u8 name[VIRTIO_NET_XDP_NAME_BYTES];
};
/* end map_info */

/* begin map_batch */
#define VIRTIO_NET_XDP_BATCH_LOOKUP        0
#define VIRTIO_NET_XDP_BATCH_LOOKUP_DELETE 1
#define VIRTIO_NET_XDP_BATCH_UPDATE        2
#define VIRTIO_NET_XDP_BATCH_DELETE        3

struct virtio_net_xdp_map_batch {
        le32 id;
        le32 op;
        le32 flags;
        le32 count;
        u8 cursor[16];
        u8 data[];
};

struct virtio_net_xdp_map_batch_result {
        struct virtio_net_xdp_result hdr;
        le32 count;
        le32 reserved;
        u8 cursor[16];
        u8 data[];
};
/* end map_batch */

/* begin map_freeze */
struct virtio_net_xdp_map_freeze {
        le32 id;
};
/* end map_freeze */

/* begin obj_list */
#define VIRTIO_NET_XDP_OBJ_PROG 0
#define VIRTIO_NET_XDP_OBJ_MAP  1

struct virtio_net_xdp_obj_list {
        le32 kind;
        le32 start_id;
};

struct virtio_net_xdp_obj_list_result {
        struct virtio_net_xdp_result hdr;
        le32 count;
        le32 next_id;
        le32 ids[];
};
/* end obj_list */

/* begin test_run */
struct virtio_net_xdp_test_run {
        le32 id;
        le32 flags;
        le32 ifindex;
        le32 rx_queue_index;
        u8 frame[];
};

struct virtio_net_xdp_test_run_result {
        struct virtio_net_xdp_result hdr;
        le64 r0;
        le32 rx_queue_index;
        le32 frame_bytes;
        u8 frame[];
};
/* end test_run */

/* begin btf_load */
#define VIRTIO_NET_XDP_BTF_TYPES 0
#define VIRTIO_NET_XDP_BTF_LINES 1

struct virtio_net_xdp_btf_load {
        le32 id;
        le32 section;
        le32 bytes;
        le32 offset;
        u8 data[];
};
/* end btf_load */

/* begin event_get */
struct virtio_net_xdp_event {
        le32 map_id;
        le32 rx_queue_index;
        le32 lost;
        le32 bytes;
        u8 data[];
};

struct virtio_net_xdp_event_get {
        le32 max_events;
};

struct virtio_net_xdp_event_get_result {
        struct virtio_net_xdp_result hdr;
        le32 count;
        le32 left;
        u8 events[];
};
/* end event_get */

/* begin stats_types */
#define VIRTIO_NET_STATS_TYPE_RX_XDP       (1ULL << 4)
#define VIRTIO_NET_STATS_TYPE_REPLY_RX_XDP 4
/* end stats_types */

/* begin stats */
struct virtio_net_stats_rx_xdp {
        struct virtio_net_stats_reply_hdr hdr;
        le64 runs;
        le64 pass;
        le64 drop;
        le64 tx;
        le64 tx_drop;
        le64 aborted;
        le64 unsupported;
        le64 oversize;
        le64 bad_queue;
};
/* end stats */

/* begin parts */
#define VIRTIO_NET_DEV_PART_XDP_MAP      0x201
#define VIRTIO_NET_DEV_PART_XDP_MAP_DATA 0x202
#define VIRTIO_NET_DEV_PART_XDP_PROG     0x203
#define VIRTIO_NET_DEV_PART_XDP_ATTACH   0x204

struct virtio_net_dev_part_xdp_selector {
        le32 id;
        le32 chunk;
};

struct virtio_net_dev_part_xdp_map {
        struct virtio_net_xdp_map_create create;
        le32 chunks;
        u8 frozen;
        u8 reserved[3];
};

struct virtio_net_dev_part_xdp_prog {
        struct virtio_net_xdp_prog_create create;
        le32 written;
        le32 error;
        le32 error_insn;
        u8 state;
        u8 log_level;
        le16 funcs;
        u8 insns[];
};

struct virtio_net_dev_part_xdp_attach {
        le32 id;
        le32 generation;
        le32 ifindex;
        le32 flags;
        le64 time_ns;
        u8 random[32];
};
/* end parts */

static_assert(sizeof(struct virtio_net_xdp_caps) == 96, "caps");
static_assert(offsetof(struct virtio_net_xdp_caps, map_types) == VIRTIO_NET_XDP_CONFIG_BYTES, "configuration space prefix");
static_assert(sizeof(struct virtio_net_xdp_result) == 8, "result");
static_assert(sizeof(struct virtio_net_xdp_cap_get_result) == 104, "CAP_GET");
static_assert(sizeof(struct virtio_net_xdp_prog_create) == 36, "PROG_CREATE");
static_assert(sizeof(struct virtio_net_xdp_prog_write) == 8, "PROG_WRITE");
static_assert(sizeof(struct virtio_net_xdp_func) == 32, "PROG_FUNCS");
static_assert(sizeof(struct virtio_net_xdp_prog_funcs) == 4, "PROG_FUNCS");
static_assert(sizeof(struct virtio_net_xdp_prog_commit) == 8, "PROG_COMMIT");
static_assert(sizeof(struct virtio_net_xdp_prog_info_result) == 88, "PROG_INFO");
static_assert(sizeof(struct virtio_net_xdp_prog_log_get_result) == 12, "PROG_LOG_GET");
static_assert(sizeof(struct virtio_net_xdp_attach) == 20, "ATTACH");
static_assert(sizeof(struct virtio_net_xdp_attach_result) == 12, "ATTACH");
static_assert(sizeof(struct virtio_net_xdp_map_create) == 44, "MAP_CREATE");
static_assert(sizeof(struct virtio_net_xdp_map_info_result) == 64, "MAP_INFO");
static_assert(sizeof(struct virtio_net_xdp_map_batch) == 32, "MAP_BATCH");
static_assert(sizeof(struct virtio_net_xdp_map_batch_result) == 32, "MAP_BATCH");
static_assert(sizeof(struct virtio_net_xdp_obj_list_result) == 16, "OBJ_LIST");
static_assert(sizeof(struct virtio_net_xdp_test_run) == 16, "TEST_RUN");
static_assert(sizeof(struct virtio_net_xdp_test_run_result) == 24, "TEST_RUN");
static_assert(sizeof(struct virtio_net_xdp_btf_load) == 16, "BTF_LOAD");
static_assert(sizeof(struct virtio_net_xdp_event) == 16, "EVENT_GET");
static_assert(sizeof(struct virtio_net_xdp_event_get_result) == 16, "EVENT_GET");
static_assert(sizeof(struct virtio_net_stats_rx_xdp) == 80, "RX_XDP");
static_assert(sizeof(struct virtio_net_dev_part_xdp_selector) == 8, "device parts");
static_assert(sizeof(struct virtio_net_dev_part_xdp_map) == 52, "device parts");
static_assert(sizeof(struct virtio_net_dev_part_xdp_prog) == 52, "device parts");
static_assert(sizeof(struct virtio_net_dev_part_xdp_attach) == 56, "device parts");

#endif
