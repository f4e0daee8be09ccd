/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy push: at a terminal the plan is shown and somebody asked; what is sent names the version
 * that the plan was made against, so that a cluster that has moved on meanwhile takes nothing.
 */
#pragma once

#include "console/command.h"

int push_policy(struct command *command, const struct settings *settings, struct output *output);
/* policy rollback: the text of an earlier version, pushed in the same way. */
int push_rollback(struct command *command, const struct settings *settings, struct output *output);

struct push {
    const char *file; /* what the text is called */
    const char *text;
    size_t length;
    const char *message; /* what is said of it; NULL: nothing */
    int64_t confirm_ms;  /* how long it may wait to be confirmed; 0: it stays */
    int64_t base;        /* the version in force that it was planned against; below zero: any */
};

/* Sends it; where it is stale, what it would change now is shown. */
int push_send(const struct push *push, const struct settings *settings, struct output *output);
