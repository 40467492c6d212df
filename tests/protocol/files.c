/* tests/protocol/files.c -- files that are removed, and kept snapshots.
 *
 * SPDX-License-Identifier: MIT
 */

#include "protocol/model.h"

unsigned pinned_arenas(const struct run *run, const struct state *s)
{
    unsigned pinned = 0;

    for (unsigned c = 1; c < COMMITS && keeps(run, RULE_PINNED); c++) {
        if (s->folder[KEPT + c].cache != 0) {
            pinned |= s->commit[c].listed;
        }
    }
    return pinned;
}

/* The commit that wrote the manifest before the one of commit c, or 0. */
static unsigned manifest_before(const struct state *s, unsigned c)
{
    const unsigned parent = s->commit[s->commit[c].manifest].parent;

    return s->commit[parent].manifest;
}

void remove_files(struct run *run, struct state *s)
{
    const struct writer *w = &s->writer;
    const unsigned tip = w->tip;
    const unsigned generation = s->commit[tip].generation;
    unsigned needed = s->commit[tip].listed | pinned_arenas(run, s);

    if (keeps(run, RULE_UNLINK_GENERATION)) {
        needed |= s->commit[manifest_before(s, tip)].listed;
    }
    for (unsigned a = 1; a < ARENAS; a++) {
        if ((needed >> a & 1) == 0 && s->folder[ARENA + a].cache != 0) {
            cell_write(run, &s->folder[ARENA + a], 0);
        }
    }
    for (unsigned g = 1; g < COMMITS; g++) {
        const bool is_before = g + 1 == generation && keeps(run, RULE_MANIFEST_GENERATION);

        if (g != generation && !is_before && s->folder[MANIFEST + g].cache != 0) {
            cell_write(run, &s->folder[MANIFEST + g], 0);
        }
    }
    state_tidy(s);
}

/* ---- kept snapshots ------------------------------------------------------------------------ */

bool begin_keep(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;

    if ((w->synced != w->tip && keeps(run, RULE_KEEP_DURABLE)) ||
        s->folder[KEPT + w->tip].cache != 0 || (s->promised.dropped >> w->tip & 1) != 0) {
        return false;
    }
    say(run, "keep commit %u: write, sync, rename", w->tip);
    if (!keeps(run, RULE_KEEP_FILE_SYNC)) {
        s->unsynced_kept |= (uint8_t)(1U << w->tip);
    }
    cell_write(run, &s->folder[KEPT + w->tip], 1);
    w->kept = w->tip;
    w->at = KEEP_FOLDER;
    return true;
}

bool begin_drop(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;
    unsigned kept[COMMITS];
    unsigned count = 0;

    for (unsigned c = 1; c < COMMITS; c++) {
        if (s->folder[KEPT + c].cache != 0) {
            kept[count++] = c;
        }
    }
    if (count == 0) {
        return false;
    }
    const unsigned c = kept[choose(run, count)];

    say(run, "drop the snapshot of commit %u: unlink", c);
    s->promised.kept &= (uint8_t) ~(1U << c);
    cell_write(run, &s->folder[KEPT + c], 0);
    w->kept = (uint8_t)c;
    w->at = DROP_FOLDER;
    return true;
}

static bool end_keep(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;

    say(run, "keep: sync folder, acknowledge");
    if (keeps(run, RULE_KEEP_FOLDER_SYNC) && !cells_sync(run, s, s->folder, NAMES)) {
        w->at = BROKEN;
        return true;
    }
    s->promised.kept |= (uint8_t)(1U << w->kept);
    w->kept = 0;
    w->at = IDLE;
    return true;
}

static bool sync_drop(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;

    say(run, "drop: sync folder, acknowledge");
    if (keeps(run, RULE_DROP_FOLDER_SYNC) && !cells_sync(run, s, s->folder, NAMES)) {
        w->at = BROKEN;
        return true;
    }
    s->promised.dropped |= (uint8_t)(1U << w->kept);
    w->kept = 0;
    w->at = DROP_REMOVE;
    return true;
}

bool kept_step(struct run *run, struct state *s)
{
    switch (s->writer.at) {
    case KEEP_FOLDER:
        return end_keep(run, s);
    case DROP_FOLDER:
        return sync_drop(run, s);
    default:
        say(run, "drop: remove what nothing needs");
        if (s->writer.synced == s->writer.tip) {
            remove_files(run, s);
        }
        s->writer.kept = 0;
        s->writer.at = IDLE;
        return true;
    }
}
