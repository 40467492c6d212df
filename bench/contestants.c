/* bench/contestants.c -- the tables of everything that is measured, and shared libraries' own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "contestants.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"

/* The first peer is what `window`, `bulk` and `join` compare with. */
const struct contestant *contestants[contestants_max + 1] = {
    &with_xtree,
    &with_xtree_published,
#ifdef BENCH_WITH_PEERS
    &with_boost,
    &with_boost_rstar,
    &with_boost_quadratic,
    &with_boost_linear,
    &with_flann,
    &with_nanoflann,
    &with_sqlite_rtree,
    &with_flatbush,
    &with_kdbush,
    &with_rbush,
#endif
#ifdef BENCH_WITH_CGAL
    &with_cgal,
#endif
#ifdef BENCH_WITH_GEOS
    &with_geos,
#endif
#ifdef BENCH_WITH_SPATIALINDEX
    &with_spatialindex,
    &with_spatialindex_disk,
    &with_spatialindex_rstar,
#endif
#ifdef BENCH_WITH_FAISS
    &with_faiss,
#endif
    &with_scan,
};

const struct opener *const openers[] = {
    &open_xtree,
#ifdef BENCH_WITH_PEERS
    &open_lmdb,
    &open_sqlite,
#endif
#ifdef BENCH_WITH_SPATIALINDEX
    &open_spatialindex,
#endif
    NULL,
};

struct absence {
    const char *who;
    const char *why;
};

#define NOT_BUILT "was not there when this program was built"

static struct absence absences[contestants_max + 1] = {
#ifndef BENCH_WITH_PEERS
    {"all peers", "this program was built without XTREE_BENCH"},
#else
#ifndef BENCH_WITH_CGAL
    {"CGAL", NOT_BUILT},
#endif
#ifndef BENCH_WITH_GEOS
    {"GEOS", NOT_BUILT},
#endif
#ifndef BENCH_WITH_SPATIALINDEX
    {"libspatialindex", NOT_BUILT},
#endif
#ifndef BENCH_WITH_FAISS
    {"FAISS", NOT_BUILT},
#endif
#endif
    {NULL,        NULL                                        },
};

static const char *work_folder = "bench-work";

const char *bench_folder(void)
{
    files_make_folder(work_folder);
    return work_folder;
}

/* ---- the table ----------------------------------------------------------------------------- */

static size_t contestants_count(void)
{
    size_t count = 0;
    while (contestants[count] != NULL)
        count++;
    return count;
}

static void contestant_add(const struct contestant *contestant, const char *path)
{
    size_t count = contestants_count();
    if (contestant->interface != CONTESTANT_INTERFACE)
        bench_die("%s is for interface %u of contestants, this program has %u", path,
                  contestant->interface, CONTESTANT_INTERFACE);
    if (contestant->name == NULL || contestant->version == NULL || contestant->walkers == NULL ||
        contestant->bytes == NULL || contestant->destroy == NULL)
        bench_die("%s: a contestant lacks what bench/contestant.h calls a must", path);
    if (count == contestants_max)
        bench_die("more than %d contestants", (int)contestants_max);
    contestants[count] = contestant;
    contestants[count + 1] = NULL;
}

void contestants_load(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        bench_die("%s", dlerror());
    const struct contestant *const *offered = dlsym(library, "contestants_offered");
    if (offered == NULL)
        bench_die("%s does not export contestants_offered", path);
    for (size_t i = 0; offered[i] != NULL; i++)
        contestant_add(offered[i], path);
}

static void absence_add(const char *who, const char *why)
{
    size_t count = 0;
    while (absences[count].who != NULL)
        count++;
    if (count < contestants_max) /* one remains without a name */
        absences[count] = (struct absence){who, why};
}

void contestants_begin(const char *folder)
{
    size_t kept = 0;
    work_folder = folder;
    for (size_t i = 0; contestants[i] != NULL; i++) {
        const char *why = contestants[i]->absent == NULL ? NULL : contestants[i]->absent();
        if (why != NULL)
            absence_add(contestants[i]->name, why);
        else
            contestants[kept++] = contestants[i];
    }
    contestants[kept] = NULL;
}

static bool takes_kind(const struct contestant *contestant, const struct dataset *data)
{
    return contestant->takes == NULL || contestant->takes(data);
}

static bool takes_count(const struct contestant *contestant, const struct dataset *data)
{
    return contestant->items_most == 0 || data->count <= contestant->items_most;
}

void contestants_left_out(FILE *out, const struct dataset *data)
{
    const char *before = "\nNot here: ";
    for (size_t i = 0; absences[i].who != NULL; i++) {
        const char *why = absences[i].why;
        const char *next = absences[i + 1].who != NULL ? absences[i + 1].why : "";
        fprintf(out, "%s%s", before, absences[i].who);
        before = strcmp(why, next) == 0 ? ", " : "; ";
        if (before[0] == ';')
            fprintf(out, " (%s)", why);
    }
    for (size_t i = 0; contestants[i] != NULL; i++) {
        if (!takes_kind(contestants[i], data) || takes_count(contestants[i], data))
            continue;
        fprintf(out, "%s%s (too slow for more than %zu items)", before, contestants[i]->name,
                contestants[i]->items_most);
        before = "; ";
    }
    if (before[0] != '\n')
        fprintf(out, ".\n");
}

/* ---- what all sub-commands ask ------------------------------------------------------------- */

const struct contestant *contestant_find(const char *name)
{
    for (size_t i = 0; contestants[i] != NULL; i++) {
        if (strcmp(contestants[i]->name, name) == 0)
            return contestants[i];
    }
    return NULL;
}

bool contestant_takes(const struct contestant *contestant, const struct dataset *data)
{
    return takes_kind(contestant, data) && takes_count(contestant, data);
}

bool contestant_can_walk(const struct contestant *contestant, void *built, unsigned walker)
{
    return contestant->can_walk == NULL || contestant->can_walk(built, walker);
}

void *contestant_build(const struct contestant *contestant, const struct dataset *data,
                       unsigned threads)
{
    void *prepared = contestant->prepare(data);
    void *built = contestant->build(prepared, 0, threads);
    contestant->unprepare(prepared);
    return built;
}

static uint64_t batch_total(const struct contestant *contestant, void *built, const double *windows,
                            size_t count)
{
    uint64_t total = 0;
    uint64_t *counts = calloc(count, sizeof *counts);
    struct window_batch batch = {.bounds = windows, .count = count, .counts = counts};
    if (counts == NULL)
        bench_die("out of memory");
    contestant->window_many(built, &batch);
    for (size_t i = 0; i < count; i++)
        total += counts[i];
    free(counts);
    return total;
}

uint64_t contestant_total(const struct contestant *contestant, void *built, const double *windows,
                          size_t count, uint64_t *ids)
{
    uint64_t total = 0;
    if (contestant->window_many != NULL)
        return batch_total(contestant, built, windows, count);
    for (size_t i = 0; i < count; i++) {
        const double *window = windows + 4 * i;
        total += contestant->count != NULL ? contestant->count(built, 0, window)
                                           : contestant->window(built, 0, window, ids);
    }
    return total;
}
