/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * corosync.conf as a value: what it says, the text of it, and the way from the one in force to
 * the one that is wanted, in steps of which each leaves every quorum with a member in common with
 * the one before. Pure. What is wanted and who is here the caller says; this room knows no policy.
 */
#pragma once

#include "ha/base/json.h"
#include "ha/base/text.h"
#include "quorum/ring.h"

/* An address in numbers, IPv6 included, or a name. */
#define CONF_ADDRESS_MAX 64
/* The file with 32 nodes of eight links is 15 KiB. */
#define CONF_TEXT_MAX 32768

struct corosync_node {
    uint32_t nodeid;
    char name[NODE_NAME_MAX];
    int votes;
    int n_addresses;
    char addresses[LINKS_MAX][CONF_ADDRESS_MAX];
};

/* A witness: corosync-qnetd on a host outside, asked by corosync-qdevice on every node. */
struct corosync_device {
    char host[CONF_ADDRESS_MAX]; /* "": there is none */
    bool is_lms;                 /* else ffsplit */
    int votes;
    uint32_t tie_node; /* equal halves: the one with this node goes on; or one of these: */
};

#define DEVICE_TIE_LOWEST 0
#define DEVICE_TIE_HIGHEST UINT32_MAX

struct corosync_conf {
    uint64_t version;
    char cluster[NODE_NAME_MAX];
    int64_t token_ms, coefficient_ms;
    int n_nodes;
    struct corosync_node nodes[NODES_MAX]; /* by nodeid */
    struct corosync_device device;
};

/* Who is where, by the nodes of the one in force. */
struct corosync_presence {
    node_set here; /* in sync with us */
    node_set off;  /* for sure */
    /* By somebody's word, see forced.h: their votes stand in nobody's way. */
    node_set sworn;
};

enum conf_way {
    CONF_SAME,  /* nothing to do */
    CONF_NEXT,  /* next is the next step */
    CONF_WAITS, /* the words say for what */
};

void corosync_conf_text(const struct corosync_conf *conf, struct text *text);
/* The "config_version" that a file says; 0: none. */
uint64_t corosync_conf_version(const char *text);
json_t *corosync_conf_json(const struct corosync_conf *conf);
bool corosync_conf_read(const json_t *value, struct corosync_conf *conf, struct err *err);

/* -1 if there is none. */
int corosync_conf_find(const struct corosync_conf *conf, const char *name);
/* By nodeid; a node of that id must not be there. */
struct corosync_node *corosync_conf_add(struct corosync_conf *conf, uint32_t nodeid,
                                        const char *name);
/* What no corosync would take: addresses that are missing, or there twice; no vote at all. */
bool corosync_conf_is_good(const struct corosync_conf *conf, struct err *err);
/* All but the version. */
bool corosync_conf_equal(const struct corosync_conf *a, const struct corosync_conf *b);

/*
 * Times, links and nodes without a vote change at once; votes by one, a witness' too, and only so
 * that those who are here stay a quorum by themselves. Who is not wanted any more loses its votes,
 * then its place once it is off. One witness never takes the place of another: the first goes.
 */
enum conf_way corosync_conf_step(const struct corosync_conf *from,
                                 const struct corosync_conf *wanted,
                                 const struct corosync_presence *presence,
                                 struct corosync_conf *next, struct err *words);
