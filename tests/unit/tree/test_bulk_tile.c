/* tests/unit/tree/test_bulk_tile.c -- does tiling move every record once, into tiles of sensible
 * counts, and to the same place for any number of threads?
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>

#include "support/check.h"
#include "support/fail_os.h"
#include "tree/bulk.h"

#define WINDOW_BYTES (UINT64_C(1) << 30)

enum data {
    UNIFORM,
    SAME,
    TWO_VALUES, /* in one dimension, the others are the same */
    SKEWED,     /* dense near zero */
    OUTLIERS,   /* one of twenty is far away in the first dimension, the others are equal there */
    SORTED
};

static double value_of(enum data data, uint32_t dim, double part, uint64_t *random)
{
    double u = check_uniform(random);
    uint64_t choice = check_random(random);

    switch (data) {
    case SAME:
        return -3.5;
    case TWO_VALUES:
        return dim == 0 ? (double)(choice % 2) : 1.0;
    case SKEWED:
        return u * u * u * u;
    case OUTLIERS:
        return dim > 0 ? u : choice % 20 == 0 ? 1e300 : 0.0;
    case SORTED:
        return part;
    case UNIFORM:
        break;
    }
    return u;
}

static void make_record(char *record, uint64_t id, uint32_t dims, const double *values)
{
    memcpy(record, &id, sizeof id);
    memcpy(record + sizeof id, values, dims * sizeof *values);
}

/* ---- splitters ------------------------------------------------------------------------------- */

enum { sample_count = 4096, tiles = 64 };

/* How many of the records of a sample go to each tile. */
static void spread(enum data data, size_t counts[tiles])
{
    static double values[sample_count][2];
    static char sample[sample_count][24];
    struct xti_record_shape shape;
    struct xti_splitters splitters;
    uint64_t random = check_seed;

    xti_record_shape_init(&shape, 2, false, false);
    for (size_t i = 0; i < sample_count; i++) {
        for (uint32_t dim = 0; dim < 2; dim++)
            values[i][dim] = value_of(data, dim, (double)i / sample_count, &random);
        make_record(sample[i], i, 2, values[i]);
    }
    memset(counts, 0, tiles * sizeof *counts);
    if (!CHECK_STATUS(
            xti_splitters_init(&splitters, xti_os_real(), &shape, sample[0], sample_count, tiles),
            XT_OK))
        return;
    for (size_t i = 0; i < sample_count; i++) {
        uint32_t tile = xti_splitters_tile(&splitters, sample[i], false, false);

        if (CHECK(tile < tiles))
            counts[tile]++;
    }
    xti_splitters_release(&splitters, xti_os_real());
}

static void splitters_divide_what_can_be_divided(void)
{
    static const struct {
        const char *name;
        enum data data;
        size_t used; /* tiles that get something, at least */
        size_t most; /* records of a tile */
    } rows[] = {
        {"uniform",                        UNIFORM,    tiles, 64          },
        {"sorted",                         SORTED,     tiles, 64          },
        {"skewed",                         SKEWED,     tiles, 64          },
        {"all the same",                   SAME,       1,     sample_count},
        {"two values",                     TWO_VALUES, 2,     2200        },
        {"outliers take one level of six", OUTLIERS,   tiles, 128         },
    };

    for (size_t r = 0; r < CHECK_COUNT(rows); r++) {
        size_t counts[tiles];
        size_t used = 0;
        size_t most = 0;

        check_row = rows[r].name;
        spread(rows[r].data, counts);
        for (size_t tile = 0; tile < tiles; tile++) {
            used += counts[tile] > 0 ? 1 : 0;
            most = counts[tile] > most ? counts[tile] : most;
        }
        CHECK(used >= rows[r].used);
        CHECK(most <= rows[r].most);
    }
}

static void splitters_take_a_sample_smaller_than_the_tiles(void)
{
    const double values[3][2] = {
        {1, 1},
        {2, 1},
        {3, 1}
    };
    char sample[3][24];
    struct xti_record_shape shape;
    struct xti_splitters splitters;
    uint32_t found[3];

    xti_record_shape_init(&shape, 2, false, false);
    for (size_t i = 0; i < 3; i++)
        make_record(sample[i], i, 2, values[i]);
    if (!CHECK_STATUS(xti_splitters_init(&splitters, xti_os_real(), &shape, sample[0], 3, 16),
                      XT_OK))
        return;
    for (size_t i = 0; i < 3; i++) {
        char record[24];

        make_record(record, i, 2, values[i]);
        found[i] = xti_splitters_tile(&splitters, record, false, false);
        CHECK(found[i] < 16);
    }
    CHECK(found[0] < found[1] && found[1] < found[2]);
    xti_splitters_release(&splitters, xti_os_real());
}

/* ---- tiling ---------------------------------------------------------------------------------- */

struct load {
    size_t count;
    uint32_t dims;
    enum data data;
    uint32_t capacity; /* of leaves and inner nodes */
    size_t chunk;      /* records in a chunk */
    uint32_t threads;
};

static bool open_bulk(const struct xti_os *os, const struct load *load, struct xti_bulk *bulk)
{
    const struct xti_schema schema = {load->dims,     XT_POINTS, XT_F64, load->capacity,
                                      load->capacity, 4096,      1 << 21};
    const xt_loader_options options = {.threads = load->threads};
    struct xti_txn *txn;

    return CHECK_STATUS(xti_txn_create(os, NULL, &schema, WINDOW_BYTES, NULL, &txn), XT_OK) &&
           CHECK_STATUS(xti_bulk_init(bulk, txn, &options, load->count), XT_OK);
}

static void close_bulk(struct xti_bulk *bulk)
{
    struct xti_txn *txn = bulk->txn;

    xti_bulk_release(bulk);
    xti_txn_close(txn);
}

/* The chunks' capacity is larger than their count. */
static size_t make_chunks(const struct xti_bulk *bulk, const struct load *load,
                          struct xti_chunk *chunks)
{
    const struct xti_os *os = bulk->os;
    uint64_t random = check_seed;
    size_t made = 0;
    size_t i = 0;

    for (; made < load->count; i++) {
        struct xti_chunk *chunk = &chunks[i];

        chunk->capacity = load->chunk + 3;
        chunk->records = os->alloc(os, chunk->capacity * bulk->shape.bytes);
        for (chunk->count = 0; chunk->count < load->chunk && made < load->count; made++) {
            double values[64];

            for (uint32_t dim = 0; dim < load->dims; dim++)
                values[dim] =
                    value_of(load->data, dim, (double)made / (double)load->count, &random);
            make_record(chunk->records + chunk->count++ * bulk->shape.bytes, made, load->dims,
                        values);
        }
    }
    return i;
}

enum { chunks_max = 64 };

static bool tile_up(struct xti_bulk *bulk, const struct load *load, struct xti_tiling *tiling)
{
    struct xti_chunk chunks[chunks_max];
    size_t chunk_count = make_chunks(bulk, load, chunks);

    if (!CHECK_STATUS(xti_tiling_init(tiling, bulk, chunks, chunk_count), XT_OK))
        return false;
    for (size_t i = 0; i < chunk_count; i++)
        CHECK(chunks[i].records == NULL);
    return true;
}

static void check_ids(const struct xti_tiling *tiling, const struct xti_bulk *bulk)
{
    unsigned char *seen = calloc(tiling->count, 1);
    size_t bad = 0;

    for (size_t i = 0; i < tiling->count; i++) {
        uint64_t id = xti_record_id(tiling->records + i * bulk->shape.bytes);

        if (id >= tiling->count || seen[id]++ != 0)
            bad++;
    }
    CHECK_U64(bad, 0);
    free(seen);
}

static void every_record_lies_in_one_tile_of_a_sensible_count(void)
{
    static const struct {
        const char *name;
        struct load load;
        size_t tiles_min, tiles_max;
        size_t least, most; /* records of a tile */
    } rows[] = {
        {"one record",             {1, 2, UNIFORM, 16, 10, 1},            1,  1,  1,       1      },
        {"less than a tile",       {9000, 2, UNIFORM, 32, 1000, 1},       1,  1,  9000,    9000   },
        {"some tiles",             {100000, 2, UNIFORM, 32, 7777, 2},     8,  8,  7000,    18000  },
        {"uneven chunks",          {100000, 2, SORTED, 32, 99999, 1},     8,  8,  7000,    18000  },
        {"skewed",                 {200000, 2, SKEWED, 32, 50000, 2},     16, 16, 7000,    18000  },
        {"large records",          {9000, 64, UNIFORM, 16, 1000, 2},      4,  4,  1500,    3000   },
        {"large nodes, few tiles", {100000, 2, UNIFORM, 256, 50000, 2},   2,  3,  32768,   68000  },
        {"nodes that hold all",    {100000, 2, UNIFORM, 1024, 50000, 2},  1,  1,  100000,  100000 },
        {"two values",             {100000, 2, TWO_VALUES, 32, 50000, 1}, 2,  2,  48000,   52000  },
        {"all the same",           {100000, 2, SAME, 32, 50000, 1},       1,  1,  100000,  100000 },
        {"too many the same",      {2200000, 1, SAME, 32, 1000000, 2},    2,  2,  1000000, 1200000},
        {"outliers",               {200000, 2, OUTLIERS, 32, 50000, 1},   8,  16, 512,     36000  },
    };

    for (size_t r = 0; r < CHECK_COUNT(rows); r++) {
        struct xti_tiling tiling;
        struct xti_bulk bulk;
        size_t least = SIZE_MAX;
        size_t most = 0;

        check_row = rows[r].name;
        if (!open_bulk(xti_os_real(), &rows[r].load, &bulk))
            return;
        if (!tile_up(&bulk, &rows[r].load, &tiling))
            return;
        CHECK(tiling.tiles >= rows[r].tiles_min && tiling.tiles <= rows[r].tiles_max);
        CHECK_U64(tiling.begins[0], 0);
        CHECK_U64(tiling.begins[tiling.tiles], rows[r].load.count);
        for (uint32_t tile = 0; tile < tiling.tiles; tile++) {
            size_t count = tiling.begins[tile + 1] - tiling.begins[tile];

            least = count < least ? count : least;
            most = count > most ? count : most;
        }
        CHECK(least >= rows[r].least);
        CHECK(most <= rows[r].most);
        CHECK_U64(tiling.largest, most);
        check_ids(&tiling, &bulk);
        xti_tiling_release(&tiling, &bulk);
        close_bulk(&bulk);
    }
}

static void threads_do_not_change_the_tiles(void)
{
    static const uint32_t threads[] = {1, 2, 3, 64, XT_THREADS_ALL};
    struct load load = {150000, 2, SKEWED, 32, 12345, 1};
    struct xti_tiling tilings[CHECK_COUNT(threads)];
    struct xti_bulk bulks[CHECK_COUNT(threads)];

    for (size_t i = 0; i < CHECK_COUNT(threads); i++) {
        load.threads = threads[i];
        if (!open_bulk(xti_os_real(), &load, &bulks[i]) || !tile_up(&bulks[i], &load, &tilings[i]))
            return;
        CHECK_U64(tilings[i].tiles, tilings[0].tiles);
        CHECK(memcmp(tilings[i].records, tilings[0].records, load.count * bulks[0].shape.bytes) ==
              0);
        CHECK(memcmp(tilings[i].begins, tilings[0].begins,
                     (tilings[0].tiles + 1) * sizeof *tilings[0].begins) == 0);
    }
    for (size_t i = 0; i < CHECK_COUNT(threads); i++) {
        xti_tiling_release(&tilings[i], &bulks[i]);
        close_bulk(&bulks[i]);
    }
}

/* Chunks stay with the caller when it fails; a thread that does not start is no failure. */
static void failures_leave_nothing_behind(void)
{
    const struct load load = {30000, 2, UNIFORM, 16, 12345, 2};
    struct fail_os fail;
    struct xti_bulk bulk;
    bool hit = true;

    fail_os_init(&fail, xti_os_real());
    for (uint64_t n = 1; hit; n++) {
        struct xti_chunk chunks[chunks_max];
        struct xti_tiling tiling;
        size_t chunk_count;
        xt_status status;

        fail_os_reset(&fail);
        if (!open_bulk(&fail.os, &load, &bulk))
            return;
        chunk_count = make_chunks(&bulk, &load, chunks);
        fail_os_reset(&fail);
        fail.fail_at = n;
        status = xti_tiling_init(&tiling, &bulk, chunks, chunk_count);
        hit = fail.hit;
        CHECK((status != XT_OK) == (hit && fail.hit_kind != FAIL_THREAD));
        fail_os_reset(&fail);
        if (status == XT_OK)
            xti_tiling_release(&tiling, &bulk);
        for (size_t i = 0; i < chunk_count; i++) {
            CHECK((chunks[i].records == NULL) == (status == XT_OK));
            fail.os.free(&fail.os, chunks[i].records, chunks[i].capacity * bulk.shape.bytes);
        }
        close_bulk(&bulk);
        CHECK(fail_os_is_clean(&fail));
    }
}

CHECK_MAIN({"splitters_divide_what_can_be_divided", splitters_divide_what_can_be_divided},
           {"splitters_take_a_sample_smaller_than_the_tiles",
            splitters_take_a_sample_smaller_than_the_tiles},
           {"every_record_lies_in_one_tile_of_a_sensible_count",
            every_record_lies_in_one_tile_of_a_sensible_count},
           {"threads_do_not_change_the_tiles", threads_do_not_change_the_tiles},
           {"failures_leave_nothing_behind", failures_leave_nothing_behind})
