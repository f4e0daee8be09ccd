/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * "witness add HOST" and "witness remove": certificates, then the policy, then the wait until the
 * witness votes on every node. The key is made here and leaves this node only to the others, over
 * corosync; the witness' host is sent a request and answers with certificates, both of which
 * anybody may see, so a person carries them: no login from node to witness, no port, no program of
 * ours there.
 */
#pragma once

#include "console/command.h"

/* What the witness' host answered, taken apart; the words live in the line. */
struct witness_answer {
    long long clock; /* seconds since 1970 */
    const char *version, *certificate, *authority;
};

/* Takes the line apart, which it changes. */
bool witness_read_answer(char *line, struct witness_answer *answer, struct err *err);
/* from, to: when it can have been given by our clock, in seconds. */
bool witness_answer_is_good(const struct witness_answer *answer, long long from, long long to,
                            struct err *err);

int witness_add(const struct command *command, const struct settings *settings,
                struct output *output);
int witness_remove(const struct command *command, const struct settings *settings,
                   struct output *output);
