/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files for tests of this room; see metadata_test.h. */
#include "tests/unit/metadata/metadata_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void folder_open(struct folder *folder)
{
    snprintf(folder->path, sizeof(folder->path), "/tmp/tenuto-metadata-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
}

void folder_close(struct folder *folder)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", folder->path);
    assert_int_equal(system(command), 0);
}

const char *folder_write(const struct folder *folder, const char *name, const char *text)
{
    static char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder->path, name);
    for (char *at = path + strlen(folder->path) + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        mkdir(path, 0755);
        *at = '/';
    }
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

const char *folder_write_agent(const struct folder *folder, const char *name, const char *text)
{
    char whole[8192];
    const char *path;

    snprintf(whole, sizeof(whole), "#!/bin/sh\n%s", text);
    path = folder_write(folder, name, whole);
    assert_int_equal(chmod(path, 0755), 0);
    return path;
}

int folder_count_lines(const struct folder *folder, const char *name)
{
    char path[256];
    FILE *file;
    int n = 0;

    snprintf(path, sizeof(path), "%s/%s", folder->path, name);
    file = fopen(path, "r");
    if (!file)
        return -1;
    for (int byte; (byte = fgetc(file)) != EOF;)
        n += byte == '\n';
    fclose(file);
    return n;
}
