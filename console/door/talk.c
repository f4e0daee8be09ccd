/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines over an SSH channel, with a limit of time and length; see talk.h. */
#include "console/door/talk.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ha/base/json.h"

#define LOOK_MS 250

bool talk_say(struct talk *talk, json_t *words, struct err *err)
{
    char *text = json_write(words);
    uint32_t length = (uint32_t)strlen(text);
    bool is_good = ssh_channel_write(talk->channel, text, length) == (int)length &&
                   ssh_channel_write(talk->channel, "\n", 1) == 1;

    free(text);
    json_decref(words);
    return is_good || err_set(err, "the other node is gone");
}

void talk_say_failed(struct talk *talk, const struct err *err)
{
    if (talk->channel && ssh_channel_is_open(talk->channel))
        talk_say(talk, json_pack("{s:s}", "failed", err->text), NULL);
}

/* A whole line, with its newline replaced; 0: there is none yet. */
static size_t line_end(const struct talk *talk)
{
    const char *end = memchr(talk->line, '\n', talk->length);

    return end ? (size_t)(end - talk->line) + 1 : 0;
}

static json_t *take_line(struct talk *talk, size_t end, struct err *err)
{
    json_t *words = json_read(talk->line, end - 1, err);

    talk->length -= end;
    memmove(talk->line, talk->line + end, talk->length);
    if (words && json_text(words, "failed", NULL)) {
        talk->has_failed = true;
        err_set(err, "the other node: %s", json_text(words, "failed", ""));
        json_decref(words);
        return NULL;
    }
    return words;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

json_t *talk_hear(struct talk *talk, int seconds, struct err *err)
{
    int64_t end = now_ms() + seconds * 1000;
    size_t at;

    while (!(at = line_end(talk))) {
        int n = 0;

        if (now_ms() >= end) {
            err_set(err, "the other node has said nothing for %d s", seconds);
            return NULL;
        }
        if (talk->length < sizeof(talk->line))
            n = ssh_channel_read_timeout(talk->channel, talk->line + talk->length,
                                         (uint32_t)(sizeof(talk->line) - talk->length), 0, LOOK_MS);
        else
            err_set(err, "the other node says more than makes sense");
        /* Last words may come together with the end; they are heard first. */
        if (n < 0 || talk->length == sizeof(talk->line) ||
            (n == 0 && ssh_channel_is_eof(talk->channel))) {
            if (!err->text[0])
                err_set(err, "the other node is gone");
            return NULL;
        }
        talk->length += (size_t)n;
    }
    return take_line(talk, at, err);
}
