/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a recovery may take, link by link. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ha/whatif/predict.h"

enum { A, B, C, D };

static const service_id only_a[] = {A}, only_b[] = {B}, b_and_c[] = {B, C}, only_d[] = {D};

/* Backwards, so that one look at each rule is not enough. */
static const struct rule chain[] = {
    {.kind = RULE_BEFORE, .services = b_and_c, .n_services = 2, .others = only_d, .n_others = 1},
    {.kind = RULE_TOGETHER, .services = b_and_c, .n_services = 2},
    {.kind = RULE_BEFORE, .services = only_a, .n_services = 1, .others = only_b, .n_others = 1},
};

static struct policy policy_of(struct service_policy *services)
{
    struct policy policy = {
        .timing = timing_of_network("lan", duration_ms(0), duration_ms(0)),
        .n_nodes = 3,
        .services = services,
        .n_services = 4,
        .rules = chain,
        .n_rules = 3,
    };

    for (int i = 0; i < 4; i++) {
        services[i] = (struct service_policy){
            .requested = REQUESTED_STARTED,
            .start_timeout = duration_ms(1000 * (1 << i)),
        };
    }
    return policy;
}

static void the_chain_adds_up(void **state)
{
    struct service_policy services[4];
    struct policy *policy = malloc(sizeof(*policy));
    struct prediction prediction;

    (void)state;
    *policy = policy_of(services);
    prediction = predict_recovery(policy, A, duration_ms(500));
    assert_int_equal(prediction.notice.ms, 2475);
    assert_int_equal(prediction.notice.ms + prediction.proof.ms,
                     timing_recovery_wait(&policy->timing).ms);
    assert_int_equal(prediction.first.ms, 500);
    assert_int_equal(prediction.start.ms, 1000);
    assert_int_equal(prediction.total.ms, timing_recovery_wait(&policy->timing).ms + 1500);
    free(policy);
}

static void a_slow_ring_leaves_nothing_to_prove(void **state)
{
    struct service_policy services[4];
    struct policy *policy = malloc(sizeof(*policy));
    struct prediction prediction;

    (void)state;
    *policy = policy_of(services);
    policy->timing.token = duration_ms(20000);
    prediction = predict_recovery(policy, A, duration_ms(0));
    assert_int_equal(prediction.notice.ms, 44275);
    assert_int_equal(prediction.proof.ms, 0);
    assert_int_equal(prediction.total.ms, 45275);
    free(policy);
}

static void the_longest_way_through_the_order_counts(void **state)
{
    struct service_policy services[4];
    struct policy *policy = malloc(sizeof(*policy));
    struct duration first[4];

    (void)state;
    *policy = policy_of(services);
    predict_first(policy, NULL, first);
    assert_int_equal(first[A].ms, 0);
    assert_int_equal(first[B].ms, 1000);
    assert_int_equal(first[C].ms, 0);
    assert_int_equal(first[D].ms, 4000);
    services[A].start_timeout = duration_ms(3000);
    predict_first(policy, NULL, first);
    assert_int_equal(first[D].ms, 5000);
    /* What is not to run is not waited for. */
    services[C].requested = REQUESTED_STOPPED;
    services[A].requested = REQUESTED_DISABLED;
    predict_first(policy, NULL, first);
    assert_int_equal(first[B].ms, 0);
    assert_int_equal(first[D].ms, 2000);
    free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_chain_adds_up),
        cmocka_unit_test(a_slow_ring_leaves_nothing_to_prove),
        cmocka_unit_test(the_longest_way_through_the_order_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
