/* bench/mixed.c -- sub-command mixed: how long each operation takes where readers and changes mix.
 *
 * Of 100 operations on points, 80 are windows of about 100 results, 10 moves to random places, 5
 * insertions and 5 removals, in random order, in one thread. Every library does the same ones. Its
 * windows must see every change that came before: ours publishes after each. A second line of ours
 * publishes after every 1,000 changes, as one does where readers need not see the newest state.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "clock.h"
#include "data.h"
#include "histogram.h"
#include "orders.h"

#include <stdlib.h>
#include <string.h>

enum { players_max = 16, kinds = 2, quantiles = 5, seldom = 1000, window_target = 100 };

static const char *const kind_names[kinds] = {"mixed, windows", "mixed, changes"};

static const struct quantile {
    const char *name;
    double share;
} levels[quantiles] = {
    {"p50",   0.5  },
    {"p90",   0.9  },
    {"p99",   0.99 },
    {"p99.9", 0.999},
    {"max",   1.0  }
};

/* What is done, to whom, and where. */
struct operation {
    enum action { ACTION_WINDOW, ACTION_MOVE, ACTION_INSERT, ACTION_REMOVE } action;
    uint64_t id;
    double from[2];
    double to[2];
    double window[4];
};

struct player {
    const struct contestant *contestant;
    char name[96];
    size_t settle_every; /* changes */
    size_t pending;
    void *index;
    uint64_t found; /* by the windows of the current round */
    struct histogram times[kinds];
    struct series ns[kinds][quantiles];
    struct series speed; /* operations per second */
};

struct mixture {
    const struct settings *settings;
    struct dataset data;
    double *places; /* of every id that has been used */
    uint64_t *alive;
    size_t alive_count;
    uint64_t id_next;
    size_t operation_count;
    struct operation *operations;
    uint64_t *ids;
    size_t count;
    struct player players[players_max];
};

/* ---- the operations ------------------------------------------------------------------------ */

static void place_change(struct mixture *mixture, struct operation *operation, uint64_t number)
{
    operation->id = mixture->id_next;
    if (operation->action != ACTION_INSERT) {
        double at = data_unit(mixture->settings->seed + 21, number);
        size_t slot = (size_t)(at * (double)mixture->alive_count);
        operation->id = mixture->alive[slot];
        memcpy(operation->from, mixture->places + 2 * operation->id, sizeof operation->from);
        if (operation->action == ACTION_REMOVE)
            mixture->alive[slot] = mixture->alive[--mixture->alive_count];
    } else {
        mixture->alive[mixture->alive_count++] = mixture->id_next++;
    }
    data_uniform_point(mixture->settings->seed + 22, number, operation->to);
    memcpy(mixture->places + 2 * operation->id, operation->to, sizeof operation->to);
}

static void operations_make(struct mixture *mixture, unsigned round)
{
    for (size_t i = 0; i < mixture->operation_count; i++) {
        struct operation *operation = &mixture->operations[i];
        uint64_t number = round * mixture->operation_count + i;
        double die = data_unit(mixture->settings->seed + 20, number);
        operation->action = die < 0.8    ? ACTION_WINDOW
                            : die < 0.9  ? ACTION_MOVE
                            : die < 0.95 ? ACTION_INSERT
                                         : ACTION_REMOVE;
        if (operation->action == ACTION_WINDOW)
            window_uniform(mixture->data.count, window_target, mixture->settings->seed + 23, number,
                           operation->window);
        else
            place_change(mixture, operation, number);
    }
}

/* ---- the players --------------------------------------------------------------------------- */

static void player_add(struct mixture *mixture, const struct contestant *contestant,
                       size_t settle_every, const char *label)
{
    if (mixture->count == players_max)
        bench_die("more than %d libraries", (int)players_max);
    struct player *player = &mixture->players[mixture->count++];
    memset(player, 0, sizeof *player);
    player->contestant = contestant;
    player->settle_every = settle_every;
    snprintf(player->name, sizeof player->name, "%s%s", contestant->name, label);
}

static void players_list(struct mixture *mixture)
{
    mixture->count = 0;
    for (size_t i = 0; contestants[i] != NULL; i++) {
        const struct contestant *contestant = contestants[i];
        if (contestant->create == NULL || contestant->remove == NULL || contestant->move == NULL ||
            contestant->window == NULL || contestant->own_ns != NULL ||
            !contestant_takes(contestant, &mixture->data))
            continue;
        player_add(mixture, contestant, 1, "");
        if (i == 0)
            player_add(mixture, contestant, seldom, ", a publish every 1,000");
    }
}

static void players_grow(struct mixture *mixture)
{
    struct rows rows;
    rows_make(&rows, &mixture->data, ORDER_RANDOM, mixture->settings->seed);
    for (size_t i = 0; i < mixture->count; i++) {
        struct player *player = &mixture->players[i];
        player->index = player->contestant->create(&mixture->data);
        player->contestant->insert(player->index, &rows);
        if (player->contestant->settle != NULL)
            player->contestant->settle(player->index);
    }
    rows_release(&rows);
}

static void change_play(struct player *player, struct operation *operation)
{
    const struct contestant *contestant = player->contestant;
    struct rows from = {.count = 1, .coords = operation->from, .ids = &operation->id};
    struct rows to = {.count = 1, .coords = operation->to, .ids = &operation->id};
    if (operation->action == ACTION_MOVE)
        contestant->move(player->index, &from, &to);
    else if (operation->action == ACTION_INSERT)
        contestant->insert(player->index, &to);
    else
        contestant->remove(player->index, &from);
    if (contestant->settle != NULL && ++player->pending == player->settle_every) {
        contestant->settle(player->index);
        player->pending = 0;
    }
}

/* The last walker is the fastest that this processor can take. */
static unsigned walker_of(const struct player *player)
{
    unsigned best = 0;
    for (unsigned i = 0; player->contestant->walkers[i] != NULL; i++) {
        if (contestant_can_walk(player->contestant, player->index, i))
            best = i;
    }
    return best;
}

static void player_round(struct mixture *mixture, struct player *player)
{
    const struct contestant *contestant = player->contestant;
    unsigned walker = walker_of(player);
    uint64_t start = settings_now_ns(mixture->settings);
    uint64_t before = start;
    player->found = 0;
    for (size_t i = 0; i < kinds; i++)
        histogram_clear(&player->times[i]);
    for (size_t i = 0; i < mixture->operation_count; i++) {
        struct operation *operation = &mixture->operations[i];
        bool is_window = operation->action == ACTION_WINDOW;
        if (is_window)
            player->found +=
                contestant->window(player->index, walker, operation->window, mixture->ids);
        else
            change_play(player, operation);
        uint64_t now = settings_now_ns(mixture->settings);
        histogram_add(&player->times[is_window ? 0 : 1], now - before);
        before = now;
    }
    series_add(&player->speed, (double)mixture->operation_count * 1e9 / (double)(before - start));
    for (size_t kind = 0; kind < kinds; kind++) {
        for (size_t i = 0; i < quantiles; i++)
            series_add(&player->ns[kind][i],
                       (double)histogram_quantile(&player->times[kind], levels[i].share));
    }
}

/* Where every change is seen at once, all find the same; 32 bits of a coordinate may differ. */
static void founds_compare(const struct mixture *mixture)
{
    for (size_t i = 1; i < mixture->count; i++) {
        const struct player *player = &mixture->players[i];
        if (player->settle_every == 1 && !player->contestant->is_float32 &&
            player->found != mixture->players[0].found)
            bench_die("%s and %s find different numbers of items", player->name,
                      mixture->players[0].name);
    }
}

/* ---- telling ------------------------------------------------------------------------------- */

static void kind_print(const struct mixture *mixture, const struct player *player, size_t kind)
{
    char text[32];
    for (size_t i = 0; i < quantiles; i++) {
        const struct series *ns = &player->ns[kind][i];
        fprintf(mixture->settings->report.markdown, " %s |",
                report_grouped(series_median(ns), text));
        struct result result = {.benchmark = kind_names[kind],
                                .data = mixture->data.name,
                                .contestant = player->name,
                                .way = levels[i].name,
                                .unit = "ns",
                                .items = mixture->data.count,
                                .series = ns};
        report_result(&mixture->settings->report, &result);
    }
}

static void mixture_print(const struct mixture *mixture)
{
    FILE *out = mixture->settings->report.markdown;
    char text[2][32];
    fprintf(out,
            "%s uniform points; of 100 operations 80 are windows of about %d results, 10 moves, 5 "
            "insertions, 5 removals, in\none thread; %s operations in a round. Nanoseconds of one "
            "operation, medians over the rounds.\n\n"
            "| library | operations/s | window p50 | p90 | p99 | p99.9 | most | change p50 | p90 | "
            "p99 | p99.9 | most |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n",
            report_grouped((double)mixture->data.count, text[0]), (int)window_target,
            report_grouped((double)mixture->operation_count, text[1]));
    for (size_t i = 0; i < mixture->count; i++) {
        const struct player *player = &mixture->players[i];
        fprintf(out, "| %s | %s |", player->name,
                report_grouped(series_median(&player->speed), text[0]));
        struct result result = {.benchmark = "mixed",
                                .data = mixture->data.name,
                                .contestant = player->name,
                                .way = "",
                                .unit = "operations/s",
                                .items = mixture->data.count,
                                .series = &player->speed};
        report_result(&mixture->settings->report, &result);
        for (size_t kind = 0; kind < kinds; kind++)
            kind_print(mixture, player, kind);
        fprintf(out, "\n");
    }
    fflush(out);
}

/* ---- the sub-command ----------------------------------------------------------------------- */

static void mixture_begin(struct mixture *mixture, const struct settings *settings, unsigned rounds)
{
    memset(mixture, 0, sizeof *mixture);
    mixture->settings = settings;
    data_make_uniform(&mixture->data, (size_t)settings_items(settings, 100000, 1000000),
                      settings->seed);
    size_t items = mixture->data.count;
    mixture->operation_count = items / 5;
    size_t most = items + rounds * mixture->operation_count; /* ids that can ever be used */
    mixture->places = calloc(most, 2 * sizeof *mixture->places);
    mixture->alive = calloc(most, sizeof *mixture->alive);
    mixture->operations = calloc(mixture->operation_count, sizeof *mixture->operations);
    mixture->ids = calloc(most + WINDOW_SLACK, sizeof *mixture->ids);
    if (mixture->places == NULL || mixture->alive == NULL || mixture->operations == NULL ||
        mixture->ids == NULL)
        bench_die("out of memory");
    memcpy(mixture->places, mixture->data.coords, 2 * items * sizeof *mixture->places);
    for (size_t i = 0; i < items; i++)
        mixture->alive[i] = i;
    mixture->alive_count = items;
    mixture->id_next = items;
}

static void mixture_end(struct mixture *mixture)
{
    for (size_t i = 0; i < mixture->count; i++)
        mixture->players[i].contestant->destroy(mixture->players[i].index);
    free(mixture->places);
    free(mixture->alive);
    free(mixture->operations);
    free(mixture->ids);
    data_release(&mixture->data);
}

void bench_mixed(const struct settings *settings)
{
    static struct mixture mixture;
    unsigned rounds = settings->rounds > 0 ? settings->rounds : 3;
    mixture_begin(&mixture, settings, rounds);
    players_list(&mixture);
    players_grow(&mixture);
    clock_pin();
    for (unsigned round = 0; round < rounds; round++) {
        operations_make(&mixture, round);
        for (size_t i = 0; i < mixture.count; i++)
            player_round(&mixture, &mixture.players[i]);
        founds_compare(&mixture);
    }
    clock_unpin();
    mixture_print(&mixture);
    mixture_end(&mixture);
}
