/* tests/unit/format/test_head.c -- which slot of HEAD is the state of the store?
 *
 * SPDX-License-Identifier: MIT
 */
#include "format/head.h"

#include "sample.h"

#define FIELD(name) offsetof(struct xtd_head_slot, name), sizeof(((struct xtd_head_slot *)0)->name)

static const uint8_t BOOT_ID[16] = {7, 7, 7};

/* The slot that commit `txn` has at position `i`. */
static void slot_make(struct xtd_head_slot *slot, uint32_t i, uint64_t txn)
{
    memset(slot, 0xee, sizeof *slot); /* what seal must fill or zero */
    uuid_put(slot->uuid, 1);
    slot->state = sample_state(txn);
    slot->record_hash = UINT64_C(0x0123456789abcdef) * txn;
    if (i >= XTD_HEAD_DURABLE_SLOTS) {
        memcpy(slot->boot_id, BOOT_ID, sizeof slot->boot_id);
        slot->durable_txn = txn - 1;
    }
    xti_head_seal(slot, i);
}

static void slot_checksum_repair(struct xtd_head_slot *slot)
{
    slot->crc32c = xti_crc32c(0, slot, 4092);
}

static void sealed_slot_passes_at_its_own_position_only(void)
{
    for (uint64_t txn = 1; txn <= 8; txn++) {
        for (uint32_t at = 0; at < XTD_HEAD_SLOTS; at++) {
            bool is_durable = at < XTD_HEAD_DURABLE_SLOTS;
            struct xtd_head_slot slot;

            if (!is_durable && at != xti_head_loose_position(txn))
                continue;
            slot_make(&slot, at, txn);
            CHECK_U64(slot.durable_txn, is_durable ? txn : txn - 1);
            for (uint32_t i = 0; i < XTD_HEAD_SLOTS; i++)
                CHECK_STATUS(xti_head_check(&slot, i, NULL), i == at ? XT_OK : XT_ECORRUPT);
        }
    }
}

static void every_flipped_bit_is_refused(void)
{
    static struct xtd_head_slot slot;

    slot_make(&slot, 2, 2);
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

static void field_check(const struct bad_field *field, uint32_t position)
{
    struct xtd_head_slot slot;
    struct xti_finding finding = {"", 0};
    xt_status got;

    check_row = field->what;
    slot_make(&slot, position, 2);
    field_put(&slot, field);
    slot_checksum_repair(&slot);
    got = xti_head_check(&slot, position, &finding);
    field_is_named(field, got, &finding);
}

static void each_bad_field_is_named(void)
{
    static const struct bad_field rows[] = {
        ALIEN("HEAD slot magic", FIELD(magic), 0),
        ALIEN("HEAD slot format_version", FIELD(format_version), 1),
        ALIEN("HEAD slot format_version", FIELD(format_version), 0),
        BAD("HEAD slot number", FIELD(slot), 3),
        BAD("HEAD slot number", FIELD(slot), 6),
        BAD("HEAD slot boot_id", FIELD(boot_id[0]), 1),
        BAD_AT("HEAD slot boot_id", FIELD(boot_id[15]), 1, 888),
        BAD("HEAD slot durable_txn", FIELD(durable_txn), 1),
        BAD("HEAD slot durable_txn", FIELD(durable_txn), 3),
        BAD("HEAD slot reserved", FIELD(reserved[0]), 1),
        BAD_AT("HEAD slot reserved", FIELD(reserved[3179]), 1, 912),
        BAD("state flags", FIELD(state.flags), 1),
        BAD_AT("state unused frontier", FIELD(state.frontiers[2].units), 64, 400),
    };
    static const struct bad_field loose_rows[] = {
        BAD("HEAD slot number", FIELD(slot), 0),
        BAD("HEAD slot durable_txn", FIELD(durable_txn), 3),
        BAD_AT("HEAD slot txn", FIELD(state.txn), 3, 32),
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++)
        field_check(&rows[i], 2);
    for (size_t i = 0; i < CHECK_COUNT(loose_rows); i++)
        field_check(&loose_rows[i], 4);
}

static void zeroes_are_a_slot_never_written(void)
{
    static const struct xtd_head_slot zeroes;

    CHECK_STATUS(xti_head_check(&zeroes, 0, NULL), XT_ENOTFOUND);
}

/* ---- all of them --------------------------------------------------------------------------- */

/* A slot as a letter and the number of its commit:
 *     z zeroes: never written          o of another store
 *     g good                           v of a later version, its checksum good
 *     d good, with another record
 *     t torn: the checksum is wrong    n noise: no magic */
static void slot_case_make(struct xtd_head_slot *slot, uint32_t i, char letter, uint64_t txn)
{
    memset(slot, letter == 'n' ? 0x5a : 0, sizeof *slot);
    if (letter == 'n' || letter == 'z')
        return;
    slot_make(slot, i, txn);
    if (letter == 'o')
        slot->uuid[15] ^= 1;
    if (letter == 'd')
        slot->record_hash ^= 1;
    if (letter == 'v')
        slot->format_version = XTD_FORMAT_VERSION + 1;
    slot_checksum_repair(slot);
    if (letter == 't')
        slot->crc32c ^= 0xff00ff00;
}

/* text: six of them, such as "z0 g1 t2 z0 z0 z0". */
static const struct xtd_head_slot *slots_make(const char *text)
{
    static struct xtd_head_slot slots[XTD_HEAD_SLOTS];

    for (uint32_t i = 0; i < XTD_HEAD_SLOTS; i++)
        slot_case_make(&slots[i], i, text[3 * i], (uint64_t)(text[3 * i + 1] - '0'));
    return slots;
}

static void newest_valid_slots_are_told(void)
{
    static const struct {
        const char *name, *slots;
        uint32_t newest, loose;
        bool next_is_damaged;
        uint64_t durable_txn;
    } rows[] = {
        {"fresh",                      "g1 z0 z0 z0 z0 z0", 0, 6, false, 1},
        {"two commits",                "g1 g2 z0 z0 z0 z0", 1, 6, false, 2},
        {"in turn",                    "g5 g6 g3 g4 z0 z0", 1, 6, false, 6},
        {"numbers left out",           "g8 g1 g2 g5 z0 z0", 0, 6, false, 8},
        {"newest torn",                "g5 t6 g3 g4 z0 z0", 0, 6, true,  5},
        {"newest two torn",            "t5 t6 g3 g4 z0 z0", 3, 6, true,  4},
        {"newest of a fresh one torn", "g1 t2 z0 z0 z0 z0", 0, 6, true,  1},
        {"three noise",                "n5 g6 n3 n4 z0 z0", 1, 6, true,  6},
        {"next lost",                  "g5 g6 z0 g4 z0 z0", 1, 6, true,  6},
        {"first lost",                 "z0 g2 g3 g4 z0 z0", 3, 6, true,  4},
        {"the same twice",             "g5 g5 g3 g4 z0 z0", 1, 6, false, 5},
        {"the same twice, wrapped",    "g5 g3 g4 g5 z0 z0", 0, 6, false, 5},
        {"an old one torn",            "g5 g6 g3 t4 z0 z0", 1, 6, false, 6},
        {"a loose one ahead",          "g1 g2 z0 z0 g4 g5", 1, 5, false, 4},
        {"a loose one behind",         "g1 g6 z0 z0 z0 g5", 1, 5, false, 6},
        {"a loose one torn",           "g1 g2 z0 z0 g4 t5", 1, 4, false, 3},
        {"both torn",                  "g1 g2 z0 z0 t4 n5", 1, 6, false, 2},
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct xti_head_look look;

        check_row = rows[i].name;
        CHECK_STATUS(xti_head_look(slots_make(rows[i].slots), &look, NULL), XT_OK);
        CHECK_U64(look.newest, rows[i].newest);
        CHECK_U64(look.loose, rows[i].loose);
        CHECK_INT(look.next_is_damaged, rows[i].next_is_damaged);
        CHECK_U64(look.durable_txn, rows[i].durable_txn);
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
        {"t8 t5 t6 t7 z0 z0", XT_ECORRUPT, "HEAD slot checksum",          4092 },
        {"z0 t1 z0 z0 z0 z0", XT_ECORRUPT, "HEAD slot checksum",          8188 },
        {"z0 z0 z0 z0 z0 z0", XT_EFORMAT,  "HEAD without a written slot", 0    },
        {"z0 z0 z0 z0 g2 z0", XT_EFORMAT,  "HEAD without a written slot", 0    },
        {"n0 n0 n0 n0 n0 n0", XT_EFORMAT,  "HEAD slot magic",             0    },
        {"z0 g1 o2 z0 z0 z0", XT_ECORRUPT, "HEAD slot uuid",              8208 },
        {"z0 g1 z0 z0 o2 z0", XT_ECORRUPT, "HEAD slot uuid",              16400},
        {"g1 g2 d2 z0 z0 z0", XT_ECORRUPT, "HEAD slot txn twice",         8224 },
        {"z0 g1 v2 z0 z0 z0", XT_EFORMAT,  "HEAD slot format_version",    8200 },
        {"v4 g1 g2 g3 z0 z0", XT_EFORMAT,  "HEAD slot format_version",    8    },
        {"g1 z0 z0 z0 v2 z0", XT_EFORMAT,  "HEAD slot format_version",    16392},
    };

    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct xti_finding finding = {NULL, 0};
        struct xti_head_look look;

        check_row = rows[i].slots;
        CHECK_STATUS(xti_head_look(slots_make(rows[i].slots), &look, &finding), rows[i].status);
        CHECK_STR(finding.what, rows[i].what);
        CHECK_U64(finding.offset, rows[i].offset);
    }
}

static void every_commit_becomes_the_newest_and_its_loss_gives_the_one_before(void)
{
    static struct xtd_head_slot slots[XTD_HEAD_SLOTS];

    for (uint64_t txn = 1; txn <= 9; txn++) {
        uint32_t at = (uint32_t)((txn - 1) % 4);
        struct xti_head_look look;

        slot_make(&slots[at], at, 3 * txn);
        CHECK_STATUS(xti_head_look(slots, &look, NULL), XT_OK);
        CHECK_U64(look.newest, at);
        CHECK_U64(slots[look.newest].state.txn, 3 * txn);
        CHECK(!look.next_is_damaged);

        slots[at].state.time_ns++;
        xt_status status = xti_head_look(slots, &look, NULL);
        slots[at].state.time_ns--;
        CHECK_STATUS(status, txn == 1 ? XT_ECORRUPT : XT_OK);
        if (txn > 1)
            CHECK(look.newest == (at + 3) % 4 && look.next_is_damaged);
    }
}

CHECK_MAIN({"sealed_slot_passes_at_its_own_position_only",
            sealed_slot_passes_at_its_own_position_only},
           {"every_flipped_bit_is_refused", every_flipped_bit_is_refused},
           {"each_bad_field_is_named", each_bad_field_is_named},
           {"zeroes_are_a_slot_never_written", zeroes_are_a_slot_never_written},
           {"newest_valid_slots_are_told", newest_valid_slots_are_told},
           {"head_without_one_newest_slot_is_refused", head_without_one_newest_slot_is_refused},
           {"every_commit_becomes_the_newest_and_its_loss_gives_the_one_before",
            every_commit_becomes_the_newest_and_its_loss_gives_the_one_before})
