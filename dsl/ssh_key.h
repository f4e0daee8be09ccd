/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The public key of a person, as OpenSSH writes it: "ssh-ed25519 AAAA... comment". Read as far as
 * it takes to know that it is whole and of the type that it says.
 */
#pragma once

#include <stdbool.h>

#include "ha/base/arena.h"

/* Gives type and bytes without the comment, or what is wrong, in words; both in the arena. */
bool ssh_key_read(struct arena *arena, const char *text, const char **key, const char **wrong);
