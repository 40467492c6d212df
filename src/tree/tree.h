/* src/tree/tree.h -- the door of the tree room: the X-tree, one file per verb.
 *
 * src/tree/README.md explains the tree and numbers its invariants; xti_tree_verify() checks them.
 *
 * Reading works on a view (arena/arena.h) and needs no lock. Every step down is checked, so bytes
 * from a damaged store give XT_ECORRUPT, never a wild read and never an endless walk.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTI_TREE_H
#define XTI_TREE_H

#include "geom/geom.h"
#include "txn/txn.h"

/* What a public query handle is: the first member of each kind of query. */
enum xti_query_kind { XTI_QUERY_WINDOW = 1, XTI_QUERY_WINDOWS = 2, XTI_QUERY_NEAREST = 3 };

/* ---- windows (window.c, count.c) ---------------------------------------------------------- */

struct xti_window_query;

/* window: 2 * dims doubles; it and the options were checked by the caller, and options->kernel was
 * looked up. One allocation. The view must outlive it. */
XT_NODISCARD xt_status xti_window_open(const struct xti_os *os, const struct xti_view *view,
                                       const double *window, const xt_query_options *options,
                                       const struct xti_kernels *kernels,
                                       struct xti_window_query **out);
void xti_window_close(struct xti_window_query *query);

/* From now on the query begins anew at points: low and high corners are the same. */
void xti_window_take_points(struct xti_window_query *query);

/* As xt_query_restart(). */
XT_NODISCARD xt_status xti_window_restart(struct xti_window_query *query, const double *where);

/* As xt_query_next(), xt_query_next_batch(), xt_query_count(), xt_query_stats(). */
XT_NODISCARD xt_status xti_window_next(struct xti_window_query *query, xt_item *item);
XT_NODISCARD xt_status xti_window_next_batch(struct xti_window_query *query, uint64_t *ids,
                                             size_t capacity, size_t *count);
XT_NODISCARD xt_status xti_window_count(struct xti_window_query *query, uint64_t *count);
void xti_window_stats(const struct xti_window_query *query, xt_walk_stats *out);

/* ---- joins (join*.c) ---------------------------------------------------------------------- */

struct xti_join;

/* b: NULL joins a with itself; else of as many dimensions. One allocation. The views must outlive
 * it. */
XT_NODISCARD xt_status xti_join_open(const struct xti_os *os, const struct xti_view *a,
                                     const struct xti_view *b, uint64_t limit,
                                     const struct xti_kernels *kernels, struct xti_join **out);
void xti_join_close(struct xti_join *join);

/* As xt_join_next(), xt_join_count(), xt_join_stats(). */
XT_NODISCARD xt_status xti_join_next(struct xti_join *join, xt_pair *pairs, size_t capacity,
                                     size_t *count);
XT_NODISCARD xt_status xti_join_count(struct xti_join *join, uint64_t *count);
void xti_join_stats(const struct xti_join *join, xt_walk_stats *out);

/* ---- nearest neighbours (nearest*.c) ------------------------------------------------------ */

struct xti_nearest;

/* point: dims finite doubles. The options were checked. One allocation, and more where the search
 * goes far. The view must outlive it. */
XT_NODISCARD xt_status xti_nearest_open(const struct xti_os *os, const struct xti_view *view,
                                        const double *point, const xt_nearest_options *options,
                                        const struct xti_kernels *kernels,
                                        struct xti_nearest **out);
void xti_nearest_close(struct xti_nearest *query);
XT_NODISCARD xt_status xti_nearest_restart(struct xti_nearest *query, const double *point);

/* As xt_query_next(), xt_query_next_nearest() (distances may be NULL), xt_query_count(),
 * xt_query_stats(). */
XT_NODISCARD xt_status xti_nearest_next(struct xti_nearest *query, xt_item *item);
XT_NODISCARD xt_status xti_nearest_next_batch(struct xti_nearest *query, uint64_t *ids,
                                              double *distances, size_t capacity, size_t *count);
XT_NODISCARD xt_status xti_nearest_count(struct xti_nearest *query, uint64_t *count);
void xti_nearest_stats(const struct xti_nearest *query, xt_walk_stats *out);

/* What xt_nearest_many() is given. */
#define XTI_NEAR_TURNS 12u

struct xti_near_batch {
    const double *points;
    size_t count;
    uint64_t *ids;
    double *distances; /* may be NULL, as `found` */
    size_t *found;
    uint32_t turns; /* searches at a time, at most XTI_NEAR_TURNS; 0: as many as fit the tree */
};
XT_NODISCARD xt_status xti_nearest_many(const struct xti_os *os, const struct xti_view *view,
                                        const struct xti_near_batch *batch,
                                        const xt_nearest_options *options,
                                        const struct xti_kernels *kernels);

/* ---- many windows (batch.c) ---------------------------------------------------------------- */

struct xti_windows_query;

struct xti_window_rows {
    const double *windows; /* count rows of 2 * dims doubles */
    size_t count;
};

/* As xti_window_open(); the limit is one for each window. The rows are not copied and must outlive
 * it. */
XT_NODISCARD xt_status xti_windows_open(const struct xti_os *os, const struct xti_view *view,
                                        const struct xti_window_rows *rows,
                                        const xt_query_options *options,
                                        const struct xti_kernels *kernels,
                                        struct xti_windows_query **out);
void xti_windows_close(struct xti_windows_query *query);

/* As xt_query_next_tagged(); numbers may be NULL. */
XT_NODISCARD xt_status xti_windows_next(struct xti_windows_query *query, uint64_t *ids,
                                        size_t *numbers, size_t capacity, size_t *count);

/* Counts what is left of all windows and leaves the query at its end. counts: NULL, or one element
 * for each window, of which those are set that were not at their end. */
XT_NODISCARD xt_status xti_windows_count(struct xti_windows_query *query, uint64_t *counts,
                                         uint64_t *total);
void xti_windows_stats(const struct xti_windows_query *query, xt_walk_stats *out);

/* ---- whole tree (walk.c, stats.c, verify.c) ------------------------------------------------ */

/* As xt_snapshot_nodes(), xt_snapshot_stats(), xt_snapshot_bounds(). */
XT_NODISCARD xt_status xti_tree_nodes(const struct xti_os *os, const struct xti_view *view,
                                      uint32_t min_level, xt_node_fn *visit, void *context);
XT_NODISCARD xt_status xti_tree_stats(const struct xti_os *os, const struct xti_view *view,
                                      xt_tree_stats *out);
XT_NODISCARD xt_status xti_tree_bounds(const struct xti_os *os, const struct xti_view *view,
                                       double *low, double *high);

struct xti_verify_report {
    uint64_t nodes, leaves, items, units;
    uint32_t bad_ref; /* the node where `finding` arose */
    struct xti_finding finding;
};

/* Visits every node and checks the invariants of README.md and, if `checksums`, the checksum of
 * each node that was committed when the view was made: others carry none yet. XT_OK, XT_ECORRUPT
 * with report->bad_ref and finding, XT_ENOMEM. */
XT_NODISCARD xt_status xti_tree_verify(const struct xti_os *os, const struct xti_view *view,
                                       bool checksums, struct xti_verify_report *report);

/* ---- changes (edit.c, insert.c, remove.c) --------------------------------------------------- */

struct xti_writer;

struct xti_writer_options {
    xt_medium medium;
    double max_overlap; /* 0: computed */
    xt_kernel kernel;   /* one that this processor has */
};

/* What the changes of one handle go through. The transaction must outlive it. */
XT_NODISCARD xt_status xti_writer_open(struct xti_txn *txn,
                                       const struct xti_writer_options *options,
                                       struct xti_writer **out);
void xti_writer_close(struct xti_writer *writer);
void xti_writer_stats(struct xti_writer *writer, xt_change_stats *out);

/* As xt_store_insert(), xt_store_remove(), xt_store_move(); boxes are low and high corner, high may
 * be NULL. */
XT_NODISCARD xt_status xti_tree_insert(struct xti_writer *writer, uint64_t id, const double *low,
                                       const double *high);
XT_NODISCARD xt_status xti_tree_remove(struct xti_writer *writer, uint64_t id, const double *low,
                                       const double *high);
XT_NODISCARD xt_status xti_tree_move(struct xti_writer *writer, uint64_t id,
                                     const double *const old[2], const double *const new[2]);

/* ---- moving nodes out of arenas (move_out.c) ------------------------------------------------ */

/* Where the walk through the tree goes on, and what was done so far. Zero: at its start. */
struct xti_move_out {
    uint32_t slots[XTD_LEVELS_MAX]; /* by level: of the next child */
    uint64_t nodes;                 /* that were moved out of victims; added to, as all of these */
    uint64_t units;                 /* of these */
    uint64_t due_units;             /* of those out of victims that were due */
    uint64_t path_units;            /* that were copied, out of other arenas, to get at them */
    uint64_t looks;                 /* inner nodes that the walk has done with */
};

/* Out of which arenas. A step ends when the counts above reach these; one node, its path and its
 * children may exceed. */
struct xti_move_limits {
    uint64_t units;     /* near */
    uint64_t due_units; /* out */
    uint64_t looks;     /* out */
    uint32_t victims[XTI_CLEAN_VICTIMS_MAX];
    uint32_t victim_count;
    uint32_t due_count; /* the first of them are due: their nodes move whatever the path costs */
};

/* Walks through the inner nodes, from the cursor on, and makes what they refer to in victims that
 * are due the pending change's own: so it lies elsewhere. What the same nodes refer to in other
 * victims moves along. *is_done: the end of the tree was reached, and the cursor stands at its
 * start. So where nothing else changed the tree since it last stood there, nothing lives any more
 * in the victims that were due. What was moved when an error came is part of the pending change;
 * that is complete, and may be published, committed or rolled back.
 *
 * Cost     a look at each inner node; for each node with such children a copy of its path.
 * Errors   as xti_tree_insert() but XT_EINVAL.
 */
XT_NODISCARD xt_status xti_tree_move_out(struct xti_writer *writer, struct xti_move_out *move,
                                         const struct xti_move_limits *limits, bool *is_done);

/* Moves the children of nodes that the pending change owns already: cheaper, as no path is copied
 * for them. Those out of victims that are due come first. The cursor stays. O(entries of own inner
 * nodes). */
XT_NODISCARD xt_status xti_tree_move_near(struct xti_writer *writer, struct xti_move_out *move,
                                          const struct xti_move_limits *limits);

/* ---- bulk load (loader.c, bulk*.c) ------------------------------------------------------- */

struct xti_loader;

/* As xt_loader_open() and its family; arguments were checked but for the coordinates' values. The
 * writer must outlive the loader; NULL will do for an empty store. */
XT_NODISCARD xt_status xti_loader_open(struct xti_txn *txn, struct xti_writer *writer,
                                       const xt_loader_options *options, struct xti_loader **out);
XT_NODISCARD xt_status xti_loader_add(struct xti_loader *loader, uint64_t id, const double *low,
                                      const double *high);
XT_NODISCARD xt_status xti_loader_add_many(struct xti_loader *loader, const xt_rows *rows,
                                           size_t *added);
XT_NODISCARD xt_status xti_loader_finish(struct xti_loader *loader);
void xti_loader_cancel(struct xti_loader *loader);

#endif
