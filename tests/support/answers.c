/* tests/support/answers.c -- compares what a store answers with what an oracle answers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "answers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

#define BATCH_MAX 600

/* ---- loading ------------------------------------------------------------------------------- */

xt_status answers_add(xt_loader *loader, const struct oracle *oracle)
{
    size_t single = oracle->count / 3;
    bool is_points = oracle->kind == XT_POINTS;
    xt_rows rows = {.count = oracle->count - single,
                    .ids = oracle->ids + single,
                    .low = oracle->low + single * oracle->dims,
                    .high = is_points ? NULL : oracle->high + single * oracle->dims};
    xt_status status = XT_OK;

    for (size_t i = 0; i < single && status == XT_OK; i++) {
        const double *low = oracle->low + i * oracle->dims;
        const double *high = oracle->high + i * oracle->dims;

        status = xt_loader_add(loader, oracle->ids[i], low, is_points ? NULL : high);
    }
    if (status == XT_OK && rows.count > 0)
        status = xt_loader_add_many(loader, &rows, NULL);
    return status;
}

xt_status answers_load(xt_store *store, const struct oracle *oracle,
                       const xt_loader_options *options)
{
    xt_loader *loader;
    xt_status status = xt_loader_open(store, options, &loader);

    if (status != XT_OK)
        return status;
    status = answers_add(loader, oracle);
    if (status != XT_OK) {
        xt_loader_cancel(loader);
        return status;
    }
    return xt_loader_finish(loader);
}

/* ---- one query ----------------------------------------------------------------------------- */

struct asker {
    struct oracle *oracle;
    xt_query *query;
    uint64_t taken;
    bool right;
};

static void id_take(struct asker *asker, uint64_t id)
{
    uint64_t i = id - asker->oracle->first_id;
    unsigned char *mark = &asker->oracle->marks[i < asker->oracle->count ? i : 0];

    asker->taken++;
    if (i >= asker->oracle->count || *mark != ORACLE_EXPECTED)
        asker->right = false;
    else
        *mark |= ORACLE_SEEN;
}

static bool same_values(const struct oracle *oracle, const double *given, const double *got)
{
    for (uint32_t axis = 0; axis < oracle->dims; axis++) {
        double kept = oracle_kept(oracle, given[axis]);

        if (memcmp(&kept, &got[axis], sizeof kept) != 0)
            return false;
    }
    return true;
}

static xt_status item_take(struct asker *asker)
{
    const struct oracle *oracle = asker->oracle;
    xt_item item;
    xt_status status = xt_query_next(asker->query, &item);
    uint64_t i;

    if (status != XT_OK)
        return status;
    id_take(asker, item.id);
    i = item.id - oracle->first_id;
    if (i >= oracle->count)
        return XT_OK;
    if (!same_values(oracle, oracle->low + i * oracle->dims, item.low) ||
        !same_values(oracle, oracle->high + i * oracle->dims, item.high))
        asker->right = false;
    return XT_OK;
}

static xt_status batch_take(struct asker *asker, size_t capacity)
{
    uint64_t ids[BATCH_MAX + 1];
    size_t count = 0;
    xt_status status;

    ids[capacity] = 0xfeed;
    status = xt_query_next_batch(asker->query, ids, capacity, &count);
    if (count > capacity || ids[capacity] != 0xfeed || (status == XT_OK) != (count > 0))
        asker->right = false;
    for (size_t i = 0; i < count && i < capacity; i++)
        id_take(asker, ids[i]);
    return status;
}

static xt_status rest_count(struct asker *asker)
{
    uint64_t count = 0;
    xt_status status = xt_query_count(asker->query, &count);

    asker->taken += count;
    return status == XT_OK ? XT_DONE : status;
}

static xt_status query_drain(struct asker *asker, enum answers_way way)
{
    xt_status status = XT_OK;

    for (size_t step = 0; status == XT_OK; step++) {
        size_t capacity = way == ANSWERS_MIXED ? step % 70 + 1 : step * 37 % BATCH_MAX + 1;

        if (way == ANSWERS_COUNT || (way == ANSWERS_MIXED && step == 40))
            status = rest_count(asker);
        else if (way == ANSWERS_NEXT || (way == ANSWERS_MIXED && step % 2 == 0))
            status = item_take(asker);
        else
            status = batch_take(asker, capacity);
    }
    return status;
}

/* An ended query stays ended. */
static bool stays_done(xt_query *query)
{
    xt_item item;
    uint64_t id;
    uint64_t number = 1;
    size_t count = 1;

    return xt_query_next(query, &item) == XT_DONE &&
           xt_query_next_batch(query, &id, 1, &count) == XT_DONE && count == 0 &&
           xt_query_count(query, &number) == XT_OK && number == 0;
}

xt_status answers_ask(const xt_snapshot *snapshot, struct oracle *oracle, const double *window,
                      const xt_query_options *options, enum answers_way way, bool *right)
{
    struct asker asker = {.oracle = oracle, .right = true};
    xt_status status = xt_query_window(snapshot, window, options, &asker.query);

    *right = true;
    if (status != XT_OK)
        return status;
    for (size_t i = 0; i < oracle->count; i++)
        oracle->marks[i] &= (unsigned char)~ORACLE_SEEN;
    status = query_drain(&asker, way);
    if (status == XT_DONE) {
        status = XT_OK;
        if (asker.taken != oracle->expected || !stays_done(asker.query))
            asker.right = false;
    }
    xt_query_close(asker.query);
    *right = asker.right;
    return status;
}

/* ---- all ways of asking -------------------------------------------------------------------- */

/* What a walk that takes item by item touched. */
static xt_status walk_measure(const xt_snapshot *snapshot, const double *window,
                              const xt_query_options *options, xt_walk_stats *out)
{
    xt_query *query;
    xt_item item;
    xt_status status = xt_query_window(snapshot, window, options, &query);

    memset(out, 0, sizeof *out);
    out->struct_size = sizeof *out;
    if (status != XT_OK)
        return status;
    while ((status = xt_query_next(query, &item)) == XT_OK)
        ;
    if (status == XT_DONE)
        status = xt_query_stats(query, out);
    xt_query_close(query);
    return status;
}

bool answers_are_right(const xt_snapshot *snapshot, struct oracle *oracle, const double *window,
                       xt_predicate predicate)
{
    size_t expected = oracle_expect(oracle, window, predicate);
    xt_walk_stats first = {0};
    bool holds = true;

    for (int kernel = XT_KERNEL_PORTABLE; kernel <= XT_KERNEL_AVX512; kernel++) {
        xt_query_options options = XT_QUERY_OPTIONS_INIT;
        xt_walk_stats stats;
        xt_status status;

        options.predicate = predicate;
        options.kernel = (xt_kernel)kernel;
        status = walk_measure(snapshot, window, &options, &stats);
        if (status == XT_EINVAL && kernel != XT_KERNEL_PORTABLE)
            continue; /* not on this processor */
        holds &= CHECK_STATUS(status, XT_OK);
        holds &= CHECK_U64(stats.items, expected);
        if (kernel == XT_KERNEL_PORTABLE)
            first = stats;
        holds &= CHECK_U64(stats.nodes, first.nodes);
        holds &= CHECK_U64(stats.leaves, first.leaves);
        holds &= CHECK_U64(stats.lines, first.lines);
        for (int way = 0; way < ANSWERS_WAYS; way++) {
            bool right;

            status = answers_ask(snapshot, oracle, window, &options, (enum answers_way)way, &right);
            holds &= CHECK_STATUS(status, XT_OK) && CHECK(right);
        }
    }
    return holds;
}

/* ---- a whole store ------------------------------------------------------------------------- */

static xt_status bounds_try(const xt_snapshot *snapshot, const struct oracle *oracle, bool *right)
{
    double want[2 * XT_DIMS_MAX];
    double got[2 * XT_DIMS_MAX] = {0};
    xt_status status = xt_snapshot_bounds(snapshot, got, got + oracle->dims);

    oracle_bounds(oracle, want, want + oracle->dims);
    if (status != XT_OK && status != XT_ENOTFOUND)
        return status;
    *right &= (status == XT_ENOTFOUND) == (oracle->count == 0);
    for (uint32_t i = 0; i < 2 * oracle->dims; i++)
        *right &= got[i] == want[i];
    return XT_OK;
}

static xt_status windows_try(const xt_snapshot *snapshot, struct oracle *oracle, unsigned windows,
                             uint64_t *random, bool *right)
{
    double window[2 * XT_DIMS_MAX];
    xt_status status = XT_OK;

    for (unsigned i = 0; i < windows && status == XT_OK; i++) {
        xt_query_options options = XT_QUERY_OPTIONS_INIT;
        bool holds;

        options.predicate = (xt_predicate)(i % 5 % 4); /* not in step with the windows */
        oracle_window(oracle, (enum oracle_window)((i + 6) % ORACLE_WINDOW_COUNT), random, window);
        (void)oracle_expect(oracle, window, options.predicate);
        status = answers_ask(snapshot, oracle, window, &options,
                             (enum answers_way)(i % ANSWERS_WAYS), &holds);
        *right &= holds;
    }
    return status;
}

static xt_status store_try(xt_store *store, struct oracle *oracle, unsigned windows,
                           uint64_t *random, bool *right, xt_error *error)
{
    xt_check_options check = XT_CHECK_OPTIONS_INIT;
    xt_check_report report = XT_CHECK_REPORT_INIT;
    xt_snapshot *snapshot;
    xt_status status = xt_snapshot_latest(store, &snapshot);

    *right = true;
    if (status != XT_OK)
        return status;
    *right &= xt_snapshot_count(snapshot) == oracle->count;
    status = bounds_try(snapshot, oracle, right);
    if (status == XT_OK)
        status = windows_try(snapshot, oracle, windows, random, right);
    xt_snapshot_release(snapshot);
    if (status != XT_OK)
        return status;
    check.deep = true;
    check.error = error;
    status = xt_store_check(store, &check, &report);
    if (status == XT_OK)
        *right &= report.items == oracle->count;
    return status;
}

xt_status answers_try(xt_store *store, struct oracle *oracle, unsigned windows, uint64_t *random,
                      bool *right)
{
    xt_error error = {0};

    return store_try(store, oracle, windows, random, right, &error);
}

bool answers_hold(xt_store *store, struct oracle *oracle, unsigned windows, uint64_t *random)
{
    xt_error error = {0};
    bool right;
    xt_status status = store_try(store, oracle, windows, random, &right, &error);

    if (error.status != XT_OK)
        printf("    %s: offset %" PRIu64 ": %s\n", error.path, error.offset, error.check);
    return CHECK_STATUS(status, XT_OK) && CHECK(right);
}
