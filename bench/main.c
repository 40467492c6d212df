/* bench/main.c -- xtree-bench: reads the command line and runs one sub-command.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "clock.h"
#include "data.h"
#include "sets.h"

#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: xtree-bench COMMAND [OPTION]...\n"
    "\n"
    "  bulk          building from all points at once, beside all peers\n"
    "  window        window queries per second, beside all peers\n"
    "  insert        adding and removing item by item, beside trees that grow\n"
    "  nearest       nearest neighbours, beside kd-trees and others\n"
    "  move          moving points, beside Boost\n"
    "  join          pairs of boxes that meet, beside a window for each\n"
    "  batch         many windows in one call, beside one after the other\n"
    "  supernodes    what they save in 8 and 16 dimensions\n"
    "  open          opening in a new process, beside LMDB and others\n"
    "  commit        durable commits of 1, 100, 10,000 points, beside SQLite and LMDB\n"
    "  publish       making changes visible, beside making them\n"
    "  readers       what a reader loses while a writer commits\n"
    "  steady        a store whose items move for ever: its files, its commits\n"
    "  growth        one insertion in each commit: files, arenas, addresses\n"
    "  memory-limit  loading with a memory limit\n"
    "  high          the 10 nearest in 8 to 64 dimensions\n"
    "  mixed         windows, insertions, moves, removals: how long each takes\n"
    "  size          bytes per item\n"
    "  allocations   what insertions ask of the heap\n"
    "  limits        what the machine's memory and disk allow\n"
    "  quality       what the tree is like: CSV, no times\n"
    "  sets          lists the data sets\n"
    "\n"
    "  --quick         small sizes, minutes (the default is the full size)\n"
    "  --cpu-time      processor time, where others use the machine too; not for bulk, open\n"
    "  --items N       items; open: the largest store\n"
    "  --rounds N      rounds; open: processes for each store\n"
    "  --questions N   windows or points of a round, at most\n"
    "  --threads N     for building (default: 2)\n"
    "  --seed N        of data and windows\n"
    "  --work FOLDER   for stores, which are removed again (default: bench-work)\n"
    "  --data FOLDER   of the real data (default: data)\n"
    "  --with FILE     contestants of a shared library, too; once for each library\n"
    "  --set NAME      window, nearest, high: this data set alone\n"
    "  --out FILE      the tables (default: standard output)\n"
    "  --json FILE     one line for each result (default: none)\n"
    "  --expect FILE   quality: compare with the file, fail when anything differs\n";

struct command {
    const char *name;
    void (*run)(const struct settings *settings);
};

static const struct command commands[] = {
    {"bulk",         bench_bulk        },
    {"window",       bench_window      },
    {"insert",       bench_insert      },
    {"nearest",      bench_nearest     },
    {"move",         bench_move        },
    {"join",         bench_join        },
    {"batch",        bench_batch       },
    {"supernodes",   bench_supernodes  },
    {"open",         bench_open        },
    {"commit",       bench_commit      },
    {"publish",      bench_publish     },
    {"readers",      bench_readers     },
    {"steady",       bench_steady      },
    {"growth",       bench_growth      },
    {"memory-limit", bench_memory_limit},
    {"high",         bench_high        },
    {"mixed",        bench_mixed       },
    {"size",         bench_size        },
    {"allocations",  bench_allocations },
    {"limits",       bench_limits      },
    {"quality",      bench_quality     },
};

uint64_t settings_items(const struct settings *settings, uint64_t quick, uint64_t full)
{
    if (settings->items > 0)
        return settings->items;
    return settings->is_quick ? quick : full;
}

uint64_t settings_now_ns(const struct settings *settings)
{
    return settings->is_cpu_time ? clock_thread_ns() : clock_now_ns();
}

static void usage_die(const char *problem, const char *what)
{
    fprintf(stderr, "xtree-bench: %s: %s\n\n%s", problem, what, usage);
    exit(2);
}

static uint64_t number_read(const char *text)
{
    char *end = NULL;
    unsigned long long number = strtoull(text, &end, 10);
    if (end == text || *end != '\0')
        usage_die("not a number", text);
    return number;
}

static FILE *file_open(const char *path)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        bench_die("%s: cannot be written", path);
    return file;
}

static void option_read(struct settings *settings, const char *name, const char *value)
{
    if (strcmp(name, "--items") == 0)
        settings->items = number_read(value);
    else if (strcmp(name, "--rounds") == 0)
        settings->rounds = (unsigned)number_read(value);
    else if (strcmp(name, "--questions") == 0)
        settings->questions = number_read(value);
    else if (strcmp(name, "--threads") == 0)
        settings->threads = (unsigned)number_read(value);
    else if (strcmp(name, "--seed") == 0)
        settings->seed = number_read(value);
    else if (strcmp(name, "--work") == 0)
        settings->work = value;
    else if (strcmp(name, "--data") == 0)
        settings->data = value;
    else if (strcmp(name, "--with") == 0)
        contestants_load(value);
    else if (strcmp(name, "--set") == 0)
        settings->set = value;
    else if (strcmp(name, "--out") == 0)
        settings->report.markdown = file_open(value);
    else if (strcmp(name, "--json") == 0)
        settings->report.json = file_open(value);
    else if (strcmp(name, "--expect") == 0)
        settings->expect = value;
    else
        usage_die("no such option", name);
}

static void options_read(struct settings *settings, int count, char **arguments)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(arguments[i], "--quick") == 0) {
            settings->is_quick = true;
            continue;
        }
        if (strcmp(arguments[i], "--cpu-time") == 0) {
            settings->is_cpu_time = true;
            continue;
        }
        if (i + 1 == count)
            usage_die("no value, or no such option", arguments[i]);
        option_read(settings, arguments[i], arguments[i + 1]);
        i++;
    }
}

/* True if the command line was that of a process which this program started. */
static bool child_run(int count, char **arguments)
{
    if (strcmp(arguments[1], "child-open") == 0)
        child_open(count - 2, arguments + 2);
    else if (strcmp(arguments[1], "child-allocations") == 0)
        child_allocations(count - 2, arguments + 2);
    else if (strcmp(arguments[1], "child-load") == 0)
        child_load(count - 2, arguments + 2);
    else if (strcmp(arguments[1], "child-compare") == 0)
        child_compare(count - 2, arguments + 2);
    else
        return false;
    return true;
}

static void command_run(const struct command *command, const struct settings *settings)
{
    report_machine(&settings->report, command->name, settings->is_quick, settings->seed);
    command->run(settings);
    if (fflush(settings->report.markdown) != 0)
        bench_die("the results cannot be written");
}

int main(int argc, char **argv)
{
    struct settings settings = {
        .report = {.markdown = stdout},
        .threads = 2,
        .seed = DATA_SEED,
        .work = "bench-work",
        .data = "data",
    };
    if (argc < 2)
        usage_die("no command", "one is needed");
    if (child_run(argc, argv))
        return 0;
    if (strcmp(argv[1], "sets") == 0) {
        sets_print(stdout);
        return 0;
    }
    options_read(&settings, argc - 2, argv + 2);
    contestants_begin(settings.work);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            command_run(&commands[i], &settings);
            return 0;
        }
    }
    usage_die("no such command", argv[1]);
    return 2;
}
