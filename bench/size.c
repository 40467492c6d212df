/* bench/size.c -- sub-command size: bytes per item, of trees loaded at once and grown by inserts.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "data.h"
#include "orders.h"

static void size_print(const struct settings *settings, const struct contestant *contestant,
                       const struct dataset *data, const char *way, void *index)
{
    struct series bytes = {0};
    series_add(&bytes, (double)contestant->bytes(index) / (double)data->count);
    fprintf(settings->report.markdown, "| %s | %s | %s | %.1f |\n", data->name, way,
            contestant->name, series_median(&bytes));
    struct result result = {.benchmark = "size",
                            .data = data->name,
                            .contestant = contestant->name,
                            .way = way,
                            .unit = "bytes per item",
                            .items = data->count,
                            .series = &bytes};
    report_result(&settings->report, &result);
    contestant->destroy(index);
    fflush(settings->report.markdown);
}

static void loaded_measure(const struct settings *settings, const struct contestant *contestant,
                           const struct dataset *data)
{
    void *built = contestant_build(contestant, data, settings->threads);
    size_print(settings, contestant, data, "loaded", built);
}

static void grown_measure(const struct settings *settings, const struct contestant *contestant,
                          const struct dataset *data, const struct rows *rows)
{
    void *index = contestant->create(data);
    contestant->insert(index, rows);
    if (contestant->settle != NULL)
        contestant->settle(index);
    size_print(settings, contestant, data, "grown", index);
}

/* Takes the data set over. */
static void data_measure(const struct settings *settings, struct dataset *data)
{
    struct rows rows;
    rows_make(&rows, data, ORDER_RANDOM, settings->seed);
    for (size_t i = 0; contestants[i] != NULL; i++) {
        const struct contestant *contestant = contestants[i];
        if (contestant->bytes == NULL || !contestant_takes(contestant, data))
            continue;
        if (contestant->build != NULL)
            loaded_measure(settings, contestant, data);
        if (contestant->create != NULL)
            grown_measure(settings, contestant, data, &rows);
    }
    rows_release(&rows);
    data_release(data);
}

void bench_size(const struct settings *settings)
{
    size_t items = (size_t)settings_items(settings, 100000, 300000);
    struct dataset data;
    fprintf(settings->report.markdown,
            "| data | tree | library | bytes per item |\n|---|---|---|---|\n");
    data_make_uniform(&data, items, settings->seed);
    data_measure(settings, &data);
    data_make_cube_boxes(&data, 2, false, items, settings->seed);
    data_measure(settings, &data);
}
