/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two versions that the agent keeps, side by side; see policy_diff.h. */
#include "console/policy_diff.h"

#include <stdlib.h>
#include <string.h>

#include "console/ask.h"
#include "console/difference.h"
#include "console/plan.h"
#include "ha/base/arena.h"
#include "ha/base/json.h"

struct version {
    int64_t number; /* 0: before the first one */
    const char *text;
    const char *name; /* "4", "4@branch" */
};

/* NULL: the one in force. False: why there is none has been said. */
static bool fetch(struct arena *arena, const char *which, const struct settings *settings,
                  struct output *output, struct version *version, int *code)
{
    json_t *row = ask_row_about(settings, "policy show", which, output, code);

    if (!row)
        return false;
    version->number = json_int(row, "version", 0);
    version->name = json_flag(row, "branch", false)
                        ? arena_printf(arena, "%lld@branch", (long long)version->number)
                        : arena_printf(arena, "%lld", (long long)version->number);
    version->text = arena_strdup(arena, json_text(row, "text", ""));
    json_decref(row);
    return true;
}

static void write_sum(struct output *output, const struct version *before,
                      const struct version *after, const struct difference *difference)
{
    autojson *row = NULL;

    if (output->maker == &output_json) {
        row = json_pack("{s:s, s:I, s:I, s:i, s:i}", "kind", "sum", "from",
                        (json_int_t)before->number, "to", (json_int_t)after->number, "lines",
                        difference->n_lines, "effects", difference->n_effects);
        output_row(output, row);
    } else if (difference->n_lines == 0) {
        fprintf(output->out, "versions %s and %s say the same%s\n", before->name, after->name,
                before->text && strcmp(before->text, after->text) == 0 ? "" : " in other words");
    } else {
        fprintf(output->out, "changes from version %s to version %s:\n", before->name, after->name);
    }
}

static int compare(struct arena *arena, const struct version *before, const struct version *after,
                   struct output *output)
{
    struct difference difference;

    if (!difference_find(arena, before->text, after->text, &difference))
        return output_error(output, CONTROL_EXIT_FAILED,
                            "one of them is no right policy for this version of tenuto",
                            "tenuto policy show VERSION prints each");
    if (output->maker != &output_json)
        write_sum(output, before, after, &difference);
    difference_write(output, arena, &difference);
    if (output->maker == &output_json)
        write_sum(output, before, after, &difference);
    return difference.n_effects > 0 ? PLAN_EXIT_CHANGES : PLAN_EXIT_NOTHING;
}

/* Without a word: what the newest version changed. */
int policy_diff(struct command *command, const struct settings *settings, struct output *output)
{
    const char *first = command_argument(command, 0), *second = command_argument(command, 1);
    struct arena *arena = arena_new();
    struct version before = {.name = "0"}, after = {.name = "0"};
    int code = CONTROL_EXIT_FAILED;
    bool is_there = fetch(arena, second, settings, output, &after, &code);

    if (is_there && !first && after.number > 1)
        first = arena_printf(arena, "%lld", (long long)after.number - 1);
    if (is_there && first)
        is_there = fetch(arena, first, settings, output, &before, &code);
    if (is_there)
        code = compare(arena, &before, &after, output);
    arena_free(arena);
    return code;
}
