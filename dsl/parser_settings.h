/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The grammar of settings, one function a rule of phrase.def; see parser.c. */
#pragma once

#include "dsl/cursor.h"

bool read_choice(struct cursor *c, struct syntax *node);
bool read_value(struct cursor *c, struct syntax *node);
bool read_values(struct cursor *c, struct syntax *node);
bool read_string(struct cursor *c, struct syntax *node);
bool read_witness(struct cursor *c, struct syntax *node);
bool read_tie_breaker(struct cursor *c, struct syntax *node);
bool read_run(struct cursor *c, struct syntax *node);
bool read_events(struct cursor *c, struct syntax *node);
bool read_rebalance(struct cursor *c, struct syntax *node);
bool read_set(struct cursor *c, struct syntax *node);
bool read_frequency(struct cursor *c, struct syntax *node);
bool read_restart(struct cursor *c, struct syntax *node);
bool read_monitor(struct cursor *c, struct syntax *node);
bool read_timeout(struct cursor *c, struct syntax *node);
bool read_migrate(struct cursor *c, struct syntax *node);
bool read_recover(struct cursor *c, struct syntax *node);
bool read_person(struct cursor *c, struct syntax *node);
