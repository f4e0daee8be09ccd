/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may go on without the others: votes of nodes, of a witness, and ties. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ha/model/votes.h"

enum { A = 1, B = 2, C = 4, D = 8 };

static struct policy policy;

static void make(int n_nodes)
{
    policy = (struct policy){.n_nodes = n_nodes};
    for (int i = 0; i < n_nodes; i++)
        policy.nodes[i].votes = 1;
}

static void give_witness(enum witness_algorithm algorithm)
{
    policy.quorum.witness = "10.0.0.9";
    policy.quorum.algorithm = algorithm;
}

static void a_majority_of_votes_goes_on(void **state)
{
    (void)state;
    make(3);
    assert_true(votes_suffice_alone(&policy, A | C));
    assert_false(votes_suffice_alone(&policy, C));
    assert_false(votes_suffice_alone(&policy, 0));
    policy.nodes[2].votes = 3;
    assert_true(votes_suffice_alone(&policy, C));
    assert_false(votes_suffice_alone(&policy, A | B));
    make(4);
    assert_false(votes_suffice_alone(&policy, A | B));
}

static void nodes_without_votes_have_one_each(void **state)
{
    (void)state;
    make(3);
    for (int i = 0; i < 3; i++)
        policy.nodes[i].votes = 0;
    assert_int_equal(votes_of_nodes(&policy, A | B), 2);
    assert_true(votes_suffice_alone(&policy, A | B));
}

static void a_witness_with_one_vote_decides_between_halves(void **state)
{
    (void)state;
    make(4);
    give_witness(WITNESS_FFSPLIT);
    assert_int_equal(votes_of_witness(&policy), 1);
    assert_true(votes_suffice(&policy, C | D, true));
    assert_false(votes_suffice(&policy, C | D, false));
    assert_true(votes_suffice(&policy, A | B | C, false));
    assert_false(votes_suffice_alone(&policy, D));
    make(2);
    give_witness(WITNESS_FFSPLIT);
    assert_true(votes_suffice_alone(&policy, B));
}

static void the_last_one_standing_goes_on_with_its_witness(void **state)
{
    (void)state;
    make(3);
    give_witness(WITNESS_LMS);
    assert_int_equal(votes_of_witness(&policy), 2);
    assert_true(votes_suffice(&policy, C, true));
    /* Without the witness the loss of one node is one too many. */
    assert_false(votes_suffice(&policy, A | B, false));
    assert_true(votes_suffice(&policy, A | B | C, false));
}

static void two_groups_never_go_on_at_once(void **state)
{
    (void)state;
    for (int n = 1; n <= 6; n++) {
        for (int kind = 0; kind < 5; kind++) {
            make(n);
            if (kind == 1 || kind == 2)
                give_witness(kind == 1 ? WITNESS_FFSPLIT : WITNESS_LMS);
            policy.quorum.tie_breaker = kind == 3 ? TIE_LOWEST : kind == 4 ? TIE_HIGHEST : 0;
            for (node_set one = 0; one < 1u << n; one++) {
                node_set other = ~one & ((1u << n) - 1);

                assert_false(votes_suffice(&policy, one, true) &&
                             votes_suffice(&policy, other, false));
                assert_true(!one || !other ||
                            votes_is_preferred(&policy, one, other) !=
                                votes_is_preferred(&policy, other, one));
            }
        }
    }
}

static void of_equal_halves_the_tie_breakers_goes_on(void **state)
{
    (void)state;
    make(4);
    policy.quorum.tie_breaker = TIE_LOWEST;
    assert_true(votes_suffice_alone(&policy, A | D));
    assert_false(votes_suffice_alone(&policy, B | C));
    policy.quorum.tie_breaker = TIE_HIGHEST;
    assert_true(votes_suffice_alone(&policy, A | D));
    assert_false(votes_suffice_alone(&policy, A | B));
    policy.quorum.tie_breaker = TIE_NODES;
    policy.quorum.tie_nodes[0] = 2;
    policy.quorum.n_tie_nodes = 1;
    assert_true(votes_suffice_alone(&policy, B | C));
    assert_false(votes_suffice_alone(&policy, A | B));
    assert_false(votes_suffice_alone(&policy, C));
}

static void the_witness_prefers_more_nodes_and_then_the_tie_breaker(void **state)
{
    (void)state;
    make(4);
    give_witness(WITNESS_FFSPLIT);
    assert_true(votes_is_preferred(&policy, B | C | D, A));
    assert_true(votes_is_preferred(&policy, A | C, B | D));
    policy.quorum.tie_breaker = TIE_HIGHEST;
    assert_true(votes_is_preferred(&policy, B | D, A | C));
}

static void of_two_nodes_either_goes_on_alone(void **state)
{
    (void)state;
    make(2);
    assert_false(votes_suffice_alone(&policy, B));
    policy.quorum.is_two_node = true;
    assert_true(votes_suffice_alone(&policy, A));
    assert_true(votes_suffice_alone(&policy, B));
    assert_false(votes_suffice_alone(&policy, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_majority_of_votes_goes_on),
        cmocka_unit_test(nodes_without_votes_have_one_each),
        cmocka_unit_test(a_witness_with_one_vote_decides_between_halves),
        cmocka_unit_test(the_last_one_standing_goes_on_with_its_witness),
        cmocka_unit_test(two_groups_never_go_on_at_once),
        cmocka_unit_test(of_equal_halves_the_tie_breakers_goes_on),
        cmocka_unit_test(the_witness_prefers_more_nodes_and_then_the_tie_breaker),
        cmocka_unit_test(of_two_nodes_either_goes_on_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
