// bench/with_boost.cc -- Boost.Geometry's R-tree: built by its packing constructor, which is its
// fastest tree to query, and grown item by item with each of its three ways to split.
//
// The number of dimensions is compiled in, which takes long: two, and three for the packed tree.
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

template <size_t Dims> using point = bg::model::point<double, Dims, bg::cs::cartesian>;
template <size_t Dims> using box = bg::model::box<point<Dims>>;

template <size_t Dims, size_t... Axes>
point<Dims> point_set(const double *row, std::index_sequence<Axes...>)
{
    point<Dims> out;
    (bg::set<Axes>(out, row[Axes]), ...);
    return out;
}

template <size_t Dims> point<Dims> row_point(const double *row)
{
    return point_set<Dims>(row, std::make_index_sequence<Dims>());
}

template <size_t Dims> box<Dims> row_box(const double *row)
{
    return box<Dims>(row_point<Dims>(row), row_point<Dims>(row + Dims));
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
template <class Point, class Value> struct neighbour_writer {
    using iterator_category = std::output_iterator_tag;
    using value_type = void;
    using difference_type = void;
    using pointer = void;
    using reference = void;

    Point from;
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

template <size_t Dims, bool IsBoxes, class Parameters> struct tree_of final : tree {
    using geometry = std::conditional_t<IsBoxes, box<Dims>, point<Dims>>;
    using value = std::pair<geometry, uint64_t>;
    bgi::rtree<value, Parameters> index;

    tree_of() = default;
    explicit tree_of(const std::vector<value> &values) : index(values)
    {
    }

    static value value_of(const double *coords, size_t i, uint64_t id)
    {
        if constexpr (IsBoxes)
            return value(row_box<Dims>(coords + i * 2 * Dims), id);
        else
            return value(row_point<Dims>(coords + i * Dims), id);
    }
    static value row_value(const struct rows *rows, size_t i)
    {
        return value_of(rows->coords, i, rows->ids[i]);
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
        return index.query(bgi::intersects(row_box<Dims>(window)), id_writer{ids});
    }
    uint64_t count(const double *window) const override
    {
        return index.query(bgi::intersects(row_box<Dims>(window)), id_dropper{});
    }
    void nearest(const double *from, size_t k, uint64_t *ids, double *distances) const override
    {
        point<Dims> at = row_point<Dims>(from);
        index.query(bgi::nearest(at, static_cast<unsigned>(k)),
                    neighbour_writer<point<Dims>, value>{at, ids, distances});
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

/* The values, in the form that the range constructor takes. */
struct values {
    virtual ~values() = default;
    virtual tree *build() const = 0;
};

template <size_t Dims, bool IsBoxes> struct values_of final : values {
    using packed = tree_of<Dims, IsBoxes, bgi::rstar<16>>;
    std::vector<typename packed::value> list;

    explicit values_of(const struct dataset *data)
    {
        list.reserve(data->count);
        for (size_t i = 0; i < data->count; i++)
            list.push_back(packed::value_of(data->coords, i, i));
    }
    tree *build() const override
    {
        return new packed(list);
    }
};

template <size_t Dims> values *values_make(const struct dataset *data)
{
    if (data->is_boxes)
        return new values_of<Dims, true>(data);
    return new values_of<Dims, false>(data);
}

void *prepare(const struct dataset *data)
{
    switch (data->dims) {
    case 2:
        return values_make<2>(data);
    case 3:
        return values_make<3>(data);
    default:
        bench_die("Boost was not compiled for %u dimensions", data->dims);
    }
}

bool takes_compiled(const struct dataset *like)
{
    return like->dims == 2 || like->dims == 3;
}

void unprepare(void *prepared)
{
    delete static_cast<values *>(prepared);
}

void *build(void *prepared, unsigned, unsigned)
{
    uint64_t before = heap_bytes();
    tree *built = static_cast<const values *>(prepared)->build();
    built->bytes = heap_bytes() - before;
    return built;
}

/* ---- changing item by item ----------------------------------------------------------------- */

template <class Parameters> void *create(const struct dataset *like)
{
    if (like->is_boxes)
        return static_cast<tree *>(new tree_of<2, true, Parameters>());
    return static_cast<tree *>(new tree_of<2, false, Parameters>());
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

bool takes_plane(const struct dataset *like)
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
    out.takes = takes_compiled;
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
    out.takes = takes_plane;
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
