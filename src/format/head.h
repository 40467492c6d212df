/* src/format/head.h -- the file HEAD: six slots of 4096 bytes.
 *
 * Slots 0 to 3 are durable: written in turn and synced, so that the three states that were written
 * before the newest stay as they are. Slots 4 and 5 are loose: commit N may write slot 4 + N mod 2
 * and leave the rest to the system. They say what the newest commit is as far as running processes
 * are concerned; after a restart of the system they only say what was durable.
 *
 *   offset  size  field           meaning
 *        0     8  magic           "XTHEAD\r\n"
 *        8     4  format_version  XTD_FORMAT_VERSION
 *       12     4  slot            its own position, 0 .. 5
 *       16    16  uuid            of the store
 *       32   848  state           state.h
 *      880     8  record_hash     the hash of the commit record of this state (commit_record.h)
 *      888    16  boot_id         loose: of the running system that wrote it; zero: not known, and
 *                                 in durable slots
 *      904     8  durable_txn     the highest commit known to be durable when this was written;
 *                                 in durable slots state.txn
 *      912  3180  reserved        zero
 *     4092     4  crc32c          of bytes 0 .. 4091
 *
 * Specification: docs/format.md.   SPDX-License-Identifier: MIT
 */
#ifndef XTI_FORMAT_HEAD_H
#define XTI_FORMAT_HEAD_H

#include "format/state.h"

#define XTD_HEAD_DURABLE_SLOTS 4u
#define XTD_HEAD_LOOSE_SLOTS 2u
#define XTD_HEAD_SLOTS (XTD_HEAD_DURABLE_SLOTS + XTD_HEAD_LOOSE_SLOTS)
#define XTD_HEAD_SLOT_BYTES 4096u
#define XTD_HEAD_BYTES ((size_t)XTD_HEAD_SLOTS * XTD_HEAD_SLOT_BYTES)
#define XTD_HEAD_MAGIC "XTHEAD\r\n"

struct xtd_head_slot {
    uint8_t magic[8];
    uint32_t format_version;
    uint32_t slot;
    uint8_t uuid[16];
    struct xtd_state state;
    uint64_t record_hash;
    uint8_t boot_id[16];
    uint64_t durable_txn;
    uint8_t reserved[3180];
    uint32_t crc32c;
};
static_assert(sizeof(struct xtd_head_slot) == XTD_HEAD_SLOT_BYTES, "one slot is one page");
static_assert(offsetof(struct xtd_head_slot, record_hash) == 880, "see the table above");
static_assert(offsetof(struct xtd_head_slot, durable_txn) == 904, "see the table above");
static_assert(offsetof(struct xtd_head_slot, crc32c) == 4092, "see the table above");

/* Where the loose slot of a commit lies. */
static inline uint32_t xti_head_loose_position(uint64_t txn)
{
    return XTD_HEAD_DURABLE_SLOTS + (uint32_t)(txn % XTD_HEAD_LOOSE_SLOTS);
}

/* Makes the slot that will be written at position `i`: fills magic, version, slot number, zeroes
 * and checksum, in a durable one boot_id and durable_txn too; the rest is the caller's. */
void xti_head_seal(struct xtd_head_slot *slot, uint32_t i);

/* Checks one slot that was read from position `i`. XT_OK; XT_EFORMAT: no magic or a newer version;
 * XT_ECORRUPT: checksum or contents. A slot of zeroes (never written) is XT_ENOTFOUND. */
XT_NODISCARD xt_status xti_head_check(const struct xtd_head_slot *slot, uint32_t i,
                                      struct xti_finding *finding);

/* What the slots say together. */
struct xti_head_look {
    uint32_t newest;      /* position of the durable slot with the highest txn */
    uint32_t loose;       /* of the loose slot with the highest txn; XTD_HEAD_SLOTS: none */
    bool next_is_damaged; /* the durable slot after it does not hold what it should */
    uint64_t durable_txn; /* the highest commit that a valid slot says is durable */
};

/* Looks at all slots. XT_OK, or, when no durable one is valid, what the first of them that is not
 * zeroes complains of (all zeroes: XT_EFORMAT). Valid ones with different uuids, or two durable
 * ones with the same txn that differ otherwise: XT_ECORRUPT; if they are equal, the later in turn
 * counts. A whole slot of a newer version: XT_EFORMAT, as the newest
 * state may be one we cannot read. Loose slots that are not valid do not count.
 * The finding's offset counts from the start of HEAD. */
XT_NODISCARD xt_status xti_head_look(const struct xtd_head_slot slots[XTD_HEAD_SLOTS],
                                     struct xti_head_look *look, struct xti_finding *finding);

#endif
