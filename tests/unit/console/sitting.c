/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A child with a terminal of its own; see sitting.h. */
#include "tests/unit/console/sitting.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "console/command.h"
#include "console/line.h"

/* So long nothing new on the screen: it hangs, on the slowest machine. */
#define PATIENCE_MS 60000
#define SCREEN_MAX 65536

static void run_child(const struct scene *scene, const char *text)
{
    struct line line;
    int code;

    if (!line_split(&line, text, NULL))
        abort();
    code = command_run_words(&scene->settings, line.n_words, line.words, stdout, stderr);
    fflush(NULL);
    _exit(code);
}

/* What comes next; false at the end, or when nothing comes any more. */
static bool read_more(int terminal, char *screen, size_t *used)
{
    struct pollfd poller = {.fd = terminal, .events = POLLIN};
    ssize_t count;
    size_t kept;

    if (poll(&poller, 1, PATIENCE_MS) <= 0)
        return false;
    count = read(terminal, screen + *used, SCREEN_MAX - *used - 1);
    if (count <= 0)
        return false;
    kept = *used;
    for (ssize_t i = 0; i < count; i++) {
        if (screen[*used + (size_t)i] != '\r')
            screen[kept++] = screen[*used + (size_t)i];
    }
    *used = kept;
    screen[kept] = '\0';
    return true;
}

static void converse(int terminal, const struct reply *replies, char *screen)
{
    size_t used = 0, looked_at = 0;

    for (;;) {
        const char *seen = replies->seen ? strstr(screen + looked_at, replies->seen) : NULL;

        if (seen) {
            looked_at = (size_t)(seen - screen) + strlen(replies->seen);
            if (write(terminal, replies->typed, strlen(replies->typed)) < 0)
                return;
            replies++;
        } else if (!read_more(terminal, screen, &used)) {
            return;
        }
    }
}

int sitting_run(struct scene *scene, const char *line, const struct reply *replies)
{
    char *screen = calloc(1, SCREEN_MAX);
    int terminal, status;
    pid_t child;

    fflush(NULL);
    child = forkpty(&terminal, NULL, NULL, NULL);
    if (child == 0)
        run_child(scene, line);
    converse(terminal, replies, screen);
    close(terminal);
    kill(child, SIGHUP);
    waitpid(child, &status, 0);
    free(scene->out);
    scene->out = screen;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
