/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A policy on its way into force; see push.h. */
#include "console/push.h"

#include <stdio.h>
#include <string.h>

#include "console/ask.h"
#include "console/plan.h"
#include "console/question.h"
#include "ha/base/json.h"

static int show_plan(const struct push *push, const struct settings *settings,
                     struct output *output, int64_t *version)
{
    struct plan_question question = {
        .file = push->file, .text = push->text, .length = push->length};

    return plan_text(&question, settings, output, version);
}

int push_send(const struct push *push, const struct settings *settings, struct output *output)
{
    struct command command = {.verb = &verb_table[VERB_POLICY_PUSH]};
    int64_t version;
    int code;

    command.request = json_pack("{s:s, s:[s], s:s, s:s}", "verb", command.verb->name, "args",
                                push->file, "text", push->text, "author", command_author());
    if (push->message)
        json_object_set_new(command.request, "message", json_string(push->message));
    if (push->confirm_ms > 0)
        json_object_set_new(command.request, "confirm", json_integer(push->confirm_ms));
    if (push->base >= 0)
        json_object_set_new(command.request, "base", json_integer(push->base));
    code = command_send(&command, settings, output);
    command_fini(&command);
    if (code == CONTROL_EXIT_STALE && output->maker != &output_json) {
        fputs("nothing was pushed; what it would do now:\n", output->out);
        show_plan(push, settings, output, &version);
    }
    return code;
}

/* Where somebody is there to answer, after the plan and a question. */
static int push_asking(struct push *push, bool is_certain, const struct settings *settings,
                       struct output *output)
{
    int64_t version;
    int code;

    if (!question_is_possible(output))
        return push_send(push, settings, output);
    code = show_plan(push, settings, output, &version);
    if (code != PLAN_EXIT_NOTHING && code != PLAN_EXIT_CHANGES)
        return code;
    push->base = push->base < 0 ? version : push->base;
    if (!is_certain && question_ask(output, "push it? [y/N]", "yn") != 'y')
        return output_error(output, CONTROL_EXIT_FAILED, "nothing was pushed", NULL);
    return push_send(push, settings, output);
}

int push_policy(struct command *command, const struct settings *settings, struct output *output)
{
    struct push push = {.file = command_argument(command, 0)};
    int code = CONTROL_EXIT_OK;

    if (!command_prepare(command, settings, output, &code))
        return code;
    push.text = json_text(command->request, "text", "");
    push.length = strlen(push.text);
    push.message = json_text(command->request, "message", NULL);
    push.base = json_int(command->request, "base", -1);
    push.confirm_ms = json_int(command->request, "confirm", 0);
    return push_asking(&push, json_flag(command->request, "yes", false), settings, output);
}

int push_rollback(struct command *command, const struct settings *settings, struct output *output)
{
    int code = CONTROL_EXIT_FAILED;
    const char *which = command_argument(command, 0);
    autojson *row = ask_row_about(settings, "policy show", which, output, &code);
    char name[48], message[48];
    struct push push = {.file = name, .base = -1};

    if (!row)
        return code;
    snprintf(name, sizeof(name), "version-%.20s", which);
    snprintf(message, sizeof(message), "rollback to %.20s", which);
    push.text = json_text(row, "text", "");
    push.length = strlen(push.text);
    push.message = json_text(command->request, "message", message);
    push.confirm_ms = json_int(command->request, "confirm", 0);
    return push_asking(&push, json_flag(command->request, "yes", false), settings, output);
}
