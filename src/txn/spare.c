/* src/txn/spare.c -- the next arena is made ahead, in small steps behind commits.
 *
 * A spare is an arena of which only the header is written, and zeroes. Its file is synced before a
 * manifest lists it. Until then it is no part of the store, and nothing that fails here does harm.
 * The steps: README.md, S1 to S4.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/lives.h"

/* So much of a spare is filled with zeroes where commits are made by one sync. */
#define AHEAD_UNITS ((UINT64_C(1) << 20) / XTD_UNIT_BYTES)

struct xti_arena *xti_spare_find(struct xti_txn *txn)
{
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        if (xti_arena_is_spare(txn, &txn->space.arenas[i]))
            return &txn->space.arenas[i];
    }
    return NULL;
}

bool xti_spare_is_ready(const struct xti_txn *txn)
{
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *arena = &txn->space.arenas[i];

        if (arena->listed_units == 0 && xti_arena_is_spare(txn, arena))
            return txn->spare_step == XTI_SPARE_READY;
    }
    return false;
}

/* The commits are small beside the open arena, and it will be left soon. */
static bool is_wanted(struct xti_txn *txn, uint64_t units)
{
    const struct xti_arena *arena = xti_space_arena(&txn->space, txn->now.arena_id);

    return txn->spare_step != XTI_SPARE_FAILED && units <= arena->range_units / 16 &&
           arena->top_units >= arena->range_units / 4 * 3;
}

static void forget(struct xti_txn *txn, const struct xti_arena *arena)
{
    char name[XTI_NAME_BYTES];
    struct xti_arena_file held;

    if (xti_arena_file_take(txn, arena->id, &held))
        txn->os->close(txn->os, held.file);
    xti_name_arena(name, arena->id);
    (void)xti_remove_file(txn->os, txn->path, name);
    txn->os->mutex_lock(txn->os, txn->mutex);
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        if (&txn->space.arenas[i] == arena) {
            xti_space_remove(&txn->space, i);
            break;
        }
    }
    txn->os->mutex_unlock(txn->os, txn->mutex);
    txn->edit.room = 0; /* arenas have changed places */
    txn->spare_step = XTI_SPARE_FAILED;
}

static void make(struct xti_txn *txn)
{
    struct xti_arena_file held = {.is_unsynced = true};

    txn->spare_step = XTI_SPARE_FAILED;
    if (xti_epoch_make_arena(txn, 0, false, &held.arena_id, &held.file, NULL) != XT_OK)
        return;
    held.ahead_units = xti_arena_header_units(txn);
    xti_arena_file_give(txn, &held);
    txn->spare_step = XTI_SPARE_MADE;
}

/* Another part of the preparation of a spare that no manifest lists. */
static void prepare(struct xti_txn *txn, const struct xti_arena *arena)
{
    struct xti_arena_file *held = xti_arena_file_find(txn, arena->id);

    if (held == NULL || txn->spare_step != XTI_SPARE_MADE)
        return;
    if (txn->durability == XT_DURABLE_ONE_SYNC && held->ahead_units < AHEAD_UNITS) {
        uint64_t before = held->ahead_units;

        xti_arena_file_write_ahead(txn, held, before);
        if (held->ahead_units > before)
            return;
    }
    if (xti_arena_file_sync(txn, held, NULL) == XT_OK)
        txn->spare_step = XTI_SPARE_READY;
    else
        forget(txn, arena);
}

void xti_spare_step(struct xti_txn *txn, uint64_t units)
{
    const struct xti_arena *spare = xti_spare_find(txn);

    if (spare == NULL) {
        if (is_wanted(txn, units))
            make(txn);
    } else if (spare->listed_units == 0) {
        prepare(txn, spare);
    }
}
