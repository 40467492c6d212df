/* src/txn/kept.c -- keeping commits, dropping them, and what they hold meanwhile.
 *
 * The steps and what a crash at each leaves: README.md, K1 to K5 and X1 to X3.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/kept.h"

#include <errno.h>
#include <string.h>

#define KEPT_AT_FIRST 16u

/* ---- what the writer remembers --------------------------------------------------------------- */

static xt_status make_slot(struct xti_txn *txn)
{
    const struct xti_os *os = txn->os;
    size_t capacity = txn->kept_capacity == 0 ? KEPT_AT_FIRST : 2 * txn->kept_capacity;
    struct xti_kept *grown;

    if (txn->kept_count < txn->kept_capacity)
        return XT_OK;
    grown = os->alloc(os, capacity * sizeof *grown);
    if (grown == NULL)
        return XT_ENOMEM;
    if (txn->kept != NULL) {
        memcpy(grown, txn->kept, txn->kept_count * sizeof *grown);
        os->free(os, txn->kept, txn->kept_capacity * sizeof *grown);
    }
    txn->kept = grown;
    txn->kept_capacity = capacity;
    return XT_OK;
}

static void let_arenas_go(struct xti_txn *txn, struct xti_kept *kept)
{
    for (uint32_t i = 0; i < kept->held_count; i++)
        xti_space_let_go(&txn->space, kept->arena_ids[i]);
    if (kept->arena_ids != NULL)
        txn->os->free(txn->os, kept->arena_ids, kept->arena_count * sizeof *kept->arena_ids);
    kept->arena_ids = NULL;
    kept->held_count = 0;
}

static xt_status hold_arenas(struct xti_txn *txn, struct xti_kept *kept,
                             const struct xtd_manifest *manifest)
{
    const struct xtd_manifest_arena *entries = xti_manifest_arenas_const(manifest);
    xt_status status = XT_OK;

    kept->arena_count = manifest->arena_count;
    kept->arena_ids = txn->os->alloc(txn->os, kept->arena_count * sizeof *kept->arena_ids);
    if (kept->arena_ids == NULL)
        return XT_ENOMEM;
    while (status == XT_OK && kept->held_count < kept->arena_count) {
        const struct xtd_manifest_arena *entry = &entries[kept->held_count];

        status =
            xti_space_hold(&txn->space, entry->arena_id, entry->first_unit, entry->range_units);
        if (status == XT_OK)
            kept->arena_ids[kept->held_count++] = entry->arena_id;
    }
    return status;
}

/* snapshot NULL: its file is damaged. */
static xt_status remember(struct xti_txn *txn, uint64_t number, const struct xtd_snapshot *snapshot)
{
    struct xti_kept kept = {.number = number, .is_damaged = snapshot == NULL};
    xt_status status = make_slot(txn);
    size_t i;

    if (status == XT_OK && snapshot != NULL) {
        memcpy(kept.name, snapshot->name, sizeof kept.name);
        kept.kept_time_ns = snapshot->kept_time_ns;
        status = hold_arenas(txn, &kept, xti_snapshot_manifest_const(snapshot));
    }
    if (status != XT_OK) {
        let_arenas_go(txn, &kept);
        return status;
    }
    for (i = txn->kept_count; i > 0 && txn->kept[i - 1].number > number; i--)
        txn->kept[i] = txn->kept[i - 1];
    txn->kept[i] = kept;
    txn->kept_count++;
    return XT_OK;
}

static void forget(struct xti_txn *txn, size_t i)
{
    let_arenas_go(txn, &txn->kept[i]);
    txn->kept_count--;
    memmove(&txn->kept[i], &txn->kept[i + 1], (txn->kept_count - i) * sizeof *txn->kept);
}

/* kept_count: there is none. */
static size_t position_of(const struct xti_txn *txn, uint64_t number)
{
    size_t i = 0;

    while (i < txn->kept_count && txn->kept[i].number != number)
        i++;
    return i;
}

void xti_kept_release(struct xti_txn *txn)
{
    while (txn->kept_count > 0)
        forget(txn, txn->kept_count - 1);
    if (txn->kept != NULL)
        txn->os->free(txn->os, txn->kept, txn->kept_capacity * sizeof *txn->kept);
    txn->kept = NULL;
}

/* A damaged one may need any arena that was there when it was kept. */
bool xti_arena_is_pinned(const struct xti_txn *txn, uint32_t arena_id)
{
    const struct xti_arena *arena = NULL;

    if (xti_space_holds(&txn->space, arena_id))
        return true;
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        if (txn->space.arenas[i].id == arena_id)
            arena = &txn->space.arenas[i];
    }
    for (size_t i = 0; i < txn->kept_count; i++) {
        if (txn->kept[i].is_damaged && (arena == NULL || arena->created_txn <= txn->kept[i].number))
            return true;
    }
    return false;
}

/* ---- what is there when a writer opens ------------------------------------------------------- */

/* A commit is kept when it is durable: one that is newer than what HEAD leads to was lost, and what
 * is written next would take its place. */
static xt_status check_age(const struct xti_txn *txn, const struct xtd_snapshot *snapshot,
                           xt_error *error)
{
    bool is_same =
        snapshot->state.txn != txn->state.txn || snapshot->record_hash == txn->record_hash;
    char name[XTI_NAME_BYTES];

    if (snapshot->state.txn <= txn->state.txn && is_same)
        return XT_OK;
    xti_name_snapshot(name, snapshot->state.txn);
    return xti_report(error, XT_ECORRUPT, txn->path, name, 32,
                      "a kept snapshot is newer than the newest commit that can be read");
}

static xt_status load_one(struct xti_txn *txn, uint64_t number, xt_error *error)
{
    struct xtd_snapshot *snapshot;
    xt_status status = xti_snapshot_read(txn, number, &snapshot, error);

    if (status == XT_ENOTFOUND)
        return XT_OK;
    if (status == XT_ENOMEM)
        return status;
    if (status == XT_OK)
        status = check_age(txn, snapshot, error);
    else
        status = XT_OK;
    if (status == XT_OK) {
        status = remember(txn, number, snapshot);
        if (status != XT_OK)
            (void)xti_report(error, status, txn->path, NULL, XTI_NO_OFFSET,
                             "memory for a kept snapshot");
    }
    xti_snapshot_free(txn, snapshot);
    return status;
}

xt_status xti_kept_load(struct xti_txn *txn, xt_error *error)
{
    struct xti_numbers numbers;
    xt_status status = xti_numbers_list(txn, &numbers, error);

    for (size_t i = 0; i < numbers.count && status == XT_OK; i++)
        status = load_one(txn, numbers.items[i], error);
    xti_numbers_release(&numbers);
    return status;
}

/* ---- keeping --------------------------------------------------------------------------------- */

/* Who asks for a snapshot by name or number must not be misunderstood. */
static bool is_number(const char *name)
{
    return name[0] != '\0' && name[strspn(name, "0123456789")] == '\0';
}

static xt_status check_name(const struct xti_txn *txn, const char *name, xt_error *error)
{
    if (is_number(name))
        return xti_report(error, XT_EINVAL, txn->path, NULL, XTI_NO_OFFSET,
                          "a name is not a number");
    if (!xti_snapshot_name_fits(name, strlen(name)))
        return xti_report(error, XT_EINVAL, txn->path, NULL, XTI_NO_OFFSET,
                          "a name is UTF-8 and at most 63 bytes long");
    for (size_t i = 0; i < txn->kept_count && name[0] != '\0'; i++) {
        if (strcmp(txn->kept[i].name, name) == 0)
            return xti_report(error, XT_EEXIST, txn->path, NULL, XTI_NO_OFFSET,
                              "a kept snapshot has that name");
    }
    return XT_OK;
}

static xt_status check_keeper(const struct xti_txn *txn, xt_error *error)
{
    xt_status status = xti_txn_check_writer(txn, error);

    if (status == XT_OK && txn->path == NULL)
        status = xti_report(error, XT_EMISUSE, NULL, NULL, XTI_NO_OFFSET,
                            "a store in memory keeps no snapshots");
    return status;
}

/* K2. */
static xt_status make_snapshot(struct xti_txn *txn, const char *name, struct xtd_snapshot **out,
                               xt_error *error)
{
    struct xtd_manifest *manifest;
    struct xtd_snapshot *snapshot;
    struct xti_finding finding = {"", 0};
    size_t bytes;
    xt_status status;

    *out = NULL;
    status = xti_read_manifest(txn, txn->state.manifest_generation, &manifest, error);
    if (status == XT_ENOTFOUND)
        status = xti_report(error, XT_ECORRUPT, txn->path, NULL, XTI_NO_OFFSET,
                            "the newest commit's manifest is gone");
    if (status != XT_OK)
        return status;
    bytes = xti_snapshot_bytes(manifest->total_bytes);
    snapshot = xti_alloc_zeroed(txn->os, bytes);
    if (snapshot != NULL) {
        memcpy(snapshot->uuid, txn->uuid, sizeof snapshot->uuid);
        snapshot->state = txn->state;
        snapshot->record_hash = txn->record_hash;
        snapshot->kept_time_ns = txn->os->now_ns(txn->os);
        snapshot->manifest_bytes = manifest->total_bytes;
        snapshot->name_bytes = (uint16_t)strlen(name);
        memcpy(snapshot->name, name, strlen(name));
        memcpy(xti_snapshot_manifest(snapshot), manifest, manifest->total_bytes);
        xti_snapshot_seal(snapshot);
        status = xti_snapshot_check(snapshot, bytes, &finding);
    } else {
        status = xti_report(error, XT_ENOMEM, NULL, NULL, XTI_NO_OFFSET, "memory for a snapshot");
    }
    txn->os->free(txn->os, manifest, manifest->total_bytes);
    if (snapshot != NULL && status != XT_OK) { /* state and manifest are right, but not together */
        status = xti_report(error, XT_ECORRUPT, txn->path, NULL, XTI_NO_OFFSET, finding.what);
        txn->os->free(txn->os, snapshot, bytes);
        snapshot = NULL;
    }
    *out = snapshot;
    return status;
}

static xt_status sync_folder(struct xti_txn *txn, xt_error *error)
{
    int result = txn->os->sync_folder(txn->os, txn->path);

    if (result == 0)
        return XT_OK;
    (void)xti_report_system(error, result, txn->path, NULL, "sync the folder");
    return XT_EBROKEN;
}

static xt_status settle(struct xti_txn *txn, xt_status status, xt_error *error)
{
    if (status != XT_EBROKEN)
        return status;
    txn->is_broken = true;
    if (error != NULL)
        error->status = XT_EBROKEN;
    return status;
}

/* K4, K5. */
static xt_status write_snapshot(struct xti_txn *txn, const struct xtd_snapshot *snapshot,
                                xt_error *error)
{
    char name[XTI_NAME_BYTES];
    bool must_break;
    xt_status status;

    xti_name_snapshot(name, snapshot->state.txn);
    status = xti_write_file(txn, name, snapshot, snapshot->total_bytes, error, &must_break);
    if (must_break)
        status = XT_EBROKEN;
    if (status == XT_OK)
        status = sync_folder(txn, error);
    return settle(txn, status, error);
}

xt_status xti_txn_keep(struct xti_txn *txn, const char *name, uint64_t *number, xt_error *error)
{
    struct xtd_snapshot *snapshot = NULL;
    xt_status status;

    *number = 0;
    xti_report_clear(error);
    status = check_keeper(txn, error);
    if (status == XT_OK)
        status = check_name(txn, name, error);
    if (status == XT_OK) /* K1: what is kept must not be lost */
        status = xti_txn_sync(txn, error);
    if (status == XT_OK && position_of(txn, txn->state.txn) < txn->kept_count)
        status = xti_report(error, XT_EEXIST, txn->path, NULL, XTI_NO_OFFSET,
                            "the newest commit is kept already");
    if (status == XT_OK)
        status = make_snapshot(txn, name, &snapshot, error);
    if (status != XT_OK)
        return status;
    XTI_ASSERT(snapshot != NULL);
    status = remember(txn, snapshot->state.txn, snapshot);
    if (status != XT_OK) {
        (void)xti_report(error, status, txn->path, NULL, XTI_NO_OFFSET, "memory for a snapshot");
    } else {
        status = write_snapshot(txn, snapshot, error);
        if (status == XT_OK)
            *number = snapshot->state.txn;
        else
            forget(txn, position_of(txn, snapshot->state.txn));
    }
    xti_snapshot_free(txn, snapshot);
    return status;
}

/* ---- dropping -------------------------------------------------------------------------------- */

/* X1. Those that are marked, until one cannot be removed. */
static xt_status remove_marked(struct xti_txn *txn, uint64_t *removed, xt_error *error)
{
    char name[XTI_NAME_BYTES];
    xt_status status = XT_OK;

    *removed = 0;
    for (size_t i = 0; i < txn->kept_count; i++) {
        int result;

        if (!txn->kept[i].is_leaving)
            continue;
        if (status != XT_OK) {
            txn->kept[i].is_leaving = false;
            continue;
        }
        xti_name_snapshot(name, txn->kept[i].number);
        result = xti_remove_file(txn->os, txn->path, name);
        if (result != 0 && result != -ENOENT) {
            txn->kept[i].is_leaving = false;
            status = xti_report_system(error, result, txn->path, name, "remove the file");
        } else {
            *removed += 1;
        }
    }
    return status;
}

/* X2, X3. What is gone may come back with the power until the folder is synced: it holds its arenas
 * as long. */
static xt_status drop_marked(struct xti_txn *txn, uint64_t *dropped, xt_error *error)
{
    uint64_t removed;
    xt_status status = remove_marked(txn, &removed, error);

    *dropped = 0;
    if (removed == 0)
        return status;
    if (sync_folder(txn, status == XT_OK ? error : NULL) != XT_OK) {
        for (size_t i = 0; i < txn->kept_count; i++)
            txn->kept[i].is_leaving = false;
        return settle(txn, XT_EBROKEN, error);
    }
    for (size_t i = txn->kept_count; i-- > 0;) {
        if (txn->kept[i].is_leaving)
            forget(txn, i);
    }
    *dropped = removed;
    if (xti_remove_leftovers(txn, status == XT_OK ? error : NULL) != XT_OK)
        status = settle(txn, XT_EBROKEN, error);
    return status;
}

xt_status xti_txn_drop(struct xti_txn *txn, uint64_t number, xt_error *error)
{
    uint64_t dropped;
    xt_status status;
    size_t i;

    xti_report_clear(error);
    status = check_keeper(txn, error);
    if (status != XT_OK)
        return status;
    i = position_of(txn, number);
    if (i == txn->kept_count)
        return xti_report(error, XT_ENOTFOUND, txn->path, NULL, XTI_NO_OFFSET,
                          "no such snapshot is kept");
    txn->kept[i].is_leaving = true;
    return drop_marked(txn, &dropped, error);
}

xt_status xti_txn_retain(struct xti_txn *txn, uint64_t keep_last, uint64_t max_age_ns,
                         uint64_t *dropped, xt_error *error)
{
    uint64_t now = txn->os->now_ns(txn->os);
    uint64_t newer = 0; /* of those that have no name */
    xt_status status;

    *dropped = 0;
    xti_report_clear(error);
    status = check_keeper(txn, error);
    if (status != XT_OK || (keep_last == 0 && max_age_ns == 0))
        return status;
    for (size_t i = txn->kept_count; i-- > 0;) {
        struct xti_kept *kept = &txn->kept[i];
        uint64_t age = now > kept->kept_time_ns ? now - kept->kept_time_ns : 0;

        if (kept->is_damaged || kept->name[0] != '\0')
            continue;
        kept->is_leaving = newer++ >= keep_last && (max_age_ns == 0 || age > max_age_ns);
    }
    return drop_marked(txn, dropped, error);
}
