/* src/tree/loader.c -- taking items: checking them, keeping them as records, spilling them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>

#include "tree/bulk.h"
#include "tree/graft.h"

#define CHUNK_BYTES ((size_t)8 << 20)

/* What share of the memory limit the records of each stage may be. Building needs of the records'
 * bytes: as read, as tiles, with a spare copy and bins, or with a spare copy and the nodes: 3.4
 * times at most. Nodes go to the file after each partition; only boxes and refs of level-1 nodes
 * stay, a thousandth of what they hold.
 *   adding:       chunks of 1/4, as many built at once when nothing was spilled
 *   partitioning: buffers, a block and a sample: 7/4 budget
 *   building:     3.4 budgets */
#define LIMIT_SHARE_ADDING 4u
#define LIMIT_SHARE_BUDGET 6u
#define LIMIT_CHUNKS 4u

/* After so many single items the progress function is asked. */
#define PROGRESS_ITEMS 65536u

struct xti_loader {
    struct xti_txn *txn;
    struct xti_writer *writer;
    const struct xti_os *os;
    xt_loader_options options;
    struct xti_record_shape shape;
    char *spill_folder;
    size_t spill_folder_bytes;
    struct xti_chunk *chunks;
    size_t chunk_count;
    size_t chunk_capacity; /* of the array */
    size_t chunk_records;  /* that fit into a chunk */
    uint64_t buffered;     /* records in chunks */
    uint64_t count;        /* all */
    uint64_t next_row;
    uint64_t merge_total;
    struct xti_run run; /* what was spilled */
};

/* ---- begin and end --------------------------------------------------------------------------- */

static void drop_chunks(struct xti_loader *loader)
{
    for (size_t i = 0; i < loader->chunk_count; i++) {
        if (loader->chunks[i].records != NULL)
            loader->os->free(loader->os, loader->chunks[i].records,
                             loader->chunks[i].capacity * loader->shape.bytes);
    }
    loader->chunk_count = 0;
    loader->buffered = 0;
}

void xti_loader_cancel(struct xti_loader *loader)
{
    const struct xti_os *os = loader->os;

    drop_chunks(loader);
    if (loader->chunks != NULL)
        os->free(os, loader->chunks, loader->chunk_capacity * sizeof *loader->chunks);
    if (loader->run.file != XTI_FILE_NONE)
        os->close(os, loader->run.file);
    if (loader->spill_folder != NULL)
        os->free(os, loader->spill_folder, loader->spill_folder_bytes);
    os->free(os, loader, sizeof *loader);
}

static xt_status copy_spill_folder(struct xti_loader *loader)
{
    const char *folder = loader->options.spill_folder;

    if (folder == NULL)
        folder = xti_txn_path(loader->txn);
    if (folder == NULL)
        folder = loader->os->temporary_folder(loader->os);
    loader->spill_folder_bytes = strlen(folder) + 1;
    loader->spill_folder = loader->os->alloc(loader->os, loader->spill_folder_bytes);
    if (loader->spill_folder == NULL)
        return XT_ENOMEM;
    memcpy(loader->spill_folder, folder, loader->spill_folder_bytes);
    return XT_OK;
}

static size_t chunk_records_for(const struct xti_loader *loader)
{
    uint64_t bytes = CHUNK_BYTES;
    uint64_t limit = loader->options.memory_limit;

    if (limit != 0 && bytes > limit / LIMIT_SHARE_ADDING / LIMIT_CHUNKS)
        bytes = limit / LIMIT_SHARE_ADDING / LIMIT_CHUNKS;
    return bytes > loader->shape.bytes ? (size_t)(bytes / loader->shape.bytes) : 1;
}

xt_status xti_loader_open(struct xti_txn *txn, struct xti_writer *writer,
                          const xt_loader_options *options, struct xti_loader **out)
{
    const struct xti_os *os = xti_txn_os(txn);
    const struct xti_layout *layout = xti_txn_layout(txn);
    struct xti_loader *loader = xti_alloc_zeroed(os, sizeof *loader);
    xt_status status;

    *out = NULL;
    if (loader == NULL)
        return XT_ENOMEM;
    loader->txn = txn;
    loader->writer = writer;
    loader->os = os;
    loader->options = *options;
    loader->run.file = XTI_FILE_NONE;
    xti_record_shape_init(&loader->shape, layout->dims, layout->leaf_kind == XTD_LEAF_BOXES,
                          layout->coord_type == XT_F32);
    loader->chunk_records = chunk_records_for(loader);
    status = copy_spill_folder(loader);
    if (status != XT_OK) {
        xti_loader_cancel(loader);
        return status;
    }
    *out = loader;
    return XT_OK;
}

/* ---- room for records ------------------------------------------------------------------------ */

static xt_status grow_chunk_array(struct xti_loader *loader)
{
    size_t capacity = loader->chunk_capacity == 0 ? 64 : 2 * loader->chunk_capacity;
    struct xti_chunk *grown;

    if (loader->chunk_count < loader->chunk_capacity)
        return XT_OK;
    grown = loader->os->alloc(loader->os, capacity * sizeof *grown);
    if (grown == NULL)
        return XT_ENOMEM;
    if (loader->chunks != NULL) {
        memcpy(grown, loader->chunks, loader->chunk_count * sizeof *grown);
        loader->os->free(loader->os, loader->chunks,
                         loader->chunk_capacity * sizeof *loader->chunks);
    }
    loader->chunks = grown;
    loader->chunk_capacity = capacity;
    return XT_OK;
}

static xt_status report(const struct xti_loader *loader, int result, const char *what)
{
    return xti_report_system(loader->options.error, result, loader->spill_folder, NULL, what);
}

/* Writes all chunks behind what was spilled before. Only whole chunks count when it fails. */
static xt_status spill(struct xti_loader *loader)
{
    const struct xti_os *os = loader->os;
    size_t bytes = loader->shape.bytes;
    int result = 0;

    if (loader->run.file == XTI_FILE_NONE)
        result = os->open(os, loader->spill_folder, XTI_OPEN_TEMPORARY, &loader->run.file);
    if (result != 0)
        return report(loader, result, "create a temporary file");
    for (size_t i = 0; i < loader->chunk_count; i++) {
        struct xti_chunk *chunk = &loader->chunks[i];

        result = os->write_at(os, loader->run.file, loader->run.count * bytes, chunk->records,
                              chunk->count * bytes);
        if (result != 0)
            return report(loader, result, "write a temporary file");
        loader->run.count += chunk->count;
        loader->buffered -= chunk->count;
        chunk->count = 0;
    }
    drop_chunks(loader);
    return XT_OK;
}

static bool is_over_limit(const struct xti_loader *loader)
{
    uint64_t limit = loader->options.memory_limit;
    uint64_t more = (loader->chunk_count + 1) * loader->chunk_records * loader->shape.bytes;

    return limit != 0 && more > limit / LIMIT_SHARE_ADDING;
}

static xt_status add_chunk(struct xti_loader *loader)
{
    struct xti_chunk *chunk;
    xt_status status = XT_OK;

    if (is_over_limit(loader))
        status = spill(loader);
    if (status == XT_OK)
        status = grow_chunk_array(loader);
    if (status != XT_OK)
        return status;
    XTI_ASSERT(loader->chunk_count < loader->chunk_capacity && loader->chunks != NULL);
    chunk = &loader->chunks[loader->chunk_count];
    chunk->count = 0;
    chunk->capacity = loader->chunk_records;
    chunk->records = loader->os->alloc(loader->os, loader->chunk_records * loader->shape.bytes);
    if (chunk->records == NULL)
        return XT_ENOMEM;
    loader->chunk_count++;
    return XT_OK;
}

static bool wants_more(const struct xti_loader *loader)
{
    const xt_loader_options *o = &loader->options;

    return o->progress == NULL ||
           o->progress(o->progress_context, XT_LOAD_ADDING, loader->count, 0);
}

/* The chunk that takes the next record. */
static xt_status find_room(struct xti_loader *loader, struct xti_chunk **out)
{
    struct xti_chunk *last =
        loader->chunk_count > 0 ? &loader->chunks[loader->chunk_count - 1] : NULL;
    xt_status status;

    if (last == NULL || last->count == last->capacity) {
        status = add_chunk(loader);
        if (status != XT_OK)
            return status;
        last = &loader->chunks[loader->chunk_count - 1];
    }
    *out = last;
    return XT_OK;
}

/* ---- items ----------------------------------------------------------------------------------- */

/* False: NaN, or a finite value that no finite float is near. */
static inline bool put_coord(const struct xti_record_shape *shape, char *record, uint32_t axis,
                             double value)
{
    if (shape->is_f32) {
        float narrow = (float)value;

        memcpy(record + 8 + (size_t)axis * 4, &narrow, sizeof narrow);
        return value == value && !(isinf(narrow) && !isinf(value));
    }
    memcpy(record + 8 + (size_t)axis * 8, &value, sizeof value);
    return value == value;
}

static bool put_box(const struct xti_record_shape *shape, char *record, uint32_t dim, double low,
                    double high)
{
    if (!shape->is_box)
        return low == high && put_coord(shape, record, dim, low);
    return low <= high && put_coord(shape, record, 2 * dim, low) &&
           put_coord(shape, record, 2 * dim + 1, high);
}

static void put_id(char *record, uint64_t id)
{
    memcpy(record, &id, sizeof id);
}

xt_status xti_loader_add(struct xti_loader *loader, uint64_t id, const double *low,
                         const double *high)
{
    const struct xti_record_shape *shape = &loader->shape;
    struct xti_chunk *chunk;
    bool is_valid = true;
    char *record;
    xt_status status;

    if (high == NULL)
        high = low;
    status = find_room(loader, &chunk);
    if (status != XT_OK)
        return status;
    record = chunk->records + chunk->count * shape->bytes;
    for (uint32_t dim = 0; dim < shape->dims; dim++)
        is_valid &= put_box(shape, record, dim, low[dim], high[dim]);
    if (!is_valid)
        return XT_EINVAL;
    put_id(record, id);
    chunk->count++;
    loader->buffered++;
    loader->count++;
    loader->next_row++;
    if (loader->count % PROGRESS_ITEMS == 0 && !wants_more(loader))
        return XT_ECANCELLED;
    return XT_OK;
}

/* xt_rows with the defaults filled in. */
struct row_source {
    const char *ids;
    const char *low;
    const char *high;
    size_t id_stride;
    size_t row_stride;
    size_t axis_stride;
    bool is_f32;
};

static void source_init(struct row_source *source, const xt_rows *rows, uint32_t dims)
{
    source->is_f32 = rows->type == XT_F32;
    source->axis_stride = rows->axis_stride;
    if (source->axis_stride == 0)
        source->axis_stride = source->is_f32 ? sizeof(float) : sizeof(double);
    source->row_stride = rows->row_stride;
    if (source->row_stride == 0)
        source->row_stride = dims * source->axis_stride;
    source->id_stride = rows->id_stride != 0 ? rows->id_stride : sizeof(uint64_t);
    source->ids = (const char *)rows->ids;
    source->low = rows->low;
    source->high = rows->high != NULL ? rows->high : rows->low;
}

static inline double source_coord(const struct row_source *source, const char *base, size_t row,
                                  uint32_t dim)
{
    const char *at = base + row * source->row_stride + dim * source->axis_stride;
    double f64;
    float f32;

    if (source->is_f32) {
        memcpy(&f32, at, sizeof f32);
        return (double)f32;
    }
    memcpy(&f64, at, sizeof f64);
    return f64;
}

static bool put_row(const struct xti_record_shape *shape, const struct row_source *source,
                    size_t row, char *record)
{
    bool is_valid = true;

    for (uint32_t dim = 0; dim < shape->dims; dim++)
        is_valid &= put_box(shape, record, dim, source_coord(source, source->low, row, dim),
                            source_coord(source, source->high, row, dim));
    return is_valid;
}

/* Copies rows from `row` on into the chunk; returns how many before the first bad one. */
static size_t put_rows(const struct xti_loader *loader, const struct row_source *source, size_t row,
                       size_t count, char *record)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t id = loader->next_row + i;

        if (source->ids != NULL)
            memcpy(&id, source->ids + (row + i) * source->id_stride, sizeof id);
        if (!put_row(&loader->shape, source, row + i, record))
            return i;
        put_id(record, id);
        record += loader->shape.bytes;
    }
    return count;
}

xt_status xti_loader_add_many(struct xti_loader *loader, const xt_rows *rows, size_t *added)
{
    struct row_source source;
    size_t row = 0;

    source_init(&source, rows, loader->shape.dims);
    while (row < rows->count) {
        struct xti_chunk *chunk;
        size_t room;
        size_t done;
        xt_status status = find_room(loader, &chunk);

        if (status != XT_OK)
            return status;
        room = chunk->capacity - chunk->count;
        room = rows->count - row < room ? rows->count - row : room;
        done = put_rows(loader, &source, row, room,
                        chunk->records + chunk->count * loader->shape.bytes);
        chunk->count += done;
        loader->buffered += done;
        loader->count += done;
        loader->next_row += done;
        row += done;
        *added = row;
        if (done < room)
            return XT_EINVAL;
        if (!wants_more(loader))
            return XT_ECANCELLED;
    }
    return XT_OK;
}

/* ---- the end --------------------------------------------------------------------------------- */

static xt_status build(struct xti_loader *loader, struct xti_bulk *bulk)
{
    uint64_t budget = loader->options.memory_limit / LIMIT_SHARE_BUDGET;
    xt_status status;

    if (loader->run.file == XTI_FILE_NONE)
        return xti_bulk_add(bulk, loader->chunks, loader->chunk_count);
    status = spill(loader);
    if (status != XT_OK)
        return status;
    return xti_bulk_add_run(bulk, &loader->run, budget, loader->spill_folder);
}

/* Leaves a little above what the nodes will need, so that one arena takes them all if it may. */
static uint64_t expected_units(const struct xti_loader *loader)
{
    const struct xti_layout *layout = xti_txn_layout(loader->txn);
    uint64_t leaves = loader->count / layout->leaf_capacity + 1;
    uint64_t groups = leaves / layout->inner_capacity + 1;
    uint64_t units = leaves * xti_leaf_units(layout, layout->leaf_capacity) +
                     groups * xti_inner_units(layout, layout->inner_capacity);

    return units + units / 16;
}

static bool tell_merging(void *context, uint64_t done)
{
    struct xti_loader *loader = context;
    const xt_loader_options *o = &loader->options;

    return o->progress == NULL ||
           o->progress(o->progress_context, XT_LOAD_MERGING, done, loader->merge_total);
}

/* The new tree becomes the store's, or a part of it. */
static xt_status take_tree(struct xti_loader *loader, struct xti_root root)
{
    struct xti_root old = xti_txn_root(loader->txn);
    const struct xti_graft graft = {old, root, tell_merging, loader};

    if (old.height == 0) {
        xti_txn_set_root(loader->txn, root);
        return XT_OK;
    }
    loader->merge_total = old.item_count < root.item_count ? old.item_count : root.item_count;
    return xti_tree_graft(loader->writer, &graft);
}

static xt_status load(struct xti_loader *loader)
{
    struct xti_root root;
    struct xti_bulk bulk;
    xt_status status;

    status = xti_txn_expect(loader->txn, expected_units(loader));
    if (status != XT_OK)
        return status;
    status = xti_bulk_init(&bulk, loader->txn, &loader->options, loader->count);
    if (status == XT_OK)
        status = build(loader, &bulk);
    if (status == XT_OK)
        status = xti_bulk_finish(&bulk, &root);
    xti_bulk_release(&bulk);
    return status == XT_OK ? take_tree(loader, root) : status;
}

/* What no system call says: no memory, cancelled. */
static void tell_error(xt_error *error, xt_status status)
{
    if (status != XT_OK && error != NULL && error->status != status)
        (void)xti_report(error, status, NULL, NULL, XTI_NO_OFFSET, "build the tree");
}

xt_status xti_loader_finish(struct xti_loader *loader)
{
    xt_status status = XT_OK;
    xt_status undone;

    xti_report_clear(loader->options.error);
    if (loader->count > 0)
        status = load(loader);
    if (status != XT_OK) {
        undone = xti_txn_rollback(loader->txn);
        if (undone != XT_OK)
            status = undone;
    }
    tell_error(loader->options.error, status);
    xti_loader_cancel(loader);
    return status;
}
