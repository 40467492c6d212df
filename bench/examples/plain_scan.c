/* bench/examples/plain_scan.c -- a contestant as a shared library: an array that is looked through.
 *
 *     cc -O3 -shared -fPIC -I bench -o libplain_scan.so bench/examples/plain_scan.c
 *     xtree-bench insert --with ./libplain_scan.so
 *
 * The smallest that takes part in window, insert, nearest and bulk. It exports contestants_offered;
 * bench_die() is the program's.
 *
 * SPDX-License-Identifier: MIT
 */
#include <contestant.h>
#include <stdlib.h>
#include <string.h>

/* Rows as those of a data set; `row_width` numbers in each. */
struct scan {
    size_t dims, row_width;
    size_t count, room;
    double *coords;
    uint64_t *ids;
};

static const char *version(void)
{
    return "plain scan, an example";
}

static void *create(const struct dataset *like)
{
    struct scan *scan = calloc(1, sizeof *scan);
    if (scan == NULL)
        bench_die("out of memory");
    scan->dims = like->dims;
    scan->row_width = dataset_width(like);
    return scan;
}

static void destroy(void *index)
{
    struct scan *scan = index;
    free(scan->coords);
    free(scan->ids);
    free(scan);
}

static uint64_t bytes(const void *index)
{
    const struct scan *scan = index;
    return scan->count * (scan->row_width * sizeof(double) + sizeof(uint64_t));
}

/* ---- changing ------------------------------------------------------------------------------ */

static void add(struct scan *scan, uint64_t id, const double *row)
{
    if (scan->count == scan->room) {
        scan->room = scan->room == 0 ? 1024 : 2 * scan->room;
        scan->coords = realloc(scan->coords, scan->room * scan->row_width * sizeof(double));
        scan->ids = realloc(scan->ids, scan->room * sizeof(uint64_t));
        if (scan->coords == NULL || scan->ids == NULL)
            bench_die("out of memory");
    }
    memcpy(scan->coords + scan->count * scan->row_width, row, scan->row_width * sizeof(double));
    scan->ids[scan->count++] = id;
}

static void insert(void *index, const struct rows *rows)
{
    struct scan *scan = index;
    for (size_t i = 0; i < rows->count; i++)
        add(scan, rows->ids[i], rows->coords + i * scan->row_width);
}

/* The last item takes the place of the one that goes. */
static void remove_rows(void *index, const struct rows *rows)
{
    struct scan *scan = index;
    for (size_t i = 0; i < rows->count; i++) {
        size_t at = 0;
        while (at < scan->count && scan->ids[at] != rows->ids[i])
            at++;
        if (at == scan->count)
            bench_die("what shall be removed is not there");
        scan->count--;
        scan->ids[at] = scan->ids[scan->count];
        memcpy(scan->coords + at * scan->row_width, scan->coords + scan->count * scan->row_width,
               scan->row_width * sizeof(double));
    }
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

static void *build(void *prepared, unsigned way, unsigned threads)
{
    const struct dataset *data = prepared;
    struct scan *scan = create(data);
    (void)way;
    (void)threads;
    for (size_t i = 0; i < data->count; i++)
        add(scan, i, data->coords + i * scan->row_width);
    return scan;
}

/* ---- asking -------------------------------------------------------------------------------- */

static bool meets(const struct scan *scan, size_t i, const double *window)
{
    const double *low = scan->coords + i * scan->row_width;
    const double *high = low + scan->row_width - scan->dims;
    for (size_t axis = 0; axis < scan->dims; axis++) {
        if (low[axis] > window[scan->dims + axis] || high[axis] < window[axis])
            return false;
    }
    return true;
}

static size_t window(void *index, unsigned walker, const double *bounds, uint64_t *ids)
{
    const struct scan *scan = index;
    size_t found = 0;
    (void)walker;
    for (size_t i = 0; i < scan->count; i++) {
        if (meets(scan, i, bounds))
            ids[found++] = scan->ids[i];
    }
    return found;
}

/* Squared, to a point. */
static double distance_to(const struct scan *scan, size_t i, const double *point)
{
    const double *at = scan->coords + i * scan->row_width;
    double sum = 0.0;
    for (size_t axis = 0; axis < scan->dims; axis++)
        sum += (at[axis] - point[axis]) * (at[axis] - point[axis]);
    return sum;
}

static void nearest(void *index, unsigned walker, const double *point, size_t k, uint64_t *ids,
                    double *distances)
{
    const struct scan *scan = index;
    size_t found = 0;
    (void)walker;
    for (size_t i = 0; i < scan->count; i++) {
        double distance = distance_to(scan, i, point);
        if (found == k && distance >= distances[k - 1])
            continue;
        size_t at = found < k ? found++ : k - 1;
        for (; at > 0 && distances[at - 1] > distance; at--) {
            ids[at] = ids[at - 1];
            distances[at] = distances[at - 1];
        }
        ids[at] = scan->ids[i];
        distances[at] = distance;
    }
}

static const char *const builders[] = {"copy", NULL};
static const char *const walkers[] = {"every item", NULL};

static const struct contestant plain_scan = {
    .interface = CONTESTANT_INTERFACE,
    .name = "example scan",
    .version = version,
    .is_linear = true,
    .walkers = walkers,
    .bytes = bytes,
    .destroy = destroy,
    .builders = builders,
    .prepare = prepare,
    .unprepare = free,
    .build = build,
    .create = create,
    .insert = insert,
    .remove = remove_rows,
    .window = window,
    .is_squared = true,
    .nearest = nearest,
};

const struct contestant *const contestants_offered[] = {&plain_scan, NULL};
