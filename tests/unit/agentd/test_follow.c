/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who waits for the end of what was asked hears each step, and how it ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/agent.h"
#include "agentd/control_server.h"
#include "agentd/follow.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

static struct {
    int64_t now;
    int n_rows, n_done, n_errors, code;
    char words[1024];
} world;

struct instant agent_now(void)
{
    return (struct instant){world.now};
}

void session_row(struct session *session, int64_t id, json_t *row)
{
    (void)session;
    assert_int_equal(id, 5);
    world.n_rows++;
    json_decref(row);
}

void session_done(struct session *session, int64_t id, json_t *members)
{
    (void)session;
    assert_int_equal(id, 5);
    world.n_done++;
    text_copy(world.words, sizeof(world.words), json_text(members, "words", ""));
    json_decref(members);
}

void session_error(struct session *session, int64_t id, int code, const char *hint,
                   const char *format, ...)
{
    va_list args;

    (void)session;
    (void)id;
    (void)hint;
    va_start(args, format);
    vsnprintf(world.words, sizeof(world.words), format, args);
    va_end(args);
    world.n_errors++;
    world.code = code;
}

static const struct service_policy services[] = {{.name = "ocf:db"}, {.name = "ocf:web"}};
static struct policy policy = {
    .nodes = {{.name = "alpha"}, {.name = "beta"}},
    .n_nodes = 2,
    .services = services,
    .n_services = 2,
};

enum { ALPHA, BETA };
enum { DB, WEB };

static struct agent agent;
static struct ha_state agreed;
static struct session *const client = (struct session *)&world;

static int open_scene(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    memset(&agent, 0, sizeof(agent));
    ha_state_init(&agreed, 2, 2);
    agent.knowledge.policy = &policy;
    agent.knowledge.agreed = &agreed;
    for (int i = 0; i < 2; i++) {
        agreed.nodes[i].state = NODE_ONLINE;
        agreed.services[i].state = SERVICE_STARTED;
        agreed.services[i].is_running = true;
        agreed.services[i].node = ALPHA;
    }
    return 0;
}

static int close_scene(void **state)
{
    (void)state;
    follow_end(&agent);
    return 0;
}

static void begin(enum goal_kind kind, const char *service, const char *node)
{
    struct goal goal = {.kind = kind, .patience = duration_ms(30000)};

    text_copy(goal.service, sizeof(goal.service), service);
    text_copy(goal.node, sizeof(goal.node), node);
    follow_begin(&agent, client, 5, &goal);
}

/* A patch was applied that had this to say of the subject. */
static void commit(const char *kind, const char *subject)
{
    autojson *rows = json_pack("[{s:s,s:s}]", "kind", kind, "subject", subject);

    follow_committed(&agent, rows);
}

static void become(service_id id, enum service_state to, node_id node, bool is_running)
{
    agreed.services[id].state = to;
    agreed.services[id].node = node;
    agreed.services[id].is_running = is_running;
}

static void a_move_is_done_when_it_runs_there(void **state)
{
    (void)state;
    become(WEB, SERVICE_RELOCATE, ALPHA, false);
    begin(GOAL_MOVED, "ocf:web", "beta");
    commit("service", "ocf:web");
    commit("service", "ocf:db");
    assert_int_equal(world.n_rows, 1);
    become(WEB, SERVICE_STARTED, BETA, false);
    commit("service", "ocf:web");
    assert_int_equal(world.n_done, 0);
    become(WEB, SERVICE_STARTED, BETA, true);
    commit("service", "ocf:web");
    assert_int_equal(world.n_rows, 3);
    assert_int_equal(world.n_done, 1);
    assert_string_equal(world.words, "it is started on beta");
    commit("service", "ocf:web");
    assert_int_equal(world.n_rows + world.n_done + world.n_errors, 4);
}

static void a_move_that_comes_to_nothing_says_why(void **state)
{
    (void)state;
    become(WEB, SERVICE_RELOCATE, ALPHA, false);
    begin(GOAL_MOVED, "ocf:web", "beta");
    become(WEB, SERVICE_STARTED, ALPHA, false);
    agreed.services[WEB].why = reason_of(REASON_STOP_FAILED_STAYS);
    agreed.services[WEB].why.node = ALPHA;
    commit("service", "ocf:web");
    assert_int_equal(world.n_errors, 1);
    assert_int_equal(world.code, CONTROL_EXIT_FAILED);
    assert_non_null(strstr(world.words, "alpha could not stop it"));
}

static void a_stop_that_fails_is_not_called_done(void **state)
{
    (void)state;
    become(WEB, SERVICE_REQUEST_STOP, ALPHA, false);
    begin(GOAL_STOPPED, "ocf:web", "");
    commit("service", "ocf:web");
    assert_int_equal(world.n_done + world.n_errors, 0);
    become(WEB, SERVICE_ERROR, ALPHA, false);
    commit("service", "ocf:web");
    assert_int_equal(world.n_errors, 1);
    assert_int_equal(world.n_done, 0);
}

static void a_restart_whose_stop_failed_is_not_called_done(void **state)
{
    (void)state;
    become(WEB, SERVICE_RELOCATE, ALPHA, false);
    begin(GOAL_RESTARTED, "ocf:web", "");
    become(WEB, SERVICE_STARTED, ALPHA, false);
    agreed.services[WEB].stays_put = true;
    commit("service", "ocf:web");
    assert_int_equal(world.n_errors, 1);
}

static void maintenance_is_reached_when_the_last_service_has_gone(void **state)
{
    (void)state;
    agreed.nodes[ALPHA].state = NODE_MAINTENANCE;
    agreed.nodes[ALPHA].wants_maintenance = true;
    begin(GOAL_EMPTY, "", "alpha");
    become(DB, SERVICE_STARTED, BETA, true);
    commit("node", "alpha");
    assert_int_equal(world.n_done, 0);
    follow_expire(&agent, (struct instant){29999});
    assert_int_equal(world.n_errors, 0);
    become(WEB, SERVICE_STARTED, BETA, true);
    commit("service", "ocf:web");
    assert_int_equal(world.n_done, 1);
}

static void maintenance_that_somebody_ended_is_not_waited_for(void **state)
{
    (void)state;
    agreed.nodes[ALPHA].state = NODE_MAINTENANCE;
    agreed.nodes[ALPHA].wants_maintenance = true;
    begin(GOAL_EMPTY, "", "alpha");
    agreed.nodes[ALPHA].wants_maintenance = false;
    commit("node", "alpha");
    assert_int_equal(world.n_errors, 1);
}

static void who_runs_out_of_patience_hears_what_is_still_to_do(void **state)
{
    (void)state;
    agreed.nodes[ALPHA].state = NODE_MAINTENANCE;
    agreed.nodes[ALPHA].wants_maintenance = true;
    begin(GOAL_EMPTY, "", "alpha");
    assert_int_equal(follow_expire(&agent, (struct instant){1}).ms, 30000);
    assert_int_equal(follow_expire(&agent, (struct instant){30000}).ms, INSTANT_NEVER.ms);
    assert_int_equal(world.n_errors, 1);
    assert_int_equal(world.code, CONTROL_EXIT_UNDER_WAY);
    assert_non_null(strstr(world.words, "still under way after 30 s"));
    assert_non_null(strstr(world.words, "ocf:db is still there"));
}

static void disarming_is_reached_when_all_have_let_go(void **state)
{
    (void)state;
    agreed.arming.state = RELEASING;
    begin(GOAL_DISARMED, "", "");
    commit("cluster", "cluster");
    assert_int_equal(world.n_done, 0);
    agreed.arming.state = DISARMED;
    commit("cluster", "cluster");
    assert_int_equal(world.n_done, 1);
}

static void who_has_gone_hears_nothing(void **state)
{
    (void)state;
    begin(GOAL_STOPPED, "ocf:web", "");
    follow_forget(&agent, client);
    become(WEB, SERVICE_STOPPED, ALPHA, false);
    commit("service", "ocf:web");
    assert_int_equal(world.n_rows + world.n_done + world.n_errors, 0);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(a_move_is_done_when_it_runs_there),
        SCENE(a_move_that_comes_to_nothing_says_why),
        SCENE(a_stop_that_fails_is_not_called_done),
        SCENE(a_restart_whose_stop_failed_is_not_called_done),
        SCENE(maintenance_is_reached_when_the_last_service_has_gone),
        SCENE(maintenance_that_somebody_ended_is_not_waited_for),
        SCENE(who_runs_out_of_patience_hears_what_is_still_to_do),
        SCENE(disarming_is_reached_when_all_have_let_go),
        SCENE(who_has_gone_hears_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
