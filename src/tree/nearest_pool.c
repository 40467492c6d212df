/* src/tree/nearest_pool.c -- memory for the frames of a nearest search.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "tree/nearest_private.h"

/* The numbers of free frames lie at the end of the heap, as entries in use and free frames together
 * are never more than there are frames; each entry has room for a number. */
static uint32_t *free_slot(const struct xti_near_pool *pool, uint32_t i)
{
    char *heap = xti_near_pool_heap(pool);

    return (uint32_t *)(void *)(heap + (size_t)(pool->capacity - 1 - i) * pool->entry_bytes);
}

size_t xti_near_pool_bytes(const struct xti_near_pool *pool, uint32_t capacity)
{
    return (size_t)capacity * (pool->frame_bytes + pool->entry_bytes);
}

/* Only called when no frame is free, so all entries are those of the heap. */
static bool pool_grow(struct xti_near_pool *pool, const struct xti_os *os)
{
    struct xti_near_pool larger = *pool;

    if (pool->capacity > UINT32_MAX / 4)
        return false;
    larger.capacity = pool->capacity * 2;
    larger.own_bytes = xti_near_pool_bytes(pool, larger.capacity);
    larger.memory = os->alloc(os, larger.own_bytes);
    if (larger.memory == NULL)
        return false;
    memcpy(larger.memory, pool->memory, (size_t)pool->made * pool->frame_bytes);
    memcpy(xti_near_pool_heap(&larger), xti_near_pool_heap(pool),
           (size_t)pool->heap_count * pool->entry_bytes);
    xti_near_pool_release(pool, os);
    *pool = larger;
    return true;
}

uint32_t xti_near_pool_take(struct xti_near_pool *pool, const struct xti_os *os)
{
    if (pool->free_count > 0)
        return *free_slot(pool, --pool->free_count);
    if (pool->made == pool->capacity && !pool_grow(pool, os))
        return XTI_NEAR_NONE;
    return pool->made++;
}

void xti_near_pool_give(struct xti_near_pool *pool, uint32_t frame)
{
    *free_slot(pool, pool->free_count++) = frame;
}

void xti_near_pool_release(struct xti_near_pool *pool, const struct xti_os *os)
{
    if (pool->own_bytes != 0)
        os->free(os, pool->memory, pool->own_bytes);
    pool->own_bytes = 0;
}
