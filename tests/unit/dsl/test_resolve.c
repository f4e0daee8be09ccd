/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tree to policy: what the words of a right policy come to. */
#include "tests/unit/dsl/dsl_test.h"

#include <stdio.h>
#include <string.h>

#include "dsl/page.h"

static struct compiled compile_right(const char *text)
{
    struct compiled compiled = compile_text(text);

    if (!compiled.is_right)
        print_message("%s", diagnostics_text(compiled.diagnostics, false));
    assert_true(compiled.is_right);
    return compiled;
}

static const struct service_policy *service_named(const struct compiled *compiled, const char *name)
{
    service_id id = policy_find_service(compiled->policy, name);

    assert_int_not_equal(id, SERVICE_NONE);
    return &compiled->policy->services[id];
}

static const char *setting_of(const struct service_policy *service, const char *name)
{
    for (int i = 0; i < service->n_settings; i++) {
        if (strcmp(service->settings[i].name, name) == 0)
            return service->settings[i].value;
    }
    return NULL;
}

static void nodes_and_services_are_sorted_and_found_by_name(void **state)
{
    struct compiled compiled = compile_right("cluster home\n"
                                             "node gamma { address 10.0.0.3 }\n"
                                             "node alpha { address 10.0.0.1; votes 3 }\n"
                                             "node beta { address fd00:0::2 }\n"
                                             "service vm:b\nservice ip:z { address 10.0.0.80/24 }\n"
                                             "service vm:a\n");

    (void)state;
    assert_int_equal(compiled.policy->n_nodes, 3);
    assert_int_equal(policy_find_node(compiled.policy, "gamma"), 2);
    assert_int_equal(compiled.policy->nodes[0].votes, 3);
    assert_string_equal(compiled.policy->nodes[1].addresses[0], "fd00::2");
    assert_int_equal(compiled.policy->nodes[2].line, 2);
    assert_int_equal(policy_find_service(compiled.policy, "vm:a"), 1);
    assert_string_equal(compiled.policy->services[0].address, "10.0.0.80/24");
    compiled_free(&compiled);
}

static void settings_that_decide_know_their_line(void **state)
{
    struct compiled compiled = compile_right(THREE_NODES "defaults {\nfailback no\n}\n"
                                                         "service vm:a {\nstate stopped\n"
                                                         "migrate never\nrelocate 2\n}\n"
                                                         "service vm:b { failback yes }\n"
                                                         "shutdown migrate\n"
                                                         "scheduling { mode static }\n");
    const struct service_policy *a = service_named(&compiled, "vm:a");
    const struct service_policy *b = service_named(&compiled, "vm:b");

    (void)state;
    /* All in lines from that of the service itself. */
    assert_int_equal(a->state_line, a->line + 1);
    assert_int_equal(a->migrate_line, a->line + 2);
    assert_int_equal(a->relocate_line, a->line + 3);
    assert_int_equal(a->failback_line, a->line - 2);
    assert_int_equal(b->failback_line, b->line);
    assert_int_equal(b->state_line, 0);
    assert_int_equal(compiled.policy->shutdown_line, b->line + 1);
    assert_int_equal(compiled.policy->scheduling.line, b->line + 2);
    compiled_free(&compiled);
}

static void the_order_of_statements_has_no_meaning(void **state)
{
    struct compiled one = compile_right(THREE_NODES "service vm:a { try on fast }\nservice vm:b\n"
                                                    "let fast = alpha, beta\n"
                                                    "rule y: keep vm:a, vm:b apart\n"
                                                    "rule x: keep vm:b on beta, gamma\n"
                                                    "defaults { restart 7 }\n");
    struct compiled two = compile_right("rule x: keep vm:b on gamma, beta\n"
                                        "defaults { restart 7 }\nlet fast = beta, alpha\n"
                                        "service vm:b\nservice vm:a { try on fast }\n"
                                        "rule y: keep vm:b, vm:a apart\n" THREE_NODES);

    (void)state;
    assert_string_equal(policy_as_text(one.arena, one.policy),
                        policy_as_text(two.arena, two.policy));
    compiled_free(&one);
    compiled_free(&two);
}

static void without_a_word_services_have_sensible_settings(void **state)
{
    struct compiled compiled = compile_right(THREE_NODES "service vm:a\n");
    const struct service_policy *service = &compiled.policy->services[0];

    (void)state;
    assert_int_equal(service->requested, REQUESTED_STARTED);
    assert_int_equal(service->migrate, MIGRATE_RESTART);
    assert_int_equal(service->restart_max, 1);
    assert_int_equal(service->relocate_max, 1);
    assert_true(service->failback);
    assert_int_equal(service->monitor_every.ms, 10000);
    assert_int_equal(service->monitor_timeout.ms, 20000);
    assert_int_equal(service->start_timeout.ms, 60000);
    assert_int_equal(service->stop_timeout.ms, 60000);
    assert_int_equal(service->migrate_timeout.ms, 120000);
    assert_int_equal(service->recover_within.ms, 0);
    assert_int_equal(service->restart_after.ms, 2000);
    assert_int_equal(service->priority, 0);
    assert_int_equal(compiled.policy->scheduling.workers, 4);
    /* Half of three nodes, rounded up. */
    assert_int_equal(compiled.policy->storm.times, 2);
    assert_int_equal(compiled.policy->storm.within.ms, 600000);
    assert_int_equal(compiled.policy->quarantine.times, 3);
    assert_int_equal(compiled.policy->quarantine.within.ms, 3600000);
    compiled_free(&compiled);
}

static void storms_and_quarantine_are_as_the_policy_says(void **state)
{
    struct compiled compiled =
        compile_right(THREE_NODES "fencing { storm 1 per 30m; quarantine none }\nservice vm:a\n");

    (void)state;
    assert_true(compiled.policy->storm.line > 0);
    assert_int_equal(compiled.policy->storm.line, compiled.policy->services[0].line - 1);
    assert_int_equal(compiled.policy->storm.times, 1);
    assert_int_equal(compiled.policy->storm.within.ms, 1800000);
    assert_int_equal(compiled.policy->quarantine.times, 0);
    compiled_free(&compiled);
}

static void services_have_their_turns_by_priority_and_then_by_name(void **state)
{
    static const char *const names[] = {"vm:d", "vm:b", "vm:c", "vm:a"};
    struct compiled compiled = compile_right(
        THREE_NODES "scheduling { workers 9 }\ndefaults { priority 5; restart 7 after 10s }\n"
                    "service vm:a { priority -5 }\nservice vm:b, vm:c { restart 1 }\n"
                    "service vm:d { priority 6 }\n");

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_string_equal(compiled.policy->services[compiled.policy->in_order[i]].name, names[i]);
    assert_int_equal(service_named(&compiled, "vm:b")->restart_max, 1);
    assert_int_equal(service_named(&compiled, "vm:b")->restart_after.ms, 10000);
    assert_int_equal(compiled.policy->scheduling.workers, 9);
    compiled_free(&compiled);
}

static void a_service_overrides_its_type_which_overrides_all(void **state)
{
    struct compiled compiled = compile_right(
        THREE_NODES "defaults { restart 2; relocate 2; failback no; set a all; set b all }\n"
                    "defaults vm { restart 3; relocate 3; set b type; set c type }\n"
                    "service vm:x { restart 4; set c own }\nservice ct:y\n");
    const struct service_policy *vm = service_named(&compiled, "vm:x");
    const struct service_policy *ct = service_named(&compiled, "ct:y");

    (void)state;
    assert_int_equal(vm->restart_max, 4);
    assert_int_equal(vm->relocate_max, 3);
    assert_false(vm->failback);
    assert_string_equal(setting_of(vm, "a"), "all");
    assert_string_equal(setting_of(vm, "b"), "type");
    assert_string_equal(setting_of(vm, "c"), "own");
    assert_int_equal(vm->n_settings, 3);
    assert_int_equal(ct->restart_max, 2);
    assert_string_equal(setting_of(ct, "b"), "all");
    compiled_free(&compiled);
}

static void dollars_stand_for_the_services_own_name_and_type(void **state)
{
    struct compiled compiled = compile_right(
        THREE_NODES
        "defaults { set id \"$type-$name\" }\n"
        "service vm:db[1..2] { set p \"$$name $name.$name\"; set q \"a\\\"\\n\\\\$$\" }\n");
    const struct service_policy *service = service_named(&compiled, "vm:db2");

    (void)state;
    assert_string_equal(setting_of(service, "id"), "vm-db2");
    assert_string_equal(setting_of(service, "p"), "$name db2.db2");
    assert_string_equal(setting_of(service, "q"), "a\"\n\\$");
    assert_string_equal(setting_of(service_named(&compiled, "vm:db1"), "id"), "vm-db1");
    compiled_free(&compiled);
}

static void ranges_and_patterns_name_services_in_rules(void **state)
{
    struct compiled compiled =
        compile_right(THREE_NODES "service vm:db[9..11], vm:web, ct:db1\n"
                                  "rule a: keep vm:db[9..10], vm:w*b together\n"
                                  "rule b: start *:db1* before vm:web\n");
    const struct rule *a = &compiled.policy->rules[0];
    const struct rule *b = &compiled.policy->rules[1];

    (void)state;
    assert_int_equal(a->n_services, 3);
    assert_int_equal(a->services[2], policy_find_service(compiled.policy, "vm:web"));
    assert_int_equal(b->kind, RULE_BEFORE);
    assert_int_equal(b->n_services, 3);
    assert_int_equal(b->services[0], policy_find_service(compiled.policy, "ct:db1"));
    assert_int_equal(b->n_others, 1);
    compiled_free(&compiled);
}

static void tiers_keep_their_order_and_lets_may_build_on_lets(void **state)
{
    struct compiled compiled =
        compile_right(THREE_NODES "service vm:a { try on gamma, then most }\n"
                                  "let most = first, beta\nlet first = alpha\n");
    const struct rule *rule = &compiled.policy->rules[0];

    (void)state;
    assert_int_equal(rule->n_tiers, 2);
    assert_int_equal(rule->tiers[0], 4);
    assert_int_equal(rule->tiers[1], 3);
    assert_false(rule->is_strict);
    assert_string_equal(rule->name, "");
    assert_int_equal(rule->line, 5);
    compiled_free(&compiled);
}

static void a_block_of_many_services_is_one_rule(void **state)
{
    struct compiled compiled =
        compile_right(THREE_NODES "defaults vm { keep on alpha, beta }\nservice vm:a[1..50]\n"
                                  "service vm:b { keep on gamma, beta }\nservice ct:c\n");

    (void)state;
    assert_int_equal(compiled.policy->n_rules, 2);
    assert_int_equal(compiled.policy->rules[0].n_services, 50);
    assert_int_equal(compiled.policy->rules[1].n_services, 1);
    compiled_free(&compiled);
}

static void a_disabled_rule_is_left_out_but_has_to_be_right(void **state)
{
    struct compiled compiled =
        compile_right(THREE_NODES "service vm:a, vm:b\ndisabled rule x: keep vm:a, vm:b apart\n");

    (void)state;
    assert_int_equal(compiled.policy->n_rules, 0);
    compiled_free(&compiled);
    compiled = compile_text(THREE_NODES "service vm:a\ndisabled rule x: keep vm:a on delta\n");
    assert_false(compiled.is_right);
    compiled_free(&compiled);
}

static void times_follow_from_the_network_unless_they_are_said(void **state)
{
    struct compiled lan = compile_right(THREE_NODES);
    struct compiled said = compile_right("cluster home { network wan; token 800ms }\n"
                                         "node a { address 10.0.0.1 }\nfencing { watchdog 4s }\n");
    struct compiled none = compile_right(THREE_NODES "fencing { watchdog none }\n");

    (void)state;
    assert_string_equal(lan.policy->network, "lan");
    assert_int_equal(lan.policy->timing.token.ms, 1000);
    assert_int_equal(lan.policy->timing.watchdog.ms, 5000);
    assert_int_equal(said.policy->timing.token.ms, 800);
    assert_int_equal(said.policy->timing.watchdog.ms, 4000);
    assert_int_equal(said.policy->timing.lease.ms, 1600);
    assert_int_equal(none.policy->timing.watchdog.ms, 0);
    compiled_free(&lan);
    compiled_free(&said);
    compiled_free(&none);
}

/* Which of a fixed list of services a pattern finds, by the rule that it leaves behind. */
static int count_matches(const char *pattern)
{
    struct arena *arena = arena_new();
    struct compiled compiled = compile_text(arena_printf(
        arena,
        THREE_NODES "service vm:a, vm:ab, vm:aab, vm:abab, vm:b, vm:ba, vm:abc, ct:ab\n"
                    "rule r: try %s, ct:ab apart\n",
        pattern));
    int n = compiled.policy->n_rules == 1 ? compiled.policy->rules[0].n_services - 1 : -1;

    compiled_free(&compiled);
    arena_free(arena);
    return n;
}

static void a_pattern_is_words_with_stars_between(void **state)
{
    (void)state;
    assert_int_equal(count_matches("vm:*"), 7);
    assert_int_equal(count_matches("vm:**"), 7);
    assert_int_equal(count_matches("vm:a*"), 5);
    assert_int_equal(count_matches("vm:*b"), 4);
    assert_int_equal(count_matches("vm:a*b"), 3);
    assert_int_equal(count_matches("vm:*a*b*"), 4);
    assert_int_equal(count_matches("vm:*ab*ab"), 1);
    assert_int_equal(count_matches("vm:ab*ab"), 1);
    /* The words at both ends must not be one and the same. */
    assert_int_equal(count_matches("vm:ba*ab"), 0);
    assert_int_equal(count_matches("vm:*abab*b"), 0);
    assert_int_equal(count_matches("*:b"), 1);
    assert_int_equal(count_matches("*b*c"), 1);
}

/* A policy with n lines made from a format with two numbers in it. */
static struct compiled compile_many(const char *head, const char *format, int n)
{
    struct page page = {0};
    struct compiled compiled;
    char line[128];

    page_say(&page, head);
    for (int i = 0; i < n; i++) {
        snprintf(line, sizeof(line), format, i, i + 1);
        page_say(&page, line);
    }
    compiled = compile_text(page.bytes);
    page_free(&page);
    return compiled;
}

static void a_limit_is_a_message_that_names_it(void **state)
{
    struct compiled nodes = compile_many("cluster a\n", "node n%d { address 10.0.0.%d }\n", 33);
    struct compiled services = compile_text(THREE_NODES "service vm:a[1..16384], vm:b[1..9]\n");
    struct compiled rules =
        compile_many(THREE_NODES "defaults ocf { agent a:b }\nservice ocf:a, ocf:b\n",
                     "rule r%d: try ocf:a, ocf:b together # %d\n", 4097);
    struct compiled lets = compile_many(THREE_NODES, "let l%d = alpha # %d\n", 257);
    /* As many names as there is room for in a decision: 4 x 16384, and one rule more. */
    struct compiled named =
        compile_many(THREE_NODES "defaults ocf { agent a:b }\nservice ocf:a[1..16384]\n",
                     "rule r%d: try ocf:* together # %d\n", 5);
    struct compiled disabled = compile_many(THREE_NODES "service vm:a[1..16384]\n",
                                            "disabled rule r%d: try vm:* together # %d\n", 5);

    (void)state;
    assert_int_equal(only_diagnostic(&named, "T0220")->at.line, 7 + 4);
    assert_int_equal(disabled.diagnostics->n_errors, 0);
    compiled_free(&named);
    compiled_free(&disabled);
    assert_string_equal(only_diagnostic(&nodes, "T0220")->words,
                        "33 nodes are too many; the limit is 32");
    assert_int_equal(services.diagnostics->n_errors, 1);
    assert_int_equal(rules.diagnostics->n_errors, 1);
    assert_int_equal(only_diagnostic(&rules, "T0220")->at.line, 6 + 4097);
    only_diagnostic(&lets, "T0220");
    compiled_free(&nodes);
    compiled_free(&services);
    compiled_free(&rules);
    compiled_free(&lets);
}

static void a_text_over_the_limit_is_refused_unread(void **state)
{
    struct arena *arena = arena_new();
    char *text = arena_alloc(arena, POLICY_BYTES_MAX + 1);
    struct compiled compiled;

    (void)state;
    memset(text, '#', POLICY_BYTES_MAX + 1);
    compiled = compile_bytes(text, POLICY_BYTES_MAX + 1);
    only_diagnostic(&compiled, "T0113");
    compiled_free(&compiled);
    arena_free(arena);
}

static void a_conflict_shows_both_places(void **state)
{
    struct compiled compiled = compile_text(THREE_NODES "service vm:a\n"
                                                        "node beta { address 10.0.0.9 }\n");
    const struct diagnostic *entry = NULL;

    (void)state;
    for (int i = 0; i < compiled.diagnostics->n_list; i++) {
        if (compiled.diagnostics->list[i].code == DIAGNOSTIC_DUPLICATE)
            entry = &compiled.diagnostics->list[i];
    }
    assert_non_null(entry);
    assert_int_equal(entry->at.line, 6);
    assert_int_equal(entry->notes[0].at.line, 3);
    assert_int_equal(entry->notes[0].at.column, 6);
    compiled_free(&compiled);
}

static void a_broken_declaration_does_not_make_its_users_wrong(void **state)
{
    struct compiled compiled = compile_text(THREE_NODES "service vm:a vm:b\n"
                                                        "rule x: keep vm:b on alpha, beta\n");

    (void)state;
    assert_int_equal(compiled.diagnostics->n_errors, 1);
    compiled_free(&compiled);
}

static void only_an_address_is_offered_for_an_address(void **state)
{
    static const char *const words[][2] = {
        {"[fd00::1]", "fd00::1"}, {"10.0.0.4:22", "10.0.0.4"}, {"[4]10", NULL}, {"10.0:4", NULL}};

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        char text[128];
        struct compiled compiled;
        const char *replace;

        snprintf(text, sizeof(text), "cluster a\nnode b { address %s }\n", words[i][0]);
        compiled = compile_text(text);
        replace = compiled.diagnostics->list[0].replace;
        assert_string_equal(diagnostic_code_name(compiled.diagnostics->list[0].code), "T0206");
        assert_string_equal(replace ? replace : "-", words[i][1] ? words[i][1] : "-");
        compiled_free(&compiled);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_and_services_are_sorted_and_found_by_name),
        cmocka_unit_test(settings_that_decide_know_their_line),
        cmocka_unit_test(the_order_of_statements_has_no_meaning),
        cmocka_unit_test(without_a_word_services_have_sensible_settings),
        cmocka_unit_test(storms_and_quarantine_are_as_the_policy_says),
        cmocka_unit_test(services_have_their_turns_by_priority_and_then_by_name),
        cmocka_unit_test(a_service_overrides_its_type_which_overrides_all),
        cmocka_unit_test(dollars_stand_for_the_services_own_name_and_type),
        cmocka_unit_test(ranges_and_patterns_name_services_in_rules),
        cmocka_unit_test(tiers_keep_their_order_and_lets_may_build_on_lets),
        cmocka_unit_test(a_block_of_many_services_is_one_rule),
        cmocka_unit_test(a_disabled_rule_is_left_out_but_has_to_be_right),
        cmocka_unit_test(times_follow_from_the_network_unless_they_are_said),
        cmocka_unit_test(a_pattern_is_words_with_stars_between),
        cmocka_unit_test(a_limit_is_a_message_that_names_it),
        cmocka_unit_test(a_text_over_the_limit_is_refused_unread),
        cmocka_unit_test(a_conflict_shows_both_places),
        cmocka_unit_test(a_broken_declaration_does_not_make_its_users_wrong),
        cmocka_unit_test(only_an_address_is_offered_for_an_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
