/* cli/selftest_world.c -- what a store of the self test must hold, and comparing it.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "selftest.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { items_max = 4000, changes_max = 60 };

#define MARKER_ID UINT64_MAX

/* G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", 2014. */
uint64_t selftest_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t selftest_below(uint64_t *state, uint64_t limit)
{
    return selftest_random(state) % limit;
}

bool selftest_fail(struct selftest *test, const char *format, ...)
{
    va_list arguments;

    if (test->failure[0] != '\0')
        return false;
    va_start(arguments, format);
    vsnprintf(test->failure, sizeof test->failure, format, arguments);
    va_end(arguments);
    return false;
}

bool selftest_goes_on(struct selftest *test, const char *label, uint64_t rounds)
{
    double left = test->part_ends - progress_seconds();
    double done = 1000 * (1 - left / test->part_takes);

    progress_show(&test->progress, label, done > 0 ? (uint64_t)done : 0, 1000, rounds);
    return left > 0;
}

void selftest_path(const struct selftest *test, const char *name, char path[SELFTEST_PATH])
{
    snprintf(path, SELFTEST_PATH, "%s/%s", test->folder, name);
}

/* ---- the world ------------------------------------------------------------------------------- */

void world_begin(struct world *world, uint64_t seed)
{
    memset(world, 0, sizeof *world);
    world->seed = seed;
    world->random = seed;
}

void world_end(struct world *world)
{
    free(world->items);
    world->items = NULL;
    world->count = world->capacity = 0;
}

bool world_copy(struct world *to, const struct world *from)
{
    size_t count = from->count > 0 ? from->count : 1;
    struct world_item *items = malloc(count * sizeof *items);

    if (items == NULL)
        return false;
    free(to->items);
    *to = *from;
    to->items = items;
    to->capacity = count;
    if (from->count > 0)
        memcpy(items, from->items, from->count * sizeof *items);
    return true;
}

/* Multiples of 1/16, so that borders meet often. */
static void box_draw(uint64_t *random, double box[4])
{
    for (int axis = 0; axis < 2; axis++) {
        double low = (double)selftest_below(random, 16000) / 16;
        double size = (double)selftest_below(random, selftest_below(random, 8) == 0 ? 800 : 8) / 16;

        box[axis] = low;
        box[2 + axis] = low + size;
    }
}

static bool item_add(struct world *world, uint64_t id, const double box[4])
{
    struct world_item *item;

    if (world->count == world->capacity) {
        size_t capacity = world->capacity * 2 + 64;
        struct world_item *items = realloc(world->items, capacity * sizeof *items);

        if (items == NULL)
            return false;
        world->items = items;
        world->capacity = capacity;
    }
    item = &world->items[world->count++];
    item->id = id;
    memcpy(item->box, box, sizeof item->box);
    return true;
}

static xt_status change_insert(struct world *world, xt_store *store)
{
    uint64_t id = world->next_id++;
    double box[4];

    box_draw(&world->random, box);
    if (!item_add(world, id, box))
        return XT_ENOMEM;
    return store == NULL ? XT_OK : xt_store_insert(store, id, box, box + 2);
}

/* The item that tells which commit it is stays the first one, and is not removed. */
static xt_status change_remove(struct world *world, xt_store *store)
{
    size_t i = 1 + (size_t)selftest_below(&world->random, world->count - 1);
    struct world_item item = world->items[i];

    world->items[i] = world->items[--world->count];
    return store == NULL ? XT_OK : xt_store_remove(store, item.id, item.box, item.box + 2);
}

static xt_status item_move(struct world_item *item, const double box[4], xt_store *store)
{
    struct world_item old = *item;

    memcpy(item->box, box, sizeof item->box);
    if (store == NULL)
        return XT_OK;
    return xt_store_move(store, old.id, old.box, old.box + 2, box, box + 2);
}

static xt_status change_move(struct world *world, xt_store *store)
{
    size_t i = 1 + (size_t)selftest_below(&world->random, world->count - 1);
    double box[4];

    box_draw(&world->random, box);
    return item_move(&world->items[i], box, store);
}

static xt_status mark(struct world *world, xt_store *store)
{
    double at = -1000 - (double)world->commits;
    double box[4] = {at, at, at, at};

    if (world->count > 0)
        return item_move(&world->items[0], box, store);
    if (!item_add(world, MARKER_ID, box))
        return XT_ENOMEM;
    return store == NULL ? XT_OK : xt_store_insert(store, MARKER_ID, box, box + 2);
}

xt_status world_change(struct world *world, xt_store *store)
{
    uint64_t changes = 1 + selftest_below(&world->random, changes_max);
    xt_status status;

    world->commits++;
    status = mark(world, store);
    for (uint64_t i = 0; i < changes && status == XT_OK; i++) {
        uint64_t kind = selftest_below(&world->random, 10);

        if (world->count < 2 || (kind < 5 && world->count < items_max))
            status = change_insert(world, store);
        else if (kind < 7)
            status = change_remove(world, store);
        else
            status = change_move(world, store);
        world->changes++;
    }
    return status;
}

bool world_replay(struct world *world, uint64_t commits)
{
    if (commits < world->commits) {
        world->random = world->seed;
        world->count = 0;
        world->commits = world->changes = world->next_id = 0;
    }
    while (world->commits < commits) {
        if (world_change(world, NULL) != XT_OK)
            return false;
    }
    return true;
}

/* ---- comparing ------------------------------------------------------------------------------- */

static const double EVERYWHERE[4] = {-INFINITY, -INFINITY, INFINITY, INFINITY};

bool world_commit_of(const xt_snapshot *snapshot, uint64_t *commits)
{
    const double window[4] = {-INFINITY, -INFINITY, -1, -1};
    xt_query *query = NULL;
    xt_item item;
    bool found = false;

    *commits = 0;
    if (xt_snapshot_count(snapshot) == 0)
        return true;
    if (xt_query_window(snapshot, window, NULL, &query) != XT_OK)
        return false;
    if (xt_query_next(query, &item) == XT_OK && item.id == MARKER_ID) {
        *commits = (uint64_t)(-1000 - item.low[0]);
        found = true;
    }
    xt_query_close(query);
    return found;
}

xt_status world_follow(struct world *world, xt_store *store)
{
    xt_snapshot *snapshot = NULL;
    xt_status status = xt_snapshot_latest(store, &snapshot);
    uint64_t commits = 0;

    if (status == XT_OK && !world_commit_of(snapshot, &commits))
        status = XT_ECORRUPT;
    xt_snapshot_release(snapshot);
    if (status == XT_OK && !world_replay(world, commits))
        status = XT_ENOMEM;
    return status;
}

static int compare_items(const void *a, const void *b)
{
    const struct world_item *left = a;
    const struct world_item *right = b;

    return (left->id > right->id) - (left->id < right->id);
}

static bool items_are(const struct world *world, struct world_item *found)
{
    struct world_item *wanted = malloc((world->count + 1) * sizeof *wanted);
    bool is_equal;

    if (wanted == NULL)
        return false;
    if (world->count > 0)
        memcpy(wanted, world->items, world->count * sizeof *wanted);
    qsort(wanted, world->count, sizeof *wanted, compare_items);
    qsort(found, world->count, sizeof *found, compare_items);
    is_equal = memcmp(wanted, found, world->count * sizeof *wanted) == 0;
    free(wanted);
    return is_equal;
}

static bool compare_all(struct selftest *test, const struct world *world,
                        const xt_snapshot *snapshot)
{
    struct world_item *found = malloc((world->count + 1) * sizeof *found);
    xt_query *query = NULL;
    xt_status status;
    size_t count = 0;
    xt_item item;

    if (found == NULL)
        return selftest_fail(test, "no memory");
    status = xt_query_window(snapshot, EVERYWHERE, NULL, &query);
    while (status == XT_OK && (status = xt_query_next(query, &item)) == XT_OK) {
        if (count < world->count) {
            found[count].id = item.id;
            memcpy(found[count].box, item.low, 2 * sizeof(double));
            memcpy(found[count].box + 2, item.high, 2 * sizeof(double));
        }
        count++;
    }
    xt_query_close(query);
    if (status != XT_DONE)
        selftest_fail(test, "reading all items: %s", xt_status_text(status));
    else if (count != world->count)
        selftest_fail(test, "commit %" PRIu64 ": %zu items instead of %zu", world->commits, count,
                      world->count);
    else if (!items_are(world, found))
        selftest_fail(test, "commit %" PRIu64 ": the items differ", world->commits);
    free(found);
    return test->failure[0] == '\0';
}

static bool meets(const double a[4], const double b[4])
{
    return a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3];
}

static bool compare_window(struct selftest *test, const struct world *world,
                           const xt_snapshot *snapshot)
{
    xt_query *query = NULL;
    uint64_t count = 0;
    uint64_t wanted = 0;
    double window[4];
    xt_status status;

    box_draw(&test->random, window);
    window[2] += 40;
    window[3] += 40;
    for (size_t i = 0; i < world->count; i++)
        wanted += meets(world->items[i].box, window);
    status = xt_query_window(snapshot, window, NULL, &query);
    if (status == XT_OK)
        status = xt_query_count(query, &count);
    xt_query_close(query);
    if (status != XT_OK)
        return selftest_fail(test, "a window: %s", xt_status_text(status));
    if (count != wanted)
        return selftest_fail(test, "a window holds %" PRIu64 " items instead of %" PRIu64, count,
                             wanted);
    return true;
}

static double distance_of(const double box[4], const double point[2])
{
    double sum = 0;

    for (int axis = 0; axis < 2; axis++) {
        double gap = fmax(fmax(box[axis] - point[axis], point[axis] - box[2 + axis]), 0);

        sum += gap * gap;
    }
    return sqrt(sum);
}

static bool compare_nearest(struct selftest *test, const struct world *world,
                            const xt_snapshot *snapshot)
{
    double point[2] = {(double)selftest_below(&test->random, 1100),
                       (double)selftest_below(&test->random, 1100)};
    xt_query *query = NULL;
    double least = INFINITY;
    xt_status status;
    xt_item item;

    for (size_t i = 0; i < world->count; i++)
        least = fmin(least, distance_of(world->items[i].box, point));
    status = xt_query_nearest(snapshot, point, NULL, &query);
    if (status == XT_OK)
        status = xt_query_next(query, &item);
    if (status != XT_OK && !(status == XT_DONE && world->count == 0))
        selftest_fail(test, "the nearest item: %s", xt_status_text(status));
    else if (status == XT_OK && item.distance != least)
        selftest_fail(test, "the nearest item is %.17g away instead of %.17g", item.distance,
                      least);
    xt_query_close(query);
    return test->failure[0] == '\0';
}

bool world_compare(struct selftest *test, const struct world *world, const xt_snapshot *snapshot)
{
    return compare_all(test, world, snapshot) && compare_window(test, world, snapshot) &&
           compare_nearest(test, world, snapshot);
}

/* ---- stores ---------------------------------------------------------------------------------- */

/* Small nodes and arenas, so that trees become high and arenas many. */
xt_status world_store_create(const char *path, xt_store **out)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;

    options.dims = 2;
    options.kind = XT_BOXES;
    options.leaf_capacity = options.inner_capacity = 16;
    options.arena_bytes = 2 << 20;
    options.window_bytes = UINT64_C(1) << 30;
    return xt_store_create(path, &options, out);
}

static bool store_compare(struct selftest *test, struct world *world, xt_store *store,
                          uint64_t least, uint64_t most)
{
    xt_check_options check = XT_CHECK_OPTIONS_INIT;
    xt_snapshot *snapshot = NULL;
    uint64_t commits = 0;
    xt_status status;

    check.deep = true;
    status = xt_store_check(store, &check, NULL);
    if (status != XT_OK)
        return selftest_fail(test, "checking: %s", xt_status_text(status));
    status = xt_snapshot_latest(store, &snapshot);
    if (status != XT_OK)
        return selftest_fail(test, "a snapshot: %s", xt_status_text(status));
    if (!world_commit_of(snapshot, &commits))
        selftest_fail(test, "the item that tells the commit is not there");
    else if (commits < least || commits > most)
        selftest_fail(test, "commit %" PRIu64 " is there instead of %" PRIu64 " or %" PRIu64,
                      commits, least, most);
    else if (!world_replay(world, commits))
        selftest_fail(test, "no memory");
    else
        (void)world_compare(test, world, snapshot);
    xt_snapshot_release(snapshot);
    return test->failure[0] == '\0';
}

bool world_open_and_compare(struct selftest *test, struct world *world, const char *path,
                            uint64_t least, uint64_t most)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_error error = {.offset = UINT64_MAX};
    xt_store *store = NULL;
    xt_status status;
    bool is_right;

    options.window_bytes = UINT64_C(1) << 30;
    options.error = &error;
    status = xt_store_open(path, &options, &store);
    if (status != XT_OK)
        return selftest_fail(test, "opening: %s (%s)", xt_status_text(status), error.check);
    is_right = store_compare(test, world, store, least, most);
    status = xt_store_close(store);
    return is_right && status == XT_OK;
}
