/* src/os/real_threads.c -- threads and mutexes from POSIX.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "os/real.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

struct thread {
    pthread_t handle;
    xti_thread_fn *run;
    void *argument;
};

static void *thread_main(void *context)
{
    struct thread *thread = context;

    thread->run(thread->argument);
    return NULL;
}

int xti_real_thread_start(const struct xti_os *os, xti_thread_fn *run, void *argument, void **out)
{
    struct thread *thread = os->alloc(os, sizeof *thread);
    sigset_t all;
    sigset_t before;
    int result;

    *out = NULL;
    if (thread == NULL)
        return -ENOMEM;
    thread->run = run;
    thread->argument = argument;

    /* Signals are the program's: its handlers must not run on a thread it does not know. */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    result = pthread_create(&thread->handle, NULL, thread_main, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result != 0) {
        os->free(os, thread, sizeof *thread);
        return -result;
    }
    *out = thread;
    return 0;
}

void xti_real_thread_join(const struct xti_os *os, void *thread)
{
    struct thread *joined = thread;
    int result = pthread_join(joined->handle, NULL);

    XTI_ASSERT(result == 0);
    os->free(os, joined, sizeof *joined);
}

int xti_real_mutex_create(const struct xti_os *os, void **out)
{
    pthread_mutex_t *mutex = os->alloc(os, sizeof *mutex);
    int result;

    *out = NULL;
    if (mutex == NULL)
        return -ENOMEM;
    result = pthread_mutex_init(mutex, NULL);
    if (result != 0) {
        os->free(os, mutex, sizeof *mutex);
        return -result;
    }
    *out = mutex;
    return 0;
}

void xti_real_mutex_destroy(const struct xti_os *os, void *mutex)
{
    int result;

    if (mutex == NULL)
        return;
    result = pthread_mutex_destroy(mutex);
    XTI_ASSERT(result == 0);
    os->free(os, mutex, sizeof(pthread_mutex_t));
}

void xti_real_mutex_lock(const struct xti_os *os, void *mutex)
{
    int result = pthread_mutex_lock(mutex);

    (void)os;
    XTI_ASSERT(result == 0);
}

void xti_real_mutex_unlock(const struct xti_os *os, void *mutex)
{
    int result = pthread_mutex_unlock(mutex);

    (void)os;
    XTI_ASSERT(result == 0);
}
