/* src/format/commit_record.h -- the first page of a commit's first extent: what was committed.
 *
 * An extent is a range of an arena's file, aligned to the store's extent_align, that one commit
 * writes once. The record certifies them all; records are chained by hash from the first commit on.
 *
 *   offset  size  field              meaning
 *        0     8  magic              "XTCOMMIT"
 *        8     4  format_version     XTD_FORMAT_VERSION
 *       12     4  record_bytes       multiple of 4096; the same as state.record_bytes
 *       16    16  uuid               of the store
 *       32   848  state              state.h
 *      880     8  previous_hash      hash of the record of commit txn - 1; 0 for the first
 *      888     8  durable_txn        the highest commit known to be durable when this was written
 *      896     4  previous_ref       where that record starts; 0 for the first
 *      900     4  extent_count       n, 1 .. (record_bytes - 920 - 8m) / 32
 *      904     4  live_count         m
 *      908     4  reserved
 *      912   32n  extents
 *        …    8m  live table
 *        …        zero
 *    end-8     8  hash               XXH64 of all bytes of the record before it
 *
 * extent, 32 bytes
 *        0     4  arena_id
 *        4     4  reserved
 *        8     8  first_unit         from the start of the arena
 *       16     8  units              multiple of extent_align / 64
 *       24     8  hash               XXH64 of its bytes, the record's own bytes left out
 *
 * entry of the live table, 8 bytes: of each arena whose live units are not those of its entry in
 * the state's manifest
 *        0     4  arena_id           ascending
 *        4     4  live_units
 *
 * The record starts at the first unit of extents[0]. "The hash of a record" is its last field.
 *
 * Specification: docs/format.md.   SPDX-License-Identifier: MIT
 */
#ifndef XTI_FORMAT_COMMIT_RECORD_H
#define XTI_FORMAT_COMMIT_RECORD_H

#include "format/state.h"

#define XTD_COMMIT_MAGIC "XTCOMMIT"

struct xtd_extent {
    uint32_t arena_id;
    uint32_t reserved;
    uint64_t first_unit;
    uint64_t units;
    uint64_t hash;
};
static_assert(sizeof(struct xtd_extent) == 32, "see the table above");

struct xtd_live {
    uint32_t arena_id;
    uint32_t live_units;
};
static_assert(sizeof(struct xtd_live) == 8, "see the table above");

struct xtd_commit_record {
    uint8_t magic[8];
    uint32_t format_version;
    uint32_t record_bytes;
    uint8_t uuid[16];
    struct xtd_state state;
    uint64_t previous_hash;
    uint64_t durable_txn;
    uint32_t previous_ref;
    uint32_t extent_count;
    uint32_t live_count;
    uint32_t reserved;
    struct xtd_extent extents[]; /* then the live table, zeroes, the hash in the last 8 bytes */
};
static_assert(offsetof(struct xtd_commit_record, previous_hash) == 880, "see the table above");
static_assert(offsetof(struct xtd_commit_record, extents) == 912, "see the table above");

/* How many extents fit into a record of so many bytes that has no live table; and the bytes that
 * hold so many and a live table of so many entries, 0 when no record does. */
uint32_t xti_commit_extents_max(uint32_t record_bytes);
uint32_t xti_commit_bytes_for(uint32_t extent_count, uint32_t live_count);

/* Where the live table begins; meaningful once extent_count is set. */
struct xtd_live *xti_commit_live(struct xtd_commit_record *record);
const struct xtd_live *xti_commit_live_const(const struct xtd_commit_record *record);

/* Fills magic, version, record_bytes (from state.record_bytes) and the hash, and returns the hash.
 * The rest is the caller's, zeroes behind the live table included. */
uint64_t xti_commit_seal(struct xtd_commit_record *record);

/* The last 8 bytes. */
uint64_t xti_commit_hash(const struct xtd_commit_record *record);

/* Checks a record of which `available` bytes were read (4096 at least): all but the extents' own
 * hashes. XT_OK, XT_EFORMAT (no record here) or XT_ECORRUPT. */
XT_NODISCARD xt_status xti_commit_check(const struct xtd_commit_record *record, size_t available,
                                        struct xti_finding *finding);

#endif
