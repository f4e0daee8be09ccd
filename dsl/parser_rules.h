/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The grammar of rules, one function a rule of phrase.def; see parser.c. */
#pragma once

#include "dsl/cursor.h"

bool read_rule(struct cursor *c, struct syntax *node);
bool read_disabled(struct cursor *c, struct syntax *node);
bool read_on(struct cursor *c, struct syntax *node);
