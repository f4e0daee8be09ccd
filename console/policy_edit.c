/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A policy in an editor, and what may become of it afterwards; see policy_edit.h. */
#include "console/policy_edit.h"

#include <stdlib.h>
#include <string.h>

#include "console/agents.h"
#include "console/ask.h"
#include "console/editor.h"
#include "console/local_file.h"
#include "console/plan.h"
#include "console/push.h"
#include "console/question.h"
#include "dsl/policy_text.h"
#include "ha/base/arena.h"
#include "ha/base/json.h"

struct editing {
    const struct settings *settings;
    struct output *output;
    struct editor editor;
    const char *file; /* whose text it is; NULL: the policy in force */
    char *before;
    size_t before_length;
    char *text;
    size_t length;
    const char *message; /* what is said of it; NULL: nothing */
    int64_t version;     /* in force when it was planned last */
    bool is_certain;     /* nobody is asked: what is right is pushed */
    bool is_kept;        /* the file stays where it is */
};

enum next { NEXT_EDIT, NEXT_END };

/* CONTROL_EXIT_OK, or the code with which it ends here. */
static int fetch(struct editing *e)
{
    int code = CONTROL_EXIT_FAILED;
    struct err err;
    json_t *row;

    if (e->file) {
        e->before = local_read_file(e->file, &e->before_length, &err);
        return e->before ? CONTROL_EXIT_OK
                         : output_error(e->output, CONTROL_EXIT_FAILED, err.text, NULL);
    }
    row = ask_row(e->settings, "policy show", e->output, &code);
    if (!row)
        return code;
    e->before = xstrdup(json_text(row, "text", ""));
    e->before_length = strlen(e->before);
    e->version = json_int(row, "version", 0);
    json_decref(row);
    return CONTROL_EXIT_OK;
}

static void say(const struct editing *e, const char *words)
{
    autojson *done = json_pack("{s:b, s:s}", "done", true, "words", words);

    output_done(e->output, done);
}

static void keep(struct editing *e, const char *words)
{
    autojson *done = json_pack("{s:b, s:o, s:s}", "done", true, "words",
                               json_sprintf("%s%s", words, e->editor.path), "kept", e->editor.path);

    e->is_kept = true;
    output_done(e->output, done);
}

/* What is wrong has been shown if there is something. */
static bool is_right(struct editing *e)
{
    struct arena *arena = arena_new();
    struct diagnostics *found = arena_alloc(arena, sizeof(*found));
    struct policy *policy = arena_alloc(arena, sizeof(*policy));
    struct output *output = e->output;
    bool result;

    result = policy_rehearse(arena, e->file ? e->file : "policy", e->text, e->length, policy, found,
                             REHEARSE_IN_EARNEST);
    agents_check(e->settings, arena, e->text, e->length, found);
    result = result && found->n_errors == 0;
    if (output->maker != &output_json) {
        fputs(diagnostics_text(found, output->errors_in_colour), output->err);
        fflush(output->err);
    } else if (!result) {
        autojson *list = diagnostics_json(found);

        output_failure(output, &(struct failure){.words = "the policy has errors",
                                                 .code = CONTROL_EXIT_FAILED,
                                                 .diagnostics = list});
    }
    arena_free(arena);
    return result;
}

static enum next settle_wrong(struct editing *e, int *code)
{
    char answer = 's';

    *code = CONTROL_EXIT_FAILED;
    if (question_is_possible(e->output))
        answer = question_ask(
            e->output, "it has errors: [e]dit again, [a]bandon it, or [S]ave it aside?", "eas");
    if (answer == 'e')
        return NEXT_EDIT;
    if (answer == 's')
        keep(e, "nothing was changed; your text is in ");
    else
        say(e, "nothing was changed, and your text is gone");
    return NEXT_END;
}

/* Into the file that it came from, if it came from one. */
static bool write_back(struct editing *e)
{
    struct err err;

    if (!e->file || local_replace_file(e->file, e->text, &err))
        return true;
    output_error(e->output, CONTROL_EXIT_FAILED, err.text, NULL);
    return false;
}

static int push(struct editing *e)
{
    struct push push = {.file = e->file ? e->file : "policy",
                        .text = e->text,
                        .length = e->length,
                        .message = e->message,
                        .base = e->version};
    int code = CONTROL_EXIT_FAILED;

    if (write_back(e))
        code = push_send(&push, e->settings, e->output);
    if (code != CONTROL_EXIT_OK)
        keep(e, "your text is in ");
    return code;
}

static int keep_right(struct editing *e)
{
    if (!e->file) {
        keep(e, "nothing was pushed; your text is in ");
    } else if (write_back(e)) {
        say(e, "the file has your text; nothing was pushed");
    } else {
        keep(e, "your text is in ");
        return CONTROL_EXIT_FAILED;
    }
    return CONTROL_EXIT_OK;
}

/* It has no errors; the plan is shown, and what happens then is the person's choice. */
static enum next settle_right(struct editing *e, int *code)
{
    struct plan_question question = {
        .file = e->file ? e->file : "your text", .text = e->text, .length = e->length};
    int64_t was = e->version;
    int planned = plan_text(&question, e->settings, e->output, &e->version);
    bool is_planned = planned == PLAN_EXIT_NOTHING || planned == PLAN_EXIT_CHANGES;
    char answer = e->is_certain && is_planned ? 'p' : 'k';

    if (is_planned && !e->file && was != e->version && e->output->maker != &output_json)
        fprintf(e->output->out,
                "version %lld came into force while you edited version %lld: what it changed and "
                "you\ndid not is among the changes above\n",
                (long long)e->version, (long long)was);
    if (!e->is_certain && question_is_possible(e->output))
        answer =
            is_planned
                ? question_ask(e->output, "[p]ush it, [e]dit again, or [K]eep it for later?", "pek")
                : question_ask(e->output, "[e]dit again, or [K]eep it for later?", "ek");
    if (answer == 'e')
        return NEXT_EDIT;
    *code = answer == 'p' ? push(e) : keep_right(e);
    if (!is_planned && *code == CONTROL_EXIT_OK)
        *code = planned;
    return NEXT_END;
}

/* One visit to the editor. */
static enum next visit(struct editing *e, int *code)
{
    struct err err;

    *code = CONTROL_EXIT_FAILED;
    if (!editor_run(&e->editor, &err)) {
        output_error(e->output, *code, err.text, NULL);
        free(e->text);
        e->text = editor_read(&e->editor, &e->length, &err);
        if (!e->text || strcmp(e->text, e->before) != 0)
            keep(e, "nothing was changed; your text is in ");
        return NEXT_END;
    }
    free(e->text);
    e->text = editor_read(&e->editor, &e->length, &err);
    if (!e->text) {
        output_error(e->output, *code, err.text, NULL);
        e->is_kept = true;
        return NEXT_END;
    }
    if (e->length == e->before_length && memcmp(e->text, e->before, e->length) == 0) {
        say(e, "nothing was changed");
        *code = CONTROL_EXIT_OK;
        return NEXT_END;
    }
    return is_right(e) ? settle_right(e, code) : settle_wrong(e, code);
}

int policy_edit(struct command *command, const struct settings *settings, struct output *output)
{
    struct editing *e = xcalloc(1, sizeof(*e));
    struct err err;
    int code;

    *e = (struct editing){.settings = settings, .output = output};
    e->file = command_argument(command, 0);
    e->message = json_text(command->request, "message", NULL);
    e->is_certain = json_flag(command->request, "yes", false);
    code = fetch(e);
    if (code == CONTROL_EXIT_OK &&
        !editor_begin(&e->editor, settings, e->before, e->before_length, &err)) {
        code = output_error(output, CONTROL_EXIT_FAILED, err.text, NULL);
    } else if (code == CONTROL_EXIT_OK) {
        while (visit(e, &code) == NEXT_EDIT)
            continue;
        if (!e->is_kept)
            editor_remove(&e->editor);
    }
    free(e->before);
    free(e->text);
    free(e);
    return code;
}
