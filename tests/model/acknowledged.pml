/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Three nodes without a witness: the acknowledged lease, the exchange of ages and the ledger's one
 * decision: who takes service S of node 0. README.md says how to read it.
 */
#ifndef L
#define L 1 /* how long a beat carries its sender */
#endif
#ifndef W
#define W 1 /* the watchdog */
#endif
#ifndef E
#define E 0 /* e; in whole ticks the bound needs none */
#endif
#define DUE (L + W + E)
/* How many of each misfortune. */
#ifndef CUTS
#define CUTS 1
#endif
#ifndef LOSSES
#define LOSSES 0
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

#define X 0
#define NONE 15
#define BIT(i) (1 << (i))
#define MANY(s) ((s) == 3 || (s) >= 5) /* a quorum: two of three */

/* 0: all are connected; k: node k - 1 is alone; 4: each is alone. */
byte split;
bool on[3], frozen[3], rebooted;
byte ring[3];  /* whom this node's ring holds; equal sets are the same ring */
bool broken[3]; /* a message got lost in it: it must form anew */
bool token[3];  /* it may still see the token of a ring that is over */
bool quorate[3], late[3]; /* late: votequorum has not yet spoken of this ring */
byte agent[3]; /* 0 dead, 1 runs, 2 stands still */
bool in_change[3], in_x[3];
byte in_until[3]; /* a lease that waits for an agent that stands still */
byte until[3], unfed[3];
byte runs;     /* who runs S */
byte sent[3];  /* age of the newest beat under way */
bool sent_due[3], fresh[3];
byte heard[9]; /* [at * 3 + of]: age of the newest beat delivered in this ring */
byte r[3];     /* how long ago R of X was */
byte since[3]; /* how long ago the later of: we joined, the ring became quorate */

byte told[3];     /* whose HELLO of this view was delivered here */
bool done[3];     /* the exchange is done here */
bool settled[3];
byte together[3]; /* who came with us from the last view whose exchange was done */
bool moved[3];    /* the ring is another one since */
byte owner[3], rank[3]; /* of the head; rank: (epoch, version), only their order */
bool in_force[3];
bool asking[3];   /* a decision is queued, not yet delivered to its sender */
bool asked[3];    /* it was delivered in this view */
bool beaten[3];   /* X has beaten in this view */

byte j, k, m, low, best, was_x; /* for reckoning within one step */
#define CLEAN j = 0; k = 0; m = 0; low = 0; best = 0; was_x = 0
byte cuts, losses, stalls, deaths, tokens, powers;

#define IN(i, j) ((ring[i] >> (j)) & 1)
#define SAME(i, j) (IN(i, j) && ring[i] == ring[j] && on[j])
#define LINKED(i, j) ((i) == (j) || split == 0 || split == 4 - (i) - (j))
#define STANDS(i, j) (!IN(i, j) || (SAME(i, j) && LINKED(i, j) && !frozen[j]))
#define WHOLE(i) (on[i] && !frozen[i] && !broken[i] && STANDS(i, 0) && STANDS(i, 1) && STANDS(i, 2))
#define REACHES(i, j) (SAME(i, j) && LINKED(i, j) && !frozen[j])
#define PEER(i, j) (SAME(i, j) && agent[j] != 0)
#define GROUP(i) (PEER(i, 0) + 2 * PEER(i, 1) + 4 * PEER(i, 2))
#define AWAKE(i) ((PEER(i, 0) && agent[0] == 1) + 2 * (PEER(i, 1) && agent[1] == 1) + \
                  4 * (PEER(i, 2) && agent[2] == 1))

inline lease(m, age)
{
    if
    :: age <= L && agent[m] == 1 && L + 1 - age > until[m] -> until[m] = L + 1 - age
    :: age <= L && agent[m] == 2 && L + 1 - age > in_until[m] -> in_until[m] = L + 1 - age
    :: else
    fi
}

inline renew(m)
{
    r[m] = 0;
    fresh[m] = 0
}

/* A view ends: what was not in force is nobody's to act on. */
inline new_view(m)
{
#ifndef NO_CUT_SHORT
    if
    :: !done[m] && (told[m] & 1) == 0 && was_x && m != X && agent[m] -> r[m] = 0
    :: else
    fi;
#endif
    told[m] = 0;
    done[m] = 0;
    fresh[m] = 0;
    beaten[m] = 0;
    if
    :: agent[m] == 2 -> in_change[m] = 1
    :: else -> end_view(m)
    fi
}

inline end_view(m)
{
    settled[m] = 0;
    in_force[m] = 0;
    asking[m] = 0;
    asked[m] = 0
}

inline agent_gone(m)
{
    agent[m] = 0;
    end_view(m);
    told[m] = 0;
    done[m] = 0;
    fresh[m] = 0;
    beaten[m] = 0;
    in_change[m] = 0;
    in_x[m] = 0;
    in_until[m] = 0;
    sent[m] = NONE;
    sent_due[m] = 0;
    together[m] = 0;
    moved[m] = 0;
    r[m] = 0;
    since[m] = 0;
    for (k : 0 .. 2) {
        heard[m * 3 + k] = NONE;
        heard[k * 3 + m] = NONE
    }
    k = 0
}

/* The group of m's ring has changed: m came or went. */
inline group_changed(m)
{
    was_x = (m == X || PEER(m, X));
    for (k : 0 .. 2) {
        if
        :: k != m && PEER(m, k) ->
            together[k] = together[k] & ~BIT(m);
            new_view(k)
        :: else
        fi
    }
    k = 0
}

inline power_off(m)
{
    if
    :: agent[m] != 0 -> agent_gone(m)
    :: else
    fi;
    for (k : 0 .. 2) {
        if
        :: k != m && SAME(m, k) -> token[k] = 1
        :: else
        fi
    }
    on[m] = 0;
    frozen[m] = 0;
    until[m] = 0;
    unfed[m] = 0;
    runs = runs & ~BIT(m);
    ring[m] = BIT(m);
    broken[m] = 0;
    token[m] = 0;
    quorate[m] = 0;
    late[m] = 0
}

inline tick_one(m)
{
    if
    :: sent[m] <= L -> sent[m]++
    :: else
    fi;
    for (k : 0 .. 2) {
        if
        :: heard[m * 3 + k] < L -> heard[m * 3 + k]++
        :: else -> heard[m * 3 + k] = NONE
        fi
    }
    if
    :: agent[m] && m != X && r[m] < DUE -> r[m]++
    :: else
    fi;
    if
    :: agent[m] && m != X && !done[m] && since[m] < DUE -> since[m]++
    :: else
    fi;
    if
    :: until[m] -> until[m]--
    :: else
    fi;
    if
    :: in_until[m] -> in_until[m]--
    :: else
    fi;
    if
    :: agent[m] == 1 && quorate[m] ->
        sent[m] = 0;
        sent_due[m] = (m != X && r[m] >= DUE)
    :: else
    fi;
    if
    :: ((runs >> m) & 1) && until[m] == 0 ->
        unfed[m]++;
        if
        :: unfed[m] >= W -> printf("%d is reset by its watchdog\n", m); power_off(m)
        :: else
        fi
    :: else -> unfed[m] = 0
    fi
}

/* n's beat (and its decision) reaches m. */
inline deliver(n, m)
{
    if
    :: m != n && agent[m] == 1 -> heard[m * 3 + n] = sent[n]
    :: else
    fi;
    if
    :: n == X && m != X && agent[m] == 1 ->
        renew(m);
        beaten[m] = 1
    :: n == X && m != X && agent[m] == 2 -> in_x[m] = 1
    :: else
    fi;
#ifdef NO_ACKS
    if
    :: m == n && quorate[m] -> lease(m, sent[n])
    :: else
    fi;
#else
    if
    :: m != n && agent[m] && quorate[m] && MANY(GROUP(m)) -> lease(m, heard[n * 3 + m])
    :: else
    fi;
#endif
    if
    :: m == n && agent[m] == 1 && sent_due[n] && r[m] >= DUE -> fresh[m] = 1
    :: else
    fi
}

#ifdef NO_CANCEL
#define VALID(n) true
#else
#define VALID(n) (!beaten[n] || rebooted)
#endif

inline beat(n, to)
{
    for (j : 0 .. 2) {
        if
        :: ((to >> j) & 1) && REACHES(n, j) && sent[n] != NONE -> deliver(n, j)
        :: else
        fi
    }
    sent[n] = NONE;
    sent_due[n] = 0;
    if
    :: asking[n] ->
        asking[n] = 0;
        if
        :: agent[n] && VALID(n) && owner[n] == X -> apply(n)
        :: else
        fi
    :: else
    fi
}

/* Ranks keep their order and stay small. */
inline squeeze()
{
    for (j : 0 .. 2) {
        low = 9;
        for (k : 0 .. 2) {
            if
            :: rank[k] >= j && rank[k] < low -> low = rank[k]
            :: else
            fi
        }
        for (k : 0 .. 2) {
            if
            :: rank[k] == low -> rank[k] = j
            :: else
            fi
        }
    }
    low = 0
}

/* A patch is one more than what its maker had; who knows a later epoch is above it all the same. */
inline apply(n)
{
    printf("%d has its decision delivered\n", n);
    asked[n] = 1;
    owner[n] = n;
    for (k : 0 .. 2) {
        rank[k] = rank[k] * 2
    }
    rank[n] = rank[n] + 1;
    squeeze();
#ifdef NO_DECISION_ACKS
    in_force[n] = 1
#else
    in_force[n] = 0
#endif
}

inline form(set)
{
    was_x = 0;
    /* A node without an agent came in, or all came from one ring: seen by who was in which ring. */
    for (m : 0 .. 2) {
        if
        :: (set >> m) & 1 ->
            low = 0;
            for (k : 0 .. 2) {
                if
                :: ((set >> k) & 1) && SAME(m, k) -> low = low | BIT(k)
                :: else
                fi
            }
            together[m] = together[m] & low;
            moved[m] = 1;
            was_x = PEER(m, X);
            new_view(m);
            token[m] = 0
        :: else ->
            if
            :: broken[m] == 0 -> token[m] = token[m]
            :: else
            fi
        fi
    }
    for (m : 0 .. 2) {
        if
        :: (set >> m) & 1 ->
            ring[m] = set;
            broken[m] = 0;
            sent[m] = NONE;
            sent_due[m] = 0;
            for (k : 0 .. 2) {
                heard[m * 3 + k] = NONE
            }
#ifdef NO_RING_QUORUM
            late[m] = (quorate[m] != MANY(set));
#else
            quorate[m] = MANY(set);
#endif
            since[m] = 0
        :: else
        fi
    }
    k = 0
}

/* Rule 8, for m, of what all told. */
inline ages(m)
{
    low = together[m] & told[m];
    if
    :: moved[m] && (GROUP(m) & ring[m]) != ring[m] -> low = 0
    :: else
    fi;
#ifndef NO_R_UNKNOWN
    if
    :: !MANY(low) && since[m] < r[m] -> r[m] = since[m]
    :: else
    fi;
#endif
    if
    :: PEER(m, X) && (told[m] & 1) == 0 -> r[m] = 0
    :: else
    fi;
    low = 0;
    since[m] = 0
}

#define ALL_TOLD(i) (agent[i] == 1 && (told[i] & AWAKE(i)) == AWAKE(i))
#define READY_ALL(i) ((!PEER(i, 0) || agent[0] == 2 || ALL_TOLD(0)) && \
                      (!PEER(i, 1) || agent[1] == 2 || ALL_TOLD(1)) && \
                      (!PEER(i, 2) || agent[2] == 2 || ALL_TOLD(2)))

/* All of the group told: the newest head goes on in a new epoch. */
inline exchange(m)
{
    best = m;
    for (k : 0 .. 2) {
        if
        :: ((told[m] >> k) & 1) && rank[k] > rank[best] -> best = k
        :: else
        fi
    }
    low = owner[best];
    best = told[m];
    for (k : 0 .. 2) {
        if
        :: (best >> k) & 1 ->
            owner[k] = low;
            rank[k] = 3
        :: else
        fi
    }
    squeeze();
    for (j : 0 .. 2) {
        if
        :: ((best >> j) & 1) && agent[j] == 1 ->
            done[j] = 1;
            ages(j);
            together[j] = best;
            moved[j] = 0
        :: else
        fi
    }
    best = 0
}

inline hello(n, to)
{
    for (j : 0 .. 2) {
        if
        :: ((to >> j) & 1) && REACHES(n, j) && agent[j] == 1 ->
            told[j] = told[j] | BIT(n);
#ifndef NO_AGES
            if
            :: n != X && j != X && r[n] < r[j] -> r[j] = r[n]
            :: else
            fi;
#ifndef NO_OWN_AGE
            if
            :: n == X && j != X -> r[j] = 0
            :: else
            fi
#endif
#endif
        :: else
        fi
    }
    k = 0
}

#ifdef NO_LEADERS_LEASE
#define LEADS(i) (agent[i] && settled[i])
#else
#define LEADS(i) (agent[i] && settled[i] && until[i] > 0)
#endif
#ifdef NO_FRESH
#define FRESH(i) true
#else
#define FRESH(i) fresh[i]
#endif
#ifdef NO_OWN_START
#define AT_START DUE
#else
#define AT_START 0
#endif
#define QUEUED(i) (sent[i] != NONE || asking[i])
#define CAN_TELL(i) (agent[i] == 1 && quorate[i] && !((told[i] >> i) & 1) && MANY(GROUP(i)))

#define NODE(i) \
    :: d_step { QUEUED(i) && WHOLE(i) -> \
        printf("%d's beat is delivered\n", i); \
        beat(i, 7); CLEAN } \
    :: d_step { QUEUED(i) && WHOLE(i) && losses < LOSSES && ring[i] != BIT(i) -> \
        printf("%d's beat is delivered to itself alone\n", i); \
        losses++; \
        break_ring(i); \
        beat(i, BIT(i)); CLEAN } \
    :: d_step { QUEUED(i) && WHOLE(i) && losses < LOSSES && ring[i] == 7 -> \
        printf("%d's beat is delivered to itself and the next\n", i); \
        losses++; \
        break_ring(i); \
        beat(i, (BIT(i) | BIT((i + 1) % 3))); CLEAN } \
    :: d_step { QUEUED(i) && WHOLE(i) && losses < LOSSES && ring[i] == 7 -> \
        printf("%d's beat is delivered to itself and the one before\n", i); \
        losses++; \
        break_ring(i); \
        beat(i, (BIT(i) | BIT((i + 2) % 3))); CLEAN } \
    :: d_step { QUEUED(i) && on[i] && !frozen[i] && !WHOLE(i) && token[i] -> \
        printf("%d's beat is delivered by a stale token\n", i); \
        token[i] = 0; \
        break_ring(i); \
        beat(i, 7); CLEAN } \
    :: d_step { on[i] && !frozen[i] && tokens < TOKENS -> \
        printf("%d's corosync stands still\n", i); \
        tokens++; \
        token[i] = 1; \
        frozen[i] = 1; CLEAN } \
    :: d_step { frozen[i] -> printf("%d's corosync goes on\n", i); frozen[i] = 0; CLEAN } \
    :: d_step { late[i] -> \
        printf("votequorum speaks at %d\n", i); \
        late[i] = 0; \
        quorate[i] = MANY(ring[i]); CLEAN } \
    :: d_step { agent[i] == 1 && stalls < STALLS -> \
        printf("%d's agent stands still\n", i); \
        stalls++; \
        agent[i] = 2; CLEAN } \
    :: d_step { agent[i] == 2 -> \
        printf("%d's agent goes on\n", i); \
        agent[i] = 1; \
        if \
        :: in_until[i] > until[i] -> until[i] = in_until[i] \
        :: else \
        fi; \
        if \
        :: in_x[i] -> renew(i); beaten[i] = 1 \
        :: else \
        fi; \
        if \
        :: in_change[i] -> end_view(i) \
        :: else \
        fi; \
        new_view(i); \
        group_changed(i); \
        in_until[i] = 0; \
        in_x[i] = 0; \
        in_change[i] = 0; CLEAN } \
    :: d_step { agent[i] && deaths < DEATHS -> \
        printf("%d's agent dies\n", i); \
        deaths++; \
        group_changed(i); \
        agent_gone(i); CLEAN } \
    :: d_step { on[i] && !frozen[i] && !agent[i] -> \
        printf("%d's agent starts\n", i); \
        agent[i] = 1; \
        r[i] = AT_START; \
        since[i] = AT_START; \
        group_changed(i); \
        OLD_NUMBERS(i); CLEAN } \
    :: d_step { CAN_TELL(i) && WHOLE(i) -> \
        printf("%d tells\n", i); \
        hello(i, 7); CLEAN } \
    :: d_step { CAN_TELL(i) && WHOLE(i) && losses < LOSSES && ring[i] != BIT(i) -> \
        printf("%d tells itself alone\n", i); \
        losses++; \
        break_ring(i); \
        hello(i, BIT(i)); CLEAN } \
    :: d_step { ALL_TOLD(i) && !done[i] && MANY(told[i]) && WHOLE(i) && READY_ALL(i) -> \
        printf("%d: the exchange is done\n", i); \
        exchange(i); CLEAN } \
    :: d_step { done[i] && !settled[i] && agent[i] == 1 -> \
        printf("%d: settled\n", i); \
        settled[i] = 1; \
        in_force[i] = 1; CLEAN }

/*
 * One member of a view leads: 1, or 2 where 1 did not tell. Node 0 never does: what is asked is when
 * another may take its service.
 */
#define LEADER(i, o) \
    :: d_step { LEADS(i) && (i == 1 || !(told[i] & 2)) && owner[i] == X && !asking[i] && !asked[i] && \
                ((!PEER(i, X) && r[i] >= DUE && FRESH(i)) || (rebooted && (told[i] & 1))) -> \
        printf("%d decides to take S\n", i); \
        asking[i] = 1; CLEAN } \
    FOLLOW(i, o) \
    FOLLOW(i, X) \
    :: d_step { LEADS(i) && in_force[i] && owner[i] == i && !((runs >> i) & 1) && until[i] > 0 -> \
        printf("%d starts S\n", i); \
        runs = runs | BIT(i); \
        assert(runs == BIT(i)); CLEAN }

#define FOLLOW(i, o) \
    :: d_step { asked[i] && WHOLE(i) && PEER(i, o) && agent[o] == 1 && done[o] && \
                owner[o] != owner[i] && VALID(o) -> \
        printf("%d has it too\n", o); \
        owner[o] = owner[i]; \
        rank[o] = rank[i]; \
        squeeze(); \
        in_force[i] = 1; CLEAN } \
    :: d_step { asked[i] && WHOLE(i) && PEER(i, o) && agent[o] == 1 && done[o] && \
                owner[o] != owner[i] && VALID(o) -> \
        printf("%d has it too; its word is lost\n", o); \
        owner[o] = owner[i]; \
        rank[o] = rank[i]; \
        squeeze(); CLEAN }

#ifdef NO_INCARNATION
#define OLD_NUMBERS(i) \
    for (k : 0 .. 2) { \
        if \
        :: k != i && PEER(i, k) && quorate[k] -> heard[k * 3 + i] = 0 \
        :: else \
        fi \
    } \
    k = 0
#else
#define OLD_NUMBERS(i) skip
#endif

inline break_ring(m)
{
    for (k : 0 .. 2) {
        if
        :: SAME(m, k) -> broken[k] = 1; token[k] = 0
        :: else
        fi
    }
    k = 0
}

inline change_links(how)
{
    printf("links: %d\n", how);
    cuts++;
    /* Who of a ring that this breaks may still see its token. */
    for (k : 0 .. 2) {
        token[k] = token[k] || WHOLE(k)
    }
    split = how
}

#define CAN_FORM(i, set) (on[i] && !frozen[i] && (ring[i] != (set) || !WHOLE(i)))
#define PAIR(i, j) \
    :: d_step { (CAN_FORM(i, BIT(i) | BIT(j)) || CAN_FORM(j, BIT(i) | BIT(j))) && on[i] && on[j] && \
                !frozen[i] && !frozen[j] && LINKED(i, j) && \
                !(on[3 - i - j] && !frozen[3 - i - j] && split == 0) -> \
        printf("%d and %d form a ring\n", i, j); \
        form((BIT(i) | BIT(j))); CLEAN }
#define ALONE(i) \
    :: d_step { CAN_FORM(i, BIT(i)) && !NEAR(i, (i + 1) % 3) && !NEAR(i, (i + 2) % 3) -> \
        printf("%d forms a ring\n", i); \
        form(BIT(i)); CLEAN }
#define NEAR(i, j) (on[j] && !frozen[j] && LINKED(i, j))
#define HURRY(i) (QUEUED(i) && WHOLE(i))

active proctype world()
{
    d_step {
        for (m : 0 .. 2) {
            on[m] = 1;
            ring[m] = 7;
            quorate[m] = 1;
            agent[m] = 1;
            until[m] = L + 1;
            sent[m] = NONE;
            told[m] = 7;
            done[m] = 1;
            settled[m] = 1;
            in_force[m] = 1;
            together[m] = 7;
            for (k : 0 .. 2) {
                heard[m * 3 + k] = (m == k -> NONE : 0)
            }
        }
        runs = BIT(X); CLEAN }
    do
    :: d_step { !HURRY(0) && !HURRY(1) && !HURRY(2) ->
        printf("-- tick\n");
        tick_one(0);
        tick_one(1);
        tick_one(2); CLEAN }
    :: d_step { cuts < CUTS && split != 0 -> change_links(0); CLEAN }
    :: d_step { cuts < CUTS && split != 1 -> change_links(1); CLEAN }
    :: d_step { cuts < CUTS && split != 2 -> change_links(2); CLEAN }
    :: d_step { cuts < CUTS && split != 3 -> change_links(3); CLEAN }
    :: d_step { cuts < CUTS && split != 4 -> change_links(4); CLEAN }
    :: d_step { split == 0 && (CAN_FORM(0, 7) || CAN_FORM(1, 7) || CAN_FORM(2, 7)) && \
                on[0] && on[1] && on[2] && !frozen[0] && !frozen[1] && !frozen[2] ->
        printf("all form a ring\n");
        form(7); CLEAN }
    PAIR(0, 1)
    PAIR(0, 2)
    PAIR(1, 2)
    ALONE(0)
    ALONE(1)
    ALONE(2)
    :: d_step { on[X] && powers < POWER ->
        printf("0 loses power\n");
        powers++;
        power_off(X); CLEAN }
    :: d_step { !on[X] && !rebooted && POWER > 0 ->
        printf("0 boots\n");
        on[X] = 1;
        rebooted = 1; CLEAN }
    NODE(0)
    NODE(1)
    NODE(2)
    LEADER(1, 2)
    LEADER(2, 1)
    od
}
