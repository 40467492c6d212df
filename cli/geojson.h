/* cli/geojson.h -- one item of a GeoJSON text while it is being read: its id and its extent.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_GEOJSON_H
#define CLI_GEOJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GEOJSON_TYPE_SIZE 24 /* room for the longest name, "GeometryCollection" */

/* A Feature, or a geometry that stands alone. Geometries inside it add to the same extent. */
struct geojson_item {
    uint64_t line; /* where it begins, from 1 */
    bool has_id;
    uint64_t id;
    bool has_position;
    double low[2], high[2];
    char fault[160]; /* the first thing wrong with it; "" when it is fine */
};

void geojson_item_begin(struct geojson_item *item, uint64_t line);

/* Notes a fault, unless there is one already. */
void geojson_item_blame(struct geojson_item *item, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads an id; what is not a whole number from 0 to 2^64-1 is none. */
void geojson_item_set_id(struct geojson_item *item, const char *text, size_t size);

/* A "coordinates" member as it passes by. */
struct geojson_coordinates {
    unsigned depth;          /* arrays that are open */
    unsigned position_depth; /* depth at which positions stand; 0: none seen */
    unsigned numbers;        /* in the innermost array so far */
    double position[2];
};

void geojson_array_begin(struct geojson_coordinates *coordinates, struct geojson_item *item);
void geojson_array_number(struct geojson_coordinates *coordinates, struct geojson_item *item,
                          const char *text, size_t size);
void geojson_array_end(struct geojson_coordinates *coordinates, struct geojson_item *item);

/* How deep positions stand in the coordinates of a geometry of that type: 1 for a Point to 4 for a
 * MultiPolygon; 0 for a GeometryCollection; -1 when it is no type of geometry. */
int geojson_position_depth(const char *type);

/* Blames the item if a geometry of that type cannot have such coordinates. */
void geojson_item_check(struct geojson_item *item, const char *type,
                        const struct geojson_coordinates *coordinates);

#endif
