/* bench/contestant.h -- what a spatial index must offer to be measured here.
 *
 * One file, with_<name>, implements this for each library. Yours can do so without a change here:
 * xtree-bench loads shared libraries (--with FILE) that export the symbol `contestants_offered`.
 * bench/README.md shows the way, bench/examples/plain_scan.c is one. The id of an item is its row
 * in the data set, so that answers can be compared. Functions that cannot do their work end the
 * program with bench_die(): a measurement that half succeeded is worth nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_CONTESTANT_H
#define BENCH_CONTESTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Points are rows of x, y, ...; boxes are rows of all low corners, then all high ones. */
struct dataset {
    const char *name;
    bool is_boxes;
    bool is_uniform; /* in two dimensions, so that windows follow from the density */
    unsigned dims;
    size_t count;
    double *coords;
};

/* Numbers in a row. */
static inline size_t dataset_width(const struct dataset *data)
{
    return data->is_boxes ? 2 * (size_t)data->dims : data->dims;
}

/* Items that are added, removed or moved one after the other: coords as those of a data set. */
struct rows {
    size_t count;
    double *coords;
    uint64_t *ids;
};

/* What a join gives: pairs, and the sum over all pairs of hash_pair(). */
struct join_answer {
    uint64_t pairs;
    uint64_t sum;
};

/* Windows in a row, and what each of them gives. */
struct window_batch {
    const double *bounds;
    size_t count;
    uint64_t *counts;
    uint64_t *sums; /* of the ids; NULL where they are not asked for */
};

/* More than any library wants to be handed at a time. */
#define WINDOW_SLACK 1024

/* Grows by one whenever the struct below changes. */
#define CONTESTANT_INTERFACE 1u

/* An index. `way` counts the entries of `builders`, `walker` those of `walkers`.
 *
 * A library offers what it can: each sub-command takes the contestants that have what it measures,
 * and leaves out those where the function is NULL. A must are the interface, the name, the version,
 * the walkers, bytes() and destroy(). The data set outlives every index that was made of it.
 */
struct contestant {
    uint32_t interface; /* CONTESTANT_INTERFACE */
    const char *name;
    const char *(*version)(void); /* version and configuration, one line */
    const char *(*absent)(void);  /* why it cannot take part here; it, or what it returns: NULL */
    bool is_float32; /* keeps 32 bits of a coordinate: where it differs is counted and told */
    bool is_linear;  /* looks at every item for every question: is not asked for pairs */

    size_t items_most;                         /* more would take it too long; 0: any number */
    bool (*takes)(const struct dataset *like); /* dimensions, points or boxes; NULL: everything */

    const char *const *walkers; /* names of the ways to query, NULL at the end */
    bool (*can_walk)(void *built, unsigned walker); /* on this processor; NULL: always */
    uint64_t (*bytes)(const void *built);           /* what the finished index occupies */
    void (*destroy)(void *built);

    /* Building from all items at once. prepare() makes the form that `build` wants, before the
     * clock starts. */
    const char *const *builders; /* names of the ways to build, NULL at the end */
    bool has_threads;            /* building can use more than one */
    void *(*prepare)(const struct dataset *data);
    void (*unprepare)(void *prepared);
    void *(*build)(void *prepared, unsigned way, unsigned threads);

    /* Changing, item by item, in the order of the rows. create() makes an empty index for items
     * like those of `like`. What is removed or moved is there. */
    void *(*create)(const struct dataset *like);
    void (*insert)(void *index, const struct rows *rows);
    void (*remove)(void *index, const struct rows *rows);
    void (*move)(void *index, const struct rows *from, const struct rows *to);
    void (*settle)(void *index); /* makes the changes visible to queries; NULL: they always are */

    /* Writes the ids of all items that meet `window` (low corners, high corners; borders count)
     * to `ids`, which has room for every item and WINDOW_SLACK more; returns how many. */
    size_t (*window)(void *built, unsigned walker, const double *window, uint64_t *ids);
    uint64_t (*count)(void *built, unsigned walker, const double *window);

    /* The `k` items nearest to a point, of at least k, in any order, and their distances (squared,
     * if that is what the library computes); nearest_many does it for `count` points in one call,
     * k results for each. */
    bool is_squared;
    size_t k_most; /* 0: any number */
    void (*nearest)(void *built, unsigned walker, const double *point, size_t k, uint64_t *ids,
                    double *distances);
    void (*nearest_many)(void *built, const double *points, size_t count, size_t k, uint64_t *ids,
                         double *distances);

    /* All pairs of an item of `a` and one of `b` that meet; b == a: each unordered pair of
     * different items once. `rows` are the items of `b` in Hilbert order, for those who can only
     * ask with one window after the other; NULL: window() is asked so. */
    struct join_answer (*join)(void *a, void *b, const struct rows *rows);

    /* For an index in another process or language, where a call for each question would measure
     * the way there. It has window_many() in place of window(), nearest_many() in place of
     * nearest(), and tells how long its last work took by its own clock. */
    void (*window_many)(void *built, const struct window_batch *batch);
    uint64_t (*own_ns)(const void *index, bool is_cpu_time); /* build to nearest_many */
    uint64_t (*own_peak_kib)(const void *built);             /* of memory, while it was built */
};

/* What a shared library exports, NULL at the end. */
extern const struct contestant *const contestants_offered[];

/* A number of two ids; of a self-join, whose pairs have no order, the smaller one comes first. */
static inline uint64_t hash_pair(uint64_t a, uint64_t b)
{
    return (a * 0x9e3779b97f4a7c15u) ^ (b * 0xbf58476d1ce4e5b9u);
}

/* Where a contestant may keep files until its index is destroyed: a folder, which exists. */
const char *bench_folder(void);

/* Prints the message to standard error and ends the program. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2), noreturn))
#endif
void bench_die(const char *format, ...);

#ifdef __cplusplus
}
#endif
#endif
