/* src/tree/bulk_tile.c -- cutting many records into tiles that fit into the processor's cache.
 *
 * A small kd-tree over a sample says which tile a record belongs to; one pass finds the tile of each
 * record, a second moves the records. Both passes run on all threads, each over its own share of
 * the input, and give the same result for any number of threads.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/bulk.h"

/* About a quarter of a megabyte of 2-d points: with its spare copy it fits into a second-level
 * cache of 1 MiB. Larger records get smaller tiles. */
#define TILE_BYTES ((size_t)256 << 10)
#define TILE_RECORDS_MIN ((size_t)2048)
#define TILES_MAX 4096u
/* Sampled records for each tile: the tiles' counts then vary by about an eighth. */
#define SAMPLES_PER_TILE 64u
/* Shares of the input: independent of the number of threads, so that the order is too. */
#define SHARES 64u

/* ---- the kd-tree over the sample -------------------------------------------------------------- */

static double key_of(const struct xti_record_shape *shape, const char *records, size_t i,
                     uint32_t dim)
{
    return xti_record_key(records + i * shape->bytes, dim, shape->is_box, shape->is_f32);
}

static uint32_t widest_dim(const struct xti_record_shape *shape, const char *records, size_t count)
{
    double widest = -1;
    uint32_t best = 0;

    for (uint32_t dim = 0; dim < shape->dims; dim++) {
        double low = key_of(shape, records, 0, dim);
        double high = low;

        for (size_t i = 1; i < count; i++) {
            double key = key_of(shape, records, i, dim);

            low = key < low ? key : low;
            high = key > high ? key : high;
        }
        if (high - low > widest) {
            widest = high - low;
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

xt_status xti_splitters_init(struct xti_splitters *splitters, const struct xti_os *os,
                             const struct xti_record_shape *shape, char *sample, size_t count,
                             uint32_t tiles)
{
    memset(splitters, 0, sizeof *splitters);
    splitters->tiles = tiles;
    splitters->dim = os->alloc(os, tiles * sizeof *splitters->dim);
    splitters->value = os->alloc(os, tiles * sizeof *splitters->value);
    if (splitters->dim == NULL || splitters->value == NULL) {
        xti_splitters_release(splitters, os);
        return XT_ENOMEM;
    }
    while (UINT32_C(1) << splitters->depth < tiles)
        splitters->depth++;
    XTI_ASSERT(UINT32_C(1) << splitters->depth == tiles && count >= tiles);
    for (uint32_t level = 0; level < splitters->depth; level++) {
        for (uint32_t i = 0; i < UINT32_C(1) << level; i++) {
            size_t begin = xti_part_begin(count, (size_t)1 << level, i);
            size_t end = xti_part_begin(count, (size_t)1 << level, i + 1);
            size_t middle = xti_part_begin(count, (size_t)2 << level, 2 * (size_t)i + 1);
            uint32_t node = (UINT32_C(1) << level) + i;
            char *records = sample + begin * shape->bytes;
            uint32_t dim = widest_dim(shape, records, end - begin);

            select_nth(shape, records, end - begin, middle - begin, dim);
            splitters->dim[node] = (uint8_t)dim;
            splitters->value[node] = key_of(shape, sample, middle, dim);
        }
    }
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

uint32_t xti_splitters_tile(const struct xti_splitters *splitters, const char *record, bool is_box,
                            bool is_f32)
{
    return tile_of(splitters, record, is_box, is_f32);
}

/* ---- passes over all records ------------------------------------------------------------------ */

struct pass {
    struct xti_tiling *tiling;
    const struct xti_record_shape *shape;
    const struct xti_splitters *splitters;
    const struct xti_chunk *chunks;
    size_t chunk_count;
    uint16_t *tiles;  /* of each record, in input order */
    size_t *places;   /* SHARES * tiles: counts, then where the share's next record of a tile goes */
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

static inline __attribute__((always_inline)) void
find_tiles(const struct pass *pass, const struct piece *piece, size_t *counts, bool is_box,
           bool is_f32)
{
    size_t bytes = pass->shape->bytes;

    for (size_t i = 0; i < piece->count; i++) {
        uint32_t tile = tile_of(pass->splitters, piece->records + i * bytes, is_box, is_f32);

        pass->tiles[piece->first + i] = (uint16_t)tile;
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
    tiling->largest = 0;
    for (uint32_t tile = 0; tile < kept; tile++) {
        size_t count = tiling->begins[tile + 1] - tiling->begins[tile];

        tiling->largest = count > tiling->largest ? count : tiling->largest;
    }
}

/* ---- a tiling ---------------------------------------------------------------------------------- */

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

/* Records at even distances, with a step to the side so that periodic input does no harm. */
static void take_sample(const struct pass *pass, char *sample, size_t wanted)
{
    size_t bytes = pass->shape->bytes;
    uint64_t state = 0x9E3779B97F4A7C15u;
    size_t chunk = 0;
    size_t first = 0;

    for (size_t i = 0; i < wanted; i++) {
        size_t begin = xti_part_begin(pass->tiling->count, wanted, i);
        size_t end = xti_part_begin(pass->tiling->count, wanted, i + 1);
        size_t at;

        state = state * 6364136223846793005u + 1442695040888963407u;
        at = begin + (size_t)((state >> 33) % (end - begin));
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
    xt_status status;

    status = xti_bulk_parallel(bulk, bulk->threads, SHARES, find_share, pass, XT_LOAD_SORTING,
                               NULL);
    if (status != XT_OK)
        return status;
    place_tiles(pass);
    status = xti_bulk_parallel(bulk, bulk->threads, SHARES, move_share, pass, XT_LOAD_SORTING,
                               NULL);
    if (status == XT_OK && !xti_bulk_sorted(bulk, pass->tiling->count))
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
    return status;
}

xt_status xti_tiling_init(struct xti_tiling *tiling, struct xti_bulk *bulk,
                          const struct xti_chunk *chunks, size_t chunk_count)
{
    const struct xti_os *os = bulk->os;
    struct pass pass = {tiling, &bulk->shape, NULL, chunks, chunk_count, NULL, NULL};
    size_t group = (size_t)bulk->layout->leaf_capacity * bulk->layout->inner_capacity;
    xt_status status;

    memset(tiling, 0, sizeof *tiling);
    for (size_t i = 0; i < chunk_count; i++)
        tiling->count += chunks[i].count;
    tiling->tiles = tiles_for(&bulk->shape, tiling->count);
    tiling->capacity = tiling->tiles;
    tiling->begins = os->alloc(os, (tiling->tiles + 1) * sizeof *tiling->begins);
    tiling->records = os->alloc(os, tiling->count * bulk->shape.bytes);
    if (tiling->begins == NULL || tiling->records == NULL) {
        xti_tiling_release(tiling, bulk);
        return XT_ENOMEM;
    }
    status = fill_tiling(tiling, bulk, &pass);
    if (status != XT_OK)
        xti_tiling_release(tiling, bulk);
    else
        join_small_tiles(tiling, group / 2);
    return status;
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
