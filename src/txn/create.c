/* src/txn/create.c -- making a new store.
 *
 * Order: folder, LOCK (taken), first arena with the first commit's record, manifest, and last HEAD,
 * by rename: a folder without HEAD is no store, whatever a crash left in it, and creating there
 * again starts afresh.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/creation.h"

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
    bool has_head_tmp;
    bool has_foreign;
    bool has_more; /* than a creation makes: what is left of a copy, or of a store */
    uint32_t count;
    char names[8][XTI_NAME_BYTES];
};

/* Of the names that may be ours to remove, some; HEAD.tmp is not among them. */
static bool scan_name(void *context, const char *name)
{
    struct folder_scan *scan = context;
    uint64_t number;
    enum xti_name_kind kind = xti_name_parse(name, &number);

    if (kind == XTI_IS_HEAD) {
        scan->has_head = true;
    } else if (kind == XTI_FOREIGN || kind == XTI_IS_SNAPSHOT) {
        scan->has_foreign = true;
    } else if (strcmp(name, XTI_NAME_HEAD_TMP) == 0) {
        scan->has_head_tmp = true;
    } else if (kind != XTI_IS_LOCK) {
        scan->has_more |= number > 1;
        if (scan->count < XTI_ARRAY_COUNT(scan->names))
            strcpy(scan->names[scan->count++], name); /* a parsed name is short enough */
    }
    return !scan->has_head && !scan->has_foreign;
}

/* What is in the way of a creation. `scan` gets the names of what one that did not come to its end
 * may have left. More than one arena is the work of a copy when HEAD.tmp, which it makes durable
 * before, is there; else it is what is left of a store, and not ours to remove. */
static xt_status look_at_folder(struct xti_txn *txn, struct folder_scan *scan, xt_error *error)
{
    int result;

    memset(scan, 0, sizeof *scan);
    result = txn->os->list(txn->os, txn->path, scan_name, scan);
    if (result == -ENOTDIR)
        return xti_report(error, XT_EEXIST, txn->path, NULL, XTI_NO_OFFSET, "a file is in the way");
    if (result != 0)
        return xti_report_system(error, result, txn->path, NULL, "list the folder");
    if (scan->has_head)
        return xti_report(error, XT_EEXIST, txn->path, NULL, XTI_NO_OFFSET,
                          "the folder holds a store already");
    if (scan->has_foreign || (scan->has_more && !scan->has_head_tmp))
        return xti_report(error, XT_EEXIST, txn->path, NULL, XTI_NO_OFFSET,
                          "the folder is not empty");
    return XT_OK;
}

/* Removes what was left, HEAD.tmp last: without it the rest would not be known as ours. */
static xt_status remove_leftovers(struct xti_txn *txn, xt_error *error)
{
    struct folder_scan scan;
    xt_status status;
    int result = 0;

    do {
        status = look_at_folder(txn, &scan, error);
        if (status != XT_OK)
            return status;
        for (uint32_t i = 0; i < scan.count && result == 0; i++)
            result = xti_remove_file(txn->os, txn->path, scan.names[i]);
        if (result == 0 && scan.has_more)
            result = txn->os->sync_folder(txn->os, txn->path);
    } while (result == 0 && scan.count > 0);
    if (result == 0 && scan.has_head_tmp)
        result = xti_remove_file(txn->os, txn->path, XTI_NAME_HEAD_TMP);
    if (result != 0)
        return xti_report_system(error, result, txn->path, NULL, "remove a leftover file");
    return XT_OK;
}

/* N1, N2. Another creation that runs at the same time loses the race for the lock, or sees HEAD
 * after it. Until the lock is taken nothing is touched: what lies there may be another's work. */
static xt_status claim_folder(struct xti_txn *txn, xt_error *error)
{
    int result = txn->os->make_folder(txn->os, txn->path);
    struct folder_scan scan;
    xt_status status = XT_OK;

    txn->made_folder = result == 0;
    if (result == -EEXIST)
        status = look_at_folder(txn, &scan, error);
    else if (result != 0)
        status = xti_report_system(error, result, txn->path, NULL, "make the folder");
    if (status == XT_OK)
        status = xti_take_lock(txn, error);
    if (status == XT_OK)
        status = remove_leftovers(txn, error);
    if (status != XT_OK &&
        txn->made_folder) /* fails where another creation is at work there, and should */
        (void)txn->os->remove_folder(txn->os, txn->path);
    return status;
}

/* N3. HEAD of zeroes, which the first commit then fills through the open file; it gets its name
 * when that has been synced. */
static xt_status write_head_tmp(struct xti_txn *txn, xt_error *error)
{
    const size_t bytes = XTD_HEAD_SLOTS * sizeof(struct xtd_head_slot);
    void *zeroes = xti_alloc_zeroed(txn->os, bytes);
    int result;

    if (zeroes == NULL)
        return xti_report(error, XT_ENOMEM, txn->path, NULL, XTI_NO_OFFSET, "memory for HEAD");
    result = xti_open_file(txn->os, txn->path, XTI_NAME_HEAD_TMP, XTI_OPEN_CREATE, &txn->head_file);
    if (result == 0)
        result = txn->os->write_at(txn->os, txn->head_file, 0, zeroes, bytes);
    txn->os->free(txn->os, zeroes, bytes);
    if (result != 0)
        return xti_report_system(error, result, txn->path, XTI_NAME_HEAD_TMP, "write the file");
    return XT_OK;
}

/* N5, N6. */
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
    return xti_sync_folders(txn, error);
}

/* What is left of a copy is known by HEAD.tmp: HEAD gets that name again, durably, before anything
 * else goes. */
static void undo_copy(struct xti_txn *txn)
{
    char from[4096];
    char to[4096];

    if (!xti_path_join(from, sizeof from, txn->path, XTI_NAME_HEAD) ||
        !xti_path_join(to, sizeof to, txn->path, XTI_NAME_HEAD_TMP))
        return;
    (void)txn->os->rename(txn->os, from, to); /* mostly there is none */
    (void)txn->os->sync_folder(txn->os, txn->path);
    (void)remove_leftovers(txn, NULL);
}

/* A creation that failed leaves nothing, as far as the system lets it. HEAD goes first: without it
 * the rest is no store. LOCK goes last: another creation may begin as soon as it is gone. */
void xti_creation_undo(struct xti_txn *txn)
{
    char name[XTI_NAME_BYTES];

    if (txn->is_hidden)
        undo_copy(txn);
    (void)xti_remove_file(txn->os, txn->path, XTI_NAME_HEAD);
    if (!txn->is_hidden) {
        (void)xti_remove_file(txn->os, txn->path, XTI_NAME_HEAD_TMP);
        xti_name_manifest(name, 1);
        (void)xti_remove_file(txn->os, txn->path, name);
        xti_name_arena(name, 1);
        (void)xti_remove_file(txn->os, txn->path, name);
    }
    xti_epoch_end(txn); /* or closing the handle would remove the arena again */
    (void)xti_remove_file(txn->os, txn->path, XTI_NAME_LOCK);
    if (txn->made_folder)
        (void)txn->os->remove_folder(txn->os, txn->path);
    txn->is_hidden = false;
}

/* N1 to N3. What a copy makes besides shows who made it only together with HEAD.tmp. */
xt_status xti_creation_begin(struct xti_txn *txn, xt_error *error)
{
    xt_status status = claim_folder(txn, error);
    int result = 0;

    if (status != XT_OK)
        return status;
    status = xti_sign_lock(txn, error);
    if (status == XT_OK)
        status = write_head_tmp(txn, error);
    if (status == XT_OK && txn->is_hidden)
        result = txn->os->sync_folder(txn->os, txn->path);
    if (result != 0)
        status = xti_report_system(error, result, txn->path, NULL, "sync the folder");
    if (status != XT_OK)
        xti_creation_undo(txn);
    return status;
}

static xt_status create_content(struct xti_txn *txn, xt_error *error)
{
    xt_status status = xti_epoch_add_arena(txn, 0, false, error);

    if (status != XT_OK)
        return status;
    txn->is_dirty = true;
    txn->head_position = XTD_HEAD_DURABLE_SLOTS - 1; /* the first slot comes next */
    status = xti_txn_commit(txn, error);
    if (status == XT_OK)
        status = xti_write_loose(txn, &txn->state, txn->record_hash, 1, false, error);
    if (status != XT_OK || txn->is_hidden)
        return status;
    return name_head(txn, error);
}

static xt_status create_files(struct xti_txn *txn, xt_error *error)
{
    xt_status status = xti_creation_begin(txn, error);

    if (status != XT_OK)
        return status;
    status = create_content(txn, error);
    if (status == XT_OK)
        return XT_OK;
    xti_creation_undo(txn);
    if (status != XT_EBROKEN)
        return status;
    if (error != NULL) /* there is no handle that could be broken */
        error->status = XT_EIO;
    return XT_EIO;
}

xt_status xti_txn_show(struct xti_txn *txn, xt_error *error)
{
    xt_status status = name_head(txn, error);

    if (status == XT_OK)
        txn->is_hidden = false;
    return status;
}

static xt_status show_empty(struct xti_txn *txn)
{
    struct xti_view *view;
    xt_status status = xti_view_new(txn, &view);

    if (status == XT_OK)
        xti_view_install(txn, view);
    return status;
}

struct creation {
    uint64_t window_bytes;
    bool is_hidden;
};

static xt_status create(const struct xti_os *os, const char *path, const struct xti_schema *schema,
                        const struct creation *how, xt_error *error, struct xti_txn **out)
{
    struct xti_txn *txn;
    xt_status status;

    *out = NULL;
    status = xti_txn_new(os, path, error, &txn);
    if (status != XT_OK)
        goto fail;
    txn->is_writable = true;
    txn->is_hidden = how->is_hidden;
    txn->next_arena_id = 1;
    txn->knows_arenas = true;
    xti_txn_set_schema(txn, schema, SUPERNODE_UNITS_MAX);
    status = random_bytes(txn, txn->uuid, sizeof txn->uuid, error);
    if (status != XT_OK)
        goto fail;
    status = random_bytes(txn, &txn->timeline, sizeof txn->timeline, error);
    if (status == XT_OK)
        status = xti_txn_draw_sequence(txn, error);
    if (status != XT_OK)
        goto fail;
    status = xti_space_init(&txn->space, os, how->window_bytes, path != NULL, true, false);
    if (status != XT_OK) {
        (void)xti_report(error, status, path, NULL, XTI_NO_OFFSET, "reserve address space");
        goto fail;
    }
    status = path != NULL ? create_files(txn, error) : show_empty(txn);
    if (status != XT_OK)
        goto fail;
    xti_report_clear(error);
    txn->is_ready = true;
    xti_figures_begin(txn);
    *out = txn;
    return XT_OK;

fail:
    xti_txn_close(txn);
    return status;
}

xt_status xti_txn_create(const struct xti_os *os, const char *path, const struct xti_schema *schema,
                         uint64_t window_bytes, xt_error *error, struct xti_txn **out)
{
    const struct creation how = {window_bytes, false};

    return create(os, path, schema, &how, error, out);
}

xt_status xti_txn_create_hidden(const struct xti_os *os, const char *path,
                                const struct xti_schema *schema, uint64_t window_bytes,
                                xt_error *error, struct xti_txn **out)
{
    const struct creation how = {window_bytes, true};

    return create(os, path, schema, &how, error, out);
}
