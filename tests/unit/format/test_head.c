/* tests/unit/format/test_head.c -- which slot of HEAD is the state of the store?
 *
 * SPDX-License-Identifier: MIT
 */
#include "format/head.h"

#include "sample.h"

#define FIELD(name) offsetof(struct xtd_head_slot, name), sizeof(((struct xtd_head_slot *)0)->name)

static void slot_make(struct xtd_head_slot *slot, uint64_t txn)
{
    memset(slot, 0xee, sizeof *slot); /* what seal must fill or zero */
    uuid_put(slot->uuid, 1);
    slot->state = sample_state(txn);
    slot->record_hash = UINT64_C(0x0123456789abcdef) * txn;
    xti_head_seal(slot);
}

static void slot_checksum_repair(struct xtd_head_slot *slot)
{
    slot->crc32c = xti_crc32c(0, slot, 4092);
}

static void sealed_slot_passes_at_its_own_position_only(void)
{
    for (uint64_t txn = 1; txn <= 8; txn++) {
        struct xtd_head_slot slot;

        slot_make(&slot, txn);
        for (uint32_t i = 0; i < XTD_HEAD_SLOTS; i++) {
            xt_status want = i == txn % 4 ? XT_OK : XT_ECORRUPT;

            CHECK_STATUS(xti_head_check(&slot, i, NULL), want);
        }
    }
}

static void every_flipped_bit_is_refused(void)
{
    static struct xtd_head_slot slot;

    slot_make(&slot, 2);
    for (size_t bit = 0; bit < 8 * sizeof slot; bit++) {
        struct xti_finding finding = {NULL, 0};

        bit_flip(&slot, bit);
        xt_status status = xti_head_check(&slot, 2, &finding);
        bit_flip(&slot, bit);

        if (!CHECK_STATUS(status, bit < 64 ? XT_EFORMAT : XT_ECORRUPT) ||
            !CHECK_STR(finding.what, bit < 64 ? "HEAD slot magic" : "HEAD slot checksum"))
            return;
    }
}

static void each_bad_field_is_named(void)
{
    static const struct bad_field rows[] = {
        ALIEN("HEAD slot magic", FIELD(magic), 0),
        ALIEN("HEAD slot format_version", FIELD(format_version), 3),
        ALIEN("HEAD slot format_version", FIELD(format_version), 0),
        BAD("HEAD slot number", FIELD(slot), 3),
        BAD("HEAD slot number", FIELD(slot), 6),
        BAD("HEAD slot txn", FIELD(state.txn), 3),
        BAD("HEAD slot reserved", FIELD(reserved[0]), 1),
        BAD_AT("HEAD slot reserved", FIELD(reserved[3203]), 1, 888),
        BAD("state flags", FIELD(state.flags), 1),
        BAD_AT("state unused frontier", FIELD(state.frontiers[2].units), 64, 400),
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct xtd_head_slot slot;
        struct xti_finding finding = {"", 0};

        check_row = rows[i].what;
        slot_make(&slot, 2);
        field_put(&slot, &rows[i]);
        slot_checksum_repair(&slot);
        xt_status got = xti_head_check(&slot, 2, &finding);
        field_is_named(&rows[i], got, &finding);
    }
}

static void zeroes_are_a_slot_never_written(void)
{
    static const struct xtd_head_slot zeroes;

    CHECK_STATUS(xti_head_check(&zeroes, 0, NULL), XT_ENOTFOUND);
}

/* ---- the newest of four -------------------------------------------------------------------- */

/* A slot as a letter and the number of its commit:
 *     z zeroes: never written          o of another store
 *     g good                           v of a later version, its checksum good
 *     t torn: the checksum is wrong    n noise: no magic */
static void slot_case_make(struct xtd_head_slot *slot, char letter, uint64_t txn)
{
    memset(slot, letter == 'n' ? 0x5a : 0, sizeof *slot);
    if (letter == 'n' || letter == 'z')
        return;
    slot_make(slot, txn);
    if (letter == 'o')
        slot->uuid[15] ^= 1;
    if (letter == 'v')
        slot->format_version = XTD_FORMAT_VERSION + 1;
    slot_checksum_repair(slot);
    if (letter == 't')
        slot->crc32c ^= 0xff00ff00;
}

/* text: four of them, such as "z0 g1 t2 z0". */
static const struct xtd_head_slot *slots_make(const char *text)
{
    static struct xtd_head_slot slots[XTD_HEAD_SLOTS];

    for (uint32_t i = 0; i < XTD_HEAD_SLOTS; i++)
        slot_case_make(&slots[i], text[3 * i], (uint64_t)(text[3 * i + 1] - '0'));
    return slots;
}

static void newest_valid_slot_wins(void)
{
    static const struct {
        const char *name, *slots;
        uint32_t newest;
    } rows[] = {
        {"fresh",                             "z0 g1 z0 z0", 1},
        {"two commits",                       "z0 g1 g2 z0", 2},
        {"wrapped",                           "g8 g5 g6 g7", 0},
        {"numbers left out",                  "g8 g1 g2 z0", 0},
        {"newest torn",                       "g8 t9 g6 g7", 0},
        {"newest two torn",                   "t8 t9 g6 g7", 3},
        {"three torn",                        "t8 t9 g6 t7", 2},
        {"three noise",                       "n8 g9 n6 n7", 1},
        {"the same txn at a wrong place too", "g6 g5 g6 z0", 2},
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        uint32_t newest = 99;

        check_row = rows[i].name;
        CHECK_STATUS(xti_head_newest(slots_make(rows[i].slots), &newest, NULL), XT_OK);
        CHECK_U64(newest, rows[i].newest);
    }
}

static void head_without_one_newest_slot_is_refused(void)
{
    static const struct {
        const char *slots;
        xt_status status;
        const char *what;
        uint64_t offset;
    } rows[] = {
        {"t8 t5 t6 t7", XT_ECORRUPT, "HEAD slot checksum",          4092},
        {"z0 t1 z0 z0", XT_ECORRUPT, "HEAD slot checksum",          8188},
        {"z0 z0 z0 z0", XT_EFORMAT,  "HEAD without a written slot", 0   },
        {"n0 n0 n0 n0", XT_EFORMAT,  "HEAD slot magic",             0   },
        {"z0 g1 o2 z0", XT_ECORRUPT, "HEAD slot uuid",              8208},
        {"z0 g1 v2 z0", XT_EFORMAT,  "HEAD slot format_version",    8200},
        {"v4 g1 g2 g3", XT_EFORMAT,  "HEAD slot format_version",    8   },
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct xti_finding finding = {NULL, 0};
        uint32_t newest = 99;

        check_row = rows[i].slots;
        CHECK_STATUS(xti_head_newest(slots_make(rows[i].slots), &newest, &finding), rows[i].status);
        CHECK_U64(newest, 0);
        CHECK_STR(finding.what, rows[i].what);
        CHECK_U64(finding.offset, rows[i].offset);
    }
}

static void every_commit_becomes_the_newest_and_its_loss_gives_the_one_before(void)
{
    static struct xtd_head_slot slots[XTD_HEAD_SLOTS];

    for (uint64_t txn = 1; txn <= 9; txn++) {
        uint32_t newest = 99;

        slot_make(&slots[txn % 4], txn);
        CHECK_STATUS(xti_head_newest(slots, &newest, NULL), XT_OK);
        CHECK_U64(newest, txn % 4);
        CHECK_U64(slots[newest].state.txn, txn);

        slots[txn % 4].state.time_ns++;
        xt_status status = xti_head_newest(slots, &newest, NULL);
        slots[txn % 4].state.time_ns--;
        CHECK_STATUS(status, txn == 1 ? XT_ECORRUPT : XT_OK);
        CHECK_U64(newest, txn == 1 ? 0 : (txn - 1) % 4);
    }
}

CHECK_MAIN({"sealed_slot_passes_at_its_own_position_only",
            sealed_slot_passes_at_its_own_position_only},
           {"every_flipped_bit_is_refused", every_flipped_bit_is_refused},
           {"each_bad_field_is_named", each_bad_field_is_named},
           {"zeroes_are_a_slot_never_written", zeroes_are_a_slot_never_written},
           {"newest_valid_slot_wins", newest_valid_slot_wins},
           {"head_without_one_newest_slot_is_refused", head_without_one_newest_slot_is_refused},
           {"every_commit_becomes_the_newest_and_its_loss_gives_the_one_before",
            every_commit_becomes_the_newest_and_its_loss_gives_the_one_before})
