/* tests/fault/test_fault.c -- when any one call to the system fails, does every operation say so,
 * give everything back, and leave the old or the new state behind?
 *
 * Each operation runs with its 1st, 2nd, 3rd ... call to the system failing, until it succeeds: on
 * the real system in a scratch folder, and on the disk in memory; with several ways of failing.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "support/answers.h"
#include "support/check.h"
#include "support/disk_os.h"
#include "support/fail_os.h"
#include "txn/figures.h"

struct way {
    const char *name;
    int fail_with;
    bool forever;
    bool short_first;
};

static const struct way WAYS[] = {
    {"EIO once",                                 EIO,    false, false},
    {"EIO for ever",                             EIO,    true,  false},
    {"ENOSPC once",                              ENOSPC, false, false},
    {"ENOSPC for ever",                          ENOSPC, true,  false},
    {"EIO after a part was written",             EIO,    false, true },
    {"ENOSPC for ever after a part was written", ENOSPC, true,  true },
};

/* The ground that an operation stands on: one store, on a system whose calls can fail. */
struct scene {
    struct fail_os fail;
    struct disk_os *disk; /* NULL: the real system */
    const struct xti_os *ground;
    char path[400];
    xt_store *reader;
};

enum before { BEFORE_NOTHING, BEFORE_EMPTY, BEFORE_ITEMS, BEFORE_READER };

struct operation {
    const char *name;
    xt_status (*run)(struct scene *scene);
    enum before before;
    bool leaves_items; /* when it succeeds */
    bool is_large;
    uint64_t memory_limit;
    uint32_t threads;
};

static uint64_t seed;
static unsigned ignored_blocks; /* in this sweep */
static const struct operation *operation;
static struct oracle items;
static struct oracle nothing;

/* ---- scenes -------------------------------------------------------------------------------- */

static xt_status create(const struct xti_os *os, const char *path, xt_store **out)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;

    options.dims = items.dims;
    options.durability = XT_DURABLE_TWO_SYNCS;
    options.kind = items.kind;
    options.leaf_capacity = 16;
    options.inner_capacity = 16;
    options.arena_bytes = UINT64_C(2) << 20;
    options.window_bytes = UINT64_C(256) << 20;
    return xti_store_create(os, path, &options, out);
}

static xt_status open_as(const struct xti_os *os, const char *path, bool writable, xt_store **out)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;

    options.writable = writable;
    options.durability = XT_DURABLE_TWO_SYNCS;
    options.window_bytes = UINT64_C(256) << 20;
    return xti_store_open(os, path, &options, out);
}

static xt_status items_load(xt_store *store)
{
    xt_loader_options options = XT_LOADER_OPTIONS_INIT;

    options.memory_limit = operation != NULL ? operation->memory_limit : 0;
    options.threads = operation != NULL ? operation->threads : 0;
    return answers_load(store, &items, &options);
}

static bool store_prepare(struct scene *scene, enum before before)
{
    xt_store *store;

    if (before == BEFORE_NOTHING)
        return true;
    if (!CHECK_STATUS(create(scene->ground, scene->path, &store), XT_OK))
        return false;
    if (before == BEFORE_READER &&
        !CHECK_STATUS(open_as(&scene->fail.os, scene->path, false, &scene->reader), XT_OK))
        return false;
    if (before >= BEFORE_ITEMS && (!CHECK_STATUS(answers_load(store, &items, NULL), XT_OK) ||
                                   !CHECK_STATUS(xt_store_commit(store, NULL), XT_OK)))
        return false;
    return CHECK_STATUS(xt_store_close(store), XT_OK);
}

static bool scene_set_up(struct scene *scene, bool is_real, const char *folder, enum before before)
{
    *scene = (struct scene){.disk = is_real ? NULL : disk_os_create(seed)};
    scene->ground = is_real ? xti_os_real() : disk_os_table(scene->disk);
    snprintf(scene->path, sizeof scene->path, "%s/store", is_real ? folder : "");
    fail_os_init(&scene->fail, scene->ground);
    return store_prepare(scene, before);
}

struct removal {
    const struct xti_os *os;
    const char *folder;
};

static bool name_remove(void *context, const char *name)
{
    const struct removal *removal = context;
    char path[600];

    snprintf(path, sizeof path, "%s/%s", removal->folder, name);
    (void)removal->os->remove(removal->os, path);
    return true;
}

static void scene_tear_down(struct scene *scene)
{
    struct removal removal = {scene->ground, scene->path};

    if (scene->disk != NULL) {
        disk_os_destroy(scene->disk);
        return;
    }
    (void)scene->ground->list(scene->ground, scene->path, name_remove, &removal);
    (void)scene->ground->remove_folder(scene->ground, scene->path);
}

/* ---- operations ---------------------------------------------------------------------------- */

static xt_status first_error(xt_status a, xt_status b)
{
    return a < 0 ? a : b;
}

static xt_status run_create(struct scene *scene)
{
    xt_store *store;
    xt_status status = create(&scene->fail.os, scene->path, &store);

    CHECK((store != NULL) == (status == XT_OK));
    CHECK_STATUS(xt_store_close(store), XT_OK);
    return status;
}

static xt_status run_load(struct scene *scene)
{
    xt_store *store;
    xt_status status = open_as(&scene->fail.os, scene->path, true, &store);

    CHECK((store != NULL) == (status == XT_OK));
    if (status == XT_OK)
        status = items_load(store);
    if (status == XT_OK)
        status = xt_store_commit(store, NULL);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    return status;
}

static xt_status store_ask(xt_store *store)
{
    uint64_t random = seed;
    bool right;
    xt_status status = answers_try(store, &items, 4, &random, &right);

    CHECK(status != XT_OK || right);
    return status;
}

static xt_status run_read(struct scene *scene)
{
    xt_store *store;
    xt_status status = open_as(&scene->fail.os, scene->path, false, &store);

    CHECK((store != NULL) == (status == XT_OK));
    if (status == XT_OK)
        status = store_ask(store);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    return status;
}

static xt_status run_open_verified(struct scene *scene)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_store *store;
    xt_status status;

    options.verify = XT_VERIFY_OPEN;
    options.window_bytes = UINT64_C(256) << 20;
    status = xti_store_open(&scene->fail.os, scene->path, &options, &store);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    return status;
}

static xt_status run_join(struct scene *scene)
{
    xt_snapshot *snapshot = NULL;
    xt_join *join = NULL;
    uint64_t count = 0;
    xt_store *store;
    xt_status status = open_as(&scene->fail.os, scene->path, false, &store);

    if (status == XT_OK)
        status = xt_snapshot_latest(store, &snapshot);
    if (status == XT_OK)
        status = xt_join_open(snapshot, NULL, NULL, &join);
    CHECK((join != NULL) == (status == XT_OK));
    if (status == XT_OK)
        status = xt_join_count(join, &count);
    CHECK((count > 0) == (status == XT_OK));
    xt_join_close(join);
    xt_snapshot_release(snapshot);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    return status;
}

/* The reader was opened before the items were committed. After a failure it tries again. */
static xt_status run_refresh(struct scene *scene)
{
    xt_snapshot *snapshot;
    xt_status status = xt_snapshot_latest(scene->reader, &snapshot);

    CHECK((snapshot != NULL) == (status == XT_OK));
    if (status == XT_OK)
        CHECK_U64(xt_snapshot_count(snapshot), items.count);
    xt_snapshot_release(snapshot);
    scene->fail.fail_at = 0;
    CHECK_STATUS(store_ask(scene->reader), XT_OK);
    CHECK_STATUS(xt_store_close(scene->reader), XT_OK);
    return status;
}

static xt_status run_in_memory(struct scene *scene)
{
    xt_store *store;
    xt_status status = create(&scene->fail.os, NULL, &store);

    if (status == XT_OK)
        status = items_load(store);
    if (status == XT_OK)
        status = xt_store_publish(store);
    if (status == XT_OK)
        status = store_ask(store);
    if (status == XT_OK)
        status = xt_store_commit(store, NULL);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    return status;
}

/* A load that fails leaves the store as it was, and the same handle can load again. */
static xt_status run_load_again(struct scene *scene)
{
    xt_store *store;
    xt_status first, status;

    if (!CHECK_STATUS(open_as(scene->ground, scene->path, true, &store), XT_OK))
        return XT_EIO;
    CHECK_STATUS(xt_store_close(store), XT_OK);
    status = open_as(&scene->fail.os, scene->path, true, &store);
    if (status != XT_OK)
        return status;
    first = items_load(store);
    scene->fail.fail_at = 0;
    if (first != XT_OK)
        status = items_load(store);
    if (status == XT_OK)
        status = xt_store_commit(store, NULL);
    CHECK_STATUS(status, XT_OK);
    CHECK_STATUS(store_ask(store), XT_OK);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    return first_error(first, status);
}

#define LIMIT (UINT64_C(16) << 20)

static const struct operation OPERATIONS[] = {
    {"create",                               run_create,        BEFORE_NOTHING, false, false, 0,     0},
    {"load and commit",                      run_load,          BEFORE_EMPTY,   true,  false, 0,     1},
    {"load with two threads",                run_load,          BEFORE_EMPTY,   true,  false, 0,     2},
    {"load again after a failure",           run_load_again,    BEFORE_EMPTY,   true,  false, 0,     1},
    {"open, ask and check",                  run_read,          BEFORE_ITEMS,   true,  false, 0,     0},
    {"join with itself",                     run_join,          BEFORE_ITEMS,   true,  false, 0,     0},
    {"open and hash everything",             run_open_verified, BEFORE_ITEMS,   true,  false, 0,     0},
    {"see a new commit",                     run_refresh,       BEFORE_READER,  true,  false, 0,     0},
    {"a store in memory",                    run_in_memory,     BEFORE_NOTHING, false, false, 0,     1},
    {"load with little memory",              run_load,          BEFORE_EMPTY,   true,  true,  LIMIT, 1},
    {"load with little memory, two threads", run_load,          BEFORE_EMPTY,   true,  true,  LIMIT, 2},
};

/* ---- sweeps -------------------------------------------------------------------------------- */

/* Failures that an operation may get over by itself: a thread less, a view of a file that stays
 * private memory, and a writer's search for leftovers: one block, a list, removals. Commits have
 * two syncs; those with one are for test_fault_campaign. */
static bool may_be_ignored(const struct fail_os *fail)
{
    unsigned kind = fail->hit_kind;

    if (kind == FAIL_ALLOC)
        return ++ignored_blocks == 1;
    if (kind == FAIL_WRITE) /* what a writer tells of itself in LOCK */
        return fail->hit_bytes == XTI_FIGURES_BYTES;
    return (kind &
            (FAIL_THREAD | FAIL_PLACE_FILE | FAIL_LIST | FAIL_REMOVE | FAIL_REMOVE_FOLDER)) != 0;
}

/* A call that fails is not a damaged store. */
static bool status_fits(const struct fail_os *fail, xt_status status)
{
    if (status == XT_OK)
        return CHECK(!fail->hit || may_be_ignored(fail));
    return CHECK(fail->hit) && CHECK(status == XT_EIO || status == XT_ENOMEM ||
                                     status == XT_EFULL || status == XT_EBROKEN);
}

/* The store as a healthy system sees it. */
static bool aftermath_holds(struct scene *scene, bool was_created, bool has_items)
{
    uint64_t random = seed;
    xt_snapshot *snapshot;
    xt_store *store;
    xt_status status = open_as(scene->ground, scene->path, true, &store);
    bool holds;

    if (!was_created && status == XT_ENOTFOUND)
        status = create(scene->ground, scene->path, &store);
    if (!CHECK_STATUS(status, XT_OK) || !CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        return false;
    if (!has_items)
        has_items = operation->leaves_items && xt_snapshot_count(snapshot) != 0;
    xt_snapshot_release(snapshot);
    holds = answers_hold(store, has_items ? &items : &nothing, 4, &random);
    return CHECK_STATUS(xt_store_close(store), XT_OK) && holds;
}

/* One run with call n failing. */
static bool run_once(const struct way *way, bool is_real, const char *folder, uint64_t n, bool *hit)
{
    struct scene scene;
    xt_status status;
    bool holds;

    *hit = false;
    if (!scene_set_up(&scene, is_real, folder, operation->before))
        return false;
    fail_os_reset(&scene.fail);
    scene.fail.fail_at = n;
    scene.fail.fail_forever = way->forever;
    scene.fail.fail_with = way->fail_with;
    scene.fail.short_first = way->short_first;
    status = operation->run(&scene);
    *hit = scene.fail.hit;
    holds = status_fits(&scene.fail, status) && CHECK(fail_os_is_clean(&scene.fail));
    holds = holds && aftermath_holds(&scene, operation->before != BEFORE_NOTHING,
                                     operation->before >= BEFORE_ITEMS ||
                                         (operation->leaves_items && status == XT_OK));
    if (!holds)
        printf("    %s, %s, on %s: call %" PRIu64 " (%s) gave %s\n", operation->name, way->name,
               is_real ? "the real system" : "a disk in memory", n,
               fail_kind_name(scene.fail.hit_kind), xt_status_name(status));
    scene_tear_down(&scene);
    return holds;
}

static void sweep(const struct way *way, bool is_real)
{
    const char *folder = is_real ? check_scratch() : "";
    bool hit = true;

    check_row = operation->name;
    ignored_blocks = 0;
    for (uint64_t n = 1; hit; n += operation->is_large ? 1 + n / 6 : 1) {
        if (!run_once(way, is_real, folder, n, &hit))
            return;
    }
}

static void data_set_up(bool is_large)
{
    seed = check_seed;
    oracle_init(&items, (struct oracle_schema){is_large ? 128 : 2, XT_BOXES, XT_F64},
                is_large ? 9000 : 400, ORACLE_UNIFORM, &seed);
    oracle_init(&nothing, (struct oracle_schema){items.dims, XT_BOXES, XT_F64}, 0, ORACLE_UNIFORM,
                &seed);
}

static void data_tear_down(void)
{
    oracle_release(&items);
    oracle_release(&nothing);
    operation = NULL;
}

static void sweeps(bool is_real, bool is_large)
{
    size_t ways = is_large ? 2 : CHECK_COUNT(WAYS);

    data_set_up(is_large);
    for (size_t i = 0; i < CHECK_COUNT(OPERATIONS); i++) {
        for (size_t w = 0; w < ways && OPERATIONS[i].is_large == is_large; w++) {
            operation = &OPERATIONS[i];
            sweep(&WAYS[w], is_real);
        }
    }
    data_tear_down();
}

static void any_call_may_fail_on_the_real_system(void)
{
    sweeps(true, false);
}

static void any_call_may_fail_on_a_disk_in_memory(void)
{
    sweeps(false, false);
}

static void any_call_may_fail_while_loading_with_little_memory(void)
{
    sweeps(false, true);
}

/* ---- commits that fail --------------------------------------------------------------------- */

/* Opens the store, loads, and lets the n-th call of this kind inside the commit fail. */
static xt_status commit_with_failure(struct scene *scene, unsigned kind, uint64_t n,
                                     xt_store **store)
{
    if (!scene_set_up(scene, false, "", BEFORE_EMPTY) ||
        !CHECK_STATUS(open_as(&scene->fail.os, scene->path, true, store), XT_OK) ||
        !CHECK_STATUS(items_load(*store), XT_OK))
        return XT_EINVAL;
    fail_os_reset(&scene->fail);
    scene->fail.kinds = kind;
    scene->fail.fail_at = n;
    return xt_store_commit(*store, NULL);
}

static void scene_end(struct scene *scene, xt_store *store, bool has_items)
{
    static const struct operation load = {.leaves_items = true};

    operation = &load;
    CHECK_STATUS(xt_store_close(store), XT_OK);
    CHECK(fail_os_is_clean(&scene->fail));
    aftermath_holds(scene, true, has_items);
    scene_tear_down(scene);
    operation = NULL;
}

static uint64_t items_in(xt_store *store)
{
    xt_snapshot *snapshot;
    uint64_t count;

    if (!CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        return 0;
    count = xt_snapshot_count(snapshot);
    xt_snapshot_release(snapshot);
    return count;
}

static void failed_sync_breaks_the_handle_but_not_its_snapshots(void)
{
    xt_status status = XT_EBROKEN;

    data_set_up(false);
    for (uint64_t n = 1; status != XT_OK; n++) {
        xt_loader *loader = (xt_loader *)&status;
        uint64_t random = seed;
        struct scene scene;
        xt_store *store = NULL;

        status = commit_with_failure(&scene, FAIL_SYNC | FAIL_SYNC_FOLDER, n, &store);
        if (status != XT_OK) {
            CHECK_STATUS(status, XT_EBROKEN);
            CHECK_STATUS(xt_store_commit(store, NULL), XT_EBROKEN);
            CHECK_STATUS(xt_store_publish(store), XT_EBROKEN);
            CHECK_STATUS(xt_store_rollback(store), XT_EBROKEN);
            CHECK(xt_loader_open(store, NULL, &loader) < 0);
            CHECK(loader == NULL);
            answers_hold(store, items_in(store) == 0 ? &nothing : &items, 4, &random);
        }
        scene_end(&scene, store, status == XT_OK);
        if (n == 1)
            CHECK(status != XT_OK);
    }
    data_tear_down();
}

static void failed_write_before_the_decision_can_be_tried_again(void)
{
    static const unsigned kinds[] = {FAIL_WRITE, FAIL_ALLOCATE, FAIL_OPEN, FAIL_ALLOC};
    unsigned repeated = 0;

    data_set_up(false);
    for (size_t k = 0; k < CHECK_COUNT(kinds); k++) {
        xt_status status = XT_EIO;

        check_row = fail_kind_name(kinds[k]);
        for (uint64_t n = 1; status != XT_OK; n++) {
            struct scene scene;
            xt_store *store = NULL;
            bool is_done;

            status = commit_with_failure(&scene, kinds[k], n, &store);
            is_done = status == XT_OK;
            if (status == XT_EIO || status == XT_ENOMEM) {
                repeated++;
                CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
                is_done = true;
            } else if (status != XT_OK && !CHECK_STATUS(status, XT_EBROKEN)) {
                return;
            }
            scene_end(&scene, store, is_done);
        }
    }
    CHECK(repeated > 0);
    data_tear_down();
}

/* Bytes that the store takes on the disk when all is well. */
static uint64_t bytes_needed(void)
{
    uint64_t bytes = 0;

    for (bool fits = false; !fits; bytes += 65536) {
        struct scene small;
        xt_store *other;

        if (!scene_set_up(&small, false, "", BEFORE_EMPTY))
            return 0;
        disk_os_capacity(small.disk, bytes);
        fits = open_as(&small.fail.os, small.path, true, &other) == XT_OK &&
               items_load(other) == XT_OK && xt_store_commit(other, NULL) == XT_OK;
        CHECK_STATUS(xt_store_close(other), XT_OK);
        scene_tear_down(&small);
    }
    return bytes;
}

static void full_disk_keeps_the_changes_until_there_is_space(void)
{
    uint64_t most;
    unsigned repeated = 0;

    data_set_up(false);
    most = bytes_needed();
    for (uint64_t bytes = 0; bytes < most; bytes += most / 40 / 4096 * 4096 + 4096) {
        struct scene scene;
        xt_store *store;
        xt_status status;

        if (!scene_set_up(&scene, false, "", BEFORE_EMPTY))
            return;
        disk_os_capacity(scene.disk, bytes);
        status = open_as(&scene.fail.os, scene.path, true, &store);
        if (status == XT_OK)
            status = items_load(store);
        if (status == XT_OK) {
            status = xt_store_commit(store, NULL);
            if (status == XT_EFULL) {
                repeated++;
                CHECK_STATUS(xt_store_commit(store, NULL), XT_EFULL);
                disk_os_capacity(scene.disk, UINT64_MAX);
                status = xt_store_commit(store, NULL);
            }
            CHECK_STATUS(status, XT_OK);
        } else {
            CHECK_STATUS(status, XT_EFULL);
        }
        disk_os_capacity(scene.disk, UINT64_MAX);
        scene_end(&scene, store, status == XT_OK);
    }
    CHECK(repeated > 0);
    data_tear_down();
}

/* Also where the very last thing that creating needs is a handle to give out. */
static void creation_without_memory_leaves_no_store(void)
{
    struct scene scene;
    xt_store *store;
    xt_status status = XT_ENOMEM;

    data_set_up(false);
    for (uint64_t n = 1; status == XT_ENOMEM; n++) {
        if (!scene_set_up(&scene, false, "", BEFORE_NOTHING))
            break;
        scene.fail.kinds = FAIL_ALLOC;
        scene.fail.fail_at = n;
        status = create(&scene.fail.os, scene.path, &store);
        if (status == XT_OK) {
            CHECK_STATUS(xt_store_close(store), XT_OK);
        } else {
            CHECK_STATUS(open_as(scene.ground, scene.path, false, &store), XT_ENOTFOUND);
        }
        CHECK(fail_os_is_clean(&scene.fail));
        scene_tear_down(&scene);
    }
    CHECK_STATUS(status, XT_OK);
    data_tear_down();
}

/* ---- changes that fail --------------------------------------------------------------------- */

#define POINTS 200

static void point_of(uint64_t id, double *point)
{
    point[0] = (double)(id * 37 % 199);
    point[1] = (double)(id * 61 % 197);
}

static const char *const CHANGES[] = {"insert", "remove", "move near", "move far"};

static xt_status change_one(xt_store *store, size_t change)
{
    static const double far[2] = {-50, 300};
    double point[2];
    double near[2];

    point_of(7, point);
    near[0] = point[0] + 0.01;
    near[1] = point[1];
    if (change == 0)
        return xt_store_insert(store, POINTS, far, NULL);
    if (change == 1)
        return xt_store_remove(store, 7, point, NULL);
    return xt_store_move(store, 7, point, NULL, change == 2 ? near : far, NULL);
}

static bool points_commit(struct disk_os *disk)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    xt_store *store;
    bool holds;

    options.dims = 2;
    options.leaf_capacity = 16;
    options.inner_capacity = 16;
    holds = CHECK_STATUS(xti_store_create(disk_os_table(disk), "/store", &options, &store), XT_OK);
    for (uint64_t id = 0; holds && id < POINTS; id++) {
        double point[2];

        point_of(id, point);
        holds = CHECK_STATUS(xt_store_insert(store, id, point, NULL), XT_OK);
    }
    return holds && CHECK_STATUS(xt_store_commit(store, NULL), XT_OK) &&
           CHECK_STATUS(xt_store_close(store), XT_OK);
}

/* Who would load finds nothing in the way; but what a move far away has inserted and taken back. */
static bool nothing_is_pending(xt_store *store, size_t change)
{
    xt_loader *loader = NULL;
    xt_status status = xt_loader_open(store, NULL, &loader);

    if (status == XT_EMISUSE && strcmp(CHANGES[change], "move far") == 0 &&
        CHECK_STATUS(xt_store_rollback(store), XT_OK))
        status = xt_loader_open(store, NULL, &loader);
    xt_loader_cancel(loader);
    return CHECK_STATUS(status, XT_OK);
}

static void a_change_that_fails_leaves_nothing_pending(void)
{
    struct disk_os *disk = disk_os_create(seed);
    bool holds = points_commit(disk);

    for (size_t change = 0; holds && change < CHECK_COUNT(CHANGES); change++) {
        uint64_t failures = 0;
        bool was_hit = true;

        check_row = CHANGES[change];
        for (uint64_t n = 1; holds && was_hit; n++) {
            struct fail_os fail;
            xt_store *store;

            fail_os_init(&fail, disk_os_table(disk));
            holds = CHECK_STATUS(open_as(&fail.os, "/store", true, &store), XT_OK);
            fail_os_reset(&fail);
            fail.fail_at = n;
            if (holds && change_one(store, change) != XT_OK) {
                failures++;
                fail.fail_at = 0;
                holds = nothing_is_pending(store, change);
            }
            was_hit = fail.hit;
            CHECK_STATUS(xt_store_close(store), XT_OK);
            CHECK(fail_os_is_clean(&fail));
        }
        CHECK(failures > 0);
    }
    disk_os_destroy(disk);
}

CHECK_MAIN({"any_call_may_fail_on_the_real_system", any_call_may_fail_on_the_real_system},
           {"any_call_may_fail_on_a_disk_in_memory", any_call_may_fail_on_a_disk_in_memory},
           {"any_call_may_fail_while_loading_with_little_memory",
            any_call_may_fail_while_loading_with_little_memory},
           {"failed_sync_breaks_the_handle_but_not_its_snapshots",
            failed_sync_breaks_the_handle_but_not_its_snapshots},
           {"failed_write_before_the_decision_can_be_tried_again",
            failed_write_before_the_decision_can_be_tried_again},
           {"full_disk_keeps_the_changes_until_there_is_space",
            full_disk_keeps_the_changes_until_there_is_space},
           {"creation_without_memory_leaves_no_store", creation_without_memory_leaves_no_store},
           {"a_change_that_fails_leaves_nothing_pending",
            a_change_that_fails_leaves_nothing_pending})
