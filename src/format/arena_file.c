/* src/format/arena_file.c -- seals and checks the first page of an arena's file.
 *
 * SPDX-License-Identifier: MIT
 */
#include "format/arena_file.h"

#include <string.h>

#include "format/format_private.h"

static uint32_t header_checksum(const struct xtd_arena_header *header)
{
    return xti_crc32c(0, header, offsetof(struct xtd_arena_header, crc32c));
}

void xti_arena_header_seal(struct xtd_arena_header *header)
{
    memcpy(header->magic, XTD_ARENA_MAGIC, sizeof header->magic);
    header->format_version = XTD_FORMAT_VERSION;
    header->header_bytes = XTD_ARENA_HEADER_BYTES;
    header->unit_shift = XTD_UNIT_SHIFT;
    header->stream = 0;
    header->reserved0 = 0;
    header->flags = 0;
    memset(header->reserved1, 0, sizeof header->reserved1);
    header->crc32c = header_checksum(header);
}

static xt_status fields_check(const struct xtd_arena_header *header, struct xti_finding *finding)
{
    uint64_t first = header->first_unit;
    uint64_t units = header->range_units;
    struct xti_rules rules = {finding, 0, XT_OK};

    xti_rule(&rules, header->header_bytes == XTD_ARENA_HEADER_BYTES, "arena header_bytes",
             offsetof(struct xtd_arena_header, header_bytes));
    xti_rule(&rules, header->arena_id > 0, "arena arena_id",
             offsetof(struct xtd_arena_header, arena_id));
    xti_rule(&rules, first % XTD_ARENA_ALIGN_UNITS == 0, "arena first_unit",
             offsetof(struct xtd_arena_header, first_unit));
    xti_rule(&rules,
             units > 0 && units % XTD_ARENA_ALIGN_UNITS == 0 && xti_range_fits(first, units),
             "arena range_units", offsetof(struct xtd_arena_header, range_units));
    xti_rule(&rules, header->created_txn > 0, "arena created_txn",
             offsetof(struct xtd_arena_header, created_txn));
    xti_rule(&rules, header->unit_shift == XTD_UNIT_SHIFT, "arena unit_shift",
             offsetof(struct xtd_arena_header, unit_shift));
    xti_rule(&rules, header->stream == 0, "arena stream",
             offsetof(struct xtd_arena_header, stream));
    xti_rule(&rules, header->reserved0 == 0, "arena reserved",
             offsetof(struct xtd_arena_header, reserved0));
    xti_rule(&rules, header->flags == 0, "arena flags", offsetof(struct xtd_arena_header, flags));
    xti_rule(&rules, xti_is_zero(header->reserved1, sizeof header->reserved1), "arena reserved",
             offsetof(struct xtd_arena_header, reserved1));

    return rules.status;
}

xt_status xti_arena_header_check(const struct xtd_arena_header *header, struct xti_finding *finding)
{
    if (memcmp(header->magic, XTD_ARENA_MAGIC, sizeof header->magic) != 0)
        return xti_found(finding, XT_EFORMAT, "arena magic", 0);
    if (header->crc32c != header_checksum(header))
        return xti_found(finding, XT_ECORRUPT, "arena checksum",
                         offsetof(struct xtd_arena_header, crc32c));
    if (header->format_version != XTD_FORMAT_VERSION)
        return xti_found(finding, XT_EFORMAT, "arena format_version",
                         offsetof(struct xtd_arena_header, format_version));
    return fields_check(header, finding);
}
