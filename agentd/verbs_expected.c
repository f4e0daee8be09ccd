/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "cluster expected": what is asked, what is refused, and what is said of it; see expected.h. */
#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "agentd/call.h"
#include "agentd/cluster.h"
#include "agentd/control_server.h"
#include "agentd/expected.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

/* Which services were last on each node that is away, as far as this node knows. */
static void say_what_ran(const struct agent *agent, node_set away, char *words, size_t size)
{
    const struct ha_state *agreed = agent->knowledge.agreed;
    struct text text;

    text_init(&text, words, size);
    text_add(&text, "as far as this node knows");
    NODE_SET_EACH(at, away)
    {
        bool has_any = false;

        text_add(&text, "; %s ran", agent->roster.nodes[at].name);
        for (service_id id = 0; id < agreed->n_services; id++) {
            if (agent->policy_of[at] == NODE_NONE ||
                agreed->services[id].node != agent->policy_of[at])
                continue;
            text_add(&text, "%s %s", has_any ? "," : "",
                     agent->knowledge.policy->services[id].name);
            has_any = true;
        }
        if (!has_any)
            text_add(&text, " no service");
    }
}

static bool may_begin(const struct agent *agent, struct err *err)
{
    const struct cluster *cluster = agent->cluster;

    if (!agent->group)
        return err_set(err, "corosync does not run on this node: start it first");
    if (agent->status.is_quorate && !expected_is_forced(agent))
        return err_set(err, "this cluster is quorate, so there is nothing to force");
    if (cluster->phase != PHASE_NONE || cluster->guest[0])
        return err_set(err,
                       "a node or a witness is joining or leaving, and votes that change twice "
                       "at a time are not safe: \"tenuto cluster status\" says what it waits "
                       "for");
    return true;
}

static bool read_votes(const char *word, int *votes, struct err *err)
{
    char *rest;
    long number = strtol(word, &rest, 10);

    *votes = (int)number;
    return (number >= 1 && number <= NODES_MAX * NODES_MAX && *rest == '\0' && rest != word) ||
           err_set(err, "\"%s\" is neither a number of votes nor \"normal\"", word);
}

static bool force(const struct call *call, const char *votes, char *ran, size_t size,
                  struct err *err)
{
    struct agent *agent = call->agent;
    struct forced_wish wish = {.configured = expected_configured(agent),
                               .here = agent->status.nodes,
                               .lasts = duration_ms(json_int(call->request, "for", 0))};

    if (!read_votes(votes, &wish.expected, err) || !may_begin(agent, err))
        return false;
    say_what_ran(agent, roster_all(wish.configured) & ~wish.here, ran, size);
    return forced_read_names(wish.configured, json_text(call->request, "off", ""), &wish.off,
                             err) &&
           forced_check(&wish, err) &&
           expected_begin(agent, &wish, session_user(call->session), err);
}

/* As it is kept with the request: who swore what. */
static void answer_change(const struct call *call)
{
    autojson *forced = expected_row(call->agent);
    char words[REASON_TEXT_MAX];
    struct text text;
    json_t *name;
    size_t i;

    text_init(&text, words, sizeof(words));
    if (!json_is_object(forced))
        text_add(&text, "quorum is forced no more: votes count as configured");
    else
        text_add(&text, "quorum is forced for %lld s; by the word of %s these are off:",
                 (long long)(json_int(forced, "until", 0) - json_int(forced, "at", 0)) / 1000,
                 json_text(forced, "by", "?"));
    json_array_foreach(json_object_get(forced, "off"), i, name)
        text_add(&text, " %s", json_string_value(name));
    session_done(call->session, call->id,
                 json_pack("{s:s,s:o}", "words", words, "forced", expected_row(call->agent)));
}

void verb_cluster_expected(const struct call *call)
{
    struct agent *agent = call->agent;
    const char *votes = call_argument(call, 0);
    char ran[4 * REASON_TEXT_MAX] = "nothing was changed";
    struct err err = {{0}};
    bool is_good = true;

    if (votes && strcmp(votes, "normal") == 0) {
        is_good = expected_is_forced(agent) ||
                  err_set(&err, "quorum is not forced: votes count as configured");
        if (is_good)
            expected_end(agent, "an operator ended it");
    } else if (votes) {
        is_good = force(call, votes, ran, sizeof(ran), &err);
    }
    if (!is_good) {
        session_error(call->session, call->id, CONTROL_EXIT_REFUSED, ran, "%s", err.text);
        return;
    }
    if (votes) {
        answer_change(call);
        return;
    }
    session_row(
        call->session, call->id,
        json_pack("{s:i,s:i,s:o}", "configured", expected_configured(agent)->expected_votes,
                  "votes",
                  agent->member ? roster_votes(expected_configured(agent), agent->status.nodes) : 0,
                  "forced", expected_row(agent)));
    session_done(call->session, call->id, NULL);
}
