/* cli/input.c -- an input file as a stream of bytes; zlib reads plain files and gzip alike.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "cli.h"
#include "message.h"

#define BUFFER_BYTES (1u << 18)

struct input {
    const char *name;
    gzFile stream;
    uint64_t size;
    bool is_started;
};

static int open_descriptor(const char *path, bool is_standard_input, int *descriptor)
{
    struct stat about;
    int saved;

    *descriptor = is_standard_input ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    saved = errno;
    if (*descriptor < 0) {
        message("cannot read \"%s\": %s", path, strerror(saved));
        return saved == ENOENT ? EXIT_NOT_FOUND : EXIT_SYSTEM;
    }
    if (fstat(*descriptor, &about) == 0 && S_ISDIR(about.st_mode)) {
        message("cannot read \"%s\": it is a folder; give a file", path);
        close(*descriptor);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static uint64_t regular_size(int descriptor)
{
    struct stat about;

    if (fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode))
        return 0;
    return (uint64_t)about.st_size;
}

int input_open(const char *path, struct input **out)
{
    bool is_standard_input = path == NULL || strcmp(path, "-") == 0;
    struct input *input;
    int descriptor, outcome;

    *out = NULL;
    outcome = open_descriptor(is_standard_input ? "standard input" : path, is_standard_input,
                              &descriptor);
    if (outcome != EXIT_DONE)
        return outcome;
    input = calloc(1, sizeof *input);
    if (input == NULL) {
        close(descriptor);
        return message_no_memory();
    }
    input->name = is_standard_input ? "standard input" : path;
    input->size = regular_size(descriptor);
    input->stream = gzdopen(descriptor, "rb");
    if (input->stream == NULL) {
        close(descriptor);
        free(input);
        return message_no_memory();
    }
    gzbuffer(input->stream, BUFFER_BYTES);
    *out = input;
    return EXIT_DONE;
}

const char *input_name(const struct input *input)
{
    return input->name;
}

static int read_error(const struct input *input)
{
    int code, saved = errno;
    const char *text = gzerror(input->stream, &code);

    if (code == Z_OK || code == Z_STREAM_END)
        return EXIT_DONE;
    if (code == Z_ERRNO && saved == EINTR)
        return EXIT_SYSTEM; /* whoever caught the signal says so */
    if (code == Z_ERRNO) {
        message("cannot read \"%s\": %s", input->name, strerror(saved));
        return EXIT_SYSTEM;
    }
    if (code == Z_MEM_ERROR)
        return message_no_memory();
    if (code == Z_BUF_ERROR)
        message("%s: the gzip stream ends too early; the file is cut off", input->name);
    else
        message("%s: the gzip stream is damaged (%s)", input->name, text);
    return EXIT_BAD_DATA;
}

int input_read(struct input *input, void *buffer, size_t size, size_t *got)
{
    *got = 0;
    while (*got < size) {
        size_t wanted = size - *got;
        int count = gzread(input->stream, (char *)buffer + *got,
                           wanted > INT_MAX ? (unsigned)INT_MAX : (unsigned)wanted);

        if (count <= 0)
            return read_error(input);
        *got += (size_t)count;
    }
    return EXIT_DONE;
}

int input_read_text(struct input *input, char *buffer, size_t size, size_t *got)
{
    int outcome = input_read(input, buffer, size, got);

    if (outcome == EXIT_DONE && !input->is_started && *got >= 3 &&
        memcmp(buffer, "\xef\xbb\xbf", 3) == 0) {
        *got -= 3;
        memmove(buffer, buffer + 3, *got);
    }
    input->is_started = true;
    return outcome;
}

uint64_t input_size(const struct input *input)
{
    return input->size;
}

uint64_t input_offset(struct input *input)
{
    z_off_t offset = gzoffset(input->stream);

    return offset < 0 ? 0 : (uint64_t)offset;
}

void input_close(struct input *input)
{
    if (input == NULL)
        return;
    gzclose(input->stream);
    free(input);
}
