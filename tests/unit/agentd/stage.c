/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stage of the tests of the hands; see stage.h. */
#include "tests/unit/agentd/stage.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

long stage_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void stage_open(struct stage *stage)
{
    struct settings *settings = &stage->settings;

    *stage = (struct stage){0};
    snprintf(stage->directory, sizeof(stage->directory), "/tmp/tenuto-test-XXXXXX");
    assert_non_null(mkdtemp(stage->directory));
    snprintf(settings->ocf_root, sizeof(settings->ocf_root), "%s", stage->directory);
    snprintf(settings->run, sizeof(settings->run), "%s/run", stage->directory);
    assert_int_equal(mkdir(stage_path(stage, "resource.d"), 0755), 0);
    assert_int_equal(mkdir(stage_path(stage, "resource.d/test"), 0755), 0);
    assert_true(sd_event_new(&stage->loop) >= 0);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

void stage_close(struct stage *stage)
{
    sd_event_unref(stage->loop);
    nftw(stage->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *stage_path(const struct stage *stage, const char *name)
{
    static char paths[8][512];
    static int next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof(paths[0]), "%s/%s", stage->directory, name);
    return path;
}

void stage_write(const struct stage *stage, const char *name, const char *text, unsigned mode)
{
    const char *path = stage_path(stage, name);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

void stage_agent(const struct stage *stage, const char *name, const char *script)
{
    char path[128], text[4096];

    snprintf(path, sizeof(path), "resource.d/test/%s", name);
    snprintf(text, sizeof(text), "#!/bin/sh\nTOP=%s\n%s\n", stage->directory, script);
    stage_write(stage, path, text, 0755);
}

const char *stage_read(const struct stage *stage, const char *name)
{
    static char text[65536];
    FILE *file = fopen(stage_path(stage, name), "r");
    size_t length;

    text[0] = '\0';
    if (!file)
        return text;
    length = fread(text, 1, sizeof(text) - 1, file);
    text[length] = '\0';
    fclose(file);
    return text;
}

bool stage_has(const struct stage *stage, const char *name)
{
    return access(stage_path(stage, name), F_OK) == 0;
}

int stage_read_pid(const struct stage *stage, const char *name)
{
    for (int i = 0; i < STAGE_PATIENCE_MS / 10; i++) {
        const char *text = stage_read(stage, name);

        if (strchr(text, '\n'))
            return (int)strtol(text, NULL, 10);
        usleep(10000);
    }
    fail_msg("nobody wrote %s", name);
    return 0;
}

static void run_until(const struct stage *stage, const int *count, int wanted, int ms)
{
    long end = stage_clock_ms() + ms;

    while (*count < wanted && stage_clock_ms() < end)
        assert_true(sd_event_run(stage->loop, 10000) >= 0);
}

bool stage_run(const struct stage *stage, const int *count, int wanted)
{
    run_until(stage, count, wanted, STAGE_PATIENCE_MS);
    return *count >= wanted;
}

/* A busy machine may have left no time for what was due by then: that is done too. */
void stage_run_for(const struct stage *stage, int ms)
{
    int never = 0;

    run_until(stage, &never, 1, ms);
    for (int i = 0; i < 10000 && sd_event_run(stage->loop, 0) > 0; i++)
        continue;
}

bool process_is_gone(int pid)
{
    for (int i = 0; i < STAGE_PATIENCE_MS / 10; i++) {
        char path[64], line[512] = "";
        const char *state;
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/stat", pid);
        file = fopen(path, "r");
        if (!file)
            return true;
        state = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
        fclose(file);
        if (!state || state[2] == 'Z' || state[2] == 'X')
            return true;
        usleep(10000);
    }
    return false;
}
