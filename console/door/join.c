/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The joining side. First everything is looked at and nothing changed: the token, the other
 * node's key, this node, clocks, networks. Then the files come, corosync starts, and when the
 * cluster counts this node it is done; if any of that fails it is all taken back.
 */
#include <libssh/libssh.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "agentd/control.h"
#include "console/door/door.h"
#include "console/door/probe.h"
#include "console/door/site.h"
#include "console/door/talk.h"
#include "console/door/token.h"
#include "console/door/words.h"
#include "ha/base/arena.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

#define ANSWER_SECONDS 30
/* The others write their files, all of them, and their corosyncs read them. */
#define LIST_SECONDS 60
#define SYNC_SECONDS 90
#define CLOCKS_APART_MS 5000

struct joining {
    struct site site;
    struct token token;
    struct talk talk;
    struct versions versions;
    struct invitation invitation;
};

/* ---- to the other node ----------------------------------------------------------------------- */

static bool is_its_key(struct joining *joining, struct err *err)
{
    unsigned char *hash = NULL;
    size_t length = 0;
    ssh_key key = NULL;
    bool is_good =
        ssh_get_server_publickey(joining->talk.session, &key) == SSH_OK &&
        ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &length) == SSH_OK &&
        length == sizeof(joining->token.fingerprint) &&
        memcmp(hash, joining->token.fingerprint, length) == 0;

    if (hash)
        ssh_clean_pubkey_hash(&hash);
    if (key)
        ssh_key_free(key);
    return is_good || err_set(err, "who answers there is not the node that this token is from; "
                                   "nothing was told to it");
}

static bool connect_to(struct joining *joining, const char *address, struct err *err)
{
    unsigned port = joining->token.port;
    long seconds = 10;
    ssh_session session = ssh_new();

    joining->talk.session = session;
    ssh_options_set(session, SSH_OPTIONS_HOST, address);
    ssh_options_set(session, SSH_OPTIONS_PORT, &port);
    ssh_options_set(session, SSH_OPTIONS_USER, "tenuto");
    ssh_options_set(session, SSH_OPTIONS_TIMEOUT, &seconds);
    ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &(bool){false});
    if (ssh_connect(session) == SSH_OK)
        return true;
    err_set(err, "%s port %u: %s", address, port, ssh_get_error(session));
    ssh_free(session);
    joining->talk.session = NULL;
    return false;
}

static bool log_in(struct joining *joining, struct err *err)
{
    struct talk *talk = &joining->talk;
    char password[33];
    bool is_in;

    token_password(&joining->token, password);
    is_in = ssh_userauth_password(talk->session, NULL, password) == SSH_AUTH_SUCCESS;
    explicit_bzero(password, sizeof(password));
    if (!is_in)
        return err_set(err, "the invitation is over, or was used: ask for another");
    talk->channel = ssh_channel_new(talk->session);
    return (talk->channel && ssh_channel_open_session(talk->channel) == SSH_OK &&
            ssh_channel_request_exec(talk->channel, TALK_COMMAND) == SSH_OK) ||
           err_set(err, "%s", ssh_get_error(talk->session));
}

static bool reach(struct joining *joining, struct err *err)
{
    const char *list = joining->token.addresses;
    char address[64];

    while (*list && !joining->talk.session) {
        size_t length = strcspn(list, ",");

        snprintf(address, sizeof(address), "%.*s", (int)length, list);
        connect_to(joining, address, err);
        list += length + (list[length] == ',');
    }
    if (!joining->talk.session)
        return err_in(err, "cannot reach the inviting node");
    /* One address may have failed before the next one answered. */
    err->text[0] = '\0';
    return is_its_key(joining, err) && log_in(joining, err);
}

/* ---- before anything is changed -------------------------------------------------------------- */

static long long wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool clocks_agree(const struct joining *joining, long long before, struct err *err)
{
    long long apart = joining->invitation.clock - (before + wall_ms()) / 2;

    if (llabs(apart) > CLOCKS_APART_MS)
        return err_set(err,
                       "this node's clock is %.1f s %s that of the other: set it (chrony, "
                       "systemd-timesyncd), then join",
                       (double)llabs(apart) / 1000, apart > 0 ? "behind" : "before");
    site_ok(&joining->site, "the clocks differ by %.1f s", (double)llabs(apart) / 1000);
    return true;
}

static bool be_invited(struct joining *joining, struct err *err)
{
    const struct invitation *invitation = &joining->invitation;
    long long before = wall_ms();
    autojson *words = NULL;

    if (!site_versions(&joining->site, &joining->versions, err) ||
        !talk_say(&joining->talk, words_hello(&joining->versions), err))
        return false;
    words = talk_hear(&joining->talk, ANSWER_SECONDS, err);
    if (!words || !words_invitation_read(words, &joining->versions, &joining->invitation, err))
        return false;
    site_ok(&joining->site, "cluster %s invites this node as %s (%s)", invitation->cluster,
            invitation->node, invitation->addresses);
    site_ok(&joining->site, "the same protocol there and here; corosync %s there, %s here",
            json_text(words, "corosync", "?"), joining->versions.corosync);
    return clocks_agree(joining, before, err);
}

static bool look_at_this_node(struct joining *joining, struct err *err)
{
    autojson *draft =
        site_draft(&joining->site, joining->invitation.cluster, joining->invitation.addresses, err);

    if (!draft || site_missing_address(joining->invitation.addresses, err))
        return false;
    site_ok(&joining->site, "this node is in no cluster, and its addresses are there");
    return true;
}

static bool let_links_be_tried(struct joining *joining, struct err *err)
{
    unsigned char random[16];
    char word[PROBE_WORD_MAX];
    struct text text;
    pid_t server;
    bool is_good;
    autojson *answer = NULL;

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return err_set(err, "no random numbers: %m");
    text_init(&text, word, sizeof(word));
    for (size_t i = 0; i < sizeof(random); i++)
        text_add(&text, "%02x", random[i]);
    server = probe_serve(joining->invitation.addresses, word, err);
    is_good = server > 0 && talk_say(&joining->talk, json_pack("{s:s}", "probe", word), err);
    if (is_good)
        answer = talk_hear(&joining->talk, ANSWER_SECONDS, err);
    probe_end(server);
    if (!answer)
        return false;
    site_ok(&joining->site, "every link takes small and full datagrams both ways");
    return true;
}

/* ---- joining --------------------------------------------------------------------------------- */

static bool take_files(struct joining *joining, struct err *err)
{
    autojson *files = NULL;
    unsigned char key[SITE_KEY_BYTES];
    const char *conf;
    bool is_good;

    if (!talk_say(&joining->talk, json_pack("{s:b}", "ready", true), err))
        return false;
    files = talk_hear(&joining->talk, LIST_SECONDS + ANSWER_SECONDS, err);
    if (!files)
        return false;
    if (!words_files_read(files, &joining->invitation, key, &conf, err))
        return false;
    site_ok(&joining->site, "the cluster's list has this node, without a vote for now");
    is_good = site_install(&joining->site, key, sizeof(key), conf, err);
    explicit_bzero(key, sizeof(key));
    return is_good;
}

static bool is_in_sync(void *context, const json_t *status, const json_t *nodes)
{
    (void)context;
    (void)nodes;
    return json_flag(status, "quorate", false) && json_flag(status, "in_sync", false);
}

static bool has_vote(void *context, const json_t *status, const json_t *nodes)
{
    (void)status;
    return json_int(site_row_of(nodes, context), "votes", 0) > 0;
}

static bool come_in(struct joining *joining, struct err *err)
{
    autojson *joined = NULL;
    struct err other = {{0}};

    if (!site_wait(&joining->site, SYNC_SECONDS, "in sync with the others", is_in_sync, NULL, err))
        return false;
    site_ok(&joining->site, "this node is in sync with the others");
    if (talk_say(&joining->talk, json_pack("{s:b}", "started", true), err))
        joined = talk_hear(&joining->talk, SYNC_SECONDS + ANSWER_SECONDS, err);
    /* Whoever told us may be gone; what counts is what the cluster says. */
    return joined != NULL || site_wait(&joining->site, ANSWER_SECONDS, "a vote", has_vote,
                                       joining->invitation.node, &other);
}

static bool take_token(const char *word, struct token *token, struct err *err)
{
    if (strcmp(word, "-") != 0)
        return token_read(word, token, err);
    if (isatty(STDIN_FILENO))
        fputs("token: ", stderr);
    return token_read_line(stdin, token, err);
}

static bool join(struct joining *joining, const char *token, struct err *err)
{
    return take_token(token, &joining->token, err) && reach(joining, err) &&
           be_invited(joining, err) && look_at_this_node(joining, err) &&
           let_links_be_tried(joining, err) && take_files(joining, err) && come_in(joining, err);
}

int door_join(const struct settings *settings, const char *token)
{
    struct joining *joining = xcalloc(1, sizeof(*joining));
    struct err err = {{0}};
    int code = CONTROL_EXIT_OK;

    joining->site = (struct site){.settings = settings, .out = stdout};
    if (join(joining, token, &err)) {
        site_keep(&joining->site);
        site_tell(stdout, "node %s is in cluster %s", joining->invitation.node,
                  joining->invitation.cluster);
    } else {
        code = CONTROL_EXIT_FAILED;
        talk_say_failed(&joining->talk, &err);
        site_undo(&joining->site);
        site_tell(stderr, "tenuto: %s", err.text);
    }
    if (joining->talk.session) {
        ssh_disconnect(joining->talk.session);
        ssh_free(joining->talk.session);
    }
    /* The token, and the key of the cluster in the lines that came. */
    explicit_bzero(joining, sizeof(*joining));
    free(joining);
    return code;
}
