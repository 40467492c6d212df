/* cli/plot.c -- xtree plot: draws the tree over its data as SVG.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "plot.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "args.h"
#include "cli.h"
#include "message.h"

enum plot_key { KEY_TITLE = ARGS_OWN, KEY_WIDTH, KEY_HEIGHT, KEY_LEVEL_MIN, KEY_LEVEL_MAX, KEY_AT };

struct plot_args {
    const char *positions[2]; /* STORE, OUT.svg */
    const char *at;           /* NULL: the newest commit */
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

static void check_args(struct argp_state *state, const struct plot_args *args)
{
    const struct plot_options *options = &args->options;

    if (args->positions[0] == NULL)
        argp_error(state, "no STORE given: say which store to draw");
    if (args->positions[1] == NULL)
        argp_error(state, "no OUT.svg given: say which file to write, - for standard output");
    if (options->has_level_min && options->has_level_max && options->level_min > options->level_max)
        argp_error(state, "--level-min is above --level-max");
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
    case KEY_AT:
        args->at = arg;
        return 0;
    case ARGP_KEY_ARG:
        args_position(state, arg, args->positions, 2);
        return 0;
    case ARGP_KEY_END:
        check_args(state, args);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"title",     KEY_TITLE,     "TEXT",     0, "Title (the name of the store)",                                   0},
    {"width",     KEY_WIDTH,     "PIXELS",   0, "Width of the picture (1600)",                                     0},
    {"height",    KEY_HEIGHT,    "PIXELS",   0, "Height of the picture (as the data wants it)",                    0},
    {"level-min", KEY_LEVEL_MIN, "N",        0, "Lowest level to draw; 0 are the leaves",                          0},
    {"level-max", KEY_LEVEL_MAX, "N",        0, "Highest level to draw",                                           0},
    {"at",        KEY_AT,        "SNAPSHOT", 0, "Draw a kept snapshot, by its name or number (the newest commit)",
     0                                                                                                              },
    {NULL,        0,             NULL,       0, NULL,                                                              0},
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

static int cannot_write(const char *path)
{
    message("cannot write \"%s\": %s", path, strerror(errno));
    return EXIT_SYSTEM;
}

/* Closes the file in any case. False, with errno, when not all of it is written. */
static bool write_and_close(const struct plot *plot, FILE *file)
{
    bool is_written = plot_write(plot, file);
    int error = errno;

    if (fclose(file) != 0)
        return false;
    errno = error;
    return is_written;
}

/* Writes a new file at `temporary`, with the permissions of `old` if there is one. */
static bool write_new(const struct plot *plot, const char *temporary, const struct stat *old)
{
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    FILE *file;

    if (fd < 0)
        return false;
    if (old != NULL && fchmod(fd, old->st_mode & 0777) != 0) {
        close(fd);
        return false;
    }
    file = fdopen(fd, "w");
    if (file == NULL) {
        close(fd);
        return false;
    }
    return write_and_close(plot, file);
}

/* The picture takes the place of the file at `path`, if any, once it is complete. */
static int replace_file(const struct plot *plot, const char *path, const struct stat *old)
{
    char *real = old != NULL ? realpath(path, NULL) : strdup(path);
    char *temporary = NULL;
    int outcome = EXIT_DONE;

    if (real == NULL)
        return cannot_write(path);
    if (asprintf(&temporary, "%s.%ld.tmp", real, (long)getpid()) < 0) {
        free(real);
        return message_no_memory();
    }
    if (!write_new(plot, temporary, old) || rename(temporary, real) != 0) {
        outcome = cannot_write(path);
        unlink(temporary);
    }
    free(temporary);
    free(real);
    return outcome;
}

static int write_file(const struct plot *plot, const char *path)
{
    struct stat old;
    bool is_there = stat(path, &old) == 0;
    FILE *file;

    if (strcmp(path, "-") == 0) {
        plot_write(plot, stdout);
        return message_flush();
    }
    if (!is_there || S_ISREG(old.st_mode))
        return replace_file(plot, path, is_there ? &old : NULL);
    file = fopen(path, "w"); /* a pipe or a device cannot be replaced */
    if (file == NULL || !write_and_close(plot, file))
        return cannot_write(path);
    return EXIT_DONE;
}

int command_plot(int argc, char **argv)
{
    struct plot_args args = {0};
    struct reader reader;
    struct plot plot = {.reader = &reader, .options = &args.options};
    int outcome;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    outcome = reader_open_at(&reader, args.positions[0], args.at);
    if (outcome != EXIT_DONE)
        return outcome;
    outcome = plot_gather(&plot);
    if (outcome == EXIT_DONE)
        outcome = write_file(&plot, args.positions[1]);
    plot_release(&plot);
    reader_close(&reader);
    return outcome;
}
