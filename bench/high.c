/* bench/high.c -- sub-command high: the exact 10 nearest in 8 to 64 dimensions, on one core.
 *
 * The points that are asked from are rows of the data set that were taken out of it before, so they
 * are as the data is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "clock.h"
#include "contest.h"
#include "data.h"
#include "sets.h"

#include <stdlib.h>
#include <string.h>

enum { k = 10, point_count = 1000 };

/* The last row takes the place of the one that is taken out. */
static double *points_take(struct dataset *data, uint64_t seed)
{
    size_t dims = data->dims;
    double *points = calloc(point_count, dims * sizeof *points);
    if (points == NULL)
        bench_die("out of memory");
    if (data->count / 2 <= point_count || data->is_boxes)
        bench_die("%s: no points, or too few", data->name);
    for (size_t i = 0; i < point_count; i++) {
        size_t row = (size_t)(data_unit(seed, i) * (double)data->count);
        double *last = data->coords + --data->count * dims;
        memcpy(points + i * dims, data->coords + row * dims, dims * sizeof *points);
        memmove(data->coords + row * dims, last, dims * sizeof *points);
    }
    return points;
}

static void set_measure(const struct settings *settings, const char *set)
{
    static struct contest contest;
    struct dataset data;
    char items[32];
    set_make(&data, set, settings);
    double *points = points_take(&data, settings->seed + 9);
    fprintf(settings->report.markdown, "\n%s %s:\n\n", report_grouped((double)data.count, items),
            data.name);
    contest_begin(&contest, settings, &data);
    contest_print_head(&contest);
    clock_pin();
    contest_measure(&contest, k, points, point_count);
    clock_unpin();
    contest_print_notes(&contest);
    contest_end(&contest);
    free(points);
    data_release(&data);
}

void bench_high(const struct settings *settings)
{
    static const char *const names[] = {"uniform 8-d",    "uniform 16-d",   "uniform 32-d",
                                        "uniform 64-d",   "clustered 8-d",  "clustered 16-d",
                                        "clustered 32-d", "clustered 64-d", "shapes 8-d",
                                        "shapes 16-d",    "pieces 8-d",     "pieces 16-d"};
    fprintf(settings->report.markdown,
            "Asked from %d points, which were taken out of the data; one pinned core.\n",
            (int)point_count);
    if (settings->set != NULL) {
        set_measure(settings, settings->set);
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        set_measure(settings, names[i]);
}
