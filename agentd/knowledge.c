/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The policy in force and the agreed state, from the ledger's records; see knowledge.h. */
#include "agentd/knowledge.h"

#include <stdlib.h>
#include <string.h>

#include "ha/base/json.h"
#include "ha/base/log.h"
#include "ha/base/text.h"

void knowledge_init(struct knowledge *knowledge)
{
    *knowledge = (struct knowledge){0};
    knowledge->agreed = xcalloc(1, sizeof(*knowledge->agreed));
    ha_state_init(knowledge->agreed, 0, 0);
}

void knowledge_offer(struct knowledge *knowledge, struct arena *arena, struct policy *policy,
                     char *text)
{
    arena_free(knowledge->offered_arena);
    knowledge->offered_arena = arena;
    knowledge->offered = policy;
    knowledge->offered_text = text;
}

void knowledge_fini(struct knowledge *knowledge)
{
    json_decref(knowledge->confirm);
    arena_free(knowledge->offered_arena);
    arena_free(knowledge->arena);
    free(knowledge->agreed);
    *knowledge = (struct knowledge){0};
}

/* A record is text; the text is JSON. */
static json_t *record_read(const char *key, const json_t *record)
{
    struct err err = {{0}};
    const char *text = json_string_value(record);
    json_t *value = text ? json_read(text, strlen(text), &err) : NULL;

    if (!value)
        log_error("the record %s cannot be read and is passed over: %s", key, err.text);
    return value;
}

static void read_node(struct knowledge *knowledge, const char *name, const json_t *value)
{
    node_id id = knowledge->policy ? policy_find_node(knowledge->policy, name) : NODE_NONE;
    struct node node;
    struct err err = {{0}};

    if (id == NODE_NONE)
        return;
    if (codec_read_node(value, knowledge->policy, &node, &err))
        knowledge->agreed->nodes[id] = node;
    else
        log_error("the record of node %s cannot be read: %s", name, err.text);
}

static void read_service(struct knowledge *knowledge, const char *name, const json_t *value)
{
    service_id id = knowledge->policy ? policy_find_service(knowledge->policy, name) : SERVICE_NONE;
    struct service service;
    struct err err = {{0}};

    if (id == SERVICE_NONE)
        return;
    if (codec_read_service(value, knowledge->policy, &service, &err)) {
        knowledge->agreed->services[id] = service;
    } else {
        log_error("the record of service %s cannot be read: %s", name, err.text);
        /* It is found anew; but who stopped it by hand, say where it ran then, still wants that. */
        knowledge->agreed->services[id].is_held = json_flag(value, "held", false);
    }
}

static void read_record(struct knowledge *knowledge, const char *key, const json_t *record)
{
    autojson *value = NULL;
    struct err err = {{0}};

    if (strcmp(key, KEY_POLICY) == 0)
        return;
    value = record_read(key, record);
    if (!value)
        return;
    if (strcmp(key, KEY_MANAGER) == 0) {
        text_copy(knowledge->manager, sizeof(knowledge->manager), json_text(value, "node", ""));
        if (knowledge->policy)
            knowledge->agreed->manager = policy_find_node(knowledge->policy, knowledge->manager);
    } else if (strcmp(key, KEY_CONFIRM) == 0) {
        json_decref(knowledge->confirm);
        knowledge->confirm = json_incref(value);
    } else if (strcmp(key, KEY_CLUSTER) == 0) {
        if (!codec_read_cluster(value, knowledge->agreed, &err))
            log_error("the record of the cluster cannot be read: %s", err.text);
    } else if (strncmp(key, KEY_NODE, strlen(KEY_NODE)) == 0) {
        read_node(knowledge, key + strlen(KEY_NODE), value);
    } else if (strncmp(key, KEY_SERVICE, strlen(KEY_SERVICE)) == 0) {
        read_service(knowledge, key + strlen(KEY_SERVICE), value);
    }
}

static struct policy *compile(struct arena *arena, const char *text, const json_t *value)
{
    struct policy *policy = arena_alloc(arena, sizeof(*policy));
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));

    diagnostics_init(diagnostics, arena, "policy", text, strlen(text));
    if (policy_compile(arena, "policy", text, strlen(text), policy, diagnostics))
        return policy;
    log_error("version %lld of the policy cannot be understood by this version of tenutod; "
              "the one before stays in force here: %s",
              (long long)json_int(value, "version", 0), diagnostics_text(diagnostics, false));
    return NULL;
}

/* The record's text as a policy, in an arena of its own; false leaves everything as it was. */
static bool read_policy(struct knowledge *knowledge, const json_t *value)
{
    const char *text = json_text(value, "text", "");
    bool is_offered = knowledge->offered && strcmp(knowledge->offered_text, text) == 0;
    struct arena *arena = is_offered ? knowledge->offered_arena : arena_new();
    char *own = is_offered ? knowledge->offered_text : arena_strdup(arena, text);
    struct policy *policy = is_offered ? knowledge->offered : compile(arena, own, value);

    if (is_offered)
        knowledge->offered_arena = NULL;
    if (!policy) {
        arena_free(arena);
        return false;
    }
    knowledge->arena = arena;
    knowledge->policy = policy;
    knowledge->text = own;
    knowledge->author = arena_strdup(arena, json_text(value, "author", "?"));
    knowledge->push = arena_strdup(arena, json_text(value, "push", ""));
    knowledge->policy_version = (uint64_t)json_int(value, "version", 0);
    knowledge->policy_stamp = json_int(value, "stamp", 0);
    if (knowledge->policy_stamp > knowledge->stamp)
        knowledge->stamp = knowledge->policy_stamp;
    return true;
}

/* The policy among the records, where it is another one; see knowledge_load. */
static bool take_policy(struct knowledge *knowledge, const json_t *records,
                        struct arena **before_arena, struct policy **before)
{
    const json_t *record = json_object_get(records, KEY_POLICY);
    autojson *value = record ? record_read(KEY_POLICY, record) : NULL;
    struct arena *old_arena = knowledge->arena;
    struct policy *old = knowledge->policy;
    bool is_new = false;

    *before_arena = NULL;
    *before = NULL;
    knowledge->beyond = 0;
    if (value && (uint64_t)json_int(value, "version", 0) != knowledge->policy_version) {
        is_new = read_policy(knowledge, value);
        *before_arena = is_new ? old_arena : NULL;
        *before = is_new ? old : NULL;
        knowledge->beyond = is_new ? 0 : (uint64_t)json_int(value, "version", 0);
    }
    knowledge_offer(knowledge, NULL, NULL, NULL);
    return is_new;
}

static void read_all(struct knowledge *knowledge, const json_t *records, uint64_t version)
{
    struct ha_state *agreed = knowledge->agreed;
    const char *key;
    json_t *each;

    json_decref(knowledge->confirm);
    knowledge->confirm = NULL;
    ha_state_init(agreed, knowledge->policy ? knowledge->policy->n_nodes : 0,
                  knowledge->policy ? knowledge->policy->n_services : 0);
    agreed->version = version;
    json_object_foreach((json_t *)records, key, each) read_record(knowledge, key, each);
}

bool knowledge_load(struct knowledge *knowledge, const json_t *records, uint64_t version,
                    struct arena **before_arena, struct policy **before)
{
    bool is_new = take_policy(knowledge, records, before_arena, before);

    read_all(knowledge, records, version);
    return is_new;
}

/* Every id means the same in both: what was read by one of them need not be read by the other. */
static bool are_ids_equal(const struct policy *one, const struct policy *other)
{
    bool is_equal = one->n_nodes == other->n_nodes && one->n_services == other->n_services &&
                    one->n_rules == other->n_rules;

    for (node_id id = 0; is_equal && id < one->n_nodes; id++)
        is_equal = strcmp(one->nodes[id].name, other->nodes[id].name) == 0;
    for (service_id id = 0; is_equal && id < one->n_services; id++)
        is_equal = strcmp(one->services[id].name, other->services[id].name) == 0;
    for (rule_id id = 0; is_equal && id < one->n_rules; id++)
        is_equal = one->rules[id].line == other->rules[id].line &&
                   strcmp(one->rules[id].name, other->rules[id].name) == 0;
    return is_equal;
}

bool knowledge_push(struct knowledge *knowledge, const json_t *records, uint64_t version,
                    struct arena **before_arena, struct policy **before)
{
    bool is_new = take_policy(knowledge, records, before_arena, before);

    if (is_new && *before && are_ids_equal(*before, knowledge->policy))
        knowledge->agreed->version = version;
    else
        read_all(knowledge, records, version);
    return is_new;
}

static void forget_record(struct knowledge *knowledge, const char *key)
{
    service_id service;

    if (strcmp(key, KEY_CONFIRM) == 0) {
        json_decref(knowledge->confirm);
        knowledge->confirm = NULL;
    }
    if (!knowledge->policy || strncmp(key, KEY_SERVICE, strlen(KEY_SERVICE)) != 0)
        return;
    service = policy_find_service(knowledge->policy, key + strlen(KEY_SERVICE));
    if (service != SERVICE_NONE)
        knowledge->agreed->services[service] = (struct service){
            .state = SERVICE_ABSENT, .node = NODE_NONE, .target = NODE_NONE, .fallback = NODE_NONE};
}

void knowledge_apply(struct knowledge *knowledge, const json_t *patch, uint64_t version)
{
    int64_t stamp = json_int(patch, "stamp", 0);
    const char *key;
    json_t *each;
    size_t i;

    json_object_foreach(json_object_get(patch, "set"), key, each) read_record(knowledge, key, each);
    json_array_foreach(json_object_get(patch, "delete"), i, each)
        forget_record(knowledge, json_string_value(each));
    knowledge->agreed->version = version;
    if (stamp > knowledge->stamp)
        knowledge->stamp = stamp;
}
