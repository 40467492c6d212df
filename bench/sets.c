/* bench/sets.c -- every data set by its name, so that a sub-command can be told which to take.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sets.h"

#include <string.h>

#include "shoreline.h"

/* What making one needs. */
struct order_form {
    size_t count;
    unsigned dims;
    bool is_clustered;
    const struct settings *settings;
};

static void uniform(struct dataset *data, const struct order_form *form)
{
    data_make_uniform(data, form->count, form->settings->seed);
}

static void clustered(struct dataset *data, const struct order_form *form)
{
    data_make_clustered(data, form->count, form->settings->seed);
}

static void cities(struct dataset *data, const struct order_form *form)
{
    data_read_cities(data, form->settings->data);
    data_thin(data, form->count);
}

static void coastline(struct dataset *data, const struct order_form *form)
{
    data_read_coastline(data, form->settings->data);
    data_thin(data, form->count);
}

#ifdef BENCH_WITH_NETCDF
static void shoreline(struct dataset *data, const struct order_form *form)
{
    shoreline_segments(data);
    data_thin(data, form->count);
}

static void shapes(struct dataset *data, const struct order_form *form)
{
    shoreline_shapes(data, form->dims);
    data_thin(data, form->count);
}

static void pieces(struct dataset *data, const struct order_form *form)
{
    shoreline_pieces(data, form->dims);
    data_thin(data, form->count);
}
#else
static void absent(struct dataset *data, const struct order_form *form)
{
    (void)data;
    (void)form;
    bench_die("this program was built without netCDF, which reads the shorelines");
}
#define shoreline absent
#define shapes absent
#define pieces absent
#endif

static void cube(struct dataset *data, const struct order_form *form)
{
    data_make_cube(data, form->dims, form->is_clustered, form->count, form->settings->seed);
}

static void cube_boxes(struct dataset *data, const struct order_form *form)
{
    data_make_cube_boxes(data, form->dims, form->is_clustered, form->count, form->settings->seed);
}

static const struct set {
    const char *name;
    void (*make)(struct dataset *data, const struct order_form *form);
    unsigned dims;
    bool is_clustered;
    size_t quick;
    size_t full;
} sets[] = {
    {"uniform",             uniform,    2,  false, 200000, 10000000},
    {"clustered",           clustered,  2,  true,  200000, 10000000},
    {"cities",              cities,     2,  true,  200000, 200000  },
    {"coastline",           coastline,  2,  true,  100000, 1000000 },
    {"shoreline",           shoreline,  2,  true,  200000, 11000000},
    {"uniform boxes",       cube_boxes, 2,  false, 200000, 1000000 },
    {"clustered boxes",     cube_boxes, 2,  true,  200000, 1000000 },
    {"uniform 3-d",         cube,       3,  false, 200000, 1000000 },
    {"clustered 3-d",       cube,       3,  true,  200000, 1000000 },
    {"uniform 3-d boxes",   cube_boxes, 3,  false, 200000, 1000000 },
    {"clustered 3-d boxes", cube_boxes, 3,  true,  200000, 1000000 },
    {"uniform 8-d",         cube,       8,  false, 50000,  1000000 },
    {"clustered 8-d",       cube,       8,  true,  50000,  1000000 },
    {"uniform 16-d",        cube,       16, false, 50000,  500000  },
    {"clustered 16-d",      cube,       16, true,  50000,  500000  },
    {"uniform 32-d",        cube,       32, false, 20000,  250000  },
    {"clustered 32-d",      cube,       32, true,  20000,  250000  },
    {"uniform 64-d",        cube,       64, false, 10000,  125000  },
    {"clustered 64-d",      cube,       64, true,  10000,  125000  },
    {"shapes 8-d",          shapes,     8,  true,  50000,  1000000 },
    {"shapes 16-d",         shapes,     16, true,  50000,  1000000 },
    {"pieces 8-d",          pieces,     8,  true,  50000,  1000000 },
    {"pieces 16-d",         pieces,     16, true,  50000,  500000  },
};

enum { sets_count = sizeof sets / sizeof sets[0] };

void set_make(struct dataset *data, const char *otherwise, const struct settings *settings)
{
    const char *name = settings->set != NULL ? settings->set : otherwise;
    for (size_t i = 0; i < sets_count; i++) {
        const struct set *set = &sets[i];
        if (strcmp(set->name, name) != 0)
            continue;
        struct order_form form = {.dims = set->dims,
                                  .is_clustered = set->is_clustered,
                                  .settings = settings,
                                  .count = settings_items(settings, set->quick, set->full)};
        set->make(data, &form);
        return;
    }
    bench_die("%s: no such data set", name);
}

void sets_print(FILE *out)
{
    for (size_t i = 0; i < sets_count; i++)
        fprintf(out, "%s%s", i == 0 ? "  " : i % 4 == 0 ? ",\n  " : ", ", sets[i].name);
    fprintf(out, "\n");
}
