/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A node that is lost again and again takes its services down with it each time. It
 * gets none until it has been there for so long that it seems well, or a person says
 * so. No more than a minority is set aside like that, whatever happens.
 */
#pragma once

#include "ha/decide/round.h"

/* It was lost, and not because anybody wanted it to go. */
void quarantine_note_fall(struct round *round, node_id node);
/* Ends it when the time has come; else the manager looks again then. */
void quarantine_step(struct round *round, node_id node);
/* A person trusts it again. */
void quarantine_lift(struct node *node);
/* If nobody else can take services, the one that has stayed longest takes them again. */
void quarantine_yield(struct round *round);
/* How often it fell, as far as that counts. */
int quarantine_falls(const struct round *round, node_id node);
