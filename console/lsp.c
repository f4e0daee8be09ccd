/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The process around the language server: reads, answers, until the editor says "exit". */
#include "console/lsp.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/agents.h"
#include "dsl/lsp.h"
#include "dsl/lsp_frame.h"
#include "ha/base/json.h"

/* Whoever types waits for an agent that does not answer, once. */
#define AGENT_MS 3000

static void send_message(void *context, json_t *message)
{
    FILE *out = context;
    char *text = json_write(message);

    fprintf(out, "Content-Length: %zu\r\n\r\n%s", strlen(text), text);
    free(text);
}

/* False where the next message begins is not known any more. */
static bool take_messages(struct lsp *lsp, struct lsp_frame *frame)
{
    const char *text;
    size_t length;

    for (;;) {
        enum lsp_frame_event event = lsp_frame_next(frame, &text, &length);
        json_t *message = NULL;

        if (event == LSP_FRAME_MORE)
            return true;
        if (event == LSP_FRAME_MESSAGE)
            message = json_read(text, length, NULL);
        lsp_take(lsp, message);
        json_decref(message);
        if (event == LSP_FRAME_BROKEN)
            return false;
    }
}

static bool is_more_at_hand(void)
{
    struct pollfd at = {.fd = STDIN_FILENO, .events = POLLIN};

    return poll(&at, 1, 0) == 1;
}

int lsp_serve(const struct settings *settings, struct output *output)
{
    struct metadata *metadata;
    struct lsp *lsp;
    struct lsp_frame frame = {0};
    bool is_whole = true;
    ssize_t count = 1;
    char bytes[8192];
    int code;

    if (isatty(STDIN_FILENO))
        return output_error(output, CONTROL_EXIT_USAGE,
                            "a text editor starts this, and talks to it in its own protocol",
                            "examples/vim shows how; for people there is: tenuto policy check");
    lsp = lsp_new(send_message, output->out);
    metadata = agents_open(settings, AGENT_MS);
    lsp_know_agents(lsp, metadata_catalog(metadata));
    while (is_whole && count != 0 && !lsp_is_over(lsp)) {
        count = read(STDIN_FILENO, bytes, sizeof(bytes));
        if (count < 0 && errno != EINTR)
            break;
        lsp_frame_feed(&frame, bytes, count > 0 ? (size_t)count : 0);
        is_whole = take_messages(lsp, &frame);
        /* What comes behind may take back what is asked here. */
        if (!is_whole || count == 0 || !is_more_at_hand())
            lsp_work(lsp);
        if (fflush(output->out) != 0)
            break;
    }
    code = lsp_exit_code(lsp);
    lsp_frame_fini(&frame);
    lsp_free(lsp);
    metadata_free(metadata);
    return code;
}
