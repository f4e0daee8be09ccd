/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The language server's life: messages wait until nothing more is at hand, so that a request
 * that was cancelled is not worked on and a text that changed again is not checked twice.
 */
#include "dsl/lsp.h"

#include <stdlib.h>
#include <string.h>

#include "dsl/lsp_work.h"
#include "ha/base/json.h"
#include "ha/base/version.h"

/* Error codes of JSON-RPC and of the protocol. */
enum {
    PARSE_ERROR = -32700,
    INVALID_REQUEST = -32600,
    METHOD_NOT_FOUND = -32601,
    INVALID_PARAMS = -32602,
    NOT_INITIALIZED = -32002,
    REQUEST_CANCELLED = -32800,
    REQUEST_FAILED = -32803,
};

static const struct {
    const char *method;
    lsp_answer_fn *answer;
} requests[] = {
    {"textDocument/completion", lsp_completion},
    {"textDocument/hover", lsp_hover},
    {"textDocument/definition", lsp_definition},
    {"textDocument/references", lsp_references},
    {"textDocument/prepareRename", lsp_prepare_rename},
    {"textDocument/rename", lsp_rename},
    {"textDocument/formatting", lsp_formatting},
    {"textDocument/codeAction", lsp_code_action},
};

#define REQUESTS (sizeof(requests) / sizeof(requests[0]))

struct lsp *lsp_new(lsp_send_fn *send, void *context)
{
    struct lsp *lsp = xcalloc(1, sizeof(*lsp));

    lsp->send = send;
    lsp->context = context;
    lsp->waiting = json_array();
    return lsp;
}

void lsp_free(struct lsp *lsp)
{
    if (!lsp)
        return;
    while (lsp->documents)
        document_close(lsp, lsp->documents->uri);
    json_decref(lsp->waiting);
    free(lsp);
}

void lsp_know_agents(struct lsp *lsp, const struct catalog *catalog)
{
    lsp->catalog = catalog;
}

bool lsp_is_over(const struct lsp *lsp)
{
    return lsp->is_over;
}

int lsp_exit_code(const struct lsp *lsp)
{
    return lsp->is_shut_down ? 0 : 1;
}

/* Takes the message. */
static void send(struct lsp *lsp, json_t *message)
{
    json_object_set_new(message, "jsonrpc", json_string("2.0"));
    lsp->send(lsp->context, message);
    json_decref(message);
}

static json_t *id_or_null(const json_t *id)
{
    return id ? json_incref((json_t *)id) : json_null();
}

static void refuse(struct lsp *lsp, const json_t *id, int code, const char *words)
{
    send(lsp, json_pack("{s:o, s:{s:i, s:s}}", "id", id_or_null(id), "error", "code", code,
                        "message", words));
}

static void answer(struct lsp *lsp, const json_t *id, json_t *result)
{
    send(lsp,
         json_pack("{s:o, s:o}", "id", id_or_null(id), "result", result ? result : json_null()));
}

static void notify(struct lsp *lsp, const char *method, json_t *params)
{
    send(lsp, json_pack("{s:s, s:o}", "method", method, "params", params));
}

static json_t *initialize(struct lsp *lsp, const json_t *params)
{
    const json_t *general = json_object_get(json_object_get(params, "capabilities"), "general");
    const json_t *encodings = json_object_get(general, "positionEncodings");
    const json_t *each;
    size_t i;

    json_array_foreach(encodings, i, each)
    {
        const char *name = json_string_value(each);

        lsp->is_utf8 = lsp->is_utf8 || (name && strcmp(name, "utf-8") == 0);
    }
    lsp->is_initialized = true;
    return json_pack(
        "{s:{s:s, s:{s:b, s:i}, s:{s:[s]}, s:b, s:b, s:b, s:{s:b}, s:b, s:{s:[s]}}, s:{s:s, s:s}}",
        "capabilities", "positionEncoding", lsp->is_utf8 ? "utf-8" : "utf-16", "textDocumentSync",
        "openClose", true, "change", 2, "completionProvider", "triggerCharacters", " ",
        "hoverProvider", true, "definitionProvider", true, "referencesProvider", true,
        "renameProvider", "prepareProvider", true, "documentFormattingProvider", true,
        "codeActionProvider", "codeActionKinds", "quickfix", "serverInfo", "name", "tenuto",
        "version", TENUTO_VERSION);
}

static json_t *range_at(const struct document *document, struct location at)
{
    return document_range(document, at.offset, at.offset + at.length);
}

/* As the protocol numbers them. */
static int severity_number(enum severity severity)
{
    return severity == SEVERITY_ERROR ? 1 : severity == SEVERITY_WARNING ? 2 : 3;
}

static json_t *diagnostic_json(const struct document *document, const struct diagnostic *each)
{
    json_t *notes = json_array();
    json_t *words =
        each->hint ? json_sprintf("%s\n%s", each->words, each->hint) : json_string(each->words);

    for (int i = 0; i < each->n_notes; i++)
        json_array_append_new(notes,
                              json_pack("{s:{s:s, s:o}, s:s}", "location", "uri", document->uri,
                                        "range", range_at(document, each->notes[i].at), "message",
                                        each->notes[i].words));
    return json_pack("{s:o, s:i, s:s, s:s, s:o, s:o}", "range", range_at(document, each->at),
                     "severity", severity_number(each->severity), "code",
                     diagnostic_code_name(each->code), "source", "tenuto", "message", words,
                     "relatedInformation", notes);
}

static void publish(struct lsp *lsp, struct document *document)
{
    json_t *list = json_array();

    document_read(document);
    for (int i = 0; i < document->diagnostics->n_list; i++)
        json_array_append_new(list, diagnostic_json(document, &document->diagnostics->list[i]));
    notify(lsp, "textDocument/publishDiagnostics",
           json_pack("{s:s, s:I, s:o}", "uri", document->uri, "version", document->version,
                     "diagnostics", list));
    document->is_published = true;
}

static void publish_changed(struct lsp *lsp)
{
    for (struct document *each = lsp->documents; each; each = each->next) {
        if (!each->is_published)
            publish(lsp, each);
    }
}

static void close_document(struct lsp *lsp, const json_t *params)
{
    const struct document *document = document_find(lsp, params);

    if (!document)
        return;
    notify(lsp, "textDocument/publishDiagnostics",
           json_pack("{s:s, s:[]}", "uri", document->uri, "diagnostics"));
    document_close(lsp, document->uri);
}

static void complain(struct lsp *lsp, const char *words)
{
    notify(lsp, "window/logMessage", json_pack("{s:i, s:s}", "type", 2, "message", words));
}

static void take_notification(struct lsp *lsp, const char *method, const json_t *params)
{
    if (strcmp(method, "exit") == 0)
        lsp->is_over = true;
    else if (!lsp->is_initialized || lsp->is_shut_down)
        return;
    else if (strcmp(method, "textDocument/didOpen") == 0 && !document_open(lsp, params))
        complain(lsp, "the text was not opened: too many are open, or it came without its text");
    else if (strcmp(method, "textDocument/didChange") == 0 && !document_change(lsp, params))
        complain(lsp, "a change makes no sense; close the text and open it again");
    else if (strcmp(method, "textDocument/didClose") == 0)
        close_document(lsp, params);
}

static void take_document_request(struct lsp *lsp, const json_t *id, lsp_answer_fn *handler,
                                  const json_t *params)
{
    struct document *document = document_find(lsp, params);
    struct err err = {{0}};
    json_t *result;

    if (!document) {
        refuse(lsp, id, INVALID_PARAMS, "this text is not open");
        return;
    }
    result = handler(document, params, &err);
    if (!result && err.text[0])
        refuse(lsp, id, REQUEST_FAILED, err.text);
    else
        answer(lsp, id, result);
}

static void take_request(struct lsp *lsp, const json_t *id, const char *method,
                         const json_t *params)
{
    if (strcmp(method, "initialize") == 0 && !lsp->is_initialized) {
        answer(lsp, id, initialize(lsp, params));
        return;
    }
    if (!lsp->is_initialized) {
        refuse(lsp, id, NOT_INITIALIZED, "\"initialize\" comes first");
        return;
    }
    if (lsp->is_shut_down || strcmp(method, "initialize") == 0) {
        refuse(lsp, id, INVALID_REQUEST, lsp->is_shut_down ? "the server is shut down" : "once");
        return;
    }
    if (strcmp(method, "shutdown") == 0) {
        lsp->is_shut_down = true;
        answer(lsp, id, NULL);
        return;
    }
    for (size_t i = 0; i < REQUESTS; i++) {
        if (strcmp(requests[i].method, method) == 0) {
            take_document_request(lsp, id, requests[i].answer, params);
            return;
        }
    }
    refuse(lsp, id, METHOD_NOT_FOUND, "this server does not know that method");
}

/* Whether a message behind that one takes it back. */
static bool is_cancelled(const struct lsp *lsp, size_t at, const json_t *id)
{
    for (size_t i = at + 1; i < json_array_size(lsp->waiting); i++) {
        const json_t *message = json_array_get(lsp->waiting, i);

        if (strcmp(json_text(message, "method", ""), "$/cancelRequest") == 0 &&
            json_equal(json_object_get(json_object_get(message, "params"), "id"), id))
            return true;
    }
    return false;
}

/* Requests are about a text that was told of before, so what was told is said first. */
static void take_one(struct lsp *lsp, size_t at, const json_t *message)
{
    const char *method = json_text(message, "method", NULL);
    const json_t *id = json_object_get(message, "id");
    bool has_id = json_is_integer(id) || json_is_string(id);

    if (json_is_null(message))
        refuse(lsp, NULL, PARSE_ERROR, "that was no message");
    else if (!json_is_object(message) || (!method && !has_id) || (id && !has_id))
        refuse(lsp, NULL, INVALID_REQUEST, "that was no request");
    else if (!method)
        return; /* an answer; nothing was asked */
    else if (!has_id)
        take_notification(lsp, method, json_object_get(message, "params"));
    else if (is_cancelled(lsp, at, id))
        refuse(lsp, id, REQUEST_CANCELLED, "it was cancelled");
    else
        take_request(lsp, id, method, json_object_get(message, "params"));
}

void lsp_take(struct lsp *lsp, json_t *message)
{
    json_array_append_new(lsp->waiting, message ? json_incref(message) : json_null());
}

void lsp_work(struct lsp *lsp)
{
    for (size_t i = 0; i < json_array_size(lsp->waiting) && !lsp->is_over; i++)
        take_one(lsp, i, json_array_get(lsp->waiting, i));
    json_array_clear(lsp->waiting);
    if (!lsp->is_over)
        publish_changed(lsp);
}
