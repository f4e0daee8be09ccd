/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The loop: observe, step, propose, perform. Every source of events only feeds
 * the member (or the hands, or a session); after each of them agent_turn runs
 * once, does all there is to do, tells the keeper that this loop makes
 * progress, and says when to wake. A turn waits for no disk and no child; only the
 * connection to corosync (corosync.c) is made by calls that can wait.
 */
#include "agentd/agent.h"
#include "agentd/aside.h"
#include "agentd/branches.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "agentd/audit.h"
#include "agentd/cluster.h"
#include "agentd/control_server.h"
#include "agentd/corosync.h"
#include "agentd/current.h"
#include "agentd/expected.h"
#include "agentd/follow.h"
#include "agentd/leaving.h"
#include "agentd/recent.h"
#include "agentd/recorder.h"
#include "agentd/requests.h"
#include "agentd/verbs.h"
#include "agentd/verdict.h"
#include "agentd/versions.h"
#include "ha/base/json.h"
#include "ha/base/log.h"
#include "ha/base/text.h"

/* How often the keeper hears that we are alive; a fraction of the shortest lease there is. */
#define ALIVE_EVERY_MS 100

struct instant agent_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (struct instant){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}

int64_t agent_wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *agent_node(const struct agent *agent)
{
    return agent->member ? agent->roster.nodes[agent->roster.self].name : "";
}

static void map_nodes(struct agent *agent)
{
    const struct policy *policy = agent->knowledge.policy;

    for (node_id at = 0; at < NODES_MAX; at++)
        agent->policy_of[at] = agent->roster_of[at] = NODE_NONE;
    if (!policy || !agent->member)
        return;
    for (node_id at = 0; at < agent->roster.n_nodes; at++) {
        node_id node = policy_find_node(policy, agent->roster.nodes[at].name);

        agent->policy_of[at] = node;
        if (node != NODE_NONE)
            agent->roster_of[node] = at;
    }
}

/* Another policy: the player's memory moves to its ids, by name. */
static void follow_policy(struct agent *agent, const struct policy *before)
{
    const struct policy *policy = agent->knowledge.policy;
    int n_before = before ? before->n_services : 0;
    service_id *map = xcalloc((size_t)n_before + 1, sizeof(*map));

    map_nodes(agent);
    for (service_id id = 0; id < n_before; id++)
        map[id] = policy_find_service(policy, before->services[id].name);
    if (before)
        lrm_remap(agent->lrm, map, policy->n_services);
    else
        lrm_init(agent->lrm, NODE_NONE, policy->n_services);
    lrm_set_boot(agent->lrm, agent->boot_id);
    (void)lrm_leave(agent->lrm, agent->leaving);
    agent->lrm->self = agent->member ? agent->policy_of[agent->roster.self] : NODE_NONE;
    free(map);
    play_adopt(agent);
    agent->must_report = agent->must_decide = true;
}

static void reload(struct agent *agent, const json_t *records, uint64_t version, bool is_push)
{
    struct arena *old_arena;
    struct policy *old;

    if (is_push ? knowledge_push(&agent->knowledge, records, version, &old_arena, &old)
                : knowledge_load(&agent->knowledge, records, version, &old_arena, &old))
        follow_policy(agent, old);
    cluster_take_record(agent, json_object_get(records, KEY_COROSYNC));
    arena_free(old_arena);
    agent->must_decide = true;
}

/* An agent that cannot tell what runs here must not be counted among those that vouch. */
bool agent_joined(struct agent *agent, struct err *err)
{
    if (!agent->hands)
        agent->hands =
            hands_new(agent->loop, &agent->settings, agent_node(agent), play_job_ended, agent, err);
    if (!agent->hands)
        return err_in(err, "this node takes no part, since it cannot run services");
    map_nodes(agent);
    if (agent->knowledge.policy)
        agent->lrm->self = agent->policy_of[agent->roster.self];
    play_adopt(agent);
    return true;
}

/* "service ocf:web", but "policy" and "leader" alone. */
static const char *kind_shown(const json_t *row)
{
    const char *kind = json_text(row, "kind", "");

    return strcmp(kind, json_text(row, "subject", "")) == 0 ? "" : kind;
}

/* Each change once, for people: the words are those that 'why' shows. */
static void log_rows(const json_t *rows)
{
    json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
        log_info("%s%s%s: %s%s%s%s%s (%s)", kind_shown(row), kind_shown(row)[0] ? " " : "",
                 json_text(row, "subject", ""), json_text(row, "from", ""),
                 json_text(row, "from", "")[0] ? " -> " : "", json_text(row, "to", ""),
                 json_text(row, "node", NULL) ? " on " : "", json_text(row, "node", ""),
                 json_text(row, "why", ""));
}

static void remember(struct agent *agent, const json_t *patch, const json_t *rows)
{
    json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        json_object_set_new(row, "version", json_integer(json_int(patch, "version", 0)));
        recent_add(agent->recent, row);
        control_event(agent->control, row);
    }
}

static void committed(struct agent *agent, const struct member_event *event)
{
    autojson *rows = verb_events_of(event->patch);
    const json_t *set = json_object_get(event->patch, "set");

    verdict_committed(agent, event->patch);
    if (json_object_get(set, KEY_POLICY))
        reload(agent, member_records(agent->member), event->version, true);
    else if (json_object_get(set, KEY_COROSYNC))
        cluster_take_record(agent, json_object_get(set, KEY_COROSYNC));
    knowledge_apply(&agent->knowledge, event->patch, event->version);
    audit_committed(agent, event->patch);
    requests_committed(agent, event->patch, event->version);
    follow_committed(agent, rows);
    log_rows(rows);
    remember(agent, event->patch, rows);
    agent->must_decide = true;
}

static bool is_list_of_text(const json_t *list)
{
    json_t *each;
    size_t i;

    json_array_foreach(list, i, each)
    {
        if (!json_is_string(each))
            return false;
    }
    return json_is_array(list);
}

static void report_taken(struct agent *agent, node_id from, const json_t *message)
{
    struct told *told = &agent->told[from];

    json_decref(told->rows);
    json_decref(told->orphans);
    told->rows = json_deep_copy(json_object_get(message, "rows"));
    told->orphans = json_deep_copy(json_object_get(message, "orphans"));
    told->policy = (uint64_t)json_int(message, "policy", 0);
    told->leaving = leaving_of_name(json_text(message, "leaving", leaving_name(LEAVING_NOT)));
    if (told->leaving == LEAVINGS)
        told->leaving = LEAVING_NOT;
    told->version = (uint64_t)json_int(message, "version", 0);
    /* What cannot be read says nothing, and who says nothing may be running anything. */
    told->is_valid = json_is_array(told->rows) && is_list_of_text(told->orphans);
    told->has_told = told->has_told || told->is_valid;
    agent->must_decide = true;
}

/* Who is here has changed: what was told before counts no more until it is told again. */
static void looked_again(struct agent *agent)
{
    struct member_status before = agent->status;

    member_status(agent->member, &agent->status);
    if (before.agents != agent->status.agents || before.synced != agent->status.synced ||
        before.is_in_sync != agent->status.is_in_sync ||
        ring_compare(before.ring, agent->status.ring) != 0) {
        for (node_id at = 0; at < NODES_MAX; at++) {
            if (!node_in(agent->status.agents, at) || !agent->status.is_in_sync ||
                !node_in(before.agents, at))
                agent->told[at].is_valid = false;
            if (node_in(agent->status.agents, at) && !node_in(before.agents, at))
                agent->told[at].has_told = false;
        }
        agent->must_report = true;
        agent->changed_at = agent_now();
        cluster_say_again(agent);
        requests_ring_changed(agent);
        verdict_ring_changed(agent);
        audit_changed(agent);
    }
    if (before.leader != agent->status.leader && agent->status.leader != NODE_NONE)
        log_info("%s leads", agent->roster.nodes[agent->status.leader].name);
    agent->must_decide = true;
}

/* What came by transfer: records as they are now, and what is known of how they came to be so. */
static void reset(struct agent *agent, const struct member_event *event)
{
    struct err err = {{0}};

    if (event->patch && !store_take_history(agent->store, event->patch, &err))
        log_warning("the past that another node knows is not kept here: %s", err.text);
    if (event->patch)
        verbs_remember(agent, event->patch);
    audit_caught_up(agent, event->patch);
    requests_forget_pushes(agent);
    versions_look(agent);
    reload(agent, member_records(agent->member), event->version, false);
    requests_caught_up(agent, event->patch);
    follow_committed(agent, NULL);
    current_again(agent);
}

/* Positions are others from here on; what was told moves with the nodes. */
static void roster_changed(struct agent *agent, const struct roster *roster)
{
    struct told *told = xcalloc(NODES_MAX, sizeof(*told));

    for (node_id at = 0; at < agent->roster.n_nodes; at++) {
        node_id to = roster_find(roster, agent->roster.nodes[at].nodeid);

        if (to != NODE_NONE) {
            told[to] = agent->told[at];
            continue;
        }
        json_decref(agent->told[at].rows);
        json_decref(agent->told[at].orphans);
    }
    memcpy(agent->told, told, sizeof(agent->told));
    free(told);
    agent->armed_seen = roster_translate(&agent->roster, roster, agent->armed_seen);
    agent->status.agents = roster_translate(&agent->roster, roster, agent->status.agents);
    agent->status.synced = roster_translate(&agent->roster, roster, agent->status.synced);
    agent->status.leader =
        node_set_first(roster_translate(&agent->roster, roster, node_bit(agent->status.leader)));
    agent->roster = *roster;
    map_nodes(agent);
    agent->must_decide = true;
    log_info("corosync counts %d nodes with %d votes, of which a quorum is %d", roster->n_nodes,
             roster->expected_votes, roster->quorum_votes);
}

static void message_taken(struct agent *agent, node_id from, const json_t *message)
{
    const char *kind = json_text(message, "kind", "");

    audit_message(agent, from, message);
    if (strcmp(kind, "report") == 0) {
        report_taken(agent, from, message);
    } else if (strcmp(kind, "corosync") == 0) {
        cluster_message(agent, from, message);
    } else if (strcmp(kind, "verdict") == 0) {
        verdict_message(agent, from, message);
    } else if (strncmp(kind, "version ", 8) == 0) {
        versions_message(agent, from, message);
    } else {
        requests_message(agent, from, message);
        if (strcmp(kind, "push") == 0)
            verdict_pushed(agent, message);
    }
}

static void branch_noticed(struct agent *agent, const json_t *patches)
{
    autojson *event = branches_notice(agent, patches, agent_wall_ms());

    control_event(agent->control, event);
}

static void handle(struct agent *agent, const struct member_event *event)
{
    struct err err = {{0}};
    json_t *patch = (json_t *)event->patch;

    switch (event->kind) {
    case MEMBER_SEND:
        if (agent->group && !group_send(agent->group, event->bytes, event->length, &err))
            corosync_lost(agent, err.text);
        break;
    case MEMBER_CHANGED: looked_again(agent); break;
    case MEMBER_ROSTER: roster_changed(agent, event->roster); break;
    case MEMBER_RESET: reset(agent, event); break;
    case MEMBER_COMMITTED: committed(agent, event); break;
    case MEMBER_VOIDED: agent->must_decide = true; break;
    case MEMBER_DURABLE:
        agent->durable = event->version;
        requests_durable(agent, event->version);
        break;
    case MEMBER_MESSAGE: message_taken(agent, event->from, patch); break;
    case MEMBER_STORE:
        if (event->branch)
            branch_noticed(agent, event->branch);
        store_write(agent->store, patch, event->records, &event->head);
        break;
    case MEMBER_CURRENT: current_heard(agent, event->token); break;
    }
    if (event->kind != MEMBER_SEND)
        control_changed(agent->control);
}

static void drain(struct agent *agent)
{
    struct member_event event;

    while (agent->member && member_next(agent->member, &event))
        handle(agent, &event);
    if (agent->member)
        member_status(agent->member, &agent->status);
}

static void feed(struct agent *agent)
{
    agent->lease_until = agent->member ? lease_until(member_lease(agent->member)) : INSTANT_UNKNOWN;
    feeding_feed(agent->feeding, agent->lease_until);
}

static void wake_at(struct agent *agent, struct instant due)
{
    uint64_t usec = due.ms <= 0 ? 0 : (uint64_t)due.ms * 1000;

    sd_event_source_set_time(agent->timer, usec);
    sd_event_source_set_enabled(agent->timer, SD_EVENT_ONESHOT);
}

/* Everything there is to do now, once. */
static int agent_turn(sd_event_source *source, void *context)
{
    struct agent *agent = context;
    struct instant now = agent_now();
    struct instant next = instant_after(now, duration_ms(ALIVE_EVERY_MS));

    (void)source;
    play_notice_absence(agent, now);
    if (feeding_poll(agent->feeding, now))
        control_changed(agent->control);
    corosync_turn(agent, now);
    if (agent->member) {
        member_set_wall(agent->member, agent_wall_ms() - now.ms);
        next = instant_earliest(next, member_tick(agent->member, now));
    }
    drain(agent);
    verdict_turn(agent, now);
    play(agent, now);
    conduct(agent, now);
    drain(agent);
    next = instant_earliest(next, requests_expire(agent, now));
    drain(agent);
    next = instant_earliest(next, follow_expire(agent, now));
    next = instant_earliest(next, current_turn(agent, now));
    next = instant_earliest(next, versions_turn(agent, now));
    next = instant_earliest(next, leaving_turn(agent, now));
    next = instant_earliest(next, audit_turn(agent, now));
    next = instant_earliest(next, cluster_turn(agent, now));
    next = instant_earliest(next, expected_turn(agent, now));
    next = instant_earliest(next, instant_earliest(agent->play_at, agent->decide_at));
    if (agent->member && (agent->must_decide || agent->must_look_at_push) &&
        agent->status.is_leader && !agent->status.has_proposal)
        next = now;
    feed(agent);
    wake_at(agent, next);
    return 0;
}

/* Only there so that a turn follows. */
static int on_timer(sd_event_source *source, uint64_t usec, void *context)
{
    (void)source;
    (void)usec;
    (void)context;
    return 0;
}

static int on_store(sd_event_source *source, int fd, uint32_t events, void *context)
{
    struct agent *agent = context;
    uint64_t n_written = store_written(agent->store);
    struct err err = {{0}};

    (void)source;
    (void)fd;
    (void)events;
    if (store_failed(agent->store, &err)) {
        log_error("the store failed and this agent ends, since what is on disk is not known: %s",
                  err.text);
        return sd_event_exit(agent->loop, 1);
    }
    if (agent->member)
        member_stored(agent->member, agent_now(), n_written);
    return 0;
}

static int on_history(sd_event_source *source, int fd, uint32_t events, void *context)
{
    struct agent *agent = context;

    (void)source;
    (void)fd;
    (void)events;
    history_answers(agent->history);
    return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
    struct agent *agent = context;

    (void)source;
    log_info("ends on signal %u; services go on running, the next agent takes them over",
             info->ssi_signo);
    return sd_event_exit(agent->loop, 0);
}

static void read_boot_id(char *boot_id, size_t size)
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    char line[BOOT_ID_MAX + 2] = "";

    if (file && fgets(line, sizeof(line), file))
        line[strcspn(line, "\n")] = '\0';
    if (file)
        fclose(file);
    text_copy(boot_id, size, line);
}

static bool open_store(struct agent *agent, struct err *err)
{
    struct ledger_head head;
    autojson *records = NULL, *patches = NULL;

    if (!aside_mend(agent->settings.store, err))
        return err_in(err, "%s", agent->settings.store);
    agent->store = store_open(agent->settings.store, err);
    if (!agent->store || !store_read(agent->store, &records, &head, err))
        return err_in(err, "%s", agent->settings.store);
    agent->history = history_open(agent->settings.store, err);
    if (!agent->history)
        return false;
    branches_open(agent);
    patches = store_history(agent->store, 0, NULL, RECENT_MAX, NULL);
    verbs_remember(agent, patches);
    audit_recall(agent);
    reload(agent, records, head.version, false);
    return true;
}

static bool listen_to_all(struct agent *agent, struct err *err)
{
    int error;

    error = sd_event_add_io(agent->loop, NULL, store_fd(agent->store), EPOLLIN, on_store, agent);
    if (error >= 0)
        error = sd_event_add_io(agent->loop, NULL, history_fd(agent->history), EPOLLIN, on_history,
                                agent);
    if (error >= 0)
        error =
            sd_event_add_time(agent->loop, &agent->timer, CLOCK_BOOTTIME, 0, 1, on_timer, agent);
    if (error >= 0)
        error = sd_event_add_post(agent->loop, NULL, agent_turn, agent);
    if (error >= 0)
        error = sd_event_add_signal(agent->loop, NULL, SIGTERM, on_signal, agent);
    if (error >= 0)
        error = sd_event_add_signal(agent->loop, NULL, SIGINT, on_signal, agent);
    return error >= 0 ? true : err_set(err, "cannot set up the event loop: %s", strerror(-error));
}

struct agent *agent_new(const struct settings *settings, struct err *err)
{
    struct agent *agent = xcalloc(1, sizeof(*agent));

    agent->settings = *settings;
    agent->view = xcalloc(1, sizeof(*agent->view));
    agent->next = xcalloc(1, sizeof(*agent->next));
    agent->changes = xcalloc(CHANGES_MAX, sizeof(*agent->changes));
    agent->outcome = xcalloc(1, sizeof(*agent->outcome));
    agent->lrm = xcalloc(1, sizeof(*agent->lrm));
    agent->jobs = xcalloc(SERVICES_MAX, sizeof(*agent->jobs));
    agent->requests = requests_new();
    agent->versions = versions_new();
    agent->current = current_new();
    agent->audit = audit_new();
    agent->recorder = recorder_new(settings->record, FLIGHT_BYTES_MAX);
    agent->recent = json_array();
    agent->idle_since = agent->play_at = agent->decide_at = INSTANT_NEVER;
    agent->status.leader = NODE_NONE;
    knowledge_init(&agent->knowledge);
    lrm_init(agent->lrm, NODE_NONE, 0);
    map_nodes(agent);
    read_boot_id(agent->boot_id, sizeof(agent->boot_id));
    if (getrandom(&agent->incarnation, sizeof(agent->incarnation), 0) < 0)
        abort();
    agent->incarnation = (agent->incarnation >> 2) + 1;
    agent->feeding = feeding_new(settings->keeper);
    agent->expecting = expecting_new(agent);
    if (sd_event_default(&agent->loop) < 0) {
        err_set(err, "cannot set up the event loop");
    } else if ((agent->cluster = cluster_new(agent, err)) && open_store(agent, err) &&
               listen_to_all(agent, err) && (agent->verdicts = verdicts_new(agent, err))) {
        agent->control = control_new(agent, settings->control, err);
        if (agent->control)
            return agent;
    }
    agent_free(agent);
    return NULL;
}

int agent_run(struct agent *agent)
{
    int code = sd_event_loop(agent->loop);

    return code < 0 ? 1 : code;
}

void agent_free(struct agent *agent)
{
    if (!agent)
        return;
    control_free(agent->control);
    corosync_close(agent);
    member_free(agent->member);
    hands_free(agent->hands);
    feeding_free(agent->feeding);
    expecting_free(agent->expecting);
    history_close(agent->history);
    verbs_end(agent);
    json_decref(agent->recent);
    json_decref(agent->branches);
    if (agent->store)
        store_close(agent->store);
    follow_end(agent);
    recorder_free(agent->recorder);
    leaving_end(agent);
    requests_free(agent->requests);
    current_free(agent->current);
    verdicts_free(agent->verdicts);
    versions_free(agent->versions);
    audit_free(agent->audit);
    cluster_free(agent->cluster);
    knowledge_fini(&agent->knowledge);
    for (node_id at = 0; at < NODES_MAX; at++) {
        json_decref(agent->told[at].rows);
        json_decref(agent->told[at].orphans);
    }
    free(agent->view);
    free(agent->next);
    free(agent->changes);
    free(agent->outcome);
    free(agent->lrm);
    free(agent->jobs);
    sd_event_source_unref(agent->timer);
    sd_event_unref(agent->loop);
    free(agent);
}
