/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The promises of world_invariants.h. They are worked out from the policy's rules
 * as they were written and from what runs in truth, not with the functions that
 * decide: a mistake there must not hide itself here.
 */
#include "ha/whatif/world_invariants.h"

#include <string.h>

/* ---- rules, read once more ------------------------------------------------------------------ */

static bool names(const struct rule *rule, service_id service)
{
    for (int i = 0; i < rule->n_services; i++) {
        if (rule->services[i] == service)
            return true;
    }
    return false;
}

static node_set nodes_named(const struct rule *rule)
{
    node_set nodes = 0;

    for (int i = 0; i < rule->n_tiers; i++)
        nodes |= rule->tiers[i];
    return nodes;
}

/* What strict rules say of this service alone. */
static bool is_allowed(const struct policy *policy, service_id service, node_id node)
{
    for (rule_id id = 0; id < policy->n_rules; id++) {
        const struct rule *rule = &policy->rules[id];

        if (rule->kind == RULE_ON && rule->is_strict && names(rule, service) &&
            !node_in(nodes_named(rule), node))
            return false;
    }
    return true;
}

static bool are_bound(const struct policy *policy, service_id a, service_id b, enum rule_kind kind)
{
    for (rule_id id = 0; id < policy->n_rules; id++) {
        const struct rule *rule = &policy->rules[id];

        if (rule->kind == kind && rule->is_strict && names(rule, a) && names(rule, b))
            return a != b;
    }
    return false;
}

/* Where it is or is going to be. */
static node_set places_of(const struct service *service)
{
    switch (service->state) {
    case SERVICE_STARTED:
    case SERVICE_REQUEST_STOP:
    case SERVICE_ERROR: return node_bit(service->node);
    case SERVICE_MIGRATE:
    case SERVICE_RELOCATE: return node_bit(service->node) | node_bit(service->target);
    case SERVICE_FREEZE: return service->is_running ? node_bit(service->node) : 0;
    default: return 0;
    }
}

/* What is handed over without running there takes no place where it comes from. */
static bool is_at(const struct world *world, const struct ha_state *state, service_id service,
                  node_id node)
{
    const struct service *record = &state->services[service];
    bool is_going = record->state == SERVICE_MIGRATE || record->state == SERVICE_RELOCATE;

    if (is_going && record->target != node && !world->nodes[node].is_running[service])
        return false;
    return node_in(places_of(record), node);
}

static bool has_neighbour_on(const struct world *world, service_id service, node_id node)
{
    for (service_id other = 0; other < world->policy->n_services; other++) {
        if (is_at(world, &world->agreed, other, node) &&
            are_bound(world->policy, service, other, RULE_APART))
            return true;
    }
    return false;
}

/* ---- a step of the manager ------------------------------------------------------------------ */

static bool may_follow(const struct change *change)
{
    if (change->service != SERVICE_NONE)
        return service_state_may_follow((enum service_state)change->from,
                                        (enum service_state)change->to);
    return change->node == NODE_NONE ||
           node_state_may_follow((enum node_state)change->from, (enum node_state)change->to);
}

/* The boot that the record speaks of. What another boot runs, its report will say. */
static bool is_still(const struct world *world, node_id node)
{
    return strcmp(world->agreed.nodes[node].boot_id, world->nodes[node].lrm.boot_id) == 0;
}

/* Its node is believed to be free of it: after fence, or after it said that it stopped. */
static void check_freed(struct world *world, const struct change *change)
{
    bool is_freed = change->from == SERVICE_FENCE && change->to == SERVICE_RECOVERY;
    bool is_stopped = change->from == SERVICE_REQUEST_STOP && change->to == SERVICE_STOPPED;

    if ((!is_freed && !is_stopped) || change->node == NODE_NONE ||
        !world->nodes[change->node].is_running[change->service] || !is_still(world, change->node))
        return;
    world_break(world,
                is_freed ? "left fence while it may be running" : "counts as stopped and runs",
                change->service, change->node);
}

/* A node that could not start it is remembered, and not tried next. */
static void check_failed(struct world *world, const struct change *change)
{
    const struct service *now = &world->proposed.services[change->service];
    bool has_failed =
        change->why.code == REASON_START_FAILED || change->why.code == REASON_NODE_CANNOT_RUN_IT;

    if (has_failed && now->state == SERVICE_RELOCATE &&
        (now->target == change->node || !node_in(now->tried, change->node)))
        world_break(world, "tried again where it has just failed", change->service, change->node);
}

static void check_change(struct world *world, const struct change *change)
{
    if (change->why.code == REASON_NONE)
        world_break(world, "a change without a reason", change->service, change->node);
    if (!may_follow(change))
        world_break(world, "a change that no row of the .def allows", change->service,
                    change->node);
    if (change->service == SERVICE_NONE)
        return;
    check_freed(world, change);
    check_failed(world, change);
}

static void check_fences(struct world *world)
{
    NODE_SET_EACH(node, world->outcome.fences)
    {
        for (service_id service = 0; service < world->policy->n_services; service++) {
            if (world->nodes[node].is_running[service])
                world_break(world, "runs on a node that is declared off", service, node);
        }
    }
}

static bool has_change(const struct world *world, service_id service, node_id node)
{
    for (int i = 0; i < world->outcome.n_changes; i++) {
        const struct change *change = &world->changes[i];

        if (change->service == service && (service != SERVICE_NONE || change->node == node))
            return true;
    }
    return false;
}

/* One that was asked to go in this very step could still be chosen before. */
static bool takes_services(const struct world *world, node_id node)
{
    const struct node *before = &world->agreed.nodes[node], *now = &world->proposed.nodes[node];

    return node_in(world->ring, node) &&
           (before->state == NODE_ONLINE || has_change(world, SERVICE_NONE, node) ||
            now->state == NODE_ONLINE) &&
           (before->leaving == LEAVING_NOT || now->leaving == LEAVING_NOT);
}

/* It runs there itself, or one that it must be with is there for good. */
static bool is_there_already(const struct world *world, service_id service, node_id node)
{
    for (service_id other = 0; other < world->policy->n_services; other++) {
        const struct service *before = &world->agreed.services[other];

        if (other != service && !are_bound(world->policy, service, other, RULE_TOGETHER))
            continue;
        if (before->state == SERVICE_STARTED && before->node == node)
            return true;
    }
    return node_in(world->view.services[service].running_on, node);
}

static bool is_settled(const struct service *service)
{
    return service->state == SERVICE_STARTED || service->state == SERVICE_ERROR ||
           service->state == SERVICE_FREEZE;
}

/*
 * Next to one that stays there it may not be; where it is not itself, one that comes or goes, or of
 * which a node has told that it runs there, is in its way, too.
 */
static bool is_in_the_way(const struct world *world, service_id service, service_id other,
                          node_id node)
{
    bool is_reported = node_in(world->view.services[other].running_on, node) &&
                       world->policy->services[other].requested != REQUESTED_IGNORED;
    bool is_there = is_at(world, &world->proposed, other, node);

    if (!are_bound(world->policy, service, other, RULE_APART))
        return false;
    if (is_there && is_settled(&world->proposed.services[other]))
        return true;
    return (is_there || is_reported) && !is_there_already(world, service, node);
}

/* A node that was given something now must be there for it, and the rules must like it. */
static void check_place(struct world *world, service_id service)
{
    const struct service *now = &world->proposed.services[service];
    bool is_going = now->state == SERVICE_MIGRATE || now->state == SERVICE_RELOCATE;
    node_id node = is_going ? now->target : now->node;

    if (!takes_services(world, node))
        world_break(world, "placed on a node that takes nothing", service, node);
    if (!is_allowed(world->policy, service, node))
        world_break(world, "placed where a strict rule forbids it", service, node);
    for (service_id other = 0; other < world->policy->n_services; other++) {
        if (is_in_the_way(world, service, other, node))
            world_break(world, "placed next to one it must be apart from", service, node);
    }
}

/* Not what somebody moved by hand, what runs on where it was, or what is on its way already. */
static bool is_placed(const struct service *before, const struct service *now)
{
    switch (now->state) {
    case SERVICE_MIGRATE:
    case SERVICE_RELOCATE: return before->state != now->state || before->target != now->target;
    case SERVICE_STARTED:
        return (before->state == SERVICE_REQUEST_START || before->state == SERVICE_RECOVERY ||
                before->state == SERVICE_FENCE) &&
               before->node != now->node;
    default: return false;
    }
}

void world_check_step(struct world *world)
{
    if (world->outcome.n_answers != world->view.n_commands)
        world_break(world, "a command without an answer", SERVICE_NONE, NODE_NONE);
    for (int i = 0; i < world->outcome.n_changes; i++)
        check_change(world, &world->changes[i]);
    check_fences(world);
    for (node_id node = 0; node < world->policy->n_nodes; node++) {
        if (world->agreed.nodes[node].state != world->proposed.nodes[node].state &&
            !has_change(world, SERVICE_NONE, node))
            world_break(world, "a node changed in silence", SERVICE_NONE, node);
    }
    for (service_id service = 0; service < world->policy->n_services; service++) {
        const struct service *before = &world->agreed.services[service];
        const struct service *now = &world->proposed.services[service];

        if ((before->state != now->state || before->node != now->node ||
             before->target != now->target) &&
            !has_change(world, service, NODE_NONE))
            world_break(world, "a service changed in silence", service, now->node);
        if (is_placed(before, now))
            check_place(world, service);
    }
}

void world_check_agreed(struct world *world)
{
    if (world->proposal_ring != world->n_rings)
        world_break(world, "a deposed manager is obeyed", SERVICE_NONE, world->proposed.manager);
    if (world->proposed.version <= world->agreed.version)
        world_break(world, "a version runs back", SERVICE_NONE, world->proposed.manager);
}

/* ---- what nodes do -------------------------------------------------------------------------- */

static void check_start(struct world *world, node_id id, const struct job *job)
{
    const struct world_node *node = &world->nodes[id];
    const struct service *seen = &node->seen.services[job->service];

    if (node->is_running[job->service])
        world_break(world, "started where it runs already", job->service, id);
    if (seen->state != SERVICE_STARTED || seen->node != id || seen->cause != job->cause)
        world_break(world, "started by a node that was not asked to", job->service, id);
    if (strcmp(node->seen.nodes[id].boot_id, node->lrm.boot_id) != 0)
        world_break(world, "started for an earlier boot", job->service, id);
    if (!node->is_armed && world->policy->timing.watchdog.ms)
        world_break(world, "started without a watchdog", job->service, id);
}

void world_check_begin(struct world *world, node_id id, const struct job *job)
{
    const struct world_node *node = &world->nodes[id];
    struct instant lease_end = instant_after(node->last_in_ring, world->policy->timing.lease);

    if (job->kind == JOB_MONITOR)
        return;
    if (instant_reached(world->now, lease_end))
        world_break(world, "acted without a lease", job->service, id);
    if (node->seen.arming.state > DISARMING)
        world_break(world, "acted while disarmed", job->service, id);
    if (job->kind == JOB_START)
        check_start(world, id, job);
}

void world_check_truth(struct world *world)
{
    for (service_id service = 0; service < world->policy->n_services; service++) {
        node_set nodes = world_running(world, service);

        if (node_set_count(nodes) > 1)
            world_break(world, "runs on two nodes", service, node_set_first(nodes));
    }
}

/* ---- at rest -------------------------------------------------------------------------------- */

static bool is_wanted(const struct world *world, service_id service)
{
    return world->policy->services[service].requested == REQUESTED_STARTED &&
           !world->agreed.services[service].is_held;
}

/* Those that must be with it may be no other place, whether they run or not. */
static bool is_allowed_with_partners(const struct world *world, service_id service, node_id node)
{
    for (service_id other = 0; other < world->policy->n_services; other++) {
        if (other != service && !are_bound(world->policy, service, other, RULE_TOGETHER))
            continue;
        if (!is_allowed(world->policy, other, node) || has_neighbour_on(world, other, node))
            return false;
    }
    return true;
}

/* No rule but one that says where, and that rule's best nodes are there: it must be on them. */
static node_set wished_nodes(const struct world *world, service_id service)
{
    const struct policy *policy = world->policy;
    node_set wished = ~(node_set)0;

    for (rule_id id = 0; id < policy->n_rules; id++) {
        const struct rule *rule = &policy->rules[id];

        if (rule->kind == RULE_BEFORE || !names(rule, service))
            continue;
        if (rule->kind != RULE_ON || wished != ~(node_set)0)
            return ~(node_set)0;
        wished = rule->tiers[0];
    }
    return policy->services[service].failback ? wished : ~(node_set)0;
}

/* Those that must be with it, it included, that are there. */
static int bound_on(const struct world *world, service_id service, node_id node)
{
    int count = 0;

    for (service_id other = 0; other < world->policy->n_services; other++) {
        const struct service *record = &world->agreed.services[other];

        count += record->state == SERVICE_STARTED && record->node == node &&
                 (other == service || are_bound(world->policy, service, other, RULE_TOGETHER));
    }
    return count;
}

/*
 * Without failback it stays where it is, apart from its group if need be. Who has failback goes
 * after one without, but not from as many as it would come to.
 */
static bool may_be_without(const struct world *world, service_id service, service_id other)
{
    const struct policy *policy = world->policy;
    node_id here = world->agreed.services[service].node, there = world->agreed.services[other].node;
    bool is_held = false;

    if (!policy->services[service].failback)
        return true;
    for (service_id anchor = 0; anchor < policy->n_services; anchor++)
        is_held |=
            !policy->services[anchor].failback && are_bound(policy, service, anchor, RULE_TOGETHER);
    return is_held && bound_on(world, service, here) > bound_on(world, service, there);
}

static const char *amiss_of_running(const struct world *world, service_id service)
{
    const struct service *record = &world->agreed.services[service];

    if (!record->is_running || world_running(world, service) != node_bit(record->node))
        return "does not run though it should";
    /* It may have become so before the rule did, and nothing may move it. */
    if (world->policy->services[service].migrate == MIGRATE_NEVER)
        return NULL;
    if (!is_allowed(world->policy, service, record->node))
        return "runs where a strict rule forbids it";
    if (!node_in(wished_nodes(world, service), record->node))
        return "runs on a lesser node than its rule prefers";
    for (service_id other = 0; other < world->policy->n_services; other++) {
        bool is_on = world->agreed.services[other].state == SERVICE_STARTED;
        bool is_near = is_on && world->agreed.services[other].node == record->node;

        if (world->policy->services[other].migrate == MIGRATE_NEVER || !is_on)
            continue;
        if (is_near && are_bound(world->policy, service, other, RULE_APART))
            return "runs next to one it must be apart from";
        if (!is_near && are_bound(world->policy, service, other, RULE_TOGETHER) &&
            !may_be_without(world, service, other))
            return "runs away from one it must be with";
    }
    return NULL;
}

static const char *amiss_of_waiting(const struct world *world, service_id service)
{
    for (node_id node = 0; node < world->policy->n_nodes; node++) {
        if (is_allowed_with_partners(world, service, node))
            return "waits though there is a place for it";
    }
    return NULL;
}

static const char *amiss_of(const struct world *world, service_id service)
{
    const struct service *record = &world->agreed.services[service];
    bool is_ignored = world->policy->services[service].requested == REQUESTED_IGNORED;

    if (is_ignored)
        return record->state == SERVICE_ABSENT ? NULL : "is not left alone";
    if (is_wanted(world, service)) {
        if (record->state == SERVICE_STARTED)
            return amiss_of_running(world, service);
        if (record->state == SERVICE_REQUEST_START || record->state == SERVICE_RECOVERY)
            return amiss_of_waiting(world, service);
        return "is on its way, or stays down";
    }
    if (record->state != SERVICE_STOPPED)
        return "is not stopped though it should be";
    return world_running(world, service) ? "runs though it is stopped" : NULL;
}

bool world_is_settled(const struct world *world, struct text *found)
{
    struct duration rest = instant_since(world->now, world->changed_at);

    for (node_id node = 0; node < world->policy->n_nodes; node++) {
        if (world->agreed.nodes[node].state == NODE_ONLINE)
            continue;
        text_add(found, "a node is not online: %s", world->policy->nodes[node].name);
        return false;
    }
    if (world->agreed.arming.state != ARMED || !world->ring) {
        text_add(found, "the cluster is not armed and quorate");
        return false;
    }
    for (service_id service = 0; service < world->policy->n_services; service++) {
        const char *words = amiss_of(world, service);

        if (!words)
            continue;
        text_add(found, "%s: %s", words, world->policy->services[service].name);
        return false;
    }
    if (rest.ms >= WORLD_REST_MS)
        return true;
    text_add(found, "something was decided only just now");
    return false;
}
