/* cli/import_npy.c -- NumPy's .npy: a table of f4 or f8 with one row per item.
 *
 *     magic "\x93NUMPY", version major and minor (one byte each),
 *     header size (2 bytes in version 1, 4 bytes in versions 2 and 3, little-endian),
 *     header: {'descr': '<f8', 'fortran_order': False, 'shape': (1000, 4), }, blanks, new line
 *     the numbers, row by row, or in Fortran order column by column
 *
 * Row order is read as a stream. Fortran order has a row scattered over the whole file, so the
 * whole table is held in memory.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "import.h"
#include "number.h"

#define HEADER_BYTES_MAX 65536u

struct npy_table {
    size_t value_bytes;
    bool is_fortran;
    uint64_t rows, columns;
};

/* What stands behind 'key': in the header, or NULL. */
static const char *header_value(const char *header, const char *key)
{
    char quoted[32];
    const char *found;

    snprintf(quoted, sizeof quoted, "'%s'", key);
    found = strstr(header, quoted);
    if (found == NULL)
        return NULL;
    found += strlen(quoted);
    found += strspn(found, " ");
    if (*found != ':')
        return NULL;
    found++;
    return found + strspn(found, " ");
}

static int parse_type(struct import *import, const char *descr, struct npy_table *table)
{
    if (strncmp(descr, "'<f8'", 5) == 0) {
        table->value_bytes = 8;
        return EXIT_DONE;
    }
    if (strncmp(descr, "'<f4'", 5) == 0) {
        table->value_bytes = 4;
        return EXIT_DONE;
    }
    return import_broken(import, " numbers of type %.*s; can read '<f8' and '<f4' (little-endian)",
                         (int)strcspn(descr, ",}"), descr);
}

/* Reads a number and moves behind it and the blanks that follow. */
static bool parse_count(const char **text, uint64_t *count)
{
    size_t size = strspn(*text, "0123456789");

    if (number_u64(*text, size, count) != NUMBER_FINE)
        return false;
    *text += size;
    *text += strspn(*text, " ");
    return true;
}

/* Exactly two numbers: (1000, 4) */
static bool parse_shape(const char *text, struct npy_table *table)
{
    if (*text++ != '(' || !parse_count(&text, &table->rows) || *text++ != ',')
        return false;
    text += strspn(text, " ");
    return parse_count(&text, &table->columns) && *text == ')';
}

static int parse_header(struct import *import, const char *header, struct npy_table *table)
{
    const char *descr = header_value(header, "descr");
    const char *order = header_value(header, "fortran_order");
    const char *shape = header_value(header, "shape");
    int outcome;

    if (descr == NULL || order == NULL || shape == NULL)
        return import_broken(import, " the NPY header lacks descr, fortran_order or shape");
    outcome = parse_type(import, descr, table);
    if (outcome != EXIT_DONE)
        return outcome;
    table->is_fortran = strncmp(order, "True", 4) == 0;
    if (!parse_shape(shape, table))
        return import_broken(import, " shape %.*s; must be (rows, columns)",
                             (int)strcspn(shape, ")}\n") + 1, shape);
    return EXIT_DONE;
}

static int read_header(struct import *import, char *header, size_t *header_size)
{
    unsigned char start[12];
    size_t got, size_bytes;
    int outcome = input_read(import->input, start, 8, &got);

    if (outcome != EXIT_DONE)
        return outcome;
    if (got < 8 || memcmp(start, "\x93NUMPY", 6) != 0)
        return import_broken(import, " not an NPY file (its first bytes are not \\x93NUMPY)");
    if (start[6] < 1 || start[6] > 3)
        return import_broken(import, " NPY version %u.%u; can read 1 to 3", start[6], start[7]);
    size_bytes = start[6] == 1 ? 2 : 4;
    outcome = input_read(import->input, start + 8, size_bytes, &got);
    if (outcome != EXIT_DONE)
        return outcome;
    *header_size = (size_t)start[8] | (size_t)start[9] << 8;
    if (size_bytes == 4)
        *header_size |= (size_t)start[10] << 16 | (size_t)start[11] << 24;
    if (got < size_bytes || *header_size >= HEADER_BYTES_MAX)
        return import_broken(import, " the size of the NPY header makes no sense");
    outcome = input_read(import->input, header, *header_size, &got);
    header[got] = '\0';
    if (outcome == EXIT_DONE && got < *header_size)
        return import_broken(import, " ends inside the NPY header");
    return outcome;
}

static int ends_early(struct import *import, uint64_t row, const struct npy_table *table)
{
    return import_broken(import, " ends in row %" PRIu64 " of %" PRIu64, row, table->rows);
}

static int read_row_order(struct import *import, const struct npy_table *table)
{
    char bytes[(size_t)2 * XT_DIMS_MAX * sizeof(double)];
    size_t row_bytes = table->value_bytes * import_row_count(import), got;
    int outcome = EXIT_DONE;

    for (uint64_t row = 0; outcome == EXIT_DONE && row < table->rows; row++) {
        outcome = input_read(import->input, bytes, row_bytes, &got);
        if (outcome == EXIT_DONE && got < row_bytes)
            return ends_early(import, row, table);
        if (outcome == EXIT_DONE)
            outcome = import_packed_row(import, row, bytes, table->value_bytes, table->value_bytes);
    }
    return outcome;
}

static int read_column_order(struct import *import, const struct npy_table *table)
{
    size_t value_bytes = table->value_bytes, size, got;
    char *bytes;
    int outcome;

    if (__builtin_mul_overflow(table->rows, table->columns * value_bytes, &size))
        return ends_early(import, 0, table);
    bytes = malloc(size > 0 ? size : 1);
    if (bytes == NULL) {
        message("%s: a table in Fortran order must fit in memory; store it in C order",
                input_name(import->input));
        return EXIT_SYSTEM;
    }
    outcome = input_read(import->input, bytes, size, &got);
    if (outcome == EXIT_DONE && got < size)
        outcome = ends_early(import, got / value_bytes % table->rows, table);
    for (uint64_t row = 0; outcome == EXIT_DONE && row < table->rows; row++)
        outcome = import_packed_row(import, row, bytes + row * value_bytes, value_bytes,
                                    table->rows * value_bytes);
    free(bytes);
    return outcome;
}

static int read_table(struct import *import, const struct npy_table *table)
{
    char extra;
    size_t got;
    int outcome =
        table->is_fortran ? read_column_order(import, table) : read_row_order(import, table);

    if (outcome == EXIT_DONE)
        outcome = input_read(import->input, &extra, 1, &got);
    if (outcome == EXIT_DONE && got != 0)
        return import_broken(import, " goes on after the %" PRIu64 " rows that its header tells of",
                             table->rows);
    return outcome;
}

int import_npy(struct import *import)
{
    struct npy_table table = {0};
    size_t header_size;
    char *header = malloc(HEADER_BYTES_MAX);
    int outcome;

    if (header == NULL)
        return message_no_memory();
    outcome = read_header(import, header, &header_size);
    if (outcome == EXIT_DONE)
        outcome = parse_header(import, header, &table);
    free(header);
    if (outcome == EXIT_DONE)
        outcome = import_begin_counted(import, table.columns);
    if (outcome == EXIT_DONE)
        outcome = read_table(import, &table);
    return outcome;
}
