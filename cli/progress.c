/* cli/progress.c -- a progress bar with rate and remaining time.
 *
 *     reading   ━━━━━━━━━━━━━━━━━━━━━━╸───────────────────  54 %  3.12 M items  4.1 M/s  0:02 left
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define REDRAW_SECONDS 0.1
#define TEXT_COLUMNS 60 /* everything but the bar */
#define BAR_COLUMNS_MAX 40

double progress_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static bool terminal_is_unicode(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && value[0] != '\0')
            return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
    }
    return false;
}

void progress_begin(struct progress *progress)
{
    *progress = (struct progress){
        .started = progress_seconds(),
        .is_terminal = isatty(STDERR_FILENO) != 0,
        .is_unicode = terminal_is_unicode(),
    };
}

static unsigned bar_columns(void)
{
    struct winsize window;
    unsigned columns = 80;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
        columns = window.ws_col;
    if (columns <= TEXT_COLUMNS)
        return 0;
    return columns - TEXT_COLUMNS < BAR_COLUMNS_MAX ? columns - TEXT_COLUMNS : BAR_COLUMNS_MAX;
}

static void draw_bar(const struct progress *progress, double fraction)
{
    unsigned columns = bar_columns();
    unsigned full = (unsigned)(fraction * columns);

    for (unsigned i = 0; i < columns; i++) {
        const char *cell = i < full ? (progress->is_unicode ? "\u2501" : "=")
                                    : (progress->is_unicode ? "\u2500" : "-");

        if (i == full && progress->is_unicode)
            cell = "\u2578";
        fputs(cell, stderr);
    }
}

/* Three significant digits with a unit: 999, 1.23 k, 45.6 M. */
static void draw_count(double count, const char *unit)
{
    static const char *const scales[] = {"", " k", " M", " G"};
    size_t scale = 0;

    while (count >= 999.5 && scale + 1 < sizeof scales / sizeof scales[0]) {
        count /= 1000;
        scale++;
    }
    fprintf(stderr, "  %.*f%s%s",
            scale == 0 || count >= 99.95 ? 0
            : count >= 9.995             ? 1
                                         : 2,
            count, scales[scale], unit);
}

static void draw_remaining(double seconds)
{
    unsigned long left = (unsigned long)(seconds + 0.5);

    if (left >= 3600)
        fprintf(stderr, "  %lu:%02lu:%02lu left", left / 3600, left / 60 % 60, left % 60);
    else
        fprintf(stderr, "  %lu:%02lu left", left / 60, left % 60);
}

static void draw(struct progress *progress, uint64_t done, uint64_t total, uint64_t items)
{
    double elapsed = progress->drawn - progress->phase_started;
    double fraction = total > 0 ? (double)done / (double)total : 0;

    if (fraction > 1)
        fraction = 1;
    fprintf(stderr, "\r\033[K%-9s ", progress->label);
    if (total > 0) {
        draw_bar(progress, fraction);
        fprintf(stderr, " %3.0f %%", fraction * 100);
    }
    if (items > 0) {
        draw_count((double)items, " items");
        if (elapsed > REDRAW_SECONDS)
            draw_count((double)items / elapsed, "/s");
    }
    if (fraction > 0 && elapsed > 1)
        draw_remaining(elapsed / fraction * (1 - fraction));
    fflush(stderr);
    progress->is_visible = true;
}

void progress_show(struct progress *progress, const char *label, uint64_t done, uint64_t total,
                   uint64_t items)
{
    double now;

    if (!progress->is_terminal)
        return;
    now = progress_seconds();
    if (progress->label != label) {
        progress->label = label;
        progress->phase_started = now;
    } else if (now - progress->drawn < REDRAW_SECONDS) {
        return;
    }
    progress->drawn = now;
    draw(progress, done, total, items);
}

void progress_hide(struct progress *progress)
{
    if (!progress->is_visible)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->is_visible = false;
    progress->label = NULL;
}
