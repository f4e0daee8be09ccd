/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A policy text that somebody pushed: the leader checks it and proposes it, or says why not. */
#pragma once

#include <stdbool.h>

#include "ha/base/instant.h"

struct agent;

/* true: a push waited and was proposed or refused. */
bool push_decide(struct agent *agent, struct instant now);
