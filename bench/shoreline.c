/* bench/shoreline.c -- data sets made from the world's shorelines in full resolution (GSHHG).
 *
 * SPDX-License-Identifier: MIT
 */
#include "shoreline.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <netcdf.h>

static const char path[] = "/usr/share/gmt-gshhg/binned_GSHHS_f.nc";

enum { samples = 64, corners_min = 8, piece_points = 33, piece_step = 8, cells_per_row = 360 };

/* The file, as arrays. A line is a row of points in one cell of a degree. */
struct shorelines {
    size_t cell_count;
    size_t line_count;
    size_t point_count;
    int *first_lines; /* of each cell */
    short *line_counts;
    int *line_words; /* points, level, and the sides at which it enters and leaves */
    int *first_points;
    double complex *points; /* degrees */
};

/* ---- reading ------------------------------------------------------------------------------- */

static void must(int code)
{
    if (code != NC_NOERR)
        bench_die("%s: %s (Debian: gmt-gshhg-full)", path, nc_strerror(code));
}

static size_t dimension_of(int file, const char *name)
{
    int dimension = 0;
    size_t size = 0;
    must(nc_inq_dimid(file, name, &dimension));
    must(nc_inq_dimlen(file, dimension, &size));
    return size;
}

static void *array_allocate(size_t count, size_t item_bytes)
{
    void *array = calloc(count, item_bytes);
    if (array == NULL)
        bench_die("out of memory");
    return array;
}

static int *ints_read(int file, const char *name, size_t count)
{
    int variable = 0;
    int *array = array_allocate(count, sizeof *array);
    must(nc_inq_varid(file, name, &variable));
    must(nc_get_var_int(file, variable, array));
    return array;
}

static short *shorts_read(int file, const char *name, size_t count)
{
    int variable = 0;
    short *array = array_allocate(count, sizeof *array);
    must(nc_inq_varid(file, name, &variable));
    must(nc_get_var_short(file, variable, array));
    return array;
}

static size_t line_points(const struct shorelines *shores, size_t line)
{
    return (size_t)((unsigned)shores->line_words[line] >> 9);
}

/* Leaves the cell where it enters: nowhere. */
static bool line_is_closed(const struct shorelines *shores, size_t line)
{
    return (shores->line_words[line] & 077) == 044;
}

/* Offsets from the south-west corner of the cell, 65,535 to a degree, become degrees. */
static void points_place(struct shorelines *shores, const short *east, const short *north)
{
    for (size_t cell = 0; cell < shores->cell_count; cell++) {
        size_t column = cell % cells_per_row;
        size_t row = cell / cells_per_row;
        double west = (double)column - (column < cells_per_row / 2 ? 0.0 : 360.0);
        double south = 89.0 - (double)row;
        size_t first = (size_t)shores->first_lines[cell];
        for (size_t line = first; line < first + (size_t)shores->line_counts[cell]; line++) {
            size_t start = (size_t)shores->first_points[line];
            for (size_t i = start; i < start + line_points(shores, line); i++)
                shores->points[i] = west + (unsigned short)east[i] / 65535.0 +
                                    I * (south + (unsigned short)north[i] / 65535.0);
        }
    }
}

/* The numbers of the file are used as positions: they must lie within the arrays. */
static void shorelines_check(const struct shorelines *shores)
{
    for (size_t cell = 0; cell < shores->cell_count; cell++) {
        if (shores->first_lines[cell] < 0 || shores->line_counts[cell] < 0 ||
            (size_t)shores->first_lines[cell] + (size_t)shores->line_counts[cell] >
                shores->line_count)
            bench_die("%s: cell %zu has lines that are not there", path, cell);
    }
    for (size_t line = 0; line < shores->line_count; line++) {
        if (shores->first_points[line] < 0 ||
            (size_t)shores->first_points[line] + line_points(shores, line) > shores->point_count)
            bench_die("%s: line %zu has points that are not there", path, line);
    }
}

static void shorelines_read(struct shorelines *shores)
{
    int file = 0;
    must(nc_open(path, NC_NOWRITE, &file));
    shores->cell_count = dimension_of(file, "Dimension_of_bin_arrays");
    shores->line_count = dimension_of(file, "Dimension_of_segment_arrays");
    shores->point_count = dimension_of(file, "Dimension_of_point_arrays");
    shores->first_lines = ints_read(file, "Id_of_first_segment_in_a_bin", shores->cell_count);
    shores->line_counts = shorts_read(file, "N_segments_in_a_bin", shores->cell_count);
    shores->line_words =
        ints_read(file, "Embedded_npts_levels_exit_entry_for_a_segment", shores->line_count);
    shores->first_points = ints_read(file, "Id_of_first_point_in_a_segment", shores->line_count);
    short *east =
        shorts_read(file, "Relative_longitude_from_SW_corner_of_bin", shores->point_count);
    short *north =
        shorts_read(file, "Relative_latitude_from_SW_corner_of_bin", shores->point_count);
    must(nc_close(file));
    shorelines_check(shores);
    shores->points = array_allocate(shores->point_count, sizeof *shores->points);
    points_place(shores, east, north);
    free(east);
    free(north);
}

static void shorelines_release(struct shorelines *shores)
{
    free(shores->first_lines);
    free(shores->line_counts);
    free(shores->line_words);
    free(shores->first_points);
    free(shores->points);
}

/* ---- segments ------------------------------------------------------------------------------ */

void shoreline_segments(struct dataset *data)
{
    struct shorelines shores;
    shorelines_read(&shores);
    *data = (struct dataset){.name = "shoreline", .is_boxes = true, .dims = 2};
    data->coords = array_allocate(4 * shores.point_count, sizeof *data->coords);
    for (size_t line = 0; line < shores.line_count; line++) {
        const double complex *points = shores.points + shores.first_points[line];
        for (size_t i = 1; i < line_points(&shores, line); i++) {
            double *row = data->coords + 4 * data->count++;
            row[0] = fmin(creal(points[i - 1]), creal(points[i]));
            row[1] = fmin(cimag(points[i - 1]), cimag(points[i]));
            row[2] = fmax(creal(points[i - 1]), creal(points[i]));
            row[3] = fmax(cimag(points[i - 1]), cimag(points[i]));
        }
    }
    shorelines_release(&shores);
}

/* ---- Fourier descriptors ------------------------------------------------------------------- */

/* A path that ends where it began: `count` corners, of which the last meets the first. */
struct outline {
    const double complex *corners;
    size_t count;
    bool is_piece; /* to the last corner and back */
};

static double complex corner_of(const struct outline *outline, size_t i)
{
    if (outline->is_piece)
        return outline->corners[i < outline->count ? i : 2 * outline->count - 2 - i];
    return outline->corners[i % outline->count];
}

/* Degrees of longitude shrink towards the poles. */
static double complex step_of(const struct outline *outline, size_t i, double shrink)
{
    double complex step = corner_of(outline, i + 1) - corner_of(outline, i);
    return creal(step) * shrink + I * cimag(step);
}

/* False if the outline has no length. */
static bool outline_sample(const struct outline *outline, double complex sampled[samples])
{
    size_t steps = outline->is_piece ? 2 * outline->count - 2 : outline->count;
    double shrink = cos(cimag(outline->corners[0]) * 3.14159265358979323846 / 180.0);
    double total = 0.0;
    for (size_t i = 0; i < steps; i++)
        total += cabs(step_of(outline, i, shrink));
    double complex at = 0.0;
    double walked = 0.0;
    size_t next = 0;
    for (size_t i = 0; i < steps && next < samples && total > 0.0; i++) {
        double complex step = step_of(outline, i, shrink);
        double size = cabs(step);
        for (; next < samples && total * (double)next <= walked * samples + size * samples; next++)
            sampled[next] =
                at + (size > 0.0 ? step * ((total * (double)next / samples - walked) / size) : 0.0);
        at += step;
        walked += size;
    }
    for (; next < samples; next++)
        sampled[next] = at;
    return total > 0.0;
}

static double coefficient(const double complex sampled[samples],
                          const double complex turns[samples], int frequency)
{
    double complex sum = 0.0;
    for (int i = 0; i < samples; i++)
        sum += sampled[i] * turns[(unsigned)(i * frequency) % samples];
    return cabs(sum);
}

/* Of an outline that runs the other way round, the first coefficient is the one at -1. */
static bool outline_describe(const struct outline *outline, const double complex turns[samples],
                             unsigned dims, double *row)
{
    double complex sampled[samples];
    if (!outline_sample(outline, sampled))
        return false;
    double ahead = coefficient(sampled, turns, 1);
    double behind = coefficient(sampled, turns, -1);
    double first = fmax(ahead, behind);
    int way = ahead < behind ? -1 : 1;
    for (int i = 0; i < (int)dims; i++) {
        int frequency = outline->is_piece ? i + 2 : i % 2 == 0 ? -(i / 2 + 1) : i / 2 + 2;
        row[i] = coefficient(sampled, turns, way * frequency) / first;
    }
    return first > 0.0;
}

static void turns_make(double complex turns[samples])
{
    for (int i = 0; i < samples; i++)
        turns[i] = cexp(-2.0 * 3.14159265358979323846 * I * i / samples);
}

void shoreline_shapes(struct dataset *data, unsigned dims)
{
    struct shorelines shores;
    double complex turns[samples];
    turns_make(turns);
    shorelines_read(&shores);
    *data = (struct dataset){.name = dims == 8 ? "shapes 8-d" : "shapes 16-d", .dims = dims};
    data->coords = array_allocate(dims * shores.line_count, sizeof *data->coords);
    for (size_t line = 0; line < shores.line_count; line++) {
        struct outline outline = {.corners = shores.points + shores.first_points[line],
                                  .count = line_points(&shores, line)};
        if (line_is_closed(&shores, line) && outline.count >= corners_min &&
            outline_describe(&outline, turns, dims, data->coords + dims * data->count))
            data->count++;
    }
    shorelines_release(&shores);
}

void shoreline_pieces(struct dataset *data, unsigned dims)
{
    struct shorelines shores;
    double complex turns[samples];
    turns_make(turns);
    shorelines_read(&shores);
    *data = (struct dataset){.name = dims == 8 ? "pieces 8-d" : "pieces 16-d", .dims = dims};
    data->coords = array_allocate(dims * (shores.point_count / piece_step), sizeof *data->coords);
    for (size_t line = 0; line < shores.line_count; line++) {
        const double complex *points = shores.points + shores.first_points[line];
        for (size_t i = 0; i + piece_points <= line_points(&shores, line); i += piece_step) {
            struct outline outline = {
                .corners = points + i, .count = piece_points, .is_piece = true};
            if (outline_describe(&outline, turns, dims, data->coords + dims * data->count))
                data->count++;
        }
    }
    shorelines_release(&shores);
}
