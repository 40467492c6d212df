/* src/format/head.h -- the file HEAD: four slots of 4096 bytes, written in turn.
 *
 * Commit N writes slot N mod 4, so that the slots of the three commits before it stay as they are.
 *
 *   offset  size  field           meaning
 *        0     8  magic           "XTHEAD\r\n"
 *        8     4  format_version  XTD_FORMAT_VERSION
 *       12     4  slot            its own position, 0 .. 3
 *       16    16  uuid            of the store
 *       32   848  state           state.h
 *      880     8  record_hash     the hash of the commit record of this state (commit_record.h)
 *      888  3204  reserved        zero
 *     4092     4  crc32c          of bytes 0 .. 4091
 *
 * Specification: docs/format.md.   SPDX-License-Identifier: MIT
 */
#ifndef XTI_FORMAT_HEAD_H
#define XTI_FORMAT_HEAD_H

#include "format/state.h"

#define XTD_HEAD_SLOTS 4u
#define XTD_HEAD_SLOT_BYTES 4096u
#define XTD_HEAD_BYTES (XTD_HEAD_SLOTS * XTD_HEAD_SLOT_BYTES)
#define XTD_HEAD_MAGIC "XTHEAD\r\n"

struct xtd_head_slot {
    uint8_t magic[8];
    uint32_t format_version;
    uint32_t slot;
    uint8_t uuid[16];
    struct xtd_state state;
    uint64_t record_hash;
    uint8_t reserved[3204];
    uint32_t crc32c;
};
static_assert(sizeof(struct xtd_head_slot) == XTD_HEAD_SLOT_BYTES, "one slot is one page");
static_assert(offsetof(struct xtd_head_slot, record_hash) == 880, "see the table above");
static_assert(offsetof(struct xtd_head_slot, crc32c) == 4092, "see the table above");

/* Fills magic, version, slot number, zeroes and checksum; uuid, state, record_hash are the
 * caller's. The slot number is state.txn mod 4. */
void xti_head_seal(struct xtd_head_slot *slot);

/* Checks one slot that was read from position `i`. XT_OK; XT_EFORMAT: no magic or a newer version;
 * XT_ECORRUPT: checksum or contents. A slot of zeroes (never written) is XT_ENOTFOUND. */
XT_NODISCARD xt_status xti_head_check(const struct xtd_head_slot *slot, uint32_t i,
                                      struct xti_finding *finding);

/* Chooses the valid slot with the highest txn. XT_OK and *newest its position, or, when none is
 * valid, what the first slot that is not zeroes complains of (all zeroes: XT_EFORMAT). Valid slots
 * with different uuids: XT_ECORRUPT. (No two valid slots share a txn: it says where the slot lies.)
 * A whole slot of a newer version: XT_EFORMAT, as the newest state may be one we cannot read.
 * The finding's offset counts from the start of HEAD. */
XT_NODISCARD xt_status xti_head_newest(const struct xtd_head_slot slots[XTD_HEAD_SLOTS],
                                       uint32_t *newest, struct xti_finding *finding);

#endif
