/* tests/golden/test_golden.c -- do stores that were written by every format version since 2 open
 * and answer?
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#define _GNU_SOURCE 1

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "golden/golden.h"
#include "support/answers.h"
#include "support/check.h"

#ifndef GOLDEN_FOLDER
#error "GOLDEN_FOLDER is where tests/golden/stores lies"
#endif

static const unsigned VERSIONS[] = {2};

static uint64_t seed;

/* The items of a golden store. Their ids are not consecutive, as those of other oracles are. */
static void oracle_make(const struct golden *golden, struct oracle *oracle)
{
    seed = check_seed;
    oracle_init(oracle, (struct oracle_schema){golden->dims, golden->kind, golden->coord_type},
                golden->count, ORACLE_UNIFORM, &seed);
    for (uint64_t i = 0; i < golden->count; i++)
        oracle->ids[i] =
            golden_item(golden, i, oracle->low + i * golden->dims, oracle->high + i * golden->dims);
}

static size_t row_find(const struct oracle *oracle, uint64_t id)
{
    for (size_t i = 0; i < oracle->count; i++) {
        if (oracle->ids[i] == id)
            return i;
    }
    return oracle->count;
}

static void item_check(struct oracle *oracle, const xt_item *item)
{
    size_t i = row_find(oracle, item->id);

    if (!CHECK(i < oracle->count && oracle->marks[i] == ORACLE_EXPECTED))
        return;
    oracle->marks[i] = ORACLE_SEEN;
    for (uint32_t axis = 0; axis < oracle->dims; axis++) {
        CHECK(item->low[axis] == oracle->low[i * oracle->dims + axis]);
        CHECK(item->high[axis] == oracle->high[i * oracle->dims + axis]);
    }
}

static void window_check(const xt_snapshot *snapshot, struct oracle *oracle, const double *window,
                         xt_predicate predicate)
{
    size_t expected = oracle_expect(oracle, window, predicate);
    xt_query_options options = XT_QUERY_OPTIONS_INIT;
    uint64_t count = 0;
    xt_query *query;
    xt_status status;
    xt_item item;

    options.predicate = predicate;
    CHECK_STATUS(xt_query_window(snapshot, window, &options, &query), XT_OK);
    while ((status = xt_query_next(query, &item)) == XT_OK) {
        item_check(oracle, &item);
        count++;
    }
    CHECK_STATUS(status, XT_DONE);
    CHECK_U64(count, expected);
    xt_query_close(query);
}

static void store_check(const char *path, const struct golden *golden)
{
    xt_check_options check = XT_CHECK_OPTIONS_INIT;
    xt_check_report report = XT_CHECK_REPORT_INIT;
    struct oracle oracle;
    xt_snapshot *snapshot;
    xt_store *store;

    oracle_make(golden, &oracle);
    if (!CHECK_STATUS(xt_store_open(path, NULL, &store), XT_OK))
        return;
    CHECK_STATUS(xt_snapshot_latest(store, &snapshot), XT_OK);
    CHECK_U64(xt_snapshot_count(snapshot), golden->count);
    for (unsigned i = 0; i < 4 * ORACLE_WINDOW_COUNT; i++) {
        double window[2 * GOLDEN_DIMS_MAX];

        oracle_window(&oracle, (enum oracle_window)(i % ORACLE_WINDOW_COUNT), &seed, window);
        window_check(snapshot, &oracle, window, i % 8 < 4 ? XT_INTERSECTS : XT_WITHIN);
    }
    xt_snapshot_release(snapshot);
    check.deep = true;
    CHECK_STATUS(xt_store_check(store, &check, &report), XT_OK);
    CHECK_U64(report.items, golden->count);
    CHECK_STATUS(xt_store_close(store), XT_OK);
    oracle_release(&oracle);
}

static void stores_of_every_version_answer(void)
{
    for (size_t v = 0; v < CHECK_COUNT(VERSIONS); v++) {
        for (size_t i = 0; i < CHECK_COUNT(GOLDENS); i++) {
            char path[1024];

            check_row = GOLDENS[i].name;
            snprintf(path, sizeof path, "%s/v%u/%s", GOLDEN_FOLDER, VERSIONS[v], GOLDENS[i].name);
            store_check(path, &GOLDENS[i]);
        }
    }
}

static bool file_copy(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    bool holds = CHECK(in != NULL && out != NULL);
    int byte;

    while (holds && (byte = getc(in)) != EOF)
        holds = putc(byte, out) == byte;
    if (in != NULL)
        fclose(in);
    return (out == NULL || fclose(out) == 0) && holds;
}

static bool folder_copy(const char *from, const char *to)
{
    DIR *folder = opendir(from);
    bool holds = CHECK(folder != NULL) && CHECK_INT(mkdir(to, 0700), 0);
    const struct dirent *entry;

    while (holds && (entry = readdir(folder)) != NULL) {
        char old_path[1024];
        char new_path[1024];

        snprintf(old_path, sizeof old_path, "%s/%s", from, entry->d_name);
        snprintf(new_path, sizeof new_path, "%s/%s", to, entry->d_name);
        if (entry->d_name[0] != '.')
            holds = file_copy(old_path, new_path);
    }
    if (folder != NULL)
        closedir(folder);
    return holds;
}

/* What was written long ago can still be written to. The copy is all that changes. */
static void stores_of_every_version_take_a_load(void)
{
    for (size_t v = 0; v < CHECK_COUNT(VERSIONS); v++) {
        xt_open_options options = XT_OPEN_OPTIONS_INIT;
        struct oracle oracle;
        char from[512];
        char path[512];
        xt_store *store;

        snprintf(path, sizeof path, "%s/copy", check_scratch());
        snprintf(from, sizeof from, "%s/v%u/empty", GOLDEN_FOLDER, VERSIONS[v]);
        if (!folder_copy(from, path))
            return;
        seed = check_seed;
        oracle_init(&oracle, (struct oracle_schema){2, XT_POINTS, XT_F64}, 1000, ORACLE_CLUSTERED,
                    &seed);
        options.writable = true;
        if (!CHECK_STATUS(xt_store_open(path, &options, &store), XT_OK))
            return;
        CHECK_STATUS(answers_load(store, &oracle, NULL), XT_OK);
        CHECK_STATUS(xt_store_commit(store, NULL), XT_OK);
        CHECK_STATUS(xt_store_close(store), XT_OK);
        CHECK_STATUS(xt_store_open(path, NULL, &store), XT_OK);
        answers_hold(store, &oracle, 16, &seed);
        CHECK_STATUS(xt_store_close(store), XT_OK);
        oracle_release(&oracle);
    }
}

CHECK_MAIN({"stores_of_every_version_answer", stores_of_every_version_answer},
           {"stores_of_every_version_take_a_load", stores_of_every_version_take_a_load})
