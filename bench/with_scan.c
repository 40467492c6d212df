/* bench/with_scan.c -- no index at all: every item is looked at, as fast as the processor can.
 *
 * Items lie in blocks of 32, axis by axis, so that four of them fit into one register and a block
 * is compared without a branch. Many neighbours at once go through the items tile by tile, while
 * these are in the cache.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contestants.h"

enum { lanes = 4, groups = 8, block_items = lanes * groups, tile_bytes = 131072 };

typedef double numbers __attribute__((vector_size(lanes * sizeof(double))));
typedef int64_t truths __attribute__((vector_size(lanes * sizeof(int64_t))));

struct scan {
    bool is_boxes;
    size_t dims, count, block_count;
    numbers *low;  /* for each block, for each axis: its items, in groups */
    numbers *high; /* of points: the same array */
};

static const char *version(void)
{
#if defined(__AVX512F__)
    return "plain scan, gcc vectors of 4 doubles, -O3 -march=native (with AVX-512)";
#elif defined(__AVX2__)
    return "plain scan, gcc vectors of 4 doubles, -O3 -march=native (with AVX2)";
#else
    return "plain scan, gcc vectors of 4 doubles, without AVX2";
#endif
}

/* ---- building ------------------------------------------------------------------------------ */

static void *prepare(const struct dataset *data)
{
    struct dataset *copy = malloc(sizeof *copy);
    if (copy == NULL)
        bench_die("out of memory");
    *copy = *data;
    return copy;
}

/* `corner` is where a row begins: the low corner, or the high one. What fills the last block meets
 * nothing: no comparison with NaN is true. */
static numbers *corners_make(const struct scan *scan, const double *corner, size_t width)
{
    size_t count = scan->block_count * block_items * scan->dims;
    numbers *made = aligned_alloc(sizeof(numbers), count * sizeof(double) + sizeof(numbers));
    if (made == NULL)
        bench_die("out of memory");
    for (size_t i = 0; i < scan->block_count * block_items; i++) {
        numbers *block = made + i / block_items * scan->dims * groups;
        size_t place = i % block_items;
        for (size_t axis = 0; axis < scan->dims; axis++)
            block[axis * groups + place / lanes][place % lanes] =
                i < scan->count ? corner[i * width + axis] : (double)NAN;
    }
    return made;
}

static void *build(void *prepared, unsigned way, unsigned threads)
{
    const struct dataset *data = prepared;
    struct scan *scan = malloc(sizeof *scan);
    (void)way;
    (void)threads;
    if (scan == NULL)
        bench_die("out of memory");
    *scan = (struct scan){.is_boxes = data->is_boxes,
                          .dims = data->dims,
                          .count = data->count,
                          .block_count = (data->count + block_items - 1) / block_items};
    scan->low = corners_make(scan, data->coords, dataset_width(data));
    scan->high = data->is_boxes ? corners_make(scan, data->coords + data->dims, dataset_width(data))
                                : scan->low;
    return scan;
}

static uint64_t bytes(const void *built)
{
    const struct scan *scan = built;
    return scan->block_count * block_items * scan->dims * sizeof(double) * (scan->is_boxes ? 2 : 1);
}

static void destroy(void *built)
{
    struct scan *scan = built;
    if (scan->is_boxes)
        free(scan->high);
    free(scan->low);
    free(scan);
}

/* ---- windows ------------------------------------------------------------------------------- */

/* -1 for each item of the block that meets the window. */
static void block_meets(const struct scan *scan, size_t block, const double *window, truths *meets)
{
    const numbers *low = scan->low + block * scan->dims * groups;
    const numbers *high = scan->high + block * scan->dims * groups;
    memset(meets, 0xff, groups * sizeof *meets);
    for (size_t axis = 0; axis < scan->dims; axis++) {
        double from = window[axis];
        double to = window[scan->dims + axis];
        for (size_t i = 0; i < groups; i++)
            meets[i] &= (low[axis * groups + i] <= to) & (high[axis * groups + i] >= from);
    }
}

static uint64_t meets_count(const truths *meets)
{
    truths sum = meets[0];
    for (size_t i = 1; i < groups; i++)
        sum += meets[i];
    return (uint64_t) - (sum[0] + sum[1] + sum[2] + sum[3]);
}

static size_t window_ids(void *built, unsigned walker, const double *window, uint64_t *ids)
{
    const struct scan *scan = built;
    size_t found = 0;
    (void)walker;
    for (size_t block = 0; block < scan->block_count; block++) {
        truths meets[groups];
        block_meets(scan, block, window, meets);
        if (meets_count(meets) == 0)
            continue;
        for (size_t i = 0; i < block_items; i++) {
            ids[found] = block * block_items + i;
            found += meets[i / lanes][i % lanes] != 0;
        }
    }
    return found;
}

static uint64_t window_count(void *built, unsigned walker, const double *window)
{
    const struct scan *scan = built;
    uint64_t found = 0;
    (void)walker;
    for (size_t block = 0; block < scan->block_count; block++) {
        truths meets[groups];
        block_meets(scan, block, window, meets);
        found += meets_count(meets);
    }
    return found;
}

/* ---- neighbours ---------------------------------------------------------------------------- */

/* The nearest so far, by rising distance. */
struct nearest_list {
    size_t k;
    uint64_t *ids;
    double *distances;
};

static void list_add(const struct nearest_list *list, uint64_t id, double distance)
{
    size_t at = list->k - 1;
    for (; at > 0 && list->distances[at - 1] > distance; at--) {
        list->ids[at] = list->ids[at - 1];
        list->distances[at] = list->distances[at - 1];
    }
    list->ids[at] = id;
    list->distances[at] = distance;
}

/* Adds what is above zero to `sum`. Vectors are passed by address: registers of that size are no
 * part of every ABI. */
static inline void positive_add(numbers *sum, const numbers *value)
{
    *sum += (numbers)((truths)*value & (*value > 0.0));
}

/* Squared, from the point to each item of the block. */
static void block_distances(const struct scan *scan, size_t block, const double *point,
                            numbers *distances)
{
    const numbers *low = scan->low + block * scan->dims * groups;
    const numbers *high = scan->high + block * scan->dims * groups;
    memset(distances, 0, groups * sizeof *distances);
    for (size_t axis = 0; axis < scan->dims; axis++) {
        double at = point[axis];
        for (size_t i = 0; i < groups; i++) {
            numbers gap = low[axis * groups + i] - at;
            if (scan->is_boxes) {
                numbers above = at - high[axis * groups + i];
                numbers below = gap;
                gap = (numbers){0.0};
                positive_add(&gap, &below);
                positive_add(&gap, &above);
            }
            distances[i] += gap * gap;
        }
    }
}

static bool any_below(const numbers *distances, double bound)
{
    truths below = distances[0] < bound;
    for (size_t i = 1; i < groups; i++)
        below |= distances[i] < bound;
    return (below[0] | below[1] | below[2] | below[3]) != 0;
}

static void blocks_search(const struct scan *scan, size_t first, size_t end, const double *point,
                          const struct nearest_list *list)
{
    const double *worst = &list->distances[list->k - 1];
    for (size_t block = first; block < end; block++) {
        numbers distances[groups];
        block_distances(scan, block, point, distances);
        if (!any_below(distances, *worst))
            continue;
        for (size_t i = 0; i < block_items; i++) {
            double distance = distances[i / lanes][i % lanes];
            size_t id = block * block_items + i;
            if (distance < *worst && id < scan->count)
                list_add(list, id, distance);
        }
    }
}

static void nearest_many(void *built, const double *points, size_t count, size_t k, uint64_t *ids,
                         double *distances)
{
    const struct scan *scan = built;
    size_t block_bytes = block_items * scan->dims * sizeof(double) * (scan->is_boxes ? 2 : 1);
    size_t tile = tile_bytes / block_bytes + 1;
    for (size_t i = 0; i < count * k; i++)
        distances[i] = INFINITY;
    for (size_t first = 0; first < scan->block_count; first += tile) {
        size_t end = first + tile < scan->block_count ? first + tile : scan->block_count;
        for (size_t i = 0; i < count; i++) {
            struct nearest_list list = {k, ids + i * k, distances + i * k};
            blocks_search(scan, first, end, points + i * scan->dims, &list);
        }
    }
}

static void nearest(void *built, unsigned walker, const double *point, size_t k, uint64_t *ids,
                    double *distances)
{
    (void)walker;
    nearest_many(built, point, 1, k, ids, distances);
}

static const char *const builders[] = {"copy, axis by axis", NULL};
static const char *const walkers[] = {"every item", NULL};

const struct contestant with_scan = {
    .interface = CONTESTANT_INTERFACE,
    .name = "plain scan",
    .version = version,
    .is_linear = true,
    .walkers = walkers,
    .bytes = bytes,
    .destroy = destroy,
    .builders = builders,
    .prepare = prepare,
    .unprepare = free,
    .build = build,
    .window = window_ids,
    .count = window_count,
    .is_squared = true,
    .nearest = nearest,
    .nearest_many = nearest_many,
};
