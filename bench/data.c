/* bench/data.c -- the data sets: generated, or read from the compressed files of data/.
 *
 * SPDX-License-Identifier: MIT
 */
#include "data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

static uint64_t splitmix64(uint64_t state)
{
    uint64_t z = state + 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double data_unit(uint64_t seed, uint64_t number)
{
    uint64_t bits = splitmix64(splitmix64(seed) ^ (number * 0x9e3779b97f4a7c15u));
    return (double)(bits >> 11) * 0x1p-53;
}

/* Babylonian: the same bits everywhere, without the mathematical library. */
double data_root(double value)
{
    double root = value > 1.0 ? value : 1.0;
    for (int i = 0; i < 64; i++)
        root = 0.5 * (root + value / root);
    return root;
}

/* Newton's, from above. */
static double dims_root(double value, unsigned dims)
{
    double root = value > 1.0 ? value : 1.0;
    for (int i = 0; i < 200; i++) {
        double power = 1.0;
        for (unsigned j = 1; j < dims; j++)
            power *= root;
        root += (value / power - root) / dims;
    }
    return root;
}

void data_uniform_point(uint64_t seed, uint64_t i, double point[2])
{
    point[0] = -180.0 + 360.0 * data_unit(seed, 2 * i);
    point[1] = -90.0 + 180.0 * data_unit(seed, 2 * i + 1);
}

/* The sum of four uniform numbers is close enough to a bell: 0 in the middle, -2 to 2. */
static double data_bell(uint64_t seed, uint64_t number)
{
    double sum = -2.0;
    for (uint64_t i = 0; i < 4; i++)
        sum += data_unit(seed, 4 * number + i);
    return sum;
}

void data_clustered_point(uint64_t seed, uint64_t i, double point[2])
{
    uint64_t cluster = (uint64_t)(data_unit(seed + 1, i) * 1000.0);
    double width = 0.05 + 2.0 * data_unit(seed + 2, cluster) * data_unit(seed + 3, cluster);
    data_uniform_point(seed + 4, cluster, point);
    point[0] = 0.95 * point[0] + width * data_bell(seed + 5, 2 * i);
    point[1] = 0.95 * point[1] + width * data_bell(seed + 5, 2 * i + 1);
}

static double *coords_allocate(size_t count)
{
    double *coords = calloc(count, sizeof *coords);
    if (coords == NULL)
        bench_die("out of memory for %zu coordinates", count);
    return coords;
}

void data_make_uniform(struct dataset *data, size_t count, uint64_t seed)
{
    *data = (struct dataset){.name = "uniform", .is_uniform = true, .dims = 2, .count = count};
    data->coords = coords_allocate(2 * count);
    for (size_t i = 0; i < count; i++)
        data_uniform_point(seed, i, data->coords + 2 * i);
}

void data_make_clustered(struct dataset *data, size_t count, uint64_t seed)
{
    *data = (struct dataset){.name = "clustered", .dims = 2, .count = count};
    data->coords = coords_allocate(2 * count);
    for (size_t i = 0; i < count; i++)
        data_clustered_point(seed, i, data->coords + 2 * i);
}

void data_make_boxes(struct dataset *data, size_t count, uint64_t seed)
{
    /* n boxes of sides up to s meet another one in an area of s x s, on average: n s s = 1. */
    double side = 1.0 / data_root((double)count);
    *data = (struct dataset){.name = "small boxes", .is_boxes = true, .dims = 2, .count = count};
    data->coords = coords_allocate(4 * count);
    for (size_t i = 0; i < count; i++) {
        double *row = data->coords + 4 * i;
        data_uniform_point(seed, i, row);
        row[2] = row[0] + 360.0 * side * data_unit(seed + 1, 2 * i);
        row[3] = row[1] + 180.0 * side * data_unit(seed + 1, 2 * i + 1);
    }
}

/* One coordinate of a point in one of 100 clusters. */
static double cluster_coord(uint64_t seed, uint64_t i, uint64_t axis, uint64_t dims)
{
    uint64_t cluster = (uint64_t)(data_unit(seed + 1, i) * 100.0);
    double width = 0.01 + 0.1 * data_unit(seed + 2, cluster);
    return data_unit(seed + 3, cluster * dims + axis) +
           width * data_bell(seed + 4, i * dims + axis);
}

/* Names of points and of boxes, uniform and clustered. */
static const struct cube_names {
    unsigned dims;
    const char *points[2];
    const char *boxes[2];
} cube_names[] = {
    {2,  {"uniform 2-d", "clustered 2-d"},   {"uniform boxes", "clustered boxes"}        },
    {3,  {"uniform 3-d", "clustered 3-d"},   {"uniform 3-d boxes", "clustered 3-d boxes"}},
    {8,  {"uniform 8-d", "clustered 8-d"},   {NULL, NULL}                                },
    {16, {"uniform 16-d", "clustered 16-d"}, {NULL, NULL}                                },
    {32, {"uniform 32-d", "clustered 32-d"}, {NULL, NULL}                                },
    {64, {"uniform 64-d", "clustered 64-d"}, {NULL, NULL}                                },
};

static const struct cube_names *names_of(unsigned dims)
{
    for (size_t i = 0; i < sizeof cube_names / sizeof cube_names[0]; i++) {
        if (cube_names[i].dims == dims)
            return &cube_names[i];
    }
    bench_die("no name for a cube of %u dimensions", dims);
}

static double cube_coord(uint64_t seed, uint64_t i, uint64_t axis, const struct dataset *cube)
{
    return cube->is_uniform ? data_unit(seed, i * cube->dims + axis)
                            : cluster_coord(seed, i, axis, cube->dims);
}

void data_make_cube(struct dataset *data, unsigned dims, bool is_clustered, size_t count,
                    uint64_t seed)
{
    struct dataset cube = {.is_uniform = !is_clustered, .dims = dims};
    *data = (struct dataset){
        .name = names_of(dims)->points[is_clustered], .dims = dims, .count = count};
    data->coords = coords_allocate(dims * count);
    for (size_t i = 0; i < count; i++) {
        for (size_t axis = 0; axis < dims; axis++)
            data->coords[i * dims + axis] = cube_coord(seed, i, axis, &cube);
    }
}

void data_make_cube_boxes(struct dataset *data, unsigned dims, bool is_clustered, size_t count,
                          uint64_t seed)
{
    struct dataset cube = {.is_uniform = !is_clustered, .dims = dims};
    double side = 1.0 / dims_root((double)count, dims);
    size_t width = 2 * (size_t)dims;
    *data = (struct dataset){.name = names_of(dims)->boxes[is_clustered],
                             .is_boxes = true,
                             .dims = dims,
                             .count = count};
    data->coords = coords_allocate(width * count);
    for (size_t i = 0; i < count; i++) {
        double *low = data->coords + width * i;
        for (size_t axis = 0; axis < dims; axis++) {
            low[axis] = cube_coord(seed, i, axis, &cube);
            low[dims + axis] = low[axis] + side * data_unit(seed + 6, i * dims + axis);
        }
    }
}

/* A frequency's pair of numbers for one variant: a point on a circle, whose radius falls with the
 * frequency. The angle is given as the tangent of its half, which needs no sine. */
static void outline_pair(uint64_t seed, uint64_t variant, uint64_t frequency, double pair[2])
{
    uint64_t shape = (uint64_t)(data_unit(seed + 1, variant) * 500.0);
    double tangent = 4.0 * data_unit(seed + 2, 64 * shape + frequency) - 2.0 +
                     0.1 * data_bell(seed + 3, 64 * variant + frequency);
    double radius = (1.0 + 0.1 * data_bell(seed + 4, 64 * variant + frequency)) *
                    (0.2 + data_unit(seed + 5, 64 * shape + frequency)) /
                    ((double)(frequency + 1) * (double)(frequency + 1));
    double square = tangent * tangent;
    pair[0] = radius * (1.0 - square) / (1.0 + square);
    pair[1] = radius * 2.0 * tangent / (1.0 + square);
}

void data_make_outlines(struct dataset *data, unsigned dims, size_t count, uint64_t seed)
{
    *data = (struct dataset){
        .name = dims > 8 ? "outlines 16-d" : "outlines 8-d", .dims = dims, .count = count};
    data->coords = coords_allocate(dims * count);
    for (size_t i = 0; i < count; i++) {
        for (size_t axis = 0; axis < dims; axis += 2)
            outline_pair(seed, i, axis / 2, data->coords + i * dims + axis);
    }
}

void data_make_sliding(struct dataset *data, size_t count, uint64_t seed)
{
    *data = (struct dataset){.name = "sliding", .dims = 2, .count = count};
    data->coords = coords_allocate(2 * count);
    for (size_t i = 0; i < count; i++) {
        double part = (double)i / (double)count;
        data->coords[2 * i] = -180.0 + 350.0 * part + 10.0 * data_unit(seed, 2 * i);
        data->coords[2 * i + 1] = -90.0 + 180.0 * data_unit(seed, 2 * i + 1);
    }
}

void data_thin(struct dataset *data, size_t count)
{
    size_t width = dataset_width(data);
    size_t before = data->count;
    if (before <= count)
        return;
    for (size_t i = 0; i < count; i++)
        memmove(data->coords + i * width, data->coords + i * before / count * width,
                width * sizeof *data->coords);
    data->count = count;
}

void data_release(struct dataset *data)
{
    free(data->coords);
    data->coords = NULL;
}

/* ---- files --------------------------------------------------------------------------------- */

/* Reads the `width` numbers that follow the id at the start of a line. */
static void line_parse(const char *line, size_t width, double *row)
{
    const char *at = strchr(line, ',');
    for (size_t i = 0; i < width; i++) {
        char *end = NULL;
        if (at == NULL || *at != ',')
            bench_die("not a line of numbers: %s", line);
        row[i] = strtod(at + 1, &end);
        if (end == at + 1)
            bench_die("not a number: %s", line);
        at = end;
    }
}

static void rows_read(struct dataset *data, gzFile file, size_t width)
{
    char line[4096];
    size_t room = 0;
    if (gzgets(file, line, sizeof line) == NULL)
        bench_die("%s: no header", data->name);
    while (gzgets(file, line, sizeof line) != NULL) {
        if (data->count == room) {
            room = room == 0 ? 65536 : 2 * room;
            data->coords = realloc(data->coords, room * width * sizeof *data->coords);
            if (data->coords == NULL)
                bench_die("out of memory");
        }
        line_parse(line, width, data->coords + data->count * width);
        data->count++;
    }
}

static void file_read(struct dataset *data, const char *folder)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.csv.gz", folder, data->name);
    gzFile file = gzopen(path, "rb");
    if (file == NULL)
        bench_die("%s: cannot be read (--data FOLDER says where the data is)", path);
    rows_read(data, file, dataset_width(data));
    if (gzclose(file) != Z_OK || data->count == 0)
        bench_die("%s: damaged or empty", path);
}

void data_read_cities(struct dataset *data, const char *folder)
{
    *data = (struct dataset){.name = "cities", .dims = 2};
    file_read(data, folder);
}

void data_read_coastline(struct dataset *data, const char *folder)
{
    *data = (struct dataset){.name = "coastline", .is_boxes = true, .dims = 2};
    file_read(data, folder);
}
