/* bench/with_lmdb.c -- LMDB as an opener: what opening a memory-mapped store can cost at best.
 *
 * Keys of 8 bytes and values of 32. There is nothing spatial in it: its first answer is one key.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "contestants.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <lmdb.h>

static void must(int code, const char *what)
{
    if (code != MDB_SUCCESS)
        bench_die("%s: %s", what, mdb_strerror(code));
}

static const char *version(void)
{
    static char text[64];
    snprintf(text, sizeof text, "LMDB %d.%d.%d, read-only, 8-byte keys, 32-byte values",
             MDB_VERSION_MAJOR, MDB_VERSION_MINOR, MDB_VERSION_PATCH);
    return text;
}

/* Big-endian, so that the order of the bytes is that of the numbers. */
static void key_bytes(uint64_t key, unsigned char bytes[8])
{
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(key >> (56 - 8 * i));
}

static void append_entries(MDB_txn *txn, MDB_dbi dbi, uint64_t items)
{
    for (uint64_t i = 0; i < items; i++) {
        unsigned char key[8];
        unsigned char value[32] = {0};
        key_bytes(i, key);
        memcpy(value, &i, sizeof i);
        MDB_val key_val = {sizeof key, key};
        MDB_val data_val = {sizeof value, value};
        must(mdb_put(txn, dbi, &key_val, &data_val, MDB_APPEND), "mdb_put");
    }
}

static void create(const char *path, uint64_t items, uint64_t seed, unsigned threads)
{
    (void)seed;
    (void)threads;
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi;
    if (mkdir(path, 0777) != 0)
        bench_die("%s: cannot be made", path);
    must(mdb_env_create(&env), "mdb_env_create");
    must(mdb_env_set_mapsize(env, (size_t)items * 100 + ((size_t)16 << 20)), "mdb_env_set_mapsize");
    must(mdb_env_open(env, path, 0, 0666), "mdb_env_open");
    must(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
    must(mdb_dbi_open(txn, NULL, 0, &dbi), "mdb_dbi_open");
    append_entries(txn, dbi, items);
    must(mdb_txn_commit(txn), "mdb_txn_commit");
    mdb_env_close(env);
}

static uint64_t first_answer(const char *path, const struct probe *probe)
{
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi;
    unsigned char bytes[8];
    key_bytes(probe->key, bytes);
    MDB_val key = {sizeof bytes, bytes};
    MDB_val value;
    must(mdb_env_create(&env), "mdb_env_create");
    must(mdb_env_open(env, path, MDB_RDONLY, 0666), path);
    must(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "mdb_txn_begin");
    must(mdb_dbi_open(txn, NULL, 0, &dbi), "mdb_dbi_open");
    must(mdb_get(txn, dbi, &key, &value), "mdb_get");
    return value.mv_size == 32 ? 1 : 0;
}

const struct opener open_lmdb = {
    .name = "LMDB",
    .version = version,
    .is_by_key = true,
    .create = create,
    .first_answer = first_answer,
};
