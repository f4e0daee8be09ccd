/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What starts before what. A service is started when all that the rules start
 * before it run, as far as they are wanted at all. It binds starts only: one
 * that runs is left alone when something that was started before it falls over.
 */
#pragma once

#include "ha/decide/round.h"

/* Looks who is ready; to be said again when that may have changed. */
void order_prepare(struct round *round);
/* It may not be started yet; why says for whom it waits, and by which rule. */
bool order_holds(const struct round *round, service_id service, struct reason *why);
/* The same, and nobody knows for how long: what it waits for is not on its way. */
bool order_is_stuck(const struct round *round, service_id service, struct reason *why);
/* A rule starts it before another of its group: that one may need it where it starts. */
bool order_leads_its_group(const struct round *round, service_id service);
