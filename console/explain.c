/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One code's explanation as a page, or all codes with a line each; see dsl/explain.h. */
#include "console/explain.h"

#include <stdio.h>

#include "dsl/explain.h"
#include "ha/base/arena.h"
#include "ha/base/json.h"

static json_t *row_of(const struct code_page *about)
{
    return json_pack("{s:s, s:s, s:s}", "code", about->code, "severity",
                     severity_name(about->severity), "about", about->title);
}

static int list_codes(struct arena *arena, struct output *output)
{
    autojson *done = json_pack("{s:b}", "done", true);

    for (int i = 0; i < DIAGNOSTIC_CODES; i++) {
        struct code_page about;

        explain_read(arena, (enum diagnostic_code)i, &about);
        autojson *row = row_of(&about);
        output_row(output, row);
    }
    output_done(output, done);
    return CONTROL_EXIT_OK;
}

static void write_code(struct arena *arena, enum diagnostic_code code, struct output *output)
{
    struct code_page about;

    if (output->maker != &output_json) {
        fprintf(output->out, "%s%s", output->n_rows++ > 0 ? "\n\n" : "", explain_page(arena, code));
        return;
    }
    explain_read(arena, code, &about);
    autojson *row = row_of(&about);
    json_object_set_new(row, "words", json_string(about.words));
    if (about.wrong[0])
        json_object_set_new(row, "wrong", json_string(about.wrong));
    if (about.right[0])
        json_object_set_new(row, "right", json_string(about.right));
    output_row(output, row);
}

static int unknown_code(struct arena *arena, const char *word, struct output *output)
{
    const char *meant = explain_suggest(word);

    return output_error(output, CONTROL_EXIT_USAGE,
                        arena_printf(arena, "no message has the code \"%s\"", word),
                        meant ? arena_printf(arena, "did you mean \"%s\"?", meant)
                              : "\"tenuto explain\" lists all codes");
}

int explain_codes(struct command *command, struct output *output)
{
    struct arena *arena = arena_new();
    int result = CONTROL_EXIT_OK;
    const char *word;

    if (!command_argument(command, 0))
        result = list_codes(arena, output);
    for (size_t i = 0; result == CONTROL_EXIT_OK && (word = command_argument(command, i)); i++) {
        enum diagnostic_code code = explain_find(word);

        if (code == DIAGNOSTIC_CODES)
            result = unknown_code(arena, word, output);
        else
            write_code(arena, code, output);
    }
    arena_free(arena);
    return result;
}
