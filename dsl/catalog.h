/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What OCF and fence agents say of themselves: parameters, actions, advice. This room runs no
 * programs, so whoever can ask the agents hands their answers in, as a catalog.
 *
 * An agent is called as a policy calls it: "heartbeat:IPaddr2" is an OCF agent, and a name
 * without a colon, such as "fence_ipmilan", a fence agent.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ha/base/arena.h"

enum parameter_kind {
    PARAMETER_TEXT, /* and whatever else we cannot judge */
    PARAMETER_INTEGER,
    PARAMETER_BOOLEAN,
    PARAMETER_TIME,
    PARAMETER_SELECT,
};

struct agent_parameter {
    const char *name;
    enum parameter_kind kind;
    bool is_required;
    bool is_deprecated;
    const char *instead;  /* what replaces a deprecated one; NULL: nothing, or not said */
    const char *fallback; /* what holds where it is not set; NULL: nothing */
    const char *const *options;
    int n_options;     /* of a select */
    const char *words; /* in a line; "" */
    const char *story; /* at length, as the agent laid it out; "" */
};

struct agent_action {
    const char *name;
    int64_t timeout_ms; /* the least that the agent advises; 0: not said */
    int64_t every_ms;
};

struct agent_description {
    const char *name;
    const char *words;
    const char *story;
    const struct agent_parameter *parameters; /* in the agent's own order */
    int n_parameters;
    const struct agent_action *actions; /* of each name the first */
    int n_actions;
    const char *note; /* what was passed over while it was read; NULL: nothing */
};

enum agent_standing { AGENT_NOT_INSTALLED, AGENT_UNREADABLE, AGENT_DESCRIBED };

struct agent_answer {
    enum agent_standing standing;
    const struct agent_description *description; /* as long as the catalog; NULL unless described */
    const char *why;                             /* of an unreadable one */
};

struct catalog {
    /* These will be asked for soon, so that they can be read side by side. */
    void (*prepare)(void *context, const char *const *names, int n_names);
    struct agent_answer (*find)(void *context, const char *name);
    /* The names of all that are installed, sorted; the number of them. */
    int (*list)(void *context, const char *const **names);
    void *context;
};

/* Whether it can be the name of an OCF agent: provider:type. */
bool agent_name_is_valid(const char *name);
/* "heartbeat:IPaddr2" is none. */
bool agent_is_fence(const char *name);
/* NULL if it has none of that name. */
const struct agent_parameter *agent_find_parameter(const struct agent_description *agent,
                                                   const char *name);
const struct agent_action *agent_find_action(const struct agent_description *agent,
                                             const char *name);
/*
 * Whether the agent would read the value as it is meant. An empty one counts as not set, and
 * an agent whose own default is no such value is not believed.
 */
bool agent_value_fits(const struct agent_description *agent,
                      const struct agent_parameter *parameter, const char *value);
/* "a whole number", "one of md5, none": what would be right. */
const char *agent_value_words(struct arena *arena, const struct agent_parameter *parameter);
/* The installed agent whose name was probably meant; NULL if none is near. */
const char *catalog_nearest(const struct catalog *catalog, struct arena *arena, const char *name);
