/* src/format/arena_file.h -- the first page of an arena's file, arena-<id as 8 hex digits>.xta.
 *
 *   offset  size  field           meaning
 *        0     8  magic           "XTARENA\n"
 *        8     4  format_version  XTD_FORMAT_VERSION
 *       12     4  header_bytes    4096
 *       16    16  uuid            of the store
 *       32     4  arena_id        from 1; never used again
 *       36     4  first_unit      where the arena starts in the address space; multiple of 32768
 *       40     8  range_units     how much of it the arena owns; multiple of 32768
 *       48     8  created_txn     number of the commit that first used it
 *       56     8  timeline        of the writer that created it
 *       64     1  unit_shift      6
 *       65     1  stream          0: mixed (1 cold, 2 records: later)
 *       66     2  reserved
 *       68     4  flags           no bit is defined; 0
 *       72  4020  reserved        zero
 *     4092     4  crc32c          of bytes 0 .. 4091
 *
 * Behind it come extents, each aligned to the store's extent_align; gaps are never referred to.
 * With an extent_align above 4096 the first extent starts there, not at 4096.
 *
 * Specification: docs/format.md.   SPDX-License-Identifier: MIT
 */
#ifndef XTI_FORMAT_ARENA_FILE_H
#define XTI_FORMAT_ARENA_FILE_H

#include "format/format.h"

#define XTD_ARENA_MAGIC "XTARENA\n"
#define XTD_ARENA_HEADER_BYTES 4096u

struct xtd_arena_header {
    uint8_t magic[8];
    uint32_t format_version;
    uint32_t header_bytes;
    uint8_t uuid[16];
    uint32_t arena_id;
    uint32_t first_unit;
    uint64_t range_units;
    uint64_t created_txn;
    uint64_t timeline;
    uint8_t unit_shift;
    uint8_t stream;
    uint16_t reserved0;
    uint32_t flags;
    uint8_t reserved1[4020];
    uint32_t crc32c;
};
static_assert(sizeof(struct xtd_arena_header) == 4096, "one page");
static_assert(offsetof(struct xtd_arena_header, range_units) == 40, "see the table above");
static_assert(offsetof(struct xtd_arena_header, crc32c) == 4092, "see the table above");

/* Fills the constants, zeroes and the checksum; uuid, id, place, txn and timeline are the
 * caller's. */
void xti_arena_header_seal(struct xtd_arena_header *header);

/* XT_OK; XT_EFORMAT: no magic, or newer; XT_ECORRUPT: checksum or contents. */
XT_NODISCARD xt_status xti_arena_header_check(const struct xtd_arena_header *header,
                                              struct xti_finding *finding);

#endif
