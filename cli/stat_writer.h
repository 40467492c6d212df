/* cli/stat_writer.h -- what xtree stat tells about the writer of a store.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_STAT_WRITER_H
#define CLI_STAT_WRITER_H

#include <yajl/yajl_gen.h>

#include "reader.h"

/* For people: who writes, and how long its commits and syncs take. Nothing if no writer has left
 * figures. */
void writer_print(const struct reader *reader);

/* The member "writer" of the map that is open; null if there are no figures. */
void writer_json(const struct reader *reader, yajl_gen generator);

#endif
