/* cli/input.h -- an input file as a stream of bytes, plain or gzip, from a file or standard input.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stddef.h>
#include <stdint.h>

struct input; /* opaque */

/* Opens `path`, or standard input when it is NULL or "-". Gives an exit status; when it is not
 * EXIT_DONE, it has been said why and *out is NULL. */
int input_open(const char *path, struct input **out);

/* The name for messages: the path as it was given, or "standard input". */
const char *input_name(const struct input *input);

/* Reads up to `size` bytes; *got is less only at the end. EXIT_BAD_DATA or EXIT_SYSTEM, with a
 * message, when the gzip stream is damaged or the system cannot read. */
int input_read(struct input *input, void *buffer, size_t size, size_t *got);

/* The same for text: drops a byte order mark at the beginning. */
int input_read_text(struct input *input, char *buffer, size_t size, size_t *got);

/* Bytes of the file, 0 when unknown, and how many of them have been read. For a progress bar. */
uint64_t input_size(const struct input *input);
uint64_t input_offset(struct input *input);

/* NULL is allowed. */
void input_close(struct input *input);

#endif
