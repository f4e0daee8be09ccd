/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A flight record, step by step, against this build or another policy; see replay.h. Files are
 * read one line at a time: a record of a large cluster need not fit into memory.
 */
#include "console/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/local_file.h"
#include "console/replay_words.h"
#include "console/when.h"
#include "dsl/policy_text.h"
#include "ha/base/arena.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "ha/model/codec_record.h"

/* On either side of --around. */
#define AROUND_MS 60000

struct replaying {
    struct output *output;
    struct err err;
    int64_t from, to; /* the stretch that is judged */

    FILE *stream;
    char *bytes; /* a line of the file */
    size_t size, length;
    int line;

    struct arena *arena; /* of the recorded policy */
    struct policy *recorded;
    struct arena *other_arena;
    struct policy *other; /* to decide under; NULL: the recorded one */
    const char *other_name;
    struct record_reader reader;
    struct replay *replay;

    char node[NODE_NAME_MAX];
    int n_steps, n_different;
    int64_t first_at, last_at;  /* of the steps judged */
    int64_t begins_at, ends_at; /* of the record; 0: it has none */
    bool is_told;               /* of this step: its time has been said */
};

/* ---- files ----------------------------------------------------------------------------------- */

/* The next line without its end; false: there is none, or err says why. */
static bool next_line(struct replaying *r, bool *is_whole)
{
    int c;

    r->length = 0;
    r->line++;
    while ((c = getc_unlocked(r->stream)) != EOF && c != '\n') {
        if (r->length == FLIGHT_LINE_MAX)
            return err_set(&r->err, "the line is longer than any of a record");
        if (r->length == r->size) {
            r->size = r->size ? 2 * r->size : 65536;
            r->bytes = xrealloc(r->bytes, r->size);
        }
        r->bytes[r->length++] = (char)c;
    }
    *is_whole = c == '\n';
    if (ferror(r->stream))
        return err_set(&r->err, "%m");
    return *is_whole || r->length > 0;
}

static struct policy *compile(struct arena *arena, const char *name, const char *text,
                              size_t length, struct err *err)
{
    struct policy *policy = arena_alloc(arena, sizeof(*policy));
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));

    diagnostics_init(found, arena, name, text, length);
    if (policy_compile(arena, name, text, length, policy, found))
        return policy;
    for (int i = 0; i < found->n_list; i++) {
        if (found->list[i].severity == SEVERITY_ERROR) {
            err_set(err, "%s is wrong in line %d: %s", name, found->list[i].at.line,
                    found->list[i].words);
            break;
        }
    }
    return NULL;
}

static bool has_same_nodes(const struct policy *a, const struct policy *b)
{
    bool is_same = a->n_nodes == b->n_nodes;

    for (int i = 0; is_same && i < a->n_nodes; i++)
        is_same = strcmp(a->nodes[i].name, b->nodes[i].name) == 0;
    return is_same;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool take_policy(struct replaying *r, const json_t *line)
{
    const char *text = json_text(line, "text", "");
    long long version = (long long)json_int(line, "policy", 0);

    arena_free(r->arena);
    r->arena = arena_new();
    r->recorded = compile(r->arena, "the recorded policy", text, strlen(text), &r->err);
    if (!r->recorded)
        return false;
    if (r->other && !has_same_nodes(r->other, r->recorded))
        return err_set(&r->err,
                       "%s has other nodes than version %lld of the policy, which was in force "
                       "then; a replay keeps the nodes there were",
                       r->other_name, version);
    r->reader.policy = r->other ? r->other : r->recorded;
    r->reader.is_other = r->other != NULL;
    r->reader.is_begun = false;
    return true;
}

static void hear(void *context, const struct replay_difference *difference)
{
    struct replaying *r = context;
    struct replay_words words;

    replay_words_of(&words, difference, &r->reader, r->replay);
    if (r->output->maker == &output_json) {
        autojson *row = json_pack("{s:s,s:I,s:s,s:s,s:s,s:s}", "event", "difference", "at",
                                  (json_int_t)r->reader.view->stamp.ms, "kind", words.kind,
                                  "subject", words.subject, "then", words.then, "now", words.now);

        output_row(r->output, row);
        return;
    }
    if (!r->is_told) {
        struct when when;

        fprintf(r->output->out, "%s\n",
                when_clock(&when, r->reader.view->stamp.ms, r->output->now_ms));
    }
    r->is_told = true;
    fprintf(r->output->out, "  %s\n    then  %s\n    now   %s\n", words.subject, words.then,
            words.now);
}

static void judge(struct replaying *r)
{
    struct replay_listener listener = {.context = r, .differs = hear};
    struct replay_step step = {
        .policy = r->reader.policy,
        .recorded = r->recorded,
        .view = r->reader.view,
        .before = r->reader.before,
        .then = r->reader.state,
        .answers = r->reader.answers,
        .n_answers = r->reader.n_answers,
        .fences = r->reader.fences,
    };

    if (r->n_steps++ == 0)
        r->first_at = r->reader.view->stamp.ms;
    r->last_at = r->reader.view->stamp.ms;
    r->is_told = false;
    r->n_different += replay_decide(r->replay, &step, &listener) > 0;
}

static bool take_step(struct replaying *r, const json_t *line)
{
    int64_t at;

    if (!record_read_step(&r->reader, line, &r->err))
        return false;
    at = r->reader.view->stamp.ms;
    if (!r->begins_at)
        r->begins_at = at;
    r->ends_at = at;
    if (at >= r->from && at <= r->to)
        judge(r);
    return true;
}

static bool take_line(struct replaying *r, const json_t *line)
{
    enum record_line kind;

    if (!record_kind(line, &kind, &r->err))
        return false;
    switch (kind) {
    case RECORD_BEGIN:
        text_copy(r->node, sizeof(r->node), json_text(line, "node", "?"));
        r->reader.is_begun = false;
        return true;
    case RECORD_POLICY: return take_policy(r, line);
    case RECORD_STEP: break;
    }
    return take_step(r, line);
}

static bool take_lines(struct replaying *r)
{
    bool is_whole = false, is_right = true;

    while (is_right && next_line(r, &is_whole)) {
        autojson *line = json_read(r->bytes, r->length, &r->err);

        if (!line && !is_whole) {
            /* The agent is just writing it, or its power was cut. */
            r->err.text[0] = '\0';
            return true;
        }
        is_right = line && take_line(r, line);
    }
    return is_right && !r->err.text[0];
}

static bool take_file(struct replaying *r, const char *file)
{
    bool is_input = strcmp(file, "-") == 0, is_right;

    r->line = 0;
    r->stream = is_input ? stdin : fopen(file, "re");
    if (!r->stream)
        return err_set(&r->err, "cannot read %s: %m", file);
    is_right = take_lines(r);
    if (!is_input)
        fclose(r->stream);
    return is_right || err_in(&r->err, "%s:%d", is_input ? "<stdin>" : file, r->line);
}

/* ---- what was asked for ---------------------------------------------------------------------- */

/* This node's own record: what was before, then what is. */
static bool take_own(struct replaying *r, const char *record)
{
    char *old = xcalloc(1, strlen(record) + sizeof(".old"));
    bool is_right;

    snprintf(old, strlen(record) + sizeof(".old"), "%s.old", record);
    is_right = access(old, F_OK) != 0 || take_file(r, old);
    free(old);
    if (!is_right)
        return false;
    if (access(record, F_OK) != 0 && errno == ENOENT && r->begins_at)
        return true;
    if (access(record, F_OK) != 0 && errno == ENOENT)
        return err_set(&r->err,
                       "there is no record on this machine (%s): run this on a node that has led"
                       " the cluster, or name the FILE",
                       record);
    return take_file(r, record);
}

static bool take_all(struct replaying *r, const json_t *files, const char *record)
{
    const json_t *file;
    size_t i;

    if (json_array_size(files) == 0)
        return take_own(r, record);
    json_array_foreach(files, i, file)
    {
        if (!take_file(r, json_string_value(file)))
            return false;
    }
    return true;
}

static bool read_stretch(struct replaying *r, const json_t *request)
{
    const char *since = json_text(request, "since", NULL);
    const char *around = json_text(request, "around", NULL);
    int64_t middle;

    r->from = INT64_MIN;
    r->to = INT64_MAX;
    if (since && around)
        return err_set(&r->err, "--since and --around are two answers to one question");
    if (since)
        return when_read(since, r->output->now_ms, &r->from, &r->err);
    if (around && !when_read(around, r->output->now_ms, &middle, &r->err))
        return false;
    if (around) {
        r->from = middle - AROUND_MS;
        r->to = middle + AROUND_MS;
    }
    return true;
}

static bool read_other(struct replaying *r, const json_t *request)
{
    size_t length;
    char *text;

    r->other_name = json_text(request, "policy", NULL);
    if (!r->other_name)
        return true;
    text = local_read_file(r->other_name, &length, &r->err);
    if (!text)
        return false;
    r->other_arena = arena_new();
    r->other = compile(r->other_arena, r->other_name, arena_strndup(r->other_arena, text, length),
                       length, &r->err);
    free(text);
    return r->other != NULL;
}

/* ---- what came of it ------------------------------------------------------------------------- */

static int tell_nothing(const struct replaying *r)
{
    char words[160];
    struct when from, to;

    if (!r->begins_at)
        return output_error(r->output, CONTROL_EXIT_FAILED, "the record has no step",
                            "a node keeps a record while it leads: look on the others");
    snprintf(words, sizeof(words), "the record has no step in that time; it goes from %s to %s",
             when_clock(&from, r->begins_at, r->output->now_ms),
             when_clock(&to, r->ends_at, r->output->now_ms));
    return output_error(r->output, CONTROL_EXIT_FAILED, words,
                        "another node may have led then: look there");
}

static int tell_sum(const struct replaying *r)
{
    FILE *out = r->output->out;
    struct when from, to;

    if (r->n_steps == 0)
        return tell_nothing(r);
    if (r->output->maker == &output_json) {
        autojson *row = json_pack("{s:s,s:s,s:i,s:i,s:I,s:I}", "event", "sum", "node", r->node,
                                  "steps", r->n_steps, "different", r->n_different, "from",
                                  (json_int_t)r->first_at, "to", (json_int_t)r->last_at);

        output_row(r->output, row);
        return r->n_different ? CONTROL_EXIT_CHANGES : CONTROL_EXIT_OK;
    }
    if (r->n_different && r->other)
        fprintf(out,
                "Each step is judged by itself, from what was agreed then: what %s decides "
                "otherwise\nchanges nothing for the steps that follow.\n",
                r->other_name);
    fprintf(out, "%s, %s to %s: ", r->node, when_clock(&from, r->first_at, r->output->now_ms),
            when_clock(&to, r->last_at, r->output->now_ms));
    if (r->n_different)
        fprintf(out, "%d of %d steps decided otherwise\n", r->n_different, r->n_steps);
    else
        fprintf(out, "%d step%s, all decided alike\n", r->n_steps, r->n_steps == 1 ? "" : "s");
    return r->n_different ? CONTROL_EXIT_CHANGES : CONTROL_EXIT_OK;
}

int replay_files(const json_t *request, const char *record, struct output *output)
{
    struct replaying *r = xcalloc(1, sizeof(*r));
    int code;

    r->output = output;
    if (!output->now_ms)
        output->now_ms = when_now();
    r->replay = xcalloc(1, sizeof(*r->replay));
    record_reader_init(&r->reader);
    if (read_stretch(r, request) && read_other(r, request) &&
        take_all(r, json_object_get(request, "args"), record))
        code = tell_sum(r);
    else
        code = output_error(output, CONTROL_EXIT_FAILED, r->err.text, NULL);
    record_reader_fini(&r->reader);
    arena_free(r->arena);
    arena_free(r->other_arena);
    free(r->bytes);
    free(r->replay);
    free(r);
    return code;
}
