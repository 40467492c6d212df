/* cli/args.h -- values on the command line: sizes, numbers, lists, positions.
 *
 * Each function either gives the value or ends the process through argp_error() with a message
 * that names the option, so that callers need no error path.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xtree.h>

/* What several commands say about the store they make. */
struct args_schema {
    uint32_t dims;            /* 0: not said */
    xt_item_kind kind;        /* 0: not said */
    xt_coord_type coord_type; /* 0: not said */
    uint64_t arena_bytes;     /* 0: not said */
};

/* What the commands that change a tree say about supernodes. */
struct args_tuning {
    xt_medium medium;
    double max_overlap; /* 0: computed */
};

enum args_key { /* above every character, so that they have no short form */
                ARGS_DIMS = 0x100,
                ARGS_POINTS,
                ARGS_BOXES,
                ARGS_COORD,
                ARGS_ARENA_SIZE,
                ARGS_MEDIUM,
                ARGS_MAX_OVERLAP,
                ARGS_OWN /* the first key that a command may use for itself */
};

/* For the argp children of a command; their input is a struct args_schema. */
extern const struct argp args_schema_argp;

/* Likewise; their input is a struct args_tuning. */
extern const struct argp args_tuning_argp;

/* 0 to 2^64-1. */
uint64_t args_u64(struct argp_state *state, const char *option, const char *text);

/* Bytes: a number and optionally K, M, G or T, each 1024 times the one before. */
uint64_t args_bytes(struct argp_state *state, const char *option, const char *text);

/* inf and -inf are allowed. */
double args_double(struct argp_state *state, const char *option, const char *text);

/* One of best, portable, avx2, avx512. */
xt_kernel args_kernel(struct argp_state *state, const char *name);

/* A list of doubles with commas between them. The caller frees *values. */
void args_doubles(struct argp_state *state, const char *option, const char *text, double **values,
                  size_t *count);

/* Stores positional argument state->arg_num in slots[]; too many are an error. */
void args_position(struct argp_state *state, const char *arg, const char **slots, size_t count);

#endif
