/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is told of what happens, and who may do what: alert and access of a policy. */
#pragma once

#include "ha/base/limits.h"

enum alert_event {
#define ALERT_EVENT(id, word, meaning) ALERT_##id,
#include "ha/model/alert_event.def"
#undef ALERT_EVENT
    ALERT_EVENTS
};

struct alert_policy {
    char name[RULE_NAME_MAX];
    const char *program; /* an absolute path */
    const char *const *args;
    int n_args;
    unsigned events; /* a bit for each enum alert_event */
    int line;
};

/* Each may do what those above it may, and more. */
enum access_role {
    ACCESS_VIEWER,   /* looks */
    ACCESS_OPERATOR, /* moves, drains, acknowledges */
    ACCESS_ADMIN,    /* changes the policy */
};

struct person {
    char name[NODE_NAME_MAX];
    enum access_role role;
    const char *key; /* "ssh-ed25519 AAAA...": its type and its bytes, without a comment */
    int line;
};
