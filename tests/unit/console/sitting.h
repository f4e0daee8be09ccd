/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Somebody at a terminal: a verb on a pseudo-terminal, and answers to what it asks. */
#pragma once

#include "tests/unit/console/scene.h"

/* Once this was seen on the screen, this is typed. */
struct reply {
    const char *seen;
    const char *typed;
};

/*
 * Runs a verb line there; returns its exit code, 128 and the signal's number if one ended it. What
 * was on the screen is in scene->out, without carriage returns. The list ends with {NULL, NULL}.
 */
int sitting_run(struct scene *scene, const char *line, const struct reply *replies);
