/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules, by name. Whether one changed is a matter of its words and of whom they mean: a rule that
 * loses a service that is gone, or whose pattern meets a new one, has not changed by itself. And
 * lets: which of them makes the same words mean something else.
 */
#include <stdlib.h>
#include <string.h>

#include "dsl/difference_work.h"

struct stated {
    const char *name;
    bool is_disabled;
    const char *shown;
    const char *words; /* to be compared */
    const struct syntax *statement;
    struct rule rule;
};

struct stated_rules {
    struct stated *list;
    int n_list;
};

/* ---- what is stated -------------------------------------------------------------------------- */

/* The sentence begins with its first word; what stands before it is "rule NAME:". */
static int words_before_sentence(const struct resolution *r, const struct syntax *statement)
{
    const struct syntax *first = syntax_part(statement, SYNTAX_WORD);
    int n_words = 0;

    for (int at = statement->first; at < first->first; at++)
        n_words += token_is_significant(&r->tree->tokens.list[at]);
    return n_words;
}

static const struct rule *rule_of(const struct resolution *r, const char *name)
{
    for (int i = 0; i < r->policy->n_rules; i++) {
        if (strcmp(r->policy->rules[i].name, name) == 0)
            return &r->policy->rules[i];
    }
    return NULL;
}

static int compare_stated(const void *left, const void *right)
{
    const struct stated *a = left, *b = right;

    return strcmp(a->name, b->name);
}

static struct stated_rules collect(struct difference_work *work, struct resolution *r)
{
    struct stated_rules rules = {0};
    int n = 0;

    for (const struct syntax *at = r->tree->policy->child; at; at = at->next)
        n += at->kind == SYNTAX_RULE || at->kind == SYNTAX_DISABLED;
    rules.list = arena_alloc(work->arena, ((size_t)n + 1) * sizeof(rules.list[0]));
    for (const struct syntax *at = r->tree->policy->child; at; at = at->next) {
        struct stated *stated = &rules.list[rules.n_list];
        int skip;

        if (at->kind != SYNTAX_RULE && at->kind != SYNTAX_DISABLED)
            continue;
        skip = words_before_sentence(r, at);
        stated->name = syntax_text(r->tree, syntax_part(at, SYNTAX_NAME));
        stated->is_disabled = at->kind == SYNTAX_DISABLED;
        stated->shown = words_of(r->tree, at, skip, WORDS_SHOWN);
        stated->words = words_of(r->tree, at, skip, WORDS_SORTED);
        stated->statement = at;
        stated->rule = stated->is_disabled ? resolve_disabled(r, at) : *rule_of(r, stated->name);
        rules.n_list++;
    }
    if (rules.n_list > 0)
        qsort(rules.list, (size_t)rules.n_list, sizeof(rules.list[0]), compare_stated);
    return rules;
}

/* ---- lets ------------------------------------------------------------------------------------ */

static const struct let *find_let(const struct resolution *r, const char *name)
{
    for (int i = 0; i < r->n_lets; i++) {
        if (strcmp(r->lets[i].name, name) == 0)
            return &r->lets[i];
    }
    return NULL;
}

static const char *let_in(const struct difference_work *work, const struct syntax *names)
{
    for (const struct syntax *name = names->child; name; name = name->next) {
        const char *word = syntax_text(work->after->tree, name);
        const struct let *before = find_let(work->before, word);
        const struct let *after = find_let(work->after, word);
        const char *deeper;

        if (!before || !after || work_nodes_now(work, before->nodes) == after->nodes)
            continue;
        /* A let may change because one that it names does. */
        deeper = let_in(work, syntax_part(after->statement, SYNTAX_NAMES));
        return deeper ? deeper : word;
    }
    return NULL;
}

const char *difference_let(const struct difference_work *work, const struct syntax *tiers)
{
    const char *found = NULL;

    for (const struct syntax *names = tiers->child; names && !found; names = names->next)
        found = let_in(work, names);
    return found;
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* How the old list, without what is gone, is met by the new one; new services may be left out. */
static bool is_same_list(const struct difference_work *work, const service_id *before, int n_before,
                         const service_id *after, int n_after, bool may_have_new)
{
    int i = 0, k = 0;

    for (;;) {
        while (i < n_before && work->service_now[before[i]] == SERVICE_NONE)
            i++;
        while (may_have_new && k < n_after &&
               (i == n_before || after[k] < work->service_now[before[i]]))
            k++;
        if (i == n_before || k == n_after)
            return i == n_before && k == n_after;
        if (work->service_now[before[i++]] != after[k++])
            return false;
    }
}

static bool is_same_rule(const struct difference_work *work, const struct rule *before,
                         const struct rule *after, bool may_have_new)
{
    return before->kind == after->kind && before->is_strict == after->is_strict &&
           work_same_tiers(work, before, after) &&
           is_same_list(work, before->services, before->n_services, after->services,
                        after->n_services, may_have_new) &&
           is_same_list(work, before->others, before->n_others, after->others, after->n_others,
                        may_have_new);
}

static void add_lone(struct difference_work *work, const struct stated *stated, char sign)
{
    struct difference_line line = {.sign = sign, .is_idle = stated->is_disabled};

    line.statement = arena_printf(work->arena, "%srule %s", stated->is_disabled ? "disabled " : "",
                                  stated->name);
    line.before = sign == '-' ? stated->shown : NULL;
    line.after = sign == '+' ? stated->shown : NULL;
    work_add(work, RANK_RULE, &line);
}

static void add_switch(struct difference_work *work, const struct stated *before,
                       const struct stated *after)
{
    struct difference_line line = {.sign = '~'};

    if (before->is_disabled == after->is_disabled)
        return;
    line.statement = arena_printf(work->arena, "rule %s", after->name);
    line.before = before->is_disabled ? "disabled" : "in force";
    line.after = after->is_disabled ? "disabled" : "in force";
    work_add(work, RANK_RULE, &line);
}

static void compare_rule(struct difference_work *work, const struct stated *before,
                         const struct stated *after)
{
    struct difference_line line = {.sign = '~', .before = before->shown, .after = after->shown};
    bool has_words = strcmp(before->words, after->words) == 0;
    const struct syntax *tiers = syntax_part(after->statement, SYNTAX_TIERS);
    struct difference_line *let = NULL;

    add_switch(work, before, after);
    /* A pattern may meet new services without another word. */
    if (is_same_rule(work, &before->rule, &after->rule, has_words))
        return;
    if (has_words && tiers && difference_let(work, tiers))
        let =
            work_find(work, arena_printf(work->arena, "let %s", difference_let(work, tiers)), NULL);
    if (let) {
        let->n_rules++;
        return;
    }
    line.statement = arena_printf(work->arena, "rule %s", after->name);
    line.is_idle = before->is_disabled && after->is_disabled;
    work_add(work, RANK_RULE, &line);
}

void difference_rules(struct difference_work *work)
{
    struct stated_rules before = collect(work, work->before);
    struct stated_rules after = collect(work, work->after);
    int i = 0, k = 0;

    while (i < before.n_list || k < after.n_list) {
        int order = i == before.n_list  ? 1
                    : k == after.n_list ? -1
                                        : compare_stated(&before.list[i], &after.list[k]);

        if (order < 0)
            add_lone(work, &before.list[i++], '-');
        else if (order > 0)
            add_lone(work, &after.list[k++], '+');
        else
            compare_rule(work, &before.list[i++], &after.list[k++]);
    }
}
