/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tree to policy. First what stands once (cluster, fencing, shutdown), then nodes and the
 * names for sets of them, then services, then rules. Every statement is looked at whatever
 * is wrong with the others; only what the parser found broken is passed over.
 */
#include "dsl/resolve.h"

#include <string.h>

#include "dsl/habit.h"
#include "dsl/values.h"
#include "ha/base/text.h"

#define SECOND 1000
#define MINUTE (60 * SECOND)
#define STORM_UNSAID (-1)
/* Over this a watchdog protects nobody: people would have come first. */
#define WATCHDOG_MOST (10 * MINUTE)

void resolve_not_acted_on(struct resolution *r, const struct syntax *node, const char *what,
                          const char *hint)
{
    struct diagnostic *entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_NOT_ACTED_ON,
                                               syntax_head_place(r->tree, node), what);

    diagnostics_hint(r->diagnostics, entry, "%s", hint);
}

void resolve_incomplete(struct resolution *r, const struct syntax *statement, const char *what,
                        const char *example)
{
    const struct syntax *name = syntax_part(statement, SYNTAX_NAME);
    struct diagnostic *entry;

    if (statement->is_broken)
        return;
    entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_INCOMPLETE, syntax_place(r->tree, name),
                            syntax_word(statement->kind), syntax_text(r->tree, name), what);
    diagnostics_hint(r->diagnostics, entry, "add to its block: %s", example);
}

bool resolve_once(struct resolution *r, const struct syntax **first, const struct syntax *statement)
{
    struct diagnostic *entry;

    if (!*first) {
        *first = statement;
        return true;
    }
    entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_SET_TWICE,
                            syntax_head_place(r->tree, statement), syntax_word(statement->kind));
    diagnostics_note(r->diagnostics, entry, syntax_head_place(r->tree, *first),
                     "it is set here already");
    return false;
}

void resolve_bad_name(struct resolution *r, const struct syntax *name, const char *what,
                      int longest)
{
    struct diagnostic *entry =
        diagnostics_add(r->diagnostics, DIAGNOSTIC_BAD_NAME, syntax_place(r->tree, name),
                        syntax_text(r->tree, name), what);

    diagnostics_hint(r->diagnostics, entry,
                     "a letter, then letters, digits, \"-\", \"_\" and \".\"; at most %d in all",
                     longest);
}

static void resolve_cluster(struct resolution *r, const struct syntax *statement)
{
    const struct syntax *name = syntax_part(statement, SYNTAX_NAME);
    const char *word = name ? syntax_text(r->tree, name) : "";
    struct bounds bounds = {"the token", 100, MINUTE};
    const struct syntax *network = NULL;
    const struct syntax *token = NULL;

    if (name && !statement->is_broken && !node_name_is_valid(word))
        resolve_bad_name(r, name, "cluster", NODE_NAME_MAX - 1);
    text_copy(r->policy->cluster, sizeof(r->policy->cluster), word);
    for (const struct syntax *at = syntax_inside(statement); at; at = at->next) {
        if (at->is_broken)
            continue;
        if (at->kind == SYNTAX_NETWORK && resolve_once(r, &network, at))
            r->policy->network = syntax_text(r->tree, at->child);
        if (at->kind == SYNTAX_TOKEN && resolve_once(r, &token, at))
            value_duration(r->tree, at->child, bounds, &r->token);
    }
}

static void resolve_shutdown(struct resolution *r, const struct syntax *statement)
{
    static const struct {
        const char *word;
        enum shutdown_policy shutdown;
    } words[] = {
        {"conditional", SHUTDOWN_CONDITIONAL},
        {"migrate", SHUTDOWN_MIGRATE},
        {"failover", SHUTDOWN_FAILOVER},
        {"freeze", SHUTDOWN_FREEZE},
    };

    r->policy->shutdown_line = syntax_line(r->tree, statement);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(syntax_text(r->tree, statement->child), words[i].word) == 0)
            r->policy->shutdown = words[i].shutdown;
    }
}

static void resolve_lone_statement(struct resolution *r, const struct syntax *statement)
{
    switch (statement->kind) {
    case SYNTAX_CLUSTER: resolve_cluster(r, statement); break;
    case SYNTAX_FENCING: resolve_fencing(r, statement); break;
    case SYNTAX_SHUTDOWN: resolve_shutdown(r, statement); break;
    case SYNTAX_SCHEDULING: resolve_scheduling(r, statement); break;
    case SYNTAX_ACCESS: resolve_access(r, statement); break;
    default: break; /* quorum: it names nodes, which are not known yet */
    }
}

static bool stands_once(enum syntax_kind kind)
{
    return kind == SYNTAX_CLUSTER || kind == SYNTAX_FENCING || kind == SYNTAX_SHUTDOWN ||
           kind == SYNTAX_QUORUM || kind == SYNTAX_SCHEDULING || kind == SYNTAX_ACCESS;
}

static void resolve_lone_statements(struct resolution *r)
{
    for (const struct syntax *at = r->tree->policy->child; at; at = at->next) {
        const struct syntax **first = &r->statements[at->kind];
        struct diagnostic *entry;

        if (!stands_once(at->kind))
            continue;
        if (*first) {
            entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_STATED_TWICE,
                                    syntax_head_place(r->tree, at), syntax_word(at->kind));
            diagnostics_note(r->diagnostics, entry, syntax_head_place(r->tree, *first),
                             "the first is here; one statement says it all");
            continue;
        }
        *first = at;
        if (!at->is_broken || at->kind == SYNTAX_CLUSTER || at->kind == SYNTAX_FENCING)
            resolve_lone_statement(r, at);
    }
}

static void resolve_missing(struct resolution *r)
{
    struct location start = diagnostics_place(r->diagnostics, 1, 0, 0);
    struct diagnostic *entry;

    if (!r->tree->is_sure)
        return;
    if (!r->statements[SYNTAX_CLUSTER]) {
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_NO_CLUSTER, start);
        diagnostics_hint(r->diagnostics, entry, "add a line: cluster NAME { network lan }");
    }
    if (r->policy->n_nodes == 0 && !r->said.is_unsure_of_nodes) {
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_NO_NODES, start);
        diagnostics_hint(r->diagnostics, entry, "add a line: node NAME { address ADDRESS }");
    }
}

/* Kernel drivers take whole seconds; what they would round is refused here. */
static struct duration read_watchdog(struct resolution *r, const struct syntax *value)
{
    struct bounds bounds = {"the watchdog", SECOND, WATCHDOG_MOST};
    struct duration watchdog = {0};
    struct diagnostic *entry;

    if (habit_means(syntax_text(r->tree, value), "none")) {
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_NOT_A_DURATION,
                                syntax_place(r->tree, value), syntax_text(r->tree, value));
        diagnostics_suggest(r->diagnostics, entry, "none");
        return watchdog;
    }
    if (!value_duration(r->tree, value, bounds, &watchdog) || watchdog.ms % SECOND == 0)
        return watchdog;
    entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_WHOLE_SECONDS, syntax_place(r->tree, value),
                            syntax_text(r->tree, value));
    diagnostics_hint(r->diagnostics, entry, "write %ds", (int)(watchdog.ms / SECOND) + 1);
    if (entry != &r->diagnostics->spare)
        entry->replace = arena_printf(r->arena, "%ds", (int)(watchdog.ms / SECOND) + 1);
    return watchdog;
}

/* Without a word from the policy: the network's own watchdog, or as long as so many nodes need. */
static void resolve_timing(struct resolution *r)
{
    struct policy *policy = r->policy;
    struct timing *timing = &policy->timing;
    const struct syntax *value = r->watchdog ? r->watchdog->child : NULL;
    bool is_none = value && strcmp(syntax_text(r->tree, value), "none") == 0;
    struct duration watchdog = {0};

    if (value && !is_none)
        watchdog = read_watchdog(r, value);
    *timing = timing_of_network(policy->network, r->token, watchdog);
    while (!value && timing->watchdog.ms < WATCHDOG_MOST &&
           timing->lease.ms + timing->watchdog.ms <=
               timing_liveness_floor(timing, policy->n_nodes).ms)
        *timing =
            timing_of_network(policy->network, r->token, duration_ms(timing->watchdog.ms + SECOND));
    if (is_none)
        timing->watchdog.ms = 0;
    if (policy->quorum.witness)
        timing->witness = duration_ms(WITNESS_TIMEOUT_MS);
}

bool resolve_run(struct resolution *r)
{
    r->policy->network = "lan";
    /* A tenth, as the reference of this trade has it: less is noise. */
    r->policy->scheduling.improve_millionths = 100000;
    r->policy->storm = (struct frequency){STORM_UNSAID, duration_ms(STORM_WITHIN_MS), 0};
    r->policy->quarantine =
        (struct frequency){QUARANTINE_TIMES, duration_ms(QUARANTINE_WITHIN_MS), 0};
    r->policy->scheduling.workers = WORKERS_USUAL;
    resolve_lone_statements(r);
    resolve_nodes(r);
    resolve_devices(r, r->statements[SYNTAX_FENCING]);
    resolve_quorum(r, r->statements[SYNTAX_QUORUM]);
    resolve_alerts(r);
    if (r->policy->storm.times == STORM_UNSAID)
        r->policy->storm.times = (r->policy->n_nodes + 1) / 2;
    resolve_missing(r);
    resolve_timing(r);
    resolve_services(r);
    resolve_rules(r);
    return r->diagnostics->n_errors == 0;
}
