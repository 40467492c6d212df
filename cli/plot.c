/* cli/plot.c -- xtree plot: draws the tree over its data as SVG.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "plot.h"

#include <argp.h>
#include <errno.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "message.h"

enum plot_key { KEY_TITLE = ARGS_OWN, KEY_WIDTH, KEY_HEIGHT, KEY_LEVEL_MIN, KEY_LEVEL_MAX };

struct plot_args {
    const char *positions[2]; /* STORE, OUT.svg */
    struct plot_options options;
};

static double pixels(struct argp_state *state, const char *option, const char *text)
{
    uint64_t value = args_u64(state, option, text);

    if (value < 400 || value > 10000)
        argp_error(state, "%s: %s is not from 400 to 10000 pixels", option, text);
    return (double)value;
}

static uint32_t level(struct argp_state *state, const char *option, const char *text)
{
    uint64_t value = args_u64(state, option, text);

    return value < XT_LEVELS_MAX ? (uint32_t)value : XT_LEVELS_MAX;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct plot_args *args = state->input;
    struct plot_options *options = &args->options;

    switch (key) {
    case KEY_TITLE:
        options->title = arg;
        return 0;
    case KEY_WIDTH:
        options->width = pixels(state, "--width", arg);
        return 0;
    case KEY_HEIGHT:
        options->height = pixels(state, "--height", arg);
        return 0;
    case KEY_LEVEL_MIN:
        options->level_min = level(state, "--level-min", arg);
        options->has_level_min = true;
        return 0;
    case KEY_LEVEL_MAX:
        options->level_max = level(state, "--level-max", arg);
        options->has_level_max = true;
        return 0;
    case ARGP_KEY_ARG:
        args_position(state, arg, args->positions, 2);
        return 0;
    case ARGP_KEY_END:
        if (args->positions[0] == NULL)
            argp_error(state, "no STORE given: say which store to draw");
        if (args->positions[1] == NULL)
            argp_error(state, "no OUT.svg given: say which file to write, - for standard output");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"title",     KEY_TITLE,     "TEXT",   0, "Title (the name of the store)",                0},
    {"width",     KEY_WIDTH,     "PIXELS", 0, "Width of the picture (1600)",                  0},
    {"height",    KEY_HEIGHT,    "PIXELS", 0, "Height of the picture (as the data wants it)", 0},
    {"level-min", KEY_LEVEL_MIN, "N",      0, "Lowest level to draw; 0 are the leaves",       0},
    {"level-max", KEY_LEVEL_MAX, "N",      0, "Highest level to draw",                        0},
    {NULL,        0,             NULL,     0, NULL,                                           0},
};

static const struct argp argp = {
    options,
    parse,
    "STORE OUT.svg",
    "Draws the levels of the tree over the data, on the first two axes, as an SVG picture.",
    NULL,
    NULL,
    NULL,
};

static int write_file(const struct plot *plot, const char *path)
{
    FILE *file;
    bool is_written;

    if (strcmp(path, "-") == 0) {
        plot_write(plot, stdout);
        return message_flush();
    }
    file = fopen(path, "w");
    if (file == NULL) {
        message("cannot write \"%s\": %s", path, strerror(errno));
        return EXIT_SYSTEM;
    }
    is_written = plot_write(plot, file);
    if (fclose(file) == 0 && is_written)
        return EXIT_DONE;
    message("cannot write \"%s\": %s", path, strerror(errno));
    return EXIT_SYSTEM;
}

int command_plot(int argc, char **argv)
{
    struct plot_args args = {0};
    struct reader reader;
    struct plot plot = {.reader = &reader, .options = &args.options};
    int outcome;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    outcome = reader_open(&reader, args.positions[0]);
    if (outcome != EXIT_DONE)
        return outcome;
    outcome = plot_gather(&plot);
    if (outcome == EXIT_DONE)
        outcome = write_file(&plot, args.positions[1]);
    plot_release(&plot);
    reader_close(&reader);
    return outcome;
}
