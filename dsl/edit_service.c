/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Services added, changed and removed. Where a statement is of several services and not all
 * of them are meant, those that are get a statement of their own behind it, so that the
 * others stay as they are.
 */
#include <string.h>

#include "dsl/edit_work.h"
#include "dsl/suggest.h"

/* Of a statement's services: how many there are, and how many are meant. */
struct share {
    int of;
    int meant;
};

static struct share share_of(struct edit *edit, const struct syntax *statement,
                             const struct names *names)
{
    const struct syntax *list = syntax_part(statement, SYNTAX_NAMES);
    struct share share = {0};

    if (statement->kind != SYNTAX_SERVICE || !list)
        return share;
    for (const struct syntax *name = list->child; name; name = name->next) {
        int of;

        share.meant += names_count(names, syntax_text(edit->tree, name), &of);
        share.of += of;
    }
    return share;
}

bool edit_service_add(struct edit *edit, const struct edit_request *request, struct err *err)
{
    const struct syntax *last = edit_last(edit, SYNTAX_SERVICE);
    struct names names;
    char *words;

    if (!names_read(edit, request->name, &names, err))
        return false;
    for (const struct syntax *at = edit->tree->policy->child; at; at = at->next) {
        if (share_of(edit, at, &names).meant > 0)
            return err_set(err,
                           "%s is in the policy already (line %d); \"tenuto ha set\" changes it",
                           request->name, syntax_line(edit->tree, at));
    }
    words = edit_new_statement(edit, arena_printf(edit->arena, "service %s", request->name),
                               request, err);
    if (!words)
        return false;
    edit_say(edit, "added service %s", request->name);
    return edit_insert(edit, last ? last : edit_last_before_services(edit), words, err);
}

/* The statement's words with another list of services; its inner comments are kept above it. */
static char *with_list(struct edit *edit, const struct syntax *statement, const struct syntax *list,
                       const char *words)
{
    struct splices splices = {.arena = edit->arena, .text = edit->text};

    splices_add(&splices, edit_from(edit->tree, list), edit_to(edit->tree, list), words);
    return splices_apply(&splices, edit_from(edit->tree, statement),
                         edit_to(edit->tree, statement));
}

static bool split(struct edit *edit, const struct syntax *statement, const struct names *names,
                  const struct edit_request *request, struct err *err)
{
    const struct syntax *list = syntax_part(statement, SYNTAX_NAMES);
    const char *meant = names_filter(edit, list, names, true);
    const char *others = names_filter(edit, list, names, false);
    struct tree *piece = edit_piece(edit->arena, with_list(edit, statement, list, meant), err);
    char *words =
        piece ? edit_with_settings(edit, piece, piece->policy->child, request, err) : NULL;

    if (!words)
        return false;
    edit_say(edit, "%s got a statement of its own; line %d goes on to say what %s is", meant,
             syntax_line(edit->tree, statement), others);
    return edit_rewrite(edit, statement, with_list(edit, statement, list, others), err) &&
           edit_insert(edit, statement, words, err);
}

/* "web" means ocf:web, however short it is. */
static void consider(struct suggestion *suggestion, const char *name)
{
    const char *colon = strchr(name, ':');

    if (colon && strcmp(colon + 1, suggestion->word) == 0)
        suggestion_take(suggestion, name);
    suggestion_consider(suggestion, name);
}

/* Which of the names no statement declares, and what it may have meant. */
static bool refuse_unknown(struct edit *edit, const struct names *names, struct err *err)
{
    for (int i = 0; i < names->n_list; i++) {
        struct names one = {&names->list[i], 1};
        struct suggestion suggestion = suggestion_for(names->list[i]);
        int found = 0;

        for (const struct syntax *at = edit->tree->policy->child; at; at = at->next) {
            const struct syntax *list =
                at->kind == SYNTAX_SERVICE ? syntax_part(at, SYNTAX_NAMES) : NULL;

            found += share_of(edit, at, &one).meant;
            for (const struct syntax *name = list ? list->child : NULL; name; name = name->next)
                consider(&suggestion, syntax_text(edit->tree, name));
        }
        if (!found && suggestion.best)
            return err_set(err, "no service is called \"%s\"; did you mean \"%s\"?", names->list[i],
                           suggestion.best);
        if (!found)
            return err_set(err, "no service is called \"%s\"", names->list[i]);
    }
    return true;
}

/* Reads the names that were asked for; all of them have to be in the policy. */
static bool read_known(struct edit *edit, const char *words, struct names *names, struct err *err)
{
    int found = 0;

    if (!names_read(edit, words, names, err))
        return false;
    for (const struct syntax *at = edit->tree->policy->child; at; at = at->next)
        found += share_of(edit, at, names).meant;
    return found >= names->n_list || refuse_unknown(edit, names, err);
}

bool edit_service_change(struct edit *edit, const struct edit_request *request, struct err *err)
{
    bool is_unset = request->kind == EDIT_SERVICE_UNSET;
    struct names names;

    if (!read_known(edit, request->name, &names, err))
        return false;
    edit_say(edit, "%s %s: %s", request->name, is_unset ? "without" : "with",
             edit_join(edit->arena, request->words, request->n_words));
    for (const struct syntax *at = edit->tree->policy->child; at; at = at->next) {
        struct share share = share_of(edit, at, &names);
        char *words;

        if (share.meant == 0)
            continue;
        if (share.meant < share.of) {
            if (!split(edit, at, &names, request, err))
                return false;
            continue;
        }
        words = edit_with_settings(edit, edit->tree, at, request, err);
        if (!words || !edit_rewrite(edit, at, words, err))
            return false;
    }
    return true;
}

/* A comment that stands alone on the line above is not ours to take. */
static void say_comment_above(struct edit *edit, const struct syntax *statement)
{
    int at = statement->first - 1;

    while (at >= 0 && edit->tree->tokens.list[at].kind == TOKEN_BLANK)
        at--;
    if (at < 1 || edit->tree->tokens.list[at].kind != TOKEN_NEWLINE ||
        edit->tree->tokens.list[at - 1].kind != TOKEN_COMMENT)
        return;
    for (at -= 2; at >= 0 && edit->tree->tokens.list[at].kind == TOKEN_BLANK;)
        at--;
    if (at < 0 || edit->tree->tokens.list[at].kind == TOKEN_NEWLINE)
        edit_say(edit, "the comment above it (line %d) stays",
                 syntax_line(edit->tree, statement) - 1);
}

bool edit_service_remove(struct edit *edit, const struct edit_request *request, struct err *err)
{
    struct names names;

    if (!read_known(edit, request->name, &names, err))
        return false;
    for (const struct syntax *at = edit->tree->policy->child; at; at = at->next) {
        struct share share = share_of(edit, at, &names);
        const struct syntax *list = syntax_part(at, SYNTAX_NAMES);

        if (share.meant == 0)
            continue;
        if (share.meant == share.of) {
            edit_say(edit, "removed service %s (line %d)", names_filter(edit, list, &names, true),
                     syntax_line(edit->tree, at));
            say_comment_above(edit, at);
            edit_remove(edit, at);
            continue;
        }
        edit_say(edit, "removed service %s (line %d); %s stays",
                 names_filter(edit, list, &names, true), syntax_line(edit->tree, at),
                 names_filter(edit, list, &names, false));
        if (!edit_rewrite(edit, at,
                          with_list(edit, at, list, names_filter(edit, list, &names, false)), err))
            return false;
    }
    return edit_forget(edit, &names, err);
}
