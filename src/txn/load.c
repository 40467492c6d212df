/* src/txn/load.c -- adopting the newest commit that HEAD names: at opening, and a reader's refresh.
 *
 * The steps: README.md, L1 to L7. The cost does not depend on the number of items: HEAD, one
 * manifest, and for each arena its header and a mapping. Every byte that is read passes a check of
 * the format room first; what the files say about each other is checked here.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/txn_private.h"

#include <errno.h>
#include <string.h>

/* A reader that finds a file gone which HEAD led to reads HEAD again: the writer went on meanwhile.
 * Each attempt then sees a newer commit; so many in a row mean that the file is really missing. */
#define ATTEMPTS_MAX 16u

xt_status xti_open_arena(struct xti_txn *txn, const struct xti_arena *arena, unsigned flags,
                         xti_file *out, xt_error *error)
{
    const struct xti_os *os = txn->os;
    struct xtd_arena_header header;
    struct xti_finding finding = {"arena header does not match the manifest", 32};
    char name[XTI_NAME_BYTES];
    xt_status status = XT_ECORRUPT;
    int result;

    xti_name_arena(name, arena->id);
    result = xti_open_file(os, txn->path, name, flags, out);
    if (result != 0)
        return xti_report_system(error, result, txn->path, name, "open the arena's file");
    result = os->read_at(os, *out, 0, &header, sizeof header);
    if (result == -ENODATA) {
        (void)xti_report(error, status, txn->path, name, 0, "arena file shorter than its header");
    } else if (result != 0) {
        status = xti_report_system(error, result, txn->path, name, "read the file");
    } else {
        status = xti_arena_header_check(&header, &finding);
        if (status == XT_OK &&
            (memcmp(header.uuid, txn->uuid, sizeof txn->uuid) != 0 ||
             header.arena_id != arena->id || header.first_unit != arena->first_unit ||
             header.range_units != arena->range_units))
            status = XT_ECORRUPT;
        if (status != XT_OK)
            (void)xti_report(error, status, txn->path, name, finding.offset, finding.what);
    }
    if (status != XT_OK) {
        os->close(os, *out);
        *out = XTI_FILE_NONE;
    }
    return status;
}

/* ---- L4: commit record ---------------------------------------------------------------------- */

static xt_status read_from_file(struct xti_txn *txn, const struct xti_arena *arena, uint64_t offset,
                                void *out, size_t bytes, xt_error *error)
{
    char name[XTI_NAME_BYTES];
    xt_status status;
    xti_file file;
    int result;

    status = xti_open_arena(txn, arena, XTI_OPEN_READ, &file, error);
    if (status != XT_OK)
        return status;
    xti_name_arena(name, arena->id);
    result = txn->os->read_at(txn->os, file, offset, out, bytes);
    txn->os->close(txn->os, file);
    if (result == -ENODATA)
        return xti_report(error, XT_ECORRUPT, txn->path, name, offset, "commit record cut off");
    if (result != 0)
        return xti_report_system(error, result, txn->path, name, "read the commit record");
    return XT_OK;
}

/* From the mapping where the file is mapped, as it is when a store is being opened. */
static xt_status read_record(struct xti_txn *txn, const struct xti_arena *arena, uint32_t ref,
                             struct xtd_commit_record *record, uint32_t bytes, xt_error *error)
{
    uint64_t offset = (uint64_t)(ref - arena->first_unit) << XTD_UNIT_SHIFT;
    struct xti_finding finding;
    char name[XTI_NAME_BYTES];
    xt_status status = XT_OK;

    if (offset + bytes <= arena->memory_units << XTD_UNIT_SHIFT)
        memcpy(record, xti_space_at(&txn->space, ref), bytes);
    else
        status = read_from_file(txn, arena, offset, record, bytes, error);
    if (status != XT_OK)
        return status;
    status = xti_commit_check(record, bytes, &finding);
    if (status == XT_OK)
        return XT_OK;
    xti_name_arena(name, arena->id);
    return xti_report(error, XT_ECORRUPT, txn->path, name, offset + finding.offset, finding.what);
}

xt_status xti_read_record(struct xti_txn *txn, uint32_t ref, uint32_t record_bytes, uint64_t hash,
                          struct xtd_commit_record **out, xt_error *error)
{
    const struct xti_arena *arena = NULL;
    struct xtd_commit_record *record;
    xt_status status;

    *out = NULL;
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *other = &txn->space.arenas[i];

        if (ref >= other->first_unit && ref - other->first_unit < other->range_units)
            arena = other;
    }
    if (arena == NULL)
        return xti_report(error, XT_ECORRUPT, txn->path, XTI_NAME_HEAD, 56,
                          "commit record outside the arenas");
    record = txn->os->alloc(txn->os, record_bytes);
    if (record == NULL)
        return xti_report(error, XT_ENOMEM, NULL, NULL, XTI_NO_OFFSET, "memory for a record");
    status = read_record(txn, arena, ref, record, record_bytes, error);
    if (status == XT_OK &&
        (xti_commit_hash(record) != hash || memcmp(record->uuid, txn->uuid, sizeof txn->uuid) != 0))
        status = xti_report(error, XT_ECORRUPT, txn->path, NULL, XTI_NO_OFFSET,
                            "commit record is not the one that HEAD or a later record names");
    if (status == XT_OK)
        *out = record;
    else
        txn->os->free(txn->os, record, record_bytes);
    return status;
}

static xt_status check_record(struct xti_txn *txn, const struct xtd_head_slot *slot,
                              bool hashes_extents, xt_error *error)
{
    struct xtd_commit_record *record;
    uint32_t bytes = slot->state.record_bytes;
    xt_status status;

    status = xti_read_record(txn, slot->state.record_ref, bytes, slot->record_hash, &record, error);
    if (record == NULL)
        return status;
    if (memcmp(&record->state, &slot->state, sizeof slot->state) != 0)
        status = xti_report(error, XT_ECORRUPT, txn->path, XTI_NAME_HEAD, 32,
                            "HEAD and its commit record differ");
    if (status == XT_OK && hashes_extents)
        status = xti_check_extents(txn, record, error);
    txn->os->free(txn->os, record, bytes);
    return status;
}

/* ---- L5: history ---------------------------------------------------------------------------- */

/* A reader may have adopted a commit whose HEAD was then lost: a sync failed, and the next writer
 * found the commit before it and went on from there. What this handle has mapped is not part of
 * the store any more. */
static xt_status report_undone(struct xti_txn *txn, xt_error *error)
{
    return xti_report(error, XT_ECORRUPT, txn->path, XTI_NAME_HEAD, XTI_NO_OFFSET,
                      "the commit that this handle shows was undone; open the store again");
}

static bool is_undone(const struct xti_txn *txn, const struct xtd_head_slot *slot)
{
    return slot->state.txn == txn->state.txn && slot->record_hash != txn->record_hash;
}

/* That the commit which the handle shows is an ancestor of slot's. One writer's commits follow each
 * other; where another writer took over, the chain of records is followed back. */
static xt_status check_history(struct xti_txn *txn, const struct xtd_head_slot *slot,
                               xt_error *error)
{
    uint32_t bytes = slot->state.record_bytes;
    uint32_t ref = slot->state.record_ref;
    uint64_t hash = slot->record_hash;
    uint64_t number = slot->state.txn;

    if (slot->state.timeline == txn->state.timeline)
        return XT_OK;
    for (; number > txn->state.txn && ref != 0; number--) {
        struct xtd_commit_record *record;
        xt_status status = xti_read_record(txn, ref, bytes, hash, &record, error);

        if (record == NULL)
            return status;
        if (record->state.txn != number || record->state.record_ref != ref)
            status = xti_report(error, XT_ECORRUPT, txn->path, NULL, XTI_NO_OFFSET,
                                "chain of commit records");
        ref = record->previous_ref;
        hash = record->previous_hash;
        txn->os->free(txn->os, record, bytes);
        if (status != XT_OK)
            return status;
        bytes = XTD_PAGE_BYTES;
    }
    return hash == txn->record_hash ? XT_OK : report_undone(txn, error);
}

/* ---- L3: arenas ----------------------------------------------------------------------------- */

static uint64_t committed_units(const struct xtd_state *state,
                                const struct xtd_manifest_arena *entry)
{
    for (uint32_t i = 0; i < state->frontier_count; i++) {
        if (state->frontiers[i].arena_id == entry->arena_id)
            return state->frontiers[i].units;
    }
    return entry->committed_units;
}

static xt_status add_arena(struct xti_txn *txn, const struct xtd_manifest_arena *entry,
                           xt_error *error)
{
    struct xti_arena arena = {0};
    xt_status status;

    arena.id = entry->arena_id;
    arena.first_unit = entry->first_unit;
    arena.range_units = entry->range_units;
    arena.created_txn = entry->created_txn;
    status = xti_space_add(&txn->space, &arena);
    if (status == XT_EFULL)
        return xti_report(error, status, txn->path, NULL, XTI_NO_OFFSET,
                          "the store does not fit into the reserved address window");
    if (status != XT_OK)
        return xti_report(error, status, txn->path, NULL, XTI_NO_OFFSET, "memory for an arena");
    return XT_OK;
}

/* Maps what of the arena is committed and not mapped yet. Its size is checked first: a mapping
 * beyond the end of a file would raise a signal. */
static xt_status map_arena(struct xti_txn *txn, struct xti_arena *arena, uint64_t units,
                           xt_error *error)
{
    char name[XTI_NAME_BYTES];
    uint64_t bytes = XTI_NO_OFFSET;
    xt_status status;
    xti_file file;

    if (units <= arena->memory_units)
        return XT_OK;
    status = xti_open_arena(txn, arena, XTI_OPEN_READ, &file, error);
    if (status != XT_OK)
        return status;
    status = xti_arena_show_file(&txn->space, arena, file, units);
    if (status == XT_ECORRUPT)
        (void)txn->os->size(txn->os, file, &bytes); /* for the report only */
    txn->os->close(txn->os, file);
    if (status == XT_OK)
        return XT_OK;
    xti_name_arena(name, arena->id);
    return xti_report(error, status, txn->path, name, bytes,
                      status == XT_ECORRUPT ? "arena file shorter than what was committed"
                                            : "map the file");
}

static xt_status load_arena(struct xti_txn *txn, const struct xtd_state *state,
                            const struct xtd_manifest_arena *entry, xt_error *error)
{
    uint64_t align = txn->schema.extent_align / XTD_UNIT_BYTES;
    uint64_t units = committed_units(state, entry);
    struct xti_arena *arena = xti_space_arena(&txn->space, entry->arena_id);
    xt_status status;

    if (units > entry->range_units || units % align != 0 || units < align)
        return xti_report(error, XT_ECORRUPT, txn->path, XTI_NAME_HEAD, 336,
                          "frontier outside its arena");
    if (arena == NULL) {
        status = add_arena(txn, entry, error);
        if (status != XT_OK)
            return status;
        arena = xti_space_arena(&txn->space, entry->arena_id);
    }
    if (arena->first_unit != entry->first_unit || arena->range_units != entry->range_units)
        return xti_report(error, XT_ECORRUPT, txn->path, NULL, XTI_NO_OFFSET,
                          "an arena has moved between two manifests");
    status = map_arena(txn, arena, units, error);
    if (status != XT_OK)
        return status;
    arena->top_units = units;
    arena->durable_units = units;
    arena->visible_units = units;
    arena->frozen_units = units;
    arena->own_units = txn->is_writable ? units : UINT64_MAX;
    arena->live_units = entry->live_units;
    arena->visible_live_units = entry->live_units;
    arena->is_sealed = (entry->flags & XTD_ARENA_SEALED) != 0;
    return XT_OK;
}

static bool frontiers_are_known(const struct xtd_state *state, const struct xtd_manifest *manifest)
{
    const struct xtd_manifest_arena *entries = xti_manifest_arenas_const(manifest);

    for (uint32_t i = 0; i < state->frontier_count; i++) {
        uint32_t j = 0;

        while (j < manifest->arena_count && entries[j].arena_id != state->frontiers[i].arena_id)
            j++;
        if (j == manifest->arena_count)
            return false;
    }
    return true;
}

/* ---- L2: manifest --------------------------------------------------------------------------- */

static xt_status take_schema(struct xti_txn *txn, const struct xtd_manifest *manifest,
                             uint64_t window_bytes, xt_error *error)
{
    struct xti_schema schema = {0};
    xt_status status;

    schema.dims = manifest->dims;
    schema.kind = (xt_item_kind)manifest->item_kind;
    schema.coord_type = (xt_coord_type)xti_manifest_dims_const(manifest)[0].coord_type;
    schema.leaf_capacity = manifest->leaf_capacity;
    schema.inner_capacity = manifest->inner_capacity;
    schema.extent_align = manifest->extent_align;
    schema.arena_bytes = xti_manifest_arenas_const(manifest)[0].range_units * XTD_UNIT_BYTES;
    xti_txn_set_schema(txn, &schema, manifest->supernode_units_max);
    txn->optional_features = manifest->optional_features;
    status = xti_space_init(&txn->space, txn->os, window_bytes, true, txn->is_writable,
                            txn->verify == XT_VERIFY_LAZY);
    if (status != XT_OK)
        return xti_report(error, status, txn->path, NULL, XTI_NO_OFFSET, "reserve address space");
    return XT_OK;
}

static xt_status load_manifest(struct xti_txn *txn, const struct xtd_head_slot *slot,
                               const struct xtd_manifest *manifest, xt_error *error)
{
    const struct xtd_manifest_arena *entries = xti_manifest_arenas_const(manifest);
    xt_status status = XT_OK;

    if (memcmp(manifest->uuid, slot->uuid, sizeof slot->uuid) != 0)
        return xti_report(error, XT_ECORRUPT, txn->path, NULL, 16,
                          "the manifest belongs to another store");
    if (!frontiers_are_known(&slot->state, manifest))
        return xti_report(error, XT_ECORRUPT, txn->path, XTI_NAME_HEAD, 336,
                          "frontier of an arena that the manifest does not list");
    for (uint32_t i = 0; i < manifest->arena_count && status == XT_OK; i++)
        status = load_arena(txn, &slot->state, &entries[i], error);
    if (status != XT_OK)
        return status;
    txn->next_arena_id = manifest->next_arena_id;
    return XT_OK;
}

/* The arena that takes allocations: the last one that is not sealed. */
static uint32_t open_arena_id(const struct xti_txn *txn)
{
    uint32_t id = 0;

    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *arena = &txn->space.arenas[i];

        if (!arena->is_sealed && arena->id > id)
            id = arena->id;
    }
    return id;
}

/* The manifest is older than the state: what has come to life since lies in the open arena. */
static void share_live_units(struct xti_txn *txn, uint64_t live_units)
{
    struct xti_arena *open_arena = xti_space_arena(&txn->space, open_arena_id(txn));
    uint64_t others = 0;

    if (open_arena == NULL)
        return;
    for (uint32_t i = 0; i < txn->space.arena_count; i++)
        others += &txn->space.arenas[i] == open_arena ? 0 : txn->space.arenas[i].live_units;
    open_arena->live_units = live_units > others ? live_units - others : 0;
    if (open_arena->live_units > open_arena->visible_units) /* no more than information */
        open_arena->live_units = open_arena->visible_units;
    open_arena->visible_live_units = open_arena->live_units;
}

static void adopt_slot(struct xti_txn *txn, const struct xtd_head_slot *slot)
{
    const struct xtd_root *root = &slot->state.roots[0];

    share_live_units(txn, slot->state.live_units);
    txn->state = slot->state;
    txn->record_hash = slot->record_hash;
    txn->published.root.ref = root->ref;
    txn->published.root.height = root->height;
    txn->published.root.item_count = root->item_count;
    txn->published.live_units = slot->state.live_units;
    txn->published.dead_units = slot->state.dead_units;
    txn->published.arena_id = open_arena_id(txn);
    txn->now = txn->published;
}

/* One attempt to adopt the commit of `slot`. XT_ENOTFOUND: a file that it leads to is gone. */
static xt_status load_slot(struct xti_txn *txn, const struct xtd_head_slot *slot,
                           uint64_t window_bytes, bool hashes_extents, xt_error *error)
{
    struct xtd_manifest *manifest = NULL;
    struct xti_view *view;
    xt_status status;

    memcpy(txn->uuid, slot->uuid, sizeof txn->uuid);
    status = xti_read_manifest(txn, slot->state.manifest_generation, &manifest, error);
    if (status != XT_OK)
        return status;
    if (txn->space.os == NULL)
        status = take_schema(txn, manifest, window_bytes, error);
    if (status == XT_OK)
        status = load_manifest(txn, slot, manifest, error);
    txn->os->free(txn->os, manifest, manifest->total_bytes);
    if (status == XT_OK)
        status = check_record(txn, slot, hashes_extents, error);
    if (status == XT_OK && txn->current != NULL)
        status = check_history(txn, slot, error);
    if (status != XT_OK)
        return status;
    status = xti_view_new(txn, &view);
    if (status != XT_OK)
        return xti_report(error, status, txn->path, NULL, XTI_NO_OFFSET, "memory for a view");
    adopt_slot(txn, slot);
    xti_view_install(txn, view);
    return XT_OK;
}

/* L7. A slot that cannot be read may have named the newest commit. */
static xt_status load_next(struct xti_txn *txn, xt_error *error)
{
    struct xtd_head_slot slot;
    bool found;
    xt_status status = xti_find_next_commit(txn, &slot, &found);

    if (status != XT_OK)
        return xti_report(error, status, txn->path, NULL, XTI_NO_OFFSET,
                          "look for the commit of a damaged HEAD slot");
    return found ? load_slot(txn, &slot, 0, true, error) : XT_OK;
}

xt_status xti_txn_load(struct xti_txn *txn, uint64_t window_bytes, xt_error *error)
{
    struct xtd_head_slot slot;
    uint64_t seen_txn = 0;
    bool next_is_damaged;
    xt_status status;

    for (uint32_t attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        status = xti_read_head(txn, &slot, &next_is_damaged, error);
        if (status != XT_OK)
            return status;
        if (txn->current != NULL && slot.state.txn <= txn->state.txn) {
            if (is_undone(txn, &slot))
                return report_undone(txn, error);
        } else {
            if (attempt > 0 && slot.state.txn == seen_txn)
                break;
            seen_txn = slot.state.txn;
            status = load_slot(txn, &slot, window_bytes, false, error);
            if (status == XT_ENOTFOUND)
                continue;
            if (status != XT_OK)
                return status;
        }
        if (!next_is_damaged || slot.state.txn != txn->state.txn)
            return XT_OK;
        status = load_next(txn, error);
        if (status != XT_ENOTFOUND)
            return status;
    }
    if (error != NULL)
        error->status = XT_ECORRUPT;
    return XT_ECORRUPT;
}
