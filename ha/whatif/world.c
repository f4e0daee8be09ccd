/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The imaginary cluster; see world.h. One tick: machines come and go, the ring
 * follows, messages arrive, players play, the manager decides, promises are
 * checked. Disturbances are in world_events.c.
 */
#include "ha/whatif/world.h"

#include <stdio.h>
#include <string.h>

#include "ha/base/text.h"

/* Messages take up to three ticks; jobs up to two seconds. */
#define LAG_TICKS 4
#define JOB_TICKS 20

static struct instant soon(struct world *world, int ticks)
{
    return instant_after(world->now,
                         duration_ms((int64_t)random_below(&world->random, ticks) * WORLD_TICK_MS));
}

static void boot_id_of(const struct world_node *node, node_id id, char *text, size_t size)
{
    snprintf(text, size, "boot-%d-%d", id, node->boot);
}

static void break_promise(struct world *world, const char *words, service_id service, node_id node)
{
    if (!world->broken[0])
        snprintf(world->broken, sizeof(world->broken), "at %lld ms: %s (service %d, node %d)",
                 (long long)world->now.ms, words, service, node);
}

node_set world_running(const struct world *world, service_id service)
{
    node_set nodes = 0;

    for (node_id node = 0; node < world->policy->n_nodes; node++) {
        if (world->nodes[node].is_running[service])
            nodes |= node_bit(node);
    }
    return nodes;
}

/* ---- machines ------------------------------------------------------------------------------ */

static void begin_agent(struct world *world, node_id id)
{
    struct world_node *node = &world->nodes[id];
    char boot_id[BOOT_ID_MAX];

    node->has_agent = true;
    lrm_init(&node->lrm, id, world->policy->n_services);
    boot_id_of(node, id, boot_id, sizeof(boot_id));
    lrm_set_boot(&node->lrm, boot_id);
    for (service_id service = 0; service < world->policy->n_services; service++) {
        if (node->is_running[service])
            lrm_adopt(&node->lrm, service, 0);
    }
}

/* An agent that dies takes its jobs with it; what it started goes on running. */
static void end_agent(struct world_node *node)
{
    node->has_agent = false;
    node->sent.is_there = node->told.is_there = false;
    memset(node->jobs, 0, sizeof(node->jobs));
}

void world_power_off(struct world *world, node_id id, struct instant back_at)
{
    struct world_node *node = &world->nodes[id];

    end_agent(node);
    node->has_power = false;
    node->is_armed = false;
    node->on_at = back_at;
    memset(node->is_running, 0, sizeof(node->is_running));
}

void world_power_on(struct world *world, node_id id)
{
    struct world_node *node = &world->nodes[id];

    if (node->has_power)
        return;
    node->has_power = true;
    node->boot++;
    ha_state_init(&node->seen, world->policy->n_nodes, world->policy->n_services);
    begin_agent(world, id);
}

void world_kill_agent(struct world *world, node_id id, struct instant back_at)
{
    struct world_node *node = &world->nodes[id];

    if (!node->has_agent)
        return;
    end_agent(node);
    node->agent_at = back_at;
}

static void turn_machines(struct world *world)
{
    const struct timing *timing = &world->policy->timing;

    for (node_id id = 0; id < world->policy->n_nodes; id++) {
        struct world_node *node = &world->nodes[id];
        struct instant reset_at =
            instant_after(node->last_in_ring, duration_ms(timing->lease.ms + timing->watchdog.ms));

        if (node->has_power && node->is_armed && instant_reached(world->now, reset_at))
            world_power_off(world, id, soon(world, 100));
        if (!node->has_power && instant_reached(world->now, node->on_at))
            world_power_on(world, id);
        if (node->has_power && !node->has_agent && instant_reached(world->now, node->agent_at))
            begin_agent(world, id);
    }
}

/* ---- the ring ------------------------------------------------------------------------------ */

static void form_ring(struct world *world)
{
    node_set ring = 0;

    for (node_id id = 0; id < world->policy->n_nodes; id++) {
        const struct world_node *node = &world->nodes[id];

        if (node->has_agent && !node->is_cut)
            ring |= node_bit(id);
    }
    if (2 * node_set_count(ring) <= world->policy->n_nodes)
        ring = 0;
    if (ring == world->ring)
        return;
    /* What was not agreed never happened, and everybody has to say again what they run. */
    world->ring = ring;
    world->has_proposal = false;
    for (node_id id = 0; id < world->policy->n_nodes; id++) {
        struct world_node *node = &world->nodes[id];

        node->sent.is_there = node->told.is_there = false;
        node->is_history_known = random_chance(&world->random, 50);
    }
}

static void beat(struct world *world)
{
    NODE_SET_EACH(id, world->ring)
    {
        world->nodes[id].last_in_ring = world->now;
    }
}

/* ---- messages ------------------------------------------------------------------------------ */

static void agree(struct world *world)
{
    if (!world->has_proposal || !instant_reached(world->now, world->agreed_at))
        return;
    ha_state_copy(&world->agreed, &world->proposed);
    world->has_proposal = false;
    NODE_SET_EACH(id, world->ring)
    {
        world->nodes[id].state_at = soon(world, LAG_TICKS);
    }
}

static void hear_state(struct world *world)
{
    NODE_SET_EACH(id, world->ring)
    {
        struct world_node *node = &world->nodes[id];

        if (node->seen.version < world->agreed.version &&
            instant_reached(world->now, node->state_at))
            ha_state_copy(&node->seen, &world->agreed);
    }
}

static void send_report(struct world *world, struct world_node *node)
{
    struct world_report *report = &node->sent;

    for (service_id service = 0; service < world->policy->n_services; service++)
        report->has_row[service] = lrm_report(&node->lrm, service, &report->rows[service]);
    report->is_there = true;
    report->arrives_at = soon(world, LAG_TICKS);
}

static void move_reports(struct world *world)
{
    NODE_SET_EACH(id, world->ring)
    {
        struct world_node *node = &world->nodes[id];

        if (node->sent.is_there && instant_reached(world->now, node->sent.arrives_at)) {
            node->told = node->sent;
            node->sent.is_there = false;
        }
        /* Levels, sent all the time: one that is lost is only late. */
        if (!node->sent.is_there && !random_chance(&world->random, 20))
            send_report(world, node);
    }
}

/* ---- players ------------------------------------------------------------------------------- */

static int exit_of(struct world_node *node, const struct job *job)
{
    bool *is_running = &node->is_running[job->service];

    switch (job->kind) {
    case JOB_START: return node->fails_start[job->service] ? 1 : 0;
    case JOB_STOP:
        if (node->fails_stop[job->service])
            return 1;
        *is_running = false;
        return 0;
    case JOB_MONITOR: return *is_running ? 0 : 7;
    }
    return 1;
}

static void end_jobs(struct world *world, struct world_node *node)
{
    for (service_id service = 0; service < world->policy->n_services; service++) {
        struct world_job *at = &node->jobs[service];
        struct job_end end = {.job = at->job};

        if (!at->is_active || !instant_reached(world->now, at->ends_at))
            continue;
        at->is_active = false;
        end.exit_code = exit_of(node, &at->job);
        if (end.exit_code == 1)
            text_copy(end.words, sizeof(end.words), "the world is unkind");
        lrm_job_ended(&node->lrm, world->policy, &end, world->now);
    }
}

static void play(struct world *world, struct world_node *node)
{
    bool has_lease =
        instant_before(world->now, instant_after(node->last_in_ring, world->policy->timing.lease));
    struct lrm_outcome outcome = {.jobs = world->begun, .jobs_max = WORLD_SERVICES_MAX};

    if (lrm_needs_arming(&node->lrm, &node->seen) && has_lease)
        node->is_armed = true;
    lrm_step(&node->lrm, world->policy, &node->seen, has_lease && node->is_armed, world->now,
             &outcome);
    for (int i = 0; i < outcome.n_jobs; i++) {
        const struct job *job = &world->begun[i];

        node->jobs[job->service] = (struct world_job){
            .is_active = true,
            .job = *job,
            .ends_at = soon(world, JOB_TICKS),
        };
        /* A start that has begun may be running, also when it fails in the end. */
        if (job->kind == JOB_START)
            node->is_running[job->service] = true;
    }
    if (!lrm_needs_arming(&node->lrm, &node->seen))
        node->is_armed = false;
}

static void play_all(struct world *world)
{
    for (node_id id = 0; id < world->policy->n_nodes; id++) {
        struct world_node *node = &world->nodes[id];

        if (!node->has_agent)
            continue;
        end_jobs(world, node);
        play(world, node);
    }
}

/* ---- the manager --------------------------------------------------------------------------- */

static void see_node(struct world *world, node_id id)
{
    struct world_node *node = &world->nodes[id];
    struct node_view *view = &world->view.nodes[id];

    view->is_member = node_in(world->ring, id);
    view->has_report = view->is_member && node->told.is_there;
    view->last_beat = node->last_in_ring;
    view->dead_at = instant_after(node->last_in_ring, timing_recovery_wait(&world->policy->timing));
    view->is_proven_off = !view->is_member && instant_reached(world->now, view->dead_at);
    view->is_history_known = node->is_history_known;
    if (node->boot)
        boot_id_of(node, id, view->boot_id, sizeof(view->boot_id));
    for (service_id service = 0; service < world->policy->n_services; service++) {
        if (view->is_proven_off && node->is_running[service])
            break_promise(world, "runs on a node that is proven off", service, id);
    }
}

static void see_rows(struct world *world, node_id id)
{
    const struct world_report *told = &world->nodes[id].told;

    if (!told->is_there)
        return;
    for (service_id service = 0; service < world->policy->n_services; service++) {
        const struct report_row *row = &told->rows[service];
        struct service_view *view = &world->view.services[service];

        if (!told->has_row[service])
            continue;
        if (row->is_running)
            view->running_on |= node_bit(id);
        if (world->agreed.services[service].node == id &&
            world->agreed.services[service].cause == row->cause) {
            view->result = row->result;
            view->exit_code = row->exit_code;
            text_copy(view->words, sizeof(view->words), row->words);
        }
    }
}

static void see(struct world *world)
{
    cluster_view_init(&world->view, world->policy->n_nodes, world->policy->n_services);
    world->view.now = world->view.stamp = world->now;
    world->view.is_quorate = true;
    world->view.self = node_set_first(world->ring);
    for (node_id id = 0; id < world->policy->n_nodes; id++) {
        see_node(world, id);
        see_rows(world, id);
    }
    memcpy(world->view.commands, world->commands,
           (size_t)world->n_commands * sizeof(world->commands[0]));
    world->view.n_commands = world->n_commands;
}

static void check_changes(struct world *world)
{
    for (int i = 0; i < world->outcome.n_changes; i++) {
        const struct change *change = &world->changes[i];

        if (change->why.code == REASON_NONE)
            break_promise(world, "a change without a reason", change->service, change->node);
    }
}

/* Deciding again on what was decided must decide nothing. */
static void check_calm(struct world *world)
{
    int n_changes = world->outcome.n_changes;
    struct instant wake_at = world->outcome.wake_at;
    node_set fences = world->outcome.fences;

    world->view.n_commands = 0;
    crm_step(&world->proposed, world->policy, &world->view, &world->outcome);
    if (world->outcome.n_changes)
        break_promise(world, "a second step changed something", world->changes[0].service,
                      world->changes[0].node);
    world->outcome.n_changes = n_changes;
    world->outcome.wake_at = wake_at;
    world->outcome.fences = fences;
}

/* Reasons for waiting are written down without a change of state. */
static bool is_news(const struct world *world)
{
    const struct ha_state *a = &world->agreed, *b = &world->proposed;

    return a->manager != b->manager ||
           memcmp(a->nodes, b->nodes, (size_t)a->n_nodes * sizeof(a->nodes[0])) != 0 ||
           memcmp(a->services, b->services, (size_t)a->n_services * sizeof(a->services[0])) != 0;
}

static void manage(struct world *world)
{
    if (!world->ring || world->has_proposal)
        return;
    see(world);
    ha_state_copy(&world->proposed, &world->agreed);
    world->proposed.version = world->agreed.version + 1;
    world->outcome.changes = world->changes;
    world->outcome.changes_max = (int)(sizeof(world->changes) / sizeof(world->changes[0]));
    crm_step(&world->proposed, world->policy, &world->view, &world->outcome);
    world->n_commands = 0;
    world->n_changes += world->outcome.n_changes;
    world->n_fences += node_set_count(world->outcome.fences);
    check_changes(world);
    check_calm(world);
    if (!is_news(world))
        return;
    world->has_proposal = true;
    world->agreed_at = soon(world, LAG_TICKS);
}

/* ---- time ---------------------------------------------------------------------------------- */

static void check_truth(struct world *world)
{
    for (service_id service = 0; service < world->policy->n_services; service++) {
        node_set nodes = world_running(world, service);

        if (node_set_count(nodes) > 1)
            break_promise(world, "runs on two nodes", service, node_set_first(nodes));
    }
}

bool world_tick(struct world *world)
{
    world->now.ms += WORLD_TICK_MS;
    turn_machines(world);
    form_ring(world);
    beat(world);
    agree(world);
    hear_state(world);
    move_reports(world);
    play_all(world);
    manage(world);
    check_truth(world);
    return !world->broken[0];
}

bool world_run(struct world *world, struct duration span)
{
    struct instant end = instant_after(world->now, span);

    while (instant_before(world->now, end)) {
        if (!world_tick(world))
            return false;
    }
    return true;
}

void world_init(struct world *world, const struct policy *policy, uint64_t seed)
{
    world->random.state = seed;
    world->policy = policy;
    /* Not at zero: the first leases would look as if they ran before the world began. */
    world->now.ms = 1000000;
    ha_state_init(&world->agreed, policy->n_nodes, policy->n_services);
    for (node_id id = 0; id < policy->n_nodes; id++) {
        world->nodes[id].on_at = INSTANT_NEVER;
        world->nodes[id].agent_at = INSTANT_NEVER;
    }
}

void world_set_policy(struct world *world, const struct policy *policy)
{
    world->policy = policy;
    world->has_proposal = false;
}
