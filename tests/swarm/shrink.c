/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shrinking: take a piece away, play again, and leave it away if the same promise is still broken.
 * Large pieces first. It ends when no piece can go, or after so many plays.
 */
#include "tests/swarm/shrink.h"

#include <string.h>

/* A minute or two at most, for one history. */
#define PLAYS_MAX 6000

struct shrinker {
    struct plan *plan;
    const struct play *goal;
    struct plan tried;
    int n_plays;
    bool has_shrunk;
};

int shrink_events(const struct plan *plan)
{
    int n = 0;

    for (int i = 0; i < PLAN_EVENTS_MAX; i++)
        n += plan->events[i].is_taken;
    return n;
}

/* The smaller plan is in s->tried; true: it will do, and is the plan from now on. */
static bool try_it(struct shrinker *s)
{
    struct play play;

    if (s->n_plays++ > PLAYS_MAX || memcmp(&s->tried, s->plan, sizeof(s->tried)) == 0)
        return false;
    play_plan(&s->tried, &play);
    if (!play.is_bad || strcmp(play.promise, s->goal->promise) != 0)
        return false;
    *s->plan = s->tried;
    s->has_shrunk = true;
    return true;
}

static void begin(struct shrinker *s)
{
    s->tried = *s->plan;
}

static void drop_events(struct shrinker *s)
{
    for (int size = PLAN_EVENTS_MAX / 2; size > 0; size /= 2) {
        for (int at = 0; at < PLAN_EVENTS_MAX; at += size) {
            struct duration lost = {0};

            begin(s);
            for (int i = at; i < at + size && i < PLAN_EVENTS_MAX; i++) {
                if (!s->tried.events[i].is_taken)
                    continue;
                s->tried.events[i].is_taken = false;
                lost.ms += s->tried.events[i].gap.ms;
            }
            if (try_it(s))
                continue;
            /* Perhaps it was the time that mattered. */
            for (int i = at + size; i < PLAN_EVENTS_MAX && lost.ms; i++) {
                if (!s->tried.events[i].is_taken)
                    continue;
                s->tried.events[i].gap.ms += lost.ms;
                try_it(s);
                break;
            }
        }
    }
}

static void drop_services(struct shrinker *s)
{
    for (int service = 0; service < PLAN_SERVICES_MAX; service++) {
        begin(s);
        s->tried.services[service].generations = 0;
        for (int i = 0; i < PLAN_EVENTS_MAX; i++)
            s->tried.events[i].is_taken &= s->tried.events[i].service != service;
        try_it(s);
    }
}

static void drop_rules(struct shrinker *s)
{
    for (int rule = 0; rule < PLAN_RULES_MAX; rule++) {
        begin(s);
        s->tried.rules[rule].generations = 0;
        try_it(s);
        for (uint32_t bit = 1; bit < 1u << PLAN_SERVICES_MAX; bit <<= 1) {
            begin(s);
            s->tried.rules[rule].services &= ~bit;
            if (s->plan->rules[rule].generations && s->tried.rules[rule].services)
                try_it(s);
        }
    }
}

/* The last node goes, and every mention of it. */
static void drop_node(struct shrinker *s)
{
    node_set gone = node_bit((node_id)(s->plan->n_nodes - 1));

    if (s->plan->n_nodes <= 2)
        return;
    begin(s);
    s->tried.n_nodes--;
    for (int i = 0; i < PLAN_EVENTS_MAX; i++) {
        bool was_of_node = s->tried.events[i].nodes != 0;

        s->tried.events[i].nodes &= ~gone;
        s->tried.events[i].is_taken &= !was_of_node || s->tried.events[i].nodes;
    }
    for (int rule = 0; rule < PLAN_RULES_MAX; rule++) {
        for (int tier = 0; tier < s->tried.rules[rule].n_tiers; tier++) {
            s->tried.rules[rule].tiers[tier] &= ~gone;
            if (!s->tried.rules[rule].tiers[tier])
                s->tried.rules[rule].generations = 0;
        }
    }
    try_it(s);
}

/* As most policies are. */
static void simplify_service(struct shrinker *s, int service)
{
    struct service_policy *policy = &s->tried.services[service].policy;

    if (!s->plan->services[service].generations)
        return;
    begin(s);
    s->tried.services[service].generations = 3;
    try_it(s);
    begin(s);
    policy->requested = REQUESTED_STARTED;
    try_it(s);
    begin(s);
    policy->migrate = MIGRATE_RESTART;
    try_it(s);
    begin(s);
    policy->restart_max = policy->relocate_max = 1;
    try_it(s);
    begin(s);
    policy->failback = true;
    try_it(s);
    begin(s);
    policy->cpus_milli = 0;
    policy->memory = 0;
    policy->priority = 0;
    policy->restart_after.ms = 100;
    try_it(s);
    begin(s);
    policy->monitor_every.ms = 10000;
    policy->start_timeout.ms = policy->stop_timeout.ms = 20000;
    try_it(s);
}

static void simplify_plan(struct shrinker *s)
{
    begin(s);
    s->tried.is_unkind = false;
    try_it(s);
    begin(s);
    s->tried.shutdown = SHUTDOWN_CONDITIONAL;
    try_it(s);
    begin(s);
    s->tried.scheduling = (struct scheduling){.mode = SCHEDULING_BASIC, .workers = WORKERS_MOST};
    try_it(s);
    begin(s);
    s->tried.storm = (struct frequency){0};
    try_it(s);
    begin(s);
    s->tried.quarantine = (struct frequency){0};
    try_it(s);
    for (int service = 0; service < PLAN_SERVICES_MAX; service++)
        simplify_service(s, service);
    for (int rule = 0; rule < PLAN_RULES_MAX; rule++) {
        begin(s);
        s->tried.rules[rule].generations = s->plan->rules[rule].generations ? 3 : 0;
        try_it(s);
    }
}

/* What fails as most do, and what is wished for ever. */
static void simplify_events(struct shrinker *s)
{
    for (int i = 0; i < PLAN_EVENTS_MAX; i++) {
        if (!s->plan->events[i].is_taken)
            continue;
        begin(s);
        s->tried.events[i].exit_code = 0;
        try_it(s);
        begin(s);
        s->tried.events[i].lasts.ms = 0;
        try_it(s);
    }
}

/* Whole seconds, and few of them. */
static void simplify_times(struct shrinker *s)
{
    for (int i = 0; i < PLAN_EVENTS_MAX; i++) {
        int64_t ms = s->plan->events[i].gap.ms;
        const int64_t tries[] = {0, ms / 8000 * 1000, ms / 2000 * 1000, (ms + 500) / 1000 * 1000};

        if (!s->plan->events[i].is_taken)
            continue;
        for (int at = 0; at < 4; at++) {
            begin(s);
            s->tried.events[i].gap.ms = tries[at];
            if (tries[at] < ms + 500 && try_it(s))
                break;
        }
    }
    for (int i = 0; i < PLAN_EVENTS_MAX; i++) {
        node_set nodes = s->plan->events[i].nodes;

        if (!s->plan->events[i].is_taken || node_set_count(nodes) < 2)
            continue;
        begin(s);
        s->tried.events[i].nodes = node_bit(node_set_first(nodes));
        try_it(s);
    }
}

void shrink_plan(struct plan *plan, const struct play *play)
{
    static struct shrinker s;

    s = (struct shrinker){.plan = plan, .goal = play, .has_shrunk = true};
    while (s.has_shrunk && s.n_plays < PLAYS_MAX) {
        s.has_shrunk = false;
        drop_events(&s);
        drop_services(&s);
        drop_rules(&s);
        drop_node(&s);
        simplify_plan(&s);
        simplify_events(&s);
        simplify_times(&s);
    }
    for (int i = 0; i < PLAN_EVENTS_MAX; i++)
        plan->events[i].is_taken &= !plan->events[i].is_impossible;
}
