/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decisions in words; see replay_words.h. */
#include "console/replay_words.h"

#include "ha/base/text.h"

static const char *node_name(const struct policy *policy, node_id node)
{
    return policy->nodes[node].name;
}

static void add_reason(struct text *text, const struct reason *why, const struct policy *policy)
{
    char words[REASON_TEXT_MAX];

    if (why->code == REASON_NONE)
        return;
    reason_text(why, policy, words, sizeof(words));
    text_add(text, ": %s", words);
}

/* "fence -> started on beta: alpha, which ran it, is proven off" */
static void say_service(char *words, size_t size, const struct service *before,
                        const struct service *after, const struct policy *policy)
{
    struct text text;

    text_init(&text, words, size);
    if (before->state != after->state)
        text_add(&text, "%s -> ", service_state_name(before->state));
    text_add(&text, "%s", service_state_name(after->state));
    if (after->node != NODE_NONE)
        text_add(&text, " on %s", node_name(policy, after->node));
    if (after->target != NODE_NONE)
        text_add(&text, ", to %s", node_name(policy, after->target));
    if (after->is_held)
        text_add(&text, ", held");
    add_reason(&text, &after->why, policy);
}

static void say_node(char *words, size_t size, const struct node *before, const struct node *after,
                     const struct policy *policy)
{
    struct text text;

    text_init(&text, words, size);
    if (before->state != after->state)
        text_add(&text, "%s -> ", node_state_name(before->state));
    text_add(&text, "%s", node_state_name(after->state));
    if (after->wants_maintenance)
        text_add(&text, ", maintenance wanted");
    if (after->is_quarantined)
        text_add(&text, ", in quarantine");
    if (after->is_released)
        text_add(&text, ", let go");
    add_reason(&text, &after->why, policy);
}

static void say_cluster(char *words, size_t size, const struct ha_state *state)
{
    struct text text;

    text_init(&text, words, size);
    text_add(&text, "%s", arming_state_name(state->arming.state));
    if (state->arming.ignores)
        text_add(&text, ", services may be moved by hand");
    text_add(&text, state->imbalanced_since.ms ? ", out of balance" : ", balanced");
}

static void say_answer(char *words, size_t size, const struct answer *answer,
                       const struct policy *policy)
{
    struct text text;

    text_init(&text, words, size);
    text_add(&text, !answer ? "not answered" : answer->is_accepted ? "accepted" : "refused");
    if (answer)
        add_reason(&text, &answer->why, policy);
}

static void say_command(struct text *subject, const struct command *command,
                        const struct policy *policy)
{
    text_add(subject, "command %llu", (unsigned long long)command->id);
    if (command->service != SERVICE_NONE)
        text_add(subject, " about %s", policy->services[command->service].name);
    if (command->node != NODE_NONE)
        text_add(subject, ", %s", node_name(policy, command->node));
}

void replay_words_of(struct replay_words *words, const struct replay_difference *difference,
                     const struct record_reader *reader, const struct replay *replay)
{
    const struct policy *policy = reader->policy;
    const struct ha_state *before = reader->before, *then = reader->state, *now = &replay->now;
    node_id node = difference->node;
    service_id service = difference->service;
    struct text subject;

    text_init(&subject, words->subject, sizeof(words->subject));
    switch (difference->kind) {
    case REPLAY_SERVICE:
        words->kind = "service";
        text_add(&subject, "%s", policy->services[service].name);
        say_service(words->then, sizeof(words->then), &before->services[service],
                    &then->services[service], policy);
        say_service(words->now, sizeof(words->now), &before->services[service],
                    &now->services[service], policy);
        break;
    case REPLAY_NODE:
        words->kind = "node";
        text_add(&subject, "%s", node_name(policy, node));
        say_node(words->then, sizeof(words->then), &before->nodes[node], &then->nodes[node],
                 policy);
        say_node(words->now, sizeof(words->now), &before->nodes[node], &now->nodes[node], policy);
        break;
    case REPLAY_CLUSTER:
        words->kind = "cluster";
        text_add(&subject, "the cluster");
        say_cluster(words->then, sizeof(words->then), then);
        say_cluster(words->now, sizeof(words->now), now);
        break;
    case REPLAY_ANSWER:
        words->kind = "command";
        say_command(&subject, difference->command, policy);
        say_answer(words->then, sizeof(words->then), difference->answer_then, policy);
        say_answer(words->now, sizeof(words->now), difference->answer_now, policy);
        break;
    case REPLAY_FENCE:
        words->kind = "node";
        text_add(&subject, "%s", node_name(policy, node));
        text_copy(words->then, sizeof(words->then),
                  node_in(reader->fences, node) ? "declared off" : "not declared off");
        text_copy(words->now, sizeof(words->now),
                  node_in(replay->outcome.fences, node) ? "declared off" : "not declared off");
        break;
    }
}
