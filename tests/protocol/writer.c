/* tests/protocol/writer.c -- a writer at work: commits, HEAD made durable, closing.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "protocol/model.h"

static bool fail(struct run *run, struct state *s)
{
    if (keeps(run, RULE_POISON)) {
        s->writer.at = BROKEN;
    }
    return true;
}

static struct cell *extent(struct state *s, unsigned c, unsigned arena, unsigned kind)
{
    const unsigned place = frontier(s, s->commit[c].parent, arena);

    return &s->file[s->folder[ARENA + arena].cache].cell[kind + place];
}

static unsigned parts(const struct commit *c)
{
    return 1U << c->record_arena | (c->other_arena == 0 ? 0 : 1U << c->other_arena);
}

/* The arena that the commit adds, or 0. */
static unsigned added_arena(const struct state *s, unsigned c)
{
    for (unsigned a = 1; a < ARENAS; a++) {
        if ((s->commit[c].listed >> a & 1) != 0 &&
            (s->commit[s->commit[c].parent].listed >> a & 1) == 0) {
            return a;
        }
    }
    return 0;
}

static bool has_manifest(const struct state *s, unsigned c)
{
    return s->commit[c].manifest == c;
}

/* Whether the commit is acknowledged without a sync of HEAD. */
static bool is_loose(const struct state *s, unsigned c)
{
    const struct commit *commit = &s->commit[c];

    return !has_manifest(s, c) && commit->way != WAY_TWO_SYNCS;
}

/* A file that no name and no reader leads to. */
static unsigned unused_file(const struct state *s)
{
    for (unsigned f = 1; f < FILES; f++) {
        bool used = false;

        for (unsigned a = 1; a < ARENAS; a++) {
            const struct cell name = s->folder[ARENA + a];

            used |= name.cache == f || (name.medium & (unsigned)~CLEAN) == f;
            for (unsigned r = 0; r < READERS; r++) {
                used |= s->reader[r].files[a] == f || s->reader[r].mapped[a] == f;
            }
        }
        if (!used) {
            return f;
        }
    }
    return 0;
}

static bool make_file(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;
    const unsigned arena = added_arena(s, w->next);
    const unsigned file = unused_file(s);

    if (file == 0) {
        violate(run, "the model has too few files");
        return true;
    }
    say(run, "create arena %u as file %u", arena, file);
    memset(&s->file[file], 0, sizeof s->file[file]);
    cell_write(run, &s->folder[ARENA + arena], file);
    cell_write(run, &s->file[file].cell[HEADER], 1);
    w->at = COMMIT_DATA;
    return true;
}

static void after_record(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;
    const struct commit *c = &s->commit[w->next];
    unsigned files = parts(c);

    if (has_manifest(s, w->next) && added_arena(s, w->next) != 0 && keeps(run, RULE_HEADER_SYNC)) {
        files |= 1U << added_arena(s, w->next);
    }
    w->files |= (uint8_t)files;
    w->to_sync = keeps(run, RULE_ALL_FILES_SYNC) ? w->files : (uint8_t)files;
    if (is_loose(s, w->next) && c->way == WAY_ORDERED) {
        w->to_sync = 0;
        w->at = COMMIT_LOOSE;
    } else if (!keeps(run, RULE_DATA_SYNC)) {
        w->to_sync = 0;
        w->at = is_loose(s, w->next) ? COMMIT_LOOSE : COMMIT_RENAME;
    } else {
        w->at = COMMIT_SYNC;
    }
    if (w->at == COMMIT_RENAME && !has_manifest(s, w->next)) {
        w->at = HEAD_SLOT;
    }
}

static bool write_extents(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;
    const struct commit *c = &s->commit[w->next];

    if (w->at == COMMIT_DATA) {
        say(run, "write the extents of commit %u", w->next);
        cell_write(run, extent(s, w->next, c->record_arena, DATA), w->next);
        if (c->other_arena != 0) {
            cell_write(run, extent(s, w->next, c->other_arena, DATA), w->next);
        }
        w->at = COMMIT_RECORD;
        return true;
    }
    say(run, "write the record of commit %u", w->next);
    cell_write(run, extent(s, w->next, c->record_arena, RECORD), w->next);
    after_record(run, s);
    if (!keeps(run, RULE_HEAD_AFTER_DATA) && !is_loose(s, w->next)) {
        cell_write(run, &s->head[durable_position(run, w, w->next)], w->next);
    }
    return true;
}

static bool commit_sync(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;

    if (!sync_one_arena(run, s)) {
        return fail(run, s);
    }
    if (w->to_sync == 0) {
        w->at = is_loose(s, w->next)       ? COMMIT_LOOSE
                : has_manifest(s, w->next) ? COMMIT_RENAME
                                           : HEAD_SLOT;
    }
    return true;
}

static bool commit_manifest(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;
    const unsigned generation = s->commit[w->next].generation;

    if (w->at == COMMIT_FOLDER) {
        say(run, "sync folder");
        w->at = HEAD_SLOT;
        if (keeps(run, RULE_FOLDER_SYNC) && !cells_sync(run, s, s->folder, NAMES)) {
            return fail(run, s);
        }
        return true;
    }
    say(run, "manifest %u of commit %u: write, sync, rename", generation, w->next);
    if (!keeps(run, RULE_MANIFEST_SYNC)) {
        s->unsynced_manifests |= (uint8_t)(1U << w->next);
    }
    cell_write(run, &s->folder[MANIFEST + generation], w->next);
    w->at = COMMIT_FOLDER;
    return true;
}

static bool write_loose(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;
    const unsigned c = w->next;

    say(run, "loose slot of commit %u, acknowledge", c);
    cell_write(run, &s->head[DURABLE_SLOTS + s->commit[c].txn % LOOSE_SLOTS], c);
    w->tip = (uint8_t)c;
    w->next = 0;
    w->at = IDLE;
    s->promised.process = (uint8_t)c;
    if (s->commit[c].way == WAY_ONE_SYNC) {
        w->durable = (uint8_t)c;
        s->promised.durable = (uint8_t)c;
    }
    return true;
}

/* ---- HEAD ---------------------------------------------------------------------------------- */

/* xt_store_sync, the clock's turn in one-sync mode, and the first half of closing. */
static bool begin_head(struct run *run, struct state *s, bool closing)
{
    struct writer *w = &s->writer;

    say(run, closing ? "close" : "make HEAD durable");
    w->closing = closing;
    w->to_sync = w->files;
    w->at = w->tip == w->synced ? CLOSE_CUT : w->to_sync != 0 ? HEAD_FILES : HEAD_SLOT;
    return closing || w->tip != w->synced;
}

static bool head_files(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;

    if (!sync_one_arena(run, s)) {
        return fail(run, s);
    }
    if (w->to_sync == 0) {
        w->at = HEAD_SLOT;
    }
    return true;
}

static bool head_slot(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;
    const unsigned c = w->next != 0 ? w->next : w->tip;
    const unsigned position = durable_position(run, w, c);

    say(run, "durable slot %u of commit %u", position, c);
    cell_write(run, &s->head[position], c);
    w->slot = (uint8_t)position;
    w->tip = (uint8_t)c;
    w->next = 0;
    w->at = HEAD_SYNC;
    if (!keeps(run, RULE_UNLINK_AFTER_HEAD)) {
        remove_files(run, s);
    }
    return true;
}

static bool head_sync(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;

    say(run, "sync HEAD, acknowledge commit %u", w->tip);
    if (keeps(run, RULE_HEAD_SYNC) && !cells_sync(run, s, s->head, SLOTS)) {
        return fail(run, s);
    }
    w->synced = w->tip;
    w->durable = w->tip;
    s->promised.durable = w->tip;
    s->promised.process = w->tip;
    w->at = HEAD_REMOVE;
    return true;
}

static bool head_remove(struct run *run, struct state *s)
{
    struct writer *w = &s->writer;

    say(run, "remove what nothing needs");
    remove_files(run, s);
    w->at = w->closing ? CLOSE_CUT : IDLE;
    return true;
}

/* The end of a clean close: what lies behind the frontiers goes. */
static bool close_store(struct run *run, struct state *s)
{
    const unsigned tip = s->writer.tip;

    say(run, "close: cut the files, let go of the lock");
    for (unsigned a = 1; a < ARENAS; a++) {
        struct file *file = &s->file[s->folder[ARENA + a].cache];

        for (unsigned p = frontier(s, tip, a); p < PLACES && s->folder[ARENA + a].cache != 0; p++) {
            if (file->cell[RECORD + p].cache != 0) {
                cell_write(run, &file->cell[RECORD + p], 0);
            }
            if (file->cell[DATA + p].cache != 0) {
                cell_write(run, &file->cell[DATA + p], 0);
            }
        }
    }
    memset(&s->writer, 0, sizeof s->writer);
    return true;
}

static bool begin_something(struct run *run, struct state *s)
{
    switch (choose(run, 5)) {
    case 0:
        return begin_commit(run, s);
    case 1:
        return begin_head(run, s, false);
    case 2:
        return may(run, MAY_CLOSE) && begin_head(run, s, true);
    case 3:
        return may(run, MAY_KEEP) && begin_keep(run, s);
    default:
        return may(run, MAY_KEEP) && begin_drop(run, s);
    }
}

bool writer_step(struct run *run, struct state *s)
{
    switch (s->writer.at) {
    case IDLE:
        return begin_something(run, s);
    case COMMIT_FILE:
        return make_file(run, s);
    case COMMIT_DATA:
    case COMMIT_RECORD:
        return write_extents(run, s);
    case COMMIT_SYNC:
        return commit_sync(run, s);
    case COMMIT_RENAME:
    case COMMIT_FOLDER:
        return commit_manifest(run, s);
    case COMMIT_LOOSE:
        return write_loose(run, s);
    case HEAD_FILES:
        return head_files(run, s);
    case HEAD_SLOT:
        return head_slot(run, s);
    case HEAD_SYNC:
        return head_sync(run, s);
    case HEAD_REMOVE:
        return head_remove(run, s);
    case CLOSE_CUT:
        return close_store(run, s);
    case KEEP_FOLDER:
    case DROP_FOLDER:
    case DROP_REMOVE:
        return kept_step(run, s);
    case BROKEN:
        return false;
    default:
        return recovery_step(run, s);
    }
}
