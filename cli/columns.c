/* cli/columns.c -- rows of a table, and which of their columns are the id and the coordinates.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "message.h"
#include "number.h"

bool columns_row_add(struct columns_row *row, const char *field, size_t size)
{
    if (row->text_size + size + 1 > row->text_capacity) {
        size_t capacity = 2 * row->text_capacity + size + 256;
        char *text = realloc(row->text, capacity);

        if (text == NULL)
            return false;
        row->text = text;
        row->text_capacity = capacity;
    }
    if (row->count == row->capacity) {
        size_t capacity = 2 * row->capacity + 16;
        size_t *starts = realloc(row->starts, capacity * sizeof *starts);

        if (starts == NULL)
            return false;
        row->starts = starts;
        row->capacity = capacity;
    }
    row->starts[row->count++] = row->text_size;
    if (size > 0)
        memcpy(row->text + row->text_size, field, size);
    row->text_size += size;
    row->text[row->text_size++] = '\0';
    return true;
}

const char *columns_row_field(const struct columns_row *row, size_t i)
{
    return row->text + row->starts[i];
}

size_t columns_row_size(const struct columns_row *row, size_t i)
{
    size_t end = i + 1 < row->count ? row->starts[i + 1] : row->text_size;

    return end - row->starts[i] - 1;
}

void columns_row_clear(struct columns_row *row)
{
    row->text_size = 0;
    row->count = 0;
}

void columns_row_release(struct columns_row *row)
{
    free(row->text);
    free(row->starts);
    *row = (struct columns_row){0};
}

static bool is_numeric(const struct columns_row *row, size_t i)
{
    double value;
    enum number_fault fault =
        number_double(columns_row_field(row, i), columns_row_size(row, i), &value);

    return fault == NUMBER_FINE || fault == NUMBER_RANGE;
}

bool columns_row_is_numeric(const struct columns_row *row)
{
    for (size_t i = 0; i < row->count; i++) {
        if (!is_numeric(row, i))
            return false;
    }
    return true;
}

size_t columns_row_gap(const struct columns_row *row)
{
    for (size_t i = 0; i < row->count; i++) {
        if (columns_row_size(row, i) == 0 || strcasecmp(columns_row_field(row, i), "nan") == 0)
            return i;
    }
    return row->count;
}

static void print_names(const struct columns_row *header)
{
    fputs("xtree: its columns are:", stderr);
    for (size_t i = 0; i < header->count; i++)
        fprintf(stderr, "%s %s", i == 0 ? "" : ",", columns_row_field(header, i));
    fputc('\n', stderr);
}

/* Position of the column that `name` means; `count` when there is none. */
static size_t find_column(const char *name, size_t size, const struct columns_row *header,
                          size_t count)
{
    uint64_t number;

    for (size_t i = 0; header != NULL && i < count; i++) {
        if (columns_row_size(header, i) == size &&
            memcmp(columns_row_field(header, i), name, size) == 0)
            return i;
    }
    if (number_u64(name, size, &number) == NUMBER_FINE && number >= 1 && number <= count)
        return (size_t)number - 1;
    return count;
}

static bool is_named_id(const struct columns_row *header, size_t i)
{
    return header != NULL && strcasecmp(columns_row_field(header, i), "id") == 0;
}

/* Takes one entry of --columns. */
static int take_entry(struct columns *columns, const char *entry, size_t size, const char *file,
                      const struct columns_row *header, size_t count)
{
    bool is_id = size > 3 && strncasecmp(entry, "id=", 3) == 0;
    size_t skip = is_id ? 3 : 0;
    size_t column = find_column(entry + skip, size - skip, header, count);

    if (column == count) {
        message("%s: there is no column \"%.*s\"", file, (int)(size - skip), entry + skip);
        if (header != NULL)
            print_names(header);
        else
            message("its first line is data, so name columns by number, from 1 to %zu", count);
        return EXIT_USAGE;
    }
    if (columns->id == COLUMNS_NO_ID && (is_id || is_named_id(header, column))) {
        columns->id = column;
        return EXIT_DONE;
    }
    if (columns->count == sizeof columns->coordinate / sizeof columns->coordinate[0]) {
        message("--columns: more than %zu coordinates", columns->count);
        return EXIT_USAGE;
    }
    columns->coordinate[columns->count++] = column;
    return EXIT_DONE;
}

int columns_from_text(struct columns *columns, const char *text, const char *file,
                      const struct columns_row *header, size_t count)
{
    const char *entry = text;

    columns->id = COLUMNS_NO_ID;
    columns->count = 0;
    for (;;) {
        size_t size = strcspn(entry, ",");
        int outcome = take_entry(columns, entry, size, file, header, count);

        if (outcome != EXIT_DONE)
            return outcome;
        if (entry[size] == '\0')
            return EXIT_DONE;
        entry += size + 1;
    }
}

static int ask_for_columns(const char *file, uint64_t line, const struct columns_row *header,
                           const struct columns_row *first, size_t column)
{
    message("%s:%" PRIu64 ": column \"%.60s\" is not numeric: \"%.60s\"", file, line,
            columns_row_field(header, column), columns_row_field(first, column));
    message("say which columns hold the id and the coordinates, as in --columns id,x,y");
    print_names(header);
    return EXIT_USAGE;
}

int columns_from_header(struct columns *columns, const char *file, uint64_t line,
                        const struct columns_row *header, const struct columns_row *first)
{
    columns->id = COLUMNS_NO_ID;
    columns->count = 0;
    for (size_t i = 0; i < first->count; i++) {
        if (header != NULL && !is_numeric(first, i))
            return ask_for_columns(file, line, header, first, i);
        if (columns->id == COLUMNS_NO_ID && is_named_id(header, i)) {
            columns->id = i;
            continue;
        }
        if (columns->count == sizeof columns->coordinate / sizeof columns->coordinate[0]) {
            message("%s: more than %zu numeric columns: choose with --columns", file,
                    columns->count);
            return EXIT_USAGE;
        }
        columns->coordinate[columns->count++] = i;
    }
    return EXIT_DONE;
}
