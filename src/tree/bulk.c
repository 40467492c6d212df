/* src/tree/bulk.c -- the bulk load: places of nodes, threads, upper levels.
 *
 * A tile's nodes lie together: each level-1 node, then its leaves. How many a tile needs follows
 * from its count alone, so the places of all tiles are known before the first is built, and the
 * result does not depend on the number of threads.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>

#include "format/manifest.h"
#include "tree/bulk.h"

/* ---- threads --------------------------------------------------------------------------------- */

#define THREADS_MAX 64u

struct job {
    const struct xti_os *os;
    const struct xti_tasks *tasks;
    void *mutex; /* guards next */
    size_t next;
};

struct job_thread {
    struct job *job;
    uint32_t worker;
    void *thread;
};

static bool job_take(struct job *job, size_t *i)
{
    job->os->mutex_lock(job->os, job->mutex);
    *i = job->next;
    if (job->next < job->tasks->count)
        job->next++;
    job->os->mutex_unlock(job->os, job->mutex);
    return *i < job->tasks->count;
}

static void job_stop(struct job *job)
{
    job->os->mutex_lock(job->os, job->mutex);
    job->next = job->tasks->count;
    job->os->mutex_unlock(job->os, job->mutex);
}

static void job_work(void *argument)
{
    struct job_thread *self = argument;
    size_t i;

    while (job_take(self->job, &i))
        self->job->tasks->run(self->job->tasks->context, self->worker, i);
}

bool xti_bulk_progress(struct xti_bulk *bulk, xt_load_phase phase, uint64_t done, uint64_t total)
{
    return bulk->progress == NULL || bulk->progress(bulk->progress_context, phase, done, total);
}

bool xti_bulk_sorted(struct xti_bulk *bulk, uint64_t sorted)
{
    if (bulk->is_building)
        return xti_bulk_progress(bulk, XT_LOAD_BUILDING, bulk->done, bulk->total);
    return xti_bulk_progress(bulk, XT_LOAD_SORTING, sorted, bulk->total);
}

static bool tell(struct xti_bulk *bulk, const struct xti_tasks *tasks, size_t i)
{
    if (tasks->phase == XT_LOAD_SORTING)
        return xti_bulk_sorted(bulk, bulk->done + tasks->begins[i + 1]);
    return xti_bulk_progress(bulk, tasks->phase, bulk->done + tasks->begins[i + 1], bulk->total);
}

xt_status xti_bulk_parallel(struct xti_bulk *bulk, const struct xti_tasks *tasks)
{
    const struct xti_os *os = bulk->os;
    struct job job = {os, tasks, NULL, 0};
    struct job_thread threads[THREADS_MAX];
    xt_status status = XT_OK;
    uint32_t started = 1;
    size_t i;

    if (os->mutex_create(os, &job.mutex) != 0)
        return XT_ENOMEM;
    for (; started < tasks->workers && started < tasks->count; started++) {
        threads[started].job = &job;
        threads[started].worker = started;
        if (os->thread_start(os, job_work, &threads[started], &threads[started].thread) != 0)
            break; /* fewer threads do the same work */
    }
    while (status == XT_OK && job_take(&job, &i)) {
        tasks->run(tasks->context, 0, i);
        if (!tell(bulk, tasks, i)) {
            job_stop(&job);
            status = XT_ECANCELLED;
        }
    }
    while (--started > 0)
        os->thread_join(os, threads[started].thread);
    os->mutex_destroy(os, job.mutex);
    return status;
}

/* ---- begin and end --------------------------------------------------------------------------- */

static uint32_t threads_for(const struct xti_os *os, uint32_t wanted)
{
    uint32_t threads = wanted;

    if (wanted == XT_THREADS_ALL)
        threads = os->processor_count(os);
    if (threads == 0)
        threads = 1;
    return threads < THREADS_MAX ? threads : THREADS_MAX;
}

xt_status xti_bulk_init(struct xti_bulk *bulk, struct xti_txn *txn,
                        const xt_loader_options *options, uint64_t total)
{
    const struct xti_layout *layout = xti_txn_layout(txn);
    bool is_box = layout->leaf_kind == XTD_LEAF_BOXES;

    memset(bulk, 0, sizeof *bulk);
    bulk->txn = txn;
    bulk->os = xti_txn_os(txn);
    bulk->layout = layout;
    xti_record_shape_init(&bulk->shape, layout->dims, is_box, layout->coord_type == XT_F32);
    xti_record_shape_init(&bulk->child_shape, layout->dims, true, false);
    bulk->box_bytes = (size_t)layout->dims * 2 * sizeof(double);
    bulk->threads = threads_for(bulk->os, options->threads);
    bulk->progress = options->progress;
    bulk->progress_context = options->progress_context;
    bulk->error = options->error;
    bulk->total = total;
    bulk->origin = xti_alloc_zeroed(bulk->os, layout->dims * sizeof *bulk->origin);
    return bulk->origin == NULL ? XT_ENOMEM : XT_OK;
}

static void children_release(struct xti_children *children, const struct xti_bulk *bulk)
{
    const struct xti_os *os = bulk->os;
    size_t capacity = children->capacity;

    if (children->records != NULL)
        os->free(os, children->records, capacity * bulk->child_shape.bytes);
    if (children->refs != NULL)
        os->free(os, children->refs, capacity * sizeof *children->refs);
    if (children->items != NULL)
        os->free(os, children->items, capacity * sizeof *children->items);
    memset(children, 0, sizeof *children);
}

static xt_status children_init(struct xti_children *children, const struct xti_bulk *bulk,
                               size_t capacity)
{
    const struct xti_os *os = bulk->os;

    memset(children, 0, sizeof *children);
    children->capacity = capacity;
    children->records = os->alloc(os, capacity * bulk->child_shape.bytes);
    children->refs = os->alloc(os, capacity * sizeof *children->refs);
    children->items = os->alloc(os, capacity * sizeof *children->items);
    if (children->records != NULL && children->refs != NULL && children->items != NULL)
        return XT_OK;
    children_release(children, bulk);
    return XT_ENOMEM;
}

/* Room for `more` children behind those that there are. */
static xt_status children_grow(struct xti_bulk *bulk, size_t more)
{
    struct xti_children *old = &bulk->children;
    struct xti_children grown;
    xt_status status;

    if (old->count + more <= old->capacity)
        return XT_OK;
    status = children_init(&grown, bulk, old->capacity + old->capacity / 2 + more);
    if (status != XT_OK)
        return status;
    if (old->count > 0) {
        memcpy(grown.records, old->records, old->count * bulk->child_shape.bytes);
        memcpy(grown.refs, old->refs, old->count * sizeof *old->refs);
        memcpy(grown.items, old->items, old->count * sizeof *old->items);
    }
    grown.count = old->count;
    children_release(old, bulk);
    *old = grown;
    return XT_OK;
}

void xti_bulk_release(struct xti_bulk *bulk)
{
    if (bulk->origin != NULL)
        bulk->os->free(bulk->os, bulk->origin, bulk->layout->dims * sizeof *bulk->origin);
    if (bulk->os != NULL)
        children_release(&bulk->children, bulk);
    memset(bulk, 0, sizeof *bulk);
}

static void child_set(const struct xti_bulk *bulk, struct xti_children *children, size_t i,
                      uint32_t ref, uint64_t items)
{
    uint64_t number = i;

    memcpy(children->records + i * bulk->child_shape.bytes, &number, sizeof number);
    children->refs[i] = ref;
    children->items[i] = items;
}

static double *child_box(const struct xti_bulk *bulk, const struct xti_children *children, size_t i)
{
    return (double *)(void *)(children->records + i * bulk->child_shape.bytes + 8);
}

/* ---- tiles ----------------------------------------------------------------------------------- */

static size_t divide_up(size_t count, size_t by)
{
    return count / by + (count % by != 0 ? 1 : 0);
}

struct tile_plan {
    size_t leaves;
    size_t groups; /* level-1 nodes */
    size_t first_child;
    uint32_t ref; /* of the first node */
};

/* What one thread works with. */
struct tile_worker {
    struct tile_work *work;
    struct xti_sorter outer; /* a tile into groups */
    struct xti_sorter inner; /* a group into leaves */
    char *spare;             /* a copy of the largest tile */
    char *boxes;             /* of a group's leaves */
    uint32_t *refs;          /* likewise */
    uint32_t ref;            /* where the next node goes */
    size_t child;            /* number of the next level-1 node */
    size_t group;            /* position in the tile */
    size_t leaf;             /* position in the group */
    const struct tile_plan *plan;
};

struct tile_work {
    struct xti_bulk *bulk;
    struct xti_tiling *tiling;
    struct tile_plan *plans;
    struct tile_worker *workers;
    uint32_t worker_count;
    size_t fanout; /* leaves of the largest group */
};

static void build_leaf(void *context, char *records, char *spare, size_t count)
{
    struct tile_worker *worker = context;
    const struct xti_bulk *bulk = worker->work->bulk;
    double *box = (double *)(void *)(worker->boxes + worker->leaf * bulk->box_bytes);

    (void)spare;
    xti_bulk_leaf(bulk, worker->ref, records, count, box);
    worker->refs[worker->leaf++] = worker->ref;
    worker->ref += xti_leaf_units(bulk->layout, bulk->layout->leaf_capacity);
}

static void build_group(void *context, char *records, char *spare, size_t count)
{
    struct tile_worker *worker = context;
    struct xti_bulk *bulk = worker->work->bulk;
    const struct tile_plan *plan = worker->plan;
    size_t leaves = xti_part_begin(plan->leaves, plan->groups, worker->group + 1) -
                    xti_part_begin(plan->leaves, plan->groups, worker->group);
    struct xti_bulk_inner inner = {
        worker->ref, 1, (uint32_t)leaves, worker->boxes, bulk->box_bytes, worker->refs, count};

    worker->ref += xti_inner_units(bulk->layout, bulk->layout->inner_capacity);
    worker->leaf = 0;
    xti_sorter_split(&worker->inner, records, spare, count, leaves, leaves);
    XTI_ASSERT(worker->leaf == leaves);
    xti_bulk_inner(bulk, &inner, child_box(bulk, &bulk->children, worker->child));
    child_set(bulk, &bulk->children, worker->child, inner.ref, count);
    worker->child++;
    worker->group++;
}

static void build_tile(void *context, uint32_t number, size_t tile)
{
    struct tile_work *work = context;
    struct tile_worker *worker = &work->workers[number];
    const struct xti_tiling *tiling = work->tiling;
    const struct tile_plan *plan = &work->plans[tile];
    size_t begin = tiling->begins[tile];

    worker->plan = plan;
    worker->ref = plan->ref;
    worker->child = plan->first_child;
    worker->group = 0;
    xti_sorter_split(&worker->outer, tiling->records + begin * work->bulk->shape.bytes,
                     worker->spare, tiling->begins[tile + 1] - begin, plan->leaves, plan->groups);
    XTI_ASSERT(worker->group == plan->groups);
}

static xt_status worker_init(struct tile_worker *worker, struct tile_work *work)
{
    const struct xti_bulk *bulk = work->bulk;
    const struct xti_os *os = bulk->os;
    size_t largest = work->tiling->largest;
    xt_status status;

    worker->work = work;
    status = xti_sorter_init(&worker->outer, os, &bulk->shape, largest);
    if (status != XT_OK)
        return status;
    status = xti_sorter_init(&worker->inner, os, &bulk->shape, largest);
    if (status != XT_OK)
        return status;
    worker->outer.emit = build_group;
    worker->outer.context = worker;
    worker->inner.emit = build_leaf;
    worker->inner.context = worker;
    worker->spare = os->alloc(os, largest * bulk->shape.bytes);
    worker->boxes = os->alloc(os, work->fanout * bulk->box_bytes);
    worker->refs = os->alloc(os, work->fanout * sizeof *worker->refs);
    return worker->spare != NULL && worker->boxes != NULL && worker->refs != NULL ? XT_OK
                                                                                  : XT_ENOMEM;
}

static void worker_release(struct tile_worker *worker, struct tile_work *work)
{
    const struct xti_bulk *bulk = work->bulk;
    const struct xti_os *os = bulk->os;
    size_t largest = work->tiling->largest;

    xti_sorter_release(&worker->outer, os, largest);
    xti_sorter_release(&worker->inner, os, largest);
    if (worker->spare != NULL)
        os->free(os, worker->spare, largest * bulk->shape.bytes);
    if (worker->boxes != NULL)
        os->free(os, worker->boxes, work->fanout * bulk->box_bytes);
    if (worker->refs != NULL)
        os->free(os, worker->refs, work->fanout * sizeof *worker->refs);
}

/* Gives every tile its place, in the order of the tiles. */
static xt_status plan_tiles(struct tile_work *work)
{
    struct xti_bulk *bulk = work->bulk;
    const struct xti_layout *layout = bulk->layout;
    const struct xti_tiling *tiling = work->tiling;
    uint64_t leaf_units = xti_leaf_units(layout, layout->leaf_capacity);
    uint64_t inner_units = xti_inner_units(layout, layout->inner_capacity);
    size_t child = bulk->children.count;
    xt_status status = XT_OK;

    for (uint32_t tile = 0; tile < tiling->tiles && status == XT_OK; tile++) {
        struct tile_plan *plan = &work->plans[tile];
        size_t count = tiling->begins[tile + 1] - tiling->begins[tile];
        uint64_t units;

        plan->leaves = divide_up(count, layout->leaf_capacity);
        plan->groups = divide_up(plan->leaves, layout->inner_capacity);
        plan->first_child = child;
        child += plan->groups;
        units = plan->leaves * leaf_units + plan->groups * inner_units;
        status = xti_txn_alloc(bulk->txn, units, &plan->ref, bulk->error);
    }
    if (status == XT_OK)
        status = children_grow(bulk, child - bulk->children.count);
    if (status == XT_OK)
        bulk->children.count = child;
    return status;
}

static xt_status run_tiles(struct tile_work *work)
{
    struct xti_bulk *bulk = work->bulk;
    const struct xti_tasks tasks = {build_tile,          work,
                                    work->tiling->tiles, work->worker_count,
                                    XT_LOAD_BUILDING,    work->tiling->begins};
    xt_status status = plan_tiles(work);

    for (uint32_t i = 0; i < work->worker_count && status == XT_OK; i++)
        status = worker_init(&work->workers[i], work);
    if (status == XT_OK)
        status = xti_bulk_parallel(bulk, &tasks);
    for (uint32_t i = 0; i < work->worker_count; i++)
        worker_release(&work->workers[i], work);
    return status;
}

static xt_status build_tiles(struct xti_bulk *bulk, struct xti_tiling *tiling)
{
    const struct xti_os *os = bulk->os;
    struct tile_work work = {bulk, tiling, NULL, NULL, bulk->threads, 0};
    size_t plans_bytes = tiling->tiles * sizeof *work.plans;
    size_t workers_bytes;
    xt_status status = XT_ENOMEM;

    work.fanout = divide_up(tiling->largest, bulk->layout->leaf_capacity);
    if (work.fanout > bulk->layout->inner_capacity)
        work.fanout = bulk->layout->inner_capacity;
    /* Every worker needs room for the largest tile; with duplicates that may be nearly all. */
    if (work.worker_count > tiling->count / tiling->largest)
        work.worker_count = (uint32_t)(tiling->count / tiling->largest);
    workers_bytes = work.worker_count * sizeof *work.workers;
    work.plans = xti_alloc_zeroed(os, plans_bytes);
    work.workers = xti_alloc_zeroed(os, workers_bytes);
    if (work.plans != NULL && work.workers != NULL)
        status = run_tiles(&work);
    if (work.plans != NULL)
        os->free(os, work.plans, plans_bytes);
    if (work.workers != NULL)
        os->free(os, work.workers, workers_bytes);
    return status;
}

/* The middle of some records, one of each tile, is as good an origin as any: offsets from it are
 * precise enough for a node, or the node gets its own. */
static void choose_common_origin(struct xti_bulk *bulk, const struct xti_tiling *tiling)
{
    for (uint32_t dim = 0; dim < bulk->shape.dims && !bulk->has_origin; dim++) {
        double low = INFINITY;
        double high = -INFINITY;

        for (uint32_t tile = 0; tile < tiling->tiles; tile++) {
            const char *record = tiling->records + tiling->begins[tile] * bulk->shape.bytes;
            double key = xti_record_key(record, dim, bulk->shape.is_box, bulk->shape.is_f32);

            low = key < low ? key : low;
            high = key > high ? key : high;
        }
        bulk->origin[dim] = low * 0.5 + high * 0.5;
    }
    bulk->has_origin = true;
}

static xt_status build_only_leaf(struct xti_bulk *bulk, const struct xti_tiling *tiling)
{
    uint32_t units = xti_leaf_units(bulk->layout, bulk->layout->leaf_capacity);
    double *box = bulk->os->alloc(bulk->os, bulk->box_bytes);
    xt_status status;

    if (box == NULL)
        return XT_ENOMEM;
    status = xti_txn_alloc(bulk->txn, units, &bulk->root_leaf, bulk->error);
    if (status == XT_OK)
        xti_bulk_leaf(bulk, bulk->root_leaf, tiling->records, tiling->count, box);
    bulk->os->free(bulk->os, box, bulk->box_bytes);
    return status;
}

xt_status xti_bulk_add(struct xti_bulk *bulk, struct xti_chunk *chunks, size_t chunk_count)
{
    struct xti_tiling tiling;
    xt_status status = xti_tiling_init(&tiling, bulk, chunks, chunk_count);

    if (status != XT_OK)
        return status;
    if (tiling.count == bulk->total && bulk->total <= bulk->layout->leaf_capacity) {
        status = build_only_leaf(bulk, &tiling);
    } else {
        choose_common_origin(bulk, &tiling);
        status = build_tiles(bulk, &tiling);
    }
    bulk->done += tiling.count;
    xti_tiling_release(&tiling, bulk);
    if (status == XT_OK && !xti_bulk_progress(bulk, XT_LOAD_BUILDING, bulk->done, bulk->total))
        return XT_ECANCELLED;
    return status;
}

/* ---- upper levels ---------------------------------------------------------------------------- */

struct level_work {
    struct xti_bulk *bulk;
    const struct xti_children *below;
    struct xti_children *above;
    uint32_t ref;
    uint8_t level;
    uint32_t refs[XTD_CAPACITY_MAX];
};

static void build_upper(void *context, char *records, char *spare, size_t count)
{
    struct level_work *work = context;
    struct xti_bulk *bulk = work->bulk;
    size_t bytes = bulk->child_shape.bytes;
    struct xti_bulk_inner inner = {
        work->ref, work->level, (uint32_t)count, records + 8, bytes, work->refs, 0};
    size_t i = work->above->count++;

    (void)spare;
    for (size_t child = 0; child < count; child++) {
        uint64_t number = xti_record_id(records + child * bytes);

        work->refs[child] = work->below->refs[number];
        inner.items += work->below->items[number];
    }
    xti_bulk_inner(bulk, &inner, child_box(bulk, work->above, i));
    child_set(bulk, work->above, i, work->ref, inner.items);
    work->ref += xti_inner_units(bulk->layout, bulk->layout->inner_capacity);
}

static xt_status split_level(struct level_work *work, size_t nodes)
{
    struct xti_bulk *bulk = work->bulk;
    const struct xti_os *os = bulk->os;
    size_t count = work->below->count;
    size_t spare_bytes = count * bulk->child_shape.bytes;
    char *spare = os->alloc(os, spare_bytes);
    struct xti_sorter sorter;
    xt_status status;

    if (spare == NULL)
        return XT_ENOMEM;
    status = xti_sorter_init(&sorter, os, &bulk->child_shape, count);
    if (status == XT_OK) {
        sorter.emit = build_upper;
        sorter.context = work;
        xti_sorter_split(&sorter, work->below->records, spare, count, nodes, nodes);
        xti_sorter_release(&sorter, os, count);
    }
    os->free(os, spare, spare_bytes);
    return status;
}

/* Makes the next level of the children, which it replaces. */
static xt_status build_level(struct xti_bulk *bulk, uint8_t level)
{
    struct xti_children above;
    struct level_work *work;
    size_t nodes = divide_up(bulk->children.count, bulk->layout->inner_capacity);
    uint64_t units = nodes * xti_inner_units(bulk->layout, bulk->layout->inner_capacity);
    xt_status status;

    status = children_init(&above, bulk, nodes);
    if (status != XT_OK)
        return status;
    work = xti_alloc_zeroed(bulk->os, sizeof *work);
    if (work == NULL) {
        children_release(&above, bulk);
        return XT_ENOMEM;
    }
    work->bulk = bulk;
    work->below = &bulk->children;
    work->above = &above;
    work->level = level;
    status = xti_txn_alloc(bulk->txn, units, &work->ref, bulk->error);
    if (status == XT_OK)
        status = split_level(work, nodes);
    bulk->os->free(bulk->os, work, sizeof *work);
    if (status != XT_OK) {
        children_release(&above, bulk);
        return status;
    }
    children_release(&bulk->children, bulk);
    bulk->children = above;
    return XT_OK;
}

xt_status xti_bulk_finish(struct xti_bulk *bulk, struct xti_root *root)
{
    xt_status status = XT_OK;
    uint8_t level = 1;

    while (bulk->children.count > 1 && status == XT_OK)
        status = build_level(bulk, ++level);
    *root = (struct xti_root){0, 0, bulk->total};
    if (status == XT_OK && bulk->children.count == 1) {
        root->ref = bulk->children.refs[0];
        root->height = (uint32_t)level + 1;
    } else if (status == XT_OK && bulk->root_leaf != 0) {
        root->ref = bulk->root_leaf;
        root->height = 1;
    }
    return status;
}
