/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as what an editor sends. "C...": a stream with its headers; cut anywhere, it is the
 * same messages. "{...": a session, a message a line. Everything else is a text, in which every
 * request is made at every few places: each range that is answered lies inside of it, places
 * are there and back the same in both ways of counting, and what is to be edited, edited, is a
 * policy again.
 */
#include <stdio.h>

#include "dsl/example_agents.h"
#include "dsl/lsp_frame.h"
#include "dsl/lsp_work.h"
#include "dsl/page.h"
#include "dsl/utf8.h"
#include "ha/base/json.h"
#include "tests/fuzz/fuzz.h"

unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at)
{
    *at = 0;
    return length > 0 && strchr("C{", bytes[0]) ? 0 : IN_POLICY;
}

/* ---- streams --------------------------------------------------------------------------------- */

/* What came out of a stream that came in pieces: events and texts as one text. */
static struct page read_pieces(const uint8_t *bytes, size_t length, unsigned seed, int largest)
{
    struct lsp_frame frame = {0};
    struct page heard = {0};
    const char *text;
    size_t size, piece;

    page_say(&heard, "");
    for (size_t from = 0; from < length; from += piece) {
        enum lsp_frame_event event = LSP_FRAME_MESSAGE;

        seed = seed * 1103515245u + 12345u;
        piece = 1 + (seed >> 16) % (unsigned)largest;
        piece = piece < length - from ? piece : length - from;
        lsp_frame_feed(&frame, (const char *)bytes + from, piece);
        while (event != LSP_FRAME_MORE) {
            event = lsp_frame_next(&frame, &text, &size);
            if (event == LSP_FRAME_MORE)
                break;
            page_add(&heard, &"ABCD"[event], 1);
            if (event == LSP_FRAME_MESSAGE)
                page_add(&heard, text, size);
        }
    }
    lsp_frame_fini(&frame);
    return heard;
}

static void check_stream(const uint8_t *bytes, size_t length)
{
    struct page whole = read_pieces(bytes, length, 1, 1 << 24);

    for (unsigned seed = 0; seed < 3; seed++) {
        struct page cut = read_pieces(bytes, length, seed, seed == 0 ? 1 : 40);

        assert(cut.length == whole.length && memcmp(cut.bytes, whole.bytes, cut.length) == 0);
        page_free(&cut);
    }
    page_free(&whole);
}

/* ---- sessions -------------------------------------------------------------------------------- */

static void count(void *context, json_t *message)
{
    char *text = json_write(message);

    assert(text[0] == '{');
    *(int *)context += 1;
    free(text);
}

static void check_session(const char *bytes, size_t length)
{
    int n_sent = 0;
    struct lsp *lsp = lsp_new(count, &n_sent);

    while (length > 0) {
        const char *newline = memchr(bytes, '\n', length);
        size_t line = newline ? (size_t)(newline - bytes) : length;
        json_t *message = json_read(bytes, line, NULL);

        lsp_take(lsp, message);
        json_decref(message);
        if (line % 3)
            lsp_work(lsp);
        line += newline != NULL;
        bytes += line;
        length -= line;
    }
    lsp_work(lsp);
    lsp_free(lsp);
}

/* ---- texts ----------------------------------------------------------------------------------- */

#define STRIDE 13
/* Some texts are called as a drill is. */
#define URI(text) (strlen(text) % 7 == 3 ? "a.drill" : "a")
/* At so many places of a text every request is made. */
#define PLACES 5

struct editor {
    struct lsp *lsp;
    const char *text;
    bool is_utf8;
    json_t *answer; /* the last one */
    int n_answers;
};

static void hear(void *context, json_t *message)
{
    struct editor *editor = context;

    if (json_object_get(message, "method"))
        return;
    json_decref(editor->answer);
    editor->answer = json_incref(message);
    editor->n_answers++;
}

static void say(struct editor *editor, json_t *message)
{
    lsp_take(editor->lsp, message);
    json_decref(message);
    lsp_work(editor->lsp);
}

/* The byte that a place of an answer means; the place has to be there. */
static size_t place_in(const struct editor *editor, const json_t *position)
{
    const char *at = editor->text, *end;
    json_int_t units = json_int(position, "character", -1);
    uint32_t point;

    assert(units >= 0 && json_int(position, "line", -1) >= 0);
    for (json_int_t line = json_int(position, "line", -1); line > 0; line--) {
        assert(strchr(at, '\n'));
        at = strchr(at, '\n') + 1;
    }
    end = at + strcspn(at, "\n");
    while (units > 0) {
        size_t size = utf8_read(at, (size_t)(end - at), &point);

        assert(size > 0);
        units -= editor->is_utf8 ? (json_int_t)size : size == 4 ? 2 : 1;
        at += size;
    }
    assert(units == 0);
    return (size_t)(at - editor->text);
}

static void check_ranges(const struct editor *editor, const json_t *value)
{
    const json_t *each;
    const char *key;
    size_t i;

    json_array_foreach(value, i, each)
    {
        check_ranges(editor, each);
    }
    json_object_foreach((json_t *)value, key, each)
    {
        check_ranges(editor, each);
    }
    if (json_object_get(value, "start"))
        assert(place_in(editor, json_object_get(value, "start")) <=
               place_in(editor, json_object_get(value, "end")));
}

/* The text with the edits of an answer made: from the last to the first, as they may not meet. */
static char *edited(const struct editor *editor, const json_t *edits)
{
    char *text = xstrdup(editor->text);
    size_t last = strlen(text);

    for (size_t left = json_array_size(edits); left > 0; left--) {
        const json_t *best = NULL, *each;
        size_t from = 0, to, i;
        struct page page = {0};

        json_array_foreach(edits, i, each)
        {
            size_t start =
                place_in(editor, json_object_get(json_object_get(each, "range"), "start"));

            if ((start < last || left == json_array_size(edits)) && (!best || start >= from)) {
                best = each;
                from = start;
            }
        }
        assert(best);
        to = place_in(editor, json_object_get(json_object_get(best, "range"), "end"));
        assert(to <= last);
        page_add(&page, text, from);
        page_say(&page, json_text(best, "newText", ""));
        page_say(&page, text + to);
        free(text);
        text = page.bytes;
        last = from;
    }
    return text;
}

static const json_t *ask(struct editor *editor, const char *method, int line, int character)
{
    int n_before = editor->n_answers;

    say(editor, json_pack("{s:i, s:s, s:{s:{s:s}, s:{s:i, s:i}, s:s, s:{s:{s:i, s:i}, s:{s:i,"
                          " s:i}}}}",
                          "id", 1, "method", method, "params", "textDocument", "uri",
                          URI(editor->text), "position", "line", line, "character", character,
                          "newName", "other-x", "range", "start", "line", line, "character", 0,
                          "end", "line", line, "character", character));
    assert(editor->n_answers == n_before + 1);
    check_ranges(editor, editor->answer);
    return json_object_get(editor->answer, "result");
}

static bool is_ascii(const char *text, int length)
{
    while (length > 0 && !(text[length - 1] & 0x80))
        length--;
    return length == 0;
}

static void check_positions(const struct editor *editor)
{
    const struct document *document = editor->lsp->documents;
    uint32_t point;
    size_t size;

    for (size_t at = 0; at <= document->length; at += size) {
        json_t *position = document_position(document, (int)at);

        assert(place_in(editor, position) == at);
        assert(document_offset(document, position) == (int)at);
        json_decref(position);
        size = at < document->length ? utf8_read(document->text + at, document->length - at, &point)
                                     : 1;
        assert(size > 0);
        /* Where nothing but ASCII follows for a while, every few bytes are enough. */
        if (at + STRIDE < document->length && is_ascii(document->text + at, STRIDE))
            size = STRIDE;
    }
}

static void check_formatting(struct editor *editor)
{
    struct arena *arena = arena_new();
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));
    char *layout = policy_format(arena, "a", editor->text, strlen(editor->text), found);
    const json_t *edits = ask(editor, "textDocument/formatting", 0, 0);

    if (layout && !editor->lsp->documents->is_drill) {
        char *text = edited(editor, edits);

        assert(strcmp(text, layout) == 0);
        free(text);
    }
    arena_free(arena);
}

/* A name that nobody has yet, given to something everywhere, makes nothing wrong. */
static void check_rename(struct editor *editor, int line, int character)
{
    const json_t *result = ask(editor, "textDocument/rename", line, character);
    const json_t *edits = json_object_get(json_object_get(result, "changes"), URI(editor->text));
    struct arena *arena = arena_new();
    char *text;

    if (edits) {
        text = edited(editor, edits);
        assert(!fuzz_read(arena, editor->text, strlen(editor->text)).is_right ||
               fuzz_read(arena, text, strlen(text)).is_right);
        free(text);
    }
    arena_free(arena);
}

/* Typed in at some place, read anew or not: the server knows the text as the editor does. */
static void check_change(struct editor *editor, int line, int character)
{
    json_t *position = json_pack("{s:i, s:i}", "line", line, "character", character);
    int at = document_offset(editor->lsp->documents, position);
    struct page page = {0};

    page_add(&page, editor->text, (size_t)at);
    page_say(&page, "x\n\xf0\x9f\x98\x80{");
    page_say(&page, editor->text + at);
    say(editor, json_pack("{s:s, s:{s:{s:s, s:i}, s:[{s:{s:O, s:O}, s:s}]}}", "method",
                          "textDocument/didChange", "params", "textDocument", "uri",
                          URI(editor->text), "version", 2, "contentChanges", "range", "start",
                          position, "end", position, "text", "x\n\xf0\x9f\x98\x80{"));
    assert(strcmp(editor->lsp->documents->text, page.bytes) == 0);
    json_decref(position);
    page_free(&page);
}

static void check_text(const char *text, bool is_utf8)
{
    static const char *const methods[] = {"textDocument/completion",    "textDocument/hover",
                                          "textDocument/definition",    "textDocument/references",
                                          "textDocument/prepareRename", "textDocument/codeAction"};
    struct editor editor = {.text = text, .is_utf8 = is_utf8};
    int lines;

    editor.lsp = lsp_new(hear, &editor);
    lsp_know_agents(editor.lsp, &example_agents);
    say(&editor,
        json_pack("{s:i, s:s, s:{s:{s:{s:[s]}}}}", "id", 0, "method", "initialize", "params",
                  "capabilities", "general", "positionEncodings", is_utf8 ? "utf-8" : "utf-16"));
    say(&editor, json_pack("{s:s, s:{s:{s:s, s:i, s:s}}}", "method", "textDocument/didOpen",
                           "params", "textDocument", "uri", URI(text), "version", 1, "text", text));
    assert(strcmp(editor.lsp->documents->text, text) == 0);
    lines = editor.lsp->documents->n_lines;
    check_positions(&editor);
    check_formatting(&editor);
    for (int i = 0; i < PLACES; i++) {
        int line = (int)((strlen(text) * 7 + (size_t)i * 11) % (size_t)lines);
        int character = (int)((strlen(text) + (size_t)i * 5 + 3) % 31);

        for (size_t k = 0; k < sizeof(methods) / sizeof(methods[0]); k++)
            ask(&editor, methods[k], line, character);
        check_rename(&editor, line, character);
    }
    check_change(&editor, (int)strlen(text) % 7, (int)strlen(text) % 23);
    json_decref(editor.answer);
    lsp_free(editor.lsp);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char *text;
    json_t *known;

    if (length > 0 && bytes[0] == 'C') {
        check_stream(bytes, length);
        return 0;
    }
    if (length > 0 && bytes[0] == '{') {
        check_session((const char *)bytes, length);
        return 0;
    }
    /* What is no UTF-8 cannot come as JSON; what holds a NUL is refused when it is read. */
    known = memchr(bytes, '\0', length) ? NULL : json_stringn((const char *)bytes, length);
    if (!known)
        return 0;
    text = xstrdup(json_string_value(known));
    json_decref(known);
    check_text(text, length % 2);
    free(text);
    return 0;
}
