/* src/tree/nearest_walk.c -- the steps of a nearest search.
 *
 * G. R. Hjaltason, H. Samet, Distance Browsing in Spatial Databases, ACM TODS 24(2), 1999;
 * nearest_private.h tells how frames make it cheaper.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>

#include "tree/nearest_private.h"

static bool search_fail(struct xti_nearest *query, xt_status status)
{
    query->status = status;
    query->node_pool.heap_count = 0;
    query->leaf_pool.heap_count = 0;
    return false;
}

/* ---- frames -------------------------------------------------------------------------------- */

static struct xti_near_node *node_at(const struct xti_nearest *query, uint32_t frame)
{
    return xti_near_pool_frame(&query->node_pool, frame);
}

static struct xti_near_leaf *leaf_at(const struct xti_nearest *query, uint32_t frame)
{
    return xti_near_pool_frame(&query->leaf_pool, frame);
}

/* ---- the heap of inner blocks -------------------------------------------------------------- */

/* An entry: the key in the upper half, the frame in the lower. */
static uint64_t node_entry(int32_t key, uint32_t frame)
{
    return (uint64_t)(uint32_t)key << 32 | frame;
}

static int32_t entry_key(uint64_t entry)
{
    return (int32_t)(uint32_t)(entry >> 32);
}

static uint64_t *node_heap(const struct xti_nearest *query)
{
    return xti_near_pool_heap(&query->node_pool);
}

/* Puts an entry where the top was. */
static void nodes_sift(struct xti_nearest *query, uint64_t entry)
{
    uint64_t *heap = node_heap(query);
    uint32_t count = query->node_pool.heap_count;
    uint32_t at = 0;

    for (uint32_t child = 1; child < count; child = 2 * at + 1) {
        child += child + 1 < count && heap[child + 1] < heap[child];
        if (entry <= heap[child])
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = entry;
}

static void nodes_push(struct xti_nearest *query, uint64_t entry)
{
    uint64_t *heap = node_heap(query);
    uint32_t at = query->node_pool.heap_count++;

    for (; at > 0 && entry < heap[(at - 1) / 2]; at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = entry;
}

static void nodes_pop(struct xti_nearest *query)
{
    uint32_t last = --query->node_pool.heap_count;

    if (last > 0)
        nodes_sift(query, node_heap(query)[last]);
}

/* ---- the heap of leaf blocks --------------------------------------------------------------- */

static struct xti_near_item *item_heap(const struct xti_nearest *query)
{
    return xti_near_pool_heap(&query->leaf_pool);
}

/* Of items at the same distance those that are not resolved come first: what they turn into may
 * be there too, with a lower id. */
__attribute__((noinline)) static bool tie_is_before(const struct xti_nearest *query,
                                                    const struct xti_near_item *a,
                                                    const struct xti_near_item *b)
{
    if (a->is_resolved != b->is_resolved)
        return !a->is_resolved;
    return leaf_at(query, a->frame)->ids[a->slot] < leaf_at(query, b->frame)->ids[b->slot];
}

static inline bool item_is_before(const struct xti_nearest *query, const struct xti_near_item *a,
                                  const struct xti_near_item *b)
{
    if (a->distance != b->distance)
        return a->distance < b->distance;
    return tie_is_before(query, a, b);
}

static void items_sift(struct xti_nearest *query, struct xti_near_item item)
{
    struct xti_near_item *heap = item_heap(query);
    uint32_t count = query->leaf_pool.heap_count;
    uint32_t at = 0;

    for (uint32_t child = 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && item_is_before(query, &heap[child + 1], &heap[child]))
            child++;
        if (!item_is_before(query, &heap[child], &item))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = item;
}

static void items_push(struct xti_nearest *query, struct xti_near_item item)
{
    struct xti_near_item *heap = item_heap(query);
    uint32_t at = query->leaf_pool.heap_count++;

    for (; at > 0 && item_is_before(query, &item, &heap[(at - 1) / 2]); at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = item;
}

static void items_pop(struct xti_nearest *query)
{
    uint32_t last = --query->leaf_pool.heap_count;

    if (last > 0)
        items_sift(query, item_heap(query)[last]);
}

/* ---- leaves -------------------------------------------------------------------------------- */

/* Of slots at the same distance: one that is not resolved, or the one with the lowest id. */
static uint32_t slot_choose(const struct xti_near_leaf *leaf, uint64_t mask)
{
    uint64_t open = mask & ~leaf->resolved;
    uint32_t best = (uint32_t)__builtin_ctzll(open != 0 ? open : mask);

    if (open != 0)
        return best;
    for (mask &= mask - 1; mask != 0; mask &= mask - 1) {
        uint32_t slot = (uint32_t)__builtin_ctzll(mask);

        if (leaf->ids[slot] < leaf->ids[best])
            best = slot;
    }
    return best;
}

/* The entry of a frame's next item. False: there is none that may be given. */
static bool item_choose(const struct xti_nearest *query, uint32_t frame, struct xti_near_item *item)
{
    struct xti_near_leaf *leaf = leaf_at(query, frame);
    double distance;
    uint64_t mask = query->kernels->least_distance(leaf->distances, leaf->used, &distance);
    uint32_t slot;

    if (mask == 0 || !(distance <= query->cut))
        return false;
    slot = (mask & (mask - 1)) == 0 ? (uint32_t)__builtin_ctzll(mask) : slot_choose(leaf, mask);
    *item =
        (struct xti_near_item){distance, frame, (uint16_t)slot, (leaf->resolved >> slot & 1) != 0};
    return true;
}

/* Brings the least frame to its place after one of its distances changed. */
static void least_renew(struct xti_nearest *query)
{
    uint32_t frame = item_heap(query)[0].frame;
    struct xti_near_item item;

    if (item_choose(query, frame, &item)) {
        items_sift(query, item);
    } else {
        items_pop(query);
        xti_near_pool_give(&query->leaf_pool, frame);
    }
}

static bool leaf_block(struct xti_nearest *query, const struct xtd_node *leaf, uint32_t first,
                       uint32_t slots)
{
    const struct xti_layout *layout = query->layout;
    uint32_t frame = xti_near_pool_take(&query->leaf_pool, query->os);
    const char *coords = xti_leaf_coords_const(leaf);
    struct xti_near_leaf *block;
    struct xti_near_item item;
    bool reaches = true;
    struct xti_slots run = {coords + (size_t)first * layout->coord_bytes, leaf->capacity, slots,
                            layout->dims};

    if (frame == XTI_NEAR_NONE)
        return search_fail(query, XT_ENOMEM);
    block = leaf_at(query, frame);
    block->leaf = leaf;
    block->ids = xti_leaf_ids_const(layout, leaf) + first;
    block->resolved = query->must_resolve ? 0 : UINT64_MAX;
    block->first = first;
    block->used = slots;
    if (query->metric == XT_GREAT_CIRCLE)
        xti_near_sphere_leaf(query, leaf, block);
    else
        reaches = query->leaf_near(&run, &query->near, block->distances);
    if (reaches)
        xti_near_cut_draw(query, block->distances, slots);
    if (reaches && item_choose(query, frame, &item))
        items_push(query, item);
    else
        xti_near_pool_give(&query->leaf_pool, frame);
    return true;
}

static bool leaf_expand(struct xti_nearest *query, const struct xtd_node *leaf)
{
    const struct xti_layout *layout = query->layout;

    query->lines += leaf->capacity / 16 * layout->leaf_axes * layout->coord_bytes / 4;
    for (uint32_t first = 0; first < leaf->count; first += query->leaf_slots) {
        uint32_t slots = leaf->count - first;

        if (!leaf_block(query, leaf, first, slots < query->leaf_slots ? slots : query->leaf_slots))
            return false;
    }
    return true;
}

/* ---- inner nodes --------------------------------------------------------------------------- */

/* Moves the point to the node's origin, unless it is there already. */
static void origin_use(struct xti_nearest *query, const double *origin)
{
    uint32_t dims = query->layout->dims;
    struct xti_offset_window moved = {query->below, query->above, query->unused_f32,
                                      query->unused_f32};
    uint32_t same = 0;

    if (query->knows_origin) {
        while (same < dims && query->origin[same] == origin[same])
            same++;
        if (same == dims)
            return;
    }
    for (uint32_t axis = 0; axis < dims; axis++)
        query->origin[axis] = origin[axis];
    xti_window_move(query->point, query->point, origin, dims, &moved);
    query->knows_origin = true;
}

static bool leaf_enter(struct xti_nearest *query, uint32_t ref);

/* Whether most leaves below a block are within the cut. It cannot move out any more, so nearly all
 * of them will be entered. */
static bool most_are_near(const struct xti_nearest *query, const struct xti_near_node *block)
{
    uint32_t near = 0;

    if (block->level > 0 || query->best_capacity == 0 || query->best_count < query->best_capacity)
        return false;
    for (uint32_t slot = 0; slot < block->used; slot++)
        near += block->keys[slot] <= query->key_cut;
    return near > block->used / 2;
}

/* Enters them in the order in which they lie in memory, as far as they are still within the cut. */
static bool leaves_enter(struct xti_nearest *query, const struct xti_near_node *block)
{
    for (uint32_t slot = 0; slot < block->used; slot++) {
        if (slot + 1 < block->used && block->keys[slot + 1] <= query->key_cut)
            xti_view_prefetch(query->view, block->refs[slot + 1], query->leaf_lines);
        if (block->keys[slot] <= query->key_cut && !leaf_enter(query, block->refs[slot]))
            return false;
    }
    return true;
}

static bool inner_block(struct xti_nearest *query, const struct xtd_node *node, uint32_t first,
                        uint32_t slots)
{
    const struct xti_layout *layout = query->layout;
    uint32_t frame = xti_near_pool_take(&query->node_pool, query->os);
    struct xti_slots run = {xti_inner_boxes_const(layout, node) + first, node->capacity, slots,
                            layout->dims};
    struct xti_near_node *block;
    bool entered = true;
    int32_t key;

    if (frame == XTI_NEAR_NONE)
        return search_fail(query, XT_ENOMEM);
    block = node_at(query, frame);
    block->refs = xti_inner_refs_const(layout, node) + first;
    block->used = slots;
    block->level = node->level - 1u;
    if (query->metric == XT_GREAT_CIRCLE)
        key = xti_near_sphere_inner(query, node, first, block);
    else
        key = query->kernels->inner_near(&run, &query->near, block->keys);
    if (key <= query->key_cut && !most_are_near(query, block)) {
        nodes_push(query, node_entry(key, frame));
        return true;
    }
    if (key <= query->key_cut)
        entered = leaves_enter(query, block);
    xti_near_pool_give(&query->node_pool, frame);
    return entered;
}

static bool inner_expand(struct xti_nearest *query, const struct xtd_node *node)
{
    const struct xti_layout *layout = query->layout;

    query->lines += layout->inner_boxes_offset / XTD_UNIT_BYTES - 1 +
                    (uint64_t)node->capacity / 16 * (2 * layout->dims + 1);
    origin_use(query, xti_inner_origin_const(node));
    for (uint32_t first = 0; first < node->count; first += query->inner_slots) {
        uint32_t slots = node->count - first;

        if (!inner_block(query, node, first,
                         slots < query->inner_slots ? slots : query->inner_slots))
            return false;
    }
    return true;
}

/* ---- the search ---------------------------------------------------------------------------- */

/* A node, which is counted. NULL: the search has failed. */
static const struct xtd_node *node_visit(struct xti_nearest *query, uint32_t ref, uint32_t level)
{
    const struct xtd_node *node;
    struct xti_finding finding;
    xt_status status = XT_ECORRUPT;

    if (query->visits_left > 0) {
        query->visits_left--;
        query->lines++;
        if (level == 0)
            query->leaves++;
        else
            query->nodes++;
        status = xti_view_node(query->view, &query->span, ref, level, &node, &finding);
    }
    if (status == XT_OK)
        return node;
    (void)search_fail(query, status);
    return NULL;
}

static bool leaf_enter(struct xti_nearest *query, uint32_t ref)
{
    const struct xtd_node *leaf = node_visit(query, ref, 0);

    return leaf != NULL && leaf_expand(query, leaf);
}

static bool inner_enter(struct xti_nearest *query, uint32_t ref, uint32_t level)
{
    const struct xtd_node *node = node_visit(query, ref, level);

    return node != NULL && inner_expand(query, node);
}

static bool node_enter(struct xti_nearest *query, uint32_t ref, uint32_t level)
{
    return level == 0 ? leaf_enter(query, ref) : inner_enter(query, ref, level);
}

void xti_nearest_ask(const struct xti_nearest *query)
{
    uint64_t top;
    const struct xti_near_node *block;

    if (query->node_pool.heap_count == 0)
        return;
    top = node_heap(query)[0];
    block = node_at(query, (uint32_t)top);
    xti_view_prefetch(query->view, block->refs[(uint32_t)entry_key(top) & XTI_KEY_SLOT],
                      block->level == 0 ? query->leaf_lines : query->inner_lines);
}

/* After each change of the least key. Of no use as long as there is no item. */
static void floor_set(struct xti_nearest *query)
{
    if (query->node_pool.heap_count == 0 || query->leaf_pool.heap_count == 0)
        return;
    if (query->metric == XT_GREAT_CIRCLE)
        query->floor = xti_sphere_key_floor(entry_key(node_heap(query)[0]));
    else
        query->floor =
            xti_near_key_floor(entry_key(node_heap(query)[0]), query->metric == XT_MAXIMUM);
}

/* Enters the child with the least key. */
static bool least_enter(struct xti_nearest *query)
{
    uint64_t top = node_heap(query)[0];
    uint32_t frame = (uint32_t)top;
    uint32_t slot = (uint32_t)entry_key(top) & XTI_KEY_SLOT;
    struct xti_near_node *block = node_at(query, frame);
    uint32_t ref = block->refs[slot];
    uint32_t level = block->level;
    bool entered;
    int32_t next;

    if (query->asks_ahead)
        xti_nearest_ask(query);
    block->keys[slot] = XTI_KEY_NONE;
    next = query->kernels->least_key(block->keys, block->used);
    if (next <= query->key_cut) {
        nodes_sift(query, node_entry(next, frame));
    } else {
        nodes_pop(query);
        xti_near_pool_give(&query->node_pool, frame);
    }
    if (query->asks_ahead && level == 0)
        xti_nearest_ask(query);
    entered = node_enter(query, ref, level);
    floor_set(query);
    return entered;
}

/* What an item is really worth: NaN when it is left out. */
static double item_resolve(const struct xti_nearest *query, const struct xti_near_found *found)
{
    const double *low = query->item_low;
    const double *high = query->item_high;
    double distance = found->distance;
    double told;

    xti_nearest_coords(query, found);
    if (query->metric == XT_GREAT_CIRCLE)
        distance = xti_sphere_distance(&query->sphere, low, high);
    if (distance > query->max_distance)
        return (double)NAN;
    if (query->filter != NULL && !query->filter(query->filter_context, found->id, low, high))
        return (double)NAN;
    if (query->distance == NULL)
        return distance;
    told = query->distance(query->distance_context, found->id, low, high);
    return told > distance ? told : distance;
}

static void least_resolve(struct xti_nearest *query)
{
    struct xti_near_found found = xti_nearest_least(query);
    struct xti_near_item item = item_heap(query)[0];
    struct xti_near_leaf *block = leaf_at(query, item.frame);

    block->distances[item.slot] = item_resolve(query, &found);
    block->resolved |= UINT64_C(1) << item.slot;
    least_renew(query);
}

struct xti_near_found xti_nearest_least(const struct xti_nearest *query)
{
    const struct xti_near_item *item = item_heap(query);
    const struct xti_near_leaf *block = leaf_at(query, item->frame);

    return (struct xti_near_found){block->leaf, block->first + item->slot, block->ids[item->slot],
                                   item->distance};
}

void xti_nearest_take(struct xti_nearest *query)
{
    struct xti_near_item *item = item_heap(query);

    query->items++;
    query->lines++; /* of its id */
    if (--query->left == 0) {
        search_fail(query, XT_DONE);
        return;
    }
    leaf_at(query, item->frame)->distances[item->slot] = (double)NAN;
    least_renew(query);
}

static bool root_enter(struct xti_nearest *query)
{
    const struct xti_view *view = query->view;

    query->is_started = true;
    if (view->height == 0)
        return search_fail(query, XT_DONE);
    return node_enter(query, view->root_ref, view->height - 1);
}

enum xti_near_step xti_nearest_step(struct xti_nearest *query)
{
    const struct xti_near_item *least = item_heap(query);
    bool has_item = query->leaf_pool.heap_count > 0;

    if (query->node_pool.heap_count > 0 && !(has_item && least->distance < query->floor)) {
        (void)least_enter(query);
        return XTI_NEAR_NODE;
    }
    if (has_item) {
        if (least->is_resolved)
            return XTI_NEAR_ITEM;
        least_resolve(query);
        return XTI_NEAR_NODE;
    }
    if (!query->is_started) {
        (void)root_enter(query);
        return XTI_NEAR_NODE;
    }
    if (query->status == XT_OK)
        query->status = XT_DONE;
    return XTI_NEAR_END;
}
