/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Making and proposing patches; see patch.h. */
#include "agentd/patch.h"

#include <stdlib.h>
#include <string.h>

#include "agentd/agent.h"
#include "ha/base/json.h"
#include "ha/base/log.h"
#include "ha/base/text.h"
#include "ha/model/codec.h"

void patch_set(json_t *set, const char *prefix, const char *name, json_t *value)
{
    char key[SERVICE_NAME_MAX + 16];
    char *text = json_write(value);
    struct text builder;

    text_init(&builder, key, sizeof(key));
    text_add(&builder, "%s%s", prefix, name);
    json_object_set_new(set, key, json_string(text));
    free(text);
    json_decref(value);
}

void patch_delete(json_t *patch, const char *prefix, const char *name)
{
    json_t *delete = json_object_get(patch, "delete");

    if (!delete) {
        delete = json_array();
        json_object_set_new(patch, "delete", delete);
    }
    json_array_append_new(delete, json_sprintf("%s%s", prefix, name));
}

json_t *patch_new(struct agent *agent)
{
    int64_t stamp = agent_wall_ms();

    if (stamp < agent->knowledge.stamp)
        stamp = agent->knowledge.stamp;
    return json_pack("{s:{},s:[],s:I,s:s,s:I}", "set", "changes", "stamp", (json_int_t)stamp, "by",
                     agent_node(agent), "policy", (json_int_t)agent->knowledge.policy_version);
}

/*
 * Members that are not ours, also in the reason, or a reason that is not: few records have any, and
 * only then is the new text read.
 */
static bool has_strangers(const char *key, json_t *record)
{
    json_t *why = json_object_get(record, KEY_WHY), *value;
    const char *member;

    json_object_foreach(record, member, value)
    {
        if (!codec_knows(key, member))
            return true;
    }
    return json_is_object(why) && (reason_of_name(json_text(why, "code", "")) == REASON_CODES ||
                                   has_strangers(KEY_WHY, why));
}

/* The same reason as before, as far as we can read it. */
static bool is_same_reason(const json_t *old, const json_t *new)
{
    enum reason_code code = reason_of_name(json_text(old, "code", ""));
    const char *name = reason_name(code == REASON_CODES ? REASON_FOREIGN : code);

    return strcmp(name, json_text(new, "code", "")) == 0 &&
           strcmp(json_text(old, "text", ""), json_text(new, "text", "")) == 0;
}

/* The record's new text with the members of the old one that are not ours; NULL: there are none. */
static json_t *carried(const char *key, const json_t *old, const json_t *new)
{
    /* Who pushes a policy writes all of its record; it is long, and nothing in it goes on. */
    bool is_whole = strcmp(key, KEY_POLICY) == 0;
    const char *old_text = is_whole ? NULL : json_string_value(old);
    const char *new_text = json_string_value(new);
    autojson *before = old_text ? json_read(old_text, strlen(old_text), NULL) : NULL;
    autojson *after =
        has_strangers(key, before) ? json_read(new_text, strlen(new_text), NULL) : NULL;
    bool is_carried = false;
    const char *member;
    json_t *value, *record;
    char *text;

    if (!json_is_object(after))
        return NULL;
    json_object_foreach(before, member, value)
    {
        const json_t *own = json_object_get(after, member);
        bool is_reason = strcmp(member, KEY_WHY) == 0 && is_same_reason(value, own);

        if (!is_reason && (codec_knows(key, member) || own))
            continue;
        json_object_set(after, member, value);
        is_carried = true;
    }
    if (!is_carried)
        return NULL;
    text = json_write(after);
    record = json_string(text);
    free(text);
    return record;
}

void patch_carry(json_t *patch, const json_t *records)
{
    json_t *set = json_object_get(patch, "set"), *value;
    const char *key;

    json_object_foreach(set, key, value)
    {
        json_t *record = carried(key, json_object_get(records, key), value);

        /* A new value for a key that is there leaves the walk as it is. */
        if (record)
            json_object_set_new(set, key, record);
    }
}

void patch_propose(struct agent *agent, struct instant now, json_t *patch, node_set fences)
{
    struct err err = {{0}};

    patch_carry(patch, member_records(agent->member));
    if (!member_propose(agent->member, now, patch, fences, 0, &err)) {
        /* It is a level: the next turn decides again. */
        log_debug("a decision could not be proposed: %s", err.text);
        agent->must_decide = true;
        agent->decide_at = instant_after(now, duration_ms(50));
    }
    json_decref(patch);
}
