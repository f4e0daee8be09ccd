/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an editor is told of agents: those there are, what they take, what it means. */
#include "tests/unit/dsl/dsl_test.h"

#include <string.h>

#include "dsl/example_agents.h"
#include "dsl/lsp.h"
#include "ha/base/json.h"

#define BEGIN "cluster home\nnode alpha\nnode beta\n"

static struct lsp *lsp;
static json_t *sent;

static void keep(void *context, json_t *message)
{
    (void)context;
    json_array_append(sent, message);
}

/* With an id it is a request, and the answer's result is returned. */
static const json_t *tell(const char *method, json_t *params, int id)
{
    autojson *message =
        json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params", params);

    if (id > 0)
        json_object_set_new(message, "id", json_integer(id));
    json_array_clear(sent);
    lsp_take(lsp, message);
    lsp_work(lsp);
    return json_object_get(json_array_get(sent, 0), "result");
}

static void open_text(const char *words)
{
    tell("textDocument/didOpen",
         json_pack("{s:{s:s, s:s, s:i, s:s}}", "textDocument", "uri", "file:///a.tenuto",
                   "languageId", "tenuto", "version", 1, "text", words),
         0);
}

static const json_t *ask_at(const char *method, const char *words, size_t offset)
{
    int line = 0, character = 0;

    open_text(words);
    for (size_t i = 0; i < offset; i++) {
        character = words[i] == '\n' ? 0 : character + 1;
        line += words[i] == '\n';
    }
    return tell(method,
                json_pack("{s:{s:s}, s:{s:i, s:i}}", "textDocument", "uri", "file:///a.tenuto",
                          "position", "line", line, "character", character),
                1);
}

static const char *completions(const char *words)
{
    static char labels[4096];
    const json_t *items = ask_at("textDocument/completion", words, strlen(words)), *each;
    size_t i;

    labels[0] = '\0';
    json_array_foreach(items, i, each)
    {
        strncat(labels, json_text(each, "label", "?"), sizeof(labels) - strlen(labels) - 2);
        strncat(labels, " ", 2);
    }
    return labels;
}

static const char *hover(const char *words, const char *place)
{
    const json_t *result =
        ask_at("textDocument/hover", words, (size_t)(strstr(words, place) + 1 - words));

    return json_text(json_object_get(result, "contents"), "value", "");
}

static int setup(void **state)
{
    (void)state;
    sent = json_array();
    lsp = lsp_new(keep, NULL);
    lsp_know_agents(lsp, &example_agents);
    tell("initialize", json_pack("{s:{}}", "capabilities"), 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lsp_free(lsp);
    json_decref(sent);
    return 0;
}

static void what_an_agent_takes_is_offered(void **state)
{
    (void)state;
    assert_string_equal(completions(BEGIN "service ocf:a { agent example:guest; set "),
                        "config hypervisor ");
    assert_string_equal(
        completions(BEGIN "service ocf:a {\n agent example:guest\n set config x\n set hy"),
        "hypervisor ");
    assert_string_equal(completions(BEGIN "defaults ocf { agent example:guest }\n"
                                          "service ocf:b { set config x; set "),
                        "hypervisor ");
    assert_string_equal(completions(BEGIN "service ocf:a { agent far:thing; set "), "");
    assert_string_equal(completions(BEGIN "service ocf:a { set "), "");
    assert_non_null(strstr(completions(BEGIN "fencing {\n device plug {\n agent fence_example\n"
                                             " set ip 10.0.0.1\n set "),
                           "plug username password lanplus "));
}

static void values_that_can_be_named_are_offered(void **state)
{
    (void)state;
    assert_string_equal(completions(BEGIN "service ocf:a { agent example:web; set mode "),
                        "soft hard ");
    assert_string_equal(completions(BEGIN "service ocf:a { agent example:web; set log "),
                        "yes no ");
    assert_string_equal(completions(BEGIN "service ocf:a { agent example:web; set port "), "");
}

static void installed_agents_are_offered(void **state)
{
    (void)state;
    assert_string_equal(completions(BEGIN "service ocf:a { agent ex"),
                        "example:blind example:guest example:mute example:web ");
    assert_string_equal(completions(BEGIN "fencing { device plug { agent fence_ex"),
                        "fence_example fence_example_on ");
}

static void what_is_set_wrongly_is_shown(void **state)
{
    const json_t *found, *entry;
    bool is_found = false;
    size_t i;

    (void)state;
    open_text(BEGIN "service ocf:a { agent example:guest; start timeout 1m; set confg red }\n");
    found = json_object_get(json_object_get(json_array_get(sent, 0), "params"), "diagnostics");
    assert_true(json_array_size(found) >= 2);
    json_array_foreach(found, i, entry)
    {
        if (strcmp(json_text(entry, "code", ""), "T0258") == 0)
            assert_int_equal(json_int(entry, "severity", 0), 3);
        is_found = is_found || strcmp(json_text(entry, "code", ""), "T0253") == 0;
    }
    assert_true(is_found);
}

static void what_an_agent_says_of_itself_is_shown(void **state)
{
    static const char words[] = BEGIN "service ocf:a { agent example:web; set mode hard }\n";

    (void)state;
    assert_string_equal(hover(words, "mode"), "**mode** of agent example:web: how to stop\n\n"
                                              "- one of soft, hard\n- without this line: soft\n");
    assert_string_equal(hover(words, "example:web"), "**example:web**: serves pages\n"
                                                     "\n```\nIt serves pages.\n```\n");
    assert_non_null(strstr(hover(words, "set mode"), "set NAME"));
}

static void every_description_has_its_texts(void **state)
{
    const char *const *names;
    int n_names = example_agents.list(example_agents.context, &names);

    (void)state;
    for (int i = 0; i < n_names; i++) {
        struct agent_answer answer = example_agents.find(example_agents.context, names[i]);

        assert_true(answer.standing != AGENT_DESCRIBED ||
                    (answer.description->words && answer.description->story));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_an_agent_takes_is_offered, setup, teardown),
        cmocka_unit_test_setup_teardown(values_that_can_be_named_are_offered, setup, teardown),
        cmocka_unit_test_setup_teardown(installed_agents_are_offered, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_set_wrongly_is_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(what_an_agent_says_of_itself_is_shown, setup, teardown),
        cmocka_unit_test(every_description_has_its_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
