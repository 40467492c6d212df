/* src/txn/check.c -- hashing what the records certify.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/txn_private.h"

#include <errno.h>

#define BLOCK_BYTES ((size_t)1 << 20)

static xt_status hash_range(struct xti_txn *txn, xti_file file, uint64_t from, uint64_t to,
                            struct xti_hash *hash)
{
    char *block = txn->os->alloc(txn->os, BLOCK_BYTES);
    int result = 0;

    if (block == NULL)
        return XT_ENOMEM;
    while (from < to && result == 0) {
        size_t bytes = to - from < BLOCK_BYTES ? (size_t)(to - from) : BLOCK_BYTES;

        result = txn->os->read_at(txn->os, file, from, block, bytes);
        if (result == 0)
            xti_hash_add(hash, block, bytes);
        from += bytes;
    }
    txn->os->free(txn->os, block, BLOCK_BYTES);
    return result == -ENODATA ? XT_ECORRUPT : xti_os_status(result);
}

/* Snapshots that other threads take meanwhile may refresh the handle: the arenas are looked at
 * under the mutex, and the extents hashed without it. */
static struct xti_arena copy_arena(struct xti_txn *txn, uint32_t id)
{
    const struct xti_arena *arena;
    struct xti_arena copy = {0};

    txn->os->mutex_lock(txn->os, txn->mutex);
    arena = xti_space_arena(&txn->space, id);
    if (arena != NULL)
        copy = *arena;
    txn->os->mutex_unlock(txn->os, txn->mutex);
    return copy;
}

/* arena: the extent's, or one without units where there is none. */
static xt_status check_extent(struct xti_txn *txn, const struct xti_arena *arena,
                              const struct xtd_extent *extent, uint32_t skip_bytes, uint64_t *bytes,
                              xt_error *error)
{
    uint64_t from = (extent->first_unit << XTD_UNIT_SHIFT) + skip_bytes;
    uint64_t to = (extent->first_unit + extent->units) << XTD_UNIT_SHIFT;
    char name[XTI_NAME_BYTES];
    struct xti_hash hash;
    xt_status status;
    xti_file file;

    if (extent->first_unit + extent->units > arena->range_units || from > to)
        return xti_report(error, XT_ECORRUPT, txn->path, NULL, XTI_NO_OFFSET,
                          "a commit record names an extent outside the arenas");
    xti_name_arena(name, arena->id);
    status = xti_open_arena(txn, arena, XTI_OPEN_READ, &file, error);
    if (status != XT_OK)
        return status;
    xti_hash_init(&hash);
    status = hash_range(txn, file, from, to, &hash);
    txn->os->close(txn->os, file);
    if (status != XT_OK)
        return xti_report(error, status, txn->path, name, from, "read the extent");
    *bytes += to - from;
    if (xti_hash_value(&hash) != extent->hash)
        return xti_report(error, XT_ECORRUPT, txn->path, name, from, "extent hash");
    return XT_OK;
}

static uint32_t record_bytes_in(const struct xtd_commit_record *record, uint32_t extent)
{
    return extent == 0 ? record->record_bytes : 0;
}

static xt_status check_extents(struct xti_txn *txn, const struct xtd_commit_record *record,
                               uint64_t *bytes, xt_error *error)
{
    xt_status status = XT_OK;

    for (uint32_t i = 0; i < record->extent_count && status == XT_OK; i++) {
        struct xti_arena arena = copy_arena(txn, record->extents[i].arena_id);

        status = check_extent(txn, &arena, &record->extents[i], record_bytes_in(record, i), bytes,
                              error);
    }
    return status;
}

xt_status xti_check_extents(struct xti_txn *txn, const struct xtd_commit_record *record,
                            xt_error *error)
{
    static const struct xti_arena none = {0};
    xt_status status = XT_OK;
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < record->extent_count && status == XT_OK; i++) {
        const struct xti_arena *arena = xti_space_arena(&txn->space, record->extents[i].arena_id);

        status = check_extent(txn, arena != NULL ? arena : &none, &record->extents[i],
                              record_bytes_in(record, i), &bytes, error);
    }
    return status;
}

static xt_status check_chain(struct xti_txn *txn, bool deep, uint64_t *bytes, xt_error *error)
{
    const struct xti_os *os = txn->os;
    xt_status status = XT_OK;
    uint64_t expected_txn;
    uint32_t record_bytes;
    uint64_t hash;
    uint32_t ref;

    if (txn->path == NULL)
        return XT_OK;
    os->mutex_lock(os, txn->mutex);
    expected_txn = txn->state.txn;
    ref = txn->state.record_ref;
    record_bytes = txn->state.record_bytes;
    hash = txn->record_hash;
    os->mutex_unlock(os, txn->mutex);
    while (ref != 0 && status == XT_OK) {
        struct xtd_commit_record *record;
        uint32_t this_bytes = record_bytes;

        os->mutex_lock(os, txn->mutex);
        status = xti_read_record(txn, ref, this_bytes, hash, &record, error);
        os->mutex_unlock(os, txn->mutex);
        if (status != XT_OK)
            return status;
        *bytes += this_bytes;
        if (record->state.txn != expected_txn || record->state.record_ref != ref)
            status = xti_report(error, XT_ECORRUPT, txn->path, NULL, XTI_NO_OFFSET,
                                "chain of commit records");
        if (status == XT_OK && deep)
            status = check_extents(txn, record, bytes, error);
        ref = deep ? record->previous_ref : 0;
        hash = record->previous_hash;
        expected_txn--;
        os->free(os, record, this_bytes);
        record_bytes = XTD_PAGE_BYTES;
    }
    return status;
}

xt_status xti_txn_check(struct xti_txn *txn, bool deep, uint64_t *bytes, xt_error *error)
{
    xt_status status = check_chain(txn, deep, bytes, error);

    if (status != XT_ENOTFOUND)
        return status;
    if (error != NULL) /* a file of the store is gone, not the store */
        error->status = XT_ECORRUPT;
    return XT_ECORRUPT;
}
