/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads agentd.conf; see settings.h. The keys are rows. The file is read here and given to
 * libconfig as text, because its scanner ends the process on a file that cannot be read.
 */
#include "agentd/settings.h"

#include <errno.h>
#include <libconfig.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"
#include "ha/base/text.h"

/* A dozen lines are usual; what is longer is some other file. */
#define FILE_BYTES_MAX 65536
/* A slip of the hand, not another word. */
#define NEAR_MAX 3

enum key_kind {
    KEY_PATH,     /* absolute */
    KEY_WATCHDOG, /* a device, or unix:PATH */
    KEY_FLAG,
};

struct key {
    const char *name;
    size_t offset;
    size_t size;
    enum key_kind kind;
    const char *fallback;
};

#define FIELD(name) #name, offsetof(struct settings, name), sizeof(((struct settings *)0)->name)

static const struct key keys[] = {
    {FIELD(watchdog), KEY_WATCHDOG, "/dev/watchdog"},
    {FIELD(keeper), KEY_PATH, "/run/tenuto/keeper.sock"},
    {FIELD(control), KEY_PATH, "/run/tenuto/tenutod.sock"},
    {FIELD(store), KEY_PATH, "/var/lib/tenuto/tenuto.db"},
    {FIELD(record), KEY_PATH, "/var/lib/tenuto/record"},
    {FIELD(run), KEY_PATH, "/run/tenuto/services"},
    {FIELD(corosync), KEY_PATH, "/etc/corosync/corosync.conf"},
    {FIELD(ocf_root), KEY_PATH, "/usr/lib/ocf"},
    {FIELD(fence_agents), KEY_PATH, "/usr/sbin"},
    {FIELD(cache), KEY_PATH, "/var/cache/tenuto/agents"},
    {FIELD(debug), KEY_FLAG, NULL},
};
#define KEYS_COUNT (sizeof(keys) / sizeof(keys[0]))

static char *text_of(struct settings *settings, const struct key *key)
{
    return (char *)settings + key->offset;
}

static bool unknown_key(const char *name, struct err *err)
{
    const char *nearest = NULL;
    int nearest_distance = NEAR_MAX + 1;

    for (size_t i = 0; i < KEYS_COUNT; i++) {
        int distance = text_distance(name, keys[i].name);

        if (distance < nearest_distance) {
            nearest = keys[i].name;
            nearest_distance = distance;
        }
    }
    if (nearest)
        return err_set(err, "there is no setting \"%s\"; did you mean \"%s\"?", name, nearest);
    return err_set(err, "there is no setting \"%s\" (what the cluster agrees on is in its policy)",
                   name);
}

static bool take_text(struct settings *settings, const struct key *key, const char *value,
                      struct err *err)
{
    const char *path = value;

    if (key->kind == KEY_WATCHDOG && strncmp(value, "unix:", 5) == 0)
        path = value + 5;
    if (path[0] != '/')
        return err_set(err, "\"%s\" must be an absolute path%s, not \"%s\"", key->name,
                       key->kind == KEY_WATCHDOG ? " or \"unix:\" and one" : "", value);
    if (!text_copy(text_of(settings, key), key->size, value))
        return err_set(err, "\"%s\" may be at most %zu bytes long, this has %zu", key->name,
                       key->size - 1, strlen(value));
    return true;
}

static bool take(struct settings *settings, const config_setting_t *setting, struct err *err)
{
    const char *name = config_setting_name(setting);
    const struct key *key = NULL;

    for (size_t i = 0; i < KEYS_COUNT; i++) {
        if (strcmp(keys[i].name, name) == 0)
            key = &keys[i];
    }
    if (!key)
        return unknown_key(name, err);
    if (key->kind == KEY_FLAG) {
        if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
            return err_set(err, "\"%s\" must be true or false", name);
        *(bool *)text_of(settings, key) = config_setting_get_bool(setting);
        return true;
    }
    if (config_setting_type(setting) != CONFIG_TYPE_STRING)
        return err_set(err, "\"%s\" must be text in quotes", name);
    return take_text(settings, key, config_setting_get_string(setting), err);
}

static bool take_all(struct settings *settings, const config_t *config, const char *file,
                     struct err *err)
{
    const config_setting_t *root = config_root_setting(config);

    for (int i = 0; i < config_setting_length(root); i++) {
        const config_setting_t *setting = config_setting_get_elem(root, (unsigned)i);

        if (!take(settings, setting, err))
            return err_in(err, "%s:%u", file, config_setting_source_line(setting));
    }
    return true;
}

static bool read_text(struct settings *settings, const char *text, const char *file,
                      struct err *err)
{
    config_t config;
    bool is_good;

    config_init(&config);
    if (config_read_string(&config, text) == CONFIG_TRUE)
        is_good = take_all(settings, &config, file, err);
    else
        is_good =
            err_set(err, "%s:%d: %s", file, config_error_line(&config), config_error_text(&config));
    config_destroy(&config);
    return is_good;
}

/* The whole file with a NUL, which the caller frees; NULL and errno. */
static char *read_file(const char *file)
{
    char *text = xcalloc(1, FILE_BYTES_MAX + 2);
    FILE *stream = fopen(file, "re");
    size_t length;
    int problem = errno;

    if (stream) {
        length = fread(text, 1, FILE_BYTES_MAX + 1, stream);
        problem = ferror(stream) ? errno : length > FILE_BYTES_MAX ? EFBIG : 0;
        fclose(stream);
    }
    if (stream && problem == 0)
        return text;
    free(text);
    errno = problem;
    return NULL;
}

bool settings_read(struct settings *settings, const char *file, bool is_required, struct err *err)
{
    char *text;
    bool is_good;

    *settings = (struct settings){0};
    for (size_t i = 0; i < KEYS_COUNT; i++) {
        if (keys[i].fallback)
            text_copy(text_of(settings, &keys[i]), keys[i].size, keys[i].fallback);
    }
    text = read_file(file);
    if (!text) {
        if (errno == ENOENT && !is_required)
            return true;
        return err_set(err, "cannot read the settings in %s: %m", file);
    }
    is_good = read_text(settings, text, file, err);
    free(text);
    return is_good;
}
