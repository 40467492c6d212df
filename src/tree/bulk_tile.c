/* src/tree/bulk_tile.c -- cutting many records into tiles that fit into the processor's cache.
 *
 * A small kd-tree over a sample says which tile a record belongs to; one pass finds the tile of
 * each record, a second moves the records. Both passes run on all threads, each over its own share
 * of the input, and give the same result for any number of threads.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>

#include "tree/bulk.h"

/* About a quarter of a megabyte of 2-d points: with its spare copy it fits into a second-level
 * cache of 1 MiB. Larger records get smaller tiles. */
#define TILE_BYTES ((size_t)256 << 10)
#define TILE_RECORDS_MIN ((size_t)2048)
#define TILES_MAX 4096u
/* A tile that is so many times larger than planned holds equal keys, mostly: it may as well be cut
 * by position, so that threads share the work and each has less to hold. */
#define TILE_TIMES_MAX 64u
/* Sampled records for each tile: the tiles' counts then vary by about an eighth. */
#define SAMPLES_PER_TILE 64u
/* Shares of the input: independent of the number of threads, so that the order is too. */
#define SHARES 64u

/* ---- the kd-tree over the sample ------------------------------------------------------------- */

static double key_of(const struct xti_record_shape *shape, const char *records, size_t i,
                     uint32_t dim)
{
    return xti_record_key(records + i * shape->bytes, dim, shape->is_box, shape->is_f32);
}

/* *widest: 0 when all keys are equal in every dimension. */
static uint32_t widest_dim(const struct xti_record_shape *shape, const char *records, size_t count,
                           double *widest)
{
    uint32_t best = 0;

    *widest = 0;

    for (uint32_t dim = 0; dim < shape->dims; dim++) {
        double low = key_of(shape, records, 0, dim);
        double high = low;

        for (size_t i = 1; i < count; i++) {
            double key = key_of(shape, records, i, dim);

            low = key < low ? key : low;
            high = key > high ? key : high;
        }
        if (high - low > *widest) {
            *widest = high - low;
            best = dim;
        }
    }
    return best;
}

static void swap_records(char *a, char *b, size_t bytes)
{
    char kept[256];

    while (bytes > 0) {
        size_t some = bytes < sizeof kept ? bytes : sizeof kept;

        memcpy(kept, a, some);
        memcpy(a, b, some);
        memcpy(b, kept, some);
        a += some;
        b += some;
        bytes -= some;
    }
}

/* Hoare's selection: afterwards record `nth` is in its sorted place. */
static void select_nth(const struct xti_record_shape *shape, char *records, size_t count,
                       size_t nth, uint32_t dim)
{
    size_t low = 0;
    size_t high = count - 1;

    while (low < high) {
        double pivot = key_of(shape, records, low + (high - low) / 2, dim);
        size_t i = low;
        size_t j = high;

        for (;;) {
            while (key_of(shape, records, i, dim) < pivot)
                i++;
            while (key_of(shape, records, j, dim) > pivot)
                j--;
            if (i >= j)
                break;
            swap_records(records + i * shape->bytes, records + j * shape->bytes, shape->bytes);
            i++;
            j--;
        }
        if (nth <= j)
            high = j;
        else
            low = j + 1;
    }
}

/* Moves the records with a key below `value` to the front; returns how many these are. */
static size_t partition(const struct xti_record_shape *shape, char *records, size_t count,
                        uint32_t dim, double value)
{
    size_t below = 0;

    for (size_t i = 0; i < count; i++) {
        if (key_of(shape, records, i, dim) >= value)
            continue;
        if (i != below)
            swap_records(records + i * shape->bytes, records + below * shape->bytes, shape->bytes);
        below++;
    }
    return below;
}

/* The key that cuts the sample best: its median, or the next larger key where many are equal to the
 * median. *below: how many are smaller. Some are, and some are not, as not all keys are equal. */
static double best_cut(const struct xti_record_shape *shape, char *records, size_t count,
                       uint32_t dim, size_t *below)
{
    size_t middle = count / 2;
    size_t above = 0;
    double median;
    double next = INFINITY;

    select_nth(shape, records, count, middle, dim);
    median = key_of(shape, records, middle, dim);
    *below = partition(shape, records, count, dim, median);
    for (size_t i = *below; i < count; i++) {
        double key = key_of(shape, records, i, dim);

        above += key > median ? 1 : 0;
        if (key > median && key < next)
            next = key;
    }
    if (above > *below) {
        *below = partition(shape, records, count, dim, next);
        return next;
    }
    return median;
}

/* Chooses the cut of one node for its part of the sample, which is put in order; returns how many
 * records belong to the left. */
static size_t cut_node(struct xti_splitters *splitters, uint32_t node,
                       const struct xti_record_shape *shape, char *records, size_t count)
{
    double widest = 0;
    uint32_t dim = 0;
    size_t below = count;

    if (count > 0)
        dim = widest_dim(shape, records, count, &widest);
    splitters->dim[node] = (uint8_t)dim;
    splitters->value[node] = INFINITY; /* nothing to tell records by: all go to the left */
    if (widest > 0)
        splitters->value[node] = best_cut(shape, records, count, dim, &below);
    return below;
}

/* ends: tiles elements; where the part of the sample that belongs to each node ends. */
static void cut_nodes(struct xti_splitters *splitters, const struct xti_record_shape *shape,
                      char *sample, size_t count, size_t *ends)
{
    uint32_t tiles = splitters->tiles;

    ends[tiles - 1] = count;
    for (uint32_t width = tiles; width > 1; width /= 2) {
        size_t begin = 0;

        for (uint32_t tile = 0; tile < tiles; tile += width) {
            size_t end = ends[tile + width - 1];
            size_t below = cut_node(splitters, (tiles + tile) / width, shape,
                                    sample + begin * shape->bytes, end - begin);

            ends[tile + width / 2 - 1] = begin + below;
            begin = end;
        }
    }
}

xt_status xti_splitters_init(struct xti_splitters *splitters, const struct xti_os *os,
                             const struct xti_record_shape *shape, char *sample, size_t count,
                             uint32_t tiles)
{
    size_t *ends = os->alloc(os, tiles * sizeof *ends);

    XTI_ASSERT(xti_is_power_of_two(tiles) && count > 0);
    memset(splitters, 0, sizeof *splitters);
    splitters->tiles = tiles;
    splitters->dim = os->alloc(os, tiles * sizeof *splitters->dim);
    splitters->value = os->alloc(os, tiles * sizeof *splitters->value);
    if (ends == NULL || splitters->dim == NULL || splitters->value == NULL) {
        if (ends != NULL)
            os->free(os, ends, tiles * sizeof *ends);
        xti_splitters_release(splitters, os);
        return XT_ENOMEM;
    }
    while (UINT32_C(1) << splitters->depth < tiles)
        splitters->depth++;
    cut_nodes(splitters, shape, sample, count, ends);
    os->free(os, ends, tiles * sizeof *ends);
    return XT_OK;
}

void xti_splitters_release(struct xti_splitters *splitters, const struct xti_os *os)
{
    if (splitters->dim != NULL)
        os->free(os, splitters->dim, splitters->tiles * sizeof *splitters->dim);
    if (splitters->value != NULL)
        os->free(os, splitters->value, splitters->tiles * sizeof *splitters->value);
    memset(splitters, 0, sizeof *splitters);
}

static inline __attribute__((always_inline)) uint32_t
tile_of(const struct xti_splitters *splitters, const char *record, bool is_box, bool is_f32)
{
    uint32_t node = 1;

    for (uint32_t level = 0; level < splitters->depth; level++) {
        double key = xti_record_key(record, splitters->dim[node], is_box, is_f32);

        node = 2 * node + (key >= splitters->value[node] ? 1 : 0);
    }
    return node - splitters->tiles;
}

/* Records that go down the kd-tree side by side: each step waits for the one before. */
enum { ABREAST = 8 };

static inline __attribute__((always_inline)) void tiles_of(const struct xti_splitters *splitters,
                                                           const char *records, size_t bytes,
                                                           uint32_t found[ABREAST], bool is_box,
                                                           bool is_f32)
{
    const uint8_t *dim = splitters->dim;
    const double *value = splitters->value;

    for (size_t k = 0; k < ABREAST; k++)
        found[k] = 1;
    for (uint32_t level = 0; level < splitters->depth; level++) {
        for (size_t k = 0; k < ABREAST; k++) {
            uint32_t node = found[k];
            double key = xti_record_key(records + k * bytes, dim[node], is_box, is_f32);

            found[k] = 2 * node + (key >= value[node] ? 1 : 0);
        }
    }
    for (size_t k = 0; k < ABREAST; k++)
        found[k] -= splitters->tiles;
}

uint32_t xti_splitters_tile(const struct xti_splitters *splitters, const char *record, bool is_box,
                            bool is_f32)
{
    return tile_of(splitters, record, is_box, is_f32);
}

/* ---- passes over all records ----------------------------------------------------------------- */

struct pass {
    struct xti_tiling *tiling;
    const struct xti_record_shape *shape;
    const struct xti_splitters *splitters;
    struct xti_chunk *chunks;
    size_t chunk_count;
    uint16_t *tiles; /* of each record, in input order */
    /* SHARES * tiles: counts, then where the share's next record of a tile goes */
    size_t *places;
};

/* The part of a chunk that belongs to a share, called for each in turn. */
struct piece {
    const char *records;
    size_t first; /* number of its first record, over all chunks */
    size_t count;
};
typedef void piece_fn(const struct pass *pass, const struct piece *piece, size_t *places);

static void each_piece(const struct pass *pass, size_t share, piece_fn *run)
{
    size_t begin = xti_part_begin(pass->tiling->count, SHARES, share);
    size_t end = xti_part_begin(pass->tiling->count, SHARES, share + 1);
    size_t first = 0;

    for (size_t i = 0; i < pass->chunk_count && first < end; i++) {
        const struct xti_chunk *chunk = &pass->chunks[i];
        size_t from = begin > first ? begin - first : 0;
        size_t to = end - first < chunk->count ? end - first : chunk->count;

        if (from < to) {
            const struct piece piece = {chunk->records + from * pass->shape->bytes, first + from,
                                        to - from};

            run(pass, &piece, pass->places + share * pass->splitters->tiles);
        }
        first += chunk->count;
    }
}

static inline __attribute__((always_inline)) void find_tiles(const struct pass *pass,
                                                             const struct piece *piece,
                                                             size_t *counts, bool is_box,
                                                             bool is_f32)
{
    size_t bytes = pass->shape->bytes;

    uint16_t *tiles = pass->tiles + piece->first;
    size_t i = 0;

    for (; i + ABREAST <= piece->count; i += ABREAST) {
        uint32_t found[ABREAST];

        tiles_of(pass->splitters, piece->records + i * bytes, bytes, found, is_box, is_f32);
        for (size_t k = 0; k < ABREAST; k++) {
            tiles[i + k] = (uint16_t)found[k];
            counts[found[k]]++;
        }
    }
    for (; i < piece->count; i++) {
        uint32_t tile = tile_of(pass->splitters, piece->records + i * bytes, is_box, is_f32);

        tiles[i] = (uint16_t)tile;
        counts[tile]++;
    }
}

static void find_piece(const struct pass *pass, const struct piece *piece, size_t *counts)
{
    if (pass->shape->is_box && pass->shape->is_f32)
        find_tiles(pass, piece, counts, true, true);
    else if (pass->shape->is_box)
        find_tiles(pass, piece, counts, true, false);
    else if (pass->shape->is_f32)
        find_tiles(pass, piece, counts, false, true);
    else
        find_tiles(pass, piece, counts, false, false);
}

static inline __attribute__((always_inline)) void
move_records(const struct pass *pass, const struct piece *piece, size_t *places, size_t bytes)
{
    char *to = pass->tiling->records;

    for (size_t i = 0; i < piece->count; i++)
        xti_record_move(to + places[pass->tiles[piece->first + i]]++ * bytes,
                        piece->records + i * bytes, bytes);
}

static void move_piece(const struct pass *pass, const struct piece *piece, size_t *places)
{
    if (pass->shape->bytes == 24)
        move_records(pass, piece, places, 24);
    else if (pass->shape->bytes == 40)
        move_records(pass, piece, places, 40);
    else
        move_records(pass, piece, places, pass->shape->bytes);
}

static void find_share(void *context, uint32_t worker, size_t share)
{
    (void)worker;
    each_piece(context, share, find_piece);
}

static void move_share(void *context, uint32_t worker, size_t share)
{
    (void)worker;
    each_piece(context, share, move_piece);
}

/* Counts become places: tile by tile, within a tile share by share. */
static void place_tiles(struct pass *pass)
{
    uint32_t tiles = pass->splitters->tiles;
    size_t place = 0;

    for (uint32_t tile = 0; tile < tiles; tile++) {
        pass->tiling->begins[tile] = place;
        for (size_t share = 0; share < SHARES; share++) {
            size_t *slot = &pass->places[share * tiles + tile];
            size_t count = *slot;

            *slot = place;
            place += count;
        }
    }
    pass->tiling->begins[tiles] = place;
    XTI_ASSERT(place == pass->tiling->count);
}

/* A tile with few records would make nodes with few entries: it joins its neighbour. */
static void join_small_tiles(struct xti_tiling *tiling, size_t least)
{
    uint32_t kept = 0;

    for (uint32_t tile = 0; tile < tiling->tiles; tile++) {
        size_t end = tiling->begins[tile + 1];

        if (end - tiling->begins[kept] >= least || tile + 1 == tiling->tiles)
            tiling->begins[++kept] = end;
    }
    if (kept > 1 && tiling->begins[kept] - tiling->begins[kept - 1] < least) {
        tiling->begins[kept - 1] = tiling->begins[kept];
        kept--;
    }
    tiling->tiles = kept;
}

/* No tile gets more than that. At least `least`, so that pieces are no small tiles. */
static size_t tile_max(size_t count, uint32_t tiles, size_t least)
{
    size_t most = count / tiles + 1;

    most = most < UINT32_MAX / TILE_TIMES_MAX ? most * TILE_TIMES_MAX : UINT32_MAX;
    return most > 2 * least ? most : 2 * least;
}

/* From the last tile on: there are more afterwards, in the same array. */
static void cut_large_tiles(struct xti_tiling *tiling, size_t most)
{
    uint32_t tiles = 0;
    uint32_t at;

    for (uint32_t tile = 0; tile < tiling->tiles; tile++)
        tiles += (uint32_t)((tiling->begins[tile + 1] - tiling->begins[tile] - 1) / most + 1);
    XTI_ASSERT(tiles <= tiling->capacity);
    at = tiles;
    for (uint32_t tile = tiling->tiles; tile-- > 0;) {
        size_t begin = tiling->begins[tile];
        size_t count = tiling->begins[tile + 1] - begin;
        size_t pieces = (count - 1) / most + 1;

        for (size_t i = pieces; i-- > 0;)
            tiling->begins[at--] = begin + xti_part_begin(count, pieces, i + 1);
    }
    tiling->tiles = tiles;
    tiling->largest = 0;
    for (uint32_t tile = 0; tile < tiles; tile++) {
        size_t count = tiling->begins[tile + 1] - tiling->begins[tile];

        tiling->largest = count > tiling->largest ? count : tiling->largest;
    }
}

/* ---- a tiling -------------------------------------------------------------------------------- */

static uint32_t tiles_for(const struct xti_record_shape *shape, size_t count)
{
    size_t records = TILE_BYTES / shape->bytes;
    uint32_t tiles = 1;

    if (records < TILE_RECORDS_MIN)
        records = TILE_RECORDS_MIN;
    while (tiles < TILES_MAX && count / tiles > records + records / 2)
        tiles *= 2;
    return tiles;
}

static void take_sample(const struct pass *pass, char *sample, size_t wanted)
{
    size_t bytes = pass->shape->bytes;
    uint64_t state = 0;
    size_t chunk = 0;
    size_t first = 0;

    for (size_t i = 0; i < wanted; i++) {
        size_t at = xti_sample_place(pass->tiling->count, wanted, i, &state);

        while (at - first >= pass->chunks[chunk].count)
            first += pass->chunks[chunk++].count;
        memcpy(sample + i * bytes, pass->chunks[chunk].records + (at - first) * bytes, bytes);
    }
}

static xt_status make_splitters(const struct pass *pass, const struct xti_os *os, uint32_t tiles,
                                struct xti_splitters *splitters)
{
    size_t wanted = (size_t)tiles * SAMPLES_PER_TILE;
    char *sample;
    xt_status status;

    if (wanted > pass->tiling->count)
        wanted = pass->tiling->count;
    sample = os->alloc(os, wanted * pass->shape->bytes);
    if (sample == NULL)
        return XT_ENOMEM;
    take_sample(pass, sample, wanted);
    status = xti_splitters_init(splitters, os, pass->shape, sample, wanted, tiles);
    os->free(os, sample, wanted * pass->shape->bytes);
    return status;
}

static xt_status run_passes(struct xti_bulk *bulk, struct pass *pass)
{
    size_t begins[2 * SHARES + 1];
    struct xti_tasks tasks = {find_share, pass, SHARES, bulk->threads, XT_LOAD_SORTING, begins};
    xt_status status;

    for (size_t i = 0; i <= (size_t)2 * SHARES; i++) /* each pass is half of the work */
        begins[i] = xti_part_begin(pass->tiling->count, (size_t)2 * SHARES, i);
    status = xti_bulk_parallel(bulk, &tasks);
    if (status != XT_OK)
        return status;
    place_tiles(pass);
    tasks.run = move_share;
    tasks.begins = begins + SHARES;
    status = xti_bulk_parallel(bulk, &tasks);
    if (status == XT_OK && !xti_bulk_sorted(bulk, bulk->done + pass->tiling->count))
        status = XT_ECANCELLED;
    return status;
}

static xt_status fill_tiling(struct xti_tiling *tiling, struct xti_bulk *bulk, struct pass *pass)
{
    const struct xti_os *os = bulk->os;
    struct xti_splitters splitters;
    uint32_t tiles = tiling->tiles;
    size_t places_bytes = SHARES * (size_t)tiles * sizeof *pass->places;
    xt_status status;

    status = make_splitters(pass, os, tiles, &splitters);
    if (status != XT_OK)
        return status;
    pass->splitters = &splitters;
    pass->places = xti_alloc_zeroed(os, places_bytes);
    pass->tiles = os->alloc(os, tiling->count * sizeof *pass->tiles);
    status = XT_ENOMEM;
    if (pass->places != NULL && pass->tiles != NULL)
        status = run_passes(bulk, pass);
    if (pass->places != NULL)
        os->free(os, pass->places, places_bytes);
    if (pass->tiles != NULL)
        os->free(os, pass->tiles, tiling->count * sizeof *pass->tiles);
    xti_splitters_release(&splitters, os);
    pass->splitters = NULL;
    return status;
}

static void free_chunks(const struct xti_bulk *bulk, struct xti_chunk *chunks, size_t chunk_count)
{
    for (size_t i = 0; i < chunk_count; i++) {
        bulk->os->free(bulk->os, chunks[i].records, chunks[i].capacity * bulk->shape.bytes);
        chunks[i].records = NULL;
    }
}

xt_status xti_tiling_init(struct xti_tiling *tiling, struct xti_bulk *bulk,
                          struct xti_chunk *chunks, size_t chunk_count)
{
    const struct xti_os *os = bulk->os;
    struct pass pass = {tiling, &bulk->shape, NULL, chunks, chunk_count, NULL, NULL};
    size_t least = (size_t)bulk->layout->leaf_capacity * bulk->layout->inner_capacity / 2;
    size_t most;
    xt_status status;

    memset(tiling, 0, sizeof *tiling);
    for (size_t i = 0; i < chunk_count; i++)
        tiling->count += chunks[i].count;
    tiling->tiles = tiles_for(&bulk->shape, tiling->count);
    most = tile_max(tiling->count, tiling->tiles, least);
    tiling->capacity = tiling->tiles + (uint32_t)(tiling->count / most);
    tiling->begins = os->alloc(os, (tiling->capacity + 1) * sizeof *tiling->begins);
    tiling->records = os->alloc(os, tiling->count * bulk->shape.bytes);
    if (tiling->begins == NULL || tiling->records == NULL) {
        xti_tiling_release(tiling, bulk);
        return XT_ENOMEM;
    }
    status = fill_tiling(tiling, bulk, &pass);
    if (status != XT_OK) {
        xti_tiling_release(tiling, bulk);
        return status;
    }
    free_chunks(bulk, chunks, chunk_count);
    join_small_tiles(tiling, least);
    cut_large_tiles(tiling, most);
    return XT_OK;
}

void xti_tiling_release(struct xti_tiling *tiling, const struct xti_bulk *bulk)
{
    const struct xti_os *os = bulk->os;

    if (tiling->records != NULL)
        os->free(os, tiling->records, tiling->count * bulk->shape.bytes);
    if (tiling->begins != NULL)
        os->free(os, tiling->begins, (tiling->capacity + 1) * sizeof *tiling->begins);
    memset(tiling, 0, sizeof *tiling);
}
