/* src/format/snapshot_file.c -- seals and checks the files of kept snapshots.
 *
 * SPDX-License-Identifier: MIT
 */
#include "format/snapshot_file.h"

#include <string.h>

#include "format/format_private.h"

#define HASH_BYTES 8u

size_t xti_snapshot_bytes(size_t manifest_bytes)
{
    return sizeof(struct xtd_snapshot) + manifest_bytes + HASH_BYTES;
}

struct xtd_manifest *xti_snapshot_manifest(struct xtd_snapshot *snapshot)
{
    return (struct xtd_manifest *)(void *)(snapshot + 1);
}

const struct xtd_manifest *xti_snapshot_manifest_const(const struct xtd_snapshot *snapshot)
{
    return (const struct xtd_manifest *)(const void *)(snapshot + 1);
}

/* Bytes of the character that begins so, and the least that the one behind it may be; 0: none.
 * (The Unicode Standard, table 3-7.) */
static size_t character_bytes(unsigned char first, unsigned char *least, unsigned char *most)
{
    *least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    *most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (first > 0 && first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

bool xti_snapshot_name_fits(const char *name, size_t bytes)
{
    const unsigned char *at = (const unsigned char *)name;
    size_t i = 0;

    if (bytes >= XTD_SNAPSHOT_NAME_BYTES)
        return false;
    while (i < bytes) {
        unsigned char least;
        unsigned char most;
        size_t size = character_bytes(at[i], &least, &most);

        if (size == 0 || size > bytes - i)
            return false;
        if (size > 1 && (at[i + 1] < least || at[i + 1] > most))
            return false;
        for (size_t k = 2; k < size; k++) {
            if ((at[i + k] & 0xc0) != 0x80)
                return false;
        }
        i += size;
    }
    return true;
}

void xti_snapshot_seal(struct xtd_snapshot *snapshot)
{
    size_t bytes = xti_snapshot_bytes(snapshot->manifest_bytes);
    uint64_t hash;

    memcpy(snapshot->magic, XTD_SNAPSHOT_MAGIC, sizeof snapshot->magic);
    snapshot->format_version = XTD_FORMAT_VERSION;
    snapshot->total_bytes = (uint32_t)bytes;
    hash = xti_hash64(snapshot, bytes - HASH_BYTES);
    memcpy((char *)snapshot + bytes - HASH_BYTES, &hash, sizeof hash);
}

/* What holds in every version: magic, size and hash. Then that the version is ours. */
static xt_status envelope_check(const struct xtd_snapshot *snapshot, size_t available,
                                struct xti_finding *finding)
{
    uint64_t hash;

    if (available < xti_snapshot_bytes(0))
        return xti_found(finding, XT_ECORRUPT, "snapshot cut short", available);
    if (memcmp(snapshot->magic, XTD_SNAPSHOT_MAGIC, sizeof snapshot->magic) != 0)
        return xti_found(finding, XT_EFORMAT, "snapshot magic", 0);
    if (snapshot->total_bytes != available)
        return xti_found(finding, XT_ECORRUPT, "snapshot total_bytes",
                         offsetof(struct xtd_snapshot, total_bytes));
    memcpy(&hash, (const char *)snapshot + available - HASH_BYTES, sizeof hash);
    if (hash != xti_hash64(snapshot, available - HASH_BYTES))
        return xti_found(finding, XT_ECORRUPT, "snapshot hash", available - HASH_BYTES);
    if (snapshot->format_version != XTD_FORMAT_VERSION)
        return xti_found(finding, XT_EFORMAT, "snapshot format_version",
                         offsetof(struct xtd_snapshot, format_version));
    return XT_OK;
}

static xt_status fields_check(const struct xtd_snapshot *s, size_t available,
                              struct xti_finding *finding)
{
    struct xti_rules rules = {finding, 0, XT_OK};
    bool name_fits = xti_snapshot_name_fits(s->name, s->name_bytes);

    xti_rule(&rules, xti_snapshot_bytes(s->manifest_bytes) == available, "snapshot manifest_bytes",
             offsetof(struct xtd_snapshot, manifest_bytes));
    xti_rule(&rules, s->name_bytes < XTD_SNAPSHOT_NAME_BYTES, "snapshot name_bytes",
             offsetof(struct xtd_snapshot, name_bytes));
    xti_rule(&rules, s->reserved0 == 0, "snapshot reserved",
             offsetof(struct xtd_snapshot, reserved0));
    xti_rule(&rules,
             name_fits && xti_is_zero(s->name + s->name_bytes, sizeof s->name - s->name_bytes),
             "snapshot name", offsetof(struct xtd_snapshot, name));
    xti_rule(&rules, xti_is_zero(s->reserved1, sizeof s->reserved1), "snapshot reserved",
             offsetof(struct xtd_snapshot, reserved1));
    return rules.status;
}

/* State and manifest, each by itself. */
static xt_status parts_check(const struct xtd_snapshot *snapshot, struct xti_finding *finding)
{
    xt_status status = xti_state_check(&snapshot->state, finding);

    if (status != XT_OK) {
        if (finding != NULL)
            finding->offset += offsetof(struct xtd_snapshot, state);
        return status;
    }
    status = xti_manifest_check(xti_snapshot_manifest_const(snapshot), snapshot->manifest_bytes,
                                finding);
    if (status != XT_OK && finding != NULL)
        finding->offset += sizeof *snapshot;
    return status;
}

/* That they belong together. */
static xt_status union_check(const struct xtd_snapshot *snapshot, struct xti_finding *finding)
{
    const struct xtd_manifest *manifest = xti_snapshot_manifest_const(snapshot);
    struct xti_rules rules = {finding, sizeof *snapshot, XT_OK};

    xti_rule(&rules, memcmp(manifest->uuid, snapshot->uuid, sizeof snapshot->uuid) == 0,
             "snapshot's manifest uuid", offsetof(struct xtd_manifest, uuid));
    xti_rule(&rules, manifest->generation == snapshot->state.manifest_generation,
             "snapshot's manifest generation", offsetof(struct xtd_manifest, generation));
    xti_rule(&rules, manifest->created_txn <= snapshot->state.txn,
             "snapshot's manifest created_txn", offsetof(struct xtd_manifest, created_txn));
    return rules.status;
}

xt_status xti_snapshot_check(const struct xtd_snapshot *snapshot, size_t available,
                             struct xti_finding *finding)
{
    xt_status status = envelope_check(snapshot, available, finding);

    if (status == XT_OK)
        status = fields_check(snapshot, available, finding);
    if (status == XT_OK)
        status = parts_check(snapshot, finding);
    return status == XT_OK ? union_check(snapshot, finding) : status;
}
