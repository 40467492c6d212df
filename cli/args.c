/* cli/args.c -- values on the command line: sizes, numbers, lists, positions.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "args.h"

#include <stdlib.h>
#include <string.h>

#include "number.h"

uint64_t args_u64(struct argp_state *state, const char *option, const char *text)
{
    uint64_t value;

    if (number_u64(text, strlen(text), &value) != NUMBER_FINE)
        argp_error(state, "%s: \"%s\" is not a whole number from 0 to 2^64-1", option, text);
    return value;
}

uint64_t args_bytes(struct argp_state *state, const char *option, const char *text)
{
    static const char units[] = "KMGT";
    size_t size = strlen(text);
    const char *unit = size > 0 ? strchr(units, text[size - 1]) : NULL;
    unsigned shift = unit != NULL ? 10u * (unsigned)(unit - units + 1) : 0;
    uint64_t value;

    if (unit != NULL)
        size--;
    if (number_u64(text, size, &value) != NUMBER_FINE || value > UINT64_MAX >> shift)
        argp_error(state, "%s: \"%s\" is not a size in bytes such as 4096, 512K, 64M or 2G", option,
                   text);
    return value << shift;
}

void args_doubles(struct argp_state *state, const char *option, const char *text, double **values,
                  size_t *count)
{
    const char *start = text;
    size_t capacity = 1;

    for (const char *c = text; *c != '\0'; c++)
        capacity += *c == ',';
    free(*values);
    *count = 0;
    *values = calloc(capacity, sizeof **values);
    if (*values == NULL) {
        argp_failure(state, argp_err_exit_status, 0, "out of memory");
        return;
    }
    while (*count < capacity) {
        size_t size = strcspn(start, ",");
        enum number_fault fault = number_double(start, size, &(*values)[*count]);

        if (fault != NUMBER_FINE)
            argp_error(state, "%s: \"%.*s\" %s", option, (int)size, start,
                       number_fault_text(fault));
        (*count)++;
        start += size + 1;
    }
}

double args_double(struct argp_state *state, const char *option, const char *text)
{
    double value = 0;
    enum number_fault fault = number_double(text, strlen(text), &value);

    if (fault != NUMBER_FINE)
        argp_error(state, "%s: \"%s\" %s", option, text, number_fault_text(fault));
    return value;
}

xt_kernel args_kernel(struct argp_state *state, const char *name)
{
    static const char *const names[] = {"best", "portable", "avx2", "avx512"};

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0)
            return (xt_kernel)i;
    }
    argp_error(state, "--kernel: \"%s\" is none of best, portable, avx2, avx512", name);
    return XT_KERNEL_BEST;
}

void args_position(struct argp_state *state, const char *arg, const char **slots, size_t count)
{
    if (state->arg_num >= count)
        argp_error(state, "\"%s\" is one argument too many", arg);
    else
        slots[state->arg_num] = arg;
}

static void set_kind(struct argp_state *state, struct args_schema *schema, xt_item_kind kind)
{
    if (schema->kind != 0 && schema->kind != kind)
        argp_error(state, "--points and --boxes exclude each other");
    schema->kind = kind;
}

static xt_coord_type coord_type(struct argp_state *state, const char *text)
{
    if (strcmp(text, "f64") == 0)
        return XT_F64;
    if (strcmp(text, "f32") != 0)
        argp_error(state, "--coord: \"%s\" is neither f64 nor f32", text);
    return XT_F32;
}

static uint32_t dims(struct argp_state *state, const char *text)
{
    uint64_t value = args_u64(state, "--dims", text);

    if (value < 1 || value > XT_DIMS_MAX)
        argp_error(state, "--dims: %s is not from 1 to %u", text, XT_DIMS_MAX);
    return (uint32_t)value;
}

static error_t parse_schema(int key, char *arg, struct argp_state *state)
{
    struct args_schema *schema = state->input;

    switch (key) {
    case ARGS_DIMS:
        schema->dims = dims(state, arg);
        return 0;
    case ARGS_POINTS:
        set_kind(state, schema, XT_POINTS);
        return 0;
    case ARGS_BOXES:
        set_kind(state, schema, XT_BOXES);
        return 0;
    case ARGS_COORD:
        schema->coord_type = coord_type(state, arg);
        return 0;
    case ARGS_ARENA_SIZE:
        schema->arena_bytes = args_bytes(state, "--arena-size", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option schema_options[] = {
    {"dims",       ARGS_DIMS,       "D",       0, "Dimensions of the store, 1 to 255",                1},
    {"points",     ARGS_POINTS,     NULL,      0, "Items are points",                                 1},
    {"boxes",      ARGS_BOXES,      NULL,      0, "Items are boxes: low corner, high corner",         1},
    {"coord",      ARGS_COORD,      "f64|f32", 0, "Type of the stored coordinates (f64)",             1},
    {"arena-size", ARGS_ARENA_SIZE, "BYTES",   0, "Range of the first arena, a multiple of 2M (64M)",
     1                                                                                                 },
    {NULL,         0,               NULL,      0, NULL,                                               0},
};

const struct argp args_schema_argp = {schema_options, parse_schema, NULL, NULL, NULL, NULL, NULL};

static xt_medium medium(struct argp_state *state, const char *text)
{
    if (strcmp(text, "disk") == 0)
        return XT_MEDIUM_DISK;
    if (strcmp(text, "memory") != 0)
        argp_error(state, "--medium: \"%s\" is neither memory nor disk", text);
    return XT_MEDIUM_MEMORY;
}

static double max_overlap(struct argp_state *state, const char *text)
{
    double value = args_double(state, "--max-overlap", text);

    if (!(value > 0 && value <= 1))
        argp_error(state, "--max-overlap: %s is not above 0 and at most 1", text);
    return value;
}

static error_t parse_tuning(int key, char *arg, struct argp_state *state)
{
    struct args_tuning *tuning = state->input;

    switch (key) {
    case ARGS_MEDIUM:
        tuning->medium = medium(state, arg);
        return 0;
    case ARGS_MAX_OVERLAP:
        tuning->max_overlap = max_overlap(state, arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option tuning_options[] = {
    {NULL,          0,                NULL,          0, "For the shape of the tree; a store does not remember them:", 0},
    {"medium",      ARGS_MEDIUM,      "memory|disk", 0, "Where most nodes are read from later (memory)",              0},
    {"max-overlap", ARGS_MAX_OVERLAP, "F",           0,
     "Share of a node's children that both halves of a split may hold, up to 1 (computed)",                           0},
    {NULL,          0,                NULL,          0, NULL,                                                         0},
};

const struct argp args_tuning_argp = {tuning_options, parse_tuning, NULL, NULL, NULL, NULL, NULL};
