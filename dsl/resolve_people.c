/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Alerts, and who may do what. Both are read in full; agents of this version leave them aside. */
#include <string.h>

#include "dsl/resolve.h"
#include "dsl/ssh_key.h"
#include "dsl/values.h"
#include "ha/base/text.h"

static const char *const event_words[] = {
#define ALERT_EVENT(id, word, meaning) [ALERT_##id] = word,
#include "ha/model/alert_event.def"
#undef ALERT_EVENT
};

static void read_program(struct resolution *r, struct alert_policy *alert, const struct syntax *at)
{
    const struct syntax *value = at->child;
    struct diagnostic *entry;
    const char **args;

    alert->program = value_string(r->tree, value);
    if (alert->program[0] != '/' || alert->program[strlen(alert->program) - 1] == '/') {
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_BAD_PROGRAM,
                                syntax_place(r->tree, value), alert->program);
        diagnostics_hint(r->diagnostics, entry,
                         "no shell looks for it: write its whole path, as in"
                         " run \"/usr/local/bin/page\" ops");
    }
    for (const struct syntax *more = value->next; more; more = more->next)
        alert->n_args++;
    args = arena_alloc(r->arena, (size_t)alert->n_args * sizeof(args[0]));
    alert->args = args;
    for (const struct syntax *more = value->next; more; more = more->next)
        *args++ = value_string(r->tree, more);
}

static void read_events(struct resolution *r, struct alert_policy *alert, const struct syntax *at)
{
    for (const struct syntax *name = at->child->child; name; name = name->next) {
        const char *word = syntax_text(r->tree, name);
        int event = 0;

        /* The grammar has no others. */
        while (event < ALERT_EVENTS - 1 && strcmp(event_words[event], word) != 0)
            event++;
        if (alert->events & 1u << event)
            diagnostics_add(r->diagnostics, DIAGNOSTIC_NAMED_TWICE, syntax_place(r->tree, name),
                            word);
        alert->events |= 1u << event;
    }
}

static void read_alert(struct resolution *r, struct alert_policy *alert,
                       const struct syntax *statement)
{
    const struct syntax *first[SYNTAX_KINDS] = {0};
    bool has_broken = statement->is_broken;

    for (const struct syntax *at = syntax_inside(statement); at; at = at->next) {
        has_broken = has_broken || at->is_broken;
        if (at->is_broken || !resolve_once(r, &first[at->kind], at))
            continue;
        if (at->kind == SYNTAX_RUN)
            read_program(r, alert, at);
        else
            read_events(r, alert, at);
    }
    if (!has_broken && !first[SYNTAX_RUN])
        resolve_incomplete(r, statement, "what it runs", "run \"/PATH/OF/PROGRAM\"");
    if (!has_broken && !first[SYNTAX_ON_EVENTS])
        resolve_incomplete(r, statement, "what it is about", "on fence, error, quorum");
}

static bool is_name(struct resolution *r, const struct syntax *name, const char *what, int longest)
{
    if (node_name_is_valid(syntax_text(r->tree, name)))
        return true;
    resolve_bad_name(r, name, what, longest);
    return false;
}

static void declare_alert(struct resolution *r, struct alert_policy *list,
                          const struct syntax *names[], const struct syntax *statement)
{
    const struct syntax *name = syntax_part(statement, SYNTAX_NAME);
    const char *word = syntax_text(r->tree, name);
    int at = r->policy->n_alerts;

    for (int i = 0; i < at; i++) {
        if (strcmp(list[i].name, word) == 0) {
            resolve_duplicate(r, name, "alerts", names[i]);
            return;
        }
    }
    if (at == ALERTS_MAX) {
        diagnostics_add(r->diagnostics, DIAGNOSTIC_LIMIT, syntax_place(r->tree, name), at + 1,
                        "alerts", ALERTS_MAX);
        return;
    }
    for (; at > 0 && strcmp(list[at - 1].name, word) > 0; at--) {
        list[at] = list[at - 1];
        names[at] = names[at - 1];
    }
    r->policy->n_alerts++;
    names[at] = name;
    list[at] = (struct alert_policy){.line = syntax_line(r->tree, statement)};
    text_copy(list[at].name, sizeof(list[at].name), word);
    read_alert(r, &list[at], statement);
}

void resolve_alerts(struct resolution *r)
{
    struct alert_policy *list = arena_alloc(r->arena, ALERTS_MAX * sizeof(list[0]));
    const struct syntax *names[ALERTS_MAX], *first = NULL;

    r->policy->alerts = list;
    for (const struct syntax *at = r->tree->policy->child; at; at = at->next) {
        const struct syntax *name = at->kind == SYNTAX_ALERT ? syntax_part(at, SYNTAX_NAME) : NULL;

        if (!name || !is_name(r, name, "alert", RULE_NAME_MAX - 1))
            continue;
        first = first ? first : at;
        declare_alert(r, list, names, at);
    }
    if (first)
        resolve_not_acted_on(r, first, "alert",
                             "nothing is run; until then there is: tenuto events --follow");
}

static enum access_role role_of(enum syntax_kind kind)
{
    return kind == SYNTAX_ADMIN      ? ACCESS_ADMIN
           : kind == SYNTAX_OPERATOR ? ACCESS_OPERATOR
                                     : ACCESS_VIEWER;
}

static void read_key(struct resolution *r, struct person *person, const struct syntax *value)
{
    const char *wrong;

    if (!ssh_key_read(r->arena, value_string(r->tree, value), &person->key, &wrong)) {
        person->key = NULL;
        diagnostics_add(r->diagnostics, DIAGNOSTIC_BAD_KEY, syntax_place(r->tree, value), wrong);
    }
}

/* One name with two keys, or one key with two names: nobody could say who it was. */
static bool is_same_person(struct resolution *r, const struct person *person,
                           const struct syntax *name, const struct person *other,
                           const struct syntax *other_name)
{
    struct diagnostic *entry;

    if (strcmp(person->name, other->name) == 0) {
        resolve_duplicate(r, name, "people", other_name);
        return true;
    }
    if (person->key && other->key && strcmp(person->key, other->key) == 0) {
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_SAME_KEY,
                                syntax_place(r->tree, name->next), other->name, person->name);
        diagnostics_note(r->diagnostics, entry, syntax_place(r->tree, other_name->next),
                         "it is here already");
    }
    return false;
}

static void declare_person(struct resolution *r, struct person *list, const struct syntax *names[],
                           const struct syntax *statement)
{
    const struct syntax *name = syntax_part(statement, SYNTAX_NAME);
    struct person person = {.role = role_of(statement->kind),
                            .line = syntax_line(r->tree, statement)};
    int at = r->policy->n_people;

    if (at == PEOPLE_MAX) {
        diagnostics_add(r->diagnostics, DIAGNOSTIC_LIMIT, syntax_place(r->tree, name), at + 1,
                        "people", PEOPLE_MAX);
        return;
    }
    text_copy(person.name, sizeof(person.name), syntax_text(r->tree, name));
    read_key(r, &person, name->next);
    for (int i = 0; i < at; i++) {
        if (is_same_person(r, &person, name, &list[i], names[i]))
            return;
    }
    for (; at > 0 && strcmp(list[at - 1].name, person.name) > 0; at--) {
        list[at] = list[at - 1];
        names[at] = names[at - 1];
    }
    r->policy->n_people++;
    names[at] = name;
    list[at] = person;
}

void resolve_access(struct resolution *r, const struct syntax *statement)
{
    struct person *list = arena_alloc(r->arena, PEOPLE_MAX * sizeof(list[0]));
    const struct syntax **names = arena_alloc(r->arena, PEOPLE_MAX * sizeof(names[0]));

    r->policy->people = list;
    for (const struct syntax *at = syntax_inside(statement); at; at = at->next) {
        if (!at->is_broken && is_name(r, syntax_part(at, SYNTAX_NAME), "person", NODE_NAME_MAX - 1))
            declare_person(r, list, names, at);
    }
    resolve_not_acted_on(
        r, statement, "access",
        "until then root on a node is an admin, and everybody else there a viewer");
}
