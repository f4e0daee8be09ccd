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

void branches_notice(struct agent *agent, const json_t *patches, int64_t stamp)
{
    json_t *branch = store_branch_of(patches, stamp);

    store_keep_branch(agent->store, patches, stamp);
    log_warning("versions %lld to %lld were in force here, and the others went on without them: "
                "services are as the others have them; policies among them are listed by "
                "\"tenuto policy history\"",
                (long long)json_int(branch, "first", 0), (long long)json_int(branch, "last", 0));
    json_array_insert_new(agent->branches, 0, branch);
    while (json_array_size(agent->branches) > BRANCHES_KEPT_MAX)
        json_array_remove(agent->branches, BRANCHES_KEPT_MAX);
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
                                json_sprintf("(a branch: the others went on without it)%s%s",
                                             message[0] ? " " : "", message),
                                "branch", 1, "text", json_text(policy, "text", "")));
        }
    }
    return rows;
}
