/* tests/unit/txn/test_lives_model.c -- through hundreds of arenas that are made, die and go: are
 * live units exact, do views keep their bytes, and does a small address space last?
 *
 * Random steps take blocks, free them, move those of the emptiest arena elsewhere as cleaning does,
 * publish, spill, commit, roll back and reopen, beside a list of the blocks that there are. The
 * window has 64 MiB, the arenas 2 MiB; many times that goes through them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/lives.h"
#include "unit/txn/scene.h"

#define COMMITS 5000u
#define BLOCKS_MAX 4000u
#define LIVE_UNITS (UINT64_C(3) << 20 >> XTD_UNIT_SHIFT) /* about so many */
#define HELD_MAX 2u

struct block {
    uint32_t ref;
    uint32_t units;
    uint32_t tag;
};

struct list {
    size_t count;
    uint64_t units;
    struct block blocks[BLOCKS_MAX];
};

struct held {
    struct xti_view *view; /* NULL: none */
    struct list list;
};

struct model {
    struct disk_os *disk;
    const struct xti_os *os;
    struct xti_txn *txn;
    struct xti_txn *reader;
    uint64_t random;
    uint32_t tag;
    struct list now, published, committed;
    struct held held[HELD_MAX];
    uint64_t commits, rollbacks, reopenings, cuts;
    bool has_failed;
};

static uint64_t pick(struct model *model, uint64_t count)
{
    return check_random(&model->random) % count;
}

static void hold_to(struct model *model, bool holds)
{
    model->has_failed |= !holds;
}

/* ---- blocks -------------------------------------------------------------------------------- */

static uint32_t *tag_of(const char *base, const struct block *block)
{
    return (uint32_t *)(void *)(uintptr_t)(base + ((uint64_t)block->ref + 1) * XTD_UNIT_BYTES);
}

static void block_add(struct model *model, uint32_t units)
{
    struct block block = {.units = units, .tag = ++model->tag};
    struct xtd_node *node;

    if (model->now.count == BLOCKS_MAX)
        return;
    if (!CHECK_STATUS(xti_txn_alloc(model->txn, units, &block.ref, NULL), XT_OK)) {
        model->has_failed = true;
        return;
    }
    node = xti_txn_at(model->txn, block.ref);
    node->kind = XTD_LEAF_POINTS; /* else sealing would zero it */
    *tag_of(model->txn->space.base, &block) = block.tag;
    model->now.blocks[model->now.count++] = block;
    model->now.units += units;
}

static void block_remove(struct model *model, size_t i)
{
    struct list *now = &model->now;
    struct block block = now->blocks[i];

    xti_txn_free(model->txn, block.ref, block.units);
    now->units -= block.units;
    now->blocks[i] = now->blocks[--now->count];
}

static bool lies_in(const struct block *block, uint32_t first_unit, uint64_t units)
{
    return block->ref >= first_unit && block->ref - first_unit < units;
}

static uint64_t units_in(const struct list *list, uint32_t first_unit, uint64_t range_units)
{
    uint64_t units = 0;

    for (size_t i = 0; i < list->count; i++)
        units += lies_in(&list->blocks[i], first_unit, range_units) ? list->blocks[i].units : 0;
    return units;
}

static bool blocks_are_there(const char *base, const struct list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct block *block = &list->blocks[i];
        const struct xtd_node *node = (const void *)(base + (uint64_t)block->ref * XTD_UNIT_BYTES);

        if (!CHECK_U64(node->self_ref, block->ref) || !CHECK_U64(node->size_units, block->units) ||
            !CHECK_U64(*tag_of(base, block), block->tag))
            return false;
    }
    return true;
}

/* ---- steps --------------------------------------------------------------------------------- */

static void change(struct model *model)
{
    static const uint32_t sizes[] = {2, 7, 21, 130};

    for (uint64_t i = pick(model, 80); i > 0; i--) {
        if (model->now.units < LIVE_UNITS + pick(model, LIVE_UNITS / 2))
            block_add(model, sizes[pick(model, CHECK_COUNT(sizes))]);
        else
            block_remove(model, pick(model, model->now.count));
    }
    if (pick(model, 300) == 0) { /* nearly everything dies */
        while (model->now.count > 20)
            block_remove(model, pick(model, model->now.count));
    }
}

/* The sealed arena with the least live units, if all of them take more than half as much again. */
static const struct xti_arena *find_victim(const struct model *model)
{
    const struct xti_space *space = &model->txn->space;
    const struct xti_arena *victim = NULL;
    uint64_t committed = 0;

    for (uint32_t i = 0; i < space->arena_count; i++) {
        const struct xti_arena *arena = &space->arenas[i];

        committed += arena->durable_units;
        if (arena->is_sealed && arena->live_units > 0 &&
            (victim == NULL || arena->live_units < victim->live_units))
            victim = arena;
    }
    return committed > model->now.units * 3 / 2 ? victim : NULL;
}

static void clean(struct model *model)
{
    const struct xti_arena *victim = find_victim(model);
    struct xti_arena arena;

    if (victim == NULL)
        return;
    arena = *victim;
    for (size_t i = model->now.count; i-- > 0 && !model->has_failed;) {
        uint32_t units = model->now.blocks[i].units;

        if (!lies_in(&model->now.blocks[i], arena.first_unit, arena.range_units))
            continue;
        block_remove(model, i);
        block_add(model, units);
    }
}

static void publish(struct model *model)
{
    hold_to(model, CHECK_STATUS(xti_txn_publish(model->txn), XT_OK));
    model->published = model->now;
}

static void roll_back(struct model *model)
{
    hold_to(model, CHECK_STATUS(xti_txn_rollback(model->txn), XT_OK));
    model->now = model->published;
    model->rollbacks++;
}

static void release(struct model *model, struct held *held)
{
    if (held->view == NULL)
        return;
    hold_to(model, blocks_are_there(held->view->base, &held->list));
    xti_txn_unview(model->txn, held->view);
    held->view = NULL;
}

static void hold(struct model *model)
{
    struct held *held = &model->held[pick(model, HELD_MAX)];

    release(model, held);
    hold_to(model, CHECK_STATUS(xti_txn_view(model->txn, &held->view), XT_OK));
    held->list = model->published;
}

/* ---- checks -------------------------------------------------------------------------------- */

static void view_check(struct model *model, const struct xti_view *view, const struct list *list)
{
    hold_to(model, CHECK_U64(view->live_units, list->units));
    for (uint32_t i = 0; i < view->span_count && !model->has_failed; i++) {
        const struct xti_span *span = &view->spans[i];

        hold_to(model, CHECK_U64(span->live_units, units_in(list, span->first_unit, span->units)));
    }
}

/* Of the pending change too. */
static void live_units_check(struct model *model)
{
    const struct xti_space *space = &model->txn->space;

    for (uint32_t i = 0; i < space->arena_count && !model->has_failed; i++) {
        const struct xti_arena *arena = &space->arenas[i];
        uint64_t range = xti_arena_is_dropped(arena) ? 0 : arena->range_units;

        hold_to(model,
                CHECK_U64(arena->live_units, units_in(&model->now, arena->first_unit, range)));
    }
}

/* What was acknowledged, as a reader sees it. Where the records that lead from what it showed to
 * what there is are gone, it has to be opened again. */
static void reader_check(struct model *model)
{
    struct xti_view *view;
    xt_status status = XT_OK;

    if (model->reader != NULL)
        status = xti_txn_view(model->reader, &view);
    if (status != XT_OK) {
        hold_to(model, CHECK_STATUS(status, XT_ECORRUPT));
        xti_txn_close(model->reader);
        model->reader = NULL;
        model->cuts++;
    }
    if (model->reader == NULL) {
        model->reader = scene_open(model->os, false);
        hold_to(model, CHECK_STATUS(xti_txn_view(model->reader, &view), XT_OK));
    }
    view_check(model, view, &model->committed);
    hold_to(model, blocks_are_there(view->base, &model->committed));
    xti_txn_unview(model->reader, view);
}

static void files_check(struct model *model)
{
    uint64_t files = 0;
    uint64_t bytes = 0;

    for (uint32_t id = 1; id < model->txn->next_arena_id; id++) {
        const struct xti_arena *arena = xti_space_arena(&model->txn->space, id);
        char name[32];
        size_t size;

        scene_arena_name(name, id);
        if (scene_file(model->disk, name, &size) == NULL)
            continue;
        files++;
        bytes += size;
        hold_to(model, CHECK(arena != NULL && !arena->is_unlinked));
    }
    hold_to(model, CHECK_U64(xti_txn_file_bytes(model->txn), bytes));
    hold_to(model, CHECK(files < 20));
}

static void reopen(struct model *model)
{
    for (uint32_t i = 0; i < HELD_MAX; i++)
        release(model, &model->held[i]);
    xti_txn_close(model->txn);
    model->txn = scene_open(model->os, true);
    if (model->txn == NULL)
        abort();
    model->now = model->committed;
    model->published = model->committed;
    model->reopenings++;
}

static void commit(struct model *model)
{
    struct xti_view *view;
    uint64_t bytes = 0;

    hold_to(model, CHECK_STATUS(xti_txn_commit(model->txn, NULL), XT_OK));
    model->published = model->now;
    model->committed = model->now;
    model->commits++;
    if (pick(model, 200) == 0)
        reopen(model);
    live_units_check(model);
    files_check(model);
    hold_to(model, CHECK_STATUS(xti_txn_view(model->txn, &view), XT_OK));
    view_check(model, view, &model->committed);
    xti_txn_unview(model->txn, view);
    if (pick(model, 40) == 0)
        reader_check(model);
    if (pick(model, 200) == 0)
        hold_to(model, CHECK_STATUS(xti_txn_check(model->txn, true, &bytes, NULL), XT_OK));
}

static void step(struct model *model)
{
    uint64_t n = pick(model, 100);

    change(model);
    if (n < 20)
        clean(model);
    if (n >= 15 && n < 25)
        hold_to(model, CHECK_STATUS(xti_txn_spill(model->txn, NULL), XT_OK));
    if (n >= 20 && n < 40)
        publish(model);
    else if (n >= 40 && n < 50)
        roll_back(model);
    else
        commit(model);
    if (n % 10 == 0)
        hold(model);
    if (n % 10 == 5)
        release(model, &model->held[pick(model, HELD_MAX)]);
}

static void live_units_views_and_addresses_last_through_hundreds_of_arenas(void)
{
    struct model *model = calloc(1, sizeof *model);

    if (model == NULL)
        abort();
    model->random = check_seed;
    model->disk = disk_os_create(check_seed);
    model->os = disk_os_table(model->disk);
    model->txn = scene_create(model->os, PATH, 4096);
    while (model->commits < COMMITS && !model->has_failed)
        step(model);
    (void)CHECK(model->txn->next_arena_id > 200);
    (void)CHECK(model->rollbacks > 100 && model->reopenings > 5);
    printf("    %u arenas, %u left; %llu reopenings, %llu readers opened again\n",
           (unsigned)model->txn->next_arena_id - 1, (unsigned)model->txn->space.arena_count,
           (unsigned long long)model->reopenings, (unsigned long long)model->cuts);
    for (uint32_t i = 0; i < HELD_MAX; i++)
        release(model, &model->held[i]);
    xti_txn_close(model->txn);
    xti_txn_close(model->reader);
    disk_os_destroy(model->disk);
    free(model);
}

CHECK_MAIN({"live_units_views_and_addresses_last_through_hundreds_of_arenas",
            live_units_views_and_addresses_last_through_hundreds_of_arenas})
