/* bench/publish.c -- sub-command publish: making changes visible, beside making them.
 *
 * Points are added to a store in memory and to one on disk, and each is published: the time of the
 * publishes alone, and that of the insertions, with nothing published and with everything.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "clock.h"
#include "data.h"
#include "files.h"
#include "stores.h"

#include <string.h>

struct publish_case {
    const char *name;
    const char *path; /* NULL: in memory */
    xt_store *store;
    uint64_t next;
    struct series publish_ns; /* means of a round */
    struct series insert_ns;
    struct series insert_published_ns; /* each after a publish: what it touches is copied */
};

static void must(xt_status status, const char *what)
{
    if (status != XT_OK)
        bench_die("%s: %s", what, xt_status_text(status));
}

static void point_insert(const struct settings *settings, struct publish_case *a_case)
{
    double point[2];
    data_uniform_point(settings->seed, a_case->next, point);
    must(xt_store_insert(a_case->store, a_case->next++, point, NULL), "xt_store_insert");
}

static void case_create(const struct settings *settings, struct publish_case *a_case,
                        uint64_t items)
{
    static const struct dataset like = {.name = "points", .dims = 2};
    if (a_case->path != NULL)
        files_remove(a_case->path);
    a_case->store = store_make(a_case->path, &like, 0.0, XT_MEDIUM_MEMORY);
    while (a_case->next < items)
        point_insert(settings, a_case);
    must(xt_store_commit(a_case->store, NULL), "xt_store_commit");
}

static void case_round(const struct settings *settings, struct publish_case *a_case, uint64_t count)
{
    uint64_t inserting = 0;
    uint64_t publishing = 0;
    uint64_t before = settings_now_ns(settings);
    for (uint64_t i = 0; i < count; i++)
        point_insert(settings, a_case);
    uint64_t alone = settings_now_ns(settings) - before;
    must(xt_store_publish(a_case->store), "xt_store_publish");
    for (uint64_t i = 0; i < count; i++) {
        uint64_t start = settings_now_ns(settings);
        point_insert(settings, a_case);
        uint64_t middle = settings_now_ns(settings);
        must(xt_store_publish(a_case->store), "xt_store_publish");
        publishing += settings_now_ns(settings) - middle;
        inserting += middle - start;
    }
    must(xt_store_commit(a_case->store, NULL), "xt_store_commit");
    series_add(&a_case->insert_ns, (double)alone / (double)count);
    series_add(&a_case->insert_published_ns, (double)inserting / (double)count);
    series_add(&a_case->publish_ns, (double)publishing / (double)count);
}

static void case_print(const struct settings *settings, const struct publish_case *a_case)
{
    struct series ratio;
    char text[64];
    series_ratio(&a_case->publish_ns, &a_case->insert_ns, &ratio);
    fprintf(settings->report.markdown, "| %s | %.0f | %.0f | %.0f | %s |\n", a_case->name,
            series_median(&a_case->insert_ns), series_median(&a_case->insert_published_ns),
            series_median(&a_case->publish_ns), report_spread(&ratio, text));
    struct result result = {.benchmark = "publish",
                            .data = "uniform",
                            .contestant = "XTree",
                            .way = a_case->name,
                            .unit = "ns",
                            .items = a_case->next,
                            .series = &a_case->publish_ns,
                            .ratio = &ratio};
    report_result(&settings->report, &result);
}

void bench_publish(const struct settings *settings)
{
    static struct publish_case cases[2];
    char path[4096];
    uint64_t items = settings_items(settings, 100000, 1000000);
    unsigned rounds = settings->rounds > 0 ? settings->rounds : 5;
    char text[32];
    memset(cases, 0, sizeof cases);
    snprintf(path, sizeof path, "%s/publish", settings->work);
    files_make_folder(settings->work);
    cases[0] = (struct publish_case){.name = "in memory"};
    cases[1] = (struct publish_case){.name = "on disk", .path = path};
    for (size_t i = 0; i < 2; i++)
        case_create(settings, &cases[i], items);
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = 0; i < 2; i++)
            case_round(settings, &cases[i], 20000);
    }
    fprintf(settings->report.markdown,
            "Stores of %s uniform points, random insertions; two readings of the clock are in each "
            "time but the first.\n\n"
            "| store | insert, nothing published: ns | insert after a publish: ns | publish: ns | "
            "publish, relative to the first |\n|---|---|---|---|---|\n",
            report_grouped((double)items, text));
    for (size_t i = 0; i < 2; i++) {
        case_print(settings, &cases[i]);
        must(xt_store_close(cases[i].store), "xt_store_close");
    }
    files_remove(path);
}
