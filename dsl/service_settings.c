/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading and inheriting the settings of services; see service_settings.h. */
#include "dsl/service_settings.h"

#include <string.h>

#include "dsl/catalog.h"
#include "dsl/value_meant.h"
#include "dsl/values.h"

#define SECOND 1000
#define MINUTE (60 * SECOND)
#define DAY (24 * 60 * MINUTE)
#define TIB ((int64_t)1 << 40)

/* Every setting that a later block may override: its bit, its field. */
#define FIELDS(FIELD)                                                                              \
    FIELD(STATE, requested)                                                                        \
    FIELD(RESTART, restart_max)                                                                    \
    FIELD(RESTART_AFTER, restart_after)                                                            \
    FIELD(RELOCATE, relocate_max)                                                                  \
    FIELD(PRIORITY, priority)                                                                      \
    FIELD(FAILBACK, failback)                                                                      \
    FIELD(EVERY, monitor_every)                                                                    \
    FIELD(MONITOR_TIMEOUT, monitor_timeout)                                                        \
    FIELD(START, start_timeout)                                                                    \
    FIELD(STOP, stop_timeout)                                                                      \
    FIELD(MIGRATE, migrate)                                                                        \
    FIELD(MIGRATE_TIMEOUT, migrate_timeout)                                                        \
    FIELD(RECOVER, recover_within)                                                                 \
    FIELD(CPUS, cpus_milli)                                                                        \
    FIELD(MEMORY, memory)                                                                          \
    FIELD(AGENT, agent)                                                                            \
    FIELD(ADDRESS, address)

/* Of these, where they were written: decisions name the line. */
#define LINES(LINE)                                                                                \
    LINE(STATE, state_line)                                                                        \
    LINE(RELOCATE, relocate_line)                                                                  \
    LINE(FAILBACK, failback_line)                                                                  \
    LINE(MIGRATE, migrate_line)

enum field {
#define FIELD(name, member) FIELD_##name,
    FIELDS(FIELD)
#undef FIELD
};

/* One retry here, one try elsewhere, and limits that a slow but sound agent stays within. */
static const struct service_policy builtin = {
    .requested = REQUESTED_STARTED,
    .migrate = MIGRATE_RESTART,
    .restart_max = 1,
    .restart_after = {RESTART_AFTER_MS},
    .relocate_max = 1,
    .failback = true,
    .monitor_every = {10 * SECOND},
    .monitor_timeout = {20 * SECOND},
    .start_timeout = {60 * SECOND},
    .stop_timeout = {60 * SECOND},
    .migrate_timeout = {120 * SECOND},
};

static void give(struct service_block *block, enum field field)
{
    block->given |= 1u << field;
}

static void apply(struct service_policy *service, const struct service_policy *values,
                  unsigned given)
{
#define FIELD(name, field)                                                                         \
    if (given & 1u << FIELD_##name)                                                                \
        service->field = values->field;
    FIELDS(FIELD)
#undef FIELD
#define LINE(name, field)                                                                          \
    if (given & 1u << FIELD_##name)                                                                \
        service->field = values->field;
    LINES(LINE)
#undef LINE
}

void service_settings_begin(struct service_policy *service)
{
    apply(service, &builtin, ~0u);
}

void service_settings_apply(struct service_policy *service, const struct service_block *block)
{
    if (block)
        apply(service, &block->values, block->given);
}

static void read_time(struct resolution *r, struct service_block *block, enum field field,
                      const struct syntax *value)
{
    static const struct {
        const char *what;
        int64_t least;
        int64_t most;
    } bounds[] = {
        [FIELD_RESTART_AFTER] = {"the pause before a restart", 100, RESTART_PAUSE_MAX_MS},
        [FIELD_EVERY] = {"the time between two monitors", SECOND, DAY},
        [FIELD_MONITOR_TIMEOUT] = {"the time limit", SECOND, DAY},
        [FIELD_START] = {"the time limit", SECOND, DAY},
        [FIELD_STOP] = {"the time limit", SECOND, DAY},
        [FIELD_MIGRATE_TIMEOUT] = {"the time limit", SECOND, DAY},
        [FIELD_RECOVER] = {"the time to recover", SECOND, DAY},
    };
    struct service_policy *values = &block->values;
    struct duration *const times[] = {
        [FIELD_RESTART_AFTER] = &values->restart_after,
        [FIELD_EVERY] = &values->monitor_every,
        [FIELD_MONITOR_TIMEOUT] = &values->monitor_timeout,
        [FIELD_START] = &values->start_timeout,
        [FIELD_STOP] = &values->stop_timeout,
        [FIELD_MIGRATE_TIMEOUT] = &values->migrate_timeout,
        [FIELD_RECOVER] = &values->recover_within,
    };

    if (value_duration(r->tree, value,
                       (struct bounds){bounds[field].what, bounds[field].least, bounds[field].most},
                       times[field]))
        give(block, field);
}

static int index_of(const char *word, const char *const *words, int n_words)
{
    for (int i = 0; i < n_words; i++) {
        if (strcmp(word, words[i]) == 0)
            return i;
    }
    return 0;
}

static void read_word_setting(struct resolution *r, struct service_block *block,
                              const struct syntax *at)
{
    static const char *const states[] = {
        [REQUESTED_STARTED] = "started",
        [REQUESTED_STOPPED] = "stopped",
        [REQUESTED_DISABLED] = "disabled",
        [REQUESTED_IGNORED] = "ignored",
    };
    static const char *const ways[] = {
        [MIGRATE_RESTART] = "restart",
        [MIGRATE_LIVE] = "live",
        [MIGRATE_NEVER] = "never",
    };
    const char *word = syntax_text(r->tree, at->child);
    int line = syntax_line(r->tree, at);

    if (at->kind == SYNTAX_STATE) {
        block->values.state_line = line;
        block->values.requested = (enum requested_state)index_of(word, states, 4);
        give(block, FIELD_STATE);
    } else if (at->kind == SYNTAX_FAILBACK) {
        block->values.failback_line = line;
        block->values.failback = strcmp(word, "yes") == 0;
        give(block, FIELD_FAILBACK);
    } else {
        block->values.migrate_line = line;
        block->values.migrate = (enum migrate_how)index_of(word, ways, 3);
        give(block, FIELD_MIGRATE);
    }
}

static void read_agent(struct resolution *r, struct service_block *block, const struct syntax *at)
{
    const char *agent = syntax_text(r->tree, at->child);
    bool is_systemd = strncmp(agent, "systemd:", strlen("systemd:")) == 0;
    struct diagnostic *entry;

    block->agent_at = at;
    block->values.agent = agent;
    give(block, FIELD_AGENT);
    if (agent_name_is_valid(agent) && !is_systemd)
        return;
    entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_BAD_AGENT, syntax_place(r->tree, at->child),
                            agent);
    if (is_systemd)
        diagnostics_hint(r->diagnostics, entry,
                         "a systemd unit is a service of its own type: service unit:NAME");
    else if (meant_agent(r->arena, agent))
        diagnostics_suggest(r->diagnostics, entry, meant_agent(r->arena, agent));
    else
        diagnostics_hint(r->diagnostics, entry,
                         "it is written provider:name, as in heartbeat:IPaddr2, which is"
                         " /usr/lib/ocf/resource.d/heartbeat/IPaddr2");
}

static void read_address(struct resolution *r, struct service_block *block, const struct syntax *at)
{
    block->address_at = at;
    block->values.address = value_address(r->tree, at->child, true);
    give(block, FIELD_ADDRESS);
}

static void read_number(struct resolution *r, struct service_block *block, const struct syntax *at)
{
    struct service_policy *values = &block->values;

    if (at->kind == SYNTAX_RELOCATE)
        values->relocate_line = syntax_line(r->tree, at);
    if (at->kind == SYNTAX_RESTART &&
        value_count(r->tree, at->child, (struct bounds){"restart", 0, 1000}, &values->restart_max))
        give(block, FIELD_RESTART);
    if (at->kind == SYNTAX_RESTART && at->child->next)
        read_time(r, block, FIELD_RESTART_AFTER, at->child->next);
    if (at->kind == SYNTAX_RELOCATE &&
        value_count(r->tree, at->child, (struct bounds){"relocate", 0, 1000},
                    &values->relocate_max))
        give(block, FIELD_RELOCATE);
    if (at->kind == SYNTAX_PRIORITY &&
        value_integer(r->tree, at->child, (struct bounds){"the priority", -1000, 1000},
                      &values->priority))
        give(block, FIELD_PRIORITY);
    if (at->kind == SYNTAX_CPUS &&
        value_thousandths(r->tree, at->child, (struct bounds){"cpus", 0, 65536},
                          &values->cpus_milli))
        give(block, FIELD_CPUS);
    if (at->kind == SYNTAX_MEMORY &&
        value_size(r->tree, at->child, (struct bounds){"memory", 0, 1024 * TIB}, &values->memory))
        give(block, FIELD_MEMORY);
}

static void read_setting(struct resolution *r, struct service_block *block, const struct syntax *at)
{
    switch (at->kind) {
    case SYNTAX_STATE:
    case SYNTAX_FAILBACK: read_word_setting(r, block, at); break;
    case SYNTAX_MIGRATE:
        if (at->child->kind == SYNTAX_VALUE)
            read_time(r, block, FIELD_MIGRATE_TIMEOUT, at->child);
        else
            read_word_setting(r, block, at);
        break;
    case SYNTAX_MONITOR:
        read_time(r, block, FIELD_EVERY, at->child);
        if (at->child->next)
            read_time(r, block, FIELD_MONITOR_TIMEOUT, at->child->next);
        break;
    case SYNTAX_START: read_time(r, block, FIELD_START, at->child); break;
    case SYNTAX_STOP: read_time(r, block, FIELD_STOP, at->child); break;
    case SYNTAX_RECOVER: read_time(r, block, FIELD_RECOVER, at->child); break;
    case SYNTAX_KEEP_ON: block->on_at[true] = at; break;
    case SYNTAX_TRY_ON: block->on_at[false] = at; break;
    case SYNTAX_AGENT: read_agent(r, block, at); break;
    case SYNTAX_ADDRESS: read_address(r, block, at); break;
    default: read_number(r, block, at);
    }
}

/* "migrate live" and "migrate timeout 3m" are two settings of one word. */
static const struct syntax **first_of(const struct syntax **first, const struct syntax *at)
{
    bool is_timeout = at->kind == SYNTAX_MIGRATE && at->child->kind == SYNTAX_VALUE;

    return &first[is_timeout ? SYNTAX_POLICY : at->kind];
}

struct service_block *service_settings_read(struct resolution *r, const struct syntax *statement)
{
    struct service_block *block = arena_alloc(r->arena, sizeof(*block));
    const struct syntax *first[SYNTAX_KINDS] = {0};

    block->statement = statement;
    block->sets = resolve_sets(r, statement, SYNTAX_SET, &block->n_sets);
    for (const struct syntax *at = syntax_inside(statement); at; at = at->next) {
        if (at->is_broken)
            block->has_broken = true;
        else if (at->kind != SYNTAX_SET && resolve_once(r, first_of(first, at), at))
            read_setting(r, block, at);
    }
    return block;
}

/* Both sorted; where both have a name, the second one's value counts. */
static int merge_sets(struct setting *into, const struct setting *under, int n_under,
                      const struct service_block *over)
{
    int n = 0, i = 0, k = 0;

    while (i < n_under || k < over->n_sets) {
        int order = i == n_under        ? 1
                    : k == over->n_sets ? -1
                                        : strcmp(under[i].name, over->sets[k].name);

        if (order < 0) {
            into[n++] = under[i++];
            continue;
        }
        i += order == 0;
        into[n++] = (struct setting){over->sets[k].name, over->sets[k].value, over->sets[k].secret};
        k++;
    }
    return n;
}

void service_settings_sets(struct resolution *r, struct service_policy *service,
                           const struct service_source *source)
{
    const struct service_block *blocks[] = {
        resolve_defaults(r, NULL),
        resolve_defaults(r, service->type),
        source->block,
    };
    struct setting *sets = NULL;
    int n_sets = 0;

    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        struct setting *more;

        if (!blocks[i] || blocks[i]->n_sets == 0)
            continue;
        more = arena_alloc(r->arena, (size_t)(n_sets + blocks[i]->n_sets) * sizeof(more[0]));
        n_sets = merge_sets(more, sets, n_sets, blocks[i]);
        sets = more;
    }
    for (int i = 0; i < n_sets; i++) {
        if (sets[i].value)
            sets[i].value = value_fill_in(r->arena, sets[i].value, service->name);
    }
    service->settings = sets;
    service->n_settings = n_sets;
}
