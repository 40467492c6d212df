/* src/format/manifest.h -- manifest-<generation as 16 hex digits>: schema and set of arenas.
 *
 * Immutable. Written under a temporary name, synced, renamed; the next generation is written only
 * when the set of arenas changes, or when a commit record has no room for what has changed since.
 *
 *   offset  size  field                meaning
 *        0     8  magic                "XTMANIF\n"
 *        8     4  format_version       XTD_FORMAT_VERSION
 *       12     4  total_bytes          of the whole manifest
 *       16    16  uuid                 of the store
 *       32     8  generation           the same as in the name; from 1
 *       40     8  created_txn          the commit that first uses it
 *       48     8  required_features    bits; see format.h
 *       56     8  optional_features
 *       64     4  dims                 1 .. 255
 *       68     1  item_kind            1 points, 2 boxes
 *       69     1  unit_shift           6
 *       70     1  node_checksum        1: CRC32C
 *       71     1  extent_hash          1: XXH64
 *       72     4  leaf_capacity        multiple of 16, 16 .. 1024
 *       76     4  inner_capacity       multiple of 16, 16 .. 1024
 *       80     4  supernode_units_max  the largest node, in units
 *       84     4  extent_align         bytes; a power of two, 4096 .. 65536
 *       88     4  arena_count          1 .. 4096
 *       92     4  dim_bytes            64
 *       96     4  arena_bytes          48
 *      100     4  next_arena_id        above every id ever used
 *      104     8  record_hash          of the commit that first uses it; 0: not told
 *      112    16  reserved             zero
 *      128   64d  dims                 one entry for each dimension
 *        …   48n  arenas               ascending arena_id; ranges do not overlap
 *    end-8     8  hash                 XXH64 of all bytes before it
 *
 * dimension, 64 bytes
 *        0     1  coord_type           1 f64, 2 f32 (3 i64: reserved); the same for all today
 *        1     1  flags                no bit is defined; 0 (bit 0 later: periodic)
 *        2     2  name_bytes           0 .. 47
 *        4     4  reserved
 *        8     8  period               f64; 0: none
 *       16    48  name                 UTF-8, zero behind it
 *
 * arena, 48 bytes
 *        0     4  arena_id
 *        4     4  first_unit           multiple of 32768
 *        8     8  range_units          multiple of 32768
 *       16     8  committed_units      when the manifest was written; final if sealed
 *       24     8  live_units           likewise: of nodes that a root reaches
 *       32     8  created_txn
 *       40     4  flags                bit 0: sealed, does not grow any more
 *       44     4  reserved
 *
 * Specification: docs/format.md.   SPDX-License-Identifier: MIT
 */
#ifndef XTI_FORMAT_MANIFEST_H
#define XTI_FORMAT_MANIFEST_H

#include "format/format.h"

#define XTD_MANIFEST_MAGIC "XTMANIF\n"
#define XTD_ARENAS_MAX 4096u
#define XTD_DIM_NAME_BYTES 48u
#define XTD_CAPACITY_MAX 1024u

enum xtd_arena_flags { XTD_ARENA_SEALED = 1 };

struct xtd_dim {
    uint8_t coord_type;
    uint8_t flags;
    uint16_t name_bytes;
    uint32_t reserved;
    double period;
    char name[XTD_DIM_NAME_BYTES];
};
static_assert(sizeof(struct xtd_dim) == 64, "see the table above");

struct xtd_manifest_arena {
    uint32_t arena_id;
    uint32_t first_unit;
    uint64_t range_units;
    uint64_t committed_units;
    uint64_t live_units;
    uint64_t created_txn;
    uint32_t flags;
    uint32_t reserved;
};
static_assert(sizeof(struct xtd_manifest_arena) == 48, "see the table above");

struct xtd_manifest {
    uint8_t magic[8];
    uint32_t format_version;
    uint32_t total_bytes;
    uint8_t uuid[16];
    uint64_t generation;
    uint64_t created_txn;
    uint64_t required_features;
    uint64_t optional_features;
    uint32_t dims;
    uint8_t item_kind;
    uint8_t unit_shift;
    uint8_t node_checksum;
    uint8_t extent_hash;
    uint32_t leaf_capacity;
    uint32_t inner_capacity;
    uint32_t supernode_units_max;
    uint32_t extent_align;
    uint32_t arena_count;
    uint32_t dim_bytes;
    uint32_t arena_bytes;
    uint32_t next_arena_id;
    uint64_t record_hash;
    uint8_t reserved[16];
    /* then dims, arenas, hash */
};
static_assert(sizeof(struct xtd_manifest) == 128, "see the table above");
static_assert(offsetof(struct xtd_manifest, dims) == 64, "see the table above");
static_assert(offsetof(struct xtd_manifest, next_arena_id) == 100, "see the table above");

#define XTD_MANIFEST_BYTES_MAX                                                                     \
    (sizeof(struct xtd_manifest) + XT_DIMS_MAX * sizeof(struct xtd_dim) +                          \
     XTD_ARENAS_MAX * sizeof(struct xtd_manifest_arena) + 8u)

/* Bytes of a manifest for so many dimensions and arenas. */
size_t xti_manifest_bytes(uint32_t dims, uint32_t arena_count);

/* The parts behind the fixed one; meaningful once dims and arena_count are set. */
struct xtd_dim *xti_manifest_dims(struct xtd_manifest *manifest);
struct xtd_manifest_arena *xti_manifest_arenas(struct xtd_manifest *manifest);
const struct xtd_dim *xti_manifest_dims_const(const struct xtd_manifest *manifest);
const struct xtd_manifest_arena *xti_manifest_arenas_const(const struct xtd_manifest *manifest);

/* Fills magic, version, sizes and the hash; the rest is the caller's, reserved bytes zero. */
void xti_manifest_seal(struct xtd_manifest *manifest);

/* Checks a manifest of which `available` bytes were read, which must be exactly all. XT_OK;
 * XT_EFORMAT: no magic, newer, or an unknown required feature; XT_ECORRUPT. */
XT_NODISCARD xt_status xti_manifest_check(const struct xtd_manifest *manifest, size_t available,
                                          struct xti_finding *finding);

#endif
