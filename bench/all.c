/* bench/all.c -- sub-command all: every measurement after the other, as one document.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

#include <string.h>

static void head_print(const struct settings *settings)
{
    FILE *out = settings->report.markdown;
    fprintf(out, "# Benchmarks\n\n"
                 "Written by `xtree-bench all`; do not edit. Times vary from machine to machine: "
                 "read the ratios,\n"
                 "which are of runs side by side, round by round. In parentheses: the least and "
                 "the most of all rounds.\n\n");
    report_machine_markdown(&settings->report, settings->seed);
    fprintf(out, "\nOur library is compiled as it is shipped (`-O3`, no `-march`) and chooses its "
                 "kernels when it runs.\n\n"
                 "To repeat: `make bench` (a quick run), or `bench/run.sh build/bench --full`.\n"
                 "`bench/README.md` says what each part does.\n");
    if (settings->is_quick)
        fprintf(out, "\nThis is a quick run, with fewer items than a full one.\n");
}

static void part(const struct settings *settings, const char *title,
                 void (*run)(const struct settings *))
{
    fprintf(settings->report.markdown, "\n## %s\n\n", title);
    fflush(settings->report.markdown);
    fprintf(stderr, "xtree-bench: %s\n", title);
    run(settings);
}

/* Those that measure memory or start processes come first, while this process is small. */
void bench_all(const struct settings *settings)
{
    head_print(settings);
    part(settings, "Opening", bench_open);
    part(settings, "Loading with a memory limit", bench_memory_limit);
    part(settings, "Bulk loading", bench_bulk);
    part(settings, "Window queries", bench_window);
    fprintf(settings->report.markdown,
            "\n## The tree itself\n\n"
            "Not times: these numbers are the same on every machine. Windows are means of 1,000; "
            "`lines` are\n64-byte lines that were read. "
            "`bench/expected/quality.csv` holds those that the tests compare.\n\n```\n");
    bench_quality(settings);
    fprintf(settings->report.markdown, "```\n");
    fflush(settings->report.markdown);
}
