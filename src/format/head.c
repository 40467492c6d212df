/* src/format/head.c -- seals and checks the slots of HEAD, and tells which are the newest.
 *
 * SPDX-License-Identifier: MIT
 */
#include "format/head.h"

#include <string.h>

#include "format/format_private.h"

static uint32_t slot_checksum(const struct xtd_head_slot *slot)
{
    return xti_crc32c(0, slot, offsetof(struct xtd_head_slot, crc32c));
}

void xti_head_seal(struct xtd_head_slot *slot, uint32_t i)
{
    memcpy(slot->magic, XTD_HEAD_MAGIC, sizeof slot->magic);
    slot->format_version = XTD_FORMAT_VERSION;
    slot->slot = i;
    if (i < XTD_HEAD_DURABLE_SLOTS) {
        memset(slot->boot_id, 0, sizeof slot->boot_id);
        slot->durable_txn = slot->state.txn;
    }
    memset(slot->reserved, 0, sizeof slot->reserved);
    slot->crc32c = slot_checksum(slot);
}

/* What holds in every version of the format: magic and checksum. Then that the version is ours. */
static xt_status envelope_check(const struct xtd_head_slot *slot, struct xti_finding *finding)
{
    if (xti_is_zero(slot, sizeof *slot))
        return xti_found(finding, XT_ENOTFOUND, "HEAD slot never written", 0);
    if (memcmp(slot->magic, XTD_HEAD_MAGIC, sizeof slot->magic) != 0)
        return xti_found(finding, XT_EFORMAT, "HEAD slot magic", 0);
    if (slot->crc32c != slot_checksum(slot))
        return xti_found(finding, XT_ECORRUPT, "HEAD slot checksum",
                         offsetof(struct xtd_head_slot, crc32c));
    if (slot->format_version != XTD_FORMAT_VERSION)
        return xti_found(finding, XT_EFORMAT, "HEAD slot format_version",
                         offsetof(struct xtd_head_slot, format_version));
    return XT_OK;
}

xt_status xti_head_check(const struct xtd_head_slot *slot, uint32_t i, struct xti_finding *finding)
{
    xt_status status = envelope_check(slot, finding);

    if (status != XT_OK)
        return status;

    struct xti_rules rules = {finding, 0, XT_OK};

    xti_rule(&rules, slot->slot == i, "HEAD slot number", offsetof(struct xtd_head_slot, slot));
    if (i < XTD_HEAD_DURABLE_SLOTS) {
        xti_rule(&rules, xti_is_zero(slot->boot_id, sizeof slot->boot_id), "HEAD slot boot_id",
                 offsetof(struct xtd_head_slot, boot_id));
        xti_rule(&rules, slot->durable_txn == slot->state.txn, "HEAD slot durable_txn",
                 offsetof(struct xtd_head_slot, durable_txn));
    } else {
        xti_rule(&rules, xti_head_loose_position(slot->state.txn) == i, "HEAD slot txn",
                 offsetof(struct xtd_head_slot, state));
        xti_rule(&rules, slot->durable_txn <= slot->state.txn, "HEAD slot durable_txn",
                 offsetof(struct xtd_head_slot, durable_txn));
    }
    xti_rule(&rules, xti_is_zero(slot->reserved, sizeof slot->reserved), "HEAD slot reserved",
             offsetof(struct xtd_head_slot, reserved));

    status = rules.status;
    if (status != XT_OK)
        return status;
    status = xti_state_check(&slot->state, finding);
    if (status != XT_OK && finding != NULL)
        finding->offset += offsetof(struct xtd_head_slot, state);
    return status;
}

static bool is_newer_format(const struct xtd_head_slot *slot)
{
    return envelope_check(slot, NULL) == XT_EFORMAT &&
           memcmp(slot->magic, XTD_HEAD_MAGIC, sizeof slot->magic) == 0;
}

/* None is valid: what the first slot complains of that was ever written. */
static xt_status no_slot(const struct xtd_head_slot slots[XTD_HEAD_SLOTS],
                         struct xti_finding *finding)
{
    for (uint32_t i = 0; i < XTD_HEAD_DURABLE_SLOTS; i++) {
        xt_status status = xti_head_check(&slots[i], i, finding);

        if (status != XT_ENOTFOUND) {
            if (finding != NULL)
                finding->offset += (uint64_t)i * XTD_HEAD_SLOT_BYTES;
            return status;
        }
    }
    return xti_found(finding, XT_EFORMAT, "HEAD without a written slot", 0);
}

static bool says_the_same(const struct xtd_head_slot *a, const struct xtd_head_slot *b)
{
    return a->record_hash == b->record_hash && memcmp(&a->state, &b->state, sizeof a->state) == 0;
}

/* A valid slot takes part. `best` is where the newest of its kind so far is noted. */
static xt_status slot_counts(const struct xtd_head_slot slots[XTD_HEAD_SLOTS], uint32_t i,
                             struct xti_head_look *look, struct xti_finding *finding)
{
    uint32_t *best = i < XTD_HEAD_DURABLE_SLOTS ? &look->newest : &look->loose;
    uint64_t start = (uint64_t)i * XTD_HEAD_SLOT_BYTES;

    for (uint32_t j = 0; j < 2; j++) {
        uint32_t other = j == 0 ? look->newest : look->loose;

        if (other != XTD_HEAD_SLOTS &&
            memcmp(slots[i].uuid, slots[other].uuid, sizeof slots[i].uuid) != 0)
            return xti_found(finding, XT_ECORRUPT, "HEAD slot uuid",
                             start + offsetof(struct xtd_head_slot, uuid));
    }
    if (*best != XTD_HEAD_SLOTS && slots[i].state.txn == slots[*best].state.txn) {
        if (!says_the_same(&slots[i], &slots[*best]))
            return xti_found(finding, XT_ECORRUPT, "HEAD slot txn twice",
                             start + offsetof(struct xtd_head_slot, state));
        if (i == *best + 1)
            *best = i;
    } else if (*best == XTD_HEAD_SLOTS || slots[i].state.txn > slots[*best].state.txn) {
        *best = i;
    }
    if (slots[i].durable_txn > look->durable_txn)
        look->durable_txn = slots[i].durable_txn;
    return XT_OK;
}

/* Slots are written in turn from the first on: the one after the newest holds an older commit, or
 * zeroes where none was written behind it. */
static bool next_is_damaged(const struct xtd_head_slot slots[XTD_HEAD_SLOTS], uint32_t newest)
{
    uint32_t next = (newest + 1) % XTD_HEAD_DURABLE_SLOTS;
    xt_status status = xti_head_check(&slots[next], next, NULL);

    if (status != XT_ENOTFOUND)
        return status != XT_OK;
    for (uint32_t i = next; i < XTD_HEAD_DURABLE_SLOTS; i++) {
        if (!xti_is_zero(&slots[i], sizeof slots[i]))
            return true;
    }
    return next == 0;
}

xt_status xti_head_look(const struct xtd_head_slot slots[XTD_HEAD_SLOTS],
                        struct xti_head_look *look, struct xti_finding *finding)
{
    *look = (struct xti_head_look){XTD_HEAD_SLOTS, XTD_HEAD_SLOTS, false, 0};
    for (uint32_t i = 0; i < XTD_HEAD_SLOTS; i++) {
        uint64_t start = (uint64_t)i * XTD_HEAD_SLOT_BYTES;
        xt_status status = xti_head_check(&slots[i], i, NULL);

        if (status == XT_OK)
            status = slot_counts(slots, i, look, finding);
        else if (is_newer_format(&slots[i]))
            return xti_found(finding, XT_EFORMAT, "HEAD slot format_version",
                             start + offsetof(struct xtd_head_slot, format_version));
        else
            continue;
        if (status != XT_OK)
            return status;
    }
    if (look->newest == XTD_HEAD_SLOTS)
        return no_slot(slots, finding);
    look->next_is_damaged = next_is_damaged(slots, look->newest);
    return XT_OK;
}
