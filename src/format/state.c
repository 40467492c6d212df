/* src/format/state.c -- checks the state that HEAD slots and commit records carry.
 *
 * SPDX-License-Identifier: MIT
 */
#include "format/state.h"

#include "format/format_private.h"

static bool record_place_fits(const struct xtd_state *state)
{
    uint64_t ref = state->record_ref;

    return ref != 0 && ref % XTD_PAGE_UNITS == 0 &&
           ref + state->record_bytes / XTD_UNIT_BYTES <= XTD_SPACE_UNITS;
}

static xt_status fields_check(const struct xtd_state *state, struct xti_finding *finding)
{
    uint32_t bytes = state->record_bytes;
    struct xti_rules rules = {finding, 0, XT_OK};

    xti_rule(&rules, state->txn > 0, "state txn", offsetof(struct xtd_state, txn));
    xti_rule(&rules, state->manifest_generation > 0, "state manifest_generation",
             offsetof(struct xtd_state, manifest_generation));
    xti_rule(&rules, state->live_units <= XTD_SPACE_UNITS, "state live_units",
             offsetof(struct xtd_state, live_units));
    xti_rule(&rules, state->dead_units <= XTD_SPACE_UNITS, "state dead_units",
             offsetof(struct xtd_state, dead_units));
    xti_rule(&rules, state->journal_sequence == 0, "state journal_sequence",
             offsetof(struct xtd_state, journal_sequence));
    xti_rule(&rules,
             bytes >= XTD_PAGE_BYTES && bytes <= XTD_COMMIT_BYTES_MAX &&
                 bytes % XTD_PAGE_BYTES == 0,
             "state record_bytes", offsetof(struct xtd_state, record_bytes));
    xti_rule(&rules, record_place_fits(state), "state record_ref",
             offsetof(struct xtd_state, record_ref));
    xti_rule(&rules, state->root_count >= 1 && state->root_count <= XTD_ROOTS_MAX,
             "state root_count", offsetof(struct xtd_state, root_count));
    xti_rule(&rules, state->frontier_count >= 1 && state->frontier_count <= XTD_FRONTIERS_MAX,
             "state frontier_count", offsetof(struct xtd_state, frontier_count));
    xti_rule(&rules, state->flags == 0, "state flags", offsetof(struct xtd_state, flags));
    xti_rule(&rules, state->reserved == 0, "state reserved", offsetof(struct xtd_state, reserved));

    return rules.status;
}

/* The first root is the tree; the others are what later versions add beside it. */
static xt_status root_check(const struct xtd_root *root, uint32_t i, struct xti_finding *finding)
{
    bool is_empty = root->height == 0;
    bool is_known = i == 0 ? root->kind == XTD_ROOT_TREE
                           : root->kind > XTD_ROOT_TREE && root->kind <= XTD_ROOT_NAMED_TREE;
    struct xti_rules rules = {finding, offsetof(struct xtd_state, roots) + i * sizeof *root, XT_OK};

    xti_rule(&rules, is_known, "state root kind", offsetof(struct xtd_root, kind));
    xti_rule(&rules, root->height <= XTD_LEVELS_MAX, "state root height",
             offsetof(struct xtd_root, height));
    xti_rule(&rules, (root->ref == 0) == is_empty, "state root ref",
             offsetof(struct xtd_root, ref));
    xti_rule(&rules, root->reserved0 == 0, "state root reserved",
             offsetof(struct xtd_root, reserved0));
    xti_rule(&rules, (root->item_count == 0) == is_empty && root->item_count < XTD_ITEMS_END,
             "state root item_count", offsetof(struct xtd_root, item_count));
    xti_rule(&rules, root->reserved1 == 0, "state root reserved",
             offsetof(struct xtd_root, reserved1));

    return rules.status;
}

static xt_status frontier_check(const struct xtd_state *state, uint32_t i,
                                struct xti_finding *finding)
{
    const struct xtd_frontier *frontier = &state->frontiers[i];
    uint32_t id_before = i == 0 ? 0 : frontier[-1].arena_id;
    struct xti_rules rules = {finding, offsetof(struct xtd_state, frontiers) + i * sizeof *frontier,
                              XT_OK};

    xti_rule(&rules, frontier->arena_id > id_before, "state frontier arena_id",
             offsetof(struct xtd_frontier, arena_id));
    xti_rule(&rules, frontier->reserved == 0, "state frontier reserved",
             offsetof(struct xtd_frontier, reserved));
    xti_rule(&rules, frontier->units <= XTD_SPACE_UNITS && frontier->units % XTD_PAGE_UNITS == 0,
             "state frontier units", offsetof(struct xtd_frontier, units));

    return rules.status;
}

static xt_status unused_check(const struct xtd_state *state, struct xti_finding *finding)
{
    for (uint32_t i = state->root_count; i < XTD_ROOTS_MAX; i++) {
        if (!xti_is_zero(&state->roots[i], sizeof state->roots[i]))
            return xti_found(finding, XT_ECORRUPT, "state unused root",
                             offsetof(struct xtd_state, roots) + i * sizeof state->roots[i]);
    }
    for (uint32_t i = state->frontier_count; i < XTD_FRONTIERS_MAX; i++) {
        if (!xti_is_zero(&state->frontiers[i], sizeof state->frontiers[i]))
            return xti_found(finding, XT_ECORRUPT, "state unused frontier",
                             offsetof(struct xtd_state, frontiers) +
                                 i * sizeof state->frontiers[i]);
    }
    return XT_OK;
}

xt_status xti_state_check(const struct xtd_state *state, struct xti_finding *finding)
{
    xt_status status = fields_check(state, finding);

    if (status != XT_OK)
        return status;
    for (uint32_t i = 0; i < state->root_count; i++) {
        status = root_check(&state->roots[i], i, finding);
        if (status != XT_OK)
            return status;
    }
    for (uint32_t i = 0; i < state->frontier_count; i++) {
        status = frontier_check(state, i, finding);
        if (status != XT_OK)
            return status;
    }
    return unused_check(state, finding);
}
