/* include/xtree.hpp -- xtree.h for C++17: owners, exceptions, and results to loop over.
 *
 *     xtree::store store = xtree::store::open("places");
 *     xtree::snapshot now = store.latest();
 *     xtree::nearest_options five;
 *
 *     for (const xtree::item &item : now.window({5.0, 45.0, 15.0, 55.0}))
 *         use(item.id, item.low, item.high);
 *     five.k = 5;
 *     for (const xtree::item &item : now.nearest({13.405, 52.52}, five))
 *         use(item.id, item.distance);
 *
 * All is in this header; it needs xtree.h and its library, nothing else. What a call does, costs
 * and may fail with stands in xtree.h at the function of the same name.
 *
 * Owners   A snapshot holds its store, results hold their snapshots, a loader holds its store: they
 *          may end in any order. Copies of a store or snapshot are the same handle.
 * Errors   Every failure throws xtree::error, except that remove() and move() tell by their result
 *          whether there was such an item.
 * Threads  As in xtree.h; copies of a handle count as that handle.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XTREE_HPP
#define XTREE_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "xtree.h"

namespace xtree
{

using item = xt_item; /* low and high are valid until the loop goes on */
using pair = xt_pair;

/* A status that is not XT_OK, and where it happened if that is known. */
class error : public std::runtime_error
{
  public:
    error(xt_status status, const xt_error &detail)
        : std::runtime_error(text_of(status, detail)), status_(status), detail_(detail)
    {
    }
    explicit error(xt_status status) : error(status, xt_error{status, 0, UINT64_MAX, {}, {}})
    {
    }
    xt_status status() const noexcept
    {
        return status_;
    }
    const xt_error &detail() const noexcept
    {
        return detail_;
    }

  private:
    static std::string text_of(xt_status status, const xt_error &detail)
    {
        std::string text = xt_status_text(status);

        if (detail.path[0] != '\0')
            text += std::string(" (") + detail.path + ", " + detail.check + ")";
        return text;
    }

    xt_status status_;
    xt_error detail_;
};

/* Some doubles of the caller's, borrowed for the time of a call: a list in braces, an array, a
 * std::array, a std::vector, or what else has data() and size(). */
class coords
{
  public:
    coords() = default;
    coords(const double *values, std::size_t count) : values_(values), count_(count)
    {
    }
    coords(std::initializer_list<double> list) : coords(std::data(list), list.size())
    {
    }
    template <std::size_t N> coords(const double (&values)[N]) : coords(values, N)
    {
    }
    template <class Container,
              class = std::enable_if_t<std::is_convertible_v<
                  decltype(std::declval<const Container &>().data()), const double *>>>
    coords(const Container &container) : coords(container.data(), container.size())
    {
    }
    /* The values, of which there must be `count`. */
    const double *take(std::size_t count) const
    {
        if (count_ != count)
            throw error(XT_EINVAL);
        return values_;
    }
    bool empty() const noexcept
    {
        return count_ == 0;
    }

  private:
    const double *values_ = nullptr;
    std::size_t count_ = 0;
};

using filter_fn = std::function<bool(const item &)>;
using distance_fn = std::function<double(const item &)>;

struct condition {
    xt_predicate predicate;
    std::vector<double> window; /* all low corners, then all high corners */
};

/* Fields as in xt_query_options. What the filter throws comes out of the loop. */
struct query_options {
    std::uint64_t limit = 0;
    filter_fn filter;
    xt_kernel kernel = XT_KERNEL_BEST;
};

/* Fields as in xt_nearest_options. */
struct nearest_options {
    std::uint64_t k = 0;
    double max_distance = 0;
    xt_metric metric = XT_EUCLIDEAN;
    std::vector<double> weights;
    filter_fn filter;
    distance_fn distance;
    xt_kernel kernel = XT_KERNEL_BEST;
};

namespace detail
{

inline void check(xt_status status)
{
    if (status < 0)
        throw error(status);
}

/* For calls that say more than a status. */
template <class Call> void check_with(const Call &call)
{
    xt_error where{};
    xt_status status = call(&where);

    if (status != XT_OK)
        throw error(status, where);
}

/* An input iterator over what a Source gives: bool next(), and `value`. */
template <class Source> class iterator
{
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = typename Source::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type *;
    using reference = const value_type &;

    iterator() = default;
    explicit iterator(Source *source) : source_(source)
    {
        ++*this;
    }
    reference operator*() const
    {
        return source_->value;
    }
    pointer operator->() const
    {
        return &source_->value;
    }
    iterator &operator++()
    {
        if (!source_->next())
            source_ = nullptr;
        return *this;
    }
    /* What i++ gives must still show the old item. */
    class held
    {
      public:
        explicit held(reference value) : value_(value)
        {
        }
        reference operator*() const
        {
            return value_;
        }

      private:
        value_type value_;
    };
    held operator++(int)
    {
        held before(source_->value);

        ++*this;
        return before;
    }
    friend bool operator==(const iterator &a, const iterator &b)
    {
        return a.source_ == b.source_;
    }
    friend bool operator!=(const iterator &a, const iterator &b)
    {
        return a.source_ != b.source_;
    }

  private:
    Source *source_ = nullptr; /* nullptr: the end */
};

struct query_state {
    using value_type = item;

    std::shared_ptr<xt_snapshot> snapshot;
    filter_fn filter;
    distance_fn distance;
    std::exception_ptr failure; /* what one of them threw */
    xt_query *query = nullptr;
    std::size_t width = 0; /* doubles of what it was opened with */
    item value{};

    query_state() = default;
    query_state(const query_state &) = delete;
    query_state &operator=(const query_state &) = delete;
    ~query_state()
    {
        xt_query_close(query);
    }
    /* An exception must not pass through the library, so it waits here. */
    void finish(xt_status status)
    {
        if (failure)
            std::rethrow_exception(std::exchange(failure, nullptr));
        check(status);
    }
    bool next()
    {
        xt_status status = xt_query_next(query, &value);

        finish(status);
        return status == XT_OK;
    }
    static bool call_filter(void *context, std::uint64_t id, const double *low, const double *high)
    {
        query_state *state = static_cast<query_state *>(context);

        try {
            return !state->failure && state->filter(item{id, low, high, 0});
        } catch (...) {
            state->failure = std::current_exception();
            return false;
        }
    }
    static double call_distance(void *context, std::uint64_t id, const double *low,
                                const double *high)
    {
        query_state *state = static_cast<query_state *>(context);

        try {
            return state->failure ? 0 : state->distance(item{id, low, high, 0});
        } catch (...) {
            state->failure = std::current_exception();
            return 0;
        }
    }
};

struct join_state {
    using value_type = pair;

    std::shared_ptr<xt_snapshot> a, b;
    xt_join *join = nullptr;
    std::array<pair, 256> pairs{};
    std::size_t count = 0, used = 0;
    pair value{};

    join_state() = default;
    join_state(const join_state &) = delete;
    join_state &operator=(const join_state &) = delete;
    ~join_state()
    {
        xt_join_close(join);
    }
    bool next()
    {
        if (used == count) {
            check(xt_join_next(join, pairs.data(), pairs.size(), &count));
            used = 0;
        }
        if (count == 0)
            return false;
        value = pairs[used++];
        return true;
    }
};

} // namespace detail

/* The results of a query: one pass over them, which begin() starts or continues. */
class items
{
  public:
    using iterator = detail::iterator<detail::query_state>;

    explicit items(std::unique_ptr<detail::query_state> state) : state_(std::move(state))
    {
    }
    iterator begin()
    {
        return iterator(state_.get());
    }
    iterator end() noexcept
    {
        return iterator();
    }
    /* How many are still to come, none of which then does. */
    std::uint64_t count()
    {
        std::uint64_t count;
        xt_status status = xt_query_count(state_->query, &count);

        state_->finish(status);
        return count;
    }
    /* The ids of all that are still to come. */
    std::vector<std::uint64_t> ids()
    {
        std::vector<std::uint64_t> ids;
        std::array<std::uint64_t, 256> batch;
        xt_status status = XT_OK;
        std::size_t count;

        while (status == XT_OK) {
            status = xt_query_next_batch(state_->query, batch.data(), batch.size(), &count);
            state_->finish(status);
            ids.insert(ids.end(), batch.begin(), batch.begin() + static_cast<long>(count));
        }
        return ids;
    }
    /* Asks the same at another place: a window, or a point where it began with one. Iterators and
     * items of before are gone. Faster than a new query, as nothing is allocated. */
    void restart(coords where)
    {
        detail::check(xt_query_restart(state_->query, where.take(state_->width)));
    }
    xt_walk_stats stats() const
    {
        xt_walk_stats stats{};

        stats.struct_size = sizeof stats;
        detail::check(xt_query_stats(state_->query, &stats));
        return stats;
    }

  private:
    std::unique_ptr<detail::query_state> state_;
};

/* The results of a join, likewise. */
class pairs
{
  public:
    using iterator = detail::iterator<detail::join_state>;

    explicit pairs(std::unique_ptr<detail::join_state> state) : state_(std::move(state))
    {
    }
    iterator begin()
    {
        return iterator(state_.get());
    }
    iterator end() noexcept
    {
        return iterator();
    }
    /* How many are still to come, none of which then does. */
    std::uint64_t count()
    {
        std::uint64_t ready = state_->count - state_->used;
        std::uint64_t count;

        detail::check(xt_join_count(state_->join, &count));
        state_->used = state_->count;
        return ready + count;
    }

  private:
    std::unique_ptr<detail::join_state> state_;
};

struct box {
    std::vector<double> low, high;
};

class snapshot
{
  public:
    snapshot(std::shared_ptr<xt_snapshot> handle, std::uint32_t dims)
        : handle_(std::move(handle)), dims_(dims)
    {
    }
    xt_snapshot *get() const noexcept
    {
        return handle_.get();
    }
    std::uint32_t dims() const noexcept
    {
        return dims_;
    }
    std::uint64_t count() const noexcept
    {
        return xt_snapshot_count(get());
    }
    std::uint64_t txn() const noexcept
    {
        return xt_snapshot_txn(get());
    }
    xt_check_report verify(bool deep = true) const
    {
        xt_check_report report = XT_CHECK_REPORT_INIT;

        detail::check_with([&](xt_error *where) {
            xt_check_options o = XT_CHECK_OPTIONS_INIT;

            o.deep = deep;
            o.error = where;
            return xt_snapshot_check(get(), &o, &report);
        });
        return report;
    }
    /* A store of its own at `path`; options.error is not used. */
    void copy(const std::string &path, xt_copy_options options = XT_COPY_OPTIONS_INIT) const
    {
        detail::check_with([&](xt_error *where) {
            options.error = where;
            return xt_snapshot_copy(get(), path.c_str(), &options);
        });
    }
    /* The box around all items. Throws XT_ENOTFOUND if there is none. */
    box bounds() const
    {
        box bounds{std::vector<double>(dims_), std::vector<double>(dims_)};

        detail::check(xt_snapshot_bounds(get(), bounds.low.data(), bounds.high.data()));
        return bounds;
    }
    items window(coords window, xt_predicate predicate = XT_INTERSECTS,
                 const query_options &options = {}) const
    {
        return open(window, predicate, {}, options);
    }
    /* All conditions hold; there is at least one. */
    items where(const std::vector<condition> &conditions, const query_options &options = {}) const
    {
        std::vector<xt_condition> also;

        if (conditions.empty())
            throw error(XT_EINVAL);
        for (std::size_t i = 1; i < conditions.size(); i++)
            also.push_back({conditions[i].predicate,
                            coords(conditions[i].window).take(2 * std::size_t{dims_})});
        return open(conditions[0].window, conditions[0].predicate, also, options);
    }
    items covers(coords point, const query_options &options = {}) const
    {
        std::unique_ptr<detail::query_state> state = begin(options.filter);
        xt_query_options o = options_of(*state, XT_CONTAINS, {}, options);

        state->width = dims_;
        detail::check(xt_query_covers(get(), point.take(dims_), &o, &state->query));
        return items(std::move(state));
    }
    items nearest(coords point, const nearest_options &options = {}) const
    {
        std::unique_ptr<detail::query_state> state = begin(options.filter);
        xt_nearest_options o = XT_NEAREST_OPTIONS_INIT;

        o.k = options.k;
        o.max_distance = options.max_distance;
        o.metric = options.metric;
        o.kernel = options.kernel;
        if (!options.weights.empty())
            o.weights = coords(options.weights).take(dims_);
        o.filter = state->filter ? &detail::query_state::call_filter : nullptr;
        state->distance = options.distance;
        o.distance = state->distance ? &detail::query_state::call_distance : nullptr;
        o.filter_context = o.distance_context = state.get();
        state->width = dims_;
        detail::check(xt_query_nearest(get(), point.take(dims_), &o, &state->query));
        return items(std::move(state));
    }
    pairs join(const snapshot &other, std::uint64_t limit = 0) const
    {
        return open_join(&other, limit);
    }
    /* Every two different items of this snapshot that share a point. */
    pairs self_join(std::uint64_t limit = 0) const
    {
        return open_join(nullptr, limit);
    }

  private:
    std::unique_ptr<detail::query_state> begin(const filter_fn &filter) const
    {
        std::unique_ptr<detail::query_state> state = std::make_unique<detail::query_state>();

        state->snapshot = handle_;
        state->filter = filter;
        return state;
    }
    static xt_query_options options_of(detail::query_state &state, xt_predicate predicate,
                                       const std::vector<xt_condition> &also,
                                       const query_options &options)
    {
        xt_query_options o = XT_QUERY_OPTIONS_INIT;

        o.predicate = predicate;
        o.limit = options.limit;
        o.kernel = options.kernel;
        o.also = also.data();
        o.also_count = also.size();
        o.filter = state.filter ? &detail::query_state::call_filter : nullptr;
        o.filter_context = &state;
        return o;
    }
    items open(coords window, xt_predicate predicate, const std::vector<xt_condition> &also,
               const query_options &options) const
    {
        std::unique_ptr<detail::query_state> state = begin(options.filter);
        xt_query_options o = options_of(*state, predicate, also, options);

        state->width = 2 * std::size_t{dims_};
        detail::check(xt_query_window(get(), window.take(state->width), &o, &state->query));
        return items(std::move(state));
    }
    pairs open_join(const snapshot *other, std::uint64_t limit) const
    {
        std::unique_ptr<detail::join_state> state = std::make_unique<detail::join_state>();
        xt_join_options o = XT_JOIN_OPTIONS_INIT;

        o.limit = limit;
        state->a = handle_;
        if (other != nullptr)
            state->b = other->handle_;
        detail::check(xt_join_open(state->a.get(), state->b.get(), &o, &state->join));
        return pairs(std::move(state));
    }

    std::shared_ptr<xt_snapshot> handle_; /* its deleter holds the store */
    std::uint32_t dims_;
};

/* A bulk load. What ends without finish() adds nothing. */
class loader
{
  public:
    loader(std::shared_ptr<xt_store> store, xt_loader *handle, std::uint32_t dims)
        : store_(std::move(store)), handle_(handle), dims_(dims)
    {
    }
    xt_loader *get() const noexcept
    {
        return handle_.get();
    }
    void add(std::uint64_t id, coords low, coords high = {})
    {
        detail::check(
            xt_loader_add(get(), id, low.take(dims_), high.empty() ? nullptr : high.take(dims_)));
    }
    void add_many(const xt_rows &rows)
    {
        detail::check(xt_loader_add_many(get(), &rows, nullptr));
    }
    void finish()
    {
        detail::check(xt_loader_finish(handle_.release()));
    }

  private:
    struct cancel {
        void operator()(xt_loader *handle) const noexcept
        {
            xt_loader_cancel(handle);
        }
    };

    std::shared_ptr<xt_store> store_; /* outlives the next */
    std::unique_ptr<xt_loader, cancel> handle_;
    std::uint32_t dims_;
};

class store
{
  public:
    /* On disk. options.error is not used: what it would say is in the exception. */
    static store create(const std::string &path, xt_create_options options)
    {
        return make(path.c_str(), options);
    }
    static store create(const std::string &path, std::uint32_t dims, xt_item_kind kind = XT_POINTS)
    {
        return make(path.c_str(), options_for(dims, kind));
    }
    /* In memory. */
    static store memory(xt_create_options options)
    {
        return make(nullptr, options);
    }
    static store memory(std::uint32_t dims, xt_item_kind kind = XT_POINTS)
    {
        return make(nullptr, options_for(dims, kind));
    }
    static store open(const std::string &path, xt_open_options options)
    {
        xt_store *handle;

        detail::check_with([&](xt_error *where) {
            options.error = where;
            return xt_store_open(path.c_str(), &options, &handle);
        });
        return store(handle);
    }
    /* To read, or to write as well. */
    static store open(const std::string &path, bool is_writable = false)
    {
        xt_open_options options = XT_OPEN_OPTIONS_INIT;

        options.writable = is_writable;
        return open(path, options);
    }
    xt_store *get() const noexcept
    {
        return handle_.get();
    }
    std::uint32_t dims() const noexcept
    {
        return dims_;
    }
    void insert(std::uint64_t id, coords low, coords high = {})
    {
        detail::check(xt_store_insert(get(), id, low.take(dims_), optional(high)));
    }
    /* False: there is no such item. */
    bool remove(std::uint64_t id, coords low, coords high = {})
    {
        return is_found(xt_store_remove(get(), id, low.take(dims_), optional(high)));
    }
    /* A point. False: there is no such item. */
    bool move(std::uint64_t id, coords old_point, coords point)
    {
        return is_found(
            xt_store_move(get(), id, old_point.take(dims_), nullptr, point.take(dims_), nullptr));
    }
    bool move(std::uint64_t id, coords old_low, coords old_high, coords low, coords high)
    {
        return is_found(xt_store_move(get(), id, old_low.take(dims_), old_high.take(dims_),
                                      low.take(dims_), high.take(dims_)));
    }
    void publish()
    {
        detail::check(xt_store_publish(get()));
    }
    void commit()
    {
        detail::check_with([&](xt_error *where) { return xt_store_commit(get(), where); });
    }
    void rollback()
    {
        detail::check(xt_store_rollback(get()));
    }
    loader load(const xt_loader_options &options = XT_LOADER_OPTIONS_INIT)
    {
        xt_loader *handle;

        detail::check(xt_loader_open(get(), &options, &handle));
        return loader(handle_, handle, dims_);
    }
    snapshot latest() const
    {
        xt_snapshot *handle;

        detail::check(xt_snapshot_latest(get(), &handle));
        return snapshot({handle, release{handle_}}, dims_);
    }
    /* The newest commit stays readable under the number that is returned. "": no name. */
    std::uint64_t keep(const std::string &name = "")
    {
        std::uint64_t number;

        detail::check_with(
            [&](xt_error *where) { return xt_store_keep(get(), name.c_str(), &number, where); });
        return number;
    }
    void drop(std::uint64_t number)
    {
        detail::check_with([&](xt_error *where) { return xt_store_drop(get(), number, where); });
    }
    /* How many were dropped. */
    std::uint64_t retain(xt_retention rule)
    {
        std::uint64_t dropped;

        detail::check_with(
            [&](xt_error *where) { return xt_store_retain(get(), &rule, &dropped, where); });
        return dropped;
    }
    /* Those whose files are sound. */
    std::vector<xt_snapshot_info> kept() const
    {
        std::vector<xt_snapshot_info> all;
        xt_snapshot_info info{};
        xt_status status;

        info.struct_size = sizeof info;
        for (std::uint64_t i = 0;; i++) {
            status = xt_store_kept(get(), i, &info);
            if (status == XT_ENOTFOUND)
                return all;
            if (status == XT_OK)
                all.push_back(info);
            else if (info.number == 0)
                detail::check(status);
        }
    }
    snapshot at(std::uint64_t number) const
    {
        xt_snapshot *handle;

        detail::check_with(
            [&](xt_error *where) { return xt_snapshot_open(get(), number, where, &handle); });
        return snapshot({handle, release{handle_}}, dims_);
    }
    snapshot at(const std::string &name) const
    {
        std::uint64_t number;

        detail::check(xt_store_find_kept(get(), name.c_str(), &number));
        return at(number);
    }
    /* Commits so far, whatever the store's durability. */
    void sync()
    {
        detail::check_with([&](xt_error *where) { return xt_store_sync(get(), where); });
    }
    /* options.error is not used. */
    xt_clean_report clean(xt_clean_options options = XT_CLEAN_OPTIONS_INIT)
    {
        xt_clean_report report = XT_CLEAN_REPORT_INIT;

        detail::check_with([&](xt_error *where) {
            options.error = where;
            return xt_store_clean(get(), &options, &report);
        });
        return report;
    }
    /* The newest commit; snapshot::verify() looks at a kept one. */
    xt_check_report verify(bool deep = true)
    {
        xt_check_report report = XT_CHECK_REPORT_INIT;

        detail::check_with([&](xt_error *where) {
            xt_check_options o = XT_CHECK_OPTIONS_INIT;

            o.deep = deep;
            o.error = where;
            return xt_store_check(get(), &o, &report);
        });
        return report;
    }
    xt_store_stats stat() const
    {
        xt_store_stats stats{};

        stats.struct_size = sizeof stats;
        detail::check(xt_store_stat(get(), &stats));
        return stats;
    }
    xt_change_stats changes() const
    {
        xt_change_stats stats{};

        stats.struct_size = sizeof stats;
        detail::check(xt_store_changes(get(), &stats));
        return stats;
    }

  private:
    struct release {
        std::shared_ptr<xt_store> store;
        void operator()(xt_snapshot *handle) const noexcept
        {
            xt_snapshot_release(handle);
        }
    };

    explicit store(xt_store *handle) : handle_(handle, [](xt_store *s) { xt_store_close(s); })
    {
        dims_ = stat().dims;
    }
    static xt_create_options options_for(std::uint32_t dims, xt_item_kind kind)
    {
        xt_create_options options = XT_CREATE_OPTIONS_INIT;

        options.dims = dims;
        options.kind = kind;
        return options;
    }
    static store make(const char *path, xt_create_options options)
    {
        xt_store *handle;

        detail::check_with([&](xt_error *where) {
            options.error = where;
            return xt_store_create(path, &options, &handle);
        });
        return store(handle);
    }
    const double *optional(coords high) const
    {
        return high.empty() ? nullptr : high.take(dims_);
    }
    static bool is_found(xt_status status)
    {
        if (status != XT_ENOTFOUND)
            detail::check(status);
        return status == XT_OK;
    }

    std::shared_ptr<xt_store> handle_;
    std::uint32_t dims_ = 0;
};

} // namespace xtree
#endif
