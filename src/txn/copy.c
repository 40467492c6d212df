/* src/txn/copy.c -- a second store with the same commit, by links to the files that do not change.
 *
 * Sealed arenas get a second name: neither store ever writes to them again, and each removes its
 * own name only. Of the others, which the first store goes on writing, the committed bytes are
 * copied. The manifest is the same, HEAD has one slot, and it gets its name last.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/creation.h"
#include "txn/kept.h"

#include <errno.h>
#include <string.h>

#define COPY_BYTES ((size_t)1 << 20)
#define PATH_BYTES 4096u

/* What the copy shall show. */
struct original {
    struct xtd_state state;
    uint64_t record_hash;
    struct xtd_manifest *manifest; /* owned */
};

/* A kept snapshot has the manifest of its commit in its own file. */
static xt_status kept_find(struct xti_txn *txn, const struct xti_view *view,
                           struct original *original, xt_error *error)
{
    const struct xtd_manifest *manifest;
    struct xtd_snapshot *snapshot;
    xt_status status = xti_snapshot_read(txn, view->txn, &snapshot, error);

    if (status == XT_OK && snapshot->state.roots[0].ref != view->root_ref)
        status = XT_ENOTFOUND; /* a later publish, which nobody keeps */
    if (status == XT_OK) {
        manifest = xti_snapshot_manifest_const(snapshot);
        original->state = snapshot->state;
        original->record_hash = snapshot->record_hash;
        original->manifest = txn->os->alloc(txn->os, manifest->total_bytes);
        if (original->manifest != NULL)
            memcpy(original->manifest, manifest, manifest->total_bytes);
        else
            status = xti_report(error, XT_ENOMEM, NULL, NULL, XTI_NO_OFFSET, "memory for a copy");
    }
    xti_snapshot_free(txn, snapshot);
    if (status != XT_ENOTFOUND)
        return status;
    return xti_report(error, XT_EMISUSE, txn->path, NULL, XTI_NO_OFFSET,
                      "only the newest commit and kept ones can be copied by links");
}

/* A view shows the newest commit when it has its root: later publishes have others, as what is
 * committed is never written again. */
static xt_status original_find(struct xti_txn *txn, const struct xti_view *view,
                               struct original *original, xt_error *error)
{
    bool is_newest;

    txn->os->mutex_lock(txn->os, txn->mutex);
    original->state = txn->state;
    original->record_hash = txn->record_hash;
    is_newest = view->txn == txn->state.txn && view->root_ref == txn->state.roots[0].ref;
    txn->os->mutex_unlock(txn->os, txn->mutex);
    if (txn->path == NULL)
        return xti_report(error, XT_EMISUSE, NULL, NULL, XTI_NO_OFFSET,
                          "a store in memory has no files to link");
    if (!is_newest)
        return kept_find(txn, view, original, error);
    return xti_read_manifest(txn, original->state.manifest_generation, &original->manifest, error);
}

static uint64_t committed_units(const struct original *original,
                                const struct xtd_manifest_arena *arena)
{
    for (uint32_t i = 0; i < original->state.frontier_count; i++) {
        if (original->state.frontiers[i].arena_id == arena->arena_id)
            return original->state.frontiers[i].units;
    }
    return arena->committed_units;
}

static int bytes_copy(const struct xti_os *os, xti_file from, xti_file to, uint64_t bytes)
{
    char *buffer = os->alloc(os, COPY_BYTES);
    int result = buffer == NULL ? -ENOMEM : 0;

    for (uint64_t at = 0; at < bytes && result == 0; at += COPY_BYTES) {
        size_t size = bytes - at < COPY_BYTES ? (size_t)(bytes - at) : COPY_BYTES;

        result = os->read_at(os, from, at, buffer, size);
        if (result == 0)
            result = os->write_at(os, to, at, buffer, size);
    }
    if (buffer != NULL)
        os->free(os, buffer, COPY_BYTES);
    return result == 0 ? os->sync(os, to) : result;
}

static int file_copy(const struct xti_txn *txn, const struct xti_txn *copy, const char *name,
                     uint64_t bytes)
{
    const struct xti_os *os = txn->os;
    xti_file from;
    xti_file to;
    int result = xti_open_file(os, txn->path, name, XTI_OPEN_READ, &from);

    if (result != 0)
        return result;
    result = xti_open_file(os, copy->path, name, XTI_OPEN_CREATE, &to);
    if (result == 0) {
        result = bytes_copy(os, from, to, bytes);
        os->close(os, to);
    }
    os->close(os, from);
    return result;
}

static int file_link(const struct xti_txn *txn, const struct xti_txn *copy, const char *name)
{
    char from[PATH_BYTES];
    char to[PATH_BYTES];

    if (!xti_path_join(from, sizeof from, txn->path, name) ||
        !xti_path_join(to, sizeof to, copy->path, name))
        return -ENAMETOOLONG;
    return txn->os->link(txn->os, from, to);
}

/* Links fail across file systems, and on some always: then the bytes are copied. */
static xt_status arenas_take(struct xti_txn *txn, struct xti_txn *copy,
                             const struct original *original, xt_error *error)
{
    const struct xtd_manifest_arena *arenas = xti_manifest_arenas_const(original->manifest);
    char name[XTI_NAME_BYTES];

    for (uint32_t i = 0; i < original->manifest->arena_count; i++) {
        bool is_sealed = (arenas[i].flags & XTD_ARENA_SEALED) != 0;
        int result;

        xti_name_arena(name, arenas[i].arena_id);
        if (is_sealed && file_link(txn, copy, name) == 0)
            continue;
        result = file_copy(txn, copy, name, committed_units(original, &arenas[i]) * XTD_UNIT_BYTES);
        if (result != 0)
            return xti_report_system(error, result, txn->path, name, "copy the arena's file");
    }
    return XT_OK;
}

/* In the order of a commit: arenas, manifest, names, HEAD. */
static xt_status copy_fill(struct xti_txn *txn, struct xti_txn *copy,
                           const struct original *original, xt_error *error)
{
    char name[XTI_NAME_BYTES];
    bool must_break;
    xt_status status;
    int result;

    XTI_ASSERT(original->manifest != NULL);
    xti_name_manifest(name, original->manifest->generation);
    memcpy(copy->uuid, original->manifest->uuid, sizeof copy->uuid);
    status = arenas_take(txn, copy, original, error);
    if (status == XT_OK)
        status = xti_write_file(copy, name, original->manifest, original->manifest->total_bytes,
                                error, &must_break);
    if (status != XT_OK)
        return status;
    result = copy->os->sync_folder(copy->os, copy->path);
    if (result != 0)
        return xti_report_system(error, result, copy->path, NULL, "sync the folder");
    status = xti_write_head(copy, 0, &original->state, original->record_hash, error);
    return status == XT_OK ? xti_txn_show(copy, error) : status;
}

static xt_status copy_make(struct xti_txn *txn, const char *path, const struct original *original,
                           xt_error *error)
{
    struct xti_txn *copy;
    xt_status status = xti_txn_new(txn->os, path, error, &copy);

    if (status == XT_OK) {
        copy->is_hidden = true;
        status = xti_creation_begin(copy, error);
    }
    if (status == XT_OK)
        status = copy_fill(txn, copy, original, error);
    xti_txn_close(copy); /* removes what is still hidden */
    return status;
}

xt_status xti_txn_copy_links(struct xti_txn *txn, const struct xti_view *view, const char *path,
                             xt_error *error)
{
    struct original original = {.manifest = NULL};
    xt_status status = original_find(txn, view, &original, error);

    if (status == XT_OK)
        status = copy_make(txn, path, &original, error);
    if (original.manifest != NULL)
        txn->os->free(txn->os, original.manifest, original.manifest->total_bytes);
    return status;
}
