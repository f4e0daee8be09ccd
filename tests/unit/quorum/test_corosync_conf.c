/* SPDX-License-Identifier: GPL-3.0-or-later */
/* corosync.conf as a value: its text, its JSON, and that each step is a small one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/corosync_conf.h"

#define STEPS_MAX 200

static struct corosync_conf from, wanted, next;

static void add(struct corosync_conf *conf, uint32_t id, int votes)
{
    char name[8];
    struct corosync_node *node;

    snprintf(name, sizeof(name), "n%u", id);
    node = corosync_conf_add(conf, id, name);
    node->votes = votes;
    node->n_addresses = 1;
    snprintf(node->addresses[0], CONF_ADDRESS_MAX, "10.0.0.%u", id);
}

static void three(struct corosync_conf *conf)
{
    memset(conf, 0, sizeof(*conf));
    conf->version = 7;
    text_copy(conf->cluster, sizeof(conf->cluster), "home");
    conf->token_ms = 1000;
    conf->coefficient_ms = 125;
    add(conf, 1, 1);
    add(conf, 3, 1);
    add(conf, 2, 1);
}

static const struct corosync_presence all_here = {.here = ~(node_set)0};

static enum conf_way step(struct err *words)
{
    return corosync_conf_step(&from, &wanted, &all_here, &next, words);
}

static void the_text_is_what_corosync_reads(void **state)
{
    static char buffer[CONF_TEXT_MAX];
    struct text text;

    (void)state;
    three(&from);
    text_init(&text, buffer, sizeof(buffer));
    corosync_conf_text(&from, &text);
    assert_false(text.was_cut);
    assert_int_equal(corosync_conf_version(buffer), 7);
    assert_non_null(strstr(buffer, "    cluster_name: home\n"));
    assert_non_null(strstr(buffer, "    token: 1000\n    token_coefficient: 125\n"));
    assert_non_null(strstr(buffer, "    node {\n        name: n2\n        nodeid: 2\n"
                                   "        quorum_votes: 1\n        ring0_addr: 10.0.0.2\n"));
    assert_int_equal(corosync_conf_version("totem {\n}\n"), 0);
}

static void give_witness(struct corosync_conf *conf, const char *host, int votes)
{
    text_copy(conf->device.host, sizeof(conf->device.host), host);
    conf->device.votes = votes;
    conf->device.is_lms = votes > 1;
    conf->device.tie_node = 2;
}

static void a_witness_is_written_as_corosync_wants_it(void **state)
{
    static char buffer[CONF_TEXT_MAX];
    struct text text;

    (void)state;
    three(&from);
    text_init(&text, buffer, sizeof(buffer));
    corosync_conf_text(&from, &text);
    assert_null(strstr(buffer, "device"));
    give_witness(&from, "10.0.0.9", 2);
    text_init(&text, buffer, sizeof(buffer));
    corosync_conf_text(&from, &text);
    assert_non_null(strstr(buffer, "quorum {\n"
                                   "    provider: corosync_votequorum\n"
                                   "    device {\n"
                                   "        model: net\n"
                                   "        votes: 2\n"
                                   "        timeout: 3000\n"
                                   "        sync_timeout: 3000\n"
                                   "        net {\n"
                                   "            host: 10.0.0.9\n"
                                   "            algorithm: lms\n"
                                   "            tls: required\n"
                                   "            tie_breaker: 2\n"
                                   "        }\n"
                                   "        heuristics {\n"
                                   "            mode: off\n"
                                   "        }\n"
                                   "    }\n"
                                   "}\n"));
    from.device.is_lms = false;
    from.device.tie_node = DEVICE_TIE_LOWEST;
    text_init(&text, buffer, sizeof(buffer));
    corosync_conf_text(&from, &text);
    assert_non_null(strstr(buffer, "algorithm: ffsplit\n"));
    assert_non_null(strstr(buffer, "tie_breaker: lowest\n"));
    from.device.tie_node = DEVICE_TIE_HIGHEST;
    text_init(&text, buffer, sizeof(buffer));
    corosync_conf_text(&from, &text);
    assert_non_null(strstr(buffer, "tie_breaker: highest\n"));
}

static void the_largest_text_fits(void **state)
{
    static char buffer[CONF_TEXT_MAX];
    struct text text;

    (void)state;
    three(&from);
    give_witness(&from, "", 8000);
    memset(from.device.host, 'w', sizeof(from.device.host) - 1);
    from.device.tie_node = 4000000000;
    from.n_nodes = 0;
    for (uint32_t id = 1; id <= NODES_MAX; id++) {
        struct corosync_node *node = corosync_conf_add(&from, 4000000000u + id, "");

        memset(node->name, 'n', NODE_NAME_MAX - 1);
        node->n_addresses = LINKS_MAX;
        for (int link = 0; link < LINKS_MAX; link++)
            memset(node->addresses[link], '1', CONF_ADDRESS_MAX - 1);
    }
    text_init(&text, buffer, sizeof(buffer));
    corosync_conf_text(&from, &text);
    assert_false(text.was_cut);
}

static void json_there_and_back_is_the_same(void **state)
{
    struct err err = {{0}};
    json_t *value;

    (void)state;
    three(&from);
    value = corosync_conf_json(&from);
    assert_true(corosync_conf_read(value, &next, &err));
    assert_memory_equal(&from, &next, sizeof(from));
    assert_null(json_object_get(value, "device"));
    json_decref(value);
    give_witness(&from, "10.0.0.9", 2);
    value = corosync_conf_json(&from);
    assert_true(corosync_conf_read(value, &next, &err));
    assert_memory_equal(&from, &next, sizeof(from));
    json_object_set_new(json_object_get(value, "device"), "votes", json_integer(0));
    assert_false(corosync_conf_read(value, &next, &err));
    assert_string_equal(err.text, "\"10.0.0.9\" is no witness that corosync would take");
    json_object_set_new(json_array_get(json_object_get(value, "nodes"), 1), "id", json_integer(1));
    assert_false(corosync_conf_read(value, &next, &err));
    assert_string_equal(err.text, "the nodes are not in the order of their ids");
    json_object_set_new(json_array_get(json_object_get(value, "nodes"), 1), "votes",
                        json_integer(256));
    assert_false(corosync_conf_read(value, &next, &err));
    assert_string_equal(err.text, "\"n2\" is no node that corosync would take");
    json_object_del(value, "token");
    assert_false(corosync_conf_read(value, &next, &err));
    json_decref(value);
}

static void what_no_corosync_would_take_is_refused_with_words(void **state)
{
    struct err err = {{0}};

    (void)state;
    three(&from);
    assert_true(corosync_conf_is_good(&from, &err));
    text_copy(from.nodes[2].addresses[0], sizeof(from.nodes[2].addresses[0]), "10.0.0.1");
    assert_false(corosync_conf_is_good(&from, &err));
    assert_string_equal(err.text, "address 10.0.0.1 of node n3 is that of node n1 already");
    three(&from);
    from.nodes[1].n_addresses = 2;
    text_copy(from.nodes[1].addresses[1], sizeof(from.nodes[1].addresses[1]), "10.1.0.2");
    assert_false(corosync_conf_is_good(&from, &err));
    assert_non_null(strstr(err.text, "node n2 has 2 addresses and node n1 has 1"));
    from.nodes[1].n_addresses = 0;
    assert_false(corosync_conf_is_good(&from, &err));
    assert_non_null(strstr(err.text, "node n2 has no address"));
    three(&from);
    for (int i = 0; i < 3; i++)
        from.nodes[i].votes = 0;
    assert_false(corosync_conf_is_good(&from, &err));
    assert_non_null(strstr(err.text, "no node has a vote"));
}

static void times_and_links_change_at_once(void **state)
{
    struct err words;

    (void)state;
    three(&from);
    wanted = from;
    assert_int_equal(step(&words), CONF_SAME);
    wanted.token_ms = 3000;
    text_copy(wanted.nodes[0].addresses[1], sizeof(wanted.nodes[0].addresses[1]), "10.1.0.1");
    wanted.nodes[0].n_addresses = 2;
    assert_int_equal(step(&words), CONF_NEXT);
    assert_true(corosync_conf_equal(&next, &wanted));
    assert_int_equal(next.version, 8);
}

static void a_new_node_comes_without_a_vote_and_gets_it_when_it_is_here(void **state)
{
    struct corosync_presence presence = {.here = 7};
    struct err words;

    (void)state;
    three(&from);
    wanted = from;
    add(&wanted, 4, 1);
    assert_int_equal(corosync_conf_step(&from, &wanted, &presence, &next, &words), CONF_NEXT);
    assert_int_equal(next.n_nodes, 4);
    assert_int_equal(next.nodes[3].votes, 0);
    from = next;
    assert_int_equal(corosync_conf_step(&from, &wanted, &presence, &next, &words), CONF_WAITS);
    assert_string_equal(words.text, "node n4 gets its votes when its agent is here");
    presence.here = 15;
    assert_int_equal(corosync_conf_step(&from, &wanted, &presence, &next, &words), CONF_NEXT);
    assert_int_equal(next.nodes[3].votes, 1);
}

static void a_node_that_goes_loses_its_vote_and_then_its_place(void **state)
{
    struct corosync_presence presence = {.here = 7};
    struct err words;

    (void)state;
    three(&from);
    wanted = from;
    wanted.n_nodes = 2;
    assert_int_equal(corosync_conf_step(&from, &wanted, &presence, &next, &words), CONF_NEXT);
    assert_int_equal(next.n_nodes, 3);
    assert_int_equal(next.nodes[2].votes, 0);
    from = next;
    assert_int_equal(corosync_conf_step(&from, &wanted, &presence, &next, &words), CONF_WAITS);
    assert_string_equal(words.text, "node n3 is taken out when it is off for sure");
    presence = (struct corosync_presence){.here = 3, .off = 4};
    assert_int_equal(corosync_conf_step(&from, &wanted, &presence, &next, &words), CONF_NEXT);
    assert_int_equal(next.n_nodes, 2);
    assert_true(corosync_conf_equal(&next, &wanted));
}

static void votes_that_are_needed_stay(void **state)
{
    struct corosync_presence presence = {.here = 3, .off = 4};
    struct err words;

    (void)state;
    three(&from);
    wanted = from;
    wanted.nodes[0].votes = 0;
    assert_int_equal(corosync_conf_step(&from, &wanted, &presence, &next, &words), CONF_WAITS);
    assert_string_equal(words.text, "node n1 keeps its votes for now, or those who are here would "
                                    "be no quorum");
}

static void a_witness_comes_with_one_vote_and_goes_with_its_last(void **state)
{
    struct err words;

    (void)state;
    three(&from);
    wanted = from;
    give_witness(&wanted, "10.0.0.9", 2);
    assert_int_equal(step(&words), CONF_NEXT);
    assert_string_equal(next.device.host, "10.0.0.9");
    assert_int_equal(next.device.votes, 1);
    from = next;
    assert_int_equal(step(&words), CONF_NEXT);
    assert_int_equal(next.device.votes, 2);
    from = next;
    assert_int_equal(step(&words), CONF_SAME);

    /* Another takes its place only when it is gone. */
    give_witness(&wanted, "10.0.0.8", 2);
    assert_int_equal(step(&words), CONF_NEXT);
    assert_string_equal(next.device.host, "10.0.0.9");
    assert_int_equal(next.device.votes, 1);
    from = next;
    assert_int_equal(step(&words), CONF_NEXT);
    assert_string_equal(next.device.host, "");
    from = next;
    assert_int_equal(step(&words), CONF_NEXT);
    assert_string_equal(next.device.host, "10.0.0.8");

    /* Whose half goes on is no vote. */
    from = wanted;
    wanted.device.tie_node = 3;
    assert_int_equal(step(&words), CONF_NEXT);
    assert_true(corosync_conf_equal(&next, &wanted));
}

static void a_witness_waits_for_those_who_would_need_it(void **state)
{
    struct corosync_presence presence = {.here = 3};
    struct err words;

    (void)state;
    three(&from);
    wanted = from;
    give_witness(&wanted, "10.0.0.9", 2);
    assert_int_equal(corosync_conf_step(&from, &wanted, &presence, &next, &words), CONF_WAITS);
    assert_string_equal(words.text, "the witness gets its votes when those who are here are a "
                                    "quorum without it");
    from = wanted;
    memset(&wanted.device, 0, sizeof(wanted.device));
    presence.here = 1;
    assert_int_equal(corosync_conf_step(&from, &wanted, &presence, &next, &words), CONF_WAITS);
    assert_string_equal(words.text, "the witness keeps its votes for now, or those who are here "
                                    "would be no quorum");
}

static void votes_of_those_sworn_off_keep_nobody_from_going(void **state)
{
    struct corosync_presence presence = {.here = 1, .off = 6};
    struct err words;

    (void)state;
    three(&from);
    wanted = from;
    wanted.nodes[1].votes = wanted.nodes[2].votes = 0;
    assert_int_equal(corosync_conf_step(&from, &wanted, &presence, &next, &words), CONF_WAITS);
    presence.sworn = 6;
    assert_int_equal(corosync_conf_step(&from, &wanted, &presence, &next, &words), CONF_NEXT);
    assert_int_equal(next.nodes[1].votes + next.nodes[2].votes, 1);
    /* Who is here and says so does not count for nothing. */
    presence.sworn = 7;
    assert_int_equal(corosync_conf_step(&from, &wanted, &presence, &next, &words), CONF_NEXT);
}

static int votes_of_nodes(const struct corosync_conf *conf)
{
    int votes = 0;

    for (int i = 0; i < conf->n_nodes; i++)
        votes += conf->nodes[i].votes;
    return votes;
}

/* The fewest votes of nodes with which they are a quorum, alone or with the witness. */
static int needed(const struct corosync_conf *conf, bool with_witness)
{
    int quorum = (votes_of_nodes(conf) + conf->device.votes) / 2 + 1;

    return with_witness ? quorum - conf->device.votes : quorum;
}

static void quorums_before_and_after_meet_unless_both_have_the_witness(void **state)
{
    struct err words;

    (void)state;
    for (int votes = 1; votes <= 3; votes++) {
        for (int way = 0; way < 2; way++) {
            three(&from);
            from.nodes[0].votes = votes;
            wanted = from;
            give_witness(way ? &from : &wanted, "10.0.0.9", votes + 1);
            while (step(&words) == CONF_NEXT) {
                assert_true(needed(&from, true) + needed(&next, false) > votes + 2);
                assert_true(needed(&from, false) + needed(&next, true) > votes + 2);
                from = next;
            }
            assert_true(corosync_conf_equal(&from, &wanted));
        }
    }
}

static int difference(const struct corosync_conf *a, const struct corosync_conf *b)
{
    int votes = abs(a->device.votes - b->device.votes);

    for (int i = 0; i < a->n_nodes; i++) {
        int at = corosync_conf_find(b, a->nodes[i].name);

        votes += abs(a->nodes[i].votes - (at < 0 ? 0 : b->nodes[at].votes));
    }
    for (int i = 0; i < b->n_nodes; i++)
        votes += corosync_conf_find(a, b->nodes[i].name) < 0 ? b->nodes[i].votes : 0;
    return votes;
}

static void draw(struct corosync_conf *conf)
{
    three(conf);
    conf->n_nodes = 0;
    for (uint32_t id = 1; id <= 9; id++) {
        if (rand() % 3 != 0)
            add(conf, id, rand() % 3);
    }
    if (conf->n_nodes == 0 || !corosync_conf_is_good(conf, NULL))
        three(conf);
    /* Never as many votes as all nodes together: it decides nothing by itself. */
    if (rand() % 2 && votes_of_nodes(conf) > 1)
        give_witness(conf, rand() % 2 ? "10.0.0.9" : "10.0.0.8",
                     1 + rand() % (votes_of_nodes(conf) - 1));
}

static void every_way_is_one_of_single_votes_and_ends_where_it_should(void **state)
{
    static const struct corosync_presence presence = {.here = ~(node_set)0, .off = ~(node_set)0};
    struct err words;

    (void)state;
    srand(20261122);
    for (int i = 0; i < 500; i++) {
        int steps = 0;

        draw(&from);
        draw(&wanted);
        while (corosync_conf_step(&from, &wanted, &presence, &next, &words) == CONF_NEXT) {
            assert_true(difference(&from, &next) <= 1);
            assert_true(corosync_conf_is_good(&next, NULL));
            assert_true(!from.device.host[0] || !next.device.host[0] ||
                        strcmp(from.device.host, next.device.host) == 0);
            assert_int_equal(next.version, from.version + 1);
            assert_true(++steps < STEPS_MAX);
            from = next;
        }
        assert_true(corosync_conf_equal(&from, &wanted));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_is_what_corosync_reads),
        cmocka_unit_test(a_witness_is_written_as_corosync_wants_it),
        cmocka_unit_test(the_largest_text_fits),
        cmocka_unit_test(json_there_and_back_is_the_same),
        cmocka_unit_test(what_no_corosync_would_take_is_refused_with_words),
        cmocka_unit_test(times_and_links_change_at_once),
        cmocka_unit_test(a_new_node_comes_without_a_vote_and_gets_it_when_it_is_here),
        cmocka_unit_test(a_node_that_goes_loses_its_vote_and_then_its_place),
        cmocka_unit_test(votes_that_are_needed_stay),
        cmocka_unit_test(a_witness_comes_with_one_vote_and_goes_with_its_last),
        cmocka_unit_test(a_witness_waits_for_those_who_would_need_it),
        cmocka_unit_test(votes_of_those_sworn_off_keep_nobody_from_going),
        cmocka_unit_test(quorums_before_and_after_meet_unless_both_have_the_witness),
        cmocka_unit_test(every_way_is_one_of_single_votes_and_ends_where_it_should),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
