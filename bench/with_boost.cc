// bench/with_boost.cc -- Boost.Geometry's R-tree: built by its packing constructor, which is its
// fastest tree to query, and grown item by item with each of its three ways to split.
//
// SPDX-License-Identifier: MIT
#include "contestants.h"

#include <cstdio>
#include <iterator>
#include <malloc.h>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/geometry.hpp>
#include <boost/geometry/geometries/box.hpp>
#include <boost/geometry/geometries/point.hpp>
#include <boost/geometry/index/rtree.hpp>
#include <boost/version.hpp>

namespace
{
namespace bg = boost::geometry;
namespace bgi = boost::geometry::index;

using point = bg::model::point<double, 2, bg::cs::cartesian>;
using box = bg::model::box<point>;

box window_box(const double *window)
{
    return box(point(window[0], window[1]), point(window[2], window[3]));
}

/* Where a query delivers: writes the id of each value and moves on. */
struct id_writer {
    using iterator_category = std::output_iterator_tag;
    using value_type = void;
    using difference_type = void;
    using pointer = void;
    using reference = void;

    uint64_t *next;

    id_writer &operator*()
    {
        return *this;
    }
    id_writer &operator++()
    {
        return *this;
    }
    id_writer &operator++(int)
    {
        return *this;
    }
    template <class Value> id_writer &operator=(const Value &value)
    {
        *next++ = value.second;
        return *this;
    }
};

/* Where a query delivers that is only counted: query() itself returns the number. */
struct id_dropper {
    using iterator_category = std::output_iterator_tag;
    using value_type = void;
    using difference_type = void;
    using pointer = void;
    using reference = void;

    id_dropper &operator*()
    {
        return *this;
    }
    id_dropper &operator++()
    {
        return *this;
    }
    id_dropper &operator++(int)
    {
        return *this;
    }
    template <class Value> id_dropper &operator=(const Value &)
    {
        return *this;
    }
};

/* Where a query for neighbours delivers: id and squared distance of each value. */
template <class Value> struct neighbour_writer {
    using iterator_category = std::output_iterator_tag;
    using value_type = void;
    using difference_type = void;
    using pointer = void;
    using reference = void;

    point from;
    uint64_t *id;
    double *distance;

    neighbour_writer &operator*()
    {
        return *this;
    }
    neighbour_writer &operator++()
    {
        return *this;
    }
    neighbour_writer &operator++(int)
    {
        return *this;
    }
    neighbour_writer &operator=(const Value &value)
    {
        *id++ = value.second;
        *distance++ = bg::comparable_distance(from, value.first);
        return *this;
    }
};

/* What the program has taken from the heap and not given back, the allocator's share included. */
uint64_t heap_bytes()
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

void geometry_set(point &out, const double *row)
{
    out = point(row[0], row[1]);
}

void geometry_set(box &out, const double *row)
{
    out = window_box(row);
}

template <class Geometry> constexpr size_t row_width = std::is_same_v<Geometry, box> ? 4 : 2;

/* One implementation for points and boxes; the functions of the contestant only forward. */
struct tree {
    virtual ~tree() = default;
    virtual void insert(const struct rows *rows) = 0;
    virtual void remove(const struct rows *rows) = 0;
    virtual void move(const struct rows *from, const struct rows *to) = 0;
    virtual size_t window(const double *window, uint64_t *ids) const = 0;
    virtual uint64_t count(const double *window) const = 0;
    virtual void nearest(const double *from, size_t k, uint64_t *ids, double *distances) const = 0;
    virtual struct join_answer join(const struct rows *rows, bool is_self) const = 0;
    uint64_t bytes = 0;
};

template <class Geometry, class Parameters> struct tree_of final : tree {
    using value = std::pair<Geometry, uint64_t>;
    bgi::rtree<value, Parameters> index;

    tree_of() = default;
    explicit tree_of(const std::vector<value> &values) : index(values)
    {
    }

    static value row_value(const struct rows *rows, size_t i)
    {
        value out;
        geometry_set(out.first, rows->coords + i * row_width<Geometry>);
        out.second = rows->ids[i];
        return out;
    }
    void insert(const struct rows *rows) override
    {
        for (size_t i = 0; i < rows->count; i++)
            index.insert(row_value(rows, i));
    }
    void remove(const struct rows *rows) override
    {
        for (size_t i = 0; i < rows->count; i++) {
            if (index.remove(row_value(rows, i)) != 1)
                bench_die("Boost does not find what shall be removed");
        }
    }
    void move(const struct rows *from, const struct rows *to) override
    {
        for (size_t i = 0; i < from->count; i++) {
            if (index.remove(row_value(from, i)) != 1)
                bench_die("Boost does not find what shall be moved");
            index.insert(row_value(to, i));
        }
    }
    size_t window(const double *window, uint64_t *ids) const override
    {
        return index.query(bgi::intersects(window_box(window)), id_writer{ids});
    }
    uint64_t count(const double *window) const override
    {
        return index.query(bgi::intersects(window_box(window)), id_dropper{});
    }
    void nearest(const double *from, size_t k, uint64_t *ids, double *distances) const override
    {
        point at(from[0], from[1]);
        index.query(bgi::nearest(at, static_cast<unsigned>(k)),
                    neighbour_writer<value>{at, ids, distances});
    }
    struct join_answer join(const struct rows *rows, bool is_self) const override
    {
        struct join_answer answer = {};
        std::vector<uint64_t> ids(index.size());
        for (size_t i = 0; i < rows->count; i++) {
            value row = row_value(rows, i);
            size_t met = index.query(bgi::intersects(row.first), id_writer{ids.data()});
            for (size_t j = 0; j < met; j++) {
                if (is_self && ids[j] >= row.second)
                    continue;
                answer.pairs++;
                answer.sum += hash_pair(ids[j], row.second);
            }
        }
        return answer;
    }
};

/* ---- building from all values at once ------------------------------------------------------ */

template <class Geometry> using packed = tree_of<Geometry, bgi::rstar<16>>;

/* The values, in the form that the range constructor takes. */
struct values {
    bool is_boxes;
    std::vector<packed<point>::value> points;
    std::vector<packed<box>::value> boxes;
};

void *prepare(const struct dataset *data)
{
    auto prepared = std::make_unique<values>();
    prepared->is_boxes = data->is_boxes;
    if (data->is_boxes)
        prepared->boxes.reserve(data->count);
    else
        prepared->points.reserve(data->count);
    for (size_t i = 0; i < data->count; i++) {
        if (data->is_boxes)
            prepared->boxes.emplace_back(window_box(data->coords + 4 * i), i);
        else
            prepared->points.emplace_back(point(data->coords[2 * i], data->coords[2 * i + 1]), i);
    }
    return prepared.release();
}

void unprepare(void *prepared)
{
    delete static_cast<values *>(prepared);
}

void *build(void *prepared, unsigned, unsigned)
{
    const values *from = static_cast<const values *>(prepared);
    uint64_t before = heap_bytes();
    std::unique_ptr<tree> built;
    if (from->is_boxes)
        built = std::make_unique<packed<box>>(from->boxes);
    else
        built = std::make_unique<packed<point>>(from->points);
    built->bytes = heap_bytes() - before;
    return built.release();
}

/* ---- changing item by item ----------------------------------------------------------------- */

template <class Parameters> void *create(const struct dataset *like)
{
    if (like->is_boxes)
        return static_cast<tree *>(new tree_of<box, Parameters>());
    return static_cast<tree *>(new tree_of<point, Parameters>());
}

void insert(void *index, const struct rows *rows)
{
    tree *grown = static_cast<tree *>(index);
    uint64_t before = heap_bytes();
    grown->insert(rows);
    grown->bytes += heap_bytes() - before;
}

/* The heap may shrink: the difference then wraps, and so does the sum, back to what is right. */
void remove(void *index, const struct rows *rows)
{
    tree *grown = static_cast<tree *>(index);
    uint64_t before = heap_bytes();
    grown->remove(rows);
    grown->bytes += heap_bytes() - before;
}

void move(void *index, const struct rows *from, const struct rows *to)
{
    static_cast<tree *>(index)->move(from, to);
}

/* ---- all of them --------------------------------------------------------------------------- */

uint64_t bytes(const void *built)
{
    return static_cast<const tree *>(built)->bytes;
}

void destroy(void *built)
{
    delete static_cast<tree *>(built);
}

bool takes(const struct dataset *like)
{
    return like->dims == 2;
}

size_t window_ids(void *built, unsigned, const double *window, uint64_t *ids)
{
    return static_cast<const tree *>(built)->window(window, ids);
}

uint64_t window_count(void *built, unsigned, const double *window)
{
    return static_cast<const tree *>(built)->count(window);
}

void nearest(void *built, unsigned, const double *from, size_t k, uint64_t *ids, double *distances)
{
    static_cast<const tree *>(built)->nearest(from, k, ids, distances);
}

struct join_answer join(void *a, void *b, const struct rows *rows)
{
    return static_cast<const tree *>(a)->join(rows, a == b);
}

const char *version_of(char *text, size_t size, const char *configuration)
{
    std::snprintf(text, size, "Boost.Geometry %d.%d.%d, %s, -O3 -march=native",
                  BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100,
                  configuration);
    return text;
}

const char *packed_version()
{
    static char text[96];
    return version_of(text, sizeof text, "packing constructor, rstar<16>");
}

const char *rstar_version()
{
    static char text[96];
    return version_of(text, sizeof text, "rstar<16>");
}

const char *quadratic_version()
{
    static char text[96];
    return version_of(text, sizeof text, "quadratic<16>");
}

const char *linear_version()
{
    static char text[96];
    return version_of(text, sizeof text, "linear<16>");
}

const char *const builders[] = {"packing constructor", nullptr};
const char *const walkers[] = {"query", nullptr};

contestant common()
{
    contestant out = {};
    out.interface = CONTESTANT_INTERFACE;
    out.walkers = walkers;
    out.takes = takes;
    out.bytes = bytes;
    out.destroy = destroy;
    out.window = window_ids;
    out.count = window_count;
    out.is_squared = true;
    out.nearest = nearest;
    out.join = join;
    return out;
}

contestant packing()
{
    contestant out = common();
    out.name = "Boost";
    out.version = packed_version;
    out.builders = builders;
    out.prepare = prepare;
    out.unprepare = unprepare;
    out.build = build;
    return out;
}

/* The cheaper two ways to split make trees that take minutes beyond some millions. */
template <class Parameters>
contestant growing(const char *name, const char *(*version)(), size_t items_most)
{
    contestant out = common();
    out.name = name;
    out.version = version;
    out.items_most = items_most;
    out.create = create<Parameters>;
    out.insert = insert;
    out.remove = remove;
    out.move = move;
    return out;
}
} // namespace

extern "C" {
extern const struct contestant with_boost = packing();
extern const struct contestant with_boost_rstar =
    growing<bgi::rstar<16>>("Boost rstar<16>", rstar_version, 0);
extern const struct contestant with_boost_quadratic =
    growing<bgi::quadratic<16>>("Boost quadratic<16>", quadratic_version, 2000000);
extern const struct contestant with_boost_linear =
    growing<bgi::linear<16>>("Boost linear<16>", linear_version, 2000000);
}
