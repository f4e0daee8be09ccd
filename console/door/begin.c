/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A cluster begins with one node, and a node leaves one. Each step is told; a step that fails
 * takes back those before it, or says how to go on.
 */
#include "console/door/begin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "console/door/site.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

/* corosync forms a ring of one in a second; a busy machine takes its time. */
#define FORM_SECONDS 40
/* A service may take minutes to stop. */
#define EMPTY_SECONDS 600
#define VOTES_SECONDS 60
#define LEFT_FOLDER "/var/lib/tenuto"
/* The cluster's key and certificate for its witness; see agentd/witness.h. */
#define WITNESS_KEY "/etc/corosync/qdevice/net/nssdb"

static struct site site_of(const struct settings *settings, struct output *output)
{
    /* What reads JSON is told the end; the steps are for people. */
    return (struct site){.settings = settings,
                         .out = output->maker == &output_json ? output->err : output->out};
}

static int end(struct site *site, struct output *output, bool is_good, const struct err *err,
               const char *words)
{
    autojson *done = json_pack("{s:b,s:s}", "done", true, "words", words);

    if (is_good) {
        output_done(output, done);
        return CONTROL_EXIT_OK;
    }
    fflush(site->out);
    return output_error(output, CONTROL_EXIT_FAILED, err->text, NULL);
}

/* ---- create ---------------------------------------------------------------------------------- */

static bool is_quorate(void *context, const json_t *status, const json_t *nodes)
{
    (void)context;
    (void)nodes;
    return json_flag(status, "quorate", false) && json_flag(status, "in_sync", false) &&
           json_is_string(json_object_get(status, "leader"));
}

static bool is_agreed(void *context, const json_t *status, const json_t *nodes)
{
    const json_t *corosync = json_object_get(status, "corosync");

    (void)context;
    (void)nodes;
    return json_int(corosync, "version", 0) > 1 &&
           strcmp(json_text(corosync, "state", ""), "agreed") == 0;
}

static bool push_policy(const struct site *site, const char *text, struct err *err)
{
    autojson *pushed = NULL, *adopted = NULL;

    if (!site_ask(site,
                  json_pack("{s:s,s:[s],s:s,s:i}", "verb", "policy push", "args", "policy", "text",
                            text, "base", 0),
                  &pushed, err))
        return err_in(err, "the first policy");
    site_ok(site, "the first policy is in force");
    return site_ask(site, json_pack("{s:s,s:[]}", "verb", "cluster adopt", "args"), &adopted,
                    err) &&
           site_wait(site, FORM_SECONDS, "corosync.conf from the policy", is_agreed, NULL, err);
}

static bool create(struct site *site, const char *cluster, const char *addresses, struct err *err)
{
    unsigned char key[SITE_KEY_BYTES];
    autojson *draft = site_draft(site, cluster, addresses, err);

    if (!draft || site_missing_address(addresses, err))
        return false;
    site_ok(site, "this node is in no cluster, and its addresses are there");
    if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
        return err_set(err, "no random numbers for a key: %m");
    return site_install(site, key, sizeof(key), json_text(draft, "conf", ""), err) &&
           site_wait(site, FORM_SECONDS, "a quorate cluster of one", is_quorate, NULL, err) &&
           push_policy(site, json_text(draft, "policy", ""), err);
}

int begin_create(const struct command *command, const struct settings *settings,
                 struct output *output)
{
    struct site site = site_of(settings, output);
    struct err err = {{0}};
    char words[256];
    bool is_good = create(&site, command_argument(command, 0), command_argument(command, 1), &err);

    if (is_good)
        site_keep(&site);
    else
        site_undo(&site);
    snprintf(words, sizeof(words),
             "cluster %s is there; more nodes join with: tenuto cluster invite NODE ADDRESSES",
             command_argument(command, 0));
    return end(&site, output, is_good, &err, words);
}

/* ---- leave ----------------------------------------------------------------------------------- */

static bool has_no_vote(void *context, const json_t *status, const json_t *nodes)
{
    const json_t *row = site_row_of(nodes, context);

    (void)status;
    return !row || json_int(row, "votes", 1) == 0;
}

static bool is_empty(void *context, const json_t *status, const json_t *nodes)
{
    const json_t *row = site_row_of(nodes, context);

    (void)status;
    return row && json_int(row, "services", 1) == 0 && !json_flag(row, "armed", true) &&
           strcmp(json_text(row, "state", ""), "maintenance") == 0;
}

static bool maintenance(const struct site *site, const char *onoff, const char *node,
                        struct err *err)
{
    autojson *answer = NULL;

    return site_ask(site,
                    json_pack("{s:s,s:[s,s],s:s}", "verb", "ha maintenance", "args", onoff, node,
                              "because", "it leaves the cluster"),
                    &answer, err);
}

/* The others let it go; who was interrupted behind this point goes on here. */
static bool depart(const struct site *site, const char *node, struct err *err)
{
    autojson *nodes = site_rows(site, "cluster nodes", err), *answer = NULL;
    struct err other = {{0}};

    if (!nodes)
        return false;
    /* The policy speaks of it no more. */
    if (!json_object_get(site_row_of(nodes, node), "addresses"))
        return true;
    if (!maintenance(site, "on", node, err) ||
        !site_wait(site, EMPTY_SECONDS, "a node without services", is_empty, (void *)node, err))
        return err_in(err, "\"tenuto ha maintenance off %s\" takes it back", node);
    site_ok(site, "no service is left here");
    if (site_ask(site, json_pack("{s:s,s:[]}", "verb", "cluster depart", "args"), &answer, err))
        return true;
    maintenance(site, "off", node, &other);
    return false;
}

static bool move_away(const char *folder, const char *path, struct err *err)
{
    char to[512];
    const char *name = strrchr(path, '/');

    snprintf(to, sizeof(to), "%s%s", folder, name ? name : path);
    return rename(path, to) == 0 || errno == ENOENT ||
           err_set(err, "cannot move %s to %s: %m", path, folder);
}

/* Kept, and out of the way; a folder on another file system needs a copy first. */
static bool put_away(const char *cluster, char *folder, size_t size, struct err *err)
{
    static const char *const files[] = {LEFT_FOLDER "/tenuto.db", LEFT_FOLDER "/tenuto.db-wal",
                                        LEFT_FOLDER "/tenuto.db-shm"};
    static const char *const corosync[] = {
        SITE_CONF, SITE_KEY,   SITE_CONF ".tenuto-old", SITE_CONF ".tenuto-new",
        SITE_MARK, WITNESS_KEY};
    char other[256];

    snprintf(folder, size, LEFT_FOLDER "/left-%s-%lld", cluster, (long long)time(NULL));
    snprintf(other, sizeof(other), "/etc/corosync/left-%s-%lld", cluster, (long long)time(NULL));
    if (mkdir(folder, 0700) < 0 || mkdir(other, 0700) < 0)
        return err_set(err, "cannot make %s: %m", folder);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (!move_away(folder, files[i], err))
            return false;
    }
    for (size_t i = 0; i < sizeof(corosync) / sizeof(corosync[0]); i++) {
        if (!move_away(other, corosync[i], err))
            return false;
    }
    snprintf(folder, size, "%s", other);
    return true;
}

static bool leave(struct site *site, struct err *err)
{
    autojson *status = site_rows(site, "cluster status", err);
    const json_t *row = json_array_get(status, 0);
    const char *node = json_text(row, "node", ""), *cluster = json_text(row, "cluster", "");
    char folder[256];

    if (!status)
        return false;
    if (geteuid() != 0)
        return err_set(err, "this needs root: use sudo");
    if (!depart(site, node, err))
        return false;
    if (!site_wait(site, VOTES_SECONDS, "a node without a vote", has_no_vote, (void *)node, err))
        return err_in(err, "this node is out of the policy; \"tenuto cluster leave\" goes on");
    site_ok(site, "the others count without this node");
    if (!site_service("stop", "tenuto", err) ||
        (access(WITNESS_KEY, F_OK) == 0 && !site_service("stop", "corosync-qdevice", err)) ||
        !site_service("stop", "corosync", err) ||
        !put_away(cluster[0] ? cluster : "cluster", folder, sizeof(folder), err))
        return false;
    site_ok(site, "corosync is stopped; its key and configuration are in %s", folder);
    return site_service("start", "tenuto", err);
}

int begin_leave(const struct command *command, const struct settings *settings,
                struct output *output)
{
    struct site site = site_of(settings, output);
    struct err err = {{0}};
    bool is_good = leave(&site, &err);

    (void)command;
    return end(&site, output, is_good, &err, "this node is in no cluster any more");
}

/* ---- the door -------------------------------------------------------------------------------- */

static void beside_us(char *path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", path, size - 16);
    char *slash;

    path[length > 0 ? length : 0] = '\0';
    slash = strrchr(path, '/');
    if (slash)
        slash[1] = '\0';
    text_copy(slash ? slash + 1 : path, 16, "tenuto-door");
}

int begin_door(const struct command *command, const struct settings *settings,
               struct output *output)
{
    long long lasts = (long long)json_int(command->request, "for", 0);
    char path[512], time[32];
    const char *verb = strchr(command->verb->name, ' ') + 1;
    const char *first = command_argument(command, 0), *second = command_argument(command, 1);
    char *const words[] = {"tenuto-door", (char *)verb, "--socket",    (char *)settings->socket,
                           "--for",       time,         (char *)first, (char *)second,
                           NULL};

    snprintf(time, sizeof(time), "%lld", lasts);
    beside_us(path, sizeof(path));
    fflush(output->out);
    execv(path, words);
    execvp(words[0], words);
    return output_error(output, CONTROL_EXIT_UNAVAILABLE,
                        "tenuto-door is not installed beside tenuto", NULL);
}
