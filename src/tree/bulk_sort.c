/* src/tree/bulk_sort.c -- cutting records into equal, nearly cubic parts.
 *
 * The longest side is cut into slabs by one counting sort; each slab is then cut further, until a
 * part is one leaf (or one node). The counting sort bins keys linearly between the smallest and the
 * largest; records of one bin keep their order, so a cut may fall inside a bin: that costs a little
 * overlap and no correctness.
 *
 * Where the keys crowd into few bins, a merge sort takes over. The longest side then says little:
 * an outlier may have made it so. Only halves are cut, and each is looked at anew.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/bulk.h"

#include <math.h>

void xti_record_shape_init(struct xti_record_shape *shape, uint32_t dims, bool is_box, bool is_f32)
{
    size_t coord_bytes = is_f32 ? 4 : 8;

    shape->dims = dims;
    shape->axes = is_box ? 2 * dims : dims;
    shape->is_box = is_box;
    shape->is_f32 = is_f32;
    shape->bytes = (8 + shape->axes * coord_bytes + 7) & ~(size_t)7;
}

xt_status xti_sorter_init(struct xti_sorter *sorter, const struct xti_os *os,
                          const struct xti_record_shape *shape, size_t records_max)
{
    memset(sorter, 0, sizeof *sorter);
    sorter->shape = *shape;
    sorter->starts = os->alloc(os, (XTI_SORT_BINS_MAX + 1) * sizeof *sorter->starts);
    sorter->bins = os->alloc(os, (records_max + 1) * sizeof *sorter->bins);
    sorter->low = os->alloc(os, shape->dims * sizeof *sorter->low);
    sorter->high = os->alloc(os, shape->dims * sizeof *sorter->high);
    if (sorter->starts != NULL && sorter->bins != NULL && sorter->low != NULL &&
        sorter->high != NULL)
        return XT_OK;
    xti_sorter_release(sorter, os, records_max);
    return XT_ENOMEM;
}

void xti_sorter_release(struct xti_sorter *sorter, const struct xti_os *os, size_t records_max)
{
    size_t dims = sorter->shape.dims;

    if (sorter->starts != NULL)
        os->free(os, sorter->starts, (XTI_SORT_BINS_MAX + 1) * sizeof *sorter->starts);
    if (sorter->bins != NULL)
        os->free(os, sorter->bins, (records_max + 1) * sizeof *sorter->bins);
    if (sorter->low != NULL)
        os->free(os, sorter->low, dims * sizeof *sorter->low);
    if (sorter->high != NULL)
        os->free(os, sorter->high, dims * sizeof *sorter->high);
    memset(sorter, 0, sizeof *sorter);
}

/* ---- loops over records, compiled once for each of the four shapes --------------------------- */

#define EACH_SHAPE(shape, call)                                                                    \
    ((shape)->is_box ? ((shape)->is_f32 ? call(true, true) : call(true, false))                    \
                     : ((shape)->is_f32 ? call(false, true) : call(false, false)))

struct span {
    const char *records;
    size_t count;
    size_t bytes; /* of one */
};

static inline __attribute__((always_inline)) void
bounds_of(struct span span, uint32_t dim, bool is_box, bool is_f32, double *low, double *high)
{
    double least = INFINITY;
    double most = -INFINITY;

    for (size_t i = 0; i < span.count; i++) {
        double key = xti_record_key(span.records + i * span.bytes, dim, is_box, is_f32);

        least = key < least ? key : least;
        most = key > most ? key : most;
    }
    *low = least;
    *high = most;
}

static void find_bounds(const struct xti_sorter *sorter, struct span span)
{
    for (uint32_t dim = 0; dim < sorter->shape.dims; dim++) {
#define BOUNDS(is_box, is_f32)                                                                     \
    bounds_of(span, dim, is_box, is_f32, &sorter->low[dim], &sorter->high[dim])
        EACH_SHAPE(&sorter->shape, BOUNDS);
#undef BOUNDS
    }
}

struct binning {
    double low;
    double scale;
    uint32_t dim;
    uint32_t bin_count;
};

static inline __attribute__((always_inline)) void count_bins(struct span span,
                                                             const struct binning *binning,
                                                             bool is_box, bool is_f32,
                                                             uint16_t *bins, uint32_t *counts)
{
    uint32_t last = binning->bin_count - 1;

    for (size_t i = 0; i < span.count; i++) {
        double key = xti_record_key(span.records + i * span.bytes, binning->dim, is_box, is_f32);
        uint32_t bin = (uint32_t)((key - binning->low) * binning->scale);

        bin = bin < last ? bin : last;
        bins[i] = (uint16_t)bin;
        counts[bin]++;
    }
}

static inline __attribute__((always_inline)) void scatter(struct span span, const uint16_t *bins,
                                                          uint32_t *starts, char *to, size_t bytes)
{
    for (size_t i = 0; i < span.count; i++)
        xti_record_move(to + (size_t)starts[bins[i]]++ * bytes, span.records + i * bytes, bytes);
}

/* ---- sorting by one key ---------------------------------------------------------------------- */

static uint32_t bins_for(size_t count)
{
    uint32_t bins = 64;

    while (bins < 2 * count && bins < XTI_SORT_BINS_MAX)
        bins *= 2;
    return bins;
}

/* Orders records into `to` by bins. False: too many fell into one bin for that to mean much. */
static bool counting_sort(struct xti_sorter *sorter, struct span span, uint32_t dim, char *to)
{
    struct binning binning = {sorter->low[dim], 0, dim, bins_for(span.count)};
    uint32_t *starts = sorter->starts;
    uint32_t largest = 0;
    uint32_t sum = 0;

    binning.scale = (double)binning.bin_count / (sorter->high[dim] - binning.low);
    if (!(binning.scale < 1e290)) /* a tiny extent: the product above could overflow */
        return false;
    memset(starts, 0, binning.bin_count * sizeof *starts);
#define COUNT(is_box, is_f32) count_bins(span, &binning, is_box, is_f32, sorter->bins, starts)
    EACH_SHAPE(&sorter->shape, COUNT);
#undef COUNT
    for (uint32_t i = 0; i < binning.bin_count; i++) {
        uint32_t count = starts[i];

        starts[i] = sum;
        sum += count;
        largest = count > largest ? count : largest;
    }
    if (largest > 16 && largest > span.count / 8)
        return false;
    switch (span.bytes) {
    case 24:
        scatter(span, sorter->bins, starts, to, 24);
        break;
    case 40:
        scatter(span, sorter->bins, starts, to, 40);
        break;
    default:
        scatter(span, sorter->bins, starts, to, span.bytes);
        break;
    }
    return true;
}

static double key_at(const struct xti_sorter *sorter, const char *records, size_t i, uint32_t dim)
{
    return xti_record_key(records + i * sorter->shape.bytes, dim, sorter->shape.is_box,
                          sorter->shape.is_f32);
}

static void merge(const struct xti_sorter *sorter, const char *from, char *to, const size_t cut[3],
                  uint32_t dim)
{
    size_t bytes = sorter->shape.bytes;
    size_t a = cut[0];
    size_t b = cut[1];

    for (size_t i = cut[0]; i < cut[2]; i++) {
        bool takes_a = b == cut[2] ||
                       (a < cut[1] && key_at(sorter, from, a, dim) <= key_at(sorter, from, b, dim));
        size_t next = takes_a ? a++ : b++;

        xti_record_move(to + i * bytes, from + next * bytes, bytes);
    }
}

/* Bottom-up; the result lies in `to`. */
static void merge_sort(const struct xti_sorter *sorter, char *records, char *to, size_t count,
                       uint32_t dim)
{
    char *from = records;
    char *into = to;

    for (size_t width = 1; width < count; width *= 2) {
        for (size_t i = 0; i < count; i += 2 * width) {
            size_t middle = i + width < count ? i + width : count;
            size_t end = middle + width < count ? middle + width : count;
            const size_t cut[3] = {i, middle, end};

            merge(sorter, from, into, cut, dim);
        }
        char *swapped = from;

        from = into;
        into = swapped;
    }
    if (from != to)
        memcpy(to, from, count * sorter->shape.bytes);
}

/* ---- splitting ------------------------------------------------------------------------------- */

static uint32_t longest_side(const struct xti_sorter *sorter)
{
    uint32_t best = 0;

    for (uint32_t dim = 1; dim < sorter->shape.dims; dim++) {
        if (sorter->high[dim] - sorter->low[dim] > sorter->high[best] - sorter->low[best])
            best = dim;
    }
    return best;
}

/* Into how many slabs the longest side is cut so that about `parts` cubes of the slabs' thickness
 * would fill the box; the next higher number is taken from half-way on. */
static size_t slab_count(const struct xti_sorter *sorter, uint32_t longest, size_t parts)
{
    double side = sorter->high[longest] - sorter->low[longest];
    size_t slabs = 2;

    while (slabs < parts) {
        double cubes = 1;

        for (uint32_t dim = 0; dim < sorter->shape.dims && cubes <= (double)parts; dim++) {
            double cells = (sorter->high[dim] - sorter->low[dim]) / side * ((double)slabs + 0.5);

            cubes *= cells > 1 ? cells : 1;
        }
        if (cubes > (double)parts)
            break;
        slabs++;
    }
    return slabs < parts ? slabs : parts;
}

static size_t place_of(const struct xti_sorter *sorter, size_t part)
{
    size_t leaf = xti_part_begin(sorter->leaves, sorter->parts, part);

    return xti_part_begin(sorter->count, sorter->leaves, leaf);
}

/* Splits the parts from `first` to before `last`. Each slab gets half of them at most (rounded up),
 * so the depth is at most log2(parts) + 1. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void split(struct xti_sorter *sorter, char *records, char *spare, size_t first, size_t last)
{
    size_t begin = place_of(sorter, first);
    const struct span span = {records, place_of(sorter, last) - begin, sorter->shape.bytes};
    size_t slabs = last - first;
    char *sorted = records;
    uint32_t dim;

    if (slabs == 1) {
        sorter->emit(sorter->context, records, spare, span.count);
        return;
    }
    find_bounds(sorter, span);
    dim = longest_side(sorter);
    if (sorter->high[dim] > sorter->low[dim]) { /* else all keys are equal: any cut is as good */
        if (counting_sort(sorter, span, dim, spare)) {
            slabs = slab_count(sorter, dim, slabs);
        } else {
            merge_sort(sorter, records, spare, span.count, dim);
            slabs = 2;
        }
        sorted = spare;
        spare = records;
    }
    for (size_t i = 0; i < slabs; i++) {
        size_t from = first + xti_part_begin(last - first, slabs, i);
        size_t to = first + xti_part_begin(last - first, slabs, i + 1);
        size_t offset = (place_of(sorter, from) - begin) * span.bytes;

        split(sorter, sorted + offset, spare + offset, from, to);
    }
}

void xti_sorter_split(struct xti_sorter *sorter, char *records, char *spare, size_t count,
                      size_t leaves, size_t parts)
{
    XTI_ASSERT(parts >= 1 && leaves >= parts && count >= leaves);
    XTI_ASSERT(count <= UINT32_MAX);
    sorter->count = count;
    sorter->leaves = leaves;
    sorter->parts = parts;
    split(sorter, records, spare, 0, parts);
}
