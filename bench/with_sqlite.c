/* bench/with_sqlite.c -- SQLite's R*Tree as a committer: WAL, synchronous=FULL.
 *
 * That is the fastest of its settings in which a commit that returned survives a power loss. The
 * tree holds boxes of 32-bit floats; a point is a box without extent.
 *
 * SPDX-License-Identifier: MIT
 */
#include "committer.h"
#include "contestants.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <sqlite3.h>

struct database {
    sqlite3 *handle;
    sqlite3_stmt *begin, *insert, *commit;
    bool has_begun;
};

static const char *version(void)
{
    static char text[96];
    snprintf(text, sizeof text, "SQLite %s, R*Tree, WAL, synchronous=FULL", sqlite3_libversion());
    return text;
}

static void must(const struct database *database, int code)
{
    if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW)
        bench_die("SQLite: %s", sqlite3_errmsg(database->handle));
}

static void run(struct database *database, const char *sql)
{
    must(database, sqlite3_exec(database->handle, sql, NULL, NULL, NULL));
}

static sqlite3_stmt *prepare(struct database *database, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    must(database, sqlite3_prepare_v2(database->handle, sql, -1, &statement, NULL));
    return statement;
}

static void step(struct database *database, sqlite3_stmt *statement)
{
    must(database, sqlite3_step(statement));
    must(database, sqlite3_reset(statement));
}

static void *create(const char *path)
{
    struct database *database = calloc(1, sizeof *database);
    char file[4096];
    if (database == NULL || mkdir(path, 0777) != 0)
        bench_die("%s: cannot be made", path);
    snprintf(file, sizeof file, "%s/database", path);
    if (sqlite3_open(file, &database->handle) != SQLITE_OK)
        bench_die("%s: cannot be opened", file);
    run(database, "PRAGMA journal_mode=WAL");
    run(database, "PRAGMA synchronous=FULL");
    run(database, "CREATE VIRTUAL TABLE places USING rtree(id, x0, x1, y0, y1)");
    database->begin = prepare(database, "BEGIN");
    database->insert = prepare(database, "INSERT INTO places VALUES (?1, ?2, ?2, ?3, ?3)");
    database->commit = prepare(database, "COMMIT");
    return database;
}

static void insert(void *store, uint64_t id, const double point[2])
{
    struct database *database = store;
    if (!database->has_begun)
        step(database, database->begin);
    database->has_begun = true;
    must(database, sqlite3_bind_int64(database->insert, 1, (sqlite3_int64)id));
    must(database, sqlite3_bind_double(database->insert, 2, point[0]));
    must(database, sqlite3_bind_double(database->insert, 3, point[1]));
    step(database, database->insert);
}

static void commit(void *store)
{
    struct database *database = store;
    step(database, database->commit);
    database->has_begun = false;
}

static uint64_t count(void *store)
{
    struct database *database = store;
    sqlite3_stmt *statement = prepare(database, "SELECT count(*) FROM places");
    must(database, sqlite3_step(statement));
    uint64_t found = (uint64_t)sqlite3_column_int64(statement, 0);
    must(database, sqlite3_finalize(statement));
    return found;
}

static void close_database(void *store)
{
    struct database *database = store;
    must(database, sqlite3_finalize(database->begin));
    must(database, sqlite3_finalize(database->insert));
    must(database, sqlite3_finalize(database->commit));
    must(database, sqlite3_close(database->handle));
    free(database);
}

const struct committer commit_sqlite = {
    .name = "SQLite R*Tree",
    .version = version,
    .create = create,
    .insert = insert,
    .commit = commit,
    .count = count,
    .close = close_database,
};
