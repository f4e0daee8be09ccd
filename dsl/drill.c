/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A drill's text to its steps, one after the other: each is understood under the policy that
 * is in force at its time. A statement about several services is a step for each of them.
 */
#include "dsl/drill.h"

#include <string.h>

#include "dsl/drill_policy.h"
#include "dsl/parser.h"
#include "dsl/values.h"

#define DAY ((int64_t)24 * 60 * 60 * 1000)
#define TIB ((int64_t)1 << 40)

struct maker {
    const struct tree *tree;
    struct arena *arena;
    struct drill_policy policy;
    struct drill *drill;
    struct drill_step *steps;
    int n_steps;
    int steps_max;
    bool is_sure;            /* no statement is broken, so none is missing for that */
    struct drill_step draft; /* what all steps of a statement share */
};

static const char *text_of(const struct maker *m, const struct syntax *node)
{
    return syntax_text(m->tree, node);
}

static bool is_word(const struct maker *m, const struct syntax *node, const char *word)
{
    return node && strcmp(text_of(m, node), word) == 0;
}

static const struct syntax *next_part(const struct syntax *part, enum syntax_kind kind)
{
    while (part && part->kind != kind)
        part = part->next;
    return part;
}

static void add_step(struct maker *m, const char *service)
{
    if (m->n_steps == m->steps_max) {
        int more = m->steps_max ? 2 * m->steps_max : 64;
        struct drill_step *steps = arena_alloc(m->arena, (size_t)more * sizeof(steps[0]));

        for (int i = 0; i < m->n_steps; i++)
            steps[i] = m->steps[i];
        m->steps = steps;
        m->steps_max = more;
    }
    m->steps[m->n_steps] = m->draft;
    m->steps[m->n_steps++].service = service;
}

static node_set nodes_of(struct maker *m, const struct syntax *names)
{
    return names ? resolve_node_list(m->policy.resolution, names) : 0;
}

/* The one node that a service is to be on. */
static bool take_one_node(struct maker *m, const struct syntax *names)
{
    m->draft.nodes = nodes_of(m, names);
    if (node_set_count(m->draft.nodes) > 1)
        diagnostics_add(m->tree->diagnostics, DIAGNOSTIC_ONE_NODE, syntax_place(m->tree, names),
                        node_set_count(m->draft.nodes));
    return node_set_count(m->draft.nodes) == 1;
}

static int services_of(struct maker *m, const struct syntax *node, const service_id **services)
{
    return resolve_service_list(m->policy.resolution, syntax_part(node, SYNTAX_NAMES), services);
}

static void add_services(struct maker *m, const struct syntax *node)
{
    const service_id *services;
    int n_services = services_of(m, node, &services);

    for (int i = 0; i < n_services; i++)
        add_step(m, m->policy.now->services[services[i]].name);
}

static bool read_amounts(const struct maker *m, const struct syntax *node, int *cpus_milli,
                         int64_t *memory)
{
    const struct syntax *value = syntax_part(node, SYNTAX_VALUE);

    return value_thousandths(m->tree, value, (struct bounds){"cpus", 0, 65536}, cpus_milli) &&
           value_size(m->tree, value->next, (struct bounds){"memory", 0, 1024 * TIB}, memory);
}

/* ---- the policy ---------------------------------------------------------------------------- */

static void add_policy_step(struct maker *m)
{
    m->draft.verb = DRILL_CHANGE_POLICY;
    m->draft.policy = m->policy.now;
    add_step(m, NULL);
}

static enum requested_state state_of(const char *word)
{
    return strcmp(word, "started") == 0    ? REQUESTED_STARTED
           : strcmp(word, "disabled") == 0 ? REQUESTED_DISABLED
           : strcmp(word, "ignored") == 0  ? REQUESTED_IGNORED
                                           : REQUESTED_STOPPED;
}

/* state, stop and size. */
static void change_services(struct maker *m, const struct syntax *node)
{
    const struct syntax *word = syntax_part(node, SYNTAX_WORD);
    const service_id *ids;
    int n_ids = services_of(m, node, &ids), cpus_milli = 0;
    struct service_policy *services = drill_policy_copy(&m->policy);
    int64_t memory = 0;

    if (node->kind == SYNTAX_DRILL_SIZE && !read_amounts(m, node, &cpus_milli, &memory))
        return;
    for (int i = 0; i < n_ids; i++) {
        struct service_policy *service = &services[ids[i]];

        if (node->kind == SYNTAX_DRILL_SIZE) {
            service->cpus_milli = cpus_milli;
            service->memory = memory;
        } else {
            service->requested = word ? state_of(text_of(m, word)) : REQUESTED_STOPPED;
        }
    }
    add_policy_step(m);
}

static void change_policy(struct maker *m, const struct syntax *node)
{
    const service_id *services;
    bool is_done = true;
    int n_services;

    switch (node->kind) {
    case SYNTAX_DRILL_ADD: is_done = drill_policy_add(&m->policy, m->tree, node); break;
    case SYNTAX_DRILL_REMOVE:
        n_services = services_of(m, node, &services);
        drill_policy_remove(&m->policy, services, n_services);
        break;
    default: is_done = drill_policy_read(&m->policy, m->tree, syntax_part(node, SYNTAX_VALUE));
    }
    if (is_done)
        add_policy_step(m);
}

/* ---- what happens -------------------------------------------------------------------------- */

static void make_partition(struct maker *m, const struct syntax *node)
{
    node_set *sides = arena_alloc(m->arena, NODES_MAX * sizeof(sides[0]));

    for (const struct syntax *names = node->child; names && m->draft.n_sides < NODES_MAX;
         names = names->next)
        sides[m->draft.n_sides++] = nodes_of(m, names);
    m->draft.verb = DRILL_PARTITION;
    m->draft.sides = sides;
    add_step(m, NULL);
}

static void make_fail(struct maker *m, const struct syntax *node)
{
    const struct syntax *word = syntax_part(node, SYNTAX_WORD);
    const struct syntax *on = next_part(syntax_part(node, SYNTAX_NAMES)->next, SYNTAX_NAMES);
    bool is_always = next_part(word->next, SYNTAX_WORD) != NULL;
    const struct syntax *times = is_always ? NULL : syntax_part(node, SYNTAX_VALUE);
    const struct syntax *code =
        times ? next_part(times->next, SYNTAX_VALUE) : syntax_part(node, SYNTAX_VALUE);

    m->draft.verb = DRILL_FAIL;
    m->draft.fault = is_word(m, word, "start")     ? FAULT_START
                     : is_word(m, word, "stop")    ? FAULT_STOP
                     : is_word(m, word, "migrate") ? FAULT_MOVE
                                                   : FAULT_MONITOR;
    m->draft.nodes = on ? nodes_of(m, on) : ~(node_set)0;
    m->draft.number = -1;
    if (times && !value_count(m->tree, times, (struct bounds){"the number of times", 0, 1000000},
                              &m->draft.number))
        return;
    if (!code ||
        value_count(m->tree, code, (struct bounds){"the exit code", 1, 6}, &m->draft.exit_code))
        add_services(m, node);
}

static void make_slow(struct maker *m, const struct syntax *node)
{
    const struct syntax *on = next_part(syntax_part(node, SYNTAX_NAMES)->next, SYNTAX_NAMES);
    struct duration by;

    m->draft.verb = DRILL_SLOW;
    m->draft.nodes = on ? nodes_of(m, on) : ~(node_set)0;
    if (!value_duration(m->tree, syntax_part(node, SYNTAX_VALUE), (struct bounds){"by", 0, DAY},
                        &by))
        return;
    m->draft.number = (int)by.ms;
    add_services(m, node);
}

/* The times of all that happens are drawn from a number. */
static void make_unkind(struct maker *m, const struct syntax *node)
{
    m->draft.verb = DRILL_UNKIND;
    if (value_count(m->tree, node->child, (struct bounds){"the seed", 0, 1000000000},
                    &m->draft.number))
        add_step(m, NULL);
}

static void make_node_step(struct maker *m, const struct syntax *node, enum drill_verb verb)
{
    m->draft.verb = verb;
    m->draft.nodes = nodes_of(m, syntax_part(node, SYNTAX_NAMES));
    add_step(m, NULL);
}

/* A service to a node. */
static void make_placed(struct maker *m, const struct syntax *node, enum drill_verb verb)
{
    m->draft.verb = verb;
    if (take_one_node(m, next_part(syntax_part(node, SYNTAX_NAMES)->next, SYNTAX_NAMES)))
        add_services(m, node);
}

static void make_service_step(struct maker *m, const struct syntax *node, enum drill_verb verb)
{
    m->draft.verb = verb;
    if (verb != DRILL_USAGE || read_amounts(m, node, &m->draft.number, &m->draft.memory))
        add_services(m, node);
}

static void make_plain(struct maker *m, enum drill_verb verb)
{
    m->draft.verb = verb;
    add_step(m, NULL);
}

/* ---- what is expected ---------------------------------------------------------------------- */

static void expect_word(struct maker *m, const struct syntax *word)
{
    if (is_word(m, word, "settled")) {
        make_plain(m, DRILL_EXPECT_SETTLED);
    } else if (is_word(m, word, "quorum")) {
        m->draft.number = is_word(m, word->next, "yes");
        make_plain(m, DRILL_EXPECT_QUORUM);
    } else if (is_word(m, word, "master")) {
        m->draft.nodes = nodes_of(m, word->next);
        make_plain(m, DRILL_EXPECT_MASTER);
    } else if (value_count(m->tree, word->next, (struct bounds){"the moves", 0, 1000000},
                           &m->draft.number)) {
        make_plain(m, DRILL_EXPECT_MOVES);
    }
}

static void make_expect(struct maker *m, const struct syntax *node)
{
    const struct syntax *names = node->child, *word = names->next;
    bool is_service = names->kind == SYNTAX_NAMES && strpbrk(text_of(m, names), ":*");

    if (names->kind == SYNTAX_WORD) {
        expect_word(m, names);
    } else if (is_service) {
        m->draft.number = (int)service_state_of_name(text_of(m, word));
        m->draft.nodes = nodes_of(m, word->next);
        m->draft.verb = DRILL_EXPECT_SERVICE;
        add_services(m, node);
    } else {
        m->draft.number =
            (int)(is_word(m, word, "fenced") ? NODE_FENCE : node_state_of_name(text_of(m, word)));
        m->draft.nodes = nodes_of(m, names);
        make_plain(m, DRILL_EXPECT_NODE);
    }
}

/* ---- statements ---------------------------------------------------------------------------- */

static enum drill_verb either(const struct maker *m, const struct syntax *node, const char *word,
                              enum drill_verb yes, enum drill_verb no)
{
    return is_word(m, syntax_part(node, SYNTAX_WORD), word) ? yes : no;
}

/* How long it is asked for; 0: until somebody ends it. */
static void take_span(struct maker *m, const struct syntax *node)
{
    const struct syntax *value = syntax_part(node, SYNTAX_VALUE);

    if (value)
        value_duration(m->tree, value, (struct bounds){"the time", 1, SUSPENDED_MAX_MS},
                       &m->draft.lasts);
}

/* Those that are only a verb and nodes; false: it is none of them. */
static bool make_for_nodes(struct maker *m, const struct syntax *node)
{
    switch (node->kind) {
    case SYNTAX_DRILL_CUT: make_node_step(m, node, DRILL_CUT); return true;
    case SYNTAX_DRILL_MEND: make_node_step(m, node, DRILL_MEND); return true;
    case SYNTAX_DRILL_CRASH: make_node_step(m, node, DRILL_CRASH); return true;
    case SYNTAX_DRILL_RESTART: make_node_step(m, node, DRILL_RESTART); return true;
    case SYNTAX_DRILL_REBOOT: make_node_step(m, node, DRILL_REBOOT); return true;
    case SYNTAX_DRILL_SHUTDOWN: make_node_step(m, node, DRILL_SHUTDOWN); return true;
    case SYNTAX_DRILL_STALL: make_node_step(m, node, DRILL_STALL); return true;
    case SYNTAX_DRILL_WAKE: make_node_step(m, node, DRILL_WAKE); return true;
    case SYNTAX_DRILL_UPGRADE: make_node_step(m, node, DRILL_UPGRADE); return true;
    default: return false;
    }
}

static void make_command(struct maker *m, const struct syntax *node)
{
    m->draft.line = syntax_line(m->tree, node);
    m->draft.offset = syntax_place(m->tree, node).offset;
    m->draft.text = text_of(m, node);
    switch (node->kind) {
    case SYNTAX_DRILL_POWER:
        make_node_step(m, node, either(m, node, "on", DRILL_POWER_ON, DRILL_POWER_OFF));
        break;
    case SYNTAX_DRILL_PARTITION: make_partition(m, node); break;
    case SYNTAX_DRILL_STORE:
        make_node_step(m, node, either(m, node, "fail", DRILL_STORE_FAIL, DRILL_STORE_WORK));
        break;
    case SYNTAX_DRILL_FAIL: make_fail(m, node); break;
    case SYNTAX_DRILL_KILL: make_service_step(m, node, DRILL_KILL); break;
    case SYNTAX_DRILL_USAGE: make_service_step(m, node, DRILL_USAGE); break;
    case SYNTAX_DRILL_PLACE: make_placed(m, node, DRILL_PLACE); break;
    case SYNTAX_DRILL_MOVED: make_placed(m, node, DRILL_MOVED); break;
    case SYNTAX_DRILL_MIGRATE: make_placed(m, node, DRILL_MIGRATE); break;
    case SYNTAX_DRILL_RELOCATE: make_placed(m, node, DRILL_RELOCATE); break;
    case SYNTAX_DRILL_CLEAR: make_service_step(m, node, DRILL_CLEAR); break;
    case SYNTAX_DRILL_MAINTENANCE:
        take_span(m, node);
        make_node_step(m, node, either(m, node, "on", DRILL_MAINTENANCE_ON, DRILL_MAINTENANCE_OFF));
        break;
    case SYNTAX_DRILL_DISARM:
        take_span(m, node);
        make_plain(m, either(m, node, "freeze", DRILL_DISARM_FREEZE, DRILL_DISARM_IGNORE));
        break;
    case SYNTAX_DRILL_UNKIND: make_unkind(m, node); break;
    case SYNTAX_DRILL_HEAL: make_plain(m, DRILL_HEAL); break;
    case SYNTAX_DRILL_HOLD: make_service_step(m, node, DRILL_HOLD); break;
    case SYNTAX_DRILL_SLOW: make_slow(m, node); break;
    case SYNTAX_DRILL_ARM: make_plain(m, DRILL_ARM); break;
    case SYNTAX_DRILL_STATE:
    case SYNTAX_DRILL_STOP:
    case SYNTAX_DRILL_SIZE: change_services(m, node); break;
    case SYNTAX_DRILL_ADD:
    case SYNTAX_DRILL_REMOVE:
    case SYNTAX_DRILL_PUSH: change_policy(m, node); break;
    case SYNTAX_DRILL_SNAPSHOT: make_plain(m, DRILL_SNAPSHOT); break;
    default:
        if (!make_for_nodes(m, node))
            make_expect(m, node);
    }
}

static const char *ms_as_text(struct arena *arena, int64_t ms)
{
    return ms % 1000 ? arena_printf(arena, "%lldms", (long long)ms)
                     : arena_printf(arena, "%llds", (long long)ms / 1000);
}

/* The time of an "at"; it never runs back. */
static bool take_time(struct maker *m, const struct syntax *node, struct duration *now)
{
    struct duration at;

    if (!value_duration(m->tree, node->child, (struct bounds){"the time", 0, 10 * DAY}, &at))
        return false;
    if (at.ms < now->ms) {
        diagnostics_add(m->tree->diagnostics, DIAGNOSTIC_TIME_RUNS_BACK,
                        syntax_place(m->tree, node->child), text_of(m, node->child),
                        ms_as_text(m->arena, now->ms));
        return false;
    }
    *now = at;
    return true;
}

/* [ "within" DURATION ] "expect" ... */
static void make_timed_expect(struct maker *m, const struct syntax *node)
{
    struct bounds bounds = {"the time", 0, DAY};

    if (node->kind == SYNTAX_DRILL_EXPECT)
        make_command(m, node);
    else if (value_duration(m->tree, node->child, bounds, &m->draft.within))
        make_command(m, node->child->next);
}

/* Of a file: a time, or an expectation. */
static void make_statement(struct maker *m, const struct syntax *node, struct duration *now)
{
    m->draft = (struct drill_step){.line = 0};
    if (node->is_broken)
        return;
    if (node->kind == SYNTAX_DRILL_NAME)
        m->drill->name = value_string(m->tree, node->child);
    if (node->kind == SYNTAX_DRILL_AT && !take_time(m, node, now))
        return;
    m->draft.at = *now;
    if (node->kind == SYNTAX_DRILL_AT)
        make_command(m, node->child->next);
    if (node->kind == SYNTAX_DRILL_EXPECT || node->kind == SYNTAX_DRILL_WITHIN)
        make_timed_expect(m, node);
}

/* The policy first, wherever it is named; everything else speaks of it. */
static bool read_policy(struct maker *m)
{
    const struct syntax *found = NULL;

    for (const struct syntax *at = m->tree->policy->child; at; at = at->next) {
        if (at->kind != SYNTAX_DRILL_POLICY)
            continue;
        if (found) {
            diagnostics_add(m->tree->diagnostics, DIAGNOSTIC_STATED_TWICE,
                            syntax_head_place(m->tree, at), "policy");
            return false;
        }
        found = at;
    }
    if (found)
        return !found->is_broken && drill_policy_read(&m->policy, m->tree, found->child);
    if (m->is_sure)
        diagnostics_add(m->tree->diagnostics, DIAGNOSTIC_NO_DRILL_POLICY,
                        diagnostics_place(m->tree->diagnostics, 1, 0, 0));
    return false;
}

bool drill_compile(struct diagnostics *diagnostics, const struct drill_source *source,
                   struct drill *drill)
{
    struct tree tree = parser_run_drill(diagnostics);
    struct duration now = {0};
    struct maker maker = {
        .tree = &tree,
        .arena = diagnostics->arena,
        .policy = {.diagnostics = diagnostics, .source = source, .arena = diagnostics->arena},
        .drill = drill,
        .is_sure = tree.is_sure,
    };

    /* Names are declared in the policy, whatever is wrong with the drill. */
    tree.is_sure = true;

    *drill = (struct drill){.name = diagnostics->file};
    if (read_policy(&maker)) {
        drill->policy = maker.policy.now;
        for (const struct syntax *at = tree.policy->child; at; at = at->next)
            make_statement(&maker, at, &now);
    }
    drill->steps = maker.steps;
    drill->n_steps = maker.n_steps;
    diagnostics_sort(diagnostics);
    return diagnostics->n_errors == 0;
}

/* Inside of a policy: each waits for calm. */
static void make_line(struct maker *m, const struct syntax *node)
{
    struct diagnostic *entry;

    m->draft = (struct drill_step){.line = 0};
    if (node->is_broken)
        return;
    if (node->kind == SYNTAX_DRILL_EXPECT || node->kind == SYNTAX_DRILL_WITHIN) {
        make_timed_expect(m, node);
    } else if (node->kind == SYNTAX_DRILL_ADD || node->kind == SYNTAX_DRILL_PUSH) {
        entry = diagnostics_add(m->tree->diagnostics, DIAGNOSTIC_DRILL_OF_TEXT,
                                syntax_head_place(m->tree, node), syntax_word(node->kind));
        diagnostics_hint(m->tree->diagnostics, entry,
                         "rehearse it in a file of its own, which says: policy \"FILE.tenuto\"");
    } else {
        make_command(m, node);
    }
}

void drill_of_statement(struct resolution *resolution, const struct syntax *statement,
                        struct drill *drill)
{
    struct maker maker = {
        .tree = resolution->tree,
        .arena = resolution->arena,
        .policy = {.diagnostics = resolution->diagnostics, .arena = resolution->arena},
        .drill = drill,
        .is_sure = true,
    };

    drill_policy_begin(&maker.policy, resolution);
    *drill = (struct drill){
        .name = value_string(maker.tree, statement->child),
        .policy = maker.policy.now,
        .waits_for_calm = true,
    };
    for (const struct syntax *at = syntax_inside(statement); at; at = at->next)
        make_line(&maker, at);
    drill->steps = maker.steps;
    drill->n_steps = maker.n_steps;
}
