/* src/txn/files.c -- the files of a store: names, reading them checked, writing them whole.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/lives.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PATH_BYTES 4096u
#define TEMPORARY_END ".tmp"

static const char digits[] = "0123456789abcdef";

/* Not by snprintf(): in a process that opens a store and asks one thing, the pages of its code that
 * come from memory for the first time are a tenth of the work. */
static void name_put(char name[XTI_NAME_BYTES], const char *begin, uint64_t number, uint32_t count,
                     const char *end)
{
    size_t at = strlen(begin);

    XTI_ASSERT(at + count + strlen(end) < XTI_NAME_BYTES);
    memcpy(name, begin, at);
    while (count > 0)
        name[at++] = digits[number >> 4 * --count & 15];
    memcpy(name + at, end, strlen(end) + 1);
}

void xti_name_manifest(char name[XTI_NAME_BYTES], uint64_t generation)
{
    name_put(name, "manifest-", generation, 16, "");
}

void xti_name_snapshot(char name[XTI_NAME_BYTES], uint64_t number)
{
    name_put(name, "snapshot-", number, 16, "");
}

void xti_name_arena(char name[XTI_NAME_BYTES], uint32_t arena_id)
{
    name_put(name, "arena-", arena_id, 8, ".xta");
}

static bool parse_hex(const char *text, size_t count, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < count; i++) {
        const char *digit = memchr(digits, text[i], 16);

        if (digit == NULL)
            return false;
        *out = *out << 4 | (uint64_t)(digit - digits);
    }
    return true;
}

enum xti_name_kind xti_name_parse(const char *name, uint64_t *number)
{
    size_t size = strlen(name);

    *number = 0;
    if (strcmp(name, XTI_NAME_LOCK) == 0)
        return XTI_IS_LOCK;
    if (strcmp(name, XTI_NAME_HEAD) == 0)
        return XTI_IS_HEAD;
    if (strcmp(name, XTI_NAME_HEAD_TMP) == 0)
        return XTI_IS_TEMPORARY;
    if (size >= 25 && parse_hex(name + 9, 16, number)) {
        bool is_manifest = strncmp(name, "manifest-", 9) == 0;

        if (!is_manifest && strncmp(name, "snapshot-", 9) != 0)
            return XTI_FOREIGN;
        if (size == 25)
            return is_manifest ? XTI_IS_MANIFEST : XTI_IS_SNAPSHOT;
        return strcmp(name + 25, TEMPORARY_END) == 0 ? XTI_IS_TEMPORARY : XTI_FOREIGN;
    }
    if (strncmp(name, "arena-", 6) == 0 && size == 18 && parse_hex(name + 6, 8, number) &&
        strcmp(name + 14, ".xta") == 0)
        return XTI_IS_ARENA;
    return XTI_FOREIGN;
}

int xti_open_file(const struct xti_os *os, const char *folder, const char *name, unsigned flags,
                  xti_file *out)
{
    char path[PATH_BYTES];

    *out = XTI_FILE_NONE;
    if (!xti_path_join(path, sizeof path, folder, name))
        return -ENAMETOOLONG;
    return os->open(os, path, flags, out);
}

int xti_remove_file(const struct xti_os *os, const char *folder, const char *name)
{
    char path[PATH_BYTES];

    if (!xti_path_join(path, sizeof path, folder, name))
        return -ENAMETOOLONG;
    return os->remove(os, path);
}

static int rename_file(const struct xti_os *os, const char *folder, const char *from,
                       const char *to)
{
    char old_path[PATH_BYTES];
    char new_path[PATH_BYTES];

    if (!xti_path_join(old_path, sizeof old_path, folder, from) ||
        !xti_path_join(new_path, sizeof new_path, folder, to))
        return -ENAMETOOLONG;
    return os->rename(os, old_path, new_path);
}

static int write_and_sync(const struct xti_os *os, xti_file file, const void *data, size_t bytes,
                          bool *must_break)
{
    int result = os->write_at(os, file, 0, data, bytes);

    if (result != 0)
        return result;
    result = os->sync(os, file);
    *must_break = result != 0;
    return result;
}

int xti_open_new_file(const struct xti_os *os, const char *folder, const char *name, xti_file *out)
{
    int result = xti_open_file(os, folder, name, XTI_OPEN_CREATE, out);

    if (result != -EEXIST)
        return result;
    result = xti_remove_file(os, folder, name);
    if (result != 0)
        return result;
    return xti_open_file(os, folder, name, XTI_OPEN_CREATE, out);
}

xt_status xti_write_file(const struct xti_txn *txn, const char *name, const void *data,
                         size_t bytes, xt_error *error, bool *must_break)
{
    const struct xti_os *os = txn->os;
    char temporary[XTI_NAME_BYTES];
    xti_file file;
    int result;

    *must_break = false;
    (void)snprintf(temporary, sizeof temporary, "%s" TEMPORARY_END, name);
    result = xti_open_new_file(os, txn->path, temporary, &file);
    if (result != 0)
        return xti_report_system(error, result, txn->path, temporary, "create the file");
    result = write_and_sync(os, file, data, bytes, must_break);
    os->close(os, file);
    if (result == 0)
        result = rename_file(os, txn->path, temporary, name);
    if (result == 0)
        return XT_OK;
    (void)xti_remove_file(os, txn->path, temporary);
    return xti_report_system(error, result, txn->path, name, "write the file");
}

/* The folder that holds the one at `path`, with a slash at its end unless it is ".". */
static bool parent_of(const char *path, char *out, size_t capacity)
{
    size_t size = strlen(path);

    while (size > 1 && path[size - 1] == '/')
        size--;
    while (size > 0 && path[size - 1] != '/')
        size--;
    if (size == 0) {
        path = ".";
        size = 1;
    }
    if (size >= capacity)
        return false;
    memcpy(out, path, size);
    out[size] = '\0';
    return true;
}

xt_status xti_sync_folders(struct xti_txn *txn, xt_error *error)
{
    char parent[PATH_BYTES];
    int result;

    if (!parent_of(txn->path, parent, sizeof parent))
        return xti_report(error, XT_EINVAL, txn->path, NULL, XTI_NO_OFFSET, "path too long");
    result = txn->os->sync_folder(txn->os, txn->path);
    if (result != 0)
        return xti_report_system(error, result, txn->path, NULL, "sync the folder");
    result = txn->os->sync_folder(txn->os, parent);
    if (result == 0 || result == -EACCES) /* who may not read a folder cannot sync it */
        return XT_OK;
    return xti_report_system(error, result, parent, NULL, "sync the folder");
}

static void fill_manifest(const struct xti_txn *txn, const struct xtd_state *state,
                          struct xtd_manifest *manifest)
{
    struct xtd_manifest_arena *out;
    struct xtd_dim *dim;
    uint32_t count = 0;

    memcpy(manifest->uuid, txn->uuid, sizeof manifest->uuid);
    manifest->generation = state->manifest_generation;
    manifest->created_txn = state->txn;
    manifest->optional_features = txn->optional_features;
    manifest->dims = txn->schema.dims;
    manifest->item_kind = (uint8_t)txn->schema.kind;
    manifest->unit_shift = XTD_UNIT_SHIFT;
    manifest->node_checksum = XTD_NODE_CRC32C;
    manifest->extent_hash = XTD_EXTENT_XXH64;
    manifest->leaf_capacity = txn->schema.leaf_capacity;
    manifest->inner_capacity = txn->schema.inner_capacity;
    manifest->supernode_units_max = txn->supernode_units_max;
    manifest->extent_align = txn->schema.extent_align;
    manifest->next_arena_id = txn->next_arena_id;
    dim = xti_manifest_dims(manifest);
    for (uint32_t i = 0; i < txn->schema.dims; i++)
        dim[i].coord_type = (uint8_t)txn->schema.coord_type;
    out = xti_manifest_arenas(manifest);
    for (uint32_t i = 0; i < txn->space.arena_count; i++) {
        const struct xti_arena *arena = &txn->space.arenas[i];
        bool may_grow = xti_arena_is_open(txn, arena->id) || xti_arena_is_spare(txn, arena);

        if (xti_arena_is_dropped(arena) || xti_arena_is_left_out(txn, arena))
            continue;
        out[count++] = (struct xtd_manifest_arena){
            .arena_id = arena->id,
            .first_unit = arena->first_unit,
            .range_units = arena->range_units,
            .committed_units = arena->top_units,
            .live_units = arena->live_units,
            .created_txn = arena->created_txn,
            .flags = may_grow ? 0 : XTD_ARENA_SEALED,
        };
    }
    manifest->arena_count = count;
}

/* Ascending arena_id is what the format wants; the space is in ascending address order. */
static void sort_by_id(struct xtd_manifest_arena *arenas, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        struct xtd_manifest_arena moved = arenas[i];
        uint32_t j = i;

        for (; j > 0 && arenas[j - 1].arena_id > moved.arena_id; j--)
            arenas[j] = arenas[j - 1];
        arenas[j] = moved;
    }
}

xt_status xti_write_manifest(struct xti_txn *txn, const struct xtd_state *state,
                             uint64_t record_hash, xt_error *error, bool *must_break)
{
    size_t capacity = xti_manifest_bytes(txn->schema.dims, txn->space.arena_count);
    struct xtd_manifest *manifest = xti_alloc_zeroed(txn->os, capacity);
    struct xti_finding finding;
    char name[XTI_NAME_BYTES];
    xt_status status;

    *must_break = false;
    if (manifest == NULL)
        return xti_report(error, XT_ENOMEM, NULL, NULL, XTI_NO_OFFSET, "memory for the manifest");
    fill_manifest(txn, state, manifest);
    manifest->record_hash = record_hash;
    sort_by_id(xti_manifest_arenas(manifest), manifest->arena_count);
    xti_manifest_seal(manifest);
    XTI_ASSERT(xti_manifest_check(manifest, manifest->total_bytes, &finding) == XT_OK);
    xti_name_manifest(name, manifest->generation);
    status = xti_write_file(txn, name, manifest, manifest->total_bytes, error, must_break);
    txn->os->free(txn->os, manifest, capacity);
    return status;
}

static int write_slot(struct xti_txn *txn, uint32_t position, struct xtd_head_slot *slot,
                      const struct xtd_state *state, uint64_t record_hash)
{
    memcpy(slot->uuid, txn->uuid, sizeof slot->uuid);
    slot->state = *state;
    slot->record_hash = record_hash;
    xti_head_seal(slot, position);
    XTI_ASSERT(xti_head_check(slot, position, NULL) == XT_OK);
    return txn->os->write_at(txn->os, txn->head_file, (uint64_t)position * XTD_HEAD_SLOT_BYTES,
                             slot, sizeof *slot);
}

xt_status xti_write_head(struct xti_txn *txn, uint32_t position, const struct xtd_state *state,
                         uint64_t record_hash, xt_error *error)
{
    struct xtd_head_slot slot;
    int result = write_slot(txn, position, &slot, state, record_hash);

    if (result == 0)
        result = xti_sync(txn, txn->head_file);
    if (result == 0)
        return XT_OK;
    return xti_report_system(error, result, txn->path, XTI_NAME_HEAD, "write and sync HEAD");
}

static const uint8_t *boot_id_of(struct xti_txn *txn)
{
    if (!txn->knows_boot_id)
        txn->os->boot_id(txn->os, txn->boot_id);
    txn->knows_boot_id = true;
    return txn->boot_id;
}

xt_status xti_write_loose(struct xti_txn *txn, const struct xtd_state *state, uint64_t record_hash,
                          uint64_t durable_txn, bool clears, xt_error *error)
{
    static const struct xtd_head_slot zeroes;
    uint32_t position = xti_head_loose_position(state->txn);
    uint32_t other = xti_head_loose_position(state->txn + 1);
    struct xtd_head_slot slot;
    int result;

    memcpy(slot.boot_id, boot_id_of(txn), sizeof slot.boot_id);
    slot.durable_txn = durable_txn;
    result = write_slot(txn, position, &slot, state, record_hash);
    if (result == 0 && clears)
        result = txn->os->write_at(txn->os, txn->head_file, (uint64_t)other * XTD_HEAD_SLOT_BYTES,
                                   &zeroes, sizeof zeroes);
    if (result == 0)
        return XT_OK;
    return xti_report_system(error, result, txn->path, XTI_NAME_HEAD, "write to HEAD");
}

static void take_slots(struct xti_txn *txn, const struct xtd_head_slot *slots,
                       struct xti_head *head)
{
    head->newest = slots[head->look.newest];
    head->has_loose = head->look.loose != XTD_HEAD_SLOTS;
    head->trusts_loose = false;
    if (!head->has_loose)
        return;
    head->loose = slots[head->look.loose];
    head->trusts_loose =
        memcmp(head->loose.boot_id, boot_id_of(txn), sizeof head->loose.boot_id) == 0 &&
        memcmp(head->loose.boot_id, (const uint8_t[16]){0}, sizeof head->loose.boot_id) != 0;
}

xt_status xti_read_head(struct xti_txn *txn, struct xti_head *head, xt_error *error)
{
    const struct xti_os *os = txn->os;
    struct xtd_head_slot *slots = os->alloc(os, XTD_HEAD_BYTES);
    struct xti_finding finding;
    xt_status status;
    int result;

    if (slots == NULL)
        return xti_report(error, XT_ENOMEM, NULL, NULL, XTI_NO_OFFSET, "memory for HEAD");
    result = os->read_at(os, txn->head_file, 0, slots, XTD_HEAD_BYTES);
    if (result == -ENODATA) {
        status = xti_report(error, XT_ECORRUPT, txn->path, XTI_NAME_HEAD, 0,
                            "HEAD is at least 24576 bytes long");
    } else if (result != 0) {
        status = xti_report_system(error, result, txn->path, XTI_NAME_HEAD, "read the file");
    } else {
        xti_watch_note(txn, slots);
        status = xti_head_look(slots, &head->look, &finding);
        if (status == XT_OK)
            take_slots(txn, slots, head);
        else
            (void)xti_report(error, status, txn->path, XTI_NAME_HEAD, finding.offset, finding.what);
    }
    os->free(os, slots, XTD_HEAD_BYTES);
    return status;
}

static xt_status read_manifest(struct xti_txn *txn, xti_file file, const char *name,
                               struct xtd_manifest **out, xt_error *error)
{
    const struct xti_os *os = txn->os;
    struct xti_finding finding;
    struct xtd_manifest *manifest;
    xt_status status;
    uint64_t bytes;
    int result;

    result = os->size(os, file, &bytes);
    if (result != 0)
        return xti_report_system(error, result, txn->path, name, "find the file's size");
    if (bytes < sizeof *manifest || bytes > XTD_MANIFEST_BYTES_MAX)
        return xti_report(error, XT_ECORRUPT, txn->path, name, bytes, "manifest size");
    manifest = os->alloc(os, (size_t)bytes);
    if (manifest == NULL)
        return xti_report(error, XT_ENOMEM, NULL, NULL, XTI_NO_OFFSET, "memory for the manifest");
    result = os->read_at(os, file, 0, manifest, (size_t)bytes);
    if (result != 0) {
        status = xti_report_system(error, result, txn->path, name, "read the file");
    } else {
        status = xti_manifest_check(manifest, (size_t)bytes, &finding);
        if (status != XT_OK)
            (void)xti_report(error, status, txn->path, name, finding.offset, finding.what);
    }
    if (status == XT_OK)
        *out = manifest;
    else
        os->free(os, manifest, (size_t)bytes);
    return status;
}

xt_status xti_read_manifest(struct xti_txn *txn, uint64_t generation, struct xtd_manifest **out,
                            xt_error *error)
{
    char name[XTI_NAME_BYTES];
    xt_status status;
    xti_file file;
    int result;

    *out = NULL;
    xti_name_manifest(name, generation);
    result = xti_open_file(txn->os, txn->path, name, XTI_OPEN_READ, &file);
    if (result != 0)
        return xti_report_system(error, result, txn->path, name, "open the file");
    status = read_manifest(txn, file, name, out, error);
    txn->os->close(txn->os, file);
    if (*out != NULL && (*out)->generation != generation) {
        txn->os->free(txn->os, *out, (*out)->total_bytes);
        *out = NULL;
        return xti_report(error, XT_ECORRUPT, txn->path, name, 32, "manifest generation");
    }
    return status;
}
