/* src/format/head.c -- seals and checks the slots of HEAD, and chooses the newest.
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

void xti_head_seal(struct xtd_head_slot *slot)
{
    memcpy(slot->magic, XTD_HEAD_MAGIC, sizeof slot->magic);
    slot->format_version = XTD_FORMAT_VERSION;
    slot->slot = (uint32_t)(slot->state.txn % XTD_HEAD_SLOTS);
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
    xti_rule(&rules, slot->state.txn % XTD_HEAD_SLOTS == i, "HEAD slot txn",
             offsetof(struct xtd_head_slot, state));
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
    for (uint32_t i = 0; i < XTD_HEAD_SLOTS; i++) {
        xt_status status = xti_head_check(&slots[i], i, finding);

        if (status != XT_ENOTFOUND) {
            if (finding != NULL)
                finding->offset += (uint64_t)i * XTD_HEAD_SLOT_BYTES;
            return status;
        }
    }
    return xti_found(finding, XT_EFORMAT, "HEAD without a written slot", 0);
}

xt_status xti_head_newest(const struct xtd_head_slot slots[XTD_HEAD_SLOTS], uint32_t *newest,
                          struct xti_finding *finding)
{
    uint32_t best = XTD_HEAD_SLOTS;

    *newest = 0;
    for (uint32_t i = 0; i < XTD_HEAD_SLOTS; i++) {
        uint64_t start = (uint64_t)i * XTD_HEAD_SLOT_BYTES;

        if (is_newer_format(&slots[i]))
            return xti_found(finding, XT_EFORMAT, "HEAD slot format_version",
                             start + offsetof(struct xtd_head_slot, format_version));
        if (xti_head_check(&slots[i], i, NULL) != XT_OK)
            continue;
        if (best == XTD_HEAD_SLOTS) {
            best = i;
            continue;
        }
        if (memcmp(slots[i].uuid, slots[best].uuid, sizeof slots[i].uuid) != 0)
            return xti_found(finding, XT_ECORRUPT, "HEAD slot uuid",
                             start + offsetof(struct xtd_head_slot, uuid));
        if (slots[i].state.txn > slots[best].state.txn)
            best = i;
    }
    if (best == XTD_HEAD_SLOTS)
        return no_slot(slots, finding);
    *newest = best;
    return XT_OK;
}
