/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One member among others over the loopback: agreeing, catching up, leading, taking over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/quorum/world.h"

static const struct lease_timing timing = {{1500}, {250}, {1000}, {275}, {0}};

static struct world *three(uint64_t seed)
{
    struct world *world = world_new(3, seed, &timing);

    for (int at = 0; at < 3; at++)
        world_power_on(world, at);
    assert_true(world_settle(world, 5000));
    return world;
}

static const char *record(struct world *world, int at, const char *key)
{
    return json_string_value(json_object_get(member_records(world->actors[at].member), key));
}

static void a_group_of_three_agrees_on_a_leader_and_its_lease_runs(void **state)
{
    struct world *world = three(1);

    (void)state;
    for (int at = 0; at < 3; at++) {
        const struct actor *actor = &world->actors[at];

        assert_int_equal(actor->status.leader, world_leader(world));
        assert_int_equal(actor->status.synced, 7);
        assert_true(actor->status.is_quorate);
    }
    world_run(world, 1000);
    for (int at = 0; at < 3; at++) {
        struct lease *lease = member_lease(world->actors[at].member);

        assert_true(lease_until(lease).ms > world_clock(&world->actors[at]).ms);
    }
    world_free(world);
}

static void a_patch_of_the_leader_takes_effect_everywhere_and_is_durable(void **state)
{
    struct world *world = three(2);
    int leader = world_leader(world);
    uint64_t token = world_set(world, leader, "colour", "red");

    (void)state;
    assert_true(token > 0);
    assert_true(world->actors[leader].status.has_proposal);
    world_run(world, 300);
    for (int at = 0; at < 3; at++) {
        assert_string_equal(record(world, at, "colour"), "red");
        assert_int_equal(world->actors[at].durable, 1);
    }
    assert_int_equal(world->actors[leader].committed_token, token);
    assert_false(world->actors[leader].status.has_proposal);
    assert_string_equal(world->violation, "");
    world_free(world);
}

static void only_the_leader_may_propose_and_only_one_at_a_time(void **state)
{
    struct world *world = three(3);
    int leader = world_leader(world);

    (void)state;
    assert_int_equal(world_set(world, (leader + 1) % 3, "colour", "red"), 0);
    assert_true(world_set(world, leader, "colour", "red") > 0);
    assert_int_equal(world_set(world, leader, "colour", "blue"), 0);
    world_run(world, 300);
    assert_true(world_set(world, leader, "colour", "blue") > 0);
    world_run(world, 300);
    assert_string_equal(record(world, 0, "colour"), "blue");
    world_free(world);
}

static void a_joiner_far_behind_gets_everything_and_leads_nobody(void **state)
{
    struct world *world = three(4);
    int joiner = (world_leader(world) + 1) % 3;
    char *big = malloc(700001);

    (void)state;
    for (int i = 0; i < 700000; i += 2)
        memcpy(big + i, "\xc3\xa9", 2); /* characters of two bytes: pieces must not cut them */
    big[700000] = '\0';
    world_power_off(world, joiner);
    world_run(world, 1000);
    assert_true(world_settle(world, 3000));
    for (int i = 0; i < 5; i++) {
        assert_true(world_set(world, world_leader(world), i ? "small" : "big", i ? "x" : big) > 0);
        world_run(world, 400);
    }
    world_power_on(world, joiner);
    assert_true(world_settle(world, 5000));
    assert_string_equal(record(world, joiner, "big"), big);
    assert_string_equal(record(world, joiner, "small"), "x");
    assert_int_not_equal(world_leader(world), joiner);
    assert_int_equal(world->actors[joiner].n_resets, 2); /* alone at first boot, and now */
    assert_int_equal(json_object_size(world->actors[joiner].disk), 7);
    free(big);
    world_free(world);
}

static void a_minority_neither_leads_nor_writes_and_its_lease_ends(void **state)
{
    struct world *world = three(5);
    int leader = world_leader(world), apart[WORLD_NODES] = {0};

    (void)state;
    apart[leader] = 1;
    loopback_cut(world->loopback, apart);
    world_run(world, 3000);
    assert_false(world->actors[leader].status.is_leader);
    assert_false(world->actors[leader].status.is_quorate);
    assert_int_equal(world_set(world, leader, "colour", "red"), 0);
    assert_int_not_equal(world_leader(world), leader);
    assert_true(world_set(world, world_leader(world), "colour", "blue") > 0);
    world_run(world, 300);
    world_heal(world);
    assert_true(world_settle(world, 3000));
    assert_string_equal(record(world, leader, "colour"), "blue");
    world_free(world);
}

static void a_restarted_agent_has_what_its_disk_had_and_does_not_take_the_lead(void **state)
{
    struct world *world = three(6);
    int leader = world_leader(world), other = (leader + 1) % 3;

    (void)state;
    world_set(world, leader, "colour", "red");
    world_run(world, 300);
    world_kill_agent(world, other);
    world_run(world, 100);
    world_start_agent(world, other);
    assert_string_equal(record(world, other, "colour"), "red");
    assert_true(world_settle(world, 3000));
    assert_int_equal(world_leader(world), leader);
    world_kill_agent(world, leader);
    assert_true(world_settle(world, 3000));
    world_start_agent(world, leader);
    assert_true(world_settle(world, 3000));
    assert_int_not_equal(world_leader(world), leader);
    world_free(world);
}

static void a_proposal_cut_off_before_anybody_else_had_it_is_voided(void **state)
{
    int n_voided = 0, n_adopted = 0;

    (void)state;
    for (uint64_t seed = 100; seed < 140; seed++) {
        struct world *world = three(seed);
        int leader = world_leader(world), apart[WORLD_NODES] = {0};
        uint64_t token = world_set(world, leader, "colour", "red");

        apart[leader] = 1;
        world_run(world, (int64_t)(seed % 4) * WORLD_STEP_MS);
        loopback_cut(world->loopback, apart);
        world_run(world, 2000);
        world_heal(world);
        assert_true(world_settle(world, 3000));
        world_run(world, 100);
        if (world->actors[leader].committed_token == token) {
            n_adopted++;
            assert_string_equal(record(world, (leader + 1) % 3, "colour"), "red");
        } else {
            n_voided++;
            assert_int_equal(world->actors[leader].voided_token, token);
            assert_null(record(world, leader, "colour"));
        }
        assert_false(world->actors[leader].status.has_proposal);
        assert_string_equal(world->violation, "");
        world_free(world);
    }
    assert_true(n_voided > 0 && n_adopted > 0);
}

static void everything_killed_at_once_comes_back_with_the_last_durable_record(void **state)
{
    struct world *world = three(8);

    (void)state;
    world_set(world, world_leader(world), "colour", "red");
    world_run(world, 300);
    for (int at = 0; at < 3; at++)
        world_power_off(world, at);
    world_run(world, 1000);
    for (int at = 0; at < 3; at++)
        world_power_on(world, at);
    assert_true(world_settle(world, 3000));
    for (int at = 0; at < 3; at++)
        assert_string_equal(record(world, at, "colour"), "red");
    assert_true(world_set(world, world_leader(world), "colour", "blue") > 0);
    world_free(world);
}

static void a_silent_member_blocks_nobody_for_longer_than_a_lease(void **state)
{
    struct world *world = three(9);
    int leader = world_leader(world), silent = (leader + 1) % 3, third = (leader + 2) % 3;

    (void)state;
    world_stall(world, silent, true);
    world_kill_agent(world, third);
    world_run(world, 50);
    world_start_agent(world, third);
    world_run(world, 3000);
    assert_true(world->actors[leader].status.is_leader);
    assert_int_equal(world->actors[leader].status.synced,
                     node_bit((node_id)leader) | node_bit((node_id)third));
    world_stall(world, silent, false);
    assert_true(world_settle(world, 2000));
    assert_int_equal(world->actors[leader].status.synced, 7);
    world_free(world);
}

static void a_leader_that_hangs_while_its_node_lives_is_replaced_and_declared_off(void **state)
{
    struct world *world = three(8);
    int hung = world_leader(world), leader;
    autojson *patch = json_pack("{s:{s:s}}", "set", "off", "it");
    struct lease_status status;
    struct err err = {0};

    (void)state;
    world_stall(world, hung, true);
    world_run(world, 12000);
    leader = world->actors[(hung + 1) % 3].status.leader;
    assert_true(leader >= 0 && leader != hung);
    /* corosync lists it all the same: it is in the group, and takes no part. */
    assert_true(node_in(world->actors[leader].status.agents, (node_id)hung));
    assert_int_equal(world->actors[leader].status.synced, 7 & ~(1 << hung));
    lease_status(member_lease(world->actors[leader].member), (node_id)hung,
                 world_clock(&world->actors[leader]), &status);
    assert_true(status.is_proven_off);
    assert_true(member_propose(world->actors[leader].member, world_clock(&world->actors[leader]),
                               patch, 1u << hung, 7, &err));
    world_run(world, 1000);
    assert_string_equal(record(world, leader, "off"), "it");
    world_stall(world, hung, false);
    assert_true(world_settle(world, 5000));
    assert_string_equal(record(world, hung, "off"), "it");
    world_free(world);
}

static void what_one_member_tells_all_hear(void **state)
{
    struct world *world = three(10);
    json_t *body = json_pack("{s:b}", "runs", 1);

    (void)state;
    assert_true(member_tell(world->actors[2].member, body, NULL));
    world_run(world, 200);
    for (int at = 0; at < 3; at++)
        assert_int_equal(world->actors[at].n_messages, 1);
    json_decref(body);
    world_free(world);
}

/* This node counts by other votes from now on. */
static void count_by(struct world *world, int at, const int *votes)
{
    struct actor *actor = &world->actors[at];

    actor->roster.expected_votes = 0;
    for (int i = 0; i < world->n_nodes; i++) {
        actor->roster.nodes[i].votes = votes[i];
        actor->roster.expected_votes += votes[i];
    }
    actor->roster.quorum_votes = actor->roster.expected_votes / 2 + 1;
    member_set_roster(actor->member, world_clock(actor), &actor->roster);
}

static void other_votes_count_from_the_next_view_on_and_the_ring_stays(void **state)
{
    static const int votes[] = {1, 1, 0};
    struct world *world = three(31);
    struct ring_id ring = world->actors[0].status.ring;

    (void)state;
    for (int at = 0; at < 3; at++)
        count_by(world, at, votes);
    assert_true(world_settle(world, 1000));
    for (int at = 0; at < 3; at++) {
        const struct actor *actor = &world->actors[at];

        assert_int_equal(ring_compare(ring, actor->status.ring), 0);
        assert_int_equal(actor->status.synced, 7);
        assert_int_equal(actor->status.apart, 0);
    }
    /* Two of two votes are needed by now, and they are not those of any two nodes. */
    world_power_off(world, 1);
    world_run(world, 3000);
    assert_int_equal(world_leader(world), -1);
    world_free(world);
}

/* By somebody's word those who are off count for nothing. */
static void count_by_word(struct world *world, int at)
{
    struct actor *actor = &world->actors[at];

    for (int i = 0; i < world->n_nodes; i++)
        actor->roster.nodes[i].votes = i == at;
    actor->roster.expected_votes = actor->roster.quorum_votes = 1;
    actor->roster.is_by_word = true;
    member_set_roster(actor->member, world_clock(actor), &actor->roster);
}

static void what_is_decided_by_a_word_is_later_than_what_was_agreed_on_before(void **state)
{
    static const int votes[] = {1, 1, 1};
    struct world *world = three(33);
    struct actor *left = &world->actors[0];
    uint64_t epoch;

    (void)state;
    world_power_off(world, 0);
    world_run(world, 8000);
    for (int i = 0; i < 5; i++) {
        world_kill_agent(world, 1);
        world_run(world, 500);
        world_start_agent(world, 1);
        assert_true(world_settle(world, 3000));
    }
    epoch = world->actors[2].status.head.epoch.seq;
    world_power_off(world, 1);
    world_power_off(world, 2);
    world_power_on(world, 0);
    world_run(world, 3000);
    assert_false(left->status.is_in_sync);

    count_by_word(world, 0);
    member_quorum(left->member, world_clock(left), true, left->status.ring);
    assert_true(world_settle(world, 3000));
    assert_int_equal(left->status.head.epoch.seq % 2, 1);
    assert_true(left->status.head.epoch.seq > epoch);
    assert_true(world_set(world, 0, "colour", "blue") > 0);
    world_run(world, 500);
    assert_string_equal(record(world, 0, "colour"), "blue");

    world_power_on(world, 1);
    world_power_on(world, 2);
    left->roster.is_by_word = false;
    count_by(world, 0, votes);
    assert_true(world_settle(world, 4000));
    for (int at = 0; at < 3; at++)
        assert_string_equal(record(world, at, "colour"), "blue");
    world_free(world);
}

static void a_member_without_a_vote_takes_part_in_everything(void **state)
{
    static const int votes[] = {0, 1, 1};
    struct world *world = three(32);
    int leader;

    (void)state;
    for (int at = 0; at < 3; at++)
        count_by(world, at, votes);
    assert_true(world_settle(world, 1000));
    leader = world_leader(world);
    assert_true(world_set(world, leader, "colour", "red") > 0);
    world_run(world, 2000);
    assert_string_equal(record(world, 0, "colour"), "red");
    assert_true(lease_until(member_lease(world->actors[0].member)).ms >
                world_clock(&world->actors[0]).ms);
    world_free(world);
}

static void who_counts_otherwise_is_apart_and_the_others_go_on(void **state)
{
    static const int votes[] = {1, 1, 2};
    struct world *world = three(33);

    (void)state;
    count_by(world, 2, votes);
    world_run(world, 3000);
    assert_false(world->actors[2].status.is_in_sync);
    assert_int_equal(world->actors[2].status.apart, 3);
    assert_true(lease_until(member_lease(world->actors[2].member)).ms <
                world_clock(&world->actors[2]).ms);
    for (int at = 0; at < 2; at++) {
        assert_true(world->actors[at].status.is_in_sync);
        assert_int_equal(world->actors[at].status.apart, 4);
        assert_true(lease_until(member_lease(world->actors[at].member)).ms >
                    world_clock(&world->actors[at]).ms);
    }
    for (int at = 0; at < 2; at++)
        count_by(world, at, votes);
    assert_true(world_settle(world, 1000));
    assert_int_equal(world->actors[2].status.apart, 0);
    world_free(world);
}

/* Its store was damaged: it has nothing, and says so. */
static void lose_disk(struct world *world, int at)
{
    struct actor *actor = &world->actors[at];

    world_power_off(world, at);
    json_object_clear(actor->disk);
    actor->disk_head = (struct ledger_head){.is_lost = true};
}

static void who_lost_its_store_is_no_quorum_with_one_that_was_away(void **state)
{
    struct world *world = three(21);
    int leader = world_leader(world), other = (leader + 1) % 3, away = (leader + 2) % 3;

    (void)state;
    world_power_off(world, away);
    world_run(world, 1000);
    assert_true(world_settle(world, 3000));
    assert_true(world_set(world, world_leader(world), "colour", "red") > 0);
    world_run(world, 400);
    world_power_off(world, leader);
    lose_disk(world, other);
    world_power_on(world, other);
    world_power_on(world, away);
    assert_false(world_settle(world, 8000));
    /* The one that still knows comes back: all are here, and nothing was forgotten. */
    world_power_on(world, leader);
    assert_true(world_settle(world, 8000));
    assert_string_equal(record(world, other, "colour"), "red");
    assert_string_equal(record(world, away, "colour"), "red");
    world_run(world, 500);
    assert_false(world->actors[other].disk_head.is_lost);
    assert_string_equal(world->violation, "");
    world_free(world);
}

static void who_lost_its_store_is_filled_by_a_quorum_and_counts_again(void **state)
{
    struct world *world = three(22);
    int lost = (world_leader(world) + 1) % 3, third;

    (void)state;
    assert_true(world_set(world, world_leader(world), "colour", "red") > 0);
    world_run(world, 400);
    lose_disk(world, lost);
    world_run(world, 1000);
    assert_true(world_settle(world, 3000));
    world_power_on(world, lost);
    assert_true(world_settle(world, 5000));
    world_run(world, 500);
    assert_string_equal(record(world, lost, "colour"), "red");
    assert_false(world->actors[lost].disk_head.is_lost);
    third = world_leader(world);
    world_power_off(world, third);
    world_run(world, 1000);
    assert_true(world_settle(world, 8000));
    assert_true(world_set(world, world_leader(world), "colour", "blue") > 0);
    world_free(world);
}

static void a_message_that_is_not_one_is_refused_with_words(void **state)
{
    struct world *world = three(11);
    struct member *member = world->actors[0].member;
    struct instant now = world_clock(&world->actors[0]);
    struct group_peer from = {2, 1}, stranger = {77, 1};
    json_t *body = json_object();
    struct err err = {{0}};
    size_t length;
    char *bytes = wire_pack(WIRE_BEAT, 1, body, &length);

    (void)state;
    assert_false(member_message(member, now, stranger, bytes, length, &err));
    assert_non_null(strstr(err.text, "node 77"));
    assert_false(member_message(member, now, from, bytes, length, &err));
    assert_non_null(strstr(err.text, "from n2: \"ring\" is missing"));
    assert_false(member_message(member, now, from, bytes, 5, &err));
    assert_non_null(strstr(err.text, "cut short"));
    bytes[length - 1] ^= 1;
    assert_false(member_message(member, now, from, bytes, length, &err));
    assert_non_null(strstr(err.text, "checksum"));
    free(bytes);
    json_decref(body);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_of_three_agrees_on_a_leader_and_its_lease_runs),
        cmocka_unit_test(a_patch_of_the_leader_takes_effect_everywhere_and_is_durable),
        cmocka_unit_test(only_the_leader_may_propose_and_only_one_at_a_time),
        cmocka_unit_test(a_joiner_far_behind_gets_everything_and_leads_nobody),
        cmocka_unit_test(a_minority_neither_leads_nor_writes_and_its_lease_ends),
        cmocka_unit_test(a_restarted_agent_has_what_its_disk_had_and_does_not_take_the_lead),
        cmocka_unit_test(a_proposal_cut_off_before_anybody_else_had_it_is_voided),
        cmocka_unit_test(everything_killed_at_once_comes_back_with_the_last_durable_record),
        cmocka_unit_test(a_silent_member_blocks_nobody_for_longer_than_a_lease),
        cmocka_unit_test(a_leader_that_hangs_while_its_node_lives_is_replaced_and_declared_off),
        cmocka_unit_test(what_one_member_tells_all_hear),
        cmocka_unit_test(other_votes_count_from_the_next_view_on_and_the_ring_stays),
        cmocka_unit_test(what_is_decided_by_a_word_is_later_than_what_was_agreed_on_before),
        cmocka_unit_test(a_member_without_a_vote_takes_part_in_everything),
        cmocka_unit_test(who_counts_otherwise_is_apart_and_the_others_go_on),
        cmocka_unit_test(who_lost_its_store_is_no_quorum_with_one_that_was_away),
        cmocka_unit_test(who_lost_its_store_is_filled_by_a_quorum_and_counts_again),
        cmocka_unit_test(a_message_that_is_not_one_is_refused_with_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
