/* bench/windows.c -- query windows with a chosen number of results, and points to ask from.
 *
 * SPDX-License-Identifier: MIT
 */
#include "data.h"

#include <stdlib.h>

void window_uniform(uint64_t items, uint64_t target, uint64_t seed, uint64_t i, double window[4])
{
    double part = target < items ? data_root((double)target / (double)items) : 1.0;
    double width = 360.0 * part;
    double height = 180.0 * part;
    window[0] = -180.0 + (360.0 - width) * data_unit(seed, 2 * i);
    window[1] = -90.0 + (180.0 - height) * data_unit(seed, 2 * i + 1);
    window[2] = window[0] + width;
    window[3] = window[1] + height;
}

/* The longest window that is tried; half of it, to each side of the middle. */
struct spans {
    double half[16];
};

/* Twice the world, or in more dimensions than two, twice what the data spans. */
static void spans_make(struct spans *spans, const struct dataset *data)
{
    size_t width = dataset_width(data);
    if (data->dims > sizeof spans->half / sizeof spans->half[0])
        bench_die("windows of more than 16 dimensions");
    for (size_t axis = 0; axis < data->dims; axis++) {
        double low = data->coords[axis];
        double high = low;
        for (size_t i = 0; i < data->count && data->dims > 2; i++) {
            double at = data->coords[i * width + axis];
            low = at < low ? at : low;
            high = at > high ? at : high;
        }
        spans->half[axis] = data->dims > 2 ? high - low : (axis == 0 ? 360.0 : 180.0);
    }
}

/* A window around the middle of an item; scale 1 spans everything. */
static void window_around(const struct dataset *data, const struct spans *spans, size_t item,
                          double scale, double *window)
{
    const double *low = data->coords + item * dataset_width(data);
    const double *high = data->is_boxes ? low + data->dims : low;
    for (size_t axis = 0; axis < data->dims; axis++) {
        double middle = 0.5 * (low[axis] + high[axis]);
        window[axis] = middle - spans->half[axis] * scale;
        window[data->dims + axis] = middle + spans->half[axis] * scale;
    }
}

/* Where windows are tried out. */
struct search {
    const struct dataset *data;
    const struct contestant *contestant;
    void *built;
    struct spans spans;
};

/* Halves the interval of scales until the count is within a tenth of the target. */
static void window_search(const struct search *search, size_t item, uint64_t target, double *window)
{
    double too_small = 0.0;
    double too_large = 1.0;
    for (int step = 0; step < 40; step++) {
        double scale = 0.5 * (too_small + too_large);
        window_around(search->data, &search->spans, item, scale, window);
        uint64_t count = search->contestant->count(search->built, 0, window);
        if (10 * count < 9 * target)
            too_small = scale;
        else if (10 * count > 11 * target)
            too_large = scale;
        else
            return;
    }
}

void windows_make(struct windows *windows, const struct dataset *data,
                  const struct contestant *contestant, void *built, uint64_t seed)
{
    size_t width = 2 * (size_t)data->dims;
    struct search search = {.data = data, .contestant = contestant, .built = built};
    spans_make(&search.spans, data);
    if (windows->count == 0 || width == 0)
        bench_die("no windows");
    windows->bounds = calloc(windows->count, width * sizeof *windows->bounds);
    if (windows->bounds == NULL)
        bench_die("out of memory");
    for (size_t i = 0; i < windows->count; i++) {
        double *window = windows->bounds + width * i;
        size_t item = (size_t)(data_unit(seed, i) * (double)data->count);
        if (data->is_uniform)
            window_uniform(data->count, windows->target, seed, i, window);
        else
            window_search(&search, item, windows->target, window);
    }
}

void points_make(double *points, size_t count, const struct dataset *data, uint64_t seed)
{
    for (size_t i = 0; i < count; i++) {
        size_t near = (size_t)(data_unit(seed, 2 * i) * (double)data->count);
        size_t far = (size_t)(data_unit(seed, 2 * i + 1) * (double)data->count);
        const double *from = data->coords + near * dataset_width(data);
        const double *to = data->coords + far * dataset_width(data);
        for (size_t axis = 0; axis < data->dims; axis++)
            points[i * data->dims + axis] = from[axis] + (to[axis] - from[axis]) / 64.0;
    }
}

void windows_release(struct windows *windows)
{
    free(windows->bounds);
    windows->bounds = NULL;
}
