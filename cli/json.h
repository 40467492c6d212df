/* cli/json.h -- JSON on standard output: yajl's generator with numbers that lose nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <yajl/yajl_gen.h>

/* A generator that writes to standard output; NULL when memory is short. */
yajl_gen json_open(bool is_indented);
void json_close(yajl_gen generator); /* NULL is allowed */

void json_key(yajl_gen generator, const char *key);
void json_text(yajl_gen generator, const char *text);
void json_u64(yajl_gen generator, uint64_t value);
void json_double(yajl_gen generator, double value); /* infinities: "inf" and "-inf" */

/* A key and its value. */
void json_pair_text(yajl_gen generator, const char *key, const char *text);
void json_pair_u64(yajl_gen generator, const char *key, uint64_t value);
void json_pair_double(yajl_gen generator, const char *key, double value);
void json_doubles(yajl_gen generator, const char *key, const double *values, uint32_t count);

#endif
