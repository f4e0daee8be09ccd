/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a policy, checked at levels 1 to 4 and, where it is small, 5: the same text says
 * the same twice; laid out, or with its statements in another order, it means the same; and
 * where one word is offered for another, taking it mends that slip.
 */
#include "dsl/check.h"
#include "dsl/difference.h"
#include "dsl/example_agents.h"
#include "dsl/page.h"
#include "dsl/times.h"
#include "tests/fuzz/fuzz.h"

/* Level 5 tries every set of nodes, so only small clusters are asked for it. */
#define NODES_SMALL 4
#define SERVICES_SMALL 12

unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at)
{
    (void)bytes;
    (void)length;
    *at = 0;
    return IN_POLICY;
}

static void check_policy(const struct policy *policy)
{
    for (int i = 1; i < policy->n_nodes; i++)
        assert(strcmp(policy->nodes[i - 1].name, policy->nodes[i].name) < 0);
    for (int i = 1; i < policy->n_services; i++)
        assert(strcmp(policy->services[i - 1].name, policy->services[i].name) < 0);
    for (int i = 0; i < policy->n_rules; i++) {
        const struct rule *rule = &policy->rules[i];

        for (int k = 0; k < rule->n_services; k++) {
            assert(rule->services[k] < policy->n_services);
            assert(k == 0 || rule->services[k - 1] < rule->services[k]);
        }
        for (int k = 0; k < rule->n_tiers; k++)
            assert(rule->tiers[k] && !(rule->tiers[k] >> 1 >> (policy->n_nodes - 1)));
    }
}

static void check_twice(struct arena *arena, const struct fuzz_reading *first, const char *text,
                        size_t length)
{
    struct fuzz_reading again = fuzz_read(arena, text, length);

    assert(again.is_right == first->is_right);
    assert(strcmp(diagnostics_text(first->diagnostics, false),
                  diagnostics_text(again.diagnostics, false)) == 0);
    if (first->is_right)
        assert(strcmp(fuzz_meaning(arena, first), fuzz_meaning(arena, &again)) == 0);
}

/* Rules without a name are told one by one, in any order: that is the order of their text. */
static char *meaning_in_any_order(struct arena *arena, const struct fuzz_reading *reading)
{
    char *text = fuzz_meaning(arena, reading);
    char *rules = strstr(text, "\nrule=");
    uint64_t sum = 0;

    while (rules) {
        char *next = strstr(rules + 1, "\nrule=");
        uint64_t hash = 14695981039346656037u;

        for (const char *at = rules; next ? at < next : *at; at++)
            hash = (hash ^ (unsigned char)*at) * 1099511628211u;
        sum += hash;
        *rules = '\0';
        rules = next;
    }
    return arena_printf(arena, "%s %llx", text, (unsigned long long)sum);
}

/* Only of a right policy: what is said about a wrong one begins with what stands first. */
static void check_turned(struct arena *arena, const struct fuzz_reading *first)
{
    const struct tree *tree = first->resolution->tree;
    struct fuzz_reading turned;
    char *text = "";

    for (const struct syntax *at = tree->policy->child; at; at = at->next)
        text = arena_printf(arena, "%s\n%s", syntax_text(tree, at), text);
    turned = fuzz_read(arena, text, strlen(text));
    assert(turned.is_right);
    assert(strcmp(meaning_in_any_order(arena, first), meaning_in_any_order(arena, &turned)) == 0);
}

static void check_layout(struct arena *arena, const struct fuzz_reading *first, const char *text,
                         size_t length)
{
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));
    char *layout = policy_format(arena, "fuzz", text, length, found);
    struct fuzz_reading again = fuzz_read(arena, layout, strlen(layout));
    struct difference difference;

    assert(again.is_right);
    assert(strcmp(fuzz_meaning(arena, first), fuzz_meaning(arena, &again)) == 0);
    text = arena_strndup(arena, text, length);
    assert(difference_find(arena, text, layout, &difference));
    assert(difference.n_lines == 0 && difference.n_effects == 0);
    assert(difference_find(arena, NULL, layout, &difference));
    assert(difference.n_effects > 0);
}

/* The chain of times can be told of every policy that is right. */
static void check_times(struct arena *arena, const struct policy *policy)
{
    json_t *json = times_json(policy);
    int n_lines;
    const char *const *lines = times_lines(arena, policy, &n_lines);

    assert(json_is_object(json) && n_lines > 0);
    for (int i = 0; i < n_lines; i++)
        assert(lines[i][0]);
    json_decref(json);
}

/* "did you mean": whoever takes the word does not read the same message again. */
static void check_suggestion(struct arena *arena, const struct diagnostics *found)
{
    for (int i = 0; i < found->n_list && i < 3; i++) {
        const struct diagnostic *entry = &found->list[i];
        struct fuzz_reading mended;
        struct page page = {0};

        if (!entry->replace)
            continue;
        page_add(&page, found->text, (size_t)entry->at.offset);
        page_say(&page, entry->replace);
        page_add(&page, found->text + entry->at.offset + entry->at.length,
                 found->length - (size_t)(entry->at.offset + entry->at.length));
        mended = fuzz_read(arena, page.bytes, page.length);
        for (int k = 0; k < mended.diagnostics->n_list; k++)
            assert(mended.diagnostics->list[k].code != entry->code ||
                   mended.diagnostics->list[k].at.offset != entry->at.offset);
        page_free(&page);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct arena *arena = arena_new();
    char *text = fuzz_copy(bytes, length);
    struct fuzz_reading reading = fuzz_read(arena, text, length);

    fuzz_check_diagnostics(reading.diagnostics);
    check_twice(arena, &reading, text, length);
    check_suggestion(arena, reading.diagnostics);
    if (reading.is_right) {
        check_policy(reading.policy);
        check_layout(arena, &reading, text, length);
        check_turned(arena, &reading);
        check_times(arena, reading.policy);
        if (reading.policy->n_nodes <= NODES_SMALL && reading.policy->n_services <= SERVICES_SMALL)
            assert(check_survival(reading.resolution)[0]);
        policy_check_agents(arena, &example_agents, text, length, reading.diagnostics);
        fuzz_check_diagnostics(reading.diagnostics);
    }
    free(text);
    arena_free(arena);
    return 0;
}
