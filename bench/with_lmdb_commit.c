/* bench/with_lmdb_commit.c -- LMDB as a committer.
 *
 * There is nothing spatial in it. The key is the place: the bits of the two coordinates
 * interleaved (Z-order), so that it is written where a spatial index would write, and the id, so
 * that keys differ; the value are the coordinates.
 *
 * SPDX-License-Identifier: MIT
 */
#include "committer.h"
#include "contestant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <lmdb.h>

struct environment {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
};

static void must(int code, const char *what)
{
    if (code != MDB_SUCCESS)
        bench_die("%s: %s", what, mdb_strerror(code));
}

static const char *version(void)
{
    static char text[96];
    snprintf(text, sizeof text, "LMDB %d.%d.%d, synchronous, keys in Z-order, 16-byte values",
             MDB_VERSION_MAJOR, MDB_VERSION_MINOR, MDB_VERSION_PATCH);
    return text;
}

static void begin(struct environment *environment)
{
    must(mdb_txn_begin(environment->env, NULL, 0, &environment->txn), "mdb_txn_begin");
}

static void *create(const char *path)
{
    struct environment *environment = calloc(1, sizeof *environment);
    if (environment == NULL || mkdir(path, 0777) != 0)
        bench_die("%s: cannot be made", path);
    must(mdb_env_create(&environment->env), "mdb_env_create");
    must(mdb_env_set_mapsize(environment->env, (size_t)16 << 30), "mdb_env_set_mapsize");
    must(mdb_env_open(environment->env, path, 0, 0666), "mdb_env_open");
    begin(environment);
    must(mdb_dbi_open(environment->txn, NULL, 0, &environment->dbi), "mdb_dbi_open");
    return environment;
}

/* A coordinate of the world as 32 bits, with room between them. */
static uint64_t spread_bits(double at, double half)
{
    uint64_t bits = (uint64_t)((at + half) / (2.0 * half) * 4294967295.0);
    bits = (bits | bits << 16) & 0x0000ffff0000ffffu;
    bits = (bits | bits << 8) & 0x00ff00ff00ff00ffu;
    bits = (bits | bits << 4) & 0x0f0f0f0f0f0f0f0fu;
    bits = (bits | bits << 2) & 0x3333333333333333u;
    return (bits | bits << 1) & 0x5555555555555555u;
}

static void put_big_endian(unsigned char *out, uint64_t number)
{
    for (unsigned i = 0; i < 8; i++)
        out[i] = (unsigned char)(number >> (56 - 8 * i));
}

static void insert(void *store, uint64_t id, const double point[2])
{
    struct environment *environment = store;
    unsigned char key_bytes[16];
    double value_bytes[2] = {point[0], point[1]};
    put_big_endian(key_bytes, spread_bits(point[0], 180.0) << 1 | spread_bits(point[1], 90.0));
    put_big_endian(key_bytes + 8, id);
    MDB_val key = {sizeof key_bytes, key_bytes};
    MDB_val value = {sizeof value_bytes, value_bytes};
    must(mdb_put(environment->txn, environment->dbi, &key, &value, 0), "mdb_put");
}

static void commit(void *store)
{
    struct environment *environment = store;
    must(mdb_txn_commit(environment->txn), "mdb_txn_commit");
    begin(environment);
}

static uint64_t count(void *store)
{
    struct environment *environment = store;
    MDB_stat facts;
    must(mdb_stat(environment->txn, environment->dbi, &facts), "mdb_stat");
    return facts.ms_entries;
}

static void close_environment(void *store)
{
    struct environment *environment = store;
    mdb_txn_abort(environment->txn);
    mdb_env_close(environment->env);
    free(environment);
}

const struct committer commit_lmdb = {
    .name = "LMDB",
    .version = version,
    .create = create,
    .insert = insert,
    .commit = commit,
    .count = count,
    .close = close_environment,
};
