/* src/txn/create.c -- making a new store.
 *
 * Order: folder, LOCK (taken), first arena with the first commit's record, manifest, and last HEAD,
 * by rename: a folder without HEAD is no store, whatever a crash left in it, and creating there
 * again starts afresh.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/txn_private.h"

#include <errno.h>
#include <string.h>

/* A node may take that much: 4 MiB. */
#define SUPERNODE_UNITS_MAX 65536u

static xt_status random_bytes(struct xti_txn *txn, void *data, size_t size, xt_error *error)
{
    int result = txn->os->random(txn->os, data, size);

    if (result != 0)
        return xti_report_system(error, result, txn->path, NULL, "get random bytes");
    return XT_OK;
}

struct folder_scan {
    bool has_head;
    bool has_foreign;
    uint32_t count;
    char names[64][XTI_NAME_BYTES];
};

static bool scan_name(void *context, const char *name)
{
    struct folder_scan *scan = context;
    uint64_t number;
    enum xti_name_kind kind = xti_name_parse(name, &number);

    if (kind == XTI_IS_HEAD)
        scan->has_head = true;
    else if (kind == XTI_FOREIGN)
        scan->has_foreign = true;
    else if (kind != XTI_IS_LOCK && scan->count < XTI_ARRAY_COUNT(scan->names))
        strcpy(scan->names[scan->count++], name); /* parsed names are shorter than XTI_NAME_BYTES */
    return !scan->has_head && !scan->has_foreign;
}

/* Only what a creation that did not come to its end may have left is removed. */
static xt_status clear_folder(struct xti_txn *txn, struct folder_scan *scan, xt_error *error)
{
    int result;

    do {
        memset(scan, 0, sizeof *scan);
        result = txn->os->list(txn->os, txn->path, scan_name, scan);
        if (result == -ENOTDIR)
            return xti_report(error, XT_EEXIST, txn->path, NULL, XTI_NO_OFFSET,
                              "a file is in the way");
        if (result != 0)
            return xti_report_system(error, result, txn->path, NULL, "list the folder");
        if (scan->has_head)
            return xti_report(error, XT_EEXIST, txn->path, NULL, XTI_NO_OFFSET,
                              "the folder holds a store already");
        if (scan->has_foreign)
            return xti_report(error, XT_EEXIST, txn->path, NULL, XTI_NO_OFFSET,
                              "the folder is not empty");
        for (uint32_t i = 0; i < scan->count && result == 0; i++)
            result = xti_remove_file(txn->os, txn->path, scan->names[i]);
        if (result != 0)
            return xti_report_system(error, result, txn->path, NULL, "remove a leftover file");
    } while (scan->count > 0);
    return XT_OK;
}

static xt_status scan_folder(struct xti_txn *txn, xt_error *error)
{
    struct folder_scan *scan = txn->os->alloc(txn->os, sizeof *scan);
    xt_status status;

    if (scan == NULL)
        return xti_report(error, XT_ENOMEM, txn->path, NULL, XTI_NO_OFFSET, "memory for names");
    status = clear_folder(txn, scan, error);
    txn->os->free(txn->os, scan, sizeof *scan);
    return status;
}

static int open_lock(struct xti_txn *txn)
{
    int result = xti_open_file(txn->os, txn->path, XTI_NAME_LOCK, XTI_OPEN_CREATE, &txn->lock_file);

    if (result == -EEXIST)
        result = xti_open_file(txn->os, txn->path, XTI_NAME_LOCK, XTI_OPEN_WRITE, &txn->lock_file);
    if (result != 0)
        return result;
    return txn->os->lock(txn->os, txn->lock_file);
}

/* Another creation that runs at the same time loses the race for the lock, or sees HEAD after it. A
 * folder with foreign files is left without a trace. */
static xt_status claim_folder(struct xti_txn *txn, bool *was_made, xt_error *error)
{
    int result = txn->os->make_folder(txn->os, txn->path);
    xt_status status;

    *was_made = result == 0;
    if (result == -EEXIST) {
        status = scan_folder(txn, error);
        if (status != XT_OK)
            return status;
    } else if (result != 0) {
        return xti_report_system(error, result, txn->path, NULL, "make the folder");
    }
    result = open_lock(txn);
    if (result == -EBUSY)
        return xti_report(error, XT_EBUSY, txn->path, XTI_NAME_LOCK, XTI_NO_OFFSET,
                          "another writer has the store open");
    if (result != 0)
        return xti_report_system(error, result, txn->path, XTI_NAME_LOCK, "lock the store");
    return scan_folder(txn, error);
}

static xt_status sync_folders(struct xti_txn *txn, xt_error *error)
{
    char parent[4096];
    size_t size = strlen(txn->path);
    int result;

    while (size > 1 && txn->path[size - 1] == '/')
        size--;
    while (size > 0 && txn->path[size - 1] != '/')
        size--;
    if (size == 0) {
        strcpy(parent, ".");
    } else {
        if (size >= sizeof parent)
            return xti_report(error, XT_EINVAL, txn->path, NULL, XTI_NO_OFFSET, "path too long");
        memcpy(parent, txn->path, size);
        parent[size] = '\0';
    }
    result = txn->os->sync_folder(txn->os, txn->path);
    if (result == 0)
        result = txn->os->sync_folder(txn->os, parent);
    if (result != 0)
        return xti_report_system(error, result, txn->path, NULL, "sync the folder");
    return XT_OK;
}

/* HEAD of zeroes, which the first commit then fills through the open file; it gets its name when
 * that has been synced. */
static xt_status write_head_tmp(struct xti_txn *txn, xt_error *error)
{
    void *zeroes = xti_alloc_zeroed(txn->os, XTD_HEAD_BYTES);
    int result;

    if (zeroes == NULL)
        return xti_report(error, XT_ENOMEM, txn->path, NULL, XTI_NO_OFFSET, "memory for HEAD");
    result = xti_open_file(txn->os, txn->path, XTI_NAME_HEAD_TMP, XTI_OPEN_CREATE,
                           &txn->head_file);
    if (result == 0)
        result = txn->os->write_at(txn->os, txn->head_file, 0, zeroes, XTD_HEAD_BYTES);
    txn->os->free(txn->os, zeroes, XTD_HEAD_BYTES);
    if (result != 0)
        return xti_report_system(error, result, txn->path, XTI_NAME_HEAD_TMP, "write the file");
    return XT_OK;
}

static xt_status name_head(struct xti_txn *txn, xt_error *error)
{
    char from[4096];
    char to[4096];
    int result;

    if (!xti_path_join(from, sizeof from, txn->path, XTI_NAME_HEAD_TMP) ||
        !xti_path_join(to, sizeof to, txn->path, XTI_NAME_HEAD))
        return xti_report(error, XT_EINVAL, txn->path, NULL, XTI_NO_OFFSET, "path too long");
    result = txn->os->rename(txn->os, from, to);
    if (result != 0)
        return xti_report_system(error, result, txn->path, XTI_NAME_HEAD, "name the file");
    return sync_folders(txn, error);
}

/* A creation that failed leaves nothing, as far as the system lets it. */
static void undo_creation(struct xti_txn *txn, bool was_made)
{
    char name[XTI_NAME_BYTES];

    xti_name_manifest(name, 1);
    (void)xti_remove_file(txn->os, txn->path, name);
    (void)xti_remove_file(txn->os, txn->path, XTI_NAME_HEAD);
    (void)xti_remove_file(txn->os, txn->path, XTI_NAME_HEAD_TMP);
    xti_name_arena(name, 1);
    (void)xti_remove_file(txn->os, txn->path, name);
    (void)xti_remove_file(txn->os, txn->path, XTI_NAME_LOCK);
    if (was_made)
        (void)txn->os->remove_folder(txn->os, txn->path);
}

static xt_status create_content(struct xti_txn *txn, xt_error *error)
{
    xt_status status = write_head_tmp(txn, error);

    if (status != XT_OK)
        return status;
    status = xti_epoch_add_arena(txn, 0, error);
    if (status != XT_OK)
        return status;
    txn->is_dirty = true;
    status = xti_txn_commit(txn, error);
    if (status != XT_OK)
        return status;
    return name_head(txn, error);
}

static xt_status create_files(struct xti_txn *txn, xt_error *error)
{
    bool was_made = false;
    xt_status status = claim_folder(txn, &was_made, error);

    if (status == XT_OK) {
        status = create_content(txn, error);
        if (status != XT_OK)
            undo_creation(txn, was_made);
    } else if (was_made) {
        undo_creation(txn, was_made);
    }
    return status == XT_EBROKEN ? XT_EIO : status; /* there is no handle that could be broken */
}

static xt_status show_empty(struct xti_txn *txn)
{
    struct xti_view *view;
    xt_status status = xti_view_new(txn, &view);

    if (status == XT_OK)
        xti_view_install(txn, view);
    return status;
}

xt_status xti_txn_create(const struct xti_os *os, const char *path,
                         const struct xti_schema *schema, uint64_t window_bytes, xt_error *error,
                         struct xti_txn **out)
{
    struct xti_txn *txn;
    xt_status status;

    *out = NULL;
    status = xti_txn_new(os, path, error, &txn);
    if (status != XT_OK)
        goto fail;
    txn->is_writable = true;
    txn->next_arena_id = 1;
    xti_txn_set_schema(txn, schema, SUPERNODE_UNITS_MAX);
    status = random_bytes(txn, txn->uuid, sizeof txn->uuid, error);
    if (status != XT_OK)
        goto fail;
    status = random_bytes(txn, &txn->timeline, sizeof txn->timeline, error);
    if (status != XT_OK)
        goto fail;
    status = xti_space_init(&txn->space, os, window_bytes, path != NULL, true, false);
    if (status != XT_OK) {
        (void)xti_report(error, status, path, NULL, XTI_NO_OFFSET, "reserve address space");
        goto fail;
    }
    status = path != NULL ? create_files(txn, error) : show_empty(txn);
    if (status != XT_OK)
        goto fail;
    xti_report_clear(error);
    *out = txn;
    return XT_OK;

fail:
    xti_txn_close(txn);
    return status;
}
