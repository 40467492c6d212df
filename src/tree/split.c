/* src/tree/split.c -- how the entries of a full node are divided: the split of the revised R*-tree.
 *
 * N. Beckmann, B. Seeger, A Revised R*-tree in Comparison with Related Index Structures, SIGMOD
 * 2009, section 4. Entries are put in order along an axis, by their low or their high sides, and
 * cut. Cuts without overlap are best, the shorter the edges of both halves the better; among those
 * that overlap, the less they share the better; and cuts near the middle are preferred. A leaf is
 * cut along the axis on which its halves have the shortest edges in all; an inner node along any.
 *
 * Input that comes in an order would leave half-full nodes behind. The paper remembers for each
 * node the box that it began with, and moves the preferred cut to the side to which the node has
 * grown. Here the writer knows whether items come in order; then it moves towards the newest entry.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/edit.h"

#include <float.h>
#include <string.h>

/* Up to that many keys are ranked by comparing all with all, which vectors are good at. */
#define RANKS_MAX 192u

/* How much further on in the order the newest quarter lies than the oldest, of its whole length,
 * before that is taken for a trend: three times what chance gives a node of 32. */
#define LEAN_TREND 0.4

/* A cut of the order that was scanned last. */
struct cut {
    double goal; /* the less the better; negative: the halves share nothing */
    uint32_t left_count;
};

/* Sums are floats: they choose among cuts and never decide what a box holds. */
struct scan {
    struct xti_writer *writer;
    struct xti_entries *entries;
    uint32_t dims;
    uint32_t least;
    uint32_t axis;     /* what the order is by */
    const float *keys; /* the sides of that */
    double edges_max;  /* no more than that have both halves of a cut without overlap together */
    double edges_sum;  /* of all cuts of the axis */
    struct cut best;
};

/* ---- order -------------------------------------------------------------------------------- */

static bool key_is_below(const float *keys, uint32_t a, uint32_t b)
{
    return keys[a] < keys[b] || (keys[a] == keys[b] && a < b);
}

static void heap_sink(const float *keys, uint32_t *heap, uint32_t count, uint32_t i)
{
    for (;;) {
        uint32_t child = 2 * i + 1;
        uint32_t slot = heap[i];

        if (child >= count)
            return;
        if (child + 1 < count && key_is_below(keys, heap[child], heap[child + 1]))
            child++;
        if (key_is_below(keys, heap[child], slot))
            return;
        heap[i] = heap[child];
        heap[child] = slot;
        i = child;
    }
}

static void order_large(const float *keys, uint32_t count, uint32_t *order)
{
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t i = count / 2; i-- > 0;)
        heap_sink(keys, order, count, i);
    for (uint32_t end = count; --end > 0;) {
        uint32_t slot = order[0];

        order[0] = order[end];
        order[end] = slot;
        heap_sink(keys, order, end, 0);
    }
}

static void order_make(struct scan *scan, uint32_t axis, bool by_high)
{
    struct xti_entries *entries = scan->entries;
    const float *keys = entries->sides + (size_t)(2 * axis + by_high) * entries->stride;

    scan->axis = axis;
    scan->keys = keys;
    if (entries->count > RANKS_MAX) {
        order_large(keys, entries->count, entries->order);
        for (uint32_t i = 0; i < entries->count; i++)
            entries->ranks[entries->order[i]] = i;
        return;
    }
    scan->writer->kernels->ranks(keys, entries->count, entries->ranks);
    for (uint32_t slot = 0; slot < entries->count; slot++)
        entries->order[entries->ranks[slot]] = slot;
}

/* ---- boxes of the two halves -------------------------------------------------------------- */

/* The boxes of the first i + 1 of the order, and of those from i on, along one axis. */
static void side_scan(const struct xti_entries *entries, uint32_t axis)
{
    const float *low = entries->sides + (size_t)2 * axis * entries->stride;
    const float *high = low + entries->stride;
    float *before_lo = entries->before + (size_t)2 * axis * entries->stride;
    float *before_hi = before_lo + entries->stride;
    float *after_lo = entries->after + (size_t)2 * axis * entries->stride;
    float *after_hi = after_lo + entries->stride;
    uint32_t last = entries->count - 1;
    float lo = INFINITY, hi = -INFINITY;
    float lo_back = INFINITY, hi_back = -INFINITY;

    for (uint32_t i = 0; i <= last; i++) {
        uint32_t slot = entries->order[i];
        uint32_t back = entries->order[last - i];

        lo = low[slot] < lo ? low[slot] : lo;
        hi = high[slot] > hi ? high[slot] : hi;
        lo_back = low[back] < lo_back ? low[back] : lo_back;
        hi_back = high[back] > hi_back ? high[back] : hi_back;
        before_lo[i] = lo;
        before_hi[i] = hi;
        after_lo[last - i] = lo_back;
        after_hi[last - i] = hi_back;
    }
}

/* The same for points, along the axis that the order is by. */
static void points_scan_sorted(const struct xti_entries *entries, uint32_t axis)
{
    const float *keys = entries->sides + (size_t)2 * axis * entries->stride;
    float *before_lo = entries->before + (size_t)2 * axis * entries->stride;
    float *after_lo = entries->after + (size_t)2 * axis * entries->stride;
    uint32_t count = entries->count;
    float least = keys[entries->order[0]];
    float most = keys[entries->order[count - 1]];

    for (uint32_t i = 0; i < count; i++) {
        float key = keys[entries->order[i]];

        before_lo[i] = least;
        before_lo[entries->stride + i] = key;
        after_lo[i] = key;
        after_lo[entries->stride + i] = most;
    }
}

/* And along any other. */
static void points_scan(const struct xti_entries *entries, uint32_t axis)
{
    const float *keys = entries->sides + (size_t)2 * axis * entries->stride;
    float *before_lo = entries->before + (size_t)2 * axis * entries->stride;
    float *before_hi = before_lo + entries->stride;
    float *after_lo = entries->after + (size_t)2 * axis * entries->stride;
    float *after_hi = after_lo + entries->stride;
    uint32_t last = entries->count - 1;
    float lo = INFINITY, hi = -INFINITY;
    float lo_back = INFINITY, hi_back = -INFINITY;

    for (uint32_t i = 0; i <= last; i++) {
        float key = keys[entries->order[i]];
        float back = keys[entries->order[last - i]];

        lo = key < lo ? key : lo;
        hi = key > hi ? key : hi;
        lo_back = back < lo_back ? back : lo_back;
        hi_back = back > hi_back ? back : hi_back;
        before_lo[i] = lo;
        before_hi[i] = hi;
        after_lo[last - i] = lo_back;
        after_hi[last - i] = hi_back;
    }
}

static void orders_scan(const struct scan *scan)
{
    for (uint32_t axis = 0; axis < scan->dims; axis++) {
        if (!scan->entries->is_points)
            side_scan(scan->entries, axis);
        else if (axis == scan->axis)
            points_scan_sorted(scan->entries, axis);
        else
            points_scan(scan->entries, axis);
    }
}

/* What the two halves of each cut have that may be taken: element i for i entries on the left. */
static void cuts_measure(const struct scan *scan)
{
    const struct xti_entries *entries = scan->entries;
    const struct xti_cuts cuts = {
        .before = entries->before,
        .after = entries->after,
        .stride = entries->stride,
        .dims = scan->dims,
        .count = entries->count,
        .first = scan->least,
        .last = entries->count - scan->least,
        .edges = entries->edges,
        .shared = entries->shared,
        .volume = entries->volume,
        .least = entries->least,
        .flat = entries->flat,
    };

    scan->writer->kernels->cuts(&cuts);
}

/* ---- which cut ---------------------------------------------------------------------------- */

/* exp(-x^2), near enough and the same everywhere: (1 - x^2 / 256)^256. */
static double bell(double x)
{
    double y = 1.0 - x * x / 256;

    for (unsigned i = 0; i < 8; i++)
        y *= y;
    return y;
}

/* The paper's weights: 1 for the preferred cut, nearly 0 far from it. lean: where between the ends,
 * -1 to 1, that one is. */
static void weights_make(struct scan *scan, double lean)
{
    const double width = 0.5;
    double count = (double)scan->entries->count;
    double centre = (1.0 - 2.0 * (double)scan->least / count) * lean;
    double reach = width * (1.0 + fabs(centre));
    double floor = bell(1.0 / width);

    for (uint32_t i = scan->least; i <= scan->entries->count - scan->least; i++) {
        double x = (2.0 * (double)i / count - 1.0 - centre) / reach;
        double weight = (bell(x) - floor) / (1.0 - floor);

        scan->entries->weights[i] = weight > 1e-3 ? weight : 1e-3;
    }
    scan->entries->lean = lean;
    scan->entries->weighed = scan->entries->count;
    scan->entries->weighed_least = scan->least;
}

static void side_of(const struct xti_entries *entries, uint32_t axis, double *lo, double *hi)
{
    const float *low = entries->sides + (size_t)2 * axis * entries->stride;
    const float *high = entries->is_points ? low : low + entries->stride;
    float from = low[0], to = high[0];

    for (uint32_t slot = 1; slot < entries->count; slot++) {
        from = low[slot] < from ? low[slot] : from;
        to = high[slot] > to ? high[slot] : to;
    }
    *lo = (double)from;
    *hi = (double)to;
}

/* Where in the order the slots from `from` up to `to` lie on average, from 0 to 1. */
static double slots_place(const struct xti_entries *entries, uint32_t from, uint32_t to)
{
    uint64_t sum = 0;

    for (uint32_t slot = from; slot < to; slot++)
        sum += entries->ranks[slot];
    return (double)sum / ((double)(to - from) * (double)(entries->count - 1));
}

/* 1 or -1: entries come in order along the axis, and so lean to one side. Slots are filled in the
 * order in which entries come, so the last quarter of them are the newest and the first the oldest;
 * the very newest must be on the same side. Equal ones are ordered by slot and say nothing. */
static double axis_lean(const struct scan *scan)
{
    const struct xti_entries *entries = scan->entries;
    uint32_t count = entries->count;
    uint32_t quarter = count / 4 > 0 ? count / 4 : 1;
    double newest = slots_place(entries, count - 1, count);
    double trend;

    if ((newest > 0.25 && newest < 0.75) ||
        scan->keys[entries->order[0]] == scan->keys[entries->order[count - 1]])
        return 0;
    trend = slots_place(entries, count - quarter, count) - slots_place(entries, 0, quarter);
    if (newest >= 0.75)
        return trend > LEAN_TREND ? 1 : 0;
    return trend < -LEAN_TREND ? -1 : 0;
}

/* What both halves cover: the volume, or the edges where a half has no volume. In many dimensions a
 * volume may be less than a float can tell, and is overlap all the same. */
static double cut_shared(const struct xti_entries *entries, uint32_t i)
{
    if (entries->least[i] < 0)
        return 0;
    if (!(entries->flat[i] > 0))
        return (double)entries->shared[i];
    if (entries->least[i] > 0 && !(entries->volume[i] > FLT_MIN))
        return (double)FLT_MIN;
    return (double)entries->volume[i];
}

/* Of equal cuts, as those of identical points are, the one that is preferred. */
static bool cut_is_better(const struct scan *scan, struct cut cut)
{
    const double *weights = scan->entries->weights;

    return cut.goal < scan->best.goal || (cut.goal == scan->best.goal &&
                                          weights[cut.left_count] > weights[scan->best.left_count]);
}

static void cuts_look(struct scan *scan)
{
    struct xti_entries *entries = scan->entries;
    double lean = axis_lean(scan);

    if (entries->weighed != entries->count || entries->weighed_least != scan->least ||
        entries->lean != lean)
        weights_make(scan, lean);
    orders_scan(scan);
    cuts_measure(scan);
    for (uint32_t i = scan->least; i <= entries->count - scan->least; i++) {
        double edges = (double)entries->edges[i];
        double saved = edges < scan->edges_max ? edges - scan->edges_max : 0; /* but for rounding */
        double shared = cut_shared(entries, i);
        double goal = shared > 0 ? shared / entries->weights[i] : saved * entries->weights[i];

        scan->edges_sum += edges;
        if (cut_is_better(scan, (struct cut){goal, i}))
            scan->best = (struct cut){goal, i};
    }
}

/* The share of the entries whose centre lies in both halves: the paper's (Berchtold, Keim, Kriegel
 * 1996) weighted overlap, definition 1b, with an entry for each data object. */
static double overlap_share(const struct scan *scan, const struct xti_split *split)
{
    const struct xti_entries *entries = scan->entries;
    uint32_t inside = 0;

    for (uint32_t slot = 0; slot < entries->count; slot++) {
        bool is_inside = true;

        for (uint32_t axis = 0; axis < scan->dims && is_inside; axis++) {
            size_t side = (size_t)2 * axis * entries->stride;
            const float *before = entries->before + side + split->left_count - 1;
            const float *after = entries->after + side + split->left_count;
            float from = before[0] > after[0] ? before[0] : after[0];
            float to = before[entries->stride] < after[entries->stride] ? before[entries->stride]
                                                                        : after[entries->stride];
            float centre = entries->sides[side + slot] * 0.5f +
                           entries->sides[side + entries->stride + slot] * 0.5f;

            is_inside = centre >= from && centre <= to;
        }
        inside += is_inside;
    }
    return (double)inside / (double)entries->count;
}

/* How long the box of all entries is along each axis. */
static void extents_measure(const struct xti_entries *entries, uint32_t dims, double *extents)
{
    for (uint32_t axis = 0; axis < dims; axis++) {
        double lo, hi;

        side_of(entries, axis, &lo, &hi);
        extents[axis] = hi - lo;
    }
}

static double edges_max(const double *extents, uint32_t dims)
{
    double sum = 0;
    double shortest = INFINITY;

    for (uint32_t axis = 0; axis < dims; axis++) {
        sum += extents[axis];
        shortest = extents[axis] < shortest ? extents[axis] : shortest;
    }
    return 2 * sum - shortest;
}

/* The best cut along one axis, in both orders; axis_order gets the order that it cuts. */
static void axis_look(struct scan *scan, uint32_t axis)
{
    struct xti_entries *entries = scan->entries;

    scan->edges_sum = 0;
    scan->best = (struct cut){INFINITY, entries->count / 2};
    for (unsigned by_high = 0; by_high < (entries->is_points ? 1u : 2u); by_high++) {
        struct cut before = scan->best;

        order_make(scan, axis, by_high != 0);
        cuts_look(scan);
        if (by_high == 0 || scan->best.goal < before.goal ||
            scan->best.left_count != before.left_count)
            memcpy(entries->axis_order, entries->order, entries->count * sizeof *entries->order);
    }
}

static uint32_t longest_axis(const double *extents, uint32_t dims)
{
    double longest = -INFINITY;
    uint32_t best = 0;

    for (uint32_t axis = 0; axis < dims; axis++) {
        if (extents[axis] > longest) {
            longest = extents[axis];
            best = axis;
        }
    }
    return best;
}

/* Points are cut across the longest side of their box: what is left of it is what counts, and only
 * one order has to be made. */
static void points_find(struct scan *scan, const double *extents, struct xti_split *split)
{
    struct xti_entries *entries = scan->entries;

    axis_look(scan, longest_axis(extents, scan->dims));
    split->left_count = scan->best.left_count;
    memcpy(entries->best_order, entries->axis_order, entries->count * sizeof *entries->order);
}

void xti_split_find(struct xti_writer *writer, bool is_leaf, uint32_t least,
                    struct xti_split *split)
{
    struct xti_entries *entries = &writer->entries;
    struct scan scan = {
        .writer = writer, .entries = entries, .dims = writer->layout->dims, .least = least};
    double extents[XT_DIMS_MAX];
    double best = INFINITY;

    extents_measure(entries, scan.dims, extents);
    scan.edges_max = edges_max(extents, scan.dims);
    if (entries->is_points) {
        points_find(&scan, extents, split);
        return;
    }
    for (uint32_t axis = 0; axis < scan.dims; axis++) {
        double value;

        axis_look(&scan, axis);
        value = is_leaf ? scan.edges_sum : scan.best.goal;
        if (axis > 0 && !(value < best))
            continue;
        best = value;
        split->left_count = scan.best.left_count;
        memcpy(entries->best_order, entries->axis_order, entries->count * sizeof *entries->order);
    }
    if (is_leaf)
        return;
    memcpy(entries->order, entries->best_order, entries->count * sizeof *entries->order);
    for (uint32_t axis = 0; axis < scan.dims; axis++)
        side_scan(entries, axis);
    split->overlap = overlap_share(&scan, split);
}
