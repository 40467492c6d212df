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

enum { k = 10, points_many = 1000, points_few = 200 };

/* Where every structure looks at most of the data fewer points take as long. */
static const struct set {
    const char *name;
    size_t point_count;
} sets[] = {
    {"uniform 8-d",    points_many},
    {"uniform 16-d",   points_few },
    {"uniform 32-d",   points_few },
    {"uniform 64-d",   points_few },
    {"clustered 8-d",  points_many},
    {"clustered 16-d", points_many},
    {"clustered 32-d", points_many},
    {"clustered 64-d", points_many},
    {"shapes 8-d",     points_many},
    {"shapes 16-d",    points_many},
    {"pieces 8-d",     points_many},
    {"pieces 16-d",    points_many},
};

static size_t point_count_of(const char *name)
{
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        if (strcmp(sets[i].name, name) == 0)
            return sets[i].point_count;
    }
    return points_many;
}

/* The last row takes the place of the one that is taken out. */
static double *points_take(struct dataset *data, size_t point_count, uint64_t seed)
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
    size_t point_count = point_count_of(set);
    struct dataset data;
    char items[32];
    set_make(&data, set, settings);
    double *points = points_take(&data, point_count, settings->seed + 9);
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
    fprintf(settings->report.markdown,
            "Asked from %d points, or %d of uniform data in 16 dimensions and more, which were "
            "taken\nout of the data; one pinned core.\n",
            (int)points_many, (int)points_few);
    if (settings->set != NULL) {
        set_measure(settings, settings->set);
        return;
    }
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++)
        set_measure(settings, sets[i].name);
}
