// tests/api/test_hpp.cc -- does the C++ wrapper own, throw and loop as it says?
//
// SPDX-License-Identifier: MIT
#include "xtree.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <set>

extern "C" {
#include "support/check.h"
}

namespace
{

// 100 points on a grid: id 10 * y + x at x, y.
xtree::store grid()
{
    xtree::store store = xtree::store::memory(2);
    xtree::loader loader = store.load();

    for (unsigned i = 0; i < 100; i++)
        loader.add(i, {double(i % 10), double(i / 10)});
    loader.finish();
    store.publish();
    return store;
}

std::multiset<std::uint64_t> ids_of(xtree::items items)
{
    std::multiset<std::uint64_t> ids;

    for (const xtree::item &item : items)
        ids.insert(item.id);
    return ids;
}

template <class Call> xt_status status_of(Call call)
{
    try {
        call();
    } catch (const xtree::error &error) {
        CHECK(std::strstr(error.what(), xt_status_text(error.status())) == error.what());
        return error.status();
    }
    return XT_OK;
}

void a_window_is_a_range()
{
    xtree::snapshot now = grid().latest(); // which keeps the store
    std::multiset<std::uint64_t> ids;

    for (const xtree::item &item : now.window({2, 3, 4, 4})) {
        CHECK_U64(item.id, 10 * item.low[1] + item.low[0]);
        CHECK(item.low == item.high && item.distance == 0);
        ids.insert(item.id);
    }
    CHECK((ids == std::multiset<std::uint64_t>{32, 33, 34, 42, 43, 44}));
    CHECK_U64(now.count(), 100);
    CHECK_U64(now.window({2, 3, 4, 4}).count(), 6);
    CHECK_U64(now.window({2, 3, 4, 4}, XT_DISJOINT).count(), 94);
    CHECK_U64(now.window({2, 3, 4, 4}).ids().size(), 6);
    CHECK_U64(now.window({-1, -1, 10, 10}).ids().size(), 100);
}

void iterators_fit_algorithms()
{
    xtree::snapshot now = grid().latest();
    xtree::items row = now.window({0, 7, 9, 7});
    xtree::items left = now.window({0, 7, 9, 7});
    xtree::items none = now.window({20, 7, 29, 7});
    xtree::items::iterator i = left.begin();
    std::uint64_t first = i->id;

    CHECK_INT(std::count_if(row.begin(), row.end(),
                            [](const xtree::item &item) { return item.low[0] < 3; }),
              3);
    CHECK(row.begin() == row.end());
    CHECK(none.begin() == none.end());
    CHECK_U64((*i++).id, first);
    CHECK(i->id != first);
    CHECK_INT(std::distance(i, left.end()), 9);
}

void coordinates_come_in_many_ways()
{
    xtree::snapshot now = grid().latest();
    const double plain[] = {2, 3, 4, 4};
    const std::array<double, 4> array{2, 3, 4, 4};
    const std::vector<double> vector{2, 3, 4, 4};

    CHECK_U64(now.window(plain).count(), 6);
    CHECK_U64(now.window(array).count(), 6);
    CHECK_U64(now.window(vector).count(), 6);
    CHECK_U64(now.window(xtree::coords(plain, 4)).count(), 6);
    CHECK_STATUS(status_of([&] { now.window({2, 3, 4}); }), XT_EINVAL);
    CHECK_STATUS(status_of([&] { now.nearest({2, 3, 4}); }), XT_EINVAL);
    CHECK_STATUS(status_of([&] { now.covers({2}); }), XT_EINVAL);
    CHECK_STATUS(status_of([&] { now.where({}); }), XT_EINVAL);
    CHECK_STATUS(status_of([&] {
                     now.where({
                         {XT_WITHIN, {0, 0, 9, 9}},
                         {XT_WITHIN, {0}         }
                     });
                 }),
                 XT_EINVAL);
}

void nearest_items_come_in_order()
{
    xtree::snapshot now = grid().latest();
    xtree::nearest_options options;
    std::vector<std::uint64_t> ids;
    double before = 0;

    options.k = 4;
    for (const xtree::item &item : now.nearest({3.1, 4.2}, options)) {
        CHECK(item.distance >= before);
        CHECK(std::fabs(item.distance - std::hypot(item.low[0] - 3.1, item.low[1] - 4.2)) < 1e-12);
        before = item.distance;
        ids.push_back(item.id);
    }
    CHECK((ids == std::vector<std::uint64_t>{43, 53, 44, 42}));
    options.k = 5;
    options.metric = XT_MAXIMUM;
    options.weights = {1, 100};
    CHECK((now.nearest({3.1, 4}, options).ids() == std::vector<std::uint64_t>{43, 44, 42, 45, 41}));
    options = {};
    options.max_distance = 1;
    CHECK(
        (ids_of(now.nearest({5, 5}, options)) == std::multiset<std::uint64_t>{45, 54, 55, 56, 65}));
    options.filter = [](const xtree::item &item) { return item.id % 2 == 0; };
    options.distance = [](const xtree::item &item) { return item.low[0] == 5 ? 0.5 : HUGE_VAL; };
    CHECK((ids_of(now.nearest({5, 5}, options)).empty()));
    options.distance = nullptr;
    CHECK((ids_of(now.nearest({5, 5}, options)) == std::multiset<std::uint64_t>{54, 56}));
    options.weights = {1};
    CHECK_STATUS(status_of([&] { now.nearest({5, 5}, options); }), XT_EINVAL);
}

void conditions_and_filters_all_hold()
{
    xtree::snapshot now = grid().latest();
    xtree::query_options options;
    int asked = 0;

    CHECK((ids_of(now.where({
               {XT_WITHIN,   {0, 0, 2, 2}},
               {XT_DISJOINT, {0, 0, 1, 9}}
    })) ==
           std::multiset<std::uint64_t>{2, 12, 22}));
    options.filter = [&asked](const xtree::item &item) {
        asked++;
        return item.low[1] > 0;
    };
    CHECK((ids_of(now.where(
               {
                   {XT_WITHIN,   {0, 0, 2, 2}},
                   {XT_DISJOINT, {0, 0, 1, 9}}
    },
               options)) == std::multiset<std::uint64_t>{12, 22}));
    CHECK_INT(asked, 3);
    xtree::items here = now.covers({4, 4});
    CHECK((here.ids() == std::vector<std::uint64_t>{44}));
    here.restart({3, 4});
    CHECK((here.ids() == std::vector<std::uint64_t>{43}));
    CHECK_STATUS(status_of([&] { here.restart({2}); }), XT_EINVAL);
    options = {};
    options.limit = 7;
    CHECK_U64(now.window({0, 0, 9, 9}, XT_INTERSECTS, options).count(), 7);
}

void what_a_callback_throws_comes_out()
{
    xtree::snapshot now = grid().latest();
    xtree::query_options options;
    xtree::nearest_options near;
    int caught = 0;

    options.filter = near.filter = [](const xtree::item &item) -> bool {
        if (item.id == 55)
            throw std::runtime_error("55");
        return false;
    };
    try {
        ids_of(now.window({0, 0, 9, 9}, XT_INTERSECTS, options));
    } catch (const std::runtime_error &error) {
        caught += std::strcmp(error.what(), "55") == 0;
    }
    try {
        now.window({0, 0, 9, 9}, XT_INTERSECTS, options).count();
    } catch (const std::runtime_error &error) {
        caught += std::strcmp(error.what(), "55") == 0;
    }
    try {
        now.nearest({0, 0}, near).ids();
    } catch (const std::runtime_error &error) {
        caught += std::strcmp(error.what(), "55") == 0;
    }
    near.filter = nullptr;
    near.distance = [](const xtree::item &) -> double { throw 7; };
    try {
        now.nearest({0, 0}, near).ids();
    } catch (int value) {
        caught += value == 7;
    }
    CHECK_INT(caught, 4);
}

void changes_show_when_they_are_published()
{
    xtree::store store = xtree::store::memory(2, XT_BOXES);
    xtree::snapshot before = store.latest();

    store.insert(1, {0, 0}, {1, 1});
    store.insert(2, {5, 5});
    CHECK_U64(store.latest().count(), 0);
    store.commit();
    CHECK_U64(before.count(), 0);
    CHECK_U64(store.latest().count(), 2);
    CHECK(store.move(1, {0, 0}, {1, 1}, {2, 2}, {3, 3}));
    CHECK(store.move(2, {5, 5}, {6, 6}));
    CHECK(!store.move(2, {5, 5}, {6, 6}));
    CHECK(!store.remove(1, {0, 0}, {1, 1}));
    CHECK(store.remove(1, {2, 2}, {3, 3}));
    store.publish();
    CHECK((ids_of(store.latest().covers({6, 6})) == std::multiset<std::uint64_t>{2}));
    CHECK(store.remove(2, {6, 6}));
    store.rollback();
    CHECK_U64(store.latest().count(), 1);
    CHECK(store.changes().max_overlap > 0);
    CHECK_STATUS(status_of([&] { store.insert(3, {1, NAN}); }), XT_EINVAL);
    CHECK_STATUS(status_of([&] { store.insert(3, {1}); }), XT_EINVAL);
    CHECK_STATUS(status_of([&] { store.insert(3, {1, 1}, {2}); }), XT_EINVAL);
    CHECK_STATUS(status_of([&] { store.remove(3, {1, 1}, {0, 0}); }), XT_EINVAL);
}

void a_loader_without_finish_adds_nothing()
{
    xtree::store store = xtree::store::memory(1);

    {
        xtree::loader loader = store.load();

        loader.add(1, {0.5});
        CHECK_STATUS(status_of([&] { store.load(); }), XT_EMISUSE);
        CHECK_STATUS(status_of([&] { loader.add(2, {NAN}); }), XT_EINVAL);
    }
    store.publish();
    CHECK_U64(store.latest().count(), 0);
    CHECK_STATUS(status_of([&] { store.latest().bounds(); }), XT_ENOTFOUND);
    store.load().finish();
}

void joins_are_ranges()
{
    xtree::store zones = xtree::store::memory(2, XT_BOXES);
    xtree::snapshot points = grid().latest();
    std::multiset<std::pair<std::uint64_t, std::uint64_t>> found;

    zones.insert(1, {0, 0}, {1, 1});
    zones.insert(2, {1, 1}, {30, 1});
    zones.insert(3, {20, 0}, {30, 9});
    zones.publish();
    for (const xtree::pair &pair : zones.latest().join(points))
        found.insert({pair.a, pair.b});
    CHECK_U64(found.size(), 13);
    CHECK_U64(found.count({1, 11}), 1);
    CHECK_U64(found.count({2, 11}), 1);
    CHECK_U64(zones.latest().self_join().count(), 2);
    CHECK_U64(zones.latest().join(points, 4).count(), 4);
    CHECK_U64(points.join(points).count(), 0); // with itself
    xtree::store many = xtree::store::memory(1);
    for (unsigned i = 0; i < 40; i++)
        many.insert(i, {0});
    many.publish();
    xtree::pairs pairs = many.latest().self_join();
    xtree::pairs::iterator i = pairs.begin();
    ++i;
    CHECK(i != pairs.end());
    CHECK_U64(pairs.count(), 40 * 39 / 2 - 2);
    CHECK_STATUS(status_of([&] { many.latest().join(points); }), XT_EINVAL);
}

void stores_on_disk_say_what_is_wrong()
{
    std::filesystem::remove_all("hpp_store");
    {
        xtree::store store = xtree::store::create("hpp_store", 3, XT_BOXES);
        store.insert(9, {1, 2, 3}, {4, 5, 6});
        store.commit();
        CHECK_STATUS(status_of([] { xtree::store::open("hpp_store", true); }), XT_EBUSY);
    }
    xtree::store store = xtree::store::open("hpp_store");
    xtree::box bounds = store.latest().bounds();

    CHECK_U64(store.dims(), 3);
    CHECK_U64(store.stat().txn, 2);
    CHECK_U64(store.latest().txn(), 2);
    CHECK((bounds.low == std::vector<double>{1, 2, 3}));
    CHECK((bounds.high == std::vector<double>{4, 5, 6}));
    CHECK_STATUS(status_of([&] { store.insert(1, {0, 0, 0}); }), XT_EMISUSE);
    CHECK_STATUS(status_of([] { xtree::store::create("hpp_store", 3); }), XT_EEXIST);
    CHECK_STATUS(status_of([] { xtree::store::memory(0); }), XT_EINVAL);
    try {
        xtree::store::open("no_such_store");
        CHECK(false);
    } catch (const xtree::error &error) {
        CHECK_STATUS(error.status(), XT_ENOTFOUND);
        CHECK(std::strstr(error.detail().path, "no_such_store") != nullptr);
        CHECK(std::strstr(error.what(), "no_such_store") != nullptr);
    }
}

void commits_can_be_kept()
{
    xtree::store store = xtree::store::create(std::string(check_scratch()) + "/kept", 1, XT_POINTS);
    std::uint64_t first;

    store.insert(1, {1});
    store.commit();
    first = store.keep("one");
    store.insert(2, {2});
    store.commit();
    CHECK_U64(store.keep(), first + 1);
    CHECK_U64(store.kept().size(), 2);
    CHECK_STR(store.kept()[0].name, "one");
    CHECK_U64(store.at(first).count(), 1);
    CHECK_U64(store.at("one").count(), 1);
    CHECK_U64(store.at(first + 1).count(), 2);
    store.drop(first);
    try {
        (void)store.at("one");
        CHECK(false);
    } catch (const xtree::error &e) {
        CHECK_STATUS(e.status(), XT_ENOTFOUND);
    }
}

void stores_are_checked_cleaned_and_copied()
{
    std::string path = std::string(check_scratch()) + "/checked";
    xtree::store store = xtree::store::create(path, 1, XT_POINTS);
    xt_retention rule = XT_RETENTION_INIT;

    for (int i = 0; i < 100; i++)
        store.insert(static_cast<std::uint64_t>(i), {static_cast<double>(i)});
    store.commit();
    store.sync();
    CHECK_U64(store.verify().items, 100);
    CHECK_U64(store.verify(false).items, 0);
    (void)store.keep();
    store.insert(100, {100});
    store.commit();
    CHECK_U64(store.keep(), store.latest().txn());
    CHECK_U64(store.at(store.kept()[0].number).verify().items, 100);
    rule.keep_last = 1;
    CHECK_U64(store.retain(rule), 1);
    CHECK_U64(store.clean().nodes_moved, 0);
    store.latest().copy(path + "-copy");
    CHECK_U64(xtree::store::open(path + "-copy").latest().count(), 101);
    CHECK_STATUS(status_of([&] { store.latest().copy(path); }), XT_EEXIST);
}

void owners_may_end_in_any_order()
{
    auto store = std::make_unique<xtree::store>(grid());
    auto now = std::make_unique<xtree::snapshot>(store->latest());
    xtree::items items = now->window({0, 0, 9, 9});

    store.reset();
    now.reset();
    xtree::items moved = std::move(items);
    CHECK_U64(moved.stats().items, 0);
    CHECK_INT(std::distance(moved.begin(), moved.end()), 100);
    CHECK_U64(moved.stats().items, 100);
}

} // namespace

CHECK_MAIN({"a_window_is_a_range", a_window_is_a_range},
           {"iterators_fit_algorithms", iterators_fit_algorithms},
           {"coordinates_come_in_many_ways", coordinates_come_in_many_ways},
           {"nearest_items_come_in_order", nearest_items_come_in_order},
           {"conditions_and_filters_all_hold", conditions_and_filters_all_hold},
           {"what_a_callback_throws_comes_out", what_a_callback_throws_comes_out},
           {"changes_show_when_they_are_published", changes_show_when_they_are_published},
           {"a_loader_without_finish_adds_nothing", a_loader_without_finish_adds_nothing},
           {"joins_are_ranges", joins_are_ranges},
           {"stores_on_disk_say_what_is_wrong", stores_on_disk_say_what_is_wrong},
           {"commits_can_be_kept", commits_can_be_kept},
           {"stores_are_checked_cleaned_and_copied", stores_are_checked_cleaned_and_copied},
           {"owners_may_end_in_any_order", owners_may_end_in_any_order})
