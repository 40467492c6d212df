/* src/tree/verify.c -- visits every node once and checks the invariants T1 to T8 of README.md.
 *
 * Boxes are compared exactly: what a box stands for is the sum of an origin and an offset, which
 * need not be a double (struct xti_sum). So nothing that is right is refused, however tight the
 * writer rounded.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "tree/tree_private.h"

/* A node on the path whose children are being visited. */
struct open_node {
    uint32_t ref;
    uint64_t item_count; /* what its header says */
    uint64_t items;      /* of the children seen so far */
};

struct verify {
    const struct xti_os *os;
    const struct xti_layout *layout;
    struct xti_verify_report *report;
    struct xti_walk walk;
    bool checksums;
    size_t map_bytes;
    uint64_t *span_first;                  /* for each span, the units of those before it */
    uint64_t *span_live;                   /* for each span, the units of nodes seen in it */
    uint64_t *taken;                       /* a bit for each unit that belongs to a node seen */
    struct open_node open[XTD_LEVELS_MAX]; /* by level */
};

static xt_status found(struct verify *verify, uint32_t ref, const char *what, size_t offset)
{
    verify->report->bad_ref = ref;
    verify->report->finding = (struct xti_finding){what, offset};
    return XT_ECORRUPT;
}

/* The same, about the current node; `at` points into it. */
static xt_status found_at(struct verify *verify, const char *what, const void *at)
{
    const struct xti_walk_frame *frame = xti_walk_node(&verify->walk);

    return found(verify, frame->ref, what, (size_t)((const char *)at - (const char *)frame->node));
}

/* ---- T2: units ---------------------------------------------------------------------------- */

static xt_status units_init(struct verify *verify)
{
    const struct xti_view *view = verify->walk.view;
    size_t span_bytes = (size_t)2 * view->span_count * sizeof *verify->span_first;
    uint64_t first = 0;

    verify->map_bytes = span_bytes + (size_t)(view->unit_count / 64 + 1) * sizeof *verify->taken;
    verify->span_first = xti_alloc_zeroed(verify->os, verify->map_bytes);
    if (verify->span_first == NULL)
        return XT_ENOMEM;
    verify->span_live = verify->span_first + view->span_count;
    verify->taken = verify->span_live + view->span_count;
    for (uint32_t i = 0; i < view->span_count; i++) {
        verify->span_first[i] = first;
        first += view->spans[i].units;
    }
    return XT_OK;
}

static xt_status units_take(struct verify *verify)
{
    const struct xti_walk *walk = &verify->walk;
    const struct xti_walk_frame *frame = xti_walk_node(walk);
    size_t span = (size_t)(walk->span - walk->view->spans);
    uint64_t unit = verify->span_first[span] + (frame->ref - walk->span->first_unit);
    uint64_t end = unit + frame->node->size_units;

    verify->span_live[span] += frame->node->size_units;
    verify->report->units += frame->node->size_units;
    for (; unit < end; unit++) {
        uint64_t *word = &verify->taken[unit / 64];
        uint64_t bit = UINT64_C(1) << (unit % 64);

        if ((*word & bit) != 0)
            return found(verify, frame->ref, "T2: node shares units with another", 0);
        *word |= bit;
    }
    return XT_OK;
}

/* ---- T4, T5: slots ------------------------------------------------------------------------ */

static bool is_denormal(float value)
{
    return value != 0 && fpclassify(value) == FP_SUBNORMAL;
}

static xt_status inner_side_check(struct verify *verify, const struct xtd_node *node, uint32_t axis)
{
    const float *lo = xti_inner_side(verify->layout, node, axis, false);
    const float *hi = xti_inner_side(verify->layout, node, axis, true);

    for (uint32_t slot = 0; slot < node->count; slot++) {
        if (!(lo[slot] <= hi[slot]))
            return found_at(verify, "T4: child's box is NaN or has low > high", &lo[slot]);
        if (is_denormal(lo[slot]) || is_denormal(hi[slot]))
            return found_at(verify, "T4: child's box has a denormal offset", &lo[slot]);
    }
    for (uint32_t slot = node->count; slot < node->capacity; slot++) {
        if (!isnan(lo[slot]) || !isnan(hi[slot]))
            return found_at(verify, "T4: unused slot's box is not NaN", &lo[slot]);
    }
    return XT_OK;
}

static xt_status inner_check(struct verify *verify, const struct xtd_node *node)
{
    const uint32_t *refs = xti_inner_refs_const(verify->layout, node);
    xt_status status;

    for (uint32_t axis = 0; axis < verify->layout->dims; axis++) {
        status = inner_side_check(verify, node, axis);
        if (status != XT_OK)
            return status;
    }
    for (uint32_t slot = node->count; slot < node->capacity; slot++) {
        if (refs[slot] != 0)
            return found_at(verify, "T4: unused slot's ref is not 0", &refs[slot]);
    }
    return XT_OK;
}

static xt_status leaf_side_check(struct verify *verify, const struct xtd_node *leaf, uint32_t axis)
{
    const struct xti_layout *layout = verify->layout;
    const char *coords = xti_leaf_coords_const(leaf);
    size_t from = xti_leaf_side(layout, leaf, axis, false);
    size_t to = xti_leaf_side(layout, leaf, axis, true);

    for (uint32_t slot = 0; slot < leaf->capacity; slot++) {
        double low = xti_leaf_value(layout, leaf, from + slot);
        double high = xti_leaf_value(layout, leaf, to + slot);
        const void *at = coords + (from + slot) * layout->coord_bytes;

        if (slot < leaf->count && !(low <= high))
            return found_at(verify, "T5: item is NaN or has low > high", at);
        if (slot >= leaf->count && (!isnan(low) || !isnan(high)))
            return found_at(verify, "T5: unused slot's coordinate is not NaN", at);
    }
    return XT_OK;
}

static xt_status leaf_check(struct verify *verify, const struct xtd_node *leaf)
{
    const uint64_t *ids = xti_leaf_ids_const(verify->layout, leaf);
    xt_status status;

    for (uint32_t axis = 0; axis < verify->layout->dims; axis++) {
        status = leaf_side_check(verify, leaf, axis);
        if (status != XT_OK)
            return status;
    }
    for (uint32_t slot = leaf->count; slot < leaf->capacity; slot++) {
        if (ids[slot] != 0)
            return found_at(verify, "T5: unused slot's id is not 0", &ids[slot]);
    }
    return XT_OK;
}

/* ---- T6: boxes ---------------------------------------------------------------------------- */

static double least_of(double a, double b)
{
    return a < b ? a : b;
}

/* How far the content of a node reaches to one side, exactly. */
static struct xti_sum content_reach(const struct xti_layout *layout, const struct xtd_node *node,
                                    uint32_t axis, bool is_high)
{
    double sign = is_high ? -1.0 : 1.0;
    double least = INFINITY;

    if (node->level == 0) {
        size_t side = xti_leaf_side(layout, node, axis, is_high);

        for (uint32_t slot = 0; slot < node->count; slot++)
            least = least_of(least, sign * xti_leaf_value(layout, node, side + slot));
        return xti_sum_of(sign * least, 0.0);
    }
    for (uint32_t slot = 0; slot < node->count; slot++)
        least = least_of(least, sign * (double)xti_inner_side(layout, node, axis, is_high)[slot]);
    return xti_sum_of(xti_inner_origin_const(node)[axis], sign * least);
}

/* The box that the parent stores for the current node contains what is in it. */
static xt_status parent_box_check(struct verify *verify)
{
    const struct xti_walk_frame *parent = xti_walk_parent(&verify->walk);
    const struct xti_walk_frame *frame = xti_walk_node(&verify->walk);
    const struct xti_layout *layout = verify->layout;

    for (uint32_t side = 0; parent != NULL && side < 2 * layout->dims; side++) {
        uint32_t axis = side / 2;
        bool is_high = side % 2 != 0;
        const float *stored =
            xti_inner_side(layout, parent->node, axis, is_high) + (parent->next_slot - 1);
        struct xti_sum reach = content_reach(layout, frame->node, axis, is_high);
        struct xti_sum limit =
            xti_sum_of(xti_inner_origin_const(parent->node)[axis], (double)*stored);

        if (is_high ? xti_sum_is_below(limit, reach) : xti_sum_is_below(reach, limit))
            return found(verify, parent->ref, "T6: child sticks out of its box",
                         (size_t)((const char *)stored - (const char *)parent->node));
    }
    return XT_OK;
}

/* ---- T7: counts --------------------------------------------------------------------------- */

/* The nodes of levels `from` to `to` on the path have no more children to come. */
static xt_status nodes_close(struct verify *verify, uint32_t from, uint32_t to)
{
    for (uint32_t level = from == 0 ? 1 : from; level <= to; level++) {
        const struct open_node *open = &verify->open[level];

        if (open->items != open->item_count)
            return found(verify, open->ref, "T7: item_count is not the sum of the children's",
                         offsetof(struct xtd_node, item_count));
    }
    return XT_OK;
}

static void node_open(struct verify *verify)
{
    const struct xti_walk_frame *frame = xti_walk_node(&verify->walk);
    uint32_t level = frame->node->level;

    verify->open[level] = (struct open_node){frame->ref, frame->node->item_count, 0};
    if (level + 1 < verify->walk.view->height)
        verify->open[level + 1].items += frame->node->item_count;
}

/* ---- all of it ---------------------------------------------------------------------------- */

/* Nodes get their checksums when they are written to a file. */
static bool is_sealed(const struct xti_walk *walk)
{
    return xti_walk_node(walk)->ref - walk->span->first_unit < walk->span->durable;
}

static xt_status node_check(struct verify *verify)
{
    const struct xti_walk_frame *frame = xti_walk_node(&verify->walk);
    xt_status status = units_take(verify);

    if (status == XT_OK && verify->checksums && is_sealed(&verify->walk)) {
        verify->report->bad_ref = frame->ref;
        status = xti_node_verify(frame->node, &verify->report->finding);
    }
    if (status == XT_OK && frame->node->level > 0) {
        verify->report->nodes++;
        status = inner_check(verify, frame->node);
    } else if (status == XT_OK) {
        verify->report->leaves++;
        verify->report->items += frame->node->count;
        status = leaf_check(verify, frame->node);
    }
    if (status == XT_OK)
        status = parent_box_check(verify);
    return status;
}

static xt_status nodes_check(struct verify *verify)
{
    uint32_t height = verify->walk.view->height;
    uint32_t level = height; /* of the last node */
    xt_status status;

    while ((status = xti_walk_next(&verify->walk)) == XT_OK) {
        uint32_t next = xti_walk_node(&verify->walk)->node->level;

        status = nodes_close(verify, level, next);
        if (status == XT_OK)
            status = node_check(verify);
        if (status != XT_OK)
            return status;
        node_open(verify);
        level = next;
    }
    if (status == XT_ECORRUPT)
        return found(verify, verify->walk.bad_ref, verify->walk.finding.what,
                     (size_t)verify->walk.finding.offset);
    return height == 0 ? XT_OK : nodes_close(verify, level, height - 1);
}

/* T8: what the commit says of the tree as a whole. */
static xt_status totals_check(struct verify *verify)
{
    const struct xti_view *view = verify->walk.view;

    if (verify->report->items != view->item_count)
        return found(verify, view->root_ref, "T8: items in the tree and in the commit differ", 0);
    if (verify->report->units != view->live_units)
        return found(verify, view->root_ref, "T8: units in the tree and in the commit differ", 0);
    for (uint32_t i = 0; i < view->span_count; i++) {
        if (verify->span_live[i] != view->spans[i].live_units)
            return found(verify, view->spans[i].first_unit,
                         "T8: units in an arena and in the commit differ", 0);
    }
    return XT_OK;
}

xt_status xti_tree_verify(const struct xti_os *os, const struct xti_view *view, bool checksums,
                          struct xti_verify_report *report)
{
    struct verify verify = {
        .os = os, .layout = view->layout, .report = report, .checksums = checksums};
    xt_status status;

    *report = (struct xti_verify_report){
        .finding = {"", 0}
    };
    xti_walk_init(&verify.walk, view, 0);
    status = units_init(&verify);
    if (status != XT_OK)
        return status;
    status = nodes_check(&verify);
    if (status == XT_OK)
        status = totals_check(&verify);
    os->free(os, verify.span_first, verify.map_bytes);
    return status;
}
