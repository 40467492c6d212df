/* src/tree/overflow.c -- what happens to a full node: it is split, or becomes a supernode.
 *
 * S. Berchtold, D. A. Keim, H.-P. Kriegel, The X-tree, VLDB 1996, section 4. A leaf is always
 * split. An inner node is split unless its halves would overlap too much; then it grows. README.md
 * says how ours differs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/edit.h"

#include <float.h>
#include <string.h>

/* ---- leaves ------------------------------------------------------------------------------- */

xt_status xti_path_fit(struct xti_writer *writer, uint32_t bottom)
{
    uint32_t most = 0;

    for (uint32_t level = bottom; level < writer->root.height; level++) {
        const struct xtd_node *node = writer->path[level].node;
        uint32_t capacity = node->capacity;

        /* A copy has less room to spare. */
        if (!writer->path[level].is_own)
            capacity = xti_path_copy_capacity(writer, level);
        if (node->count < capacity)
            break;
        most = node->count > most ? node->count : most;
    }
    return most == 0 ? XT_OK : xti_entries_fit(writer, most + 1);
}

struct xtd_node *xti_leaf_split(struct xti_writer *writer, uint64_t id)
{
    struct xtd_node *leaf = writer->path[0].node;
    struct xtd_node *sibling = xti_node_make(writer, 0, leaf->capacity);
    struct xti_split split = {0, 0};

    xti_entries_take(writer, leaf, true);
    xti_entries_add_item(writer, id);
    xti_entries_end(writer, leaf);
    xti_split_find(writer, true, xti_count_min(writer->entries.count), &split);
    xti_entries_write(writer, &split, leaf, sibling);
    writer->stats.leaf_splits++;
    return sibling;
}

/* ---- supernodes --------------------------------------------------------------------------- */

struct medium_cost {
    double latency_ns; /* until the first byte of a node is there */
    double line_ns;    /* for each further 64 bytes, the test of what is in them included */
};

/* Random nodes of 64 bytes to 64 KiB in 4 GiB of memory, and 4 KiB from an NVMe disk that the
 * system does not have in memory: docs/decisions.md. */
static struct medium_cost medium_cost(xt_medium medium)
{
    if (medium == XT_MEDIUM_DISK)
        return (struct medium_cost){80000.0, 25.0};
    return (struct medium_cost){400.0, 8.0};
}

/* Reading two nodes whenever one is asked for in the overlap, or one that is twice as long always:
 * (1 + overlap) * (latency + half) <= latency + 2 * half. */
double xti_overlap_max(const struct xti_writer *writer, uint32_t count)
{
    const struct xti_layout *layout = writer->layout;
    struct medium_cost cost = medium_cost(writer->medium);
    uint32_t capacity = xti_inner_capacity_for(layout, count / 2);
    double half = cost.line_ns * (double)xti_inner_units(layout, capacity);

    if (writer->max_overlap > 0)
        return writer->max_overlap;
    return half / (cost.latency_ns + half);
}

static bool supernode_grow(struct xti_writer *writer, uint32_t level)
{
    const struct xti_layout *layout = writer->layout;
    struct xtd_node *node = writer->path[level].node;
    uint32_t capacity = xti_inner_capacity_after(node->capacity);

    if (xti_inner_units(layout, capacity) > layout->node_units_max)
        return false;
    if (node->capacity > layout->inner_capacity)
        writer->stats.supernodes_grown++;
    else
        writer->stats.supernodes_made++;
    xti_path_resize(writer, level, capacity);
    return true;
}

/* The node of the path takes the left half: in place, or in a block that fits it. */
static struct xtd_node *left_node(struct xti_writer *writer, uint32_t level, uint32_t count)
{
    struct xti_step *step = &writer->path[level];
    struct xtd_node *old = step->node;
    uint32_t capacity = xti_inner_capacity_for(writer->layout, count);

    if (capacity == old->capacity)
        return old;
    step->node = xti_node_make(writer, level, capacity);
    step->ref = step->node->self_ref;
    memcpy(xti_inner_origin(step->node), xti_inner_origin(old),
           writer->layout->dims * sizeof(double));
    step->node->item_count = old->item_count;
    xti_node_drop(writer, old);
    xti_path_refer(writer, level, step->ref);
    return step->node;
}

/* Divides the full inner node of the path and a child with the box writer->rising. NULL: it grew
 * instead, and has the child. */
static struct xtd_node *inner_overflow(struct xti_writer *writer, uint32_t level, uint32_t ref)
{
    const struct xti_layout *layout = writer->layout;
    struct xtd_node *node = writer->path[level].node;
    struct xti_split split = {0, 0};
    struct xtd_node *sibling;
    uint32_t count;

    xti_entries_take(writer, node, true);
    xti_entries_add_child(writer, ref);
    xti_entries_end(writer, node);
    count = writer->entries.count;
    xti_split_find(writer, false, xti_count_min(count), &split);
    if (split.overlap > xti_overlap_max(writer, count) && supernode_grow(writer, level)) {
        xti_inner_append(layout, writer->path[level].node, ref, writer->rising.lo,
                         writer->rising.hi);
        return NULL;
    }
    sibling =
        xti_node_make(writer, level, xti_inner_capacity_for(layout, count - split.left_count));
    node = left_node(writer, level, split.left_count);
    memcpy(xti_inner_origin(sibling), xti_inner_origin(node), layout->dims * sizeof(double));
    xti_entries_write(writer, &split, node, sibling);
    (void)xti_origin_renew(writer, node);
    (void)xti_origin_renew(writer, sibling);
    writer->stats.inner_splits++;
    return sibling;
}

/* ---- up the path -------------------------------------------------------------------------- */

static double origin_for(double least, double most)
{
    double middle = (least >= -DBL_MAX ? least * 0.5 : 0.0) + (most <= DBL_MAX ? most * 0.5 : 0.0);

    if (least < -DBL_MAX)
        middle *= 2;
    if (most > DBL_MAX)
        middle *= 2;
    return isfinite(middle) ? middle : 0.0;
}

/* The children's own origin, or for leaves the middle of the items. */
static void root_origin(struct xti_writer *writer, struct xtd_node *root, const struct xtd_node *a,
                        const struct xtd_node *b)
{
    const struct xti_layout *layout = writer->layout;
    double low[XT_DIMS_MAX];
    double high[XT_DIMS_MAX];

    if (a->level > 0) {
        memcpy(xti_inner_origin(root), xti_inner_origin_const(a), layout->dims * sizeof(double));
        return;
    }
    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        low[axis] = INFINITY;
        high[axis] = -INFINITY;
    }
    xti_leaf_box_add(layout, a, low, high);
    xti_leaf_box_add(layout, b, low, high);
    for (uint32_t axis = 0; axis < layout->dims; axis++)
        xti_inner_origin(root)[axis] = origin_for(low[axis], high[axis]);
}

static void root_grow(struct xti_writer *writer, struct xtd_node *a, struct xtd_node *b)
{
    const struct xti_layout *layout = writer->layout;
    uint32_t level = writer->root.height;
    struct xtd_node *root = xti_node_make(writer, level, layout->inner_capacity);

    root_origin(writer, root, a, b);
    xti_node_clear_rest(layout, root);
    xti_frame_content(writer, a, root);
    xti_inner_append(layout, root, a->self_ref, writer->rising.lo, writer->rising.hi);
    xti_frame_content(writer, b, root);
    xti_inner_append(layout, root, b->self_ref, writer->rising.lo, writer->rising.hi);
    root->item_count = a->item_count + b->item_count;
    writer->path[level] = (struct xti_step){root, root->self_ref, 0, true};
    writer->root.ref = root->self_ref;
    writer->root.height = level + 1;
    writer->stats.roots_grown++;
}

/* Grows writer->rising, in the frame of `node`, by the box of a slot. */
static void rising_add(struct xti_writer *writer, const struct xtd_node *node, uint32_t slot)
{
    struct xti_frame *frame = &writer->rising;

    xti_slot_box_get(writer->layout, node, slot, writer->grown_lo, writer->grown_hi);
    for (uint32_t axis = 0; axis < writer->layout->dims; axis++) {
        if (writer->grown_lo[axis] < frame->lo[axis])
            frame->lo[axis] = writer->grown_lo[axis];
        if (writer->grown_hi[axis] > frame->hi[axis])
            frame->hi[axis] = writer->grown_hi[axis];
    }
}

/* NULL: the node took it. */
static struct xtd_node *child_add(struct xti_writer *writer, uint32_t level, uint32_t ref)
{
    struct xtd_node *node = writer->path[level].node;

    if (node->count == node->capacity)
        return inner_overflow(writer, level, ref);
    xti_inner_append(writer->layout, node, ref, writer->rising.lo, writer->rising.hi);
    return NULL;
}

bool xti_path_add(struct xti_writer *writer, uint32_t level, struct xtd_node *sibling)
{
    uint32_t bottom = level;

    for (; sibling != NULL; level++) {
        struct xtd_node *node = writer->path[level].node;
        struct xti_step *above = &writer->path[level + 1];

        if (level + 1 == writer->root.height) {
            root_grow(writer, node, sibling);
            return false;
        }
        xti_frame_content(writer, node, above->node);
        xti_slot_box_set(writer->layout, above->node, above->slot, writer->rising.lo,
                         writer->rising.hi);
        xti_frame_content(writer, sibling, above->node);
        sibling = child_add(writer, level + 1, sibling->self_ref);
    }
    rising_add(writer, writer->path[level].node, writer->path[level].slot);
    xti_path_rise(writer, level + 1);
    return level == bottom + 1;
}

void xti_path_add_child(struct xti_writer *writer, uint32_t level, const struct xtd_node *child)
{
    struct xtd_node *sibling;

    xti_frame_content(writer, child, writer->path[level].node);
    sibling = child_add(writer, level, child->self_ref);
    if (sibling != NULL)
        (void)xti_path_add(writer, level, sibling);
    else
        xti_path_rise(writer, level + 1);
}
