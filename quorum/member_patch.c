/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changes of the records: proposed by the leader, applied where they are
 * delivered, acknowledged at once, in force when members that hold a quorum of
 * votes have acknowledged them in this view, durable when such have them on disk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quorum/member_internal.h"

bool member_propose(struct member *member, struct instant now, json_t *patch, node_set fences,
                    uint64_t token, struct err *err)
{
    struct sync *sync = &member->sync;

    member->now = now;
    if (!ledger_patch_is_valid(patch, err))
        return false;
    if (!sync_is_in_sync(member))
        return err_set(err, "this node is not in sync with a quorate cluster");
    if (sync->leader != member->roster.self)
        return err_set(err, "node %s leads, only it may change records",
                       member->roster.nodes[sync->leader].name);
    if (!instant_before(now, lease_until(member->lease)))
        return err_set(err, "this node's lease has ended or has not begun");
    if (member->proposal.is_open || ledger_committed(member->ledger) != sync->stream.version)
        return err_set(err, "the change before is still under way");
    json_object_set_new(patch, "version", json_integer((json_int_t)sync->stream.version + 1));
    json_object_set_new(patch, "from", json_string(member->roster.nodes[member->roster.self].name));
    json_object_set_new(patch, "incarnation", wire_word(member->incarnation));
    json_object_set_new(patch, "token", wire_word(token));
    json_object_set_new(patch, "epoch", json_integer((json_int_t)sync->epoch.seq));
    member->proposal = (struct proposal){true, token, sync->stream.version + 1, member->view};
    member_send(member, WIRE_PATCH,
                json_pack("{s:I, s:I, s:o, s:O}", "version", (json_int_t)sync->stream.version,
                          "hash", (json_int_t)sync->stream.hash, "fences",
                          wire_nodes(&member->roster, fences), "patch", patch));
    member_emit(member, MEMBER_CHANGED);
    return true;
}

static void void_proposal(struct member *member, const char *words, bool is_in_doubt)
{
    struct queued *queued;

    if (!member->proposal.is_open)
        return;
    queued = member_emit(member, MEMBER_VOIDED);
    queued->event.token = member->proposal.token;
    queued->event.is_in_doubt = is_in_doubt;
    snprintf(queued->words, sizeof(queued->words), "%s", words);
    member->proposal.is_open = false;
    member_emit(member, MEMBER_CHANGED);
}

/* Whether this patch is the proposal that we wait for; then the wait is over. */
static bool close_if_ours(struct member *member, const json_t *patch)
{
    const char *self = member->roster.nodes[member->roster.self].name;
    uint64_t incarnation = (uint64_t)json_int(patch, "incarnation", 0);
    uint64_t token = (uint64_t)json_int(patch, "token", 0);

    if (!member->proposal.is_open || incarnation != member->incarnation ||
        token != member->proposal.token || strcmp(json_text(patch, "from", ""), self) != 0)
        return false;
    member->proposal.is_open = false;
    return true;
}

static void emit_committed(struct member *member, uint64_t version, const json_t *patch)
{
    struct queued *queued = member_emit(member, MEMBER_COMMITTED);

    queued->event.version = version;
    queued->event.from = roster_find_name(&member->roster, json_text(patch, "from", ""));
    queued->patch = json_incref((json_t *)patch);
    if (close_if_ours(member, patch))
        queued->event.token = member->proposal.token;
}

/* The highest version that members who may decide have reached. */
static uint64_t quorum_version(const struct member *member, const uint64_t *versions)
{
    uint64_t best = 0;

    NODE_SET_EACH(candidate, member->sync.told)
    {
        node_set who = 0;

        NODE_SET_EACH(node, member->sync.told)
        {
            if (versions[node] >= versions[candidate])
                who |= node_bit(node);
        }
        if (versions[candidate] > best && sync_may_decide(member, who))
            best = versions[candidate];
    }
    return best;
}

void patch_commit(struct member *member)
{
    struct sync *sync = &member->sync;
    uint64_t upto = quorum_version(member, sync->applied);
    uint64_t durable = quorum_version(member, sync->on_disk);

    if (!sync_is_in_sync(member))
        return;
    /* What the newest head of a settled view holds is in force, whoever began it. */
    if (upto < sync->newest.version)
        upto = sync->newest.version;
    while (ledger_committed(member->ledger) < upto) {
        const json_t *patch = ledger_commit(member->ledger);

        /* Whoever reads all records anew has this one in them. */
        if (!member->must_reset)
            emit_committed(member, ledger_committed(member->ledger), patch);
    }
    if (durable < sync->newest.version)
        durable = sync->newest.version;
    if (durable > upto)
        durable = upto;
    if (durable > member->durable) {
        member->durable = durable;
        member_emit(member, MEMBER_DURABLE)->event.version = durable;
    }
}

void patch_append(struct member *member, json_t *patch, const struct ledger_link *known)
{
    struct sync *sync = &member->sync;

    if (!sync->has_content) {
        if (!sync->backlog)
            sync->backlog = json_array();
        json_array_append(sync->backlog, patch);
        return;
    }
    ledger_append(member->ledger, patch, known);
    member_store_patch(member, patch);
    /* Applied is enough to say so; the disk follows, and is told of apart (STORED). */
    member_send(member, WIRE_ACK,
                json_pack("{s:I}", "version", (json_int_t)ledger_head(member->ledger).version));
}

/* The same at all members, behind or not: all have seen the same beats and patches of this view. */
static const char *refusal(const struct member *member, node_id from, const json_t *body,
                           node_set fences)
{
    const struct sync *sync = &member->sync;
    json_t *patch = json_object_get(body, "patch");

    if (!sync->is_settled || from != sync->leader)
        return "it did not come from the leader";
    if (json_int(body, "version", -1) != (int64_t)sync->stream.version ||
        json_int(body, "hash", 0) != (int64_t)sync->stream.hash ||
        json_int(patch, "version", -1) != (int64_t)sync->stream.version + 1)
        return "other records were in force when it came";
    /* A member that was skipped is as good as absent: it is declared off like any other. */
    if (fences & (sync->told | sync->beaten))
        return "a node that it declares off has been heard again";
    return NULL;
}

bool patch_taken(struct member *member, node_id from, const json_t *body, struct err *err)
{
    struct sync *sync = &member->sync;
    json_t *patch = json_object_get(body, "patch");
    struct ledger_link link;
    const char *refused;
    node_set fences;

    if (!ledger_patch_is_valid(patch, err) ||
        !wire_nodes_read(&member->roster, json_object_get(body, "fences"), &fences, err))
        return false;
    refused = refusal(member, from, body, fences);
    if (refused) {
        if (from == member->roster.self)
            void_proposal(member, refused, false);
        return true;
    }
    link = ledger_link(sync->stream.hash, patch);
    sync->stream.hash = link.after;
    sync->stream.version++;
    if (node_in(sync->told, member->roster.self))
        patch_append(member, patch, &link);
    return true;
}

/* Nobody has more than this view's stream of patches: that would commit what is not there. */
static bool need_version(const struct member *member, const json_t *body, uint64_t *version,
                         struct err *err)
{
    uint64_t newest = member->sync.stream.version;

    if (!wire_need_word(body, "version", version, err))
        return false;
    return !member->sync.is_exchanged || *version <= newest ||
           err_set(err, "version %llu is said to be there, and the newest is %llu",
                   (unsigned long long)*version, (unsigned long long)newest);
}

bool patch_acknowledged(struct member *member, node_id from, const json_t *body, struct err *err)
{
    uint64_t version;

    if (!need_version(member, body, &version, err))
        return false;
    if (member->sync.is_exchanged && version > member->sync.applied[from])
        member->sync.applied[from] = version;
    patch_commit(member);
    return true;
}

bool patch_stored(struct member *member, node_id from, const json_t *body, struct err *err)
{
    uint64_t version;

    if (!need_version(member, body, &version, err))
        return false;
    if (member->sync.is_exchanged && version > member->sync.on_disk[from])
        member->sync.on_disk[from] = version;
    patch_commit(member);
    return true;
}

void patch_settle_proposal(struct member *member, bool was_replaced)
{
    uint64_t oldest = ledger_oldest(member->ledger);
    uint64_t committed = ledger_committed(member->ledger);

    if (!member->proposal.is_open || member->proposal.view == member->view)
        return;
    for (uint64_t version = member->proposal.version; version <= committed; version++) {
        const json_t *patch = ledger_find(member->ledger, version);

        if (patch && close_if_ours(member, patch)) {
            struct queued *queued = member_emit(member, MEMBER_COMMITTED);

            queued->event.version = version;
            queued->event.from = member->roster.self;
            queued->event.token = member->proposal.token;
            queued->patch = json_incref((json_t *)patch);
            return;
        }
    }
    if (was_replaced && committed >= member->proposal.version &&
        (oldest == 0 || oldest > member->proposal.version))
        void_proposal(member,
                      "this node was away for so long that nobody here knows whether it "
                      "happened; look at the records",
                      true);
    else
        void_proposal(member, "the ring changed before a quorum had it", false);
}
