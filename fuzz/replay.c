/* fuzz/replay.c -- runs a harness without a fuzzer.
 *
 *     fuzz_open_file [--rounds N] [FILE|FOLDER]...    the seeds, the files, N inputs made from them
 *     fuzz_open_file --write FOLDER                   writes the seeds, for a fuzzer to begin with
 *
 * A folder that is not there counts as empty: a corpus holds what once broke something. The inputs
 * are the same every time.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

#define INPUT_MAX 65536
#define SAMPLES_MAX 1024

struct sample {
    uint8_t *data;
    size_t size;
};

static struct sample samples[SAMPLES_MAX];
static size_t sample_count;
static uint8_t input[INPUT_MAX];

static uint64_t random_next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 29;
}

/* Runs what is in `input`, and keeps it to be changed later. */
static void sample_run(size_t size)
{
    LLVMFuzzerTestOneInput(input, size);
    if (sample_count == SAMPLES_MAX || size == 0)
        return;
    samples[sample_count].data = malloc(size);
    if (samples[sample_count].data == NULL)
        return;
    memcpy(samples[sample_count].data, input, size);
    samples[sample_count++].size = size;
}

static void file_run(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t size;

    if (file == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    size = fread(input, 1, sizeof input, file);
    fclose(file);
    sample_run(size);
}

static void folder_run(const char *path)
{
    const struct dirent *entry;
    DIR *folder = opendir(path);

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char name[1024];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        file_run(name);
    }
    if (folder != NULL)
        closedir(folder);
}

static void path_run(const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0 || S_ISDIR(info.st_mode))
        folder_run(path);
    else
        file_run(path);
}

static void seeds_run(void)
{
    size_t size;

    for (unsigned i = 0; (size = fuzz_seed(i, input, sizeof input)) > 0; i++)
        sample_run(size);
}

/* Samples with some bytes changed, and sometimes cut. */
static void rounds_run(size_t rounds)
{
    uint64_t state = 1;

    for (size_t i = 0; i < rounds && sample_count > 0; i++) {
        const struct sample *sample = &samples[random_next(&state) % sample_count];
        uint64_t changes = random_next(&state) % 6;
        size_t size = sample->size;

        memcpy(input, sample->data, size);
        for (uint64_t j = 0; j < changes; j++) {
            size_t at = (size_t)(random_next(&state) % size);

            input[at] = random_next(&state) % 4 == 0 ? 0xff : (uint8_t)random_next(&state);
        }
        if (random_next(&state) % 8 == 0)
            size = (size_t)(random_next(&state) % size);
        LLVMFuzzerTestOneInput(input, size);
    }
}

static int seeds_write(const char *folder)
{
    size_t size;

    for (unsigned i = 0; (size = fuzz_seed(i, input, sizeof input)) > 0; i++) {
        char name[1024];
        FILE *file;

        snprintf(name, sizeof name, "%s/seed-%03u", folder, i);
        file = fopen(name, "wb");
        if (file == NULL || fwrite(input, 1, size, file) != size || fclose(file) != 0) {
            fprintf(stderr, "cannot write %s\n", name);
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    size_t rounds = 2000;

    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return seeds_write(argv[2]);
    seeds_run();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
            rounds = strtoul(argv[++i], NULL, 10);
        else
            path_run(argv[i]);
    }
    rounds_run(rounds);
    printf("%zu seeds and files, %zu inputs made from them\n", sample_count, rounds);
    for (size_t i = 0; i < sample_count; i++)
        free(samples[i].data);
    return 0;
}
