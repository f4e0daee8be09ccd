/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who waits until what is known here is known to be current; see current.h. */
#include "agentd/current.h"

#include <stdlib.h>

#include "agentd/agent.h"
#include "agentd/control_server.h"
#include "agentd/rows.h"
#include "ha/base/json.h"

/* A round takes a millisecond; a ring that breaks takes longer than anybody wants to wait. */
#define CURRENT_MS 1000

struct reader {
    struct reader *next;
    struct call call; /* its request is ours */
    current_answer *answer;
    uint64_t number; /* of the question to all; 0: that was answered */
    bool is_of_disk;
    uint64_t write; /* to our disk, waited for after that */
    struct instant due;
};

struct current {
    struct reader *readers;
    int n_readers;
};

struct current *current_new(void)
{
    return xcalloc(1, sizeof(struct current));
}

static struct reader *take(struct current *current, struct reader **link)
{
    struct reader *reader = *link;

    *link = reader->next;
    current->n_readers--;
    return reader;
}

static void reader_free(struct reader *reader)
{
    json_decref((json_t *)reader->call.request);
    free(reader);
}

void current_free(struct current *current)
{
    while (current && current->readers)
        reader_free(take(current, &current->readers));
    free(current);
}

json_t *current_done(const char *why_old)
{
    if (!why_old)
        return NULL;
    return json_pack("{s:b,s:b,s:s,s:i}", "current", 0, "stale", 1, "reason", why_old, "code",
                     CONTROL_EXIT_NO_QUORUM);
}

/* Nobody can say now that it is current, and nobody will soon. */
static const char *why_not(const struct agent *agent)
{
    const char *why = rows_why_not_quorate(agent);

    if (!agent->member || !agent->status.is_quorate)
        return why[0] ? why : "this node is not part of a quorate cluster";
    return NULL;
}

static void ask(const struct call *call, current_answer *answer, bool is_of_disk)
{
    struct agent *agent = call->agent;
    struct current *current = agent->current;
    const char *why = why_not(agent);
    struct instant now = agent_now();
    struct reader *reader;
    uint64_t number = 0;

    if (!why && current->n_readers >= WAITING_MAX)
        why = "too many others read on this node already";
    if (!why && !(number = member_read(agent->member, now)))
        why = "the nodes that are here hold no quorum of votes by themselves";
    if (why) {
        answer(call, why);
        return;
    }
    reader = xcalloc(1, sizeof(*reader));
    *reader = (struct reader){.next = current->readers,
                              .call = *call,
                              .answer = answer,
                              .number = number,
                              .is_of_disk = is_of_disk,
                              .due = instant_after(now, duration_ms(CURRENT_MS))};
    json_incref((json_t *)call->request);
    current->readers = reader;
    current->n_readers++;
}

void current_ask(const struct call *call, current_answer *answer)
{
    ask(call, answer, false);
}

void current_ask_past(const struct call *call, current_answer *answer)
{
    ask(call, answer, true);
}

static void finish(struct current *current, struct reader **link, const char *why_old)
{
    struct reader *reader = take(current, link);

    reader->answer(&reader->call, why_old);
    reader_free(reader);
}

void current_heard(struct agent *agent, uint64_t number)
{
    struct reader **link = &agent->current->readers;
    struct member_status status;

    member_status(agent->member, &status);
    while (*link) {
        struct reader *reader = *link;

        if (!reader->number || reader->number > number) {
            link = &reader->next;
        } else if (reader->is_of_disk && status.n_written < status.n_writes) {
            reader->number = 0;
            reader->write = status.n_writes;
            link = &reader->next;
        } else {
            finish(agent->current, link, NULL);
        }
    }
}

struct instant current_turn(struct agent *agent, struct instant now)
{
    struct reader **link = &agent->current->readers;
    struct instant next = INSTANT_NEVER;

    while (*link) {
        struct reader *reader = *link;
        const char *why = why_not(agent);

        if (!why && instant_reached(now, reader->due))
            why = reader->number ? "no quorum has answered within a second"
                                 : "this node's disk is slow";
        if (why) {
            finish(agent->current, link, why);
        } else if (!reader->number && agent->status.n_written >= reader->write) {
            finish(agent->current, link, NULL);
        } else {
            next = instant_earliest(next, reader->due);
            link = &reader->next;
        }
    }
    return next;
}

void current_forget(struct agent *agent, const struct session *session)
{
    struct reader **link = &agent->current->readers;

    while (*link) {
        if ((*link)->call.session == session)
            reader_free(take(agent->current, link));
        else
            link = &(*link)->next;
    }
}
