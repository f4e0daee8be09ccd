/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameters for agents, of services and of fence devices: "set NAME value". */
#include <stdlib.h>
#include <string.h>

#include "dsl/resolve.h"
#include "dsl/values.h"

static bool read_set(struct resolution *r, struct service_set *set, const struct syntax *at)
{
    const struct syntax *name = at->child, *value = name->next;

    *set = (struct service_set){.name = syntax_text(r->tree, name), .at = at};
    if (!node_name_is_valid(set->name)) {
        resolve_bad_name(r, name, "parameter", NODE_NAME_MAX - 1);
        return false;
    }
    if (value->kind == SYNTAX_SECRET) {
        set->secret = syntax_text(r->tree, value);
        if (!node_name_is_valid(set->secret))
            resolve_bad_name(r, value, "secret", NODE_NAME_MAX - 1);
        if (at->kind == SYNTAX_SET && (!r->secret_at || value->first < r->secret_at->first))
            r->secret_at = value;
        return true;
    }
    /* A device has no name of its own to put in: its strings are taken as they stand. */
    if (at->kind == SYNTAX_SET)
        value_check_dollars(r->tree, value);
    set->value = value_string(r->tree, value);
    return true;
}

static int compare_sets(const void *a, const void *b)
{
    const struct service_set *left = a;
    const struct service_set *right = b;
    int order = strcmp(left->name, right->name);

    if (order != 0)
        return order;
    return left->at->first < right->at->first ? -1 : left->at->first > right->at->first;
}

/* Sorts, and keeps the first of those that bear one name. */
static int keep_sets(struct resolution *r, struct service_set *sets, int n_sets)
{
    struct diagnostic *entry;
    int kept = 0;

    if (n_sets > 0)
        qsort(sets, (size_t)n_sets, sizeof(sets[0]), compare_sets);
    for (int i = 0; i < n_sets; i++) {
        const struct service_set set = sets[i];

        if (kept == 0 || strcmp(sets[kept - 1].name, set.name) != 0) {
            sets[kept++] = set;
            continue;
        }
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_SET_TWICE,
                                syntax_place(r->tree, set.at->child), set.name);
        diagnostics_note(r->diagnostics, entry, syntax_place(r->tree, sets[kept - 1].at->child),
                         "it is set here already");
    }
    return kept;
}

struct service_set *resolve_sets(struct resolution *r, const struct syntax *statement,
                                 enum syntax_kind kind, int *n_sets)
{
    struct service_set *sets;
    int n = 0;

    for (const struct syntax *at = syntax_inside(statement); at; at = at->next)
        n += at->kind == kind;
    sets = arena_alloc(r->arena, (size_t)n * sizeof(sets[0]));
    n = 0;
    for (const struct syntax *at = syntax_inside(statement); at; at = at->next) {
        if (at->kind == kind && !at->is_broken)
            n += read_set(r, &sets[n], at);
    }
    *n_sets = keep_sets(r, sets, n);
    return sets;
}
