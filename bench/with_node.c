/* bench/with_node.c -- Flatbush, KDBush and RBush: libraries for Node.js, in a process each.
 *
 * bench/node/contestant.mjs holds the index and answers through a pipe; that file describes what
 * goes through it. What is measured is what the process measures itself: the pipe is not part of
 * it. The process runs on one core, with everything that Node.js does beside.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contestants.h"

extern char **environ;

static const char script[] = BENCH_NODE_FOLDER "/contestant.mjs";
static const char packages[] = BENCH_NODE_FOLDER "/node_modules";

struct node {
    pid_t process;
    int to, from;
    size_t row_width; /* numbers in a row */
    uint64_t wall_ns, cpu_ns, bytes, peak_kib;
    char version[128];
};

/* ---- the process --------------------------------------------------------------------------- */

/* The last core that this thread may use; what is started then stays on it. */
static void cores_narrow(cpu_set_t *before)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof *before, before) != 0)
        bench_die("sched_getaffinity failed");
    for (size_t i = CPU_SETSIZE; i-- > 0 && CPU_COUNT(&one) == 0;) {
        if (CPU_ISSET(i, before))
            CPU_SET(i, &one);
    }
    if (sched_setaffinity(0, sizeof one, &one) != 0)
        bench_die("sched_setaffinity failed");
}

/* Returns 0, or why the process cannot be started. */
static int node_spawn(struct node *node, const char *library)
{
    char program[] = "node";
    char gc[] = "--expose-gc";
    char heap[] = "--max-old-space-size=8192";
    char *arguments[] = {program, gc, heap, strdup(script), strdup(library), NULL};
    posix_spawn_file_actions_t actions;
    cpu_set_t cores;
    int in[2];
    int out[2];
    if (arguments[3] == NULL || arguments[4] == NULL || pipe2(in, O_CLOEXEC) != 0 ||
        pipe2(out, O_CLOEXEC) != 0 || posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO) != 0)
        bench_die("pipe: %s", strerror(errno));
    signal(SIGPIPE, SIG_IGN); /* a process that ended is told by write() */
    cores_narrow(&cores);
    int code = posix_spawnp(&node->process, program, &actions, NULL, arguments, environ);
    sched_setaffinity(0, sizeof cores, &cores);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    free(arguments[3]);
    free(arguments[4]);
    node->to = in[1];
    node->from = out[0];
    return code;
}

static void node_end(struct node *node)
{
    close(node->to);
    close(node->from);
    waitpid(node->process, NULL, 0);
    free(node);
}

/* ---- the pipe ------------------------------------------------------------------------------ */

static void bytes_write(const struct node *node, const void *from, size_t size)
{
    const char *at = from;
    while (size > 0) {
        ssize_t written = write(node->to, at, size);
        if (written < 0 && errno != EINTR)
            bench_die("Node.js ended: %s", strerror(errno));
        size_t done = written > 0 ? (size_t)written : 0;
        at += done;
        size -= done;
    }
}

/* False if the process ended before. */
static bool bytes_read(const struct node *node, void *to, size_t size)
{
    char *at = to;
    while (size > 0) {
        ssize_t got = read(node->from, at, size);
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        size_t done = got > 0 ? (size_t)got : 0;
        at += done;
        size -= done;
    }
    return true;
}

static bool line_read(const struct node *node, char *line, size_t size)
{
    size_t used = 0;
    while (used + 1 < size && bytes_read(node, line + used, 1)) {
        if (line[used] == '\n') {
            line[used] = '\0';
            return true;
        }
        used++;
    }
    return false;
}

static void request(const struct node *node, const char *verb, size_t count, size_t other)
{
    char line[128];
    int size = snprintf(line, sizeof line, "%s %zu %zu\n", verb, count, other);
    bytes_write(node, line, (size_t)size);
}

/* The first line of an answer; `size` bytes must follow. */
static void answer_begin(struct node *node, size_t size)
{
    char line[256];
    size_t follow = 0;
    if (!line_read(node, line, sizeof line) ||
        sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %zu", &node->wall_ns,
               &node->cpu_ns, &node->bytes, &node->peak_kib, &follow) != 5 ||
        follow != size)
        bench_die("Node.js (%s) gave no answer", node->version);
}

/* Whole numbers, in the form in which JavaScript has them. */
static void numbers_read(const struct node *node, uint64_t *to, size_t count)
{
    double part[1024];
    while (count > 0) {
        size_t now = count < 1024 ? count : 1024;
        if (!bytes_read(node, part, now * sizeof *part))
            bench_die("Node.js (%s) ended within an answer", node->version);
        for (size_t i = 0; i < now; i++)
            *to++ = (uint64_t)part[i];
        count -= now;
    }
}

/* ---- who is there -------------------------------------------------------------------------- */

static struct node *node_start(const char *library, size_t row_width)
{
    struct node *node = calloc(1, sizeof *node);
    if (node == NULL)
        bench_die("out of memory");
    node->row_width = row_width;
    int code = node_spawn(node, library);
    if (code != 0)
        bench_die("node: %s", strerror(code));
    if (!line_read(node, node->version, sizeof node->version))
        bench_die("%s %s: Node.js did not start it", script, library);
    return node;
}

/* Starts it once, and keeps who it says it is. */
static const char *absent(const char *library, char *version, size_t version_bytes)
{
    struct node probe = {0};
    if (access(packages, R_OK) != 0 || access(script, R_OK) != 0)
        return "its packages are not there, tools/setup.sh --bench fetches them";
    bool is_there = node_spawn(&probe, library) == 0;
    bool has_spoken = is_there && line_read(&probe, version, version_bytes);
    close(probe.to);
    close(probe.from);
    if (is_there)
        waitpid(probe.process, NULL, 0);
    if (!is_there)
        return "there is no program of the name node";
    return has_spoken ? NULL : "Node.js does not start it";
}

/* ---- building and changing ----------------------------------------------------------------- */

static void *prepare(const struct dataset *data)
{
    struct dataset *copy = malloc(sizeof *copy);
    if (copy == NULL)
        bench_die("out of memory");
    *copy = *data;
    return copy;
}

static struct node *built_of(const char *library, const struct dataset *data)
{
    struct node *node = node_start(library, dataset_width(data));
    request(node, "build", data->count, node->row_width);
    bytes_write(node, data->coords, data->count * node->row_width * sizeof(double));
    answer_begin(node, 0);
    return node;
}

static void insert(void *index, const struct rows *rows)
{
    struct node *node = index;
    request(node, "insert", rows->count, node->row_width);
    bytes_write(node, rows->coords, rows->count * node->row_width * sizeof(double));
    bytes_write(node, rows->ids, rows->count * sizeof(uint64_t));
    answer_begin(node, 0);
}

static void remove_rows(void *index, const struct rows *rows)
{
    struct node *node = index;
    request(node, "remove", rows->count, 0);
    bytes_write(node, rows->ids, rows->count * sizeof(uint64_t));
    answer_begin(node, 0);
}

static void destroy(void *index)
{
    node_end(index);
}

static uint64_t bytes(const void *index)
{
    const struct node *node = index;
    return node->bytes;
}

static uint64_t own_ns(const void *index, bool is_cpu_time)
{
    const struct node *node = index;
    return is_cpu_time ? node->cpu_ns : node->wall_ns;
}

static uint64_t own_peak_kib(const void *index)
{
    const struct node *node = index;
    return node->peak_kib;
}

/* ---- asking -------------------------------------------------------------------------------- */

static void window_many(void *built, const struct window_batch *batch)
{
    struct node *node = built;
    bool has_sums = batch->sums != NULL;
    request(node, "windows", batch->count, has_sums);
    bytes_write(node, batch->bounds, batch->count * 4 * sizeof(double));
    answer_begin(node, batch->count * sizeof(double) * (has_sums ? 2 : 1));
    numbers_read(node, batch->counts, batch->count);
    if (has_sums)
        numbers_read(node, batch->sums, batch->count);
}

static void nearest_many(void *built, const double *points, size_t count, size_t k, uint64_t *ids,
                         double *distances)
{
    struct node *node = built;
    request(node, "nearest", count, k);
    bytes_write(node, points, count * 2 * sizeof(double));
    answer_begin(node, 2 * count * k * sizeof(double));
    numbers_read(node, ids, count * k);
    if (!bytes_read(node, distances, count * k * sizeof(double)))
        bench_die("Node.js (%s) ended within an answer", node->version);
}

static bool takes_plane(const struct dataset *like)
{
    return like->dims == 2;
}

static bool takes_points(const struct dataset *like)
{
    return like->dims == 2 && !like->is_boxes;
}

/* ---- the three ----------------------------------------------------------------------------- */

static char flatbush_text[128];
static char kdbush_text[128];
static char rbush_text[128];

static const char *flatbush_version(void)
{
    return flatbush_text;
}

static const char *kdbush_version(void)
{
    return kdbush_text;
}

static const char *rbush_version(void)
{
    return rbush_text;
}

static const char *flatbush_absent(void)
{
    return absent("flatbush", flatbush_text, sizeof flatbush_text);
}

static const char *kdbush_absent(void)
{
    return absent("kdbush", kdbush_text, sizeof kdbush_text);
}

static const char *rbush_absent(void)
{
    return absent("rbush", rbush_text, sizeof rbush_text);
}

static void *flatbush_build(void *prepared, unsigned way, unsigned threads)
{
    (void)way;
    (void)threads;
    return built_of("flatbush", prepared);
}

static void *kdbush_build(void *prepared, unsigned way, unsigned threads)
{
    (void)way;
    (void)threads;
    return built_of("kdbush", prepared);
}

static void *rbush_build(void *prepared, unsigned way, unsigned threads)
{
    (void)way;
    (void)threads;
    return built_of("rbush", prepared);
}

static void *rbush_create(const struct dataset *like)
{
    return node_start("rbush", dataset_width(like));
}

static const char *const packed_builders[] = {"add, finish", NULL};
static const char *const rbush_builders[] = {"load", NULL};
static const char *const walkers[] = {"Node.js", NULL};

const struct contestant with_flatbush = {
    .interface = CONTESTANT_INTERFACE,
    .name = "Flatbush",
    .version = flatbush_version,
    .absent = flatbush_absent,
    .takes = takes_plane,
    .walkers = walkers,
    .bytes = bytes,
    .destroy = destroy,
    .builders = packed_builders,
    .prepare = prepare,
    .unprepare = free,
    .build = flatbush_build,
    .is_squared = true,
    .nearest_many = nearest_many,
    .window_many = window_many,
    .own_ns = own_ns,
    .own_peak_kib = own_peak_kib,
};

const struct contestant with_kdbush = {
    .interface = CONTESTANT_INTERFACE,
    .name = "KDBush",
    .version = kdbush_version,
    .absent = kdbush_absent,
    .takes = takes_points,
    .walkers = walkers,
    .bytes = bytes,
    .destroy = destroy,
    .builders = packed_builders,
    .prepare = prepare,
    .unprepare = free,
    .build = kdbush_build,
    .window_many = window_many,
    .own_ns = own_ns,
    .own_peak_kib = own_peak_kib,
};

const struct contestant with_rbush = {
    .interface = CONTESTANT_INTERFACE,
    .name = "RBush",
    .version = rbush_version,
    .absent = rbush_absent,
    .items_most = 2000000,
    .takes = takes_plane,
    .walkers = walkers,
    .bytes = bytes,
    .destroy = destroy,
    .builders = rbush_builders,
    .prepare = prepare,
    .unprepare = free,
    .build = rbush_build,
    .create = rbush_create,
    .insert = insert,
    .remove = remove_rows,
    .is_squared = true,
    .nearest_many = nearest_many,
    .window_many = window_many,
    .own_ns = own_ns,
    .own_peak_kib = own_peak_kib,
};
