/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A node's part in changes of corosync.conf: the record, the file, and what it says of both. */
#include "agentd/cluster.h"

#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "ha/base/json.h"
#include "ha/base/log.h"

/* A file that somebody changed by hand is noticed within this time. */
#define LOOK_EVERY_MS 10000
/* A witness that does not vote here any more, as votequorum knows at once. */
#define LOOK_WITNESS_MS 1000
/* What could not be written is tried again: a full disk is mended by somebody. */
#define RETRY_MS 1000
/* A corosync that is away for so long may run into the version of its old file at every start. */
#define AWAY_MS 15000

static void conf_done(void *context)
{
    struct agent *agent = context;
    const struct cluster *cluster = agent->cluster;

    if (conf_file_problem(cluster->file)[0])
        log_warning("corosync.conf: %s", conf_file_problem(cluster->file));
}

struct cluster *cluster_new(struct agent *agent, struct err *err)
{
    struct cluster *cluster = xcalloc(1, sizeof(*cluster));

    cluster->active_text = xstrdup("");
    cluster->next_text = xstrdup("");
    cluster->lost_at = INSTANT_NEVER;
    cluster->off_at = INSTANT_NEVER;
    cluster->file = conf_file_new(agent->loop, agent->settings.corosync, conf_done, agent, err);
    if (cluster->file)
        return cluster;
    cluster_free(cluster);
    return NULL;
}

void cluster_free(struct cluster *cluster)
{
    if (!cluster)
        return;
    conf_file_free(cluster->file);
    free(cluster->active_text);
    free(cluster->next_text);
    free(cluster);
}

/* ---- the record ------------------------------------------------------------------------------ */

static char *text_of(const struct corosync_conf *conf)
{
    char *buffer = xcalloc(1, CONF_TEXT_MAX);
    struct text text;

    text_init(&text, buffer, CONF_TEXT_MAX);
    corosync_conf_text(conf, &text);
    return buffer;
}

static bool read_record(struct cluster *cluster, const json_t *record, struct err *err)
{
    const char *phase = json_text(record, "phase", "");

    cluster->phase = strcmp(phase, "offered") == 0     ? PHASE_OFFERED
                     : strcmp(phase, "switching") == 0 ? PHASE_SWITCHING
                                                       : PHASE_NONE;
    cluster->next_id = (uint32_t)json_int(record, "next_id", 1);
    cluster->since = json_int(record, "since", 0);
    text_copy(cluster->problem, sizeof(cluster->problem), json_text(record, "problem", ""));
    text_copy(cluster->guest, sizeof(cluster->guest), json_text(record, "guest", ""));
    cluster->guest_until = json_int(record, "until", 0);
    cluster->trial_until = json_int(record, "trial", 0);
    text_copy(cluster->fell, sizeof(cluster->fell), json_text(record, "fell", ""));
    if (!corosync_conf_read(json_object_get(record, "conf"), &cluster->active, err))
        return false;
    free(cluster->active_text);
    cluster->active_text = text_of(&cluster->active);
    if (cluster->phase != PHASE_SWITCHING)
        cluster->reload_at = INSTANT_UNKNOWN;
    if (cluster->phase == PHASE_NONE)
        return true;
    if (!corosync_conf_read(json_object_get(record, "next"), &cluster->next, err))
        return false;
    free(cluster->next_text);
    cluster->next_text = text_of(&cluster->next);
    return true;
}

void cluster_take_record(struct agent *agent, const json_t *record)
{
    struct cluster *cluster = agent->cluster;
    const char *text = json_string_value(record);
    struct err err = {{0}};
    autojson *value = text ? json_read(text, strlen(text), &err) : NULL;

    cluster->is_managed = value && read_record(cluster, value, &err);
    cluster->waits[0] = '\0';
    if (text && !cluster->is_managed)
        log_error("the record of corosync.conf cannot be read, and this node leaves its file as "
                  "it is: %s",
                  err.text);
    agent->must_decide = true;
}

/* ---- what is told ---------------------------------------------------------------------------- */

static struct conf_said *said_by(struct cluster *cluster, uint32_t nodeid)
{
    struct conf_said *empty = NULL;

    for (int i = 0; i < NODES_MAX; i++) {
        if (cluster->said[i].nodeid == nodeid)
            return &cluster->said[i];
        if (!empty && cluster->said[i].nodeid == 0)
            empty = &cluster->said[i];
    }
    /* Who is in no list any more makes room. */
    if (!empty)
        empty = &cluster->said[nodeid % NODES_MAX];
    *empty = (struct conf_said){.nodeid = nodeid};
    return empty;
}

static void take_said(struct conf_said *said, const json_t *message)
{
    said->accepted = (uint64_t)json_int(message, "accepted", 0);
    said->file = (uint64_t)json_int(message, "file", 0);
    said->running = (uint64_t)json_int(message, "running", 0);
    said->about = (uint64_t)json_int(message, "about", 0);
    said->is_drifted = json_flag(message, "drifted", false);
    said->witness = witness_of_word(json_text(message, "witness", ""));
    text_copy(said->problem, sizeof(said->problem), json_text(message, "problem", ""));
}

void cluster_message(struct agent *agent, node_id from, const json_t *message)
{
    struct cluster *cluster = agent->cluster;

    if (json_object_get(message, "record")) {
        /* Somebody counts votes otherwise than the one who leads. If it is us, we are behind. */
        if (!agent->status.is_in_sync)
            cluster_take_record(agent, json_object_get(message, "record"));
        return;
    }
    take_said(said_by(cluster, agent->roster.nodes[from].nodeid), message);
    agent->must_decide = true;
}

void cluster_say_again(struct agent *agent)
{
    agent->cluster->said_at = INSTANT_UNKNOWN;
}

void cluster_reloaded(struct agent *agent)
{
    if (!membership_read_version(&agent->cluster->running, NULL))
        agent->cluster->running = 0;
}

static void say(struct agent *agent, struct instant now)
{
    struct cluster *cluster = agent->cluster;
    struct conf_said said = {0};
    autojson *message = NULL;

    said.file = corosync_conf_version(conf_file_text(cluster->file));
    said.running = cluster->running;
    if (cluster->phase == PHASE_OFFERED &&
        strcmp(conf_file_staged(cluster->file), cluster->next_text) == 0)
        said.accepted = cluster->next.version;
    said.is_drifted = cluster->phase == PHASE_NONE && said.file == cluster->active.version &&
                      strcmp(conf_file_text(cluster->file), cluster->active_text) != 0;
    said.about = cluster->tried;
    said.witness = conf_file_witness(cluster->file);
    text_copy(said.problem, sizeof(said.problem), conf_file_problem(cluster->file));
    if (!agent->status.is_in_sync ||
        (memcmp(&said, &cluster->own, sizeof(said)) == 0 && cluster->said_at.ms))
        return;
    message = json_pack("{s:s,s:I,s:I,s:I,s:I,s:s,s:b,s:s}", "kind", "corosync", "accepted",
                        (json_int_t)said.accepted, "file", (json_int_t)said.file, "running",
                        (json_int_t)said.running, "about", (json_int_t)said.about, "problem",
                        said.problem, "drifted", (int)said.is_drifted, "witness",
                        witness_word(said.witness));
    if (said.is_drifted && !cluster->own.is_drifted)
        log_warning("%s is not what the cluster agreed on: somebody changed it by hand",
                    agent->settings.corosync);
    if (!member_tell(agent->member, message, NULL))
        return;
    cluster->own = said;
    cluster->said_at = now;
}

/* ---- the file -------------------------------------------------------------------------------- */

static const struct corosync_node *own_node(const struct agent *agent,
                                            const struct corosync_conf *conf)
{
    int at = corosync_conf_find(conf, agent_node(agent));

    return at < 0 ? NULL : &conf->nodes[at];
}

/*
 * corosync does not come up, and a file was staged that may be in force on all other nodes by now:
 * with the old one it would end itself each time that it meets them.
 */
static bool may_have_missed_the_switch(struct agent *agent, struct instant now)
{
    struct cluster *cluster = agent->cluster;

    if (agent->group)
        cluster->lost_at = INSTANT_NEVER;
    else if (cluster->lost_at.ms == INSTANT_NEVER.ms)
        cluster->lost_at = now;
    return instant_reached(now, instant_after(cluster->lost_at, duration_ms(AWAY_MS))) &&
           corosync_conf_version(conf_file_staged(cluster->file)) >
               corosync_conf_version(conf_file_text(cluster->file));
}

/*
 * What a witness of the list in force, or of the next one, needs here. Its certificates are a
 * record of their own; they are there as long as the policy names a witness.
 */
static void tell_witness(struct agent *agent)
{
    struct cluster *cluster = agent->cluster;
    const struct corosync_device *device =
        cluster->phase == PHASE_OFFERED ? &cluster->next.device : &cluster->active.device;
    const char *bundle =
        json_string_value(json_object_get(member_records(agent->member), KEY_WITNESS));

    conf_file_set_witness(
        cluster->file,
        &(struct conf_witness){.host = device->host,
                               .bundle = bundle ? bundle : "",
                               .nodeid = agent->roster.nodes[agent->roster.self].nodeid});
}

/* At once where it never ran; else only when votequorum has noticed that it was away. */
static bool may_start_witness(struct cluster *cluster, struct instant now)
{
    if (cluster->trial_until && !cluster->has_voted)
        return true;
    if (cluster->off_at.ms == INSTANT_NEVER.ms)
        cluster->off_at = now;
    return instant_reached(now, instant_after(cluster->off_at, duration_ms(WITNESS_PAUSE_MS)));
}

/*
 * corosync-qdevice runs as long as the list in force has a witness, and starts anew where another
 * of its settings changed: it reads the votes again by itself, and no more than that.
 */
static bool serve_witness(struct agent *agent, struct instant now)
{
    struct cluster *cluster = agent->cluster;
    const struct corosync_device *device = &cluster->active.device;
    struct corosync_device *served = &cluster->served;
    bool is_other = served->host[0] &&
                    (strcmp(served->host, device->host) != 0 || served->is_lms != device->is_lms ||
                     served->tie_node != device->tie_node);

    if (cluster->phase != PHASE_NONE || cluster->running != cluster->active.version)
        return false;
    if (conf_file_witness(cluster->file) > WITNESS_OFF) {
        cluster->has_voted = true;
        cluster->off_at = INSTANT_NEVER;
    }
    if (!device->host[0]) {
        cluster->has_voted = false;
        if (!conf_file_has_witness(cluster->file))
            return false;
        memset(served, 0, sizeof(*served));
        conf_file_do(cluster->file, CONF_WITNESS_OFF, NULL, NULL);
        return true;
    }
    if (!json_object_get(member_records(agent->member), KEY_WITNESS) ||
        (!is_other && conf_file_has_witness(cluster->file) &&
         conf_file_witness(cluster->file) != WITNESS_OFF)) {
        *served = *device;
        return false;
    }
    if (!is_other && !may_start_witness(cluster, now))
        return false;
    conf_file_do(cluster->file, is_other ? CONF_WITNESS_AGAIN : CONF_WITNESS_ON, NULL, NULL);
    *served = *device;
    return true;
}

/* The next deed on this node's disk; false: nothing is to be done. */
static bool act(struct agent *agent, struct instant now)
{
    struct cluster *cluster = agent->cluster;
    struct conf_file *file = cluster->file;
    const char *text = conf_file_text(file), *staged = conf_file_staged(file);

    cluster->tried = cluster->phase == PHASE_NONE ? cluster->active.version : cluster->next.version;
    if (may_have_missed_the_switch(agent, now)) {
        log_warning("corosync does not come up with the old %s; the one that was to follow takes "
                    "its place",
                    agent->settings.corosync);
        conf_file_do(file, CONF_SWITCH, staged, NULL);
    } else if (cluster->phase == PHASE_OFFERED && strcmp(staged, cluster->next_text) != 0) {
        conf_file_do(file, CONF_STAGE, cluster->next_text, own_node(agent, &cluster->next));
    } else if (cluster->phase == PHASE_SWITCHING && strcmp(text, cluster->next_text) != 0) {
        conf_file_do(file, CONF_SWITCH, cluster->next_text, NULL);
    } else if (cluster->phase == PHASE_NONE &&
               corosync_conf_version(text) < cluster->active.version) {
        log_warning("%s is of an earlier version and is replaced", agent->settings.corosync);
        conf_file_do(file, CONF_SWITCH, cluster->active_text, NULL);
    } else if (cluster->phase == PHASE_NONE && staged[0] && agent->status.is_in_sync) {
        conf_file_do(file, CONF_DISCARD, NULL, NULL);
    } else {
        return serve_witness(agent, now);
    }
    return true;
}

static int look_every_ms(const struct cluster *cluster)
{
    return cluster->active.device.host[0] || cluster->next.device.host[0] ? LOOK_WITNESS_MS
                                                                          : LOOK_EVERY_MS;
}

struct instant cluster_turn(struct agent *agent, struct instant now)
{
    struct cluster *cluster = agent->cluster;

    if (!cluster->is_managed || !agent->member)
        return INSTANT_NEVER;
    if (conf_file_is_busy(cluster->file))
        return INSTANT_NEVER;
    tell_witness(agent);
    if (cluster->look_at.ms == 0) {
        cluster->look_at = now;
        cluster_reloaded(agent);
    }
    /* Before the next deed, which forgets what was in the way of the last one. */
    say(agent, now);
    if (instant_reached(now, cluster->look_at)) {
        cluster->look_at = instant_after(now, duration_ms(look_every_ms(cluster)));
        conf_file_do(cluster->file, CONF_READ, NULL, NULL);
        return cluster->look_at;
    }
    if (conf_file_problem(cluster->file)[0] && cluster->retry_at.ms == 0)
        cluster->retry_at = instant_after(now, duration_ms(RETRY_MS));
    if (instant_reached(now, cluster->retry_at)) {
        cluster->retry_at.ms = 0;
        if (act(agent, now))
            return INSTANT_NEVER;
    }
    return instant_earliest(cluster->look_at, instant_after(now, duration_ms(RETRY_MS)));
}
