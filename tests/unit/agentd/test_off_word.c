/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A word that a node is off is about one silence, of nobody whose machine is seen to run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "agentd/off_word.h"
#include "ha/base/json.h"

#define POLICY                                                                                     \
    "cluster home { network lan }\n"                                                               \
    "node alpha { address 10.77.0.1 }\nnode beta { address 10.77.0.2 }\n"                          \
    "node gamma { address 10.77.0.3 }\nfencing { watchdog 5s }\n"                                  \
    "service ocf:db { agent heartbeat:Dummy }\n"

/* By the policy's order; in corosync's list beta comes first and gamma is not known at all. */
enum { ALPHA, BETA, GAMMA };
enum { AT_BETA, AT_ALPHA };

static struct lease_status leases[NODES_MAX];

struct lease *member_lease(struct member *member)
{
    (void)member;
    return NULL;
}

void lease_status(const struct lease *lease, node_id node, struct instant now,
                  struct lease_status *status)
{
    (void)lease;
    (void)now;
    *status = leases[node];
}

struct instant agent_now(void)
{
    return (struct instant){500};
}

struct scene {
    struct agent agent;
    json_t *records;
};

/* Beta is silent: neither its agent nor its corosync is here. */
static void open_scene(struct scene *scene)
{
    struct agent *agent = &scene->agent;
    json_t *policy = json_pack("{s:i,s:s,s:s,s:i}", "version", 3, "text", POLICY, "author", "jin",
                               "stamp", 7000);
    char *text = json_write(policy);
    struct arena *arena;
    struct policy *before;

    memset(agent, 0, sizeof(*agent));
    memset(leases, 0, sizeof(leases));
    leases[AT_BETA] = (struct lease_status){.incarnation = UINT64_MAX, .number = 12};
    scene->records = json_pack("{s:s}", "policy", text);
    knowledge_init(&agent->knowledge);
    assert_true(knowledge_load(&agent->knowledge, scene->records, 10, &arena, &before));
    for (node_id at = 0; at < NODES_MAX; at++)
        agent->policy_of[at] = agent->roster_of[at] = NODE_NONE;
    agent->roster.n_nodes = 2;
    agent->roster.self = AT_ALPHA;
    agent->policy_of[AT_BETA] = BETA;
    agent->policy_of[AT_ALPHA] = ALPHA;
    agent->roster_of[BETA] = AT_BETA;
    agent->roster_of[ALPHA] = AT_ALPHA;
    agent->status.nodes = agent->status.agents = node_bit(AT_ALPHA);
    free(text);
    json_decref(policy);
}

static void close_scene(struct scene *scene)
{
    knowledge_fini(&scene->agent.knowledge);
    json_decref(scene->records);
}

/* As all of them have it when it is delivered. */
static json_t *word(struct scene *scene, const char *kind, const char *node)
{
    json_t *message = json_pack("{s:s,s:{s:i,s:s,s:s}}", "kind", "command", "command", "id", 7,
                                "kind", kind, "node", node);

    off_word_mark(&scene->agent, message);
    return message;
}

static void a_silent_node_may_be_sworn_off(void **state)
{
    static struct scene scene;
    struct err err = {{0}};
    json_t *message;

    (void)state;
    open_scene(&scene);
    assert_true(off_word_may_be(&scene.agent, BETA, &err));
    message = word(&scene, "confirm-off", "beta");
    assert_true(off_word_holds(&scene.agent, message, &err));
    json_decref(message);
    close_scene(&scene);
}

static void a_machine_that_is_seen_to_run_is_not(void **state)
{
    static struct scene scene;
    struct err err = {{0}};
    json_t *message;

    (void)state;
    open_scene(&scene);
    message = word(&scene, "confirm-off", "beta");
    scene.agent.status.nodes |= node_bit(AT_BETA);
    assert_false(off_word_holds(&scene.agent, message, &err));
    assert_non_null(strstr(err.text, "corosync is in the ring"));
    scene.agent.status.agents |= node_bit(AT_BETA);
    assert_false(off_word_may_be(&scene.agent, BETA, &err));
    assert_non_null(strstr(err.text, "its agent is in the cluster"));
    assert_false(off_word_may_be(&scene.agent, GAMMA, &err));
    assert_non_null(strstr(err.text, "does not list gamma"));
    json_decref(message);
    close_scene(&scene);
}

/* It came, beat and went between the word and its decision: it was not off. */
static void who_beats_after_it_takes_it_back(void **state)
{
    static struct scene scene;
    struct err err = {{0}};
    json_t *message;

    (void)state;
    open_scene(&scene);
    message = word(&scene, "confirm-off", "beta");
    leases[AT_BETA].number++;
    assert_false(off_word_holds(&scene.agent, message, &err));
    assert_non_null(strstr(err.text, "beta was heard after"));
    leases[AT_BETA].number--;
    assert_true(off_word_holds(&scene.agent, message, &err));
    leases[AT_BETA].incarnation--;
    assert_false(off_word_holds(&scene.agent, message, &err));
    json_object_del(message, "heard");
    assert_false(off_word_holds(&scene.agent, message, &err));
    json_decref(message);
    close_scene(&scene);
}

static void other_messages_are_left_alone(void **state)
{
    static struct scene scene;
    struct err err = {{0}};
    json_t *message, *push = json_pack("{s:s}", "kind", "push");

    (void)state;
    open_scene(&scene);
    message = word(&scene, "maintenance-on", "beta");
    assert_null(json_object_get(message, "heard"));
    leases[AT_BETA].number++;
    scene.agent.status.nodes |= node_bit(AT_BETA);
    assert_true(off_word_holds(&scene.agent, message, &err));
    off_word_mark(&scene.agent, push);
    assert_true(off_word_holds(&scene.agent, push, &err));
    assert_int_equal(json_object_size(push), 1);
    json_decref(message);
    json_decref(push);
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_node_may_be_sworn_off),
        cmocka_unit_test(a_machine_that_is_seen_to_run_is_not),
        cmocka_unit_test(who_beats_after_it_takes_it_back),
        cmocka_unit_test(other_messages_are_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
