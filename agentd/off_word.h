/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An operator's word that a silent node is off, on its way to the leader's decision: it is about
 * the silence that it was given in, so who is heard meanwhile takes it back.
 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "ha/base/err.h"
#include "ha/base/id.h"

struct agent;

/* false: nobody's word makes this node of the policy off, with words that say why. */
bool off_word_may_be(const struct agent *agent, node_id node, struct err *err);
/* A message as it was delivered: what was last heard of whom it speaks of. Others stay as is. */
void off_word_mark(const struct agent *agent, json_t *message);
/* And now that it is to be decided; true of all other messages, too. */
bool off_word_holds(const struct agent *agent, const json_t *message, struct err *err);
