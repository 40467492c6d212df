/* tests/unit/format/test_state.c -- which states of a store are believed?
 *
 * SPDX-License-Identifier: MIT
 */
#include "format/state.h"

#include "sample.h"

#define FIELD(name) offsetof(struct xtd_state, name), sizeof(((struct xtd_state *)0)->name)

static void sample_state_passes(void)
{
    struct xtd_state state = sample_state(1);
    struct xti_finding finding = {"untouched", 12345};

    CHECK_STATUS(xti_state_check(&state, &finding), XT_OK);
    CHECK_STR(finding.what, "untouched");
    CHECK_U64(finding.offset, 12345);
}

static void empty_tree_passes(void)
{
    struct xtd_state state = sample_state(1);
    struct xti_finding finding;

    state.roots[0] = (struct xtd_root){.kind = XTD_ROOT_TREE};
    CHECK_STATUS(xti_state_check(&state, &finding), XT_OK);
}

static void other_roots_pass_beside_the_tree(void)
{
    struct xtd_state state = sample_state(1);
    struct xti_finding finding;

    state.root_count = 4;
    for (uint32_t i = 1; i < 4; i++)
        state.roots[i] = (struct xtd_root){.kind = i + 1, .ref = 64, .height = 1, .item_count = 1};
    CHECK_STATUS(xti_state_check(&state, &finding), XT_OK);
    state.roots[3].kind = XTD_ROOT_TREE;
    CHECK_STATUS(xti_state_check(&state, &finding), XT_ECORRUPT);
    CHECK_STR(finding.what, "state root kind");
    CHECK_U64(finding.offset, 80 + 3 * 32);
    state.roots[3].kind = 5;
    CHECK_STATUS(xti_state_check(&state, &finding), XT_ECORRUPT);
}

static void each_bad_field_is_named(void)
{
    static const struct bad_field rows[] = {
        BAD("state txn", FIELD(txn), 0),
        BAD("state manifest_generation", FIELD(manifest_generation), 0),
        BAD("state live_units", FIELD(live_units), XTD_SPACE_UNITS + 1),
        BAD("state dead_units", FIELD(dead_units), UINT64_MAX),
        BAD("state journal_sequence", FIELD(journal_sequence), 1),
        BAD("state record_ref", FIELD(record_ref), 0),
        BAD("state record_ref", FIELD(record_ref), 65),
        BAD("state record_bytes", FIELD(record_bytes), 0),
        BAD("state record_bytes", FIELD(record_bytes), 4097),
        BAD("state record_bytes", FIELD(record_bytes), 69632),
        BAD("state root_count", FIELD(root_count), 0),
        BAD("state root_count", FIELD(root_count), 9),
        BAD("state root_count", FIELD(root_count), UINT32_MAX),
        BAD("state frontier_count", FIELD(frontier_count), 0),
        BAD("state frontier_count", FIELD(frontier_count), 33),
        BAD_AT("state unused frontier", FIELD(frontier_count), 1, 352),
        BAD_AT("state frontier arena_id", FIELD(frontier_count), 3, 368),
        BAD("state flags", FIELD(flags), 1),
        BAD("state reserved", FIELD(reserved), 1),
        BAD("state root kind", FIELD(roots[0].kind), 0),
        BAD("state root kind", FIELD(roots[0].kind), 2),
        BAD_AT("state root kind", FIELD(root_count), 2, 112),
        BAD("state root ref", FIELD(roots[0].ref), 0),
        BAD_AT("state root ref", FIELD(roots[0].height), 0, 84),
        BAD("state root height", FIELD(roots[0].height), 33),
        BAD("state root reserved", FIELD(roots[0].reserved0), 1),
        BAD("state root item_count", FIELD(roots[0].item_count), 0),
        BAD("state root item_count", FIELD(roots[0].item_count), XTD_ITEMS_END),
        BAD("state root reserved", FIELD(roots[0].reserved1), 1),
        BAD("state unused root", FIELD(roots[1].kind), 1),
        BAD_AT("state unused root", FIELD(roots[7].reserved1), 1, 304),
        BAD("state frontier arena_id", FIELD(frontiers[0].arena_id), 0),
        BAD("state frontier arena_id", FIELD(frontiers[1].arena_id), 1),
        BAD("state frontier reserved", FIELD(frontiers[1].reserved), 1),
        BAD("state frontier units", FIELD(frontiers[0].units), 65),
        BAD("state frontier units", FIELD(frontiers[0].units), UINT64_MAX - 63),
        BAD_AT("state unused frontier", FIELD(frontiers[31].units), 64, 832),
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct xtd_state state = sample_state(1);
        struct xti_finding finding = {"", 0};

        check_row = rows[i].what;
        field_put(&state, &rows[i]);
        xt_status got = xti_state_check(&state, &finding);
        field_is_named(&rows[i], got, &finding);
    }
}

static void record_at_the_end_of_the_space_passes_only_when_it_fits(void)
{
    struct xtd_state state = sample_state(1);
    struct xti_finding finding;

    state.record_ref = UINT32_MAX - 63;
    CHECK_STATUS(xti_state_check(&state, &finding), XT_OK);
    state.record_bytes = 8192;
    CHECK_STATUS(xti_state_check(&state, &finding), XT_ECORRUPT);
    CHECK_STR(finding.what, "state record_ref");
}

static void random_bytes_give_a_status(void)
{
    uint64_t random = check_seed;

    for (uint32_t i = 0; i < 20000; i++) {
        struct xtd_state state = sample_state(1);
        uint32_t changes = 1 + (uint32_t)(check_random(&random) % 4);

        for (uint32_t j = 0; j < changes; j++) {
            size_t at = check_random(&random) % sizeof state;

            ((unsigned char *)&state)[at] = (unsigned char)check_random(&random);
        }
        xt_status status = xti_state_check(&state, NULL);

        CHECK(status == XT_OK || status == XT_ECORRUPT);
    }
}

CHECK_MAIN({"sample_state_passes", sample_state_passes}, {"empty_tree_passes", empty_tree_passes},
           {"other_roots_pass_beside_the_tree", other_roots_pass_beside_the_tree},
           {"each_bad_field_is_named", each_bad_field_is_named},
           {"record_at_the_end_of_the_space_passes_only_when_it_fits",
            record_at_the_end_of_the_space_passes_only_when_it_fits},
           {"random_bytes_give_a_status", random_bytes_give_a_status})
