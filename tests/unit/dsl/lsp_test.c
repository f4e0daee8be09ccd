/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client of the language server, as the tests speak to it; see lsp_test.h. */
#include "tests/unit/dsl/lsp_test.h"

#include <string.h>

#include "ha/base/json.h"

struct lsp *lsp;
json_t *sent;
int next_id;

static void keep(void *context, json_t *message)
{
    (void)context;
    json_array_append(sent, message);
}

void tell(const char *method, json_t *params)
{
    autojson *message =
        json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params", params);

    assert_non_null(message);
    json_array_clear(sent);
    lsp_take(lsp, message);
    lsp_work(lsp);
}

/* The answer's result; the reference belongs to what was sent. */
const json_t *ask(const char *method, json_t *params)
{
    autojson *message = json_pack("{s:s, s:i, s:s, s:o}", "jsonrpc", "2.0", "id", ++next_id,
                                  "method", method, "params", params);
    const json_t *answer;

    assert_non_null(message);
    json_array_clear(sent);
    lsp_take(lsp, message);
    lsp_work(lsp);
    answer = json_array_get(sent, 0);
    assert_int_equal(json_int(answer, "id", -1), next_id);
    return answer;
}

const json_t *result_of(const json_t *answer)
{
    const json_t *result = json_object_get(answer, "result");

    assert_non_null(result);
    return result;
}

void assert_no_result(const json_t *answer)
{
    assert_int_equal(json_typeof(result_of(answer)), JSON_NULL);
}

const char *error_of(const json_t *answer)
{
    return json_text(json_object_get(answer, "error"), "message", "none");
}

void open_text(const char *words)
{
    tell("textDocument/didOpen", json_pack("{s:{s:s, s:s, s:i, s:s}}", "textDocument", "uri", URI,
                                           "languageId", "tenuto", "version", 1, "text", words));
}

/* The place of the n-th byte behind the first such words. */
json_t *at(const char *words, const char *place, int behind)
{
    const char *found = strstr(words, place);
    int line = 0, start = 0;

    assert_non_null(found);
    found += behind;
    for (const char *each = words; each < found; each++) {
        start = *each == '\n' ? (int)(each - words) + 1 : start;
        line += *each == '\n';
    }
    return json_pack("{s:{s:s}, s:{s:i, s:i}}", "textDocument", "uri", URI, "position", "line",
                     line, "character", (int)(found - words) - start);
}

int lsp_start(void **state)
{
    (void)state;
    sent = json_array();
    next_id = 0;
    lsp = lsp_new(keep, NULL);
    return 0;
}

int lsp_stop(void **state)
{
    (void)state;
    lsp_free(lsp);
    json_decref(sent);
    return 0;
}

const json_t *published(void)
{
    const json_t *last = json_array_get(sent, json_array_size(sent) - 1);

    assert_string_equal(json_text(last, "method", ""), "textDocument/publishDiagnostics");
    return json_object_get(json_object_get(last, "params"), "diagnostics");
}

void assert_range(const json_t *range, int line, int from, int to)
{
    const json_t *first = json_object_get(range, "start"), *last = json_object_get(range, "end");

    assert_int_equal(json_int(first, "line", -1), line);
    assert_int_equal(json_int(first, "character", -1), from);
    assert_int_equal(json_int(last, "character", -1), to);
}

/* The labels of what may stand behind the words, in a text of its own. */
const char *completions(const char *words)
{
    static char labels[4096];
    const json_t *items, *each;
    size_t i;

    open_text(words);
    items = result_of(ask("textDocument/completion", at(words, words, (int)strlen(words))));
    labels[0] = '\0';
    json_array_foreach(items, i, each)
    {
        strncat(labels, json_text(each, "label", "?"), sizeof(labels) - strlen(labels) - 2);
        strncat(labels, " ", 2);
    }
    return labels;
}
