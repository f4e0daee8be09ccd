/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What two nodes say to each other while one of them joins (talk.h lists it): made, and looked at
 * before anything is done with it. What is not as it must be is refused with what to do.
 */
#pragma once

#include <jansson.h>

#include "console/door/site.h"
#include "console/door/token.h"

struct invitation {
    char cluster[NODE_NAME_MAX], node[NODE_NAME_MAX], addresses[TOKEN_ADDRESSES_MAX];
    long long clock; /* ms since 1970 */
};

/* The guest's first words, and whether the host can have it. */
json_t *words_hello(const struct versions *own);
bool words_hello_is_good(const json_t *hello, const struct versions *own, struct err *err);

/* The host's answer, and whether the guest can take it. */
json_t *words_invitation(const struct invitation *invitation, const struct versions *own);
bool words_invitation_read(const json_t *words, const struct versions *own,
                           struct invitation *invitation, struct err *err);

/* The key and the configuration: with this node and its addresses in it. */
json_t *words_files(const char *conf, const unsigned char *key);
bool words_files_read(const json_t *words, const struct invitation *invitation, unsigned char *key,
                      const char **conf, struct err *err);

/* "3.1.7": false and words where nodes of both cannot be in one ring. */
bool words_corosync_fits(const char *guest, const char *host, struct err *err);
/* Out of what "corosync -v" says; false: there is none in it. */
bool words_corosync_version(const char *words, char *version, size_t size);
