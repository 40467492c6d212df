/* cli/output.h -- items on standard output as text, CSV, JSON or GeoJSON.
 *
 * Coordinates are the shortest text that reads back as the same double. JSON has no infinity:
 * there it is the string "inf" or "-inf", and in GeoJSON the geometry is null.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include <xtree.h>

enum output_format { OUTPUT_TEXT = 0, OUTPUT_CSV, OUTPUT_JSON, OUTPUT_GEOJSON };

struct output {
    enum output_format format;
    uint32_t dims;
    xt_item_kind kind;
    bool has_distances; /* items are shown with xt_item.distance */
    bool has_items;
    void *generator; /* yajl's */
};

/* False when `name` is none of the formats. */
bool output_format_named(const char *name, enum output_format *format);

/* Writes what stands before the items. Gives an exit status; EXIT_USAGE, with a message, when the
 * format cannot show such items. */
int output_begin(struct output *output, enum output_format format, const xt_store_stats *stats,
                 bool has_distances);

int output_item(struct output *output, const xt_item *item);

/* Writes what stands behind the items, and flushes. */
int output_end(struct output *output);

#endif
