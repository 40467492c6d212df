/* src/txn/lives.c -- the life of arenas: how large they are made, when they are left, how they go.
 *
 * An arena is open, then sealed, then, when nothing in it is live, left out of the next manifest:
 * dropped. Its file goes when the manifest after that one is named by a synced HEAD, or with the
 * last kept snapshot that needs it; its place in the space when besides no view of this handle may
 * lead there; its range can then be had, unless a kept snapshot holds it. The steps: README.md,
 * "How an arena goes".
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/lives.h"

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* ---- sizes ----------------------------------------------------------------------------------- */

#define ARENA_UNITS_MAX ((UINT64_C(1) << 30) / XTD_UNIT_BYTES)

/* Where space dies, arenas are small, so that cleaning one is little work and gives its space back
 * soon; where a store only grows they are large, so that it has few files: 16 GiB in about 20,
 * 256 GiB in 270. A commit that has come to many arenas already takes large ones, as one record
 * can name 96; and whatever dies, 256 arenas make the next ones larger: a manifest has an end. */
static uint64_t usual_units(const struct xti_txn *txn, bool *grows, uint64_t *small)
{
    uint64_t range = 0;
    uint64_t live = 0;
    uint64_t top = 0;

    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *arena = &txn->space.arenas[i];

        range += xti_arena_is_dropped(arena) ? 0 : arena->range_units;
        live += arena->live_units;
        top += arena->top_units;
    }
    *grows = txn->path == NULL || top - live <= top / 10 ||
             txn->epoch.part_count > XTI_EPOCH_PARTS_MAX / 2;
    *small = max_u64(live / 32, range / 256);
    return *grows ? range / 4 : *small;
}

uint64_t xti_arena_units_small(const struct xti_txn *txn)
{
    uint64_t small;
    bool grows;

    (void)usual_units(txn, &grows, &small);
    return xti_round_up(min_u64(small, ARENA_UNITS_MAX) + 1, XTD_ARENA_ALIGN_UNITS);
}

bool xti_arenas_grow(const struct xti_txn *txn)
{
    uint64_t small;
    bool grows;

    (void)usual_units(txn, &grows, &small);
    return grows;
}

uint64_t xti_arena_units_for(const struct xti_txn *txn, uint64_t units, bool is_cold)
{
    uint64_t small;
    bool grows;
    uint64_t wanted = usual_units(txn, &grows, &small);
    uint64_t expected = is_cold ? 0 : txn->expected_units;

    if (is_cold)
        wanted = small;
    wanted = max_u64(wanted, expected + 2 * xti_arena_header_units(txn));
    wanted = min_u64(wanted, max_u64(ARENA_UNITS_MAX, expected / 64));
    if (grows && !is_cold)
        wanted = max_u64(wanted, txn->schema.arena_bytes / XTD_UNIT_BYTES);
    /* Room for the header, the record and the gap before the end. */
    wanted = max_u64(wanted, units + 3 * xti_arena_header_units(txn));
    return xti_round_up(wanted, XTD_ARENA_ALIGN_UNITS);
}

bool xti_arena_is_worn(const struct xti_txn *txn, const struct xti_arena *arena)
{
    uint64_t enough = max_u64(XTD_ARENA_ALIGN_UNITS, txn->now.live_units / 8);

    return txn->path != NULL && arena->top_units > enough &&
           arena->top_units - arena->live_units >= arena->top_units / 4;
}

/* ---- manifests ------------------------------------------------------------------------------- */

static bool has_part(const struct xti_txn *txn, uint32_t arena_id)
{
    for (uint32_t i = 0; i < txn->epoch.part_count; i++) {
        if (txn->epoch.parts[i].arena_id == arena_id)
            return true;
    }
    return false;
}

/* An arena in which this commit writes holds its record, perhaps, and what views of this commit
 * show; it stays for once. One that nothing was written to yet is to be used. */
bool xti_arena_is_left_out(const struct xti_txn *txn, const struct xti_arena *arena)
{
    bool is_used = arena->is_sealed || arena->top_units > xti_arena_header_units(txn);

    return arena->live_units == 0 && is_used && !xti_arena_is_open(txn, arena->id) &&
           !xti_arena_is_dropped(arena) && !has_part(txn, arena->id);
}

static bool has_new_arenas(const struct xti_txn *txn)
{
    for (uint32_t i = 0; i < txn->epoch.part_count; i++) {
        if (txn->epoch.parts[i].is_new)
            return true;
    }
    return false;
}

bool xti_arenas_are_dead(const struct xti_txn *txn)
{
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *arena = &txn->space.arenas[i];

        if (xti_arena_is_left_out(txn, arena) ||
            (xti_arena_is_dropped(arena) && !arena->is_unlinked))
            return true;
    }
    return false;
}

bool xti_manifest_is_due(const struct xti_txn *txn)
{
    uint64_t committed = 0;
    uint64_t useless = 0;
    uint32_t frontiers = 0;
    uint32_t lives = 0;

    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *arena = &txn->space.arenas[i];

        committed += arena->top_units;
        useless += xti_arena_is_left_out(txn, arena) ? arena->top_units : 0;
        frontiers += xti_arena_has_frontier(txn, arena) ? 1 : 0;
        lives += arena->live_units != arena->listed_live_units ? 1 : 0;
    }
    return has_new_arenas(txn) || xti_spare_is_ready(txn) || useless > committed / 32 ||
           frontiers > XTD_FRONTIERS_MAX ||
           xti_commit_bytes_for(txn->epoch.part_count, lives) != XTD_PAGE_BYTES;
}

void xti_arenas_list(struct xti_txn *txn, uint64_t generation)
{
    uint64_t number = txn->current == NULL ? 0 : txn->current->number + 1;

    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        struct xti_arena *arena = &txn->space.arenas[i];

        if (xti_arena_is_left_out(txn, arena)) {
            xti_arena_drop(arena, generation, number);
        } else {
            arena->listed_units = arena->top_units;
            arena->listed_live_units = arena->live_units;
        }
    }
}

/* ---- dropped arenas -------------------------------------------------------------------------- */

void xti_dropped_unlink(struct xti_txn *txn)
{
    char name[XTI_NAME_BYTES];

    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        struct xti_arena *arena = &txn->space.arenas[i];

        if (!xti_arena_is_dropped(arena) || arena->is_unlinked ||
            arena->dropped_generation >= txn->state.manifest_generation)
            continue;
        if (!xti_arena_is_pinned(txn, arena->id)) { /* else it goes with the last that needs it */
            xti_name_arena(name, arena->id);
            (void)xti_remove_file(txn->os, txn->path, name); /* without the mutex: it may be slow */
        }
        txn->os->mutex_lock(txn->os, txn->mutex);
        arena->is_unlinked = true;
        txn->os->mutex_unlock(txn->os, txn->mutex);
    }
}

void xti_dropped_release(struct xti_txn *txn)
{
    for (uint32_t i = txn->space.arena_count; i-- > 0;) {
        const struct xti_arena *arena = &txn->space.arenas[i];

        if (!xti_arena_is_dropped(arena) || !arena->is_unlinked ||
            (txn->oldest != NULL && txn->oldest->number < arena->dropped_number))
            continue;
        xti_space_remove(&txn->space, i);
        txn->edit.room = 0; /* arenas have changed places */
    }
}

/* ---- sizes of files -------------------------------------------------------------------------- */

static uint64_t file_bytes(const struct xti_txn *txn, uint32_t arena_id)
{
    char name[XTI_NAME_BYTES];
    uint64_t bytes = 0;
    xti_file file;

    xti_name_arena(name, arena_id);
    if (xti_open_file(txn->os, txn->path, name, XTI_OPEN_READ, &file) != 0)
        return 0;
    if (txn->os->size(txn->os, file, &bytes) != 0)
        bytes = 0;
    txn->os->close(txn->os, file);
    return bytes;
}

uint64_t xti_txn_file_bytes(struct xti_txn *txn)
{
    uint64_t bytes = 0;

    if (txn->path == NULL)
        return 0;
    txn->os->mutex_lock(txn->os, txn->mutex);
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *arena = &txn->space.arenas[i];

        bytes += arena->is_unlinked ? 0 : file_bytes(txn, arena->id);
    }
    txn->os->mutex_unlock(txn->os, txn->mutex);
    return bytes;
}
