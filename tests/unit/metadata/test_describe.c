/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What agents print about themselves, in the ways that they do it, and in some that none does. */
#include "tests/unit/metadata/metadata_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/metadata/describe.h"
#include "ha/base/limits.h"

struct read {
    struct arena *arena;
    const struct agent_description *agent;
    struct err err;
};

static struct read read_bytes(const char *bytes, size_t length)
{
    struct read read = {.arena = arena_new()};

    read.agent = describe_agent(read.arena, "example:web", bytes, length, &read.err);
    assert_true(read.agent || read.err.text[0]);
    return read;
}

static struct read read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static const char ocf[] =
    "<?xml version=\"1.0\"?>\n"
    "<!DOCTYPE resource-agent SYSTEM \"ra-api-1.dtd\">\n"
    "<resource-agent name=\"web\" version=\"1.0\">\n"
    "<version>1.0</version>\n"
    "<longdesc lang=\"de\">Liefert Seiten.</longdesc>\n"
    "<longdesc lang=\"en\">\n\n  Serves pages:\n    many &lt;of&gt; them.\n</longdesc>\n"
    "<shortdesc lang=\"en\">serves\n   pages</shortdesc>\n"
    "<parameters>\n"
    "<parameter name=\"ip\" unique=\"1\" required=\"1\">\n"
    "<shortdesc lang=\"en\">the address</shortdesc><content type=\"string\" default=\"\"/>\n"
    "</parameter>\n"
    "<parameter name=\"port\"><content type=\"integer\" default=\"80\"/></parameter>\n"
    "<parameter name=\"log\"><content type=\"boolean\"/></parameter>\n"
    "<parameter name=\"wait\"><content type=\"time\"/></parameter>\n"
    "<parameter name=\"mode\"><content type=\"select\" default=\"soft\">\n"
    "  <option value=\"soft\"/><option value=\"hard\"/></content></parameter>\n"
    "<parameter name=\"addr\"><deprecated><replaced-with name=\"ip\"/>"
    "<desc>it is short</desc></deprecated><content type=\"string\"/></parameter>\n"
    "</parameters>\n"
    "<actions>\n"
    "<action name=\"start\" timeout=\"20s\"/><action name=\"stop\" timeout=\"1min\"/>\n"
    "<action name=\"monitor\" depth=\"0\" timeout=\"500ms\" interval=\"10\"/>\n"
    "<action name=\"monitor\" depth=\"10\" timeout=\"60s\" interval=\"60s\"/>\n"
    "<action name=\"odd\" timeout=\"soon\"/>\n"
    "</actions>\n"
    "</resource-agent>\n";

static void an_ocf_agent_is_understood(void **state)
{
    struct read read = read_text(ocf);
    const struct agent_description *agent = read.agent;

    (void)state;
    assert_non_null(agent);
    assert_string_equal(agent->name, "example:web");
    assert_string_equal(agent->words, "serves pages");
    assert_string_equal(agent->story, "Serves pages:\n    many <of> them.");
    assert_null(agent->note);
    assert_int_equal(agent->n_parameters, 6);
    assert_true(agent->parameters[0].is_required);
    assert_string_equal(agent->parameters[0].words, "the address");
    assert_int_equal(agent->parameters[1].kind, PARAMETER_INTEGER);
    assert_string_equal(agent->parameters[1].fallback, "80");
    assert_int_equal(agent->parameters[2].kind, PARAMETER_BOOLEAN);
    assert_null(agent->parameters[2].fallback);
    assert_int_equal(agent->parameters[3].kind, PARAMETER_TIME);
    assert_int_equal(agent->parameters[4].n_options, 2);
    assert_string_equal(agent->parameters[4].options[1], "hard");
    assert_true(agent->parameters[5].is_deprecated);
    assert_string_equal(agent->parameters[5].instead, "ip");
    assert_int_equal(agent->n_actions, 4);
    assert_int_equal(agent_find_action(agent, "stop")->timeout_ms, 60000);
    assert_int_equal(agent_find_action(agent, "monitor")->timeout_ms, 500);
    assert_int_equal(agent_find_action(agent, "monitor")->every_ms, 10000);
    assert_int_equal(agent_find_action(agent, "odd")->timeout_ms, 0);
    arena_free(read.arena);
}

static void a_fence_agent_is_understood(void **state)
{
    struct read read = read_text(
        "<resource-agent name=\"fence_x\" shortdesc=\"switches plugs\" >\n"
        "<longdesc>It does.</longdesc><vendor-url></vendor-url><parameters>\n"
        "<parameter name=\"ip\" unique=\"0\" required=\"1\" obsoletes=\"ipaddr\">\n"
        "<getopt mixed=\"-a\"/><content type=\"string\"/><shortdesc lang=\"en\">where</shortdesc>\n"
        "</parameter><parameter name=\"ipaddr\" deprecated=\"1\"><content type=\"string\"/>\n"
        "</parameter><parameter name=\"delay\"><content type=\"second\" default=\"0\"/></parameter>"
        "</parameters><actions><action name=\"on\" automatic=\"0\"/></actions></resource-agent>");

    (void)state;
    assert_non_null(read.agent);
    assert_string_equal(read.agent->words, "switches plugs");
    assert_true(read.agent->parameters[1].is_deprecated);
    assert_string_equal(read.agent->parameters[1].instead, "ip");
    assert_int_equal(read.agent->parameters[2].kind, PARAMETER_TIME);
    arena_free(read.arena);
}

static void what_stands_around_it_is_passed_over_with_a_note(void **state)
{
    struct read read =
        read_text("Warning: no such tool\n<?xml version=\"1.0\"?><resource-agent name=\"a\">"
                  "<parameters><parameter name=\"a b\"/><parameter name=\"fine\"/></parameters>"
                  "</resource-agent>\nDone <b>.\n");

    (void)state;
    assert_non_null(read.agent);
    assert_int_equal(read.agent->n_parameters, 1);
    assert_string_equal(read.agent->note, "it prints more than its description; some of its"
                                          " parameters or actions have no usable name");
    arena_free(read.arena);
}

static void what_would_move_a_cursor_is_left_out(void **state)
{
    struct read read = read_text("<resource-agent><shortdesc>a\xc2\x9b"
                                 "31mb</shortdesc></resource-agent>");

    (void)state;
    assert_string_equal(read.agent->words, "a31mb");
    arena_free(read.arena);
}

static void refused(const char *bytes, size_t length, const char *why)
{
    struct read read = read_bytes(bytes, length);

    assert_null(read.agent);
    assert_string_equal(read.err.text, why);
    arena_free(read.arena);
}

static void what_is_no_description_is_refused_in_words(void **state)
{
    const char *half = "<resource-agent><parameters>";
    const char *wrong = "<resource-agent>\n<a></b></resource-agent>";

    (void)state;
    refused("", 0, "what it printed is no description of an agent");
    refused("usage: web start|stop\n", 22, "what it printed is no description of an agent");
    refused(half, strlen(half), "line 1 of its description: no element found");
    refused(wrong, strlen(wrong), "line 2 of its description: mismatched tag");
}

/* A few bytes that ask for gigabytes. */
static void nothing_is_allowed_to_grow(void **state)
{
    const char *entities = "<?xml version=\"1.0\"?><!DOCTYPE resource-agent [\n"
                           "<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;\">]>\n"
                           "<resource-agent><longdesc>&b;</longdesc></resource-agent>";
    const char *defaults = "<?xml version=\"1.0\"?><!DOCTYPE resource-agent [<!ATTLIST content "
                           "default CDATA \"long\">]><resource-agent></resource-agent>";
    const char *outside = "<?xml version=\"1.0\"?><!DOCTYPE resource-agent SYSTEM \"/etc/passwd\">"
                          "<resource-agent><longdesc>&passwd;</longdesc></resource-agent>";
    const char *refusal =
        "line 1 of its description: it declares things of its own, which no agent needs";
    struct read read = read_text(outside);

    (void)state;
    refused(entities, strlen(entities), refusal);
    refused(defaults, strlen(defaults), refusal);
    assert_string_equal(read.agent ? read.agent->story : "", "");
    arena_free(read.arena);
}

static char *repeat(const char *start, const char *part, int n)
{
    char *text = calloc(strlen(start) + strlen(part) * (size_t)n + 1, 1);
    char *at = stpcpy(text, start);

    for (int i = 0; i < n; i++)
        at = memcpy(at, part, strlen(part)) + strlen(part);
    return text;
}

static void depth_length_and_number_have_ends(void **state)
{
    char *deep = repeat("<resource-agent>", "<a>", 100000);
    char *many = repeat("<resource-agent>", "<parameter name=\"p\"/>", METADATA_ITEMS_MAX + 7);
    char *whole = repeat(many, "</resource-agent>", 1);
    char *lengthy = repeat("<resource-agent>", "        ", METADATA_BYTES_MAX / 8);
    struct read read = read_text(whole);

    (void)state;
    refused(deep, strlen(deep), "line 1 of its description: its elements are nested too deeply");
    refused(lengthy, strlen(lengthy), "its description is too long");
    assert_int_equal(read.agent->n_parameters, METADATA_ITEMS_MAX);
    assert_non_null(read.agent->note);
    arena_free(read.arena);
    free(deep);
    free(many);
    free(whole);
    free(lengthy);
}

/* Cut anywhere, and with a byte changed: it ends, and it never reads what is not there. */
static void damage_is_survived(void **state)
{
    size_t length = strlen(ocf);

    (void)state;
    for (size_t cut = 0; cut < length; cut++) {
        char *copy = malloc(length);
        struct read read;

        memcpy(copy, ocf, length);
        copy[cut] = (char)(copy[cut] ^ (int)(1 + cut % 255));
        read = read_bytes(copy, length);
        arena_free(read.arena);
        free(copy);
        /* No byte more: a sanitizer sees one that is read behind the end. */
        copy = malloc(cut ? cut : 1);
        memcpy(copy, ocf, cut);
        read = read_bytes(copy, cut);
        arena_free(read.arena);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ocf_agent_is_understood),
        cmocka_unit_test(a_fence_agent_is_understood),
        cmocka_unit_test(what_stands_around_it_is_passed_over_with_a_note),
        cmocka_unit_test(what_would_move_a_cursor_is_left_out),
        cmocka_unit_test(what_is_no_description_is_refused_in_words),
        cmocka_unit_test(nothing_is_allowed_to_grow),
        cmocka_unit_test(depth_length_and_number_have_ends),
        cmocka_unit_test(damage_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
