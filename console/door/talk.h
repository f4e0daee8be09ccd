/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two nodes that speak over one SSH channel, a JSON object a line, while one of them joins. First
 * the guest, then the host, four times:
 *   {"hello","protocol","version","ring","corosync"}; ring: the agent's protocol, [major, minor]
 *       the same, and {"cluster","node","addresses","clock"}; clock: ms since 1970
 *   {"probe"}: a word for probe.h          {"links":true}
 *   {"ready":true}                         {"conf","key"}: corosync.conf, 512 hexadecimal digits
 *   {"started":true}: it is in sync        {"joined":true}: it has its vote
 * {"failed":"words"} ends it from either side.
 */
#pragma once

#include <jansson.h>
#include <libssh/libssh.h>

#include "ha/base/err.h"

#define TALK_PROTOCOL 1
#define TALK_COMMAND "tenuto-join"
/* The longest line: a configuration of 32 nodes, escaped, and a key. */
#define TALK_LINE_MAX 65536

struct talk {
    ssh_session session;
    ssh_channel channel;
    char line[TALK_LINE_MAX];
    size_t length;
    bool has_failed; /* the other side has said so */
};

/* Takes the reference. */
bool talk_say(struct talk *talk, json_t *words, struct err *err);
/* The next line, a new reference; NULL: it failed there, is gone, or says nothing for so long. */
json_t *talk_hear(struct talk *talk, int seconds, struct err *err);
void talk_say_failed(struct talk *talk, const struct err *err);
