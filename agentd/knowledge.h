/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is agreed, as values: the policy in force and the state, read from the
 * ledger's records. Records whose names the policy does not know (a service
 * that was just taken out) are left in the ledger and not shown here.
 */
#pragma once

#include <jansson.h>

#include "dsl/policy_text.h"
#include "ha/base/err.h"
#include "ha/model/codec.h"
#include "ha/model/ha_state.h"
#include "ha/model/policy.h"

struct knowledge {
    struct arena *arena;   /* of the policy */
    struct policy *policy; /* NULL: none was pushed yet */
    uint64_t policy_version;
    uint64_t beyond; /* a later one is in force that this program cannot read; 0: none */
    char *text;
    char *author;
    char *push;           /* id of the request that brought it; "" */
    int64_t policy_stamp; /* ledger time of the push */
    json_t *confirm;      /* what that policy waits for; NULL: nothing */
    struct ha_state *agreed;
    int64_t stamp;               /* ledger time of the newest patch */
    char manager[NODE_NAME_MAX]; /* by name: it may not be in the policy */
    struct arena *offered_arena; /* a policy that may be the one that is loaded next; or NULL */
    struct policy *offered;
    char *offered_text;
};

void knowledge_init(struct knowledge *knowledge);
void knowledge_fini(struct knowledge *knowledge);
/* Compiled already; taken over with its arena, and gone after the next load in any case. */
void knowledge_offer(struct knowledge *knowledge, struct arena *arena, struct policy *policy,
                     char *text);
/*
 * All records anew. true: the policy is another one than before (ids changed);
 * before is then the old policy in an arena that the caller frees, or NULL.
 */
bool knowledge_load(struct knowledge *knowledge, const json_t *records, uint64_t version,
                    struct arena **before_arena, struct policy **before);
/*
 * The same for one committed patch that sets the policy: where all ids stay, what was read of
 * thousands of services is kept. knowledge_apply has to follow.
 */
bool knowledge_push(struct knowledge *knowledge, const json_t *records, uint64_t version,
                    struct arena **before_arena, struct policy **before);
/* What one committed patch set. */
void knowledge_apply(struct knowledge *knowledge, const json_t *patch, uint64_t version);
