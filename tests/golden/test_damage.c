/* tests/golden/test_damage.c -- whatever is done to the files of a store: does it answer rightly or
 * say that something is wrong, and never crash, hang, or answer wrongly without a word?
 *
 * Small stores with several levels lie on a disk in memory. Their files are cut short, flipped bit
 * by bit, overwritten, exchanged, taken away; nodes are also changed under a repaired checksum,
 * which only the checks of structure can find (answers may then be wrong).
 *
 *     test_damage --long     every bit of every file
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "format/arena_file.h"
#include "format/commit_record.h"
#include "format/head.h"
#include "format/manifest.h"
#include "format/node.h"
#include "support/answers.h"
#include "support/check.h"
#include "support/disk_os.h"

#define FOLDER "/store"
#define MANIFEST FOLDER "/manifest-0000000000000001"
#define ARENA FOLDER "/arena-00000001.xta"
#define HEAD FOLDER "/HEAD"
#define NODES_MAX 256

static const char *const FILES[] = {HEAD, MANIFEST, ARENA};

struct subject {
    struct disk_os *disk;
    struct oracle items;
    size_t arena_bytes; /* committed */
    uint64_t record_offset;
    uint64_t node_offset[NODES_MAX];
    uint64_t node_bytes[NODES_MAX];
    bool node_is_leaf[NODES_MAX];
    size_t node_count;
    uint64_t random;
};

static bool is_long;

/* ---- a healthy store ------------------------------------------------------------------------ */

static bool node_note(void *context, const xt_node_info *node)
{
    struct subject *subject = context;

    if (!CHECK(subject->node_count < NODES_MAX))
        return false;
    /* The first arena starts where the address space does. */
    subject->node_offset[subject->node_count] = (uint64_t)node->ref * XTD_UNIT_BYTES;
    subject->node_bytes[subject->node_count] = node->bytes;
    subject->node_is_leaf[subject->node_count] = node->level == 0;
    subject->node_count++;
    return true;
}

static xt_status store_create(struct subject *subject, xt_store **out)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;

    options.dims = subject->items.dims;
    options.kind = subject->items.kind;
    options.coord_type = subject->items.coord_type;
    options.leaf_capacity = 16;
    options.inner_capacity = 16;
    options.arena_bytes = UINT64_C(2) << 20;
    options.window_bytes = UINT64_C(8) << 20;
    return xti_store_create(disk_os_table(subject->disk), FOLDER, &options, out);
}

static bool subject_init(struct subject *subject, xt_item_kind kind, uint64_t seed)
{
    xt_arena_stats arena = {.struct_size = sizeof arena};
    struct xtd_head_slot slots[XTD_HEAD_SLOTS];
    xt_snapshot *snapshot;
    xt_store *store;
    struct xti_head_look look;
    size_t size;

    *subject = (struct subject){.random = seed, .disk = disk_os_create(seed)};
    oracle_init(&subject->items,
                (struct oracle_schema){2, kind, kind == XT_POINTS ? XT_F64 : XT_F32}, 500,
                ORACLE_CLUSTERED, &subject->random);
    if (!CHECK_STATUS(store_create(subject, &store), XT_OK) ||
        !CHECK_STATUS(answers_load(store, &subject->items, NULL), XT_OK) ||
        !CHECK_STATUS(xt_store_commit(store, NULL), XT_OK) ||
        !CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        return false;
    CHECK_STATUS(xt_snapshot_nodes(snapshot, 0, node_note, subject), XT_OK);
    xt_snapshot_release(snapshot);
    CHECK_STATUS(xt_store_arena(store, 0, &arena), XT_OK);
    CHECK_U64(arena.first_byte, 0);
    subject->arena_bytes = (size_t)arena.committed_bytes;
    CHECK_STATUS(xt_store_close(store), XT_OK);
    disk_os_settle(subject->disk);
    memcpy(slots, disk_os_file_bytes(subject->disk, HEAD, &size), sizeof slots);
    CHECK_STATUS(xti_head_look(slots, &look, NULL), XT_OK);
    subject->record_offset = (uint64_t)slots[look.newest].state.record_ref * XTD_UNIT_BYTES;
    return CHECK(subject->node_count > 30);
}

static void subject_release(struct subject *subject)
{
    oracle_release(&subject->items);
    disk_os_destroy(subject->disk);
}

/* ---- asking a damaged one ------------------------------------------------------------------- */

static xt_status store_open(struct disk_os *disk, xt_verify verify, bool writable, xt_store **out)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;

    options.verify = verify;
    options.writable = writable;
    options.window_bytes = UINT64_C(8) << 20;
    return xti_store_open(disk_os_table(disk), FOLDER, &options, out);
}

static bool says_damaged(xt_status status)
{
    return status == XT_ECORRUPT || status == XT_EFORMAT || status == XT_ENOTFOUND;
}

/* Asks; *right as answers_try() gives it. A state from before the items is wrong also where HEAD
 * was damaged: the commit's record is still there. */
static xt_status damaged_ask(struct subject *subject, struct disk_os *disk, xt_verify verify,
                             bool *right)
{
    xt_store *store;
    xt_status status = store_open(disk, verify, false, &store);

    *right = true;
    if (status != XT_OK)
        return status;
    status = answers_try(store, &subject->items, 4, &subject->random, right);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    return status;
}

static bool damage_is_found_or_harmless(struct subject *subject, struct disk_os *disk,
                                        bool asks_writer)
{
    bool right;
    xt_status status = damaged_ask(subject, disk, XT_VERIFY_LAZY, &right);
    bool holds = CHECK(status == XT_OK || says_damaged(status)) && CHECK(right);
    xt_store *store;

    if (!holds)
        printf("    status %s\n", xt_status_name(status));
    if (asks_writer && store_open(disk, XT_VERIFY_OPEN, true, &store) == XT_OK)
        CHECK_STATUS(xt_store_close(store), XT_OK);
    return holds;
}

/* Any answer, any error: it must only come. */
static void damage_does_not_crash(struct subject *subject, struct disk_os *disk)
{
    bool right;

    (void)damaged_ask(subject, disk, XT_VERIFY_NONE, &right);
}

/* ---- bits ------------------------------------------------------------------------------------ */

/* Flips bits of a range: of each byte those that `mask` has; every `stride` bytes. */
static bool bits_flip(struct subject *subject, const char *file, uint64_t first, uint64_t bytes,
                      uint64_t stride, unsigned mask)
{
    size_t size;
    unsigned char *data = disk_os_file_bytes(subject->disk, file, &size);

    for (uint64_t i = first; i < first + bytes && i < size; i += stride) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bool holds;

            if ((mask >> bit & 1) == 0)
                continue;
            data[i] ^= (unsigned char)(1u << bit);
            holds = damage_is_found_or_harmless(subject, subject->disk, i % 64 == 0);
            if (i % 16 == 0)
                damage_does_not_crash(subject, subject->disk);
            data[i] ^= (unsigned char)(1u << bit);
            if (!holds) {
                printf("    bit %u of byte %" PRIu64 " of %s\n", bit, i, file);
                return false;
            }
        }
    }
    return true;
}

static void flipped_bits_are_found_or_harmless(void)
{
    static const xt_item_kind kinds[] = {XT_POINTS, XT_BOXES};

    for (size_t k = 0; k < CHECK_COUNT(kinds); k++) {
        struct subject subject;
        uint64_t thin = is_long ? 1 : 61;
        unsigned most = is_long ? 0xff : 0x21;

        check_row = k == 0 ? "points" : "boxes";
        if (!subject_init(&subject, kinds[k], check_seed))
            return;
        for (uint64_t slot = 0; slot < XTD_HEAD_SLOTS; slot++) {
            bits_flip(&subject, HEAD, slot * 4096, 176, 1, k == 0 ? 0xff : most);
            bits_flip(&subject, HEAD, slot * 4096 + 176, 3912, thin, most);
            bits_flip(&subject, HEAD, slot * 4096 + 4088, 8, 1, 0xff);
        }
        bits_flip(&subject, MANIFEST, 0, 4096, 1, 0xff);
        bits_flip(&subject, ARENA, 0, 80, 1, 0xff);
        bits_flip(&subject, ARENA, 80, 4016, thin, most);
        bits_flip(&subject, ARENA, subject.record_offset, 176, 1, 0xff);
        bits_flip(&subject, ARENA, subject.record_offset + 176, 3920, thin, most);
        for (size_t i = 0; i < subject.node_count; i++) {
            bits_flip(&subject, ARENA, subject.node_offset[i], 64, 1, i < 4 ? 0xff : most);
            bits_flip(&subject, ARENA, subject.node_offset[i] + 64, subject.node_bytes[i] - 64,
                      thin * 2 - 1, most);
        }
        subject_release(&subject);
    }
}

static void random_bytes_are_found_or_harmless(void)
{
    unsigned rounds = is_long ? 20000 : 1200;
    struct subject subject;

    if (!subject_init(&subject, XT_BOXES, check_seed))
        return;
    for (unsigned i = 0; i < rounds; i++) {
        const char *file = FILES[i % CHECK_COUNT(FILES)];
        unsigned char before[64];
        size_t size, count, at;
        unsigned char *data = disk_os_file_bytes(subject.disk, file, &size);

        if (i % CHECK_COUNT(FILES) == 2 && size > subject.arena_bytes)
            size = subject.arena_bytes;
        count = 1 + (size_t)(check_random(&subject.random) % sizeof before);
        at = (size_t)(check_random(&subject.random) % (size - count));
        memcpy(before, data + at, count);
        for (size_t j = 0; j < count; j++)
            data[at + j] = i % 5 == 0 ? 0xff : (unsigned char)check_random(&subject.random);
        if (!damage_is_found_or_harmless(&subject, subject.disk, true))
            printf("    %zu bytes at %zu of %s\n", count, at, file);
        damage_does_not_crash(&subject, subject.disk);
        memcpy(data + at, before, count);
    }
    CHECK(damage_is_found_or_harmless(&subject, subject.disk, true));
    subject_release(&subject);
}

/* ---- structure ------------------------------------------------------------------------------- */

/* A node whose checksum is right but whose contents are not. Wrong answers are allowed. */
static void node_disturb(struct subject *subject, size_t i, unsigned char *data)
{
    struct xtd_node *node = (struct xtd_node *)(void *)(data + subject->node_offset[i]);
    size_t bytes = (size_t)subject->node_bytes[i];
    bool is_in_header = check_random(&subject->random) % 2 == 0;
    size_t at = is_in_header ? 4 + (size_t)(check_random(&subject->random) % 60)
                             : (size_t)(check_random(&subject->random) % bytes);
    unsigned char *byte = (unsigned char *)node + at;

    *byte = check_random(&subject->random) % 3 == 0 ? 0xff
                                                    : (unsigned char)check_random(&subject->random);
    if ((size_t)node->size_units * XTD_UNIT_BYTES <= bytes && node->size_units > 0)
        xti_node_seal(node);
}

static void nodes_with_right_checksums_and_wrong_contents_do_no_harm(void)
{
    unsigned rounds = is_long ? 100000 : 3000;
    unsigned char *backup;
    unsigned char *data;
    struct subject subject;
    size_t size;

    if (!subject_init(&subject, XT_BOXES, check_seed))
        return;
    data = disk_os_file_bytes(subject.disk, ARENA, &size);
    backup = malloc(size);
    if (backup == NULL) {
        CHECK(backup != NULL);
        return;
    }
    memcpy(backup, data, size);
    for (unsigned n = 0; n < rounds; n++) {
        size_t i = n % 2 == 0 ? (size_t)(check_random(&subject.random) % subject.node_count)
                              : (size_t)(check_random(&subject.random) % 4);
        bool right;

        node_disturb(&subject, i, data);
        if (n % 4 == 0)
            node_disturb(&subject, i, data);
        (void)damaged_ask(&subject, subject.disk, XT_VERIFY_LAZY, &right);
        damage_does_not_crash(&subject, subject.disk);
        memcpy(data + subject.node_offset[i], backup + subject.node_offset[i],
               (size_t)subject.node_bytes[i]);
    }
    free(backup);
    CHECK(damage_is_found_or_harmless(&subject, subject.disk, true));
    subject_release(&subject);
}

/* A child's place is taken by its parent, its sibling, or a leaf far away. */
static void nodes_in_the_wrong_place_do_no_harm(void)
{
    struct subject subject;
    unsigned char *data;
    size_t size;

    if (!subject_init(&subject, XT_POINTS, check_seed))
        return;
    data = disk_os_file_bytes(subject.disk, ARENA, &size);
    for (size_t i = 0; i < subject.node_count; i++) {
        struct xtd_node *to = (struct xtd_node *)(void *)(data + subject.node_offset[i]);
        unsigned char before[4096];
        size_t from = (size_t)(check_random(&subject.random) % subject.node_count);
        size_t bytes = (size_t)subject.node_bytes[i];

        if (from == i || subject.node_bytes[from] > bytes || bytes > sizeof before)
            continue;
        memcpy(before, to, bytes);
        memcpy(to, data + subject.node_offset[from], (size_t)subject.node_bytes[from]);
        CHECK(damage_is_found_or_harmless(&subject, subject.disk, false));
        damage_does_not_crash(&subject, subject.disk);
        to->self_ref = (uint32_t)(subject.node_offset[i] / XTD_UNIT_BYTES);
        xti_node_seal(to);
        damage_does_not_crash(&subject, subject.disk);
        memcpy(to, before, bytes);
    }
    subject_release(&subject);
}

/* ---- whole files
 * ------------------------------------------------------------------------------ */

static void files_cut_short_are_found(void)
{
    for (size_t f = 0; f < CHECK_COUNT(FILES); f++) {
        struct subject subject;
        size_t size;
        unsigned char *whole;

        check_row = FILES[f];
        if (!subject_init(&subject, XT_POINTS, check_seed))
            return;
        whole = disk_os_file_bytes(subject.disk, FILES[f], &size);
        if (size > subject.arena_bytes)
            size = subject.arena_bytes;
        for (size_t cut = 0; cut < size; cut += 64) {
            struct disk_os *disk = disk_os_copy(subject.disk);
            bool holds;

            disk_os_put_file(disk, FILES[f], whole, cut);
            holds = damage_is_found_or_harmless(&subject, disk, cut % 4096 == 0);
            damage_does_not_crash(&subject, disk);
            disk_os_destroy(disk);
            if (!holds) {
                printf("    %s, cut to %zu bytes\n", FILES[f], cut);
                break;
            }
        }
        subject_release(&subject);
    }
}

static void files_of_another_store_are_found(void)
{
    struct subject mine, other;

    if (!subject_init(&mine, XT_POINTS, check_seed) ||
        !subject_init(&other, XT_POINTS, check_seed + 1))
        return;
    for (size_t f = 0; f < CHECK_COUNT(FILES); f++) {
        for (size_t g = 0; g < CHECK_COUNT(FILES); g++) {
            struct subject *source = f == g ? &other : &mine;
            struct disk_os *disk = disk_os_copy(mine.disk);
            size_t size;
            unsigned char *data = disk_os_file_bytes(source->disk, FILES[g], &size);
            xt_store *store;

            check_row = FILES[f];
            disk_os_put_file(disk, FILES[f], data, size);
            CHECK(says_damaged(store_open(disk, XT_VERIFY_LAZY, false, &store)));
            CHECK(says_damaged(store_open(disk, XT_VERIFY_LAZY, true, &store)));
            disk_os_destroy(disk);
        }
    }
    subject_release(&mine);
    subject_release(&other);
}

/* What one look at each file can tell is told by opening, not only by the first query. */
static void opening_notices_what_does_not_belong_together(void)
{
    struct subject mine, other;
    struct disk_os *disk;
    unsigned char *data;
    xt_store *store;
    size_t size;

    if (!subject_init(&mine, XT_POINTS, check_seed) ||
        !subject_init(&other, XT_POINTS, check_seed + 1))
        return;
    check_row = "header of another store's arena";
    disk = disk_os_copy(mine.disk);
    data = disk_os_file_bytes(disk, ARENA, &size);
    memcpy(data, disk_os_file_bytes(other.disk, ARENA, &size), XTD_ARENA_HEADER_BYTES);
    CHECK_STATUS(store_open(disk, XT_VERIFY_NONE, false, &store), XT_ECORRUPT);
    disk_os_destroy(disk);
    check_row = "last commit lost from the arena";
    disk = disk_os_copy(mine.disk);
    data = disk_os_file_bytes(disk, ARENA, &size);
    memset(data + mine.record_offset, 0, size - mine.record_offset);
    CHECK_STATUS(store_open(disk, XT_VERIFY_NONE, false, &store), XT_ECORRUPT);
    disk_os_destroy(disk);
    check_row = "commit record of another store";
    disk = disk_os_copy(mine.disk);
    data = disk_os_file_bytes(disk, ARENA, &size);
    memcpy(data + mine.record_offset,
           disk_os_file_bytes(other.disk, ARENA, &size) + other.record_offset, XTD_PAGE_BYTES);
    CHECK_STATUS(store_open(disk, XT_VERIFY_NONE, false, &store), XT_ECORRUPT);
    disk_os_destroy(disk);
    subject_release(&mine);
    subject_release(&other);
}

static void missing_files_are_found(void)
{
    struct subject subject;

    if (!subject_init(&subject, XT_POINTS, check_seed))
        return;
    for (size_t f = 0; f < CHECK_COUNT(FILES); f++) {
        struct disk_os *disk = disk_os_copy(subject.disk);
        const struct xti_os *os = disk_os_table(disk);
        xt_store *store;

        check_row = FILES[f];
        CHECK_INT(os->remove(os, FILES[f]), 0);
        CHECK(says_damaged(store_open(disk, XT_VERIFY_LAZY, false, &store)));
        CHECK(store == NULL);
        CHECK(says_damaged(store_open(disk, XT_VERIFY_LAZY, true, &store)));
        disk_os_destroy(disk);
    }
    subject_release(&subject);
}

/* ---- newer stores
 * ----------------------------------------------------------------------------- */

static void unknown_features_are_respected(void)
{
    static const struct {
        const char *name;
        uint64_t required, optional;
        xt_status reading, writing;
    } rows[] = {
        {"none",                  0,                 0,                 XT_OK,      XT_OK     },
        {"an optional one",       0,                 UINT64_C(1) << 63, XT_OK,      XT_EFORMAT},
        {"a required one",        1,                 0,                 XT_EFORMAT, XT_EFORMAT},
        {"the last required one", UINT64_C(1) << 63, 0,                 XT_EFORMAT, XT_EFORMAT},
    };
    struct subject subject;

    if (!subject_init(&subject, XT_POINTS, check_seed))
        return;
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct disk_os *disk = disk_os_copy(subject.disk);
        xt_store *store;
        size_t size;
        struct xtd_manifest *manifest = (void *)disk_os_file_bytes(disk, MANIFEST, &size);

        check_row = rows[i].name;
        manifest->required_features |= rows[i].required;
        manifest->optional_features |= rows[i].optional;
        xti_manifest_seal(manifest);
        CHECK_STATUS(store_open(disk, XT_VERIFY_LAZY, false, &store), rows[i].reading);
        xt_store_close(store);
        CHECK_STATUS(store_open(disk, XT_VERIFY_LAZY, true, &store), rows[i].writing);
        xt_store_close(store);
        disk_os_destroy(disk);
    }
    subject_release(&subject);
}

static void newer_format_is_not_a_damaged_store(void)
{
    struct subject subject;
    struct xtd_manifest *manifest;
    unsigned char *bytes;
    xt_store *store;
    uint64_t hash;
    size_t size;

    if (!subject_init(&subject, XT_POINTS, check_seed))
        return;
    bytes = disk_os_file_bytes(subject.disk, MANIFEST, &size);
    manifest = (void *)bytes;
    manifest->format_version = XTD_FORMAT_VERSION + 1;
    hash = xti_hash64(bytes, size - sizeof hash);
    memcpy(bytes + size - sizeof hash, &hash, sizeof hash);
    CHECK_STATUS(store_open(subject.disk, XT_VERIFY_LAZY, false, &store), XT_EFORMAT);
    CHECK_STATUS(store_open(subject.disk, XT_VERIFY_LAZY, true, &store), XT_EFORMAT);
    subject_release(&subject);
}

int main(int argc, char **argv)
{
    static const struct check_test tests[] = {
        {"flipped_bits_are_found_or_harmless",                       flipped_bits_are_found_or_harmless },
        {"random_bytes_are_found_or_harmless",                       random_bytes_are_found_or_harmless },
        {"nodes_with_right_checksums_and_wrong_contents_do_no_harm",
         nodes_with_right_checksums_and_wrong_contents_do_no_harm                                       },
        {"nodes_in_the_wrong_place_do_no_harm",                      nodes_in_the_wrong_place_do_no_harm},
        {"files_cut_short_are_found",                                files_cut_short_are_found          },
        {"files_of_another_store_are_found",                         files_of_another_store_are_found   },
        {"opening_notices_what_does_not_belong_together",
         opening_notices_what_does_not_belong_together                                                  },
        {"missing_files_are_found",                                  missing_files_are_found            },
        {"unknown_features_are_respected",                           unknown_features_are_respected     },
        {"newer_format_is_not_a_damaged_store",                      newer_format_is_not_a_damaged_store},
    };
    int rest = 1;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--long") == 0)
            is_long = true;
        else
            argv[rest++] = argv[i];
    }
    return check_main(tests, CHECK_COUNT(tests), rest, argv);
}
