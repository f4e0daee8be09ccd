/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One agent and what is set for it: the messages that services and fence devices share.
 * Internal to this room.
 */
#pragma once

#include "dsl/catalog.h"
#include "dsl/resolve.h"

struct judge {
    struct resolution *resolution;
    const struct catalog *catalog;
    const struct agent_description *description; /* of the agent that was asked last */
    bool has_said_none[2]; /* that there are no agents at all here: OCF, fence */
};

/* false: what the agent takes is not known, and that has been said. */
bool judge_ask(struct judge *judge, const char *agent, struct location at);
/*
 * The parameter of that name; NULL if there is none. *is_free: none is listed, but every agent
 * of its kind takes it.
 */
const struct agent_parameter *judge_find(const struct agent_description *description,
                                         const char *name, bool *is_free);
/* The value of a set statement; NULL: it is a secret. true: something was said. */
bool judge_value(struct judge *judge, const struct agent_parameter *parameter,
                 const struct syntax *set, const char *value);
/* What the agent cannot do without; true: something was said. */
bool judge_missing(struct judge *judge, struct location at, const char *title,
                   bool (*has)(const void *context, const char *name), const void *context);
/* A set statement that the agent does not know. */
void judge_stranger(struct judge *judge, const struct syntax *set, const char *name,
                    const char *agent);
