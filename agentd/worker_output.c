/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bounded memory of what a child printed; see worker_output.h. */
#include "agentd/worker_output.h"

#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"
#include "ha/base/limits.h"

/* Room for the text, for a reason put before it with its newline, and for the NUL. */
#define TEXT_BYTES (AGENT_OUTPUT_MAX + EXIT_REASON_MAX + 2)

static void end_line(struct worker_output *output)
{
    size_t prefix = strlen(EXIT_REASON_PREFIX);

    if (output->line_length >= prefix && memcmp(output->line, EXIT_REASON_PREFIX, prefix) == 0) {
        memcpy(output->reason, output->line, output->line_length);
        output->reason_length = output->line_length;
    }
    output->line_length = 0;
}

static void watch_lines(struct worker_output *output, const char *bytes, size_t count)
{
    while (count > 0) {
        const char *newline = memchr(bytes, '\n', count);
        size_t part = newline ? (size_t)(newline - bytes) : count;
        size_t room = sizeof(output->line) - output->line_length;

        memcpy(output->line + output->line_length, bytes, part < room ? part : room);
        output->line_length += part < room ? part : room;
        if (!newline)
            return;
        end_line(output);
        bytes += part + 1;
        count -= part + 1;
    }
}

void worker_output_add(struct worker_output *output, const char *bytes, size_t count)
{
    size_t over;

    watch_lines(output, bytes, count);
    if (count > AGENT_OUTPUT_MAX) {
        output->was_cut = true;
        bytes += count - AGENT_OUTPUT_MAX;
        count = AGENT_OUTPUT_MAX;
    }
    if (!output->text)
        output->text = xcalloc(1, TEXT_BYTES);
    if (output->length + count > AGENT_OUTPUT_MAX) {
        over = output->length + count - AGENT_OUTPUT_MAX;
        memmove(output->text, output->text + over, output->length - over);
        output->length -= over;
        output->was_cut = true;
    }
    memcpy(output->text + output->length, bytes, count);
    output->length += count;
}

/* Half a line could be taken for something that was never said. */
static void drop_cut_line(struct worker_output *output)
{
    const char *newline = memchr(output->text, '\n', output->length);
    size_t part = newline ? (size_t)(newline - output->text) + 1 : output->length;

    memmove(output->text, output->text + part, output->length - part);
    output->length -= part;
}

const char *worker_output_text(struct worker_output *output)
{
    size_t reason = output->reason_length;

    if (!output->text)
        return "";
    if (output->line_length > 0) {
        end_line(output);
        reason = output->reason_length;
    }
    if (output->was_cut) {
        drop_cut_line(output);
        if (reason > 0) {
            memmove(output->text + reason + 1, output->text, output->length);
            memcpy(output->text, output->reason, reason);
            output->text[reason] = '\n';
            output->length += reason + 1;
        }
    }
    for (size_t i = 0; i < output->length; i++) {
        if (output->text[i] == '\0')
            output->text[i] = '?';
    }
    output->text[output->length] = '\0';
    return output->text;
}

void worker_output_fini(struct worker_output *output)
{
    free(output->text);
    *output = (struct worker_output){0};
}
