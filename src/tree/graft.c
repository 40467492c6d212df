/* src/tree/graft.c -- makes one tree of two: of what a store holds and what a bulk load has built.
 *
 * The smaller tree's leaves go into the larger one. Where a leaf lies across many leaves of the
 * larger tree, it is hung in as it is, below the level-1 node that suffers least: its items are
 * thinly spread there, and putting each where it belongs would copy a leaf for nearly every item.
 * Where it lies across few, its items are inserted. So what is written follows what is added.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/graft.h"

#include <string.h>

#include "tree/edit.h"

/* Of so many items of a leaf it is asked where they would go; up to a quarter as many leaves are
 * few. */
#define SAMPLES 8u
#define FEW_LEAVES (SAMPLES / 4)

struct graft {
    struct xti_writer *writer;
    struct xti_walker {
        struct xti_step step;
        uint32_t next_slot;
    } walk[XTD_LEVELS_MAX]; /* of the smaller tree, by level */
    const struct xti_graft *task;
    uint64_t done; /* items of the smaller tree */
    double box_low[XT_DIMS_MAX];
    double box_high[XT_DIMS_MAX];
};

static void item_get(struct xti_writer *writer, const struct xtd_node *leaf, uint32_t slot)
{
    const struct xti_layout *layout = writer->layout;

    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        size_t low = xti_leaf_side(layout, leaf, axis, false) + slot;
        size_t high = xti_leaf_side(layout, leaf, axis, true) + slot;

        writer->low[axis] = xti_leaf_value(layout, leaf, low);
        writer->high[axis] = xti_leaf_value(layout, leaf, high);
    }
    writer->exact.is_set = false;
}

/* Few leaves of the larger tree would take all of the leaf's items. */
static xt_status leaf_is_dense(struct xti_writer *writer, const struct xtd_node *leaf,
                               bool *is_dense)
{
    uint32_t refs[SAMPLES];
    uint32_t count = 0;

    for (uint32_t i = 0; i < SAMPLES; i++) {
        uint32_t known = 0;
        xt_status status;

        item_get(writer, leaf, (uint32_t)((uint64_t)i * leaf->count / SAMPLES));
        writer->has_path = false;
        status = xti_path_find(writer, 0);
        if (status != XT_OK)
            return status;
        while (known < count && refs[known] != writer->path[0].ref)
            known++;
        if (known == count)
            refs[count++] = writer->path[0].ref;
    }
    *is_dense = count <= FEW_LEAVES;
    return XT_OK;
}

static xt_status items_insert(struct xti_writer *writer, const struct xtd_node *leaf)
{
    const uint64_t *ids = xti_leaf_ids_const(writer->layout, leaf);

    for (uint32_t slot = 0; slot < leaf->count; slot++) {
        xt_status status;

        item_get(writer, leaf, slot);
        status = xti_insert_item(writer, ids[slot]);
        if (status != XT_OK)
            return status;
    }
    xti_node_drop(writer, leaf);
    return XT_OK;
}

static xt_status leaf_hang(struct graft *graft, const struct xtd_node *leaf)
{
    struct xti_writer *writer = graft->writer;
    const struct xti_layout *layout = writer->layout;
    xt_status status;

    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        writer->low[axis] = INFINITY;
        writer->high[axis] = -INFINITY;
    }
    xti_leaf_box_add(layout, leaf, writer->low, writer->high);
    writer->exact.is_set = false;
    writer->has_path = false;
    status = xti_path_find(writer, 1);
    if (status == XT_OK)
        status = xti_path_prepare(writer, 1);
    if (status != XT_OK)
        return status;
    for (uint32_t level = 1; level < writer->root.height; level++)
        writer->path[level].node->item_count += leaf->item_count;
    writer->root.item_count += leaf->item_count;
    xti_path_add_child(writer, 1, leaf);
    return XT_OK;
}

static xt_status leaf_graft(struct graft *graft, const struct xtd_node *leaf)
{
    bool is_dense = true;
    xt_status status = XT_OK;

    if (graft->writer->root.height > 1)
        status = leaf_is_dense(graft->writer, leaf, &is_dense);
    if (status != XT_OK)
        return status;
    graft->done += leaf->count;
    status = is_dense ? items_insert(graft->writer, leaf) : leaf_hang(graft, leaf);
    if (status == XT_OK && !graft->task->progress(graft->task->context, graft->done))
        return XT_ECANCELLED;
    return status;
}

/* Depth first; inner nodes of the smaller tree end when their children have gone. */
static xt_status leaves_graft(struct graft *graft, struct xti_root root)
{
    struct xti_writer *writer = graft->writer;
    uint32_t level = root.height - 1;
    xt_status status = xti_step_enter(writer, &graft->walk[level].step, level, root.ref);

    while (status == XT_OK && level < root.height) {
        struct xti_walker *walker = &graft->walk[level];
        struct xtd_node *node = walker->step.node;

        if (level == 0) {
            status = leaf_graft(graft, node);
            level++;
        } else if (walker->next_slot < node->count) {
            uint32_t ref = xti_inner_refs_const(writer->layout, node)[walker->next_slot++];

            level--;
            graft->walk[level].next_slot = 0;
            status = xti_step_enter(writer, &graft->walk[level].step, level, ref);
        } else {
            xti_node_drop(writer, node);
            level++;
        }
    }
    return status;
}

xt_status xti_tree_graft(struct xti_writer *writer, const struct xti_graft *task)
{
    const struct xti_os *os = writer->os;
    struct graft *graft = xti_alloc_zeroed(os, sizeof *graft);
    struct xti_root smaller = task->b;
    xt_status status;

    if (graft == NULL)
        return XT_ENOMEM;
    xti_writer_begin(writer);
    writer->root = task->a;
    if (task->a.item_count < task->b.item_count) {
        writer->root = task->b;
        smaller = task->a;
    }
    graft->writer = writer;
    graft->task = task;
    status = leaves_graft(graft, smaller);
    writer->has_path = false;
    os->free(os, graft, sizeof *graft);
    if (status == XT_OK)
        xti_writer_end(writer);
    return status;
}
