/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The peer of a socket, from /proc and logind's notes in /run, which is memory; see peer.h. */
#include "agentd/peer.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "ha/base/err.h"
#include "ha/base/text.h"

/*
 * Only files that need no memory of the peer: its command line and environment are read through
 * that, and a peer whose memory is stuck would hold us up.
 */
static void read_line(pid_t pid, const char *name, char *line, size_t size)
{
    char path[64];
    struct text text;
    ssize_t length;
    int fd;

    line[0] = '\0';
    text_init(&text, path, sizeof(path));
    text_add(&text, "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    length = read(fd, line, size - 1);
    close(fd);
    line[length > 0 ? length : 0] = '\0';
    line[strcspn(line, "\n")] = '\0';
}

static void read_login(struct peer *peer)
{
    char line[24], *end;
    unsigned long uid;

    peer->login = -1;
    read_line(peer->pid, "loginuid", line, sizeof(line));
    uid = strtoul(line, &end, 10);
    if (line[0] && *end == '\0' && uid < UINT32_MAX)
        peer->login = (int64_t)uid;
}

/* sshd hands the remote address to logind through PAM; sudo stays in the session. */
static void read_session(struct peer *peer)
{
    char *session = NULL, *host = NULL, *terminal = NULL;

    if (sd_pid_get_session(peer->pid, &session) >= 0) {
        if (sd_session_get_remote_host(session, &host) >= 0)
            text_copy(peer->from, sizeof(peer->from), host);
        if (sd_session_get_tty(session, &terminal) >= 0)
            text_copy(peer->terminal, sizeof(peer->terminal), terminal);
    }
    free(session);
    free(host);
    free(terminal);
}

void peer_name(const char *users, uid_t uid, char *name, size_t size)
{
    FILE *file = fopen(users, "re");
    struct passwd entry, *found = NULL;
    char line[1024];
    struct text text;

    while (file && fgetpwent_r(file, &entry, line, sizeof(line), &found) == 0 &&
           found->pw_uid != uid)
        found = NULL;
    if (!found || !found->pw_name[0] || !text_copy(name, size, found->pw_name)) {
        text_init(&text, name, size);
        text_add(&text, "uid %u", uid);
    }
    if (file)
        fclose(file);
}

void peer_read(int fd, struct peer *peer)
{
    struct ucred credentials = {.uid = (uid_t)-1};
    socklen_t size = sizeof(credentials);

    memset(peer, 0, sizeof(*peer));
    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size);
    peer->uid = credentials.uid;
    peer->pid = credentials.pid;
    peer->login = -1;
    if (peer->uid == 0)
        text_copy(peer->user, sizeof(peer->user), "root");
    else
        peer_name("/etc/passwd", peer->uid, peer->user, sizeof(peer->user));
    if (peer->pid <= 0)
        return;
    read_line(peer->pid, "comm", peer->program, sizeof(peer->program));
    read_login(peer);
    read_session(peer);
}
