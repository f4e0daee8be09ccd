/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verbs of a cluster's life. What changes it goes the way of a push: the leader decides on the
 * policy's text and the record of corosync.conf in one patch, or refuses with words.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentd/agent.h"
#include "agentd/call.h"
#include "agentd/cluster.h"
#include "agentd/control_server.h"
#include "agentd/requests.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "quorum/wire.h"

#define DRAFT_BYTES 4096

static void ask_leader(const struct call *call, const char *what, const char *node)
{
    struct err err = {{0}};
    const char *addresses = call_argument(call, 1);
    json_t *body =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:b}", "kind", "push", "what", what, "author",
                  session_user(call->session), "node", node ? node : "", "addresses",
                  addresses ? addresses : "", "dry", (int)json_flag(call->request, "dry", false));
    int code;

    if (!requests_send(call->agent, call->session, call->id, body, &code, &err))
        session_error(call->session, call->id, code, "tenuto cluster status shows who is here",
                      "nothing was changed: %s", err.text);
    json_decref(body);
}

void verb_cluster_adopt(const struct call *call)
{
    ask_leader(call, "adopt", "");
}

void verb_cluster_remove(const struct call *call)
{
    ask_leader(call, "remove", call_argument(call, 0));
}

void verb_cluster_admit(const struct call *call)
{
    ask_leader(call, "join", call_argument(call, 0));
}

void verb_cluster_withdraw(const struct call *call)
{
    ask_leader(call, "withdraw", call_argument(call, 0));
}

/* This node goes: the step of "cluster leave" that needs the others. */
void verb_cluster_depart(const struct call *call)
{
    ask_leader(call, "leave", agent_node(call->agent));
}

static void ask_for_witness(const struct call *call, const char *what)
{
    const char *host = call_argument(call, 0), *algorithm = call_argument(call, 1);
    struct err err = {{0}};
    json_t *body =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:b}", "kind", "push", "what", what, "author",
                  session_user(call->session), "node", host ? host : "", "algorithm",
                  algorithm ? algorithm : "", "bundle", json_text(call->request, "bundle", ""),
                  "dry", (int)json_flag(call->request, "dry", false));
    int code;

    if (!requests_send(call->agent, call->session, call->id, body, &code, &err))
        session_error(call->session, call->id, code, "tenuto cluster status shows who is here",
                      "nothing was changed: %s", err.text);
    json_decref(body);
}

void verb_witness_admit(const struct call *call)
{
    ask_for_witness(call, "witness add");
}

void verb_witness_dismiss(const struct call *call)
{
    ask_for_witness(call, "witness remove");
}

/* ---- the first node -------------------------------------------------------------------------- */

static bool is_free(const struct agent *agent, struct err *err)
{
    if (agent->group)
        return err_set(err, "corosync runs on this node, so it is in a cluster already");
    if (access(agent->settings.corosync, F_OK) == 0)
        return err_set(err, "%s is there, so this node is in a cluster already",
                       agent->settings.corosync);
    if (agent->knowledge.policy || agent->status.head.version > 0)
        return err_set(err, "this agent remembers a cluster: stop it, move %s away, start it again",
                       agent->settings.store);
    return true;
}

static bool draft_conf(const char *cluster, const char *node, const char *addresses,
                       struct corosync_conf *conf, struct err *err)
{
    struct timing timing = timing_of_network("lan", duration_ms(0), duration_ms(0));
    struct corosync_node *self;

    conf->version = 1;
    conf->token_ms = timing.token.ms;
    conf->coefficient_ms = timing.coefficient.ms;
    if (!text_copy(conf->cluster, sizeof(conf->cluster), cluster) || !node_name_is_valid(cluster))
        return err_set(err,
                       "\"%s\" is no name for a cluster: a letter, then letters, digits, '-', "
                       "'_' or '.'",
                       cluster);
    if (!node_name_is_valid(node))
        return err_set(err, "this host is called \"%s\", which is no name for a node", node);
    self = corosync_conf_add(conf, 1, node);
    self->votes = 1;
    while (*addresses) {
        size_t length = strcspn(addresses, ",");

        if (self->n_addresses == LINKS_MAX || length == 0 || length >= CONF_ADDRESS_MAX)
            return err_set(err, "addresses are written A,B: at most %d", LINKS_MAX);
        memcpy(self->addresses[self->n_addresses++], addresses, length);
        addresses += length + (addresses[length] == ',');
    }
    return corosync_conf_is_good(conf, err);
}

static void draft_policy(const struct agent *agent, const struct corosync_conf *conf,
                         struct text *text)
{
    const struct corosync_node *self = &conf->nodes[0];
    const char *watchdog = agent->settings.watchdog;
    bool has_watchdog =
        access(strncmp(watchdog, "unix:", 5) == 0 ? watchdog + 5 : watchdog, F_OK) == 0;

    text_add(text, "cluster %s { network lan }\n\nnode %s {\n    address ", conf->cluster,
             self->name);
    for (int i = 0; i < self->n_addresses; i++)
        text_add(text, "%s%s", i ? ", " : "", self->addresses[i]);
    text_add(text, "\n    cpus %ld\n    memory %lldM\n}\n\n", sysconf(_SC_NPROCESSORS_ONLN),
             (long long)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / (1024 * 1024));
    if (has_watchdog)
        text_add(text, "fencing { watchdog 5s }\n");
    else
        text_add(text,
                 "# This node has no watchdog (%s is not there), and without one no service "
                 "is started.\n",
                 watchdog);
}

/* What a cluster of this node alone would begin with; nothing is changed. */
void verb_cluster_draft(const struct call *call)
{
    const struct agent *agent = call->agent;
    const char *cluster = call_argument(call, 0), *addresses = call_argument(call, 1);
    struct corosync_conf *conf = xcalloc(1, sizeof(*conf));
    char *file = xcalloc(1, CONF_TEXT_MAX), *policy = xcalloc(1, DRAFT_BYTES);
    char node[256] = "";
    struct text file_text, policy_text;
    struct err err = {{0}};

    gethostname(node, sizeof(node) - 1);
    node[strcspn(node, ".")] = '\0';
    text_init(&file_text, file, CONF_TEXT_MAX);
    text_init(&policy_text, policy, DRAFT_BYTES);
    if (!is_free(agent, &err) ||
        !draft_conf(cluster ? cluster : "", node, addresses ? addresses : "", conf, &err)) {
        session_error(call->session, call->id, CONTROL_EXIT_REFUSED, "nothing was changed", "%s",
                      err.text);
    } else {
        corosync_conf_text(conf, &file_text);
        draft_policy(agent, conf, &policy_text);
        session_row(call->session, call->id,
                    json_pack("{s:s,s:s,s:s,s:s,s:s,s:[i,i]}", "node", node, "conf", file, "policy",
                              policy, "store", agent->settings.store, "corosync",
                              agent->settings.corosync, "protocol", wire_major, wire_minor));
        session_done(call->session, call->id, NULL);
    }
    free(conf);
    free(file);
    free(policy);
}
