/* bench/with_sqlite_rtree.c -- SQLite's R*Tree in memory, and as an opener of a file.
 *
 * Boxes of 32-bit floats, rounded outwards: a window may meet some items more than it should. The
 * size of a page does not matter, a node holds 51 entries at most. Everything is changed within one
 * transaction, of a database without a journal.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "contestants.h"
#include "data.h"

enum { sql_bytes = 512, dims_max = 5 };

struct tree {
    sqlite3 *handle;
    sqlite3_stmt *insert, *remove, *window, *count;
    int dims;
    bool is_boxes;
};

static const char *version(void)
{
    static char text[96];
    snprintf(text, sizeof text, "SQLite %s, R*Tree in memory, 32-bit floats, no journal",
             sqlite3_libversion());
    return text;
}

static void must(sqlite3 *handle, int code)
{
    if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW)
        bench_die("SQLite: %s", sqlite3_errmsg(handle));
}

static void run(sqlite3 *handle, const char *sql)
{
    must(handle, sqlite3_exec(handle, sql, NULL, NULL, NULL));
}

static sqlite3_stmt *statement_make(sqlite3 *handle, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    must(handle, sqlite3_prepare_v3(handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL));
    return statement;
}

/* Appends `format` for each axis, with its number, and `between` between two of them. */
static void sql_append(char *sql, int dims, const char *between, const char *format)
{
    for (int axis = 0; axis < dims; axis++) {
        size_t used = strlen(sql);
        snprintf(sql + used, sql_bytes - used, "%s", axis > 0 ? between : "");
        for (const char *at = format; *at != '\0'; at++) {
            used = strlen(sql);
            if (*at == '#')
                snprintf(sql + used, sql_bytes - used, "%d", axis);
            else
                snprintf(sql + used, sql_bytes - used, "%c", *at);
        }
    }
}

static void table_make(sqlite3 *handle, int dims)
{
    char sql[sql_bytes] = "CREATE VIRTUAL TABLE items USING rtree(id, ";
    sql_append(sql, dims, ", ", "low#, high#");
    strcat(sql, ")");
    run(handle, sql);
}

/* :low0 is where the window ends below; a box of a point takes its coordinates twice. */
static sqlite3_stmt *insert_make(sqlite3 *handle, int dims)
{
    char sql[sql_bytes] = "INSERT INTO items VALUES (:id, ";
    sql_append(sql, dims, ", ", ":low#, :high#");
    strcat(sql, ")");
    return statement_make(handle, sql);
}

static sqlite3_stmt *window_make(sqlite3 *handle, int dims, const char *what)
{
    char sql[sql_bytes];
    snprintf(sql, sizeof sql, "SELECT %s FROM items WHERE ", what);
    sql_append(sql, dims, " AND ", "high# >= :low# AND low# <= :high#");
    return statement_make(handle, sql);
}

static struct tree *tree_make(const char *path, const struct dataset *like)
{
    struct tree *tree = calloc(1, sizeof *tree);
    if (tree == NULL || sqlite3_open(path, &tree->handle) != SQLITE_OK)
        bench_die("%s: SQLite cannot open it", path);
    tree->dims = (int)like->dims;
    tree->is_boxes = like->is_boxes;
    run(tree->handle, "PRAGMA journal_mode=OFF");
    run(tree->handle, "PRAGMA synchronous=OFF");
    table_make(tree->handle, tree->dims);
    tree->insert = insert_make(tree->handle, tree->dims);
    tree->remove = statement_make(tree->handle, "DELETE FROM items WHERE id = ?1");
    tree->window = window_make(tree->handle, tree->dims, "id");
    tree->count = window_make(tree->handle, tree->dims, "count(*)");
    run(tree->handle, "BEGIN");
    return tree;
}

static void *create(const struct dataset *like)
{
    return tree_make(":memory:", like);
}

static void destroy(void *index)
{
    struct tree *tree = index;
    run(tree->handle, "COMMIT");
    must(tree->handle, sqlite3_finalize(tree->insert));
    must(tree->handle, sqlite3_finalize(tree->remove));
    must(tree->handle, sqlite3_finalize(tree->window));
    must(tree->handle, sqlite3_finalize(tree->count));
    must(tree->handle, sqlite3_close(tree->handle));
    free(tree);
}

static int64_t number_of(sqlite3 *handle, const char *sql)
{
    sqlite3_stmt *statement = statement_make(handle, sql);
    must(handle, sqlite3_step(statement));
    int64_t number = sqlite3_column_int64(statement, 0);
    must(handle, sqlite3_finalize(statement));
    return number;
}

static uint64_t bytes(const void *index)
{
    const struct tree *tree = index;
    return (uint64_t)(number_of(tree->handle, "PRAGMA page_count") *
                      number_of(tree->handle, "PRAGMA page_size"));
}

/* ---- changing ------------------------------------------------------------------------------ */

static void step(const struct tree *tree, sqlite3_stmt *statement)
{
    must(tree->handle, sqlite3_step(statement));
    must(tree->handle, sqlite3_reset(statement));
}

static void row_insert(const struct tree *tree, uint64_t id, const double *low)
{
    const double *high = tree->is_boxes ? low + tree->dims : low;
    must(tree->handle, sqlite3_bind_int64(tree->insert, 1, (sqlite3_int64)id));
    for (int axis = 0; axis < tree->dims; axis++) {
        must(tree->handle, sqlite3_bind_double(tree->insert, 2 + 2 * axis, low[axis]));
        must(tree->handle, sqlite3_bind_double(tree->insert, 3 + 2 * axis, high[axis]));
    }
    step(tree, tree->insert);
}

static size_t row_width(const struct tree *tree)
{
    return (size_t)tree->dims * (tree->is_boxes ? 2 : 1);
}

static void insert(void *index, const struct rows *rows)
{
    const struct tree *tree = index;
    for (size_t i = 0; i < rows->count; i++)
        row_insert(tree, rows->ids[i], rows->coords + i * row_width(tree));
}

static void remove_rows(void *index, const struct rows *rows)
{
    const struct tree *tree = index;
    for (size_t i = 0; i < rows->count; i++) {
        must(tree->handle, sqlite3_bind_int64(tree->remove, 1, (sqlite3_int64)rows->ids[i]));
        step(tree, tree->remove);
        if (sqlite3_changes(tree->handle) != 1)
            bench_die("SQLite does not find what shall be removed");
    }
}

/* ---- building ------------------------------------------------------------------------------ */

static void *prepare(const struct dataset *data)
{
    struct dataset *copy = malloc(sizeof *copy);
    if (copy == NULL)
        bench_die("out of memory");
    *copy = *data;
    return copy;
}

static void *build(void *prepared, unsigned way, unsigned threads)
{
    const struct dataset *data = prepared;
    struct tree *tree = tree_make(":memory:", data);
    (void)way;
    (void)threads;
    for (size_t i = 0; i < data->count; i++)
        row_insert(tree, i, data->coords + i * row_width(tree));
    return tree;
}

/* ---- asking -------------------------------------------------------------------------------- */

/* Axis by axis low, high: the order in which the statements first name them. */
static void window_bind(const struct tree *tree, sqlite3_stmt *statement, const double *window)
{
    for (int axis = 0; axis < tree->dims; axis++) {
        must(tree->handle, sqlite3_bind_double(statement, 1 + 2 * axis, window[axis]));
        must(tree->handle, sqlite3_bind_double(statement, 2 + 2 * axis, window[tree->dims + axis]));
    }
}

static size_t window_ids(void *index, unsigned walker, const double *window, uint64_t *ids)
{
    const struct tree *tree = index;
    size_t found = 0;
    int code;
    (void)walker;
    window_bind(tree, tree->window, window);
    while ((code = sqlite3_step(tree->window)) == SQLITE_ROW)
        ids[found++] = (uint64_t)sqlite3_column_int64(tree->window, 0);
    must(tree->handle, code);
    must(tree->handle, sqlite3_reset(tree->window));
    return found;
}

static uint64_t window_count(void *index, unsigned walker, const double *window)
{
    const struct tree *tree = index;
    (void)walker;
    window_bind(tree, tree->count, window);
    must(tree->handle, sqlite3_step(tree->count));
    uint64_t found = (uint64_t)sqlite3_column_int64(tree->count, 0);
    must(tree->handle, sqlite3_reset(tree->count));
    return found;
}

static bool takes(const struct dataset *like)
{
    return like->dims <= dims_max;
}

static const char *const builders[] = {"inserts in one transaction", NULL};
static const char *const walkers[] = {"select", NULL};

const struct contestant with_sqlite_rtree = {
    .interface = CONTESTANT_INTERFACE,
    .name = "SQLite R*Tree",
    .version = version,
    .is_float32 = true,
    .items_most = 2000000,
    .takes = takes,
    .walkers = walkers,
    .bytes = bytes,
    .destroy = destroy,
    .builders = builders,
    .prepare = prepare,
    .unprepare = free,
    .build = build,
    .create = create,
    .insert = insert,
    .remove = remove_rows,
    .window = window_ids,
    .count = window_count,
};

/* ---- opening ------------------------------------------------------------------------------- */

static void file_create(const char *path, uint64_t items, uint64_t seed, unsigned threads)
{
    struct dataset like = {.dims = 2};
    char file[4096];
    (void)threads;
    if (mkdir(path, 0777) != 0)
        bench_die("%s: cannot be made", path);
    snprintf(file, sizeof file, "%s/database", path);
    struct tree *tree = tree_make(file, &like);
    for (uint64_t i = 0; i < items; i++) {
        double point[2];
        data_uniform_point(seed, i, point);
        row_insert(tree, i, point);
    }
    destroy(tree);
}

static uint64_t first_answer(const char *path, const struct probe *probe)
{
    static uint64_t ids[4 * WINDOW_SLACK];
    struct tree tree = {.dims = 2};
    char file[4096];
    snprintf(file, sizeof file, "%s/database", path);
    if (sqlite3_open_v2(file, &tree.handle, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        bench_die("%s: cannot be opened", file);
    tree.window = window_make(tree.handle, tree.dims, "id");
    return window_ids(&tree, 0, probe->window, ids);
}

static const char *file_version(void)
{
    static char text[64];
    snprintf(text, sizeof text, "SQLite %s, R*Tree, read-only", sqlite3_libversion());
    return text;
}

const struct opener open_sqlite = {
    .name = "SQLite R*Tree",
    .version = file_version,
    .items_most = 1000000,
    .is_float32 = true,
    .create = file_create,
    .first_answer = first_answer,
};
