/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A member that joined later asks for the versions of the policy that it lacks, and gets them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/agent.h"
#include "agentd/versions.h"
#include "ha/base/json.h"

/* The clock, what this node's store has, and the last message. */
static struct {
    int64_t now;
    bool has[16];
    json_t *told;
    int n_told, n_taken;
} world;

static struct agent agent;

struct instant agent_now(void)
{
    return (struct instant){world.now};
}

bool member_tell(struct member *member, const json_t *body, struct err *err)
{
    (void)member, (void)err;
    json_decref(world.told);
    world.told = json_deep_copy(body);
    world.n_told++;
    return true;
}

static json_t *version_of(uint64_t version)
{
    return json_pack("{s:I,s:o}", "version", (json_int_t)version, "text",
                     json_sprintf("text of %llu", (unsigned long long)version));
}

void history_ask(struct history *history, const struct question *question, history_answer *answer,
                 void *context)
{
    autojson *value = NULL;
    struct err err = {{0}};

    (void)history;
    if (question->kind == QUESTION_POLICIES) {
        value = json_array();
        for (uint64_t version = 15; version > 0; version--) {
            if (world.has[version])
                json_array_append_new(value, version_of(version));
        }
    } else if (question->version < 16 && world.has[question->version]) {
        value = version_of(question->version);
    }
    answer(context, question, value, &err);
}

void store_take_policy(struct store *store, const json_t *policy)
{
    (void)store;
    world.has[json_int(policy, "version", 0)] = true;
    world.n_taken++;
}

static int set_up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    memset(&agent, 0, sizeof(agent));
    world.now = 1000;
    agent.member = (struct member *)&agent;
    agent.versions = versions_new();
    agent.roster.n_nodes = 3;
    agent.roster.self = 1;
    agent.status = (struct member_status){.is_in_sync = true, .synced = 7};
    agent.knowledge.policy_version = 6;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    versions_free(agent.versions);
    json_decref(world.told);
    return 0;
}

static int64_t wanted(void)
{
    return strcmp(json_text(world.told, "kind", ""), "version wanted") == 0
               ? json_int(world.told, "version", 0)
               : 0;
}

static void answer(int64_t version)
{
    autojson *message = json_pack("{s:s,s:I,s:o}", "kind", "version told", "version",
                                  (json_int_t)version, "policy", version_of((uint64_t)version));

    versions_message(&agent, 0, message);
}

static void what_is_lacking_is_asked_for_one_by_one(void **state)
{
    (void)state;
    world.has[6] = world.has[4] = true;
    versions_look(&agent);
    versions_turn(&agent, agent_now());
    assert_int_equal(wanted(), 5);
    answer(5);
    assert_int_equal(world.n_taken, 1);
    /* Never in haste. */
    versions_turn(&agent, agent_now());
    assert_int_equal(world.n_told, 1);
    for (int64_t version = 3; version > 0; version--) {
        world.now += 100;
        versions_turn(&agent, agent_now());
        assert_int_equal(wanted(), version);
        answer(version);
    }
    world.now += 100000;
    assert_int_equal(versions_turn(&agent, agent_now()).ms, INSTANT_NEVER.ms);
    assert_int_equal(world.n_told, 4);
}

static void who_has_all_asks_for_nothing(void **state)
{
    (void)state;
    for (int version = 1; version <= 6; version++)
        world.has[version] = true;
    versions_look(&agent);
    versions_turn(&agent, agent_now());
    assert_int_equal(world.n_told, 0);
}

static void a_question_without_an_answer_is_asked_again(void **state)
{
    struct instant next;

    (void)state;
    world.has[6] = true;
    versions_look(&agent);
    next = versions_turn(&agent, agent_now());
    assert_int_equal(wanted(), 5);
    world.now = next.ms - 1;
    versions_turn(&agent, agent_now());
    assert_int_equal(world.n_told, 1);
    world.now = next.ms;
    versions_turn(&agent, agent_now());
    assert_int_equal(world.n_told, 2);
    assert_int_equal(wanted(), 5);
}

static void where_nobody_has_it_the_past_ends(void **state)
{
    autojson *message = json_pack("{s:s,s:i}", "kind", "version told", "version", 5);

    (void)state;
    world.has[6] = true;
    versions_look(&agent);
    versions_turn(&agent, agent_now());
    versions_message(&agent, 0, message);
    world.now += 100000;
    versions_turn(&agent, agent_now());
    assert_int_equal(world.n_told, 1);
}

static void the_first_who_is_in_sync_tells_it(void **state)
{
    autojson *message = json_pack("{s:s,s:i}", "kind", "version wanted", "version", 3);

    (void)state;
    world.has[3] = true;
    /* alpha is in sync, too, and comes before us. */
    versions_message(&agent, 2, message);
    assert_int_equal(world.n_told, 0);
    /* alpha itself asks. */
    versions_message(&agent, 0, message);
    assert_int_equal(world.n_told, 1);
    assert_string_equal(json_text(world.told, "kind", ""), "version told");
    assert_string_equal(json_text(json_object_get(world.told, "policy"), "text", ""), "text of 3");
    json_object_set_new(message, "version", json_integer(2));
    versions_message(&agent, 0, message);
    assert_int_equal(json_int(world.told, "version", 0), 2);
    assert_null(json_object_get(world.told, "policy"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_lacking_is_asked_for_one_by_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_has_all_asks_for_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_question_without_an_answer_is_asked_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(where_nobody_has_it_the_past_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_first_who_is_in_sync_tells_it, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
