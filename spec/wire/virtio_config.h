/* SPDX-License-Identifier: BSD-2-Clause */
/* What every virtio device has: status bits and the feature bits that are not a device type's own. virtio 1.4, 2.1, 2.2, 6. */
#ifndef REFNIC_WIRE_VIRTIO_CONFIG_H
#define REFNIC_WIRE_VIRTIO_CONFIG_H

#define VIRTIO_ID_NET 1

/* Device status, 2.1 */
#define VIRTIO_CONFIG_S_ACKNOWLEDGE 1
#define VIRTIO_CONFIG_S_DRIVER      2
#define VIRTIO_CONFIG_S_DRIVER_OK   4
#define VIRTIO_CONFIG_S_FEATURES_OK 8
#define VIRTIO_CONFIG_S_SUSPEND     16
#define VIRTIO_CONFIG_S_NEEDS_RESET 64
#define VIRTIO_CONFIG_S_FAILED      128

/* Reserved feature bits, 6 (bit numbers) */
#define VIRTIO_RING_F_INDIRECT_DESC 28
#define VIRTIO_RING_F_EVENT_IDX     29
#define VIRTIO_F_VERSION_1          32
#define VIRTIO_F_ACCESS_PLATFORM    33
#define VIRTIO_F_RING_PACKED        34
#define VIRTIO_F_IN_ORDER           35
#define VIRTIO_F_ORDER_PLATFORM     36
#define VIRTIO_F_SR_IOV             37
#define VIRTIO_F_NOTIFICATION_DATA  38
#define VIRTIO_F_NOTIF_CONFIG_DATA  39
#define VIRTIO_F_RING_RESET         40
#define VIRTIO_F_ADMIN_VQ           41
#define VIRTIO_F_SUSPEND            43

/* Feature bits 0 to 127 exist; higher ones are reserved (2.2). */
#define VIRTIO_FEATURES_BITS 128

#endif
