/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Differences of random policies: none between a policy and itself, however it is laid out; some
 * if and only if something is meant otherwise; and a line for each thing that an edit changes.
 */
#include "tests/unit/dsl/dsl_test.h"
#include "tests/unit/dsl/random_policy.h"

#include <stdio.h>
#include <string.h>

#include "dsl/difference.h"
#include "dsl/edit.h"
#include "ha/base/random.h"

#define POLICIES 200
/* Of each policy: so that thousands in all are policies, and the whole takes a second. */
#define MUTATIONS 10

struct world {
    struct arena *arena;
    struct random random;
    uint64_t seed;
    const char *text;
    struct policy *policy;
    struct difference difference;
};

static struct policy *compile(struct arena *arena, const char *text)
{
    struct policy *policy = arena_alloc(arena, sizeof(*policy));
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));

    if (!policy_compile(arena, "random", text, strlen(text), policy, found))
        fail_msg("%s\n%s", text, diagnostics_text(found, false));
    return policy;
}

static void begin(struct world *world, uint64_t seed)
{
    *world = (struct world){.arena = arena_new(), .random = {seed * 11 + 3}, .seed = seed};
    world->text = random_policy(world->arena, seed);
    world->policy = compile(world->arena, world->text);
}

/* The lines, one under the other. */
static const char *tell(struct world *world, const char *before, const char *after)
{
    const char *told = "";

    if (!difference_find(world->arena, before, after, &world->difference))
        fail_msg("seed %llu: no difference of\n%s\nand\n%s", (unsigned long long)world->seed,
                 before, after);
    for (int i = 0; i < world->difference.n_lines; i++)
        told = arena_printf(world->arena, "%s%s\n", told,
                            difference_words(world->arena, &world->difference.lines[i]));
    return told;
}

static void assert_told(const struct world *world, bool is_right, const char *told,
                        const char *before, const char *after)
{
    if (!is_right)
        fail_msg("seed %llu, told:\n%s\nbetween\n%s\nand\n%s", (unsigned long long)world->seed,
                 told, before, after);
}

/* A statement goes where a newline ends it; what a block holds goes with it. */
static const char *shuffle(struct world *world, const char *text)
{
    const char *services = strstr(text, "\nservice "), *nodes = strstr(text, "\nnode ");

    if (!services || !nodes || nodes > services)
        return text;
    return arena_printf(world->arena, "%s\n%.*s\n", services + 1, (int)(services + 1 - text), text);
}

static void a_policy_differs_in_nothing_from_itself_in_any_layout(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < POLICIES; seed++) {
        struct diagnostics *found;
        const char *other, *told;
        struct world world;

        begin(&world, seed);
        found = arena_alloc(world.arena, sizeof(*found));
        told = tell(&world, world.text, world.text);
        assert_told(&world, !*told, told, world.text, world.text);
        other = policy_format(world.arena, "random", world.text, strlen(world.text), found);
        told = tell(&world, world.text, other);
        assert_told(&world, !*told, told, world.text, other);
        told = tell(&world, other, shuffle(&world, other));
        assert_told(&world, !*told, told, other, shuffle(&world, other));
        arena_free(world.arena);
    }
}

/* Who stands where and in which order is numbers there: nodes and services by their names. */
static bool means_the_same(struct world *world, const char *other)
{
    struct policy *policy = compile(world->arena, other);

    return strcmp(policy_as_text(world->arena, policy),
                  policy_as_text(world->arena, world->policy)) == 0;
}

/* One byte of the text becomes another, or goes: mostly the result is no policy. */
static const char *mutate(struct world *world)
{
    static const char bytes[] = "0123456789abcnxyr,;\n #";
    char *text = arena_strdup(world->arena, world->text);
    int length = (int)strlen(text), at = random_below(&world->random, length);

    if (random_chance(&world->random, 20))
        memmove(text + at, text + at + 1, (size_t)(length - at));
    else
        text[at] = bytes[random_below(&world->random, (int)sizeof(bytes) - 1)];
    return text;
}

static void something_is_told_if_and_only_if_it_means_something(void **state)
{
    int n_same = 0, n_other = 0;

    (void)state;
    for (uint64_t seed = 0; seed < POLICIES; seed++) {
        struct world world;

        begin(&world, seed);
        for (int i = 0; i < MUTATIONS; i++) {
            const char *other = mutate(&world);
            bool is_same;

            if (!difference_find(world.arena, world.text, other, &world.difference))
                continue;
            is_same = means_the_same(&world, other);
            if (is_same != (world.difference.n_effects == 0))
                assert_told(&world, false, tell(&world, world.text, other), world.text, other);
            n_same += is_same;
            n_other += !is_same;
        }
        arena_free(world.arena);
    }
    /* Both happen often enough for this to say something. */
    assert_true(n_same > 100 && n_other > 100);
}

static void two_policies_differ_as_they_mean_something_else(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < POLICIES; seed++) {
        struct world world;
        const char *other, *told;

        begin(&world, seed);
        other = random_policy(world.arena, seed + 1);
        told = tell(&world, world.text, other);
        assert_told(&world, means_the_same(&world, other) == (world.difference.n_effects == 0),
                    told, world.text, other);
        arena_free(world.arena);
    }
}

/* ---- edits ----------------------------------------------------------------------------------- */

/* A text after an edit; NULL where the policy does not allow it. */
static const char *edit_of(struct world *world, const char *text, enum edit_kind kind,
                           const char *name, const char *words)
{
    struct edit_request request = {.kind = kind, .name = name, .words = &words, .n_words = 1};
    struct edit_result *result = arena_alloc(world->arena, sizeof(*result));
    struct err err;

    request.n_words = words[0] != '\0';
    if (!edit_run(world->arena, "random", text, strlen(text), &request, result, &err))
        return NULL;
    return result->text;
}

static const char *edit(struct world *world, enum edit_kind kind, const char *name,
                        const char *words)
{
    return edit_of(world, world->text, kind, name, words);
}

static const struct rule *some_rule(struct world *world)
{
    for (int i = 0; i < world->policy->n_rules; i++) {
        if (world->policy->rules[i].name[0])
            return &world->policy->rules[i];
    }
    return NULL;
}

/* Between the two there is one line, and it begins so. */
static void assert_one_line_from(struct world *world, const char *before, const char *after,
                                 const char *head)
{
    const char *told = after ? tell(world, before, after) : "no edit";

    assert_told(world,
                after && world->difference.n_lines == 1 && strncmp(told, head, strlen(head)) == 0,
                told, before, after ? after : "");
}

static void assert_one_line(struct world *world, const char *after, const char *head)
{
    assert_one_line_from(world, world->text, after, head);
}

/* An edit and the one that takes it back: each is one line. */
static void assert_there_and_back(struct world *world, const struct edit_request edits[2],
                                  const char *words[2], const char *there, const char *back)
{
    const char *text = edit(world, edits[0].kind, edits[0].name, words[0]);

    assert_one_line(world, text, there);
    assert_one_line_from(world, text, edit_of(world, text, edits[1].kind, edits[1].name, words[1]),
                         back);
}

static void each_edit_is_one_line(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < POLICIES; seed++) {
        const struct rule *rule;
        const char *service, *after;
        struct world world;

        begin(&world, seed);
        assert_one_line(&world, edit(&world, EDIT_SERVICE_ADD, "ocf:new", "agent heartbeat:x"),
                        "+ service ocf:new: agent heartbeat:x\n");
        assert_one_line(&world, edit(&world, EDIT_NODE_SET, "n1", "memory 64G"),
                        "~ node n1: + memory 64G\n");
        after = edit(&world, EDIT_RULE_ADD, "new", "try ocf:* together");
        if (after)
            assert_one_line(&world, after, "+ rule new: try ocf:* together\n");
        rule = some_rule(&world);
        if (rule) {
            assert_one_line(
                &world, edit(&world, EDIT_RULE_DISABLE, rule->name, ""),
                arena_printf(world.arena, "~ rule %s: in force -> disabled\n", rule->name));
            assert_one_line(&world, edit(&world, EDIT_RULE_REMOVE, rule->name, ""),
                            arena_printf(world.arena, "- rule %s: ", rule->name));
        }
        if (world.policy->n_services > 0) {
            service =
                world.policy->services[random_below(&world.random, world.policy->n_services)].name;
            assert_one_line(&world, edit(&world, EDIT_SERVICE_SET, service, "restart 77"),
                            arena_printf(world.arena, "~ service %s: restart ", service));
            assert_one_line(
                &world, edit(&world, EDIT_SERVICE_SET, service, "set fresh \"a b\""),
                arena_printf(world.arena, "~ service %s: + set fresh \"a b\"\n", service));
        }
        arena_free(world.arena);
    }
}

static void what_takes_an_edit_back_is_one_line_too(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < POLICIES; seed++) {
        const struct rule *rule;
        struct world world;

        begin(&world, seed);
        rule = some_rule(&world);
        assert_there_and_back(&world,
                              (struct edit_request[]){{.kind = EDIT_NODE_SET, .name = "n1"},
                                                      {.kind = EDIT_NODE_UNSET, .name = "n1"}},
                              (const char *[]){"memory 64G", "memory"}, "~ node n1: + memory 64G\n",
                              "~ node n1: - memory 64G\n");
        if (!world.policy->quorum.witness)
            assert_there_and_back(
                &world,
                (struct edit_request[]){{.kind = EDIT_WITNESS_ADD, .name = NULL},
                                        {.kind = EDIT_WITNESS_REMOVE, .name = NULL}},
                (const char *[]){"10.0.9.9", ""}, "~ quorum: + witness 10.0.9.9\n",
                "~ quorum: - witness 10.0.9.9\n");
        if (rule)
            assert_there_and_back(
                &world,
                (struct edit_request[]){{.kind = EDIT_RULE_DISABLE, .name = rule->name},
                                        {.kind = EDIT_RULE_ENABLE, .name = rule->name}},
                (const char *[]){"", ""},
                arena_printf(world.arena, "~ rule %s: in force -> disabled\n", rule->name),
                arena_printf(world.arena, "~ rule %s: disabled -> in force\n", rule->name));
        if (world.policy->n_services > 0) {
            const char *name = world.policy->services[0].name;

            assert_there_and_back(
                &world,
                (struct edit_request[]){{.kind = EDIT_SERVICE_SET, .name = name},
                                        {.kind = EDIT_SERVICE_UNSET, .name = name}},
                (const char *[]){"priority -1000", "priority"},
                arena_printf(world.arena, "~ service %s: priority ", name),
                arena_printf(world.arena, "~ service %s: priority -1000 -> ", name));
        }
        arena_free(world.arena);
    }
}

/* The service's line comes first, and each other one is a rule that went with it. */
static void a_removed_service_is_one_line_and_one_for_each_rule_that_goes(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < POLICIES; seed++) {
        const char *service, *after, *told, *head;
        struct world world;

        begin(&world, seed);
        if (world.policy->n_services > 0) {
            service =
                world.policy->services[random_below(&world.random, world.policy->n_services)].name;
            after = edit(&world, EDIT_SERVICE_REMOVE, service, "");
            assert_non_null(after);
            told = tell(&world, world.text, after);
            head = arena_printf(world.arena, "- service %s", service);
            assert_told(&world, strncmp(told, head, strlen(head)) == 0, told, world.text, after);
            for (int i = 1; i < world.difference.n_lines; i++)
                assert_told(&world,
                            world.difference.lines[i].sign == '-' &&
                                strstr(world.difference.lines[i].statement, "rule "),
                            told, world.text, after);
        }
        arena_free(world.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_differs_in_nothing_from_itself_in_any_layout),
        cmocka_unit_test(something_is_told_if_and_only_if_it_means_something),
        cmocka_unit_test(two_policies_differ_as_they_mean_something_else),
        cmocka_unit_test(each_edit_is_one_line),
        cmocka_unit_test(what_takes_an_edit_back_is_one_line_too),
        cmocka_unit_test(a_removed_service_is_one_line_and_one_for_each_rule_that_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
