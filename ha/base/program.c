/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One program, its output and its end; see program.h. */
#include "ha/base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_MAX 8192

extern char **environ;

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Our threads block every signal; a program that inherits that could not be ended. */
static int spawn(const char *const *argv, int out, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    int error;

    sigemptyset(&none);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDERR_FILENO);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    error = posix_spawnp(pid, argv[0], &files, &attributes, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return error;
}

/* Until it has closed its output, or the time is up. */
static void listen_to(int fd, int64_t end, struct text *output)
{
    char bytes[1024];

    for (;;) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        int64_t left = end - now_ms();
        ssize_t got;

        if (left <= 0 || poll(&poll_fd, 1, (int)left) == 0)
            return;
        got = read(fd, bytes, sizeof(bytes));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return;
        text_add(output, "%.*s", (int)strnlen(bytes, (size_t)got), bytes);
    }
}

/* false: it did not end in time, and was killed. */
static bool wait_for(pid_t pid, int64_t end, int *status)
{
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd poll_fd = {.fd = process, .events = POLLIN};
    int64_t left = end - now_ms();
    bool is_in_time = process >= 0 && poll(&poll_fd, 1, left > 0 ? (int)left : 0) == 1;

    if (!is_in_time)
        kill(-pid, SIGKILL);
    if (process >= 0)
        close(process);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
    return is_in_time;
}

static const char *last_line(char *text)
{
    size_t length = strlen(text);
    char *at;

    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
        text[--length] = '\0';
    at = strrchr(text, '\n');
    return at ? at + 1 : text;
}

bool program_run(const char *const *argv, int seconds, struct text *output, struct err *err)
{
    int64_t end = now_ms() + seconds * 1000;
    char buffer[OUTPUT_MAX] = "";
    struct text own;
    int fds[2], status = 0, error;
    bool is_in_time;
    pid_t pid;

    text_init(&own, buffer, sizeof(buffer));
    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_set(err, "cannot run %s: %m", argv[0]);
    error = spawn(argv, fds[1], &pid);
    close(fds[1]);
    if (error != 0) {
        close(fds[0]);
        errno = error;
        return err_set(err, "cannot run %s: %m", argv[0]);
    }
    listen_to(fds[0], end, &own);
    close(fds[0]);
    is_in_time = wait_for(pid, end, &status);
    if (output)
        text_add(output, "%s", buffer);
    if (!is_in_time)
        return err_set(err, "%s was not done after %d s", argv[0], seconds);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    return err_set(err, "%s failed: %s", argv[0], last_line(buffer));
}
