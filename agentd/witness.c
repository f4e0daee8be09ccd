/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates and service of corosync-qdevice; see witness.h. */
#include "agentd/witness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ha/base/arena.h"
#include "ha/base/base64.h"
#include "ha/base/json.h"
#include "ha/base/program.h"
#include "quorum/membership.h"

#define REACH_MS 3000
#define PROGRAM_SECONDS 20
/* What the database was made of: ours, and which. */
#define BUNDLE_FILE "tenuto-bundle"
#define BUNDLE_MAX 65536
#define PATH_BYTES 600
#define BESIDE "nssdb.tenuto-"

static const char *const words[] = {"unknown", "off", "not connected", "connected", "votes"};

const char *witness_word(enum witness_here here)
{
    return words[here];
}

enum witness_here witness_of_word(const char *word)
{
    for (int i = 0; i < (int)(sizeof(words) / sizeof(words[0])); i++) {
        if (strcmp(words[i], word) == 0)
            return (enum witness_here)i;
    }
    return WITNESS_NONE;
}

/* ---- the way there --------------------------------------------------------------------------- */

static bool is_installed(const char *program)
{
    static const char *const folders[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};
    char path[PATH_BYTES];

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folders[i], program);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

static bool has_connected(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof(error);

    if (poll(&poll_fd, 1, REACH_MS) != 1) {
        errno = ETIMEDOUT;
        return false;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
        return true;
    errno = error;
    return false;
}

static bool connects(const struct addrinfo *to)
{
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool is_good = fd >= 0 && (connect(fd, to->ai_addr, to->ai_addrlen) == 0 ||
                               (errno == EINPROGRESS && has_connected(fd)));
    int error = errno;

    if (fd >= 0)
        close(fd);
    errno = error;
    return is_good;
}

bool witness_reach(const char *host, struct err *err)
{
    static const char *const programs[] = {"corosync-qdevice", "certutil", "pk12util"};
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    bool is_good = false;
    int error;

    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        if (!is_installed(programs[i]))
            return err_set(err, "%s is not installed: apt install corosync-qdevice libnss3-tools",
                           programs[i]);
    }
    error = getaddrinfo(host, WITNESS_PORT, &hints, &list);
    if (error != 0)
        return err_set(err, "the witness %s has no address here: %s", host, gai_strerror(error));
    for (const struct addrinfo *at = list; at && !is_good; at = at->ai_next)
        is_good = connects(at);
    freeaddrinfo(list);
    return is_good || err_set(err,
                              "the witness %s does not answer on port " WITNESS_PORT
                              " (%m): is corosync-qnetd running there, and no firewall between?",
                              host);
}

/* ---- certificates ---------------------------------------------------------------------------- */

static void path_of(char *path, const char *folder, const char *name)
{
    snprintf(path, PATH_BYTES, "%s/%s", folder, name);
}

/* A folder of plain files. */
static void remove_folder(const char *folder)
{
    DIR *list = opendir(folder);
    const struct dirent *entry;

    if (!list)
        return;
    while ((entry = readdir(list)))
        unlinkat(dirfd(list), entry->d_name, 0);
    closedir(list);
    rmdir(folder);
}

/* What was being made when an agent was killed, and the database of before. */
static void remove_others(const char *folder)
{
    DIR *list = opendir(folder);
    const struct dirent *entry;
    char path[PATH_BYTES];

    if (!list)
        return;
    while ((entry = readdir(list))) {
        if (strncmp(entry->d_name, BESIDE, strlen(BESIDE)) != 0)
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        remove_folder(path);
    }
    closedir(list);
}

static bool make_folders(const char *folder, struct err *err)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s", folder);
    for (char *at = strchr(path + 1, '/');; at = strchr(at + 1, '/')) {
        if (at)
            *at = '\0';
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
            return err_set(err, "cannot make %s: %m", path);
        if (!at)
            return true;
        *at = '/';
    }
}

static bool write_bytes(const char *folder, const char *name, const void *bytes, size_t length,
                        struct err *err)
{
    char path[PATH_BYTES];
    bool is_good;
    int fd;

    path_of(path, folder, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    is_good = fd >= 0 && write(fd, bytes, length) == (ssize_t)length && fsync(fd) == 0;
    if (!is_good)
        err_set(err, "cannot write %s: %m", path);
    if (fd >= 0)
        close(fd);
    return is_good;
}

static bool write_member(const char *folder, const char *name, const json_t *bundle,
                         const char *member, struct err *err)
{
    size_t length = 0;
    unsigned char *bytes = base64_read(json_text(bundle, member, ""), &length);
    bool is_good = bytes && length > 0 && write_bytes(folder, name, bytes, length, err);

    if (!bytes || length == 0)
        err_set(err, "the certificates of the witness cannot be read: \"tenuto witness remove\", "
                     "then add it again");
    free(bytes);
    return is_good;
}

/* The names are those that corosync-qdevice asks for. */
static bool make_database(const char *folder, struct err *err)
{
    char password[PATH_BYTES], authority[PATH_BYTES], key[PATH_BYTES];
    const char *const begin[] = {"certutil", "-N", "-d", folder, "-f", password, NULL};
    const char *const trust[] = {"certutil", "-A", "-d",     folder, "-t",      "CT,c,c", "-n",
                                 "QNet CA",  "-f", password, "-i",   authority, NULL};
    const char *const import[] = {"pk12util", "-i",     key,  "-d", folder,
                                  "-k",       password, "-W", "",   NULL};

    path_of(password, folder, "pwdfile.txt");
    path_of(authority, folder, "ca.der");
    path_of(key, folder, "key.p12");
    return program_run(begin, PROGRAM_SECONDS, NULL, err) &&
           program_run(trust, PROGRAM_SECONDS, NULL, err) &&
           program_run(import, PROGRAM_SECONDS, NULL, err);
}

static bool put_into_place(const char *folder, const char *made, struct err *err)
{
    char place[PATH_BYTES], old[PATH_BYTES];
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_good;

    path_of(place, folder, "nssdb");
    path_of(old, folder, BESIDE "old");
    is_good = fd >= 0 && syncfs(fd) == 0 && (rename(place, old) == 0 || errno == ENOENT) &&
              rename(made, place) == 0 && fsync(fd) == 0;
    if (!is_good)
        err_set(err, "cannot put %s into its place: %m", made);
    if (fd >= 0)
        close(fd);
    return is_good;
}

bool witness_is_installed(const char *folder, const char *bundle)
{
    char path[PATH_BYTES], *text;
    bool is_same = false;
    FILE *file;

    snprintf(path, sizeof(path), "%s/nssdb/" BUNDLE_FILE, folder);
    file = fopen(path, "re");
    if (!file)
        return false;
    text = xcalloc(BUNDLE_MAX, 1);
    is_same = fread(text, 1, BUNDLE_MAX - 1, file) == strlen(bundle) && strcmp(text, bundle) == 0;
    fclose(file);
    free(text);
    return is_same;
}

bool witness_is_there(const char *folder)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/nssdb/" BUNDLE_FILE, folder);
    return access(path, F_OK) == 0;
}

bool witness_install(const char *folder, const char *bundle, struct err *err)
{
    char made[PATH_BYTES], path[PATH_BYTES];
    autojson *value = NULL;
    bool is_good;

    if (witness_is_installed(folder, bundle))
        return true;
    value = json_read(bundle, strlen(bundle), err);
    remove_others(folder);
    /* Of an agent that was killed a certutil may still be at work: not in the same place. */
    snprintf(made, sizeof(made), "%s/" BESIDE "%d", folder, (int)getpid());
    is_good = value && make_folders(made, err) && write_bytes(made, "pwdfile.txt", "", 0, err) &&
              write_member(made, "ca.der", value, "ca", err) &&
              write_member(made, "key.p12", value, "p12", err) && make_database(made, err);
    path_of(path, made, "key.p12");
    unlink(path);
    is_good = is_good && chmod(made, 0700) == 0 &&
              write_bytes(made, BUNDLE_FILE, bundle, strlen(bundle), err) &&
              put_into_place(folder, made, err);
    remove_others(folder);
    return is_good;
}

/* ---- the program ----------------------------------------------------------------------------- */

bool witness_hold_restarts(struct err *err)
{
    static const char folder[] = "/etc/systemd/system/corosync-qdevice.service.d";
    const char *const reload[] = {"systemctl", "daemon-reload", NULL};
    char text[160];
    struct text content;

    if (access("/run/systemd/system", F_OK) != 0)
        return true;
    text_init(&content, text, sizeof(text));
    text_add(&content,
             "# Written by tenuto: see corosync's quorum.device.timeout.\n"
             "[Service]\nRestartSec=%dms\n",
             WITNESS_PAUSE_MS);
    return make_folders(folder, err) &&
           write_bytes(folder, "tenuto.conf", text, content.length, err) &&
           program_run(reload, PROGRAM_SECONDS, NULL, err);
}

bool witness_start(bool anew, struct err *err)
{
    static const struct timespec pause = {.tv_sec = (WITNESS_PAUSE_MS + 999) / 1000};
    const char *const enable[] = {"systemctl", "enable", "--now", "corosync-qdevice", NULL};
    const char *const stop[] = {"systemctl", "stop", "corosync-qdevice", NULL};

    if (anew && !program_run(stop, PROGRAM_SECONDS, NULL, err))
        return false;
    if (anew)
        nanosleep(&pause, NULL);
    return program_run(enable, PROGRAM_SECONDS, NULL, err);
}

bool witness_remove(const char *folder, struct err *err)
{
    const char *const disable[] = {"systemctl", "disable", "--now", "corosync-qdevice", NULL};
    char path[PATH_BYTES];

    if (!program_run(disable, PROGRAM_SECONDS, NULL, err))
        return false;
    remove_others(folder);
    path_of(path, folder, "nssdb");
    remove_folder(path);
    return true;
}

/* The connection itself only corosync-qdevice knows; while its vote counts nobody needs to ask. */
enum witness_here witness_look(uint32_t nodeid)
{
    const char *const ask[] = {"corosync-qdevice-tool", "-s", NULL};
    struct device_state state;
    char buffer[4096] = "";
    struct text said;

    if (!membership_read_device(nodeid, &state, NULL))
        return WITNESS_NONE;
    if (!state.is_registered)
        return WITNESS_OFF;
    if (state.is_alive && state.is_voting)
        return WITNESS_VOTES;
    text_init(&said, buffer, sizeof(buffer));
    if (!program_run(ask, 2, &said, NULL))
        return WITNESS_OFF;
    return strstr(buffer, "\tConnected\n") ? WITNESS_IDLE : WITNESS_SILENT;
}
