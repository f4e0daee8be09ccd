/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All statements but services and rules, as facts: statement, setting, value. What this version
 * gives by itself is a fact too, so that saying it changes nothing. Two sorted lists of facts
 * are laid side by side.
 */
#include <stdlib.h>
#include <string.h>

#include "dsl/difference_work.h"
#include "ha/base/text.h"

struct fact {
    enum difference_rank rank;
    const char *statement;
    const char *setting; /* NULL: that the statement is there */
    const char *value;   /* what is compared; NULL: nothing is said */
    const char *shown;
    bool is_said; /* false: it follows from something else */
};

struct facts {
    struct arena *arena;
    const struct resolution *of;
    struct fact *list;
    int n_list;
    int size;
};

static void add(struct facts *facts, const struct fact *fact)
{
    if (facts->n_list == facts->size) {
        facts->size = facts->size ? 2 * facts->size : 64;
        facts->list = xrealloc(facts->list, (size_t)facts->size * sizeof(facts->list[0]));
    }
    facts->list[facts->n_list++] = *fact;
}

static void add_value(struct facts *facts, enum difference_rank rank, const char *statement,
                      const char *setting, const char *value)
{
    add(facts, &(struct fact){.rank = rank,
                              .statement = statement,
                              .setting = setting,
                              .value = value,
                              .shown = value,
                              .is_said = true});
}

/* "keep on" and "try on" are one setting in two parts, the sorted words first. */
static bool join(struct facts *facts, const struct fact *fact)
{
    struct fact *last = facts->n_list > 0 ? &facts->list[facts->n_list - 1] : NULL;
    const struct fact *first = fact, *second;

    for (; last && last >= facts->list && last->statement == fact->statement; last--) {
        if (!last->setting || strcmp(last->setting, fact->setting) != 0)
            continue;
        first = strcmp(last->value, fact->value) < 0 ? last : fact;
        second = first == last ? fact : last;
        last->shown = arena_printf(facts->arena, "%s; %s", first->shown, second->shown);
        last->value = arena_printf(facts->arena, "%s; %s", first->value, second->value);
        return true;
    }
    return false;
}

/* What this version gives by itself where these are not said. */
static bool is_usual(enum difference_rank rank, const char *setting, const char *value)
{
    static const struct {
        enum difference_rank rank;
        const char *setting;
        const char *value;
    } usual[] = {
        {RANK_QUORUM, "wait-for-all", "no"}, {RANK_QUORUM, "last-man-standing", "no"},
        {RANK_QUORUM, "two-node", "no"},     {RANK_DEVICE, "level", "1"},
        {RANK_DEVICE, "retry", "1"},         {RANK_DEVICE, "delay", "0s"},
    };

    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        if (usual[i].rank == rank && strcmp(usual[i].setting, setting) == 0 &&
            strcmp(usual[i].value, value) == 0)
            return true;
    }
    return false;
}

/* What stands in the statement's block, but for kinds that were taken from the policy already. */
static void add_inside(struct facts *facts, enum difference_rank rank, const char *statement,
                       const struct syntax *node, const char *taken)
{
    const struct tree *tree = facts->of->tree;

    for (const struct syntax *at = syntax_inside(node); at; at = at->next) {
        int n_words;
        const char *setting = words_setting(tree, at, &n_words);
        struct fact fact = {.rank = rank, .statement = statement, .setting = setting};

        if (strstr(taken, arena_printf(facts->arena, ",%s,", syntax_word(at->kind))))
            continue;
        fact.is_said = true;
        fact.value = words_of(tree, at, n_words, WORDS_SORTED);
        fact.shown = words_of(tree, at, n_words, WORDS_SHOWN);
        /* How the witness votes may be left to the number of nodes. */
        if (at->kind == SYNTAX_WITNESS)
            fact.value = arena_printf(facts->arena, "%s %d", facts->of->policy->quorum.witness,
                                      facts->of->policy->quorum.algorithm);
        if (!is_usual(rank, setting, fact.value) && !join(facts, &fact))
            add(facts, &fact);
    }
}

/* ---- what the policy knows ------------------------------------------------------------------- */

static const char *ms_words(struct arena *arena, struct duration span)
{
    char buffer[32];
    struct text text;

    if (span.ms == 0)
        return "none";
    text_init(&text, buffer, sizeof(buffer));
    text_add_ms(&text, span.ms);
    return arena_strdup(arena, buffer);
}

static const char *cpus_words(struct arena *arena, int milli)
{
    if (milli == 0)
        return NULL;
    if (milli % 1000 == 0)
        return arena_printf(arena, "%d", milli / 1000);
    return arena_printf(arena, "%d.%03d", milli / 1000, milli % 1000);
}

static const char *memory_words(struct arena *arena, int64_t bytes)
{
    char buffer[32];
    struct text text;

    if (bytes == 0)
        return NULL;
    text_init(&text, buffer, sizeof(buffer));
    text_add_bytes(&text, bytes);
    return arena_strdup(arena, buffer);
}

static const char *frequency_words(struct arena *arena, const struct frequency *frequency)
{
    if (frequency->times == 0)
        return "none";
    return arena_printf(arena, "%d per %s", frequency->times, ms_words(arena, frequency->within));
}

static void add_cluster(struct facts *facts)
{
    const struct resolution *r = facts->of;
    const struct syntax *statement = r->statements[SYNTAX_CLUSTER];
    struct fact token = {.rank = RANK_CLUSTER, .statement = "cluster", .setting = "token"};

    add_value(facts, RANK_CLUSTER, "cluster", "name",
              r->policy->cluster[0] ? r->policy->cluster : NULL);
    add_value(facts, RANK_CLUSTER, "cluster", "network", r->policy->network);
    token.is_said = r->token.ms > 0;
    token.value = token.shown = ms_words(facts->arena, r->policy->timing.token);
    add(facts, &token);
    if (statement)
        add_inside(facts, RANK_CLUSTER, "cluster", statement, ",network,token,");
}

static void add_frequency(struct facts *facts, const char *setting,
                          const struct frequency *frequency)
{
    struct fact fact = {.rank = RANK_FENCING, .statement = "fencing", .setting = setting};

    fact.is_said = frequency->line > 0;
    fact.value = fact.shown = frequency_words(facts->arena, frequency);
    add(facts, &fact);
}

static void add_named(struct facts *facts, enum difference_rank rank, const char *statement,
                      const struct syntax *node, bool is_one_value)
{
    const struct tree *tree = facts->of->tree;
    struct fact fact = {.rank = rank, .statement = statement, .is_said = true};

    fact.shown = words_inside(tree, node, WORDS_SHOWN);
    fact.value = is_one_value ? words_inside(tree, node, WORDS_SORTED) : "";
    add(facts, &fact);
}

static void add_fencing(struct facts *facts)
{
    const struct resolution *r = facts->of;
    const struct syntax *statement = r->statements[SYNTAX_FENCING];
    struct fact watchdog = {.rank = RANK_FENCING, .statement = "fencing", .setting = "watchdog"};

    watchdog.is_said = r->watchdog != NULL;
    watchdog.value = watchdog.shown = ms_words(facts->arena, r->policy->timing.watchdog);
    add(facts, &watchdog);
    add_frequency(facts, "storm", &r->policy->storm);
    add_frequency(facts, "quarantine", &r->policy->quarantine);
    if (!statement)
        return;
    add_inside(facts, RANK_FENCING, "fencing", statement, ",watchdog,storm,quarantine,device,");
    for (const struct syntax *at = syntax_inside(statement); at; at = at->next) {
        const struct syntax *name = syntax_part(at, SYNTAX_NAME);
        const char *title;

        if (at->kind != SYNTAX_DEVICE || !name)
            continue;
        title = arena_printf(facts->arena, "device %s", syntax_text(r->tree, name));
        add_named(facts, RANK_DEVICE, title, at, false);
        add_inside(facts, RANK_DEVICE, title, at, "");
    }
}

static const char *millionths_words(struct arena *arena, int millionths)
{
    size_t length;
    char *words = arena_printf(arena, "%d.%06d", millionths / 1000000, millionths % 1000000);

    for (length = strlen(words); words[length - 1] == '0'; length--)
        continue;
    return arena_strndup(arena, words, length - (words[length - 1] == '.'));
}

static void add_scheduling(struct facts *facts)
{
    static const char *const shutdowns[] = {
        [SHUTDOWN_CONDITIONAL] = "conditional",
        [SHUTDOWN_MIGRATE] = "migrate",
        [SHUTDOWN_FAILOVER] = "failover",
        [SHUTDOWN_FREEZE] = "freeze",
    };
    static const char *const modes[] = {
        [SCHEDULING_BASIC] = "basic",
        [SCHEDULING_STATIC] = "static",
        [SCHEDULING_DYNAMIC] = "dynamic",
    };
    const struct policy *policy = facts->of->policy;
    const struct scheduling *s = &policy->scheduling;
    const struct syntax *statement = facts->of->statements[SYNTAX_SCHEDULING];
    const char *when = NULL;

    if (s->rebalances)
        when = arena_printf(facts->arena, "%s for %s",
                            millionths_words(facts->arena, s->imbalance_millionths),
                            ms_words(facts->arena, s->imbalance_hold));
    add_value(facts, RANK_SHUTDOWN, "shutdown", NULL, shutdowns[policy->shutdown]);
    add_value(facts, RANK_SCHEDULING, "scheduling", "mode", modes[s->mode]);
    add_value(facts, RANK_SCHEDULING, "scheduling", "rebalance on",
              s->rebalances_on_start ? "start" : NULL);
    add_value(facts, RANK_SCHEDULING, "scheduling", "rebalance when imbalance", when);
    add_value(facts, RANK_SCHEDULING, "scheduling", "improve",
              millionths_words(facts->arena, s->improve_millionths));
    add_value(facts, RANK_SCHEDULING, "scheduling", "method",
              s->method == METHOD_TOPSIS ? "topsis" : "exhaustive");
    add_value(facts, RANK_SCHEDULING, "scheduling", "workers",
              arena_printf(facts->arena, "%d", s->workers));
    if (statement)
        add_inside(facts, RANK_SCHEDULING, "scheduling", statement,
                   ",mode,rebalance,improve,method,workers,");
}

static void add_node(struct facts *facts, const struct syntax *statement)
{
    const struct resolution *r = facts->of;
    const char *name = syntax_text(r->tree, syntax_part(statement, SYNTAX_NAME));
    const char *title = arena_printf(facts->arena, "node %s", name);
    node_id id = policy_find_node(r->policy, name);
    const struct node_policy *node = &r->policy->nodes[id];
    const char *addresses = NULL;

    if (id == NODE_NONE)
        return;
    add_named(facts, RANK_NODE, title, statement, false);
    for (int i = 0; i < node->n_addresses; i++)
        addresses = arena_printf(facts->arena, "%s%s%s", addresses ? addresses : "",
                                 addresses ? ", " : "", node->addresses[i]);
    add_value(facts, RANK_NODE, title, "address", addresses);
    add_value(facts, RANK_NODE, title, "cpus", cpus_words(facts->arena, node->cpus_milli));
    add_value(facts, RANK_NODE, title, "memory", memory_words(facts->arena, node->memory));
    add_value(facts, RANK_NODE, title, "votes", arena_printf(facts->arena, "%d", node->votes));
    add_inside(facts, RANK_NODE, title, statement, ",address,cpus,memory,votes,");
}

/* ---- what only the tree knows ---------------------------------------------------------------- */

static const char *title_of(const struct facts *facts, const struct syntax *statement)
{
    const struct tree *tree = facts->of->tree;
    const struct syntax *name = statement->child;

    if (!name || name->kind == SYNTAX_BLOCK)
        return syntax_word(statement->kind);
    return arena_printf(facts->arena, "%s %s", syntax_word(statement->kind),
                        syntax_text(tree, name));
}

static void add_let(struct facts *facts, const struct syntax *statement)
{
    const struct tree *tree = facts->of->tree;
    struct fact fact = {.rank = RANK_LET, .is_said = true};

    fact.statement = title_of(facts, statement);
    /* "let NAME =" are three words. */
    fact.value = words_of(tree, statement, 3, WORDS_SORTED);
    fact.shown = words_of(tree, statement, 3, WORDS_SHOWN);
    add(facts, &fact);
}

static void add_statement(struct facts *facts, const struct syntax *at)
{
    const char *title = title_of(facts, at);

    switch (at->kind) {
    case SYNTAX_NODE: add_node(facts, at); break;
    case SYNTAX_LET: add_let(facts, at); break;
    case SYNTAX_QUORUM: add_inside(facts, RANK_QUORUM, title, at, ""); break;
    case SYNTAX_ACCESS: add_inside(facts, RANK_ACCESS, title, at, ""); break;
    case SYNTAX_DRILL: add_named(facts, RANK_DRILL, title, at, true); break;
    case SYNTAX_DEFAULTS:
        add_named(facts, RANK_DEFAULTS, title, at, false);
        add_inside(facts, RANK_DEFAULTS, title, at, "");
        break;
    case SYNTAX_ALERT:
        add_named(facts, RANK_ALERT, title, at, false);
        add_inside(facts, RANK_ALERT, title, at, "");
        break;
    default: break;
    }
}

/* ---- side by side ---------------------------------------------------------------------------- */

static int compare_facts(const void *left, const void *right)
{
    const struct fact *a = left, *b = right;
    int order =
        a->rank != b->rank ? (a->rank < b->rank ? -1 : 1) : strcmp(a->statement, b->statement);

    if (order != 0)
        return order;
    if (!a->setting || !b->setting)
        return (a->setting != NULL) - (b->setting != NULL);
    return strcmp(a->setting, b->setting);
}

static struct facts collect(struct arena *arena, const struct resolution *of)
{
    struct facts facts = {.arena = arena, .of = of};

    add_cluster(&facts);
    add_fencing(&facts);
    add_scheduling(&facts);
    for (const struct syntax *at = of->tree->policy->child; at; at = at->next)
        add_statement(&facts, at);
    qsort(facts.list, (size_t)facts.n_list, sizeof(facts.list[0]), compare_facts);
    return facts;
}

static bool is_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* A statement that is there on one side only is told as a whole. */
static int add_whole(struct difference_work *work, const struct facts *facts, int at, char sign)
{
    const struct fact *fact = &facts->list[at];
    struct difference_line line = {.sign = sign, .statement = fact->statement};

    line.is_shared = fact->rank == RANK_LET || fact->rank == RANK_DEFAULTS;
    line.before = sign == '-' ? fact->shown : NULL;
    line.after = sign == '+' ? fact->shown : NULL;
    work_add(work, fact->rank, &line);
    do
        at++;
    while (at < facts->n_list && facts->list[at].rank == fact->rank &&
           strcmp(facts->list[at].statement, fact->statement) == 0);
    return at;
}

/* One of them may be NULL: nothing is said of it there. */
static void add_change(struct difference_work *work, const struct fact *before,
                       const struct fact *after)
{
    const struct fact *some = after ? after : before;
    struct difference_line line = {.sign = '~', .statement = some->statement};

    bool is_said = (before && before->is_said) || (after && after->is_said);

    if (is_equal(before ? before->value : NULL, after ? after->value : NULL))
        return;
    /* Of a first policy all that is new is said. */
    if (!is_said && work->before->policy->n_nodes == 0)
        return;
    line.setting = some->setting;
    line.is_shared = some->rank == RANK_LET || some->rank == RANK_DEFAULTS;
    line.before = before ? before->shown : NULL;
    line.after = after ? after->shown : NULL;
    if (!is_said)
        line.because = "follows from the network and the number of nodes";
    work_add(work, some->rank, &line);
}

void difference_facts(struct difference_work *work)
{
    struct facts before = collect(work->arena, work->before);
    struct facts after = collect(work->arena, work->after);
    int i = 0, k = 0;

    while (i < before.n_list || k < after.n_list) {
        int order = i == before.n_list  ? 1
                    : k == after.n_list ? -1
                                        : compare_facts(&before.list[i], &after.list[k]);
        const struct fact *here = order <= 0 ? &before.list[i] : &after.list[k];

        if (order == 0) {
            add_change(work, &before.list[i++], &after.list[k++]);
        } else if (!here->setting && order < 0) {
            i = add_whole(work, &before, i, '-');
        } else if (!here->setting) {
            k = add_whole(work, &after, k, '+');
        } else {
            add_change(work, order < 0 ? here : NULL, order > 0 ? here : NULL);
            i += order < 0;
            k += order > 0;
        }
    }
    free(before.list);
    free(after.list);
}
