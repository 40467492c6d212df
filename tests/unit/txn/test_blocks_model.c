/* tests/unit/txn/test_blocks_model.c -- does every byte that a view, the writer or the disk may
 * lead to stay what it was, whatever is taken, freed, edited, spilled, published, rolled back or
 * committed?
 *
 * Random steps beside a plain list of leaves. After each step every leaf of the pending change and
 * of every open view is compared byte for byte.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unit/txn/leaves.h"

#define LEAVES_MAX 40u
#define VIEWS_MAX 5u
#define STEPS 1500u

/* All blocks that a tree would refer to. */
struct state {
    struct leaf leaves[LEAVES_MAX];
    bool is_new[LEAVES_MAX]; /* made by the pending change */
    uint32_t count;
};

struct open_view {
    struct xti_view *view;
    struct state state;
};

struct world {
    struct disk_os *disk; /* NULL: in memory */
    struct fail_os fail;
    struct xti_txn *txn;
    struct state pending, published, committed;
    struct open_view views[VIEWS_MAX];
    uint32_t view_count;
    bool was_written; /* a part of the pending change may have been handed to a file */
    uint64_t random;
    uint64_t seed; /* of the last leaf */
    uint64_t hits; /* failures that did happen */
};

static uint32_t draw(struct world *world, uint32_t end)
{
    return (uint32_t)(check_random(&world->random) % end);
}

static void fail_one(struct world *world, unsigned kinds, uint64_t nth)
{
    fail_os_reset(&world->fail);
    world->fail.kinds = kinds;
    world->fail.fail_at = nth;
}

static void fail_none(struct world *world)
{
    world->hits += world->fail.hit ? 1 : 0;
    fail_os_reset(&world->fail);
    world->fail.fail_forever = false;
}

/* ---- comparing ------------------------------------------------------------------------------ */

static bool state_in_view(const struct xti_view *view, const struct state *state)
{
    bool holds = true;

    for (uint32_t i = 0; i < state->count && holds; i++)
        holds = leaf_in_view(view, &state->leaves[i]);
    return holds;
}

static bool pending_holds(struct world *world)
{
    const struct state *state = &world->pending;

    for (uint32_t i = 0; i < state->count; i++) {
        const struct leaf *leaf = &state->leaves[i];
        struct xtd_node *node;
        bool is_own;

        if (!CHECK_STATUS(xti_txn_node(world->txn, leaf->ref, 0, &node, &is_own), XT_OK) ||
            !CHECK(leaf_holds(xti_txn_layout(world->txn), node, leaf)) ||
            !CHECK(is_own ? state->is_new[i] : !state->is_new[i] || world->was_written))
            return false;
    }
    return true;
}

static bool world_holds(struct world *world)
{
    bool holds = pending_holds(world);

    for (uint32_t i = 0; i < world->view_count && holds; i++)
        holds = CHECK(state_in_view(world->views[i].view, &world->views[i].state));
    return holds;
}

static uint64_t state_bytes(const struct state *state)
{
    uint64_t units = 0;

    for (uint32_t i = 0; i < state->count; i++)
        units += state->leaves[i].units;
    return units * XTD_UNIT_BYTES;
}

/* The newest view and what statistics say of it. */
static void published_holds(struct world *world)
{
    struct xti_view *view;
    xt_store_stats stats;

    if (!CHECK_STATUS(xti_txn_view(world->txn, &view), XT_OK))
        return;
    (void)CHECK(state_in_view(view, &world->published));
    (void)CHECK_U64(view->live_units * XTD_UNIT_BYTES, state_bytes(&world->published));
    xti_txn_unview(world->txn, view);
    xti_txn_stats(world->txn, &stats);
    (void)CHECK_U64(stats.live_bytes, state_bytes(&world->published));
}

/* What the disk holds after a power loss; checksums are looked at. */
static void committed_holds(struct world *world)
{
    struct disk_os *reborn = disk_os_reboot(world->disk, DISK_LOSE_ALL, 1);
    struct xti_txn *reader = scene_open(disk_os_table(reborn), false);
    struct xti_view *view;
    uint64_t bytes = 0;

    if (CHECK(reader != NULL) && CHECK_STATUS(xti_txn_view(reader, &view), XT_OK)) {
        (void)CHECK(state_in_view(view, &world->committed));
        (void)CHECK_STATUS(xti_txn_check(reader, true, &bytes, NULL), XT_OK);
        xti_txn_unview(reader, view);
    }
    xti_txn_close(reader);
    disk_os_destroy(reborn);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static uint32_t draw_size(struct world *world)
{
    static const uint32_t sizes[] = {1, 1, 1, 1, 2, 2, 3, 20, 33, 100};

    return sizes[draw(world, CHECK_COUNT(sizes))];
}

static void add(struct world *world)
{
    struct state *state = &world->pending;

    if (state->count == LEAVES_MAX)
        return;
    state->leaves[state->count] = leaf_make(world->txn, draw_size(world), ++world->seed);
    state->is_new[state->count++] = true;
}

/* Sometimes there is no memory to remember the block by. */
static void drop(struct world *world)
{
    struct state *state = &world->pending;
    uint32_t i;

    if (state->count == 0)
        return;
    i = draw(world, state->count);
    if (draw(world, 8) == 0) {
        fail_one(world, FAIL_ALLOC, 1);
        world->fail.fail_forever = true;
    }
    xti_txn_free(world->txn, state->leaves[i].ref, state->leaves[i].units);
    fail_none(world);
    state->leaves[i] = state->leaves[--state->count];
    state->is_new[i] = state->is_new[state->count];
}

/* In place where that is allowed, else in a copy. */
static void change(struct world *world)
{
    struct state *state = &world->pending;
    struct xti_txn *txn = world->txn;
    struct xtd_node *node;
    struct leaf *leaf;
    bool is_own;
    uint32_t i;

    if (state->count == 0)
        return;
    i = draw(world, state->count);
    leaf = &state->leaves[i];
    if (!CHECK_STATUS(xti_txn_node(txn, leaf->ref, 0, &node, &is_own), XT_OK))
        return;
    if (!is_own) {
        uint32_t old_ref = leaf->ref;

        (void)CHECK_STATUS(xti_txn_alloc(txn, leaf->units, &leaf->ref, NULL), XT_OK);
        memcpy(xti_txn_at(txn, leaf->ref), node, leaf->units * (size_t)XTD_UNIT_BYTES);
        xti_txn_mark(txn, xti_txn_at(txn, leaf->ref), leaf->ref);
        xti_txn_free(txn, old_ref, leaf->units);
    }
    leaf->seed = ++world->seed;
    state->is_new[i] = true;
    leaf_fill(txn, leaf);
}

static void become_published(struct world *world)
{
    memset(world->pending.is_new, 0, sizeof world->pending.is_new);
    world->published = world->pending;
    world->was_written = false;
    published_holds(world);
}

static void set_root(struct world *world)
{
    const struct state *state = &world->pending;
    struct xti_root root = {0, 0, 0};

    if (state->count > 0) {
        root.ref = state->leaves[0].ref;
        root.height = 1;
        root.item_count = (state->leaves[0].units - 1) * 4;
    }
    xti_txn_set_root(world->txn, root);
}

static void publish(struct world *world)
{
    xt_status status;

    set_root(world);
    if (draw(world, 8) == 0)
        fail_one(world, FAIL_ALLOC, 1 + draw(world, 3));
    status = xti_txn_publish(world->txn);
    (void)CHECK(status == XT_OK || (status == XT_ENOMEM && world->fail.hit));
    fail_none(world);
    if (status == XT_OK)
        become_published(world);
}

static void rollback(struct world *world)
{
    xt_status status;

    if (draw(world, 3) == 0)
        fail_one(world, FAIL_PLACE_MEMORY, 1);
    status = xti_txn_rollback(world->txn);
    (void)CHECK(status == XT_OK || (status == XT_ENOMEM && world->fail.hit));
    fail_none(world);
    world->pending = world->published;
    world->was_written = false;
}

static void unview(struct world *world)
{
    uint32_t i;

    if (world->view_count == 0)
        return;
    i = draw(world, world->view_count);
    xti_txn_unview(world->txn, world->views[i].view);
    world->views[i] = world->views[--world->view_count];
}

static void view(struct world *world)
{
    struct open_view *slot;

    if (world->view_count == VIEWS_MAX)
        unview(world);
    slot = &world->views[world->view_count++];
    (void)CHECK_STATUS(xti_txn_view(world->txn, &slot->view), XT_OK);
    slot->state = world->published;
}

static void reopen(struct world *world)
{
    while (world->view_count > 0)
        unview(world);
    xti_txn_close(world->txn);
    world->txn = scene_open(&world->fail.os, true);
    world->pending = world->committed;
    world->published = world->committed;
    world->was_written = false;
}

static void commit(struct world *world)
{
    xt_status status;

    set_root(world);
    if (draw(world, 2) == 0)
        fail_one(world, FAIL_WRITE | FAIL_ALLOC, 1 + draw(world, 4));
    status = xti_txn_commit(world->txn, NULL);
    fail_none(world);
    world->was_written = true;
    if (status == XT_OK) {
        become_published(world);
        world->committed = world->published;
        if (world->disk != NULL)
            committed_holds(world);
    } else if (status == XT_EBROKEN) {
        /* What failed is the write to HEAD: who opens the store finds the commit behind it. */
        memset(world->pending.is_new, 0, sizeof world->pending.is_new);
        world->committed = world->pending;
        reopen(world);
        published_holds(world);
    }
}

static void spill(struct world *world)
{
    if (world->disk == NULL)
        return;
    (void)CHECK_STATUS(xti_txn_spill(world->txn, NULL), XT_OK);
    world->was_written = true;
}

static void step(struct world *world)
{
    uint32_t what = draw(world, 100);

    if (what < 28)
        add(world);
    else if (what < 48)
        drop(world);
    else if (what < 74)
        change(world);
    else if (what < 82)
        publish(world);
    else if (what < 87)
        view(world);
    else if (what < 92)
        unview(world);
    else if (what < 96)
        rollback(world);
    else if (what < 97)
        spill(world);
    else if (what < 99)
        commit(world);
    else if (world->disk != NULL && draw(world, 4) == 0)
        reopen(world);
}

static void world_run(uint64_t seed, bool on_disk)
{
    struct world *world = calloc(1, sizeof *world);

    if (!CHECK(world != NULL)) {
        free(world);
        return;
    }
    world->random = seed;
    world->disk = on_disk ? disk_os_create(seed) : NULL;
    fail_os_init(&world->fail, on_disk ? disk_os_table(world->disk) : xti_os_real());
    world->txn = scene_create(&world->fail.os, on_disk ? PATH : NULL, 4096);
    for (uint32_t i = 0; i < STEPS; i++) {
        step(world);
        if (world->txn == NULL || !world_holds(world)) {
            printf("step %u of seed %llu\n", (unsigned)i, (unsigned long long)seed);
            break;
        }
    }
    (void)CHECK(world->hits > 0);
    while (world->view_count > 0)
        unview(world);
    xti_txn_close(world->txn);
    (void)CHECK(fail_os_is_clean(&world->fail));
    disk_os_destroy(world->disk);
    free(world);
}

static void bytes_in_memory_stay_what_they_were(void)
{
    for (uint64_t i = 0; i < 12; i++)
        world_run(check_seed + i, false);
}

static void bytes_of_a_store_with_files_stay_what_they_were(void)
{
    for (uint64_t i = 0; i < 12; i++)
        world_run(check_seed + 100 + i, true);
}

CHECK_MAIN({"bytes_in_memory_stay_what_they_were", bytes_in_memory_stay_what_they_were},
           {"bytes_of_a_store_with_files_stay_what_they_were",
            bytes_of_a_store_with_files_stay_what_they_were})
