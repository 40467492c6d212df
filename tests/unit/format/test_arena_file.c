/* tests/unit/format/test_arena_file.c -- which first pages of arena files are believed?
 *
 * SPDX-License-Identifier: MIT
 */
#include "format/arena_file.h"

#include "sample.h"

#define FIELD(name)                                                                                \
    offsetof(struct xtd_arena_header, name), sizeof(((struct xtd_arena_header *)0)->name)

static void header_make(struct xtd_arena_header *header)
{
    memset(header, 0xee, sizeof *header);
    uuid_put(header->uuid, 1);
    header->arena_id = 5;
    header->first_unit = 65536;
    header->range_units = 32768;
    header->created_txn = 9;
    header->timeline = 77;
    xti_arena_header_seal(header);
}

static void sealed_header_passes(void)
{
    static struct xtd_arena_header header;
    struct xti_finding finding = {"untouched", 1};

    header_make(&header);
    CHECK_STATUS(xti_arena_header_check(&header, &finding), XT_OK);
    CHECK_STR(finding.what, "untouched");
}

static void arena_may_end_with_the_space(void)
{
    static struct xtd_arena_header header;
    struct xti_finding finding;

    header_make(&header);
    header.first_unit = UINT32_MAX - 32767;
    xti_arena_header_seal(&header);
    CHECK_STATUS(xti_arena_header_check(&header, &finding), XT_OK);
    header.range_units = 65536;
    xti_arena_header_seal(&header);
    CHECK_STATUS(xti_arena_header_check(&header, &finding), XT_ECORRUPT);
    CHECK_STR(finding.what, "arena range_units");
}

static void every_flipped_bit_is_refused(void)
{
    static struct xtd_arena_header header;

    header_make(&header);
    for (size_t bit = 0; bit < 8 * sizeof header; bit++) {
        bit_flip(&header, bit);
        xt_status status = xti_arena_header_check(&header, NULL);
        bit_flip(&header, bit);

        if (!CHECK_STATUS(status, bit < 64 ? XT_EFORMAT : XT_ECORRUPT))
            return;
    }
}

static void each_bad_field_is_named(void)
{
    static const struct bad_field rows[] = {
        ALIEN("arena magic", FIELD(magic), 0),
        ALIEN("arena format_version", FIELD(format_version), 1),
        BAD("arena header_bytes", FIELD(header_bytes), 8192),
        BAD("arena arena_id", FIELD(arena_id), 0),
        BAD("arena first_unit", FIELD(first_unit), 64),
        BAD("arena range_units", FIELD(range_units), 0),
        BAD("arena range_units", FIELD(range_units), 32769),
        BAD("arena range_units", FIELD(range_units), XTD_SPACE_UNITS),
        BAD("arena range_units", FIELD(range_units), UINT64_MAX - 32767),
        BAD("arena created_txn", FIELD(created_txn), 0),
        BAD("arena unit_shift", FIELD(unit_shift), 7),
        BAD("arena stream", FIELD(stream), 1),
        BAD("arena reserved", FIELD(reserved0), 1),
        BAD("arena flags", FIELD(flags), 1),
        BAD("arena reserved", FIELD(reserved1[0]), 1),
        BAD_AT("arena reserved", FIELD(reserved1[4019]), 1, 72),
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        static struct xtd_arena_header header;
        struct xti_finding finding = {"", 0};

        check_row = rows[i].what;
        header_make(&header);
        field_put(&header, &rows[i]);
        header.crc32c = xti_crc32c(0, &header, 4092);
        xt_status got = xti_arena_header_check(&header, &finding);
        field_is_named(&rows[i], got, &finding);
    }
}

CHECK_MAIN({"sealed_header_passes", sealed_header_passes},
           {"arena_may_end_with_the_space", arena_may_end_with_the_space},
           {"every_flipped_bit_is_refused", every_flipped_bit_is_refused},
           {"each_bad_field_is_named", each_bad_field_is_named})
