/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages that no honest member sends: each is refused with words, and harms nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/ledger.h"
#include "quorum/member_internal.h"

/* Two of three nodes, of which one is tested; its disk is as slow as the test wants. */
static const struct lease_timing timing = {{1500}, {250}, {1000}, {275}, {0}};
static const struct instant now = {5000};

static struct member *member;
static uint64_t n_asked;

static bool say(uint32_t nodeid, enum wire_kind kind, json_t *body, struct err *err)
{
    size_t length;
    void *bytes = wire_pack(kind, member->view, body, &length);
    bool is_good;

    err->text[0] = '\0';
    is_good = member_message(member, now, (struct group_peer){nodeid, 7}, bytes, length, err);
    free(bytes);
    json_decref(body);
    return is_good;
}

/* What it sends is delivered to it, too. */
static void drain(void)
{
    struct member_event event;

    while (member_next(member, &event)) {
        struct err err = {{0}};
        void *bytes;

        n_asked += event.kind == MEMBER_STORE;
        if (event.kind != MEMBER_SEND)
            continue;
        bytes = memcpy(malloc(event.length), event.bytes, event.length);
        assert_true(
            member_message(member, now, (struct group_peer){1, 7}, bytes, event.length, &err));
        free(bytes);
    }
}

static json_t *hello(uint64_t version, uint64_t hash, json_int_t seq)
{
    return json_pack("{s:o, s:[I,i], s:I, s:I, s:[i,i], s:[i,i], s:b, s:{s:i,s:i,s:[]}}", "roster",
                     wire_word(roster_mark(&member->roster)), "epoch", seq, 2, "version",
                     (json_int_t)version, "hash", (json_int_t)hash, "promised", 0, 0, "joined", 1,
                     2, "veteran", 1, "ages", "base", 1, "path", 0, "of");
}

static int begin(void **state)
{
    static const uint32_t nodeids[] = {1, 2};
    static const struct group_peer peers[] = {{1, 7}, {2, 7}};
    struct member_config config = {.boot_id = "one", .incarnation = 1, .timing = timing};

    (void)state;
    config.roster = (struct roster){.n_nodes = 3, .expected_votes = 3, .quorum_votes = 2};
    for (unsigned i = 0; i < 3; i++) {
        snprintf(config.roster.nodes[i].name, NODE_NAME_MAX, "n%u", i + 1);
        config.roster.nodes[i].nodeid = i + 1;
        config.roster.nodes[i].votes = 1;
    }
    member = member_new(&config, now);
    n_asked = 0;
    member_group(member, now, peers, 2, NULL, 0);
    member_ring(member, now, (struct ring_id){4, 1}, nodeids, 2);
    member_quorum(member, now, true, (struct ring_id){4, 1});
    drain();
    return 0;
}

static int end(void **state)
{
    (void)state;
    member_free(member);
    return 0;
}

static void settle(void)
{
    struct err err;

    assert_true(say(2, WIRE_HELLO, hello(0, 0, 0), &err));
    drain();
    member_stored(member, now, n_asked);
    drain();
    assert_true(say(2, WIRE_READY, json_pack("{s:i,s:i}", "version", 0, "stored", 0), &err));
    drain();
    assert_true(sync_is_in_sync(member));
}

static void an_acknowledgement_of_what_nobody_sent_commits_nothing(void **state)
{
    struct err err;

    (void)state;
    settle();
    assert_false(say(2, WIRE_ACK, json_pack("{s:i}", "version", 99), &err));
    assert_non_null(strstr(err.text, "the newest is 0"));
    assert_false(say(2, WIRE_STORED, json_pack("{s:I}", "version", (json_int_t)-1), &err));
    assert_false(say(2, WIRE_READY, json_pack("{s:i,s:i}", "version", 5, "stored", 5), &err));
    drain();
    assert_int_equal(ledger_committed(member->ledger), 0);
}

static void records_that_were_not_agreed_on_leave_the_own_ones_alone(void **state)
{
    static const char *const others[] = {
        "{\"committed\":3,\"version\":3,\"hash\":8,\"records\":{},\"history\":[],\"pending\":[]}",
        "{\"committed\":-1,\"version\":3,\"hash\":9,\"records\":{},\"history\":[],\"pending\":[]}",
        "{\"committed\":3,\"version\":3,\"hash\":9,\"records\":{\"a\":1},\"history\":[],"
        "\"pending\":[]}",
        "{\"committed\":2,\"version\":3,\"hash\":9,\"records\":{},\"history\":[],"
        "\"pending\":[{\"set\":[]}]}",
        "{\"committed\":3,\"version\":3,\"hash\":9,\"records\":{},\"pending\":[]}",
    };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct ledger_head before;
        struct err err;

        if (i > 0) {
            end(state);
            begin(state);
        }
        before = ledger_head(member->ledger);
        assert_true(say(2, WIRE_HELLO, hello(3, 9, 900), &err));
        drain();
        assert_false(say(2, WIRE_CHUNK,
                         json_pack("{s:i,s:I,s:s}", "at", 0, "of", (json_int_t)strlen(others[i]),
                                   "text", others[i]),
                         &err));
        assert_non_null(strstr(err.text, "the records of another member"));
        assert_int_equal(ledger_head(member->ledger).version, before.version);
        assert_int_equal(ledger_head(member->ledger).hash, before.hash);
        assert_false(member->sync.has_content);
    }
}

static void a_piece_that_announces_more_than_there_can_be_is_refused(void **state)
{
    struct err err;

    (void)state;
    assert_true(say(2, WIRE_HELLO, hello(3, 9, 900), &err));
    drain();
    assert_false(say(2, WIRE_CHUNK,
                     json_pack("{s:i,s:I,s:s}", "at", 0, "of", (json_int_t)INT64_MAX, "text", "x"),
                     &err));
    assert_false(say(2, WIRE_CHUNK, json_pack("{s:i,s:i}", "at", 0, "of", 5), &err));
    assert_non_null(strstr(err.text, "a piece of the records"));
}

static void an_epoch_that_no_ring_can_follow_is_refused(void **state)
{
    struct err err;

    (void)state;
    assert_false(say(2, WIRE_HELLO, hello(1, 1, -1), &err));
    assert_non_null(strstr(err.text, "\"epoch\" is no ring"));
    assert_false(say(2, WIRE_HELLO, hello(UINT64_MAX, 1, 1), &err));
    assert_false(node_in(member->sync.told, 1));
}

static void a_leap_of_rounds_is_refused_and_the_next_round_still_comes(void **state)
{
    struct err err;
    uint64_t group = member_group_name(member);

    (void)state;
    assert_false(say(
        2, WIRE_AGAIN,
        json_pack("{s:o,s:I}", "group", wire_word(group), "round", (json_int_t)UINT32_MAX), &err));
    assert_non_null(strstr(err.text, "behind round 0"));
    assert_true(
        say(2, WIRE_AGAIN, json_pack("{s:o,s:i}", "group", wire_word(group), "round", 1), &err));
    assert_int_equal(member->round, 1);
}

/* A disk that hangs while the others go on: more patches wait than are usually remembered. */
static void a_thousand_changes_while_the_disk_hangs_are_all_kept(void **state)
{
    struct err err;

    (void)state;
    assert_true(say(2, WIRE_HELLO, hello(0, 0, 0), &err));
    drain();
    /* Our READY waits for the disk; somebody else with a vote said his. */
    member->sync.ready = node_bit(1) | node_bit(2);
    member->sync.is_settled = true;
    member->sync.leader = 1;
    for (int i = 0; i < 1000; i++) {
        json_t *body = json_pack("{s:I,s:I,s:[],s:{s:i,s:{s:s}}}", "version",
                                 (json_int_t)member->sync.stream.version, "hash",
                                 (json_int_t)member->sync.stream.hash, "fences", "patch", "version",
                                 i + 1, "set", "key", "value");

        assert_true(say(2, WIRE_PATCH, body, &err));
        drain();
    }
    assert_int_equal(ledger_head(member->ledger).version, 1000);
    assert_non_null(ledger_find(member->ledger, 1));
    assert_int_equal(ledger_committed(member->ledger), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_acknowledgement_of_what_nobody_sent_commits_nothing,
                                        begin, end),
        cmocka_unit_test_setup_teardown(records_that_were_not_agreed_on_leave_the_own_ones_alone,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_piece_that_announces_more_than_there_can_be_is_refused,
                                        begin, end),
        cmocka_unit_test_setup_teardown(an_epoch_that_no_ring_can_follow_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(a_leap_of_rounds_is_refused_and_the_next_round_still_comes,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_thousand_changes_while_the_disk_hangs_are_all_kept, begin,
                                        end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
