/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * N-1 and beyond: which failures a policy survives. For every set of k nodes, k
 * from 1 up, as long as quorum lasts, those nodes are taken away from the settled
 * cluster and the production manager says where everything goes.
 */
#pragma once

#include <stddef.h>

#include "ha/whatif/settle.h"

/*
 * Sets of nodes times services: about a second. Sets of one node are always tried; a
 * larger size is tried as a whole or not at all, since "any" has to mean any.
 */
#define SURVIVE_WORK_MAX 1000000

/* What is lacking when those nodes are gone. */
enum lack {
    LACK_NOTHING,
    LACK_QUORUM, /* the rest may not act */
    LACK_PLACE,  /* a service has nowhere to go */
    LACK_MEMORY, /* a node would have to carry more than it has */
    LACK_CPUS,
    LACK_CALM, /* the manager never comes to an end: a fault of ours */
};

struct survival {
    int failures;   /* any so many nodes may fail together; -1: it lacks something with all up */
    bool is_whole;  /* the next larger size was tried too, or ends quorum */
    node_set lost;  /* the first set of the smallest size that does not work; 0: none is known */
    enum lack lack; /* then */
    service_id service; /* LACK_PLACE: the first that lies still */
    int n_services;     /* LACK_PLACE: how many do */
    struct reason why;  /* LACK_PLACE */
    node_id node;       /* LACK_MEMORY, LACK_CPUS: which one is overloaded */
    struct usage needs; /* and what it would have to carry */
    service_id pinned;  /* the first that may run on one node only, or SERVICE_NONE: such */
    int n_pinned;       /* are counted apart, for no scheduler can help them */
    int n_sets;         /* tried */
};

/* Bytes that the search needs; the caller has them, zeroed once. */
size_t survive_size(void);
void survive_run(const struct policy *policy, void *space, struct survival *survival);
