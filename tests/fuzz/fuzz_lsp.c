/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as what an editor sends: first the stream as it is, in pieces, then the same
 * bytes as a text in which every request is made at every few places.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dsl/lsp.h"
#include "dsl/lsp_frame.h"
#include "ha/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void take(void *context, json_t *message)
{
    char *text = json_write(message);

    assert(text && text[0] == '{');
    *(int *)context += 1;
    free(text);
}

static void say(struct lsp *lsp, const char *text)
{
    json_t *message = json_read(text, strlen(text), NULL);

    assert(message);
    lsp_take(lsp, message);
    json_decref(message);
    lsp_work(lsp);
}

static void run_stream(const uint8_t *bytes, size_t length)
{
    struct lsp_frame frame = {0};
    int n_sent = 0;
    struct lsp *lsp = lsp_new(take, &n_sent);
    const char *text;
    size_t size;

    for (size_t from = 0; from < length; from += 7) {
        lsp_frame_feed(&frame, (const char *)bytes + from, length - from < 7 ? length - from : 7);
        for (;;) {
            enum lsp_frame_event event = lsp_frame_next(&frame, &text, &size);
            json_t *message = NULL;

            if (event == LSP_FRAME_MORE)
                break;
            if (event == LSP_FRAME_MESSAGE)
                message = json_read(text, size, NULL);
            lsp_take(lsp, message);
            json_decref(message);
        }
        lsp_work(lsp);
    }
    lsp_frame_fini(&frame);
    lsp_free(lsp);
}

static void ask(struct lsp *lsp, const char *method, int line, int character)
{
    json_t *message =
        json_pack("{s:i, s:s, s:{s:{s:s}, s:{s:i, s:i}, s:s, s:{s:{s:i, s:i}, s:{s:i, s:i}}}}",
                  "id", 1, "method", method, "params", "textDocument", "uri", "a", "position",
                  "line", line, "character", character, "newName", "other", "range", "start",
                  "line", line, "character", 0, "end", "line", line, "character", character);

    lsp_take(lsp, message);
    json_decref(message);
    lsp_work(lsp);
}

static void run_text(const uint8_t *bytes, size_t length)
{
    static const char *const methods[] = {"textDocument/completion",    "textDocument/hover",
                                          "textDocument/definition",    "textDocument/references",
                                          "textDocument/rename",        "textDocument/formatting",
                                          "textDocument/prepareRename", "textDocument/codeAction"};
    json_t *text = json_stringn((const char *)bytes, length);
    int n_sent = 0, n_asked = 0;
    struct lsp *lsp;
    json_t *open;

    /* What is no UTF-8 cannot come as JSON; what holds a NUL is refused when it is read. */
    if (!text || memchr(bytes, '\0', length)) {
        json_decref(text);
        return;
    }
    lsp = lsp_new(take, &n_sent);
    say(lsp, "{\"id\":0,\"method\":\"initialize\",\"params\":{}}");
    open = json_pack("{s:s, s:{s:{s:s, s:o}}}", "method", "textDocument/didOpen", "params",
                     "textDocument", "uri", "a", "text", text);
    lsp_take(lsp, open);
    json_decref(open);
    lsp_work(lsp);
    n_sent = 0;
    for (int line = 0; line < 12; line++) {
        for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++, n_asked++)
            ask(lsp, methods[i], line, (line * 5 + 3) % 31);
    }
    assert(n_sent == n_asked);
    lsp_free(lsp);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    run_stream(bytes, length);
    run_text(bytes, length);
    return 0;
}
