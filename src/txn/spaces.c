/* src/txn/spaces.c -- the address space when arenas are gone from the store.
 *
 * A reader keeps what its views lead to. An arena that the newest manifest does not list stays in
 * the space until no view has it. Where another arena has got its range before that, or where
 * nothing says that what is mapped is still the store's, the handle takes a fresh space; the old
 * one is kept for the views that lead there and given back with the last of them.
 *
 * All of it under the mutex, or while nobody else knows the handle.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/txn_private.h"

#include <string.h>

/* ---- arenas ---------------------------------------------------------------------------------- */

static bool view_has(const struct xti_view *view, const struct xti_arena *arena)
{
    const struct xti_span *span = xti_view_span(view, arena->first_unit);

    return span != NULL && span->first_unit == arena->first_unit;
}

/* Whether somebody may look there: the handle itself does not, it only has the newest view. */
static bool arena_is_in_use(const struct xti_txn *txn, const struct xti_arena *arena)
{
    for (const struct xti_view *view = txn->oldest; view != NULL; view = view->newer) {
        bool is_looked_at = view != txn->current || view->references > 1;

        if (is_looked_at && view->base == txn->space.base && view_has(view, arena))
            return true;
    }
    return false;
}

bool xti_manifest_lists(const struct xtd_manifest *manifest, uint32_t arena_id)
{
    const struct xtd_manifest_arena *entries = xti_manifest_arenas_const(manifest);
    uint32_t low = 0;
    uint32_t high = manifest->arena_count;

    while (low < high) { /* ascending ids */
        uint32_t middle = low + (high - low) / 2;

        if (entries[middle].arena_id < arena_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < manifest->arena_count && entries[low].arena_id == arena_id;
}

static bool has_units_of(const struct xti_arena *arena, const struct xtd_manifest *manifest)
{
    const struct xtd_manifest_arena *entries = xti_manifest_arenas_const(manifest);

    for (uint32_t i = 0; i < manifest->arena_count; i++) {
        if (entries[i].first_unit < arena->first_unit + arena->range_units &&
            arena->first_unit < entries[i].first_unit + entries[i].range_units)
            return true;
    }
    return false;
}

/* Whether a later arena lies, all or in part, where this one does. */
static bool is_in_the_way(const struct xti_arena *arena, const struct xtd_manifest *manifest)
{
    return !xti_manifest_lists(manifest, arena->id) && has_units_of(arena, manifest);
}

bool xti_space_makes_way(struct xti_txn *txn, const struct xtd_manifest *manifest)
{
    struct xti_space *space = &txn->space;

    for (uint32_t i = 0; i < space->arena_count; i++) {
        if (is_in_the_way(&space->arenas[i], manifest) && arena_is_in_use(txn, &space->arenas[i]))
            return false;
    }
    for (uint32_t i = space->arena_count; i-- > 0;) {
        if (!is_in_the_way(&space->arenas[i], manifest))
            continue;
        xti_space_remove(space, i);
        txn->is_torn = txn->current != NULL;
    }
    return true;
}

void xti_space_sweep(struct xti_txn *txn)
{
    struct xti_space *space = &txn->space;

    for (uint32_t i = space->arena_count; i-- > 0;) {
        if (xti_arena_is_dropped(&space->arenas[i]) && !arena_is_in_use(txn, &space->arenas[i]))
            xti_space_remove(space, i);
    }
}

/* ---- spaces ---------------------------------------------------------------------------------- */

xt_status xti_space_set_aside(struct xti_txn *txn, struct xti_old_space **out)
{
    struct xti_old_space *old = xti_alloc_zeroed(txn->os, sizeof *old);
    xt_status status;

    *out = NULL;
    if (old == NULL)
        return XT_ENOMEM;
    old->space = txn->space;
    status = xti_space_init(&txn->space, txn->os, old->space.window_units << XTD_UNIT_SHIFT, true,
                            txn->is_writable, txn->verify == XT_VERIFY_LAZY);
    if (status == XT_OK) {
        *out = old;
        return XT_OK;
    }
    txn->space = old->space;
    txn->os->free(txn->os, old, sizeof *old);
    return status;
}

void xti_space_bring_back(struct xti_txn *txn, struct xti_old_space *old)
{
    if (old == NULL)
        return;
    xti_space_release(&txn->space);
    txn->space = old->space;
    txn->os->free(txn->os, old, sizeof *old);
}

static void give_back(struct xti_txn *txn, struct xti_old_space *old)
{
    xti_space_release(&old->space);
    txn->os->free(txn->os, old, sizeof *old);
}

void xti_space_leave(struct xti_txn *txn, struct xti_old_space *old)
{
    for (const struct xti_view *view = txn->oldest; view != NULL; view = view->newer)
        old->views += view->base == old->space.base ? 1 : 0;
    if (old->views == 0) {
        give_back(txn, old);
        return;
    }
    old->next = txn->old_spaces;
    txn->old_spaces = old;
}

void xti_space_view_ended(struct xti_txn *txn, const char *base)
{
    struct xti_old_space **link = &txn->old_spaces;
    struct xti_old_space *old;

    while (*link != NULL && (*link)->space.base != base)
        link = &(*link)->next;
    old = *link;
    if (old == NULL || --old->views > 0)
        return;
    *link = old->next;
    give_back(txn, old);
}

void xti_space_release_old(struct xti_txn *txn)
{
    while (txn->old_spaces != NULL) {
        struct xti_old_space *old = txn->old_spaces;

        txn->old_spaces = old->next;
        give_back(txn, old);
    }
}
