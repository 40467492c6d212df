/* cli/plot_data.c -- the data of a plot: where it lies on the paper, and how much of it is drawn.
 *
 * A picture of a thousand pixels cannot show millions of items, and an SVG file of them could not
 * be opened. So items fall into a grid of cells; of each cell its first item is drawn, brighter
 * the more items there are. Cells are a pixel wide, and wider until at most DOTS_MAX are occupied.
 * Drawing the item and not the cell's centre keeps the grid from showing. The order of the items
 * is fixed for a snapshot, so the picture is, too.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "message.h"
#include "plot.h"

#define DOTS_MAX 60000u
#define BOXES_MAX 16000u /* items drawn as boxes; the rest are dots */
#define BOX_PIXELS 3.0   /* an item this large is seen as a box */
#define NODES_MAX 20000u /* of all levels; the lowest level goes first */
#define WIDTH_DEFAULT 1600.0
#define MARGIN 40.0
#define HEADER 104.0 /* above the data */
#define FOOTER 86.0  /* below it */
#define ASPECT_MIN 0.35
#define ASPECT_MAX 1.25

double plot_x(const struct plot_paper *paper, double x)
{
    return paper->left + (x - paper->low[0]) * paper->scale;
}

double plot_y(const struct plot_paper *paper, double y)
{
    return paper->top + (paper->high[1] - y) * paper->scale;
}

/* Gives the data room to breathe, and an extent where it has none. */
static void pad_bounds(struct plot_paper *paper)
{
    double largest = fmax(paper->high[0] - paper->low[0], paper->high[1] - paper->low[1]);
    double pad = largest > 0 ? 0.012 * largest : 0.5;

    for (int axis = 0; axis < 2; axis++) {
        paper->low[axis] -= pad;
        paper->high[axis] += pad;
    }
}

void plot_paper_fit(struct plot_paper *paper, const struct plot_options *options)
{
    double span[2], aspect;

    pad_bounds(paper);
    span[0] = paper->high[0] - paper->low[0];
    span[1] = paper->high[1] - paper->low[1];
    aspect = fmin(fmax(span[1] / span[0], ASPECT_MIN), ASPECT_MAX);
    paper->width = options->width > 0 ? options->width : WIDTH_DEFAULT;
    paper->left = MARGIN;
    paper->top = HEADER;
    paper->inner_width = paper->width - 2 * MARGIN;
    paper->height = options->height > 0 ? options->height
                                        : floor(paper->inner_width * aspect + HEADER + FOOTER);
    paper->inner_height = paper->height - HEADER - FOOTER;
    paper->scale = fmin(paper->inner_width / span[0], paper->inner_height / span[1]);
    for (int axis = 0; axis < 2; axis++) { /* centred where the shapes differ */
        double room = (axis == 0 ? paper->inner_width : paper->inner_height) / paper->scale;
        double spare = (room - span[axis]) / 2;

        paper->low[axis] -= spare;
        paper->high[axis] += spare;
    }
}

bool plot_rects_add(struct plot_rects *rects, struct plot_rect rect)
{
    if (rects->count == rects->capacity) {
        size_t capacity = 2 * rects->capacity + 64;
        struct plot_rect *items = realloc(rects->items, capacity * sizeof *items);

        if (items == NULL)
            return false;
        rects->items = items;
        rects->capacity = capacity;
    }
    rects->items[rects->count++] = rect;
    return true;
}

/* ---- bounds ---- */

struct bounds {
    double low[2], high[2];
    uint32_t axes;
};

static int extend_bounds(void *context, const xt_item *item)
{
    struct bounds *bounds = context;

    for (uint32_t axis = 0; axis < bounds->axes; axis++) {
        if (isfinite(item->low[axis]))
            bounds->low[axis] = fmin(bounds->low[axis], item->low[axis]);
        if (isfinite(item->high[axis]))
            bounds->high[axis] = fmax(bounds->high[axis], item->high[axis]);
    }
    return EXIT_DONE;
}

static bool is_finite_span(const double *low, const double *high, uint32_t axes)
{
    for (uint32_t axis = 0; axis < axes; axis++) {
        if (!isfinite(high[axis] - low[axis]) || low[axis] > high[axis])
            return false;
    }
    return true;
}

/* The box of all finite coordinates on the first two axes. */
static int find_bounds(struct plot *plot)
{
    double low[XT_DIMS_MAX] = {0}, high[XT_DIMS_MAX] = {0};
    struct reader *reader = plot->reader;
    struct bounds bounds = {
        {INFINITY,          INFINITY         },
        {-(double)INFINITY, -(double)INFINITY},
        2
    };
    xt_status status = xt_snapshot_bounds(reader->snapshot, low, high);
    int outcome;

    if (status != XT_OK && status != XT_ENOTFOUND)
        return message_store("read", reader->path, status, NULL);
    bounds.axes = reader->stats.dims < 2 ? 1 : 2;
    if (status == XT_ENOTFOUND) {
        memset(low, 0, sizeof low);
        memset(high, 0, sizeof high);
    }
    if (!is_finite_span(low, high, bounds.axes)) {
        outcome = reader_each(reader, extend_bounds, &bounds);
        if (outcome != EXIT_DONE)
            return outcome;
        memcpy(low, bounds.low, sizeof bounds.low);
        memcpy(high, bounds.high, sizeof bounds.high);
    }
    if (!is_finite_span(low, high, bounds.axes)) {
        message("\"%s\": its coordinates span more than can be drawn", reader->path);
        return EXIT_USAGE;
    }
    for (uint32_t axis = 0; axis < bounds.axes; axis++) {
        plot->paper.low[axis] = low[axis];
        plot->paper.high[axis] = high[axis];
    }
    return EXIT_DONE;
}

/* ---- items ---- */

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

/* On the paper, cut at its edges; a store of one dimension lies on a line. */
static struct plot_rect rect_of(const struct plot *plot, const double *low, const double *high)
{
    const struct plot_paper *paper = &plot->paper;
    bool is_flat = plot->reader->stats.dims < 2;
    double right = paper->left + paper->inner_width, bottom = paper->top + paper->inner_height;
    double middle = (paper->low[1] + paper->high[1]) / 2;

    return (struct plot_rect){
        (float)clamp(plot_x(paper, low[0]), paper->left, right),
        (float)clamp(plot_y(paper, is_flat ? middle : high[1]), paper->top, bottom),
        (float)clamp(plot_x(paper, high[0]), paper->left, right),
        (float)clamp(plot_y(paper, is_flat ? middle : low[1]), paper->top, bottom),
    };
}

static void add_dot(struct plot_data *data, const struct plot_paper *paper, struct plot_dot dot)
{
    size_t column = (size_t)(((double)dot.x - paper->left) / data->cell);
    size_t row = (size_t)(((double)dot.y - paper->top) / data->cell);
    struct plot_dot *cell;

    if (column >= data->columns)
        column = data->columns - 1;
    if (row >= data->rows)
        row = data->rows - 1;
    cell = &data->dots[row * data->columns + column];
    if (cell->count == 0)
        *cell = dot;
    else if (cell->count <= UINT32_MAX - dot.count)
        cell->count += dot.count;
    if (cell->count > data->densest)
        data->densest = cell->count;
}

static int add_item(void *context, const xt_item *item)
{
    struct plot *plot = context;
    struct plot_data *data = &plot->data;
    struct plot_rect rect = rect_of(plot, item->low, item->high);
    float side = fmaxf(rect.x1 - rect.x0, rect.y1 - rect.y0);

    if ((double)side >= BOX_PIXELS && data->boxes.count < BOXES_MAX)
        return plot_rects_add(&data->boxes, rect) ? EXIT_DONE : message_no_memory();
    add_dot(data, &plot->paper,
            (struct plot_dot){(rect.x0 + rect.x1) / 2, (rect.y0 + rect.y1) / 2, 1});
    return EXIT_DONE;
}

static bool make_grid(struct plot_data *data, const struct plot_paper *paper, double cell)
{
    data->cell = cell;
    data->columns = (size_t)ceil(paper->inner_width / cell);
    data->rows = (size_t)ceil(paper->inner_height / cell);
    data->densest = 0;
    data->dots = calloc(data->columns * data->rows, sizeof *data->dots);
    return data->dots != NULL;
}

static size_t count_dots(const struct plot_data *data)
{
    size_t count = 0;

    for (size_t i = 0; i < data->columns * data->rows; i++)
        count += data->dots[i].count != 0;
    return count;
}

/* Pours the dots into a grid of wider cells. */
static bool coarsen(struct plot_data *data, const struct plot_paper *paper)
{
    struct plot_data fine = *data;

    if (!make_grid(data, paper, fine.cell * 1.25)) {
        free(fine.dots);
        return false;
    }
    for (size_t i = 0; i < fine.columns * fine.rows; i++) {
        if (fine.dots[i].count != 0)
            add_dot(data, paper, fine.dots[i]);
    }
    free(fine.dots);
    return true;
}

static int gather_items(struct plot *plot)
{
    struct plot_data *data = &plot->data;
    int outcome;

    if (!make_grid(data, &plot->paper, 1.0))
        return message_no_memory();
    outcome = reader_each(plot->reader, add_item, plot);
    while (outcome == EXIT_DONE && count_dots(data) > DOTS_MAX) {
        if (!coarsen(data, &plot->paper))
            outcome = message_no_memory();
    }
    return outcome;
}

/* ---- nodes ---- */

static bool add_node(void *context, const xt_node_info *node)
{
    struct plot *plot = context;

    if (node->level >= plot->height || !plot->levels[node->level].is_drawn)
        return true;
    if (plot_rects_add(&plot->levels[node->level].boxes, rect_of(plot, node->low, node->high)))
        return true;
    plot->data.has_no_memory = true;
    return false;
}

/* Chooses the levels: those asked for, else from the root down while the file stays small. */
static uint32_t choose_levels(struct plot *plot)
{
    const struct plot_options *options = plot->options;
    uint32_t lowest = plot->height;
    uint64_t nodes = 0;

    for (uint32_t level = plot->height; level-- > 0;) {
        struct plot_level *drawn = &plot->levels[level];

        nodes += drawn->nodes;
        drawn->is_drawn = options->has_level_min ? level >= options->level_min
                                                 : nodes <= NODES_MAX || level + 1 == plot->height;
        if (options->has_level_max && level > options->level_max)
            drawn->is_drawn = false;
        if (drawn->is_drawn)
            lowest = level;
    }
    return lowest;
}

static int gather_nodes(struct plot *plot)
{
    xt_tree_stats tree = {.struct_size = sizeof tree};
    xt_status status = xt_snapshot_stats(plot->reader->snapshot, &tree);
    uint32_t lowest;

    if (status != XT_OK)
        return message_store("read", plot->reader->path, status, NULL);
    plot->height = tree.height;
    plot->items = tree.items;
    for (uint32_t level = 0; level < tree.height; level++)
        plot->levels[level].nodes = tree.level[level].nodes;
    lowest = choose_levels(plot);
    if (lowest < plot->height)
        status = xt_snapshot_nodes(plot->reader->snapshot, lowest, add_node, plot);
    if (plot->data.has_no_memory)
        return message_no_memory();
    if (status != XT_OK)
        return message_store("read", plot->reader->path, status, NULL);
    return EXIT_DONE;
}

int plot_gather(struct plot *plot)
{
    int outcome = find_bounds(plot);

    if (outcome != EXIT_DONE)
        return outcome;
    plot_paper_fit(&plot->paper, plot->options);
    outcome = gather_nodes(plot);
    return outcome == EXIT_DONE ? gather_items(plot) : outcome;
}

void plot_release(struct plot *plot)
{
    free(plot->data.dots);
    free(plot->data.boxes.items);
    for (uint32_t level = 0; level < XT_LEVELS_MAX; level++)
        free(plot->levels[level].boxes.items);
}
