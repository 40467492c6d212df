/* cli/import_raw.c -- rows of packed little-endian doubles or floats, nothing else.
 *
 * The host is little-endian like every store, so the bytes are the numbers.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "import.h"

#define READ_BYTES (1u << 18)

int import_packed_row(struct import *import, uint64_t row, const char *bytes, size_t value_bytes,
                      size_t axis_stride)
{
    double coords[2 * XT_DIMS_MAX];
    size_t count = import_row_count(import), at;
    enum import_fault fault;
    char why[128];

    for (size_t i = 0; i < count; i++) {
        float narrow;

        if (value_bytes == sizeof narrow) {
            memcpy(&narrow, bytes + i * axis_stride, sizeof narrow);
            coords[i] = (double)narrow;
        } else {
            memcpy(&coords[i], bytes + i * axis_stride, sizeof(double));
        }
    }
    fault = import_check(import, coords, &at);
    if (fault == IMPORT_FINE)
        return import_add(import, row, coords);
    import_fault_text(import, fault, coords, at, why, sizeof why);
    return import_bad(import, " row %" PRIu64 ": %s", row, why);
}

static int read_rows(struct import *import, char *buffer, size_t buffer_size, size_t value_bytes)
{
    size_t row_bytes = value_bytes * import_row_count(import);
    size_t got = buffer_size;
    uint64_t row = 0;
    int outcome = EXIT_DONE;

    while (outcome == EXIT_DONE && got == buffer_size) {
        outcome = input_read(import->input, buffer, buffer_size, &got);
        for (size_t at = 0; outcome == EXIT_DONE && at + row_bytes <= got; at += row_bytes)
            outcome = import_packed_row(import, row++, buffer + at, value_bytes, value_bytes);
    }
    if (outcome == EXIT_DONE && got % row_bytes != 0)
        return import_broken(import,
                             " the last row, number %" PRIu64 ", has %zu bytes instead of %zu; are "
                             "--dims, --points, --boxes and --coord right?",
                             row, got % row_bytes, row_bytes);
    return outcome;
}

int import_raw(struct import *import)
{
    size_t value_bytes = import->file_type == XT_F32 ? sizeof(float) : sizeof(double);
    size_t row_bytes, buffer_size;
    char *buffer;
    int outcome;

    if (import->dims == 0 || import->kind == 0) {
        message("a raw file does not say what it holds: say --dims D and --points or --boxes");
        return EXIT_USAGE;
    }
    outcome = import_begin(import, import->dims, import->kind, import->kind == XT_BOXES);
    if (outcome != EXIT_DONE)
        return outcome;
    row_bytes = value_bytes * import_row_count(import);
    buffer_size = READ_BYTES / row_bytes * row_bytes;
    buffer = malloc(buffer_size);
    if (buffer == NULL)
        return message_no_memory();
    outcome = read_rows(import, buffer, buffer_size, value_bytes);
    free(buffer);
    return outcome;
}
