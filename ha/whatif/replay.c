/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One recorded step against this build; see replay.h. */
#include "ha/whatif/replay.h"

#include <string.h>

struct judging {
    const struct replay_step *step;
    const struct ha_state *now;
    const struct outcome *outcome;
    const struct replay_listener *listener;
    int n_differences;
};

static void tell(struct judging *j, struct replay_difference difference)
{
    j->n_differences++;
    if (j->listener)
        j->listener->differs(j->listener->context, &difference);
}

/* Of who has only just waited, "since" and "cause" follow from the rest. */
static bool is_service_alike(const struct service *a, const struct service *b)
{
    /* What has no record has nothing that says why. */
    if (a->state == SERVICE_ABSENT && b->state == SERVICE_ABSENT)
        return true;
    return a->state == b->state && a->node == b->node && a->target == b->target &&
           a->fallback == b->fallback && a->is_running == b->is_running && a->tried == b->tried &&
           a->n_failed == b->n_failed && a->stays_put == b->stays_put && a->is_held == b->is_held &&
           a->why.code == b->why.code;
}

static bool is_node_alike(const struct node *a, const struct node *b)
{
    return a->state == b->state && strcmp(a->boot_id, b->boot_id) == 0 &&
           a->wants_maintenance == b->wants_maintenance && a->is_released == b->is_released &&
           a->leaving == b->leaving && a->why.code == b->why.code &&
           a->maintenance_until.ms == b->maintenance_until.ms &&
           a->relieved_at.ms == b->relieved_at.ms && a->is_quarantined == b->is_quarantined &&
           memcmp(a->falls, b->falls, sizeof(a->falls)) == 0;
}

static bool is_cluster_alike(const struct ha_state *a, const struct ha_state *b)
{
    return a->arming.state == b->arming.state && a->arming.ignores == b->arming.ignores &&
           a->arming.until.ms == b->arming.until.ms &&
           (a->imbalanced_since.ms == 0) == (b->imbalanced_since.ms == 0);
}

/* What only one of two policies has cannot be told apart from what it decides about it. */
static bool is_in_both(const struct replay_step *step, service_id service)
{
    return step->policy == step->recorded ||
           policy_find_service(step->recorded, step->policy->services[service].name) !=
               SERVICE_NONE;
}

static void judge_states(struct judging *j)
{
    const struct ha_state *then = j->step->then, *now = j->now;

    if (!is_cluster_alike(then, now))
        tell(j, (struct replay_difference){.kind = REPLAY_CLUSTER});
    for (node_id node = 0; node < then->n_nodes; node++) {
        if (!is_node_alike(&then->nodes[node], &now->nodes[node]))
            tell(j, (struct replay_difference){.kind = REPLAY_NODE, .node = node});
        if (node_in(j->step->fences ^ j->outcome->fences, node))
            tell(j, (struct replay_difference){.kind = REPLAY_FENCE, .node = node});
    }
    for (service_id service = 0; service < then->n_services; service++) {
        if (!is_service_alike(&then->services[service], &now->services[service]) &&
            is_in_both(j->step, service))
            tell(j, (struct replay_difference){.kind = REPLAY_SERVICE, .service = service});
    }
}

static const struct answer *find_answer(const struct answer *answers, int n_answers,
                                        uint64_t command)
{
    for (int i = 0; i < n_answers; i++) {
        if (answers[i].command == command)
            return &answers[i];
    }
    return NULL;
}

static bool is_answer_alike(const struct answer *a, const struct answer *b)
{
    if (!a || !b)
        return a == b;
    return a->is_accepted == b->is_accepted && a->why.code == b->why.code;
}

static void judge_answers(struct judging *j)
{
    const struct cluster_view *view = j->step->view;

    for (int i = 0; i < view->n_commands; i++) {
        const struct command *command = &view->commands[i];
        struct replay_difference difference = {
            .kind = REPLAY_ANSWER,
            .command = command,
            .answer_then = find_answer(j->step->answers, j->step->n_answers, command->id),
            .answer_now = find_answer(j->outcome->answers, j->outcome->n_answers, command->id),
        };

        if (!is_answer_alike(difference.answer_then, difference.answer_now))
            tell(j, difference);
    }
}

int replay_decide(struct replay *replay, const struct replay_step *step,
                  const struct replay_listener *listener)
{
    struct judging judging = {
        .step = step,
        .now = &replay->now,
        .outcome = &replay->outcome,
        .listener = listener,
    };

    ha_state_copy(&replay->now, step->before);
    replay->now.version = step->then->version;
    /* As much room as in the daemon: how far a step gets depends on it. */
    replay->outcome.changes = replay->changes;
    replay->outcome.changes_max = CHANGES_MAX;
    crm_step(&replay->now, step->policy, step->view, &replay->outcome);
    judge_states(&judging);
    judge_answers(&judging);
    return judging.n_differences;
}
