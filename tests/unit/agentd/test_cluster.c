/* SPDX-License-Identifier: GPL-3.0-or-later */
/* corosync.conf as the policy wants it: what the record says, what is refused, what people see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "agentd/cluster.h"
#include "ha/base/json.h"

#define ALPHA "{\"id\":1,\"name\":\"alpha\",\"votes\":1,\"addresses\":[\"10.0.0.1\"]}"
#define BETA "{\"id\":5,\"name\":\"beta\",\"votes\":1,\"addresses\":[\"10.0.0.2\"]}"
#define CONF(version, nodes)                                                                       \
    "{\"version\":" version                                                                        \
    ",\"cluster\":\"home\",\"token\":1000,\"coefficient\":125,\"nodes\":[" nodes "]}"

static struct agent *agent;
static struct arena *arena;
static struct err err;

static int set_up(void **state)
{
    (void)state;
    agent = xcalloc(1, sizeof(*agent));
    agent->cluster = xcalloc(1, sizeof(*agent->cluster));
    agent->cluster->active_text = xstrdup("");
    agent->cluster->next_text = xstrdup("");
    arena = arena_new();
    err.text[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(agent->cluster->active_text);
    free(agent->cluster->next_text);
    free(agent->cluster);
    free(agent);
    arena_free(arena);
    return 0;
}

static void take(const char *text)
{
    json_t *record = json_string(text);

    cluster_take_record(agent, record);
    json_decref(record);
}

#define THREE                                                                                      \
    "cluster home\nnode alpha { address 10.0.0.1 }\n"                                              \
    "node beta { address 10.0.0.2 }\nnode gamma { address 10.0.0.3 }\n"

static struct policy *compiled(const char *text)
{
    struct policy *policy = arena_alloc(arena, sizeof(*policy));
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));

    diagnostics_init(diagnostics, arena, "test", text, strlen(text));
    assert_true(policy_compile(arena, "test", text, strlen(text), policy, diagnostics));
    return policy;
}

static struct policy *three_nodes(void)
{
    return compiled(THREE);
}

static void the_record_says_what_is_in_force_and_what_comes_next(void **state)
{
    (void)state;
    take("{\"conf\":" CONF("7", ALPHA) ",\"next_id\":6,\"phase\":\"offered\",\"next\":" CONF(
        "8", ALPHA "," BETA) ",\"guest\":\"beta\",\"until\":99}");
    assert_true(agent->cluster->is_managed);
    assert_int_equal(agent->cluster->phase, PHASE_OFFERED);
    assert_int_equal(corosync_conf_version(agent->cluster->active_text), 7);
    assert_int_equal(corosync_conf_version(agent->cluster->next_text), 8);
    assert_int_equal(agent->cluster->next.nodes[1].nodeid, 5);
    assert_string_equal(agent->cluster->guest, "beta");
    take("{\"conf\":" CONF("8", ALPHA "," BETA) ",\"next_id\":6}");
    assert_int_equal(agent->cluster->phase, PHASE_NONE);
    assert_string_equal(agent->cluster->guest, "");
}

static void without_a_record_or_with_one_that_is_none_the_file_is_not_ours(void **state)
{
    (void)state;
    cluster_take_record(agent, NULL);
    assert_false(agent->cluster->is_managed);
    assert_true(json_is_null(cluster_row(agent)));
    take("{\"conf\":" CONF("7", ALPHA) ",\"phase\":\"switching\"}");
    assert_false(agent->cluster->is_managed);
    take("{\"conf\":" CONF("7", BETA "," ALPHA) "}");
    assert_false(agent->cluster->is_managed);
}

static void people_see_how_far_a_change_is(void **state)
{
    json_t *row;

    (void)state;
    take("{\"conf\":" CONF("7", ALPHA) ",\"phase\":\"switching\",\"next\":" CONF("8", ALPHA) "}");
    row = cluster_row(agent);
    assert_string_equal(json_text(row, "state", ""), "changing");
    assert_string_equal(json_text(row, "words", ""),
                        "version 8 is taking the place of the one before");
    json_decref(row);
    take("{\"conf\":" CONF("7", ALPHA) ",\"problem\":\"node beta: no space\"}");
    row = cluster_row(agent);
    assert_string_equal(json_text(row, "state", ""), "waits");
    assert_string_equal(json_text(row, "words", ""), "a change waits: node beta: no space");
    json_decref(row);
    take("{\"conf\":" CONF("7", ALPHA) "}");
    row = cluster_row(agent);
    assert_string_equal(json_text(row, "state", ""), "agreed");
    assert_int_equal(json_int(row, "version", 0), 7);
    json_decref(row);
}

/* The language refuses most of it before; what a later one lets through must not reach corosync. */
static void nodes_that_no_list_could_hold_are_refused(void **state)
{
    struct policy *policy = three_nodes();

    (void)state;
    take("{\"conf\":" CONF("7", ALPHA "," BETA) ",\"next_id\":6}");
    assert_true(cluster_accepts(agent, policy, &err));
    policy->nodes[2].addresses[0] = "10.0.0.2";
    assert_false(cluster_accepts(agent, policy, &err));
    assert_string_equal(err.text, "address 10.0.0.2 of node gamma is that of node beta already");
    policy->nodes[2].addresses[0] =
        "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111";
    assert_false(cluster_accepts(agent, policy, &err));
    assert_non_null(strstr(err.text, "of node gamma is too long"));
}

#define TWO "cluster home\nnode alpha { address 10.0.0.1 }\nnode beta { address 10.0.0.2 }\n"

static const struct corosync_device *device_of(const struct policy *policy)
{
    static struct corosync_conf wanted;

    agent->cluster->next_id = 6;
    assert_true(policy->n_nodes > WITNESS_NODES_MAX || cluster_accepts(agent, policy, &err));
    wanted = agent->cluster->active;
    cluster_device_of_policy(policy, &wanted);
    return &wanted.device;
}

/* Nodes by name in the policy, by id in corosync: here beta comes first in the policy's words. */
static void the_policys_witness_is_corosyncs_device(void **state)
{
    const struct corosync_device *device;

    (void)state;
    take("{\"conf\":" CONF("7", ALPHA "," BETA) ",\"next_id\":6}");
    assert_string_equal(device_of(compiled(TWO))->host, "");
    device = device_of(compiled(TWO "quorum { witness 10.0.0.9 }\n"));
    assert_string_equal(device->host, "10.0.0.9");
    assert_false(device->is_lms);
    assert_int_equal(device->votes, 1);
    assert_int_equal(device->tie_node, 1);
    device = device_of(compiled(TWO "quorum { witness 10.0.0.9 lms; tie-breaker beta }\n"));
    assert_true(device->is_lms);
    assert_int_equal(device->votes, 1);
    assert_int_equal(device->tie_node, 5);
    assert_int_equal(device_of(compiled(THREE "quorum { witness 10.0.0.9 lms }\n"))->votes, 2);
}

static void a_witness_that_could_not_vote_is_refused(void **state)
{
    (void)state;
    take("{\"conf\":" CONF("7", ALPHA "," BETA) ",\"next_id\":6}");
    assert_false(cluster_accepts(
        agent, compiled("cluster home\nnode alpha { address 10.0.0.1 }\nquorum { witness w }\n"),
        &err));
    assert_string_equal(err.text, "a witness has nothing to decide where all nodes have one vote");
    assert_false(cluster_accepts(
        agent,
        compiled("cluster home\nnode alpha { address 10.0.0.1; votes 3 }\n"
                 "node beta { address 10.0.0.2 }\nquorum { witness 10.0.0.9 ffsplit }\n"),
        &err));
    assert_non_null(strstr(err.text, "needs nodes with one vote each"));

    /* corosync-qnetd refuses a cluster whose nodes ask by two rules. */
    text_copy(agent->cluster->active.device.host, CONF_ADDRESS_MAX, "10.0.0.9");
    agent->cluster->active.device.votes = 1;
    assert_true(cluster_accepts(agent, compiled(TWO "quorum { witness 10.0.0.9 }\n"), &err));
    assert_false(cluster_accepts(agent, compiled(THREE "quorum { witness 10.0.0.9 lms }\n"), &err));
    assert_non_null(strstr(err.text, "votes by ffsplit, and would have to by lms"));

    agent->cluster->active.device.host[0] = '\0';
    assert_false(cluster_accepts(agent, compiled(THREE "quorum { witness 10.0.0.9 lms }\n"), &err));
    assert_string_equal(err.text, "a witness is for two nodes so far, not for 3: go without one "
                                  "(where it votes already: \"tenuto witness remove\" before "
                                  "more nodes join)");
}

static const char *push_words(const char *now, const char *pushed)
{
    static char words[256];
    json_t *problem = cluster_witness_problem(compiled(now), compiled(pushed));

    text_copy(words, sizeof(words), json_text(problem, "error", ""));
    json_decref(problem);
    return words;
}

static void a_push_does_not_bring_or_take_a_witness(void **state)
{
    (void)state;
    assert_string_equal(push_words(TWO, TWO), "");
    assert_string_equal(
        push_words(TWO "quorum { witness 10.0.0.9 }\n", TWO "quorum { witness 10.0.0.9 lms }\n"),
        "");
    assert_string_equal(push_words(TWO "quorum { witness 10.0.0.9 }\n", TWO),
                        "the policy leaves out the witness 10.0.0.9, which votes in this cluster");
    assert_string_equal(push_words(TWO, TWO "quorum { witness 10.0.0.9 }\n"),
                        "the policy names a witness, 10.0.0.9, and this cluster has none");
    assert_string_equal(
        push_words(TWO "quorum { witness 10.0.0.9 }\n", TWO "quorum { witness 10.0.0.8 }\n"),
        "the policy names 10.0.0.8 as the witness, and 10.0.0.9 votes in this "
        "cluster");
}

static const char *witness_state(void)
{
    static char state[32];
    json_t *row = cluster_witness_row(agent);

    text_copy(state, sizeof(state), json_text(row, "state", "none"));
    json_decref(row);
    return state;
}

static void people_see_a_witness_come_and_go(void **state)
{
    (void)state;
    take("{\"conf\":" CONF("7", ALPHA "," BETA) "}");
    assert_string_equal(witness_state(), "none");
    take("{\"conf\":" CONF("7", ALPHA "," BETA) ",\"fell\":\"no answer\"}");
    assert_string_equal(witness_state(), "");
    agent->knowledge.policy = compiled(TWO "quorum { witness 10.0.0.9 }\n");
    take("{\"conf\":" CONF("7", ALPHA "," BETA) ",\"trial\":99}");
    assert_int_equal(agent->cluster->trial_until, 99);
    assert_string_equal(witness_state(), "comes");
    text_copy(agent->cluster->active.device.host, CONF_ADDRESS_MAX, "10.0.0.9");
    assert_string_equal(witness_state(), "on trial");
    agent->cluster->trial_until = 0;
    assert_string_equal(witness_state(), "votes");
    agent->knowledge.policy = compiled(TWO);
    assert_string_equal(witness_state(), "goes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_record_says_what_is_in_force_and_what_comes_next,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            without_a_record_or_with_one_that_is_none_the_file_is_not_ours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(people_see_how_far_a_change_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_policys_witness_is_corosyncs_device, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_witness_that_could_not_vote_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_push_does_not_bring_or_take_a_witness, set_up, tear_down),
        cmocka_unit_test_setup_teardown(people_see_a_witness_come_and_go, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nodes_that_no_list_could_hold_are_refused, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
