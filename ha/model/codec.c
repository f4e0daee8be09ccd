/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each noun to JSON and back; see codec.h. Members at their default are left
 * out, so a record says only what there is to say.
 */
#include "ha/model/codec.h"

#include <string.h>

#include "ha/base/json.h"
#include "ha/base/text.h"

static const char *const job_code_names[] = {
    [JOB_NONE] = "none", [JOB_DONE] = "done",   [JOB_FAILED] = "failed",
    [JOB_HARD] = "hard", [JOB_FATAL] = "fatal",
};

static const char *const command_names[] = {
    [COMMAND_MIGRATE] = "migrate",
    [COMMAND_RELOCATE] = "relocate",
    [COMMAND_MAINTENANCE_ON] = "maintenance-on",
    [COMMAND_MAINTENANCE_OFF] = "maintenance-off",
    [COMMAND_CLEAR] = "clear",
    [COMMAND_STOP] = "stop",
    [COMMAND_DISARM_FREEZE] = "disarm-freeze",
    [COMMAND_DISARM_IGNORE] = "disarm-ignore",
    [COMMAND_ARM] = "arm",
    [COMMAND_START] = "start",
    [COMMAND_RESTART] = "restart",
    [COMMAND_CONFIRM] = "confirm-off",
};

#define COUNT(names) (int)(sizeof(names) / sizeof((names)[0]))

static int name_in(const char *const *names, int count, const char *name)
{
    int found = 0;

    while (found < count && strcmp(names[found], name) != 0)
        found++;
    return found;
}

/* Words from outside need not be UTF-8, and may have been cut inside a letter. */
static json_t *text_value(const char *text)
{
    json_t *value = json_string(text);
    char clean[REASON_TEXT_MAX];

    if (value)
        return value;
    text_copy(clean, sizeof(clean), text);
    for (char *at = clean; *at; at++) {
        if (*at & 0x80)
            *at = '?';
    }
    return json_string(clean);
}

static void put_text(json_t *to, const char *key, const char *text)
{
    if (text[0])
        json_object_set_new(to, key, text_value(text));
}

static void put_node(json_t *to, const char *key, node_id node, const struct policy *policy)
{
    if (node >= 0 && node < policy->n_nodes)
        json_object_set_new(to, key, json_string(policy->nodes[node].name));
}

static void put_service(json_t *to, const char *key, service_id service,
                        const struct policy *policy)
{
    if (service >= 0 && service < policy->n_services)
        json_object_set_new(to, key, json_string(policy->services[service].name));
}

static void put_reason(json_t *to, const struct reason *why, const struct policy *policy)
{
    if (why->code != REASON_NONE)
        json_object_set_new(to, "why", codec_reason(why, policy));
}

/* Absent is NODE_NONE; a name that the policy does not know is an error. */
static bool get_node(const json_t *from, const char *key, const struct policy *policy,
                     node_id *node, struct err *err)
{
    const char *name = json_text(from, key, NULL);

    *node = name ? policy_find_node(policy, name) : NODE_NONE;
    if (name && *node == NODE_NONE)
        return err_set(err, "\"%s\" is %s, and the policy has no such node", key, name);
    return true;
}

static bool get_service(const json_t *from, const char *key, const struct policy *policy,
                        service_id *service, struct err *err)
{
    const char *name = json_text(from, key, NULL);

    *service = name ? policy_find_service(policy, name) : SERVICE_NONE;
    if (name && *service == SERVICE_NONE)
        return err_set(err, "\"%s\" is %s, and the policy has no such service", key, name);
    return true;
}

static bool get_reason(const json_t *from, const struct policy *policy, struct reason *why)
{
    const json_t *member = json_object_get(from, "why");

    *why = reason_of(REASON_NONE);
    return !member || codec_read_reason(member, policy, why);
}

json_t *codec_reason(const struct reason *reason, const struct policy *policy)
{
    json_t *to = json_pack("{s:s}", "code", reason_name(reason->code));
    char text[REASON_TEXT_MAX];

    put_node(to, "node", reason->node, policy);
    put_node(to, "other", reason->other, policy);
    put_service(to, "with", reason->with, policy);
    if (reason->rule >= 0 && reason->rule < policy->n_rules) {
        put_text(to, "rule", policy->rules[reason->rule].name);
        json_put_int(to, "line", policy->rules[reason->rule].line);
    } else {
        json_put_int(to, "line", reason->line);
    }
    json_put_int(to, "number", reason->number);
    put_text(to, "words", reason->words);
    reason_text(reason, policy, text, sizeof(text));
    put_text(to, "text", text);
    return to;
}

/* A rule has no id outside its policy: it is known again by its name and line. */
static rule_id find_rule(const struct policy *policy, const char *name, int64_t line)
{
    for (rule_id rule = 0; rule < policy->n_rules; rule++) {
        if (policy->rules[rule].line == line && strcmp(policy->rules[rule].name, name) == 0)
            return rule;
    }
    return RULE_NONE;
}

bool codec_read_reason(const json_t *from, const struct policy *policy, struct reason *reason)
{
    const char *name = json_text(from, "code", NULL);

    if (!name)
        return false;
    *reason = reason_of(reason_of_name(name));
    if (reason->code == REASON_CODES) {
        /* A newer version decided this; its sentence is all that we can pass on. */
        reason->code = REASON_FOREIGN;
        text_copy(reason->words, sizeof(reason->words), json_text(from, "text", name));
        return true;
    }
    reason->node = policy_find_node(policy, json_text(from, "node", ""));
    reason->other = policy_find_node(policy, json_text(from, "other", ""));
    reason->with = policy_find_service(policy, json_text(from, "with", ""));
    reason->line = (int32_t)json_int(from, "line", 0);
    /* The line of a setting may be one on which a rule without a name stands, too. */
    if (reason->line && (json_text(from, "rule", NULL) || reason_names(reason->code, 'r')))
        reason->rule = find_rule(policy, json_text(from, "rule", ""), reason->line);
    reason->number = json_int(from, "number", 0);
    text_copy(reason->words, sizeof(reason->words), json_text(from, "words", ""));
    return true;
}

static void put_falls(json_t *to, const struct node *node)
{
    json_t *falls = node->falls[0].ms == INSTANT_UNKNOWN.ms ? NULL : json_array();

    for (int i = 0; i < FALLS_MAX && node->falls[i].ms != INSTANT_UNKNOWN.ms; i++)
        json_array_append_new(falls, json_integer(node->falls[i].ms));
    if (falls)
        json_object_set_new(to, "falls", falls);
}

static void get_falls(const json_t *from, struct node *node)
{
    const json_t *each;
    size_t i;

    json_array_foreach(json_object_get(from, "falls"), i, each)
    {
        if (i < FALLS_MAX)
            node->falls[i].ms = json_integer_value(each);
    }
}

json_t *codec_node(const struct node *node, const struct policy *policy)
{
    json_t *to = json_pack("{s:s}", "state", node_state_name(node->state));

    put_text(to, "boot", node->boot_id);
    json_put_flag(to, "maintenance", node->wants_maintenance);
    json_put_int(to, "maintenance_until", node->maintenance_until.ms);
    put_text(to, "maintenance_words", node->maintenance_words);
    json_put_flag(to, "released", node->is_released);
    if (node->leaving != LEAVING_NOT)
        put_text(to, "leaving", leaving_name(node->leaving));
    json_put_int(to, "since", node->since.ms);
    json_put_int(to, "relieved", node->relieved_at.ms);
    put_falls(to, node);
    json_put_flag(to, "quarantined", node->is_quarantined);
    json_put_flag(to, "confirmed", node->is_confirmed);
    put_reason(to, &node->why, policy);
    return to;
}

bool codec_read_node(const json_t *from, const struct policy *policy, struct node *node,
                     struct err *err)
{
    const char *state;

    memset(node, 0, sizeof(*node));
    if (!json_need_text(from, "state", &state, err))
        return false;
    node->state = node_state_of_name(state);
    if (node->state == NODE_STATES)
        return err_set(err, "\"%s\" is no state of a node that this version knows", state);
    if (!text_copy(node->boot_id, sizeof(node->boot_id), json_text(from, "boot", "")))
        return err_set(err, "\"boot\" is longer than a boot id");
    node->wants_maintenance = json_flag(from, "maintenance", false);
    node->maintenance_until.ms = json_int(from, "maintenance_until", 0);
    text_copy(node->maintenance_words, sizeof(node->maintenance_words),
              json_text(from, "maintenance_words", ""));
    node->is_released = json_flag(from, "released", false);
    node->leaving = leaving_of_name(json_text(from, "leaving", leaving_name(LEAVING_NOT)));
    if (node->leaving == LEAVINGS)
        return err_set(err, "\"leaving\" is no way to leave that this version knows");
    node->since.ms = json_int(from, "since", 0);
    node->relieved_at.ms = json_int(from, "relieved", 0);
    get_falls(from, node);
    node->is_quarantined = json_flag(from, "quarantined", false);
    node->is_confirmed = json_flag(from, "confirmed", false);
    if (!get_reason(from, policy, &node->why))
        return err_set(err, "\"why\" is not a reason");
    return true;
}

json_t *codec_service(const struct service *service, const struct policy *policy)
{
    json_t *to = json_pack("{s:s}", "state", service_state_name(service->state));

    put_node(to, "node", service->node, policy);
    put_node(to, "target", service->target, policy);
    put_node(to, "fallback", service->fallback, policy);
    json_put_flag(to, "running", service->is_running);
    json_put_flag(to, "stays", service->stays_put);
    json_put_flag(to, "held", service->is_held);
    json_put_int(to, "failed", service->n_failed);
    json_put_int(to, "cause", (int64_t)service->cause);
    json_put_int(to, "since", service->since.ms);
    put_reason(to, &service->why, policy);
    if (service->tried) {
        json_t *tried = json_array();

        NODE_SET_EACH(node, service->tried)
        json_array_append_new(tried, json_string(policy->nodes[node].name));
        json_object_set_new(to, "tried", tried);
    }
    return to;
}

static bool get_service_state(const json_t *from, enum service_state *state, struct err *err)
{
    const char *name;

    if (!json_need_text(from, "state", &name, err))
        return false;
    *state = service_state_of_name(name);
    if (*state == SERVICE_ABSENT && strcmp(name, service_state_name(SERVICE_ABSENT)) != 0)
        return err_set(err, "\"%s\" is no state of a service that this version knows", name);
    return true;
}

bool codec_read_service(const json_t *from, const struct policy *policy, struct service *service,
                        struct err *err)
{
    const json_t *each;
    size_t i;

    memset(service, 0, sizeof(*service));
    if (!get_service_state(from, &service->state, err) ||
        !get_node(from, "node", policy, &service->node, err) ||
        !get_node(from, "target", policy, &service->target, err))
        return false;
    /* Nobody goes back to a node that was taken out of the policy. */
    service->fallback = policy_find_node(policy, json_text(from, "fallback", ""));
    service->is_running = json_flag(from, "running", false);
    service->stays_put = json_flag(from, "stays", false);
    service->is_held = json_flag(from, "held", false);
    service->n_failed = (int)json_int(from, "failed", 0);
    service->cause = (uint64_t)json_int(from, "cause", 0);
    service->since.ms = json_int(from, "since", 0);
    json_array_foreach(json_object_get(from, "tried"), i, each)
    {
        /* A node that was taken out of the policy need not be remembered as tried. */
        if (json_is_string(each))
            service->tried |= node_bit(policy_find_node(policy, json_string_value(each)));
    }
    if (!get_reason(from, policy, &service->why))
        return err_set(err, "\"why\" is not a reason");
    return true;
}

json_t *codec_cluster(const struct ha_state *state)
{
    json_t *to = json_object();

    if (state->arming.state != ARMED)
        put_text(to, "arming", arming_state_name(state->arming.state));
    json_put_flag(to, "ignores", state->arming.ignores);
    json_put_int(to, "until", state->arming.until.ms);
    json_put_int(to, "imbalanced", state->imbalanced_since.ms);
    return to;
}

bool codec_read_cluster(const json_t *from, struct ha_state *state, struct err *err)
{
    const char *name = json_text(from, "arming", arming_state_name(ARMED));

    state->arming.state = arming_state_of_name(name);
    if (state->arming.state == ARMING_STATES)
        return err_set(err, "\"arming\" is %s, which this version does not know", name);
    state->arming.ignores = json_flag(from, "ignores", false);
    state->arming.until.ms = json_int(from, "until", 0);
    state->imbalanced_since.ms = json_int(from, "imbalanced", 0);
    return true;
}

json_t *codec_change(const struct change *change, const struct policy *policy)
{
    json_t *to = json_object();

    put_service(to, "service", change->service, policy);
    put_node(to, "node", change->node, policy);
    if (change->service == SERVICE_NONE && change->node == NODE_NONE) {
        put_text(to, "from", arming_state_name((enum arming_state)change->from));
        put_text(to, "to", arming_state_name((enum arming_state)change->to));
    } else if (change->service == SERVICE_NONE) {
        put_text(to, "from", node_state_name((enum node_state)change->from));
        put_text(to, "to", node_state_name((enum node_state)change->to));
    } else {
        put_text(to, "from", service_state_name((enum service_state)change->from));
        put_text(to, "to", service_state_name((enum service_state)change->to));
    }
    put_reason(to, &change->why, policy);
    return to;
}

json_t *codec_answer(const struct answer *answer, const struct policy *policy)
{
    json_t *to = json_pack("{s:I,s:b}", "command", (json_int_t)answer->command, "accepted",
                           (int)answer->is_accepted);

    put_reason(to, &answer->why, policy);
    return to;
}

json_t *codec_command(const struct command *command, const struct policy *policy)
{
    json_t *to =
        json_pack("{s:I,s:s}", "id", (json_int_t)command->id, "kind", command_names[command->kind]);

    put_service(to, "service", command->service, policy);
    put_node(to, "node", command->node, policy);
    json_put_int(to, "lasts", command->lasts.ms);
    put_text(to, "words", command->words);
    return to;
}

bool codec_read_command(const json_t *from, const struct policy *policy, struct command *command,
                        struct err *err)
{
    const char *name;
    int64_t id;
    int kind;

    memset(command, 0, sizeof(*command));
    if (!json_need_int(from, "id", &id, err) || !json_need_text(from, "kind", &name, err))
        return false;
    kind = name_in(command_names, COUNT(command_names), name);
    if (kind == COUNT(command_names))
        return err_set(err, "\"%s\" is no command that this version knows", name);
    command->id = (uint64_t)id;
    command->kind = (enum command_kind)kind;
    command->lasts.ms = json_int(from, "lasts", 0);
    if (command->lasts.ms < 0 || command->lasts.ms > SUSPENDED_MAX_MS)
        return err_set(err, "\"lasts\" is longer than anything may be set aside");
    text_copy(command->words, sizeof(command->words), json_text(from, "words", ""));
    return get_service(from, "service", policy, &command->service, err) &&
           get_node(from, "node", policy, &command->node, err);
}

json_t *codec_report_row(const struct report_row *row, const struct policy *policy)
{
    json_t *to = json_object();

    put_service(to, "service", row->service, policy);
    json_put_flag(to, "running", row->is_running);
    json_put_int(to, "cause", (int64_t)row->cause);
    if (row->result != JOB_NONE)
        put_text(to, "result", job_code_names[row->result]);
    json_put_int(to, "exit", row->exit_code);
    json_put_int(to, "pause", row->pause.ms);
    put_text(to, "words", row->words);
    return to;
}

bool codec_read_report_row(const json_t *from, const struct policy *policy, struct report_row *row,
                           struct err *err)
{
    const char *result = json_text(from, "result", job_code_names[JOB_NONE]);
    int code = name_in(job_code_names, COUNT(job_code_names), result);

    memset(row, 0, sizeof(*row));
    if (!get_service(from, "service", policy, &row->service, err))
        return false;
    if (row->service == SERVICE_NONE)
        return err_set(err, "\"service\" is missing");
    if (code == COUNT(job_code_names))
        return err_set(err, "\"%s\" is no result that this version knows", result);
    row->result = (enum job_code)code;
    row->is_running = json_flag(from, "running", false);
    row->cause = (uint64_t)json_int(from, "cause", 0);
    row->exit_code = (int)json_int(from, "exit", 0);
    row->pause.ms = json_int(from, "pause", 0);
    text_copy(row->words, sizeof(row->words), json_text(from, "words", ""));
    return true;
}

bool codec_knows(const char *key, const char *member)
{
    static const char of_node[] = " state boot maintenance maintenance_until maintenance_words "
                                  "released leaving since relieved falls quarantined confirmed "
                                  "why ";
    static const char of_service[] = " state node target fallback running stays held failed cause "
                                     "since why tried ";
    static const char of_cluster[] = " arming ignores until imbalanced ";
    /* Written by agentd/cluster_lead.c. */
    static const char of_corosync[] = " conf next_id since phase next problem guest until trial "
                                      "fell ";
    static const char of_reason[] = " code node other with rule line number words text ";
    const char *known = strncmp(key, KEY_NODE, strlen(KEY_NODE)) == 0         ? of_node
                        : strncmp(key, KEY_SERVICE, strlen(KEY_SERVICE)) == 0 ? of_service
                        : strcmp(key, KEY_CLUSTER) == 0                       ? of_cluster
                        : strcmp(key, KEY_COROSYNC) == 0                      ? of_corosync
                        : strcmp(key, KEY_WHY) == 0                           ? of_reason
                                                                              : NULL;
    size_t length = strlen(member);

    if (!known)
        return true;
    for (const char *at = length ? strstr(known, member) : NULL; at; at = strstr(at + 1, member)) {
        if (at[-1] == ' ' && at[length] == ' ')
            return true;
    }
    return false;
}
