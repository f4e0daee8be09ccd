/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One service in one step, as its rules see it, and the verdicts that they give. A rule looks at a
 * case and changes nothing; round.h carries out what it says.
 */
#pragma once

#include "ha/decide/round.h"

struct service_case {
    struct round *round;
    service_id id;
    const struct service *record;
    const struct service_policy *policy;
    const struct service_view *view;
    enum job_code result; /* for the present cause; one asked in this step has none yet */
};

/* Nothing to say. */
struct verdict case_stay(const struct service_case *c);
/* It stays as it is, and says for what it waits. */
struct verdict case_wait(const struct service_case *c, struct reason why);
struct verdict case_become(const struct service_case *c, enum service_state next,
                           struct reason why);
/* The same, and the node in charge is asked to make it so. */
struct verdict case_ask(const struct service_case *c, enum service_state next, node_id node,
                        struct reason why);
/* What the player said went wrong, in its own words. */
struct reason case_failure(const struct service_case *c, enum reason_code code, node_id next);

bool case_is_wanted(const struct service_case *c);
/* Of one that is not to run. */
struct reason case_why_not_wanted(const struct service_case *c);

bool case_is_answering(const struct service_case *c);
bool case_has_lost_its_node(const struct service_case *c);
struct verdict case_lose_node(const struct service_case *c);
/* Its node is silent, and somebody may have to bring it back. */
struct verdict case_wait_for_node(const struct service_case *c);
