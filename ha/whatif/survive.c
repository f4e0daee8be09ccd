/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every set of nodes, the smallest first; see survive.h. */
#include "ha/whatif/survive.h"

#include <string.h>

#include "ha/model/votes.h"

/* An imagined cluster begins here: not at zero, so that no lease seems to run before it. */
#define BEGIN_MS 1000000

struct space {
    const struct policy *policy;
    struct survival *survival;
    int64_t work_left;
    int size; /* of the sets that are tried now */
    bool is_pinned[SERVICES_MAX];
    struct ha_state settled_state; /* with all nodes up */
    struct cluster_view settled_view;
    struct ha_state state;
    struct cluster_view view;
    struct outcome outcome;
    struct change changes[CHANGES_MAX];
};

size_t survive_size(void)
{
    return sizeof(struct space);
}

static bool settle(struct space *space)
{
    struct settling settling = {
        .policy = space->policy,
        .state = &space->state,
        .view = &space->view,
        .outcome = &space->outcome,
    };

    return settle_run(&settling);
}

/* Everything is up and runs. */
static bool begin(struct space *space)
{
    struct settling settling = {
        .policy = space->policy, .state = &space->state, .view = &space->view};

    space->outcome.changes = space->changes;
    space->outcome.changes_max = CHANGES_MAX;
    ha_state_init(&space->state, space->policy->n_nodes, space->policy->n_services);
    settle_all_here(&settling, (struct instant){BEGIN_MS});
    return settle(space);
}

static void copy_view(struct cluster_view *to, const struct cluster_view *from)
{
    cluster_view_init(to, from->n_nodes, from->n_services);
    to->now = from->now;
    to->stamp = from->stamp;
    to->is_quorate = from->is_quorate;
    to->self = from->self;
    memcpy(to->nodes, from->nodes, (size_t)from->n_nodes * sizeof(from->nodes[0]));
    memcpy(to->services, from->services, (size_t)from->n_services * sizeof(from->services[0]));
}

/* ---- what is lacking ------------------------------------------------------------------------- */

static bool is_quorate_without(const struct policy *policy, node_set lost)
{
    return votes_suffice_alone(policy, (node_set)(((uint64_t)1 << policy->n_nodes) - 1) & ~lost);
}

/* It may run on nodes of this set only: known once one node alone is such a set. */
static bool is_pinned(struct space *space, service_id id)
{
    struct survival *survival = space->survival;

    if (space->is_pinned[id])
        return true;
    if (space->size != 1 || space->state.services[id].why.code != REASON_RULE_LEAVES_NONE)
        return false;
    if (survival->n_pinned++ == 0)
        survival->pinned = id;
    space->is_pinned[id] = true;
    return true;
}

static void find_idle(struct space *space)
{
    struct survival *survival = space->survival;

    for (service_id id = 0; id < space->policy->n_services; id++) {
        const struct service *record = &space->state.services[id];

        if (!service_is_wanted(record, &space->policy->services[id]) ||
            (record->state == SERVICE_STARTED && record->is_running) || is_pinned(space, id))
            continue;
        if (survival->n_services++ == 0) {
            survival->service = id;
            survival->why = record->why;
            survival->lack = LACK_PLACE;
        }
    }
}

static void find_overload(struct space *space)
{
    struct survival *survival = space->survival;
    struct usage needs[NODES_MAX] = {{0}};

    for (service_id id = 0; id < space->policy->n_services; id++) {
        const struct service *record = &space->state.services[id];

        if (record->state != SERVICE_STARTED)
            continue;
        needs[record->node].cpus_milli += space->policy->services[id].cpus_milli;
        needs[record->node].memory += space->policy->services[id].memory;
    }
    for (node_id node = 0; node < space->policy->n_nodes; node++) {
        const struct node_policy *has = &space->policy->nodes[node];

        if (has->memory && needs[node].memory > has->memory)
            survival->lack = LACK_MEMORY;
        else if (has->cpus_milli && needs[node].cpus_milli > has->cpus_milli)
            survival->lack = LACK_CPUS;
        else
            continue;
        survival->node = node;
        survival->needs = needs[node];
        return;
    }
}

static bool works(struct space *space, bool is_settled)
{
    struct survival *survival = space->survival;

    survival->lack = is_settled ? LACK_NOTHING : LACK_CALM;
    survival->n_services = 0;
    find_idle(space);
    if (survival->lack == LACK_NOTHING)
        find_overload(space);
    return survival->lack == LACK_NOTHING;
}

static bool works_without(struct space *space, node_set lost)
{
    struct settling settling = {
        .policy = space->policy, .state = &space->state, .view = &space->view};

    space->survival->n_sets++;
    space->work_left -= space->policy->n_services + 1;
    ha_state_copy(&space->state, &space->settled_state);
    copy_view(&space->view, &space->settled_view);
    NODE_SET_EACH(node, lost)
    {
        settle_prove_off(&settling, node);
    }
    return works(space, settle(space));
}

/* ---- the sets -------------------------------------------------------------------------------- */

/* The next larger number with as many bits (Gosper; HAKMEM 175); 0 past the last of n bits. */
static node_set next_set(node_set set, int n)
{
    uint64_t low = set & -(uint64_t)set, ripple = set + low;
    uint64_t next = (((set ^ ripple) >> 2) / low) | ripple;

    return next >> n ? 0 : (node_set)next;
}

static node_set first_set(int size)
{
    return (node_set)(((uint64_t)1 << size) - 1);
}

/* How many sets of that size leave a quorum. */
static int64_t count_sets(const struct policy *policy, int size, int64_t most)
{
    int64_t count = 0;

    for (node_set lost = first_set(size); lost && count <= most;
         lost = next_set(lost, policy->n_nodes))
        count += is_quorate_without(policy, lost);
    return count;
}

/* True if no set of that size leaves anything behind. */
static bool survives(struct space *space, int size)
{
    const struct policy *policy = space->policy;

    for (node_set lost = first_set(size); lost; lost = next_set(lost, policy->n_nodes)) {
        if (!is_quorate_without(policy, lost))
            space->survival->lack = LACK_QUORUM;
        else if (works_without(space, lost))
            continue;
        space->survival->lost = lost;
        return false;
    }
    return true;
}

void survive_run(const struct policy *policy, void *memory, struct survival *survival)
{
    struct space *space = memory;

    *survival = (struct survival){
        .failures = -1, .service = SERVICE_NONE, .node = NODE_NONE, .pinned = SERVICE_NONE};
    space->policy = policy;
    space->survival = survival;
    space->work_left = SURVIVE_WORK_MAX;
    memset(space->is_pinned, 0, sizeof(space->is_pinned));
    space->size = 0;
    if (!works(space, begin(space)))
        return;
    ha_state_copy(&space->settled_state, &space->state);
    copy_view(&space->settled_view, &space->view);
    for (int size = 1; size <= policy->n_nodes; size++) {
        int64_t most = space->work_left / (policy->n_services + 1);

        survival->failures = size - 1;
        space->size = size;
        if (size > 1 && count_sets(policy, size, most) > most)
            return;
        if (!survives(space, size)) {
            survival->is_whole = true;
            return;
        }
    }
}
