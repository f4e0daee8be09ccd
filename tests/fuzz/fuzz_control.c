/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A whole agent without a cluster, and a client on its socket that sends any bytes. Whatever they
 * are, the agent goes on; what it answers is a line of JSON each, of the shape that control.h
 * promises; and who asks properly afterwards is answered.
 */
#include <assert.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agentd/agent.h"
#include "agentd/control.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

/* Not tests/fuzz/fuzz.h: the language and inotify, which the loop knows, share a name. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at);

#define ANSWER_MAX (4 * 1024 * 1024)
/* The last question of each text: who is answered this has been heard to the end. */
#define LAST "\n{\"verb\":\"cluster status\",\"args\":[],\"id\":987654321}\n"

static struct agent *agent;
static char folder[64];
static char *answer;
static size_t n_answer;

unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at)
{
    (void)bytes;
    (void)length;
    (void)at;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

static void end_agent(void)
{
    agent_free(agent);
    agent = NULL;
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void end(void)
{
    if (agent)
        end_agent();
    free(answer);
}

/* Everything that it reads or writes is in a folder of its own; no corosync, no keeper. */
static void begin(void)
{
    struct settings *settings = calloc(1, sizeof(*settings));
    struct err err = {.text = ""};
    sigset_t set;

    snprintf(folder, sizeof(folder), "/tmp/tenuto-fuzz-XXXXXX");
    assert(mkdtemp(folder));
    snprintf(settings->watchdog, sizeof(settings->watchdog), "unix:%s/watchdog", folder);
    snprintf(settings->keeper, sizeof(settings->keeper), "%s/keeper", folder);
    snprintf(settings->control, sizeof(settings->control), "%s/control", folder);
    snprintf(settings->store, sizeof(settings->store), "%s/store", folder);
    snprintf(settings->record, sizeof(settings->record), "%s/record", folder);
    snprintf(settings->run, sizeof(settings->run), "%s/run", folder);
    snprintf(settings->corosync, sizeof(settings->corosync), "%s/corosync.conf", folder);
    snprintf(settings->ocf_root, sizeof(settings->ocf_root), "%s/ocf", folder);
    snprintf(settings->fence_agents, sizeof(settings->fence_agents), "%s/fence", folder);
    snprintf(settings->cache, sizeof(settings->cache), "%s/cache", folder);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    agent = agent_new(settings, &err);
    if (!agent)
        fprintf(stderr, "ERROR: %s\n", err.text);
    assert(agent);
    free(settings);
    if (answer)
        return;
    answer = malloc(ANSWER_MAX);
    atexit(end);
}

static int call(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", folder);
    assert(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}

/* What is sent as it is taken, what is answered as it comes; until the last answer is there. */
static bool talk(int fd, const char *bytes, size_t length)
{
    size_t sent = 0;

    n_answer = 0;
    for (int turn = 0; turn < 20000; turn++) {
        ssize_t n = sent < length ? send(fd, bytes + sent, length - sent, MSG_NOSIGNAL) : 0;

        sent += n > 0 ? (size_t)n : 0;
        /* One that was told to leave ends, as it should. */
        if (sd_event_get_state(agent->loop) == SD_EVENT_FINISHED)
            return false;
        /* The agent's own timers may have nothing to do for 100 ms: do not wait for them. */
        assert(sd_event_run(agent->loop, turn % 64 == 63 ? 1000 : 0) >= 0);
        n = recv(fd, answer + n_answer, ANSWER_MAX - 1 - n_answer, 0);
        assert(n > 0 || (n < 0 && errno == EAGAIN));
        n_answer += n > 0 ? (size_t)n : 0;
        answer[n_answer] = '\0';
        if (strstr(answer, "\"done\":true,\"id\":987654321"))
            return true;
    }
    fprintf(stderr, "ERROR: the agent does not answer\n");
    abort();
}

static void check_line(const char *line, size_t length, bool is_first)
{
    struct err err = {.text = ""};
    json_t *value = json_read(line, length, &err);

    assert(json_is_object(value));
    if (is_first) {
        assert(strcmp(json_text(value, "hello", ""), "tenutod") == 0);
        assert(json_int(value, "protocol", 0) == CONTROL_PROTOCOL);
    } else {
        const char *error = json_text(value, "error", NULL);

        assert(json_is_integer(json_object_get(value, "id")));
        assert(json_object_get(value, "row") || json_flag(value, "done", false) ||
               json_int(value, "code", -1) >= 0);
        assert(!error || error[0]);
    }
    json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char *text = malloc(length + sizeof(LAST));
    bool is_first = true, is_answered;
    int fd;

    if (!agent)
        begin();
    fd = call();
    memcpy(text, bytes, length);
    memcpy(text + length, LAST, sizeof(LAST));
    is_answered = talk(fd, text, length + sizeof(LAST) - 1);
    for (char *at = answer, *stop; (stop = strchr(at, '\n')) != NULL; at = stop + 1) {
        check_line(at, (size_t)(stop - at), is_first);
        is_first = false;
    }
    close(fd);
    for (int turn = 0; is_answered && turn < 8; turn++)
        assert(sd_event_run(agent->loop, 0) >= 0);
    if (!is_answered)
        end_agent();
    free(text);
    return 0;
}
