/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Policies without errors that are refused all the same, because nobody here would keep them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/control.h"
#include "agentd/refusal.h"
#include "dsl/policy_text.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

#define NODES                                                                                      \
    "cluster home\nnode alpha { address 10.0.0.1 }\nnode beta { address 10.0.0.2 }\n"              \
    "node gamma { address 10.0.0.3 }\n"

static struct roster roster;

static int setup(void **state)
{
    static const char *const names[] = {"alpha", "beta", "gamma"};

    (void)state;
    roster = (struct roster){.n_nodes = 3};
    for (int i = 0; i < 3; i++)
        text_copy(roster.nodes[i].name, sizeof(roster.nodes[i].name), names[i]);
    return 0;
}

/* What is said against it; "" if nothing is. */
static const char *refusal(const char *text)
{
    static char said[512];
    struct arena *arena = arena_new();
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    struct policy *policy = arena_alloc(arena, sizeof(*policy));
    autojson *problem = NULL;

    if (!policy_compile(arena, "test.tenuto", text, strlen(text), policy, diagnostics))
        fail_msg("%s", diagnostics_text(diagnostics, false));
    problem = refusal_of(&roster, policy);
    text_copy(said, sizeof(said), json_text(problem, "error", ""));
    if (problem) {
        assert_int_equal(json_int(problem, "code", 0), CONTROL_EXIT_REFUSED);
        assert_true(strlen(json_text(problem, "hint", "")) > 10);
    }
    arena_free(arena);
    return said;
}

/* The error about times, of going from one policy to another; "" if there is none. */
static const char *refusal_of_change(const char *from, const char *to)
{
    static char said[512];
    struct arena *arena = arena_new();
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    struct policy *now = arena_alloc(arena, sizeof(*now)), *new = arena_alloc(arena, sizeof(*new));
    autojson *problem = NULL;

    assert_true(policy_compile(arena, "now.tenuto", from, strlen(from), now, diagnostics));
    assert_true(policy_compile(arena, "new.tenuto", to, strlen(to), new, diagnostics));
    problem = refusal_of_times(now, new);
    text_copy(said, sizeof(said), json_text(problem, "error", ""));
    arena_free(arena);
    return said;
}

static void no_time_becomes_longer_while_the_absent_cannot_know(void **state)
{
    (void)state;
    assert_string_equal(
        refusal_of_change(NODES "fencing { watchdog 5s }\n", NODES "fencing { watchdog 10s }\n"),
        "a longer watchdog cannot be set while only the witness makes a quorum");
    assert_string_equal(
        refusal_of_change(NODES "fencing { watchdog 10s }\n", NODES "fencing { watchdog 5s }\n"),
        "");
    assert_string_equal(
        refusal_of_change(NODES "fencing { watchdog 5s }\n", NODES "fencing { watchdog 5s }\n"),
        "");
}

static void what_agents_keep_is_taken(void **state)
{
    (void)state;
    assert_string_equal(refusal(NODES "service ocf:web { agent heartbeat:x; set a b }\n"), "");
    /* Nobody is told of anything by them, and nobody relies on that for a service. */
    assert_string_equal(refusal(NODES "alert a { run \"/bin/true\"; on fence }\n"), "");
    assert_string_equal(refusal(NODES "quorum { two-node no; wait-for-all no }\n"), "");
    assert_string_equal(refusal(NODES "service vm:a { state ignored }\n"), "");
}

static void nodes_are_those_of_corosync(void **state)
{
    (void)state;
    assert_string_equal(refusal(NODES "node delta { address 10.0.0.4 }\n"),
                        "corosync's node list has no node \"delta\"");
    assert_string_equal(
        refusal("cluster home\nnode alpha { address 10.0.0.1 }\n"
                "node gamma { address 10.0.0.3 }\n"),
        "the policy says nothing of node \"beta\", which is in corosync's node list");
}

static void what_no_agent_runs_is_refused(void **state)
{
    (void)state;
    assert_string_equal(refusal(NODES "service vm:a\n"),
                        "vm:a: services of type vm cannot be run by the agents of this version");
}

static void what_nobody_acts_on_is_refused(void **state)
{
    static const char *const quorum[] = {"tie-breaker lowest; wait-for-all yes",
                                         "last-man-standing yes"};
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof(quorum) / sizeof(quorum[0]); i++) {
        struct text words;

        text_init(&words, text, sizeof(text));
        text_add(&words, "%squorum { %s }\n", NODES, quorum[i]);
        assert_string_equal(refusal(text),
                            "a tie-breaker without a witness, last-man-standing and two-node are "
                            "not acted on by the agents of this version");
    }
    assert_string_equal(refusal(NODES "quorum { witness 10.0.0.9 lms }\n"),
                        "the policy names a witness, 10.0.0.9, and this cluster has none");
    assert_string_equal(
        refusal(NODES "quorum { wait-for-all yes }\n"),
        "wait-for-all is not written into corosync.conf by the agents of this version");
    assert_string_equal(refusal(NODES "fencing { device d { agent fence_x; fences alpha } }\n"),
                        "fence devices are not used by the agents of this version");
    assert_string_equal(
        refusal(NODES "defaults { set password secret p }\nservice ocf:a { agent heartbeat:x }\n"),
        "secrets of services cannot be looked up by the agents of this version");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_agents_keep_is_taken, setup),
        cmocka_unit_test_setup(no_time_becomes_longer_while_the_absent_cannot_know, setup),
        cmocka_unit_test_setup(nodes_are_those_of_corosync, setup),
        cmocka_unit_test_setup(what_no_agent_runs_is_refused, setup),
        cmocka_unit_test_setup(what_nobody_acts_on_is_refused, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
