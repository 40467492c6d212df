/* src/tree/edit.c -- the writer: its path, copies on first touch, boxes on their way up.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/edit.h"

#include <string.h>

#include "geom/bits.h"

/* ---- the writer's life -------------------------------------------------------------------- */

/* Behind the struct: doubles low, high, two origins; floats exact, rising, grown. */
static size_t writer_bytes(uint32_t dims)
{
    return xti_round_up(sizeof(struct xti_writer), sizeof(double)) +
           dims * (4 * sizeof(double) + 6 * sizeof(float));
}

static void writer_arrays(struct xti_writer *writer, uint32_t dims)
{
    char *memory = (char *)writer + xti_round_up(sizeof *writer, sizeof(double));
    double *doubles = (double *)(void *)memory;
    float *floats = (float *)(void *)(doubles + (size_t)4 * dims);

    writer->low = doubles;
    writer->high = doubles + dims;
    writer->exact.origin = doubles + (size_t)2 * dims;
    writer->rising.origin = doubles + (size_t)3 * dims;
    writer->exact.lo = floats;
    writer->exact.hi = floats + dims;
    writer->rising.lo = floats + (size_t)2 * dims;
    writer->rising.hi = floats + (size_t)3 * dims;
    writer->grown_lo = floats + (size_t)4 * dims;
    writer->grown_hi = floats + (size_t)5 * dims;
}

/* Longer nodes are left to the processor's own prefetching. */
#define AHEAD_LINES_MAX 32u

static uint32_t lines_up_to(uint32_t units)
{
    return units < AHEAD_LINES_MAX ? units : AHEAD_LINES_MAX;
}

xt_status xti_writer_open(struct xti_txn *txn, const struct xti_writer_options *options,
                          struct xti_writer **out)
{
    const struct xti_os *os = xti_txn_os(txn);
    const struct xti_layout *layout = xti_txn_layout(txn);
    size_t bytes = writer_bytes(layout->dims);
    struct xti_writer *writer = xti_alloc_zeroed(os, bytes);

    *out = writer;
    if (writer == NULL)
        return XT_ENOMEM;
    writer->os = os;
    writer->txn = txn;
    writer->layout = layout;
    writer->kernels = xti_kernels_get(options->kernel);
    writer->bytes = bytes;
    writer->ahead_leaf = lines_up_to(xti_leaf_units(layout, layout->leaf_capacity));
    writer->ahead_inner = lines_up_to(xti_inner_units(layout, layout->inner_capacity));
    writer->medium = options->medium;
    writer->max_overlap = options->max_overlap;
    writer_arrays(writer, layout->dims);
    return XT_OK;
}

void xti_writer_close(struct xti_writer *writer)
{
    if (writer == NULL)
        return;
    if (writer->entries.memory != NULL)
        writer->os->free(writer->os, writer->entries.memory, writer->entries.bytes);
    writer->os->free(writer->os, writer, writer->bytes);
}

void xti_writer_stats(const struct xti_writer *writer, xt_change_stats *out)
{
    *out = writer->stats;
    out->max_overlap = xti_overlap_max(writer, writer->layout->inner_capacity + 1);
}

void xti_writer_begin(struct xti_writer *writer)
{
    uint32_t sequence = xti_txn_edit(writer->txn)->sequence;

    writer->root = xti_txn_root(writer->txn);
    if (writer->sequence != sequence) {
        writer->sequence = sequence;
        writer->has_path = false;
    }
}

void xti_writer_end(struct xti_writer *writer)
{
    xti_txn_set_root(writer->txn, writer->root);
}

/* ---- items -------------------------------------------------------------------------------- */

xt_status xti_writer_item(struct xti_writer *writer, const double *low, const double *high)
{
    const struct xti_layout *layout = writer->layout;
    bool is_points = layout->leaf_kind == XTD_LEAF_POINTS;
    bool is_valid = true;

    if (high == NULL)
        high = low;
    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        double from = low[axis];
        double to = high[axis];

        is_valid &= is_points ? from == to : from <= to;
        if (layout->coord_bytes == sizeof(float)) {
            from = (double)(float)from;
            to = (double)(float)to;
            is_valid &= isinf(from) == isinf(low[axis]) && isinf(to) == isinf(high[axis]);
        }
        writer->low[axis] = from;
        writer->high[axis] = to;
    }
    writer->exact.is_set = false;
    return is_valid ? XT_OK : XT_EINVAL;
}

/* ---- nodes -------------------------------------------------------------------------------- */

uint32_t xti_inner_capacity_for(const struct xti_layout *layout, uint32_t count)
{
    if (count <= layout->inner_capacity)
        return layout->inner_capacity;
    return (uint32_t)xti_round_up(count, 16);
}

uint32_t xti_inner_capacity_after(uint32_t capacity)
{
    uint32_t step = (uint32_t)xti_round_up(capacity / 4, 16);

    return capacity + (step > 0 ? step : 16);
}

struct xtd_node *xti_node_make(struct xti_writer *writer, uint32_t level, uint32_t capacity)
{
    const struct xti_layout *layout = writer->layout;
    uint32_t units = xti_units_for(layout, level, capacity);
    uint32_t ref = xti_txn_take(writer->txn, units);
    struct xtd_node *node = xti_txn_at(writer->txn, ref);

    memset(node, 0, level == 0 ? sizeof *node : layout->inner_boxes_offset);
    xti_txn_mark(writer->txn, node, ref);
    node->capacity = capacity;
    node->size_units = units;
    node->kind = level == 0 ? layout->leaf_kind : XTD_INNER;
    node->level = (uint8_t)level;
    if (level > 0 && capacity > layout->inner_capacity)
        node->flags = XTD_NODE_SUPERNODE;
    return node;
}

void xti_node_drop(struct xti_writer *writer, const struct xtd_node *node)
{
    xti_txn_free(writer->txn, node->self_ref, node->size_units);
}

static void fill_f64(double *values, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        values[i] = (double)NAN;
}

static void fill_f32(float *values, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        values[i] = NAN;
}

void xti_node_clear_rest(const struct xti_layout *layout, struct xtd_node *node)
{
    uint32_t count = node->count;
    uint32_t capacity = node->capacity;
    uint32_t axes = node->level == 0 ? layout->leaf_axes : 2 * layout->dims;

    for (uint32_t axis = 0; axis < axes; axis++) {
        size_t at = (size_t)axis * capacity;

        if (node->level > 0)
            fill_f32(xti_inner_boxes(layout, node) + at, count, capacity);
        else if (layout->coord_bytes == sizeof(double))
            fill_f64((double *)xti_leaf_coords(node) + at, count, capacity);
        else
            fill_f32((float *)xti_leaf_coords(node) + at, count, capacity);
    }
    if (node->level > 0)
        memset(xti_inner_refs(layout, node) + count, 0, (capacity - count) * sizeof(uint32_t));
    else
        memset(xti_leaf_ids(layout, node) + count, 0, (capacity - count) * sizeof(uint64_t));
}

static size_t array_bytes(const struct xti_layout *layout, const struct xtd_node *node)
{
    return node->level == 0 ? layout->coord_bytes : sizeof(float);
}

static uint32_t array_count(const struct xti_layout *layout, const struct xtd_node *node)
{
    return node->level == 0 ? layout->leaf_axes : 2 * layout->dims;
}

static char *first_array(const struct xti_layout *layout, struct xtd_node *node)
{
    return node->level == 0 ? (char *)xti_leaf_coords(node) : (char *)xti_inner_boxes(layout, node);
}

static const char *first_array_const(const struct xti_layout *layout, const struct xtd_node *node)
{
    return node->level == 0 ? (const char *)xti_leaf_coords_const(node)
                            : (const char *)xti_inner_boxes_const(layout, node);
}

void xti_node_append_all(const struct xti_layout *layout, struct xtd_node *to,
                         const struct xtd_node *from)
{
    size_t bytes = array_bytes(layout, from);
    char *arrays = first_array(layout, to);
    const char *from_arrays = first_array_const(layout, from);

    XTI_ASSERT(to->count + from->count <= to->capacity);
    for (uint32_t i = 0; i < array_count(layout, from); i++)
        memcpy(arrays + ((size_t)i * to->capacity + to->count) * bytes,
               from_arrays + (size_t)i * from->capacity * bytes, from->count * bytes);
    if (from->level == 0)
        memcpy(xti_leaf_ids(layout, to) + to->count, xti_leaf_ids_const(layout, from),
               from->count * sizeof(uint64_t));
    else
        memcpy(xti_inner_refs(layout, to) + to->count, xti_inner_refs_const(layout, from),
               from->count * sizeof(uint32_t));
    to->count += from->count;
}

struct xtd_node *xti_node_copy(struct xti_writer *writer, const struct xtd_node *node,
                               uint32_t capacity)
{
    const struct xti_layout *layout = writer->layout;
    struct xtd_node *copy = xti_node_make(writer, node->level, capacity);

    if (capacity == node->capacity) {
        memcpy(copy->body, node->body,
               (size_t)node->size_units * XTD_UNIT_BYTES - XTD_NODE_ORIGIN_OFFSET);
        copy->count = node->count;
    } else {
        if (node->level > 0)
            memcpy(xti_inner_origin(copy), xti_inner_origin_const(node),
                   layout->dims * sizeof(double));
        xti_node_append_all(layout, copy, node);
        xti_node_clear_rest(layout, copy);
    }
    copy->item_count = node->item_count;
    writer->stats.nodes_copied++;
    writer->stats.bytes_copied += (uint64_t)copy->size_units * XTD_UNIT_BYTES;
    return copy;
}

void xti_slot_box_set(const struct xti_layout *layout, struct xtd_node *node, uint32_t slot,
                      const float *lo, const float *hi)
{
    float *sides = xti_inner_boxes(layout, node) + slot;
    size_t capacity = node->capacity;

    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        sides[2 * axis * capacity] = lo[axis];
        sides[(2 * axis + 1) * capacity] = hi[axis];
    }
}

void xti_slot_box_get(const struct xti_layout *layout, const struct xtd_node *node, uint32_t slot,
                      float *lo, float *hi)
{
    const float *sides = xti_inner_boxes_const(layout, node) + slot;
    size_t capacity = node->capacity;

    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        lo[axis] = sides[2 * axis * capacity];
        hi[axis] = sides[(2 * axis + 1) * capacity];
    }
}

void xti_inner_append(const struct xti_layout *layout, struct xtd_node *node, uint32_t ref,
                      const float *lo, const float *hi)
{
    XTI_ASSERT(node->count < node->capacity);
    xti_slot_box_set(layout, node, node->count, lo, hi);
    xti_inner_refs(layout, node)[node->count] = ref;
    node->count++;
}

void xti_inner_remove(const struct xti_layout *layout, struct xtd_node *node, uint32_t slot)
{
    uint32_t last = --node->count;
    uint32_t *refs = xti_inner_refs(layout, node);
    float *sides = xti_inner_boxes(layout, node);

    for (uint32_t side = 0; side < 2 * layout->dims; side++, sides += node->capacity) {
        sides[slot] = sides[last];
        sides[last] = NAN;
    }
    refs[slot] = refs[last];
    refs[last] = 0;
}

uint64_t xti_child_items(struct xti_writer *writer, uint32_t ref, uint32_t level)
{
    struct xtd_node *node;
    bool is_own;

    if (xti_txn_node(writer->txn, ref, level, &node, &is_own) != XT_OK)
        return 0;
    return node->item_count;
}

/* ---- the path ----------------------------------------------------------------------------- */

/* A step whose node is full needs a sibling, or a supernode a quarter larger; one that is not own
 * needs a copy; and the root may get another above it. */
uint64_t xti_path_units(const struct xti_writer *writer, uint32_t bottom)
{
    uint64_t normal = xti_inner_units(writer->layout, writer->layout->inner_capacity);
    uint64_t units = 2 * (normal + xti_leaf_units(writer->layout, writer->layout->leaf_capacity));

    for (uint32_t level = bottom; level < writer->root.height; level++)
        units += (uint64_t)4 * writer->path[level].node->size_units + normal;
    return units;
}

xt_status xti_step_enter(struct xti_writer *writer, struct xti_step *step, uint32_t level,
                         uint32_t ref)
{
    xt_status status = xti_txn_node(writer->txn, ref, level, &step->node, &step->is_own);

    step->ref = ref;
    if (status == XT_OK && level > 0 && !step->is_own)
        status = xti_txn_check_refs(writer->txn, step->node);
    return status;
}

xt_status xti_path_enter(struct xti_writer *writer, uint32_t level, uint32_t ref)
{
    return xti_step_enter(writer, &writer->path[level], level, ref);
}

void xti_path_refer(struct xti_writer *writer, uint32_t level, uint32_t ref)
{
    struct xti_step *above = &writer->path[level + 1];

    if (level + 1 == writer->root.height)
        writer->root.ref = ref;
    else
        xti_inner_refs(writer->layout, above->node)[above->slot] = ref;
}

void xti_path_resize(struct xti_writer *writer, uint32_t level, uint32_t capacity)
{
    struct xti_step *step = &writer->path[level];
    struct xtd_node *old = step->node;

    if (old->capacity == capacity)
        return;
    step->node = xti_node_copy(writer, old, capacity);
    step->ref = step->node->self_ref;
    xti_node_drop(writer, old);
    xti_path_refer(writer, level, step->ref);
}

/* A copy has just the size that it needs: a supernode gives back what it grew too much. */
static void step_copy(struct xti_writer *writer, uint32_t level)
{
    struct xti_step *step = &writer->path[level];
    const struct xtd_node *old = step->node;
    uint32_t capacity = old->capacity;

    if (level > 0)
        capacity = xti_inner_capacity_for(writer->layout, old->count);
    step->node = xti_node_copy(writer, old, capacity);
    step->ref = step->node->self_ref;
    step->is_own = true;
    xti_node_drop(writer, old);
    xti_path_refer(writer, level, step->ref);
}

void xti_path_own(struct xti_writer *writer, uint32_t bottom)
{
    for (uint32_t level = writer->root.height; level-- > bottom;) {
        struct xti_step *step = &writer->path[level];

        if (step->is_own)
            continue;
        step_copy(writer, level);
        if (level > 0 && xti_origin_renew(writer, step->node) && level + 1 < writer->root.height) {
            xti_frame_content(writer, step->node, writer->path[level + 1].node);
            xti_path_rise(writer, level + 1);
        }
    }
}

/* ---- frames ------------------------------------------------------------------------------- */

static inline bool frame_fits(const struct xti_frame *frame, const double *origin, uint32_t dims)
{
    bool is_same = frame->is_set;

    for (uint32_t axis = 0; axis < dims && is_same; axis++)
        is_same = frame->origin[axis] == origin[axis];
    return is_same;
}

/* Apart, so that the usual case, an origin that is there already, saves no registers. */
__attribute__((noinline)) static void frame_item(struct xti_writer *writer, const double *origin)
{
    struct xti_frame *frame = &writer->exact;

    for (uint32_t axis = 0; axis < writer->layout->dims; axis++) {
        double low = writer->low[axis];
        double high = writer->high[axis];

        frame->origin[axis] = origin[axis];
        xti_offset_both(low, origin[axis], &frame->lo[axis], &frame->hi[axis]);
        if (high != low)
            frame->hi[axis] = xti_offset_up(high, origin[axis]);
    }
    frame->is_set = true;
}

void xti_frame_item(struct xti_writer *writer, const struct xtd_node *node)
{
    const double *origin = xti_inner_origin_const(node);

    if (!frame_fits(&writer->exact, origin, writer->layout->dims))
        frame_item(writer, origin);
}

void xti_frame_move(struct xti_writer *writer, const struct xtd_node *node)
{
    const double *origin = xti_inner_origin_const(node);
    struct xti_frame *frame = &writer->rising;

    if (frame_fits(frame, origin, writer->layout->dims))
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
