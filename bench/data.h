/* bench/data.h -- the data sets and the windows, the same on every machine.
 *
 * Numbers come from splitmix64 used as a hash of (seed, row), so any row can be made alone and no
 * program needs the whole array. Only additions and multiplications touch the doubles: the results
 * do not depend on a mathematical library.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_DATA_H
#define BENCH_DATA_H

#include "contestant.h"

#define DATA_SEED 20260101u

/* Uniform in [0, 1), from the hash of two numbers. */
double data_unit(uint64_t seed, uint64_t number);

/* Square root: the same bits everywhere, without the mathematical library. */
double data_root(double value);

/* Row `i` of the uniform points in [-180, 180] x [-90, 90]. */
void data_uniform_point(uint64_t seed, uint64_t i, double point[2]);

/* Row `i` of points in 1,000 bell-shaped clusters of unequal width. */
void data_clustered_point(uint64_t seed, uint64_t i, double point[2]);

void data_make_uniform(struct dataset *data, size_t count, uint64_t seed);
void data_make_clustered(struct dataset *data, size_t count, uint64_t seed);

/* Boxes so small that each meets about one of another set of as many. */
void data_make_boxes(struct dataset *data, size_t count, uint64_t seed);

/* Points in the unit cube of `dims` dimensions; clustered: in 100 bell-shaped clusters. */
void data_make_cube(struct dataset *data, unsigned dims, bool is_clustered, size_t count,
                    uint64_t seed);

/* Boxes in the unit square or cube, so small that each meets about one of another set of as many
 * where they are uniform. */
void data_make_cube_boxes(struct dataset *data, unsigned dims, bool is_clustered, size_t count,
                          uint64_t seed);

/* Like the Fourier descriptors of outlines: pairs of numbers whose size falls from one frequency
 * to the next; 500 shapes, and as many variants of each as make `count`. */
void data_make_outlines(struct dataset *data, unsigned dims, size_t count, uint64_t seed);

/* Points that drift to the right as their number grows, as those of things that come and go. */
void data_make_sliding(struct dataset *data, size_t count, uint64_t seed);

/* Keeps `count` rows, evenly spread over all; does nothing when there are no more. */
void data_thin(struct dataset *data, size_t count);

/* Reads `folder`/cities.csv.gz (points) or coastline.csv.gz (boxes). */
void data_read_cities(struct dataset *data, const char *folder);
void data_read_coastline(struct dataset *data, const char *folder);

void data_release(struct dataset *data);

/* Queries that give about `target` results each. */
struct windows {
    size_t count;
    uint64_t target;
    double *bounds; /* count rows of all low corners, then all high ones */
};

/* A window of about `target` results in uniform points; number `i` of a row of them. */
void window_uniform(uint64_t items, uint64_t target, uint64_t seed, uint64_t i, double window[4]);

/* For uniform points in two dimensions by their density; for anything else around items picked at
 * random, as wide as `built` (of `contestant`) needs to count about `target`. */
void windows_make(struct windows *windows, const struct dataset *data,
                  const struct contestant *contestant, void *built, uint64_t seed);
void windows_release(struct windows *windows);

/* Points where the data is dense: each beside an item, on the way to another one. */
void points_make(double *points, size_t count, const struct dataset *data, uint64_t seed);

#endif
