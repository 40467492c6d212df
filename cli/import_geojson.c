/* cli/import_geojson.c -- GeoJSON as a stream: the extent of each feature is an item.
 *
 * Accepted are a FeatureCollection, a Feature, a geometry, a GeometryCollection (each member is an
 * item), and any number of these one after the other: one per line, or as a text sequence with
 * record separators. The text is never held as a whole; members may come in any order.
 *
 * Only these objects are looked into; everything else is skipped by counting brackets:
 *
 *     top object   "type", "id", "geometry", "coordinates", "features", "geometries"
 *     feature      "type", "id", "geometry"
 *     geometry     "type", "coordinates", "geometries"
 *
 * Items are numbered from 0 over the whole input; the number is the id of an item without one.
 * Items without any position (a null geometry) are counted and left out.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "cli.h"
#include "geojson.h"
#include "import.h"

#define READ_BYTES (1u << 16)
#define NESTING_MAX 64 /* GeometryCollections within each other; real files have one or two */
#define RECORD_SEPARATOR 0x1e

enum role { ROLE_TOP, ROLE_FEATURE, ROLE_GEOMETRY };

/* The member whose value comes next. */
enum member {
    MEMBER_OTHER,
    MEMBER_TYPE,
    MEMBER_ID,
    MEMBER_GEOMETRY,
    MEMBER_COORDINATES,
    MEMBER_FEATURES,
    MEMBER_GEOMETRIES
};

struct frame { /* an open object that is looked into */
    enum role role;
    enum member member;
    bool is_item;    /* its end is the end of an item */
    bool is_in_list; /* the list of `member` is open: "features" or "geometries" */
    bool has_items;  /* a list of items was in it, so it is none itself */
    char type[GEOJSON_TYPE_SIZE];
    struct geojson_coordinates coordinates;
};

struct geojson_import {
    struct import *import;
    yajl_handle parser;
    const unsigned char *chunk; /* what the parser is reading */
    size_t chunk_counted;       /* bytes of it whose new lines are in `line` */
    uint64_t line;
    uint64_t chunk_offset; /* of the chunk in the input, in bytes */
    uint64_t ordinal;
    uint64_t skip_depth; /* brackets open in a value that is skipped */
    size_t frame_count;
    struct frame frames[NESTING_MAX];
    struct geojson_item item;
    int outcome;
};

static struct frame *top_frame(struct geojson_import *reader)
{
    return reader->frame_count > 0 ? &reader->frames[reader->frame_count - 1] : NULL;
}

/* Line of the parser's position; looks at each byte once. */
static uint64_t current_line(struct geojson_import *reader, size_t end)
{
    for (; reader->chunk_counted < end; reader->chunk_counted++)
        reader->line += reader->chunk[reader->chunk_counted] == '\n';
    return reader->line;
}

/* The frame that a scalar belongs to, or NULL when the scalar is of no interest. */
static struct frame *interested(struct geojson_import *reader)
{
    return reader->skip_depth > 0 ? NULL : top_frame(reader);
}

static int end_item(struct geojson_import *reader)
{
    struct geojson_item *item = &reader->item;
    uint64_t ordinal = reader->ordinal++;
    bool is_point = item->low[0] == item->high[0] && item->low[1] == item->high[1];
    double coords[4] = {item->low[0], item->low[1], item->high[0], item->high[1]};
    enum import_fault fault;
    size_t at;

    if (item->fault[0] == '\0' && !item->has_position) {
        reader->import->empty++;
        return EXIT_DONE;
    }
    fault = import_check(reader->import, coords, &at);
    if (fault == IMPORT_RANGE)
        geojson_item_blame(item, "a coordinate is out of the range of f32");
    if (!is_point && !reader->import->rows_are_boxes)
        geojson_item_blame(item, "it is larger than a point, and the store holds points");
    if (item->fault[0] != '\0')
        return import_bad(reader->import, "%" PRIu64 ": feature %" PRIu64 " (from 0): %s",
                          item->line, ordinal, item->fault);
    return import_add(reader->import, item->has_id ? item->id : ordinal, coords);
}

static int end_top(struct geojson_import *reader, const struct frame *frame)
{
    if (frame->has_items)
        return EXIT_DONE;
    if (strcmp(frame->type, "Feature") == 0)
        return end_item(reader);
    if (geojson_position_depth(frame->type) >= 0) {
        geojson_item_check(&reader->item, frame->type, &frame->coordinates);
        return end_item(reader);
    }
    return import_broken(reader->import, "%" PRIu64 ": an object of type \"%s\" is not GeoJSON",
                         reader->item.line, frame->type);
}

static int end_frame(struct geojson_import *reader)
{
    const struct frame *frame = top_frame(reader);

    reader->frame_count--;
    if (frame->role == ROLE_TOP)
        return end_top(reader, frame);
    if (frame->role == ROLE_GEOMETRY)
        geojson_item_check(&reader->item, frame->type, &frame->coordinates);
    else if (strcmp(frame->type, "Feature") != 0)
        geojson_item_blame(&reader->item, "its \"type\" is not \"Feature\"");
    return frame->is_item ? end_item(reader) : EXIT_DONE;
}

static int begin_frame(struct geojson_import *reader, enum role role, bool is_item)
{
    if (reader->frame_count == NESTING_MAX)
        return import_broken(reader->import, "%" PRIu64 ": geometries are nested more than %d deep",
                             reader->item.line, NESTING_MAX);
    if (is_item || role == ROLE_TOP)
        geojson_item_begin(&reader->item,
                           current_line(reader, yajl_get_bytes_consumed(reader->parser)));
    reader->frames[reader->frame_count++] = (struct frame){.role = role, .is_item = is_item};
    return EXIT_DONE;
}

/* ---- what the parser calls; 0 stops it ---- */

static int goes_on(struct geojson_import *reader, int outcome)
{
    reader->outcome = outcome;
    return outcome == EXIT_DONE;
}

/* A value that stands alone where an object is wanted. */
static int refuse_stray(struct geojson_import *reader, const char *what)
{
    if (reader->skip_depth > 0 || reader->frame_count > 0)
        return 1;
    return goes_on(reader, import_broken(reader->import, "%" PRIu64 ": %s alone is not GeoJSON",
                                         reader->line, what));
}

/* A value that is no object in the list of `frame`. */
static int refuse_member(struct geojson_import *reader, const struct frame *frame)
{
    uint64_t line = current_line(reader, yajl_get_bytes_consumed(reader->parser));

    if (frame->role != ROLE_TOP) {
        geojson_item_blame(&reader->item, "a member of \"geometries\" is not an object");
        return 1;
    }
    return goes_on(reader,
                   import_bad(reader->import,
                              "%" PRIu64 ": feature %" PRIu64 " (from 0): it is not an object",
                              line, reader->ordinal++));
}

static int on_map_begin(void *context)
{
    struct geojson_import *reader = context;
    struct frame *frame = top_frame(reader);

    if (reader->skip_depth > 0) {
        reader->skip_depth++;
        return 1;
    }
    if (frame == NULL)
        return goes_on(reader, begin_frame(reader, ROLE_TOP, false));
    if (frame->is_in_list && frame->member == MEMBER_FEATURES)
        return goes_on(reader, begin_frame(reader, ROLE_FEATURE, true));
    if (frame->is_in_list) /* members of a lone GeometryCollection are items */
        return goes_on(reader, begin_frame(reader, ROLE_GEOMETRY, frame->role == ROLE_TOP));
    if (frame->member == MEMBER_GEOMETRY)
        return goes_on(reader, begin_frame(reader, ROLE_GEOMETRY, false));
    if (frame->member == MEMBER_COORDINATES)
        geojson_item_blame(&reader->item, "an object in \"coordinates\"");
    reader->skip_depth = 1;
    return 1;
}

static int on_map_end(void *context)
{
    struct geojson_import *reader = context;

    if (reader->skip_depth > 0) {
        reader->skip_depth--;
        return 1;
    }
    return goes_on(reader, end_frame(reader));
}

static const struct {
    const char *key;
    enum member member;
    unsigned roles; /* bits of the roles that have it */
} members[] = {
    {"type",        MEMBER_TYPE,        1u << ROLE_TOP | 1u << ROLE_FEATURE | 1u << ROLE_GEOMETRY},
    {"id",          MEMBER_ID,          1u << ROLE_TOP | 1u << ROLE_FEATURE                      },
    {"geometry",    MEMBER_GEOMETRY,    1u << ROLE_TOP | 1u << ROLE_FEATURE                      },
    {"coordinates", MEMBER_COORDINATES, 1u << ROLE_TOP | 1u << ROLE_GEOMETRY                     },
    {"geometries",  MEMBER_GEOMETRIES,  1u << ROLE_TOP | 1u << ROLE_GEOMETRY                     },
    {"features",    MEMBER_FEATURES,    1u << ROLE_TOP                                           },
};

static int on_map_key(void *context, const unsigned char *key, size_t size)
{
    struct geojson_import *reader = context;
    struct frame *frame = interested(reader);

    if (frame == NULL)
        return 1;
    frame->member = MEMBER_OTHER;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if ((members[i].roles >> frame->role & 1u) != 0 && strlen(members[i].key) == size &&
            memcmp(members[i].key, key, size) == 0)
            frame->member = members[i].member;
    }
    return 1;
}

static int on_array_begin(void *context)
{
    struct geojson_import *reader = context;
    struct frame *frame = interested(reader);

    if (frame != NULL && frame->member == MEMBER_COORDINATES) {
        geojson_array_begin(&frame->coordinates, &reader->item);
        return 1;
    }
    if (frame != NULL && !frame->is_in_list &&
        (frame->member == MEMBER_FEATURES || frame->member == MEMBER_GEOMETRIES)) {
        frame->is_in_list = true;
        frame->has_items = frame->role == ROLE_TOP;
        return 1;
    }
    if (frame != NULL && frame->is_in_list && !refuse_member(reader, frame))
        return 0;
    if (!refuse_stray(reader, "an array"))
        return 0;
    reader->skip_depth++;
    return 1;
}

static int on_array_end(void *context)
{
    struct geojson_import *reader = context;
    struct frame *frame = interested(reader);

    if (frame != NULL && frame->member == MEMBER_COORDINATES)
        geojson_array_end(&frame->coordinates, &reader->item);
    else if (frame != NULL)
        frame->is_in_list = false;
    else
        reader->skip_depth--;
    return 1;
}

static int on_string(void *context, const unsigned char *text, size_t size)
{
    struct geojson_import *reader = context;
    struct frame *frame = interested(reader);

    if (frame == NULL)
        return refuse_stray(reader, "a string");
    if (frame->is_in_list)
        return refuse_member(reader, frame);
    if (frame->member == MEMBER_TYPE)
        snprintf(frame->type, sizeof frame->type, "%.*s", (int)(size < 100 ? size : 100),
                 (const char *)text);
    else if (frame->member == MEMBER_ID)
        geojson_item_set_id(&reader->item, (const char *)text, size);
    else if (frame->member == MEMBER_COORDINATES)
        geojson_item_blame(&reader->item, "a string in \"coordinates\"");
    return 1;
}

static int on_number(void *context, const char *text, size_t size)
{
    struct geojson_import *reader = context;
    struct frame *frame = interested(reader);

    if (frame == NULL)
        return refuse_stray(reader, "a number");
    if (frame->is_in_list)
        return refuse_member(reader, frame);
    if (frame->member == MEMBER_ID)
        geojson_item_set_id(&reader->item, text, size);
    else if (frame->member == MEMBER_COORDINATES)
        geojson_array_number(&frame->coordinates, &reader->item, text, size);
    return 1;
}

static int on_null(void *context)
{
    struct geojson_import *reader = context;
    struct frame *frame = interested(reader);

    if (frame == NULL)
        return refuse_stray(reader, "a literal");
    if (frame->is_in_list)
        return refuse_member(reader, frame);
    if (frame->member == MEMBER_COORDINATES && frame->coordinates.depth > 0)
        geojson_item_blame(&reader->item, "a literal in \"coordinates\"");
    return 1;
}

static int on_boolean(void *context, int value)
{
    (void)value;
    return on_null(context);
}

static const yajl_callbacks callbacks = {
    on_null,      on_boolean, NULL,       NULL,           on_number,    on_string,
    on_map_begin, on_map_key, on_map_end, on_array_begin, on_array_end,
};

/* ---- the stream ---- */

static int syntax_error(struct geojson_import *reader, size_t size)
{
    size_t at = yajl_get_bytes_consumed(reader->parser);
    unsigned char *text = yajl_get_error(reader->parser, 0, reader->chunk, size);
    int outcome;

    if (at > size)
        at = size;
    outcome = import_broken(reader->import, "%" PRIu64 ": byte %" PRIu64 " of the text: %.*s",
                            current_line(reader, at), reader->chunk_offset + at,
                            (int)strcspn((const char *)text, "\n"), (const char *)text);
    yajl_free_error(reader->parser, text);
    return outcome;
}

static int parse_chunk(struct geojson_import *reader, unsigned char *chunk, size_t size)
{
    yajl_status status;

    for (unsigned char *c = chunk; (c = memchr(c, RECORD_SEPARATOR, size - (size_t)(c - chunk)));)
        *c = ' ';
    reader->chunk = chunk;
    reader->chunk_counted = 0;
    status = yajl_parse(reader->parser, chunk, size);
    if (status == yajl_status_error)
        return syntax_error(reader, size);
    current_line(reader, size);
    reader->chunk_offset += size;
    return reader->outcome;
}

static int parse(struct geojson_import *reader, unsigned char *buffer)
{
    size_t got = READ_BYTES;
    int outcome = EXIT_DONE;

    while (outcome == EXIT_DONE && got == READ_BYTES) {
        outcome = import_read_text(reader->import, (char *)buffer, READ_BYTES, &got);
        if (outcome == EXIT_DONE)
            outcome = parse_chunk(reader, buffer, got);
    }
    if (outcome != EXIT_DONE)
        return outcome;
    reader->chunk_counted = 0;
    if (yajl_complete_parse(reader->parser) == yajl_status_error || reader->frame_count > 0)
        return import_broken(reader->import, "%" PRIu64 ": the text ends too early", reader->line);
    return reader->outcome;
}

int import_geojson(struct import *import)
{
    struct geojson_import *reader = calloc(1, sizeof *reader);
    unsigned char *buffer = malloc(READ_BYTES);
    int outcome = EXIT_SYSTEM;

    if (reader != NULL && buffer != NULL)
        reader->parser = yajl_alloc(&callbacks, NULL, reader);
    if (reader == NULL || buffer == NULL || reader->parser == NULL) {
        message_no_memory();
        goto done;
    }
    reader->import = import;
    reader->line = 1;
    yajl_config(reader->parser, yajl_allow_multiple_values, 1);
    if (import->kind == XT_POINTS)
        outcome = import_begin(import, 2, XT_POINTS, false);
    else
        outcome = import_begin(import, 2, XT_BOXES, true);
    if (outcome == EXIT_DONE)
        outcome = parse(reader, buffer);
done:
    if (reader != NULL && reader->parser != NULL)
        yajl_free(reader->parser);
    free(reader);
    free(buffer);
    return outcome;
}
