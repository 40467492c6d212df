/* tests/support/script.c -- a store's life as random steps, and what it must hold after each.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support/script.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "support/check.h"

#define DIMS_MAX 64
#define WINDOW_BYTES (UINT64_C(256) << 20)
#define WAIT_NS_MAX UINT64_C(3000000000)

/* Leaves of the last three are so large that leaves and inner nodes lie apart; of the last two a
 * few commits fill an arena. */
const struct script_world SCRIPT_WORLDS[] = {
    {"points",                    2,  XT_POINTS, 16,  16, 40,  40, 8},
    {"boxes",                     3,  XT_BOXES,  16,  16, 90,  30, 6},
    {"small fan-out, long lives", 2,  XT_BOXES,  16,  16, 60,  90, 3},
    {"leaves apart",              32, XT_BOXES,  128, 16, 100, 50, 3},
    {"arenas fill",               32, XT_BOXES,  512, 16, 40,  60, 2},
    {"arenas fill fast",          64, XT_BOXES,  512, 16, 60,  40, 2},
};
const size_t SCRIPT_WORLD_COUNT = CHECK_COUNT(SCRIPT_WORLDS);

struct box {
    double low[DIMS_MAX];
    double high[DIMS_MAX];
};

/* ---- contents ---------------------------------------------------------------------------- */

/* One in four coordinates lies on a coarse grid, so that borders meet. */
static void box_make(const struct script_world *world, uint64_t seed, uint64_t key, struct box *box)
{
    uint64_t random = seed ^ key * UINT64_C(0x9e3779b97f4a7c15);

    for (uint32_t axis = 0; axis < world->dims; axis++) {
        double low = check_uniform(&random) * 1000;
        double extent = check_uniform(&random) * 20;

        if (check_random(&random) % 4 == 0)
            low = floor(low / 100) * 100;
        box->low[axis] = low;
        box->high[axis] = world->kind == XT_POINTS ? low : low + extent;
    }
}

static size_t content_find(const struct script_content *content, uint64_t id)
{
    size_t begin = 0;
    size_t end = content->count;

    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;

        if (content->keys[middle] >> 16 < id)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

static void content_add(struct script_content *content, uint64_t key)
{
    XTI_ASSERT(content->count < SCRIPT_ITEMS_MAX);
    content->keys[content->count++] = key;
}

static void content_take(struct script_content *content, size_t i)
{
    content->count--;
    memmove(&content->keys[i], &content->keys[i + 1],
            (content->count - i) * sizeof content->keys[0]);
}

struct script_content *script_content_copy(const struct script_content *content)
{
    struct script_content *copy = malloc(sizeof *copy);

    XTI_ASSERT(copy != NULL);
    copy->count = content->count;
    memcpy(copy->keys, content->keys, content->count * sizeof content->keys[0]);
    return copy;
}

static void content_set(struct script_content *to, const struct script_content *from)
{
    to->count = from->count;
    memcpy(to->keys, from->keys, from->count * sizeof from->keys[0]);
}

/* ---- what is expected ---------------------------------------------------------------------- */

bool script_allows(const struct script_expected *expected, uint64_t number)
{
    return number >= expected->lowest && (number <= expected->newest || expected->may_go_on);
}

const struct script_content *script_content_of(const struct script_expected *expected,
                                               uint64_t number)
{
    static const struct script_content nothing;

    if (number > expected->newest)
        return &expected->next;
    if (number <= 1)
        return &nothing;
    XTI_ASSERT(number < SCRIPT_COMMITS_MAX);
    XTI_ASSERT(expected->commits[number] != NULL);
    return expected->commits[number];
}

static void expected_release(struct script_expected *expected)
{
    for (size_t i = 0; i < SCRIPT_COMMITS_MAX; i++)
        free(expected->commits[i]);
}

/* ---- answers ------------------------------------------------------------------------------- */

static bool item_is_right(const struct script_world *world, uint64_t seed, uint64_t key,
                          const xt_item *item)
{
    size_t bytes = world->dims * sizeof(double);
    struct box box;

    box_make(world, seed, key, &box);
    return memcmp(item->low, box.low, bytes) == 0 && memcmp(item->high, box.high, bytes) == 0;
}

static bool box_meets(const struct script_world *world, const struct box *box, const double *window)
{
    for (uint32_t axis = 0; axis < world->dims; axis++) {
        if (box->high[axis] < window[axis] || box->low[axis] > window[world->dims + axis])
            return false;
    }
    return true;
}

/* How many items meet the window; `window` gets its bounds. */
static uint64_t window_draw(const struct script_world *world, uint64_t seed,
                            const struct script_content *content, double *window)
{
    uint64_t random = seed + content->count;
    double width = 1000 * pow(0.3, 1.0 / world->dims);
    uint64_t count = 0;

    for (uint32_t axis = 0; axis < world->dims; axis++) {
        window[axis] = check_uniform(&random) * (1000 - width);
        window[world->dims + axis] = window[axis] + width;
    }
    for (size_t i = 0; i < content->count; i++) {
        struct box box;

        box_make(world, seed, content->keys[i], &box);
        count += box_meets(world, &box, window);
    }
    return count;
}

/* CHECKs that every item comes once, with its box. The status is that of the query. */
static xt_status items_ask(const struct script_world *world, uint64_t seed,
                           const struct script_content *content, const xt_snapshot *snapshot,
                           bool *right)
{
    bool seen[SCRIPT_ITEMS_MAX] = {false};
    double window[2 * DIMS_MAX];
    size_t count = 0;
    xt_status status;
    xt_query *query;
    xt_item item;

    for (uint32_t i = 0; i < 2 * world->dims; i++)
        window[i] = i < world->dims ? -(double)INFINITY : (double)INFINITY;
    status = xt_query_window(snapshot, window, NULL, &query);
    if (status != XT_OK)
        return status;
    while ((status = xt_query_next(query, &item)) == XT_OK) {
        size_t i = content_find(content, item.id);

        *right = *right && CHECK(i < content->count && content->keys[i] >> 16 == item.id) &&
                 CHECK(!seen[i]) && CHECK(item_is_right(world, seed, content->keys[i], &item));
        if (i < content->count)
            seen[i] = true;
        count++;
    }
    xt_query_close(query);
    if (status != XT_DONE)
        return status;
    *right = *right && CHECK_U64(count, content->count);
    return XT_OK;
}

xt_status script_content_ask(const struct script_world *world, uint64_t seed,
                             const struct script_content *content, const xt_snapshot *snapshot,
                             bool *right)
{
    double window[2 * DIMS_MAX];
    uint64_t expected = window_draw(world, seed, content, window);
    uint64_t count = 0;
    xt_query *query;
    xt_status status;

    *right = CHECK_U64(xt_snapshot_count(snapshot), content->count);
    status = items_ask(world, seed, content, snapshot, right);
    if (status == XT_OK)
        status = xt_query_window(snapshot, window, NULL, &query);
    if (status != XT_OK)
        return status;
    status = xt_query_count(query, &count);
    xt_query_close(query);
    if (status == XT_OK)
        *right = *right && CHECK_U64(count, expected);
    return status;
}

static xt_status check_deep(xt_store *store, xt_error *error)
{
    xt_check_options options = XT_CHECK_OPTIONS_INIT;
    xt_check_report report = XT_CHECK_REPORT_INIT;

    options.deep = true;
    options.error = error;
    return xt_store_check(store, &options, &report);
}

bool script_finds(const struct script_world *world, uint64_t seed,
                  const struct script_expected *expected, xt_store *store, uint64_t *number)
{
    xt_snapshot *snapshot;
    xt_error error = {0};
    bool right = true;

    if (!CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK))
        return false;
    *number = xt_snapshot_txn(snapshot);
    if (!CHECK(script_allows(expected, *number))) {
        printf("    found commit %" PRIu64 ", may be %" PRIu64 " to %" PRIu64 "%s\n", *number,
               expected->lowest, expected->newest, expected->may_go_on ? " or later" : "");
        right = false;
    } else if (!CHECK_STATUS(script_content_ask(world, seed, script_content_of(expected, *number),
                                                snapshot, &right),
                             XT_OK)) {
        right = false;
    }
    xt_snapshot_release(snapshot);
    right = right && script_kept_hold(world, seed, expected, store);
    if (CHECK_STATUS(check_deep(store, &error), XT_OK))
        return right;
    printf("    %s: %s\n", error.path, error.check);
    return false;
}

xt_status script_tries(const struct script_world *world, uint64_t seed,
                       const struct script_expected *expected, xt_store *store, bool *right)
{
    xt_snapshot *snapshot;
    xt_status status = xt_snapshot_latest(store, &snapshot);
    uint64_t number;

    *right = true;
    if (status != XT_OK)
        return status;
    number = xt_snapshot_txn(snapshot);
    if (number <= 1 || number > expected->newest || expected->commits[number] != NULL)
        status =
            script_content_ask(world, seed, script_content_of(expected, number), snapshot, right);
    xt_snapshot_release(snapshot);
    return status == XT_OK ? check_deep(store, NULL) : status;
}

static xt_status published_ask(struct script *script, bool *right)
{
    xt_snapshot *snapshot;
    xt_status status = xt_snapshot_latest(script->store, &snapshot);

    *right = true;
    if (status != XT_OK)
        return status;
    status = script_content_ask(script->world, script->seed, &script->published, snapshot, right);
    xt_snapshot_release(snapshot);
    return status;
}

bool script_holds(struct script *script)
{
    bool right;

    return CHECK_STATUS(published_ask(script, &right), XT_OK) && right;
}

/* ---- single changes ------------------------------------------------------------------------ */

static uint64_t draw(struct script *script, uint64_t below)
{
    return check_random(&script->random) % below;
}

xt_status script_insert(struct script *script)
{
    uint64_t key = script->next_id << 16;
    struct box box;
    xt_status status;

    box_make(script->world, script->seed, key, &box);
    status = xt_store_insert(script->store, key >> 16, box.low, box.high);
    if (status != XT_OK)
        return status;
    script->next_id++;
    content_add(&script->now, key);
    script->is_pending = true;
    return XT_OK;
}

static xt_status remove_one(struct script *script)
{
    size_t i = (size_t)draw(script, script->now.count);
    uint64_t key = script->now.keys[i];
    struct box box;
    xt_status status;

    box_make(script->world, script->seed, key, &box);
    status = xt_store_remove(script->store, key >> 16, box.low, box.high);
    if (status != XT_OK)
        return status;
    content_take(&script->now, i);
    script->is_pending = true;
    return XT_OK;
}

static xt_status move_one(struct script *script)
{
    size_t i = (size_t)draw(script, script->now.count);
    uint64_t key = script->now.keys[i];
    struct box old;
    struct box box;
    xt_status status;

    box_make(script->world, script->seed, key, &old);
    box_make(script->world, script->seed, key + 1, &box);
    status = xt_store_move(script->store, key >> 16, old.low, old.high, box.low, box.high);
    if (status != XT_OK)
        return status;
    script->now.keys[i]++;
    script->is_pending = true;
    return XT_OK;
}

/* ---- rows of the table --------------------------------------------------------------------- */

static bool always(const struct script *script)
{
    (void)script;
    return true;
}

static bool has_room(const struct script *script)
{
    return script->now.count < 2 * (size_t)script->world->items_wanted - 8;
}

static bool has_items(const struct script *script)
{
    return script->now.count > script->world->items_wanted / 2;
}

static bool has_nothing_pending(const struct script *script)
{
    return !script->is_pending;
}

static bool can_load(const struct script *script)
{
    return !script->is_pending && script->now.count < script->world->items_wanted;
}

static xt_status step_insert(struct script *script)
{
    xt_status status = XT_OK;

    for (uint64_t left = draw(script, 6) + 1; left > 0 && status == XT_OK; left--)
        status = script_insert(script);
    return status;
}

static xt_status step_remove(struct script *script)
{
    xt_status status = XT_OK;

    for (uint64_t left = draw(script, 4) + 1; left > 0 && status == XT_OK; left--)
        status = remove_one(script);
    return status;
}

static xt_status step_move(struct script *script)
{
    xt_status status = XT_OK;

    for (uint64_t left = draw(script, 5) + 1; left > 0 && status == XT_OK; left--)
        status = move_one(script);
    return status;
}

static xt_status step_load(struct script *script)
{
    uint64_t count = draw(script, script->world->items_wanted / 2) + 1;
    xt_loader *loader;
    xt_status status = xt_loader_open(script->store, NULL, &loader);

    for (uint64_t i = 0; i < count && status == XT_OK; i++) {
        uint64_t id = script->next_id + i;
        struct box box;

        box_make(script->world, script->seed, id << 16, &box);
        status = xt_loader_add(loader, id, box.low, box.high);
    }
    if (status == XT_OK) {
        status = xt_loader_finish(loader);
    } else {
        xt_loader_cancel(loader);
    }
    for (uint64_t i = 0; i < count && status == XT_OK; i++)
        content_add(&script->now, script->next_id++ << 16);
    script->is_pending |= status == XT_OK;
    return status;
}

static xt_status step_rollback(struct script *script)
{
    xt_status status = xt_store_rollback(script->store);

    /* Without memory it keeps blocks, but nothing else of the change. */
    if (status == XT_OK || status == XT_ENOMEM) {
        content_set(&script->now, &script->published);
        script->is_pending = false;
    }
    return status;
}

static void committed(struct script *script, uint64_t number)
{
    struct script_expected *expected = &script->expected;

    XTI_ASSERT(number < SCRIPT_COMMITS_MAX);
    content_set(&script->published, &script->now);
    script->is_pending = false;
    while (expected->newest < number)
        expected->commits[++expected->newest] = script_content_copy(&script->now);
    if (script->durability != XT_ORDERED)
        expected->lowest = number;
}

static uint64_t store_number(xt_store *store)
{
    xt_store_stats stats = {.struct_size = sizeof stats};

    CHECK_STATUS(xt_store_stat(store, &stats), XT_OK);
    return stats.txn;
}

/* Where a limit is reached it commits. */
static xt_status step_publish(struct script *script)
{
    xt_status status;
    uint64_t number;

    content_set(&script->expected.next, &script->now);
    script->expected.may_go_on = true;
    status = xt_store_publish(script->store);
    number = store_number(script->store);
    if (status == XT_OK && number > script->expected.newest)
        committed(script, number);
    script->expected.may_go_on = status == XT_EBROKEN;
    if (status == XT_OK) {
        content_set(&script->published, &script->now);
        script->is_pending = false;
    }
    return status;
}

static xt_status step_sync(struct script *script)
{
    xt_status status = xt_store_sync(script->store, NULL);

    if (status == XT_OK)
        script->expected.lowest = script->expected.newest;
    return status;
}

xt_status script_commit(struct script *script)
{
    xt_status status;

    content_set(&script->expected.next, &script->now);
    script->expected.may_go_on = true;
    status = xt_store_commit(script->store, NULL);
    if (status == XT_OK)
        committed(script, store_number(script->store));
    script->expected.may_go_on = status == XT_EBROKEN;
    return status;
}

void script_close(struct script *script)
{
    struct script_expected *expected = &script->expected;

    if (script->store == NULL)
        return;
    CHECK_STATUS(xt_store_close(script->store), XT_OK);
    script->store = NULL;
    if (script->trusts_close && !expected->may_go_on)
        expected->lowest = expected->newest;
}

static xt_durability durability_draw(struct script *script)
{
    static const xt_durability modes[] = {
        XT_DURABLE,          XT_DURABLE_TWO_SYNCS, XT_DURABLE_ONE_SYNC, XT_DURABLE_ONE_SYNC,
        XT_DURABLE_ONE_SYNC, XT_ORDERED,           XT_ORDERED};

    script->durability = modes[draw(script, CHECK_COUNT(modes))];
    return script->durability;
}

xt_status script_reopen(struct script *script)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;

    script_close(script);
    content_set(&script->now, script_content_of(&script->expected, script->expected.newest));
    content_set(&script->published, &script->now);
    script->is_pending = false;
    options.writable = true;
    options.window_bytes = WINDOW_BYTES;
    options.durability = durability_draw(script);
    options.no_cleaning = draw(script, 4) == 0;
    if (draw(script, 4) == 0)
        options.commit_changes = draw(script, 20) + 1;
    if (draw(script, 4) == 0)
        options.commit_ms = draw(script, 2000) + 1;
    return xti_store_open(script->os, script->path, &options, &script->store);
}

/* It commits, perhaps often, and never changes what there is. */
static xt_status step_clean(struct script *script)
{
    xt_clean_options options = XT_CLEAN_OPTIONS_INIT;
    xt_status status;
    uint64_t number;

    if (draw(script, 2) == 0)
        options.max_bytes = draw(script, UINT64_C(1) << 20) + 1;
    content_set(&script->expected.next, &script->now);
    script->expected.may_go_on = true;
    status = xt_store_clean(script->store, &options, NULL);
    number = store_number(script->store);
    if (number > script->expected.newest)
        committed(script, number);
    script->expected.may_go_on = status == XT_EBROKEN;
    return status;
}

static xt_status step_check(struct script *script)
{
    bool right;
    xt_status status = published_ask(script, &right);

    if (!right)
        return XT_ECORRUPT;
    return status == XT_OK ? check_deep(script->store, NULL) : status;
}

static bool can_wait(const struct script *script)
{
    return script->wait != NULL;
}

static xt_status step_wait(struct script *script)
{
    script->wait(script, draw(script, WAIT_NS_MAX));
    return XT_OK;
}

static const struct row {
    const char *name;
    xt_status (*run)(struct script *script);
    bool (*is_possible)(const struct script *script);
    unsigned weight;
} ROWS[] = {
    {"insert",   step_insert,   has_room,            30},
    {"remove",   step_remove,   has_items,           15},
    {"move",     step_move,     has_items,           20},
    {"load",     step_load,     can_load,            10},
    {"publish",  step_publish,  always,              8 },
    {"rollback", step_rollback, always,              4 },
    {"commit",   script_commit, always,              45},
    {"clean",    step_clean,    has_nothing_pending, 4 },
    {"keep",     script_keep,   script_can_keep,     6 },
    {"drop",     script_drop,   script_can_drop,     4 },
    {"sync",     step_sync,     always,              4 },
    {"reopen",   script_reopen, always,              8 },
    {"check",    step_check,    always,              2 },
    {"wait",     step_wait,     can_wait,            3 },
};

xt_status script_step(struct script *script)
{
    unsigned sum = 0;
    unsigned chosen;

    for (size_t i = 0; i < CHECK_COUNT(ROWS); i++)
        sum += ROWS[i].is_possible(script) ? ROWS[i].weight : 0;
    chosen = (unsigned)draw(script, sum);
    for (size_t i = 0;; i++) {
        unsigned weight = ROWS[i].is_possible(script) ? ROWS[i].weight : 0;

        if (chosen < weight) {
            script->step = ROWS[i].name;
            return ROWS[i].run(script);
        }
        chosen -= weight;
    }
}

/* ---- whole lives --------------------------------------------------------------------------- */

void script_init(struct script *script, const struct xti_os *os, const char *path,
                 const struct script_world *world, uint64_t seed)
{
    XTI_ASSERT(world->dims <= DIMS_MAX);
    memset(script, 0, sizeof *script);
    script->os = os;
    script->path = path;
    script->world = world;
    script->seed = seed;
    script->random = seed;
    script->next_id = 1;
    script->step = "create";
}

void script_release(struct script *script)
{
    script_close(script);
    expected_release(&script->expected);
}

xt_status script_create(struct script *script)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;
    xt_status status;

    options.dims = script->world->dims;
    options.kind = script->world->kind;
    options.leaf_capacity = script->world->leaf_capacity;
    options.inner_capacity = script->world->inner_capacity;
    options.arena_bytes = UINT64_C(2) << 20;
    options.window_bytes = WINDOW_BYTES;
    options.durability = durability_draw(script);
    script->expected.next.count = 0;
    script->expected.may_go_on = true;
    status = xti_store_create(script->os, script->path, &options, &script->store);
    if (status == XT_OK) {
        committed(script, 1);
        script->expected.lowest = 1;
    }
    script->expected.may_go_on = status != XT_OK;
    return status;
}

void script_continue(struct script *next, const struct script_expected *expected, uint64_t number,
                     const struct xti_os *os, const struct script *from)
{
    script_init(next, os, from->path, from->world, from->seed);
    next->random = from->random + number;
    next->next_id = from->next_id + 1000;
    next->expected.lowest = number;
    next->expected.newest = number;
    if (number > 1)
        next->expected.commits[number] = script_content_copy(script_content_of(expected, number));
    script_kept_continue(&next->expected, expected);
}
