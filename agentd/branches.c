/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Branches: noticed when the records are replaced, kept in the store, said; see branches.h. */
#include "agentd/branches.h"

#include "agentd/agent.h"
#include "ha/base/limits.h"
#include "ha/base/log.h"

void branches_open(struct agent *agent)
{
    struct err err = {{0}};

    agent->branches = store_branches(agent->store, &err);
    if (!agent->branches) {
        log_warning("%s", err.text);
        agent->branches = json_array();
    }
}

/* What to do about it follows from whether a policy is among them. */
static json_t *event_of(const struct agent *agent, const json_t *branch)
{
    const json_t *policies = json_object_get(branch, "policies");
    const json_t *newest = json_array_get(policies, json_array_size(policies) - 1);
    int64_t policy = json_int(newest, "version", 0);
    const char *node = agent->member ? agent->roster.nodes[agent->roster.self].name : "this node";
    json_t *why =
        policy ? json_sprintf("%s was cut off and went on by itself; the others did too, and "
                              "theirs is kept. Version %lld of the policy is not in force: "
                              "on %s \"tenuto policy diff %lld@branch\" says what it "
                              "changed, \"tenuto policy show %lld@branch\" prints it; push "
                              "what is still wanted",
                              node, (long long)policy, node, (long long)policy, (long long)policy)
               : json_sprintf("%s was cut off and went on by itself; the others did too, and "
                              "theirs is kept. Look whether services run where you want "
                              "them, and ask again for what was asked on %s meanwhile",
                              node, node);

    return json_pack(
        "{s:I,s:I,s:s,s:s,s:s,s:s,s:s,s:o,s:s}", "at", (json_int_t)json_int(branch, "stamp", 0),
        "version", (json_int_t)json_int(branch, "last", 0), "kind", "cluster", "subject", "history",
        "from", "in force", "to", "set aside", "node", node, "why", why, "code", "BRANCH");
}

void branches_events(const struct agent *agent, int64_t from_ms, int64_t until_ms, json_t *rows)
{
    json_t *branch;
    size_t i;

    json_array_foreach(agent->branches, i, branch)
    {
        int64_t at = json_int(branch, "stamp", 0);
        size_t place = json_array_size(rows);

        if (at < from_ms || (until_ms > 0 && at >= until_ms))
            continue;
        while (place > 0 && json_int(json_array_get(rows, place - 1), "at", 0) > at)
            place--;
        json_array_insert_new(rows, place, event_of(agent, branch));
    }
}

json_t *branches_policy(const struct agent *agent, int64_t version)
{
    json_t *branch, *policy;
    size_t i, k;

    json_array_foreach(agent->branches, i, branch)
    {
        json_array_foreach(json_object_get(branch, "policies"), k, policy)
        {
            if (json_int(policy, "version", 0) == version)
                return json_incref(policy);
        }
    }
    return NULL;
}

json_t *branches_notice(struct agent *agent, const json_t *patches, int64_t stamp)
{
    json_t *branch = store_branch_of(patches, stamp);
    json_t *event = event_of(agent, branch);

    store_keep_branch(agent->store, patches, stamp);
    log_warning("versions %lld to %lld were in force here, and the others went on without them: "
                "services are as the others have them; policies among them are listed by "
                "\"tenuto policy history\"",
                (long long)json_int(branch, "first", 0), (long long)json_int(branch, "last", 0));
    json_array_insert_new(agent->branches, 0, branch);
    while (json_array_size(agent->branches) > BRANCHES_KEPT_MAX)
        json_array_remove(agent->branches, BRANCHES_KEPT_MAX);
    return event;
}

json_t *branches_row(const struct agent *agent)
{
    json_t *rows = json_array(), *branch;
    size_t i;

    json_array_foreach(agent->branches, i, branch)
    {
        json_t *versions = json_array(), *policy;
        size_t k;

        json_array_foreach(json_object_get(branch, "policies"), k, policy)
            json_array_append_new(versions, json_integer(json_int(policy, "version", 0)));
        json_array_append_new(
            rows, json_pack("{s:I,s:I,s:I,s:o}", "first", (json_int_t)json_int(branch, "first", 0),
                            "last", (json_int_t)json_int(branch, "last", 0), "at",
                            (json_int_t)json_int(branch, "stamp", 0), "policies", versions));
    }
    return rows;
}

json_t *branches_policies(const struct agent *agent)
{
    json_t *rows = json_array(), *branch;
    size_t i;

    json_array_foreach(agent->branches, i, branch)
    {
        json_t *policy;
        size_t k;

        json_array_foreach(json_object_get(branch, "policies"), k, policy)
        {
            const char *message = json_text(policy, "message", "");

            json_array_append_new(
                rows, json_pack("{s:I,s:I,s:s,s:o,s:b,s:s}", "version",
                                (json_int_t)json_int(policy, "version", 0), "at",
                                (json_int_t)json_int(policy, "stamp", 0), "author",
                                json_text(policy, "author", ""), "message",
                                json_sprintf(
                                    "(a branch: not in force; tenuto policy diff %lld@branch)%s%s",
                                    (long long)json_int(policy, "version", 0),
                                    message[0] ? " " : "", message),
                                "branch", 1, "text", json_text(policy, "text", "")));
        }
    }
    return rows;
}
