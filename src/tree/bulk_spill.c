/* src/tree/bulk_spill.c -- loads larger than the memory they may use.
 *
 * A run is a temporary file of records. One that fits into the budget is read and built. A larger
 * one is cut into partitions by a kd-tree over a sample of it, as tiles are, each partition a run
 * of its own; these are built one after the other. So up to 32 budgets every record is written
 * twice and read twice, in large pieces. Where sampling cannot divide a run (all keys equal), it is
 * cut by position.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree/bulk.h"

/* Partitions of one cut; each holds an open file, so that three levels stay below 200 files. */
#define PARTITIONS_MAX 64u
#define SAMPLES_PER_PARTITION 64u
/* Beyond that depth (32^3 budgets) a run is cut by position; so is one that a cut left whole, but
 * for an eighth. */
#define DEPTH_MAX 3u

struct partition {
    struct xti_run run;
    char *buffer;
    size_t buffered; /* records */
};

struct cut {
    struct xti_bulk *bulk;
    struct xti_splitters splitters;
    struct partition *partitions;
    uint32_t count;
    size_t buffer_records; /* of each partition */
    char *block;           /* of the run that is being read */
    size_t block_records;
    size_t sample_records;
};

static xt_status report(const struct xti_bulk *bulk, int result, const char *what)
{
    if (result == 0)
        return XT_OK;
    return xti_report_system(bulk->error, result, NULL, NULL, what);
}

static xt_status read_records(const struct xti_bulk *bulk, xti_file file, uint64_t first,
                              size_t count, char *out)
{
    size_t bytes = bulk->shape.bytes;
    int result = bulk->os->read_at(bulk->os, file, first * bytes, out, count * bytes);

    return report(bulk, result, "read a temporary file");
}

static void run_close(const struct xti_bulk *bulk, struct xti_run *run)
{
    if (run->file != XTI_FILE_NONE)
        bulk->os->close(bulk->os, run->file);
    run->file = XTI_FILE_NONE;
}

static size_t at_least_one(uint64_t count)
{
    return count > 0 ? (size_t)count : 1;
}

/* ---- building what fits ---------------------------------------------------------------------- */

static xt_status build_range(struct xti_bulk *bulk, const struct xti_run *run, uint64_t first,
                             size_t count)
{
    size_t bytes = count * bulk->shape.bytes;
    struct xti_chunk chunk = {bulk->os->alloc(bulk->os, bytes), count, count};
    xt_status status;

    if (chunk.records == NULL)
        return XT_ENOMEM;
    status = read_records(bulk, run->file, first, count, chunk.records);
    if (status == XT_OK)
        status = xti_bulk_add(bulk, &chunk, 1);
    if (chunk.records != NULL)
        bulk->os->free(bulk->os, chunk.records, bytes);
    if (status == XT_OK)
        status = xti_txn_spill(bulk->txn, bulk->error);
    return status;
}

static xt_status build_by_position(struct xti_bulk *bulk, const struct xti_run *run,
                                   uint64_t budget)
{
    uint64_t piece = at_least_one(budget / bulk->shape.bytes);
    uint64_t pieces = (run->count - 1) / piece + 1;
    xt_status status = XT_OK;

    for (uint64_t i = 0; i < pieces && status == XT_OK; i++) {
        size_t begin = xti_part_begin(run->count, pieces, i);
        size_t end = xti_part_begin(run->count, pieces, i + 1);

        status = build_range(bulk, run, begin, end - begin);
    }
    return status;
}

/* ---- cutting --------------------------------------------------------------------------------- */

static xt_status sample_run(struct cut *cut, const struct xti_run *run)
{
    struct xti_bulk *bulk = cut->bulk;
    size_t wanted = cut->sample_records;
    uint64_t state = 0;
    size_t bytes = wanted * bulk->shape.bytes;
    char *sample = bulk->os->alloc(bulk->os, bytes);
    xt_status status = XT_OK;

    if (sample == NULL)
        return XT_ENOMEM;
    for (size_t i = 0; i < wanted && status == XT_OK; i++)
        status = read_records(bulk, run->file, xti_sample_place(run->count, wanted, i, &state), 1,
                              sample + i * bulk->shape.bytes);
    if (status == XT_OK)
        status =
            xti_splitters_init(&cut->splitters, bulk->os, &bulk->shape, sample, wanted, cut->count);
    bulk->os->free(bulk->os, sample, bytes);
    return status;
}

static xt_status flush(const struct cut *cut, struct partition *partition)
{
    const struct xti_bulk *bulk = cut->bulk;
    size_t bytes = partition->buffered * bulk->shape.bytes;
    int result;

    if (bytes == 0)
        return XT_OK;
    result = bulk->os->write_at(bulk->os, partition->run.file,
                                partition->run.count * bulk->shape.bytes, partition->buffer, bytes);
    partition->run.count += partition->buffered;
    partition->buffered = 0;
    return report(bulk, result, "write a temporary file");
}

static xt_status scatter_block(struct cut *cut, size_t count)
{
    const struct xti_record_shape *shape = &cut->bulk->shape;
    xt_status status = XT_OK;

    for (size_t i = 0; i < count && status == XT_OK; i++) {
        const char *record = cut->block + i * shape->bytes;
        uint32_t tile = xti_splitters_tile(&cut->splitters, record, shape->is_box, shape->is_f32);
        struct partition *partition = &cut->partitions[tile];

        xti_record_move(partition->buffer + partition->buffered * shape->bytes, record,
                        shape->bytes);
        if (++partition->buffered == cut->buffer_records)
            status = flush(cut, partition);
    }
    return status;
}

static xt_status scatter_run(struct cut *cut, const struct xti_run *run)
{
    struct xti_bulk *bulk = cut->bulk;
    xt_status status = XT_OK;

    for (uint64_t first = 0; first < run->count && status == XT_OK;) {
        uint64_t left = run->count - first;
        size_t count = left < cut->block_records ? (size_t)left : cut->block_records;

        status = read_records(bulk, run->file, first, count, cut->block);
        if (status == XT_OK)
            status = scatter_block(cut, count);
        first += count;
        if (status == XT_OK && !xti_bulk_sorted(bulk, first))
            status = XT_ECANCELLED;
    }
    for (uint32_t i = 0; i < cut->count && status == XT_OK; i++)
        status = flush(cut, &cut->partitions[i]);
    return status;
}

static void cut_release(struct cut *cut)
{
    const struct xti_bulk *bulk = cut->bulk;
    const struct xti_os *os = bulk->os;
    size_t bytes = bulk->shape.bytes;

    xti_splitters_release(&cut->splitters, os);
    if (cut->block != NULL)
        os->free(os, cut->block, cut->block_records * bytes);
    cut->block = NULL;
    for (uint32_t i = 0; cut->partitions != NULL && i < cut->count; i++) {
        if (cut->partitions[i].buffer != NULL)
            os->free(os, cut->partitions[i].buffer, cut->buffer_records * bytes);
        cut->partitions[i].buffer = NULL;
    }
}

static void cut_end(struct cut *cut)
{
    const struct xti_os *os = cut->bulk->os;

    cut_release(cut);
    for (uint32_t i = 0; cut->partitions != NULL && i < cut->count; i++)
        run_close(cut->bulk, &cut->partitions[i].run);
    if (cut->partitions != NULL)
        os->free(os, cut->partitions, cut->count * sizeof *cut->partitions);
    memset(cut, 0, sizeof *cut);
}

/* As many as are useful, as the run has, and as fit into half the budget. */
static size_t sample_records_for(const struct cut *cut, uint64_t run_count, uint64_t budget)
{
    uint64_t wanted = (uint64_t)cut->count * SAMPLES_PER_PARTITION;

    wanted = wanted < run_count ? wanted : run_count;
    if (wanted > budget / 2 / cut->bulk->shape.bytes)
        wanted = budget / 2 / cut->bulk->shape.bytes;
    return at_least_one(wanted);
}

static xt_status cut_begin(struct cut *cut, uint64_t budget, const char *spill_folder)
{
    struct xti_bulk *bulk = cut->bulk;
    const struct xti_os *os = bulk->os;
    size_t bytes = bulk->shape.bytes;

    cut->buffer_records = at_least_one(budget / cut->count / bytes);
    cut->block_records = at_least_one(budget / 4 / bytes);
    cut->block = os->alloc(os, cut->block_records * bytes);
    cut->partitions = xti_alloc_zeroed(os, cut->count * sizeof *cut->partitions);
    if (cut->partitions == NULL)
        return XT_ENOMEM;
    for (uint32_t i = 0; i < cut->count; i++)
        cut->partitions[i].run.file = XTI_FILE_NONE;
    if (cut->block == NULL)
        return XT_ENOMEM;
    for (uint32_t i = 0; i < cut->count; i++) {
        struct partition *partition = &cut->partitions[i];
        int result;

        partition->buffer = os->alloc(os, cut->buffer_records * bytes);
        if (partition->buffer == NULL)
            return XT_ENOMEM;
        result = os->open(os, spill_folder, XTI_OPEN_TEMPORARY, &partition->run.file);
        if (result != 0)
            return report(bulk, result, "create a temporary file");
    }
    return XT_OK;
}

static uint32_t partitions_for(const struct xti_bulk *bulk, uint64_t count, uint64_t budget)
{
    uint32_t partitions = 2;

    /* Twice as many as would just fit: their counts vary. */
    while (partitions < PARTITIONS_MAX && count * bulk->shape.bytes / partitions > budget / 2)
        partitions *= 2;
    return partitions;
}

static xt_status add_run(struct xti_bulk *bulk, struct xti_run *run, uint64_t budget,
                         const char *spill_folder, uint32_t depth);

/* NOLINTNEXTLINE(misc-no-recursion): bounded by DEPTH_MAX */
static xt_status cut_and_build(struct xti_bulk *bulk, struct xti_run *run, uint64_t budget,
                               const char *spill_folder, uint32_t depth)
{
    struct cut cut = {0};
    uint64_t count = run->count;
    xt_status status;

    cut.bulk = bulk;
    cut.count = partitions_for(bulk, run->count, budget);
    cut.sample_records = sample_records_for(&cut, run->count, budget);
    status = cut_begin(&cut, budget, spill_folder);
    if (status == XT_OK)
        status = sample_run(&cut, run);
    if (status == XT_OK)
        status = scatter_run(&cut, run);
    cut_release(&cut);
    run_close(bulk, run);
    bulk->is_building = true;
    for (uint32_t i = 0; i < cut.count && status == XT_OK; i++) {
        struct xti_run *part = &cut.partitions[i].run;
        uint32_t next = part->count > count - count / 8 ? DEPTH_MAX : depth + 1;

        status = add_run(bulk, part, budget, spill_folder, next);
    }
    cut_end(&cut);
    return status;
}

/* NOLINTNEXTLINE(misc-no-recursion): bounded by DEPTH_MAX */
static xt_status add_run(struct xti_bulk *bulk, struct xti_run *run, uint64_t budget,
                         const char *spill_folder, uint32_t depth)
{
    xt_status status = XT_OK;

    if (run->count * bulk->shape.bytes > budget && depth < DEPTH_MAX)
        return cut_and_build(bulk, run, budget, spill_folder, depth);
    if (run->count > 0)
        status = build_by_position(bulk, run, budget);
    run_close(bulk, run);
    return status;
}

xt_status xti_bulk_add_run(struct xti_bulk *bulk, struct xti_run *run, uint64_t budget,
                           const char *spill_folder)
{
    xt_status status = add_run(bulk, run, budget, spill_folder, 0);

    run_close(bulk, run);
    return status;
}
