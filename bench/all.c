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

static void tree_itself(const struct settings *settings)
{
    fprintf(settings->report.markdown,
            "Not times: these numbers are the same on every machine. Windows and nearest are the "
            "64-byte lines that one\nquery reads, as a mean; bytes are copied where 1,000 changes "
            "are published together. `bench/README.md`\nsays what data and trees these are, and "
            "`xtree-bench quality` prints more of them.\n\n");
    bench_quality_table(settings);
}

/* Those that measure memory or start processes come first, while this process is small. */
void bench_all(const struct settings *settings)
{
    struct settings larger = *settings;
    larger.items = 10000000;
    head_print(settings);
    part(settings, "Opening", bench_open);
    part(settings, "Durable commits", bench_commit);
    part(settings, "Publishing", bench_publish);
    part(settings, "Readers beside a writer", bench_readers);
    part(settings, "Changes without end", bench_steady);
    part(settings, "Loading with a memory limit", bench_memory_limit);
    part(settings, "Bulk loading", bench_bulk);
    part(settings, "Window queries", bench_window);
    part(settings, "Inserting and removing", bench_insert);
    if (!settings->is_quick) {
        fputc('\n', settings->report.markdown);
        bench_insert(&larger);
    }
    part(settings, "Moving", bench_move);
    part(settings, "Nearest neighbours", bench_nearest);
    if (!settings->is_quick) {
        fputc('\n', settings->report.markdown);
        bench_nearest(&larger);
    }
    part(settings, "Many windows at once", bench_batch);
    part(settings, "Joins", bench_join);
    part(settings, "What supernodes save", bench_supernodes);
    part(settings, "The tree itself", tree_itself);
}
