/* bench/window.c -- sub-command window: queries per second on one core, ids or counts.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "data.h"
#include "rivals.h"
#include "sets.h"

static void head_print(const struct settings *settings, const struct dataset *data)
{
    char items[32];
    fprintf(settings->report.markdown, "%s %s %s, one pinned core%s.\n\n",
            report_grouped((double)data->count, items), data->name,
            data->is_boxes ? "boxes" : "points", settings->is_cpu_time ? ", processor time" : "");
}

/* Releases the data set. */
static void data_measure(const struct settings *settings, struct dataset *data)
{
    static struct rivals rivals;
    void *built[contestants_max] = {NULL};
    rivals_begin(&rivals, settings, data);
    for (size_t i = 0; contestants[i] != NULL; i++) {
        bool has_windows = contestants[i]->window != NULL || contestants[i]->window_many != NULL;
        if (contestants[i]->build == NULL || !has_windows ||
            !contestant_takes(contestants[i], data))
            continue;
        built[i] = contestant_build(contestants[i], data, settings->threads);
        rivals_add(&rivals, contestants[i], built[i], "");
    }
    head_print(settings, data);
    rivals_measure(&rivals);
    contestants_left_out(settings->report.markdown, data);
    rivals_end(&rivals);
    for (size_t i = 0; contestants[i] != NULL; i++) {
        if (built[i] != NULL)
            contestants[i]->destroy(built[i]);
    }
    data_release(data);
}

void bench_window(const struct settings *settings)
{
    struct dataset data;
    if (settings->set != NULL) {
        set_make(&data, settings->set, settings);
        data_measure(settings, &data);
        return;
    }
    data_make_uniform(&data, settings_items(settings, 1000000, 10000000), settings->seed);
    data_measure(settings, &data);
    fputc('\n', settings->report.markdown);
    data_read_coastline(&data, settings->data);
    data_measure(settings, &data);
}
