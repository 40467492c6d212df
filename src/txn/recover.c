/* src/txn/recover.c -- rolling forward: the commits behind the newest durable slot of HEAD.
 *
 * A commit is durable before a durable slot names it, and there may be none for a second. So from
 * the newest durable slot on the chain is followed: the record of the next commit lies where an
 * arena ended that may still grow; it names its predecessor by hash, and all its extents must be as
 * it has them. What does not hold is the torn rest of a commit that never became one, unless
 * something says that it was durable: a slot of HEAD, or a record behind it. Then it is corruption,
 * and never a reason to go back.
 *
 * A commit with a new manifest has a durable slot of its own. So the chain leads to one only where
 * the next slot is damaged; then its record may also lie where an arena begins that the manifest
 * adds.
 *
 * The steps: README.md, F1 to F7.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/txn_private.h"

#include <errno.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)1 << 20)
#define OPEN_FILES_MAX 8u

struct walk {
    struct xti_txn *txn;
    struct xti_tip *tip; /* the newest commit that was found */
    struct xtd_commit_record *record;
    char *block; /* NULL until it is needed */
    xt_error *error;
    bool was_torn;       /* the record of the next commit is there, but not all of what it names */
    bool may_cross;      /* the next commit may have a new manifest */
    uint32_t file_count; /* opened so far: the oldest gives way */
    struct {
        uint32_t arena_id;
        xti_file file;
    } files[OPEN_FILES_MAX];
};

static const struct xtd_manifest_arena *find_entry(const struct xtd_manifest *manifest, uint32_t id)
{
    const struct xtd_manifest_arena *entries = xti_manifest_arenas_const(manifest);

    for (uint32_t i = 0; i < manifest->arena_count; i++) {
        if (entries[i].arena_id == id)
            return &entries[i];
    }
    return NULL;
}

/* The arena's file, its header checked; it stays open for the next time. */
static xt_status walk_file(struct walk *walk, const struct xtd_manifest_arena *entry, xti_file *out)
{
    struct xti_arena arena = {0};
    uint32_t place = walk->file_count % OPEN_FILES_MAX;
    xt_status status;

    for (uint32_t i = 0; i < walk->file_count && i < OPEN_FILES_MAX; i++) {
        *out = walk->files[i].file;
        if (walk->files[i].arena_id == entry->arena_id)
            return XT_OK;
    }
    arena.id = entry->arena_id;
    arena.first_unit = entry->first_unit;
    arena.range_units = entry->range_units;
    status = xti_open_arena(walk->txn, &arena, XTI_OPEN_READ, out, walk->error);
    if (status != XT_OK)
        return status;
    if (walk->file_count >= OPEN_FILES_MAX)
        walk->txn->os->close(walk->txn->os, walk->files[place].file);
    walk->files[place].arena_id = entry->arena_id;
    walk->files[place].file = *out;
    walk->file_count++;
    return XT_OK;
}

static xt_status get_block(struct walk *walk)
{
    if (walk->block == NULL)
        walk->block = walk->txn->os->alloc(walk->txn->os, BLOCK_BYTES);
    if (walk->block == NULL)
        return xti_report(walk->error, XT_ENOMEM, NULL, NULL, XTI_NO_OFFSET, "memory for a block");
    return XT_OK;
}

static xt_status report_read(struct walk *walk, int result, uint32_t arena_id)
{
    char name[XTI_NAME_BYTES];

    xti_name_arena(name, arena_id);
    return xti_report_system(walk->error, result, walk->txn->path, name, "read the file");
}

/* ---- F2: the next record --------------------------------------------------------------------- */

static bool follows(const struct walk *walk, uint32_t ref)
{
    const struct xtd_commit_record *record = walk->record;
    const struct xtd_head_slot *slot = &walk->tip->slot;

    return memcmp(record->uuid, slot->uuid, sizeof slot->uuid) == 0 &&
           record->state.txn == slot->state.txn + 1 && record->state.record_ref == ref &&
           record->previous_ref == slot->state.record_ref &&
           record->previous_hash == slot->record_hash;
}

/* Whether the record that follows lies at a unit of an arena; then walk->record is it. */
static xt_status look_at(struct walk *walk, const struct xtd_manifest_arena *entry, uint64_t unit,
                         bool *found)
{
    xti_file file;
    xt_status status;
    int result;

    if (unit + XTD_PAGE_UNITS > entry->range_units)
        return XT_OK;
    status = walk_file(walk, entry, &file);
    if (status != XT_OK)
        return status;
    result = walk->txn->os->read_at(walk->txn->os, file, unit << XTD_UNIT_SHIFT, walk->record,
                                    XTD_PAGE_BYTES);
    if (result == -ENODATA)
        return XT_OK;
    if (result != 0)
        return report_read(walk, result, entry->arena_id);
    *found = xti_commit_check(walk->record, XTD_PAGE_BYTES, NULL) == XT_OK &&
             follows(walk, (uint32_t)(entry->first_unit + unit));
    return XT_OK;
}

/* Whether a failure only says that there is no such commit: what it leads to is not there. */
static bool is_absence(xt_status status)
{
    return status == XT_ENOTFOUND || status == XT_ECORRUPT || status == XT_EFORMAT;
}

/* The manifest after the tip's; NULL when there is none that can be read. */
static xt_status next_manifest(struct walk *walk, struct xtd_manifest **out)
{
    uint64_t generation = walk->tip->manifest->generation + 1;
    xt_status status = xti_read_manifest(walk->txn, generation, out, walk->error);

    if (is_absence(status))
        return XT_OK;
    if (status == XT_OK && memcmp((*out)->uuid, walk->tip->slot.uuid, sizeof(*out)->uuid) != 0) {
        walk->txn->os->free(walk->txn->os, *out, (*out)->total_bytes);
        *out = NULL;
    }
    return status;
}

/* ---- F3: its extents ------------------------------------------------------------------------- */

static xt_status hash_extent(struct walk *walk, xti_file file, const struct xtd_extent *extent,
                             uint64_t skip_bytes, uint64_t *out)
{
    uint64_t from = (extent->first_unit << XTD_UNIT_SHIFT) + skip_bytes;
    uint64_t to = (extent->first_unit + extent->units) << XTD_UNIT_SHIFT;
    struct xti_hash hash;
    xt_status status = get_block(walk);
    int result = 0;

    xti_hash_init(&hash);
    while (from < to && status == XT_OK) {
        size_t bytes = to - from < BLOCK_BYTES ? (size_t)(to - from) : BLOCK_BYTES;

        result = walk->txn->os->read_at(walk->txn->os, file, from, walk->block, bytes);
        if (result == -ENODATA)
            status = XT_ECORRUPT;
        else if (result != 0)
            status = report_read(walk, result, extent->arena_id);
        else
            xti_hash_add(&hash, walk->block, bytes);
        from += bytes;
    }
    *out = xti_hash_value(&hash);
    return status;
}

static xt_status extent_holds(struct walk *walk, const struct xtd_manifest *manifest, uint32_t i)
{
    const struct xtd_extent *extent = &walk->record->extents[i];
    const struct xtd_manifest_arena *entry = find_entry(manifest, extent->arena_id);
    uint64_t skip = i == 0 ? walk->record->record_bytes : 0;
    uint64_t hash;
    xt_status status;
    xti_file file;

    if (entry == NULL || extent->first_unit + extent->units > entry->range_units)
        return XT_ECORRUPT;
    status = walk_file(walk, entry, &file);
    if (status == XT_OK)
        status = hash_extent(walk, file, extent, skip, &hash);
    if (status != XT_OK)
        return status;
    return hash == extent->hash ? XT_OK : XT_ECORRUPT;
}

static xt_status extents_hold(struct walk *walk, const struct xtd_manifest *manifest)
{
    xt_status status = XT_OK;

    for (uint32_t i = 0; i < walk->record->extent_count && status == XT_OK; i++)
        status = extent_holds(walk, manifest, i);
    return status;
}

/* The manifest is the tip's, or the one that the commit of walk->record made, and the arenas that
 * it adds are there. Nothing else may be found missing later. */
static xt_status manifest_holds(struct walk *walk, const struct xtd_manifest *manifest)
{
    const struct xtd_manifest_arena *entries = xti_manifest_arenas_const(manifest);
    xt_status status = XT_OK;
    xti_file file;

    if (manifest != walk->tip->manifest && manifest->record_hash != xti_commit_hash(walk->record))
        return XT_ECORRUPT;
    for (uint32_t i = 0; i < manifest->arena_count && status == XT_OK; i++) {
        if (entries[i].arena_id >= walk->tip->manifest->next_arena_id)
            status = walk_file(walk, &entries[i], &file);
    }
    return status;
}

/* Notes what a writer has to write again. */
static xt_status note_extents(struct walk *walk)
{
    struct xti_tip *tip = walk->tip;

    for (uint32_t i = 0; i < walk->record->extent_count; i++) {
        const struct xtd_extent *extent = &walk->record->extents[i];
        uint32_t j = 0;

        while (j < tip->range_count && tip->ranges[j].arena_id != extent->arena_id)
            j++;
        if (j == XTI_ARRAY_COUNT(tip->ranges))
            return xti_report(walk->error, XT_ECORRUPT, walk->txn->path, NULL, XTI_NO_OFFSET,
                              "more arenas than the commits behind HEAD can name");
        if (j == tip->range_count)
            tip->ranges[tip->range_count++] =
                (struct xti_found_range){extent->arena_id, extent->first_unit, 0};
        if (extent->first_unit + extent->units > tip->ranges[j].to_unit)
            tip->ranges[j].to_unit = extent->first_unit + extent->units;
    }
    return XT_OK;
}

/* The commit of walk->record becomes the tip, if all of it is there. */
static xt_status accept(struct walk *walk, bool *is_whole)
{
    const struct xtd_state *state = &walk->record->state;
    struct xti_tip *tip = walk->tip;
    struct xtd_manifest *manifest = tip->manifest;
    xt_status status = XT_OK;

    *is_whole = false;
    walk->was_torn = true;
    if (walk->may_cross && state->manifest_generation == manifest->generation + 1)
        status = next_manifest(walk, &manifest);
    else if (state->manifest_generation != manifest->generation)
        return XT_OK;
    if (status != XT_OK || manifest == NULL)
        return status;
    status = manifest_holds(walk, manifest);
    if (status == XT_OK)
        status = extents_hold(walk, manifest);
    if (status == XT_OK)
        status = note_extents(walk);
    if (status == XT_OK) {
        tip->slot.state = *state;
        tip->slot.record_hash = xti_commit_hash(walk->record);
        tip->torn_count = 0;
        *is_whole = true;
        walk->was_torn = false;
    }
    if (manifest != tip->manifest) {
        struct xtd_manifest *other = *is_whole ? tip->manifest : manifest;

        tip->manifest = *is_whole ? manifest : tip->manifest;
        walk->may_cross = !*is_whole;
        walk->txn->os->free(walk->txn->os, other, other->total_bytes);
    }
    return is_absence(status) ? XT_OK : status;
}

/* ---- F4: one step ---------------------------------------------------------------------------- */

static xt_status try_place(struct walk *walk, const struct xtd_manifest_arena *entry, uint64_t unit,
                           bool *has_moved)
{
    bool found = false;
    xt_status status = look_at(walk, entry, unit, &found);

    if (status == XT_OK && found)
        status = accept(walk, has_moved);
    if (found && !*has_moved && entry->arena_id < walk->tip->manifest->next_arena_id &&
        walk->tip->torn_count < XTI_ARRAY_COUNT(walk->tip->torn)) {
        walk->tip->torn[walk->tip->torn_count].arena_id = entry->arena_id;
        walk->tip->torn[walk->tip->torn_count++].unit = unit;
    }
    return status;
}

/* The first arena that the next manifest adds to those that there are. */
static xt_status try_new_arena(struct walk *walk, bool *has_moved)
{
    const struct xtd_manifest_arena *entries;
    struct xtd_manifest *manifest = NULL;
    xt_status status = walk->may_cross ? next_manifest(walk, &manifest) : XT_OK;
    uint32_t i = 0;

    if (manifest == NULL)
        return status;
    entries = xti_manifest_arenas_const(manifest);
    while (i < manifest->arena_count && entries[i].arena_id < walk->tip->manifest->next_arena_id)
        i++;
    if (i < manifest->arena_count)
        status = try_place(walk, &entries[i], xti_arena_header_units(walk->txn), has_moved);
    walk->txn->os->free(walk->txn->os, manifest, manifest->total_bytes);
    return is_absence(status) ? XT_OK : status;
}

/* All places are tried: where one holds the torn rest of a commit, its successor of a later
 * timeline may lie at another. */
static xt_status step(struct walk *walk, bool *has_moved)
{
    const struct xtd_manifest *manifest = walk->tip->manifest;
    const struct xtd_manifest_arena *entries = xti_manifest_arenas_const(manifest);
    uint32_t count = manifest->arena_count;
    xt_status status = XT_OK;

    *has_moved = false;
    for (uint32_t i = 0; i < count && status == XT_OK; i++) {
        if ((entries[i].flags & XTD_ARENA_SEALED) != 0)
            continue;
        status = try_place(walk, &entries[i],
                           xti_committed_units(&walk->tip->slot.state, &entries[i]), has_moved);
        if (*has_moved) /* the manifest may be another one */
            return status;
    }
    return status == XT_OK ? try_new_arena(walk, has_moved) : status;
}

/* ---- F5: what vouches for a commit that is not there ----------------------------------------- */

static xt_status report_lost(struct walk *walk, const char *name, uint64_t offset)
{
    return xti_report(walk->error, XT_ECORRUPT, walk->txn->path, name, offset,
                      "this says that a commit was durable which cannot be read");
}

/* Whether a page holds a record of the store that knew of a durable commit behind the tip. */
static bool page_vouches(const struct walk *walk, const char *page, uint64_t ref)
{
    const struct xtd_commit_record *record = (const void *)page;

    XTI_ASSERT(page != NULL);
    return memcmp(record->magic, XTD_COMMIT_MAGIC, sizeof record->magic) == 0 &&
           xti_commit_check(record, XTD_PAGE_BYTES, NULL) == XT_OK &&
           memcmp(record->uuid, walk->tip->slot.uuid, sizeof record->uuid) == 0 &&
           record->state.record_ref == ref && record->durable_txn > walk->tip->slot.state.txn;
}

static xt_status scan_block(struct walk *walk, const struct xtd_manifest_arena *entry,
                            uint64_t offset, size_t bytes)
{
    char name[XTI_NAME_BYTES];

    for (size_t at = 0; at < bytes; at += XTD_PAGE_BYTES) {
        uint64_t ref = entry->first_unit + ((offset + at) >> XTD_UNIT_SHIFT);

        if (page_vouches(walk, walk->block + at, ref)) {
            xti_name_arena(name, entry->arena_id);
            return report_lost(walk, name, offset + at);
        }
    }
    return XT_OK;
}

static xt_status scan_tail(struct walk *walk, const struct xtd_manifest_arena *entry,
                           uint64_t from_unit)
{
    uint64_t at = from_unit << XTD_UNIT_SHIFT;
    uint64_t end = entry->range_units << XTD_UNIT_SHIFT;
    uint64_t bytes = 0;
    xti_file file;
    xt_status status = walk_file(walk, entry, &file);
    int result;

    if (status != XT_OK)
        return status;
    result = walk->txn->os->size(walk->txn->os, file, &bytes);
    if (result != 0)
        return report_read(walk, result, entry->arena_id);
    end = bytes / XTD_PAGE_BYTES * XTD_PAGE_BYTES < end ? bytes / XTD_PAGE_BYTES * XTD_PAGE_BYTES
                                                        : end;
    if (at < end)
        status = get_block(walk);
    while (at < end && status == XT_OK) {
        size_t piece = end - at < BLOCK_BYTES ? (size_t)(end - at) : BLOCK_BYTES;

        result = walk->txn->os->read_at(walk->txn->os, file, at, walk->block, piece);
        if (result == -ENODATA) /* cut by the writer meanwhile */
            break;
        status = result != 0 ? report_read(walk, result, entry->arena_id)
                             : scan_block(walk, entry, at, piece);
        at += piece;
    }
    return status;
}

/* The arenas of the tip that may grow, and those that the next manifest adds. */
static xt_status scan_tails(struct walk *walk)
{
    const struct xtd_manifest *manifest = walk->tip->manifest;
    const struct xtd_manifest_arena *entries = xti_manifest_arenas_const(manifest);
    struct xtd_manifest *next = NULL;
    xt_status status = XT_OK;
    xti_file file;

    for (uint32_t i = 0; i < manifest->arena_count && status == XT_OK; i++) {
        if ((entries[i].flags & XTD_ARENA_SEALED) == 0)
            status = scan_tail(walk, &entries[i],
                               xti_committed_units(&walk->tip->slot.state, &entries[i]));
    }
    if (status == XT_OK)
        status = next_manifest(walk, &next);
    if (next == NULL)
        return status;
    entries = xti_manifest_arenas_const(next);
    for (uint32_t i = 0; i < next->arena_count && status == XT_OK; i++) {
        if (entries[i].arena_id < manifest->next_arena_id)
            continue;
        status = walk_file(walk, &entries[i], &file);
        if (status == XT_OK)
            status = scan_tail(walk, &entries[i], xti_arena_header_units(walk->txn));
        else if (is_absence(status))
            status = XT_OK;
    }
    walk->txn->os->free(walk->txn->os, next, next->total_bytes);
    return status;
}

/* ---- the walk -------------------------------------------------------------------------------- */

static void walk_end(struct walk *walk)
{
    const struct xti_os *os = walk->txn->os;

    for (uint32_t i = 0; i < walk->file_count && i < OPEN_FILES_MAX; i++)
        os->close(os, walk->files[i].file);
    if (walk->record != NULL)
        os->free(os, walk->record, XTD_PAGE_BYTES);
    if (walk->block != NULL)
        os->free(os, walk->block, BLOCK_BYTES);
}

/* A durable slot is written when its commit is durable. So where the one that comes next is
 * damaged, a commit behind the newest one was acknowledged perhaps: the first of them is there, but
 * not as its record has it. */
static bool slot_vouches(const struct walk *walk, const struct xti_head_look *look,
                         uint64_t first_txn)
{
    return look->next_is_damaged && walk->was_torn && walk->tip->slot.state.txn == first_txn;
}

xt_status xti_roll_forward(struct xti_txn *txn, struct xti_tip *tip,
                           const struct xti_head_look *look, xt_error *error)
{
    uint64_t first_txn = tip->slot.state.txn;
    struct walk walk = {.txn = txn, .tip = tip, .error = error, .may_cross = look->next_is_damaged};
    xt_status status = XT_OK;
    bool goes_on = true;

    walk.record = txn->os->alloc(txn->os, XTD_PAGE_BYTES);
    if (walk.record == NULL)
        return xti_report(error, XT_ENOMEM, NULL, NULL, XTI_NO_OFFSET, "memory for a record");
    while (status == XT_OK && goes_on) {
        status = step(&walk, &goes_on);
    }
    if (status == XT_OK &&
        (look->durable_txn > tip->slot.state.txn || slot_vouches(&walk, look, first_txn)))
        status = report_lost(&walk, XTI_NAME_HEAD, XTI_NO_OFFSET);
    if (status == XT_OK)
        status = scan_tails(&walk);
    walk_end(&walk);
    return status;
}

/* ---- F6: what a writer found is written again ------------------------------------------------ */

static xt_status rewrite_range(struct xti_txn *txn, xti_file file, uint64_t at, uint64_t end,
                               int *result)
{
    char *block = txn->os->alloc(txn->os, BLOCK_BYTES);

    *result = 0;
    if (block == NULL)
        return XT_ENOMEM;
    while (at < end && *result == 0) {
        size_t piece = end - at < BLOCK_BYTES ? (size_t)(end - at) : BLOCK_BYTES;

        *result = txn->os->read_at(txn->os, file, at, block, piece);
        if (*result == 0)
            *result = txn->os->write_at(txn->os, file, at, block, piece);
        at += piece;
    }
    if (*result == 0)
        *result = xti_sync(txn, file);
    txn->os->free(txn->os, block, BLOCK_BYTES);
    return xti_os_status(*result);
}

/* The header of an arena that the commits made comes before their first extent. */
static xt_status rewrite(struct xti_txn *txn, const struct xti_found_range *range, xt_error *error)
{
    bool has_header = range->from_unit <= xti_arena_header_units(txn);
    uint64_t from = has_header ? 0 : range->from_unit << XTD_UNIT_SHIFT;
    char name[XTI_NAME_BYTES];
    xt_status status;
    xti_file file;
    int result;

    xti_name_arena(name, range->arena_id);
    result = xti_open_file(txn->os, txn->path, name, XTI_OPEN_WRITE, &file);
    if (result != 0)
        return xti_report_system(error, result, txn->path, name, "open the arena's file");
    status = rewrite_range(txn, file, from, range->to_unit << XTD_UNIT_SHIFT, &result);
    txn->os->close(txn->os, file);
    if (status == XT_OK)
        return XT_OK;
    if (result == 0)
        return xti_report(error, status, txn->path, name, XTI_NO_OFFSET, "memory for a block");
    return xti_report_system(error, result, txn->path, name, "write again what a crash left");
}

xt_status xti_rewrite_found(struct xti_txn *txn, const struct xti_tip *tip, xt_error *error)
{
    xt_status status = XT_OK;

    for (uint32_t i = 0; i < tip->range_count && status == XT_OK; i++)
        status = rewrite(txn, &tip->ranges[i], error);
    return status;
}

/* ---- F7: what does not count is made nothing ------------------------------------------------- */

static xt_status remove_if_there(struct xti_txn *txn, const char *name, xt_error *error)
{
    int result = xti_remove_file(txn->os, txn->path, name);

    if (result == 0 || result == -ENOENT)
        return XT_OK;
    return xti_report_system(error, result, txn->path, name, "remove what a crash left");
}

/* The files of the arenas that a manifest adds to the tip's. */
static xt_status remove_added(struct xti_txn *txn, const struct xti_tip *tip,
                              const struct xtd_manifest *manifest, xt_error *error)
{
    const struct xtd_manifest_arena *entries = xti_manifest_arenas_const(manifest);
    xt_status status = XT_OK;

    if (memcmp(manifest->uuid, tip->slot.uuid, sizeof manifest->uuid) != 0)
        return XT_OK;
    for (uint32_t i = 0; i < manifest->arena_count && status == XT_OK; i++) {
        char name[XTI_NAME_BYTES];

        xti_name_arena(name, entries[i].arena_id);
        if (entries[i].arena_id >= tip->manifest->next_arena_id)
            status = remove_if_there(txn, name, error);
    }
    return status;
}

/* The slot that is written next may be torn, and say then that these names were durable. When they
 * are removed each is on the medium or gone for good, whatever becomes of the sync. */
xt_status xti_remove_next(struct xti_txn *txn, const struct xti_tip *tip, xt_error *error)
{
    uint64_t generation = tip->manifest->generation + 1;
    struct xtd_manifest *manifest;
    char name[XTI_NAME_BYTES];
    xt_status status = xti_read_manifest(txn, generation, &manifest, error);
    int result;

    if (status == XT_ENOTFOUND)
        return XT_OK;
    if (status == XT_OK) {
        status = remove_added(txn, tip, manifest, error);
        txn->os->free(txn->os, manifest, manifest->total_bytes);
    }
    if (status != XT_OK && !is_absence(status))
        return status;
    xti_name_manifest(name, generation);
    status = remove_if_there(txn, name, error);
    if (status != XT_OK)
        return status;
    result = txn->os->sync_folder(txn->os, txn->path);
    if (result == 0)
        return XT_OK;
    return xti_report_system(error, result, txn->path, NULL, "sync the folder");
}

static int erase_page(struct xti_txn *txn, uint32_t arena_id, uint64_t unit)
{
    static const char zeroes[XTD_PAGE_BYTES];
    char name[XTI_NAME_BYTES];
    xti_file file;
    int result;

    xti_name_arena(name, arena_id);
    result = xti_open_file(txn->os, txn->path, name, XTI_OPEN_WRITE, &file);
    if (result != 0)
        return result;
    result = txn->os->write_at(txn->os, file, unit << XTD_UNIT_SHIFT, zeroes, sizeof zeroes);
    if (result == 0)
        result = xti_sync(txn, file);
    txn->os->close(txn->os, file);
    return result;
}

/* The slot of HEAD that comes next may be torn by a crash, and must not vouch for these then. */
xt_status xti_erase_torn(struct xti_txn *txn, const struct xti_tip *tip, xt_error *error)
{
    for (uint32_t i = 0; i < tip->torn_count; i++) {
        int result = erase_page(txn, tip->torn[i].arena_id, tip->torn[i].unit);
        char name[XTI_NAME_BYTES];

        if (result == 0)
            continue;
        xti_name_arena(name, tip->torn[i].arena_id);
        return xti_report_system(error, result, txn->path, name, "erase what a crash left");
    }
    return XT_OK;
}
