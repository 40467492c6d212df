/* tests/unit/format/test_snapshot_file.c -- which files of kept snapshots are believed?
 *
 * SPDX-License-Identifier: MIT
 */
#include "format/snapshot_file.h"

#include <stdlib.h>

#include "sample.h"

#define FIELD(name) offsetof(struct xtd_snapshot, name), sizeof(((struct xtd_snapshot *)0)->name)
#define MANIFEST_BYTES (136 + 64 + 2 * 48)
#define MANIFEST_HASH 1024 + MANIFEST_BYTES - 8, 1
#define SAMPLE_BYTES (1032 + MANIFEST_BYTES)

static void manifest_fill(struct xtd_manifest *manifest)
{
    static const uint32_t ids[] = {1, 4};

    uuid_put(manifest->uuid, 1);
    manifest->generation = 3;
    manifest->created_txn = 8;
    manifest->dims = 1;
    manifest->item_kind = XT_POINTS;
    manifest->leaf_capacity = 64;
    manifest->inner_capacity = 32;
    manifest->supernode_units_max = 1024;
    manifest->extent_align = 4096;
    manifest->arena_count = 2;
    manifest->next_arena_id = 5;
    xti_manifest_dims(manifest)[0].coord_type = XT_F64;
    for (uint32_t i = 0; i < 2; i++)
        xti_manifest_arenas(manifest)[i] = (struct xtd_manifest_arena){.arena_id = ids[i],
                                                                       .first_unit = 32768 * i,
                                                                       .range_units = 32768,
                                                                       .committed_units = 128,
                                                                       .live_units = 100,
                                                                       .created_txn = 1};
    xti_manifest_seal(manifest);
}

/* Commit 9 as "before the move". Just as large as it must be; free() it. */
static struct xtd_snapshot *snapshot_make(void)
{
    static const char name[] = "before the move";
    struct xtd_snapshot *snapshot = calloc(1, SAMPLE_BYTES);

    if (snapshot == NULL)
        abort();
    uuid_put(snapshot->uuid, 1);
    snapshot->state = sample_state(9);
    snapshot->record_hash = 5;
    snapshot->kept_time_ns = 6;
    snapshot->manifest_bytes = MANIFEST_BYTES;
    snapshot->name_bytes = sizeof name - 1;
    memcpy(snapshot->name, name, sizeof name - 1);
    manifest_fill(xti_snapshot_manifest(snapshot));
    xti_snapshot_seal(snapshot);
    return snapshot;
}

static void sealed_snapshot_passes(void)
{
    struct xtd_snapshot *snapshot = snapshot_make();
    struct xti_finding finding = {"untouched", 1};

    CHECK_U64(xti_snapshot_bytes(MANIFEST_BYTES), SAMPLE_BYTES);
    CHECK_U64(snapshot->total_bytes, SAMPLE_BYTES);
    CHECK_STATUS(xti_snapshot_check(snapshot, SAMPLE_BYTES, &finding), XT_OK);
    CHECK_STR(finding.what, "untouched");
    CHECK_U64(xti_snapshot_manifest_const(snapshot)->next_arena_id, 5);
    free(snapshot);
}

static void every_flipped_bit_is_refused(void)
{
    struct xtd_snapshot *snapshot = snapshot_make();

    for (size_t bit = 0; bit < (size_t)8 * SAMPLE_BYTES; bit++) {
        bit_flip(snapshot, bit);
        xt_status status = xti_snapshot_check(snapshot, SAMPLE_BYTES, NULL);
        bit_flip(snapshot, bit);

        if (!CHECK_STATUS(status, bit < 64 ? XT_EFORMAT : XT_ECORRUPT))
            break;
    }
    free(snapshot);
}

static void every_other_size_is_refused(void)
{
    struct xtd_snapshot *snapshot = snapshot_make();

    for (size_t bytes = 0; bytes < SAMPLE_BYTES; bytes++) {
        char *part = malloc(bytes + 1);

        if (part == NULL)
            abort();
        memcpy(part, snapshot, bytes);
        CHECK_STATUS(xti_snapshot_check((void *)part, bytes, NULL), XT_ECORRUPT);
        free(part);
    }
    free(snapshot);
}

static void each_bad_field_is_named(void)
{
    static const struct bad_field rows[] = {
        ALIEN("snapshot magic", FIELD(magic), 0),
        ALIEN("snapshot format_version", FIELD(format_version), XTD_FORMAT_VERSION + 1),
        BAD("snapshot manifest_bytes", FIELD(manifest_bytes), MANIFEST_BYTES - 8),
        BAD("snapshot manifest_bytes", FIELD(manifest_bytes), UINT32_MAX),
        BAD("snapshot name_bytes", FIELD(name_bytes), 64),
        BAD("snapshot name_bytes", FIELD(name_bytes), 65535),
        BAD("snapshot reserved", FIELD(reserved0), 1),
        BAD("snapshot name", FIELD(name[0]), 0xff),
        BAD("snapshot name", FIELD(name[0]), 0),
        BAD_AT("snapshot name", FIELD(name[63]), 'x', 904),
        BAD("snapshot reserved", FIELD(reserved1[0]), 1),
        BAD("state root_count", FIELD(state.root_count), 0),
        BAD_AT("snapshot's manifest uuid", FIELD(uuid[3]), 9, 1024 + 16),
        BAD_AT("snapshot's manifest generation", FIELD(state.manifest_generation), 4, 1024 + 32),
        BAD_AT("snapshot's manifest created_txn", FIELD(state.txn), 7, 1024 + 40),
        BAD("manifest hash", MANIFEST_HASH, 0x55),
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct xtd_snapshot *snapshot = snapshot_make();
        struct xti_finding finding = {"", 0};
        uint64_t hash;

        check_row = rows[i].what;
        field_put(snapshot, &rows[i]);
        hash = xti_hash64(snapshot, SAMPLE_BYTES - 8);
        memcpy((char *)snapshot + SAMPLE_BYTES - 8, &hash, sizeof hash);
        xt_status got = xti_snapshot_check(snapshot, SAMPLE_BYTES, &finding);
        field_is_named(&rows[i], got, &finding);
        free(snapshot);
    }
}

static void a_name_is_utf_8(void)
{
    static const struct {
        const char *name;
        bool fits;
    } rows[] = {
        {"",                  true },
        {"friday",            true },
        {"\xc3\xa9t\xc3\xa9", true },
        {"\xe2\x82\xac",      true },
        {"\xf0\x9f\x8c\x8d",  true },
        {"\xf4\x8f\xbf\xbf",  true },
        {"\xed\x9f\xbf",      true },
        {"\x80",              false},
        {"a\xff",             false},
        {"\xc1\xbf",          false}, /* longer than need be */
        {"\xe0\x9f\xbf",      false},
        {"\xf0\x8f\xbf\xbf",  false},
        {"\xed\xa0\x80",      false}, /* half of a pair */
        {"\xf4\x90\x80\x80",  false}, /* beyond the last */
        {"\xc3",              false}, /* cut */
        {"\xe2\x82",          false},
        {"\xe2\x82z",         false},
        {"\xf0\x9f\x8cz",     false},
    };
    char longest[64];

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        check_row = rows[i].name;
        CHECK_INT(xti_snapshot_name_fits(rows[i].name, strlen(rows[i].name)), rows[i].fits);
    }
    memset(longest, 'n', sizeof longest);
    CHECK(xti_snapshot_name_fits(longest, 63));
    CHECK(!xti_snapshot_name_fits(longest, 64));
    CHECK(!xti_snapshot_name_fits("a\0b", 3));
}

CHECK_MAIN({"sealed_snapshot_passes", sealed_snapshot_passes},
           {"every_flipped_bit_is_refused", every_flipped_bit_is_refused},
           {"every_other_size_is_refused", every_other_size_is_refused},
           {"each_bad_field_is_named", each_bad_field_is_named},
           {"a_name_is_utf_8", a_name_is_utf_8})
