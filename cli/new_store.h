/* cli/new_store.h -- takes a store away again that was created for a load that failed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_NEW_STORE_H
#define CLI_NEW_STORE_H

#include <stdbool.h>

struct new_store {
    const char *path; /* NULL: nothing to take away */
    bool had_folder;  /* an empty folder was there before */
};

/* Whether a store can be created at `path`: nothing is there, or an empty folder. */
bool new_store_is_possible(const char *path);

/* Notes that a store is about to be created at `path`; borrows it. */
void new_store_note(struct new_store *created, const char *path);
void new_store_forget(struct new_store *created);

/* Removes the files of the store that was noted, if any, and its folder unless that was there
 * before. Files that no store has are left alone. */
void new_store_remove(const struct new_store *created);

#endif
