/* tests/unit/format/test_commit_record.c -- which commit records are believed?
 *
 * SPDX-License-Identifier: MIT
 */
#include "format/commit_record.h"

#include "sample.h"

#define FIELD(name)                                                                                \
    offsetof(struct xtd_commit_record, name), sizeof(((struct xtd_commit_record *)0)->name)
#define EXTENT(i, name)                                                                            \
    offsetof(struct xtd_commit_record, extents) + (i) * sizeof(struct xtd_extent) +                \
        offsetof(struct xtd_extent, name),                                                         \
        sizeof(((struct xtd_extent *)0)->name)

/* Of the two that record_make() writes behind two extents. */
#define LIVE(i, name)                                                                              \
    offsetof(struct xtd_commit_record, extents) + 2 * sizeof(struct xtd_extent) +                  \
        (i) * sizeof(struct xtd_live) + offsetof(struct xtd_live, name),                           \
        sizeof(((struct xtd_live *)0)->name)

#define BYTES(offset, size) (offset), (size)

#define RECORD_BYTES_MOST 8192u

union space {
    struct xtd_commit_record record;
    unsigned char bytes[RECORD_BYTES_MOST];
};

/* Two extents of commit 2; the second lies in an arena that the same commit sealed. */
static struct xtd_commit_record *record_make(union space *space, uint32_t record_bytes)
{
    struct xtd_commit_record *record = &space->record;

    memset(space, 0, sizeof *space);
    uuid_put(record->uuid, 1);
    record->state = sample_state(2);
    record->state.record_bytes = record_bytes;
    record->previous_hash = 1234;
    record->previous_ref = 256;
    record->durable_txn = 1;
    record->extent_count = 2;
    record->live_count = 2;
    record->extents[0] = (struct xtd_extent){.arena_id = 1, .first_unit = 512, .units = 256};
    record->extents[1] = (struct xtd_extent){.arena_id = 3, .first_unit = 64, .units = 32704};
    xti_commit_live(record)[0] = (struct xtd_live){.arena_id = 1, .live_units = 3};
    xti_commit_live(record)[1] = (struct xtd_live){.arena_id = 3, .live_units = 0};
    xti_commit_seal(record);
    return record;
}

static void hash_repair(struct xtd_commit_record *record)
{
    uint64_t hash = xti_hash64(record, 4096 - 8);

    memcpy((char *)record + 4096 - 8, &hash, sizeof hash);
}

static void sealed_record_passes(void)
{
    static union space space;

    for (uint32_t bytes = 4096; bytes <= 8192; bytes += 4096) {
        struct xtd_commit_record *record = record_make(&space, bytes);
        struct xti_finding finding = {"untouched", 1};

        CHECK_U64(record->record_bytes, bytes);
        CHECK_STATUS(xti_commit_check(record, bytes, &finding), XT_OK);
        CHECK_STATUS(xti_commit_check(record, RECORD_BYTES_MOST, &finding), XT_OK);
        CHECK_STR(finding.what, "untouched");
        CHECK_U64(xti_commit_hash(record), xti_hash64(record, bytes - 8));
        CHECK_U64(xti_commit_seal(record), xti_commit_hash(record));
    }
}

static void first_record_has_no_predecessor(void)
{
    static union space space;
    struct xtd_commit_record *record = record_make(&space, 4096);
    struct xti_finding finding;

    record->state.txn = 1;
    record->durable_txn = 0;
    record->previous_ref = 0;
    record->previous_hash = 0;
    xti_commit_seal(record);
    CHECK_STATUS(xti_commit_check(record, 4096, &finding), XT_OK);
    record->previous_hash = 1;
    xti_commit_seal(record);
    CHECK_STATUS(xti_commit_check(record, 4096, &finding), XT_ECORRUPT);
    CHECK_STR(finding.what, "commit record previous_hash");
    record->previous_hash = 0;
    record->previous_ref = 64;
    xti_commit_seal(record);
    CHECK_STATUS(xti_commit_check(record, 4096, &finding), XT_ECORRUPT);
    CHECK_STR(finding.what, "commit record previous_ref");
}

static void every_flipped_bit_is_refused(void)
{
    static union space space;
    struct xtd_commit_record *record = record_make(&space, 4096);

    for (size_t bit = 0; bit < (size_t)8 * 4096; bit++) {
        bit_flip(record, bit);
        xt_status status = xti_commit_check(record, 4096, NULL);
        bit_flip(record, bit);

        if (!CHECK_STATUS(status, bit < 64 ? XT_EFORMAT : XT_ECORRUPT))
            return;
    }
}

static void record_cut_short_is_refused(void)
{
    static union space space;
    struct xtd_commit_record *record = record_make(&space, 8192);
    struct xti_finding finding;

    CHECK_STATUS(xti_commit_check(record, 4096, &finding), XT_ECORRUPT);
    CHECK_STR(finding.what, "commit record record_bytes");
    CHECK_STATUS(xti_commit_check(record, 0, &finding), XT_ECORRUPT);
    CHECK_STR(finding.what, "commit record cut short");
}

static void each_bad_field_is_named(void)
{
    static const struct bad_field rows[] = {
        ALIEN("commit record magic", FIELD(magic), 0),
        ALIEN("commit record format_version", FIELD(format_version), 1),
        BAD("commit record record_bytes", FIELD(record_bytes), 0),
        BAD("commit record record_bytes", FIELD(record_bytes), 4104),
        BAD("commit record record_bytes", FIELD(record_bytes), 8192),
        BAD("commit record record_bytes", FIELD(record_bytes), 0xfffff000),
        BAD("state flags", FIELD(state.flags), 1),
        BAD("commit record state record_bytes", FIELD(state.record_bytes), 8192),
        BAD("commit record durable_txn", FIELD(durable_txn), 2),
        BAD("commit record previous_ref", FIELD(previous_ref), 0),
        BAD("commit record previous_ref", FIELD(previous_ref), 257),
        BAD("commit record previous_ref", FIELD(previous_ref), 512),
        BAD("commit record extent_count", FIELD(extent_count), 0),
        BAD("commit record extent_count", FIELD(extent_count), 100),
        BAD("commit record extent_count", FIELD(extent_count), UINT32_MAX),
        BAD_AT("commit record zeroes behind the live table", FIELD(extent_count), 1, 960),
        BAD("commit record live_count", FIELD(live_count), 390),
        BAD("commit record live_count", FIELD(live_count), UINT32_MAX),
        BAD_AT("commit record zeroes behind the live table", FIELD(live_count), 1, 984),
        BAD_AT("commit record live arena_id", FIELD(live_count), 3, 992),
        BAD("commit record reserved", FIELD(reserved), 1),
        BAD("commit record extent arena_id", EXTENT(0, arena_id), 0),
        BAD("commit record extent reserved", EXTENT(1, reserved), 1),
        BAD("commit record extent first_unit", EXTENT(1, first_unit), 0),
        BAD("commit record extent first_unit", EXTENT(1, first_unit), 65),
        BAD("commit record extent units", EXTENT(1, units), 0),
        BAD("commit record extent units", EXTENT(1, units), 63),
        BAD("commit record extent units", EXTENT(1, units), UINT64_MAX - 63),
        BAD_AT("commit record extent units", EXTENT(1, first_unit), UINT64_MAX - 63, 960),
        BAD("commit record extent beyond its frontier", EXTENT(0, units), 320),
        BAD_AT("commit record extent beyond its frontier", EXTENT(1, arena_id), 1, 960),
        BAD("commit record place in its extent", EXTENT(0, first_unit), 448),
        BAD("commit record live arena_id", LIVE(0, arena_id), 0),
        BAD("commit record live arena_id", LIVE(1, arena_id), 1),
        BAD("commit record live units", LIVE(1, live_units), 101),
        BAD_AT("commit record zeroes behind the live table", BYTES(4084, 4), 1, 992),
        BAD("commit record zeroes behind the live table", BYTES(992, 1), 1),
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        static union space space;
        struct xtd_commit_record *record = record_make(&space, 4096);
        struct xti_finding finding = {"", 0};

        check_row = rows[i].what;
        field_put(record, &rows[i]);
        hash_repair(record);
        xt_status got = xti_commit_check(record, 4096, &finding);
        field_is_named(&rows[i], got, &finding);
    }
}

static void extents_must_not_overlap(void)
{
    static union space space;
    struct xtd_commit_record *record = record_make(&space, 4096);
    struct xti_finding finding;

    record->extents[1] = (struct xtd_extent){.arena_id = 1, .first_unit = 704, .units = 64};
    xti_commit_seal(record);
    CHECK_STATUS(xti_commit_check(record, 4096, &finding), XT_ECORRUPT);
    CHECK_STR(finding.what, "commit record extent overlap");
    record->extents[0].units = 192;
    xti_commit_seal(record);
    CHECK_STATUS(xti_commit_check(record, 4096, &finding), XT_OK);
}

/* Its extent lies an arena's alignment further on, as if the arena began below unit 0. */
static void record_before_its_extent_is_refused(void)
{
    static union space space;
    struct xtd_commit_record *record = record_make(&space, 4096);
    struct xti_finding finding;

    record->extents[0].arena_id = 9;
    record->extents[0].first_unit += XTD_ARENA_ALIGN_UNITS;
    xti_commit_seal(record);
    CHECK_STATUS(xti_commit_check(record, 4096, &finding), XT_ECORRUPT);
    CHECK_STR(finding.what, "commit record place in its extent");
}

static void record_must_fit_into_its_extent(void)
{
    static union space space;
    struct xtd_commit_record *record = record_make(&space, 8192);
    struct xti_finding finding;

    record->extents[0].units = 64;
    xti_commit_seal(record);
    CHECK_STATUS(xti_commit_check(record, 8192, &finding), XT_ECORRUPT);
    CHECK_STR(finding.what, "commit record longer than its extent");
}

static void size_follows_from_the_counts(void)
{
    static const struct {
        uint32_t extents, live, bytes;
    } rows[] = {
        {1,          0,          4096 },
        {1,          393,        4096 },
        {1,          394,        8192 },
        {99,         0,          4096 },
        {99,         1,          4096 },
        {99,         2,          8192 },
        {100,        0,          8192 },
        {227,        0,          8192 },
        {2019,       1,          65536},
        {2019,       2,          0    },
        {2020,       0,          0    },
        {UINT32_MAX, UINT32_MAX, 0    }
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        CHECK_U64(xti_commit_bytes_for(rows[i].extents, rows[i].live), rows[i].bytes);
        if (rows[i].bytes != 0)
            CHECK(xti_commit_extents_max(rows[i].bytes) >= rows[i].extents);
    }
    CHECK_U64(xti_commit_extents_max(0), 0);
    CHECK_U64(xti_commit_extents_max(919), 0);
    CHECK_U64(xti_commit_extents_max(4096), 99);
    CHECK_U64(xti_commit_extents_max(65536), 2019);
}

CHECK_MAIN({"sealed_record_passes", sealed_record_passes},
           {"first_record_has_no_predecessor", first_record_has_no_predecessor},
           {"every_flipped_bit_is_refused", every_flipped_bit_is_refused},
           {"record_cut_short_is_refused", record_cut_short_is_refused},
           {"each_bad_field_is_named", each_bad_field_is_named},
           {"extents_must_not_overlap", extents_must_not_overlap},
           {"record_before_its_extent_is_refused", record_before_its_extent_is_refused},
           {"record_must_fit_into_its_extent", record_must_fit_into_its_extent},
           {"size_follows_from_the_counts", size_follows_from_the_counts})
