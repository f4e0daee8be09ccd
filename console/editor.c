/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file, the program, and what signals mean meanwhile; see editor.h. */
#include "console/editor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "console/local_file.h"
#include "ha/base/text.h"

/* Debian's word for the editor that its administrator chose. */
#define USUAL_EDITOR "editor"
/* What a shell says of a program that it does not find. */
#define EXIT_NOT_FOUND 127

extern char **environ;

static void choose_folder(struct editor *editor, const struct settings *settings)
{
    const char *temporary = getenv("TMPDIR");
    char base[PATH_MAX];
    char *slash;

    text_copy(base, sizeof(base), settings->history);
    slash = strrchr(base, '/');
    if (slash) {
        *slash = '\0';
        local_make_folders(settings->history);
    } else {
        text_copy(base, sizeof(base), temporary && temporary[0] ? temporary : "/var/tmp");
    }
    snprintf(editor->folder, sizeof(editor->folder), "%.*s/edit-XXXXXX",
             (int)sizeof(editor->folder) - 16, base);
}

bool editor_begin(struct editor *editor, const struct settings *settings, const char *text,
                  size_t length, struct err *err)
{
    bool is_written;
    int fd;

    choose_folder(editor, settings);
    if (!mkdtemp(editor->folder))
        return err_set(err, "cannot make the folder %s: %m", editor->folder);
    snprintf(editor->path, sizeof(editor->path), "%s/policy.tenuto", editor->folder);
    fd = open(editor->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        err_set(err, "cannot write %s: %m", editor->path);
        rmdir(editor->folder);
        return false;
    }
    is_written = local_write_all(fd, text, length);
    if (!is_written)
        err_set(err, "cannot write %s: %m", editor->path);
    close(fd);
    if (!is_written)
        editor_remove(editor);
    return is_written;
}

static const char *editor_words(void)
{
    const char *visual = getenv("VISUAL"), *plain = getenv("EDITOR");

    if (visual && visual[0])
        return visual;
    return plain && plain[0] ? plain : USUAL_EDITOR;
}

/* A child that gets its signals, even from a shell that blocks and ignores some. */
static int spawn(pid_t *child, char *const *words)
{
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    int failure;

    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGQUIT);
    sigaddset(&usual, SIGTSTP);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    failure = posix_spawn(child, "/bin/sh", NULL, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    return failure;
}

static bool judge(int status, const char *editor, struct err *err)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_FOUND)
        return err_set(err, "there is no editor \"%s\" here; set VISUAL or EDITOR to one", editor);
    if (WIFEXITED(status))
        return err_set(err, "the editor \"%s\" ended with exit code %d", editor,
                       WEXITSTATUS(status));
    return err_set(err, "the editor \"%s\" was ended by signal %d", editor, WTERMSIG(status));
}

/* Its words are a shell's: "code --wait" is usual. */
bool editor_run(const struct editor *editor, struct err *err)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt, quit;
    const char *words = editor_words();
    char name[] = "sh", option[] = "-c", *line = NULL;
    char *arguments[] = {name, option, NULL, name, (char *)editor->path, NULL};
    int status = 0, failure;
    pid_t child;

    if (asprintf(&line, "%s \"$1\"", words) < 0)
        return err_set(err, "cannot start the editor: %m");
    arguments[2] = line;
    /* Ctrl-C in the editor is for the editor. */
    sigaction(SIGINT, &ignore, &interrupt);
    sigaction(SIGQUIT, &ignore, &quit);
    failure = spawn(&child, arguments);
    while (failure == 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGQUIT, &quit, NULL);
    free(line);
    errno = failure;
    return failure == 0 ? judge(status, words, err) : err_set(err, "cannot start a shell: %m");
}

char *editor_read(const struct editor *editor, size_t *length, struct err *err)
{
    return local_read_file(editor->path, length, err);
}

void editor_remove(const struct editor *editor)
{
    /* Some editors leave a copy of the old text. */
    char other[PATH_MAX + 4];

    snprintf(other, sizeof(other), "%s~", editor->path);
    unlink(other);
    unlink(editor->path);
    rmdir(editor->folder);
}
