/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which line of the policy is behind a reason. */
#pragma once

#include "ha/model/policy.h"
#include "ha/model/reason.h"

/* The rule's, or that of the setting of the service or the cluster; 0: no line says so. */
int source_line(const struct policy *policy, service_id service, const struct reason *why);
