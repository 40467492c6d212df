/* cli/plot_svg.c -- writes a plot as SVG.
 *
 * All boxes of a level are one path, and so are all dots of a brightness: the file stays small and
 * a viewer fast. Paths move relatively and count in whole tenths of a pixel, so that no rounding
 * adds up.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "plot.h"

#define BRIGHTNESSES 5u
#define FONT "font-family=\"Inter, 'Helvetica Neue', 'Segoe UI', 'DejaVu Sans', sans-serif\""
#define GRID "stroke=\"#fff\" stroke-opacity=\".045\""
#define LABEL_CHARACTERS 5 /* of a tick, as many as the left margin has room for */
#define COUNT_TEXT_SIZE 32

/* Where a path's pen is, in tenths of a pixel. */
struct pen {
    FILE *file;
    long x, y;
};

static long tenths(float pixels)
{
    return lroundf(pixels * 10);
}

/* Writes tenths as the shortest number: 12.5, -3, .4 */
static void write_tenths(FILE *file, long value, bool needs_space)
{
    long size = labs(value);

    if (value < 0)
        fputc('-', file);
    else if (needs_space)
        fputc(' ', file);
    if (size >= 10 || size == 0)
        fprintf(file, "%ld", size / 10);
    if (size % 10 != 0)
        fprintf(file, ".%ld", size % 10);
}

static void pen_move(struct pen *pen, long x, long y)
{
    fputc('m', pen->file);
    write_tenths(pen->file, x - pen->x, false);
    write_tenths(pen->file, y - pen->y, true);
    pen->x = x;
    pen->y = y;
}

static void pen_rect(struct pen *pen, const struct plot_rect *rect)
{
    long width = tenths(rect->x1) - tenths(rect->x0);
    long height = tenths(rect->y1) - tenths(rect->y0);

    pen_move(pen, tenths(rect->x0), tenths(rect->y0));
    fputc('h', pen->file);
    write_tenths(pen->file, width, false);
    fputc('v', pen->file);
    write_tenths(pen->file, height, false);
    fputc('h', pen->file);
    write_tenths(pen->file, -width, false);
    fputc('z', pen->file);
}

static void write_rects(FILE *file, const struct plot_rects *rects)
{
    struct pen pen = {.file = file};

    fputs(" d=\"M0 0", file);
    for (size_t i = 0; i < rects->count; i++)
        pen_rect(&pen, &rects->items[i]);
    fputs("\"/>\n", file);
}

/* Digits in groups of three. */
static const char *count_text(uint64_t count, char text[COUNT_TEXT_SIZE])
{
    char digits[COUNT_TEXT_SIZE];
    size_t size = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, count);
    size_t used = 0;

    for (size_t i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0)
            text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
    return text;
}

static void write_escaped(FILE *file, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        switch (*c) {
        case '<':
            fputs("&lt;", file);
            break;
        case '>':
            fputs("&gt;", file);
            break;
        case '&':
            fputs("&amp;", file);
            break;
        case '"':
            fputs("&quot;", file);
            break;
        default:
            fputc(*c, file);
        }
    }
}

/* ---- the sheet, its title, its scales ---- */

static void write_sheet(const struct plot *plot, FILE *file)
{
    const struct plot_paper *paper = &plot->paper;

    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
            "height=\"%.0f\">\n",
            paper->width, paper->height, paper->width, paper->height);
    fputs("<defs><radialGradient id=\"night\" cx=\".5\" cy=\".42\" r=\".85\">"
          "<stop offset=\"0\" stop-color=\"#151d33\"/><stop offset=\"1\" stop-color=\"#080b14\"/>"
          "</radialGradient></defs>\n",
          file);
    fprintf(file, "<rect width=\"%.0f\" height=\"%.0f\" fill=\"url(#night)\"/>\n", paper->width,
            paper->height);
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

static const char *kind_name(const struct plot *plot)
{
    return plot->reader->stats.kind == XT_BOXES ? "boxes" : "points";
}

static void write_title(const struct plot *plot, FILE *file)
{
    const struct plot_paper *paper = &plot->paper;
    const xt_store_stats *stats = &plot->reader->stats;
    const char *title = plot->options->title;
    char items[COUNT_TEXT_SIZE], bytes[NUMBER_TEXT_SIZE];

    fprintf(file,
            "<text x=\"%.0f\" y=\"54\" " FONT " font-size=\"30\" font-weight=\"600\" "
            "fill=\"#f4f6fb\">",
            paper->left);
    write_escaped(file, title != NULL ? title : file_name(plot->reader->path));
    fprintf(file, "</text>\n<text x=\"%.0f\" y=\"80\" " FONT " font-size=\"15\" fill=\"#8d99b5\">",
            paper->left);
    fprintf(file, "%s %s", count_text(plot->items, items), kind_name(plot));
    fprintf(file, " \u00b7 %s%" PRIu32 " dimension%s", stats->dims > 2 ? "first 2 of " : "",
            stats->dims, stats->dims == 1 ? "" : "s");
    fprintf(file, " \u00b7 tree of %" PRIu32 " level%s", plot->height,
            plot->height == 1 ? "" : "s");
    if (plot->items > 0)
        fprintf(file, " \u00b7 %s, %.1f bytes per item",
                number_bytes_text(stats->committed_bytes, bytes),
                (double)stats->committed_bytes / (double)plot->items);
    fputs("</text>\n", file);
}

/* The step of 1, 2 or 5 times a power of ten that gives about `wanted` lines. */
static double nice_step(double span, double wanted)
{
    double rough = span / wanted;
    double power = pow(10, floor(log10(rough)));
    double lead = rough / power;

    return power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
}

static void write_tick(const struct plot_paper *paper, FILE *file, int axis, double value)
{
    double right = paper->left + paper->inner_width, bottom = paper->top + paper->inner_height;
    double x = plot_x(paper, value), y = plot_y(paper, value);
    char label[NUMBER_TEXT_SIZE];
    int size = snprintf(label, sizeof label, "%.10g", value);

    if (axis == 0)
        fprintf(file,
                "<path " GRID " d=\"M%.1f %.1fV%.1f\"/><text x=\"%.1f\" y=\"%.1f\">%s</text>\n", x,
                paper->top, bottom, x, bottom + 17, label);
    else if (size <= LABEL_CHARACTERS)
        fprintf(file,
                "<path " GRID " d=\"M%.1f %.1fH%.1f\"/><text x=\"%.1f\" y=\"%.1f\" "
                "text-anchor=\"end\">%s</text>\n",
                paper->left, y, right, paper->left - 6, y + 3.5, label);
    else /* too long for the margin: inside, above its line */
        fprintf(file,
                "<path " GRID " d=\"M%.1f %.1fH%.1f\"/><text x=\"%.1f\" y=\"%.1f\" "
                "text-anchor=\"start\">%s</text>\n",
                paper->left, y, right, paper->left + 5, y - 4, label);
}

static void write_scales(const struct plot *plot, FILE *file)
{
    const struct plot_paper *paper = &plot->paper;
    double step = nice_step(paper->inner_width / paper->scale, paper->inner_width / 130);
    int axes = plot->reader->stats.dims < 2 ? 1 : 2;

    fprintf(file, "<g " FONT " font-size=\"10.5\" text-anchor=\"middle\" fill=\"#55617e\">\n");
    for (int axis = 0; axis < axes; axis++) {
        double first = ceil(paper->low[axis] / step);

        for (int i = 0; i < 64 && (first + i) * step <= paper->high[axis]; i++)
            write_tick(paper, file, axis, (first + i) * step);
    }
    fprintf(file,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" "
            "stroke=\"#fff\" stroke-opacity=\".09\"/>\n</g>\n",
            paper->left, paper->top, paper->inner_width, paper->inner_height);
}

/* ---- data and tree ---- */

static unsigned brightness(const struct plot_data *data, uint32_t count)
{
    double part = data->densest > 1 ? log(count) / log(data->densest) : 0;

    return (unsigned)fmin(part * BRIGHTNESSES, BRIGHTNESSES - 1);
}

static void write_dots(const struct plot_data *data, FILE *file, unsigned wanted)
{
    static const char *const colours[BRIGHTNESSES] = {"#b9cfe4", "#cfe2f0", "#e3f0f8", "#f3f9fc",
                                                      "#ffffff"};
    struct pen pen = {.file = file};

    fprintf(file, "<path stroke=\"%s\" stroke-opacity=\"%.2f\" stroke-width=\"%.2f\" d=\"M0 0",
            colours[wanted], 0.62 + 0.09 * wanted, fmin(1.0 + 0.15 * data->cell, 1.7));
    for (size_t i = 0; i < data->columns * data->rows; i++) {
        const struct plot_dot *dot = &data->dots[i];

        if (dot->count == 0 || brightness(data, dot->count) != wanted)
            continue;
        pen_move(&pen, tenths(dot->x), tenths(dot->y));
        fputs("h0", file);
    }
    fputs("\"/>\n", file);
}

static void write_data(const struct plot *plot, FILE *file)
{
    fputs("<g fill=\"none\" stroke-linecap=\"round\">\n", file);
    for (unsigned i = 0; i < BRIGHTNESSES; i++)
        write_dots(&plot->data, file, i);
    if (plot->data.boxes.count > 0) {
        fprintf(file, "<path stroke=\"#cfe2f0\" stroke-opacity=\"%.2f\" stroke-width=\".6\"",
                plot->data.boxes.count < 1000 ? 0.75 : 0.45);
        write_rects(file, &plot->data.boxes);
    }
    fputs("</g>\n", file);
}

/* The levels from `first` up to, but without, `end`. */
static void write_levels(const struct plot *plot, FILE *file, uint32_t first, uint32_t end)
{
    char colour[PLOT_COLOUR_SIZE];

    fputs("<g fill=\"none\" stroke-linejoin=\"round\">\n", file);
    for (uint32_t level = first; level < end && level < plot->height; level++) {
        if (!plot->levels[level].is_drawn)
            continue;
        plot_level_colour(level, plot->height, colour);
        fprintf(file, "<path stroke=\"%s\" stroke-opacity=\"%.2f\" stroke-width=\"%.2f\"", colour,
                plot_level_opacity(level, plot->height), plot_level_stroke(level, plot->height));
        write_rects(file, &plot->levels[level].boxes);
    }
    fputs("</g>\n", file);
}

/* ---- the legend ---- */

/* Writes an entry's words at `x`; gives where the next entry begins. */
static double write_words(FILE *file, double x, double y, const char *name, const char *count)
{
    fprintf(file, "<text x=\"%.1f\" y=\"%.1f\">%s <tspan fill=\"#8d99b5\">%s</tspan></text>\n", x,
            y + 5, name, count);
    return x + 8.2 * (double)(strlen(name) + strlen(count)) + 34;
}

static double write_level_entry(const struct plot *plot, FILE *file, uint32_t level, double x)
{
    double y = plot->paper.height - 30;
    char colour[PLOT_COLOUR_SIZE], name[48], count[COUNT_TEXT_SIZE];

    if (level + 1 == plot->height)
        snprintf(name, sizeof name, "root");
    else if (level == 0)
        snprintf(name, sizeof name, "leaves");
    else
        snprintf(name, sizeof name, "level %" PRIu32, level);
    if (!plot->levels[level].is_drawn)
        snprintf(name + strlen(name), sizeof name - strlen(name), " (not drawn)");
    plot_level_colour(level, plot->height, colour);
    fprintf(file,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"22\" height=\"14\" rx=\"2\" fill=\"%s\" "
            "fill-opacity=\".12\" stroke=\"%s\" stroke-width=\"%.2f\"/>",
            x, y - 7, colour, colour, plot_level_stroke(level, plot->height) + 0.3);
    return write_words(file, x + 31, y, name, count_text(plot->levels[level].nodes, count));
}

static void write_legend(const struct plot *plot, FILE *file)
{
    double x = plot->paper.left + 4, y = plot->paper.height - 30;
    char count[COUNT_TEXT_SIZE];

    fputs("<g " FONT " font-size=\"14.5\" fill=\"#dfe5f2\">\n", file);
    fprintf(file,
            "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.2\" fill=\"#f3f9fc\"/>"
            "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"1.7\" fill=\"#b9cfe4\"/>"
            "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"1.4\" fill=\"#cfe2f0\"/>",
            x + 5, y + 2, x + 13, y - 4, x + 16, y + 4);
    x = write_words(file, x + 27, y, kind_name(plot), count_text(plot->items, count));
    for (uint32_t level = 0; level < plot->height; level++)
        x = write_level_entry(plot, file, level, x);
    fputs("</g>\n", file);
}

bool plot_write(const struct plot *plot, FILE *file)
{
    write_sheet(plot, file);
    write_title(plot, file);
    write_scales(plot, file);
    write_levels(plot, file, 0, 1); /* leaves are many: they lie under the data */
    write_data(plot, file);
    write_levels(plot, file, 1, plot->height);
    write_legend(plot, file);
    fputs("</svg>\n", file);
    return !ferror(file);
}
