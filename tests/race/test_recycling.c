/* tests/race/test_recycling.c -- do readers in other threads find every node of their view as it
 * was published, while the writer frees blocks, takes them again and seals them for the file?
 *
 * The tree is one inner node with 16 leaves; it says of each leaf which seed its content follows
 * from. Meant for the thread sanitizer; it says as much without, but sees less.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <pthread.h>
#include <sched.h>

#include "unit/txn/leaves.h"

#define READERS 3u
#define SLOTS 16u
#define ROUNDS 4000u

struct scene {
    struct xti_txn *txn;
    struct leaf leaves[SLOTS];
    uint32_t root;        /* ref */
    atomic_bool is_over;  /* relaxed: only tells the readers to stop */
    atomic_uint looks;    /* relaxed: views looked at so far */
    atomic_uint mistakes; /* relaxed: read after the threads were joined */
};

static float *seeds(const struct xti_layout *layout, struct xtd_node *root)
{
    return xti_inner_boxes(layout, root);
}

/* ---- readers --------------------------------------------------------------------------------- */

static bool view_holds(const struct xti_view *view)
{
    const struct xti_span *span = NULL;
    struct xti_finding finding;
    const struct xtd_node *root;
    const uint32_t *refs;

    if (view->root_ref == 0)
        return true;
    if (xti_view_node(view, &span, view->root_ref, 1, &root, &finding) != XT_OK)
        return false;
    refs = xti_inner_refs_const(view->layout, root);
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        const float *seed = xti_inner_boxes_const(view->layout, root) + slot;
        struct leaf leaf = {refs[slot], leaf_units(1 + slot % 3), (uint64_t)*seed};
        const struct xtd_node *node;

        if (xti_view_node(view, &span, leaf.ref, 0, &node, &finding) != XT_OK ||
            !leaf_holds(view->layout, node, &leaf))
            return false;
    }
    return true;
}

static void *reader_run(void *context)
{
    struct scene *scene = context;

    while (!atomic_load_explicit(&scene->is_over, memory_order_relaxed)) {
        struct xti_view *view;
        bool holds = xti_txn_view(scene->txn, &view) == XT_OK;

        for (unsigned i = 0; i < 3 && holds; i++) {
            holds = view_holds(view);
            sched_yield();
        }
        xti_txn_unview(scene->txn, view);
        if (!holds)
            atomic_fetch_add_explicit(&scene->mistakes, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&scene->looks, 1, memory_order_relaxed);
    }
    return NULL;
}

/* ---- the writer ------------------------------------------------------------------------------ */

static void tree_make(struct scene *scene)
{
    const struct xti_layout *layout = xti_txn_layout(scene->txn);
    uint32_t units = xti_inner_units(layout, SLOTS);
    struct xti_root root = {0, 2, 0};
    struct xtd_node *node;

    for (uint32_t slot = 0; slot < SLOTS; slot++)
        scene->leaves[slot] = leaf_make(scene->txn, 1 + slot % 3, slot);
    (void)CHECK_STATUS(xti_txn_alloc(scene->txn, units, &root.ref, NULL), XT_OK);
    node = xti_txn_at(scene->txn, root.ref);
    memset(node + 1, 0, (size_t)(units - 1) * XTD_UNIT_BYTES);
    node->count = SLOTS;
    node->capacity = SLOTS;
    node->kind = XTD_INNER;
    node->level = 1;
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        xti_inner_refs(layout, node)[slot] = scene->leaves[slot].ref;
        seeds(layout, node)[slot] = (float)slot;
        node->item_count += scene->leaves[slot].units * 4 - 4;
    }
    root.item_count = node->item_count;
    scene->root = root.ref;
    xti_txn_set_root(scene->txn, root);
    (void)CHECK_STATUS(xti_txn_publish(scene->txn), XT_OK);
}

/* One leaf and the root are copied, and the root of the last publish is freed. */
static void leaf_replace(struct scene *scene, uint32_t round)
{
    const struct xti_layout *layout = xti_txn_layout(scene->txn);
    uint32_t units = xti_inner_units(layout, SLOTS);
    uint32_t slot = round % SLOTS;
    struct leaf old = scene->leaves[slot];
    struct leaf leaf = leaf_make(scene->txn, 1 + slot % 3, round);
    struct xti_root root = xti_txn_root(scene->txn);
    struct xtd_node *node;
    bool is_own;

    if (!CHECK_STATUS(xti_txn_node(scene->txn, root.ref, 1, &node, &is_own), XT_OK) ||
        !CHECK_STATUS(xti_txn_alloc(scene->txn, units, &root.ref, NULL), XT_OK))
        return;
    memcpy(xti_txn_at(scene->txn, root.ref), node, (size_t)units * XTD_UNIT_BYTES);
    node = xti_txn_at(scene->txn, root.ref);
    xti_txn_mark(scene->txn, node, root.ref);
    xti_inner_refs(layout, node)[slot] = leaf.ref;
    seeds(layout, node)[slot] = (float)round;
    xti_txn_free(scene->txn, old.ref, old.units);
    xti_txn_free(scene->txn, scene->root, units);
    xti_txn_set_root(scene->txn, root);
    if (round % 7 == 0) {
        (void)CHECK_STATUS(xti_txn_rollback(scene->txn), XT_OK);
        return;
    }
    scene->leaves[slot] = leaf;
    scene->root = root.ref;
    if (round % 500 == 1)
        (void)CHECK_STATUS(xti_txn_commit(scene->txn, NULL), XT_OK);
    else
        (void)CHECK_STATUS(xti_txn_publish(scene->txn), XT_OK);
}

static void scene_run(struct scene *scene)
{
    pthread_t threads[READERS];
    uint32_t started = 0;

    tree_make(scene);
    while (started < READERS &&
           CHECK_INT(pthread_create(&threads[started], NULL, reader_run, scene), 0))
        started++;
    for (uint32_t round = SLOTS; round < ROUNDS; round++) {
        leaf_replace(scene, round);
        while (atomic_load_explicit(&scene->looks, memory_order_relaxed) < round / 8)
            sched_yield();
    }
    atomic_store_explicit(&scene->is_over, true, memory_order_relaxed);
    while (started-- > 0)
        (void)CHECK_INT(pthread_join(threads[started], NULL), 0);
    (void)CHECK_INT(atomic_load_explicit(&scene->mistakes, memory_order_relaxed), 0);
}

static void readers_in_memory_never_see_a_block_that_was_taken_again(void)
{
    struct scene scene = {.txn = scene_create(xti_os_real(), NULL, 4096)};
    xt_store_stats stats;

    if (scene.txn == NULL)
        return;
    scene_run(&scene);
    xti_txn_stats(scene.txn, &stats);
    /* Of 2 MiB: blocks were taken again. A reader that is held up makes it one more. */
    (void)CHECK(stats.arena_count <= 2);
    xti_txn_close(scene.txn);
}

/* The handle is opened anew, so that it knows which checksums it has seen. */
static void readers_of_a_store_with_files_never_do_either(void)
{
    struct xti_schema schema = scene_schema(4096);
    struct scene scene = {.txn = NULL};
    struct xti_txn *txn;
    char path[4200];

    (void)snprintf(path, sizeof path, "%s/store", check_scratch());
    if (!CHECK_STATUS(xti_txn_create(xti_os_real(), path, &schema, WINDOW_BYTES, NULL, &txn),
                      XT_OK))
        return;
    xti_txn_close(txn);
    if (!CHECK_STATUS(
            xti_txn_open(xti_os_real(), path, true, XT_VERIFY_LAZY, WINDOW_BYTES, NULL, &scene.txn),
            XT_OK))
        return;
    scene_run(&scene);
    xti_txn_close(scene.txn);
}

CHECK_MAIN({"readers_in_memory_never_see_a_block_that_was_taken_again",
            readers_in_memory_never_see_a_block_that_was_taken_again},
           {"readers_of_a_store_with_files_never_do_either",
            readers_of_a_store_with_files_never_do_either})
