/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For programs: one JSON object a line on standard output, errors too; the exit code agrees. */
#include <stdlib.h>

#include "console/output.h"
#include "ha/base/json.h"

static void write_value(struct output *output, const json_t *value)
{
    char *line = json_write(value);

    fputs(line, output->out);
    fputc('\n', output->out);
    /* A program that reads a stream wants each line when it happens. */
    fflush(output->out);
    free(line);
}

/* Verbs that answer with rows end in silence, unless they have the last word. */
static void write_done(struct output *output, const json_t *done)
{
    json_t *result;

    if ((output->n_rows > 0 && !json_object_get(done, "words")) || json_object_size(done) == 0)
        return;
    result = json_copy((json_t *)done);
    json_object_del(result, "id");
    if (json_object_size(result) > 1)
        write_value(output, result);
    json_decref(result);
}

static void write_error(struct output *output, const struct failure *failure)
{
    json_t *error = json_object();

    json_object_set_new(error, "error", json_string(failure->words));
    if (failure->hint)
        json_object_set_new(error, "hint", json_string(failure->hint));
    json_object_set_new(error, "code", json_integer(failure->code));
    if (failure->is_unknown)
        json_object_set_new(error, "unknown", json_true());
    if (failure->diagnostics)
        json_object_set(error, "diagnostics", (json_t *)failure->diagnostics);
    write_value(output, error);
    json_decref(error);
}

const struct output_maker output_json = {
    .row = write_value,
    .done = write_done,
    .error = write_error,
};
