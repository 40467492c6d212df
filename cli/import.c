/* cli/import.c -- what the importers of all formats share: shapes, checks, batches, bad items.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "import.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "number.h"

#define BATCH_ROWS 4096
#define BAD_ITEMS_SHOWN 20 /* of those that are skipped */

static const struct {
    const char *name;
    enum import_format format;
    int (*run)(struct import *import);
    const char *suffixes[3];
} formats[] = {
    {"csv",     IMPORT_CSV,     import_csv,     {".csv", NULL, NULL}              },
    {"geojson", IMPORT_GEOJSON, import_geojson, {".geojson", ".json", ".geojsonl"}},
    {"npy",     IMPORT_NPY,     import_npy,     {".npy", NULL, NULL}              },
    {"raw",     IMPORT_RAW,     import_raw,     {".raw", ".bin", NULL}            },
};
#define FORMAT_COUNT (sizeof formats / sizeof formats[0])

static bool has_suffix(const char *text, size_t size, const char *suffix)
{
    size_t suffix_size = strlen(suffix);

    return size > suffix_size && strncasecmp(text + size - suffix_size, suffix, suffix_size) == 0;
}

enum import_format import_guess(const char *path)
{
    size_t size = strlen(path);

    if (has_suffix(path, size, ".gz"))
        size -= 3;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        for (size_t j = 0; j < 3 && formats[i].suffixes[j] != NULL; j++) {
            if (has_suffix(path, size, formats[i].suffixes[j]))
                return formats[i].format;
        }
    }
    return IMPORT_UNKNOWN;
}

enum import_format import_format_named(const char *name)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (strcmp(name, formats[i].name) == 0)
            return formats[i].format;
    }
    return IMPORT_UNKNOWN;
}

static int flush_batch(struct import *import)
{
    size_t count = import_row_count(import);
    xt_rows rows = {
        .count = import->batch_count,
        .ids = import->batch_ids,
        .low = import->batch_coords,
        .high = import->rows_are_boxes ? import->batch_coords + import->dims : NULL,
        .type = XT_F64,
        .row_stride = count * sizeof(double),
    };

    if (import->batch_count == 0)
        return EXIT_DONE;
    import->batch_count = 0;
    return import->sink.rows(import->sink.context, &rows);
}

int import_run(struct import *import, enum import_format format)
{
    int outcome = EXIT_USAGE;

    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (formats[i].format == format)
            outcome = formats[i].run(import);
    }
    if (outcome == EXIT_DONE)
        outcome = flush_batch(import);
    free(import->batch_ids);
    free(import->batch_coords);
    import->batch_ids = NULL;
    import->batch_coords = NULL;
    return outcome;
}

static const char *kind_name(xt_item_kind kind)
{
    return kind == XT_BOXES ? "boxes" : "points";
}

/* The items that the store or the options want, as the number of coordinates tells them apart. */
static int begin_as_told(struct import *import, size_t count)
{
    uint32_t dims = import->dims;
    xt_item_kind kind = import->kind;

    if (dims == 0 && kind == XT_BOXES && count % 2 == 0)
        dims = (uint32_t)(count / 2);
    else if (dims == 0)
        dims = (uint32_t)count;
    if (kind == 0)
        kind = count == 2 * (size_t)dims ? XT_BOXES : XT_POINTS;
    if (count == 2 * (size_t)dims && kind == XT_BOXES)
        return import_begin(import, dims, kind, true);
    if (count == dims && (kind == XT_POINTS || import->dims != 0))
        return import_begin(import, dims, kind, false);
    message("%s: an item has %zu coordinates, which does not fit %u-dimensional %s",
            input_name(import->input), count, dims, kind_name(kind));
    if (count == dims + (size_t)1 || count == 2 * (size_t)dims + 1)
        message("if one of the columns is the id, say which, as in --columns id=1,2,3");
    return EXIT_USAGE;
}

int import_begin_counted(struct import *import, size_t count)
{
    if (count == 0 || count > 2 * (size_t)XT_DIMS_MAX) {
        message("%s: %zu coordinates in an item: 1 to %u can be had", input_name(import->input),
                count, 2 * XT_DIMS_MAX);
        return EXIT_USAGE;
    }
    if (import->dims != 0 || import->kind != 0)
        return begin_as_told(import, count);
    if (count == 2 || count == 3)
        return import_begin(import, (uint32_t)count, XT_POINTS, false);
    if (count == 4 || count == 6)
        return import_begin(import, (uint32_t)(count / 2), XT_BOXES, true);
    message("%s: an item has %zu coordinates: say --points or --boxes", input_name(import->input),
            count);
    return EXIT_USAGE;
}

int import_begin(struct import *import, uint32_t dims, xt_item_kind kind, bool rows_are_boxes)
{
    size_t count;

    if (dims > XT_DIMS_MAX) {
        message("%s: %u dimensions are too many; the limit is %u", input_name(import->input), dims,
                XT_DIMS_MAX);
        return EXIT_USAGE;
    }
    if ((import->dims != 0 && import->dims != dims) ||
        (import->kind != 0 && import->kind != kind)) {
        message("%s: the file holds %u-dimensional %s, but %s %u-dimensional %s",
                input_name(import->input), dims, kind_name(kind),
                import->is_store ? "the store holds" : "the options say",
                import->dims != 0 ? import->dims : dims,
                kind_name(import->kind != 0 ? import->kind : kind));
        return EXIT_USAGE;
    }
    import->dims = dims;
    import->kind = kind;
    import->rows_are_boxes = rows_are_boxes;
    count = import_row_count(import);
    import->batch_ids = calloc(BATCH_ROWS, sizeof *import->batch_ids);
    import->batch_coords = calloc(BATCH_ROWS * count, sizeof *import->batch_coords);
    if (import->batch_ids == NULL || import->batch_coords == NULL)
        return message_no_memory();
    return import->sink.begin(import->sink.context, dims, kind);
}

size_t import_row_count(const struct import *import)
{
    return import->rows_are_boxes ? 2 * (size_t)import->dims : import->dims;
}

enum import_fault import_check(const struct import *import, const double *coords, size_t *at)
{
    size_t count = import_row_count(import);

    for (size_t i = 0; i < count; i++) {
        *at = i;
        if (isnan(coords[i]))
            return IMPORT_NAN;
        if (import->stored_type == XT_F32 && isfinite(coords[i]) && isinf((float)coords[i]))
            return IMPORT_RANGE;
    }
    for (size_t i = 0; import->rows_are_boxes && i < import->dims; i++) {
        *at = i;
        if (coords[i] > coords[import->dims + i])
            return IMPORT_ORDER;
    }
    return IMPORT_FINE;
}

void import_fault_text(const struct import *import, enum import_fault fault, const double *coords,
                       size_t at, char *text, size_t size)
{
    char low[NUMBER_TEXT_SIZE], high[NUMBER_TEXT_SIZE];
    const char *corner = !import->rows_are_boxes ? "" : at < import->dims ? "low " : "high ";
    size_t axis = at % import->dims + 1;

    number_text(coords[at], low);
    if (fault == IMPORT_ORDER) {
        number_text(coords[import->dims + at], high);
        snprintf(text, size, "axis %zu: low %s is above high %s", axis, low, high);
    } else if (fault == IMPORT_RANGE) {
        snprintf(text, size, "axis %zu: %s%s is out of the range of f32", axis, corner, low);
    } else {
        snprintf(text, size, "axis %zu: %sNaN is not allowed", axis, corner);
    }
}

int import_read_text(struct import *import, char *buffer, size_t size, size_t *got)
{
    if (import->sink.is_interrupted(import->sink.context))
        return EXIT_SYSTEM;
    return input_read_text(import->input, buffer, size, got);
}

int import_add(struct import *import, uint64_t id, const double *coords)
{
    size_t count = import_row_count(import);

    import->batch_ids[import->batch_count] = id;
    memcpy(import->batch_coords + import->batch_count * count, coords, count * sizeof *coords);
    import->batch_count++;
    import->added++;
    if (import->batch_count == BATCH_ROWS ||
        (import->batch != 0 && import->added % import->batch == 0))
        return flush_batch(import);
    return EXIT_DONE;
}

static void print_consequence(const struct import *import, const char *advice)
{
    if (import->kept == 0)
        message("nothing was loaded; %s", advice);
    else
        message("the first %" PRIu64 " items are loaded; %s", import->kept, advice);
}

int import_bad(struct import *import, const char *format, ...)
{
    va_list args;

    import->bad++;
    if (import->skips_bad && import->bad > BAD_ITEMS_SHOWN + 1)
        return EXIT_DONE;
    import->sink.interlude(import->sink.context);
    if (import->skips_bad && import->bad == BAD_ITEMS_SHOWN + 1) {
        message("further bad items are skipped without a message");
        return EXIT_DONE;
    }
    fprintf(stderr, "%s:", input_name(import->input));
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "%s\n", import->skips_bad ? " (skipped)" : "");
    if (import->skips_bad)
        return EXIT_DONE;
    print_consequence(import, "mend the file, or leave such items out with --skip-bad");
    return EXIT_BAD_DATA;
}

int import_broken(struct import *import, const char *format, ...)
{
    va_list args;

    import->sink.interlude(import->sink.context);
    fprintf(stderr, "%s:", input_name(import->input));
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    print_consequence(import, "mend the file");
    return EXIT_BAD_DATA;
}
