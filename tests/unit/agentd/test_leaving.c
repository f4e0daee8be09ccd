/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A node goes: its agent ends when nothing here needs it, or at its deadline, and says which. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/agent.h"
#include "agentd/control_server.h"
#include "agentd/leaving.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

static struct {
    int64_t now;
    enum feeding_state feeding;
    int n_rows, n_done, n_errors;
} world;

struct instant agent_now(void)
{
    return (struct instant){world.now};
}

enum feeding_state feeding_state(const struct feeding *feeding)
{
    (void)feeding;
    return world.feeding;
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
    (void)id;
    world.n_done++;
    json_decref(members);
}

void session_error(struct session *session, int64_t id, int code, const char *hint,
                   const char *format, ...)
{
    (void)session;
    (void)id;
    (void)code;
    (void)hint;
    (void)format;
    world.n_errors++;
}

static const struct service_policy services[] = {{.name = "ocf:web"}};
static struct policy policy = {
    .nodes = {{.name = "alpha"}, {.name = "beta"}},
    .n_nodes = 2,
    .services = services,
    .n_services = 1,
    .timing.beat = {500},
};

enum { ALPHA, BETA };

static struct agent agent;
static struct ha_state agreed;
static struct lrm lrm;
static struct session *const client = (struct session *)&world;

/* On alpha runs a service; everybody is there. */
static int open_scene(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    memset(&agent, 0, sizeof(agent));
    world.now = 1000;
    world.feeding = FEEDING_ARMED;
    policy.shutdown = SHUTDOWN_MIGRATE;
    ha_state_init(&agreed, 2, 1);
    agreed.nodes[ALPHA].state = agreed.nodes[BETA].state = NODE_ONLINE;
    agreed.services[0].state = SERVICE_STARTED;
    agreed.services[0].node = ALPHA;
    lrm_init(&lrm, ALPHA, 1);
    lrm_adopt(&lrm, 0, 1);
    agent.knowledge.policy = &policy;
    agent.knowledge.agreed = &agreed;
    agent.lrm = &lrm;
    agent.member = (struct member *)&agent;
    agent.hands = (struct hands *)&agent;
    agent.status = (struct member_status){.is_quorate = true, .is_in_sync = true};
    return sd_event_new(&agent.loop) < 0;
}

static int close_scene(void **state)
{
    (void)state;
    leaving_end(&agent);
    sd_event_unref(agent.loop);
    return 0;
}

static void begin(enum leaving how)
{
    leaving_begin(&agent, how, duration_ms(10000), client, 5);
}

static void turn_at(int64_t now)
{
    world.now = now;
    leaving_turn(&agent, (struct instant){now});
}

static bool has_ended(void)
{
    int code;

    return sd_event_get_exit_code(agent.loop, &code) >= 0;
}

static void move_away(void)
{
    agreed.nodes[ALPHA].leaving = agent.leaving;
    agreed.services[0].node = BETA;
    lrm_init(&lrm, ALPHA, 1);
    lrm_leave(&lrm, agent.leaving);
}

static void it_ends_when_its_services_have_gone_and_the_watchdog_is_closed(void **state)
{
    (void)state;
    begin(LEAVING_REBOOT);
    assert_true(agent.must_report);
    turn_at(2000);
    assert_false(leaving_is_ready(&agent));
    move_away();
    assert_true(leaving_is_ready(&agent));
    turn_at(3000);
    turn_at(5000);
    assert_false(has_ended());
    world.feeding = FEEDING_DISARMED;
    turn_at(6000);
    /* The others hear first that no watchdog counts any more. */
    assert_false(has_ended());
    turn_at(7000);
    assert_true(has_ended());
    assert_int_equal(world.n_done, 1);
    assert_int_equal(world.n_rows, 2);
}

static void it_does_not_go_before_the_others_know(void **state)
{
    (void)state;
    begin(LEAVING_POWEROFF);
    move_away();
    agreed.nodes[ALPHA].leaving = LEAVING_NOT;
    assert_false(leaving_is_ready(&agent));
    /* Unless nobody can be told. */
    agent.status.is_quorate = false;
    assert_true(leaving_is_ready(&agent));
}

static void what_left_the_policy_and_still_runs_is_waited_for(void **state)
{
    (void)state;
    begin(LEAVING_RESTART);
    move_away();
    agent.n_orphans = 1;
    assert_false(leaving_is_ready(&agent));
    agent.n_orphans = 0;
    assert_true(leaving_is_ready(&agent));
}

static void a_restart_leaves_services_running_once_they_are_frozen(void **state)
{
    (void)state;
    begin(LEAVING_RESTART);
    lrm.is_back_known = true;
    agreed.nodes[ALPHA].leaving = LEAVING_RESTART;
    assert_false(leaving_is_ready(&agent));
    agreed.services[0].state = SERVICE_FREEZE;
    assert_true(leaving_is_ready(&agent));
    /* What a quorum's disks do not know can be forgotten, and then it would be started twice. */
    agreed.version = agent.durable + 1;
    assert_false(leaving_is_ready(&agent));
    agent.durable = agreed.version;
    assert_true(leaving_is_ready(&agent));
}

static void what_cannot_be_moved_is_stopped_before_the_time_is_over(void **state)
{
    (void)state;
    begin(LEAVING_REBOOT);
    turn_at(6000);
    assert_false(lrm.moves_no_more);
    turn_at(7000);
    assert_true(lrm.moves_no_more);
    assert_false(has_ended());
}

static void at_its_deadline_it_ends_and_the_watchdog_stays_as_it_is(void **state)
{
    (void)state;
    begin(LEAVING_REBOOT);
    turn_at(10999);
    assert_false(has_ended());
    turn_at(11000);
    assert_true(has_ended());
    assert_int_equal(world.n_done, 0);
    assert_int_equal(world.n_errors, 1);
    assert_int_equal(world.feeding, FEEDING_ARMED);
}

static void without_a_keeper_it_goes_only_if_nothing_runs_here(void **state)
{
    (void)state;
    begin(LEAVING_RESTART);
    agreed.nodes[ALPHA].leaving = LEAVING_RESTART;
    agreed.services[0].state = SERVICE_FREEZE;
    world.feeding = FEEDING_AWAY;
    turn_at(2000);
    turn_at(5000);
    assert_false(has_ended());
    move_away();
    turn_at(5100);
    turn_at(6100);
    assert_true(has_ended());
}

static void who_asked_may_hang_up(void **state)
{
    (void)state;
    begin(LEAVING_REBOOT);
    leaving_forget(&agent, client);
    turn_at(11000);
    assert_true(has_ended());
    assert_int_equal(world.n_rows + world.n_done + world.n_errors, 0);
}

static void who_asks_anew_sets_another_deadline(void **state)
{
    (void)state;
    begin(LEAVING_RESTART);
    world.now = 5000;
    begin(LEAVING_POWEROFF);
    assert_int_equal(world.n_errors, 1);
    assert_int_equal(lrm.leaving, LEAVING_POWEROFF);
    turn_at(11000);
    assert_false(has_ended());
    turn_at(15000);
    assert_true(has_ended());
}

static void who_goes_down_is_not_asked_for_a_mere_restart(void **state)
{
    (void)state;
    begin(LEAVING_REBOOT);
    begin(LEAVING_RESTART);
    assert_int_equal(world.n_errors, 1);
    assert_int_equal(agent.leaving, LEAVING_REBOOT);
    assert_int_equal(lrm.leaving, LEAVING_REBOOT);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(it_ends_when_its_services_have_gone_and_the_watchdog_is_closed),
        SCENE(it_does_not_go_before_the_others_know),
        SCENE(what_left_the_policy_and_still_runs_is_waited_for),
        SCENE(a_restart_leaves_services_running_once_they_are_frozen),
        SCENE(what_cannot_be_moved_is_stopped_before_the_time_is_over),
        SCENE(at_its_deadline_it_ends_and_the_watchdog_stays_as_it_is),
        SCENE(without_a_keeper_it_goes_only_if_nothing_runs_here),
        SCENE(who_asked_may_hang_up),
        SCENE(who_asks_anew_sets_another_deadline),
        SCENE(who_goes_down_is_not_asked_for_a_mere_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
