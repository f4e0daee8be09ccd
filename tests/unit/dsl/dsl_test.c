/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of the language share; see dsl_test.h. */
#include "tests/unit/dsl/dsl_test.h"

#include <string.h>

#include "dsl/example_agents.h"
#include "dsl/page.h"

struct compiled compile_bytes(const char *text, size_t length)
{
    struct compiled compiled = {.arena = arena_new()};

    compiled.policy = arena_alloc(compiled.arena, sizeof(*compiled.policy));
    compiled.diagnostics = arena_alloc(compiled.arena, sizeof(*compiled.diagnostics));
    /* The text has to live as long as what is said about it. */
    text = arena_strndup(compiled.arena, text, length);
    compiled.is_right = policy_rehearse(compiled.arena, "test.tenuto", text, length,
                                        compiled.policy, compiled.diagnostics, REHEARSE_IN_EARNEST);
    /* Texts about other things name agents that nobody here knows anything of. */
    if (example_agents_are_in(text, length)) {
        policy_check_agents(compiled.arena, &example_agents, text, length, compiled.diagnostics);
        compiled.is_right = compiled.diagnostics->n_errors == 0;
    }
    return compiled;
}

struct compiled compile_text(const char *text)
{
    return compile_bytes(text, strlen(text));
}

void compiled_free(struct compiled *compiled)
{
    arena_free(compiled->arena);
}

const struct diagnostic *only_diagnostic(const struct compiled *compiled, const char *code)
{
    if (compiled->diagnostics->n_list != 1)
        print_message("%s", diagnostics_text(compiled->diagnostics, false));
    assert_int_equal(compiled->diagnostics->n_list, 1);
    assert_string_equal(diagnostic_code_name(compiled->diagnostics->list[0].code), code);
    return &compiled->diagnostics->list[0];
}

static void say(struct page *page, struct arena *arena, const char *name, long long value)
{
    page_say(page, arena_printf(arena, " %s=%lld", name, value));
}

static void say_word(struct page *page, struct arena *arena, const char *name, const char *value)
{
    page_say(page, arena_printf(arena, " %s=%s", name, value ? value : "-"));
}

static void say_node(struct page *page, struct arena *arena, const struct node_policy *node)
{
    say_word(page, arena, "\nnode", node->name);
    say(page, arena, "votes", node->votes);
    say(page, arena, "cpus", node->cpus_milli);
    say(page, arena, "memory", node->memory);
    for (int i = 0; i < node->n_addresses; i++)
        say_word(page, arena, "address", node->addresses[i]);
}

static void say_settings(struct page *page, struct arena *arena, const struct setting *list, int n)
{
    for (int i = 0; i < n; i++) {
        say_word(page, arena, list[i].name, list[i].value);
        if (list[i].secret)
            say_word(page, arena, "secret", list[i].secret);
    }
}

static void say_service(struct page *page, struct arena *arena,
                        const struct service_policy *service)
{
    say_word(page, arena, "\nservice", service->name);
    say_word(page, arena, "type", service->type);
    say_word(page, arena, "agent", service->agent);
    say_word(page, arena, "address", service->address);
    say(page, arena, "requested", service->requested);
    say(page, arena, "migrate", service->migrate);
    say(page, arena, "restart", service->restart_max);
    say(page, arena, "after", service->restart_after.ms);
    say(page, arena, "priority", service->priority);
    say(page, arena, "relocate", service->relocate_max);
    say(page, arena, "failback", service->failback);
    say(page, arena, "every", service->monitor_every.ms);
    say(page, arena, "monitor", service->monitor_timeout.ms);
    say(page, arena, "start", service->start_timeout.ms);
    say(page, arena, "stop", service->stop_timeout.ms);
    say(page, arena, "move", service->migrate_timeout.ms);
    say(page, arena, "recover", service->recover_within.ms);
    say(page, arena, "cpus", service->cpus_milli);
    say(page, arena, "memory", service->memory);
    say_settings(page, arena, service->settings, service->n_settings);
}

static void say_device(struct page *page, struct arena *arena, const struct fence_device *device)
{
    say_word(page, arena, "\ndevice", device->name);
    say_word(page, arena, "agent", device->agent);
    say(page, arena, "fences", device->fences);
    say(page, arena, "level", device->level);
    say(page, arena, "retry", device->retry);
    say(page, arena, "delay", device->delay.ms);
    say(page, arena, "timeout", device->timeout.ms);
    say_settings(page, arena, device->settings, device->n_settings);
}

static void say_quorum(struct page *page, struct arena *arena, const struct quorum_policy *quorum)
{
    say_word(page, arena, "\nwitness", quorum->witness);
    say(page, arena, "algorithm", quorum->algorithm);
    say(page, arena, "tie", quorum->tie_breaker);
    for (int i = 0; i < quorum->n_tie_nodes; i++)
        say(page, arena, "node", quorum->tie_nodes[i]);
    say(page, arena, "wait", quorum->waits_for_all);
    say(page, arena, "last", quorum->is_last_man_standing);
    say(page, arena, "two", quorum->is_two_node);
}

static void say_people(struct page *page, struct arena *arena, const struct policy *policy)
{
    for (int i = 0; i < policy->n_alerts; i++) {
        say_word(page, arena, "\nalert", policy->alerts[i].name);
        say_word(page, arena, "run", policy->alerts[i].program);
        for (int k = 0; k < policy->alerts[i].n_args; k++)
            say_word(page, arena, "arg", policy->alerts[i].args[k]);
        say(page, arena, "events", policy->alerts[i].events);
    }
    for (int i = 0; i < policy->n_people; i++) {
        say_word(page, arena, "\nperson", policy->people[i].name);
        say(page, arena, "role", policy->people[i].role);
        say_word(page, arena, "key", policy->people[i].key);
    }
}

static void say_scheduling(struct page *page, struct arena *arena,
                           const struct scheduling *scheduling)
{
    say(page, arena, "mode", scheduling->mode);
    say(page, arena, "method", scheduling->method);
    say(page, arena, "on-start", scheduling->rebalances_on_start);
    say(page, arena, "rebalances", scheduling->rebalances);
    say(page, arena, "imbalance", scheduling->imbalance_millionths);
    say(page, arena, "for", scheduling->imbalance_hold.ms);
    say(page, arena, "improve", scheduling->improve_millionths);
    say(page, arena, "workers", scheduling->workers);
}

static void say_rule(struct page *page, struct arena *arena, const struct rule *rule)
{
    say_word(page, arena, "\nrule", rule->name);
    say(page, arena, "kind", rule->kind);
    say(page, arena, "strict", rule->is_strict);
    for (int i = 0; i < rule->n_services; i++)
        say(page, arena, "service", rule->services[i]);
    for (int i = 0; i < rule->n_others; i++)
        say(page, arena, "other", rule->others[i]);
    for (int i = 0; i < rule->n_tiers; i++)
        say(page, arena, "tier", rule->tiers[i]);
}

char *policy_as_text(struct arena *arena, const struct policy *policy)
{
    struct page page = {0};
    char *text;

    say_word(&page, arena, "cluster", policy->cluster);
    say_word(&page, arena, "network", policy->network);
    say(&page, arena, "token", policy->timing.token.ms);
    say(&page, arena, "watchdog", policy->timing.watchdog.ms);
    say(&page, arena, "lease", policy->timing.lease.ms);
    say(&page, arena, "shutdown", policy->shutdown);
    say(&page, arena, "storm", policy->storm.times);
    say(&page, arena, "per", policy->storm.within.ms);
    say(&page, arena, "quarantine", policy->quarantine.times);
    say(&page, arena, "per", policy->quarantine.within.ms);
    say_scheduling(&page, arena, &policy->scheduling);
    for (int i = 0; i < policy->n_services; i++)
        say(&page, arena, "turn", policy_in_turn(policy, i));
    for (int i = 0; i < policy->n_nodes; i++)
        say_node(&page, arena, &policy->nodes[i]);
    for (int i = 0; i < policy->n_services; i++)
        say_service(&page, arena, &policy->services[i]);
    for (int i = 0; i < policy->n_rules; i++)
        say_rule(&page, arena, &policy->rules[i]);
    say(&page, arena, "\nsilence", policy->timing.witness.ms);
    say_quorum(&page, arena, &policy->quorum);
    for (int i = 0; i < policy->n_devices; i++)
        say_device(&page, arena, &policy->devices[i]);
    say_people(&page, arena, policy);
    text = arena_strdup(arena, page.bytes);
    page_free(&page);
    return text;
}
