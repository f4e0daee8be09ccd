/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The word that lets a node join: where the inviting node listens, how its key is recognised, and
 * a secret. One word of letters, digits, '-' and '_', with a checksum for slips of the hand.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ha/base/err.h"
#include "ha/base/limits.h"

#define TOKEN_ADDRESSES_MAX 160
/* Base64 of all that, the longest name and addresses. */
#define TOKEN_TEXT_MAX 512

struct token {
    uint16_t port;
    uint8_t fingerprint[32]; /* SHA-256 of the host key */
    uint8_t secret[16];
    char cluster[NODE_NAME_MAX];
    char addresses[TOKEN_ADDRESSES_MAX]; /* of the inviting node: "A,B" */
};

/* false: it does not fit. */
bool token_write(const struct token *token, char *text, size_t size, struct err *err);
bool token_read(const char *text, struct token *token, struct err *err);
/* The same from a line, so that no list of processes and no history of a shell shows it. */
bool token_read_line(FILE *in, struct token *token, struct err *err);
/* The secret as 32 hexadecimal digits and a NUL. */
void token_password(const struct token *token, char password[33]);
