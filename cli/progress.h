/* cli/progress.h -- a progress bar on standard error; nothing at all when that is no terminal.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *label; /* of the phase on show; NULL: none */
    double started;    /* seconds of progress_seconds() */
    double phase_started, drawn;
    bool is_terminal, is_unicode, is_visible;
};

/* Seconds of a clock that only goes forward. */
double progress_seconds(void);

void progress_begin(struct progress *progress);

/* Shows that `done` of `total` are done (total 0: unknown) and `items` items have been handled.
 * Cheap when called often: draws at most every tenth of a second. A new label begins a phase. */
void progress_show(struct progress *progress, const char *label, uint64_t done, uint64_t total,
                   uint64_t items);

/* Removes the bar, so that a message can stand in its place. */
void progress_hide(struct progress *progress);

#endif
