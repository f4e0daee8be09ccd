/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder, a fake agent, a verb run and what it said; see scene.h. */
#include "tests/unit/console/scene.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/command.h"
#include "console/line.h"
#include "tests/fakes/fake_agent.h"

void scene_open(struct scene *scene, const char *script)
{
    memset(scene, 0, sizeof(*scene));
    setlocale(LC_ALL, "C.UTF-8");
    setenv("TZ", "UTC", 1);
    snprintf(scene->folder, sizeof(scene->folder), "/tmp/tenuto-console-XXXXXX");
    if (!mkdtemp(scene->folder))
        abort();
    snprintf(scene->socket, sizeof(scene->socket), "%s/socket", scene->folder);
    settings_init(&scene->settings);
    snprintf(scene->settings.socket, sizeof(scene->settings.socket), "%s", scene->socket);
    /* Whatever this machine has installed, these tests know only what they bring along. */
    snprintf(scene->settings.ocf_root, PATH_MAX, "%s/ocf", scene->folder);
    snprintf(scene->settings.fence_agents, PATH_MAX, "%s/sbin", scene->folder);
    snprintf(scene->settings.cache, PATH_MAX, "%s/cache/agents", scene->folder);
    if (script)
        scene->agent = fake_agent_start(scene->socket, script);
}

void scene_close(struct scene *scene)
{
    char command[128];

    if (scene->agent)
        fake_agent_stop(scene->agent, scene->socket);
    free(scene->out);
    free(scene->err);
    snprintf(command, sizeof(command), "rm -rf %s", scene->folder);
    if (system(command) != 0)
        abort();
}

int scene_run(struct scene *scene, const char *text)
{
    size_t out_size, err_size;
    FILE *out, *err;
    struct line line;
    int code;

    free(scene->out);
    free(scene->err);
    out = open_memstream(&scene->out, &out_size);
    err = open_memstream(&scene->err, &err_size);
    if (!line_split(&line, text, NULL))
        abort();
    code = command_run_words(&scene->settings, line.n_words, line.words, out, err);
    line_fini(&line);
    fclose(out);
    fclose(err);
    return code;
}

const char *scene_write(struct scene *scene, const char *name, const char *text)
{
    static char path[160];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", scene->folder, name);
    file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
    return path;
}

const char *scene_read(const char *path)
{
    static char text[65536];
    FILE *file = fopen(path, "r");
    size_t length;

    if (!file)
        return NULL;
    length = fread(text, 1, sizeof(text) - 1, file);
    text[length] = '\0';
    fclose(file);
    return text;
}
