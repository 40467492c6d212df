/* bench/windows.c -- query windows with a chosen number of results.
 *
 * SPDX-License-Identifier: MIT
 */
#include "data.h"

#include <stdlib.h>

/* Babylonian: the same bits everywhere, without the mathematical library. */
static double square_root(double value)
{
    double root = value > 1.0 ? value : 1.0;
    for (int i = 0; i < 64; i++)
        root = 0.5 * (root + value / root);
    return root;
}

void window_uniform(uint64_t items, uint64_t target, uint64_t seed, uint64_t i, double window[4])
{
    double part = target < items ? square_root((double)target / (double)items) : 1.0;
    double width = 360.0 * part;
    double height = 180.0 * part;
    window[0] = -180.0 + (360.0 - width) * data_unit(seed, 2 * i);
    window[1] = -90.0 + (180.0 - height) * data_unit(seed, 2 * i + 1);
    window[2] = window[0] + width;
    window[3] = window[1] + height;
}

/* A window around the middle of an item; scale 1 spans the world. */
static void window_around(const struct dataset *data, size_t item, double scale, double window[4])
{
    const double *low = data->coords + item * (data->is_boxes ? 4 : 2);
    const double *high = data->is_boxes ? low + 2 : low;
    double x = 0.5 * (low[0] + high[0]);
    double y = 0.5 * (low[1] + high[1]);
    window[0] = x - 360.0 * scale;
    window[1] = y - 180.0 * scale;
    window[2] = x + 360.0 * scale;
    window[3] = y + 180.0 * scale;
}

/* Halves the interval of scales until the count is within a tenth of the target. */
static void window_search(const struct dataset *data, size_t item, uint64_t target,
                          const struct contestant *contestant, void *built, double window[4])
{
    double too_small = 0.0;
    double too_large = 1.0;
    for (int step = 0; step < 40; step++) {
        double scale = 0.5 * (too_small + too_large);
        window_around(data, item, scale, window);
        uint64_t count = contestant->count(built, 0, window);
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
    windows->bounds = calloc(windows->count, 4 * sizeof *windows->bounds);
    if (windows->bounds == NULL)
        bench_die("out of memory");
    for (size_t i = 0; i < windows->count; i++) {
        double *window = windows->bounds + 4 * i;
        size_t item = (size_t)(data_unit(seed, i) * (double)data->count);
        if (data->is_uniform)
            window_uniform(data->count, windows->target, seed, i, window);
        else
            window_search(data, item, windows->target, contestant, built, window);
    }
}

void windows_release(struct windows *windows)
{
    free(windows->bounds);
    windows->bounds = NULL;
}
