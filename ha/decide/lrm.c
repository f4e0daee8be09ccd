/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The player. Each step looks at what the agreed state wants of this node for a
 * service, and at how far it has got; a job that ends only moves the phase on.
 * A stop that failed leaves it stuck: then it counts as running until a monitor
 * or another stop says otherwise.
 */
#include "ha/decide/lrm.h"

#include <assert.h>
#include <string.h>

#include "ha/base/text.h"
#include "ha/decide/pace.h"
#include "ha/decide/stop_order.h"

/* OCF exit codes. */
#define EXIT_FINE 0
#define EXIT_BAD_ARGUMENTS 2
#define EXIT_NOT_CONFIGURED 6
#define EXIT_NOT_RUNNING 7

/* A stop is tried once more before it counts as failed. */
#define STOPS_MAX 2

enum wish {
    WISH_NOTHING, /* leave it as it is */
    WISH_RUN,
    WISH_STOP, /* and say when it is done */
    WISH_AWAY, /* it is another node's: stop it, nobody waits for an answer */
};

/* One service in one step. */
struct player {
    struct lrm *lrm;
    struct lrm_service *service;
    const struct service_policy *policy;
    service_id id;
    bool may_act;
    bool may_start;
    bool is_let_go; /* the cluster is disarmed: nothing is ours */
    bool stops_all; /* this node goes */
    struct instant now;
    struct turns *turns;
    struct lrm_outcome *outcome;
};

void lrm_init(struct lrm *lrm, node_id self, int n_services)
{
    lrm->self = self;
    lrm->n_services = n_services;
    lrm->leaving = LEAVING_NOT;
    lrm->is_back_known = lrm->moves_no_more = false;
    lrm->boot_id[0] = '\0';
    lrm->is_report_due = true;
    memset(lrm->services, 0, (size_t)n_services * sizeof(lrm->services[0]));
}

void lrm_set_boot(struct lrm *lrm, const char *boot_id)
{
    text_copy(lrm->boot_id, sizeof(lrm->boot_id), boot_id);
}

void lrm_adopt(struct lrm *lrm, service_id service, uint64_t cause)
{
    /* Due at once: whether it really runs is the first thing to find out. */
    lrm->services[service] = (struct lrm_service){.phase = LRM_RUNNING, .cause = cause};
    lrm->is_report_due = true;
}

void lrm_remap(struct lrm *lrm, const service_id *map, int n_services)
{
    int n_before = lrm->n_services;
    service_id fresh = 0;

    /* Both tables are sorted by name, so ids keep their order: shifting in the right
     * direction never writes over what is still to be read. */
    for (service_id old = 0; old < n_before; old++) {
        if (map[old] != SERVICE_NONE && map[old] < old)
            lrm->services[map[old]] = lrm->services[old];
    }
    for (service_id old = n_before - 1; old >= 0; old--) {
        if (map[old] != SERVICE_NONE && map[old] > old)
            lrm->services[map[old]] = lrm->services[old];
    }
    /* What no old id was moved to is new and starts from nothing. */
    for (service_id old = 0; old < n_before; old++) {
        if (map[old] == SERVICE_NONE)
            continue;
        while (fresh < map[old])
            lrm->services[fresh++] = (struct lrm_service){.phase = LRM_IDLE};
        fresh = map[old] + 1;
    }
    while (fresh < n_services)
        lrm->services[fresh++] = (struct lrm_service){.phase = LRM_IDLE};
    lrm->n_services = n_services;
}

bool lrm_leave(struct lrm *lrm, enum leaving leaving)
{
    bool goes_down = lrm->leaving == LEAVING_REBOOT || lrm->leaving == LEAVING_POWEROFF;

    if (goes_down && leaving == LEAVING_RESTART)
        return false;
    lrm->leaving = leaving;
    return true;
}

void lrm_stop_the_rest(struct lrm *lrm)
{
    lrm->moves_no_more = true;
}

/* It goes and takes its services down: none of them may be running when it has gone. */
static bool is_to_stop_all(const struct lrm *lrm, const struct policy *policy)
{
    return (lrm->leaving == LEAVING_REBOOT || lrm->leaving == LEAVING_POWEROFF) &&
           (lrm->moves_no_more || policy_when_leaving(policy, lrm->leaving) != SHUTDOWN_MIGRATE);
}

/* The agreed state still has something for this node to do or to be taken from it. */
static bool is_needed_for(const struct lrm *lrm, const struct policy *policy,
                          const struct service *service)
{
    bool is_failover =
        is_to_stop_all(lrm, policy) && policy_when_leaving(policy, lrm->leaving) != SHUTDOWN_FREEZE;

    if (service->target == lrm->self)
        return true;
    if (service->node != lrm->self)
        return false;
    return service->state == SERVICE_MIGRATE || service->state == SERVICE_RELOCATE ||
           service->state == SERVICE_REQUEST_STOP ||
           (service->state == SERVICE_STARTED && !is_failover);
}

/*
 * The state knows that it runs on without us, so nobody will start it elsewhere. That it knew so of
 * the agent before us counts for nothing: that one's return may be noticed at this very moment.
 */
static bool may_run_on(const struct lrm *lrm, const struct ha_state *agreed,
                       const struct service *service)
{
    return lrm->leaving == LEAVING_RESTART && lrm->is_back_known &&
           service->state == SERVICE_FREEZE && service->node == lrm->self &&
           agreed->nodes[lrm->self].leaving == LEAVING_RESTART;
}

bool lrm_may_leave(const struct lrm *lrm, const struct policy *policy,
                   const struct ha_state *agreed)
{
    for (service_id id = 0; id < lrm->n_services; id++) {
        const struct lrm_service *service = &lrm->services[id];

        if (service->has_job || is_needed_for(lrm, policy, &agreed->services[id]) ||
            (service->phase != LRM_IDLE && !may_run_on(lrm, agreed, &agreed->services[id])))
            return false;
    }
    return true;
}

static enum wish wish_of(const struct player *p, const struct service *service)
{
    const struct lrm *lrm = p->lrm;
    bool is_ours = service->node == lrm->self;

    if (service->state == SERVICE_ABSENT || service->node == NODE_NONE || p->is_let_go)
        return WISH_NOTHING;
    if (p->stops_all && (!is_ours || service->state == SERVICE_STARTED ||
                         service->state == SERVICE_FREEZE || service->state == SERVICE_ERROR))
        return WISH_AWAY;
    if (!is_ours)
        return service->target == lrm->self ? WISH_NOTHING : WISH_AWAY;
    switch (service->state) {
    case SERVICE_STARTED: return WISH_RUN;
    case SERVICE_REQUEST_STOP:
    case SERVICE_STOPPED:
    case SERVICE_MIGRATE:
    case SERVICE_RELOCATE: return WISH_STOP;
    case SERVICE_REQUEST_START:
    case SERVICE_FREEZE:
    case SERVICE_FENCE:
    case SERVICE_RECOVERY:
    case SERVICE_ERROR:
    case SERVICE_ABSENT: break;
    }
    return WISH_NOTHING;
}

/* ---- what the manager hears ---------------------------------------------------------------- */

static void set_phase(struct lrm *lrm, struct lrm_service *service, enum lrm_phase phase)
{
    lrm->is_report_due |= (service->phase == LRM_IDLE) != (phase == LRM_IDLE);
    service->phase = phase;
}

static void set_result(struct lrm *lrm, struct lrm_service *service, enum job_code result)
{
    lrm->is_report_due |= service->result != result;
    service->result = result;
}

static void set_words(struct lrm_service *service, int exit_code, const char *words)
{
    service->exit_code = exit_code;
    text_copy(service->words, sizeof(service->words), words);
}

/* Another thing is asked of us; what we said of the one before is no answer to it. */
static void begin_cause(struct lrm *lrm, struct lrm_service *service, uint64_t cause)
{
    service->cause = cause;
    service->n_tries = service->n_stops = 0;
    service->is_failing = false;
    /* What failed here is not tried any sooner because it is asked for once more. */
    if (service->phase != LRM_IDLE || service->n_strikes == 0)
        service->due = INSTANT_UNKNOWN;
    set_words(service, 0, "");
    set_result(lrm, service, JOB_NONE);
    lrm->is_report_due = true;
}

bool lrm_may_be_running(const struct lrm *lrm, service_id service)
{
    return lrm->services[service].phase != LRM_IDLE;
}

bool lrm_report(const struct lrm *lrm, service_id id, struct report_row *row)
{
    const struct lrm_service *service = &lrm->services[id];

    if (service->phase == LRM_IDLE && service->result == JOB_NONE && service->pause.ms == 0)
        return false;
    *row = (struct report_row){
        .service = id,
        .is_running = lrm_may_be_running(lrm, id),
        .cause = service->cause,
        .result = service->result,
        .exit_code = service->exit_code,
        .pause = service->pause,
    };
    text_copy(row->words, sizeof(row->words), service->words);
    return true;
}

bool lrm_needs_arming(const struct lrm *lrm, const struct ha_state *agreed)
{
    bool is_let_go = agreed->arming.state > DISARMING;

    /* Once let go, a node proves by arming that it is watched again, even if it runs nothing. */
    if (!is_let_go && lrm->self != NODE_NONE && lrm->leaving != LEAVING_RESTART &&
        agreed->nodes[lrm->self].is_released)
        return true;
    for (service_id id = 0; id < lrm->n_services; id++) {
        const struct service *service = &agreed->services[id];

        if (is_let_go && !lrm->services[id].has_job)
            continue;
        if (lrm_may_be_running(lrm, id) || is_let_go)
            return true;
        if (lrm->self == NODE_NONE)
            continue;
        if (service->target == lrm->self ||
            (service->node == lrm->self && service->state == SERVICE_STARTED))
            return true;
    }
    return false;
}

/* ---- how jobs end -------------------------------------------------------------------------- */

static bool is_refusal(int exit_code)
{
    return exit_code >= EXIT_BAD_ARGUMENTS && exit_code <= EXIT_NOT_CONFIGURED;
}

/* It is not running, and should be: once more here, or a word to the manager. */
static void conclude_failure(struct lrm *lrm, const struct service_policy *policy,
                             struct lrm_service *service, struct instant now)
{
    service->is_failing = false;
    pace_failed(service, policy, now);
    lrm->is_report_due |= service->pause.ms > 0;
    if (service->exit_code == EXIT_NOT_CONFIGURED)
        set_result(lrm, service, JOB_FATAL);
    else if (is_refusal(service->exit_code))
        set_result(lrm, service, JOB_HARD);
    else if (++service->n_tries > policy->restart_max)
        set_result(lrm, service, JOB_FAILED);
}

static void start_ended(struct lrm *lrm, struct lrm_service *service, const struct job_end *end,
                        struct instant now)
{
    service->was_refused = is_refusal(end->exit_code);
    if (end->exit_code == EXIT_FINE) {
        set_phase(lrm, service, LRM_RUNNING);
        service->due = now;
        return;
    }
    set_phase(lrm, service, LRM_STOPPING);
    service->is_failing = end->job.cause == service->cause;
    if (service->is_failing)
        set_words(service, end->exit_code, end->words);
}

static void stop_ended(struct lrm *lrm, const struct service_policy *policy,
                       struct lrm_service *service, const struct job_end *end, struct instant now)
{
    /* An agent that refuses to work here at all did not start anything either. */
    bool is_stopped =
        end->exit_code == EXIT_FINE || (service->was_refused && is_refusal(end->exit_code));

    if (is_stopped) {
        set_phase(lrm, service, LRM_IDLE);
        service->n_stops = 0;
        service->was_refused = false;
        if (service->is_failing)
            conclude_failure(lrm, policy, service, now);
        return;
    }
    if (++service->n_stops < STOPS_MAX)
        return;
    set_phase(lrm, service, LRM_STUCK);
    service->is_failing = false;
    service->due = instant_after(now, policy->monitor_every);
    if (end->job.cause == service->cause) {
        set_words(service, end->exit_code, end->words);
        set_result(lrm, service, JOB_FAILED);
    }
}

/* An agent need not say why something does not run that did. */
static const char *words_of_fall(const struct job_end *end)
{
    bool is_silent = !end->words[0] && end->exit_code == EXIT_NOT_RUNNING;

    return is_silent ? "it was found not running" : end->words;
}

static void monitor_ended(struct lrm *lrm, const struct service_policy *policy,
                          struct lrm_service *service, const struct job_end *end,
                          struct instant now)
{
    bool is_ours = end->job.cause == service->cause, was_unsure = service->is_unsure;

    service->is_unsure = false;
    if (end->exit_code == EXIT_FINE) {
        set_phase(lrm, service, LRM_RUNNING);
        service->was_refused = false;
        pace_runs(service, now);
        service->n_tries = service->n_stops = 0;
        service->due = is_ours ? instant_after(now, policy->monitor_every) : now;
        if (is_ours)
            set_result(lrm, service, JOB_DONE);
        return;
    }
    /* That it had stopped after all is no failure of what has just been asked. */
    if (was_unsure && end->exit_code == EXIT_NOT_RUNNING) {
        set_phase(lrm, service, LRM_IDLE);
        return;
    }
    service->is_failing = is_ours;
    if (is_ours)
        set_words(service, end->exit_code, words_of_fall(end));
    if (end->exit_code != EXIT_NOT_RUNNING) {
        set_phase(lrm, service, LRM_STOPPING);
        return;
    }
    set_phase(lrm, service, LRM_IDLE);
    if (service->is_failing)
        conclude_failure(lrm, policy, service, now);
}

void lrm_job_ended(struct lrm *lrm, const struct policy *policy, const struct job_end *end,
                   struct instant now)
{
    service_id id = end->job.service;
    struct lrm_service *service = &lrm->services[id];

    assert(id >= 0 && id < lrm->n_services);
    if (!service->has_job)
        return;
    service->has_job = false;
    switch (end->job.kind) {
    case JOB_START: start_ended(lrm, service, end, now); break;
    case JOB_STOP: stop_ended(lrm, &policy->services[id], service, end, now); break;
    case JOB_MONITOR: monitor_ended(lrm, &policy->services[id], service, end, now); break;
    }
}

/* ---- what to do next ----------------------------------------------------------------------- */

static void wake(const struct player *p, struct instant at)
{
    p->outcome->wake_at = instant_earliest(p->outcome->wake_at, at);
}

static void begin(const struct player *p, enum job_kind kind)
{
    static const enum lrm_phase phases[] = {
        [JOB_START] = LRM_STARTING,
        [JOB_STOP] = LRM_STOPPING,
        [JOB_MONITOR] = LRM_CHECKING,
    };
    const struct duration timeouts[] = {
        [JOB_START] = p->policy->start_timeout,
        [JOB_STOP] = p->policy->stop_timeout,
        [JOB_MONITOR] = p->policy->monitor_timeout,
    };

    if (p->outcome->n_jobs == p->outcome->jobs_max) {
        wake(p, p->now);
        return;
    }
    if (!turns_take(p->turns, kind))
        return;
    p->service->pause = duration_ms(0);
    p->outcome->jobs[p->outcome->n_jobs++] = (struct job){
        .kind = kind,
        .service = p->id,
        .cause = p->service->cause,
        .timeout = timeouts[kind],
    };
    p->service->has_job = true;
    set_phase(p->lrm, p->service, phases[kind]);
}

static void begin_when_due(const struct player *p, enum job_kind kind)
{
    if (instant_reached(p->now, p->service->due))
        begin(p, kind);
    else
        wake(p, p->service->due);
}

static void run(const struct player *p)
{
    enum job_code result = p->service->result;

    switch (p->service->phase) {
    case LRM_IDLE:
        if (p->may_start && (result == JOB_NONE || result == JOB_DONE))
            begin_when_due(p, JOB_START);
        break;
    case LRM_STARTING:
    case LRM_CHECKING:
    case LRM_RUNNING: begin_when_due(p, JOB_MONITOR); break;
    case LRM_STOPPING:
        if (p->may_act)
            begin(p, JOB_STOP);
        break;
    case LRM_STUCK:
        /* Asked anew to run it: perhaps it never stopped running. */
        if (result == JOB_NONE) {
            p->service->is_unsure = true;
            begin(p, JOB_MONITOR);
        }
        break;
    }
}

static void stop(const struct player *p)
{
    if (p->service->phase == LRM_IDLE || !p->may_act)
        return;
    if (p->service->has_to_stay && p->service->phase != LRM_STOPPING)
        return;
    if (p->service->phase == LRM_STUCK && p->service->result != JOB_NONE)
        begin_when_due(p, JOB_STOP);
    else
        begin(p, JOB_STOP);
}

/* It is another node's: once it is gone from here there is nothing to say of it. */
static void give_away(const struct player *p)
{
    stop(p);
    if (p->service->phase == LRM_IDLE && p->service->result != JOB_NONE)
        begin_cause(p->lrm, p->service, 0);
}

static void play(const struct player *p, const struct service *agreed)
{
    enum wish wish = wish_of(p, agreed);

    if ((wish == WISH_RUN || wish == WISH_STOP) && agreed->cause != p->service->cause)
        begin_cause(p->lrm, p->service, agreed->cause);
    if (wish != WISH_RUN)
        pace_forget(p->service);
    if (p->service->has_job)
        return;
    switch (wish) {
    case WISH_NOTHING: break;
    case WISH_RUN: run(p); break;
    case WISH_AWAY: give_away(p); break;
    case WISH_STOP:
        stop(p);
        if (p->service->phase == LRM_IDLE)
            set_result(p->lrm, p->service, JOB_DONE);
        break;
    }
}

/* What the state gave to another boot of this node is not ours to start. */
static bool is_known(const struct lrm *lrm, const struct ha_state *agreed)
{
    const struct node *node = lrm->self == NODE_NONE ? NULL : &agreed->nodes[lrm->self];

    return node && lrm->boot_id[0] && strcmp(node->boot_id, lrm->boot_id) == 0 &&
           (node->state == NODE_ONLINE || node->state == NODE_MAINTENANCE);
}

/* The most urgent first; those that find no worker have their turn when a job has ended. */
static void play_all(struct player *p, const struct policy *policy, const struct ha_state *agreed)
{
    for (int place = 0; place < policy->n_services; place++) {
        p->id = policy_in_turn(policy, place);
        p->service = &p->lrm->services[p->id];
        p->policy = &policy->services[p->id];
        play(p, &agreed->services[p->id]);
    }
}

static void mark_order(struct player *p, const struct policy *policy, const struct ha_state *agreed)
{
    bool matters = stop_order_matters(policy);

    for (service_id id = 0; id < policy->n_services; id++) {
        struct lrm_service *service = &p->lrm->services[id];
        enum wish wish = matters ? wish_of(p, &agreed->services[id]) : WISH_NOTHING;

        service->is_leaving = wish == WISH_STOP || wish == WISH_AWAY;
        service->has_to_stay = false;
    }
    if (matters)
        stop_order_mark(p->lrm, policy, agreed);
}

void lrm_step(struct lrm *lrm, const struct policy *policy, const struct ha_state *agreed,
              bool may_act, struct instant now, struct lrm_outcome *outcome)
{
    struct turns turns = turns_of(lrm, policy);
    struct player player = {
        .lrm = lrm,
        .may_act = may_act,
        .may_start = may_act && is_known(lrm, agreed),
        .is_let_go = agreed->arming.state > DISARMING,
        .stops_all = is_to_stop_all(lrm, policy),
        .now = now,
        .turns = &turns,
        .outcome = outcome,
    };

    assert(agreed->n_services == lrm->n_services && policy->n_services == lrm->n_services);
    outcome->n_jobs = 0;
    outcome->wake_at = INSTANT_NEVER;
    /* Only what is agreed while we may act is new enough to say so. */
    if (may_act && lrm->self != NODE_NONE && agreed->nodes[lrm->self].leaving == LEAVING_NOT)
        lrm->is_back_known = true;
    mark_order(&player, policy, agreed);
    play_all(&player, policy, agreed);
    if (turns.has_put_off) {
        turns.takes_starts = true;
        play_all(&player, policy, agreed);
    }
    outcome->is_report_changed = lrm->is_report_due;
    lrm->is_report_due = false;
}
