/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The imaginary cluster; see world.h. At each event: machines come and go, the ring
 * follows, messages arrive, players play, the manager decides, promises are checked;
 * then the clock jumps to what comes first. What is done to the cluster is in
 * world_events.c.
 */
#include "ha/whatif/world.h"

#include <stdio.h>
#include <string.h>

#include "ha/base/text.h"
#include "ha/whatif/world_events.h"
#include "ha/whatif/world_promises.h"

/* More events than that at one moment, and the world turns without getting anywhere. */
#define EVENTS_AT_ONCE_MAX 1000

/* What agents say; between the two they refuse to work (not installed, no permission ...). */
#define EXIT_FAILED 1
#define EXIT_NOT_RUNNING 7

const struct world_habits world_exact = {
    .lag = {10},
    .job = {2000},
    .fail = {30000},
    .look = {100},
    .boot = {5000},
};

const struct world_habits world_unkind = {
    .is_random = true,
    .lag = {300},
    .job = {1900},
    .fail = {1900},
    .look = {1900},
    .boot = {10000},
    .loss = 20,
    .amnesia = 50,
};

size_t world_size(int n_nodes)
{
    return sizeof(struct world) + (size_t)n_nodes * sizeof(struct world_node);
}

/* ---- machines ------------------------------------------------------------------------------ */

/* Both ends are later than the last beat; a member's last beat is always just now. */
static struct instant lease_end(const struct world *world, const struct world_node *node)
{
    return instant_after(node->last_in_ring, world->policy->timing.lease);
}

static struct instant reset_at(const struct world *world, const struct world_node *node)
{
    if (!node->has_power || !node->is_armed || !world->policy->timing.watchdog.ms)
        return INSTANT_NEVER;
    return instant_after(lease_end(world, node), world->policy->timing.watchdog);
}

static void say(struct world *world, node_id id, const char *words)
{
    if (world->listener.machine)
        world->listener.machine(world->listener.context, id, words);
}

/* It has let go of everything, so it says goodbye. */
static void leave(struct world *world, node_id id)
{
    struct world_node *node = &world->nodes[id];
    bool is_back = node->leaving == LEAVING_REBOOT;

    if (node->leaving == LEAVING_RESTART) {
        say(world, id, "closes its watchdog; its agent restarts");
        node->is_armed = false;
        world_kill_agent(world, id, world_soon(world, world->habits.boot));
        return;
    }
    node->has_left = true;
    say(world, id, is_back ? "reboots" : "shuts down");
    world_power_off(world, id,
                    is_back ? instant_after(world->now, world->habits.boot) : INSTANT_NEVER);
}

/* As the agent does: declared off in this very boot, with something to end, it ends it. */
static bool is_condemned(const struct world *world, node_id id)
{
    const struct world_node *node = &world->nodes[id];
    char boot_id[BOOT_ID_MAX];
    bool has_something = node->is_armed;

    if (!node->has_agent || node->is_stalled || node->seen.nodes[id].state != NODE_FENCE)
        return false;
    for (service_id service = 0; service < world->policy->n_services; service++)
        has_something |= node->is_running[service];
    world_boot_id(world, id, boot_id, sizeof(boot_id));
    return has_something && strcmp(node->seen.nodes[id].boot_id, boot_id) == 0;
}

static void turn_machines(struct world *world)
{
    for (node_id id = 0; id < world->policy->n_nodes; id++) {
        struct world_node *node = &world->nodes[id];

        if (instant_reached(world->now, reset_at(world, node))) {
            say(world, id, "is reset by its watchdog");
            world_power_off(world, id, world_soon(world, world->habits.boot));
        }
        if (is_condemned(world, id)) {
            say(world, id, "resets itself: the others have declared it off");
            world_power_off(world, id, world_soon(world, world->habits.boot));
        }
        if (node->leaving != LEAVING_NOT && node->has_agent && !node->is_stalled &&
            lrm_may_leave(&node->lrm, world->policy, &node->seen))
            leave(world, id);
        if (!node->has_power && instant_reached(world->now, node->on_at)) {
            bool is_cut = node->is_cut;

            world_power_on(world, id);
            node->is_cut = is_cut;
        }
        if (node->has_power && !node->has_agent && instant_reached(world->now, node->agent_at))
            world_begin_agent(world, id);
    }
}

/* ---- messages ------------------------------------------------------------------------------ */

static bool hears_news(const struct world *world, node_id id)
{
    /* What it cannot write down it does not take in. */
    return node_in(world->ring, id) && !world->nodes[id].has_failing_store &&
           world->nodes[id].seen.version < world->agreed.version;
}

static void hear_state(struct world *world)
{
    NODE_SET_EACH(id, world->ring)
    {
        struct world_node *node = &world->nodes[id];

        if (!hears_news(world, id) || !instant_reached(world->now, node->state_at))
            continue;
        ha_state_copy(&node->seen, &world->agreed);
        node->is_player_due = true;
    }
}

static bool is_moving(const struct world_node *node, service_id service, uint64_t cause)
{
    const struct service *seen = &node->seen.services[service];

    return seen->cause == cause &&
           (seen->state == SERVICE_MIGRATE || seen->state == SERVICE_RELOCATE);
}

/* What does not run needs no stop to move, but giving it away may fail all the same. */
static void fail_handover(struct world *world, const struct world_node *node,
                          struct report_row *row)
{
    struct job job = {.service = row->service, .cause = row->cause};

    if (row->result == JOB_DONE && is_moving(node, row->service, row->cause) &&
        world_try_fails(world, FAULT_MOVE, node->lrm.self, &job)) {
        row->result = JOB_FAILED;
        text_copy(row->words, sizeof(row->words), "it cannot be handed over");
    }
}

static void send_report(struct world *world, struct world_node *node)
{
    struct world_report *report = &node->sent;

    for (service_id service = 0; service < world->policy->n_services; service++) {
        report->has_row[service] = lrm_report(&node->lrm, service, &report->rows[service]);
        if (report->has_row[service])
            fail_handover(world, node, &report->rows[service]);
    }
    report->is_there = true;
    report->arrives_at = world_soon(world, world->habits.lag);
    node->is_report_due = false;
}

/* Levels: one that is lost is sent again, and only late. */
static void move_reports(struct world *world)
{
    NODE_SET_EACH(id, world->ring)
    {
        struct world_node *node = &world->nodes[id];

        if (node->sent.is_there && instant_reached(world->now, node->sent.arrives_at)) {
            node->told.is_there = node->has_told = true;
            memcpy(node->told.has_row, node->sent.has_row,
                   (size_t)world->policy->n_services * sizeof(node->sent.has_row[0]));
            memcpy(node->told.rows, node->sent.rows,
                   (size_t)world->policy->n_services * sizeof(node->sent.rows[0]));
            node->sent.is_there = false;
            world->is_manager_due = true;
        }
        if (!node->is_report_due || node->sent.is_there || node->has_failing_store ||
            !instant_reached(world->now, node->report_at))
            continue;
        if (random_chance(&world->random, world->habits.loss))
            node->report_at = instant_after(world->now, world->habits.lag);
        else
            send_report(world, node);
    }
}

/* ---- players ------------------------------------------------------------------------------- */

static int exit_of_failure(const struct world *world, enum world_fault fault, service_id service)
{
    int exit_code = world->failing[fault][service].exit_code;

    return exit_code ? exit_code : EXIT_FAILED;
}

/* An agent that refuses to work has begun nothing; any other start that fails may have. */
static int exit_of_start(struct world *world, node_id id, const struct job *job)
{
    struct world_node *node = &world->nodes[id];
    bool has_failed = world_try_fails(world, FAULT_START, id, job);
    int exit_code = has_failed ? exit_of_failure(world, FAULT_START, job->service) : 0;

    node->is_half_started[job->service] = exit_code == EXIT_FAILED;
    if (exit_code > EXIT_FAILED)
        node->is_running[job->service] = false;
    return exit_code;
}

static int exit_of(struct world *world, node_id id, const struct job *job)
{
    struct world_node *node = &world->nodes[id];
    bool *is_running = &node->is_running[job->service];

    switch (job->kind) {
    case JOB_START: return exit_of_start(world, id, job);
    case JOB_STOP:
        if (is_moving(node, job->service, job->cause) &&
            world_try_fails(world, FAULT_MOVE, id, job))
            return exit_of_failure(world, FAULT_MOVE, job->service);
        if (world_try_fails(world, FAULT_STOP, id, job))
            return exit_of_failure(world, FAULT_STOP, job->service);
        *is_running = false;
        return 0;
    case JOB_MONITOR:
        if (*is_running && world_try_fails(world, FAULT_MONITOR, id, job))
            return exit_of_failure(world, FAULT_MONITOR, job->service);
        return *is_running ? 0 : EXIT_NOT_RUNNING;
    }
    return EXIT_FAILED;
}

static void end_jobs(struct world *world, node_id id)
{
    struct world_node *node = &world->nodes[id];

    for (service_id service = 0; service < world->policy->n_services; service++) {
        struct world_job *at = &node->jobs[service];
        struct job_end end = {.job = at->job};

        if (!at->is_active || !instant_reached(world->now, at->ends_at))
            continue;
        at->is_active = false;
        node->is_player_due = true;
        end.exit_code = at->is_killed ? -1 : exit_of(world, id, &at->job);
        if (end.exit_code >= EXIT_FAILED && end.exit_code < EXIT_NOT_RUNNING)
            text_copy(end.words, sizeof(end.words), "the world is unkind");
        lrm_job_ended(&node->lrm, world->policy, &end, world->now);
        if (world->listener.job)
            world->listener.job(world->listener.context, id, &end.job, end.exit_code);
    }
}

/* What fails to start tries for a while; that is what makes a failure slow. Who refuses says no. */
static struct duration span_of(const struct world *world, const struct world_node *node,
                               const struct job *job)
{
    if (job->kind == JOB_MONITOR)
        return world->habits.look;
    if (job->kind == JOB_START && world_will_fail(world, FAULT_START, node->lrm.self, job->service))
        return world->failing[FAULT_START][job->service].exit_code > EXIT_FAILED
                   ? world->habits.look
                   : world->habits.fail;
    return world->habits.job;
}

static void begin_job(struct world *world, struct world_node *node, const struct job *job)
{
    const struct world_slow *slow = &world->slow[job->service];
    struct world_job *at = &node->jobs[job->service];
    struct instant killed_at = instant_after(world->now, job->timeout);

    world_check_begin(world, node->lrm.self, job);
    *at = (struct world_job){
        .is_active = true,
        .job = *job,
        .ends_at = world_soon(world, span_of(world, node, job)),
    };
    if (job->kind != JOB_MONITOR && node_in(slow->on, node->lrm.self)) {
        at->ends_at = instant_after(at->ends_at, slow->by);
        at->is_killed = job->timeout.ms && instant_before(killed_at, at->ends_at);
    }
    if (at->is_killed)
        at->ends_at = killed_at;
    if (job->kind != JOB_START)
        return;
    /* A start that has begun may be running, also when it fails in the end. */
    node->is_running[job->service] = node->is_half_started[job->service] = true;
}

/* Only in the ring does anybody hear whether it is armed. */
static void beat(struct world *world, struct world_node *node)
{
    if (!node_in(world->ring, node->lrm.self))
        return;
    world->is_manager_due |= node->said_armed != node->is_armed;
    node->said_armed = node->is_armed;
}

static void play(struct world *world, struct world_node *node)
{
    bool has_lease = instant_before(world->now, lease_end(world, node));
    struct lrm_outcome outcome = {.jobs = world->begun, .jobs_max = WORLD_SERVICES_MAX};

    node->is_player_due = false;
    if (lrm_needs_arming(&node->lrm, &node->seen) && has_lease)
        node->is_armed = true;
    beat(world, node);
    lrm_step(&node->lrm, world->policy, &node->seen, has_lease && node->said_armed, world->now,
             &outcome);
    for (int i = 0; i < outcome.n_jobs; i++)
        begin_job(world, node, &world->begun[i]);
    world_check_workers(world, node, &outcome);
    node->wake_at = outcome.wake_at;
    if (outcome.is_report_changed && !node->is_report_due) {
        node->is_report_due = true;
        node->report_at = world->now;
    }
    if (!lrm_needs_arming(&node->lrm, &node->seen))
        node->is_armed = false;
    beat(world, node);
}

static void play_all(struct world *world)
{
    for (node_id id = 0; id < world->policy->n_nodes; id++) {
        struct world_node *node = &world->nodes[id];

        if (!node->has_agent || node->is_stalled)
            continue;
        end_jobs(world, id);
        if (node->is_player_due || instant_reached(world->now, node->wake_at))
            play(world, node);
    }
}

/* Who wakes goes on with what it knew: that it is no member any more it finds out later. */
static void play_woken(struct world *world)
{
    for (node_id id = 0; id < world->policy->n_nodes; id++) {
        struct world_node *node = &world->nodes[id];

        if (!node->has_woken || !node->has_agent)
            continue;
        node->has_woken = false;
        end_jobs(world, id);
        play(world, node);
        node->is_player_due = true;
    }
}

/* ---- the manager --------------------------------------------------------------------------- */

static void tell_changes(struct world *world)
{
    for (int i = 0; i < world->outcome.n_answers && world->listener.answer; i++)
        world->listener.answer(world->listener.context, &world->outcome.answers[i]);
    for (int i = 0; i < world->outcome.n_changes; i++) {
        const struct change *change = &world->changes[i];

        world_check_change(world, change);
        if (world->listener.change)
            world->listener.change(world->listener.context, change);
    }
}

/* Deciding again on what was decided must decide nothing. */
static void check_calm(struct world *world)
{
    struct instant wake_at = world->outcome.wake_at;

    world->view.n_commands = 0;
    crm_step(&world->proposed, world->policy, &world->view, &world->outcome);
    if (world->outcome.n_changes)
        world_break(world, "a second step changed something", world->changes[0].service,
                    world->changes[0].node);
    world->outcome.wake_at = instant_earliest(wake_at, world->outcome.wake_at);
}

/* Reasons for waiting are written down without a change of state. */
static bool is_news(const struct world *world)
{
    const struct ha_state *a = &world->agreed, *b = &world->proposed;

    return a->manager != b->manager || memcmp(&a->arming, &b->arming, sizeof(a->arming)) != 0 ||
           a->imbalanced_since.ms != b->imbalanced_since.ms ||
           memcmp(a->nodes, b->nodes, (size_t)a->n_nodes * sizeof(a->nodes[0])) != 0 ||
           memcmp(a->services, b->services, (size_t)a->n_services * sizeof(a->services[0])) != 0;
}

static void manage(struct world *world)
{
    if (!world->ring || world->has_proposal)
        return;
    if (!world->is_manager_due && !instant_reached(world->now, world->manager_at))
        return;
    world->is_manager_due = false;
    world_see(world);
    ha_state_copy(&world->proposed, &world->agreed);
    world->proposed.version = world->agreed.version + 1;
    world->outcome.changes = world->changes;
    world->outcome.changes_max = (int)(sizeof(world->changes) / sizeof(world->changes[0]));
    crm_step(&world->proposed, world->policy, &world->view, &world->outcome);
    if (world->listener.step)
        world->listener.step(world->listener.context, world);
    if (world->outcome.n_changes)
        world->changed_at = world->now;
    world_check_step(world);
    world->n_changes += world->outcome.n_changes;
    world->n_fences += node_set_count(world->outcome.fences);
    tell_changes(world);
    world_check_proposal(world);
    check_calm(world);
    world->manager_at = world->outcome.wake_at;
    if (instant_reached(world->now, world->manager_at))
        world->manager_at = instant_after(world->now, duration_ms(1));
    if (!is_news(world)) {
        world_drop_commands(world, world->n_commands);
        return;
    }
    world->has_proposal = true;
    world->n_decided = world->n_commands;
    world->proposal_ring = world->n_rings;
    world->agreed_at = world_soon(world, world->habits.lag);
}

/* ---- time ---------------------------------------------------------------------------------- */

/* The next thing that happens on one node by itself. */
static struct instant next_of(const struct world *world, node_id id)
{
    const struct world_node *node = &world->nodes[id];
    bool is_member = node_in(world->ring, id);
    struct instant next = is_member ? INSTANT_NEVER : reset_at(world, node);

    if (!node->has_power)
        return node->on_at;
    if (!node->has_agent)
        return instant_earliest(next, node->agent_at);
    if (node->is_stalled)
        return next;
    if (node->has_woken)
        return world->now;
    if (node->is_player_due)
        return world->now;
    if (hears_news(world, id))
        next = instant_earliest(next, node->state_at);
    if (is_member && node->sent.is_there)
        next = instant_earliest(next, node->sent.arrives_at);
    else if (is_member && node->is_report_due && !node->has_failing_store)
        next = instant_earliest(next, node->report_at);
    for (service_id service = 0; service < world->policy->n_services; service++) {
        if (node->jobs[service].is_active)
            next = instant_earliest(next, node->jobs[service].ends_at);
    }
    return instant_earliest(next, node->wake_at);
}

static struct instant next_event(const struct world *world)
{
    struct instant next = INSTANT_NEVER;

    for (node_id id = 0; id < world->policy->n_nodes; id++)
        next = instant_earliest(next, next_of(world, id));
    if (world->ring && world->has_proposal && world_is_stored(world))
        next = instant_earliest(next, world->agreed_at);
    else if (world->ring && !world->has_proposal)
        next = instant_earliest(next, world->is_manager_due ? world->now : world->manager_at);
    return instant_latest(next, world->now);
}

static void turn(struct world *world)
{
    turn_machines(world);
    play_woken(world);
    world_form_ring(world);
    world_agree(world);
    hear_state(world);
    move_reports(world);
    play_all(world);
    manage(world);
    world_check_truth(world);
}

/* Members' beats were acknowledged all the while. */
static void pass_time(struct world *world, struct instant to)
{
    world->now = to;
    NODE_SET_EACH(id, world->ring)
    {
        world->nodes[id].last_in_ring = to;
    }
}

bool world_advance(struct world *world, struct instant end)
{
    struct instant next;

    turn(world);
    next = next_event(world);
    if (world->broken[0] || instant_before(end, next)) {
        pass_time(world, instant_latest(world->now, world->broken[0] ? world->now : end));
        return false;
    }
    world->n_at_once = instant_before(world->now, next) ? 0 : world->n_at_once + 1;
    if (world->n_at_once > EVENTS_AT_ONCE_MAX)
        world_break(world, "nothing gets anywhere", SERVICE_NONE, NODE_NONE);
    pass_time(world, next);
    return true;
}

bool world_run(struct world *world, struct duration span)
{
    struct instant end = instant_after(world->now, span);

    while (world_advance(world, end))
        continue;
    return !world->broken[0];
}
