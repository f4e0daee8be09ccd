/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How messages of the language server protocol follow each other on a stream: headers, an
 * empty line, then as many bytes as Content-Length says. Bytes in, messages out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct lsp_frame {
    char *bytes;
    size_t length;
    size_t size;
    size_t taken; /* of the message that was handed out; goes with the next call */
    size_t skip;  /* of a message that is too long */
    bool is_broken;
};

enum lsp_frame_event {
    LSP_FRAME_MORE,     /* nothing whole yet */
    LSP_FRAME_MESSAGE,  /* *text is valid until the next call */
    LSP_FRAME_TOO_LONG, /* a message over LSP_MESSAGE_MAX; it is passed over */
    LSP_FRAME_BROKEN,   /* no header that makes sense: where the next message begins is unknown */
};

void lsp_frame_feed(struct lsp_frame *frame, const char *bytes, size_t length);
enum lsp_frame_event lsp_frame_next(struct lsp_frame *frame, const char **text, size_t *length);
void lsp_frame_fini(struct lsp_frame *frame);
