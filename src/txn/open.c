/* src/txn/open.c -- opening a store at its newest commit, and a reader's look for a newer one.
 *
 * The cost does not depend on the number of items: HEAD, one manifest, and for each arena its header
 * and a mapping. Every byte that is read passes a check of the format room first; what the files say
 * about each other is checked here.
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

/* ---- commit record ------------------------------------------------------------------------- */

static xt_status read_record(struct xti_txn *txn, const struct xti_arena *arena, uint32_t ref,
                             struct xtd_commit_record *record, uint32_t bytes, xt_error *error)
{
    uint64_t offset = (uint64_t)(ref - arena->first_unit) << XTD_UNIT_SHIFT;
    struct xti_finding finding;
    char name[XTI_NAME_BYTES];
    xt_status status;
    xti_file file;
    int result;

    status = xti_open_arena(txn, arena, XTI_OPEN_READ, &file, error);
    if (status != XT_OK)
        return status;
    xti_name_arena(name, arena->id);
    result = txn->os->read_at(txn->os, file, offset, record, bytes);
    txn->os->close(txn->os, file);
    if (result == -ENODATA)
        return xti_report(error, XT_ECORRUPT, txn->path, name, offset, "commit record cut off");
    if (result != 0)
        return xti_report_system(error, result, txn->path, name, "read the commit record");
    status = xti_commit_check(record, bytes, &finding);
    if (status != XT_OK)
        return xti_report(error, XT_ECORRUPT, txn->path, name, offset + finding.offset,
                          finding.what);
    return XT_OK;
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
    if (status == XT_OK && (xti_commit_hash(record) != hash ||
                            memcmp(record->uuid, txn->uuid, sizeof txn->uuid) != 0))
        status = xti_report(error, XT_ECORRUPT, txn->path, NULL, XTI_NO_OFFSET,
                            "commit record is not the one that HEAD or a later record names");
    if (status == XT_OK)
        *out = record;
    else
        txn->os->free(txn->os, record, record_bytes);
    return status;
}

static xt_status check_record(struct xti_txn *txn, const struct xtd_head_slot *slot,
                              xt_error *error)
{
    struct xtd_commit_record *record;
    uint32_t bytes = slot->state.record_bytes;
    xt_status status;

    status = xti_read_record(txn, slot->state.record_ref, bytes, slot->record_hash, &record,
                             error);
    if (status != XT_OK)
        return status;
    if (memcmp(&record->state, &slot->state, sizeof slot->state) != 0)
        status = xti_report(error, XT_ECORRUPT, txn->path, XTI_NAME_HEAD, 32,
                            "HEAD and its commit record differ");
    txn->os->free(txn->os, record, bytes);
    return status;
}

/* ---- arenas -------------------------------------------------------------------------------- */

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
    xt_status status;
    uint64_t bytes;
    xti_file file;
    int result;

    if (units <= arena->memory_units)
        return XT_OK;
    status = xti_open_arena(txn, arena, XTI_OPEN_READ, &file, error);
    if (status != XT_OK)
        return status;
    xti_name_arena(name, arena->id);
    result = txn->os->size(txn->os, file, &bytes);
    if (result != 0)
        status = xti_report_system(error, result, txn->path, name, "find the file's size");
    else if (bytes < units << XTD_UNIT_SHIFT)
        status = xti_report(error, XT_ECORRUPT, txn->path, name, bytes,
                            "arena file shorter than what was committed");
    if (status == XT_OK) {
        status = xti_arena_show_file(&txn->space, arena, file, units);
        if (status != XT_OK)
            (void)xti_report(error, status, txn->path, name, XTI_NO_OFFSET, "map the file");
    }
    txn->os->close(txn->os, file);
    return status;
}

static xt_status load_arena(struct xti_txn *txn, const struct xtd_state *state,
                            const struct xtd_manifest_arena *entry, xt_error *error)
{
    uint64_t units = committed_units(state, entry);
    struct xti_arena *arena = xti_space_arena(&txn->space, entry->arena_id);
    xt_status status;

    if (units > entry->range_units || units % XTD_PAGE_UNITS != 0 || units < XTD_PAGE_UNITS)
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

/* ---- manifest ------------------------------------------------------------------------------ */

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
    txn->published.arena_id = open_arena_id(txn);
    txn->now = txn->published;
}

/* One attempt to adopt the commit of `slot`. XT_ENOTFOUND: a file that it leads to is gone. */
static xt_status load_slot(struct xti_txn *txn, const struct xtd_head_slot *slot,
                           uint64_t window_bytes, xt_error *error)
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
        status = check_record(txn, slot, error);
    if (status != XT_OK)
        return status;
    status = xti_view_new(txn, &view);
    if (status != XT_OK)
        return xti_report(error, status, txn->path, NULL, XTI_NO_OFFSET, "memory for a view");
    adopt_slot(txn, slot);
    xti_view_install(txn, view);
    return XT_OK;
}

static xt_status load_newest(struct xti_txn *txn, uint64_t window_bytes, xt_error *error)
{
    struct xtd_head_slot slot;
    uint64_t seen_txn = 0;
    xt_status status;

    for (uint32_t attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        status = xti_read_head(txn, &slot, error);
        if (status != XT_OK)
            return status;
        if (txn->current != NULL && slot.state.txn <= txn->state.txn)
            return XT_OK;
        if (attempt > 0 && slot.state.txn == seen_txn)
            break;
        seen_txn = slot.state.txn;
        status = load_slot(txn, &slot, window_bytes, error);
        if (status != XT_ENOTFOUND)
            return status;
    }
    if (error != NULL)
        error->status = XT_ECORRUPT;
    return XT_ECORRUPT;
}

xt_status xti_txn_refresh(struct xti_txn *txn, xt_error *error)
{
    return load_newest(txn, 0, error);
}

/* ---- opening ------------------------------------------------------------------------------- */

static xt_status open_head(struct xti_txn *txn, xt_error *error)
{
    unsigned flags = txn->is_writable ? XTI_OPEN_WRITE : XTI_OPEN_READ;
    int result = xti_open_file(txn->os, txn->path, XTI_NAME_HEAD, flags, &txn->head_file);

    if (result == 0)
        return XT_OK;
    (void)xti_report_system(error, result, txn->path, XTI_NAME_HEAD,
                            result == -ENOENT ? "there is no store here" : "open the file");
    if (result != -ENOTDIR)
        return xti_os_status(result);
    return xti_report(error, XT_EFORMAT, txn->path, NULL, XTI_NO_OFFSET,
                      "a store is a folder, this is a file");
}

static xt_status take_lock(struct xti_txn *txn, xt_error *error)
{
    int result =
        xti_open_file(txn->os, txn->path, XTI_NAME_LOCK, XTI_OPEN_WRITE, &txn->lock_file);

    if (result == -ENOENT)
        result =
            xti_open_file(txn->os, txn->path, XTI_NAME_LOCK, XTI_OPEN_CREATE, &txn->lock_file);
    if (result == 0)
        result = txn->os->lock(txn->os, txn->lock_file);
    if (result == -EBUSY)
        return xti_report(error, XT_EBUSY, txn->path, XTI_NAME_LOCK, XTI_NO_OFFSET,
                          "another writer has the store open");
    if (result != 0)
        return xti_report_system(error, result, txn->path, XTI_NAME_LOCK, "lock the store");
    return XT_OK;
}

struct leftovers {
    struct xti_txn *txn;
    uint32_t count;
    char names[64][XTI_NAME_BYTES];
};

static bool note_leftover(void *context, const char *name)
{
    struct leftovers *found = context;
    struct xti_txn *txn = found->txn;
    uint64_t generation = txn->state.manifest_generation;
    uint64_t number;
    bool is_needed = true;

    switch (xti_name_parse(name, &number)) {
    case XTI_IS_TEMPORARY:
        is_needed = false;
        break;
    case XTI_IS_MANIFEST:
        is_needed = number == generation || number + 1 == generation;
        break;
    case XTI_IS_ARENA:
        is_needed = xti_space_arena(&txn->space, (uint32_t)number) != NULL;
        break;
    case XTI_IS_LOCK:
    case XTI_IS_HEAD:
    case XTI_FOREIGN:
        break;
    }
    if (!is_needed)
        strcpy(found->names[found->count++], name);
    return found->count < XTI_ARRAY_COUNT(found->names);
}

/* Files that a crash left and no commit names. What stays for once is removed the next time. */
static void remove_leftovers(struct xti_txn *txn)
{
    struct leftovers *found = xti_alloc_zeroed(txn->os, sizeof *found);

    if (found == NULL)
        return;
    found->txn = txn;
    (void)txn->os->list(txn->os, txn->path, note_leftover, found);
    for (uint32_t i = 0; i < found->count; i++)
        (void)xti_remove_file(txn->os, txn->path, found->names[i]);
    txn->os->free(txn->os, found, sizeof *found);
}

/* What HEAD says may so far be only in the system's cache, left by a sync that failed: it is written
 * again and synced before anything is built on it (README.md, R3). */
static xt_status renew_head(struct xti_txn *txn, xt_error *error)
{
    struct xtd_head_slot slot;
    uint64_t at = txn->state.txn % XTD_HEAD_SLOTS * XTD_HEAD_SLOT_BYTES;
    int result;

    memset(&slot, 0, sizeof slot);
    memcpy(slot.uuid, txn->uuid, sizeof slot.uuid);
    slot.state = txn->state;
    slot.record_hash = txn->record_hash;
    xti_head_seal(&slot);
    result = txn->os->write_at(txn->os, txn->head_file, at, &slot, sizeof slot);
    if (result == 0)
        result = txn->os->sync(txn->os, txn->head_file);
    if (result == 0)
        return XT_OK;
    return xti_report_system(error, result, txn->path, XTI_NAME_HEAD, "write and sync HEAD");
}

static xt_status prepare_writing(struct xti_txn *txn, xt_error *error)
{
    uint64_t generation = txn->state.manifest_generation;
    xt_status status = XT_OK;
    int result;

    result = txn->os->random(txn->os, &txn->timeline, sizeof txn->timeline);
    if (result != 0)
        return xti_report_system(error, result, txn->path, NULL, "get random bytes");
    for (uint32_t i = 0; i < txn->space.arena_count && status == XT_OK; i++) {
        if (!txn->space.arenas[i].is_sealed)
            status = xti_arena_give_memory(&txn->space, &txn->space.arenas[i]);
    }
    if (status != XT_OK)
        return xti_report(error, status, txn->path, NULL, XTI_NO_OFFSET, "memory for an arena");
    txn->previous_generation = generation > 1 ? generation - 1 : 0;
    status = renew_head(txn, error);
    if (status == XT_OK)
        remove_leftovers(txn);
    return status;
}

static xt_status open_parts(struct xti_txn *txn, uint64_t window_bytes, xt_error *error)
{
    uint64_t hashed = 0;
    xt_status status;

    status = open_head(txn, error);
    if (status == XT_OK && txn->is_writable)
        status = take_lock(txn, error);
    if (status == XT_OK)
        status = load_newest(txn, window_bytes, error);
    if (status == XT_OK && txn->is_writable && (txn->optional_features & ~XTD_OPTIONAL_KNOWN) != 0)
        return xti_report(error, XT_EFORMAT, txn->path, NULL, 56,
                          "an optional feature that this version cannot keep up when writing");
    if (status == XT_OK && txn->verify == XT_VERIFY_OPEN)
        status = xti_txn_check(txn, true, &hashed, error);
    if (status == XT_OK && txn->is_writable)
        status = prepare_writing(txn, error);
    return status;
}

xt_status xti_txn_open(const struct xti_os *os, const char *path, bool writable, xt_verify verify,
                       uint64_t window_bytes, xt_error *error, struct xti_txn **out)
{
    struct xti_txn *txn;
    xt_status status;

    *out = NULL;
    status = xti_txn_new(os, path, error, &txn);
    if (status == XT_OK) {
        txn->is_writable = writable;
        txn->verify = verify;
        status = open_parts(txn, window_bytes, error);
    }
    if (status != XT_OK) {
        xti_txn_close(txn);
        return status;
    }
    xti_report_clear(error);
    *out = txn;
    return XT_OK;
}
