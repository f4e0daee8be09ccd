/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the cluster showed, to JSON and back; see codec_view.h. Defaults are left out. */
#include "ha/model/codec_view.h"

#include <limits.h>
#include <string.h>

#include "ha/base/json.h"
#include "ha/base/text.h"
#include "ha/model/codec.h"

/* From 0 to most; absent is 0. */
static bool read_amount(const json_t *from, const char *key, int64_t most, int64_t *amount,
                        struct err *err)
{
    *amount = 0;
    if (!json_want_int(from, key, amount, err))
        return false;
    return (*amount >= 0 && *amount <= most) ||
           err_set(err, "\"%s\" is %lld, which cannot be", key, (long long)*amount);
}

static bool read_usage(const json_t *from, int *cpus_milli, int64_t *memory, struct err *err)
{
    int64_t cpus;

    if (!read_amount(from, "cpus", INT_MAX, &cpus, err) ||
        !read_amount(from, "memory", RECORD_TIME_MAX, memory, err))
        return false;
    *cpus_milli = (int)cpus;
    return true;
}

json_t *codec_node_view(const struct node_view *view)
{
    json_t *to = json_object();

    json_put_flag(to, "member", view->is_member);
    json_put_flag(to, "report", view->has_report);
    json_put_flag(to, "off", view->is_proven_off);
    json_put_flag(to, "history", view->is_history_known);
    json_put_flag(to, "armed", view->is_armed);
    json_put_flag(to, "unarmed", view->is_unarmed);
    if (view->leaving != LEAVING_NOT)
        json_object_set_new(to, "leaving", json_string(leaving_name(view->leaving)));
    json_put_int(to, "cpus", view->used_cpus_milli);
    json_put_int(to, "memory", view->used_memory);
    if (view->boot_id[0])
        json_object_set_new(to, "boot", json_string(view->boot_id));
    return to;
}

bool codec_read_node_view(const json_t *from, struct node_view *view, struct err *err)
{
    const char *leaving = leaving_name(LEAVING_NOT), *boot = "";

    memset(view, 0, sizeof(*view));
    view->dead_at = INSTANT_NEVER;
    if (!json_is_object(from))
        return err_set(err, "what was seen of a node is not an object");
    if (!json_want_flag(from, "member", &view->is_member, err) ||
        !json_want_flag(from, "report", &view->has_report, err) ||
        !json_want_flag(from, "off", &view->is_proven_off, err) ||
        !json_want_flag(from, "history", &view->is_history_known, err) ||
        !json_want_flag(from, "armed", &view->is_armed, err) ||
        !json_want_flag(from, "unarmed", &view->is_unarmed, err) ||
        !json_want_text(from, "leaving", &leaving, err) ||
        !json_want_text(from, "boot", &boot, err) ||
        !read_usage(from, &view->used_cpus_milli, &view->used_memory, err))
        return false;
    view->leaving = leaving_of_name(leaving);
    if (view->leaving == LEAVINGS)
        return err_set(err, "\"%s\" is no way to leave that this version knows", leaving);
    return text_copy(view->boot_id, sizeof(view->boot_id), boot) ||
           err_set(err, "\"boot\" is longer than a boot id");
}

static json_t *time_value(struct instant instant)
{
    return instant.ms == INSTANT_NEVER.ms ? json_null() : json_integer(instant.ms);
}

json_t *codec_times(const struct node_view *view)
{
    return json_pack("[o,o]", time_value(view->last_beat), time_value(view->dead_at));
}

bool codec_read_instant(const json_t *from, struct instant *instant, struct err *err)
{
    if (!json_is_integer(from) || json_integer_value(from) < 0 ||
        json_integer_value(from) > RECORD_TIME_MAX)
        return err_set(err, "a time is missing, or is no time");
    instant->ms = json_integer_value(from);
    return true;
}

static bool read_time(const json_t *from, struct instant *instant, struct err *err)
{
    if (!json_is_null(from))
        return codec_read_instant(from, instant, err);
    *instant = INSTANT_NEVER;
    return true;
}

bool codec_read_times(const json_t *from, struct node_view *view, struct err *err)
{
    if (json_array_size(from) != 2)
        return err_set(err, "the times of a node are not a list of two");
    return read_time(json_array_get(from, 0), &view->last_beat, err) &&
           read_time(json_array_get(from, 1), &view->dead_at, err);
}

json_t *codec_service_view(const struct cluster_view *view, service_id service,
                           const struct policy *policy)
{
    const struct service_view *seen = &view->services[service];
    struct report_row row = {
        .service = service,
        .result = seen->result,
        .exit_code = seen->exit_code,
        .pause = seen->pause,
    };
    json_t *to;

    text_copy(row.words, sizeof(row.words), seen->words);
    to = codec_report_row(&row, policy);
    if (seen->running_on)
        json_object_set_new(to, "on", codec_nodes(seen->running_on, policy));
    json_put_int(to, "cpus", seen->used_cpus_milli);
    json_put_int(to, "memory", seen->used_memory);
    return to;
}

bool codec_read_service_view(const json_t *from, const struct policy *policy,
                             struct service_view *view, struct err *err)
{
    const json_t *on = json_object_get(from, "on");
    const char *text = "";
    struct report_row row;
    int64_t exit = 0, pause;

    memset(view, 0, sizeof(*view));
    if (!json_want_text(from, "result", &text, err) || !json_want_text(from, "words", &text, err) ||
        !json_want_int(from, "exit", &exit, err) ||
        !read_amount(from, "pause", RECORD_TIME_MAX, &pause, err) ||
        !codec_read_report_row(from, policy, &row, err) ||
        !read_usage(from, &view->used_cpus_milli, &view->used_memory, err))
        return false;
    view->result = row.result;
    view->exit_code = row.exit_code;
    view->pause = row.pause;
    text_copy(view->words, sizeof(view->words), row.words);
    return !on || codec_read_nodes(on, policy, &view->running_on, err);
}

json_t *codec_nodes(node_set nodes, const struct policy *policy)
{
    json_t *to = json_array();

    NODE_SET_EACH(node, nodes)
    json_array_append_new(to, json_string(policy->nodes[node].name));
    return to;
}

bool codec_read_nodes(const json_t *from, const struct policy *policy, node_set *nodes,
                      struct err *err)
{
    const json_t *each;
    size_t i;

    *nodes = 0;
    if (!json_is_array(from))
        return err_set(err, "a list of nodes is missing");
    json_array_foreach(from, i, each)
    {
        const char *name = json_string_value(each);
        node_id node = name ? policy_find_node(policy, name) : NODE_NONE;

        if (node == NODE_NONE)
            return err_set(err, "the policy has no node %s", name ? name : "without a name");
        *nodes |= node_bit(node);
    }
    return true;
}
