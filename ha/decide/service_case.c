/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the rules of all states share; see service_case.h. */
#include "ha/decide/service_case.h"

#include "ha/base/text.h"
#include "ha/decide/service_rules.h"

struct verdict case_stay(const struct service_case *c)
{
    return verdict_of(c->round, c->id);
}

struct verdict case_wait(const struct service_case *c, struct reason why)
{
    struct verdict verdict = case_stay(c);

    verdict.kind = VERDICT_WAIT;
    verdict.why = why;
    return verdict;
}

struct verdict case_become(const struct service_case *c, enum service_state next, struct reason why)
{
    struct verdict verdict = case_stay(c);

    verdict.kind = VERDICT_CHANGE;
    verdict.next = next;
    verdict.target = NODE_NONE;
    verdict.is_running = false;
    verdict.why = why;
    return verdict;
}

struct verdict case_ask(const struct service_case *c, enum service_state next, node_id node,
                        struct reason why)
{
    struct verdict verdict = case_become(c, next, why);

    verdict.node = node;
    verdict.asks = true;
    return verdict;
}

struct reason case_failure(const struct service_case *c, enum reason_code code, node_id next)
{
    struct reason why = reason_on(code, c->record->node);

    why.other = next;
    why.number = c->view->exit_code;
    text_copy(why.words, sizeof(why.words), c->view->words);
    return why;
}

bool case_is_wanted(const struct service_case *c)
{
    return service_is_wanted(c->record, c->policy);
}

struct reason case_why_not_wanted(const struct service_case *c)
{
    return service_why_not_wanted(c->round, c->id);
}

/* What was given to a rebooted node in this very step is given to its new boot. */
bool case_has_lost_its_node(const struct service_case *c)
{
    return c->record->node != NODE_NONE && c->record->cause != c->round->state->version &&
           round_lease_has_ended(c->round, c->record->node);
}

struct verdict case_lose_node(const struct service_case *c)
{
    bool is_back = node_in(c->round->rebooted, c->record->node);
    enum reason_code code = is_back ? REASON_ITS_NODE_REBOOTED : REASON_ITS_NODE_IS_OFF;
    struct verdict verdict = case_become(c, SERVICE_FENCE, reason_on(code, c->record->node));

    /* Half way through a live move the target may have it already. */
    if (c->record->state == SERVICE_MIGRATE)
        verdict.target = c->record->target;
    return verdict;
}

bool case_is_answering(const struct service_case *c)
{
    return round_answers(c->round, c->record->node);
}

/*
 * Its node went while nothing guarded it: only its return proves anything, which a person has to
 * bring about.
 */
struct verdict case_wait_for_node(const struct service_case *c)
{
    const struct node *node = &c->round->state->nodes[c->record->node];

    if (node->state != NODE_UNKNOWN || !node->is_released)
        return case_stay(c);
    return case_wait(c, reason_on(REASON_WAITS_FOR_RETURN, c->record->node));
}
