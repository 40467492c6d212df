/* cli/output.c -- items on standard output as text, CSV, JSON or GeoJSON.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "output.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "cli.h"
#include "json.h"
#include "message.h"
#include "number.h"

static const char *const format_names[] = {"text", "csv", "json", "geojson"};

bool output_format_named(const char *name, enum output_format *format)
{
    for (unsigned i = 0; i < sizeof format_names / sizeof format_names[0]; i++) {
        if (strcmp(name, format_names[i]) == 0) {
            *format = (enum output_format)i;
            return true;
        }
    }
    return false;
}

static void print_axis_names(uint32_t dims, const char *corner)
{
    for (uint32_t i = 0; i < dims; i++) {
        if (dims <= 3)
            printf(",%c%s", "xyz"[i], corner);
        else
            printf(",x%" PRIu32 "%s%s", i + 1, corner[0] == '\0' ? "" : "_", corner);
    }
}

/* "id,x,y" or whatever fits such items. */
static void print_header(const struct output *output)
{
    fputs("id", stdout);
    print_axis_names(output->dims, output->kind == XT_BOXES ? "0" : "");
    if (output->kind == XT_BOXES)
        print_axis_names(output->dims, "1");
    fputs(output->has_distances ? ",distance\n" : "\n", stdout);
}

int output_begin(struct output *output, enum output_format format, const xt_store_stats *stats,
                 bool has_distances)
{
    *output = (struct output){
        .format = format,
        .dims = stats->dims,
        .kind = stats->kind,
        .has_distances = has_distances,
    };
    if (format == OUTPUT_GEOJSON && stats->dims != 2) {
        message("--format geojson shows 2 dimensions, the store has %u; take json", stats->dims);
        return EXIT_USAGE;
    }
    if (format == OUTPUT_CSV)
        print_header(output);
    if (format != OUTPUT_JSON && format != OUTPUT_GEOJSON)
        return EXIT_DONE;
    output->generator = json_open(false);
    if (output->generator == NULL)
        return message_no_memory();
    fputs(format == OUTPUT_JSON ? "[" : "{\"type\":\"FeatureCollection\",\"features\":[", stdout);
    return EXIT_DONE;
}

static void print_values(const double *values, uint32_t count, char separator)
{
    char text[NUMBER_TEXT_SIZE + 1];

    for (uint32_t i = 0; i < count; i++) {
        text[0] = separator;
        fwrite(text, 1, number_text(values[i], text + 1) + 1, stdout);
    }
}

static void print_line(const struct output *output, const xt_item *item, char separator)
{
    printf("%" PRIu64, item->id);
    print_values(item->low, output->dims, separator);
    if (output->kind == XT_BOXES)
        print_values(item->high, output->dims, separator);
    if (output->has_distances)
        print_values(&item->distance, 1, separator);
    fputc('\n', stdout);
}

static void json_item(struct output *output, const xt_item *item)
{
    yajl_gen generator = output->generator;

    yajl_gen_map_open(generator);
    json_key(generator, "id");
    json_u64(generator, item->id);
    json_doubles(generator, "low", item->low, output->dims);
    json_doubles(generator, "high", item->high, output->dims);
    if (output->has_distances)
        json_pair_double(generator, "distance", item->distance);
    yajl_gen_map_close(generator);
}

static void json_position(yajl_gen generator, double x, double y)
{
    yajl_gen_array_open(generator);
    json_double(generator, x);
    json_double(generator, y);
    yajl_gen_array_close(generator);
}

/* Counter-clockwise, as RFC 7946 wants it. */
static void json_ring(yajl_gen generator, const double *low, const double *high)
{
    yajl_gen_array_open(generator);
    yajl_gen_array_open(generator);
    json_position(generator, low[0], low[1]);
    json_position(generator, high[0], low[1]);
    json_position(generator, high[0], high[1]);
    json_position(generator, low[0], high[1]);
    json_position(generator, low[0], low[1]);
    yajl_gen_array_close(generator);
    yajl_gen_array_close(generator);
}

static void json_geometry(struct output *output, const xt_item *item)
{
    yajl_gen generator = output->generator;
    bool is_point = item->low[0] == item->high[0] && item->low[1] == item->high[1];

    if (!isfinite(item->low[0]) || !isfinite(item->low[1]) || !isfinite(item->high[0]) ||
        !isfinite(item->high[1])) {
        yajl_gen_null(generator);
        return;
    }
    yajl_gen_map_open(generator);
    json_key(generator, "type");
    json_text(generator, is_point ? "Point" : "Polygon");
    json_key(generator, "coordinates");
    if (is_point)
        json_position(generator, item->low[0], item->low[1]);
    else
        json_ring(generator, item->low, item->high);
    yajl_gen_map_close(generator);
}

static void json_feature(struct output *output, const xt_item *item)
{
    yajl_gen generator = output->generator;

    yajl_gen_map_open(generator);
    json_key(generator, "type");
    json_text(generator, "Feature");
    json_key(generator, "id");
    json_u64(generator, item->id);
    json_key(generator, "properties");
    yajl_gen_map_open(generator);
    if (output->has_distances)
        json_pair_double(generator, "distance", item->distance);
    yajl_gen_map_close(generator);
    json_key(generator, "geometry");
    json_geometry(output, item);
    yajl_gen_map_close(generator);
}

int output_item(struct output *output, const xt_item *item)
{
    switch (output->format) {
    case OUTPUT_TEXT:
        print_line(output, item, ' ');
        break;
    case OUTPUT_CSV:
        print_line(output, item, ',');
        break;
    case OUTPUT_JSON:
    case OUTPUT_GEOJSON:
        yajl_gen_reset(output->generator, output->has_items ? ",\n" : "\n");
        if (output->format == OUTPUT_JSON)
            json_item(output, item);
        else
            json_feature(output, item);
        break;
    }
    output->has_items = true;
    return ferror(stdout) ? message_flush() : EXIT_DONE;
}

int output_end(struct output *output)
{
    if (output->format == OUTPUT_JSON)
        fputs("\n]\n", stdout);
    if (output->format == OUTPUT_GEOJSON)
        fputs("\n]}\n", stdout);
    json_close(output->generator);
    output->generator = NULL;
    return message_flush();
}
