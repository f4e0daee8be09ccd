/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The blocks beside services, in an editor: what may stand in them, what is in them, new names. */
#include "tests/unit/dsl/lsp_test.h"

#include <string.h>

#include "ha/base/json.h"

#define BEGIN "cluster home\nnode alpha\nnode beta\nlet fast = alpha\nservice ocf:web\n"

static int setup(void **state)
{
    lsp_start(state);
    ask("initialize", json_pack("{s:{}}", "capabilities"));
    tell("initialized", json_object());
    return 0;
}

static void blocks_offer_what_stands_in_them(void **state)
{
    (void)state;
    assert_string_equal(completions(BEGIN "quorum { "),
                        "witness tie-breaker wait-for-all last-man-standing two-node ");
    assert_string_equal(completions(BEGIN "quorum { witness w "), "ffsplit lms ");
    assert_string_equal(completions(BEGIN "quorum { tie-breaker "),
                        "fast alpha beta lowest highest ");
    assert_string_equal(completions(BEGIN "fencing { device d { "),
                        "agent fences level delay timeout retry set ");
    assert_string_equal(completions(BEGIN "fencing { device d { fences alpha, "),
                        "fast alpha beta ");
    assert_string_equal(completions(BEGIN "alert a { on fence, "),
                        "fence error quorum node policy service ");
    assert_string_equal(completions(BEGIN "access { "), "admin operator viewer ");
    assert_string_equal(completions(BEGIN "access { admin jin "), "key ");
}

/* Whoever renames a node renames it where a device fences it and where it breaks ties. */
static void a_node_is_renamed_inside_of_blocks(void **state)
{
    static const char words[] = "cluster home\n"
                                "node alpha { address 10.0.0.1 }\n"
                                "node beta { address 10.0.0.2 }\n"
                                "fencing { device d { agent fence_x; fences beta, alpha } }\n"
                                "quorum { tie-breaker alpha }\n"
                                "alert a { run \"/bin/x\"; on node }\n";
    json_t *params = at(words, "alpha", 1);
    const json_t *edits;

    (void)state;
    open_text(words);
    json_object_set_new(params, "newName", json_string("omega"));
    edits = json_object_get(
        json_object_get(result_of(ask("textDocument/rename", params)), "changes"), URI);
    assert_int_equal(json_array_size(edits), 3);
    assert_range(json_object_get(json_array_get(edits, 1), "range"), 3, 49, 54);
    assert_range(json_object_get(json_array_get(edits, 2), "range"), 4, 21, 26);
}

static const char *hover_in(const char *words, const char *place)
{
    const json_t *result = result_of(ask("textDocument/hover", at(words, place, 1)));

    return json_text(json_object_get(result, "contents"), "value", "");
}

static void a_node_tells_what_fences_it_and_a_device_what_it_does(void **state)
{
    static const char words[] = "cluster home\n"
                                "node alpha { address 10.0.0.1 }\n"
                                "node beta { address 10.0.0.2 }\n"
                                "node gamma { address 10.0.0.3 }\n"
                                "fencing {\n"
                                "    device ipmi { agent fence_ipmilan; fences alpha; level 1 }\n"
                                "    device pdu { agent fence_apc; fences alpha, beta; level 2\n"
                                "        set password secret pdu; delay 2s }\n"
                                "}\n"
                                "alert a { run \"/bin/x\"; on fence, quorum }\n";

    (void)state;
    open_text(words);
    assert_string_equal(hover_in(words, "alpha"),
                        "**node alpha**\n\n- address 10.0.0.1\n- votes 1\n"
                        "- fenced by ipmi (level 1), pdu (level 2)\n");
    assert_string_equal(hover_in(words, "pdu {"),
                        "**device pdu**\n\n- agent fence_apc\n- fences alpha, beta\n- level 2\n"
                        "- delay 2s\n- timeout 1m\n- retry 1\n- set password secret pdu\n");
    assert_string_equal(hover_in(words, "quorum }"),
                        "**quorum**\n\nthe cluster has lost quorum, or has it again\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(blocks_offer_what_stands_in_them, setup, lsp_stop),
        cmocka_unit_test_setup_teardown(a_node_is_renamed_inside_of_blocks, setup, lsp_stop),
        cmocka_unit_test_setup_teardown(a_node_tells_what_fences_it_and_a_device_what_it_does,
                                        setup, lsp_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
