/* cli/plot.h -- what the parts of xtree plot share: the paper, the picture's data, the SVG writer.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_PLOT_H
#define CLI_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <xtree.h>

#include "reader.h"

/* The sheet in pixels and the part of it that shows the data. */
struct plot_paper {
    double width, height;
    double left, top, inner_width, inner_height;
    double low[2], high[2]; /* of the data that is shown */
    double scale;           /* pixels per unit of the data, the same on both axes */
};

/* How a plot is wanted: zero means a default. */
struct plot_options {
    const char *title; /* NULL: the name of the store */
    double width, height;
    bool has_level_min, has_level_max;
    uint32_t level_min, level_max;
};

struct plot_rect {
    float x0, y0, x1, y1; /* on the paper, y downward */
};

struct plot_rects {
    struct plot_rect *items;
    size_t count, capacity;
};

/* A dot: the first item of its cell, and how many items fell there. */
struct plot_dot {
    float x, y;
    uint32_t count; /* 0: no item */
};

struct plot_data {
    struct plot_dot *dots;
    size_t columns, rows;    /* of cells */
    double cell;             /* side of a cell in pixels */
    uint32_t densest;        /* the largest count of a cell */
    struct plot_rects boxes; /* items large enough to be seen as boxes */
    bool has_no_memory;
};

struct plot_level {
    uint64_t nodes; /* in the tree */
    bool is_drawn;
    struct plot_rects boxes;
};

struct plot {
    struct reader *reader;
    const struct plot_options *options;
    struct plot_paper paper;
    struct plot_data data;
    uint64_t items;
    uint32_t height; /* of the tree */
    struct plot_level levels[XT_LEVELS_MAX];
};

/* plot_data.c */
void plot_paper_fit(struct plot_paper *paper, const struct plot_options *options);
double plot_x(const struct plot_paper *paper, double x);
double plot_y(const struct plot_paper *paper, double y);
bool plot_rects_add(struct plot_rects *rects, struct plot_rect rect);
int plot_gather(struct plot *plot);
void plot_release(struct plot *plot);

/* plot_svg.c. False when the file could not be written. */
bool plot_write(const struct plot *plot, FILE *file);

/* plot_style.c: colours, as "#rrggbb". Levels run from 0, the leaves, to height - 1, the root. */
#define PLOT_COLOUR_SIZE 8
void plot_level_colour(uint32_t level, uint32_t height, char colour[PLOT_COLOUR_SIZE]);
double plot_level_stroke(uint32_t level, uint32_t height);
double plot_level_opacity(uint32_t level, uint32_t height);

#endif
