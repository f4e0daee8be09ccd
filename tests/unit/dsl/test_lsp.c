/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an editor is told: mistakes as it types, what may follow, what a word is, other names. */
#include "tests/unit/dsl/lsp_test.h"

#include <stdlib.h>
#include <string.h>

#include "dsl/lsp.h"
#include "dsl/lsp_frame.h"
#include "ha/base/json.h"

static const char text[] = "cluster home\n"
                           "node alpha { address 10.0.0.1; memory 4G }\n"
                           "node beta { address 10.0.0.2 }\n"
                           "node gamma { address 10.0.0.3 }\n"
                           "let fast = alpha, beta\n"
                           "defaults { restart 3 }\n"
                           "service ocf:web { agent heartbeat:x; try on fast, then gamma }\n"
                           "service ocf:db[1..3] { agent heartbeat:y }\n"
                           "service ocf:mail { agent heartbeat:y }\n"
                           "rule pair: try ocf:web, ocf:mail together\n"
                           "rule all: try ocf:db* apart\n";

static int setup(void **state)
{
    lsp_start(state);
    ask("initialize", json_pack("{s:{}}", "capabilities"));
    tell("initialized", json_object());
    open_text(text);
    return 0;
}

static void a_right_policy_has_nothing_to_show(void **state)
{
    (void)state;
    assert_int_equal(json_array_size(published()), 0);
}

static void a_change_shows_what_is_wrong_where_it_is(void **state)
{
    const json_t *first;

    (void)state;
    tell("textDocument/didChange",
         json_pack("{s:{s:s, s:i}, s:[{s:{s:{s:i,s:i},s:{s:i,s:i}}, s:s}]}", "textDocument", "uri",
                   URI, "version", 2, "contentChanges", "range", "start", "line", 9, "character",
                   15, "end", "line", 9, "character", 22, "text", "ocf:wbe"));
    assert_int_equal(json_array_size(published()), 1);
    first = json_array_get(published(), 0);
    assert_string_equal(json_text(first, "code", ""), "T0213");
    assert_string_equal(json_text(first, "message", ""),
                        "no service is called \"ocf:wbe\"\ndid you mean \"ocf:web\"?");
    assert_int_equal(json_int(first, "severity", 0), 1);
    assert_range(json_object_get(first, "range"), 9, 15, 22);
    tell("textDocument/didClose", json_pack("{s:{s:s}}", "textDocument", "uri", URI));
    assert_int_equal(json_array_size(published()), 0);
}

static void columns_are_counted_as_the_editor_does(void **state)
{
    static const char wide[] = "# \xf0\x9f\x98\x80\xea\xb0\x80\ncluster \"\xf0\x9f\x98\x80\" x\n";
    const json_t *first;

    (void)state;
    open_text(wide);
    first = json_array_get(published(), 0);
    assert_range(json_object_get(first, "range"), 1, 8, 12);
    lsp_stop(state);
    lsp_start(state);
    assert_string_equal(
        json_text(
            json_object_get(result_of(ask("initialize",
                                          json_pack("{s:{s:{s:[s,s]}}}", "capabilities", "general",
                                                    "positionEncodings", "utf-16", "utf-8"))),
                            "capabilities"),
            "positionEncoding", ""),
        "utf-8");
    open_text(wide);
    first = json_array_get(published(), 0);
    assert_range(json_object_get(first, "range"), 1, 8, 14);
}

#define BEGIN "cluster home\nnode alpha\nnode beta\nlet fast = alpha\nservice ocf:web\n"

static void what_may_follow_comes_from_the_grammar(void **state)
{
    (void)state;
    assert_non_null(strstr(completions(BEGIN "se"), "service rule disabled "));
    assert_non_null(strstr(completions(BEGIN "service ocf:a {\n  r"), "restart relocate "));
    assert_null(strstr(completions(BEGIN "service ocf:a {\n  r"), "cluster"));
    assert_non_null(strstr(completions(BEGIN "service ocf:a { state stopped; mon"), "monitor"));
    assert_string_equal(completions(BEGIN "service ocf:a { state "),
                        "started stopped disabled ignored ");
    assert_string_equal(completions(BEGIN "service ocf:a { monitor "), "every ");
    assert_string_equal(completions(BEGIN "service ocf:a { keep on alpha, "), "fast alpha beta ");
    assert_string_equal(completions(BEGIN "rule x: "), "keep try start ");
    assert_string_equal(completions(BEGIN "rule x: keep ocf:w"), "ocf:web ");
    assert_string_equal(completions(BEGIN "rule x: keep ocf:web, "), "ocf:web ");
    assert_string_equal(completions(BEGIN "rule x: keep ocf:web "), "together apart on ");
    assert_string_equal(completions(BEGIN "shutdown "), "conditional migrate failover freeze ");
    assert_string_equal(completions(BEGIN "service ocf:a { monitor every 5s "), "every timeout ");
    assert_string_equal(completions(BEGIN "# a comment "), "");
}

static const char *hover(const char *place, int behind)
{
    const json_t *result = result_of(ask("textDocument/hover", at(text, place, behind)));

    return json_text(json_object_get(result, "contents"), "value", "");
}

static void a_word_tells_what_it_is(void **state)
{
    (void)state;
    assert_non_null(strstr(hover("let fast", 1), "let NAME = NODE, NODE"));
    assert_non_null(strstr(hover("restart", 1), "restart COUNT"));
    assert_non_null(strstr(hover("restart", 1), "stands in a defaults block, a service"));
    assert_string_equal(hover("alpha", 2), "**node alpha**\n\n- address 10.0.0.1\n- memory 4G\n"
                                           "- votes 1\n");
    assert_non_null(strstr(hover("fast, then", 1), "- alpha, beta\n"));
    assert_non_null(strstr(hover("ocf:web,", 5), "- restart 3, relocate 1\n"));
    assert_non_null(strstr(hover("ocf:web,", 5), "- try on alpha, beta, then gamma (line 7)\n"));
    assert_non_null(strstr(hover("ocf:web,", 5), "- rule pair (line 10)\n"));
    assert_non_null(strstr(hover("ocf:db*", 5), "- ocf:db2\n"));
    assert_no_result(ask("textDocument/hover", at(text, "3 }", 0)));
}

static void a_message_tells_what_its_code_means_and_its_place_what_it_is(void **state)
{
    static const char wrong[] = BEGIN "fencing { watchdog none }\nrule a: keep ocf:wbe on alpha\n";
    static const char twice[] = BEGIN "service ocf:web { agent heartbeat:nginx }\n";
    const json_t *result;
    const char *words;

    (void)state;
    open_text(wrong);
    result = result_of(ask("textDocument/hover", at(wrong, "ocf:wbe", 2)));
    words = json_text(json_object_get(result, "contents"), "value", "");
    assert_non_null(strstr(words, "**T0213: a service that the policy does not have**\n"));
    assert_non_null(strstr(words, "\nright:\n\n```tenuto\n    rule stack: "));
    assert_range(json_object_get(result, "range"), 6, 13, 20);
    open_text(twice);
    result = result_of(ask("textDocument/hover", at(twice, "ocf:web {", 2)));
    words = json_text(json_object_get(result, "contents"), "value", "");
    assert_non_null(strstr(words, "**T0210: two of one name**\n"));
    assert_non_null(strstr(words, "\n---\n\n**service ocf:web**\n"));
}

static int count_places(const char *method, const char *place, int behind)
{
    return (int)json_array_size(result_of(ask(method, at(text, place, behind))));
}

static void names_lead_to_their_declaration_and_back(void **state)
{
    const json_t *list = result_of(ask("textDocument/definition", at(text, "fast, then", 1)));

    (void)state;
    assert_int_equal(json_array_size(list), 1);
    assert_range(json_object_get(json_array_get(list, 0), "range"), 4, 4, 8);
    list = result_of(ask("textDocument/definition", at(text, "ocf:db*", 1)));
    assert_range(json_object_get(json_array_get(list, 0), "range"), 7, 8, 20);
    assert_int_equal(count_places("textDocument/references", "alpha,", 0), 2);
    assert_int_equal(count_places("textDocument/references", "gamma {", 0), 2);
    assert_int_equal(count_places("textDocument/references", "ocf:mail {", 0), 2);
    assert_int_equal(count_places("textDocument/definition", "cluster", 0), 0);
}

static const json_t *rename_at(const char *place, const char *name)
{
    json_t *params = at(text, place, 1);

    json_object_set_new(params, "newName", json_string(name));
    return ask("textDocument/rename", params);
}

static void a_name_is_changed_wherever_it_stands(void **state)
{
    const json_t *edits =
        json_object_get(json_object_get(result_of(rename_at("alpha", "omega")), "changes"), URI);

    (void)state;
    assert_int_equal(json_array_size(edits), 2);
    edits = json_object_get(json_object_get(result_of(rename_at("ocf:mail {", "post")), "changes"),
                            URI);
    assert_int_equal(json_array_size(edits), 2);
    assert_string_equal(json_text(json_array_get(edits, 0), "newText", ""), "ocf:post");
}

static void a_name_that_is_not_clear_is_not_changed(void **state)
{
    (void)state;
    assert_non_null(strstr(error_of(rename_at("alpha", "beta")), "\"beta\" already, in line 3"));
    assert_non_null(strstr(error_of(rename_at("alpha", "1x")), "cannot be the name of a node"));
    assert_non_null(strstr(error_of(rename_at("ocf:db[", "ocf:x")), "stands for several names"));
    assert_non_null(strstr(error_of(rename_at("ocf:mail {", "ocf:db9")),
                           "\"ocf:db*\" in line 11 means service ocf:db9, but not ocf:mail"));
    assert_non_null(strstr(error_of(rename_at("restart", "x")), "there is no name"));
    assert_string_equal(
        json_text(result_of(ask("textDocument/prepareRename", at(text, "alpha", 1))), "placeholder",
                  ""),
        "alpha");
}

/* The text with edits applied, from behind; columns are bytes here. */
static char *apply(const char *words, const json_t *edits)
{
    char *changed = strdup(words);

    for (size_t i = json_array_size(edits); i-- > 0;) {
        const json_t *edit = json_array_get(edits, i), *range = json_object_get(edit, "range");
        size_t offset[2];
        char *next;

        for (int side = 0; side < 2; side++) {
            const json_t *place = json_object_get(range, side ? "end" : "start");
            const char *line = words;

            for (json_int_t n = json_int(place, "line", 0); n > 0; n--)
                line = strchr(line, '\n') + 1;
            offset[side] = (size_t)(line - words) + (size_t)json_int(place, "character", 0);
        }
        assert_true(asprintf(&next, "%.*s%s%s", (int)offset[0], changed,
                             json_text(edit, "newText", ""), changed + offset[1]) >= 0);
        free(changed);
        changed = next;
    }
    return changed;
}

static void the_layout_comes_as_edits_between_words(void **state)
{
    static const char odd[] = "\n\ncluster   home {network lan}   # end  \n\n\n\nnode alpha {\n"
                              "address 10.0.0.1;cpus 2\n}\nservice ocf:web {keep on alpha then "
                              "beta}";
    struct arena *arena = arena_new();
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    const json_t *edits;
    char *changed;

    (void)state;
    open_text(odd);
    edits = result_of(ask("textDocument/formatting",
                          json_pack("{s:{s:s}, s:{}}", "textDocument", "uri", URI, "options")));
    changed = apply(odd, edits);
    assert_true(json_array_size(edits) > 5);
    assert_string_equal(changed, policy_format(arena, "odd", odd, strlen(odd), diagnostics));
    open_text(changed);
    edits = result_of(
        ask("textDocument/formatting", json_pack("{s:{s:s}}", "textDocument", "uri", URI)));
    assert_int_equal(json_array_size(edits), 0);
    open_text("cluster {\n");
    assert_non_null(strstr(error_of(ask("textDocument/formatting",
                                        json_pack("{s:{s:s}}", "textDocument", "uri", URI))),
                           "line 1 has a mistake"));
    free(changed);
    arena_free(arena);
}

static void what_was_meant_can_be_put_in(void **state)
{
    static const char slip[] = "cluster home { network lna }\nnode alpha\n";
    const json_t *actions;
    json_t *params;

    (void)state;
    open_text(slip);
    params =
        json_pack("{s:{s:s}, s:{s:{s:i,s:i}, s:{s:i,s:i}}}", "textDocument", "uri", URI, "range",
                  "start", "line", 0, "character", 24, "end", "line", 0, "character", 24);
    actions = result_of(ask("textDocument/codeAction", params));
    assert_int_equal(json_array_size(actions), 1);
    assert_string_equal(json_text(json_array_get(actions, 0), "title", ""), "write \"lan\"");
}

static json_t *message(int id, const char *method)
{
    json_t *params = at(text, "alpha", 1);

    return json_pack("{s:i, s:s, s:o}", "id", id, "method", method, "params", params);
}

static void what_was_cancelled_is_not_worked_on(void **state)
{
    autojson *first = message(7, "textDocument/hover");
    autojson *second = message(8, "textDocument/hover");
    autojson *cancel = json_pack("{s:s, s:{s:i}}", "method", "$/cancelRequest", "params", "id", 7);

    (void)state;
    json_array_clear(sent);
    lsp_take(lsp, first);
    lsp_take(lsp, second);
    lsp_take(lsp, cancel);
    lsp_work(lsp);
    assert_int_equal(json_array_size(sent), 2);
    assert_int_equal(json_int(json_object_get(json_array_get(sent, 0), "error"), "code", 0),
                     -32800);
    assert_non_null(json_object_get(json_array_get(sent, 1), "result"));
}

static int code_of(const json_t *answer)
{
    return (int)json_int(json_object_get(answer, "error"), "code", 0);
}

static void nonsense_is_refused_and_the_life_goes_on(void **state)
{
    autojson *list = json_array();
    json_t *params;

    (void)state;
    json_array_clear(sent);
    lsp_take(lsp, NULL);
    lsp_take(lsp, list);
    lsp_work(lsp);
    assert_int_equal(code_of(json_array_get(sent, 0)), -32700);
    assert_int_equal(code_of(json_array_get(sent, 1)), -32600);
    assert_int_equal(code_of(ask("textDocument/unheardOf", json_object())), -32601);
    assert_int_equal(code_of(ask("textDocument/hover", json_null())), -32602);
    tell("unheard/of", json_null());
    assert_int_equal(json_array_size(sent), 0);
    params = at(text, "alpha", 1);
    json_object_set_new(json_object_get(params, "position"), "line", json_integer(1 << 30));
    assert_no_result(ask("textDocument/hover", params));
    assert_no_result(ask("shutdown", json_null()));
    assert_int_equal(code_of(ask("textDocument/hover", at(text, "alpha", 1))), -32600);
    assert_false(lsp_is_over(lsp));
    tell("exit", json_null());
    assert_true(lsp_is_over(lsp));
    assert_int_equal(lsp_exit_code(lsp), 0);
}

static void nothing_is_answered_before_the_greeting(void **state)
{
    (void)state;
    assert_int_equal(code_of(ask("textDocument/hover", at(text, "alpha", 1))), -32002);
    open_text(text);
    assert_int_equal(json_array_size(sent), 0);
    tell("exit", json_null());
    assert_int_equal(lsp_exit_code(lsp), 1);
}

static void frames_come_in_pieces_of_any_size(void **state)
{
    static const char stream[] = "Content-Type: x\r\ncontent-length: 3\r\n\r\nabcContent-Length: "
                                 "2\r\n\r\nde";

    (void)state;
    for (size_t step = 1; step < sizeof(stream); step++) {
        struct lsp_frame frame = {0};
        char got[16] = "";

        for (size_t from = 0; from < sizeof(stream) - 1; from += step) {
            size_t left = sizeof(stream) - 1 - from, length;
            const char *bytes;

            lsp_frame_feed(&frame, stream + from, left < step ? left : step);
            while (lsp_frame_next(&frame, &bytes, &length) == LSP_FRAME_MESSAGE)
                strncat(got, bytes, length);
        }
        assert_string_equal(got, "abcde");
        lsp_frame_fini(&frame);
    }
}

static enum lsp_frame_event first_event(const char *stream, struct lsp_frame *frame)
{
    const char *bytes;
    size_t length;

    lsp_frame_feed(frame, stream, strlen(stream));
    return lsp_frame_next(frame, &bytes, &length);
}

static void frames_that_make_no_sense_are_told_from_long_ones(void **state)
{
    static const char *const broken[] = {"Length: 3\r\n\r\nabc",
                                         "Content-Length: -3\r\n\r\n",
                                         "Content-Length: 3x\r\n\r\n",
                                         "\r\n\r\n",
                                         "Content-Length: 99999999999999999999\r\n\r\n",
                                         "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"};
    struct lsp_frame frame = {0};
    static char spaces[5001];

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        assert_int_equal(first_event(broken[i], &frame), LSP_FRAME_BROKEN);
        assert_int_equal(first_event("Content-Length: 1\r\n\r\na", &frame), LSP_FRAME_MORE);
        lsp_frame_fini(&frame);
    }
    memset(spaces, ' ', sizeof(spaces) - 1);
    assert_int_equal(first_event(spaces, &frame), LSP_FRAME_BROKEN);
    lsp_frame_fini(&frame);
    assert_int_equal(first_event("Content-Length: 900000000\r\n\r\nabc", &frame),
                     LSP_FRAME_TOO_LONG);
    assert_int_equal(first_event("def", &frame), LSP_FRAME_MORE);
    frame.skip = 2;
    assert_int_equal(first_event("xxContent-Length: 1\r\n\r\na", &frame), LSP_FRAME_MESSAGE);
    lsp_frame_fini(&frame);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, lsp_stop)
    const struct CMUnitTest tests[] = {
        TEST(a_right_policy_has_nothing_to_show),
        TEST(a_change_shows_what_is_wrong_where_it_is),
        TEST(columns_are_counted_as_the_editor_does),
        TEST(what_may_follow_comes_from_the_grammar),
        TEST(a_word_tells_what_it_is),
        TEST(a_message_tells_what_its_code_means_and_its_place_what_it_is),
        TEST(names_lead_to_their_declaration_and_back),
        TEST(a_name_is_changed_wherever_it_stands),
        TEST(a_name_that_is_not_clear_is_not_changed),
        TEST(the_layout_comes_as_edits_between_words),
        TEST(what_was_meant_can_be_put_in),
        TEST(what_was_cancelled_is_not_worked_on),
        TEST(nonsense_is_refused_and_the_life_goes_on),
        cmocka_unit_test_setup_teardown(nothing_is_answered_before_the_greeting, lsp_start,
                                        lsp_stop),
        cmocka_unit_test(frames_come_in_pieces_of_any_size),
        cmocka_unit_test(frames_that_make_no_sense_are_told_from_long_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
