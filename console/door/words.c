/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of a join, made and read; see words.h. */
#include "console/door/words.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "console/door/talk.h"
#include "ha/base/id.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "ha/base/version.h"

/* ---- versions -------------------------------------------------------------------------------- */

static json_t *with_versions(json_t *words, const struct versions *own)
{
    json_object_set_new(words, "protocol", json_integer(TALK_PROTOCOL));
    json_object_set_new(words, "version", json_string(TENUTO_VERSION));
    json_object_set_new(words, "ring", json_pack("[i,i]", own->major, own->minor));
    json_object_set_new(words, "corosync", json_string(own->corosync));
    return words;
}

/* Releases that did not say it yet speak the first one. */
static json_int_t major_of(const json_t *words)
{
    const json_t *major = json_array_get(json_object_get(words, "ring"), 0);

    return major ? json_integer_value(major) : 1;
}

/* who: "the joining node", "the other node" */
static bool versions_fit(const json_t *words, const char *who, const struct versions *own,
                         struct err *err)
{
    const char *release = json_text(words, "version", "?");

    if (json_int(words, "protocol", 0) != TALK_PROTOCOL)
        return err_set(err, "%s has tenuto %.20s, this one %s: install the same", who, release,
                       TENUTO_VERSION);
    if (major_of(words) != own->major)
        return err_set(err,
                       "the agent of %s (tenuto %.20s) speaks protocol %lld of the ring, and that "
                       "of this one (%s) %d: install the same release on both, restart tenuto",
                       who, release, (long long)major_of(words), TENUTO_VERSION, own->major);
    return true;
}

bool words_corosync_fits(const char *guest, const char *host, struct err *err)
{
    /* Whoever does not say it is not refused for it. */
    if (!guest[0] || !host[0] || strtol(guest, NULL, 10) == strtol(host, NULL, 10))
        return true;
    return err_set(err,
                   "the joining node has corosync %.20s, the cluster %.20s: they form no ring with "
                   "each other; install the same",
                   guest, host);
}

bool words_corosync_version(const char *words, char *version, size_t size)
{
    const char *at = strchr(words, '\'');
    size_t length = at ? strspn(at + 1, "0123456789.") : 0;

    if (length == 0 || length >= size)
        return false;
    memcpy(version, at + 1, length);
    version[length] = '\0';
    return true;
}

/* ---- hello, invitation ----------------------------------------------------------------------- */

json_t *words_hello(const struct versions *own)
{
    return with_versions(json_pack("{s:s}", "hello", TALK_COMMAND), own);
}

bool words_hello_is_good(const json_t *hello, const struct versions *own, struct err *err)
{
    return versions_fit(hello, "the joining node", own, err) &&
           words_corosync_fits(json_text(hello, "corosync", ""), own->corosync, err);
}

json_t *words_invitation(const struct invitation *invitation, const struct versions *own)
{
    return with_versions(json_pack("{s:s,s:s,s:s,s:I}", "cluster", invitation->cluster, "node",
                                   invitation->node, "addresses", invitation->addresses, "clock",
                                   (json_int_t)invitation->clock),
                         own);
}

/* "A,B": each an address in numbers, and each once. */
static bool are_addresses(const char *list, struct err *err)
{
    int n = 0;

    do {
        char address[64];
        unsigned char bytes[16];
        size_t length = strcspn(list, ",");

        if (length >= sizeof(address) || ++n > LINKS_MAX)
            return err_set(err, "the other node names more addresses than there can be");
        memcpy(address, list, length);
        address[length] = '\0';
        if (inet_pton(AF_INET, address, bytes) != 1 && inet_pton(AF_INET6, address, bytes) != 1)
            return err_set(err, "the other node names \"%s\", which is no address in numbers",
                           address);
        list += length;
    } while (*list++ == ',');
    return true;
}

bool words_invitation_read(const json_t *words, const struct versions *own,
                           struct invitation *invitation, struct err *err)
{
    memset(invitation, 0, sizeof(*invitation));
    if (!versions_fit(words, "the other node", own, err) ||
        !words_corosync_fits(own->corosync, json_text(words, "corosync", ""), err))
        return false;
    invitation->clock = (long long)json_int(words, "clock", 0);
    if (!text_copy(invitation->cluster, sizeof(invitation->cluster),
                   json_text(words, "cluster", "")) ||
        !text_copy(invitation->node, sizeof(invitation->node), json_text(words, "node", "")) ||
        !text_copy(invitation->addresses, sizeof(invitation->addresses),
                   json_text(words, "addresses", "")) ||
        !node_name_is_valid(invitation->cluster) || !node_name_is_valid(invitation->node))
        return err_set(err, "the other node's invitation names no cluster or no node");
    return are_addresses(invitation->addresses, err);
}

/* ---- files ----------------------------------------------------------------------------------- */

json_t *words_files(const char *conf, const unsigned char *key)
{
    char hex[2 * SITE_KEY_BYTES + 1];
    struct text text;
    json_t *words;

    text_init(&text, hex, sizeof(hex));
    for (size_t i = 0; i < SITE_KEY_BYTES; i++)
        text_add(&text, "%02x", key[i]);
    words = json_pack("{s:s,s:s}", "conf", conf, "key", hex);
    explicit_bzero(hex, sizeof(hex));
    return words;
}

static bool read_key(const char *text, unsigned char *key)
{
    if (strlen(text) != 2 * SITE_KEY_BYTES || strspn(text, "0123456789abcdef") != strlen(text))
        return false;
    for (size_t i = 0; i < SITE_KEY_BYTES; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};

        key[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return true;
}

/* Whether a line of it is "NAME: VALUE", blanks in front of it left out; name ends in a colon. */
static bool has_line(const char *conf, const char *name, const char *value, size_t length)
{
    for (const char *line = conf; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        const char *at = line + strspn(line, " \t");

        if (strncmp(at, name, strlen(name)) != 0)
            continue;
        at += strlen(name);
        at += strspn(at, " \t");
        if (strncmp(at, value, length) == 0 && strcspn(at, " \t\r\n") == length)
            return true;
    }
    return false;
}

/*
 * The file is made by the cluster; that it is the right one for this node is seen here. What
 * corosync calls the cluster is its own affair: one that was adopted keeps its name.
 */
static bool is_for_us(const char *conf, const struct invitation *invitation, struct err *err)
{
    const char *list = invitation->addresses;

    if (!has_line(conf, "name:", invitation->node, strlen(invitation->node)))
        return err_set(err, "the corosync.conf that came does not list node %s", invitation->node);
    for (int link = 0; *list; link++) {
        size_t length = strcspn(list, ",");
        char name[32];

        snprintf(name, sizeof(name), "ring%d_addr:", link);
        if (!has_line(conf, name, list, length))
            return err_set(err, "the corosync.conf that came does not have %.*s on link %d",
                           (int)length, list, link);
        list += length + (list[length] == ',');
    }
    return true;
}

bool words_files_read(const json_t *words, const struct invitation *invitation, unsigned char *key,
                      const char **conf, struct err *err)
{
    *conf = json_text(words, "conf", "");
    if (!read_key(json_text(words, "key", ""), key))
        return err_set(err, "the other node sent no key");
    return is_for_us(*conf, invitation, err);
}
