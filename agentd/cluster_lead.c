/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The leader's part in changes of corosync.conf: what comes next, and when; see cluster.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "agentd/change.h"
#include "agentd/cluster.h"
#include "agentd/patch.h"
#include "ha/base/json.h"
#include "ha/base/log.h"
#include "ha/model/codec.h"

/* A node that has not staged the next file by then does not take it. */
#define ACCEPT_MS 10000
/* A change that was undone is tried again: what was in its way may be gone. */
#define AGAIN_MS 30000
/* A guest comes within seconds; who has not by then was killed on the way. */
#define GUEST_MS (5 * 60000)
/* Reading a file anew takes corosync some 20 ms. */
#define RELOAD_EVERY_MS 2000
/* While a change is under way, or waits for somebody: disks and clocks say nothing. */
#define LOOK_AGAIN_MS 100
#define LOOK_SELDOM_MS 1000

/* ---- what is wanted -------------------------------------------------------------------------- */

static void take_addresses(struct corosync_node *node, const struct node_policy *policy)
{
    if (policy->n_addresses == 0)
        return;
    node->n_addresses = 0;
    for (int i = 0; i < policy->n_addresses; i++)
        text_copy(node->addresses[node->n_addresses++], CONF_ADDRESS_MAX, policy->addresses[i]);
}

/* Nodes that are known keep their ids; new ones get ids that no record ever named. */
static void conf_of_policy(const struct cluster *cluster, const struct policy *policy,
                           struct corosync_conf *wanted)
{
    uint32_t next_id = cluster->next_id;

    *wanted = cluster->active;
    wanted->n_nodes = 0;
    memset(wanted->nodes, 0, sizeof(wanted->nodes));
    wanted->token_ms = policy->timing.token.ms;
    wanted->coefficient_ms = policy->timing.coefficient.ms;
    for (node_id id = 0; id < policy->n_nodes; id++) {
        const struct node_policy *from = &policy->nodes[id];
        int at = corosync_conf_find(&cluster->active, from->name);
        struct corosync_node *node = corosync_conf_add(
            wanted, at < 0 ? next_id++ : cluster->active.nodes[at].nodeid, from->name);

        if (at >= 0)
            *node = cluster->active.nodes[at];
        node->votes = from->votes;
        take_addresses(node, from);
    }
    cluster_device_of_policy(policy, wanted);
}

bool cluster_accepts(const struct agent *agent, const struct policy *policy, struct err *err)
{
    struct corosync_conf *wanted = xcalloc(1, sizeof(*wanted));
    bool is_good = true;

    for (node_id id = 0; is_good && id < policy->n_nodes; id++) {
        for (int i = 0; is_good && i < policy->nodes[id].n_addresses; i++) {
            if (strlen(policy->nodes[id].addresses[i]) >= CONF_ADDRESS_MAX)
                is_good = err_set(err, "address %s of node %s is too long",
                                  policy->nodes[id].addresses[i], policy->nodes[id].name);
        }
    }
    if (is_good) {
        conf_of_policy(agent->cluster, policy, wanted);
        is_good = corosync_conf_is_good(wanted, err) &&
                  cluster_accepts_witness(agent, policy, &wanted->device, err);
    }
    free(wanted);
    return is_good;
}

/* ---- who is where ---------------------------------------------------------------------------- */

static void look_around(struct agent *agent, struct instant now, struct corosync_presence *presence)
{
    const struct corosync_conf *active = &agent->cluster->active;

    *presence = (struct corosync_presence){0};
    for (int i = 0; i < active->n_nodes; i++) {
        node_id at = roster_find(&agent->roster, active->nodes[i].nodeid);
        struct lease_status lease;

        if (at == NODE_NONE) {
            presence->off |= node_bit((node_id)i);
            continue;
        }
        lease_status(member_lease(agent->member), at, now, &lease);
        if (node_in(agent->status.synced, at))
            presence->here |= node_bit((node_id)i);
        else if (lease.is_proven_off)
            presence->off |= node_bit((node_id)i);
        if (agent->roster.is_by_word && agent->roster.nodes[at].votes == 0)
            presence->sworn |= node_bit((node_id)i);
    }
}

const struct conf_said *cluster_said(const struct agent *agent, uint32_t nodeid)
{
    static const struct conf_said silent;

    for (int i = 0; i < NODES_MAX; i++) {
        if (agent->cluster->said[i].nodeid == nodeid)
            return &agent->cluster->said[i];
    }
    return &silent;
}

static bool is_wanted(const struct agent *agent, const char *name)
{
    return policy_find_node(agent->knowledge.policy, name) != NODE_NONE;
}

/*
 * Who must take part: all of the list in force, less those that are to go. The words name the
 * first who is not here.
 */
static bool all_are_here(struct agent *agent, struct instant now, struct err *words)
{
    const struct corosync_conf *active = &agent->cluster->active;
    struct corosync_presence presence;

    look_around(agent, now, &presence);
    for (int i = 0; i < active->n_nodes; i++) {
        const struct corosync_node *node = &active->nodes[i];

        if (!is_wanted(agent, node->name))
            continue;
        if (!node_in(presence.here, (node_id)i))
            return err_set(words, "it waits for node %s, which has to take part", node->name);
        if (cluster_said(agent, node->nodeid)->running != active->version &&
            agent->cluster->phase == PHASE_NONE)
            return err_set(
                words, "it waits for node %s, whose corosync still runs with version %llu",
                node->name, (unsigned long long)cluster_said(agent, node->nodeid)->running);
    }
    return true;
}

/* ---- the record ------------------------------------------------------------------------------ */

struct step {
    const char *phase; /* "": none */
    const struct corosync_conf *conf, *next;
    uint32_t next_id;
    const char *problem;
    const char *guest;
    int64_t guest_until;
    int64_t trial_until;
    const char *fell;
    char words[REASON_TEXT_MAX]; /* the event's; "": there is none */
};

static json_t *record_of(const struct agent *agent, const struct step *step)
{
    int64_t stamp =
        agent->knowledge.stamp > agent_wall_ms() ? agent->knowledge.stamp : agent_wall_ms();
    json_t *record = json_pack("{s:o,s:I,s:I}", "conf", corosync_conf_json(step->conf), "next_id",
                               (json_int_t)step->next_id, "since", (json_int_t)stamp);

    if (step->phase[0]) {
        json_object_set_new(record, "phase", json_string(step->phase));
        json_object_set_new(record, "next", corosync_conf_json(step->next));
    }
    if (step->problem && step->problem[0])
        json_object_set_new(record, "problem", json_string(step->problem));
    if (step->guest && step->guest[0]) {
        json_object_set_new(record, "guest", json_string(step->guest));
        json_object_set_new(record, "until", json_integer(step->guest_until));
    }
    if (step->trial_until)
        json_object_set_new(record, "trial", json_integer(step->trial_until));
    if (step->fell && step->fell[0])
        json_object_set_new(record, "fell", json_string(step->fell));
    return record;
}

static void propose(struct agent *agent, struct instant now, const struct step *step)
{
    json_t *patch = patch_new(agent);

    patch_set(json_object_get(patch, "set"), KEY_COROSYNC, "", record_of(agent, step));
    if (step->words[0])
        json_array_append_new(
            json_object_get(patch, "changes"),
            json_pack("{s:s,s:s,s:{s:s}}", "from", "", "to",
                      step->problem && step->problem[0] ? "corosync unchanged" : "corosync changed",
                      "why", "text", step->words));
    patch_propose(agent, now, patch, 0);
}

static bool has_vote(const struct corosync_conf *conf, const char *name)
{
    int at = corosync_conf_find(conf, name);

    return at >= 0 && conf->nodes[at].votes > 0;
}

static struct step step_now(const struct cluster *cluster)
{
    return (struct step){.phase = "",
                         .conf = &cluster->active,
                         .next = &cluster->next,
                         .next_id = cluster->next_id,
                         .guest = cluster->guest,
                         .guest_until = cluster->guest_until,
                         .trial_until = cluster->trial_until,
                         .fell = cluster->fell};
}

/* ---- the steps ------------------------------------------------------------------------------- */

static uint32_t id_after(const struct corosync_conf *conf, uint32_t next_id)
{
    uint32_t last = conf->n_nodes ? conf->nodes[conf->n_nodes - 1].nodeid : 0;

    return last >= next_id ? last + 1 : next_id;
}

bool cluster_may_change(struct agent *agent, struct instant now, struct err *err)
{
    if (agent->cluster->phase != PHASE_NONE)
        return err_set(err, "another change of corosync.conf is under way");
    return all_are_here(agent, now, err);
}

static bool offer(struct agent *agent, struct instant now)
{
    struct cluster *cluster = agent->cluster;
    struct corosync_conf *wanted = xcalloc(1, sizeof(*wanted));
    struct corosync_conf *next = xcalloc(1, sizeof(*next));
    struct corosync_presence presence;
    struct step step = step_now(cluster);
    struct err words = {{0}};
    bool goes_on = false;

    conf_of_policy(cluster, agent->knowledge.policy, wanted);
    look_around(agent, now, &presence);
    if (corosync_conf_step(&cluster->active, wanted, &presence, next, &words) == CONF_NEXT &&
        corosync_conf_is_good(next, &words) && all_are_here(agent, now, &words)) {
        step.phase = "offered";
        step.next = next;
        step.next_id = id_after(next, cluster->next_id);
        propose(agent, now, &step);
        goes_on = true;
    }
    text_copy(cluster->waits, sizeof(cluster->waits), words.text);
    free(wanted);
    free(next);
    return goes_on;
}

static bool undo(struct agent *agent, struct instant now, const char *words)
{
    struct step step = step_now(agent->cluster);
    struct text text;

    step.problem = words;
    text_init(&text, step.words, sizeof(step.words));
    text_add(&text, "version %llu was not put into force: %s",
             (unsigned long long)agent->cluster->next.version, words);
    propose(agent, now, &step);
    return true;
}

/* All have it on disk beside the old one; or somebody cannot, and nobody has done anything. */
static bool when_offered(struct agent *agent, struct instant now)
{
    struct cluster *cluster = agent->cluster;
    struct step step = step_now(cluster);
    struct err words = {{0}};
    const char *slow = NULL;

    if (!all_are_here(agent, now, &words)) {
        char gone[sizeof(words.text)];

        text_copy(gone, sizeof(gone), words.text);
        return undo(agent, now, gone);
    }
    for (int i = 0; i < cluster->active.n_nodes; i++) {
        const struct corosync_node *node = &cluster->active.nodes[i];
        const struct conf_said *said = cluster_said(agent, node->nodeid);
        char problem[sizeof(said->problem) + NODE_NAME_MAX + 8];

        if (!is_wanted(agent, node->name) || said->accepted == cluster->next.version)
            continue;
        slow = node->name;
        if (!said->problem[0] || said->about != cluster->next.version)
            continue;
        snprintf(problem, sizeof(problem), "node %s: %s", node->name, said->problem);
        return undo(agent, now, problem);
    }
    if (slow && agent_wall_ms() - cluster->since < ACCEPT_MS)
        return false;
    if (slow) {
        char late[NODE_NAME_MAX + 64];

        snprintf(late, sizeof(late), "node %s did not accept it in time", slow);
        return undo(agent, now, late);
    }
    if (!agent_is_durable(agent))
        return false;
    step.phase = "switching";
    propose(agent, now, &step);
    return true;
}

static void reload(struct agent *agent, struct instant now)
{
    struct cluster *cluster = agent->cluster;

    if (!instant_reached(now, cluster->reload_at) || conf_file_is_busy(cluster->file))
        return;
    cluster->reload_at = instant_after(now, duration_ms(RELOAD_EVERY_MS));
    conf_file_do(cluster->file, CONF_RELOAD, NULL, NULL);
}

/* How far those are who are here: 0: somebody's file is not in place; 1: all are; 2: all run it. */
static int progress_of(struct agent *agent, struct instant now, struct err *words)
{
    struct cluster *cluster = agent->cluster;
    struct corosync_presence presence;
    int progress = 2;

    look_around(agent, now, &presence);
    for (int i = 0; i < cluster->active.n_nodes; i++) {
        const struct corosync_node *node = &cluster->active.nodes[i];
        const struct conf_said *said = cluster_said(agent, node->nodeid);

        /* Who is taken out would lose the others while it reads the new one: it need not. */
        if (!node_in(presence.here, (node_id)i))
            continue;
        if (said->file != cluster->next.version) {
            err_set(words, "node %s: %s", node->name,
                    said->problem[0] ? said->problem : "its file is not in place yet");
            progress = 0;
        } else if (said->running != cluster->next.version && progress == 2) {
            err_set(words, "node %s: its corosync has not read the file yet", node->name);
            progress = 1;
        }
    }
    return progress;
}

static bool when_switching(struct agent *agent, struct instant now)
{
    struct cluster *cluster = agent->cluster;
    struct step step = step_now(cluster);
    struct err words = {{0}};
    struct text text;
    int progress = progress_of(agent, now, &words);

    text_copy(cluster->waits, sizeof(cluster->waits), words.text);
    /* Those apart have the file and read it; they are not here before they count alike. */
    if (progress > 0 && (progress == 1 || agent->status.apart))
        reload(agent, now);
    if (progress < 2 || agent->status.apart || !agent_is_durable(agent))
        return false;
    step.conf = &cluster->next;
    if (has_vote(&cluster->next, cluster->guest))
        step.guest = "";
    step.next_id = id_after(&cluster->next, cluster->next_id);
    text_init(&text, step.words, sizeof(step.words));
    text_add(&text, "every node's corosync runs with version %llu of its configuration",
             (unsigned long long)cluster->next.version);
    propose(agent, now, &step);
    return true;
}

/* Those who count votes otherwise missed a change: they are sent the record, and read the file. */
static void call_those_apart(struct agent *agent, struct instant now)
{
    struct cluster *cluster = agent->cluster;
    const json_t *record = json_object_get(member_records(agent->member), KEY_COROSYNC);
    autojson *message = NULL;

    if (!agent->status.apart || !record || !instant_reached(now, cluster->reload_at))
        return;
    message = json_pack("{s:s,s:O}", "kind", "corosync", "record", record);
    member_tell(agent->member, message, NULL);
    if (cluster->phase != PHASE_OFFERED)
        reload(agent, now);
}

/* The record as it is, to be changed in one point. */
static struct step step_as_it_is(const struct cluster *cluster)
{
    static const char *const phases[] = {"", "offered", "switching"};
    struct step step = step_now(cluster);

    step.phase = phases[cluster->phase];
    step.problem = cluster->problem;
    return step;
}

json_t *cluster_record_with_witness(const struct agent *agent, int64_t trial_until,
                                    const char *fell)
{
    struct step step = step_as_it_is(agent->cluster);

    /* What was in the way of another change says nothing about this one. */
    step.problem = "";
    step.trial_until = trial_until;
    step.fell = fell;
    return record_of(agent, &step);
}

json_t *cluster_record_with_guest(const struct agent *agent, const char *guest)
{
    struct step step = step_as_it_is(agent->cluster);

    step.guest = guest;
    step.guest_until = agent_wall_ms() + GUEST_MS;
    return record_of(agent, &step);
}

/* Nobody came, or somebody was killed on the way: as it was before the invitation. */
static bool see_guest_off(struct agent *agent, struct instant now)
{
    const struct cluster *cluster = agent->cluster;
    autojson *push = NULL;
    json_t *problem = NULL, *patch;

    if (!cluster->guest[0] || agent_wall_ms() < cluster->guest_until ||
        has_vote(&cluster->active, cluster->guest))
        return false;
    log_warning("node %s was to join, and was not here in time: it is taken out again",
                cluster->guest);
    push = json_pack("{s:s,s:s,s:s,s:s}", "kind", "push", "what", "withdraw", "node",
                     cluster->guest, "author", "tenuto");
    patch = change_patch(agent, now, push, &problem);
    if (!patch) {
        /* It runs services by now, say: then it stays, and nobody is waited for any more. */
        json_decref(problem);
        patch = patch_new(agent);
        patch_set(json_object_get(patch, "set"), KEY_COROSYNC, "",
                  cluster_record_with_guest(agent, ""));
    }
    patch_propose(agent, now, patch, 0);
    return true;
}

bool cluster_decide(struct agent *agent, struct instant now)
{
    struct cluster *cluster = agent->cluster;
    bool is_tried_too_soon = cluster->problem[0] && agent_wall_ms() - cluster->since < AGAIN_MS;
    bool goes_on = false;

    if (!cluster->is_managed || !agent->knowledge.policy)
        return false;
    call_those_apart(agent, now);
    switch (cluster->phase) {
    case PHASE_NONE:
        goes_on = see_guest_off(agent, now) || cluster_try_witness(agent, now) ||
                  (!is_tried_too_soon && offer(agent, now));
        break;
    case PHASE_OFFERED: goes_on = when_offered(agent, now); break;
    case PHASE_SWITCHING: goes_on = when_switching(agent, now); break;
    }
    return goes_on;
}

struct instant cluster_wake(const struct agent *agent, struct instant now)
{
    const struct cluster *cluster = agent->cluster;

    if (!cluster->is_managed)
        return INSTANT_NEVER;
    if (cluster->phase != PHASE_NONE || agent->status.apart)
        return instant_after(now, duration_ms(LOOK_AGAIN_MS));
    return cluster->waits[0] || cluster->problem[0] || cluster->guest[0] || cluster->trial_until
               ? instant_after(now, duration_ms(LOOK_SELDOM_MS))
               : INSTANT_NEVER;
}

/* ---- for people ------------------------------------------------------------------------------ */

json_t *cluster_adopt(struct agent *agent, struct err *err)
{
    struct corosync_conf *conf = xcalloc(1, sizeof(*conf));
    struct corosync_conf *next = xcalloc(1, sizeof(*next));
    json_t *record = NULL;

    if (agent->cluster->is_managed) {
        err_set(err, "corosync.conf is written from the policy already");
    } else if (membership_read_conf(conf, err)) {
        *next = *conf;
        next->version++;
        record = record_of(agent, &(struct step){.phase = "offered",
                                                 .conf = conf,
                                                 .next = next,
                                                 .next_id = id_after(conf, 1)});
    }
    free(conf);
    free(next);
    return record;
}

static const char *drifted_node(const struct agent *agent)
{
    for (node_id at = 0; agent->member && at < agent->roster.n_nodes; at++) {
        if (node_in(agent->status.agents, at) &&
            cluster_said(agent, agent->roster.nodes[at].nodeid)->is_drifted)
            return agent->roster.nodes[at].name;
    }
    return NULL;
}

json_t *cluster_row(const struct agent *agent)
{
    const struct cluster *cluster = agent->cluster;
    const char *drifted = drifted_node(agent), *state = "agreed", *problem = cluster->problem;
    char words[256] = "";
    struct text text;

    if (!cluster->is_managed)
        return json_null();
    text_init(&text, words, sizeof(words));
    if (cluster->phase != PHASE_NONE) {
        state = "changing";
        text_add(&text, "version %llu is %s%s%s", (unsigned long long)cluster->next.version,
                 cluster->phase == PHASE_OFFERED ? "being written on every node"
                                                 : "taking the place of the one before",
                 cluster->waits[0] ? "; " : "", cluster->waits);
    } else if (drifted) {
        state = "drifted";
        text_add(&text,
                 "node %s has another corosync.conf than was agreed on: somebody changed "
                 "it by hand",
                 drifted);
    } else if (problem[0] || cluster->waits[0]) {
        state = "waits";
        text_add(&text, "a change waits: %s", problem[0] ? problem : cluster->waits);
    }
    return json_pack("{s:I,s:s,s:s,s:s}", "version", (json_int_t)cluster->active.version, "state",
                     state, "words", words, "cluster", cluster->active.cluster);
}
