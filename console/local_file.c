/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading and replacing what lies on this machine; see local_file.h. */
#include "console/local_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ha/base/arena.h"
#include "ha/base/limits.h"
#include "ha/base/text.h"

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

bool local_write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t count = write(fd, text, length);

        if (count < 0 && errno != EINTR)
            return false;
        if (count > 0) {
            text += count;
            length -= (size_t)count;
        }
    }
    return true;
}

/*
 * The new text goes into a file beside the old one and takes its name only when it is
 * complete on disk, with the old one's mode and owner: whatever fails, one of the two is whole.
 */
bool local_replace_file(const char *file, const char *text, struct err *err)
{
    char real[PATH_MAX], other[PATH_MAX + 16];
    struct stat before;
    bool is_written;
    int fd;

    if (!realpath(file, real) || stat(real, &before) != 0)
        return err_set(err, "cannot find %s: %m", file);
    snprintf(other, sizeof(other), "%s.XXXXXX", real);
    fd = mkostemp(other, O_CLOEXEC);
    if (fd < 0)
        return err_set(err, "cannot write beside %s: %m; it is unchanged", file);
    is_written = local_write_all(fd, text, strlen(text)) && fchmod(fd, before.st_mode & 07777) == 0;
    /* Only root can give a file away; for others it is theirs anyway. */
    if (is_written && before.st_uid != geteuid())
        is_written = fchown(fd, before.st_uid, before.st_gid) == 0;
    is_written = is_written && fsync(fd) == 0;
    close(fd);
    if (is_written && rename(other, real) == 0)
        return true;
    err_set(err, "cannot write %s: %m; it is unchanged", file);
    unlink(other);
    return false;
}

void local_make_folders(const char *file)
{
    char path[PATH_MAX];

    text_copy(path, sizeof(path), file);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
}
