/* bench/join.c -- sub-command join: pairs of boxes that meet, of two sets or of one with itself.
 *
 * Two sets of small boxes, about one match for each. Who has no join asks with one window for
 * each item of the second set, in Hilbert order, so that windows that follow each other lie side by
 * side. Building is not counted.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "clock.h"
#include "data.h"
#include "orders.h"

#include <stdlib.h>
#include <string.h>

enum { joiners_max = 16 };

static const double seconds_most = 10.0; /* what takes longer is measured once */

struct joiner {
    const struct contestant *contestant;
    void *a, *b;
    struct series two; /* seconds, a with b */
    struct series one; /* a with itself */
};

struct joining {
    const struct settings *settings;
    struct dataset a, b;
    struct rows a_rows, b_rows; /* in Hilbert order */
    size_t count;
    struct joiner joiners[joiners_max];
    struct join_answer two, one;
    uint64_t *ids;
};

static bool joins(const struct contestant *contestant, const struct dataset *data)
{
    bool is_slow = contestant->build == NULL || contestant->is_linear;
    bool can_ask = contestant->window != NULL && !is_slow && !contestant->is_float32;
    return (contestant->join != NULL || can_ask) && contestant_takes(contestant, data);
}

static void *built_from(const struct contestant *contestant, const struct dataset *data,
                        const struct rows *rows)
{
    if (contestant->build != NULL)
        return contestant_build(contestant, data, 1);
    void *built = contestant->create(data);
    contestant->insert(built, rows);
    return built;
}

static void joiners_list(struct joining *joining)
{
    for (size_t i = 0; contestants[i] != NULL; i++) {
        const struct contestant *contestant = contestants[i];
        if (!joins(contestant, &joining->a))
            continue;
        if (joining->count == joiners_max)
            bench_die("more than %d contestants", (int)joiners_max);
        joining->joiners[joining->count++] =
            (struct joiner){.contestant = contestant,
                            .a = built_from(contestant, &joining->a, &joining->a_rows),
                            .b = built_from(contestant, &joining->b, &joining->b_rows)};
    }
}

/* One window for each row. */
static struct join_answer rows_join(const struct joining *joining, const struct joiner *joiner,
                                    const struct rows *rows, bool is_self)
{
    struct join_answer answer = {0, 0};
    uint64_t *ids = joining->ids;
    for (size_t i = 0; i < rows->count; i++) {
        size_t met = joiner->contestant->window(joiner->a, 0, rows->coords + 4 * i, ids);
        for (size_t j = 0; j < met; j++) {
            if (is_self && ids[j] >= rows->ids[i])
                continue;
            answer.pairs++;
            answer.sum += hash_pair(ids[j], rows->ids[i]);
        }
    }
    return answer;
}

/* Of `a` with `b`, whose rows are given, or with itself. */
static struct join_answer join(const struct joining *joining, const struct joiner *joiner,
                               bool is_self)
{
    const struct rows *rows = is_self ? &joining->a_rows : &joining->b_rows;
    void *other = is_self ? joiner->a : joiner->b;
    if (joiner->contestant->join != NULL)
        return joiner->contestant->join(joiner->a, other, rows);
    return rows_join(joining, joiner, rows, is_self);
}

/* The first round is the warm-up, in which the answers are compared. */
static void joiner_round(struct joining *joining, struct joiner *joiner, unsigned round)
{
    if (joiner->two.count > 0 && joiner->two.values[0] > seconds_most)
        return;
    uint64_t start = settings_now_ns(joining->settings);
    struct join_answer two = join(joining, joiner, false);
    uint64_t middle = settings_now_ns(joining->settings);
    struct join_answer one = join(joining, joiner, true);
    uint64_t end = settings_now_ns(joining->settings);
    if (round == 0 && joiner == joining->joiners) {
        joining->two = two;
        joining->one = one;
    }
    if (two.pairs != joining->two.pairs || two.sum != joining->two.sum ||
        one.pairs != joining->one.pairs || one.sum != joining->one.sum)
        bench_die("%s and %s join to different pairs", joiner->contestant->name,
                  joining->joiners[0].contestant->name);
    if (round == 0)
        return;
    series_add(&joiner->two, (double)(middle - start) * 1e-9);
    series_add(&joiner->one, (double)(end - middle) * 1e-9);
}

static const struct joiner *joiner_peer(const struct joining *joining)
{
    for (size_t i = 0; i < joining->count; i++) {
        if (joining->joiners[i].contestant != contestants[0])
            return &joining->joiners[i];
    }
    return NULL;
}

static void cell_print(const struct joining *joining, const struct joiner *joiner, bool is_two)
{
    const struct joiner *peer = joiner_peer(joining);
    const struct series *own = is_two ? &joiner->two : &joiner->one;
    struct series speed = {0};
    char text[64] = "";
    if (peer != NULL && peer != joiner) {
        series_ratio(is_two ? &peer->two : &peer->one, own, &speed);
        report_spread(&speed, text);
    }
    fprintf(joining->settings->report.markdown, " %.3f | %s |", series_median(own), text);
    struct result result = {.benchmark = is_two ? "join" : "self-join",
                            .data = joining->a.name,
                            .contestant = joiner->contestant->name,
                            .way = "",
                            .unit = "s",
                            .items = joining->a.count,
                            .series = own,
                            .ratio = speed.count > 0 ? &speed : NULL};
    report_result(&joining->settings->report, &result);
}

static void joining_print(const struct joining *joining)
{
    FILE *out = joining->settings->report.markdown;
    const struct joiner *peer = joiner_peer(joining);
    char items[32];
    char two[32];
    char one[32];
    fprintf(out,
            "Two sets of %s small boxes, one thread, all pairs delivered; building is not counted. "
            "The others ask with\none window for each box, in Hilbert order. Pairs: %s of two "
            "sets, %s of one with itself.\n\n",
            report_grouped((double)joining->a.count, items),
            report_grouped((double)joining->two.pairs, two),
            report_grouped((double)joining->one.pairs, one));
    fprintf(out,
            "| library | two sets: seconds | times as fast as %s | with itself: seconds | times as "
            "fast |\n|---|---|---|---|---|\n",
            peer != NULL ? peer->contestant->name : "none");
    for (size_t i = 0; i < joining->count; i++) {
        fprintf(out, "| %s |", joining->joiners[i].contestant->name);
        cell_print(joining, &joining->joiners[i], true);
        cell_print(joining, &joining->joiners[i], false);
        fprintf(out, "\n");
    }
    fflush(out);
}

void bench_join(const struct settings *settings)
{
    static struct joining joining;
    size_t items = (size_t)settings_items(settings, 200000, 1000000);
    unsigned rounds = settings->rounds > 0 ? settings->rounds : 5;
    memset(&joining, 0, sizeof joining);
    joining.settings = settings;
    data_make_boxes(&joining.a, items, settings->seed);
    data_make_boxes(&joining.b, items, settings->seed + 1000);
    rows_make(&joining.a_rows, &joining.a, ORDER_HILBERT, settings->seed);
    rows_make(&joining.b_rows, &joining.b, ORDER_HILBERT, settings->seed);
    joining.ids = calloc(items + WINDOW_SLACK, sizeof *joining.ids);
    if (joining.ids == NULL)
        bench_die("out of memory");
    joiners_list(&joining);
    clock_pin();
    for (unsigned round = 0; round <= rounds; round++) {
        for (size_t i = 0; i < joining.count; i++)
            joiner_round(&joining, &joining.joiners[i], round);
    }
    clock_unpin();
    joining_print(&joining);
    contestants_left_out(settings->report.markdown, &joining.a);
    free(joining.ids);
    for (size_t i = 0; i < joining.count; i++) {
        joining.joiners[i].contestant->destroy(joining.joiners[i].a);
        joining.joiners[i].contestant->destroy(joining.joiners[i].b);
    }
    rows_release(&joining.a_rows);
    rows_release(&joining.b_rows);
    data_release(&joining.a);
    data_release(&joining.b);
}
