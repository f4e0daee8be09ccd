/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A scripted agent: a process that listens, and one more a connection; see fake_agent.h. */
#include "tests/fakes/fake_agent.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usual_hello[] = "{\"hello\":\"tenutod\",\"protocol\":1,\"version\":\"0.1.0\","
                                  "\"node\":\"alpha\",\"cluster\":\"home\",\"role\":\"admin\"}";

static void fail(const char *what)
{
    perror(what);
    _exit(1);
}

static bool opens_with(const char *line, const char *word)
{
    size_t length = strlen(word);

    return strncmp(line, word, length) == 0 && (line[length] == ' ' || line[length] == '\n');
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');

    return end ? end + 1 : NULL;
}

/* The first line behind "verb NAME"; NULL if the script has none. */
static const char *find_answer(const char *script, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = script; line && *line; line = next_line(line)) {
        if (opens_with(line, "verb") && strncmp(line + 5, name, length) == 0 &&
            line[5 + length] == '\n')
            return next_line(line);
    }
    return NULL;
}

static void say(int fd, const char *head, const char *body, const char *tail)
{
    dprintf(fd, "%s%.*s%s\n", head, (int)strcspn(body, "\n"), body, tail);
}

/* One line of an answer; false at its end. */
static bool play_line(int fd, const char *line, json_int_t id)
{
    char head[64];

    if (opens_with(line, "row")) {
        snprintf(head, sizeof(head), "{\"id\":%lld,\"row\":", (long long)id);
        say(fd, head, line + 4, "}");
    } else if (opens_with(line, "done")) {
        bool has_more = line[4] == ' ' && line[6] != '}';

        snprintf(head, sizeof(head), "{\"id\":%lld,\"done\":true%s", (long long)id,
                 has_more ? "," : "}");
        say(fd, head, has_more ? line + 6 : "", "");
    } else if (opens_with(line, "error")) {
        snprintf(head, sizeof(head), "{\"id\":%lld,", (long long)id);
        say(fd, head, line + 7, "");
    } else if (opens_with(line, "raw")) {
        say(fd, "", line + 4, "");
    } else if (opens_with(line, "pause")) {
        usleep((useconds_t)strtoul(line + 6, NULL, 10) * 1000);
    } else if (opens_with(line, "hangup")) {
        _exit(0);
    } else {
        return !opens_with(line, "verb");
    }
    return true;
}

static void play(int fd, const char *answer, json_int_t id)
{
    for (const char *line = answer; line && *line;) {
        if (opens_with(line, "again")) {
            line = answer;
            continue;
        }
        if (!play_line(fd, line, id))
            return;
        line = next_line(line);
    }
}

static void answer_request(int fd, const char *script, const char *line)
{
    json_t *request = json_loads(line, 0, NULL);
    const char *verb = json_string_value(json_object_get(request, "verb"));
    json_t *args = json_object_get(request, "args");
    json_int_t id = json_integer_value(json_object_get(request, "id"));
    char name[256];
    const char *answer;

    if (!verb)
        _exit(1);
    snprintf(name, sizeof(name), "%s", verb);
    for (size_t i = 0; i < json_array_size(args); i++) {
        size_t length = strlen(name);

        snprintf(name + length, sizeof(name) - length, " %s",
                 json_string_value(json_array_get(args, i)));
    }
    answer = find_answer(script, name);
    if (!answer)
        answer = find_answer(script, verb);
    play(fd, answer, id);
    json_decref(request);
}

static void serve_client(int fd, const char *script, const char *log)
{
    FILE *in = fdopen(fd, "r");
    char *line = NULL;
    size_t size = 0;
    const char *hello = script;

    signal(SIGPIPE, SIG_DFL);
    while (hello && *hello && !opens_with(hello, "hello"))
        hello = next_line(hello);
    if (!hello || !*hello)
        say(fd, "", usual_hello, "");
    else if (hello[6] != '-')
        say(fd, "", hello + 6, "");
    while (getline(&line, &size, in) > 0) {
        FILE *kept = fopen(log, "a");

        fputs(line, kept);
        fclose(kept);
        answer_request(fd, script, line);
    }
    _exit(0);
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, 16) != 0)
        fail(path);
    return fd;
}

static void serve(int listener, const char *path, const char *script)
{
    char log[256];

    snprintf(log, sizeof(log), "%s.log", path);
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd < 0)
            continue;
        if (fork() == 0) {
            close(listener);
            serve_client(fd, script, log);
        }
        close(fd);
    }
}

void fake_agent_serve(const char *path, const char *script)
{
    serve(listen_at(path), path, script);
}

pid_t fake_agent_start(const char *path, const char *script)
{
    int listener = listen_at(path);
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid < 0)
        fail("fork");
    if (pid == 0) {
        setpgid(0, 0);
        signal(SIGTERM, SIG_DFL);
        serve(listener, path, script);
    }
    setpgid(pid, pid);
    close(listener);
    return pid;
}

void fake_agent_stop(pid_t pid, const char *path)
{
    char log[256];

    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
    unlink(path);
    snprintf(log, sizeof(log), "%s.log", path);
    unlink(log);
}
