/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lines of a difference, for people and for programs; see difference.h. */
#include "console/difference.h"

#include <stdlib.h>

#include "console/width.h"
#include "ha/base/json.h"

/* Lines in fewer columns than that are hard to read. */
#define WRAPPED_COLUMNS_MIN 40

static const char *colour_of(char sign)
{
    return sign == '+' ? "\033[32m" : sign == '-' ? "\033[31m" : "\033[33m";
}

void difference_say(struct output *output, char sign, const char *words)
{
    fputs("  ", output->out);
    if (output->in_colour)
        fputs(colour_of(sign), output->out);
    if (output->columns >= WRAPPED_COLUMNS_MIN)
        width_wrap(output->out, words, 6, output->columns);
    else
        width_write(output->out, words, 0);
    fputs(output->in_colour ? "\033[0m\n" : "\n", output->out);
}

static void write_difference_row(struct output *output, const struct difference_line *line)
{
    char sign[2] = {line->sign, '\0'};
    autojson *row = json_pack("{s:s, s:s, s:s, s:s*, s:s*, s:s*, s:s*, s:b}", "kind", "difference",
                              "sign", sign, "statement", line->statement, "setting", line->setting,
                              "before", line->before, "after", line->after, "because",
                              line->because, "idle", line->is_idle);
    json_t *services = json_array();

    for (int i = 0; i < line->n_services; i++)
        json_array_append_new(services, json_string(line->services[i]));
    if (line->n_services > 0)
        json_object_set(row, line->is_shared ? "alters" : "services", services);
    json_decref(services);
    if (line->n_rules > 0)
        json_object_set_new(row, "rules", json_integer(line->n_rules));
    output_row(output, row);
}

void difference_write(struct output *output, struct arena *arena,
                      const struct difference *difference)
{
    for (int i = 0; i < difference->n_lines; i++) {
        const struct difference_line *line = &difference->lines[i];

        if (output->maker != &output_json)
            difference_say(output, line->sign, difference_words(arena, line));
        else
            write_difference_row(output, line);
    }
}
