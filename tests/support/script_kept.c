/* tests/support/script_kept.c -- a store's life as random steps: kept snapshots.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "support/check.h"
#include "support/script.h"

static size_t number_find(const uint64_t *numbers, size_t count, uint64_t number)
{
    size_t i = 0;

    while (i < count && numbers[i] != number)
        i++;
    return i;
}

static void number_remove(uint64_t *numbers, size_t *count, uint64_t number)
{
    size_t i = number_find(numbers, *count, number);

    if (i < *count)
        numbers[i] = numbers[--*count];
}

static void unsure_add(struct script_expected *expected, uint64_t number)
{
    if (number_find(expected->unsure, expected->unsure_count, number) < expected->unsure_count)
        return;
    XTI_ASSERT(expected->unsure_count < SCRIPT_UNSURE_MAX);
    expected->unsure[expected->unsure_count++] = number;
}

/* ---- what is there --------------------------------------------------------------------------- */

static bool snapshot_holds(const struct script_world *world, uint64_t seed,
                           const struct script_expected *expected, xt_store *store, uint64_t number)
{
    bool is_unsure =
        number_find(expected->kept, expected->kept_count, number) == expected->kept_count;
    xt_snapshot *snapshot;
    xt_error error = {0};
    bool right = true;
    xt_status status = xt_snapshot_open(store, number, &error, &snapshot);

    if (status == XT_ECORRUPT && is_unsure && expected->unsure_may_lack_files)
        return true;
    if (!CHECK_STATUS(status, XT_OK)) {
        printf("    kept snapshot %" PRIu64 ": %s: %s\n", number, error.path, error.check);
        return false;
    }
    right = CHECK_STATUS(script_content_ask(world, seed, script_content_of(expected, number),
                                            snapshot, &right),
                         XT_OK) &&
            right;
    xt_snapshot_release(snapshot);
    return right;
}

static bool may_be_kept(const struct script_expected *expected, uint64_t number)
{
    return number_find(expected->kept, expected->kept_count, number) < expected->kept_count ||
           number_find(expected->unsure, expected->unsure_count, number) < expected->unsure_count;
}

bool script_kept_hold(const struct script_world *world, uint64_t seed,
                      const struct script_expected *expected, xt_store *store)
{
    xt_snapshot_info info = {.struct_size = sizeof info};
    size_t needed = expected->kept_count;
    bool holds = true;
    xt_status status;

    for (uint64_t i = 0; (status = xt_store_kept(store, i, &info)) == XT_OK && holds; i++) {
        holds = CHECK(may_be_kept(expected, info.number)) &&
                snapshot_holds(world, seed, expected, store, info.number);
        if (number_find(expected->kept, expected->kept_count, info.number) < expected->kept_count)
            needed--;
    }
    return holds && CHECK_STATUS(status, XT_ENOTFOUND) && CHECK_U64(needed, 0);
}

/* ---- steps ----------------------------------------------------------------------------------- */

bool script_can_keep(const struct script *script)
{
    return script->expected.kept_count < SCRIPT_KEPT_MAX &&
           script->expected.unsure_count < SCRIPT_UNSURE_MAX / 2 &&
           number_find(script->expected.kept, script->expected.kept_count,
                       script->expected.newest) == script->expected.kept_count;
}

bool script_can_drop(const struct script *script)
{
    return script->expected.kept_count > 0 && script->expected.unsure_count < SCRIPT_UNSURE_MAX / 2;
}

xt_status script_keep(struct script *script)
{
    struct script_expected *expected = &script->expected;
    uint64_t newest = expected->newest;
    uint64_t number = 0;
    xt_status status;

    unsure_add(expected, newest);
    status = xt_store_keep(script->store, NULL, &number, NULL);
    /* An attempt that failed before may have kept it. */
    if (status == XT_EEXIST)
        return XT_OK;
    if (status != XT_OK)
        return status;
    CHECK_U64(number, newest);
    number_remove(expected->unsure, &expected->unsure_count, newest);
    expected->kept[expected->kept_count++] = newest;
    expected->lowest = newest; /* nothing is kept that is not durable */
    return XT_OK;
}

xt_status script_drop(struct script *script)
{
    struct script_expected *expected = &script->expected;
    uint64_t number =
        expected->kept[check_random(&script->random) % (uint64_t)expected->kept_count];
    xt_status status;

    number_remove(expected->kept, &expected->kept_count, number);
    unsure_add(expected, number);
    status = xt_store_drop(script->store, number, NULL);
    if (status == XT_OK)
        number_remove(expected->unsure, &expected->unsure_count, number);
    return status;
}

static void contents_take(struct script_expected *next, const struct script_expected *from,
                          const uint64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] > 1 && next->commits[numbers[i]] == NULL)
            next->commits[numbers[i]] = script_content_copy(script_content_of(from, numbers[i]));
    }
}

void script_kept_continue(struct script_expected *next, const struct script_expected *from)
{
    memcpy(next->kept, from->kept, sizeof next->kept);
    memcpy(next->unsure, from->unsure, sizeof next->unsure);
    next->kept_count = from->kept_count;
    next->unsure_count = from->unsure_count;
    next->unsure_may_lack_files = from->unsure_may_lack_files;
    contents_take(next, from, from->kept, from->kept_count);
    contents_take(next, from, from->unsure, from->unsure_count);
}
