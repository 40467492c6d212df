/* src/os/real.h -- the functions that the real table is made of; struct xti_os says what they do.
 *
 * Files are descriptors, threads and mutexes are blocks that hold those of POSIX.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_OS_REAL_H
#define XTI_OS_REAL_H

#include "os/os.h"

/* real_memory.c */
void *xti_real_alloc(const struct xti_os *os, size_t size);
void xti_real_free(const struct xti_os *os, void *memory, size_t size);
int xti_real_reserve(const struct xti_os *os, size_t size, void **out);
void xti_real_release(const struct xti_os *os, void *base, size_t size);
int xti_real_place_memory(const struct xti_os *os, void *at, size_t size, bool huge);
void xti_real_populate(const struct xti_os *os, const void *at, size_t size);
int xti_real_place_file(const struct xti_os *os, void *at, size_t size, xti_file file,
                        uint64_t offset);
void xti_real_unplace(const struct xti_os *os, void *at, size_t size);
int xti_real_watch(const struct xti_os *os, xti_file file, size_t size, void **out);
const void *xti_real_watched(const struct xti_os *os, void *watch);
void xti_real_unwatch(const struct xti_os *os, void *watch, size_t size);

/* real_files.c */
int xti_real_open(const struct xti_os *os, const char *path, unsigned flags, xti_file *out);
void xti_real_close(const struct xti_os *os, xti_file file);
int xti_real_read_at(const struct xti_os *os, xti_file file, uint64_t offset, void *data,
                     size_t size);
int xti_real_write_at(const struct xti_os *os, xti_file file, uint64_t offset, const void *data,
                      size_t size);
void xti_real_write_soon(const struct xti_os *os, xti_file file, uint64_t offset, size_t size);
int xti_real_sync(const struct xti_os *os, xti_file file);
int xti_real_size(const struct xti_os *os, xti_file file, uint64_t *out);
int xti_real_allocate(const struct xti_os *os, xti_file file, uint64_t size);
int xti_real_cut(const struct xti_os *os, xti_file file, uint64_t size);
int xti_real_lock(const struct xti_os *os, xti_file file);
int xti_real_is_locked(const struct xti_os *os, xti_file file, bool *out);

/* real_folders.c */
int xti_real_make_folder(const struct xti_os *os, const char *path);
int xti_real_remove_folder(const struct xti_os *os, const char *path);
int xti_real_sync_folder(const struct xti_os *os, const char *path);
int xti_real_rename(const struct xti_os *os, const char *from, const char *to);
int xti_real_link(const struct xti_os *os, const char *from, const char *to);
int xti_real_remove(const struct xti_os *os, const char *path);
int xti_real_list(const struct xti_os *os, const char *path, xti_name_fn *visit, void *context);

/* real_threads.c */
int xti_real_thread_start(const struct xti_os *os, xti_thread_fn *run, void *argument, void **out);
void xti_real_thread_join(const struct xti_os *os, void *thread);
int xti_real_mutex_create(const struct xti_os *os, void **out);
void xti_real_mutex_destroy(const struct xti_os *os, void *mutex);
void xti_real_mutex_lock(const struct xti_os *os, void *mutex);
void xti_real_mutex_unlock(const struct xti_os *os, void *mutex);

#endif
