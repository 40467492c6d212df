/* tests/kill/kept.c -- the kept snapshots that a store must have, and those that it may have.
 *
 * SPDX-License-Identifier: MIT
 */
#include "kept.h"

#include <string.h>

#include "support/check.h"

struct kept_snapshot *kept_find(struct kept *kept, uint64_t number)
{
    for (size_t i = 0; i < kept->count; i++) {
        if (kept->snapshots[i].number == number)
            return &kept->snapshots[i];
    }
    return NULL;
}

void kept_add(struct kept *kept, const struct history *history, uint64_t number, bool is_named)
{
    struct kept_snapshot *snapshot = &kept->snapshots[kept->count];

    if (kept->count == KEPT_MAX)
        return;
    snapshot->number = number;
    snapshot->count = history->count + (history->version > 0);
    memcpy(snapshot->answers, history->answers, sizeof snapshot->answers);
    snapshot->is_named = is_named;
    snapshot->is_sure = false;
    kept->count++;
}

void kept_remove(struct kept *kept, uint64_t number)
{
    struct kept_snapshot *snapshot = kept_find(kept, number);
    size_t behind;

    if (snapshot == NULL)
        return;
    behind = kept->count - (size_t)(snapshot - kept->snapshots) - 1;
    memmove(snapshot, snapshot + 1, behind * sizeof *snapshot);
    kept->count--;
}

static bool snapshot_is_shown(const struct kept_snapshot *kept, xt_store *store)
{
    xt_error error = {.status = XT_OK};
    xt_snapshot *snapshot;
    bool holds;

    if (!CHECK_STATUS(xt_snapshot_open(store, kept->number, &error, &snapshot), XT_OK))
        return false;
    holds = CHECK_U64(xt_snapshot_count(snapshot), kept->count) &&
            CHECK_U64(xt_snapshot_txn(snapshot), kept->number);
    for (unsigned i = 0; i < HISTORY_WINDOWS && holds; i++) {
        uint64_t answer;

        holds = CHECK_STATUS(history_ask(snapshot, i, &answer), XT_OK) &&
                CHECK_U64(answer, kept->answers[i]);
    }
    xt_snapshot_release(snapshot);
    return holds;
}

bool kept_are_shown(struct kept *kept, xt_store *store)
{
    xt_snapshot_info info = {.struct_size = sizeof info};
    bool is_there[KEPT_MAX] = {false};
    bool holds = true;
    xt_status status;

    for (uint64_t i = 0; holds && (status = xt_store_kept(store, i, &info)) != XT_ENOTFOUND; i++) {
        const struct kept_snapshot *snapshot = kept_find(kept, info.number);

        holds = CHECK_STATUS(status, XT_OK) && CHECK(snapshot != NULL);
        if (!holds)
            return false;
        is_there[snapshot - kept->snapshots] = true;
        holds = CHECK_INT(info.name[0] != '\0', snapshot->is_named) &&
                snapshot_is_shown(snapshot, store);
    }
    for (size_t i = kept->count; i-- > 0 && holds;) {
        holds = CHECK(is_there[i] || !kept->snapshots[i].is_sure);
        kept->snapshots[i].is_sure = true;
        if (!is_there[i])
            kept_remove(kept, kept->snapshots[i].number);
    }
    return holds;
}
