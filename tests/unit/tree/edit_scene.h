/* tests/unit/tree/edit_scene.h -- a store in memory and its writer, for tests of the write path.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef EDIT_SCENE_H
#define EDIT_SCENE_H

#include "support/check.h"
#include "tree/edit.h"

struct edit_scene {
    struct xti_txn *txn;
    struct xti_writer *writer;
};

struct edit_shape {
    uint32_t dims;
    xt_item_kind kind;
    xt_coord_type type;
    uint32_t leaf_capacity, inner_capacity;
    double max_overlap; /* 0: computed */
    xt_medium medium;
};

static inline bool edit_scene_open_on(struct edit_scene *scene, const struct xti_os *os,
                                      const struct edit_shape *shape)
{
    const struct xti_schema schema = {
        shape->dims,           shape->kind, shape->type, shape->leaf_capacity,
        shape->inner_capacity, 4096,        1 << 21};
    const struct xti_writer_options options = {shape->medium, shape->max_overlap, XT_KERNEL_BEST};

    *scene = (struct edit_scene){0};
    return CHECK_STATUS(xti_txn_create(os, NULL, &schema, UINT64_C(4) << 30, NULL, &scene->txn),
                        XT_OK) &&
           CHECK_STATUS(xti_writer_open(scene->txn, &options, &scene->writer), XT_OK);
}

static inline bool edit_scene_open(struct edit_scene *scene, const struct edit_shape *shape)
{
    return edit_scene_open_on(scene, xti_os_real(), shape);
}

static inline void edit_scene_close(struct edit_scene *scene)
{
    xti_writer_close(scene->writer);
    xti_txn_close(scene->txn);
}

/* An own inner node of level 1 with `capacity` slots, origin 0, and no entries. */
static inline struct xtd_node *edit_scene_inner(struct edit_scene *scene, uint32_t capacity)
{
    struct xtd_node *node;

    if (!CHECK_STATUS(
            xti_txn_reserve(scene->txn, xti_inner_units(scene->writer->layout, capacity), NULL),
            XT_OK))
        return NULL;
    node = xti_node_make(scene->writer, 1, capacity);
    xti_node_clear_rest(scene->writer->layout, node);
    return node;
}

/* Publishes; the tree is sound and holds `count` items. */
static inline bool edit_scene_holds(struct edit_scene *scene, uint64_t count)
{
    struct xti_verify_report report;
    struct xti_view *view;
    bool ok;

    if (!CHECK_STATUS(xti_txn_publish(scene->txn), XT_OK) ||
        !CHECK_STATUS(xti_txn_view(scene->txn, &view), XT_OK))
        return false;
    ok = CHECK_STATUS(xti_tree_verify(xti_txn_os(scene->txn), view, false, &report), XT_OK) &&
         CHECK_U64(report.items, count) && CHECK_U64(report.units, view->live_units);
    xti_txn_unview(scene->txn, view);
    return ok;
}

#endif
