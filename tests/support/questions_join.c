/* tests/support/questions_join.c -- joins beside all pairs of items.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "questions.h"

#define PAIRS_AT_ONCE 100

/* Pairs so far, and a sum over them in which the order of pairs does not count; nor that of the
 * two, where a snapshot is joined with itself. */
struct pairs {
    bool is_self;
    uint64_t count;
    uint64_t sum;
};

static void pair_add(struct pairs *pairs, uint64_t a, uint64_t b)
{
    uint64_t first = mirror_id_key(a);
    uint64_t second = mirror_id_key(b);

    pairs->count++;
    pairs->sum += mirror_id_key(first + (pairs->is_self ? second : second * 3));
}

/* ---- what is expected ---------------------------------------------------------------------- */

/* All items of a snapshot: ids, and rows of low and high corner. */
struct items {
    size_t count;
    uint64_t *ids;
    double *boxes;
};

static bool items_take(const xt_snapshot *snapshot, uint32_t dims, struct items *items)
{
    uint64_t count = xt_snapshot_count(snapshot);
    double window[2 * XT_DIMS_MAX];
    xt_query *query;
    xt_item item;

    for (uint32_t axis = 0; axis < dims; axis++) {
        window[axis] = -INFINITY;
        window[dims + axis] = INFINITY;
    }
    items->count = 0;
    items->ids = calloc(count + 1, sizeof *items->ids);
    items->boxes = calloc(count + 1, 2 * dims * sizeof *items->boxes);
    if (items->ids == NULL || items->boxes == NULL ||
        !CHECK_STATUS(xt_query_window(snapshot, window, NULL, &query), XT_OK))
        return false;
    while (items->count < count && xt_query_next(query, &item) == XT_OK) {
        double *box = items->boxes + items->count * 2 * dims;

        memcpy(box, item.low, dims * sizeof *box);
        memcpy(box + dims, item.high, dims * sizeof *box);
        items->ids[items->count++] = item.id;
    }
    xt_query_close(query);
    return CHECK_U64(items->count, count);
}

static void items_release(struct items *items)
{
    free(items->ids);
    free(items->boxes);
}

static bool boxes_meet(const double *a, const double *b, uint32_t dims)
{
    bool meet = true;

    for (uint32_t axis = 0; axis < dims; axis++)
        meet &= a[axis] <= b[dims + axis] && b[axis] <= a[dims + axis];
    return meet;
}

static void expect(struct pairs *pairs, const struct items *a, const struct items *b, uint32_t dims)
{
    for (size_t i = 0; i < a->count; i++) {
        const double *box = a->boxes + i * 2 * dims;

        for (size_t j = pairs->is_self ? i + 1 : 0; j < b->count; j++) {
            if (boxes_meet(box, b->boxes + j * 2 * dims, dims))
                pair_add(pairs, a->ids[i], b->ids[j]);
        }
    }
}

/* ---- what is asked ------------------------------------------------------------------------- */

static xt_status pairs_take(struct pairs *pairs, xt_join *join, uint64_t *random)
{
    xt_pair some[PAIRS_AT_ONCE];
    xt_status status = XT_OK;
    size_t count;

    while (status == XT_OK) {
        status =
            xt_join_next(join, some, 1 + (size_t)(check_random(random) % PAIRS_AT_ONCE), &count);
        for (size_t i = 0; i < count; i++)
            pair_add(pairs, some[i].a, some[i].b);
    }
    return status;
}

static bool join_asked(const xt_snapshot *a, const xt_snapshot *b, const struct pairs *want,
                       uint64_t *random)
{
    xt_join_options options = XT_JOIN_OPTIONS_INIT;
    struct pairs got = {.is_self = want->is_self};
    bool counts = check_random(random) % 4 == 0;
    xt_join *join;
    xt_status status;
    bool holds;

    options.kernel = (xt_kernel)(check_random(random) % 3);
    status = xt_join_open(a, b, &options, &join);
    if (status == XT_EINVAL && options.kernel > XT_KERNEL_PORTABLE)
        status = xt_join_open(a, b, NULL, &join); /* not on this processor */
    if (!CHECK_STATUS(status, XT_OK))
        return false;
    if (counts)
        holds = CHECK_STATUS(xt_join_count(join, &got.count), XT_OK);
    else
        holds = CHECK_STATUS(pairs_take(&got, join, random), XT_DONE);
    xt_join_close(join);
    return holds && CHECK_U64(got.count, want->count) && (counts || CHECK_U64(got.sum, want->sum));
}

bool join_holds(const xt_snapshot *a, const xt_snapshot *b, const struct mirror *mirror,
                uint64_t *random)
{
    struct pairs want = {.is_self = b == NULL};
    uint32_t dims = mirror->rows.dims;
    struct items of_a = {0};
    struct items of_b = {0};
    bool holds = items_take(a, dims, &of_a) && (b == NULL || items_take(b, dims, &of_b));

    if (holds) {
        expect(&want, &of_a, b == NULL ? &of_a : &of_b, dims);
        holds = join_asked(a, b, &want, random);
    }
    if (!holds)
        printf("    join of %zu items with %zu\n", of_a.count, b == NULL ? of_a.count : of_b.count);
    items_release(&of_a);
    items_release(&of_b);
    return holds;
}
