/* tests/unit/tree/test_edit_damage.c -- does a writer on a damaged store say so or go on regularly,
 * and never crash, hang or write where it must not?
 *
 * Nodes of a committed store are changed under a repaired checksum, so only checks of structure
 * can find it. Then items are inserted, removed and moved all over the tree. Wrong answers are
 * allowed. Meant for the address sanitizer.
 *
 * SPDX-License-Identifier: MIT
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "format/node.h"
#include "support/answers.h"
#include "support/check.h"
#include "support/disk_os.h"

#define FOLDER "/store"
#define ARENA FOLDER "/arena-00000001.xta"
#define NODES_MAX 256
#define ITEMS 600
#define CHANGES 60
#define ROUNDS 1500
#define ROUNDS_TO_COMMIT 80

struct subject {
    struct disk_os *disk;
    struct oracle items;
    struct xti_layout layout;
    uint32_t refs[NODES_MAX]; /* as offsets into the first arena's file, in units */
    size_t node_count;        /* parents before children */
    unsigned char *before;    /* the arena file */
    size_t before_bytes;
    uint64_t random;
};

/* ---- a healthy store ----------------------------------------------------------------------- */

static bool node_note(void *context, const xt_node_info *node)
{
    struct subject *subject = context;

    if (!CHECK(subject->node_count < NODES_MAX))
        return false;
    subject->refs[subject->node_count++] = node->ref;
    return true;
}

static xt_status items_insert(struct subject *subject, xt_store *store)
{
    const struct oracle *items = &subject->items;
    xt_status status = XT_OK;

    for (size_t i = 0; i < items->count && status == XT_OK; i++)
        status = xt_store_insert(store, items->ids[i], items->low + i * items->dims,
                                 items->high + i * items->dims);
    return status;
}

static bool store_make(struct subject *subject)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    xt_snapshot *snapshot;
    xt_store *store;
    bool holds;

    options.dims = subject->items.dims;
    options.kind = subject->items.kind;
    options.coord_type = subject->items.coord_type;
    options.leaf_capacity = 16;
    options.inner_capacity = 16;
    options.max_overlap = 0.01; /* supernodes */
    options.arena_bytes = UINT64_C(2) << 20;
    options.window_bytes = UINT64_C(16) << 20;
    if (!CHECK_STATUS(xti_store_create(disk_os_table(subject->disk), FOLDER, &options, &store),
                      XT_OK))
        return false;
    holds = CHECK_STATUS(items_insert(subject, store), XT_OK) &&
            CHECK_STATUS(xt_store_commit(store, NULL), XT_OK) &&
            CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK);
    if (holds) {
        CHECK_STATUS(xt_snapshot_nodes(snapshot, 0, node_note, subject), XT_OK);
        xt_snapshot_release(snapshot);
    }
    return CHECK_STATUS(xt_store_close(store), XT_OK) && holds;
}

static bool subject_init(struct subject *subject, xt_item_kind kind, uint64_t seed)
{
    const unsigned char *data;

    *subject = (struct subject){.random = seed, .disk = disk_os_create(seed)};
    oracle_init(&subject->items, (struct oracle_schema){2, kind, XT_F64}, ITEMS, ORACLE_UNIFORM,
                &subject->random);
    xti_layout_init(&subject->layout, 2, kind, XT_F64, 16, 16, UINT32_MAX);
    if (!store_make(subject))
        return false;
    disk_os_settle(subject->disk);
    data = disk_os_file_bytes(subject->disk, ARENA, &subject->before_bytes);
    subject->before = malloc(subject->before_bytes);
    if (!CHECK(subject->before != NULL && subject->node_count > 40))
        return false;
    memcpy(subject->before, data, subject->before_bytes);
    return true;
}

static void subject_release(struct subject *subject)
{
    free(subject->before);
    oracle_release(&subject->items);
    disk_os_destroy(subject->disk);
}

static void arena_restore(struct subject *subject)
{
    size_t size;
    unsigned char *data = disk_os_file_bytes(subject->disk, ARENA, &size);

    if (CHECK(size >= subject->before_bytes))
        memcpy(data, subject->before, subject->before_bytes);
}

/* ---- damage -------------------------------------------------------------------------------- */

/* NULL: the node has been damaged before. */
static struct xtd_node *node_pick(struct subject *subject, bool among_first)
{
    size_t size;
    unsigned char *data = disk_os_file_bytes(subject->disk, ARENA, &size);
    uint64_t count = among_first ? 6 : subject->node_count;
    size_t at = (size_t)subject->refs[check_random(&subject->random) % count] * XTD_UNIT_BYTES;

    if (memcmp(data + at, subject->before + at, sizeof(struct xtd_node)) != 0)
        return NULL;
    return (struct xtd_node *)(void *)(data + at);
}

static void byte_disturb(struct subject *subject, struct xtd_node *node)
{
    bool is_in_header = check_random(&subject->random) % 2 == 0;
    size_t bytes = is_in_header ? sizeof *node : (size_t)node->size_units * XTD_UNIT_BYTES;
    size_t at = 4 + (size_t)(check_random(&subject->random) % (bytes - 4));

    ((unsigned char *)node)[at] = check_random(&subject->random) % 3 == 0
                                      ? 0xff
                                      : (unsigned char)check_random(&subject->random);
}

/* Another node of the store takes a child's place: a sibling, an ancestor, one far away. */
static void ref_disturb(struct subject *subject, struct xtd_node *node)
{
    uint64_t slot = check_random(&subject->random) % node->count;

    if (node->level > 0)
        xti_inner_refs(&subject->layout, node)[slot] =
            subject->refs[check_random(&subject->random) % subject->node_count];
}

/* All children are the first one: every node for itself looks sound. */
static void refs_share(struct subject *subject, struct xtd_node *node)
{
    for (uint32_t slot = 1; node->level > 0 && slot < node->count; slot++)
        xti_inner_refs(&subject->layout, node)[slot] = xti_inner_refs(&subject->layout, node)[0];
}

static void values_disturb(struct subject *subject, struct xtd_node *node)
{
    static const double values[] = {NAN, INFINITY, -INFINITY, 0.0, 1e30, -1e30, 1e-40};
    double value = values[check_random(&subject->random) % CHECK_COUNT(values)];
    uint64_t slot = check_random(&subject->random) % node->capacity;
    uint64_t side = check_random(&subject->random) % 2;

    if (node->level > 0 && check_random(&subject->random) % 4 == 0)
        xti_inner_origin(node)[side] = value;
    else if (node->level > 0)
        xti_inner_boxes(&subject->layout, node)[side * node->capacity + slot] = (float)value;
    else
        ((double *)xti_leaf_coords(node))[side * node->capacity + slot] = value;
}

static void header_disturb(struct subject *subject, struct xtd_node *node)
{
    static const uint32_t numbers[] = {0, 1, 2, 15, 16, 17, 32, 64, 1024, UINT32_MAX};
    uint32_t number = numbers[check_random(&subject->random) % CHECK_COUNT(numbers)];

    switch (check_random(&subject->random) % 5) {
    case 0:
        node->count = number;
        break;
    case 1:
        node->capacity = number;
        break;
    case 2:
        node->item_count = number == UINT32_MAX ? UINT64_MAX : number;
        break;
    case 3:
        node->level = (uint8_t)number;
        break;
    default:
        node->birth_txn = number;
        break;
    }
}

static void damage(struct subject *subject)
{
    static void (*const ways[])(struct subject *, struct xtd_node *) = {
        byte_disturb, ref_disturb, refs_share, values_disturb, header_disturb};
    struct xtd_node *node = node_pick(subject, check_random(&subject->random) % 2 == 0);
    uint32_t units;

    if (node == NULL)
        return;
    units = node->size_units;
    ways[check_random(&subject->random) % CHECK_COUNT(ways)](subject, node);
    if (node->size_units <= units && node->size_units > 0)
        xti_node_seal(node);
}

/* ---- changes ------------------------------------------------------------------------------- */

static bool is_allowed(xt_status status)
{
    return status == XT_OK || status == XT_ECORRUPT || status == XT_ENOTFOUND || status == XT_EFULL;
}

static xt_status change_any(struct subject *subject, xt_store *store)
{
    const struct oracle *items = &subject->items;
    size_t i = (size_t)(check_random(&subject->random) % items->count);
    size_t j = (size_t)(check_random(&subject->random) % items->count);
    const double *low = items->low + i * items->dims;
    const double *high = items->high + i * items->dims;

    switch (check_random(&subject->random) % 3) {
    case 0:
        return xt_store_insert(store, 7, low, high);
    case 1:
        return xt_store_remove(store, items->ids[i], low, high);
    default:
        return xt_store_move(store, items->ids[i], low, high, items->low + j * items->dims,
                             items->high + j * items->dims);
    }
}

static void store_ask(struct subject *subject, xt_store *store)
{
    bool right;

    (void)answers_try(store, &subject->items, 3, &subject->random, &right);
}

static xt_status store_open(struct subject *subject, xt_store **out)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;

    options.writable = true;
    options.verify = check_random(&subject->random) % 2 == 0 ? XT_VERIFY_LAZY : XT_VERIFY_NONE;
    options.max_overlap = 0.01;
    options.window_bytes = UINT64_C(16) << 20;
    return xti_store_open(disk_os_table(subject->disk), FOLDER, &options, out);
}

static void store_change(struct subject *subject, xt_store *store)
{
    for (unsigned i = 0; i < CHANGES; i++) {
        xt_status status = change_any(subject, store);

        if (!CHECK(is_allowed(status)))
            CHECK_STATUS(status, XT_ECORRUPT);
        if (check_random(&subject->random) % 16 == 0)
            CHECK_STATUS(xt_store_publish(store), XT_OK);
        else if (check_random(&subject->random) % 32 == 0)
            CHECK_STATUS(xt_store_rollback(store), XT_OK);
    }
}

static void changes_of_damaged_trees_are_refused_or_regular(void)
{
    static const xt_item_kind kinds[] = {XT_POINTS, XT_BOXES};

    for (size_t k = 0; k < CHECK_COUNT(kinds); k++) {
        struct subject subject;

        if (!subject_init(&subject, kinds[k], check_seed)) {
            subject_release(&subject);
            return;
        }
        for (unsigned round = 0; round < ROUNDS; round++) {
            xt_store *store;

            damage(&subject);
            if (round % 4 == 0)
                damage(&subject);
            if (store_open(&subject, &store) == XT_OK) {
                store_change(&subject, store);
                store_ask(&subject, store);
                CHECK_STATUS(xt_store_close(store), XT_OK);
            }
            arena_restore(&subject);
        }
        subject_release(&subject);
    }
}

static void what_was_made_of_damaged_trees_can_be_committed_and_opened(void)
{
    for (unsigned round = 0; round < ROUNDS_TO_COMMIT; round++) {
        struct subject subject;
        xt_store *store;

        if (!subject_init(&subject, round % 2 == 0 ? XT_POINTS : XT_BOXES, check_seed + round)) {
            subject_release(&subject);
            return;
        }
        damage(&subject);
        if (store_open(&subject, &store) == XT_OK) {
            store_change(&subject, store);
            CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
            store_change(&subject, store);
            CHECK_STATUS(xt_store_close(store), XT_OK);
            if (CHECK_STATUS(store_open(&subject, &store), XT_OK)) {
                store_ask(&subject, store);
                CHECK_STATUS(xt_store_close(store), XT_OK);
            }
        }
        subject_release(&subject);
    }
}

CHECK_MAIN({"changes_of_damaged_trees_are_refused_or_regular",
            changes_of_damaged_trees_are_refused_or_regular},
           {"what_was_made_of_damaged_trees_can_be_committed_and_opened",
            what_was_made_of_damaged_trees_can_be_committed_and_opened})
