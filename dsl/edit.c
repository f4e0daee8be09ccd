/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An edit from its request to the new text, which is checked like any other; see edit.h. */
#include "dsl/edit.h"

#include <string.h>

#include "dsl/edit_work.h"
#include "dsl/policy_text.h"
#include "dsl/resolve.h"

static const struct syntax *find_node(const struct edit *edit, const char *name)
{
    for (const struct syntax *at = edit->tree->policy->child; at; at = at->next) {
        if (at->kind == SYNTAX_NODE &&
            strcmp(syntax_text(edit->tree, syntax_part(at, SYNTAX_NAME)), name) == 0)
            return at;
    }
    return NULL;
}

static bool add_node(struct edit *edit, const struct edit_request *request, struct err *err)
{
    const struct syntax *last = edit_last(edit, SYNTAX_NODE);
    const struct syntax *there = find_node(edit, request->name);
    char *words;

    if (there)
        return err_set(err, "node %s is in the policy already (line %d)", request->name,
                       syntax_line(edit->tree, there));
    words =
        edit_new_statement(edit, arena_printf(edit->arena, "node %s", request->name), request, err);
    edit_say(edit, "added node %s", request->name);
    return words && edit_insert(edit, last ? last : edit_last(edit, SYNTAX_CLUSTER), words, err);
}

static bool edit_node(struct edit *edit, const struct edit_request *request, struct err *err)
{
    const struct syntax *node = find_node(edit, request->name);
    char *words;

    if (request->kind == EDIT_NODE_ADD)
        return add_node(edit, request, err);
    if (!node)
        return err_set(err, "no node is called \"%s\"", request->name);
    if (request->kind == EDIT_NODE_REMOVE) {
        edit_say(edit, "removed node %s (line %d)", request->name, syntax_line(edit->tree, node));
        edit_remove(edit, node);
        return true;
    }
    words = edit_with_settings(edit, edit->tree, node, request, err);
    edit_say(edit, "node %s %s: %s", request->name,
             request->kind == EDIT_NODE_UNSET ? "without" : "with",
             edit_join(edit->arena, request->words, request->n_words));
    return words && edit_rewrite(edit, node, words, err);
}

static bool edit_one(struct edit *edit, const struct edit_request *request, struct err *err)
{
    switch (request->kind) {
    case EDIT_SERVICE_ADD: return edit_service_add(edit, request, err);
    case EDIT_SERVICE_SET:
    case EDIT_SERVICE_UNSET: return edit_service_change(edit, request, err);
    case EDIT_SERVICE_REMOVE: return edit_service_remove(edit, request, err);
    case EDIT_NODE_ADD:
    case EDIT_NODE_REMOVE:
    case EDIT_NODE_SET:
    case EDIT_NODE_UNSET: return edit_node(edit, request, err);
    case EDIT_WITNESS_ADD:
    case EDIT_WITNESS_REMOVE: return edit_witness(edit, request, err);
    default: return edit_rule(edit, request, err);
    }
}

/* A text whose words are not understood is not touched: nobody knows what belongs to what. */
static bool is_readable(const struct diagnostics *diagnostics)
{
    for (int i = 0; i < diagnostics->n_list; i++) {
        if (strncmp(diagnostic_code_name(diagnostics->list[i].code), "T01", 3) == 0)
            return false;
    }
    return true;
}

/* What the text says now, with its tree. */
static struct resolution *read_text(struct arena *arena, const char *file, const char *text,
                                    size_t length, struct diagnostics **diagnostics)
{
    struct resolution *resolution = arena_alloc(arena, sizeof(*resolution));

    *diagnostics = arena_alloc(arena, sizeof(**diagnostics));
    resolution->policy = arena_alloc(arena, sizeof(*resolution->policy));
    policy_resolve(arena, file, text, length, resolution, *diagnostics);
    return resolution;
}

static bool is_known(const struct diagnostics *old, const struct diagnostic *found)
{
    for (int i = 0; i < old->n_list; i++) {
        if (old->list[i].code == found->code && strcmp(old->list[i].words, found->words) == 0)
            return true;
    }
    return false;
}

/* What was wrong before is not the edit's doing, and not told again. */
static void keep_new(struct diagnostics *new, const struct diagnostics *old)
{
    int n_list = new->n_list;

    new->n_list = new->n_errors = new->n_warnings = new->n_infos = 0;
    for (int i = 0; i < n_list; i++) {
        if (is_known(old, &new->list[i]))
            continue;
        new->n_errors += new->list[i].severity == SEVERITY_ERROR;
        new->n_warnings += new->list[i].severity == SEVERITY_WARNING;
        new->n_infos += new->list[i].severity == SEVERITY_INFO;
        new->list[new->n_list++] = new->list[i];
    }
}

/* What agents say to a text; a policy may have come from where others are installed. */
static struct diagnostics *ask_agents(struct arena *arena, const struct catalog *catalog,
                                      const char *file, const char *text)
{
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));

    diagnostics_init(found, arena, file, text, strlen(text));
    policy_check_agents(arena, catalog, text, strlen(text), found);
    return found;
}

static void take_new(struct diagnostics *found, const struct diagnostics *more)
{
    for (int i = 0; i < more->n_list && found->n_list < DIAGNOSTICS_MAX; i++)
        found->list[found->n_list++] = more->list[i];
    found->n_errors += more->n_errors;
    found->n_warnings += more->n_warnings;
    found->n_infos += more->n_infos;
    diagnostics_sort(found);
}

bool edit_run(struct arena *arena, const char *file, const char *text, size_t length,
              const struct edit_request *request, struct edit_result *result, struct err *err)
{
    struct edit edit = {.arena = arena, .result = result};
    struct diagnostics *old;
    struct resolution *resolution;

    memset(result, 0, sizeof(*result));
    if (memchr(text, '\0', length))
        return err_set(err, "%s holds a byte that is no text", file);
    edit.text = edit.splices.text = arena_strndup(arena, text, length);
    edit.splices.arena = arena;
    resolution = read_text(arena, file, edit.text, length, &old);
    if (!resolution->tree || !is_readable(old)) {
        result->diagnostics = old;
        return err_set(err, "the policy has mistakes; mend them first");
    }
    edit.tree = resolution->tree;
    if (!edit_one(&edit, request, err))
        return false;
    edit_finish(&edit);
    result->text = splices_apply(&edit.splices, 0, (int)length);
    result->difference = splices_difference(&edit.splices, (int)length);
    read_text(arena, file, result->text, strlen(result->text), &result->diagnostics);
    if (result->diagnostics->n_errors == 0) {
        keep_new(result->diagnostics, old);
        if (request->catalog) {
            struct diagnostics *is = ask_agents(arena, request->catalog, file, result->text);

            keep_new(is, ask_agents(arena, request->catalog, file, edit.text));
            take_new(result->diagnostics, is);
        }
    }
    if (result->diagnostics->n_errors > 0)
        return err_set(err, "with that the policy would be wrong; nothing was changed");
    return true;
}
