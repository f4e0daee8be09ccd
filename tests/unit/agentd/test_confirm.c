/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A push with --confirm: what is agreed with it, what ends it, and what comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/agent.h"
#include "agentd/confirm.h"
#include "agentd/control.h"
#include "agentd/patch.h"
#include "agentd/push.h"
#include "ha/base/arena.h"
#include "ha/base/json.h"

#define POLICY                                                                                     \
    "cluster home { network lan }\n"                                                               \
    "node alpha { address 10.77.0.1 }\nnode beta { address 10.77.0.2 }\n"                          \
    "node gamma { address 10.77.0.3 }\nservice ocf:a { agent heartbeat:Dummy }\n"                  \
    "service ocf:b { agent heartbeat:Dummy }\n"

/* The clock, the patch that was proposed, and what was said of its policy. */
static struct {
    int64_t now;
    json_t *proposed;
    char text[64], author[32], message[128];
} world;

static struct agent agent;

int64_t agent_wall_ms(void)
{
    return world.now;
}

const char *agent_node(const struct agent *who)
{
    (void)who;
    return "alpha";
}

bool member_propose(struct member *member, struct instant now, json_t *patch, node_set fences,
                    uint64_t token, struct err *err)
{
    (void)member, (void)now, (void)fences, (void)token, (void)err;
    json_decref(world.proposed);
    world.proposed = json_incref(patch);
    return true;
}

const json_t *member_records(const struct member *member)
{
    (void)member;
    return NULL;
}

void push_set_policy(struct agent *who, json_t *patch, const char *text, const char *author,
                     const char *message)
{
    (void)who, (void)patch;
    snprintf(world.text, sizeof(world.text), "%s", text);
    snprintf(world.author, sizeof(world.author), "%s", author);
    snprintf(world.message, sizeof(world.message), "%s", message);
}

static void load(const json_t *records)
{
    struct arena *arena;
    struct policy *before;

    knowledge_load(&agent.knowledge, records, 20, &arena, &before);
    arena_free(arena);
}

static json_t *policy_record(int version)
{
    autojson *value = json_pack("{s:i,s:s,s:s,s:i}", "version", version, "text", POLICY, "author",
                                "jin", "stamp", 7000);
    char *text = json_write(value);
    json_t *record = json_string(text);

    free(text);
    return record;
}

/* Version 7 is in force, all are online, ocf:b is in error; version 8 waits for a minute. */
static int set_up(void **state)
{
    autojson *records = json_pack("{s:o}", "policy", policy_record(7));
    autojson *patch = NULL;

    (void)state;
    memset(&world, 0, sizeof(world));
    memset(&agent, 0, sizeof(agent));
    world.now = 100000;
    knowledge_init(&agent.knowledge);
    load(records);
    for (node_id node = 0; node < 3; node++)
        agent.knowledge.agreed->nodes[node].state = NODE_ONLINE;
    agent.knowledge.agreed->services[1].state = SERVICE_ERROR;
    patch = patch_new(&agent);
    confirm_begin(&agent, patch, 60000, "jin");
    json_object_set_new(records, "policy", policy_record(8));
    json_object_update(records, json_object_get(patch, "set"));
    load(records);
    for (node_id node = 0; node < 3; node++)
        agent.knowledge.agreed->nodes[node].state = NODE_ONLINE;
    agent.knowledge.agreed->services[1].state = SERVICE_ERROR;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(world.proposed);
    knowledge_fini(&agent.knowledge);
    return 0;
}

static bool decide_at(int64_t ms, int64_t *look_after)
{
    struct instant wake_at;
    bool fell;

    world.now = ms;
    fell = confirm_decide(&agent, (struct instant){5000}, &wake_at);
    *look_after = wake_at.ms - 5000;
    return fell;
}

static void another_push_is_told_for_what_it_waits(void **state)
{
    autojson *problem = NULL;

    (void)state;
    world.now = 118000;
    problem = confirm_in_the_way(&agent);
    assert_int_equal(json_int(problem, "code", 0), CONTROL_EXIT_UNDER_WAY);
    assert_string_equal(json_text(problem, "error", ""),
                        "version 8, which jin pushed, waits 42 s more to be confirmed");
}

static void when_its_time_is_up_the_text_of_before_comes_back(void **state)
{
    int64_t look_after;

    (void)state;
    assert_false(decide_at(110000, &look_after));
    assert_int_equal(look_after, 50000);
    assert_null(world.proposed);
    assert_true(decide_at(160000, &look_after));
    assert_string_equal(world.author, "tenuto");
    assert_string_equal(world.message, "version 8 was not confirmed in time");
    assert_int_equal(strncmp(world.text, POLICY, sizeof(world.text) - 1), 0);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(world.proposed, "delete"), 0)), "confirm");
    knowledge_apply(&agent.knowledge, world.proposed, 21);
    assert_false(decide_at(170000, &look_after));
    assert_null(confirm_in_the_way(&agent));
}

static void a_record_of_another_policy_takes_nothing_back(void **state)
{
    int64_t look_after;

    (void)state;
    agent.knowledge.policy_version = 9;
    assert_false(decide_at(160000, &look_after));
    assert_null(world.proposed);
    assert_null(confirm_in_the_way(&agent));
}

static void what_was_in_error_before_is_not_held_against_it(void **state)
{
    int64_t look_after;

    (void)state;
    assert_false(decide_at(110000, &look_after));
    agent.knowledge.agreed->services[0].state = SERVICE_ERROR;
    assert_true(decide_at(110000, &look_after));
    assert_string_equal(world.message, "ocf:a is in error, and version 8 was not confirmed");
}

static void a_lost_node_brings_the_text_of_before_back(void **state)
{
    int64_t look_after;

    (void)state;
    agent.knowledge.agreed->nodes[2].state = NODE_FENCE;
    agent.knowledge.agreed->nodes[2].since.ms = 90000;
    assert_true(decide_at(110000, &look_after));
    assert_string_equal(world.message, "gamma was lost before version 8 was confirmed");
}

static void who_confirms_it_ends_the_waiting_and_nothing_else(void **state)
{
    autojson *push = json_pack("{s:s,s:s,s:s}", "what", "confirm", "author", "ann", "id", "3");
    autojson *problem = NULL;
    autojson *patch = confirm_end_patch(&agent, push, &problem);
    const json_t *change = json_array_get(json_object_get(patch, "changes"), 0);

    (void)state;
    assert_string_equal(world.author, "");
    assert_int_equal(json_object_size(json_object_get(patch, "set")), 0);
    assert_string_equal(json_text(json_object_get(change, "why"), "code", ""),
                        reason_name(REASON_CONFIRMED));
    assert_string_equal(json_text(json_object_get(change, "why"), "text", ""),
                        "ann confirmed version 8");
    assert_string_equal(json_text(json_object_get(patch, "push"), "words", ""),
                        "version 8 is confirmed and stays");
    knowledge_apply(&agent.knowledge, patch, 21);
    assert_null(confirm_end_patch(&agent, push, &problem));
    assert_string_equal(json_text(problem, "error", ""), "no policy waits to be confirmed");
}

static void who_aborts_it_need_not_wait(void **state)
{
    autojson *push = json_pack("{s:s,s:s,s:s}", "what", "abort", "author", "ann", "id", "3");
    autojson *problem = NULL;
    autojson *patch = confirm_end_patch(&agent, push, &problem);

    (void)state;
    assert_string_equal(world.author, "ann");
    assert_string_equal(world.message, "ann took version 8 back");
    assert_string_equal(
        json_text(json_object_get(json_array_get(json_object_get(patch, "changes"), 0), "why"),
                  "code", ""),
        reason_name(REASON_TAKEN_BACK));
    assert_string_equal(json_text(json_object_get(patch, "push"), "words", ""),
                        "version 9 has the text of version 7");
    knowledge_apply(&agent.knowledge, patch, 21);
    assert_null(agent.knowledge.confirm);
}

/* As if version 8 had made it shorter: the way back to 7 brings a longer one. */
static void shorten_watchdog(void)
{
    struct policy *policy = agent.knowledge.policy;

    assert_true(policy->timing.watchdog.ms > 1000);
    policy->timing.watchdog.ms -= 1000;
}

static void no_longer_watchdog_comes_back_while_only_the_witness_makes_a_quorum(void **state)
{
    autojson *push = json_pack("{s:s,s:s,s:s}", "what", "abort", "author", "ann", "id", "3");
    autojson *problem = NULL, *nothing = NULL;
    autojson *patch = NULL;
    int64_t look_after;

    (void)state;
    shorten_watchdog();
    agent.status.is_by_witness = true;
    assert_false(decide_at(160000, &look_after));
    assert_int_equal(look_after, 1000);
    assert_null(world.proposed);
    assert_null(confirm_end_patch(&agent, push, &problem));
    assert_int_equal(json_int(problem, "code", 0), CONTROL_EXIT_REFUSED);
    agent.status.is_by_witness = false;
    patch = confirm_end_patch(&agent, push, &nothing);
    assert_non_null(patch);
    assert_true(decide_at(160000, &look_after));
    assert_string_equal(world.message, "version 8 was not confirmed in time");
}

static void equal_times_come_back_by_the_witness_too(void **state)
{
    int64_t look_after;

    (void)state;
    agent.status.is_by_witness = true;
    assert_true(decide_at(160000, &look_after));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(another_push_is_told_for_what_it_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(when_its_time_is_up_the_text_of_before_comes_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_record_of_another_policy_takes_nothing_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_in_error_before_is_not_held_against_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_lost_node_brings_the_text_of_before_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_confirms_it_ends_the_waiting_and_nothing_else, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_aborts_it_need_not_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            no_longer_watchdog_comes_back_while_only_the_witness_makes_a_quorum, set_up, tear_down),
        cmocka_unit_test_setup_teardown(equal_times_come_back_by_the_witness_too, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
