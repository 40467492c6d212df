/* bench/join.c -- sub-command join: pairs of boxes that meet, of two sets or of one with itself.
 *
 * Two sets of small boxes, about one match for each. The peers have no join: they ask with one
 * window for each item of the second set, in Hilbert order, so that windows that follow each other
 * lie side by side. Building is not counted.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "clock.h"
#include "data.h"
#include "orders.h"

#include <string.h>

enum { joiners_max = 8 };

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
};

static void *built_from(const struct contestant *contestant, const struct dataset *data,
                        const struct rows *rows)
{
    if (contestant->build != NULL) {
        void *prepared = contestant->prepare(data);
        void *built = contestant->build(prepared, 0, 1);
        contestant->unprepare(prepared);
        return built;
    }
    void *built = contestant->create(data);
    contestant->insert(built, rows);
    return built;
}

static void joiners_list(struct joining *joining)
{
    for (size_t i = 0; contestants[i] != NULL; i++) {
        const struct contestant *contestant = contestants[i];
        if (contestant->join == NULL)
            continue;
        if (joining->count == joiners_max)
            bench_die("more than %d contestants", (int)joiners_max);
        joining->joiners[joining->count++] =
            (struct joiner){.contestant = contestant,
                            .a = built_from(contestant, &joining->a, &joining->a_rows),
                            .b = built_from(contestant, &joining->b, &joining->b_rows)};
    }
}

/* The first round is the warm-up, in which the answers are compared. */
static void joiner_round(struct joining *joining, struct joiner *joiner, unsigned round)
{
    const struct contestant *contestant = joiner->contestant;
    uint64_t start = settings_now_ns(joining->settings);
    struct join_answer two = contestant->join(joiner->a, joiner->b, &joining->b_rows);
    uint64_t middle = settings_now_ns(joining->settings);
    struct join_answer one = contestant->join(joiner->a, joiner->a, &joining->a_rows);
    uint64_t end = settings_now_ns(joining->settings);
    if (round == 0 && joiner == joining->joiners) {
        joining->two = two;
        joining->one = one;
    }
    if (two.pairs != joining->two.pairs || two.sum != joining->two.sum ||
        one.pairs != joining->one.pairs || one.sum != joining->one.sum)
        bench_die("%s and %s join to different pairs", contestant->name,
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
    joiners_list(&joining);
    clock_pin();
    for (unsigned round = 0; round <= rounds; round++) {
        for (size_t i = 0; i < joining.count; i++)
            joiner_round(&joining, &joining.joiners[i], round);
    }
    clock_unpin();
    joining_print(&joining);
    for (size_t i = 0; i < joining.count; i++) {
        joining.joiners[i].contestant->destroy(joining.joiners[i].a);
        joining.joiners[i].contestant->destroy(joining.joiners[i].b);
    }
    rows_release(&joining.a_rows);
    rows_release(&joining.b_rows);
    data_release(&joining.a);
    data_release(&joining.b);
}
