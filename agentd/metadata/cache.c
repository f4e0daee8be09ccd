/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of a line that says what they are of, and the bytes; see cache.h. */
#include "agentd/metadata/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ha/base/limits.h"

/* Agents share libraries, and print other things once these change; so nothing is kept for long. */
#define AGE_MAX_S (24 * 60 * 60)
/* An agent whose path is longer is asked each time. */
#define HEAD_MAX 2048

/* FNV-1a: finds a file that was cut or overwritten; nobody is to be kept out by it. */
static uint64_t sum_of(const char *bytes, size_t length)
{
    uint64_t sum = 14695981039346656037u;

    for (size_t i = 0; i < length; i++)
        sum = (sum ^ (unsigned char)bytes[i]) * 1099511628211u;
    return sum;
}

static int write_head(char *head, const struct cache_key *key, const char *bytes, size_t length)
{
    const struct stat *program = key->program;

    return snprintf(head, HEAD_MAX, "tenuto agent 1 %s %lld.%09ld %lld %llu %zu %016llx\n",
                    key->path, (long long)program->st_mtim.tv_sec, program->st_mtim.tv_nsec,
                    (long long)program->st_size, (unsigned long long)program->st_ino, length,
                    (unsigned long long)sum_of(bytes, length));
}

static bool path_of(char *path, const struct cache_key *key, const char *behind)
{
    int length = snprintf(path, PATH_MAX, "%s/%s%s", key->folder, key->name, behind);

    return key->folder[0] && !strchr(key->name, '/') && key->name[0] != '.' && length < PATH_MAX;
}

/* Nobody else may have put words into the agent's mouth. */
static bool is_ours(const struct stat *file)
{
    time_t now = time(NULL);

    return S_ISREG(file->st_mode) && file->st_uid == geteuid() && !(file->st_mode & 022) &&
           file->st_size <= METADATA_BYTES_MAX + HEAD_MAX && file->st_mtime <= now &&
           file->st_mtime > now - AGE_MAX_S;
}

static bool read_whole(int fd, char *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t count = read(fd, bytes + done, size - done);

        if (count == 0 || (count < 0 && errno != EINTR))
            return false;
        done += count > 0 ? (size_t)count : 0;
    }
    return true;
}

static void forget(const struct cache_key *key)
{
    char path[PATH_MAX];

    if (path_of(path, key, ""))
        unlink(path);
}

char *cache_read(struct arena *arena, const struct cache_key *key, size_t *length)
{
    char path[PATH_MAX], head[HEAD_MAX];
    char *bytes = NULL, *body = NULL;
    struct stat file;
    int fd = -1;

    if (path_of(path, key, ""))
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    if (fstat(fd, &file) == 0 && is_ours(&file)) {
        bytes = arena_alloc(arena, (size_t)file.st_size + 1);
        if (read_whole(fd, bytes, (size_t)file.st_size))
            body = memchr(bytes, '\n', (size_t)file.st_size);
    }
    close(fd);
    if (body) {
        *length = (size_t)(bytes + file.st_size - ++body);
        if (write_head(head, key, body, *length) == body - bytes && body - bytes < HEAD_MAX &&
            memcmp(head, bytes, (size_t)(body - bytes)) == 0)
            return body;
    }
    forget(key);
    return NULL;
}

/* Each folder of the path that is not there yet. */
static bool make_folders(const char *folder)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s", folder);

    for (char *at = path + 1; length < PATH_MAX; at++) {
        bool is_end = *at == '\0';

        if (!is_end && *at != '/')
            continue;
        *at = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return false;
        if (is_end)
            return true;
        *at = '/';
    }
    return false;
}

static bool write_whole(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t count = write(fd, bytes, length);

        if (count < 0 && errno != EINTR)
            return false;
        bytes += count > 0 ? count : 0;
        length -= count > 0 ? (size_t)count : 0;
    }
    return true;
}

void cache_write(const struct cache_key *key, const char *bytes, size_t length)
{
    char path[PATH_MAX], other[PATH_MAX], head[HEAD_MAX];
    int fd, head_length = write_head(head, key, bytes, length);

    if (!path_of(path, key, "") || !path_of(other, key, ".XXXXXX") || head_length >= HEAD_MAX ||
        !make_folders(key->folder))
        return;
    fd = mkostemp(other, O_CLOEXEC);
    if (fd < 0)
        return;
    /* Not synced: what a crash leaves behind does not match its sum. */
    if (!write_whole(fd, head, (size_t)head_length) || !write_whole(fd, bytes, length) ||
        rename(other, path) != 0)
        unlink(other);
    close(fd);
}
