/* cli/selftest_model.c -- part model: random changes and questions, beside a plain array.
 *
 * SPDX-License-Identifier: MIT
 */
#include "selftest.h"

#include <inttypes.h>
#include <stdio.h>

struct model {
    struct selftest *test;
    char path[SELFTEST_PATH];
    struct world world;
    struct world published; /* what a rollback returns to */
    struct world committed; /* what closing returns to */
    xt_store *store;
    uint64_t rollbacks, reopenings, comparisons;
};

static bool failed(struct model *model, const char *what, xt_status status)
{
    return selftest_fail(model->test, "%s after %" PRIu64 " changes: %s", what,
                         model->world.changes, xt_status_text(status));
}

static bool compare(struct model *model, const struct world *world)
{
    xt_snapshot *snapshot = NULL;
    xt_status status = xt_snapshot_latest(model->store, &snapshot);
    bool is_right;

    if (status != XT_OK)
        return failed(model, "a snapshot", status);
    model->comparisons++;
    is_right = world_compare(model->test, world, snapshot);
    xt_snapshot_release(snapshot);
    return is_right;
}

static bool open_again(struct model *model)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;
    xt_check_options check = XT_CHECK_OPTIONS_INIT;
    xt_status status = xt_store_close(model->store);

    model->store = NULL;
    if (status != XT_OK)
        return failed(model, "closing", status);
    options.writable = true;
    options.window_bytes = UINT64_C(1) << 30;
    status = xt_store_open(model->path, &options, &model->store);
    if (status != XT_OK)
        return failed(model, "opening", status);
    model->reopenings++;
    check.deep = true;
    status = xt_store_check(model->store, &check, NULL);
    if (status != XT_OK)
        return failed(model, "checking", status);
    if (!world_copy(&model->world, &model->committed) ||
        !world_copy(&model->published, &model->committed))
        return failed(model, "copying", XT_ENOMEM);
    return compare(model, &model->committed);
}

/* What a pending change becomes: pending still, published, committed, or rolled back. */
static bool settle(struct model *model)
{
    uint64_t way = selftest_below(&model->test->random, 10);
    xt_status status = XT_OK;
    bool is_copied = true;

    if (way < 2) {
        status = xt_store_rollback(model->store);
        is_copied = world_copy(&model->world, &model->published);
        model->rollbacks++;
    } else if (way < 6) {
        status = xt_store_commit(model->store, NULL);
        is_copied = world_copy(&model->published, &model->world) &&
                    world_copy(&model->committed, &model->world);
    } else {
        status = xt_store_publish(model->store);
        is_copied = world_copy(&model->published, &model->world);
    }
    if (status != XT_OK || !is_copied)
        return failed(model, "the end of a change", is_copied ? status : XT_ENOMEM);
    return true;
}

static bool round_run(struct model *model)
{
    uint64_t *random = &model->test->random;
    xt_status status = world_change(&model->world, model->store);

    if (status != XT_OK)
        return failed(model, "a change", status);
    if (!settle(model) || !compare(model, &model->published))
        return false;
    return selftest_below(random, 40) != 0 || open_again(model);
}

static bool rounds_run(struct model *model)
{
    xt_status status = world_store_create(model->path, &model->store);

    if (status != XT_OK)
        return failed(model, "creating a store", status);
    for (uint64_t round = 0; selftest_goes_on(model->test, "model", round); round++) {
        if (!round_run(model))
            return false;
    }
    return open_again(model);
}

bool selftest_model(struct selftest *test)
{
    struct model model = {.test = test};
    bool is_right;

    selftest_path(test, "model", model.path);
    world_begin(&model.world, test->random);
    world_begin(&model.published, test->random);
    world_begin(&model.committed, test->random);
    is_right = rounds_run(&model);
    if (xt_store_close(model.store) != XT_OK)
        is_right = selftest_fail(test, "closing failed");
    snprintf(test->summary, sizeof test->summary,
             "%" PRIu64 " changes, %" PRIu64 " rollbacks, %" PRIu64 " reopenings, %" PRIu64
             " comparisons: no difference",
             model.world.changes, model.rollbacks, model.reopenings, model.comparisons);
    world_end(&model.world);
    world_end(&model.published);
    world_end(&model.committed);
    return is_right;
}
