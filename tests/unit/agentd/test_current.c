/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Readers wait for a quorum's word, and for no longer than they were told they would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/agent.h"
#include "agentd/control_server.h"
#include "agentd/current.h"
#include "agentd/rows.h"
#include "ha/base/json.h"

static struct agent agent;
static struct ha_state agreed;

/* What the member was asked, what it has on disk, and what was answered. */
static struct {
    uint64_t number;
    bool is_alone;
    struct member_status status;
    int now, n_looks; /* what is agreed on, and how often it was looked at */
    int n_answered, seen;
    char why[128]; /* "": current */
} world;

uint64_t member_read(struct member *member, struct instant now)
{
    (void)member, (void)now;
    return world.is_alone ? 0 : ++world.number;
}

void member_status(const struct member *member, struct member_status *status)
{
    (void)member;
    *status = world.status;
}

const char *rows_why_not_quorate(const struct agent *who)
{
    return who->status.is_quorate ? "" : "fewer than a quorum of votes are here";
}

struct instant agent_now(void)
{
    return (struct instant){1000};
}

static json_t *look(const struct call *call)
{
    (void)call;
    world.n_looks++;
    return json_integer(world.now);
}

static void answer(const struct call *call, json_t *seen, const char *why_old)
{
    world.seen = (int)json_integer_value(seen);
    json_decref(seen);
    assert_string_equal(json_text(call->request, "verb", ""), "policy show");
    world.n_answered++;
    snprintf(world.why, sizeof(world.why), "%s", why_old ? why_old : "");
}

static void ask(int session, bool is_of_disk)
{
    autojson *request = json_pack("{s:s}", "verb", "policy show");
    struct call call = {
        .agent = &agent, .session = (struct session *)(uintptr_t)session, .request = request};

    if (is_of_disk)
        current_ask_past(&call, look, answer);
    else
        current_ask(&call, look, answer);
}

static int set_up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    agent = (struct agent){.member = (struct member *)&world};
    agent.status.is_quorate = true;
    agent.current = current_new();
    agent.knowledge.agreed = &agreed;
    agreed.version = agent.durable = 5;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    current_free(agent.current);
    return 0;
}

/* A word of the quorum, and the turn that follows. */
static void hear(uint64_t number)
{
    current_heard(&agent, number);
    current_turn(&agent, agent_now());
}

static void a_reader_waits_for_its_own_question_or_a_later_one(void **state)
{
    (void)state;
    ask(1, false);
    ask(2, false);
    ask(3, false);
    assert_int_equal(world.n_answered, 0);
    hear(1);
    assert_int_equal(world.n_answered, 1);
    hear(3);
    assert_int_equal(world.n_answered, 3);
    assert_string_equal(world.why, "");
}

static void without_a_quorum_it_is_answered_at_once_and_said_why(void **state)
{
    (void)state;
    agent.status.is_quorate = false;
    ask(1, false);
    assert_string_equal(world.why, "fewer than a quorum of votes are here");
    agent.status.is_quorate = true;
    world.is_alone = true;
    ask(1, false);
    assert_int_equal(world.n_answered, 2);
    assert_string_not_equal(world.why, "");
    assert_int_equal(world.number, 0);
}

static void a_quorum_that_goes_away_ends_the_wait(void **state)
{
    (void)state;
    ask(1, false);
    current_turn(&agent, agent_now());
    assert_int_equal(world.n_answered, 0);
    agent.status.is_quorate = false;
    current_turn(&agent, agent_now());
    assert_int_equal(world.n_answered, 1);
    assert_string_not_equal(world.why, "");
}

static void nobody_waits_longer_than_a_second(void **state)
{
    struct instant due;

    (void)state;
    ask(1, false);
    due = current_turn(&agent, agent_now());
    assert_int_equal(due.ms, 2000);
    current_turn(&agent, due);
    assert_int_equal(world.n_answered, 1);
    assert_non_null(strstr(world.why, "no quorum has answered"));
    hear(1);
    assert_int_equal(world.n_answered, 1);
}

static void the_past_is_read_once_all_of_it_is_on_this_disk(void **state)
{
    (void)state;
    world.status.n_writes = 5;
    world.status.n_written = agent.status.n_written = 4;
    ask(1, true);
    ask(2, false);
    hear(2);
    assert_int_equal(world.n_answered, 1);
    current_turn(&agent, agent_now());
    assert_int_equal(world.n_answered, 1);
    agent.status.n_written = 5;
    current_turn(&agent, agent_now());
    assert_int_equal(world.n_answered, 2);
    assert_string_equal(world.why, "");
}

static void what_is_not_on_the_disks_of_a_quorum_is_told_to_nobody_yet(void **state)
{
    (void)state;
    world.now = 6;
    agreed.version = 6;
    ask(1, false);
    hear(1);
    assert_int_equal(world.n_answered, 0);
    /* What comes into force meanwhile is not what was seen. */
    world.now = 7;
    agreed.version = 7;
    agent.durable = 6;
    current_turn(&agent, agent_now());
    assert_int_equal(world.n_answered, 1);
    assert_int_equal(world.seen, 6);
    assert_string_equal(world.why, "");
}

static void a_disk_that_takes_too_long_is_said_to(void **state)
{
    (void)state;
    agreed.version = 6;
    ask(1, false);
    hear(1);
    current_turn(&agent, (struct instant){2000});
    assert_int_equal(world.n_answered, 1);
    assert_non_null(strstr(world.why, "not on the disks of a quorum"));
}

static void who_has_seen_what_never_was_looks_again(void **state)
{
    (void)state;
    world.now = 6;
    agreed.version = 6;
    ask(1, false);
    hear(1);
    world.now = 60;
    agent.durable = 6;
    current_again(&agent);
    current_turn(&agent, agent_now());
    assert_int_equal(world.n_answered, 0);
    hear(world.number);
    assert_int_equal(world.n_answered, 1);
    assert_int_equal(world.seen, 60);
    assert_int_equal(world.n_looks, 2);
}

static void who_has_gone_is_answered_no_more(void **state)
{
    (void)state;
    ask(1, false);
    ask(2, false);
    current_forget(&agent, (struct session *)(uintptr_t)1);
    hear(2);
    assert_int_equal(world.n_answered, 1);
}

static void more_readers_than_may_wait_are_answered_with_what_is_known(void **state)
{
    (void)state;
    for (int i = 0; i <= WAITING_MAX; i++)
        ask(i + 1, false);
    assert_int_equal(world.n_answered, 1);
    assert_non_null(strstr(world.why, "too many others"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_reader_waits_for_its_own_question_or_a_later_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_a_quorum_it_is_answered_at_once_and_said_why,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_quorum_that_goes_away_ends_the_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_waits_longer_than_a_second, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_past_is_read_once_all_of_it_is_on_this_disk, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_on_the_disks_of_a_quorum_is_told_to_nobody_yet,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_disk_that_takes_too_long_is_said_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_has_seen_what_never_was_looks_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_has_gone_is_answered_no_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_readers_than_may_wait_are_answered_with_what_is_known,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
