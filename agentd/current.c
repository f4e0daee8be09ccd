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
    current_look *look;
    current_answer *answer;
    uint64_t number; /* of the question to all; 0: that was answered */
    bool is_of_disk;
    json_t *seen;     /* once it was */
    uint64_t version; /* of the ledger then: it must be on the disks of a quorum */
    uint64_t write;   /* and this on ours, if it is of the disk */
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
    json_decref(reader->seen);
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

static void ask(const struct call *call, current_look *look, current_answer *answer,
                bool is_of_disk)
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
        answer(call, look(call), why);
        return;
    }
    reader = xcalloc(1, sizeof(*reader));
    *reader = (struct reader){.next = current->readers,
                              .call = *call,
                              .look = look,
                              .answer = answer,
                              .number = number,
                              .is_of_disk = is_of_disk,
                              .due = instant_after(now, duration_ms(CURRENT_MS))};
    json_incref((json_t *)call->request);
    current->readers = reader;
    current->n_readers++;
}

void current_ask(const struct call *call, current_look *look, current_answer *answer)
{
    ask(call, look, answer, false);
}

void current_ask_past(const struct call *call, current_look *look, current_answer *answer)
{
    ask(call, look, answer, true);
}

/*
 * What is in force may still be in memories alone: if all agents die now, it never was. So it is
 * told when a quorum has it on disk; what comes into force meanwhile is for later readers.
 */
static bool is_kept(const struct agent *agent, const struct reader *reader)
{
    return !reader->number && agent->durable >= reader->version &&
           (!reader->is_of_disk || agent->status.n_written >= reader->write);
}

static void finish(struct current *current, struct reader **link, const char *why_old)
{
    struct reader *reader = take(current, link);
    json_t *seen = reader->seen ? reader->seen : reader->look(&reader->call);

    reader->seen = NULL;
    reader->answer(&reader->call, seen, why_old);
    reader_free(reader);
}

void current_heard(struct agent *agent, uint64_t number)
{
    struct member_status status;

    member_status(agent->member, &status);
    for (struct reader *each = agent->current->readers; each; each = each->next) {
        if (!each->number || each->number > number)
            continue;
        each->number = 0;
        each->seen = each->look(&each->call);
        each->version = agent->knowledge.agreed->version;
        each->write = status.n_writes;
    }
}

void current_again(struct agent *agent)
{
    for (struct reader *each = agent->current->readers; each; each = each->next) {
        if (each->number)
            continue;
        json_decref(each->seen);
        each->seen = NULL;
        each->number = member_read(agent->member, agent_now());
        /* Nobody to ask now: it waits for an answer that does not come, and is told so. */
        if (!each->number)
            each->number = UINT64_MAX;
    }
}

static const char *why_late(const struct agent *agent, const struct reader *reader)
{
    if (agent->status.foreign && !agent->status.is_in_sync)
        return rows_why_not_quorate(agent);
    return reader->number ? "no quorum has answered within a second"
                          : "the newest is not on the disks of a quorum yet";
}

struct instant current_turn(struct agent *agent, struct instant now)
{
    struct reader **link = &agent->current->readers;
    struct instant next = INSTANT_NEVER;

    while (*link) {
        struct reader *reader = *link;
        const char *why = why_not(agent);

        if (!why && instant_reached(now, reader->due) && !is_kept(agent, reader))
            why = why_late(agent, reader);
        if (why || is_kept(agent, reader)) {
            finish(agent->current, link, why);
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
