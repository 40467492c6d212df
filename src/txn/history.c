/* src/txn/history.c -- whether one commit is an ancestor of another: L5.
 *
 * One writer's commits follow each other; where another writer took over, the chain of records is
 * followed back.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/lives.h"

/* A reader may have adopted a commit whose HEAD was then lost: a sync failed, and the next writer
 * found the commit before it and went on from there. What this handle has mapped is not part of
 * the store any more. */
static xt_status report_undone(struct xti_txn *txn, xt_error *error)
{
    return xti_report(error, XT_ECORRUPT, txn->path, XTI_NAME_HEAD, XTI_NO_OFFSET,
                      "the commit that this handle shows was undone; open the store again");
}

/* So many records are followed back; more cost as much as mapping everything anew. */
#define HISTORY_MAX 4096u

/* A commit as a slot or a later record names it. */
struct link {
    uint64_t number;
    uint64_t hash; /* of its record */
    uint32_t ref;
    uint32_t bytes;
};

static struct link link_of(const struct xtd_state *state, uint64_t record_hash)
{
    return (struct link){state->txn, record_hash, state->record_ref, state->record_bytes};
}

/* Moves the link back to commit `number`, from record to record. *is_cut: they do not lead there,
 * because arenas are gone or because there are too many. */
static xt_status follow_back(struct xti_txn *txn, struct link *link, uint64_t number, bool *is_cut,
                             xt_error *error)
{
    *is_cut = link->number > number && link->number - number > HISTORY_MAX;
    while (link->number > number && link->ref != 0 && !*is_cut) {
        struct xtd_commit_record *record;
        struct link before;
        xt_status status;

        *is_cut = !xti_chain_goes_on(txn, link->ref, link->number);
        if (*is_cut)
            break;
        status = xti_read_record(txn, link->ref, link->bytes, link->hash, &record, error);
        if (record == NULL)
            return status;
        if (record->state.txn != link->number || record->state.record_ref != link->ref)
            status = xti_report(error, XT_ECORRUPT, txn->path, NULL, XTI_NO_OFFSET,
                                "chain of commit records");
        before = (struct link){link->number - 1, record->previous_hash, record->previous_ref,
                               XTD_PAGE_BYTES};
        txn->os->free(txn->os, record, link->bytes);
        if (status != XT_OK)
            return status;
        *link = before;
    }
    return XT_OK;
}

xt_status xti_check_history(struct xti_txn *txn, const struct xtd_head_slot *slot, bool *is_cut,
                            xt_error *error)
{
    struct link link = link_of(&slot->state, slot->record_hash);
    xt_status status;

    if (slot->state.timeline == txn->state.timeline)
        return XT_OK;
    status = follow_back(txn, &link, txn->state.txn, is_cut, error);
    if (status != XT_OK || *is_cut || link.hash == txn->record_hash)
        return status;
    return report_undone(txn, error);
}

xt_status xti_check_shown(struct xti_txn *txn, const struct xtd_head_slot *slot, xt_error *error)
{
    struct link link = link_of(&txn->state, txn->record_hash);
    bool is_cut = false;
    xt_status status;

    if (slot->state.timeline == txn->state.timeline && slot->state.txn < txn->state.txn)
        return XT_OK;
    status = follow_back(txn, &link, slot->state.txn, &is_cut, error);
    if (status == XT_ECORRUPT || (status == XT_OK && !is_cut && link.hash != slot->record_hash))
        return report_undone(txn, error);
    return status;
}
