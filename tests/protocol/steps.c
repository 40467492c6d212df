/* tests/protocol/steps.c -- which steps there are, and what must hold in every state.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "protocol/model.h"

unsigned choose(struct run *run, unsigned options)
{
    if (run->used == CHOICES) {
        violate(run, "the model has too few choices");
        return 0;
    }
    const unsigned i = run->used++;

    run->options[i] = (unsigned char)options;
    if (i >= run->given) {
        run->choice[i] = 0;
        run->given = run->used;
    }
    return run->choice[i];
}

void say(struct run *run, const char *format, ...)
{
    va_list list;

    if (run->telling) {
        va_start(list, format);
        vsnprintf(run->label, sizeof run->label, format, list);
        va_end(list);
    }
}

void violate(struct run *run, const char *invariant)
{
    if (run->violation == NULL) {
        run->violation = invariant;
    }
}

/* The writer's process dies. What it was just writing may be there in part. */
static bool kill_writer(struct run *run, struct state *s)
{
    if (s->writer.at == NO_WRITER) {
        return false;
    }
    struct cell *slot = slot_to_write(run, s);
    const bool is_torn = slot != NULL && choose(run, 2) == 1;

    say(run, "the writer's process dies%s", is_torn ? " in the middle of the slot" : "");
    if (is_torn) {
        cell_write(run, slot, DAMAGED);
    }
    memset(&s->writer, 0, sizeof s->writer);
    return true;
}

static bool is_quiet(const struct state *s)
{
    return s->writer.at == NO_WRITER && s->reader[0].at == 0 && s->reader[1].at == 0;
}

bool any_step(struct run *run, struct state *s)
{
    const bool rotten = s->promised.rotten != 0 || s->promised.rotten_head != 0;

    switch (choose(run, 5 + run->scope->readers)) {
    case 0:
        return writer_step(run, s);
    case 1:
        return kill_writer(run, s);
    case 2:
        if (rotten) {
            return false;
        }
        say(run, "the power fails");
        power_loss(run, s);
        return true;
    case 3:
        return evict(run, s);
    case 4:
        return may(run, MAY_ROT) && !rotten && s->promised.failures == 0 && is_quiet(s) &&
               rot(run, s);
    case 5:
        return reader_step(run, s, &s->reader[0]);
    default:
        return reader_step(run, s, &s->reader[1]);
    }
}

static void check_kept(struct run *run, const struct state *s)
{
    for (unsigned c = 1; c < COMMITS; c++) {
        const unsigned kept = s->folder[KEPT + c].cache;

        if (kept != 0 && (kept == 2 || !is_whole(s, c, s->commit[c].manifest))) {
            violate(run, "I5: what a kept snapshot leads to is there");
        }
        if (kept == 0 && (s->promised.kept >> c & 1) != 0) {
            violate(run, "I5: an acknowledged kept snapshot stays");
        }
        if (kept != 0 && (s->promised.dropped >> c & 1) != 0) {
            violate(run, "I5: a dropped snapshot does not come back");
        }
    }
}

static void check_leftovers(struct run *run, const struct state *s)
{
    const struct writer *w = &s->writer;
    const unsigned before = s->commit[s->commit[s->commit[w->tip].manifest].parent].manifest;
    const unsigned needed =
        s->commit[w->tip].listed | s->commit[before].listed | pinned_arenas(run, s);

    for (unsigned a = 1; a < ARENAS; a++) {
        if (s->folder[ARENA + a].cache != 0 && (needed >> a & 1) == 0) {
            violate(run, "I6: no file stays that nothing needs");
        }
    }
}

void check_always(struct run *run, const struct state *s)
{
    if (s->promised.rotten == 0) {
        check_kept(run, s);
    }
    for (unsigned r = 0; r < READERS && s->promised.rotten == 0; r++) {
        const struct reader *reader = &s->reader[r];

        if (reader->view != 0 && !reader->doomed && !sees_its_view(s, reader)) {
            violate(run, "I10: a snapshot that a reader holds stays as it is");
        }
    }
    /* A name whose removal a failed sync has lost comes back at any time; the next writer removes
     * it. */
    if (s->writer.at == IDLE && s->writer.tip == s->writer.synced && s->promised.failures == 0) {
        check_leftovers(run, s);
    }
}
