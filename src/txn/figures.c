/* src/txn/figures.c -- what a writer has done: counted, and written to the file LOCK.
 *
 * Lines of a name and numbers, in a fixed order, at a fixed place and of a fixed size in all:
 * whoever reads them while they are written may see some old numbers beside new ones.
 *
 * SPDX-License-Identifier: MIT
 */
#include "txn/figures.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "txn/txn_private.h"

#define TEXT_OFFSET 256u
#define TEXT_BYTES XTI_FIGURES_BYTES
#define PERIOD_NS UINT64_C(1000000000)

/* ---- counting -------------------------------------------------------------------------------- */

void xti_figures_add(const struct xti_txn *txn, xt_histogram *histogram, uint64_t began_ns)
{
    uint64_t now_ns = txn->os->now_ns(txn->os);
    uint64_t ns = now_ns > began_ns ? now_ns - began_ns : 0; /* a clock may be set back */
    uint32_t i = 0;

    while (i + 1 < XT_HISTOGRAM_BUCKETS && ns >> i != 0)
        i++;
    histogram->bucket[i]++;
    histogram->count++;
    histogram->total_ns += ns;
    if (histogram->max_ns < ns)
        histogram->max_ns = ns;
}

int xti_sync(struct xti_txn *txn, xti_file file)
{
    uint64_t began_ns = txn->os->now_ns(txn->os);
    int result = txn->os->sync(txn->os, file);

    xti_figures_add(txn, &txn->figures.sync, began_ns);
    return result;
}

void xti_txn_note_moved(struct xti_txn *txn, uint64_t bytes)
{
    txn->figures.moved_bytes = bytes;
}

/* ---- writing --------------------------------------------------------------------------------- */

void xti_figures_begin(struct xti_txn *txn)
{
    uint64_t since_ns = txn->figures.since_ns;

    memset(&txn->figures, 0, sizeof txn->figures);
    txn->figures.since_ns = since_ns;
    txn->figures.written_ns = since_ns;
}

struct text {
    char *bytes; /* TEXT_BYTES of them */
    size_t size;
};

static void put(struct text *text, const char *name, const uint64_t *numbers, size_t count)
{
    text->size += (size_t)snprintf(text->bytes + text->size, TEXT_BYTES - text->size, "%s", name);
    for (size_t i = 0; i < count && text->size < TEXT_BYTES; i++)
        text->size += (size_t)snprintf(text->bytes + text->size, TEXT_BYTES - text->size,
                                       " %" PRIu64, numbers[i]);
    if (text->size < TEXT_BYTES)
        text->bytes[text->size++] = '\n';
}

static void put_histogram(struct text *text, const char *name, const xt_histogram *histogram)
{
    uint64_t numbers[3 + XT_HISTOGRAM_BUCKETS] = {histogram->count, histogram->total_ns,
                                                  histogram->max_ns};

    memcpy(numbers + 3, histogram->bucket, sizeof histogram->bucket);
    put(text, name, numbers, XTI_ARRAY_COUNT(numbers));
}

void xti_figures_write(struct xti_txn *txn, bool is_last)
{
    uint64_t now_ns = txn->os->now_ns(txn->os);
    struct xti_figures *figures = &txn->figures;
    uint64_t times[] = {figures->since_ns, now_ns, figures->moved_bytes};
    struct text text = {figures->text, 0};

    if (!txn->is_ready || figures->commit.count == 0 ||
        (!is_last && now_ns >= figures->written_ns && now_ns - figures->written_ns < PERIOD_NS))
        return;
    put(&text, "figures", times, XTI_ARRAY_COUNT(times));
    put_histogram(&text, "commit", &figures->commit);
    put_histogram(&text, "sync", &figures->sync);
    figures->written_ns = now_ns;
    if (text.size >= TEXT_BYTES)
        return;
    memset(text.bytes + text.size, '\n', TEXT_BYTES - text.size);
    (void)txn->os->write_at(txn->os, txn->lock_file, TEXT_OFFSET, text.bytes, TEXT_BYTES);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The numbers of the line at *at, which begins with `name`; moves *at behind it. */
static bool take(const char **at, const char *name, uint64_t *numbers, size_t count)
{
    size_t size = strlen(name);

    if (strncmp(*at, name, size) != 0)
        return false;
    *at += size;
    for (size_t i = 0; i < count; i++) {
        char *end;

        if (**at != ' ')
            return false;
        numbers[i] = strtoull(*at + 1, &end, 10);
        *at = end;
    }
    if (**at != '\n')
        return false;
    (*at)++;
    return true;
}

static bool take_histogram(const char **at, const char *name, xt_histogram *histogram)
{
    uint64_t numbers[3 + XT_HISTOGRAM_BUCKETS];

    if (!take(at, name, numbers, XTI_ARRAY_COUNT(numbers)))
        return false;
    histogram->count = numbers[0];
    histogram->total_ns = numbers[1];
    histogram->max_ns = numbers[2];
    memcpy(histogram->bucket, numbers + 3, sizeof histogram->bucket);
    return true;
}

static xt_status read_text(const struct xti_txn *txn, char *text)
{
    xti_file file;
    int result = xti_open_file(txn->os, txn->path, XTI_NAME_LOCK, XTI_OPEN_READ, &file);

    if (result != 0)
        return xti_os_status(result);
    result = txn->os->read_at(txn->os, file, TEXT_OFFSET, text, TEXT_BYTES);
    txn->os->close(txn->os, file);
    text[TEXT_BYTES] = '\0';
    return result == -ENODATA ? XT_ENOTFOUND : xti_os_status(result);
}

static xt_status read_figures(const struct xti_txn *txn, xt_writer_stats *out)
{
    char text[TEXT_BYTES + 1] = "";
    const char *at = text;
    uint64_t times[3];
    xt_status status = read_text(txn, text);

    if (status != XT_OK)
        return status;
    if (!take(&at, "figures", times, XTI_ARRAY_COUNT(times)) ||
        !take_histogram(&at, "commit", &out->commit) || !take_histogram(&at, "sync", &out->sync))
        return XT_ENOTFOUND;
    out->since_ns = times[0];
    out->updated_ns = times[1];
    out->moved_bytes = times[2];
    out->pid = xti_txn_writer_pid(txn);
    out->is_running = out->pid != 0;
    return XT_OK;
}

xt_status xti_txn_writer(const struct xti_txn *txn, xt_writer_stats *out)
{
    if (txn->path == NULL)
        return XT_ENOTFOUND;
    if (!txn->is_writable)
        return read_figures(txn, out);
    out->is_running = true;
    out->pid = txn->process_id;
    out->since_ns = txn->figures.since_ns;
    out->updated_ns = txn->os->now_ns(txn->os);
    out->moved_bytes = txn->figures.moved_bytes;
    out->commit = txn->figures.commit;
    out->sync = txn->figures.sync;
    return XT_OK;
}
