/* src/tree/insert.c -- insertion of one item.
 *
 * The path of the insertion before is tried first: where one of its nodes holds the new item's box,
 * the way down begins there. Input in a spatial order so finds its leaf in one step.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/edit.h"

/* ---- the way down ------------------------------------------------------------------------- */

/* How much longer the edges of the leaf's box may become, as a part of what they are. */
#define FINGER_GROWTH 0.5

/* The leaf of the old path takes the item although its box does not hold it: the box grows by
 * little and meets no other then. Items that come in an order mostly go this way, past the search
 * for the best child. */
static bool leaf_may_grow(struct xti_writer *writer)
{
    const struct xti_layout *layout = writer->layout;
    const struct xti_step *step = &writer->path[1];
    const struct xti_frame *item = &writer->exact;
    float *lo = writer->grown_lo;
    float *hi = writer->grown_hi;
    double edges = 0;
    double grown = 0;
    uint64_t meet;

    if (step->node->count > 64)
        return false;
    xti_slot_box_get(layout, step->node, step->slot, lo, hi);
    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        edges += (double)hi[axis] - (double)lo[axis];
        lo[axis] = item->lo[axis] < lo[axis] ? item->lo[axis] : lo[axis];
        hi[axis] = item->hi[axis] > hi[axis] ? item->hi[axis] : hi[axis];
        grown += (double)hi[axis] - (double)lo[axis];
    }
    if (!(grown - edges <= FINGER_GROWTH * edges))
        return false;
    meet = writer->kernels->boxes_meet_f32(xti_inner_boxes_const(layout, step->node),
                                           step->node->capacity, 0, layout->dims, lo, hi);
    return meet == UINT64_C(1) << step->slot;
}

/* The lowest level whose node on the old path may take the item; the height when there is none.
 * When items come in no order it is enough to look at the leaf. */
static uint32_t path_level(struct xti_writer *writer)
{
    uint32_t height = writer->root.height;
    uint32_t most = writer->is_in_order ? height : 2;

    for (uint32_t level = 1; level < most && level < height && writer->has_path; level++) {
        const struct xti_step *step = &writer->path[level];

        xti_frame_item(writer, step->node);
        writer->path_holds = xti_slot_holds(writer->layout, step->node, step->slot, &writer->exact);
        if (writer->path_holds) {
            writer->is_in_order = level <= 2;
            return level - 1;
        }
        if (level == 1 && writer->is_in_order && leaf_may_grow(writer))
            return 0;
    }
    writer->is_in_order &= !writer->has_path;
    return height;
}

xt_status xti_path_find(struct xti_writer *writer, uint32_t bottom)
{
    uint32_t level = path_level(writer);
    xt_status status = XT_OK;

    writer->path_is_own = true;
    if (level == writer->root.height) {
        status = xti_path_enter(writer, --level, writer->root.ref);
        writer->path_is_own = writer->path[level].is_own;
        writer->path_holds = false;
    }
    for (; level > bottom && status == XT_OK; level--) {
        struct xti_step *step = &writer->path[level];
        uint32_t ref;

        writer->path_holds = xti_choose(writer, step->node, &step->slot);
        ref = xti_inner_refs_const(writer->layout, step->node)[step->slot];
        if (level <= 2) /* nodes further up are in the processor's cache */
            xti_child_ask(writer, ref, level - 1);
        status = xti_path_enter(writer, level - 1, ref);
        writer->path_is_own &= writer->path[level - 1].is_own;
    }
    return status;
}

/* ---- the leaf ----------------------------------------------------------------------------- */

void xti_leaf_write(struct xti_writer *writer, struct xtd_node *leaf, uint32_t slot, uint64_t id)
{
    const struct xti_layout *layout = writer->layout;
    bool is_points = layout->leaf_kind == XTD_LEAF_POINTS;

    for (uint32_t axis = 0; axis < layout->leaf_axes; axis++) {
        size_t at = (size_t)axis * leaf->capacity + slot;
        uint32_t dim = is_points ? axis : axis / 2;
        double value = is_points || axis % 2 == 0 ? writer->low[dim] : writer->high[dim];

        if (layout->coord_bytes == sizeof(double))
            ((double *)xti_leaf_coords(leaf))[at] = value;
        else
            ((float *)xti_leaf_coords(leaf))[at] = (float)value;
    }
    xti_leaf_ids(layout, leaf)[slot] = id;
}

static void leaf_append(struct xti_writer *writer, uint64_t id)
{
    struct xtd_node *leaf = writer->path[0].node;

    xti_leaf_write(writer, leaf, leaf->count, id);
    leaf->count++;
    leaf->item_count = leaf->count;
    if (writer->root.height == 1 || writer->path_holds)
        return;
    xti_frame_item(writer, writer->path[1].node);
    for (uint32_t axis = 0; axis < writer->layout->dims; axis++) {
        writer->rising.origin[axis] = writer->exact.origin[axis];
        writer->rising.lo[axis] = writer->exact.lo[axis];
        writer->rising.hi[axis] = writer->exact.hi[axis];
    }
    writer->rising.is_set = true;
    xti_path_rise(writer, 1);
}

/* The path goes on to lead to the new item, unless the parent was full too. */
static void leaf_overflow(struct xti_writer *writer, uint64_t id)
{
    struct xtd_node *sibling = xti_leaf_split(writer, id);

    writer->has_path = xti_path_add(writer, 0, sibling);
    if (!writer->has_path || !writer->entries.newest_is_right)
        return;
    writer->path[0] = (struct xti_step){sibling, sibling->self_ref, 0, true};
    writer->path[1].slot = writer->path[1].node->count - 1;
}

static xt_status insert_first(struct xti_writer *writer, uint64_t id)
{
    uint32_t capacity = writer->layout->leaf_capacity;
    struct xtd_node *leaf;
    xt_status status = xti_txn_reserve(writer->txn, xti_leaf_units(writer->layout, capacity), NULL);

    if (status != XT_OK)
        return status;
    leaf = xti_node_make(writer, 0, capacity);
    xti_node_clear_rest(writer->layout, leaf);
    writer->root = (struct xti_root){leaf->self_ref, 1, 0};
    writer->path[0] = (struct xti_step){leaf, leaf->self_ref, 0, true};
    leaf_append(writer, id);
    writer->has_path = true;
    return XT_OK;
}

static bool path_has_room(const struct xti_writer *writer)
{
    const struct xtd_node *leaf = writer->path[0].node;

    return writer->path_is_own && leaf->count < leaf->capacity;
}

xt_status xti_path_prepare(struct xti_writer *writer, uint32_t bottom)
{
    xt_status status = xti_path_fit(writer, bottom);

    if (status == XT_OK)
        status = xti_txn_reserve(writer->txn, xti_path_units(writer, bottom), NULL);
    if (status == XT_OK)
        xti_path_own(writer, bottom);
    return status;
}

xt_status xti_insert_item(struct xti_writer *writer, uint64_t id)
{
    xt_status status;

    if (writer->root.height == 0) {
        status = insert_first(writer, id);
        writer->root.item_count += status == XT_OK;
        return status;
    }
    status = xti_path_find(writer, 0);
    writer->has_path = false;
    if (status == XT_OK && !path_has_room(writer))
        status = xti_path_prepare(writer, 0);
    if (status != XT_OK)
        return status;
    for (uint32_t level = 1; level < writer->root.height; level++)
        writer->path[level].node->item_count++;
    writer->root.item_count++;
    if (writer->path[0].node->count < writer->path[0].node->capacity) {
        leaf_append(writer, id);
        writer->has_path = true;
    } else {
        leaf_overflow(writer, id);
    }
    return XT_OK;
}

xt_status xti_tree_insert(struct xti_writer *writer, uint64_t id, const double *low,
                          const double *high)
{
    xt_status status = xti_writer_item(writer, low, high);

    if (status != XT_OK)
        return status;
    xti_writer_begin(writer);
    status = xti_insert_item(writer, id);
    if (status == XT_OK)
        xti_writer_end(writer);
    return status;
}
