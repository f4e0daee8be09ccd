/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A policy that waits for a word stays until its time is up, a node is lost or a service fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ha/base/limits.h"
#include "ha/decide/confirm.h"

static struct ha_state *agreed;
static bool in_error[3];
static struct confirmation waiting;
static struct instant wake_at;
static struct reason why;

static int set_up(void **state)
{
    (void)state;
    agreed = malloc(sizeof(*agreed));
    ha_state_init(agreed, 3, 3);
    for (node_id node = 0; node < 3; node++)
        agreed->nodes[node].state = NODE_ONLINE;
    for (service_id id = 0; id < 3; id++) {
        agreed->services[id].state = SERVICE_STARTED;
        in_error[id] = false;
    }
    waiting =
        (struct confirmation){.version = 8, .until = {60000}, .nodes = 7, .in_error = in_error};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(agreed);
    return 0;
}

static bool fails_at(int64_t ms)
{
    return confirm_fails(&waiting, agreed, (struct instant){ms}, &wake_at, &why);
}

static void it_stays_until_its_time_is_up(void **state)
{
    (void)state;
    assert_false(fails_at(59999));
    assert_int_equal(wake_at.ms, 60000);
    assert_true(fails_at(60000));
    assert_int_equal(why.code, REASON_NOT_CONFIRMED);
    assert_int_equal(why.number, 8);
}

static void it_falls_back_when_a_node_is_lost(void **state)
{
    (void)state;
    agreed->nodes[1].state = NODE_FENCE;
    agreed->nodes[1].since.ms = 20000;
    assert_false(fails_at(20000));
    assert_int_equal(wake_at.ms, 20000 + CONFIRM_LOST_MS);
    assert_true(fails_at(wake_at.ms));
    assert_int_equal(why.code, REASON_LOST_UNCONFIRMED);
    assert_int_equal(why.node, 1);
}

/* It may be running all it had, and an agent that is started anew says so. */
static void a_node_that_is_silent_is_not_lost(void **state)
{
    (void)state;
    agreed->nodes[1].state = NODE_UNKNOWN;
    assert_false(fails_at(59999));
    assert_int_equal(wake_at.ms, 60000);
}

static void a_node_that_was_off_already_does_not_count(void **state)
{
    (void)state;
    agreed->nodes[1].state = NODE_FENCE;
    waiting.nodes = 5;
    assert_false(fails_at(59999));
    assert_int_equal(wake_at.ms, 60000);
}

static void it_falls_back_when_a_service_is_newly_in_error(void **state)
{
    (void)state;
    agreed->services[2].state = SERVICE_ERROR;
    in_error[2] = true;
    assert_false(fails_at(1000));
    agreed->services[1].state = SERVICE_ERROR;
    assert_true(fails_at(1000));
    assert_int_equal(why.code, REASON_ERROR_UNCONFIRMED);
    assert_int_equal(why.with, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_stays_until_its_time_is_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_falls_back_when_a_node_is_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_node_that_is_silent_is_not_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_node_that_was_off_already_does_not_count, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(it_falls_back_when_a_service_is_newly_in_error, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
