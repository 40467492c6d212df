/* tests/protocol/readers.c -- a reader: open, refresh, hold a snapshot, close; kept snapshots.
 *
 * A reader writes nothing, so it changes nothing for the others.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "protocol/model.h"

bool sees_its_view(const struct state *s, const struct reader *reader)
{
    const unsigned live = s->commit[reader->view].live;

    for (unsigned c = reader->view; c != 0; c = s->commit[c].parent) {
        const uint8_t in[2] = {s->commit[c].record_arena, s->commit[c].other_arena};

        for (unsigned i = 0; i < 2 && in[i] != 0; i++) {
            const unsigned place = frontier(s, s->commit[c].parent, in[i]);

            if ((live >> in[i] & 1) != 0 &&
                s->file[reader->files[in[i]]].cell[DATA + place].cache != c) {
                return false;
            }
        }
    }
    return true;
}

bool is_at_risk(const struct state *s, const struct reader *reader)
{
    const bool looks = reader->found != 0;
    const unsigned c = looks ? reader->found : reader->view;
    const bool rolled = (looks ? reader->rolls : reader->rolled) != 0;

    return c != 0 && (s->commit[c].way == WAY_ORDERED || rolled || s->commit[c].manifest == c) &&
           !(is_whole_on_medium(s, c) && is_reached_on_medium(s, c));
}

/* After a failed sync, and until a writer opens, HEAD may lead to what is lost. */
static void note_risk(const struct state *s, struct reader *reader)
{
    if (s->promised.shaken != 0 && is_at_risk(s, reader)) {
        reader->doomed = 1;
    }
}

static void leave(struct reader *reader)
{
    memset(reader, 0, sizeof *reader);
}

/* What a look noted, but for `floor` and `missed`. */
static void forget_look(struct reader *reader)
{
    reader->base = 0;
    reader->found = 0;
    reader->manifest = 0;
    reader->kept = 0;
    reader->by_chain = 0;
    reader->by_loose = 0;
    reader->damaged = 0;
    reader->durable = 0;
    reader->loose = 0;
    reader->rolls = 0;
    memset(reader->mapped, 0, sizeof reader->mapped);
}

struct look {
    unsigned commit;  /* the newest one that HEAD names */
    unsigned durable; /* the newest in a durable slot */
    unsigned loose;   /* in a loose slot of the running boot; 0: there is none */
    bool damaged;     /* the slot behind the newest durable one */
};

/* The slot that the writer is about to write may be half there. */
static struct look read_head(struct run *run, const struct state *s)
{
    struct state seen = *s;
    const struct writer *w = &s->writer;
    const unsigned c = w->next != 0 ? w->next : w->tip;

    if (slot_to_write(run, &seen) != NULL && choose(run, 2) == 1) {
        slot_to_write(run, &seen)->cache = DAMAGED;
    } else if (w->at == COMMIT_LOOSE && choose(run, 2) == 1) {
        seen.head[DURABLE_SLOTS + s->commit[c].txn % LOOSE_SLOTS].cache = 0;
    }
    const unsigned durable = newest_slot(&seen, 0, DURABLE_SLOTS, NULL);
    const unsigned loose =
        keeps(run, RULE_READER_LOOSE) ? newest_slot(&seen, DURABLE_SLOTS, SLOTS, NULL) : 0;
    const bool by_loose = loose != 0 && s->commit[loose].txn > s->commit[durable].txn;

    return (struct look){by_loose ? loose : durable, durable, loose, next_is_damaged(&seen)};
}

/* A refresh: nothing newer leaves the view. Another commit with the number of the view, or with one
 * before that does not lead to it: the view was undone, which is an error; the caller opens again.
 */
static void compare(struct run *run, const struct state *s, struct reader *reader)
{
    const unsigned newest = s->commit[reader->base].txn;
    const unsigned shown = s->commit[reader->view].txn;

    if (newest > shown) {
        return;
    }
    if ((newest == shown && reader->base != reader->view && keeps(run, RULE_REFRESH_HASH)) ||
        (newest < shown && !is_before(s, reader->base, reader->view) &&
         keeps(run, RULE_REFRESH_OLDER))) {
        leave(reader);
        return;
    }
    if (!is_before(s, reader->floor, reader->view)) {
        violate(run, "I11: a reader shows what was acknowledged before it looked, or later");
    }
    forget_look(reader);
    reader->floor = 0;
    reader->at = SHOWS;
}

/* Begins to open or to refresh. */
static bool look(struct run *run, struct state *s, struct reader *reader)
{
    const struct look look = read_head(run, s);

    reader->base = (uint8_t)look.commit;
    reader->found = reader->base;
    say(run, "reader reads HEAD: commit %u%s", reader->base,
        look.loose != 0 ? "" : ", no loose slot of this boot");
    if (reader->base == reader->missed) {
        violate(run, "I4: nothing that HEAD leads to is missing");
        return true;
    }
    reader->missed = 0;
    reader->durable = (uint8_t)look.durable;
    reader->loose = (uint8_t)look.loose;
    reader->by_loose = look.commit != look.durable;
    reader->damaged = look.damaged;
    reader->by_chain = look.loose == 0 && keeps(run, RULE_READER_CHAIN);
    note_risk(s, reader);
    reader->at = reader->by_chain ? READ_CHAIN : READ_MANIFEST;
    if (reader->view != 0 && reader->at == READ_MANIFEST) {
        compare(run, s, reader);
    }
    return true;
}

/* From the start. What a reader that shows nothing has met does not matter any more. */
static void look_again(struct reader *reader)
{
    forget_look(reader);
    if (reader->view == 0) {
        reader->doomed = 0;
    }
    reader->at = AWAY;
}

/* A file is not there: HEAD must have moved on. Who has gone back to a durable slot began with
 * another look: a loose slot that has changed says as much. */
static void miss(struct run *run, const struct state *s, struct reader *reader)
{
    if (!keeps(run, RULE_READER_RETRY)) {
        violate(run, "I7: nothing is called corrupt when nothing rotted");
    }
    const bool went_back = reader->by_chain && reader->loose != 0;
    const bool has_changed = newest_slot(s, DURABLE_SLOTS, SLOTS, NULL) != reader->loose;
    const uint8_t missed = went_back && has_changed ? 0 : reader->base;

    look_again(reader);
    reader->missed = missed;
}

static bool read_chain(struct run *run, struct state *s, struct reader *reader)
{
    if (s->folder[MANIFEST + s->commit[reader->base].generation].cache !=
        s->commit[reader->base].manifest) {
        say(run, "reader misses a manifest");
        miss(run, s, reader);
        return true;
    }
    reader->found = (uint8_t)chain_end(run, s, reader->base,
                                       reader->damaged && reader->base == reader->durable);
    reader->rolls = s->writer.at < IDLE;
    note_risk(s, reader);
    say(run, "reader follows the chain to commit %u", reader->found);
    reader->at = READ_MANIFEST;
    return true;
}

static bool read_manifest(struct run *run, struct state *s, struct reader *reader)
{
    const unsigned generation = s->commit[reader->found].generation;

    reader->manifest = s->folder[MANIFEST + generation].cache;
    say(run, "reader reads manifest %u of commit %u: %s", generation, reader->found,
        reader->manifest == 0 ? "missing" : "there");
    reader->at = READ_ARENAS;
    if (reader->manifest == 0) {
        miss(run, s, reader);
    }
    return true;
}

/* Whether the arenas of the manifest can all be opened. */
static bool map_arenas(const struct state *s, unsigned manifest, struct reader *reader)
{
    uint8_t files[ARENAS] = {0};

    for (unsigned a = 1; a < ARENAS; a++) {
        if ((s->commit[manifest].listed >> a & 1) == 0) {
            continue;
        }
        if (arena_file(s, a) == NULL) {
            return false;
        }
        files[a] = s->folder[ARENA + a].cache;
    }
    memcpy(reader->mapped, files, sizeof files);
    return true;
}

/* Takes the commit as the view. */
static void adopt(struct run *run, struct state *s, struct reader *reader)
{
    const unsigned found = reader->found;

    if (reader->view != 0 && !is_before(s, reader->view, found)) {
        if (!keeps(run, RULE_REFRESH_CHAIN)) {
            violate(run, "I11: a refresh builds on what the reader shows");
        }
        leave(reader); /* an error: open again */
        return;
    }
    if (!is_whole(s, found, reader->manifest)) {
        if (reader->doomed && s->promised.shaken != 0) {
            leave(reader);
            return;
        }
        violate(run, "I3: what a reader finds is whole");
        return;
    }
    if (reader->kept == 0 && !is_before(s, reader->floor, found)) {
        violate(run, "I11: a reader shows what was acknowledged before it looked, or later");
    }
    reader->doomed = s->promised.shaken != 0 && is_at_risk(s, reader);
    reader->rolled = reader->rolls;
    memcpy(reader->files, reader->mapped, sizeof reader->files);
    reader->view = (uint8_t)found;
    forget_look(reader);
    reader->floor = 0;
    reader->at = SHOWS;
}

/* The record of the commit, in the files that were mapped for it. */
static bool finds_record(const struct state *s, const struct reader *reader)
{
    const struct commit *commit = &s->commit[reader->found];
    const struct file *file = &s->file[reader->mapped[commit->record_arena]];
    const unsigned place = frontier(s, commit->parent, commit->record_arena);

    return file->cell[RECORD + place].cache == reader->found;
}

/* HEAD leads to a commit without a record: it has changed meanwhile, or a sync failed. Who opens
 * by a loose slot goes by the chain then. */
static void miss_record(struct run *run, struct state *s, struct reader *reader)
{
    const struct look now = read_head(run, s);

    say(run, "reader misses the record of commit %u", reader->found);
    if (reader->by_loose && reader->view == 0) {
        reader->base = reader->durable;
        reader->found = reader->base;
        reader->by_loose = 0;
        reader->by_chain = 1;
        memset(reader->mapped, 0, sizeof reader->mapped);
        reader->at = READ_CHAIN;
    } else if (now.durable != reader->durable || now.loose != reader->loose) {
        look_again(reader);
    } else if (reader->doomed && s->promised.shaken != 0) {
        leave(reader);
    } else {
        violate(run, "I7: nothing is called corrupt when nothing rotted");
    }
}

static bool must_look_again(const struct run *run, const struct reader *reader)
{
    return (reader->by_chain && keeps(run, RULE_READER_READS_AGAIN)) ||
           (reader->by_loose && keeps(run, RULE_READER_LOOSE_AGAIN));
}

static bool read_arenas(struct run *run, struct state *s, struct reader *reader)
{
    const unsigned found = reader->found;

    say(run, "reader maps the arenas of commit %u", found);
    if (map_arenas(s, reader->manifest, reader)) {
        if (reader->kept == 0 && !finds_record(s, reader)) {
            miss_record(run, s, reader);
        } else if (must_look_again(run, reader)) {
            reader->at = READ_AGAIN;
        } else {
            adopt(run, s, reader);
        }
        return true;
    }
    say(run, "reader misses an arena of commit %u", found);
    if (reader->kept != 0) {
        if (s->folder[KEPT + reader->kept].cache != 0) {
            violate(run, "I5: what a kept snapshot leads to is there");
        }
        leave(reader); /* it was dropped */
        return true;
    }
    miss(run, s, reader);
    return true;
}

/* A writer that opened the store meanwhile may have gone on from an older commit; and one that
 * lives may have written what it has not synced. */
static bool read_again(struct run *run, struct state *s, struct reader *reader)
{
    const struct look again = read_head(run, s);
    const bool is_same = again.durable == reader->durable && again.loose == reader->loose;

    say(run, "reader reads HEAD again: commit %u", again.commit);
    if (is_same || (reader->by_loose && is_before(s, reader->found, again.commit))) {
        adopt(run, s, reader);
    } else {
        look_again(reader);
    }
    return true;
}

/* Reads the file of a kept snapshot. */
static bool open_kept(struct run *run, struct state *s, struct reader *reader)
{
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
    leave(reader);
    reader->kept = (uint8_t)kept[choose(run, count)];
    reader->found = reader->kept;
    reader->manifest = s->commit[reader->kept].manifest;
    reader->at = READ_ARENAS;
    say(run, "reader opens the snapshot of commit %u", reader->kept);
    return true;
}

static bool look_or_leave(struct run *run, struct state *s, struct reader *reader)
{
    switch (reader->missed != 0 ? 0 : choose(run, 3)) {
    case 0:
        if (reader->missed == 0 && (reader->at == SHOWS || reader->floor == 0)) {
            reader->floor = s->promised.shaken != 0 ? 0 : s->promised.process;
        }
        return look(run, s, reader);
    case 1:
        say(run, "reader closes");
        leave(reader);
        return true;
    default:
        return reader->view == 0 && may(run, MAY_KEEP) && open_kept(run, s, reader);
    }
}

bool reader_step(struct run *run, struct state *s, struct reader *reader)
{
    switch (reader->at) {
    case READ_CHAIN:
        return read_chain(run, s, reader);
    case READ_MANIFEST:
        return read_manifest(run, s, reader);
    case READ_ARENAS:
        return read_arenas(run, s, reader);
    case READ_AGAIN:
        return read_again(run, s, reader);
    default:
        return look_or_leave(run, s, reader);
    }
}
