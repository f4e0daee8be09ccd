/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One question to the agent; see ask.h. */
#include "console/ask.h"

#include "console/command.h"
#include "ha/base/json.h"

/* NULL: err says what happened, or the agent refused, which has been said. */
static json_t *take_row(struct client *client, struct output *output, int *code, struct err *err)
{
    for (;;) {
        autojson *message = NULL;
        json_t *row;

        if (client_next(client, CLIENT_SILENCE_MS, &message, err) != CLIENT_MESSAGE) {
            if (!err->text[0])
                err_set(err, "the agent does not answer");
            return NULL;
        }
        row = json_object_get(message, "row");
        if (row)
            return json_incref(row);
        if (command_take(output, message, code))
            return NULL;
    }
}

json_t *ask_row_about(const struct settings *settings, const char *verb, const char *argument,
                      struct output *output, int *code)
{
    autojson *request = json_pack("{s:s, s:[s*]}", "verb", verb, "args", argument);
    enum control_exit why = CONTROL_EXIT_UNAVAILABLE;
    struct err err = {{0}};
    struct client *client = client_open(settings->socket, CLIENT_SILENCE_MS, &why, &err);
    json_t *row = NULL;

    if (client && client_send(client, request, &err))
        row = take_row(client, output, code, &err);
    client_close(client);
    if (!row && err.text[0])
        *code = output_error(output, (int)why, err.text, NULL);
    return row;
}

json_t *ask_row(const struct settings *settings, const char *verb, struct output *output, int *code)
{
    return ask_row_about(settings, verb, NULL, output, code);
}
