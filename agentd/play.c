/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The player's end of the agent: hands the agreed state to the core's lrm_step,
 * its jobs to the hands, its report to the manager, and keeps the watchdog
 * armed exactly while there is something here to protect.
 */
#include <string.h>

#include "agentd/agent.h"
#include "agentd/control_server.h"
#include "agentd/leaving.h"
#include "ha/base/json.h"
#include "ha/base/log.h"
#include "ha/model/codec.h"

/* Services come and go; a watchdog that is closed and opened each time would only add risk. */
#define DISARM_AFTER_MS 10000
#define ARM_EVERY_MS 1000

static bool has_watchdog(const struct agent *agent)
{
    return agent->knowledge.policy && agent->knowledge.policy->timing.watchdog.ms > 0;
}

bool agent_may_act(const struct agent *agent, struct instant now)
{
    if (!agent->member || !agent->status.is_quorate || !agent->status.is_in_sync)
        return false;
    /* What is asked of this node by a policy that it cannot read is not what it would do. */
    if (agent->knowledge.beyond)
        return false;
    if (!instant_before(now, lease_until(member_lease(agent->member))))
        return false;
    if (!has_watchdog(agent))
        return agent->knowledge.policy != NULL;
    return feeding_state(agent->feeding) == FEEDING_ARMED && !agent->is_disarming &&
           lease_is_armed_acknowledged(member_lease(agent->member));
}

struct orphans {
    const struct policy *policy;
    json_t *names;
};

static void add_orphan(void *context, const char *name, uint64_t cause)
{
    struct orphans *orphans = context;

    (void)cause;
    if (!orphans->policy || policy_find_service(orphans->policy, name) == SERVICE_NONE)
        json_array_append_new(orphans->names, json_string(name));
}

static json_t *orphan_names(struct agent *agent)
{
    struct orphans orphans = {.policy = agent->knowledge.policy, .names = json_array()};

    if (agent->hands)
        hands_each(agent->hands, add_orphan, &orphans);
    return orphans.names;
}

/*
 * What the beats announce is never less than what is in force here: a longer watchdog is announced
 * before it is set, a shorter one is set before it is announced.
 */
static void follow_timing(struct agent *agent)
{
    struct timing timing = agent->knowledge.policy
                               ? agent->knowledge.policy->timing
                               : timing_of_network("lan", duration_ms(0), duration_ms(0));
    struct duration armed = feeding_watchdog(agent->feeding);
    struct lease_timing lease = {
        .watchdog = armed.ms > timing.watchdog.ms ? armed : timing.watchdog,
        .beat = timing.beat,
        .lease = timing.lease,
        .allowance = timing.allowance,
        .witness = timing.witness,
    };

    lease_set_timing(member_lease(agent->member), &lease);
}

static void arm(struct agent *agent, struct instant now)
{
    const struct timing *timing = &agent->knowledge.policy->timing;

    if (!instant_reached(now, agent->arm_again_at))
        return;
    agent->arm_again_at = instant_after(now, duration_ms(ARM_EVERY_MS));
    agent->armed_lease = timing->lease;
    feeding_arm(agent->feeding, agent->settings.watchdog, timing->watchdog, timing->lease);
}

/* Another policy, other times: set while armed, a longer watchdog once the others know of it. */
static void rearm(struct agent *agent, struct instant now)
{
    const struct timing *timing = &agent->knowledge.policy->timing;
    struct duration armed = feeding_watchdog(agent->feeding);
    bool is_longer = timing->watchdog.ms > armed.ms;
    bool is_other = timing->watchdog.ms != armed.ms ||
                    (agent->armed_lease.ms && timing->lease.ms != agent->armed_lease.ms);

    if (is_other && (!is_longer || lease_is_armed_acknowledged(member_lease(agent->member))))
        arm(agent, now);
}

/* A keeper may die with the request unread: it is asked again until it says that it has. */
static void ask_to_disarm(struct agent *agent, struct instant now)
{
    if (!instant_reached(now, agent->arm_again_at))
        return;
    agent->arm_again_at = instant_after(now, duration_ms(ARM_EVERY_MS));
    feeding_disarm(agent->feeding);
}

/*
 * The cluster is disarmed: what runs here is nobody's, and no watchdog guards it. A decision that
 * could still be forgotten, by nodes that lose power now, lets go of nothing: they would take this
 * node for guarded, and start what it runs once its watchdog should have reset it. That all have
 * let go was decided after that.
 */
static bool is_let_go(const struct agent *agent)
{
    enum arming_state state =
        agent->knowledge.policy ? agent->knowledge.agreed->arming.state : ARMED;

    return state == DISARMED || (state == RELEASING && agent_is_durable(agent));
}

static void disarm(struct agent *agent, struct instant now)
{
    /* Who is waited for does not wait for what may come. */
    bool is_hasty = agent->leaving != LEAVING_NOT || is_let_go(agent);
    struct instant due =
        instant_after(agent->idle_since, duration_ms(is_hasty ? 0 : DISARM_AFTER_MS));

    if (!instant_reached(now, due)) {
        agent->play_at = instant_earliest(agent->play_at, due);
        return;
    }
    agent->is_disarming = true;
    ask_to_disarm(agent, now);
}

static void arm_or_disarm(struct agent *agent, struct instant now, bool is_needed)
{
    enum feeding_state state = feeding_state(agent->feeding);
    bool has_lease = instant_before(now, lease_until(member_lease(agent->member)));

    if (state == FEEDING_DISARMED)
        agent->is_disarming = false;
    /*
     * What is said to the others errs on the side of armed: a keeper that has just been born may
     * say "disarmed" of a device that counts on, and who runs anything must be waited for.
     */
    lease_set_armed(member_lease(agent->member),
                    is_needed || agent->is_disarming || state != FEEDING_DISARMED);
    if (is_needed)
        agent->idle_since = INSTANT_NEVER;
    else if (agent->idle_since.ms == INT64_MAX)
        agent->idle_since = now;
    if (agent->is_disarming && state == FEEDING_ARMED)
        ask_to_disarm(agent, now);
    else if (is_needed && has_lease && has_watchdog(agent) && state == FEEDING_DISARMED)
        arm(agent, now);
    else if (is_needed && has_lease && has_watchdog(agent) && state == FEEDING_ARMED)
        rearm(agent, now);
    else if (!is_needed && state == FEEDING_ARMED && !agent->is_disarming)
        disarm(agent, now);
}

static void count_one(void *context, const char *name, uint64_t cause)
{
    (void)name;
    (void)cause;
    ++*(int *)context;
}

/*
 * Fenced by the others: this boot must end, whatever this node believes of itself. A node that was
 * not armed and runs nothing has nothing to end; its report says so, and it counts again.
 */
static bool is_condemned(const struct agent *agent)
{
    int n_running = 0;
    node_id self = agent->policy_of[agent->roster.self];
    const struct node *node;

    if (!agent->knowledge.policy || self == NODE_NONE)
        return false;
    hands_each(agent->hands, count_one, &n_running);
    if (n_running == 0 && feeding_state(agent->feeding) != FEEDING_ARMED)
        return false;
    node = &agent->knowledge.agreed->nodes[self];
    return node->state == NODE_FENCE && strcmp(node->boot_id, agent->boot_id) == 0;
}

static void report(struct agent *agent)
{
    const struct policy *policy = agent->knowledge.policy;
    json_t *rows;
    autojson *message = NULL;
    struct err err = {{0}};

    if (!agent->status.is_in_sync)
        return;
    rows = json_array();
    for (service_id id = 0; policy && id < policy->n_services; id++) {
        struct report_row row;

        if (lrm_report(agent->lrm, id, &row))
            json_array_append_new(rows, codec_report_row(&row, policy));
    }
    message = json_pack("{s:s,s:I,s:I,s:o,s:o,s:s}", "kind", "report", "policy",
                        (json_int_t)agent->knowledge.policy_version, "version",
                        (json_int_t)agent->knowledge.agreed->version, "rows", rows, "orphans",
                        orphan_names(agent), "leaving", leaving_name(agent->leaving));
    if (member_tell(agent->member, message, &err))
        agent->must_report = false;
    else
        log_debug("the report has to wait: %s", err.text);
}

static void run_jobs(struct agent *agent, struct instant now, bool may_act)
{
    struct lrm_outcome outcome = {.jobs = agent->jobs, .jobs_max = SERVICES_MAX};

    lrm_step(agent->lrm, agent->knowledge.policy, agent->knowledge.agreed, may_act, now, &outcome);
    for (int i = 0; i < outcome.n_jobs; i++)
        hands_run(agent->hands, &agent->knowledge.policy->services[agent->jobs[i].service],
                  &agent->jobs[i]);
    agent->play_at = outcome.wake_at;
    if (outcome.is_report_changed)
        agent->must_report = true;
}

/*
 * Must the watchdog guard what is here? What has a record may be running, whatever the player
 * believes of it, and is guarded; unless the state says that it runs without, and nobody will
 * start it elsewhere: the cluster is disarmed, or knows that we go and leave it running.
 */
static bool needs_arming(const struct agent *agent, int n_orphans)
{
    bool is_needed = lrm_needs_arming(agent->lrm, agent->knowledge.agreed);
    int n_running = 0;

    if (is_let_go(agent))
        return is_needed;
    if (leaving_is_ready(agent))
        return n_orphans > 0;
    hands_each(agent->hands, count_one, &n_running);
    return is_needed || n_orphans > 0 || n_running > 0;
}

void play(struct agent *agent, struct instant now)
{
    bool may_act = agent_may_act(agent, now);
    bool is_needed;
    int n_orphans = 0, n_running = 0;

    if (!agent->member || !agent->hands)
        return;
    if (is_condemned(agent)) {
        feeding_condemn(agent->feeding, "the cluster has declared this boot of the node fenced");
        return;
    }
    agent->play_at = INSTANT_NEVER;
    follow_timing(agent);
    if (agent->status.is_in_sync || agent->knowledge.policy)
        n_orphans =
            hands_stop_orphans(agent->hands, agent->knowledge.policy, may_act && !is_let_go(agent));
    if (agent->knowledge.policy && agent->policy_of[agent->roster.self] != NODE_NONE) {
        run_jobs(agent, now, may_act);
        is_needed = needs_arming(agent, n_orphans);
    } else {
        hands_each(agent->hands, count_one, &n_running);
        is_needed = n_orphans > 0 || n_running > 0;
    }
    agent->n_orphans = n_orphans;
    arm_or_disarm(agent, now, is_needed);
    if (agent->must_report)
        report(agent);
}

void play_job_ended(void *context, const char *name, const struct job_end *end)
{
    struct agent *agent = context;
    struct job_end ended = *end;

    agent->must_report = true;
    /* The stop of an orphan: the player knows nothing of it. */
    if (!agent->knowledge.policy || end->job.service == SERVICE_NONE)
        return;
    ended.job.service = policy_find_service(agent->knowledge.policy, name);
    if (ended.job.service != SERVICE_NONE)
        lrm_job_ended(agent->lrm, agent->knowledge.policy, &ended, agent_now());
}

static void adopt(void *context, const char *name, uint64_t cause)
{
    struct agent *agent = context;
    service_id id = policy_find_service(agent->knowledge.policy, name);

    if (id != SERVICE_NONE && agent->lrm->services[id].phase == LRM_IDLE &&
        !agent->lrm->services[id].has_job)
        lrm_adopt(agent->lrm, id, cause);
}

void play_adopt(struct agent *agent)
{
    if (agent->knowledge.policy && agent->hands)
        hands_each(agent->hands, adopt, agent);
}

/* A node that was away longer than its own watchdog waits must not go on as if nothing had been. */
void play_notice_absence(struct agent *agent, struct instant now)
{
    struct duration watchdog = feeding_watchdog(agent->feeding);
    int64_t gap = agent->last_turn.ms ? instant_since(now, agent->last_turn).ms : 0;

    agent->last_turn = now;
    if (!watchdog.ms || !agent->knowledge.policy || feeding_state(agent->feeding) != FEEDING_ARMED)
        return;
    if (gap > watchdog.ms + agent->knowledge.policy->timing.lease.ms)
        feeding_condemn(agent->feeding, "this node stood still for longer than its lease");
}
