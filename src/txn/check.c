/* src/txn/check.c -- hashing what the records certify.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/txn_private.h"

#include <errno.h>

#define BLOCK_BYTES ((size_t)1 << 20)

/* What is read from, and where it is counted. The file of the last arena stays open: extents of
 * many commits lie in it one behind the other. */
struct check {
    struct xti_txn *txn;
    struct xti_arena arena; /* id 0: no file is open */
    xti_file file;
    char *block; /* BLOCK_BYTES */
    uint64_t *bytes;
    xt_error *error;
};

static xt_status check_begin(struct check *check)
{
    check->file = XTI_FILE_NONE;
    check->block = check->txn->os->alloc(check->txn->os, BLOCK_BYTES);
    return check->block != NULL ? XT_OK : XT_ENOMEM;
}

static void check_end(struct check *check)
{
    const struct xti_os *os = check->txn->os;

    if (check->file != XTI_FILE_NONE)
        os->close(os, check->file);
    os->free(os, check->block, BLOCK_BYTES);
}

static xt_status open_arena(struct check *check, const struct xti_arena *arena)
{
    if (check->file != XTI_FILE_NONE && check->arena.id == arena->id)
        return XT_OK;
    if (check->file != XTI_FILE_NONE)
        check->txn->os->close(check->txn->os, check->file);
    check->file = XTI_FILE_NONE;
    check->arena = *arena;
    return xti_open_arena(check->txn, arena, XTI_OPEN_READ, &check->file, check->error);
}

static xt_status hash_range(struct check *check, uint64_t from, uint64_t to, struct xti_hash *hash)
{
    const struct xti_os *os = check->txn->os;
    int result = 0;

    while (from < to && result == 0) {
        size_t bytes = to - from < BLOCK_BYTES ? (size_t)(to - from) : BLOCK_BYTES;

        result = os->read_at(os, check->file, from, check->block, bytes);
        if (result == 0)
            xti_hash_add(hash, check->block, bytes);
        from += bytes;
    }
    return result == -ENODATA ? XT_ECORRUPT : xti_os_status(result);
}

/* arena: the extent's, or one without units where there is none. */
static xt_status check_extent(struct check *check, const struct xti_arena *arena,
                              const struct xtd_extent *extent, uint32_t skip_bytes)
{
    struct xti_txn *txn = check->txn;
    uint64_t from = (extent->first_unit << XTD_UNIT_SHIFT) + skip_bytes;
    uint64_t to = (extent->first_unit + extent->units) << XTD_UNIT_SHIFT;
    char name[XTI_NAME_BYTES];
    struct xti_hash hash;
    xt_status status;

    if (extent->first_unit + extent->units > arena->range_units || from > to)
        return xti_report(check->error, XT_ECORRUPT, txn->path, NULL, XTI_NO_OFFSET,
                          "a commit record names an extent outside the arenas");
    status = open_arena(check, arena);
    if (status != XT_OK)
        return status;
    xti_name_arena(name, arena->id);
    xti_hash_init(&hash);
    status = hash_range(check, from, to, &hash);
    if (status != XT_OK)
        return xti_report(check->error, status, txn->path, name, from, "read the extent");
    *check->bytes += to - from;
    if (xti_hash_value(&hash) != extent->hash)
        return xti_report(check->error, XT_ECORRUPT, txn->path, name, from, "extent hash");
    return XT_OK;
}

/* Snapshots that other threads take meanwhile may refresh the handle: the arenas are looked at
 * under the mutex, and the extents hashed without it. */
static struct xti_arena copy_arena(struct xti_txn *txn, uint32_t id)
{
    const struct xti_arena *arena;
    struct xti_arena copy = {0};

    txn->os->mutex_lock(txn->os, txn->mutex);
    arena = xti_space_arena(&txn->space, id);
    if (arena != NULL && !xti_arena_is_dropped(arena))
        copy = *arena;
    txn->os->mutex_unlock(txn->os, txn->mutex);
    return copy;
}

static uint32_t record_bytes_in(const struct xtd_commit_record *record, uint32_t extent)
{
    return extent == 0 ? record->record_bytes : 0;
}

/* is_newest: what it wrote is all there. Of an older commit arenas may be gone. */
static xt_status check_extents(struct check *check, const struct xtd_commit_record *record,
                               bool is_newest)
{
    xt_status status = XT_OK;

    for (uint32_t i = 0; i < record->extent_count && status == XT_OK; i++) {
        struct xti_arena arena = copy_arena(check->txn, record->extents[i].arena_id);

        if (arena.id != 0 || is_newest)
            status = check_extent(check, &arena, &record->extents[i], record_bytes_in(record, i));
    }
    return status;
}

/* A commit of the chain: where its record lies, and what is known of it. */
struct link {
    uint64_t txn;
    uint64_t hash;
    uint32_t ref;
    uint32_t record_bytes;
    bool is_newest;
};

static struct link newest_link(struct xti_txn *txn)
{
    struct link link;

    txn->os->mutex_lock(txn->os, txn->mutex);
    link = (struct link){.txn = txn->state.txn,
                         .hash = txn->record_hash,
                         .ref = txn->state.record_ref,
                         .record_bytes = txn->state.record_bytes,
                         .is_newest = true};
    txn->os->mutex_unlock(txn->os, txn->mutex);
    return link;
}

/* The record of a link; *record is NULL with XT_OK where the chain is cut. */
static xt_status read_link(struct check *check, const struct link *link,
                           struct xtd_commit_record **record)
{
    struct xti_txn *txn = check->txn;
    xt_status status = XT_OK;

    *record = NULL;
    txn->os->mutex_lock(txn->os, txn->mutex);
    if (link->is_newest || xti_chain_goes_on(txn, link->ref, link->txn))
        status =
            xti_read_record(txn, link->ref, link->record_bytes, link->hash, record, check->error);
    txn->os->mutex_unlock(txn->os, txn->mutex);
    if (status != XT_OK || *record == NULL)
        return status;
    if ((*record)->state.txn == link->txn && (*record)->state.record_ref == link->ref)
        return XT_OK;
    txn->os->free(txn->os, *record, link->record_bytes);
    *record = NULL;
    return xti_report(check->error, XT_ECORRUPT, txn->path, NULL, XTI_NO_OFFSET,
                      "chain of commit records");
}

/* Costs O(arenas) for each record, and what there is to hash. */
static xt_status check_chain(struct check *check, bool deep)
{
    struct link link = newest_link(check->txn);
    xt_status status = XT_OK;

    while (link.ref != 0 && status == XT_OK) {
        struct xtd_commit_record *record;

        status = read_link(check, &link, &record);
        if (record == NULL)
            return status;
        *check->bytes += link.record_bytes;
        if (deep)
            status = check_extents(check, record, link.is_newest);
        link = (struct link){.txn = link.txn - 1,
                             .hash = record->previous_hash,
                             .ref = deep ? record->previous_ref : 0,
                             .record_bytes = XTD_PAGE_BYTES};
        check->txn->os->free(check->txn->os, record, record->record_bytes);
    }
    return status;
}

/* Whether a reader shows a later commit than the one that was being checked: the files of that one
 * may have been removed meanwhile. */
static bool has_moved_on(struct xti_txn *txn, uint64_t number)
{
    struct xti_view *view;

    if (txn->is_writable || txn->watch.head == NULL || xti_txn_view(txn, &view) != XT_OK)
        return false;
    xti_txn_unview(txn, view);
    return newest_link(txn).txn != number;
}

xt_status xti_txn_check(struct xti_txn *txn, bool deep, uint64_t *bytes, xt_error *error)
{
    struct check check = {.txn = txn, .bytes = bytes, .error = error};
    uint64_t number;
    xt_status status;

    if (txn->path == NULL)
        return XT_OK;
    status = check_begin(&check);
    if (status != XT_OK)
        return xti_report(error, status, NULL, NULL, XTI_NO_OFFSET, "memory for an extent");
    do {
        number = newest_link(txn).txn;
        status = check_chain(&check, deep);
    } while ((status == XT_ENOTFOUND || status == XT_ECORRUPT) && has_moved_on(txn, number));
    check_end(&check);
    if (status == XT_OK)
        xti_report_clear(error);
    if (status != XT_ENOTFOUND)
        return status;
    if (error != NULL) /* a file of the store is gone, not the store */
        error->status = XT_ECORRUPT;
    return XT_ECORRUPT;
}
