/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The shell. Signals stay blocked except while something waits, so Ctrl-C can
 * end a follow or clear the line, and nothing in between.
 */
#include "console/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "console/command.h"
#include "console/complete.h"
#include "console/line.h"
#include "console/local_file.h"
#include "ha/base/arena.h"
#include "ha/base/text.h"

/* The prompt should not make anybody wait. */
#define PROMPT_PATIENCE_MS 500

struct shell {
    const struct settings *settings;
    char node[NODE_NAME_MAX]; /* "": no agent so far */
    int code;                 /* of the last line */
    bool is_over;
};

/* readline calls back without a context. */
static struct shell *shell;
static volatile sig_atomic_t interrupted;
static volatile sig_atomic_t ended_by;

static void on_signal(int number)
{
    interrupted = 1;
    if (number != SIGINT)
        ended_by = number;
}

static void catch_signals(sigset_t *before)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        sigaction(numbers[i], &action, NULL);
        sigaddset(&set, numbers[i]);
    }
    sigprocmask(SIG_BLOCK, &set, before);
    /* Stopped in the middle of a line, a shell would leave the terminal in disorder. */
    signal(SIGTSTP, SIG_IGN);
    client_interrupt_by(&interrupted);
}

/* One line, whatever it is; returns its exit code. */
static int run_line(const char *text)
{
    struct line line;
    struct err err;
    int code = CONTROL_EXIT_OK;

    if (!line_split(&line, text, &err)) {
        fprintf(stderr, "tenuto: %s\n", err.text);
        code = CONTROL_EXIT_USAGE;
    } else if (line.n_words > 0 &&
               (strcmp(line.words[0], "exit") == 0 || strcmp(line.words[0], "quit") == 0)) {
        shell->is_over = true;
        code = shell->code;
    } else if (line.n_words > 0) {
        /* Those who type the program's name out of habit are understood. */
        int skip = line.n_words > 1 && strcmp(line.words[0], "tenuto") == 0;

        code = command_run_words(shell->settings, line.n_words - skip, line.words + skip, stdout,
                                 stderr);
    }
    line_fini(&line);
    fflush(stdout);
    return code;
}

static void find_node(void)
{
    enum control_exit why;
    struct client *client = client_open(shell->settings->socket, PROMPT_PATIENCE_MS, &why, NULL);

    shell->node[0] = '\0';
    if (client)
        text_copy(shell->node, sizeof(shell->node), client_node(client));
    client_close(client);
}

static const char *prompt(void)
{
    static char words[NODE_NAME_MAX + 16];

    if (shell->node[0] == '\0' || shell->code == CONTROL_EXIT_UNAVAILABLE)
        find_node();
    if (shell->node[0])
        snprintf(words, sizeof(words), "tenuto %s> ", shell->node);
    else
        snprintf(words, sizeof(words), "tenuto (no agent)> ");
    return words;
}

/* readline wants the candidates one by one, and frees them. */
static struct completions candidates;

static char *next_candidate(const char *text, int state)
{
    static char **next;

    (void)text;
    if (state == 0)
        next = candidates.words;
    return next && *next ? strdup(*next++) : NULL;
}

static char **complete_line(const char *word, int start, int end)
{
    char *before = xstrdup(rl_line_buffer);
    char **matches;

    (void)end;
    before[start] = '\0';
    candidates =
        complete_word(before, word, complete_names_known, (void *)(uintptr_t)shell->settings);
    free(before);
    rl_attempted_completion_over = !candidates.is_file;
    matches = candidates.words ? rl_completion_matches(word, next_candidate) : NULL;
    completions_fini(&candidates);
    return matches;
}

static void load_history(void)
{
    const char *file = shell->settings->history;
    int fd;

    using_history();
    stifle_history(shell->settings->history_lines);
    if (file[0] == '\0')
        return;
    local_make_folders(file);
    fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    read_history(file);
}

/* Completion leaves a blank behind; two lines that do the same are one. */
static void trim_end(char *line)
{
    size_t length = strlen(line);

    while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t'))
        line[--length] = '\0';
}

/* Each line at once, so that two shells at a time both keep theirs. */
static void keep_line(const char *line)
{
    const HIST_ENTRY *last =
        history_length > 0 ? history_get(history_base + history_length - 1) : NULL;

    if (line[strspn(line, " \t")] == '\0' || line[0] == ' ' ||
        (last && strcmp(last->line, line) == 0))
        return;
    add_history(line);
    if (shell->settings->history[0])
        append_history(1, shell->settings->history);
}

/* readline has put the terminal right before it calls, and takes it again afterwards. */
static void on_line(char *line)
{
    if (!line) {
        puts("exit");
        shell->is_over = true;
    } else {
        trim_end(line);
        keep_line(line);
        interrupted = 0;
        shell->code = run_line(line);
        interrupted = 0;
    }
    free(line);
    if (shell->is_over)
        rl_callback_handler_remove();
    else
        rl_set_prompt(prompt());
}

/* Ctrl-C at the prompt: a new, empty line. */
static void clear_line(void)
{
    interrupted = 0;
    rl_callback_sigcleanup();
    rl_replace_line("", 1);
    fputs("^C\n", rl_outstream);
    rl_on_new_line();
    rl_redisplay();
}

static void read_keys(const sigset_t *unblocked)
{
    while (!shell->is_over && !ended_by) {
        struct pollfd poller = {.fd = STDIN_FILENO, .events = POLLIN};

        if (ppoll(&poller, 1, NULL, unblocked) > 0)
            rl_callback_read_char();
        else if (interrupted && !ended_by)
            clear_line();
    }
}

static int run_terminal(void)
{
    sigset_t before;

    catch_signals(&before);
    rl_readline_name = "tenuto";
    rl_catch_signals = 0;
    rl_attempted_completion_function = complete_line;
    rl_completer_quote_characters = "\"'";
    load_history();
    rl_callback_handler_install(prompt(), on_line);
    read_keys(&before);
    rl_callback_handler_remove();
    if (shell->settings->history[0])
        history_truncate_file(shell->settings->history, shell->settings->history_lines);
    return ended_by ? 128 + ended_by : shell->code;
}

/* From a pipe or a file: every line must do what it says, so the first error ends it. */
static int run_script(void)
{
    char *line = NULL;
    size_t size = 0;
    int number = 0;

    while (!shell->is_over && shell->code == CONTROL_EXIT_OK && getline(&line, &size, stdin) >= 0) {
        number++;
        shell->code = run_line(line);
    }
    if (shell->code != CONTROL_EXIT_OK)
        fprintf(stderr, "tenuto: stopped at line %d\n", number);
    free(line);
    return shell->code;
}

int shell_run(const struct settings *settings)
{
    struct shell self = {.settings = settings};
    int code;

    shell = &self;
    code = isatty(STDIN_FILENO) ? run_terminal() : run_script();
    shell = NULL;
    return code;
}
