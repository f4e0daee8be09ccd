/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one step of the manager works out on the side: the rules turned round
 * so that each service finds its own, and who uses which node. It lies in the
 * outcome because it is too big for the stack; nothing in it outlives the step.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ha/base/id.h"
#include "ha/base/limits.h"

/* Who is looked at together: a bit each. Two for each node are more than find places anyway. */
#define SEATS_MAX 64
/*
 * What a step may try out for all that wait, and for each of them: less than a tenth of a second at
 * the worst, ten milliseconds where thousands start at once. Then places go to who comes first.
 */
#define SEAT_TRIES_MAX 400000
#define SEAT_TRIES_EACH 4000
/* Two services make a group at least. */
#define GROUPS_MAX (SERVICES_MAX / 2)

/* One rule (apart, or a preference for together) that names one service. */
struct membership {
    rule_id rule;
    int32_t next; /* in crm_work.memberships; -1 ends */
};

/* Of one service; for a group kept together, only its leader's group_ members are in use. */
struct bonds {
    service_id leader; /* the first of those that must be on one node with it; itself if alone */
    service_id next;   /* the next of the group, or SERVICE_NONE */
    int32_t friends;   /* the first rule that only prefers it together with others, or -1 */
    int32_t group;     /* its row in homes, or -1 */
    node_set group_allowed; /* what strict rules leave */
    rule_id group_strict;   /* one that takes nodes away, or RULE_NONE */
    rule_id group_tiers;    /* whose tiers count, or RULE_NONE */
    int32_t group_apart;    /* the first rule that keeps any of them apart from others, or -1 */
    rule_id group_rule;     /* one that keeps the group together */
    bool group_stays;       /* one of it does not fall back */
};

/* For whom a service has to wait before it is started; SERVICE_NONE: for nobody. */
struct order_wait {
    service_id with;
    rule_id rule;
};

/* What a service takes or a node carries. */
struct usage {
    int64_t cpus_milli;
    int64_t memory;
};

/* How a service counts on a node; presence.h says when. */
enum presence {
    PRESENT, /* it is there by its record */
    PASSING, /* it comes, goes, is being stopped, or only a report says that it runs there */
    AWAITED, /* it was there last, and waits to start */
    PRESENCES
};

/* How many services are on each node, each way. */
struct tally {
    uint16_t on[PRESENCES][NODES_MAX];
};

/* One that waits for a place, or a group of them, and may find none; see seats.h. */
struct seat {
    service_id leader;
    node_set nodes; /* where it may be */
    uint64_t apart; /* those that must be apart from it, as bits */
};

struct seats {
    int tries_left; /* in this step */
    int n;
    struct seat list[SEATS_MAX];
    node_set left[SEATS_MAX + 1][SEATS_MAX]; /* nodes that are left to each, seats given so far */
};

struct crm_work {
    int n_memberships;
    int n_groups;
    bool has_order; /* some rule says what starts before what; else waits is not in use */
    struct bonds bonds[SERVICES_MAX];
    struct order_wait waits[SERVICES_MAX];
    struct membership memberships[MEMBERSHIPS_MAX];
    int present[NODES_MAX];        /* services that are on a node, by record or by report */
    int load[NODES_MAX];           /* and those that wait to start where they were last */
    struct usage usage[NODES_MAX]; /* what they take by the policy; while loads are measured,
                                              only of those that have not started yet */
    struct tally bound[RULES_MAX]; /* of those that a rule binds: whom it names, and their groups */
    struct tally named[RULES_MAX]; /* only of those whom an apart rule names */
    struct tally groups[GROUPS_MAX];
    uint16_t homes[GROUPS_MAX][NODES_MAX]; /* members of a group that are, or will be, on a node */
    int n_homes[GROUPS_MAX];               /* on any node */
    uint16_t dead[GROUPS_MAX][NODES_MAX];  /* of those the ones that failed for good */
    int n_dead[GROUPS_MAX];
    struct seats seats;
};
