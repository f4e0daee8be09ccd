/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The configuration that corosync runs with, from its cmap; and the word to read it anew. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <corosync/cfg.h>
#include <corosync/cmap.h>

#include "quorum/cs_error.h"
#include "quorum/membership.h"

/* corosync's own, where its file says nothing. */
#define TOKEN_USUAL_MS 1000
#define COEFFICIENT_USUAL_MS 650

/* The text of a key, cut to what fits; "" if there is none. */
static void get_text(cmap_handle_t cmap, const char *key, char *text, size_t size)
{
    char *value = NULL;

    text[0] = '\0';
    if (cmap_get_string(cmap, key, &value) != CS_OK)
        return;
    text_copy(text, size, value);
    free(value);
}

static uint32_t get_word(cmap_handle_t cmap, const char *key, uint32_t fallback)
{
    uint32_t word = fallback;

    return cmap_get_uint32(cmap, key, &word) == CS_OK ? word : fallback;
}

/* What would be lost, or would not work, with a file of ours. */
static bool is_of_our_kind(cmap_handle_t cmap, struct err *err)
{
    char transport[32], cipher[32], keyfile[128], device[32];

    get_text(cmap, "totem.transport", transport, sizeof(transport));
    get_text(cmap, "totem.crypto_cipher", cipher, sizeof(cipher));
    get_text(cmap, "totem.keyfile", keyfile, sizeof(keyfile));
    get_text(cmap, "quorum.device.model", device, sizeof(device));
    if (transport[0] && strcmp(transport, "knet") != 0)
        return err_set(err, "corosync's transport is %s, and only knet is taken over", transport);
    if (strcmp(cipher, "aes256") != 0)
        return err_set(err,
                       "corosync's crypto_cipher is %s: set it to aes256 with crypto_hash "
                       "sha256 first (and make a key with corosync-keygen)",
                       cipher[0] ? cipher : "none");
    if (keyfile[0] && strcmp(keyfile, "/etc/corosync/authkey") != 0)
        return err_set(err, "corosync's key is in %s: move it to /etc/corosync/authkey first",
                       keyfile);
    if (device[0])
        return err_set(err, "corosync has a quorum device (%s), which is not taken over yet",
                       device);
    if (get_word(cmap, "quorum.two_node", 0) || get_word(cmap, "quorum.expected_votes", 0))
        return err_set(err, "corosync.conf sets two_node or expected_votes: take that out first, "
                            "votes are those of the nodes");
    return true;
}

static bool read_node(cmap_handle_t cmap, int at, struct corosync_conf *conf, struct err *err)
{
    char key[CMAP_KEYNAME_MAXLEN + 1], name[NODE_NAME_MAX];
    struct corosync_node *node;
    uint32_t nodeid;

    snprintf(key, sizeof(key), "nodelist.node.%d.nodeid", at);
    nodeid = get_word(cmap, key, 0);
    snprintf(key, sizeof(key), "nodelist.node.%d.name", at);
    get_text(cmap, key, name, sizeof(name));
    if (nodeid == 0)
        return true;
    if (conf->n_nodes == NODES_MAX || !node_name_is_valid(name))
        return err_set(err, "corosync's node list has a node %u that no policy could name", nodeid);
    for (int i = 0; i < conf->n_nodes; i++) {
        if (conf->nodes[i].nodeid == nodeid)
            return err_set(err, "corosync's node list has two nodes %u", nodeid);
    }
    node = corosync_conf_add(conf, nodeid, name);
    snprintf(key, sizeof(key), "nodelist.node.%d.quorum_votes", at);
    node->votes = (int)get_word(cmap, key, 1);
    for (int link = 0; link < LINKS_MAX; link++) {
        char *address = node->addresses[node->n_addresses];

        snprintf(key, sizeof(key), "nodelist.node.%d.ring%d_addr", at, link);
        get_text(cmap, key, address, CONF_ADDRESS_MAX);
        node->n_addresses += address[0] != '\0';
    }
    return true;
}

static bool read_all(cmap_handle_t cmap, struct corosync_conf *conf, struct err *err)
{
    memset(conf, 0, sizeof(*conf));
    if (cmap_get_uint64(cmap, "totem.config_version", &conf->version) != CS_OK)
        conf->version = 0;
    get_text(cmap, "totem.cluster_name", conf->cluster, sizeof(conf->cluster));
    conf->token_ms = get_word(cmap, "totem.token", TOKEN_USUAL_MS);
    conf->coefficient_ms = get_word(cmap, "totem.token_coefficient", COEFFICIENT_USUAL_MS);
    /* Positions may have holes after a node was taken out while corosync ran. */
    for (int at = 0; at < 2 * NODES_MAX; at++) {
        if (!read_node(cmap, at, conf, err))
            return false;
    }
    return conf->cluster[0] ? true : err_set(err, "corosync.conf has no cluster_name: give it one");
}

static bool cmap_open(cmap_handle_t *cmap, struct err *err)
{
    cs_error_t error = cmap_initialize(cmap);

    return error == CS_OK ||
           err_set(err, "cannot reach corosync (%s): is corosync.service running?",
                   cs_error_words(error));
}

bool membership_read_conf(struct corosync_conf *conf, struct err *err)
{
    cmap_handle_t cmap;
    bool is_good;

    if (!cmap_open(&cmap, err))
        return false;
    is_good =
        is_of_our_kind(cmap, err) && read_all(cmap, conf, err) && corosync_conf_is_good(conf, err);
    cmap_finalize(cmap);
    return is_good;
}

bool membership_read_version(uint64_t *version, struct err *err)
{
    cmap_handle_t cmap;

    if (!cmap_open(&cmap, err))
        return false;
    if (cmap_get_uint64(cmap, "totem.config_version", version) != CS_OK)
        *version = 0;
    cmap_finalize(cmap);
    return true;
}

bool membership_reload(struct err *err)
{
    static corosync_cfg_callbacks_t none;
    corosync_cfg_handle_t cfg;
    cs_error_t error = corosync_cfg_initialize(&cfg, &none);

    for (int i = 0; i < CS_TRIES && error == CS_ERR_TRY_AGAIN; i++) {
        cs_wait();
        error = corosync_cfg_initialize(&cfg, &none);
    }
    if (error != CS_OK)
        return err_set(err, "cannot ask corosync to read its configuration anew (%s)",
                       cs_error_words(error));
    error = corosync_cfg_reload_config(cfg);
    for (int i = 0; i < CS_TRIES && error == CS_ERR_TRY_AGAIN; i++) {
        cs_wait();
        error = corosync_cfg_reload_config(cfg);
    }
    corosync_cfg_finalize(cfg);
    return error == CS_OK ||
           err_set(err, "corosync does not take its new configuration (%s)", cs_error_words(error));
}
