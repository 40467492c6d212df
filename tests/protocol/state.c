/* tests/protocol/state.c -- the first state, and what a state says.
 *
 * SPDX-License-Identifier: MIT
 */
#include "protocol/state.h"

#include <stdio.h>
#include <string.h>

static struct cell settled(unsigned value)
{
    return (struct cell){.cache = (uint8_t)value, .medium = (uint8_t)value};
}

void state_first(struct state *s)
{
    memset(s, 0, sizeof *s);
    s->commits = 1;
    s->commit[1] = (struct commit){.txn = 1,
                                   .generation = 1,
                                   .manifest = 1,
                                   .record_arena = 2,
                                   .other_arena = 1,
                                   .listed = 1 << 1 | 1 << 2,
                                   .unsealed = 1 << 2,
                                   .live = 1 << 1 | 1 << 2,
                                   .open = 2};
    s->head[0] = settled(1);
    s->folder[MANIFEST + 1] = settled(1);
    for (unsigned a = 1; a <= 2; a++) {
        s->folder[ARENA + a] = settled(a);
        s->file[a].cell[HEADER] = settled(1);
        s->file[a].cell[DATA] = settled(1);
    }
    s->file[2].cell[RECORD] = settled(1);
    s->promised.durable = 1;
    s->promised.process = 1;
}

bool is_before(const struct state *s, unsigned old, unsigned c)
{
    while (c > old) {
        c = s->commit[c].parent;
    }
    return c == old;
}

unsigned frontier(const struct state *s, unsigned c, unsigned a)
{
    unsigned count = 0;

    for (; c != 0; c = s->commit[c].parent) {
        count += s->commit[c].record_arena == a || s->commit[c].other_arena == a;
    }
    return count;
}

const struct file *arena_file(const struct state *s, unsigned a)
{
    const struct file *file = &s->file[s->folder[ARENA + a].cache];

    return s->folder[ARENA + a].cache != 0 && file->cell[HEADER].cache == 1 ? file : NULL;
}

static uint8_t value(struct cell cell, bool medium)
{
    return medium ? cell.medium & (uint8_t)~CLEAN : cell.cache;
}

/* Whether the extents of commit x that lie in `arenas` hold what it wrote. */
static bool holds_extents(const struct state *s, unsigned x, unsigned arenas, bool medium)
{
    const uint8_t in[2] = {s->commit[x].record_arena, s->commit[x].other_arena};

    for (unsigned i = 0; i < 2; i++) {
        if (in[i] == 0 || (arenas >> in[i] & 1) == 0) {
            continue;
        }
        const unsigned place = frontier(s, s->commit[x].parent, in[i]);
        const struct file *file = &s->file[value(s->folder[ARENA + in[i]], medium)];

        if (value(file->cell[DATA + place], medium) != x) {
            return false;
        }
    }
    return true;
}

static bool is_there(const struct state *s, unsigned c, unsigned manifest, bool medium)
{
    const struct commit *commit = &s->commit[c];

    if (manifest != commit->manifest) {
        return false;
    }
    for (unsigned a = 1; a < ARENAS; a++) {
        const unsigned file = value(s->folder[ARENA + a], medium);

        if ((commit->listed >> a & 1) != 0 &&
            (file == 0 || value(s->file[file].cell[HEADER], medium) != 1)) {
            return false;
        }
    }
    for (unsigned x = c; x != 0; x = s->commit[x].parent) {
        if (!holds_extents(s, x, commit->live, medium)) {
            return false;
        }
    }
    const unsigned place = frontier(s, commit->parent, commit->record_arena);

    const unsigned file = value(s->folder[ARENA + commit->record_arena], medium);

    return value(s->file[file].cell[RECORD + place], medium) == c;
}

bool is_whole(const struct state *s, unsigned c, unsigned manifest)
{
    return is_there(s, c, manifest, false);
}

bool is_whole_on_medium(const struct state *s, unsigned c)
{
    return is_there(s, c, value(s->folder[MANIFEST + s->commit[c].generation], true), true);
}

bool is_reached_on_medium(const struct state *s, unsigned c)
{
    for (unsigned x = c; x != 0; x = s->commit[x].parent) {
        const unsigned a = s->commit[x].record_arena;
        const unsigned file = value(s->folder[ARENA + a], true);
        const unsigned place = frontier(s, s->commit[x].parent, a);

        for (unsigned i = 0; i < DURABLE_SLOTS; i++) {
            if (value(s->head[i], true) == x) {
                return true;
            }
        }
        if (value(s->file[file].cell[RECORD + place], true) != x || s->commit[x].manifest == x ||
            !holds_extents(s, x, ~0U, true)) {
            return false;
        }
    }
    return false;
}

void state_tidy(struct state *s)
{
    bool used[FILES] = {true};

    for (unsigned a = 1; a < ARENAS; a++) {
        used[s->folder[ARENA + a].cache] = true;
        used[s->folder[ARENA + a].medium & (uint8_t)~CLEAN] = true;
    }
    for (unsigned r = 0; r < READERS; r++) {
        for (unsigned a = 1; a < ARENAS; a++) {
            used[s->reader[r].files[a]] = true;
            used[s->reader[r].mapped[a]] = true;
        }
    }
    for (unsigned f = 1; f < FILES; f++) {
        if (!used[f]) {
            memset(&s->file[f], 0, sizeof s->file[f]);
        }
    }
}

static void print_cell(struct cell cell)
{
    const unsigned medium = cell.medium & (unsigned)~CLEAN;

    if (cell.cache == medium) {
        printf("%u", cell.cache);
    } else {
        printf("%u%s%u", cell.cache, (cell.medium & CLEAN) != 0 ? "!" : "/", medium);
    }
}

static void print_cells(const char *title, const struct cell *cells, unsigned count)
{
    printf(" %s", title);
    for (unsigned i = 0; i < count; i++) {
        printf("%s", i == 0 ? "" : ",");
        print_cell(cells[i]);
    }
}

void state_print(const struct state *s)
{
    printf("     ");
    print_cells("HEAD=", s->head, SLOTS);
    print_cells("manifests=", s->folder + MANIFEST + 1, COMMITS - 1);
    print_cells("kept=", s->folder + KEPT + 1, COMMITS - 1);
    for (unsigned a = 1; a < ARENAS; a++) {
        if (s->folder[ARENA + a].cache != 0 || s->folder[ARENA + a].medium != 0) {
            const struct file *file = &s->file[s->folder[ARENA + a].cache];

            printf(" | arena %u: file ", a);
            print_cell(s->folder[ARENA + a]);
            print_cells("records=", file->cell + RECORD, PLACES);
            print_cells("data=", file->cell + DATA, PLACES);
        }
    }
    printf("\n");
}
