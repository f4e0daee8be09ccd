/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rules turned round, so that each service finds its own: with whom it is
 * one group, what rules leave that group, and which ones count others. It
 * follows from the policy alone; where anybody is, affinity.h knows.
 */
#pragma once

#include "ha/decide/round.h"

#define NO_MEMBERSHIP (-1)
#define NO_GROUP (-1)

/* Once a step. */
void bonds_prepare(struct round *round);
/* The bonds of its group. */
static inline const struct bonds *bonds_of_group(const struct round *round, service_id service)
{
    return &round->work->bonds[round->work->bonds[service].leader];
}

/* All of its group may go back to a better node; one that may not keeps the others. */
bool bonds_fall_back(const struct round *round, service_id service);

/* Visits the group of a service, itself included. */
#define GROUP_EACH(round, member, of)                                                              \
    for (service_id member = (round)->work->bonds[of].leader; member != SERVICE_NONE;              \
         member = (round)->work->bonds[member].next)
