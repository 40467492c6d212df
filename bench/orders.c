/* bench/orders.c -- the items of a data set as rows, in the order in which they are added.
 *
 * SPDX-License-Identifier: MIT
 */
#include "orders.h"

#include <stdlib.h>
#include <string.h>

#include "data.h"

const char *const order_names[ORDER_COUNT] = {"as given", "random", "Hilbert", "by x"};

enum { hilbert_bits = 20 };

struct keyed {
    double key;
    uint64_t id;
};

/* ---- keys ---------------------------------------------------------------------------------- */

/* The two-dimensional Hilbert curve, quadrant by quadrant from the largest. */
static uint64_t hilbert_key(uint64_t x, uint64_t y)
{
    uint64_t key = 0;
    for (uint64_t side = (uint64_t)1 << (hilbert_bits - 1); side > 0; side /= 2) {
        uint64_t right = (x & side) != 0;
        uint64_t upper = (y & side) != 0;
        key += side * side * ((3 * right) ^ upper);
        if (upper == 0) {
            if (right == 1) {
                x = 2 * side - 1 - (x & (2 * side - 1));
                y = 2 * side - 1 - (y & (2 * side - 1));
            }
            uint64_t swapped = x;
            x = y;
            y = swapped;
        }
    }
    return key;
}

struct extent {
    double low[2];
    double high[2];
};

static struct extent extent_of(const struct dataset *data)
{
    const double *first = data->coords;
    struct extent extent = {
        {first[0], first[1]},
        {first[0], first[1]}
    };
    for (size_t i = 1; i < data->count; i++) {
        const double *row = data->coords + i * dataset_width(data);
        for (size_t axis = 0; axis < 2; axis++) {
            if (row[axis] < extent.low[axis])
                extent.low[axis] = row[axis];
            if (row[axis] > extent.high[axis])
                extent.high[axis] = row[axis];
        }
    }
    return extent;
}

/* The first two axes, by their low corner, on a grid of 2^20 x 2^20. */
static double row_hilbert(const double *row, const struct extent *extent)
{
    uint64_t cell[2];
    for (size_t axis = 0; axis < 2; axis++) {
        double span = extent->high[axis] - extent->low[axis];
        double part = span > 0.0 ? (row[axis] - extent->low[axis]) / span : 0.0;
        cell[axis] = (uint64_t)(part * (double)((1u << hilbert_bits) - 1));
    }
    return (double)hilbert_key(cell[0], cell[1]);
}

static void keys_make(struct keyed *keys, const struct dataset *data, enum order order,
                      uint64_t seed)
{
    struct extent extent = extent_of(data);
    for (size_t i = 0; i < data->count; i++) {
        const double *row = data->coords + i * dataset_width(data);
        keys[i].id = i;
        if (order == ORDER_RANDOM)
            keys[i].key = data_unit(seed + 77, i);
        else if (order == ORDER_HILBERT)
            keys[i].key = row_hilbert(row, &extent);
        else
            keys[i].key = order == ORDER_X ? row[0] : 0.0;
    }
}

static int keys_compare(const void *a, const void *b)
{
    const struct keyed *left = a;
    const struct keyed *right = b;
    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    return (left->id > right->id) - (left->id < right->id);
}

/* ---- rows ---------------------------------------------------------------------------------- */

void rows_make(struct rows *rows, const struct dataset *data, enum order order, uint64_t seed)
{
    size_t width = dataset_width(data);
    struct keyed *keys = calloc(data->count, sizeof *keys);
    *rows = (struct rows){.count = data->count};
    rows->coords = calloc(data->count, width * sizeof *rows->coords);
    rows->ids = calloc(data->count, sizeof *rows->ids);
    if (keys == NULL || rows->coords == NULL || rows->ids == NULL)
        bench_die("out of memory");
    keys_make(keys, data, order, seed);
    if (order != ORDER_GIVEN)
        qsort(keys, data->count, sizeof *keys, keys_compare);
    for (size_t i = 0; i < data->count; i++) {
        rows->ids[i] = keys[i].id;
        memcpy(rows->coords + i * width, data->coords + keys[i].id * width,
               width * sizeof *rows->coords);
    }
    free(keys);
}

struct rows rows_first(const struct rows *rows, size_t count)
{
    struct rows first = *rows;
    first.count = count;
    return first;
}

void rows_release(struct rows *rows)
{
    free(rows->coords);
    free(rows->ids);
    *rows = (struct rows){0};
}
