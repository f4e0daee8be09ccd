/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules of the states in which a service runs nowhere, as far as its record says: it waits for a
 * place, for proof, for a person, or for nothing.
 */
#pragma once

#include "ha/decide/service_case.h"

struct verdict idle_stopped(const struct service_case *c);
struct verdict idle_request_start(const struct service_case *c);
struct verdict idle_fence(const struct service_case *c);
struct verdict idle_recovery(const struct service_case *c);
struct verdict idle_error(const struct service_case *c);
struct verdict idle_absent(const struct service_case *c);
