/* tests/unit/format/test_manifest.c -- which manifests are believed?
 *
 * SPDX-License-Identifier: MIT
 */
#include "format/manifest.h"

#include <stdlib.h>

#include "sample.h"

#define FIELD(name) offsetof(struct xtd_manifest, name), sizeof(((struct xtd_manifest *)0)->name)
#define DIM(i, name)                                                                               \
    128 + (i) * sizeof(struct xtd_dim) + offsetof(struct xtd_dim, name),                           \
        sizeof(((struct xtd_dim *)0)->name)
#define ARENA(i, name)                                                                             \
    128 + 2 * sizeof(struct xtd_dim) + (i) * sizeof(struct xtd_manifest_arena) +                   \
        offsetof(struct xtd_manifest_arena, name),                                                 \
        sizeof(((struct xtd_manifest_arena *)0)->name)

#define NAN_BITS UINT64_C(0x7ff8000000000000)
#define INF_BITS UINT64_C(0x7ff0000000000000)
#define TOP_BIT UINT64_C(0x8000000000000000)

#define SAMPLE_BYTES (136 + 2 * 64 + 3 * 48)

static void hash_repair(struct xtd_manifest *manifest)
{
    uint64_t hash = xti_hash64(manifest, SAMPLE_BYTES - 8);

    memcpy((char *)manifest + SAMPLE_BYTES - 8, &hash, sizeof hash);
}

/* Two dimensions, three arenas whose places are not in the order of their ids. The memory is just
 * as large as the manifest; free() it. */
static struct xtd_manifest *manifest_make(void)
{
    static const uint32_t ids[] = {1, 3, 4};
    static const uint32_t places[] = {98304, 0, 32768};
    struct xtd_manifest *manifest = calloc(1, SAMPLE_BYTES);

    if (manifest == NULL)
        abort();
    uuid_put(manifest->uuid, 1);
    manifest->generation = 3;
    manifest->created_txn = 8;
    manifest->dims = 2;
    manifest->item_kind = XT_POINTS;
    manifest->leaf_capacity = 64;
    manifest->inner_capacity = 32;
    manifest->supernode_units_max = 1024;
    manifest->extent_align = 4096;
    manifest->arena_count = 3;
    manifest->next_arena_id = 5;
    for (uint32_t i = 0; i < 2; i++)
        xti_manifest_dims(manifest)[i].coord_type = XT_F64;
    memcpy(xti_manifest_dims(manifest)[1].name, "lat", 3);
    xti_manifest_dims(manifest)[1].name_bytes = 3;
    for (uint32_t i = 0; i < 3; i++)
        xti_manifest_arenas(manifest)[i] =
            (struct xtd_manifest_arena){.arena_id = ids[i],
                                        .first_unit = places[i],
                                        .range_units = i == 2 ? 65536 : 32768,
                                        .committed_units = 128,
                                        .live_units = 100,
                                        .created_txn = 1,
                                        .flags = i == 0 ? XTD_ARENA_SEALED : 0};
    xti_manifest_seal(manifest);
    return manifest;
}

static void sealed_manifest_passes(void)
{
    struct xtd_manifest *manifest = manifest_make();
    struct xti_finding finding = {"untouched", 1};

    CHECK_U64(xti_manifest_bytes(2, 3), SAMPLE_BYTES);
    CHECK_U64(manifest->total_bytes, SAMPLE_BYTES);
    CHECK_STATUS(xti_manifest_check(manifest, SAMPLE_BYTES, &finding), XT_OK);
    CHECK_STR(finding.what, "untouched");
    CHECK_U64(xti_manifest_arenas_const(manifest)[1].arena_id, 3);
    free(manifest);
}

static void largest_manifest_passes(void)
{
    size_t bytes = xti_manifest_bytes(XT_DIMS_MAX, XTD_ARENAS_MAX);
    struct xtd_manifest *manifest = calloc(1, bytes);
    struct xti_finding finding = {"", 0};

    if (manifest == NULL)
        abort();
    CHECK_U64(bytes, XTD_MANIFEST_BYTES_MAX);
    *manifest = (struct xtd_manifest){.generation = 1,
                                      .created_txn = 1,
                                      .dims = XT_DIMS_MAX,
                                      .item_kind = XT_BOXES,
                                      .leaf_capacity = 1024,
                                      .inner_capacity = 1024,
                                      .supernode_units_max = XTD_NODE_UNITS_MAX,
                                      .extent_align = 65536,
                                      .arena_count = XTD_ARENAS_MAX,
                                      .next_arena_id = UINT32_MAX};
    for (uint32_t i = 0; i < XT_DIMS_MAX; i++)
        xti_manifest_dims(manifest)[i].coord_type = XT_F32;
    for (uint32_t i = 0; i < XTD_ARENAS_MAX; i++)
        xti_manifest_arenas(manifest)[i] = (struct xtd_manifest_arena){
            .arena_id = i + 1, .first_unit = 32768 * i, .range_units = 32768, .created_txn = 1};
    xti_manifest_seal(manifest);
    CHECK_STATUS(xti_manifest_check(manifest, bytes, &finding), XT_OK);
    CHECK_STR(finding.what, "");
    free(manifest);
}

static void every_flipped_bit_is_refused(void)
{
    struct xtd_manifest *manifest = manifest_make();

    for (size_t bit = 0; bit < (size_t)8 * SAMPLE_BYTES; bit++) {
        bit_flip(manifest, bit);
        xt_status status = xti_manifest_check(manifest, SAMPLE_BYTES, NULL);
        bit_flip(manifest, bit);

        if (!CHECK_STATUS(status, bit < 64 ? XT_EFORMAT : XT_ECORRUPT))
            break;
    }
    free(manifest);
}

static void every_other_size_is_refused(void)
{
    struct xtd_manifest *manifest = manifest_make();

    for (size_t bytes = 0; bytes < SAMPLE_BYTES; bytes++) {
        char *part = malloc(bytes + 1);

        if (part == NULL)
            abort();
        memcpy(part, manifest, bytes);
        CHECK_STATUS(xti_manifest_check((void *)part, bytes, NULL), XT_ECORRUPT);
        free(part);
    }
    free(manifest);
}

static void rows_are_named(const struct bad_field *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct xtd_manifest *manifest = manifest_make();
        struct xti_finding finding = {"", 0};

        check_row = rows[i].what;
        field_put(manifest, &rows[i]);
        hash_repair(manifest);
        xt_status got = xti_manifest_check(manifest, SAMPLE_BYTES, &finding);
        field_is_named(&rows[i], got, &finding);
        free(manifest);
    }
}

static void each_bad_field_of_the_fixed_part_is_named(void)
{
    static const struct bad_field rows[] = {
        ALIEN("manifest magic", FIELD(magic), 0),
        ALIEN("manifest format_version", FIELD(format_version), 1),
        BAD("manifest total_bytes", FIELD(total_bytes), SAMPLE_BYTES + 48),
        BAD("manifest generation", FIELD(generation), 0),
        BAD("manifest created_txn", FIELD(created_txn), 0),
        ALIEN("required feature bit 0", FIELD(required_features), 1),
        ALIEN("required feature bit 9", FIELD(required_features), 0x600),
        ALIEN("required feature bit 63", FIELD(required_features), TOP_BIT),
        BAD("manifest dims", FIELD(dims), 0),
        BAD("manifest dims", FIELD(dims), 256),
        BAD("manifest dims", FIELD(dims), UINT32_MAX),
        BAD_AT("manifest total_bytes", FIELD(dims), 3, 12),
        BAD("manifest item_kind", FIELD(item_kind), 0),
        BAD("manifest item_kind", FIELD(item_kind), 3),
        BAD("manifest unit_shift", FIELD(unit_shift), 7),
        BAD("manifest node_checksum", FIELD(node_checksum), 2),
        BAD("manifest extent_hash", FIELD(extent_hash), 0),
        BAD("manifest leaf_capacity", FIELD(leaf_capacity), 0),
        BAD("manifest leaf_capacity", FIELD(leaf_capacity), 24),
        BAD("manifest inner_capacity", FIELD(inner_capacity), 8),
        BAD("manifest inner_capacity", FIELD(inner_capacity), 1040),
        BAD("manifest supernode_units_max", FIELD(supernode_units_max), 24),
        BAD("manifest supernode_units_max", FIELD(supernode_units_max), 1 << 29),
        BAD("manifest extent_align", FIELD(extent_align), 2048),
        BAD("manifest extent_align", FIELD(extent_align), 12288),
        BAD("manifest extent_align", FIELD(extent_align), 131072),
        BAD("manifest arena_count", FIELD(arena_count), 0),
        BAD("manifest arena_count", FIELD(arena_count), 4097),
        BAD_AT("manifest total_bytes", FIELD(arena_count), 2, 12),
        BAD("manifest dim_bytes", FIELD(dim_bytes), 72),
        BAD("manifest arena_bytes", FIELD(arena_bytes), 56),
        BAD_AT("manifest arena arena_id", FIELD(next_arena_id), 4, 352),
        BAD("manifest reserved", FIELD(reserved[0]), 1),
        BAD_AT("manifest reserved", FIELD(reserved[15]), 1, 112),
    };

    rows_are_named(rows, CHECK_COUNT(rows));
}

static void each_bad_field_of_dimensions_and_arenas_is_named(void)
{
    static const struct bad_field rows[] = {
        BAD("manifest dimension coord_type", DIM(0, coord_type), 0),
        BAD("manifest dimension coord_type", DIM(1, coord_type), 2),
        BAD("manifest dimension coord_type", DIM(0, coord_type), 3),
        BAD("manifest dimension flags", DIM(1, flags), 1),
        BAD("manifest dimension name_bytes", DIM(0, name_bytes), 48),
        BAD("manifest dimension name_bytes", DIM(0, name_bytes), 65535),
        BAD("manifest dimension reserved", DIM(0, reserved), 1),
        BAD("manifest dimension period", DIM(0, period), NAN_BITS),
        BAD("manifest dimension period", DIM(0, period), INF_BITS),
        BAD("manifest dimension period", DIM(1, period), TOP_BIT),
        BAD("manifest dimension name", DIM(1, name[0]), 0),
        BAD("manifest dimension name", DIM(0, name[0]), 'x'),
        BAD_AT("manifest dimension name", DIM(0, name[47]), 1, 144),
        BAD("manifest arena arena_id", ARENA(0, arena_id), 0),
        BAD("manifest arena arena_id", ARENA(1, arena_id), 1),
        BAD("manifest arena arena_id", ARENA(2, arena_id), 5),
        BAD("manifest arena first_unit", ARENA(0, first_unit), 32767),
        BAD("manifest arena range_units", ARENA(0, range_units), 0),
        BAD("manifest arena range_units", ARENA(0, range_units), 32767),
        BAD("manifest arena range_units", ARENA(0, range_units), XTD_SPACE_UNITS),
        BAD("manifest arena range_units", ARENA(0, range_units), TOP_BIT),
        BAD("manifest arena overlap", ARENA(1, first_unit), 98304),
        BAD_AT("manifest arena overlap", ARENA(2, range_units), 98304, 356),
        BAD("manifest arena committed_units", ARENA(0, committed_units), 32832),
        BAD("manifest arena committed_units", ARENA(0, committed_units), 127),
        BAD("manifest arena live_units", ARENA(0, live_units), 129),
        BAD("manifest arena created_txn", ARENA(0, created_txn), 0),
        BAD("manifest arena flags", ARENA(0, flags), 2),
        BAD("manifest arena reserved", ARENA(2, reserved), 1),
    };

    rows_are_named(rows, CHECK_COUNT(rows));
}

static void every_required_feature_bit_has_its_text(void)
{
    static const char text[] = "required feature bit ";

    for (unsigned bit = 0; bit < 64; bit++) {
        struct xtd_manifest *manifest = manifest_make();
        struct xti_finding finding = {"", 0};

        manifest->required_features = UINT64_C(1) << bit;
        xti_manifest_seal(manifest);
        CHECK_STATUS(xti_manifest_check(manifest, SAMPLE_BYTES, &finding), XT_EFORMAT);
        CHECK(strncmp(finding.what, text, strlen(text)) == 0);
        CHECK_U64(strtoul(finding.what + strlen(text), NULL, 10), bit);
        free(manifest);
    }
}

static void unknown_optional_features_pass(void)
{
    struct xtd_manifest *manifest = manifest_make();

    manifest->optional_features = UINT64_MAX;
    xti_manifest_seal(manifest);
    CHECK_STATUS(xti_manifest_check(manifest, SAMPLE_BYTES, NULL), XT_OK);
    free(manifest);
}

static void random_bytes_give_a_status(void)
{
    uint64_t random = check_seed;

    for (uint32_t i = 0; i < 20000; i++) {
        struct xtd_manifest *manifest = manifest_make();
        uint32_t changes = 1 + (uint32_t)(check_random(&random) % 4);

        for (uint32_t j = 0; j < changes; j++) {
            size_t at = 16 + check_random(&random) % (SAMPLE_BYTES - 16);

            ((unsigned char *)manifest)[at] = (unsigned char)check_random(&random);
        }
        hash_repair(manifest);
        xt_status status = xti_manifest_check(manifest, SAMPLE_BYTES, NULL);

        CHECK(status == XT_OK || status == XT_ECORRUPT || status == XT_EFORMAT);
        free(manifest);
    }
}

CHECK_MAIN({"sealed_manifest_passes", sealed_manifest_passes},
           {"largest_manifest_passes", largest_manifest_passes},
           {"every_flipped_bit_is_refused", every_flipped_bit_is_refused},
           {"every_other_size_is_refused", every_other_size_is_refused},
           {"each_bad_field_of_the_fixed_part_is_named", each_bad_field_of_the_fixed_part_is_named},
           {"each_bad_field_of_dimensions_and_arenas_is_named",
            each_bad_field_of_dimensions_and_arenas_is_named},
           {"every_required_feature_bit_has_its_text", every_required_feature_bit_has_its_text},
           {"unknown_optional_features_pass", unknown_optional_features_pass},
           {"random_bytes_give_a_status", random_bytes_give_a_status})
