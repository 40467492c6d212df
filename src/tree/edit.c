/* src/tree/edit.c -- the writer: its life, its path, copies on first touch.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/edit.h"

#include <string.h>

/* ---- the writer's life -------------------------------------------------------------------- */

/* Behind the struct: doubles low, high of two items, two origins; floats exact, rising, grown. */
static size_t writer_bytes(uint32_t dims)
{
    return xti_round_up(sizeof(struct xti_writer), sizeof(double)) +
           dims * (6 * sizeof(double) + 6 * sizeof(float));
}

static void writer_arrays(struct xti_writer *writer, uint32_t dims)
{
    char *memory = (char *)writer + xti_round_up(sizeof *writer, sizeof(double));
    double *doubles = (double *)(void *)memory;
    float *floats = (float *)(void *)(doubles + (size_t)6 * dims);

    writer->low = doubles;
    writer->high = doubles + dims;
    writer->exact.origin = doubles + (size_t)2 * dims;
    writer->rising.origin = doubles + (size_t)3 * dims;
    writer->late.low = doubles + (size_t)4 * dims;
    writer->late.high = doubles + (size_t)5 * dims;
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

static void writer_settle(void *who)
{
    struct xti_writer *writer = who;

    if (writer->late.is_set)
        xti_late_end(writer);
    writer->memory = (struct xti_memory){0, 0};
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
    writer->leaf_units = xti_leaf_units(layout, layout->leaf_capacity);
    writer->inner_units = xti_inner_units(layout, layout->inner_capacity);
    writer->ahead_leaf = lines_up_to(writer->leaf_units);
    writer->ahead_inner = lines_up_to(writer->inner_units);
    writer->medium = options->medium;
    writer->max_overlap = options->max_overlap;
    writer->path = writer->paths[0];
    writer_arrays(writer, layout->dims);
    xti_txn_on_settle(txn, writer_settle, writer);
    return XT_OK;
}

void xti_writer_close(struct xti_writer *writer)
{
    if (writer == NULL)
        return;
    xti_txn_on_settle(writer->txn, NULL, NULL);
    if (writer->entries.memory != NULL)
        writer->os->free(writer->os, writer->entries.memory, writer->entries.bytes);
    writer->os->free(writer->os, writer, writer->bytes);
}

void xti_writer_stats(struct xti_writer *writer, xt_change_stats *out)
{
    writer_settle(writer);
    *out = writer->stats;
    out->max_overlap = xti_overlap_max(writer, writer->layout->inner_capacity + 1);
}

void xti_writer_look(struct xti_writer *writer)
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

uint64_t xti_writer_units(const struct xti_writer *writer)
{
    const struct xti_space *space = xti_txn_edit(writer->txn)->space;
    uint64_t units = 0;

    for (uint32_t i = 0; i < space->arena_count; i++)
        units += space->arenas[i].top_units;
    return units;
}

/* ---- items -------------------------------------------------------------------------------- */

/* Only NaN is no point. */
static xt_status point_put(struct xti_writer *writer, const double *point)
{
    bool is_valid = true;

    for (uint32_t axis = 0; axis < writer->layout->dims; axis++) {
        double value = point[axis];

        is_valid &= value == value;
        writer->low[axis] = value;
        writer->high[axis] = value;
    }
    writer->exact.is_set = false;
    return is_valid ? XT_OK : XT_EINVAL;
}

xt_status xti_writer_item(struct xti_writer *writer, const double *low, const double *high)
{
    const struct xti_layout *layout = writer->layout;
    bool is_points = layout->leaf_kind == XTD_LEAF_POINTS;
    bool is_valid = true;

    if (high == NULL)
        high = low;
    if (high == low && layout->coord_bytes == sizeof(double))
        return point_put(writer, low);
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

/* ---- the path ----------------------------------------------------------------------------- */

/* A step whose node is full needs a sibling, or a supernode a quarter larger; one that is not own
 * needs a copy; and the root may get another above it. */
uint64_t xti_path_units(const struct xti_writer *writer, uint32_t bottom)
{
    uint64_t normal = writer->inner_units;
    uint64_t units = 2 * (normal + writer->leaf_units);

    for (uint32_t level = bottom; level < writer->root.height; level++)
        units += (uint64_t)4 * writer->path[level].node->size_units + normal;
    return units;
}

xt_status xti_step_enter(struct xti_writer *writer, struct xti_step *step, uint32_t level,
                         uint32_t ref)
{
    xt_status status = XT_OK;

    step->ref = ref;
    step->node = xti_txn_own_node(writer->txn, ref, level, &writer->memory);
    step->is_own = step->node != NULL;
    if (!step->is_own)
        status = xti_txn_frozen_node(writer->txn, ref, level, &step->node);
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

/* What a copy of the path's node has: a supernode gives back what it grew too much. */
uint32_t xti_path_copy_capacity(const struct xti_writer *writer, uint32_t level)
{
    const struct xtd_node *node = writer->path[level].node;
    uint32_t capacity = node->capacity;

    if (level > 0 && capacity > xti_inner_capacity_for(writer->layout, node->count))
        capacity = xti_inner_capacity_for(writer->layout, node->count);
    return capacity;
}

static void step_copy(struct xti_writer *writer, uint32_t level)
{
    struct xti_step *step = &writer->path[level];
    const struct xtd_node *old = step->node;

    step->node = xti_node_copy(writer, old, xti_path_copy_capacity(writer, level));
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
