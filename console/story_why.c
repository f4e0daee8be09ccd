/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Explanations as sentences, no wider than a small terminal; see story_why.h. */
#include "console/story_why.h"

#include <string.h>

#include "console/story.h"
#include "console/when.h"
#include "console/width.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

#define LABEL_COLUMNS 10
#define WORDS_SIZE 1024

static bool is(const json_t *row, const char *member, const char *word)
{
    return strcmp(json_text(row, member, ""), word) == 0;
}

static void write_wrapped(FILE *out, const char *words, int indent)
{
    width_wrap(out, words, indent, LINE_COLUMNS);
    fputc('\n', out);
}

static void write_labelled(FILE *out, const char *label, const char *words)
{
    fprintf(out, "%-*s", LABEL_COLUMNS, label);
    write_wrapped(out, words, LABEL_COLUMNS);
}

/* The line of the policy behind a row, in its words where they are known. */
static void write_source(FILE *out, const json_t *row, int indent)
{
    long long version = (long long)json_int(row, "policy", 0);
    long long line = (long long)json_int(row, "line", 0);
    const char *source = json_text(row, "policy_line", "");
    char words[WORDS_SIZE];
    struct text text;

    if (line <= 0)
        return;
    text_init(&text, words, sizeof(words));
    text_add(&text, "policy ");
    if (version > 0)
        text_add(&text, "version %lld, ", version);
    text_add(&text, "line %lld%s%s", line, source[0] ? ": " : "", source);
    fprintf(out, "%*s", indent, "");
    write_wrapped(out, words, indent);
}

static void add_state(struct text *text, const json_t *row)
{
    static const struct {
        const char *state, *words, *place;
    } states[] = {
        {"started", "runs", " on "},
        {"starting", "is being started", " on "},
        {"request_start", "waits to be started", NULL},
        {"queued", "is not known to the cluster yet", NULL},
        {"request_stop", "is being stopped", " on "},
        {"stopped", "is stopped", NULL},
        {"migrate", "moves live", " from "},
        {"relocate", "is stopped to be moved", " from "},
        {"freeze", "is left alone", " on "},
        {"fence", "is lost with its node", " "},
        {"recovery", "waits for a new place", ", last on "},
        {"error", "is in error", " on "},
        {"ignored", "is ignored", NULL},
    };
    const char *node = json_text(row, "node", NULL), *target = json_text(row, "target", NULL);
    size_t i = 0, count = sizeof(states) / sizeof(states[0]);

    /* Nobody hears its node: whether it runs is not known. */
    if (is(row, "state", "started") && node && !json_flag(row, "is_node_here", true)) {
        text_add(text, "may still run on %s, which is not heard", node);
        return;
    }
    while (i < count && !is(row, "state", states[i].state))
        i++;
    text_add(text, "%s", i < count ? states[i].words : json_text(row, "state", "?"));
    if (node && i < count && states[i].place)
        text_add(text, "%s%s", states[i].place, node);
    if (target)
        text_add(text, " to %s", target);
}

/* "ocf:web runs on beta since 14:02:11 (3m ago)" */
static void write_now(FILE *out, const json_t *row, int64_t now_ms)
{
    int64_t since = json_int(row, "since", 0);
    struct when clock, ago;
    char words[WORDS_SIZE];
    struct text text;

    text_init(&text, words, sizeof(words));
    text_add(&text, "%s ", json_text(row, "service", "?"));
    add_state(&text, row);
    if (since > 0)
        text_add(&text, " since %s (%s)", when_clock(&clock, since, now_ms),
                 when_ago(&ago, since, now_ms));
    if (!is(row, "state", "started") && json_text(row, "why", "")[0])
        text_add(&text, ": %s", json_text(row, "why", ""));
    write_wrapped(out, words, 0);
}

static void write_decision(FILE *out, const json_t *row, int64_t now_ms)
{
    const char *code = json_text(row, "code", ""), *by = json_text(row, "by", "");
    struct when when;
    char words[WORDS_SIZE];
    struct text text;

    story_head(words, sizeof(words), row);
    write_labelled(out, when_clock(&when, json_int(row, "at", 0), now_ms), words);
    text_init(&text, words, sizeof(words));
    text_add(&text, "%s%s%s%s", json_text(row, "why", ""), code[0] ? " [" : "", code,
             code[0] ? "]" : "");
    write_labelled(out, "", words);
    write_source(out, row, LABEL_COLUMNS);
    text_init(&text, words, sizeof(words));
    text_add(&text, "decided%s%s at version %lld", by[0] ? " by " : "", by,
             (long long)json_int(row, "version", 0));
    write_labelled(out, "", words);
}

static void write_held(FILE *out, const json_t *row)
{
    write_labelled(out, "but", json_text(row, "why", ""));
    write_source(out, row, LABEL_COLUMNS);
}

/* Where it would go if its node were lost. */
static void write_next(FILE *out, const json_t *row)
{
    const char *node = json_text(row, "node", NULL);
    char words[WORDS_SIZE];
    struct text text;

    text_init(&text, words, sizeof(words));
    text_add(&text, "if %s is lost, ", json_text(row, "lost", "its node"));
    if (node)
        text_add(&text, "it goes to %s: %s", node, json_text(row, "why", ""));
    else
        text_add(&text, "it runs nowhere: %s", json_text(row, "why", ""));
    write_labelled(out, "next", words);
    write_source(out, row, LABEL_COLUMNS);
}

void story_why(FILE *out, const json_t *rows, int64_t earlier, int64_t now_ms)
{
    json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        if (is(row, "kind", "now")) {
            write_now(out, row, now_ms);
            if (earlier > 0)
                fprintf(out, "%lld earlier decision%s: --all\n", (long long)earlier,
                        earlier == 1 ? "" : "s");
        } else if (is(row, "kind", "held")) {
            write_held(out, row);
        } else if (is(row, "kind", "next")) {
            write_next(out, row);
        } else {
            write_decision(out, row, now_ms);
        }
    }
}

/* ---- why not --------------------------------------------------------------------------------- */

static int widest_node(const json_t *rows)
{
    int widest = (int)strlen("NODE");
    json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        int width = is(row, "kind", "node") ? width_of(json_text(row, "node", "")) : 0;

        if (width > widest)
            widest = width;
    }
    return widest;
}

/* What its last start there ended with. */
static void write_failure(FILE *out, const json_t *row, int indent, int64_t now_ms)
{
    struct when when;
    char words[WORDS_SIZE];
    struct text text;

    if (!json_text(row, "failure", NULL))
        return;
    text_init(&text, words, sizeof(words));
    text_add(&text, "%s: %s", when_clock(&when, json_int(row, "failure_at", 0), now_ms),
             json_text(row, "failure", ""));
    fprintf(out, "%*s", indent, "");
    write_wrapped(out, words, indent);
}

static void write_node(FILE *out, const json_t *row, int node_columns, int64_t now_ms)
{
    int64_t step = json_int(row, "step", 0), since = json_int(row, "since", 0);
    int indent = node_columns + 8;
    struct when when;
    char words[WORDS_SIZE];
    struct text text;

    width_write(out, json_text(row, "node", "?"), node_columns);
    if (step > 0)
        fprintf(out, "  %4lld  ", (long long)step);
    else
        fprintf(out, "  %4s  ", "-");
    text_init(&text, words, sizeof(words));
    if (since > 0)
        text_add(&text, "since %s: ", when_clock(&when, since, now_ms));
    text_add(&text, "%s", json_text(row, "why", ""));
    write_wrapped(out, words, indent);
    write_failure(out, row, indent, now_ms);
    write_source(out, row, indent);
}

void story_why_not(FILE *out, const json_t *rows, int64_t now_ms)
{
    int node_columns = widest_node(rows);
    bool has_head = false;
    json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        if (is(row, "kind", "now")) {
            write_now(out, row, now_ms);
        } else if (is(row, "kind", "held")) {
            write_held(out, row);
        } else {
            if (!has_head)
                fprintf(out, "%-*s  STEP  WHY\n", node_columns, "NODE");
            has_head = true;
            write_node(out, row, node_columns, now_ms);
        }
    }
}
