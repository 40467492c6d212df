/* cli/columns.h -- rows of a table, and which of their columns are the id and the coordinates.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_COLUMNS_H
#define CLI_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xtree.h>

struct columns_row {
    char *text; /* the fields, each ended by a zero byte */
    size_t text_size, text_capacity;
    size_t *starts; /* of the fields in `text` */
    size_t count, capacity;
};

/* Appends a field. False when memory is short. */
bool columns_row_add(struct columns_row *row, const char *field, size_t size);
const char *columns_row_field(const struct columns_row *row, size_t i);
size_t columns_row_size(const struct columns_row *row, size_t i); /* of field i, in bytes */
/* Empties a row and keeps its memory; ends a row. */
void columns_row_clear(struct columns_row *row);
void columns_row_release(struct columns_row *row);

/* Every field is a number. */
bool columns_row_is_numeric(const struct columns_row *row);

/* The first field that is empty or NaN, so that it does not tell what its column holds; the number
 * of fields when there is none. */
size_t columns_row_gap(const struct columns_row *row);

#define COLUMNS_NO_ID SIZE_MAX

struct columns {
    size_t id; /* position of the id's column, or COLUMNS_NO_ID */
    size_t count;
    size_t coordinate[2 * XT_DIMS_MAX]; /* their positions */
};

/* From the text of --columns: header names or numbers from 1, with commas between them. A column
 * named "id", or written as id=COLUMN, is the id. `header` is NULL when the file has none; `count`
 * is the number of columns of the file. Gives an exit status; on an error it has been said. */
int columns_from_text(struct columns *columns, const char *text, const char *file,
                      const struct columns_row *header, size_t count);

/* Without --columns: the column named "id" and all others, provided that all are numeric. `first`
 * is a row of data at `line`, as wide as the header and without gaps. */
int columns_from_header(struct columns *columns, const char *file, uint64_t line,
                        const struct columns_row *header, const struct columns_row *first);

#endif
