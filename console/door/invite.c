/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The inviting side: an SSH server for one guest, with a key and a password made for this
 * invitation. Who knows the password is shown what to check; when the guest is ready the cluster
 * lists it without a vote, it gets the files, and when it is in sync, its vote.
 */
#include <errno.h>
#include <fcntl.h>
#include <libssh/callbacks.h>
#include <libssh/server.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
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

#define LASTS_MS (10 * 60000)
/* A guest that has not logged in by then is none. */
#define LOGIN_MS 15000
/* Then a caller is sent away. It is no more: a secret of 128 bits is not guessed, and if wrong ones
 * ended the invitation, anybody who reaches the port could end each. */
#define WRONG_PASSWORDS_MAX 3
/* Each answered by a process of its own, so that one who says nothing keeps nobody out. */
#define CALLERS_MAX 16
#define ANSWER_SECONDS 60
#define LIST_SECONDS 60
#define VOTE_SECONDS 90
/* How long a guest that says nothing any more is waited for. */
#define ALONE_SECONDS 30

struct inviting {
    struct site site;
    struct token token;
    char password[33];
    const char *node, *addresses;
    struct versions versions;
    ssh_bind bind;
    ssh_key key;
    struct talk talk;
    bool is_logged_in, is_asked; /* by the guest of now */
    int n_wrong;
    bool is_admitted;
    pid_t callers[CALLERS_MAX]; /* oldest first */
    int n_callers;
    int heard[2], told[2]; /* pipes: a caller says who it is; the guest is told to go on */
    bool was_wrong_said;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
    (void)signal;
    interrupted = 1;
}

/* ---- before ---------------------------------------------------------------------------------- */

/* Our own addresses, in the order of the links, are where the guest finds us. */
static bool own_addresses(struct inviting *inviting, const char *self, struct err *err)
{
    autojson *nodes = site_rows(&inviting->site, "cluster nodes", err);
    struct text text;
    json_t *each;
    size_t i;

    text_init(&text, inviting->token.addresses, sizeof(inviting->token.addresses));
    json_array_foreach(json_object_get(site_row_of(nodes, self), "addresses"), i, each)
        text_add(&text, "%s%s", i ? "," : "", json_string_value(each));
    return nodes && ((text.length > 0 && !text.was_cut) ||
                     err_set(err, "this node's addresses are not in the policy, or too long"));
}

static bool ask_to_admit(struct inviting *inviting, bool is_dry, struct err *err)
{
    autojson *answer = NULL;

    return site_ask(&inviting->site,
                    json_pack("{s:s,s:[s,s],s:b}", "verb", "cluster admit", "args", inviting->node,
                              inviting->addresses, "dry", (int)is_dry),
                    &answer, err);
}

static bool may_invite(struct inviting *inviting, struct err *err)
{
    autojson *status = site_rows(&inviting->site, "cluster status", err);
    const json_t *row = json_array_get(status, 0);

    if (!status || !site_versions(&inviting->site, &inviting->versions, err))
        return false;
    if (access(SITE_KEY, R_OK) < 0)
        return err_set(err, "cannot read %s: %m", SITE_KEY);
    text_copy(inviting->token.cluster, sizeof(inviting->token.cluster),
              json_text(row, "cluster", ""));
    return own_addresses(inviting, json_text(row, "node", ""), err) &&
           ask_to_admit(inviting, true, err);
}

/* ---- the server ------------------------------------------------------------------------------ */

static bool make_token(struct inviting *inviting, struct err *err)
{
    struct token *token = &inviting->token;
    unsigned char *hash = NULL;
    size_t length = 0;

    if (getrandom(token->secret, sizeof(token->secret), 0) != (ssize_t)sizeof(token->secret) ||
        ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &inviting->key) != SSH_OK ||
        ssh_get_publickey_hash(inviting->key, SSH_PUBLICKEY_HASH_SHA256, &hash, &length) !=
            SSH_OK ||
        length != sizeof(token->fingerprint))
        return err_set(err, "cannot make a key for the invitation");
    memcpy(token->fingerprint, hash, length);
    ssh_clean_pubkey_hash(&hash);
    token->port = INVITE_PORT;
    token_password(token, inviting->password);
    return true;
}

static bool listen_at(struct inviting *inviting, const char *address, struct err *err)
{
    unsigned port = INVITE_PORT;
    ssh_key key = ssh_key_dup(inviting->key);

    inviting->bind = ssh_bind_new();
    ssh_bind_options_set(inviting->bind, SSH_BIND_OPTIONS_BINDADDR, address);
    ssh_bind_options_set(inviting->bind, SSH_BIND_OPTIONS_BINDPORT, &port);
    ssh_bind_options_set(inviting->bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &(bool){false});
    /* The server owns it from here on. */
    if (ssh_bind_options_set(inviting->bind, SSH_BIND_OPTIONS_IMPORT_KEY, key) == 0 &&
        ssh_bind_listen(inviting->bind) == 0)
        return true;
    err_set(err, "cannot listen on port %u (is another invitation open?): %s", port,
            ssh_get_error(inviting->bind));
    ssh_bind_free(inviting->bind);
    inviting->bind = NULL;
    return false;
}

/* Both kinds of addresses; where the kernel has no IPv6, the older one. */
static bool listen_for_guest(struct inviting *inviting, struct err *err)
{
    if (!listen_at(inviting, "::", err) && !listen_at(inviting, "0.0.0.0", err))
        return false;
    err->text[0] = '\0';
    return true;
}

/* Looks at every letter, whatever the first one is. */
static bool is_password(const char *right, const char *given)
{
    size_t length = strlen(given);
    unsigned difference = length != strlen(right);

    for (size_t i = 0; right[i]; i++)
        difference |= (unsigned)(right[i] ^ (i < length ? given[i] : 0));
    return difference == 0;
}

static int on_password(ssh_session session, const char *user, const char *password, void *context)
{
    struct inviting *inviting = context;

    (void)session;
    (void)user;
    inviting->is_logged_in = is_password(inviting->password, password);
    if (inviting->is_logged_in)
        return SSH_AUTH_SUCCESS;
    inviting->n_wrong++;
    return SSH_AUTH_DENIED;
}

static int on_exec(ssh_session session, ssh_channel channel, const char *words, void *context)
{
    struct inviting *inviting = context;

    (void)session;
    (void)channel;
    inviting->is_asked = strcmp(words, TALK_COMMAND) == 0;
    return inviting->is_asked ? 0 : 1;
}

static struct ssh_channel_callbacks_struct channel_callbacks;

static ssh_channel on_channel(ssh_session session, void *context)
{
    struct inviting *inviting = context;

    if (!inviting->is_logged_in || inviting->talk.channel)
        return NULL;
    inviting->talk.channel = ssh_channel_new(session);
    ssh_set_channel_callbacks(inviting->talk.channel, &channel_callbacks);
    return inviting->talk.channel;
}

static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Key, password, and the one thing that may be asked. false: it is no guest of ours. */
static bool let_in(struct inviting *inviting)
{
    struct ssh_server_callbacks_struct callbacks = {.userdata = inviting,
                                                    .auth_password_function = on_password,
                                                    .channel_open_request_session_function =
                                                        on_channel};
    long long end = now_ms() + LOGIN_MS;
    ssh_session session = inviting->talk.session;
    ssh_event event = ssh_event_new();
    long seconds = LOGIN_MS / 1000;

    channel_callbacks = (struct ssh_channel_callbacks_struct){
        .userdata = inviting, .channel_exec_request_function = on_exec};
    ssh_callbacks_init(&callbacks);
    ssh_callbacks_init(&channel_callbacks);
    ssh_options_set(session, SSH_OPTIONS_TIMEOUT, &seconds);
    ssh_set_server_callbacks(session, &callbacks);
    ssh_set_auth_methods(session, SSH_AUTH_METHOD_PASSWORD);
    if (ssh_handle_key_exchange(session) == SSH_OK && ssh_event_add_session(event, session) == 0) {
        while (!inviting->is_asked && now_ms() < end && inviting->n_wrong < WRONG_PASSWORDS_MAX &&
               !interrupted && ssh_event_dopoll(event, 100) != SSH_ERROR) {
        }
        ssh_event_remove_session(event, session);
    }
    ssh_event_free(event);
    /* They live on this stack. */
    ssh_set_server_callbacks(session, NULL);
    return inviting->is_logged_in && inviting->is_asked;
}

/* ---- the guest ------------------------------------------------------------------------------- */

static long long wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool show_invitation(struct inviting *inviting, struct err *err)
{
    autojson *hello = talk_hear(&inviting->talk, ANSWER_SECONDS, err);
    struct invitation invitation = {.clock = wall_ms()};

    if (!hello)
        return false;
    if (!words_hello_is_good(hello, &inviting->versions, err))
        return false;
    text_copy(invitation.cluster, sizeof(invitation.cluster), inviting->token.cluster);
    text_copy(invitation.node, sizeof(invitation.node), inviting->node);
    text_copy(invitation.addresses, sizeof(invitation.addresses), inviting->addresses);
    return talk_say(&inviting->talk, words_invitation(&invitation, &inviting->versions), err);
}

static bool try_links(struct inviting *inviting, struct err *err)
{
    autojson *probe = talk_hear(&inviting->talk, ANSWER_SECONDS, err), *ready = NULL;

    if (!probe || !probe_links(inviting->token.addresses, inviting->addresses,
                               json_text(probe, "probe", "-"), err))
        return false;
    site_ok(&inviting->site, "every link takes small and full datagrams both ways");
    if (talk_say(&inviting->talk, json_pack("{s:b}", "links", true), err))
        ready = talk_hear(&inviting->talk, ANSWER_SECONDS, err);
    return ready != NULL;
}

static bool is_listed(void *context, const json_t *status, const json_t *nodes)
{
    (void)status;
    return site_row_of(nodes, context) && json_int(site_row_of(nodes, context), "votes", -1) == 0;
}

static bool has_votes(void *context, const json_t *status, const json_t *nodes)
{
    const json_t *row = site_row_of(nodes, context);

    return row && json_int(row, "votes", 0) > 0 && json_flag(row, "member", false) &&
           strcmp(json_text(json_object_get(status, "corosync"), "state", ""), "agreed") == 0;
}

static size_t read_whole(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");
    size_t length = file ? fread(text, 1, size - 1, file) : 0;

    if (file)
        fclose(file);
    text[length] = '\0';
    return length;
}

static bool give_files(struct inviting *inviting, struct err *err)
{
    char *conf = xcalloc(1, TALK_LINE_MAX / 2), key[SITE_KEY_BYTES + 1];
    bool is_good = read_whole(SITE_CONF, conf, TALK_LINE_MAX / 2) > 0 &&
                   read_whole(SITE_KEY, key, sizeof(key)) == SITE_KEY_BYTES;

    is_good = is_good ? talk_say(&inviting->talk, words_files(conf, (unsigned char *)key), err)
                      : err_set(err, "cannot read %s and %s, or the key has not %d bytes",
                                SITE_CONF, SITE_KEY, SITE_KEY_BYTES);
    explicit_bzero(key, sizeof(key));
    free(conf);
    return is_good;
}

static bool welcome(struct inviting *inviting, struct err *err)
{
    autojson *started = NULL;
    void *node = (void *)inviting->node;

    if (!ask_to_admit(inviting, false, err))
        return false;
    inviting->is_admitted = true;
    if (!site_wait(&inviting->site, LIST_SECONDS, "the node in corosync's list", is_listed, node,
                   err))
        return false;
    site_ok(&inviting->site, "node %s is in corosync's list, without a vote for now",
            inviting->node);
    if (!give_files(inviting, err))
        return false;
    started = talk_hear(&inviting->talk, VOTE_SECONDS + ANSWER_SECONDS, err);
    /* It may have been killed behind this point; its corosync and agent come in all the same. */
    if (inviting->talk.has_failed || interrupted ||
        !site_wait(&inviting->site, started ? VOTE_SECONDS : ALONE_SECONDS, "its vote", has_votes,
                   node, err))
        return false;
    site_ok(&inviting->site, "node %s is in sync and has its vote", inviting->node);
    talk_say(&inviting->talk, json_pack("{s:b}", "joined", true), NULL);
    return true;
}

static void withdraw(struct inviting *inviting)
{
    autojson *answer = NULL;
    struct err err = {{0}};

    if (!inviting->is_admitted)
        return;
    if (site_ask(&inviting->site,
                 json_pack("{s:s,s:[s]}", "verb", "cluster withdraw", "args", inviting->node),
                 &answer, &err))
        site_tell(inviting->site.out, "undone  node %s is out of the policy again", inviting->node);
    else
        site_failed(&inviting->site, &err);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void hang_up(struct inviting *inviting)
{
    /* A DISCONNECT right behind the last words would make them be dropped. */
    if (inviting->talk.channel) {
        ssh_channel_send_eof(inviting->talk.channel);
        ssh_blocking_flush(inviting->talk.session, 1000);
    }
    ssh_disconnect(inviting->talk.session);
    ssh_free(inviting->talk.session);
    memset(&inviting->talk, 0, sizeof(inviting->talk));
}

/* ---- callers, each in a process of its own --------------------------------------------------- */

/* What a caller's process writes: it is the guest, or was sent away after so many wrong tokens. */
struct heard {
    pid_t pid;
    int n_wrong;
    bool is_guest;
};

static void say_heard(const struct inviting *inviting, bool is_guest)
{
    struct heard heard = {getpid(), inviting->n_wrong, is_guest};

    if (write(inviting->heard[1], &heard, sizeof(heard)) < 0)
        _exit(1);
}

/* The guest's process, from its first byte to its vote. */
static int serve_caller(struct inviting *inviting)
{
    struct err err = {{0}};
    bool is_joined;
    char go;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(inviting->heard[0]);
    close(inviting->told[1]);
    /* The token names the cluster's networks; from any other nobody gets as far as SSH. */
    if (!probe_is_at(ssh_get_fd(inviting->talk.session), inviting->token.addresses) ||
        !let_in(inviting)) {
        say_heard(inviting, false);
        return 1;
    }
    say_heard(inviting, true);
    /* The others are gone before it goes on: a token lets one node in. */
    if (read(inviting->told[0], &go, 1) != 1)
        return 1;
    site_ok(&inviting->site, "somebody has come with the token");
    is_joined =
        show_invitation(inviting, &err) && try_links(inviting, &err) && welcome(inviting, &err);
    if (!is_joined) {
        talk_say_failed(&inviting->talk, &err);
        withdraw(inviting);
        site_tell(stderr, "tenuto: %s", err.text);
    }
    hang_up(inviting);
    return is_joined ? 0 : 1;
}

static void end_caller(struct inviting *inviting, int at)
{
    kill(inviting->callers[at], SIGKILL);
    waitpid(inviting->callers[at], NULL, 0);
    inviting->n_callers--;
    memmove(inviting->callers + at, inviting->callers + at + 1,
            (size_t)(inviting->n_callers - at) * sizeof(inviting->callers[0]));
}

static void reap_callers(struct inviting *inviting)
{
    for (int at = inviting->n_callers - 1; at >= 0; at--) {
        siginfo_t info = {0};

        if (waitid(P_PID, (id_t)inviting->callers[at], &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid != 0)
            end_caller(inviting, at);
    }
}

static void answer_door(struct inviting *inviting)
{
    ssh_session session = ssh_new();
    pid_t pid;

    if (ssh_bind_accept(inviting->bind, session) != SSH_OK) {
        ssh_free(session);
        return;
    }
    reap_callers(inviting);
    if (inviting->n_callers == CALLERS_MAX)
        end_caller(inviting, 0);
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        inviting->talk.session = session;
        _exit(serve_caller(inviting));
    }
    if (pid > 0)
        inviting->callers[inviting->n_callers++] = pid;
    /* The connection is the child's; this closes our descriptor of it and says nothing. */
    ssh_free(session);
}

/* The guest is in, or its process has taken back what it did. */
static bool wait_for_end(pid_t guest)
{
    bool is_passed_on = false;
    int status = 1;

    while (waitpid(guest, &status, WNOHANG) == 0) {
        if (interrupted && !is_passed_on)
            kill(guest, SIGTERM);
        is_passed_on = interrupted;
        poll(NULL, 0, 100);
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* true: the guest has come, and *is_joined says what came of it. */
static bool hear_callers(struct inviting *inviting, bool *is_joined)
{
    struct heard heard;

    if (read(inviting->heard[0], &heard, sizeof(heard)) != (ssize_t)sizeof(heard))
        return false;
    if (heard.n_wrong > 0 && !inviting->was_wrong_said)
        site_tell(inviting->site.out,
                  "note    somebody came with a wrong token and was sent away; the invitation "
                  "stands");
    inviting->was_wrong_said = inviting->was_wrong_said || heard.n_wrong > 0;
    if (!heard.is_guest)
        return false;
    for (int at = inviting->n_callers - 1; at >= 0; at--) {
        if (inviting->callers[at] != heard.pid)
            end_caller(inviting, at);
    }
    *is_joined = write(inviting->told[1], "g", 1) == 1 && wait_for_end(heard.pid);
    inviting->n_callers = 0;
    return true;
}

static bool wait_for_guest(struct inviting *inviting, long long lasts_ms, struct err *err)
{
    long long end = now_ms() + lasts_ms;
    bool is_joined = false;

    if (pipe2(inviting->heard, O_CLOEXEC) < 0 || pipe2(inviting->told, O_CLOEXEC) < 0)
        return err_set(err, "cannot make a pipe: %m");
    while (now_ms() < end && !interrupted) {
        struct pollfd wait[] = {{.fd = ssh_bind_get_fd(inviting->bind), .events = POLLIN},
                                {.fd = inviting->heard[0], .events = POLLIN}};

        if (poll(wait, 2, 500) <= 0)
            continue;
        /* What went wrong was told by the process that it went wrong in. */
        if (wait[1].revents && hear_callers(inviting, &is_joined))
            return is_joined;
        if (wait[0].revents)
            answer_door(inviting);
    }
    while (inviting->n_callers > 0)
        end_caller(inviting, 0);
    return err_set(err, interrupted ? "the invitation is withdrawn"
                                    : "nobody came: the invitation is over");
}

static bool invite(struct inviting *inviting, long long lasts_ms, struct err *err)
{
    char token[TOKEN_TEXT_MAX];

    if (!may_invite(inviting, err) || !make_token(inviting, err) ||
        !listen_for_guest(inviting, err) ||
        !token_write(&inviting->token, token, sizeof(token), err))
        return false;
    printf(
        "On %s, within %lld min, as root:\n\n    tenuto cluster join %s\n\nWhere others may see "
        "what is typed there, say \"-\" for the token: it is asked for then.\nThis waits until it "
        "has joined; Ctrl-C withdraws the invitation.\n",
        inviting->node, (lasts_ms + 59999) / 60000, token);
    fflush(stdout);
    explicit_bzero(token, sizeof(token));
    return wait_for_guest(inviting, lasts_ms, err);
}

int door_invite(const struct settings *settings, const char *node, const char *addresses,
                long long lasts_ms)
{
    struct inviting *inviting = xcalloc(1, sizeof(*inviting));
    struct err err = {{0}};
    struct sigaction action = {.sa_handler = on_signal};
    bool is_good;

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    inviting->site = (struct site){.settings = settings, .out = stdout};
    inviting->node = node;
    inviting->addresses = addresses;
    is_good = invite(inviting, lasts_ms > 0 ? lasts_ms : LASTS_MS, &err);
    if (is_good)
        site_tell(stdout, "node %s is in cluster %s", node, inviting->token.cluster);
    else if (err.text[0])
        site_tell(stderr, "tenuto: %s", err.text);
    if (inviting->bind)
        ssh_bind_free(inviting->bind);
    ssh_key_free(inviting->key);
    explicit_bzero(inviting, sizeof(*inviting));
    free(inviting);
    return is_good ? CONTROL_EXIT_OK : CONTROL_EXIT_FAILED;
}
