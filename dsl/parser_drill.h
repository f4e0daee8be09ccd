/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The grammar of a drill's commands, one function a rule of phrase.def; see parser.c. */
#pragma once

#include "dsl/cursor.h"

bool read_power(struct cursor *c, struct syntax *node);
bool read_maintenance(struct cursor *c, struct syntax *node);
bool read_disarm(struct cursor *c, struct syntax *node);
bool read_nodes(struct cursor *c, struct syntax *node);
bool read_services(struct cursor *c, struct syntax *node);
bool read_partition(struct cursor *c, struct syntax *node);
bool read_of_agent(struct cursor *c, struct syntax *node);
bool read_of_store(struct cursor *c, struct syntax *node);
bool read_fail(struct cursor *c, struct syntax *node);
bool read_slow(struct cursor *c, struct syntax *node);
bool read_usage(struct cursor *c, struct syntax *node);
bool read_size(struct cursor *c, struct syntax *node);
bool read_place(struct cursor *c, struct syntax *node);
bool read_to_node(struct cursor *c, struct syntax *node);
bool read_of_state(struct cursor *c, struct syntax *node);
bool read_expect(struct cursor *c, struct syntax *node);
bool read_nothing(struct cursor *c, struct syntax *node);
