/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every member checks a push before any switches: each branch, and a death at each step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/control.h"
#include "agentd/requests.h"
#include "tests/unit/agentd/verdict/crew.h"

static void in_force_everywhere(const struct crew *crew, uint64_t version)
{
    for (int at = 0; at < CREW; at++) {
        if (crew->ones[at].is_on)
            assert_int_equal(crew_version(crew, at), version);
    }
}

static void what_all_accept_is_in_force_on_all(void **state)
{
    struct crew *crew = crew_new(1);
    int asker = crew_other(crew, crew_leader(crew), -1);

    (void)state;
    crew_push(crew, asker, "one");
    crew_run(crew, 300);
    in_force_everywhere(crew, 1);
    assert_int_equal(crew->ones[asker].n_done, 1);
    assert_int_equal(crew->ones[asker].done_version, 1);
    /* Each has checked it, and whoever took it from its client did so once. */
    for (int at = 0; at < CREW; at++)
        assert_int_equal(crew->ones[at].n_checks, 1);
    crew_free(crew);
}

static void what_was_compiled_for_the_check_is_what_comes_into_force(void **state)
{
    struct crew *crew = crew_new(2);
    const struct knowledge *knowledge = &crew->ones[0].agent.knowledge;

    (void)state;
    crew_push(crew, 1, "one");
    crew_run(crew, 300);
    assert_int_equal(knowledge->policy->n_nodes, 3);
    assert_null(knowledge->offered);
    assert_non_null(strstr(knowledge->text, "# one"));
    crew_free(crew);
}

static void one_that_refuses_says_so_and_nothing_changes(void **state)
{
    struct crew *crew = crew_new(3);
    int leader = crew_leader(crew), asker = crew_other(crew, leader, -1);
    int third = crew_other(crew, leader, asker);
    char words[64];

    (void)state;
    crew->ones[third].opinion = REFUSES;
    crew_push(crew, asker, "one");
    crew_run(crew, 300);
    in_force_everywhere(crew, 0);
    assert_int_equal(crew->ones[asker].n_errors, 1);
    assert_int_equal(crew->ones[asker].code, CONTROL_EXIT_REFUSED);
    snprintf(words, sizeof(words), "%s: I cannot run this",
             crew->ones[third].agent.roster.nodes[third].name);
    assert_string_equal(crew->ones[asker].words, words);
    /* Nothing of it is left to be decided later. */
    crew->ones[third].opinion = ACCEPTS;
    crew_run(crew, 30000);
    in_force_everywhere(crew, 0);
    crew_free(crew);
}

static void what_the_asked_node_refuses_nobody_else_hears_of(void **state)
{
    struct crew *crew = crew_new(4);
    int asker = crew_other(crew, crew_leader(crew), -1);

    (void)state;
    crew->ones[asker].opinion = REFUSES;
    crew_push(crew, asker, "one");
    crew_run(crew, 300);
    assert_int_equal(crew->ones[asker].code, CONTROL_EXIT_REFUSED);
    assert_int_equal(crew->ones[(asker + 1) % CREW].n_checks, 0);
    in_force_everywhere(crew, 0);
    crew_free(crew);
}

static void one_that_says_nothing_is_waited_for_and_then_it_is_refused(void **state)
{
    struct crew *crew = crew_new(5);
    int leader = crew_leader(crew), asker = leader, silent = crew_other(crew, leader, -1);
    char words[64];

    (void)state;
    crew->ones[silent].opinion = SAYS_NOTHING;
    crew_push(crew, asker, "one");
    crew_run(crew, VERDICT_MS - 100);
    assert_int_equal(crew->ones[asker].n_errors, 0);
    crew_run(crew, 300);
    assert_int_equal(crew->ones[asker].n_errors, 1);
    assert_int_equal(crew->ones[asker].code, CONTROL_EXIT_REFUSED);
    snprintf(words, sizeof(words), "%s did not answer",
             crew->ones[silent].agent.roster.nodes[silent].name);
    assert_string_equal(crew->ones[asker].words, words);
    crew->ones[silent].opinion = ACCEPTS;
    crew_run(crew, 300);
    in_force_everywhere(crew, 0);
    crew_free(crew);
}

static void an_older_release_is_named_and_its_silence_is_no_yes(void **state)
{
    struct crew *crew = crew_new(5);
    int leader = crew_leader(crew), old = crew_other(crew, leader, -1);
    char words[128];

    (void)state;
    crew_make_older(crew, old);
    crew_push(crew, leader, "one");
    crew_run(crew, VERDICT_MS + 300);
    assert_int_equal(crew->ones[leader].n_errors, 1);
    assert_int_equal(crew->ones[leader].n_done, 0);
    in_force_everywhere(crew, 0);
    assert_int_equal(crew->ones[leader].code, CONTROL_EXIT_REFUSED);
    snprintf(
        words, sizeof(words),
        "%s runs an older tenuto, which cannot check a policy for the others: upgrade it first",
        crew->ones[old].agent.roster.nodes[old].name);
    assert_string_equal(crew->ones[leader].words, words);
    /* Off for its upgrade, it holds nobody up. */
    crew_kill(crew, old);
    crew_settle(crew);
    crew_push(crew, leader, "two");
    crew_run(crew, 500);
    in_force_everywhere(crew, 1);
    crew_free(crew);
}

static void who_is_not_there_is_not_asked_and_has_it_when_he_comes(void **state)
{
    struct crew *crew = crew_new(6);
    int leader = crew_leader(crew), off = crew_other(crew, leader, -1);

    (void)state;
    crew_kill(crew, off);
    crew_settle(crew);
    crew_push(crew, leader, "one");
    crew_run(crew, 300);
    assert_int_equal(crew->ones[leader].n_done, 1);
    crew_start(crew, off);
    crew_settle(crew);
    in_force_everywhere(crew, 1);
    crew_free(crew);
}

static void who_comes_while_it_is_checked_is_asked_too(void **state)
{
    struct crew *crew = crew_new(7);
    int leader = crew_leader(crew), asker = leader;
    int late = crew_other(crew, leader, -1), slow = crew_other(crew, leader, late);

    (void)state;
    crew_kill(crew, late);
    crew_settle(crew);
    crew->ones[slow].opinion = SAYS_NOTHING;
    crew_push(crew, asker, "one");
    crew_run(crew, 300);
    crew->ones[late].n_checks = 0;
    crew->ones[late].opinion = REFUSES;
    crew_start(crew, late);
    crew_settle(crew);
    crew_run(crew, 300);
    assert_int_equal(crew->ones[late].n_checks, 1);
    assert_int_equal(crew->ones[asker].code, CONTROL_EXIT_REFUSED);
    in_force_everywhere(crew, 0);
    crew_free(crew);
}

static void who_goes_while_it_is_checked_is_not_waited_for(void **state)
{
    struct crew *crew = crew_new(8);
    int leader = crew_leader(crew), silent = crew_other(crew, leader, -1);

    (void)state;
    crew->ones[silent].opinion = SAYS_NOTHING;
    crew_push(crew, leader, "one");
    crew_run(crew, 300);
    in_force_everywhere(crew, 0);
    crew_kill(crew, silent);
    crew_run(crew, 3000);
    in_force_everywhere(crew, 1);
    assert_int_equal(crew->ones[leader].n_done, 1);
    crew_free(crew);
}

static void the_next_leader_goes_on_with_what_the_one_before_had_asked(void **state)
{
    struct crew *crew = crew_new(9);
    int leader = crew_leader(crew), asker = crew_other(crew, leader, -1);
    int slow = crew_other(crew, leader, asker);

    (void)state;
    crew->ones[slow].opinion = SAYS_NOTHING;
    crew_push(crew, asker, "one");
    crew_run(crew, 300);
    crew_kill(crew, leader);
    crew_settle(crew);
    crew->ones[slow].opinion = ACCEPTS;
    crew_run(crew, 300);
    in_force_everywhere(crew, 1);
    assert_int_equal(crew->ones[asker].n_done, 1);
    assert_int_equal(crew->ones[asker].n_errors, 0);
    crew_free(crew);
}

static void two_pushes_at_once_are_two_versions(void **state)
{
    struct crew *crew = crew_new(10);

    (void)state;
    crew_push(crew, 0, "one");
    crew_push(crew, 1, "two");
    crew_run(crew, 600);
    in_force_everywhere(crew, 2);
    assert_int_equal(crew->ones[0].n_done, 1);
    assert_int_equal(crew->ones[1].n_done, 1);
    assert_int_not_equal(crew->ones[0].done_version, crew->ones[1].done_version);
    crew_free(crew);
}

static void who_hangs_up_before_it_is_checked_has_pushed_nothing(void **state)
{
    struct crew *crew = crew_new(11);

    (void)state;
    crew->ones[0].opinion = SAYS_NOTHING;
    crew_push(crew, 0, "one");
    crew_run(crew, 50);
    crew_hang_up(crew, 0);
    crew->ones[0].opinion = ACCEPTS;
    crew_run(crew, 500);
    in_force_everywhere(crew, 0);
    assert_int_equal(crew->ones[0].n_done + crew->ones[0].n_errors, 0);
    crew_free(crew);
}

/* Its message is on its way when the ring breaks; what it hears later is what became of it. */
static void who_was_cut_off_hears_what_became_of_it(void **state)
{
    (void)state;
    for (int after = 0; after < 60; after += 3) {
        struct crew *crew = crew_new(20 + (uint64_t)after);
        int leader = crew_leader(crew), asker = crew_other(crew, leader, -1);
        const struct one *one = &crew->ones[asker];

        crew_push(crew, asker, "one");
        crew_run(crew, after);
        crew_cut(crew, asker);
        crew_run(crew, 1500);
        crew_mend(crew);
        crew_settle(crew);
        crew_run(crew, 12000);
        assert_int_equal(one->n_done + one->n_errors, 1);
        in_force_everywhere(crew, crew_version(crew, leader));
        assert_in_range(crew_version(crew, leader), 0, 1);
        if (one->n_done)
            in_force_everywhere(crew, 1);
        crew_free(crew);
    }
}

static void what_may_have_been_in_force_meanwhile_is_called_unknown(void **state)
{
    struct crew *crew = crew_new(12);
    int leader = crew_leader(crew), asker = crew_other(crew, leader, -1);
    struct one *one = &crew->ones[asker];

    (void)state;
    for (int at = 0; at < CREW; at++)
        crew->ones[at].opinion = at == asker ? ACCEPTS : SAYS_NOTHING;
    crew_push(crew, asker, "mine");
    crew_run(crew, 100);
    crew_cut(crew, asker);
    crew_run(crew, 600);
    for (int at = 0; at < CREW; at++)
        crew->ones[at].opinion = ACCEPTS;
    crew_push(crew, leader, "two");
    crew_push(crew, leader, "three");
    crew_run(crew, 600);
    /* What it is told of the past does not reach back so far. */
    for (int at = 0; at < CREW; at++) {
        if (at == asker)
            continue;
        json_array_clear(crew->ones[at].past);
        crew_kill(crew, at);
        crew_start(crew, at);
    }
    assert_int_equal(one->n_done + one->n_errors, 0);
    crew_mend(crew);
    crew_settle(crew);
    crew_run(crew, 1000);
    assert_int_equal(one->n_done, 0);
    assert_int_equal(one->n_errors, 1);
    assert_non_null(strstr(one->words, "in between is not known"));
    in_force_everywhere(crew, 3);
    crew_free(crew);
}

/* It came into force while its asker was cut off, and nobody remembers who asked for what. */
static void the_id_in_the_record_says_that_it_has_happened(void **state)
{
    struct crew *crew = crew_new(13);
    int leader = crew_leader(crew), asker = crew_other(crew, leader, -1);
    struct one *one = &crew->ones[asker];

    (void)state;
    for (int at = 0; at < CREW; at++)
        crew->ones[at].opinion = at == asker ? ACCEPTS : SAYS_NOTHING;
    crew_push(crew, asker, "mine");
    crew_run(crew, 100);
    crew_cut(crew, asker);
    crew_run(crew, 600);
    for (int at = 0; at < CREW; at++)
        crew->ones[at].opinion = ACCEPTS;
    crew_run(crew, 600);
    assert_int_equal(crew_version(crew, leader), 1);
    for (int at = 0; at < CREW; at++) {
        if (at == asker)
            continue;
        json_array_clear(crew->ones[at].past);
        crew_kill(crew, at);
        crew_start(crew, at);
    }
    assert_int_equal(one->n_done + one->n_errors, 0);
    crew_mend(crew);
    crew_settle(crew);
    crew_run(crew, 1000);
    assert_int_equal(one->n_done, 1);
    in_force_everywhere(crew, 1);
    crew_free(crew);
}

/* The leader, who asked, or the third dies so many ms after the push, and comes back. */
static void die_at(int who, int after)
{
    struct crew *crew = crew_new(1000 + (uint64_t)after);
    int leader = crew_leader(crew), asker = crew_other(crew, leader, -1);
    int third = crew_other(crew, leader, asker);
    int victim = who == 0 ? leader : who == 1 ? asker : third;
    const struct one *one = &crew->ones[asker];

    crew_push(crew, asker, "one");
    crew_run(crew, after);
    crew_kill(crew, victim);
    crew_run(crew, 700);
    crew_start(crew, victim);
    crew_settle(crew);
    crew_run(crew, 3000);
    assert_in_range(crew_version(crew, 0), 0, 1);
    in_force_everywhere(crew, crew_version(crew, 0));
    if (victim != asker) {
        /* Who lives on is told, and told the truth. */
        assert_int_equal(one->n_done + one->n_errors, 1);
        assert_int_equal(crew_version(crew, 0), one->n_done);
    }
    crew_free(crew);
}

static void whoever_dies_at_whatever_step_it_is_old_or_new_everywhere(void **state)
{
    (void)state;
    for (int who = 0; who < 3; who++) {
        for (int after = 0; after < 40; after++)
            die_at(who, after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_all_accept_is_in_force_on_all),
        cmocka_unit_test(what_was_compiled_for_the_check_is_what_comes_into_force),
        cmocka_unit_test(one_that_refuses_says_so_and_nothing_changes),
        cmocka_unit_test(what_the_asked_node_refuses_nobody_else_hears_of),
        cmocka_unit_test(one_that_says_nothing_is_waited_for_and_then_it_is_refused),
        cmocka_unit_test(an_older_release_is_named_and_its_silence_is_no_yes),
        cmocka_unit_test(who_is_not_there_is_not_asked_and_has_it_when_he_comes),
        cmocka_unit_test(who_comes_while_it_is_checked_is_asked_too),
        cmocka_unit_test(who_goes_while_it_is_checked_is_not_waited_for),
        cmocka_unit_test(the_next_leader_goes_on_with_what_the_one_before_had_asked),
        cmocka_unit_test(two_pushes_at_once_are_two_versions),
        cmocka_unit_test(who_hangs_up_before_it_is_checked_has_pushed_nothing),
        cmocka_unit_test(who_was_cut_off_hears_what_became_of_it),
        cmocka_unit_test(what_may_have_been_in_force_meanwhile_is_called_unknown),
        cmocka_unit_test(the_id_in_the_record_says_that_it_has_happened),
        cmocka_unit_test(whoever_dies_at_whatever_step_it_is_old_or_new_everywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
