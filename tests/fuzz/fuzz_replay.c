/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a flight record: reading it ends and stays inside its memory, and what it takes for
 * a step can be decided again.
 */
#include "ha/base/json.h"
#include "ha/model/codec_record.h"
#include "ha/whatif/replay.h"
#include "tests/fuzz/fuzz.h"

static const char policy_text[] =
    "cluster home\nnode alpha\nnode beta\nnode gamma\nfencing { watchdog 5s }\n"
    "service ocf:db { agent a:b }\nservice ocf:web { agent a:b; try on alpha, then beta }\n";

unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at)
{
    (void)bytes;
    (void)length;
    (void)at;
    return 0;
}

static const struct policy *the_policy(void)
{
    static struct policy *policy;
    struct arena *arena;
    struct diagnostics *found;

    if (policy)
        return policy;
    arena = arena_new();
    policy = arena_alloc(arena, sizeof(*policy));
    found = arena_alloc(arena, sizeof(*found));
    if (!policy_compile(arena, "p", policy_text, strlen(policy_text), policy, found))
        abort();
    return policy;
}

static void take_line(struct record_reader *reader, struct replay *replay, const char *text,
                      size_t length)
{
    struct err err = {.text = ""};
    autojson *line = json_read(text, length, &err);
    enum record_line kind = RECORD_BEGIN;

    if (!line || !record_kind(line, &kind, &err) || kind != RECORD_STEP ||
        !record_read_step(reader, line, &err)) {
        assert(err.text[0] || kind != RECORD_STEP);
        reader->is_begun = false;
        return;
    }
    replay_decide(replay,
                  &(struct replay_step){
                      .policy = reader->policy,
                      .recorded = reader->policy,
                      .view = reader->view,
                      .before = reader->before,
                      .then = reader->state,
                      .answers = reader->answers,
                      .n_answers = reader->n_answers,
                      .fences = reader->fences,
                  },
                  NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static struct replay *replay;
    static struct record_reader reader;
    const char *at = (const char *)bytes, *end = at + length;

    if (!replay) {
        replay = calloc(1, sizeof(*replay));
        record_reader_init(&reader);
        reader.policy = the_policy();
    }
    reader.is_begun = false;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;

        take_line(&reader, replay, at, (size_t)(stop - at));
        at = stop + 1;
    }
    return 0;
}
