/* cli/stat.c -- xtree stat: describes a store and its tree, for people or as JSON.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include <argp.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include <xtree.h>

#include "args.h"
#include "cli.h"
#include "json.h"
#include "message.h"
#include "number.h"
#include "reader.h"
#include "stat_writer.h"

enum stat_key { KEY_JSON = ARGS_OWN };

struct stat_args {
    const char *store;
    bool is_json;
};

/* Inner nodes that hold more than the normal number of children. */
struct supernodes {
    uint64_t count, inner_nodes;
    uint64_t bytes;
    uint64_t largest;      /* children of the largest */
    double split_overlap;  /* share of the children that both halves of a split would hold */
    double max_overlap[2]; /* of each xt_medium; negative: not known */
};

struct facts {
    const struct reader *reader;
    xt_tree_stats tree;
    struct supernodes supernodes;
    bool has_bounds;
    double low[XT_DIMS_MAX], high[XT_DIMS_MAX];
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct stat_args *args = state->input;

    switch (key) {
    case KEY_JSON:
        args->is_json = true;
        return 0;
    case ARGP_KEY_ARG:
        args_position(state, arg, &args->store, 1);
        return 0;
    case ARGP_KEY_END:
        if (args->store == NULL)
            argp_error(state, "no STORE given: say which store to describe");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"json", KEY_JSON, NULL, 0, "Write JSON", 0},
    {NULL,   0,        NULL, 0, NULL,         0},
};

static const struct argp argp = {
    options, parse,
    "STORE", "Describes a store: its schema, its newest commit, its tree, its files.",
    NULL,    NULL,
    NULL,
};

static const char *kind_name(const xt_store_stats *stats)
{
    return stats->kind == XT_BOXES ? "boxes" : "points";
}

static const char *coord_name(const xt_store_stats *stats)
{
    return stats->coord_type == XT_F32 ? "f32" : "f64";
}

static double bytes_per_item(const struct facts *facts)
{
    if (facts->tree.items == 0)
        return 0;
    return (double)facts->reader->stats.committed_bytes / (double)facts->tree.items;
}

static double percent(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

/* ---- supernodes ---- */

/* The overlap above which a node becomes a supernode, if nothing else is said. It is a matter of
 * the writer, so a store in memory that has the same schema is asked. */
static double max_overlap_of(const xt_store_stats *stats, xt_medium medium)
{
    xt_create_options create = XT_CREATE_OPTIONS_INIT;
    xt_change_stats changes = {.struct_size = sizeof changes};
    xt_store *store;
    double overlap = -1;

    create.dims = stats->dims;
    create.kind = stats->kind;
    create.coord_type = stats->coord_type;
    create.leaf_capacity = stats->leaf_capacity;
    create.inner_capacity = stats->inner_capacity;
    create.window_bytes = create.arena_bytes = 2 << 20;
    create.medium = medium;
    if (xt_store_create(NULL, &create, &store) != XT_OK)
        return overlap;
    if (xt_store_changes(store, &changes) == XT_OK)
        overlap = changes.max_overlap;
    xt_store_close(store);
    return overlap;
}

static void gather_supernodes(const struct reader *reader, const xt_tree_stats *tree,
                              struct supernodes *supernodes)
{
    for (unsigned level = 1; level < tree->height; level++) {
        const xt_level_stats *stats = &tree->level[level];

        supernodes->count += stats->supernodes;
        supernodes->inner_nodes += stats->nodes;
        supernodes->bytes += stats->supernode_bytes;
        supernodes->split_overlap += stats->split_overlap;
        if (stats->supernodes > 0 && stats->largest > supernodes->largest)
            supernodes->largest = stats->largest;
    }
    if (supernodes->count > 0)
        supernodes->split_overlap /= (double)supernodes->count;
    supernodes->max_overlap[0] = max_overlap_of(&reader->stats, XT_MEDIUM_MEMORY);
    supernodes->max_overlap[1] = max_overlap_of(&reader->stats, XT_MEDIUM_DISK);
}

/* ---- for people ---- */

static void print_bytes(const char *label, uint64_t bytes)
{
    char text[NUMBER_TEXT_SIZE];

    printf("%-16s%s (%" PRIu64 " bytes)\n", label, number_bytes_text(bytes, text), bytes);
}

static void print_corner(const char *label, const double *corner, uint32_t dims)
{
    char text[NUMBER_TEXT_SIZE];

    printf("%-16s", label);
    for (uint32_t i = 0; i < dims; i++) {
        number_text(corner[i], text);
        printf("%s%s", i == 0 ? "" : ", ", text);
    }
    putchar('\n');
}

static void print_supernodes(const struct supernodes *supernodes)
{
    const double *overlap = supernodes->max_overlap;
    char bytes[NUMBER_TEXT_SIZE];

    printf("%-16s%" PRIu64 " of %" PRIu64 " inner nodes", "supernodes", supernodes->count,
           supernodes->inner_nodes);
    if (supernodes->count > 0)
        printf(" (%.1f %%), %s; the largest has %" PRIu64 " children",
               percent((double)supernodes->count, (double)supernodes->inner_nodes),
               number_bytes_text(supernodes->bytes, bytes), supernodes->largest);
    putchar('\n');
    if (supernodes->count > 0)
        printf("%-16s%.1f %% of their children, on average, would lie in both halves\n", "if split",
               100 * supernodes->split_overlap);
    if (overlap[0] >= 0 && overlap[1] >= 0)
        printf("%-16s%.1f %% in memory, %.1f %% on disk, computed; a split beyond it makes a "
               "supernode\n",
               "max overlap", 100 * overlap[0], 100 * overlap[1]);
}

static void print_level(unsigned level, const xt_level_stats *stats)
{
    printf("%5u %11" PRIu64 " %11" PRIu64 " %12" PRIu64 " %7.1f %14" PRIu64 "  ", level,
           stats->nodes, stats->supernodes, stats->entries,
           percent((double)stats->entries, (double)stats->capacity), stats->bytes);
    if (stats->volume > 0)
        printf("%8.2f %%\n", percent(stats->overlap, stats->volume));
    else
        printf("%10s\n", "-");
}

static void print_arenas(const struct facts *facts)
{
    xt_arena_stats arena = {.struct_size = sizeof arena};

    printf("\narena                      range         used         live\n");
    for (uint64_t i = 0; i < facts->reader->stats.arena_count; i++) {
        if (xt_store_arena(facts->reader->store, i, &arena) != XT_OK)
            return;
        printf("%-18s %13" PRIu64 "%13" PRIu64 "%13" PRIu64 "\n", arena.file, arena.range_bytes,
               arena.committed_bytes, arena.live_bytes);
    }
}

static void print_kept(const xt_store_stats *stats)
{
    char text[NUMBER_TEXT_SIZE];

    printf("%-16s%" PRIu64, "kept snapshots", stats->kept_count);
    if (stats->kept_count > 0)
        printf(", in %s that nothing else needs", number_bytes_text(stats->pinned_bytes, text));
    putchar('\n');
}

static void print_text(const struct facts *facts)
{
    const xt_store_stats *stats = &facts->reader->stats;
    char when[READER_TIME_SIZE];

    reader_time_text(stats->commit_time_ns, when);
    printf("%-16s%s\n", "store", facts->reader->path);
    printf("%-16s%u-dimensional %s, %s\n", "schema", stats->dims, kind_name(stats),
           coord_name(stats));
    printf("%-16s%" PRIu64 "%s%s\n", "commit", stats->txn, when[0] != '\0' ? ", " : "", when);
    printf("%-16s%" PRIu64 "\n", "items", facts->tree.items);
    if (facts->has_bounds) {
        print_corner("low corner", facts->low, stats->dims);
        print_corner("high corner", facts->high, stats->dims);
    }
    printf("%-16s%u\n", "height", facts->tree.height);
    printf("%-16s%u items, %u children\n", "node capacity", stats->leaf_capacity,
           stats->inner_capacity);
    print_supernodes(&facts->supernodes);
    print_bytes("on disk", stats->file_bytes);
    print_bytes("live", stats->live_bytes);
    print_bytes("dead", stats->dead_bytes);
    print_kept(stats);
    if (facts->tree.items > 0)
        printf("%-16s%.1f\n", "bytes per item", bytes_per_item(facts));
    printf("%-16s%u\n", "format version", stats->format_version);
    if (facts->tree.height > 0)
        printf(
            "\nlevel       nodes  supernodes      entries  fill %%          bytes     overlap\n");
    for (unsigned level = facts->tree.height; level-- > 0;)
        print_level(level, &facts->tree.level[level]);
    print_arenas(facts);
    writer_print(facts->reader);
}

/* ---- as JSON ---- */

static void json_level(yajl_gen generator, unsigned level, const xt_level_stats *stats)
{
    yajl_gen_map_open(generator);
    json_pair_u64(generator, "level", level);
    json_pair_u64(generator, "nodes", stats->nodes);
    json_pair_u64(generator, "supernodes", stats->supernodes);
    json_pair_u64(generator, "entries", stats->entries);
    json_pair_u64(generator, "capacity", stats->capacity);
    json_pair_u64(generator, "bytes", stats->bytes);
    json_pair_double(generator, "volume", stats->volume);
    json_pair_double(generator, "overlap", stats->overlap);
    json_pair_u64(generator, "largest", stats->largest);
    json_pair_u64(generator, "supernode_bytes", stats->supernode_bytes);
    json_pair_double(generator, "split_overlap", stats->split_overlap);
    yajl_gen_map_close(generator);
}

static void json_supernodes(yajl_gen generator, const struct supernodes *supernodes)
{
    json_key(generator, "supernodes");
    yajl_gen_map_open(generator);
    json_pair_u64(generator, "count", supernodes->count);
    json_pair_u64(generator, "inner_nodes", supernodes->inner_nodes);
    json_pair_u64(generator, "bytes", supernodes->bytes);
    json_pair_u64(generator, "largest", supernodes->largest);
    json_pair_double(generator, "split_overlap", supernodes->split_overlap);
    if (supernodes->max_overlap[0] >= 0 && supernodes->max_overlap[1] >= 0) {
        json_pair_double(generator, "max_overlap_memory", supernodes->max_overlap[0]);
        json_pair_double(generator, "max_overlap_disk", supernodes->max_overlap[1]);
    }
    yajl_gen_map_close(generator);
}

static void json_levels(yajl_gen generator, const struct facts *facts)
{
    json_key(generator, "levels");
    yajl_gen_array_open(generator);
    for (unsigned level = 0; level < facts->tree.height; level++)
        json_level(generator, level, &facts->tree.level[level]);
    yajl_gen_array_close(generator);
}

static void json_arenas(yajl_gen generator, const struct facts *facts)
{
    xt_arena_stats arena = {.struct_size = sizeof arena};

    json_key(generator, "arenas");
    yajl_gen_array_open(generator);
    for (uint64_t i = 0; i < facts->reader->stats.arena_count; i++) {
        if (xt_store_arena(facts->reader->store, i, &arena) != XT_OK)
            break;
        yajl_gen_map_open(generator);
        json_pair_u64(generator, "id", arena.id);
        json_pair_text(generator, "file", arena.file);
        json_pair_u64(generator, "first_byte", arena.first_byte);
        json_pair_u64(generator, "range_bytes", arena.range_bytes);
        json_pair_u64(generator, "committed_bytes", arena.committed_bytes);
        json_pair_u64(generator, "live_bytes", arena.live_bytes);
        yajl_gen_map_close(generator);
    }
    yajl_gen_array_close(generator);
}

static void json_schema(yajl_gen generator, const xt_store_stats *stats)
{
    json_key(generator, "schema");
    yajl_gen_map_open(generator);
    json_pair_u64(generator, "dims", stats->dims);
    json_pair_text(generator, "kind", kind_name(stats));
    json_pair_text(generator, "coord", coord_name(stats));
    json_pair_u64(generator, "leaf_capacity", stats->leaf_capacity);
    json_pair_u64(generator, "inner_capacity", stats->inner_capacity);
    yajl_gen_map_close(generator);
}

static int print_json(const struct facts *facts)
{
    const xt_store_stats *stats = &facts->reader->stats;
    yajl_gen generator = json_open(true);
    char when[READER_TIME_SIZE];

    if (generator == NULL)
        return message_no_memory();
    reader_time_text(stats->commit_time_ns, when);
    yajl_gen_map_open(generator);
    json_pair_text(generator, "store", facts->reader->path);
    json_pair_u64(generator, "format_version", stats->format_version);
    json_schema(generator, stats);
    json_pair_u64(generator, "txn", stats->txn);
    json_pair_text(generator, "time", when);
    json_pair_u64(generator, "items", facts->tree.items);
    json_pair_u64(generator, "height", facts->tree.height);
    json_doubles(generator, "low", facts->low, facts->has_bounds ? stats->dims : 0);
    json_doubles(generator, "high", facts->high, facts->has_bounds ? stats->dims : 0);
    json_pair_u64(generator, "committed_bytes", stats->committed_bytes);
    json_pair_u64(generator, "live_bytes", stats->live_bytes);
    json_pair_u64(generator, "dead_bytes", stats->dead_bytes);
    json_pair_u64(generator, "file_bytes", stats->file_bytes);
    json_pair_u64(generator, "kept_snapshots", stats->kept_count);
    json_pair_u64(generator, "pinned_bytes", stats->pinned_bytes);
    json_pair_double(generator, "bytes_per_item", bytes_per_item(facts));
    json_supernodes(generator, &facts->supernodes);
    json_levels(generator, facts);
    json_arenas(generator, facts);
    writer_json(facts->reader, generator);
    yajl_gen_map_close(generator);
    json_close(generator);
    return EXIT_DONE;
}

static int gather(struct facts *facts, const struct reader *reader)
{
    xt_status status;

    *facts = (struct facts){.reader = reader, .tree = {.struct_size = sizeof(xt_tree_stats)}};
    status = xt_snapshot_stats(reader->snapshot, &facts->tree);
    if (status == XT_OK) {
        status = xt_snapshot_bounds(reader->snapshot, facts->low, facts->high);
        facts->has_bounds = status == XT_OK;
    }
    if (status != XT_OK && status != XT_ENOTFOUND)
        return message_store("read", reader->path, status, NULL);
    gather_supernodes(reader, &facts->tree, &facts->supernodes);
    return EXIT_DONE;
}

int command_stat(int argc, char **argv)
{
    struct stat_args args = {0};
    struct reader reader;
    struct facts facts;
    int outcome;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    outcome = reader_open(&reader, args.store);
    if (outcome != EXIT_DONE)
        return outcome;
    outcome = gather(&facts, &reader);
    if (outcome == EXIT_DONE && args.is_json)
        outcome = print_json(&facts);
    else if (outcome == EXIT_DONE)
        print_text(&facts);
    reader_close(&reader);
    return outcome == EXIT_DONE ? message_flush() : outcome;
}
