/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What two nodes say while one joins: versions that fit, and a configuration that is for us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "console/door/words.h"
#include "ha/base/json.h"

static const struct versions ours = {1, 0, "3.1.7"};
static const struct invitation invitation = {"home", "gamma", "10.77.0.3,fd00::3", 5000};

static const char conf[] = "totem {\n    cluster_name: home\n}\nnodelist {\n    node {\n"
                           "        name: gamma\n        ring0_addr: 10.77.0.3\n"
                           "        ring1_addr: fd00::3\n    }\n}\n";

static void a_guest_of_the_same_major_is_welcome_whatever_its_minor(void **state)
{
    const struct versions newer = {1, 7, "3.1.9"};
    autojson *hello = words_hello(&newer), *old = json_pack("{s:i}", "protocol", 1);
    struct err err = {{0}};

    (void)state;
    assert_true(words_hello_is_good(hello, &ours, &err));
    /* A release that says nothing of the ring speaks its first protocol. */
    assert_true(words_hello_is_good(old, &ours, &err));
}

static void another_major_is_refused_by_both_sides_with_what_to_do(void **state)
{
    const struct versions newer = {2, 0, "3.1.7"};
    autojson *hello = words_hello(&newer), *answer = words_invitation(&invitation, &newer);
    struct invitation read;
    struct err err = {{0}};

    (void)state;
    assert_false(words_hello_is_good(hello, &ours, &err));
    assert_non_null(strstr(err.text, "the joining node"));
    assert_non_null(strstr(err.text, "protocol 2 of the ring"));
    assert_non_null(strstr(err.text, "install the same release on both"));
    assert_false(words_invitation_read(answer, &ours, &read, &err));
    assert_non_null(strstr(err.text, "the other node"));
    assert_non_null(strstr(err.text, "protocol 2 of the ring"));
}

static void corosyncs_that_form_no_ring_are_refused(void **state)
{
    const struct versions older = {1, 0, "2.4.6"};
    autojson *hello = words_hello(&older), *answer = words_invitation(&invitation, &older);
    struct invitation read;
    struct err err = {{0}};

    (void)state;
    assert_false(words_hello_is_good(hello, &ours, &err));
    assert_non_null(strstr(err.text, "corosync 2.4.6"));
    assert_false(words_invitation_read(answer, &ours, &read, &err));
    assert_true(words_corosync_fits("3.1.7", "3.2", &err));
    assert_true(words_corosync_fits("", "3.2", &err));
}

static void an_invitation_comes_back_as_it_was_and_nonsense_does_not(void **state)
{
    static const char *const wrong[] = {
        "{\"protocol\":1,\"cluster\":\"\",\"node\":\"a\",\"addresses\":\"10.0.0.1\"}",
        "{\"protocol\":1,\"cluster\":\"home\",\"node\":\"a\\nb\",\"addresses\":\"10.0.0.1\"}",
        "{\"protocol\":1,\"cluster\":\"home\",\"node\":\"a\",\"addresses\":\"\"}",
        "{\"protocol\":1,\"cluster\":\"home\",\"node\":\"a\",\"addresses\":\"10.0.0.1,\"}",
        "{\"protocol\":1,\"cluster\":\"home\",\"node\":\"a\",\"addresses\":\"alpha\"}",
        "{\"protocol\":9}",
        "{}",
        "[]",
    };
    autojson *answer = words_invitation(&invitation, &ours);
    struct invitation read;
    struct err err = {{0}};

    (void)state;
    assert_true(words_invitation_read(answer, &ours, &read, &err));
    assert_string_equal(read.cluster, "home");
    assert_string_equal(read.node, "gamma");
    assert_string_equal(read.addresses, invitation.addresses);
    assert_int_equal(read.clock, 5000);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        autojson *words = json_read(wrong[i], strlen(wrong[i]), &err);

        err.text[0] = '\0';
        assert_non_null(words);
        assert_false(words_invitation_read(words, &ours, &read, &err));
        assert_true(err.text[0]);
    }
}

static void assert_not_taken(const char *from, const char *to, const char *words)
{
    unsigned char key[SITE_KEY_BYTES] = {1, 2, 255};
    char other[sizeof(conf) + 32];
    const char *at = strstr(conf, from), *taken;
    autojson *files = NULL;
    struct err err = {{0}};

    snprintf(other, sizeof(other), "%.*s%s%s", (int)(at - conf), conf, to, at + strlen(from));
    files = words_files(other, key);
    assert_false(words_files_read(files, &invitation, key, &taken, &err));
    assert_non_null(strstr(err.text, words));
}

static void a_configuration_that_is_not_for_this_node_is_not_taken(void **state)
{
    unsigned char key[SITE_KEY_BYTES] = {1, 2, 255}, back[SITE_KEY_BYTES] = {0};
    autojson *files = words_files(conf, key), *short_key = json_pack("{s:s}", "key", "00ff");
    const char *taken;
    struct err err = {{0}};

    (void)state;
    assert_true(words_files_read(files, &invitation, back, &taken, &err));
    assert_string_equal(taken, conf);
    assert_memory_equal(key, back, sizeof(key));
    assert_false(words_files_read(short_key, &invitation, back, &taken, &err));
    assert_non_null(strstr(err.text, "no key"));
    assert_not_taken("gamma", "beta", "does not list node gamma");
    assert_not_taken("10.77.0.3", "10.77.0.33", "10.77.0.3 on link 0");
    assert_not_taken("ring1_addr", "ring2_addr", "fd00::3 on link 1");
}

static void the_version_of_corosync_is_found_in_what_it_says(void **state)
{
    char version[32];

    (void)state;
    assert_true(words_corosync_version("Corosync Cluster Engine, version '3.1.7'\n", version, 32));
    assert_string_equal(version, "3.1.7");
    assert_false(words_corosync_version("sh: corosync: not found\n", version, 32));
    assert_false(words_corosync_version("version '", version, 32));
}

/* A member whose cluster has no quorum just now is not taken apart. */
static void only_half_a_try_is_taken_back(void **state)
{
    autojson *member = json_pack("[{s:s,s:i}]", "node", "a", "votes", 1);
    autojson *guest = json_pack("[{s:s,s:i}]", "node", "a", "votes", 0);
    autojson *nobody = json_array();
    autojson *in = json_pack("{s:s,s:b,s:b}", "node", "a", "quorate", 1, "in_sync", 1);
    autojson *alone =
        json_pack("{s:s,s:b,s:{s:i}}", "node", "a", "quorate", 0, "ledger", "version", 7);
    autojson *empty = json_pack("{s:s,s:b,s:n}", "node", "a", "quorate", 0, "policy");

    (void)state;
    assert_int_equal(site_what_came_of_it(in, guest), SITE_MEMBER);
    assert_int_equal(site_what_came_of_it(alone, member), SITE_MEMBER);
    assert_int_equal(site_what_came_of_it(alone, guest), SITE_HALF);
    assert_int_equal(site_what_came_of_it(alone, nobody), SITE_UNKNOWN);
    assert_int_equal(site_what_came_of_it(empty, member), SITE_HALF);
    assert_int_equal(site_what_came_of_it(empty, nobody), SITE_HALF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_of_the_same_major_is_welcome_whatever_its_minor),
        cmocka_unit_test(another_major_is_refused_by_both_sides_with_what_to_do),
        cmocka_unit_test(corosyncs_that_form_no_ring_are_refused),
        cmocka_unit_test(an_invitation_comes_back_as_it_was_and_nonsense_does_not),
        cmocka_unit_test(a_configuration_that_is_not_for_this_node_is_not_taken),
        cmocka_unit_test(the_version_of_corosync_is_found_in_what_it_says),
        cmocka_unit_test(only_half_a_try_is_taken_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
