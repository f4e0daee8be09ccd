/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Records of services on disk; see hands_record.h. Each is written to "NAME~new" and renamed, so a
 * reader finds the old one or the new one, whole. "~" is in no name of a service.
 */
#include "agentd/hands_record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ha/base/json.h"
#include "ha/base/log.h"
#include "ha/base/text.h"

#define PATH_BYTES 512
/* A definition is a part of a policy; JSON may take six bytes to say one. */
#define RECORD_BYTES_MAX (6LL * POLICY_BYTES_MAX)
/* SIGKILL is a matter of milliseconds; who takes longer hangs in the kernel. */
#define KILL_WAIT_MS 1000

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

static void record_path(char *path, const char *directory, const char *name, const char *suffix)
{
    struct text text;

    text_init(&text, path, PATH_BYTES);
    text_add(&text, "%s/", directory);
    for (const char *at = name; *at; at++)
        text_add(&text, is_plain(*at) ? "%c" : "%%%02X", (unsigned char)*at);
    text_add(&text, "%s", suffix);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* False: no service has a file of that name. */
static bool name_of_file(char *name, const char *file)
{
    size_t length = 0;

    for (const char *at = file; *at; at++) {
        char c = *at;

        if (c == '%') {
            if (hex_digit(at[1]) < 0 || hex_digit(at[2]) < 0)
                return false;
            c = (char)(hex_digit(at[1]) * 16 + hex_digit(at[2]));
            at += 2;
        } else if (!is_plain(c)) {
            return false;
        }
        if (length >= SERVICE_NAME_MAX - 1)
            return false;
        name[length++] = c;
    }
    name[length] = '\0';
    return service_name_is_valid(name);
}

bool record_directory_make(const char *directory, struct err *err)
{
    char path[PATH_BYTES];

    if (!text_copy(path, sizeof(path), directory))
        return err_set(err, "the name of the directory %s is too long", directory);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            return err_set(err, "cannot make the directory %s: %m", path);
        *slash = '/';
    }
    if ((mkdir(path, 0700) != 0 && errno != EEXIST) || chmod(path, 0700) != 0)
        return err_set(err, "cannot make the directory %s: %m", path);
    return true;
}

static json_t *definition_to_json(const struct resource *resource)
{
    json_t *settings = json_array();

    for (int i = 0; i < resource->n_settings; i++)
        json_array_append_new(
            settings, json_pack("[ss]", resource->settings[i].name, resource->settings[i].value));
    return json_pack("{s:s, s:s?, s:I, s:I, s:I, s:I, s:o}", "type", resource->type, "agent",
                     resource->agent, "start_timeout", (json_int_t)resource->start_timeout.ms,
                     "stop_timeout", (json_int_t)resource->stop_timeout.ms, "monitor_every",
                     (json_int_t)resource->monitor_every.ms, "monitor_timeout",
                     (json_int_t)resource->monitor_timeout.ms, "settings", settings);
}

static json_t *record_to_json(const struct record *record)
{
    json_t *json =
        json_pack("{s:s, s:I}", "name", record->name, "cause", (json_int_t)record->cause);

    if (record->arena)
        json_object_set_new(json, "definition", definition_to_json(&record->definition));
    if (record->job.pid)
        json_object_set_new(json, "job",
                            json_pack("{s:s, s:i, s:I}", "kind", job_kind_name(record->job.kind),
                                      "pid", record->job.pid, "started",
                                      (json_int_t)record->job.started));
    return json;
}

static bool write_file(const char *path, const char *text, struct err *err)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    size_t length = strlen(text);

    if (file < 0)
        return err_set(err, "cannot write %s: %m", path);
    while (length > 0) {
        ssize_t written = write(file, text, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            err_set(err, "cannot write %s: %m", path);
            close(file);
            return false;
        }
        text += written;
        length -= (size_t)written;
    }
    close(file);
    return true;
}

bool record_save(const char *directory, const struct record *record, struct err *err)
{
    char path[PATH_BYTES], next[PATH_BYTES];
    autojson *json = record_to_json(record);
    char *text;
    bool is_written;

    record_path(path, directory, record->name, "");
    record_path(next, directory, record->name, "~new");
    text = json_write(json);
    is_written = write_file(next, text, err);
    free(text);
    if (!is_written) {
        unlink(next);
        return false;
    }
    if (rename(next, path) != 0)
        return err_set(err, "cannot rename %s: %m", next);
    return true;
}

bool record_delete(const char *directory, const char *name, struct err *err)
{
    char path[PATH_BYTES];

    record_path(path, directory, name, "");
    if (unlink(path) != 0 && errno != ENOENT)
        return err_set(err, "cannot remove %s: %m", path);
    return true;
}

void record_define(struct record *record, const struct resource *resource)
{
    struct arena *arena = arena_new();

    record->definition = resource_copy(arena, resource);
    arena_free(record->arena);
    record->arena = arena;
}

void record_fini(struct record *record)
{
    arena_free(record->arena);
    *record = (struct record){0};
}

static bool settings_from_json(struct resource *resource, const json_t *list, struct arena *arena)
{
    size_t count = json_array_size(list);
    struct setting *settings = arena_alloc(arena, count * sizeof(*settings) + 1);

    if (!json_is_array(list) || count > POLICY_BYTES_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *pair = json_array_get(list, i);

        settings[i].name = json_string_value(json_array_get(pair, 0));
        settings[i].value = json_string_value(json_array_get(pair, 1));
        if (!settings[i].name || !settings[i].value)
            return false;
    }
    resource->settings = settings;
    resource->n_settings = (int)count;
    return true;
}

static bool duration_from_json(struct duration *span, const json_t *json, const char *key,
                               struct err *err)
{
    if (!json_need_int(json, key, &span->ms, err))
        return false;
    return span->ms >= 0 || err_set(err, "\"%s\" is below zero", key);
}

static bool definition_from_json(struct record *record, const json_t *json, const char *node,
                                 struct err *err)
{
    struct resource resource = {.name = record->name, .node = node};
    struct arena *arena;
    bool is_good;

    if (!json_need_text(json, "type", &resource.type, err) ||
        !duration_from_json(&resource.start_timeout, json, "start_timeout", err) ||
        !duration_from_json(&resource.stop_timeout, json, "stop_timeout", err) ||
        !duration_from_json(&resource.monitor_every, json, "monitor_every", err) ||
        !duration_from_json(&resource.monitor_timeout, json, "monitor_timeout", err))
        return false;
    resource.agent = json_text(json, "agent", NULL);
    arena = arena_new();
    is_good = settings_from_json(&resource, json_object_get(json, "settings"), arena);
    if (is_good)
        record_define(record, &resource);
    arena_free(arena);
    return is_good || err_set(err, "\"settings\" is not a list of pairs of text");
}

static bool job_from_json(struct record_job *job, const json_t *json, struct err *err)
{
    const char *kind;
    int64_t pid, started;

    if (!json_need_text(json, "kind", &kind, err) || !json_need_int(json, "pid", &pid, err) ||
        !json_need_int(json, "started", &started, err))
        return false;
    /* These numbers are going to be killed: 0, 1 and -1 would mean somebody else, or everybody. */
    if (pid <= 1 || pid > INT32_MAX || started <= 0)
        return err_set(err, "process %lld that began at %lld cannot be a job", (long long)pid,
                       (long long)started);
    for (int i = JOB_START; i <= JOB_MONITOR; i++) {
        if (strcmp(job_kind_name((enum job_kind)i), kind) == 0) {
            *job = (struct record_job){(enum job_kind)i, (int)pid, (uint64_t)started};
            return true;
        }
    }
    return err_set(err, "there is no job \"%s\"", kind);
}

static bool record_from_json(struct record *record, const json_t *json, const char *node,
                             struct err *err)
{
    const json_t *definition = json_object_get(json, "definition");
    const json_t *job = json_object_get(json, "job");
    const char *name;
    int64_t cause;

    if (!json_need_text(json, "name", &name, err) || !json_need_int(json, "cause", &cause, err))
        return false;
    if (strcmp(name, record->name) != 0)
        return err_set(err, "it speaks of %s", name);
    record->cause = (uint64_t)cause;
    if (job && !job_from_json(&record->job, job, err))
        return false;
    return !definition || definition_from_json(record, definition, node, err);
}

/* The whole text, which the caller frees. */
static char *read_file(const char *path, size_t *length, struct err *err)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat status;
    ssize_t count = -1;
    char *text = NULL;

    if (file < 0) {
        err_set(err, "%m");
        return NULL;
    }
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_size > RECORD_BYTES_MAX) {
        err_set(err, "it is no file, or a huge one");
        close(file);
        return NULL;
    }
    text = xcalloc(1, (size_t)status.st_size + 1);
    count = read(file, text, (size_t)status.st_size);
    if (count < 0) {
        err_set(err, "%m");
        free(text);
        text = NULL;
    }
    close(file);
    *length = count < 0 ? 0 : (size_t)count;
    return text;
}

static bool load(struct record *record, const char *path, const char *node, struct err *err)
{
    size_t length;
    char *text = read_file(path, &length, err);
    autojson *json = NULL;

    if (!text)
        return false;
    json = json_read(text, length, err);
    free(text);
    return json && record_from_json(record, json, node, err);
}

/* False: it was no record, and there is nothing to take its place. */
static bool load_or_put_aside(struct record *record, const char *directory, const char *file,
                              const char *node)
{
    char path[PATH_BYTES], aside[PATH_BYTES + 16];
    bool is_name = name_of_file(record->name, file);
    struct err err = {"its name is not one of a service"};

    snprintf(path, sizeof(path), "%s/%s", directory, file);
    if (is_name && load(record, path, node, &err))
        return true;
    snprintf(aside, sizeof(aside), "%s~unreadable", path);
    if (rename(path, aside) != 0)
        log_error("cannot rename %s: %m", path);
    if (!is_name) {
        log_error("%s is no record of a service (%s); kept as %s", path, err.text, aside);
        return false;
    }
    log_error("the record of %s cannot be read (%s) and is kept as %s; %s may be running here",
              record->name, err.text, aside, record->name);
    arena_free(record->arena);
    record->arena = NULL;
    record->cause = 0;
    record->job = (struct record_job){0};
    if (!record_save(directory, record, &err))
        log_error("%s", err.text);
    return true;
}

bool record_load_all(const char *directory, const char *node,
                     void (*take)(void *context, const struct record *record), void *context,
                     struct err *err)
{
    DIR *list = opendir(directory);

    if (!list)
        return err_set(err, "cannot read the directory %s: %m", directory);
    for (const struct dirent *entry; (entry = readdir(list));) {
        struct record record = {0};

        if (entry->d_name[0] == '.' || strchr(entry->d_name, '~'))
            continue;
        if (load_or_put_aside(&record, directory, entry->d_name, node))
            take(context, &record);
    }
    closedir(list);
    return true;
}

uint64_t process_started(int pid)
{
    char path[64], line[1024] = "";
    unsigned long long started = 0;
    const char *state;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    file = fopen(path, "re");
    if (!file)
        return 0;
    /* The name, field 2, may hold anything, brackets too; field 3 follows the last of them. */
    state = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
    fclose(file);
    if (!state || state[1] == '\0' || state[2] == 'Z' || state[2] == 'X')
        return 0;
    state += 2;
    for (int field = 3; field < 22 && state; field++) {
        state = strchr(state, ' ');
        state = state ? state + 1 : NULL;
    }
    if (state)
        started = strtoull(state, NULL, 10);
    return started;
}

void record_job_kill(const struct record_job *job, const char *name)
{
    int pidfd = job->pid > 1 ? pidfd_open(job->pid, 0) : -1;
    struct pollfd wait = {.fd = pidfd, .events = POLLIN};

    if (pidfd < 0)
        return;
    if (process_started(job->pid) == job->started) {
        log_warning("%s: its %s was under way when the agent before us ended; killing process %d",
                    name, job_kind_name(job->kind), job->pid);
        kill(-job->pid, SIGKILL);
        pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
        if (poll(&wait, 1, KILL_WAIT_MS) <= 0)
            log_error("%s: process %d was killed and is still there after %d ms", name, job->pid,
                      KILL_WAIT_MS);
    }
    close(pidfd);
}
