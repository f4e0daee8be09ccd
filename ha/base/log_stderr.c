/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines to standard error with a syslog priority in front; the only maker the keeper links. */
#include "ha/base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static int is_debug;

void log_set_debug(int is_on)
{
    is_debug = is_on;
}

/*
 * A reader that has stopped reading must not stop us: a line that would wait is lost, and counted,
 * and the next one that goes out says so.
 */
static void put(const char *line, size_t length)
{
    static unsigned n_lost;
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    char words[64];
    int said;

    if (poll(&out, 1, 0) == 0) {
        n_lost++;
        return;
    }
    if (n_lost) {
        said = snprintf(words, sizeof(words), "<4>%u lines before this one were lost\n", n_lost);
        if (write(STDERR_FILENO, words, (size_t)said) > 0)
            n_lost = 0;
    }
    if (write(STDERR_FILENO, line, length) < 0)
        n_lost++;
}

/* One write a line, from the stack: nothing is allocated, lines of threads do not mix. */
static void line(int priority, const char *format, va_list args)
{
    char buffer[1024];
    int saved = errno;
    int head = snprintf(buffer, sizeof(buffer), "<%d>", priority);
    int body = vsnprintf(buffer + head, sizeof(buffer) - (size_t)head - 1, format, args);
    int length = head + body;

    if (body < 0)
        return;
    if (length > (int)sizeof(buffer) - 2)
        length = (int)sizeof(buffer) - 2;
    buffer[length++] = '\n';
    put(buffer, (size_t)length);
    errno = saved;
}

#define VERB(name, priority)                                                                       \
    void name(const char *format, ...)                                                             \
    {                                                                                              \
        va_list args;                                                                              \
                                                                                                   \
        va_start(args, format);                                                                    \
        line(priority, format, args);                                                              \
        va_end(args);                                                                              \
    }

VERB(log_error, 3)
VERB(log_warning, 4)
VERB(log_info, 6)

void log_debug(const char *format, ...)
{
    va_list args;

    if (!is_debug)
        return;
    va_start(args, format);
    line(7, format, args);
    va_end(args);
}
