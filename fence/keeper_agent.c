/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which process the agent is, in a file beside the socket: an agent that hangs
 * while a new keeper starts never connects to it, and has to go all the same.
 */
#include "fence/keeper_process.h"
#include "ha/base/log.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STAT_BYTES 512
/* proc(5): starttime is field 22; the state, field 3, is the first one behind the name. */
#define FIELDS_TO_START 19

/* A small file read whole; false: it is not there, or longer than any that is meant here. */
static bool read_small(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (fd < 0)
        return false;
    got = read(fd, text, size - 1);
    close(fd);
    if (got <= 0)
        return false;
    text[got] = '\0';
    return true;
}

/* When a process began, in clock ticks since the boot: with it a pid names one process only. */
static bool start_of(pid_t pid, unsigned long long *start)
{
    char path[64], text[STAT_BYTES];
    char *at;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    if (!read_small(path, text, sizeof(text)))
        return false;
    /* The name may hold blanks and brackets; its end is the last bracket. */
    at = strrchr(text, ')');
    for (int i = 0; at && i <= FIELDS_TO_START; i++)
        at = strchr(at + 1, ' ');
    return at && sscanf(at, " %llu", start) == 1;
}

void keeper_note_agent(const struct keeper_base *base, pid_t pid)
{
    unsigned long long start;
    char text[64];
    int length, fd;

    if (!start_of(pid, &start))
        return;
    length = snprintf(text, sizeof(text), "%d %llu\n", (int)pid, start);
    fd = open(base->agent_path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, (size_t)length) != length)
        log_warning("cannot write %s: %m", base->agent_path);
    if (fd >= 0)
        close(fd);
}

int keeper_recall_agent(const struct keeper_base *base, pid_t *pid)
{
    unsigned long long noted, start;
    char text[64];
    int number, fd;

    if (!read_small(base->agent_path, text, sizeof(text)) ||
        sscanf(text, "%d %llu", &number, &noted) != 2 || number <= 0)
        return -1;
    fd = (int)syscall(SYS_pidfd_open, number, 0);
    if (fd < 0)
        return -1;
    /* Asked after the descriptor is ours: the number may belong to somebody else by now. */
    if (!start_of(number, &start) || start != noted) {
        close(fd);
        return -1;
    }
    *pid = number;
    return fd;
}
