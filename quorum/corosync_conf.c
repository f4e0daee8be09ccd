/* SPDX-License-Identifier: GPL-3.0-or-later */
/* corosync.conf: its text, its JSON, and the steps from one to another; see corosync_conf.h. */
#include "quorum/corosync_conf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- the text -------------------------------------------------------------------------------- */

static void write_totem(const struct corosync_conf *conf, struct text *text)
{
    text_add(text,
             "totem {\n"
             "    version: 2\n"
             "    config_version: %llu\n"
             "    cluster_name: %s\n"
             "    transport: knet\n"
             "    crypto_cipher: aes256\n"
             "    crypto_hash: sha256\n"
             "    keyfile: /etc/corosync/authkey\n"
             "    token: %lld\n"
             "    token_coefficient: %lld\n"
             "}\n\n",
             (unsigned long long)conf->version, conf->cluster, (long long)conf->token_ms,
             (long long)conf->coefficient_ms);
}

static void write_tie(const struct corosync_device *device, struct text *text)
{
    if (device->tie_node == DEVICE_TIE_LOWEST)
        text_add(text, "            tie_breaker: lowest\n");
    else if (device->tie_node == DEVICE_TIE_HIGHEST)
        text_add(text, "            tie_breaker: highest\n");
    else
        text_add(text, "            tie_breaker: %u\n", device->tie_node);
}

/* Without heuristics: what a node finds out by a program of its own is no reason to outvote one. */
static void write_device(const struct corosync_device *device, struct text *text)
{
    text_add(text,
             "    device {\n"
             "        model: net\n"
             "        votes: %d\n"
             "        timeout: %d\n"
             "        sync_timeout: %d\n"
             "        net {\n"
             "            host: %s\n"
             "            algorithm: %s\n"
             "            tls: required\n",
             device->votes, WITNESS_TIMEOUT_MS, WITNESS_SYNC_TIMEOUT_MS, device->host,
             device->is_lms ? "lms" : "ffsplit");
    write_tie(device, text);
    text_add(text, "        }\n"
                   "        heuristics {\n"
                   "            mode: off\n"
                   "        }\n"
                   "    }\n");
}

static void write_quorum(const struct corosync_conf *conf, struct text *text)
{
    text_add(text, "quorum {\n"
                   "    provider: corosync_votequorum\n");
    if (conf->device.host[0])
        write_device(&conf->device, text);
    text_add(text, "}\n\n");
}

static void write_node(const struct corosync_node *node, struct text *text)
{
    text_add(text,
             "    node {\n"
             "        name: %s\n"
             "        nodeid: %u\n"
             "        quorum_votes: %d\n",
             node->name, node->nodeid, node->votes);
    for (int i = 0; i < node->n_addresses; i++)
        text_add(text, "        ring%d_addr: %s\n", i, node->addresses[i]);
    text_add(text, "    }\n");
}

void corosync_conf_text(const struct corosync_conf *conf, struct text *text)
{
    text_add(text, "# Written by tenuto from the cluster's policy; what is changed here by hand is "
                   "replaced.\n");
    write_totem(conf, text);
    write_quorum(conf, text);
    text_add(text, "logging {\n"
                   "    to_syslog: yes\n"
                   "    timestamp: hires\n"
                   "}\n\n"
                   "nodelist {\n");
    for (int i = 0; i < conf->n_nodes; i++)
        write_node(&conf->nodes[i], text);
    text_add(text, "}\n");
}

uint64_t corosync_conf_version(const char *text)
{
    static const char key[] = "config_version:";
    const char *at = strstr(text, key);

    return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *device_json(const struct corosync_device *device)
{
    return device->host[0]
               ? json_pack("{s:s,s:b,s:i,s:I}", "host", device->host, "lms", (int)device->is_lms,
                           "votes", device->votes, "tie", (json_int_t)device->tie_node)
               : NULL;
}

json_t *corosync_conf_json(const struct corosync_conf *conf)
{
    json_t *nodes = json_array();

    for (int i = 0; i < conf->n_nodes; i++) {
        const struct corosync_node *node = &conf->nodes[i];
        json_t *addresses = json_array();

        for (int link = 0; link < node->n_addresses; link++)
            json_array_append_new(addresses, json_string(node->addresses[link]));
        json_array_append_new(nodes,
                              json_pack("{s:I,s:s,s:i,s:o}", "id", (json_int_t)node->nodeid, "name",
                                        node->name, "votes", node->votes, "addresses", addresses));
    }
    return json_pack("{s:I,s:s,s:I,s:I,s:o,s:o*}", "version", (json_int_t)conf->version, "cluster",
                     conf->cluster, "token", (json_int_t)conf->token_ms, "coefficient",
                     (json_int_t)conf->coefficient_ms, "nodes", nodes, "device",
                     device_json(&conf->device));
}

static bool read_addresses(const json_t *list, struct corosync_node *node, struct err *err)
{
    json_t *each;
    size_t i;

    if (!json_is_array(list) || json_array_size(list) > LINKS_MAX)
        return err_set(err, "\"addresses\" is no list of at most %d", LINKS_MAX);
    json_array_foreach(list, i, each)
    {
        if (!json_is_string(each) ||
            !text_copy(node->addresses[i], CONF_ADDRESS_MAX, json_string_value(each)))
            return err_set(err, "an address of %s is no text, or too long", node->name);
    }
    node->n_addresses = (int)json_array_size(list);
    return true;
}

static bool read_node(const json_t *value, struct corosync_conf *conf, struct err *err)
{
    struct corosync_node *node = &conf->nodes[conf->n_nodes];
    const char *name;
    int64_t id, votes;

    if (!json_need_int(value, "id", &id, err) || !json_need_text(value, "name", &name, err) ||
        !json_need_int(value, "votes", &votes, err))
        return false;
    if (id < 1 || id > UINT32_MAX || votes < 0 || votes > 255 || !node_name_is_valid(name) ||
        !text_copy(node->name, sizeof(node->name), name))
        return err_set(err, "\"%s\" is no node that corosync would take", name);
    if (conf->n_nodes > 0 && node[-1].nodeid >= id)
        return err_set(err, "the nodes are not in the order of their ids");
    node->nodeid = (uint32_t)id;
    node->votes = (int)votes;
    conf->n_nodes++;
    return read_addresses(json_object_get(value, "addresses"), node, err);
}

static bool read_device(const json_t *value, struct corosync_device *device, struct err *err)
{
    int64_t votes, tie;
    const char *host;

    if (!value)
        return true;
    if (!json_need_text(value, "host", &host, err) || !json_need_int(value, "votes", &votes, err) ||
        !json_need_int(value, "tie", &tie, err))
        return false;
    if (!host[0] || !text_copy(device->host, sizeof(device->host), host) || votes < 1 ||
        votes > 255 * NODES_MAX || tie < 0 || tie > UINT32_MAX)
        return err_set(err, "\"%s\" is no witness that corosync would take", host);
    device->is_lms = json_flag(value, "lms", false);
    device->votes = (int)votes;
    device->tie_node = (uint32_t)tie;
    return true;
}

bool corosync_conf_read(const json_t *value, struct corosync_conf *conf, struct err *err)
{
    const json_t *nodes = json_object_get(value, "nodes"), *each;
    const char *cluster;
    int64_t version;
    size_t i;

    memset(conf, 0, sizeof(*conf));
    if (!json_need_int(value, "version", &version, err) ||
        !json_need_text(value, "cluster", &cluster, err) ||
        !json_need_int(value, "token", &conf->token_ms, err) ||
        !json_need_int(value, "coefficient", &conf->coefficient_ms, err))
        return false;
    if (!json_is_array(nodes) || json_array_size(nodes) > NODES_MAX)
        return err_set(err, "\"nodes\" is no list of at most %d", NODES_MAX);
    conf->version = (uint64_t)version;
    if (!text_copy(conf->cluster, sizeof(conf->cluster), cluster))
        return err_set(err, "the name of the cluster is too long");
    json_array_foreach(nodes, i, each)
    {
        if (!read_node(each, conf, err))
            return false;
    }
    return read_device(json_object_get(value, "device"), &conf->device, err);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

int corosync_conf_find(const struct corosync_conf *conf, const char *name)
{
    for (int i = 0; i < conf->n_nodes; i++) {
        if (strcmp(conf->nodes[i].name, name) == 0)
            return i;
    }
    return -1;
}

struct corosync_node *corosync_conf_add(struct corosync_conf *conf, uint32_t nodeid,
                                        const char *name)
{
    int at = conf->n_nodes;

    assert(conf->n_nodes < NODES_MAX);
    while (at > 0 && conf->nodes[at - 1].nodeid > nodeid)
        at--;
    assert(at == 0 || conf->nodes[at - 1].nodeid < nodeid);
    memmove(&conf->nodes[at + 1], &conf->nodes[at],
            (size_t)(conf->n_nodes - at) * sizeof(conf->nodes[0]));
    conf->n_nodes++;
    conf->nodes[at] = (struct corosync_node){.nodeid = nodeid};
    text_copy(conf->nodes[at].name, sizeof(conf->nodes[at].name), name);
    return &conf->nodes[at];
}

static void drop(struct corosync_conf *conf, int at)
{
    conf->n_nodes--;
    memmove(&conf->nodes[at], &conf->nodes[at + 1],
            (size_t)(conf->n_nodes - at) * sizeof(conf->nodes[0]));
    memset(&conf->nodes[conf->n_nodes], 0, sizeof(conf->nodes[0]));
}

/* Who has this address before that node and link, or NULL. */
static const char *owner_before(const struct corosync_conf *conf, int at, int link)
{
    for (int i = 0; i <= at; i++) {
        int n = i < at ? conf->nodes[i].n_addresses : link;

        for (int k = 0; k < n; k++) {
            if (strcmp(conf->nodes[i].addresses[k], conf->nodes[at].addresses[link]) == 0)
                return conf->nodes[i].name;
        }
    }
    return NULL;
}

static bool node_is_good(const struct corosync_conf *conf, int at, struct err *err)
{
    const struct corosync_node *node = &conf->nodes[at];
    const char *other;

    if (node->n_addresses == 0)
        return err_set(err, "node %s has no address: give it one with \"address\" in its statement",
                       node->name);
    if (node->n_addresses != conf->nodes[0].n_addresses)
        return err_set(err,
                       "node %s has %d address%s and node %s has %d: the first of each are the "
                       "first link, and so on, so all need as many",
                       node->name, node->n_addresses, node->n_addresses == 1 ? "" : "es",
                       conf->nodes[0].name, conf->nodes[0].n_addresses);
    for (int link = 0; link < node->n_addresses; link++) {
        other = owner_before(conf, at, link);
        if (other)
            return err_set(err, "address %s of node %s is that of node %s already",
                           node->addresses[link], node->name, other);
    }
    return true;
}

static int votes_of(const struct corosync_conf *conf)
{
    int votes = 0;

    for (int i = 0; i < conf->n_nodes; i++)
        votes += conf->nodes[i].votes;
    return votes;
}

bool corosync_conf_is_good(const struct corosync_conf *conf, struct err *err)
{
    for (int i = 0; i < conf->n_nodes; i++) {
        if (!node_is_good(conf, i, err))
            return false;
    }
    return votes_of(conf) > 0 ||
           err_set(err, "no node has a vote, so there would never be a quorum");
}

static bool links_equal(const struct corosync_node *a, const struct corosync_node *b)
{
    if (a->n_addresses != b->n_addresses)
        return false;
    for (int i = 0; i < a->n_addresses; i++) {
        if (strcmp(a->addresses[i], b->addresses[i]) != 0)
            return false;
    }
    return true;
}

static bool is_same_witness(const struct corosync_device *a, const struct corosync_device *b)
{
    return strcmp(a->host, b->host) == 0 && a->is_lms == b->is_lms;
}

bool corosync_conf_equal(const struct corosync_conf *a, const struct corosync_conf *b)
{
    if (!is_same_witness(&a->device, &b->device) || a->device.votes != b->device.votes ||
        a->device.tie_node != b->device.tie_node)
        return false;
    if (a->n_nodes != b->n_nodes || a->token_ms != b->token_ms ||
        a->coefficient_ms != b->coefficient_ms || strcmp(a->cluster, b->cluster) != 0)
        return false;
    for (int i = 0; i < a->n_nodes; i++) {
        const struct corosync_node *one = &a->nodes[i], *other = &b->nodes[i];

        if (one->nodeid != other->nodeid || strcmp(one->name, other->name) != 0 ||
            one->votes != other->votes || !links_equal(one, other))
            return false;
    }
    return true;
}

/* ---- the way --------------------------------------------------------------------------------- */

static int find_id(const struct corosync_conf *conf, uint32_t nodeid)
{
    for (int i = 0; i < conf->n_nodes; i++) {
        if (conf->nodes[i].nodeid == nodeid)
            return i;
    }
    return -1;
}

/* Whatever changes no vote: times, links, who has no vote on the way in or out. */
static void follow_freely(const struct corosync_conf *from, const struct corosync_conf *wanted,
                          const struct corosync_presence *presence, struct corosync_conf *next)
{
    *next = *from;
    next->token_ms = wanted->token_ms;
    next->coefficient_ms = wanted->coefficient_ms;
    if (is_same_witness(&from->device, &wanted->device))
        next->device.tie_node = wanted->device.tie_node;
    for (int i = from->n_nodes - 1; i >= 0; i--) {
        int at = find_id(wanted, from->nodes[i].nodeid);

        if (at < 0 && from->nodes[i].votes == 0 && node_in(presence->off, (node_id)i)) {
            drop(next, i);
        } else if (at >= 0) {
            memcpy(next->nodes[i].addresses, wanted->nodes[at].addresses,
                   sizeof(next->nodes[i].addresses));
            next->nodes[i].n_addresses = wanted->nodes[at].n_addresses;
        }
    }
    for (int i = 0; i < wanted->n_nodes && next->n_nodes < NODES_MAX; i++) {
        const struct corosync_node *node = &wanted->nodes[i];
        struct corosync_node *added;

        if (find_id(from, node->nodeid) >= 0)
            continue;
        added = corosync_conf_add(next, node->nodeid, node->name);
        memcpy(added->addresses, node->addresses, sizeof(added->addresses));
        added->n_addresses = node->n_addresses;
    }
}

static bool is_quorate(const struct corosync_conf *conf, const struct corosync_presence *presence)
{
    int votes = 0, all = votes_of(conf) + conf->device.votes;

    for (int i = 0; i < conf->n_nodes; i++) {
        if (node_in(presence->here, (node_id)i))
            votes += conf->nodes[i].votes;
        else if (node_in(presence->sworn, (node_id)i))
            all -= conf->nodes[i].votes;
    }
    return 2 * votes > all;
}

/*
 * A witness comes with its first vote and goes with its last. Between two of these steps each
 * quorum of the one has a node in common with each of the other, or both need the witness.
 */
static bool follow_witness(const struct corosync_conf *from, const struct corosync_conf *wanted,
                           const struct corosync_presence *presence, struct corosync_conf *next,
                           struct err *words)
{
    bool is_same = is_same_witness(&from->device, &wanted->device);
    int votes = is_same ? wanted->device.votes : 0;
    bool is_more = votes > from->device.votes;

    if (is_same && votes == from->device.votes)
        return false;
    *next = *from;
    if (!from->device.host[0]) {
        next->device = wanted->device;
        next->device.votes = 1;
        is_more = true;
    } else if (!is_more && from->device.votes == 1) {
        memset(&next->device, 0, sizeof(next->device));
    } else {
        next->device.votes += is_more ? 1 : -1;
    }
    words->text[0] = '\0';
    if (is_quorate(next, presence))
        return true;
    return err_set(words,
                   is_more ? "the witness gets its votes when those who are here are a quorum "
                             "without it"
                           : "the witness keeps its votes for now, or those who are here would be "
                             "no quorum");
}

/* One vote more or less for one node; false: nobody's votes are to change. */
static bool follow_by_one(const struct corosync_conf *from, const struct corosync_conf *wanted,
                          const struct corosync_presence *presence, struct corosync_conf *next,
                          struct err *words)
{
    for (int i = 0; i < from->n_nodes; i++) {
        int at = find_id(wanted, from->nodes[i].nodeid);
        int votes = at < 0 ? 0 : wanted->nodes[at].votes;
        int step = votes > from->nodes[i].votes ? 1 : votes < from->nodes[i].votes ? -1 : 0;

        if (step == 0)
            continue;
        *next = *from;
        next->nodes[i].votes += step;
        if (step > 0 && !node_in(presence->here, (node_id)i))
            err_set(words, "node %s gets its votes when its agent is here", from->nodes[i].name);
        else if (!is_quorate(next, presence))
            err_set(words,
                    "node %s keeps its votes for now, or those who are here would be no quorum",
                    from->nodes[i].name);
        else
            return true;
    }
    return false;
}

/* A node that is wanted no more and has no votes left, but may still be there. */
static void wait_for_leavers(const struct corosync_conf *from, const struct corosync_conf *wanted,
                             struct err *words)
{
    for (int i = 0; i < from->n_nodes; i++) {
        if (find_id(wanted, from->nodes[i].nodeid) < 0 && from->nodes[i].votes == 0)
            err_set(words, "node %s is taken out when it is off for sure", from->nodes[i].name);
    }
}

enum conf_way corosync_conf_step(const struct corosync_conf *from,
                                 const struct corosync_conf *wanted,
                                 const struct corosync_presence *presence,
                                 struct corosync_conf *next, struct err *words)
{
    words->text[0] = '\0';
    follow_freely(from, wanted, presence, next);
    if (corosync_conf_equal(next, from) && !follow_by_one(from, wanted, presence, next, words) &&
        !follow_witness(from, wanted, presence, next, words)) {
        *next = *from;
        if (words->text[0] == '\0')
            wait_for_leavers(from, wanted, words);
        return words->text[0] ? CONF_WAITS : CONF_SAME;
    }
    next->version = from->version + 1;
    return CONF_NEXT;
}
