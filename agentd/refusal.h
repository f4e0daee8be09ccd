/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A policy may be right and still promise what these agents do not keep. Whoever relies on that
 * would lose a service, or data; so it is refused in words, never taken and left aside.
 */
#pragma once

#include <jansson.h>

#include "ha/model/policy.h"
#include "quorum/ring.h"

/*
 * {"error", "hint", "code"} for whoever pushed; NULL: there is nothing against it. The roster is
 * NULL where corosync's list follows the policy.
 */
json_t *refusal_of(const struct roster *roster, const struct policy *policy);

/*
 * Times that nobody who is absent could know of: he would wait for this node by the shorter ones,
 * and start what still runs here. To be asked while a view stands by the word of the witness.
 */
json_t *refusal_of_times(const struct policy *now, const struct policy *pushed);
