/* tests/unit/tree/test_move_out.c -- when an arena has been moved out of, does nothing in it live
 * any more, and has nothing else changed?
 *
 * Stores of many shapes live through single changes until they have several sealed arenas, each
 * with live nodes between dead ones, records and gaps. A walk of the tree tells what lives where.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"
#include "support/check.h"
#include "support/disk_os.h"
#include "support/questions.h"
#include "txn/txn_private.h"

#define FOLDER "/store"
#define ARENAS_WANTED 4
#define CHANGES_MAX 60000

struct shape {
    const char *name;
    struct oracle_schema schema;
    enum oracle_data data;
    uint32_t capacity;
    double max_overlap;
    size_t items;
};

static const struct shape SHAPES[] = {
    {"points",     {2, XT_POINTS, XT_F64},  ORACLE_UNIFORM,    16, 0,     3000},
    {"boxes",      {2, XT_BOXES, XT_F64},   ORACLE_CLUSTERED,  16, 0,     2000},
    {"floats",     {3, XT_BOXES, XT_F32},   ORACLE_UNIFORM,    32, 0,     2000},
    {"one",        {1, XT_POINTS, XT_F64},  ORACLE_SORTED,     16, 0,     2000},
    {"same",       {2, XT_POINTS, XT_F64},  ORACLE_SAME,       16, 0,     1000},
    {"few values", {2, XT_POINTS, XT_F32},  ORACLE_DUPLICATES, 16, 0,     1500},
    {"times",      {2, XT_BOXES, XT_F64},   ORACLE_TIMESTAMPS, 16, 0,     2000},
    {"last bits",  {2, XT_POINTS, XT_F64},  ORACLE_LAST_BITS,  16, 0,     2000},
    {"extremes",   {3, XT_BOXES, XT_F64},   ORACLE_EXTREMES,   16, 0,     1500},
    {"supernodes", {2, XT_BOXES, XT_F64},   ORACLE_UNIFORM,    16, 0.001, 2000},
    {"high",       {16, XT_POINTS, XT_F64}, ORACLE_UNIFORM,    16, 0,     1500},
    {"higher",     {64, XT_BOXES, XT_F32},  ORACLE_UNIFORM,    16, 0.01,  600 },
};

/* A store on a disk in memory, and what it should hold. */
struct scene {
    struct disk_os *disk;
    struct mirror mirror;
    struct oracle_maker maker;
    xt_store *store;
    uint64_t random;
    uint64_t next_id;
};

/* ---- scenes -------------------------------------------------------------------------------- */

static bool scene_begin(struct scene *scene, const struct shape *shape)
{
    xt_create_options options = XT_CREATE_OPTIONS_INIT;

    memset(scene, 0, sizeof *scene);
    scene->random = check_seed;
    scene->next_id = 1;
    scene->disk = disk_os_create(check_seed);
    mirror_init(&scene->mirror, shape->schema);
    oracle_maker_init(&scene->maker, shape->schema, shape->data, &scene->random);
    options.dims = shape->schema.dims;
    options.kind = shape->schema.kind;
    options.coord_type = shape->schema.coord_type;
    options.leaf_capacity = shape->capacity;
    options.inner_capacity = shape->capacity;
    options.max_overlap = shape->max_overlap;
    options.arena_bytes = UINT64_C(2) << 20;
    options.window_bytes = UINT64_C(256) << 20;
    return CHECK_STATUS(
        xti_store_create(disk_os_table(scene->disk), FOLDER, &options, &scene->store), XT_OK);
}

static void scene_end(struct scene *scene)
{
    CHECK_STATUS(xt_store_close(scene->store), XT_OK);
    mirror_release(&scene->mirror);
    disk_os_destroy(scene->disk);
}

static bool item_insert(struct scene *scene)
{
    double low[XT_DIMS_MAX];
    double high[XT_DIMS_MAX];

    oracle_item_make(&scene->maker, scene->next_id, low, high);
    if (scene->mirror.rows.kind == XT_POINTS)
        memcpy(high, low, sizeof high);
    mirror_insert(&scene->mirror, scene->next_id, low, high);
    return CHECK_STATUS(xt_store_insert(scene->store, scene->next_id++, low, high), XT_OK);
}

static bool item_remove(struct scene *scene, size_t row)
{
    xt_status status =
        xt_store_remove(scene->store, scene->mirror.rows.ids[row], mirror_low(&scene->mirror, row),
                        mirror_high(&scene->mirror, row));

    mirror_remove(&scene->mirror, row);
    return CHECK_STATUS(status, XT_OK);
}

static bool commit(struct scene *scene)
{
    mirror_settle(&scene->mirror);
    return CHECK_STATUS(xti_txn_commit(scene->store->txn, NULL), XT_OK);
}

/* A change of a few items, committed, or published and then committed with the next. */
static bool batch_run(struct scene *scene, size_t items)
{
    size_t count = 1 + check_random(&scene->random) % 8;
    bool holds = true;

    while (holds && count-- > 0) {
        holds = item_insert(scene);
        if (holds && scene->mirror.rows.count > items)
            holds = item_remove(scene,
                                (size_t)(check_random(&scene->random) % scene->mirror.rows.count));
    }
    if (holds && check_random(&scene->random) % 4 == 0) {
        mirror_settle(&scene->mirror);
        return CHECK_STATUS(xt_store_publish(scene->store), XT_OK);
    }
    return holds && commit(scene);
}

/* Until there are several arenas. */
static bool scene_fill(struct scene *scene, const struct shape *shape)
{
    bool holds = true;

    for (size_t i = 0; holds && i < shape->items; i++)
        holds = item_insert(scene) && (i % 100 != 0 || commit(scene));
    for (unsigned i = 0; holds && i < CHANGES_MAX; i++) {
        if (scene->store->txn->space.arena_count >= ARENAS_WANTED)
            return commit(scene);
        holds = batch_run(scene, shape->items);
    }
    return CHECK(false); /* too few arenas came */
}

/* ---- what lives where ---------------------------------------------------------------------- */

struct census {
    const struct xti_arena *arena;
    uint64_t nodes;
    uint64_t units;
};

static bool node_count(void *context, const xt_node_info *node)
{
    struct census *census = context;

    if (node->ref < census->arena->first_unit ||
        node->ref - census->arena->first_unit >= census->arena->range_units)
        return true;
    census->nodes++;
    census->units += node->bytes / 64;
    return true;
}

/* What the newest state refers to in an arena. */
static struct census census_take(struct scene *scene, const struct xti_arena *arena)
{
    struct census census = {.arena = arena};
    xt_snapshot *snapshot;

    if (!CHECK_STATUS(xt_snapshot_latest(scene->store, &snapshot), XT_OK))
        return census;
    CHECK_STATUS(xt_snapshot_nodes(snapshot, 0, node_count, &census), XT_OK);
    xt_snapshot_release(snapshot);
    return census;
}

static bool contents_hold(struct scene *scene)
{
    xt_check_options options = XT_CHECK_OPTIONS_INIT;
    struct question question;
    xt_snapshot *snapshot;
    bool holds;

    if (!CHECK_STATUS(xt_snapshot_latest(scene->store, &snapshot), XT_OK))
        return false;
    holds = totals_hold(snapshot, &scene->mirror);
    question_all(&question, &scene->mirror);
    for (unsigned i = 0; i < 8 && holds; i++) {
        holds = question_holds(&question, snapshot, &scene->mirror, &scene->random);
        question_draw(&question, &scene->mirror, &scene->random);
    }
    holds = holds && nearest_holds(snapshot, &scene->mirror, &scene->random);
    xt_snapshot_release(snapshot);
    options.deep = true;
    return CHECK_STATUS(xt_store_check(scene->store, &options, NULL), XT_OK) && holds;
}

/* A sealed arena in which something lives, other than `but`. 0: there is none. */
static uint32_t victim_find(const struct scene *scene, uint32_t but)
{
    const struct xti_space *space = &scene->store->txn->space;

    for (uint32_t i = 0; i < space->arena_count; i++) {
        const struct xti_arena *arena = &space->arenas[i];

        if (arena->is_sealed && arena->live_units > 0 && arena->id != but)
            return arena->id;
    }
    return 0;
}

static struct xti_writer *writer_of(struct scene *scene)
{
    struct xti_writer *writer = NULL;

    CHECK_STATUS(xti_store_writer(scene->store, &writer), XT_OK);
    return writer;
}

/* Limits that let everything move out of one arena. */
static struct xti_move_limits no_limits(uint32_t victim)
{
    return (struct xti_move_limits){UINT64_MAX, UINT64_MAX, UINT64_MAX, {victim}, 1, 1};
}

/* ---- whole arenas -------------------------------------------------------------------------- */

/* In steps of any size, with publishes, commits, and other changes between them: these may hide
 * something from a walk, but not from the next. */
static bool victim_empty(struct scene *scene, const struct shape *shape, uint32_t id, bool mixes)
{
    const struct xti_arena *arena = xti_space_arena(&scene->store->txn->space, id);
    uint32_t first_unit = arena->first_unit;
    struct xti_move_out move = {0};
    bool is_done = false;
    bool holds = true;

    while (holds && (mixes ? arena->live_units > 0 : !is_done)) {
        struct xti_move_limits limits = no_limits(id);

        limits.due_units = move.due_units + 1 + check_random(&scene->random) % 400;
        limits.looks = move.looks + 1 + check_random(&scene->random) % 300;
        holds = CHECK_STATUS(xti_tree_move_out(writer_of(scene), &move, &limits, &is_done), XT_OK);
        if (holds && mixes && check_random(&scene->random) % 4 == 0)
            holds = batch_run(scene, shape->items);
        else if (holds && mixes && check_random(&scene->random) % 4 == 0)
            holds = commit(scene) && contents_hold(scene);
        arena = xti_space_arena_of(&scene->store->txn->space, first_unit);
        holds = holds && CHECK(arena != NULL && arena->id == id);
    }
    return holds && commit(scene);
}

static void an_arena_that_was_moved_out_of_holds_nothing_live(void)
{
    for (size_t i = 0; i < CHECK_COUNT(SHAPES); i++) {
        struct scene scene;
        uint32_t id;

        check_row = SHAPES[i].name;
        if (!scene_begin(&scene, &SHAPES[i]) || !scene_fill(&scene, &SHAPES[i])) {
            scene_end(&scene);
            continue;
        }
        for (unsigned victims = 0; victims < 3 && (id = victim_find(&scene, 0)) != 0; victims++) {
            if (!victim_empty(&scene, &SHAPES[i], id, victims > 0) || !contents_hold(&scene))
                break;
            CHECK_U64(census_take(&scene, xti_space_arena(&scene.store->txn->space, id)).nodes, 0);
            CHECK_U64(xti_space_arena(&scene.store->txn->space, id)->live_units, 0);
        }
        scene_end(&scene);
    }
    check_row = NULL;
}

static void what_moves_is_what_the_tree_refers_to(void)
{
    for (size_t i = 0; i < CHECK_COUNT(SHAPES); i++) {
        struct xti_move_out move = {0};
        struct census census;
        struct scene scene;
        bool is_done;
        uint32_t id;

        check_row = SHAPES[i].name;
        if (scene_begin(&scene, &SHAPES[i]) && scene_fill(&scene, &SHAPES[i]) &&
            CHECK((id = victim_find(&scene, 0)) != 0)) {
            const struct xti_move_limits limits = no_limits(id);
            struct xti_space *space = &scene.store->txn->space;
            const struct xti_arena *arena = xti_space_arena(space, id);

            census = census_take(&scene, arena);
            CHECK_U64(census.units, arena->live_units);
            CHECK_STATUS(xti_tree_move_out(writer_of(&scene), &move, &limits, &is_done), XT_OK);
            CHECK(is_done);
            CHECK_U64(move.nodes, census.nodes);
            CHECK_U64(move.units, census.units);
            CHECK_U64(move.due_units, census.units);
            CHECK_U64(xti_space_arena(space, id)->live_units, 0);
            CHECK(space->arena_count >= ARENAS_WANTED);
            CHECK_STATUS(xt_store_rollback(scene.store), XT_OK);
            contents_hold(&scene);
            CHECK_U64(census_take(&scene, xti_space_arena(space, id)).units, census.units);
        }
        scene_end(&scene);
    }
    check_row = NULL;
}

struct levels {
    struct xti_txn *txn;
    const struct xti_arena *cold;
    uint64_t cold_leaves;
    uint64_t cold_inner;
};

static bool level_count(void *context, const xt_node_info *node)
{
    struct levels *levels = context;

    if (node->ref - levels->cold->first_unit < levels->cold->range_units) {
        levels->cold_leaves += node->level == 0 ? 1 : 0;
        levels->cold_inner += node->level > 0 ? 1 : 0;
    }
    return true;
}

/* Leaves that moved lie in an arena of their own; what changes make, the nodes above what moved and
 * the record lie in another one. */
static void leaves_that_move_lie_apart(void)
{
    struct xti_move_out move = {0};
    struct scene scene;
    bool is_done;
    uint32_t id;

    if (scene_begin(&scene, &SHAPES[0]) && scene_fill(&scene, &SHAPES[0]) &&
        CHECK((id = victim_find(&scene, 0)) != 0)) {
        const struct xti_move_limits limits = no_limits(id);
        struct levels levels = {.txn = scene.store->txn};
        xt_snapshot *snapshot;

        CHECK_STATUS(xti_tree_move_out(writer_of(&scene), &move, &limits, &is_done), XT_OK);
        CHECK(commit(&scene) && batch_run(&scene, SHAPES[0].items) && commit(&scene));
        levels.cold = xti_space_arena(&levels.txn->space, levels.txn->now.cold_id);
        if (CHECK(levels.cold != NULL && levels.cold->id != levels.txn->now.arena_id) &&
            CHECK_STATUS(xt_snapshot_latest(scene.store, &snapshot), XT_OK)) {
            CHECK_STATUS(xt_snapshot_nodes(snapshot, 0, level_count, &levels), XT_OK);
            xt_snapshot_release(snapshot);
            CHECK(levels.cold_leaves > 0 && levels.cold_leaves <= move.nodes);
            CHECK_U64(levels.cold_inner, 0);
            CHECK(xti_space_arena_of(&levels.txn->space, levels.txn->state.record_ref)->id ==
                  levels.txn->now.arena_id);
        }
    }
    scene_end(&scene);
}

/* ---- steps --------------------------------------------------------------------------------- */

/* Everything that there is comes to lie in sealed arenas, the root too. */
static bool arena_seal(struct scene *scene)
{
    return item_insert(scene) &&
           CHECK_STATUS(xti_epoch_add_arena(scene->store->txn, 0, false, NULL), XT_OK) &&
           commit(scene);
}

static void a_step_ends_at_its_limits(void)
{
    struct xti_move_out move = {0};
    bool is_done = false;
    struct scene scene;
    uint64_t nodes;

    if (!scene_begin(&scene, &SHAPES[0]))
        return;
    for (unsigned i = 0; i < 2000; i++)
        item_insert(&scene);
    arena_seal(&scene);
    nodes = census_take(&scene, &scene.store->txn->space.arenas[0]).nodes;
    for (unsigned i = 0; i < 5000 && !is_done; i++) {
        const struct xti_move_out before = move;
        struct xti_move_limits limits = no_limits(1);

        limits.due_units = move.due_units + 1;
        limits.looks = move.looks + 2;
        if (!CHECK_STATUS(xti_tree_move_out(writer_of(&scene), &move, &limits, &is_done), XT_OK))
            break;
        CHECK(move.nodes <= before.nodes + 4 + 16); /* a path, and children */
        CHECK(move.looks <= before.looks + 2);
        CHECK(move.looks > before.looks || move.nodes > before.nodes || is_done);
    }
    CHECK(is_done);
    CHECK_U64(move.nodes, nodes);
    commit(&scene);
    contents_hold(&scene);
    scene_end(&scene);
}

/* Two victims of which one is due: paths are copied for that one, and not for the other. */
static void what_has_the_same_parent_moves_along(void)
{
    struct xti_move_limits limits = no_limits(2);
    struct xti_move_out move = {0};
    uint64_t live[2];
    struct scene scene;
    bool is_done;

    if (!scene_begin(&scene, &SHAPES[0]))
        return;
    for (unsigned i = 0; i < 3000; i++)
        item_insert(&scene);
    arena_seal(&scene);
    for (unsigned i = 0; i < 20; i++)
        item_insert(&scene);
    arena_seal(&scene);
    limits.victims[1] = 1;
    limits.victim_count = 2;
    live[0] = census_take(&scene, xti_space_arena(&scene.store->txn->space, 1)).units;
    live[1] = census_take(&scene, xti_space_arena(&scene.store->txn->space, 2)).units;
    CHECK_STATUS(xti_tree_move_out(writer_of(&scene), &move, &limits, &is_done), XT_OK);
    CHECK(is_done);
    commit(&scene);
    CHECK_U64(move.due_units, live[1]);
    CHECK_U64(move.path_units, 0); /* all paths lay in one of both */
    CHECK_U64(census_take(&scene, xti_space_arena(&scene.store->txn->space, 2)).units, 0);
    live[0] -= census_take(&scene, xti_space_arena(&scene.store->txn->space, 1)).units;
    CHECK(live[0] > 0);
    CHECK_U64(move.units - move.due_units, live[0]);
    contents_hold(&scene);
    scene_end(&scene);
}

static void trees_without_inner_nodes_move_too(void)
{
    struct xti_move_limits limits = no_limits(1);
    struct xti_move_out move = {0};
    struct scene scene;
    bool is_done;

    if (!scene_begin(&scene, &SHAPES[0]))
        return;
    CHECK_STATUS(xti_tree_move_out(writer_of(&scene), &move, &limits, &is_done), XT_OK);
    CHECK(is_done && move.looks == 0); /* it is not sealed */
    arena_seal(&scene);
    CHECK_STATUS(xti_tree_move_out(writer_of(&scene), &move, &limits, &is_done), XT_OK);
    CHECK(is_done);
    CHECK_U64(move.nodes, 1);
    commit(&scene);
    contents_hold(&scene);
    item_remove(&scene, 0);
    commit(&scene);
    move = (struct xti_move_out){0};
    CHECK_STATUS(xti_tree_move_out(writer_of(&scene), &move, &limits, &is_done), XT_OK);
    CHECK(is_done);
    CHECK_U64(move.nodes, 0);
    CHECK(!xti_txn_is_dirty(scene.store->txn));
    limits = no_limits(77);
    CHECK_STATUS(xti_tree_move_out(writer_of(&scene), &move, &limits, &is_done), XT_OK);
    CHECK(is_done);
    scene_end(&scene);
}

static void children_of_own_nodes_move_without_their_path(void)
{
    struct xti_move_limits limits = no_limits(1);
    struct xti_move_out move = {0};
    struct census before;
    struct scene scene;

    if (!scene_begin(&scene, &SHAPES[0]))
        return;
    for (unsigned i = 0; i < 2000; i++)
        item_insert(&scene);
    arena_seal(&scene);
    before = census_take(&scene, &scene.store->txn->space.arenas[0]);
    CHECK_STATUS(xti_tree_move_near(writer_of(&scene), &move, &limits), XT_OK);
    CHECK_U64(move.nodes, 0); /* nothing is own */
    item_insert(&scene);
    limits.units = 20;
    CHECK_STATUS(xti_tree_move_near(writer_of(&scene), &move, &limits), XT_OK);
    CHECK(move.nodes >= 1 && move.units >= 20 && move.nodes <= 3 * 16);
    limits.units = UINT64_MAX;
    limits.due_count = 0; /* nearness does not ask whether it is */
    CHECK_STATUS(xti_tree_move_near(writer_of(&scene), &move, &limits), XT_OK);
    commit(&scene);
    /* All but the path of the insertion, and from the root's children on everything below. */
    CHECK(move.nodes + 4 >= before.nodes);
    CHECK_U64(move.path_units, 0);
    CHECK_U64(census_take(&scene, &scene.store->txn->space.arenas[0]).nodes, 0);
    contents_hold(&scene);
    scene_end(&scene);
}

/* ---- arenas that hold anything ------------------------------------------------------------- */

enum filling { FILL_RANDOM, FILL_NODES, FILL_LIES, FILL_COUNT };

struct live_map {
    const struct xti_arena *arena;
    unsigned char *is_live; /* for each unit */
};

static bool node_mark(void *context, const xt_node_info *node)
{
    struct live_map *map = context;

    if (node->ref >= map->arena->first_unit &&
        node->ref - map->arena->first_unit < map->arena->range_units)
        memset(map->is_live + (node->ref - map->arena->first_unit), 1, (size_t)node->bytes / 64);
    return true;
}

/* A copy of some live node, as if it had lain there: its box is there, nothing refers to it. */
static void node_forge(struct scene *scene, unsigned char *bytes, const struct live_map *map,
                       uint64_t at, uint64_t room, enum filling filling)
{
    uint64_t units = map->arena->durable_units;
    uint64_t from = check_random(&scene->random) % units;
    struct xtd_node *node = (struct xtd_node *)(void *)(bytes + at * 64);
    const struct xtd_node *model;

    for (; from < units; from++) {
        model = (const struct xtd_node *)(const void *)(bytes + from * 64);
        if (map->is_live[from] && model->self_ref == map->arena->first_unit + from)
            break;
    }
    if (from == units || model->size_units > room)
        return;
    memcpy(node, model, (size_t)model->size_units * 64);
    node->self_ref = (uint32_t)(map->arena->first_unit + at);
    if (filling == FILL_LIES) {
        node->kind = XTD_UNUSED;
        node->size_units = (uint32_t)check_random(&scene->random);
    } else {
        xti_node_seal(node);
    }
}

static void dead_units_fill(struct scene *scene, unsigned char *bytes, const struct live_map *map,
                            enum filling filling)
{
    uint64_t units = map->arena->durable_units;

    for (uint64_t at = 64, room; at < units; at++) {
        if (map->is_live[at])
            continue;
        for (room = 0; at + room < units && !map->is_live[at + room]; room++)
            ;
        for (uint64_t i = 0; i < 64; i++)
            bytes[at * 64 + i] = (unsigned char)check_random(&scene->random);
        if (filling != FILL_RANDOM && check_random(&scene->random) % 4 == 0)
            node_forge(scene, bytes, map, at, room, filling);
    }
}

static bool scene_reopen(struct scene *scene)
{
    xt_open_options options = XT_OPEN_OPTIONS_INIT;

    options.writable = true;
    options.window_bytes = UINT64_C(256) << 20;
    return CHECK_STATUS(xti_store_open(disk_os_table(scene->disk), FOLDER, &options, &scene->store),
                        XT_OK);
}

/* Fills what is dead of an arena while the store is closed. */
static bool victim_spoil(struct scene *scene, uint32_t id, enum filling filling)
{
    const struct xti_arena arena = *xti_space_arena(&scene->store->txn->space, id);
    struct live_map map = {&arena, calloc(1, (size_t)arena.range_units)};
    char path[64];
    xt_snapshot *snapshot;
    unsigned char *bytes;
    size_t size;

    if (!CHECK(map.is_live != NULL) ||
        !CHECK_STATUS(xt_snapshot_latest(scene->store, &snapshot), XT_OK)) {
        free(map.is_live);
        return false;
    }
    CHECK_STATUS(xt_snapshot_nodes(snapshot, 0, node_mark, &map), XT_OK);
    xt_snapshot_release(snapshot);
    CHECK_STATUS(xt_store_close(scene->store), XT_OK);
    snprintf(path, sizeof path, "%s/arena-%08" PRIx32 ".xta", FOLDER, id);
    bytes = disk_os_file_bytes(scene->disk, path, &size);
    if (CHECK(bytes != NULL && size >= arena.durable_units * 64))
        dead_units_fill(scene, bytes, &map, filling);
    free(map.is_live);
    return scene_reopen(scene);
}

static bool everything_is_there(struct scene *scene)
{
    struct question question;
    xt_snapshot *snapshot;
    bool holds;

    if (!CHECK_STATUS(xt_snapshot_latest(scene->store, &snapshot), XT_OK))
        return false;
    question_all(&question, &scene->mirror);
    holds = totals_hold(snapshot, &scene->mirror) &&
            question_holds(&question, snapshot, &scene->mirror, &scene->random);
    xt_snapshot_release(snapshot);
    return holds;
}

static void what_is_dead_may_be_anything(void)
{
    for (enum filling filling = FILL_RANDOM; filling < FILL_COUNT; filling++) {
        struct xti_move_out move = {0};
        struct scene scene;
        uint64_t nodes;
        bool is_done;
        uint32_t id;

        if (scene_begin(&scene, &SHAPES[0]) && scene_fill(&scene, &SHAPES[0]) &&
            item_insert(&scene) && commit(&scene) && CHECK((id = victim_find(&scene, 0)) != 0) &&
            victim_spoil(&scene, id, filling)) {
            const struct xti_move_limits limits = no_limits(id);
            struct xti_space *space = &scene.store->txn->space;

            nodes = census_take(&scene, xti_space_arena(space, id)).nodes;
            CHECK_STATUS(xti_tree_move_out(writer_of(&scene), &move, &limits, &is_done), XT_OK);
            CHECK(is_done);
            commit(&scene);
            everything_is_there(&scene);
            CHECK_U64(move.nodes, nodes);
        }
        scene_end(&scene);
    }
}

int main(int argc, char **argv)
{
    static const struct check_test tests[] = {
        {"an_arena_that_was_moved_out_of_holds_nothing_live",
         an_arena_that_was_moved_out_of_holds_nothing_live                                         },
        {"what_moves_is_what_the_tree_refers_to",             what_moves_is_what_the_tree_refers_to},
        {"leaves_that_move_lie_apart",                        leaves_that_move_lie_apart           },
        {"what_has_the_same_parent_moves_along",              what_has_the_same_parent_moves_along },
        {"a_step_ends_at_its_limits",                         a_step_ends_at_its_limits            },
        {"trees_without_inner_nodes_move_too",                trees_without_inner_nodes_move_too   },
        {"children_of_own_nodes_move_without_their_path",
         children_of_own_nodes_move_without_their_path                                             },
        {"what_is_dead_may_be_anything",                      what_is_dead_may_be_anything         },
    };

    return check_main(tests, CHECK_COUNT(tests), argc, argv);
}
