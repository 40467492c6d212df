/* src/format/snapshot_file.h -- a kept snapshot: a commit's state and manifest, under a name.
 *
 * The file snapshot-<number of the commit> is written once and read whole. While it is there, the
 * arenas in its manifest stay.
 *
 *   offset  size  field           meaning
 *        0     8  magic           "XTSNAP\r\n"
 *        8     4  format_version  XTD_FORMAT_VERSION
 *       12     4  total_bytes     size of the file: 1032 + manifest_bytes
 *       16    16  uuid            of the store
 *       32   848  state           state.h: as the commit's HEAD slot has it
 *      880     8  record_hash     likewise
 *      888     8  kept_time_ns    wall clock when it was kept (information)
 *      896     4  manifest_bytes
 *      900     2  name_bytes      0 .. 63
 *      902     2  reserved
 *      904    64  name            UTF-8, zero behind it
 *      968    56  reserved
 *     1024        manifest        manifest.h: all bytes of the state's manifest
 *    end-8     8  hash            XXH64 of all bytes before it
 *
 * Specification: docs/format.md.   SPDX-License-Identifier: MIT
 */
#ifndef XTI_FORMAT_SNAPSHOT_FILE_H
#define XTI_FORMAT_SNAPSHOT_FILE_H

#include "format/manifest.h"
#include "format/state.h"

#define XTD_SNAPSHOT_MAGIC "XTSNAP\r\n"
#define XTD_SNAPSHOT_NAME_BYTES 64u

struct xtd_snapshot {
    uint8_t magic[8];
    uint32_t format_version;
    uint32_t total_bytes;
    uint8_t uuid[16];
    struct xtd_state state;
    uint64_t record_hash;
    uint64_t kept_time_ns;
    uint32_t manifest_bytes;
    uint16_t name_bytes;
    uint16_t reserved0;
    char name[XTD_SNAPSHOT_NAME_BYTES];
    uint8_t reserved1[56];
    /* then manifest, hash */
};
static_assert(sizeof(struct xtd_snapshot) == 1024, "see the table above");
static_assert(offsetof(struct xtd_snapshot, record_hash) == 880, "see the table above");
static_assert(offsetof(struct xtd_snapshot, name) == 904, "see the table above");

#define XTD_SNAPSHOT_BYTES_MAX (sizeof(struct xtd_snapshot) + XTD_MANIFEST_BYTES_MAX + 8u)

/* Bytes of the file with a manifest of so many. */
size_t xti_snapshot_bytes(size_t manifest_bytes);

/* The manifest in it; meaningful once manifest_bytes is set. */
struct xtd_manifest *xti_snapshot_manifest(struct xtd_snapshot *snapshot);
const struct xtd_manifest *xti_snapshot_manifest_const(const struct xtd_snapshot *snapshot);

/* Whether a text of `bytes` bytes can be a snapshot's name: at most 63, UTF-8, none zero. */
bool xti_snapshot_name_fits(const char *name, size_t bytes);

/* Fills magic, version, total_bytes and the hash; the rest is the caller's, reserved bytes zero. */
void xti_snapshot_seal(struct xtd_snapshot *snapshot);

/* Checks a file of which `available` bytes were read, which must be exactly all, and the manifest
 * in it. XT_OK; XT_EFORMAT: no magic or a newer version; XT_ECORRUPT. */
XT_NODISCARD xt_status xti_snapshot_check(const struct xtd_snapshot *snapshot, size_t available,
                                          struct xti_finding *finding);

#endif
