/* src/txn/arena_files.c -- files of arenas that stay open between commits, and what in them is
 * not synced.
 *
 * The open arena's, so that a commit opens nothing; those that an ordered commit wrote to; that of
 * a spare arena which no manifest lists yet.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/lives.h"

bool xti_arena_file_take(struct xti_txn *txn, uint32_t arena_id, struct xti_arena_file *out)
{
    for (uint32_t i = 0; i < txn->held_count; i++) {
        if (txn->held[i].arena_id != arena_id)
            continue;
        *out = txn->held[i];
        txn->held[i] = txn->held[--txn->held_count];
        return true;
    }
    return false;
}

/* Of a spare that no manifest lists, which is no part of the store: its file is synced before. */
static bool is_of_spare(struct xti_txn *txn, const struct xti_arena_file *held)
{
    const struct xti_arena *arena = xti_space_arena(&txn->space, held->arena_id);

    return arena != NULL && arena->listed_units == 0 && xti_arena_is_spare(txn, arena);
}

static bool is_needed(struct xti_txn *txn, const struct xti_arena_file *held)
{
    return held->is_unsynced || xti_arena_is_open(txn, held->arena_id) || is_of_spare(txn, held);
}

void xti_arena_file_give(struct xti_txn *txn, const struct xti_arena_file *held)
{
    for (uint32_t i = txn->held_count; i-- > 0;) {
        if (is_needed(txn, &txn->held[i]))
            continue;
        txn->os->close(txn->os, txn->held[i].file);
        txn->held[i] = txn->held[--txn->held_count];
    }
    if (is_needed(txn, held) && txn->held_count < XTI_HELD_MAX)
        txn->held[txn->held_count++] = *held;
    else
        txn->os->close(txn->os, held->file);
}

struct xti_arena_file *xti_arena_file_find(struct xti_txn *txn, uint32_t arena_id)
{
    for (uint32_t i = 0; i < txn->held_count; i++) {
        if (txn->held[i].arena_id == arena_id)
            return &txn->held[i];
    }
    return NULL;
}

bool xti_arena_file_is_unsynced(struct xti_txn *txn)
{
    for (uint32_t i = 0; i < txn->held_count; i++) {
        if (txn->held[i].is_unsynced && !is_of_spare(txn, &txn->held[i]))
            return true;
    }
    return false;
}

xt_status xti_arena_file_sync(struct xti_txn *txn, struct xti_arena_file *held, xt_error *error)
{
    char name[XTI_NAME_BYTES];
    int result = xti_sync(txn, held->file);

    if (result == 0) {
        held->is_unsynced = false;
        return XT_OK;
    }
    xti_name_arena(name, held->arena_id);
    (void)xti_report_system(error, result, txn->path, name, "sync the arena's file");
    return XT_EBROKEN;
}

xt_status xti_arena_file_sync_all(struct xti_txn *txn, bool with_spare, xt_error *error)
{
    xt_status status = XT_OK;

    for (uint32_t i = 0; i < txn->held_count && status == XT_OK; i++) {
        if (txn->held[i].is_unsynced && (with_spare || !is_of_spare(txn, &txn->held[i])))
            status = xti_arena_file_sync(txn, &txn->held[i], error);
    }
    return status;
}

void xti_arena_file_close(struct xti_txn *txn)
{
    for (uint32_t i = 0; i < txn->held_count; i++)
        txn->os->close(txn->os, txn->held[i].file);
    txn->held_count = 0;
}

/* ---- zeroes written ahead -------------------------------------------------------------------- */

#define ZERO_BYTES_MAX ((size_t)256 << 10)
#define ZERO_BYTES_MIN ((size_t)64 << 10)

/* A small store does not take much space for what may never come. */
static uint64_t zero_bytes(const struct xti_txn *txn)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < txn->space.arena_count; i++)
        bytes += txn->space.arenas[i].top_units * XTD_UNIT_BYTES / 8;
    if (bytes < ZERO_BYTES_MIN)
        return ZERO_BYTES_MIN;
    return bytes > ZERO_BYTES_MAX ? ZERO_BYTES_MAX : bytes & ~(uint64_t)(XTD_PAGE_BYTES - 1);
}

void xti_arena_file_write_ahead(struct xti_txn *txn, struct xti_arena_file *held,
                                uint64_t from_unit)
{
    const struct xti_arena *arena = xti_space_arena(&txn->space, held->arena_id);
    uint64_t from = held->ahead_units > from_unit ? held->ahead_units : from_unit;
    uint64_t units = zero_bytes(txn) / XTD_UNIT_BYTES;

    if (units > arena->range_units - from)
        units = arena->range_units - from;
    if (txn->zeroes == NULL)
        txn->zeroes = xti_alloc_zeroed(txn->os, ZERO_BYTES_MAX);
    if (txn->zeroes == NULL || units == 0)
        return;
    if (txn->os->write_at(txn->os, held->file, from << XTD_UNIT_SHIFT, txn->zeroes,
                          (size_t)units << XTD_UNIT_SHIFT) != 0)
        return;
    txn->os->write_soon(txn->os, held->file, from << XTD_UNIT_SHIFT,
                        (size_t)units << XTD_UNIT_SHIFT);
    held->ahead_units = from + units;
}

void xti_zeroes_release(struct xti_txn *txn)
{
    if (txn->zeroes != NULL)
        txn->os->free(txn->os, txn->zeroes, ZERO_BYTES_MAX);
    txn->zeroes = NULL;
}
