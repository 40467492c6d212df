/* src/tree/nearest_cut.c -- how far a nearest search has to look.
 *
 * When k items have been seen, what is farther than the k-th of them is of no interest. Going best
 * first, a search enters no node for that reason that it would not leave alone anyway; but it need
 * not finish distances that are beyond, nor keep the items and nodes. With many axes, where a
 * search sees a large part of all items, that is most of its work.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/nearest_private.h"

static void cut_set(struct xti_nearest *query, double distance)
{
    query->cut = distance;
    query->near.limit = xti_near_limit(distance, query->near.is_maximum);
    query->key_cut = query->metric == XT_GREAT_CIRCLE
                         ? xti_sphere_key_limit(distance)
                         : xti_near_key_limit(distance, query->near.is_maximum);
}

void xti_near_cut_start(struct xti_nearest *query)
{
    query->best_count = 0;
    cut_set(query, query->max_distance);
}

static void best_push(struct xti_nearest *query, double distance)
{
    double *heap = query->best;
    uint32_t at = query->best_count++;

    for (; at > 0 && distance > heap[(at - 1) / 2]; at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = distance;
}

/* In place of the largest. */
static void best_replace(struct xti_nearest *query, double distance)
{
    double *heap = query->best;
    uint32_t count = query->best_count;
    uint32_t at = 0;

    for (uint32_t child = 1; child < count; child = 2 * at + 1) {
        child += child + 1 < count && heap[child + 1] > heap[child];
        if (distance >= heap[child])
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = distance;
}

void xti_near_cut_draw(struct xti_nearest *query, const double *distances, uint32_t used)
{
    double cut = query->cut;

    if (query->best_capacity == 0)
        return;
    for (uint32_t slot = 0; slot < used; slot++) {
        double distance = distances[slot];

        if (!(distance <= cut))
            continue;
        if (query->best_count < query->best_capacity)
            best_push(query, distance);
        else
            best_replace(query, distance);
        if (query->best_count == query->best_capacity)
            cut = query->best[0] < cut ? query->best[0] : cut;
    }
    if (cut < query->cut)
        cut_set(query, cut);
}
