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

/* How many children are tried at most, and how many siblings each may harm; more change little. */
#define CANDIDATES_MAX 2u
#define HARMED_MAX 16u

/* Larger nodes get the child that grows least: to look closer would cost more than it gives. */
#define SLOTS_MAX 512u

struct harm {
    uint32_t slot;
    double edges; /* what the candidate shares with it, by how much more */
    double volume;
};

struct choice {
    struct xti_writer *writer;
    const struct xtd_node *node;
    float growth[SLOTS_MAX];
    struct harm harmed[HARMED_MAX]; /* by the candidate that was looked at last */
    uint32_t harmed_count;
    bool has_volume; /* the candidate, grown */
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

static bool choose_holding(struct xti_writer *writer, const struct xtd_node *node, uint64_t mask,
                           uint32_t *slot)
{
    const struct xti_layout *layout = writer->layout;
    const float *boxes = xti_inner_boxes_const(layout, node);
    struct size best = {INFINITY, INFINITY};
    bool is_found = false;

    for (uint32_t first = 0; first < node->count; first += 64) {
        if (first > 0)
            mask = writer->kernels->inner_covers(boxes + first, node->capacity,
                                                 xti_slots_left(node, first), layout->dims,
                                                 writer->exact.lo, writer->exact.hi);
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

/* The box of a slot goes to writer->rising, and as it would grow to grown_lo and grown_hi. */
static void candidate_grow(struct choice *choice, uint32_t slot)
{
    struct xti_writer *writer = choice->writer;
    float *lo = writer->grown_lo;
    float *hi = writer->grown_hi;

    xti_slot_box_get(writer->layout, choice->node, slot, writer->rising.lo, writer->rising.hi);
    writer->rising.is_set = false;
    choice->has_volume = true;
    for (uint32_t axis = 0; axis < writer->layout->dims; axis++) {
        float from = writer->rising.lo[axis];
        float to = writer->rising.hi[axis];

        lo[axis] = writer->exact.lo[axis] < from ? writer->exact.lo[axis] : from;
        hi[axis] = writer->exact.hi[axis] > to ? writer->exact.hi[axis] : to;
        choice->has_volume &= hi[axis] > lo[axis];
    }
}

static float least_float(float a, float b)
{
    return a < b ? a : b;
}

static float most_float(float a, float b)
{
    return a > b ? a : b;
}

/* What a sibling shares with the candidate, by how much more when that one grows. */
static struct harm sibling_harm(const struct choice *choice, uint32_t slot)
{
    const struct xti_writer *writer = choice->writer;
    const float *side = xti_inner_boxes_const(writer->layout, choice->node) + slot;
    size_t capacity = choice->node->capacity;
    struct harm harm = {slot, 0.0, 1.0};
    double edges = 0.0;
    double volume = 1.0;
    bool is_apart = false;

    for (uint32_t axis = 0; axis < writer->layout->dims; axis++, side += 2 * capacity) {
        float length = least_float(side[capacity], writer->rising.hi[axis]) -
                       most_float(side[0], writer->rising.lo[axis]);
        float grown = least_float(side[capacity], writer->grown_hi[axis]) -
                      most_float(side[0], writer->grown_lo[axis]);

        is_apart |= length < 0;
        edges += (double)length;
        volume *= (double)length;
        harm.edges += (double)grown;
        harm.volume *= (double)grown;
    }
    if (!is_apart) {
        harm.edges -= edges;
        harm.volume -= volume;
    }
    return harm;
}

/* Lists the siblings that the candidate's growth harms. */
static void candidate_look(struct choice *choice, uint32_t candidate)
{
    struct xti_writer *writer = choice->writer;
    const struct xtd_node *node = choice->node;
    const float *boxes = xti_inner_boxes_const(writer->layout, node);

    candidate_grow(choice, candidate);
    choice->harmed_count = 0;
    for (uint32_t first = 0; first < node->count; first += 64) {
        uint64_t meet = writer->kernels->boxes_meet_f32(
            boxes, node->capacity, first, writer->layout->dims, writer->grown_lo, writer->grown_hi);

        for (; meet != 0 && choice->harmed_count < HARMED_MAX; meet &= meet - 1) {
            uint32_t slot = first + (uint32_t)__builtin_ctzll(meet);
            struct harm harm = sibling_harm(choice, slot);

            if (slot != candidate && harm.edges > 0)
                choice->harmed[choice->harmed_count++] = harm;
        }
    }
}

/* Of those that a candidate harms the siblings matter that grow no more than `limit`. */
static double harm_sum(const struct choice *choice, float limit)
{
    double sum = 0;

    for (uint32_t i = 0; i < choice->harmed_count; i++) {
        const struct harm *harm = &choice->harmed[i];

        if (choice->growth[harm->slot] <= limit)
            sum += choice->has_volume ? harm->volume : harm->edges;
    }
    return sum;
}

/* The limit is the growth of the one that grows most of those that the first candidate harms; the
 * next candidates are these, from the one on that grows least. */
static uint32_t choose_growing(struct choice *choice, uint32_t first)
{
    uint32_t others[HARMED_MAX];
    uint32_t count;
    uint32_t best = first;
    float limit = -INFINITY;
    double least;

    candidate_look(choice, first);
    count = choice->harmed_count;
    for (uint32_t i = 0; i < count; i++) {
        others[i] = choice->harmed[i].slot;
        limit = most_float(choice->growth[others[i]], limit);
    }
    least = harm_sum(choice, limit);
    for (uint32_t tried = 1; tried < CANDIDATES_MAX && count > 0 && least > 0; tried++) {
        uint32_t next = 0;
        double harm;

        for (uint32_t i = 1; i < count; i++)
            next = choice->growth[others[i]] < choice->growth[others[next]] ? i : next;
        candidate_look(choice, others[next]);
        harm = harm_sum(choice, limit);
        if (harm < least) {
            least = harm;
            best = others[next];
        }
        others[next] = others[--count];
    }
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

/* Overlap is looked at where it costs leaves: above, the shortest edges do as well. */
static uint32_t choose_other(struct xti_writer *writer, const struct xtd_node *node)
{
    struct choice choice;
    uint32_t first;

    if (node->capacity > SLOTS_MAX)
        return choose_in_large(writer, node);
    first = writer->kernels->inner_growth(xti_inner_boxes_const(writer->layout, node),
                                          node->capacity, writer->layout->dims, writer->exact.lo,
                                          writer->exact.hi, choice.growth);
    if (node->level > 1)
        return first < node->count ? first : 0;
    choice.writer = writer;
    choice.node = node;
    return choose_growing(&choice, first < node->count ? first : 0);
}

bool xti_choose_among(struct xti_writer *writer, const struct xtd_node *node, uint64_t holding,
                      uint32_t *slot)
{
    if (choose_holding(writer, node, holding, slot))
        return true;
    *slot = choose_other(writer, node);
    return false;
}
