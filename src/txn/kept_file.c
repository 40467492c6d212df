/* src/txn/kept_file.c -- the files of kept snapshots: which there are, and reading one.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/kept.h"

#include <errno.h>
#include <string.h>

#define NUMBERS_AT_FIRST 64u

/* ---- which there are ------------------------------------------------------------------------- */

static bool make_slot(struct xti_numbers *numbers)
{
    size_t capacity = numbers->capacity == 0 ? NUMBERS_AT_FIRST : 2 * numbers->capacity;
    uint64_t *grown;

    if (numbers->count < numbers->capacity)
        return true;
    grown = numbers->os->alloc(numbers->os, capacity * sizeof *grown);
    if (grown == NULL)
        return false;
    if (numbers->items != NULL) {
        memcpy(grown, numbers->items, numbers->count * sizeof *grown);
        numbers->os->free(numbers->os, numbers->items, numbers->capacity * sizeof *grown);
    }
    numbers->items = grown;
    numbers->capacity = capacity;
    return true;
}

/* A folder is listed in any order. */
static bool note_number(void *context, const char *name)
{
    struct xti_numbers *numbers = context;
    uint64_t number;
    size_t i;

    if (xti_name_parse(name, &number) != XTI_IS_SNAPSHOT)
        return true;
    if (!make_slot(numbers)) {
        numbers->is_short = true;
        return false;
    }
    for (i = numbers->count; i > 0 && numbers->items[i - 1] > number; i--)
        numbers->items[i] = numbers->items[i - 1];
    numbers->items[i] = number;
    numbers->count++;
    return true;
}

xt_status xti_numbers_list(const struct xti_txn *txn, struct xti_numbers *out, xt_error *error)
{
    int result;

    memset(out, 0, sizeof *out);
    out->os = txn->os;
    result = txn->os->list(txn->os, txn->path, note_number, out);
    if (result != 0)
        return xti_report_system(error, result, txn->path, NULL, "list the folder");
    if (out->is_short)
        return xti_report(error, XT_ENOMEM, txn->path, NULL, XTI_NO_OFFSET, "memory for names");
    return XT_OK;
}

void xti_numbers_release(struct xti_numbers *numbers)
{
    if (numbers->items != NULL)
        numbers->os->free(numbers->os, numbers->items, numbers->capacity * sizeof *numbers->items);
    numbers->items = NULL;
}

/* ---- reading one ----------------------------------------------------------------------------- */

/* Reads all of an open file into a new block of *bytes bytes. */
static xt_status read_whole(const struct xti_txn *txn, xti_file file, const char *name,
                            struct xtd_snapshot **out, size_t *bytes, xt_error *error)
{
    const struct xti_os *os = txn->os;
    uint64_t size;
    int result = os->size(os, file, &size);

    if (result != 0)
        return xti_report_system(error, result, txn->path, name, "find the file's size");
    if (size < sizeof **out || size > XTD_SNAPSHOT_BYTES_MAX)
        return xti_report(error, XT_ECORRUPT, txn->path, name, size, "snapshot size");
    *bytes = (size_t)size;
    *out = os->alloc(os, *bytes);
    if (*out == NULL)
        return xti_report(error, XT_ENOMEM, NULL, NULL, XTI_NO_OFFSET, "memory for a snapshot");
    result = os->read_at(os, file, 0, *out, *bytes);
    if (result == 0)
        return XT_OK;
    os->free(os, *out, *bytes);
    *out = NULL;
    return xti_report_system(error, result, txn->path, name, "read the file");
}

static xt_status check_whole(const struct xti_txn *txn, const struct xtd_snapshot *snapshot,
                             size_t bytes, uint64_t number, const char *name, xt_error *error)
{
    struct xti_finding finding;
    xt_status status = xti_snapshot_check(snapshot, bytes, &finding);

    if (status != XT_OK)
        return xti_report(error, status, txn->path, name, finding.offset, finding.what);
    if (snapshot->state.txn != number)
        return xti_report(error, XT_ECORRUPT, txn->path, name, 32, "the number is not the name's");
    if (memcmp(snapshot->uuid, txn->uuid, sizeof txn->uuid) != 0)
        return xti_report(error, XT_ECORRUPT, txn->path, name, 16,
                          "the snapshot belongs to another store");
    return XT_OK;
}

xt_status xti_snapshot_read(const struct xti_txn *txn, uint64_t number, struct xtd_snapshot **out,
                            xt_error *error)
{
    struct xtd_snapshot *snapshot = NULL;
    char name[XTI_NAME_BYTES];
    size_t bytes = 0;
    xt_status status;
    xti_file file;
    int result;

    *out = NULL;
    xti_name_snapshot(name, number);
    result = xti_open_file(txn->os, txn->path, name, XTI_OPEN_READ, &file);
    if (result != 0)
        return xti_report_system(error, result, txn->path, name, "open the file");
    status = read_whole(txn, file, name, &snapshot, &bytes, error);
    txn->os->close(txn->os, file);
    if (snapshot == NULL)
        return status;
    status = check_whole(txn, snapshot, bytes, number, name, error);
    if (status == XT_OK)
        *out = snapshot;
    else
        txn->os->free(txn->os, snapshot, bytes);
    return status;
}

void xti_snapshot_free(const struct xti_txn *txn, struct xtd_snapshot *snapshot)
{
    if (snapshot != NULL)
        txn->os->free(txn->os, snapshot, snapshot->total_bytes);
}
