/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the core is told of the others: never that something is off, or idle, that may not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "agentd/requests.h"
#include "agentd/view.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

#define POLICY                                                                                     \
    "cluster home { network lan }\n"                                                               \
    "node alpha { address 10.77.0.1 }\nnode beta { address 10.77.0.2 }\n"                          \
    "node gamma { address 10.77.0.3 }\nfencing { watchdog 5s }\n"                                  \
    "service ocf:db { agent heartbeat:Dummy }\nservice ocf:web { agent heartbeat:Dummy }\n"

/* By the policy's order; in corosync's list beta comes first and gamma is not known at all. */
enum { ALPHA, BETA, GAMMA };
enum { DB, WEB };
enum { AT_BETA, AT_ALPHA };

static struct lease_status leases[NODES_MAX];
static int64_t wall_ms;

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

int64_t agent_wall_ms(void)
{
    return wall_ms;
}

void requests_into_view(struct agent *agent)
{
    agent->view->n_commands = 0;
}

struct scene {
    struct agent agent;
    json_t *records;
};

static void open_scene(struct scene *scene)
{
    struct agent *agent = &scene->agent;
    json_t *policy = json_pack("{s:i,s:s,s:s,s:i}", "version", 3, "text", POLICY, "author", "jin",
                               "stamp", 7000);
    char *text = json_write(policy);
    struct arena *arena;
    struct policy *before;

    memset(leases, 0, sizeof(leases));
    memset(agent, 0, sizeof(*agent));
    wall_ms = 9000;
    agent->view = calloc(1, sizeof(*agent->view));
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
    agent->status.is_quorate = true;
    agent->status.agents = agent->status.synced = node_bit(AT_BETA) | node_bit(AT_ALPHA);
    free(text);
    json_decref(policy);
}

static void close_scene(struct scene *scene)
{
    for (node_id at = 0; at < NODES_MAX; at++) {
        json_decref(scene->agent.told[at].rows);
        json_decref(scene->agent.told[at].orphans);
    }
    knowledge_fini(&scene->agent.knowledge);
    json_decref(scene->records);
    free(scene->agent.view);
}

/* rows and orphans in JSON. */
static void tell(struct scene *scene, node_id at, uint64_t version, const char *rows,
                 const char *orphans)
{
    struct told *told = &scene->agent.told[at];

    told->is_valid = told->has_told = true;
    told->policy = 3;
    told->version = version;
    told->rows = json_loads(rows, 0, NULL);
    told->orphans = json_loads(orphans, 0, NULL);
    assert_non_null(told->rows);
    assert_non_null(told->orphans);
}

static const struct cluster_view *look(struct scene *scene)
{
    view_make(&scene->agent, (struct instant){500});
    return scene->agent.view;
}

static void a_node_has_a_report_only_while_it_is_in_sync_and_of_this_policy(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene);
    assert_false(look(&scene)->nodes[BETA].has_report);
    tell(&scene, AT_BETA, 10, "[]", "[]");
    assert_true(look(&scene)->nodes[BETA].has_report);
    scene.agent.told[AT_BETA].policy = 2;
    assert_false(look(&scene)->nodes[BETA].has_report);
    scene.agent.told[AT_BETA].policy = 3;
    scene.agent.told[AT_BETA].is_valid = false;
    assert_false(look(&scene)->nodes[BETA].has_report);
    scene.agent.told[AT_BETA].is_valid = true;
    scene.agent.status.synced = node_bit(AT_ALPHA);
    assert_false(look(&scene)->nodes[BETA].has_report);
    assert_false(look(&scene)->nodes[BETA].is_member);
    close_scene(&scene);
}

static void a_node_whose_agent_takes_part_is_never_proven_off(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene);
    leases[AT_BETA].is_proven_off = true;
    assert_false(look(&scene)->nodes[BETA].is_proven_off);
    /* One that hangs is in the group all the same; of it the lease alone knows. */
    scene.agent.status.synced = node_bit(AT_ALPHA);
    assert_true(look(&scene)->nodes[BETA].is_proven_off);
    leases[AT_BETA].is_proven_off = false;
    assert_false(look(&scene)->nodes[BETA].is_proven_off);
    close_scene(&scene);
}

static void history_is_known_when_it_is_vouched_for_and_was_told(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene);
    scene.agent.told[AT_BETA].has_told = true;
    assert_false(look(&scene)->nodes[BETA].is_history_known);
    leases[AT_BETA].is_vouched = true;
    assert_true(look(&scene)->nodes[BETA].is_history_known);
    scene.agent.told[AT_BETA].has_told = false;
    assert_false(look(&scene)->nodes[BETA].is_history_known);
    close_scene(&scene);
}

/* It heard alone that it should start something, came back, told so, and was gone again. */
static void what_was_never_given_to_a_node_makes_its_history_unknown(void **state)
{
    struct scene scene;
    struct service *web;

    (void)state;
    open_scene(&scene);
    leases[AT_BETA].is_vouched = true;
    web = &scene.agent.knowledge.agreed->services[WEB];
    tell(&scene, AT_BETA, 10, "[{\"service\": \"ocf:web\", \"running\": true}]", "[]");
    scene.agent.told[AT_BETA].is_valid = false;
    scene.agent.status.synced = node_bit(AT_ALPHA);
    web->node = ALPHA;
    assert_false(look(&scene)->nodes[BETA].is_history_known);
    web->node = BETA;
    assert_true(look(&scene)->nodes[BETA].is_history_known);
    web->node = ALPHA;
    web->target = BETA;
    assert_true(look(&scene)->nodes[BETA].is_history_known);
    close_scene(&scene);
}

static void a_node_that_corosync_never_knew_runs_nothing(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene);
    assert_true(look(&scene)->nodes[GAMMA].is_proven_off);
    assert_false(look(&scene)->nodes[GAMMA].is_member);
    close_scene(&scene);
}

static void what_runs_is_what_any_valid_report_says(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene);
    tell(&scene, AT_BETA, 10, "[{\"service\":\"ocf:web\",\"running\":true,\"cause\":1}]",
         "[\"ocf:db\", \"ocf:elsewhere\"]");
    tell(&scene, AT_ALPHA, 10, "[{\"service\":\"ocf:web\",\"running\":true,\"cause\":1}]", "[]");
    /* Names of the ring are not names of the policy: a mix-up would show here. */
    assert_int_equal(look(&scene)->services[WEB].running_on, node_bit(ALPHA) | node_bit(BETA));
    assert_int_equal(look(&scene)->services[DB].running_on, node_bit(BETA));
    scene.agent.told[AT_ALPHA].is_valid = false;
    assert_int_equal(look(&scene)->services[WEB].running_on, node_bit(BETA));
    close_scene(&scene);
}

static void who_was_asked_after_it_told_may_be_running_it(void **state)
{
    struct scene scene;
    struct service *db;

    (void)state;
    open_scene(&scene);
    db = &scene.agent.knowledge.agreed->services[DB];
    *db = (struct service){.state = SERVICE_STARTED,
                           .node = BETA,
                           .target = NODE_NONE,
                           .fallback = NODE_NONE,
                           .cause = 12};
    tell(&scene, AT_BETA, 11, "[]", "[]");
    assert_int_equal(look(&scene)->services[DB].running_on, node_bit(BETA));
    scene.agent.told[AT_BETA].version = 12;
    assert_int_equal(look(&scene)->services[DB].running_on, 0);
    close_scene(&scene);
}

static void a_result_counts_for_its_own_cause_and_node_only(void **state)
{
    static const char done[] =
        "[{\"service\":\"ocf:db\",\"running\":true,\"cause\":12,\"result\":\"done\"}]";
    struct scene scene;
    struct service *db;

    (void)state;
    open_scene(&scene);
    db = &scene.agent.knowledge.agreed->services[DB];
    *db = (struct service){.state = SERVICE_STARTED,
                           .node = BETA,
                           .target = NODE_NONE,
                           .fallback = NODE_NONE,
                           .cause = 12};
    tell(&scene, AT_BETA, 12, done, "[]");
    assert_int_equal(look(&scene)->services[DB].result, JOB_DONE);
    db->cause = 13;
    assert_int_equal(look(&scene)->services[DB].result, JOB_NONE);
    db->cause = 12;
    db->node = ALPHA;
    assert_int_equal(look(&scene)->services[DB].result, JOB_NONE);
    close_scene(&scene);
}

static void ledger_time_never_runs_back(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene);
    assert_int_equal(look(&scene)->stamp.ms, 9000);
    wall_ms = 10;
    assert_int_equal(look(&scene)->stamp.ms, 7000);
    close_scene(&scene);
}

static void a_row_that_cannot_be_read_is_no_word_that_nothing_runs(void **state)
{
    struct scene scene;
    const struct cluster_view *view;

    (void)state;
    open_scene(&scene);
    tell(&scene, AT_BETA, 10,
         "[{\"service\":\"ocf:db\",\"running\":true,\"cause\":1,"
         "\"result\":\"of tomorrow\"}]",
         "[]");
    view = look(&scene);
    assert_true(!view->nodes[BETA].has_report || node_in(view->services[DB].running_on, BETA));
    close_scene(&scene);
}

/* In a new ring it has said nothing yet: then the state counts, if it speaks of this boot. */
static void a_node_goes_on_leaving_until_it_says_otherwise(void **state)
{
    struct scene scene;
    struct node *record;

    (void)state;
    open_scene(&scene);
    record = &scene.agent.knowledge.agreed->nodes[BETA];
    text_copy(leases[AT_BETA].boot_id, sizeof(leases[AT_BETA].boot_id), "one");
    tell(&scene, AT_BETA, 10, "[]", "[]");
    scene.agent.told[AT_BETA].leaving = LEAVING_REBOOT;
    assert_int_equal(look(&scene)->nodes[BETA].leaving, LEAVING_REBOOT);
    scene.agent.told[AT_BETA].is_valid = false;
    text_copy(record->boot_id, sizeof(record->boot_id), "one");
    record->leaving = LEAVING_RESTART;
    assert_int_equal(look(&scene)->nodes[BETA].leaving, LEAVING_RESTART);
    text_copy(record->boot_id, sizeof(record->boot_id), "two");
    assert_int_equal(look(&scene)->nodes[BETA].leaving, LEAVING_NOT);
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_has_a_report_only_while_it_is_in_sync_and_of_this_policy),
        cmocka_unit_test(a_node_whose_agent_takes_part_is_never_proven_off),
        cmocka_unit_test(history_is_known_when_it_is_vouched_for_and_was_told),
        cmocka_unit_test(what_was_never_given_to_a_node_makes_its_history_unknown),
        cmocka_unit_test(a_node_that_corosync_never_knew_runs_nothing),
        cmocka_unit_test(what_runs_is_what_any_valid_report_says),
        cmocka_unit_test(who_was_asked_after_it_told_may_be_running_it),
        cmocka_unit_test(a_result_counts_for_its_own_cause_and_node_only),
        cmocka_unit_test(ledger_time_never_runs_back),
        cmocka_unit_test(a_row_that_cannot_be_read_is_no_word_that_nothing_runs),
        cmocka_unit_test(a_node_goes_on_leaving_until_it_says_otherwise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
