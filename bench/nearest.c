/* bench/nearest.c -- sub-command nearest: the k nearest points, on one core, one by one or at once.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "clock.h"
#include "contest.h"
#include "data.h"
#include "sets.h"

#include <stdlib.h>

enum { points_most = 200000 };

static void k_measure(struct contest *contest, size_t k, size_t point_count)
{
    const struct dataset *data = contest->data;
    uint64_t seed = contest->settings->seed + 100 + k;
    double *points = calloc(point_count, data->dims * sizeof *points);
    if (points == NULL)
        bench_die("out of memory");
    for (size_t i = 0; i < point_count && data->is_uniform; i++)
        data_uniform_point(seed, i, points + 2 * i);
    if (!data->is_uniform)
        points_make(points, point_count, data, seed);
    contest_measure(contest, k, points, point_count);
    free(points);
}

void bench_nearest(const struct settings *settings)
{
    static struct contest contest;
    struct dataset data;
    char items[32];
    if (settings->set != NULL)
        set_make(&data, settings->set, settings);
    else
        data_make_uniform(&data, settings_items(settings, 1000000, 1000000), settings->seed);
    contest_begin(&contest, settings, &data);
    fprintf(settings->report.markdown, "%s %s %s, asked from %s points, one pinned core.\n\n",
            report_grouped((double)data.count, items), data.name,
            data.is_boxes ? "boxes" : "points", data.is_uniform ? "uniform" : "such");
    contest_print_head(&contest);
    clock_pin();
    k_measure(&contest, 1, points_most);
    k_measure(&contest, 10, points_most / 2);
    k_measure(&contest, 100, points_most / 10);
    clock_unpin();
    contest_print_notes(&contest);
    contest_end(&contest);
    data_release(&data);
}
