/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Quorum by somebody's word: what is refused, what counts then, when it is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "quorum/forced.h"

#define NOW(ms_) ((struct instant){ms_})
#define ONE 1u
#define OTHERS 6u

static struct roster roster_of(int n_nodes)
{
    struct roster roster = {.n_nodes = n_nodes, .expected_votes = n_nodes};

    for (int i = 0; i < n_nodes; i++) {
        roster.nodes[i].nodeid = (uint32_t)i + 11;
        roster.nodes[i].votes = 1;
        roster.nodes[i].name[0] = (char)('a' + i);
    }
    roster.quorum_votes = n_nodes / 2 + 1;
    return roster;
}

static struct forced_wish wish_of(const struct roster *roster)
{
    return (struct forced_wish){roster, ONE, OTHERS, 1, duration_ms(60000)};
}

static void refused(const struct forced_wish *wish, const char *words)
{
    struct err err = {{0}};

    assert_false(forced_check(wish, &err));
    if (!strstr(err.text, words))
        fail_msg("\"%s\" says nothing of \"%s\"", err.text, words);
}

static void with_all_who_are_away_sworn_off_it_is_allowed(void **state)
{
    struct roster roster = roster_of(3);
    struct forced_wish wish = wish_of(&roster);
    struct err err = {{0}};

    (void)state;
    assert_true(forced_check(&wish, &err));
}

static void each_who_is_away_must_be_named(void **state)
{
    struct roster roster = roster_of(3);
    struct forced_wish wish = wish_of(&roster);

    (void)state;
    wish.off = 2u;
    refused(&wish, "are off: c.");
    wish.off = 0;
    refused(&wish, "are off: b c.");
}

static void who_is_here_is_not_off(void **state)
{
    struct roster roster = roster_of(3);
    struct forced_wish wish = wish_of(&roster);

    (void)state;
    wish.off = OTHERS | ONE;
    refused(&wish, "but here, in corosync's ring: a");
}

static void votes_must_be_those_that_help(void **state)
{
    struct roster roster = roster_of(5);
    struct forced_wish wish = {&roster, 3u, 28u, 2, duration_ms(60000)};
    struct err err = {{0}};

    (void)state;
    assert_true(forced_check(&wish, &err));
    wish.expected = 1;
    refused(&wish, "2 votes are here");
    wish.expected = 4;
    refused(&wish, "no quorum either: say 2");
    wish.expected = 6;
    refused(&wish, "more than the 5");
    wish.here = 0;
    wish.expected = 1;
    refused(&wish, "no node with a vote");
}

static void a_time_is_needed_and_has_an_end(void **state)
{
    struct roster roster = roster_of(3);
    struct forced_wish wish = wish_of(&roster);

    (void)state;
    wish.lasts = duration_ms(0);
    refused(&wish, "for 30m");
    wish.lasts = duration_ms(FORCED_MAX_MS + 1);
    refused(&wish, "24 hours at most");
}

static void beside_a_witness_it_is_refused(void **state)
{
    struct roster roster = roster_of(3);
    struct forced_wish wish = wish_of(&roster);

    (void)state;
    roster.has_witness = true;
    refused(&wish, "witness");
}

static void names_are_read_and_checked(void **state)
{
    struct roster roster = roster_of(3);
    struct err err = {{0}};
    node_set off;

    (void)state;
    assert_true(forced_read_names(&roster, "b,c", &off, &err));
    assert_int_equal(off, OTHERS);
    assert_true(forced_read_names(&roster, " c  b ", &off, &err));
    assert_int_equal(off, OTHERS);
    assert_true(forced_read_names(&roster, "", &off, &err));
    assert_int_equal(off, 0);
    assert_false(forced_read_names(&roster, "b d", &off, &err));
    assert_string_equal(err.text, "corosync knows no node \"d\"");
}

static struct forced forced_of_one(void)
{
    return (struct forced){.is_in_force = true,
                           .expected = 1,
                           .off = {12, 13},
                           .n_off = 2,
                           .until = NOW(90000),
                           .boot_id = "boot",
                           .by = "root",
                           .at = 5,
                           .until_wall = 6};
}

static void those_sworn_off_have_no_vote_and_who_counts_so_is_apart(void **state)
{
    struct roster roster = roster_of(3), configured = roster_of(3);
    struct forced forced = forced_of_one();

    (void)state;
    roster.is_forced = true;
    forced_apply(&forced, &roster);
    assert_int_equal(roster_votes(&roster, OTHERS), 0);
    assert_int_equal(roster_votes(&roster, ONE), 1);
    assert_int_equal(roster.quorum_votes, 1);
    assert_true(roster.is_by_word);
    assert_false(roster.is_forced);
    assert_true(roster_mark(&roster) != roster_mark(&configured));

    /* The same numbers by the file are another way to count. */
    roster.is_by_word = false;
    configured = roster;
    configured.is_by_word = true;
    assert_true(roster_mark(&roster) != roster_mark(&configured));
}

static void what_is_not_in_force_changes_nothing(void **state)
{
    struct roster roster = roster_of(3), configured = roster_of(3);
    struct forced forced = forced_of_one();

    (void)state;
    forced.is_in_force = false;
    forced_apply(&forced, &roster);
    assert_memory_equal(&roster, &configured, sizeof(roster));
}

static void agents_with_a_quorum_need_no_word(void **state)
{
    struct roster roster = roster_of(3);
    struct group_peer agents[] = {{11, 1}, {99, 1}, {13, 1}};

    (void)state;
    assert_false(forced_is_needless(&roster, agents, 1));
    assert_false(forced_is_needless(&roster, agents, 2));
    assert_true(forced_is_needless(&roster, agents, 3));
}

static void it_outlives_the_agent_but_no_boot_and_no_deadline(void **state)
{
    struct forced forced = forced_of_one(), read;
    json_t *record = forced_write(&forced);

    (void)state;
    assert_true(forced_read(record, "boot", NOW(89999), &read));
    assert_memory_equal(read.off, forced.off, sizeof(forced.off));
    assert_int_equal(read.expected, 1);
    assert_int_equal(read.until.ms, 90000);
    assert_string_equal(read.by, "root");
    assert_false(forced_read(record, "boot", NOW(90000), &read));
    assert_false(forced_read(record, "another", NOW(80000), &read));
    assert_false(forced_read(NULL, "boot", NOW(80000), &read));
    json_decref(record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_all_who_are_away_sworn_off_it_is_allowed),
        cmocka_unit_test(each_who_is_away_must_be_named),
        cmocka_unit_test(who_is_here_is_not_off),
        cmocka_unit_test(votes_must_be_those_that_help),
        cmocka_unit_test(a_time_is_needed_and_has_an_end),
        cmocka_unit_test(beside_a_witness_it_is_refused),
        cmocka_unit_test(names_are_read_and_checked),
        cmocka_unit_test(those_sworn_off_have_no_vote_and_who_counts_so_is_apart),
        cmocka_unit_test(what_is_not_in_force_changes_nothing),
        cmocka_unit_test(agents_with_a_quorum_need_no_word),
        cmocka_unit_test(it_outlives_the_agent_but_no_boot_and_no_deadline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
