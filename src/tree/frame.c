/* src/tree/frame.c -- boxes in the frames of nodes, and on their way up the path.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/edit.h"

void xti_frame_item_at(struct xti_writer *writer, const double *origin)
{
    struct xti_frame *frame = &writer->exact;

    xti_offset_both(writer->low, origin, writer->layout->dims, frame->lo, frame->hi);
    for (uint32_t axis = 0; axis < writer->layout->dims; axis++) {
        frame->origin[axis] = origin[axis];
        if (writer->high[axis] != writer->low[axis])
            frame->hi[axis] = xti_offset_up(writer->high[axis], origin[axis]);
    }
    frame->is_set = true;
}

void xti_frame_inside(struct xti_writer *writer, const struct xtd_node *node)
{
    const double *origin = xti_inner_origin_const(node);
    struct xti_frame *frame = &writer->rising;

    if (xti_frame_fits(frame, origin, writer->layout->dims))
        return;
    for (uint32_t axis = 0; axis < writer->layout->dims; axis++) {
        frame->origin[axis] = origin[axis];
        frame->lo[axis] = xti_offset_up(writer->low[axis], origin[axis]);
        frame->hi[axis] = xti_offset_down(writer->high[axis], origin[axis]);
    }
    frame->is_set = true;
}

void xti_frame_move(struct xti_writer *writer, const struct xtd_node *node)
{
    const double *origin = xti_inner_origin_const(node);
    struct xti_frame *frame = &writer->rising;

    if (xti_frame_fits(frame, origin, writer->layout->dims))
        return;
    for (uint32_t axis = 0; axis < writer->layout->dims; axis++) {
        double from = frame->origin[axis];

        frame->lo[axis] =
            xti_offset_down(xti_sum_down(from, (double)frame->lo[axis]), origin[axis]);
        frame->hi[axis] = xti_offset_up(xti_sum_up(from, (double)frame->hi[axis]), origin[axis]);
        frame->origin[axis] = origin[axis];
    }
}

/* Least of the low and most of the high sides of an inner node's slots. */
static void inner_reach(const struct xti_layout *layout, const struct xtd_node *node, uint32_t axis,
                        float *least, float *most)
{
    const float *low = xti_inner_side(layout, node, axis, false);
    const float *high = low + node->capacity;
    float from = low[0];
    float to = high[0];

    for (uint32_t slot = 1; slot < node->count; slot++) {
        from = low[slot] < from ? low[slot] : from;
        to = high[slot] > to ? high[slot] : to;
    }
    *least = from;
    *most = to;
}

static void leaf_reach(const struct xti_layout *layout, const struct xtd_node *leaf, uint32_t axis,
                       double *least, double *most)
{
    size_t low = xti_leaf_side(layout, leaf, axis, false);
    size_t high = xti_leaf_side(layout, leaf, axis, true);
    double from = xti_leaf_value(layout, leaf, low);
    double to = xti_leaf_value(layout, leaf, high);

    if (low == high && layout->coord_bytes == sizeof(double)) {
        const double *coords = (const double *)xti_leaf_coords_const(leaf) + low;

        for (uint32_t slot = 1; slot < leaf->count; slot++) {
            from = coords[slot] < from ? coords[slot] : from;
            to = coords[slot] > to ? coords[slot] : to;
        }
        *least = from;
        *most = to;
        return;
    }
    for (uint32_t slot = 1; slot < leaf->count; slot++) {
        double a = xti_leaf_value(layout, leaf, low + slot);
        double b = xti_leaf_value(layout, leaf, high + slot);

        from = a < from ? a : from;
        to = b > to ? b : to;
    }
    *least = from;
    *most = to;
}

void xti_frame_content(struct xti_writer *writer, const struct xtd_node *node,
                       const struct xtd_node *parent)
{
    const struct xti_layout *layout = writer->layout;
    const double *origin =
        node->level == 0 ? xti_inner_origin_const(parent) : xti_inner_origin_const(node);
    struct xti_frame *frame = &writer->rising;

    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        frame->origin[axis] = origin[axis];
        if (node->level == 0) {
            double least;
            double most;

            leaf_reach(layout, node, axis, &least, &most);
            frame->lo[axis] = xti_offset_down(least, origin[axis]);
            frame->hi[axis] = xti_offset_up(most, origin[axis]);
        } else {
            inner_reach(layout, node, axis, &frame->lo[axis], &frame->hi[axis]);
        }
    }
    frame->is_set = true;
    xti_frame_move(writer, parent);
}

/* True: the slot's box was too small. */
static bool slot_grow(const struct xti_layout *layout, struct xtd_node *node, uint32_t slot,
                      const struct xti_frame *frame)
{
    float *sides = xti_inner_boxes(layout, node) + slot;
    size_t capacity = node->capacity;
    bool grew = false;

    for (uint32_t axis = 0; axis < layout->dims; axis++, sides += 2 * capacity) {
        if (frame->lo[axis] < sides[0]) {
            sides[0] = frame->lo[axis];
            grew = true;
        }
        if (frame->hi[axis] > sides[capacity]) {
            sides[capacity] = frame->hi[axis];
            grew = true;
        }
    }
    return grew;
}

bool xti_slot_holds(const struct xti_layout *layout, const struct xtd_node *node, uint32_t slot,
                    const struct xti_frame *frame)
{
    const float *side = xti_inner_boxes_const(layout, node) + slot;
    size_t capacity = node->capacity;
    bool holds = true;

    for (uint32_t axis = 0; axis < layout->dims && holds; axis++, side += 2 * capacity)
        holds = side[0] <= frame->lo[axis] && side[capacity] >= frame->hi[axis];
    return holds;
}

void xti_path_rise(struct xti_writer *writer, uint32_t level)
{
    for (; level < writer->root.height; level++) {
        struct xti_step *step = &writer->path[level];

        xti_frame_move(writer, step->node);
        if (!slot_grow(writer->layout, step->node, step->slot, &writer->rising))
            return;
    }
}

/* ---- origins ------------------------------------------------------------------------------ */

/* Near 0, offsets of 24 bits are finer than 1/256 of the extent, as long as the extent is more than
 * 2^-15 of the largest offset. */
static bool axis_is_precise(float least, float most)
{
    float largest = -least > most ? -least : most;

    return (most - least) * 0x1p15f >= largest || most == least;
}

static double axis_middle(double origin, float least, float most)
{
    double middle = origin + (isinf(least) ? 0.0 : (double)least * 0.5) +
                    (isinf(most) ? 0.0 : (double)most * 0.5);

    return isfinite(middle) ? middle : origin;
}

/* The boxes of one axis, moved from one origin to another. */
static void axis_move(const struct xti_layout *layout, struct xtd_node *node, uint32_t axis,
                      double to)
{
    float *low = xti_inner_side_of(layout, node, axis, false);
    float *high = low + node->capacity;
    double from = xti_inner_origin(node)[axis];

    for (uint32_t slot = 0; slot < node->count; slot++) {
        low[slot] = xti_offset_down(xti_sum_down(from, (double)low[slot]), to);
        high[slot] = xti_offset_up(xti_sum_up(from, (double)high[slot]), to);
    }
    xti_inner_origin(node)[axis] = to;
}

void xti_origin_move(const struct xti_layout *layout, struct xtd_node *node, const double *origin)
{
    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        if (xti_inner_origin(node)[axis] != origin[axis])
            axis_move(layout, node, axis, origin[axis]);
    }
}

bool xti_origin_renew(struct xti_writer *writer, struct xtd_node *node)
{
    const struct xti_layout *layout = writer->layout;
    bool is_new = false;

    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        double origin = xti_inner_origin(node)[axis];
        float least;
        float most;
        double middle;

        inner_reach(layout, node, axis, &least, &most);
        if (axis_is_precise(least, most))
            continue;
        middle = axis_middle(origin, least, most);
        if (middle == origin)
            continue;
        axis_move(layout, node, axis, middle);
        is_new = true;
    }
    writer->stats.origins_renewed += is_new;
    return is_new;
}
