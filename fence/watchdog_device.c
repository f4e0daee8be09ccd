/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel's watchdogs. Read before changing: closing a device without the
 * magic V leaves it counting, a driver without WDIOF_MAGICCLOSE stops on any
 * close, and one loaded with nowayout never stops.
 */
#include "fence/watchdog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct directory_entry {
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

/* Calls visit for each name until it says true. opendir would allocate. */
static bool find_entry(const char *path, bool (*visit)(void *self, const char *name), void *self)
{
    _Alignas(struct directory_entry) char buffer[2048];
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_found = false;
    long length;

    if (fd < 0)
        return false;
    while (!is_found && (length = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0) {
        for (long at = 0; at < length && !is_found;) {
            struct directory_entry *entry = (struct directory_entry *)(void *)(buffer + at);

            is_found = visit(self, entry->name);
            at += entry->length;
        }
    }
    close(fd);
    return is_found;
}

struct search {
    const char *device;
    char directory[64];
    char process[32];
    char command[32];
};

static bool is_the_device(void *self, const char *name)
{
    struct search *search = self;
    char path[128];
    char target[128];
    ssize_t length;

    snprintf(path, sizeof(path), "%s/%.20s", search->directory, name);
    length = readlink(path, target, sizeof(target) - 1);
    if (length <= 0)
        return false;
    target[length] = '\0';
    /* /dev/watchdog and /dev/watchdog0 are one device; whoever has either has it. */
    if (strcmp(search->device, "/dev/watchdog") == 0 ||
        strcmp(search->device, "/dev/watchdog0") == 0)
        return strcmp(target, "/dev/watchdog") == 0 || strcmp(target, "/dev/watchdog0") == 0;
    return strcmp(target, search->device) == 0;
}

static bool holds_the_device(void *self, const char *name)
{
    struct search *search = self;
    char path[64];
    ssize_t length;
    int fd;

    if (name[0] < '1' || name[0] > '9')
        return false;
    snprintf(search->directory, sizeof(search->directory), "/proc/%.20s/fd", name);
    if (!find_entry(search->directory, is_the_device, search))
        return false;
    snprintf(search->process, sizeof(search->process), "%.20s", name);
    snprintf(path, sizeof(path), "/proc/%.20s/comm", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    length = fd < 0 ? -1 : read(fd, search->command, sizeof(search->command) - 1);
    search->command[length > 0 ? length - 1 : 0] = '\0';
    if (fd >= 0)
        close(fd);
    return true;
}

static bool say_who_holds(const char *path, struct err *err)
{
    struct search search = {.device = path};

    if (!find_entry("/proc", holds_the_device, &search))
        return err_set(err,
                       "%s is in use, and no process says by whom; if it is systemd, set "
                       "RuntimeWatchdogSec=0 in /etc/systemd/system.conf and run "
                       "systemctl daemon-reexec",
                       path);
    if (strcmp(search.process, "1") == 0)
        return err_set(err,
                       "%s is in use by %s (pid 1); set RuntimeWatchdogSec=0 in "
                       "/etc/systemd/system.conf and run systemctl daemon-reexec",
                       path, search.command);
    return err_set(err, "%s is in use by %s (pid %s); stop it or keep it off the watchdog", path,
                   search.command, search.process);
}

static bool read_back(int fd, struct duration *timeout, struct err *err)
{
    int seconds = 0;

    if (ioctl(fd, WDIOC_GETTIMEOUT, &seconds) < 0 || seconds <= 0)
        return err_set(err, "the watchdog does not tell its timeout: %m");
    timeout->ms = (int64_t)seconds * 1000;
    return true;
}

static bool retime(int fd, struct duration *timeout, struct err *err)
{
    int seconds = (int)((timeout->ms + 999) / 1000);

    if (ioctl(fd, WDIOC_SETTIMEOUT, &seconds) < 0)
        return err_set(err, "the watchdog refuses a timeout of %d s: %m", seconds);
    return read_back(fd, timeout, err);
}

static bool is_fit(int fd, const char *path, struct err *err)
{
    struct watchdog_info info = {0};

    if (ioctl(fd, WDIOC_GETSUPPORT, &info) < 0)
        return err_set(err, "%s is not a watchdog: %m", path);
    if (!(info.options & WDIOF_MAGICCLOSE))
        return err_set(err,
                       "the driver of %s (%.32s) stops counting when it is closed, so it protects "
                       "nothing; use another one, such as softdog",
                       path, (const char *)info.identity);
    if (!(info.options & WDIOF_SETTIMEOUT))
        return err_set(err, "the driver of %s (%.32s) cannot change its timeout; use another one",
                       path, (const char *)info.identity);
    return true;
}

static int open_device(const char *path, struct duration *timeout, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0) {
        if (errno == EBUSY)
            say_who_holds(path, err);
        else
            err_set(err, "cannot open the watchdog %s: %m%s", path,
                    errno == ENOENT ? "; load a driver (modprobe softdog)" : "");
        return -1;
    }
    if (is_fit(fd, path, err) && retime(fd, timeout, err))
        return fd;
    /* Opening started it; the V lets the close stop it again. */
    if (write(fd, "V", 1) < 0)
        err_in(err, "%s could not be stopped again", path);
    close(fd);
    return -1;
}

/* Not by WDIOC_KEEPALIVE: a write also takes back the V of a disarming that was cut short. */
static bool feed(int fd, struct err *err)
{
    return write(fd, "", 1) == 1 || err_set(err, "cannot feed the watchdog: %m");
}

static bool disarm(int fd, struct err *err)
{
    int option = WDIOS_DISABLECARD;

    if (ioctl(fd, WDIOC_SETOPTIONS, &option) < 0)
        return err_set(err, "the watchdog cannot be stopped (nowayout?): %m");
    if (write(fd, "V", 1) < 0)
        return err_set(err, "the watchdog cannot be stopped: %m");
    close(fd);
    return true;
}

static void reset(int fd)
{
    int trigger = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

    (void)fd;
    if (trigger < 0)
        return;
    if (write(trigger, "b", 1) < 0)
        errno = 0;
    close(trigger);
}

const struct watchdog_maker watchdog_device = {
    .open = open_device,
    .take = read_back,
    .retime = retime,
    .feed = feed,
    .disarm = disarm,
    .reset = reset,
};
