/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The control protocol from its other end: any bytes as what an agent says. Whoever asked gets an
 * exit code, and words where it failed; every line that is an object arrives as it was sent.
 * Likewise what the other node says while one joins.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "console/command.h"
#include "console/door/talk.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

/* Not tests/fuzz/fuzz.h: the language knows another thing by the name of a token. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at);

/* It fits into a socket's buffer, so that one thread can be both ends. */
#define SAID_MAX 65536
#define GREETING "{\"hello\":\"tenutod\",\"protocol\":%d,\"node\":\"alpha\"}\n"

/* One that shows each shape of an answer, as people and as programs want it. */
static const char *const verbs[] = {
    "cluster status", "ha status",  "events",          "policy history", "policy show",
    "ha why",         "ha start",   "fence status",    "watch",          "cluster nodes",
    "ha state",       "ha why-not", "policy rollback", "events --json",  "policy abort",
};

static char folder[64], path[80];
static int listener = -1;

unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at)
{
    (void)bytes;
    (void)length;
    (void)at;
    return 0;
}

static void end(void)
{
    close(listener);
    unlink(path);
    rmdir(folder);
}

static void begin(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(folder, sizeof(folder), "/tmp/tenuto-fuzz-XXXXXX");
    assert(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/control", folder);
    text_copy(address.sun_path, sizeof(address.sun_path), path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert(listener >= 0);
    assert(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0);
    assert(listen(listener, 4) == 0);
    atexit(end);
}

/* An agent that has said all that it will ever say; *agent is its end. */
static struct client *call(const uint8_t *bytes, size_t length, bool is_greeted, int *agent)
{
    enum control_exit code = CONTROL_EXIT_OK;
    struct err err = {.text = ""};
    struct client *client = client_begin(path, 1000, &code, &err);
    char greeting[128];

    assert(client);
    *agent = accept(listener, NULL, NULL);
    assert(*agent >= 0);
    snprintf(greeting, sizeof(greeting), GREETING, CONTROL_PROTOCOL);
    if (is_greeted)
        assert(send(*agent, greeting, strlen(greeting), 0) == (ssize_t)strlen(greeting));
    assert(length == 0 || send(*agent, bytes, length, 0) == (ssize_t)length);
    assert(shutdown(*agent, SHUT_WR) == 0);
    return client;
}

/* Each line as jansson reads it by itself; the first that is no object ends it, with words. */
static void check_lines(const uint8_t *bytes, size_t length)
{
    const char *at = (const char *)bytes, *stop = at + length, *newline;
    struct err err = {.text = ""};
    json_t *message = NULL;
    enum client_event event = CLIENT_MESSAGE;
    int agent;
    struct client *client = call(bytes, length, false, &agent);

    while (event == CLIENT_MESSAGE) {
        autojson *line = NULL;

        newline = at < stop ? memchr(at, '\n', (size_t)(stop - at)) : NULL;
        if (newline)
            line = json_read(at, (size_t)(newline - at), NULL);
        event = client_next(client, 1000, &message, &err);
        assert(event == (json_is_object(line) ? CLIENT_MESSAGE : CLIENT_LOST));
        if (event == CLIENT_MESSAGE) {
            assert(json_equal(line, message));
            assert(client_greet(client, message, &err) || err.text[0]);
            json_decref(message);
            at = newline + 1;
        }
    }
    assert(err.text[0]);
    client_close(client);
    close(agent);
}

static void check_verb(const char *verb, const uint8_t *bytes, size_t length)
{
    char text[64], *words[8], *shown = NULL, *said = NULL;
    size_t n_shown = 0, n_said = 0;
    struct command command = {0};
    struct err err = {.text = ""};
    struct output output;
    struct client *client;
    json_t *hello = NULL;
    int n_words = 0, agent, code;

    text_copy(text, sizeof(text), verb);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
        words[n_words++] = word;
    if (strstr(verb, "why") || strstr(verb, "start"))
        words[n_words++] = (char *)"ocf:web";
    if (strstr(verb, "rollback"))
        words[n_words++] = (char *)"3";
    assert(command_parse(&command, n_words, words, &err));
    client = call(bytes, length, true, &agent);
    assert(client_next(client, 1000, &hello, &err) == CLIENT_MESSAGE);
    assert(client_greet(client, hello, &err));
    json_decref(hello);
    output_init(&output, command.is_json ? &output_json : &output_text,
                open_memstream(&shown, &n_shown), open_memstream(&said, &n_said));
    output.now_ms = 1760000000000;
    output.columns = 80;
    command_show_by(&command, &output);
    code = command_ask(&command, client, &output);
    fclose(output.out);
    fclose(output.err);
    /* Who failed says why. */
    assert(code == 0 || n_said > 0 || n_shown > 0);
    output_fini(&output);
    command_fini(&command);
    client_close(client);
    close(agent);
    free(shown);
    free(said);
}

/* ---- while one joins ------------------------------------------------------------------------- */

/* libssh's, of a channel that brings these bytes in pieces and then ends. */
static const uint8_t *heard;
static size_t n_heard, piece;

int ssh_channel_read_timeout(ssh_channel channel, void *dest, uint32_t count, int is_stderr,
                             int timeout_ms)
{
    size_t n = n_heard < piece ? n_heard : piece;

    (void)channel, (void)is_stderr, (void)timeout_ms;
    n = n < count ? n : count;
    memcpy(dest, heard, n);
    heard += n;
    n_heard -= n;
    return (int)n;
}

int ssh_channel_is_eof(ssh_channel channel)
{
    (void)channel;
    return n_heard == 0;
}

static void check_talk(const uint8_t *bytes, size_t length)
{
    struct talk *talk = calloc(1, sizeof(*talk));
    struct err err = {.text = ""};
    json_t *words;

    heard = bytes;
    n_heard = length;
    piece = length ? 1 + bytes[0] : 1;
    while ((words = talk_hear(talk, 5, &err)) != NULL) {
        assert(!json_text(words, "failed", NULL));
        json_decref(words);
    }
    assert(err.text[0]);
    assert(talk->length <= TALK_LINE_MAX);
    free(talk);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (listener < 0)
        begin();
    if (length == 0 || length > SAID_MAX)
        return 0;
    check_lines(bytes + 1, length - 1);
    check_talk(bytes + 1, length - 1);
    check_verb(verbs[bytes[0] % (sizeof(verbs) / sizeof(verbs[0]))], bytes + 1, length - 1);
    return 0;
}
