/* bench/quality_table.c -- the CSV of sub-command quality as a table for people.
 *
 * SPDX-License-Identifier: MIT
 */
#include "quality_table.h"

#include <string.h>

#include "contestants.h"

enum { name_max = 48, value_max = 24 };

static const struct column {
    const char *title;
    const char *measure;
} columns[] = {
    {"height",                  "height"                 },
    {"leaf fill",               "level 0 fill"           },
    {"bytes per item",          "bytes per item"         },
    {"bytes copied per change", "bytes copied per change"},
    {"supernodes",              "supernodes"             },
    {"window 1",                "window 1 lines"         },
    {"window 100",              "window 100 lines"       },
    {"window 10,000",           "window 10000 lines"     },
    {"nearest 1",               "nearest 1 lines"        },
    {"nearest 10",              "nearest 10 lines"       },
};

enum { column_count = sizeof columns / sizeof columns[0] };

/* The row that is being filled. */
struct row {
    char tree[2 * name_max]; /* "data | tree" */
    char values[column_count][value_max];
};

static void row_print(FILE *out, const struct row *row)
{
    if (row->tree[0] == '\0')
        return;
    fprintf(out, "| %s |", row->tree);
    for (size_t i = 0; i < column_count; i++)
        fprintf(out, " %s |", row->values[i]);
    fprintf(out, "\n");
}

/* Cuts the text at the next comma or line feed; returns what follows it. */
static char *field_cut(char *text)
{
    size_t size = strcspn(text, ",\n");
    bool is_last = text[size] != ',';
    text[size] = '\0';
    return is_last ? text + size : text + size + 1;
}

static void line_add(FILE *out, struct row *row, char *line)
{
    char tree[2 * name_max];
    char *tree_name = field_cut(line);
    char *measure = field_cut(tree_name);
    char *value = field_cut(measure);
    field_cut(value);
    snprintf(tree, sizeof tree, "%.40s | %.40s", line, tree_name);
    if (strcmp(tree, row->tree) != 0) {
        row_print(out, row);
        memset(row, 0, sizeof *row);
        memcpy(row->tree, tree, sizeof tree);
    }
    for (size_t i = 0; i < column_count; i++) {
        if (strcmp(measure, columns[i].measure) == 0)
            snprintf(row->values[i], value_max, "%s", value);
    }
}

void quality_table(FILE *out, FILE *csv)
{
    char line[256];
    struct row row = {0};
    fprintf(out, "| data | tree |");
    for (size_t i = 0; i < column_count; i++)
        fprintf(out, " %s |", columns[i].title);
    fprintf(out, "\n|---|---|");
    for (size_t i = 0; i < column_count; i++)
        fprintf(out, "---|");
    fprintf(out, "\n");
    if (fgets(line, sizeof line, csv) == NULL)
        bench_die("no measures");
    while (fgets(line, sizeof line, csv) != NULL)
        line_add(out, &row, line);
    row_print(out, &row);
}
