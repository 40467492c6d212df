/* bench/report.c -- series of measurements, and how they are told.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "contestants.h"

enum { rounds_told = 64 }; /* of longer series the percentiles must do */

#if defined(__clang__)
static const char compiler[] = __VERSION__;
#else
static const char compiler[] = "gcc " __VERSION__;
#endif

/* ---- series -------------------------------------------------------------------------------- */

void series_add(struct series *series, double value)
{
    if (series->count == SERIES_MAX)
        bench_die("more than %u rounds", SERIES_MAX);
    series->values[series->count++] = value;
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static void series_sort(struct series *series)
{
    qsort(series->values, series->count, sizeof *series->values, compare_doubles);
}

double series_percentile(const struct series *series, unsigned percent)
{
    struct series sorted = *series;
    if (sorted.count == 0)
        return 0.0;
    series_sort(&sorted);
    size_t rank = (sorted.count * percent + 99) / 100;
    return sorted.values[rank == 0 ? 0 : rank - 1];
}

double series_median(const struct series *series)
{
    struct series sorted = *series;
    size_t half = sorted.count / 2;
    if (sorted.count == 0)
        return 0.0;
    series_sort(&sorted);
    if (sorted.count % 2 == 1)
        return sorted.values[half];
    return 0.5 * (sorted.values[half - 1] + sorted.values[half]);
}

void series_ratio(const struct series *a, const struct series *b, struct series *out)
{
    out->count = 0;
    for (size_t i = 0; i < a->count && i < b->count; i++)
        series_add(out, a->values[i] / b->values[i]);
}

/* ---- the machine --------------------------------------------------------------------------- */

/* The value of the first line of /proc/cpuinfo that starts with `field`. */
static void cpu_field(const char *field, char *value, size_t value_bytes)
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[8192];
    value[0] = '\0';
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, field, strlen(field)) == 0 && colon != NULL) {
            snprintf(value, value_bytes, "%s", colon + 2);
            value[strcspn(value, "\n\"\\")] = '\0';
            break;
        }
    }
    if (file != NULL)
        fclose(file);
}

static long memory_gib(void)
{
    double bytes = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    return lround(bytes / (1u << 30));
}

/* Contestants that differ in what they do, not in what they are, have one version. */
static bool version_is_new(size_t i)
{
    return i == 0 || contestants[i]->version != contestants[i - 1]->version;
}

static bool cpu_has(const char *flags, const char *flag)
{
    size_t size = strlen(flag);
    for (const char *at = strstr(flags, flag); at != NULL; at = strstr(at + 1, flag)) {
        bool starts = at == flags || at[-1] == ' ';
        if (starts && (at[size] == ' ' || at[size] == '\0'))
            return true;
    }
    return false;
}

/* The features that decide which kernels run, with a "no" before those that are not there. */
static const char *features_text(char *text, size_t text_bytes)
{
    static const char *const features[] = {"avx2", "bmi2", "avx512f", "avx512vl"};
    char flags[8192];
    size_t size = 0;
    cpu_field("flags", flags, sizeof flags);
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++)
        size += (size_t)snprintf(text + size, text_bytes - size, "%s%s%s", i > 0 ? ", " : "",
                                 cpu_has(flags, features[i]) ? "" : "no ", features[i]);
    return text;
}

void report_machine(const struct report *report, const char *command, bool is_quick, uint64_t seed)
{
    char features[128];
    if (report->json == NULL)
        return;
    fprintf(report->json,
            "{\"command\": \"%s\", \"quick\": %s, \"machine\": {"
            "\"features\": \"%s\", \"cores\": %u, \"memory_gib\": %ld}, \"compiler\": \"%s\", "
            "\"seed\": %llu, \"versions\": [",
            command, is_quick ? "true" : "false", features_text(features, sizeof features),
            clock_core_count(), memory_gib(), compiler, (unsigned long long)seed);
    for (size_t i = 0; contestants[i] != NULL; i++) {
        if (version_is_new(i))
            fprintf(report->json, "%s\"%s\"", i > 0 ? ", " : "", contestants[i]->version());
    }
    for (size_t i = 1; openers[i] != NULL; i++)
        fprintf(report->json, ", \"%s\"", openers[i]->version());
    fprintf(report->json, "]}\n");
    fflush(report->json);
}

/* ---- results ------------------------------------------------------------------------------- */

/* Every round, so that whoever reads it can compare any two contestants round by round. */
static void rounds_json(FILE *file, const struct series *series)
{
    fprintf(file, ", \"each\": [");
    for (size_t i = 0; i < series->count; i++)
        fprintf(file, "%s%.6g", i > 0 ? ", " : "", series->values[i]);
    fprintf(file, "]");
}

static void series_json(FILE *file, const char *name, const struct series *series)
{
    fprintf(file, ", \"%s\": {\"median\": %.6g, \"min\": %.6g, \"p90\": %.6g, \"max\": %.6g}", name,
            series_median(series), series_percentile(series, 0), series_percentile(series, 90),
            series_percentile(series, 100));
}

void report_result(const struct report *report, const struct result *result)
{
    FILE *file = report->json;
    if (file == NULL)
        return;
    fprintf(file,
            "{\"benchmark\": \"%s\", \"data\": \"%s\", \"items\": %llu, \"contestant\": \"%s\", "
            "\"way\": \"%s\", \"unit\": \"%s\", \"rounds\": %zu",
            result->benchmark, result->data, (unsigned long long)result->items, result->contestant,
            result->way, result->unit, result->series->count);
    series_json(file, "value", result->series);
    if (result->ratio != NULL)
        series_json(file, "ratio", result->ratio);
    if (result->series->count <= rounds_told)
        rounds_json(file, result->series);
    fprintf(file, "}\n");
    fflush(file);
}

const char *report_grouped(double number, char *text)
{
    char digits[32];
    int size = snprintf(digits, sizeof digits, "%.0f", number);
    char *out = text;
    for (int i = 0; i < size && i < 20; i++) {
        if (i > 0 && (size - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
    return text;
}

const char *report_spread(const struct series *series, char *text)
{
    double median = series_median(series);
    int digits = median < 1.0 ? 3 : 2;
    snprintf(text, 64, "%.*f (%.*f to %.*f)", digits, median, digits, series_percentile(series, 0),
             digits, series_percentile(series, 100));
    return text;
}
