/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeping hold of the watch stream; see watch.h. */
#include "console/screen/watch.h"

#include <stdlib.h>

#include "console/client.h"
#include "ha/base/arena.h"
#include "ha/base/json.h"

/* A person looks up about that often; an agent that restarts takes longer. */
#define RETRY_MS 1000
/* After so much silence we ask whether it is still there; it costs both sides next to nothing. */
#define PROBE_MS 3000
/* And after so much more it is not: an agent that is well answers within two seconds. */
#define SILENCE_MS 6000

struct watch {
    const char *socket;
    struct client *client;
    int64_t retry_ms; /* not before */
    int64_t heard_ms;
    bool is_probed; /* asked since we last heard something */
    json_t *picture;
    struct err words;
};

struct watch *watch_new(const char *socket)
{
    struct watch *watch = xcalloc(1, sizeof(*watch));

    watch->socket = socket;
    return watch;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    client_close(watch->client);
    json_decref(watch->picture);
    free(watch);
}

int watch_fd(const struct watch *watch)
{
    return watch->client ? client_fd(watch->client) : -1;
}

const char *watch_words(const struct watch *watch)
{
    return watch->words.text;
}

static bool ask(struct watch *watch, const char *verb)
{
    autojson *request = json_pack("{s:s, s:[]}", "verb", verb, "args");

    return client_send(watch->client, request, &watch->words);
}

static enum watch_news give_up(struct watch *watch, int64_t now_ms)
{
    client_close(watch->client);
    watch->client = NULL;
    watch->retry_ms = now_ms + RETRY_MS;
    return WATCH_AWAY;
}

static enum watch_news connect_again(struct watch *watch, int64_t now_ms)
{
    enum control_exit why;

    if (now_ms < watch->retry_ms)
        return WATCH_NOTHING;
    watch->client = client_begin(watch->socket, 0, &why, &watch->words);
    watch->heard_ms = now_ms;
    watch->is_probed = false;
    if (!watch->client || !ask(watch, "watch"))
        return give_up(watch, now_ms);
    return WATCH_NOTHING;
}

/* false: the agent is not one that we understand, or it refuses; the words say so. */
static bool take_message(struct watch *watch, json_t *message, enum watch_news *news)
{
    json_t *row = json_object_get(message, "row");

    if (!client_is_greeted(watch->client))
        return client_greet(watch->client, message, &watch->words);
    if (json_object_get(row, "status")) {
        json_decref(watch->picture);
        watch->picture = json_incref(row);
        *news = WATCH_PICTURE;
        return true;
    }
    if (json_int(message, "id", 0) == 1 && json_text(message, "error", NULL))
        return err_set(&watch->words, "%s", json_text(message, "error", ""));
    return true;
}

static enum watch_news look_for_silence(struct watch *watch, int64_t now_ms, enum watch_news news)
{
    int64_t silence_ms = now_ms - watch->heard_ms;

    if (silence_ms >= SILENCE_MS) {
        err_set(&watch->words,
                "the agent at %s is there but has been silent for %d s; "
                "\"journalctl -u tenuto\" may say why",
                watch->socket, SILENCE_MS / 1000);
        return give_up(watch, now_ms);
    }
    if (silence_ms >= PROBE_MS && !watch->is_probed) {
        watch->is_probed = true;
        if (!ask(watch, "cluster status"))
            return give_up(watch, now_ms);
    }
    return news;
}

enum watch_news watch_step(struct watch *watch, int64_t now_ms, const json_t **picture)
{
    enum watch_news news = WATCH_NOTHING;

    if (!watch->client)
        return connect_again(watch, now_ms);
    for (;;) {
        json_t *message = NULL;
        enum client_event event = client_next(watch->client, 0, &message, &watch->words);
        bool is_right;

        *picture = watch->picture;
        if (event == CLIENT_LOST)
            return give_up(watch, now_ms);
        if (event != CLIENT_MESSAGE)
            return look_for_silence(watch, now_ms, news);
        watch->heard_ms = now_ms;
        watch->is_probed = false;
        is_right = take_message(watch, message, &news);
        json_decref(message);
        if (!is_right)
            return give_up(watch, now_ms);
    }
}

int64_t watch_due_ms(const struct watch *watch)
{
    if (!watch->client)
        return watch->retry_ms;
    return watch->heard_ms + (watch->is_probed ? SILENCE_MS : PROBE_MS);
}
