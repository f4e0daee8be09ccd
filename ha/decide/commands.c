/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people asked for, one function a kind of command; see commands.h. */
#include "ha/decide/commands.h"

#include <assert.h>
#include <string.h>

#include "ha/base/text.h"
#include "ha/decide/affinity.h"
#include "ha/decide/arming.h"
#include "ha/decide/move.h"
#include "ha/decide/node_rules.h"
#include "ha/decide/order.h"
#include "ha/decide/placement.h"
#include "ha/decide/presence.h"
#include "ha/decide/quarantine.h"
#include "ha/decide/source.h"
#include "ha/decide/storm.h"

struct reply {
    bool is_accepted;
    struct reason why;
};

static struct reply answer(bool is_accepted, enum reason_code code, node_id node)
{
    struct reply reply = {.is_accepted = is_accepted, .why = reason_of(code)};

    reply.why.node = node;
    return reply;
}

static struct reply refuse(enum reason_code code, node_id node)
{
    return answer(false, code, node);
}

static struct reply accept(enum reason_code code, node_id node)
{
    return answer(true, code, node);
}

/* A node that its tier rule likes better and that could have it, if failback would use it. */
static node_id better_node(const struct round *round, service_id service, node_id target)
{
    rule_id id = bonds_of_group(round, service)->group_tiers;
    node_set tried = round->state->services[service].tried;
    const struct rule *rule = id == RULE_NONE ? NULL : &round->policy->rules[id];
    node_set possible = round->usable & bonds_of_group(round, service)->group_allowed &
                        ~affinity_apart(round, service, true) & ~tried;

    /* What does not run does not come back before it is started. */
    if (!rule || !bonds_fall_back(round, service) ||
        round->state->services[service].state == SERVICE_STOPPED)
        return NODE_NONE;
    for (int i = 0; i < rule->n_tiers && !node_in(rule->tiers[i], target); i++) {
        if (rule->tiers[i] & possible)
            return node_set_first(rule->tiers[i] & possible);
    }
    return NODE_NONE;
}

/* What the rules say of it on that node; true: they allow it. */
static bool rules_allow(const struct round *round, service_id service, node_id target,
                        struct reply *reply)
{
    const struct bonds *group = bonds_of_group(round, service);
    node_id better;

    if (!node_in(group->group_allowed, target)) {
        *reply = refuse(REASON_REFUSED_BY_RULE, target);
        reply->why.rule = group->group_strict;
        return false;
    }
    if (node_in(affinity_apart(round, service, true), target)) {
        *reply = refuse(REASON_REFUSED_APART, target);
        affinity_name_neighbour(round, service, target, &reply->why);
        return false;
    }
    better = better_node(round, service, target);
    if (better != NODE_NONE) {
        *reply = refuse(REASON_REFUSED_FAILBACK, better);
        reply->why.rule = group->group_tiers;
        return false;
    }
    return true;
}

/* It would be stopped, and could not be started again; true: it could. */
static bool order_allows(const struct round *round, service_id service, bool is_live,
                         struct reply *reply)
{
    struct reason why;

    if ((is_live && round->policy->services[service].migrate == MIGRATE_LIVE) ||
        !order_is_stuck(round, service, &why))
        return true;
    why.code = REASON_REFUSED_ORDER;
    *reply = (struct reply){.why = why};
    return false;
}

/* One of the group that is to move; true: it can be asked to. */
static bool member_can_move(struct round *round, service_id service, node_id target,
                            struct reply *reply)
{
    const struct service *record = &round->state->services[service];
    node_set holders =
        placement_holders(round, service) & ~node_bit(record->node) & ~node_bit(target);

    if (round->policy->services[service].migrate == MIGRATE_NEVER)
        *reply = refuse(REASON_REFUSED_NEVER_MOVES, target);
    else if (!node_in(round->members, record->node))
        *reply = refuse(REASON_REFUSED_SOURCE_AWAY, record->node);
    else if (holders)
        *reply = refuse(REASON_REFUSED_UNSAFE, node_set_first(holders));
    else
        return true;
    reply->why.with = service;
    return false;
}

/* Whether a service in its state can be moved at all. */
static bool state_allows(const struct round *round, const struct command *command,
                         struct reply *reply)
{
    const struct service *record = &round->state->services[command->service];

    bool is_settled = record->state == SERVICE_STARTED || record->state == SERVICE_STOPPED;

    if (is_settled && record->node != command->node)
        return true;
    if (is_settled)
        *reply = accept(REASON_ALREADY_THERE, command->node);
    else if (service_home(record) == command->node && record->target == command->node)
        *reply = accept(REASON_ALREADY_MOVING, command->node);
    else
        *reply = refuse(REASON_REFUSED_STATE, command->node);
    text_copy(reply->why.words, sizeof(reply->why.words), service_state_name(record->state));
    return false;
}

/* From a node that is there it is handed over like any other; of another only its home changes. */
static struct verdict take_home(const struct round *round, service_id service, node_id target)
{
    struct verdict verdict = verdict_of(round, service);
    struct reason why = reason_of(REASON_STOPPED_MOVES);

    why.node = target;
    if (round_answers(round, verdict.node))
        return move_verdict(round, service, target, why, false);
    verdict.kind = VERDICT_CHANGE;
    verdict.node = target;
    verdict.asks = true;
    verdict.why = why;
    return verdict;
}

/* What does not run has a home all the same: it starts there when it is wanted. */
static struct reply move_stopped(struct round *round, service_id service, node_id target)
{
    GROUP_EACH(round, member, service)
    {
        const struct service *record = &round->state->services[member];
        struct verdict verdict;

        if (record->state != SERVICE_STOPPED || record->node == target)
            continue;
        verdict = take_home(round, member, target);
        verdict.fallback = NODE_NONE;
        round_change_service(round, member, &verdict);
    }
    return accept(REASON_ACCEPTED, target);
}

/* A reason that says who asked. */
static struct reason asked(enum reason_code code, const struct command *command)
{
    struct reason why = reason_of(code);

    text_copy(why.words, sizeof(why.words), command->words);
    return why;
}

/* Whoever asks to disarm wants nothing to move from now on: no move begins in the same moment. */
static bool is_disarm_waiting(const struct round *round)
{
    for (int i = 0; i < round->view->n_commands; i++) {
        enum command_kind kind = round->view->commands[i].kind;

        if (kind == COMMAND_DISARM_FREEZE || kind == COMMAND_DISARM_IGNORE)
            return true;
    }
    return false;
}

/* What to do about a node that takes no services. */
static enum reason_code why_unusable(const struct round *round, node_id id)
{
    const struct node *node = &round->state->nodes[id];

    if (!node_in(round->members, id))
        return REASON_REFUSED_NOT_ONLINE;
    if (node->leaving != LEAVING_NOT)
        return REASON_LEAVING;
    if (node->state == NODE_MAINTENANCE)
        return node->is_quarantined && !node->wants_maintenance ? REASON_REFUSED_QUARANTINED
                                                                : REASON_REFUSED_MAINTENANCE;
    return REASON_REFUSED_NOT_ONLINE;
}

static struct reply move(struct round *round, const struct command *command)
{
    service_id service = command->service;
    node_id target = command->node;
    struct reason why = asked(REASON_ASKED_TO_MOVE, command);
    bool is_live = command->kind == COMMAND_MIGRATE;
    struct verdict verdict;
    struct reply reply;

    if (service == SERVICE_NONE || target == NODE_NONE)
        return refuse(REASON_REFUSED_NO_SUCH, target);
    if (!state_allows(round, command, &reply))
        return reply;
    if (is_disarm_waiting(round))
        return refuse(REASON_REFUSED_DISARMED, target);
    if (!node_in(round->usable, target))
        return refuse(why_unusable(round, target), target);
    if (!rules_allow(round, service, target, &reply))
        return reply;
    GROUP_EACH(round, member, service)
    {
        const struct service *record = &round->state->services[member];
        bool is_to_move = record->state == SERVICE_STARTED && record->node != target;

        if (is_to_move && (!member_can_move(round, member, target, &reply) ||
                           !order_allows(round, member, is_live, &reply)))
            return reply;
    }
    why.node = round->state->services[service].node;
    why.other = target;
    if (round->state->services[service].state == SERVICE_STOPPED)
        return move_stopped(round, service, target);
    verdict = move_verdict(round, service, target, why, is_live);
    verdict.fallback = NODE_NONE;
    verdict.tried &= ~node_bit(target);
    round_change_service(round, service, &verdict);
    why.code = REASON_ASKED_WITH_PARTNER;
    move_partners(round, service, target, why);
    return accept(REASON_ACCEPTED, target);
}

/* When something that is asked for now ends by itself. */
static struct instant end_of(struct round *round, const struct command *command)
{
    if (command->lasts.ms <= 0)
        return INSTANT_UNKNOWN;
    round_wake(round, instant_after(round->view->now, command->lasts));
    return instant_after(round->view->stamp, command->lasts);
}

/* It is so already: only its end may become another one. */
static struct reply set_end(struct round *round, const struct command *command,
                            struct instant *until)
{
    struct instant end = end_of(round, command);
    struct reply reply = accept(REASON_ALREADY_SO, command->node);

    if (end.ms || until->ms)
        reply.why.code = end.ms ? REASON_ENDS_LATER : REASON_ENDS_BY_HAND;
    reply.why.number = command->lasts.ms;
    *until = end;
    return reply;
}

static struct reply begin_maintenance(struct round *round, const struct command *command)
{
    struct node *node = command->node == NODE_NONE ? NULL : &round->state->nodes[command->node];
    struct reply reply;

    if (!node)
        return refuse(REASON_REFUSED_NO_SUCH, NODE_NONE);
    if (!node->wants_maintenance && node->state != NODE_ONLINE && !node->is_quarantined)
        return refuse(REASON_REFUSED_NOT_ONLINE, command->node);
    if (command->words[0] || !node->wants_maintenance) {
        memset(node->maintenance_words, 0, sizeof(node->maintenance_words));
        text_copy(node->maintenance_words, sizeof(node->maintenance_words), command->words);
    }
    if (node->wants_maintenance) {
        reply = set_end(round, command, &node->maintenance_until);
        node_retell_maintenance(round, command->node);
        return reply;
    }
    node->wants_maintenance = true;
    node->maintenance_until = end_of(round, command);
    node_step(round, command->node);
    round_see_nodes(round);
    return accept(REASON_ACCEPTED, command->node);
}

static struct reply end_maintenance(struct round *round, node_id id)
{
    struct node *node = id == NODE_NONE ? NULL : &round->state->nodes[id];

    if (!node)
        return refuse(REASON_REFUSED_NO_SUCH, id);
    if (!node->wants_maintenance && !node->is_quarantined)
        return accept(REASON_ALREADY_SO, id);
    node_end_maintenance(node);
    quarantine_lift(node);
    node_step(round, id);
    round_see_nodes(round);
    return accept(REASON_ACCEPTED, id);
}

/* Only of who is silent: a node that is here is asked, and needs nobody's word. */
static struct reply confirm_off(struct round *round, const struct command *command)
{
    node_id id = command->node;
    enum node_state state = id == NODE_NONE ? NODE_GONE : round->state->nodes[id].state;

    if (state == NODE_GONE)
        return refuse(REASON_REFUSED_NO_SUCH, id);
    if (round->view->nodes[id].is_member)
        return refuse(REASON_REFUSED_IS_HERE, id);
    /* Declared off, and heard again since, it has to be proven off once more. */
    if (state == NODE_FENCE && node_in(round->proven, id))
        return accept(REASON_ALREADY_OFF, id);
    node_confirm_off(round, id, command->words);
    round_see_nodes(round);
    return accept(REASON_CONFIRMED_OFF, id);
}

static struct reply stop(struct round *round, service_id service)
{
    struct service *record = service == SERVICE_NONE ? NULL : &round->state->services[service];

    if (!record || record->state == SERVICE_ABSENT)
        return refuse(REASON_REFUSED_NO_SUCH, NODE_NONE);
    if (record->is_held || round->policy->services[service].requested != REQUESTED_STARTED)
        return accept(REASON_ALREADY_STOPPED, record->node);
    record->is_held = true;
    return accept(REASON_ACCEPTED, record->node);
}

static struct reply clear(struct round *round, const struct command *command)
{
    service_id service = command->service;
    struct service *record = service == SERVICE_NONE ? NULL : &round->state->services[service];
    struct verdict verdict;
    struct reason why;
    struct reply reply;

    if (!record)
        return refuse(REASON_REFUSED_NO_SUCH, NODE_NONE);
    if (record->state == SERVICE_FENCE && storm_holds(round, record->node, &why)) {
        storm_overrule(round, record->node);
        return accept(REASON_STORM_OVERRULED, record->node);
    }
    if (record->state != SERVICE_ERROR && !record->tried && !record->stays_put && !record->is_held)
        return refuse(REASON_NOT_IN_ERROR, record->node);
    record->tried = 0;
    record->n_failed = 0;
    record->stays_put = record->is_held = false;
    if (record->state == SERVICE_ERROR) {
        verdict = verdict_of(round, service);
        verdict.kind = VERDICT_CHANGE;
        verdict.next = SERVICE_STOPPED;
        verdict.asks = true;
        verdict.why = asked(REASON_CLEARED, command);
        round_change_service(round, service, &verdict);
    }
    reply = accept(REASON_CLEARED, record->node);
    reply.why = asked(REASON_CLEARED, command);
    return reply;
}

static struct reply start(struct round *round, const struct command *command)
{
    service_id service = command->service;
    const struct service *record =
        service == SERVICE_NONE ? NULL : &round->state->services[service];
    struct reply reply;

    if (!record)
        return refuse(REASON_REFUSED_NO_SUCH, NODE_NONE);
    if (round->policy->services[service].requested != REQUESTED_STARTED)
        return refuse(REASON_REFUSED_POLICY_STOPS, record->node);
    if (!record->is_held && record->state != SERVICE_ERROR)
        return accept(REASON_ALREADY_STARTED, record->node);
    reply = clear(round, command);
    reply.why.code = REASON_ACCEPTED;
    return reply;
}

/* A move to where it is. */
static struct reply restart(struct round *round, const struct command *command)
{
    service_id service = command->service;
    const struct service *record =
        service == SERVICE_NONE ? NULL : &round->state->services[service];
    struct reason why = asked(REASON_ASKED_TO_RESTART, command);
    struct verdict verdict;
    struct reply reply;

    if (!record)
        return refuse(REASON_REFUSED_NO_SUCH, NODE_NONE);
    if (record->state != SERVICE_STARTED || record->is_held) {
        reply = refuse(REASON_REFUSED_RESTART, record->node);
        text_copy(reply.why.words, sizeof(reply.why.words), service_state_name(record->state));
        return reply;
    }
    if (!node_in(round->usable, record->node))
        return refuse(why_unusable(round, record->node), record->node);
    if (!order_allows(round, service, false, &reply))
        return reply;
    why.node = record->node;
    verdict = move_verdict(round, service, record->node, why, false);
    round_change_service(round, service, &verdict);
    return accept(REASON_ACCEPTED, record->node);
}

static struct reply disarm(struct round *round, const struct command *command, bool ignores)
{
    struct arming *arming = &round->state->arming;
    bool has_end = command->lasts.ms > 0;
    struct reason why = asked(has_end ? REASON_DISARM_ASKED_FOR : REASON_DISARM_ASKED, command);
    struct reply reply;

    if (arming->state != ARMED && arming->ignores != ignores)
        return refuse(REASON_ALREADY_DISARMED, NODE_NONE);
    if (arming->state != ARMED) {
        reply = set_end(round, command, &arming->until);
        if (reply.why.code == REASON_ALREADY_SO)
            reply.why.code = REASON_ALREADY_DISARMED;
        return reply;
    }
    why.number = command->lasts.ms;
    arming_change(round, DISARMING, why);
    arming->ignores = ignores;
    arming->until = end_of(round, command);
    return accept(REASON_ACCEPTED, NODE_NONE);
}

static struct reply arm(struct round *round, const struct command *command)
{
    struct reply reply = {.is_accepted = false};

    if (round->state->arming.state == ARMED)
        return accept(REASON_ALREADY_ARMED, NODE_NONE);
    if (!arming_may_end(round, &reply.why))
        return reply;
    arming_end(round, asked(REASON_ARM_ASKED, command));
    return accept(REASON_ACCEPTED, NODE_NONE);
}

static bool is_heard_while_disarmed(enum command_kind kind)
{
    return kind == COMMAND_MAINTENANCE_OFF || kind == COMMAND_DISARM_FREEZE ||
           kind == COMMAND_DISARM_IGNORE || kind == COMMAND_ARM;
}

static struct reply obey(struct round *round, const struct command *command)
{
    if (round->state->arming.state != ARMED && !is_heard_while_disarmed(command->kind))
        return refuse(REASON_REFUSED_DISARMED, command->node);
    switch (command->kind) {
    case COMMAND_MIGRATE:
    case COMMAND_RELOCATE: return move(round, command);
    case COMMAND_MAINTENANCE_ON: return begin_maintenance(round, command);
    case COMMAND_MAINTENANCE_OFF: return end_maintenance(round, command->node);
    case COMMAND_CLEAR: return clear(round, command);
    case COMMAND_STOP: return stop(round, command->service);
    case COMMAND_DISARM_FREEZE: return disarm(round, command, false);
    case COMMAND_DISARM_IGNORE: return disarm(round, command, true);
    case COMMAND_ARM: return arm(round, command);
    case COMMAND_START: return start(round, command);
    case COMMAND_RESTART: return restart(round, command);
    case COMMAND_CONFIRM: return confirm_off(round, command);
    }
    assert(false && "a command of no kind");
    return refuse(REASON_REFUSED_NO_SUCH, NODE_NONE);
}

void commands_step(struct round *round)
{
    struct outcome *outcome = round->outcome;

    for (int i = 0; i < round->view->n_commands; i++) {
        const struct command *command = &round->view->commands[i];
        struct reply reply = obey(round, command);

        reply.why.line = source_line(round->policy, command->service, &reply.why);
        outcome->answers[outcome->n_answers++] = (struct answer){
            .command = command->id,
            .is_accepted = reply.is_accepted,
            .why = reply.why,
        };
    }
}
