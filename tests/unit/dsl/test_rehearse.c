/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Drills inside of a policy: when a line's turn comes, what an agent leaves to others, and the
 * limits. What is said of a drill that fails is in tests/policies.
 */
#include "tests/unit/dsl/dsl_test.h"

#include <stdlib.h>
#include <string.h>

#include "dsl/page.h"

#define BEGIN THREE_NODES "fencing { watchdog 5s }\nservice vm:1 { restart 0; relocate 2 }\n"

struct check {
    struct arena *arena;
    struct policy *policy;
    struct diagnostics *found;
};

static struct check check(const char *text, enum rehearsal_kind kind)
{
    struct check c = {.arena = arena_new()};

    c.policy = arena_alloc(c.arena, sizeof(*c.policy));
    c.found = arena_alloc(c.arena, sizeof(*c.found));
    policy_rehearse(c.arena, "p", text, strlen(text), c.policy, c.found, kind);
    return c;
}

static void assert_right(const char *text)
{
    struct check c = check(text, REHEARSE_IN_EARNEST);

    if (c.found->n_errors)
        fail_msg("%s", diagnostics_text(c.found, false));
    arena_free(c.arena);
}

static void assert_wrong(const char *text, enum rehearsal_kind kind, const char *words)
{
    struct check c = check(text, kind);

    if (!strstr(diagnostics_text(c.found, false), words))
        fail_msg("%s: %s", words, diagnostics_text(c.found, false));
    arena_free(c.arena);
}

static void a_command_waits_for_all_that_came_before_it(void **state)
{
    (void)state;
    /* Reset by its watchdog, booted, and taken back: some 20 s, of which no line speaks. */
    assert_right(BEGIN "drill \"d\" {\ncut alpha\nmend alpha\nexpect alpha online\n"
                       "expect vm:1 started on beta\n}\n");
    /* What only the next monitor finds. */
    assert_right(BEGIN "drill \"d\" {\nkill vm:1\nfail monitor vm:1 1 times\nexpect vm:1 started\n"
                       "}\n");
    /* It waits until nothing more fails. */
    assert_right(BEGIN "drill \"d\" {\nfail start vm:1 always\nkill vm:1\nexpect vm:1 error\n}\n");
}

static void an_expectation_with_a_time_counts_from_the_command(void **state)
{
    (void)state;
    assert_right(BEGIN
                 "drill \"d\" {\npower off alpha\nwithin 10s expect vm:1 started on beta\n}\n");
    assert_wrong(BEGIN "drill \"d\" {\npower off alpha\nwithin 7s expect vm:1 started on beta\n}\n",
                 REHEARSE_IN_EARNEST, "p:9:11: error[T0508]");
    /* The wait of the line between them does not give it more time. */
    assert_wrong(BEGIN "drill \"d\" {\npower off alpha\nwithin 7s expect vm:1 started on beta\n"
                       "expect vm:1 started on beta\n}\n",
                 REHEARSE_IN_EARNEST, "p:9:11: error[T0508]");
}

static void the_first_line_finds_everything_running(void **state)
{
    (void)state;
    assert_right(BEGIN "drill \"d\" { expect vm:1 started; expect alpha, beta, gamma online }\n");
    assert_right(BEGIN "drill \"d\" { within 1s expect vm:1 started }\n");
}

static void drills_do_not_see_each_other(void **state)
{
    (void)state;
    assert_right(BEGIN "drill \"a\" { remove vm:1; power off alpha, beta }\n"
                       "drill \"b\" { expect vm:1 started on alpha; expect quorum yes }\n");
}

/* The policy that is handed on is the text's, whatever its drills did to theirs. */
static void a_drill_changes_nothing_of_the_policy(void **state)
{
    struct check c =
        check(BEGIN "drill \"a\" { state vm:1 disabled; remove vm:1 }\n", REHEARSE_IN_EARNEST);

    (void)state;
    assert_int_equal(c.found->n_errors, 0);
    assert_int_equal(c.policy->n_services, 1);
    assert_int_equal(c.policy->services[0].requested, REQUESTED_STARTED);
    arena_free(c.arena);
}

/* A drill in which much happens; its last line never comes true. */
static char *long_drill(int n_services, int n_lines)
{
    struct page page = {0};
    char *text;

    page_say(&page, THREE_NODES "fencing { watchdog 5s }\nlet one = alpha\n");
    for (int i = 0; i < n_services; i++) {
        char line[64];

        snprintf(line, sizeof(line), "service vm:s%d\n", i);
        page_say(&page, line);
    }
    page_say(&page, "drill \"long\" {\n");
    for (int i = 0; i < n_lines; i++)
        page_say(&page, i % 2 ? "power on one\n" : "power off one\n");
    page_say(&page, "expect quorum no\n}\n");
    text = page.bytes;
    return text;
}

static void an_agent_judges_what_it_can_and_never_hangs(void **state)
{
    char *brief = long_drill(5, 4), *endless = long_drill(300, 400), *lines = long_drill(1, 600);
    char *services = long_drill(1025, 1);
    struct check c;

    (void)state;
    assert_wrong(brief, REHEARSE_BRIEFLY, "error[T0508]");
    assert_wrong(brief, REHEARSE_IN_EARNEST, "error[T0508]");
    c = check(endless, REHEARSE_BRIEFLY);
    assert_int_equal(c.found->n_errors, 0);
    arena_free(c.arena);
    assert_wrong(lines, REHEARSE_BRIEFLY, "601 lines in drills are too many; the limit is 512");
    assert_wrong(services, REHEARSE_BRIEFLY, "1025 services in a drill are too many");
    free(brief);
    free(endless);
    free(lines);
    free(services);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_waits_for_all_that_came_before_it),
        cmocka_unit_test(an_expectation_with_a_time_counts_from_the_command),
        cmocka_unit_test(the_first_line_finds_everything_running),
        cmocka_unit_test(drills_do_not_see_each_other),
        cmocka_unit_test(a_drill_changes_nothing_of_the_policy),
        cmocka_unit_test(an_agent_judges_what_it_can_and_never_hangs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
