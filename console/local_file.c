/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading what lies on this machine; see local_file.h. */
#include "console/local_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ha/base/arena.h"
#include "ha/base/limits.h"

static char *read_all(int fd, const char *path, size_t *length, struct err *err)
{
    size_t size = 65536, used = 0;
    char *bytes = xcalloc(size, 1);

    for (;;) {
        ssize_t count = read(fd, bytes + used, size - used - 1);

        if (count == 0)
            break;
        if (count < 0 && errno == EINTR)
            continue;
        used += count > 0 ? (size_t)count : 0;
        if (count < 0 || used > POLICY_BYTES_MAX) {
            if (count < 0)
                err_set(err, "cannot read %s: %m", path);
            else
                err_set(err, "%s is longer than a policy may be (%d bytes)", path,
                        POLICY_BYTES_MAX);
            free(bytes);
            return NULL;
        }
        if (size - used < 4096) {
            size *= 2;
            bytes = xrealloc(bytes, size);
        }
    }
    bytes[used] = '\0';
    *length = used;
    return bytes;
}

char *local_read_file(const char *path, size_t *length, struct err *err)
{
    bool is_input = strcmp(path, "-") == 0;
    int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    char *text;

    if (fd < 0) {
        err_set(err, "cannot read %s: %m", path);
        return NULL;
    }
    text = read_all(fd, is_input ? "standard input" : path, length, err);
    if (!is_input)
        close(fd);
    return text;
}
