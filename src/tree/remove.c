/* src/tree/remove.c -- finding an item by its id and box; removing it; moving it.
 *
 * The hole that an item leaves is filled by the last of its node. Boxes are made tight again up the
 * path, as far as the item reached their borders. A node that has become too empty gives its
 * entries to a sibling, or takes some of them; so no reinsertion walks through the tree.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/edit.h"

#include <string.h>

/* ---- finding ------------------------------------------------------------------------------ */

static bool slot_is_item(const struct xti_writer *writer, const struct xtd_node *leaf,
                         uint32_t slot)
{
    const struct xti_layout *layout = writer->layout;
    bool is_equal = true;

    for (uint32_t axis = 0; axis < layout->dims && is_equal; axis++) {
        size_t low = xti_leaf_side(layout, leaf, axis, false) + slot;
        size_t high = xti_leaf_side(layout, leaf, axis, true) + slot;

        is_equal = xti_leaf_value(layout, leaf, low) == writer->low[axis] &&
                   xti_leaf_value(layout, leaf, high) == writer->high[axis];
    }
    return is_equal;
}

static bool leaf_find(struct xti_writer *writer, uint64_t id)
{
    struct xti_step *step = &writer->path[0];
    const uint64_t *ids = xti_leaf_ids_const(writer->layout, step->node);

    for (uint32_t slot = 0; slot < step->node->count; slot++) {
        if (ids[slot] != id || !slot_is_item(writer, step->node, slot))
            continue;
        step->slot = slot;
        return true;
    }
    return false;
}

/* The search in one inner node: the children of a block of 64 slots still to be entered. */
struct search {
    uint64_t mask;
    uint32_t next_slot; /* where the next block begins */
};

/* The next child that may hold the item. */
static bool search_next(struct xti_writer *writer, struct search *search, struct xti_step *step)
{
    const struct xti_layout *layout = writer->layout;
    const struct xtd_node *node = step->node;

    while (search->mask == 0) {
        if (search->next_slot >= node->count)
            return false;
        xti_frame_item(writer, node);
        search->mask =
            writer->kernels->inner_covers(xti_inner_boxes_const(layout, node) + search->next_slot,
                                          node->capacity, xti_slots_left(node, search->next_slot),
                                          layout->dims, writer->exact.lo, writer->exact.hi);
        search->next_slot += 64;
    }
    step->slot = search->next_slot - 64 + (uint32_t)__builtin_ctzll(search->mask);
    search->mask &= search->mask - 1;
    return true;
}

/* Puts the path to the item writer->low, high, id; XT_ENOTFOUND. */
static xt_status item_find(struct xti_writer *writer, uint64_t id)
{
    struct search searches[XTD_LEVELS_MAX];
    uint64_t visits_left = xti_writer_units(writer);
    uint32_t level = writer->root.height;
    uint32_t ref = writer->root.ref;
    xt_status status;

    writer->has_path = false;
    if (level == 0)
        return XT_ENOTFOUND;
    for (;;) {
        if (visits_left-- == 0)
            return XT_ECORRUPT;
        status = xti_path_enter(writer, --level, ref);
        if (status != XT_OK)
            return status;
        searches[level] = (struct search){0, 0};
        if (level == 0 && leaf_find(writer, id))
            return XT_OK;
        while (level == 0 || !search_next(writer, &searches[level], &writer->path[level])) {
            if (++level == writer->root.height)
                return XT_ENOTFOUND;
        }
        ref = xti_inner_refs_const(writer->layout,
                                   writer->path[level].node)[writer->path[level].slot];
        if (level <= 2)
            xti_child_ask(writer, ref, level - 1);
    }
}

/* ---- tight boxes -------------------------------------------------------------------------- */

/* The item reaches the border of the box that its leaf's parent stores. */
static bool is_at_border(struct xti_writer *writer)
{
    const struct xti_layout *layout = writer->layout;
    const struct xti_step *above = &writer->path[1];
    const float *side = xti_inner_boxes_const(layout, above->node) + above->slot;
    size_t capacity = above->node->capacity;
    bool is_inside = true;

    xti_frame_item(writer, above->node);
    for (uint32_t axis = 0; axis < layout->dims; axis++, side += 2 * capacity)
        is_inside &= writer->exact.lo[axis] > side[0] && writer->exact.hi[axis] < side[capacity];
    return !is_inside;
}

/* Makes stored boxes tight from that of the path's node of `level` on, as far as they change. */
static void path_tighten(struct xti_writer *writer, uint32_t level)
{
    const struct xti_layout *layout = writer->layout;

    for (; level + 1 < writer->root.height; level++) {
        struct xtd_node *node = writer->path[level].node;
        struct xti_step *above = &writer->path[level + 1];
        const struct xti_frame *frame = &writer->rising;
        bool is_same = true;

        if (level > 0)
            (void)xti_origin_renew(writer, node);
        xti_frame_content(writer, node, above->node);
        xti_slot_box_get(layout, above->node, above->slot, writer->grown_lo, writer->grown_hi);
        for (uint32_t axis = 0; axis < layout->dims; axis++)
            is_same &= writer->grown_lo[axis] == frame->lo[axis] &&
                       writer->grown_hi[axis] == frame->hi[axis];
        if (is_same)
            return;
        xti_slot_box_set(layout, above->node, above->slot, frame->lo, frame->hi);
    }
}

/* ---- merging ------------------------------------------------------------------------------ */

static uint32_t normal_capacity(const struct xti_layout *layout, uint32_t level)
{
    return level == 0 ? layout->leaf_capacity : layout->inner_capacity;
}

/* How much longer the edges of a slot's box become when it takes in another's. */
static double slots_growth(const struct xti_layout *layout, const struct xtd_node *node, uint32_t a,
                           uint32_t b)
{
    const float *side = xti_inner_boxes_const(layout, node);
    double growth = 0;

    for (uint32_t axis = 0; axis < layout->dims; axis++, side += 2 * (size_t)node->capacity) {
        const float *high = side + node->capacity;
        double below = (double)side[a] - (double)side[b];
        double above = (double)high[b] - (double)high[a];

        growth += (below > 0 ? below : 0.0) + (above > 0 ? above : 0.0);
    }
    return growth;
}

/* The sibling that suffers least from taking in the entries of `slot`. There are two at least. */
static uint32_t sibling_choose(const struct xti_layout *layout, const struct xtd_node *node,
                               uint32_t slot)
{
    uint32_t best = slot == 0 ? 1 : 0;
    double least = INFINITY;

    for (uint32_t other = 0; other < node->count; other++) {
        double growth;

        if (other == slot)
            continue;
        growth = slots_growth(layout, node, other, slot);
        if (growth < least) {
            least = growth;
            best = other;
        }
    }
    return best;
}

/* An own copy of a sibling with room for `capacity` entries, in its place. */
static struct xtd_node *sibling_own(struct xti_writer *writer, struct xtd_node *parent,
                                    uint32_t slot, struct xti_step *sibling, uint32_t capacity)
{
    struct xtd_node *old = sibling->node;

    if (sibling->is_own && old->capacity == capacity)
        return old;
    sibling->node = xti_node_copy(writer, old, capacity);
    xti_node_drop(writer, old);
    xti_inner_refs(writer->layout, parent)[slot] = sibling->node->self_ref;
    return sibling->node;
}

/* Moves all entries of `from` behind those of `to`. */
static void entries_move(struct xti_writer *writer, struct xtd_node *to, struct xtd_node *from)
{
    const struct xti_layout *layout = writer->layout;

    if (from->level > 0)
        xti_origin_move(layout, from, xti_inner_origin_const(to));
    xti_node_append_all(layout, to, from);
    to->item_count += from->item_count;
    if (from->level > 0)
        (void)xti_origin_renew(writer, to);
    xti_node_drop(writer, from);
}

static void slot_box_content(struct xti_writer *writer, struct xtd_node *parent, uint32_t slot,
                             const struct xtd_node *child)
{
    xti_frame_content(writer, child, parent);
    xti_slot_box_set(writer->layout, parent, slot, writer->rising.lo, writer->rising.hi);
}

/* Both keep a part of what they have together. */
static bool entries_share(struct xti_writer *writer, struct xtd_node *node,
                          struct xtd_node *sibling)
{
    uint32_t count = node->count + sibling->count;
    struct xti_split split = {0, 0};

    if (xti_entries_fit(writer, count) != XT_OK)
        return false;
    if (node->level > 0)
        xti_origin_move(writer->layout, node, xti_inner_origin_const(sibling));
    xti_entries_take(writer, sibling, true);
    xti_entries_take(writer, node, false);
    xti_entries_end(writer, node);
    xti_split_find(writer, node->level == 0, count / 3, &split);
    node->item_count += sibling->item_count;
    xti_entries_write(writer, &split, node, sibling);
    writer->stats.redistributions++;
    return true;
}

enum merge_result {
    MERGE_NOTHING, /* no memory, or the sibling is damaged */
    MERGE_SHARED,  /* both have some of what they had together */
    MERGE_GONE     /* the node is gone, and its parent has an entry less */
};

/* Merges the path's node of `level`, which has too few entries, with a sibling, or shares the
 * sibling's. */
static enum merge_result node_merge(struct xti_writer *writer, uint32_t level)
{
    const struct xti_layout *layout = writer->layout;
    struct xtd_node *node = writer->path[level].node;
    struct xti_step *above = &writer->path[level + 1];
    struct xtd_node *parent = above->node;
    uint32_t slot = sibling_choose(layout, parent, above->slot);
    struct xti_step sibling = {0};
    uint32_t capacity;
    uint32_t count;

    if (xti_step_enter(writer, &sibling, level, xti_inner_refs(layout, parent)[slot]) != XT_OK)
        return MERGE_NOTHING;
    count = node->count + sibling.node->count;
    capacity = sibling.node->capacity;
    if (level > 0 && count > capacity && capacity > layout->inner_capacity)
        capacity = xti_inner_capacity_for(layout, count);
    if (node->capacity < count - count / 3 && count > capacity - capacity / 10)
        return MERGE_NOTHING;
    if (xti_units_for(layout, level, capacity) > layout->node_units_max ||
        xti_txn_reserve(writer->txn, xti_units_for(layout, level, capacity), NULL) != XT_OK)
        return MERGE_NOTHING;
    sibling_own(writer, parent, slot, &sibling, capacity);
    if (count > capacity - capacity / 10) {
        if (!entries_share(writer, node, sibling.node))
            return MERGE_NOTHING;
        slot_box_content(writer, parent, slot, sibling.node);
        slot_box_content(writer, parent, above->slot, node);
        return MERGE_SHARED;
    }
    entries_move(writer, sibling.node, node);
    slot_box_content(writer, parent, slot, sibling.node);
    xti_inner_remove(layout, parent, above->slot);
    writer->stats.merges++;
    return MERGE_GONE;
}

/* A supernode that could be half as large becomes smaller. */
static void node_shrink(struct xti_writer *writer, uint32_t level)
{
    const struct xti_layout *layout = writer->layout;
    const struct xtd_node *node = writer->path[level].node;
    uint32_t capacity = xti_inner_capacity_for(layout, node->count);

    if (level == 0 || capacity > node->capacity - node->capacity / 4)
        return;
    if (xti_txn_reserve(writer->txn, xti_inner_units(layout, capacity), NULL) != XT_OK)
        return;
    xti_path_resize(writer, level, capacity);
    writer->stats.supernodes_shrunk++;
}

/* Goes up from the leaf as long as nodes vanish. Returns the lowest level whose node is still
 * there, and whose content may have changed: its box has to be told to the nodes above. */
static uint32_t path_condense(struct xti_writer *writer)
{
    uint32_t level = 0;

    for (; level + 1 < writer->root.height; level++) {
        struct xti_step *step = &writer->path[level];
        struct xti_step *above = &writer->path[level + 1];

        if (step->node->count == 0) {
            xti_node_drop(writer, step->node);
            xti_inner_remove(writer->layout, above->node, above->slot);
            continue;
        }
        node_shrink(writer, level);
        if (step->node->count >= xti_count_min(normal_capacity(writer->layout, level)) &&
            (level == 0 || step->node->count > 1))
            return level;
        if (above->node->count < 2)
            continue;
        switch (node_merge(writer, level)) {
        case MERGE_NOTHING:
            return level;
        case MERGE_SHARED: /* entries that moved to another origin may have grown by a rounding */
            return level + 1;
        case MERGE_GONE:
            break;
        }
    }
    node_shrink(writer, level);
    return level;
}

/* A root with one child gives way to it; one without entries, to nothing. */
static void root_shrink(struct xti_writer *writer)
{
    const struct xti_layout *layout = writer->layout;

    while (writer->root.height > 0) {
        const struct xtd_node *root = writer->path[writer->root.height - 1].node;

        if (root->count > 1 || (root->count == 1 && root->level == 0))
            return;
        writer->root.height--;
        writer->root.ref = root->count == 0 ? 0 : xti_inner_refs_const(layout, root)[0];
        if (root->count == 0)
            writer->root.height = 0;
        xti_node_drop(writer, root);
        if (writer->root.height == 0)
            return;
        writer->stats.roots_shrunk++;
        if (writer->path[writer->root.height - 1].ref != writer->root.ref)
            return; /* the child that is left is not on the path; it has two entries at least */
    }
}

/* ---- removal ------------------------------------------------------------------------------ */

static void leaf_remove(const struct xti_layout *layout, struct xtd_node *leaf, uint32_t slot)
{
    uint32_t last = --leaf->count;
    uint64_t *ids = xti_leaf_ids(layout, leaf);

    for (uint32_t axis = 0; axis < layout->leaf_axes; axis++) {
        size_t at = (size_t)axis * leaf->capacity;

        if (layout->coord_bytes == sizeof(double)) {
            double *values = (double *)xti_leaf_coords(leaf) + at;

            values[slot] = values[last];
            values[last] = (double)NAN;
        } else {
            float *values = (float *)xti_leaf_coords(leaf) + at;

            values[slot] = values[last];
            values[last] = NAN;
        }
    }
    ids[slot] = ids[last];
    ids[last] = 0;
    leaf->item_count = leaf->count;
}

/* Needs no memory when the path is own. */
static xt_status path_prepare(struct xti_writer *writer)
{
    bool is_own = true;

    for (uint32_t level = 0; level < writer->root.height; level++)
        is_own &= writer->path[level].is_own;
    return is_own ? XT_OK : xti_path_prepare(writer, 0);
}

/* Removes the item that the path leads to. */
static xt_status item_remove(struct xti_writer *writer)
{
    xt_status status = path_prepare(writer);
    uint32_t level;
    bool is_loose;

    if (status != XT_OK)
        return status;
    is_loose = writer->root.height > 1 && is_at_border(writer);
    leaf_remove(writer->layout, writer->path[0].node, writer->path[0].slot);
    for (level = 1; level < writer->root.height; level++)
        writer->path[level].node->item_count--;
    writer->root.item_count--;
    level = path_condense(writer);
    if (level > 0 || is_loose)
        path_tighten(writer, level);
    root_shrink(writer);
    return XT_OK;
}

xt_status xti_tree_remove(struct xti_writer *writer, uint64_t id, const double *low,
                          const double *high)
{
    xt_status status = xti_writer_item(writer, low, high);

    if (status != XT_OK)
        return status;
    xti_writer_begin(writer);
    status = item_find(writer, id);
    if (status == XT_OK)
        status = item_remove(writer);
    if (status == XT_OK)
        xti_writer_end(writer);
    return status;
}

/* ---- moving ------------------------------------------------------------------------------- */

static bool stays_in_leaf(struct xti_writer *writer)
{
    const struct xti_step *above = &writer->path[1];

    if (writer->root.height == 1)
        return true;
    xti_frame_item(writer, above->node);
    return xti_slot_holds(writer->layout, above->node, above->slot, &writer->exact);
}

/* The path leads to the old item; writer->low and high hold the new box. */
static xt_status move_in_leaf(struct xti_writer *writer, uint64_t id, bool is_loose)
{
    xt_status status = path_prepare(writer);

    if (status != XT_OK)
        return status;
    xti_leaf_write(writer, writer->path[0].node, writer->path[0].slot, id);
    if (is_loose)
        path_tighten(writer, 0);
    writer->stats.moves_in_leaf++;
    return XT_OK;
}

/* Inserts first: that may fail. Taking it back cannot, as all of its path is own then. */
static xt_status move_elsewhere(struct xti_writer *writer, uint64_t id, const double *const old[2],
                                const double *const new[2])
{
    xt_status status = xti_insert_item(writer, id);

    if (status != XT_OK)
        return status;
    xti_writer_put(writer, old[0], old[1]);
    status = item_find(writer, id);
    if (status == XT_OK)
        status = item_remove(writer);
    if (status == XT_OK)
        return XT_OK;
    xti_writer_put(writer, new[0], new[1]);
    if (item_find(writer, id) == XT_OK)
        (void)item_remove(writer);
    return status;
}

xt_status xti_tree_move(struct xti_writer *writer, uint64_t id, const double *const old[2],
                        const double *const new[2])
{
    xt_status status = xti_writer_item(writer, new[0], new[1]);
    bool is_loose;

    if (status == XT_OK)
        status = xti_writer_item(writer, old[0], old[1]);
    if (status != XT_OK)
        return status;
    xti_writer_begin(writer);
    status = item_find(writer, id);
    if (status != XT_OK)
        return status;
    is_loose = writer->root.height > 1 && is_at_border(writer);
    xti_writer_put(writer, new[0], new[1]);
    if (stays_in_leaf(writer))
        status = move_in_leaf(writer, id, is_loose);
    else
        status = move_elsewhere(writer, id, old, new);
    /* A failure has changed nothing, unless an insertion was taken back: its path was copied. */
    if (status == XT_OK || writer->root.ref != xti_txn_root(writer->txn).ref)
        xti_writer_end(writer);
    return status;
}
