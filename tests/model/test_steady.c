/* tests/model/test_steady.c -- when items move for ever, does a store stay as small as it should?
 *
 * Many items move at random, a hundred in each commit, on a disk in memory. Once warm, what the
 * files hold is compared with what lives in them: after each commit of many. And with cleaning
 * turned off, that the same moves make a store large.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "support/check.h"
#include "support/disk_os.h"

#define PATH "/store"
#define ITEMS ((size_t)400000) /* with fewer, five arenas are more than a half of what lives */
#define MOVES 100
#define COMMITS_WARM 800
#define COMMITS 1200
#define DIMS 6

struct scene {
    struct disk_os *disk;
    xt_store *store;
    uint64_t random;
    double *points;
    double ratio_max; /* bytes committed, of those that live */
    double files_max; /* bytes of all arena files, of those that live */
};

struct sizes {
    const struct xti_os *os;
    uint64_t bytes;
};

static bool size_add(void *context, const char *name)
{
    struct sizes *sizes = context;
    char path[200];
    uint64_t bytes = 0;
    xti_file file;

    snprintf(path, sizeof path, "%s/%s", PATH, name);
    if (strncmp(name, "arena-", 6) != 0 ||
        sizes->os->open(sizes->os, path, XTI_OPEN_READ, &file) != 0)
        return true;
    CHECK_INT(sizes->os->size(sizes->os, file, &bytes), 0);
    sizes->os->close(sizes->os, file);
    sizes->bytes += bytes;
    return true;
}

static bool scene_begin(struct scene *scene, bool no_cleaning)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    xt_loader *loader;
    bool holds;

    *scene = (struct scene){.random = check_seed, .disk = disk_os_create(check_seed)};
    scene->points = malloc(ITEMS * DIMS * sizeof *scene->points);
    options.dims = DIMS;
    options.arena_bytes = UINT64_C(2) << 20;
    options.no_cleaning = no_cleaning;
    if (!CHECK(scene->points != NULL) ||
        !CHECK_STATUS(xti_store_create(disk_os_table(scene->disk), PATH, &options, &scene->store),
                      XT_OK))
        return false;
    holds = CHECK_STATUS(xt_loader_open(scene->store, NULL, &loader), XT_OK);
    for (size_t i = 0; holds && i < ITEMS; i++) {
        double *point = scene->points + i * DIMS;

        for (unsigned axis = 0; axis < DIMS; axis++)
            point[axis] = check_uniform(&scene->random);
        holds = CHECK_STATUS(xt_loader_add(loader, i, point, NULL), XT_OK);
    }
    return holds && CHECK_STATUS(xt_loader_finish(loader), XT_OK) &&
           CHECK_STATUS(xt_store_commit(scene->store, NULL), XT_OK);
}

static void scene_end(struct scene *scene)
{
    CHECK_STATUS(xt_store_close(scene->store), XT_OK);
    disk_os_destroy(scene->disk);
    free(scene->points);
}

static bool moves_commit(struct scene *scene)
{
    bool holds = true;

    for (unsigned i = 0; holds && i < MOVES; i++) {
        size_t row = (size_t)(check_random(&scene->random) % ITEMS);
        double *point = scene->points + row * DIMS;
        double to[DIMS];

        for (unsigned axis = 0; axis < DIMS; axis++)
            to[axis] = check_uniform(&scene->random);
        holds = CHECK_STATUS(xt_store_move(scene->store, row, point, NULL, to, NULL), XT_OK);
        memcpy(point, to, sizeof to);
    }
    return holds && CHECK_STATUS(xt_store_commit(scene->store, NULL), XT_OK);
}

static void sizes_look(struct scene *scene)
{
    const struct xti_os *os = disk_os_table(scene->disk);
    xt_store_stats stats = {.struct_size = sizeof stats};
    struct sizes sizes = {os, 0};
    double live;
    double ratio;

    CHECK_STATUS(xt_store_stat(scene->store, &stats), XT_OK);
    CHECK_INT(os->list(os, PATH, size_add, &sizes), 0);
    live = (double)stats.live_bytes;
    ratio = (double)stats.committed_bytes / live;
    if (ratio > scene->ratio_max)
        scene->ratio_max = ratio;
    ratio = (double)sizes.bytes / live;
    if (ratio > scene->files_max)
        scene->files_max = ratio;
}

static void random_moves_do_not_make_a_store_grow(void)
{
    xt_check_options check = XT_CHECK_OPTIONS_INIT;
    struct scene scene;
    bool holds = scene_begin(&scene, false);

    for (unsigned i = 0; holds && i < COMMITS; i++) {
        holds = moves_commit(&scene);
        if (i >= COMMITS_WARM)
            sizes_look(&scene);
    }
    printf("committed at most %.2f, files at most %.2f times what lives\n", scene.ratio_max,
           scene.files_max);
    CHECK(scene.files_max <= 1.5);
    check.deep = true;
    CHECK_STATUS(xt_store_check(scene.store, &check, NULL), XT_OK);
    scene_end(&scene);
}

static void without_cleaning_they_do(void)
{
    struct scene scene;
    bool holds = scene_begin(&scene, true);
    xt_clean_report report = XT_CLEAN_REPORT_INIT;

    for (unsigned i = 0; holds && i < COMMITS / 4; i++)
        holds = moves_commit(&scene);
    sizes_look(&scene);
    CHECK(scene.ratio_max > 3);
    CHECK_STATUS(xt_store_clean(scene.store, NULL, &report), XT_OK);
    CHECK(report.nodes_moved > 0 && report.commits > 0);
    scene.ratio_max = 0;
    sizes_look(&scene);
    printf("by hand: %.2f times what lives\n", scene.ratio_max);
    CHECK(scene.ratio_max <= 1.5);
    scene_end(&scene);
}

CHECK_MAIN({"random_moves_do_not_make_a_store_grow", random_moves_do_not_make_a_store_grow},
           {"without_cleaning_they_do", without_cleaning_they_do})
