/* src/tree/choose.c -- which child takes a new item: the choice of the revised R*-tree.
 *
 * N. Beckmann, B. Seeger, A Revised R*-tree in Comparison with Related Index Structures, SIGMOD
 * 2009, section 3. A child that holds the item already, the smallest of them. Else the one that
 * grows least, unless its growth would make it overlap its siblings more: then, of those that this
 * concerns, the first whose growth does no such harm, or the one that does least.
 *
 * All numbers of a node come from kernels; in most nodes only the first of them is needed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/edit.h"

/* How many children are tried at most. */
#define CANDIDATES_MAX 16u

/* Larger nodes are looked at as far as that: beyond, the choice would cost more than it gives. */
#define SLOTS_MAX 512u

struct choice {
    struct xti_writer *writer;
    const struct xtd_node *node;
    uint32_t slots; /* that are looked at */
    float growth[SLOTS_MAX];
    float edges[SLOTS_MAX]; /* shared with another, by how much more: of the last candidate */
    float volume[SLOTS_MAX];
    bool is_candidate[SLOTS_MAX];
};

/* ---- children that hold the item ---------------------------------------------------------- */

struct size {
    double volume;
    double edges;
};

static struct size slot_size(const struct xti_layout *layout, const struct xtd_node *node,
                             uint32_t slot)
{
    const float *side = xti_inner_boxes_const(layout, node) + slot;
    struct size size = {1.0, 0.0};

    for (uint32_t axis = 0; axis < layout->dims; axis++, side += 2 * (size_t)node->capacity) {
        double length = (double)side[node->capacity] - (double)side[0];

        size.volume *= length;
        size.edges += length;
    }
    return size;
}

/* Of boxes without volume the one with the shortest edges, else the least volume. */
static bool size_is_less(struct size a, struct size b)
{
    if (a.volume != b.volume)
        return a.volume < b.volume;
    return a.edges < b.edges;
}

static bool choose_holding(struct xti_writer *writer, const struct xtd_node *node, uint32_t *slot)
{
    const struct xti_layout *layout = writer->layout;
    const float *boxes = xti_inner_boxes_const(layout, node);
    struct size best = {INFINITY, INFINITY};
    bool is_found = false;

    for (uint32_t first = 0; first < node->count; first += 64) {
        uint64_t mask = writer->kernels->inner_covers(boxes, node->capacity, first, layout->dims,
                                                      writer->exact.lo, writer->exact.hi);

        if (!is_found && mask != 0 && (mask & (mask - 1)) == 0 && node->count <= 64) {
            *slot = (uint32_t)__builtin_ctzll(mask);
            return true;
        }
        for (; mask != 0; mask &= mask - 1) {
            uint32_t i = first + (uint32_t)__builtin_ctzll(mask);
            struct size size = slot_size(layout, node, i);

            if (is_found && !size_is_less(size, best))
                continue;
            best = size;
            *slot = i;
            is_found = true;
        }
    }
    return is_found;
}

/* ---- children that would grow ------------------------------------------------------------- */

/* The slot with the least value that is a number; 0 when there is none. */
static uint32_t slot_of_least(const float *values, uint32_t count)
{
    uint32_t best = 0;

    for (uint32_t slot = 1; slot < count; slot++) {
        if (values[slot] < values[best] || !(values[best] == values[best]))
            best = slot;
    }
    return best;
}

/* What growing costs a candidate's siblings goes to edges[] and volume[]. */
static void candidate_look(struct choice *choice, uint32_t slot)
{
    struct xti_writer *writer = choice->writer;
    const struct xti_layout *layout = writer->layout;
    float *lo = writer->grown_lo;
    float *hi = writer->grown_hi;
    struct xti_growing box = {writer->rising.lo, writer->rising.hi, lo, hi};

    xti_slot_box_get(layout, choice->node, slot, writer->rising.lo, writer->rising.hi);
    for (uint32_t axis = 0; axis < layout->dims; axis++) {
        lo[axis] = writer->rising.lo[axis];
        hi[axis] = writer->rising.hi[axis];
        if (writer->exact.lo[axis] < lo[axis])
            lo[axis] = writer->exact.lo[axis];
        if (writer->exact.hi[axis] > hi[axis])
            hi[axis] = writer->exact.hi[axis];
    }
    writer->rising.is_set = false;
    writer->kernels->inner_shared_growth(xti_inner_boxes_const(layout, choice->node),
                                         choice->node->capacity, layout->dims, &box, choice->edges,
                                         choice->volume);
    choice->edges[slot] = 0;
    choice->volume[slot] = 0;
}

/* The candidates' siblings that matter are those that grow no more than the last one which the
 * first candidate would overlap more than before. */
static float growth_limit(const struct choice *choice)
{
    float limit = -INFINITY;

    for (uint32_t slot = 0; slot < choice->slots; slot++) {
        if (choice->edges[slot] > 0 && choice->growth[slot] > limit)
            limit = choice->growth[slot];
    }
    return limit;
}

/* Sums up a candidate's harm and makes candidates of those that it would harm. */
static double candidate_harm(struct choice *choice, float limit, uint32_t *queue, uint32_t *queued)
{
    bool has_volume = true;
    double harm = 0;
    const float *shared;

    for (uint32_t axis = 0; axis < choice->writer->layout->dims; axis++)
        has_volume &= choice->writer->grown_hi[axis] > choice->writer->grown_lo[axis];
    shared = has_volume ? choice->volume : choice->edges;
    for (uint32_t slot = 0; slot < choice->slots; slot++) {
        if (!(shared[slot] > 0) || !(choice->growth[slot] <= limit))
            continue;
        harm += (double)shared[slot];
        if (!choice->is_candidate[slot] && *queued < CANDIDATES_MAX) {
            choice->is_candidate[slot] = true;
            queue[(*queued)++] = slot;
        }
    }
    return harm;
}

static uint32_t choose_growing(struct choice *choice)
{
    const struct xtd_node *node = choice->node;
    struct xti_writer *writer = choice->writer;
    uint32_t queue[CANDIDATES_MAX] = {slot_of_least(choice->growth, choice->slots)};
    uint32_t queued = 1;
    uint32_t best = queue[0];
    double least = INFINITY;
    float limit;

    candidate_look(choice, queue[0]);
    limit = growth_limit(choice);
    if (limit == -INFINITY)
        return queue[0];
    for (uint32_t slot = 0; slot < choice->slots; slot++)
        choice->is_candidate[slot] = slot == queue[0];
    for (uint32_t i = 0; i < queued; i++) {
        double harm;

        if (i > 0)
            candidate_look(choice, queue[i]);
        harm = candidate_harm(choice, limit, queue, &queued);
        if (harm < least) {
            least = harm;
            best = queue[i];
        }
        if (harm == 0)
            break;
    }
    (void)node;
    (void)writer;
    return best;
}

/* A node too large to be looked at whole: the child that grows least. */
static uint32_t choose_in_large(struct xti_writer *writer, const struct xtd_node *node)
{
    const struct xti_layout *layout = writer->layout;
    uint32_t best = 0;
    double least = INFINITY;

    for (uint32_t slot = 0; slot < node->count; slot++) {
        const float *side = xti_inner_boxes_const(layout, node) + slot;
        double growth = 0;

        for (uint32_t axis = 0; axis < layout->dims; axis++, side += 2 * (size_t)node->capacity) {
            float below = side[0] - writer->exact.lo[axis];
            float above = writer->exact.hi[axis] - side[node->capacity];

            growth += (below > 0 ? (double)below : 0.0) + (above > 0 ? (double)above : 0.0);
        }
        if (growth < least) {
            least = growth;
            best = slot;
        }
    }
    return best;
}

uint32_t xti_choose(struct xti_writer *writer, const struct xtd_node *node)
{
    struct choice choice;
    uint32_t slot = 0;

    xti_frame_item(writer, node);
    if (choose_holding(writer, node, &slot))
        return slot;
    if (node->capacity > SLOTS_MAX)
        return choose_in_large(writer, node);
    choice.writer = writer;
    choice.node = node;
    choice.slots = node->count;
    writer->kernels->inner_growth(xti_inner_boxes_const(writer->layout, node), node->capacity,
                                  writer->layout->dims, writer->exact.lo, writer->exact.hi,
                                  choice.growth);
    return choose_growing(&choice);
}
