/* tests/kill/history.c -- versions of a store, each of which follows from the one before and from
 * a seed.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "history.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "support/check.h"

#define SIDE 1000.0
#define VERSION_ID UINT64_MAX
#define VERSION_X (-1000.0)

/* ---- windows and keys ------------------------------------------------------------------------ */

/* Where the windows lie is the same for all histories; the first one is everything. */
static void window_make(unsigned number, double window[4])
{
    uint64_t random = number;

    window[0] = window[1] = -INFINITY;
    window[2] = window[3] = INFINITY;
    if (number == 0)
        return;
    for (unsigned axis = 0; axis < 2; axis++) {
        double width = SIDE * pow(check_uniform(&random), 3.0);

        window[axis] = check_uniform(&random) * SIDE;
        window[2 + axis] = window[axis] + width;
    }
}

static double windows[HISTORY_WINDOWS][4];

static void windows_make(void)
{
    for (unsigned i = 0; i < HISTORY_WINDOWS; i++)
        window_make(i, windows[i]);
}

static const double *window_get(unsigned number)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, windows_make);
    return windows[number];
}

static uint64_t item_key(uint64_t id, const double *low, const double *high)
{
    uint64_t key = id;

    for (unsigned axis = 0; axis < 2; axis++) {
        uint64_t bits[2];

        memcpy(&bits[0], &low[axis], sizeof bits[0]);
        memcpy(&bits[1], &high[axis], sizeof bits[1]);
        key = (key ^ bits[0]) + bits[1];
        key = check_random(&key);
    }
    return key;
}

/* Adds the key, or takes it away, where a window meets the item. */
static void item_count(struct history *history, const struct history_item *item, bool is_there)
{
    uint64_t key = item_key(item->id, item->low, item->high);

    for (unsigned i = 0; i < HISTORY_WINDOWS; i++) {
        const double *window = window_get(i);

        if (item->low[0] <= window[2] && item->high[0] >= window[0] && item->low[1] <= window[3] &&
            item->high[1] >= window[1])
            history->answers[i] += is_there ? key : 0 - key;
    }
}

/* ---- single changes -------------------------------------------------------------------------- */

static void box_make(struct history_item *item, uint64_t *random)
{
    for (unsigned axis = 0; axis < 2; axis++) {
        item->low[axis] = floor(check_uniform(random) * SIDE * 16) / 16;
        item->high[axis] = item->low[axis];
        if (check_random(random) % 4 == 0)
            item->high[axis] += floor(check_uniform(random) * 160) / 16;
    }
}

static void box_shift(struct history_item *item, uint64_t *random)
{
    for (unsigned axis = 0; axis < 2; axis++) {
        double by = floor(check_uniform(random) * 32 - 16) / 16;

        item->low[axis] += by;
        item->high[axis] += by;
    }
}

static xt_status item_insert(struct history *history, xt_store *store, uint64_t *random)
{
    struct history_item *item = &history->items[history->count];

    if (history->count == HISTORY_ITEMS_MAX)
        return XT_OK;
    item->id = history->next_id++;
    box_make(item, random);
    item_count(history, item, true);
    history->count++;
    return store == NULL ? XT_OK : xt_store_insert(store, item->id, item->low, item->high);
}

static xt_status item_remove(struct history *history, xt_store *store, uint64_t *random)
{
    size_t place = (size_t)(check_random(random) % (history->count + 1));
    struct history_item item;

    if (place == history->count)
        return XT_OK;
    item = history->items[place];
    item_count(history, &item, false);
    history->items[place] = history->items[--history->count];
    return store == NULL ? XT_OK : xt_store_remove(store, item.id, item.low, item.high);
}

static xt_status item_move(struct history *history, xt_store *store, uint64_t *random)
{
    size_t place = (size_t)(check_random(random) % (history->count + 1));
    struct history_item *item = &history->items[place];
    struct history_item old;

    if (place == history->count)
        return XT_OK;
    old = *item;
    if (check_random(random) % 2 == 0)
        box_shift(item, random);
    else
        box_make(item, random);
    item_count(history, &old, false);
    item_count(history, item, true);
    return store == NULL ? XT_OK
                         : xt_store_move(store, item->id, old.low, old.high, item->low, item->high);
}

typedef xt_status change_fn(struct history *history, xt_store *store, uint64_t *random);

static xt_status changes_make(change_fn *change, size_t times, struct history *history,
                              xt_store *store, uint64_t *random)
{
    xt_status status = XT_OK;

    for (size_t i = 0; i < times; i++) {
        xt_status result = change(history, status == XT_OK ? store : NULL, random);

        if (result != XT_OK)
            status = result;
    }
    return status;
}

/* ---- loads ----------------------------------------------------------------------------------- */

static void items_make(struct history *history, size_t times, uint64_t *random)
{
    for (size_t i = 0; i < times; i++)
        (void)item_insert(history, NULL, random);
}

static xt_status items_load(struct history *history, xt_store *store, size_t times,
                            uint64_t *random)
{
    size_t begin = history->count;
    xt_loader *loader;
    xt_status status;

    items_make(history, times, random);
    if (store == NULL)
        return XT_OK;
    status = xt_loader_open(store, NULL, &loader);
    for (size_t i = begin; i < history->count && status == XT_OK; i++) {
        const struct history_item *item = &history->items[i];

        status = xt_loader_add(loader, item->id, item->low, item->high);
    }
    if (status == XT_OK)
        return xt_loader_finish(loader);
    xt_loader_cancel(loader);
    return status;
}

/* ---- versions -------------------------------------------------------------------------------- */

void history_init(struct history *history, uint64_t seed, size_t wanted, size_t largest)
{
    memset(history, 0, sizeof *history);
    history->seed = seed;
    history->next_id = 1;
    history->wanted = wanted;
    history->largest = largest;
}

static void version_item(uint64_t version, struct history_item *item)
{
    item->id = VERSION_ID;
    item->low[0] = item->high[0] = VERSION_X;
    item->low[1] = item->high[1] = (double)version;
}

static xt_status version_tell(struct history *history, xt_store *store)
{
    struct history_item old, item;

    version_item(history->version, &old);
    version_item(history->version + 1, &item);
    if (history->version > 0)
        item_count(history, &old, false);
    item_count(history, &item, true);
    history->version++;
    if (store == NULL)
        return XT_OK;
    if (history->version == 1)
        return xt_store_insert(store, item.id, item.low, item.high);
    return xt_store_move(store, item.id, old.low, old.high, item.low, item.high);
}

/* One step in eight is a large one. Whether items come or go, follows from how many are wanted. */
static xt_status step_make(struct history *history, xt_store *store, uint64_t *random)
{
    size_t most = check_random(random) % 8 == 0 ? history->largest : history->largest / 16 + 1;
    size_t times = 1 + (size_t)(check_random(random) % most);
    uint64_t kind = check_random(random) % 8;
    bool grows = check_random(random) % (2 * history->wanted + 1) > history->count;

    if (kind == 0 && grows)
        return items_load(history, store, times, random);
    if (kind < 4)
        return changes_make(grows ? item_insert : item_remove, times, history, store, random);
    return changes_make(item_move, times, history, store, random);
}

xt_status history_step(struct history *history, xt_store *store)
{
    uint64_t random = history->seed ^ (history->version * UINT64_C(0xd6e8feb86659fd93));
    xt_status status = step_make(history, store, &random);
    xt_status told = version_tell(history, status == XT_OK ? store : NULL);

    return status != XT_OK ? status : told;
}

void history_advance(struct history *history, uint64_t version)
{
    while (history->version < version)
        (void)history_step(history, NULL);
}

/* ---- what a snapshot shows ------------------------------------------------------------------- */

xt_create_options history_store_options(void)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;

    options.dims = 2;
    options.kind = XT_BOXES;
    options.leaf_capacity = 16;
    options.inner_capacity = 16;
    options.arena_bytes = UINT64_C(2) << 20;
    options.window_bytes = HISTORY_WINDOW_BYTES;
    return options;
}

void history_store_remove(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.')
            (void)!unlinkat(dirfd(folder), entry->d_name, 0);
    }
    if (folder != NULL)
        closedir(folder);
    rmdir(path);
}

xt_status history_read_version(const xt_snapshot *snapshot, uint64_t *version)
{
    static const double window[] = {VERSION_X, -INFINITY, VERSION_X, INFINITY};
    xt_query *query;
    xt_item item;
    xt_status status;

    *version = 0;
    if (xt_snapshot_count(snapshot) == 0)
        return XT_OK;
    status = xt_query_window(snapshot, window, NULL, &query);
    if (status != XT_OK)
        return status;
    status = xt_query_next(query, &item);
    if (status == XT_OK && item.id == VERSION_ID)
        *version = (uint64_t)item.low[1];
    xt_query_close(query);
    return status;
}

xt_status history_ask(const xt_snapshot *snapshot, unsigned window, uint64_t *answer)
{
    xt_query *query;
    xt_item item;
    xt_status status = xt_query_window(snapshot, window_get(window), NULL, &query);

    *answer = 0;
    if (status != XT_OK)
        return status;
    while ((status = xt_query_next(query, &item)) == XT_OK)
        *answer += item_key(item.id, item.low, item.high);
    xt_query_close(query);
    return status == XT_DONE ? XT_OK : status;
}

bool history_is_shown(const struct history *history, const xt_snapshot *snapshot)
{
    uint64_t count = history->count + (history->version > 0);
    bool holds = CHECK_U64(xt_snapshot_count(snapshot), count);

    for (unsigned i = 0; i < HISTORY_WINDOWS && holds; i++) {
        uint64_t answer;

        holds = CHECK_STATUS(history_ask(snapshot, i, &answer), XT_OK) &&
                CHECK_U64(answer, history->answers[i]);
    }
    return holds;
}
