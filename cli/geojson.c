/* cli/geojson.c -- one item of a GeoJSON text while it is being read: its id and its extent.
 *
 * SPDX-License-Identifier: MIT
 */
#include "geojson.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "number.h"

void geojson_item_begin(struct geojson_item *item, uint64_t line)
{
    *item = (struct geojson_item){.line = line};
}

void geojson_item_blame(struct geojson_item *item, const char *format, ...)
{
    va_list args;

    if (item->fault[0] != '\0')
        return;
    va_start(args, format);
    vsnprintf(item->fault, sizeof item->fault, format, args);
    va_end(args);
}

void geojson_item_set_id(struct geojson_item *item, const char *text, size_t size)
{
    item->has_id = number_u64(text, size, &item->id) == NUMBER_FINE;
}

void geojson_array_begin(struct geojson_coordinates *coordinates, struct geojson_item *item)
{
    if (coordinates->numbers > 0)
        geojson_item_blame(item, "an array after a number in \"coordinates\"");
    coordinates->depth++;
    coordinates->numbers = 0;
}

void geojson_array_number(struct geojson_coordinates *coordinates, struct geojson_item *item,
                          const char *text, size_t size)
{
    unsigned axis = coordinates->numbers++;
    enum number_fault fault;

    if (axis >= 2) /* altitude, and what else may follow it */
        return;
    fault = number_double(text, size, &coordinates->position[axis]);
    if (fault != NUMBER_FINE)
        geojson_item_blame(item, "coordinate %.*s %s", (int)(size < 40 ? size : 40), text,
                           number_fault_text(fault));
}

static void extend(struct geojson_item *item, const double position[2])
{
    for (unsigned axis = 0; axis < 2; axis++) {
        if (!item->has_position || position[axis] < item->low[axis])
            item->low[axis] = position[axis];
        if (!item->has_position || position[axis] > item->high[axis])
            item->high[axis] = position[axis];
    }
    item->has_position = true;
}

void geojson_array_end(struct geojson_coordinates *coordinates, struct geojson_item *item)
{
    if (coordinates->numbers == 1)
        geojson_item_blame(item, "a position with one coordinate");
    if (coordinates->numbers >= 2) {
        if (coordinates->position_depth != 0 && coordinates->position_depth != coordinates->depth)
            geojson_item_blame(item, "positions at different depths in \"coordinates\"");
        coordinates->position_depth = coordinates->depth;
        extend(item, coordinates->position);
    }
    coordinates->numbers = 0;
    coordinates->depth--;
}

int geojson_position_depth(const char *type)
{
    static const struct {
        const char *type;
        int depth;
    } types[] = {
        {"Point",              1},
        {"MultiPoint",         2},
        {"LineString",         2},
        {"MultiLineString",    3},
        {"Polygon",            3},
        {"MultiPolygon",       4},
        {"GeometryCollection", 0},
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(type, types[i].type) == 0)
            return types[i].depth;
    }
    return -1;
}

void geojson_item_check(struct geojson_item *item, const char *type,
                        const struct geojson_coordinates *coordinates)
{
    int want = geojson_position_depth(type);
    unsigned depth = coordinates->position_depth;

    if (want < 0 && type[0] == '\0')
        geojson_item_blame(item, "a geometry without a \"type\"");
    else if (want < 0)
        geojson_item_blame(item, "\"%s\" is not a type of geometry", type);
    else if (depth != 0 && depth != (unsigned)want)
        geojson_item_blame(item, "the positions of a %s stand in %u arrays instead of %d", type,
                           depth, want);
}
