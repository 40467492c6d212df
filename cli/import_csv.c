/* cli/import_csv.c -- comma-separated values: one item per line.
 *
 * libcsv takes the lines apart; this file counts them. It is told to report every unquoted line
 * end, so that blank lines count; the new lines inside quoted fields are counted in the fields.
 *
 * The first line is a header unless all of it is numeric. The id of an item is that of its id
 * column, or the number of its row from 0 (bad rows count). Without --columns, the first row as
 * wide as the header and without gaps tells whether all columns are numeric.
 *
 * A row is held in memory as a whole, so its length has a limit.
 *
 * SPDX-License-Identifier: MIT
 */
#include <csv.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "columns.h"
#include "import.h"
#include "number.h"

#define READ_BYTES (1u << 18)
#define ROW_BYTES_MAX ((size_t)16 << 20)
#define GROW_BYTES (1u << 16) /* of the parser's memory for a field, at a time */
#define PARSER_IN_FIELD 2     /* csv_parser.pstate between the first and the last byte of a field */

struct csv_import {
    struct import *import;
    struct columns_row row, header;
    struct columns columns;
    uint64_t line;     /* where the parser is, from 1 */
    uint64_t row_line; /* where the row began */
    uint64_t row_number;
    size_t width; /* columns of the file; 0: nothing read yet */
    bool has_header, has_columns, ends_with_cr;
    int outcome;
};

static const struct columns_row *header_of(const struct csv_import *csv)
{
    return csv->has_header ? &csv->header : NULL;
}

/* Such as `column "lat"`. */
static const char *column_label(const struct csv_import *csv, size_t column, char *text,
                                size_t size)
{
    if (csv->has_header)
        snprintf(text, size, "column \"%s\"", columns_row_field(&csv->header, column));
    else
        snprintf(text, size, "column %zu", column + 1);
    return text;
}

static int bad_field(struct csv_import *csv, size_t column, const char *why)
{
    char label[160];

    column_label(csv, column, label, sizeof label);
    if (columns_row_size(&csv->row, column) == 0)
        return import_bad(csv->import, "%" PRIu64 ": %s is empty", csv->row_line, label);
    return import_bad(csv->import, "%" PRIu64 ": %s: \"%.60s\" %s", csv->row_line, label,
                      columns_row_field(&csv->row, column), why);
}

static int bad_row(struct csv_import *csv, enum import_fault fault, size_t at)
{
    char low[160], high[160];

    if (fault != IMPORT_ORDER)
        return bad_field(csv, csv->columns.coordinate[at], "is out of the range of f32");
    column_label(csv, csv->columns.coordinate[at], low, sizeof low);
    at += csv->import->dims;
    column_label(csv, csv->columns.coordinate[at], high, sizeof high);
    return import_bad(csv->import, "%" PRIu64 ": %s is above %s: low %.40s, high %.40s",
                      csv->row_line, low, high,
                      columns_row_field(&csv->row, csv->columns.coordinate[at - csv->import->dims]),
                      columns_row_field(&csv->row, csv->columns.coordinate[at]));
}

static int add_item(struct csv_import *csv, uint64_t id)
{
    double coords[2 * XT_DIMS_MAX];
    const struct columns *columns = &csv->columns;
    enum import_fault fault;
    enum number_fault number;
    size_t at;

    if (columns->id != COLUMNS_NO_ID &&
        number_u64(columns_row_field(&csv->row, columns->id),
                   columns_row_size(&csv->row, columns->id), &id) != NUMBER_FINE)
        return bad_field(csv, columns->id, "is not an id (a whole number from 0 to 2^64-1)");
    for (size_t i = 0; i < columns->count; i++) {
        size_t column = columns->coordinate[i];

        number = number_double(columns_row_field(&csv->row, column),
                               columns_row_size(&csv->row, column), &coords[i]);
        if (number != NUMBER_FINE)
            return bad_field(csv, column, number_fault_text(number));
    }
    fault = import_check(csv->import, coords, &at);
    if (fault != IMPORT_FINE)
        return bad_row(csv, fault, at);
    return import_add(csv->import, id, coords);
}

static int choose_columns(struct csv_import *csv, const struct columns_row *first)
{
    const char *file = input_name(csv->import->input);
    int outcome;

    if (csv->import->columns != NULL)
        outcome = columns_from_text(&csv->columns, csv->import->columns, file, header_of(csv),
                                    csv->width);
    else
        outcome = columns_from_header(&csv->columns, file, csv->row_line, header_of(csv), first);
    csv->has_columns = true;
    if (outcome == EXIT_DONE)
        outcome = import_begin_counted(csv->import, csv->columns.count);
    return outcome;
}

static int take_header(struct csv_import *csv)
{
    struct columns_row header = csv->row;

    csv->row = csv->header;
    csv->header = header;
    csv->has_header = true;
    if (csv->import->columns != NULL)
        return choose_columns(csv, NULL);
    return EXIT_DONE;
}

static int take_row(struct csv_import *csv)
{
    uint64_t number;

    if (csv->width == 0) {
        csv->width = csv->row.count;
        if (!columns_row_is_numeric(&csv->row))
            return take_header(csv);
    }
    number = csv->row_number++;
    if (csv->row.count != csv->width)
        return import_bad(csv->import, "%" PRIu64 ": %zu columns instead of %zu", csv->row_line,
                          csv->row.count, csv->width);
    if (!csv->has_columns) {
        size_t gap = columns_row_gap(&csv->row);
        int outcome;

        if (gap < csv->row.count)
            return bad_field(csv, gap, number_fault_text(NUMBER_NOT));
        outcome = choose_columns(csv, &csv->row);
        if (outcome != EXIT_DONE)
            return outcome;
    }
    return add_item(csv, number);
}

/* A line may end with LF, CR, or CR LF; the LF of the last kind comes as an empty row. */
static void count_line_end(struct csv_import *csv, int end, bool is_blank)
{
    bool is_second_half = end == CSV_LF && is_blank && csv->ends_with_cr;

    if ((end == CSV_LF || end == CSV_CR) && !is_second_half)
        csv->line++;
    csv->ends_with_cr = end == CSV_CR;
    csv->row_line = csv->line;
}

static int row_too_long(struct csv_import *csv)
{
    return import_broken(csv->import, "%" PRIu64 ": the row is longer than %zu MiB", csv->row_line,
                         ROW_BYTES_MAX >> 20);
}

static void on_field(void *field, size_t size, void *context)
{
    struct csv_import *csv = context;
    const char *c = field;
    const char *end = c + size;

    if (csv->outcome != EXIT_DONE)
        return;
    if (csv->row.text_size + size > ROW_BYTES_MAX)
        csv->outcome = row_too_long(csv);
    else if (!columns_row_add(&csv->row, field, size))
        csv->outcome = message_no_memory();
    while (size > 0 && (c = memchr(c, '\n', (size_t)(end - c))) != NULL) {
        csv->line++;
        c++;
    }
}

static void on_row(int end, void *context)
{
    struct csv_import *csv = context;
    bool is_blank = csv->row.count == 0;

    if (csv->outcome == EXIT_DONE && !is_blank)
        csv->outcome = take_row(csv);
    columns_row_clear(&csv->row);
    count_line_end(csv, end, is_blank);
}

static int parse(struct csv_import *csv, struct csv_parser *parser, char *buffer)
{
    size_t got = READ_BYTES;

    while (csv->outcome == EXIT_DONE && got == READ_BYTES) {
        int outcome = import_read_text(csv->import, buffer, READ_BYTES, &got);

        if (outcome != EXIT_DONE)
            return outcome;
        if (csv_parse(parser, buffer, got, on_field, on_row, csv) != got)
            return message_no_memory();
        if (csv->outcome == EXIT_DONE && csv->row.text_size + parser->entry_pos > ROW_BYTES_MAX)
            csv->outcome = row_too_long(csv);
    }
    if (csv->outcome != EXIT_DONE)
        return csv->outcome;
    if (parser->pstate == PARSER_IN_FIELD && parser->quoted)
        return import_broken(csv->import, "%" PRIu64 ": a quote is opened and never closed",
                             csv->row_line);
    csv_fini(parser, on_field, on_row, csv);
    if (csv->outcome == EXIT_DONE && !csv->has_columns)
        return import_broken(csv->import, " no items");
    return csv->outcome;
}

int import_csv(struct import *import)
{
    struct csv_import csv = {.import = import, .line = 1, .row_line = 1};
    struct csv_parser parser;
    char *buffer = malloc(READ_BYTES);
    int outcome;

    if (buffer == NULL)
        return message_no_memory();
    if (csv_init(&parser, CSV_APPEND_NULL | CSV_REPALL_NL) != 0) {
        free(buffer);
        return message_no_memory();
    }
    csv_set_blk_size(&parser, GROW_BYTES);
    outcome = parse(&csv, &parser, buffer);
    csv_free(&parser);
    columns_row_release(&csv.row);
    columns_row_release(&csv.header);
    free(buffer);
    return outcome;
}
