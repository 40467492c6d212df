/* src/txn/load.c -- adopting the newest commit: at opening, and at a reader's refresh.
 *
 * The steps: README.md, L1 to L6. The cost does not depend on the number of items: HEAD, one
 * manifest, and for each arena its header and a mapping; after a crash also what was committed
 * since the newest durable slot was written. Every byte that is read passes a check of
 * the format room first; what the files say about each other is checked here.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/lives.h"

#include <errno.h>
#include <string.h>

/* A reader that finds a file gone which HEAD led to reads HEAD again: the writer went on meanwhile.
 * Each attempt then sees a newer commit; so many in a row mean that the file is really missing. */
#define ATTEMPTS_MAX 256u

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

/* From the mapping where the file is mapped, as it is when a store is being opened. Where the
 * writer spilled, the record was written after its page had been mapped: there the file is asked.
 */
static xt_status read_record(struct xti_txn *txn, const struct xti_arena *arena, uint32_t ref,
                             struct xtd_commit_record *record, uint32_t bytes, xt_error *error)
{
    uint64_t offset = (uint64_t)(ref - arena->first_unit) << XTD_UNIT_SHIFT;
    uint64_t end = ref - arena->first_unit + bytes / XTD_UNIT_BYTES;
    struct xti_finding finding;
    char name[XTI_NAME_BYTES];
    xt_status status = XT_OK;

    if (end <= arena->memory_units && end <= arena->own_units)
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

/* The arena of the newest state that owns a ref; NULL: none. */
static const struct xti_arena *find_arena(const struct xti_txn *txn, uint32_t ref)
{
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *other = &txn->space.arenas[i];

        if (ref >= other->first_unit && ref - other->first_unit < other->range_units &&
            !xti_arena_is_dropped(other))
            return other;
    }
    return NULL;
}

bool xti_chain_goes_on(const struct xti_txn *txn, uint32_t ref, uint64_t number)
{
    const struct xti_arena *arena = find_arena(txn, ref);

    return arena != NULL && arena->created_txn <= number;
}

xt_status xti_read_record(struct xti_txn *txn, uint32_t ref, uint32_t record_bytes, uint64_t hash,
                          struct xtd_commit_record **out, xt_error *error)
{
    const struct xti_arena *arena = find_arena(txn, ref);
    struct xtd_commit_record *record;
    xt_status status;

    *out = NULL;
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

/* What the live table says instead of the manifest; then that it is right in sum: what the state
 * says of the tree as a whole. */
static xt_status take_live(struct xti_txn *txn, const struct xtd_commit_record *record,
                           xt_error *error)
{
    const struct xtd_live *live = xti_commit_live_const(record);
    uint64_t sum = 0;
    bool fits = true;

    for (uint32_t i = 0; i < record->live_count; i++) {
        struct xti_arena *arena = xti_space_arena(&txn->space, live[i].arena_id);

        if (arena == NULL || xti_arena_is_dropped(arena))
            return xti_report(error, XT_ECORRUPT, txn->path, NULL, XTI_NO_OFFSET,
                              "live units of an arena that the manifest does not list");
        arena->live_units = live[i].live_units;
        arena->visible_live_units = live[i].live_units;
    }
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        sum += txn->space.arenas[i].live_units;
        fits = fits && txn->space.arenas[i].live_units <= txn->space.arenas[i].durable_units;
    }
    if (!fits || sum != record->state.live_units)
        return xti_report(error, XT_ECORRUPT, txn->path, NULL, XTI_NO_OFFSET,
                          "live units of the arenas and of the commit differ");
    return XT_OK;
}

/* What the commit wrote. */
static uint64_t extent_units(const struct xtd_commit_record *record)
{
    uint64_t units = 0;

    for (uint32_t i = 0; i < record->extent_count; i++)
        units += record->extents[i].units;
    return units;
}

static xt_status check_record(struct xti_txn *txn, const struct xtd_head_slot *slot,
                              xt_error *error)
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
    if (status == XT_OK)
        status = take_live(txn, record, error);
    txn->last_units = extent_units(record);
    txn->os->free(txn->os, record, bytes);
    return status;
}

/* ---- L3: arenas ----------------------------------------------------------------------------- */

uint64_t xti_committed_units(const struct xtd_state *state, const struct xtd_manifest_arena *entry)
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

/* A reader that goes on to a new commit will mostly look at much of what is new, and the writer has
 * just had it in memory. An opening must not wait for a medium, nor one that is far behind for
 * pages that it may never read. */
#define POPULATE_BYTES_MAX (UINT64_C(8) << 20)

static void populate(struct xti_txn *txn, const struct xti_arena *arena, uint64_t from)
{
    uint64_t bytes = (arena->memory_units - from) << XTD_UNIT_SHIFT;
    uint32_t ref = (uint32_t)(arena->first_unit + from);

    if (txn->current != NULL && !txn->is_writable && bytes <= POPULATE_BYTES_MAX)
        txn->os->populate(txn->os, xti_space_at(&txn->space, ref), (size_t)bytes);
}

/* Maps what of the arena is committed and not mapped yet. Its size is checked first: a mapping
 * beyond the end of a file would raise a signal. */
static xt_status map_arena(struct xti_txn *txn, struct xti_arena *arena, uint64_t units,
                           xt_error *error)
{
    char name[XTI_NAME_BYTES];
    uint64_t bytes = XTI_NO_OFFSET;
    uint64_t from = arena->memory_units;
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
    if (status == XT_OK) {
        populate(txn, arena, from);
        return XT_OK;
    }
    xti_name_arena(name, arena->id);
    return xti_report(error, status, txn->path, name, bytes,
                      status == XT_ECORRUPT ? "arena file shorter than what was committed"
                                            : "map the file");
}

static xt_status load_arena(struct xti_txn *txn, const struct xtd_state *state,
                            const struct xtd_manifest_arena *entry, xt_error *error)
{
    uint64_t align = txn->schema.extent_align / XTD_UNIT_BYTES;
    uint64_t units = xti_committed_units(state, entry);
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
    if (arena->first_unit != entry->first_unit || arena->range_units != entry->range_units ||
        xti_arena_is_dropped(arena))
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
    arena->listed_units = entry->committed_units;
    arena->listed_live_units = entry->live_units;
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

/* Arenas that the manifest does not list any more; removing their files is the writer's duty. */
static void drop_unlisted(struct xti_txn *txn, const struct xtd_manifest *manifest)
{
    uint64_t number = txn->current == NULL ? 0 : txn->current->number + 1;

    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        struct xti_arena *arena = &txn->space.arenas[i];

        if (xti_arena_is_dropped(arena) || xti_manifest_lists(manifest, arena->id))
            continue;
        xti_arena_drop(arena, manifest->generation, number);
        arena->is_unlinked = !txn->is_writable;
    }
}

/* ---- L2: manifest --------------------------------------------------------------------------- */

/* What an arena was at least is not known, if the first is gone. */
static uint64_t smallest_arena(const struct xtd_manifest *manifest)
{
    const struct xtd_manifest_arena *entries = xti_manifest_arenas_const(manifest);
    uint64_t units = entries[0].range_units;

    for (uint32_t i = 1; i < manifest->arena_count; i++)
        units = entries[i].range_units < units ? entries[i].range_units : units;
    return units;
}

xt_status xti_txn_take_manifest(struct xti_txn *txn, const struct xtd_manifest *manifest,
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
    schema.arena_bytes = smallest_arena(manifest) * XTD_UNIT_BYTES;
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
    drop_unlisted(txn, manifest);
    for (uint32_t i = 0; i < manifest->arena_count && status == XT_OK; i++)
        status = load_arena(txn, &slot->state, &entries[i], error);
    if (status != XT_OK)
        return status;
    txn->next_arena_id = manifest->next_arena_id;
    return XT_OK;
}

static bool has_content(const struct xti_txn *txn, const struct xti_arena *arena)
{
    return arena->durable_units > xti_arena_header_units(txn);
}

/* The last arena that is not sealed and that something was written to, other than `but`; NULL:
 * there is none. */
static struct xti_arena *last_with_content(struct xti_txn *txn, const struct xti_arena *but)
{
    struct xti_arena *found = NULL;

    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        struct xti_arena *arena = &txn->space.arenas[i];

        if (arena != but && !arena->is_sealed && has_content(txn, arena) &&
            (found == NULL || arena->id > found->id))
            found = arena;
    }
    return found;
}

/* The first that nothing was written to. */
static struct xti_arena *first_spare(struct xti_txn *txn)
{
    struct xti_arena *found = NULL;

    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        struct xti_arena *arena = &txn->space.arenas[i];

        if (!arena->is_sealed && !has_content(txn, arena) &&
            (found == NULL || arena->id < found->id))
            found = arena;
    }
    return found;
}

static bool has_record(const struct xti_txn *txn, const struct xti_arena *arena)
{
    return txn->state.record_ref - arena->first_unit < arena->range_units;
}

/* The open arena and the cold one: the last two. Which is which is told by the newest record; where
 * that lies in neither it does not matter. What else was written to takes no more, though no
 * manifest says so yet. One without content is spare, unless there is no other. */
static void choose_open_arenas(struct xti_txn *txn, struct xti_mark *mark)
{
    const struct xti_arena *open = last_with_content(txn, NULL);
    const struct xti_arena *cold = open == NULL ? NULL : last_with_content(txn, open);

    if (open == NULL)
        open = first_spare(txn);
    if (cold != NULL && has_record(txn, cold)) {
        const struct xti_arena *last = open;

        open = cold;
        cold = last;
    }
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        struct xti_arena *arena = &txn->space.arenas[i];

        if (arena != open && arena != cold && has_content(txn, arena))
            arena->is_sealed = true;
    }
    mark->arena_id = open == NULL ? 0 : open->id;
    mark->cold_id = cold == NULL ? 0 : cold->id;
}

static void adopt_slot(struct xti_txn *txn, const struct xtd_head_slot *slot)
{
    const struct xtd_root *root = &slot->state.roots[0];

    txn->state = slot->state;
    txn->record_hash = slot->record_hash;
    txn->published.root.ref = root->ref;
    txn->published.root.height = root->height;
    txn->published.root.item_count = root->item_count;
    txn->published.live_units = slot->state.live_units;
    choose_open_arenas(txn, &txn->published);
    txn->now = txn->published;
    txn->is_torn = false;
}

/* L3, L4. */
static xt_status load_arenas(struct xti_txn *txn, const struct xtd_head_slot *slot,
                             const struct xtd_manifest *manifest, xt_error *error)
{
    xt_status status = load_manifest(txn, slot, manifest, error);

    return status == XT_OK ? check_record(txn, slot, error) : status;
}

/* The same in a fresh space: the old one is set aside, and must be brought back or left. */
static xt_status load_apart(struct xti_txn *txn, const struct xtd_head_slot *slot,
                            const struct xtd_manifest *manifest, struct xti_old_space **old,
                            xt_error *error)
{
    xt_status status = xti_space_set_aside(txn, old);

    if (status != XT_OK)
        return xti_report(error, status, txn->path, NULL, XTI_NO_OFFSET, "reserve address space");
    return load_arenas(txn, slot, manifest, error);
}

/* L3 to L5, in the handle's space if that can be. */
static xt_status load_space(struct xti_txn *txn, const struct xtd_head_slot *slot,
                            const struct xtd_manifest *manifest, struct xti_old_space **old,
                            xt_error *error)
{
    bool is_cut = false;
    xt_status status;

    if (xti_space_makes_way(txn, manifest))
        status = load_arenas(txn, slot, manifest, error);
    else
        status = load_apart(txn, slot, manifest, old, error);
    if (status == XT_OK && txn->current != NULL)
        status = xti_check_history(txn, slot, &is_cut, error);
    if (status == XT_OK && is_cut && *old == NULL)
        status = load_apart(txn, slot, manifest, old, error);
    return status;
}

/* Where to begin. A reader takes the word of a loose slot that was written since the system was
 * started: then a writer has opened the store since, and the newest slot names the newest commit. A
 * writer goes by the chain alone. */
static bool begins_at_loose(const struct xti_txn *txn, const struct xti_head *head)
{
    return !txn->is_writable && head->trusts_loose &&
           head->loose.state.txn > head->newest.state.txn &&
           head->loose.record_hash != txn->lost_hash;
}

/* By what two readings of HEAD are told apart. */
struct head_mark {
    uint32_t newest, loose; /* checksums */
    bool has_loose;
};

static struct head_mark mark_of(const struct xti_head *head)
{
    return (struct head_mark){head->newest.crc32c, head->has_loose ? head->loose.crc32c : 0,
                              head->has_loose};
}

static bool has_changed(const struct xti_head *head, const struct head_mark *before)
{
    struct head_mark mark = mark_of(head);

    return mark.newest != before->newest || mark.has_loose != before->has_loose ||
           mark.loose != before->loose;
}

/* L5. What the loose slot of `before` led to is still what the newest one leads to: the same
 * writer's commits follow each other. */
static bool leads_on(const struct xti_txn *txn, const struct xti_head *before,
                     const struct xti_head *now)
{
    const struct xtd_state *newest =
        begins_at_loose(txn, now) ? &now->loose.state : &now->newest.state;

    return newest->timeline == before->loose.state.timeline &&
           newest->txn >= before->loose.state.txn;
}

/* L5. A sync may have failed, and a writer that has opened the store since may have gone on from an
 * older commit than a loose slot led to. Before it writes the first of its own it writes HEAD, and
 * its commits are of another timeline. Who rolled forward may have come to what a living writer
 * has not synced yet; that writer says so in HEAD. XT_ENOTFOUND: look again. */
static xt_status check_again(struct xti_txn *txn, const struct xti_head *before, xt_error *error)
{
    struct xti_watch watch = txn->watch;
    struct head_mark mark = mark_of(before);
    struct xti_head now;
    xt_status status;

    if (xti_watch_is_same(txn))
        return XT_OK;
    status = xti_read_head(txn, &now, error);
    txn->watch = watch; /* what was committed meanwhile is news to the next refresh */
    if (status != XT_OK || !has_changed(&now, &mark))
        return status;
    return before->way == XTI_BY_LOOSE && leads_on(txn, before, &now) ? XT_OK : XT_ENOTFOUND;
}

xt_status xti_txn_adopt(struct xti_txn *txn, const struct xtd_head_slot *slot,
                        const struct xtd_manifest *manifest, const struct xti_head *head,
                        xt_error *error)
{
    struct xti_old_space *old = NULL;
    struct xti_view *view = NULL;
    xt_status status;

    status = load_space(txn, slot, manifest, &old, error);
    if (status == XT_OK && head != NULL && head->way != XTI_BY_DURABLE && !txn->is_writable)
        status = check_again(txn, head, error);
    if (status == XT_OK) {
        status = xti_view_new(txn, &view);
        if (status != XT_OK)
            (void)xti_report(error, status, txn->path, NULL, XTI_NO_OFFSET, "memory for a view");
    }
    if (status != XT_OK) {
        xti_space_bring_back(txn, old);
        return status;
    }
    adopt_slot(txn, slot);
    xti_view_install(txn, view);
    if (old != NULL)
        xti_space_leave(txn, old);
    if (txn->is_writable)
        xti_dropped_release(txn);
    else
        xti_space_sweep(txn);
    return XT_OK;
}

void xti_tip_free(struct xti_txn *txn, struct xti_tip *tip)
{
    if (tip == NULL)
        return;
    if (tip->manifest != NULL)
        txn->os->free(txn->os, tip->manifest, tip->manifest->total_bytes);
    txn->os->free(txn->os, tip, sizeof *tip);
}

/* The handle learns at opening which store it is; from then on any thread may look. */
static xt_status check_store(struct xti_txn *txn, const struct xtd_head_slot *slot, xt_error *error)
{
    if (txn->current == NULL)
        memcpy(txn->uuid, slot->uuid, sizeof txn->uuid);
    if (memcmp(txn->uuid, slot->uuid, sizeof txn->uuid) == 0)
        return XT_OK;
    return xti_report(error, XT_ECORRUPT, txn->path, XTI_NAME_HEAD, 16,
                      "HEAD belongs to another store than before");
}

/* One attempt to adopt the commit of `slot`, or the newest one behind it. XT_ENOTFOUND: a file that
 * it leads to is gone. */
static xt_status load_from(struct xti_txn *txn, const struct xtd_head_slot *slot,
                           const struct xti_head *head, uint64_t window_bytes, xt_error *error)
{
    struct xti_tip *tip = xti_alloc_zeroed(txn->os, sizeof *tip);
    xt_status status;

    if (tip == NULL)
        return xti_report(error, XT_ENOMEM, NULL, NULL, XTI_NO_OFFSET, "memory for a commit");
    tip->slot = *slot;
    status = check_store(txn, slot, error);
    if (status == XT_OK)
        status = xti_read_manifest(txn, slot->state.manifest_generation, &tip->manifest, error);
    if (status == XT_OK && txn->space.os == NULL)
        status = xti_txn_take_manifest(txn, tip->manifest, window_bytes, error);
    if (status == XT_OK && head->way == XTI_BY_CHAIN)
        status = xti_roll_forward(txn, tip, &head->look, error);
    if (status == XT_OK &&
        (txn->current == NULL || txn->is_torn || tip->slot.state.txn > txn->state.txn))
        status = xti_txn_adopt(txn, &tip->slot, tip->manifest, head, error);
    if (status == XT_OK && txn->is_writable)
        txn->tip = tip; /* for the writer that is being opened */
    else
        xti_tip_free(txn, tip);
    return status;
}

xt_status xti_find_again(struct xti_txn *txn, xt_error *error)
{
    struct xti_tip *tip = xti_alloc_zeroed(txn->os, sizeof *tip);
    struct xti_head head;
    xt_status status;

    if (tip == NULL)
        return xti_report(error, XT_ENOMEM, NULL, NULL, XTI_NO_OFFSET, "memory for a commit");
    status = xti_read_head(txn, &head, error);
    if (status == XT_OK) {
        tip->slot = head.newest;
        status = xti_read_manifest(txn, tip->slot.state.manifest_generation, &tip->manifest, error);
    }
    if (status == XT_OK)
        status = xti_roll_forward(txn, tip, &head.look, error);
    if (status == XT_OK && tip->slot.record_hash != txn->record_hash)
        status = xti_report(error, XT_EIO, txn->path, NULL, XTI_NO_OFFSET,
                            "what a crash left was lost while it was written again");
    xti_tip_free(txn, tip);
    return status;
}

/* Whether there may be a commit that no slot names. */
static bool must_roll(const struct xti_txn *txn, const struct xti_head *head)
{
    if (head->look.next_is_damaged)
        return true;
    if (txn->current == NULL)
        return txn->is_writable || !head->trusts_loose;
    return head->has_loose && !head->trusts_loose && head->loose.state.txn > txn->state.txn &&
           head->loose.record_hash != txn->tried_hash;
}

/* HEAD leads no further than the handle is. */
static xt_status stay_or_roll(struct xti_txn *txn, struct xti_head *head,
                              const struct xtd_head_slot *slot, xt_error *error)
{
    struct xtd_head_slot own = head->newest;
    xt_status status = xti_check_shown(txn, slot, error);

    if (status != XT_OK || !must_roll(txn, head))
        return status;
    own.state = txn->state;
    own.record_hash = txn->record_hash;
    head->way = XTI_BY_CHAIN;
    head->look.next_is_damaged = false; /* it says nothing of what comes behind this commit */
    return load_from(txn, &own, head, 0, error);
}

static xt_status load_newest(struct xti_txn *txn, struct xti_head *head,
                             const struct xtd_head_slot *slot, uint64_t window_bytes,
                             xt_error *error)
{
    xt_status status;

    head->way = slot == &head->loose ? XTI_BY_LOOSE : XTI_BY_DURABLE;
    if (must_roll(txn, head))
        head->way = XTI_BY_CHAIN;
    status = load_from(txn, slot, head, window_bytes, error);
    if (status != XT_ECORRUPT || slot != &head->loose || txn->current != NULL)
        return status;
    /* What a loose slot leads to may have been lost by a write that failed after it was written. */
    head->way = XTI_BY_CHAIN;
    status = load_from(txn, &head->newest, head, window_bytes, error);
    if (status == XT_OK)
        txn->lost_hash = head->loose.record_hash;
    return status;
}

static xt_status try_load(struct xti_txn *txn, struct xti_head *head, uint64_t window_bytes,
                          xt_error *error)
{
    bool next_is_damaged = head->look.next_is_damaged;
    const struct xtd_head_slot *slot = begins_at_loose(txn, head) ? &head->loose : &head->newest;
    xt_status status;

    if (txn->current != NULL && !txn->is_torn && slot->state.txn <= txn->state.txn)
        status = stay_or_roll(txn, head, slot, error);
    else
        status = load_newest(txn, head, slot, window_bytes, error);
    if (status != XT_OK)
        return status;
    txn->head_position = head->look.newest;
    txn->next_is_damaged = next_is_damaged;
    if (head->has_loose)
        txn->tried_hash = head->loose.record_hash;
    return XT_OK;
}

/* What a reader finds may contradict itself because the writer went on meanwhile: then HEAD has
 * changed, and it is worth another attempt. */
xt_status xti_txn_load(struct xti_txn *txn, uint64_t window_bytes, xt_error *error)
{
    struct xti_head head;
    struct head_mark before = {0, 0, false};
    xt_status status = XT_OK;

    for (uint32_t attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        xt_status read = xti_read_head(txn, &head, error);

        if (read == XT_OK && !txn->is_writable && txn->watch.head == NULL)
            read = xti_watch_begin(txn, error);
        if (read != XT_OK)
            return read;
        if (attempt > 0 && !has_changed(&head, &before))
            break;
        status = try_load(txn, &head, window_bytes, error);
        if (status != XT_ENOTFOUND && (status != XT_ECORRUPT || txn->is_writable))
            return status;
        before = mark_of(&head);
    }
    if (error != NULL)
        error->status = XT_ECORRUPT;
    return XT_ECORRUPT;
}
