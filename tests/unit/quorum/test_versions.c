/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a newer minor adds is passed over and carried on; another major counts as if not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/ledger.h"
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

static void propose(struct world *world, json_t *patch)
{
    int leader = world_leader(world);
    struct actor *actor = &world->actors[leader];
    struct err err = {{0}};

    assert_true(member_propose(actor->member, world_clock(actor), patch, 0, 1, &err));
    json_decref(patch);
    world_run(world, 500);
}

static void a_kind_of_message_that_nobody_knows_is_passed_over_by_all_alike(void **state)
{
    struct world *world = three(1);
    json_t *body = json_pack("{s:s}", "new", "thing");
    struct wire_message message;
    size_t length;
    char *bytes = wire_pack(WIRE_KINDS + 7, 1, body, &length);

    (void)state;
    assert_true(wire_unpack(bytes, length, &message, NULL));
    assert_int_equal(message.kind, WIRE_KINDS);
    assert_null(message.body);
    loopback_send(world->loopback, 1, bytes, length);
    world_run(world, 500);
    assert_string_equal(world->violation, "");
    assert_true(world_leader(world) >= 0);
    propose(world, json_pack("{s:{s:s}}", "set", "colour", "red"));
    for (int at = 0; at < 3; at++)
        assert_string_equal(record(world, at, "colour"), "red");
    free(bytes);
    json_decref(body);
    world_free(world);
}

static const char strange[] = "{ \"later\": 1.50,\"z\":[ ],\"a\" : \"\xc3\xa9\" }";

static void records_and_members_of_a_newer_minor_stay_byte_for_byte(void **state)
{
    struct world *world = three(2);
    int joiner = (world_leader(world) + 1) % 3, donor = (joiner + 1) % 3;
    const json_t *patch;

    (void)state;
    world_power_off(world, joiner);
    world_run(world, 1000);
    assert_true(world_settle(world, 3000));
    propose(world, json_pack("{s:{s:s,s:s}, s:{s:f,s:[]}}", "set", "quota/web", strange, "colour",
                             "red", "novelty", "ratio", 0.1, "list"));
    propose(world, json_pack("{s:{s:s}}", "set", "colour", "blue"));
    world_power_on(world, joiner);
    assert_true(world_settle(world, 5000));
    world_run(world, 500);
    for (int at = 0; at < 3; at++) {
        const json_t *disk = world->actors[at].disk;

        assert_string_equal(record(world, at, "quota/web"), strange);
        assert_string_equal(json_string_value(json_object_get(disk, "quota/web")), strange);
        assert_int_equal(world->actors[at].disk_head.hash, world->actors[donor].disk_head.hash);
    }
    /* The chain has the member that nobody here knows. */
    patch = json_pack("{s:{s:s}}", "set", "quota/web", strange);
    assert_int_not_equal(ledger_hash_next(0, patch), 0);
    json_decref((json_t *)patch);
    world_free(world);
}

static void a_member_that_nobody_knows_in_every_message_changes_nothing(void **state)
{
    struct world *world = world_new(3, 6, &timing);
    int joiner;

    (void)state;
    world->faults.adds_members = true;
    for (int at = 0; at < 3; at++)
        world_power_on(world, at);
    assert_true(world_settle(world, 5000));
    joiner = (world_leader(world) + 1) % 3;
    world_power_off(world, joiner);
    world_run(world, 1000);
    assert_true(world_settle(world, 3000));
    propose(world, json_pack("{s:{s:s}}", "set", "colour", "red"));
    world_power_on(world, joiner);
    assert_true(world_settle(world, 5000));
    world_read(world, joiner);
    world_run(world, 1000);
    assert_int_equal(world->n_reads, 1);
    assert_string_equal(record(world, joiner, "colour"), "red");
    assert_string_equal(world->violation, "");
    world_free(world);
}

static void who_speaks_another_major_is_left_out_at_once_and_it_is_said_once(void **state)
{
    struct world *world = three(3);
    int leader = world_leader(world), newer = (leader + 1) % 3, third = (leader + 2) % 3;
    int n_said;

    (void)state;
    world_kill_agent(world, newer);
    world->actors[newer].major = 1;
    world_run(world, 100);
    world_start_agent(world, newer);
    /* Shorter than a lease, which is how long a silent one is waited for. */
    world_run(world, 600);
    for (int at = 0; at < 3; at++) {
        const struct member_status *status = &world->actors[at].status;

        assert_int_equal(status->is_in_sync, at != newer);
        assert_int_equal(status->foreign, at == newer ? 7 & ~(1 << newer) : 1 << newer);
        assert_int_equal(status->major[at == newer ? leader : newer], wire_major + 1);
    }
    n_said = world->actors[leader].n_foreign;
    assert_int_equal(n_said, 1);
    world_run(world, 3000);
    assert_int_equal(world->actors[leader].n_foreign, n_said);
    assert_true(world_set(world, world_leader(world), "colour", "red") > 0);
    world_run(world, 500);
    assert_string_equal(record(world, third, "colour"), "red");
    assert_null(record(world, newer, "colour"));
    /* It may not act, and nobody calls it off while it is here: what runs there is its own. */
    assert_true(lease_until(member_lease(world->actors[newer].member)).ms <
                world_clock(&world->actors[newer]).ms);
    world_kill_agent(world, newer);
    world->actors[newer].major = 0;
    world_run(world, 100);
    world_start_agent(world, newer);
    assert_true(world_settle(world, 3000));
    assert_string_equal(record(world, newer, "colour"), "red");
    assert_string_equal(world->violation, "");
    world_free(world);
}

static void two_halves_of_two_majors_do_nothing_and_keep_what_they_have(void **state)
{
    struct world *world = world_new(2, 4, &timing);

    (void)state;
    world->actors[1].major = 1;
    for (int at = 0; at < 2; at++)
        world_power_on(world, at);
    world_run(world, 5000);
    for (int at = 0; at < 2; at++) {
        assert_false(world->actors[at].status.is_in_sync);
        assert_int_equal(world->actors[at].status.foreign, 2 >> at);
    }
    world_free(world);
}

static void the_minor_of_each_is_known_once_it_has_told(void **state)
{
    struct world *world = three(5);

    (void)state;
    for (int at = 0; at < 3; at++) {
        assert_int_equal(world->actors[0].status.major[at], wire_major);
        assert_int_equal(world->actors[0].status.minor[at], wire_minor);
    }
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kind_of_message_that_nobody_knows_is_passed_over_by_all_alike),
        cmocka_unit_test(records_and_members_of_a_newer_minor_stay_byte_for_byte),
        cmocka_unit_test(a_member_that_nobody_knows_in_every_message_changes_nothing),
        cmocka_unit_test(who_speaks_another_major_is_left_out_at_once_and_it_is_said_once),
        cmocka_unit_test(two_halves_of_two_majors_do_nothing_and_keep_what_they_have),
        cmocka_unit_test(the_minor_of_each_is_known_once_it_has_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
