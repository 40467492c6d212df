/* src/txn/free.c -- blocks that died before they were written: which may be taken again, and when.
 *
 * A block that the pending change made and freed is free at once. A published one is retired: it
 * waits until its end was published and no view from before that is in use. Free blocks are kept by
 * their exact size, as nodes have few sizes. A list has two arrays, so that a rollback costs
 * nothing for each block: `old` is what was free when the pending change began, taken from the end
 * by moving an index down; `fresh` is what the pending change freed.
 *
 * Where there is no memory for an entry the block stays dead space.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/txn_private.h"

#include <string.h>

#define ENTRIES_AT_FIRST 64u

/* Room for one more element. */
static bool array_grow(const struct xti_os *os, uint32_t **array, uint32_t count,
                       uint32_t *capacity)
{
    uint32_t wanted = *capacity == 0 ? ENTRIES_AT_FIRST : 2 * *capacity;
    uint32_t *grown;

    if (count < *capacity)
        return true;
    if (wanted <= *capacity)
        return false;
    grown = os->alloc(os, wanted * sizeof *grown);
    if (grown == NULL)
        return false;
    if (*array != NULL) {
        memcpy(grown, *array, count * sizeof *grown);
        os->free(os, *array, *capacity * sizeof *grown);
    }
    *array = grown;
    *capacity = wanted;
    return true;
}

static void push_old(struct xti_txn *txn, struct xti_free_blocks *size, uint32_t ref)
{
    if (!array_grow(txn->os, &size->old, size->old_count, &size->old_capacity))
        return;
    size->old[size->old_count++] = ref;
    size->old_left = size->old_count;
}

/* The lists for blocks of that size; NULL: there are none. */
static struct xti_free_blocks *find_size(struct xti_txn *txn, uint32_t units)
{
    for (uint32_t i = 0; i < txn->free_size_count; i++) {
        if (txn->free_sizes[i].units == units)
            return &txn->free_sizes[i];
    }
    return NULL;
}

/* The same; made if there are none. NULL: too many other sizes are in use. */
static struct xti_free_blocks *make_size(struct xti_txn *txn, uint32_t units)
{
    struct xti_free_blocks *size = find_size(txn, units);

    if (size != NULL)
        return size;
    for (uint32_t i = 0; i < txn->free_size_count && size == NULL; i++) {
        if (txn->free_sizes[i].old_count == 0 && txn->free_sizes[i].fresh_count == 0)
            size = &txn->free_sizes[i];
    }
    if (size == NULL && txn->free_size_count < XTI_FREE_SIZES_MAX)
        size = &txn->free_sizes[txn->free_size_count++];
    if (size != NULL)
        size->units = units;
    return size;
}

uint32_t xti_free_take(struct xti_txn *txn, uint32_t units)
{
    struct xti_free_blocks *size = find_size(txn, units);

    if (size == NULL)
        return 0;
    if (size->fresh_count > 0)
        return size->fresh[--size->fresh_count];
    if (size->old_left > 0)
        return size->old[--size->old_left];
    return 0;
}

void xti_free_own(struct xti_txn *txn, uint32_t ref, uint32_t units)
{
    struct xti_free_blocks *size = make_size(txn, units);

    xti_block_unused(&txn->space, ref, units);
    if (size != NULL && array_grow(txn->os, &size->fresh, size->fresh_count, &size->fresh_capacity))
        size->fresh[size->fresh_count++] = ref;
}

/* ---- retired blocks ------------------------------------------------------------------------- */

/* Room for one more entry: entries move to the front where at least half of the array is free. */
static bool queue_grow(const struct xti_os *os, struct xti_retired_queue *queue)
{
    size_t count = queue->end - queue->first;
    size_t capacity = queue->capacity == 0 ? ENTRIES_AT_FIRST : 2 * queue->capacity;
    struct xti_retired *entries = queue->entries;

    if (queue->end < queue->capacity)
        return true;
    if (queue->capacity == 0 || count > queue->capacity / 2) {
        entries = os->alloc(os, capacity * sizeof *entries);
        if (entries == NULL)
            return false;
    }
    if (count > 0)
        memmove(entries, queue->entries + queue->first, count * sizeof *entries);
    if (entries != queue->entries) {
        if (queue->entries != NULL)
            os->free(os, queue->entries, queue->capacity * sizeof *entries);
        queue->entries = entries;
        queue->capacity = capacity;
    }
    queue->settled -= queue->first;
    queue->end = count;
    queue->first = 0;
    return true;
}

void xti_free_retire(struct xti_txn *txn, uint32_t ref, uint32_t units)
{
    struct xti_retired_queue *queue = &txn->retired;

    if (!queue_grow(txn->os, queue))
        return;
    queue->entries[queue->end++] = (struct xti_retired){txn->current->number + 1, ref, units};
}

static void release_retired(struct xti_txn *txn, uint64_t oldest)
{
    struct xti_retired_queue *queue = &txn->retired;

    while (queue->first < queue->end && queue->entries[queue->first].number <= oldest) {
        const struct xti_retired *retired = &queue->entries[queue->first++];
        struct xti_free_blocks *size = make_size(txn, retired->units);

        xti_block_unused(&txn->space, retired->ref, retired->units);
        if (size != NULL)
            push_old(txn, size, retired->ref);
    }
}

/* ---- ends of a change ------------------------------------------------------------------------ */

void xti_free_settle(struct xti_txn *txn, uint64_t oldest)
{
    for (uint32_t i = 0; i < txn->free_size_count; i++) {
        struct xti_free_blocks *size = &txn->free_sizes[i];

        size->old_count = size->old_left;
        for (uint32_t j = 0; j < size->fresh_count; j++)
            push_old(txn, size, size->fresh[j]);
        size->fresh_count = 0;
    }
    release_retired(txn, oldest);
    txn->retired.settled = txn->retired.end;
}

void xti_free_restore(struct xti_txn *txn)
{
    for (uint32_t i = 0; i < txn->free_size_count; i++) {
        struct xti_free_blocks *size = &txn->free_sizes[i];

        size->old_left = size->old_count;
        size->fresh_count = 0;
    }
    txn->retired.end = txn->retired.settled;
}

/* ---- blocks that will be written ------------------------------------------------------------- */

/* What lies below `units` of `arena`; where that is NULL, everything. */
struct freeze {
    struct xti_txn *txn;
    const struct xti_arena *arena;
    uint64_t units;
};

static bool is_frozen(const struct freeze *freeze, uint32_t ref)
{
    const struct xti_arena *arena = freeze->arena;

    return arena == NULL || (ref >= arena->first_unit && ref - arena->first_unit < freeze->units);
}

/* Removes frozen ones from refs[from .. to) and moves the others down to `at`; returns the end of
 * those. is_free: their headers may be of what a change that was rolled back made of them. */
static uint32_t keep_refs(const struct freeze *freeze, const struct xti_free_blocks *size,
                          uint32_t *refs, const uint32_t range[2], uint32_t at, bool is_free)
{
    for (uint32_t i = range[0]; i < range[1]; i++) {
        if (!is_frozen(freeze, refs[i]))
            refs[at++] = refs[i];
        else if (is_free)
            xti_block_unused(&freeze->txn->space, refs[i], size->units);
    }
    return at;
}

static void freeze_size(const struct freeze *freeze, struct xti_free_blocks *size)
{
    const uint32_t free_range[2] = {0, size->old_left};
    const uint32_t taken_range[2] = {size->old_left, size->old_count};
    const uint32_t fresh_range[2] = {0, size->fresh_count};

    size->old_left = keep_refs(freeze, size, size->old, free_range, 0, true);
    size->old_count = keep_refs(freeze, size, size->old, taken_range, size->old_left, false);
    size->fresh_count = keep_refs(freeze, size, size->fresh, fresh_range, 0, true);
}

static void freeze_retired(const struct freeze *freeze)
{
    struct xti_retired_queue *queue = &freeze->txn->retired;
    size_t settled = queue->settled;
    size_t at = queue->first;

    for (size_t i = queue->first; i < queue->end; i++) {
        const struct xti_retired retired = queue->entries[i];

        if (i == settled)
            queue->settled = at;
        if (!is_frozen(freeze, retired.ref))
            queue->entries[at++] = retired;
    }
    if (settled == queue->end)
        queue->settled = at;
    queue->end = at;
}

static void freeze_all(const struct freeze *freeze)
{
    for (uint32_t i = 0; i < freeze->txn->free_size_count; i++)
        freeze_size(freeze, &freeze->txn->free_sizes[i]);
    freeze_retired(freeze);
}

void xti_free_freeze(struct xti_txn *txn, const struct xti_arena *arena, uint64_t units)
{
    const struct freeze freeze = {txn, arena, units};

    freeze_all(&freeze);
}

void xti_free_drop(struct xti_txn *txn)
{
    const struct freeze freeze = {txn, NULL, 0};

    freeze_all(&freeze);
}

void xti_free_release(struct xti_txn *txn)
{
    const struct xti_os *os = txn->os;

    for (uint32_t i = 0; i < txn->free_size_count; i++) {
        struct xti_free_blocks *size = &txn->free_sizes[i];

        if (size->old != NULL)
            os->free(os, size->old, size->old_capacity * sizeof *size->old);
        if (size->fresh != NULL)
            os->free(os, size->fresh, size->fresh_capacity * sizeof *size->fresh);
    }
    if (txn->retired.entries != NULL)
        os->free(os, txn->retired.entries, txn->retired.capacity * sizeof *txn->retired.entries);
}
