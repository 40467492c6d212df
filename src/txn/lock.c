/* src/txn/lock.c -- the file LOCK: one writer at a time, and who it is.
 *
 * The lock belongs to the open file and ends with it. The text in the file is for people, and for
 * whoever asks which process writes; nothing relies on it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/txn_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES 256u
#define TEXT_BEGIN "pid "

/* R1. The file stays when the store is closed, so its name may be gone only because a creation that
 * failed took it back just now: then this lock keeps nobody out. That the name still leads to the
 * locked file shows in a second lock being refused. */
static int lock_is_named(struct xti_txn *txn)
{
    xti_file again;
    int result = xti_open_file(txn->os, txn->path, XTI_NAME_LOCK, XTI_OPEN_WRITE, &again);

    if (result == -ENOENT)
        return -EBUSY;
    if (result != 0)
        return result;
    result = txn->os->lock(txn->os, again);
    txn->os->close(txn->os, again);
    if (result == -EBUSY)
        return 0;
    return result == 0 ? -EBUSY : result;
}

static int open_and_lock(struct xti_txn *txn)
{
    const struct xti_os *os = txn->os;
    int result = xti_open_file(os, txn->path, XTI_NAME_LOCK, XTI_OPEN_WRITE, &txn->lock_file);

    if (result == -ENOENT)
        result = xti_open_file(os, txn->path, XTI_NAME_LOCK, XTI_OPEN_CREATE, &txn->lock_file);
    if (result == -EEXIST) /* another one came between */
        result = xti_open_file(os, txn->path, XTI_NAME_LOCK, XTI_OPEN_WRITE, &txn->lock_file);
    if (result == 0)
        result = os->lock(os, txn->lock_file);
    if (result == 0)
        result = lock_is_named(txn);
    return result;
}

xt_status xti_take_lock(struct xti_txn *txn, xt_error *error)
{
    int result = open_and_lock(txn);

    if (result == -EBUSY)
        return xti_report(error, XT_EBUSY, txn->path, XTI_NAME_LOCK, XTI_NO_OFFSET,
                          "another writer has the store open");
    if (result != 0)
        return xti_report_system(error, result, txn->path, XTI_NAME_LOCK, "lock the store");
    return XT_OK;
}

/* Always of the same size: whoever reads it while it is written finds old and new, and no third. */
xt_status xti_sign_lock(struct xti_txn *txn, xt_error *error)
{
    const struct xti_os *os = txn->os;
    char text[TEXT_BYTES];
    char host[65];
    int size;
    int result;

    os->host_name(os, host, sizeof host);
    txn->figures.since_ns = os->now_ns(os);
    size = snprintf(text, sizeof text, TEXT_BEGIN "%" PRIu64 "\nhost %s\nsince %" PRIu64 "\n",
                    txn->process_id, host, txn->figures.since_ns / UINT64_C(1000000000));
    XTI_ASSERT(size > 0 && (size_t)size < sizeof text);
    memset(text + size, ' ', sizeof text - (size_t)size);
    text[sizeof text - 1] = '\n';
    result = os->write_at(os, txn->lock_file, 0, text, sizeof text);
    if (result == 0)
        result = os->sync(os, txn->lock_file);
    if (result == 0)
        return XT_OK;
    return xti_report_system(error, result, txn->path, XTI_NAME_LOCK, "write and sync the file");
}

static uint64_t parse_pid(const char *text)
{
    const char *at = text + strlen(TEXT_BEGIN);
    uint64_t pid = 0;

    if (strncmp(text, TEXT_BEGIN, strlen(TEXT_BEGIN)) != 0)
        return 0;
    for (; *at >= '0' && *at <= '9'; at++)
        pid = 10 * pid + (uint64_t)(*at - '0');
    return pid;
}

/* A writer that died left its text, but not the lock. */
static uint64_t read_pid(const struct xti_os *os, xti_file file)
{
    char text[TEXT_BYTES + 1] = "";
    bool is_locked;

    if (os->is_locked(os, file, &is_locked) != 0 || !is_locked ||
        os->read_at(os, file, 0, text, TEXT_BYTES) != 0)
        return 0;
    return parse_pid(text);
}

uint64_t xti_txn_writer_pid(const struct xti_txn *txn)
{
    xti_file file;
    uint64_t pid;

    if (txn->path == NULL || txn->is_writable)
        return txn->process_id;
    if (xti_open_file(txn->os, txn->path, XTI_NAME_LOCK, XTI_OPEN_READ, &file) != 0)
        return 0;
    pid = read_pid(txn->os, file);
    txn->os->close(txn->os, file);
    return pid;
}
