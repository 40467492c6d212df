/* bench/contestant.h -- what a spatial index must offer to be measured here.
 *
 * One file, with_<name>, implements this for each library. To add yours: write the functions
 * below, add the file to CMakeLists.txt, and name the struct in the `contestants` table of
 * contestants.c. The id of an item is its row in the data set, so that answers can be compared.
 * Functions that cannot do their work end the program with bench_die(): a measurement that
 * half succeeded is worth nothing.
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

/* Points are rows of x, y; boxes are rows of x low, y low, x high, y high. */
struct dataset {
    const char *name;
    bool is_boxes;
    bool is_uniform;
    size_t count;
    double *coords;
};

/* More than any library wants to be handed at a time. */
#define WINDOW_SLACK 1024

/* An index in memory. `way` counts the entries of `builders`, `walker` those of `walkers`. */
struct contestant {
    const char *name;
    const char *(*version)(void); /* version and configuration, one line */

    const char *const *builders; /* names of the ways to build, NULL at the end */
    bool has_threads;            /* building can use more than one */
    const char *const *walkers;  /* names of the ways to query, NULL at the end */

    /* The data set in the form that `build` wants, made before the clock starts. */
    void *(*prepare)(const struct dataset *data);
    void (*unprepare)(void *prepared);

    void *(*build)(void *prepared, unsigned way, unsigned threads);
    uint64_t (*bytes)(const void *built); /* what the finished index occupies */
    void (*destroy)(void *built);

    bool (*can_walk)(void *built, unsigned walker); /* this processor has what it takes */

    /* Writes the ids of all items that meet `window` (x low, y low, x high, y high; borders
     * count) to `ids`, which has room for every item and WINDOW_SLACK more; returns how many. */
    size_t (*window)(void *built, unsigned walker, const double *window, uint64_t *ids);
    uint64_t (*count)(void *built, unsigned walker, const double *window);
};

/* The first one is ours, the others are compared with it. NULL at the end. */
extern const struct contestant *const contestants[];
extern const struct contestant with_xtree;
extern const struct contestant with_boost;

/* What an opener looks for: a small window, or one key below the number of items. */
struct probe {
    double window[4];
    uint64_t key;
};

/* A store on disk, of which only opening is measured. */
struct opener {
    const char *name;
    const char *(*version)(void);
    void (*create)(const char *path, uint64_t items, uint64_t seed, unsigned threads);

    /* Opens the store and fetches the first answer; returns how many results it has. Nothing is
     * closed: the process ends soon after, and closing is not what is measured. */
    uint64_t (*first_answer)(const char *path, const struct probe *probe);
};

extern const struct opener *const openers[];
extern const struct opener open_xtree;
extern const struct opener open_lmdb;

/* Prints the message to standard error and ends the program. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2), noreturn))
#endif
void bench_die(const char *format, ...);

#ifdef __cplusplus
}
#endif
#endif
