/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What may come next on a line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console/complete.h"

static char kind_asked[16];

static char **names(void *context, const char *kind)
{
    char **list = calloc(3, sizeof(char *));

    (void)context;
    snprintf(kind_asked, sizeof(kind_asked), "%s", kind);
    list[0] = strdup(strcmp(kind, "NODE") == 0 ? "beta" : "ocf:web");
    list[1] = strdup(strcmp(kind, "NODE") == 0 ? "alpha" : "ocf:address");
    return list;
}

/* The candidates with a blank between them; "FILE" where files fit. */
static const char *candidates(const char *before, const char *word)
{
    static char text[1024];
    struct completions found = complete_word(before, word, names, NULL);

    snprintf(text, sizeof(text), "%s", found.is_file ? "FILE" : "");
    for (char **each = found.words; each && *each; each++) {
        size_t length = strlen(text);

        snprintf(text + length, sizeof(text) - length, "%s%s", length ? " " : "", *each);
    }
    completions_fini(&found);
    return text;
}

static void the_first_word_is_a_family_or_a_verb(void **state)
{
    (void)state;
    assert_string_equal(candidates("", "e"), "events exit explain");
    assert_string_equal(candidates("", "clu"), "cluster");
    assert_string_equal(candidates("", "wat"), "");
}

static void agents_are_named(void **state)
{
    (void)state;
    assert_string_equal(candidates("agents show ", "ocf:w"), "ocf:web");
    assert_string_equal(kind_asked, "AGENT");
    assert_string_equal(candidates("agents ", ""), "show");
}

static void codes_of_messages_are_offered(void **state)
{
    (void)state;
    assert_string_equal(candidates("explain ", "T051"), "T0510 T0511 T0512 T0513");
    assert_string_equal(candidates("explain T0510 ", "T0401"), "T0401");
}

static void the_second_word_belongs_to_the_first(void **state)
{
    (void)state;
    assert_string_equal(candidates("ha ", ""),
                        "add arm clear disarm maintenance migrate relocate remove restart "
                        "set start state status stop unset why why-not");
    assert_string_equal(candidates("cluster ", "n"), "nodes");
    assert_string_equal(candidates("nonsense ", ""), "");
}

static void arguments_are_asked_for_by_kind(void **state)
{
    (void)state;
    assert_string_equal(candidates("ha migrate ", ""), "ocf:address ocf:web");
    assert_string_equal(kind_asked, "SERVICE");
    assert_string_equal(candidates("ha migrate ocf:web ", "a"), "alpha");
    assert_string_equal(kind_asked, "NODE");
    assert_string_equal(candidates("ha migrate ocf:web beta ", ""), "--json --wait");
}

static void files_fit_where_a_file_is_wanted(void **state)
{
    (void)state;
    assert_string_equal(candidates("policy push ", "x"), "FILE");
    assert_string_equal(candidates("policy check a.tenuto ", ""), "FILE");
    assert_string_equal(candidates("policy fmt ", "--"), "--check --json");
}

static void options_and_their_values(void **state)
{
    (void)state;
    assert_string_equal(candidates("events ", "--f"), "--follow");
    assert_string_equal(candidates("events --since ", ""), "");
    assert_string_equal(candidates("help ", "ha"), "ha");
    assert_string_equal(candidates("help ha ", "m"), "maintenance migrate");
    assert_string_equal(candidates("ha maintenance ", "o"), "off on");
    assert_string_equal(candidates("ha maintenance on ", "a"), "alpha");
    assert_string_equal(candidates("ha maintenance on alpha ", ""), "--json --wait because for");
    assert_string_equal(candidates("ha maintenance on alpha for ", ""), "");
    assert_string_equal(candidates("ha maintenance on alpha for 2h ", "b"), "because");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_word_is_a_family_or_a_verb),
        cmocka_unit_test(agents_are_named),
        cmocka_unit_test(the_second_word_belongs_to_the_first),
        cmocka_unit_test(codes_of_messages_are_offered),
        cmocka_unit_test(arguments_are_asked_for_by_kind),
        cmocka_unit_test(files_fit_where_a_file_is_wanted),
        cmocka_unit_test(options_and_their_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
