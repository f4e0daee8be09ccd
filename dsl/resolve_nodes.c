/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodes, the names for sets of them, and what is written with such names: lists and tiers. */
#include <string.h>

#include "dsl/range.h"
#include "dsl/resolve.h"
#include "dsl/suggest.h"
#include "dsl/value_meant.h"
#include "dsl/values.h"
#include "ha/base/text.h"

#define TIB ((int64_t)1 << 40)
/* More names than that are not read in a hint. */
#define NODES_SHOWN 8

/* "[alpha, beta]" and "db[1,3]": two words of one slip; the second goes without a word. */
static void report_range(struct resolution *r, const struct syntax *name, const char *word)
{
    const char *meant = meant_range(r->arena, word);
    struct diagnostic *entry;

    if (r->said.is_in_broken ||
        (!strchr(word, '[') && r->said.open_range_line == syntax_line(r->tree, name)))
        return;
    if (!strchr(word, ']'))
        r->said.open_range_line = syntax_line(r->tree, name);
    entry =
        diagnostics_add(r->diagnostics, DIAGNOSTIC_BAD_RANGE, syntax_place(r->tree, name), word);
    if (meant)
        diagnostics_suggest(r->diagnostics, entry, meant);
    else if (word[0] == '[')
        diagnostics_hint(r->diagnostics, entry, "a list needs no brackets: alpha, beta");
    else if (!strchr(word, ']'))
        diagnostics_hint(
            r->diagnostics, entry,
            "a range has two numbers, db[1..3]; others are named one by one: db1, db3");
    else
        diagnostics_hint(r->diagnostics, entry,
                         "it is written name[1..9]: the smaller number first, without leading"
                         " zeros, at most %d of them",
                         SERVICES_MAX);
}

void resolve_range(struct resolution *r, const struct syntax *name, resolve_name_fn *each,
                   void *context)
{
    const char *word = syntax_text(r->tree, name);
    struct range range;

    if (!range_is_meant(word)) {
        (void)each(context, name, word);
        return;
    }
    if (!range_read(word, &range)) {
        report_range(r, name, word);
        return;
    }
    for (int number = range.low; number <= range.high; number++) {
        if (!each(context, name, range_name(r->arena, &range, number)))
            return;
    }
}

/* One of a range may be there and the next not: then the range would be told again. */
static bool is_all_there(struct resolution *r, const char *word)
{
    struct range range;

    if (!range_read(word, &range))
        return true;
    for (int number = range.low; number <= range.high; number++) {
        const char *name = range_name(r->arena, &range, number);

        if (policy_find_service(r->policy, name) == SERVICE_NONE &&
            policy_find_node(r->policy, name) == NODE_NONE)
            return false;
    }
    return true;
}

void said_suggest(struct resolution *r, struct diagnostic *entry, const struct syntax *at,
                  const char *name, const char *meant)
{
    const char *word = syntax_text(r->tree, at);
    const char *range = strcmp(word, name) == 0 ? meant : range_meant(r->arena, word, name, meant);
    bool names_others = entry->code == DIAGNOSTIC_NO_SERVICE || entry->code == DIAGNOSTIC_NO_NODE;

    if (range && (!names_others || is_all_there(r, range)))
        diagnostics_suggest(r->diagnostics, entry, range);
    else
        diagnostics_hint(r->diagnostics, entry, "did you mean \"%s\"?", meant);
}

bool said_before(struct resolution *r, enum diagnostic_code code, const struct syntax *at,
                 const char *name)
{
    const char *quoted = arena_printf(r->arena, "\"%s\"", name);

    for (int i = 0; i < r->diagnostics->n_list; i++) {
        struct diagnostic *entry = &r->diagnostics->list[i];
        struct location other;

        if (entry->code != code || !strstr(entry->words, quoted))
            continue;
        other = syntax_place(r->tree, at);
        /* Rules are not read in the order of the text. */
        if (other.offset < entry->at.offset) {
            struct location first = other;

            other = entry->at;
            entry->at = first;
        }
        diagnostics_note(r->diagnostics, entry, other, "and here");
        return true;
    }
    return false;
}

static void add_address(struct resolution *r, struct node_policy *node, const struct syntax *value)
{
    const char *address = value_address(r->tree, value, false);
    struct diagnostic *entry;

    if (node->n_addresses == LINKS_MAX) {
        diagnostics_add(r->diagnostics, DIAGNOSTIC_LIMIT, syntax_place(r->tree, value),
                        LINKS_MAX + 1, "addresses of one node", LINKS_MAX);
        return;
    }
    for (int i = 0; address && i < r->policy->n_nodes; i++) {
        const struct node_policy *other = &r->policy->nodes[i];

        for (int k = 0; k < other->n_addresses; k++) {
            if (!other->addresses[k] || strcmp(other->addresses[k], address) != 0)
                continue;
            entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_SAME_ADDRESS,
                                    syntax_place(r->tree, value), address);
            diagnostics_note(r->diagnostics, entry, syntax_place(r->tree, r->node_at[i]),
                             "node %s has it already", other->name);
        }
    }
    node->addresses[node->n_addresses++] = address;
}

static void add_addresses(struct resolution *r, struct node_policy *node,
                          const struct syntax *setting)
{
    for (const struct syntax *value = setting->child->child; value; value = value->next)
        add_address(r, node, value);
}

/* "address 10.77.0.1; address 10.78.0.1": each network on its own, as others write it. */
static void hint_addresses(struct resolution *r, const struct syntax *at)
{
    int n = r->diagnostics->n_list;

    r->said.links_are_unsure = true;
    if (at->kind == SYNTAX_ADDRESSES && n < DIAGNOSTICS_MAX)
        diagnostics_hint(r->diagnostics, &r->diagnostics->list[n - 1],
                         "all addresses stand in one list: address ADDRESS, ADDRESS");
}

static void resolve_node_settings(struct resolution *r, struct node_policy *node,
                                  const struct syntax *statement)
{
    const struct syntax *first[SYNTAX_KINDS] = {0};

    for (const struct syntax *at = syntax_inside(statement); at; at = at->next) {
        r->said.links_are_unsure = r->said.links_are_unsure || at->is_broken;
        if (at->is_broken)
            continue;
        if (!resolve_once(r, &first[at->kind], at)) {
            hint_addresses(r, at);
            continue;
        }
        if (at->kind == SYNTAX_ADDRESSES)
            add_addresses(r, node, at);
        else if (at->kind == SYNTAX_CPUS)
            value_thousandths(r->tree, at->child, (struct bounds){"cpus", 1, 65536},
                              &node->cpus_milli);
        else if (at->kind == SYNTAX_MEMORY)
            value_size(r->tree, at->child, (struct bounds){"memory", 1024, 1024 * TIB},
                       &node->memory);
        else if (at->kind == SYNTAX_VOTES)
            value_count(r->tree, at->child, (struct bounds){"votes", 0, 100}, &node->votes);
    }
}

/* Makes room at the node's place by name, so that ids are right from the start. */
static struct node_policy *insert_node(struct resolution *r, const struct syntax *name)
{
    const char *word = syntax_text(r->tree, name);
    int at = r->policy->n_nodes++;

    for (; at > 0 && strcmp(r->policy->nodes[at - 1].name, word) > 0; at--) {
        r->policy->nodes[at] = r->policy->nodes[at - 1];
        r->node_at[at] = r->node_at[at - 1];
    }
    r->policy->nodes[at] = (struct node_policy){.votes = 1, .line = syntax_line(r->tree, name)};
    text_copy(r->policy->nodes[at].name, NODE_NAME_MAX, word);
    r->node_at[at] = name;
    return &r->policy->nodes[at];
}

void resolve_duplicate(struct resolution *r, const struct syntax *name, const char *what,
                       const struct syntax *first)
{
    struct diagnostic *entry =
        diagnostics_add(r->diagnostics, DIAGNOSTIC_DUPLICATE, syntax_place(r->tree, name), what,
                        syntax_text(r->tree, name));

    diagnostics_note(r->diagnostics, entry, syntax_place(r->tree, first), "the first is here");
}

static void resolve_node(struct resolution *r, const struct syntax *statement, int n_statements)
{
    const struct syntax *name = syntax_part(statement, SYNTAX_NAME);
    node_id known;

    if (!name)
        return;
    r->said.is_unsure_of_nodes = true;
    if (!node_name_is_valid(syntax_text(r->tree, name))) {
        if (!statement->is_broken)
            resolve_bad_name(r, name, "node", NODE_NAME_MAX - 1);
        return;
    }
    known = policy_find_node(r->policy, syntax_text(r->tree, name));
    if (known != NODE_NONE)
        resolve_duplicate(r, name, "nodes", r->node_at[known]);
    else if (n_statements <= NODES_MAX)
        resolve_node_settings(r, insert_node(r, name), statement);
    else if (n_statements == NODES_MAX + 1)
        diagnostics_add(r->diagnostics, DIAGNOSTIC_LIMIT, syntax_place(r->tree, name), n_statements,
                        "nodes", NODES_MAX);
}

/* Every link reaches every node: a node with one address less would be cut off on that link. */
static void check_links(struct resolution *r)
{
    const struct policy *policy = r->policy;
    struct diagnostic *entry;

    if (r->said.links_are_unsure || !r->tree->is_sure)
        return;
    for (int i = 1; i < policy->n_nodes; i++) {
        if (policy->nodes[i].n_addresses == policy->nodes[0].n_addresses)
            continue;
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_LINK_COUNT,
                                syntax_place(r->tree, r->node_at[i]), policy->nodes[i].name,
                                policy->nodes[i].n_addresses, policy->nodes[0].name,
                                policy->nodes[0].n_addresses);
        diagnostics_hint(r->diagnostics, entry,
                         "each address is on one network that all nodes share, in one order");
        diagnostics_note(r->diagnostics, entry, syntax_place(r->tree, r->node_at[0]), "node %s",
                         policy->nodes[0].name);
        return;
    }
    if (policy->n_nodes > 0 && policy->nodes[0].n_addresses == 0) {
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_NO_ADDRESSES,
                                syntax_place(r->tree, r->node_at[0]));
        diagnostics_hint(r->diagnostics, entry,
                         "that is enough for a rehearsal; a cluster needs: address 10.77.0.1");
    }
}

static struct let *find_let(struct resolution *r, const char *name)
{
    for (int i = 0; i < r->n_lets; i++) {
        if (strcmp(r->lets[i].name, name) == 0)
            return &r->lets[i];
    }
    return NULL;
}

static void declare_let(struct resolution *r, const struct syntax *statement)
{
    const struct syntax *name = syntax_part(statement, SYNTAX_NAME);
    const char *word = name ? syntax_text(r->tree, name) : "";
    struct diagnostic *entry;
    node_id node;

    if (!name)
        return;
    node = policy_find_node(r->policy, word);
    if (!node_name_is_valid(word)) {
        if (!statement->is_broken)
            resolve_bad_name(r, name, "set of nodes", NODE_NAME_MAX - 1);
    } else if (node != NODE_NONE) {
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_LET_IS_NODE, syntax_place(r->tree, name),
                                word);
        diagnostics_note(r->diagnostics, entry, syntax_place(r->tree, r->node_at[node]),
                         "the node is here");
    } else if (find_let(r, word)) {
        resolve_duplicate(r, name, "sets of nodes",
                          syntax_part(find_let(r, word)->statement, SYNTAX_NAME));
    } else if (r->n_lets == LETS_MAX) {
        diagnostics_add(r->diagnostics, DIAGNOSTIC_LIMIT, syntax_place(r->tree, name), LETS_MAX + 1,
                        "sets of nodes", LETS_MAX);
    } else {
        r->lets[r->n_lets++] = (struct let){.name = word, .statement = statement};
    }
}

struct node_list {
    struct resolution *resolution;
    node_set nodes; /* found so far in this list */
    node_set seen;  /* in lists before it that must not share a node with it */
};

static node_set resolve_names(struct resolution *r, const struct syntax *names, node_set seen);

/* Lets may come in any order, so each is resolved when it is first needed. */
static node_set resolve_let(struct resolution *r, struct let *let, const struct syntax *at)
{
    struct diagnostic *entry;

    if (let->state == LET_BEING_RESOLVED) {
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_LET_CYCLE, syntax_place(r->tree, at),
                                let->name);
        diagnostics_note(r->diagnostics, entry, syntax_head_place(r->tree, let->statement),
                         "its definition is here");
    } else if (let->state == LET_UNKNOWN) {
        const struct syntax *names = syntax_part(let->statement, SYNTAX_NAMES);

        let->state = LET_BEING_RESOLVED;
        r->said.is_in_broken = let->statement->is_broken;
        if (names)
            let->nodes = resolve_names(r, names, 0);
        r->said.is_in_broken = false;
        let->state = LET_RESOLVED;
    }
    return let->nodes;
}

/* All that there are, if one can take them in at a glance. */
static void hint_nodes(struct resolution *r, struct diagnostic *entry)
{
    const char *names = "";
    int n = r->policy->n_nodes;

    if (n == 0 || n > NODES_SHOWN)
        return;
    for (int i = 0; i < n; i++)
        names = arena_printf(r->arena, "%s%s%s", names,
                             i == 0      ? ""
                             : i < n - 1 ? ", "
                                         : " and ",
                             r->policy->nodes[i].name);
    diagnostics_hint(r->diagnostics, entry, "there %s %s", n == 1 ? "is" : "are", names);
}

static void report_no_node(struct resolution *r, const struct syntax *at, const char *name)
{
    struct suggestion suggestion = suggestion_for(name);
    struct diagnostic *entry;

    if (!r->tree->is_sure || (strchr(name, ':') && r->said.mixed_line == syntax_line(r->tree, at)))
        return;
    if (said_before(r, DIAGNOSTIC_NO_NODE, at, name))
        return;
    for (int i = 0; i < r->policy->n_nodes; i++)
        suggestion_consider(&suggestion, r->policy->nodes[i].name);
    for (int i = 0; i < r->n_lets; i++)
        suggestion_consider(&suggestion, r->lets[i].name);
    entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_NO_NODE, syntax_place(r->tree, at), name);
    if (suggestion.best)
        said_suggest(r, entry, at, name, suggestion.best);
    else if (strchr(name, ':'))
        diagnostics_hint(r->diagnostics, entry, "this is how services are called; a node is meant");
    else
        hint_nodes(r, entry);
    if (strchr(name, ':'))
        r->said.mixed_line = syntax_line(r->tree, at);
}

static bool add_node_name(void *context, const struct syntax *at, const char *name)
{
    struct node_list *list = context;
    struct resolution *r = list->resolution;
    struct let *let = find_let(r, name);
    node_id node = policy_find_node(r->policy, name);
    node_set nodes = let ? resolve_let(r, let, at) : node_bit(node);

    if (!let && node == NODE_NONE) {
        report_no_node(r, at, name);
    } else if (nodes & (list->nodes | list->seen)) {
        node_id twice = node_set_first(nodes & (list->nodes | list->seen));
        struct diagnostic *entry =
            diagnostics_add(r->diagnostics, DIAGNOSTIC_NAMED_TWICE, syntax_place(r->tree, at),
                            r->policy->nodes[twice].name);

        if (let && !r->is_over_policy)
            diagnostics_note(r->diagnostics, entry, syntax_head_place(r->tree, let->statement),
                             "\"%s\" holds it", let->name);
    }
    list->nodes |= nodes;
    return nodes != 0;
}

static node_set resolve_names(struct resolution *r, const struct syntax *names, node_set seen)
{
    struct node_list list = {.resolution = r, .seen = seen};

    for (const struct syntax *name = names->child; name; name = name->next)
        resolve_range(r, name, add_node_name, &list);
    return list.nodes;
}

node_set resolve_node_name(struct resolution *r, const struct syntax *name, node_set seen)
{
    struct node_list list = {.resolution = r, .seen = seen};

    resolve_range(r, name, add_node_name, &list);
    return list.nodes;
}

node_set resolve_node_list(struct resolution *r, const struct syntax *names)
{
    return resolve_names(r, names, 0);
}

int resolve_tiers(struct resolution *r, const struct syntax *tiers, node_set *sets)
{
    node_set seen = 0;
    int n_tiers = 0;

    for (const struct syntax *names = tiers->child; names; names = names->next) {
        if (n_tiers == RULE_TIERS_MAX) {
            diagnostics_add(r->diagnostics, DIAGNOSTIC_LIMIT, syntax_place(r->tree, names),
                            RULE_TIERS_MAX + 1, "steps of preference", RULE_TIERS_MAX);
            break;
        }
        sets[n_tiers] = resolve_names(r, names, seen);
        seen |= sets[n_tiers++];
    }
    return n_tiers;
}

void resolve_nodes(struct resolution *r)
{
    int n_statements = 0;

    for (const struct syntax *at = r->tree->policy->child; at; at = at->next) {
        if (at->kind == SYNTAX_NODE)
            resolve_node(r, at, ++n_statements);
    }
    check_links(r);
    for (const struct syntax *at = r->tree->policy->child; at; at = at->next) {
        if (at->kind == SYNTAX_LET)
            declare_let(r, at);
    }
    for (int i = 0; i < r->n_lets; i++)
        resolve_let(r, &r->lets[i], r->lets[i].statement);
}
