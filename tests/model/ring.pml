/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two nodes and a witness: the ring lease, views by the witness, and one service S
 * that must never run on both. Histories fork and merge; README.md says how to read it.
 */
#ifndef L
#define L 2 /* how long a beat carries its sender */
#endif
#ifndef W
#define W 2 /* the watchdog */
#endif
#ifndef E
#define E 0 /* e; in whole ticks the bound needs none */
#endif
#ifndef H
#define H 1 /* how long the loser of the witness goes on counting its vote */
#endif
#ifdef NO_H
#define DUE (L + W + E)
#else
#define DUE (L + W + E + H)
#endif
/* How many of each misfortune. */
#ifndef CUTS
#define CUTS 2
#endif
#ifndef STALLS
#define STALLS 0
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef TOKENS
#define TOKENS 0
#endif
#ifndef POWER
#define POWER 0
#endif
#ifndef MOVES
#define MOVES 1
#endif
#ifndef PATCHES
#define PATCHES 0
#endif

#define NOBODY 2
#define NONE 15
#define OTHER(i) (1 - (i))

/* What is outside: the link, the witness, the ring of both. */
bool cut, broken;      /* broken: a message got lost, the ring must form anew */
byte witness = NOBODY; /* whom it votes for */
byte token = NOBODY;   /* who may still see the token of a ring that is over */

/* A node: power, corosync, agent, keeper. */
bool on[2], frozen[2], both[2]; /* frozen: corosync stands still; both: the ring it believes in */
bool quorate[2];                /* votequorum's word for that ring */
byte lag[2];                    /* > 0: the witness is lost and this many ticks it was not noticed */
byte agent[2];                  /* 0 dead, 1 runs, 2 stands still */
bool in_change[2], in_news[2];  /* what waits for an agent that stands still */
byte in_beat[2];
byte until[2]; /* ticks for which the keeper may feed; the agent's death does not change it */
byte unfed[2]; /* ticks since it fed */
bool armed[2], runs[2];
byte sent[2], back[2]; /* age of the newest beat under way, and of the newest that came back */
bool sent_due[2], fresh[2];
byte r[2]; /* how long ago R of the other was */

/* The records: where S belongs. */
bool told[2];    /* the exchange of this view is done here */
bool settled[2], by_witness[2];
byte place[2];   /* of the tip: who has S */
bool in_force[2];
bool epoch[2];   /* has begun an epoch that the other does not know */
bool pending[2]; /* has one patch more than the other, of an epoch that both know */
bool merged[2];  /* two histories met in this view */
bool no_run[2];  /* told all, knowing the newest decision: I do not run S and shall not */

byte i2;
byte cuts, stalls, deaths, tokens, powers, moves, patches;

#define WHOLE (both[0] && both[1] && !cut && !broken && !frozen[0] && !frozen[1])
#define FLOWS(i) (on[i] && !frozen[i] && (!both[i] || WHOLE))
#define MAY_ACT(i) (agent[i] && settled[i] && until[i] > 0)

inline feed_until(i, age)
{
    if
    :: age <= L && L + 1 - age > until[i] -> until[i] = L + 1 - age
    :: else
    fi
}

/* Our own beat came back. */
inline take(i)
{
    if
    :: quorate[i] && agent[i] == 1 ->
        count_back(i, sent[i]);
        if
        :: sent_due[i] && r[i] >= DUE -> fresh[i] = 1
        :: else
        fi
    :: quorate[i] && agent[i] == 2 -> in_beat[i] = sent[i]
    :: else
    fi;
    sent[i] = NONE;
    sent_due[i] = 0
}

inline count_back(i, age)
{
#ifdef NO_TWO_PASS
    feed_until(i, age);
#else
    feed_until(i, back[i]);
#endif
    back[i] = age
}

/* R of the other is now. */
inline renew(i)
{
    if
    :: agent[i] == 2 -> in_news[i] = 1
    :: else ->
        r[i] = 0;
        fresh[i] = 0
    fi
}

inline forget_view(i)
{
    told[i] = 0;
    settled[i] = 0;
    by_witness[i] = 0;
    in_force[i] = 0;
    merged[i] = 0;
    fresh[i] = 0;
    no_run[0] = 0;
    no_run[1] = 0
}

inline new_view(i)
{
    if
    :: agent[i] == 2 -> in_change[i] = 1
    :: else -> forget_view(i)
    fi
}

inline new_ring(i)
{
    new_view(i);
    if
    :: agent[i] != 2 -> back[i] = NONE
    :: else
    fi;
    sent[i] = NONE;
    sent_due[i] = 0;
    lag[i] = 0;
#ifndef NO_R_QUORATE
    if
    :: quorate[i] -> renew(i)
    :: else
    fi
#endif
}

inline agent_gone(i)
{
    agent[i] = 0;
    forget_view(i);
    in_change[i] = 0;
    in_news[i] = 0;
    in_beat[i] = NONE;
    sent[i] = NONE;
    sent_due[i] = 0;
    back[i] = NONE;
    r[i] = 0
}

inline power_off(i)
{
    agent_gone(i);
    on[i] = 0;
    frozen[i] = 0;
    runs[i] = 0;
    armed[i] = 0;
    until[i] = 0;
    unfed[i] = 0;
    quorate[i] = 0;
    lag[i] = 0;
    if
    :: both[i] && both[OTHER(i)] -> token = OTHER(i)
    :: else
    fi;
    if
    :: token == i -> token = NOBODY
    :: else
    fi;
    both[i] = 0;
    if
    :: witness == i -> witness = NOBODY
    :: else
    fi
}

inline age(x, most)
{
    if
    :: x < most -> x++
    :: x == NONE || x == most
    fi
}

inline tick_one(i)
{
    if
    :: on[i] ->
        if
        :: sent[i] <= L -> sent[i]++
        :: else
        fi;
        if
        :: back[i] < L -> back[i]++
        :: else -> back[i] = NONE
        fi;
        if
        :: in_beat[i] < L -> in_beat[i]++
        :: else -> in_beat[i] = NONE
        fi;
        if
        :: lag[i] -> lag[i]++
        :: else
        fi;
        if
        :: agent[i] && r[i] < DUE -> r[i]++
        :: else
        fi;
        if
        :: until[i] -> until[i]--
        :: else
        fi;
        if
        :: agent[i] == 1 && quorate[i] ->
            sent[i] = 0;
            sent_due[i] = (r[i] >= DUE)
        :: else
        fi;
        if
        :: armed[i] && until[i] == 0 ->
            unfed[i]++;
            if
            :: unfed[i] >= W -> printf("%d is reset by its watchdog\n", i); power_off(i)
            :: else
            fi
        :: else -> unfed[i] = 0
        fi
    :: else
    fi
}

/* Of two histories, whose goes on. ep: true forks; else who went on, else who has one patch more. */
inline adopt(i)
{
    forget_view(0);
    forget_view(1);
    place[OTHER(i)] = place[i];
    merged[0] = (epoch[0] && epoch[1]);
    merged[1] = merged[0];
    epoch[0] = 0;
    epoch[1] = 0;
    pending[0] = 0;
    pending[1] = 0;
    told[0] = 1;
    told[1] = 1;
    printf("both tell; the history of %d goes on\n", i)
}
#ifdef NO_ARMED
#define PREFERS(i) true
#else
#define PREFERS(i) (armed[i] >= armed[OTHER(i)])
#endif
#define IS_NEWEST(i) \
    ((epoch[i] && epoch[OTHER(i)] && PREFERS(i)) || (epoch[i] && !epoch[OTHER(i)]) || \
     (!epoch[i] && !epoch[OTHER(i)] && !pending[OTHER(i)]))

inline propose(i, where)
{
    place[i] = where;
    in_force[i] = 0;
    pending[i] = 1;
    no_run[0] = 0;
    no_run[1] = 0;
#ifdef NO_ACKS
    in_force[i] = 1;
#endif
    printf("%d proposes to have S on %d\n", i, where)
}

#ifdef NO_FRESH
#define FRESH(i) true
#else
#define FRESH(i) fresh[i]
#endif
#ifdef NO_RULE_11
#define MAY_SETTLE(i) true
#define MAY_TAKE(i) (r[i] >= DUE && FRESH(i))
#else
#define MAY_SETTLE(i) (r[i] >= DUE && FRESH(i))
#define MAY_TAKE(i) true
#endif
#ifdef NO_REPORTS
#define MAY_START_HERE(i) true
#else
#define MAY_START_HERE(i) (by_witness[i] || !merged[i] || no_run[OTHER(i)])
#endif

#define NODE(i) \
    /* ---- the world */ \
    :: d_step { sent[i] != NONE && FLOWS(i) -> \
        printf("%d's beat is delivered\n", i); \
        if \
        :: both[i] && agent[OTHER(i)] == 1 && by_witness[OTHER(i)] -> forget_view(OTHER(i)) \
        :: else \
        fi; \
        if \
        :: both[i] && agent[OTHER(i)] -> i2 = OTHER(i); renew(i2); i2 = 0 \
        :: else \
        fi; \
        take(i) } \
    :: d_step { sent[i] == NONE && agent[i] == 1 && quorate[i] && back[i] == 0 && FLOWS(i) -> \
        printf("%d beats once more\n", i); \
        sent[i] = 0; \
        sent_due[i] = (r[i] >= DUE) } \
    :: d_step { sent[i] != NONE && both[i] && WHOLE && cuts < CUTS -> \
        printf("%d's beat is delivered to itself alone\n", i); \
        cuts++; \
        broken = 1; \
        token = NOBODY; \
        take(i) } \
    :: d_step { sent[i] != NONE && both[i] && !WHOLE && !frozen[i] && token == i -> \
        printf("%d's beat comes back by a stale token\n", i); \
        token = NOBODY; \
        broken = 1; \
        take(i) } \
    :: d_step { on[i] && !frozen[i] && both[i] && !WHOLE -> \
        printf("%d forms a ring of its own\n", i); \
        both[i] = 0; \
        quorate[i] = (witness == i); \
        if \
        :: token == i -> token = NOBODY \
        :: else \
        fi; \
        new_ring(i) } \
    :: d_step { on[i] && !both[i] && !frozen[i] && witness != i && (HELD_OK(i)) && \
                (witness == NOBODY || moves < MOVES) -> \
        printf("the witness votes for %d\n", i); \
        if \
        :: witness != NOBODY -> \
            moves++; \
            lag[OTHER(i)] = quorate[OTHER(i)] \
        :: else \
        fi; \
        witness = i; \
        lag[i] = 0; \
        if \
        :: !quorate[i] -> \
            quorate[i] = 1; \
            RENEW_QUORATE(i) \
        :: else \
        fi } \
    :: d_step { witness == i && moves < MOVES -> \
        printf("%d loses the witness\n", i); \
        moves++; \
        witness = NOBODY; \
        lag[i] = quorate[i] } \
    :: d_step { lag[i] > 0 -> \
        printf("%d notices that it lost the witness\n", i); \
        lag[i] = 0; \
        quorate[i] = 0; \
        UNSETTLE(i) } \
    :: d_step { on[i] && !frozen[i] && tokens < TOKENS -> \
        printf("%d's corosync stands still\n", i); \
        tokens++; \
        frozen[i] = 1; \
        if \
        :: both[i] && both[OTHER(i)] -> token = i \
        :: else \
        fi } \
    :: d_step { frozen[i] -> printf("%d's corosync goes on\n", i); frozen[i] = 0 } \
    :: d_step { on[i] && powers < POWER -> \
        printf("%d loses power\n", i); \
        powers++; \
        power_off(i) } \
    :: d_step { !on[i] -> printf("%d boots\n", i); on[i] = 1 } \
    /* ---- the agent's life */ \
    :: d_step { agent[i] == 1 && stalls < STALLS -> \
        printf("%d's agent stands still\n", i); \
        stalls++; \
        agent[i] = 2 } \
    :: d_step { agent[i] == 2 -> \
        printf("%d's agent goes on\n", i); \
        agent[i] = 1; \
        if \
        :: in_beat[i] != NONE -> count_back(i, in_beat[i]) \
        :: else \
        fi; \
        if \
        :: in_change[i] -> \
            forget_view(i); \
            back[i] = NONE \
        :: else \
        fi; \
        if \
        :: in_news[i] -> \
            r[i] = 0; \
            fresh[i] = 0; \
            if \
            :: by_witness[i] -> forget_view(i) \
            :: else \
            fi \
        :: else \
        fi; \
        in_beat[i] = NONE; \
        in_change[i] = 0; \
        in_news[i] = 0 } \
    :: d_step { agent[i] && deaths < DEATHS -> \
        printf("%d's agent dies\n", i); \
        deaths++; \
        agent_gone(i); \
        if \
        :: both[i] && both[OTHER(i)] -> i2 = OTHER(i); new_view(i2); i2 = 0 \
        :: else \
        fi } \
    :: d_step { on[i] && !frozen[i] && !agent[i] -> \
        printf("%d's agent starts\n", i); \
        agent[i] = 1; \
        r[i] = AT_START; \
        if \
        :: both[i] && both[OTHER(i)] -> i2 = OTHER(i); new_view(i2); i2 = 0 \
        :: else \
        fi } \
    /* ---- views */ \
    :: d_step { WHOLE && agent[0] == 1 && agent[1] == 1 && quorate[0] && quorate[1] && \
                !told[0] && !told[1] && IS_NEWEST(i) -> adopt(i) } \
    :: d_step { told[i] && !settled[i] && agent[i] == 1 -> \
        printf("%d: settled by agents\n", i); \
        settled[i] = 1; \
        in_force[i] = 1 } \
    :: d_step { agent[i] == 1 && quorate[i] && !settled[i] && !told[i] && MAY_SETTLE(i) -> \
        printf("%d: settled by the witness\n", i); \
        settled[i] = 1; \
        by_witness[i] = 1; \
        in_force[i] = 1; \
        epoch[i] = 1; \
        pending[i] = 0 } \
    /* ---- decisions */ \
    :: d_step { MAY_ACT(i) && by_witness[i] && place[i] != i && MAY_TAKE(i) -> \
        printf("%d takes S\n", i); \
        place[i] = i } \
    :: d_step { MAY_ACT(i) && !by_witness[i] && in_force[i] && patches < PATCHES && \
                place[i] != NOBODY && !pending[0] && !pending[1] -> \
        patches++; \
        propose(i, NOBODY) } \
    :: d_step { MAY_ACT(i) && !by_witness[i] && in_force[i] && place[i] == NOBODY && \
                no_run[0] && no_run[1] && !pending[0] && !pending[1] -> propose(i, i) } \
    :: d_step { MAY_ACT(i) && !by_witness[i] && in_force[i] && place[i] == NOBODY && \
                no_run[0] && no_run[1] && !pending[0] && !pending[1] -> propose(i, OTHER(i)) } \
    :: d_step { MAY_ACT(i) && merged[i] && WHOLE && settled[OTHER(i)] && runs[OTHER(i)] && \
                in_force[i] && place[i] != OTHER(i) && !pending[0] && !pending[1] -> \
        propose(i, OTHER(i)) } \
    :: d_step { MAY_ACT(i) && merged[i] && WHOLE && settled[OTHER(i)] && runs[i] && \
                in_force[i] && place[i] != i && !pending[0] && !pending[1] -> propose(i, i) } \
    :: d_step { pending[i] && WHOLE && told[i] && told[OTHER(i)] && agent[OTHER(i)] == 1 && \
                agent[i] -> \
        printf("%d has it too\n", OTHER(i)); \
        pending[i] = 0; \
        place[OTHER(i)] = place[i]; \
        in_force[OTHER(i)] = 0 } \
    :: d_step { MAY_ACT(i) && !in_force[i] && !pending[0] && !pending[1] -> \
        printf("%d: in force\n", i); \
        in_force[i] = 1 } \
    :: d_step { agent[i] == 1 && settled[i] && in_force[i] && WHOLE && told[i] && told[OTHER(i)] && \
                (merged[i] || place[i] == NOBODY) && place[i] != i && !runs[i] && !no_run[i] && !pending[0] && !pending[1] -> \
        printf("%d tells that it does not run S\n", i); \
        no_run[i] = 1 } \
    /* ---- the service */ \
    :: d_step { MAY_ACT(i) && in_force[i] && place[i] == i && !runs[i] && !armed[i] -> \
        printf("%d arms\n", i); \
        armed[i] = 1; \
        unfed[i] = 0 } \
    :: d_step { MAY_ACT(i) && in_force[i] && place[i] == i && !runs[i] && armed[i] && \
                MAY_START_HERE(i) -> \
        printf("%d starts S\n", i); \
        runs[i] = 1; \
        assert(!runs[OTHER(i)]) } \
    :: d_step { MAY_ACT(i) && in_force[i] && place[i] != i && runs[i] -> \
        printf("%d stops S\n", i); \
        runs[i] = 0 } \
    :: d_step { agent[i] && armed[i] && !runs[i] && place[i] != i -> \
        printf("%d disarms\n", i); \
        armed[i] = 0; \
        unfed[i] = 0 }

#ifdef UNNOTICED
#define HELD_OK(i) true
#else
#define HELD_OK(i) lag[i] == 0
#endif
#ifdef NO_R_QUORATE
#define RENEW_QUORATE(i) skip
#else
#define RENEW_QUORATE(i) renew(i)
#endif
#ifdef NO_UNSETTLE
#define UNSETTLE(i) skip
#else
#define UNSETTLE(i) new_view(i)
#endif
#ifdef NO_OWN_START
#define AT_START DUE
#else
#define AT_START 0
#endif
/* In a ring that works messages take less than a tick; the lag has its limit. */
#define HURRY(i) ((sent[i] != NONE && FLOWS(i)) || lag[i] > H)

active proctype world()
{
    d_step {
        on[0] = 1; on[1] = 1; both[0] = 1; both[1] = 1; quorate[0] = 1; quorate[1] = 1;
        agent[0] = 1; agent[1] = 1; in_beat[0] = NONE; in_beat[1] = NONE;
        until[0] = L + 1; until[1] = L + 1; armed[0] = 1; runs[0] = 1;
        sent[0] = NONE; sent[1] = NONE; back[0] = 0; back[1] = 0;
        told[0] = 1; told[1] = 1; settled[0] = 1; settled[1] = 1;
        in_force[0] = 1; in_force[1] = 1;
    }
    do
    :: d_step { !HURRY(0) && !HURRY(1) ->
        printf("-- tick\n");
        tick_one(0);
        tick_one(1) }
    :: d_step { !cut && cuts < CUTS ->
        printf("the link is cut\n");
        cuts++;
        cut = 1;
        if
        :: both[0] && both[1] -> token = 0
        :: else
        fi }
    :: d_step { !cut && cuts < CUTS && both[0] && both[1] ->
        printf("the link is cut\n");
        cuts++;
        cut = 1;
        token = 1 }
    :: d_step { cut -> printf("the link is mended\n"); cut = 0 }
    :: d_step { !cut && on[0] && on[1] && !frozen[0] && !frozen[1] && !WHOLE ->
        printf("both form a ring\n");
        both[0] = 1; both[1] = 1; broken = 0; token = NOBODY; witness = NOBODY;
        quorate[0] = 1; quorate[1] = 1;
        new_ring(0);
        new_ring(1) }
    NODE(0)
    NODE(1)
    od
}
