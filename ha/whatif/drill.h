/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A rehearsal as a plain value: what is done to an imaginary cluster, when, and
 * what is expected of it. dsl/ makes it from text; drill_run plays it in a world
 * and tells a listener. Services are known by name because the policy may change
 * under way; the nodes stay.
 */
#pragma once

#include "ha/model/change.h"
#include "ha/whatif/world.h"

enum drill_verb {
    DRILL_POWER_ON,
    DRILL_POWER_OFF,
    DRILL_CUT,
    DRILL_MEND,
    DRILL_PARTITION,
    DRILL_CRASH,
    DRILL_RESTART,
    DRILL_REBOOT,
    DRILL_SHUTDOWN,
    DRILL_STORE_FAIL,
    DRILL_STORE_WORK,
    DRILL_FAIL,
    DRILL_KILL,
    DRILL_USAGE,
    DRILL_PLACE,
    DRILL_MOVED,
    DRILL_MIGRATE,
    DRILL_RELOCATE,
    DRILL_CLEAR,
    DRILL_MAINTENANCE_ON,
    DRILL_MAINTENANCE_OFF,
    DRILL_DISARM_FREEZE,
    DRILL_DISARM_IGNORE,
    DRILL_ARM,
    DRILL_UNKIND,
    DRILL_HEAL,
    DRILL_STALL,
    DRILL_WAKE,
    DRILL_UPGRADE,
    DRILL_HOLD,
    DRILL_SLOW,
    DRILL_CHANGE_POLICY, /* state, size, stop, add, remove, push */
    DRILL_SNAPSHOT,
    DRILL_EXPECT_SERVICE,
    DRILL_EXPECT_NODE,
    DRILL_EXPECT_QUORUM,
    DRILL_EXPECT_MASTER,
    DRILL_EXPECT_MOVES,
    DRILL_EXPECT_SETTLED,
};

struct drill_step {
    struct duration at;     /* since the beginning */
    struct duration within; /* an expectation: it may take so long */
    struct duration lasts;  /* maintenance, disarm: it is asked for so long; 0: for ever */
    enum drill_verb verb;
    int line;
    int offset;          /* in bytes, of the statement; all its steps have the same */
    const char *text;    /* as it was written: "cut alpha" */
    const char *service; /* its name, or NULL; of several services each is a step */
    node_set nodes;      /* whom it concerns; an expectation without nodes: any */
    const node_set *sides;
    int n_sides;
    enum world_fault fault;
    int exit_code; /* of what fails; 0: the usual one */
    int number;    /* times (below zero: always), moves, a state, yes or no, cpus in thousandths,
                   milliseconds, a seed */
    int64_t memory;
    const struct policy *policy; /* in force from then on */
};

struct drill {
    const char *name;
    const struct policy *policy;
    const struct drill_step *steps; /* in the order of their times */
    int n_steps;
    /*
     * Of a policy: no times. All nodes are on at the beginning, and each statement waits until
     * nothing is under way any more; only an expectation with a time is looked at meanwhile.
     */
    bool waits_for_calm;
    int64_t *effort_left; /* counts down, drill_effort an event; NULL: as long as it takes */
};

enum drill_event_kind {
    DRILL_DONE,       /* a step was taken */
    DRILL_MACHINE,    /* a node did something by itself */
    DRILL_ACTION,     /* a node started or stopped a service, or tried to */
    DRILL_DECISION,   /* a state changed */
    DRILL_ANSWER,     /* to a request */
    DRILL_SHOWN,      /* a snapshot: look at the world */
    DRILL_MET,        /* an expectation came true */
    DRILL_MISSED,     /* it did not */
    DRILL_IMPOSSIBLE, /* this version cannot do that step */
    DRILL_BROKEN,     /* a promise that no cluster may break */
    DRILL_UNFINISHED, /* no effort is left */
};

struct drill_event {
    enum drill_event_kind kind;
    struct duration at;
    const struct world *world;
    const struct drill_step *step; /* done, shown, met, missed, impossible */
    const char *words;             /* machine, missed (what was found instead), broken */
    node_id node;                  /* machine, action */
    const struct job *job;         /* action */
    int exit_code;
    const struct service *record; /* action: as the node had heard of it when the job ended */
    const struct change *change;  /* decision */
    const struct answer *answer;  /* answer */
};

struct drill_listener {
    void *context;
    void (*event)(void *context, const struct drill_event *event);
};

/* What one event of a world of that policy takes: it looks at every service on every node. */
int64_t drill_effort(const struct policy *policy);
/* The caller's world, zeroed once, of world_size(n_nodes). True: all went as expected. */
bool drill_run(const struct drill *drill, struct world *world,
               const struct drill_listener *listener);
