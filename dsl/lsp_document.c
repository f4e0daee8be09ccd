/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Open texts, and places in them as an editor counts: lines from 0, and columns in units of
 * UTF-16, or in bytes where the editor can do that.
 */
#include <stdlib.h>
#include <string.h>

#include "dsl/check.h"
#include "dsl/lsp_work.h"
#include "dsl/parser.h"
#include "dsl/utf8.h"
#include "ha/base/json.h"

static const char *uri_of(const json_t *params)
{
    return json_text(json_object_get(params, "textDocument"), "uri", "");
}

struct document *document_find(const struct lsp *lsp, const json_t *params)
{
    const char *uri = uri_of(params);

    for (struct document *document = lsp->documents; document; document = document->next) {
        if (strcmp(document->uri, uri) == 0)
            return document;
    }
    return NULL;
}

static void forget_reading(struct document *document)
{
    arena_free(document->arena);
    document->arena = NULL;
    document->tree = NULL;
    document->is_published = false;
    document->has_mentions = false;
    free(document->lines);
    document->lines = NULL;
}

static void count_lines(struct document *document)
{
    int n = 1;

    for (size_t i = 0; i < document->length; i++)
        n += document->text[i] == '\n';
    document->lines = xcalloc((size_t)n, sizeof(document->lines[0]));
    document->n_lines = 1;
    for (size_t i = 0; i < document->length; i++) {
        if (document->text[i] == '\n')
            document->lines[document->n_lines++] = (int)i + 1;
    }
}

static void set_text(struct document *document, char *text, size_t length)
{
    forget_reading(document);
    free(document->text);
    document->text = text;
    document->length = length;
    count_lines(document);
}

static bool is_drill(const char *uri)
{
    size_t length = strlen(uri);

    return length > 6 && strcmp(uri + length - 6, ".drill") == 0;
}

bool document_open(struct lsp *lsp, const json_t *params)
{
    const json_t *item = json_object_get(params, "textDocument");
    const char *text = json_text(item, "text", NULL);
    struct document *document = document_find(lsp, params);
    int n = 0;

    for (struct document *each = lsp->documents; each; each = each->next)
        n++;
    if (!text || (!document && n == LSP_DOCUMENTS_MAX))
        return false;
    if (!document) {
        document = xcalloc(1, sizeof(*document));
        document->uri = xstrdup(uri_of(params));
        document->is_utf8 = lsp->is_utf8;
        document->catalog = lsp->catalog;
        document->is_drill = is_drill(document->uri);
        document->next = lsp->documents;
        lsp->documents = document;
    }
    document->version = json_int(item, "version", 0);
    set_text(document, xstrdup(text), strlen(text));
    return true;
}

void document_close(struct lsp *lsp, const char *uri)
{
    for (struct document **at = &lsp->documents; *at; at = &(*at)->next) {
        struct document *document = *at;

        if (strcmp(document->uri, uri) != 0)
            continue;
        *at = document->next;
        forget_reading(document);
        free(document->uri);
        free(document->text);
        free(document);
        return;
    }
}

/* How far the columns of one line reach: its bytes up to so many units. */
static int walk(const struct document *document, int from, int end, json_int_t units)
{
    uint32_t point;

    while (from < end && units > 0) {
        size_t size = utf8_read(document->text + from, (size_t)(end - from), &point);

        size = size ? size : 1;
        if (document->is_utf8)
            units -= (json_int_t)size;
        else
            units -= point >= 0x10000 ? 2 : 1;
        from += (int)size;
    }
    return from;
}

int document_offset(const struct document *document, const json_t *position)
{
    json_int_t line = json_int(position, "line", 0);
    json_int_t character = json_int(position, "character", 0);
    int end;

    if (line < 0)
        return 0;
    if (line >= document->n_lines)
        return (int)document->length;
    end = line + 1 < document->n_lines ? document->lines[line + 1] - 1 : (int)document->length;
    return walk(document, document->lines[line], end, character);
}

json_t *document_position(const struct document *document, int offset)
{
    int low = 0, high = document->n_lines - 1;
    json_int_t units = 0;
    uint32_t point;

    while (low < high) {
        int middle = (low + high + 1) / 2;

        if (document->lines[middle] <= offset)
            low = middle;
        else
            high = middle - 1;
    }
    for (int at = document->lines[low]; at < offset;) {
        size_t size = utf8_read(document->text + at, (size_t)(offset - at), &point);

        size = size ? size : 1;
        units += document->is_utf8 ? (json_int_t)size : size == 4 ? 2 : 1;
        at += (int)size;
    }
    return json_pack("{s:i, s:I}", "line", low, "character", units);
}

json_t *document_range(const struct document *document, int from, int to)
{
    return json_pack("{s:o, s:o}", "start", document_position(document, from), "end",
                     document_position(document, to));
}

json_t *document_edit(const struct document *document, int from, int to, const char *text)
{
    return json_pack("{s:o, s:s}", "range", document_range(document, from, to), "newText", text);
}

/* One change: of a part of the text, or all of it. */
static bool change(struct document *document, const json_t *change)
{
    const json_t *range = json_object_get(change, "range");
    const char *text = json_text(change, "text", NULL);
    size_t from, to, added;
    char *changed;

    if (!text)
        return false;
    added = strlen(text);
    if (!range) {
        set_text(document, xstrdup(text), added);
        return true;
    }
    from = (size_t)document_offset(document, json_object_get(range, "start"));
    to = (size_t)document_offset(document, json_object_get(range, "end"));
    if (to < from)
        return false;
    changed = xcalloc(document->length - (to - from) + added + 1, 1);
    memcpy(changed, document->text, from);
    memcpy(changed + from, text, added);
    memcpy(changed + from + added, document->text + to, document->length - to);
    set_text(document, changed, document->length - (to - from) + added);
    return true;
}

bool document_change(struct lsp *lsp, const json_t *params)
{
    struct document *document = document_find(lsp, params);
    const json_t *changes = json_object_get(params, "contentChanges");
    bool is_right = document != NULL;
    const json_t *each;
    size_t i;

    json_array_foreach(changes, i, each)
    {
        is_right = is_right && change(document, each);
    }
    if (document)
        document->version =
            json_int(json_object_get(params, "textDocument"), "version", document->version);
    return is_right;
}

void document_read(struct document *document)
{
    struct arena *arena;

    if (document->arena)
        return;
    arena = document->arena = arena_new();
    document->diagnostics = arena_alloc(arena, sizeof(*document->diagnostics));
    document->resolution = arena_alloc(arena, sizeof(*document->resolution));
    document->resolution->policy = arena_alloc(arena, sizeof(*document->resolution->policy));
    if (!document->is_drill || document->length > POLICY_BYTES_MAX) {
        policy_resolve(arena, document->uri, document->text, document->length, document->resolution,
                       document->diagnostics);
        document->tree = document->resolution->tree;
        if (document->catalog && document->tree) {
            check_agents(document->resolution, document->catalog);
            diagnostics_sort(document->diagnostics);
        }
        return;
    }
    /* A drill's words only: its policy lies in a file, and this is a room without files. */
    diagnostics_init(document->diagnostics, arena, document->uri, document->text, document->length);
    document->resolution->tree = document->tree =
        memcpy(arena_alloc(arena, sizeof(struct tree)),
               &(struct tree[]){parser_run_drill(document->diagnostics)}, sizeof(struct tree));
    diagnostics_sort(document->diagnostics);
}
