/* bench/describe.c -- a tree in numbers that never vary: its shape, and what queries read of it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "describe.h"

#include <inttypes.h>

#include "stores.h"

static void must(xt_status status, const char *what)
{
    if (status != XT_OK)
        bench_die("%s: %s", what, xt_status_text(status));
}

static void print_count(const struct description *about, const char *measure, uint64_t value)
{
    fprintf(about->out, "%s,%s,%s,%" PRIu64 "\n", about->data, about->tree, measure, value);
}

static void print_mean(const struct description *about, const char *measure, uint64_t sum,
                       uint64_t count)
{
    fprintf(about->out, "%s,%s,%s,%.3f\n", about->data, about->tree, measure,
            count > 0 ? (double)sum / (double)count : 0.0);
}

/* ---- the tree ------------------------------------------------------------------------------ */

static bool supernode_visit(void *context, const xt_node_info *node)
{
    struct supernodes *found = context;
    found->nodes++;
    if (!node->is_supernode)
        return true;
    found->count++;
    if (node->capacity > found->largest)
        found->largest = node->capacity;
    return true;
}

void supernodes_count(const xt_snapshot *snapshot, struct supernodes *out)
{
    *out = (struct supernodes){0};
    must(xt_snapshot_nodes(snapshot, 1, supernode_visit, out), "xt_snapshot_nodes");
}

static void level_print(const struct description *about, uint32_t level, const xt_level_stats *at)
{
    FILE *out = about->out;
    fprintf(out, "%s,%s,level %" PRIu32 " nodes,%" PRIu64 "\n", about->data, about->tree, level,
            at->nodes);
    fprintf(out, "%s,%s,level %" PRIu32 " fill,%.4f\n", about->data, about->tree, level,
            (double)at->entries / (double)at->capacity);
    fprintf(out, "%s,%s,level %" PRIu32 " volume,%.6g\n", about->data, about->tree, level,
            at->volume);
    fprintf(out, "%s,%s,level %" PRIu32 " overlap,%.6g\n", about->data, about->tree, level,
            at->overlap);
}

void describe_tree(const struct description *about, const void *built)
{
    xt_tree_stats stats = {.struct_size = sizeof stats};
    struct supernodes supernodes;
    must(xt_snapshot_stats(built_snapshot(built), &stats), "xt_snapshot_stats");
    print_count(about, "items", stats.items);
    print_count(about, "height", stats.height);
    for (uint32_t level = 0; level < stats.height; level++)
        level_print(about, level, &stats.level[level]);
    supernodes_count(built_snapshot(built), &supernodes);
    print_count(about, "supernodes", supernodes.count);
    print_count(about, "largest supernode", supernodes.largest);
    print_mean(about, "supernodes per inner node", supernodes.count, supernodes.nodes);
    print_mean(about, "bytes per item", with_xtree.bytes(built), stats.items);
}

void describe_changes(const struct description *about, const void *built, uint64_t changes)
{
    xt_change_stats stats = {.struct_size = sizeof stats};
    must(xt_store_changes(built_store(built), &stats), "xt_store_changes");
    print_mean(about, "bytes copied per change", stats.bytes_copied, changes);
    print_mean(about, "nodes copied per change", stats.nodes_copied, changes);
    print_count(about, "leaf splits", stats.leaf_splits);
    print_count(about, "inner splits", stats.inner_splits);
    print_count(about, "supernodes made", stats.supernodes_made);
    print_count(about, "supernodes grown", stats.supernodes_grown);
    print_count(about, "supernodes shrunk", stats.supernodes_shrunk);
    print_count(about, "merges", stats.merges);
    print_count(about, "redistributions", stats.redistributions);
}

/* ---- queries ------------------------------------------------------------------------------- */

static void stats_add(xt_walk_stats *sum, const xt_walk_stats *more)
{
    sum->nodes += more->nodes;
    sum->leaves += more->leaves;
    sum->lines += more->lines;
    sum->items += more->items;
}

static void walk_window(const xt_snapshot *snapshot, const double *window, xt_walk_stats *sum)
{
    uint64_t ids[WINDOW_SLACK];
    size_t count = 0;
    xt_walk_stats stats = {.struct_size = sizeof stats};
    xt_query *query = NULL;
    xt_status status = xt_query_window(snapshot, window, NULL, &query);
    while (status == XT_OK)
        status = xt_query_next_batch(query, ids, WINDOW_SLACK, &count);
    if (status != XT_DONE)
        must(status, "query");
    must(xt_query_stats(query, &stats), "xt_query_stats");
    xt_query_close(query);
    stats_add(sum, &stats);
}

void walk_windows(const xt_snapshot *snapshot, const struct windows *windows, unsigned dims,
                  xt_walk_stats *sum)
{
    *sum = (xt_walk_stats){.struct_size = sizeof *sum};
    for (size_t i = 0; i < windows->count; i++)
        walk_window(snapshot, windows->bounds + (size_t)2 * dims * i, sum);
}

static void walk_point(const xt_snapshot *snapshot, const double *point, uint64_t k,
                       xt_walk_stats *sum)
{
    uint64_t ids[WINDOW_SLACK];
    size_t count = 0;
    xt_walk_stats stats = {.struct_size = sizeof stats};
    xt_nearest_options options = XT_NEAREST_OPTIONS_INIT;
    options.k = k;
    xt_query *query = NULL;
    xt_status status = xt_query_nearest(snapshot, point, &options, &query);
    while (status == XT_OK)
        status = xt_query_next_batch(query, ids, WINDOW_SLACK, &count);
    if (status != XT_DONE)
        must(status, "query");
    must(xt_query_stats(query, &stats), "xt_query_stats");
    xt_query_close(query);
    stats_add(sum, &stats);
}

void walk_points(const xt_snapshot *snapshot, const double *points, size_t count, uint64_t k,
                 unsigned dims, xt_walk_stats *sum)
{
    *sum = (xt_walk_stats){.struct_size = sizeof *sum};
    for (size_t i = 0; i < count; i++)
        walk_point(snapshot, points + i * dims, k, sum);
}

static void walk_print(const struct description *about, const char *query, uint64_t number,
                       const xt_walk_stats *sum, uint64_t count)
{
    const uint64_t sums[] = {sum->items, sum->nodes, sum->leaves, sum->lines};
    static const char *const names[] = {"results", "nodes", "leaves", "lines"};
    for (size_t i = 0; i < 4; i++) {
        char measure[64];
        snprintf(measure, sizeof measure, "%s %" PRIu64 " %s", query, number, names[i]);
        print_mean(about, measure, sums[i], count);
    }
}

void describe_windows(const struct description *about, const void *built,
                      const struct windows *windows, unsigned dims)
{
    xt_walk_stats sum;
    walk_windows(built_snapshot(built), windows, dims, &sum);
    walk_print(about, "window", windows->target, &sum, windows->count);
}

void describe_nearest(const struct description *about, const void *built,
                      const struct dataset *data, uint64_t k)
{
    enum { point_count = 100 };
    double points[point_count * 16];
    xt_walk_stats sum;
    if (data->dims > 16)
        bench_die("more than 16 dimensions");
    points_make(points, point_count, data, DATA_SEED + k);
    walk_points(built_snapshot(built), points, point_count, k, data->dims, &sum);
    walk_print(about, "nearest", k, &sum, point_count);
}
