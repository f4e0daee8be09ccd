/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tenuto: one command, the shell, or the full-screen console. */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "console/command.h"
#include "console/screen/screen.h"
#include "console/settings.h"
#include "console/shell.h"
#include "ha/base/text.h"

struct options {
    const char *socket;
    const char *settings;
    int n_words;
    char **words;
};

/* "--name VALUE" or "--name=VALUE" at words[*at]; moves on if it was that. */
static bool take_option(const char *name, int n_words, char **words, int *at, const char **value)
{
    size_t length = strlen(name);
    const char *word = words[*at];

    if (strncmp(word, name, length) != 0)
        return false;
    if (word[length] == '=') {
        *value = word + length + 1;
        *at += 1;
        return true;
    }
    if (word[length] != '\0' || *at + 1 >= n_words)
        return false;
    *value = words[*at + 1];
    *at += 2;
    return true;
}

/* The program's own options stand before the verb. */
static bool read_options(struct options *options, int n_words, char **words)
{
    static char *help[] = {"help", NULL}, *version[] = {"version", NULL};
    int at = 0;

    *options = (struct options){.socket = NULL};
    while (at < n_words && words[at][0] == '-' && strcmp(words[at], "--json") != 0) {
        if (take_option("--socket", n_words, words, &at, &options->socket) ||
            take_option("--settings", n_words, words, &at, &options->settings))
            continue;
        if (strcmp(words[at], "--help") == 0 || strcmp(words[at], "-h") == 0) {
            options->words = help;
        } else if (strcmp(words[at], "--version") == 0) {
            options->words = version;
        } else {
            fprintf(stderr,
                    "tenuto: \"%s\" is not understood here; before the verb there are --socket "
                    "PATH, --settings FILE, --help and --version\n",
                    words[at]);
            return false;
        }
        options->n_words = 1;
        return true;
    }
    options->words = words + at;
    options->n_words = n_words - at;
    return true;
}

static int run_without_verb(const struct settings *settings)
{
    char *help[] = {"help", NULL};

    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
        return screen_run(settings);
    command_run_words(settings, 1, help, stderr, stderr);
    return CONTROL_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    static struct settings settings;
    struct options options;
    struct err err;

    setlocale(LC_ALL, "");
    if (!read_options(&options, argc - 1, argv + 1))
        return CONTROL_EXIT_USAGE;
    if (!settings_load(&settings, options.settings, &err)) {
        fprintf(stderr, "tenuto: %s\n", err.text);
        return CONTROL_EXIT_FAILED;
    }
    if (options.socket && !text_copy(settings.socket, sizeof(settings.socket), options.socket)) {
        fprintf(stderr, "tenuto: the socket's path is too long\n");
        return CONTROL_EXIT_USAGE;
    }
    if (options.n_words == 0)
        return run_without_verb(&settings);
    if (options.n_words == 1 && strcmp(options.words[0], "shell") == 0)
        return shell_run(&settings);
    return command_run_words(&settings, options.n_words, options.words, stdout, stderr);
}
