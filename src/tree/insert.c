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

/* The old path leads to a leaf whose box holds the item. */
static bool path_leads(struct xti_writer *writer)
{
    const struct xti_step *step = &writer->path[1];

    if (!writer->has_path)
        return false;
    xti_frame_item(writer, step->node);
    return xti_slot_holds(writer->layout, step->node, step->slot, &writer->exact);
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

static void slot_write(const struct xti_layout *layout, struct xtd_node *leaf, uint32_t slot,
                       const double *low_side, const double *high_side)
{
    bool is_points = layout->leaf_kind == XTD_LEAF_POINTS;

    if (is_points && layout->coord_bytes == sizeof(double)) {
        double *coords = (double *)xti_leaf_coords(leaf) + slot;

        for (uint32_t axis = 0; axis < layout->dims; axis++, coords += leaf->capacity)
            *coords = low_side[axis];
        return;
    }
    for (uint32_t axis = 0; axis < layout->leaf_axes; axis++) {
        size_t at = (size_t)axis * leaf->capacity + slot;
        uint32_t dim = is_points ? axis : axis / 2;
        double value = is_points || axis % 2 == 0 ? low_side[dim] : high_side[dim];

        if (layout->coord_bytes == sizeof(double))
            ((double *)xti_leaf_coords(leaf))[at] = value;
        else
            ((float *)xti_leaf_coords(leaf))[at] = (float)value;
    }
}

void xti_leaf_write(struct xti_writer *writer, struct xtd_node *leaf, uint32_t slot, uint64_t id)
{
    slot_write(writer->layout, leaf, slot, writer->low, writer->high);
    xti_leaf_ids(writer->layout, leaf)[slot] = id;
}

/* The boxes above the leaf grow to hold the item. */
static void item_rise(struct xti_writer *writer)
{
    xti_frame_item(writer, writer->path[1].node);
    for (uint32_t axis = 0; axis < writer->layout->dims; axis++) {
        writer->rising.origin[axis] = writer->exact.origin[axis];
        writer->rising.lo[axis] = writer->exact.lo[axis];
        writer->rising.hi[axis] = writer->exact.hi[axis];
    }
    writer->rising.is_set = true;
    xti_path_rise(writer, 1);
}

static void leaf_append(struct xti_writer *writer, uint64_t id)
{
    struct xtd_node *leaf = writer->path[0].node;

    xti_leaf_write(writer, leaf, leaf->count, id);
    leaf->count++;
    leaf->item_count = leaf->count;
    if (writer->root.height > 1 && !writer->path_holds)
        item_rise(writer);
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

/* Above the leaf there is an item more. */
static void path_count(struct xti_writer *writer)
{
    for (uint32_t level = 1; level < writer->root.height; level++)
        writer->path[level].node->item_count++;
    writer->root.item_count++;
}

/* The path's own leaf takes the item, or is divided. */
static void leaf_take(struct xti_writer *writer, uint64_t id)
{
    if (writer->path[0].node->count < writer->path[0].node->capacity) {
        leaf_append(writer, id);
        writer->has_path = true;
    } else {
        leaf_overflow(writer, id);
    }
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
    path_count(writer);
    leaf_take(writer, id);
    return XT_OK;
}

/* ---- an insertion that waits for its leaf --------------------------------------------------- */

/* Lower trees are in the processor's cache. */
#define LATE_HEIGHT_MIN 3u

/* True: the leaf took the item, if one waits. */
static bool late_write(struct xti_writer *writer, struct xti_step *step)
{
    struct xti_late *late = &writer->late;
    struct xtd_node *leaf;

    if (!late->is_set)
        return true;
    leaf = xti_txn_own_node(writer->txn, step->ref, 0, &writer->memory);
    if (leaf == NULL || leaf->count == leaf->capacity)
        return false;
    late->is_set = false;
    slot_write(writer->layout, leaf, leaf->count, late->low, late->high);
    xti_leaf_ids(writer->layout, leaf)[leaf->count] = late->id;
    leaf->count++;
    leaf->item_count = leaf->count;
    *step = (struct xti_step){leaf, step->ref, 0, true};
    return true;
}

static void late_swap(struct xti_writer *writer)
{
    struct xti_late *late = &writer->late;
    double *low = writer->low;
    double *high = writer->high;

    writer->low = late->low;
    writer->high = late->high;
    late->low = low;
    late->high = high;
    writer->exact.is_set = false;
}

void xti_late_end(struct xti_writer *writer)
{
    struct xti_late *late = &writer->late;
    xt_status status;

    if (late_write(writer, &writer->path[0]))
        return;
    late->is_set = false;
    late_swap(writer);
    status = xti_path_enter(writer, 0, writer->path[0].ref);
    writer->path_is_own = status == XT_OK && writer->path[0].is_own;
    if (status == XT_OK && !path_has_room(writer))
        status = xti_path_prepare(writer, 0);
    XTI_ASSERT(status == XT_OK);
    writer->path_holds = true;
    leaf_take(writer, late->id);
    late_swap(writer);
    xti_writer_end(writer);
}

/* There is room for all that the leaf may need, whatever it looks like. */
static bool late_has_room(const struct xti_writer *writer)
{
    return xti_txn_edit(writer->txn)->room >=
           (2 + (uint64_t)5 * writer->root.height) * writer->inner_units +
               (uint64_t)7 * writer->leaf_units;
}

/* Down to level 1: only own nodes that are no supernodes. The item that waits for the leaf of
 * another path is written while level 1 is on its way. */
static bool late_descend(struct xti_writer *writer, struct xti_step *waiting)
{
    uint32_t ref = writer->root.ref;

    for (uint32_t level = writer->root.height - 1; level > 0; level--) {
        struct xti_step *step = &writer->path[level];
        struct xtd_node *node = xti_txn_own_node(writer->txn, ref, level, &writer->memory);

        if (node == NULL || node->flags != 0)
            return false;
        step->node = node;
        step->ref = ref;
        step->is_own = true;
        writer->path_holds = xti_choose(writer, node, &step->slot);
        ref = xti_inner_refs_const(writer->layout, node)[step->slot];
        if (level == 2) {
            xti_child_ask(writer, ref, 1);
            if (!late_write(writer, waiting))
                return false;
        }
    }
    writer->path[0].ref = ref;
    return xti_txn_is_memory(writer->txn, ref, &writer->memory);
}

/* False: nothing was changed, but an item that waited may be in its leaf. */
static bool insert_late(struct xti_writer *writer, uint64_t id)
{
    struct xti_step *before = writer->path;
    struct xti_late *late = &writer->late;

    if (!late_has_room(writer) || path_leads(writer))
        return false;
    writer->path = writer->paths[before == writer->paths[0]];
    if (!late_descend(writer, &before[0])) {
        writer->path = before;
        return false;
    }
    xti_child_ask(writer, writer->path[0].ref, 0);
    late->is_set = true;
    late->id = id;
    writer->has_path = true;
    path_count(writer);
    if (!writer->path_holds)
        item_rise(writer);
    late_swap(writer);
    return true;
}

xt_status xti_tree_insert(struct xti_writer *writer, uint64_t id, const double *low,
                          const double *high)
{
    xt_status status = xti_writer_item(writer, low, high);

    if (status != XT_OK)
        return status;
    xti_writer_look(writer);
    if (writer->root.height >= LATE_HEIGHT_MIN && !writer->is_in_order &&
        xti_entries_hold(&writer->entries, writer->layout->leaf_capacity + 1) &&
        xti_entries_hold(&writer->entries, writer->layout->inner_capacity + 1) &&
        insert_late(writer, id)) {
        xti_writer_end(writer);
        return XT_OK;
    }
    if (writer->late.is_set)
        xti_late_end(writer);
    status = xti_insert_item(writer, id);
    if (status == XT_OK)
        xti_writer_end(writer);
    return status;
}
