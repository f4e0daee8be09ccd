/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan as text: policies and a drill that `tenuto drill run` plays as it was played here. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ha/base/text.h"
#include "tests/swarm/plan.h"

static const char *ms_text(int64_t ms)
{
    static char buffers[4][32];
    static int at;
    struct text text;

    at = (at + 1) % 4;
    text_init(&text, buffers[at], sizeof(buffers[at]));
    text_add_ms(&text, ms);
    return buffers[at];
}

static void write_nodes(FILE *file, node_set nodes)
{
    const char *glue = "";

    NODE_SET_EACH(node, nodes)
    {
        fprintf(file, "%s%s", glue, plan_nodes[node]);
        glue = ", ";
    }
}

/* ---- policies ------------------------------------------------------------------------------- */

static uint32_t there(const struct plan *plan, int generation, uint32_t services)
{
    for (int i = 0; i < PLAN_SERVICES_MAX; i++) {
        if (!(plan->services[i].generations >> generation & 1))
            services &= ~((uint32_t)1 << i);
    }
    return services;
}

static void write_services(FILE *file, uint32_t services)
{
    const char *glue = "";

    for (int i = 0; i < PLAN_SERVICES_MAX; i++) {
        if (!(services >> i & 1))
            continue;
        fprintf(file, "%s%s", glue, plan_services[i]);
        glue = ", ";
    }
}

static void write_service(FILE *file, const struct service_policy *service)
{
    static const char *const states[] = {"started", "stopped", "disabled", "ignored"};
    static const char *const ways[] = {"restart", "live", "never"};

    fprintf(file, "service %s {\n    agent heartbeat:Dummy\n    state %s\n    migrate %s\n",
            service->name, states[service->requested], ways[service->migrate]);
    fprintf(file, "    restart %d", service->restart_max);
    if (service->restart_after.ms)
        fprintf(file, " after %s", ms_text(service->restart_after.ms));
    fprintf(file, "\n    relocate %d\n    failback %s\n", service->relocate_max,
            service->failback ? "yes" : "no");
    if (service->priority)
        fprintf(file, "    priority %d\n", service->priority);
    fprintf(file, "    monitor every %s timeout %s\n", ms_text(service->monitor_every.ms),
            ms_text(service->monitor_timeout.ms));
    fprintf(file, "    start timeout %s\n    stop timeout %s\n", ms_text(service->start_timeout.ms),
            ms_text(service->stop_timeout.ms));
    if (service->cpus_milli)
        fprintf(file, "    cpus %d\n", service->cpus_milli / 1000);
    if (service->memory)
        fprintf(file, "    memory %lldM\n", (long long)(service->memory >> 20));
    fprintf(file, "}\n");
}

static void write_rule(FILE *file, const struct plan *plan, int generation, int at)
{
    const struct plan_rule *rule = &plan->rules[at];
    uint32_t services = there(plan, generation, rule->services);
    uint32_t others = there(plan, generation, rule->others);

    if (!services || (rule->kind == RULE_BEFORE && !others))
        return;
    fprintf(file, "rule r%d: %s ", at,
            rule->kind == RULE_BEFORE ? "start"
            : rule->is_strict         ? "keep"
                                      : "try");
    write_services(file, services);
    if (rule->kind == RULE_BEFORE) {
        fprintf(file, " before ");
        write_services(file, others);
    } else if (rule->kind != RULE_ON) {
        fprintf(file, rule->kind == RULE_APART ? " apart" : " together");
    } else {
        fprintf(file, " on ");
        for (int tier = 0; tier < rule->n_tiers; tier++) {
            fprintf(file, "%s", tier ? ", then " : "");
            write_nodes(file, rule->tiers[tier]);
        }
    }
    fprintf(file, "\n");
}

static void write_scheduling(FILE *file, const struct scheduling *scheduling)
{
    static const char *const modes[] = {"basic", "static", "dynamic"};

    fprintf(file, "scheduling {\n    mode %s\n", modes[scheduling->mode]);
    if (scheduling->method == METHOD_TOPSIS)
        fprintf(file, "    method topsis\n");
    if (scheduling->rebalances_on_start)
        fprintf(file, "    rebalance on start\n");
    if (scheduling->rebalances)
        fprintf(file, "    rebalance when imbalance 0.3 for %s\n    improve 0.1\n",
                ms_text(scheduling->imbalance_hold.ms));
    fprintf(file, "    workers %d\n}\n", scheduling->workers);
}

/* What is not said has limits of its own. */
static void write_frequency(FILE *file, const char *what, const struct frequency *limit)
{
    if (limit->times)
        fprintf(file, "; %s %d per %s", what, limit->times, ms_text(limit->within.ms));
    else
        fprintf(file, "; %s none", what);
}

static void write_policy(const struct plan *plan, int generation, FILE *file)
{
    static const char *const shutdowns[] = {"conditional", "migrate", "failover", "freeze"};

    fprintf(file, "cluster swarm { network lan }\nfencing { watchdog 10s");
    write_frequency(file, "storm", &plan->storm);
    write_frequency(file, "quarantine", &plan->quarantine);
    fprintf(file, " }\nshutdown %s\n", shutdowns[plan->shutdown]);
    write_scheduling(file, &plan->scheduling);
    for (int i = 0; i < plan->n_nodes; i++)
        fprintf(file, "node %s { address 10.77.0.%d; cpus 8; memory 1G }\n", plan_nodes[i], i + 1);
    for (int i = 0; i < PLAN_SERVICES_MAX; i++) {
        if (plan->services[i].generations >> generation & 1)
            write_service(file, &plan->services[i].policy);
    }
    for (int i = 0; i < PLAN_RULES_MAX; i++) {
        if (plan->rules[i].generations >> generation & 1)
            write_rule(file, plan, generation, i);
    }
}

/* ---- the drill ------------------------------------------------------------------------------ */

static void write_partition(const struct plan *plan, const struct plan_event *event, FILE *file)
{
    fprintf(file, "partition ");
    write_nodes(file, event->nodes);
    fprintf(file, " | ");
    write_nodes(file, (((node_set)1 << plan->n_nodes) - 1) & ~event->nodes);
}

static void write_fail(const struct plan_event *event, FILE *file)
{
    static const char *const faults[] = {"start", "stop", "migrate", "monitor"};

    fprintf(file, "fail %s %s on ", faults[event->fault], plan_services[event->service]);
    write_nodes(file, event->nodes);
    if (event->number < 0)
        fprintf(file, " always");
    else
        fprintf(file, " %d times", event->number);
    if (event->exit_code)
        fprintf(file, " exit %d", event->exit_code);
}

/* Those that are a word, then nodes or a service, then at most a node. */
static const char *word_of(enum drill_verb verb)
{
    switch (verb) {
    case DRILL_POWER_ON: return "power on";
    case DRILL_POWER_OFF: return "power off";
    case DRILL_CUT: return "cut";
    case DRILL_MEND: return "mend";
    case DRILL_CRASH: return "crash agent";
    case DRILL_RESTART: return "restart agent";
    case DRILL_UPGRADE: return "upgrade agent";
    case DRILL_STALL: return "stall agent";
    case DRILL_WAKE: return "wake agent";
    case DRILL_REBOOT: return "reboot";
    case DRILL_SHUTDOWN: return "shutdown";
    case DRILL_STORE_FAIL: return "store fail";
    case DRILL_STORE_WORK: return "store work";
    case DRILL_KILL: return "kill";
    case DRILL_MOVED: return "moved";
    case DRILL_MIGRATE: return "migrate";
    case DRILL_RELOCATE: return "relocate";
    case DRILL_HOLD: return "hold";
    case DRILL_CLEAR: return "clear";
    case DRILL_MAINTENANCE_ON: return "maintenance on";
    case DRILL_MAINTENANCE_OFF: return "maintenance off";
    case DRILL_DISARM_FREEZE: return "disarm freeze";
    case DRILL_DISARM_IGNORE: return "disarm ignore";
    default: return "arm";
    }
}

static void write_plain(const struct plan_event *event, FILE *file)
{
    fprintf(file, "%s", word_of(event->verb));
    if (event->service != SERVICE_NONE)
        fprintf(file, " %s", plan_services[event->service]);
    if (event->service != SERVICE_NONE && event->nodes)
        fprintf(file, " to");
    if (event->nodes)
        fprintf(file, " ");
    write_nodes(file, event->nodes);
    if (event->lasts.ms)
        fprintf(file, " for %s", ms_text(event->lasts.ms));
}

static void write_change(const struct plan_event *event, const char *name, FILE *file)
{
    static const char *const states[] = {"started", "stopped", "disabled", "ignored"};

    if (event->service != SERVICE_NONE)
        fprintf(file, "state %s %s", plan_services[event->service], states[event->number]);
    else
        fprintf(file, "push \"%s%s.tenuto\"", name, event->number ? "-2" : "");
}

static void write_event(const struct plan *plan, const struct plan_event *event, const char *name,
                        FILE *file)
{
    switch (event->verb) {
    case DRILL_PARTITION: write_partition(plan, event, file); break;
    case DRILL_FAIL: write_fail(event, file); break;
    case DRILL_CHANGE_POLICY: write_change(event, name, file); break;
    case DRILL_USAGE:
        fprintf(file, "usage %s cpu %d memory %dK", plan_services[event->service],
                event->number / 1000, event->number * 64);
        break;
    case DRILL_SLOW:
        fprintf(file, "slow %s on ", plan_services[event->service]);
        write_nodes(file, event->nodes);
        fprintf(file, " by %s", ms_text(event->number));
        break;
    default: write_plain(event, file);
    }
}

static void write_drill(const struct plan *plan, const char *name, const char *about, FILE *file)
{
    struct duration now = {0};
    int generation = 0;

    fprintf(file, "# %s\n", about);
    fprintf(file, "drill \"%s\"\npolicy \"%s.tenuto\"\n\n", name, name);
    if (plan->is_unkind)
        fprintf(file, "at 0s unkind %llu\n", (unsigned long long)plan->seed);
    fprintf(file, "at 0s power on ");
    write_nodes(file, ((node_set)1 << plan->n_nodes) - 1);
    fprintf(file, "\n");
    for (int i = 0; i < PLAN_EVENTS_MAX; i++) {
        const struct plan_event *event = &plan->events[i];

        now.ms += event->is_taken ? event->gap.ms : 0;
        if (!plan_event_counts(plan, event, generation))
            continue;
        fprintf(file, "at %s ", ms_text(now.ms));
        write_event(plan, event, name, file);
        fprintf(file, "\n");
        if (event->verb == DRILL_CHANGE_POLICY && event->service == SERVICE_NONE)
            generation = event->number;
    }
    for (int i = 0; i < PLAN_HEALS; i++)
        fprintf(file, "at %s heal\n", ms_text(now.ms + i * PLAN_HEAL_EVERY_MS));
    fprintf(file, "at %s expect quorum yes\nwithin %s expect settled\n",
            ms_text(now.ms + PLAN_HEALS * PLAN_HEAL_EVERY_MS), ms_text(PLAN_SETTLE_MS));
}

/* ---- files ---------------------------------------------------------------------------------- */

static FILE *open_file(const char *folder, const char *name, const char *ending)
{
    char path[512];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s%s", folder, name, ending);
    file = fopen(path, "w");
    if (!file)
        printf("cannot write %s: %s\n", path, strerror(errno));
    return file;
}

static bool pushes_the_other(const struct plan *plan)
{
    for (int i = 0; i < PLAN_EVENTS_MAX; i++) {
        const struct plan_event *event = &plan->events[i];

        if (event->is_taken && event->verb == DRILL_CHANGE_POLICY &&
            event->service == SERVICE_NONE && event->number)
            return true;
    }
    return false;
}

bool plan_write(const struct plan *plan, const char *folder, const char *name, const char *about)
{
    FILE *drill = open_file(folder, name, ".drill");
    FILE *policy = drill ? open_file(folder, name, ".tenuto") : NULL;
    FILE *other = policy && pushes_the_other(plan) ? open_file(folder, name, "-2.tenuto") : NULL;

    if (policy) {
        write_policy(plan, 0, policy);
        write_drill(plan, name, about, drill);
        fclose(policy);
    }
    if (other) {
        write_policy(plan, 1, other);
        fclose(other);
    }
    if (drill)
        fclose(drill);
    return policy != NULL;
}
