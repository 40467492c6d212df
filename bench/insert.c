/* bench/insert.c -- sub-command insert: adding and removing item by item, and the trees it makes.
 *
 * Each round makes a new index of every library, adds all items in a given order, and removes half
 * of them, picked at random; the last round removes nothing, and its indexes answer windows, beside
 * a bulk-loaded tree.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "clock.h"
#include "data.h"
#include "orders.h"
#include "rivals.h"

#include <string.h>

enum { growers_max = 8, large_count = 2000000 };

/* A library in one order. */
struct grower {
    const struct contestant *contestant;
    void *index; /* of the current round */
    uint64_t bytes;
    struct series insert_ns;
    struct series remove_ns;
};

struct growth {
    const struct settings *settings;
    struct dataset data;
    enum order order;
    struct rows rows;
    struct rows gone; /* half of them */
    size_t count;
    struct grower growers[growers_max];
};

/* Of the peers only the best to query grows beyond two million: the others take many minutes. */
static bool grows(const struct growth *growth, const struct contestant *contestant)
{
    bool is_slow = contestant == &with_boost_quadratic || contestant == &with_boost_linear;
    return contestant->create != NULL && (growth->data.count <= large_count || !is_slow);
}

static void growers_list(struct growth *growth)
{
    growth->count = 0;
    for (size_t i = 0; contestants[i] != NULL; i++) {
        if (!grows(growth, contestants[i]))
            continue;
        if (growth->count == growers_max)
            bench_die("more than %d contestants", (int)growers_max);
        growth->growers[growth->count++] = (struct grower){.contestant = contestants[i]};
    }
}

static const struct grower *grower_peer(const struct growth *growth)
{
    for (size_t i = 0; i < growth->count; i++) {
        if (growth->growers[i].contestant == &with_boost_rstar)
            return &growth->growers[i];
    }
    return NULL;
}

/* ---- rounds -------------------------------------------------------------------------------- */

static void settle(const struct grower *grower)
{
    if (grower->contestant->settle != NULL)
        grower->contestant->settle(grower->index);
}

static void insert_round(const struct growth *growth, struct grower *grower)
{
    grower->index = grower->contestant->create(&growth->data);
    uint64_t start = settings_now_ns(growth->settings);
    grower->contestant->insert(grower->index, &growth->rows);
    settle(grower);
    uint64_t end = settings_now_ns(growth->settings);
    series_add(&grower->insert_ns, (double)(end - start) / (double)growth->rows.count);
    grower->bytes = grower->contestant->bytes(grower->index);
}

static void remove_round(const struct growth *growth, struct grower *grower)
{
    if (grower->contestant->remove != NULL) {
        uint64_t start = settings_now_ns(growth->settings);
        grower->contestant->remove(grower->index, &growth->gone);
        settle(grower);
        uint64_t end = settings_now_ns(growth->settings);
        series_add(&grower->remove_ns, (double)(end - start) / (double)growth->gone.count);
    }
}

/* What is left after removing must be the same for all: compares a number of windows. */
static void left_compare(const struct growth *growth)
{
    uint64_t first = 0;
    for (size_t i = 0; i < growth->count; i++) {
        const struct grower *grower = &growth->growers[i];
        uint64_t sum = 0;
        double window[4];
        if (grower->contestant->count == NULL)
            continue;
        for (uint64_t j = 0; j < 100; j++) {
            window_uniform(growth->data.count, 1000, growth->settings->seed + 5, j, window);
            sum += grower->contestant->count(grower->index, 0, window);
        }
        if (i == 0)
            first = sum;
        else if (sum != first)
            bench_die("%s and %s differ after removing", grower->contestant->name,
                      growth->growers[0].contestant->name);
    }
}

static void grower_destroy(struct grower *grower)
{
    grower->contestant->destroy(grower->index);
    grower->index = NULL;
}

/* ---- windows ------------------------------------------------------------------------------- */

static void windows_measure(struct growth *growth)
{
    static struct rivals rivals;
    void *prepared = with_xtree.prepare(&growth->data);
    void *loaded = with_xtree.build(prepared, 0, growth->settings->threads);
    rivals_begin(&rivals, growth->settings, &growth->data);
    rivals_add_best(&rivals, &with_xtree, loaded, ", bulk-loaded");
    for (size_t i = 0; i < growth->count; i++) {
        const struct grower *grower = &growth->growers[i];
        if (grower->contestant->window != NULL)
            rivals_add_best(&rivals, grower->contestant, grower->index, "");
    }
    fprintf(
        growth->settings->report.markdown,
        "\nWindow queries on these trees, before anything was removed, on one pinned core:\n\n");
    rivals_measure(&rivals);
    rivals_end(&rivals);
    with_xtree.destroy(loaded);
    with_xtree.unprepare(prepared);
}

/* ---- telling ------------------------------------------------------------------------------- */

static void cell_print(const struct growth *growth, const struct grower *grower,
                       const char *benchmark, bool is_insert)
{
    const struct grower *peer = grower_peer(growth);
    const struct series *own = is_insert ? &grower->insert_ns : &grower->remove_ns;
    FILE *out = growth->settings->report.markdown;
    struct series speed = {0};
    char text[64] = "";
    if (own->count == 0) {
        fprintf(out, " | |");
        return;
    }
    if (peer != NULL && peer != grower) {
        series_ratio(is_insert ? &peer->insert_ns : &peer->remove_ns, own, &speed);
        report_spread(&speed, text);
    }
    fprintf(out, " %.0f | %s |", series_median(own), text);
    struct result result = {.benchmark = benchmark,
                            .data = growth->data.name,
                            .contestant = grower->contestant->name,
                            .way = order_names[growth->order],
                            .unit = "ns per item",
                            .items = growth->data.count,
                            .series = own,
                            .ratio = speed.count > 0 ? &speed : NULL};
    report_result(&growth->settings->report, &result);
}

static void growth_print(const struct growth *growth)
{
    FILE *out = growth->settings->report.markdown;
    char items[32];
    fprintf(out,
            "\n### %s %s points, in order: %s\n\n"
            "| library | insert ns | times as fast as Boost rstar<16> | remove ns | times as fast "
            "| bytes per item |\n|---|---|---|---|---|---|\n",
            report_grouped((double)growth->data.count, items), growth->data.name,
            order_names[growth->order]);
    for (size_t i = 0; i < growth->count; i++) {
        const struct grower *grower = &growth->growers[i];
        fprintf(out, "| %s |", grower->contestant->name);
        cell_print(growth, grower, "insert", true);
        cell_print(growth, grower, "remove", false);
        fprintf(out, " %.1f |\n", (double)grower->bytes / (double)growth->data.count);
    }
    fflush(out);
}

/* rtree.c is no package of Debian: what is known of it are ratios, measured elsewhere. */
static void bars_print(FILE *out)
{
    fprintf(out,
            "Beside: rtree.c, which is not measured here, adds items in random order 8 times as "
            "fast as Boost's rstar<16>\nat 1,000,000 points, in Hilbert order 2.3 times as fast as "
            "in random order, and removes 1.6 times as fast.\n");
}

/* ---- the sub-command ----------------------------------------------------------------------- */

static void round_run(struct growth *growth, bool is_last)
{
    for (size_t i = 0; i < growth->count; i++) {
        insert_round(growth, &growth->growers[i]);
        if (!is_last)
            remove_round(growth, &growth->growers[i]);
    }
    if (is_last)
        return;
    left_compare(growth);
    for (size_t i = 0; i < growth->count; i++)
        grower_destroy(&growth->growers[i]);
}

static void order_measure(struct growth *growth, enum order order)
{
    const struct settings *settings = growth->settings;
    unsigned rounds = growth->data.count > large_count ? 2 : 5;
    if (settings->rounds > 0)
        rounds = settings->rounds > 1 ? settings->rounds : 2;
    growth->order = order;
    growers_list(growth);
    rows_make(&growth->rows, &growth->data, order, settings->seed);
    clock_pin();
    for (unsigned round = 1; round < rounds; round++)
        round_run(growth, false);
    round_run(growth, true);
    clock_unpin();
    growth_print(growth);
    windows_measure(growth);
    for (size_t i = 0; i < growth->count; i++)
        grower_destroy(&growth->growers[i]);
    rows_release(&growth->rows);
}

void bench_insert(const struct settings *settings)
{
    static struct growth growth;
    struct rows shuffled;
    memset(&growth, 0, sizeof growth);
    growth.settings = settings;
    data_make_uniform(&growth.data, settings_items(settings, 200000, 1000000), settings->seed);
    rows_make(&shuffled, &growth.data, ORDER_RANDOM, settings->seed + 1);
    growth.gone = rows_first(&shuffled, shuffled.count / 2);
    bars_print(settings->report.markdown);
    order_measure(&growth, ORDER_RANDOM);
    order_measure(&growth, ORDER_HILBERT);
    order_measure(&growth, ORDER_X);
    rows_release(&shuffled);
    data_release(&growth.data);
}
