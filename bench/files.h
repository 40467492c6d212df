/* bench/files.h -- folders of stores, and other processes of this program.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_FILES_H
#define BENCH_FILES_H

#include <stdint.h>

/* Makes the folder and its parents; existing ones are fine. */
void files_make_folder(const char *path);

/* Removes a file or a folder with everything in it; a missing one is fine. */
void files_remove(const char *path);

/* What the folder occupies on the disk. */
uint64_t files_bytes(const char *path);

/* Runs this program with `arguments` (NULL at the end; [0] is set here), waits for it, and reads
 * the two numbers that it prints. Any failure ends the program. */
void process_run(char **arguments, uint64_t numbers[2]);

/* Runs `work` in a fork of this process and returns the number that it returned. */
uint64_t process_fork(uint64_t (*work)(void *), void *context);

#endif
