/* cli/stat_writer.c -- what xtree stat tells about the writer of a store.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "stat_writer.h"

#include <inttypes.h>
#include <stdio.h>

#include "json.h"
#include "number.h"

enum { bar_width = 40 };

static void duration_text(double ns, char text[NUMBER_TEXT_SIZE])
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    int i = 0;

    for (; ns >= 1000 && i < 3; i++)
        ns /= 1000;
    snprintf(text, NUMBER_TEXT_SIZE, ns < 10 ? "%.1f %s" : "%.0f %s", ns, units[i]);
}

/* The least duration that `share` of them do not exceed, as the histogram knows it. */
static double quantile(const xt_histogram *histogram, double share)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < XT_HISTOGRAM_BUCKETS; i++) {
        sum += histogram->bucket[i];
        if ((double)sum >= share * (double)histogram->count)
            return i == 0 ? 1 : (double)(UINT64_C(1) << i);
    }
    return (double)histogram->max_ns;
}

static void print_bars(const xt_histogram *histogram)
{
    uint64_t most = 1;

    for (unsigned i = 0; i < XT_HISTOGRAM_BUCKETS; i++)
        most = histogram->bucket[i] > most ? histogram->bucket[i] : most;
    for (unsigned i = 0; i < XT_HISTOGRAM_BUCKETS; i++) {
        char below[NUMBER_TEXT_SIZE];
        int width = (int)((double)bar_width * (double)histogram->bucket[i] / (double)most + 0.999);

        if (histogram->bucket[i] == 0)
            continue;
        duration_text((double)(UINT64_C(1) << i), below);
        printf("  below %7s %10" PRIu64 "  ", below, histogram->bucket[i]);
        while (width-- > 0)
            putchar('#');
        putchar('\n');
    }
}

static void print_histogram(const char *label, const xt_histogram *histogram)
{
    char median[NUMBER_TEXT_SIZE];
    char most[NUMBER_TEXT_SIZE];
    char longest[NUMBER_TEXT_SIZE];

    if (histogram->count == 0)
        return;
    duration_text(quantile(histogram, 0.5), median);
    duration_text(quantile(histogram, 0.99), most);
    duration_text((double)histogram->max_ns, longest);
    printf("\n%s: %" PRIu64 ", half of them below %s, 99 %% below %s, the longest %s\n", label,
           histogram->count, median, most, longest);
    print_bars(histogram);
}

void writer_print(const struct reader *reader)
{
    xt_writer_stats stats = {.struct_size = sizeof stats};
    char since[READER_TIME_SIZE];
    char moved[NUMBER_TEXT_SIZE];

    if (xt_store_writer(reader->store, &stats) != XT_OK)
        return;
    reader_time_text(stats.since_ns, since);
    if (stats.is_running)
        printf("\nwriter          process %" PRIu64 " since %s\n", stats.pid, since);
    else
        printf("\nwriter          none; the last one came %s\n", since);
    printf("cleaning        %s moved by it\n", number_bytes_text(stats.moved_bytes, moved));
    print_histogram("commits", &stats.commit);
    print_histogram("syncs", &stats.sync);
}

static void json_histogram(yajl_gen generator, const char *key, const xt_histogram *histogram)
{
    json_key(generator, key);
    yajl_gen_map_open(generator);
    json_pair_u64(generator, "count", histogram->count);
    json_pair_u64(generator, "total_ns", histogram->total_ns);
    json_pair_u64(generator, "max_ns", histogram->max_ns);
    json_key(generator, "buckets");
    yajl_gen_array_open(generator);
    for (unsigned i = 0; i < XT_HISTOGRAM_BUCKETS; i++)
        json_u64(generator, histogram->bucket[i]);
    yajl_gen_array_close(generator);
    yajl_gen_map_close(generator);
}

void writer_json(const struct reader *reader, yajl_gen generator)
{
    xt_writer_stats stats = {.struct_size = sizeof stats};
    char when[READER_TIME_SIZE];

    json_key(generator, "writer");
    if (xt_store_writer(reader->store, &stats) != XT_OK) {
        yajl_gen_null(generator);
        return;
    }
    yajl_gen_map_open(generator);
    json_key(generator, "running");
    yajl_gen_bool(generator, stats.is_running);
    json_pair_u64(generator, "pid", stats.pid);
    reader_time_text(stats.since_ns, when);
    json_pair_text(generator, "since", when);
    reader_time_text(stats.updated_ns, when);
    json_pair_text(generator, "updated", when);
    json_pair_u64(generator, "moved_bytes", stats.moved_bytes);
    json_histogram(generator, "commit_ns", &stats.commit);
    json_histogram(generator, "sync_ns", &stats.sync);
    yajl_gen_map_close(generator);
}
