/* SPDX-License-Identifier: GPL-3.0-or-later */
/* console.conf; see settings.h. */
#include "console/settings.h"

#include <errno.h>
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentd/control.h"
#include "ha/base/text.h"

#define HISTORY_LINES 2000
/* A person cannot read faster than that, and a slow line cannot carry more. */
#define REDRAWS_MAX 10

/* One key of the file: reads its value; false and err says what it should be. */
struct key {
    const char *name;
    bool (*read)(struct settings *settings, const config_setting_t *value, struct err *err);
};

/* $variable/rest, or ~/below/rest when the variable is not set; "" without a home. */
static void path_below(char *path, const char *variable, const char *below, const char *rest)
{
    const char *base = getenv(variable), *home = getenv("HOME");
    int length = -1;

    if (base && base[0] == '/')
        length = snprintf(path, PATH_MAX, "%s/%s", base, rest);
    else if (home && home[0] == '/')
        length = snprintf(path, PATH_MAX, "%s/%s/%s", home, below, rest);
    if (length < 0 || length >= PATH_MAX)
        path[0] = '\0';
}

void settings_init(struct settings *settings)
{
    *settings = (struct settings){
        .colours = COLOURS_AUTO,
        .history_lines = HISTORY_LINES,
        .redraws_per_second = REDRAWS_MAX,
    };
    text_copy(settings->socket, sizeof(settings->socket), CONTROL_SOCKET);
    text_copy(settings->record, sizeof(settings->record), "/var/lib/tenuto/record");
    text_copy(settings->ocf_root, sizeof(settings->ocf_root), "/usr/lib/ocf");
    text_copy(settings->fence_agents, sizeof(settings->fence_agents), "/usr/sbin");
    path_below(settings->cache, "XDG_CACHE_HOME", ".cache", "tenuto/agents");
    path_below(settings->history, "XDG_STATE_HOME", ".local/state", "tenuto/history");
}

static bool read_path(char *path, const config_setting_t *value, struct err *err)
{
    const char *text = config_setting_get_string(value);

    if (!text || (text[0] != '/' && text[0] != '\0'))
        return err_set(err, "should be a path in quotes that begins with /");
    return text_copy(path, PATH_MAX, text) || err_set(err, "is too long for a path");
}

static bool read_socket(struct settings *settings, const config_setting_t *value, struct err *err)
{
    return read_path(settings->socket, value, err);
}

static bool read_record(struct settings *settings, const config_setting_t *value, struct err *err)
{
    return read_path(settings->record, value, err);
}

static bool read_history(struct settings *settings, const config_setting_t *value, struct err *err)
{
    return read_path(settings->history, value, err);
}

static bool read_ocf_root(struct settings *settings, const config_setting_t *value, struct err *err)
{
    return read_path(settings->ocf_root, value, err);
}

static bool read_fence(struct settings *settings, const config_setting_t *value, struct err *err)
{
    return read_path(settings->fence_agents, value, err);
}

static bool read_cache(struct settings *settings, const config_setting_t *value, struct err *err)
{
    return read_path(settings->cache, value, err);
}

static bool read_colours(struct settings *settings, const config_setting_t *value, struct err *err)
{
    static const char *const names[] = {"auto", "never", "always"};
    const char *text = config_setting_get_string(value);

    for (int i = 0; text && i < 3; i++) {
        if (strcmp(text, names[i]) == 0) {
            settings->colours = (enum colours)i;
            return true;
        }
    }
    return err_set(err, "should be \"auto\", \"never\" or \"always\"");
}

static bool read_number(int *number, int least, int most, const config_setting_t *value,
                        struct err *err)
{
    if (config_setting_type(value) != CONFIG_TYPE_INT || config_setting_get_int(value) < least ||
        config_setting_get_int(value) > most)
        return err_set(err, "should be a whole number from %d to %d", least, most);
    *number = config_setting_get_int(value);
    return true;
}

static bool read_history_lines(struct settings *settings, const config_setting_t *value,
                               struct err *err)
{
    return read_number(&settings->history_lines, 0, 100000, value, err);
}

static bool read_redraws(struct settings *settings, const config_setting_t *value, struct err *err)
{
    return read_number(&settings->redraws_per_second, 1, REDRAWS_MAX, value, err);
}

static const struct key keys[] = {
    {"socket", read_socket},
    {"record", read_record},
    {"colours", read_colours},
    {"history", read_history},
    {"history_lines", read_history_lines},
    {"ocf_root", read_ocf_root},
    {"fence_agents", read_fence},
    {"cache", read_cache},
    {"redraws_per_second", read_redraws},
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static bool unknown_key(const char *name, struct err *err)
{
    for (size_t i = 0; i < N_KEYS; i++) {
        if (text_distance(name, keys[i].name) <= 2)
            return err_set(err, "there is no setting \"%s\"; did you mean \"%s\"?", name,
                           keys[i].name);
    }
    return err_set(err,
                   "there is no setting \"%s\"; there are socket, record, colours, history, "
                   "history_lines, ocf_root, fence_agents, cache and redraws_per_second",
                   name);
}

static bool read_value(struct settings *settings, const config_setting_t *value, struct err *err)
{
    const char *name = config_setting_name(value);

    for (size_t i = 0; i < N_KEYS; i++) {
        if (strcmp(name, keys[i].name) == 0)
            return keys[i].read(settings, value, err) || err_in(err, "%s", name);
    }
    return unknown_key(name, err);
}

static bool read_stream(struct settings *settings, FILE *file, const char *path, struct err *err)
{
    config_t config;
    const config_setting_t *root;
    bool is_right = true;

    config_init(&config);
    if (config_read(&config, file) != CONFIG_TRUE) {
        is_right =
            err_set(err, "%s:%d: %s", path, config_error_line(&config), config_error_text(&config));
        config_destroy(&config);
        return is_right;
    }
    root = config_root_setting(&config);
    for (int i = 0; is_right && i < config_setting_length(root); i++) {
        const config_setting_t *value = config_setting_get_elem(root, (unsigned)i);

        if (!read_value(settings, value, err))
            is_right = err_in(err, "%s:%d", path, (int)config_setting_source_line(value));
    }
    config_destroy(&config);
    return is_right;
}

bool settings_read(struct settings *settings, const char *path, bool must_exist, struct err *err)
{
    FILE *file = fopen(path, "re");
    bool is_right;

    if (!file && errno == ENOENT && !must_exist)
        return true;
    if (!file)
        return err_set(err, "cannot read the settings %s: %m", path);
    is_right = read_stream(settings, file, path, err);
    fclose(file);
    return is_right;
}

bool settings_load(struct settings *settings, const char *path, struct err *err)
{
    char own[PATH_MAX];

    settings_init(settings);
    if (path)
        return settings_read(settings, path, true, err);
    if (!settings_read(settings, SETTINGS_FILE, false, err))
        return false;
    path_below(own, "XDG_CONFIG_HOME", ".config", "tenuto/console.conf");
    return own[0] == '\0' || settings_read(settings, own, false, err);
}

bool settings_want_colour(const struct settings *settings, int fd)
{
    const char *terminal = getenv("TERM"), *no_color = getenv("NO_COLOR");

    if (settings->colours != COLOURS_AUTO)
        return settings->colours == COLOURS_ALWAYS;
    if (no_color && no_color[0] != '\0')
        return false;
    return isatty(fd) && terminal && strcmp(terminal, "dumb") != 0;
}
