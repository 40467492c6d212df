/* src/tree/bulk.h -- what the files of the bulk load share; private to the tree room.
 *
 * A load runs in these steps; README.md has the reasons.
 *
 *   loader.c      takes items, checks them, keeps them as records; spills them beyond the limit
 *   bulk_spill.c  cuts a spilled load into partitions that fit into memory
 *   bulk_tile.c   cuts a partition into tiles that fit into the processor's cache
 *   bulk_sort.c   cuts a tile into groups and leaves of equal counts and nearly square shape
 *   bulk_node.c   writes leaves and inner nodes
 *   bulk.c        plans the nodes' places, runs tiles on the threads, builds the upper levels
 *
 * A record is an item on its way: u64 id, then the coordinates in the leaf's type and in the order
 * of the leaf's arrays (lo0, hi0, lo1, ... for boxes), padded to 8 bytes. Upper levels use the same
 * records with f64 boxes and a child's number in place of the id.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TREE_BULK_H
#define XTI_TREE_BULK_H

#include <string.h>

#include "tree/tree.h"

/* ---- records --------------------------------------------------------------------------------- */

struct xti_record_shape {
    size_t bytes;
    uint32_t dims;
    uint32_t axes; /* coordinates: dims or 2 * dims */
    bool is_box;
    bool is_f32;
};

void xti_record_shape_init(struct xti_record_shape *shape, uint32_t dims, bool is_box, bool is_f32);

static inline uint64_t xti_record_id(const char *record)
{
    uint64_t id;

    memcpy(&id, record, sizeof id);
    return id;
}

static inline double xti_record_coord(const char *record, uint32_t axis, bool is_f32)
{
    double f64;
    float f32;

    if (!is_f32) {
        memcpy(&f64, record + 8 + (size_t)axis * 8, sizeof f64);
        return f64;
    }
    memcpy(&f32, record + 8 + (size_t)axis * 4, sizeof f32);
    return (double)f32;
}

/* Records are moved more often than anything else: common sizes without a call. */
static inline void xti_record_move(char *to, const char *from, size_t bytes)
{
    switch (bytes) {
    case 16:
        memcpy(to, from, 16);
        break;
    case 24:
        memcpy(to, from, 24);
        break;
    case 32:
        memcpy(to, from, 32);
        break;
    case 40:
        memcpy(to, from, 40);
        break;
    default:
        memcpy(to, from, bytes);
        break;
    }
}

/* What a split orders by: a point's coordinate, twice a box's centre; always finite. */
static inline double xti_record_key(const char *record, uint32_t dim, bool is_box, bool is_f32)
{
    double key = is_box ? xti_record_coord(record, 2 * dim, is_f32) * 0.5 +
                              xti_record_coord(record, 2 * dim + 1, is_f32) * 0.5
                        : xti_record_coord(record, dim, is_f32);

    if (!(key >= -1e300)) /* also -inf + inf of a box without bounds */
        key = -1e300;
    return key > 1e300 ? 1e300 : key;
}

/* ---- bulk_sort.c ----------------------------------------------------------------------------- */

/* Called with each part of a split, in order. records and spare: count records each, free to
 * use. */
typedef void xti_part_fn(void *context, char *records, char *spare, size_t count);

struct xti_sorter {
    struct xti_record_shape shape;
    uint32_t *starts; /* XTI_SORT_BINS_MAX + 1 */
    uint16_t *bins;   /* one for each record of the largest split */
    double *low;      /* dims */
    double *high;
    size_t count; /* of the whole split */
    size_t leaves;
    size_t parts;
    xti_part_fn *emit;
    void *context;
};

#define XTI_SORT_BINS_MAX 4096u

xt_status xti_sorter_init(struct xti_sorter *sorter, const struct xti_os *os,
                          const struct xti_record_shape *shape, size_t records_max);
void xti_sorter_release(struct xti_sorter *sorter, const struct xti_os *os, size_t records_max);

/* Where part i begins when `count` things are cut into `parts` parts that differ by one at most. */
static inline size_t xti_part_begin(size_t count, size_t parts, size_t i)
{
    return count / parts * i + count % parts * i / parts; /* count * i might not fit */
}

/* Cuts `count` records into `parts` parts, each as near to a cube as the data allow, and emits
 * them.
 * The records are thought of as `leaves` equal leaves, and a part gets whole ones: part i begins at
 * record begin(count, leaves, begin(leaves, parts, i)). records and spare: count records each. */
void xti_sorter_split(struct xti_sorter *sorter, char *records, char *spare, size_t count,
                      size_t leaves, size_t parts);

/* ---- bulk_tile.c ----------------------------------------------------------------------------- */

/* A kd-tree over a sample: tells for a record which of `tiles` (a power of two) it belongs to. */
struct xti_splitters {
    uint32_t tiles;
    uint32_t depth;
    uint8_t *dim;  /* tiles, node i at index i, its children at 2i and 2i + 1; [0] unused */
    double *value; /* a key that is not below it goes to the right */
};

/* The number of the i-th of `wanted` records of a sample of `count`: at even distances, with a step
 * to the side so that periodic input does no harm. *state: any number at first. wanted <= count. */
static inline size_t xti_sample_place(size_t count, size_t wanted, size_t i, uint64_t *state)
{
    size_t begin = xti_part_begin(count, wanted, i);
    size_t end = xti_part_begin(count, wanted, i + 1);

    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return begin + (size_t)((*state >> 33) % (end - begin));
}

/* sample: count records, at least one, reordered. Where keys are equal, some tiles get nothing. */
xt_status xti_splitters_init(struct xti_splitters *splitters, const struct xti_os *os,
                             const struct xti_record_shape *shape, char *sample, size_t count,
                             uint32_t tiles);
void xti_splitters_release(struct xti_splitters *splitters, const struct xti_os *os);

uint32_t xti_splitters_tile(const struct xti_splitters *splitters, const char *record, bool is_box,
                            bool is_f32);

/* A run of records in a block of its own. */
struct xti_chunk {
    char *records; /* NULL: they were moved and the block freed */
    size_t count;
    size_t capacity;
};

struct xti_tiling {
    char *records; /* all of them, tile by tile */
    size_t count;
    size_t *begins;    /* tiles + 1 */
    uint32_t tiles;    /* neighbours that would be too small were joined */
    uint32_t capacity; /* tiles that `begins` has room for */
    size_t largest;    /* records of one tile; fits into 32 bits */
};

struct xti_bulk;

/* Moves the chunks' records into tiles, and frees the chunks unless it fails. */
xt_status xti_tiling_init(struct xti_tiling *tiling, struct xti_bulk *bulk,
                          struct xti_chunk *chunks, size_t chunk_count);
void xti_tiling_release(struct xti_tiling *tiling, const struct xti_bulk *bulk);

/* ---- bulk.c ---------------------------------------------------------------------------------- */

/* Children of the level that is being built: for each its ref and items, and a record with its
 * number and box. */
struct xti_children {
    char *records;
    uint32_t *refs;
    uint64_t *items;
    size_t count;
    size_t capacity;
};

struct xti_bulk {
    struct xti_txn *txn;
    const struct xti_os *os;
    const struct xti_layout *layout;
    struct xti_record_shape shape;       /* of items */
    struct xti_record_shape child_shape; /* of children: f64 boxes */
    uint32_t threads;
    xt_progress_fn *progress;
    void *progress_context;
    xt_error *error;
    double *origin; /* dims: offsets are measured from here where that is precise enough */
    bool has_origin;
    size_t box_bytes;   /* of one box of doubles */
    uint64_t total;     /* items of the whole load */
    uint64_t done;      /* items built so far */
    uint32_t root_leaf; /* the only leaf, where one is enough; else 0 */
    bool is_building; /* the load is past its sorting phase; what is sorted then is a part of it */
    struct xti_children children; /* level-1 nodes so far */
};

xt_status xti_bulk_init(struct xti_bulk *bulk, struct xti_txn *txn,
                        const xt_loader_options *options, uint64_t total);
void xti_bulk_release(struct xti_bulk *bulk);

/* Builds leaves and level-1 nodes of these items, at least one. Several calls, one after the other.
 * The chunks are freed as soon as their records were moved. */
xt_status xti_bulk_add(struct xti_bulk *bulk, struct xti_chunk *chunks, size_t chunk_count);

/* Builds the levels above; no node refers to the root yet. */
xt_status xti_bulk_finish(struct xti_bulk *bulk, struct xti_root *root);

/* False: the caller wants to stop. From the calling thread only. */
bool xti_bulk_progress(struct xti_bulk *bulk, xt_load_phase phase, uint64_t done, uint64_t total);

/* The same, after `sorted` items were put in order. */
bool xti_bulk_sorted(struct xti_bulk *bulk, uint64_t sorted);

/* Called for an index, by the worker with that number. */
typedef void xti_task_fn(void *context, uint32_t worker, size_t i);

struct xti_tasks {
    xti_task_fn *run;
    void *context;
    size_t count;
    uint32_t workers;
    xt_load_phase phase;  /* XT_LOAD_SORTING or XT_LOAD_BUILDING */
    const size_t *begins; /* count + 1 elements: items before index i, for progress */
};

/* Runs every index below tasks->count, on up to tasks->workers threads with numbers from 0 on; the
 * calling one is 0, and tells the progress. XT_ECANCELLED when the progress function says so; some
 * indices were not run then. */
xt_status xti_bulk_parallel(struct xti_bulk *bulk, const struct xti_tasks *tasks);

/* ---- bulk_node.c ----------------------------------------------------------------------------- */

/* Boxes here are 2 * dims doubles: lo0, hi0, lo1, hi1, ... */

/* Writes a leaf of `count` records at `ref` (zeroed memory) and its exact box to `box`. */
void xti_bulk_leaf(const struct xti_bulk *bulk, uint32_t ref, const char *records, size_t count,
                   double *box);

struct xti_bulk_inner {
    uint32_t ref;
    uint8_t level;
    uint32_t count;
    const char *boxes; /* of the children, `stride` bytes apart */
    size_t stride;
    const uint32_t *refs;
    uint64_t items;
};
/* Writes an inner node and its box. */
void xti_bulk_inner(const struct xti_bulk *bulk, const struct xti_bulk_inner *inner, double *box);

/* ---- bulk_spill.c ---------------------------------------------------------------------------- */

/* Records in a temporary file. */
struct xti_run {
    xti_file file;
    uint64_t count;
};

/* Builds from a file of records, at most `budget` bytes of records (and at least one record) at a
 * time. The file is closed. */
xt_status xti_bulk_add_run(struct xti_bulk *bulk, struct xti_run *run, uint64_t budget,
                           const char *spill_folder);

#endif
