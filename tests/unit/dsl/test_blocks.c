/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Quorum, fence devices, alerts and access: what their words come to in a policy. */
#include "tests/unit/dsl/dsl_test.h"

#include <string.h>

#include "dsl/ssh_key.h"

static const char ed25519[] =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKA1AyfGxiyC4elmeft40ThRRasD2ohkxzYl3qN5De7e";
static const char rsa[] =
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDIyubRyrkw3y9rufZ/vzR2u0lgpK07HSQaEpUzpCWRXDxTK+f/"
    "UsxFVk7c2XOohCyJfHJkkSV/Ujp0CjANGkBRiOAofCrkJX8ehgTi9JPpbLNjyvEBPGceY79QFkfB1GX3j4sHmOunZ0eh7"
    "OZdtnN49FYP0IGdnRkiJ8SHsDcJvx9dp4Yq7v4FWL1EK9yvX/5ZMCd8Wcei6pOFnjZ/"
    "2nP0izDJEDRL5cRiiAC9HHmNrhAnIfPuxfMFabDU6UWpVuAwL6lBxG2XqNiZT5kCt4hTbMlNtxhlcpcGBrRNjBZ8Per6wF"
    "7+QX60TT6ARO7svXBZyBpp7FXTd30WFboEKsAx";
static const char ecdsa[] =
    "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBECsLo45e1tQ1WkAJgxfIA"
    "Ekx6ZIgW+Bib1Ex01Khz1xtZxq6c+UB0vTO5ff9kD2ppKSbVpCuM+28AVBqNyaptSf4yrSEjQLKLJz7xNrJr4JQ/"
    "AbZMX0fZEzE5638iVKnA==";

static struct compiled compile_right(const char *text)
{
    struct compiled compiled = compile_text(text);

    if (!compiled.is_right)
        print_message("%s", diagnostics_text(compiled.diagnostics, false));
    assert_true(compiled.is_right);
    return compiled;
}

static void a_witness_has_an_algorithm_that_fits_the_votes(void **state)
{
    struct compiled odd = compile_right(THREE_NODES "quorum { witness 10.0.0.9 }\n");
    struct compiled even = compile_right(THREE_NODES "node delta { address 10.0.0.4 }\n"
                                                     "quorum { witness qnetd.example }\n");
    struct compiled said = compile_right(THREE_NODES "node delta { address 10.0.0.4 }\n"
                                                     "quorum {\nwitness fd00::9 lms\n}\n");

    (void)state;
    assert_string_equal(odd.policy->quorum.witness, "10.0.0.9");
    assert_int_equal(odd.policy->quorum.algorithm, WITNESS_LMS);
    assert_false(odd.policy->quorum.is_algorithm_said);
    /* Its vote is counted on for a while after it is lost, and that is waited for. */
    assert_int_equal(odd.policy->timing.witness.ms, WITNESS_TIMEOUT_MS);
    assert_int_equal(even.policy->quorum.algorithm, WITNESS_FFSPLIT);
    assert_string_equal(even.policy->quorum.witness, "qnetd.example");
    assert_int_equal(said.policy->quorum.algorithm, WITNESS_LMS);
    assert_true(said.policy->quorum.is_algorithm_said);
    assert_int_equal(said.policy->quorum.witness_line, said.policy->quorum.line + 1);
    compiled_free(&odd);
    compiled_free(&even);
    compiled_free(&said);
}

static void tie_breakers_keep_their_order(void **state)
{
    struct compiled compiled =
        compile_right(THREE_NODES "node delta { address 10.0.0.4 }\nlet some = gamma, alpha\n"
                                  "quorum { tie-breaker delta, some }\n");
    const struct quorum_policy *quorum = &compiled.policy->quorum;

    (void)state;
    assert_int_equal(quorum->tie_breaker, TIE_NODES);
    assert_int_equal(quorum->n_tie_nodes, 3);
    assert_int_equal(quorum->tie_nodes[0], policy_find_node(compiled.policy, "delta"));
    assert_int_equal(quorum->tie_nodes[1], policy_find_node(compiled.policy, "alpha"));
    assert_int_equal(quorum->tie_nodes[2], policy_find_node(compiled.policy, "gamma"));
    compiled_free(&compiled);
    /* Unless a node bears that name. */
    compiled = compile_right("cluster home\nnode lowest { address 10.0.0.1 }\n"
                             "node other { address 10.0.0.2 }\nquorum { tie-breaker lowest }\n");
    assert_int_equal(compiled.policy->quorum.tie_breaker, TIE_NODES);
    compiled_free(&compiled);
}

static void without_a_word_there_is_nothing_of_it(void **state)
{
    struct compiled compiled = compile_right(THREE_NODES "quorum { two-node no }\n");
    const struct policy *policy = compiled.policy;

    (void)state;
    assert_int_equal(compiled.diagnostics->n_warnings, 0);
    assert_null(policy->quorum.witness);
    assert_int_equal(policy->timing.witness.ms, 0);
    assert_int_equal(policy->n_devices + policy->n_alerts + policy->n_people, 0);
    compiled_free(&compiled);
}

static void devices_are_sorted_and_have_what_they_need(void **state)
{
    struct compiled compiled = compile_right(
        THREE_NODES "let fast = alpha, beta\n"
                    "fencing {\n"
                    "device pdu { agent fence_apc; fences fast; level 2; delay 2s; timeout 30s\n"
                    "retry 0; set plug \"a $b\"; set ip 10.0.9.2 }\n"
                    "device ipmi { agent fence_ipmilan; fences alpha; level 1\n"
                    "set password secret ipmi }\n}\n");
    const struct fence_device *ipmi = &compiled.policy->devices[0];
    const struct fence_device *pdu = &compiled.policy->devices[1];

    (void)state;
    assert_int_equal(compiled.policy->n_devices, 2);
    assert_string_equal(ipmi->name, "ipmi");
    assert_string_equal(ipmi->agent, "fence_ipmilan");
    assert_int_equal(ipmi->fences, 1);
    assert_int_equal(ipmi->retry, 1);
    assert_int_equal(ipmi->timeout.ms, 60000);
    assert_int_equal(ipmi->delay.ms, 0);
    assert_null(ipmi->settings[0].value);
    assert_string_equal(ipmi->settings[0].secret, "ipmi");
    assert_int_equal(pdu->fences, 3);
    assert_int_equal(pdu->level, 2);
    assert_int_equal(pdu->retry, 0);
    assert_int_equal(pdu->delay.ms, 2000);
    assert_string_equal(pdu->settings[0].name, "ip");
    /* Taken as it stands: "$name" is for services. */
    assert_string_equal(pdu->settings[1].value, "a $b");
    assert_true(pdu->line < ipmi->line);
    compiled_free(&compiled);
}

static void a_secret_is_inherited_and_replaced_as_a_value_is(void **state)
{
    struct compiled compiled =
        compile_right(THREE_NODES "defaults { set password secret all; set port 80 }\n"
                                  "service ocf:a { agent heartbeat:x; set port secret p }\n"
                                  "service ocf:b { agent heartbeat:x; set password \"open\" }\n");
    const struct service_policy *a = &compiled.policy->services[0];
    const struct service_policy *b = &compiled.policy->services[1];

    (void)state;
    assert_string_equal(a->settings[0].secret, "all");
    assert_string_equal(a->settings[1].secret, "p");
    assert_null(a->settings[1].value);
    assert_null(b->settings[0].secret);
    assert_string_equal(b->settings[0].value, "open");
    compiled_free(&compiled);
}

static void an_alert_knows_its_program_and_events(void **state)
{
    struct compiled compiled =
        compile_right(THREE_NODES "alert pager { run \"/bin/page\" -x \"a b\"; on fence, quorum }\n"
                                  "alert mail { run \"/bin/mail\"; on policy }\n");
    const struct alert_policy *pager = &compiled.policy->alerts[1];

    (void)state;
    assert_int_equal(compiled.policy->n_alerts, 2);
    assert_string_equal(compiled.policy->alerts[0].name, "mail");
    assert_string_equal(pager->program, "/bin/page");
    assert_int_equal(pager->n_args, 2);
    assert_string_equal(pager->args[0], "-x");
    assert_string_equal(pager->args[1], "a b");
    assert_int_equal(pager->events, 1u << ALERT_FENCE | 1u << ALERT_QUORUM);
    compiled_free(&compiled);
}

static void a_person_has_a_role_and_a_key_without_its_comment(void **state)
{
    struct compiled compiled = compile_right(
        THREE_NODES
        "access {\nviewer wall key \"ssh-ed25519 "
        "AAAAC3NzaC1lZDI1NTE5AAAAIKA1AyfGxiyC4elmeft40ThRRasD2ohkxzYl3qN5De7e w@h\"\n}\n");
    const struct person *wall = &compiled.policy->people[0];

    (void)state;
    assert_int_equal(compiled.policy->n_people, 1);
    assert_string_equal(wall->name, "wall");
    assert_int_equal(wall->role, ACCESS_VIEWER);
    assert_string_equal(wall->key, ed25519);
    compiled_free(&compiled);
}

/* However a key was cut off while it was pasted. */
static void no_part_of_a_key_is_a_key(void **state)
{
    const char *keys[] = {ed25519, rsa, ecdsa};
    struct arena *arena = arena_new();
    const char *key, *wrong;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(ssh_key_read(arena, keys[i], &key, &wrong));
        assert_string_equal(key, keys[i]);
        for (size_t length = 0; length < strlen(keys[i]); length++) {
            assert_false(ssh_key_read(arena, arena_strndup(arena, keys[i], length), &key, &wrong));
            assert_true(strlen(wrong) > 10);
        }
        assert_false(ssh_key_read(arena, arena_printf(arena, "%sAAAA", keys[i]), &key, &wrong));
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_witness_has_an_algorithm_that_fits_the_votes),
        cmocka_unit_test(tie_breakers_keep_their_order),
        cmocka_unit_test(without_a_word_there_is_nothing_of_it),
        cmocka_unit_test(devices_are_sorted_and_have_what_they_need),
        cmocka_unit_test(a_secret_is_inherited_and_replaced_as_a_value_is),
        cmocka_unit_test(an_alert_knows_its_program_and_events),
        cmocka_unit_test(a_person_has_a_role_and_a_key_without_its_comment),
        cmocka_unit_test(no_part_of_a_key_is_a_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
