/* bench/insert.c -- sub-command insert: adding and removing item by item, and the trees it makes.
 *
 * Each round makes a new index of every library, adds all items in a given order, and removes half
 * of them, picked at random; the last round removes nothing, and its indexes answer windows, beside
 * a bulk-loaded tree. A library that is slow adds items in random order only, in the first round
 * and in the last, and removes as many as it can in some seconds.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "clock.h"
#include "data.h"
#include "orders.h"
#include "rivals.h"

#include <stdlib.h>
#include <string.h>

enum { growers_max = 16, large_count = 2000000, part_count = 1000 };

/* A library that needs longer than this for an item is slow, and removes for so long. */
static const double slow_ns = 20000.0;
static const double remove_most_ns = 5e9;

/* A library in one order. */
struct grower {
    const struct contestant *contestant;
    void *index; /* of the current round */
    uint64_t bytes;
    bool is_slow;
    bool is_whole; /* it has removed all that it should */
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
    size_t slow_count;
    const struct contestant *slow[growers_max]; /* in the first order */
    uint64_t *ids;
};

static bool is_slow(const struct growth *growth, const struct contestant *contestant)
{
    for (size_t i = 0; i < growth->slow_count; i++) {
        if (growth->slow[i] == contestant)
            return true;
    }
    return false;
}

static bool grows(const struct growth *growth, const struct contestant *contestant)
{
    return contestant->create != NULL && contestant_takes(contestant, &growth->data) &&
           !is_slow(growth, contestant);
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

/* Boost's rstar, where it is there: of the trees that grow the best to query. */
static const struct grower *grower_peer(const struct growth *growth)
{
    const struct contestant *rstar = contestant_find("Boost rstar<16>");
    for (size_t i = 0; i < growth->count; i++) {
        const struct contestant *contestant = growth->growers[i].contestant;
        bool is_ours = contestant->version == contestants[0]->version;
        if (rstar != NULL ? contestant == rstar : !is_ours)
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

/* What has passed since `start`, or what the contestant says of its last work. */
static uint64_t passed_ns(const struct growth *growth, const struct grower *grower, uint64_t start)
{
    const struct contestant *contestant = grower->contestant;
    if (contestant->own_ns != NULL)
        return contestant->own_ns(grower->index, growth->settings->is_cpu_time);
    return settings_now_ns(growth->settings) - start;
}

static void insert_round(const struct growth *growth, struct grower *grower)
{
    grower->index = grower->contestant->create(&growth->data);
    uint64_t start = settings_now_ns(growth->settings);
    grower->contestant->insert(grower->index, &growth->rows);
    settle(grower);
    uint64_t ns = passed_ns(growth, grower, start);
    series_add(&grower->insert_ns, (double)ns / (double)growth->rows.count);
    grower->bytes = grower->contestant->bytes(grower->index);
    grower->is_slow = (double)ns > slow_ns * (double)growth->rows.count;
}

static bool is_enough(size_t done, uint64_t ns)
{
    return (double)ns > remove_most_ns && (double)ns > slow_ns * (double)done;
}

/* Part by part, so that who is slow can be stopped. */
static void remove_round(const struct growth *growth, struct grower *grower)
{
    size_t done = 0;
    uint64_t ns = 0;
    if (grower->contestant->remove == NULL)
        return;
    while (done < growth->gone.count && !is_enough(done, ns)) {
        size_t left = growth->gone.count - done;
        struct rows part = {.count = left < part_count ? left : part_count,
                            .coords = growth->gone.coords + dataset_width(&growth->data) * done,
                            .ids = growth->gone.ids + done};
        uint64_t start = settings_now_ns(growth->settings);
        grower->contestant->remove(grower->index, &part);
        done += part.count;
        if (done == growth->gone.count)
            settle(grower);
        ns += passed_ns(growth, grower, start);
    }
    series_add(&grower->remove_ns, (double)ns / (double)done);
    grower->is_whole = done == growth->gone.count;
}

/* What is left after removing must be the same for all: compares a number of windows. With 32 bits
 * of a coordinate, some items more may meet them. */
static void left_compare(const struct growth *growth)
{
    double windows[4 * 100];
    uint64_t first = 0;
    for (uint64_t i = 0; i < 100; i++)
        window_uniform(growth->data.count, 1000, growth->settings->seed + 5, i, windows + 4 * i);
    for (size_t i = 0; i < growth->count; i++) {
        const struct grower *grower = &growth->growers[i];
        const struct contestant *contestant = grower->contestant;
        if (contestant->window == NULL && contestant->window_many == NULL)
            continue;
        uint64_t sum = contestant_total(contestant, grower->index, windows, 100, growth->ids);
        uint64_t most = first + (contestant->is_float32 ? first / 100 : 0);
        if (i == 0)
            first = sum;
        else if (grower->is_whole && (sum < first || sum > most))
            bench_die("%s and %s differ after removing", contestant->name,
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
    void *loaded = contestant_build(&with_xtree, &growth->data, growth->settings->threads);
    rivals_begin(&rivals, growth->settings, &growth->data);
    rivals_add_best(&rivals, &with_xtree, loaded, ", bulk-loaded");
    for (size_t i = 0; i < growth->count; i++) {
        const struct grower *grower = &growth->growers[i];
        if (grower->contestant->window != NULL || grower->contestant->window_many != NULL)
            rivals_add_best(&rivals, grower->contestant, grower->index, "");
    }
    fprintf(
        growth->settings->report.markdown,
        "\nWindow queries on these trees, before anything was removed, on one pinned core:\n\n");
    rivals_measure(&rivals);
    rivals_end(&rivals);
    with_xtree.destroy(loaded);
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
    const struct grower *peer = grower_peer(growth);
    char items[32];
    fprintf(out,
            "\n### %s %s points, in order: %s\n\n"
            "| library | insert ns | times as fast as %s | remove ns | times as fast "
            "| bytes per item |\n|---|---|---|---|---|---|\n",
            report_grouped((double)growth->data.count, items), growth->data.name,
            order_names[growth->order], peer != NULL ? peer->contestant->name : "none");
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

static void first_round_run(struct growth *growth)
{
    for (size_t i = 0; i < growth->count; i++) {
        struct grower *grower = &growth->growers[i];
        insert_round(growth, grower);
        remove_round(growth, grower);
        if (grower->is_slow)
            growth->slow[growth->slow_count++] = grower->contestant;
    }
    left_compare(growth);
    for (size_t i = 0; i < growth->count; i++)
        grower_destroy(&growth->growers[i]);
}

/* Without those that are slow; the comparison was in the first round. */
static void middle_round_run(struct growth *growth)
{
    for (size_t i = 0; i < growth->count; i++) {
        struct grower *grower = &growth->growers[i];
        if (grower->is_slow)
            continue;
        insert_round(growth, grower);
        remove_round(growth, grower);
        grower_destroy(grower);
    }
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
    first_round_run(growth);
    for (unsigned round = 2; round < rounds; round++)
        middle_round_run(growth);
    for (size_t i = 0; i < growth->count; i++)
        insert_round(growth, &growth->growers[i]);
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
    growth.ids = calloc(growth.data.count + WINDOW_SLACK, sizeof *growth.ids);
    if (growth.ids == NULL)
        bench_die("out of memory");
    bars_print(settings->report.markdown);
    contestants_left_out(settings->report.markdown, &growth.data);
    order_measure(&growth, ORDER_RANDOM);
    order_measure(&growth, ORDER_HILBERT);
    order_measure(&growth, ORDER_X);
    free(growth.ids);
    rows_release(&shuffled);
    data_release(&growth.data);
}
