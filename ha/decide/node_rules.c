/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of a node. A rule looks at one node in one state and says what it
 * becomes, and why; the same state means that it stays. Silence alone only
 * makes a node unknown: its services stay where they are until it is proven
 * off, or is back with another boot, which proves the same.
 */
#include "ha/decide/node_rules.h"

#include <assert.h>
#include <string.h>

#include "ha/base/text.h"
#include "ha/decide/quarantine.h"

/* Online, unknown, fence, online again, maintenance: no node changes more often in one step. */
#define NODE_CHANGES_MAX 5

struct node_case {
    struct round *round;
    node_id id;
    const struct node *record;
    const struct node_view *view;
    bool was_leaving; /* in good order, as far as it could say */
    bool is_time_up;  /* of the maintenance that somebody asked for */
};

struct node_verdict {
    enum node_state next;
    struct reason why;
};

static struct node_verdict become(const struct node_case *c, enum node_state next,
                                  enum reason_code code)
{
    struct node_verdict verdict = {.next = next, .why = reason_of(code)};

    verdict.why.node = c->id;
    return verdict;
}

static bool is_heard(const struct node_case *c)
{
    return c->view->is_member && c->view->boot_id[0];
}

static bool is_same_boot(const struct node_case *c)
{
    return strcmp(c->record->boot_id, c->view->boot_id) == 0;
}

/* A boot that the record has never heard of; a record without one cannot tell. */
static bool is_rebooted(const struct node_case *c)
{
    return is_heard(c) && c->record->boot_id[0] && !is_same_boot(c);
}

static bool runs_anything(const struct node_case *c)
{
    const struct cluster_view *view = c->round->view;

    for (service_id service = 0; service < view->n_services; service++) {
        if (node_in(view->services[service].running_on, c->id))
            return true;
    }
    return false;
}

static struct node_verdict proven_off(const struct node_case *c)
{
    struct node_verdict verdict = become(c, NODE_FENCE, REASON_NODE_PROVEN_OFF);

    if (c->record->leaving != LEAVING_NOT)
        verdict.why.code = REASON_NODE_LEFT;
    else if (!c->view->boot_id[0])
        verdict.why.code = REASON_NODE_NEVER_HEARD;
    else if (c->view->is_unarmed)
        verdict.why.code = REASON_NODE_NOT_ARMED;
    else
        verdict.why.number = instant_since(c->round->view->now, c->view->last_beat).ms;
    return verdict;
}

/* Nothing of it can be running; a node without a watchdog must come back to prove that. */
static bool is_proven_off(const struct node_case *c)
{
    return !c->view->is_member && c->view->is_proven_off && !c->record->is_released &&
           c->round->state->arming.state <= DISARMING;
}

/* It said that it would boot anew, and the policy has its services wait for that a while. */
static bool is_expected_back(const struct node_case *c)
{
    struct round *round = c->round;

    if (c->record->leaving != LEAVING_REBOOT ||
        policy_when_leaving(round->policy, LEAVING_REBOOT) != SHUTDOWN_FAILOVER)
        return false;
    return !round_has_passed(round, c->record->since, duration_ms(REBOOT_GRACE_MS));
}

static struct node_verdict unknown(const struct node_case *c)
{
    struct node_verdict verdict;

    if (is_rebooted(c))
        return become(c, NODE_FENCE, REASON_NODE_REBOOTED);
    if (is_heard(c))
        return become(c, NODE_ONLINE,
                      c->record->boot_id[0] ? REASON_NODE_BACK_IN_TIME : REASON_NODE_JOINED);
    if (is_proven_off(c) && !is_expected_back(c))
        return proven_off(c);
    verdict = become(c, NODE_UNKNOWN, is_proven_off(c) ? REASON_NODE_EXPECTED_BACK : REASON_NONE);
    verdict.why.number = REBOOT_GRACE_MS;
    return verdict;
}

/* The policy moves its services away before it goes. */
static bool is_to_be_emptied(const struct node_case *c)
{
    return c->record->leaving != LEAVING_NOT &&
           policy_when_leaving(c->round->policy, c->record->leaving) == SHUTDOWN_MIGRATE;
}

/* Who asked for it, and for how long. */
static struct reason why_maintenance(const struct round *round, node_id id)
{
    const struct node *record = &round->state->nodes[id];
    bool has_end = record->maintenance_until.ms != 0;
    struct reason why =
        reason_on(has_end ? REASON_MAINTENANCE_WANTED_FOR : REASON_MAINTENANCE_WANTED, id);

    if (has_end)
        why.number = instant_since(record->maintenance_until, round->view->stamp).ms;
    text_copy(why.words, sizeof(why.words), record->maintenance_words);
    return why;
}

static struct node_verdict begin_maintenance(const struct node_case *c)
{
    return (struct node_verdict){
        .next = NODE_MAINTENANCE,
        .why = why_maintenance(c->round, c->id),
    };
}

static struct node_verdict begin_quarantine(const struct node_case *c)
{
    struct node_verdict verdict = become(c, NODE_MAINTENANCE, REASON_QUARANTINED);
    struct text falls;

    verdict.why.number = c->round->policy->quarantine.within.ms;
    text_init(&falls, verdict.why.words, sizeof(verdict.why.words));
    text_add(&falls, "%d", quarantine_falls(c->round, c->id));
    return verdict;
}

static enum reason_code why_maintenance_ends(const struct node_case *c)
{
    if (c->record->why.code == REASON_QUARANTINED)
        return REASON_QUARANTINE_OVER;
    return c->is_time_up ? REASON_MAINTENANCE_TIME_UP : REASON_MAINTENANCE_OVER;
}

static struct node_verdict online(const struct node_case *c)
{
    if (is_rebooted(c))
        return become(c, NODE_FENCE, REASON_NODE_REBOOTED);
    if (!c->view->is_member)
        return become(c, NODE_UNKNOWN, REASON_NODE_SILENT);
    if (c->record->wants_maintenance)
        return begin_maintenance(c);
    if (is_to_be_emptied(c))
        return become(c, NODE_MAINTENANCE, REASON_NODE_SHUTS_DOWN);
    if (c->record->is_quarantined)
        return begin_quarantine(c);
    return become(c, NODE_ONLINE, REASON_NONE);
}

/* Somewhere a service is wanted that was there last. */
static bool is_home_of_wanted(const struct node_case *c)
{
    const struct round *round = c->round;

    for (service_id id = 0; id < round->policy->n_services; id++) {
        if (round->state->services[id].node == c->id &&
            round->policy->services[id].requested == REQUESTED_STARTED)
            return true;
    }
    return false;
}

static struct node_verdict maintenance(const struct node_case *c)
{
    if (is_rebooted(c))
        return become(c, NODE_FENCE, REASON_NODE_REBOOTED);
    /* It is needed to know for sure: what lay there is to start elsewhere. */
    if (is_proven_off(c) && is_home_of_wanted(c))
        return proven_off(c);
    /* With nothing on it there is nothing to find out, and its services will want it back. */
    if (!c->view->is_member && c->round->work->present[c->id] == 0)
        return become(c, NODE_MAINTENANCE, REASON_NODE_LEFT_IN_MAINTENANCE);
    if (!c->view->is_member)
        return become(c, NODE_UNKNOWN, REASON_NODE_SILENT);
    if (!c->record->wants_maintenance && !is_to_be_emptied(c) && !c->record->is_quarantined)
        return become(c, NODE_ONLINE, why_maintenance_ends(c));
    return become(c, NODE_MAINTENANCE, REASON_NONE);
}

/*
 * It counts again with another boot. The very boot that was declared off must
 * reset itself, unless it proves that it runs nothing: then it was not armed,
 * and there was nothing to reset.
 */
static struct node_verdict fence(const struct node_case *c)
{
    if (!is_heard(c))
        return become(c, NODE_FENCE, REASON_NONE);
    if (!is_same_boot(c))
        return become(c, NODE_ONLINE, REASON_NODE_BOOTED);
    if (c->view->has_report && !runs_anything(c))
        return become(c, NODE_ONLINE, REASON_NODE_RUNS_NOTHING);
    return become(c, NODE_FENCE, REASON_NODE_MUST_RESET);
}

static struct node_verdict gone(const struct node_case *c)
{
    return become(c, NODE_UNKNOWN, is_heard(c) ? REASON_NODE_JOINED : REASON_ADDED);
}

static struct node_verdict (*const rules[NODE_STATES])(const struct node_case *) = {
    [NODE_UNKNOWN] = unknown, [NODE_ONLINE] = online, [NODE_MAINTENANCE] = maintenance,
    [NODE_FENCE] = fence,     [NODE_GONE] = gone,
};

/* Nobody wanted it to go. */
static bool is_fall(const struct node_case *c, enum reason_code why)
{
    return !c->was_leaving && !c->record->wants_maintenance &&
           c->round->state->arming.state == ARMED &&
           (why == REASON_NODE_PROVEN_OFF || why == REASON_NODE_CONFIRMED_OFF ||
            why == REASON_NODE_NOT_ARMED || why == REASON_NODE_REBOOTED);
}

/* What a change means beside the state: the boot it speaks of, and who was lost. */
static void remember(struct node_case *c, const struct node_verdict *verdict)
{
    struct round *round = c->round;
    node_id id = c->id;
    struct node *node = &round->state->nodes[id];
    const struct node_view *view = &round->view->nodes[id];

    /* A word is about one absence. */
    node->is_confirmed = verdict->why.code == REASON_NODE_CONFIRMED_OFF;
    /* While nobody acts, somebody may start things there by hand. */
    if (verdict->next == NODE_ONLINE && round->state->arming.state > DISARMING)
        node->is_released = true;
    if (verdict->next == NODE_FENCE) {
        round->lost |= node_bit(id);
        if (verdict->why.code == REASON_NODE_REBOOTED)
            round->rebooted |= node_bit(id);
        else
            round->outcome->fences |= node_bit(id);
        if (is_fall(c, verdict->why.code))
            quarantine_note_fall(round, id);
    }
    /* Never on silence: a boot that is heard before it is a member must still be found out. */
    if (view->boot_id[0] && (verdict->next == NODE_ONLINE || node_in(round->outcome->fences, id)))
        text_copy(node->boot_id, sizeof(node->boot_id), view->boot_id);
}

void node_retell_maintenance(struct round *round, node_id id)
{
    const struct node *node = &round->state->nodes[id];

    if (node->state == NODE_MAINTENANCE && (node->why.code == REASON_MAINTENANCE_WANTED ||
                                            node->why.code == REASON_MAINTENANCE_WANTED_FOR))
        round_note_node(round, id, why_maintenance(round, id));
}

void node_end_maintenance(struct node *node)
{
    node->wants_maintenance = false;
    node->maintenance_until = INSTANT_UNKNOWN;
    memset(node->maintenance_words, 0, sizeof(node->maintenance_words));
}

/* What the agent says of its going, and whether silence would prove anything. */
static void note_leaving(struct node_case *c)
{
    struct node *node = &c->round->state->nodes[c->id];

    if (!is_heard(c))
        return;
    node->leaving = c->view->leaving;
    if (c->view->leaving == LEAVING_RESTART)
        node->is_released = true;
    else if (node->is_released && c->round->state->arming.state == ARMED &&
             (is_rebooted(c) || c->view->is_armed))
        node->is_released = false;
}

/* What was asked for some time only ends by itself, whoever manages then. */
static void end_maintenance_in_time(struct node_case *c)
{
    struct node *node = &c->round->state->nodes[c->id];

    if (!node->maintenance_until.ms ||
        !round_has_passed(c->round, node->maintenance_until, duration_ms(0)))
        return;
    c->is_time_up = true;
    node_end_maintenance(node);
}

/* Things worth saying of a node that stays as it is. */
static bool is_worth_saying(enum reason_code code)
{
    return code == REASON_NODE_MUST_RESET || code == REASON_NODE_LEFT_IN_MAINTENANCE ||
           code == REASON_NODE_EXPECTED_BACK;
}

/* Who is heard after all was not off, whatever was said; silent again, it has to be proven off. */
static void forget_word(struct node_case *c)
{
    if (is_heard(c))
        c->round->state->nodes[c->id].is_confirmed = false;
}

static struct node_case case_of(struct round *round, node_id id)
{
    const struct node *node = &round->state->nodes[id];

    return (struct node_case){
        .round = round,
        .id = id,
        .record = node,
        .view = &round->view->nodes[id],
        .was_leaving = node->leaving != LEAVING_NOT,
    };
}

void node_confirm_off(struct round *round, node_id id, const char *who)
{
    struct node_case c = case_of(round, id);
    struct node_verdict verdict = become(&c, NODE_FENCE, REASON_NODE_CONFIRMED_OFF);

    assert(!c.view->is_member);
    text_copy(verdict.why.words, sizeof(verdict.why.words), who);
    if (c.record->state == NODE_FENCE)
        round_note_node(round, id, verdict.why);
    else
        round_change_node(round, id, verdict.next, verdict.why);
    remember(&c, &verdict);
}

void node_step(struct round *round, node_id id)
{
    struct node *node = &round->state->nodes[id];
    struct node_case c = case_of(round, id);

    quarantine_step(round, id);
    note_leaving(&c);
    forget_word(&c);
    end_maintenance_in_time(&c);
    for (int i = 0; i < NODE_CHANGES_MAX; i++) {
        struct node_verdict verdict = rules[node->state](&c);

        if (verdict.next == node->state) {
            if (is_worth_saying(verdict.why.code) && node->why.code != verdict.why.code)
                round_note_node(round, id, verdict.why);
            return;
        }
        round_change_node(round, id, verdict.next, verdict.why);
        remember(&c, &verdict);
    }
    assert(false && "a node goes round in circles");
}

void nodes_step(struct round *round)
{
    for (node_id node = 0; node < round->policy->n_nodes; node++)
        node_step(round, node);
}
