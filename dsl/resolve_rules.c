/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules, written as statements and as keep/try on in the blocks of services. The order of
 * statements has no meaning, so the policy has them sorted: the written ones by name, then
 * those of blocks by their first service.
 */
#include <stdlib.h>
#include <string.h>

#include "dsl/resolve.h"
#include "dsl/suggest.h"
#include "ha/base/text.h"

/* More names than that are not read in a hint. */
#define SERVICES_SHOWN 8

/* What is known of a service while one list is read. */
enum mark { MARK_NONE, MARK_PATTERN, MARK_NAME };

/* A rule statement on its way into the policy. */
struct written {
    const char *name;
    const struct syntax *statement;
};

/* What a name is made of. */
struct look {
    uint64_t letters;
    int length;
};

struct service_list {
    struct resolution *resolution;
    unsigned char *marks; /* by service id; all MARK_NONE between two lists */
    struct look *looks;   /* by service id; NULL: no pattern has asked yet */
    int n_marked;
};

/* Each byte has one of 64 bits, so that most names are passed over without being read. */
static uint64_t letters_of(const char *name, size_t length)
{
    uint64_t letters = 0;

    for (size_t i = 0; i < length; i++)
        letters |= name[i] == '*' ? 0 : (uint64_t)1 << ((unsigned char)name[i] % 64);
    return letters;
}

/* The first place of a word; memmem is faster, but not for the few bytes that are usual. */
static const char *find_word(const char *from, const char *end, const char *word, size_t length)
{
    if (length > 3)
        return memmem(from, (size_t)(end - from), word, length);
    for (; end - from >= (ptrdiff_t)length; from++) {
        size_t same = 0;

        while (same < length && from[same] == word[same])
            same++;
        if (same == length)
            return from;
    }
    return NULL;
}

/*
 * A pattern is words with stars between them: its first word, which the caller has looked at,
 * stands at the name's beginning, its last at the end, and each of the others as early as it can.
 * So no name is looked at twice. From the first star on, and behind the first word.
 */
static bool matches(const char *pattern, const char *name, const char *end)
{
    while (*pattern == '*') {
        size_t length = strcspn(++pattern, "*");

        if (pattern[length] == '\0')
            return end - name >= (ptrdiff_t)length && memcmp(end - length, pattern, length) == 0;
        name = find_word(name, end, pattern, length);
        if (!name)
            return false;
        name += length;
        pattern += length;
    }
    return name == end;
}

/* The first service whose name is not before the prefix, or that is behind all that begin so. */
static service_id first_with(const struct policy *policy, const char *prefix, size_t length,
                             bool is_behind)
{
    service_id low = 0, high = policy->n_services;

    while (low < high) {
        service_id middle = low + (high - low) / 2;

        int order = strncmp(policy->services[middle].name, prefix, length);

        if (order < 0 || (is_behind && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void look_at_names(struct service_list *list)
{
    const struct policy *policy = list->resolution->policy;
    size_t n = (size_t)policy->n_services;

    list->looks = arena_alloc(list->resolution->arena, n * sizeof(list->looks[0]));
    for (size_t id = 0; id < n; id++) {
        size_t length = strlen(policy->services[id].name);

        list->looks[id].length = (int)length;
        list->looks[id].letters = letters_of(policy->services[id].name, length);
    }
}

static void add_pattern(struct service_list *list, const struct syntax *at, const char *pattern)
{
    struct resolution *r = list->resolution;
    size_t prefix = strcspn(pattern, "*");
    service_id end = first_with(r->policy, pattern, prefix, true);
    uint64_t letters = letters_of(pattern, strlen(pattern));
    bool is_found = false;

    if (!list->looks)
        look_at_names(list);
    for (service_id id = first_with(r->policy, pattern, prefix, false); id < end; id++) {
        const struct look *look = &list->looks[id];
        const char *name = r->policy->services[id].name;

        if ((look->letters & letters) != letters ||
            !matches(pattern + prefix, name + prefix, name + look->length))
            continue;
        is_found = true;
        list->n_marked += list->marks[id] == MARK_NONE;
        if (list->marks[id] == MARK_NONE)
            list->marks[id] = MARK_PATTERN;
    }
    if (!is_found && r->tree->is_sure)
        diagnostics_add(r->diagnostics, DIAGNOSTIC_NO_MATCH, syntax_place(r->tree, at), pattern);
}

/* All that there are, if one can take them in at a glance. */
static void hint_services(struct resolution *r, struct diagnostic *entry)
{
    const char *names = "";
    int n = r->policy->n_services;

    if (n == 0 || n > SERVICES_SHOWN)
        return;
    for (int i = 0; i < n; i++)
        names = arena_printf(r->arena, "%s%s%s", names,
                             i == 0      ? ""
                             : i < n - 1 ? ", "
                                         : " and ",
                             r->policy->services[i].name);
    diagnostics_hint(r->diagnostics, entry, "there %s %s", n == 1 ? "is" : "are", names);
}

/* A name without its type: of a service after all, or of a node. */
static void hint_service(struct resolution *r, struct diagnostic *entry, const struct syntax *at,
                         const char *name)
{
    const char *meant = NULL;

    for (int i = 0; i < r->policy->n_services; i++) {
        const char *service = r->policy->services[i].name;

        if (strcmp(strchr(service, ':') + 1, name) != 0)
            continue;
        if (meant) {
            diagnostics_hint(r->diagnostics, entry, "there are %s and %s", meant, service);
            return;
        }
        meant = service;
    }
    if (meant)
        said_suggest(r, entry, at, name, meant);
    else if (policy_find_node(r->policy, name) != NODE_NONE)
        diagnostics_hint(r->diagnostics, entry, "%s is a node; a service is meant, as in ocf:web",
                         name);
    else
        diagnostics_hint(r->diagnostics, entry, "a service is written type:name, as in ocf:web");
}

static void report_no_service(struct resolution *r, const struct syntax *at, const char *name)
{
    struct suggestion suggestion = suggestion_for(name);
    bool is_node = policy_find_node(r->policy, name) != NODE_NONE;
    struct diagnostic *entry;

    if (!r->tree->is_sure || (is_node && r->said.mixed_line == syntax_line(r->tree, at)))
        return;
    if (is_node)
        r->said.mixed_line = syntax_line(r->tree, at);
    if (r->said.is_unsure_of_services || said_before(r, DIAGNOSTIC_NO_SERVICE, at, name))
        return;
    entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_NO_SERVICE, syntax_place(r->tree, at), name);
    if (!strchr(name, ':')) {
        hint_service(r, entry, at, name);
        return;
    }
    for (int i = 0; entry != &r->diagnostics->spare && i < r->policy->n_services; i++)
        suggestion_consider(&suggestion, r->policy->services[i].name);
    if (suggestion.best)
        said_suggest(r, entry, at, name, suggestion.best);
    else
        hint_services(r, entry);
}

static bool add_service(void *context, const struct syntax *at, const char *name)
{
    struct service_list *list = context;
    struct resolution *r = list->resolution;
    service_id id = policy_find_service(r->policy, name);

    if (strchr(name, '*')) {
        add_pattern(list, at, name);
        return true;
    }
    if (id == SERVICE_NONE) {
        report_no_service(r, at, name);
        return false;
    }
    if (list->marks[id] == MARK_NAME)
        diagnostics_add(r->diagnostics, DIAGNOSTIC_NAMED_TWICE, syntax_place(r->tree, at), name);
    list->n_marked += list->marks[id] == MARK_NONE;
    list->marks[id] = MARK_NAME;
    return true;
}

/* The services of a list by id, lowest first. */
static int resolve_service_names(struct service_list *list, const struct syntax *names,
                                 const service_id **services)
{
    struct resolution *r = list->resolution;
    service_id *ids;
    int n_ids = 0;

    list->n_marked = 0;
    for (const struct syntax *name = names->child; name; name = name->next)
        resolve_range(r, name, add_service, list);
    ids = arena_alloc(r->arena, (size_t)list->n_marked * sizeof(ids[0]));
    for (service_id id = 0; n_ids < list->n_marked; id++) {
        if (list->marks[id] != MARK_NONE)
            ids[n_ids++] = id;
        list->marks[id] = MARK_NONE;
    }
    *services = ids;
    return n_ids;
}

int resolve_service_list(struct resolution *r, const struct syntax *names,
                         const service_id **services)
{
    struct service_list list = {.resolution = r};

    list.marks = arena_alloc(r->arena, (size_t)r->policy->n_services + 1);
    return resolve_service_names(&list, names, services);
}

/* The sentence's parts, in the order of the text: word, services, word, tiers or services. */
static struct rule resolve_sentence(struct service_list *list, const struct syntax *statement)
{
    struct resolution *r = list->resolution;
    const struct syntax *first = syntax_part(statement, SYNTAX_WORD);
    const struct syntax *second = first->next->next;
    const char *verb = syntax_text(r->tree, first);
    struct rule rule = {.line = syntax_line(r->tree, statement)};

    rule.n_services = resolve_service_names(list, first->next, &rule.services);
    rule.is_strict = strcmp(verb, "try") != 0;
    if (strcmp(verb, "start") == 0) {
        rule.kind = RULE_BEFORE;
        rule.n_others = resolve_service_names(list, second, &rule.others);
    } else if (second->next) {
        rule.kind = RULE_ON;
        rule.n_tiers = resolve_tiers(r, second->next, rule.tiers);
    } else {
        rule.kind = strcmp(syntax_text(r->tree, second), "apart") == 0 ? RULE_APART : RULE_TOGETHER;
    }
    return rule;
}

struct rule resolve_disabled(struct resolution *r, const struct syntax *statement)
{
    struct service_list list = {.resolution = r};

    list.marks = arena_alloc(r->arena, (size_t)r->policy->n_services + 1);
    return resolve_sentence(&list, statement);
}

static int compare_names(const void *a, const void *b)
{
    const struct written *left = a;
    const struct written *right = b;
    int order = strcmp(left->name, right->name);

    if (order != 0)
        return order;
    return left->statement->first < right->statement->first ? -1 : 1;
}

/* A decision looks at all that rules name and has room for so much; behind it no rule is read. */
static bool is_over_limit(struct resolution *r, const struct rule *rule,
                          const struct syntax *statement, int *n_named)
{
    *n_named += rule->n_services + rule->n_others;
    if (*n_named > MEMBERSHIPS_MAX)
        diagnostics_add(r->diagnostics, DIAGNOSTIC_LIMIT,
                        syntax_place(r->tree, syntax_part(statement, SYNTAX_NAME)), *n_named,
                        "names of services in rules, patterns counted out,", MEMBERSHIPS_MAX);
    return *n_named > MEMBERSHIPS_MAX;
}

/* The rule statements with a name that will do, in the order of the text. */
static int collect_written(struct resolution *r, struct written *list)
{
    int n_list = 0;

    for (const struct syntax *at = r->tree->policy->child; at; at = at->next) {
        const struct syntax *name = syntax_part(at, SYNTAX_NAME);

        if ((at->kind != SYNTAX_RULE && at->kind != SYNTAX_DISABLED) || !name || at->is_broken)
            continue;
        if (!node_name_is_valid(syntax_text(r->tree, name))) {
            resolve_bad_name(r, name, "rule", RULE_NAME_MAX - 1);
            continue;
        }
        if (n_list == RULES_MAX) {
            diagnostics_add(r->diagnostics, DIAGNOSTIC_LIMIT, syntax_place(r->tree, name),
                            RULES_MAX + 1, "rules", RULES_MAX);
            break;
        }
        list[n_list].name = syntax_text(r->tree, name);
        list[n_list++].statement = at;
    }
    return n_list;
}

static bool is_duplicate(struct resolution *r, const struct written *first,
                         const struct written *second)
{
    const struct syntax *name = syntax_part(second->statement, SYNTAX_NAME);
    struct diagnostic *entry;

    if (strcmp(first->name, second->name) != 0)
        return false;
    entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_DUPLICATE, syntax_place(r->tree, name),
                            "rules", second->name);
    diagnostics_note(r->diagnostics, entry,
                     syntax_place(r->tree, syntax_part(first->statement, SYNTAX_NAME)),
                     "the first is here");
    return true;
}

static void add_rule(struct resolution *r, const struct rule *rule, const struct syntax *statement)
{
    r->rules[r->policy->n_rules] = *rule;
    r->rule_at[r->policy->n_rules++] = statement;
}

static void add_written(struct resolution *r, struct service_list *services, struct written *list,
                        int n_list)
{
    int n_named = 0;

    if (n_list > 0)
        qsort(list, (size_t)n_list, sizeof(list[0]), compare_names);
    for (int i = 0; i < n_list && n_named <= MEMBERSHIPS_MAX; i++) {
        struct rule rule = resolve_sentence(services, list[i].statement);

        if (i > 0 && is_duplicate(r, &list[i - 1], &list[i]))
            continue;
        text_copy(rule.name, sizeof(rule.name), list[i].name);
        /* A disabled rule has to be right, so that it can be enabled at any time. */
        if (list[i].statement->kind == SYNTAX_RULE &&
            !is_over_limit(r, &rule, list[i].statement, &n_named))
            add_rule(r, &rule, list[i].statement);
    }
}

/* keep/try on of every block that any service obeys, in the order of their first services. */
static void add_blocks(struct resolution *r, bool is_strict)
{
    for (service_id id = 0; id < r->policy->n_services; id++) {
        struct service_block *block = resolve_on(r, id, is_strict);

        if (block)
            block->n_on[is_strict]++;
    }
    for (service_id id = 0; id < r->policy->n_services; id++) {
        struct service_block *block = resolve_on(r, id, is_strict);
        struct rule *rule = block ? block->rule[is_strict] : NULL;

        if (block && !rule) {
            const struct syntax *at = block->on_at[is_strict];

            rule = block->rule[is_strict] = &r->rules[r->policy->n_rules];
            add_rule(r, &(struct rule){.kind = RULE_ON, .is_strict = is_strict}, at);
            rule->line = syntax_line(r->tree, at);
            rule->services = block->ids[is_strict] = arena_alloc(
                r->arena, (size_t)block->n_on[is_strict] * sizeof(block->ids[is_strict][0]));
            rule->n_tiers = block->n_tiers[is_strict];
            memcpy(rule->tiers, block->tiers[is_strict], sizeof(rule->tiers));
        }
        if (block)
            block->ids[is_strict][rule->n_services++] = id;
    }
}

/* Tiers are read once a block, also of those that no service obeys: their names must be right. */
static void read_block_tiers(struct resolution *r, struct service_block *blocks)
{
    for (struct service_block *block = blocks; block; block = block->next) {
        for (int strict = 0; strict < 2; strict++) {
            if (!block->on_at[strict])
                continue;
            block->tiers[strict] =
                arena_alloc(r->arena, RULE_TIERS_MAX * sizeof(block->tiers[strict][0]));
            block->n_tiers[strict] =
                resolve_tiers(r, block->on_at[strict]->child, block->tiers[strict]);
        }
    }
}

static size_t count_statements(const struct resolution *r)
{
    size_t n = 0;

    for (const struct syntax *at = r->tree->policy->child; at; at = at->next)
        n += at->kind == SYNTAX_RULE || at->kind == SYNTAX_DISABLED;
    return n;
}

void resolve_rules(struct resolution *r)
{
    size_t n_services = (size_t)r->policy->n_services;
    size_t n_statements = count_statements(r);
    size_t n_most = n_statements + 2 * n_services;
    struct service_list services = {.resolution = r};
    struct written *list = arena_alloc(r->arena, n_statements * sizeof(list[0]));
    int n_list = collect_written(r, list);

    services.marks = arena_alloc(r->arena, n_services);
    r->rules = arena_alloc(r->arena, n_most * sizeof(r->rules[0]));
    r->rule_at = arena_alloc(r->arena, n_most * sizeof(r->rule_at[0]));
    r->is_in_conflict = arena_alloc(r->arena, n_most * sizeof(r->is_in_conflict[0]));
    r->policy->rules = r->rules;
    add_written(r, &services, list, n_list);
    read_block_tiers(r, r->defaults);
    read_block_tiers(r, r->blocks);
    add_blocks(r, true);
    add_blocks(r, false);
}
