/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread that writes corosync.conf and has it read; see conf_file.h. */
#include "agentd/conf_file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ha/base/arena.h"
#include "quorum/membership.h"

struct conf_file {
    char path[256], staged_path[272], old_path[272], witness_folder[272];
    void (*done)(void *context);
    void *context;
    sd_event_source *source;
    int fd;

    /* The thread's while is_busy, else the loop's. */
    pthread_t thread;
    bool is_busy;
    enum conf_deed deed;
    char *wanted;
    struct corosync_node own;
    bool has_own;
    char *witness, *bundle;
    uint32_t nodeid;
    enum witness_here here;
    bool has_witness;
    char *text, *staged;
    struct err problem;
};

/* ---- in the thread --------------------------------------------------------------------------- */

static char *read_whole(const char *path)
{
    char *text = xcalloc(1, CONF_TEXT_MAX + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, text, CONF_TEXT_MAX);

    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = '\0';
    return text;
}

static void read_both(struct conf_file *file)
{
    free(file->text);
    free(file->staged);
    file->text = read_whole(file->path);
    file->staged = read_whole(file->staged_path);
}

static bool sync_folder(const struct conf_file *file, struct err *err)
{
    char folder[sizeof(file->path)];
    char *slash;
    int fd, result;

    text_copy(folder, sizeof(folder), file->path);
    slash = strrchr(folder, '/');
    if (slash)
        slash[1] = '\0';
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    result = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0)
        close(fd);
    return result == 0 || err_set(err, "cannot make sure of what is in %s: %m", folder);
}

static bool write_whole(int fd, const char *text)
{
    size_t length = strlen(text);

    while (length > 0) {
        ssize_t written = write(fd, text, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        text += written;
        length -= (size_t)written;
    }
    return fsync(fd) == 0;
}

static bool write_staged(struct conf_file *file, struct err *err)
{
    int fd = open(file->staged_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool is_good = fd >= 0 && fchmod(fd, 0644) == 0 && write_whole(fd, file->wanted);

    if (!is_good)
        err_set(err, "cannot write %s: %m", file->staged_path);
    if (fd >= 0)
        close(fd);
    return is_good && sync_folder(file, err);
}

/* The same address may be written in several ways; a name is compared with none. */
static bool is_own_address(const struct ifaddrs *list, const char *address)
{
    unsigned char wanted[16];
    int family = strchr(address, ':') ? AF_INET6 : AF_INET;
    size_t size = family == AF_INET6 ? 16 : 4;

    if (inet_pton(family, address, wanted) != 1)
        return true;
    for (; list; list = list->ifa_next) {
        const void *bytes;

        if (!list->ifa_addr || list->ifa_addr->sa_family != family)
            continue;
        bytes = family == AF_INET6
                    ? (const void *)&((const struct sockaddr_in6 *)(const void *)list->ifa_addr)
                          ->sin6_addr
                    : (const void *)&((const struct sockaddr_in *)(const void *)list->ifa_addr)
                          ->sin_addr;
        if (memcmp(bytes, wanted, size) == 0)
            return true;
    }
    return false;
}

static bool addresses_are_here(const struct conf_file *file, struct err *err)
{
    struct ifaddrs *list = NULL;
    bool is_good = true;

    if (!file->has_own)
        return true;
    if (getifaddrs(&list) < 0)
        return err_set(err, "cannot look at this node's addresses: %m");
    for (int i = 0; is_good && i < file->own.n_addresses; i++) {
        if (!is_own_address(list, file->own.addresses[i]))
            is_good = err_set(err,
                              "address %s is on no interface of node %s: bring it up first, or "
                              "name another in the policy",
                              file->own.addresses[i], file->own.name);
    }
    freeifaddrs(list);
    return is_good;
}

/* Before anything is written: what the witness needs here, and that it is there. */
static bool witness_is_ready(const struct conf_file *file, struct err *err)
{
    return !file->witness[0] || (witness_reach(file->witness, err) &&
                                 witness_install(file->witness_folder, file->bundle, err));
}

static void look_at_witness(struct conf_file *file)
{
    file->has_witness = witness_is_there(file->witness_folder);
    file->here = file->has_witness && file->nodeid ? witness_look(file->nodeid) : WITNESS_NONE;
}

static bool discard(struct conf_file *file, struct err *err)
{
    return unlink(file->staged_path) == 0 || errno == ENOENT ||
           err_set(err, "cannot remove %s: %m", file->staged_path);
}

static bool put_into_force(struct conf_file *file, struct err *err)
{
    if (strcmp(file->text, file->wanted) == 0)
        return discard(file, err);
    /* Anew, though it may be there: who wrote it may have been killed before the disk had it. */
    if (!write_staged(file, err))
        return false;
    if (unlink(file->old_path) < 0 && errno != ENOENT)
        return err_set(err, "cannot remove %s: %m", file->old_path);
    if (link(file->path, file->old_path) < 0 && errno != ENOENT)
        return err_set(err, "cannot keep %s as %s: %m", file->path, file->old_path);
    if (rename(file->staged_path, file->path) < 0)
        return err_set(err, "cannot put %s into its place: %m", file->staged_path);
    return sync_folder(file, err);
}

static void do_deed(struct conf_file *file)
{
    struct err *err = &file->problem;

    read_both(file);
    switch (file->deed) {
    case CONF_READ: break;
    case CONF_STAGE:
        if (addresses_are_here(file, err) && witness_is_ready(file, err))
            write_staged(file, err);
        break;
    case CONF_DISCARD: discard(file, err); break;
    case CONF_SWITCH: put_into_force(file, err); break;
    case CONF_RELOAD: membership_reload(err); break;
    case CONF_WITNESS_ON:
    case CONF_WITNESS_AGAIN:
        if (witness_install(file->witness_folder, file->bundle, err) && witness_hold_restarts(err))
            witness_start(file->deed == CONF_WITNESS_AGAIN, err);
        break;
    case CONF_WITNESS_OFF: witness_remove(file->witness_folder, err); break;
    }
    read_both(file);
    look_at_witness(file);
}

static void *run(void *context)
{
    struct conf_file *file = context;
    uint64_t one = 1;

    do_deed(file);
    if (write(file->fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
        abort();
    return NULL;
}

/* ---- in the loop ----------------------------------------------------------------------------- */

static int on_done(sd_event_source *source, int fd, uint32_t events, void *context)
{
    struct conf_file *file = context;
    uint64_t count;

    (void)source;
    (void)events;
    if (read(fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
        return 0;
    pthread_join(file->thread, NULL);
    file->is_busy = false;
    file->done(file->context);
    return 0;
}

void conf_file_do(struct conf_file *file, enum conf_deed deed, const char *text,
                  const struct corosync_node *own)
{
    sigset_t all, before;
    int error;

    if (file->is_busy)
        return;
    free(file->wanted);
    file->wanted = text ? xstrdup(text) : NULL;
    file->has_own = own != NULL;
    if (own)
        file->own = *own;
    file->deed = deed;
    file->problem.text[0] = '\0';
    file->is_busy = true;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&file->thread, NULL, run, file);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0)
        return;
    file->is_busy = false;
    err_set(&file->problem, "cannot start a thread: %s", strerror(error));
}

void conf_file_set_witness(struct conf_file *file, const struct conf_witness *witness)
{
    if (file->is_busy)
        return;
    file->nodeid = witness->nodeid;
    if (strcmp(file->witness, witness->host) == 0 && strcmp(file->bundle, witness->bundle) == 0)
        return;
    free(file->witness);
    free(file->bundle);
    file->witness = xstrdup(witness->host);
    file->bundle = xstrdup(witness->bundle);
}

static void name_paths(struct conf_file *file, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct text text;

    text_copy(file->path, sizeof(file->path), path);
    text_init(&text, file->staged_path, sizeof(file->staged_path));
    text_add(&text, "%s.tenuto-new", path);
    text_init(&text, file->old_path, sizeof(file->old_path));
    text_add(&text, "%s.tenuto-old", path);
    text_init(&text, file->witness_folder, sizeof(file->witness_folder));
    text_add(&text, "%.*s" WITNESS_FOLDER, slash ? (int)(slash + 1 - path) : 0, path);
}

struct conf_file *conf_file_new(sd_event *loop, const char *path, void (*done)(void *context),
                                void *context, struct err *err)
{
    struct conf_file *file = xcalloc(1, sizeof(*file));

    name_paths(file, path);
    file->witness = xstrdup("");
    file->bundle = xstrdup("");
    file->done = done;
    file->context = context;
    file->text = xstrdup("");
    file->staged = xstrdup("");
    file->fd = eventfd(0, EFD_CLOEXEC);
    if (file->fd >= 0 &&
        sd_event_add_io(loop, &file->source, file->fd, EPOLLIN, on_done, file) >= 0)
        return file;
    err_set(err, "cannot watch over %s: %m", path);
    conf_file_free(file);
    return NULL;
}

void conf_file_free(struct conf_file *file)
{
    if (!file)
        return;
    if (file->is_busy)
        pthread_join(file->thread, NULL);
    sd_event_source_disable_unref(file->source);
    if (file->fd >= 0)
        close(file->fd);
    free(file->wanted);
    free(file->witness);
    free(file->bundle);
    free(file->text);
    free(file->staged);
    free(file);
}

enum witness_here conf_file_witness(const struct conf_file *file)
{
    return file->here;
}

bool conf_file_has_witness(const struct conf_file *file)
{
    return file->has_witness;
}

bool conf_file_is_busy(const struct conf_file *file)
{
    return file->is_busy;
}

const char *conf_file_problem(const struct conf_file *file)
{
    return file->problem.text;
}

const char *conf_file_text(const struct conf_file *file)
{
    return file->text;
}

const char *conf_file_staged(const struct conf_file *file)
{
    return file->staged;
}
