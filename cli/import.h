/* cli/import.h -- what the importers of all formats share: from a stream to rows of coordinates.
 *
 * An importer learns the shape of its items from the file, calls import_begin() once, and then
 * import_add() for each item. Behind import_begin() stands the sink: `load` opens or creates the
 * store there. Rows go to the sink in batches.
 *
 * Importers give exit statuses; whatever is not EXIT_DONE has been explained on standard error.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_IMPORT_H
#define CLI_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xtree.h>

#include "input.h"
#include "message.h"

enum import_format { IMPORT_UNKNOWN = 0, IMPORT_CSV, IMPORT_GEOJSON, IMPORT_NPY, IMPORT_RAW };

struct import_sink {
    void *context;
    /* The shape is known: called once, before any rows. */
    int (*begin)(void *context, uint32_t dims, xt_item_kind kind);
    int (*rows)(void *context, const xt_rows *rows);
    /* A message is about to be written. */
    void (*interlude)(void *context);
    /* The user wants to stop; asked each time something is read. */
    bool (*is_interrupted)(void *context);
};

struct import {
    struct input *input;
    struct import_sink sink;
    const char *columns; /* of --columns; NULL: not said */
    bool skips_bad;
    uint64_t batch;          /* rows go to the sink at least whenever so many were added; 0: any */
    uint32_t dims;           /* of the store or of --dims; 0: not known before import_begin() */
    xt_item_kind kind;       /* likewise */
    xt_coord_type file_type; /* of raw input; 0: XT_F64 */
    xt_coord_type stored_type; /* of the store; 0: XT_F64 */
    bool is_store;             /* dims and kind are those of a store that exists */

    uint64_t added, bad, empty; /* items; features without any position */
    uint64_t kept;              /* of those added, how many no failure takes away any more */

    bool rows_are_boxes; /* rows have 2 * dims coordinates, else dims */
    size_t batch_count;
    uint64_t *batch_ids;
    double *batch_coords;
};

/* By the name, with or without .gz: .csv .geojson .json .npy .raw .bin */
enum import_format import_guess(const char *path);
enum import_format import_format_named(const char *name);

/* Reads the whole input in the given format, and hands the last batch over. */
int import_run(struct import *import, enum import_format format);

int import_csv(struct import *import);
int import_geojson(struct import *import);
int import_npy(struct import *import);
int import_raw(struct import *import);

/* Adds the row number `row` from packed values: floats or doubles of `value_bytes` each, coordinate
 * j at bytes + j * axis_stride. The number of the row is its id. */
int import_packed_row(struct import *import, uint64_t row, const char *bytes, size_t value_bytes,
                      size_t axis_stride);

/* Decides what rows of `count` coordinates are. The store or --dims, --points and --boxes decide;
 * otherwise 2 or 3 are points, 4 or 6 boxes, and others an error that asks. Then begins. */
int import_begin_counted(struct import *import, size_t count);

/* Begins with a shape that is certain. Refuses one that the store or the options contradict. */
int import_begin(struct import *import, uint32_t dims, xt_item_kind kind, bool rows_are_boxes);

/* Coordinates in a row. */
size_t import_row_count(const struct import *import);

enum import_fault {
    IMPORT_FINE = 0,
    IMPORT_NAN,   /* at coordinate *at */
    IMPORT_RANGE, /* at coordinate *at: finite, but not in the store's f32 */
    IMPORT_ORDER  /* on axis *at: low > high */
};

/* Whether the store will take the row. */
enum import_fault import_check(const struct import *import, const double *coords, size_t *at);

/* Why a row is bad, for the importers whose columns have no names. */
void import_fault_text(const struct import *import, enum import_fault fault, const double *coords,
                       size_t at, char *text, size_t size);

/* Reads text like input_read_text(); EXIT_SYSTEM without a message when interrupted. */
int import_read_text(struct import *import, char *buffer, size_t size, size_t *got);

/* Adds a checked row. */
int import_add(struct import *import, uint64_t id, const double *coords);

/* Reports a bad item: "FILE:" and the text. EXIT_DONE when bad items are skipped. */
int import_bad(struct import *import, const char *format, ...) MESSAGE_FORMAT(2, 3);

/* Reports input that cannot be read any further. Always EXIT_BAD_DATA. */
int import_broken(struct import *import, const char *format, ...) MESSAGE_FORMAT(2, 3);

#endif
