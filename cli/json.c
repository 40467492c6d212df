/* cli/json.c -- JSON on standard output: yajl's generator with numbers that lose nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "number.h"

static void print(void *context, const char *text, size_t size)
{
    (void)context;
    fwrite(text, 1, size, stdout);
}

yajl_gen json_open(bool is_indented)
{
    yajl_gen generator = yajl_gen_alloc(NULL);

    if (generator == NULL)
        return NULL;
    yajl_gen_config(generator, yajl_gen_print_callback, print, NULL);
    yajl_gen_config(generator, yajl_gen_beautify, (int)is_indented);
    yajl_gen_config(generator, yajl_gen_indent_string, "  ");
    return generator;
}

void json_close(yajl_gen generator)
{
    if (generator != NULL)
        yajl_gen_free(generator);
}

void json_text(yajl_gen generator, const char *text)
{
    yajl_gen_string(generator, (const unsigned char *)text, strlen(text));
}

void json_key(yajl_gen generator, const char *key)
{
    json_text(generator, key);
}

void json_u64(yajl_gen generator, uint64_t value)
{
    char text[NUMBER_TEXT_SIZE];
    int size = snprintf(text, sizeof text, "%" PRIu64, value);

    yajl_gen_number(generator, text, (size_t)size);
}

void json_double(yajl_gen generator, double value)
{
    char text[NUMBER_TEXT_SIZE];
    size_t size = number_text(value, text);

    if (isfinite(value))
        yajl_gen_number(generator, text, size);
    else
        json_text(generator, text);
}

void json_pair_text(yajl_gen generator, const char *key, const char *text)
{
    json_key(generator, key);
    json_text(generator, text);
}

void json_pair_u64(yajl_gen generator, const char *key, uint64_t value)
{
    json_key(generator, key);
    json_u64(generator, value);
}

void json_pair_double(yajl_gen generator, const char *key, double value)
{
    json_key(generator, key);
    json_double(generator, value);
}

void json_doubles(yajl_gen generator, const char *key, const double *values, uint32_t count)
{
    json_key(generator, key);
    yajl_gen_array_open(generator);
    for (uint32_t i = 0; i < count; i++)
        json_double(generator, values[i]);
    yajl_gen_array_close(generator);
}
