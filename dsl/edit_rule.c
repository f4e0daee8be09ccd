/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules added, changed and removed, and what becomes of those that name a removed service. */
#include <string.h>

#include "dsl/edit_work.h"
#include "dsl/range.h"
#include "dsl/suggest.h"

static bool is_rule(const struct syntax *statement)
{
    return statement->kind == SYNTAX_RULE || statement->kind == SYNTAX_DISABLED;
}

static const char *rule_name(struct edit *edit, const struct syntax *rule)
{
    return syntax_text(edit->tree, syntax_part(rule, SYNTAX_NAME));
}

static const struct syntax *find_rule(struct edit *edit, const char *name)
{
    for (const struct syntax *at = edit->tree->policy->child; at; at = at->next) {
        if (is_rule(at) && strcmp(rule_name(edit, at), name) == 0)
            return at;
    }
    return NULL;
}

static const struct syntax *need_rule(struct edit *edit, const char *name, struct err *err)
{
    const struct syntax *rule = find_rule(edit, name);
    struct suggestion suggestion = suggestion_for(name);

    if (rule)
        return rule;
    for (const struct syntax *at = edit->tree->policy->child; at; at = at->next) {
        if (is_rule(at))
            suggestion_consider(&suggestion, rule_name(edit, at));
    }
    if (suggestion.best)
        err_set(err, "no rule is called \"%s\"; did you mean \"%s\"?", name, suggestion.best);
    else
        err_set(err, "no rule is called \"%s\"; \"tenuto rules list\" shows them", name);
    return NULL;
}

/* "rule NAME: sentence", if that is what the words make; the name may bring its colon along. */
static char *rule_words(struct edit *edit, const struct edit_request *request, bool is_disabled,
                        struct err *err)
{
    size_t length = strlen(request->name);
    int name_length = (int)(length > 1 && request->name[length - 1] == ':' ? length - 1 : length);
    char *words =
        arena_printf(edit->arena, "%srule %.*s: %s", is_disabled ? "disabled " : "", name_length,
                     request->name, edit_join(edit->arena, request->words, request->n_words));
    struct tree *piece = edit_piece(edit->arena, words, err);

    if (!piece)
        return NULL;
    for (int at = 0; at < piece->tokens.n_list; at++) {
        if (piece->tokens.list[at].kind == TOKEN_COMMENT) {
            err_set(err, "a comment cannot be given here");
            return NULL;
        }
    }
    return words;
}

static bool rule_add(struct edit *edit, const struct edit_request *request, struct err *err)
{
    const struct syntax *behind = edit_last(edit, SYNTAX_RULE);
    const struct syntax *known = find_rule(edit, request->name);
    char *words;

    if (strcmp(request->name, "keep") == 0 || strcmp(request->name, "try") == 0 ||
        strcmp(request->name, "start") == 0)
        return err_set(err, "a name for the rule comes first: rules add NAME %s ...",
                       request->name);
    if (known)
        return err_set(err,
                       "there is a rule \"%s\" already (line %d); \"tenuto rules set\" "
                       "changes it",
                       request->name, syntax_line(edit->tree, known));
    words = rule_words(edit, request, false, err);
    if (!words)
        return false;
    if (!behind)
        behind = edit_last(edit, SYNTAX_SERVICE);
    edit_say(edit, "added %s", words);
    return edit_insert(edit, behind ? behind : edit_last_before_services(edit), words, err);
}

/* "disabled " comes or goes. */
static bool rule_switch(struct edit *edit, const struct syntax *rule, bool is_enabling,
                        struct err *err)
{
    int from = edit_from(edit->tree, rule), to = edit_to(edit->tree, rule);
    const char *words = edit_source(edit, from, to);

    if ((rule->kind == SYNTAX_RULE) == is_enabling) {
        edit_say(edit, "rule %s is %s already", rule_name(edit, rule),
                 is_enabling ? "in force" : "disabled");
        return true;
    }
    edit_say(edit, "rule %s is %s", rule_name(edit, rule),
             is_enabling ? "in force again" : "disabled");
    if (!is_enabling)
        return edit_rewrite(edit, rule, arena_printf(edit->arena, "disabled %s", words), err);
    words += strlen("disabled");
    return edit_rewrite(edit, rule, words + strspn(words, " \t\r"), err);
}

bool edit_rule(struct edit *edit, const struct edit_request *request, struct err *err)
{
    const struct syntax *rule;
    char *words;

    if (request->kind == EDIT_RULE_ADD)
        return rule_add(edit, request, err);
    rule = need_rule(edit, request->name, err);
    if (!rule)
        return false;
    if (request->kind == EDIT_RULE_ENABLE || request->kind == EDIT_RULE_DISABLE)
        return rule_switch(edit, rule, request->kind == EDIT_RULE_ENABLE, err);
    if (request->kind == EDIT_RULE_REMOVE) {
        edit_say(edit, "removed rule %s (line %d)", request->name, syntax_line(edit->tree, rule));
        edit_remove(edit, rule);
        return true;
    }
    words = rule_words(edit, request, rule->kind == SYNTAX_DISABLED, err);
    if (words)
        edit_say(edit, "%s", words);
    return words && edit_rewrite(edit, rule, words, err);
}

/* How a list of services looks when some are taken out. */
struct rest {
    const char *words;
    int n_services; /* that are named, not those that patterns find */
    bool has_pattern;
    bool is_less;
};

static struct rest rest_of(struct edit *edit, const struct syntax *list, const struct names *names)
{
    struct rest rest = {.words = names_filter(edit, list, names, false)};

    for (const struct syntax *name = list->child; name; name = name->next) {
        const char *word = syntax_text(edit->tree, name);
        int of, n = names_count(names, word, &of);

        rest.has_pattern = rest.has_pattern || strchr(word, '*') != NULL;
        rest.n_services += of - n;
        rest.is_less = rest.is_less || n > 0;
    }
    return rest;
}

/* Whether a rule still says something: two services for together and apart, else one a list. */
static bool says_something(struct edit *edit, const struct syntax *rule, const struct rest *rest)
{
    const struct syntax *first = syntax_part(rule, SYNTAX_WORD);
    const struct syntax *second = first->next->next;
    bool is_among = second && second->kind == SYNTAX_WORD && !second->next &&
                    strcmp(syntax_text(edit->tree, first), "start") != 0;

    return rest->has_pattern || rest->n_services >= (is_among ? 2 : 1);
}

static bool forget_in_rule(struct edit *edit, const struct syntax *rule, const struct names *names,
                           struct err *err)
{
    struct splices splices = {.arena = edit->arena, .text = edit->text};
    const char *gone = "";

    for (const struct syntax *list = rule->child; list; list = list->next) {
        struct rest rest;

        if (list->kind != SYNTAX_NAMES)
            continue;
        rest = rest_of(edit, list, names);
        if (!rest.is_less)
            continue;
        if (!says_something(edit, rule, &rest)) {
            edit_say(edit, "removed rule %s (line %d): it would say nothing any more%s%s",
                     rule_name(edit, rule), syntax_line(edit->tree, rule),
                     rest.words[0] ? ", with nothing left but " : "", rest.words);
            edit_remove(edit, rule);
            return true;
        }
        splices_add(&splices, edit_from(edit->tree, list), edit_to(edit->tree, list), rest.words);
        gone = arena_printf(edit->arena, "%s%s%s", gone, gone[0] ? ", " : "",
                            names_filter(edit, list, names, true));
    }
    if (splices.n_list == 0)
        return true;
    edit_say(edit, "took %s out of rule %s (line %d)", gone, rule_name(edit, rule),
             syntax_line(edit->tree, rule));
    return edit_rewrite(
        edit, rule, splices_apply(&splices, edit_from(edit->tree, rule), edit_to(edit->tree, rule)),
        err);
}

/* The first name below the node that means one of the names; NULL if none does. */
static const struct syntax *find_name(struct edit *edit, const struct syntax *node,
                                      const struct names *names)
{
    const struct syntax *found = NULL;
    int of;

    if (node->kind == SYNTAX_NAME)
        return names_count(names, syntax_text(edit->tree, node), &of) > 0 ? node : NULL;
    for (const struct syntax *at = node->child; at && !found; at = at->next)
        found = find_name(edit, at, names);
    return found;
}

bool edit_forget(struct edit *edit, const struct names *names, struct err *err)
{
    for (const struct syntax *at = edit->tree->policy->child; at; at = at->next) {
        const struct syntax *named;

        if (at->kind == SYNTAX_SERVICE)
            continue;
        if (is_rule(at)) {
            if (!forget_in_rule(edit, at, names, err))
                return false;
            continue;
        }
        named = find_name(edit, at, names);
        if (named)
            return err_set(err, "\"%s\" is needed by the %s in line %d; change that first",
                           syntax_text(edit->tree, named), syntax_word(at->kind),
                           syntax_line(edit->tree, named));
    }
    return true;
}
