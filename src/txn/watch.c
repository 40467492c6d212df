/* src/txn/watch.c -- whether HEAD has changed since a reader looked last.
 *
 * A reader has HEAD mapped. Of each slot it remembers two fields as they were when it read them:
 * the commit's number, near the beginning, and the checksum, at the end. Equal fields say that
 * nothing was written since, if every slot was whole then; a slot that was not may be one that the
 * writer was just writing, and the next look reads HEAD again.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/txn_private.h"

static struct xti_slot_mark mark_of(const struct xtd_head_slot *slot)
{
    const volatile struct xtd_head_slot *seen = slot; /* others write it, through the file */
    struct xti_slot_mark mark = {seen->state.txn, seen->crc32c};

    return mark;
}

xt_status xti_watch_begin(struct xti_txn *txn, xt_error *error)
{
    int result = txn->os->watch(txn->os, txn->head_file, XTD_HEAD_BYTES, &txn->watch.head);

    if (result == 0)
        return XT_OK;
    return xti_report_system(error, result, txn->path, XTI_NAME_HEAD, "map the file");
}

void xti_watch_end(struct xti_txn *txn)
{
    if (txn->watch.head != NULL)
        txn->os->unwatch(txn->os, txn->watch.head, XTD_HEAD_BYTES);
    txn->watch.head = NULL;
}

void xti_watch_note(struct xti_txn *txn, const struct xtd_head_slot *slots)
{
    txn->watch.is_settled = false;
    txn->watch.is_whole = true;
    for (uint32_t i = 0; i < XTI_WATCH_SLOTS; i++) {
        xt_status status = xti_head_check(&slots[i], i, NULL);

        txn->watch.marks[i] = mark_of(&slots[i]);
        if (status != XT_OK && status != XT_ENOTFOUND)
            txn->watch.is_whole = false;
    }
}

void xti_watch_settle(struct xti_txn *txn, xt_status status)
{
    txn->watch.is_settled = status == XT_OK && txn->watch.is_whole;
}

bool xti_watch_is_same(struct xti_txn *txn)
{
    const struct xtd_head_slot *slots;

    if (!txn->watch.is_whole || txn->watch.head == NULL)
        return false;
    slots = txn->os->watched(txn->os, txn->watch.head);
    for (uint32_t i = 0; i < XTI_WATCH_SLOTS; i++) {
        struct xti_slot_mark mark = mark_of(&slots[i]);

        if (mark.txn != txn->watch.marks[i].txn || mark.crc32c != txn->watch.marks[i].crc32c)
            return false;
    }
    return true;
}

bool xti_watch_is_quiet(struct xti_txn *txn)
{
    return txn->watch.is_settled && xti_watch_is_same(txn);
}
