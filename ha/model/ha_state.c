/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names, successors and the diagram, all from the .def rows; and whole states. See ha_state.h. */
#include "ha/model/ha_state.h"

#include <string.h>

#include "ha/base/text.h"

/* A row of either .def file; successors are a set of bits. */
struct row {
    const char *name;
    const char *meaning;
    uint32_t next;
};

static const struct row service_rows[] = {
#define TO(id) | 1u << SERVICE_##id
#define STATE(id, name, meaning, next) [SERVICE_##id] = {name, meaning, 0u next},
#include "ha/model/service_state.def"
#undef STATE
#undef TO
};

static const struct row node_rows[] = {
#define TO(id) | 1u << NODE_##id
#define STATE(id, name, meaning, next) [NODE_##id] = {name, meaning, 0u next},
#include "ha/model/node_state.def"
#undef STATE
#undef TO
};

static const char absent[] = "absent";

static const char *const leaving_names[] = {
    [LEAVING_NOT] = "no",
    [LEAVING_RESTART] = "restart",
    [LEAVING_REBOOT] = "reboot",
    [LEAVING_POWEROFF] = "poweroff",
};

static const char *const arming_names[] = {
    [ARMED] = "armed",
    [DISARMING] = "disarming",
    [RELEASING] = "releasing",
    [DISARMED] = "disarmed",
};

static int name_in(const char *const *names, int count, const char *name)
{
    int found = 0;

    while (found < count && strcmp(names[found], name) != 0)
        found++;
    return found;
}

static int row_of_name(const struct row *rows, int count, const char *name)
{
    int found = 0;

    while (found < count && strcmp(rows[found].name, name) != 0)
        found++;
    return found;
}

static void add_diagram(struct text *text, const char *title, const struct row *rows, int count)
{
    text_add(text, "```mermaid\n---\ntitle: %s\n---\nstateDiagram-v2\n", title);
    for (int from = 0; from < count; from++) {
        text_add(text, "    %s: %s: %s\n", rows[from].name, rows[from].name, rows[from].meaning);
        for (int to = 0; to < count; to++) {
            if (rows[from].next & 1u << to)
                text_add(text, "    %s --> %s\n", rows[from].name, rows[to].name);
        }
    }
    text_add(text, "```\n");
}

void state_diagram(char *diagram, size_t size)
{
    struct text text;

    text_init(&text, diagram, size);
    add_diagram(&text, "the life of a service", service_rows, SERVICE_STATES);
    text_add(&text, "\n");
    add_diagram(&text, "the life of a node", node_rows, NODE_STATES);
}

bool service_is_wanted(const struct service *service, const struct service_policy *policy)
{
    return policy->requested == REQUESTED_STARTED && !service->is_held;
}

node_set service_given(const struct service *service)
{
    node_id target = service->state == SERVICE_RELOCATE ? NODE_NONE : service->target;

    return node_bit(target) | (service->state == SERVICE_RECOVERY ? 0 : node_bit(service->node));
}

const char *leaving_name(enum leaving leaving)
{
    return leaving_names[leaving];
}

enum leaving leaving_of_name(const char *name)
{
    return (enum leaving)name_in(leaving_names, LEAVINGS, name);
}

const char *arming_state_name(enum arming_state state)
{
    return arming_names[state];
}

enum arming_state arming_state_of_name(const char *name)
{
    return (enum arming_state)name_in(arming_names, ARMING_STATES, name);
}

const char *service_state_name(enum service_state state)
{
    return state < SERVICE_STATES ? service_rows[state].name : absent;
}

const char *node_state_name(enum node_state state)
{
    return state < NODE_STATES ? node_rows[state].name : absent;
}

enum service_state service_state_of_name(const char *name)
{
    return (enum service_state)row_of_name(service_rows, SERVICE_STATES, name);
}

enum node_state node_state_of_name(const char *name)
{
    return (enum node_state)row_of_name(node_rows, NODE_STATES, name);
}

bool service_state_may_follow(enum service_state from, enum service_state to)
{
    if (from == SERVICE_ABSENT)
        return to == SERVICE_REQUEST_START || to == SERVICE_REQUEST_STOP || to == SERVICE_STOPPED;
    return to == SERVICE_ABSENT || (service_rows[from].next & 1u << to) != 0;
}

bool node_state_may_follow(enum node_state from, enum node_state to)
{
    return (node_rows[from].next & 1u << to) != 0;
}

void ha_state_init(struct ha_state *state, int n_nodes, int n_services)
{
    state->version = 0;
    state->manager = NODE_NONE;
    state->arming = (struct arming){.state = ARMED};
    state->imbalanced_since = INSTANT_UNKNOWN;
    state->n_nodes = n_nodes;
    state->n_services = n_services;
    memset(state->nodes, 0, (size_t)n_nodes * sizeof(state->nodes[0]));
    memset(state->services, 0, (size_t)n_services * sizeof(state->services[0]));
    for (int i = 0; i < n_nodes; i++)
        state->nodes[i].why = reason_of(REASON_NONE);
    for (int i = 0; i < n_services; i++) {
        struct service *service = &state->services[i];

        service->state = SERVICE_ABSENT;
        service->node = service->target = service->fallback = NODE_NONE;
        service->why = reason_of(REASON_NONE);
    }
}

void ha_state_copy(struct ha_state *to, const struct ha_state *from)
{
    to->version = from->version;
    to->manager = from->manager;
    to->arming = from->arming;
    to->imbalanced_since = from->imbalanced_since;
    to->n_nodes = from->n_nodes;
    to->n_services = from->n_services;
    memcpy(to->nodes, from->nodes, (size_t)from->n_nodes * sizeof(from->nodes[0]));
    memcpy(to->services, from->services, (size_t)from->n_services * sizeof(from->services[0]));
}
