/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads that are current: before one is answered, a quorum says in this view,
 * and after it was asked, that it is still here. So no other view can have
 * acknowledged anything meanwhile that is missing here; PROTOCOL.md says why.
 */
#include "quorum/member_internal.h"

void read_begin(struct member *member)
{
    member->reading.sent = 0;
    member->reading.heard = 0;
}

static void ask(struct member *member)
{
    struct reading *reading = &member->reading;

    reading->sent = reading->wanted;
    reading->heard = 0;
    member_send(member, WIRE_READ, json_pack("{s:o}", "number", wire_word(reading->sent)));
}

void read_look(struct member *member)
{
    struct reading *reading = &member->reading;

    if (!sync_is_in_sync(member))
        return;
    if (reading->sent && sync_may_decide(member, reading->heard)) {
        struct queued *queued = member_emit(member, MEMBER_CURRENT);

        queued->event.token = reading->answered = reading->sent;
        queued->event.version = ledger_committed(member->ledger);
        reading->sent = 0;
    }
    if (!reading->sent && reading->wanted > reading->answered)
        ask(member);
}

uint64_t member_read(struct member *member, struct instant now)
{
    member->now = now;
    if (!member_is_quorate(member))
        return 0;
    member->reading.wanted++;
    read_look(member);
    return member->reading.wanted;
}

/* Who told nothing in this view, or counts otherwise, may have come from later views. */
static void heard(struct member *member, node_id from)
{
    if (!member->sync.is_exchanged || !node_in(member->sync.told, from))
        return;
    member->reading.heard |= node_bit(from);
    read_look(member);
}

bool read_asked(struct member *member, node_id from, const json_t *body, struct err *err)
{
    uint64_t number;

    if (!wire_need_word(body, "number", &number, err))
        return false;
    if (from != member->roster.self)
        member_send(member, WIRE_HEARD,
                    json_pack("{s:o, s:o}", "node", json_integer(member->roster.nodes[from].nodeid),
                              "number", wire_word(number)));
    else if (number == member->reading.sent)
        heard(member, from);
    return true;
}

bool read_heard(struct member *member, node_id from, const json_t *body, struct err *err)
{
    uint64_t node, number;

    if (!wire_need_word(body, "node", &node, err) || !wire_need_word(body, "number", &number, err))
        return false;
    if (node == member->roster.nodes[member->roster.self].nodeid && number == member->reading.sent)
        heard(member, from);
    return true;
}
