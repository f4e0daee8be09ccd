/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Edits of random policies: what the new policy means differs by what was asked for, every
 * byte of other statements stays, and what is added and removed again leaves the old bytes.
 */
#include "tests/unit/dsl/dsl_test.h"
#include "tests/unit/dsl/random_policy.h"

#include <stdio.h>
#include <string.h>

#include "dsl/edit.h"
#include "dsl/lexer.h"
#include "dsl/parser.h"
#include "dsl/resolve.h"
#include "ha/base/random.h"

#define POLICIES 400

struct world {
    struct arena *arena;
    struct random random;
    const char *text;
    struct resolution *old;
    struct edit_result *result;
    uint64_t seed;
};

static struct resolution *resolve(struct arena *arena, const char *text, bool *is_right)
{
    struct resolution *r = arena_alloc(arena, sizeof(*r));
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));

    r->policy = arena_alloc(arena, sizeof(*r->policy));
    *is_right = policy_resolve(arena, "random", text, strlen(text), r, diagnostics);
    return r;
}

static void begin(struct world *world, uint64_t seed)
{
    bool is_right;

    *world = (struct world){.arena = arena_new(), .random = {seed * 7 + 1}, .seed = seed};
    world->text = random_policy(world->arena, seed);
    world->old = resolve(world->arena, world->text, &is_right);
    world->result = arena_alloc(world->arena, sizeof(*world->result));
    if (!is_right)
        print_message("%s\n%s", world->text, diagnostics_text(world->old->diagnostics, false));
    assert_true(is_right);
}

static const char *edit(struct world *world, const char *text, enum edit_kind kind,
                        const char *name, const char *words)
{
    struct edit_request request = {.kind = kind, .name = name, .words = &words, .n_words = 1};
    struct err err;

    request.n_words = words[0] != '\0';
    if (!edit_run(world->arena, "random", text, strlen(text), &request, world->result, &err))
        fail_msg("seed %llu: %s\n%s\n%s", (unsigned long long)world->seed, err.text, text,
                 world->result->diagnostics ? diagnostics_text(world->result->diagnostics, false)
                                            : "");
    return world->result->text;
}

static const char *some_service(struct world *world)
{
    const struct policy *policy = world->old->policy;

    return policy->services[random_below(&world->random, policy->n_services)].name;
}

static void assert_same(const struct world *world, const char *new, const char *expected)
{
    if (strcmp(new, expected) == 0)
        return;
    fprintf(stderr, "seed %llu, from\n%s\nto\n%s\ninstead of\n%s\n",
            (unsigned long long)world->seed, world->text, new, expected);
    fail();
}

static void what_is_added_and_removed_leaves_every_byte(void **state)
{
    static const char *const settings[] = {"", "restart 3", "restart 3\nset a \"b c\"\nrelocate 1"};

    (void)state;
    for (uint64_t seed = 0; seed < POLICIES; seed++) {
        struct world world;
        const char *new;

        begin(&world, seed);
        new = edit(&world, world.text, EDIT_SERVICE_ADD, "ocf:new[1..2], ocf:odd",
                   arena_printf(world.arena, "agent heartbeat:x\n%s",
                                settings[random_below(&world.random, 3)]));
        new = edit(&world, arena_strdup(world.arena, new), EDIT_RULE_ADD, "added",
                   "try ocf:new1, ocf:odd apart");
        new = edit(&world, arena_strdup(world.arena, new), EDIT_RULE_REMOVE, "added", "");
        new = edit(&world, arena_strdup(world.arena, new), EDIT_SERVICE_REMOVE,
                   "ocf:new[1..2],ocf:odd", "");
        assert_same(&world, new, world.text);
        arena_free(world.arena);
    }
}

/* The rules go with it that say nothing without it; here they are taken away once more. */
static void a_new_service_with_rules_leaves_every_byte_when_removed(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < POLICIES; seed++) {
        struct world world;
        const char *new;

        begin(&world, seed);
        if (world.old->policy->n_services > 0) {
            new = edit(&world, world.text, EDIT_SERVICE_ADD, "ocf:new", "agent heartbeat:x");
            new = edit(&world, arena_strdup(world.arena, new), EDIT_RULE_ADD, "added",
                       arena_printf(world.arena, "try ocf:new, %s together", some_service(&world)));
            new = edit(&world, arena_strdup(world.arena, new), EDIT_SERVICE_REMOVE, "ocf:new", "");
            assert_same(&world, new, world.text);
        }
        arena_free(world.arena);
    }
}

/*
 * What the policy says. Where a statement was split, its keep on stands in two blocks and makes
 * two rules, so those without a name are told service by service.
 */
static const char *meaning(struct world *world, const struct policy *policy)
{
    char *text = policy_as_text(world->arena, policy);
    char *unnamed = strstr(text, "\nrule= ");

    if (unnamed)
        *unnamed = '\0';
    for (service_id id = 0; id < policy->n_services; id++) {
        for (int i = 0; i < policy->n_rules; i++) {
            const struct rule *rule = &policy->rules[i];

            for (int k = 0; !rule->name[0] && k < rule->n_services; k++) {
                if (rule->services[k] == id)
                    text = arena_printf(world->arena, "%s\n%d on %x then %x", text, id,
                                        rule->tiers[0], rule->tiers[1]);
            }
        }
    }
    return text;
}

static void a_setting_changes_that_service_alone(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < POLICIES; seed++) {
        struct world world;
        struct resolution *new;
        struct service_policy *services;
        service_id id;
        bool is_right;

        begin(&world, seed);
        if (world.old->policy->n_services > 0) {
            const char *name = some_service(&world);

            edit(&world, world.text, EDIT_SERVICE_SET, name, "restart 77 recover within 99s");
            new = resolve(world.arena, world.result->text, &is_right);
            assert_true(is_right);
            id = policy_find_service(new->policy, name);
            services = (struct service_policy *)world.old->policy->services;
            services[id].restart_max = 77;
            services[id].recover_within.ms = 99000;
            assert_same(&world, meaning(&world, new->policy), meaning(&world, world.old->policy));
        }
        arena_free(world.arena);
    }
}

/* The texts of all statements but those of services and rules, comments around them too. */
static const char *others_of(struct world *world, const struct resolution *r)
{
    const struct tree *tree = r->tree;
    const char *others = "";

    for (const struct syntax *at = tree->policy->child; at; at = at->next) {
        if (at->kind != SYNTAX_SERVICE && at->kind != SYNTAX_RULE && at->kind != SYNTAX_DISABLED)
            others = arena_printf(world->arena, "%s%s\n", others, syntax_text(tree, at));
    }
    for (int at = 0; at < tree->tokens.n_list; at++) {
        const struct token *token = &tree->tokens.list[at];
        bool is_alone = token->kind == TOKEN_COMMENT &&
                        (at == 0 || tree->tokens.list[at - 1].kind == TOKEN_NEWLINE);
        bool is_inside = false;

        for (const struct syntax *each = tree->policy->child; each; each = each->next)
            is_inside = is_inside || (at >= each->first && at < each->end);
        /* Those inside of a list go above their rule when the list changes. */
        if (is_alone && !is_inside &&
            !memmem(tree->diagnostics->text + token->offset, (size_t)token->length, "inside", 6))
            others = arena_printf(world->arena, "%s%.*s\n", others, token->length,
                                  tree->diagnostics->text + token->offset);
    }
    return others;
}

static bool rule_names(const struct rule *rule, service_id service)
{
    for (int i = 0; i < rule->n_services; i++) {
        if (rule->services[i] == service)
            return true;
    }
    for (int i = 0; i < rule->n_others; i++) {
        if (rule->others[i] == service)
            return true;
    }
    return false;
}

static const struct rule *find_rule(const struct policy *policy, const char *name)
{
    for (int i = 0; i < policy->n_rules; i++) {
        if (strcmp(policy->rules[i].name, name) == 0)
            return &policy->rules[i];
    }
    return NULL;
}

/* A rule has lost the service, or is gone because it had one too few without it. */
static void check_rule(struct world *world, const struct policy *new, const struct rule *rule,
                       service_id gone)
{
    const struct rule *now = rule->name[0] ? find_rule(new, rule->name) : NULL;
    int n_before = rule->n_services + rule->n_others;
    int n_lost = rule_names(rule, gone);

    if (!rule->name[0])
        return;
    if (!now) {
        assert_true(n_lost == 1);
        assert_true(rule->kind == RULE_ON || rule->kind == RULE_BEFORE ? n_before > 0
                                                                       : n_before <= 2);
        return;
    }
    assert_int_equal(now->n_services + now->n_others, n_before - n_lost);
    for (int i = 0; i < now->n_services; i++) {
        service_id was =
            policy_find_service(world->old->policy, new->services[now->services[i]].name);

        assert_true(rule_names(rule, was));
    }
}

static void a_removed_service_is_gone_and_nothing_else(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < POLICIES; seed++) {
        const struct policy *old;
        struct world world;
        struct resolution *new;
        service_id gone;
        bool is_right;

        begin(&world, seed);
        old = world.old->policy;
        if (old->n_services > 0) {
            const char *name = some_service(&world);

            gone = policy_find_service(old, name);
            edit(&world, world.text, EDIT_SERVICE_REMOVE, name, "");
            new = resolve(world.arena, world.result->text, &is_right);
            assert_true(is_right);
            assert_int_equal(new->policy->n_services, old->n_services - 1);
            for (service_id id = 0; id < old->n_services; id++)
                assert_int_equal(policy_find_service(new->policy, old->services[id].name) ==
                                     SERVICE_NONE,
                                 id == gone);
            for (int i = 0; i < old->n_rules; i++)
                check_rule(&world, new->policy, &old->rules[i], gone);
            assert_same(&world, others_of(&world, new), others_of(&world, world.old));
        }
        arena_free(world.arena);
    }
}

/* ---- the bytes around it --------------------------------------------------------------------- */

/* From the begin of a statement's first line to the end of the last, others on that line too. */
static void lines_of(const struct tree *tree, const struct syntax *statement, size_t *from,
                     size_t *to)
{
    const char *text = tree->diagnostics->text;

    *from = *to = (size_t)tree->tokens.list[statement->first].offset;
    while (*from > 0 && text[*from - 1] != '\n')
        --*from;
    for (const struct syntax *at = statement; at; at = at->next) {
        const struct token *last = &tree->tokens.list[at->end - 1];

        if ((size_t)tree->tokens.list[at->first].offset > *to)
            break;
        *to = (size_t)last->offset + (size_t)last->length;
        *to += strcspn(text + *to, "\n");
    }
}

/* What comes before and after those lines is there as before, and in between is what changed. */
static void assert_only_lines_changed(const struct world *world, const struct syntax *statement,
                                      const char *new)
{
    size_t from, to, length = strlen(world->text), new_length = strlen(new);
    bool is_right;

    lines_of(world->old->tree, statement, &from, &to);
    is_right = new_length + to >= length + from && memcmp(world->text, new, from) == 0 &&
               memcmp(world->text + to, new + new_length - (length - to), length - to) == 0;
    if (!is_right)
        fprintf(stderr, "seed %llu, bytes %zu to %zu of\n%s\nbecame\n%s\n",
                (unsigned long long)world->seed, from, to, world->text, new);
    assert_true(is_right);
}

/* The statement that names it; SYNTAX_SERVICE: in its list. */
static const struct syntax *statement_of(const struct world *world, enum syntax_kind kind,
                                         const char *name)
{
    const struct tree *tree = world->old->tree;

    for (const struct syntax *at = tree->policy->child; at; at = at->next) {
        const struct syntax *said = syntax_part(at, SYNTAX_NAME);
        bool is_kind = at->kind == kind || (kind == SYNTAX_RULE && at->kind == SYNTAX_DISABLED);

        if (is_kind && said && strcmp(syntax_text(tree, said), name) == 0)
            return at;
    }
    return NULL;
}

static void a_changed_statement_leaves_every_byte_around_it(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < POLICIES; seed++) {
        const struct policy *policy;
        struct world world;

        begin(&world, seed);
        policy = world.old->policy;
        assert_only_lines_changed(&world, statement_of(&world, SYNTAX_NODE, "n1"),
                                  edit(&world, world.text, EDIT_NODE_SET, "n1", "memory 64G"));
        for (int i = 0; i < policy->n_rules; i++) {
            const struct rule *rule = &policy->rules[i];
            const struct syntax *statement = statement_of(&world, SYNTAX_RULE, rule->name);

            if (!statement)
                continue;
            assert_only_lines_changed(&world, statement,
                                      edit(&world, world.text, EDIT_RULE_DISABLE, rule->name, ""));
            if (rule->kind != RULE_ON)
                assert_only_lines_changed(
                    &world, statement,
                    edit(&world, world.text, EDIT_RULE_SET, rule->name, "try ocf:* together"));
        }
        if (policy->n_services > 0) {
            const char *name = some_service(&world);
            service_id id = policy_find_service(policy, name);

            assert_only_lines_changed(
                &world, world.old->sources[id].block->statement,
                edit(&world, world.text, EDIT_SERVICE_SET, name, "restart 77\nset a \"b c\""));
        }
        arena_free(world.arena);
    }
}

static const char *format(struct world *world, const char *text)
{
    struct diagnostics *diagnostics = arena_alloc(world->arena, sizeof(*diagnostics));

    return policy_format(world->arena, "random", text, strlen(text), diagnostics);
}

static void a_laid_out_policy_stays_laid_out(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < POLICIES; seed++) {
        struct world world;
        const char *text;

        begin(&world, seed);
        text = format(&world, world.text);
        text = arena_strdup(world.arena,
                            edit(&world, text, EDIT_SERVICE_ADD, "ocf:new", "agent heartbeat:x"));
        assert_same(&world, format(&world, text), text);
        if (world.old->policy->n_services > 0) {
            const char *name = some_service(&world);

            text = arena_strdup(world.arena,
                                edit(&world, text, EDIT_SERVICE_SET, name, "restart 77 set a b"));
            assert_same(&world, format(&world, text), text);
            text =
                arena_strdup(world.arena, edit(&world, text, EDIT_SERVICE_UNSET, name, "restart"));
            assert_same(&world, format(&world, text), text);
            text = arena_strdup(world.arena, edit(&world, text, EDIT_SERVICE_REMOVE, name, ""));
            assert_same(&world, format(&world, text), text);
        }
        arena_free(world.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_and_removed_leaves_every_byte),
        cmocka_unit_test(a_new_service_with_rules_leaves_every_byte_when_removed),
        cmocka_unit_test(a_setting_changes_that_service_alone),
        cmocka_unit_test(a_removed_service_is_gone_and_nothing_else),
        cmocka_unit_test(a_changed_statement_leaves_every_byte_around_it),
        cmocka_unit_test(a_laid_out_policy_stays_laid_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
