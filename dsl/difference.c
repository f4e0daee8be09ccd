/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two policies side by side, from the texts to the sorted lines; see difference.h. */
#include "dsl/difference.h"

#include <stdlib.h>
#include <string.h>

#include "dsl/difference_work.h"

/* ---- lines ----------------------------------------------------------------------------------- */

struct difference_line *work_add(struct difference_work *work, enum difference_rank rank,
                                 const struct difference_line *line)
{
    struct found *found;

    if (work->n_found == work->size) {
        work->size = work->size ? 2 * work->size : 32;
        work->found = xrealloc(work->found, (size_t)work->size * sizeof(work->found[0]));
    }
    found = &work->found[work->n_found];
    *found = (struct found){.line = *line, .rank = rank, .turn = work->n_found};
    work->n_found++;
    return &found->line;
}

struct difference_line *work_find(struct difference_work *work, const char *statement,
                                  const char *setting)
{
    for (int i = 0; i < work->n_found; i++) {
        struct difference_line *line = &work->found[i].line;

        if (strcmp(line->statement, statement) == 0 &&
            (!line->setting || (setting && strcmp(line->setting, setting) == 0)))
            return line;
    }
    return NULL;
}

void work_name_service(struct difference_work *work, struct difference_line *line,
                       const char *service)
{
    int n = line->n_services;

    /* Grows at powers of two, so their places are known without a size. */
    if ((n & (n - 1)) == 0) {
        const char **more = arena_alloc(work->arena, (size_t)(n ? 2 * n : 1) * sizeof(more[0]));

        if (n > 0)
            memcpy(more, line->services, (size_t)n * sizeof(more[0]));
        line->services = more;
    }
    /* Several settings of one service are one service that is altered. */
    if (n == 0 || strcmp(line->services[n - 1], service) != 0)
        line->services[line->n_services++] = service;
}

node_set work_nodes_now(const struct difference_work *work, node_set nodes)
{
    node_set now = 0;

    NODE_SET_EACH(node, nodes)
    now |= node_bit(work->node_now[node]);
    return now;
}

bool work_same_tiers(const struct difference_work *work, const struct rule *before,
                     const struct rule *after)
{
    int k = 0;

    for (int i = 0; i < before->n_tiers; i++) {
        node_set now = work_nodes_now(work, before->tiers[i]);

        if (now != 0 && (k == after->n_tiers || after->tiers[k++] != now))
            return false;
    }
    return k == after->n_tiers;
}

/* ---- what is idle ---------------------------------------------------------------------------- */

static bool names_word(const struct tree *tree, const struct syntax *node, const char *word)
{
    if (!node->child)
        return (node->kind == SYNTAX_NAME || node->kind == SYNTAX_VALUE) &&
               strcmp(syntax_text(tree, node), word) == 0;
    for (const struct syntax *at = node->child; at; at = at->next) {
        if (names_word(tree, at, word))
            return true;
    }
    return false;
}

/* Statements whose words are not followed to the nodes that they mean: a drill, a device. */
static bool is_named_elsewhere(const struct resolution *r, const char *let)
{
    for (const struct syntax *at = r->tree->policy->child; at; at = at->next) {
        bool is_followed = at->kind == SYNTAX_LET || at->kind == SYNTAX_SERVICE ||
                           at->kind == SYNTAX_DEFAULTS || at->kind == SYNTAX_RULE ||
                           at->kind == SYNTAX_DISABLED;

        if (!is_followed && names_word(r->tree, at, let))
            return true;
    }
    return false;
}

static void find_idle(const struct difference_work *work, struct difference_line *line)
{
    const char *let = strncmp(line->statement, "let ", 4) == 0 ? line->statement + 4 : NULL;

    if (line->is_shared)
        line->is_idle = line->n_services == 0 && line->n_rules == 0 &&
                        !(let && line->sign == '~' && is_named_elsewhere(work->after, let));
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int compare_found(const void *left, const void *right)
{
    const struct found *a = left, *b = right;

    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (a->rank == RANK_SERVICE && strcmp(a->line.services[0], b->line.services[0]) != 0)
        return strcmp(a->line.services[0], b->line.services[0]);
    return (a->turn > b->turn) - (a->turn < b->turn);
}

static void match_names(struct difference_work *work)
{
    const struct policy *before = work->before->policy, *after = work->after->policy;

    for (node_id was = 0; was < before->n_nodes; was++)
        work->node_now[was] = policy_find_node(after, before->nodes[was].name);
    work->service_now =
        arena_alloc(work->arena, ((size_t)before->n_services + 1) * sizeof(work->service_now[0]));
    for (service_id was = 0; was < before->n_services; was++)
        work->service_now[was] = policy_find_service(after, before->services[was].name);
}

static void compare(struct difference_work *work, struct difference *difference)
{
    match_names(work);
    difference_facts(work);
    difference_services(work);
    difference_rules(work);
    if (work->n_found > 0)
        qsort(work->found, (size_t)work->n_found, sizeof(work->found[0]), compare_found);
    *difference = (struct difference){.n_lines = work->n_found};
    difference->lines =
        arena_alloc(work->arena, ((size_t)work->n_found + 1) * sizeof(difference->lines[0]));
    for (int i = 0; i < work->n_found; i++) {
        find_idle(work, &work->found[i].line);
        difference->lines[i] = work->found[i].line;
        difference->n_effects += !difference->lines[i].is_idle;
    }
    free(work->found);
}

static bool read_policy(struct arena *arena, const char *text, struct resolution **resolution)
{
    struct resolution *r = arena_alloc(arena, sizeof(*r));
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));

    *resolution = r;
    r->policy = arena_alloc(arena, sizeof(*r->policy));
    return policy_resolve(arena, "policy", text, strlen(text), r, found);
}

bool difference_find(struct arena *arena, const char *before, const char *after,
                     struct difference *difference)
{
    struct difference_work work = {.arena = arena};
    struct resolution *old, *new;
    bool is_right = read_policy(arena, before ? before : "", &old) || !before;

    is_right = read_policy(arena, after, &new) && is_right;
    work.before = old;
    work.after = new;
    if (is_right)
        compare(&work, difference);
    return is_right;
}

/* ---- words ----------------------------------------------------------------------------------- */

static const char *altered_words(struct arena *arena, const struct difference_line *line)
{
    const char *services = "", *rules = "";

    if (line->n_services > 0)
        services =
            arena_printf(arena, "%d service%s", line->n_services, line->n_services == 1 ? "" : "s");
    if (line->n_rules > 0)
        rules = arena_printf(arena, "%s%d rule%s", *services ? " and " : "", line->n_rules,
                             line->n_rules == 1 ? "" : "s");
    return arena_printf(arena, " (alters %s%s%s)", services, rules,
                        line->is_idle         ? "nothing"
                        : *services || *rules ? ""
                                              : "what names it");
}

const char *difference_words(struct arena *arena, const struct difference_line *line)
{
    const char *words = arena_printf(arena, "%c %s", line->sign, line->statement);
    const char *before = line->before ? line->before : "", *after = line->after ? line->after : "";
    const char *setting = line->setting ? line->setting : "";
    const char *tail = line->is_shared || line->is_idle ? altered_words(arena, line)
                       : line->because ? arena_printf(arena, " (%s)", line->because)
                                       : "";

    /* "keep on alpha" says it all. */
    if (strcmp(setting, "on") == 0 && strstr(*after ? after : before, " on "))
        setting = "";
    if (line->before && line->after)
        words = arena_printf(arena, "%s:%s%s %s -> %s", words, *setting ? " " : "", setting, before,
                             after);
    else if (line->setting)
        words = arena_printf(arena, "%s: %c%s%s %s%s", words, line->after ? '+' : '-',
                             *setting ? " " : "", setting, before, after);
    else if (*before || *after)
        words = arena_printf(arena, "%s: %s%s", words, before, after);
    return arena_printf(arena, "%s%s", words, tail);
}
